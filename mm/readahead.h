/*
 * readahead.h - what is read before it is asked for (mm/readahead.c).
 */
#ifndef MM_READAHEAD_H
#define MM_READAHEAD_H

#include "mm/filemap.h"

#define GFP_READAHEAD (GFP_HIGHUSER_MOVABLE | __GFP_NORETRY | __GFP_NOWARN)

/** page_is_readahead() - the mark that starts the next window. It shares its bit with PG_reclaim,
 * which a page under writeback has for another reason. */
static inline bool page_is_readahead(const struct page *p)
{
	return page_test(p, PG_reclaim) && !page_test(p, PG_writeback);
}

/** is_on_last_page() - is page @index the one that @f has read last? Reading on there marks it no
 * more. */
static inline bool is_on_last_page(const struct file *f, u64 index)
{
	return f->prev_pos != UINT64_MAX && f->prev_pos && (f->prev_pos - 1) >> PAGE_SHIFT == index;
}

/** page_cache_sync_readahead() - page @index is missing; the reader wants @nr pages from there
 * on. */
void page_cache_sync_readahead(struct machine *m, handle_t file, u64 index, u64 nr);
/** page_cache_async_readahead() - page @pfn at @index has the mark; it goes, and the next window
 * comes. */
void page_cache_async_readahead(struct machine *m, handle_t file, pfn_t pfn, u64 index, u64 nr);
/** mmap_sync_readahead() - a fault on a mapping with @vm_flags misses page @index. */
void mmap_sync_readahead(struct machine *m, handle_t file, u32 vm_flags, u64 index);

#endif
