/*
 * Who a visitor is, and the small directory under proc/ that a visitor finds by its own number.
 *
 * The directory is as a process's: what a program reads of itself, so that ps, top, libnuma, a
 * shell and their like work. Owner: the visitor.
 */
#include "fs/visitor_internal.h"

#include "fs/gate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CACHE_NS (100 * NSEC_PER_MSEC)

/* --- The host's /proc --- */

static int host_open(u32 host_tid, const char *name, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/%s", host_tid, name);
	return open(path, flags | O_CLOEXEC);
}

int visitor_host_file(u32 host_tid, const char *name, struct text *out)
{
	int fd = host_open(host_tid, name, O_RDONLY), error = 0;
	ssize_t n;
	char *to;

	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	do {
		to = text_reserve(out, 4096);
		n = to ? read(fd, to, 4096) : -1;
		if (n > 0)
			out->length += (size_t)n;
		else if (n < 0)
			error = to ? -errno : -ENOMEM;
	} while (n > 0);
	close(fd);
	return error;
}

int visitor_host_link(u32 host_tid, const char *name, struct text *out)
{
	char path[64], *to = text_reserve(out, 4096);
	ssize_t n;

	if (!to)
		return -ENOMEM;
	snprintf(path, sizeof(path), "/proc/%u/%s", host_tid, name);
	n = readlink(path, to, 4095);
	if (n < 0)
		return -errno;
	out->length += (size_t)n;
	return 0;
}

unsigned int status_numbers(const char *status, const char *key, u32 *numbers, unsigned int max)
{
	const char *at = status;
	size_t length = strlen(key);
	unsigned int n = 0;
	char *end;

	while (at && (strncmp(at, key, length) || at[length] != ':')) {
		at = strchr(at, '\n');
		if (at)
			at++;
	}
	if (!at)
		return 0;
	at += length + 1;
	while (n < max) {
		at += strspn(at, " \t");
		if (*at < '0' || *at > '9')
			break;
		numbers[n++] = (u32)strtoul(at, &end, 10);
		at = end;
	}
	return n;
}

/* --- Who --- */

static void read_numbers(u32 host_tid, struct visitor *v)
{
	u32 numbers[NAMESPACES_MAX];
	struct text status;
	unsigned int n;

	*v = (struct visitor){ .host_tid = host_tid };
	text_init(&status);
	if (!visitor_host_file(host_tid, "status", &status)) {
		text_char(&status, '\0');
		if (!text_error(&status)) {
			status_numbers(status.data, "Tgid", &v->host_pid, 1);
			/* one number for each namespace, the innermost last */
			n = status_numbers(status.data, "NStgid", numbers, NAMESPACES_MAX);
			v->pid = n ? numbers[n - 1] : v->host_pid;
			n = status_numbers(status.data, "NSpid", numbers, NAMESPACES_MAX);
			v->tid = n ? numbers[n - 1] : host_tid;
		}
	}
	text_free(&status);
}

u32 visitor_number(u32 host_pid)
{
	struct visitor v;

	read_numbers(host_pid, &v);
	return v.host_pid == host_pid ? v.pid : 0;
}

void visitor_resolve(struct visitor_cache *cache, struct caller *c)
{
	struct visitor *v = &cache->slot[c->host_tid % VISITOR_CACHE];
	u64 now = host_ns();

	if (!c->host_tid) /* from outside our PID namespace: it has no number here */
		return;
	if (v->host_tid != c->host_tid || now - v->since > CACHE_NS) {
		read_numbers(c->host_tid, v);
		v->since = now;
	}
	c->host_pid = v->host_pid;
	c->tid = v->tid;
	c->pid = v->pid;
}

int visitor_self(const struct request *rq, struct text *out)
{
	if (!rq->caller->pid)
		return -ENOENT;
	text_u64(out, rq->caller->pid);
	return 0;
}

int visitor_thread_self(const struct request *rq, struct text *out)
{
	if (!rq->caller->pid)
		return -ENOENT;
	text_u64(out, rq->caller->pid);
	text_str(out, "/task/");
	text_u64(out, rq->caller->tid);
	return 0;
}

/* A decimal number as the kernel writes it, or 0. */
static u32 parse_number(const char *name)
{
	char *end;
	unsigned long n;

	if (name[0] < '1' || name[0] > '9')
		return 0;
	n = strtoul(name, &end, 10);
	return *end || n > INT32_MAX ? 0 : (u32)n;
}

int visitor_lookup(const struct request *rq, const char *name, struct entry *out)
{
	u32 number = parse_number(name);

	if (!number || (number != rq->caller->pid && number != rq->caller->tid))
		return -ENOENT;
	*out = (struct entry){
		.dir = &visitor_directory,
		.object = number == rq->caller->pid ? rq->caller->host_pid : rq->caller->host_tid,
	};
	return 0;
}

int visitor_lookup_mate(const struct request *rq, const char *name, struct entry *out)
{
	u32 number = parse_number(name),
	    host_pid = number ? visitor_find_mate(rq->caller, number) : 0;

	if (!host_pid)
		return -ENOENT;
	*out = (struct entry){ .dir = &visitor_directory, .object = host_pid };
	return 0;
}

void visitor_list(const struct request *rq, struct dir_emit *e, u64 next_position)
{
	struct entry entry = { .dir = &visitor_directory };
	struct caller c = *rq->caller;
	struct visitor v;
	char name[16];

	if (!c.host_tid)
		return;
	/* who lists a directory has not been asked for his numbers yet */
	read_numbers(c.host_tid, &v);
	c.host_pid = v.host_pid;
	c.pid = v.pid;
	if (!visitor_is_listed(&c))
		return;
	entry.object = c.host_pid;
	snprintf(name, sizeof(name), "%u", c.pid);
	e->emit(e, name, &entry, next_position);
}

bool visitor_exists(const struct request *rq)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u", (u32)rq->object);
	return !access(path, F_OK);
}

/* The directory is found only by its owner. */
static u32 visitor_owner_uid(const struct request *rq)
{
	return rq->caller->uid;
}

static u32 visitor_owner_gid(const struct request *rq)
{
	return rq->caller->gid;
}

/* --- Files that the host has as they should be --- */

static int host_show(const struct request *rq, struct text *out)
{
	return visitor_host_file((u32)rq->object, rq->attr->name, out);
}

static int host_link_show(const struct request *rq, struct text *out)
{
	return visitor_host_link((u32)rq->object, rq->attr->name, out);
}

static ssize_t host_pread(const struct request *rq, char *buffer, size_t size, u64 offset)
{
	int fd = host_open((u32)rq->object, rq->attr->name, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = pread(fd, buffer, size, (off_t)offset);
	if (n < 0)
		n = -errno;
	close(fd);
	return n;
}

static ssize_t host_write(const struct request *rq, const char *data, size_t size)
{
	int fd = host_open((u32)rq->object, rq->attr->name, O_WRONLY);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, data, size);
	if (n < 0)
		n = -errno;
	close(fd);
	return n;
}

static ssize_t comm_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	(void)offset;
	return host_write(rq, data, size);
}

/* The daemon may have more rights than the visitor, who may only raise his own badness. */
static ssize_t oom_adj_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	struct text old;
	char text[16] = "";
	long was;

	(void)offset;
	if (rq->caller->uid) {
		text_init(&old);
		if (visitor_host_file((u32)rq->object, rq->attr->name, &old))
			text_reset(&old);
		text_char(&old, '\0');
		was = text_error(&old) ? 1000 : strtol(old.data, NULL, 10);
		text_free(&old);
		memcpy(text, data, min_t(size_t, size, sizeof(text) - 1));
		if (strtol(text, NULL, 0) < was)
			return -EACCES;
	}
	return host_write(rq, data, size);
}

static int cgroup_show(const struct request *rq, struct text *out)
{
	(void)rq;
	text_str(out, "0::/\n");
	return 0;
}

/* --- Directories of numbers: fd/ and task/ --- */

static int parse_child(u32 host_tid, const char *dir, const char *name, u32 *number)
{
	char path[64];
	char *end;

	*number = (u32)strtoul(name, &end, 10);
	if (name[0] < '0' || name[0] > '9' || *end)
		return -ENOENT;
	snprintf(path, sizeof(path), "/proc/%u/%s/%u", host_tid, dir, *number);
	return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) ? -ENOENT : 0;
}

/* Calls @emit for each number in the host's directory, from @position on, smallest first as the
 * host lists them. */
static int list_numbers(u32 host_tid, const char *name, u64 position, struct dir_emit *e,
			bool (*emit)(u32 host_tid, u32 number, struct dir_emit *e))
{
	int fd = host_open(host_tid, name, O_RDONLY | O_DIRECTORY);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	u32 number;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return -EACCES;
	}
	while ((entry = readdir(dir))) {
		number = (u32)strtoul(entry->d_name, NULL, 10);
		if (entry->d_name[0] == '.' || number < position)
			continue;
		if (!emit(host_tid, number, e))
			break;
	}
	closedir(dir);
	return 0;
}

/* An object of fd/ is (descriptor, host thread). */
static int fd_link_show(const struct request *rq, struct text *out)
{
	char name[32];

	snprintf(name, sizeof(name), "fd/%u", object_generation(rq->object));
	return visitor_host_link(object_number(rq->object), name, out);
}

static const struct attribute fd_rows[] = {
	{ .name = "fd", .mode = S_IFLNK | 0777, .size = 64, .show = fd_link_show },
};

static const struct directory fd_links = {
	.name = "proc/VISITOR/fd/N",
	.attrs = fd_rows,
	.nr_attrs = ARRAY_SIZE(fd_rows),
	.rows_only = true,
	.owner_uid = visitor_owner_uid,
	.owner_gid = visitor_owner_gid,
};

static struct entry fd_entry(u32 host_tid, u32 number)
{
	return (struct entry){ .attr = &fd_rows[0],
			       .owner = &fd_links,
			       .object = object_pack(host_tid, number) };
}

static int fd_lookup(const struct request *rq, const char *name, struct entry *out)
{
	u32 number;
	int error = parse_child((u32)rq->object, "fd", name, &number);

	if (!error)
		*out = fd_entry((u32)rq->object, number);
	return error;
}

static bool emit_fd(u32 host_tid, u32 number, struct dir_emit *e)
{
	struct entry entry = fd_entry(host_tid, number);
	char name[16];

	snprintf(name, sizeof(name), "%u", number);
	return e->emit(e, name, &entry, (u64)number + 1);
}

static int fd_iterate(const struct request *rq, u64 position, struct dir_emit *e)
{
	return list_numbers((u32)rq->object, "fd", position, e, emit_fd);
}

static const struct directory *const fd_dynamic[] = { &fd_links, NULL };

static const struct directory fd_directory = {
	.name = "proc/VISITOR/fd",
	.mode = 0500,
	.dynamic = fd_dynamic,
	.lookup = fd_lookup,
	.iterate = fd_iterate,
	.exists = visitor_exists,
	.owner_uid = visitor_owner_uid,
	.owner_gid = visitor_owner_gid,
};

static const struct directory thread_directory;

/* The number that the visitor itself knows one of its threads by. */
static u32 thread_number(u32 host_tid)
{
	struct visitor v;

	read_numbers(host_tid, &v);
	return v.tid;
}

struct thread_search {
	struct dir_emit emit;
	u32 wanted, found;
};

static bool compare_thread(u32 host_tid, u32 number, struct dir_emit *e)
{
	struct thread_search *s = e->arg;

	(void)host_tid;
	if (thread_number(number) == s->wanted)
		s->found = number;
	return !s->found;
}

static int task_lookup(const struct request *rq, const char *name, struct entry *out)
{
	struct thread_search s = { .wanted = parse_number(name) };

	s.emit.arg = &s;
	if (s.wanted)
		list_numbers((u32)rq->object, "task", 0, &s.emit, compare_thread);
	if (!s.found)
		return -ENOENT;
	*out = (struct entry){ .dir = &thread_directory, .object = s.found };
	return 0;
}

static bool emit_thread(u32 host_tid, u32 number, struct dir_emit *e)
{
	struct entry entry = { .dir = &thread_directory, .object = number };
	char name[16];

	(void)host_tid;
	snprintf(name, sizeof(name), "%u", thread_number(number));
	return e->emit(e, name, &entry, (u64)number + 1);
}

static int task_iterate(const struct request *rq, u64 position, struct dir_emit *e)
{
	return list_numbers((u32)rq->object, "task", position, e, emit_thread);
}

static const struct directory *const task_dynamic[] = { &thread_directory, NULL };

static const struct directory task_directory = {
	.name = "proc/VISITOR/task",
	.mode = 0555,
	.dynamic = task_dynamic,
	.lookup = task_lookup,
	.iterate = task_iterate,
	.exists = visitor_exists,
	.owner_uid = visitor_owner_uid,
	.owner_gid = visitor_owner_gid,
};

/* --- The directory --- */

#define HOST_FILE(_name, _mode)                                 \
	{                                                       \
		.name = _name, .mode = _mode, .show = host_show \
	}
#define HOST_LINK(_name)                                                      \
	{                                                                     \
		.name = _name, .mode = S_IFLNK | 0777, .show = host_link_show \
	}

/* The same for the process and for each of its threads. */
static const struct attribute visitor_attrs[] = {
	{ .name = "stat", .mode = 0444, .show = visitor_stat_show },
	{ .name = "status", .mode = 0444, .show = visitor_status_show },
	{ .name = "mounts", .mode = 0444, .show = visitor_mounts_show },
	{ .name = "mountinfo", .mode = 0444, .show = visitor_mountinfo_show },
	{ .name = "cgroup", .mode = 0444, .show = cgroup_show },
	{ .name = "comm",
	  .mode = 0644,
	  .show = host_show,
	  .store = comm_store,
	  .flags = ATTR_NO_JOURNAL },
	{ .name = "oom_adj",
	  .mode = 0644,
	  .show = host_show,
	  .store = oom_adj_store,
	  .flags = ATTR_NO_JOURNAL },
	{ .name = "oom_score_adj",
	  .mode = 0644,
	  .show = host_show,
	  .store = oom_adj_store,
	  .flags = ATTR_NO_JOURNAL },
	{ .name = "auxv", .mode = 0400, .pread = host_pread, .flags = ATTR_POSITIONAL },
	HOST_FILE("statm", 0444),
	HOST_FILE("cmdline", 0444),
	HOST_FILE("environ", 0400),
	HOST_FILE("limits", 0444),
	HOST_FILE("maps", 0444),
	HOST_FILE("smaps", 0444),
	HOST_FILE("smaps_rollup", 0444),
	HOST_FILE("io", 0400),
	HOST_FILE("oom_score", 0444),
	HOST_FILE("personality", 0400),
	HOST_FILE("schedstat", 0444),
	HOST_FILE("wchan", 0444),
	HOST_FILE("loginuid", 0444),
	HOST_FILE("sessionid", 0444),
	HOST_FILE("uid_map", 0444),
	HOST_FILE("gid_map", 0444),
	HOST_FILE("setgroups", 0444),
	HOST_LINK("exe"),
	HOST_LINK("cwd"),
	HOST_LINK("root"),
};

static const struct subdirectory visitor_subdirs[] = {
	{ .name = "fd", .dir = &fd_directory },
	{ .name = "net", .dir = &visitor_net_directory },
	{ .name = "task", .dir = &task_directory },
};

const struct directory visitor_directory = {
	.name = "proc/VISITOR",
	.mode = 0555,
	.attrs = visitor_attrs,
	.nr_attrs = ARRAY_SIZE(visitor_attrs),
	.subdirs = visitor_subdirs,
	.nr_subdirs = ARRAY_SIZE(visitor_subdirs),
	.exists = visitor_exists,
	.owner_uid = visitor_owner_uid,
	.owner_gid = visitor_owner_gid,
};

static const struct directory thread_directory = {
	.name = "proc/VISITOR/task/TID",
	.mode = 0555,
	.attrs = visitor_attrs,
	.nr_attrs = ARRAY_SIZE(visitor_attrs),
	.subdirs = visitor_subdirs, /* fd and net */
	.nr_subdirs = 2,
	.exists = visitor_exists,
	.owner_uid = visitor_owner_uid,
	.owner_gid = visitor_owner_gid,
};
