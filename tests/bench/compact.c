/*
 * What compaction costs, without a mount.
 * usage: compact ROUNDS     a line for each round, "NAME SECONDS":
 *                           held: a zone of 16 GiB, half of it free, no two free pages side by
 *                           side, the other half held by `fragment`; written to compact_memory
 *                           mapped: the same, the other half being a process's anonymous memory
 *
 * Seconds of the processor: what else runs on this host does not count.
 */
#include "tests/bench_machine.h"

#include <mman/machine.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>

/* 3 GiB lie below 4 GiB: zone Normal has the rest */
#define MACHINE "[machine]\ncpus = 1\nmemory = 19G\ncmdline = transparent_hugepage=never\n"
#define LINES	1024u

static struct bench_machine boot(void)
{
	struct bench_machine b = bench_boot(MACHINE);

	bench_write(&b, "proc/sys/vm/compaction_proactiveness", "0");
	return b;
}

/*
 * Every second page of the region is given back: those in even frames, or the free scanner, which
 * looks at every second and fourth frame after a pageblock without free ones, would miss them all.
 */
static void punch(const struct bench_machine *b, u64 first, u64 pages)
{
	static char text[LINES * 48];
	u64 page = first;
	u32 i;

	while (page < pages) {
		char *p = text;

		for (i = 0; i < LINES && page < pages; i++, page += 2)
			p += sprintf(p, "madvise m dontneed %luK 4K\n", (unsigned long)page * 4);
		bench_write(b, "sim/procs/p/ctl", text);
	}
}

static void compact(struct bench_machine *b, const char *name)
{
	struct zone *z = &b->m->node[0].zones[ZONE_NORMAL];
	s32 before = unusable_free_index(z, PAGEBLOCK_ORDER), after;
	double start = bench_cpu_ns(), seconds;

	bench_write(b, "proc/sys/vm/compact_memory", "1");
	seconds = (bench_cpu_ns() - start) / 1e9;
	after = unusable_free_index(z, PAGEBLOCK_ORDER);
	if (before < 990 || after > 50)
		errx(1, "%s: the unusable index went from %d to %d thousandths", name, before,
		     after);
	printf("%s %.6f\n", name, seconds);
	fflush(stdout);
	bench_shut_down(b);
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 5;
	struct bench_machine b;

	for (; rounds > 0; rounds--) {
		b = boot();
		bench_write(&b, "sim/ctl", "fragment 0 Normal 1");
		compact(&b, "held");
		b = boot();
		bench_mkdir(&b, "sim/procs", "p");
		bench_command(&b, "p", "mmap m 16100M");
		bench_command(&b, "p", "write m");
		punch(&b, 1, 16100ull * 256);
		compact(&b, "mapped");
	}
	return 0;
}
