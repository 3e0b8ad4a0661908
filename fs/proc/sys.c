/*
 * /proc/sys: the folders of sysctls. Each table is a file beside this one.
 */
#include "fs/proc/sys.h"

/* Sysctl does not count. */
u32 sysctl_nlink(const struct request *rq)
{
	(void)rq;
	return 1;
}

static const struct subdirectory sys_subdirs[] = {
	{ .name = "fs", .dir = &proc_sys_fs_directory },
	{ .name = "kernel", .dir = &proc_sys_kernel_directory },
	{ .name = "vm", .dir = &proc_sys_vm_directory },
};

const struct directory proc_sys_directory = {
	.name = "proc/sys",
	.mode = 0555,
	.nlink = sysctl_nlink,
	.subdirs = sys_subdirs,
	.nr_subdirs = ARRAY_SIZE(sys_subdirs),
};
