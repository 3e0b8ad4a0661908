/*
 * Which zone gives the pages, what is counted, and what happens when none can.
 */
#include "mm/page_alloc.h"
#include "tests/bare.h"
#include "tests/sound.h"
#include "tests/tap.h"

#include <stdlib.h>
#include <string.h>

static s64 numa(struct machine *m, u32 nid, enum numa_stat_item item)
{
	return m->node[nid].zones[ZONE_DMA32].vm_numa_stat[item];
}

/* Take pages until none is left for @gfp; returns how many. They stay taken. */
static u64 exhaust(struct machine *m, gfp_t gfp, unsigned int order)
{
	u64 n = 0;

	while (alloc_pages(m, gfp, order, NUMA_NO_NODE) != PFN_NONE)
		n++;
	return n;
}

static void test_numa_counters(void)
{
	struct machine *m = bare_machine("two-node");
	const struct zone *near = zone_of(m, 0, ZONE_DMA32);
	s64 hit0 = numa(m, 0, NUMA_HIT), hit1 = numa(m, 1, NUMA_HIT),
	    other1 = numa(m, 1, NUMA_OTHER);
	s64 local0 = numa(m, 0, NUMA_LOCAL), miss1, foreign0;
	pfn_t pfn;

	m->cpu = 0;
	alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0, NUMA_NO_NODE);
	is_int(numa(m, 0, NUMA_HIT) - hit0, 1, "a page from the CPU's node is a hit");
	is_int(numa(m, 0, NUMA_LOCAL) - local0, 1, "and local");
	pfn = alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0, 1);
	is_int(pfn_to_page(m, pfn)->node, 1,
	       "a page asked for from the other node comes from there");
	is_int(numa(m, 1, NUMA_HIT) - hit1, 1, "that is a hit there");
	is_int(numa(m, 1, NUMA_OTHER) - other1, 1, "by a CPU of another node");
	pfn = alloc_pages_nodemask(m, GFP_HIGHUSER_MOVABLE, 0, NUMA_NO_NODE, 1 << 1);
	is_int(numa(m, 1, NUMA_HIT) - hit1, 2,
	       "a policy that allows node 1 only is a hit there too");
	is_int(numa(m, 0, NUMA_FOREIGN), 0, "nobody was turned away so far");
	count_interleave_hit(m, pfn, 1);
	is_int(numa(m, 1, NUMA_INTERLEAVE), 1,
	       "the interleave policy counts what it got where it wanted it");
	count_interleave_hit(m, pfn, 0);
	is_int(m->vm_numa_stat[NUMA_INTERLEAVE], 1, "and not what it got elsewhere");

	m->sysctl.watermark_scale_factor = 3000;
	setup_per_zone_wmarks(m);
	while (near->vm_stat[NR_FREE_PAGES] > (s64)near->watermark[WMARK_LOW])
		alloc_pages(m, GFP_HIGHUSER_MOVABLE, 10, 0);
	zone_of(m, 0, ZONE_DMA)->lowmem_reserve[ZONE_MOVABLE] = 4096;
	miss1 = numa(m, 1, NUMA_MISS);
	foreign0 = numa(m, 0, NUMA_FOREIGN);
	pfn = alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0, NUMA_NO_NODE);
	is_int(pfn_to_page(m, pfn)->node, 1, "below the low watermark the next node gives");
	is_int(numa(m, 1, NUMA_MISS) - miss1, 1, "a miss there");
	is_int(numa(m, 0, NUMA_FOREIGN) - foreign0, 1, "a foreign allocation here");
	pfn = alloc_pages(m, GFP_HIGHUSER_MOVABLE | __GFP_THISNODE, 0, 0);
	is_int(pfn_to_page(m, pfn)->node, 0, "__GFP_THISNODE goes down to the minimum rather");
	is_sound(m, "after all that");
	machine_destroy(m);
}

/* Who may take how much of the last free pages. */
static void test_reserves(void)
{
	struct machine *m = bare_machine("tiny");
	struct zone *z = zone_of(m, 0, ZONE_DMA32);
	u64 min = z->watermark[WMARK_MIN], low = z->watermark[WMARK_LOW], wakeups, taken;
	s64 free;

	m->sysctl.watermark_boost_factor = 0;
	wakeups = m->node[0].kswapd_wakeups;
	while (z->vm_stat[NR_FREE_PAGES] > (s64)low + 200)
		alloc_pages(m, GFP_KERNEL, 0, NUMA_NO_NODE);
	is_int(m->node[0].kswapd_wakeups, wakeups, "nobody wakes kswapd above the low watermark");
	exhaust(m, (GFP_HIGHUSER_MOVABLE & ~__GFP_DIRECT_RECLAIM) | __GFP_NOWARN, 0);
	drain_pages(m, -1);
	cmp_int(m->node[0].kswapd_wakeups, >, wakeups, "below it kswapd is woken");
	free = z->vm_stat[NR_FREE_PAGES];
	cmp_int(free, <=, min + 63, "without direct reclaim a request ends at the minimum");
	cmp_int(free, >=, min - 63, "and does not go below it");
	ok(!m->panicked, "for which nobody is killed");
	taken = exhaust(m, GFP_ATOMIC | __GFP_NOWARN, 0);
	cmp_int(taken, >, 0, "an atomic request goes on");
	drain_pages(m, -1);
	cmp_int(z->vm_stat[NR_FREE_PAGES], <=, min - min / 2 - (min - min / 2) / 4 + 63,
		"down to three eighths of the minimum");
	taken = exhaust(m, __GFP_MEMALLOC | __GFP_NOWARN, 0);
	cmp_int(taken, >, 0, "__GFP_MEMALLOC takes the rest");
	drain_pages(m, -1);
	is_int(z->vm_stat[NR_FREE_PAGES], 0, "all of it");
	is_sound(m, "without a free page");
	machine_destroy(m);
}

static void test_costly_orders_do_not_kill(void)
{
	struct machine *m = bare_machine("tiny");
	u64 stalls = m->vm_event[ALLOCSTALL_NORMAL];

	exhaust(m, GFP_KERNEL | __GFP_NOWARN, 5);
	ok(!m->panicked, "a request of order 5 fails without the OOM killer");
	cmp_int(m->vm_event[ALLOCSTALL_NORMAL], >, stalls,
		"after direct reclaim: allocstall_normal");
	exhaust(m, GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN, 0);
	ok(!m->panicked, "so does a single page with __GFP_NORETRY");
	exhaust(m, GFP_KERNEL | GFP_DMA | __GFP_NOWARN, 0);
	ok(!m->panicked, "and one for the DMA zone: no process has memory there");
	stalls = m->vm_event[ALLOCSTALL_DMA];
	cmp_int(stalls, >, 0, "allocstall_dma");
	is_sound(m, "after failed requests");
	/* there is no process to kill here */
	is_int(alloc_pages(m, GFP_KERNEL, 0, NUMA_NO_NODE), PFN_NONE,
	       "an ordinary page ends in the OOM killer");
	ok(m->panicked, "which finds nobody to kill: the machine panics");
	machine_destroy(m);
}

/* Take blocks of one order of any type from a zone for as long as there are any. */
static void take_all(struct machine *m, struct zone *z, unsigned int order,
		     unsigned int alloc_flags)
{
	while (rmqueue_buddy(m, z, order, MIGRATE_MOVABLE, alloc_flags) != PFN_NONE)
		;
}

/* Before types are mixed in a pageblock of Normal, DMA32 is asked. */
static void test_nofragment(void)
{
	struct machine *m = bare_machine("[machine]\ncpus = 1\nmemory = 5G\n");
	struct zone *normal = zone_of(m, 0, ZONE_NORMAL), *dma32 = zone_of(m, 0, ZONE_DMA32);
	u64 movable;
	pfn_t pfn;

	m->sysctl.watermark_boost_factor =
		0; /* kswapd, who would end the boost, has no time here */
	ok(normal->nofragment, "Normal rather leaves a request to DMA32 than mix types");
	drain_pages(m, -1);
	take_all(m, normal, 7, 0);
	while (rmqueue_buddy(m, normal, 0, MIGRATE_RECLAIMABLE, ALLOC_NOFRAGMENT) != PFN_NONE)
		;
	normal->watermark[WMARK_MIN] = normal->watermark[WMARK_LOW] = 0;
	cmp_int(normal->vm_stat[NR_FREE_PAGES], >, 100,
		"Normal has free pages of other types only");
	movable = normal->nr_pageblocks[MIGRATE_MOVABLE];
	pfn = alloc_pages(m, GFP_KERNEL | __GFP_RECLAIMABLE, 0, NUMA_NO_NODE);
	ok(page_zone(m, pfn_to_page(m, pfn)) == dma32, "so the page comes from DMA32");
	is_int(normal->nr_pageblocks[MIGRATE_MOVABLE], movable,
	       "and no pageblock of Normal changes");
	take_all(m, dma32, 0, 0);
	pfn = alloc_pages(m, GFP_KERNEL | __GFP_RECLAIMABLE, 0, NUMA_NO_NODE);
	ok(page_zone(m, pfn_to_page(m, pfn)) == normal, "when DMA32 is full they mix after all");
	machine_destroy(m);
}

static void test_compound(void)
{
	struct machine *m = bare_machine("one-node");
	pfn_t pfn = alloc_pages(m, GFP_KERNEL | __GFP_COMP, 3, NUMA_NO_NODE), i;
	bool tails = true;
	u32 free;
	enum migratetype type;

	ok(page_test(pfn_to_page(m, pfn), PG_head),
	   "the first page of a compound block is its head");
	is_int(pfn_to_page(m, pfn)->order, 3, "and knows the order");
	for (i = pfn + 1; i < pfn + 8; i++)
		tails &= page_test(pfn_to_page(m, i), PG_tail) && pfn_to_page(m, i)->index == pfn;
	ok(tails, "the others point to it");
	ok(pageblock_summary(m, pfn, &free, &type) && type == MIGRATE_UNMOVABLE &&
		   free < PAGEBLOCK_NR_PAGES,
	   "its pageblock is unmovable and not all free");
	free_pages(m, pfn, 3);
	is_int(pfn_to_page(m, pfn + 1)->flags, 0, "freed, the tails are plain pages");
	ok(pageblock_summary(m, 200000, &free, &type) && free == PAGEBLOCK_NR_PAGES &&
		   type == MIGRATE_MOVABLE,
	   "an untouched pageblock is all free and movable");
	ok(!pageblock_summary(m, (pfn_t)m->max_pfn - 1, &free, &type) ||
		   m->max_pfn % PAGES_PER_SECTION,
	   "where there is no memory there is no pageblock");
	machine_destroy(m);
}

static void test_gfp_text(void)
{
	char text[128];

	gfp_flags_text(GFP_HIGHUSER_MOVABLE | __GFP_COMP | __GFP_ZERO, text, sizeof(text));
	is_str(text, "GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO",
	       "a mask as an OOM report of 6.1 prints it");
	is_hex(GFP_HIGHUSER_MOVABLE | __GFP_COMP | __GFP_ZERO, 0x140dca, "which is 0x140dca there");
	gfp_flags_text(GFP_KERNEL, text, sizeof(text));
	is_str(text, "GFP_KERNEL", "GFP_KERNEL");
	gfp_flags_text(0, text, sizeof(text));
	is_str(text, "none", "none");
}

int main(void)
{
	test_numa_counters();
	test_reserves();
	test_costly_orders_do_not_kill();
	test_nofragment();
	test_compound();
	test_gfp_text();
	return done_testing();
}
