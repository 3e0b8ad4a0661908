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

static void show_area(const struct machine *m, const struct swap_area *a, struct text *out)
{
	const char *path = swap_area_path(m, a);
	size_t length = strlen(path);

	text_str(out, path);
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
			show_area(rq->m, &rq->m->swap.area[i], out);
	return 0;
}

int proc_swaps_open(const struct request *rq, int flags)
{
	(void)flags;
	rq->file->private = (void *)(uintptr_t)rq->m->swap.changes;
	return 0;
}

/* Always readable; what came or went since the descriptor was opened or last asked is told once. */
u32 proc_swaps_poll(const struct request *rq)
{
	void *seen = (void *)(uintptr_t)rq->m->swap.changes;
	u32 ready = POLLIN | POLLRDNORM;

	if (rq->file->private != seen)
		ready |= POLLERR | POLLPRI;
	if (!rq->file->peeking)
		rq->file->private = seen;
	return ready;
}
