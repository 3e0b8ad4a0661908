/*
 * What is mounted where. Read from /proc/self/mountinfo: to look at a dead mount itself gives no
 * more than an error, and at a hung one would hang.
 */
#include "fs/mountpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define FSTYPE "fuse.mmanfs"

int mountpoint_path(const char *dir, char path[PATH_MAX])
{
	char *copy, *above, parent[PATH_MAX];
	int error = 0;

	if (realpath(dir, path))
		return 0;
	if (errno != ENOTCONN && errno != ECONNABORTED && errno != EIO)
		return -errno;

	/* a dead mount: all but the last name can be resolved */
	copy = strdup(dir);
	above = strdup(dir);
	if (!copy || !above)
		error = -ENOMEM;
	else if (!realpath(dirname(above), parent))
		error = -errno;
	else if (snprintf(path, PATH_MAX, "%s/%s", strcmp(parent, "/") ? parent : "",
			  basename(copy)) >= PATH_MAX)
		error = -ENAMETOOLONG;
	free(copy);
	free(above);
	return error;
}

/* "\040" and its like in a path of mountinfo. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++, to++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] && s[3]) {
			*to = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*to = *s;
		}
	}
	*to = '\0';
}

/* The type of what is mounted on top at @path; false: nothing is. */
static bool mounted_type(const char *path, char type[64])
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char *line = NULL, *where, *after;
	size_t size = 0;
	bool found = false;
	int at;

	if (!f)
		return false;
	while (getline(&line, &size, f) > 0) {
		at = 0;
		sscanf(line, "%*s %*s %*s %*s %n", &at);
		where = line + at;
		after = strchr(where, ' ');
		if (!at || !after)
			continue;
		*after = '\0';
		unescape(where);
		after = strstr(after + 1, " - ");
		if (!after || strcmp(where, path))
			continue;
		/* the last line for a path is what is on top */
		found = sscanf(after, " - %63s", type) == 1;
	}
	free(line);
	fclose(f);
	return found;
}

enum mountpoint_state mountpoint_state(const char *path)
{
	char type[64];
	struct statfs st;

	if (!mounted_type(path, type))
		return MOUNTPOINT_NONE;
	if (strcmp(type, FSTYPE))
		return MOUNTPOINT_OTHER;
	/* not stat(2): the kernel may know the answer to that still */
	if (statfs(path, &st) && (errno == ENOTCONN || errno == ECONNABORTED))
		return MOUNTPOINT_STALE;
	return MOUNTPOINT_LIVE;
}

/* fusermount3 may unmount what an ordinary user mounted. */
static int run_fusermount(const char *path, bool lazy)
{
	const char *const argv[] = { "fusermount3", "-u", "-q", lazy ? "-z" : "--", path, NULL };
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return -errno;
	if (!pid) {
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	return WIFEXITED(status) && WEXITSTATUS(status) == 127 ? -ENOENT : -EBUSY;
}

int mountpoint_unmount(const char *path, bool lazy)
{
	if (!umount2(path, lazy ? MNT_DETACH : 0))
		return 0;
	return errno == EPERM ? run_fusermount(path, lazy) : -errno;
}
