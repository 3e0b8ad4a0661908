/*
 * file_rw.c - read(2) and write(2) of files on the disk, page by page through the page cache.
 *
 * Reading marks each page as accessed when the reader comes to it, not again while it stays on it.
 * Writing does not: a page that is only written is not in use. A page that is overwritten in part
 * is read first, if it has a place on the disk and is not in memory; a whole one is not.
 *
 * Between two pages others may run (safe points); what was done until an interruption counts. Bytes
 * go to the host when all pages of a call are through, and only then does the file grow: a reader
 * never sees a size without bytes, and an error of the host leaves the file as it was.
 * Source: read(2), write(2); which pages are read, activated and dirtied as a 6.1 kernel showed.
 */
#include <errno.h>
#include <mman/namei.h>
#include <mman/writeback.h>

#include "mm/oom.h"
#include "mm/readahead.h"

/* ---- reading ---- */

/* Page @index for a read that wants pages up to @end. 0, -ENOMEM, -EIO. */
static int get_page(struct machine *m, handle_t file, u64 index, u64 end, pfn_t *pfn)
{
	const struct file *f = file_at(m, file);
	handle_t inode = f->inode;

	*pfn = filemap_get_page(m, inode, index, false);
	if (*pfn == PFN_NONE && !f->ra_pages &&
	    !filemap_read_page(m, inode, index, GFP_READAHEAD, pfn))
		return 0;
	if (*pfn == PFN_NONE) {
		page_cache_sync_readahead(m, file, index, end - index);
		*pfn = filemap_get_page(m, inode, index, false);
	}
	if (*pfn == PFN_NONE)
		return filemap_read_page(m, inode, index, GFP_HIGHUSER_MOVABLE, pfn);
	if (page_is_readahead(pfn_to_page(m, *pfn))) {
		page_cache_async_readahead(m, file, *pfn, index, end - index);
		/* reading ahead may have taken the very page away */
		*pfn = filemap_get_page(m, inode, index, false);
		if (*pfn == PFN_NONE)
			return filemap_read_page(m, inode, index, GFP_HIGHUSER_MOVABLE, pfn);
	}
	return 0;
}

static ssize_t read_pages(struct machine *m, handle_t file, u64 pos, u64 size)
{
	struct file *f = file_at(m, file);
	handle_t inode = f->inode;
	u64 done = 0, end, chunk;
	pfn_t pfn;
	int error = 0;

	if (size > UINT64_MAX / 2 || pos > UINT64_MAX / 2)
		return -EINVAL;
	end = (pos + size + PAGE_SIZE - 1) >> PAGE_SHIFT;
	while (done < size && pos < inode_at(m, inode)->size && !error) {
		error = get_page(m, file, pos >> PAGE_SHIFT, end, &pfn);
		if (error)
			break;
		if (!is_on_last_page(f, pos >> PAGE_SHIFT))
			mark_page_accessed(m, pfn);
		chunk = min_t(u64, PAGE_SIZE - (pos & ~PAGE_MASK), size - done);
		chunk = min_t(u64, chunk, inode_at(m, inode)->size - pos);
		clock_charge(m, m->cost.copy_page);
		pos += chunk;
		done += chunk;
		f->prev_pos = pos;
		if (!machine_safe_point(m))
			error = -EINTR;
	}
	return done ? (ssize_t)done : error;
}

ssize_t filemap_read(struct machine *m, handle_t file, u64 pos, u64 size)
{
	enum alloc_by by = alloc_by(m, ALLOC_BY_READ);
	ssize_t n;

	n = read_pages(m, file, pos, size);
	alloc_by(m, by);
	return n;
}

/* ---- writing ---- */

/* Page @index, of which @whole says that all bytes will be written. */
static int write_begin(struct machine *m, handle_t inode, u64 index, bool whole, pfn_t *pfn)
{
	bool mapped = inode_has_block(m, inode, index);
	int error;

	error = mapped ? 0 : inode_reserve(m, inode, index, 1);
	if (error)
		return error;
	*pfn = filemap_get_page(m, inode, index, false);
	if (*pfn != PFN_NONE) {
		page_clear(pfn_to_page(m, *pfn), PG_idle);
		return 0;
	}
	*pfn = filemap_add_page(m, inode, index, GFP_HIGHUSER_MOVABLE | __GFP_WRITE);
	if (*pfn == PFN_NONE)
		return -ENOMEM;
	if (whole || !mapped)
		return 0;
	error = blk_read(m, blk_file_sector(inode, index), 1);
	if (error)
		delete_from_page_cache(m, *pfn);
	return error;
}

/* Dirty the pages of [@pos, @pos + @size). Bytes done, or -errno for none. */
static ssize_t dirty_pages(struct machine *m, handle_t inode, u64 pos, u64 size)
{
	u64 done = 0, chunk;
	pfn_t pfn;
	int error = 0;

	while (done < size && !error) {
		chunk = min_t(u64, PAGE_SIZE - (pos & ~PAGE_MASK), size - done);
		error = write_begin(m, inode, pos >> PAGE_SHIFT, chunk == PAGE_SIZE, &pfn);
		if (error)
			break;
		clock_charge(m, m->cost.copy_page);
		page_set_dirty(m, pfn);
		pos += chunk;
		done += chunk;
		/* a writer who has dirtied too much waits here */
		if (!balance_dirty_pages_ratelimited(m, 1) || !machine_safe_point(m))
			error = -EINTR;
	}
	return done ? (ssize_t)done : error;
}

/* The host did not take the bytes of [@pos, ...): what lies behind the file's end never was. */
static void take_back(struct machine *m, handle_t inode)
{
	u64 first = inode_pages(inode_at(m, inode));

	truncate_range(m, inode, first, UINT64_MAX);
	inode_release(m, inode, first);
}

ssize_t generic_file_write(struct machine *m, handle_t inode, u64 pos, u64 size, const void *data)
{
	struct inode *i = inode_at(m, inode);
	ssize_t n, written;
	enum alloc_by by;

	if (i->flags & INODE_SWAPFILE)
		return -ETXTBSY;
	if (pos >= DISK_FILE_SIZE_MAX)
		return size ? -EFBIG : 0;
	size = min_t(u64, size, DISK_FILE_SIZE_MAX - pos);
	by = alloc_by(m, ALLOC_BY_WRITE);
	n = dirty_pages(m, inode, pos, size);
	alloc_by(m, by);
	if (n <= 0)
		return n;
	if (data && m->backing && m->backing->write) {
		written = m->backing->write(m, inode, data, (size_t)n, pos);
		if (written < 0) {
			take_back(m, inode);
			return written;
		}
	}
	if (pos + (u64)n > i->size) {
		i->size = pos + (u64)n;
		mark_inode_dirty(m, inode, I_DIRTY_SYNC);
	}
	i->mtime = i->ctime = now_ns(m);
	return n;
}
