#include "tests/bare.h"

#include <stdlib.h>
#include <string.h>

#include "fs/machine_file.h"
#include "mm/filemap.h"
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

handle_t cached_file(struct machine *m, const char *path, u32 pages)
{
	handle_t inode;
	u32 i;

	if (inode_create(m, path, (u64)pages << PAGE_SHIFT, INODE_REGULAR, &inode))
		bail_out("no inode");
	for (i = 0; i < pages; i++)
		if (filemap_get_page(m, inode, i, true) == PFN_NONE)
			bail_out("the page cache is full");
	return inode;
}
