/* The top of the tree: what the mount point shows. */
#include "fs/tree.h"

static const struct subdirectory root_subdirs[] = {
	{ .name = "dev", .dir = &dev_directory },
	{ .name = "proc", .dir = &proc_directory },
	{ .name = "sim", .dir = &sim_directory },
	{ .name = "sys", .dir = &sys_directory },
};

const struct directory root_directory = {
	.name = "",
	.mode = 0755,
	.subdirs = root_subdirs,
	.nr_subdirs = ARRAY_SIZE(root_subdirs),
	.family = FAMILY_OWN,
};

struct tree *tree_create(struct machine *m)
{
	return tree_create_root(m, &root_directory);
}
