/*
 * shrinker.h - how many objects a shrinker looks at in a pass of reclaim.
 * Source: Documentation/admin-guide/sysctl/vm.rst (vfs_cache_pressure).
 */
#ifndef MM_SHRINKER_H
#define MM_SHRINKER_H

#include <mman/machine.h>

#define SHRINK_BATCH 128u  /* objects */
#define SUPER_BATCH  1024u /* of a file system: its dentries and inodes */

/**
 * shrinker_scan() - of @freeable objects those to look at now, counted in slabs_scanned: a share by
 * the pass's @priority, twice as much as of page cache, in whole batches of @batch. What is too
 * little for one is remembered in *@deferred until it is enough.
 */
u64 shrinker_scan(struct machine *m, u64 freeable, u64 batch, int priority, u64 *deferred);

#endif
