/* PID/limits, io, cgroup, cpuset, children: what a process may use, has used, and belongs to. */
#include "fs/proc/pid.h"

#include <mman/lab.h>

#include <errno.h>

#define CGROUP_PATH_MAX 4096u

static void show_limit(struct text *out, u64 value)
{
	size_t start = out->length;

	if (value == RLIM_INF)
		text_str(out, "unlimited");
	else
		text_u64(out, value);
	text_fill(out, ' ', out->length - start < 20 ? 21 - (out->length - start) : 1);
}

const struct pid_limit pid_limits[RLIM_NLIMITS] = {
	[RLIM_CPU] = { "Max cpu time", "seconds" },
	[RLIM_FSIZE] = { "Max file size", "bytes" },
	[RLIM_DATA] = { "Max data size", "bytes" },
	[RLIM_STACK] = { "Max stack size", "bytes" },
	[RLIM_CORE] = { "Max core file size", "bytes" },
	[RLIM_RSS] = { "Max resident set", "bytes" },
	[RLIM_NPROC] = { "Max processes", "processes" },
	[RLIM_NOFILE] = { "Max open files", "files" },
	[RLIM_MEMLOCK] = { "Max locked memory", "bytes" },
	[RLIM_AS] = { "Max address space", "bytes" },
	[RLIM_LOCKS] = { "Max file locks", "locks" },
	[RLIM_SIGPENDING] = { "Max pending signals", "signals" },
	[RLIM_MSGQUEUE] = { "Max msgqueue size", "bytes" },
	[RLIM_NICE] = { "Max nice priority", NULL },
	[RLIM_RTPRIO] = { "Max realtime priority", NULL },
	[RLIM_RTTIME] = { "Max realtime timeout", "us" },
};

int pid_limits_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	const struct rlimits *r = pool_at(&rq->m->tasks.rlimits, t->rlimits);
	u32 i;

	text_str(
		out,
		"Limit                     Soft Limit           Hard Limit           Units     \n");
	for (i = 0; i < RLIM_NLIMITS; i++) {
		text_str_left(out, pid_limits[i].name, 25);
		text_char(out, ' ');
		show_limit(out, r->soft[i]);
		show_limit(out, r->hard[i]);
		if (pid_limits[i].unit)
			text_str_left(out, pid_limits[i].unit, 10);
		text_char(out, '\n');
	}
	return 0;
}

static void show_count(struct text *out, const char *label, u64 n)
{
	text_str(out, label);
	text_u64(out, n);
	text_char(out, '\n');
}

int pid_io_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	struct task sum = { 0 };
	handle_t h = pid_is_process(rq) ? t->leader : t_handle;

	for (; h; h = pid_is_process(rq) ? task_at(rq->m, h)->next_thread : 0) {
		const struct task *u = task_at(rq->m, h);

		sum.io_rchar += u->io_rchar;
		sum.io_wchar += u->io_wchar;
		sum.io_syscr += u->io_syscr;
		sum.io_syscw += u->io_syscw;
		sum.io_read_bytes += u->io_read_bytes;
		sum.io_write_bytes += u->io_write_bytes;
		sum.io_cancelled_write_bytes += u->io_cancelled_write_bytes;
	}
	show_count(out, "rchar: ", sum.io_rchar);
	show_count(out, "wchar: ", sum.io_wchar);
	show_count(out, "syscr: ", sum.io_syscr);
	show_count(out, "syscw: ", sum.io_syscw);
	show_count(out, "read_bytes: ", sum.io_read_bytes);
	show_count(out, "write_bytes: ", sum.io_write_bytes);
	show_count(out, "cancelled_write_bytes: ", sum.io_cancelled_write_bytes);
	return 0;
}

/* All processes are in the root group, but for a twin's, which are where the other machine's
 * were. */
int pid_cgroup_show(const struct request *rq, struct text *out)
{
	char *path;
	size_t n;
	PID_RQ(rq, t);

	text_str(out, "0::");
	path = t->cgroup ? text_reserve(out, CGROUP_PATH_MAX) : NULL;
	n = path ? lab_text_get(rq->m, t->cgroup, path, CGROUP_PATH_MAX) : 0;
	out->length += n;
	text_str(out, n ? "\n" : "/\n");
	return 0;
}

int pid_cpuset_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	(void)t;
	text_str(out, "/\n");
	return 0;
}

/* Oldest first; the family links have the youngest first. */
int pid_children_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	handle_t child = t->first_child;

	while (child && task_at(rq->m, child)->next_sibling)
		child = task_at(rq->m, child)->next_sibling;
	for (; child; child = task_at(rq->m, child)->prev_sibling) {
		text_u64(out, task_at(rq->m, child)->pid);
		text_char(out, ' ');
	}
	return 0;
}
