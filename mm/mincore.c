/*
 * mincore.c - mincore(2): which pages of a range could be touched without reading a disk.
 *
 *	entry      answer
 *	present    yes
 *	swapped    whether the swap cache has the page
 *	none       whether the page cache has the file's page; anonymous memory: no
 *
 * About files of others nothing is told: all of it is said to be there. A device's memory has no
 * pages that could be asked for.
 * Source: mincore(2).
 */
#include <errno.h>

#include "mm/filemap.h"
#include "mm/swapfile.h"
#include "mm/vma.h"

/* The page cache of somebody else's file would tell what he does. */
static bool can_do_mincore(const struct machine *m, handle_t task, const struct vma *v)
{
	const struct task *t = task_at(m, task);
	const struct inode *i;

	if (!v->file)
		return v->kind != VMA_VDSO && v->kind != VMA_VVAR;
	i = inode_at(m, file_at(m, v->file)->inode);
	return !t->uid || t->uid == i->uid || i->mode & (t->gid == i->gid ? 0020 : 0002);
}

static bool swapped_incore(const struct machine *m, u32 slot)
{
	pfn_t pfn = swap_cache_page(m, slot);

	return pfn != PFN_NONE && page_test(pfn_to_page(m, pfn), PG_uptodate);
}

static bool cache_has(struct machine *m, const struct vma *v, u64 vpn)
{
	const struct inode *i = v->file ? inode_at(m, file_at(m, v->file)->inode) : NULL;
	u32 entry;

	if (!i || v->flags & VM_PFNMAP)
		return false;
	entry = xa_load(m, i->pages, v->pgoff + vpn - addr_vpn(v->start));
	if (xa_is_value(entry))
		return i->kind == INODE_SHMEM && swapped_incore(m, entry & ~XA_VALUE);
	return entry && page_test(pfn_to_page(m, entry), PG_uptodate);
}

static bool is_incore(struct machine *m, const struct vma *v, u64 vpn)
{
	pfn_t pfn;
	const pte_t *pte = v->flags & VM_PFNMAP ? NULL : vma_pte(m, v, vpn, &pfn);

	if (v->flags & VM_HUGETLB)
		return pte;
	if (!pte || !*pte)
		return cache_has(m, v, vpn);
	/* what was lost is nowhere else, and so resident */
	return !(*pte & PTE_SWAP) || swapped_incore(m, pte_swap_slot(m, *pte));
}

int do_mincore(struct machine *m, handle_t task, u64 addr, u64 length,
	       void (*tell)(void *arg, u64 page, bool incore), void *arg)
{
	handle_t mmh = task_at(m, task)->mm, h;
	u64 end = addr + PAGE_ALIGN(length), first = addr_vpn(addr), vpn, last;

	clock_charge(m, m->cost.syscall);
	if (addr & ~PAGE_MASK)
		return -EINVAL;
	if (addr > task_size(m) || length > task_size(m) - addr)
		return -ENOMEM;
	for (vpn = first; vpn < addr_vpn(end);) {
		const struct vma *v;
		bool may;

		h = find_vma_exact(m, mmh, vpn << PAGE_SHIFT);
		if (!h)
			return -ENOMEM;
		v = vma_at(m, h);
		may = can_do_mincore(m, task, v);
		last = min_t(u64, addr_vpn(v->end), addr_vpn(end));
		last = min_t(u64, last, vpn + BATCH_PAGES);
		for (; vpn < last; vpn++)
			tell(arg, vpn - first, !may || is_incore(m, v, vpn));
		if (vpn < addr_vpn(end) && !machine_safe_point(m))
			return -EINTR;
	}
	return 0;
}
