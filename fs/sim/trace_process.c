/*
 * trace_process.c - the processes of a trace: whom the engine works for, children, execve, exit.
 *
 * The first process of a trace is the one whose directory is written to. Its children get
 * directories of their own, NAME.PID with the trace's PID, as long as they live.
 */
#include "fs/sim/trace.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- whom the engine works for ---- */

void trace_leave(struct trace_run *t)
{
	struct traced_process *p = t->process;
	bool interrupted = t->running.interrupted;

	if (!p)
		return;
	t->process = NULL;
	if (!task_run_end(t->m, &t->running))
		t->ended = true;
	t->stop |= interrupted;
}

bool trace_enter(struct trace_run *t, struct traced_process *p)
{
	if (t->process == p)
		return true;
	trace_leave(t);
	if (t->stop || !trace_task_lives(t->m, p))
		return false;
	t->task = task_at(t->m, p->task)->leader;
	t->process = p;
	t->ended = false;
	task_run_begin(t->m, &t->running, t->task);
	return true;
}

bool trace_point(struct trace_run *t)
{
	if (likely(machine_safe_point(t->m)))
		return true;
	if (!t->process)
		t->stop = true;
	return false;
}

bool trace_broken(struct trace_run *t, int error)
{
	const struct running *r = &t->running;

	if (!t->process)
		return true;
	if (!r->died && !r->fatal_signal && !r->interrupted && error != -EINTR)
		return false;
	trace_leave(t);
	return true;
}

/* ---- finding them ---- */

static struct traced_process *add_root(struct trace_run *t, u32 pid, struct piece line)
{
	handle_t task = lab_at(t->m, t->lab)->task;
	struct traced_process *p;

	if (!task) {
		trace_refuse(t, line, "the process has ended");
		return NULL;
	}
	p = trace_process_add(t->m, t->s, pid, task);
	if (!p) {
		trace_refuse(t, line, "no memory");
		return NULL;
	}
	t->s->rooted = true;
	t->s->root = pid;
	t->account->processes++;
	return p;
}

/* The number of a process that had none so far, or whose stream is over, becomes known. */
static struct traced_process *rename_root(struct trace_run *t, struct traced_process *p, u32 pid)
{
	struct traced_process copy = *p, *renamed;

	trace_leave(t);
	renamed = trace_process_add(t->m, t->s, pid, p->task);
	if (!renamed)
		return NULL;
	copy.pid = pid;
	copy.next = renamed->next;
	*renamed = copy;
	trace_process_remove(t->m, t->s, t->s->root);
	t->s->root = pid;
	return renamed;
}

/* A child may be heard of before its parent's call is over. */
static struct traced_process *find_unborn(struct trace_run *t, u32 pid)
{
	struct traced_process *p;

	for (p = trace_process_first(t->m, t->s); p; p = trace_process_next(t->m, t->s, p)) {
		struct piece call = { p->call, p->call + p->call_length }, name = call;
		const char *open = memchr(p->call, '(', p->call_length);

		name.end = open ? open : call.end;
		if (!p->call_length || p->child_made || !trace_call_makes_child(name))
			continue;
		if (!trace_enter(t, p) || trace_child(t, p, pid, call, name))
			return NULL;
		p->child_made = true;
		return trace_process_find(t->m, t->s, pid);
	}
	return NULL;
}

struct traced_process *trace_process_of(struct trace_run *t, u32 pid, struct piece line)
{
	struct program_trace *s = t->s;
	bool fresh = s->fresh;
	struct traced_process *p, *root;

	s->fresh = false;
	if (!pid && s->rooted)
		pid = s->root;
	p = trace_process_find(t->m, s, pid);
	if (p)
		return p;
	if (!s->rooted)
		return add_root(t, pid, line);
	root = trace_process_find(t->m, s, s->root);
	if (fresh && root && s->root) {
		/* another trace: whoever is left of the one before stays as it is */
		trace_leave(t);
		trace_process_remove_all(t->m, s);
		return add_root(t, pid, line);
	}
	if (!s->root && root)
		return rename_root(t, root, pid);
	p = find_unborn(t, pid);
	if (!p && !t->stop)
		trace_refuse(t, line, "no process %u in this trace", pid);
	return p;
}

/* ---- children ---- */

/* "sort.4711"; a directory that was left by a dead one makes room. */
static void child_name(struct trace_run *t, u32 pid, char name[LAB_NAME_MAX])
{
	const char *own = lab_at(t->m, t->lab)->name;
	handle_t old;
	u32 more;

	for (more = 0; more < 10; more++) {
		if (more)
			snprintf(name, LAB_NAME_MAX, "%.40s.%u.%u", own, pid, more);
		else
			snprintf(name, LAB_NAME_MAX, "%.48s.%u", own, pid);
		old = lab_find(t->m, name);
		if (!old)
			return;
		if (!lab_at(t->m, old)->task) {
			lab_remove(t->m, name);
			return;
		}
	}
}

static int new_task(struct trace_run *t, u32 pid, struct piece flags, struct piece call,
		    handle_t *task)
{
	char name[LAB_NAME_MAX];
	handle_t lab = task_at(t->m, t->task)->lab, child;
	bool vm = piece_is(call, "vfork") || piece_has(flags, "CLONE_VM");
	int error;

	if (piece_has(flags, "CLONE_THREAD"))
		return task_clone_thread(t->m, t->task, task);
	if (!lab)
		return -ESRCH;
	child_name(t, pid, name);
	error = (vm ? lab_clone : lab_fork)(t->m, lab, name, &child);
	if (!error)
		*task = lab_at(t->m, child)->task;
	return error;
}

int trace_child(struct trace_run *t, struct traced_process *p, u32 pid, struct piece flags,
		struct piece name)
{
	struct traced_process *child = trace_process_find(t->m, t->s, pid);
	handle_t task;
	int error;

	/* numbers come again */
	if (child && (child->pid == t->s->root || trace_task_lives(t->m, child)))
		return -EEXIST;
	if (child)
		trace_process_remove(t->m, t->s, pid);
	error = new_task(t, pid, flags, name, &task);
	if (error)
		return error;
	child = trace_process_add(t->m, t->s, pid, task);
	if (!child) {
		do_exit(t->m, task, 9);
		return -ENOMEM;
	}
	child->image = p->image;
	child->program = p->program;
	child->heap = p->heap;
	child->thread = task_at(t->m, task)->leader != task;
	t->account->processes++;
	return 0;
}

/* ---- execve ---- */

int trace_exec(struct trace_run *t, struct traced_process *p, const char *path)
{
	struct machine *m = t->m;
	bool known;
	int error = task_exec_bare(m, t->task, path);
	struct task *task;

	if (error)
		return error;
	task = task_at(m, t->task);
	lab_regions_drop(m, task->lab);
	if (*path == '/')
		task->exe = trace_file(m, path, 0, false, &known);
	p->program = p->executing = true;
	p->image = p->heap = p->comparing = false;
	p->minor_base = task->min_flt;
	p->major_base = task->maj_flt;
	return 0;
}

bool trace_own_space(struct trace_run *t, struct traced_process *p)
{
	char comm[TASK_COMM_LEN + 1] = "";
	int error = 0;

	if (likely(p->program && !p->executing))
		return true;
	memcpy(comm, task_at(t->m, t->task)->comm, TASK_COMM_LEN);
	if (!p->program)
		error = trace_exec(t, p, comm);
	else
		error = task_exec_stack(t->m, t->task, comm);
	p->executing = false;
	if (error && !trace_broken(t, error))
		trace_remark(t, "%s: no memory for its address space", comm);
	return t->process != NULL;
}

/* ---- the end ---- */

/* A child that the trace has ended needs no directory any more. */
static void end_process(struct trace_run *t, struct traced_process *p, s32 status)
{
	handle_t lab;

	if (!trace_enter(t, p))
		return;
	lab = task_at(t->m, t->task)->lab;
	task_exit_requested(t->m, status);
	trace_leave(t);
	if (lab && lab != t->lab && lab_at(t->m, lab)->ended)
		lab_remove(t->m, lab_at(t->m, lab)->name);
}

static void end_thread(struct trace_run *t, struct traced_process *p, s32 status)
{
	handle_t leader = task_at(t->m, p->task)->leader;
	struct traced_process *each;

	trace_leave(t);
	p->ended = true;
	task_exit_thread(t->m, p->task);
	if (task_at(t->m, leader)->next_thread)
		return;
	/* the last one: has the first thread gone before? */
	for (each = trace_process_first(t->m, t->s); each;
	     each = trace_process_next(t->m, t->s, each))
		if (each->task == leader && each->ended && !each->thread) {
			each->ended = false;
			end_process(t, each, status);
			each->ended = true;
			return;
		}
}

void trace_exit(struct trace_run *t, struct traced_process *p, s32 status, bool group)
{
	if (!trace_task_lives(t->m, p))
		return;
	if (p->thread && !group) {
		end_thread(t, p, status);
		return;
	}
	if (!group && task_at(t->m, p->task)->next_thread) {
		trace_leave(t);
		p->ended = true;
		return;
	}
	end_process(t, p, status);
	p->ended = true;
}

void trace_over(struct trace_run *t, struct traced_process *p, s32 status)
{
	bool root = p->pid == t->s->root;
	u32 pid = p->pid;

	/* each thread of a group that a signal ends has such a line */
	trace_exit(t, p, status, (status & 0x7f) != 0);
	if (t->process == p)
		trace_leave(t);
	if (!root)
		trace_process_remove(t->m, t->s, pid);
}
