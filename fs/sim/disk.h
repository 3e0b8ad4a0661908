/*
 * disk.h - sim/disk: the files on the simulated disk, and where their bytes are.
 *
 * The engine knows a file as an inode with a size, a name and a page cache (mman/namei.h). Its bytes are
 * kept here, on the host, and are never lost or changed by what the page cache does:
 *  - in an unlinked temporary file that all files of a machine share (disk_store.c), or
 *  - with --disk DIR as ordinary files of the same tree in DIR (disk_host.c), for the next mount.
 */
#ifndef FS_SIM_DISK_H
#define FS_SIM_DISK_H

#include <mman/namei.h>

#include "fs/tree.h"

/** disk_store_attach() - a store for @m's bytes, if it has none yet. 0 or -errno of the host. */
int disk_store_attach(struct machine *m);
/** disk_store_renumber() - files have other handles now: map[old] for old < @nr, 0 for those that are no
 * more. Nothing to do where bytes are found by name. */
void disk_store_renumber(struct machine *m, const handle_t *map, u32 nr);

#endif
