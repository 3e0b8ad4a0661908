/*
 * pid.h - the directories of processes and threads: what their files share.
 *
 * The object of both directories is a PID with a generation, so that a process that gets a used
 * number is another inode. A row says in ->data who may open it beyond its mode bits (enum
 * pid_guard).
 */
#ifndef FS_PROC_PID_H
#define FS_PROC_PID_H

#include "fs/proc/proc.h"

/* Values of attribute.data in PID tables; asked of callers that are not root. */
enum pid_guard {
	PID_OPEN,
	PID_PTRACE,    /* its owner only */
	PID_PTRACE_MM, /* its owner only, but anybody if it has no address space: it is empty then */
};

extern const struct directory proc_pid_directory, proc_tid_directory; /* pid.c */

int proc_pid_lookup(const struct request *rq, const char *name, struct entry *out);
int proc_pid_iterate(const struct request *rq, u64 position, struct dir_emit *e);

/** pid_object() - what names @task in inode numbers. */
u64 pid_object(const struct task *t);
/** pid_task() - task of the request's directory, 0 if it has ended. */
handle_t pid_task(const struct request *rq);

/* The callbacks of subdirectories, whose object is that of the process's directory. */
bool pid_exists(const struct request *rq);
u32 pid_owner_uid(const struct request *rq);
u32 pid_owner_gid(const struct request *rq);
int pid_ptrace_permission(const struct request *rq); /* for the whole directory */

/** pid_may_ptrace() - may the caller look into @t: root, or the same uid and gid? */
bool pid_may_ptrace(const struct request *rq, const struct task *t);
/** pid_is_process() - is it proc/PID, and not task/TID? */
bool pid_is_process(const struct request *rq);

/** PID_RQ() - the start of a show function: t is the task, or the read fails with ESRCH. */
#define PID_RQ(rq, t)                                                      \
	handle_t t##_handle = pid_task(rq);                                \
	struct task *t = t##_handle ? task_at((rq)->m, t##_handle) : NULL; \
	if (!t)                                                            \
	return -ESRCH

#define PID_SHOW(name) int pid_##name##_show(const struct request *rq, struct text *out)
#define PID_STORE(name)                                                                     \
	ssize_t pid_##name##_store(const struct request *rq, const char *data, size_t size, \
				   u64 offset)
#define PID_PREAD(name) \
	ssize_t pid_##name##_pread(const struct request *rq, char *buffer, size_t size, u64 offset)

/*
 * A walk over the mappings of a process, during which others may be let in:
 *
 *	for (h = pid_walk_begin(&w, rq->m, t); h; h = pid_walk_next(&w, h))
 *		...
 *	return w.error;
 */
struct pid_walk {
	struct machine *m;
	handle_t mm;
	u64 id;	    /* of the address space */
	u64 end;    /* of the mapping that it is at */
	bool stale; /* others were let in since: that mapping may be gone */
	int error; /* -EINTR: the reader is to end; nothing of the machine may be looked at any more */
};

handle_t pid_walk_begin(struct pid_walk *w, struct machine *m, const struct task *t);
handle_t pid_walk_next(struct pid_walk *w, handle_t vma);
/** pid_walk_gather() - the sums of one mapping; it may be another afterwards. 0, -EINTR. */
int pid_walk_gather(struct pid_walk *w, handle_t vma, struct vma_stats *out);
/** pid_pages_are_many(), pid_vmas_are_many() - does a walk over it all take long? */
bool pid_pages_are_many(const struct request *rq);
bool pid_vmas_are_many(const struct request *rq);

PID_SHOW(stat);
PID_SHOW(statm);
PID_SHOW(status);
PID_SHOW(maps);
PID_SHOW(smaps);
PID_SHOW(smaps_rollup);
PID_SHOW(numa_maps);
PID_PREAD(pagemap);
PID_STORE(clear_refs);
/* A descriptor of an address space: it is empty once that has ended. */
int pid_mm_open(const struct request *rq, int flags);
bool pid_mm_ended(const struct request *rq);
PID_PREAD(mem);
PID_STORE(mem);

PID_SHOW(oom_score);
PID_SHOW(oom_score_adj);
PID_STORE(oom_score_adj);
PID_SHOW(oom_adj);
PID_STORE(oom_adj);

PID_SHOW(comm);
PID_STORE(comm);
PID_SHOW(cmdline);
PID_SHOW(environ);
PID_SHOW(auxv);
PID_SHOW(limits);
/* A line of PID/limits; by enum rlimit_id. */
struct pid_limit {
	const char *name, *unit;
};
extern const struct pid_limit pid_limits[RLIM_NLIMITS];
PID_SHOW(io);
PID_SHOW(cgroup);
PID_SHOW(cpuset);
PID_SHOW(children);

PID_SHOW(sched);
PID_STORE(sched);
PID_SHOW(schedstat);
PID_SHOW(autogroup);
PID_STORE(autogroup);
PID_SHOW(timerslack_ns);
PID_STORE(timerslack_ns);
PID_SHOW(wchan);
PID_SHOW(stack);
PID_SHOW(syscall);

PID_SHOW(personality);
PID_SHOW(coredump_filter);
PID_STORE(coredump_filter);
PID_SHOW(nothing);
PID_SHOW(loginuid);
PID_STORE(loginuid);
PID_SHOW(id_map);
PID_STORE(id_map);
PID_SHOW(setgroups);
PID_STORE(setgroups);
PID_SHOW(timens_offsets);
PID_STORE(timens_offsets);
PID_SHOW(patch_state);
PID_SHOW(cpu_resctrl_groups);
PID_SHOW(ksm_merging_pages);
PID_SHOW(ksm_stat);

PID_SHOW(mounts);
PID_SHOW(mountinfo);
PID_SHOW(mountstats);
PID_SHOW(exe);
PID_SHOW(root_link);

extern const struct directory pid_fd_directory, pid_fdinfo_directory, pid_ns_directory,
	pid_attr_directory, pid_net_directory,
	pid_map_files_directory; /* pid_links.c, pid_attr.c */

/* ---- shared by the files about memory ---- */

/** pid_vma_first() - first mapping of @t, 0 if it has none (kernel thread). */
handle_t pid_vma_first(const struct machine *m, const struct task *t);

/** pid_vma_line() - the line of maps, newline included. */
void pid_vma_line(struct machine *m, const struct vma *v, struct text *out);

/** text_escaped() - @path with the bytes in @escape as backslash and three octal digits. */
void text_escaped(struct text *out, const char *path, const char *escape);

/* ---- reading what was written (pid_parse.c) ---- */

#define PID_NUMBER_BYTES 12u /* of a number, what the kernel looks at and says it has taken */

/** pid_parse_int() - one int, blanks around it stripped; at most PID_NUMBER_BYTES are looked at.
 * Returns the bytes taken, -EINVAL or -ERANGE. */
ssize_t pid_parse_int(const char *data, size_t size, unsigned int base, s32 *value);

#endif
