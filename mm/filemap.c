/*
 * filemap.c - the page cache: which pages of files are in memory, and how a fault gets one.
 *
 * A file's pages are found through its index (xarray.h). A page is in the cache from the time it
 * is read until it is truncated, reclaimed or dropped; whoever maps it, maps that one page. What is
 * read has no bytes here (backing.h); the time it takes is the disk's (blkdev.h), but holes come
 * for nothing. Who reads waits until all of what it asked the disk for is there, read-ahead
 * included (readahead.c). read(2) and write(2): file_rw.c.
 * Source: Documentation/admin-guide/mm/concepts.rst, madvise(2).
 */
#include "mm/filemap.h"

#include <errno.h>
#include <mman/namei.h>

#include "mm/dcache.h"
#include "mm/readahead.h"
#include "mm/rmap.h"
#include "mm/swapfile.h"

static bool is_shmem(const struct inode *i)
{
	return i->kind == INODE_SHMEM;
}

/* ---- in and out of the cache ---- */

static inline void count_cached(struct machine *m, const struct page *p, const struct inode *i,
				s64 delta)
{
	mod_node_page_state(m, page_node(m, p), NR_FILE_PAGES, delta);
	if (is_shmem(i))
		mod_node_page_state(m, page_node(m, p), NR_SHMEM, delta);
	else if (unlikely(i->kind == INODE_DEVICE))
		m->nr_blockdev_pages += (u64)delta;
}

/* Whoever was here before may have left a shadow: then the page comes back from eviction, unless it
 * is only read in to be overwritten (__GFP_WRITE). */
static int add_to_page_cache_gfp(struct machine *m, handle_t inode, u64 index, pfn_t pfn, gfp_t gfp)
{
	struct inode *i = inode_at(m, inode);
	struct page *p = pfn_to_page(m, pfn);
	const bool shmem = is_shmem(i);
	u32 shadow;

	if (xa_exchange(m, &i->pages, index, pfn, &shadow))
		return -ENOMEM;
	i->nrpages++;
	p->flags |= PAGE_FLAG(uptodate) | (shmem ? PAGE_FLAG(swapbacked) : 0);
	page_set_mapping(p, inode, MAPPING_FILE);
	page_set_index(p, index);
	count_cached(m, p, i, 1);
	if (xa_is_value(shadow) && !(gfp & __GFP_WRITE) && !shmem)
		workingset_refault(m, pfn, shadow);
	lru_insert(m, pfn, p, false);
	return 0;
}

int add_to_page_cache(struct machine *m, handle_t inode, u64 index, pfn_t pfn)
{
	return add_to_page_cache_gfp(m, inode, index, pfn, 0);
}

void evict_from_page_cache(struct machine *m, pfn_t pfn, u32 shadow)
{
	struct page *p = pfn_to_page(m, pfn);
	handle_t inode = page_mapping(p);
	struct inode *i = inode_at(m, inode);

	if (page_test(p, PG_dirty))
		cancel_page_dirty(m, pfn);
	if (!shadow || !xa_store_shadow(m, inode, page_index(p), shadow, p->node))
		xa_erase(m, &i->pages, page_index(p));
	i->nrpages--;
	count_cached(m, p, i, -1);
	if (is_shmem(i) && i->flags & INODE_NORESERVE) {
		i->nr_shmem_charged--;
		vm_unacct_memory(m, 1);
	}
	if (unlikely(!i->pages))
		d_update(m, inode);
	page_release(m, pfn, p);
}

/* Clean pages of one file, on one node: as evict_from_page_cache(), but that they stay what they
 * are until they are freed. */
static void evict_run(struct machine *m, const pfn_t *pfn, u32 nr)
{
	const struct page *first = pfn_to_page(m, pfn[0]);
	struct pglist_data *n = page_node(m, first);
	handle_t inode = page_mapping(first);
	struct inode *i = inode_at(m, inode);
	struct shadow_maker shadows;
	u32 shadow[XA_FETCH_MAX], at;
	struct xa_batch b;
	bool leaves;

	b.nr = nr;
	shadow_maker_init(m, &shadows, n);
	for (at = 0; at < nr; at++) {
		const struct page *p = pfn_to_page(m, pfn[at]);

		b.index[at] = page_index(p);
		shadow[at] = shadow_make(&shadows, page_test(p, PG_workingset));
	}
	leaves = xa_fetch_shadows(m, i->pages, &b);
	/* nobody looks at the index before it has forgotten them */
	free_unlisted_pages(m, pfn, nr);
	if (likely(leaves))
		xa_store_shadows(m, inode, &b, shadow, n->nid);
	else
		xa_erase(m, &i->pages, b.index[0]);
	i->nrpages -= nr;
	if (unlikely(i->kind == INODE_DEVICE))
		m->nr_blockdev_pages -= nr;
	mod_node_page_state(m, n, NR_FILE_PAGES, -(s64)nr);
	if (unlikely(!i->pages))
		d_update(m, inode);
}

void evict_clean_pages(struct machine *m, const pfn_t *pfn, u32 nr)
{
	u32 at, n;

	for (at = 0; at < nr; at += n) {
		const struct page *first = pfn_to_page(m, pfn[at]), *p;

		for (n = 1; n < XA_FETCH_MAX && at + n < nr; n++) {
			p = pfn_to_page(m, pfn[at + n]);
			if (p->mapping != first->mapping || p->node != first->node)
				break;
		}
		evict_run(m, pfn + at, n);
	}
}

void delete_from_page_cache(struct machine *m, pfn_t pfn)
{
	evict_from_page_cache(m, pfn, 0);
}

/* @most entries of the index at the most: are there more? */
static bool drop_range(struct machine *m, handle_t inode, u64 first, u64 last, bool even_cows,
		       u64 most)
{
	struct inode *i = inode_at(m, inode);
	u64 index = first;
	u32 entry;

	if (i->i_mmap)
		unmap_mapping_range(m, inode, first, last, even_cows);
	while ((entry = xa_find(m, i->pages, &index, last))) {
		if (!most--)
			return true;
		if (!xa_is_value(entry)) {
			if (page_test(pfn_to_page(m, entry), PG_writeback))
				wait_on_page_writeback(m, entry);
			delete_from_page_cache(m, entry);
		} else if (is_shmem(i)) {
			shmem_free_swap(m, inode, index, entry);
		} else { /* a shadow */
			xa_erase(m, &i->pages, index);
		}
		if (index++ == last)
			break;
	}
	return false;
}

void truncate_range(struct machine *m, handle_t inode, u64 first, u64 last)
{
	drop_range(m, inode, first, last, true, UINT64_MAX);
}

bool truncate_some(struct machine *m, handle_t inode, u64 first, u64 most)
{
	return drop_range(m, inode, first, UINT64_MAX, true, most);
}

void punch_range(struct machine *m, handle_t inode, u64 first, u64 last)
{
	drop_range(m, inode, first, last, false, UINT64_MAX);
}

/* Pages that were evicted before do not come back: whoever reads them again reads them as new. */
static void forget_shadows(struct machine *m, handle_t inode, u64 first, u64 last)
{
	u64 index = first;

	while (xa_find_marked(m, inode_at(m, inode)->pages, &index, last, XA_SHADOW)) {
		xa_erase(m, &inode_at(m, inode)->pages, index);
		if (index++ == last)
			break;
	}
}

u64 invalidate_mapping_pages(struct machine *m, handle_t inode, u64 first, u64 last)
{
	struct inode *i = inode_at(m, inode);
	u64 index = first, dropped = 0;
	u32 pfn;

	if (is_shmem(i))
		return 0;
	forget_shadows(m, inode, first, last);
	d_update(m, inode);
	while ((pfn = xa_find_page(m, i->pages, &index, last))) {
		const struct page *p = pfn_to_page(m, pfn);

		if (!p->mapcount && !p->pins &&
		    !(p->flags & (PAGE_FLAG(dirty) | PAGE_FLAG(writeback)))) {
			delete_from_page_cache(m, pfn);
			dropped++;
		}
		if (index++ == last)
			break;
	}
	return dropped;
}

/* One file's pages, with safe points; the caller holds it. False: to end at once. */
static bool drop_pages(struct machine *m, handle_t inode)
{
	u64 index = 0, last;

	if (is_shmem(inode_at(m, inode)))
		return true;
	forget_shadows(m, inode, 0, UINT64_MAX);
	while (xa_find_page(m, inode_at(m, inode)->pages, &index, UINT64_MAX)) {
		last = index + BATCH_PAGES - 1;
		invalidate_mapping_pages(m, inode, index, last);
		index = last + 1;
		if (!machine_safe_point(m))
			return false;
	}
	return true;
}

void drop_pagecache(struct machine *m)
{
	handle_t h = m->mms.inode_head, next;
	bool on = true;

	for (; h && on; h = next) {
		inode_get(m, h);
		on = inode_at(m, h)->kind == INODE_HUGETLB || drop_pages(m, h);
		next = inode_at(m, h)->next;
		inode_put(m, h);
	}
	count_vm_event(m, DROP_PAGECACHE);
}

/* ---- reading ---- */

pfn_t filemap_add_page(struct machine *m, handle_t inode, u64 index, gfp_t gfp)
{
	pfn_t pfn;

	if (mm_should_fail(m))
		return PFN_NONE;
	m->oom.page_of = ALLOC_FOR_FILE;
	pfn = alloc_pages(m, gfp | __GFP_COMP, 0, NUMA_NO_NODE);
	m->oom.page_of = ALLOC_FOR_ANY;
	if (pfn == PFN_NONE)
		return PFN_NONE;
	if (add_to_page_cache_gfp(m, inode, index, pfn, gfp)) {
		free_pages(m, pfn, 0);
		return PFN_NONE;
	}
	return pfn;
}

int filemap_read_page(struct machine *m, handle_t inode, u64 index, gfp_t gfp, pfn_t *pfn)
{
	struct page *p;
	int error;

	*pfn = filemap_add_page(m, inode, index, gfp);
	if (*pfn == PFN_NONE)
		return -ENOMEM;
	if (!inode_has_block(m, inode, index))
		return 0;
	p = pfn_to_page(m, *pfn);
	page_set(p, PG_mappedtodisk);
	error = blk_read_back(m, blk_file_sector(inode, index), 1, page_test(p, PG_workingset));
	if (error)
		delete_from_page_cache(m, *pfn);
	return error;
}

pfn_t filemap_get_page(struct machine *m, handle_t inode, u64 index, bool create)
{
	u32 pfn = xa_walk(m, inode_at(m, inode)->pages, index);

	if (pfn && !xa_is_value(pfn))
		return pfn;
	if (!create)
		return PFN_NONE;
	if (is_shmem(inode_at(m, inode)))
		return shmem_fault(m, inode, index, &pfn) <= FILEMAP_READ ? pfn : PFN_NONE;
	return filemap_read_page(m, inode, index, GFP_HIGHUSER_MOVABLE, &pfn) ? PFN_NONE : pfn;
}

enum filemap_result filemap_fault(struct machine *m, const struct vma *vma, u64 index, pfn_t *pfn)
{
	handle_t file = vma->file, inode = file_at(m, file)->inode;
	struct file *f = file_at(m, file);
	int error;

	if (index >= inode_pages(inode_at(m, inode)))
		return FILEMAP_EOF;
	*pfn = xa_page(m, inode_at(m, inode)->pages, index);
	if (*pfn) {
		if (f->mmap_miss && !(vma->flags & VM_RAND_READ))
			f->mmap_miss--;
		if (vma->flags & VM_RAND_READ || !page_is_readahead(pfn_to_page(m, *pfn)))
			return FILEMAP_HIT;
		page_cache_async_readahead(m, file, *pfn, index, f->ra_pages);
		return FILEMAP_READ_AHEAD;
	}
	count_vm_event(m, PGMAJFAULT);
	mmap_sync_readahead(m, file, vma->flags, index);
	*pfn = xa_page(m, inode_at(m, inode)->pages, index);
	if (*pfn)
		return FILEMAP_READ;
	error = filemap_read_page(m, inode, index, GFP_HIGHUSER_MOVABLE, pfn);
	return !error ? FILEMAP_READ : error == -EIO ? FILEMAP_ERROR : FILEMAP_NOMEM;
}

int filemap_page_mkwrite(struct machine *m, handle_t inode, u64 index)
{
	return inode_at(m, inode)->kind == INODE_REGULAR ? inode_reserve(m, inode, index, 1) : 0;
}
