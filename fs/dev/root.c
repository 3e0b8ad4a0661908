/* dev/: the one device that memory management talks through, kmsg; and a place for descriptors. */
#include "fs/dev/dev.h"

static const struct attribute dev_attrs[] = {
	{ .name = "kmsg",
	  .mode = 0644,
	  .flags = ATTR_STREAM,
	  .open = dev_kmsg_open,
	  .pread = dev_kmsg_read,
	  .store = dev_kmsg_write,
	  .poll = dev_kmsg_poll,
	  .seek_data = dev_kmsg_seek_data },
};

/* Empty. `mmanfs exec` puts its own processes' descriptors here, which /dev/fd leads to. */
static const struct directory fd_directory = { .name = "dev/fd", .mode = 0755 };

static const struct subdirectory dev_subdirs[] = {
	{ .name = "fd", .dir = &fd_directory },
};

const struct directory dev_directory = {
	.name = "dev",
	.mode = 0755,
	.attrs = dev_attrs,
	.nr_attrs = ARRAY_SIZE(dev_attrs),
	.subdirs = dev_subdirs,
	.nr_subdirs = ARRAY_SIZE(dev_subdirs),
	.family = FAMILY_OWN,
};
