/*
 * shmem.c - shared anonymous memory: a nameless file on the kernel's own tmpfs.
 *
 * Its pages are page cache (Cached, Shmem) on the anonymous LRU lists, because only swap can take
 * them. The whole size is charged to Committed_AS when the mapping is made, whatever its
 * protection; with MAP_NORESERVE each page is charged as it comes.
 *
 * A page on its way to swap leaves the file for the swap cache at once; the file's index then holds
 * XA_VALUE and the slot.
 */
#include <errno.h>

#include "mm/filemap.h"
#include "mm/rmap.h"
#include "mm/swapfile.h"

int shmem_file_setup(struct machine *m, handle_t mm, u64 size, bool noreserve, bool cap_sys_admin,
		     handle_t *file)
{
	u64 charge = noreserve ? 0 : PAGE_ALIGN(size) >> PAGE_SHIFT;
	handle_t inode;
	struct inode *i;

	if (vm_enough_memory(m, mm, (s64)charge, cap_sys_admin))
		return -ENOMEM;
	inode = inode_new(m, INODE_SHMEM, size);
	if (!inode) {
		vm_unacct_memory(m, (s64)charge);
		return -ENOMEM;
	}
	i = inode_at(m, inode);
	i->deleted = 1;
	i->nr_shmem_charged = charge;
	i->flags = noreserve ? INODE_NORESERVE : 0;
	*file = file_open(m, inode);
	inode_put(m, inode);
	return *file ? 0 : -ENOMEM;
}

void shmem_evict(struct machine *m, handle_t inode)
{
	struct inode *i = inode_at(m, inode);

	vm_unacct_memory(m, (s64)i->nr_shmem_charged);
	i->nr_shmem_charged = 0;
	mpol_free_shared(m, i);
}

/* ---- swap ---- */

/* A page that came back from swap is the file's again, and its slot is free. */
static void leave_swap_cache(struct machine *m, handle_t inode, u64 index, u32 slot, pfn_t pfn)
{
	struct inode *i = inode_at(m, inode);
	struct page *p = pfn_to_page(m, pfn);

	delete_from_swap_cache(m, pfn, 0);
	swap_free(m, slot);
	page_set_mapping(p, inode, MAPPING_FILE);
	page_set_index(p, index);
	i->nrpages++;
	i->nrswapped--;
	mod_node_page_state(m, page_node(m, p), NR_FILE_PAGES, 1);
	mod_node_page_state(m, page_node(m, p), NR_SHMEM, 1);
	page_set_dirty(m, pfn);
}

/* The index holds @entry, a slot. FILEMAP_HIT: from the swap cache, or somebody else brought it
 * back. */
static enum filemap_result shmem_swapin(struct machine *m, handle_t inode, u64 index, u32 entry,
					gfp_t gfp, pfn_t *pfn)
{
	enum filemap_result r = FILEMAP_HIT;
	u32 slot = entry & ~XA_VALUE, now;
	bool read = false;

	*pfn = swap_lookup(m, slot, NULL, 0);
	if (*pfn == PFN_NONE) {
		*pfn = swapin_readahead(m, slot, gfp, 0, 0);
		r = FILEMAP_READ;
	}
	if (*pfn != PFN_NONE) {
		read = wait_for_swap_page(m, *pfn);
		wait_on_page_writeback(m, *pfn);
	}
	now = xa_load(m, inode_at(m, inode)->pages, index);
	if (now != entry) {
		*pfn = now;
		return now && !xa_is_value(now) ? FILEMAP_HIT : FILEMAP_NOMEM;
	}
	if (*pfn == PFN_NONE)
		return FILEMAP_NOMEM;
	if (!read)
		return FILEMAP_ERROR;
	/* an entry takes the place of another: no memory is needed */
	if (xa_store(m, &inode_at(m, inode)->pages, index, *pfn))
		return FILEMAP_NOMEM;
	leave_swap_cache(m, inode, index, slot, *pfn);
	return r;
}

int shmem_unuse(struct machine *m, handle_t inode, u64 index, gfp_t gfp)
{
	u32 entry = xa_load(m, inode_at(m, inode)->pages, index);
	pfn_t pfn;

	if (!xa_is_value(entry))
		return 0;
	switch (shmem_swapin(m, inode, index, entry, gfp, &pfn)) {
	case FILEMAP_NOMEM:
		return -ENOMEM;
	case FILEMAP_ERROR:
		return -EIO;
	default:
		return 0;
	}
}

void shmem_free_swap(struct machine *m, handle_t inode, u64 index, u32 entry)
{
	struct inode *i = inode_at(m, inode);

	xa_erase(m, &i->pages, index);
	i->nrswapped--;
	if (i->flags & INODE_NORESERVE) {
		i->nr_shmem_charged--;
		vm_unacct_memory(m, 1);
	}
	free_swap_and_cache(m, entry & ~XA_VALUE);
}

u64 shmem_swap_usage(const struct machine *m, handle_t inode, u64 first, u64 last)
{
	const struct inode *i = inode_at(m, inode);
	u64 pages = 0, index = first;
	u32 entry;

	if (!i->nrswapped)
		return 0;
	while ((entry = xa_find(m, i->pages, &index, last))) {
		pages += xa_is_value(entry);
		if (index++ == last)
			break;
	}
	return pages;
}

void shmem_willneed(struct machine *m, handle_t inode, u64 first, u64 last)
{
	u64 index = first;
	u32 entry;

	while (inode_at(m, inode)->nrswapped &&
	       (entry = xa_find(m, inode_at(m, inode)->pages, &index, last))) {
		if (xa_is_value(entry) && swap_cache_page(m, entry & ~XA_VALUE) == PFN_NONE)
			swapin_readahead(m, entry & ~XA_VALUE, GFP_HIGHUSER_MOVABLE, 0, 0);
		if (index++ == last)
			break;
	}
}

/* ---- faults ---- */

enum filemap_result shmem_fault(struct machine *m, handle_t inode, u64 index, pfn_t *pfn)
{
	struct inode *i = inode_at(m, inode);
	bool charge = i->flags & INODE_NORESERVE;
	enum filemap_result r;

	if (index >= PAGE_ALIGN(i->size) >> PAGE_SHIFT)
		return FILEMAP_EOF;
	*pfn = xa_load(m, i->pages, index);
	if (xa_is_value(*pfn)) {
		r = shmem_swapin(m, inode, index, *pfn, GFP_HIGHUSER_MOVABLE, pfn);
		if (r == FILEMAP_READ)
			count_vm_event(m, PGMAJFAULT);
		return r;
	}
	if (*pfn)
		return page_test(pfn_to_page(m, *pfn), PG_hwpoison) ? FILEMAP_ERROR : FILEMAP_HIT;
	if (charge && vm_enough_memory(m, 0, 1, m->current && !task_at(m, m->current)->uid))
		return FILEMAP_NOMEM;
	*pfn = alloc_page_shmem(m, inode, index, GFP_HIGHUSER_MOVABLE);
	if (*pfn == PFN_NONE)
		goto out_charge;
	if (add_to_page_cache(m, inode, index, *pfn)) {
		free_pages(m, *pfn, 0);
		goto out_charge;
	}
	if (charge)
		i->nr_shmem_charged++;
	clock_charge(m, m->cost.zero_page);
	return FILEMAP_HIT;

out_charge:
	if (charge)
		vm_unacct_memory(m, 1);
	return FILEMAP_NOMEM;
}
