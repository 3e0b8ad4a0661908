/*
 * Reclaim as far as it goes: clean page cache that nobody maps is dropped before anybody is killed.
 */
#include "mm/page_alloc.h"
#include "mm/vmscan.h"
#include "tests/bare.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define TINY	   "[machine]\ncpus = 1\nmemory = 256M\n"
#define FILE_PAGES 20000u

/* Pages until there are no more, even after kswapd had its time. */
static u64 fill(struct machine *m)
{
	const gfp_t gfp = GFP_HIGHUSER_MOVABLE | __GFP_NORETRY | __GFP_NOWARN;
	u64 n = 0, idle = 0;

	while (!m->panicked && idle < 50) {
		if (alloc_pages(m, gfp, 0, NUMA_NO_NODE) != PFN_NONE) {
			n++;
			idle = 0;
			continue;
		}
		clock_advance_to(m, m->clock.now + NSEC_PER_SEC / 100);
		idle++;
	}
	return n;
}

static u64 stolen(const struct machine *m)
{
	return m->vm_event[PGSTEAL_DIRECT] + m->vm_event[PGSTEAL_KSWAPD];
}

static void test_cache_gives_way(void)
{
	struct machine *m = bare_machine(TINY);
	handle_t inode = cached_file(m, "/data", FILE_PAGES);
	u64 cache = global_node_page_state(m, NR_FILE_PAGES), before = stolen(m);
	pfn_t dirty = filemap_get_page(m, inode, 5, false);
	u64 free, taken;

	cmp_int(cache, >=, FILE_PAGES, "a file was read into the page cache");
	page_set_dirty(m, dirty);
	free = (u64)m->vm_zone_stat[NR_FREE_PAGES];
	taken = fill(m);
	cmp_int(taken, >, free + FILE_PAGES / 2, "more pages can be had than were free");
	cmp_int(global_node_page_state(m, NR_FILE_PAGES), <, 300,
		"because the page cache gave way");
	is_int(cache - global_node_page_state(m, NR_FILE_PAGES), stolen(m) - before,
	       "pgsteal_direct and pgsteal_kswapd count each page");
	cmp_int(m->vm_event[PGSCAN_DIRECT], >=, m->vm_event[PGSTEAL_DIRECT], "of those scanned");
	cmp_int(m->vm_event[PGSTEAL_KSWAPD], >, 0, "some of them kswapd's");
	cmp_int(m->vm_event[ALLOCSTALL_MOVABLE], >, 0,
		"in direct reclaim, which allocstall_movable counts");
	ok(filemap_get_page(m, inode, 5, false) == dirty || m->vm_node_stat[NR_WRITTEN] == 1,
	   "a dirty page is written before it goes");
	ok(!m->panicked, "and nobody was killed");
	is_sound(m, "after reclaim");
	machine_destroy(m);
}

/* Pages used twice are on the active list: they are the last to go, but they go. */
static void test_active_pages_go_last(void)
{
	struct machine *m = bare_machine(TINY);
	handle_t hot = cached_file(m, "/hot", 2000), cold = cached_file(m, "/cold", 2000);
	u32 i, kept = 0;
	u64 n;

	for (i = 0; i < 2000; i++) {
		mark_page_accessed(m, filemap_get_page(m, hot, i, false));
		mark_page_accessed(m, filemap_get_page(m, hot, i, false));
	}
	is_int(m->vm_node_stat[NR_ACTIVE_FILE], 2000, "pages used twice are active");
	n = try_to_free_pages(m, &m->node[0], 0, GFP_HIGHUSER_MOVABLE, 0, ZONE_MOVABLE);
	cmp_int(n, >=, SWAP_CLUSTER_MAX, "direct reclaim frees a cluster of pages");
	for (i = 0; i < 2000; i++)
		kept += filemap_get_page(m, hot, i, false) != PFN_NONE;
	is_int(kept, 2000, "none of them active");
	is_int(filemap_get_page(m, cold, 0, false), PFN_NONE, "but the page that was read first");
	ok(filemap_get_page(m, cold, 1999, false) != PFN_NONE, "and not the one read last");
	fill(m);
	is_int(global_node_page_state(m, NR_FILE_PAGES), 0, "in need all go");
	cmp_int(m->vm_event[PGDEACTIVATE], >=, 2000, "by way of the inactive list: pgdeactivate");
	is_sound(m, "after reclaim of active pages");
	machine_destroy(m);
}

/* zone_reclaim_mode: a near node's page cache goes before a far node's free memory. */
static void test_node_reclaim(void)
{
	struct machine *m = bare_machine("two-node");
	struct zone *near = zone_of(m, 0, ZONE_DMA32);
	pfn_t pfn;
	u32 i;

	cached_file(m, "/data", 20000);
	zone_of(m, 0, ZONE_DMA)->lowmem_reserve[ZONE_MOVABLE] = 4096;
	m->sysctl.watermark_boost_factor = 0;
	while (rmqueue_buddy(m, near, 0, MIGRATE_MOVABLE, 0) != PFN_NONE)
		if (!zone_watermark_ok(m, near, 0, near->watermark[WMARK_LOW], ZONE_MOVABLE, 0))
			break;
	pfn = alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0, NUMA_NO_NODE);
	is_int(pfn_to_page(m, pfn)->node, 1,
	       "with zone_reclaim_mode 0 a full node's overflow goes elsewhere");
	m->sysctl.zone_reclaim_mode = 1;
	m->sysctl.percpu_pagelist_high_fraction = 1000000;
	zone_pcp_update(m, near);
	/* what is reclaimed passes the CPU's lists before it counts as free */
	for (i = 0; i < 50 && pfn_to_page(m, pfn)->node; i++)
		pfn = alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0, NUMA_NO_NODE);
	is_int(pfn_to_page(m, pfn)->node, 0, "with 1 it drops its own page cache first");
	cmp_int(m->vm_event[PGSTEAL_DIRECT], >, 0, "as pgsteal_direct shows");
	machine_destroy(m);
}

int main(void)
{
	test_cache_gives_way();
	test_active_pages_go_last();
	test_node_reclaim();
	return done_testing();
}
