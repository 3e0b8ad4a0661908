/*
 * Faults of the engine against faults of this host, in one process and one thread.
 * usage: fault time          "NAME ENGINE-NS HOST-NS" per page, the best of several rounds each
 *        fault memory        bytes of host memory per resident simulated page
 *        fault count PAGES   only writes that many pages: for callgrind, which counts instructions
 *
 * The engine's side is whole commands of sim/procs/NAME/ctl, from the text to the reply.
 */
#include "fs/journal.h"

#include <mman/boot.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGES  262144ul /* 1 GiB */
#define ROUNDS 5

struct times {
	double order, random, unmap; /* ns per page */
};

static struct tree *tree;

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void keep_best(double *best, double value)
{
	if (*best == 0 || value < *best)
		*best = value;
}

/* --- The engine --- */

static void command(const char *format, unsigned long pages)
{
	char text[128];

	snprintf(text, sizeof(text), format, pages);
	if (tree_write_file(tree, "sim/procs/a/ctl", text, strlen(text)) < 0)
		errx(1, "'%s' failed", text);
}

static void boot(void)
{
	static const struct caller root;
	struct machine_source source = { .name = strdup("laptop"), .cmdline = strdup("") };
	struct machine *m;
	u64 procs, ino;

	source.machine = strdup(preset_text("laptop"));
	m = machine_source_boot(&source, stderr);
	if (!m || !(tree = tree_create(m)))
		errx(1, "no machine");
	tree_write_file(tree, "sim/clock", "pause", 5);
	/* as on the host's side below: 4 KiB pages */
	tree_write_file(tree, "sys/kernel/mm/transparent_hugepage/enabled", "never", 5);
	if (tree_walk(tree, &root, "sim/procs", &procs) ||
	    tree_mkdir(tree, &root, procs, "a", &ino))
		errx(1, "no process");
	machine_source_free(&source);
}

static void engine_round(struct times *best)
{
	double start;

	command("mmap m %luK", PAGES * 4);
	start = now_ns();
	command("write m", 0);
	keep_best(&best->order, (now_ns() - start) / PAGES);
	start = now_ns();
	command("munmap m", 0);
	keep_best(&best->unmap, (now_ns() - start) / PAGES);

	command("mmap m %luK", PAGES * 4);
	start = now_ns();
	command("access m random %lu write=100", PAGES);
	keep_best(&best->random, (now_ns() - start) / PAGES);
	command("munmap m", 0);
}

/* --- The host --- */

static char *host_map(void)
{
	char *p = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0);

	if (p == MAP_FAILED)
		err(1, "mmap");
	madvise(p, PAGES * 4096, MADV_NOHUGEPAGE);
	return p;
}

static void host_round(struct times *best, const unsigned int *order)
{
	char *p = host_map();
	double start = now_ns();
	unsigned long i;

	for (i = 0; i < PAGES; i++)
		p[i * 4096] = 1;
	keep_best(&best->order, (now_ns() - start) / PAGES);
	start = now_ns();
	munmap(p, PAGES * 4096);
	keep_best(&best->unmap, (now_ns() - start) / PAGES);

	p = host_map();
	start = now_ns();
	for (i = 0; i < PAGES; i++)
		p[(unsigned long)order[i] * 4096] = 1;
	keep_best(&best->random, (now_ns() - start) / PAGES);
	munmap(p, PAGES * 4096);
}

static unsigned int *random_order(void)
{
	unsigned int *order = malloc(PAGES * sizeof(*order)), i, k, swap;

	if (!order)
		err(1, "malloc");
	srandom(1);
	for (i = 0; i < PAGES; i++)
		order[i] = i;
	for (i = PAGES - 1; i; i--) {
		k = (unsigned int)random() % (i + 1);
		swap = order[i];
		order[i] = order[k];
		order[k] = swap;
	}
	return order;
}

static void print_times(void)
{
	struct times engine = { 0 }, host = { 0 };
	unsigned int *order = random_order();
	int i;

	for (i = 0; i < ROUNDS; i++) {
		engine_round(&engine);
		host_round(&host, order);
	}
	free(order);
	printf("order %.1f %.1f\nrandom %.1f %.1f\nunmap %.1f %.1f\n", engine.order, host.order,
	       engine.random, host.random, engine.unmap, host.unmap);
}

static unsigned long resident_bytes(void)
{
	unsigned long total, resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f || fscanf(f, "%lu %lu", &total, &resident) != 2)
		errx(1, "statm");
	fclose(f);
	return resident * (unsigned long)sysconf(_SC_PAGESIZE);
}

int main(int argc, char **argv)
{
	unsigned long before;

	if (argc < 2)
		errx(64, "usage: fault time|memory|count PAGES");
	boot();
	if (!strcmp(argv[1], "time")) {
		print_times();
	} else if (!strcmp(argv[1], "memory")) {
		/* what the first mapping ever costs is no matter of pages */
		command("mmap first %luK", 4);
		command("write first", 0);
		before = resident_bytes();
		command("mmap m %luK", PAGES * 4);
		printf("untouched %.3f\n", (double)(resident_bytes() - before) / PAGES);
		command("write m", 0);
		printf("resident %.2f\n", (double)(resident_bytes() - before) / PAGES);
	} else {
		command("mmap m %luK", strtoul(argv[2], NULL, 10) * 4);
		command("write m", 0);
	}
	return 0;
}
