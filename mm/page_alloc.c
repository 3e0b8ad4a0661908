/*
 * page_alloc.c - which zone gives the pages, and what happens when none can.
 *
 * A request names the highest zone that will do and a node; the node's zonelist says who is asked,
 * nearest node first, highest zone first. The first zone that keeps its low watermark gives.
 *
 *	fast path    low watermark, no waking, no waiting
 *	slow path    wake kswapd everywhere; min watermark (less for atomic requests)
 *	             -> a large block: compact, the quick way
 *	             -> reclaim, drain the per-CPU lists, again; more than a page: compact, again
 *	             -> as long as reclaiming or compacting helps, again; 16 times without success is enough
 *	             -> the OOM killer, again (not for costly orders, nor for the low zones)
 *	             -> give up, and say so in the log
 *
 * Source: Documentation/core-api/memory-allocation.rst, admin-guide/sysctl/vm.rst.
 */
#include "mm/page_alloc.h"
#include "mm/compaction.h"
#include "mm/vmscan.h"

#include <assert.h>

#define NODE_RECLAIM_DISTANCE 30

/* What a request comes down to. */
struct alloc_context {
	const struct pglist_data *node; /* whose zonelist */
	u64 nodemask;			/* 0: all */
	struct zone *preferred;		/* NULL: no zone at all will do */
	u32 first;			/* its place in the zonelist */
	enum zone_type highest;
	enum migratetype type;
};

static inline struct zone *zoneref_zone(struct machine *m, const struct zoneref *ref)
{
	return &m->node[ref->nid].zones[ref->type];
}

static inline bool zoneref_allowed(const struct alloc_context *ac, const struct zoneref *ref)
{
	return ref->type <= ac->highest && (!ac->nodemask || (ac->nodemask >> ref->nid & 1));
}

/* ---- watermarks ---- */

/* Free pages that this request cannot have. */
static inline u64 unusable_free(const struct zone *z, unsigned int order, unsigned int alloc_flags)
{
	u64 unusable = (1u << order) - 1;

	if (!(alloc_flags & (ALLOC_HARDER | ALLOC_OOM)))
		unusable += z->nr_reserved_highatomic;
	return unusable;
}

/* Is there a block of at least @order that the request may take? */
static bool has_free_block(const struct zone *z, unsigned int order, unsigned int alloc_flags)
{
	unsigned int type;

	for (; order < MAX_ORDER; order++) {
		const struct free_area *area = &z->free_area[order];

		if (!area->nr_free)
			continue;
		for (type = 0; type < MIGRATE_PCPTYPES; type++)
			if (area->nr_free_type[type])
				return true;
		if ((alloc_flags & (ALLOC_HARDER | ALLOC_OOM)) &&
		    area->nr_free_type[MIGRATE_HIGHATOMIC])
			return true;
	}
	return false;
}

static bool watermark_ok(const struct zone *z, unsigned int order, u64 mark, enum zone_type highest,
			 unsigned int alloc_flags, s64 free)
{
	s64 min = (s64)mark;

	free -= (s64)unusable_free(z, order, alloc_flags);
	if (alloc_flags & ALLOC_HIGH)
		min -= min / 2;
	if (alloc_flags & ALLOC_OOM)
		min -= min / 2;
	else if (alloc_flags & ALLOC_HARDER)
		min -= min / 4;
	if (free <= min + (s64)z->lowmem_reserve[highest])
		return false;
	return !order || has_free_block(z, order, alloc_flags);
}

bool zone_watermark_ok(const struct machine *m, const struct zone *z, unsigned int order, u64 mark,
		       enum zone_type highest_zoneidx, unsigned int alloc_flags)
{
	(void)m;
	return watermark_ok(z, order, mark, highest_zoneidx, alloc_flags,
			    z->vm_stat[NR_FREE_PAGES]);
}

static inline bool zone_watermark_fast(const struct zone *z, unsigned int order,
				       enum zone_type highest, unsigned int alloc_flags, gfp_t gfp)
{
	u64 free = (u64)z->vm_stat[NR_FREE_PAGES],
	    mark = wmark_pages(z, alloc_flags & ALLOC_WMARK_MASK);

	if (likely(!order && above_watermark(z, alloc_flags & ALLOC_WMARK_MASK, highest)))
		return true;
	if (watermark_ok(z, order, mark, highest, alloc_flags, (s64)free))
		return true;
	/* a boost is no reason to turn an atomic request away */
	if (!order && (gfp & __GFP_ATOMIC) && z->watermark_boost &&
	    (alloc_flags & ALLOC_WMARK_MASK) == ALLOC_WMARK_MIN)
		return watermark_ok(z, 0, z->watermark[WMARK_MIN], highest, alloc_flags, (s64)free);
	return false;
}

/* ---- one zone ---- */

/* Did the request get what it wanted (hit, or miss here and foreign there), near its CPU or not? */
static inline void zone_statistics(struct machine *m, struct zone *preferred, struct zone *z)
{
	if (unlikely(!m->sysctl.numa_stat))
		return;
	if (likely(z->nid == preferred->nid)) {
		count_numa(m, z, NUMA_HIT);
	} else {
		count_numa(m, z, NUMA_MISS);
		count_numa(m, preferred, NUMA_FOREIGN);
	}
	count_numa(m, z, z->nid == m->cpu_to_node[m->cpu] ? NUMA_LOCAL : NUMA_OTHER);
}

void count_interleave_hit(struct machine *m, pfn_t pfn, int nid)
{
	struct zone *z = page_zone(m, pfn_to_page(m, pfn));

	if (z->nid == nid && m->sysctl.numa_stat)
		count_numa(m, z, NUMA_INTERLEAVE);
}

static inline pfn_t rmqueue(struct machine *m, struct zone *z, unsigned int order,
			    const struct alloc_context *ac, unsigned int alloc_flags)
{
	pfn_t pfn = PFN_NONE;

	if (likely(pcp_allowed_order(order)))
		pfn = rmqueue_pcplist(m, z, order, ac->type, alloc_flags);
	if (unlikely(pfn == PFN_NONE))
		pfn = rmqueue_buddy(m, z, order, ac->type, alloc_flags);
	if (likely(pfn != PFN_NONE)) {
		m->vm_event[PGALLOC_DMA + z->type] += 1u << order;
		zone_statistics(m, ac->preferred, z);
	}
	if (unlikely(z->boosted) && (alloc_flags & ALLOC_KSWAPD)) {
		z->boosted = false;
		wakeup_kswapd(m, z, 0, 0, (enum zone_type)z->type);
	}
	return pfn;
}

static void prep_compound_page(struct machine *m, pfn_t pfn, unsigned int order)
{
	pfn_t tail;

	page_set(pfn_to_page(m, pfn), PG_head);
	for (tail = pfn + 1; tail < pfn + (1u << order); tail++) {
		pfn_to_page(m, tail)->flags = PAGE_FLAG(tail);
		pfn_to_page(m, tail)->index = pfn;
	}
}

static inline void prep_new_page(struct machine *m, pfn_t pfn, gfp_t gfp, unsigned int order)
{
	clear_page_fields(pfn_to_page(m, pfn), order);
	if (unlikely(order) && (gfp & __GFP_COMP))
		prep_compound_page(m, pfn, order);
}

/* ---- the zonelist ---- */

static unsigned int node_distance(const struct machine *m, u32 a, u32 b)
{
	return m->node[a].distance[b];
}

/* zone_reclaim_mode: rather make room in a near zone than go to a far one. */
static bool node_reclaim_helps(struct machine *m, const struct alloc_context *ac, struct zone *z,
			       gfp_t gfp, unsigned int order, unsigned int alloc_flags)
{
	if (node_distance(m, ac->preferred->nid, z->nid) > NODE_RECLAIM_DISTANCE)
		return false;
	if (!node_reclaim(m, &m->node[z->nid], gfp, order))
		return false;
	return zone_watermark_ok(m, z, order, wmark_pages(z, alloc_flags & ALLOC_WMARK_MASK),
				 ac->highest, alloc_flags);
}

static pfn_t get_page_from_freelist(struct machine *m, gfp_t gfp, unsigned int order,
				    unsigned int alloc_flags, const struct alloc_context *ac)
{
	const struct pglist_data *n = ac->node;
	struct zone *z;
	pfn_t pfn;
	u32 i;

retry:
	for (i = ac->first; i < n->nr_zonelist; i++) {
		if (unlikely(!zoneref_allowed(ac, &n->zonelist[i])))
			continue;
		z = zoneref_zone(m, &n->zonelist[i]);
		/* better a mixed pageblock here than memory from a remote node */
		if (unlikely(alloc_flags & ALLOC_NOFRAGMENT) && z->nid != ac->preferred->nid)
			break;
		if (unlikely(!zone_watermark_fast(z, order, ac->highest, alloc_flags, gfp)) &&
		    !(alloc_flags & ALLOC_NO_WATERMARKS) &&
		    (!m->sysctl.zone_reclaim_mode ||
		     !node_reclaim_helps(m, ac, z, gfp, order, alloc_flags)))
			continue;
		pfn = rmqueue(m, z, order, ac, alloc_flags);
		if (unlikely(pfn == PFN_NONE))
			continue;
		prep_new_page(m, pfn, gfp, order);
		if (unlikely(order && (alloc_flags & ALLOC_HARDER)))
			reserve_highatomic_pageblock(m, z, pfn);
		return pfn;
	}
	if (alloc_flags & ALLOC_NOFRAGMENT) {
		alloc_flags &= ~ALLOC_NOFRAGMENT;
		goto retry;
	}
	return PFN_NONE;
}

static inline void prepare_alloc(struct machine *m, struct alloc_context *ac, gfp_t gfp, int nid,
				 u64 nodemask)
{
	u32 i;

	ac->node = &m->node[nid >= 0 ? nid : m->cpu_to_node[m->cpu]];
	ac->nodemask = unlikely(gfp & __GFP_THISNODE) ? 1ull << ac->node->nid : nodemask;
	ac->highest = (enum zone_type)m->gfp_zone[gfp & 15];
	ac->type = gfp_migratetype(m, gfp);
	i = ac->node->zonelist_first[ac->highest];
	while (i < ac->node->nr_zonelist && unlikely(!zoneref_allowed(ac, &ac->node->zonelist[i])))
		i++;
	ac->first = i;
	ac->preferred = i < ac->node->nr_zonelist ? zoneref_zone(m, &ac->node->zonelist[i]) : NULL;
}

/* ---- the slow path ---- */

static void wake_all_kswapds(struct machine *m, const struct alloc_context *ac, gfp_t gfp,
			     unsigned int order)
{
	u32 i, last = MAX_NUMNODES;

	for (i = ac->first; i < ac->node->nr_zonelist; i++) {
		const struct zoneref *ref = &ac->node->zonelist[i];

		if (!zoneref_allowed(ac, ref) || ref->nid == last)
			continue;
		wakeup_kswapd(m, zoneref_zone(m, ref), gfp, order, ac->highest);
		last = ref->nid;
	}
}

static bool current_is_dying(struct machine *m)
{
	return m->current && (task_at(m, m->current)->flags & PF_MEMDIE);
}

static unsigned int gfp_to_alloc_flags(const struct alloc_context *ac, gfp_t gfp)
{
	unsigned int flags = ALLOC_WMARK_MIN | (gfp & (__GFP_HIGH | __GFP_KSWAPD_RECLAIM));

	if ((gfp & __GFP_ATOMIC) && !(gfp & __GFP_NOMEMALLOC))
		flags |= ALLOC_HARDER;
	return flags | (ac->preferred->nofragment ? ALLOC_NOFRAGMENT : 0);
}

/* Who may dip into the reserves: those whose work frees memory, and a victim on its way out. */
static unsigned int reserve_flags(struct machine *m, gfp_t gfp)
{
	if (gfp & __GFP_NOMEMALLOC)
		return 0;
	if (gfp & __GFP_MEMALLOC || m->reclaim.active)
		return ALLOC_NO_WATERMARKS;
	return current_is_dying(m) ? ALLOC_OOM : 0;
}

static pfn_t alloc_pages_direct_reclaim(struct machine *m, gfp_t gfp, unsigned int order,
					unsigned int alloc_flags, const struct alloc_context *ac,
					u64 *progress)
{
	pfn_t pfn;

	*progress = try_to_free_pages(m, ac->node, ac->nodemask, gfp, order, ac->highest);
	if (!*progress)
		return PFN_NONE;
	pfn = get_page_from_freelist(m, gfp, order, alloc_flags, ac);
	if (pfn != PFN_NONE)
		return pfn;
	/* the freed pages may sit in a reserve or on another CPU's lists */
	unreserve_highatomic_pageblock(m, ac->node, ac->highest, ac->type, false);
	drain_pages(m, -1);
	return get_page_from_freelist(m, gfp, order, alloc_flags, ac);
}

/* ---- compaction, for more than a page ---- */

#define MAX_COMPACT_RETRIES 16u

/* How the compaction of one request is going. */
struct compact_attempt {
	enum compact_priority priority;
	enum compact_result result;
	u32 retries;
};

static bool compaction_allowed(gfp_t gfp, unsigned int order)
{
	return order && gfp & __GFP_IO;
}

static pfn_t alloc_pages_direct_compact(struct machine *m, gfp_t gfp, unsigned int order,
					unsigned int alloc_flags, const struct alloc_context *ac,
					enum compact_priority prio, enum compact_result *result)
{
	u64 start = m->clock.now;
	struct zone *z;
	pfn_t pfn;

	*result = COMPACT_SKIPPED;
	if (!compaction_allowed(gfp, order))
		return PFN_NONE;
	*result = try_to_compact_pages(m, ac->node, ac->nodemask, gfp, order, alloc_flags,
				       ac->highest, prio);
	psi_stall(m, PSI_MEM, start, m->clock.now);
	if (*result == COMPACT_SKIPPED)
		return PFN_NONE;
	count_vm_event(m, COMPACTSTALL);
	pfn = get_page_from_freelist(m, gfp, order, alloc_flags, ac);
	if (pfn == PFN_NONE) {
		count_vm_event(m, COMPACTFAIL);
		return PFN_NONE;
	}
	z = page_zone(m, pfn_to_page(m, pfn));
	z->compact.blockskip_flush = false;
	compaction_defer_reset(m, z, (s32)order, true);
	count_vm_event(m, COMPACTSUCCESS);
	return pfn;
}

/* If all that can be reclaimed were, could a zone be compacted? */
static bool compaction_zonelist_suitable(const struct machine *m, const struct alloc_context *ac,
					 unsigned int order, unsigned int alloc_flags)
{
	u32 i;

	for (i = ac->first; i < ac->node->nr_zonelist; i++) {
		const struct zoneref *ref = &ac->node->zonelist[i];
		const struct zone *z = &m->node[ref->nid].zones[ref->type];
		u64 available =
			zone_reclaimable_pages(m, z) / order + (u64)z->vm_stat[NR_FREE_PAGES];

		if (zoneref_allowed(ac, ref) &&
		    compaction_enough(m, z, (s32)order, alloc_flags, ac->highest, available) !=
			    COMPACT_SKIPPED)
			return true;
	}
	return false;
}

/* Once more with a higher priority? */
static bool raise_compact_priority(unsigned int order, struct compact_attempt *c)
{
	enum compact_priority highest = order > PAGE_ALLOC_COSTLY_ORDER ?
						MIN_COMPACT_COSTLY_PRIORITY :
						MIN_COMPACT_PRIORITY;

	if (c->priority <= highest)
		return false;
	c->priority--;
	c->retries = 0;
	return true;
}

static bool should_compact_retry(struct machine *m, unsigned int order, unsigned int alloc_flags,
				 const struct alloc_context *ac, struct compact_attempt *c)
{
	u32 most = order > PAGE_ALLOC_COSTLY_ORDER ? MAX_COMPACT_RETRIES / 4 : MAX_COMPACT_RETRIES;
	enum compact_priority priority = c->priority;
	bool again;

	if (!order)
		return false;
	switch (c->result) {
	case COMPACT_SKIPPED:
		again = compaction_zonelist_suitable(m, ac, order, alloc_flags);
		break;
	case COMPACT_SUCCESS: /* a block came up, and somebody else had it */
		again = ++c->retries <= most || raise_compact_priority(order, c);
		break;
	default:
		again = raise_compact_priority(order, c);
	}
	trace_event(m,
		    "compact_retry order=%u priority=%d compaction_result=%s retries=%u "
		    "max_retries=%u should_retry=%d",
		    order, priority, compact_result_name(c->result), c->retries, most, again);
	return again;
}

/* Would all that could still be reclaimed be enough? */
static bool should_reclaim_retry(struct machine *m, unsigned int order, unsigned int alloc_flags,
				 const struct alloc_context *ac, u64 progress, u32 *fruitless)
{
	u32 i;

	if (progress && order <= PAGE_ALLOC_COSTLY_ORDER)
		*fruitless = 0;
	else
		++*fruitless;
	if (*fruitless > MAX_RECLAIM_RETRIES)
		return unreserve_highatomic_pageblock(m, ac->node, ac->highest, ac->type, true);
	for (i = ac->first; i < ac->node->nr_zonelist; i++) {
		const struct zone *z = zoneref_zone(m, &ac->node->zonelist[i]);
		u64 reclaimable = zone_reclaimable_pages(m, z);
		s64 available = z->vm_stat[NR_FREE_PAGES] + (s64)reclaimable;
		bool ok;

		if (!zoneref_allowed(ac, &ac->node->zonelist[i]))
			continue;
		ok = watermark_ok(z, order, wmark_pages(z, WMARK_MIN), ac->highest, alloc_flags,
				  available);
		trace_event(m,
			    "reclaim_retry_zone node=%u zone=%s order=%u reclaimable=%llu "
			    "available=%lld min_wmark=%llu no_progress_loops=%u wmark_check=%d",
			    z->nid, zone_name((enum zone_type)z->type), order,
			    (unsigned long long)reclaimable, (long long)available,
			    (unsigned long long)wmark_pages(z, WMARK_MIN), *fruitless, ok);
		if (ok)
			return true;
	}
	return false;
}

static struct oom_control oom_control_of(gfp_t gfp, unsigned int order,
					 const struct alloc_context *ac)
{
	return (struct oom_control){ .gfp = gfp,
				     .order = (s32)order,
				     .nodemask = gfp & __GFP_THISNODE ? 0 : ac->nodemask,
				     .node = ac->node,
				     .highest = ac->highest };
}

static pfn_t alloc_pages_may_oom(struct machine *m, gfp_t gfp, unsigned int order,
				 const struct alloc_context *ac, bool *progress)
{
	struct oom_control oc = oom_control_of(gfp, order, ac);
	pfn_t pfn;

	*progress = false;
	/* a last look with a high bar: somebody may have been killed already */
	pfn = get_page_from_freelist(m, (gfp | __GFP_HARDWALL) & ~__GFP_DIRECT_RECLAIM, order,
				     ALLOC_WMARK_HIGH, ac);
	if (pfn != PFN_NONE)
		return pfn;
	if (order > PAGE_ALLOC_COSTLY_ORDER || (gfp & (__GFP_RETRY_MAYFAIL | __GFP_THISNODE)))
		return PFN_NONE;
	/* killing would not help: processes have next to nothing in the low zones */
	if (ac->highest < ZONE_NORMAL)
		return PFN_NONE;
	*progress = out_of_memory(m, &oc);
	if (gfp & __GFP_NOFAIL)
		return get_page_from_freelist(m, gfp, order, ALLOC_NO_WATERMARKS, ac);
	return PFN_NONE;
}

/* What an allocation has been through so far. */
struct slowpath {
	u32 fruitless; /* rounds of reclaim that freed nothing */
	struct compact_attempt compact;
	bool again; /* another round may help */
};

/* One round of the slow path's loop: look again, reclaim, compact, kill. */
static pfn_t slowpath_round(struct machine *m, gfp_t gfp, unsigned int order,
			    unsigned int alloc_flags, const struct alloc_context *ac,
			    struct slowpath *s)
{
	unsigned int reserves = reserve_flags(m, gfp);
	bool killed;
	u64 progress;
	pfn_t pfn;

	s->again = false;
	if (alloc_flags & ALLOC_KSWAPD)
		wake_all_kswapds(m, ac, gfp, order);
	if (reserves)
		alloc_flags = reserves | (alloc_flags & ALLOC_KSWAPD);
	pfn = get_page_from_freelist(m, gfp, order, alloc_flags, ac);
	if (pfn != PFN_NONE || !(gfp & __GFP_DIRECT_RECLAIM) || (gfp & __GFP_MEMALLOC) ||
	    m->reclaim.active)
		return pfn;
	pfn = alloc_pages_direct_reclaim(m, gfp, order, alloc_flags, ac, &progress);
	if (pfn == PFN_NONE && order)
		pfn = alloc_pages_direct_compact(m, gfp, order, alloc_flags, ac,
						 s->compact.priority, &s->compact.result);
	if (pfn != PFN_NONE || (gfp & __GFP_NORETRY))
		return pfn;
	if (order > PAGE_ALLOC_COSTLY_ORDER &&
	    (!(gfp & __GFP_RETRY_MAYFAIL) || !compaction_allowed(gfp, order)))
		return PFN_NONE;
	if (should_reclaim_retry(m, order, alloc_flags, ac, progress, &s->fruitless) ||
	    (progress && compaction_allowed(gfp, order) &&
	     should_compact_retry(m, order, alloc_flags, ac, &s->compact))) {
		s->again = true;
		return PFN_NONE;
	}
	pfn = alloc_pages_may_oom(m, gfp, order, ac, &killed);
	/* a victim that has been at the reserves gets no second chance: it is going away */
	s->again = pfn == PFN_NONE && killed &&
		   !(current_is_dying(m) && (reserves || (gfp & __GFP_NOMEMALLOC)));
	if (killed)
		s->fruitless = 0;
	return pfn;
}

/*
 * A costly block, or one for pages that never move: before anybody reclaims, see whether moving
 * pages does it. Who would rather fail than wait (__GFP_NORETRY) stops there if that was put off
 * lately.
 */
static pfn_t compact_first(struct machine *m, gfp_t gfp, unsigned int order,
			   unsigned int alloc_flags, const struct alloc_context *ac,
			   struct slowpath *s)
{
	bool costly = order > PAGE_ALLOC_COSTLY_ORDER;
	pfn_t pfn;

	if (!(gfp & __GFP_DIRECT_RECLAIM) || !compaction_allowed(gfp, order) ||
	    (!costly && ac->type == MIGRATE_MOVABLE) || reserve_flags(m, gfp))
		return PFN_NONE;
	pfn = alloc_pages_direct_compact(m, gfp, order, alloc_flags, ac, INIT_COMPACT_PRIORITY,
					 &s->compact.result);
	if (pfn == PFN_NONE && costly && gfp & __GFP_NORETRY) {
		s->compact.priority = INIT_COMPACT_PRIORITY;
		if (s->compact.result == COMPACT_SKIPPED || s->compact.result == COMPACT_DEFERRED)
			s->again = false;
	}
	return pfn;
}

static __attribute__((noinline)) pfn_t alloc_pages_slowpath(struct machine *m, gfp_t gfp,
							    unsigned int order,
							    const struct alloc_context *ac)
{
	unsigned int alloc_flags = gfp_to_alloc_flags(ac, gfp);
	struct slowpath s = { .compact.priority = DEF_COMPACT_PRIORITY, .again = true };
	pfn_t pfn;

	clock_charge(m, m->cost.page_alloc_slow);
	if (alloc_flags & ALLOC_KSWAPD)
		wake_all_kswapds(m, ac, gfp, order);
	pfn = get_page_from_freelist(m, gfp, order, alloc_flags, ac);
	if (pfn == PFN_NONE && order)
		pfn = compact_first(m, gfp, order, alloc_flags, ac, &s);
	while (pfn == PFN_NONE && s.again && !m->panicked)
		pfn = slowpath_round(m, gfp, order, alloc_flags, ac, &s);
	if (pfn == PFN_NONE && (gfp & __GFP_NOFAIL))
		pfn = get_page_from_freelist(m, gfp, order, ALLOC_HARDER | ALLOC_NO_WATERMARKS, ac);
	if (pfn == PFN_NONE) {
		struct oom_control oc = oom_control_of(gfp, order, ac);

		warn_alloc(m, &oc, alloc_flags);
	}
	return pfn;
}

/* ---- the calls ---- */

pfn_t alloc_pages_nodemask(struct machine *m, gfp_t gfp, unsigned int order, int nid, u64 nodemask)
{
	struct alloc_context ac;
	unsigned int alloc_flags;
	pfn_t pfn;

	if (unlikely(order >= MAX_ORDER))
		return PFN_NONE;
	prepare_alloc(m, &ac, gfp, nid, nodemask);
	if (unlikely(!ac.preferred))
		return PFN_NONE;
	alloc_flags = ALLOC_WMARK_LOW | (gfp & __GFP_KSWAPD_RECLAIM) |
		      (ac.preferred->nofragment ? ALLOC_NOFRAGMENT : 0);
	pfn = get_page_from_freelist(m, gfp, order, alloc_flags, &ac);
	if (likely(pfn != PFN_NONE))
		return pfn;
	return alloc_pages_slowpath(m, gfp, order, &ac);
}

pfn_t alloc_pages(struct machine *m, gfp_t gfp, unsigned int order, int nid)
{
	pfn_t pfn = PFN_NONE;

	if (unlikely(m->mms.nr_policies) && nid == NUMA_NO_NODE && !(gfp & __GFP_THISNODE) &&
	    m->current && task_at(m, m->current)->policy)
		return alloc_pages_policy(m, gfp, order);
	if (likely(!order && !(gfp & __GFP_THISNODE)))
		pfn = alloc_page_fast(m, gfp, nid);
	return likely(pfn != PFN_NONE) ? pfn : alloc_pages_nodemask(m, gfp, order, nid, 0);
}

void free_pages(struct machine *m, pfn_t pfn, unsigned int order)
{
	struct page *p = pfn_to_page(m, pfn);
	struct zone *z = page_zone(m, p);
	enum migratetype type = get_pageblock_migratetype(m, pfn);

	assert(!(p->flags &
		 (PAGE_FLAG(buddy) | PAGE_FLAG(pcp) | PAGE_FLAG(reserved) | PAGE_FLAG(lru))));
	if (contents_in_use(m))
		drop_contents(m, pfn, order);
	/* a bad page that the kernel could not do without goes no further */
	if (unlikely(page_test(p, PG_hwpoison)) && !order) {
		p->flags = PAGE_FLAG(hwpoison);
		return;
	}
	if (order)
		clear_page_flags(m, pfn, order);
	m->vm_event[PGFREE] += 1u << order;
	if (likely(pcp_allowed_order(order))) {
		free_to_pcp(m, z, pfn, order, type);
	} else {
		p->flags = 0;
		free_one_page(m, z, pfn, order, type, FREE_NORMAL);
		kcompactd_note_change(m, z->nid);
	}
}

/* ---- for the map ---- */

bool pageblock_summary(struct machine *m, pfn_t pfn, u32 *free_pages, enum migratetype *type)
{
	pfn_t start = pfn & ~(PAGEBLOCK_NR_PAGES - 1), end = start + PAGEBLOCK_NR_PAGES;
	const struct zone *z = pfn_zone(m, pfn);

	if (!z)
		return false;
	*type = get_pageblock_migratetype(m, pfn);
	*free_pages = 0;
	if (!page_exists(m, pfn)) {
		*free_pages = pfn_untouched(m, z, pfn) ? PAGEBLOCK_NR_PAGES : 0;
		return true;
	}
	/* the upper half of a free block of order 10 */
	if (page_test(pfn_to_page(m, start & ~(MAX_ORDER_NR_PAGES - 1)), PG_buddy) &&
	    pfn_to_page(m, start & ~(MAX_ORDER_NR_PAGES - 1))->order == MAX_ORDER - 1) {
		*free_pages = PAGEBLOCK_NR_PAGES;
		return true;
	}
	for (pfn = start; pfn < end;) {
		const struct page *p = pfn_to_page(m, pfn);
		u32 nr = page_test(p, PG_buddy) ? 1u << p->order : 0;

		*free_pages += nr;
		pfn += nr ? nr : 1;
	}
	return true;
}
