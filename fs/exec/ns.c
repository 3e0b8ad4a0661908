/*
 * ns.c - the namespaces of a session: who is root in it, what is mounted, how processes are
 * numbered.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>

#include "fs/exec/session.h"

/* Linux 5.2; newer than some headers. */
#ifndef SYS_open_tree
#define SYS_open_tree  428
#define SYS_move_mount 429
#endif
#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif
#ifndef MOVE_MOUNT_F_EMPTY_PATH
#define MOVE_MOUNT_F_EMPTY_PATH 4
#endif

/*
 * Real processes of a session are numbered from here on, so that they do not share numbers with
 * simulated ones, which count from 1 as on any machine.
 */
#define FIRST_PID 4000000L

static int write_file(int dir, const char *path, const char *text)
{
	int fd = openat(dir, path, O_WRONLY | O_CLOEXEC);
	ssize_t written;
	int error;

	if (fd < 0)
		return -errno;
	written = write(fd, text, strlen(text));
	error = written < 0 ? -errno : 0;
	close(fd);
	return error;
}

/* One id each is all that an ordinary user may map. */
static int map_ids(const struct exec_session *s)
{
	char map[64];
	int rc;

	/* Without this, a group could be dropped that a file's mode holds against the user. */
	rc = write_file(AT_FDCWD, "/proc/self/setgroups", "deny");
	if (rc < 0 && rc != -ENOENT)
		return rc;
	snprintf(map, sizeof(map), "%u %u 1", s->inner_gid, s->outer_gid);
	rc = write_file(AT_FDCWD, "/proc/self/gid_map", map);
	if (rc < 0)
		return rc;
	snprintf(map, sizeof(map), "%u %u 1", s->inner_uid, s->outer_uid);
	return write_file(AT_FDCWD, "/proc/self/uid_map", map);
}

/*
 * A real /proc of the new PID namespace, for the supervisor alone: mounted, opened, and taken away
 * again. The descriptor keeps it.
 */
static int open_own_proc(void)
{
	int fd, error;

	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return -errno;
	fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	error = fd < 0 ? -errno : 0;
	if (umount2("/proc", MNT_DETACH) < 0 && error == 0)
		error = -errno;
	if (error < 0 && fd >= 0)
		close(fd);
	return error < 0 ? error : fd;
}

/*
 * The next process gets a high number. Since Linux 6.14 a namespace has a pid_max of its own, which
 * starts at the greatest there is; before, the host's counts, and that may be 32768. Then the upper
 * quarter is the best to be had: a machine of simulated processes seldom reaches it, and a session
 * can start thousands before the numbers begin again from below. Should a number be used twice
 * after all, an own process comes before a simulated one.
 */
static int number_high(int proc)
{
	char text[32] = "";
	int fd = openat(proc, "sys/kernel/pid_max", O_RDONLY | O_CLOEXEC);
	long pid_max, first;
	ssize_t len;

	if (fd < 0)
		return -errno;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0)
		return -EIO;
	pid_max = strtol(text, NULL, 10);
	first = pid_max > FIRST_PID + FIRST_PID / 100 ? FIRST_PID : pid_max - pid_max / 4;
	snprintf(text, sizeof(text), "%ld", first - 1);
	return write_file(proc, "sys/kernel/ns_last_pid", text);
}

static int bind_one(const struct exec_session *s, const char *from, const char *to)
{
	char path[PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s/%s", s->dir, from);
	if (mount(path, to, NULL, MS_BIND, NULL) < 0)
		return exec_complain(EX_UNAVAILABLE, "%s cannot be put over %s: %s", path, to,
				     strerror(errno));
	return 0;
}

/* Puts the link @name of @dir over the one in /dev, which a mount(2) would follow. */
static void cover_link(int dir, const char *name)
{
	char path[16];
	int fd = (int)syscall(SYS_open_tree, dir, name,
			      OPEN_TREE_CLONE | AT_SYMLINK_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return;
	snprintf(path, sizeof(path), "/dev/%s", name);
	(void)syscall(SYS_move_mount, fd, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH);
	close(fd);
}

/* @dir: DIR/dev/fd, in which proc is a real one */
static void cover_links(const struct exec_session *s, int dir)
{
	static const char *const links[] = { "fd", "stdin", "stdout", "stderr" };
	char target[PATH_MAX + 32];
	size_t i;

	for (i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		snprintf(target, sizeof(target), "%s/dev/fd/proc/self/fd", s->dir);
		if (i > 0)
			snprintf(target + strlen(target), 4, "/%zu", i - 1);
		if (symlinkat(target, dir, links[i]) == 0)
			cover_link(dir, links[i]);
	}
}

/*
 * /dev/fd leads to /proc/self/fd, but no link of the tree can lead to a pipe. So a real /proc, with
 * nothing but the processes of the session, stands in DIR/dev/fd, and /dev's links lead there. A
 * host that does not let us has to do without.
 */
static void open_descriptors(const struct exec_session *s)
{
	static const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
	char path[PATH_MAX + 32];
	int dir;

	snprintf(path, sizeof(path), "%s/dev/fd", s->dir);
	if (mount("tmpfs", path, "tmpfs", flags, "mode=755,size=64k") < 0)
		return;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return;
	snprintf(path, sizeof(path), "%s/dev/fd/proc", s->dir);
	if (mkdirat(dir, "proc", 0555) == 0 &&
	    mount("proc", path, "proc", flags, "subset=pid") == 0)
		cover_links(s, dir);
	close(dir);
}

/* /proc last: the others may need it. */
static int bind_all(const struct exec_session *s)
{
	int status = bind_one(s, "sys", "/sys");

	if (status == 0 && s->has_kmsg && access("/dev/kmsg", F_OK) == 0)
		status = bind_one(s, "dev/kmsg", "/dev/kmsg");
	if (status == 0)
		status = bind_one(s, "proc", "/proc");
	if (status == 0)
		open_descriptors(s);
	return status;
}

const char *exec_ns_hint(void)
{
	static const struct {
		const char *path;
		char forbids;
		const char *hint;
	} switches[] = {
		{ "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", '1',
		  " (root may allow it: sysctl kernel.apparmor_restrict_unprivileged_userns=0)" },
		{ "/proc/sys/kernel/unprivileged_userns_clone", '0',
		  " (root may allow it: sysctl kernel.unprivileged_userns_clone=1)" },
		{ "/proc/sys/user/max_user_namespaces", '0',
		  " (root may allow it: sysctl user.max_user_namespaces=1000)" },
	};

	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		int fd = open(switches[i].path, O_RDONLY | O_CLOEXEC);
		char value = 0;

		if (fd < 0)
			continue;
		if (read(fd, &value, 1) != 1)
			value = 0;
		close(fd);
		if (value == switches[i].forbids)
			return switches[i].hint;
	}
	return "";
}

/*
 * What is mounted from here on stays in this namespace. In a chroot the root folder need not be a
 * mount of its own; then it is enough that the mounts we bind over are private.
 */
static int make_mounts_private(void)
{
	static const char *const covered[] = { "/proc", "/sys", "/dev" };
	size_t i;

	if (!mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return 0;
	if (errno != EINVAL)
		return -1;
	for (i = 0; i < sizeof(covered) / sizeof(covered[0]); i++)
		if (mount(NULL, covered[i], NULL, MS_REC | MS_PRIVATE, NULL))
			return -1;
	return 0;
}

int exec_ns_enter(const struct exec_session *s, int *proc)
{
	int rc;

	if (s->user_ns) {
		rc = map_ids(s);
		if (rc < 0)
			return exec_complain(
				EX_UNAVAILABLE,
				"this host does not let a user be root in a user namespace: %s",
				strerror(-rc));
	}
	if (make_mounts_private() < 0)
		return exec_complain(EX_UNAVAILABLE, "no private mounts on this host: %s%s",
				     strerror(errno), s->user_ns ? exec_ns_hint() : "");
	*proc = open_own_proc();
	if (*proc < 0)
		return exec_complain(EX_UNAVAILABLE, "the new PID namespace gets no /proc: %s%s",
				     strerror(-*proc),
				     s->user_ns ? " (a container that hides parts of /proc?)" : "");
	rc = number_high(*proc);
	if (rc < 0)
		return exec_complain(EX_UNAVAILABLE, "processes cannot be numbered from %ld: %s",
				     FIRST_PID, strerror(-rc));
	return bind_all(s);
}
