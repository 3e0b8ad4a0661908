/*
 * Loads and stores of resident memory, through the model of the TLB: millions a second of the CPU
 * time of this process.
 * usage: access ROUNDS [NAME]       a line for each round and kind, or that kind alone: "NAME MILLION-A-SECOND"
 *
 *	tlb_hits	`access m seq N` of 32 pages: the first level of the TLB has them all
 *	tlb_hits_random	the same, uniform
 *	tlb_hits_huge	uniform over 64 MiB in huge pages of 2 MiB, which the first level has all
 *	tlb_hits_l2	uniform over 1024 pages: mostly the second level
 *	tlb_hits_write	seq over 32 pages, all stores
 *	page_walks	uniform over 4096 pages without a TLB (l1d_4k = l2_4k = 0): each walks
 *	page_walks_tlb	seq over 8192 pages with one: each misses it, walks, and replaces an entry
 *	page_walks_far	uniform over 65536 pages (256 MiB) with a TLB: nearly all walk
 *	page_walks_random	the same pages, each once in each round, in a seeded order
 */
#include "fs/journal.h"

#include <mman/boot.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct tree *boot(const char *text)
{
	static const struct caller root;
	struct machine_source source = { .name = strdup("bench"), .cmdline = strdup("") };
	struct machine *m;
	struct tree *tree;
	u64 procs, ino;

	source.machine = strdup(text);
	m = machine_source_boot(&source, stderr);
	if (!m || !(tree = tree_create(m)))
		errx(1, "no machine");
	tree_write_file(tree, "sim/clock", "pause", 5);
	tree_write_file(tree, "proc/sys/vm/nr_hugepages", "32", 2);
	if (tree_walk(tree, &root, "sim/procs", &procs) ||
	    tree_mkdir(tree, &root, procs, "a", &ino) || tree_mkdir(tree, &root, procs, "b", &ino))
		errx(1, "no process");
	machine_source_free(&source);
	return tree;
}

static void tell(struct tree *tree, const char *process, const char *text)
{
	char path[64];

	snprintf(path, sizeof(path), "sim/procs/%s/ctl", process);
	if (tree_write_file(tree, path, text, strlen(text)) < 0)
		errx(1, "'%s' failed", text);
}

static void command(struct tree *tree, const char *text)
{
	tell(tree, "a", text);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static const char *only; /* the one to be measured; NULL: all */

static void measure(struct tree *tree, const char *name, const char *pattern, unsigned long pages,
		    unsigned long count, const char *rest)
{
	char text[128];
	double start;

	if (only && strcmp(only, name) != 0)
		return;
	snprintf(text, sizeof(text), "access m %s %lu%s 0 %luK", pattern, count, rest, pages * 4);
	start = now();
	tell(tree, strstr(name, "huge") ? "b" : "a", text);
	printf("%s %.2f\n", name, (double)count / (now() - start) / 1e6);
}

int main(int argc, char **argv)
{
	const char *plain = "[machine]\nmemory = 1G\n",
		   *without = "[machine]\nmemory = 1G\n[tlb]\nl1d_4k = 0\nl2_4k = 0\n";
	struct tree *with_tlb = boot(plain), *no_tlb = boot(without);
	int round, rounds = argc > 1 ? atoi(argv[1]) : 7;

	only = argc > 2 ? argv[2] : NULL;
	command(with_tlb, "mmap m 256M");
	command(with_tlb, "write m");
	command(no_tlb, "mmap m 256M");
	command(no_tlb, "write m");
	tell(with_tlb, "b", "mmap m 64M hugetlb");
	tell(with_tlb, "b", "write m");
	for (round = 0; round < rounds; round++) {
		measure(with_tlb, "tlb_hits", "seq", 32, 20000000, "");
		measure(with_tlb, "tlb_hits_random", "uniform", 32, 20000000, "");
		measure(with_tlb, "tlb_hits_write", "seq", 32, 20000000, " write=100");
		measure(with_tlb, "tlb_hits_huge", "uniform", 16384, 20000000, "");
		measure(with_tlb, "tlb_hits_l2", "uniform", 1024, 10000000, "");
		measure(no_tlb, "page_walks", "uniform", 4096, 10000000, "");
		measure(with_tlb, "page_walks_tlb", "seq", 8192, 10000000, "");
		measure(with_tlb, "page_walks_far", "uniform", 65536, 10000000, "");
		measure(with_tlb, "page_walks_random", "random", 65536, 10000000, "");
	}
	tree_destroy(with_tlb);
	tree_destroy(no_tlb);
	return 0;
}
