/*
 * awake.h - no CPU goes to sleep between requests that follow close upon each other.
 *
 * A program that reads many files waits for every answer, and the daemon for the program's next
 * request, so both their CPUs are idle by turns. To wake a CPU that was halted (a virtual
 * machine's) or slept deeply takes some ten microseconds, several times what the request costs.
 * Linux takes wishes here: while somebody has /dev/cpu_dma_latency open, with a latency of 0
 * written to it, idle CPUs poll (Documentation/power/pm_qos_interface.rst). That costs power: it is
 * held while a burst of requests goes on and let go a moment later. Who may not open the device, as
 * an ordinary user, does without.
 */
#ifndef FS_AWAKE_H
#define FS_AWAKE_H

#include <mman/types.h>

#include <pthread.h>

struct awake {
	const char *device;
	u32 requests;  /* of the run that is counted */
	u64 since;     /* ns: when that run began */
	bool refused;  /* the device cannot be had */
	u32 linger_ms; /* from one look to the next */
	u32 count;     /* atomic: of all requests */
	bool held;     /* atomic */
	/* of both threads, under the mutex */
	int fd;	  /* open while the wish is held, else -1 */
	u32 seen; /* ->count at the last look */
	bool watched, ending;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	pthread_t thread; /* looks while the wish is held: no request has to pay for that */
};

#define AWAKE_DEVICE	"/dev/cpu_dma_latency"
#define AWAKE_LINGER_MS 5

/** awake_init() - to hold the wish by @device, and to look every @linger_ms whether to let it go; 0:
 * only when awake_look() is called. */
void awake_init(struct awake *a, const char *device, u32 linger_ms);
/** awake_request() - a request has come at @now (ns of CLOCK_MONOTONIC): one of a burst? Always the
 * same thread. */
void awake_request(struct awake *a, u64 now);
/** awake_held() - is the wish held? */
bool awake_held(const struct awake *a);
/** awake_look() - let it go if no request has come since the last look, or since it is held. */
void awake_look(struct awake *a);
void awake_end(struct awake *a);

#endif
