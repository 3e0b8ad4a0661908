/*
 * A simulated machine with its tree, for tests that need no mount.
 *
 *	struct fixture f;
 *
 *	if (!fixture_open(&f, "one-node", NULL))
 *		bail_out("%s", f.why);
 *	is_int(fixture_number(&f, "proc/sys/vm/swappiness"), 60, "...");
 *	fixture_close(&f);
 */
#ifndef TESTS_FIXTURE_H
#define TESTS_FIXTURE_H

#include <mman/machine.h>

#include "fs/tree.h"

struct fixture {
	struct machine *m;
	struct tree *t;
	struct text text; /* what was read last */
	char why[256];
};

/** fixture_open() - boot a preset, machine file or the text of one, with more kernel parameters if
 * not NULL. */
bool fixture_open(struct fixture *f, const char *machine, const char *cmdline);
void fixture_close(struct fixture *f);

/** fixture_read() - a file's text, terminated; "" if it cannot be read. Valid until the next
 * call. */
const char *fixture_read(struct fixture *f, const char *path);
/** fixture_error() - 0, or what reading it answers. */
int fixture_error(struct fixture *f, const char *path);
ssize_t fixture_write(struct fixture *f, const char *path, const char *text);

/** fixture_read_as(), fixture_write_as() - the same as another user; bytes, or
 * the error of whatever came first: lookup, open, read or write. */
ssize_t fixture_read_as(struct fixture *f, u32 uid, const char *path);
ssize_t fixture_write_as(struct fixture *f, u32 uid, const char *path, const char *data,
			 size_t size);

/** fixture_process() - a new process of sim/procs that is @uid's; its PID. */
u32 fixture_process(struct fixture *f, const char *name, u32 uid);

/** fixture_format() - a path or the like, from a ring of 16 buffers. */
const char *fixture_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** text_value() - the number after @key at the start of a line ("MemFree:", "nr_mlock"); -1:
 * none. */
s64 text_value(const char *text, const char *key);

/**
 * same_layout() - are two files laid out alike, line by line? Text must be equal; a number must
 * have the same blanks before it (left-aligned) or end in the same column (right-aligned). Digits
 * that follow a letter ("DMA32", "cpu0") are text. Each line that differs is a TAP comment.
 */
bool same_layout(const char *got, const char *want);

/** file_text() - a file of the host, terminated; NULL if it cannot be read. To be freed. */
char *file_text(const char *path);

#endif
