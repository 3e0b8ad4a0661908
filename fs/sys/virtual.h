/*
 * virtual.h - backing devices, as devices/virtual/bdi and debug/bdi list them.
 */
#ifndef FS_SYS_VIRTUAL_H
#define FS_SYS_VIRTUAL_H

#include "fs/sys/device.h"

u32 nr_bdis(const struct machine *m);
bool bdi_exists(const struct request *rq);
void bdi_name(const struct request *rq, struct text *out);
int bdi_lookup_as(const struct request *rq, const char *name, const struct directory *dir,
		  struct entry *out);
int bdi_iterate_as(const struct request *rq, u64 position, const struct directory *dir,
		   struct dir_emit *e);
u32 bdi_nlink(const struct request *rq);
/* Of backing device number rq->object. */
int read_ahead_kb_show(const struct request *rq, struct text *out);
ssize_t read_ahead_kb_store(const struct request *rq, const char *data, size_t size, u64 offset);

#endif
