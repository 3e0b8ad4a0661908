/*
 * warn_alloc.c - an allocation is given up: what is said of it, and how often.
 *
 * The log has one report in ten seconds, in the kernel's layout, and none for who asked not to be
 * told. A request that failed for want of a free block although pages are free reads the same
 * there; what it was that failed is in sim/explain.
 */
#include "mm/oom.h"
#include "mm/show_mem.h"

#define NOPAGE_INTERVAL (10 * NSEC_PER_SEC)

bool ratelimit(struct machine *m, struct ratelimit *rs, u64 interval, u32 burst, const char *who)
{
	if (!rs->started || m->clock.now > rs->begin + interval) {
		if (rs->missed)
			printk(m, 4, "%s: %u callbacks suppressed", who, rs->missed);
		*rs = (struct ratelimit){ .begin = m->clock.now, .started = true };
	}
	if (rs->printed < burst) {
		rs->printed++;
		return true;
	}
	rs->missed++;
	return false;
}

/* A request for the DMA zone where there is none is not worth a word. */
static bool has_managed_dma(const struct machine *m)
{
	u32 nid;

	for (nid = 0; nid < m->nr_nodes; nid++)
		if (m->node[nid].zones[ZONE_DMA].managed_pages)
			return true;
	return false;
}

/* Whose nodes the report leaves out: none if others' memory may be used as well. */
static u64 nodes_to_show(const struct machine *m, const struct oom_control *oc)
{
	const struct task *t = m->current ? task_at(m, m->current) : NULL;

	if (!(oc->gfp & __GFP_DIRECT_RECLAIM) || !t)
		return ALL_NODES;
	if (!(oc->gfp & __GFP_NOMEMALLOC) && t->flags & (PF_MEMDIE | PF_EXITING))
		return ALL_NODES;
	if (oc->nodemask)
		return oc->nodemask;
	return t->mems_allowed ? t->mems_allowed : ALL_NODES;
}

void warn_alloc(struct machine *m, const struct oom_control *oc, unsigned int alloc_flags)
{
	const struct task *t = m->current ? task_at(m, m->current) : NULL;
	char flags[256], mask[NODES_TEXT_MAX], mems[NODES_TEXT_MAX];
	bool log;

	/* what panicked on the way has told all there is to tell */
	if (oc->gfp & __GFP_NOWARN || m->panicked)
		return;
	log = ratelimit(m, &m->oom.nopage_rs, NOPAGE_INTERVAL, 1, "warn_alloc") &&
	      !(oc->gfp & __GFP_DMA && !has_managed_dma(m));
	alloc_failure_keep(m, oc, alloc_flags, log);
	if (!log)
		return;
	gfp_flags_text(oc->gfp, flags, sizeof(flags));
	printk(m, 4,
	       "%s: page allocation failure: order:%u, mode:%#x(%s), nodemask=%s,cpuset=/,"
	       "mems_allowed=%s",
	       t ? t->comm : "swapper/0", (u32)oc->order, oc->gfp, flags,
	       nodes_text(m, oc->nodemask, mask),
	       nodes_text(m, t && t->mems_allowed ? t->mems_allowed : ALL_NODES, mems));
	dump_stack(m, m->current);
	dump_alloc_trace(m, oc, TRACE_WARN_ALLOC);
	show_mem(m, nodes_to_show(m, oc), oc->highest);
}
