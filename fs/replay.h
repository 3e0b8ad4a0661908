/*
 * replay.h - reading a journal back: mmanfs replay, mounting with an existing journal, rewind.
 */
#ifndef FS_REPLAY_H
#define FS_REPLAY_H

#include "fs/journal.h"

/* A journal read from a file. */
struct replay_file {
	struct machine_source source;
	char *text;
	size_t size;
	size_t lines_at; /* where the lines begin */
	off_t keep; /* bytes to keep when recording goes on: without torn or clock line at the end */
	u64 nr_lines; /* changes, the clock line not counted */
	int data;     /* FILE.data, or -1 */
	char name[256];
};

/** replay_load() - read @path. 0, or an exit status after "FILE:LINE: reason" on @err. A torn last
 * line is dropped; another version is refused. */
int replay_load(struct replay_file *f, const char *path, FILE *err);
void replay_unload(struct replay_file *f);
/** replay_has_disk() - was the machine made with --disk DIR? The bytes of what lay there it does
 * not have. */
bool replay_has_disk(const struct replay_file *f);
/** replay_line_imports() - does the line at @at tell of a file of --disk DIR? Such a journal begins
 * with one. */
bool replay_line_imports(const char *at, const char *end);

/**
 * replay_run() - do to @t's machine what the journal says, from just after boot up to and including
 * line @last (UINT64_MAX: all). The tree must record nothing meanwhile (journal_suspend).
 * 0, -EINTR, or -EIO after a line on @err: a line that cannot be read, or a machine that does not
 * come to the same state (another time or step than recorded).
 */
int replay_run(const struct replay_file *f, struct tree *t, u64 last, FILE *err);

/** replay_lines() - the same from lines in memory (rewind). */
int replay_lines(const char *lines, size_t size, int data_fd, struct tree *t, u64 last, FILE *err);

/** replay_remember() - hand the lines of @f to the journal that goes on with them. */
int replay_remember(const struct replay_file *f, struct journal *j);

#endif
