/*
 * psi.c - pressure stall information.
 *
 * Stalls are told when they are over, and they overlap: a load waits while the command waits, a
 * wait for the disk lies within a direct reclaim, and what is told first is the inner one. So the
 * time lines of the last while are kept, as stretches already counted, and a stall adds what is new
 * of it:
 *
 *	counted    ---======--===-------------        before
 *	stall      --------------=======------        told now:  [start, end)
 *	stall      -=================---------        adds only the holes
 *
 * Somebody works, and a stall is "some" but not "full", while
 *  - a command is in progress whose task is runnable and has no stall of its own under way. It has
 *    one where others get to run within it: asleep (state D), or in a direct reclaim
 *    (clock.in_kthread);
 *  - a background load did something else than wait. Loads run in batches, ahead of the clock, and
 *    leave on the time line when that was.
 * Kernel threads never count as working: what they do is done because of the shortage, or is
 * waiting. An idle process neither works nor waits. CPUs do not matter: on a kernel the shares of
 * each CPU are weighted and summed, here the machine is looked at as a whole, as the documentation
 * words it.
 *
 * Averages. A kernel samples the totals every 2 s and a tick. Here the same sums are made without a
 * timer: a stall is cut where a period ends, and a reader computes the decay since then without
 * keeping it, so that reading changes nothing.
 * Source: Documentation/accounting/psi.rst.
 */
#include <mman/machine.h>

#include <errno.h>
#include <string.h>

#include "mm/task.h"

#define PSI_PERIOD (2 * NSEC_PER_SEC + JIFFY_NS)

/* e^(-2s/10s), e^(-2s/60s), e^(-2s/300s) in fixed point */
static const u64 decay[3] = { 1677, 1981, 2034 };

int psi_init(struct machine *m)
{
	int error =
		pool_init(&m->psi.triggers, "psi_trigger", sizeof(struct psi_trigger), 1u << 20);

	m->psi.triggers.asked_after = true;
	m->psi.period_end = PSI_PERIOD;
	return error;
}

void psi_destroy(struct machine *m)
{
	pool_destroy(&m->psi.triggers);
}

/* ---- stretches of time ---- */

/* Make room at @i; the oldest goes when all are taken, and what came before its end counts as had.
 * Returns where the room is. */
static u32 stretches_insert(struct psi_stretches *s, u32 i)
{
	u32 n;

	if (s->nr == PSI_STRETCHES) {
		s->since = max_t(u64, s->since, psi_stretch(s, 0)->end);
		s->first++;
		s->nr--;
		i = i ? i - 1 : 0;
	}
	for (n = s->nr++; n > i; n--)
		*psi_stretch(s, n) = *psi_stretch(s, n - 1);
	return i;
}

/* Those of [@first, @last) have become one, the first. */
static void stretches_join(struct psi_stretches *s, u32 first, u32 last)
{
	u32 i, gone = last - first - 1;

	for (i = last; gone && i < s->nr; i++)
		*psi_stretch(s, i - gone) = *psi_stretch(s, i);
	s->nr -= gone;
}

static u64 stretches_add_slow(struct psi_stretches *s, u64 start, u64 end)
{
	u32 last = s->nr, first;
	u64 added;

	start = max_t(u64, start, s->since);
	if (start >= end)
		return 0;
	added = end - start;
	while (last && psi_stretch(s, last - 1)->start > end)
		last--;
	first = last;
	while (first && psi_stretch(s, first - 1)->end >= start) {
		const struct psi_stretch *had = psi_stretch(s, --first);

		added -= min_t(u64, had->end, end) - max_t(u64, had->start, start);
	}
	if (first == last) {
		first = stretches_insert(s, first);
		*psi_stretch(s, first) = (struct psi_stretch){ start, end };
		return added;
	}
	end = max_t(u64, psi_stretch(s, last - 1)->end, end);
	*psi_stretch(s, first) = (struct psi_stretch){
		min_t(u64, psi_stretch(s, first)->start, start),
		end,
	};
	stretches_join(s, first, last);
	return added;
}

/* Are all places taken, and is all that they hold over before @start? */
static inline bool stretches_end_before(const struct psi_stretches *s, u64 start)
{
	const u32 newest = (s->first + PSI_STRETCHES - 1) & (PSI_STRETCHES - 1);

	return s->nr == PSI_STRETCHES && s->ring[newest].end < start;
}

/* [start, end) takes the place of the oldest. */
static inline void stretches_push(struct psi_stretches *s, u64 start, u64 end)
{
	struct psi_stretch *oldest = psi_stretch(s, 0);

	s->since = oldest->end;
	s->first++;
	oldest->start = start;
	oldest->end = end;
}

/* Add [start, end); returns how much of it is new. Nearly always all is, and the newest. */
static inline u64 stretches_add(struct psi_stretches *s, u64 start, u64 end)
{
	if (unlikely(!stretches_end_before(s, start)))
		return stretches_add_slow(s, start, end);
	stretches_push(s, start, end);
	return end - start;
}

/* The first hole of @s in [*start, end): ends at *hole_end. False: there is none (any more). */
static bool next_hole(struct psi_stretches *s, u64 *start, u64 end, u64 *hole_end)
{
	u32 i = s->nr;

	while (i && psi_stretch(s, i - 1)->end > *start)
		i--;
	for (; i < s->nr && psi_stretch(s, i)->start <= *start; i++)
		*start = max_t(u64, *start, psi_stretch(s, i)->end);
	if (*start >= end)
		return false;
	*hole_end = i < s->nr ? min_t(u64, psi_stretch(s, i)->start, end) : end;
	return true;
}

/* ---- averages ---- */

/* One period of which @ns were stalled, and @idle_periods of which nothing was. */
static void average(struct psi_line *line, u64 ns, u64 idle_periods)
{
	u64 percent = (ns * 100 / PSI_PERIOD) << PSI_AVG_SHIFT;
	u32 i;

	for (i = 0; i < 3; i++) {
		line->avg[i] = decayed_average(line->avg[i], decay[i], 1, percent);
		if (idle_periods)
			line->avg[i] = decayed_average(line->avg[i], decay[i], idle_periods, 0);
	}
}

/* What the averages have not seen goes into the first of the periods until @now. */
static void bring_up(const struct psi_state *s, u64 now, struct psi_line *line, u64 *averaged)
{
	u64 periods = now / PSI_PERIOD, sample;

	if (periods <= s->periods)
		return;
	/* what is told too late for its own period counts in the next */
	sample = min_t(u64, line->total_ns - *averaged, PSI_PERIOD);
	*averaged += sample;
	average(line, sample, periods - s->periods - 1);
}

static inline void psi_fold(struct machine *m, u64 now)
{
	struct psi_state *s = &m->psi;
	u32 r, k;

	if (likely(now < s->period_end))
		return;
	for (r = 0; r < NR_PSI_RESOURCES; r++)
		for (k = 0; k < NR_PSI_KINDS; k++)
			bring_up(s, now, &s->line[r][k], &s->averaged_ns[r][k]);
	s->periods = now / PSI_PERIOD;
	s->period_end = (s->periods + 1) * PSI_PERIOD;
}

void psi_read(const struct machine *m, enum psi_resource r, enum psi_kind kind,
	      struct psi_line *out)
{
	u64 averaged = m->psi.averaged_ns[r][kind];

	*out = m->psi.line[r][kind];
	bring_up(&m->psi, m->clock.now, out, &averaged);
}

void psi_set(struct machine *m, enum psi_resource r, enum psi_kind kind,
	     const struct psi_line *line)
{
	struct psi_state *s = &m->psi;
	u32 i;

	psi_fold(m, m->clock.now);
	s->line[r][kind] = *line;
	s->line[r][kind].total_ns =
		min_t(u64, line->total_ns,
		      kind == PSI_FULL ? s->line[r][PSI_SOME].total_ns : m->clock.now);
	for (i = 0; i < ARRAY_SIZE(line->avg); i++)
		s->line[r][kind].avg[i] = min_t(u64, line->avg[i], 100u << PSI_AVG_SHIFT);
	s->averaged_ns[r][kind] = s->line[r][kind].total_ns;
}

/* ---- stalls ---- */

static inline bool command_works(const struct machine *m)
{
	const struct running *r;

	if (m->clock.in_kthread)
		return false;
	for (r = m->running; r; r = r->outer)
		if (r->task != m->current && !r->died && task_at(m, r->task)->state == TASK_RUNNING)
			return true;
	return false;
}

/* A stall that is not full, or of which somebody worked for a part: from here on "full" has
 * stretches of its own. */
static void count_apart(struct psi_state *s, enum psi_resource r, u64 start, u64 end, bool full)
{
	u64 hole_end;

	if (!s->apart[r]) {
		s->stalled[r][PSI_FULL] = s->stalled[r][PSI_SOME];
		s->apart[r] = true;
	}
	s->line[r][PSI_SOME].total_ns += stretches_add(&s->stalled[r][PSI_SOME], start, end);
	if (!full)
		return;
	/* of what was forgotten by "some", or of who worked, "full" counts nothing */
	start = max_t(u64, start, max_t(u64, s->stalled[r][PSI_SOME].since, s->worked.since));
	for (; next_hole(&s->worked, &start, end, &hole_end); start = hole_end)
		s->line[r][PSI_FULL].total_ns +=
			stretches_add(&s->stalled[r][PSI_FULL], start, hole_end);
}

static inline void count_stall(struct psi_state *s, enum psi_resource r, u64 start, u64 end,
			       bool full)
{
	u64 added;

	if (unlikely(!full || s->apart[r] || s->worked.nr || start < s->worked.since)) {
		count_apart(s, r, start, end, full);
		return;
	}
	added = stretches_add(&s->stalled[r][PSI_SOME], start, end);
	s->line[r][PSI_SOME].total_ns += added;
	s->line[r][PSI_FULL].total_ns += added;
}

static void wake_triggers(struct machine *m, enum psi_resource r, u64 start, u64 end);

/* All within one period. */
static inline void count_stalls(struct psi_state *s, u32 which, u64 start, u64 end, bool full)
{
	if (which & 1u << PSI_IO)
		count_stall(s, PSI_IO, start, end, full);
	if (which & 1u << PSI_MEM)
		count_stall(s, PSI_MEM, start, end, full);
	if (unlikely(which & 1u << PSI_CPU))
		count_stall(s, PSI_CPU, start, end, false);
}

static __attribute__((noinline)) void stalls_slow(struct machine *m, u32 which, u64 start, u64 end,
						  bool full)
{
	struct psi_state *s = &m->psi;
	u32 r;

	if (m->clock.in_events && m->running && m->running->task == m->current)
		stretches_add_slow(&s->batch, start, end);
	for (r = 0; s->nr_triggers && r < NR_PSI_RESOURCES; r++)
		if (which >> r & 1)
			wake_triggers(m, (enum psi_resource)r, start, end);
	psi_fold(m, start);
	while (start < end) {
		/* what lies in periods that are over already counts in the present one */
		u64 cut = min_t(u64, end, s->period_end);

		count_stalls(s, which, start, cut, full);
		psi_fold(m, cut);
		start = cut;
	}
}

/* A process waits for the disk, nobody else does anything, and it is not the first time: the newest
 * stretch of "some" and "full", with nothing to compare it with. */
static inline bool is_plain_wait(const struct machine *m, u32 which, u64 start, u64 end, bool full)
{
	const struct psi_state *s = &m->psi;

	return which == 1u << PSI_IO && full && !s->apart[PSI_IO] && !s->nr_triggers &&
	       !m->clock.in_events && !s->worked.nr && start >= s->worked.since &&
	       end < s->period_end && stretches_end_before(&s->stalled[PSI_IO][PSI_SOME], start);
}

void psi_stalls(struct machine *m, u32 which, u64 start, u64 end)
{
	struct psi_state *s = &m->psi;
	bool full;

	if (unlikely(m->boot.psi_off || start >= end))
		return;
	full = !command_works(m);
	if (unlikely(!is_plain_wait(m, which, start, end, full))) {
		stalls_slow(m, which, start, end, full);
		return;
	}
	stretches_push(&s->stalled[PSI_IO][PSI_SOME], start, end);
	s->line[PSI_IO][PSI_SOME].total_ns += end - start;
	s->line[PSI_IO][PSI_FULL].total_ns += end - start;
}

void psi_stall(struct machine *m, enum psi_resource r, u64 start, u64 end)
{
	psi_stalls(m, 1u << r, start, end);
}

void psi_batch_begin(struct machine *m)
{
	m->psi.batch.nr = 0;
	m->psi.batch.since = 0;
}

void psi_batch_end(struct machine *m, u64 start, u64 ns)
{
	struct psi_state *s = &m->psi;
	u64 end = start + ns, hole_end;

	for (; next_hole(&s->batch, &start, end, &hole_end); start = hole_end)
		stretches_add(&s->worked, start, hole_end);
}

/* ---- triggers ---- */

static struct psi_trigger *trigger_at(const struct machine *m, handle_t h)
{
	return pool_at(&m->psi.triggers, h);
}

struct psi_trigger *psi_trigger_find(const struct machine *m, handle_t h, const void *owner)
{
	struct psi_trigger *t;

	if (!h || h >= m->psi.triggers.nr_slots)
		return NULL;
	t = trigger_at(m, h);
	return t->window && t->owner == owner ? t : NULL;
}

int psi_trigger_create(struct machine *m, enum psi_resource r, enum psi_kind kind, u64 threshold_ns,
		       u64 window_ns, const void *owner, handle_t *out)
{
	struct psi_trigger *t;
	handle_t h = 1;

	/* slots are used again, but never given back: all of them are looked at */
	while (h < m->psi.triggers.nr_slots && trigger_at(m, h)->window)
		h++;
	if (h >= m->psi.triggers.nr_slots)
		h = pool_alloc(&m->psi.triggers);
	if (!h)
		return -ENOMEM;
	*out = h;
	t = trigger_at(m, h);
	t->owner = owner;
	t->threshold = threshold_ns;
	t->window = window_ns;
	t->resource = (u8)r;
	t->kind = (u8)kind;
	m->psi.nr_triggers++;
	return 0;
}

void psi_trigger_destroy(struct machine *m, handle_t h, const void *owner)
{
	struct psi_trigger *t = psi_trigger_find(m, h, owner);

	if (!t)
		return;
	event_cancel(m, EVENT_PSI, h);
	memset(t, 0, sizeof(*t));
	m->psi.nr_triggers--;
}

static u64 trigger_total(const struct machine *m, const struct psi_trigger *t)
{
	return m->psi.line[t->resource][t->kind].total_ns;
}

static void window_restart(struct psi_trigger *t, u64 now, u64 value, u64 previous_growth)
{
	t->window_start = now;
	t->window_value = value;
	t->previous_growth = previous_growth;
}

/*
 * How much the total grew in the last window's length. Only the present window is measured; what
 * lies before it is taken to have been spread evenly over the window before.
 */
static u64 window_growth(struct psi_trigger *t, u64 now, u64 value)
{
	u64 elapsed = now - t->window_start, growth = value - t->window_value;

	if (elapsed > t->window)
		window_restart(t, now, value, growth);
	else
		growth += t->previous_growth * (t->window - elapsed) / t->window;
	return growth;
}

static void wake_triggers(struct machine *m, enum psi_resource r, u64 start, u64 end)
{
	struct psi_trigger *t;
	handle_t h;

	for (h = 1; h < m->psi.triggers.nr_slots; h++) {
		t = trigger_at(m, h);
		if (!t->window || t->resource != (u8)r)
			continue;
		if (!t->active_until) {
			t->checked_value = trigger_total(m, t);
			window_restart(t, start, t->checked_value, 0);
			event_schedule(m, EVENT_PSI, h, start + t->window / PSI_CHECKS_PER_WINDOW);
		}
		t->active_until = max_t(u64, t->active_until, end + t->window);
	}
}

void psi_trigger_check(struct machine *m, u32 h)
{
	struct psi_trigger *t = trigger_at(m, h);
	u64 now = m->clock.now, value = trigger_total(m, t);

	/* what was told is not told again while nothing comes to it */
	if (value != t->checked_value && window_growth(t, now, value) >= t->threshold)
		t->pending = true;
	t->checked_value = value;
	/* once in a window at most; what comes sooner waits */
	if (t->pending && (!t->last_event || now + 1 >= t->last_event + t->window)) {
		t->pending = false;
		t->event = true;
		t->last_event = now + 1;
		if (m->host.wake)
			m->host.wake(m, m->host.arg);
	}
	if (now >= t->active_until && !t->pending)
		t->active_until = 0;
	else
		event_schedule(m, EVENT_PSI, h, now + t->window / PSI_CHECKS_PER_WINDOW);
}
