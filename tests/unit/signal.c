/* What each signal does to a process without handlers (signal(7)), and who may send it. */
#include <errno.h>
#include <string.h>

#include "tests/ctl.h"
#include "tests/sound.h"

#include <mman/lab.h>

#include "tests/tap.h"

enum fate { DIES, LIVES, STOPS };

static enum fate fate_of(int sig)
{
	switch (sig) {
	case 0:
	case 17: /* CHLD */
	case 18: /* CONT */
	case 23: /* URG */
	case 28: /* WINCH */
		return LIVES;
	case 19: /* STOP */
	case 20:
	case 21:
	case 22:
		return STOPS;
	default:
		return DIES;
	}
}

static void one_signal(struct fixture *f, int sig)
{
	static const char *const names[] = { "dies", "lives", "stops" };
	handle_t lab, task;
	bool as_expected;

	lab_create(f->m, "s", &lab);
	task = lab_at(f->m, lab)->task;
	is_err(send_signal(f->m, task, sig, 0), 0, "signal %d is sent", sig);
	switch (fate_of(sig)) {
	case DIES:
		as_expected = lab_at(f->m, lab)->ended && lab_at(f->m, lab)->exit_code == sig;
		break;
	case LIVES:
		as_expected = !lab_at(f->m, lab)->ended &&
			      task_at(f->m, task)->state == TASK_SLEEPING;
		break;
	default:
		as_expected = !lab_at(f->m, lab)->ended &&
			      task_at(f->m, task)->state == TASK_STOPPED;
		break;
	}
	ok(as_expected, "and its receiver %s", names[fate_of(sig)]);
	lab_remove(f->m, "s");
}

static void test_core(struct fixture *f)
{
	handle_t lab;

	lab_create(f->m, "c", &lab);
	task_setrlimit(f->m, lab_at(f->m, lab)->task, RLIM_CORE, RLIM_INF, RLIM_INF);
	send_signal(f->m, lab_at(f->m, lab)->task, 11, 0);
	is_int(lab_at(f->m, lab)->exit_code, 11 | 0x80,
	       "with a limit for cores, SIGSEGV says that one was dumped");
	lab_remove(f->m, "c");
}

static void test_who(struct fixture *f)
{
	handle_t lab, task;

	lab_create(f->m, "w", &lab);
	task = lab_at(f->m, lab)->task;
	is_err(send_signal(f->m, task, 65, 0), -EINVAL, "there is no signal 65");
	is_err(send_signal(f->m, task, -1, 0), -EINVAL, "nor one of -1");
	is_err(send_signal(f->m, task, 9, 5), -EPERM, "uid 5 may not end root's process");
	is_err(send_signal(f->m, task, 0, 5), -EPERM, "nor ask for it");
	task_at(f->m, task)->uid = 5;
	is_err(send_signal(f->m, task, 0, 5), 0, "its own it may");
	is_err(send_signal(f->m, f->m->tasks.init, 9, 0), 0, "init may be sent SIGKILL");
	ok(find_task_by_pid(f->m, 1), "and stays");
	lab_remove(f->m, "w");
}

int main(void)
{
	struct fixture f;
	int sig;

	if (!fixture_open(&f, "tiny", NULL))
		bail_out("%s", f.why);
	for (sig = 0; sig <= 64; sig++)
		one_signal(&f, sig);
	test_core(&f);
	test_who(&f);
	is_sound(f.m, "at the end");
	fixture_close(&f);
	return done_testing();
}
