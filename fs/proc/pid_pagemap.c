/*
 * PID/pagemap: eight bytes for each page of the address space; PID/clear_refs takes marks off it.
 * Frame numbers are root's to see.
 * Source: Documentation/admin-guide/mm/pagemap.rst, soft-dirty.rst.
 */
#include "fs/proc/pid.h"

#include "fs/pagemap.h"
#include "fs/parse.h"

#include <errno.h>
#include <string.h>

#define ENTRY_BYTES sizeof(u64)

static u64 make_entry(const struct pte_info *pte, bool vma_soft_dirty, bool show_pfn)
{
	u64 entry = vma_soft_dirty || pte->soft_dirty ? PM_SOFT_DIRTY : 0;

	if (pte->present) {
		entry |= PM_PRESENT;
		if (show_pfn)
			entry |= pte->pfn & PM_FRAME;
	} else if (pte->swapped) {
		entry |= PM_SWAP;
		if (show_pfn)
			entry |= (pte->swap_type | pte->swap_offset << PM_SWAP_TYPE_BITS) &
				 PM_FRAME;
	}
	if (pte->file)
		entry |= PM_FILE;
	if (pte->exclusive)
		entry |= PM_EXCLUSIVE;
	return entry;
}

/* Fills @buffer for the pages from @start that lie in @v; returns how many those are. */
static u64 read_vma(struct machine *m, const struct vma *v, u64 start, u64 n, char *buffer,
		    bool show_pfn)
{
	bool soft_dirty = v->flags & VM_SOFTDIRTY;
	u64 i;

	n = min_t(u64, n, (v->end - start) >> PAGE_SHIFT);
	for (i = 0; i < n; i++) {
		struct pte_info pte = { 0 };
		u64 entry;

		/* a device's frames are no pages */
		if (v->flags & VM_PFNMAP || !pte_lookup(m, v->mm, start + (i << PAGE_SHIFT), &pte))
			pte = (struct pte_info){ 0 };
		entry = make_entry(&pte, soft_dirty, show_pfn);
		memcpy(buffer + i * ENTRY_BYTES, &entry, ENTRY_BYTES);
	}
	return n;
}

ssize_t pid_pagemap_pread(const struct request *rq, char *buffer, size_t size, u64 offset)
{
	PID_RQ(rq, t);
	u64 addr = offset / ENTRY_BYTES << PAGE_SHIFT, n = size / ENTRY_BYTES, done = 0;

	if (!t->mm)
		return 0;
	if (offset % ENTRY_BYTES || size % ENTRY_BYTES)
		return -EINVAL;
	if (offset / ENTRY_BYTES >= task_size(rq->m) >> PAGE_SHIFT)
		return 0;
	n = min_t(u64, n, (task_size(rq->m) - addr) >> PAGE_SHIFT);

	memset(buffer, 0, n * ENTRY_BYTES);
	while (done < n) {
		u64 at = addr + (done << PAGE_SHIFT);
		handle_t h = find_vma(rq->m, t->mm, at);
		const struct vma *v = h ? vma_at(rq->m, h) : NULL;

		if (!v || v->start >= addr + (n << PAGE_SHIFT))
			break;
		if (v->start > at)
			done = (v->start - addr) >> PAGE_SHIFT;
		done += read_vma(rq->m, v, addr + (done << PAGE_SHIFT), n - done,
				 buffer + done * ENTRY_BYTES, !rq->caller->uid);
	}
	return (ssize_t)(n * ENTRY_BYTES);
}

ssize_t pid_clear_refs_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	PID_RQ(rq, t);
	s32 type;
	ssize_t taken = pid_parse_int(data, size, 10, &type);

	(void)offset;
	if (taken < 0)
		return taken;
	if (type < CLEAR_REFS_ALL || type > CLEAR_REFS_MM_HIWATER_RSS)
		return -EINVAL;
	if (t->mm)
		clear_refs(rq->m, t->mm, (enum clear_refs_type)type);
	return taken;
}
