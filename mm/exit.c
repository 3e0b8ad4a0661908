/*
 * exit.c - the end of a process.
 *
 * Every simulated parent reaps at once (init does, and so do the laboratory's programs), so a dead
 * process leaves nothing behind but the account in its laboratory directory.
 */
#include <mman/lab.h>
#include <mman/machine.h>

#include "mm/filemap.h"
#include "mm/oom.h"
#include "mm/task.h"
#include "mm/vma.h"

/* A command in progress for @task must touch nothing of it any more. */
static void tell_running(struct machine *m, handle_t task)
{
	struct running *r;

	for (r = m->running; r; r = r->outer)
		if (r->task == task)
			r->died = true;
}

static void drop_mm(struct machine *m, handle_t task)
{
	handle_t mm = task_at(m, task)->mm;

	task_at(m, task)->mm = 0;
	if (mm)
		mm_put(m, mm);
}

void exit_threads(struct machine *m, handle_t leader)
{
	struct task *l = task_at(m, leader);

	while (l->next_thread) {
		handle_t thread = l->next_thread;

		l->next_thread = task_at(m, thread)->next_thread;
		tell_running(m, thread);
		task_set_state(m, thread, TASK_DEAD);
		drop_mm(m, thread);
		task_release(m, thread);
	}
}

/*
 * The memory of a large process goes batch by batch, and others are let in between: who reads then
 * sees it shrink, as on Linux. What is due meanwhile may fault something in again; the last
 * munmap takes that.
 */
bool exit_unmap(struct machine *m, struct running *r)
{
	handle_t mmh = task_at(m, r->task)->mm, h;
	u64 addr = 0;

	/* what is done in the middle of another command is done at once */
	if (r->outer || !mmh || mm_at(m, mmh)->users > 1 || !mm_takes_batches(mm_at(m, mmh)))
		return true;
	while ((h = find_vma(m, mmh, addr))) {
		const struct vma *v = vma_at(m, h);

		addr = unmap_some(m, h, v->start > addr ? v->start : addr, v->end);
		/* it is to end: there is nothing that could be stopped */
		if (!machine_safe_point(m) && r->died)
			return false;
	}
	return true;
}

void exit_unmapped(struct machine *m, const struct running *r, s32 code)
{
	handle_t mark;

	if (r->outer) {
		do_exit(m, r->task, code);
		return;
	}
	mark = evict_begin(m);
	do_exit(m, r->task, code);
	evict_end(m, mark);
}

void task_exit_thread(struct machine *m, handle_t thread)
{
	handle_t *at = &task_at(m, task_at(m, thread)->leader)->next_thread;

	while (*at != thread)
		at = &task_at(m, *at)->next_thread;
	*at = task_at(m, thread)->next_thread;
	tell_running(m, thread);
	task_set_state(m, thread, TASK_DEAD);
	drop_mm(m, thread);
	task_release(m, thread);
}

void task_exit_requested(struct machine *m, s32 status)
{
	struct running *r = m->running;

	if (!r || r->exits || r->fatal_signal)
		return;
	r->exits = true;
	r->fatal_signal = status;
}

void exit_prepare(struct machine *m, handle_t leader, s32 code)
{
	struct task *l = task_at(m, leader);

	l->flags |= PF_EXITING;
	l->exit_code = code;
	exit_threads(m, leader);
	while (l->first_child)
		task_reparent(m, l->first_child, m->tasks.init);
	tell_running(m, leader);
	lab_task_ended(m, leader);
}

void do_exit(struct machine *m, handle_t task, s32 code)
{
	handle_t leader = task_at(m, task)->leader;
	const struct oom_victim *v = oom_victim_of(m, leader);

	/* it is on its way out already, batch by batch */
	if (v && v->exits)
		return;
	exit_prepare(m, leader, code);
	task_set_state(m, leader, TASK_DEAD);
	drop_mm(m, leader);
	task_release(m, leader);
}
