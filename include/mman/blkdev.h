/*
 * blkdev.h - the simulated disk as a block device: when an I/O is done, and who waits for it.
 *
 * There is one disk ("vda"): files of sim/disk and swap areas lie on it and share its queue and its size. No
 * contents here (contents.h, backing.h): a bio is a stretch of pages, what happens when it is
 * done, and the virtual time at which that is. The device serves one bio after the other; a bio that
 * does not continue where the last one ended pays a seek. Reads go before writes that wait.
 * Completions are EVENT_IO_DONE events; who must wait inside an allocation lets the clock run to the
 * next completion (blk_wait_next()), which runs no other event.
 */
#ifndef MMAN_BLKDEV_H
#define MMAN_BLKDEV_H

#include <mman/types.h>

struct machine;

#define BIO_PAGES 32u

enum bio_op { BIO_READ, BIO_WRITE };

/* What completion means for each page. */
enum bio_end {
	BIO_END_NONE,	   /* accounting only */
	BIO_END_WRITEBACK, /* end_page_writeback(): page cache and swap pages under PG_writeback */
};

/**
 * blk_submit() - start the transfer of @nr pages at @sector (in pages from the start of the disk),
 * behind what is queued; contiguous submissions of one kind merge. @pfns: pages for BIO_END_WRITEBACK,
 * else NULL. @fails: the I/O will end in an error (fault injection). Counts pgpgin/pgpgout.
 * Returns the virtual time at which it will be done as things stand.
 */
u64 blk_submit(struct machine *m, enum bio_op op, u64 sector, u32 nr, const pfn_t *pfns,
	       enum bio_end end);

/**
 * blk_read() - read @nr pages at @sector and wait: the clock moves to the end of the transfer, with the
 * completions due meanwhile; the running task's iowait, block delay and PSI are accounted. Inside a
 * handler of an event the clock moves all the same: the handler's owner takes it back.
 * 0 or -EIO (fault injection).
 */
int blk_read(struct machine *m, u64 sector, u32 nr);

/** blk_wait_next() - wait for the next completion (all pages of the oldest bio); false: nothing is in
 * flight. Safe inside an allocation. @stall: account the wait as an I/O stall of the running task. */
bool blk_wait_next(struct machine *m, bool stall);

/** wait_on_page_writeback() - until @pfn is not under writeback. Safe inside an allocation. */
void wait_on_page_writeback(struct machine *m, pfn_t pfn);

/** blk_poll() - run the completions that are due at the clock's present time. Safe inside an
 * allocation, but not while pages of an LRU list are being walked in place. */
void blk_poll(struct machine *m);

/** blk_alloc_space(), blk_free_space() - pages of the disk for a swap area or a file. -ENOSPC. The sector
 * is where a stretch starts; files may be scattered (@contiguous false: @sector is any). */
int blk_alloc_space(struct machine *m, u64 pages, u64 *sector);
void blk_free_space(struct machine *m, u64 sector, u64 pages);

/** blk_congested() - more writes wait than the queue holds: reclaim slows down, flushers pause. */
bool blk_congested(const struct machine *m);

#endif
