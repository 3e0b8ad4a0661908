/*
 * writeback.h - when dirty page cache is too much (mm/page_writeback.c).
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

#endif
