/*
 * sim/explain: in plain sentences with numbers, the last decision about memory and why.
 *
 * So far the OOM killer's. Reclaim passes, kswapd's wake-ups and failed allocations join it with
 * their engine.
 */
#include "fs/sim/sim.h"

static void explain_oom(const struct oom_explanation *e, struct text *out)
{
	text_printf(
		out,
		"At %llu.%09llu s, %s (pid %u) asked for %llu kB in one piece (order %u) and could not get "
		"it: %llu kB were free.\n",
		(unsigned long long)(e->time / NSEC_PER_SEC),
		(unsigned long long)(e->time % NSEC_PER_SEC), e->asked, e->asked_pid,
		(unsigned long long)(PAGE_SIZE >> 10) << e->order, e->order,
		(unsigned long long)e->free_pages * 4);
	if (e->of_allocating_task) {
		text_printf(
			out,
			"vm.oom_kill_allocating_task is set, so %s (pid %u) itself was killed.\n",
			e->victim, e->victim_pid);
		return;
	}
	text_printf(
		out,
		"%u processes could be killed; %s (pid %u) had the highest badness: %lld pages of "
		"resident memory, swap and page tables, of which oom_score_adj %d made %lld pages (%d "
		"thousandths of %llu pages).\n",
		e->candidates, e->victim, e->victim_pid, (long long)e->badness, e->oom_score_adj,
		(long long)e->oom_score_adj * (long long)(e->total_pages / 1000), e->oom_score_adj,
		(unsigned long long)e->total_pages);
	if (e->candidates > 1)
		text_printf(out, "The next in line had %lld pages.\n",
			    (long long)e->second_badness);
}

int sim_explain_show(const struct request *rq, struct text *out)
{
	if (rq->m->oom.count)
		explain_oom(&rq->m->oom, out);
	else
		text_str(out, "No process has been killed for want of memory since boot.\n");
	return 0;
}
