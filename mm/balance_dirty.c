/*
 * balance_dirty.c - writers wait while too much is dirty.
 *
 *	          free run            |   held back, more and more    | stopped
 *	0 ------------------ (background + limit) / 2 ---- setpoint ---- limit
 *	rate of a writer:   any       |  2 x       ...       1 x  ...  0
 *
 * Above the middle of the two limits a writer is made as slow as the disk: it may dirty pages at
 * the rate at which the disk takes them, twice that at the lower end, none at the upper one, in a
 * straight line between. What it dirtied too fast it waits for, at most 200 ms at a time. One
 * writer settles at the set point, where both are equal; several push the dirty memory higher, to
 * where each gets its share. Above the limit a writer waits until the flusher has brought it below.
 * Where the disk may have less than the whole limit (bdi's max_ratio), the line ends so much
 * earlier: its writers settle nearer to the middle.
 *
 * How often a writer looks: in free run, every root of the pages that are left, so that many
 * writers together cannot jump over the limit; else every 10 ms at its rate.
 * Source: Documentation/admin-guide/sysctl/vm.rst (dirty_ratio, dirty_background_ratio).
 */
#include <mman/machine.h>
#include <mman/writeback.h>

#define MAX_PAUSE      (200 * NSEC_PER_MSEC)
#define POLL_INTERVAL  (10 * NSEC_PER_MSEC)
#define MIN_POLL_PAGES 32u

struct dirty_state {
	u64 background, limit, freerun, top, dirty, rate;
};

/* Pages of writers that are no task (visitors) are counted in one place. */
static u32 *dirtied_of(struct machine *m, u32 **pause)
{
	if (m->current) {
		struct task *t = task_at(m, m->current);

		*pause = &t->nr_dirtied_pause;
		return &t->nr_dirtied;
	}
	*pause = &m->wb.nr_dirtied_pause;
	return &m->wb.nr_dirtied;
}

/* 2^(half of the bits of the pages left). */
static u32 poll_interval(u64 dirty, u64 limit)
{
	return limit > dirty ? 1u << ((63 - __builtin_clzll(limit - dirty)) / 2) : 1;
}

static void look(const struct machine *m, struct dirty_state *s)
{
	u64 left, range;

	global_dirty_limits(m, &s->background, &s->limit);
	s->freerun = (s->background + s->limit) / 2;
	s->dirty = global_node_page_state(m, NR_DIRTY) + global_node_page_state(m, NR_WRITEBACK);
	range = max_t(u64, wb_calc_thresh(m, s->limit - s->freerun), 1);
	s->top = s->freerun + range;
	left = s->top > s->dirty ? s->top - s->dirty : 0;
	s->rate = m->wb.write_bandwidth * 2 * min_t(u64, left, range) / range;
}

/* Above the limit: until what is too much has been written, as things stand. */
static u64 pause_for(const struct machine *m, const struct dirty_state *s, u64 pages)
{
	u64 ns;

	if (s->rate)
		return min_t(u64, MAX_PAUSE, pages * NSEC_PER_SEC / s->rate);
	ns = s->dirty > s->top ? (s->dirty - s->top) * NSEC_PER_SEC / m->wb.write_bandwidth : 0;
	return min_t(u64, MAX_PAUSE, max_t(u64, ns, POLL_INTERVAL));
}

static void trace_pause(struct machine *m, const struct dirty_state *s, u32 pages, u64 paused,
			u64 pause)
{
	trace_event(m,
		    "balance_dirty_pages bdi=254:0 limit=%llu setpoint=%llu dirty=%llu "
		    "dirty_ratelimit=%llu task_ratelimit=%llu dirtied=%u paused=%llu pause=%llu",
		    (unsigned long long)s->limit, (unsigned long long)(s->freerun + s->top) / 2,
		    (unsigned long long)s->dirty, (unsigned long long)m->wb.write_bandwidth * 4,
		    (unsigned long long)s->rate * 4, pages,
		    (unsigned long long)(paused / NSEC_PER_MSEC),
		    (unsigned long long)(pause / NSEC_PER_MSEC));
}

/* How many pages until the next look. */
static u32 next_look(const struct dirty_state *s)
{
	u64 pages = s->rate * POLL_INTERVAL / NSEC_PER_SEC;

	if (s->dirty <= s->freerun)
		return poll_interval(s->dirty, s->freerun);
	return (u32)min_t(u64, max_t(u64, pages, 1),
			  max_t(u64, (s->top - min_t(u64, s->top, s->dirty)) / 4, 1));
}

static bool balance_dirty_pages(struct machine *m, u32 pages, u32 *next)
{
	struct dirty_state s;
	u64 paused = 0, pause;
	bool go_on = true;

	for (;;) {
		look(m, &s);
		if ((m->sysctl.laptop_mode ? s.dirty > s.freerun : wb_over_bg_thresh(m)) &&
		    !writeback_in_progress(m))
			wb_start_background_writeback(m);
		if (s.dirty <= s.freerun)
			break;
		pause = pause_for(m, &s, pages);
		trace_pause(m, &s, pages, paused, pause);
		go_on = io_schedule_timeout(m, pause);
		paused += pause;
		/* a handler's waiting runs nobody: what it pays now, the flusher works off later */
		if (!go_on || s.rate || m->clock.in_events)
			break;
	}
	*next = next_look(&s);
	return go_on;
}

bool balance_dirty_pages_ratelimited(struct machine *m, u32 nr)
{
	u32 *pause, *dirtied = dirtied_of(m, &pause), pages, next;
	bool go_on;

	m->wb.fault_dirtied = false;
	*dirtied += nr;
	if (*dirtied < (*pause ? *pause : MIN_POLL_PAGES))
		return true;
	pages = *dirtied;
	*dirtied = 0;
	go_on = balance_dirty_pages(m, pages, &next);
	if (go_on) /* else the task may be gone */
		*pause = next;
	return go_on;
}
