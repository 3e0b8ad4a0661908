/*
 * clock_drive.h - host time moves the virtual clock, while no command runs.
 *
 *	virtual now = virtual base + (host now - host base) * rate
 *
 * The base is set anew whenever the mode changes, the clock is set on purpose, or a long command
 * ends with the clock behind the host. A command's cost puts the clock ahead of this line; then it
 * stands still until the host has caught up. Before each request the clock is brought up to date; a
 * thread sleeps on a timer that is armed for the next due event only, so an idle machine costs no
 * CPU.
 */
#ifndef FS_CLOCK_DRIVE_H
#define FS_CLOCK_DRIVE_H

#include "fs/gate.h"

struct clock_drive {
	struct gate *gate;
	struct machine *m;
	u64 host_base, clock_base; /* ns */
	u32 mode, rate;		   /* as of the base */
	int timer;		   /* timerfd */
	u64 armed;		   /* host ns the timer is set to; 0: not armed */
	/* optional, set before the start: after each time the timer rang. Gate held. */
	void (*ring)(void *arg);
	void *arg;
	bool stop; /* atomic */
	pthread_t thread;
};

int clock_drive_start(struct clock_drive *d, struct gate *gate,
		      struct machine *m); /* 0 or -errno */
void clock_drive_stop(struct clock_drive *d);

/* All with the gate held. */
/** clock_drive_update() - before a request: bring the clock up to date. Works off due events for a
 * few milliseconds at most; the thread does the rest. */
void clock_drive_update(struct clock_drive *d);
/** clock_drive_arm() - after a request: events, the mode or the clock may have changed. */
void clock_drive_arm(struct clock_drive *d);
/** clock_drive_rebase() - host time counts from here. */
void clock_drive_rebase(struct clock_drive *d);
/** clock_drive_command_ended() - a long command ended: the host's time meanwhile does not count. */
void clock_drive_command_ended(struct clock_drive *d);
void clock_drive_set_machine(struct clock_drive *d, struct machine *m);

#endif
