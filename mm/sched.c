/*
 * sched.c - who runs where, for how long: CPU placement, time accounting, load average, and the
 * commands in progress.
 *
 * There is no scheduler: a command runs its task at once, a background load is an event. What the
 * readers of a machine want to see is kept all the same: the CPU a task ran on (it decides on which
 * node its pages land), its user and system time, the load average.
 */
#include <mman/lab.h>
#include <mman/machine.h>

#include <errno.h>

#include "mm/task.h"
#include "mm/tlb.h"

int cpu_to_node(const struct machine *m, u32 cpu)
{
	u32 nid;

	for (nid = 0; nid < m->nr_nodes; nid++)
		if (m->node[nid].cpumask[cpu / 64] >> (cpu % 64) & 1)
			return (int)nid;
	return 0;
}

bool task_cpu_allowed(const struct machine *m, const struct task *t, u32 cpu)
{
	const struct cpumask *mask;

	if (cpu >= m->nr_cpus)
		return false;
	if (!t->cpus_allowed)
		return true;
	mask = pool_at(&m->tasks.cpumasks, t->cpus_allowed);
	return mask->bits[cpu / 64] >> (cpu % 64) & 1;
}

u32 task_pick_cpu(struct machine *m, const struct task *t)
{
	u32 tries;

	for (tries = 0; tries < m->nr_cpus; tries++) {
		u32 cpu = m->tasks.next_cpu++ % m->nr_cpus;

		if (task_cpu_allowed(m, t, cpu))
			return cpu;
	}
	return 0;
}

int task_setaffinity(struct machine *m, handle_t task, const struct cpumask *mask)
{
	struct task *t = task_at(m, task);
	handle_t h = t->cpus_allowed;
	bool any = false;
	u32 cpu;

	for (cpu = 0; cpu < m->nr_cpus; cpu++)
		any |= mask->bits[cpu / 64] >> (cpu % 64) & 1;
	if (!any)
		return -EINVAL;
	if (!h && !(h = pool_alloc(&m->tasks.cpumasks)))
		return -ENOMEM;
	*(struct cpumask *)pool_at(&m->tasks.cpumasks, h) = *mask;
	t->cpus_allowed = h;
	if (!task_cpu_allowed(m, t, t->cpu)) {
		u32 from = t->cpu;

		t->cpu = task_pick_cpu(m, t);
		numa_task_moved(m, t, from, t->cpu);
	}
	if (m->current == task && m->cpu != t->cpu) {
		m->cpu = t->cpu;
		tlb_leave(&m->tlb);
	}
	return 0;
}

/* ---- time ---- */

void account_task_time(struct machine *m, handle_t task, u64 ns, bool user)
{
	struct task *t = task_at(m, task);
	struct cpu_time *c = pool_at(&m->tasks.cpu_times, t->cpu + 1);

	if (user) {
		t->utime += ns;
		if (t->nice > 0)
			c->nice += ns;
		else
			c->user += ns;
		m->tasks.cpu_user_ns += ns;
	} else {
		t->stime += ns;
		c->system += ns;
		m->tasks.cpu_system_ns += ns;
	}
}

/*
 * Loads and stores are the program's own time. The rest of what a command took (faults, reclaim,
 * system calls) is the kernel's; where it waited for the disk, account_iowait() has moved the
 * start.
 */
static void account_since(struct machine *m, const struct running *r)
{
	u64 total = m->clock.now > r->started ? m->clock.now - r->started : 0;
	/* what exec touches is the kernel's, walks and all */
	u64 user = min_t(u64, total, r->user_ns ? r->user_ns + r->walk_ns : 0);

	account_task_time(m, r->task, total - user, false);
	account_task_time(m, r->task, user, true);
}

/* The time of a command that was let in while another one runs is not that one's. A handler's work
 * is beside it: the clock is set back. */
static void leave_to_outer(struct machine *m, const struct running *r)
{
	if (r->outer && !m->clock.in_events)
		r->outer->started += m->clock.now - r->begun;
}

void task_run_begin(struct machine *m, struct running *r, handle_t task)
{
	struct task *t = task_at(m, task);

	*r = (struct running){
		.outer = m->running,
		.task = task,
		.begun = m->clock.now,
		.started = m->clock.now,
		.saved_task = m->current,
		.saved_cpu = m->cpu,
	};
	m->running = r;
	m->current = task;
	if (m->cpu != t->cpu)
		m->tasks.context_switches++;
	m->cpu = t->cpu;
	tlb_leave(&m->tlb);
	t->nvcsw++;
	task_set_state(m, task, TASK_RUNNING);
	if (m->sysctl.numa_balancing && t->mm) {
		r->numa_due = numa_tick_due(m, r);
		clock_recheck(m);
	}
}

bool task_run_end(struct machine *m, struct running *r)
{
	if (!r->died && (r->fatal_signal || r->exits))
		exit_unmap(m, r);
	if (r->died || !lab_has_load(m, r->task))
		tlb_idle(m, m->cpu);
	tlb_settle(m);
	tlb_leave(&m->tlb);
	m->running = r->outer;
	m->current = r->saved_task;
	m->cpu = r->saved_cpu;
	leave_to_outer(m, r);
	if (unlikely(r->fatal_signal || m->panicked || r->numa_due))
		clock_recheck(m);
	if (r->died)
		return false;
	account_since(m, r);
	if (r->fatal_signal || r->exits) {
		exit_unmapped(m, r, r->fatal_signal);
		return false;
	}
	if (!lab_has_load(m, r->task) && task_at(m, r->task)->state == TASK_RUNNING)
		task_set_state(m, r->task, TASK_SLEEPING);
	return true;
}

/* ---- load average (Documentation/filesystems/proc.rst, loadavg) ---- */

#define LOAD_ONE    (1ull << AVERAGE_SHIFT)
#define LOAD_PERIOD (5 * NSEC_PER_SEC + JIFFY_NS)

/* e^(-5s/1min), e^(-5s/5min), e^(-5s/15min) in fixed point */
static const u64 load_decay[3] = { 1884, 2014, 2037 };

static u64 fixed_power(u64 x, u64 n)
{
	u64 result = LOAD_ONE;

	for (; n; n >>= 1) {
		if (n & 1)
			result = (result * x + LOAD_ONE / 2) >> AVERAGE_SHIFT;
		x = (x * x + LOAD_ONE / 2) >> AVERAGE_SHIFT;
	}
	return result;
}

u64 decayed_average(u64 average, u64 decay, u64 periods, u64 value)
{
	u64 power = fixed_power(decay, periods);
	u64 sum = average * power + value * (LOAD_ONE - power);

	/* rounds towards the value, so that a steady one is reached */
	if (periods && value >= average)
		sum += LOAD_ONE - 1;
	return sum >> AVERAGE_SHIFT;
}

void loadavg(const struct machine *m, u64 out[3])
{
	u64 periods = (m->clock.now - m->tasks.load_time) / LOAD_PERIOD;
	u64 active = (u64)m->tasks.nr_load_tasks << AVERAGE_SHIFT;
	u32 i;

	for (i = 0; i < 3; i++)
		out[i] = decayed_average(m->tasks.avenrun[i], load_decay[i], periods, active);
}

static void load_fold(struct machine *m)
{
	u64 periods = (m->clock.now - m->tasks.load_time) / LOAD_PERIOD;

	if (!periods)
		return;
	loadavg(m, m->tasks.avenrun);
	m->tasks.load_time += periods * LOAD_PERIOD;
}

static bool counts_as_load(u8 state)
{
	return state == TASK_RUNNING || state == TASK_DISK;
}

void task_set_state(struct machine *m, handle_t task, enum task_state_letter state)
{
	struct task *t = task_at(m, task);

	if (t->state == (u8)state)
		return;
	load_fold(m);
	if (counts_as_load(t->state))
		m->tasks.nr_load_tasks--;
	if (counts_as_load((u8)state))
		m->tasks.nr_load_tasks++;
	if (t->state == TASK_RUNNING)
		m->tasks.nr_running--;
	if (state == TASK_RUNNING)
		m->tasks.nr_running++;
	t->state = (u8)state;
}
