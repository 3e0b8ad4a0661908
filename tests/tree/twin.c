/* Twins: what was captured stands in the tree. */
#include <stdlib.h>
#include <string.h>

#include "tests/dump.h"
#include "tests/identities.h"
#include "tests/tap.h"
#include "tests/twin_host.h"

/* ---- the machine ---- */

static void test_zones(void)
{
	struct text capture;
	struct twin_test t;

	capture_start(&capture, NULL);
	twin_boot(&t, &capture, "a twin boots");
	is_int(twin_number(&t, "proc/meminfo", "MemTotal:"), (3840 + 246000) * 4,
	       "MemTotal is exact");
	like(fixture_read(&t.f, "proc/zoneinfo"),
	     "Node 0, zone    DMA32\n  pages free .*\n        boost    0\n        min      10\n"
	     "        low      12\n        high     14\n        spanned  258016\n        present  258016\n"
	     "        managed  246000\n",
	     "a zone's sizes and watermarks are exact");
	like(fixture_read(&t.f, "proc/zoneinfo"),
	     "spanned  4095\n        present  3998\n        managed  3840\n",
	     "with the holes of another");
	is_int(twin_number(&t, "proc/meminfo", "MemFree:"), 600000,
	       "what else the kernel has is taken: MemFree is exact");
	is_int(twin_number(&t, "proc/stat", "btime"), 1600000000, "it booted when the other did");
	check_identities(t.f.t, "a twin without processes");
	twin_close(&t);
	text_free(&capture);
}

static void test_hidden_ram(void)
{
	struct capture_machine m = { .free = 500000, .iomem = "" };
	struct text capture;
	struct twin_test t;

	capture_start(&capture, &m);
	twin_boot(&t, &capture, "a twin of a machine that hides where its RAM lies");
	like(t.said, "holes of 1 zones are guessed", "says that it guesses");
	like(fixture_read(&t.f, "proc/zoneinfo"),
	     "spanned  4095\n        present  3998\n        managed  3840\n",
	     "sizes are exact all the same");
	twin_close(&t);
	text_free(&capture);
}

/* A zone Movable, a hole at the end of a node, and a kernel that has not yet taken over all
 * memory. */
static void test_odd_zones(void)
{
	struct text capture, zones;
	struct twin_test t;

	capture_head(&capture);
	text_init(&zones);
	capture_zone(&zones, 0, "DMA", 1, 4095, 3998, 3900);
	capture_zone(&zones, 0, "DMA32", 4096, 126976, 100000, 96000);
	capture_zone(&zones, 0, "Movable", 131072, 65536, 65536, 60000);
	text_char(&zones, '\0');
	capture_file(&capture, "/proc/zoneinfo", zones.data);
	capture_file(&capture, "/proc/meminfo", "MemTotal: 656000 kB\nMemFree: 400000 kB\n");
	twin_boot(&t, &capture, "a twin with odd zones");
	is_int(twin_number(&t, "proc/meminfo", "MemTotal:"), 656000, "MemTotal counts");
	like(t.said, "MemTotal is 16400 kB more than the zones manage", "and is told");
	like(fixture_read(&t.f, "proc/zoneinfo"),
	     "zone  Movable\n  pages free .*\n.*\n.*\n.*\n.*\n        spanned  65536\n        present  65536\n",
	     "a zone where kernels of today put none");
	like(fixture_read(&t.f, "proc/zoneinfo"), "spanned  126976\n        present  100000\n",
	     "a zone with a hole");
	check_identities(t.f.t, "odd zones");
	twin_close(&t);
	text_free(&zones);
	text_free(&capture);
}

/* ---- processes ---- */

#define STACK                                                                                \
	"7ffffffde000-7ffffffff000 rw-p 00000000 00:00 0                          [stack]\n" \
	"Rss:      12 kB\nPrivate_Dirty: 12 kB\nReferenced: 8 kB\nAnonymous: 12 kB\n"        \
	"VmFlags: rd wr mr mw me gd ac \n"

static const char program[] =
	"00400000-00402000 r-xp 00001000 fe:01 77                                 /usr/bin/some prog\n"
	"Size:      8 kB\nRss:      8 kB\nPrivate_Clean: 8 kB\nReferenced: 8 kB\nVmFlags: rd ex mr mw me \n"
	"00402000-00405000 rw-p 00003000 fe:01 77                                 /usr/bin/some prog\n"
	"Size:     12 kB\nRss:     12 kB\nPrivate_Clean: 4 kB\nPrivate_Dirty: 8 kB\nAnonymous: 8 kB\n"
	"VmFlags: rd wr mr mw me ac \n"
	"00406000-00426000 rw-p 00000000 00:00 0                                  [heap]\n"
	"Size:    128 kB\nRss:     20 kB\nPrivate_Dirty: 20 kB\nReferenced: 20 kB\nAnonymous: 20 kB\n"
	"VmFlags: rd wr mr mw me ac \n"
	"7f0000000000-7f0000100000 rw-s 00000000 00:01 5                          /dev/zero (deleted)\n"
	"Rss:     40 kB\nShared_Dirty: 40 kB\nVmFlags: rd wr sh mr mw me ms \n"
	"7f0000100000-7f0000110000 rw-s 00000000 00:21 9                          /run/shared\n"
	"Rss:      4 kB\nShared_Dirty: 4 kB\nVmFlags: rd wr sh mr mw me ms \n"
	"7f0000200000-7f0000300000 ---p 00000000 00:00 0 \n"
	"VmFlags: mr mw me nr \n" STACK
	"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n"
	"VmFlags: ex \n";

/* Its maps, but for what no address space has. */
static const char program_maps[] =
	"00400000-00402000 r-xp 00001000 fe:01 77                                 /usr/bin/some prog\n"
	"00402000-00405000 rw-p 00003000 fe:01 77                                 /usr/bin/some prog\n"
	"00406000-00426000 rw-p 00000000 00:00 0                                  [heap]\n"
	"7f0000000000-7f0000100000 rw-s 00000000 00:01 5                          /dev/zero (deleted)\n"
	"7f0000100000-7f0000110000 rw-s 00000000 00:21 9                          /run/shared\n"
	"7f0000200000-7f0000300000 ---p 00000000 00:00 0 \n"
	"7ffffffde000-7ffffffff000 rw-p 00000000 00:00 0                          [stack]\n";

static void start_processes(struct text *capture)
{
	struct capture_machine m = { .free = 500000, .uptime = 1000 };

	capture_start(capture, &m);
	capture_process(capture, 1, 0, "init", program);
	capture_kthread(capture, 2, "kthreadd");
	capture_kthread(capture, 3, "kswapd0");
	capture_kthread(capture, 4, "kworker/0:0-a-very-long-name");
	capture_process(capture, 40, 1, "worker) (x", program);
	capture_file(capture, "/proc/40/exe", "/usr/bin/some prog");
	capture_file(capture, "/proc/40/mountinfo", "30 20 0:33 / /run rw - tmpfs tmpfs rw\n");
	capture_file(
		capture, "/proc/40/task/41/stat",
		"41 (thread) S 1 0 0 0 -1 0 1 0 0 0 30 20 0 0 20 0 2 0 400 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 "
		"0 0 1 0 0\n");
	capture_process(capture, 42, 39, "orphan", STACK);
	capture_task(capture, 43, 42, "gone", 'Z', 0, "");
}

static void check_program(struct twin_test *t)
{
	const char *status = fixture_read(&t->f, "proc/40/status");

	is_int(text_value(status, "VmSize:"), 8 + 12 + 128 + 1024 + 64 + 1024 + 132,
	       "VSZ is exact");
	is_int(text_value(status, "VmRSS:"), 8 + 12 + 20 + 40 + 4 + 12, "Rss is exact");
	is_int(text_value(status, "RssAnon:"), 8 + 20 + 12, "its anonymous part");
	is_int(text_value(status, "RssFile:"), 8 + 4, "its part of files");
	is_int(text_value(status, "RssShmem:"), 40 + 4,
	       "its part of shared memory: tmpfs is told by a mount, /dev/zero by its name");
	is_int(text_value(status, "VmPeak:"), 99996, "the most there ever was");
	is_int(text_value(status, "VmStk:"), 132, "its stack");
	is_int(text_value(status, "Threads:"), 2, "its threads");
	is_int(text_value(status, "PPid:"), 1, "its parent");
	like(status, "Uid:\t1000\t1000", "the user it acts for");
	is_str(fixture_read(&t->f, "proc/40/maps"), program_maps, "its maps are the other's");
	is_str(fixture_read(&t->f, "proc/40/comm"), "worker) (x\n", "its name");
	is_str(fixture_read(&t->f, "proc/40/cmdline"), "/bin/worker) (x", "its command line");
	is_str(fixture_read(&t->f, "proc/40/oom_score_adj"), "-17\n", "its oom_score_adj");
	is_str(fixture_read(&t->f, "proc/40/task/41/comm"), "thread\n",
	       "a thread with its number and name");
	like(fixture_read(&t->f, "proc/40/smaps"),
	     "\\[heap\\]\nSize:                128 kB\n.*\n.*\nRss:                  20 kB\n.*\n.*\n.*\n.*\n.*\n"
	     "Private_Dirty:        20 kB\nReferenced:           20 kB\nAnonymous:            20 kB\n",
	     "a paragraph of smaps");
	like(fixture_read(&t->f, "proc/40/smaps"),
	     "Referenced:            8 kB\nAnonymous:            12 kB",
	     "only what was referenced is");
}

static void test_processes(void)
{
	struct text capture;
	struct twin_test t;

	start_processes(&capture);
	twin_boot(&t, &capture, "a twin with processes");
	unlike(t.said, "not there|left out|could not", "nothing is missing");
	check_program(&t);
	is_int(twin_number(&t, "proc/42/status", "PPid:"), 1, "whose parent is gone is init's");
	like(fixture_read(&t.f, "proc/43/stat"), "^43 \\(gone\\) Z 42 ", "a zombie");
	like(fixture_read(&t.f, "proc/4/stat"), "^4 \\(kworker/0:0-a-v\\) I 2 ", "a kernel thread");
	like(fixture_read(&t.f, "proc/40/stat"), " 17 1 0 3 0 0 0 ", "its scheduling policy");
	like(fixture_read(&t.f, "proc/40/stat"), "\\) S 1 .* 100 50 0 0 25 5 2 0 300 ",
	     "times are the whole process's, whoever of its threads used them");
	like(fixture_read(&t.f, "proc/uptime"), "^1000.25 ", "it has been up as long as the other");
	like(fixture_read(&t.f, "proc/loadavg"), "^0.50 1.25 2.00 ", "with its load");
	like(fixture_read(&t.f, "proc/pressure/memory"),
	     "^some avg10=1.25 avg60=0.50 avg300=0.09 total=1234567\nfull avg10=1.00 avg60=0.25 "
	     "avg300=0.04 total=234567\n$",
	     "with what it waited for memory, to a hundredth of a percent");
	is_int(twin_number(&t, "proc/stat", "processes"), 12345, "and all its processes counted");
	is_int(twin_number(&t, "proc/stat", "ctxt"), 4711, "and its context switches");
	/* two processes map the same 12 kB of a file, and the 44 kB of shared memory */
	is_int(twin_number(&t, "proc/meminfo", "Mapped:"), 12 + 44, "what both map is there once");
	is_int(twin_number(&t, "proc/meminfo", "AnonPages:"), 2 * (8 + 20 + 12) + 12,
	       "but not their own");
	check_identities(t.f.t, "a twin with processes");
	is_int(fixture_write(&t.f, "proc/sys/vm/drop_caches", "3"), 1, "dropping its caches");
	is_int(twin_number(&t, "proc/40/status", "VmRSS:"), 96, "leaves what is mapped");
	twin_close(&t);
	text_free(&capture);
}

/* Pages that a child shares with its parent since fork. */
static void test_sharing(void)
{
	static const char parent[] = "10000000-11000000 rw-p 00000000 00:00 0 \n"
				     "Rss: 8000 kB\nShared_Dirty: 6000 kB\nPrivate_Dirty: 2000 kB\n"
				     "Anonymous: 8000 kB\nVmFlags: rd wr mr mw me ac \n";
	static const char child[] = "10000000-11000000 rw-p 00000000 00:00 0 \n"
				    "Rss: 7000 kB\nShared_Dirty: 6000 kB\nPrivate_Dirty: 1000 kB\n"
				    "Anonymous: 7000 kB\nVmFlags: rd wr mr mw me ac \n";
	struct capture_machine m = { .free = 500000 };
	struct text capture;
	struct twin_test t;

	capture_start(&capture, &m);
	capture_process(&capture, 1, 0, "init", "");
	capture_process(&capture, 10, 20, "child", child);
	capture_process(&capture, 20, 1, "parent", parent);
	twin_boot(&t, &capture, "a twin of a family");
	is_int(twin_number(&t, "proc/10/status", "VmRSS:"), 7000, "the child's Rss");
	is_int(twin_number(&t, "proc/20/status", "VmRSS:"), 8000, "the parent's");
	is_int(twin_number(&t, "proc/meminfo", "AnonPages:"), 9000,
	       "what they share is there once");
	is_int(twin_number(&t, "proc/10/smaps", "Shared_Dirty:"), 6000, "and shows as shared");
	check_identities(t.f.t, "pages shared since a fork");
	twin_close(&t);
	text_free(&capture);
}

/* A container shows neither kernel threads nor, maybe, a first process. */
static void test_container(void)
{
	struct capture_machine m = { .free = 500000 };
	struct text capture;
	struct twin_test t;

	m.threads = 100;
	capture_start(&capture, &m);
	capture_process(&capture, 7, 0, "alone", STACK);
	twin_boot(&t, &capture, "a twin of a container");
	like(t.said, "99 of 100 threads are not shown", "that hides others says so");
	is_str(fixture_read(&t.f, "proc/1/comm"), "init\n", "has a first process");
	is_int(twin_number(&t, "proc/7/status", "PPid:"), 0,
	       "who entered it from outside has no parent");
	like(fixture_read(&t.f, "proc/2/comm"), "kthreadd", "and kernel threads of its own");
	check_identities(t.f.t, "a container");
	twin_close(&t);
	text_free(&capture);
}

static void test_unread(void)
{
	static const char sizes[] =
		"VmPeak: 9000 kB\nVmSize: 8000 kB\nVmLck: 0 kB\nVmHWM: 3000 kB\n"
		"VmRSS: 2000 kB\nRssAnon: 1200 kB\nRssFile: 500 kB\nRssShmem: 300 kB\n"
		"VmData: 2000 kB\nVmStk: 132 kB\nVmExe: 100 kB\nVmLib: 1500 kB\nThreads: 1\n";
	static const char *const keys[] = { "VmPeak:",	"VmSize:",  "VmHWM:",	 "VmRSS:",
					    "RssAnon:", "RssFile:", "RssShmem:", "VmData:",
					    "VmStk:",	"VmExe:",   "VmLib:" };
	struct capture_machine m = { .free = 500000 };
	struct text capture;
	struct twin_test t;
	size_t i;

	capture_start(&capture, &m);
	capture_task(&capture, 1, 0, "init", 'S', 0, sizes);
	capture_task(&capture, 5, 1, "other", 'S', 0, sizes);
	capture_task(&capture, 6, 1, "absurd", 'S', 0,
		     "VmSize: 99999999999999 kB\nVmData: 88 kB\nVmRSS: 12 kB\n");
	twin_boot(&t, &capture, "a twin of what its user may not look into");
	like(t.said, "3 of 3 processes could not be read", "says so");
	for (i = 0; i < ARRAY_SIZE(keys); i++)
		is_int(twin_number(&t, "proc/5/status", keys[i]), text_value(sizes, keys[i]), "%s",
		       keys[i]);
	is_int(twin_number(&t, "proc/6/status", "VmSize:"), 0, "sizes that cannot be are left out");
	check_identities(t.f.t, "processes that could not be read");
	twin_close(&t);
	text_free(&capture);
}

/* ---- the rest of memory ---- */

static void test_caches(void)
{
	struct capture_machine m = { .free = 400000,
				     .buffers = 3000,
				     .cached = 200000,
				     .active_file = 150000,
				     .active_anon = 20,
				     .dirty = 700,
				     .shmem = 5000,
				     .reclaimable = 40000,
				     .unreclaimable = 50000 };
	struct text capture;
	struct twin_test t;

	capture_start(&capture, &m);
	capture_process(&capture, 1, 0, "init", program);
	twin_boot(&t, &capture, "a twin with a page cache");
	is_int(twin_number(&t, "proc/meminfo", "Cached:"), 200000, "Cached");
	is_int(twin_number(&t, "proc/meminfo", "Buffers:"), 3000, "Buffers");
	is_int(twin_number(&t, "proc/meminfo", "Shmem:"), 5000, "Shmem");
	is_int(twin_number(&t, "proc/meminfo", "Active(file):"), 150000, "Active(file)");
	is_int(twin_number(&t, "proc/meminfo", "Active(anon):"), 20, "Active(anon)");
	is_int(twin_number(&t, "proc/meminfo", "Dirty:"), 700, "Dirty");
	is_int(twin_number(&t, "proc/meminfo", "MemFree:"), 400000, "MemFree");
	cmp_int(labs(twin_number(&t, "proc/meminfo", "SReclaimable:") - 40000), <=, 32,
		"SReclaimable, but for a slab");
	cmp_int(labs(twin_number(&t, "proc/meminfo", "SUnreclaim:") - 50000), <=, 32,
		"SUnreclaim, but for a slab");
	check_identities(t.f.t, "a page cache");
	is_int(fixture_write(&t.f, "proc/sys/vm/drop_caches", "3"), 1, "dropping it");
	cmp_int(twin_number(&t, "proc/meminfo", "Cached:"), <, 8000,
		"Cached is what is mapped, dirty or shared");
	is_int(twin_number(&t, "proc/meminfo", "Buffers:"), 0, "Buffers are gone");
	cmp_int(twin_number(&t, "proc/meminfo", "SReclaimable:"), <, 20000, "and most objects");
	check_identities(t.f.t, "after dropping it");
	twin_close(&t);
	text_free(&capture);
}

/* Memory that the other machine has, and this kernel not the room for. */
static void test_too_much(void)
{
	static const char big[] =
		"10000000-50000000 rw-p 00000000 00:00 0 \n"
		"Rss: 1040000 kB\nPrivate_Dirty: 1040000 kB\nAnonymous: 1040000 kB\n"
		"VmFlags: rd wr mr mw me ac \n";
	struct capture_machine m = { .free = 40000, .cached = 500000 };
	struct text capture;
	struct twin_test t;

	capture_start(&capture, &m);
	capture_process(&capture, 1, 0, "init", STACK);
	capture_process(&capture, 2, 1, "big", big);
	twin_boot(&t, &capture, "a twin that is too small for its processes");
	like(t.said, "kB of 1 processes' resident memory are not there: memory is full", "says so");
	like(t.said, "page cache is [0-9]+ kB smaller", "of the page cache, too");
	is_str(fixture_read(&t.f, "proc/2/comm"), "big\n", "nobody was killed for it");
	is_int(twin_number(&t, "proc/2/status", "VmSize:"), 1 << 20, "VSZ is exact");
	cmp_int(twin_number(&t, "proc/2/status", "VmRSS:"), >, 800000, "Rss as far as it goes");
	check_identities(t.f.t, "a machine that is full");
	twin_close(&t);
	text_free(&capture);
}

/* ---- settings ---- */

static void test_knobs(void)
{
	struct text capture;
	struct twin_test t;

	capture_start(&capture, NULL);
	capture_file(&capture, "/sys/kernel/mm/transparent_hugepage/enabled",
		     "always [madvise] never\n");
	capture_file(&capture, "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "5\n");
	capture_file(&capture, "/sys/kernel/mm/ksm/run", "7\n");
	capture_file(&capture, "/proc/sys/vm/min_free_kbytes", "5000\n");
	capture_file(&capture, "/proc/sys/vm/swappiness", "1\n");
	capture_file(&capture, "/proc/sys/vm/dirty_bytes", "1048576\n");
	capture_file(&capture, "/proc/sys/vm/dirty_ratio", "0\n");
	capture_file(&capture, "/proc/sys/vm/lowmem_reserve_ratio", "256\t256\t32\t0\t0\n");
	capture_file(&capture, "/proc/sys/vm/drop_caches", "3\n");
	capture_file(&capture, "/proc/sys/vm/from_the_future", "1\n");
	capture_file(&capture, "/proc/sys/kernel/of_another", "1\n");
	twin_boot(&t, &capture, "a twin with settings");
	like(fixture_read(&t.f, "sys/kernel/mm/transparent_hugepage/enabled"), "\\[madvise\\]",
	     "a word between others");
	is_int(twin_number(&t, "proc/meminfo", "HugePages_Total:"), 5, "a pool of huge pages");
	is_str(fixture_read(&t.f, "proc/sys/vm/min_free_kbytes"), "5000\n", "a number");
	is_str(fixture_read(&t.f, "proc/sys/vm/swappiness"), "1\n", "another");
	is_str(fixture_read(&t.f, "proc/sys/vm/dirty_bytes"), "1048576\n",
	       "one that sets another to zero");
	is_int(twin_number(&t, "proc/vmstat", "drop_pagecache"), 0,
	       "what is a command is not done");
	like(t.said,
	     "2 settings that this machine does not have are left out: 1 kernel.* 0 fs.* vm.from_the_future",
	     "what is not known is named");
	like(t.said, "1 settings are not possible here and left out: ksm/run",
	     "and what is refused");
	check_identities(t.f.t, "settings");
	twin_close(&t);
	text_free(&capture);
}

/* ---- the same again ---- */

static void test_twice(void)
{
	struct capture_machine m = {
		.free = 300000, .buffers = 3000, .cached = 200000, .shmem = 5000
	};
	struct text capture, processes, dump[2];
	struct twin_test t;
	char name[256];
	int i;

	capture_start(&capture, &m);
	start_processes(&processes);
	text_str(&capture, strstr(processes.data, "file /proc/1/"));
	for (i = 0; i < 2; i++) {
		twin_boot(&t, &capture, "a twin");
		text_init(&dump[i]);
		tree_dump(t.f.t, "", &dump[i]);
		twin_close(&t);
	}
	is_str(dump_difference(&dump[0], &dump[1], name, sizeof(name)), NULL,
	       "two twins of one capture agree in every file");
	for (i = 0; i < 2; i++)
		text_free(&dump[i]);
	text_free(&processes);
	text_free(&capture);
}

int main(void)
{
	test_zones();
	test_hidden_ram();
	test_odd_zones();
	test_processes();
	test_sharing();
	test_container();
	test_unread();
	test_caches();
	test_too_much();
	test_knobs();
	test_twice();
	return done_testing();
}
