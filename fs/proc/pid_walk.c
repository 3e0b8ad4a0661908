/*
 * Walks over the mappings of a process for the files that show them all. A process may have
 * millions of pages: others are let in meanwhile, and what is shown then is, as on Linux, no longer
 * one instant.
 */
#include "fs/proc/pid.h"

#include <errno.h>
#include <string.h>

/* More than these take more than a few milliseconds. */
#define MANY_PAGES   (1u << 17)
#define MANY_VMAS    4096
#define GATHER_BYTES (128ull << 20) /* between two looks whether somebody waits */

bool pid_vmas_are_many(const struct request *rq)
{
	handle_t h = pid_task(rq);
	const struct task *t = h ? task_at(rq->m, h) : NULL;

	return t && t->mm && mm_at(rq->m, t->mm)->map_count > MANY_VMAS;
}

bool pid_pages_are_many(const struct request *rq)
{
	handle_t h = pid_task(rq);
	const struct task *t = h ? task_at(rq->m, h) : NULL;
	const struct mm *mm = t && t->mm ? mm_at(rq->m, t->mm) : NULL;

	return mm &&
	       (mm->map_count > MANY_VMAS || mm_rss(mm) + (u64)mm->rss[MM_SWAPENTS] > MANY_PAGES);
}

static handle_t arrive(struct pid_walk *w, handle_t vma)
{
	w->stale = false;
	w->end = vma ? vma_at(w->m, vma)->end : 0;
	return vma;
}

handle_t pid_walk_begin(struct pid_walk *w, struct machine *m, const struct task *t)
{
	*w = (struct pid_walk){ .m = m, .mm = t->mm, .id = t->mm ? mm_at(m, t->mm)->id : 0 };
	return arrive(w, t->mm ? mm_at(m, t->mm)->vma_first : 0);
}

/* False: the walk is over. */
static bool let_in(struct pid_walk *w)
{
	w->stale = true;
	if (!machine_read_point(w->m)) {
		w->error = -EINTR;
		return false;
	}
	return mm_is_live(w->m, w->mm, w->id);
}

handle_t pid_walk_next(struct pid_walk *w, handle_t vma)
{
	if (w->error)
		return 0;
	if (!w->stale && likely(!__atomic_load_n(&w->m->attention, __ATOMIC_RELAXED)))
		return arrive(w, vma_at(w->m, vma)->next);
	return let_in(w) ? arrive(w, find_vma(w->m, w->mm, w->end)) : 0;
}

int pid_walk_gather(struct pid_walk *w, handle_t vma, struct vma_stats *out)
{
	u64 start = vma_at(w->m, vma)->start, end = vma_at(w->m, vma)->end, at, to;

	memset(out, 0, sizeof(*out));
	for (at = start; at < end; at = to) {
		to = end - at > GATHER_BYTES ? at + GATHER_BYTES : end;
		vma_gather_range(w->m, vma, at, to, out);
		if (to == end || likely(!__atomic_load_n(&w->m->attention, __ATOMIC_RELAXED)))
			continue;
		/* a mapping that has changed meanwhile is shown as far as it was seen */
		if (!let_in(w) || find_vma_exact(w->m, w->mm, to) != vma ||
		    vma_at(w->m, vma)->start != start || vma_at(w->m, vma)->end != end)
			break;
	}
	return w->error;
}
