/*
 * The control language of sim/procs/NAME/ctl, command by command: what it takes, what it answers,
 * and what it refuses with which error and no change.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/ctl.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define P "sim/procs/p/ctl"

static void test_syntax(struct fixture *f)
{
	char line[5000];
	static const struct ctl_case cases[] = {
		{ "fly", -EINVAL, "no such command" },
		{ "mmap", -EINVAL, "usage: mmap NAME SIZE" },
		{ "mmap a", -EINVAL, "usage: mmap NAME SIZE" },
		{ "munmap a 1 2 3", -EINVAL, "usage: munmap NAME \\[OFF LEN\\]" },
		{ "mmap s0 0x1000", 0, "4096 bytes" },
		{ "  mmap \t s1   4k  \n", 0, "^mmap: s1 at 0x[0-9a-f]+, 4096 bytes$" },
		{ "mmap s2 1M\nmunmap s2", 0, "^munmap: ok$" },
		{ "a b c d e f g h i j k l m n o p q r s t u v w x y z 1 2 3 4 5 6 7", -E2BIG,
		  "too many words" },
		{ "mmap b 1MB", -EINVAL, "'1MB' is not a size" },
		{ "mmap b -1", -EINVAL, "is not a size" },
		{ "mmap b 0x", -EINVAL, "is not a size" },
		{ "mmap b 99999999999999999999", -EINVAL, "is not a size" },
		{ "mmap b 17000000T", -EINVAL, "is not a size" },
		{ "munmap s0\nmunmap s1", 0, NULL },
	};

	ctl_cases(f, P, cases, ARRAY_SIZE(cases));
	is_int(ctl_put(f, "p", ""), 0, "an empty write does nothing");
	is_int(ctl_put(f, "p", "\n\n# a remark\n"), 13, "empty lines and remarks are stepped over");

	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	is_err(ctl_put(f, "p", line), -E2BIG, "a line of 4096 bytes is too long");
	like(ctl_read(f, "p", "ctl"), "too long", "and it says so");

	is_int(ctl_put(f, "p", "mmap c 4K\nfly\nmmap d 4K\n"), 10,
	       "of several lines, those before the first that fails are done, and counted");
	like(ctl_read(f, "p", "ctl"), "^fly: EINVAL", "the error is the one that is told");
	like(ctl_read(f, "p", "regions"), " c$", "the line before has taken effect");
	unlike(ctl_read(f, "p", "regions"), " d$", "the one behind has not");
	ctl_put(f, "p", "munmap c");

	memset(line, '#', 4096);
	line[4096] = '\0';
	memcpy(line, "mmap cut 4K\n", 12);
	is_err(ctl_put(f, "p", line), -EINVAL, "4096 bytes must be whole lines");
	like(ctl_read(f, "p", "ctl"), "4096 bytes that end within a line", "and it says so");
	unlike(ctl_read(f, "p", "regions"), " cut$", "none of them was carried out");
	line[4095] = '\n';
	is_int(ctl_put(f, "p", line), 4096, "whole ones may be as many");
	ctl_put(f, "p", "munmap cut");
}

static void test_mmap(struct fixture *f)
{
	static const struct ctl_case cases[] = {
		{ "mmap a 1M", 0, "^mmap: a at 0x[0-9a-f]+, 1048576 bytes$" },
		{ "mmap a 1M", -EEXIST, "there is a region 'a' already" },
		{ "mmap nothing 0", -EINVAL, NULL },
		{ "mmap both 4K private shared", -EINVAL, "private and shared" },
		{ "mmap r 64K prot=r private", 0, NULL },
		{ "mmap s 64K shared anon", 0, NULL },
		{ "mmap n 1G noreserve prot=rw-", 0, NULL },
		{ "mmap pop 64K populate", 0, NULL },
		{ "mmap k 64K locked", 0, NULL },
		{ "mmap st 64K stack", 0, NULL },
		{ "mmap gd 64K growsdown", 0, NULL },
		{ "mmap fix 64K addr=0x10000000", 0, "fix at 0x10000000, 65536 bytes" },
		{ "mmap none 64K prot=none", 0, NULL },
		{ "mmap b 1M prot=rwz", -EINVAL, "'rwz' is not a protection" },
		{ "mmap b 1M addr=12", -EINVAL, NULL },
		{ "mmap b 1M addr=x", -EINVAL, "'x' is not a size" },
		{ "mmap b 1M sideways", -EINVAL, "unknown option 'sideways'" },
		{ "mmap b 1M file=nowhere", -ENOENT, "no file '/nowhere' in sim/disk" },
		{ "mmap b 1M hugetlb=3M", -EINVAL, "unknown option" },
		{ "mmap b 200T", -ENOMEM, "more than all RAM and swap" },
		{ "mmap b 200T noreserve", -ENOMEM, "no room for 219902325555200 bytes" },
		{ "mmap b 2M hugetlb", -ENOMEM, "the pool of huge pages" },
		{ "setrlimit as 1M", 0, NULL },
		{ "mmap b 1M", -ENOMEM, "RLIMIT_AS is in the way" },
		{ "setrlimit as unlimited", 0, NULL },
		{ "setrlimit data 64K", 0, NULL },
		{ "brk 1M", -ENOMEM, "RLIMIT_DATA is in the way" },
		{ "setrlimit data unlimited", 0, NULL },
	};

	ctl_cases(f, P, cases, ARRAY_SIZE(cases));
	is_err(ctl_put(f, "p",
		       "mmap abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl 4K"),
	       -ENAMETOOLONG, "a region's name has at most 63 letters");
}

/* What is done to the regions that test_mmap() made. */
static void test_mappings(struct fixture *f)
{
	static const struct ctl_case cases[] = {
		{ "mprotect a r", 0, "^mprotect: ok$" },
		{ "mprotect a rw 64K 64K", 0, NULL },
		{ "mprotect a up", -EINVAL, "is not a protection" },
		{ "mprotect z r", -ENOENT, "no region named 'z'" },
		{ "mprotect a r 1", -EINVAL, NULL },
		{ "mprotect a r 0 2M", -EINVAL, "'a' is 1048576 bytes long" },
		{ "mremap a 2M", -EFAULT, NULL }, /* three mappings by now */
		{ "mprotect a rw", 0, NULL },
		{ "mremap a 2M", 0, "2097152 bytes" },
		{ "mremap z 2M", -ENOENT, "no region named 'z'" },
		{ "mremap a 0", -EINVAL, NULL },
		{ "madvise a willneed", 0, NULL },
		{ "madvise a sequential 0 64K", 0, NULL },
		{ "madvise a lazily", -EINVAL, NULL },
		{ "madvise z dontneed", -ENOENT, NULL },
		{ "mlock s", 0, NULL },
		{ "munlock s", 0, NULL },
		{ "mlock z", -ENOENT, NULL },
		{ "mlock s 0 1G", -EINVAL, NULL },
		{ "mlockall current future", 0, NULL },
		{ "munlockall", 0, NULL },
		{ "mlockall tomorrow", -EINVAL, "none of current, future, onfault" },
		{ "mlockall onfault", -EINVAL, NULL },
		{ "msync s", 0, NULL },
		{ "msync s async", 0, NULL },
		{ "msync s sync 0 4K", 0, NULL },
		{ "msync s invalidate sync 0 4K", 0, NULL },
		{ "msync s sync async", -EINVAL, NULL },
		{ "msync s never", -EINVAL, NULL },
		{ "msync z", -ENOENT, NULL },
		{ "munmap s 0 4K", 0, NULL },
		{ "munmap s 1 4K", -EINVAL, NULL },
		{ "munmap z", -ENOENT, NULL },
		{ "munmap s", 0, NULL },
		{ "munmap s", -ENOENT, "no region named 's'" },
	};

	ctl_cases(f, P, cases, ARRAY_SIZE(cases));
	ctl_put(f, "p",
		"munmap r\nmunmap n\nmunmap pop\nmunmap k\nmunmap st\nmunmap gd\nmunmap fix\nmunmap none\nmunmap a");
	is_str(ctl_read(f, "p", "regions"), "",
	       "a region that is unmapped as a whole loses its name");
}

/* Places, devices, and what is resident. */
static void test_places(struct fixture *f)
{
	static const struct ctl_case cases[] = {
		{ "mmap a 64K addr=0x10000000 noreplace", 0, "a at 0x10000000, 65536 bytes" },
		{ "mmap b 64K addr=0x10000000 noreplace", -EEXIST, NULL },
		{ "mmap b 64K noreplace", -EINVAL, "noreplace wants addr=" },
		{ "mmap b 64K hint=0x20000000", 0, "b at 0x20000000" },
		{ "mincore a", 0, "^mincore: 0 of 16 pages resident$" },
		{ "write a 0 16K", 0, NULL },
		{ "write a 32K 4K", 0, NULL },
		{ "mincore a", 0, "^mincore: 5 of 16 pages resident: 0-3,8$" },
		{ "mincore a 16K 16K", 0, "^mincore: 0 of 4 pages resident$" },
		{ "mincore a 0 1M", -EINVAL, "'a' is 65536 bytes long" },
		{ "mincore z", -ENOENT, NULL },
		{ "mlock b onfault 0 16K", 0, NULL },
		{ "mincore b", 0, "^mincore: 0 of 16 pages resident$" },
		{ "mremap a 64K addr=0x30000000", 0, "^mremap: a at 0x30000000" },
		{ "mincore a", 0, "^mincore: 5 of 16" },
		{ "mremap a 64K addr=0x40000000 nomove", -EINVAL, NULL },
		{ "mremap a 64K addr=0x50000000 dontunmap", 0, "a at 0x50000000" },
		{ "mremap a 128K dontunmap", -EINVAL, NULL },
		{ "mremap a 64K sideways", -EINVAL, "unknown option 'sideways'" },
		{ "mmap d 100K dev=card0 anon", -EINVAL, "anon and dev=" },
		{ "mmap d 100K dev=card0 private", -EINVAL, "cannot be private" },
		{ "mmap d 100K dev=card0 addr=12", -EINVAL, NULL },
		{ "mmap d 100K dev=card0", 0, "d at 0x[0-9a-f]+, 102400 bytes" },
		{ "mmap e 128K dev=card0", 0, NULL },
		{ "mmap g 132K dev=card0", -EINVAL, "has less memory" },
		{ "mmap g 4K dev=", -EINVAL, NULL },
		{ "mmap g 4K dev=a/b", -EINVAL, NULL },
		{ "mmap g 4K dev=anamethatislongerthanmostare", -ENAMETOOLONG, NULL },
		{ "mmap g 900T dev=card1", -ENOSPC, "no room" },
		{ "write d", 0, "^write: 25 pages, minflt \\+0" },
		{ "mincore d", 0, "^mincore: 0 of 25" },
		{ "madvise d dontneed", -EINVAL, NULL },
		{ "mremap d 1M", -EFAULT, NULL },
		{ "munmap d", 0, NULL },
		{ "munmap e", 0, NULL },
		{ "munmap a", 0, NULL },
		{ "munmap b", 0, NULL },
	};
	char iomem[65536];

	ctl_cases(f, P, cases, ARRAY_SIZE(cases));
	snprintf(iomem, sizeof(iomem), "%s", fixture_read(f, "proc/iomem"));
	like(iomem, "  [0-9a-f]+0000-[0-9a-f]+ffff : card0\n", "a device's memory is in iomem");
	unlike(iomem, "card1", "one that could not be mapped is not");
}

static void test_heap(struct fixture *f)
{
	static const struct ctl_case cases[] = {
		{ "brk 1M", 0, "^brk: 0x[0-9a-f]+$" },
		{ "brk -512K", 0, NULL },
		{ "brk +0", 0, NULL },
		{ "brk --1", -EINVAL, "is not a size with a sign" },
		{ "brk 100T", -ENOMEM, NULL },
		{ "malloc small 1000", 0, "^malloc: small at 0x[0-9a-f]+, 1000 bytes$" },
		{ "malloc large 1M", 0, "large at 0x[0-9a-f]+, 1048576 bytes" },
		{ "malloc large 1M", -EEXIST, NULL },
		{ "malloc huge 8000000T", -ENOMEM, NULL },
		{ "malloc x y", -EINVAL, NULL },
		{ "write small", 0, NULL },
		{ "write large", 0, "^write: 257 pages" },
		{ "free small", 0, NULL },
		{ "free small", -ENOENT, NULL },
		{ "free heap", -EINVAL, "no block of malloc's" },
		{ "free large", 0, NULL },
		{ "free large", -ENOENT, "no region named 'large'" },
	};
	s64 before = ctl_meminfo(f, "AnonPages:");

	ctl_cases(f, P, cases, ARRAY_SIZE(cases));
	like(ctl_read(f, "p", "regions"), "^[0-9a-f]+-[0-9a-f]+ [0-9]+ heap$",
	     "the heap is a region of its own");
	cmp_int(ctl_meminfo(f, "AnonPages:"), <=, before + 4,
		"free gives the large block's pages back");
}

/* A load of its own ends the process while malloc's memory is locked in: by a mapping, and by the
 * break. */
static void test_file_gone(struct fixture *f)
{
	u64 disk, ino;

	if (tree_walk(f->t, &(struct caller){ .uid = 0 }, "sim/disk", &disk) ||
	    tree_create_file(f->t, &(struct caller){ .uid = 0 }, disk, "gone", 0644, &ino))
		bail_out("no file");
	ctl_mkdir(f, "gone");
	ctl_put(f, "gone", "mmap a 1M\nmunmap a 512K 64K\nload a seq 1000000");
	is_int(ctl_put(f, "gone", "fwrite gone 0 100M"), -EINTR, "or while a file is written");
	is_str(ctl_read(f, "gone", "status"), "killed by signal 11", "it ends");
	is_sound(f->m, "afterwards");
	ctl_rmdir(f, "gone");
}

static void test_heap_gone(struct fixture *f)
{
	static const char *const blocks[] = { "200M", "30M" };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(blocks); i++) {
		ctl_mkdir(f, "gone");
		is_int(ctl_put(f, "gone", "mmap a 1M\nmunmap a 512K 64K\nmlockall future"), 43,
		       "a process with a hole in its memory");
		if (i)
			ctl_put(f, "gone", "malloc first 30M\nfree first");
		is_int(ctl_put(f, "gone", "load a seq 1000000"), 18, "falls into it");
		is_int(ctl_put(f, "gone", fixture_format("malloc b %s", blocks[i])), -EINTR,
		       "in the middle of malloc %s", blocks[i]);
		is_str(ctl_read(f, "gone", "status"), "killed by signal 11", "and ends");
		is_sound(f->m, "afterwards");
		ctl_rmdir(f, "gone");
	}
}

static void test_touching(struct fixture *f)
{
	static const struct ctl_case cases[] = {
		{ "mmap m 1M", 0, NULL },
		{ "read m", 0, "^read: 256 pages, minflt \\+256, majflt \\+0$" },
		{ "write m", 0, "^write: 256 pages, minflt \\+256, majflt \\+0$" },
		{ "write m", 0, "^write: 256 pages, minflt \\+0, majflt \\+0$" },
		{ "write m 4K 8K value=7", 0, "^write: 2 pages" },
		{ "write m 1 1", 0, "^write: 1 pages" },
		{ "write m 4095 2", 0, "^write: 2 pages" },
		{ "write m 0 0", 0, "^write: 0 pages" },
		{ "write m value=256", -EINVAL, "value= is a byte" },
		{ "write m value=x", -EINVAL, NULL },
		{ "write m 0 1M 3", -EINVAL, "usage: write" },
		{ "read z", -ENOENT, "no region named 'z'" },
		{ "read m 2M", -EINVAL, "'m' is 1048576 bytes long" },
		{ "read m 0 1048577", -EINVAL, NULL },
		{ "read m 18446744073709551615 2", -EINVAL, NULL },
		{ "read m x", -EINVAL, NULL },
		{ "access m seq 100", 0, "^access: 100 pages" },
		{ "access m random 256 write=50", 0, "^access: 256 pages" },
		{ "access m uniform 1K write=0 0 64K", 0, "^access: 1024 pages" },
		{ "access m zipf:0.9 500 write=100", 0, "^access: 500 pages" },
		{ "access m zipf:11 500", -EINVAL, "is not a theta between 0 and 10" },
		{ "access m zipf:1ms 500", -EINVAL, "is not a theta" },
		{ "access m zipf: 500", -EINVAL, NULL },
		{ "access m often 5", -EINVAL, "is none of seq, random, uniform, zipf:THETA" },
		{ "access m seq many", -EINVAL, NULL },
		{ "access m seq 5 write=101", -EINVAL, "write= is a percentage" },
		{ "access m seq 5 for=1s", -EINVAL, "for= belongs to load" },
		{ "access m seq 5 1M", -EINVAL, "the range is not inside 'm'" },
		{ "access z seq 5", -ENOENT, "no region named 'z'" },
		{ "access m seq 5 0 1K 2K", -EINVAL, NULL },
		{ "load m uniform 0", -EINVAL, "a load has a rate" },
		{ "load z uniform 10", -ENOENT, NULL },
		{ "load m uniform 10 for=never", -EINVAL, "'never' is not a time" },
		{ "load m uniform 10 1M 4K", -EINVAL, NULL },
		{ "load m uniform 10", 0, "^load: ok$" },
		{ "load m seq 10", -EEXIST, "a load runs on 'm' already" },
		{ "unload m", 0, NULL },
		{ "unload m", -ENOENT, "no load runs on 'm'" },
		{ "munmap m", 0, NULL },
	};

	ctl_cases(f, P, cases, ARRAY_SIZE(cases));
}

static void test_process(struct fixture *f)
{
	static const struct ctl_case cases[] = {
		{ "mmap m 64K", 0, NULL },
		{ "fork q", 0, "^fork: q is process [0-9]+$" },
		{ "fork q", -EEXIST, "there is a process 'q' already" },
		{ "fork x/y", -EINVAL, "cannot be the name of a directory" },
		{ "fork ..", -EINVAL, NULL },
		{ "setrlimit as 1G", 0, NULL },
		{ "setrlimit RLIMIT_MEMLOCK unlimited", 0, NULL },
		{ "setrlimit patience 1", -EINVAL, "'patience' is not a limit" },
		{ "setrlimit as lots", -EINVAL, NULL },
		{ "sched_setaffinity 0", 0, NULL },
		{ "sched_setaffinity 0-", -EINVAL, "is not a list of CPUs" },
		{ "sched_setaffinity 3-1", -EINVAL, NULL },
		{ "sched_setaffinity 0,", -EINVAL, NULL },
		{ "sched_setaffinity 200-210", -EINVAL, "none of these CPUs is online" },
		{ "sched_setaffinity 100000", -EINVAL, NULL },
		{ "kill BREAKFAST", -EINVAL, "'BREAKFAST' is not a signal" },
		{ "kill 65", -EINVAL, "is not a signal" },
		{ "kill 0", 0, NULL },
		{ "kill SIGCHLD", 0, NULL },
		{ "kill winch", 0, NULL },
		{ "exit soon", -EINVAL, "is not a number" },
		{ "setuid 4294967295", -EINVAL, "no such uid" },
		{ "setuid me", -EINVAL, NULL },
		{ "setuid 1000", 0, NULL },
		{ "setuid 0", -EPERM, "uid 1000 may not become another user" },
		{ "setuid 1000", 0, NULL },
		{ "setrlimit as 512M", 0, NULL },
		{ "setrlimit nofile 8192", -EPERM, NULL },
		{ "mmap big 600M", -ENOMEM, NULL },
		{ "exec other/name", 0, NULL },
		{ "read m", -ENOENT, "no region named 'm'" },
	};

	ctl_cases(f, P, cases, ARRAY_SIZE(cases));
	is_str(fixture_read(f, fixture_format("proc/%u/comm", ctl_pid(f, "p"))), "name\n",
	       "exec gives the name of the program, without its folder");
	like(ctl_read(f, "q", "regions"), " m$", "fork copies the region names");
	is_int(ctl_put(f, "q", "write m"), 7, "and they mean the child's own memory");
}

static void test_files(struct fixture *f)
{
	static const struct ctl_case cases[] = {
		{ "fread data 0 64K", 0, "^fread: 65536 bytes$" },
		{ "fread data 1020K 64K", 0, "^fread: 4096 bytes$" },
		{ "fread data 2M 64K", 0, "^fread: 0 bytes$" },
		{ "fread /data 0 0", 0, NULL },
		{ "fwrite data 0 8K", 0, "^fwrite: 8192 bytes$" },
		{ "fsync data", 0, "^fsync: 2 pages written$" },
		{ "fsync data", 0, "^fsync: 0 pages written$" },
		{ "fwrite data 1M 4K", 0, NULL },
		{ "fread data 1M 64K", 0, "^fread: 4096 bytes$" },
		{ "fread nothing 0 1", -ENOENT, "no file '/?nothing' in sim/disk" },
		{ "fwrite nothing 0 1", -ENOENT, NULL },
		{ "fsync nothing", -ENOENT, NULL },
		{ "fread data 0 9000000T", -EINVAL, "beyond the largest file" },
		{ "fwrite data 9223372036854775807 1", -EINVAL, NULL },
		{ "fwrite data 16T 4K", -EFBIG, "at most 16 TiB" },
		{ "mmap fm 64K file=data", 0, NULL },
		{ "mmap fs 64K file=data@64K shared", 0, NULL },
		{ "mmap fo 64K file=data@1", -EINVAL, NULL },
		{ "write fs", 0, "^write: 16 pages" },
		{ "msync fs", 0, NULL },
		{ "read fm", 0, NULL },
	};
	u64 disk, ino;
	static const struct caller root;

	if (!is_err(tree_walk(f->t, &root, "sim/disk", &disk), 0, "sim/disk is there") ||
	    !is_err(tree_create_file(f->t, &root, disk, "data", 0644, &ino), 0,
		    "a file can be made there"))
		return;
	is_err(tree_truncate(f->t, &root, ino, 1 << 20), 0, "and be given a length");
	ctl_cases(f, P, cases, ARRAY_SIZE(cases));
}

static void test_numa(struct fixture *f)
{
	static const struct ctl_case cases[] = {
		{ "mmap nu 1M", 0, "^mmap: nu at 0x" },
		{ "write nu", 0, NULL },
		{ "set_mempolicy bind:0", 0, "^set_mempolicy: ok$" },
		{ "set_mempolicy", -EINVAL, "usage" },
		{ "set_mempolicy bind", -EINVAL, "need a node that has memory" },
		{ "set_mempolicy bind:63", -EINVAL, NULL },
		{ "set_mempolicy bind:64", -EINVAL, "not a list of nodes" },
		{ "set_mempolicy bind:1-0", -EINVAL, "not a list of nodes" },
		{ "set_mempolicy bind:", -EINVAL, "not a list of nodes" },
		{ "set_mempolicy bind=strict:0", -EINVAL, "=static, =relative or =balancing" },
		{ "set_mempolicy bindx:0", -EINVAL, "is no policy" },
		{ "set_mempolicy default", 0, NULL },
		{ "mbind nu local", 0, "^mbind: ok$" },
		{ "mbind nu local 0 4097", 0, NULL },
		{ "mbind nu local 1", -EINVAL, NULL },
		{ "mbind nu local strict move 0 4K", 0, NULL },
		{ "mbind nobody local", -ENOENT, "no region named 'nobody'" },
		{ "mbind nu interleave=relative:0-3", 0, NULL },
		{ "mbind nu preferred_many=static:0", 0, NULL },
		{ "migrate_pages 0 0", 0, "^migrate_pages: ok$" },
		{ "migrate_pages 0 1", -EINVAL, "none of the nodes 1 has memory" },
		{ "migrate_pages 0 x", -EINVAL, "not a list of nodes" },
		{ "move_pages nu 0", 0, "^move_pages: 256 pages on node 0$" },
		{ "move_pages nu 1", -ENODEV, "there is no node 1 with memory" },
		{ "move_pages nu -1", -EINVAL, "not a number" },
		{ "gup nu", 0, "^gup: 256 pages pinned$" },
		{ "gup nu 0 4K", 0, "^gup: 1 pages pinned$" },
		{ "ungup nu 0 4K", 0, "^ungup: 2 pages unpinned$" },
		{ "ungup nu", 0, "^ungup: 255 pages unpinned$" },
		{ "mprotect nu none", 0, NULL },
		{ "gup nu", -EFAULT, "not mapped, or may not be read" },
		{ "munmap nu", 0, NULL },
		{ "swapout now", -EINVAL, "usage" },
	};

	ctl_cases(f, P, cases, ARRAY_SIZE(cases));
}

static void test_machine(struct fixture *f)
{
	static const struct ctl_case cases[] = {
		{ "kmalloc d 1M dma", 0, "^kmalloc: ok$" },
		{ "kmalloc d 1M", -EEXIST, "there is a block 'd' already" },
		{ "kmalloc e 1M node=9", -EINVAL, "there is no node 9" },
		{ "kmalloc e 1M node=x", -EINVAL, NULL },
		{ "kmalloc e 1M sometimes", -EINVAL, "unknown option 'sometimes'" },
		{ "kmalloc e 64M dma", -ENOMEM, "kmalloc gives at most 4194304 bytes" },
		{ "kmalloc e 64K dma dma32", -EINVAL, "dma and dma32" },
		{ "kmalloc e 8000000T", -ENOMEM, NULL },
		{ "kmalloc e 0", -EINVAL, NULL },
		{ "kmalloc e big", -EINVAL, NULL },
		{ "kmalloc e 64K normal movable node=0", 0, NULL },
		{ "kfree e", 0, NULL },
		{ "kfree e", -ENOENT, "there is no block 'e'" },
		{ "kfree d", 0, NULL },
		{ "slab dentry +1000", 0, NULL },
		{ "slab dentry -1001", -EINVAL, "the laboratory holds 1000 objects of it" },
		{ "slab dentry 5", -EINVAL, "say \\+N or -N" },
		{ "slab dentry +x", -EINVAL, NULL },
		{ "slab cutlery +1", -ENOENT, "no cache 'cutlery'" },
		{ "slab dentry +99999999999", -EINVAL, "too many at once" },
		{ "slab dentry -1000", 0, NULL },
		{ "sync", 0, "pages written$" },
		{ "reboot", -EOPNOTSUPP, "no journal is kept" },
		{ "rewind 1", -EOPNOTSUPP, "no journal is kept" },
		{ "rewind", -EINVAL, "usage: rewind LINE" },
		{ "rewind back", -EINVAL, "is not a number" },
		{ "swapon sw0 64M prio=3", 0, NULL },
		{ "swapon sw0 64M", -EBUSY, NULL },
		{ "swapon sw1 0", -EINVAL, NULL },
		{ "swapon sw1 64M prio=high", -EINVAL, NULL },
		{ "swapon sw1 64M type=tape", -EINVAL, NULL },
		{ "swapoff sw0", 0, NULL },
		{ "swapoff sw0", -EINVAL, NULL },
		{ "fail vdx", -ENODEV, NULL },
		{ "fragment 0 Normal", -EINVAL, "usage: fragment NODE ZONE INDEX" },
		{ "fragment 0 Normal 500", -EINVAL, "is not an index from 0 to 1" },
		{ "fragment 0 Normal 0.", -EINVAL, "is not an index from 0 to 1" },
		{ "fragment 0 Normal 1.001", -EINVAL, "is not an index from 0 to 1" },
		{ "fragment 0 Normal 0.0005", -EINVAL, "is not an index from 0 to 1" },
		{ "fragment 0 Normal 0.5 moving", -EINVAL, "movable or unmovable" },
		{ "fragment 9 Normal 0.5", -ENODEV, "there is no zone Normal" },
		{ "fragment x Normal 0.5", -EINVAL, "is not a number" },
		{ "fragment 0 Highest 0.5", -ENODEV, "there is no zone Highest" },
		{ "write m", -EINVAL, "no such command" },
	};

	ctl_cases(f, "sim/ctl", cases, ARRAY_SIZE(cases));
}

int main(void)
{
	struct fixture f;

	if (!fixture_open(&f, "laptop", NULL))
		bail_out("%s", f.why);
	is_err(ctl_mkdir(&f, "p"), 0, "mkdir makes a process");
	test_syntax(&f);
	test_mmap(&f);
	test_mappings(&f);
	test_places(&f);
	test_heap(&f);
	test_heap_gone(&f);
	test_file_gone(&f);
	test_touching(&f);
	test_files(&f);
	test_numa(&f);
	test_machine(&f);
	test_process(&f);
	is_sound(f.m, "after all of it");
	fixture_close(&f);
	return done_testing();
}
