/*
 * kswapd and direct reclaim on one clock: who wakes whom, when each stops, and who wins.
 */
#include <string.h>

#include "mm/page_alloc.h"
#include "mm/vmscan.h"
#include "tests/bare.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define SMALL "[machine]\ncpus = 2\nmemory = 256M\n"

static struct machine *small_machine(void)
{
	struct machine *m = bare_machine(SMALL);

	m->sysctl.watermark_boost_factor = 0;
	return m;
}

/* One page more is wanted by somebody who takes @ns for each. */
static bool take(struct machine *m, u64 ns)
{
	if (alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0, NUMA_NO_NODE) == PFN_NONE)
		return false;
	clock_charge(m, ns);
	machine_safe_point(m);
	return true;
}

static void take_down_to(struct machine *m, const struct zone *z, u64 free, u64 ns)
{
	while ((u64)z->vm_stat[NR_FREE_PAGES] > free && take(m, ns))
		;
}

static void test_low_to_high(void)
{
	struct machine *m = small_machine();
	const struct node_reclaim *nr = &m->reclaim.node[0];
	struct zone *z = zone_of(m, 0, ZONE_DMA32), *dma = zone_of(m, 0, ZONE_DMA);
	u64 runs, wakeups;
	u32 i;

	cached_file(m, "/data", 30000);
	take_down_to(m, z, z->watermark[WMARK_HIGH] + 200, 2000);
	is_int(nr->state, KSWAPD_ASLEEP, "above the low watermark kswapd sleeps");
	is_int(m->vm_event[PAGEOUTRUN], 0, "and has never run");
	wakeups = m->node[0].kswapd_wakeups;
	for (i = 0; i < 4000 && nr->state == KSWAPD_ASLEEP; i++)
		take(m, 2000);
	is_int(nr->state, KSWAPD_RUNNING, "it is woken");
	is_int(m->node[0].kswapd_wakeups, wakeups + 1, "once");
	cmp_int(m->reclaim.wakeup.free, <=, m->reclaim.wakeup.low + m->reclaim.wakeup.reserve,
		"by a zone that was at its low watermark");
	clock_advance_to(m, m->clock.now + NSEC_PER_SEC / 20);
	is_int(nr->state, KSWAPD_NAPPING, "when it is done it naps");
	is_int(m->vm_event[PAGEOUTRUN], 1, "after one run");
	ok(z->vm_stat[NR_FREE_PAGES] > (s64)z->watermark[WMARK_HIGH] ||
		   dma->vm_stat[NR_FREE_PAGES] > (s64)dma->watermark[WMARK_HIGH],
	   "with a zone above its high watermark");
	cmp_int(z->vm_stat[NR_FREE_PAGES], <, z->watermark[WMARK_HIGH] * 4,
		"and not far above: it does not empty the cache");
	cmp_int(m->vm_event[PGSTEAL_KSWAPD], >, 0, "pgsteal_kswapd");
	is_int(m->vm_event[PGSTEAL_DIRECT], 0, "nobody had to reclaim for himself");
	is_int(m->vm_event[ALLOCSTALL_MOVABLE] + m->vm_event[ALLOCSTALL_NORMAL], 0,
	       "nobody was stalled");
	is_int(m->reclaim.last[RECLAIM_KSWAPD].ended, RECLAIM_BALANCED,
	       "the run knows why it ended");
	clock_advance_to(m, m->clock.now + NSEC_PER_SEC / 5);
	is_int(nr->state, KSWAPD_ASLEEP, "a tenth of a second later it sleeps");
	runs = m->vm_event[KSWAPD_LOW_WMARK_HIT_QUICKLY];
	is_int(runs, 0, "it was not needed quickly");
	is_sound(m, "after a run of kswapd");
	machine_destroy(m);
}

/* Woken from its nap: low_wmark_hit_quickly. */
static void test_hit_quickly(void)
{
	struct machine *m = small_machine();
	u32 i;

	cached_file(m, "/data", 40000);
	for (i = 0; i < 40000; i++)
		if (!take(m, 2000))
			break;
	is_int(i, 40000, "an allocator of ordinary speed gets its pages");
	cmp_int(m->vm_event[PAGEOUTRUN], >, 5, "in many runs of kswapd");
	cmp_int(m->vm_event[KSWAPD_LOW_WMARK_HIT_QUICKLY], >, m->vm_event[PAGEOUTRUN] / 2,
		"most of them from its nap");
	cmp_int(m->vm_event[PGSTEAL_KSWAPD], >, 9 * m->vm_event[PGSTEAL_DIRECT],
		"which frees nearly everything");
	is_int(m->vm_event[PGSTEAL_ANON], 0, "all of it page cache");
	is_sound(m, "after many runs");
	machine_destroy(m);
}

/* The same work by somebody who takes no time: he outruns kswapd. */
static void test_fast_allocator(void)
{
	struct machine *slow = small_machine(), *fast = small_machine();
	u32 i;

	slow->cost.page_alloc_slow = fast->cost.page_alloc_slow = 100;
	cached_file(slow, "/data", 40000);
	cached_file(fast, "/data", 40000);
	for (i = 0; i < 40000; i++) {
		take(slow, 3000);
		take(fast, 50);
	}
	cmp_int(fast->vm_event[PGSTEAL_DIRECT], >, slow->vm_event[PGSTEAL_DIRECT] + 5000,
		"who allocates faster than kswapd frees reclaims himself");
	cmp_int(fast->vm_event[ALLOCSTALL_MOVABLE], >, 100, "allocstall_movable");
	cmp_int(fast->vm_event[PGSTEAL_KSWAPD], >, 0, "and kswapd works beside him");
	is_sound(fast, "after a race");
	machine_destroy(slow);
	machine_destroy(fast);
}

/* Nothing to reclaim: sixteen failures, and then it is left alone until somebody frees
 * something. */
static void test_gives_up(void)
{
	struct machine *m = small_machine();
	handle_t cache;
	u32 i;

	while (alloc_pages(m, GFP_HIGHUSER_MOVABLE | __GFP_NORETRY | __GFP_NOWARN, 0,
			   NUMA_NO_NODE) != PFN_NONE)
		;
	for (i = 0; i < 200; i++) {
		alloc_pages(m, (GFP_HIGHUSER_MOVABLE | __GFP_NOWARN) & ~__GFP_DIRECT_RECLAIM, 0,
			    NUMA_NO_NODE);
		clock_advance_to(m, m->clock.now + NSEC_PER_SEC / 100);
	}
	is_int(m->node[0].kswapd_failures, MAX_RECLAIM_RETRIES,
	       "with nothing to free kswapd fails sixteen times");
	is_int(m->reclaim.node[0].state, KSWAPD_ASLEEP, "and gives up");
	cache = kmem_cache_find(m, "dentry");
	count_lab_objects(&m->slab, kmem_cache_at(m, cache),
			  -(s64)kmem_cache_at(m, cache)->lab_objects);
	is_sound(m, "when kswapd has given up");
	machine_destroy(m);
}

/* min_free_kbytes moves the marks at once; the next allocation wakes kswapd for them. */
static void test_min_free_kbytes(void)
{
	struct machine *m = small_machine();
	struct zone *z = zone_of(m, 0, ZONE_DMA32);
	s64 free;
	u32 i;

	cached_file(m, "/data", 40000);
	take_down_to(m, z, z->watermark[WMARK_HIGH] + 2000, 2000);
	is_int(m->vm_event[PAGEOUTRUN], 0, "enough is free");
	free = z->vm_stat[NR_FREE_PAGES];
	m->sysctl.min_free_kbytes = 20000;
	setup_per_zone_wmarks(m);
	cmp_int(z->watermark[WMARK_LOW], >, free, "until min_free_kbytes is raised");
	/* those that the DMA zone serves do not count */
	for (i = 0; i < 5000 && !m->vm_event[PAGEOUTRUN]; i++)
		take(m, 2000);
	cmp_int(m->vm_event[PAGEOUTRUN], >, 0, "then the next allocation wakes kswapd");
	clock_advance_to(m, m->clock.now + NSEC_PER_SEC / 20);
	cmp_int(z->vm_stat[NR_FREE_PAGES], >, z->watermark[WMARK_HIGH],
		"which frees up to the new mark");
	is_sound(m, "after a change of min_free_kbytes");
	machine_destroy(m);
}

/* Two machines that do the same are the same: nothing is drawn. */
static void test_deterministic(void)
{
	struct machine *a = small_machine(), *b = small_machine();
	u32 i;

	cached_file(a, "/data", 40000);
	cached_file(b, "/data", 40000);
	for (i = 0; i < 30000; i++) {
		take(a, 300);
		take(b, 300);
	}
	is_int(a->clock.now, b->clock.now, "the same work takes the same time");
	ok(!memcmp(a->vm_event, b->vm_event, sizeof(a->vm_event)), "and moves the same counters");
	machine_destroy(a);
	machine_destroy(b);
}

int main(void)
{
	test_low_to_high();
	test_hit_quickly();
	test_fast_allocator();
	test_gives_up();
	test_min_free_kbytes();
	test_deterministic();
	return done_testing();
}
