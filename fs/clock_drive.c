/* Host time to virtual time; clock_drive.h has the rule. */
#include "fs/clock_drive.h"

#include <errno.h>
#include <signal.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define UPDATE_BUDGET_NS 2000000ull /* host time an update may take while somebody waits for it */
#define SLICE_NS	 1000000ull /* virtual time between two looks at the host's clock */

static u64 speed(const struct clock_drive *d)
{
	return d->mode == CLOCK_MODE_RATE ? d->rate : 1;
}

/* Where the virtual clock should be at host time @now. */
static u64 clock_target(const struct clock_drive *d, u64 now)
{
	return d->clock_base + (now - d->host_base) * speed(d);
}

void clock_drive_rebase(struct clock_drive *d)
{
	d->mode = d->m->clock.mode;
	d->rate = d->m->clock.rate;
	d->host_base = host_ns();
	d->clock_base = d->m->clock.now;
}

static bool base_is_valid(const struct clock_drive *d)
{
	const struct clock *c = &d->m->clock;

	return d->mode == c->mode && (c->mode != CLOCK_MODE_RATE || d->rate == c->rate);
}

void clock_drive_set_machine(struct clock_drive *d, struct machine *m)
{
	d->m = m;
	clock_drive_rebase(d);
}

void clock_drive_command_ended(struct clock_drive *d)
{
	if (!base_is_valid(d) || d->m->clock.now < clock_target(d, host_ns()))
		clock_drive_rebase(d);
}

/* In slices, when events are due: they may be many, and somebody waits for the gate. */
void clock_drive_update(struct clock_drive *d)
{
	struct clock *c = &d->m->clock;
	u64 start, target, slice;

	/* a command that yielded owns the clock */
	if (d->gate->long_active || c->mode == CLOCK_MODE_PAUSED)
		return;
	if (!base_is_valid(d))
		clock_drive_rebase(d);
	start = host_ns();
	target = clock_target(d, start);
	/* a machine that waits for its reboot goes no further */
	while (c->now < target && !panic_reboot_due(d->m)) {
		slice = max_t(u64, c->now + SLICE_NS, c->next_due);
		if (c->next_due >= target)
			slice = target;
		clock_advance_to(d->m, min_t(u64, slice, target));
		if (c->now < target && host_ns() - start > UPDATE_BUDGET_NS)
			break;
	}
}

static void set_timer(struct clock_drive *d, u64 due)
{
	struct itimerspec t = { .it_value = { .tv_sec = (time_t)(due / NSEC_PER_SEC),
					      .tv_nsec = (long)(due % NSEC_PER_SEC) } };

	if (due == d->armed)
		return;
	d->armed = due;
	timerfd_settime(d->timer, TFD_TIMER_ABSTIME, &t, NULL);
}

void clock_drive_arm(struct clock_drive *d)
{
	const struct clock *c = &d->m->clock;
	u64 ahead;

	if (!base_is_valid(d))
		clock_drive_rebase(d);
	if (c->mode == CLOCK_MODE_PAUSED || c->next_due == UINT64_MAX || d->gate->long_active) {
		set_timer(d, 0);
		return;
	}
	/* rounded up, or the timer would ring a moment too early and have to be set again; the
	 * past is "at once", and 0 would disarm the timer */
	ahead = c->next_due > d->clock_base ? c->next_due - d->clock_base : 0;
	set_timer(d, d->host_base + (ahead + speed(d) - 1) / speed(d));
}

static void *drive(void *arg)
{
	struct clock_drive *d = arg;
	u64 rings;

	while (read(d->timer, &rings, sizeof(rings)) == sizeof(rings) || errno == EINTR) {
		if (__atomic_load_n(&d->stop, __ATOMIC_ACQUIRE))
			break;
		gate_enter(d->gate);
		d->armed = 0;
		clock_drive_update(d);
		if (d->ring)
			d->ring(d->arg);
		clock_drive_arm(d);
		gate_leave(d->gate);
	}
	return NULL;
}

int clock_drive_start(struct clock_drive *d, struct gate *gate, struct machine *m)
{
	sigset_t all, old;
	int error;

	*d = (struct clock_drive){ .gate = gate, .ring = d->ring, .arg = d->arg };
	clock_drive_set_machine(d, m);
	d->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	if (d->timer < 0)
		return -errno;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&d->thread, NULL, drive, d);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (error) {
		close(d->timer);
		return -error;
	}

	gate_enter(gate);
	clock_drive_arm(d);
	gate_leave(gate);
	return 0;
}

void clock_drive_stop(struct clock_drive *d)
{
	gate_enter(d->gate);
	__atomic_store_n(&d->stop, true, __ATOMIC_RELEASE);
	set_timer(d, 1);
	gate_leave(d->gate);
	pthread_join(d->thread, NULL);
	close(d->timer);
}
