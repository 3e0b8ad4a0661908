/*
 * machine_source.c - from the texts that describe a machine to the machine.
 */
#include "fs/journal.h"

#include <stdlib.h>

#include "fs/machine_file.h"
#include "fs/twin/twin.h"

struct machine *machine_source_boot(const struct machine_source *s, FILE *err)
{
	/* some hundred KiB: too much for a thread's stack */
	struct machine_config *config = malloc(sizeof(*config));
	struct machine *m = NULL;
	char why[512] = "out of memory";
	int error;

	if (config) {
		error = machine_file_parse(config, s->machine, s->name, why, sizeof(why));
		if (!error && *s->cmdline)
			error = machine_add_cmdline(config, s->cmdline, why, sizeof(why));
		if (!error)
			m = machine_create(config, why, sizeof(why));
	}
	free(config);
	if (!m)
		fprintf(err, "mmanfs: %s\n", why);
	return m;
}

int machine_source_furnish(const struct machine_source *s, struct tree *t, FILE *err)
{
	return s->capture ? twin_furnish(t, s->capture, s->capture_size, err) : 0;
}
