/*
 * disk_host.c - --disk DIR: files of sim/disk as ordinary files of the same names in DIR (disk.h).
 *
 * What is there when the machine starts is taken in, by name; what is done to sim/disk is done in
 * DIR at once, before the machine knows of it: whatever happens to the daemon, DIR is as the last
 * answered request left it. Only plain files and directories are seen; links, devices and the like
 * stay where they are and hold their directory against rmdir. Files and directories are opened
 * below DIR without following links, so that nothing outside is reached.
 */
#include "fs/sim/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/hold.h"

#define OPEN_MAX 64u /* descriptors kept for the next request */

/* A file that is open here. One whose name is gone stays so until the machine forgets it. */
struct host_file {
	handle_t inode; /* 0: unused */
	int fd;
	bool removed;
	u64 used;
};

struct disk_host {
	int dir;
	struct host_file *files;
	u32 nr, room;
	u64 now; /* counts requests */
};

static struct disk_host *host_of(struct machine *m)
{
	return m->backing_data;
}

/* ---- names below DIR ---- */

/*
 * The directory that holds @path ("/a/b/c": a/b), opened step by step; *@name: its last part. -1
 * and errno.
 */
static int open_parent(const struct disk_host *d, const char *path, const char **name)
{
	int fd = dup(d->dir), next;
	char part[DISK_NAME_MAX + 1];
	const char *end;

	for (path++; fd >= 0 && (end = strchr(path, '/')); path = end + 1, fd = next) {
		if ((size_t)(end - path) > DISK_NAME_MAX) {
			close(fd);
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(part, path, (size_t)(end - path));
		part[end - path] = '\0';
		next = openat(fd, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		close(fd);
	}
	*name = path;
	return fd;
}

static int open_path(const struct disk_host *d, const char *path)
{
	const char *name;
	int dir = open_parent(d, path, &name), fd = -1;

	if (dir < 0)
		return -1;
	fd = openat(dir, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	/* what may only be read is read; writing to it says EBADF */
	if (fd < 0 && (errno == EACCES || errno == EROFS))
		fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	close(dir);
	return fd;
}

/* ---- open files ---- */

static struct host_file *find_file(const struct disk_host *d, handle_t inode)
{
	u32 i;

	for (i = 0; i < d->nr; i++)
		if (d->files[i].inode == inode)
			return &d->files[i];
	return NULL;
}

/* A place for one more: an unused one, that of the file not used for the longest time, or a new
 * one. */
static struct host_file *new_file(struct disk_host *d)
{
	struct host_file *f = NULL;
	u32 i, named = 0;

	for (i = 0; i < d->nr; i++) {
		if (!d->files[i].inode)
			return &d->files[i];
		if (d->files[i].removed)
			continue;
		named++;
		if (!f || d->files[i].used < f->used)
			f = &d->files[i];
	}
	if (named >= OPEN_MAX) {
		close(f->fd);
		return f;
	}
	if (d->nr == d->room) {
		u32 room = d->room ? 2 * d->room : OPEN_MAX;

		f = realloc(d->files, room * sizeof(*f));
		if (!f)
			return NULL;
		d->files = f;
		d->room = room;
	}
	return &d->files[d->nr++];
}

/* The descriptor of @inode; -1 and errno. */
static int host_fd(struct machine *m, handle_t inode)
{
	struct disk_host *d = host_of(m);
	struct host_file *f = find_file(d, inode);
	int fd;

	if (!f) {
		fd = open_path(d, inode_path(m, inode));
		f = fd >= 0 ? new_file(d) : NULL;
		if (!f) {
			if (fd >= 0) {
				close(fd);
				errno = ENOMEM;
			}
			return -1;
		}
		*f = (struct host_file){ .inode = inode, .fd = fd };
	}
	f->used = ++d->now;
	return f->fd;
}

/* The name of @inode goes, or goes to another: keep what somebody has open. */
static int keep_open(struct machine *m, handle_t inode)
{
	struct host_file *f;

	if (inode_at(m, inode)->users > 1 && host_fd(m, inode) < 0)
		return -errno;
	f = find_file(host_of(m), inode);
	if (f)
		f->removed = true;
	return 0;
}

static void host_forget(struct machine *m, handle_t inode)
{
	struct host_file *f = find_file(host_of(m), inode);

	if (f) {
		close(f->fd);
		f->inode = 0;
		f->removed = false;
	}
}

/* ---- bytes ---- */

static ssize_t host_read(struct machine *m, handle_t inode, void *buffer, size_t size, u64 offset)
{
	int fd = host_fd(m, inode), error;

	if (fd < 0)
		return -errno;
	error = disk_read_fd(fd, buffer, size, (off_t)offset);
	return error ? error : (ssize_t)size;
}

static ssize_t host_write(struct machine *m, handle_t inode, const void *data, size_t size,
			  u64 offset)
{
	int fd = host_fd(m, inode), error;
	u64 old = inode_at(m, inode)->size;

	if (fd < 0)
		return -errno;
	error = disk_write_fd(fd, data, size, (off_t)offset);
	/* what was not taken as a whole is not there at all, behind the old end */
	if (error && offset + size > old && ftruncate(fd, (off_t)old))
		return error;
	return error ? error : (ssize_t)size;
}

static bool host_has_bytes(struct machine *m, handle_t inode, u64 index)
{
	char page[PAGE_SIZE] = { 0 };

	if (host_read(m, inode, page, sizeof(page), index << PAGE_SHIFT) < 0)
		return true;
	return page[0] || memcmp(page, page + 1, sizeof(page) - 1) != 0;
}

static int host_truncate(struct machine *m, handle_t inode, u64 size)
{
	int fd = host_fd(m, inode);

	return fd < 0 || ftruncate(fd, (off_t)size) ? -errno : 0;
}

static int host_clear(struct machine *m, handle_t inode, u64 offset, u64 size)
{
	int fd = host_fd(m, inode);

	return fd < 0 ? -errno : disk_clear_fd(fd, (off_t)offset, size);
}

/* ---- names ---- */

/* Its owner must be able to open it again, whatever mode the machine shows. */
static mode_t host_mode(const struct inode *i)
{
	return (i->mode & 0777) | (i->kind == INODE_DIRECTORY ? 0700 : 0600);
}

static int host_create(struct machine *m, handle_t inode)
{
	struct disk_host *d = host_of(m);
	const struct inode *i = inode_at(m, inode);
	const char *name;
	int dir = open_parent(d, inode_path(m, inode), &name), fd = 0, error = 0;

	if (dir < 0)
		return -errno;
	if (i->kind == INODE_DIRECTORY) {
		if (mkdirat(dir, name, host_mode(i)))
			error = -errno;
	} else {
		fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			    host_mode(i));
		if (fd < 0)
			error = -errno;
		else
			close(fd);
	}
	close(dir);
	return error;
}

static int host_remove(struct machine *m, handle_t inode)
{
	bool is_dir = inode_at(m, inode)->kind == INODE_DIRECTORY;
	const char *name;
	int error = is_dir ? 0 : keep_open(m, inode), dir;

	if (error)
		return error;
	dir = open_parent(host_of(m), inode_path(m, inode), &name);
	if (dir < 0)
		return -errno;
	if (unlinkat(dir, name, is_dir ? AT_REMOVEDIR : 0))
		error = errno == ENOENT ? 0 : -errno; /* somebody else removed it there */
	close(dir);
	return error;
}

static int host_rename(struct machine *m, handle_t inode, const char *path, handle_t target)
{
	struct disk_host *d = host_of(m);
	const char *from, *to;
	int error = 0, old, new;

	if (target && !inode_is_dir(m, target))
		error = keep_open(m, target);
	if (error)
		return error;
	old = open_parent(d, inode_path(m, inode), &from);
	if (old < 0)
		return -errno;
	new = open_parent(d, path, &to);
	if (new < 0 || renameat(old, from, new, to))
		error = -errno;
	close(old);
	if (new >= 0)
		close(new);
	return error;
}

static void host_setattr(struct machine *m, handle_t inode)
{
	const struct inode *i = inode_at(m, inode);
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = 0 } };
	const char *name;
	int dir = open_parent(host_of(m), inode_path(m, inode), &name);
	s64 ns = (s64)NSEC_PER_SEC;

	if (dir < 0)
		return;
	times[1].tv_sec = i->mtime / ns - (i->mtime % ns < 0);
	times[1].tv_nsec = (long)(i->mtime - times[1].tv_sec * ns);
	/* neither is worth an error: names and bytes are what counts */
	if (i->flags & INODE_LINKED && !fchmodat(dir, name, host_mode(i), 0))
		(void)!utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW);
	close(dir);
}

static void host_end(struct machine *m)
{
	struct disk_host *d = host_of(m);
	u32 i;

	for (i = 0; i < d->nr; i++)
		if (d->files[i].inode)
			close(d->files[i].fd);
	close(d->dir);
	free(d->files);
	free(d);
	m->backing = NULL;
	m->backing_data = NULL;
}

static const struct backing_ops host_ops = {
	.read = host_read,
	.write = host_write,
	.has_bytes = host_has_bytes,
	.truncate = host_truncate,
	.clear = host_clear,
	.forget = host_forget,
	.create = host_create,
	.remove = host_remove,
	.rename = host_rename,
	.setattr = host_setattr,
	.end = host_end,
};

static const struct backing_ops silent_ops = {
	.end = host_end,
};

void disk_host_silence(struct machine *m, bool silent)
{
	m->backing = silent ? &silent_ops : &host_ops;
}

bool disk_is_host(const struct machine *m)
{
	return m->backing == &host_ops;
}

int disk_host_attach(struct machine *m, const char *path)
{
	struct disk_host *d = calloc(1, sizeof(*d));
	int error;

	if (!d)
		return -ENOMEM;
	d->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->dir < 0 || faccessat(d->dir, ".", R_OK | W_OK | X_OK, AT_EACCESS))
		error = -errno;
	else
		error = hold_file(d->dir);
	if (error) {
		if (d->dir >= 0)
			close(d->dir);
		free(d);
		return error;
	}
	m->backing = &host_ops;
	m->backing_data = d;
	return 0;
}

/* Open files are known by handles: they are opened again by name. */
void disk_host_renumber(struct machine *m)
{
	struct disk_host *d = host_of(m);
	u32 i;

	for (i = 0; i < d->nr; i++)
		if (d->files[i].inode)
			close(d->files[i].fd);
	d->nr = 0;
}

int disk_host_scan(struct machine *m, const char *path, struct disk_found **found, u32 *nr)
{
	const char *name;
	struct dirent **list = NULL;
	int dir = *path ? open_parent(host_of(m), path, &name) : dup(host_of(m)->dir), sub, n, i;

	*found = NULL;
	*nr = 0;
	if (dir < 0)
		return -errno;
	sub = *path ? openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : dup(dir);
	close(dir);
	if (sub < 0)
		return -errno;
	n = scandirat(sub, ".", &list, NULL, alphasort);
	if (n > 0)
		*found = calloc((size_t)n, sizeof(**found));
	for (i = 0; i < n; i++) {
		struct disk_found *f = *found ? &(*found)[*nr] : NULL;
		struct stat st;

		if (f && strcmp(list[i]->d_name, ".") && strcmp(list[i]->d_name, "..") &&
		    !fstatat(sub, list[i]->d_name, &st, AT_SYMLINK_NOFOLLOW) &&
		    (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))) {
			snprintf(f->name, sizeof(f->name), "%s", list[i]->d_name);
			f->mode = st.st_mode;
			f->size = S_ISREG(st.st_mode) ? (u64)st.st_size : 0;
			f->blocks = ((u64)st.st_blocks * 512 + PAGE_SIZE - 1) >> PAGE_SHIFT;
			f->mtime = (s64)st.st_mtim.tv_sec * (s64)NSEC_PER_SEC + st.st_mtim.tv_nsec;
			++*nr;
		}
		free(list[i]);
	}
	free(list);
	close(sub);
	return n < 0 ? -errno : n && !*found ? -ENOMEM : 0;
}
