#include "tests/bare.h"

#include <stdlib.h>
#include <string.h>

#include "fs/machine_file.h"
#include "tests/tap.h"

struct machine *bare_machine(const char *machine)
{
	struct machine_config *config = calloc(1, sizeof(*config));
	struct machine *m = NULL;
	char why[256] = "";
	int error;

	if (!config)
		bail_out("no memory");
	error = strchr(machine, '\n') ?
			machine_file_parse(config, machine, "test", why, sizeof(why)) :
			machine_file_load(config, machine, why, sizeof(why));
	config->bare = true;
	if (!error)
		m = machine_create(config, why, sizeof(why));
	free(config);
	if (!m)
		bail_out("%s", why);
	return m;
}
