/*
 * sched_calls.c - scheduling policies and I/O priorities of simulated processes.
 *
 * They are kept and shown (PID/stat, chrt, ionice), but who runs first on the simulated machine
 * does not depend on them.
 */
#define _GNU_SOURCE
#include <time.h>

#include "fs/exec/serve.h"

#define POLICY_RR	 2
#define RESET_ON_FORK	 0x40000000
#define RR_INTERVAL_NS	 100000000L
#define IOPRIO_PROCESS	 1
#define FLAG_RESET	 1u
#define FLAG_KEEP_POLICY 8u
#define FLAG_KEEP_PARAMS 16u

/* Ask for policy, priority and nice value. False: *@a is the answer. */
static bool get_scheduler(const struct exec_world *w, pid_t tid, struct mmanfs_call *c, int *result,
			  struct exec_answer *a)
{
	c->op = MMANFS_GETSCHEDULER;
	if (!exec_ask(w, tid, c, true, result, a))
		return false;
	*a = answer(*result);
	return *result >= 0;
}

static struct exec_answer set_scheduler(const struct exec_world *w, pid_t tid, pid_t pid,
					uint64_t policy, uint64_t priority, uint64_t nice)
{
	struct mmanfs_call c = { .op = MMANFS_SETSCHEDULER,
				 .pid = pid,
				 .args = { policy, priority, nice } };
	struct exec_answer a;
	int result;

	return exec_ask(w, tid, &c, false, &result, &a) ? answer(result) : a;
}

EXEC_SERVE(serve_getscheduler)
{
	struct mmanfs_call c = { .pid = int_arg(args[call->pid]) };
	struct exec_answer a;
	int result;

	if (!exec_is_simulated(w, c.pid))
		return go_on();
	return get_scheduler(w, tid, &c, &result, &a) ? answer_value(result) : a;
}

EXEC_SERVE(serve_getparam)
{
	struct mmanfs_call c = { .pid = int_arg(args[call->pid]) };
	struct exec_answer a;
	int32_t priority;
	int result;

	if (!args[1] || !exec_is_simulated(w, c.pid))
		return go_on();
	if (!get_scheduler(w, tid, &c, &result, &a))
		return a;
	priority = (int32_t)c.args[0];
	return answer(w->write(w->ctx, tid, args[1], &priority, sizeof(priority)));
}

/* sched_setscheduler(pid, policy, param) and sched_setparam(pid, param). */
EXEC_SERVE(serve_setscheduler)
{
	bool with_policy = call->nr == SYS_sched_setscheduler;
	pid_t pid = int_arg(args[call->pid]);
	uint64_t param = args[with_policy ? 2 : 1];
	int policy = int_arg(args[1]);
	int32_t priority;
	int rc;

	/* what is wrong with any process the kernel says itself */
	if (!param || !exec_is_simulated(w, pid) || (with_policy && policy < 0))
		return go_on();
	rc = w->read(w->ctx, tid, param, &priority, sizeof(priority));
	if (rc < 0)
		return answer(rc);
	return set_scheduler(w, tid, pid, with_policy ? (uint32_t)policy : MMANFS_KEEP,
			     (uint32_t)priority, MMANFS_KEEP);
}

/* As sched_getattr(2) of 6.1 fills it. */
struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};

#define ATTR_SIZE_VER0 48u
#define UTIL_MAX       1024u

EXEC_SERVE(serve_getattr)
{
	struct mmanfs_call c = { .pid = int_arg(args[call->pid]) };
	struct attr attr = { .util_max = UTIL_MAX };
	uint32_t size = (uint32_t)args[2];
	struct exec_answer a;
	int result;

	if (!args[1] || !exec_is_simulated(w, c.pid))
		return go_on();
	if (size < ATTR_SIZE_VER0 || size > 4096 || (uint32_t)args[3])
		return answer(-EINVAL);
	if (!get_scheduler(w, tid, &c, &result, &a))
		return a;
	attr.size = size < sizeof(attr) ? size : (uint32_t)sizeof(attr);
	attr.policy = (uint32_t)(result & ~RESET_ON_FORK);
	attr.flags = result & RESET_ON_FORK ? FLAG_RESET : 0;
	attr.priority = (uint32_t)c.args[0];
	attr.nice = attr.priority ? 0 : (int32_t)c.args[1];
	return answer(w->write(w->ctx, tid, args[1], &attr, attr.size));
}

/* The caller's structure, of which the older kernels' first part is needed at least. 0 or -errno */
static int read_attr(const struct exec_world *w, pid_t tid, uint64_t addr, struct attr *attr)
{
	uint32_t size;
	int rc = w->read(w->ctx, tid, addr, &size, sizeof(size));

	if (rc < 0)
		return rc;
	size = size ? size : ATTR_SIZE_VER0;
	if (size < ATTR_SIZE_VER0 || size > 4096) {
		size = sizeof(*attr);
		(void)w->write(w->ctx, tid, addr, &size, sizeof(size));
		return -E2BIG;
	}
	return w->read(w->ctx, tid, addr, attr, size < sizeof(*attr) ? size : sizeof(*attr));
}

EXEC_SERVE(serve_setattr)
{
	pid_t pid = int_arg(args[call->pid]);
	struct attr attr = { 0 };
	uint64_t policy, priority, nice;
	int rc;

	if (!args[1] || (uint32_t)args[2] || !exec_is_simulated(w, pid))
		return go_on();
	rc = read_attr(w, tid, args[1], &attr);
	if (rc < 0)
		return answer(rc);
	if ((int32_t)attr.policy < 0 ||
	    attr.flags & ~(uint64_t)(FLAG_RESET | FLAG_KEEP_POLICY | FLAG_KEEP_PARAMS))
		return answer(-EINVAL);
	policy = attr.policy | (attr.flags & FLAG_RESET ? RESET_ON_FORK : 0);
	priority = attr.priority;
	nice = (uint32_t)attr.nice;
	if (attr.flags & FLAG_KEEP_POLICY)
		policy = MMANFS_KEEP;
	if (attr.flags & FLAG_KEEP_PARAMS)
		priority = nice = MMANFS_KEEP;
	return set_scheduler(w, tid, pid, policy, priority, nice);
}

/* A process that does not share its CPU with others of its class has no turn that ends. */
EXEC_SERVE(serve_rr_get_interval)
{
	struct mmanfs_call c = { .pid = int_arg(args[call->pid]) };
	struct timespec interval = { 0 };
	struct exec_answer a;
	int result;

	if (!exec_is_simulated(w, c.pid))
		return go_on();
	if (!get_scheduler(w, tid, &c, &result, &a))
		return a;
	if ((result & ~RESET_ON_FORK) == POLICY_RR)
		interval.tv_nsec = RR_INTERVAL_NS;
	return answer(w->write(w->ctx, tid, args[1], &interval, sizeof(interval)));
}

/* ioprio_get(IOPRIO_WHO_PROCESS, pid) and ioprio_set(IOPRIO_WHO_PROCESS, pid, priority) */
EXEC_SERVE(serve_ioprio_process)
{
	bool asks = call->nr == SYS_ioprio_get;
	struct mmanfs_call c = { .op = asks ? MMANFS_GETIOPRIO : MMANFS_SETIOPRIO,
				 .pid = int_arg(args[call->pid]),
				 .args = { (uint32_t)args[2] } };
	struct exec_answer a;
	int result;

	if (!exec_is_simulated(w, c.pid))
		return go_on();
	return exec_ask(w, tid, &c, asks, &result, &a) ? answer_value(result) : a;
}
