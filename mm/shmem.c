/*
 * shmem.c - shared anonymous memory: a nameless file on the kernel's own tmpfs.
 *
 * Its pages are page cache (Cached, Shmem) on the anonymous LRU lists, because only swap can take
 * them. The whole size is charged to Committed_AS when the mapping is made, whatever its
 * protection; with MAP_NORESERVE each page is charged as it comes.
 */
#include <errno.h>

#include "mm/filemap.h"
#include "mm/rmap.h"

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
}

enum filemap_result shmem_fault(struct machine *m, handle_t inode, u64 index, pfn_t *pfn)
{
	struct inode *i = inode_at(m, inode);
	bool charge = i->flags & INODE_NORESERVE;

	if (index >= PAGE_ALIGN(i->size) >> PAGE_SHIFT)
		return FILEMAP_EOF;
	*pfn = xa_page(m, i->pages, index);
	if (*pfn)
		return FILEMAP_HIT;
	if (charge && vm_enough_memory(m, 0, 1, m->current && !task_at(m, m->current)->uid))
		return FILEMAP_NOMEM;
	*pfn = mm_should_fail(m) ? PFN_NONE : alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0, NUMA_NO_NODE);
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
