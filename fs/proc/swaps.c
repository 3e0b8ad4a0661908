/*
 * /proc/swaps: the swap areas in use, in order of swapon. Sizes in kB, without the first page of the
 * area, which holds its header.
 */
#include "fs/proc/proc.h"

#include <poll.h>
#include <string.h>

#define NAME_WIDTH 40u

int proc_swaps_show(const struct request *rq, struct text *out)
{
	(void)rq;
	text_str(out, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	return 0;
}

/* Readable; only a swapon or swapoff since the last poll would raise POLLERR | POLLPRI. */
u32 proc_swaps_poll(const struct request *rq)
{
	(void)rq;
	return POLLIN | POLLRDNORM;
}
