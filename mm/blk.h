/* blk.h - what the files of the block device share. */
#ifndef MM_BLK_H
#define MM_BLK_H

#include <mman/machine.h>

/** blk_disk_init() - vda. (mm/blk_disk.c) */
void blk_disk_init(struct machine *m);

/** blk_failing_pages() - which pages of this I/O fault injection lets end in an error: a bit each,
 * the first is bit 0. Counts it. (mm/blk_fault.c) */
u32 blk_failing_pages(struct machine *m, enum bio_op op, u64 sector, u32 nr);
/** blk_forget_faults() - the stretch belongs to nobody any more. */
void blk_forget_faults(struct machine *m, u64 first, u64 last);

/** blk_write_page() - blk_submit() of a page under writeback whose time of completion nobody asks
 * for.
 * blk_write_pages() - of @nr pages, at most BIO_PAGES, that lie one behind the other. */
void blk_write_page(struct machine *m, u64 sector, pfn_t pfn);
void blk_write_pages(struct machine *m, u64 sector, const pfn_t *pfn, u32 nr);

#endif
