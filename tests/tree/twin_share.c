/* Twins: who has which page with whom, what is in swap, and what the report says. */
#include <stdlib.h>
#include <string.h>

#include "tests/draw.h"
#include "tests/identities.h"
#include "tests/sound.h"
#include "tests/tap.h"
#include "tests/twin_host.h"

#define AREA "/dev/vdb                                partition\t409596\t\t%u\t\t-2\n"

static void add_swap(struct text *capture, unsigned int used_kb)
{
	capture_file(capture, "/proc/swaps",
		     fixture_format("Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n" AREA,
				    used_kb));
}

static void add_pages(struct text *capture, u32 pid, const char *pages)
{
	capture_file(capture, fixture_format("/proc/%u/pages", pid), pages);
}

/* ---- shared since a fork ---- */

static const char three[] = "10000000-10010000 rw-p 00000000 00:00 0 \n"
			    "Rss: 32 kB\nPss: %u kB\nShared_Dirty: %u kB\nPrivate_Dirty: %u kB\n"
			    "Referenced: 32 kB\nAnonymous: 32 kB\nVmFlags: rd wr mr mw me ac \n";

/* Pages 1 to 3 are all three's; 4 and 5 the first and the second have, 6 the first and the third, 7
 * the others. */
static void test_three(void)
{
	static const struct {
		const char *pages[3], *what;
	} cases[] = {
		{ { "10000000 A3@1 A2@4 A1@6 a2\n", "10000000 A3@1 A2@4 .1 A1@7 a2\n",
		    "10000000 A3@1 .2 A1@6 A1@7 a3\n" },
		  "by numbers" },
		{ { "10000000 A3 A2 A1 a2\n", "10000000 A3 A2 .1 A1 a2\n",
		    "10000000 A3 .2 A1 A1 a3\n" },
		  "by place" },
		{ { NULL, NULL, NULL }, "by sums" },
	};
	static const unsigned int pss[3] = { 17, 17, 19 }; /* a third is rounded down */
	static const unsigned int shared[3] = { 24, 24, 20 };
	struct capture_machine m = { .free = 500000 };
	size_t i;
	u32 k;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct text capture;
		struct twin_test t;

		capture_start(&capture, &m);
		capture_process(&capture, 1, 0, "init", "");
		for (k = 0; k < 3; k++) {
			capture_process(&capture, 10 + k, 1, "one of three",
					fixture_format(three, pss[k], shared[k], 32 - shared[k]));
			if (cases[i].pages[k])
				add_pages(&capture, 10 + k, cases[i].pages[k]);
		}
		twin_boot(&t, &capture,
			  fixture_format("a twin of three that share, %s", cases[i].what));
		for (k = 0; k < 3; k++) {
			const char *smaps =
				fixture_read(&t.f, fixture_format("proc/%u/smaps", 10 + k));

			/* of sums in whole kB not every share can be made */
			cmp_int(labs(text_value(smaps, "Pss:") - pss[k]), <=, !cases[i].pages[k],
				"Pss of %u, %s", 10 + k, cases[i].what);
			is_int(text_value(smaps, "Shared_Dirty:"), shared[k], "Shared of %u, %s",
			       10 + k, cases[i].what);
		}
		if (cases[i].pages[0])
			like(t.said, "3 of 3 processes agree exactly", "all agree, %s",
			     cases[i].what);
		check_identities(t.f.t, cases[i].what);
		twin_close(&t);
		text_free(&capture);
	}
}

/* ---- what nobody that was read accounts for ---- */

static void test_holder(void)
{
	/* 25 of its pages four others have, 25 one other: all of them somebody else's */
	static const char alone[] =
		"10000000-10100000 r-xp 00000000 fe:01 77                         /usr/bin/prog\n"
		"Rss: 400 kB\nPss: 270 kB\nShared_Clean: 200 kB\nPrivate_Clean: 200 kB\n"
		"VmFlags: rd ex mr mw me \n"
		"20000000-20100000 rw-p 00000000 00:00 0 \n"
		"Rss: 80 kB\nPss: 50 kB\nShared_Dirty: 60 kB\nPrivate_Dirty: 20 kB\nAnonymous: 80 kB\n"
		"VmFlags: rd wr mr mw me ac \n";
	struct capture_machine m = { .free = 500000 };
	struct text capture;
	struct twin_test t;
	s64 mapped;

	capture_start(&capture, &m);
	capture_process(&capture, 1, 0, "init", alone);
	add_pages(&capture, 1, "10000000 .3 F50 f50\n20000000 a5 A15\n");
	twin_boot(&t, &capture, "a twin of one whose partners could not be read");
	is_int(twin_number(&t, "proc/1/smaps", "Pss:"), 270, "its share comes out right");
	is_int(twin_number(&t, "proc/1/smaps", "Shared_Clean:"), 200,
	       "with so many that are shared");
	like(fixture_read(&t.f, "proc/1/smaps"), "Pss: +50 kB\n.*\n.*\nShared_Dirty: +60 kB",
	     "of pages since a fork, too");
	like(fixture_read(&t.f, "sim/twin"), "a hidden address space stands for [0-9]+\nmappings",
	     "and sim/twin tells who stands for them");
	mapped = twin_number(&t, "proc/meminfo", "Mapped:");
	is_int(mapped, 400, "pages are there once, whoever holds them");
	check_identities(t.f.t, "a hidden holder");
	is_int(fixture_write(&t.f, "sim/clock", "advance 1s"), 10, "time goes by");
	is_sound(t.f.m, "a second later");
	twin_close(&t);
	text_free(&capture);
}

/* ---- swap ---- */

/* 100 and 100 pages of which 75 are the same, 50 of shared memory, 4 twice, 5 of a daemon, 30, and
 * 60 of nobody. */
static void add_swapped(struct text *capture)
{
	static const char child[] =
		"10000000-11000000 rw-p 00000000 00:00 0 \n"
		"Rss: 80 kB\nPss: 80 kB\nPrivate_Dirty: 80 kB\nAnonymous: 80 kB\n"
		"Swap: 400 kB\nSwapPss: 250 kB\nVmFlags: rd wr mr mw me ac \n";
	static const char shmem[] =
		"30000000-30100000 rw-s 00000000 00:01 9                          /dev/zero (deleted)\n"
		"Rss: 40 kB\nPss: 40 kB\nPrivate_Dirty: 40 kB\nSwap: 200 kB\nVmFlags: rd wr sh mr mw me ms \n";
	/* four pages that it has written to, and two of these in swap; of those that it has not,
	 * two are in swap */
	static const char copies[] =
		"30200000-3020a000 rw-p 00000000 00:01 10                         /memfd:copied (deleted)\n"
		"Rss: 20 kB\nPss: 20 kB\nPrivate_Dirty: 20 kB\nAnonymous: 16 kB\nSwap: 16 kB\nSwapPss: 8 kB\n"
		"VmFlags: rd wr mr mw me ac \n";
	/* a root file system in memory: two pages of text, and two that were written to before they
	 * were protected */
	static const char root_fs[] =
		"00400000-00402000 r-xp 00000000 00:02 11                         /sbin/daemon\n"
		"Swap: 8 kB\nVmFlags: rd ex mr mw me \n"
		"00402000-00404000 r--p 00002000 00:02 11                         /sbin/daemon\n"
		"Swap: 12 kB\nSwapPss: 4 kB\nVmFlags: rd mr mw me ac \n";
	static const char sizes[] =
		"VmSize: 2000 kB\nVmRSS: 200 kB\nRssAnon: 200 kB\nVmData: 1800 kB\n"
		"VmStk: 132 kB\nVmSwap: 120 kB\nThreads: 1\n";

	add_swap(capture, (125 + 50 + 4 + 4 + 5 + 30 + 60) * 4);
	capture_process(capture, 1, 0, "init", "");
	capture_process(capture, 10, 1, "one", child);
	add_pages(capture, 10, "10000000 s75 a20 s25\n");
	capture_process(capture, 11, 10, "other", child);
	add_pages(capture, 11, "10000000 s75 a20 .25 s25\n");
	capture_process(capture, 12, 1, "shmem", shmem);
	capture_task(capture, 13, 1, "not read", 'S', 0, sizes);
	capture_process(capture, 14, 1, "copies", copies);
	add_pages(capture, 14, "30200000 .1 f1 a4 s2\n");
	/* which are its own SwapPss tells */
	capture_process(capture, 15, 1, "unknown", copies);
	capture_process(capture, 16, 1, "daemon", root_fs);
}

static void test_swap(void)
{
	struct capture_machine m = { .free = 500000 };
	struct text capture;
	struct twin_test t;

	capture_start(&capture, &m);
	add_swapped(&capture);
	twin_boot(&t, &capture, "a twin with swap");
	is_int(twin_number(&t, "proc/meminfo", "SwapTotal:") -
		       twin_number(&t, "proc/meminfo", "SwapFree:"),
	       278 * 4, "as much of it is used");
	is_int(twin_number(&t, "proc/10/status", "VmSwap:"), 400, "a process has its pages there");
	is_int(twin_number(&t, "proc/11/smaps", "Swap:"), 400, "another one, too");
	is_int(twin_number(&t, "proc/11/smaps", "SwapPss:"), 250, "some of them the same");
	is_int(twin_number(&t, "proc/12/smaps", "Swap:"), 200, "shared memory as well");
	is_int(twin_number(&t, "proc/14/smaps", "Swap:"), 16, "and what is copied from there");
	is_int(twin_number(&t, "proc/14/smaps", "SwapPss:"), 8, "of which it has copies");
	is_int(twin_number(&t, "proc/15/smaps", "Swap:"), 16, "wherever they are");
	like(fixture_read(&t.f, "proc/16/smaps"),
	     "Swap: +8 kB\nSwapPss: +0 kB(.*\n)*Swap: +12 kB\nSwapPss: +4 kB",
	     "and what lies in a root file system in memory");
	is_int(twin_number(&t, "proc/13/status", "VmSwap:"), 120, "and who could not be read");
	check_identities(t.f.t, "swap");
	is_int(fixture_write(&t.f, "sim/ctl", "swapoff /dev/vdb"), 16, "swapoff reads it all back");
	is_int(twin_number(&t, "proc/10/status", "VmRSS:"), 480, "where it belongs");
	is_int(twin_number(&t, "proc/meminfo", "SwapTotal:"), 0, "so that nothing is left");
	check_identities(t.f.t, "after swapoff");
	twin_close(&t);
	text_free(&capture);
}

/* ---- counters, groups, processes that moved ---- */

static void test_start_values(void)
{
	static const char busy[] =
		"10000000-11000000 rw-p 00000000 00:00 0 \n"
		"Rss: 80 kB\nPss: 79 kB\nPrivate_Dirty: 80 kB\nAnonymous: 80 kB\n"
		"VmFlags: rd wr mr mw me ac \n";
	struct text capture;
	struct twin_test t;

	capture_start(&capture, NULL);
	capture_file(&capture, "/proc/vmstat",
		     "nr_free_pages 12\npgfault 1234567\npgsteal_kswapd 77\npgsteal_anon 70\n"
		     "oom_kill 3\nnr_dirtied 4242\nnuma_hit 99887766\nworkingset_refault_file 31\n"
		     "pgmajfault 99999999999999999999\nfrom_the_future 1\n");
	capture_process(&capture, 1, 0, "init", "");
	capture_file(&capture, "/proc/1/cgroup", "0::/init.scope\n");
	capture_process(&capture, 20, 1, "in a container", "");
	capture_file(&capture, "/proc/20/cgroup",
		     "5:memory:/docker/abc\n1:name=systemd:/x\n0::/\n");
	capture_process(&capture, 21, 1, "in none", busy);
	capture_file(&capture, "/proc/21/cgroup", "0::/\n");
	capture_file(&capture, "unsteady", "21\n");
	twin_boot(&t, &capture, "a twin of a machine that has been up");
	is_int(twin_number(&t, "proc/vmstat", "pgfault"), 1234567, "events go on from there");
	is_int(twin_number(&t, "proc/vmstat", "oom_kill"), 3, "kills");
	is_int(twin_number(&t, "proc/vmstat", "nr_dirtied"), 4242, "what a node has counted");
	is_int(twin_number(&t, "proc/vmstat", "numa_hit"), 99887766, "and its zones");
	is_int(twin_number(&t, "proc/vmstat", "workingset_refault_file"), 31, "refaults");
	cmp_int(twin_number(&t, "proc/vmstat", "pgmajfault"), <, 100, "but nothing absurd");
	is_str(fixture_read(&t.f, "proc/1/cgroup"), "0::/init.scope\n", "a control group");
	is_str(fixture_read(&t.f, "proc/20/cgroup"), "0::/docker/abc\n", "of an older hierarchy");
	is_str(fixture_read(&t.f, "proc/21/cgroup"), "0::/\n", "the root");
	like(fixture_read(&t.f, "sim/twin"), "1 of them changed while they were read",
	     "who changed while he was read is told");
	like(fixture_read(&t.f, "sim/twin"), "21 in none: Pss 79, here 80 kB; it changed",
	     "with what does not agree, and why");
	check_identities(t.f.t, "start values");
	twin_close(&t);
	text_free(&capture);
}

/* ---- huge pages ---- */

static void test_huge_pages(void)
{
	static const char huge[] =
		"40000000-40600000 rw-s 00000000 00:0f 33                         /anon_hugepage (deleted)\n"
		"Rss: 0 kB\nPrivate_Hugetlb: 4096 kB\nKernelPageSize: 2048 kB\n"
		"VmFlags: rd wr sh mr mw me ms de ht \n";
	struct capture_machine m = { .free = 400000 };
	struct text capture;
	struct twin_test t;

	capture_start(&capture, &m);
#define POOL "/sys/kernel/mm/hugepages/hugepages-2048kB/"
	capture_file(&capture, POOL "nr_hugepages", "10\n");
	capture_file(&capture, POOL "free_hugepages", "7\n");
	capture_file(&capture, POOL "resv_hugepages", "2\n");
	capture_file(&capture, POOL "surplus_hugepages", "1\n");
#undef POOL
	capture_process(&capture, 1, 0, "init", "");
	capture_process(&capture, 20, 1, "database", huge);
	twin_boot(&t, &capture, "a twin with huge pages in use");
	is_int(twin_number(&t, "proc/meminfo", "HugePages_Total:"), 10, "the pool is as large");
	is_int(twin_number(&t, "proc/meminfo", "HugePages_Free:"), 7, "as many are free");
	is_int(twin_number(&t, "proc/meminfo", "HugePages_Rsvd:"), 2, "reserved");
	is_int(twin_number(&t, "proc/meminfo", "HugePages_Surp:"), 1, "and surplus");
	is_int(twin_number(&t, "proc/20/status", "HugetlbPages:"), 4096, "who has them is known");
	check_identities(t.f.t, "huge pages in use");
	is_int(fixture_write(&t.f, "proc/sys/vm/nr_hugepages", "0"), 1, "emptying the pool");
	is_int(twin_number(&t, "proc/meminfo", "HugePages_Total:"), 6,
	       "leaves five that are in use or reserved, beside the surplus one");
	check_identities(t.f.t, "huge pages after that");
	twin_close(&t);
	text_free(&capture);
}

/* ---- families at random ---- */

#define NR_PROCESSES 9u
#define NR_PAGES     48u

/* Who has which page: numbers; 0: none. */
struct family {
	u32 anon[NR_PROCESSES][NR_PAGES];
	bool swapped[1024], file[NR_PROCESSES][NR_PAGES];
	u32 next;
	u64 random;
};

static u32 dice(struct family *f, u32 n)
{
	return draw(&f->random, n);
}

static void live(struct family *f)
{
	u32 i, k, page, parent;

	for (i = 0; i < NR_PROCESSES; i++) {
		parent = i ? dice(f, i) : 0;
		if (i)
			memcpy(f->anon[i], f->anon[parent], sizeof(f->anon[i]));
		for (k = 0; k < 12; k++)
			f->anon[dice(f, i + 1)][dice(f, NR_PAGES)] = ++f->next;
		for (k = dice(f, NR_PAGES); k > 0; k--)
			f->file[i][dice(f, NR_PAGES)] = true;
	}
	/* who is in swap is so for everybody */
	for (k = 0; k < 20; k++) {
		page = f->anon[dice(f, NR_PROCESSES)][dice(f, NR_PAGES)];
		f->swapped[page] |= page != 0;
	}
}

static u32 mappers(const struct family *f, u32 index, u32 number)
{
	u32 i, n = 0;

	for (i = 0; i < NR_PROCESSES; i++)
		n += number ? f->anon[i][index] == number : f->file[i][index];
	return n;
}

struct tally {
	u32 rss, shared, swap;
	u64 pss, swap_pss;
};

static void count(struct tally *t, u32 n, bool swapped)
{
	const u64 share = (u64)(PAGE_SIZE << 12) / n;

	if (swapped) {
		t->swap++;
		t->swap_pss += share;
		return;
	}
	t->rss++;
	t->shared += n > 1;
	t->pss += share;
}

static void add_member(struct text *capture, const struct family *f, u32 i, bool numbers,
		       bool pages)
{
	struct tally anon = { 0 }, file = { 0 };
	struct text smaps, table;
	u32 k;

	text_init(&smaps);
	text_init(&table);
	text_str(&table, "10000000");
	for (k = 0; k < NR_PAGES; k++) {
		u32 number = f->anon[i][k], n = number ? mappers(f, k, number) : 0;

		if (n)
			count(&anon, n, f->swapped[number]);
		text_printf(&table, " %c1",
			    !n		       ? '.' :
			    f->swapped[number] ? 's' :
			    n > 1	       ? 'A' :
						 'a');
		if (numbers && n > 1 && !f->swapped[number])
			text_printf(&table, "@%u", number);
	}
	text_str(&table, "\n20000000");
	for (k = 0; k < NR_PAGES; k++) {
		u32 n = f->file[i][k] ? mappers(f, k, 0) : 0;

		if (n)
			count(&file, n, false);
		text_printf(&table, " %c1", !n ? '.' : n > 1 ? 'F' : 'f');
	}
	text_printf(
		&smaps,
		"10000000-10030000 rw-p 00000000 00:00 0 \nRss: %u kB\nPss: %u kB\nShared_Dirty: %u kB\n"
		"Private_Dirty: %u kB\nAnonymous: %u kB\nSwap: %u kB\nSwapPss: %u kB\n"
		"VmFlags: rd wr mr mw me ac \n"
		"20000000-20030000 r-xp 00000000 fe:01 77                     /lib\n"
		"Rss: %u kB\nPss: %u kB\nShared_Clean: %u kB\nPrivate_Clean: %u kB\nVmFlags: rd ex mr mw me \n",
		anon.rss * 4, (u32)(anon.pss >> 22), anon.shared * 4, (anon.rss - anon.shared) * 4,
		anon.rss * 4, anon.swap * 4, (u32)(anon.swap_pss >> 22), file.rss * 4,
		(u32)(file.pss >> 22), file.shared * 4, (file.rss - file.shared) * 4);
	text_char(&smaps, '\0');
	text_str(&table, "\n");
	text_char(&table, '\0');
	capture_process(capture, 10 + i, i ? 10 : 1, "member", smaps.data);
	if (pages)
		add_pages(capture, 10 + i, table.data);
	text_free(&smaps);
	text_free(&table);
}

static void test_random(u64 seed, bool numbers, bool pages)
{
	struct capture_machine m = { .free = 500000 };
	struct family *f = calloc(1, sizeof(*f));
	struct text capture;
	struct twin_test t;
	u32 i;

	if (!f)
		bail_out("no memory");
	f->random = seed;
	live(f);
	capture_start(&capture, &m);
	add_swap(&capture, 4096);
	capture_process(&capture, 1, 0, "init", "");
	for (i = 0; i < NR_PROCESSES; i++)
		add_member(&capture, f, i, numbers, pages);
	twin_boot(&t, &capture, fixture_format("a twin of family %u", (u32)seed));
	if (pages)
		like(t.said, "9 of 9 processes agree exactly", "all of them agree exactly");
	else
		like(fixture_read(&t.f, "sim/twin"),
		     "Rss +9 +0 +0 .*\n  Pss +[6-9] .*\n  Swap +9 +0 +0 .*\n  Shared +9 +0 +0 .*\n"
		     "  Private +9 +0 +0 ",
		     "all but shares in whole kB that cannot be made agree exactly");
	check_identities(t.f.t, "a family");
	twin_close(&t);
	text_free(&capture);
	free(f);
}

/* Page tables that nobody can have: whatever they say, smaps counts, and nothing breaks. */
static void test_hostile(void)
{
	static const char mapping[] =
		"10000000-10010000 rw-p 00000000 00:00 0 \n"
		"Rss: 32 kB\nPss: 20 kB\nShared_Dirty: 16 kB\nPrivate_Dirty: 16 kB\n"
		"Anonymous: 32 kB\nVmFlags: rd wr mr mw me ac \n";
	static const char *const tables[] = { "10000000 a99999999\n",
					      "10000000 a18446744073709551615 a1\n",
					      "10000000 A8@18446744073709551615\n",
					      "10000000 x5 y6 a\n",
					      "10000000 F16\n",
					      "10000000 s16\n",
					      "zzzz a1\n10000000\n10000000 a16\n",
					      "9000000 a1\n20000000 a5\n" };
	struct capture_machine m = { .free = 500000 };
	struct text capture;
	struct twin_test t;
	u32 i;

	capture_start(&capture, &m);
	capture_process(&capture, 1, 0, "init", "");
	for (i = 0; i < ARRAY_SIZE(tables); i++) {
		capture_process(&capture, 10 + i, 1, "hostile", mapping);
		add_pages(&capture, 10 + i, tables[i]);
	}
	capture_file(&capture, "unsteady", "no number\n99999999999999999999\n12\n");
	twin_boot(&t, &capture, "a twin of page tables that cannot be");
	for (i = 0; i < ARRAY_SIZE(tables); i++)
		is_int(twin_number(&t, fixture_format("proc/%u/status", 10 + i), "RssAnon:"), 32,
		       "sizes are those of smaps: %.20s", tables[i]);
	check_identities(t.f.t, "hostile page tables");
	twin_close(&t);
	text_free(&capture);
}

int main(void)
{
	u64 seed;

	test_three();
	test_holder();
	test_swap();
	test_start_values();
	test_huge_pages();
	for (seed = 1; seed <= 12; seed++)
		test_random(seed, seed % 3 == 0, seed % 4 != 0);
	test_hostile();
	return done_testing();
}
