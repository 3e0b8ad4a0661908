/*
 * source.h - where a capture is read from: a running system, a folder with copies of its files, an
 * archive that was made of them elsewhere, or nowhere at all, to learn which files would be read.
 *
 * Paths are those of the other system, from "/proc/..." or "/sys/..." on; "uname" alone is no file
 * of Linux.
 */
#ifndef FS_TWIN_SOURCE_H
#define FS_TWIN_SOURCE_H

#include <sys/types.h>

#include "fs/text.h"

struct archive;

struct host_source {
	/* A file's text, behind what @to holds. 0 or -errno. */
	int (*read)(void *ctx, const char *path, struct text *to);
	/* The names in a directory but for those that begin with a dot, sorted; the caller frees
	 * each of them and the array. How many, or -errno. */
	int (*list)(void *ctx, const char *dir, char ***names);
	/* Where a link leads, as a string: its length, or -errno. */
	ssize_t (*link)(void *ctx, const char *path, char *to, size_t size);
	/* Is it a file that somebody may read and somebody may write? */
	bool (*is_knob)(void *ctx, const char *path);
	void *ctx;
};

/** host_source_folder() - the files below @root; "": those of the system this runs on */
struct host_source host_source_folder(const char *root);

#endif
