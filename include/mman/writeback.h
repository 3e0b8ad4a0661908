/*
 * writeback.h - dirty page cache: counted, written, limited (mm/page_writeback.c,
 * mm/fs_writeback.c).
 *
 *	page_set_dirty -> PG_dirty, XA_DIRTY
 *	write_cache_pages: clear_page_dirty, set_page_writeback, blk_submit
 *	             -> PG_writeback, XA_WRITEBACK        (and dirty again, if stored to meanwhile)
 *	bio_end -> writeback_failed if it failed; end_page_writeback
 *
 * The flusher (EVENT_FLUSHER) is the kernel thread "writeback". It has one timer, set when the
 * first inode becomes dirty and again while there is any: an idle machine has none.
 *
 *	b_dirty       dirty inodes, the longest so first
 *	b_io          those that it works on: expired, or all
 *	b_more_io     had more pages than its turn allows
 *	b_dirty_time  nothing but times is new
 *
 * Source: Documentation/admin-guide/sysctl/vm.rst (dirty_*), Documentation/filesystems/proc.rst.
 */
#ifndef MMAN_WRITEBACK_H
#define MMAN_WRITEBACK_H

#include <mman/types.h>

struct machine;

#define I_DIRTY_SYNC 1u /* more of the inode than its times: written with its pages */
#define I_DIRTY_TIME 2u

enum wb_list_id { WB_CLEAN, WB_DIRTY, WB_IO, WB_MORE_IO, WB_DIRTY_TIME, NR_WB_LISTS };

enum wb_reason {
	WB_REASON_BACKGROUND,
	WB_REASON_VMSCAN,
	WB_REASON_SYNC,
	WB_REASON_PERIODIC,
	WB_REASON_LAPTOP_TIMER,
	NR_WB_REASONS
};

struct wb_list {
	handle_t head, tail;
	u32 nr;
};

/* What the flusher is at. */
struct wb_work {
	bool active, kupdate, background;
	u8 reason;
	u64 nr_pages; /* at most so many more */
	u64 written, pass_written;
};

enum flusher_event { FLUSHER_WAKE, FLUSHER_LAPTOP, FLUSHER_DIRTYTIME };

struct bdi_writeback {
	struct wb_list list[NR_WB_LISTS];
	struct wb_work work;
	handle_t flusher;   /* task; 0: none */
	bool event_set;	    /* FLUSHER_WAKE waits, for event_due */
	bool start_all;	    /* somebody asked for all of it, ->reason */
	bool congested;	    /* since bw_time the disk had enough to do */
	bool fault_dirtied; /* a store dirtied a page: look at the limits when it is over */
	u8 reason;
	u64 event_due;
	u64 last_old_flush; /* ns */
	u64 laptop_due;	    /* ns; 0: no timer */
	u64 bw_time, bw_written;
	u64 write_bandwidth;		  /* pages a second, as measured */
	u32 nr_dirtied, nr_dirtied_pause; /* as in struct task, for who is none */
};

/** global_dirty_limits() - pages at which background writeback starts and at which writers are held
 * back: nr_dirty_background_threshold and nr_dirty_threshold. */
void global_dirty_limits(const struct machine *m, u64 *background, u64 *limit);

/** wb_calc_thresh() - what of @limit pages the disk of all files may have: what the min_ratio of
 * other disks leaves, at most its own max_ratio. (Documentation/ABI/testing/sysfs-class-bdi) */
u64 wb_calc_thresh(const struct machine *m, u64 limit);

/** set_page_writeback() - the page, which is not dirty any more, is on its way to the disk: a page
 * of a file, or one of the swap cache. end_page_writeback() - it is there; what reclaim waited for
 * is next on its list. */
void set_page_writeback(struct machine *m, pfn_t pfn);
void end_page_writeback(struct machine *m, pfn_t pfn);
/** end_pages_writeback() - end_page_writeback() of each, most of them pages of the swap cache. */
void end_pages_writeback(struct machine *m, const pfn_t *pfns, u32 nr);
/** writeback_failed() - before that: the disk did not take it. A page of the swap cache is dirty
 * again, a file's is not, and the next fsync says EIO. Both have PG_error and a line in the log. */
void writeback_failed(struct machine *m, pfn_t pfn, u64 sector);

/** write_cache_pages() - start writing up to @nr dirty pages of @inode from *@first to @last;
 * *@first moves behind those looked at. Pages still under writeback are waited for (@wait, safe
 * inside an allocation) or passed over. Returns pages under way. */
u64 write_cache_pages(struct machine *m, handle_t inode, u64 *first, u64 last, u64 nr, bool wait);

/* filemap_fdatawrite(): mm.h. All dirty pages are under way when it returns. */

/** filemap_fdatawait() - until nothing of [@first, @last] is under writeback; others run meanwhile.
 * 0 or -EINTR. */
int filemap_fdatawait(struct machine *m, handle_t inode, u64 first, u64 last);

/**
 * mapping_set_error() - a page of @inode was not written. Everybody who has the file open then is
 * told once by fsync(2) or msync(2) (file_check_and_advance_wb_err(): -EIO or 0), and if none of
 * them asks, the next one who opens it: wb_err_sample() is what an open file begins with.
 * Source: fsync(2); Documentation/core-api/errseq.rst.
 */
void mapping_set_error(struct machine *m, handle_t inode);
u32 wb_err_sample(const struct machine *m, handle_t inode);
int file_check_and_advance_wb_err(struct machine *m, handle_t file);

/* ---- the flusher (mm/fs_writeback.c) ---- */

/** writeback_init() - no dirty inodes. flusher_event(): EVENT_FLUSHER. */
void writeback_init(struct machine *m);
void flusher_event(struct machine *m, u32 arg);

/** mark_inode_dirty() - of @inode more than pages is new: I_DIRTY_*. page_set_dirty() does so for
 * the times of a file that was written. */
void mark_inode_dirty(struct machine *m, handle_t inode, u32 what);
/** inode_wb_evict() - the inode goes: off all lists. */
void inode_wb_evict(struct machine *m, handle_t inode);

/** wakeup_flusher_threads() - write all that is dirty, now. wb_start_background_writeback(): down
 * to the background limit. */
void wakeup_flusher_threads(struct machine *m, enum wb_reason reason);
void wb_start_background_writeback(struct machine *m);
/** writeback_in_progress() - is the flusher at work, or about to be? */
bool writeback_in_progress(const struct machine *m);
/** wb_over_bg_thresh() - more is dirty than the disk's part of the background limit. */
bool wb_over_bg_thresh(const struct machine *m);
/** laptop_io_completion() - the disk runs anyway: with vm.laptop_mode it is used soon. */
void laptop_io_completion(struct machine *m);
/** dirty_writeback_interval_changed(), dirtytime_interval_changed() - vm.dirty_writeback_centisecs,
 * vm.dirtytime_expire_seconds were written. */
void dirty_writeback_interval_changed(struct machine *m, s32 old);
void dirtytime_interval_changed(struct machine *m);

/* ---- writers (mm/balance_dirty.c) ---- */

/**
 * balance_dirty_pages_ratelimited() - @nr pages were dirtied. Every so often this looks at the
 * limits, and makes the writer wait as long as too much is dirty. Only where a safe point may be;
 * inside a handler the clock moves once, by a pause. False: the running command is to end at once.
 */
bool balance_dirty_pages_ratelimited(struct machine *m, u32 nr);

/* ---- on demand ---- */

/** vfs_fsync_range() - fsync(2), msync(2) of an open file: write, wait, tell of errors. *@pages: how
 * many were written (or NULL). sync_inode_range() - without telling of any but -EINTR. ksys_sync() -
 * sync(2): that of all files. */
int vfs_fsync_range(struct machine *m, handle_t file, u64 first, u64 last, u64 *pages);
int sync_inode_range(struct machine *m, handle_t inode, u64 first, u64 last, u64 *pages);
int ksys_sync(struct machine *m, u64 *pages);

#endif
