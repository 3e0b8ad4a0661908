/*
 * PID/mem: the process's memory at its own addresses. The engine keeps no contents: every byte that is
 * mapped reads 0, without a fault, so that a reader changes nothing; a store to it cannot be kept and
 * fails as one to a device page does.
 */
#include "fs/proc/pid.h"

#include <errno.h>
#include <string.h>

/* Bytes from @addr on that are mapped without a gap, at most @size. */
static u64 readable_bytes(struct machine *m, handle_t mm, u64 addr, u64 size)
{
	u64 at = addr;
	handle_t h = find_vma(m, mm, addr);

	for (; h && at - addr < size; h = vma_at(m, h)->next) {
		const struct vma *v = vma_at(m, h);

		if (v->start > at || v->flags & (VM_IO | VM_PFNMAP) || !(v->flags & VM_MAYREAD))
			break;
		at = v->end;
	}
	return min_t(u64, at - addr, size);
}

ssize_t pid_mem_pread(const struct request *rq, char *buffer, size_t size, u64 offset)
{
	PID_RQ(rq, t);
	u64 n;

	if (!t->mm || !size)
		return 0;
	n = readable_bytes(rq->m, t->mm, offset, size);
	if (!n)
		return -EIO;
	memset(buffer, 0, n);
	return (ssize_t)n;
}

ssize_t pid_mem_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	PID_RQ(rq, t);
	(void)data, (void)offset;
	return t->mm && size ? -EIO : 0;
}
