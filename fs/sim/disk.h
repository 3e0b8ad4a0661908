/*
 * disk.h - sim/disk: the files on the simulated disk, and where their bytes are.
 *
 * The engine knows a file as an inode with a size, a name and a page cache (mman/namei.h). Its
 * bytes are kept here, on the host, and are never lost or changed by what the page cache does:
 *  - in an unlinked temporary file that all files of a machine share (disk_store.c), or
 *  - with --disk DIR as ordinary files of the same tree in DIR (disk_host.c), for the next mount.
 */
#ifndef FS_SIM_DISK_H
#define FS_SIM_DISK_H

#include <mman/namei.h>

#include "fs/tree.h"

/** disk_write_fd(), disk_read_fd() - all of it, whatever interrupts; what the host's file does not
 * have reads as zeros. 0 or -errno. */
int disk_write_fd(int fd, const char *data, size_t size, off_t offset);
int disk_read_fd(int fd, char *buffer, size_t size, off_t offset);
/** disk_clear_fd() - [@offset, @offset + @size) of the host's file reads as zeros. 0 or -errno. */
int disk_clear_fd(int fd, off_t offset, u64 size);

/** disk_store_attach() - a store for @m's bytes, if it has none yet. 0 or -errno of the host. */
int disk_store_attach(struct machine *m);
/** disk_store_renumber() - files have other handles now: map[old] for old < @nr, 0 for those that
 * are no more. Nothing to do where bytes are found by name. */
void disk_store_renumber(struct machine *m, const handle_t *map, u32 nr);

/* ---- --disk DIR (disk_host.c, disk_import.c) ---- */

/* A plain file or directory that was found in DIR. */
struct disk_found {
	char name[DISK_NAME_MAX + 1];
	u64 size, blocks; /* bytes; pages that the host keeps for it */
	s64 mtime;	  /* ns since the epoch */
	mode_t mode;
};

/** disk_host_attach() - the bytes and names of @m's files are @dir's. 0 or -errno. */
int disk_host_attach(struct machine *m, const char *dir);
bool disk_is_host(const struct machine *m);
/** disk_host_scan() - what is in directory @path ("" or "/a/b") of DIR, in the order of the
 * alphabet;
 * *@found is the caller's to free. */
int disk_host_scan(struct machine *m, const char *path, struct disk_found **found, u32 *nr);
void disk_host_renumber(struct machine *m);
/** disk_host_silence() - what is done to the files meanwhile is not done in DIR: it is so there
 * already. */
void disk_host_silence(struct machine *m, bool silent);

/** disk_import() - @dir becomes the disk of @t's machine, with all that it holds; told to the
 * journal, but for the bytes. 0 or -errno; *@why: the path it was about. */
int disk_import(struct tree *t, const char *dir, char why[DISK_PATH_MAX + 1]);
/** disk_import_found() - one file or directory that was found in directory @path ("" or "/a/b"). 0
 * or -errno. */
int disk_import_found(struct tree *t, const char *path, const struct disk_found *f);
/** disk_resume() - a machine that a journal rebuilt goes on with @dir as its disk; what differs
 * there is told to the machine and its journal (disk_resume.c). 0 or -errno; *@why: the path it was
 * about. */
int disk_resume(struct tree *t, const char *dir, char why[DISK_PATH_MAX + 1]);
/** disk_next_inode() - the one behind @h (0: the first) of all files and directories, parents
 * first; 0: no more. */
handle_t disk_next_inode(struct machine *m, handle_t h);
/** disk_import_line() - the same of one file, as the journal has it. */
int disk_import_line(struct machine *m, const char *path, u64 size, const char *attr);
/** disk_move() - a machine that boots anew has the disk that it had: files, bytes, places. */
int disk_move(struct machine *from, struct machine *to);

#endif
