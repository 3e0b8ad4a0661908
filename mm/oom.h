/* oom.h - what the files of the OOM killer share. */
#ifndef MM_OOM_H
#define MM_OOM_H

#include <mman/machine.h>

/* ---- oom_explain.c ---- */

/** oom_explain_task() - one process that was looked at. */
void oom_explain_task(const struct machine *m, struct oom_explanation *e, handle_t task,
		      enum oom_ineligible why, s64 points);
/** oom_explain() - keep the decision in @e (outcome, and what oom_explain_task() noted), with the
 * state of memory as it is now. */
void oom_explain(struct machine *m, const struct oom_control *oc, const struct oom_explanation *e);

/** alloc_failure_keep() - for sim/explain: this request was given up, and memory was like this. */
void alloc_failure_keep(struct machine *m, const struct oom_control *oc, unsigned int alloc_flags,
			bool logged);

/* ---- oom_reaper.c ---- */

/** oom_victim_of() - the record of a victim by its leader; NULL if it is none. */
const struct oom_victim *oom_victim_of(const struct machine *m, handle_t leader);
/** mark_oom_victim() - may use the reserves from now on; the reaper comes in two seconds. */
void mark_oom_victim(struct machine *m, handle_t leader);
/** oom_exit_victim() - SIGKILL: at once, when its command is over, or batch by batch. */
void oom_exit_victim(struct machine *m, handle_t leader);
/** oom_wait() - a tick passes, in which victims give memory back. */
void oom_wait(struct machine *m);
/** task_will_free_mem() - is the process (a leader) dying, and all that share its memory? */
bool task_will_free_mem(const struct machine *m, handle_t leader);
/** oom_mm_gone() - from mm_put(): @mm is no more. oom_task_gone(): the task is released. */
void oom_mm_gone(struct machine *m, handle_t mm);
void oom_task_gone(struct machine *m, handle_t leader);

/** alloc_by() - from now on the command in progress allocates for the sake of @by; returns what it
 * was before. */
static inline enum alloc_by alloc_by(struct machine *m, enum alloc_by by)
{
	enum alloc_by before = m->running ? (enum alloc_by)m->running->alloc_by : ALLOC_BY_OTHER;

	if (m->running)
		m->running->alloc_by = (u8)by;
	return before;
}

#endif
