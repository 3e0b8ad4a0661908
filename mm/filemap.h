/*
 * filemap.h - files as the address space sees them: open files (inode.c), the page cache
 * (filemap.c), shared memory (shmem.c).
 */
#ifndef MM_FILEMAP_H
#define MM_FILEMAP_H

#include <mman/machine.h>
#include <mman/xarray.h>

/* ---- inode.c ---- */

/** file_open() - an open file of @inode with one user; 0: no memory. file_put(): one user less. */
handle_t file_open(struct machine *m, handle_t inode);
void file_put(struct machine *m, handle_t file);
void inode_get(struct machine *m, handle_t inode);
/** evict_begin() - until evict_end() large files whose last holder goes are put aside.
 * evict_end() - those that came since, whose @mark evict_begin() returned, go now, in batches with
 * safe points between. For commands; no safe point lies between the two calls. */
handle_t evict_begin(struct machine *m);
void evict_end(struct machine *m, handle_t mark);
/** inode_new() - without a name, one user. */
handle_t inode_new(struct machine *m, enum inode_kind kind, u64 size);
/** inode_import() - an empty file or directory that was on the disk before: as inode_create(), but
 * the kernel has not looked at it. -EEXIST, -ENOMEM. */
int inode_import(struct machine *m, const char *path, enum inode_kind kind, handle_t *out);
/** inode_set_name() - the name that maps shows; no path leads to the inode by that. 0 or
 * -ENOMEM. */
int inode_set_name(struct machine *m, struct inode *i, const char *path);
void inode_drop_name(struct machine *m, struct inode *i);
/** inode_hash(), inode_unhash() - the way from the path to the inode. */
void inode_hash(struct machine *m, handle_t inode);
void inode_unhash(struct machine *m, handle_t inode);
/** inode_lookup_linked() - what a directory of the disk has at @path; 0: nothing. */
handle_t inode_lookup_linked(const struct machine *m, const char *path);

/* ---- namei.c ---- */

/** dir_add(), dir_remove() - into and out of a directory's list. */
void dir_add(struct machine *m, handle_t dir, handle_t inode);
void dir_remove(struct machine *m, handle_t inode);

/* ---- filemap.c ---- */

/** add_to_page_cache() - @pfn becomes page @index of @inode, on its LRU list. 0 or -ENOMEM. */
int add_to_page_cache(struct machine *m, handle_t inode, u64 index, pfn_t pfn);
/** delete_from_page_cache() - unmapped and clean or not: out of the cache, back to the
 * allocator. */
void delete_from_page_cache(struct machine *m, pfn_t pfn);
/** evict_from_page_cache() - reclaim takes @pfn, which is unmapped, clean and not under writeback:
 * as delete_from_page_cache(), but @shadow (workingset.h; 0: none) stays in its place. */
void evict_from_page_cache(struct machine *m, pfn_t pfn, u32 shadow);
/** evict_clean_pages() - evict_from_page_cache() of @nr isolated pages, each with its shadow. */
void evict_clean_pages(struct machine *m, const pfn_t *pfn, u32 nr);
/** truncate_range() - drop the pages [@first, @last], unmapping them everywhere. */
void truncate_range(struct machine *m, handle_t inode, u64 first, u64 last);
/** truncate_some() - drop the next @most pages from @first on; are there more? */
bool truncate_some(struct machine *m, handle_t inode, u64 first, u64 most);
/** punch_range() - the same, but private copies of them stay mapped: a hole in the middle of the
 * file. */
void punch_range(struct machine *m, handle_t inode, u64 first, u64 last);

enum filemap_result {
	FILEMAP_HIT,
	FILEMAP_READ /* from disk: a major fault */,
	FILEMAP_READ_AHEAD /* there, and the next window was started */,
	FILEMAP_EOF,
	FILEMAP_NOMEM,
	FILEMAP_ERROR /* the disk does not give it back */
};

/** filemap_fault() - page @index for a fault of @vma, with the read-ahead of a mapped file. */
enum filemap_result filemap_fault(struct machine *m, const struct vma *vma, u64 index, pfn_t *pfn);
/** filemap_page_mkwrite() - a shared mapping is about to dirty page @index: a hole needs a place on
 * the disk first. 0, -ENOSPC, -ENOMEM: then the store ends in SIGBUS. */
int filemap_page_mkwrite(struct machine *m, handle_t inode, u64 index);
/** filemap_add_page() - a page in the cache at @index, as if it had been read. PFN_NONE: no memory.
 * With __GFP_WRITE in @gfp it is about to be overwritten: a shadow in its place does not count. */
pfn_t filemap_add_page(struct machine *m, handle_t inode, u64 index, gfp_t gfp);
/** filemap_read_page() - page @index, which is not in the cache, by itself. -ENOMEM, -EIO. */
int filemap_read_page(struct machine *m, handle_t inode, u64 index, gfp_t gfp, pfn_t *pfn);
/** inode_pages() - that the file's size spans. */
static inline u64 inode_pages(const struct inode *i)
{
	return (i->size >> PAGE_SHIFT) + ((i->size & ~PAGE_MASK) != 0);
}

/* ---- readahead.c ---- */

/** force_page_cache_readahead() - MADV_WILLNEED. */
void force_page_cache_readahead(struct machine *m, handle_t inode, u64 first, u64 last);

/* ---- page_writeback.c ---- */

/** clear_page_dirty() - the page is about to be written, or to go: counters and tag. */
void clear_page_dirty(struct machine *m, pfn_t pfn);
/** cancel_page_dirty() - the same for one that will never be written. */
void cancel_page_dirty(struct machine *m, pfn_t pfn);

/* filemap_read(), generic_file_write(): mman/namei.h (file_rw.c) */

/* ---- shmem.c ---- */

/** shmem_file_setup() - an open file of shared memory, "/dev/zero (deleted)", charged to
 * Committed_AS by its size, or page by page with @noreserve. *@file with one user. -ENOMEM. */
int shmem_file_setup(struct machine *m, handle_t mm, u64 size, bool noreserve, bool cap_sys_admin,
		     handle_t *file);
/** shmem_fault() - page @index, read from swap or made if it is not there. */
enum filemap_result shmem_fault(struct machine *m, handle_t inode, u64 index, pfn_t *pfn);
/** shmem_unuse() - swapoff: page @index, which may be in swap, is back. 0, -ENOMEM, -EIO. */
int shmem_unuse(struct machine *m, handle_t inode, u64 index, gfp_t gfp);
/** shmem_free_swap() - what @index holds is a slot: it is truncated. */
void shmem_free_swap(struct machine *m, handle_t inode, u64 index, u32 entry);
/** shmem_swap_usage() - pages of [@first, @last] that are in swap. */
u64 shmem_swap_usage(const struct machine *m, handle_t inode, u64 first, u64 last);
/** shmem_willneed() - read [@first, @last] in from swap. */
void shmem_willneed(struct machine *m, handle_t inode, u64 first, u64 last);
/** shmem_evict() - the last user is gone: give back what was charged. Pages are gone already. */
void shmem_evict(struct machine *m, handle_t inode);

#endif
