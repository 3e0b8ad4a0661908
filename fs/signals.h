/*
 * signals.h - ending a loop by a signal, without a race.
 *
 * A signal may come between a loop's look at its flag and its read(2), which would then wait for
 * ever. So a thread of its own takes INT, TERM and HUP, sets the flag by @stop, and interrupts the
 * loop's read again and again until the loop is out.
 */
#ifndef FS_SIGNALS_H
#define FS_SIGNALS_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

struct signals {
	void (*stop)(void *arg);
	void *arg;
	pthread_t loop, thread;
	sigset_t old;
	bool loop_ended; /* atomic */
};

/** signals_start() - called by the loop's thread, before the loop. 0 or -errno. */
int signals_start(struct signals *s, void (*stop)(void *arg), void *arg);
/** signals_end() - after the loop, whatever ended it. INT, TERM and HUP stay blocked: there is an
 * end to be made. */
void signals_end(struct signals *s);

#endif
