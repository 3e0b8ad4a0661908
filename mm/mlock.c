/*
 * mlock.c - locked pages, and the calls that lock them.
 *
 * A page that a VM_LOCKED mapping maps is PG_mlocked and PG_unevictable; how many such mappings
 * there are is in ->next, as unevictable pages are on no list. The last one to let go puts it back
 * on its inactive list. Mlocked counts pages, VmLck counts mappings.
 * Source: mlock(2), Documentation/mm/unevictable-lru.rst.
 */
#include <errno.h>

#include "mm/lru.h"
#include "mm/vma.h"

/* ---- pages ---- */

static void count_mlocked(struct machine *m, struct page *p)
{
	page_set(p, PG_mlocked);
	mod_zone_page_state(m, page_zone(m, p), NR_MLOCK, 1);
	count_vm_event(m, UNEVICTABLE_PGS_MLOCKED);
}

void mlock_new_page(struct machine *m, pfn_t pfn)
{
	struct page *p = pfn_to_page(m, pfn);

	count_mlocked(m, p);
	page_set(p, PG_unevictable);
	p->next = 1;
	lru_insert(m, pfn, p, false);
	count_vm_event(m, UNEVICTABLE_PGS_CULLED);
}

void mlock_page(struct machine *m, pfn_t pfn)
{
	struct page *p = pfn_to_page(m, pfn);

	if (page_test(p, PG_unevictable)) {
		if (!page_test(p, PG_mlocked)) {
			count_mlocked(m, p);
			p->next = 0;
		}
		p->next++;
		return;
	}
	/* pages that are on no list (the vdso's) cannot be taken away anyway */
	if (!page_test(p, PG_lru))
		return;
	lru_remove(m, pfn, p);
	page_clear(p, PG_active);
	mlock_new_page(m, pfn);
}

void munlock_page(struct machine *m, pfn_t pfn)
{
	struct page *p = pfn_to_page(m, pfn);

	/* isolated: its mappers are counted when it comes back */
	if (!page_test(p, PG_mlocked) || page_test(p, PG_isolated) || --p->next)
		return;
	lru_remove(m, pfn, p);
	page_clear(p, PG_mlocked);
	page_clear(p, PG_unevictable);
	mod_zone_page_state(m, page_zone(m, p), NR_MLOCK, -1);
	count_vm_event(m, UNEVICTABLE_PGS_MUNLOCKED);
	lru_insert(m, pfn, p, false);
	count_vm_event(m, UNEVICTABLE_PGS_RESCUED);
}

/* Every page of a mapping whose VM_LOCKED has just changed. */
static void lock_pages(struct machine *m, handle_t vma, u64 start, u64 end, bool lock)
{
	struct pte_walk w =
		pte_walk_range(mm_at(m, vma_at(m, vma)->mm), addr_vpn(start), addr_vpn(end));
	u32 i;

	while (pte_walk_next(m, &w))
		for (i = 0; i < w.n; i++) {
			if (!pte_has_page(w.pte[i]))
				continue;
			if (lock)
				mlock_page(m, pte_pfn(w.pte[i]));
			else
				munlock_page(m, pte_pfn(w.pte[i]));
		}
}

/* ---- ranges ---- */

#define VM_LOCKED_MASK (VM_LOCKED | VM_LOCKONFAULT)

static bool can_do_mlock(const struct machine *m, handle_t task)
{
	return task_rlimit(m, task, RLIM_MEMLOCK) || task_capable(m, task);
}

/* Change the lock flags of [start, end) of one VMA. *@vma: the one that covers it afterwards. */
static int mlock_fixup(struct machine *m, handle_t *vma, u64 start, u64 end, u32 flags)
{
	struct vma *v = vma_at(m, *vma);
	u32 old = v->flags;
	s64 pages = (s64)((end - start) >> PAGE_SHIFT);
	handle_t changed;

	if (flags == old || old & (VM_SPECIAL | VM_HUGETLB))
		return 0;
	if (vma_modify(m, *vma, start, end, flags, &changed))
		return -ENOMEM;
	*vma = changed;
	v = vma_at(m, changed);
	if (!(flags & VM_LOCKED))
		pages = -pages;
	else if (old & VM_LOCKED)
		pages = 0;
	mm_at(m, v->mm)->locked_vm += (u64)pages;
	/* from locked to locked (on fault or not) the pages stay as they are */
	if ((flags ^ old) & VM_LOCKED)
		lock_pages(m, changed, start, end, flags & VM_LOCKED);
	return 0;
}

/* All of [start, end), VMA by VMA and a large one in pieces, until one refuses or a hole comes. */
static int apply_vma_lock_flags(struct machine *m, handle_t mm, u64 start, u64 end, u32 lock_flags)
{
	handle_t h = find_vma_exact(m, mm, start);
	int error = 0;

	if (end < start)
		return -EINVAL;
	while (!error && start < end) {
		u64 to;

		if (!h || vma_at(m, h)->start > start)
			return -ENOMEM;
		to = vma_at(m, h)->end < end ? vma_at(m, h)->end : end;
		to = batch_end(m, mm_at(m, mm), start, to);
		error = mlock_fixup(m, &h, start, to,
				    (vma_at(m, h)->flags & ~VM_LOCKED_MASK) | lock_flags);
		start = to;
		if (!error && start < end && !machine_safe_point(m))
			return -EINTR;
		h = find_vma(m, mm, start);
	}
	return error;
}

/* Pages of the range that are locked already. */
static u64 count_locked(struct machine *m, handle_t mm, u64 start, u64 end)
{
	handle_t h;
	u64 pages = 0;

	for (h = find_vma(m, mm, start); h; h = vma_at(m, h)->next) {
		const struct vma *v = vma_at(m, h);
		u64 from = v->start > start ? v->start : start, to = v->end < end ? v->end : end;

		if (v->start >= end)
			break;
		if (v->flags & VM_LOCKED)
			pages += (to - from) >> PAGE_SHIFT;
	}
	return pages;
}

int do_mlock(struct machine *m, handle_t task, u64 addr, u64 length, bool lock, bool onfault)
{
	handle_t mmh = task_at(m, task)->mm;
	u64 limit = task_rlimit_pages(m, task, RLIM_MEMLOCK), locked;
	int error;

	if (lock && !can_do_mlock(m, task))
		return -EPERM;
	length = PAGE_ALIGN(length + (addr & ~PAGE_MASK));
	addr &= PAGE_MASK;
	if (!lock)
		return apply_vma_lock_flags(m, mmh, addr, addr + length, 0);
	locked = (length >> PAGE_SHIFT) + mm_at(m, mmh)->locked_vm;
	if (locked > limit && !task_capable(m, task)) {
		locked -= count_locked(m, mmh, addr, addr + length);
		if (locked > limit)
			return -ENOMEM;
	}
	error = apply_vma_lock_flags(m, mmh, addr, addr + length,
				     VM_LOCKED | (onfault ? VM_LOCKONFAULT : 0));
	if (error)
		return error;
	error = mm_populate(m, task, addr, length, false);
	return error == -EFAULT ? -ENOMEM : error == -ENOMEM ? -EAGAIN : error;
}

int do_mlockall(struct machine *m, handle_t task, bool current, bool future, bool onfault,
		bool lock)
{
	handle_t mmh = task_at(m, task)->mm, h;
	struct mm *mm = mm_at(m, mmh);
	u32 flags = lock ? VM_LOCKED | (onfault ? VM_LOCKONFAULT : 0) : 0;
	u64 addr, to;

	if (lock && !current && !future)
		return -EINVAL;
	if (lock && !can_do_mlock(m, task))
		return -EPERM;
	if (lock && current && mm->total_vm > task_rlimit_pages(m, task, RLIM_MEMLOCK) &&
	    !task_capable(m, task))
		return -ENOMEM;
	mm->def_flags = (mm->def_flags & ~VM_LOCKED_MASK) | (future || !lock ? flags : 0);
	if (lock && !current)
		return 0;
	for (addr = 0; (h = find_vma(m, mmh, addr)); addr = to) {
		addr = max_t(u64, vma_at(m, h)->start, addr);
		to = batch_end(m, mm, addr, vma_at(m, h)->end);
		mlock_fixup(m, &h, addr, to, (vma_at(m, h)->flags & ~VM_LOCKED_MASK) | flags);
		if (!machine_safe_point(m))
			return -EINTR;
	}
	if (lock)
		mm_populate(m, task, 0, task_size(m), true);
	return 0;
}
