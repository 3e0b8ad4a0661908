/*
 * Early memory: stretches merge and split as they must, and allocations come from the top.
 */
#include "mm/memblock.h"
#include "tests/draw.h"
#include "tests/tap.h"

#include <mman/machine.h>

#include <stdlib.h>
#include <string.h>

#define MiB ((u64)1 << 20)

static u64 reserved_bytes(const struct memblock *mb)
{
	return memblock_bytes(&mb->reserved, 0, UINT64_MAX);
}

static void test_regions(void)
{
	struct memblock mb = { 0 };

	memblock_add(&mb, 0, 64 * MiB, 0);
	memblock_add(&mb, 64 * MiB, 64 * MiB, 0);
	is_int(mb.memory.nr, 1, "neighbours of one node are one stretch");
	memblock_add(&mb, 128 * MiB, 64 * MiB, 1);
	is_int(mb.memory.nr, 2, "another node begins another stretch");
	memblock_add(&mb, 32 * MiB, 64 * MiB, 1);
	is_int(mb.memory.nr, 4, "a part given to another node splits what was there");
	is_int(memblock_bytes(&mb.memory, 0, UINT64_MAX), 192 * MiB, "and the sum stays");
	memblock_remove(&mb, 16 * MiB, 160 * MiB);
	is_int(memblock_bytes(&mb.memory, 0, UINT64_MAX), 32 * MiB, "what is removed is gone");
	is_int(mb.memory.nr, 2, "whole stretches with it");
	memblock_destroy(&mb);
}

static void test_top_down(void)
{
	struct memblock mb = { 0 };

	memblock_add(&mb, 0, 64 * MiB, 0);
	memblock_add(&mb, 64 * MiB, 64 * MiB, 1);
	is_hex(memblock_alloc(&mb, PAGE_SIZE, PAGE_SIZE, 0, 0, MEMBLOCK_ANY_NODE),
	       128 * MiB - PAGE_SIZE, "the highest page goes first");
	is_hex(memblock_alloc(&mb, 100, 64, 0, 0, MEMBLOCK_ANY_NODE), 128 * MiB - PAGE_SIZE - 128,
	       "then what fits below it, aligned");
	is_hex(memblock_alloc(&mb, 2 * MiB, 2 * MiB, 0, 0, MEMBLOCK_ANY_NODE), 124 * MiB,
	       "a large alignment leaves a gap");
	is_hex(memblock_alloc(&mb, PAGE_SIZE, PAGE_SIZE, 0, 0, MEMBLOCK_ANY_NODE),
	       128 * MiB - 3 * PAGE_SIZE, "which the next small one fills");
	is_hex(memblock_alloc(&mb, MiB, PAGE_SIZE, 0, 0, 0), 63 * MiB,
	       "a node's memory if it is asked for");
	is_hex(memblock_alloc(&mb, MiB, PAGE_SIZE, 0, 32 * MiB, MEMBLOCK_ANY_NODE), 31 * MiB,
	       "or memory below an address");
	is_hex(memblock_alloc(&mb, 63 * MiB, PAGE_SIZE, 0, 0, 1), 0,
	       "what fits nowhere is refused");
	is_hex(memblock_alloc_exact(&mb, MiB, PAGE_SIZE, 200 * MiB, 0, 0), 0,
	       "an exact request does not look elsewhere");
	is_hex(memblock_alloc(&mb, MiB, PAGE_SIZE, 200 * MiB, 0, 0), 62 * MiB,
	       "another one does, on its node first");
	mb.limit = 16 * MiB;
	is_hex(memblock_alloc(&mb, MiB, MiB, 0, 0, MEMBLOCK_ANY_NODE), 15 * MiB,
	       "a limit holds for all");
	memblock_destroy(&mb);
}

static void test_free_walk(void)
{
	struct memblock mb = { 0 };
	struct memblock_region r;
	u64 at = 0, sum = 0;
	int n = 0;

	memblock_add(&mb, 0, 64 * MiB, 0);
	memblock_add(&mb, 96 * MiB, 32 * MiB, 1);
	memblock_reserve(&mb, 0, MiB);
	memblock_reserve(&mb, 10 * MiB, MiB);
	memblock_reserve(&mb, 60 * MiB, 40 * MiB); /* across the hole */
	memblock_free(&mb, 10 * MiB + 512, 512);
	while (memblock_next_free(&mb, at, &r)) {
		sum += r.end - r.start;
		at = r.end;
		n++;
	}
	is_int(n, 4, "the walk finds every free stretch");
	is_int(sum, 128 * MiB - 32 * MiB - 2 * MiB - 4 * MiB - 4 * MiB + 512, "and all of each");
	memblock_destroy(&mb);
}

/* Random reservations against a map of pages. */
static void test_against_map(void)
{
	enum { PAGES = 512, STEPS = 20000 };
	static bool taken[PAGES];
	struct memblock mb = { 0 };
	u64 seed = 42, wrong = 0, count = 0;
	int i, j;

	memblock_add(&mb, PAGE_SIZE, (PAGES - 1) * PAGE_SIZE, 0);
	for (i = 0; i < STEPS; i++) {
		u64 start = 1 + draw(&seed, PAGES - 16), size = 1 + draw(&seed, 15), at;

		if (draw(&seed, 16) < 6) {
			memblock_reserve(&mb, start * PAGE_SIZE, size * PAGE_SIZE);
			memset(&taken[start], true, size);
		} else {
			memblock_free(&mb, start * PAGE_SIZE, size * PAGE_SIZE);
			memset(&taken[start], false, size);
		}
		at = memblock_find(&mb, size * PAGE_SIZE, PAGE_SIZE, 0, 0, 0) / PAGE_SIZE;
		for (j = PAGES - (int)size; j > 0; j--)
			if (!memchr(&taken[j], 1, size))
				break;
		wrong += at != (u64)(j > 0 ? j : 0);
	}
	for (j = 1; j < PAGES; j++)
		count += taken[j];
	is_int(wrong, 0, "20,000 random steps: the highest fit is the one a map of pages gives");
	is_int(reserved_bytes(&mb), count * PAGE_SIZE, "and as much is reserved");
	ok(!mb.failed, "the host had memory for the lists");
	memblock_destroy(&mb);
}

int main(void)
{
	test_regions();
	test_top_down();
	test_free_walk();
	test_against_map();
	return done_testing();
}
