/*
 * fallocate.c - room for a file ahead of the writing, holes punched into it, and where its data is.
 * Source: fallocate(2), lseek(2), madvise(2) (MADV_REMOVE).
 */
#include <errno.h>
#include <mman/namei.h>

#include "mm/dcache.h"
#include "mm/filemap.h"

static int take_room(struct machine *m, handle_t h, u64 offset, u64 end, bool keep_size)
{
	struct inode *i = inode_at(m, h);
	u64 first = offset >> PAGE_SHIFT, last = (end - 1) >> PAGE_SHIFT;
	int error = inode_preallocate(m, h, first, last - first + 1);

	if (error || keep_size || end <= i->size)
		return error;
	if (m->backing && m->backing->truncate)
		error = m->backing->truncate(m, h, end);
	if (!error)
		i->size = end;
	return error;
}

/* What is left of a page that became zeros in part is written back. */
static void dirty_rest(struct machine *m, handle_t h, u64 index)
{
	pfn_t pfn = inode_has_block(m, h, index) ? filemap_get_page(m, h, index, true) : PFN_NONE;

	if (pfn != PFN_NONE)
		page_set_dirty(m, pfn);
}

static int punch_hole(struct machine *m, handle_t h, u64 offset, u64 end)
{
	u64 size = inode_at(m, h)->size, first = PAGE_ALIGN(offset) >> PAGE_SHIFT, last;
	int error = 0;

	if (offset >= size)
		return 0;
	if (m->backing && m->backing->clear)
		error = m->backing->clear(m, h, offset, min_t(u64, end, size) - offset);
	if (error)
		return error;
	end = end < size ? end : PAGE_ALIGN(size);
	last = end >> PAGE_SHIFT;
	if (first < last) {
		punch_range(m, h, first, last - 1);
		error = inode_punch(m, h, first, last - first);
	}
	if (offset & ~PAGE_MASK)
		dirty_rest(m, h, offset >> PAGE_SHIFT);
	if (end & ~PAGE_MASK && (last != offset >> PAGE_SHIFT || !(offset & ~PAGE_MASK)))
		dirty_rest(m, h, last);
	return error;
}

int vfs_fallocate(struct machine *m, handle_t h, u64 offset, u64 length, enum fallocate_how how)
{
	int error;

	if (inode_is_dir(m, h))
		return -EISDIR;
	if (!length)
		return -EINVAL;
	if (offset > DISK_FILE_SIZE_MAX || length > DISK_FILE_SIZE_MAX - offset)
		return -EFBIG;
	if (inode_at(m, h)->flags & INODE_SWAPFILE)
		return -ETXTBSY;
	error = d_get(m, h);
	if (error)
		return error;
	if (how == FALLOCATE_PUNCH)
		error = punch_hole(m, h, offset, offset + length);
	else
		error = take_room(m, h, offset, offset + length, how == FALLOCATE_KEEP_SIZE);
	if (!error) {
		inode_at(m, h)->mtime = inode_at(m, h)->ctime = now_ns(m);
		vfs_inode_changed(m, h);
	}
	d_put(m, h);
	return error;
}

s64 vfs_seek(struct machine *m, handle_t h, u64 offset, bool hole)
{
	const struct inode *i = inode_at(m, h);
	u64 index = offset >> PAGE_SHIFT, end = PAGE_ALIGN(i->size) >> PAGE_SHIFT;
	bool mapped;
	u64 run;

	if (offset >= i->size)
		return -ENXIO;
	for (; index < end; index += run) {
		run = inode_block_run(m, h, index, end - index, &mapped);
		if (mapped != hole)
			return (s64)max_t(u64, index << PAGE_SHIFT, offset);
	}
	return hole ? (s64)i->size : -ENXIO;
}
