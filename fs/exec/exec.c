/*
 * exec.c - `mmanfs exec` as the user sees it: checks, start, passing signals on, and the end.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "fs/exec/session.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef FUSE_SUPER_MAGIC
#define FUSE_SUPER_MAGIC 0x65735546
#endif

int exec_complain(int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("mmanfs exec: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	return status;
}

bool exec_send(int control, enum exec_message_kind kind, int value)
{
	struct exec_message message = { .kind = (int32_t)kind, .value = value };

	return send(control, &message, sizeof(message), MSG_NOSIGNAL) == sizeof(message);
}

bool exec_receive(int control, struct exec_message *message)
{
	return recv(control, message, sizeof(*message), 0) == sizeof(*message);
}

static int compare_fds(const void *left, const void *right)
{
	return *(const int *)left - *(const int *)right;
}

void exec_close_others(const int *keep, size_t nr)
{
	int sorted[8], null = open("/dev/null", O_RDWR | O_CLOEXEC);
	unsigned int next = STDERR_FILENO + 1;

	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
	}
	for (size_t i = 0; i < nr; i++)
		sorted[i] = keep[i];
	qsort(sorted, nr, sizeof(*sorted), compare_fds);
	for (size_t i = 0; i < nr; i++) {
		if (sorted[i] < (int)next)
			continue;
		if (sorted[i] > (int)next)
			syscall(SYS_close_range, next, (unsigned int)sorted[i] - 1, 0);
		next = (unsigned int)sorted[i] + 1;
	}
	syscall(SYS_close_range, next, ~0u, 0);
}

/* --- Is DIR a mounted machine? --- */

static int not_a_mount(const char *dir)
{
	return exec_complain(EX_NOINPUT, "%s: not an mmanfs mount", dir);
}

static int explain_dir(const char *dir, int error)
{
	switch (error) {
	case ENOTCONN:
	case ECONNABORTED:
		return exec_complain(EX_UNAVAILABLE, "%s: the daemon of this mount is gone", dir);
	case EACCES:
		return exec_complain(EX_NOPERM, "%s: %s", dir, strerror(error));
	default:
		return exec_complain(EX_NOINPUT, "%s: %s", dir, strerror(error));
	}
}

static bool has_folder(const char *dir, const char *name)
{
	char path[PATH_MAX + 16];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/*
 * Opened here, where DIR still has its place. Writing is asked for first, so that a user who may
 * not write there is known as one.
 */
static int open_ctl(struct exec_session *s)
{
	const struct mmanfs_signal question = { .pid = 1, .sig = 0, .uid = s->inner_uid };
	struct mmanfs_signal request = question;
	char path[PATH_MAX + 16];
	struct statfs fs;

	snprintf(path, sizeof(path), "%s/sim/ctl", s->dir);
	s->ctl = open(path, O_RDWR | O_CLOEXEC);
	if (s->ctl < 0 && errno == EACCES)
		s->ctl = open(path, O_RDONLY | O_CLOEXEC);
	if (s->ctl < 0 && (errno == ENOENT || errno == ENOTDIR))
		return not_a_mount(s->opt->dir);
	if (s->ctl < 0)
		return explain_dir(s->opt->dir, errno);
	if (fstatfs(s->ctl, &fs) < 0 || (unsigned long)fs.f_type != FUSE_SUPER_MAGIC)
		return not_a_mount(s->opt->dir);
	/* Process 1 is always there, so any answer but these two comes from a machine. */
	if (ioctl(s->ctl, MMANFS_IOC_SIGNAL, &request) < 0 && (errno == ENOTTY || errno == ENOSYS))
		return exec_complain(EX_UNAVAILABLE, "%s: this mount takes no signals",
				     s->opt->dir);
	return 0;
}

static int examine_dir(struct exec_session *s)
{
	char path[PATH_MAX + 16];
	struct stat st;

	if (!realpath(s->opt->dir, s->dir) || stat(s->dir, &st) < 0)
		return explain_dir(s->opt->dir, errno);
	if (!has_folder(s->dir, "proc") || !has_folder(s->dir, "sys"))
		return not_a_mount(s->opt->dir);
	s->identity = (uint32_t)st.st_dev;
	snprintf(path, sizeof(path), "%s/dev/kmsg", s->dir);
	s->has_kmsg = access(path, F_OK) == 0;

	s->outer_uid = geteuid();
	s->outer_gid = getegid();
	s->user_ns = s->outer_uid != 0;
	/* Root of the machine is whoever mounted it; anybody else is who he is. */
	s->inner_uid = st.st_uid == s->outer_uid ? 0 : s->outer_uid;
	s->inner_gid = st.st_uid == s->outer_uid ? 0 : s->outer_gid;
	return 0;
}

/* --- An exec inside an exec --- */

/*
 * A process can have one supervisor. The outer one's serves all that is started below it, and its
 * /proc and /sys are in place already: only a different machine cannot be had here.
 */
static bool is_inside(const struct exec_session *s, bool *same)
{
	long answer = syscall(SYS_pidfd_open, 0, EXEC_HELLO);

	if (answer < 0 || answer >> 32 != EXEC_HELLO)
		return false;
	*same = (uint32_t)answer == s->identity;
	return true;
}

/* --- Becoming the command --- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/*
 * An interactive shell puts back the terminal's process group when it ends, and asks for it when it
 * starts: the one that the session was started in has no number in here. So it gets its own to
 * begin with. (Other commands stay in that group, as they may be part of a pipeline.)
 */
static void lead_terminal(const struct exec_session *s)
{
	sigset_t ttou;

	sigemptyset(&ttou);
	sigaddset(&ttou, SIGTTOU);
	sigprocmask(SIG_BLOCK, &ttou, NULL);
	setpgid(0, 0);
	tcsetpgrp(s->tty, getpgrp());
	sigprocmask(SIG_SETMASK, &s->old_mask, NULL);
}

/* A shell whose prompt says where one is. */
static int run_shell(const struct exec_session *s)
{
	const char *shell = getenv("SHELL");
	char *argv[] = { NULL, NULL };

	if (!shell || shell[0] != '/' || access(shell, X_OK) < 0)
		shell = "/bin/sh";
	setenv("PS1", s->inner_uid == 0 ? "(mmanfs) # " : "(mmanfs) $ ", 1);
	/* bash takes its prompt from its own start file, so the word is put before that one. */
	if (strcmp(base_name(shell), "bash") == 0)
		setenv("PROMPT_COMMAND", "PS1=\"(mmanfs) $PS1\"; unset PROMPT_COMMAND", 1);
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "mmanfs: a shell on the machine at %s; 'exit' leaves it\n", s->dir);
	if (s->foreground)
		lead_terminal(s);
	argv[0] = (char *)(uintptr_t)base_name(shell);
	execv(shell, argv);
	return exec_complain(126, "%s: %s", shell, strerror(errno));
}

/*
 * Is there any file of that name on the search path? execvp(3) says EACCES for a folder that may
 * not be searched as well as for a file that may not be run; a shell tells the two apart.
 */
static bool is_on_path(const char *name)
{
	char path[PATH_MAX];
	const char *end;

	for (const char *dir = getenv("PATH"); dir; dir = *end ? end + 1 : NULL) {
		end = strchrnul(dir, ':');
		snprintf(path, sizeof(path), "%.*s/%s", (int)(end - dir), dir, name);
		if (access(path, F_OK) == 0)
			return true;
	}
	return false;
}

static int explain_command(const char *name, int error)
{
	if (error == EACCES && !strchr(name, '/') && !is_on_path(name))
		error = ENOENT;
	return exec_complain(error == ENOENT ? 127 : 126, "%s: %s", name, strerror(error));
}

int exec_run(const struct exec_session *s)
{
	char *const *argv = s->opt->argv;

	setenv("MMANFS", s->dir, 1);
	setenv("MMANFS_EXEC", "1", 1);
	if (!argv || !argv[0])
		return run_shell(s);
	execvp(argv[0], argv);
	return explain_command(argv[0], errno);
}

/* --- Waiting for it --- */

/*
 * What is passed on: all signals that somebody may send on purpose. Not those that a fault raises,
 * nor the terminal's stop signals, which are to stop this process as well, with the rest of its
 * group.
 */
static void signals_to_pass(sigset_t *set)
{
	static const int others[] = { SIGCHLD, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU, SIGSEGV,
				      SIGBUS,  SIGFPE,	SIGILL,	 SIGTRAP, SIGSYS,  SIGPIPE };

	sigfillset(set);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		sigdelset(set, others[i]);
}

static void set_foreground(const struct exec_session *s)
{
	sigset_t ttou, old;

	sigemptyset(&ttou);
	sigaddset(&ttou, SIGTTOU);
	sigprocmask(SIG_BLOCK, &ttou, &old);
	tcsetpgrp(s->tty, getpgrp());
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static void pass_signal(const struct exec_session *s, int signals)
{
	struct signalfd_siginfo info;

	if (read(signals, &info, sizeof(info)) != sizeof(info))
		return;
	/* The kernel's own come from the terminal, and the command got them as well. */
	if (info.ssi_code != SI_KERNEL)
		exec_send(s->control, EXEC_SIGNAL, (int)info.ssi_signo);
}

/* The command stopped; so do we, for the shell to see, and go on with it. */
static void stop_too(const struct exec_session *s, bool had_terminal)
{
	if (had_terminal)
		set_foreground(s);
	kill(getpid(), SIGSTOP);
	/* whether it had the terminal or only wanted it: now it is ours to give */
	exec_send(s->control, EXEC_RESUME, s->tty >= 0 && tcgetpgrp(s->tty) == getpgrp());
}

/* Until the supervisor is gone. Fills in what it said at last: EXEC_STATUS or EXEC_FAILED, if
 * any. */
static void wait_for_end(const struct exec_session *s, int signals, struct exec_message *last)
{
	struct pollfd fds[] = {
		{ .fd = s->control, .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
	};
	struct exec_message message;

	for (;;) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[1].revents)
			pass_signal(s, signals);
		if (!fds[0].revents)
			continue;
		if (!exec_receive(s->control, &message))
			return;
		if (message.kind == EXEC_STOPPED)
			stop_too(s, message.value);
		else
			*last = message;
	}
}

/* A shell of the session that took the terminal may have left it to nobody. */
static void recover_terminal(const struct exec_session *s)
{
	pid_t group;

	if (!s->foreground)
		return;
	group = tcgetpgrp(s->tty);
	if (group >= 0 && group != getpgrp() &&
	    (group == 0 || (kill(-group, 0) < 0 && errno == ESRCH)))
		set_foreground(s);
}

/* End by the signal that ended the command. */
static int die_of(int sig)
{
	sigset_t set;

	/* One core dump is enough. */
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	signal(sig, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	kill(getpid(), sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	return 128 + sig;
}

static int finish(const struct exec_session *s, pid_t supervisor, const struct exec_message *last)
{
	int status = 0;

	while (waitpid(supervisor, &status, 0) < 0 && errno == EINTR)
		;
	recover_terminal(s);
	switch (last->kind) {
	case EXEC_FAILED:
		return last->value;
	case EXEC_STATUS:
		return WIFSIGNALED(last->value) ? die_of(WTERMSIG(last->value)) :
						  WEXITSTATUS(last->value);
	default:
		return exec_complain(EX_SOFTWARE, "the supervisor of the session was killed");
	}
}

/* --- Starting it --- */

/* As fork(2), into new namespaces. */
static pid_t fork_into(unsigned long namespaces)
{
	return (pid_t)syscall(SYS_clone, namespaces | SIGCHLD, 0, 0, 0, 0);
}

static pid_t fork_supervisor(struct exec_session *s)
{
	/* the last two so that ipcrm and hostname leave the host alone */
	const unsigned long namespaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
	pid_t pid = -1;

	if (!s->user_ns) {
		pid = fork_into(namespaces);
		/* A root that may not do it, as in some containers: as any user then. */
		if (pid >= 0 || errno != EPERM)
			return pid;
		s->user_ns = true;
	}
	return fork_into(namespaces | CLONE_NEWUSER);
}

static void open_terminal(struct exec_session *s)
{
	s->tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	s->foreground = s->tty >= 0 && tcgetpgrp(s->tty) == getpgrp();
}

static int run_session(struct exec_session *s)
{
	struct exec_message last = { .kind = -1 };
	int pair[2], signals;
	sigset_t set;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return exec_complain(EX_OSERR, "socketpair: %s", strerror(errno));
	open_terminal(s);
	sigaction(SIGCHLD, &(struct sigaction){ .sa_handler = SIG_DFL }, &s->old_chld);
	signals_to_pass(&set);
	sigprocmask(SIG_BLOCK, &set, &s->old_mask);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals < 0)
		return exec_complain(EX_OSERR, "signalfd: %s", strerror(errno));
	fflush(NULL);

	s->control = pair[1];
	pid = fork_supervisor(s);
	if (pid == 0) {
		close(pair[0]);
		close(signals);
		exec_supervise(s);
	}
	if (pid < 0)
		return exec_complain(EX_UNAVAILABLE, "no %s namespace on this host: %s%s",
				     s->user_ns ? "user" : "mount and PID", strerror(errno),
				     s->user_ns ? exec_ns_hint() : "");
	close(pair[1]);
	s->control = pair[0];
	exec_close_others((const int[]){ s->control, signals, s->tty }, 3);
	wait_for_end(s, signals, &last);
	return finish(s, pid, &last);
}

int exec_command(const struct exec_options *opt)
{
	struct exec_session s = { .opt = opt, .ctl = -1, .tty = -1, .control = -1 };
	bool same = false;
	int status = examine_dir(&s);

	if (status)
		return status;
	if (is_inside(&s, &same)) {
		if (same)
			return exec_run(&s);
		return exec_complain(EX_UNAVAILABLE,
				     "%s: this is already inside `mmanfs exec` of another mount",
				     opt->dir);
	}
	status = opt->deliver ? 0 : open_ctl(&s);
	return status ? status : run_session(&s);
}
