/*
 * /proc/kcore: there to be listed with its size. The simulated kernel has no image of itself to
 * read, so a read is refused as on a kernel that is locked down.
 */
#include "fs/proc/proc.h"

#include <errno.h>

#define KCORE_BYTES	 0x7fffff003000ull /* kernel addresses of four-level page tables */
#define KCORE_LA57_BYTES 0xffffffff004000ull

u64 proc_kcore_size(const struct request *rq)
{
	return rq->m->config.cpu_la57 ? KCORE_LA57_BYTES : KCORE_BYTES;
}

ssize_t proc_kcore_pread(const struct request *rq, char *buffer, size_t size, u64 offset)
{
	(void)rq, (void)buffer, (void)size, (void)offset;
	return -EPERM;
}
