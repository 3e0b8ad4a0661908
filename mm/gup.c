/*
 * gup.c - faulting in on behalf of a call: mlock, MAP_POPULATE, MADV_POPULATE_*.
 *
 * Every page is touched as a program would, with a write where the mapping is private and
 * writable, so that it has its own copies. A page found is marked accessed.
 * Source: mlock(2), mmap(2), madvise(2).
 */
#include <errno.h>

#include "mm/rmap.h"

/* Is the entry good for this access without a fault? */
static bool entry_serves(const pte_t *pte, bool write)
{
	u64 need = PTE_PRESENT | PTE_USER | (write ? PTE_WRITE : 0);

	return pte && (*pte & need) == need;
}

static int fault_in(struct machine *m, handle_t task, struct mm *mm, u64 vpn, bool write)
{
	pte_t *pte = pte_find(m, mm, vpn);
	pfn_t pfn;

	if (!entry_serves(pte, write)) {
		switch (handle_mm_fault(m, task, vpn << PAGE_SHIFT, write)) {
		case VM_FAULT_DONE:
		case VM_FAULT_MAJOR:
			break;
		case VM_FAULT_OOM:
			return -ENOMEM;
		case VM_FAULT_PENDING:
			return -EINPROGRESS;
		default:
			return -EFAULT;
		}
		pte = pte_find(m, mm, vpn);
	}
	if (!pte_has_page(*pte))
		return 0;
	pfn = pte_pfn(*pte);
	if (write && !(*pte & PTE_DIRTY))
		page_set_dirty(m, pfn);
	if (page_test(pfn_to_page(m, pfn), PG_lru))
		mark_page_accessed(m, pfn);
	return 0;
}

int populate_vma_range(struct machine *m, handle_t task, handle_t vma, u64 start, u64 end,
		       bool write)
{
	const struct vma *v = vma_at(m, vma);
	struct mm *mm = mm_at(m, v->mm);
	u64 vpn;
	int error = 0;

	if (v->flags & (VM_IO | VM_PFNMAP) || !(v->flags & (write ? VM_WRITE : VM_ACCESS_FLAGS)))
		return -EFAULT;
	for (vpn = addr_vpn(start); !error && vpn < addr_vpn(end); vpn++)
		error = fault_in(m, task, mm, vpn, write);
	return error;
}

/* Nothing to fault in, or not now. */
static bool skips(const struct vma *v)
{
	return v->flags & (VM_IO | VM_PFNMAP | VM_LOCKONFAULT);
}

/*
 * Page by page, with a safe point after each: whoever is let in there may change the address
 * space, so nothing but the address is kept.
 */
int mm_populate(struct machine *m, handle_t task, u64 start, u64 length, bool ignore_errors)
{
	handle_t mmh = task_at(m, task)->mm, h;
	u64 addr = start, end = start + length;
	int error;

	while (addr < end && (h = find_vma_intersection(m, mmh, addr, end))) {
		const struct vma *v = vma_at(m, h);

		addr = v->start > addr ? v->start : addr;
		if (skips(v)) {
			addr = v->end;
			continue;
		}
		error = populate_vma_range(m, task, h, addr, addr + PAGE_SIZE,
					   (v->flags & (VM_WRITE | VM_SHARED)) == VM_WRITE);
		if (error && !ignore_errors)
			return error;
		if (error == -ENOMEM)
			return 0;
		addr = error ? v->end : addr + PAGE_SIZE;
		if (!machine_safe_point(m))
			return -EINTR;
	}
	return 0;
}
