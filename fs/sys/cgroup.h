/*
 * cgroup.h - statistics of the root group.
 */
#ifndef FS_SYS_CGROUP_H
#define FS_SYS_CGROUP_H

#include "fs/sys/device.h"

int cgroup_memory_stat_show(const struct request *rq, struct text *out);
int cgroup_numa_stat_show(const struct request *rq, struct text *out);

#endif
