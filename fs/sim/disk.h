/*
 * disk.h - what is in the simulated disk's files.
 *
 * The engine knows a file as an inode with a size and a page cache; its bytes are kept here, on the
 * host, in one unlinked temporary file each, made at the first write of bytes. They are never lost
 * or changed by what the page cache does.
 */
#ifndef FS_SIM_DISK_H
#define FS_SIM_DISK_H

#include <mman/mm.h>

#include "fs/tree.h"

#define DISK_FILE_SIZE_MAX ((u64)1 << 44) /* 16 TiB, ext4's */

/** disk_write_bytes(), disk_read_bytes() - contents of @inode; what was never written reads as zero.
 * Bytes, or -errno of the host. */
ssize_t disk_write_bytes(struct machine *m, handle_t inode, const char *data, size_t size,
			 u64 offset);
ssize_t disk_read_bytes(struct machine *m, handle_t inode, char *buffer, size_t size, u64 offset);
/** disk_set_size() - what lies behind @size is gone and reads as zero if the file grows again. */
int disk_set_size(struct machine *m, handle_t inode, u64 size);
/** disk_forget() - the file is gone. */
void disk_forget(struct machine *m, handle_t inode);

/** disk_touch() - [offset, offset + size) goes through the page cache: read in, or made and dirtied.
 * 0, -ENOMEM, -EINTR. */
int disk_touch(struct machine *m, handle_t inode, u64 offset, u64 size, bool write);

#endif
