/* mmanfs: where it all starts. The command line is in options.c, each command in a cmd_*.c. */
#include "fs/options.h"
#include "fs/version.h"

#include <string.h>
#include <sysexits.h>

static bool asks_for(int argc, char **argv, const char *name, char letter)
{
	return argc > 1 && (!strcmp(argv[1], name) ||
			    (argv[1][0] == '-' && argv[1][1] == letter && !argv[1][2]));
}

int main(int argc, char **argv)
{
	char *of_command[] = { argv[0], argc > 2 ? argv[2] : NULL, (char[]){ "--help" }, NULL };
	struct options o;
	int status;

	if (argc > 2 && !strcmp(argv[1], "help")) {
		argc = 3;
		argv = of_command;
	}
	if (asks_for(argc, argv, "--help", 'h') || (argc > 1 && !strcmp(argv[1], "help"))) {
		options_help(stdout, NULL);
		return fflush(stdout) ? EX_IOERR : 0;
	}
	if (asks_for(argc, argv, "--version", 'V')) {
		puts("mmanfs " MMANFS_VERSION);
		return fflush(stdout) ? EX_IOERR : 0;
	}
	status = options_parse(&o, argc, argv);
	if (!status)
		status = options_run(&o);
	options_free(&o);
	return status;
}
