/*
 * later.c - words of the control language whose engine is not built yet. They are known, so that
 * nobody takes them for a typing error, and say so: ENOSYS.
 */
#include "fs/sim/command.h"

#include <errno.h>

static int cmd_later(struct command_run *c)
{
	return command_explain(c, -ENOSYS, "this part of the engine is not built yet");
}

#define LATER(name, min, max, usage)                \
	{                                           \
		name, min, max, 0, cmd_later, usage \
	}

static const struct command commands[] = {
	LATER("fragment", 3, 3, "NODE ZONE INDEX"),
};

const struct command_table later_commands = { commands, ARRAY_SIZE(commands) };
