/*
 * archive.h - a capture's file: a tar archive, compressed or not, read into memory and never
 * unpacked to a disk. What it holds is somebody else's word: names, sizes and kinds are checked
 * here, texts by who reads them.
 *
 *	capture                "# mmanfs capture 1", then lines "missing PATH REASON" and "ended N";
 *	                       "# mmanfs capture 1 raw" when files are as a shell script copied them
 *	uname, proc/..., sys/...    the files, by their names
 */
#ifndef FS_TWIN_ARCHIVE_H
#define FS_TWIN_ARCHIVE_H

#include <stdio.h>

#include "fs/text.h"

#define TAR_BLOCK 512u

struct archive_member {
	char *name; /* "proc/meminfo" */
	size_t at;  /* where its bytes begin in ->data */
	size_t size;
};

struct archive {
	struct text data;
	struct archive_member *members; /* in the archive's order */
	size_t nr, max;
	struct archive_member **sorted; /* by name */
};

/**
 * archive_read() - all of an archive, from a file that may be compressed with gzip
 * @path: the file; standard input if it is "-"
 * @plain: if the file is no archive but a capture's text, that goes here and @a stays empty
 * @err: a line for what is wrong, and for what was left out
 *
 * 0; -EINVAL after a line on @err, or another -errno. An archive that is torn, that holds a name
 * twice, a name that leads out of it, or more than 1 GiB, is refused; members that are no files
 * (devices, pipes, hard links) and names that no file of Linux has are left out. A symbolic link
 * becomes a file with the name that it leads to.
 */
int archive_read(struct archive *a, const char *path, struct text *plain, FILE *err);
void archive_free(struct archive *a);

/** archive_find() - a member by its name, without the slash that it may begin with; or NULL */
const struct archive_member *archive_find(const struct archive *a, const char *name);

/* ---- writing ---- */

struct archive_writer;

/** archive_create() - a compressed archive at @path, "-" for standard output. NULL: errno says
 * why. */
struct archive_writer *archive_create(const char *path);
/** archive_add() - one more file. Errors are kept for the end. */
void archive_add(struct archive_writer *w, const char *name, size_t name_size, const void *bytes,
		 size_t size);
/** archive_close() - its end. 0 or -errno; what could not be written whole is removed. */
int archive_close(struct archive_writer *w);

#endif
