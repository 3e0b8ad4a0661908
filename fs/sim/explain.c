/*
 * sim/explain: in plain sentences with numbers, the last decisions about memory and why: who was
 * killed and who might have been, what was reclaimed, why kswapd woke, which allocation failed.
 *
 * The engine keeps each decision as it was (include/mman/oom.h); nothing is computed anew here.
 */
#include "fs/sim/explain.h"

static s64 adj_points(const struct oom_candidate *c, u64 total)
{
	return (s64)c->adj * (s64)(total / 1000);
}

static void explain_asked(const struct oom_explanation *e, struct text *out)
{
	explain_time(out, e->time);
	if (e->order == OOM_ORDER_SYSRQ) {
		text_printf(out,
			    "a kill was asked for by hand (sysrq-trigger): %llu kB were free.\n",
			    KB(e->memory.free));
		return;
	}
	text_printf(out, "%s (pid %u) asked for ", e->asked, e->asked_pid);
	explain_request(e->gfp, (u32)e->order, e->nodemask, out);
	text_str(out, " and could not get it: ");
	explain_free(&e->memory, e->nodemask, out);
	if (e->constraint == CONSTRAINT_MEMORY_POLICY)
		text_str(
			out,
			"Its memory policy limits it to those nodes, so their size counts as all memory "
			"(CONSTRAINT_MEMORY_POLICY).\n");
	else if (e->constraint == CONSTRAINT_CPUSET)
		text_str(
			out,
			"It may not use all nodes, so the size of those it may use counts as all memory "
			"(CONSTRAINT_CPUSET).\n");
}

static void explain_victim(const struct oom_explanation *e, struct text *out)
{
	const struct oom_candidate *v = &e->victim;

	text_printf(
		out,
		"%u processes could be killed; %s (pid %u) had the highest badness: %lld pages of "
		"resident memory, swap and page tables, of which oom_score_adj %d made %lld pages (%d "
		"thousandths of %llu pages).\n",
		e->nr_candidates, v->comm, v->pid, (long long)v->points, v->adj,
		(long long)adj_points(v, e->total_pages), v->adj,
		(unsigned long long)e->total_pages);
	if (e->nr_best > 1)
		text_printf(out, "The next in line had %lld pages.\n",
			    (long long)e->best[1].points);
}

static void explain_outcome(const struct oom_explanation *e, struct text *out)
{
	switch ((enum oom_outcome)e->outcome) {
	case OOM_KILLED:
		explain_victim(e, out);
		break;
	case OOM_KILLED_ALLOCATING:
		text_printf(
			out,
			"vm.oom_kill_allocating_task is set, so %s (pid %u) itself was killed.\n",
			e->victim.comm, e->victim.pid);
		break;
	case OOM_PANIC_ON_OOM:
		text_str(out,
			 "vm.panic_on_oom is set, so the kernel panicked and killed nobody.\n");
		break;
	case OOM_NOBODY:
		text_str(out, "No process could be killed, so the kernel panicked.\n");
		break;
	case OOM_NOBODY_SYSRQ:
		text_str(out, "No process could be killed; nothing was done.\n");
		break;
	}
}

static void explain_candidates(const struct oom_explanation *e, struct text *out)
{
	u32 i;

	if (!e->nr_best)
		return;
	text_str(
		out,
		"Badness in pages = resident + swapped + page tables + oom_score_adj, the worst first:\n");
	for (i = 0; i < e->nr_best; i++) {
		const struct oom_candidate *c = &e->best[i];

		text_printf(out,
			    "  %lld = %llu + %llu + %llu + %lld  %s (pid %u, oom_score_adj %d)\n",
			    (long long)c->points, (unsigned long long)c->rss,
			    (unsigned long long)c->swap, (unsigned long long)c->pgtables,
			    (long long)adj_points(c, e->total_pages), c->comm, c->pid, c->adj);
	}
	if (e->nr_candidates > e->nr_best)
		text_printf(out, "  and %u with less\n", e->nr_candidates - e->nr_best);
}

static void explain_spared(const struct oom_explanation *e, struct text *out)
{
	static const char *const reason[NR_OOM_INELIGIBLE] = {
		[OOM_IS_INIT] = "init",
		[OOM_NO_MM] = "has no memory any more: it is ending",
		[OOM_ADJ_MIN] = "oom_score_adj is -1000",
		[OOM_REAPED] = "was killed before, and its memory has been taken",
		[OOM_OTHER_NODES] = "cannot use the nodes in question",
	};
	u32 i, listed = 0, all = 0;

	for (i = OOM_ELIGIBLE + 1; i < NR_OOM_INELIGIBLE; i++)
		all += i == OOM_IS_KTHREAD ? 0 : e->nr_why_not[i];
	if (!all)
		return;
	text_str(out, "Not eligible:\n");
	for (i = 0; i < e->nr_spared; i++, listed++)
		text_printf(out, "  %s (pid %u): %s; %llu pages resident, %llu swapped\n",
			    e->spared[i].comm, e->spared[i].pid, reason[e->spared[i].why_not],
			    (unsigned long long)e->spared[i].rss,
			    (unsigned long long)e->spared[i].swap);
	if (all > listed)
		text_printf(out, "  and %u more\n", all - listed);
	text_printf(out, "  %u kernel threads\n", e->nr_why_not[OOM_IS_KTHREAD]);
}

static void explain_oom(const struct oom_explanation *e, struct text *out)
{
	explain_asked(e, out);
	explain_outcome(e, out);
	explain_candidates(e, out);
	explain_spared(e, out);
	explain_memory(&e->memory, e->order > 0 ? (u32)e->order : 0, out);
}

static void explain_panic(const struct panic_state *p, struct text *out)
{
	explain_time(out, p->time);
	text_printf(out, "the kernel panicked: %s.\n", p->text);
	if (p->reboot_at == UINT64_MAX)
		text_str(
			out,
			"kernel.panic is 0: it stays so until `reboot` is written to sim/ctl. Files can "
			"be read, changes are refused (EIO).\n");
	else
		text_printf(
			out,
			"It will be booted anew at %llu.%09llu s (kernel.panic), or by `reboot` in "
			"sim/ctl.\n",
			(unsigned long long)(p->reboot_at / NSEC_PER_SEC),
			(unsigned long long)(p->reboot_at % NSEC_PER_SEC));
}

int sim_explain_show(const struct request *rq, struct text *out)
{
	const struct machine *m = rq->m;

	if (m->panicked)
		explain_panic(&m->panic, out);
	if (m->oom.last.count)
		explain_oom(&m->oom.last, out);
	else
		text_str(out, "No process has been killed for want of memory since boot.\n");
	if (m->oom.failure.count)
		explain_alloc_failure(&m->oom.failure, out);
	else
		text_str(out, "No allocation has been given up since boot.\n");
	explain_compaction(m, out);
	return explain_reclaim(rq, out);
}
