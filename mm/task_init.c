/*
 * task_init.c - the first tasks: the idle machine's init and kernel threads.
 */
#include <mman/lab.h>
#include <mman/machine.h>

#include <errno.h>

#include "mm/pid.h"
#include "mm/task.h"

#define THREAD_PAGES 4u

/* threads-max: kernel stacks may take an eighth of what is memory when it is computed, before boot
 * gives the initrd and its own code back (kernel.rst, threads-max). */
static s32 default_threads_max(const struct machine *m)
{
	u64 late = freed_late_kb(m) >> (PAGE_SHIFT - 10);
	u64 pages = m->totalram_pages > late ? m->totalram_pages - late : 0;
	u64 n = pages / ((u64)8 * THREAD_PAGES);

	return n < 20 ? 20 : n > 0x3fffffff ? 0x3fffffff : (s32)n;
}

static int pools_init(struct machine *m)
{
	struct task_state *s = &m->tasks;
	int error = pool_init(&s->tasks, "task", sizeof(struct task), 1u << 22);

	if (!error)
		error = pool_init(&s->rlimits, "rlimits", sizeof(struct rlimits), 1u << 20);
	if (!error)
		error = pool_init(&s->texts, "text", sizeof(struct task_text), 1u << 24);
	if (!error)
		error = pool_init(&s->cpumasks, "cpumask", sizeof(struct cpumask), 1u << 22);
	if (!error)
		error = pool_init(&s->cpu_times, "cpu_time", sizeof(struct cpu_time), NR_CPUS_MAX);
	if (!error)
		error = lab_init(m);
	if (!error)
		error = program_trace_init(m);
	if (!error)
		error = pid_table_init(m);
	if (!error && !pool_alloc_array(&s->cpu_times, m->nr_cpus))
		error = -ENOMEM;
	return error;
}

int init_process(struct machine *m)
{
	struct running r;
	handle_t mm;
	int error = task_create(m, 0, "init", 1, &m->tasks.init);

	if (error)
		return error;
	error = mm_create(m, &mm);
	if (error)
		return error;
	task_at(m, m->tasks.init)->mm = mm;
	mm_at(m, mm)->owner = m->tasks.init;
	task_run_begin(m, &r, m->tasks.init);
	error = exec_image(m, m->tasks.init, "/sbin/init");
	task_run_end(m, &r);
	return error;
}

int tasks_init(struct machine *m)
{
	int error = pools_init(m);

	if (error)
		return error;
	m->sysctl.threads_max = default_threads_max(m);
	m->tasks.default_rlimits = pool_alloc(&m->tasks.rlimits);
	if (!m->tasks.default_rlimits)
		return -ENOMEM;
	rlimits_defaults(m, pool_at(&m->tasks.rlimits, m->tasks.default_rlimits));
	if (m->config.bare)
		return 0;
	error = init_process(m);
	if (!error)
		error = kthreads_init(m) ? -ENOMEM : 0;
	return error;
}

void tasks_destroy(struct machine *m)
{
	struct task_state *s = &m->tasks;

	pool_destroy(&s->tasks);
	pool_destroy(&s->rlimits);
	pool_destroy(&s->texts);
	pool_destroy(&s->cpumasks);
	pool_destroy(&s->cpu_times);
	pool_destroy(&s->pid_nodes);
	lab_destroy(m);
	program_trace_destroy(m);
}
