/*
 * slab.h - the files of one cache of /sys/kernel/slab; the object is the cache's handle.
 */
#ifndef FS_SYS_SLAB_H
#define FS_SYS_SLAB_H

#include "fs/sys/device.h"

#define NR_SLAB_CACHE_ATTRS 29u
extern const struct attribute slab_cache_attrs[NR_SLAB_CACHE_ATTRS];

#endif
