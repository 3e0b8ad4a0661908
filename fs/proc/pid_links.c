/*
 * The links of a process: cwd, root, exe, its open files, namespaces and mapped files. A program of
 * the laboratory has the three standard descriptors and works in the root.
 */
#include "fs/proc/pid.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FD_LINK_BYTES 64u

int pid_root_link_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	(void)t;
	text_char(out, '/');
	return 0;
}

int pid_exe_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	if (!t->mm || !t->exe)
		return -ENOENT;
	text_str(out, inode_path(rq->m, t->exe));
	return 0;
}

static bool has_mm(const struct request *rq)
{
	handle_t task = pid_task(rq);

	return task && task_at(rq->m, task)->mm;
}

/* What is common to the directories below: the process's object, its owner, its owner's alone. */
#define PRIVATE_DIRECTORY                                                             \
	.exists = pid_exists, .owner_uid = pid_owner_uid, .owner_gid = pid_owner_gid, \
	.permission = pid_ptrace_permission

/* ---- fd/ and fdinfo/ ---- */

static int fd_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	(void)t;
	text_str(out, "/dev/null");
	return 0;
}

static int fdinfo_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	(void)t;
	text_str(out, "pos:\t0\nflags:\t0100002\nmnt_id:\t24\nino:\t4\n");
	return 0;
}

#define FD(_name)                                                                              \
	{                                                                                      \
		.name = _name, .mode = S_IFLNK | 0777, .size = FD_LINK_BYTES, .show = fd_show, \
		.visible = has_mm                                                              \
	}
#define FDINFO(_name)                                                               \
	{                                                                           \
		.name = _name, .mode = 0444, .show = fdinfo_show, .visible = has_mm \
	}

static const struct attribute fd_attrs[] = { FD("0"), FD("1"), FD("2") };
static const struct attribute fdinfo_attrs[] = { FDINFO("0"), FDINFO("1"), FDINFO("2") };

const struct directory pid_fd_directory = {
	.name = "proc/PID/fd",
	.mode = 0500,
	.attrs = fd_attrs,
	.nr_attrs = ARRAY_SIZE(fd_attrs),
	PRIVATE_DIRECTORY,
};

const struct directory pid_fdinfo_directory = {
	.name = "proc/PID/fdinfo",
	.mode = 0555,
	.attrs = fdinfo_attrs,
	.nr_attrs = ARRAY_SIZE(fdinfo_attrs),
	PRIVATE_DIRECTORY,
};

/* ---- ns/ ---- */

/* Everybody is in the namespaces that the kernel starts with; their inode numbers are fixed. */
static int ns_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	(void)t;
	text_str(out, rq->attr->data);
	return 0;
}

#define NS(_name, target)                                                              \
	{                                                                              \
		.name = _name, .mode = S_IFLNK | 0777, .show = ns_show, .data = target \
	}

static const struct attribute ns_attrs[] = {
	NS("net", "net:[4026531840]"),
	NS("uts", "uts:[4026531838]"),
	NS("ipc", "ipc:[4026531839]"),
	NS("pid", "pid:[4026531836]"),
	NS("pid_for_children", "pid:[4026531836]"),
	NS("user", "user:[4026531837]"),
	NS("mnt", "mnt:[4026531841]"),
	NS("cgroup", "cgroup:[4026531835]"),
	NS("time", "time:[4026531834]"),
	NS("time_for_children", "time:[4026531834]"),
};

const struct directory pid_ns_directory = {
	.name = "proc/PID/ns",
	.mode = 0511,
	.attrs = ns_attrs,
	.nr_attrs = ARRAY_SIZE(ns_attrs),
	PRIVATE_DIRECTORY,
};

/* ---- map_files/: a link for each mapped file, named by its addresses ---- */

/* The object is the PID and a hash of the address where the mapping starts. */
static u64 map_object(const struct task *t, const struct vma *v)
{
	return object_pack(t->pid, (v->start >> PAGE_SHIFT) * 0x9e3779b97f4a7c15ull >> 42);
}

static handle_t map_vma(const struct request *rq)
{
	handle_t task = find_task_by_pid(rq->m, object_number(rq->object)), v;

	for (v = task ? pid_vma_first(rq->m, task_at(rq->m, task)) : 0; v;
	     v = vma_at(rq->m, v)->next)
		if (vma_at(rq->m, v)->file &&
		    map_object(task_at(rq->m, task), vma_at(rq->m, v)) == rq->object)
			return v;
	return 0;
}

static bool map_exists(const struct request *rq)
{
	return map_vma(rq) != 0;
}

static u32 map_owner_uid(const struct request *rq)
{
	handle_t task = find_task_by_pid(rq->m, object_number(rq->object));

	return task ? task_at(rq->m, task)->uid : 0;
}

static u64 map_parent(const struct request *rq)
{
	handle_t task = find_task_by_pid(rq->m, object_number(rq->object));

	return task ? pid_object(task_at(rq->m, task)) : 0;
}

static int map_permission(const struct request *rq)
{
	return rq->caller->uid ? -EPERM : 0;
}

static int map_show(const struct request *rq, struct text *out)
{
	const struct inode *inode;
	handle_t v = map_vma(rq);

	if (!v)
		return -ENOENT;
	inode = inode_at(rq->m, file_at(rq->m, vma_at(rq->m, v)->file)->inode);
	text_str(out, inode_path(rq->m, file_at(rq->m, vma_at(rq->m, v)->file)->inode));
	if (inode->deleted)
		text_str(out, " (deleted)");
	return 0;
}

static const struct attribute map_attrs[] = {
	{ .name = "", .mode = S_IFLNK | 0777, .size = FD_LINK_BYTES, .show = map_show },
};

static const struct directory map_entry_directory = {
	.name = "proc/PID/map_files/RANGE",
	.attrs = map_attrs,
	.nr_attrs = ARRAY_SIZE(map_attrs),
	.rows_only = true,
	.exists = map_exists,
	.owner_uid = map_owner_uid,
	.permission = map_permission,
	.parent_object = map_parent,
};

static const struct directory *const map_files_dynamic[] = { &map_entry_directory, NULL };

static struct entry map_entry(const struct task *t, const struct vma *v)
{
	return (struct entry){ .attr = map_attrs,
			       .owner = &map_entry_directory,
			       .object = map_object(t, v) };
}

static int map_files_lookup(const struct request *rq, const char *name, struct entry *out)
{
	PID_RQ(rq, t);
	char *end;
	u64 start = strtoull(name, &end, 16), stop;
	const struct vma *v;
	handle_t h;

	if (end == name || *end != '-')
		return -ENOENT;
	name = end + 1;
	stop = strtoull(name, &end, 16);
	if (end == name || *end || !t->mm)
		return -ENOENT;
	h = find_vma_exact(rq->m, t->mm, start);
	v = h ? vma_at(rq->m, h) : NULL;
	if (!v || v->start != start || v->end != stop || !v->file)
		return -ENOENT;
	*out = map_entry(t, v);
	return 0;
}

static int map_files_iterate(const struct request *rq, u64 position, struct dir_emit *e)
{
	PID_RQ(rq, t);
	struct text name;
	handle_t h;

	if (!t->mm)
		return 0;
	text_init(&name);
	/* positions are page numbers + 1 */
	for (h = find_vma(rq->m, t->mm, position << PAGE_SHIFT); h; h = vma_at(rq->m, h)->next) {
		const struct vma *v = vma_at(rq->m, h);
		struct entry entry = map_entry(t, v);

		if (!v->file || v->start < position << PAGE_SHIFT)
			continue;
		text_reset(&name);
		text_hex(&name, v->start, 0);
		text_char(&name, '-');
		text_hex(&name, v->end, 0);
		text_char(&name, '\0');
		if (text_error(&name) ||
		    !e->emit(e, name.data, &entry, (v->start >> PAGE_SHIFT) + 1))
			break;
	}
	text_free(&name);
	return 0;
}

const struct directory pid_map_files_directory = {
	.name = "proc/PID/map_files",
	.mode = 0500,
	.dynamic = map_files_dynamic,
	.lookup = map_files_lookup,
	.iterate = map_files_iterate,
	PRIVATE_DIRECTORY,
};
