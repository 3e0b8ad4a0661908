/*
 * node.h - the files of /sys/devices/system/node/nodeN.
 */
#ifndef FS_SYS_NODE_H
#define FS_SYS_NODE_H

#include "fs/sys/device.h"

int node_meminfo_show(const struct request *rq, struct text *out);
int node_numastat_show(const struct request *rq, struct text *out);
int node_vmstat_show(const struct request *rq, struct text *out);

#endif
