/* mmanfs record: the command line's side of it. */
#include "fs/options.h"

#include <sysexits.h>

#include "fs/record/record.h"

int cmd_record(const struct options *o)
{
	const struct record_options record = { .output = o->output,
					       .argv = o->args,
					       .err = stderr };
	const char *tool = o->accesses ? "valgrind" : "strace";

	if (!o->output)
		return complain(o, EX_USAGE, "where to? mmanfs record -o FILE -- CMD ...");
	if (!record_find(tool))
		return complain(o, EX_UNAVAILABLE,
				"%s is not installed: it tells %s (Debian's package is called %s)",
				tool,
				o->accesses ? "each access of the program" :
					      "what the program maps, and which processes it makes",
				tool);
	return o->accesses ? record_accesses(&record) : record_program(&record);
}
