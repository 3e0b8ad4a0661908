/*
 * What the scheduler knows of a task: PID/sched, schedstat, autogroup, timerslack_ns, wchan, stack,
 * syscall. There is no scheduler behind it but the accounts of mm/sched.c: load averages read as
 * those of a task that has slept long, 0.
 */
#include "fs/proc/pid.h"

#include "fs/parse.h"

#include <errno.h>
#include <string.h>

#include "fs/knob.h"

#define TIMERSLACK_DEFAULT_NS 50000u
#define KSTRTO_BYTES	      66u /* what kstrtoull_from_user() copies at most */

/* Weights of nice -20 to 19: each step is a quarter more or less, nice 0 is 1024. */
static const u32 nice_weight[40] = {
	88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916,
	9548,  7620,  6100,  4904,  3906,  3121,  2501,	 1991,	1586,  1277,
	1024,  820,   655,   526,   423,   335,	  272,	 215,	172,   137,
	110,   87,    70,    56,    45,	   36,	  29,	 23,	18,    15,
};

static void show_name(struct text *out, const char *name)
{
	text_str_left(out, name, 45);
	text_char(out, ':');
}

static void show_number(struct text *out, const char *name, s64 value)
{
	show_name(out, name);
	text_s64_width(out, value, 21);
	text_char(out, '\n');
}

/* Nanoseconds as milliseconds with six digits. */
static void show_ms(struct text *out, const char *name, u64 ns)
{
	show_name(out, name);
	text_u64_width(out, ns / NSEC_PER_MSEC, 14);
	text_printf(out, ".%06u\n", (u32)(ns % NSEC_PER_MSEC));
}

static void show_entity(const struct task *t, struct text *out)
{
	static const char *const averages[] = {
		"se.avg.load_sum",	   "se.avg.runnable_sum",  "se.avg.util_sum",
		"se.avg.load_avg",	   "se.avg.runnable_avg",  "se.avg.util_avg",
		"se.avg.last_update_time", "se.avg.util_est.ewma", "se.avg.util_est.enqueued",
	};
	u64 run = t->utime + t->stime;
	size_t i;

	show_ms(out, "se.exec_start", t->start_time + run);
	show_ms(out, "se.vruntime", run * 1024 / nice_weight[t->nice + 20]);
	show_ms(out, "se.sum_exec_runtime", run);
	show_number(out, "se.nr_migrations", 0);
	show_number(out, "nr_switches", (s64)(t->nvcsw + t->nivcsw));
	show_number(out, "nr_voluntary_switches", (s64)t->nvcsw);
	show_number(out, "nr_involuntary_switches", (s64)t->nivcsw);
	show_number(out, "se.load.weight", (s64)nice_weight[t->nice + 20] << 10);
	for (i = 0; i < ARRAY_SIZE(averages); i++)
		show_number(out, averages[i], 0);
	show_number(out, "policy", t->sched_policy & ~SCHED_POLICY_RESET);
	show_number(out, "prio", t->rt_priority ? 99 - t->rt_priority : 120 + t->nice);
	show_number(out, "clock-delta", 0);
}

static void show_numa(const struct machine *m, const struct task *t, struct text *out)
{
	u32 nid;

	if (t->mm)
		show_number(out, "mm->numa_scan_seq", 0);
	show_number(out, "numa_pages_migrated", 0);
	show_number(out, "numa_preferred_nid", -1);
	show_number(out, "total_numa_faults", 0);
	text_printf(out, "current_node=%d, numa_group_id=0\n", cpu_to_node(m, t->cpu));
	for (nid = 0; nid < m->nr_nodes; nid++)
		if (m->node[nid].online)
			text_printf(
				out,
				"numa_faults node=%u task_private=0 task_shared=0 group_private=0 "
				"group_shared=0\n",
				nid);
}

int pid_sched_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	handle_t thread;
	u32 threads = 0;

	for (thread = t->leader; thread; thread = task_at(rq->m, thread)->next_thread)
		threads++;
	text_printf(out, "%s (%u, #threads: %u)\n", t->comm, t->pid, threads);
	text_fill(out, '-', 67);
	text_char(out, '\n');
	show_entity(t, out);
	show_numa(rq->m, t, out);
	return 0;
}

/* Whatever is written resets statistics that are only kept with kernel.sched_schedstats on. */
ssize_t pid_sched_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	PID_RQ(rq, t);
	(void)t, (void)data, (void)offset;
	return (ssize_t)size;
}

/* Time on a CPU, time waiting for one, and how often it ran. */
int pid_schedstat_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	text_u64(out, t->utime + t->stime);
	text_str(out, " 0 ");
	text_u64(out, t->nvcsw + t->nivcsw);
	text_char(out, '\n');
	return 0;
}

/* Without sessions, every task is in the default group, which is not shown and cannot be
 * changed. */
int pid_autogroup_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	(void)t, (void)out;
	return 0;
}

ssize_t pid_autogroup_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	PID_RQ(rq, t);
	s32 nice;
	ssize_t taken = pid_parse_int(data, size, 0, &nice);

	(void)t, (void)offset;
	if (taken < 0)
		return taken;
	if (nice < -20 || nice > 19)
		return -EINVAL;
	return nice < 0 && rq->caller->uid ? -EPERM : -EINVAL;
}

int pid_timerslack_ns_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	if (rq->caller->uid)
		return -EPERM;
	return show_u64(out, t->timer_slack_ns ? t->timer_slack_ns : TIMERSLACK_DEFAULT_NS);
}

ssize_t pid_timerslack_ns_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	PID_RQ(rq, t);
	u64 slack;
	int error = parse_kstrtoull(data, min_t(size_t, size, KSTRTO_BYTES), 10, &slack);

	(void)offset;
	if (error)
		return error;
	if (rq->caller->uid)
		return -EPERM;
	t->timer_slack_ns = slack; /* 0: the default */
	return (ssize_t)size;
}

/* Where a task waits: kernel threads for work, init for its children, others for their next
 * command. */
static const char *wait_channel(const struct machine *m, handle_t task)
{
	static const struct {
		const char *prefix, *channel;
	} thread[] = {
		{ "kthreadd", "kthreadd" },
		{ "kswapd", "kswapd" },
		{ "kcompactd", "kcompactd" },
		{ "khugepaged", "khugepaged" },
		{ "ksmd", "ksm_scan_thread" },
		{ "oom_reaper", "oom_reaper" },
		{ "kworker/", "worker_thread" },
		{ "migration/", "smpboot_thread_fn" },
		{ "ksoftirqd/", "smpboot_thread_fn" },
		{ "cpuhp/", "smpboot_thread_fn" },
		{ "kdevtmpfs", "devtmpfsd" },
		{ "kauditd", "kauditd_thread" },
		{ "khungtaskd", "watchdog" },
		{ "rcu_preempt", "rcu_gp_kthread" },
	};
	const struct task *t = task_at(m, task);
	size_t i;

	if (!(t->flags & PF_KTHREAD))
		return task == m->tasks.init ? "do_wait" : "pipe_read";
	for (i = 0; i < ARRAY_SIZE(thread); i++)
		if (!strncmp(t->comm, thread[i].prefix, strlen(thread[i].prefix)))
			return thread[i].channel;
	return "rescuer_thread";
}

int pid_wchan_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	bool hidden = t->state == TASK_RUNNING || !pid_may_ptrace(rq, t);

	text_str(out, hidden ? "0" : wait_channel(rq->m, t_handle));
	return 0;
}

int pid_stack_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	if (rq->caller->uid)
		return -EACCES;
	if (t->state != TASK_RUNNING)
		text_printf(out, "[<0>] %s+0x0/0x0\n", wait_channel(rq->m, t_handle));
	return 0;
}

/* Number, arguments, stack and instruction pointer of the call it waits in: read(0, ...). */
int pid_syscall_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	const struct mm *mm = t->mm ? mm_at(rq->m, t->mm) : NULL;

	if (t->state == TASK_RUNNING)
		text_str(out, "running\n");
	else
		text_printf(out, "0 0x0 0x0 0x0 0x0 0x0 0x0 0x%llx 0x%llx\n",
			    (unsigned long long)(mm ? mm->start_stack : 0),
			    (unsigned long long)(mm ? mm->start_code : 0));
	return 0;
}
