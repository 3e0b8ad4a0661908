/* dev.h - the files of dev/. */
#ifndef FS_DEV_DEV_H
#define FS_DEV_DEV_H

#include "fs/tree.h"

int dev_kmsg_open(const struct request *rq, int flags);
ssize_t dev_kmsg_read(const struct request *rq, char *buffer, size_t size, u64 offset);
ssize_t dev_kmsg_write(const struct request *rq, const char *data, size_t size, u64 offset);
u32 dev_kmsg_poll(const struct request *rq);
s64 dev_kmsg_seek_data(const struct request *rq, u64 offset);

#endif
