/*
 * signal.c - what a signal does to a simulated process, which has no handlers of its own: the
 * default action of signal(7).
 */
#include <mman/machine.h>

#include <errno.h>

#include "mm/filemap.h"
#include "mm/task.h"

#define NR_SIGNALS  64
#define CORE_DUMPED 0x80

enum action { ACTION_TERMINATE, ACTION_CORE, ACTION_IGNORE, ACTION_STOP, ACTION_CONTINUE };

static const u8 default_action[NR_SIGNALS + 1] = {
	[3] = ACTION_CORE,			    /* QUIT */
	[4] = ACTION_CORE,			    /* ILL */
	[5] = ACTION_CORE,			    /* TRAP */
	[6] = ACTION_CORE,			    /* ABRT */
	[7] = ACTION_CORE,			    /* BUS */
	[8] = ACTION_CORE,			    /* FPE */
	[11] = ACTION_CORE,			    /* SEGV */
	[17] = ACTION_IGNORE,			    /* CHLD */
	[18] = ACTION_CONTINUE, [19] = ACTION_STOP, /* STOP, TSTP, TTIN, TTOU */
	[20] = ACTION_STOP,	[21] = ACTION_STOP,
	[22] = ACTION_STOP,	[23] = ACTION_IGNORE, /* URG */
	[24] = ACTION_CORE,			      /* XCPU */
	[25] = ACTION_CORE,			      /* XFSZ */
	[28] = ACTION_IGNORE,			      /* WINCH */
	[31] = ACTION_CORE,			      /* SYS */
};

/* RLIMIT_CORE is 0 unless somebody raised it, and then no core is written. */
static s32 wait_status(const struct machine *m, handle_t task, int sig)
{
	bool core = default_action[sig] == ACTION_CORE && task_rlimit(m, task, RLIM_CORE);

	return sig | (core ? CORE_DUMPED : 0);
}

/* The innermost running command works inside its task's address space: it ends that task itself. */
static void kill_task(struct machine *m, handle_t leader, s32 status)
{
	struct running *r = m->running;

	if (r && task_at(m, r->task)->leader == leader) {
		if (!r->fatal_signal)
			r->fatal_signal = status;
		clock_recheck(m);
		return;
	}
	do_exit(m, leader, status);
}

int send_signal(struct machine *m, handle_t task, int sig, u32 uid)
{
	handle_t leader = task_at(m, task)->leader;
	struct task *t = task_at(m, leader);

	if (sig < 0 || sig > NR_SIGNALS)
		return -EINVAL;
	if (uid && uid != t->uid)
		return -EPERM;
	/* Signals without a handler do not reach init or a kernel thread, and the dying no more. */
	if (!sig || leader == m->tasks.init || t->flags & (PF_KTHREAD | PF_EXITING))
		return 0;
	switch (default_action[sig]) {
	case ACTION_IGNORE:
		break;
	case ACTION_STOP:
		task_set_state(m, leader, TASK_STOPPED);
		break;
	case ACTION_CONTINUE:
		if (t->state == TASK_STOPPED)
			task_set_state(m, leader, TASK_SLEEPING);
		break;
	default:
		kill_task(m, leader, wait_status(m, leader, sig));
		break;
	}
	return 0;
}

static bool is_fatal(const struct machine *m, handle_t leader, int sig)
{
	return sig > 0 && sig <= NR_SIGNALS && default_action[sig] <= ACTION_CORE &&
	       leader != m->tasks.init && !(task_at(m, leader)->flags & (PF_KTHREAD | PF_EXITING));
}

int kill_process(struct machine *m, handle_t task, int sig, u32 uid)
{
	struct running r = { .task = task_at(m, task)->leader, .exits = true };
	handle_t mark;
	int error;

	if (!m->running && is_fatal(m, r.task, sig) && !send_signal(m, task, 0, uid)) {
		m->running = &r;
		exit_unmap(m, &r);
		m->running = NULL;
		if (r.died)
			return 0;
	}
	if (m->running)
		return send_signal(m, task, sig, uid);
	mark = evict_begin(m);
	error = send_signal(m, task, sig, uid);
	evict_end(m, mark);
	return error;
}
