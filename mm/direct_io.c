/*
 * direct_io.c - read(2) and write(2) with O_DIRECT: between the disk and the caller, past the page
 * cache.
 *
 * Both begin by writing out what the cache has of the range that is newer than the disk. A read
 * leaves the cache as it is. A write takes the range out of it, mappings included, so that whoever
 * looks next sees what was written; and again when it is over, for what came in meanwhile.
 * Positions and lengths are those of the disk's sectors; the disk moves whole pages all the same,
 * and counts them.
 * Source: open(2) (O_DIRECT); which calls are refused, what is counted and what stays in the cache
 * as a 6.1 kernel with ext4 showed.
 */
#include <errno.h>
#include <mman/namei.h>
#include <mman/writeback.h>

#include "mm/filemap.h"

#define SECTOR_SIZE 512u

/* Pages [@first, @last], which one I/O after the other moves. */
struct direct_range {
	handle_t inode;
	u64 first, last;
};

static int write_and_wait(struct machine *m, const struct direct_range *r)
{
	filemap_fdatawrite(m, r->inode, r->first, r->last);
	return filemap_fdatawait(m, r->inode, r->first, r->last);
}

/* Bytes of @size at @pos that lie before page @index. */
static u64 bytes_before(u64 index, u64 pos, u64 size)
{
	u64 end = index << PAGE_SHIFT;

	return end > pos ? min_t(u64, end - pos, size) : 0;
}

/* Up to which page it was read; what has no place on the disk is zeros without it. */
static int read_range(struct machine *m, const struct direct_range *r, u64 *index)
{
	bool mapped;
	int error = 0;
	u64 run;

	for (*index = r->first; *index <= r->last && !error; *index += run) {
		run = min_t(u64, r->last + 1 - *index, BIO_PAGES);
		run = inode_block_run(m, r->inode, *index, run, &mapped);
		if (mapped)
			error = blk_read(m, blk_file_sector(r->inode, *index), (u32)run);
		if (error)
			return error;
		if (!machine_safe_point(m))
			error = -EINTR;
	}
	return error;
}

ssize_t generic_file_direct_read(struct machine *m, handle_t file, u64 pos, u64 size)
{
	struct direct_range r = { .inode = file_at(m, file)->inode, .first = pos >> PAGE_SHIFT };
	u64 length = inode_at(m, r.inode)->size, index;
	int error;

	if (!size || pos >= length)
		return 0;
	if ((pos | size) % SECTOR_SIZE)
		return -EINVAL;
	size = min_t(u64, size, length - pos);
	r.last = (pos + size - 1) >> PAGE_SHIFT;
	error = write_and_wait(m, &r);
	if (error)
		return error;
	error = read_range(m, &r, &index);
	/* it may have been cut off meanwhile */
	length = inode_at(m, r.inode)->size;
	size = length > pos ? min_t(u64, size, length - pos) : 0;
	if (error == -EINTR && bytes_before(index, pos, size))
		error = 0;
	return error ? error : (ssize_t)bytes_before(index, pos, size);
}

/* As many of @nr pages as fit on the disk, at least one. */
static int reserve(struct machine *m, handle_t inode, u64 index, u64 *nr)
{
	int error = inode_reserve(m, inode, index, *nr);

	if (error == -ENOSPC && *nr > 1) {
		*nr = 1;
		error = inode_reserve(m, inode, index, 1);
	}
	return error;
}

static int write_range(struct machine *m, const struct direct_range *r, u64 *index)
{
	int error = 0;
	u64 run;

	for (*index = r->first; *index <= r->last && !error; *index += run) {
		run = min_t(u64, r->last + 1 - *index, BIO_PAGES);
		error = reserve(m, r->inode, *index, &run);
		if (!error)
			error = blk_write(m, blk_file_sector(r->inode, *index), (u32)run);
		if (error)
			return error;
		if (m->current)
			task_at(m, m->current)->io_write_bytes += run << PAGE_SHIFT;
		if (!machine_safe_point(m))
			error = -EINTR;
	}
	return error;
}

/* What lies behind the file's end never was. */
static void take_back(struct machine *m, handle_t inode)
{
	inode_release(m, inode, inode_pages(inode_at(m, inode)));
}

ssize_t generic_file_direct_write(struct machine *m, handle_t inode, u64 pos, u64 size,
				  const void *data)
{
	struct direct_range r = { .inode = inode, .first = pos >> PAGE_SHIFT };
	struct inode *i = inode_at(m, inode);
	ssize_t written;
	u64 index, n;
	int error;

	if (i->flags & INODE_SWAPFILE)
		return -ETXTBSY;
	if (!size)
		return 0;
	if (pos >= DISK_FILE_SIZE_MAX)
		return -EFBIG;
	size = min_t(u64, size, DISK_FILE_SIZE_MAX - pos);
	if ((pos | size) % SECTOR_SIZE)
		return -EINVAL;
	r.last = (pos + size - 1) >> PAGE_SHIFT;
	error = write_and_wait(m, &r);
	if (error)
		return error;
	punch_range(m, inode, r.first, r.last);
	error = write_range(m, &r, &index);
	punch_range(m, inode, r.first, r.last);
	n = bytes_before(index, pos, size);
	/* a disk that fails leaves nobody sure of any of it */
	written = n && error != -EIO ? (ssize_t)n : error;
	if (written > 0 && data && m->backing && m->backing->write)
		written = m->backing->write(m, inode, data, (size_t)n, pos);
	if (written <= 0) {
		take_back(m, inode);
		return written;
	}
	if (pos + n > i->size) {
		i->size = pos + n;
		mark_inode_dirty(m, inode, I_DIRTY_SYNC);
	}
	i->mtime = i->ctime = now_ns(m);
	return (ssize_t)n;
}
