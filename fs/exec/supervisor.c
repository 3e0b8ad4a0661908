/*
 * supervisor.c - process 1 of a session: starts the command, answers its stopped calls, reaps.
 *
 * One thread and one loop over three descriptors: stopped calls, ended children, and the control
 * socket to the process that the user started. It holds no lock and waits for nobody but the
 * mounted machine. It reads and writes the memory of a stopped caller, and looks names up in the
 * tree that it was started for, but opens nothing on any other mount: a daemon that waits for the
 * command could not answer.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "fs/exec/filter.h"
#include "fs/exec/session.h"

/* Linux 6.6 */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS	   SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

/* How long a process may have ended before its pidfd tells. */
#define STAND_IN_MS 5

struct supervisor {
	const struct exec_session *session;
	struct exec_view view;
	struct exec_world world;
	struct seccomp_notif *call; /* as large as this kernel makes them */
	struct seccomp_notif_resp *reply;
	struct seccomp_notif_sizes sizes;
	int signals;   /* SIGCHLD */
	pid_t command; /* 0: has ended */
};

/* --- The command's side of the start --- */

/* What the command tells the supervisor before it becomes itself: an error, or the listener. */
static bool send_listener(int socket, int fd)
{
	int error = fd < 0 ? fd : 0;
	struct iovec data = { .iov_base = &error, .iov_len = sizeof(error) };
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };

	if (fd >= 0) {
		struct cmsghdr *rights;

		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
		rights = CMSG_FIRSTHDR(&message);
		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(rights), &fd, sizeof(fd));
	}
	return sendmsg(socket, &message, MSG_NOSIGNAL) >= 0;
}

/* The listener, or -errno. */
static int receive_listener(int socket)
{
	int error = 0, fd = -1;
	struct iovec data = { .iov_base = &error, .iov_len = sizeof(error) };
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	const struct cmsghdr *rights;

	if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != sizeof(error))
		return -EPIPE;
	if (error < 0)
		return error;
	rights = CMSG_FIRSTHDR(&message);
	if (!rights || rights->cmsg_type != SCM_RIGHTS)
		return -EPROTO;
	memcpy(&fd, CMSG_DATA(rights), sizeof(fd));
	return fd;
}

/*
 * Under the filter from here on. The listener goes to the supervisor, and the command starts when
 * the supervisor has it, so that no call of the command waits for nobody.
 */
static void become_command(const struct exec_session *s, int socket) __attribute__((noreturn));
static void become_command(const struct exec_session *s, int socket)
{
	char go;
	int fd;

	/* A user needs the promise to bind himself; root goes without, and setuid programs work. */
	if (s->user_ns)
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	fd = exec_filter_install();
	if (!send_listener(socket, fd) || fd < 0 || read(socket, &go, 1) != 1)
		_exit(EX_OSERR);
	close(fd);
	close(socket);
	sigaction(SIGCHLD, &s->old_chld, NULL);
	sigprocmask(SIG_SETMASK, &s->old_mask, NULL);
	_exit(exec_run(s));
}

/* --- The supervisor's side --- */

static int explain_filter(int error)
{
	switch (error) {
	case -EBUSY:
		return exec_complain(
			EX_UNAVAILABLE,
			"another program here already watches system calls by seccomp, and there can be only one");
	case -EPIPE:
		return exec_complain(EX_OSERR, "the command did not start");
	default:
		return exec_complain(
			EX_UNAVAILABLE,
			"no filter for system calls on this host (%s), and without it a signal could reach a real process",
			strerror(-error));
	}
}

static int start_command(struct supervisor *v)
{
	int pair[2], rc;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return exec_complain(EX_OSERR, "socketpair: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		return exec_complain(EX_OSERR, "fork: %s", strerror(errno));
	if (pid == 0) {
		close(pair[0]);
		become_command(v->session, pair[1]);
	}
	close(pair[1]);
	v->command = pid;
	rc = receive_listener(pair[0]);
	if (rc < 0)
		return explain_filter(rc);
	v->view.listener = rc;
	/* Where the kernel can, the two change places on one CPU; elsewhere it is only slower. */
	(void)ioctl(rc, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	if (write(pair[0], "", 1) != 1)
		return explain_filter(-EPIPE);
	close(pair[0]);
	return 0;
}

/* A newer kernel writes more than these headers know. */
static int prepare_buffers(struct supervisor *v)
{
	size_t call = sizeof(*v->call), reply = sizeof(*v->reply);

	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &v->sizes) < 0)
		return explain_filter(-errno);
	v->call = calloc(1, call > v->sizes.seccomp_notif ? call : v->sizes.seccomp_notif);
	v->reply = calloc(1, reply > v->sizes.seccomp_notif_resp ? reply :
								   v->sizes.seccomp_notif_resp);
	if (!v->call || !v->reply)
		return exec_complain(EX_OSERR, "out of memory");
	return 0;
}

static int prepare_signals(struct supervisor *v)
{
	sigset_t set;

	/* Nothing may interrupt; and no signal from the terminal moves a process 1 anyway. */
	sigfillset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	v->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return v->signals < 0 ? exec_complain(EX_OSERR, "signalfd: %s", strerror(errno)) : 0;
}

/* A copy of the descriptor @fd for the caller: its number there, or -errno. */
static int64_t give_fd(const struct supervisor *v, int fd)
{
	struct seccomp_notif_addfd give = { .id = v->view.id,
					    .srcfd = (uint32_t)fd,
					    .newfd_flags = O_CLOEXEC };
	int64_t there = ioctl(v->view.listener, SECCOMP_IOCTL_NOTIF_ADDFD, &give);

	if (there < 0)
		there = -errno;
	close(fd);
	return there;
}

static void answer_call(struct supervisor *v)
{
	struct seccomp_notif *call = v->call;
	struct seccomp_notif_resp *reply = v->reply;
	const struct exec_call *row;
	struct exec_answer a = { .go_on = true };

	memset(call, 0, v->sizes.seccomp_notif);
	if (ioctl(v->view.listener, SECCOMP_IOCTL_NOTIF_RECV, call) < 0)
		return; /* its caller was killed meanwhile */
	v->view.id = call->id;
	row = exec_call_find(call->data.nr);
	if (row) {
		uint64_t args[6];

		memcpy(args, call->data.args, sizeof(args));
		a = row->serve(&v->world, row, (pid_t)call->pid, args);
	}
	if (a.gives_fd) {
		a.value = give_fd(v, (int)a.value);
		a.error = a.value < 0 ? (int)a.value : 0;
	}
	memset(reply, 0, v->sizes.seccomp_notif_resp);
	reply->id = call->id;
	if (a.go_on) {
		reply->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	} else {
		reply->error = a.error;
		reply->val = a.error ? 0 : a.value;
	}
	/* Fails only if the caller is gone. */
	(void)ioctl(v->view.listener, SECCOMP_IOCTL_NOTIF_SEND, reply);
}

/*
 * Whoever started `mmanfs exec` has to see that its command stopped. A stop by the terminal hits
 * the whole group that the session was started in, and the waiting process with it. Two other kinds
 * have to be passed on: of a command that made a group of its own (a shell that is told to
 * suspend), and of one that SIGSTOP was sent to alone.
 */
static void command_stopped(const struct supervisor *v, int sig)
{
	const struct exec_session *s = v->session;
	pid_t group = getpgid(v->command);

	if (group == 0 && sig != SIGSTOP)
		return;
	exec_send(s->control, EXEC_STOPPED,
		  group != 0 && s->tty >= 0 && tcgetpgrp(s->tty) == group);
}

static void resume_command(const struct supervisor *v, bool foreground)
{
	const struct exec_session *s = v->session;
	pid_t group = getpgid(v->command);

	if (foreground && group > 0 && s->tty >= 0)
		tcsetpgrp(s->tty, group);
	kill(group > 0 ? -group : v->command, SIGCONT);
}

static void reap(struct supervisor *v)
{
	struct signalfd_siginfo drained;
	int status;
	pid_t pid;

	while (read(v->signals, &drained, sizeof(drained)) > 0)
		;
	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		if (pid != v->command)
			continue;
		if (WIFSTOPPED(status)) {
			command_stopped(v, WSTOPSIG(status));
		} else {
			exec_send(v->session->control, EXEC_STATUS, status);
			v->command = 0;
		}
	}
}

/* False: the process that waits for us is gone. */
static bool take_message(const struct supervisor *v)
{
	struct exec_message message;

	if (!exec_receive(v->session->control, &message))
		return false;
	if (v->command == 0)
		return true;
	if (message.kind == EXEC_SIGNAL)
		kill(v->command, message.value);
	else if (message.kind == EXEC_RESUME)
		resume_command(v, message.value);
	return true;
}

static void serve(struct supervisor *v)
{
	struct pollfd fds[] = {
		{ .fd = v->view.listener, .events = POLLIN },
		{ .fd = v->signals, .events = POLLIN },
		{ .fd = v->session->control, .events = POLLIN },
	};

	while (v->command != 0) {
		int n = poll(fds, 3, v->view.stand_ins ? STAND_IN_MS : -1);

		if (v->view.stand_ins)
			exec_check_stand_ins(&v->world, &v->view);
		if (n <= 0)
			continue;
		if (fds[0].revents & POLLIN)
			answer_call(v);
		else if (fds[0].revents)
			fds[0].fd = -1; /* nobody is left under the filter */
		if (fds[1].revents)
			reap(v);
		if (fds[2].revents && !take_message(v))
			return;
	}
}

static int start(struct supervisor *v)
{
	const struct exec_session *s = v->session;
	char cwd[PATH_MAX] = "";
	int status;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!getcwd(cwd, sizeof(cwd)))
		cwd[0] = '\0';
	status = prepare_signals(v);
	if (status == 0)
		status = exec_ns_enter(s, &v->view.proc);
	if (status == 0)
		status = prepare_buffers(v);
	/* Who stood in /sys stands in the simulated one now. */
	if (strncmp(cwd, "/sys/", 5) == 0 || strncmp(cwd, "/proc/", 6) == 0)
		(void)(chdir(cwd) == 0 || chdir("/") == 0);
	v->view.tree = open(s->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	exec_world_init(&v->world, &v->view);
	return status ? status : start_command(v);
}

void exec_supervise(const struct exec_session *s)
{
	struct supervisor v = {
		.session = s,
		.view = { .proc = -1, .tree = -1, .listener = -1, .session = s },
		.signals = -1,
	};
	int status = start(&v);

	if (status) {
		exec_send(s->control, EXEC_FAILED, status);
		_exit(status);
	}
	exec_close_others((const int[]){ v.view.listener, v.view.proc, v.view.tree, v.signals,
					 s->control, s->ctl, s->tty },
			  7);
	serve(&v);
	_exit(0); /* and the kernel kills whoever is left in the namespace */
}
