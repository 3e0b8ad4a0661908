/*
 * The directory of a process, proc/PID, and that of a thread, proc/PID/task/TID: one table for
 * both, some rows in only one of them. Any thread's number can be looked up in proc/, only
 * processes are listed.
 */
#include "fs/proc/pid.h"

#include <errno.h>
#include <string.h>

/* ---- who it is ---- */

u64 pid_object(const struct task *t)
{
	u64 born = t->start_time * 0x9e3779b97f4a7c15ull;

	return object_pack(t->pid, born >> 42);
}

handle_t pid_task(const struct request *rq)
{
	handle_t task = find_task_by_pid(rq->m, object_number(rq->object));

	return task && pid_object(task_at(rq->m, task)) == rq->object ? task : 0;
}

bool pid_exists(const struct request *rq)
{
	return pid_task(rq) != 0;
}

/* A visitor finds itself under its own number (root.c). */
static bool pid_leads_here(const struct request *rq)
{
	u32 pid = object_number(rq->object);

	return pid != rq->caller->pid && pid != rq->caller->tid;
}

/* Its process's number is on the way. */
static bool tid_leads_here(const struct request *rq)
{
	handle_t task = pid_task(rq);

	return !task || (task_at(rq->m, task)->tgid != rq->caller->pid &&
			 task_at(rq->m, task)->tgid != rq->caller->tid);
}

u32 pid_owner_uid(const struct request *rq)
{
	handle_t task = pid_task(rq);

	return task ? task_at(rq->m, task)->uid : 0;
}

u32 pid_owner_gid(const struct request *rq)
{
	handle_t task = pid_task(rq);

	return task ? task_at(rq->m, task)->gid : 0;
}

bool pid_is_process(const struct request *rq)
{
	return rq->dir == &proc_pid_directory;
}

static bool pid_is_thread(const struct request *rq)
{
	return rq->dir == &proc_tid_directory;
}

bool pid_may_ptrace(const struct request *rq, const struct task *t)
{
	return !rq->caller->uid || (rq->caller->uid == t->uid && rq->caller->gid == t->gid);
}

int pid_ptrace_permission(const struct request *rq)
{
	PID_RQ(rq, t);
	return pid_may_ptrace(rq, t) ? 0 : -EACCES;
}

static int pid_permission(const struct request *rq)
{
	enum pid_guard guard = rq->attr ? (enum pid_guard)(uintptr_t)rq->attr->data : PID_OPEN;
	PID_RQ(rq, t);

	if (guard == PID_OPEN || (guard == PID_PTRACE_MM && !t->mm) || pid_may_ptrace(rq, t))
		return 0;
	return -EACCES;
}

/* ---- lookup and listing ---- */

/* A PID as proc/ spells it: no sign, no leading zero. 0 if it is none. */
static u32 parse_pid(const char *name)
{
	u64 pid = 0;

	if (*name == '0')
		return 0;
	for (; *name >= '0' && *name <= '9' && pid < UINT32_MAX; name++)
		pid = pid * 10 + (u64)(*name - '0');
	return *name || pid > UINT32_MAX ? 0 : (u32)pid;
}

static void pid_name(char *name, u32 pid)
{
	char digits[10];
	u32 n = 0;

	for (; pid; pid /= 10)
		digits[n++] = (char)('0' + pid % 10);
	while (n)
		*name++ = digits[--n];
	*name = '\0';
}

int proc_pid_lookup(const struct request *rq, const char *name, struct entry *out)
{
	u32 pid = parse_pid(name);
	handle_t task = pid ? find_task_by_pid(rq->m, pid) : 0;

	if (!task)
		return -ENOENT;
	*out = (struct entry){ .dir = &proc_pid_directory,
			       .object = pid_object(task_at(rq->m, task)) };
	return 0;
}

static bool emit_task(struct dir_emit *e, const struct task *t, const struct directory *dir)
{
	struct entry entry = { .dir = dir, .object = pid_object(t) };
	char name[11];

	pid_name(name, t->pid);
	return e->emit(e, name, &entry, (u64)t->pid + 1);
}

int proc_pid_iterate(const struct request *rq, u64 position, struct dir_emit *e)
{
	handle_t task = pid_next(rq->m, (u32)position);

	for (; task; task = pid_next(rq->m, task_at(rq->m, task)->pid + 1))
		if (!emit_task(e, task_at(rq->m, task), &proc_pid_directory))
			break;
	return 0;
}

static void pid_object_name(const struct request *rq, struct text *out)
{
	text_u64(out, object_number(rq->object));
}

static u64 tid_parent_object(const struct request *rq)
{
	handle_t task = pid_task(rq);

	return task ? pid_object(task_at(rq->m, task_at(rq->m, task)->leader)) : 0;
}

/* ---- task/: the threads of a process ---- */

static int task_lookup(const struct request *rq, const char *name, struct entry *out)
{
	u32 tid = parse_pid(name);
	handle_t thread = tid ? find_task_by_pid(rq->m, tid) : 0, task = pid_task(rq);

	if (!thread || !task || task_at(rq->m, thread)->leader != task_at(rq->m, task)->leader)
		return -ENOENT;
	*out = (struct entry){ .dir = &proc_tid_directory,
			       .object = pid_object(task_at(rq->m, thread)) };
	return 0;
}

/* Threads are chained in the order of their making, which may not be that of their numbers. */
static handle_t thread_at_or_after(const struct machine *m, handle_t leader, u64 tid)
{
	handle_t thread, best = 0;

	for (thread = leader; thread; thread = task_at(m, thread)->next_thread)
		if (task_at(m, thread)->pid >= tid &&
		    (!best || task_at(m, thread)->pid < task_at(m, best)->pid))
			best = thread;
	return best;
}

static int task_iterate(const struct request *rq, u64 position, struct dir_emit *e)
{
	handle_t task = pid_task(rq), thread;

	if (!task)
		return -ENOENT;
	while ((thread = thread_at_or_after(rq->m, task_at(rq->m, task)->leader, position))) {
		if (!emit_task(e, task_at(rq->m, thread), &proc_tid_directory))
			break;
		position = (u64)task_at(rq->m, thread)->pid + 1;
	}
	return 0;
}

static u32 task_nlink(const struct request *rq)
{
	handle_t task = pid_task(rq), thread;
	u32 links = 2;

	for (thread = task ? task_at(rq->m, task)->leader : 0; thread;
	     thread = task_at(rq->m, thread)->next_thread)
		links++;
	return links;
}

static const struct directory *const task_dynamic[] = { &proc_tid_directory, NULL };

static const struct directory pid_task_directory = {
	.name = "proc/PID/task",
	.mode = 0555,
	.dynamic = task_dynamic,
	.lookup = task_lookup,
	.iterate = task_iterate,
	.exists = pid_exists,
	.owner_uid = pid_owner_uid,
	.owner_gid = pid_owner_gid,
	.nlink = task_nlink,
};

/* ---- the table ---- */

#define GUARD(guard) .data = (const void *)(uintptr_t)(guard)
#define RO(_name, _show)                                    \
	{                                                   \
		.name = #_name, .mode = 0444, .show = _show \
	}
#define PTRACE(_name, _mode, guard)                                                     \
	{                                                                               \
		.name = #_name, .mode = _mode, .show = pid_##_name##_show, GUARD(guard) \
	}
/* What may have millions of pages to look at. */
#define LONG(_name, is_long)                                                                       \
	{                                                                                          \
		.name = #_name, .mode = 0444, .show_is_long = is_long, .show = pid_##_name##_show, \
		GUARD(PID_PTRACE_MM)                                                               \
	}
#define RW(_name, _mode)                                                   \
	{                                                                  \
		.name = #_name, .mode = _mode, .show = pid_##_name##_show, \
		.store = pid_##_name##_store                               \
	}
#define PROCESS_RW(_name, _mode)                                           \
	{                                                                  \
		.name = #_name, .mode = _mode, .show = pid_##_name##_show, \
		.store = pid_##_name##_store, .visible = pid_is_process    \
	}
#define LINK(_name, _show)                                                               \
	{                                                                                \
		.name = #_name, .mode = S_IFLNK | 0777, .show = _show, GUARD(PID_PTRACE) \
	}
#define ID_MAP(_name)                                                                            \
	{                                                                                        \
		.name = #_name, .mode = 0644, .show = pid_id_map_show, .store = pid_id_map_store \
	}

static const struct attribute pid_attrs[] = {
	PTRACE(environ, 0400, PID_PTRACE_MM),
	PTRACE(auxv, 0400, PID_PTRACE_MM),
	RO(status, pid_status_show),
	PTRACE(personality, 0400, PID_PTRACE),
	RO(limits, pid_limits_show),
	RW(sched, 0644),
	PROCESS_RW(autogroup, 0644),
	PROCESS_RW(timens_offsets, 0644),
	RW(comm, 0644),
	PTRACE(syscall, 0400, PID_PTRACE),
	RO(cmdline, pid_cmdline_show),
	RO(stat, pid_stat_show),
	RO(statm, pid_statm_show),
	LONG(maps, pid_vmas_are_many),
	{ .name = "children", .mode = 0444, .show = pid_children_show, .visible = pid_is_thread },
	LONG(numa_maps, pid_pages_are_many),
	{ .name = "mem",
	  .mode = 0600,
	  .flags = ATTR_POSITIONAL | ATTR_LONG | ATTR_READ_CHANGES,
	  .pread = pid_mem_pread,
	  .store = pid_mem_store,
	  .open = pid_mm_open,
	  .ended = pid_mm_ended,
	  GUARD(PID_PTRACE_MM) },
	LINK(cwd, pid_root_link_show),
	LINK(root, pid_root_link_show),
	LINK(exe, pid_exe_show),
	RO(mounts, pid_mounts_show),
	RO(mountinfo, pid_mountinfo_show),
	{ .name = "mountstats",
	  .mode = 0400,
	  .show = pid_mountstats_show,
	  .visible = pid_is_process },
	{ .name = "clear_refs",
	  .mode = 0200,
	  .flags = ATTR_LONG | ATTR_BRIEF,
	  .store = pid_clear_refs_store },
	LONG(smaps, pid_pages_are_many),
	LONG(smaps_rollup, pid_pages_are_many),
	{ .name = "pagemap",
	  .mode = 0400,
	  .flags = ATTR_POSITIONAL,
	  .pread = pid_pagemap_pread,
	  .open = pid_mm_open,
	  .ended = pid_mm_ended,
	  GUARD(PID_PTRACE_MM) },
	RO(wchan, pid_wchan_show),
	PTRACE(stack, 0400, PID_PTRACE),
	RO(schedstat, pid_schedstat_show),
	RO(cpuset, pid_cpuset_show),
	RO(cgroup, pid_cgroup_show),
	RO(cpu_resctrl_groups, pid_cpu_resctrl_groups_show),
	RO(oom_score, pid_oom_score_show),
	RW(oom_adj, 0644),
	RW(oom_score_adj, 0644),
	RW(loginuid, 0644),
	RO(sessionid, pid_loginuid_show), /* not set: the same number */
	PROCESS_RW(coredump_filter, 0644),
	PTRACE(io, 0400, PID_PTRACE),
	ID_MAP(uid_map),
	ID_MAP(gid_map),
	ID_MAP(projid_map),
	RW(setgroups, 0644),
	{ .name = "timers", .mode = 0444, .show = pid_nothing_show, .visible = pid_is_process },
	PROCESS_RW(timerslack_ns, 0666),
	PTRACE(patch_state, 0400, PID_OPEN),
	RO(arch_status, pid_nothing_show),
	PTRACE(ksm_merging_pages, 0400, PID_OPEN),
	PTRACE(ksm_stat, 0400, PID_OPEN),
};

#define THREAD_SUBDIRS                                              \
	{ .name = "fd", .dir = &pid_fd_directory },                 \
		{ .name = "fdinfo", .dir = &pid_fdinfo_directory }, \
		{ .name = "ns", .dir = &pid_ns_directory },         \
		{ .name = "net", .dir = &pid_net_directory },       \
	{                                                           \
		.name = "attr", .dir = &pid_attr_directory          \
	}

static const struct subdirectory pid_subdirs[] = {
	{ .name = "task", .dir = &pid_task_directory },
	{ .name = "map_files", .dir = &pid_map_files_directory },
	THREAD_SUBDIRS,
};

static const struct subdirectory tid_subdirs[] = { THREAD_SUBDIRS };

const struct directory proc_pid_directory = {
	.name = "proc/PID",
	.mode = 0555,
	.attrs = pid_attrs,
	.nr_attrs = ARRAY_SIZE(pid_attrs),
	.subdirs = pid_subdirs,
	.nr_subdirs = ARRAY_SIZE(pid_subdirs),
	.exists = pid_exists,
	.leads_here = pid_leads_here,
	.owner_uid = pid_owner_uid,
	.owner_gid = pid_owner_gid,
	.permission = pid_permission,
	.object_name = pid_object_name,
};

const struct directory proc_tid_directory = {
	.name = "proc/PID/task/TID",
	.mode = 0555,
	.attrs = pid_attrs,
	.nr_attrs = ARRAY_SIZE(pid_attrs),
	.subdirs = tid_subdirs,
	.nr_subdirs = ARRAY_SIZE(tid_subdirs),
	.exists = pid_exists,
	.leads_here = tid_leads_here,
	.owner_uid = pid_owner_uid,
	.owner_gid = pid_owner_gid,
	.permission = pid_permission,
	.object_name = pid_object_name,
	.parent_object = tid_parent_object,
};
