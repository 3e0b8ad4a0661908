/* What becomes of each stopped call of `mmanfs exec`, in the world of tests/exec_world.h. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <linux/ptrace.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#include <mman/types.h>

#include "tests/exec_world.h"
#include "tests/tap.h"

/* 1: the kernel goes on; 0 or -errno: the answer */
#define GOES_ON 1

static int64_t value;
static bool gives_fd;

static int call5(int nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	const uint64_t args[6] = { a, b, c, d, e };
	const struct exec_call *row = exec_call_find(nr);
	struct exec_answer answer = row->serve(&fake_exec_world, row, SELF, args);

	value = answer.value;
	gives_fd = answer.gives_fd;
	return answer.go_on ? GOES_ON : answer.error;
}

static int call(int nr, uint64_t a, uint64_t b, uint64_t c)
{
	return call5(nr, a, b, c, 0, 0);
}

/* As user space passes a negative int: sign-extended or not, it means the same. */
static uint64_t neg(int n)
{
	return (uint64_t)(int64_t)-n;
}

static void test_kill(void)
{
	reset_exec_fake();
	is_int(call(SYS_kill, CHILD, 15, 0), GOES_ON, "kill of a child is the kernel's");
	is_int(call(SYS_kill, SELF, 15, 0), GOES_ON, "and of oneself");
	is_int(exec_fake.nr_delivered, 0, "  and the engine hears nothing of it");

	is_int(call(SYS_kill, SIMULATED, 9, 0), 0, "kill of a simulated process is answered");
	is_int(exec_fake.nr_delivered, 1, "  by the engine, which got one signal:");
	is_int(exec_fake.last.pid, SIMULATED, "  for it,");
	is_int(exec_fake.last.sig, 9, "  the right one,");
	is_uint(exec_fake.last.uid, 1000, "  from the caller's user");
	is_uint(exec_fake.last.flags, 0, "  to the process");
	is_int(call(SYS_kill, SIMULATED, 0, 0), 0, "kill -0 of a simulated process is 0");
	is_int(call(SYS_kill, 0xdeadbeef00000000u | SIMULATED, 0, 0), 0,
	       "the upper half of the argument does not count");
	is_err(call(SYS_kill, 1, 9, 0), -EPERM, "1 is the simulated init, not the supervisor");
	is_err(call(SYS_kill, NOBODY, 9, 0), -ESRCH, "a number of nobody is ESRCH");
	is_err(call(SYS_kill, SIMULATED, 65, 0), -EINVAL, "the engine's errors come through");
	exec_fake.unmounted = true;
	is_err(call(SYS_kill, SIMULATED, 9, 0), -ESRCH, "nobody lives on an unmounted machine");
}

static void test_kill_many(void)
{
	reset_exec_fake();
	is_int(call(SYS_kill, neg(CHILD), 15, 0), GOES_ON, "kill of an own group is the kernel's");
	is_int(exec_fake.nr_delivered, 0, "  alone");
	is_int(call(SYS_kill, neg(SIMULATED), 15, 0), 0, "of any other group the engine's");
	is_int(exec_fake.last.pid, -SIMULATED, "  as a group");
	is_int(call(SYS_kill, (uint32_t)-SIMULATED, 15, 0), 0,
	       "also when it was not sign-extended");
	is_err(call(SYS_kill, neg(NOBODY), 15, 0), -ESRCH, "a group of nobody is ESRCH");
	is_err(call(SYS_kill, (uint64_t)(int64_t)INT_MIN, 15, 0), -ESRCH, "so is INT_MIN");

	is_int(call(SYS_kill, 0, 15, 0), GOES_ON,
	       "kill(0) in a group of one's own is the kernel's");
	exec_fake.caller.group = 0;
	is_int(call(SYS_kill, 0, 15, 0), 0, "in the group that goes beyond the session it is not");
	is_int(exec_fake.nr_group, 1, "  but the supervisor's");

	reset_exec_fake();
	is_int(call(SYS_kill, neg(1), 15, 0), GOES_ON, "kill(-1) reaches own processes");
	is_int(exec_fake.nr_delivered, 1, "  and simulated ones");
	is_int(exec_fake.last.pid, -1, "  all of them");
	exec_fake.alone = true;
	is_int(call(SYS_kill, neg(1), 15, 0), 0, "without own ones it is the engine's answer");
	exec_fake.caller.uid = 7;
	is_err(call(SYS_kill, neg(1), 15, 0), -EPERM, "  whatever it is");
}

static void test_threads_and_queues(void)
{
	int32_t info[12] = { 0, 0, SI_QUEUE };

	reset_exec_fake();
	is_int(call(SYS_tkill, THREAD, 15, 0), GOES_ON, "tkill of an own thread");
	is_int(call(SYS_tkill, SIMULATED, 15, 0), 0, "tkill of a simulated process");
	is_uint(exec_fake.last.flags, MMANFS_SIGNAL_THREAD, "  is marked as meant for the thread");
	is_int(call(SYS_tkill, neg(1), 15, 0), GOES_ON, "tkill(-1) is the kernel's to refuse");
	is_int(call(SYS_tgkill, SELF, THREAD, 15), GOES_ON, "tgkill of an own thread");
	is_int(call(SYS_tgkill, SIMULATED, SIMULATED, 15), 0, "tgkill of a simulated process");
	is_int(exec_fake.last.sig, 15, "  takes its third argument for the signal");
	is_err(call(SYS_tgkill, 1, SIMULATED, 15), -ESRCH, "tgkill of a thread in another process");
	is_err(call(SYS_tgkill, NOBODY, NOBODY, 15), -ESRCH, "tgkill of nobody");
	is_int(call(SYS_tgkill, 0, CHILD, 15), GOES_ON, "tgkill(0, ...) is the kernel's to refuse");
	is_int(call5(SYS_rt_tgsigqueueinfo, SIMULATED, SIMULATED, 34, (uintptr_t)info, 0), 0,
	       "rt_tgsigqueueinfo likewise");
	is_int(call(SYS_rt_tgsigqueueinfo, SELF, SELF, 34), GOES_ON, "  and of oneself");
	is_int(call(SYS_rt_sigqueueinfo, SIMULATED, 34, (uintptr_t)info), 0,
	       "rt_sigqueueinfo likewise");
	is_int(exec_fake.last.sig, 34, "  with its signal");
	is_int(call(SYS_rt_sigqueueinfo, CHILD, 34, 0), GOES_ON, "  and of a child");
	is_err(call(SYS_rt_sigqueueinfo, NOBODY, 34, (uintptr_t)info), -ESRCH, "  and of nobody");
	is_err(call(SYS_rt_sigqueueinfo, NOBODY, 34, 8), -EFAULT, "  but first it is read");
	info[2] = SI_KERNEL;
	is_err(call(SYS_rt_sigqueueinfo, SIMULATED, 34, (uintptr_t)info), -EPERM,
	       "  and says nothing that only the kernel may say");
}

/* The calls that the engine does not serve. */
static void test_others(void)
{
	static const int calls[] = {
		SYS_process_vm_readv,
		SYS_process_vm_writev,
	};

	reset_exec_fake();
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
	is_int(exec_fake.nr_delivered, 0, "the engine hears nothing of all that");
}

static void test_pidfds(void)
{
	static const int calls[] = { 424, 440, 448 };

	reset_exec_fake();
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

		reset_exec_fake();
		is_int(call(nr, process, 0, 5), GOES_ON, "%s of oneself", name);
		is_int(call(nr, process, CHILD, 5), GOES_ON, "%s of a child", name);
		is_int(call(nr, process, SIMULATED, 5), 0, "%s of a simulated process", name);
		is_int(exec_fake.asked.pid, SIMULATED, "  is the engine's");
		is_err(call(nr, process, NOBODY, 5), -ESRCH, "%s of nobody", name);
		is_int(call(nr, group, CHILD, 5), GOES_ON, "%s of an own group", name);
		is_err(call(nr, group, NOBODY, 5), -ESRCH, "%s of another group", name);
		is_int(call(nr, group, 0, 5), GOES_ON, "%s of the caller's group", name);
		exec_fake.caller.group = 0;
		is_err(call(nr, group, 0, 5), -ESRCH, "%s of a group with members outside", name);
		is_int(call(nr, user, 1000, 5), GOES_ON, "%s of a user", name);
		is_int(call(nr, 77, SIMULATED, 5), GOES_ON, "%s of rubbish", name);
	}
}

/* Scheduling policies of simulated processes. */
static void test_scheduling(void)
{
	int32_t priority = 7, out = -1;
	uint32_t attr[14] = { 48, 3, 0, 0, 5 };
	struct timespec turn;

	reset_exec_fake();
	is_int(call(SYS_sched_setscheduler, SIMULATED, 1, (uintptr_t)&priority), 0,
	       "sched_setscheduler");
	is_uint(exec_fake.asked.args[0], 1, "  hands the policy over");
	is_uint(exec_fake.asked.args[1], 7, "  and the priority");
	is_err(call(SYS_sched_setscheduler, SIMULATED, 1, 8), -EFAULT, "  read from the caller");
	is_int(call(SYS_sched_setscheduler, CHILD, 1, 8), GOES_ON, "  a child's is real");
	is_err(call(SYS_sched_setparam, NOBODY, (uintptr_t)&priority, 0), -ESRCH,
	       "sched_setparam of nobody");
	is_uint(exec_fake.asked.args[0], MMANFS_KEEP, "  keeps the policy");
	is_int(call(SYS_sched_setattr, SIMULATED, (uintptr_t)attr, 0), 0, "sched_setattr");
	is_uint(exec_fake.asked.args[2], 5, "  hands the nice value over");
	attr[0] = 40;
	is_err(call(SYS_sched_setattr, SIMULATED, (uintptr_t)attr, 0), -E2BIG,
	       "  not of a structure that is too small");
	is_int(call(SYS_sched_getparam, SIMULATED, (uintptr_t)&out, 0), 0, "sched_getparam");
	is_int(out, 0, "  writes the priority");
	is_int(call(SYS_sched_getparam, SIMULATED, 0, 0), GOES_ON, "  NULL is the kernel's error");
	is_int(call(SYS_sched_rr_get_interval, SIMULATED, (uintptr_t)&turn, 0), 0,
	       "sched_rr_get_interval");
	is_int((int)turn.tv_nsec, 0, "  of no turns");
}

/* What the engine serves, of one process by number. */
static void test_served(void)
{
	static const struct {
		int nr;
		enum mmanfs_call_op op;
		bool asks;
	} served[] = {
		{ SYS_sched_getscheduler, MMANFS_GETSCHEDULER, true },
		{ SYS_sched_getparam, MMANFS_GETSCHEDULER, true },
		{ SYS_sched_getaffinity, MMANFS_GETAFFINITY, true },
		{ SYS_sched_setaffinity, MMANFS_SETAFFINITY, false },
		{ SYS_prlimit64, MMANFS_GETRLIMIT, true },
		{ SYS_pidfd_open, MMANFS_START_TIME, true },
	};
	char room[256] = "";

	for (size_t i = 0; i < sizeof(served) / sizeof(served[0]); i++) {
		const char *name = exec_call_find(served[i].nr)->name;
		/* pid, size or flags or resource, memory */
		uint64_t second = served[i].nr == SYS_pidfd_open ? 0 : 8;
		uint64_t third = served[i].nr == SYS_prlimit64 ? 0 : (uintptr_t)room;
		int nr = served[i].nr;

		if (nr == SYS_sched_getparam)
			second = (uintptr_t)room;
		reset_exec_fake();
		is_int(call(nr, CHILD, second, third), GOES_ON, "%s of a child", name);
		is_int(call(nr, THREAD, second, third), GOES_ON, "%s of a thread", name);
		is_int(call(nr, neg(5), second, third), GOES_ON, "%s of -5", name);
		is_int(exec_fake.nr_asked, 0, "  is not the engine's");
		is_int(call(nr, SIMULATED, second, third), 0, "%s of a simulated process", name);
		is_uint(exec_fake.asked.op, served[i].op, "  is, as this call");
		is_int(exec_fake.asked.pid, SIMULATED, "  of that process");
		is_uint(exec_fake.asked.uid, served[i].asks && nr != SYS_prlimit64 ? 0 : 1000,
			"  by the caller's user");
		ok(exec_fake.asked_by_query == served[i].asks, "  which %s",
		   served[i].asks ? "changes nothing" : "changes something");
		is_err(call(nr, NOBODY, second, third), -ESRCH, "%s of nobody", name);
		exec_fake.caller.nested = true;
		is_int(call(nr, SIMULATED, second, third), GOES_ON, "%s in a namespace below",
		       name);
		reset_exec_fake();
		exec_fake.unmounted = true;
		is_err(call(nr, SIMULATED, second, third), -ESRCH, "%s on an unmounted machine",
		       name);
	}
}

static void test_structures(void)
{
	uint64_t limits[2] = { 5, 6 }, old[2] = { 0, 0 };
	uint32_t attr[14] = { 0 };
	uint64_t mask = 0;

	reset_exec_fake();
	is_int(call(SYS_getpriority, PRIO_PROCESS, SIMULATED, 0), 0, "getpriority");
	is_int((int)value, 15, "  returns what the engine says");
	is_int(call(SYS_setpriority, PRIO_PROCESS, SIMULATED, (uint32_t)-7), 0, "setpriority");
	is_int((int)(int64_t)exec_fake.asked.args[0], -7, "  takes a negative nice");
	is_err(call(SYS_setpriority, PRIO_PROCESS, 1, 5), -EPERM, "  and is refused for others'");
	is_int(call(SYS_sched_getaffinity, SIMULATED, 16, (uintptr_t)&mask), 0,
	       "sched_getaffinity");
	is_int((int)value, 8, "  returns the bytes of the mask");
	is_uint(mask, 7, "  and writes them");
	is_err(call(SYS_sched_getaffinity, SIMULATED, 12, (uintptr_t)&mask), -EINVAL,
	       "  not for half a word");
	is_err(call(SYS_sched_getaffinity, SIMULATED, 0, (uintptr_t)&mask), -EINVAL,
	       "  nor where it does not fit");
	is_err(call(SYS_sched_getaffinity, SIMULATED, 8, 0), -EFAULT, "  nor to nowhere");
	mask = 5;
	is_int(call(SYS_sched_setaffinity, SIMULATED, 8, (uintptr_t)&mask), 0, "sched_setaffinity");
	is_int(exec_fake.asked.data[0], 5, "  hands the mask over");
	is_err(call(SYS_sched_setaffinity, SIMULATED, 8, 0), -EFAULT, "  which must be there");
	is_int(call5(SYS_prlimit64, SIMULATED, 7, (uintptr_t)limits, (uintptr_t)old, 0), 0,
	       "prlimit64 with new limits");
	is_uint(exec_fake.asked.op, MMANFS_SETRLIMIT, "  sets them:");
	is_uint(exec_fake.asked.args[0], 7, "  this one,");
	is_uint(exec_fake.asked.args[2], 6, "  to this hard limit,");
	is_uint(old[1], 222, "  and returns the old ones");
	is_err(call5(SYS_prlimit64, SIMULATED, 7, 8, 0, 0), -EFAULT, "  if they can be read");
	is_int(call5(SYS_sched_getattr, SIMULATED, (uintptr_t)attr, sizeof(attr), 0, 0), 0,
	       "sched_getattr");
	is_uint(attr[0], 56, "  says its size");
	is_int((int)attr[4], 5, "  and the nice value");
	is_err(call5(SYS_sched_getattr, SIMULATED, (uintptr_t)attr, 40, 0, 0), -EINVAL,
	       "  but not into too little room");
}

static void test_simulated_pidfds(void)
{
	const struct {
		uint64_t base, len;
	} iov[2] = { { 0x10000, 4096 }, { 0x30000, 8192 } };
	const int32_t info[12] = { 10, 0, SI_QUEUE };

	reset_exec_fake();
	is_int(call(SYS_pidfd_open, SIMULATED, 0, 0), 0, "pidfd_open of a simulated process");
	ok(gives_fd && value == 77, "  gives a descriptor");
	is_err(call(SYS_pidfd_open, SIMULATED, 1, 0), -EINVAL, "  not with unknown flags");
	is_int(call(SYS_pidfd_send_signal, PIDFD_SIMULATED, 9, 0), 0, "pidfd_send_signal to it");
	is_int(exec_fake.last.pid, SIMULATED, "  reaches the process");
	is_int(exec_fake.last.sig, 9, "  with the signal");
	is_err(call5(SYS_pidfd_send_signal, PIDFD_SIMULATED, 9, 0, 1, 0), -EINVAL,
	       "  not with flags");
	is_err(call(SYS_pidfd_send_signal, PIDFD_SIMULATED, 9, (uintptr_t)info), -EINVAL,
	       "  nor with another signal's information");
	exec_fake.located = "proc/42";
	is_int(call(SYS_pidfd_send_signal, NO_PIDFD, 9, 0), 0, "a folder of /proc will do");
	is_int(exec_fake.last.pid, SIMULATED, "  and means the process");
	exec_fake.located = "proc/42 (deleted)";
	is_err(call(SYS_pidfd_send_signal, NO_PIDFD, 9, 0), -ESRCH, "  which may have ended");
	exec_fake.located = "proc/4000002";
	is_int(call(SYS_pidfd_send_signal, NO_PIDFD, 9, 0), 0, "  or be a child");
	is_int(exec_fake.last.pid, CHILD, "  that gets it from us");
	exec_fake.located = "proc/42/stat";
	is_err(call(SYS_pidfd_send_signal, NO_PIDFD, 9, 0), -EBADF, "  nothing else does");
	exec_fake.located = NULL;
	is_int(call(SYS_process_mrelease, PIDFD_SIMULATED, 0, 0), 0, "process_mrelease of it");
	is_uint(exec_fake.asked.op, MMANFS_MRELEASE, "  is the engine's");
	is_err(call(SYS_process_mrelease, PIDFD_SIMULATED, 1, 0), -EINVAL, "  without flags");
	is_int(call5(SYS_process_madvise, PIDFD_SIMULATED, (uintptr_t)iov, 2, 20, 0), 0,
	       "process_madvise of it");
	is_int((int)value, 12288, "  returns the bytes of all stretches");
	is_uint(exec_fake.asked.args[0], 0x30000, "  each of which the engine got");
	is_uint(exec_fake.asked.args[2], 20, "  with the advice");
	is_err(call5(SYS_process_madvise, PIDFD_SIMULATED, 8, 2, 20, 0), -EFAULT,
	       "  if it can be read");
	is_err(call5(SYS_process_madvise, PIDFD_SIMULATED, (uintptr_t)iov, 2000, 20, 0), -EINVAL,
	       "  and is not too many");
}

static void test_machine(void)
{
	struct sysinfo info;
	struct utsname uts;
	struct statfs st;
	const char *path = "/x";

	reset_exec_fake();
	is_int(call(SYS_sysinfo, (uintptr_t)&info, 0, 0), 0, "sysinfo");
	is_uint(info.totalram * info.mem_unit, 1 << 20, "  is the simulated machine's");
	is_int((int)info.uptime, 12, "  with its uptime");
	is_err(call(SYS_sysinfo, 0, 0, 0), -EFAULT, "  to somewhere");
	is_int(call(SYS_uname, (uintptr_t)&uts, 0, 0), 0, "uname");
	is_str(uts.nodename, "node", "  is the simulated machine's");
	is_str(uts.machine, "x86_64", "  whole");
	is_err(call(SYS_uname, 0, 0, 0), -EFAULT, "  to somewhere");
	is_err(call(SYS_sethostname, (uintptr_t)path, 2, 0), -EPERM, "sethostname is root's");
	is_int(call(SYS_sync, 0, 0, 0), 0, "sync stays inside");
	is_int(call(SYS_syncfs, 3, 0, 0), GOES_ON, "syncfs of a file outside the tree goes on");
	is_err(call(SYS_swapoff, (uintptr_t)path, 0, 0), -EPERM, "swapoff is root's");
	exec_fake.caller.uid = 0;
	is_int(call(SYS_swapoff, (uintptr_t)path, 0, 0), 0, "swapoff never goes on");
	ok(!strcmp(exec_fake.asked.data, "/x"), "  and hands the path over");
	is_int(call(SYS_sethostname, (uintptr_t) "node7", 5, 0), 0, "sethostname");
	is_str(exec_fake.asked.data, "node7", "  hands the name over");
	is_err(call(SYS_sethostname, (uintptr_t)path, 65, 0), -EINVAL, "  if it is short enough");
	exec_fake.located = "sim/disk/d/swap";
	is_int(call(SYS_swapon, (uintptr_t)path, 0x8003, 0), 0, "swapon of a file in the tree");
	ok(!strcmp(exec_fake.asked.data, "/d/swap"), "  names it as the engine does");
	is_uint(exec_fake.asked.args[0], 0x8003, "  and hands the flags over");
	is_int(call(SYS_syncfs, 3, 0, 0), 0, "syncfs of a file in the tree is answered");
	is_err(call(SYS_swapon, 8, 0, 0), -EFAULT, "swapon of no path");
	is_int(call(SYS_statfs, (uintptr_t)path, (uintptr_t)&st, 0), GOES_ON,
	       "statfs of sim/disk goes on");
	exec_fake.located = "proc/42";
	is_int(call(SYS_statfs, (uintptr_t)path, (uintptr_t)&st, 0), 0, "statfs below proc");
	is_hex((u64)st.f_type, 0x9fa0, "  is proc's");
	exec_fake.located = "sys/fs/cgroup/a";
	is_int(call(SYS_fstatfs, 3, (uintptr_t)&st, 0), 0, "fstatfs below the control groups");
	is_hex((u64)st.f_type, 0x63677270, "  is theirs");
	exec_fake.located = "sys/fs";
	is_int(call(SYS_fstatfs, 3, (uintptr_t)&st, 0), 0, "fstatfs below sys");
	is_hex((u64)st.f_type, 0x62656572, "  is sysfs's");
	exec_fake.located = "";
	is_err(call(SYS_statfs, (uintptr_t)path, (uintptr_t)&st, 0), -ENOENT,
	       "statfs of what is not there");
	exec_fake.located = NULL;
	is_int(call(SYS_statfs, (uintptr_t)path, (uintptr_t)&st, 0), GOES_ON,
	       "statfs outside the tree");
}

static void test_log(void)
{
	static const char first[] = "<6>[    1.500000] first\n",
			  second[] = "<12>[   61.000007] a\n<12>[   61.000007] b\\\n";
	char text[256] = "";
	uint64_t buffer = (uintptr_t)text;

	reset_exec_fake();
	is_err(call(SYS_syslog, 3, buffer, sizeof(text)), -EPERM, "syslog is root's");
	exec_fake.caller.uid = 0;
	is_int(call(SYS_syslog, 3, buffer, sizeof(text)), 0, "  and reads all");
	is_int((int)value, (int)(strlen(first) + strlen(second)), "  of both records");
	text[value] = '\0';
	ok(!strncmp(text, first, strlen(first)) && !strcmp(text + strlen(first), second),
	   "  as the console would show them");
	is_int(call(SYS_syslog, 3, buffer, 60), 0, "  or as many of the last");
	is_int((int)value, (int)strlen(second), "  as there is room for");
	is_err(call(SYS_syslog, 3, 8, 60), -EFAULT, "  to somewhere");
	is_err(call(SYS_syslog, 3, 0, 60), -EINVAL, "  not to NULL");
	exec_fake.log_from = 5;
	is_int(call(SYS_syslog, 4, buffer, sizeof(text)), 0, "  those since it was cleared,");
	is_int((int)value, (int)strlen(second), "  one record");
	is_uint(exec_fake.asked.op, MMANFS_SYSLOG_CLEAR, "  and clears it");
	is_uint(exec_fake.asked.args[0], 6, "  of what was there");
	is_int(call(SYS_syslog, 9, 0, 0), 0, "  how much was not read");
	is_int((int)value, (int)(strlen(first) + strlen(second)), "  is all of it");
	is_int(call(SYS_syslog, 8, 0, 4), 0, "  the level of the console");
	is_uint(exec_fake.asked.args[0], 4, "  is set");
	is_err(call(SYS_syslog, 8, 0, 9), -EINVAL, "  from 1 to 8");
	is_err(call(SYS_syslog, 99, 0, 0), -EINVAL, "  and nothing else");
}

/* What copies inside the kernel takes a file of the tree for empty. */
static void test_copies(void)
{
	reset_exec_fake();
	is_int(call(SYS_sendfile, 1, 3, 0), GOES_ON, "sendfile of a file outside the tree");
	exec_fake.located = "proc/meminfo";
	is_err(call(SYS_sendfile, 1, 3, 0), -EINVAL, "sendfile of one inside makes way for read");
	is_err(call(SYS_splice, 3, 0, 1), -EINVAL, "splice likewise");
	exec_fake.located = "sim/disk/a";
	is_int(call(SYS_sendfile, 1, 3, 0), GOES_ON, "a file that has a size can be copied");
}

/* Whoever made a PID namespace of his own counts otherwise than we do. */
static void test_nested(void)
{
	reset_exec_fake();
	exec_fake.caller.nested = true;
	is_int(call(SYS_kill, 1, 15, 0), GOES_ON, "kill of 1 in a namespace below");
	is_int(call(SYS_kill, SIMULATED, 15, 0), GOES_ON, "and of any other number there");
	is_int(call(SYS_kill, neg(1), 15, 0), GOES_ON, "and of everybody");
	is_int(call(SYS_ptrace, PTRACE_ATTACH, 1, 0), GOES_ON, "and ptrace");
	is_int(exec_fake.nr_delivered, 0, "none of it is for the engine");
}

static void test_caller_gone(void)
{
	reset_exec_fake();
	exec_fake.caller_gone = true;
	is_err(call(SYS_kill, SIMULATED, 9, 0), -ESRCH,
	       "nothing is done for a caller that is gone");
	is_err(call(SYS_kill, neg(1), 9, 0), -ESRCH, "nor to everybody");
	is_err(call(SYS_kill, 0, 9, 0), -ESRCH, "nor to a group");
	is_int(exec_fake.nr_delivered + exec_fake.nr_group, 0, "no signal was sent");
}

static void test_nodes(void)
{
	uint64_t from[16] = { 0xff }, to[16] = { 2 }, pages[40];
	int nodes[40], status[40], i;

	reset_exec_fake();
	is_int(call5(SYS_migrate_pages, SIMULATED, 5, (uintptr_t)from, (uintptr_t)to, 0), 0,
	       "migrate_pages of a simulated process");
	is_uint(exec_fake.asked.args[0], 15, "  from the nodes that maxnode leaves,");
	is_uint(exec_fake.asked.args[1], 2, "  to these");
	is_int(call5(SYS_migrate_pages, SIMULATED, 1, 8, 8, 0), 0, "  or to none,");
	is_uint(exec_fake.asked.args[1], 0, "  which the engine judges");
	is_err(call5(SYS_migrate_pages, SIMULATED, 65, 8, (uintptr_t)to, 0), -EFAULT,
	       "  the mask must be there");
	is_err(call5(SYS_migrate_pages, SIMULATED, 1 << 20, (uintptr_t)from, (uintptr_t)to, 0),
	       -EINVAL, "  and not endless");
	is_err(call5(SYS_migrate_pages, 1, 65, (uintptr_t)from, (uintptr_t)to, 0), -EPERM,
	       "  nor another user's process");
	is_int(call5(SYS_migrate_pages, CHILD, 65, 0, 0, 0), GOES_ON, "  an own one's is real");
	for (i = 0; i < 40; i++) {
		pages[i] = (uint64_t)i;
		nodes[i] = i % 3;
		status[i] = 99;
	}
	is_int(call5(SYS_move_pages, SIMULATED, 20, (uintptr_t)pages, (uintptr_t)nodes,
		     (uintptr_t)status),
	       0, "move_pages of more than one call holds");
	is_int(exec_fake.nr_asked, 5, "  takes two,");
	is_uint(exec_fake.asked.args[0], 5, "  the second with the rest,");
	is_int(status[19], 1, "  and writes every status");
	is_int(status[20], 99, "  and no other");
	is_err(call5(SYS_move_pages, SIMULATED, 40, (uintptr_t)pages, (uintptr_t)nodes,
		     (uintptr_t)status),
	       -ENODEV, "  which ends where the engine says,");
	is_int(status[20], 99, "  the status from there on as it was");
	is_int(call5(SYS_move_pages, SIMULATED, 3, (uintptr_t)pages, 0, (uintptr_t)status), 0,
	       "  without nodes it asks");
	is_int(status[1], 1, "  where they are");
	is_int(call5(SYS_move_pages, SIMULATED, 0, 0, 0, 0), 0, "  of none");
	is_err(call5(SYS_move_pages, NOBODY, 0, 0, 0, 0), -ESRCH, "  of nobody");
	is_err(call5(SYS_move_pages, SIMULATED, 1, 8, 0, (uintptr_t)status), -EFAULT,
	       "  from nowhere");
	is_err(call5(SYS_move_pages, SIMULATED, 1, (uintptr_t)pages, 0, 8), -EFAULT,
	       "  to nowhere");
}

int main(void)
{
	test_kill();
	test_kill_many();
	test_threads_and_queues();
	test_others();
	test_pidfds();
	test_priorities();
	test_served();
	test_scheduling();
	test_log();
	test_copies();
	test_structures();
	test_nodes();
	test_simulated_pidfds();
	test_machine();
	test_nested();
	test_caller_gone();
	return done_testing();
}
