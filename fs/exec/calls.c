/*
 * calls.c - the table of system calls that take another process's number, and their handlers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/syscall.h>

#include "fs/exec/serve.h"

/* Newer than some headers; the numbers are the same on every architecture. */
#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif
#ifndef SYS_process_mrelease
#define SYS_process_mrelease 448
#endif

/* A number of nobody's own, in a call that the engine does not serve. */
static struct exec_answer exec_refuse(const struct exec_world *w, pid_t tid)
{
	struct exec_caller caller;

	if (w->get_user(w->ctx, tid, &caller) == 0 && caller.nested)
		return go_on();
	return answer(-ESRCH);
}

/* The machine has been unmounted: nobody lives there any more. */
static int gone_is_nobody(int rc)
{
	return rc == -ENOTCONN || rc == -ECONNABORTED ? -ESRCH : rc;
}

/* The simulated machine's answer to a signal. */
int exec_deliver(const struct exec_world *w, const struct exec_caller *caller, pid_t pid, int sig,
		 uint32_t flags)
{
	struct mmanfs_signal signal = {
		.pid = pid, .sig = sig, .uid = caller->uid, .flags = flags
	};
	struct mmanfs_call probe = { .op = MMANFS_PROBE, .pid = pid, .uid = caller->uid };

	/* who only asks need not wait for the long commands */
	return gone_is_nobody(sig ? w->deliver(w->ctx, &signal) : w->call(w->ctx, &probe, true));
}

bool exec_ask(const struct exec_world *w, pid_t tid, struct mmanfs_call *c, bool asks, int *result,
	      struct exec_answer *a)
{
	struct exec_caller caller = { .nested = false };
	int rc;

	/* a question needs no rights, but for this one */
	if (asks && c->op != MMANFS_GETRLIMIT) {
		rc = w->is_nested(w->ctx, tid);
		caller.nested = rc > 0;
	} else {
		rc = w->get_user(w->ctx, tid, &caller);
	}
	if (rc < 0) {
		*a = answer(-ESRCH);
		return false;
	}
	if (caller.nested) {
		*a = go_on();
		return false;
	}
	c->uid = caller.uid;
	*result = gone_is_nobody(w->call(w->ctx, c, asks));
	return true;
}

static struct exec_answer signal_simulated(const struct exec_world *w, pid_t tid, pid_t pid,
					   int sig, uint32_t flags)
{
	struct exec_caller caller;

	if (w->get_user(w->ctx, tid, &caller) < 0)
		return answer(-ESRCH);
	if (caller.nested)
		return go_on();
	return answer(exec_deliver(w, &caller, pid, sig, flags));
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
	rc = exec_deliver(w, &caller, -1, sig, 0);
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

int exec_read_siginfo(const struct exec_world *w, pid_t tid, uint64_t addr, int *signo)
{
	struct {
		int32_t signo, error, code, rest[9]; /* as much as a kernel looks at */
	} info;
	int rc = w->read(w->ctx, tid, addr, &info, sizeof(info));

	if (rc < 0)
		return rc;
	*signo = info.signo;
	return info.code >= 0 || info.code == SI_TKILL ? -EPERM : 0;
}

static struct exec_answer serve_sigqueue(const struct exec_world *w, const struct exec_call *call,
					 pid_t tid, const uint64_t *args)
{
	pid_t pid = int_arg(args[call->pid]);
	int signo, rc;

	if (pid <= 0 || w->has_task(w->ctx, pid))
		return go_on();
	rc = exec_read_siginfo(w, tid, args[2], &signo);
	return rc ? answer(rc) : signal_simulated(w, tid, pid, int_arg(args[1]), 0);
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
	int signo, rc;

	if (tgid <= 0 || pid <= 0 || w->has_task(w->ctx, pid))
		return go_on();
	rc = call->nr == SYS_tgkill ? 0 : exec_read_siginfo(w, tid, args[3], &signo);
	if (rc)
		return answer(rc);
	if (tgid != pid) /* a simulated process has the one thread */
		return exec_refuse(w, tid);
	return signal_simulated(w, tid, pid, int_arg(args[2]), MMANFS_SIGNAL_THREAD);
}

/* A call that names a process or thread. 0 and less: oneself, or an error that the kernel knows. */
static struct exec_answer serve_pid(const struct exec_world *w, const struct exec_call *call,
				    pid_t tid, const uint64_t *args)
{
	pid_t pid = int_arg(args[call->pid]);

	if (pid <= 0 || w->has_task(w->ctx, pid))
		return go_on();
	return exec_refuse(w, tid);
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
		return exec_refuse(w, tid);
	case WHO_GROUP:
		if (who < 0 || (who > 0 && w->has_group(w->ctx, who)))
			return go_on();
		if (who > 0)
			return exec_refuse(w, tid);
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
	pid_t who = int_arg(args[call->pid]);

	if (int_arg(args[0]) == WHO_USER)
		return exec_priority_of_user(w, call, tid, args);
	/* a simulated process leads a group of its own */
	if (int_arg(args[0]) != WHO_PROCESS &&
	    (int_arg(args[0]) != WHO_GROUP || who <= 0 || w->has_group(w->ctx, who)))
		return serve_who(w, tid, int_arg(args[0]), who);
	return call->nr == SYS_getpriority ? serve_getpriority(w, call, tid, args) :
					     serve_setpriority(w, call, tid, args);
}

/* The same, counted from 1. */
static struct exec_answer serve_ioprio(const struct exec_world *w, const struct exec_call *call,
				       pid_t tid, const uint64_t *args)
{
	if (int_arg(args[0]) == WHO_PROCESS + 1)
		return serve_ioprio_process(w, call, tid, args);
	return serve_who(w, tid, int_arg(args[0]) - 1, int_arg(args[call->pid]));
}

const struct exec_call exec_calls[] = {
	/* number, name, the argument with the number, the argument that means oneself when 0 */
	{ SYS_sendfile, "sendfile", -1, -1, serve_copy },
	{ SYS_kill, "kill", 0, -1, serve_kill },
	{ SYS_uname, "uname", -1, -1, serve_uname },
	{ SYS_sysinfo, "sysinfo", -1, -1, serve_sysinfo },
	{ SYS_ptrace, "ptrace", 1, 0 /* PTRACE_TRACEME */, serve_pid },
	{ SYS_syslog, "syslog", -1, -1, serve_syslog },
	{ SYS_rt_sigqueueinfo, "rt_sigqueueinfo", 0, -1, serve_sigqueue },
	{ SYS_statfs, "statfs", -1, -1, serve_statfs },
	{ SYS_fstatfs, "fstatfs", -1, -1, serve_fstatfs },
	{ SYS_getpriority, "getpriority", 1, -1, serve_priority },
	{ SYS_setpriority, "setpriority", 1, -1, serve_priority },
	{ SYS_sched_setparam, "sched_setparam", 0, 0, serve_setscheduler },
	{ SYS_sched_getparam, "sched_getparam", 0, 0, serve_getparam },
	{ SYS_sched_setscheduler, "sched_setscheduler", 0, 0, serve_setscheduler },
	{ SYS_sched_getscheduler, "sched_getscheduler", 0, 0, serve_getscheduler },
	{ SYS_sched_rr_get_interval, "sched_rr_get_interval", 0, 0, serve_rr_get_interval },
	{ SYS_sync, "sync", -1, -1, serve_sync },
	{ SYS_swapon, "swapon", -1, -1, serve_swapon },
	{ SYS_swapoff, "swapoff", -1, -1, serve_swapoff },
	{ SYS_sethostname, "sethostname", -1, -1, serve_sethostname },
	{ SYS_tkill, "tkill", 0, -1, serve_tkill },
	{ SYS_sched_setaffinity, "sched_setaffinity", 0, 0, serve_setaffinity },
	{ SYS_sched_getaffinity, "sched_getaffinity", 0, 0, serve_getaffinity },
	{ SYS_tgkill, "tgkill", 1, -1, serve_tgkill },
	{ SYS_ioprio_set, "ioprio_set", 1, -1, serve_ioprio },
	{ SYS_ioprio_get, "ioprio_get", 1, -1, serve_ioprio },
	{ SYS_migrate_pages, "migrate_pages", 0, 0, serve_migrate_pages },
	{ SYS_splice, "splice", -1, -1, serve_copy },
	{ SYS_move_pages, "move_pages", 0, 0, serve_move_pages },
	{ SYS_rt_tgsigqueueinfo, "rt_tgsigqueueinfo", 1, -1, serve_tgkill },
	{ SYS_prlimit64, "prlimit64", 0, 0, serve_prlimit },
	{ SYS_syncfs, "syncfs", -1, -1, serve_syncfs },
	{ SYS_process_vm_readv, "process_vm_readv", 0, -1, serve_pid },
	{ SYS_process_vm_writev, "process_vm_writev", 0, -1, serve_pid },
	{ SYS_sched_setattr, "sched_setattr", 0, 0, serve_setattr },
	{ SYS_sched_getattr, "sched_getattr", 0, 0, serve_getattr },
	{ SYS_pidfd_send_signal, "pidfd_send_signal", 0, -1, serve_pidfd_send_signal },
	{ SYS_pidfd_open, "pidfd_open", 0, -1, serve_pidfd_open },
	{ SYS_process_madvise, "process_madvise", 0, -1, serve_process_madvise },
	{ SYS_process_mrelease, "process_mrelease", 0, -1, serve_process_mrelease },
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
