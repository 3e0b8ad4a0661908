/*
 * check_oom.c - the OOM killer's invariants: who is a victim, what a victim holds, and that a
 * machine which has panicked stands still.
 */
#include "mm/check.h"
#include "mm/oom.h"

static bool mm_is_listed(const struct machine *m, handle_t mm)
{
	handle_t h;

	for (h = m->mms.mm_head; h && h != mm; h = mm_at(m, h)->next)
		;
	return h;
}

static void check_victim(struct check *c, handle_t h, const struct oom_victim *v)
{
	struct machine *m = c->m;
	const struct task *t = v->task ? task_at(m, v->task) : NULL;

	if (!mm_is_listed(m, v->mm)) {
		check_fail(c, "victim %u: its address space is gone, its record is not", v->pid);
		return;
	}
	if (t && (t->pid != v->pid || !(t->flags & PF_MEMDIE)))
		check_fail(c, "victim %u: its task is another's", v->pid);
	if (t && !v->exits && t->mm != v->mm)
		check_fail(c, "victim %u: runs in another address space", v->pid);
	if (v->exits && (!t || t->mm || !(t->flags & PF_EXITING) || mm_at(m, v->mm)->users != 1))
		check_fail(c, "victim %u: ends, but not alone with its memory", v->pid);
	if (v->exits && !m->panicked && !event_pending(m, EVENT_TASK_EXIT, h))
		check_fail(c, "victim %u: ends, but nothing happens", v->pid);
	if (v->reaps && mm_at(m, v->mm)->flags & MMF_OOM_SKIP &&
	    event_pending(m, EVENT_OOM_REAPER, h))
		check_fail(c, "victim %u: was reaped, and is to be again", v->pid);
}

static void check_explanation(struct check *c, const struct oom_explanation *e)
{
	u32 i;

	if (!e->count)
		return;
	if (e->nr_best > e->nr_candidates)
		check_fail(c, "the last OOM decision knows of more candidates than there were");
	for (i = 1; i < e->nr_best; i++)
		if (e->best[i].points > e->best[i - 1].points)
			check_fail(c, "the last OOM decision's candidates are out of order");
	if (e->outcome == OOM_KILLED && e->nr_best && e->best[0].pid != e->victim.pid)
		check_fail(c, "the last OOM decision did not choose the worst, %u, but %u",
			   e->best[0].pid, e->victim.pid);
}

void check_oom(struct check *c)
{
	struct machine *m = c->m;
	handle_t h, task;
	u32 dying = 0, ending = 0;

	for (h = m->oom.first_victim; h;) {
		const struct oom_victim *v = pool_at(&m->oom.victims, h);

		check_victim(c, h, v);
		ending += v->exits;
		h = v->next;
	}
	for (task = pid_next(m, 1); task; task = pid_next(m, task_at(m, task)->pid + 1))
		dying += task_at(m, task)->flags & PF_EXITING && !task_at(m, task)->mm;
	check_equal(c, "processes that end batch by batch", dying, ending);
	check_equal(c, "oom_kill", (s64)m->oom.kills,
		    (s64)(m->vm_event[OOM_KILL] - m->vm_event_start[OOM_KILL]));
	check_explanation(c, &m->oom.last);
	if (m->panicked && m->clock.next_due && m->clock.next_due != m->panic.reboot_at)
		check_fail(c, "the machine has panicked, and something is due all the same");
}
