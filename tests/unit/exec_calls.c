/*
 * What becomes of each stopped call of `mmanfs exec`, in a world made of tables: own processes
 * 4000001 (the caller), 4000002 and thread 4000003, own group 4000002, simulated processes 42 and 1.
 */
#include <errno.h>
#include <limits.h>
#include <linux/ptrace.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "fs/exec/calls.h"
#include "tests/tap.h"

#define SELF		 4000001
#define CHILD		 4000002
#define THREAD		 4000003
#define SIMULATED	 42
#define NOBODY		 777
#define PIDFD_CHILD	 3
#define PIDFD_OUTSIDE	 4
#define PIDFD_SUPERVISOR 5
#define PIDFD_ENDED	 6
#define NO_PIDFD	 7

struct fake {
	struct exec_caller caller;
	bool caller_gone;
	bool alone;
	bool unmounted;
	struct mmanfs_signal last;
	int nr_delivered;
	int nr_group;
};

static bool has_task(void *ctx, pid_t number)
{
	(void)ctx;
	return number == SELF || number == CHILD || number == THREAD;
}

static bool has_group(void *ctx, pid_t number)
{
	(void)ctx;
	return number == CHILD;
}

static bool has_others(void *ctx, pid_t tgid)
{
	const struct fake *f = ctx;

	return !f->alone && tgid == SELF;
}

static int get_caller(void *ctx, pid_t tid, struct exec_caller *caller)
{
	const struct fake *f = ctx;

	if (f->caller_gone || tid != SELF)
		return -ESRCH;
	*caller = f->caller;
	return 0;
}

static int get_pidfd(void *ctx, pid_t tid, int fd)
{
	(void)ctx;
	if (tid != SELF)
		return -EBADF;
	switch (fd) {
	case PIDFD_CHILD:
		return CHILD;
	case PIDFD_OUTSIDE:
		return 0;
	case PIDFD_SUPERVISOR:
		return 1;
	case PIDFD_ENDED:
		return -ESRCH;
	default:
		return -EBADF;
	}
}

static int kill_start_group(void *ctx, const struct exec_caller *caller, int sig)
{
	struct fake *f = ctx;

	f->nr_group++;
	f->last.sig = sig;
	f->last.uid = caller->uid;
	return 0;
}

/* A machine of two processes, root's 1 and user 1000's 42, the latter alone in its group. */
static int deliver(void *ctx, const struct mmanfs_signal *signal)
{
	struct fake *f = ctx;
	int pid = signal->pid < -1 ? -signal->pid : signal->pid;

	f->last = *signal;
	f->nr_delivered++;
	if (f->unmounted)
		return -ENOTCONN;
	if (pid != 1 && pid != SIMULATED && pid != -1)
		return -ESRCH;
	if (signal->sig < 0 || signal->sig > 64)
		return -EINVAL;
	if (signal->uid != 0 && (pid == 1 || signal->uid != 1000))
		return -EPERM;
	return 0;
}

static struct fake fake;

static void reset(void)
{
	fake = (struct fake){ .caller = { .uid = 1000, .tgid = SELF, .group = SELF } };
}

static const struct exec_world world = {
	.has_task = has_task,
	.has_group = has_group,
	.has_others = has_others,
	.get_caller = get_caller,
	.get_pidfd = get_pidfd,
	.kill_start_group = kill_start_group,
	.deliver = deliver,
	.identity = 0x1234,
	.ctx = &fake,
};

/* 1: the kernel goes on; 0 or -errno: the answer */
#define GOES_ON 1

static int64_t value;

static int call(int nr, uint64_t a, uint64_t b, uint64_t c)
{
	const uint64_t args[6] = { a, b, c };
	const struct exec_call *row = exec_call_find(nr);
	struct exec_answer answer = row->serve(&world, row, SELF, args);

	value = answer.value;
	return answer.go_on ? GOES_ON : answer.error;
}

/* As user space passes a negative int: sign-extended or not, it means the same. */
static uint64_t neg(int n)
{
	return (uint64_t)(int64_t)-n;
}

static void test_kill(void)
{
	reset();
	is_int(call(SYS_kill, CHILD, 15, 0), GOES_ON, "kill of a child is the kernel's");
	is_int(call(SYS_kill, SELF, 15, 0), GOES_ON, "and of oneself");
	is_int(fake.nr_delivered, 0, "  and the engine hears nothing of it");

	is_int(call(SYS_kill, SIMULATED, 9, 0), 0, "kill of a simulated process is answered");
	is_int(fake.nr_delivered, 1, "  by the engine, which got one signal:");
	is_int(fake.last.pid, SIMULATED, "  for it,");
	is_int(fake.last.sig, 9, "  the right one,");
	is_uint(fake.last.uid, 1000, "  from the caller's user");
	is_uint(fake.last.flags, 0, "  to the process");
	is_int(call(SYS_kill, SIMULATED, 0, 0), 0, "kill -0 of a simulated process is 0");
	is_int(call(SYS_kill, 0xdeadbeef00000000u | SIMULATED, 0, 0), 0,
	       "the upper half of the argument does not count");
	is_err(call(SYS_kill, 1, 9, 0), -EPERM, "1 is the simulated init, not the supervisor");
	is_err(call(SYS_kill, NOBODY, 9, 0), -ESRCH, "a number of nobody is ESRCH");
	is_err(call(SYS_kill, SIMULATED, 65, 0), -EINVAL, "the engine's errors come through");
	fake.unmounted = true;
	is_err(call(SYS_kill, SIMULATED, 9, 0), -ESRCH, "nobody lives on an unmounted machine");
}

static void test_kill_many(void)
{
	reset();
	is_int(call(SYS_kill, neg(CHILD), 15, 0), GOES_ON, "kill of an own group is the kernel's");
	is_int(fake.nr_delivered, 0, "  alone");
	is_int(call(SYS_kill, neg(SIMULATED), 15, 0), 0, "of any other group the engine's");
	is_int(fake.last.pid, -SIMULATED, "  as a group");
	is_int(call(SYS_kill, (uint32_t)-SIMULATED, 15, 0), 0,
	       "also when it was not sign-extended");
	is_err(call(SYS_kill, neg(NOBODY), 15, 0), -ESRCH, "a group of nobody is ESRCH");
	is_err(call(SYS_kill, (uint64_t)(int64_t)INT_MIN, 15, 0), -ESRCH, "so is INT_MIN");

	is_int(call(SYS_kill, 0, 15, 0), GOES_ON,
	       "kill(0) in a group of one's own is the kernel's");
	fake.caller.group = 0;
	is_int(call(SYS_kill, 0, 15, 0), 0, "in the group that goes beyond the session it is not");
	is_int(fake.nr_group, 1, "  but the supervisor's");

	reset();
	is_int(call(SYS_kill, neg(1), 15, 0), GOES_ON, "kill(-1) reaches own processes");
	is_int(fake.nr_delivered, 1, "  and simulated ones");
	is_int(fake.last.pid, -1, "  all of them");
	fake.alone = true;
	is_int(call(SYS_kill, neg(1), 15, 0), 0, "without own ones it is the engine's answer");
	fake.caller.uid = 7;
	is_err(call(SYS_kill, neg(1), 15, 0), -EPERM, "  whatever it is");
}

static void test_threads_and_queues(void)
{
	reset();
	is_int(call(SYS_tkill, THREAD, 15, 0), GOES_ON, "tkill of an own thread");
	is_int(call(SYS_tkill, SIMULATED, 15, 0), 0, "tkill of a simulated process");
	is_uint(fake.last.flags, MMANFS_SIGNAL_THREAD, "  is marked as meant for the thread");
	is_int(call(SYS_tkill, neg(1), 15, 0), GOES_ON, "tkill(-1) is the kernel's to refuse");
	is_int(call(SYS_tgkill, SELF, THREAD, 15), GOES_ON, "tgkill of an own thread");
	is_int(call(SYS_tgkill, SIMULATED, SIMULATED, 15), 0, "tgkill of a simulated process");
	is_int(fake.last.sig, 15, "  takes its third argument for the signal");
	is_err(call(SYS_tgkill, 1, SIMULATED, 15), -ESRCH, "tgkill of a thread in another process");
	is_err(call(SYS_tgkill, NOBODY, NOBODY, 15), -ESRCH, "tgkill of nobody");
	is_int(call(SYS_tgkill, 0, CHILD, 15), GOES_ON, "tgkill(0, ...) is the kernel's to refuse");
	is_int(call(SYS_rt_tgsigqueueinfo, SIMULATED, SIMULATED, 34), 0,
	       "rt_tgsigqueueinfo likewise");
	is_int(call(SYS_rt_tgsigqueueinfo, SELF, SELF, 34), GOES_ON, "  and of oneself");
	is_int(call(SYS_rt_sigqueueinfo, SIMULATED, 34, 0), 0, "rt_sigqueueinfo likewise");
	is_int(fake.last.sig, 34, "  with its signal");
	is_int(call(SYS_rt_sigqueueinfo, CHILD, 34, 0), GOES_ON, "  and of a child");
	is_err(call(SYS_rt_sigqueueinfo, NOBODY, 34, 0), -ESRCH, "  and of nobody");
}

/* The calls that the engine does not serve. */
static void test_others(void)
{
	static const int calls[] = {
		SYS_process_vm_readv,	SYS_process_vm_writev,
		SYS_move_pages,		SYS_migrate_pages,
		SYS_prlimit64,		SYS_sched_setaffinity,
		SYS_sched_getaffinity,	SYS_sched_setscheduler,
		SYS_sched_getscheduler, SYS_sched_setparam,
		SYS_sched_getparam,	SYS_sched_setattr,
		SYS_sched_getattr,	SYS_sched_rr_get_interval,
		SYS_pidfd_open,
	};

	reset();
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		const char *name = exec_call_find(calls[i])->name;

		is_int(call(calls[i], CHILD, 1, 1), GOES_ON, "%s of a child", name);
		is_int(call(calls[i], THREAD, 1, 1), GOES_ON, "%s of a thread", name);
		is_err(call(calls[i], SIMULATED, 1, 1), -ESRCH, "%s of a simulated process", name);
		is_err(call(calls[i], 1, 1, 1), -ESRCH, "%s of 1", name);
		is_err(call(calls[i], NOBODY, 1, 1), -ESRCH, "%s of nobody", name);
		is_int(call(calls[i], neg(5), 1, 1), GOES_ON, "%s of -5", name);
	}
	is_int(call(SYS_ptrace, PTRACE_ATTACH, CHILD, 0), GOES_ON, "ptrace of a child");
	is_err(call(SYS_ptrace, PTRACE_ATTACH, SIMULATED, 0), -ESRCH,
	       "ptrace of a simulated process");
	is_err(call(SYS_ptrace, PTRACE_SEIZE, 1, 0), -ESRCH, "ptrace of 1");
	is_int(fake.nr_delivered, 0, "the engine hears nothing of all that");
}

static void test_pidfds(void)
{
	static const int calls[] = { 424, 440, 448 };

	reset();
	for (size_t i = 0; i < 3; i++) {
		const char *name = exec_call_find(calls[i])->name;

		is_int(call(calls[i], PIDFD_CHILD, 9, 0), GOES_ON, "%s of a child", name);
		is_int(call(calls[i], PIDFD_ENDED, 9, 0), GOES_ON, "%s of one that ended", name);
		is_err(call(calls[i], PIDFD_OUTSIDE, 9, 0), -ESRCH, "%s of a process outside",
		       name);
		is_err(call(calls[i], PIDFD_SUPERVISOR, 9, 0), -ESRCH, "%s of the supervisor",
		       name);
		is_err(call(calls[i], NO_PIDFD, 9, 0), -EBADF, "%s of no pidfd", name);
		is_int(call(calls[i], neg(1), 9, 0), GOES_ON, "%s of -1", name);
	}
	is_int(call(434, 0, EXEC_HELLO, 0), 0, "the supervisor says who it is");
	is_hex(value, 0x6d6d6e6600001234, "  and which mount it serves");
	is_int(call(434, 0, 0, 0), GOES_ON, "only when it is asked so");
}

static void test_priorities(void)
{
	static const struct {
		int nr, process;
	} calls[] = {
		{ SYS_getpriority, PRIO_PROCESS },
		{ SYS_setpriority, PRIO_PROCESS },
		{ SYS_ioprio_get, 1 },
		{ SYS_ioprio_set, 1 },
	};

	for (size_t i = 0; i < 4; i++) {
		const char *name = exec_call_find(calls[i].nr)->name;
		uint64_t process = (uint64_t)calls[i].process, group = process + 1,
			 user = process + 2;
		int nr = calls[i].nr;

		reset();
		is_int(call(nr, process, 0, 5), GOES_ON, "%s of oneself", name);
		is_int(call(nr, process, CHILD, 5), GOES_ON, "%s of a child", name);
		is_err(call(nr, process, SIMULATED, 5), -ESRCH, "%s of a simulated process", name);
		is_err(call(nr, process, 1, 5), -ESRCH, "%s of 1", name);
		is_int(call(nr, group, CHILD, 5), GOES_ON, "%s of an own group", name);
		is_err(call(nr, group, SIMULATED, 5), -ESRCH, "%s of another group", name);
		is_int(call(nr, group, 0, 5), GOES_ON, "%s of the caller's group", name);
		fake.caller.group = 0;
		is_err(call(nr, group, 0, 5), -ESRCH, "%s of a group with members outside", name);
		is_int(call(nr, user, 1000, 5), GOES_ON, "%s of a user", name);
		is_int(call(nr, 77, SIMULATED, 5), GOES_ON, "%s of rubbish", name);
	}
}

/* Whoever made a PID namespace of his own counts otherwise than we do. */
static void test_nested(void)
{
	reset();
	fake.caller.nested = true;
	is_int(call(SYS_kill, 1, 15, 0), GOES_ON, "kill of 1 in a namespace below");
	is_int(call(SYS_kill, SIMULATED, 15, 0), GOES_ON, "and of any other number there");
	is_int(call(SYS_kill, neg(1), 15, 0), GOES_ON, "and of everybody");
	is_int(call(SYS_ptrace, PTRACE_ATTACH, 1, 0), GOES_ON, "and ptrace");
	is_int(fake.nr_delivered, 0, "none of it is for the engine");
}

static void test_caller_gone(void)
{
	reset();
	fake.caller_gone = true;
	is_err(call(SYS_kill, SIMULATED, 9, 0), -ESRCH,
	       "nothing is done for a caller that is gone");
	is_err(call(SYS_kill, neg(1), 9, 0), -ESRCH, "nor to everybody");
	is_err(call(SYS_kill, 0, 9, 0), -ESRCH, "nor to a group");
	is_int(fake.nr_delivered + fake.nr_group, 0, "no signal was sent");
}

int main(void)
{
	test_kill();
	test_kill_many();
	test_threads_and_queues();
	test_others();
	test_pidfds();
	test_priorities();
	test_nested();
	test_caller_gone();
	return done_testing();
}
