/*
 * The command line. A command is a row of one table, an option a row of the other; parsing,
 * checking and --help all read them, so that none can know an option that the others do not.
 */
#include "fs/options.h"

#include <mman/boot.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum {
	MOUNT = 1u,
	UMOUNT = 2u,
	EXEC = 4u,
	RUN = 8u,
	REPLAY = 16u,
	CAPTURE = 32u,
	RECORD = 64u,
};

static const struct command {
	const char *name;
	unsigned int bit;
	const char *operands;
	const char *help;
	int min_args, max_args; /* max -1: any number */
	bool operands_last; /* what follows the first operand is not ours: a command or a script */
	int (*run)(const struct options *o);
} commands[] = {
	{ "mount", MOUNT, "[options] DIR", "mount a machine at DIR; returns once the tree answers",
	  1, 1, false, cmd_mount },
	{ "umount", UMOUNT, "DIR", "unmount it; the machine ends", 1, 1, false, cmd_umount },
	{ "exec", EXEC, "DIR [-- CMD ...]",
	  "run CMD (or a shell) with DIR/proc as /proc and DIR/sys as /sys", 1, -1, true,
	  cmd_exec },
	{ "run", RUN, "[options] SCRIPT [ARG ...]",
	  "a machine on a temporary mount, named by $MMANFS, for one script", 1, -1, true,
	  cmd_run },
	{ "replay", REPLAY, "FILE [--print PATH] ...",
	  "play a journal without a mount and print files", 1, 1, false, cmd_replay },
	{ "capture", CAPTURE, "[options] FILE",
	  "write this machine's /proc and /sys to FILE (.tar.gz), for --like", 0, 1, false,
	  cmd_capture },
	{ "record", RECORD, "[--accesses] -o FILE -- CMD ...",
	  "record the memory trace of a real program", 1, -1, true, cmd_record },
};

enum option_id {
	OPT_MACHINE,
	OPT_CMDLINE,
	OPT_LIKE_HOST,
	OPT_LIKE,
	OPT_JOURNAL,
	OPT_DISK,
	OPT_FOREGROUND,
	OPT_FUSE,
	OPT_REALTIME,
	OPT_PRINT,
	OPT_OUTPUT,
	OPT_ANONYMIZE,
	OPT_SCRIPT,
	OPT_FROM,
	OPT_ACCESSES,
	OPT_HELP
};

static const struct option_row {
	enum option_id id;
	const char *name;     /* without the dashes */
	char letter;	      /* or 0 */
	const char *argument; /* or NULL */
	unsigned int commands;
	const char *help;
} rows[] = {
	{ OPT_MACHINE, "machine", 'm', "FILE", MOUNT | RUN,
	  "machine file, or the name of a preset" },
	{ OPT_CMDLINE, "cmdline", 0, "TEXT", MOUNT | RUN,
	  "kernel parameters: mem=, hugepages=, ..." },
	{ OPT_LIKE_HOST, "like-host", 0, NULL, MOUNT | RUN, "a twin of the machine this runs on" },
	{ OPT_LIKE, "like", 0, "FILE", MOUNT | RUN,
	  "a twin of the machine that FILE (or folder) captured" },
	{ OPT_JOURNAL, "journal", 0, "FILE", MOUNT | RUN,
	  "write every change to FILE, or go on where it ended" },
	{ OPT_DISK, "disk", 0, "DIR", MOUNT | RUN,
	  "keep the files of sim/disk in DIR, and find there what was kept" },
	{ OPT_REALTIME, "realtime", 0, NULL, RUN, "let the clock run; otherwise it is paused" },
	{ OPT_FOREGROUND, "foreground", 'f', NULL, MOUNT, "stay in the foreground" },
	{ OPT_FUSE, "option", 'o', "OPTIONS", MOUNT | RUN,
	  "mount options: allow_other, allow_root, ro" },
	{ OPT_PRINT, "print", 0, "PATH", REPLAY, "print a file of the tree as it is at the end" },
	{ OPT_ANONYMIZE, "anonymize", 0, NULL, CAPTURE,
	  "without names of programs, files, cgroups, hosts; no command lines" },
	{ OPT_SCRIPT, "script", 0, NULL, CAPTURE,
	  "print a shell script that does it where there is no mmanfs" },
	{ OPT_FROM, "from", 0, "FILE", CAPTURE,
	  "of a file that was captured before (or a folder)" },
	{ OPT_OUTPUT, "output", 'o', "FILE", RECORD, "where to write the trace" },
	{ OPT_ACCESSES, "accesses", 0, NULL, RECORD,
	  "each single access, from valgrind's lackey, instead of mappings and pages" },
	{ OPT_HELP, "help", 'h', NULL, ~0u, "print this" },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

int complain(const struct options *o, int status, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "mmanfs%s%s: ", o->command ? " " : "", o->command ? o->command : "");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return status;
}

/* --- Help --- */

static void help_option(FILE *out, const struct option_row *row)
{
	char left[48];
	char letter[5] = "";

	if (row->letter)
		snprintf(letter, sizeof(letter), "-%c, ", row->letter);
	snprintf(left, sizeof(left), "%4s--%s%s%s", letter, row->name, row->argument ? " " : "",
		 row->argument ? row->argument : "");
	fprintf(out, "  %-24s %s\n", left, row->help);
}

static void help_usage(FILE *out, const struct command *c)
{
	fprintf(out, "  mmanfs %s %s\n      %s\n", c->name, c->operands, c->help);
}

static void help_presets(FILE *out)
{
	const char *preset;
	unsigned int n;

	fputs("\npresets:", out);
	for (n = 0; (preset = preset_name(n)); n++)
		fprintf(out, " %s", preset);
	fputc('\n', out);
}

static void help_of_command(FILE *out, const struct command *c)
{
	size_t i;

	help_usage(out, c);
	fputc('\n', out);
	for (i = 0; i < COUNT(rows); i++)
		if (rows[i].commands & c->bit)
			help_option(out, &rows[i]);
	if (c->bit & (MOUNT | RUN))
		help_presets(out);
}

static void help_of_all(FILE *out)
{
	size_t i, j;

	fputs("mmanfs: a simulated Linux machine's memory management as a directory\n\n", out);
	for (i = 0; i < COUNT(commands); i++)
		help_usage(out, &commands[i]);
	for (i = 0; i < COUNT(commands); i++) {
		bool first = true;

		for (j = 0; j < COUNT(rows); j++) {
			/* what several commands share is printed with the first of them */
			if (!(rows[j].commands & commands[i].bit) || rows[j].id == OPT_HELP ||
			    (rows[j].commands & (commands[i].bit - 1)))
				continue;
			if (first)
				fprintf(out, "\noptions of %s%s:\n", commands[i].name,
					commands[i].bit == MOUNT ? " and, but for -f, of run" : "");
			first = false;
			help_option(out, &rows[j]);
		}
	}
	help_presets(out);
	fputs("\n  mmanfs --help, --version; mmanfs COMMAND --help\n\n"
	      "The first thing to read in a mounted machine is DIR/sim/README.\n",
	      out);
}

/* --- Parsing --- */

static const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < COUNT(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static const struct option_row *find_long(unsigned int command, const char *name, size_t length)
{
	size_t i;

	for (i = 0; i < COUNT(rows); i++)
		if (rows[i].commands & command && strlen(rows[i].name) == length &&
		    !strncmp(rows[i].name, name, length))
			return &rows[i];
	return NULL;
}

static const struct option_row *find_letter(unsigned int command, char letter)
{
	size_t i;

	for (i = 0; i < COUNT(rows); i++)
		if (rows[i].commands & command && rows[i].letter == letter)
			return &rows[i];
	return NULL;
}

void options_help(FILE *out, const char *command)
{
	const struct command *c = command ? find_command(command) : NULL;

	if (c)
		help_of_command(out, c);
	else
		help_of_all(out);
}

static int add_fuse_options(struct options *o, const char *more)
{
	char *joined;

	if (asprintf(&joined, "%s%s%s", o->fuse_options ? o->fuse_options : "",
		     o->fuse_options ? "," : "", more) < 0)
		return complain(o, EX_OSERR, "out of memory");
	free(o->fuse_options);
	o->fuse_options = joined;
	return 0;
}

static int set_option(struct options *o, const struct option_row *row, const char *value)
{
	switch (row->id) {
	case OPT_MACHINE:
		o->machine = value;
		break;
	case OPT_DISK:
		o->disk = value;
		break;
	case OPT_CMDLINE:
		o->cmdline = value;
		break;
	case OPT_LIKE_HOST:
		o->like_host = true;
		break;
	case OPT_ANONYMIZE:
		o->anonymize = true;
		break;
	case OPT_SCRIPT:
		o->script = true;
		break;
	case OPT_FROM:
	case OPT_LIKE:
		o->like = value;
		break;
	case OPT_JOURNAL:
		o->journal = value;
		break;
	case OPT_FOREGROUND:
		o->foreground = true;
		break;
	case OPT_REALTIME:
		o->realtime = true;
		break;
	case OPT_FUSE:
		return add_fuse_options(o, value);
	case OPT_ACCESSES:
		o->accesses = true;
		break;
	case OPT_OUTPUT:
		o->output = value;
		break;
	case OPT_HELP:
		o->help = true;
		break;
	case OPT_PRINT:
		if (o->nr_print == PRINT_MAX)
			return complain(o, EX_USAGE, "--print: more than %d files", PRINT_MAX);
		o->print[o->nr_print++] = value;
		break;
	}
	return 0;
}

/* One word that starts with a dash, with its value, which may be the next word. */
static int parse_option(struct options *o, const struct command *c, char **argv, int *at)
{
	const char *word = argv[*at], *value = NULL;
	const struct option_row *row;
	size_t length;

	if (word[1] == '-') {
		length = strcspn(word + 2, "=");
		row = find_long(c->bit, word + 2, length);
		if (word[2 + length])
			value = word + 3 + length;
	} else {
		row = find_letter(c->bit, word[1]);
		if (word[2])
			value = word + 2;
	}
	if (!row)
		return complain(o, EX_USAGE, "unknown option '%s' (mmanfs %s --help lists them)",
				word, c->name);
	if (!row->argument && value)
		return complain(o, EX_USAGE, "option '%s' takes no value", word);
	if (row->argument && !value)
		value = argv[++*at];
	if (row->argument && !value)
		return complain(o, EX_USAGE, "option '%s' needs a value: %s", word, row->argument);
	return set_option(o, row, value);
}

static int check_operands(const struct options *o, const struct command *c)
{
	if (o->nr_args < c->min_args || (c->max_args >= 0 && o->nr_args > c->max_args)) {
		if (o->nr_args > c->min_args)
			return complain(o, EX_USAGE,
					"too many operands, from '%s' on: mmanfs %s %s",
					o->args[c->max_args], c->name, c->operands);
		return complain(o, EX_USAGE, "operand missing: mmanfs %s %s", c->name, c->operands);
	}
	if (o->like_host && o->like)
		return complain(o, EX_USAGE, "--like-host and --like cannot both be");
	if ((o->like_host || o->like) && o->machine)
		return complain(o, EX_USAGE, "--machine cannot go with %s",
				o->like ? "--like" : "--like-host");
	return 0;
}

int options_parse(struct options *o, int argc, char **argv)
{
	const struct command *c;
	int i, error;

	memset(o, 0, sizeof(*o));
	c = argc > 1 ? find_command(argv[1]) : NULL;
	if (!c)
		return complain(o, EX_USAGE,
				argc > 1 ? "unknown command '%s' (mmanfs --help lists them)" :
					   "which command? mmanfs --help lists them%s",
				argc > 1 ? argv[1] : "");
	o->command = c->name;
	o->args = calloc((size_t)argc, sizeof(*o->args));
	if (!o->args)
		return complain(o, EX_OSERR, "out of memory");

	for (i = 2; i < argc; i++) {
		if (!strcmp(argv[i], "--")) {
			i++;
			break;
		}
		if (argv[i][0] == '-' && argv[i][1]) {
			error = parse_option(o, c, argv, &i);
			if (error || o->help)
				return error;
			continue;
		}
		o->args[o->nr_args++] = argv[i];
		if (c->operands_last) {
			i++;
			/* exec DIR -- CMD */
			if (c->bit == EXEC && i < argc && !strcmp(argv[i], "--"))
				i++;
			break;
		}
	}
	for (; i < argc; i++)
		o->args[o->nr_args++] = argv[i];
	return check_operands(o, c);
}

int options_run(const struct options *o)
{
	if (o->help) {
		options_help(stdout, o->command);
		return fflush(stdout) ? EX_IOERR : 0;
	}
	return find_command(o->command)->run(o);
}

void options_free(struct options *o)
{
	free(o->fuse_options);
	free(o->args);
}
