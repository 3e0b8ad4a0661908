/*
 * mmanfs mount, umount: a machine at a directory, in the background.
 */
#include "fs/cmd_common.h"
#include "fs/daemon.h"
#include "fs/hold.h"
#include "fs/mountpoint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

/* A daemon that was killed leaves mounts behind, one for each time it was started anew. */
#define STALE_MAX 16

int check_fuse_options(const struct options *o)
{
	static const char *const known[] = { "allow_other", "allow_root", "ro", "rw",
					     "default_permissions" };
	const char *at = o->fuse_options;
	size_t length, i;

	for (; at && *at; at += length + (at[length] == ',')) {
		length = strcspn(at, ",");
		for (i = 0; i < ARRAY_SIZE(known); i++)
			if (strlen(known[i]) == length && !strncmp(at, known[i], length))
				break;
		if (i == ARRAY_SIZE(known))
			return complain(o, EX_USAGE, "unknown mount option '%.*s'", (int)length,
					at);
	}
	return 0;
}

static int clear_stale(const struct options *o, const char *path)
{
	int i, error = 0;

	for (i = 0; i < STALE_MAX && mountpoint_state(path) == MOUNTPOINT_STALE; i++) {
		error = mountpoint_unmount(path, true);
		if (error)
			return complain(o, EX_UNAVAILABLE,
					"%s: a dead mount is there, and it cannot be removed: %s",
					path, strerror(-error));
	}
	return 0;
}

/* Can a machine be mounted at @dir? Fills in its absolute path. */
static int check_directory(const struct options *o, const char *dir, char path[PATH_MAX])
{
	struct stat st;
	int error = mountpoint_path(dir, path), status;

	if (error)
		return complain(o, error == -EACCES ? EX_NOPERM : EX_NOINPUT, "%s: %s", dir,
				strerror(-error));
	status = clear_stale(o, path);
	if (status)
		return status;
	if (mountpoint_state(path) == MOUNTPOINT_LIVE)
		return complain(o, EX_UNAVAILABLE, "%s: a machine is mounted there already", dir);
	if (stat(path, &st))
		return complain(o, errno == EACCES ? EX_NOPERM : EX_NOINPUT, "%s: %s", dir,
				strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return complain(o, EX_NOINPUT, "%s: %s", dir, strerror(ENOTDIR));
	if (geteuid() && access(path, W_OK | X_OK))
		return complain(o, EX_NOPERM, "%s: %s: it takes a directory of your own", dir,
				strerror(errno));
	return 0;
}

struct mount_run {
	struct daemon daemon;
	struct powered machine;
	bool foreground;
};

static void is_ready(void *arg)
{
	struct mount_run *run = arg;

	if (!run->foreground)
		daemon_detach();
	daemon_ready(&run->daemon);
}

static int serve(const struct options *o, struct mount_run *run, const char *path)
{
	struct mount_options options = {
		.dir = path, .fuse_options = o->fuse_options, .ready = is_ready, .arg = run
	};
	int status;

	hold_mountpoint(path);
	status = power_on(o, false, &run->machine);
	if (status)
		return status;
	status = mount_serve(run->machine.m, run->machine.tree, &options);
	power_off(&run->machine);
	return status;
}

int cmd_mount(const struct options *o)
{
	struct mount_run run = { .daemon = { .pipe = -1 }, .foreground = o->foreground };
	char path[PATH_MAX];
	int status = check_fuse_options(o), forked;

	if (!status)
		status = check_directory(o, o->args[0], path);
	if (status)
		return status;
	if (o->foreground)
		return serve(o, &run, path);

	forked = daemon_fork(&run.daemon);
	if (forked < 0)
		return complain(o, EX_OSERR, "%s", strerror(-forked));
	if (forked)
		return daemon_wait(&run.daemon);
	return serve(o, &run, path);
}

int cmd_umount(const struct options *o)
{
	char path[PATH_MAX];
	int error = mountpoint_path(o->args[0], path);

	if (error)
		return complain(o, EX_NOINPUT, "%s: %s", o->args[0], strerror(-error));
	switch (mountpoint_state(path)) {
	case MOUNTPOINT_NONE:
	case MOUNTPOINT_OTHER:
		return complain(o, EX_NOINPUT, "%s: no machine is mounted there", o->args[0]);
	case MOUNTPOINT_STALE:
		error = mountpoint_unmount(path, true);
		break;
	case MOUNTPOINT_LIVE:
		error = mountpoint_unmount(path, false);
		break;
	}
	if (error)
		return complain(o, error == -EBUSY ? EX_TEMPFAIL : EX_NOPERM, "%s: %s", o->args[0],
				error == -EBUSY ? "somebody still uses it" : strerror(-error));
	/* its journal and its --disk are complete then */
	hold_wait(path);
	return 0;
}
