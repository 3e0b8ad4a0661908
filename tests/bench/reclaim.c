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
#include "fs/journal.h"

#include <mman/boot.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_START_INSTRUMENTATION errx(69, "built without valgrind's headers")
#define CALLGRIND_STOP_INSTRUMENTATION
#define CALLGRIND_TOGGLE_COLLECT
#endif

#define MIB 256ul /* pages */

struct bench {
	struct machine *m;
	struct tree *tree;
	u64 at;		 /* pages of region m written to so far */
	double fault_ns; /* see fault_cost() */
};

static const struct caller root;

static double ns_of(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Of the processor: what else runs on this host does not count. */
static double now_ns(void)
{
	return ns_of(CLOCK_PROCESS_CPUTIME_ID);
}

static void boot(struct bench *b, const char *text)
{
	struct machine_source source = { .name = strdup("bench"),
					 .machine = strdup(text),
					 .cmdline = strdup("") };

	b->m = machine_source_boot(&source, stderr);
	b->tree = b->m ? tree_create(b->m) : NULL;
	if (!b->tree)
		errx(1, "no machine");
	b->at = 0;
	tree_write_file(b->tree, "sim/clock", "pause", 5);
	tree_write_file(b->tree, "sys/kernel/mm/transparent_hugepage/enabled", "never", 5);
	machine_source_free(&source);
}

static void make_process(struct bench *b, const char *name)
{
	u64 procs, ino;

	if (tree_walk(b->tree, &root, "sim/procs", &procs) ||
	    tree_mkdir(b->tree, &root, procs, name, &ino))
		errx(1, "no process %s", name);
}

/* Bytes taken, or -errno. */
static ssize_t command(struct bench *b, const char *process, const char *text)
{
	char path[64];

	snprintf(path, sizeof(path), "sim/procs/%s/ctl", process);
	return tree_write_file(b->tree, path, text, strlen(text));
}

/* A process "a" with a mapping m of @pages. */
static void make_mapping(struct bench *b, u64 pages)
{
	char text[64];

	make_process(b, "a");
	snprintf(text, sizeof(text), "mmap m %lluK noreserve", (unsigned long long)pages * 4);
	if (command(b, "a", text) < 0)
		errx(1, "'%s' failed", text);
}

/* What the machine's log says at the end. */
static void failed(const struct bench *b, const char *what)
{
	const struct log_ring *log = &b->m->kmsg;
	char text[LOG_LINE_MAX];
	u64 seq = log->next_seq > 40 ? log->next_seq - 40 : 0, time;
	int level;

	for (; seq < log->next_seq; seq++)
		if (log_read(log, &seq, &time, &level, text, sizeof(text)) >= 0)
			fprintf(stderr, "%s\n", text);
	errx(1, "'%s' failed", what);
}

/* VERB with @pages of m, from page @at on. */
static void of_mapping(struct bench *b, const char *verb, u64 at, u64 pages)
{
	char text[64];

	snprintf(text, sizeof(text), "%s %lluK %lluK", verb, (unsigned long long)at * 4,
		 (unsigned long long)pages * 4);
	if (command(b, "a", text) < 0)
		failed(b, text);
}

/* The next @pages of m are written to; ns that it took. */
static double write_more(struct bench *b, u64 pages)
{
	double start = now_ns();

	of_mapping(b, "write m", b->at, pages);
	b->at += pages;
	return now_ns() - start;
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
	struct bench small, large;
	struct counts of_small, of_large;
	double ns, look_ns;

	boot(&small, SMALL);
	boot(&large, LARGE);
	make_mapping(&small, 100 * ROUND_PAGES);
	make_mapping(&large, 400 * ROUND_PAGES);
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
	struct bench b;
	double start = ns_of(CLOCK_MONOTONIC);
	unsigned long total, resident = 0;
	char name[16];
	u32 i, chunk;
	FILE *f;

	boot(&b, "[machine]\ncpus = 8\nmemory = 256G\n");
	for (i = 0; i < OOM_PROCESSES; i++) {
		snprintf(name, sizeof(name), "p%u", i);
		make_process(&b, name);
		if (command(&b, name, "mmap m 4G noreserve") < 0)
			errx(1, "no memory for %s", name);
	}
	/* all of them grow alike, 32 MiB at a time */
	for (chunk = 0; !b.m->vm_event[OOM_KILL]; chunk++)
		for (i = 0; i < OOM_PROCESSES && !b.m->vm_event[OOM_KILL]; i++) {
			char text[64];

			snprintf(name, sizeof(name), "p%u", i);
			snprintf(text, sizeof(text), "write m %uM 32M", chunk * 32);
			command(&b, name, text);
		}
	f = fopen("/proc/self/statm", "r");
	if (!f || fscanf(f, "%lu %lu", &total, &resident) != 2)
		errx(1, "statm");
	fclose(f);
	printf("big_seconds %.2f\nbig_resident %.2f\n", (ns_of(CLOCK_MONOTONIC) - start) / 1e9,
	       (double)resident * (double)sysconf(_SC_PAGESIZE) / (double)(1ul << 30));
}

/* ---- instructions ---- */

static void count(char **argv)
{
	struct bench b;

	boot(&b, SMALL);
	make_mapping(&b, strtoul(argv[0], NULL, 10));
	for (argv++; *argv; argv++)
		command(&b, "a", *argv);
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
	struct counts before;
	struct bench b;
	u64 at;

	boot(&b, large ? LARGE : SMALL);
	make_mapping(&b, 400 * ROUND_PAGES);
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
