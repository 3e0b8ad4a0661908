/*
 * unmapped_area.c - where a new mapping goes.
 *
 *	0 .. mmap_min_addr | program, heap | bottom-up, if all else fails ... top-down | stack
 *	                                    ^ TASK_SIZE / 3               ^ mmap_base
 *
 * The tree of VMAs knows the largest hole in each subtree, so that the highest one that is large
 * enough is found in a walk down. A stack's guard gap is not part of the hole below it.
 */
#include <errno.h>

#include <mman/hugetlb.h>

#include "mm/vma.h"

#define TASK_UNMAPPED_BASE PAGE_ALIGN(task_size(m) / 3)
#define PMD_SIZE	   (PAGE_SIZE << TABLE_SHIFT)
#define NOWHERE		   UINT64_MAX

/* The search of get_unmapped_area(): top-down below @high, or bottom-up from @low. */
static u64 unmapped_area(struct machine *m, handle_t mmh, u64 length, u64 low, u64 high,
			 bool topdown)
{
	const struct mm *mm = mm_at(m, mmh);
	handle_t last = vma_tree_last(m, mm);
	u64 above = last && vma_at(m, last)->end > low ? vma_at(m, last)->end : low, from, to;
	bool fits_above = above <= high && high - above >= length;

	if (topdown && fits_above)
		return high - length;
	if (vma_tree_hole(m, mm, topdown, length, low, high, &from, &to))
		return topdown ? to - length : from;
	return !topdown && fits_above ? above : NOWHERE;
}

/* A place of the kernel's choice. */
static u64 search(struct machine *m, handle_t mmh, u64 length)
{
	u64 low = m->sysctl.mmap_min_addr > PAGE_SIZE ? PAGE_ALIGN(m->sysctl.mmap_min_addr) :
							PAGE_SIZE;
	u64 found = NOWHERE;

	if (!m->sysctl.legacy_va_layout)
		found = unmapped_area(m, mmh, length, low, mm_at(m, mmh)->mmap_base, true);
	if (found == NOWHERE)
		found = unmapped_area(m, mmh, length, TASK_UNMAPPED_BASE, task_size(m), false);
	return found;
}

/* Large files on disk are placed so that huge pages could map them: address and offset agree mod 2
 * MiB. */
static u64 search_aligned(struct machine *m, handle_t mmh, u64 length, u64 offset)
{
	u64 end = offset + length, first = (offset + PMD_SIZE - 1) & ~(PMD_SIZE - 1), found;

	if (end <= first || end - first < PMD_SIZE || length + PMD_SIZE < length)
		return NOWHERE;
	found = search(m, mmh, length + PMD_SIZE);
	return found == NOWHERE ? NOWHERE : found + ((offset - found) & (PMD_SIZE - 1));
}

/* The same, aligned to @align, a power of two. */
static u64 search_huge(struct machine *m, handle_t mmh, u64 length, u64 align)
{
	u64 room = length + align - PAGE_SIZE, found = search(m, mmh, room);

	/* as high as it goes, or, bottom-up, as low: the hole is larger than need be by less than
	 * @align */
	return found == NOWHERE || room < length ? NOWHERE : (found + room - length) & ~(align - 1);
}

/* May the mapping lie where the caller wished? */
static bool hint_free(struct machine *m, handle_t mmh, u64 addr, u64 length)
{
	handle_t next = find_vma(m, mmh, addr);

	if (addr > task_size(m) - length)
		return false;
	return !next || addr + length <= vma_start_gap(m, vma_at(m, next));
}

int get_unmapped_area(struct machine *m, handle_t task, const struct mmap_request *rq, u64 *addr)
{
	handle_t mmh = task_at(m, task)->mm;
	u64 found = rq->addr & PAGE_MASK, min = m->sysctl.mmap_min_addr;
	const struct hstate *h = rq->map & MAPF_ANY_HUGETLB ? hugetlb_mmap_hstate(m, rq->map) :
							      NULL;

	if (h)
		found &= ~(h->page_size - 1);
	if (rq->length > task_size(m))
		return -ENOMEM;
	if (rq->map & MAPF_FIXED) {
		found = rq->addr;
		if (found > task_size(m) - rq->length)
			return -ENOMEM;
	} else {
		if (found && found < min)
			found = PAGE_ALIGN(min);
		if (!found || !hint_free(m, mmh, found, rq->length)) {
			found = NOWHERE;
			if (rq->inode && inode_at(m, rq->inode)->kind == INODE_REGULAR)
				found = search_aligned(m, mmh, rq->length, rq->offset);
			if (h)
				found = search_huge(m, mmh, rq->length, h->page_size);
			else if (found == NOWHERE)
				found = search(m, mmh, rq->length);
		}
		if (found == NOWHERE)
			return -ENOMEM;
	}
	if (found & ~PAGE_MASK)
		return -EINVAL;
	if (found < min && !task_capable(m, task))
		return -EPERM;
	*addr = found;
	return 0;
}
