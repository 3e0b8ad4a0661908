/* sim/README: what is here and what each file takes. */
#include "fs/sim/sim.h"

static const char readme[] =
	"The laboratory: what is here is mmanfs's own, everything outside sim/ is Linux's.\n"
	"Objects are made with mkdir and ended with rmdir; commands are lines written to a ctl file.\n"
	"A command's error is the errno of the system call; reading the ctl says why.\n"
	"\n"
	"clock           the virtual clock       echo advance 250ms > clock; pause, realtime, rate 10\n"
	"ctl             the machine             echo kmalloc dma0 1M dma > ctl; kfree dma0\n"
	"                                        echo slab dentry +1000 > ctl; slab dentry -1000\n"
	"                                        echo swapon sda2 1G prio=5 > ctl; swapoff sda2\n"
	"                                        echo fail sda2 read times=3 > ctl; fail sda2 off\n"
	"                                        echo reboot > ctl; echo rewind 12 > ctl (see journal)\n"
	"                                        echo sync > ctl\n"
	"                                        echo modprobe memory-notifier-error-inject > ctl; rmmod\n"
	"                                        echo adopt 42 db > ctl   procs/db for process 42\n"
	"journal         every change since boot, one line each; mmanfs replay plays it\n"
	"events          event stream, one record per read\n"
	"explain         the last OOM kill, failed allocation, reclaim and kswapd wake-up, and why\n"
	"lru             census of pages by node and zone\n"
	"reclaim_policy  lru (6.1's) or classic (2.6's): docs/reclaim.md\n"
	"check           ok, or the invariants of the engine that do not hold\n"
	"zones/N.ZONE/map   a picture: one letter per 2 MiB (. free, m u r partly used, M U R full)\n"
	"dimms/NAME/     mkdir dimms/a; echo 1G > dimms/a/size; echo 1 > dimms/a/node; echo 1 > dimms/a/plug\n"
	"                plugs memory in; status tells of it; 0 pulls it out (docs/hotplug.md)\n"
	"disk/           files and directories on the simulated disk, through its page cache:\n"
	"                cp -r, mv, tar, dd, truncate, rm, df; kept with mount --disk DIR\n"
	"procs/NAME/     mkdir procs/a makes a process, rmdir ends it\n"
	"    pid         its PID: see ../proc/PID\n"
	"    status      running, sleeping, or how it ended\n"
	"    regions     its named mappings\n"
	"    trace       cat FILE > procs/a/trace: it does what a real program did, as lackey, strace or\n"
	"                mmanfs record wrote it down; reading it tells how that went (docs/traces.md)\n"
	"    ctl         echo 'mmap heap1 64M' > procs/a/ctl       map 64 MiB of anonymous memory\n"
	"                echo 'write heap1' > procs/a/ctl          touch each page of it\n"
	"                echo 'access heap1 zipf:0.9 100000 write=20' > procs/a/ctl\n"
	"                echo 'load heap1 uniform 5000' > procs/a/ctl   in the background; unload heap1\n"
	"                mmap NAME SIZE [anon|file=PATH[@OFF]] [private|shared] [prot=rwx] [addr=A]\n"
	"                     [noreserve] [populate] [locked] [hugetlb[=2M|1G]] [stack|growsdown]\n"
	"                munmap NAME [OFF LEN]   mremap NAME SIZE    mprotect NAME PROT [OFF LEN]\n"
	"                madvise NAME ADVICE [OFF LEN]               mlock|munlock NAME [OFF LEN]\n"
	"                mlockall [current|future|onfault]           munlockall   msync NAME [OFF LEN]\n"
	"                brk DELTA   malloc NAME SIZE   free NAME    read|write NAME [OFF LEN]\n"
	"                write stack -64K 64K      grows the stack (so does any growsdown mapping)\n"
	"                access|load NAME seq|random|uniform|zipf:THETA COUNT|RATE [write=PCT]\n"
	"                     [for=TIME] [OFF LEN]                   unload NAME\n"
	"                fread|fwrite PATH OFF LEN   fsync PATH      fork|clone|exec NAME\n"
	"                exit [CODE]   kill SIGNAL   setuid UID      setrlimit NAME VALUE\n"
	"                sched_setaffinity CPUS\n"
	"Sizes take K, M, G, T. Offsets and lengths default to the whole region.\n";

int sim_readme_show(const struct request *rq, struct text *out)
{
	(void)rq;
	text_mem(out, readme, sizeof(readme) - 1);
	return 0;
}
