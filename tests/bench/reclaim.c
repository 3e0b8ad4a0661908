/*
 * What reclaim costs, without a mount.
 * usage: reclaim time ROUNDS
 *		a line for each round, "NAME NUMBER [NUMBER]":
 *		scanned, freed	millions of pages a second, swap-outs included, on 1 GiB
 *		size		ns per reclaimed page of 256 GiB, and of 1 GiB
 *        reclaim count PAGES COMMAND ...
 *		for callgrind: the process's mapping m is that many pages of a machine of 1 GiB;
 *		gives the commands
 *        reclaim cold small|large PAGES
 *		for callgrind with --instr-atstart=no: counts what it takes until 1 GiB or 256 GiB have
 *		freed that many pages that nobody used again, the faults that ask for them included
 *        reclaim oom
 *		256 GiB and 256 processes, until the first is killed: "big_seconds S", "big_resident GIB"
 *
 * A process writes to more memory than there is. What a fault costs while there is enough of it is
 * measured first and taken off, the rest is reclaim: kswapd's and the process's own.
 */
#include "tests/bench_machine.h"

#include <mman/machine.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_START_INSTRUMENTATION errx(69, "built without valgrind's headers")
#define CALLGRIND_STOP_INSTRUMENTATION
#define CALLGRIND_TOGGLE_COLLECT
#endif

#define MIB 256ul /* pages */

struct bench {
	struct bench_machine machine;
	struct machine *m;
	u64 at;		 /* pages of region m written to so far */
	double fault_ns; /* see fault_cost() */
};

/* A process "a" with a mapping m of @pages. */
static struct bench boot(const char *text, u64 pages)
{
	struct bench b = { .machine = bench_boot(text) };

	b.m = b.machine.m;
	bench_mkdir(&b.machine, "sim/procs", "a");
	bench_command(&b.machine, "a", "mmap m %lluK noreserve", (unsigned long long)pages * 4);
	return b;
}

/* VERB with @pages of m, from page @at on. */
static void of_mapping(struct bench *b, const char *verb, u64 at, u64 pages)
{
	bench_command(&b->machine, "a", "%s %lluK %lluK", verb, (unsigned long long)at * 4,
		      (unsigned long long)pages * 4);
}

/* The next @pages of m are written to; ns that it took. */
static double write_more(struct bench *b, u64 pages)
{
	double start = bench_cpu_ns();

	of_mapping(b, "write m", b->at, pages);
	b->at += pages;
	return bench_cpu_ns() - start;
}

struct counts {
	u64 scanned, freed;
};

static struct counts counts(const struct machine *m)
{
	return (struct counts){
		.scanned = m->vm_event[PGSCAN_KSWAPD] + m->vm_event[PGSCAN_DIRECT],
		.freed = m->vm_event[PGSTEAL_KSWAPD] + m->vm_event[PGSTEAL_DIRECT],
	};
}

/* ---- rates ---- */

#define MACHINE(memory)                                                               \
	"[machine]\ncpus = 1\nmemory = " memory "\n[disk]\nsize = 200G\n[swap vdb]\n" \
	"size = 128G\n[cost]\ndisk_seek = 0\ndisk_page_write = 100\n"
#define SMALL MACHINE("1G")
#define LARGE MACHINE("256G")
/* of each, so many pages are written to before memory gets short */
#define SMALL_FILL  (768 * MIB)
#define LARGE_FILL  (245ul * 1024 * MIB)
#define ROUND_PAGES (3072 * MIB)
#define MAPPING	    (1024ul * 1024 * MIB)

/*
 * ns of a fault while there is memory enough: the least of some stretches, each given back and
 * written to again, so that neither page structs nor page tables are new to this host.
 */
static double fault_cost(struct bench *b)
{
	const u64 stretch = 64 * MIB;
	double ns, least = 0;
	int i;

	for (i = 0; i < 9; i++) {
		b->at -= stretch;
		of_mapping(b, "madvise m dontneed", b->at, stretch);
		ns = write_more(b, stretch) / (double)stretch;
		if (i == 0 || ns < least)
			least = ns;
	}
	return least;
}

/*
 * Memory is written to until it is short, and on, so that afterwards each page costs another.
 * Returns the ns of a first look. All the pages were written to, and all are found used and kept
 * before the first is freed. On a large machine those that are freed from here on have had that look,
 * and what it cost has to be added; on a small one all have been replaced meanwhile.
 */
static double fill(struct bench *b, u64 pages)
{
	double ns = 0;
	u64 at;

	write_more(b, pages);
	b->fault_ns = fault_cost(b);
	while (!counts(b->m).scanned)
		write_more(b, 16 * MIB);
	for (at = b->at; counts(b->m).freed < ROUND_PAGES;)
		ns += write_more(b, 64 * MIB);
	ns -= b->fault_ns * (double)(b->at - at);
	return ns / (double)counts(b->m).scanned;
}

/* ns of reclaim for each page that it freed, while memory is written to until it has freed
 * enough for a round */
static double reclaim_cost(struct bench *b, struct counts *c)
{
	struct counts before = counts(b->m);
	u64 at = b->at;
	double ns = 0;

	do {
		ns += write_more(b, 64 * MIB);
		c->freed = counts(b->m).freed - before.freed;
	} while (c->freed < ROUND_PAGES);
	c->scanned = counts(b->m).scanned - before.scanned;
	return (ns - b->fault_ns * (double)(b->at - at)) / (double)c->freed;
}

static void print_times(long rounds)
{
	struct bench small = boot(SMALL, MAPPING), large = boot(LARGE, MAPPING);
	struct counts of_small, of_large;
	double ns, look_ns;

	fill(&small, SMALL_FILL);
	look_ns = fill(&large, LARGE_FILL);
	while (rounds-- > 0) {
		ns = reclaim_cost(&small, &of_small);
		printf("freed %.2f\nscanned %.2f\n", 1e3 / ns,
		       1e3 / ns * (double)of_small.scanned / (double)of_small.freed);
		printf("size %.1f %.1f\n", reclaim_cost(&large, &of_large) + look_ns, ns);
		fflush(stdout);
	}
}

/* ---- the first kill of a large machine ---- */

#define OOM_PROCESSES 256u

static void run_until_killed(void)
{
	double start = bench_wall_ns();
	struct bench_machine b = bench_boot("[machine]\ncpus = 8\nmemory = 256G\n");
	char name[16], path[64], text[64];
	u32 i, chunk;

	for (i = 0; i < OOM_PROCESSES; i++) {
		snprintf(name, sizeof(name), "p%u", i);
		bench_mkdir(&b, "sim/procs", name);
		bench_command(&b, name, "mmap m 4G noreserve");
	}
	/* all of them grow alike, 32 MiB at a time; whoever is killed fails */
	for (chunk = 0; !b.m->vm_event[OOM_KILL]; chunk++)
		for (i = 0; i < OOM_PROCESSES && !b.m->vm_event[OOM_KILL]; i++) {
			snprintf(path, sizeof(path), "sim/procs/p%u/ctl", i);
			snprintf(text, sizeof(text), "write m %uM 32M", chunk * 32);
			tree_write_file(b.tree, path, text, strlen(text));
		}
	printf("big_seconds %.2f\nbig_resident %.2f\n", (bench_wall_ns() - start) / 1e9,
	       (double)bench_resident() / (double)(1ul << 30));
}

/* ---- instructions ---- */

static void count(char **argv)
{
	struct bench b = boot(SMALL, strtoul(argv[0], NULL, 10));

	for (argv++; *argv; argv++)
		bench_command(&b.machine, "a", "%s", *argv);
	fprintf(stderr, "freed %llu scanned %llu\n", (unsigned long long)counts(b.m).freed,
		(unsigned long long)counts(b.m).scanned);
}

/* All that has been written to counts as unused from here on. */
static void make_cold(struct bench *b, u64 since)
{
	of_mapping(b, "madvise m cold", since, b->at - since);
}

static void count_cold(bool large, u64 pages)
{
	struct bench b = boot(large ? LARGE : SMALL, MAPPING);
	struct counts before;
	u64 at;

	write_more(&b, large ? LARGE_FILL : SMALL_FILL);
	for (make_cold(&b, 0); counts(b.m).freed < 64 * MIB; make_cold(&b, at)) {
		at = b.at;
		write_more(&b, 16 * MIB);
	}
	before = counts(b.m);
	at = b.at;
	CALLGRIND_START_INSTRUMENTATION;
	while (counts(b.m).freed - before.freed < pages) {
		write_more(&b, 16 * MIB);
		CALLGRIND_TOGGLE_COLLECT;
		make_cold(&b, b.at - 16 * MIB);
		CALLGRIND_TOGGLE_COLLECT;
	}
	CALLGRIND_STOP_INSTRUMENTATION;
	fprintf(stderr, "freed %llu written %llu\n",
		(unsigned long long)(counts(b.m).freed - before.freed),
		(unsigned long long)(b.at - at));
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "time") && argc == 3)
		print_times(strtol(argv[2], NULL, 10));
	else if (!strcmp(what, "count") && argc > 2)
		count(argv + 2);
	else if (!strcmp(what, "cold") && argc == 4)
		count_cold(!strcmp(argv[2], "large"), strtoul(argv[3], NULL, 10));
	else if (!strcmp(what, "oom") && argc == 2)
		run_until_killed();
	else
		errx(64,
		     "usage: reclaim time ROUNDS | count PAGES COMMAND ... | cold small|large PAGES | oom");
	return 0;
}
