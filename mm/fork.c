/*
 * fork.c - fork(2): a new task with a copy of its parent's address space, written to lazily.
 */
#include <mman/lab.h>
#include <mman/machine.h>

#include <errno.h>

#include "mm/oom.h"
#include "mm/task.h"

static int copy_cmdline(struct machine *m, handle_t from, handle_t to)
{
	char buffer[4096];
	size_t n = task_cmdline(m, from, buffer, sizeof(buffer));

	return task_set_cmdline(m, to, buffer, n);
}

/*
 * The copy of the address space comes first: a large one takes its time, others are let in
 * meanwhile, and nobody is to see a child that is not all there.
 */
int task_fork(struct machine *m, handle_t parent, handle_t *out)
{
	handle_t child, mm = 0;
	enum alloc_by by;
	int error = 0;

	if (m->tasks.nr_threads >= (u32)m->sysctl.threads_max)
		return -EAGAIN;
	by = alloc_by(m, ALLOC_BY_FORK);
	if (task_at(m, parent)->mm)
		error = mm_dup(m, task_at(m, parent)->mm, &mm);
	alloc_by(m, by);
	if (error)
		return error;
	error = task_create(m, parent, task_at(m, parent)->comm, 0, &child);
	if (!error) {
		error = copy_cmdline(m, parent, child);
		if (error)
			task_release(m, child);
	}
	if (error) {
		if (mm)
			mm_put(m, mm);
		return error;
	}
	task_at(m, child)->mm = mm;
	if (mm)
		mm_at(m, mm)->owner = child;
	*out = child;
	return 0;
}

int task_clone_vm(struct machine *m, handle_t parent, handle_t *out)
{
	handle_t child, mm = task_at(m, parent)->mm;
	int error;

	if (m->tasks.nr_threads >= (u32)m->sysctl.threads_max)
		return -EAGAIN;
	error = task_create(m, parent, task_at(m, parent)->comm, 0, &child);
	if (error)
		return error;
	error = copy_cmdline(m, parent, child);
	if (error) {
		task_release(m, child);
		return error;
	}
	task_at(m, child)->mm = mm;
	mm_at(m, mm)->users++;
	mm_at(m, mm)->flags |= MMF_MULTIPROCESS;
	*out = child;
	return 0;
}
