/*
 * pagemap.h - an entry of /proc/PID/pagemap: the tree makes them, recorder and capture read the
 * host's.
 * Source: Documentation/admin-guide/mm/pagemap.rst.
 */
#ifndef FS_PAGEMAP_H
#define FS_PAGEMAP_H

#include <mman/types.h>

#define PM_SOFT_DIRTY	  (1ull << 55)
#define PM_EXCLUSIVE	  (1ull << 56) /* mapped once */
#define PM_FILE		  (1ull << 61) /* a file's page, or one of shared memory */
#define PM_SWAP		  (1ull << 62)
#define PM_PRESENT	  (1ull << 63)
#define PM_FRAME	  ((1ull << 55) - 1) /* frame number; of a swap entry type and offset */
#define PM_SWAP_TYPE_BITS 5

/** host_zero_frame() - the frame of the host's page of zeros, as a page of our own that was read and
 * never written to has it; 0: frame numbers are not shown to us. */
u64 host_zero_frame(void);

#endif
