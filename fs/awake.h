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

struct awake {
	const char *device;
	int fd;	      /* open while the wish is held, else -1 */
	u32 requests; /* of the run that is counted */
	u64 since;    /* ns: when that run began */
	bool refused; /* the device cannot be had */
};

/** awake_init() - to hold the wish by @device, usually AWAKE_DEVICE. */
#define AWAKE_DEVICE "/dev/cpu_dma_latency"
void awake_init(struct awake *a, const char *device);
/** awake_wait() - waits for input on @fd. While the wish is held: not for long, and lets it go
 * then. */
void awake_wait(struct awake *a, int fd);
/** awake_request() - a request has come at @now (ns of CLOCK_MONOTONIC): one of a burst? */
void awake_request(struct awake *a, u64 now);
void awake_end(struct awake *a);

#endif
