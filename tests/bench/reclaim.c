/*
 * What reclaim costs, without a mount.
 * usage: reclaim time ROUNDS          a line for each round, "NAME NUMBER [NUMBER]":
 *                                     scanned, freed: millions of pages a second, swap-outs
 *                                     included size: ns per reclaimed page with 256 GiB, and with 1
 *                                     GiB
 *        reclaim count PAGES SETUP .. the process's mapping m is that many pages of a machine of 1
 *        GiB:
 *                                     give the commands, for callgrind
 *        reclaim oom                  256 GiB and 256 processes, until the first is killed:
 *                                     "big_seconds S", "big_resident GIB"
 *
 * A process writes to more memory than there is. What a fault costs while there is enough of it is
 * measured in the same round and taken off, the rest is reclaim: kswapd's and the process's own.
 */
#include "fs/journal.h"

#include <mman/boot.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MIB 256ul /* pages */

struct bench {
	struct machine *m;
	struct tree *tree;
	u64 at; /* pages of region m written to so far */
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

/* The next @pages of m are written to; ns that it took. */
static double write_more(struct bench *b, u64 pages)
{
	char text[64];
	double start;

	snprintf(text, sizeof(text), "write m %lluK %lluK", (unsigned long long)b->at * 4,
		 (unsigned long long)pages * 4);
	start = now_ns();
	if (command(b, "a", text) < 0)
		failed(b, text);
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

#define SMALL                                                                              \
	"[machine]\ncpus = 1\nmemory = 1G\n[disk]\nsize = 200G\n[swap vdb]\nsize = 128G\n" \
	"[cost]\ndisk_seek = 0\ndisk_page_write = 100\n"
#define LARGE                                                                                \
	"[machine]\ncpus = 1\nmemory = 256G\n[disk]\nsize = 200G\n[swap vdb]\nsize = 128G\n" \
	"[cost]\ndisk_seek = 0\ndisk_page_write = 100\n"

#define ROUND_PAGES (1024 * MIB)

/* Written to until memory is short, so that from here on each page costs another. */
static double fill(struct bench *b, u64 pages)
{
	double ns = write_more(b, pages) / (double)pages;

	while (!counts(b->m).freed)
		write_more(b, 16 * MIB);
	write_more(b, 64 * MIB);
	return ns;
}

/* ns of reclaim for each page that it freed, while memory is written to until it has freed
 * @pages */
static double reclaim_cost(struct bench *b, u64 pages, double fault_ns, struct counts *c)
{
	struct counts before = counts(b->m);
	u64 at = b->at;
	double ns = 0;

	do {
		ns += write_more(b, 64 * MIB);
		c->freed = counts(b->m).freed - before.freed;
	} while (c->freed < pages);
	c->scanned = counts(b->m).scanned - before.scanned;
	return (ns - fault_ns * (double)(b->at - at)) / (double)c->freed;
}

static void print_times(long rounds)
{
	struct bench small, large;
	double small_fault, large_fault, ns, of_large;
	struct counts c, of;

	boot(&small, SMALL);
	boot(&large, LARGE);
	make_mapping(&small, 100 * ROUND_PAGES);
	make_mapping(&large, 400 * ROUND_PAGES);
	small_fault = fill(&small, 768 * MIB);
	large_fault = fill(&large, 245ul * 1024 * MIB);
	while (rounds-- > 0) {
		ns = reclaim_cost(&small, ROUND_PAGES, small_fault, &c);
		printf("freed %.2f\nscanned %.2f\n", 1e3 / ns,
		       1e3 / ns * (double)c.scanned / (double)c.freed);
		/* kswapd of a large machine may free far more at a time than it was asked for */
		if (large.m->swap.used_pages < large.m->swap.total_pages / 3) {
			of_large = reclaim_cost(&large, ROUND_PAGES, large_fault, &of);
			printf("size %.1f %.1f\n", of_large, ns);
		}
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

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "time") && argc == 3)
		print_times(strtol(argv[2], NULL, 10));
	else if (!strcmp(what, "count") && argc > 2)
		count(argv + 2);
	else if (!strcmp(what, "oom") && argc == 2)
		run_until_killed();
	else
		errx(64, "usage: reclaim time ROUNDS | count PAGES COMMAND ... | oom");
	return 0;
}
