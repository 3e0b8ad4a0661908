/* /proc/swaps: the swap areas in use, in order of their numbers. */
#include "fs/proc/proc.h"

#include <poll.h>
#include <string.h>

/* A number of kB and the tabs that bring the next column to its place. */
static void put_kb(struct text *out, u64 pages)
{
	u64 kb = K(pages);

	text_u64(out, kb);
	text_str(out, kb < 10000000 ? "\t\t" : "\t");
}

static void show_area(const struct swap_area *a, struct text *out)
{
	size_t length = strlen(a->path);

	text_str(out, a->path);
	text_fill(out, ' ', length < 40 ? 40 - length : 1);
	text_str(out, a->file ? "file\t\t" : "partition\t");
	put_kb(out, a->pages);
	put_kb(out, a->used_pages);
	text_s64(out, a->prio);
	text_char(out, '\n');
}

int proc_swaps_show(const struct request *rq, struct text *out)
{
	u32 i;

	text_str(out, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	for (i = 0; i < MAX_SWAPFILES; i++)
		if (rq->m->swap.area[i].in_use)
			show_area(&rq->m->swap.area[i], out);
	return 0;
}

/* Readable; only a swapon or swapoff since the last poll would raise POLLERR | POLLPRI. */
u32 proc_swaps_poll(const struct request *rq)
{
	(void)rq;
	return POLLIN | POLLRDNORM;
}
