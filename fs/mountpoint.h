/* mountpoint.h - what is mounted where on the host, and taking it away. */
#ifndef FS_MOUNTPOINT_H
#define FS_MOUNTPOINT_H

#include <limits.h>
#include <stdbool.h>

enum mountpoint_state {
	MOUNTPOINT_NONE,  /* an ordinary directory */
	MOUNTPOINT_LIVE,  /* a machine is mounted there, and answers */
	MOUNTPOINT_STALE, /* a machine's daemon died and left its mount behind */
	MOUNTPOINT_OTHER, /* something else is mounted there */
};

/** mountpoint_path() - @dir as an absolute path without links, also when a dead mount is there.
 * 0 or -errno. */
int mountpoint_path(const char *dir, char path[PATH_MAX]);
enum mountpoint_state mountpoint_state(const char *path);
/** mountpoint_unmount() - 0 or -errno. @lazy: also when it is busy. */
int mountpoint_unmount(const char *path, bool lazy);

#endif
