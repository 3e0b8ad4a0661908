/*
 * twin.h - a machine like one that exists: its capture, and the twin made from it.
 *
 * A capture is text: the files of /proc and /sys that matter, one after the other,
 *
 *	# mmanfs capture 1
 *	file /proc/meminfo 1480
 *	<1480 bytes>
 *	file /proc/1/smaps 60213
 *	...
 *
 * so that it can be kept in a journal's header, sent by mail, and looked at with less.
 */
#ifndef FS_TWIN_TWIN_H
#define FS_TWIN_TWIN_H

#include <stdio.h>

#include "fs/text.h"
#include "fs/tree.h"

/** twin_capture() - read the host's /proc and /sys into @out; what could not be read is told on
 * @err, a line for each sort of thing. 0 or -errno. */
int twin_capture(struct text *out, FILE *err);
/** twin_capture_root() - the same of copies of /proc and /sys below the directory @root. */
int twin_capture_root(const char *root, struct text *out, FILE *err);

/** twin_capture_load() - a capture that somebody kept: a folder with copies of proc/ and sys/, an
 * archive (archive.h), or a text; "-" is standard input. What is wrong with it, and what was
 * assumed, is told on @err. 0; -EINVAL, after a line; or another -errno. */
int twin_capture_load(const char *path, struct text *out, FILE *err);
/** twin_capture_save() - as a compressed archive; "-" is standard output. 0 or -errno. */
int twin_capture_save(const char *capture, size_t size, const char *path, FILE *err);

/** twin_capture_anonymize() - the same capture without names (anonymize.h), at @out. A line on @err
 * for what is left out. 0 or -errno. */
int twin_capture_anonymize(const char *capture, size_t size, struct text *out, FILE *err);
/** twin_capture_script() - a shell script that captures, for machines without mmanfs. 0 or
 * -ENOMEM. */
int twin_capture_script(struct text *out);

/** twin_machine_file() - the machine file of the captured machine: nodes, zones, CPUs. 0 or
 * -EINVAL. */
int twin_machine_file(const char *capture, size_t size, struct text *out, FILE *err);

/** twin_furnish() - what boot does not make: knobs, processes with their mappings and resident
 * pages, the page cache as one file. A line on @err for what could not be had. 0 or -errno. */
int twin_furnish(struct tree *t, const char *capture, size_t size, FILE *err);

#endif
