/* driver.h - what the files of the guest's driver share. */
#ifndef ORACLE_DRIVER_H
#define ORACLE_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define WORDS 32

struct region {
	char name[32];
	char *start;
	size_t length;
};

/* A line of the control language; words that it has not are empty. */
struct command {
	char *word[WORDS];
	int nr;
	char *said;
	size_t room;
};

/* process.c */
void warm(void);
/** begin() - be a process of a case: take lines from @fd for ever. */
void begin(int fd) __attribute__((noreturn));
void set_oom_score_adj(const char *value);
unsigned long long size_of(const char *text);
struct region *find_region(const char *name);
/* What a call returned: 0 or -errno. */
int done(long result);
/* OFF and LEN of a line, if they are there, are its words @at and the next. */
int range_at(const struct command *c, int at, struct region *r, char **start, size_t *length);

/* disk.c: a file system on the third disk (its modules lie on the first), swap on any */
int disk_file(const char *path, bool there);
int disk_map(const char *path, unsigned long long *offset);
int do_fread(struct command *c);
int do_fwrite(struct command *c);
int do_fsync(struct command *c);
int disk_machine(const char *line);

/* nodes.c */
int do_set_mempolicy(struct command *c);
int do_mbind(struct command *c);
int do_migrate_pages(struct command *c);
int do_move_pages(struct command *c);

#endif
