/* The clock and its heap of events: order, cancelling, how far an advance goes. */
#include <stdlib.h>
#include <string.h>

#include "tests/fixture.h"
#include "tests/tap.h"
#include "tests/draw.h"

#define EVENTS 2000u

/* The heap gives events back in order of (due, sequence); kinds without a handler only leave a
 * line. */
static void test_heap(struct machine *m)
{
	u64 c = 3;
	struct clock *k = &m->clock;
	u64 last = 0, due;
	u32 i, wrong = 0, left, before;

	event_cancel(m, EVENT_IO_DONE, 0); /* of booting */
	before = k->nr_events;

	for (i = 0; i < EVENTS; i++) {
		due = k->now + NSEC_PER_SEC + draw(&c, 1000);
		event_schedule(m, EVENT_IO_DONE, i, due);
	}
	is_uint(k->nr_events, before + EVENTS, "events wait");
	ok(event_pending(m, EVENT_IO_DONE, 77), "each is known by kind and argument");
	for (i = 0; i < EVENTS; i += 3)
		event_cancel(m, EVENT_IO_DONE, i);
	ok(!event_pending(m, EVENT_IO_DONE, 3) && event_pending(m, EVENT_IO_DONE, 4),
	   "cancelled ones are gone, others not");
	left = before + EVENTS - (EVENTS + 2) / 3;
	is_uint(k->nr_events, left, "as many as are left");
	while (k->nr_events) {
		u64 step = k->step;

		due = k->next_due;
		wrong += due < last;
		last = due;
		clock_advance_to(m, due);
		wrong += k->now != due || k->step == step || (k->nr_events && k->next_due <= due);
	}
	is_uint(wrong, 0,
		"they come in order of their time, all those of one time together, each a step");
	is_hex(k->next_due, UINT64_MAX, "and then nothing is due");
}

static void test_advance(struct machine *m)
{
	u64 now = m->clock.now, step = m->clock.step;

	clock_advance_to(m, now - 1);
	is_uint(m->clock.now, now, "the clock never goes back");
	clock_advance_to(m, now + 12345);
	is_uint(m->clock.now, now + 12345, "with nothing due it goes where it is told");
	is_uint(m->clock.step, step, "and counts no step");
	clock_charge(m, 55);
	is_uint(m->clock.now, now + 12400, "work takes time");
	ok(machine_safe_point(m), "a safe point lets the work go on");
	is_uint(m->clock.step, step + 1, "and is a step");
}

static bool refuse(struct machine *m, void *arg)
{
	(void)m;
	++*(u32 *)arg;
	return false;
}

static void test_yield(struct machine *m)
{
	struct running r;
	u32 asked = 0;

	m->host = (struct machine_host){ .arg = &asked, .yield = refuse };
	task_run_begin(m, &r, m->tasks.init);
	ok(machine_safe_point(m), "nobody waits: nobody is asked");
	is_uint(asked, 0, "indeed");
	m->clock.step_stop = m->clock.step + 2;
	ok(machine_safe_point(m), "before the step that the host named");
	ok(!machine_safe_point(m), "at it, the host may end the command");
	is_uint(asked, 1, "asked once");
	ok(r.interrupted, "which is noted");
	m->clock.step_stop = UINT64_MAX;
	task_run_end(m, &r);
	m->host = (struct machine_host){ .arg = NULL };
}

int main(void)
{
	struct fixture f;

	if (!fixture_open(&f, "tiny", NULL))
		bail_out("%s", f.why);
	test_heap(f.m);
	test_advance(f.m);
	test_yield(f.m);
	fixture_close(&f);
	return done_testing();
}
