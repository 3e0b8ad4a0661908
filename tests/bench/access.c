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
#include "tests/bench_machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct bench_machine boot(const char *text)
{
	struct bench_machine b = bench_boot(text);

	bench_write(&b, "proc/sys/vm/nr_hugepages", "32");
	bench_mkdir(&b, "sim/procs", "a");
	bench_mkdir(&b, "sim/procs", "b");
	bench_command(&b, "a", "mmap m 256M");
	bench_command(&b, "a", "write m");
	return b;
}

static const char *only; /* the one to be measured; NULL: all */

static void measure(const struct bench_machine *b, const char *name, const char *pattern,
		    unsigned long pages, unsigned long count, const char *rest)
{
	double start;

	if (only && strcmp(only, name) != 0)
		return;
	start = bench_cpu_ns();
	bench_command(b, strstr(name, "huge") ? "b" : "a", "access m %s %lu%s 0 %luK", pattern,
		      count, rest, pages * 4);
	printf("%s %.2f\n", name, (double)count / (bench_cpu_ns() - start) * 1e3);
}

int main(int argc, char **argv)
{
	const char *plain = "[machine]\nmemory = 1G\n",
		   *without = "[machine]\nmemory = 1G\n[tlb]\nl1d_4k = 0\nl2_4k = 0\n";
	struct bench_machine with_tlb = boot(plain), no_tlb = boot(without);
	int round, rounds = argc > 1 ? atoi(argv[1]) : 7;

	only = argc > 2 ? argv[2] : NULL;
	bench_command(&with_tlb, "b", "mmap m 64M hugetlb");
	bench_command(&with_tlb, "b", "write m");
	for (round = 0; round < rounds; round++) {
		measure(&with_tlb, "tlb_hits", "seq", 32, 20000000, "");
		measure(&with_tlb, "tlb_hits_random", "uniform", 32, 20000000, "");
		measure(&with_tlb, "tlb_hits_write", "seq", 32, 20000000, " write=100");
		measure(&with_tlb, "tlb_hits_huge", "uniform", 16384, 20000000, "");
		measure(&with_tlb, "tlb_hits_l2", "uniform", 1024, 10000000, "");
		measure(&no_tlb, "page_walks", "uniform", 4096, 10000000, "");
		measure(&with_tlb, "page_walks_tlb", "seq", 8192, 10000000, "");
		measure(&with_tlb, "page_walks_far", "uniform", 65536, 10000000, "");
		measure(&with_tlb, "page_walks_random", "random", 65536, 10000000, "");
	}
	bench_shut_down(&with_tlb);
	bench_shut_down(&no_tlb);
	return 0;
}
