/*
 * capture.h - reading a capture: its files by name, its processes in order, and the small parsers
 * that everybody needs who reads texts of another kernel's /proc.
 *
 * A slice points into the capture; nothing is copied, nothing ends in a zero. What the texts say is
 * somebody else's word: every number is checked by who uses it.
 */
#ifndef FS_TWIN_CAPTURE_H
#define FS_TWIN_CAPTURE_H

#include <stdio.h>

#include <mman/types.h>

#define CAPTURE_FIRST_LINE "# mmanfs capture 1"

struct slice {
	const char *at;
	size_t size;
};

struct capture_file {
	struct slice path, data;
};

/* The files of one process follow each other: files[first .. first + nr). */
struct capture_process {
	u32 pid;
	size_t first, nr;
};

struct capture {
	struct capture_file *files; /* in the order of the capture */
	size_t nr_files;
	const struct capture_file **sorted; /* the same by name */
	struct capture_process *processes;
	size_t nr_processes;
	u64 nr_ended;	       /* processes that ended while they were read */
	struct slice *missing; /* "PATH REASON": what could not be read */
	size_t nr_missing;
};

/** capture_open() - 0; -EINVAL after "capture:LINE: reason" on @err (which may be NULL), or
 * -ENOMEM. */
int capture_open(struct capture *c, const char *text, size_t size, FILE *err);
void capture_close(struct capture *c);

/** capture_find() - a file by its name, printf-like; false and an empty slice if it is not
 * there. */
bool capture_find(const struct capture *c, struct slice *out, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/** capture_of_process() - the file @name ("smaps") of a process; as above. */
bool capture_of_process(const struct capture *c, const struct capture_process *p, const char *name,
			struct slice *out);
/** capture_report() - a line on @err for each sort of thing that could not be read. @examined: but
 * for what capture_examine() tells. */
void capture_report(const struct capture *c, bool examined, FILE *err);
/** capture_tells_missing() - does the text have a line "missing PATH ..."? */
bool capture_tells_missing(struct slice about, const char *path);
/** capture_needs() - would capture_examine() miss that file? */
bool capture_needs(struct slice path);
/** capture_examine() - of a capture from elsewhere: 0, after a line on @err for each thing that has
 * to be assumed; -EINVAL, after a line, if no twin can be made of it. */
int capture_examine(const struct capture *c, FILE *err);

/* ---- slices ---- */

bool slice_is(struct slice s, const char *text);
bool slice_starts(struct slice s, const char *text);
bool slice_ends(struct slice s, const char *text);
/** slice_copy() - as a string, cut to @size - 1 bytes; returns @to. */
char *slice_copy(struct slice s, char *to, size_t size);
/** slice_line() - the next line of @rest without its end; false when there is none. */
bool slice_line(struct slice *rest, struct slice *line);
/** slice_word() - the next word of @rest; blanks separate. */
bool slice_word(struct slice *rest, struct slice *word);
/** slice_cut() - what stands before the next @c, which is taken off too; all of it if there is
 * none. */
struct slice slice_cut(struct slice *rest, char c);
/** slice_number() - all of @s is a number of that base (10 or 16) which fits. */
bool slice_number(struct slice s, unsigned int base, u64 *out);
/** slice_signed() - a decimal number with or without a sign. */
bool slice_signed(struct slice s, s64 *out);
/** slice_value() - the first number behind @key ("MemTotal:") at a line's start; @fallback if
 * none. */
u64 slice_value(struct slice text, const char *key, u64 fallback);
/** slice_text() - the rest of the line behind @key, blanks before it cut off; empty if there is
 * none. */
struct slice slice_text(struct slice text, const char *key);
/** slice_list() - "0-3,8": calls @each for every number below @limit; false if it is no such
 * list. */
bool slice_list(struct slice s, u64 limit, void (*each)(void *arg, u64 n), void *arg);

#endif
