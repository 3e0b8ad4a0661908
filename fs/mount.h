/*
 * mount.h - a tree behind a mount point: what fs/fuse.c offers to the command line.
 */
#ifndef FS_MOUNT_H
#define FS_MOUNT_H

#include "fs/tree.h"

struct mount_options {
	const char *dir;	  /* absolute */
	const char *fuse_options; /* comma-separated, beyond our own; or NULL */
	/* once, from the loop thread, when the kernel has been greeted: the tree answers from now
	 * on */
	void (*ready)(void *arg);
	/* after the loop has ended and no request runs any more, before unmounting */
	void (*ending)(void *arg);
	void *arg;
};

/**
 * mount_serve() - mount @tree at @dir, answer requests until it is unmounted or a signal (INT,
 * TERM, HUP) comes, unmount. 0, or an exit status of sysexits after a line on stderr.
 */
int mount_serve(struct machine *m, struct tree *tree, const struct mount_options *options);

#endif
