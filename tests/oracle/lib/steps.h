/* steps.h - what the files that carry out steps share. */
#ifndef ORACLE_STEPS_H
#define ORACLE_STEPS_H

#include "tests/oracle/lib/language.h"

#define NAMES_MAX 16u
#define KEYS_MAX  700u

struct counter {
	char key[48];
	long long value;
};

/* All of it is static in the guest: a snapshot must not allocate what it counts. */
struct run {
	struct side *s;
	const struct recorder *r;
	const char *machine;
	char watch[WATCH_MAX][160];
	unsigned int nr_watch;
	char names[NAMES_MAX][32];
	unsigned int nr_names;
	char files[NAMES_MAX][64], directories[NAMES_MAX][64];
	unsigned int nr_files, nr_directories;
	struct counter marks[KEYS_MAX];
	unsigned int nr_marks;
	unsigned int step;
	const char *step_text;
	char with[256];
	char text[TEXT_MAX], more[TEXT_MAX];
	char before[WATCH_MAX][512];
};

struct step {
	const char *name;
	void (*run)(struct run *r, char *rest);
};

/* language.c */
const char *error_name(long error);
void answer(struct run *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The next word of *@at, in place; NULL: none. */
char *word(char **at);
/* "$NAME" becomes a process's number. */
const char *real_path(struct run *r, const char *path);
/* Terminated text of a file in r->text; -errno. */
ssize_t read_text(struct run *r, const char *path);
bool number_behind(const char *text, const char *key, long long *value);
bool process_file(struct run *r, const char *name, const char *file);

/* counters.c */
void step_mark(struct run *r, char *rest);
void step_delta(struct run *r, char *rest);
void step_sum(struct run *r, char *rest);
void step_share(struct run *r, char *rest);
void step_zones(struct run *r, char *rest);
void step_blocks(struct run *r, char *rest);

/* steps.c */
extern const struct step more_steps[];
extern const size_t nr_more_steps;
/* What the steps of a case have made goes. */
void end_steps(struct run *r);

#endif
