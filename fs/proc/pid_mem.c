/*
 * PID/mem: the process's memory at its own addresses, read and written as a debugger does.
 *
 * What is missing is faulted in, so that a read changes the machine too; what is swapped out comes
 * back in. A descriptor belongs to the address space that was there when it was opened: after exec
 * or the process's end it is empty, and takes nothing.
 * Source: proc(5).
 */
#include "fs/proc/pid.h"

#include <mman/contents.h>

#include <errno.h>

/* The address space that was opened; kernel threads have none, and their file is empty. */
static u64 mm_id(const struct machine *m, const struct task *t)
{
	return t->mm ? mm_at(m, t->mm)->id : 0;
}

int pid_mm_open(const struct request *rq, int flags)
{
	PID_RQ(rq, t);

	(void)flags;
	rq->file->sequence = mm_id(rq->m, t);
	return 0;
}

bool pid_mm_ended(const struct request *rq)
{
	handle_t task = pid_task(rq);

	return !task || !rq->file->sequence ||
	       mm_id(rq->m, task_at(rq->m, task)) != rq->file->sequence;
}

ssize_t pid_mem_pread(const struct request *rq, char *buffer, size_t size, u64 offset)
{
	return access_remote_vm(rq->m, pid_task(rq), offset, buffer, size, false);
}

/* Nothing of @data is changed when @write is set. */
ssize_t pid_mem_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	return access_remote_vm(rq->m, pid_task(rq), offset, (void *)data, size, true);
}
