/* mmanfs exec and what other parts bring: the command line's side of them. */
#include "fs/options.h"

#include "fs/exec/exec.h"

#include <sysexits.h>

int cmd_exec(const struct options *o)
{
	const struct exec_options exec = { .dir = o->args[0], .argv = o->args + 1 };

	return exec_command(&exec);
}

int cmd_record(const struct options *o)
{
	return complain(o, EX_UNAVAILABLE, "not built yet");
}
