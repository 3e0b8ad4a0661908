/*
 * blkdev.h - the simulated disk as a block device: when an I/O is done, and who waits for it.
 *
 * Source: Documentation/admin-guide/iostats.rst (what is counted),
 * Documentation/block/deadline-iosched.rst.
 *
 * There is one drive. Files of sim/disk and swap areas share its queue, its time and its size; what
 * the machine sees of it are disks (mm/blk_disk.c): "vda" with the files, and one for each swap
 * partition, with counters of their own. No bytes here (contents.h, backing.h): a bio is a stretch
 * of pages, what happens when it is done, and the virtual time at which that is.
 *
 *	blk_submit() -> waiting reads  -+
 *	             -> waiting writes -+-> the one being served -> done, not yet told -> bio_end
 *
 * The disk serves one bio after the other. One that does not begin where the last one ended pays a
 * seek (cost.disk_seek), then each page its time (cost.disk_page_read, disk_page_write). Reads go
 * before writes that wait, but a write that was passed over writes_starved times goes first. A
 * submission that continues the last waiting bio of its kind joins it (a merge), up to BIO_PAGES.
 *
 * The disk works by itself: blk_submit() only brings its time line up to date. What follows from an
 * I/O that is over (pages leave PG_writeback) happens in an EVENT_IO_DONE, in blk_poll(), or where
 * somebody waits. Waiting inside an allocation moves the clock to the next completion and runs no
 * other event (blk_wait_next()); between page touches the clock runs as for everybody
 * (blk_wait_sleeping()).
 *
 * Frames in flight. A bio holds page frames, not references:
 *  - a page with PG_writeback is never freed, nor taken for something else;
 *  - who would free one waits first (truncation: wait_on_page_writeback()), or leaves it where
 *    end_page_writeback() and reclaim find it (the last unmap of an anonymous page leaves it in the
 *    swap cache);
 *  - it may become dirty again meanwhile: it is written once more later.
 * machine_check() compares bios in flight with PG_writeback both ways.
 *
 * Sectors are in pages and only say what is next to what: blk_alloc_space() gives out numbers that
 * were never used before, blk_file_sector() gives every file a range of its own. What is limited is
 * the sum of pages in use.
 *
 * The disks have a write cache, as the machine sees it. A flush (blk_issue_flush()) waits behind the
 * writes of the queue and takes cost.disk_flush; bytes are never lost, with or without it.
 *
 * State for a snapshot: struct blk_state and its pool.
 */
#ifndef MMAN_BLKDEV_H
#define MMAN_BLKDEV_H

#include <mman/pool.h>
#include <mman/types.h>

struct machine;

#define BIO_PAGES	     32u
#define WRITES_STARVED	     2 /* as long as nobody says otherwise */
#define BLK_FAULTS_MAX	     32u
#define WBT_LAT_USEC_DEFAULT 75000u
#define BLK_FAULT_TIMES	     UINT64_MAX /* no limit */
/* Disks of virtio-blk: the first number that is free, and 16 minor ones each. */
#define DISK_MAJOR    254u
#define DISK_MINORS   16u
#define BLK_NAME_MAX  48u
#define BLK_DISKS_MAX 35u /* vda, those of the machine file, one for each swap area besides */

enum bio_op { BIO_READ, BIO_WRITE, NR_BIO_OPS };

/* What completion means for each page. */
enum bio_end {
	BIO_END_NONE,	   /* accounting only */
	BIO_END_WRITEBACK, /* end_page_writeback(): page cache and swap pages under PG_writeback */
	BIO_END_READ,	   /* PG_locked goes, PG_uptodate comes (PG_error if it failed) */
	BIO_END_FLUSH,	   /* no pages: the write cache is emptied */
};

struct bio {
	u64 sector, submitted; /* pages; ns */
	u64 time;	       /* ns that it was thought to take when it was submitted */
	handle_t next;
	u32 nr, failed; /* pages (0: a flush); bit mask of those that end in an error */
	u32 passed;	/* times that a read went before it */
	u8 op, end, done, waiters;
	u32 disk, order; /* index of blk_state.disk; one more than the bio before had */
	pfn_t pfn[BIO_PAGES];
};

struct bio_list {
	handle_t head, tail;
	u32 nr;
	u64 time; /* ns, of all in it */
};

/* Fault injection (docs/writeback.md): pages of [first, last] of one disk whose I/O fails. */
struct blk_fault {
	u64 first, last;  /* sectors */
	u32 disk;	  /* index of blk_state.disk */
	u64 times;	  /* failures left */
	u32 probability;  /* percent */
	u32 interval, nr; /* every how many I/Os, and how many there were */
	bool on[NR_BIO_OPS];
};

/* Messages of errors in the kernel log: so many, then no more for a while. */
enum blk_message { BLK_LOG_REQUEST, BLK_LOG_BUFFER, BLK_LOG_SWAP, NR_BLK_MESSAGES };

struct blk_log {
	u64 begin; /* ns */
	u32 lines, missed;
};

/* What a disk did, for each operation: proc/diskstats. */
struct blk_stat {
	u64 ios, merges; /* transfers that are over; submissions that joined one that waited */
	u64 pages;
	u64 ns; /* from submission to end, of all */
};

struct blk_disk {
	char name[BLK_NAME_MAX];
	bool exists;
	bool fixed;	    /* is there as long as the machine */
	bool in_use;	    /* as swap */
	bool write_through; /* nobody need flush it: queue/write_cache */
	u32 diskseq;	    /* disks that there were, up to this one */
	u64 first, pages;   /* sectors; of vda only what is limited counts (blk_disk_pages()) */
	struct blk_stat stat[NR_BIO_OPS];
	u32 in_flight[NR_BIO_OPS]; /* waiting or being served */
	u64 flushes, flush_ns;
	u64 busy_ns;	 /* something of it was being served, but for what is */
	bool no_iostats; /* queue/iostats: nothing of this is counted */
	/* of its queue, shown and kept: nothing here depends on them */
	u8 add_random, rq_affinity, stable_writes;
	s32 io_poll_delay;
	u64 wbt_lat_usec;
};

enum blk_scheduler { MQ_DEADLINE, SCHEDULER_NONE };
enum blk_iosched {
	IOSCHED_ASYNC_DEPTH,
	IOSCHED_FIFO_BATCH,
	IOSCHED_FRONT_MERGES,
	IOSCHED_PRIO_AGING_EXPIRE,
	IOSCHED_READ_EXPIRE,
	IOSCHED_WRITE_EXPIRE,
	IOSCHED_WRITES_STARVED, /* the one that acts */
	NR_BLK_IOSCHED
};

/* What can be set of the one queue that the disks share, by way of any of them.
 * Source: Documentation/block/queue-sysfs.rst, deadline-iosched.rst. */
struct blk_queue {
	u32 nr_requests;    /* writes that may wait before it is congested */
	u32 max_sectors_kb; /* of one transfer, and of what a large read asks for at once */
	u32 nomerges;	    /* 0, 1 or 2: nothing joins what waits */
	u32 rotational;	    /* places count: swap read-ahead goes by slots */
	u32 scheduler;	    /* enum blk_scheduler; none: in the order of submission */
	s32 iosched[NR_BLK_IOSCHED];
	u32 bio_pages, merge_pages; /* blk_queue_changed(): pages of a bio at most, and of one that
				       others join */
};

struct blk_state {
	struct pool bios;
	handle_t active; /* being served, from active_start until active_done */
	u64 active_start, active_done;
	struct blk_disk disk[BLK_DISKS_MAX];
	u32 nr_disks; /* one more than the highest that exists */
	u32 last_diskseq;
	struct blk_stat gone[NR_BIO_OPS]; /* what disks did that are no more, or do not count */
	struct blk_queue queue;
	struct bio_list waiting[NR_BIO_OPS], done;
	u32 nr_submitted;	       /* bios, since boot; it wraps */
	u64 nr_writes, nr_writes_done; /* the same of writes */
	u64 head;		       /* sector behind the last transfer */
	bool event_set;		       /* an EVENT_IO_DONE waits */
	u64 total_pages, used_pages, next_sector;
	struct blk_fault fault[BLK_FAULTS_MAX];
	u32 nr_faults;
	struct blk_log log[NR_BLK_MESSAGES];
};

/** blk_init() - the disk of the machine file, empty. 0 or -ENOMEM. blk_destroy(). */
int blk_init(struct machine *m);
void blk_destroy(struct machine *m);

/**
 * blk_submit() - start the transfer of @nr pages at @sector, behind what is queued. @pfns: the
 * pages of BIO_END_WRITEBACK (all with PG_writeback) or BIO_END_READ (with PG_locked), else NULL.
 * Counts pgpgin or pgpgout, and reads for the running task. Returns the virtual time at which it
 * will be done as things stand. Moves no clock; safe anywhere.
 */
u64 blk_submit(struct machine *m, enum bio_op op, u64 sector, u32 nr, const pfn_t *pfns,
	       enum bio_end end);

/**
 * blk_read() - read @nr pages at @sector and wait: the clock moves to the end of the transfer, with
 * the completions due meanwhile; the running task's iowait and I/O pressure are accounted. Inside a
 * handler of an event the clock moves all the same: the handler's owner takes it back.
 * 0 or -EIO (fault injection). blk_write() - the same the other way.
 * blk_read_back() - blk_read() of what was in memory before; @thrashing: and in use when it was
 * evicted, so that with more memory nobody would wait, and memory's pressure counts it too.
 */
int blk_read(struct machine *m, u64 sector, u32 nr);
int blk_read_back(struct machine *m, u64 sector, u32 nr, bool thrashing);
int blk_write(struct machine *m, u64 sector, u32 nr);

/** blk_wait_next() - wait for the next completion (all pages of the oldest bio); false: nothing is
 * in flight. Safe inside an allocation. @stall: account the wait as an I/O stall of the running
 * task. */
bool blk_wait_next(struct machine *m, bool stall);

/** blk_wait_sleeping() - the same where a safe point may be: others run meanwhile, the task is in
 * state D. False: nothing is in flight, or the running command is to end at once. */
bool blk_wait_sleeping(struct machine *m);

/** blk_wait_writes() - until all writes submitted so far are over, as blk_wait_sleeping() waits.
 * False: the running command is to end at once. */
bool blk_wait_writes(struct machine *m);

/** wait_on_page_writeback(), wait_on_page_locked() - until the transfer of @pfn is over. Safe
 * inside an allocation. */
void wait_on_page_writeback(struct machine *m, pfn_t pfn);
void wait_on_page_locked(struct machine *m, pfn_t pfn);

/** blk_busy_ns() - how long the drive has been at work for a disk, the present transfer included.
 * blk_total() - what all disks did since boot. */
u64 blk_busy_ns(const struct machine *m, u32 disk);
struct blk_stat blk_total(const struct machine *m, enum bio_op op);
/** blk_issue_flush() - what was written to the disk is to be safe: waits for a flush, as
 * blk_wait_sleeping() waits, unless the disk is said to write through. 0 or -EINTR.
 * Source: Documentation/block/writeback_cache_control.rst. */
int blk_issue_flush(struct machine *m, u32 disk);
/** blk_queue_init() - as at boot. blk_queue_changed() - after max_sectors_kb or nomerges.
 * blk_set_scheduler() - the other one, with the number of requests that it begins with.
 * (mm/blk_queue.c) */
void blk_queue_init(struct machine *m);
void blk_queue_changed(struct machine *m);
void blk_set_scheduler(struct machine *m, enum blk_scheduler scheduler);

/** blk_disk_open() - room for a swap partition of @pages on the disk @name: vda's room, or a disk
 * of that name and size, which comes if it is not there. *@sector: where it begins. 0, -EBUSY (it
 * is in use), -ENOSPC.
 * blk_disk_close() - the partition at @sector is swap no more. Its disk goes, unless
 * blk_disk_fix() said that it belongs to the machine. */
int blk_disk_open(struct machine *m, const char *name, u64 pages, u64 *sector);
void blk_disk_close(struct machine *m, u64 sector, u64 pages);
void blk_disk_fix(struct machine *m, const char *name);
/** blk_disk_find() - index of the disk @name; BLK_DISKS_MAX: there is none. blk_disk_of() - of the
 * disk with @sector. blk_disk_pages() - its size. */
u32 blk_disk_find(const struct machine *m, const char *name);
u32 blk_disk_of(const struct machine *m, u64 sector);
u64 blk_disk_pages(const struct machine *m, u32 disk);

/** blk_poll() - run the completions that are due at the clock's present time. Safe inside an
 * allocation, but not while pages of an LRU list are being walked in place. */
void blk_poll(struct machine *m);
/** blk_done_event() - EVENT_IO_DONE. */
void blk_done_event(struct machine *m);

/** blk_alloc_space(), blk_free_space() - pages of the disk for a swap area (contiguous from
 * *@sector on) or a file, which only counts (@sector may be NULL, and any number when it is given
 * back). -ENOSPC. What is given back takes its fault injection with it. */
int blk_alloc_space(struct machine *m, u64 pages, u64 *sector);
void blk_free_space(struct machine *m, u64 sector, u64 pages);

#define FILE_SECTORS ((u64)1 << 62) /* where those of files begin */

/** blk_file_sector() - where page @index of a file lies. */
static inline u64 blk_file_sector(handle_t inode, u64 index)
{
	return FILE_SECTORS + ((u64)inode << 32) + index;
}

/** blk_congested() - more writes wait than the queue holds: reclaim slows down, flushers pause. */
bool blk_congested(const struct machine *m);

/** blk_set_fault() - let I/O fail from now on; takes the place of a rule for the same sectors.
 * -ENOSPC: BLK_FAULTS_MAX are set. blk_clear_faults() - the rules of @disk that lie within
 * [@first, @last]; false if there is none. */
int blk_set_fault(struct machine *m, const struct blk_fault *fault);
bool blk_clear_faults(struct machine *m, u32 disk, u64 first, u64 last);
/** blk_log_error() - what the kernel writes to its log when I/O failed: the request (told already),
 * a page of a file, a page of swap. Ten in five seconds. */
void blk_log_error(struct machine *m, enum blk_message what, enum bio_op op, u64 sector, u32 nr);

/** io_schedule_timeout() - the running task waits @ns in state D; others run. False: it is to
 * end. */
bool io_schedule_timeout(struct machine *m, u64 ns);
/** account_iowait() - the running task waited for the disk from @start until now: its CPU was
 * idle. */
void account_iowait(struct machine *m, u64 start);

#endif
