/*
 * mprotect.c - other rights for what is mapped already.
 *
 * A private mapping that becomes writable is charged to Committed_AS then, once: taking the right
 * away again refunds nothing. Entries follow: PROT_NONE takes PTE_USER away and the pages stay; a
 * right to write is given at once to pages that nobody shares, others wait for their copy.
 * Source: mprotect(2), Documentation/mm/overcommit-accounting.rst.
 */
#include <errno.h>

#include "mm/hugetlb.h"
#include "mm/rmap.h"
#include "mm/tlb.h"

/* May a write go ahead without a fault that has something to do? */
static bool can_change_pte_writable(struct machine *m, const struct vma *v, pte_t pte)
{
	const struct page *p;

	if (!(pte & PTE_DIRTY) || !pte_has_page(pte))
		return false;
	if (!(v->flags & VM_SOFTDIRTY) && !(pte & PTE_SOFT_DIRTY))
		return false;
	if (v->flags & VM_SHARED)
		return true;
	p = pfn_to_page(m, pte_pfn(pte));
	return page_mapping_type(p) == MAPPING_ANON && page_test(p, PG_anon_exclusive);
}

/* @narrows: a right is lost that entries do not show, that to execute. Who gains rights needs no
 * flush: a fault looks at the entry itself. */
static void change_protection(struct machine *m, handle_t vma, u64 start, u64 end, bool narrows)
{
	const struct vma *v = vma_at(m, vma);
	struct pte_walk w = pte_walk_range(mm_at(m, v->mm), addr_vpn(start), addr_vpn(end));
	u64 prot = vma_page_prot(m, v), first = 0, last = 0;
	u32 i;

	while (pte_walk_next(m, &w)) {
		for (i = 0; i < w.n; i++) {
			pte_t pte = w.pte[i];

			if (!pte_present(pte))
				continue;
			pte = (pte & ~(PTE_USER | PTE_WRITE)) | prot;
			if (v->flags & VM_WRITE && !(pte & PTE_WRITE) &&
			    can_change_pte_writable(m, v, pte))
				pte |= PTE_WRITE;
			if (narrows || w.pte[i] & ~pte & (PTE_USER | PTE_WRITE)) {
				first = last ? first : w.vpn + i;
				last = w.vpn + i + 1;
			}
			w.pte[i] = pte;
		}
	}
	if (last)
		tlb_flush_range(m, w.mm, first, last);
}

/* What the change adds to Committed_AS: pages, -ENOMEM if it may not. */
static s64 charge_of(struct machine *m, handle_t task, const struct vma *v, u32 flags, u64 pages)
{
	const struct mm *mm = mm_at(m, v->mm);
	bool cap = task_capable(m, task);

	if (!(flags & VM_WRITE))
		return 0;
	if (!may_expand_vm(m, task, mm, flags, pages) &&
	    may_expand_vm(m, task, mm, v->flags, pages))
		return -ENOMEM;
	if (v->flags & (VM_ACCOUNT | VM_WRITE | VM_HUGETLB | VM_SHARED | VM_NORESERVE))
		return 0;
	return vm_enough_memory(m, v->mm, (s64)pages, cap) ? -ENOMEM : (s64)pages;
}

/* [start, end) of one VMA. *@vma: the one that covers it afterwards. */
static int mprotect_fixup(struct machine *m, handle_t task, handle_t *vma, u64 start, u64 end,
			  u32 flags)
{
	const struct vma *v = vma_at(m, *vma);
	struct mm *mm = mm_at(m, v->mm);
	u64 pages = (end - start) >> PAGE_SHIFT;
	u32 old = v->flags;
	handle_t changed;
	s64 charged;
	int error;

	if (flags == old)
		return 0;
	charged = charge_of(m, task, v, flags, pages);
	if (charged < 0)
		return (int)charged;
	if (charged)
		flags |= VM_ACCOUNT;
	error = vma_modify(m, *vma, start, end, flags, &changed);
	if (error) {
		vm_unacct_memory(m, charged);
		return error;
	}
	*vma = changed;
	if (flags & VM_HUGETLB)
		hugetlb_change_protection(m, changed, start, end);
	else
		change_protection(m, changed, start, end, old & ~flags & VM_EXEC);
	/* a locked private mapping has its own copies as soon as it may */
	if ((flags & (VM_LOCKED | VM_SHARED)) == VM_LOCKED && flags & VM_WRITE && !(old & VM_WRITE))
		populate_vma_range(m, task, changed, start, end, true);
	vm_stat_account(mm, old, -(s64)pages);
	vm_stat_account(mm, flags, (s64)pages);
	return 0;
}

/* What is done in pieces must not fail in its midst for what could be told before. */
static int may_charge(struct machine *m, handle_t task, const struct vma *v, u32 flags, u64 pages)
{
	s64 charged = charge_of(m, task, v, flags, pages);

	if (charged < 0)
		return (int)charged;
	vm_unacct_memory(m, charged);
	return 0;
}

int do_mprotect(struct machine *m, handle_t task, u64 addr, u64 length, u32 prot)
{
	handle_t mmh = task_at(m, task)->mm, h;
	u64 end = addr + PAGE_ALIGN(length), to, piece;
	u32 flags;
	int error = 0;

	clock_charge(m, m->cost.syscall);
	if (addr & ~PAGE_MASK)
		return -EINVAL;
	if (!length)
		return 0;
	if (end <= addr)
		return -ENOMEM;
	while (!error && addr < end) {
		h = find_vma_exact(m, mmh, addr);
		if (!h)
			return -ENOMEM;
		flags = (vma_at(m, h)->flags & ~VM_ACCESS_FLAGS) | (prot & VM_ACCESS_FLAGS);
		if (flags & VM_ACCESS_FLAGS & ~(flags >> 4))
			return -EACCES;
		to = vma_at(m, h)->end < end ? vma_at(m, h)->end : end;
		piece = vma_at(m, h)->flags & VM_HUGETLB ? to :
							   batch_end(m, mm_at(m, mmh), addr, to);
		if (piece < to)
			error = may_charge(m, task, vma_at(m, h), flags, (to - addr) >> PAGE_SHIFT);
		if (!error)
			error = mprotect_fixup(m, task, &h, addr, piece, flags);
		addr = piece;
		if (!error && addr < end && !machine_safe_point(m))
			error = -EINTR;
	}
	return error;
}
