/*
 * swap_fault.c - a fault that finds a swap entry.
 *
 *	in the swap cache      map it                              a minor fault
 *	not                    read it, with neighbours; wait      a major one
 *	the disk refuses       SIGBUS
 *
 * Everything that allocates comes first: whoever makes room may take other pages of this process,
 * or kill it. So the entry is looked at again when the page is there; from then on nothing waits.
 *
 * The slot stays with the page as long as the page is clean and swap is not half full: it can go
 * again without being written. It is given back at a store, for memories that are locked, and when
 * swap is.
 */
#include "mm/fault.h"

#include "mm/rmap.h"
#include "mm/swapfile.h"

/* Is the slot of a page that is being mapped better given back? */
static bool should_free_swap(const struct machine *m, const struct vma *v, const struct page *p,
			     bool write)
{
	return vm_swap_full(m) || v->flags & VM_LOCKED || page_test(p, PG_mlocked) ||
	       (write && !p->mapcount);
}

void map_swapped_page(struct machine *m, struct vma *v, pte_t *pte, u64 vpn, pfn_t pfn, bool write)
{
	struct mm *mm = mm_at(m, v->mm);
	struct page *p = pfn_to_page(m, pfn);
	bool exclusive = *pte & PTE_SWP_EXCLUSIVE;
	u64 flags = PTE_PRESENT | vma_page_prot(m, v) | (*pte & PTE_SOFT_DIRTY);

	swap_free(m, pte_swap_slot(m, *pte));
	if (should_free_swap(m, v, p, write))
		try_to_free_swap(m, pfn);
	/* no slot, no other mapping: nobody else can get at it */
	exclusive |= !page_test(p, PG_swapcache) && !p->mapcount && !p->pins;
	if (write && exclusive)
		flags |= PTE_DIRTY | PTE_SOFT_DIRTY | (v->flags & VM_WRITE ? PTE_WRITE : 0);
	*pte = pte_make(pfn, flags);
	mm->rss[MM_SWAPENTS]--;
	mm->rss[MM_ANONPAGES]++;
	page_add_anon_rmap(m, pfn, v, v->pgoff + (vpn - addr_vpn(v->start)), exclusive);
}

enum vm_fault do_swap_page(struct machine *m, struct fault *f, pte_t *pte)
{
	pte_t old = *pte;
	u32 slot = pte_swap_slot(m, old);
	pfn_t pfn = swap_lookup(m, slot, f->v, f->vpn);
	bool read;

	if (pfn == PFN_NONE) {
		pfn = swapin_readahead(m, slot, GFP_HIGHUSER_MOVABLE, f->vma, f->vpn);
		pte = pte_find(m, f->mm, f->vpn);
		if (pfn == PFN_NONE)
			return pte && *pte == old ? VM_FAULT_OOM : VM_FAULT_RETRY;
		count_vm_event(m, PGMAJFAULT);
		f->tried = true;
	}
	read = wait_for_swap_page(m, pfn);
	if (!pte || *pte != old)
		return VM_FAULT_RETRY;
	if (!read)
		return VM_FAULT_SIGBUS;
	map_swapped_page(m, f->v, pte, f->vpn, pfn, f->write);
	*pte |= PTE_ACCESSED;
	/* what is shared is copied, or found to be shared no more */
	return f->write && !page_test(pfn_to_page(m, pfn), PG_anon_exclusive) ? VM_FAULT_RETRY :
										VM_FAULT_DONE;
}
