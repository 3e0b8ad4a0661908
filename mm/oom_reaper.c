/*
 * oom_reaper.c - victims of the OOM killer from the signal to their last page.
 *
 *	small          ends at once, inside the allocation that killed it
 *	large          ends by itself, batch by batch (EVENT_TASK_EXIT): the allocation waits a tick at a
 *	               time and goes on as soon as enough has come back; readers see the victim shrink
 *	the one whose  is told, gets at the reserves, and ends when its command has come to the next safe
 *	command runs   point
 *
 * Two seconds after the signal the oom_reaper looks (6.1: OOM_REAPER_DELAY). If the victim is still
 * there, it takes its private memory in batches of its own, beside the victim's end, and says so in
 * the log. From then on (MMF_OOM_SKIP) another may be chosen.
 */
#include <mman/lab.h>

#include <string.h>

#include "mm/oom.h"
#include "mm/task.h"
#include "mm/vma.h"

#define OOM_REAPER_DELAY (2 * NSEC_PER_SEC)

static struct oom_victim *victim_at(const struct machine *m, handle_t h)
{
	return pool_at(&m->oom.victims, h);
}

int oom_init(struct machine *m)
{
	m->oom.last.victim.points = INT64_MIN;
	return pool_init(&m->oom.victims, "oom_victim", sizeof(struct oom_victim), 1u << 22);
}

void oom_destroy(struct machine *m)
{
	pool_destroy(&m->oom.victims);
}

/* ---- the list ---- */

static handle_t find_victim(const struct machine *m, handle_t leader)
{
	handle_t h;

	for (h = m->oom.first_victim; h && victim_at(m, h)->task != leader;
	     h = victim_at(m, h)->next)
		;
	return h;
}

const struct oom_victim *oom_victim_of(const struct machine *m, handle_t leader)
{
	handle_t h = find_victim(m, leader);

	return h ? victim_at(m, h) : NULL;
}

static void forget_victim(struct machine *m, handle_t h)
{
	handle_t *at = &m->oom.first_victim;

	while (*at != h)
		at = &victim_at(m, *at)->next;
	*at = victim_at(m, h)->next;
	event_cancel(m, EVENT_OOM_REAPER, h);
	event_cancel(m, EVENT_TASK_EXIT, h);
	pool_free(&m->oom.victims, h);
}

void oom_mm_gone(struct machine *m, handle_t mm)
{
	handle_t h, next;

	for (h = m->oom.first_victim; h; h = next) {
		next = victim_at(m, h)->next;
		if (victim_at(m, h)->mm == mm)
			forget_victim(m, h);
	}
}

void oom_task_gone(struct machine *m, handle_t leader)
{
	handle_t h = find_victim(m, leader);

	if (h)
		victim_at(m, h)->task = 0;
}

void mark_oom_victim(struct machine *m, handle_t leader)
{
	struct task *t = task_at(m, leader);
	const struct mm *mm = mm_at(m, t->mm);
	struct oom_victim *v;
	handle_t h;

	if (t->flags & PF_MEMDIE)
		return;
	for (h = leader; h; h = task_at(m, h)->next_thread)
		task_at(m, h)->flags |= PF_MEMDIE;
	trace_event(m,
		    "mark_victim pid=%u comm=%s total-vm=%llukB anon-rss=%llukB file-rss=%llukB "
		    "shmem-rss=%llukB uid=%u pgtables=%llukB oom_score_adj=%d",
		    t->pid, t->comm, (unsigned long long)mm->total_vm * 4,
		    (unsigned long long)mm->rss[MM_ANONPAGES] * 4,
		    (unsigned long long)mm->rss[MM_FILEPAGES] * 4,
		    (unsigned long long)mm->rss[MM_SHMEMPAGES] * 4, t->uid,
		    (unsigned long long)mm_pgtables_pages(mm) * 4, t->oom_score_adj);
	h = pool_alloc(&m->oom.victims);
	if (!h)
		return;
	v = victim_at(m, h);
	*v = (struct oom_victim){ .task = leader,
				  .mm = t->mm,
				  .pid = t->pid,
				  .reap_due = m->clock.now + OOM_REAPER_DELAY,
				  .next = m->oom.first_victim };
	memcpy(v->comm, t->comm, sizeof(v->comm));
	m->oom.first_victim = h;
	event_schedule(m, EVENT_OOM_REAPER, h, v->reap_due);
}

/* ---- who is dying ---- */

static bool runs_innermost(const struct machine *m, handle_t leader)
{
	return m->running && task_at(m, m->running->task)->leader == leader;
}

static bool group_exits(const struct machine *m, handle_t leader)
{
	const struct running *r;

	if (task_at(m, leader)->flags & PF_EXITING)
		return true;
	for (r = m->running; r; r = r->outer)
		if (!r->died && task_at(m, r->task)->leader == leader &&
		    (r->fatal_signal || r->exits))
			return true;
	return false;
}

bool task_will_free_mem(const struct machine *m, handle_t leader)
{
	const struct task *t = task_at(m, leader);
	handle_t other;

	if (!t->mm || mm_at(m, t->mm)->flags & MMF_OOM_SKIP || !group_exits(m, leader))
		return false;
	if (!(mm_at(m, t->mm)->flags & MMF_MULTIPROCESS))
		return true;
	for (other = pid_next(m, 1); other; other = pid_next(m, task_at(m, other)->pid + 1))
		if (task_at(m, other)->mm == t->mm && !group_exits(m, other))
			return false;
	return true;
}

/* ---- a large process ends ---- */

/* Does nobody else hold its memory? */
static bool owns_mm(const struct machine *m, handle_t leader)
{
	u32 threads = 0;
	handle_t h;

	for (h = leader; h; h = task_at(m, h)->next_thread)
		threads++;
	return mm_at(m, task_at(m, leader)->mm)->users == threads;
}

/* Its commands, loads and threads are over; what is left is memory, which takes its time. */
static void exit_in_background(struct machine *m, handle_t h)
{
	struct oom_victim *v = victim_at(m, h);
	struct task *t = task_at(m, v->task);

	exit_prepare(m, v->task, SIGKILL_NR);
	t->mm = 0;
	t->lab = 0;
	task_set_state(m, v->task, TASK_RUNNING);
	v->exits = true;
	v->exit_time = m->clock.now;
	event_schedule(m, EVENT_TASK_EXIT, h, m->clock.now);
}

void oom_exit_victim(struct machine *m, handle_t leader)
{
	handle_t h = find_victim(m, leader);

	if (h && !runs_innermost(m, leader) && owns_mm(m, leader) &&
	    mm_rss(mm_at(m, task_at(m, leader)->mm)) > BATCH_PAGES)
		exit_in_background(m, h);
	else
		send_signal(m, leader, SIGKILL_NR, 0);
}

/* The next pages of @mm from *@at on; the time it took. *@more: there may be others. */
static u64 zap_batch(struct machine *m, handle_t mm, u64 *at, bool private_only, bool *more)
{
	u64 started = m->clock.now, cost;
	const struct vma *v;
	handle_t h;

	while ((h = find_vma(m, mm, *at))) {
		v = vma_at(m, h);
		if (!private_only || (!(v->flags & (VM_HUGETLB | VM_PFNMAP)) &&
				      (vma_is_anonymous(v) || !(v->flags & VM_SHARED))))
			break;
		*at = v->end;
	}
	*more = h;
	if (h)
		*at = zap_page_range_some(m, h, v->start > *at ? v->start : *at, v->end,
					  BATCH_PAGES / 8);
	cost = m->clock.now - started;
	m->clock.now = started;
	return max_t(u64, cost, 1);
}

static void exit_finish(struct machine *m, const struct oom_victim *v)
{
	handle_t task = v->task, mm = v->mm;
	u64 started = m->clock.now;

	/* takes the victim's record with it */
	mm_put(m, mm);
	m->clock.now = started;
	task_set_state(m, task, TASK_DEAD);
	task_release(m, task);
}

void oom_exit_event(struct machine *m, u32 h)
{
	struct oom_victim *v = victim_at(m, h);
	bool more = true;
	u64 cost;

	while (more && v->exit_time <= m->clock.now) {
		cost = zap_batch(m, v->mm, &v->exit_at, false, &more);
		account_task_time(m, v->task, cost, false);
		v->exit_time += cost;
	}
	if (more)
		event_schedule(m, EVENT_TASK_EXIT, h, v->exit_time);
	else
		exit_finish(m, v);
}

/* ---- the reaper ---- */

void oom_reaper_event(struct machine *m, u32 h)
{
	struct oom_victim *v = victim_at(m, h);
	struct mm *mm = mm_at(m, v->mm);
	bool more = true;

	if (!v->reaps) {
		trace_event(m, "wake_reaper pid=%u", v->pid);
		if (mm->flags & MMF_OOM_SKIP) {
			trace_event(m, "skip_task_reaping pid=%u", v->pid);
			if (!v->task)
				forget_victim(m, h);
			return;
		}
		trace_event(m, "start_task_reaping pid=%u", v->pid);
		v->reaps = true;
		v->reap_at = v->exit_at;
		v->reap_time = m->clock.now;
	}
	while (more && v->reap_time <= m->clock.now)
		v->reap_time += zap_batch(m, v->mm, &v->reap_at, true, &more);
	if (more) {
		event_schedule(m, EVENT_OOM_REAPER, h, v->reap_time);
		return;
	}
	mm->flags |= MMF_OOM_SKIP;
	trace_event(m, "finish_task_reaping pid=%u", v->pid);
	printk(m, 6,
	       "oom_reaper: reaped process %u (%s), now anon-rss:%llukB, file-rss:%llukB, shmem-rss:%llukB",
	       v->pid, v->comm, (unsigned long long)mm->rss[MM_ANONPAGES] * 4,
	       (unsigned long long)mm->rss[MM_FILEPAGES] * 4,
	       (unsigned long long)mm->rss[MM_SHMEMPAGES] * 4);
}

/* ---- waiting for them ---- */

/* A dying process whose command is further out than ours: on its own CPU it would be exiting
 * now. */
static void end_outer_victims(struct machine *m)
{
	handle_t h, next;

	for (h = m->oom.first_victim; h; h = next) {
		const struct oom_victim *v = victim_at(m, h);

		next = v->next;
		if (v->exits || !v->task || !task_at(m, v->task)->mm ||
		    runs_innermost(m, v->task) || !owns_mm(m, v->task))
			continue;
		exit_in_background(m, h);
	}
}

/* Inside a handler no event runs: what victims would do in this tick is done here. */
static void run_victims(struct machine *m)
{
	handle_t h, next;

	for (h = m->oom.first_victim; h; h = next) {
		const struct oom_victim *v = victim_at(m, h);
		bool reap = v->reap_due <= m->clock.now && event_pending(m, EVENT_OOM_REAPER, h);

		next = v->next;
		if (reap) {
			event_cancel(m, EVENT_OOM_REAPER, h);
			oom_reaper_event(m, h);
		}
		if (v->exits) {
			event_cancel(m, EVENT_TASK_EXIT, h);
			oom_exit_event(m, h);
		}
	}
}

void oom_wait(struct machine *m)
{
	end_outer_victims(m);
	m->clock.now += JIFFY_NS;
	if (m->clock.in_events || m->clock.in_kthread)
		run_victims(m);
	else
		clock_run_kthreads(m);
}
