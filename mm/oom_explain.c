/*
 * oom_explain.c - what memory was like, and who could have been killed, when it was decided.
 *
 * A reader may come an hour later: so everything that sim/explain tells about a decision is copied
 * here, as much of it as a fixed place holds. The numbers of what does not fit are kept.
 */
#include "mm/oom.h"

#include <string.h>

static bool node_allowed(const struct oom_control *oc, u32 nid)
{
	return !oc->nodemask || oc->nodemask >> nid & 1;
}

static u64 positive(s64 n)
{
	return n > 0 ? (u64)n : 0;
}

static void keep_zone(const struct machine *m, const struct oom_control *oc, const struct zone *z,
		      struct zone_state *to)
{
	u32 order, cpu;

	*to = (struct zone_state){
		.nid = (u8)z->nid,
		.type = (u8)z->type,
		.allowed = z->type <= (u32)oc->highest && node_allowed(oc, z->nid),
		.free = positive(z->vm_stat[NR_FREE_PAGES]),
		.min = z->watermark[WMARK_MIN] + z->watermark_boost,
		.low = z->watermark[WMARK_LOW] + z->watermark_boost,
		.high = z->watermark[WMARK_HIGH] + z->watermark_boost,
		.protection = z->lowmem_reserve[oc->highest],
		.managed = z->managed_pages,
		.active_anon = positive(z->vm_stat[NR_ZONE_ACTIVE_ANON]),
		.inactive_anon = positive(z->vm_stat[NR_ZONE_INACTIVE_ANON]),
		.active_file = positive(z->vm_stat[NR_ZONE_ACTIVE_FILE]),
		.inactive_file = positive(z->vm_stat[NR_ZONE_INACTIVE_FILE]),
		.unevictable = positive(z->vm_stat[NR_ZONE_UNEVICTABLE]),
	};
	for (order = 0; order < MAX_ORDER; order++)
		to->nr_free[order] = (u32)z->free_area[order].nr_free;
	for (cpu = 0; z->pageset && cpu < m->nr_cpus; cpu++)
		to->pcp += ((struct per_cpu_pages *)pool_at(&m->pagesets, z->pageset + cpu))->count;
}

static void keep_memory(const struct machine *m, const struct oom_control *oc,
			struct memory_state *to)
{
	u32 nid, zone;

	*to = (struct memory_state){
		.free = global_zone_page_state(m, NR_FREE_PAGES),
		.dirty = global_node_page_state(m, NR_DIRTY),
		.writeback = global_node_page_state(m, NR_WRITEBACK),
		.slab_reclaimable = global_node_page_state(m, NR_SLAB_RECLAIMABLE),
		.slab_unreclaimable = global_node_page_state(m, NR_SLAB_UNRECLAIMABLE),
		.page_tables = global_node_page_state(m, NR_PAGE_TABLE_PAGES),
		.shmem = global_node_page_state(m, NR_SHMEM),
		.free_swap = free_swap_pages(m),
		.total_swap = total_swap_pages(m),
	};
	for (nid = 0; nid < m->nr_nodes; nid++)
		for (zone = 0; zone < MAX_NR_ZONES; zone++) {
			const struct zone *z = &m->node[nid].zones[zone];

			if (!zone_populated(z))
				continue;
			if (to->nr_zones == ZONE_STATES_MAX)
				to->nr_left_out++;
			else
				keep_zone(m, oc, z, &to->zone[to->nr_zones++]);
		}
}

static struct oom_candidate candidate_of(const struct machine *m, handle_t task,
					 enum oom_ineligible why, s64 points)
{
	const struct task *t = task_at(m, task);
	struct oom_candidate c = { .pid = t->pid,
				   .uid = t->uid,
				   .points = points,
				   .adj = t->oom_score_adj,
				   .why_not = (u8)why };

	if (t->mm) {
		const struct mm *mm = mm_at(m, t->mm);

		c.rss = mm_rss(mm);
		c.swap = positive(mm->rss[MM_SWAPENTS]);
		c.pgtables = mm_pgtables_pages(mm);
	}
	memcpy(c.comm, t->comm, sizeof(c.comm));
	return c;
}

/* Into its place among the worst; the youngest of equals is the worst. */
static void keep_best(struct oom_explanation *e, const struct oom_candidate *c)
{
	u32 at = e->nr_best;

	while (at && e->best[at - 1].points <= c->points)
		at--;
	if (at == OOM_CANDIDATES_MAX)
		return;
	if (e->nr_best < OOM_CANDIDATES_MAX)
		e->nr_best++;
	memmove(&e->best[at + 1], &e->best[at], (e->nr_best - at - 1) * sizeof(*c));
	e->best[at] = *c;
}

void oom_explain_task(const struct machine *m, struct oom_explanation *e, handle_t task,
		      enum oom_ineligible why, s64 points)
{
	struct oom_candidate c;

	e->nr_why_not[why]++;
	if (why == OOM_IS_KTHREAD)
		return;
	c = candidate_of(m, task, why, points);
	if (why == OOM_ELIGIBLE) {
		e->nr_candidates++;
		keep_best(e, &c);
	} else if (e->nr_spared < OOM_CANDIDATES_MAX) {
		e->spared[e->nr_spared++] = c;
	}
}

void oom_explain(struct machine *m, const struct oom_control *oc, const struct oom_explanation *e)
{
	const struct task *asked = m->current ? task_at(m, m->current) : NULL;
	struct oom_explanation *last = &m->oom.last;
	u64 count = last->count + 1;

	*last = *e;
	last->time = m->clock.now;
	last->count = count;
	last->gfp = oc->gfp;
	last->order = oc->order;
	last->constraint = (u8)oc->constraint;
	last->nodemask = oc->nodemask;
	last->total_pages = oc->totalpages;
	last->asked_pid = asked ? asked->pid : 0;
	memcpy(last->asked, asked ? asked->comm : "kernel",
	       asked ? sizeof(last->asked) : sizeof("kernel"));
	if (oc->chosen)
		last->victim = candidate_of(m, oc->chosen, OOM_ELIGIBLE,
					    oom_badness(m, oc->chosen, oc->totalpages));
	keep_memory(m, oc, &last->memory);
}

/* ---- an allocation that is given up ---- */

void alloc_failure_keep(struct machine *m, const struct oom_control *oc, unsigned int alloc_flags,
			bool logged)
{
	const struct task *t = m->current ? task_at(m, m->current) : NULL;
	struct alloc_failure *f = &m->oom.failure;

	f->time = m->clock.now;
	f->count++;
	f->gfp = oc->gfp;
	f->order = (u32)oc->order;
	f->pid = t ? t->pid : 0;
	f->nodemask = oc->nodemask;
	f->alloc_flags = alloc_flags;
	f->highest = (u8)oc->highest;
	f->logged = logged;
	memcpy(f->comm, t ? t->comm : "kernel", t ? sizeof(f->comm) : sizeof("kernel"));
	keep_memory(m, oc, &f->memory);
}
