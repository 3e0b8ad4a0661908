/*
 * debug.h - files of /sys/kernel/debug that are not rows of a table.
 */
#ifndef FS_SYS_DEBUG_H
#define FS_SYS_DEBUG_H

#include "fs/sys/device.h"

int debug_lru_gen_show(const struct request *rq, struct text *out);
int debug_lru_gen_full_show(const struct request *rq, struct text *out);
ssize_t debug_lru_gen_store(const struct request *rq, const char *data, size_t size, u64 offset);

/* fs/sys/debug_inject.c: there while the module is loaded */
extern const struct directory debug_inject_directory;
bool debug_has_inject(const struct request *rq);

#endif
