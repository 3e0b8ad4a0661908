/*
 * readahead.c - what is read before it is asked for.
 *
 * An open file has a window: the last stretch that was read ahead, and how much of it lies behind
 * the mark. Coming to the marked page means that the reader goes on, and it is time for the next
 * window:
 *
 *	 start          mark                start + size
 *	   |-------------#--------------------|
 *	                  <--- async_size --->
 *
 * A window starts where a reader begins (page 0, or behind its last read): two to four times what
 * was asked for, at most ra_pages (read_ahead_kb; 0: page by page). Each following one is four
 * times as large, or twice, up to the same limit, and marked at its first page. A request of more
 * than ra_pages sets the limit to its own size (at most max_sectors_kb, the largest transfer), and
 * windows that have become large stay so. Reads here and there bring in what was asked for and
 * leave the window alone, unless more of the pages before them are in memory than the read is long:
 * then another reader of the same file is followed.
 *
 * A mapped file reads around a miss: [n - 16, n + 16), marked at its last quarter. VM_RAND_READ
 * reads single pages, VM_SEQ_READ as read(2).
 * Source: posix_fadvise(2), madvise(2); window sizes as a 6.1 kernel showed them for read(2) of 1
 * to 1024 pages in every order (tests/unit/readahead.c has its answers).
 */
#include "mm/readahead.h"

#include <mman/namei.h>

#define MMAP_LOTSAMISS 100u

/* The largest transfer: what a large read asks for at once. */
static u64 io_pages(const struct machine *m)
{
	return m->blk.queue.max_sectors_kb / PAGE_KB;
}

/* Was one of them in use when it was evicted? Then memory is what is missing. */
static bool of_workingset(struct machine *m, handle_t inode, u64 first, u64 nr)
{
	bool any = false;
	pfn_t pfn;

	while (nr-- && !any) {
		pfn = filemap_get_page(m, inode, first + nr, false);
		any = pfn != PFN_NONE && page_test(pfn_to_page(m, pfn), PG_workingset);
	}
	return any;
}

/* Wait for [@first, @first + @nr), pages that are in the cache already. What the disk does not give
 * is not there again. */
static bool read_run(struct machine *m, handle_t inode, u64 first, u64 nr)
{
	u64 n;
	pfn_t pfn;
	int error;

	if (!nr)
		return true;
	error = blk_read_back(m, blk_file_sector(inode, first), (u32)nr,
			      of_workingset(m, inode, first, nr));
	if (!error)
		return true;
	for (n = 0; n < nr; n++) {
		pfn = filemap_get_page(m, inode, first + n, false);
		if (pfn != PFN_NONE)
			delete_from_page_cache(m, pfn);
	}
	return false;
}

/*
 * What is missing of [@start, @start + @nr), as far as the file goes; the page @ahead from the end
 * is marked if it is new. Neighbours are one transfer.
 */
static void read_window(struct machine *m, handle_t inode, u64 start, u64 nr, u64 ahead)
{
	u64 end = inode_pages(inode_at(m, inode)), n, run = 0;

	if (start >= end)
		return;
	if (nr > end - start)
		nr = end - start;
	for (n = 0; n < nr; n++) {
		bool mapped, there = xa_page(m, inode_at(m, inode)->pages, start + n);
		pfn_t pfn = PFN_NONE;

		if (!there) {
			pfn = filemap_add_page(m, inode, start + n, GFP_READAHEAD);
			if (pfn == PFN_NONE)
				break;
			if (ahead && n + ahead == nr)
				page_set(pfn_to_page(m, pfn), PG_reclaim);
		}
		mapped = !there && inode_has_block(m, inode, start + n);
		if (mapped)
			page_set(pfn_to_page(m, pfn), PG_mappedtodisk);
		run += mapped;
		if (mapped && run < BIO_PAGES)
			continue;
		if (!read_run(m, inode, start + n + mapped - run, run))
			return;
		run = 0;
	}
	read_run(m, inode, start + n - run, run);
}

void force_page_cache_readahead(struct machine *m, handle_t inode, u64 first, u64 last)
{
	read_window(m, inode, first, last - first + 1, 0);
}

/* ---- the window ---- */

static u64 first_size(u64 wanted, u64 limit)
{
	u64 size = 1;

	while (size < wanted)
		size *= 2;
	if (size <= limit / 32)
		return size * 4;
	return size <= limit / 4 ? size * 2 : limit;
}

static u64 next_size(u64 size, u64 limit)
{
	if (size < limit / 16)
		return size * 4;
	if (size <= limit / 2)
		return size * 2;
	return max_t(u64, size, limit);
}

static void set_window(struct file *f, u64 start, u64 size, u64 async_size)
{
	f->ra_start = (u32)start;
	f->ra_size = (u32)size;
	f->ra_async_size = (u32)async_size;
}

/* A miss that begins a stream: at the file's start, or right behind the last read. */
static void begin_window(struct file *f, u64 index, u64 wanted, u64 limit)
{
	u64 size = first_size(wanted, limit);

	set_window(f, index, size, size > wanted ? size - wanted : size);
}

static void next_window(struct file *f, u64 start, u64 size, u64 limit)
{
	size = next_size(size, limit);
	set_window(f, start, size, size);
}

/* How many pages right before @index are in memory, at most @max. */
static u64 history(struct machine *m, handle_t inode, u64 index, u64 max)
{
	u64 n = 0;

	while (n < max && n < index && xa_page(m, inode_at(m, inode)->pages, index - n - 1))
		n++;
	return n;
}

/* Somebody who reads in a row without a window of its own: what lies before says so. */
static bool follow_history(struct machine *m, struct file *f, u64 index, u64 wanted, u64 limit)
{
	u64 before = history(m, f->inode, index, limit);

	if (before <= wanted)
		return false;
	if (before >= index)
		before *= 2;
	set_window(f, index, min_t(u64, before + wanted, limit), 1);
	return true;
}

/* The mark of another reader's window: go on behind the first page that is missing. */
static bool follow_mark(struct machine *m, struct file *f, u64 index, u64 wanted, u64 limit)
{
	u64 hole = index + 1;

	while (hole - index <= limit && xa_page(m, inode_at(m, f->inode)->pages, hole))
		hole++;
	if (hole - index > limit)
		return false;
	next_window(f, hole, min_t(u64, hole - index + wanted, limit), limit);
	return true;
}

static bool is_expected(const struct file *f, u64 index)
{
	u64 end = (u64)f->ra_start + f->ra_size;

	return index == end || index == end - f->ra_async_size;
}

/* The reader is to find a mark at the very page it wants: it would start the next window at once.
 * Make it part of this one, if that does not get too large. */
static void merge_next(struct file *f, u64 limit)
{
	u64 more = next_size(f->ra_size, limit);

	if (f->ra_size + more <= limit)
		set_window(f, f->ra_start, f->ra_size + more, more);
	else
		set_window(f, f->ra_start, limit, limit / 2);
}

static void ondemand_readahead(struct machine *m, handle_t file, u64 index, u64 wanted, bool marked)
{
	struct file *f = file_at(m, file);
	u64 limit = max_t(u64, f->ra_pages, min_t(u64, wanted, io_pages(m)));
	u64 prev = f->prev_pos >> PAGE_SHIFT;

	if (!f->ra_pages)
		return;
	if (index && is_expected(f, index)) {
		next_window(f, (u64)f->ra_start + f->ra_size, f->ra_size, limit);
	} else if (index && marked) {
		if (!follow_mark(m, f, index, wanted, limit))
			return;
	} else if (!index || wanted > limit || index - prev <= 1) {
		begin_window(f, index, wanted, limit);
	} else if (!follow_history(m, f, index, wanted, limit)) {
		read_window(m, f->inode, index, wanted, 0);
		return;
	}
	if (index == f->ra_start && f->ra_size == f->ra_async_size)
		merge_next(f, limit);
	read_window(m, f->inode, f->ra_start, f->ra_size, f->ra_async_size);
}

void page_cache_sync_readahead(struct machine *m, handle_t file, u64 index, u64 nr)
{
	ondemand_readahead(m, file, index, nr, false);
}

void page_cache_async_readahead(struct machine *m, handle_t file, pfn_t pfn, u64 index, u64 nr)
{
	page_clear(pfn_to_page(m, pfn), PG_reclaim);
	ondemand_readahead(m, file, index, nr, true);
}

void mmap_sync_readahead(struct machine *m, handle_t file, u32 vm_flags, u64 index)
{
	struct file *f = file_at(m, file);

	if (vm_flags & VM_RAND_READ || !f->ra_pages)
		return;
	if (vm_flags & VM_SEQ_READ) {
		page_cache_sync_readahead(m, file, index, f->ra_pages);
		return;
	}
	/* a file that is never hit is read page by page */
	if (f->mmap_miss < MMAP_LOTSAMISS * 10)
		f->mmap_miss++;
	if (f->mmap_miss > MMAP_LOTSAMISS)
		return;
	set_window(f, index > f->ra_pages / 2 ? index - f->ra_pages / 2 : 0, f->ra_pages,
		   f->ra_pages / 4);
	read_window(m, f->inode, f->ra_start, f->ra_size, f->ra_async_size);
}
