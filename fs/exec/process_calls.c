/*
 * process_calls.c - calls about one process by its number: priority, affinity, limits.
 *
 * An own process is the kernel's business, a simulated one the engine's. Structures are read from
 * the caller before the engine is asked and written after; a caller that was killed meanwhile gets
 * nothing.
 */
#define _GNU_SOURCE
#include <sys/resource.h>

#include "fs/exec/serve.h"

#define CPU_WORD 8u

bool exec_is_simulated(const struct exec_world *w, pid_t pid)
{
	return pid > 0 && !w->has_task(w->ctx, pid);
}

static bool is_simulated(const struct exec_world *w, const struct exec_call *call,
			 const uint64_t *args)
{
	return exec_is_simulated(w, int_arg(args[call->pid]));
}

static struct mmanfs_call about(const struct exec_call *call, const uint64_t *args,
				enum mmanfs_call_op op)
{
	return (struct mmanfs_call){ .op = op, .pid = int_arg(args[call->pid]) };
}

/* A call that returns a number and nothing else. */
static struct exec_answer ask_number(const struct exec_world *w, const struct exec_call *call,
				     pid_t tid, const uint64_t *args, enum mmanfs_call_op op)
{
	struct mmanfs_call c = about(call, args, op);
	struct exec_answer a;
	int result;

	if (!is_simulated(w, call, args))
		return go_on();
	return exec_ask(w, tid, &c, true, &result, &a) ? answer_value(result) : a;
}

/*
 * getpriority(2) and setpriority(2) of a user's processes. Simulated ones are the engine's; own
 * ones follow the kernel where there is no other, or where the caller is one of them.
 */
struct exec_answer exec_priority_of_user(const struct exec_world *w, const struct exec_call *call,
					 pid_t tid, const uint64_t *args)
{
	bool asks = call->nr == SYS_getpriority;
	struct mmanfs_call c = { .op = asks ? MMANFS_GETPRIORITY_USER : MMANFS_SETPRIORITY_USER,
				 .pid = int_arg(args[call->pid]),
				 .args = { (uint64_t)(int64_t)int_arg(args[2]) } };
	struct exec_caller caller;
	struct exec_answer a;
	int result;

	if (w->get_user(w->ctx, tid, &caller) < 0)
		return answer(-ESRCH);
	if (c.pid == 0) /* his own */
		c.pid = (int32_t)caller.uid;
	if (!exec_ask(w, tid, &c, asks, &result, &a))
		return a;
	if (result == -ESRCH || (!asks && result == 0 && (uint32_t)c.pid == caller.uid))
		return go_on();
	return answer_value(result);
}

EXEC_SERVE(serve_getpriority)
{
	return ask_number(w, call, tid, args, MMANFS_GETPRIORITY);
}

EXEC_SERVE(serve_setpriority)
{
	struct mmanfs_call c = about(call, args, MMANFS_SETPRIORITY);
	struct exec_answer a;
	int result;

	if (!is_simulated(w, call, args))
		return go_on();
	c.args[0] = (uint64_t)(int64_t)int_arg(args[2]);
	return exec_ask(w, tid, &c, false, &result, &a) ? answer(result) : a;
}

EXEC_SERVE(serve_getaffinity)
{
	struct mmanfs_call c = about(call, args, MMANFS_GETAFFINITY);
	uint32_t size = (uint32_t)args[1];
	struct exec_answer a;
	int result, error;

	if (!is_simulated(w, call, args))
		return go_on();
	if (size % CPU_WORD || !size) /* whoever it is */
		return answer(-EINVAL);
	if (!exec_ask(w, tid, &c, true, &result, &a))
		return a;
	if (result < 0)
		return answer(result);
	if (size < (uint32_t)result)
		return answer(-EINVAL);
	error = w->write(w->ctx, tid, args[2], c.data, (size_t)result);
	return error ? answer(error) : answer_value(result);
}

EXEC_SERVE(serve_setaffinity)
{
	struct mmanfs_call c = about(call, args, MMANFS_SETAFFINITY);
	uint32_t size = (uint32_t)args[1];
	struct exec_answer a;
	int result;

	if (!is_simulated(w, call, args))
		return go_on();
	size = size < MMANFS_CALL_DATA ? size : MMANFS_CALL_DATA;
	result = w->read(w->ctx, tid, args[2], c.data, size);
	if (result < 0)
		return answer(result);
	c.args[0] = size;
	return exec_ask(w, tid, &c, false, &result, &a) ? answer(result) : a;
}

/* prlimit64(pid, which, new, old) */
EXEC_SERVE(serve_prlimit)
{
	struct mmanfs_call c = about(call, args, MMANFS_GETRLIMIT);
	uint64_t limits[2];
	struct exec_answer a;
	int result;

	if (!is_simulated(w, call, args))
		return go_on();
	c.args[0] = (uint32_t)args[1];
	if (args[2]) {
		result = w->read(w->ctx, tid, args[2], limits, sizeof(limits));
		if (result < 0)
			return answer(result);
		c.op = MMANFS_SETRLIMIT;
		c.args[1] = limits[0];
		c.args[2] = limits[1];
	}
	if (!exec_ask(w, tid, &c, !args[2], &result, &a))
		return a;
	if (result < 0 || !args[3])
		return answer(result);
	return answer(w->write(w->ctx, tid, args[3], c.args, sizeof(limits)));
}
