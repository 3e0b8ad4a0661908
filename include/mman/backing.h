/*
 * backing.h - the bytes of files on the simulated disk, which the program around the engine keeps.
 *
 * The engine accounts for pages; the bytes of a file lie on the host (fs/sim/disk_store.c) and are
 * never cached in the engine: what is written is there at once, whatever happens to the page.
 * Machines without such a store (unit tests) read zeros and forget what is written.
 */
#ifndef MMAN_BACKING_H
#define MMAN_BACKING_H

#include <mman/types.h>

#include <sys/types.h>

struct machine;

/*
 * Errors are the host's, as -errno. Of the calls about names each comes before the engine changes
 * anything, but ->create (after it, so that the inode has its path; an error undoes it). NULL:
 * nothing to do. m->backing_data is theirs.
 */
struct backing_ops {
	/* @size bytes at @offset of the file; zeros where nothing was written. Bytes read or
	 * -errno. */
	ssize_t (*read)(struct machine *m, handle_t inode, void *buffer, size_t size, u64 offset);
	/* -ENOSPC, -EIO; all or nothing, as far as a reader below the file's size can tell. */
	ssize_t (*write)(struct machine *m, handle_t inode, const void *data, size_t size,
			 u64 offset);
	/* Does the page hold anything but zeros? A quick no where nothing was written. */
	bool (*has_bytes)(struct machine *m, handle_t inode, u64 index);
	/* What lies behind @size is gone, and reads as zeros if the file grows again. */
	int (*truncate)(struct machine *m, handle_t inode, u64 size);
	/* [@offset, @offset + @size), which lies in the file, reads as zeros. */
	int (*clear)(struct machine *m, handle_t inode, u64 offset, u64 size);
	/* The inode is gone: nobody will ask for its bytes again. */
	void (*forget)(struct machine *m, handle_t inode);

	int (*create)(struct machine *m, handle_t inode);
	/* The name of a file or an empty directory; its bytes stay until ->forget. */
	int (*remove)(struct machine *m, handle_t inode);
	/* To @path, in place of @target (0: nothing is there). */
	int (*rename)(struct machine *m, handle_t inode, const char *path, handle_t target);
	/* Mode and time stamp of the inode are to be kept. */
	void (*setattr)(struct machine *m, handle_t inode);
	/* The machine ends. */
	void (*end)(struct machine *m);
};

#endif
