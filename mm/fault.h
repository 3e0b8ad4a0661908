/*
 * fault.h - one page fault, on its way through memory.c and swap_fault.c.
 */
#ifndef MM_FAULT_H
#define MM_FAULT_H

#include "mm/vma.h"

struct fault {
	struct mm *mm;
	struct vma *v;
	handle_t mmh, vma;
	u64 vpn;
	bool write;
	bool tried; /* the disk was asked: a major fault; do not start over again */
};

/* What the parts answer, besides enum vm_fault: look at the entry again. */
#define VM_FAULT_RETRY ((enum vm_fault)100)

static inline u64 fault_index(const struct fault *f)
{
	return f->v->pgoff + (f->vpn - addr_vpn(f->v->start));
}

/** do_poisoned_page() - memory that was lost is touched: says so, SIGBUS. */
enum vm_fault do_poisoned_page(struct machine *m, const struct fault *f);

/** do_swap_page() - the entry @pte is a swap entry: its page comes back. VM_FAULT_RETRY: it is there, but
 * the store that asked for it has yet to get its right, or the entry has changed. */
enum vm_fault do_swap_page(struct machine *m, struct fault *f, pte_t *pte);

/** map_swapped_page() - put @pfn, which caches the slot of the entry *@pte, in its place. For a store it
 * is writable afterwards if it is this mapping's alone. */
void map_swapped_page(struct machine *m, struct vma *v, pte_t *pte, u64 vpn, pfn_t pfn, bool write);

#endif
