/*
 * Captures that somebody changed: whatever stands in one, a twin comes up whole or not at all.
 *
 * Bytes of a capture are replaced one after the other, by a seeded rule and without changing a
 * length, so that most of them get past the framing and into the numbers.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/draw.h"
#include "tests/sound.h"
#include "tests/tap.h"
#include "tests/twin_host.h"

#define POOL "/sys/kernel/mm/hugepages/hugepages-2048kB/"

#ifndef ROUNDS
#define ROUNDS 150
#endif

static const char smaps[] =
	"00400000-00402000 r-xp 00001000 fe:01 77                                 /usr/bin/prog\n"
	"Rss:      8 kB\nPss: 3 kB\nShared_Clean: 8 kB\nReferenced: 8 kB\nVmFlags: rd ex mr mw me \n"
	"00402000-00405000 rw-p 00003000 fe:01 77                                 /usr/bin/prog\n"
	"Rss:     12 kB\nPrivate_Dirty: 8 kB\nAnonymous: 8 kB\nVmFlags: rd wr mr mw me ac lo \n"
	"00406000-00426000 rw-p 00000000 00:00 0                                  [heap]\n"
	"Rss:     20 kB\nPss: 9 kB\nShared_Dirty: 16 kB\nPrivate_Dirty: 4 kB\nAnonymous: 20 kB\nSwap: 40 kB\n"
	"SwapPss: 22 kB\nVmFlags: rd wr mr mw me ac \n"
	"7f0000000000-7f0000100000 rw-s 00000000 00:01 5                          /dev/zero (deleted)\n"
	"Rss:     40 kB\nShared_Dirty: 40 kB\nVmFlags: rd wr sh mr mw me ms \n"
	"7f0000200000-7f0000400000 rw-s 00000000 00:0f 9                          /anon_hugepage (deleted)\n"
	"Private_Hugetlb: 2048 kB\nVmFlags: rd wr sh mr mw me ms de ht \n"
	"7f0000500000-7f0000502000 r--p 00000000 00:00 0                          [vvar]\n"
	"VmFlags: rd mr pf io de dd \n"
	"7f0000502000-7f0000504000 r-xp 00000000 00:00 0                          [vdso]\n"
	"Rss: 8 kB\nVmFlags: rd ex mr mw me de \n"
	"7ffffffde000-7ffffffff000 rw-p 00000000 00:00 0                          [stack]\n"
	"Rss:      12 kB\nAnonymous: 12 kB\nVmFlags: rd wr mr mw me gd ac \n";

static const char pages[] =
	"400000 F2\n402000 a2 f1\n406000 A4@1 s6 a1 s4\n7f0000000000 F10\n7ffffffde000 .30 a3\n";
static const char pages_by_place[] = "400000 F2\n406000 A4 s6 .1 s4 a1\n";

static void make_capture(struct text *capture)
{
	struct capture_machine m = { .free = 500000,
				     .buffers = 300,
				     .cached = 30000,
				     .active_file = 5000,
				     .active_anon = 20,
				     .dirty = 70,
				     .shmem = 500,
				     .reclaimable = 22000,
				     .unreclaimable = 20000,
				     .uptime = 1000 };

	capture_start(capture, &m);
	capture_file(capture, "/proc/swaps",
		     "Filename Type Size Used Priority\n/dev/vdb partition 8188 400 -2\n");
	capture_file(capture, "/proc/slabinfo", "dentry 9000 9100 192 21 1 : tunables\n");
	capture_file(capture, "/proc/sys/vm/min_free_kbytes", "5000\n");
	capture_file(capture, POOL "nr_hugepages", "5\n");
	capture_file(capture, POOL "free_hugepages", "3\n");
	capture_file(capture, POOL "resv_hugepages", "1\n");
	capture_file(capture, "/proc/vmstat", "pgfault 7777\nnr_dirtied 55\nnuma_hit 666\n");
	capture_file(capture, "unsteady", "40\n");
	capture_process(capture, 1, 0, "init", smaps);
	capture_file(capture, "/proc/1/pages", pages);
	capture_file(capture, "/proc/1/cgroup", "0::/init.scope\n");
	capture_kthread(capture, 2, "kthreadd");
	capture_process(capture, 40, 1, "child", smaps);
	capture_file(capture, "/proc/40/pages", pages);
	capture_file(capture, "/proc/40/mountinfo", "30 20 0:33 / /run rw - tmpfs tmpfs rw\n");
	capture_file(
		capture, "/proc/40/task/41/stat",
		"41 (thread) S 1 0 0 0 -1 0 1 0 0 0 30 20 0 0 20 0 2 0 400 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 "
		"0 0 1 0 0\n");
	capture_process(capture, 42, 40, "grandchild", smaps);
	capture_file(capture, "/proc/42/pages", pages_by_place);
	capture_task(
		capture, 43, 42, "other", 'S', 0,
		"VmSize: 8000 kB\nVmData: 2000 kB\nVmStk: 132 kB\nVmExe: 100 kB\nVmLib: 1500 kB\n"
		"RssAnon: 1200 kB\nRssFile: 500 kB\nRssShmem: 300 kB\n");
}

/* Another digit for a digit, another letter for a letter; now and then, anything. */
static void change(char *c, u32 random)
{
	static const char letters[] = "acdefghilmnoprstwx[]()-: ";

	if (random % 16 == 0)
		*c = (char)(random >> 8);
	else if (*c >= '0' && *c <= '9')
		*c = (char)('0' + (random >> 8) % 10);
	else
		*c = letters[(random >> 8) % (sizeof(letters) - 1)];
}

int main(void)
{
	struct text capture, changed;
	u64 random = 0x9e3779b97f4a7c15ull;
	int round, refused = 0, whole = 0, broken = 0, silent = 0;
	struct twin_test t;

	make_capture(&capture);
	for (round = 0; round < ROUNDS; round++) {
		u64 n = 1 + draw(&random, 6);

		text_init(&changed);
		text_mem(&changed, capture.data, capture.length);
		while (round && n--) {
			u64 at = draw(&random, changed.length);

			change(&changed.data[at], draw(&random, UINT32_MAX));
		}
		if (!twin_open(&t, &changed)) {
			refused++;
			if (!strstr(t.said, "mmanfs") && !strstr(t.said, "capture:"))
				silent++;
		} else {
			whole++;
			broken += count_violations(t.f.m, "round %d", round) != 0;
		}
		twin_close(&t);
		text_free(&changed);
	}
	is_int(broken, 0, "%d twins of changed captures are sound, %d captures are refused", whole,
	       refused);
	is_int(silent, 0, "none of them without a word");
	cmp_int(whole, >, ROUNDS / 4, "many changes do not keep a twin from being made");
	text_free(&capture);
	return done_testing();
}
