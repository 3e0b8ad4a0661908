/*
 * task.h - simulated processes and kernel threads.
 *
 * A task is a thread; the thread group leader's handle stands for the process. PIDs are given out
 * in order, wrapping at pid_max as on Linux. An idle process costs at most 8 KiB of host memory
 * (page tables included), 100,000 of them are found, listed and made in constant time each.
 * The process list is ordered by PID (pid_next()).
 */
#ifndef MMAN_TASK_H
#define MMAN_TASK_H

#include <mman/clock.h>
#include <mman/mmzone.h>
#include <mman/pool.h>

#define TASK_COMM_LEN 16
#define RESERVED_PIDS 300u /* numbers below are not used a second time */
#define THREAD_PAGES  4u   /* of a kernel stack */

enum task_state_letter {
	TASK_RUNNING = 'R',
	TASK_SLEEPING = 'S',
	TASK_DISK = 'D',
	TASK_STOPPED = 'T',
	TASK_IDLE = 'I',
	TASK_ZOMBIE = 'Z',
	TASK_DEAD = 'X'
};

#define PF_KTHREAD    1u
#define PF_EXITING    2u
#define PF_MEMDIE     4u
#define PF_OOM_ORIGIN 8u
#define PF_SUPERPRIV  16u
#define PF_LAB	      32u /* made by mkdir in sim/procs (or forked from such): has a directory there */

enum rlimit_id {
	RLIM_CPU,
	RLIM_FSIZE,
	RLIM_DATA,
	RLIM_STACK,
	RLIM_CORE,
	RLIM_RSS,
	RLIM_NPROC,
	RLIM_NOFILE,
	RLIM_MEMLOCK,
	RLIM_AS,
	RLIM_LOCKS,
	RLIM_SIGPENDING,
	RLIM_MSGQUEUE,
	RLIM_NICE,
	RLIM_RTPRIO,
	RLIM_RTTIME,
	RLIM_NLIMITS
};

#define RLIM_INF UINT64_MAX

/* Limits are shared by all processes that never changed theirs: copy on setrlimit. */
struct rlimits {
	u64 soft[RLIM_NLIMITS], hard[RLIM_NLIMITS];
	u32 users;
	u32 reserved;
};

#define NICE_MIN (-20)
#define NICE_MAX 19

/* In task.sched_policy: children start with the defaults (SCHED_RESET_ON_FORK). */
#define SCHED_POLICY_RESET 0x80u

struct task {
	u32 pid, tgid, ppid;
	u32 uid, gid;
	u32 flags;   /* PF_* */
	handle_t mm; /* 0: kernel thread, or exited */
	handle_t rlimits;
	handle_t parent, first_child, next_sibling, prev_sibling;
	handle_t leader, next_thread; /* thread group */
	pfn_t stack;		      /* kernel stack: four pages, linked by page->next */
	u32 cpu;		      /* CPU it last ran on */
	handle_t cpus_allowed;	      /* struct cpumask; 0: all CPUs */
	u64 mems_allowed;	      /* nodes; 0: all */
	u64 start_time;		      /* ns since boot */
	u64 utime, stime;	      /* ns of virtual time */
	u64 min_flt, maj_flt;
	u64 nvcsw, nivcsw;
	/* pages since it looked at the limits, and until it does */
	u32 nr_dirtied, nr_dirtied_pause;
	u64 io_rchar, io_wchar, io_syscr, io_syscw, io_read_bytes, io_write_bytes;
	u64 io_cancelled_write_bytes;
	handle_t text;	 /* command line: task_cmdline(); 0 for kernel threads */
	handle_t exe;	 /* inode */
	handle_t lab;	 /* sim/procs directory: struct lab_process */
	handle_t policy; /* memory policy; 0: default */
	handle_t cgroup; /* text of its group's path, which the machine keeps; 0: the root */
	u32 memcg;
	s16 oom_score_adj, oom_score_adj_min;
	s8 nice;
	u8 state; /* enum task_state_letter */
	u8 backing;
	u8 exit_signal;
	u8 il_prev;	 /* interleave policy: the node of the last page */
	u8 sched_policy; /* SCHED_*, and SCHED_POLICY_RESET; like the next two kept, not acted upon */
	u8 rt_priority; /* 1 to 99 with SCHED_FIFO and SCHED_RR, else 0 */
	u16 ioprio;	/* as ioprio_set(2) takes it; 0: none was set */
	s32 exit_code;	/* as wait() reports it */
	u32 personality;
	u32 coredump_filter;
	u64 timer_slack_ns; /* 0: the default, 50 us */
	u64 node_stamp;	    /* ns of run time: of the last scan for NUMA balancing */
	u32 numa_scan_period_ms;
	handle_t numa; /* struct numa_task; 0: no hint fault yet */
	char comm[TASK_COMM_LEN];
};

/* A piece of a command line (arguments end in NUL); most fit into one. */
struct task_text {
	handle_t next;
	u32 length;
	char bytes[56];
};

struct cpumask {
	u64 bits[NR_CPUS_MAX / 64];
};

struct task_state {
	struct pool tasks, rlimits, texts, cpumasks;
	handle_t default_rlimits;
	u32 next_cpu;	   /* where the next new task is put, round robin */
	handle_t pid_root; /* radix tree by PID: mm/pid.c */
	u32 nr_tasks, nr_threads, nr_running;
	u32 last_pid;
	handle_t init; /* PID 1 */
	handle_t kthreadd;
	u64 total_forks; /* "processes" of /proc/stat */
	u64 context_switches;
	u64 cpu_user_ns, cpu_system_ns, cpu_iowait_ns; /* all CPUs; per CPU in cpu_times */
	struct pool cpu_times;			       /* struct cpu_time per CPU */
	struct pool pid_nodes;
	u64 avenrun[3];	   /* load averages, fixed point with 11 bits, as of load_time */
	u64 load_time;	   /* ns, a multiple of the 5 s period; see loadavg() */
	u32 nr_load_tasks; /* runnable and disk-waiting tasks since then */
	struct pool labs, lab_regions, lab_loads;
	/* heads of the name tables' chains: of processes, then of regions */
	struct pool lab_buckets;
	handle_t lab_first, lab_last;
	u64 lab_number;
	handle_t ctl_result; /* what reading sim/ctl gives */
};

struct cpu_time {
	u64 user, nice, system, iowait, irq, softirq; /* ns; idle = now - sum */
	u64 waited_until;			      /* ns: all before it is in iowait */
};

/** task_at_pool() - task_at() without a machine. */
static inline struct task *task_at_pool(const struct task_state *s, handle_t h)
{
	return (struct task *)(void *)s->tasks.base + h;
}

_Static_assert(sizeof(struct task) % 8 == 0, "pools round object sizes up to 8 bytes");

#define task_at(m, h) task_at_pool(&(m)->tasks, h)

/*
 * A command in progress: the engine works for a task, from task_run_begin() to task_run_end().
 * Fatal signals to the innermost running task wait for task_run_end(), because the engine is in the
 * middle of its address space; any other task dies at once, and an outer command whose task died
 * finds out when machine_safe_point() returns false.
 */
struct running {
	struct running *outer;
	handle_t task;
	u64 begun;    /* ns */
	u64 started;  /* ns: later by the time it waited, or others ran within it */
	u64 user_ns;  /* of loads and stores; the rest is the kernel's work for it */
	u64 walk_ns;  /* of page walks for them */
	u64 numa_due; /* ns on the clock: task_tick_numa(); 0: never */
	handle_t saved_task;
	u32 saved_cpu;
	s32 fatal_signal; /* wait status to end with; waits for task_run_end() */
	bool died, interrupted, exits;
	u8 alloc_by; /* enum alloc_by (oom.h): for the call trace of a report */
};

/** task_run_begin() - work for @task from now on; *@r lives on the caller's stack until
 * task_run_end(), which delivers what waited and returns false if the task is gone. */
void task_run_begin(struct machine *m, struct running *r, handle_t task);
bool task_run_end(struct machine *m, struct running *r);

/** tasks_init() - pools, init, kthreadd and the kernel threads of 6.1. 0 or -ENOMEM.
 * tasks_destroy(): they go. */
int tasks_init(struct machine *m);
void tasks_destroy(struct machine *m);

/** find_task_by_pid() - any thread's or leader's task, 0 if none. O(log n). */
handle_t find_task_by_pid(const struct machine *m, u32 pid);
/** pid_next() - the process (group leader) with the smallest PID >= @pid; 0 at the end. */
handle_t pid_next(const struct machine *m, u32 pid);

/** kthread_create() - a kernel thread, child of kthreadd. */
handle_t kthread_create(struct machine *m, const char *comm);

/** task_spawn() - child of init running a small program of its own (text, data, bss, heap, stack,
 * vdso; docs/processes.md): what mkdir in sim/procs makes. *@out: its task. -ENOMEM, -EAGAIN. */
int task_spawn(struct machine *m, const char *comm, handle_t *out);
/** task_fork() - fork(2) of @parent. -ENOMEM, -EAGAIN; then nothing remains. */
int task_fork(struct machine *m, handle_t parent, handle_t *out);
/** task_clone_thread() - one more thread of @task's group. */
int task_clone_thread(struct machine *m, handle_t task, handle_t *out);
/** task_clone_vm() - clone(CLONE_VM): a process of its own in the same address space. */
int task_clone_vm(struct machine *m, handle_t parent, handle_t *out);
/** task_exec() - execve(2): a fresh address space with comm and cmdline @name. */
int task_exec(struct machine *m, handle_t task, const char *name);
/** task_exec_bare() - execve(2) as a trace tells of it: comm and command line are @name's, the
 * address space has nothing in it. task_exec_stack(): a stack, vvar and vdso for it, where this
 * machine puts them. -ENOMEM. */
int task_exec_bare(struct machine *m, handle_t task, const char *name);
int task_exec_stack(struct machine *m, handle_t task, const char *name);
/** task_exit_thread() - one thread ends, which is not its group's leader: exit of a pthread. */
void task_exit_thread(struct machine *m, handle_t thread);
/** do_exit() - all threads of @task's group end; @code as for wait(2). Children go to init. The
 * task struct goes when its parent reaps it: init does at once, as do lab parents. */
void do_exit(struct machine *m, handle_t task, s32 code);
/** task_exit_requested() - the innermost running command's process ends with wait status @status
 * once the command is over: exit(2). */
void task_exit_requested(struct machine *m, s32 status);
/** send_signal() - what @sig does to @task: ends, stops, continues, nothing. @uid: sender; -EPERM,
 * -EINVAL, -ESRCH. */
int send_signal(struct machine *m, handle_t task, int sig, u32 uid);
/** kill_process() - the same as a request of its own: a large process ends batch by batch, with
 * safe points. Who calls must look up anew what it knows of tasks. */
int kill_process(struct machine *m, handle_t task, int sig, u32 uid);

/** task_cmdline() - copy at most @size bytes of the command line (arguments with their NULs);
 * returns its length. task_set_cmdline(): replace it; -ENOMEM. */
size_t task_cmdline(const struct machine *m, handle_t task, char *buffer, size_t size);
int task_set_cmdline(struct machine *m, handle_t task, const char *bytes, size_t size);

/** task_create() - an empty task (no address space yet) with its kernel objects and stack, child of
 * @parent. @pid: 0 for the next free one. The twin and fork use it. -ENOMEM, -EAGAIN, -EEXIST. */
int task_create(struct machine *m, handle_t parent, const char *comm, u32 pid, handle_t *out);

/** task_rlimit() - getrlimit(2): the soft limit. task_setrlimit(): setrlimit(2); a copy of the
 * shared limits is made.
 * -EINVAL: soft above hard; -EPERM: hard may not be raised; -ENOMEM. */
u64 task_rlimit(const struct machine *m, handle_t task, enum rlimit_id which);
int task_setrlimit(struct machine *m, handle_t task, enum rlimit_id which, u64 soft, u64 hard);
/** task_prlimit() - the same done by somebody else: may he raise the hard limit? */
int task_prlimit(struct machine *m, handle_t task, enum rlimit_id which, u64 soft, u64 hard,
		 bool cap_sys_resource);
/** task_cpu_allowed() - may @task run on @cpu?  task_setaffinity(): -EINVAL if none is online. */
bool task_cpu_allowed(const struct machine *m, const struct task *t, u32 cpu);
int task_setaffinity(struct machine *m, handle_t task, const struct cpumask *mask);
/** cpu_to_node() - the node a CPU belongs to. */
int cpu_to_node(const struct machine *m, u32 cpu);

/** loadavg() - the three load averages now, fixed point with 11 fractional bits. Pure. */
void loadavg(const struct machine *m, u64 out[3]);
/** task_set_state() - change the state letter; keeps nr_running and the load average's count. */
void task_set_state(struct machine *m, handle_t task, enum task_state_letter state);

/** account_task_time() - @ns of user or system time for @task on its CPU. */
void account_task_time(struct machine *m, handle_t task, u64 ns, bool user);

#endif
