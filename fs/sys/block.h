/*
 * block.h - the disks as objects of the tree, wherever they are listed: block devices, bdi.
 */
#ifndef FS_SYS_BLOCK_H
#define FS_SYS_BLOCK_H

#include "fs/sys/device.h"

/* Of a directory or row that belongs to a disk: its index (blkdev.h), the disk. */
static inline u32 disk_index(const struct request *rq)
{
	return object_number(rq->object);
}

static inline struct blk_disk *disk_of(const struct request *rq)
{
	return &rq->m->blk.disk[disk_index(rq)];
}

bool disk_exists(const struct request *rq);

/** disk_lookup(), disk_iterate() - the disks as children of a directory: each a directory @dir, or
 * the first row of @dir if it holds rows only. Its ->object_name says what it is called. */
int disk_lookup(const struct request *rq, const char *name, const struct directory *dir,
		struct entry *out);
int disk_iterate(const struct request *rq, u64 position, const struct directory *dir,
		 struct dir_emit *e);
/** disk_number() - "254:16". */
void disk_number(const struct request *rq, struct text *out);
/** disk_nlink() - of a directory with one for each. */
u32 disk_nlink(const struct request *rq);

/* fs/sys/block_queue.c */
extern const struct directory sys_block_queue_directory;

/* fs/sys/virtual.c: the same file in bdi/254:N and in the disk's queue */
int read_ahead_kb_show(const struct request *rq, struct text *out);
ssize_t read_ahead_kb_store(const struct request *rq, const char *data, size_t size, u64 offset);

#endif
