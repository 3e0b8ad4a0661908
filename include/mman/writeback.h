/*
 * writeback.h - dirty page cache: counted, written, limited (mm/page_writeback.c, mm/fs_writeback.c).
 *
 *	page_set_dirty -> PG_dirty, XA_DIRTY
 *	write_cache_pages: clear_page_dirty, set_page_writeback, blk_submit
 *	             -> PG_writeback, XA_WRITEBACK        (and dirty again, if stored to meanwhile)
 *	bio_end -> writeback_failed if it failed; end_page_writeback
 *
 * Source: Documentation/admin-guide/sysctl/vm.rst (dirty_*), Documentation/filesystems/proc.rst.
 */
#ifndef MMAN_WRITEBACK_H
#define MMAN_WRITEBACK_H

#include <mman/types.h>

struct machine;

/** global_dirtyable_memory() - pages that file data may dirty: free ones above the reserves, and the
 * page cache that reclaim could have. */
u64 global_dirtyable_memory(const struct machine *m);

/** global_dirty_limits() - pages at which background writeback starts and at which writers are held
 * back: nr_dirty_background_threshold and nr_dirty_threshold. */
void global_dirty_limits(const struct machine *m, u64 *background, u64 *limit);

/** set_page_writeback() - the page, which is not dirty any more, is on its way to the disk: a page of a
 * file, or one of the swap cache. end_page_writeback() - it is there; what reclaim waited for is next on
 * its list. */
void set_page_writeback(struct machine *m, pfn_t pfn);
void end_page_writeback(struct machine *m, pfn_t pfn);
/** writeback_failed() - before that: the disk did not take it. A page of the swap cache is dirty again, a
 * file's is not, and the next fsync says EIO. Both have PG_error and a line in the log. */
void writeback_failed(struct machine *m, pfn_t pfn, u64 sector);

/** write_cache_pages() - start writing up to @nr dirty pages of @inode from *@first to @last; *@first moves
 * behind those looked at. Pages still under writeback are waited for (@wait, safe inside an
 * allocation) or passed over. Returns pages under way. */
u64 write_cache_pages(struct machine *m, handle_t inode, u64 *first, u64 last, u64 nr, bool wait);

/* filemap_fdatawrite(): mm.h. All dirty pages are under way when it returns. */

/** filemap_fdatawait() - until nothing of [@first, @last] is under writeback; others run meanwhile. 0 or
 * -EINTR. filemap_check_error() - -EIO once after a write of the file failed. */
int filemap_fdatawait(struct machine *m, handle_t inode, u64 first, u64 last);
int filemap_check_error(struct machine *m, handle_t inode);

/** vfs_fsync_range() - fsync(2), msync(2): write, wait, tell of errors. *@pages: how many were written (or
 * NULL). ksys_sync() - sync(2): the same for all files, without errors but -EINTR. */
int vfs_fsync_range(struct machine *m, handle_t inode, u64 first, u64 last, u64 *pages);
int ksys_sync(struct machine *m, u64 *pages);

#endif
