/*
 * kthread.c - the kernel threads that a 6.1 kernel starts at boot, in its order.
 */
#include <mman/machine.h>

#include <stdio.h>
#include <string.h>

#include "mm/task.h"

#define SCHED_FIFO   1
#define MAX_PRIORITY 99

enum { ONCE, EACH_CPU, EACH_NODE };

struct kthread_row {
	const char *comm; /* %u: the CPU or node */
	u8 state;
	u8 each;
	s8 nice;
	bool fifo; /* SCHED_FIFO, of the highest priority */
};

/* Names as /proc/PID/comm shows them: 15 characters at most. */
static const struct kthread_row boot_kthreads[] = {
	{ "rcu_gp", TASK_IDLE, ONCE, NICE_MIN, false },
	{ "rcu_par_gp", TASK_IDLE, ONCE, NICE_MIN, false },
	{ "slub_flushwq", TASK_IDLE, ONCE, NICE_MIN, false },
	{ "netns", TASK_IDLE, ONCE, NICE_MIN, false },
	{ "mm_percpu_wq", TASK_IDLE, ONCE, NICE_MIN, false },
	{ "rcu_tasks_kthre", TASK_IDLE, ONCE, 0, false },
	{ "rcu_tasks_rude_", TASK_IDLE, ONCE, 0, false },
	{ "rcu_tasks_trace", TASK_IDLE, ONCE, 0, false },
	{ "rcu_preempt", TASK_IDLE, ONCE, 0, false },
	{ "cpuhp/%u", TASK_SLEEPING, EACH_CPU, 0, false },
	{ "migration/%u", TASK_SLEEPING, EACH_CPU, 0, true },
	{ "ksoftirqd/%u", TASK_SLEEPING, EACH_CPU, 0, false },
	{ "kworker/%u:0H", TASK_IDLE, EACH_CPU, NICE_MIN, false },
	{ "kdevtmpfs", TASK_SLEEPING, ONCE, 0, false },
	{ "inet_frag_wq", TASK_IDLE, ONCE, NICE_MIN, false },
	{ "kauditd", TASK_SLEEPING, ONCE, 0, false },
	{ "khungtaskd", TASK_SLEEPING, ONCE, 0, false },
	{ "oom_reaper", TASK_SLEEPING, ONCE, 0, false },
	{ "writeback", TASK_IDLE, ONCE, NICE_MIN, false },
	{ "kcompactd%u", TASK_SLEEPING, EACH_NODE, 0, false },
	{ "ksmd", TASK_SLEEPING, ONCE, 5, false },
	{ "khugepaged", TASK_SLEEPING, ONCE, NICE_MAX, false },
	{ "kintegrityd", TASK_IDLE, ONCE, NICE_MIN, false },
	{ "kblockd", TASK_IDLE, ONCE, NICE_MIN, false },
	{ "blkcg_punt_bio", TASK_IDLE, ONCE, NICE_MIN, false },
	{ "devfreq_wq", TASK_IDLE, ONCE, NICE_MIN, false },
	{ "kworker/%u:1H", TASK_IDLE, EACH_CPU, NICE_MIN, false },
	{ "kswapd%u", TASK_SLEEPING, EACH_NODE, 0, false },
	{ "kthrotld", TASK_IDLE, ONCE, NICE_MIN, false },
	{ "mld", TASK_IDLE, ONCE, NICE_MIN, false },
	{ "ipv6_addrconf", TASK_IDLE, ONCE, NICE_MIN, false },
	{ "kstrp", TASK_IDLE, ONCE, NICE_MIN, false },
	{ "zswap-shrink", TASK_IDLE, ONCE, NICE_MIN, false },
};

handle_t kthread_create(struct machine *m, const char *comm)
{
	handle_t h;

	if (task_create(m, m->tasks.kthreadd, comm, 0, &h))
		return 0;
	task_at(m, h)->flags |= PF_KTHREAD;
	task_at(m, h)->exit_signal = 0;
	return h;
}

static int start_one(struct machine *m, const struct kthread_row *row, u32 number)
{
	char comm[TASK_COMM_LEN * 2];
	handle_t h;

	snprintf(comm, sizeof(comm), row->comm, number);
	h = kthread_create(m, comm);
	if (!h)
		return -1;
	task_set_state(m, h, (enum task_state_letter)row->state);
	task_at(m, h)->nice = row->nice;
	task_at(m, h)->sched_policy = row->fifo ? SCHED_FIFO : 0;
	task_at(m, h)->rt_priority = row->fifo ? MAX_PRIORITY : 0;
	if (row->each == EACH_CPU)
		task_at(m, h)->cpu = number;
	if (!strcmp(comm, "writeback"))
		m->wb.flusher = h;
	if (row->each == EACH_NODE && row->comm[1] == 's')
		m->node[number].kswapd = h;
	else if (row->each == EACH_NODE)
		m->node[number].kcompactd = h;
	return 0;
}

static int start_row(struct machine *m, const struct kthread_row *row)
{
	u32 i, n = row->each == EACH_CPU ? m->nr_cpus : row->each == EACH_NODE ? m->nr_nodes : 1;

	for (i = 0; i < n; i++) {
		if (row->each == EACH_NODE && !m->node[i].has_memory)
			continue;
		if (start_one(m, row, i))
			return -1;
	}
	return 0;
}

int kthreads_init(struct machine *m)
{
	u32 i;

	if (task_create(m, 0, "kthreadd", 0, &m->tasks.kthreadd))
		return -1;
	task_at(m, m->tasks.kthreadd)->flags |= PF_KTHREAD;
	for (i = 0; i < ARRAY_SIZE(boot_kthreads); i++)
		if (start_row(m, &boot_kthreads[i]))
			return -1;
	return 0;
}
