/* twin.h - what the files that furnish a twin share. */
#ifndef MM_TWIN_H
#define MM_TWIN_H

#include <mman/machine.h>

/* Take what is free above the watermarks; never reclaim, never kill. */
#define GFP_TWIN (GFP_HIGHUSER_MOVABLE & ~__GFP_RECLAIM)

/** twin_cache_page() - page @index of @inode, made if it is not there; PFN_NONE: no memory. */
pfn_t twin_cache_page(struct machine *m, handle_t inode, u64 index, int nid);

#endif
