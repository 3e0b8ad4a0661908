/*
 * memory.c - the memory and the paths of a caller whose call is stopped.
 *
 * Both are read while the call waits; afterwards the call must still be there, or what was read may
 * be another process's under the same number. The program's own threads can change them meanwhile:
 * the answer is made of the copy and of nothing read again.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fs/exec/session.h"

static int still_there(const struct exec_view *view)
{
	uint64_t id = view->id;

	return ioctl(view->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) < 0 ? -ESRCH : 0;
}

static int read_all(pid_t tid, uint64_t addr, void *to, size_t size)
{
	struct iovec local = { to, size }, remote = { (void *)(uintptr_t)addr, size };

	return process_vm_readv(tid, &local, 1, &remote, 1, 0) == (ssize_t)size ? 0 : -EFAULT;
}

int exec_read(void *ctx, pid_t tid, uint64_t addr, void *to, size_t size)
{
	int rc = size ? read_all(tid, addr, to, size) : 0;
	int gone = still_there(ctx);

	return gone ? gone : rc;
}

int exec_write(void *ctx, pid_t tid, uint64_t addr, const void *from, size_t size)
{
	struct iovec local = { (void *)(uintptr_t)from, size },
		     remote = { (void *)(uintptr_t)addr, size };
	int gone = still_there(ctx);

	if (gone)
		return gone;
	return process_vm_writev(tid, &local, 1, &remote, 1, 0) == (ssize_t)size ? 0 : -EFAULT;
}

/* Page by page, as what lies behind the text may not be there. */
int exec_read_text(void *ctx, pid_t tid, uint64_t addr, char *to, size_t size)
{
	const size_t page = 4096;
	size_t done = 0;
	int gone;

	while (done < size) {
		size_t n = page - (size_t)((addr + done) % page);

		n = n < size - done ? n : size - done;
		if (read_all(tid, addr + done, to + done, n))
			break;
		if (memchr(to + done, '\0', n)) {
			gone = still_there(ctx);
			return gone;
		}
		done += n;
	}
	gone = still_there(ctx);
	return gone ? gone : done < size ? -EFAULT : -ENAMETOOLONG;
}

/* --- Paths --- */

static bool read_link(const struct exec_view *view, pid_t tid, const char *name, char *to)
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "%d/%s", tid, name);
	n = readlinkat(view->proc, path, to, PATH_MAX - 1);
	to[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* @path behind @base without "." and "..", by the names alone: links on the way are not
 * followed. */
static bool normalize(const char *base, const char *path, char *to)
{
	const char *parts[] = { *path == '/' ? "" : base, path };
	size_t used = 0;

	for (int i = 0; i < 2; i++) {
		const char *at = parts[i];

		while (*at) {
			size_t n = strcspn(at, "/");

			if (n == 2 && !memcmp(at, "..", 2)) {
				while (used > 0 && to[--used] != '/')
					;
			} else if (n > 0 && !(n == 1 && *at == '.')) {
				if (used + 1 + n >= PATH_MAX)
					return false;
				to[used++] = '/';
				memcpy(to + used, at, n);
				used += n;
			}
			at += n;
			at += *at == '/';
		}
	}
	to[used] = '\0';
	return true;
}

/* The rest of @path if it is @prefix or lies below it. */
static const char *below(const char *path, const char *prefix)
{
	size_t n = strlen(prefix);

	if (strncmp(path, prefix, n) || (path[n] && path[n] != '/'))
		return NULL;
	return path + n + (path[n] == '/');
}

static bool in_tree(const struct exec_session *s, const char *path, char *to)
{
	static const char *const bound[] = { "proc", "sys" };
	const char *rest = below(path, s->dir);
	char prefix[8];

	if (rest)
		return snprintf(to, PATH_MAX, "%s", rest) < PATH_MAX;
	for (int i = 0; i < 2; i++) {
		snprintf(prefix, sizeof(prefix), "/%s", bound[i]);
		rest = below(path, prefix);
		if (rest)
			return snprintf(to, PATH_MAX, "%s%s%s", bound[i], *rest ? "/" : "", rest) <
			       PATH_MAX;
	}
	return false;
}

/* Links of the tree that lead out of it are the kernel's to follow: 0. */
static int look_up(const struct exec_view *view, const char *at)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
	long fd = syscall(SYS_openat2, view->tree, *at ? at : ".", &how, sizeof(how));

	if (fd >= 0)
		close((int)fd);
	return fd >= 0 ? 1 : errno == ENOENT || errno == ENOTDIR ? -errno : 0;
}

/*
 * Is what the caller has open on the mount that we were started for? A name is no proof: a folder
 * of the host's /proc that was inherited has the same. The file system is not asked: it may be one
 * that waits for the command.
 */
static bool is_ours(const struct exec_view *view, pid_t tid, int fd)
{
	char path[48];
	struct statx st;

	snprintf(path, sizeof(path), "%d/fd/%d", tid, fd);
	return statx(view->proc, path, AT_STATX_DONT_SYNC, STATX_TYPE, &st) == 0 &&
	       (uint32_t)makedev(st.stx_dev_major, st.stx_dev_minor) == view->session->identity;
}

int exec_locate(void *ctx, pid_t tid, int fd, const char *path, char *to)
{
	const struct exec_view *view = ctx;
	char base[PATH_MAX] = "", link[32], full[PATH_MAX];
	int gone;

	if (view->tree < 0 || !read_link(view, tid, "root", base) || strcmp(base, "/") != 0)
		return 0;
	if (!path) {
		if (!is_ours(view, tid, fd))
			return 0;
		snprintf(link, sizeof(link), "fd/%d", fd);
		path = "";
	} else {
		strcpy(link, "cwd");
	}
	if (*path != '/' && !read_link(view, tid, link, base))
		return 0;
	gone = still_there(view);
	if (gone)
		return gone;
	if (!normalize(base, path, full) || !in_tree(view->session, full, to))
		return 0;
	return look_up(view, to);
}
