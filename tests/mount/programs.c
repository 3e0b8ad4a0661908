/*
 * Programs of the kinds that are hard on who runs them, for exec-programs.t: threads, vfork,
 * filters of their own, signals in the middle. Compiled as any program, and there once more without
 * shared libraries.
 * usage: programs KIND PID     PID: a simulated process that lives
 *
 * Each says "ok" when the machine answered as it should, or what it got instead.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 16
#define CALLS	50

static pid_t pid;
static int wrong;
static const char *total, *release; /* what the machine says of itself */

static void expect(bool held, const char *what)
{
	if (held)
		return;
	printf("%s: %s\n", what, strerror(errno));
	__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
}

/* What the machine must answer, whoever asks. */
static void ask(void)
{
	struct sysinfo info;
	struct utsname name;

	expect(!kill(pid, 0), "kill of a simulated process");
	errno = 0;
	expect(kill(pid + 100000, 0) < 0 && errno == ESRCH, "kill of nobody");
	expect(!sysinfo(&info) && info.totalram * info.mem_unit == strtoull(total, NULL, 10) << 10,
	       "sysinfo");
	expect(!uname(&name) && !strcmp(name.release, release), "uname");
	errno = 0;
	expect(getpriority(PRIO_PROCESS, (id_t)pid) == 0 && !errno, "getpriority");
	expect(!kill(getpid(), 0), "kill of oneself");
}

static void *ask_often(void *arg)
{
	int i;

	for (i = 0; i < CALLS; i++)
		ask();
	return arg;
}

static void run_threads(void)
{
	pthread_t threads[THREADS];
	int i;

	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, ask_often, NULL))
			exit(1);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

/* A child in our own memory, as posix_spawn(3) makes it: the parent waits meanwhile. */
static void run_vfork(void)
{
	static volatile int result = -1;
	pid_t child = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork) */
	int status;

	if (!child) {
		result = kill(pid, 0); /* NOLINT(clang-analyzer-unix.Vfork) */
		execl("/bin/sh", "sh", "-c",
		      "kill -0 \"$1\" && ! kill -0 $(($1 + 100000)) 2>/dev/null", "sh",
		      getenv("VICTIM"), NULL);
		_exit(127);
	}
	expect(!result, "kill from a child made by vfork");
	expect(waitpid(child, &status, 0) == child && !status, "what it became");
	ask();
}

static int filter(struct sock_filter *code, unsigned short n, unsigned int flags)
{
	struct sock_fprog program = { n, code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

#define CALL_IS(nr, verdict) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1), BPF_STMT(BPF_RET | BPF_K, verdict)

/* A program that locks itself up: its filter and ours are both asked, and the stricter one wins. */
static void run_filter(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		CALL_IS(SYS_getppid, SECCOMP_RET_ERRNO | EPERM),
		CALL_IS(SYS_tkill, SECCOMP_RET_ERRNO | EACCES),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	expect(!filter(code, sizeof(code) / sizeof(*code), 0), "a filter of its own");
	ask();
	errno = 0;
	expect(syscall(SYS_getppid) < 0 && errno == EPERM, "what it forbids is forbidden");
	errno = 0;
	expect(syscall(SYS_tkill, pid, SIGKILL) < 0 && errno == EACCES,
	       "also where the machine would have answered");
	ask();
}

static void run_listener(void)
{
	struct sock_filter code[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };

	errno = 0;
	expect(filter(code, 1, SECCOMP_FILTER_FLAG_NEW_LISTENER) < 0 && errno == EBUSY,
	       "a second listener is refused");
	ask();
}

static volatile sig_atomic_t nr_alarms;

static void on_alarm(int sig)
{
	(void)sig;
	nr_alarms++;
}

/* Signals that come while a call waits for its answer. */
static void run_alarms(void)
{
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	timer_t timer;
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM };
	struct itimerspec every = { { 0, 300000 }, { 0, 300000 } };

	sigaction(SIGALRM, &action, NULL);
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) || timer_settime(timer, 0, &every, NULL))
		exit(1);
	while (nr_alarms < 50)
		ask();
}

/* Asks until it is killed. */
static void run_endless(void)
{
	for (;;)
		ask();
}

static void run_ids(void)
{
	printf("%d %d\n", (int)getuid(), (int)geteuid());
	exit(0);
}

static const struct {
	const char *name;
	void (*run)(void);
} kinds[] = { { "plain", ask },
	      { "threads", run_threads },
	      { "vfork", run_vfork },
	      { "filter", run_filter },
	      { "listener", run_listener },
	      { "alarms", run_alarms },
	      { "endless", run_endless },
	      { "ids", run_ids } };

int main(int argc, char **argv)
{
	size_t i;

	if (argc != 3)
		return 64;
	pid = atoi(argv[2]);
	total = getenv("TOTAL");
	release = getenv("RELEASE");
	if (!total || !release)
		return 64;
	setenv("VICTIM", argv[2], 1);
	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kinds[i].name, argv[1])) {
			kinds[i].run();
			puts(wrong ? "wrong" : "ok");
			return wrong != 0;
		}
	return 64;
}
