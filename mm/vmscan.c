/*
 * vmscan.c - reclaim.
 *
 * What there is so far is the smallest reclaim that is honest: clean page cache pages that nobody
 * maps are dropped, oldest first, and slab caches give up what they can spare. Anonymous, mapped and
 * dirty pages stay; there is no background reclaim: wakeup_kswapd() counts that kswapd was needed,
 * ends the watermark boost that woke it, and does nothing else.
 *
 *	try_to_free_pages   priority 12, 11, ... 0: a 4096th of each list, then twice as much
 *	  shrink_node       each node that the request could use
 *	    shrink_lruvec
 *	      shrink_active_list     when the inactive list is short
 *	      shrink_inactive_list   from the tail: activate, rotate or drop
 *	    shrink_slab
 *
 * Source: Documentation/admin-guide/mm/concepts.rst (reclaim), admin-guide/sysctl/vm.rst
 * (zone_reclaim_mode, min_unmapped_ratio, min_slab_ratio).
 */
#include "mm/page_alloc.h"
#include "mm/vmscan.h"

struct scan_control {
	u64 nr_to_reclaim, nr_reclaimed, nr_scanned;
	enum zone_type reclaim_idx;
	int priority;
	bool kswapd;
};

/* ---- one page ---- */

enum page_verdict { PAGE_DROP, PAGE_ACTIVATE, PAGE_ROTATE };

static enum page_verdict judge_page(struct machine *m, pfn_t pfn)
{
	struct page *p = pfn_to_page(m, pfn);
	u32 vm_flags;

	if (p->mapcount || p->pins)
		return page_referenced(m, pfn, &vm_flags) ? PAGE_ACTIVATE : PAGE_ROTATE;
	if (p->flags & (PAGE_FLAG(dirty) | PAGE_FLAG(writeback) | PAGE_FLAG(locked)))
		return PAGE_ROTATE;
	if (page_mapping_type(p) != MAPPING_FILE || (p->flags & PAGE_FLAG(swapbacked)))
		return PAGE_ROTATE;
	return PAGE_DROP;
}

static void rotate_page(struct machine *m, struct page_list *l, pfn_t pfn)
{
	page_list_del(m, l, pfn);
	page_list_add(m, l, pfn);
}

static void count_scan(struct machine *m, const struct scan_control *sc, u64 scanned, u64 stolen)
{
	count_vm_events(m, sc->kswapd ? PGSCAN_KSWAPD : PGSCAN_DIRECT, scanned);
	count_vm_events(m, PGSCAN_FILE, scanned);
	count_vm_events(m, sc->kswapd ? PGSTEAL_KSWAPD : PGSTEAL_DIRECT, stolen);
	count_vm_events(m, PGSTEAL_FILE, stolen);
}

static u64 shrink_inactive_list(struct machine *m, struct pglist_data *n, u64 nr_to_scan,
				struct scan_control *sc)
{
	struct page_list *l = &n->lruvec.lists[LRU_INACTIVE_FILE];
	u64 scanned, looked, stolen = 0;

	nr_to_scan = min_t(u64, nr_to_scan, l->nr);
	for (scanned = looked = 0; looked < nr_to_scan && l->nr; looked++) {
		pfn_t pfn = l->tail;
		struct page *p = pfn_to_page(m, pfn);

		if (p->zone > sc->reclaim_idx) {
			count_vm_event(m, (enum vm_event_item)(PGSKIP_DMA + p->zone));
			rotate_page(m, l, pfn);
			continue;
		}
		scanned++;
		switch (judge_page(m, pfn)) {
		case PAGE_DROP:
			if (invalidate_mapping_pages(m, page_mapping(p), page_index(p),
						     page_index(p))) {
				stolen++;
				continue;
			}
			rotate_page(m, l, pfn);
			break;
		case PAGE_ACTIVATE:
			activate_page(m, pfn);
			break;
		case PAGE_ROTATE:
			rotate_page(m, l, pfn);
			break;
		}
	}
	count_scan(m, sc, scanned, stolen);
	sc->nr_scanned += scanned;
	return stolen;
}

static void shrink_active_list(struct machine *m, struct pglist_data *n, u64 nr_to_scan)
{
	struct page_list *l = &n->lruvec.lists[LRU_ACTIVE_FILE];
	u64 i;

	nr_to_scan = min_t(u64, nr_to_scan, l->nr);
	for (i = 0; i < nr_to_scan; i++) {
		pfn_t pfn = l->tail;

		lru_del(m, pfn);
		page_clear(pfn_to_page(m, pfn), PG_active);
		page_set(pfn_to_page(m, pfn), PG_workingset);
		lru_add(m, pfn);
	}
	count_vm_events(m, PGREFILL, nr_to_scan);
	count_vm_events(m, PGDEACTIVATE, nr_to_scan);
}

/* The larger the memory, the smaller the part of it that has to wait on the inactive list. */
static bool inactive_is_low(const struct pglist_data *n)
{
	u64 inactive = n->lruvec.lists[LRU_INACTIVE_FILE].nr,
	    active = n->lruvec.lists[LRU_ACTIVE_FILE].nr;
	u64 gb = (inactive + active) >> (30 - PAGE_SHIFT), ratio = 1;

	while (gb && (ratio + 1) * (ratio + 1) <= 10 * gb)
		ratio++;
	return inactive * ratio < active;
}

static void shrink_lruvec(struct machine *m, struct pglist_data *n, struct scan_control *sc)
{
	u64 left = n->lruvec.lists[LRU_INACTIVE_FILE].nr >> sc->priority, batch;

	if (inactive_is_low(n))
		shrink_active_list(m, n,
				   max_t(u64, n->lruvec.lists[LRU_ACTIVE_FILE].nr >> sc->priority,
					 SWAP_CLUSTER_MAX));
	for (; left && sc->nr_reclaimed < sc->nr_to_reclaim; left -= batch) {
		batch = min_t(u64, left, SWAP_CLUSTER_MAX);
		sc->nr_reclaimed += shrink_inactive_list(m, n, batch, sc);
	}
}

static void shrink_node(struct machine *m, struct pglist_data *n, struct scan_control *sc)
{
	u64 before = sc->nr_reclaimed;

	shrink_lruvec(m, n, sc);
	sc->nr_reclaimed += shrink_slab(m, n->nid, sc->priority);
	clock_charge(m, (sc->nr_reclaimed - before) * m->cost.reclaim_page);
}

/* ---- direct reclaim ---- */

u64 zone_reclaimable_pages(const struct machine *m, const struct zone *z)
{
	(void)m;
	return (u64)(z->vm_stat[NR_ZONE_INACTIVE_FILE] + z->vm_stat[NR_ZONE_ACTIVE_FILE]);
}

static void shrink_zones(struct machine *m, const struct pglist_data *n, u64 nodemask,
			 struct scan_control *sc)
{
	u32 i, last = MAX_NUMNODES;

	for (i = n->zonelist_first[sc->reclaim_idx]; i < n->nr_zonelist; i++) {
		const struct zoneref *ref = &n->zonelist[i];

		if (ref->type > sc->reclaim_idx || ref->nid == last ||
		    (nodemask && !(nodemask >> ref->nid & 1)))
			continue;
		last = ref->nid;
		shrink_node(m, &m->node[ref->nid], sc);
	}
}

u64 try_to_free_pages(struct machine *m, const struct pglist_data *n, u64 nodemask, gfp_t gfp,
		      unsigned int order, enum zone_type highest)
{
	struct scan_control sc = { .nr_to_reclaim = SWAP_CLUSTER_MAX, .reclaim_idx = highest };
	char flags[256];

	gfp_flags_text(gfp, flags, sizeof(flags));
	trace_event(m, "mm_vmscan_direct_reclaim_begin order=%u gfp_flags=%s", order, flags);
	count_vm_event(m, (enum vm_event_item)(ALLOCSTALL_DMA + highest));
	for (sc.priority = DEF_PRIORITY; sc.priority >= 0 && sc.nr_reclaimed < sc.nr_to_reclaim;
	     sc.priority--)
		shrink_zones(m, n, nodemask, &sc);
	trace_event(m, "mm_vmscan_direct_reclaim_end nr_reclaimed=%llu",
		    (unsigned long long)sc.nr_reclaimed);
	return sc.nr_reclaimed;
}

/* ---- zone_reclaim_mode ---- */

static u64 node_managed_pages(const struct pglist_data *n)
{
	u64 pages = 0;
	u32 type;

	for (type = 0; type < MAX_NR_ZONES; type++)
		pages += n->zones[type].managed_pages;
	return pages;
}

/* Page cache that nobody maps and that is no shared memory; dirty pages cannot go here. */
static u64 node_pagecache_reclaimable(const struct pglist_data *n)
{
	s64 pages = n->vm_stat[NR_FILE_PAGES] - n->vm_stat[NR_SHMEM] - n->vm_stat[NR_DIRTY];
	s64 lru = n->vm_stat[NR_INACTIVE_FILE] + n->vm_stat[NR_ACTIVE_FILE];
	s64 unmapped = lru > n->vm_stat[NR_MAPPED] ? lru - n->vm_stat[NR_MAPPED] : 0;

	pages = pages < unmapped ? pages : unmapped;
	return pages > 0 ? (u64)pages : 0;
}

bool node_reclaim(struct machine *m, struct pglist_data *n, gfp_t gfp, unsigned int order)
{
	struct scan_control sc = { .reclaim_idx = (enum zone_type)m->gfp_zone[gfp & 15] };
	u64 managed = node_managed_pages(n);

	if (node_pagecache_reclaimable(n) <= managed * (u64)m->sysctl.min_unmapped_ratio / 100 &&
	    n->vm_stat[NR_SLAB_RECLAIMABLE] <= (s64)(managed * (u64)m->sysctl.min_slab_ratio / 100))
		return false;
	if (!(gfp & __GFP_DIRECT_RECLAIM))
		return false;
	/* a node with CPUs of its own is theirs to reclaim */
	if (n->nr_cpus && n->nid != m->cpu_to_node[m->cpu])
		return false;
	sc.nr_to_reclaim = max_t(u64, 1u << order, SWAP_CLUSTER_MAX);
	for (sc.priority = 4; sc.priority >= 0 && sc.nr_reclaimed < sc.nr_to_reclaim; sc.priority--)
		shrink_node(m, n, &sc);
	if (sc.nr_reclaimed >= 1u << order)
		return true;
	count_vm_event(m, ZONE_RECLAIM_FAILED);
	return false;
}

/* ---- kswapd ---- */

static bool pgdat_balanced(const struct machine *m, const struct pglist_data *n, unsigned int order,
			   enum zone_type highest)
{
	u32 type;

	for (type = 0; type <= highest; type++)
		if (n->zones[type].managed_pages &&
		    zone_watermark_ok(m, &n->zones[type], order,
				      wmark_pages(&n->zones[type], WMARK_HIGH), highest, 0))
			return true;
	return false;
}

static bool end_boost(struct pglist_data *n, enum zone_type highest)
{
	bool boosted = false;
	u32 type;

	for (type = 0; type <= highest; type++) {
		boosted |= n->zones[type].watermark_boost != 0;
		n->zones[type].watermark_boost = 0;
	}
	return boosted;
}

void wakeup_kswapd(struct machine *m, struct zone *z, unsigned int order, enum zone_type highest)
{
	struct pglist_data *n = &m->node[z->nid];
	bool boosted;

	if (!z->managed_pages)
		return;
	boosted = end_boost(n, highest);
	if (!boosted && pgdat_balanced(m, n, order, highest)) {
		n->kswapd_awake = false;
		return;
	}
	n->kswapd_wakeups++;
	if (!n->kswapd_awake)
		trace_event(m, "mm_vmscan_wakeup_kswapd nid=%u order=%u", z->nid, order);
	n->kswapd_awake = !boosted;
}
