/*
 * A whole session of `mmanfs exec`, without a mount: a folder with proc/ and sys/ stands for the
 * machine, and a table in shared memory for its processes. As root, and as an ordinary user.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "fs/exec/exec.h"
#include "tests/tap.h"

#define SIMULATED 42
#define NOBODY	  31999
#define ORDINARY  65534

/* --- The machine's stand-in --- */

struct engine {
	pid_t victim; /* a real process's number, which a simulated one has too */
	int nr;	      /* signals taken */
	struct mmanfs_signal last;
};

static struct engine *engine;
static char dir[256], other_dir[256], program[256], output_path[256];
static uid_t as_user;

static int deliver(void *ctx, const struct mmanfs_signal *signal)
{
	(void)ctx;
	if (signal->pid != 1 && signal->pid != SIMULATED && signal->pid != engine->victim &&
	    signal->pid != -1)
		return -ESRCH;
	if (signal->sig < 0 || signal->sig > 64)
		return -EINVAL;
	engine->last = *signal;
	engine->nr++;
	return 0;
}

static void make_file(const char *base, const char *name, const char *text)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", base, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		bail_out("%s: %s", path, strerror(errno));
	close(fd);
}

static void make_machine(const char *base)
{
	static const char *const folders[] = { "", "/proc", "/sys", "/sys/kernel", "/dev" };
	char path[512];

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", base, folders[i]);
		if (mkdir(path, 0755) < 0)
			bail_out("%s: %s", path, strerror(errno));
	}
	make_file(base, "proc/version", "a simulated kernel\n");
	make_file(base, "sys/kernel/name", "a simulated sysfs\n");
	make_file(base, "dev/kmsg", "a simulated log\n");
}

/* The user's own machine, if it is to be his. */
static void give_machine(uid_t uid)
{
	if (chown(dir, uid, uid) < 0)
		bail_out("chown %s: %s", dir, strerror(errno));
}

/* The test itself, where every user can run it. */
static void copy_program(void)
{
	int from = open("/proc/self/exe", O_RDONLY), to = open(program, O_WRONLY | O_CREAT, 0755);
	char buffer[65536];
	ssize_t len;

	while ((len = read(from, buffer, sizeof(buffer))) > 0) {
		if (write(to, buffer, (size_t)len) != len)
			bail_out("%s: %s", program, strerror(errno));
	}
	close(from);
	close(to);
}

static void make_folders(void)
{
	const char *tmp = getenv("TMPDIR");
	char top[192];

	snprintf(top, sizeof(top), "%s/exec.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(top) || chmod(top, 0755) < 0)
		bail_out("%s: %s", top, strerror(errno));
	if (tmp && geteuid() == 0)
		chmod(tmp, 0711); /* private to this test; the ordinary user has to pass */
	snprintf(dir, sizeof(dir), "%s/machine", top);
	snprintf(other_dir, sizeof(other_dir), "/dev/shm/exec.%d", getpid());
	snprintf(program, sizeof(program), "%s/program", top);
	snprintf(output_path, sizeof(output_path), "%s/output", top);
	make_machine(dir);
	copy_program();
}

/* --- Running a session --- */

static void become_user(void)
{
	if (as_user == 0)
		return;
	if (setgroups(0, NULL) < 0 || setresgid(as_user, as_user, as_user) < 0 ||
	    setresuid(as_user, as_user, as_user) < 0)
		_exit(99);
	/* As after an execve(2): a process that changed its user may not see its own /proc. */
	prctl(PR_SET_DUMPABLE, 1);
}

/* Starts `exec` with the given command; its output goes to @out, its errors to @err. */
static pid_t start_session(int out, int err, char *const *argv)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct exec_options opt = { .dir = dir, .argv = argv, .deliver = deliver };

		dup2(out, STDOUT_FILENO);
		dup2(err, STDERR_FILENO);
		dup2(out, 7); /* one more that is the command's to close */
		become_user();
		_exit(exec_command(&opt));
	}
	return pid;
}

static char output[8192];

/* Runs one to its end. Returns its status as a shell says it; its output is in output[]. */
static int run_argv(char *const *argv)
{
	int fd = open(output_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), status;
	pid_t pid = start_session(fd, fd, argv);
	ssize_t len;

	if (waitpid(pid, &status, 0) != pid)
		bail_out("waitpid: %s", strerror(errno));
	len = pread(fd, output, sizeof(output) - 1, 0);
	output[len > 0 ? len : 0] = '\0';
	close(fd);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int run(const char *script)
{
	char sh[] = "sh", c[] = "-c", text[4096];

	snprintf(text, sizeof(text), "%s", script);
	return run_argv((char *[]){ sh, c, text, NULL });
}

/* Runs this program inside, in one of the modes below. */
static int run_program(const char *arguments)
{
	char script[1024];

	snprintf(script, sizeof(script), "exec '%s' %s", program, arguments);
	return run(script);
}

/* "true" where the host lets us: its refusal must be told apart from a broken session. */
static bool works_here(void)
{
	return run("exit 0") != EX_UNAVAILABLE;
}

/* --- Inside: what each call answers --- */

static long result(long rc)
{
	return rc < 0 ? -errno : 0;
}

static long probe_call(int nr, pid_t pid)
{
	struct rlimit limit;
	char buffer[256] = { 0 };
	struct iovec vec = { buffer, 1 };

	switch (nr) {
	case SYS_tgkill:
		return result(syscall(nr, pid, pid, 0));
	case SYS_rt_sigqueueinfo:
	case SYS_rt_tgsigqueueinfo: {
		siginfo_t info = { .si_code = SI_QUEUE };

		if (nr == SYS_rt_sigqueueinfo)
			return result(syscall(nr, pid, 0, &info));
		return result(syscall(nr, pid, pid, 0, &info));
	}
	case SYS_ptrace:
		return result(syscall(nr, PTRACE_SEIZE, pid, 0, 0));
	case SYS_getpriority:
	case SYS_setpriority:
		return result(syscall(nr, PRIO_PROCESS, pid, 5));
	case SYS_ioprio_get:
	case SYS_ioprio_set:
		return result(syscall(nr, 1, pid, 2 << 13 | 4));
	case SYS_process_vm_readv:
	case SYS_process_vm_writev:
		return result(syscall(nr, pid, &vec, 1, &vec, 1, 0));
	case SYS_prlimit64:
		return result(syscall(nr, pid, RLIMIT_NOFILE, NULL, &limit));
	case SYS_move_pages:
		return result(syscall(nr, pid, 0, NULL, NULL, NULL, 0));
	case SYS_migrate_pages:
		return result(syscall(nr, pid, 8, buffer, buffer));
	case SYS_sched_getattr:
		return result(syscall(nr, pid, buffer, 48, 0));
	case SYS_sched_setaffinity:
		memset(buffer, 0xff, 8);
		return result(syscall(nr, pid, sizeof(buffer), buffer));
	case SYS_sched_getaffinity:
		return result(syscall(nr, pid, sizeof(buffer), buffer));
	case SYS_sched_setscheduler:
		return result(syscall(nr, pid, SCHED_OTHER, buffer));
	case SYS_pidfd_open:
		return result(syscall(nr, pid, 0));
	default: /* kill, tkill, sched_{get,set}param, sched_setattr, ...: pid, and 0 or a buffer */
		return result(
			syscall(nr, pid, nr == SYS_kill || nr == SYS_tkill ? NULL : buffer, 0));
	}
}

static const struct {
	int nr;
	const char *name;
	bool signals;
} probed[] = {
	{ SYS_kill, "kill", true },
	{ SYS_tkill, "tkill", true },
	{ SYS_tgkill, "tgkill", true },
	{ SYS_rt_sigqueueinfo, "rt_sigqueueinfo", true },
	{ SYS_rt_tgsigqueueinfo, "rt_tgsigqueueinfo", true },
	{ SYS_ptrace, "ptrace", false },
	{ SYS_getpriority, "getpriority", false },
	{ SYS_setpriority, "setpriority", false },
	{ SYS_ioprio_get, "ioprio_get", false },
	{ SYS_ioprio_set, "ioprio_set", false },
	{ SYS_process_vm_readv, "process_vm_readv", false },
	{ SYS_process_vm_writev, "process_vm_writev", false },
	{ SYS_prlimit64, "prlimit64", false },
	{ SYS_move_pages, "move_pages", false },
	{ SYS_migrate_pages, "migrate_pages", false },
	{ SYS_sched_getaffinity, "sched_getaffinity", false },
	{ SYS_sched_setaffinity, "sched_setaffinity", false },
	{ SYS_sched_getscheduler, "sched_getscheduler", false },
	{ SYS_sched_setscheduler, "sched_setscheduler", false },
	{ SYS_sched_getparam, "sched_getparam", false },
	{ SYS_sched_setparam, "sched_setparam", false },
	{ SYS_sched_getattr, "sched_getattr", false },
	{ SYS_sched_setattr, "sched_setattr", false },
	{ SYS_sched_rr_get_interval, "sched_rr_get_interval", false },
	{ SYS_pidfd_open, "pidfd_open", false },
};

/* Says what is wrong, and at last how many calls it made. */
static int probe(pid_t victim)
{
	const pid_t strangers[] = { 1, SIMULATED, victim, NOBODY };
	int nr = 0;
	pid_t child = fork();

	if (child == 0) {
		pause();
		_exit(0);
	}
	for (size_t i = 0; i < sizeof(probed) / sizeof(probed[0]); i++) {
		long rc;

		for (size_t t = 0; t < 4; t++, nr++) {
			long want = probed[i].signals && strangers[t] != NOBODY ? 0 : -ESRCH;

			rc = probe_call(probed[i].nr, strangers[t]);
			if (rc != want)
				printf("%s(%d) is %ld, not %ld\n", probed[i].name, strangers[t], rc,
				       want);
		}
		rc = probe_call(probed[i].nr, child);
		nr++;
		/* A missing call of this kernel, or an argument it does not like, is an answer
		 * too. */
		if (rc == -ESRCH)
			printf("%s does not find the own child\n", probed[i].name);
	}
	printf("%d calls\n", nr);
	fflush(stdout);
	kill(child, SIGKILL);
	return 0;
}

/* pidfds: of a child, of a process outside that was inherited as descriptor 9, of nobody. */
static int probe_pidfds(void)
{
	pid_t child = fork();
	int fd;

	if (child == 0) {
		pause();
		_exit(0);
	}
	fd = (int)syscall(SYS_pidfd_open, child, 0);
	printf("inherited %ld\n", result(syscall(SYS_pidfd_send_signal, 9, SIGKILL, NULL, 0)));
	printf("folder %ld\n", result(syscall(SYS_pidfd_send_signal, 8, SIGKILL, NULL, 0)));
	printf("none %ld\n", result(syscall(SYS_pidfd_send_signal, 77, SIGKILL, NULL, 0)));
	printf("child %ld\n", result(syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0)));
	fflush(stdout);
	return 0;
}

/* --- The tests, for each kind of user --- */

static void test_places(const char *who)
{
	is_int(run("cat /proc/version /sys/kernel/name"), 0,
	       "%s: a command runs and returns its status", who);
	is_str(output, "a simulated kernel\na simulated sysfs\n",
	       "%s: with the machine's /proc and /sys", who);
	if (access("/dev/kmsg", F_OK) == 0) {
		run("cat /dev/kmsg");
		is_str(output, "a simulated log\n", "%s: and its /dev/kmsg", who);
	}
	run("echo \"$MMANFS_EXEC $MMANFS\"");
	is_str(output + (output[0] == '1'), strchr(output, ' '), "%s: MMANFS_EXEC is 1", who);
	ok(strstr(output, dir), "%s: MMANFS is the machine's place", who);
	is_int(access("/sys/kernel/name", F_OK), -1, "%s: outside, /sys is the host's", who);
}

static void test_status(const char *who)
{
	char missing[] = "/nowhere/command", folder[] = "/", unknown[] = "no-such-command";

	is_int(run("exit 7"), 7, "%s: the command's status comes through", who);
	is_int(run("kill -9 $$"), 128 + SIGKILL, "%s: so does the signal that ended it", who);
	is_int(run("kill -TERM $$"), 128 + SIGTERM, "%s: any signal", who);
	is_int(run_argv((char *[]){ missing, NULL }), 127, "%s: no such command is 127", who);
	setenv("PATH", "/root/nowhere:/usr/bin:/bin", 1); /* which only root may search */
	is_int(run_argv((char *[]){ unknown, NULL }), 127, "%s: none on the path either", who);
	setenv("PATH", "/usr/bin:/bin", 1);
	is_int(run_argv((char *[]){ folder, NULL }), 126, "%s: one that cannot be run is 126", who);
	like(output, "^mmanfs exec: /: Permission denied\n$", "%s: and explained", who);
}

static void test_numbers(const char *who)
{
	long first, pid_max = 0;
	FILE *f = fopen("/proc/sys/kernel/pid_max", "r");

	if (!f || fscanf(f, "%ld", &pid_max) != 1)
		bail_out("no pid_max");
	fclose(f);
	run("echo $$; sh -c 'echo $$; :'");
	first = strtol(output, NULL, 10);
	ok(first == 4000000 || (first < pid_max && first >= pid_max - pid_max / 4),
	   "%s: the command's number is high (%ld)", who, first);
	cmp_int(strtol(strchr(output, '\n'), NULL, 10), >, first, "%s: its child's one of the next",
		who);
}

static void test_signals(const char *who, uid_t uid)
{
	char script[256];

	engine->nr = 0;
	is_int(run("kill -0 42"), 0, "%s: kill -0 of a simulated process", who);
	is_int(engine->last.sig, 0, "%s: asks the engine", who);
	is_int(run("kill -9 42"), 0, "%s: kill -9 of it", who);
	is_int(engine->last.pid, SIMULATED, "%s: reaches it,", who);
	is_int(engine->last.sig, 9, "%s: with the signal,", who);
	is_uint(engine->last.uid, uid, "%s: from user %u", who, uid);
	is_int(engine->nr, 2, "%s: once", who);
	is_int(run("kill -9 31999"), 1, "%s: a number of nobody", who);
	like(output, "No such process", "%s: is ESRCH", who);

	snprintf(script, sizeof(script), "kill -9 %d", engine->victim);
	is_int(run(script), 0, "%s: kill of a number that a real process has too", who);
	is_int(engine->last.pid, engine->victim, "%s: reaches the simulated one", who);
	is_int(kill(engine->victim, 0), 0, "%s: the real one", who);
	is_int(waitpid(engine->victim, NULL, WNOHANG), 0, "%s: survives", who);

	is_int(run("sleep 60 & kill $!; wait $!"), 128 + SIGTERM,
	       "%s: an own child gets its signal", who);
	is_int(run("(kill -1 -1; sleep 60) & wait"), 128 + SIGHUP,
	       "%s: kill(-1) reaches own processes", who);
	is_int(engine->last.pid, -1, "%s: and simulated ones", who);
}

static volatile sig_atomic_t hit;

static void count_hit(int sig)
{
	(void)sig;
	hit++;
}

/* The session is in this program's own process group. */
static void test_group(const char *who)
{
	hit = 0;
	signal(SIGUSR1, count_hit);
	is_int(run("trap 'echo got it; exit 3' USR1; sh -c 'trap : USR1; kill -USR1 0'; sleep 1"),
	       3, "%s: kill(0) reaches the own members of the group", who);
	is_str(output, "got it\n", "%s: the caller's parent too", who);
	is_int(hit, 0, "%s: and nobody outside", who);
	signal(SIGUSR1, SIG_DFL);
}

static void test_probe(const char *who)
{
	char mode[64], want[32];

	snprintf(mode, sizeof(mode), "probe %d 2>/dev/null", engine->victim);
	snprintf(want, sizeof(want), "%zu calls\n", 5 * sizeof(probed) / sizeof(probed[0]));
	is_int(run_program(mode), 0, "%s: the probe runs", who);
	is_str(output, want, "%s: every call answers as the table says", who);
}

static void test_pidfds(const char *who)
{
	char path[32];
	int pidfd = (int)syscall(SYS_pidfd_open, engine->victim, 0), folder;

	snprintf(path, sizeof(path), "/proc/%d", engine->victim);
	folder = open(path, O_RDONLY | O_DIRECTORY);
	dup2(pidfd, 9);
	dup2(folder, 8);
	run_program("pidfds 2>/dev/null");
	is_str(output, "inherited -3\nfolder -9\nnone -9\nchild 0\n",
	       "%s: a pidfd from outside is ESRCH, what is none EBADF, a child's works", who);
	is_int(waitpid(engine->victim, NULL, WNOHANG), 0, "%s: the process outside lives", who);
	close(9);
	close(8);
	close(pidfd);
	close(folder);
}

static void test_nested(const char *who)
{
	char mode[300];

	snprintf(mode, sizeof(mode), "nested '%s'", dir);
	is_int(run_program(mode), 5, "%s: an exec inside an exec runs", who);
	is_int(engine->last.sig, 12, "%s: and its signals reach the same engine", who);
	make_machine(other_dir);
	snprintf(mode, sizeof(mode), "nested '%s'", other_dir);
	is_int(run_program(mode), EX_UNAVAILABLE, "%s: of another machine it is refused", who);
	like(output, "already inside", "%s: and told why", who);
}

/* --- Ends --- */

/* True when nobody holds the pipe's other end any more, within some seconds. */
static bool wait_hangup(int fd)
{
	struct pollfd p = { .fd = fd };

	return poll(&p, 1, 20000) == 1 && (p.revents & POLLHUP);
}

static bool wait_text(int fd, const char *text)
{
	char got[64] = "";
	ssize_t len = read(fd, got, sizeof(got) - 1);

	return len > 0 && strcmp(got, text) == 0;
}

static pid_t start_script(const char *script, int *out)
{
	char sh[] = "sh", c[] = "-c", text[512];
	int fds[2];
	pid_t pid;

	snprintf(text, sizeof(text), "%s", script);
	if (pipe2(fds, O_CLOEXEC) < 0)
		bail_out("pipe: %s", strerror(errno));
	pid = start_session(fds[1], STDERR_FILENO, (char *[]){ sh, c, text, NULL });
	close(fds[1]);
	*out = fds[0];
	return pid;
}

static void test_ends(const char *who)
{
	int out, status = 0;
	pid_t pid;

	pid = start_script("setsid sh -c 'trap : TERM HUP; echo ready; sleep 600' & sleep 600",
			   &out);
	ok(wait_text(out, "ready\n"), "%s: a command with a child in a session of its own", who);
	kill(pid, SIGTERM);
	waitpid(pid, &status, 0);
	is_int(WIFSIGNALED(status) ? WTERMSIG(status) : 0, SIGTERM, "%s: SIGTERM is passed on",
	       who);
	ok(wait_hangup(out), "%s: and what the command started ends with it", who);
	close(out);

	pid = start_script("trap 'exit 9' TERM; echo ready; while :; do sleep 0.1; done", &out);
	ok(wait_text(out, "ready\n"), "%s: a command that catches SIGTERM", who);
	kill(pid, SIGTERM);
	waitpid(pid, &status, 0);
	is_int(WEXITSTATUS(status), 9, "%s: ends as it wants to", who);
	close(out);

	pid = start_script("echo ready; sleep 600", &out);
	ok(wait_text(out, "ready\n"), "%s: a session", who);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	ok(wait_hangup(out), "%s: that is killed takes its command along", who);
	close(out);

	pid = start_script("echo ready; exec >&- 7>&-; sleep 600", &out);
	ok(wait_text(out, "ready\n"), "%s: a command that closes its output", who);
	ok(wait_hangup(out), "%s: is not kept waiting for by whoever reads it", who);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	close(out);
}

static void test_stop(const char *who)
{
	int out, status = 0;
	pid_t pid = start_script("kill -STOP $$; exit 4", &out);

	waitpid(pid, &status, WUNTRACED);
	ok(WIFSTOPPED(status), "%s: a command that stops is seen to stop", who);
	kill(pid, SIGCONT);
	waitpid(pid, &status, WUNTRACED);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 4, "%s: and to go on", who);
	close(out);
}

static void test_user(const char *who, uid_t uid, uid_t seen_as)
{
	as_user = uid;
	if (!works_here()) {
		skip(1, "%s: this host refuses: %s", who, strtok(output, "\n"));
		return;
	}
	test_places(who);
	test_status(who);
	test_numbers(who);
	test_signals(who, seen_as);
	test_group(who);
	test_probe(who);
	test_pidfds(who);
	test_ends(who);
	test_stop(who);
}

/* --- What is refused --- */

static int refused(const char *where)
{
	char cmd[] = "true";
	struct exec_options opt = { .dir = where, .argv = (char *[]){ cmd, NULL } };
	int fd = open(output_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), status;
	pid_t pid = fork();
	ssize_t len;

	if (pid == 0) {
		dup2(fd, STDERR_FILENO);
		_exit(exec_command(&opt));
	}
	waitpid(pid, &status, 0);
	len = pread(fd, output, sizeof(output) - 1, 0);
	output[len > 0 ? len : 0] = '\0';
	close(fd);
	return WEXITSTATUS(status);
}

static void test_refusals(void)
{
	char want[512];

	is_int(refused("/nowhere"), EX_NOINPUT, "no folder: EX_NOINPUT");
	is_str(output, "mmanfs exec: /nowhere: No such file or directory\n", "  and a word");
	is_int(refused("/usr"), EX_NOINPUT, "a folder that is no machine: EX_NOINPUT");
	is_str(output, "mmanfs exec: /usr: not an mmanfs mount\n", "  and a word");
	is_int(refused(dir), EX_NOINPUT, "one that has proc/ and sys/, but is no mount, likewise");
	snprintf(want, sizeof(want), "mmanfs exec: %s: not an mmanfs mount\n", dir);
	is_str(output, want, "  with the same word");
}

static pid_t start_victim(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		for (;;)
			pause();
	}
	return pid;
}

static void finish(void)
{
	char command[600];

	kill(engine->victim, SIGKILL);
	waitpid(engine->victim, NULL, 0);
	*strrchr(program, '/') = '\0';
	snprintf(command, sizeof(command), "rm -rf '%s' '%s'", program, other_dir);
	if (system(command) != 0)
		diag("cannot remove %s", program);
}

static int inside(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "probe") == 0)
		return probe(atoi(argv[2]));
	if (strcmp(argv[1], "pidfds") == 0)
		return probe_pidfds();
	if (argc > 2 && strcmp(argv[1], "nested") == 0) {
		char sh[] = "sh", c[] = "-c",
		     script[] = "kill -12 42 && cat /proc/version && exit 5";
		char *command[] = { sh, c, script, NULL };
		struct exec_options opt = { .dir = argv[2], .argv = command };

		return exec_command(&opt);
	}
	return EX_USAGE;
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		int status = inside(argc, argv);

		/* No exit handlers: a sanitizer's search for leaks needs a real /proc. */
		fflush(stdout);
		_exit(status);
	}
	engine = mmap(NULL, sizeof(*engine), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (engine == MAP_FAILED)
		bail_out("mmap: %s", strerror(errno));
	make_folders();
	if (!works_here()) {
		engine->victim = start_victim();
		finish();
		skip_all("this host refuses: %s", strtok(output, "\n"));
	}
	engine->victim = start_victim();
	test_refusals();
	if (geteuid() == 0) {
		test_user("root", 0, 0);
		test_nested("root");
		test_user("a guest", ORDINARY, ORDINARY);
		give_machine(ORDINARY);
		test_user("the owner", ORDINARY, 0);
	} else {
		test_user("the owner", 0, 0);
		test_nested("the owner");
	}
	finish();
	return done_testing();
}
