/* No CPU goes to sleep between requests that follow close upon each other; awake.h says why. */
#include "fs/awake.h"

#include <fcntl.h>
#include <mman/clock.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

/* More requests than a `cat` makes, at a rate at which the wakeups are most of what each one
 * takes. */
#define BURST	 16u
#define BURST_NS (4 * NSEC_PER_MSEC)

void awake_init(struct awake *a, const char *device, u32 linger_ms)
{
	pthread_condattr_t clock;

	*a = (struct awake){ .device = device, .linger_ms = linger_ms, .fd = -1 };
	pthread_mutex_init(&a->mutex, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&a->changed, &clock);
	pthread_condattr_destroy(&clock);
}

bool awake_held(const struct awake *a)
{
	return __atomic_load_n(&a->held, __ATOMIC_ACQUIRE);
}

static u32 count_of(const struct awake *a)
{
	return __atomic_load_n(&a->count, __ATOMIC_RELAXED);
}

/* Mutex held. */
static void let_go(struct awake *a)
{
	if (a->fd < 0)
		return;
	close(a->fd); /* the kernel forgets the wish */
	a->fd = -1;
	__atomic_store_n(&a->held, false, __ATOMIC_RELEASE);
}

/* Mutex held. */
static void look(struct awake *a)
{
	if (a->seen == count_of(a))
		let_go(a);
	a->seen = count_of(a);
}

void awake_look(struct awake *a)
{
	pthread_mutex_lock(&a->mutex);
	look(a);
	pthread_mutex_unlock(&a->mutex);
}

static void wait_a_moment(struct awake *a)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += (long)(a->linger_ms * NSEC_PER_MSEC);
	until.tv_sec += until.tv_nsec / (long)NSEC_PER_SEC;
	until.tv_nsec %= (long)NSEC_PER_SEC;
	pthread_cond_timedwait(&a->changed, &a->mutex, &until);
}

static void *watch(void *arg)
{
	struct awake *a = arg;

	pthread_mutex_lock(&a->mutex);
	while (!a->ending) {
		if (a->fd < 0) {
			pthread_cond_wait(&a->changed, &a->mutex);
			continue;
		}
		wait_a_moment(a);
		look(a);
	}
	pthread_mutex_unlock(&a->mutex);
	return NULL;
}

/* Signals are other threads' business. */
static bool start_watch(struct awake *a)
{
	sigset_t all, old;

	if (a->watched || !a->linger_ms)
		return true;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	a->watched = !pthread_create(&a->thread, NULL, watch, a);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return a->watched;
}

static void hold(struct awake *a)
{
	const s32 latency = 0;

	pthread_mutex_lock(&a->mutex);
	a->fd = open(a->device, O_WRONLY | O_CLOEXEC);
	a->seen = count_of(a);
	if (a->fd >= 0 && write(a->fd, &latency, sizeof(latency)) == sizeof(latency) &&
	    start_watch(a)) {
		__atomic_store_n(&a->held, true, __ATOMIC_RELEASE);
		pthread_cond_signal(&a->changed);
	} else {
		a->refused = true;
		let_go(a);
	}
	pthread_mutex_unlock(&a->mutex);
}

void awake_request(struct awake *a, u64 now)
{
	__atomic_store_n(&a->count, a->count + 1, __ATOMIC_RELAXED);
	if (a->refused || awake_held(a))
		return;
	if (a->requests++ == 0) {
		a->since = now;
	} else if (a->requests > BURST) {
		a->requests = 0;
		if (now - a->since <= BURST_NS)
			hold(a);
	}
}

void awake_end(struct awake *a)
{
	pthread_mutex_lock(&a->mutex);
	a->ending = true;
	let_go(a);
	pthread_cond_signal(&a->changed);
	pthread_mutex_unlock(&a->mutex);
	if (a->watched)
		pthread_join(a->thread, NULL);
	pthread_cond_destroy(&a->changed);
	pthread_mutex_destroy(&a->mutex);
}
