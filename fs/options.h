/*
 * options.h - the command line: one table of commands and one of options, which parse and print
 * help.
 */
#ifndef FS_OPTIONS_H
#define FS_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#define PRINT_MAX 64

/* What was asked for. Strings are the command line's own. */
struct options {
	const char *command;
	bool help;		      /* --help: of this command */
	const char *machine;	      /* --machine */
	const char *cmdline;	      /* --cmdline */
	bool like_host;		      /* --like-host */
	const char *like;	      /* --like, --from */
	bool anonymize;		      /* --anonymize */
	bool script;		      /* --script */
	const char *journal;	      /* --journal */
	const char *disk;	      /* --disk */
	bool foreground;	      /* -f */
	bool realtime;		      /* --realtime */
	char *fuse_options;	      /* -o, joined by commas; or NULL */
	const char *output;	      /* -o of record */
	bool accesses;		      /* --accesses */
	const char *print[PRINT_MAX]; /* --print, in order */
	int nr_print;
	char **args; /* operands */
	int nr_args;
};

/** options_parse() - 0; or an exit status (EX_USAGE) after a line on stderr that names what is
 * wrong. */
int options_parse(struct options *o, int argc, char **argv);
/** options_run() - run the command; its exit status. */
int options_run(const struct options *o);
void options_free(struct options *o);
/** options_help() - what --help prints: of one command, or, with NULL, of all. */
void options_help(FILE *out, const char *command);

/* "mmanfs mount: ...": one line on stderr; returns @status. */
int complain(const struct options *o, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

int cmd_mount(const struct options *o);
int cmd_umount(const struct options *o);
int cmd_exec(const struct options *o);
int cmd_run(const struct options *o);
int cmd_replay(const struct options *o);
int cmd_capture(const struct options *o);
int cmd_record(const struct options *o);

#endif
