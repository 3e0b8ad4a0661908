/*
 * fs_writeback.c - who writes dirty files, and when.
 *
 *	periodic     every dirty_writeback_centisecs while anything is dirty: inodes that have been so
 *	             for dirty_expire_centisecs
 *	background   above the background limit: all, the oldest first, until below
 *	all          reclaim, the laptop timer, a new dirty_writeback_centisecs
 *
 * The flusher works in batches: a batch fills the disk's queue and ends, the next one comes when
 * the disk has taken a bio. Every inode gets a turn of CHUNK pages, beginning where the last one
 * ended. The order of inodes is by the time since when they are dirty, which is that of their first
 * new page, not of each.
 * Source: Documentation/admin-guide/sysctl/vm.rst (dirty_*, dirtytime_expire_seconds, laptop_mode),
 * admin-guide/laptops/laptop-mode.rst, filesystems/vfs.rst.
 */
#include <mman/machine.h>
#include <mman/writeback.h>

#include <errno.h>

#include "mm/dcache.h"
#include "mm/filemap.h"
#include "mm/vma.h"

#define CHUNK		   1024u /* pages: 4 MiB */
#define NSEC_PER_CENTISEC  (10 * NSEC_PER_MSEC)
#define INITIAL_BANDWIDTH  (100u << (20 - PAGE_SHIFT)) /* pages a second: 100 MiB */
#define BANDWIDTH_INTERVAL (200 * NSEC_PER_MSEC)
/* The inodes of the disk lie together, away from all file data. */
#define INODE_SECTOR ((u64)1 << 61)

static const char *const reason_name[NR_WB_REASONS] = {
	[WB_REASON_BACKGROUND] = "background",
	[WB_REASON_VMSCAN] = "vmscan",
	[WB_REASON_SYNC] = "sync",
	[WB_REASON_PERIODIC] = "periodic",
	[WB_REASON_LAPTOP_TIMER] = "laptop_timer",
};

void writeback_init(struct machine *m)
{
	m->wb.write_bandwidth = INITIAL_BANDWIDTH;
}

/* ---- lists of inodes ---- */

static void list_del(struct machine *m, handle_t h)
{
	struct inode *i = inode_at(m, h);
	struct wb_list *l = &m->wb.list[i->wb_list];

	if (i->wb_prev)
		inode_at(m, i->wb_prev)->wb_next = i->wb_next;
	else
		l->head = i->wb_next;
	if (i->wb_next)
		inode_at(m, i->wb_next)->wb_prev = i->wb_prev;
	else
		l->tail = i->wb_prev;
	l->nr--;
	i->wb_next = i->wb_prev = 0;
	i->wb_list = WB_CLEAN;
}

static void list_add_tail(struct machine *m, enum wb_list_id list, handle_t h)
{
	struct inode *i = inode_at(m, h);
	struct wb_list *l = &m->wb.list[list];

	i->wb_list = (u8)list;
	i->wb_prev = l->tail;
	i->wb_next = 0;
	if (l->tail)
		inode_at(m, l->tail)->wb_next = h;
	else
		l->head = h;
	l->tail = h;
	l->nr++;
}

static void list_move(struct machine *m, enum wb_list_id list, handle_t h)
{
	if (inode_at(m, h)->wb_list)
		list_del(m, h);
	if (list)
		list_add_tail(m, list, h);
}

static bool has_dirty_io(const struct machine *m)
{
	return m->wb.list[WB_DIRTY].nr || m->wb.list[WB_IO].nr || m->wb.list[WB_MORE_IO].nr;
}

/* ---- timers ---- */

static u64 writeback_interval(const struct machine *m)
{
	return m->sysctl.dirty_writeback_centisecs > 0 ?
		       (u32)m->sysctl.dirty_writeback_centisecs * NSEC_PER_CENTISEC :
		       0;
}

static void wake_at(struct machine *m, u64 due)
{
	struct bdi_writeback *wb = &m->wb;

	if (wb->event_set && wb->event_due <= due)
		return;
	if (wb->event_set)
		event_cancel(m, EVENT_FLUSHER, FLUSHER_WAKE);
	wb->event_set = true;
	wb->event_due = due;
	event_schedule(m, EVENT_FLUSHER, FLUSHER_WAKE, due);
}

/* The first dirty inode winds the clock; dirty_writeback_centisecs of 0 leaves it still. */
static void wake_delayed(struct machine *m)
{
	if (writeback_interval(m) && has_dirty_io(m))
		wake_at(m, m->clock.now + writeback_interval(m));
}

static u64 dirtytime_expire(const struct machine *m)
{
	return (u32)m->sysctl.dirtytime_expire_seconds * NSEC_PER_SEC;
}

/* For the inode that has waited longest. One that was due and is still there (the periodic
 * writeback is off) is tried again after as long a time. */
static void wind_dirtytime(struct machine *m)
{
	handle_t h = m->wb.list[WB_DIRTY_TIME].head;
	u64 expire = dirtytime_expire(m), due;

	if (!h || !expire || event_pending(m, EVENT_FLUSHER, FLUSHER_DIRTYTIME))
		return;
	due = inode_at(m, h)->dirtied_time_when + expire;
	if (due <= m->clock.now)
		due = m->clock.now + expire;
	event_schedule(m, EVENT_FLUSHER, FLUSHER_DIRTYTIME, due);
}

void laptop_io_completion(struct machine *m)
{
	struct bdi_writeback *wb = &m->wb;
	bool set = wb->laptop_due != 0;

	wb->laptop_due = m->clock.now + (u64)(u32)m->sysctl.laptop_mode * NSEC_PER_SEC;
	if (!set)
		event_schedule(m, EVENT_FLUSHER, FLUSHER_LAPTOP, wb->laptop_due);
}

/* The disk was used again since: later. */
static void laptop_event(struct machine *m)
{
	struct bdi_writeback *wb = &m->wb;

	if (wb->laptop_due > m->clock.now) {
		event_schedule(m, EVENT_FLUSHER, FLUSHER_LAPTOP, wb->laptop_due);
		return;
	}
	if (wb->laptop_due)
		wakeup_flusher_threads(m, WB_REASON_LAPTOP_TIMER);
	wb->laptop_due = 0;
}

/* ---- an inode becomes dirty, or goes ---- */

/* The youngest of b_dirty: who runs ahead of the clock may have been there before. */
static void dirty_from_now(struct machine *m, handle_t h)
{
	handle_t last;

	list_move(m, WB_CLEAN, h);
	last = m->wb.list[WB_DIRTY].tail;
	inode_at(m, h)->dirtied_when = m->clock.now;
	if (last)
		inode_at(m, h)->dirtied_when =
			max_t(u64, m->clock.now, inode_at(m, last)->dirtied_when);
	list_move(m, WB_DIRTY, h);
}

void mark_inode_dirty(struct machine *m, handle_t h, u32 what)
{
	struct inode *i = inode_at(m, h);
	bool time_only;

	if (what & I_DIRTY_TIME && !(i->dirty_state & I_DIRTY_TIME))
		i->dirtied_time_when = m->clock.now;
	i->dirty_state = (u8)(i->dirty_state | what);
	d_update(m, h);
	time_only = !i->nrdirty && !(i->dirty_state & I_DIRTY_SYNC);
	if (time_only ? i->wb_list != WB_CLEAN :
			i->wb_list != WB_CLEAN && i->wb_list != WB_DIRTY_TIME)
		return;
	if (time_only) {
		list_move(m, WB_DIRTY_TIME, h);
		wind_dirtytime(m);
	} else {
		dirty_from_now(m, h);
		wake_delayed(m);
	}
}

void inode_wb_evict(struct machine *m, handle_t h)
{
	list_move(m, WB_CLEAN, h);
}

/* Everything of it is on its way: off the lists, but for new times. */
static void settle_clean(struct machine *m, handle_t h)
{
	struct inode *i = inode_at(m, h);

	if (i->nrdirty || i->dirty_state & I_DIRTY_SYNC || i->wb_list == WB_CLEAN)
		return;
	list_move(m, i->dirty_state & I_DIRTY_TIME ? WB_DIRTY_TIME : WB_CLEAN, h);
	wind_dirtytime(m);
}

/* The inode itself: a page of the disk's table of inodes, which is in Buffers if the kernel has
 * looked at it. */
static bool write_inode(struct machine *m, handle_t h, bool with_times)
{
	struct inode *i = inode_at(m, h);

	if (!(i->dirty_state & I_DIRTY_SYNC) && !(with_times && i->dirty_state))
		return false;
	i->dirty_state = 0;
	d_update(m, h);
	if (!write_inode_block(m, h))
		blk_submit(m, BIO_WRITE, INODE_SECTOR + h, 1, NULL, BIO_END_NONE);
	return true;
}

/* ---- the flusher's work ---- */

bool wb_over_bg_thresh(const struct machine *m)
{
	u64 background, limit;

	global_dirty_limits(m, &background, &limit);
	return global_node_page_state(m, NR_DIRTY) > wb_calc_thresh(m, background);
}

static u64 expired_before(const struct machine *m, const struct wb_work *w)
{
	u64 age = w->kupdate ? (u64)(u32)m->sysctl.dirty_expire_centisecs * NSEC_PER_CENTISEC : 0;

	return m->clock.now > age ? m->clock.now - age : 0;
}

static void move_expired(struct machine *m, enum wb_list_id from, u64 before)
{
	handle_t h;

	while ((h = m->wb.list[from].head)) {
		const struct inode *i = inode_at(m, h);

		if ((from == WB_DIRTY ? i->dirtied_when : i->dirtied_time_when) > before)
			break;
		list_move(m, WB_IO, h);
	}
}

/* What the next pass works on: those that had more, then those due. */
static void queue_io(struct machine *m, const struct wb_work *w)
{
	u64 age = dirtytime_expire(m);
	handle_t h;

	while ((h = m->wb.list[WB_MORE_IO].head))
		list_move(m, WB_IO, h);
	move_expired(m, WB_DIRTY, expired_before(m, w));
	if (m->clock.now >= age)
		move_expired(m, WB_DIRTY_TIME, m->clock.now - age);
}

/* From where the last turn ended to the end, then from the start. */
static u64 write_chunk(struct machine *m, handle_t h, u64 nr)
{
	struct inode *i = inode_at(m, h);
	u64 from = i->writeback_index, written;

	written = write_cache_pages(m, h, &i->writeback_index, UINT64_MAX, nr, false);
	if (written < nr) {
		i->writeback_index = 0;
		if (from)
			written += write_cache_pages(m, h, &i->writeback_index, from - 1,
						     nr - written, false);
	}
	return written;
}

static u64 writeback_single_inode(struct machine *m, handle_t h, u64 nr)
{
	struct inode *i = inode_at(m, h);
	u64 written = write_chunk(m, h, nr);

	write_inode(m, h,
		    i->dirty_state & I_DIRTY_TIME &&
			    m->clock.now >= i->dirtied_time_when + dirtytime_expire(m));
	if (!i->nrdirty) {
		settle_clean(m, h);
	} else if (written == nr) {
		list_move(m, WB_MORE_IO, h);
	} else {
		/* pages that are under writeback and dirty again: the next time */
		dirty_from_now(m, h);
	}
	return written;
}

/* A batch; true: the work is over. Where swapping out keeps the queue full, a bio's worth all the
 * same. */
static bool wb_writeback(struct machine *m, struct wb_work *w)
{
	struct bdi_writeback *wb = &m->wb;
	u64 left = blk_congested(m) ? BIO_PAGES : CHUNK, n;

	do {
		if (!w->nr_pages || (w->background && !wb_over_bg_thresh(m)) ||
		    ((w->background || w->kupdate) && wb->start_all))
			return true;
		if (!wb->list[WB_IO].head) {
			if (w->written && !w->pass_written)
				return true;
			w->pass_written = 0;
			queue_io(m, w);
		}
		if (!wb->list[WB_IO].head)
			return true;
		n = writeback_single_inode(m, wb->list[WB_IO].head, min_t(u64, left, w->nr_pages));
		w->nr_pages -= n;
		w->written += n;
		w->pass_written += n;
		left -= n;
		if (!n && !wb->list[WB_IO].head && !w->pass_written)
			return true;
	} while (left && !blk_congested(m));
	return false;
}

static void begin_work(struct machine *m, enum wb_reason reason, u64 nr_pages)
{
	struct wb_work *w = &m->wb.work;

	*w = (struct wb_work){ .active = true,
			       .reason = (u8)reason,
			       .nr_pages = nr_pages,
			       .kupdate = reason == WB_REASON_PERIODIC && !m->wb.start_all,
			       .background = reason == WB_REASON_BACKGROUND };
	trace_event(m,
		    "writeback_start bdi=254:0 nr_pages=%lld for_kupdate=%d for_background=%d "
		    "reason=%s",
		    (long long)nr_pages, w->kupdate, w->background, reason_name[reason]);
}

/* As many pages as are dirty, and the inodes without any. */
static u64 nr_dirty_pages(const struct machine *m)
{
	return global_node_page_state(m, NR_DIRTY) + m->wb.list[WB_DIRTY].nr;
}

static void pick_work(struct machine *m)
{
	struct bdi_writeback *wb = &m->wb;
	u64 interval = writeback_interval(m);

	if (wb->start_all) {
		begin_work(m, (enum wb_reason)wb->reason, nr_dirty_pages(m));
		wb->start_all = false;
	} else if (interval && m->clock.now >= wb->last_old_flush + interval) {
		wb->last_old_flush = m->clock.now;
		if (nr_dirty_pages(m) || wb->list[WB_DIRTY_TIME].nr)
			begin_work(m, WB_REASON_PERIODIC,
				   nr_dirty_pages(m) + wb->list[WB_DIRTY_TIME].nr);
	}
	if (!wb->work.active && wb_over_bg_thresh(m))
		begin_work(m, WB_REASON_BACKGROUND, INT64_MAX);
}

/* How fast the disk takes what it is given, while it has enough of it. */
static void measure_bandwidth(struct machine *m)
{
	struct bdi_writeback *wb = &m->wb;
	u64 elapsed = m->clock.now - wb->bw_time;
	u64 written = global_node_page_state(m, NR_WRITTEN);

	if (!wb->congested || m->clock.now < wb->bw_time) {
		wb->bw_time = m->clock.now;
		wb->bw_written = written;
	} else if (elapsed >= BANDWIDTH_INTERVAL) {
		wb->write_bandwidth = (3 * wb->write_bandwidth +
				       (written - wb->bw_written) * NSEC_PER_SEC / elapsed) /
				      4;
		wb->write_bandwidth = max_t(u64, wb->write_bandwidth, 1);
		wb->bw_time = m->clock.now;
		wb->bw_written = written;
	}
	wb->congested = blk_congested(m);
}

static void flusher_work(struct machine *m)
{
	struct wb_work *w = &m->wb.work;

	if (!w->active)
		pick_work(m);
	if (w->active && wb_writeback(m, w)) {
		trace_event(m, "writeback_written bdi=254:0 nr_pages=%llu reason=%s",
			    (unsigned long long)w->written, reason_name[w->reason]);
		w->active = false;
	}
	measure_bandwidth(m);
}

/* When the flusher is wanted again: it began at @now and worked for @cost. */
static void flusher_rest(struct machine *m, u64 cost)
{
	u64 soon = m->clock.now + max_t(u64, cost, 1);

	if (blk_congested(m))
		soon = max_t(u64, soon, m->blk.active_done);
	if (m->wb.work.active || m->wb.start_all)
		wake_at(m, soon);
	else if (m->blk.active &&
		 wb_over_bg_thresh(m)) /* all dirty pages are under way once more */
		wake_at(m, max_t(u64, soon, m->blk.active_done));
	else
		wake_delayed(m);
}

static void flusher_run(struct machine *m)
{
	handle_t current = m->current, flusher = m->wb.flusher;
	u64 start = m->clock.now, cost;

	m->wb.event_set = false;
	m->current = flusher;
	flusher_work(m);
	cost = m->clock.now - start;
	m->current = current;
	m->clock.now = start;
	if (flusher)
		account_task_time(m, flusher, cost, false);
	flusher_rest(m, cost);
}

void flusher_event(struct machine *m, u32 arg)
{
	if (arg == FLUSHER_LAPTOP) {
		laptop_event(m);
	} else if (arg == FLUSHER_DIRTYTIME) {
		wake_at(m, max_t(u64, m->clock.now, m->wb.last_old_flush + writeback_interval(m)));
	} else {
		flusher_run(m);
		wind_dirtytime(m);
	}
}

/* ---- who wakes it ---- */

bool writeback_in_progress(const struct machine *m)
{
	return m->wb.work.active || m->wb.start_all;
}

void wb_start_background_writeback(struct machine *m)
{
	wake_at(m, m->clock.now);
}

void wakeup_flusher_threads(struct machine *m, enum wb_reason reason)
{
	if (!has_dirty_io(m) || m->wb.start_all)
		return;
	m->wb.start_all = true;
	m->wb.reason = (u8)reason;
	wake_at(m, m->clock.now);
}

/* Another interval counts from now on: all is written once, as a 6.1 kernel does. */
void dirty_writeback_interval_changed(struct machine *m, s32 old)
{
	s32 interval = m->sysctl.dirty_writeback_centisecs;

	if (interval && interval != old)
		wakeup_flusher_threads(m, WB_REASON_PERIODIC);
}

/* The flusher looks at once: what is too old for the new value is written. */
void dirtytime_interval_changed(struct machine *m)
{
	event_cancel(m, EVENT_FLUSHER, FLUSHER_DIRTYTIME);
	if (m->wb.list[WB_DIRTY_TIME].head)
		event_schedule(m, EVENT_FLUSHER, FLUSHER_DIRTYTIME, m->clock.now);
}

/* ---- on demand ---- */

/* What of @inode is new but its pages: 0 or -EINTR when it is on the disk. *@wrote: there was
 * something. */
static int sync_inode_metadata(struct machine *m, handle_t inode, bool *wrote)
{
	handle_t dev = m->mms.blockdev;
	u64 block = inode_table_block(m, inode), first = block;

	*wrote = write_inode(m, inode, true);
	settle_clean(m, inode);
	if (!dev)
		return 0;
	write_cache_pages(m, dev, &first, block, 1, true);
	settle_clean(m, dev);
	return filemap_fdatawait(m, dev, block, block);
}

int sync_inode_range(struct machine *m, handle_t inode, u64 first, u64 last, u64 *pages)
{
	u64 written;
	bool wrote_inode;
	int error;

	inode_get(m, inode);
	written = filemap_fdatawrite(m, inode, first, last);
	if (pages)
		*pages = written;
	error = sync_inode_metadata(m, inode, &wrote_inode);
	if (!error)
		error = filemap_fdatawait(m, inode, first, last);
	/* as an ext4 without a journal: the cache is flushed for the inode's sake, not the data's */
	if (!error && wrote_inode)
		error = blk_issue_flush(m, 0);
	inode_put(m, inode);
	return error;
}

int vfs_fsync_range(struct machine *m, handle_t file, u64 first, u64 last, u64 *pages)
{
	int error;

	file_at(m, file)->users++;
	error = sync_inode_range(m, file_at(m, file)->inode, first, last, pages);
	if (!error)
		error = file_check_and_advance_wb_err(m, file);
	file_put(m, file);
	return error;
}

/* Starts all, then waits for what is under way now; what others write meanwhile is not its
 * concern. */
int ksys_sync(struct machine *m, u64 *pages)
{
	handle_t h, next;
	bool large;

	*pages = 0;
	for (h = m->mms.inode_head; h; h = next) {
		/* others are let in meanwhile, who may delete it */
		large = inode_at(m, h)->nrdirty >= BATCH_PAGES;
		if (large)
			inode_get(m, h);
		*pages += filemap_fdatawrite(m, h, 0, UINT64_MAX);
		write_inode(m, h, true);
		settle_clean(m, h);
		next = inode_at(m, h)->next;
		if (large)
			inode_put(m, h);
	}
	if (m->mms.blockdev) {
		*pages += filemap_fdatawrite(m, m->mms.blockdev, 0, UINT64_MAX);
		settle_clean(m, m->mms.blockdev);
	}
	/* there is nothing left that the disk should be used for */
	if (m->wb.laptop_due)
		event_cancel(m, EVENT_FLUSHER, FLUSHER_LAPTOP);
	m->wb.laptop_due = 0;
	if (!blk_wait_writes(m))
		return -EINTR;
	return blk_issue_flush(m, 0);
}
