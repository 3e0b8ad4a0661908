/*
 * numa_calls.c - migrate_pages(2) and move_pages(2) of a simulated process.
 *
 * move_pages may name millions of pages: they go to the engine by the few that one call's data
 * holds, in order, and the statuses come back as far as the engine came.
 */
#define _GNU_SOURCE
#include "fs/exec/serve.h"

#define WORD_BITS     64u
#define MAXNODE_LIMIT 32768u /* bits in a page: more the kernel does not read */

/* A nodemask of @maxnode - 1 bits in the caller's memory. Nodes beyond those that a machine can
 * have here hold nothing. */
static int read_nodes(const struct exec_world *w, pid_t tid, uint64_t addr, uint64_t maxnode,
		      uint64_t *nodes)
{
	uint64_t bits = maxnode - 1;
	int error;

	*nodes = 0;
	if (!bits || !addr)
		return 0;
	if (bits > MAXNODE_LIMIT)
		return -EINVAL;
	error = w->read(w->ctx, tid, addr, nodes, sizeof(*nodes));
	if (error < 0)
		return error;
	if (bits < WORD_BITS)
		*nodes &= (1ull << bits) - 1;
	return 0;
}

EXEC_SERVE(serve_migrate_pages)
{
	struct mmanfs_call c = { .op = MMANFS_MIGRATE_PAGES, .pid = int_arg(args[call->pid]) };
	struct exec_answer a;
	int result;

	if (c.pid <= 0 || w->has_task(w->ctx, c.pid))
		return go_on();
	result = read_nodes(w, tid, args[2], args[1], &c.args[0]);
	if (!result)
		result = read_nodes(w, tid, args[3], args[1], &c.args[1]);
	if (result)
		return answer(result);
	return exec_ask(w, tid, &c, false, &result, &a) ? answer_value(result) : a;
}

/* The caller's arrays. */
struct arrays {
	uint64_t pages, nodes, status;
};

static int read_chunk(const struct exec_world *w, pid_t tid, const struct arrays *at, uint64_t from,
		      uint32_t nr, struct mmanfs_move *move)
{
	int error = 0;
	uint32_t i;

	memset(move, 0, sizeof(*move));
	for (i = 0; i < nr; i++)
		move->status[i] = MMANFS_MOVE_UNTOUCHED;
	if (nr)
		error = w->read(w->ctx, tid, at->pages + from * sizeof(move->addr[0]), move->addr,
				nr * sizeof(move->addr[0]));
	if (error >= 0 && nr && at->nodes)
		error = w->read(w->ctx, tid, at->nodes + from * sizeof(move->node[0]), move->node,
				nr * sizeof(move->node[0]));
	return error < 0 ? error : 0;
}

static int write_status(const struct exec_world *w, pid_t tid, const struct arrays *at,
			uint64_t from, uint32_t nr, const struct mmanfs_move *move)
{
	uint32_t first = 0, end;
	int error = 0;

	while (error >= 0 && first < nr) {
		for (end = first; end < nr && move->status[end] != MMANFS_MOVE_UNTOUCHED; end++)
			;
		if (end > first)
			error = w->write(w->ctx, tid,
					 at->status + (from + first) * sizeof(move->status[0]),
					 &move->status[first],
					 (end - first) * sizeof(move->status[0]));
		first = end + 1;
	}
	return error < 0 ? error : 0;
}

/* move_pages(pid, count, pages, nodes, status, flags) */
EXEC_SERVE(serve_move_pages)
{
	const struct arrays at = { args[2], args[3], args[4] };
	struct mmanfs_call c = { .op = MMANFS_MOVE_PAGES, .pid = int_arg(args[call->pid]) };
	uint64_t count = args[1], done = 0;
	struct mmanfs_move move;
	struct exec_answer a;
	int result, error;

	if (c.pid <= 0 || w->has_task(w->ctx, c.pid))
		return go_on();
	c.args[1] = at.nodes != 0;
	c.args[2] = (uint32_t)args[5];
	do {
		uint32_t nr = count - done < MMANFS_MOVE_MAX ? (uint32_t)(count - done) :
							       MMANFS_MOVE_MAX;

		error = read_chunk(w, tid, &at, done, nr, &move);
		c.args[0] = error ? 0 : nr; /* may he at all? */
		memcpy(c.data, &move, sizeof(move));
		if (!exec_ask(w, tid, &c, false, &result, &a))
			return a;
		if (error)
			return answer(result < 0 ? result : error);
		memcpy(&move, c.data, sizeof(move));
		error = write_status(w, tid, &at, done, nr, &move);
		done += nr;
		if (result < 0 || error)
			return answer(result < 0 ? result : error);
		if (result > 0) /* pages that stayed, and all that was not tried */
			return answer_value((int64_t)result + (int64_t)(count - done));
	} while (done < count);
	return answer_value(0);
}
