/*
 * fs_writeback.c - who writes dirty files, and when.
 */
#include <mman/machine.h>
#include <mman/writeback.h>

#include <errno.h>

#include "mm/filemap.h"

/* ---- on demand ---- */

int vfs_fsync_range(struct machine *m, handle_t inode, u64 first, u64 last, u64 *pages)
{
	u64 written = filemap_fdatawrite(m, inode, first, last);
	int error;

	if (pages)
		*pages = written;
	inode_get(m, inode);
	error = filemap_fdatawait(m, inode, first, last);
	if (!error)
		error = filemap_check_error(m, inode);
	inode_put(m, inode);
	return error;
}

/* Starts all, then waits for what is under way now; what others write meanwhile is not its concern. */
int ksys_sync(struct machine *m, u64 *pages)
{
	handle_t h;

	*pages = 0;
	for (h = m->mms.inode_head; h; h = inode_at(m, h)->next)
		*pages += filemap_fdatawrite(m, h, 0, UINT64_MAX);
	return blk_wait_writes(m) ? 0 : -EINTR;
}
