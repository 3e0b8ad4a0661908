/*
 * backing.h - the bytes of files on the simulated disk, which the program around the engine keeps.
 *
 * The engine accounts for pages; the bytes of a file lie on the host (fs/sim/disk_store.c) and are
 * never cached in the engine: what is written is there at once, whatever happens to the page. Machines
 * without such a store (unit tests) read zeros and forget what is written.
 */
#ifndef MMAN_BACKING_H
#define MMAN_BACKING_H

#include <mman/types.h>

#include <sys/types.h>

struct machine;

struct backing_ops {
	/* @size bytes at @offset of the file; zeros where nothing was written. Bytes read or -errno. */
	ssize_t (*read)(struct machine *m, handle_t inode, void *buffer, size_t size, u64 offset);
	/* -ENOSPC, -EIO; all or nothing. */
	ssize_t (*write)(struct machine *m, handle_t inode, const void *data, size_t size,
			 u64 offset);
	/* Does the page hold anything but zeros? A quick no where the file has no host file. */
	bool (*has_bytes)(struct machine *m, handle_t inode, u64 index);
	/* The machine ends. */
	void (*end)(struct machine *m);
};

#endif
