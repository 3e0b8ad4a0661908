/*
 * What a system call costs that `mmanfs exec` answers for the machine.
 * usage: calls ROUNDS PID      inside exec: PID is a simulated process
 *        calls crowd N         N idle children, until stdin ends; says "ready"
 *
 * For each round, microseconds at the median of 500 calls: "sysinfo US", "kill US" (signal 0),
 * "priority US".
 */
#define _GNU_SOURCE
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#define CALLS 500

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static int call_sysinfo(pid_t pid)
{
	struct sysinfo info;

	(void)pid;
	return sysinfo(&info);
}

static int call_kill(pid_t pid)
{
	return kill(pid, 0);
}

static int call_priority(pid_t pid)
{
	return getpriority(PRIO_PROCESS, (id_t)pid) < 0 ? -1 : 0;
}

static const struct {
	const char *name;
	int (*call)(pid_t pid);
} calls[] = { { "sysinfo", call_sysinfo }, { "kill", call_kill }, { "priority", call_priority } };

static void measure(size_t which, pid_t pid)
{
	double times[CALLS], start;
	int i;

	for (i = 0; i < CALLS; i++) {
		start = now_us();
		if (calls[which].call(pid))
			err(1, "%s", calls[which].name);
		times[i] = now_us() - start;
	}
	qsort(times, CALLS, sizeof(*times), compare);
	printf("%s %.2f\n", calls[which].name, times[CALLS / 2]);
}

static int crowd(int n)
{
	char c;

	while (n--) {
		pid_t pid = fork();

		if (pid < 0)
			err(1, "fork");
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (;;)
				pause();
		}
	}
	puts("ready");
	fflush(stdout);
	return read(0, &c, 1) < 0;
}

int main(int argc, char **argv)
{
	size_t i;
	int rounds;

	if (argc != 3)
		errx(64, "usage: calls ROUNDS PID | calls crowd N");
	if (!strcmp(argv[1], "crowd"))
		return crowd(atoi(argv[2]));
	for (rounds = atoi(argv[1]); rounds > 0; rounds--)
		for (i = 0; i < sizeof(calls) / sizeof(*calls); i++)
			measure(i, atoi(argv[2]));
	return 0;
}
