/*
 * sim/clock and what runs on it: how it is set, and background loads, which keep their rate in
 * virtual time.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <mman/lab.h>

#include "tests/ctl.h"
#include "tests/sound.h"
#include "tests/tap.h"

static void refused(struct fixture *f, const char *text)
{
	char before[64];

	snprintf(before, sizeof(before), "%s", fixture_read(f, "sim/clock"));
	is_err(fixture_write(f, "sim/clock", text), -EINVAL, "'%.40s' is refused", text);
	is_str(fixture_read(f, "sim/clock"), before, "and the clock stands as before");
}

/* "advance @text" moves the clock by @ns. */
static void advances(struct fixture *f, const char *text, u64 ns)
{
	u64 before = f->m->clock.now;

	is_int(fixture_write(f, "sim/clock", fixture_format("advance %s\n", text)),
	       9 + strlen(text), "advance %s", text);
	is_uint(f->m->clock.now - before, ns, "is %llu ns", (unsigned long long)ns);
}

static void test_modes(struct fixture *f)
{
	is_int(fixture_write(f, "sim/clock", "pause\n"), 6, "pause");
	like(fixture_read(f, "sim/clock"), "^[0-9]+\\.[0-9]{9} paused\n$",
	     "seconds, nine digits, the mode");
	is_int(fixture_write(f, "sim/clock", "realtime"), 8, "realtime, without newline");
	like(fixture_read(f, "sim/clock"), " realtime\n$", "is told");
	is_int(fixture_write(f, "sim/clock", "rate 10\n"), 8, "rate 10");
	like(fixture_read(f, "sim/clock"), " x10\n$", "is told");
	is_int(fixture_write(f, "sim/clock", " pause"), -EINVAL, "no blanks in front");
	is_int(fixture_write(f, "sim/clock", "pause  \n"), 8, "blanks behind do no harm");
}

static void test_advance(struct fixture *f)
{
	advances(f, "1", NSEC_PER_SEC);
	advances(f, "1.5", 1500 * NSEC_PER_MSEC);
	advances(f, "250ms", 250 * NSEC_PER_MSEC);
	advances(f, "10us", 10 * NSEC_PER_USEC);
	advances(f, "7ns", 7);
	advances(f, "0", 0);
	advances(f, "2m", 120ull * NSEC_PER_SEC);
	advances(f, "2min", 120ull * NSEC_PER_SEC);
	advances(f, "3h", 3ull * 3600 * NSEC_PER_SEC);
	advances(f, "1d", 86400ull * NSEC_PER_SEC);
	advances(f, "0.000000001s", 1);
	advances(f, "0.0000000019s", 1);
	advances(f, "0.5m", 30 * NSEC_PER_SEC);
}

static void test_refused(struct fixture *f)
{
	static const char *const bad[] = {
		"",
		"\n",
		"advance",
		"advance \n",
		"advance -1",
		"advance 1x",
		"advance 1 s",
		"advance ms",
		"advance .5",
		"advance 1e3",
		"advance 300000000000d",
		"advance 99999999999999999999",
		"advance 292y",
		"rate",
		"rate 0",
		"rate -1",
		"rate 1.5",
		"rate 1000001",
		"rate x10",
		"pause now",
		"realtime 3",
		"stop",
		"advance 1\nadvance 1",
		"paus",
		"pausee",
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		if (!*bad[i])
			continue;
		refused(f, bad[i]);
	}
	is_err(tree_write_file(f->t, "sim/clock", "pause\0", 6), -EINVAL,
	       "a zero byte is no blank");
}

/* ---- loads ---- */

static struct lab_load *the_load(struct fixture *f, const char *name)
{
	handle_t h = lab_at(f->m, lab_find(f->m, name))->loads;

	return h ? pool_at(&f->m->tasks.lab_loads, h) : NULL;
}

static u64 faults(struct fixture *f, const char *name)
{
	return task_at(f->m, lab_at(f->m, lab_find(f->m, name))->task)->min_flt;
}

static void test_rate(struct fixture *f)
{
	ctl_mkdir(f, "l");
	ctl_put(f, "l", "mmap m 64M");
	is_int(ctl_put(f, "l", "load m seq 1000"), 15, "a load of 1000 accesses a second");
	is_str(ctl_read(f, "l", "status"), "running", "its process runs");
	advances(f, "1s", NSEC_PER_SEC);
	is_uint(the_load(f, "l")->done, 1000, "after a second, 1000 accesses");
	advances(f, "9500ms", 9500 * NSEC_PER_MSEC);
	is_uint(the_load(f, "l")->done, 10500, "after ten and a half, 10500");
	is_int(ctl_put(f, "l", "unload m"), 8, "unload");
	is_str(ctl_read(f, "l", "status"), "sleeping", "and it sleeps");
	ok(!event_pending(f->m, EVENT_LOAD, 1), "no event is left");

	ctl_put(f, "l", "load m uniform 1");
	advances(f, "1s", NSEC_PER_SEC);
	is_uint(the_load(f, "l")->done, 1, "one access a second is made after a second");
	advances(f, "100s", 100 * NSEC_PER_SEC);
	is_uint(the_load(f, "l")->done, 101, "and once in each that follows");
	ctl_put(f, "l", "unload m");
	ctl_rmdir(f, "l");
}

static void test_for(struct fixture *f)
{
	u64 before;

	ctl_mkdir(f, "l");
	ctl_put(f, "l", "mmap m 64M");
	before = faults(f, "l");
	is_int(ctl_put(f, "l", "load m seq 300 write=100 for=2500ms"), 35,
	       "a load for two and a half seconds");
	advances(f, "2499ms", 2499 * NSEC_PER_MSEC);
	ok(the_load(f, "l"), "it runs until then");
	advances(f, "1ms", NSEC_PER_MSEC);
	ok(!the_load(f, "l"), "and is gone then");
	is_uint(faults(f, "l") - before, 750, "after 300 accesses in each second");
	advances(f, "10s", 10 * NSEC_PER_SEC);
	is_uint(faults(f, "l") - before, 750, "and nothing happens afterwards");
	is_err(ctl_put(f, "l", "unload m"), -ENOENT, "there is nothing to unload");
	ctl_rmdir(f, "l");
}

static void test_pieces(struct fixture *f)
{
	u64 done[2];
	u32 way, i;

	for (way = 0; way < 2; way++) {
		ctl_mkdir(f, "l");
		ctl_put(f, "l", "mmap m 16M\nload m zipf:0.7 777 write=30");
		for (i = 0; i < (way ? 100u : 1u); i++)
			fixture_write(f, "sim/clock", way ? "advance 30ms" : "advance 3s");
		done[way] = the_load(f, "l")->done;
		ctl_rmdir(f, "l");
	}
	is_uint(done[0], done[1], "one advance of 3 s and a hundred of 30 ms do the same");
	cmp_int(done[0], ==, 777 * 3, "which is what the rate says");
}

static void test_stop_and_end(struct fixture *f)
{
	ctl_mkdir(f, "l");
	ctl_put(f, "l", "mmap m 1M\nmmap n 1M\nload m uniform 1000\nload n seq 2000 write=100");
	fixture_write(f, "sim/clock", "advance 1s");
	ctl_put(f, "l", "kill STOP");
	fixture_write(f, "sim/clock", "advance 60s");
	is_str(ctl_read(f, "l", "status"), "stopped", "a stopped process's loads rest");
	ctl_put(f, "l", "kill CONT");
	fixture_write(f, "sim/clock", "advance 1s");
	is_str(ctl_read(f, "l", "status"), "running", "and go on with it");
	is_int(ctl_put(f, "l", "munmap m"), 8, "the memory under a load is taken away");
	fixture_write(f, "sim/clock", "advance 1s");
	is_str(ctl_read(f, "l", "status"), "killed by signal 11", "and the load runs into nothing");
	fixture_write(f, "sim/clock", "advance 10s");
	is_sound(f->m, "after a load killed its process");
	is_int(f->m->clock.nr_events, 0, "no event is left behind");
	ctl_rmdir(f, "l");
}

/* More than a CPU can do: it falls behind, and the clock is not held up. */
static void test_saturation(struct fixture *f)
{
	u64 before;

	ctl_mkdir(f, "l");
	ctl_put(f, "l", "mmap m 1M\nwrite m\nload m uniform 1T");
	before = f->m->clock.now;
	fixture_write(f, "sim/clock", "advance 100ms");
	is_uint(f->m->clock.now - before, 100 * NSEC_PER_MSEC,
		"an impossible rate does not hold the clock up");
	ctl_rmdir(f, "l");
}

int main(void)
{
	struct fixture f;

	if (!fixture_open(&f, "tiny", NULL))
		bail_out("%s", f.why);
	test_modes(&f);
	test_advance(&f);
	test_refused(&f);
	test_rate(&f);
	test_for(&f);
	test_pieces(&f);
	test_stop_and_end(&f);
	test_saturation(&f);
	is_sound(f.m, "at the end");
	fixture_close(&f);
	return done_testing();
}
