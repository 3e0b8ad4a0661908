/*
 * kswapd.c - reclaim in the background: one thread a node, an event a batch.
 *
 *	              wakeup_kswapd(): a zone is below low, or has a boost
 *	    asleep ------------------------------------------------------------> running
 *	      ^                                                                  |     ^
 *	      | 100 ms in balance             balanced, or given up (16 failures)|     | woken again:
 *	      |                                                                  v     | low_wmark_hit_quickly
 *	      +---------------------------------------------------------------- napping+ out of balance:
 *	                                                                               high_wmark_hit_quickly
 *
 * A run begins at priority 12. After each pass: is a zone that the wake-up asked for at its high
 * watermark? Then it is over. The priority rises (its number falls) when a pass has not looked at
 * enough pages or has freed none. A run that ends at priority 1 with nothing freed is a failure;
 * after 16 of them in a row kswapd gives up until somebody else frees something on the node.
 *
 * Time: a batch takes what its pages cost, on kswapd's own CPU; the next event is that much later.
 * The task that allocates goes on meanwhile, and if it is faster than that it finds itself below
 * min and must reclaim itself. Nothing else decides who wins. Where there is one CPU for both, they
 * take turns: the task waits for a batch, then has as long for itself (clock_share_cpu()).
 *
 * Source: Documentation/admin-guide/sysctl/vm.rst (watermark_boost_factor, watermark_scale_factor);
 * counters and their order as 6.1 was seen to move them.
 */
#include "mm/vmscan.h"

#include <string.h>

#include "mm/compaction.h"

#define NAP_NS	    (NSEC_PER_SEC / 10)
#define THROTTLE_NS (NSEC_PER_SEC / 10)
#define BATCH_NS    20000u /* a batch is worked on for about so long */

bool pgdat_balanced(const struct machine *m, const struct pglist_data *n, unsigned int order,
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

static bool pgdat_boosted(const struct pglist_data *n, enum zone_type highest)
{
	u32 type;

	for (type = 0; type <= highest; type++)
		if (n->zones[type].managed_pages && n->zones[type].watermark_boost)
			return true;
	return false;
}

/* A machine without processes has no task for it, and reclaims all the same. */
static void set_state(struct machine *m, const struct pglist_data *n, enum task_state_letter state)
{
	if (n->kswapd)
		task_set_state(m, n->kswapd, state);
}

static void schedule_kswapd(struct machine *m, u32 nid, u64 due)
{
	event_cancel(m, EVENT_KSWAPD, nid);
	event_schedule(m, EVENT_KSWAPD, nid, due);
	m->reclaim.node[nid].due = due;
}

/* ---- waking ---- */

static void note_wakeup(struct machine *m, const struct zone *z, gfp_t gfp, unsigned int order,
			enum zone_type highest, bool boosted)
{
	struct kswapd_wakeup *w = &m->reclaim.wakeup;
	const struct task *t = m->current ? task_at(m, m->current) : NULL;
	char flags[256];

	*w = (struct kswapd_wakeup){
		.time = m->clock.now,
		.count = w->count + 1,
		.nid = z->nid,
		.order = order,
		.pid = t ? t->pid : 0,
		.zone = z->type,
		.highest = (u8)highest,
		.boosted = boosted,
		.free = (u64)z->vm_stat[NR_FREE_PAGES],
		.min = wmark_pages(z, WMARK_MIN),
		.low = wmark_pages(z, WMARK_LOW),
		.high = wmark_pages(z, WMARK_HIGH),
		.reserve = z->lowmem_reserve[highest],
	};
	memcpy(w->comm, t ? t->comm : "swapper", t ? sizeof(t->comm) : sizeof("swapper"));
	gfp_flags_text(gfp, flags, sizeof(flags));
	trace_event(m, "mm_vmscan_wakeup_kswapd nid=%u order=%u gfp_flags=%s", z->nid, order,
		    flags);
}

void wakeup_kswapd(struct machine *m, struct zone *z, gfp_t gfp, unsigned int order,
		   enum zone_type highest)
{
	struct pglist_data *n = &m->node[z->nid];
	struct node_reclaim *nr = &m->reclaim.node[z->nid];
	bool boosted;

	if (!z->managed_pages)
		return;
	nr->next_order = nr->asked ? max_t(u32, nr->next_order, order) : order;
	nr->next_highest = (u8)(nr->asked ? max_t(u32, nr->next_highest, highest) : highest);
	nr->asked = true;
	if (nr->state == KSWAPD_RUNNING)
		return;
	boosted = pgdat_boosted(n, highest);
	/* a hopeless node is left to those who need its memory */
	if (n->kswapd_failures >= MAX_RECLAIM_RETRIES ||
	    (!boosted && pgdat_balanced(m, n, order, highest))) {
		/* pages there are, but not in one piece, and who asks cannot compact */
		if (!(gfp & __GFP_DIRECT_RECLAIM))
			wakeup_kcompactd(m, n, order, highest);
		return;
	}
	n->kswapd_wakeups++;
	note_wakeup(m, z, gfp, order, highest, boosted);
	if (nr->state == KSWAPD_NAPPING)
		count_vm_event(m, KSWAPD_LOW_WMARK_HIT_QUICKLY);
	nr->state = KSWAPD_RUNNING;
	nr->started = false;
	set_state(m, n, TASK_RUNNING);
	schedule_kswapd(m, z->nid, m->clock.now + m->cost.context_switch);
}

/* ---- a run ---- */

static void set_reclaim_active(struct pglist_data *n, u32 highest, bool active)
{
	u32 z;

	for (z = 0; z <= highest; z++)
		n->zones[z].reclaim_active = active && n->zones[z].managed_pages;
}

static void run_begin(struct machine *m, struct pglist_data *n, struct node_reclaim *nr)
{
	u32 z;

	if (nr->asked) {
		nr->order = nr->next_order;
		nr->highest = nr->next_highest;
	} else {
		nr->order = 0;
	}
	nr->asked = false;
	nr->started = true;
	nr->in_pass = false;
	nr->sc = (struct scan_control){ .priority = DEF_PRIORITY,
					.order = nr->order,
					.gfp = GFP_KERNEL,
					.reclaim_idx = nr->highest,
					.kswapd = true,
					.may_unmap = true };
	nr->boost = 0;
	for (z = 0; z < MAX_NR_ZONES; z++) {
		nr->boost_of[z] = z <= nr->highest ? n->zones[z].watermark_boost : 0;
		nr->boost += nr->boost_of[z];
	}
	count_vm_event(m, PAGEOUTRUN);
	trace_event(m, "mm_vmscan_kswapd_wake nid=%u order=%u", n->nid, nr->order);
	set_reclaim_active(n, nr->highest, true);
	reclaim_run_begin(m, &nr->sc, RECLAIM_KSWAPD, n->nid);
}

/* What a pass aims at: as much as the high watermarks ask for. */
static u64 kswapd_target(const struct pglist_data *n, u32 highest)
{
	u64 pages = 0;
	u32 z;

	for (z = 0; z <= highest; z++)
		if (n->zones[z].managed_pages)
			pages +=
				max_t(u64, wmark_pages(&n->zones[z], WMARK_HIGH), SWAP_CLUSTER_MAX);
	return pages;
}

static void run_end(struct machine *m, struct pglist_data *n, struct node_reclaim *nr,
		    enum reclaim_end how)
{
	bool boosted = false;
	u32 z;

	set_reclaim_active(n, nr->highest, false);
	for (z = 0; z <= nr->highest; z++) {
		boosted |= nr->boost_of[z] != 0;
		n->zones[z].watermark_boost -=
			min_t(u64, n->zones[z].watermark_boost, nr->boost_of[z]);
	}
	/* there is room now for making pageblocks whole again */
	if (boosted)
		wakeup_kcompactd(m, n, PAGEBLOCK_ORDER, (enum zone_type)nr->highest);
	snapshot_refaults(n);
	nr->pressure = (u8)(DEF_PRIORITY - nr->sc.priority);
	nr->started = nr->in_pass = false;
	reclaim_run_end(m, &nr->sc, how);
}

/* Balanced, or hopeless: to bed. Otherwise the next run follows at once. */
static bool prepare_sleep(struct machine *m, struct pglist_data *n, struct node_reclaim *nr)
{
	if (n->kswapd_failures >= MAX_RECLAIM_RETRIES)
		return true;
	if (!pgdat_balanced(m, n, nr->sc.order, (enum zone_type)nr->highest))
		return false;
	nr->dirty = nr->writeback = nr->congested = false;
	return true;
}

/* The top of a pass. False: the run is over. */
static bool pass_begin(struct machine *m, struct pglist_data *n, struct node_reclaim *nr)
{
	struct scan_control *sc = &nr->sc;
	bool balanced = pgdat_balanced(m, n, sc->order, (enum zone_type)nr->highest);

	/* memory is short after all: forget about the boost */
	if (!balanced && nr->boost) {
		nr->boost = 0;
		sc->priority = DEF_PRIORITY;
	}
	if (balanced && !nr->boost)
		return false;
	/* for a boost only the easiest pages are taken */
	nr->raise_priority = !(nr->boost && sc->priority == DEF_PRIORITY - 2);
	sc->may_writepage = (!m->sysctl.laptop_mode && !nr->boost) ||
			    sc->priority < DEF_PRIORITY - 2;
	sc->may_swap = !nr->boost;
	reclaim_policy_of(m)->end(m, n, sc);
	nr->before = sc->nr_reclaimed;
	sc->nr_scanned = 0;
	sc->nr_to_reclaim = kswapd_target(n, nr->highest);
	shrink_node_begin(m, n, sc, &nr->scan);
	nr->in_pass = true;
	return true;
}

/* The bottom of a pass. False: the run is over. */
static bool pass_end(struct node_reclaim *nr)
{
	struct scan_control *sc = &nr->sc;
	u64 reclaimed = sc->nr_reclaimed - nr->before;

	nr->in_pass = false;
	/* enough for the pieces to be put together: from now on single pages count */
	if (sc->order && sc->nr_reclaimed >= 2ull << sc->order)
		sc->order = 0;
	if (sc->nr_scanned >= sc->nr_to_reclaim)
		nr->raise_priority = false;
	nr->boost -= min_t(u64, nr->boost, reclaimed);
	if (nr->boost && !reclaimed)
		return false;
	if (nr->raise_priority || !reclaimed)
		sc->priority--;
	return sc->priority >= 1;
}

enum kswapd_does { KSWAPD_GOES_ON, KSWAPD_WAITS, KSWAPD_IS_DONE };

/* One step of a run. */
static enum kswapd_does kswapd_step(struct machine *m, struct pglist_data *n,
				    struct node_reclaim *nr)
{
	struct scan_control *sc = &nr->sc;

	if (!nr->in_pass) {
		if (pass_begin(m, n, nr))
			return KSWAPD_GOES_ON;
		run_end(m, n, nr, RECLAIM_BALANCED);
		return KSWAPD_IS_DONE;
	}
	if (reclaim_policy_of(m)->step(m, n, sc, &nr->scan))
		return KSWAPD_GOES_ON;
	if (shrink_node_end(m, n, sc, &nr->scan)) {
		shrink_node_begin(m, n, sc, &nr->scan);
		return KSWAPD_GOES_ON;
	}
	if (pass_end(nr))
		return nr->throttled ? KSWAPD_WAITS : KSWAPD_GOES_ON;
	nr->throttled = false;
	if (!sc->nr_reclaimed)
		n->kswapd_failures++;
	run_end(m, n, nr, RECLAIM_EXHAUSTED);
	return KSWAPD_IS_DONE;
}

/* ---- the event ---- */

static void fall_asleep(struct machine *m, struct pglist_data *n, struct node_reclaim *nr)
{
	nr->state = KSWAPD_ASLEEP;
	trace_event(m, "mm_vmscan_kswapd_sleep nid=%u", n->nid);
}

static void after_run(struct machine *m, struct pglist_data *n, struct node_reclaim *nr, u64 now)
{
	if (prepare_sleep(m, n, nr)) {
		/* what was freed is in pieces */
		reset_isolation_suitable_node(m, n);
		wakeup_kcompactd(m, n, nr->order, (enum zone_type)nr->highest);
		nr->state = KSWAPD_NAPPING;
		set_state(m, n, TASK_SLEEPING);
		schedule_kswapd(m, n->nid, now + NAP_NS);
		return;
	}
	count_vm_event(m, KSWAPD_HIGH_WMARK_HIT_QUICKLY);
	schedule_kswapd(m, n->nid, now + 1);
}

/* Works for about BATCH_NS. Returns what there is to do next. */
static enum kswapd_does work(struct machine *m, struct pglist_data *n, struct node_reclaim *nr)
{
	u64 start = m->clock.now, written;
	enum kswapd_does does;

	blk_poll(m);
	if (nr->throttled) {
		mod_node_page_state(m, n, NR_THROTTLED_WRITTEN,
				    n->vm_stat[NR_WRITTEN] - nr->written);
		nr->sc.run.count.throttled_ns += m->clock.now - nr->throttled_at;
		psi_stall(m, PSI_MEM, nr->throttled_at, m->clock.now);
		nr->throttled = false;
	}
	if (!nr->started)
		run_begin(m, n, nr);
	do {
		written = nr->sc.run.count.written;
		does = kswapd_step(m, n, nr);
		/* who writes into a full queue waits until there is room in it */
		if (does == KSWAPD_GOES_ON && nr->sc.run.count.written != written &&
		    blk_congested(m)) {
			nr->throttled = true;
			does = KSWAPD_WAITS;
		}
	} while (does == KSWAPD_GOES_ON && m->clock.now - start < BATCH_NS);
	return does;
}

/* The end of a nap: was it premature? */
static bool nap_is_over(struct machine *m, struct pglist_data *n, struct node_reclaim *nr)
{
	if (prepare_sleep(m, n, nr)) {
		fall_asleep(m, n, nr);
		return true;
	}
	count_vm_event(m, KSWAPD_HIGH_WMARK_HIT_QUICKLY);
	nr->state = KSWAPD_RUNNING;
	nr->started = false;
	set_state(m, n, TASK_RUNNING);
	return false;
}

u32 node_thread_cpu(const struct machine *m, const struct pglist_data *n, handle_t thread)
{
	u32 cpu = thread ? task_at(m, thread)->cpu : 0;

	if (!n->nr_cpus || m->cpu_to_node[cpu] == n->nid)
		return cpu;
	for (cpu = m->nr_cpus - 1; cpu && m->cpu_to_node[cpu] != n->nid;)
		cpu--;
	return cpu;
}

void kswapd_event(struct machine *m, u32 nid)
{
	struct pglist_data *n = &m->node[nid];
	struct node_reclaim *nr = &m->reclaim.node[nid];
	u64 start = m->clock.now, cost, turn;
	handle_t current = m->current;
	u32 cpu = m->cpu;
	enum kswapd_does does;

	if (nr->state == KSWAPD_ASLEEP || (nr->state == KSWAPD_NAPPING && nap_is_over(m, n, nr)))
		return;
	m->current = n->kswapd;
	m->cpu = node_thread_cpu(m, n, n->kswapd);
	does = work(m, n, nr);
	cost = max_t(u64, m->clock.now - start, 1);
	if (n->kswapd)
		account_task_time(m, n->kswapd, cost, false);
	/* what it does is done for want of memory: so 6.1 counts it */
	psi_stall(m, PSI_MEM, start, start + cost);
	m->clock.now = start;
	m->current = current;
	m->cpu = cpu;
	turn = clock_share_cpu(m, cost);
	if (does == KSWAPD_IS_DONE) {
		after_run(m, n, nr, start + cost);
	} else if (does == KSWAPD_WAITS) {
		nr->throttled_at = start + cost;
		nr->written = n->vm_stat[NR_WRITTEN];
		schedule_kswapd(m, nid, start + cost + THROTTLE_NS);
	} else {
		schedule_kswapd(m, nid, start + turn);
	}
}

void kswapd_writeback_done(struct machine *m, u32 nid)
{
	struct node_reclaim *nr = &m->reclaim.node[nid];

	if (nr->throttled && nr->state == KSWAPD_RUNNING && nr->due > m->clock.now &&
	    m->node[nid].vm_stat[NR_WRITTEN] - nr->written >= (s64)SWAP_CLUSTER_MAX &&
	    !blk_congested(m))
		schedule_kswapd(m, nid, m->clock.now);
}

void kswapd_stop(struct machine *m, u32 nid)
{
	struct node_reclaim *nr = &m->reclaim.node[nid];

	event_cancel(m, EVENT_KSWAPD, nid);
	if (nr->started)
		run_end(m, &m->node[nid], nr, RECLAIM_EXHAUSTED);
	memset(nr, 0, sizeof(*nr));
}
