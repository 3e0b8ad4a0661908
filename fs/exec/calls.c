/*
 * calls.c - the table of system calls that take another process's number, and their handlers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <sys/syscall.h>

#include "fs/exec/calls.h"

/* Newer than some headers; the numbers are the same on every architecture. */
#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif
#ifndef SYS_process_mrelease
#define SYS_process_mrelease 448
#endif

static struct exec_answer go_on(void)
{
	return (struct exec_answer){ .go_on = true };
}

static struct exec_answer answer(int error)
{
	return (struct exec_answer){ .error = error };
}

/* pid_t arguments arrive as 64-bit registers, of which the kernel looks at the lower half. */
static int int_arg(uint64_t arg)
{
	return (int)(uint32_t)arg;
}

/* A number of nobody's own, in a call that the engine does not serve. */
static struct exec_answer refuse(const struct exec_world *w, pid_t tid)
{
	struct exec_caller caller;

	if (w->get_caller(w->ctx, tid, &caller) == 0 && caller.nested)
		return go_on();
	return answer(-ESRCH);
}

/* The simulated machine's answer to a signal. */
static int deliver(const struct exec_world *w, const struct exec_caller *caller, pid_t pid, int sig,
		   uint32_t flags)
{
	struct mmanfs_signal signal = {
		.pid = pid, .sig = sig, .uid = caller->uid, .flags = flags
	};
	int rc = w->deliver(w->ctx, &signal);

	/* The machine has been unmounted: nobody lives there any more. */
	return rc == -ENOTCONN || rc == -ECONNABORTED ? -ESRCH : rc;
}

static struct exec_answer signal_simulated(const struct exec_world *w, pid_t tid, pid_t pid,
					   int sig, uint32_t flags)
{
	struct exec_caller caller;

	if (w->get_caller(w->ctx, tid, &caller) < 0)
		return answer(-ESRCH);
	if (caller.nested)
		return go_on();
	return answer(deliver(w, &caller, pid, sig, flags));
}

/*
 * kill(-1): both kinds. The kernel knows best whom of the own processes it may reach and leaves out
 * the caller, so it goes on, unless it would find nobody and say ESRCH over the engine's success.
 */
static struct exec_answer signal_everybody(const struct exec_world *w, pid_t tid, int sig)
{
	struct exec_caller caller;
	int rc;

	if (w->get_caller(w->ctx, tid, &caller) < 0)
		return answer(-ESRCH);
	if (caller.nested)
		return go_on();
	rc = deliver(w, &caller, -1, sig, 0);
	return w->has_others(w->ctx, caller.tgid) ? go_on() : answer(rc);
}

static struct exec_answer signal_own_group(const struct exec_world *w, pid_t tid, int sig)
{
	struct exec_caller caller;

	if (w->get_caller(w->ctx, tid, &caller) < 0)
		return answer(-ESRCH);
	if (caller.group != 0)
		return go_on();
	return answer(w->kill_start_group(w->ctx, &caller, sig));
}

static struct exec_answer serve_kill(const struct exec_world *w, const struct exec_call *call,
				     pid_t tid, const uint64_t *args)
{
	pid_t pid = int_arg(args[call->pid]);
	int sig = int_arg(args[1]);

	if (pid == 0)
		return signal_own_group(w, tid, sig);
	if (pid == -1)
		return signal_everybody(w, tid, sig);
	if (pid == INT_MIN) /* has no positive counterpart; the kernel refuses it too */
		return answer(-ESRCH);
	if (pid > 0 ? w->has_task(w->ctx, pid) : w->has_group(w->ctx, -pid))
		return go_on();
	return signal_simulated(w, tid, pid, sig, 0);
}

static struct exec_answer serve_sigqueue(const struct exec_world *w, const struct exec_call *call,
					 pid_t tid, const uint64_t *args)
{
	pid_t pid = int_arg(args[call->pid]);

	if (pid <= 0 || w->has_task(w->ctx, pid))
		return go_on();
	return signal_simulated(w, tid, pid, int_arg(args[1]), 0);
}

static struct exec_answer serve_tkill(const struct exec_world *w, const struct exec_call *call,
				      pid_t tid, const uint64_t *args)
{
	pid_t pid = int_arg(args[call->pid]);

	if (pid <= 0 || w->has_task(w->ctx, pid))
		return go_on();
	return signal_simulated(w, tid, pid, int_arg(args[1]), MMANFS_SIGNAL_THREAD);
}

/* tgkill and rt_tgsigqueueinfo: process, thread, signal */
static struct exec_answer serve_tgkill(const struct exec_world *w, const struct exec_call *call,
				       pid_t tid, const uint64_t *args)
{
	pid_t tgid = int_arg(args[0]);
	pid_t pid = int_arg(args[call->pid]);

	if (tgid <= 0 || pid <= 0 || w->has_task(w->ctx, pid))
		return go_on();
	if (tgid != pid) /* a simulated process has the one thread */
		return refuse(w, tid);
	return signal_simulated(w, tid, pid, int_arg(args[2]), MMANFS_SIGNAL_THREAD);
}

/* A call that names a process or thread. 0 and less: oneself, or an error that the kernel knows. */
static struct exec_answer serve_pid(const struct exec_world *w, const struct exec_call *call,
				    pid_t tid, const uint64_t *args)
{
	pid_t pid = int_arg(args[call->pid]);

	if (pid <= 0 || w->has_task(w->ctx, pid))
		return go_on();
	return refuse(w, tid);
}

static struct exec_answer serve_pidfd_open(const struct exec_world *w, const struct exec_call *call,
					   pid_t tid, const uint64_t *args)
{
	if (int_arg(args[call->pid]) == 0 && (uint32_t)args[1] == EXEC_HELLO)
		return (struct exec_answer){ .value = (int64_t)EXEC_HELLO << 32 | w->identity };
	return serve_pid(w, call, tid, args);
}

/*
 * A pidfd is no number, but may have come from outside, by inheritance or through a socket. What is
 * not a pidfd at all is refused here: pidfd_send_signal(2) takes a folder of /proc as well, and an
 * inherited one would lead to a process of the host.
 */
static struct exec_answer serve_pidfd(const struct exec_world *w, const struct exec_call *call,
				      pid_t tid, const uint64_t *args)
{
	int fd = int_arg(args[call->pid]);
	int pid;

	if (fd < 0)
		return go_on();
	pid = w->get_pidfd(w->ctx, tid, fd);
	if (pid == -EBADF)
		return answer(-EBADF);
	return pid > 1 || pid == -ESRCH ? go_on() : answer(-ESRCH);
}

/* getpriority(2) and ioprio_get(2) and their setters: which kind of target, and who. */
enum who { WHO_PROCESS, WHO_GROUP, WHO_USER };

static struct exec_answer serve_who(const struct exec_world *w, pid_t tid, int which, pid_t who)
{
	struct exec_caller caller;

	switch (which) {
	case WHO_PROCESS:
		if (who <= 0 || w->has_task(w->ctx, who))
			return go_on();
		return refuse(w, tid);
	case WHO_GROUP:
		if (who < 0 || (who > 0 && w->has_group(w->ctx, who)))
			return go_on();
		if (who > 0)
			return refuse(w, tid);
		/* The own group, which may hold strangers. */
		if (w->get_caller(w->ctx, tid, &caller) < 0 || caller.group == 0)
			return answer(-ESRCH);
		return go_on();
	default:
		/* A user: the kernel keeps to the namespace. Anything else: it refuses. */
		return go_on();
	}
}

static struct exec_answer serve_priority(const struct exec_world *w, const struct exec_call *call,
					 pid_t tid, const uint64_t *args)
{
	return serve_who(w, tid, int_arg(args[0]), int_arg(args[call->pid]));
}

/* The same, counted from 1. */
static struct exec_answer serve_ioprio(const struct exec_world *w, const struct exec_call *call,
				       pid_t tid, const uint64_t *args)
{
	return serve_who(w, tid, int_arg(args[0]) - 1, int_arg(args[call->pid]));
}

const struct exec_call exec_calls[] = {
	/* number, name, the argument with the number, the argument that means oneself when 0 */
	{ SYS_kill, "kill", 0, -1, serve_kill },
	{ SYS_ptrace, "ptrace", 1, 0 /* PTRACE_TRACEME */, serve_pid },
	{ SYS_rt_sigqueueinfo, "rt_sigqueueinfo", 0, -1, serve_sigqueue },
	{ SYS_getpriority, "getpriority", 1, -1, serve_priority },
	{ SYS_setpriority, "setpriority", 1, -1, serve_priority },
	{ SYS_sched_setparam, "sched_setparam", 0, 0, serve_pid },
	{ SYS_sched_getparam, "sched_getparam", 0, 0, serve_pid },
	{ SYS_sched_setscheduler, "sched_setscheduler", 0, 0, serve_pid },
	{ SYS_sched_getscheduler, "sched_getscheduler", 0, 0, serve_pid },
	{ SYS_sched_rr_get_interval, "sched_rr_get_interval", 0, 0, serve_pid },
	{ SYS_tkill, "tkill", 0, -1, serve_tkill },
	{ SYS_sched_setaffinity, "sched_setaffinity", 0, 0, serve_pid },
	{ SYS_sched_getaffinity, "sched_getaffinity", 0, 0, serve_pid },
	{ SYS_tgkill, "tgkill", 1, -1, serve_tgkill },
	{ SYS_ioprio_set, "ioprio_set", 1, -1, serve_ioprio },
	{ SYS_ioprio_get, "ioprio_get", 1, -1, serve_ioprio },
	{ SYS_migrate_pages, "migrate_pages", 0, 0, serve_pid },
	{ SYS_move_pages, "move_pages", 0, 0, serve_pid },
	{ SYS_rt_tgsigqueueinfo, "rt_tgsigqueueinfo", 1, -1, serve_tgkill },
	{ SYS_prlimit64, "prlimit64", 0, 0, serve_pid },
	{ SYS_process_vm_readv, "process_vm_readv", 0, -1, serve_pid },
	{ SYS_process_vm_writev, "process_vm_writev", 0, -1, serve_pid },
	{ SYS_sched_setattr, "sched_setattr", 0, 0, serve_pid },
	{ SYS_sched_getattr, "sched_getattr", 0, 0, serve_pid },
	{ SYS_pidfd_send_signal, "pidfd_send_signal", 0, -1, serve_pidfd },
	{ SYS_pidfd_open, "pidfd_open", 0, -1, serve_pidfd_open },
	{ SYS_process_madvise, "process_madvise", 0, -1, serve_pidfd },
	{ SYS_process_mrelease, "process_mrelease", 0, -1, serve_pidfd },
};

const size_t exec_nr_calls = sizeof(exec_calls) / sizeof(exec_calls[0]);

const struct exec_call *exec_call_find(int nr)
{
	for (size_t i = 0; i < exec_nr_calls; i++) {
		if (exec_calls[i].nr == nr)
			return &exec_calls[i];
	}
	return NULL;
}
