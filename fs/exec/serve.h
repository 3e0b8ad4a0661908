/*
 * serve.h - the handlers of the table in calls.c, and what they share.
 */
#ifndef FS_EXEC_SERVE_H
#define FS_EXEC_SERVE_H

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

#include "fs/exec/calls.h"

static inline struct exec_answer go_on(void)
{
	return (struct exec_answer){ .go_on = true };
}

/* 0 or -errno */
static inline struct exec_answer answer(int error)
{
	return (struct exec_answer){ .error = error };
}

/* What a call returned: a value or -errno. */
static inline struct exec_answer answer_value(int64_t value)
{
	return value < 0 ? answer((int)value) : (struct exec_answer){ .value = value };
}

/* pid_t and int arguments arrive as 64-bit registers, of which the kernel looks at the lower
 * half. */
static inline int int_arg(uint64_t arg)
{
	return (int)(uint32_t)arg;
}

/**
 * exec_ask() - a call of @tid about @c->pid to the machine; fills in the caller's user.
 * A caller who lives in a PID namespace of its own cannot mean a simulated process: the kernel goes
 * on. True: the call was made, *@result is its value or -errno. False: *@a is the answer.
 */
bool exec_ask(const struct exec_world *w, pid_t tid, struct mmanfs_call *c, bool asks, int *result,
	      struct exec_answer *a);

/** exec_is_simulated() - neither oneself nor an own process */
bool exec_is_simulated(const struct exec_world *w, pid_t pid);

/** exec_priority_of_user() - getpriority(2) and setpriority(2) with PRIO_USER */
struct exec_answer exec_priority_of_user(const struct exec_world *w, const struct exec_call *call,
					 pid_t tid, const uint64_t *args);

#define EXEC_SERVE(name)                                                                  \
	struct exec_answer name(const struct exec_world *w, const struct exec_call *call, \
				pid_t tid, const uint64_t *args)

/* process_calls.c: about one process. The number in the table's argument is not an own
 * process's. */
EXEC_SERVE(serve_getpriority);
EXEC_SERVE(serve_setpriority);
EXEC_SERVE(serve_getaffinity);
EXEC_SERVE(serve_setaffinity);
EXEC_SERVE(serve_prlimit);

/* sched_calls.c: scheduling policy, priority of disk access */
EXEC_SERVE(serve_getscheduler);
EXEC_SERVE(serve_setscheduler); /* and sched_setparam(2) */
EXEC_SERVE(serve_getparam);
EXEC_SERVE(serve_getattr);
EXEC_SERVE(serve_setattr);
EXEC_SERVE(serve_rr_get_interval);
EXEC_SERVE(serve_ioprio_process);

/* numa_calls.c: pages of one process and the nodes they lie on */
EXEC_SERVE(serve_migrate_pages);
EXEC_SERVE(serve_move_pages);

/* pidfd_calls.c: by descriptor */
EXEC_SERVE(serve_pidfd_open);
EXEC_SERVE(serve_pidfd_send_signal);
EXEC_SERVE(serve_process_madvise);
EXEC_SERVE(serve_process_mrelease);

/* machine_calls.c: about the machine */
EXEC_SERVE(serve_sysinfo);
EXEC_SERVE(serve_uname);
EXEC_SERVE(serve_sethostname);
EXEC_SERVE(serve_sync);
EXEC_SERVE(serve_syncfs);
EXEC_SERVE(serve_swapon);
EXEC_SERVE(serve_swapoff);
EXEC_SERVE(serve_statfs);
EXEC_SERVE(serve_fstatfs);

/* log_calls.c: the kernel's log */
EXEC_SERVE(serve_syslog);

/* copy_calls.c: from file to file inside the kernel */
EXEC_SERVE(serve_copy);

/**
 * exec_read_siginfo() - what rt_sigqueueinfo(2) and its kin look at first: 0, -EFAULT, or -EPERM
 * for information that only the kernel gives. @signo: of the structure
 */
int exec_read_siginfo(const struct exec_world *w, pid_t tid, uint64_t addr, int *signo);

/** exec_deliver() - a signal of @caller to the simulated machine: 0 or -errno */
int exec_deliver(const struct exec_world *w, const struct exec_caller *caller, pid_t pid, int sig,
		 uint32_t flags);

#endif
