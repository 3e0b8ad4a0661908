/*
 * PID/stat and PID/statm: numbers for programs. Addresses, and whether it waits in the kernel, are
 * hidden from those who may not look into the process.
 * Source: proc(5), Documentation/filesystems/proc.rst.
 */
#include "fs/proc/pid.h"

#include <errno.h>

/* Flags of a kernel's task_struct that readers see in field 9. */
#define LINUX_PF_EXITING    0x4u
#define LINUX_PF_WQ_WORKER  0x20u
#define LINUX_PF_FORKNOEXEC 0x40u
#define LINUX_PF_SUPERPRIV  0x100u
#define LINUX_PF_KTHREAD    0x200000u
#define LINUX_PF_RANDOMIZE  0x400000u

#define SIGNAL_MASK_IGNORED_BY_KTHREADS 0x7fffffffu

/* What a thread group has used together, or one thread alone. */
struct usage {
	u64 utime, stime, min_flt, maj_flt;
	u32 threads;
};

static void add_usage(struct usage *u, const struct task *t)
{
	u->utime += t->utime;
	u->stime += t->stime;
	u->min_flt += t->min_flt;
	u->maj_flt += t->maj_flt;
}

static struct usage task_usage(const struct request *rq, const struct task *t)
{
	struct usage u = { 0 };
	handle_t thread;

	for (thread = t->leader; thread; thread = task_at(rq->m, thread)->next_thread) {
		u.threads++;
		if (pid_is_process(rq))
			add_usage(&u, task_at(rq->m, thread));
	}
	if (!pid_is_process(rq))
		add_usage(&u, t);
	return u;
}

static u32 linux_flags(const struct task *t)
{
	u32 flags = t->flags & PF_KTHREAD ? LINUX_PF_KTHREAD | LINUX_PF_FORKNOEXEC :
					    LINUX_PF_RANDOMIZE;

	if (t->flags & PF_EXITING)
		flags |= LINUX_PF_EXITING;
	if (t->flags & PF_SUPERPRIV)
		flags |= LINUX_PF_SUPERPRIV;
	if (t->flags & PF_KTHREAD && t->state == TASK_IDLE)
		flags |= LINUX_PF_WQ_WORKER;
	return flags;
}

static void field(struct text *out, u64 value)
{
	text_char(out, ' ');
	text_u64(out, value);
}

static void zeros(struct text *out, u32 n)
{
	while (n-- > 0)
		text_mem(out, " 0", 2);
}

/* Fields 1 to 22: who it is and what it has used. */
static void show_usage(const struct request *rq, const struct task *t, struct text *out)
{
	struct usage u = task_usage(rq, t);

	text_u64(out, t->pid);
	text_str(out, " (");
	text_str(out, t->comm);
	text_str(out, ") ");
	text_char(out, (char)t->state);
	field(out, t->ppid);
	text_str(out, " 0 0 0 -1"); /* group, session, terminal: processes here have none */
	field(out, linux_flags(t));
	field(out, u.min_flt);
	zeros(out, 1);
	field(out, u.maj_flt);
	zeros(out, 1);
	field(out, u.utime / USER_TICK_NS);
	field(out, u.stime / USER_TICK_NS);
	zeros(out, 2);
	text_char(out, ' ');
	text_s64(out, t->rt_priority ? -1 - (s64)t->rt_priority : 20 + t->nice);
	text_char(out, ' ');
	text_s64(out, t->nice);
	field(out, u.threads);
	zeros(out, 1);
	field(out, t->start_time / USER_TICK_NS);
}

int pid_stat_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	const struct mm *mm = t->mm ? mm_at(rq->m, t->mm) : NULL;
	bool permitted = pid_may_ptrace(rq, t);
	const struct mm none = { 0 }, *shown = mm && permitted ? mm : &none;

	show_usage(rq, t, out);
	field(out, mm ? mm->total_vm << PAGE_SHIFT : 0);
	field(out, mm ? mm_rss(mm) : 0);
	field(out, task_rlimit(rq->m, t_handle, RLIM_RSS));
	field(out, mm && !permitted ? 1 : shown->start_code);
	field(out, mm && !permitted ? 1 : shown->end_code);
	field(out, shown->start_stack);
	zeros(out, 4); /* stack and instruction pointers, pending and blocked signals */
	field(out, t->flags & PF_KTHREAD ? SIGNAL_MASK_IGNORED_BY_KTHREADS : 0);
	zeros(out, 1);
	field(out, permitted && t->state != TASK_RUNNING);
	zeros(out, 2);
	text_char(out, ' ');
	text_s64(out, t->leader != t_handle ? -1 : t->exit_signal);
	field(out, t->cpu);
	field(out, t->rt_priority);
	field(out, t->sched_policy & ~SCHED_POLICY_RESET);
	zeros(out, 3); /* block I/O delay, guest times */
	field(out, shown->start_data);
	field(out, shown->end_data);
	field(out, shown->start_brk);
	field(out, shown->arg_start);
	field(out, shown->arg_end);
	field(out, shown->env_start);
	field(out, shown->env_end);
	text_char(out, ' ');
	text_s64(out, permitted ? t->exit_code : 0);
	text_char(out, '\n');
	return 0;
}

int pid_statm_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	const struct mm *mm = t->mm ? mm_at(rq->m, t->mm) : NULL;
	u64 text_pages;

	if (!mm) {
		text_str(out, "0 0 0 0 0 0 0\n");
		return 0;
	}
	text_pages = (PAGE_ALIGN(mm->end_code) - (mm->start_code & PAGE_MASK)) >> PAGE_SHIFT;
	text_u64(out, mm->total_vm);
	field(out, mm_rss(mm));
	field(out, (u64)(mm->rss[MM_FILEPAGES] + mm->rss[MM_SHMEMPAGES]));
	field(out, text_pages);
	zeros(out, 1);
	field(out, mm->data_vm + mm->stack_vm);
	zeros(out, 1);
	text_char(out, '\n');
	return 0;
}
