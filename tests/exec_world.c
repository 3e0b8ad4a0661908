/* The world of tables that exec_world.h tells of. */
#include "tests/exec_world.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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
	const struct exec_fake *f = ctx;

	return !f->alone && tgid == SELF;
}

static int get_caller(void *ctx, pid_t tid, struct exec_caller *caller)
{
	const struct exec_fake *f = ctx;

	if (f->caller_gone || tid != SELF)
		return -ESRCH;
	*caller = f->caller;
	return 0;
}

static int is_nested(void *ctx, pid_t tid)
{
	const struct exec_fake *f = ctx;

	return f->caller_gone || tid != SELF ? -ESRCH : f->caller.nested;
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
	case PIDFD_SIMULATED:
		return STAND_IN;
	default:
		return -EBADF;
	}
}

static int kill_start_group(void *ctx, const struct exec_caller *caller, int sig)
{
	struct exec_fake *f = ctx;

	f->nr_group++;
	f->last.sig = sig;
	f->last.uid = caller->uid;
	return 0;
}

static int kill_own(void *ctx, const struct exec_caller *caller, pid_t pid, int sig)
{
	struct exec_fake *f = ctx;

	f->last = (struct mmanfs_signal){ .pid = pid, .sig = sig, .uid = caller->uid };
	return 0;
}

/* A machine of two processes, root's 1 and user 1000's 42, the latter alone in its group. */
static int deliver(void *ctx, const struct mmanfs_signal *signal)
{
	struct exec_fake *f = ctx;
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

/* Page 20 of all ends it. */
static int move_pages(struct mmanfs_call *c)
{
	struct mmanfs_move move;
	uint64_t i;

	memcpy(&move, c->data, sizeof(move));
	for (i = 0; i < c->args[0] && move.addr[i] != 20; i++)
		move.status[i] = c->args[1] ? move.node[i] : (int)move.addr[i] % 2;
	memcpy(c->data, &move, sizeof(move));
	return i < c->args[0] ? -ENODEV : 0;
}

/* The same machine's answers to calls: those of user 1000 may not touch 1. */
static int machine_call(void *ctx, struct mmanfs_call *c, bool asks)
{
	struct exec_fake *f = ctx;
	/* six strings, one behind the other */
	/* NOLINTNEXTLINE(bugprone-string-literal-with-embedded-nul) */
	static const char uts[] = "Linux\0node\0"
				  "6.1\0#1\0x86_64\0(none)";
	struct mmanfs_sysinfo info = { .uptime = 12, .totalram = 1 << 20, .procs = 3 };

	f->asked = *c;
	f->asked_by_query = asks;
	f->nr_asked++;
	if (f->unmounted)
		return -ENOTCONN;
	switch (c->op) {
	case MMANFS_PROBE:
		return deliver(ctx, &(struct mmanfs_signal){ .pid = c->pid, .uid = c->uid });
	case MMANFS_SYSINFO:
		memcpy(c->data, &info, sizeof(info));
		return 0;
	case MMANFS_UNAME:
		memcpy(c->data, uts, sizeof(uts));
		return 0;
	case MMANFS_SYSLOG_STATE:
		c->args[0] = f->log_from;
		c->args[1] = 6;
		return 0;
	case MMANFS_SYSLOG_CLEAR:
	case MMANFS_SYSLOG_CONSOLE:
	case MMANFS_SETHOSTNAME:
	case MMANFS_SYNC:
	case MMANFS_SWAPON:
	case MMANFS_SWAPOFF:
		return 0;
	}
	if (c->pid != 1 && c->pid != SIMULATED)
		return -ESRCH;
	if (c->pid == 1 && c->uid && !asks)
		return -EPERM;
	if (c->op == MMANFS_GETPRIORITY)
		return 15;
	if (c->op == MMANFS_GETSCHEDULER) {
		c->args[0] = 0;
		c->args[1] = 5;
	}
	if (c->op == MMANFS_GETAFFINITY) {
		c->data[0] = 7;
		return 8;
	}
	if (c->op == MMANFS_MOVE_PAGES)
		return move_pages(c);
	if (c->op == MMANFS_GETRLIMIT || c->op == MMANFS_SETRLIMIT) {
		c->args[0] = 111;
		c->args[1] = 222;
	}
	return 0;
}

/* The caller's memory is ours. */
static int read_memory(void *ctx, pid_t tid, uint64_t addr, void *to, size_t size)
{
	(void)ctx, (void)tid;
	if (addr < 4096)
		return -EFAULT;
	memcpy(to, (const void *)(uintptr_t)addr, size);
	return 0;
}

static int write_memory(void *ctx, pid_t tid, uint64_t addr, const void *from, size_t size)
{
	(void)ctx, (void)tid;
	if (addr < 4096)
		return -EFAULT;
	memcpy((void *)(uintptr_t)addr, from, size);
	return 0;
}

static int read_text(void *ctx, pid_t tid, uint64_t addr, char *to, size_t size)
{
	(void)ctx, (void)tid;
	if (addr < 4096)
		return -EFAULT;
	return snprintf(to, size, "%s", (const char *)(uintptr_t)addr) < (int)size ? 0 :
										     -ENAMETOOLONG;
}

static int locate(void *ctx, pid_t tid, int fd, const char *path, char *to)
{
	const struct exec_fake *f = ctx;

	(void)tid, (void)fd, (void)path;
	if (!f->located)
		return 0;
	if (!*f->located)
		return -ENOENT;
	strcpy(to, f->located);
	return 1;
}

/* Two records, the second with a line break and a letter that has to be written otherwise. */
static int open_log(void *ctx)
{
	static const char *const records[] = { "6,4,1500000,-;first\n",
					       "12,5,61000007,-;a\\x0ab\\x5c\n" };
	int pair[2];

	(void)ctx;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0)
		return -EMFILE;
	for (int i = 0; i < 2; i++)
		(void)!write(pair[1], records[i], strlen(records[i]));
	close(pair[1]);
	return pair[0];
}

static int stand_in(void *ctx, pid_t simulated, uint64_t start_time, unsigned int flags)
{
	(void)ctx, (void)start_time;
	return simulated == SIMULATED ? 77 + (flags != 0) : -EAGAIN;
}

static pid_t stands_for(void *ctx, pid_t number)
{
	(void)ctx;
	return number == STAND_IN ? SIMULATED : 0;
}

struct exec_fake exec_fake;

void reset_exec_fake(void)
{
	exec_fake = (struct exec_fake){ .caller = { .uid = 1000, .tgid = SELF, .group = SELF } };
}

const struct exec_world fake_exec_world = {
	.has_task = has_task,
	.has_group = has_group,
	.has_others = has_others,
	.get_caller = get_caller,
	.get_user = get_caller,
	.is_nested = is_nested,
	.get_pidfd = get_pidfd,
	.kill_start_group = kill_start_group,
	.kill_own = kill_own,
	.deliver = deliver,
	.call = machine_call,
	.read = read_memory,
	.write = write_memory,
	.read_text = read_text,
	.locate = locate,
	.open_log = open_log,
	.stand_in = stand_in,
	.stands_for = stands_for,
	.identity = 0x1234,
	.ctx = &exec_fake,
};
