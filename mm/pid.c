/*
 * pid.c - the process table: which task has which PID, in order.
 *
 * A radix tree of fixed depth over 24 bits, 64 ways a level, each node with a bitmap of its used
 * slots: find, insert and "the next PID from here on" touch four nodes, however many processes
 * there are. pid_max never exceeds 4,194,304 (PID_MAX_LIMIT), well inside.
 */
#include <mman/machine.h>

#include <errno.h>

#include "mm/pid.h"

#define PID_BITS   6u
#define PID_LEVELS 4u
#define PID_SLOTS  (1u << PID_BITS)

struct pid_node {
	u64 used;
	u32 slot[PID_SLOTS]; /* next level's node; at the last level the task */
};

static struct pid_node *node_at(const struct machine *m, handle_t h)
{
	return pool_at(&m->tasks.pid_nodes, h);
}

static u32 slot_of(u32 pid, u32 level)
{
	return pid >> (PID_BITS * (PID_LEVELS - 1 - level)) & (PID_SLOTS - 1);
}

int pid_table_init(struct machine *m)
{
	int error = pool_init(&m->tasks.pid_nodes, "pid_node", sizeof(struct pid_node), 1u << 18);

	if (error)
		return error;
	m->tasks.pid_root = pool_alloc(&m->tasks.pid_nodes);
	return m->tasks.pid_root ? 0 : -ENOMEM;
}

handle_t find_task_by_pid(const struct machine *m, u32 pid)
{
	handle_t h = m->tasks.pid_root;
	u32 level;

	if (!pid || pid >> (PID_BITS * PID_LEVELS))
		return 0;
	for (level = 0; h && level < PID_LEVELS; level++)
		h = node_at(m, h)->slot[slot_of(pid, level)];
	return h;
}

static int pid_insert(struct machine *m, u32 pid, handle_t task)
{
	handle_t h = m->tasks.pid_root;
	u32 level;

	for (level = 0;; level++) {
		struct pid_node *n = node_at(m, h);
		u32 slot = slot_of(pid, level);

		if (level == PID_LEVELS - 1) {
			n->slot[slot] = task;
			n->used |= 1ull << slot;
			return 0;
		}
		if (!n->slot[slot]) {
			n->slot[slot] = pool_alloc(&m->tasks.pid_nodes);
			if (!n->slot[slot])
				return -ENOMEM;
			n->used |= 1ull << slot;
		}
		h = n->slot[slot];
	}
}

void pid_remove(struct machine *m, u32 pid)
{
	handle_t path[PID_LEVELS];
	handle_t h = m->tasks.pid_root;
	u32 level;

	for (level = 0; level < PID_LEVELS; level++) {
		path[level] = h;
		h = node_at(m, h)->slot[slot_of(pid, level)];
	}
	for (level = PID_LEVELS; level-- > 0;) {
		struct pid_node *n = node_at(m, path[level]);
		u32 slot = slot_of(pid, level);

		n->slot[slot] = 0;
		n->used &= ~(1ull << slot);
		if (n->used || !level)
			break;
		pool_free(&m->tasks.pid_nodes, path[level]);
	}
}

/* The task with the smallest PID >= @pid in the subtree @h of @level; 0 if none. */
static handle_t next_in(const struct machine *m, handle_t h, u32 level, u32 pid, bool bounded)
{
	const struct pid_node *n = node_at(m, h);
	u32 from = bounded ? slot_of(pid, level) : 0;
	u64 left = n->used & ~0ull << from;

	while (left) {
		u32 slot = (u32)__builtin_ctzll(left);
		handle_t found;

		if (level == PID_LEVELS - 1)
			return n->slot[slot];
		found = next_in(m, n->slot[slot], level + 1, pid, bounded && slot == from);
		if (found)
			return found;
		left &= left - 1;
	}
	return 0;
}

handle_t pid_next(const struct machine *m, u32 pid)
{
	handle_t h;

	/* memory can end while a machine boots: nobody is there yet */
	while (m->tasks.pid_root && !(pid >> (PID_BITS * PID_LEVELS))) {
		h = next_in(m, m->tasks.pid_root, 0, pid, true);
		if (!h || task_at(m, h)->tgid == task_at(m, h)->pid)
			return h;
		pid = task_at(m, h)->pid + 1;
	}
	return 0;
}

int pid_alloc(struct machine *m, handle_t task, u32 *pid)
{
	u32 max = (u32)m->sysctl.pid_max, tries, next = m->tasks.last_pid;
	int error;

	for (tries = 0; tries <= max; tries++) {
		next = next + 1 < max ? next + 1 : RESERVED_PIDS;
		if (find_task_by_pid(m, next))
			continue;
		error = pid_insert(m, next, task);
		if (error)
			return error;
		m->tasks.last_pid = next;
		*pid = next;
		return 0;
	}
	return -EAGAIN;
}

int pid_claim(struct machine *m, handle_t task, u32 pid)
{
	if (!pid || pid >= 1u << 22)
		return -EINVAL;
	if (find_task_by_pid(m, pid))
		return -EEXIST;
	return pid_insert(m, pid, task);
}
