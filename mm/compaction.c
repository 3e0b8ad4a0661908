/*
 * compaction.c - a run over a zone, and who asks for one.
 *
 *	begin   is it worth it? where do the scanners start?
 *	step    a pageblock's pages at most: isolate, find frames, move; then: is it enough?
 *	pause   what is isolated goes back, others may run
 *	end     where the scanners have come to is remembered, or forgotten if they have met
 *
 * A direct run ends when a free block of the order asked for has come up, a proactive one when the
 * node's score is low enough, one by hand when the scanners meet.
 *
 * What a kernel decides by looking whether somebody else wants its CPU or a lock is not simulated:
 * here a run goes on until it is told to stop.
 *
 * Source: Documentation/admin-guide/mm/concepts.rst, admin-guide/sysctl/vm.rst; counters as 6.1 was
 * seen to move them.
 */
#include "mm/compaction.h"

#include "mm/vmscan.h"

#include <string.h>

/* ---- a run's record ---- */

static u64 huge_blocks(const struct zone *z)
{
	u64 blocks = 0;
	u32 order;

	for (order = COMPACTION_HPAGE_ORDER; order < MAX_ORDER; order++)
		blocks += z->free_area[order].nr_free << (order - COMPACTION_HPAGE_ORDER);
	return blocks;
}

static void log_begin(struct machine *m, struct compact_control *cc)
{
	const struct task *t = m->current ? task_at(m, m->current) : NULL;
	const struct zone *z = compact_zone_of(m, cc);

	cc->log = (struct compact_run){
		.start = m->clock.now,
		.order = cc->order,
		.nid = cc->nid,
		.pid = t ? t->pid : 0,
		.zone = cc->zone,
		.mode = cc->mode,
		.reason = cc->reason,
		.whole_zone = cc->whole_zone,
		.free_before = (u64)z->vm_stat[NR_FREE_PAGES],
		.blocks_before = huge_blocks(z),
		.index_before = cc->order > 0 ? fragmentation_index(z, (u32)cc->order) : 0,
		.score_before = (s32)fragmentation_score_zone(z),
	};
	memcpy(cc->log.comm, t ? t->comm : "swapper", t ? sizeof(t->comm) : sizeof("swapper"));
}

/* One line for what the kernel tells of every batch: writing them takes longer than the work. */
static void trace_scans(struct machine *m, const struct compact_run *r)
{
	if (r->migrate_scanned)
		trace_event(m,
			    "mm_compaction_isolate_migratepages start_pfn=0x%x end_pfn=0x%x "
			    "nr_scanned=%llu nr_taken=%llu",
			    r->migrate_from, r->migrate_to, (unsigned long long)r->migrate_scanned,
			    (unsigned long long)r->migrated + r->failed);
	if (r->free_scanned)
		trace_event(m,
			    "mm_compaction_isolate_freepages start_pfn=0x%x end_pfn=0x%x "
			    "nr_scanned=%llu nr_taken=%llu",
			    r->free_to, r->free_from, (unsigned long long)r->free_scanned,
			    (unsigned long long)(r->isolated - r->migrated - r->failed));
	if (r->migrated + r->failed)
		trace_event(m, "mm_compaction_migratepages nr_migrated=%llu nr_failed=%llu",
			    (unsigned long long)r->migrated, (unsigned long long)r->failed);
}

static void log_end(struct machine *m, struct compact_control *cc, enum compact_result result)
{
	struct compact_run *r = &cc->log, *last = &m->compaction.last[cc->reason];
	const struct zone *z = compact_zone_of(m, cc);

	r->end = m->clock.now;
	r->count = ++m->compaction.runs[cc->reason];
	r->result = (u8)result;
	r->migrate_to = cc->migrate_pfn;
	r->free_to = cc->free_pfn;
	r->migrate_scanned = cc->migrate_scanned;
	r->free_scanned = cc->free_scanned;
	r->blocks_after = huge_blocks(z);
	r->score_after = (s32)fragmentation_score_zone(z);
	trace_scans(m, r);
	trace_event(m, "mm_compaction_finished node=%u zone=%s order=%d ret=%s", cc->nid,
		    zone_name((enum zone_type)cc->zone), cc->order, compact_result_name(result));
	trace_event(m,
		    "mm_compaction_end zone_start=0x%x migrate_pfn=0x%x free_pfn=0x%x "
		    "zone_end=0x%x mode=%s status=%s",
		    z->start_pfn, cc->migrate_pfn, cc->free_pfn, zone_end(z),
		    cc->mode == MIGRATE_ASYNC ? "async" : "sync", compact_result_name(result));
	/* of several zones compacted in one go, one where nothing moved says less than the one
	 * before */
	if (r->migrated + r->failed || !last->count || last->end != r->start)
		*last = *r;
}

/* ---- a run ---- */

static void set_positions(struct machine *m, struct compact_control *cc)
{
	struct zone *z = compact_zone_of(m, cc);
	struct zone_compaction *c = &z->compact;
	pfn_t first = z->start_pfn, last = pageblock_start(zone_end(z) - 1);
	bool sync = cc->mode != MIGRATE_ASYNC;

	cc->migrate_pfn = first;
	cc->free_pfn = last;
	if (cc->whole_zone)
		return;
	cc->migrate_pfn = c->cached_migrate_pfn[sync];
	cc->free_pfn = c->cached_free_pfn;
	if (cc->free_pfn < first || cc->free_pfn >= zone_end(z)) {
		cc->free_pfn = last;
		c->cached_free_pfn = last;
	}
	if (cc->migrate_pfn < first || cc->migrate_pfn >= zone_end(z)) {
		cc->migrate_pfn = first;
		c->cached_migrate_pfn[0] = c->cached_migrate_pfn[1] = first;
	}
	if (cc->migrate_pfn <= c->init_migrate_pfn || cc->migrate_pfn == first)
		cc->whole_zone = true;
}

enum compact_result compact_zone_begin(struct machine *m, struct compact_control *cc)
{
	struct zone *z = compact_zone_of(m, cc);
	enum compact_result result;

	cc->migratetype = (u8)gfp_migratetype(m, cc->gfp);
	result = compaction_suitable(m, z, cc->order, cc->alloc_flags, (enum zone_type)cc->highest);
	if (result != COMPACT_CONTINUE)
		return result;
	if (compaction_restarting(z, cc->order))
		reset_isolation_suitable(m, z);
	set_positions(m, cc);
	page_list_init(&cc->migrate);
	page_list_init(&cc->free);
	cc->run = cc->run_end = cc->nr_free = 0;
	cc->last_migrated_pfn = 0;
	cc->fast_start_pfn = 0;
	cc->fast_search_fail = 0;
	cc->search_order = cc->order > 0 ? (u32)cc->order : 0;
	cc->migrate_scanned = cc->free_scanned = 0;
	cc->contended = false;
	cc->update_cached = cc->mode == MIGRATE_ASYNC &&
			    z->compact.cached_migrate_pfn[0] == z->compact.cached_migrate_pfn[1];
	log_begin(m, cc);
	cc->log.migrate_from = cc->migrate_pfn;
	cc->log.free_from = cc->free_pfn;
	trace_event(m,
		    "mm_compaction_begin zone_start=0x%x migrate_pfn=0x%x free_pfn=0x%x "
		    "zone_end=0x%x mode=%s",
		    z->start_pfn, cc->migrate_pfn, cc->free_pfn, zone_end(z),
		    cc->mode == MIGRATE_ASYNC ? "async" : "sync");
	return COMPACT_CONTINUE;
}

static bool kswapd_is_running(const struct machine *m, u32 nid)
{
	return m->reclaim.node[nid].state == KSWAPD_RUNNING;
}

static bool told_to_stop(const struct machine *m, const struct compact_control *cc)
{
	const struct running *r = m->running;

	if (cc->reason != COMPACT_DIRECT && cc->reason != COMPACT_BY_HAND)
		return false;
	return cc->contended || m->panicked || (r && (r->fatal_signal || r->interrupted));
}

/* Is there a block of the order, on a list that the request may take it from? */
static bool block_is_there(const struct machine *m, const struct zone *z,
			   const struct compact_control *cc)
{
	u32 order;

	for (order = (u32)cc->order; order < MAX_ORDER; order++) {
		const struct free_area *area = &z->free_area[order];

		if (area->nr_free_type[cc->migratetype] ||
		    fallback_may_steal(m, area, order, (enum migratetype)cc->migratetype))
			return true;
	}
	return false;
}

static enum compact_result compact_finished(struct machine *m, struct compact_control *cc)
{
	struct zone *z = compact_zone_of(m, cc);

	if (!zone_populated(z))
		return COMPACT_CONTENDED;
	if (compact_scanners_met(cc)) {
		reset_cached_positions(z);
		if (cc->direct)
			z->compact.blockskip_flush = true;
		return cc->whole_zone ? COMPACT_COMPLETE : COMPACT_PARTIAL_SKIPPED;
	}
	if (told_to_stop(m, cc))
		return COMPACT_CONTENDED;
	if (cc->proactive) {
		if (kswapd_is_running(m, cc->nid))
			return COMPACT_PARTIAL_SKIPPED;
		return fragmentation_score_zone(z) > fragmentation_score_wmark(m, true) ?
			       COMPACT_CONTINUE :
			       COMPACT_SUCCESS;
	}
	/* a pageblock that was begun is finished: fewer of them stay mixed */
	if (cc->order < 0 || cc->migrate_pfn % PAGEBLOCK_NR_PAGES)
		return COMPACT_CONTINUE;
	return block_is_there(m, z, cc) ? COMPACT_SUCCESS : COMPACT_CONTINUE;
}

/* Move what is isolated. False: no frames are left to move it to. */
static bool migrate_batch(struct machine *m, struct compact_control *cc)
{
	u64 moved = 0;
	int left;

	cc->nr_migrate = cc->migrate.nr;
	left = migrate_pages(m, &cc->migrate, compaction_alloc, compaction_free, cc,
			     (enum migrate_mode)cc->mode, MR_COMPACTION, &moved);
	cc->log.migrated += moved;
	cc->log.failed += cc->nr_migrate - moved;
	if (!left)
		return true;
	putback_movable_pages(m, &cc->migrate);
	if (left < 0 && !compact_scanners_met(cc))
		return false;
	/* a page of the aligned block stays: the rest of it would be moved in vain */
	if (cc->direct && cc->mode == MIGRATE_ASYNC) {
		cc->migrate_pfn = ((cc->migrate_pfn - 1) | ((1u << cc->order) - 1)) + 1;
		cc->last_migrated_pfn = 0;
	}
	return true;
}

/* Frames that were freed lie on this CPU's lists: only when they are back can they merge. */
static void drain_when_passed(struct machine *m, struct compact_control *cc)
{
	pfn_t block = cc->migrate_pfn & ~((1u << cc->order) - 1);

	if (cc->order <= 0 || !cc->last_migrated_pfn || cc->last_migrated_pfn >= block)
		return;
	drain_zone_pages(m, compact_zone_of(m, cc), (int)m->cpu);
	cc->last_migrated_pfn = 0;
}

enum compact_result compact_zone_step(struct machine *m, struct compact_control *cc)
{
	enum compact_result result = compact_finished(m, cc);
	struct zone *z = compact_zone_of(m, cc);
	pfn_t from = cc->migrate_pfn;

	if (result != COMPACT_CONTINUE)
		return result;
	cc->finish_pageblock = pageblock_start(cc->last_migrated_pfn) == pageblock_start(from);
	switch (isolate_migratepages(m, cc)) {
	case ISOLATE_ABORT:
		return COMPACT_CONTENDED;
	case ISOLATE_NONE:
		if (cc->update_cached)
			z->compact.cached_migrate_pfn[1] = z->compact.cached_migrate_pfn[0];
		break;
	case ISOLATE_SUCCESS:
		cc->update_cached = false;
		cc->last_migrated_pfn = from;
		if (!migrate_batch(m, cc))
			return COMPACT_CONTENDED;
	}
	if (cc->order > 0)
		drain_when_passed(m, cc);
	/* the block that came up is the asking allocation's */
	if (cc->direct && z->free_area[cc->order].nr_free_type[cc->migratetype])
		return COMPACT_SUCCESS;
	return COMPACT_CONTINUE;
}

void compact_zone_pause(struct machine *m, struct compact_control *cc)
{
	rewind_free_scanner(m, cc, release_freepages(m, cc));
}

void compact_zone_end(struct machine *m, struct compact_control *cc, enum compact_result result)
{
	struct zone_compaction *c = &compact_zone_of(m, cc)->compact;
	pfn_t released = release_freepages(m, cc);

	if (released && pageblock_start(released) > c->cached_free_pfn)
		c->cached_free_pfn = pageblock_start(released);
	count_vm_events(m, COMPACTMIGRATE_SCANNED, cc->migrate_scanned);
	count_vm_events(m, COMPACTFREE_SCANNED, cc->free_scanned);
	/* what it does for its own sake is not counted as its work */
	if (cc->reason == COMPACT_KCOMPACTD) {
		count_vm_events(m, KCOMPACTD_MIGRATE_SCANNED, cc->migrate_scanned);
		count_vm_events(m, KCOMPACTD_FREE_SCANNED, cc->free_scanned);
	}
	log_end(m, cc, result);
}

/* Let others in. False: the running command is to end. */
static bool let_others_run(struct machine *m, struct compact_control *cc)
{
	compact_zone_pause(m, cc);
	if (cc->reason == COMPACT_BY_HAND)
		return machine_safe_point(m);
	blk_poll(m);
	clock_run_kthreads(m);
	return true;
}

static enum compact_result compact_zone(struct machine *m, struct compact_control *cc)
{
	enum compact_result result = compact_zone_begin(m, cc);
	u64 since = m->clock.now;

	if (result != COMPACT_CONTINUE)
		return result;
	while ((result = compact_zone_step(m, cc)) == COMPACT_CONTINUE) {
		if (m->clock.now - since < COMPACT_BATCH_NS)
			continue;
		if (!let_others_run(m, cc)) {
			result = COMPACT_CONTENDED;
			break;
		}
		since = m->clock.now;
	}
	compact_zone_end(m, cc, result);
	return result;
}

/* ---- direct ---- */

static enum compact_result compact_zone_order(struct machine *m, const struct zone *z, gfp_t gfp,
					      unsigned int order, unsigned int alloc_flags,
					      enum zone_type highest, enum compact_priority prio)
{
	struct compact_control cc = {
		.nid = z->nid,
		.zone = z->type,
		.highest = (u8)highest,
		.order = (s32)order,
		.gfp = gfp,
		.alloc_flags = alloc_flags,
		.mode = prio == COMPACT_PRIO_ASYNC ? MIGRATE_ASYNC : MIGRATE_SYNC_LIGHT,
		.reason = COMPACT_DIRECT,
		.direct = true,
		.whole_zone = prio == MIN_COMPACT_PRIORITY,
		.ignore_skip_hint = prio == MIN_COMPACT_PRIORITY,
		.ignore_block_suitable = prio == MIN_COMPACT_PRIORITY,
	};

	return compact_zone(m, &cc);
}

enum compact_result try_to_compact_pages(struct machine *m, const struct pglist_data *n,
					 u64 nodemask, gfp_t gfp, unsigned int order,
					 unsigned int alloc_flags, enum zone_type highest,
					 enum compact_priority prio)
{
	enum compact_result result = COMPACT_SKIPPED, status;
	char flags[256];
	u32 i;

	gfp_flags_text(gfp, flags, sizeof(flags));
	trace_event(m, "mm_compaction_try_to_compact_pages order=%u gfp_mask=%s priority=%d", order,
		    flags, prio);
	for (i = n->zonelist_first[highest]; i < n->nr_zonelist; i++) {
		const struct zoneref *ref = &n->zonelist[i];
		struct zone *z = &m->node[ref->nid].zones[ref->type];

		if (ref->type > highest || (nodemask && !(nodemask >> ref->nid & 1)))
			continue;
		if (prio > MIN_COMPACT_PRIORITY && compaction_deferred(m, z, (s32)order)) {
			result = max_t(enum compact_result, result, COMPACT_DEFERRED);
			continue;
		}
		status = compact_zone_order(m, z, gfp, order, alloc_flags, highest, prio);
		result = max_t(enum compact_result, result, status);
		if (status == COMPACT_SUCCESS) {
			compaction_defer_reset(m, z, (s32)order, false);
			break;
		}
		if (prio != COMPACT_PRIO_ASYNC &&
		    (status == COMPACT_COMPLETE || status == COMPACT_PARTIAL_SKIPPED))
			defer_compaction(m, z, (s32)order);
		if (m->running && m->running->fatal_signal)
			break;
	}
	return result;
}

/* ---- by hand ---- */

void compact_node(struct machine *m, u32 nid)
{
	u32 type;

	for (type = 0; type < MAX_NR_ZONES; type++) {
		struct compact_control cc = {
			.nid = (u16)nid,
			.zone = (u8)type,
			.highest = MAX_NR_ZONES - 1,
			.order = -1,
			.gfp = GFP_KERNEL,
			.mode = MIGRATE_SYNC,
			.reason = COMPACT_BY_HAND,
			.whole_zone = true,
			.ignore_skip_hint = true,
		};

		if (zone_populated(&m->node[nid].zones[type]))
			compact_zone(m, &cc);
	}
}

void compact_nodes(struct machine *m)
{
	u32 nid;

	for (nid = 0; nid < m->nr_nodes; nid++)
		if (m->node[nid].online)
			compact_node(m, nid);
}
