/*
 * kcompactd.c - compaction in the background: one thread a node, an event a batch.
 *
 *	asleep --- wakeup_kcompactd(): kswapd has made room for 2^order pages -------> job: each zone, for that order
 *	   ^  \--- half a second after free memory has changed: is the score too high? --> job: each zone, until it is not
 *	   |                                                                                 |
 *	   +---------------------------------------------------------------------------------+
 *
 * The kernel's thread looks at the score every half second for ever. Here it does so half a second
 * after the free lists have changed for the first time since it looked last: nothing changes the
 * score but they, and an idle machine has no events. A job that did not lower the score puts the
 * next look off by 32 seconds.
 *
 * Time: as kswapd.c.
 * Source: Documentation/admin-guide/sysctl/vm.rst (compaction_proactiveness); the keys of the
 * kernel's mm_compaction_kcompactd_* tracepoints.
 */
#include "mm/compaction.h"
#include "mm/vmscan.h"

#include <string.h>

static struct kcompactd *kcompactd_of(struct machine *m, u32 nid)
{
	return &m->compaction.node[nid];
}

static void schedule_kcompactd(struct machine *m, u32 nid, u64 due)
{
	event_cancel(m, EVENT_KCOMPACTD, nid);
	event_schedule(m, EVENT_KCOMPACTD, nid, due);
}

static void set_state(struct machine *m, u32 nid, enum task_state_letter state)
{
	if (m->node[nid].kcompactd)
		task_set_state(m, m->node[nid].kcompactd, state);
}

/* ---- waking ---- */

void kcompactd_arm(struct machine *m, u32 nid)
{
	struct kcompactd *k = kcompactd_of(m, nid);

	/* boot; a machine without threads; switched off (writing the knob comes here again) */
	if (!m->node[nid].kcompactd)
		return;
	k->armed = true;
	if (!m->sysctl.compaction_proactiveness || k->working)
		return;
	schedule_kcompactd(m, nid,
			   max_t(u64, m->clock.now + HPAGE_FRAG_CHECK_INTERVAL_NS, k->not_before));
}

void compaction_proactiveness_changed(struct machine *m)
{
	u32 nid;

	for (nid = 0; nid < m->nr_nodes; nid++) {
		struct kcompactd *k = kcompactd_of(m, nid);

		if (!m->node[nid].kcompactd || k->proactive_trigger)
			continue;
		if (!m->sysctl.compaction_proactiveness) {
			if (!k->working && !k->max_order)
				event_cancel(m, EVENT_KCOMPACTD, nid);
			k->armed = true;
			continue;
		}
		k->proactive_trigger = k->armed = true;
		k->not_before = 0;
		trace_event(m, "mm_compaction_wakeup_kcompactd nid=%u order=-1 classzone_idx=%s",
			    nid, zone_name(MAX_NR_ZONES - 1));
		if (!k->working)
			schedule_kcompactd(m, nid, m->clock.now + m->cost.context_switch);
	}
}

static bool kcompactd_node_suitable(struct machine *m, const struct pglist_data *n,
				    const struct kcompactd *k)
{
	u32 type;

	for (type = 0; type <= k->highest; type++)
		if (zone_populated(&n->zones[type]) &&
		    compaction_suitable(m, &n->zones[type], (s32)k->max_order, 0,
					(enum zone_type)k->highest) == COMPACT_CONTINUE)
			return true;
	return false;
}

void wakeup_kcompactd(struct machine *m, struct pglist_data *n, u32 order, enum zone_type highest)
{
	struct kcompactd *k = kcompactd_of(m, n->nid);

	if (!order)
		return;
	k->highest = k->max_order ? (u8)min_t(u32, k->highest, highest) : (u8)highest;
	k->max_order = max_t(u32, k->max_order, order);
	if (k->working)
		return;
	if (!kcompactd_node_suitable(m, n, k)) {
		kcompactd_note_change(m, n->nid);
		return;
	}
	trace_event(m, "mm_compaction_wakeup_kcompactd nid=%u order=%u classzone_idx=%s", n->nid,
		    order, zone_name(highest));
	k->armed = true;
	schedule_kcompactd(m, n->nid, m->clock.now + m->cost.context_switch);
}

/* ---- jobs ---- */

static void begin_work(struct machine *m, u32 nid, struct kcompactd *k)
{
	k->cc = (struct compact_control){
		.nid = (u16)nid,
		.order = (s32)k->max_order,
		.highest = k->highest,
		.gfp = GFP_KERNEL,
		.mode = MIGRATE_SYNC_LIGHT,
		.reason = COMPACT_KCOMPACTD,
	};
	trace_event(m, "mm_compaction_kcompactd_wake nid=%u order=%u classzone_idx=%s", nid,
		    k->max_order, zone_name((enum zone_type)k->highest));
	count_vm_event(m, KCOMPACTD_WAKE);
	k->working = true;
}

static bool should_proactive_compact(const struct machine *m, u32 nid)
{
	return m->sysctl.compaction_proactiveness && m->reclaim.node[nid].state != KSWAPD_RUNNING &&
	       fragmentation_score_node(m, nid) > fragmentation_score_wmark(m, false);
}

static void begin_proactive(struct machine *m, u32 nid, struct kcompactd *k)
{
	k->prev_score = fragmentation_score_node(m, nid);
	k->cc = (struct compact_control){
		.nid = (u16)nid,
		.order = -1,
		.highest = MAX_NR_ZONES - 1,
		.gfp = GFP_KERNEL,
		.mode = MIGRATE_SYNC_LIGHT,
		.reason = COMPACT_PROACTIVE,
		.whole_zone = true,
		.ignore_skip_hint = true,
		.proactive = true,
	};
	k->working = true;
}

/* A run over the zone that is next, if there is anything to be done. */
static void begin_zone(struct machine *m, struct kcompactd *k)
{
	struct compact_control *cc = &k->cc;
	struct zone *z = compact_zone_of(m, cc);

	if (!zone_populated(z) || (cc->order > 0 && compaction_deferred(m, z, cc->order)))
		return;
	k->in_zone = compact_zone_begin(m, cc) == COMPACT_CONTINUE;
}

static void end_zone(struct machine *m, struct kcompactd *k, enum compact_result result)
{
	struct compact_control *cc = &k->cc;
	struct zone *z = compact_zone_of(m, cc);

	compact_zone_end(m, cc, result);
	k->in_zone = false;
	if (cc->order < 0)
		return;
	if (result == COMPACT_SUCCESS) {
		compaction_defer_reset(m, z, cc->order, false);
	} else if (result == COMPACT_PARTIAL_SKIPPED || result == COMPACT_COMPLETE) {
		/* what lies on the CPUs' lists may be all that is missing */
		drain_zone_pages(m, z, -1);
		defer_compaction(m, z, cc->order);
	}
}

static void end_job(struct machine *m, u32 nid, struct kcompactd *k)
{
	k->working = false;
	if (k->cc.order > 0) {
		if (k->max_order <= (u32)k->cc.order)
			k->max_order = 0;
		return;
	}
	k->not_before = 0;
	if (fragmentation_score_node(m, nid) >= k->prev_score)
		k->not_before =
			m->clock.now + (HPAGE_FRAG_CHECK_INTERVAL_NS << COMPACT_MAX_DEFER_SHIFT);
}

/* Works for about a batch. */
static void work(struct machine *m, u32 nid, struct kcompactd *k)
{
	u64 start = m->clock.now;
	enum compact_result result;

	blk_poll(m);
	while (k->working && m->clock.now - start < COMPACT_BATCH_NS) {
		if (!k->in_zone) {
			begin_zone(m, k);
		} else {
			result = compact_zone_step(m, &k->cc);
			if (result == COMPACT_CONTINUE)
				continue;
			end_zone(m, k, result);
		}
		if (k->in_zone)
			continue;
		if (k->cc.zone < k->cc.highest)
			k->cc.zone++;
		else
			end_job(m, nid, k);
	}
	if (k->in_zone)
		compact_zone_pause(m, &k->cc);
}

/* What is there to do? */
static void begin_job(struct machine *m, u32 nid, struct kcompactd *k)
{
	bool look = k->proactive_trigger || m->clock.now >= k->not_before;

	k->proactive_trigger = false;
	if (k->max_order)
		begin_work(m, nid, k);
	else if (look && should_proactive_compact(m, nid))
		begin_proactive(m, nid, k);
}

void kcompactd_event(struct machine *m, u32 nid)
{
	struct kcompactd *k = kcompactd_of(m, nid);
	struct pglist_data *n = &m->node[nid];
	u64 start = m->clock.now, cost;
	handle_t current = m->current;
	bool asked;
	u32 cpu = m->cpu;

	if (!k->working)
		begin_job(m, nid, k);
	k->armed = false;
	if (!k->working)
		return;
	set_state(m, nid, TASK_RUNNING);
	asked = k->cc.order > 0;
	m->current = n->kcompactd;
	m->cpu = node_thread_cpu(m, n, n->kcompactd);
	k->armed = true;
	work(m, nid, k);
	cost = max_t(u64, m->clock.now - start, 1);
	if (n->kcompactd)
		account_task_time(m, n->kcompactd, cost, false);
	if (asked)
		psi_stall(m, PSI_MEM, start, start + cost);
	m->clock.now = start;
	m->current = current;
	m->cpu = cpu;
	if (k->working || k->max_order || k->proactive_trigger) {
		schedule_kcompactd(m, nid, start + cost);
		return;
	}
	trace_event(m, "mm_compaction_kcompactd_sleep nid=%u", nid);
	set_state(m, nid, TASK_SLEEPING);
	kcompactd_arm(m, nid);
}

void kcompactd_stop(struct machine *m, u32 nid)
{
	event_cancel(m, EVENT_KCOMPACTD, nid);
	memset(kcompactd_of(m, nid), 0, sizeof(struct kcompactd));
}
