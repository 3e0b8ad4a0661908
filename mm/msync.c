/*
 * msync.c - msync(2): write out what a shared mapping of a file has made dirty.
 * Source: msync(2).
 */
#include <errno.h>

#include <mman/writeback.h>

#include "mm/filemap.h"
#include "mm/vma.h"

/* Waits for the disk: the mapping may be another when it returns. */
static int sync_vma(struct machine *m, const struct vma *v, u64 start, u64 end, u32 flags)
{
	u64 first = v->pgoff + ((start - v->start) >> PAGE_SHIFT);

	if (flags & MSYNC_INVALIDATE && v->flags & VM_LOCKED)
		return -EBUSY;
	if (!(flags & MSYNC_SYNC) || !v->file || !(v->flags & VM_SHARED))
		return 0;
	return vfs_fsync_range(m, v->file, first, first + ((end - start) >> PAGE_SHIFT) - 1, NULL);
}

/* Holes are reported, after all the rest has been written. An I/O error ends it. */
int do_msync(struct machine *m, handle_t task, u64 addr, u64 length, u32 flags)
{
	handle_t mmh = task_at(m, task)->mm, h;
	u64 end = addr + PAGE_ALIGN(length), to;
	int error = 0, failed;

	clock_charge(m, m->cost.syscall);
	if (flags & ~(MSYNC_ASYNC | MSYNC_INVALIDATE | MSYNC_SYNC) || addr & ~PAGE_MASK ||
	    (flags & MSYNC_ASYNC && flags & MSYNC_SYNC))
		return -EINVAL;
	if (end < addr)
		return -ENOMEM;
	while (addr < end) {
		h = find_vma_intersection(m, mmh, addr, end);
		if (!h || vma_at(m, h)->start > addr)
			error = -ENOMEM;
		if (!h)
			break;
		if (vma_at(m, h)->start > addr)
			addr = vma_at(m, h)->start;
		to = vma_at(m, h)->end < end ? vma_at(m, h)->end : end;
		failed = sync_vma(m, vma_at(m, h), addr, to, flags);
		if (failed)
			return failed;
		addr = to;
	}
	return error;
}
