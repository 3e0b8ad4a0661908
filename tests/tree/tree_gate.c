/*
 * The machine's lock, the worker and the clock's drive: who is let in when, and what moves the
 * clock. Threads wait for each other's state, never for time.
 */
#include "fs/session.h"
#include "tests/fixture.h"
#include "tests/tap.h"
#include "tests/until.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct fixture fixture;
static struct gate gate;
static char order[64]; /* who was in, in order; guarded by the gate */

static void note(char who)
{
	size_t n = strlen(order);

	order[n] = who;
	order[n + 1] = '\0';
}

static u64 tickets(void)
{
	u64 n;

	pthread_mutex_lock(&gate.mutex);
	n = gate.next_ticket;
	pthread_mutex_unlock(&gate.mutex);
	return n;
}

static void *visit(void *arg)
{
	gate_enter(&gate);
	note(*(const char *)arg);
	gate_leave(&gate);
	return NULL;
}

/* A thread that waits for its turn already. */
static pthread_t visitor(const char *name)
{
	u64 before = tickets();
	pthread_t thread;

	pthread_create(&thread, NULL, visit, (void *)(uintptr_t)name);
	until(tickets() > before);
	return thread;
}

static void check_gate(void)
{
	pthread_t a, b;

	gate_init(&gate, fixture.m);
	gate_enter(&gate);
	a = visitor("a");
	b = visitor("b");
	is_uint(__atomic_load_n(&fixture.m->attention, __ATOMIC_RELAXED), 1,
		"who waits calls for attention");
	ok(gate_yield(&gate), "a short request does not yield");
	is_str(order, "", "so nobody was let in");
	note('m');
	gate_leave(&gate);
	pthread_join(a, NULL);
	pthread_join(b, NULL);
	is_str(order, "mab", "turns are in order of arrival");

	order[0] = '\0';
	gate_enter(&gate);
	gate_long_begin(&gate);
	ok(gate_yield(&gate), "a long command yields to nobody");
	is_uint(fixture.m->attention, 0, "and is not asked again");
	a = visitor("a");
	b = visitor("b");
	gate.run_until = 0;
	ok(gate_yield(&gate), "a long command goes on after it has yielded");
	is_str(order, "ab", "to all who waited");
	pthread_join(a, NULL);
	pthread_join(b, NULL);

	gate_interrupt(&gate);
	ok(!gate_yield(&gate), "an interrupted one is to end");
	ok(!gate_yield(&gate), "however often it asks");
	gate_long_end(&gate);
	gate_interrupt(&gate);
	gate_long_begin(&gate);
	ok(gate_yield(&gate), "the next one is not concerned");
	gate_long_end(&gate);
	gate_leave(&gate);
	gate_destroy(&gate);
}

/* --- The worker --- */

struct test_job {
	struct job job;
	char name;
	bool endless;
	u32 started, done; /* atomic */
	bool ended_early;
};

static void run_job(struct job *job)
{
	struct test_job *j = (struct test_job *)job;

	note(j->name);
	__atomic_store_n(&j->started, 1, __ATOMIC_RELEASE);
	while (j->endless && gate_yield(&gate))
		sched_yield();
	j->ended_early = j->endless;
}

static void job_done(struct job *job)
{
	__atomic_store_n(&((struct test_job *)job)->done, 1, __ATOMIC_RELEASE);
}

static struct test_job new_job(char name, bool endless)
{
	struct test_job j = { .job = { .run = run_job, .done = job_done },
			      .name = name,
			      .endless = endless };

	return j;
}

#define is_done(j)     __atomic_load_n(&(j).done, __ATOMIC_ACQUIRE)
#define has_started(j) __atomic_load_n(&(j).started, __ATOMIC_ACQUIRE)

static void check_worker(void)
{
	struct test_job a = new_job('a', true), b = new_job('b', false), c = new_job('c', false);
	struct test_job d = new_job('d', true), e = new_job('e', false);
	struct worker worker = { .stop = false };

	order[0] = '\0';
	gate_init(&gate, fixture.m);
	worker_start(&worker, &gate);
	worker_submit(&worker, &a.job);
	worker_submit(&worker, &b.job);
	worker_submit(&worker, &c.job);
	until(has_started(a));
	gate_enter(&gate);
	is_str(order, "a", "others come in while a job runs, and one job runs at a time");
	gate_leave(&gate);
	ok(worker_cancel(&worker, &b.job), "a job that waits is taken back");
	ok(!worker_cancel(&worker, &a.job), "one that runs is told to end");
	until(is_done(a) && is_done(c));
	gate_enter(&gate);
	is_str(order, "ac", "and the next one runs, but for the one taken back");
	gate_leave(&gate);
	ok(a.ended_early && !is_done(b), "each was done as often as it was run");

	worker_submit(&worker, &d.job);
	worker_submit(&worker, &e.job);
	until(has_started(d));
	ok(worker_stop(&worker), "the worker stops");
	ok(is_done(d) && d.job.cancelled && d.ended_early, "its job was told to end");
	ok(is_done(e) && e.job.cancelled && !has_started(e), "and the next one dismissed");
	gate_destroy(&gate);
}

/* --- Time --- */

static void nothing(void *arg)
{
	(void)arg;
}

/* As if @ns of the host's time had gone by. */
static void host_time_passes(struct session *s, u64 ns)
{
	gate_enter(&s->gate);
	s->drive.host_base -= ns;
	gate_leave(&s->gate);
}

static u64 clock_at_request(struct session *s)
{
	u64 now;

	session_enter(s);
	now = s->m->clock.now;
	session_leave(s);
	return now;
}

static void set_mode(struct session *s, u32 mode, u32 rate)
{
	session_enter(s);
	s->m->clock.mode = mode;
	s->m->clock.rate = rate;
	session_leave(s);
}

static void check_clock(void)
{
	struct session s;
	u64 before, after;

	fixture.m->clock.mode = CLOCK_MODE_PAUSED;
	if (!is_err(session_start(&s, fixture.m, fixture.t, nothing, NULL), 0, "a session starts"))
		return;
	before = clock_at_request(&s);
	host_time_passes(&s, 10 * NSEC_PER_SEC);
	is_uint(clock_at_request(&s), before, "a paused clock stands still");

	set_mode(&s, CLOCK_MODE_REALTIME, 0);
	after = clock_at_request(&s);
	cmp_int(after, <, before + NSEC_PER_SEC * 10,
		"time that passed before it was let go does not count");
	host_time_passes(&s, 10 * NSEC_PER_SEC);
	cmp_int(clock_at_request(&s), >=, after + 10 * NSEC_PER_SEC,
		"then the host's time moves it");

	session_enter(&s);
	s.m->clock.now += 1000 * NSEC_PER_SEC; /* what a command cost */
	before = s.m->clock.now;
	session_leave(&s);
	host_time_passes(&s, 10 * NSEC_PER_SEC);
	is_uint(clock_at_request(&s), before, "a clock that is ahead of the host's waits");
	host_time_passes(&s, 1000 * NSEC_PER_SEC);
	cmp_int(clock_at_request(&s), >, before, "until the host's has caught up");

	session_enter(&s);
	s.m->clock.now += 1000 * NSEC_PER_SEC;
	tree_clock_set(s.tree);
	before = s.m->clock.now;
	session_leave(&s);
	host_time_passes(&s, NSEC_PER_SEC);
	cmp_int(clock_at_request(&s), >=, before + NSEC_PER_SEC,
		"one that was set on purpose goes on at once");

	set_mode(&s, CLOCK_MODE_RATE, 100);
	before = clock_at_request(&s);
	host_time_passes(&s, NSEC_PER_SEC);
	cmp_int(clock_at_request(&s), >=, before + 100 * NSEC_PER_SEC,
		"a rate is so many times the host's");

	gate_enter(&s.gate);
	gate_long_begin(&s.gate);
	s.drive.host_base -= 10 * NSEC_PER_SEC;
	before = s.m->clock.now;
	clock_drive_update(&s.drive);
	is_uint(s.m->clock.now, before, "while a command runs the host's time does not move it");
	gate_long_end(&s.gate);
	clock_drive_command_ended(&s.drive);
	clock_drive_update(&s.drive);
	cmp_int(s.m->clock.now - before, <, 1000 * NSEC_PER_SEC,
		"nor does that time count afterwards");
	gate_leave(&s.gate);
	ok(session_stop(&s), "the session stops");
}

static s64 faults(struct session *s)
{
	s64 n;

	gate_enter(&s->gate);
	n = (s64)s->m->vm_event[PGFAULT];
	gate_leave(&s->gate);
	return n;
}

/* A background load goes on with nobody asking for anything. */
static void check_timer(void)
{
	static const struct caller root;
	struct session s;
	u64 procs, ino;
	s64 before;

	session_start(&s, fixture.m, fixture.t, nothing, NULL);
	set_mode(&s, CLOCK_MODE_PAUSED, 0);
	session_enter(&s);
	tree_walk(s.tree, &root, "sim/procs", &procs);
	tree_mkdir(s.tree, &root, procs, "a", &ino);
	fixture_write(&fixture, "sim/procs/a/ctl", "mmap m 8M");
	is_int(fixture_write(&fixture, "sim/procs/a/ctl", "load m seq 1000 write=100"), 25,
	       "a background load");
	session_leave(&s);
	is_uint(s.drive.armed, 0, "sets no timer while the clock is paused");
	before = faults(&s);
	set_mode(&s, CLOCK_MODE_REALTIME, 0);
	until(faults(&s) > before + 3);
	pass("and goes on by itself when it runs");
	session_stop(&s);
}

int main(void)
{
	if (!fixture_open(&fixture, "tiny", NULL))
		bail_out("%s", fixture.why);
	check_gate();
	check_worker();
	check_clock();
	check_timer();
	fixture_close(&fixture);
	return done_testing();
}
