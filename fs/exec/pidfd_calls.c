/*
 * pidfd_calls.c - calls by process descriptor.
 *
 * A pidfd is no number, but may have come from outside, by inheritance or through a socket. What is
 * not a pidfd at all never comes to the kernel: pidfd_send_signal(2) takes a folder of /proc as
 * well, and an inherited one would lead to a process of the host. A folder of the tree is looked up
 * by its name.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/uio.h>

#include "fs/exec/serve.h"

#define PIDFD_FLAGS ((unsigned int)O_NONBLOCK)
#define IOV_AT_ONCE 16u
#define IOV_LIMIT   1024u

/* The simulated process behind a descriptor. 0: *@a is the answer. */
static pid_t simulated_of(const struct exec_world *w, pid_t tid, int fd, struct exec_answer *a)
{
	pid_t simulated;
	int pid;

	*a = go_on();
	if (fd < 0)
		return 0;
	pid = w->get_pidfd(w->ctx, tid, fd);
	simulated = pid > 1 ? w->stands_for(w->ctx, pid) : 0;
	if (pid == -EBADF)
		*a = answer(-EBADF);
	else if (pid <= 1 && pid != -ESRCH)
		*a = answer(-ESRCH);
	return simulated;
}

EXEC_SERVE(serve_pidfd_open)
{
	pid_t pid = int_arg(args[call->pid]);
	unsigned int flags = (uint32_t)args[1];
	struct mmanfs_call c = { .op = MMANFS_START_TIME, .pid = pid };
	struct exec_answer a;
	int result;

	if (pid == 0 && flags == EXEC_HELLO)
		return (struct exec_answer){ .value = (int64_t)EXEC_HELLO << 32 | w->identity };
	if (pid <= 0 || w->has_task(w->ctx, pid))
		return go_on();
	if (flags & ~PIDFD_FLAGS)
		return answer(-EINVAL);
	if (!exec_ask(w, tid, &c, true, &result, &a))
		return a;
	if (result == 0)
		result = w->stand_in(w->ctx, pid, c.args[0], flags);
	return result < 0 ? answer(result) :
			    (struct exec_answer){ .value = result, .gives_fd = true };
}

/* A folder of a process in /proc does as well. Its number; 0 if @fd is none; -ESRCH: that process
 * has ended. */
static int folder_of(const struct exec_world *w, pid_t tid, int fd)
{
	char at[PATH_MAX], *end;
	int rc = fd < 0 ? 0 : w->locate(w->ctx, tid, fd, NULL, at);
	long number;

	if ((rc <= 0 && rc != -ENOENT) || strncmp(at, "proc/", 5) != 0)
		return 0;
	number = strtol(at + 5, &end, 10);
	if (number <= 0 || number > INT_MAX || (*end && strcmp(end, " (deleted)") != 0))
		return 0;
	/* an own process's folder is found by those of its user alone, and we may be another */
	return *end || (rc < 0 && !w->has_task(w->ctx, (pid_t)number)) ? -ESRCH : (int)number;
}

/* To the process behind the folder: an own one gets it from us, as the kernel knows no such
 * folder. */
static struct exec_answer signal_by_folder(const struct exec_world *w, pid_t tid, int fd, int sig)
{
	struct exec_caller caller;
	int pid = folder_of(w, tid, fd);

	if (pid <= 0)
		return answer(pid ? pid : -EBADF);
	if (w->get_caller(w->ctx, tid, &caller) < 0)
		return answer(-ESRCH);
	if (w->has_task(w->ctx, pid))
		return answer(w->kill_own(w->ctx, &caller, pid, sig));
	return answer(exec_deliver(w, &caller, pid, sig, 0));
}

EXEC_SERVE(serve_pidfd_send_signal)
{
	int fd = int_arg(args[call->pid]), sig = int_arg(args[1]), signo, rc;
	struct exec_caller caller;
	struct exec_answer a;
	pid_t pid = simulated_of(w, tid, fd, &a);

	if (!pid && a.error != -EBADF)
		return a;
	if ((uint32_t)args[3])
		return answer(-EINVAL);
	if (args[2]) {
		rc = exec_read_siginfo(w, tid, args[2], &signo);
		if (rc != -EFAULT && signo != sig)
			rc = -EINVAL;
		if (rc)
			return answer(rc);
	}
	if (!pid)
		return signal_by_folder(w, tid, fd, sig);
	if (w->get_caller(w->ctx, tid, &caller) < 0)
		return answer(-ESRCH);
	return answer(exec_deliver(w, &caller, pid, sig, 0));
}

EXEC_SERVE(serve_process_mrelease)
{
	struct exec_answer a;
	struct mmanfs_call c = { .op = MMANFS_MRELEASE };
	int result;

	c.pid = simulated_of(w, tid, int_arg(args[call->pid]), &a);
	if (!c.pid)
		return a;
	if ((uint32_t)args[1])
		return answer(-EINVAL);
	return exec_ask(w, tid, &c, false, &result, &a) ? answer(result) : a;
}

/* One stretch after the other, until one is refused: bytes of those before it, if there are any. */
EXEC_SERVE(serve_process_madvise)
{
	struct mmanfs_call c = { .op = MMANFS_MADVISE };
	struct iovec iov[IOV_AT_ONCE];
	struct exec_answer a;
	uint64_t i, done = 0, nr = args[2];
	int result = 0;

	c.pid = simulated_of(w, tid, int_arg(args[call->pid]), &a);
	if (!c.pid)
		return a;
	if ((uint32_t)args[4] || nr > IOV_LIMIT)
		return answer(-EINVAL);
	c.args[2] = (uint32_t)args[3];
	/* who may not is told so for nothing as well */
	if (nr == 0)
		return exec_ask(w, tid, &c, false, &result, &a) ? answer(result) : a;
	for (i = 0; i < nr && result == 0; i++) {
		uint64_t left = nr - i < IOV_AT_ONCE ? nr - i : IOV_AT_ONCE;

		if (i % IOV_AT_ONCE == 0)
			result = w->read(w->ctx, tid, args[1] + i * sizeof(*iov), iov,
					 left * sizeof(*iov));
		if (result)
			break;
		c.args[0] = (uintptr_t)iov[i % IOV_AT_ONCE].iov_base;
		c.args[1] = iov[i % IOV_AT_ONCE].iov_len;
		if (c.args[1] > SSIZE_MAX)
			return done ? answer_value((int64_t)done) : answer(-EINVAL);
		if (!exec_ask(w, tid, &c, false, &result, &a))
			return a;
		done += result ? 0 : iov[i % IOV_AT_ONCE].iov_len;
	}
	return done ? answer_value((int64_t)done) : answer(result);
}
