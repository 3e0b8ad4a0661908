/*
 * stand_in.c - real processes that sleep in the place of simulated ones, so that there is something
 * a pidfd can refer to.
 *
 * One for each simulated process that somebody has opened. The supervisor looks every few
 * milliseconds whether the simulated process is still the one it was; when it has ended, so does
 * the stand-in, and the kernel tells whoever polls its pidfd. As long as there is none, nothing is
 * looked at.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fs/exec/session.h"

struct stand_in {
	struct stand_in *next;
	pid_t number, simulated;
	uint64_t start_time;
};

/* All signals are blocked here, and whoever may not be killed by number cannot be killed at all. */
static void sleep_for_ever(void) __attribute__((noreturn));
static void sleep_for_ever(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	exec_close_others(NULL, 0);
	for (;;)
		pause();
}

static struct stand_in *find(const struct exec_view *view, pid_t simulated, uint64_t start_time)
{
	struct stand_in *s;

	for (s = view->stand_ins; s; s = s->next)
		if (s->simulated == simulated && s->start_time == start_time)
			return s;
	return NULL;
}

static struct stand_in *start(struct exec_view *view, pid_t simulated, uint64_t start_time)
{
	struct stand_in *s = malloc(sizeof(*s));

	if (!s)
		return NULL;
	*s = (struct stand_in){ view->stand_ins, fork(), simulated, start_time };
	if (s->number == 0)
		sleep_for_ever();
	if (s->number < 0) {
		free(s);
		return NULL;
	}
	view->stand_ins = s;
	return s;
}

int exec_stand_in(void *ctx, pid_t simulated, uint64_t start_time, unsigned int flags)
{
	struct exec_view *view = ctx;
	struct stand_in *s = find(view, simulated, start_time);
	long fd;

	if (!s)
		s = start(view, simulated, start_time);
	if (!s)
		return -EAGAIN;
	fd = syscall(SYS_pidfd_open, s->number, flags);
	return fd < 0 ? -errno : (int)fd;
}

pid_t exec_stands_for(void *ctx, pid_t number)
{
	const struct exec_view *view = ctx;
	const struct stand_in *s;

	for (s = view->stand_ins; s; s = s->next)
		if (s->number == number)
			return s->simulated;
	return 0;
}

static bool has_ended(const struct exec_world *w, const struct stand_in *s)
{
	struct mmanfs_call c = { .op = MMANFS_START_TIME, .pid = s->simulated };

	return w->call(w->ctx, &c, true) < 0 || c.args[0] != s->start_time;
}

void exec_check_stand_ins(const struct exec_world *w, struct exec_view *view)
{
	struct stand_in *s, **at = &view->stand_ins;

	while ((s = *at)) {
		if (!has_ended(w, s)) {
			at = &s->next;
			continue;
		}
		/* gone at once: a zombie could still be signalled */
		kill(s->number, SIGKILL);
		waitpid(s->number, NULL, 0);
		*at = s->next;
		free(s);
	}
}
