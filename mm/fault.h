/*
 * fault.h - one page fault, on its way through memory.c and swap_fault.c.
 */
#ifndef MM_FAULT_H
#define MM_FAULT_H

#include "mm/pgtable.h"
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

/* The bits that an access leaves set in the entry. A fault that only let it through sets them for
 * it: the access is not tried again. */
static inline u64 access_leaves(bool write)
{
	return PTE_ACCESSED | (write ? PTE_DIRTY : 0);
}

/** do_poisoned_page() - memory that was lost is touched: says so, SIGBUS. */
enum vm_fault do_poisoned_page(struct machine *m, const struct fault *f);

/** prepare_anon() - everything a new anonymous page needs, with the page itself, *@pfn: anon_vma,
 * tables, chunk. It is all that allocates; pointers into the page table are good afterwards. The
 * entry; NULL: no memory. */
pte_t *prepare_anon(struct machine *m, struct fault *f, gfp_t gfp, pfn_t *pfn);
/** install_anon() - a page of our own in @f's place, entry and counters; the entry was none or lost
 * its page just now. */
void install_anon(struct machine *m, struct fault *f, pte_t *pte, pfn_t pfn);

/* Does a copy of @from have to have bytes? A file's only, or where somebody has written some. */
static inline bool fault_has_bytes(const struct machine *m, pfn_t from)
{
	return contents_in_use(m) ||
	       (page_mapping_type(pfn_to_page(m, from)) == MAPPING_FILE && m->backing);
}

/** do_fault() - the entry is none, the mapping a file's or shared memory (file_fault.c). */
enum vm_fault do_fault(struct machine *m, struct fault *f);

/** do_swap_page() - the entry @pte is a swap entry: its page comes back. VM_FAULT_RETRY: it is
 * there, but the store that asked for it has yet to get its right, or the entry has changed. */
enum vm_fault do_swap_page(struct machine *m, struct fault *f, pte_t *pte);

/** map_swapped_page() - put @pfn, which caches the slot of the entry *@pte, in its place. For a
 * store it is writable afterwards if it is this mapping's alone. */
void map_swapped_page(struct machine *m, struct vma *v, pte_t *pte, u64 vpn, pfn_t pfn, bool write);

#endif
