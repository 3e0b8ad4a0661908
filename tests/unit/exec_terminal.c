/*
 * `mmanfs exec` at a terminal: a pseudo-terminal with a small job-controlling shell of our own on
 * it, which starts sessions as a user's shell does. Ctrl-Z, Ctrl-C, fg, and the interactive shell
 * inside.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <termios.h>
#include <unistd.h>

#include "fs/exec/exec.h"
#include "tests/tap.h"

static char dir[256], program[PATH_MAX];
static int master;
static char seen[16384];
static size_t nr_seen;

static int deliver(void *ctx, const struct mmanfs_signal *signal)
{
	(void)ctx;
	return signal->pid == 1 ? 0 : -ESRCH;
}

static void make_machine(void)
{
	const char *tmp = getenv("TMPDIR");
	char path[300];

	snprintf(dir, sizeof(dir), "%s/exec.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(dir))
		bail_out("%s: %s", dir, strerror(errno));
	snprintf(path, sizeof(path), "%s/proc", dir);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/sys", dir);
	mkdir(path, 0755);
}

static void remove_machine(void)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/proc", dir);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/sys", dir);
	rmdir(path);
	rmdir(dir);
}

/* --- The keyboard and the screen --- */

static void type(const char *keys)
{
	if (write(master, keys, strlen(keys)) < 0)
		bail_out("the terminal: %s", strerror(errno));
}

/* Waits until the screen shows @text after what was waited for last; a guard stops a hang. */
static bool shows(const char *text)
{
	for (;;) {
		struct pollfd p = { .fd = master, .events = POLLIN };
		char *found = strstr(seen, text);
		ssize_t len;

		if (found) {
			found += strlen(text);
			nr_seen -= (size_t)(found - seen);
			memmove(seen, found, nr_seen + 1);
			return true;
		}
		if (nr_seen == sizeof(seen) - 1 || poll(&p, 1, 30000) != 1)
			break;
		len = read(master, seen + nr_seen, sizeof(seen) - 1 - nr_seen);
		if (len <= 0)
			break;
		nr_seen += (size_t)len;
		seen[nr_seen] = '\0';
	}
	diag("waited for '%s', the screen shows '%s'", text, seen);
	return false;
}

/* --- The user's shell: starts one job, and says what becomes of it --- */

static void give_terminal(pid_t group)
{
	signal(SIGTTOU, SIG_IGN);
	tcsetpgrp(STDIN_FILENO, group);
	signal(SIGTTOU, SIG_DFL);
}

static void watch_job(pid_t job)
{
	int status;

	/* At first the job takes the terminal itself: from here it would come too late for a job
	 * that has given it to a shell inside by now. */
	for (bool again = false;; again = true) {
		if (again)
			give_terminal(job);
		kill(-job, SIGCONT);
		printf("<fg>\n");
		fflush(stdout);
		if (waitpid(job, &status, WUNTRACED) != job)
			_exit(EX_OSERR);
		if (!WIFSTOPPED(status))
			break;
		give_terminal(getpid());
		printf("<stopped by %d>\n", WSTOPSIG(status));
		fflush(stdout);
		/* A line from the user is "fg". */
		while (getchar() != '\n')
			;
	}
	/* The job's group is gone; nobody else's may have been left at the terminal. */
	printf("<terminal %s>", tcgetpgrp(STDIN_FILENO) == job ? "kept" : "lost");
	give_terminal(getpid());
	if (WIFSIGNALED(status))
		printf("<ended by signal %d>\n", WTERMSIG(status));
	else
		printf("<ended with %d>\n", WEXITSTATUS(status));
	fflush(stdout);
}

static pid_t start_user(char *const *argv)
{
	pid_t user = forkpty(&master, NULL, NULL, NULL), job;

	if (user < 0)
		skip_all("no pseudo-terminal: %s", strerror(errno));
	nr_seen = 0;
	seen[0] = '\0';
	if (user > 0)
		return user;
	job = fork();
	if (job == 0) {
		struct exec_options opt = { .dir = dir, .argv = argv, .deliver = deliver };

		setpgid(0, 0);
		give_terminal(getpid());
		_exit(exec_command(&opt));
	}
	setpgid(job, job);
	watch_job(job);
	_exit(0);
}

static void end_user(pid_t user)
{
	close(master); /* a hangup, should anything be left */
	waitpid(user, NULL, 0);
}

/* --- The tests --- */

static bool works_here(void)
{
	char cmd[] = "true";
	pid_t user = start_user((char *[]){ cmd, NULL });
	bool works = shows("<ended with 0>");

	end_user(user);
	return works;
}

/*
 * Not a shell with "echo ready; sleep 600": one that has said "ready" may still be on its way to
 * start sleep, and dash drops a Ctrl-C that comes between its vfork() and the exec.
 */
static void test_command(void)
{
	char wait[] = "wait";
	pid_t user = start_user((char *[]){ program, wait, NULL });

	ok(shows("<waiting>"), "a command at the terminal");
	type("\x1a");
	ok(shows("<stopped by 20>"), "Ctrl-Z stops it, and the user's shell sees that");
	type("\n");
	ok(shows("<fg>"), "fg gives it the terminal");
	type("\x1a");
	ok(shows("<stopped by 20>"), "it can be stopped again");
	type("\n");
	ok(shows("<fg>"), "and continued");
	type("\x03");
	ok(shows("<terminal kept><ended by signal 2>"), "Ctrl-C ends it as it ends any command");
	end_user(user);
}

static void test_reader(void)
{
	char sh[] = "sh", c[] = "-c", script[] = "echo ready; read x; echo \"got $x\"; exit 6";
	pid_t user = start_user((char *[]){ sh, c, script, NULL });

	ok(shows("ready"), "a command that reads the terminal");
	type("word\n");
	ok(shows("got word"), "gets what is typed");
	ok(shows("<terminal kept><ended with 6>"), "and its status is seen");
	end_user(user);
}

static void test_shell(const char *shell, const char *prompt)
{
	char job[PATH_MAX + 16];
	pid_t user;

	if (access(shell, X_OK) < 0) {
		skip(1, "no %s", shell);
		return;
	}
	setenv("SHELL", shell, 1);
	user = start_user(NULL);
	ok(shows("a shell on the machine at"), "%s: without a command, a shell", shell);
	ok(shows(prompt), "%s: whose prompt says where it is", shell);
	type("echo $((6 * 7)) $MMANFS_EXEC\n");
	ok(shows("42 1"), "%s: which works", shell);
	ok(shows(prompt), "%s: and works on", shell);
	type("kill -0 1 && echo simul''ated\n");
	ok(shows("simulated"), "%s: 1 is the simulated init", shell);
	ok(shows(prompt), "%s", shell);
	snprintf(job, sizeof(job), "%s wait\n", program);
	type(job);
	ok(shows("<waiting>"), "%s: a job in it", shell);
	type("\x03");
	ok(shows(prompt), "%s: ends by Ctrl-C, and the shell stays", shell);
	type(job);
	ok(shows("<waiting>"), "%s: a job in it", shell);
	type("\x1a");
	ok(shows("topped"), "%s: stops by Ctrl-Z", shell);
	ok(shows(prompt), "%s: under the shell's own control", shell);
	type("fg\n");
	ok(shows("<going on>"), "%s: which can continue it", shell);
	type("\x03");
	ok(shows(prompt), "%s: and end it", shell);
	type("exit 3\n");
	ok(shows("<terminal kept><ended with 3>"),
	   "%s: it ends with its status, the terminal is the user's again", shell);
	end_user(user);
}

/* A shell that suspends itself stops the session, and fg brings it back. */
static void test_suspend(void)
{
	pid_t user;

	if (access("/bin/bash", X_OK) < 0) {
		skip(1, "no bash");
		return;
	}
	setenv("SHELL", "/bin/bash", 1);
	user = start_user(NULL);
	ok(shows("(mmanfs) "), "bash: a shell");
	type("suspend\n");
	ok(shows("<stopped by 19>"), "bash: suspended, the user's shell is back");
	type("\n");
	type("echo $((6 * 7))\n");
	ok(shows("42"), "bash: and after fg it goes on");
	type("exit 0\n");
	ok(shows("<terminal kept><ended with 0>"), "bash: to its end");
	end_user(user);
}

static void say_going_on(int sig)
{
	static const char text[] = "<going on>\n";

	(void)sig;
	if (write(STDOUT_FILENO, text, sizeof(text) - 1) < 0)
		_exit(1);
}

/* A job inside: nothing but what the terminal does to it. */
static void wait_for_signals(void) __attribute__((noreturn));
static void wait_for_signals(void)
{
	signal(SIGCONT, say_going_on);
	printf("<waiting>\n");
	fflush(stdout);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "wait") == 0)
		wait_for_signals();
	if (!realpath(argv[0], program))
		bail_out("%s: %s", argv[0], strerror(errno));
	make_machine();
	setenv("HOME", dir, 1);
	unsetenv("PROMPT_COMMAND");
	if (!works_here()) {
		remove_machine();
		skip_all("this host lets no session start");
	}
	test_command();
	test_reader();
	test_shell("/bin/sh", "(mmanfs) ");
	test_shell("/bin/bash", "(mmanfs) ");
	test_suspend();
	remove_machine();
	return done_testing();
}
