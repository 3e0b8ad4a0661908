/*
 * journal.h - the journal: every accepted change since boot, one replayable line each.
 *
 * The engine is deterministic, so the journal is the state: the header says which machine booted,
 * the lines what was done to it, when (virtual time) and where (the engine's step number), and
 * replaying them gives the same machine to the byte.
 *
 *	# mmanfs journal 2            version of the format
 *	# source machine 1234         then 1234 bytes: the machine file's text (likewise cmdline, capture)
 *	...
 *	1 0.000000000 0 0:0 write proc/sys/vm/swappiness "10\n"
 *	2 0.000000000 0 0:0 mkdir sim/procs/a
 *	3 0.000281000 52 0:0 write sim/procs/a/ctl "write m\n"    a command that took long
 *	4 0.003201000 900 0:0 +write proc/sys/vm/swappiness "60\n" in the middle of it, at step 900
 *	5 0.009000000 2000 0:0 +interrupt                          it was interrupted there
 *	6 12.000000000 2000 0:0 clock                              the clock stood here at the end
 *
 * Fields: line, seconds, step, uid:gid, operation, path, arguments. docs/journal.md is the
 * reference.
 */
#ifndef FS_JOURNAL_H
#define FS_JOURNAL_H

#include <stdio.h>

#include "fs/tree.h"

#define JOURNAL_VERSION 2

/* Which machine boots: texts, so that a journal needs no other file. Own their memory. */
struct machine_source {
	char *name;    /* for messages: preset or file */
	char *machine; /* machine file text */
	char *cmdline; /* kernel parameters, may be empty */
	char *capture; /* of the host it is the twin of, or NULL */
	size_t capture_size;
};

void machine_source_free(struct machine_source *s);
int machine_source_copy(struct machine_source *to, const struct machine_source *from);

/** machine_source_boot() - the machine of @s, freshly booted; NULL after a line on @err. */
struct machine *machine_source_boot(const struct machine_source *s, FILE *err);
/** machine_source_furnish() - what a twin's capture puts into the booted machine's tree. */
int machine_source_furnish(const struct machine_source *s, struct tree *t, FILE *err);

struct journal;

/** journal_create() - record what happens to @t from now on. @s is copied. NULL: out of memory. */
struct journal *journal_create(struct tree *t, const struct machine_source *s);
/** journal_destroy() - stop recording; a file gets its last line (the clock). */
void journal_destroy(struct journal *j);

const struct machine_source *journal_source(const struct journal *j);
/** journal_print() - the whole journal as text, the clock of now as its last line. */
int journal_print(const struct journal *j, struct text *out);
/** journal_lines() - how many changes it holds. */
u64 journal_lines(const struct journal *j);
/** journal_to_file() - write what there is and all that follows to @path, bytes of disk files to
 * @path.data. 0 or -errno; -EBUSY: another machine writes it (fs/hold.h). */
int journal_to_file(struct journal *j, const char *path);
/** journal_continue_file() - the same for a file whose first @size bytes are what @j holds
 * already. */
int journal_continue_file(struct journal *j, const char *path, off_t size);

/** journal_add_line() - a line read from a file that replay applied. */
int journal_add_line(struct journal *j, const char *line, size_t length);
/** journal_truncate() - forget all lines behind @line (rewind). */
int journal_truncate(struct journal *j, u64 line);
/** journal_line() - text of line @n (from 1), without newline; NULL if there is none. */
const char *journal_line(const struct journal *j, u64 n, size_t *length);
/** journal_data_fd() - the second file, for bytes of disk files. */
int journal_data_fd(const struct journal *j);
/** journal_interrupted() - the running command has been told to end at this step, and will be told
 * so at all that follow: the first time counts. */
void journal_interrupted(struct journal *j, struct machine *m);
/** journal_rewinds() - the running command builds another machine up (@on), or no longer does.
 * Meanwhile the tree's own is in no command: what others do to it is told as done after the
 * command, and an interrupt is not told, as the command did nothing to it. */
void journal_rewinds(struct journal *j, bool on);
/** journal_close_files() - the files that are open in @t, as the journal left it, are closed, and
 * the journal says so: nobody has them any more. */
void journal_close_files(struct journal *j, struct tree *t);
/** journal_suspend() - rewind and replay apply lines themselves. */
void journal_suspend(struct journal *j, bool on);

#endif
