/*
 * The filter of `mmanfs exec`: the table of calls, and the seccomp program made of it, run here by
 * an interpreter of our own for every system call number.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>

#include "fs/exec/calls.h"
#include "fs/exec/filter.h"
#include "tests/tap.h"

#ifdef __x86_64__
#define NATIVE	AUDIT_ARCH_X86_64
#define FOREIGN AUDIT_ARCH_I386
#else
#define NATIVE	AUDIT_ARCH_AARCH64
#define FOREIGN AUDIT_ARCH_ARM
#endif

static struct sock_filter code[EXEC_FILTER_MAX];
static int len;
static int longest;

/* What the kernel would answer; -1 for a program that it would not load. */
static long run(const struct seccomp_data *data)
{
	uint32_t a = 0;
	int steps = 0;

	for (int pc = 0; pc < len; pc++, steps++) {
		const struct sock_filter *i = &code[pc];

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (i->k % 4 || i->k + 4 > sizeof(*data))
				return -1;
			memcpy(&a, (const char *)data + i->k, 4);
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc += a == i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			pc += a >= i->k ? i->jt : i->jf;
			break;
		case BPF_RET | BPF_K:
			longest = steps > longest ? steps : longest;
			return (long)i->k;
		default:
			return -1;
		}
	}
	return -1;
}

/* Written down apart from the table: what issue and design ask for. */
static const struct {
	int nr;
	const char *name;
	int self; /* the argument whose 0 means oneself */
} wanted[] = {
	{ SYS_kill, "kill", -1 },
	{ SYS_tkill, "tkill", -1 },
	{ SYS_tgkill, "tgkill", -1 },
	{ SYS_rt_sigqueueinfo, "rt_sigqueueinfo", -1 },
	{ SYS_rt_tgsigqueueinfo, "rt_tgsigqueueinfo", -1 },
	{ 434, "pidfd_open", -1 },
	{ 424, "pidfd_send_signal", -1 },
	{ SYS_ptrace, "ptrace", 0 },
	{ SYS_process_vm_readv, "process_vm_readv", -1 },
	{ SYS_process_vm_writev, "process_vm_writev", -1 },
	{ 440, "process_madvise", -1 },
	{ 448, "process_mrelease", -1 },
	{ SYS_move_pages, "move_pages", 0 },
	{ SYS_migrate_pages, "migrate_pages", 0 },
	{ SYS_prlimit64, "prlimit64", 0 },
	{ SYS_setpriority, "setpriority", -1 },
	{ SYS_getpriority, "getpriority", -1 },
	{ SYS_ioprio_set, "ioprio_set", -1 },
	{ SYS_ioprio_get, "ioprio_get", -1 },
	{ SYS_sched_setaffinity, "sched_setaffinity", 0 },
	{ SYS_sched_getaffinity, "sched_getaffinity", 0 },
	{ SYS_sched_setscheduler, "sched_setscheduler", 0 },
	{ SYS_sched_getscheduler, "sched_getscheduler", 0 },
	{ SYS_sched_setparam, "sched_setparam", 0 },
	{ SYS_sched_getparam, "sched_getparam", 0 },
	{ SYS_sched_setattr, "sched_setattr", 0 },
	{ SYS_sched_getattr, "sched_getattr", 0 },
	{ SYS_sched_rr_get_interval, "sched_rr_get_interval", 0 },
	{ SYS_sysinfo, "sysinfo", -1 },
	{ SYS_uname, "uname", -1 },
	{ SYS_sync, "sync", -1 },
	{ SYS_syncfs, "syncfs", -1 },
	{ SYS_swapon, "swapon", -1 },
	{ SYS_swapoff, "swapoff", -1 },
	{ SYS_statfs, "statfs", -1 },
	{ SYS_fstatfs, "fstatfs", -1 },
	{ SYS_syslog, "syslog", -1 },
	{ SYS_sethostname, "sethostname", -1 },
	{ SYS_sendfile, "sendfile", -1 },
	{ SYS_splice, "splice", -1 },
};
#define NR_WANTED (sizeof(wanted) / sizeof(wanted[0]))

static int find_wanted(int nr)
{
	for (size_t i = 0; i < NR_WANTED; i++) {
		if (wanted[i].nr == nr)
			return (int)i;
	}
	return -1;
}

static void test_table(void)
{
	is_uint(exec_nr_calls, NR_WANTED, "the table lists as many calls as the design names");
	for (size_t i = 0; i < NR_WANTED; i++) {
		const struct exec_call *call = exec_call_find(wanted[i].nr);

		if (!ok(call != NULL, "%s is in the table", wanted[i].name))
			continue;
		is_str(call->name, wanted[i].name, "  under its name");
		is_int(call->self, wanted[i].self, "  with the argument that may mean oneself");
		ok(call->pid >= -1 && call->pid < 6 && call->serve, "  and somebody to serve it");
	}
	ok(exec_call_find(SYS_getppid) == NULL, "getppid is not in the table");
#ifdef __x86_64__
	bool sorted = true;

	for (size_t i = 1; i < exec_nr_calls; i++)
		sorted = sorted && exec_calls[i - 1].nr < exec_calls[i].nr;
	ok(sorted, "the table is sorted by number");
#endif
}

/* One number under all combinations of zero and non-zero arguments; the first wrong one, or -1. */
static int wrong_verdict(int nr)
{
	int row = find_wanted(nr);

	for (int zero = 0; zero < 64; zero++) {
		struct seccomp_data data = { .nr = nr, .arch = NATIVE };
		uint32_t want = row < 0 ? SECCOMP_RET_ALLOW : SECCOMP_RET_USER_NOTIF;

		/* The kernel looks at the lower half only: the upper one must not hide a 0. */
		for (int i = 0; i < 6; i++)
			data.args[i] = (uint64_t)(i + 1) << 32 |
				       (zero >> i & 1 ? 0u : 4242u + (unsigned)i);
		if (row >= 0 && wanted[row].self >= 0 && (zero >> wanted[row].self & 1))
			want = SECCOMP_RET_ALLOW;
		if (run(&data) != (long)want)
			return zero;
	}
	return -1;
}

static void test_verdicts(void)
{
	int bad = 0;

	for (int nr = 0; nr < 2048; nr++) {
		int zero = wrong_verdict(nr);

		if (zero < 0)
			continue;
		bad++;
		diag("number %d with zero arguments %#x is judged wrongly", nr, (unsigned)zero);
	}
	is_int(bad, 0, "every number from 0 to 2047 gets the verdict of the table");
	cmp_int(longest, <=, 14, "in at most 14 instructions");
}

static void test_other_abis(void)
{
	struct seccomp_data data = { .nr = SYS_kill, .arch = FOREIGN, .args = { 1, 9 } };
	int allowed = 0;

	for (int nr = 0; nr < 1024; nr++) {
		data.nr = nr;
		allowed += run(&data) != (long)SECCOMP_RET_KILL_PROCESS;
	}
	is_int(allowed, 0, "no call of a foreign instruction set passes");
#ifdef __x86_64__
	data.arch = NATIVE;
	allowed = 0;
	for (int nr = 0; nr < 1024; nr++) {
		data.nr = nr | 0x40000000;
		allowed += run(&data) != (long)(SECCOMP_RET_ERRNO | ENOSYS);
	}
	is_int(allowed, 0, "every x32 call is ENOSYS");
	data.nr = -1;
	is_hex(run(&data), SECCOMP_RET_ERRNO | ENOSYS, "and so is -1");
#endif
}

static void test_size(void)
{
	struct sock_filter small[EXEC_FILTER_MAX];

	for (int max = 0; max < len; max++) {
		if (exec_filter_build(small, (size_t)max) != -E2BIG) {
			fail("a program of %d instructions does not fit into %d", len, max);
			return;
		}
	}
	is_int(exec_filter_build(small, (size_t)len), len,
	       "exactly enough room is enough, less is E2BIG");
}

int main(void)
{
	len = exec_filter_build(code, EXEC_FILTER_MAX);
	if (len == -ENOSYS)
		skip_all("no filter for this architecture");
	cmp_int(len, >, 0, "the filter can be built");
	test_table();
	test_verdicts();
	test_other_abis();
	test_size();
	return done_testing();
}
