/*
 * cpu.h - what cpu.c and cpu_cache.c share.
 */
#ifndef FS_SYS_CPU_H
#define FS_SYS_CPU_H

#include "fs/sys/device.h"

/* The object is the CPU's number; in a cache's directory its index is packed beside it. */
bool cpu_exists(const struct request *rq);

/** cpu_set_of() - the CPU alone, or all CPUs of its package. */
void cpu_set_of(const struct request *rq, bool package, u64 bits[NR_CPUS_MAX / 64]);

extern const struct directory cpu_cache_directory; /* cpuN/cache */

#endif
