/*
 * Pressure stall information: what overlaps counts once, "full" is where nobody works, averages
 * follow the totals, triggers fire once in a window.
 */
#include "tests/bare.h"
#include "tests/sound.h"
#include "tests/tap.h"
#include "tests/draw.h"

#include <stdlib.h>
#include <string.h>

#define SEC NSEC_PER_SEC
#define MS  NSEC_PER_MSEC

static u64 total(const struct machine *m, enum psi_resource r, enum psi_kind kind)
{
	struct psi_line line;

	psi_read(m, r, kind, &line);
	return line.total_ns;
}

/* hundredths of a percent over 10 s */
static u64 average(const struct machine *m, enum psi_resource r, u32 which)
{
	struct psi_line line;

	psi_read(m, r, PSI_SOME, &line);
	return line.avg[which] * 100 >> PSI_AVG_SHIFT;
}

static void stall(struct machine *m, enum psi_resource r, u64 start, u64 end)
{
	if (m->clock.now < end)
		clock_advance_to(m, end);
	psi_stall(m, r, start, end);
}

/*
 * time    0    1    2    3    4    5    6    7    8    9    10
 * 1.                     [====)
 * 2.                               [====)
 * 3.           [===================)                               around the first, up to the second
 * 4.           [==============================)                    all of them and one more
 * 5.                [====)                                         nothing new
 */
static void test_overlap(void)
{
	struct machine *m = bare_machine("tiny");

	stall(m, PSI_MEM, 3 * SEC, 4 * SEC);
	stall(m, PSI_MEM, 5 * SEC, 6 * SEC);
	is_uint(total(m, PSI_MEM, PSI_SOME), 2 * SEC, "stalls add up");
	stall(m, PSI_MEM, 1 * SEC, 5 * SEC);
	is_uint(total(m, PSI_MEM, PSI_SOME), 5 * SEC, "one around another adds what is new of it");
	stall(m, PSI_MEM, 1 * SEC, 7 * SEC);
	is_uint(total(m, PSI_MEM, PSI_SOME), 6 * SEC, "around several");
	stall(m, PSI_MEM, 2 * SEC, 3 * SEC);
	is_uint(total(m, PSI_MEM, PSI_SOME), 6 * SEC, "inside: nothing");
	is_uint(total(m, PSI_MEM, PSI_FULL), 6 * SEC, "full, as nobody works");
	is_uint(total(m, PSI_IO, PSI_SOME), 0, "another resource has a time of its own");
	psi_stall(m, PSI_CPU, 0, SEC);
	psi_stall(m, PSI_IO, SEC, SEC);
	is_uint(total(m, PSI_CPU, PSI_SOME), SEC, "who waits for a CPU stalls");
	is_uint(total(m, PSI_CPU, PSI_FULL) + total(m, PSI_IO, PSI_SOME), 0,
		"while somebody has it; and no time is no stall");
	is_sound(m, "after stalls");
	machine_destroy(m);
}

/* Any stalls, against an array of all milliseconds. */
static void test_random_overlap(void)
{
	enum { LENGTH = 4000, ROUNDS = 3000 };
	static bool covered[LENGTH + 64];
	struct machine *m = bare_machine("tiny");
	u64 c = 11;
	u64 wrong = 0, sum = 0, end = 1;
	u32 i, k;

	for (i = 0; i < ROUNDS && end < LENGTH; i++) {
		u64 length = 1 + draw(&c, 40), start;

		end += draw(&c, 4);
		start = end > length ? end - length : 0;
		stall(m, PSI_IO, start * MS, end * MS);
		for (k = (u32)start; k < end; k++) {
			sum += !covered[k];
			covered[k] = true;
		}
		wrong += total(m, PSI_IO, PSI_SOME) != sum * MS;
	}
	is_uint(wrong, 0, "the total is the time covered, after each of %u stalls", i);
	is_sound(m, "after random stalls");
	machine_destroy(m);
}

/* A command works while a load waits; then it waits itself, and a load worked in the middle. */
/* Work in so many pieces that the oldest is forgotten, and the wait around it told again and
 * again. */
static void test_forgotten(void)
{
	struct machine *m = bare_machine("tiny");
	u64 i;

	for (i = 0; i < 400; i++) {
		psi_batch_begin(m);
		psi_batch_end(m, i * 2 * MS, MS);
		psi_stall(m, PSI_MEM, 0, (i + 1) * 2 * MS);
	}
	cmp_int((s64)total(m, PSI_MEM, PSI_SOME), <=, (s64)(800 * MS), "no time counts twice");
	cmp_int((s64)total(m, PSI_MEM, PSI_FULL), <=, (s64)(400 * MS),
		"nor does what is full, of which there was half");
	cmp_int((s64)total(m, PSI_MEM, PSI_FULL), >, (s64)(300 * MS), "and nearly all counts");
	machine_destroy(m);
}

static void test_full(void)
{
	struct machine *m = bare_machine("tiny");
	struct running command, load;
	handle_t task, other;
	u64 at = m->clock.now, io_some, io_full;

	if (task_spawn(m, "command", &task) || task_spawn(m, "load", &other))
		bail_out("no tasks");
	task_run_begin(m, &command, task);
	task_run_begin(m, &load, other);
	stall(m, PSI_MEM, at, at + SEC);
	is_uint(total(m, PSI_MEM, PSI_SOME), SEC, "a load waits: some");
	is_uint(total(m, PSI_MEM, PSI_FULL), 0, "not full: the command works");
	task_set_state(m, task, TASK_DISK);
	stall(m, PSI_MEM, at + SEC, at + 2 * SEC);
	is_uint(total(m, PSI_MEM, PSI_FULL), SEC, "full when it waits as well");
	task_set_state(m, task, TASK_RUNNING);
	task_run_end(m, &load);

	/* of the load's batch of 100 ms, 40 were a stall; starting the programs took the disk's
	 * time */
	io_some = total(m, PSI_IO, PSI_SOME);
	io_full = total(m, PSI_IO, PSI_FULL);
	at += 3 * SEC;
	clock_advance_to(m, at);
	m->clock.in_events = true;
	task_run_begin(m, &load, other);
	psi_batch_begin(m);
	m->clock.now += 50 * MS;
	psi_stall(m, PSI_IO, at + 10 * MS, at + 50 * MS);
	psi_batch_end(m, at, 100 * MS);
	task_run_end(m, &load);
	m->clock.in_events = false;
	is_uint(total(m, PSI_IO, PSI_FULL), io_full,
		"a load's wait beside a command that works: not full");
	stall(m, PSI_IO, at, at + 200 * MS);
	is_uint(total(m, PSI_IO, PSI_SOME) - io_some, 200 * MS, "then the command waits");
	is_uint(total(m, PSI_IO, PSI_FULL) - io_full, 140 * MS,
		"full but for what the load worked");
	task_run_end(m, &command);
	is_sound(m, "after tasks stalled");
	machine_destroy(m);
}

/* Half of the time stalled: the averages rise to 50 %, the shorter the sooner, and decay. */
static void test_averages(void)
{
	struct machine *m = bare_machine("tiny"), *once = bare_machine("tiny");
	u64 start = m->clock.now, i, again;

	for (i = 0; i < 60; i++)
		stall(m, PSI_MEM, start + i * SEC, start + i * SEC + SEC / 2);
	clock_advance_to(m, start + 60 * SEC);
	again = average(m, PSI_MEM, 0);
	is_uint(again, average(m, PSI_MEM, 0), "reading changes nothing");
	ok(again > 4700 && again <= 5150, "avg10 is near 50 %% after a minute (%llu)",
	   (unsigned long long)again);
	ok(average(m, PSI_MEM, 1) > 2900 && average(m, PSI_MEM, 1) < 3400,
	   "avg60 at 1 - 1/e of it (%llu)", (unsigned long long)average(m, PSI_MEM, 1));
	ok(average(m, PSI_MEM, 2) > 800 && average(m, PSI_MEM, 2) < 1000,
	   "avg300 at a fifth of that (%llu)", (unsigned long long)average(m, PSI_MEM, 2));
	clock_advance_to(m, start + 70 * SEC);
	ok(average(m, PSI_MEM, 0) > again * 30 / 100 && average(m, PSI_MEM, 0) < again * 45 / 100,
	   "ten seconds later avg10 has fallen to a third (%llu)",
	   (unsigned long long)average(m, PSI_MEM, 0));
	clock_advance_to(m, start + 3600 * SEC);
	is_uint(average(m, PSI_MEM, 0) + average(m, PSI_MEM, 1) + average(m, PSI_MEM, 2), 0,
		"an hour later they are 0");

	/* one stall of 30 s is the same as many short ones without a gap */
	stall(once, PSI_MEM, 10 * SEC, 40 * SEC);
	again = average(once, PSI_MEM, 0);
	for (i = 0; i < 3000; i++)
		stall(m, PSI_IO, 4008 * SEC + i * 10 * MS, 4008 * SEC + (i + 1) * 10 * MS);
	ok(again > 9300 && again <= 10000, "30 s of stall make avg10 %llu",
	   (unsigned long long)again);
	ok(average(m, PSI_IO, 0) > 9300 && average(m, PSI_IO, 0) <= 10000, "in pieces, too (%llu)",
	   (unsigned long long)average(m, PSI_IO, 0));
	is_sound(m, "after averages");
	machine_destroy(once);
	machine_destroy(m);
}

static u32 wakes;

static void count_wake(struct machine *m, void *arg)
{
	(void)m;
	(void)arg;
	wakes++;
}

/* Each @period, @ns of stall, for @times periods. */
static u64 stalls(struct machine *m, u64 at, u64 period, u64 ns, u32 times)
{
	while (times--) {
		stall(m, PSI_MEM, at, at + ns);
		at += period;
		clock_advance_to(m, at);
	}
	return at;
}

static void test_trigger(void)
{
	struct machine *m = bare_machine("tiny");
	struct psi_trigger *t;
	int owner, other;
	handle_t h;
	u64 at = 100 * SEC, step;

	clock_advance_to(m, at);
	m->host.wake = count_wake;
	step = m->clock.step;
	if (psi_trigger_create(m, PSI_MEM, PSI_SOME, 150 * MS, SEC, &owner, &h))
		bail_out("no trigger");
	t = psi_trigger_find(m, h, &owner);
	ok(t && !psi_trigger_find(m, h, &other) && !psi_trigger_find(m, h + 7, &owner),
	   "a trigger is found by its owner only");
	ok(!event_pending(m, EVENT_PSI, h), "nothing is checked while nothing stalls");

	at = stalls(m, at, 100 * MS, 10 * MS, 50);
	is_uint(wakes, 0, "100 ms of 1 s: below the threshold of 150 ms");
	ok(event_pending(m, EVENT_PSI, h), "but it is checked");
	at = stalls(m, at, 10 * SEC, MS, 1);
	ok(!event_pending(m, EVENT_PSI, h), "a while later no more");

	wakes = 0;
	at = stalls(m, at, 100 * MS, 20 * MS, 50);
	ok(wakes >= 4 && wakes <= 5, "200 ms of 1 s for 5 s: told once in each second (%u)", wakes);
	ok(t->event, "and it waits to be seen");
	stalls(m, at, 10 * SEC, MS, 1);
	wakes = 0;
	stall(m, PSI_IO, m->clock.now - SEC, m->clock.now);
	clock_advance_to(m, m->clock.now + 5 * SEC);
	is_uint(wakes, 0, "another resource is not its own");
	is_uint(m->clock.step, step, "no check was a step of the machine");

	is_sound(m, "with a trigger");
	psi_trigger_destroy(m, h, &other);
	is_uint(m->psi.nr_triggers, 1, "nobody else's end takes it away");
	stall(m, PSI_MEM, m->clock.now - 10 * MS, m->clock.now);
	psi_trigger_destroy(m, h, &owner);
	ok(!m->psi.nr_triggers && !event_pending(m, EVENT_PSI, h), "its owner's does");
	is_sound(m, "without it");
	machine_destroy(m);
}

/* Loads stall and work at random while a command sleeps and stalls. */
static void test_stress(void)
{
	struct machine *m = bare_machine("tiny");
	u64 c = 5;
	handle_t h[20] = { 0 }, task;
	struct running r;
	u64 owner[20], i, wrong = 0, last[NR_PSI_RESOURCES] = { 0 };

	if (task_spawn(m, "command", &task))
		bail_out("no task");
	for (i = 0; i < 20000; i++) {
		enum psi_resource res = draw(&c, 2) ? PSI_MEM : PSI_IO;
		u64 ns = draw(&c, 30 * MS), k = draw(&c, 20), at = m->clock.now;

		switch (draw(&c, 6)) {
		case 0:
			clock_advance_to(m, m->clock.now + ns * draw(&c, 30));
			break;
		case 1:
			if (h[k])
				psi_trigger_destroy(m, h[k], &owner[k]);
			h[k] = 0;
			if (draw(&c, 2))
				wrong += psi_trigger_create(m, res, (enum psi_kind)(k & 1), MS + ns,
							    SEC, &owner[k], &h[k]) != 0;
			break;
		case 2:
			psi_batch_begin(m);
			psi_stall(m, res, at, at + ns / 2);
			psi_batch_end(m, at, ns);
			break;
		default:
			task_run_begin(m, &r, task);
			stall(m, res, at - min_t(u64, at, ns / 3), at + ns);
			task_run_end(m, &r);
		}
		wrong += total(m, res, PSI_SOME) < last[res];
		last[res] = total(m, res, PSI_SOME);
		if (i % 100 == 0)
			wrong += count_violations(m, "step %llu", (unsigned long long)i);
	}
	is_uint(wrong, 0, "20000 stalls, sleeps and triggers leave the machine sound");
	is_sound(m, "after all");
	machine_destroy(m);
}

int main(void)
{
	test_overlap();
	test_random_overlap();
	test_forgotten();
	test_full();
	test_averages();
	test_trigger();
	test_stress();
	return done_testing();
}
