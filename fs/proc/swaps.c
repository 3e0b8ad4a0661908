/* /proc/swaps: the swap areas in use. The engine has none yet: only the heading. */
#include "fs/proc/proc.h"

#include <poll.h>

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
