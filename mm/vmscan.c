/*
 * vmscan.c - reclaim: runs and passes, direct reclaim, and how long it may take.
 *
 *	try_to_free_pages   priority 12, 11, ... 0: a 4096th of each list, then twice as much
 *	  shrink_zones      each node that the request could use
 *	    shrink_node     a pass: the policy's batches, then slab
 *	      (between two batches: kernel threads, the disk)
 *	    wait            if all that was found is being written, or nothing could be had
 *
 * A direct reclaimer stands still until it has freed 32 pages. kswapd (kswapd.c), which does the
 * same work as events, goes on beside it: that is why it is let in after each batch.
 *
 * Source: Documentation/admin-guide/mm/concepts.rst (reclaim), admin-guide/sysctl/vm.rst
 * (zone_reclaim_mode, min_unmapped_ratio, min_slab_ratio).
 */
#include "mm/vmscan.h"

#include <stdio.h>
#include <string.h>

#include "mm/compaction.h"

#define PFMEMALLOC_TIMEOUT    NSEC_PER_SEC
#define NODE_RECLAIM_PRIORITY 4

/* zone_reclaim_mode */
#define RECLAIM_WRITE 2
#define RECLAIM_UNMAP 4

/* ---- what there is ---- */

bool can_reclaim_anon_pages(const struct machine *m, const struct scan_control *sc)
{
	(void)sc;
	return free_swap_pages(m) != 0;
}

u64 lruvec_lru_size(const struct pglist_data *n, enum lru_list lru, enum zone_type highest)
{
	s64 pages = 0;
	u32 z;

	for (z = 0; z <= highest; z++)
		if (n->zones[z].managed_pages)
			pages += n->zones[z].vm_stat[NR_ZONE_INACTIVE_ANON + (u32)lru];
	return (u64)pages;
}

u64 zone_reclaimable_pages(const struct machine *m, const struct zone *z)
{
	s64 pages = z->vm_stat[NR_ZONE_INACTIVE_FILE] + z->vm_stat[NR_ZONE_ACTIVE_FILE];

	if (can_reclaim_anon_pages(m, NULL))
		pages += z->vm_stat[NR_ZONE_INACTIVE_ANON] + z->vm_stat[NR_ZONE_ACTIVE_ANON];
	return (u64)pages;
}

void lru_note_cost(struct pglist_data *n, enum page_side side, u64 nr)
{
	struct lruvec *l = &n->lruvec;
	u64 pages = (u64)l->lists[LRU_INACTIVE_ANON].nr + l->lists[LRU_ACTIVE_ANON].nr +
		    l->lists[LRU_INACTIVE_FILE].nr + l->lists[LRU_ACTIVE_FILE].nr;

	if (side == SIDE_FILE)
		l->file_cost += nr;
	else
		l->anon_cost += nr;
	/* older costs weigh less: halved when they come to a quarter of the pages */
	if (l->file_cost + l->anon_cost > pages / 4) {
		l->file_cost /= 2;
		l->anon_cost /= 2;
	}
}

void snapshot_refaults(struct pglist_data *n)
{
	n->lruvec.refaults[SIDE_ANON] = (u64)n->vm_stat[WORKINGSET_ACTIVATE_ANON];
	n->lruvec.refaults[SIDE_FILE] = (u64)n->vm_stat[WORKINGSET_ACTIVATE_FILE];
}

/* ---- a run ---- */

void reclaim_run_begin(struct machine *m, struct scan_control *sc, enum reclaim_kind kind, u32 nid)
{
	const struct task *t = m->current ? task_at(m, m->current) : NULL;

	sc->run = (struct reclaim_run){
		.start = m->clock.now,
		.nid = nid,
		.order = sc->order,
		.gfp = sc->gfp,
		.pid = t ? t->pid : 0,
		.kind = (u8)kind,
		.highest = sc->reclaim_idx,
	};
	memcpy(sc->run.comm, t ? t->comm : "swapper", t ? sizeof(t->comm) : sizeof("swapper"));
}

static void add_counts(struct reclaim_counts *to, const struct reclaim_counts *c)
{
	u64 *sum = (u64 *)to;
	const u64 *more = (const u64 *)c;
	size_t i;

	_Static_assert(sizeof(*to) % sizeof(u64) == 0, "reclaim_counts holds nothing but u64");
	for (i = 0; i < sizeof(*to) / sizeof(u64); i++)
		sum[i] += more[i];
}

/* One line for what the kernel tells of every batch: writing them takes longer than the work. */
static void trace_run(struct machine *m, const struct scan_control *sc)
{
	u32 side;

	for (side = 0; side < NR_SIDES; side++) {
		const struct reclaim_stat *s = &sc->sum[side];

		if (!s->scanned)
			continue;
		trace_event(
			m,
			"mm_vmscan_lru_shrink_inactive nid=%u nr_scanned=%llu nr_reclaimed=%llu "
			"nr_dirty=%llu nr_writeback=%llu nr_congested=%llu nr_immediate=%llu "
			"nr_activate_anon=%llu nr_activate_file=%llu nr_ref_keep=%llu "
			"nr_unmap_fail=%llu priority=%d flags=%s",
			sc->run.nid, (unsigned long long)s->scanned,
			(unsigned long long)s->reclaimed, (unsigned long long)s->dirty,
			(unsigned long long)s->writeback, (unsigned long long)s->congested,
			(unsigned long long)s->immediate,
			(unsigned long long)s->activate[SIDE_ANON],
			(unsigned long long)s->activate[SIDE_FILE], (unsigned long long)s->ref_keep,
			(unsigned long long)s->unmap_fail, sc->priority,
			side == SIDE_FILE ? "RECLAIM_WB_FILE|RECLAIM_WB_ASYNC" :
					    "RECLAIM_WB_ANON|RECLAIM_WB_ASYNC");
	}
}

void reclaim_run_end(struct machine *m, struct scan_control *sc, enum reclaim_end how)
{
	struct reclaim_run *r = &sc->run;

	r->end = m->clock.now;
	r->ended = (u8)how;
	r->priority = (s8)(sc->priority < 0 ? 0 : sc->priority);
	r->nr_reclaimed = sc->nr_reclaimed;
	add_counts(&m->reclaim.total[r->kind], &r->count);
	m->reclaim.runs[r->kind]++;
	m->reclaim.last[r->kind] = *r;
	trace_run(m, sc);
}

/* ---- a pass over one node ---- */

void shrink_node_begin(struct machine *m, struct pglist_data *n, struct scan_control *sc,
		       struct lru_scan *s)
{
	memset(sc->pass, 0, sizeof(sc->pass));
	s->reclaimed_before = sc->nr_reclaimed;
	sc->run.passes++;
	reclaim_policy_of(m)->begin(m, n, sc, s);
}

/* What kswapd has seen decides how it and the others go on with dirty pages. */
static void note_writeback(struct machine *m, struct pglist_data *n, struct scan_control *sc)
{
	struct node_reclaim *nr = &m->reclaim.node[n->nid];
	const struct reclaim_stat *a = &sc->pass[SIDE_ANON], *f = &sc->pass[SIDE_FILE];
	u64 writeback = a->writeback + f->writeback, taken = a->taken + f->taken;
	u64 dirty = a->dirty + f->dirty;

	if (!sc->kswapd)
		return;
	/* everything taken is being written: page by page we are going in circles */
	if (writeback && writeback == taken)
		nr->writeback = true;
	/* every file page is dirty, and no flusher has got to it */
	if (f->taken && a->unqueued_dirty + f->unqueued_dirty == f->taken)
		nr->dirty = true;
	if (a->immediate + f->immediate)
		nr->throttled = true;
	if (dirty && dirty == a->congested + f->congested)
		nr->congested = true;
}

/* For more than a page: enough is freed when there is room for the pieces to be put together. */
static bool should_continue_reclaim(struct machine *m, const struct pglist_data *n, u64 reclaimed,
				    const struct scan_control *sc)
{
	u64 inactive;
	u32 z;

	if (!sc->order ||
	    (sc->order <= PAGE_ALLOC_COSTLY_ORDER && sc->priority >= DEF_PRIORITY - 2))
		return false;
	if (!reclaimed)
		return false;
	for (z = 0; z <= sc->reclaim_idx; z++)
		if (n->zones[z].managed_pages &&
		    compaction_suitable(m, &n->zones[z], (s32)sc->order, 0,
					(enum zone_type)sc->reclaim_idx) >= COMPACT_CONTINUE)
			return false;
	inactive = n->lruvec.lists[LRU_INACTIVE_FILE].nr;
	if (can_reclaim_anon_pages(m, sc))
		inactive += n->lruvec.lists[LRU_INACTIVE_ANON].nr;
	return inactive > compact_gap(sc->order);
}

bool shrink_node_end(struct machine *m, struct pglist_data *n, struct scan_control *sc,
		     const struct lru_scan *s)
{
	u64 reclaimed, slab;

	reclaim_policy_of(m)->end(m, n, sc);
	slab = shrink_slab(m, n->nid, sc->priority);
	sc->run.count.slab_pages += slab;
	sc->nr_reclaimed += slab;
	clock_charge(m, slab * m->cost.reclaim_page);
	reclaim_stat_add(&sc->sum[SIDE_ANON], &sc->pass[SIDE_ANON]);
	reclaim_stat_add(&sc->sum[SIDE_FILE], &sc->pass[SIDE_FILE]);
	note_writeback(m, n, sc);
	reclaimed = sc->nr_reclaimed - s->reclaimed_before;
	if (reclaimed)
		n->kswapd_failures = 0;
	return should_continue_reclaim(m, n, reclaimed, sc);
}

/* ---- waiting ---- */

/* What else can happen while the reclaimer stands still: the disk first, kernel threads, time. */
static void wait_a_little(struct machine *m, u64 until)
{
	if (!blk_wait_next(m, true))
		m->clock.now = min_t(u64, m->clock.now + NSEC_PER_SEC / 1000, until);
	clock_run_kthreads(m);
}

/* Until @timeout is over, or, with @writeback, a batch of the node's pages has been written. */
static void reclaim_throttle(struct machine *m, struct pglist_data *n, struct scan_control *sc,
			     u64 timeout, bool writeback)
{
	s64 written = n->vm_stat[NR_WRITTEN];
	u64 start = m->clock.now;

	while (m->clock.now < start + timeout &&
	       (!writeback || n->vm_stat[NR_WRITTEN] - written < (s64)SWAP_CLUSTER_MAX))
		wait_a_little(m, start + timeout);
	mod_node_page_state(m, n, NR_THROTTLED_WRITTEN, n->vm_stat[NR_WRITTEN] - written);
	sc->run.count.throttled_ns += m->clock.now - start;
}

/* Waiting is of no use unless most of what could be reclaimed is being written. */
static bool waiting_helps(const struct machine *m, const struct pglist_data *n)
{
	u64 reclaimable = 0, pending = 0;
	u32 z;

	if (n->kswapd_failures >= MAX_RECLAIM_RETRIES)
		return false;
	for (z = 0; z < MAX_NR_ZONES; z++) {
		reclaimable += zone_reclaimable_pages(m, &n->zones[z]);
		pending += (u64)n->zones[z].vm_stat[NR_ZONE_WRITE_PENDING];
	}
	return 2 * pending > reclaimable;
}

/* May direct reclaim go on? Not below half of what min keeps in the zones that the kernel lives
 * in. */
static bool allow_direct_reclaim(const struct machine *m, const struct pglist_data *n)
{
	u64 reserve = 0, free = 0;
	u32 z;

	if (n->kswapd_failures >= MAX_RECLAIM_RETRIES)
		return true;
	for (z = 0; z <= ZONE_NORMAL; z++) {
		if (!n->zones[z].managed_pages || !zone_reclaimable_pages(m, &n->zones[z]))
			continue;
		reserve += wmark_pages(&n->zones[z], WMARK_MIN);
		free += (u64)n->zones[z].vm_stat[NR_FREE_PAGES];
	}
	return !reserve || free > reserve / 2;
}

static struct pglist_data *first_low_node(struct machine *m, const struct pglist_data *n,
					  u64 nodemask, enum zone_type highest)
{
	u32 i;

	for (i = n->zonelist_first[highest]; i < n->nr_zonelist; i++)
		if (n->zonelist[i].type <= min_t(u32, highest, ZONE_NORMAL) &&
		    (!nodemask || (nodemask >> n->zonelist[i].nid & 1)))
			return &m->node[n->zonelist[i].nid];
	return NULL;
}

/* Wait for kswapd, batch by batch, while the last reserves are being used up. */
static void throttle_direct_reclaim(struct machine *m, const struct pglist_data *from, u64 nodemask,
				    enum zone_type highest)
{
	struct pglist_data *n = first_low_node(m, from, nodemask, highest);
	u64 end = m->clock.now + PFMEMALLOC_TIMEOUT;

	if (!n || allow_direct_reclaim(m, n) || m->clock.in_events || m->clock.in_kthread)
		return;
	count_vm_event(m, PGSCAN_DIRECT_THROTTLE);
	while (!allow_direct_reclaim(m, n) && m->clock.now < end) {
		const struct node_reclaim *nr = &m->reclaim.node[n->nid];

		wakeup_kswapd(m, &n->zones[min_t(u32, highest, ZONE_NORMAL)], 0, 0,
			      (enum zone_type)min_t(u32, highest, ZONE_NORMAL));
		if (nr->state != KSWAPD_RUNNING)
			break;
		if (nr->due > m->clock.now)
			m->clock.now = nr->due;
		clock_run_kthreads(m);
	}
}

/* ---- direct reclaim ---- */

/* Who writes into a full queue waits until there is room in it. */
static void wait_for_queue(struct machine *m, struct scan_control *sc)
{
	u64 start = m->clock.now;

	while (blk_congested(m) && blk_wait_next(m, true))
		;
	sc->run.count.throttled_ns += m->clock.now - start;
}

static void shrink_node(struct machine *m, struct pglist_data *n, struct scan_control *sc)
{
	const struct node_reclaim *nr = &m->reclaim.node[n->nid];
	u64 written = sc->run.count.written;
	struct lru_scan s;

	do {
		shrink_node_begin(m, n, sc, &s);
		while (reclaim_policy_of(m)->step(m, n, sc, &s)) {
			if (sc->run.count.written != written)
				wait_for_queue(m, sc);
			written = sc->run.count.written;
			blk_poll(m);
			clock_run_kthreads(m);
		}
	} while (shrink_node_end(m, n, sc, &s));
	if (nr->congested && waiting_helps(m, n))
		reclaim_throttle(m, n, sc, JIFFY_NS, false);
}

/* Enough is free for compaction, and some to spare: its turn. */
static bool compaction_ready(struct machine *m, const struct zone *z, const struct scan_control *sc)
{
	enum zone_type highest = (enum zone_type)sc->reclaim_idx;

	switch (compaction_suitable(m, z, (s32)sc->order, 0, highest)) {
	case COMPACT_SUCCESS:
		return true;
	case COMPACT_SKIPPED:
		return false;
	default:
		return zone_watermark_ok(
			m, z, 0, wmark_pages(z, WMARK_HIGH) + compact_gap(sc->order), highest, 0);
	}
}

static void shrink_zones(struct machine *m, const struct pglist_data *from, u64 nodemask,
			 struct scan_control *sc)
{
	struct pglist_data *first = NULL;
	u32 i, last = MAX_NUMNODES;

	for (i = from->zonelist_first[sc->reclaim_idx]; i < from->nr_zonelist; i++) {
		const struct zoneref *ref = &from->zonelist[i];

		if (ref->type > sc->reclaim_idx || (nodemask && !(nodemask >> ref->nid & 1)))
			continue;
		if (sc->order > PAGE_ALLOC_COSTLY_ORDER &&
		    compaction_ready(m, &m->node[ref->nid].zones[ref->type], sc)) {
			sc->compaction_ready = true;
			continue;
		}
		if (ref->nid == last)
			continue;
		last = ref->nid;
		first = first ? first : &m->node[ref->nid];
		shrink_node(m, &m->node[ref->nid], sc);
	}
	/* nothing yet, and the next round is the last one */
	if (first && sc->priority == 1 && !sc->nr_reclaimed && waiting_helps(m, first))
		reclaim_throttle(m, first, sc, JIFFY_NS, false);
}

static void do_try_to_free_pages(struct machine *m, const struct pglist_data *from, u64 nodemask,
				 struct scan_control *sc)
{
	u32 i;

	count_vm_event(m, (enum vm_event_item)(ALLOCSTALL_DMA + sc->reclaim_idx));
	for (;;) {
		for (sc->priority = DEF_PRIORITY; sc->priority >= 0; sc->priority--) {
			sc->nr_scanned = 0;
			if (sc->priority < DEF_PRIORITY - 2)
				sc->may_writepage = true;
			shrink_zones(m, from, nodemask, sc);
			if (sc->nr_reclaimed >= sc->nr_to_reclaim || sc->compaction_ready)
				break;
		}
		for (i = 0; i < from->nr_zonelist; i++)
			snapshot_refaults(&m->node[from->zonelist[i].nid]);
		if (sc->nr_reclaimed || sc->compaction_ready || !sc->skipped_deactivate)
			return;
		/* the active lists were spared: now they are not */
		sc->force_deactivate = true;
		sc->skipped_deactivate = false;
	}
}

static void note_pressure(struct machine *m, const struct pglist_data *from,
			  const struct scan_control *sc)
{
	u32 i, priority = sc->priority < 0 ? 0 : (u32)sc->priority;

	for (i = from->zonelist_first[sc->reclaim_idx]; i < from->nr_zonelist; i++)
		m->reclaim.node[from->zonelist[i].nid].pressure = (u8)(DEF_PRIORITY - priority);
}

u64 try_to_free_pages(struct machine *m, const struct pglist_data *n, u64 nodemask, gfp_t gfp,
		      unsigned int order, enum zone_type highest)
{
	struct scan_control sc = { .nr_to_reclaim = SWAP_CLUSTER_MAX,
				   .order = order,
				   .gfp = gfp,
				   .reclaim_idx = (u8)highest,
				   .may_writepage = !m->sysctl.laptop_mode,
				   .may_unmap = true,
				   .may_swap = true };
	u64 start = m->clock.now;
	char flags[256];

	throttle_direct_reclaim(m, n, nodemask, highest);
	gfp_flags_text(gfp, flags, sizeof(flags));
	trace_event(m, "mm_vmscan_direct_reclaim_begin order=%u gfp_flags=%s", order, flags);
	reclaim_run_begin(m, &sc, RECLAIM_DIRECT, n->nid);
	sc.run.start = start;
	do_try_to_free_pages(m, n, nodemask, &sc);
	note_pressure(m, n, &sc);
	reclaim_run_end(m, &sc,
			sc.nr_reclaimed >= sc.nr_to_reclaim ? RECLAIM_ENOUGH : RECLAIM_EXHAUSTED);
	trace_event(m, "mm_vmscan_direct_reclaim_end nr_reclaimed=%llu",
		    (unsigned long long)sc.nr_reclaimed);
	psi_stall(m, PSI_MEM, start, m->clock.now);
	return sc.nr_reclaimed ? sc.nr_reclaimed : sc.compaction_ready;
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

/* Page cache that may go by the mode: all of it, or what nobody maps; dirty or not. */
static u64 node_pagecache_reclaimable(const struct machine *m, const struct pglist_data *n)
{
	s64 lru = n->vm_stat[NR_INACTIVE_FILE] + n->vm_stat[NR_ACTIVE_FILE];
	s64 pages = m->sysctl.zone_reclaim_mode & RECLAIM_UNMAP ? n->vm_stat[NR_FILE_PAGES] :
								  lru - n->vm_stat[NR_MAPPED];

	if (!(m->sysctl.zone_reclaim_mode & RECLAIM_WRITE))
		pages -= n->vm_stat[NR_DIRTY];
	return pages > 0 ? (u64)pages : 0;
}

bool node_reclaim(struct machine *m, struct pglist_data *n, gfp_t gfp, unsigned int order)
{
	struct scan_control sc = { .nr_to_reclaim = max_t(u64, 1u << order, SWAP_CLUSTER_MAX),
				   .order = order,
				   .gfp = gfp,
				   .reclaim_idx = (u8)m->gfp_zone[gfp & 15],
				   .may_writepage = m->sysctl.zone_reclaim_mode & RECLAIM_WRITE,
				   .may_unmap = m->sysctl.zone_reclaim_mode & RECLAIM_UNMAP,
				   .may_swap = true };
	u64 managed = node_managed_pages(n), start = m->clock.now;

	if (node_pagecache_reclaimable(m, n) <= managed * (u64)m->sysctl.min_unmapped_ratio / 100 &&
	    n->vm_stat[NR_SLAB_RECLAIMABLE] <= (s64)(managed * (u64)m->sysctl.min_slab_ratio / 100))
		return false;
	if (!(gfp & __GFP_DIRECT_RECLAIM) || m->reclaim.active)
		return false;
	/* a node with CPUs of its own is theirs to reclaim */
	if (n->nr_cpus && n->nid != m->cpu_to_node[m->cpu])
		return false;
	reclaim_run_begin(m, &sc, RECLAIM_NODE, n->nid);
	for (sc.priority = NODE_RECLAIM_PRIORITY; sc.priority >= 0; sc.priority--) {
		shrink_node(m, n, &sc);
		if (sc.nr_reclaimed >= 1u << order)
			break;
	}
	reclaim_run_end(m, &sc,
			sc.nr_reclaimed >= 1u << order ? RECLAIM_ENOUGH : RECLAIM_EXHAUSTED);
	psi_stall(m, PSI_MEM, start, m->clock.now);
	if (sc.nr_reclaimed >= 1u << order)
		return true;
	count_vm_event(m, ZONE_RECLAIM_FAILED);
	return false;
}
