/* dev/: the one device that memory management talks through, kmsg. */
#include "fs/dev/dev.h"

static const struct attribute dev_attrs[] = {
	{ .name = "kmsg",
	  .mode = 0644,
	  .flags = ATTR_STREAM,
	  .open = dev_kmsg_open,
	  .pread = dev_kmsg_read,
	  .store = dev_kmsg_write,
	  .poll = dev_kmsg_poll },
};

const struct directory dev_directory = {
	.name = "dev",
	.mode = 0755,
	.attrs = dev_attrs,
	.nr_attrs = ARRAY_SIZE(dev_attrs),
	.family = FAMILY_OWN,
};
