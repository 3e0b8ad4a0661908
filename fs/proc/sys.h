/*
 * sys.h - /proc/sys and its folders.
 */
#ifndef FS_PROC_SYS_H
#define FS_PROC_SYS_H

#include "fs/tree.h"

extern const struct directory proc_sys_directory; /* hangs in fs/proc/root.c */
extern const struct directory proc_sys_vm_directory;
extern const struct directory proc_sys_kernel_directory;
extern const struct directory proc_sys_fs_directory;

u32 sysctl_nlink(const struct request *rq);

#endif
