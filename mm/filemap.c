/*
 * filemap.c - the page cache.
 *
 * A file's pages are found through its index (xarray.h). A page is in the cache from the time it
 * is read until it is truncated, reclaimed or dropped; whoever maps it, maps that one page.
 * Reading costs the disk's time from the cost table; what is read has no contents here.
 *
 * A mapped file reads ahead:
 *	miss at page n      read [n - 16, n + 16) around it, mark page n + 8
 *	touching the mark   the reader goes on: start the next window, marked at its first page
 * with windows of 32 pages (128 KiB, the block layer's default). VM_RAND_READ reads single pages,
 * VM_SEQ_READ reads forward only. The mark is PG_reclaim, as in the kernel.
 * Source: Documentation/admin-guide/mm/concepts.rst, madvise(2).
 */
#include "mm/filemap.h"

#include <errno.h>

#include "mm/rmap.h"

#define RA_PAGES       32u
#define MMAP_LOTSAMISS 100u
#define PAGE_KB	       (1u << (PAGE_SHIFT - 10))

static bool is_shmem(const struct inode *i)
{
	return i->kind == INODE_SHMEM;
}

static u64 file_pages(const struct inode *i)
{
	return (i->size >> PAGE_SHIFT) + ((i->size & ~PAGE_MASK) != 0);
}

/* ---- in and out of the cache ---- */

static void count_cached(struct machine *m, const struct page *p, const struct inode *i, s64 delta)
{
	mod_node_page_state(m, page_node(m, p), NR_FILE_PAGES, delta);
	if (is_shmem(i))
		mod_node_page_state(m, page_node(m, p), NR_SHMEM, delta);
	else if (unlikely(i->kind == INODE_DEVICE))
		m->nr_blockdev_pages += (u64)delta;
}

int add_to_page_cache(struct machine *m, handle_t inode, u64 index, pfn_t pfn)
{
	struct inode *i = inode_at(m, inode);
	struct page *p = pfn_to_page(m, pfn);

	if (xa_store(m, &i->pages, index, pfn))
		return -ENOMEM;
	i->nrpages++;
	p->flags |= PAGE_FLAG(uptodate) | (is_shmem(i) ? PAGE_FLAG(swapbacked) : 0);
	page_set_mapping(p, inode, MAPPING_FILE);
	page_set_index(p, index);
	count_cached(m, p, i, 1);
	lru_insert(m, pfn, p, false);
	return 0;
}

void evict_from_page_cache(struct machine *m, pfn_t pfn, u32 shadow)
{
	struct page *p = pfn_to_page(m, pfn);
	handle_t inode = page_mapping(p);
	struct inode *i = inode_at(m, inode);

	if (page_test(p, PG_dirty))
		clear_page_dirty(m, pfn);
	if (!shadow || !xa_store_shadow(m, inode, page_index(p), shadow, p->node))
		xa_erase(m, &i->pages, page_index(p));
	i->nrpages--;
	count_cached(m, p, i, -1);
	if (is_shmem(i) && i->flags & INODE_NORESERVE) {
		i->nr_shmem_charged--;
		vm_unacct_memory(m, 1);
	}
	page_release(m, pfn, p);
}

void delete_from_page_cache(struct machine *m, pfn_t pfn)
{
	evict_from_page_cache(m, pfn, 0);
}

void truncate_range(struct machine *m, handle_t inode, u64 first, u64 last)
{
	struct inode *i = inode_at(m, inode);
	u64 index = first;
	u32 entry;

	if (i->i_mmap)
		unmap_mapping_range(m, inode, first, last, true);
	while ((entry = xa_find(m, i->pages, &index, last))) {
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
}

u64 invalidate_mapping_pages(struct machine *m, handle_t inode, u64 first, u64 last)
{
	struct inode *i = inode_at(m, inode);
	u64 index = first, dropped = 0;
	u32 pfn;

	if (is_shmem(i))
		return 0;
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

void drop_pagecache(struct machine *m)
{
	handle_t h;

	for (h = m->mms.inode_head; h; h = inode_at(m, h)->next)
		invalidate_mapping_pages(m, h, 0, UINT64_MAX);
	count_vm_event(m, DROP_PAGECACHE);
}

/* ---- reading ---- */

/* One page of the file into the cache, without the disk's time. PFN_NONE: no memory. */
static pfn_t read_page(struct machine *m, handle_t inode, u64 index, gfp_t gfp)
{
	pfn_t pfn = mm_should_fail(m) ? PFN_NONE : alloc_pages(m, gfp, 0, NUMA_NO_NODE);

	if (pfn == PFN_NONE)
		return PFN_NONE;
	if (add_to_page_cache(m, inode, index, pfn)) {
		free_pages(m, pfn, 0);
		return PFN_NONE;
	}
	return pfn;
}

static void account_read(struct machine *m, u64 pages)
{
	if (!pages)
		return;
	count_vm_events(m, PGPGIN, pages * PAGE_KB);
	if (m->current)
		task_at(m, m->current)->io_read_bytes += pages << PAGE_SHIFT;
	clock_charge(m, m->cost.disk_seek + pages * m->cost.disk_page_read);
}

pfn_t filemap_get_page(struct machine *m, handle_t inode, u64 index, bool create)
{
	u32 pfn = xa_page(m, inode_at(m, inode)->pages, index);

	if (pfn)
		return pfn;
	if (!create)
		return PFN_NONE;
	if (is_shmem(inode_at(m, inode)))
		return shmem_fault(m, inode, index, &pfn) <= FILEMAP_READ ? pfn : PFN_NONE;
	pfn = read_page(m, inode, index, GFP_HIGHUSER_MOVABLE);
	if (pfn != PFN_NONE)
		account_read(m, 1);
	return pfn;
}

/* Read what is missing of [start, start + nr), as far as the file goes; mark the page that is
 * @ahead pages from the end, if it is new. */
static void read_window(struct machine *m, handle_t inode, u64 start, u64 nr, u64 ahead)
{
	const struct inode *i = inode_at(m, inode);
	u64 end = file_pages(i), n, pages = 0;
	pfn_t pfn;

	if (start >= end)
		return;
	if (nr > end - start)
		nr = end - start;
	for (n = 0; n < nr; n++) {
		if (xa_page(m, i->pages, start + n))
			continue;
		pfn = read_page(m, inode, start + n,
				GFP_HIGHUSER_MOVABLE | __GFP_NORETRY | __GFP_NOWARN);
		if (pfn == PFN_NONE)
			break;
		if (ahead && n + ahead == nr)
			page_set(pfn_to_page(m, pfn), PG_reclaim);
		pages++;
	}
	account_read(m, pages);
}

void force_page_cache_readahead(struct machine *m, handle_t inode, u64 first, u64 last)
{
	read_window(m, inode, first, last - first + 1, 0);
}

/* A miss: read around it, or forward, or not at all. */
static void sync_readahead(struct machine *m, struct file *f, u32 vm_flags, u64 index)
{
	if (vm_flags & VM_RAND_READ)
		return;
	if (vm_flags & VM_SEQ_READ) {
		f->ra_start = (u32)index;
		f->ra_size = RA_PAGES;
		f->ra_async_size = RA_PAGES / 2;
	} else {
		/* a file that is never hit is read page by page */
		if (f->mmap_miss < MMAP_LOTSAMISS * 10)
			f->mmap_miss++;
		if (f->mmap_miss > MMAP_LOTSAMISS)
			return;
		f->ra_start = index > RA_PAGES / 2 ? (u32)index - RA_PAGES / 2 : 0;
		f->ra_size = RA_PAGES;
		f->ra_async_size = RA_PAGES / 4;
	}
	read_window(m, f->inode, f->ra_start, f->ra_size, f->ra_async_size);
}

/* The mark at @index was touched: the next window, or, if the mark is of another reader's window,
 * one behind the first page that is missing. */
static void async_readahead(struct machine *m, struct file *f, u64 index)
{
	const struct inode *i = inode_at(m, f->inode);
	u64 hole;

	if (index == (u64)f->ra_start + f->ra_size - f->ra_async_size ||
	    index == (u64)f->ra_start + f->ra_size) {
		f->ra_start += f->ra_size;
	} else {
		for (hole = index + 1; hole <= index + RA_PAGES && xa_page(m, i->pages, hole);
		     hole++)
			;
		if (hole > index + RA_PAGES)
			return;
		f->ra_start = (u32)hole;
	}
	f->ra_size = RA_PAGES;
	f->ra_async_size = RA_PAGES;
	read_window(m, f->inode, f->ra_start, f->ra_size, f->ra_async_size);
}

enum filemap_result filemap_fault(struct machine *m, const struct vma *vma, u64 index, pfn_t *pfn)
{
	struct file *f = file_at(m, vma->file);
	const struct inode *i = inode_at(m, f->inode);

	if (index >= file_pages(i))
		return FILEMAP_EOF;
	*pfn = xa_page(m, i->pages, index);
	if (*pfn) {
		struct page *p = pfn_to_page(m, *pfn);

		if (f->mmap_miss && !(vma->flags & VM_RAND_READ))
			f->mmap_miss--;
		if (!page_test(p, PG_reclaim) || vma->flags & VM_RAND_READ)
			return FILEMAP_HIT;
		page_clear(p, PG_reclaim);
		async_readahead(m, f, index);
		return FILEMAP_READ_AHEAD;
	}
	count_vm_event(m, PGMAJFAULT);
	sync_readahead(m, f, vma->flags, index);
	*pfn = xa_page(m, i->pages, index);
	if (!*pfn) {
		*pfn = read_page(m, f->inode, index, GFP_HIGHUSER_MOVABLE);
		if (*pfn == PFN_NONE)
			return FILEMAP_NOMEM;
		account_read(m, 1);
	}
	return FILEMAP_READ;
}
