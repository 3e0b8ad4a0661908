/* The table of PIDs: found by number, listed in order, whatever comes and goes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mm/pid.h"
#include "tests/fixture.h"
#include "tests/tap.h"
#include "tests/draw.h"

#define NUMBERS 1000u

static void test_random(struct machine *m)
{
	static handle_t task[NUMBERS];
	u64 c = 7;
	u32 i, wrong = 0, base = 1000000;
	handle_t h;

	for (i = 0; i < 30000; i++) {
		u32 n = (u32)draw(&c, NUMBERS), pid = base + n * 37;

		if (task[n]) {
			task_at(m, task[n])->flags |= PF_EXITING;
			do_exit(m, task[n], 0);
			task[n] = 0;
		} else if (task_create(m, m->tasks.init, "t", pid, &task[n])) {
			bail_out("no task %u", pid);
		}
		wrong += find_task_by_pid(m, pid) != task[n];
	}
	is_uint(wrong, 0, "each is found while it is there, and only then");
	h = pid_next(m, base);
	for (i = 0; i < NUMBERS; i++) {
		if (!task[i])
			continue;
		wrong += h != task[i];
		h = h ? pid_next(m, task_at(m, h)->pid + 1) : 0;
	}
	is_uint(wrong, 0, "they are listed in order of their numbers");
	ok(!h, "and then there are no more");
	for (i = 0; i < NUMBERS; i++)
		if (task[i])
			do_exit(m, task[i], 0);
}

int main(void)
{
	struct fixture f;
	u32 nodes, last;
	handle_t h;

	if (!fixture_open(&f, "tiny", NULL))
		bail_out("%s", f.why);
	nodes = f.m->tasks.pid_nodes.nr_live;
	is_uint(find_task_by_pid(f.m, 1), f.m->tasks.init, "PID 1 is init");
	is_uint(find_task_by_pid(f.m, 2), f.m->tasks.kthreadd, "PID 2 is kthreadd");
	is_uint(find_task_by_pid(f.m, 0), 0, "there is no PID 0");
	is_uint(find_task_by_pid(f.m, UINT32_MAX), 0, "nor one beyond all numbers");
	is_uint(pid_next(f.m, 1 << 24), 0, "nothing comes behind them");
	is_err(task_create(f.m, f.m->tasks.init, "x", 1, &h), -EEXIST, "a number is given once");
	is_err(task_create(f.m, f.m->tasks.init, "x", 1 << 22, &h), -EINVAL, "2^22 is no number");
	test_random(f.m);
	is_uint(f.m->tasks.pid_nodes.nr_live, nodes, "the table is as small as before");

	f.m->sysctl.pid_max = 400;
	f.m->tasks.last_pid = 398;
	is_err(task_create(f.m, f.m->tasks.init, "x", 0, &h), 0, "below pid_max there is one left");
	last = task_at(f.m, h)->pid;
	is_uint(last, 399, "which is the last");
	do_exit(f.m, h, 0);
	task_create(f.m, f.m->tasks.init, "x", 0, &h);
	is_uint(task_at(f.m, h)->pid, 300, "then numbers begin anew at 300");
	do_exit(f.m, h, 0);
	fixture_close(&f);
	return done_testing();
}
