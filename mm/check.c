/*
 * check.c - machine_check(): all invariants of the engine, and those of tasks and clock.
 */
#include "mm/check.h"

#include <stdio.h>

void check_fail(struct check *c, const char *format, ...)
{
	char line[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	c->violations++;
	if (c->report)
		c->report(c->arg, line);
}

void check_equal(struct check *c, const char *what, s64 counted, s64 kept)
{
	if (counted != kept)
		check_fail(c, "%s: counted %lld, kept %lld", what, (long long)counted,
			   (long long)kept);
}

static void check_family(struct check *c, handle_t h)
{
	const struct task *t = task_at(c->m, h);
	handle_t child, previous = 0;

	for (child = t->first_child; child; child = task_at(c->m, child)->next_sibling) {
		const struct task *ch = task_at(c->m, child);

		if (ch->parent != h || ch->ppid != t->tgid)
			check_fail(c, "task %u: child %u has another parent", t->pid, ch->pid);
		if (ch->prev_sibling != previous)
			check_fail(c, "task %u: broken sibling links at %u", t->pid, ch->pid);
		previous = child;
	}
}

static void check_tasks(struct check *c)
{
	struct machine *m = c->m;
	u32 processes = 0, threads = 0, running = 0, load = 0;
	handle_t h, thread;

	for (h = pid_next(m, 1); h; h = pid_next(m, task_at(m, h)->pid + 1)) {
		const struct task *t = task_at(m, h);

		processes++;
		if (find_task_by_pid(m, t->pid) != h)
			check_fail(c, "task %u is not found by its PID", t->pid);
		if (!t->mm != (t->flags & (PF_KTHREAD | PF_EXITING) || t->state == TASK_ZOMBIE))
			check_fail(
				c,
				"task %u: kernel threads and zombies, and only they, have no address space",
				t->pid);
		for (thread = h; thread; thread = task_at(m, thread)->next_thread) {
			const struct task *th = task_at(m, thread);

			threads++;
			running += th->state == TASK_RUNNING;
			load += th->state == TASK_RUNNING || th->state == TASK_DISK;
			if (th->tgid != t->pid || th->mm != t->mm)
				check_fail(c, "thread %u strays from its group %u", th->pid,
					   t->pid);
		}
		check_family(c, h);
	}
	check_equal(c, "processes", processes, m->tasks.nr_tasks);
	check_equal(c, "threads", threads, m->tasks.nr_threads);
	check_equal(c, "running tasks", running, m->tasks.nr_running);
	check_equal(c, "tasks in the load average", load, m->tasks.nr_load_tasks);
	check_equal(c, "KernelStack, kB", 16 * (s64)threads, m->vm_node_stat[NR_KERNEL_STACK]);
}

static void (*const check_parts[])(struct check *c) = {
	check_tasks, check_psi,	      check_phys,  check_contents,   check_virt, check_swap,
	check_lru,   check_writeback, check_file,  check_dcache,     check_oom,	 check_hugetlb,
	check_tlb,   check_hotplug,   check_heaps, check_compaction, check_numa,
};

bool machine_check_part(struct machine *m, u32 part, void (*report)(void *arg, const char *line),
			void *arg, unsigned int *violations)
{
	struct check c = { .m = m, .report = report, .arg = arg };

	if (part >= ARRAY_SIZE(check_parts))
		return false;
	check_parts[part](&c);
	*violations += c.violations;
	return true;
}

unsigned int machine_check(struct machine *m, void (*report)(void *arg, const char *line),
			   void *arg)
{
	unsigned int violations = 0;
	u32 part = 0;

	while (machine_check_part(m, part, report, arg, &violations))
		part++;
	return violations;
}
