/* No CPU goes to sleep between requests that follow close upon each other; awake.h says why. */
#include "fs/awake.h"

#include <fcntl.h>
#include <mman/clock.h>
#include <poll.h>
#include <unistd.h>

/* More requests than a `cat` makes, at a rate at which the wakeups are most of what each one
 * takes. */
#define BURST	  16u
#define BURST_NS  (4 * NSEC_PER_MSEC)
#define LINGER_MS 3

void awake_init(struct awake *a, const char *device)
{
	*a = (struct awake){ .device = device, .fd = -1 };
}

static void let_go(struct awake *a)
{
	close(a->fd); /* the kernel forgets the wish */
	a->fd = -1;
	a->requests = 0;
}

static void hold(struct awake *a)
{
	const s32 latency = 0;

	a->fd = open(a->device, O_WRONLY | O_CLOEXEC);
	if (a->fd >= 0 && write(a->fd, &latency, sizeof(latency)) == sizeof(latency))
		return;
	a->refused = true;
	if (a->fd >= 0)
		let_go(a);
}

void awake_wait(struct awake *a, int fd)
{
	struct pollfd input = { .fd = fd, .events = POLLIN };

	if (a->fd >= 0 && poll(&input, 1, LINGER_MS) == 0)
		let_go(a);
}

void awake_request(struct awake *a, u64 now)
{
	if (a->fd >= 0 || a->refused)
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
	if (a->fd >= 0)
		let_go(a);
}
