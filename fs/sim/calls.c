/*
 * calls.c - system calls that visitors inside `mmanfs exec` make to the simulated machine
 * (fs/ioctl.h).
 *
 * Who may do what is decided as Linux decides it, by the caller's user against the target's: root
 * may all, others what is theirs.
 */
#include "fs/sim/sim.h"

#include <errno.h>
#include <mman/namei.h>
#include <mman/writeback.h>
#include <string.h>
#include <sys/mman.h>

#include "fs/ioctl.h"
#include "fs/uts.h"

/* ---- signals ---- */

/* kill(-1): everybody that the sender may signal, init and kernel threads left out. */
static int signal_everybody(struct machine *m, const struct mmanfs_signal *s)
{
	u32 pid = 1, reached = 0, refused = 0;
	handle_t task;
	int error;

	while ((task = pid_next(m, pid + 1))) {
		const struct task *t = task_at(m, task);

		pid = t->pid;
		if (t->flags & PF_KTHREAD)
			continue;
		error = kill_process(m, task, s->sig, s->uid);
		if (error == -EINVAL)
			return error;
		reached += !error;
		refused += error == -EPERM;
	}
	return reached ? 0 : refused ? -EPERM : -ESRCH;
}

static int deliver(struct machine *m, const struct mmanfs_signal *s)
{
	handle_t task;

	if (s->flags & ~MMANFS_SIGNAL_THREAD)
		return -EINVAL;
	if (s->pid == -1)
		return signal_everybody(m, s);
	/* every simulated process leads a group of its own */
	task = s->pid == INT32_MIN ? 0 : find_task_by_pid(m, (u32)(s->pid < 0 ? -s->pid : s->pid));
	if (!task || (s->pid < 0 && task_at(m, task)->leader != task))
		return -ESRCH;
	return kill_process(m, task, s->sig, s->uid);
}

static int call_probe(struct machine *m, handle_t task, struct mmanfs_call *c)
{
	const struct mmanfs_signal s = { .pid = c->pid, .uid = c->uid };

	(void)task;
	return deliver(m, &s);
}

/* ---- the machine ---- */

static int call_sysinfo(struct machine *m, handle_t task, struct mmanfs_call *c)
{
	struct mmanfs_sysinfo info = { 0 };
	u64 load[3];
	u32 i, nid;

	(void)task;
	_Static_assert(sizeof(info) <= MMANFS_CALL_DATA, "fits into a call's data");
	info.uptime = (s64)((m->clock.now + NSEC_PER_SEC - 1) / NSEC_PER_SEC);
	loadavg(m, load);
	for (i = 0; i < 3; i++)
		info.loads[i] = load[i] << (16 - 11);
	info.totalram = m->totalram_pages << PAGE_SHIFT;
	info.freeram = global_zone_page_state(m, NR_FREE_PAGES) << PAGE_SHIFT;
	info.sharedram = global_node_page_state(m, NR_SHMEM) << PAGE_SHIFT;
	info.bufferram = m->nr_blockdev_pages << PAGE_SHIFT;
	info.totalswap = total_swap_pages(m) << PAGE_SHIFT;
	info.freeswap = free_swap_pages(m) << PAGE_SHIFT;
	for (nid = 0; m->zone_mask & 1u << ZONE_HIGHMEM && nid < m->nr_nodes; nid++) {
		const struct zone *z = &m->node[nid].zones[ZONE_HIGHMEM];

		info.totalhigh += z->managed_pages << PAGE_SHIFT;
		info.freehigh += (u64)z->vm_stat[NR_FREE_PAGES] << PAGE_SHIFT;
	}
	info.procs = m->tasks.nr_threads;
	memcpy(c->data, &info, sizeof(info));
	return 0;
}

static int call_uname(struct machine *m, handle_t task, struct mmanfs_call *c)
{
	const char *const texts[] = { UTS_SYSNAME,
				      m->knobs.hostname,
				      UTS_RELEASE,
				      UTS_VERSION,
				      m->zone_mask & 1u << ZONE_HIGHMEM ? "i686" : "x86_64",
				      "(none)" };
	size_t i, length, at = 0;

	(void)task;
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		length = strlen(texts[i]) + 1;
		if (at + length > sizeof(c->data))
			return -EOVERFLOW;
		memcpy(c->data + at, texts[i], length);
		at += length;
	}
	return 0;
}

static int call_sethostname(struct machine *m, handle_t task, struct mmanfs_call *c)
{
	(void)task;
	if (c->uid)
		return -EPERM;
	if (strlen(c->data) >= sizeof(m->knobs.hostname))
		return -EINVAL;
	strcpy(m->knobs.hostname, c->data);
	return 0;
}

static int call_syslog_state(struct machine *m, handle_t task, struct mmanfs_call *c)
{
	(void)task;
	c->args[0] = max_t(u64, m->kmsg.clear_seq, m->kmsg.first_seq);
	c->args[1] = m->kmsg.next_seq;
	c->args[2] = (u64)m->knobs.console_printk[0];
	return c->uid ? -EPERM : 0; /* CONFIG_SECURITY_DMESG_RESTRICT */
}

static int call_syslog_clear(struct machine *m, handle_t task, struct mmanfs_call *c)
{
	(void)task;
	if (c->uid)
		return -EPERM;
	m->kmsg.clear_seq = min_t(u64, c->args[0], m->kmsg.next_seq);
	return 0;
}

static int call_syslog_console(struct machine *m, handle_t task, struct mmanfs_call *c)
{
	s32 *level = m->knobs.console_printk, *saved = &m->knobs.saved_console_loglevel;

	(void)task;
	if (c->uid)
		return -EPERM;
	if (c->args[0] == MMANFS_CONSOLE_OFF) {
		*saved = *saved ? *saved : level[0];
		level[0] = level[2];
	} else if (c->args[0] == MMANFS_CONSOLE_ON) {
		level[0] = *saved ? *saved : level[0];
		*saved = 0;
	} else {
		level[0] = max_t(s32, (s32)c->args[0], level[2]);
		*saved = 0;
	}
	return 0;
}

static int call_sync(struct machine *m, handle_t task, struct mmanfs_call *c)
{
	u64 pages;

	(void)task, (void)c;
	return ksys_sync(m, &pages);
}

/* A swap file lies in sim/disk; its size is the area's. Its header is not looked at: the swapon
 * program has done so. */
static int call_swapon(struct machine *m, handle_t task, struct mmanfs_call *c)
{
	const u64 known = 0x7fff /* the priority */ | 0x8000 | 0x10000 | 0x20000 | 0x40000;
	handle_t h = inode_lookup(m, c->data);

	(void)task;
	if (c->uid)
		return -EPERM;
	if (c->args[0] & ~known)
		return -EINVAL;
	if (!h)
		return -ENOENT;
	if (inode_is_dir(m, h))
		return -EISDIR;
	return swapon_file(m, h, inode_at(m, h)->size,
			   c->args[0] & 0x8000 ? (s32)(c->args[0] & 0x7fff) : -1);
}

static int call_swapoff(struct machine *m, handle_t task, struct mmanfs_call *c)
{
	(void)task;
	if (c->uid)
		return -EPERM;
	if (!swap_area_find(m, c->data) && strncmp(c->data, "/dev/", 5)) {
		handle_t h = inode_lookup(m, c->data);

		return !h ? -ENOENT : inode_is_dir(m, h) ? -EISDIR : -EINVAL;
	}
	return swapoff(m, c->data);
}

/* ---- one process ---- */

static bool is_his(const struct mmanfs_call *c, const struct task *t)
{
	return !c->uid || c->uid == t->uid;
}

static int call_start_time(struct machine *m, handle_t task, struct mmanfs_call *c)
{
	const struct task *t = task_at(m, task);

	c->args[0] = t->start_time;
	/* pidfd_open(2) wants a process, not any thread */
	return t->leader == task ? 0 : -EINVAL;
}

/* ---- scheduling: kept and shown, but of no effect on who runs ---- */

static int call_getpriority(struct machine *m, handle_t task, struct mmanfs_call *c)
{
	(void)c;
	return 20 - task_at(m, task)->nice;
}

static bool can_nice(struct machine *m, handle_t task, const struct mmanfs_call *c, int nice)
{
	return !c->uid || (u64)(20 - nice) <= task_rlimit(m, task, RLIM_NICE);
}

static int clamp_nice(u64 arg)
{
	int nice = (int)(u32)arg;

	return nice < NICE_MIN ? NICE_MIN : nice > NICE_MAX ? NICE_MAX : nice;
}

static int call_setpriority(struct machine *m, handle_t task, struct mmanfs_call *c)
{
	struct task *t = task_at(m, task);
	int nice = clamp_nice(c->args[0]);

	if (!is_his(c, t))
		return -EPERM;
	if (nice < t->nice && !can_nice(m, task, c, nice))
		return -EACCES;
	t->nice = (s8)nice;
	return 0;
}

/* Of all processes of a user: the best, or each. */
static int call_priority_user(struct machine *m, handle_t unused, struct mmanfs_call *c)
{
	int result = -ESRCH, one;
	handle_t task;
	u32 pid = 0;

	(void)unused;
	while ((task = pid_next(m, pid + 1))) {
		pid = task_at(m, task)->pid;
		if (task_at(m, task)->uid != (u32)c->pid)
			continue;
		if (c->op == MMANFS_GETPRIORITY_USER) {
			one = call_getpriority(m, task, c);
			result = one > result ? one : result;
		} else {
			one = call_setpriority(m, task, c);
			result = one || result == -ESRCH ? one : result;
		}
	}
	return result;
}

enum { POLICY_OTHER, POLICY_FIFO, POLICY_RR, POLICY_BATCH, POLICY_IDLE = 5, POLICY_DEADLINE };
#define RESET_ON_FORK 0x40000000u
#define RT_PRIO_MAX   99

static int call_getscheduler(struct machine *m, handle_t task, struct mmanfs_call *c)
{
	const struct task *t = task_at(m, task);

	c->args[0] = t->rt_priority;
	c->args[1] = (u64)(s64)t->nice;
	return (int)(t->sched_policy & ~SCHED_POLICY_RESET) |
	       (t->sched_policy & SCHED_POLICY_RESET ? (int)RESET_ON_FORK : 0);
}

static bool is_real_time(u64 policy)
{
	return policy == POLICY_FIFO || policy == POLICY_RR;
}

/* What a user may set without CAP_SYS_NICE. */
static bool may_set(struct machine *m, handle_t task, const struct mmanfs_call *c, u64 policy,
		    bool reset, int nice)
{
	const struct task *t = task_at(m, task);
	u64 old = t->sched_policy & ~SCHED_POLICY_RESET, priority = c->args[1];
	u64 limit = task_rlimit(m, task, RLIM_RTPRIO);

	if (!c->uid)
		return true;
	if (is_real_time(policy) &&
	    ((policy != old && !limit) || (priority > t->rt_priority && priority > limit)))
		return false;
	if (!is_real_time(policy) && nice < t->nice && !can_nice(m, task, c, nice))
		return false;
	if (old == POLICY_IDLE && policy != POLICY_IDLE && !can_nice(m, task, c, t->nice))
		return false;
	return c->uid == t->uid && (reset || !(t->sched_policy & SCHED_POLICY_RESET));
}

static int call_setscheduler(struct machine *m, handle_t task, struct mmanfs_call *c)
{
	struct task *t = task_at(m, task);
	u64 policy = c->args[0] & ~(u64)RESET_ON_FORK;
	bool reset = c->args[0] & RESET_ON_FORK;
	int nice = c->args[2] == MMANFS_KEEP ? t->nice : clamp_nice(c->args[2]);

	if (c->args[0] == MMANFS_KEEP) {
		policy = t->sched_policy & ~SCHED_POLICY_RESET;
		reset = t->sched_policy & SCHED_POLICY_RESET;
	}
	if (c->args[1] == MMANFS_KEEP)
		c->args[1] = t->rt_priority;
	if (policy == 4 || policy > POLICY_DEADLINE || c->args[1] > RT_PRIO_MAX ||
	    is_real_time(policy) != (c->args[1] != 0))
		return -EINVAL;
	if (!may_set(m, task, c, policy, reset, nice))
		return -EPERM;
	if (policy == POLICY_DEADLINE)
		return -EBUSY; /* no bandwidth to promise */
	t->sched_policy = (u8)(policy | (reset ? SCHED_POLICY_RESET : 0));
	t->rt_priority = (u8)c->args[1];
	if (!is_real_time(policy))
		t->nice = (s8)nice;
	return 0;
}

static int call_getioprio(struct machine *m, handle_t task, struct mmanfs_call *c)
{
	(void)c;
	return task_at(m, task)->ioprio;
}

static int call_setioprio(struct machine *m, handle_t task, struct mmanfs_call *c)
{
	enum { NONE, REAL_TIME, BEST_EFFORT, IDLE };
	u64 class = c->args[0] >> 13, level = c->args[0] & 0x1fff;

	if (class > IDLE || (class == NONE && level))
		return -EINVAL;
	if (c->uid && class == REAL_TIME)
		return -EPERM;
	if (!is_his(c, task_at(m, task)))
		return -EPERM;
	task_at(m, task)->ioprio = (u16)c->args[0];
	return 0;
}

static size_t mask_bytes(const struct machine *m)
{
	return (size_t)(m->nr_cpus + 63) / 64 * 8;
}

_Static_assert(NR_CPUS_MAX / 8 <= MMANFS_CALL_DATA, "a CPU mask fits into a call's data");

static int call_getaffinity(struct machine *m, handle_t task, struct mmanfs_call *c)
{
	u64 bits[NR_CPUS_MAX / 64] = { 0 };
	u32 cpu;

	for (cpu = 0; cpu < m->nr_cpus; cpu++)
		if (task_cpu_allowed(m, task_at(m, task), cpu))
			bits[cpu / 64] |= 1ull << cpu % 64;
	memcpy(c->data, bits, sizeof(bits));
	return (int)mask_bytes(m);
}

static int call_setaffinity(struct machine *m, handle_t task, struct mmanfs_call *c)
{
	struct cpumask mask = { { 0 } };

	if (!is_his(c, task_at(m, task)))
		return -EPERM;
	memcpy(mask.bits, c->data, min_t(u64, min_t(u64, c->args[0], sizeof(mask)), mask_bytes(m)));
	return task_setaffinity(m, task, &mask);
}

static int check_rlimit(const struct mmanfs_call *c, const struct task *t)
{
	if (!is_his(c, t))
		return -EPERM;
	return c->args[0] < RLIM_NLIMITS ? 0 : -EINVAL;
}

static int call_getrlimit(struct machine *m, handle_t task, struct mmanfs_call *c)
{
	const struct rlimits *r = pool_at(&m->tasks.rlimits, task_at(m, task)->rlimits);
	u64 which = c->args[0];
	int error = check_rlimit(c, task_at(m, task));

	if (error)
		return error;
	c->args[0] = r->soft[which];
	c->args[1] = r->hard[which];
	return 0;
}

static int call_setrlimit(struct machine *m, handle_t task, struct mmanfs_call *c)
{
	const struct rlimits *r = pool_at(&m->tasks.rlimits, task_at(m, task)->rlimits);
	u64 which = c->args[0], soft, hard;
	int error = check_rlimit(c, task_at(m, task));

	if (error)
		return error;
	soft = r->soft[which];
	hard = r->hard[which];
	error = task_prlimit(m, task, (enum rlimit_id)which, c->args[1], c->args[2], !c->uid);
	c->args[0] = soft;
	c->args[1] = hard;
	return error;
}

/* What process_madvise(2) of 6.1 takes. */
static int call_madvise(struct machine *m, handle_t task, struct mmanfs_call *c)
{
	static const struct {
		int advice;
		const char *name;
	} known[] = { { MADV_WILLNEED, "willneed" },
		      { 20 /* MADV_COLD */, "cold" },
		      { 21 /* MADV_PAGEOUT */, "pageout" } };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (c->args[2] == (u64)known[i].advice)
			break;
	if (i == ARRAY_SIZE(known))
		return -EINVAL;
	if (c->uid)
		return is_his(c, task_at(m, task)) ? -EPERM : -EACCES;
	if (!task_at(m, task)->mm)
		return -ESRCH;
	return do_madvise(m, task, c->args[0], c->args[1], known[i].name);
}

static int call_mrelease(struct machine *m, handle_t task, struct mmanfs_call *c)
{
	(void)c;
	/* only of a process that a fatal signal is ending */
	return task_at(m, task)->flags & (PF_EXITING | PF_MEMDIE) ? 0 : -EINVAL;
}

/* ---- nodes ---- */

static int call_migrate_pages(struct machine *m, handle_t task, struct mmanfs_call *c)
{
	if (!is_his(c, task_at(m, task)) || (c->uid && c->args[1] & ~task_mems_allowed(m, task)))
		return -EPERM;
	return do_migrate_pages(m, task, c->args[0], c->args[1], !c->uid);
}

static int call_move_pages(struct machine *m, handle_t task, struct mmanfs_call *c)
{
	struct mmanfs_move move;
	int result;

	_Static_assert(sizeof(move) < MMANFS_CALL_DATA, "fits into a call's data");
	if (c->args[0] > MMANFS_MOVE_MAX || c->args[2] & ~(u64)(MPOL_MF_MOVE | MPOL_MF_MOVE_ALL))
		return -EINVAL;
	if ((c->uid && c->args[2] & MPOL_MF_MOVE_ALL) || !is_his(c, task_at(m, task)))
		return -EPERM;
	memcpy(&move, c->data, sizeof(move));
	result = do_move_pages(m, task, c->args[0], move.addr, c->args[1] ? move.node : NULL,
			       move.status, c->args[2] & MPOL_MF_MOVE_ALL);
	memcpy(c->data, &move, sizeof(move));
	return result;
}

/* ---- the table ---- */

struct machine_call {
	int (*serve)(struct machine *m, handle_t task, struct mmanfs_call *c);
	bool asks, of_task;
};

static const struct machine_call calls[NR_MMANFS_CALLS] = {
	[MMANFS_SYSINFO] = { call_sysinfo, true, false },
	[MMANFS_UNAME] = { call_uname, true, false },
	[MMANFS_START_TIME] = { call_start_time, true, true },
	[MMANFS_PROBE] = { call_probe, true, false },
	[MMANFS_SWAPON] = { call_swapon, false, false },
	[MMANFS_SWAPOFF] = { call_swapoff, false, false },
	[MMANFS_SYNC] = { call_sync, false, false },
	[MMANFS_SETHOSTNAME] = { call_sethostname, false, false },
	[MMANFS_SYSLOG_STATE] = { call_syslog_state, true, false },
	[MMANFS_SYSLOG_CLEAR] = { call_syslog_clear, false, false },
	[MMANFS_SYSLOG_CONSOLE] = { call_syslog_console, false, false },
	[MMANFS_GETPRIORITY] = { call_getpriority, true, true },
	[MMANFS_SETPRIORITY] = { call_setpriority, false, true },
	[MMANFS_GETAFFINITY] = { call_getaffinity, true, true },
	[MMANFS_SETAFFINITY] = { call_setaffinity, false, true },
	[MMANFS_GETRLIMIT] = { call_getrlimit, true, true },
	[MMANFS_SETRLIMIT] = { call_setrlimit, false, true },
	[MMANFS_GETPRIORITY_USER] = { call_priority_user, true, false },
	[MMANFS_SETPRIORITY_USER] = { call_priority_user, false, false },
	[MMANFS_GETSCHEDULER] = { call_getscheduler, true, true },
	[MMANFS_SETSCHEDULER] = { call_setscheduler, false, true },
	[MMANFS_GETIOPRIO] = { call_getioprio, true, true },
	[MMANFS_SETIOPRIO] = { call_setioprio, false, true },
	[MMANFS_MADVISE] = { call_madvise, false, true },
	[MMANFS_MRELEASE] = { call_mrelease, false, true },
	[MMANFS_MIGRATE_PAGES] = { call_migrate_pages, false, true },
	[MMANFS_MOVE_PAGES] = { call_move_pages, false, true },
};

static int serve(struct machine *m, struct mmanfs_call *c, bool asks)
{
	const struct machine_call *call = &calls[c->op];
	handle_t task = 0;

	if (c->reserved)
		return -EINVAL;
	if (call->of_task) {
		task = c->pid > 0 ? find_task_by_pid(m, (u32)c->pid) : 0;
		if (!task)
			return -ESRCH;
	}
	c->data[MMANFS_CALL_DATA - 1] = '\0';
	return call->asks == asks ? call->serve(m, task, c) : -ENOTTY;
}

bool sim_ctl_asks(u32 command)
{
	return command == MMANFS_IOC_QUERY;
}

/* A call as it came in; *@c is filled in. */
static int call(const struct request *rq, bool asks, struct mmanfs_call *c)
{
	if (c->op >= NR_MMANFS_CALLS || !calls[c->op].serve)
		return -ENOTTY;
	/* who is not root speaks for nobody but himself */
	if (rq->caller->uid && rq->caller->uid != c->uid) {
		if (!asks)
			return -EPERM;
		c->uid = rq->caller->uid;
	}
	return serve(rq->m, c, asks);
}

int sim_ctl_ioctl(const struct request *rq, u32 command, const void *in, size_t in_size, void *out,
		  size_t *out_size)
{
	size_t room = *out_size;
	struct mmanfs_signal s;
	struct mmanfs_call c;
	int result;

	*out_size = 0;
	if (command == MMANFS_IOC_SIGNAL) {
		if (in_size < sizeof(s))
			return -EINVAL;
		memcpy(&s, in, sizeof(s));
		return rq->caller->uid && rq->caller->uid != s.uid ? -EPERM : deliver(rq->m, &s);
	}
	if (command != MMANFS_IOC_QUERY && command != MMANFS_IOC_CALL)
		return -ENOTTY;
	if (in_size < sizeof(c))
		return -EINVAL;
	memcpy(&c, in, sizeof(c));
	result = call(rq, sim_ctl_asks(command), &c);
	/* a replay wants no answer */
	if (out && room >= sizeof(c)) {
		memcpy(out, &c, sizeof(c));
		*out_size = sizeof(c);
	}
	return result;
}
