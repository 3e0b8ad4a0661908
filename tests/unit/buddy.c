/*
 * The free lists of a zone: split, merge, fall back, steal, reserve.
 */
#include "mm/page_alloc.h"
#include "tests/bare.h"
#include "tests/sound.h"
#include "tests/tap.h"

#include <stdlib.h>
#include <string.h>

#define SMALL "[machine]\ncpus = 1\nmemory = 256M\n"

static struct free_area *area(struct zone *z, unsigned int order)
{
	return &z->free_area[order];
}

static pfn_t take(struct machine *m, struct zone *z, unsigned int order, enum migratetype type)
{
	pfn_t pfn = rmqueue_buddy(m, z, order, type, 0);

	if (pfn != PFN_NONE)
		pfn_to_page(m, pfn)->order = order & 15u;
	return pfn;
}

static void give(struct machine *m, struct zone *z, pfn_t pfn, unsigned int order)
{
	clear_page_flags(m, pfn, order);
	free_one_page(m, z, pfn, order, get_pageblock_migratetype(m, pfn), FREE_NORMAL);
}

/* Take every free block of a zone below the highest order, so that a test starts from whole
 * blocks. */
static void take_small_blocks(struct machine *m, struct zone *z)
{
	unsigned int order, type;

	drain_pages(m, -1);
	for (order = 0; order < MAX_ORDER - 1; order++)
		for (type = 0; type < MIGRATE_PCPTYPES; type++)
			while (area(z, order)->nr_free_type[type])
				if (take(m, z, order, (enum migratetype)type) == PFN_NONE)
					bail_out("a counted block is not there");
}

/*
 *	|                        order 10                        |
 *	| 0 | 0 |  1  |    2    |  ...  |           9            |
 *	  ^ taken
 */
static void test_split_and_merge(void)
{
	struct machine *m = bare_machine(SMALL);
	struct zone *z = zone_of(m, 0, ZONE_DMA32);
	u64 blocks, untouched;
	unsigned int order;
	bool one_each = true;
	s64 free;
	pfn_t pfn;

	take_small_blocks(m, z);
	blocks = area(z, 10)->nr_free;
	untouched = z->untouched_pages;
	free = z->vm_stat[NR_FREE_PAGES];
	pfn = take(m, z, 0, MIGRATE_MOVABLE);
	is_int(pfn % MAX_ORDER_NR_PAGES, 0, "the lowest page of a block is taken");
	for (order = 0; order < 10; order++)
		one_each &= area(z, order)->nr_free_type[MIGRATE_MOVABLE] == 1;
	ok(one_each, "what is left of a 4 MiB block is one block of each smaller order");
	is_int(area(z, 10)->nr_free, blocks - 1, "and one large block less");
	is_int(z->vm_stat[NR_FREE_PAGES], free - 1, "one page less is free");
	ok(page_exists(m, pfn), "the page has a struct page now");
	cmp_int(z->untouched_pages, >=, untouched - MAX_ORDER_NR_PAGES,
		"at most one block was touched for it");
	is_int(page_zone(m, pfn_to_page(m, pfn))->type, ZONE_DMA32,
	       "its struct page knows the zone");

	give(m, z, pfn, 0);
	for (order = 0; order < 10; order++)
		one_each &= area(z, order)->nr_free == 0;
	ok(one_each, "freed, it merges with its buddies up to the highest order");
	is_int(area(z, 10)->nr_free, blocks, "so that there are as many large blocks as before");
	is_int(z->vm_stat[NR_FREE_PAGES], free, "and as many free pages");
	is_int(take(m, z, 10, MIGRATE_MOVABLE), pfn,
	       "a merged block is taken before untouched ones");
	machine_destroy(m);
}

static bool same_free_lists(struct machine *a, struct zone *za, struct machine *b, struct zone *zb)
{
	unsigned int order, type;
	bool same = true;

	for (order = 0; order < MAX_ORDER; order++)
		for (type = 0; type < MIGRATE_TYPES; type++) {
			pfn_t pa = area(za, order)->list[type].head,
			      pb = area(zb, order)->list[type].head;

			for (; pa != PFN_NONE && pa == pb; pb = pfn_to_page(b, pb)->next)
				pa = pfn_to_page(a, pa)->next;
			same &= pa == pb;
		}
	return same;
}

/* Refills take a block apart in one go; the outcome must be that of single allocations. */
static void test_bulk_equals_singles(void)
{
	struct machine *a = bare_machine(SMALL), *b = bare_machine(SMALL);
	struct zone *za = zone_of(a, 0, ZONE_DMA32), *zb = zone_of(b, 0, ZONE_DMA32);
	static const struct {
		u32 count;
		unsigned int order;
		enum migratetype type;
	} steps[] = {
		{ 63, 0, MIGRATE_MOVABLE },	{ 5, 3, MIGRATE_UNMOVABLE },
		{ 31, 1, MIGRATE_MOVABLE },	{ 1000, 0, MIGRATE_RECLAIMABLE },
		{ 2, 9, MIGRATE_MOVABLE },	{ 7, 2, MIGRATE_UNMOVABLE },
		{ 4000, 0, MIGRATE_UNMOVABLE },
	};
	bool same_pages = true, same_lists;
	unsigned int i;
	u32 n, got;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		struct page_list list;
		pfn_t pfn;

		page_list_init(&list);
		got = rmqueue_bulk(a, za, steps[i].order, steps[i].type, steps[i].count, 0, &list);
		same_pages &= got == steps[i].count;
		for (n = 0, pfn = list.head; n < got; n++, pfn = pfn_to_page(a, pfn)->next)
			same_pages &= pfn == take(b, zb, steps[i].order, steps[i].type);
	}
	same_lists = same_free_lists(a, za, b, zb);
	ok(same_pages,
	   "a bulk refill yields the pages that single allocations would, in their order");
	ok(same_lists, "and leaves the same free lists");
	ok(!memcmp(za->nr_pageblocks, zb->nr_pageblocks, sizeof(za->nr_pageblocks)),
	   "and the same types of pageblocks");
	is_int(za->vm_stat[NR_FREE_PAGES], zb->vm_stat[NR_FREE_PAGES], "and as many free pages");
	machine_destroy(a);
	machine_destroy(b);
}

/* A CPU gives pages back by the block where it can; the outcome must be that of single pages. */
static void test_give_back_equals_singles(void)
{
	struct machine *a = bare_machine(SMALL), *b = bare_machine(SMALL);
	struct zone *za = zone_of(a, 0, ZONE_DMA32), *zb = zone_of(b, 0, ZONE_DMA32);
	struct per_cpu_pages *pcp = pool_at(&a->pagesets, za->pageset);
	static pfn_t pages[6000];
	u32 i, pattern, from;
	bool same = true;

	drain_pages(a, -1);
	drain_pages(b, -1);
	pcp->high = 100000;
	for (pattern = 0; pattern < 3; pattern++) {
		for (i = 0; i < ARRAY_SIZE(pages); i++) {
			pages[i] = take(a, za, 0, MIGRATE_MOVABLE);
			same &= pages[i] == take(b, zb, 0, MIGRATE_MOVABLE);
		}
		/* in order; backwards; in strides of 11 */
		for (i = 0; i < ARRAY_SIZE(pages); i++) {
			from = pattern == 0 ? i :
			       pattern == 1 ? (u32)ARRAY_SIZE(pages) - 1 - i :
					      (u32)(i * 11ull % 5999);
			if (pattern == 2 && i == 5999)
				from = 5999;
			free_pages(a, pages[from], 0);
			give(b, zb, pages[from], 0);
		}
		drain_pages(a, -1);
		same &= same_free_lists(a, za, b, zb);
	}
	ok(same, "pages given back in blocks leave the free lists that single pages would");
	is_sound(a, "after that");
	machine_destroy(a);
	machine_destroy(b);
}

static void test_fallback_takes_largest(void)
{
	struct machine *m = bare_machine(SMALL);
	struct zone *z = zone_of(m, 0, ZONE_DMA32);
	u64 unmovable, high;
	pfn_t pfn;

	take_small_blocks(m, z);
	unmovable = z->nr_pageblocks[MIGRATE_UNMOVABLE];
	z->watermark_boost = 0;
	pfn = take(m, z, 0, MIGRATE_UNMOVABLE);
	is_int(get_pageblock_migratetype(m, pfn), MIGRATE_UNMOVABLE,
	       "a stolen pageblock changes its type");
	is_int(z->nr_pageblocks[MIGRATE_UNMOVABLE], unmovable + 2,
	       "a fallback takes the largest block, two pageblocks");
	is_int(area(z, 9)->nr_free_type[MIGRATE_UNMOVABLE], 1,
	       "and what it does not use is of its own type");
	is_int(z->watermark_boost, 0, "whole pageblocks do not mix types: no boost");

	/* All whole pageblocks gone, half of one movable pageblock free: the other half is in
	 * use. */
	while (area(z, 10)->nr_free || area(z, 9)->nr_free)
		pfn = take(m, z, area(z, 9)->nr_free ? 9 : 10, MIGRATE_MOVABLE);
	take_small_blocks(m, z);
	set_pageblock_migratetype(m, pfn, MIGRATE_MOVABLE);
	give(m, z, pfn + 256, 8);
	unmovable = z->nr_pageblocks[MIGRATE_UNMOVABLE];
	high = z->watermark[WMARK_HIGH];
	is_int(rmqueue_buddy(m, z, 0, MIGRATE_UNMOVABLE, ALLOC_NOFRAGMENT), PFN_NONE,
	       "ALLOC_NOFRAGMENT refuses to cut another type's pageblock");
	is_int(rmqueue_buddy(m, z, 0, MIGRATE_UNMOVABLE, ALLOC_KSWAPD), pfn + 256,
	       "else it is cut");
	is_int(z->nr_pageblocks[MIGRATE_UNMOVABLE], unmovable + 1,
	       "half of it free is enough to take it over");
	is_int(z->watermark_boost,
	       min_t(u64, PAGEBLOCK_NR_PAGES, max_t(u64, PAGEBLOCK_NR_PAGES, high * 15000 / 10000)),
	       "types were mixed: the watermarks are boosted by a pageblock");
	ok(z->boosted, "and kswapd is to hear of it");
	machine_destroy(m);
}

/* A movable request must not take over a pageblock for a small block: it takes the smallest
 * instead. */
static void test_movable_fallback_takes_smallest(void)
{
	struct machine *m = bare_machine(SMALL);
	struct zone *z = zone_of(m, 0, ZONE_DMA32);
	u64 unmovable;
	pfn_t pfn;

	take_small_blocks(m, z);
	pfn = take(m, z, 9, MIGRATE_UNMOVABLE);
	while (area(z, 10)->nr_free || area(z, 9)->nr_free)
		take(m, z, area(z, 9)->nr_free ? 9 : 10, MIGRATE_UNMOVABLE);
	give(m, z, pfn + 8, 3);
	give(m, z, pfn + 32, 1);
	unmovable = z->nr_pageblocks[MIGRATE_UNMOVABLE];
	is_int(take(m, z, 0, MIGRATE_MOVABLE), pfn + 32,
	       "a movable page comes from the smallest block");
	is_int(area(z, 0)->nr_free_type[MIGRATE_MOVABLE], 1, "whose rest is movable now");
	is_int(area(z, 3)->nr_free_type[MIGRATE_UNMOVABLE], 1, "the larger block is left alone");
	is_int(z->nr_pageblocks[MIGRATE_UNMOVABLE], unmovable, "and so is the pageblock's type");
	machine_destroy(m);
}

static void test_zones_do_not_merge(void)
{
	struct machine *m =
		bare_machine("[machine]\ncpus = 1\nmemory = 256M\ncmdline = movablecore=64M\n");
	struct zone *low = zone_of(m, 0, ZONE_DMA32), *high = zone_of(m, 0, ZONE_MOVABLE);

	ok(zone_populated(high), "movablecore= makes a Movable zone");
	is_int(high->start_pfn % MAX_ORDER_NR_PAGES, 0, "which starts at a 4 MiB boundary");
	is_int(low->start_pfn + low->spanned_pages, high->start_pfn, "right above the zone below");
	ok(pfn_zone(m, high->start_pfn) == high && pfn_zone(m, high->start_pfn - 1) == low,
	   "pfn_zone() tells them apart");
	is_sound(m, "with two zones in one section");
	machine_destroy(m);
}

/* Everything but the minimum is kept back. */
static void raise_watermarks(struct zone *z)
{
	u64 free = (u64)z->vm_stat[NR_FREE_PAGES];

	z->watermark[WMARK_MIN] = 128;
	z->watermark[WMARK_LOW] = z->watermark[WMARK_HIGH] = z->watermark[WMARK_PROMO] = free;
}

static void test_highatomic(void)
{
	struct machine *m = bare_machine(SMALL);
	struct zone *z = zone_of(m, 0, ZONE_DMA32);
	s64 free;
	pfn_t pfn, other;

	take_small_blocks(m, z);
	/* only the slow path may take */
	raise_watermarks(z);
	raise_watermarks(zone_of(m, 0, ZONE_DMA));
	pfn = alloc_pages(m, GFP_ATOMIC, 2, NUMA_NO_NODE);
	ok(pfn != PFN_NONE, "an atomic request of order 2 below the low watermark succeeds");
	is_int(z->nr_reserved_highatomic, PAGEBLOCK_NR_PAGES,
	       "and reserves a pageblock for the next one");
	is_int(get_pageblock_migratetype(m, pfn), MIGRATE_HIGHATOMIC, "the one it came from");
	is_sound(m, "with a highatomic pageblock");
	free = z->vm_stat[NR_FREE_PAGES];
	ok(!zone_watermark_ok(m, z, 0, (u64)free - PAGEBLOCK_NR_PAGES + 1, ZONE_NORMAL, 0),
	   "the reserve does not count as free for an ordinary request");
	ok(zone_watermark_ok(m, z, 0, (u64)free - PAGEBLOCK_NR_PAGES + 1, ZONE_NORMAL,
			     ALLOC_HARDER),
	   "but does for an atomic one");
	other = rmqueue_buddy(m, z, 3, MIGRATE_UNMOVABLE, ALLOC_HARDER);
	is_int(get_pageblock_migratetype(m, other), MIGRATE_HIGHATOMIC, "which is served from it");
	give(m, z, other, 3);
	ok(!unreserve_highatomic_pageblock(m, &m->node[0], ZONE_MOVABLE, MIGRATE_MOVABLE, false),
	   "the last reserved pageblock is kept as long as reclaim makes progress");
	ok(unreserve_highatomic_pageblock(m, &m->node[0], ZONE_MOVABLE, MIGRATE_MOVABLE, true),
	   "before the OOM killer is called it is given up");
	is_int(z->nr_reserved_highatomic, 0, "so that nothing is reserved");
	is_int(get_pageblock_migratetype(m, pfn), MIGRATE_MOVABLE,
	       "and the pageblock is of the asking type");
	is_int(z->vm_stat[NR_FREE_PAGES], free, "no page is lost on the way");
	is_sound(m, "after the reserve was given up");
	machine_destroy(m);
}

/* Nothing may depend on the size of memory: a terabyte costs a few touched blocks. */
static void test_size_does_not_matter(void)
{
	struct machine *m = bare_machine("server-1t");
	u64 touched = 0, before, i, words = (m->max_pfn >> 10) / 64;
	struct zone *z = zone_of(m, 3, ZONE_NORMAL);
	pfn_t pfn;

	for (i = 0; i <= words; i++)
		touched += (u64)__builtin_popcountll(m->block_touched[i]);
	cmp_int(touched, <, 200,
		"a booted machine of 1 TiB has struct pages for a few blocks only");
	cmp_int(m->extents.nr_live, <, 64, "the rest is a few extents");
	before = area(z, 10)->nr_free;
	pfn = alloc_pages(m, GFP_HIGHUSER_MOVABLE, 10, 3);
	is_int(pfn_to_page(m, pfn)->node, 3, "4 MiB come from the node asked for");
	is_int(area(z, 10)->nr_free, before - 1,
	       "untouched memory counts as free blocks of the highest order");
	free_pages(m, pfn, 10);
	is_int(area(z, 10)->nr_free, before, "also when it is free again");
	is_sound(m, "on a terabyte");
	machine_destroy(m);
}

/* Random allocations and frees of all orders and types; everything merges back in the end. */
static void test_random(void)
{
	struct machine *m = bare_machine(SMALL);
	static struct {
		pfn_t pfn;
		unsigned int order;
	} held[4000];
	static const gfp_t kinds[] = { GFP_KERNEL, GFP_HIGHUSER_MOVABLE,
				       GFP_KERNEL | __GFP_RECLAIMABLE, GFP_ATOMIC,
				       GFP_KERNEL | GFP_DMA };
	s64 free = 0;
	u32 n = 0, round, i;

	drain_pages(m, -1);
	free = m->vm_zone_stat[NR_FREE_PAGES];
	for (round = 0; round < 50000; round++) {
		if (n < ARRAY_SIZE(held) &&
		    machine_random_below(m, 100) < (round / 10000 % 2 ? 40 : 60)) {
			u64 dice = machine_random_below(m, 64);
			unsigned int order = dice ? (unsigned int)__builtin_ctzll(dice) : 9;
			pfn_t pfn = alloc_pages(m,
						kinds[machine_random_below(m, ARRAY_SIZE(kinds))] |
							__GFP_NORETRY | __GFP_NOWARN,
						order, NUMA_NO_NODE);

			if (pfn != PFN_NONE) {
				held[n].pfn = pfn;
				held[n++].order = order;
			}
		} else if (n) {
			i = (u32)machine_random_below(m, n);
			free_pages(m, held[i].pfn, held[i].order);
			held[i] = held[--n];
		}
	}
	is_sound(m, "after 50,000 random allocations and frees");
	cmp_int(n, >, 100, "many blocks are held");
	while (n--)
		free_pages(m, held[n].pfn, held[n].order);
	drain_pages(m, -1);
	is_int(m->vm_zone_stat[NR_FREE_PAGES], free, "all freed and drained, every page is back");
	is_sound(m, "when all is free again");
	machine_destroy(m);
}

/* As pagetypeinfo of the guest showed: what is not free, or begins in a hole, is no MOVABLE
 * block. */
static void test_types_at_boot(void)
{
	struct machine *m = bare_machine("one-node");
	struct zone *dma = zone_of(m, 0, ZONE_DMA);
	pfn_t kernel = 0x1c200000 >> PAGE_SHIFT;

	is_int(dma->nr_pageblocks[MIGRATE_UNMOVABLE], 1,
	       "the first pageblock begins in a hole, frame 0");
	is_int(dma->nr_pageblocks[MIGRATE_MOVABLE], 7, "the other seven of DMA are MOVABLE");
	is_int(area(dma, 8)->list[MIGRATE_UNMOVABLE].head, 256,
	       "so its second half is free for the kernel");
	is_int(get_pageblock_migratetype(m, kernel), MIGRATE_UNMOVABLE,
	       "nor is the kernel image MOVABLE");
	is_int(get_pageblock_migratetype(m, kernel - PAGEBLOCK_NR_PAGES), MIGRATE_MOVABLE,
	       "but what lies below it is");
	machine_destroy(m);
}

int main(void)
{
	test_types_at_boot();
	test_split_and_merge();
	test_bulk_equals_singles();
	test_give_back_equals_singles();
	test_fallback_takes_largest();
	test_movable_fallback_takes_smallest();
	test_zones_do_not_merge();
	test_highatomic();
	test_size_does_not_matter();
	test_random();
	return done_testing();
}
