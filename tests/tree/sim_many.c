/*
 * 20,000 processes: they are made, listed and ended, the invariants hold, and making one costs no
 * more with 20,000 than with 100. Cost is what the engine does, counted in the pools it touches and
 * in instructions where the host can count them; no clock is asked.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <mman/lab.h>

#include "tests/ctl.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define MANY   20000u
#define SAMPLE 100u

static int open_counter(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_HARDWARE,
					.size = sizeof(attr),
					.config = PERF_COUNT_HW_INSTRUCTIONS,
					.exclude_kernel = 1 };

	return (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

static u64 instructions(int counter)
{
	u64 n = 0;

	return counter >= 0 && read(counter, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

/* One process, and what its stat says. */
static bool make_one(struct fixture *f, u32 i)
{
	const char *name = fixture_format("p%u", i);

	return !ctl_mkdir(f, name) && ctl_pid(f, name) &&
	       *fixture_read(f, fixture_format("proc/%u/stat", ctl_pid(f, name)));
}

static u64 make_sample(struct fixture *f, u32 from, int counter, u32 *made)
{
	u64 before = instructions(counter);
	u32 i;

	for (i = from; i < from + SAMPLE; i++)
		*made += make_one(f, i);
	return instructions(counter) - before;
}

static bool count_entry(struct dir_emit *e, const char *name, const struct entry *entry, u64 next)
{
	u32 *n = e->arg;

	(void)entry;
	(void)next;
	*n += *name == 'p';
	return true;
}

static u32 list(struct fixture *f)
{
	static const struct caller root;
	u32 n = 0;
	struct dir_emit e = { .arg = &n, .emit = count_entry };
	u64 ino;

	tree_walk(f->t, &root, "sim/procs", &ino);
	tree_readdir(f->t, &root, ino, 0, &e);
	return n;
}

/* Who comes in while sim/check is made. */
static bool count_visit(struct machine *m, void *arg)
{
	u32 *left = arg;

	(void)m;
	return --*left;
}

/* With so many it takes its time: others are let in between its parts. */
static void test_check(struct fixture *f)
{
	static const struct caller root;
	struct open_file *file = NULL;
	u32 left = 1000;
	u64 ino;

	tree_walk(f->t, &root, "sim/check", &ino);
	tree_open(f->t, &root, ino, O_RDONLY, &file);
	ok(file && tree_read_is_long(f->t, &root, file, 0), "sim/check is a long read");
	tree_release(f->t, &root, file);
	f->m->host.yield = count_visit;
	f->m->host.arg = &left;
	f->m->attention = 1;
	is_str(fixture_read(f, "sim/check"), "ok\n", "it comes to its end");
	cmp_int(left, <=, 1000 - 10, "and lets others in");
	left = 3;
	is_err(fixture_error(f, "sim/check"), -EINTR, "until its reader gives up");
	f->m->host.yield = NULL;
	f->m->attention = 0;
}

static void test_many(struct fixture *f)
{
	int counter = open_counter();
	u32 made = 0, i, removed = 0;
	u64 few, many, bytes;
	s64 free_before = ctl_meminfo(f, "MemFree:");

	make_sample(f, 0, counter, &made); /* warms up */
	few = make_sample(f, SAMPLE, counter, &made);
	for (i = 2 * SAMPLE; i < MANY - SAMPLE; i++)
		made += make_one(f, i);
	many = make_sample(f, MANY - SAMPLE, counter, &made);
	is_uint(made, MANY, "%u processes are made, and their stat read", MANY);
	if (few)
		cmp_int(many, <=, 2 * few,
			"the last hundred cost %llu instructions, the second hundred %llu",
			(unsigned long long)many, (unsigned long long)few);
	else
		skip(1, "this host counts no instructions");
	is_uint(list(f), MANY, "all of them are listed");
	is_sound(f->m, "with all of them");
	test_check(f);
	bytes = (u64)f->m->tasks.tasks.nr_live * sizeof(struct task);
	cmp_int(bytes / MANY, <=, 512, "a task is at most half a KiB");
	for (i = 0; i < MANY; i++)
		removed += !ctl_rmdir(f, fixture_format("p%u", i * 7919u % MANY));
	is_uint(removed, MANY, "they are ended in another order");
	is_uint(list(f), 0, "none is left");
	is_uint(f->m->tasks.labs.nr_live, 0, "nor a directory of one");
	is_uint(f->m->tasks.lab_regions.nr_live, 0, "nor a region");
	cmp_int(ctl_meminfo(f, "MemFree:"), >=, free_before - 4096, "their memory is free again");
	is_sound(f->m, "when all are gone");
	if (counter >= 0)
		close(counter);
}

/* Numbers are given out in order, and begin anew behind pid_max. */
static void test_wrap(struct fixture *f)
{
	u32 first, i, pid, last = 0;
	bool fresh = true, below = true;

	fixture_write(f, "proc/sys/kernel/pid_max", "1000\n");
	ctl_mkdir(f, "keeps");
	first = ctl_pid(f, "keeps");
	for (i = 0; i < 1500; i++) {
		ctl_mkdir(f, "w");
		pid = ctl_pid(f, "w");
		fresh &= pid && pid != first && pid != last;
		below &= pid < 1000;
		last = pid;
		ctl_rmdir(f, "w");
	}
	ok(fresh,
	   "a number in use is stepped over, and one just given back is not given again at once");
	ok(below, "all are below pid_max");
	ctl_rmdir(f, "keeps");
}

int main(void)
{
	struct fixture f;

	if (!fixture_open(&f, "laptop", NULL))
		bail_out("%s", f.why);
	test_many(&f);
	test_wrap(&f);
	is_sound(f.m, "at the end");
	fixture_close(&f);
	return done_testing();
}
