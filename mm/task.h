/* task.h - what the files about tasks (task, fork, exit, exec, kthread, sched) share. */
#ifndef MM_TASK_H
#define MM_TASK_H

#include <mman/machine.h>

#define AVERAGE_SHIFT 11 /* fraction bits of running averages */

/* Of signal(7), on all machines. */
#define SIGBUS_NR  7
#define SIGKILL_NR 9
#define SIGSEGV_NR 11

/** decayed_average() - a running average @periods later, @value all the while; @decay of a
 * period. */
u64 decayed_average(u64 average, u64 decay, u64 periods, u64 value);

/** task_release() - give back all that a dead task still holds; its handle is free afterwards. */
void task_release(struct machine *m, handle_t task);
void task_reparent(struct machine *m, handle_t child, handle_t parent);
/** exit_unmap() - for a process that is about to end, the innermost running one: unmaps what would
 * take long, with safe points. false: somebody else ended it meanwhile. */
bool exit_unmap(struct machine *m, struct running *r);
/** exit_unmapped() - after that: do_exit(). Shared memory that goes with it goes in batches, too. */
void exit_unmapped(struct machine *m, const struct running *r, s32 code);
/** exit_threads() - all but the leader end: exit(2), and execve(2). */
void exit_threads(struct machine *m, handle_t leader);
/** exit_prepare() - all of a process's end but its address space and its task struct. */
void exit_prepare(struct machine *m, handle_t leader, s32 code);
void task_text_free(struct machine *m, handle_t text);
void rlimits_defaults(struct machine *m, struct rlimits *r);
/** task_share_rlimits() - @rlimits are the task's, too; a change of them makes a copy. */
void task_share_rlimits(struct machine *m, handle_t task, handle_t rlimits);
/** task_pick_cpu() - where a new task starts: the next of its allowed CPUs, round robin. */
u32 task_pick_cpu(struct machine *m, const struct task *t);
/** init_process() - PID 1 with a small program of its own: at boot, and for a twin whose first
 * process was not shown. */
int init_process(struct machine *m);
/** kthreads_init() - the kernel threads of a 6.1 boot, in its order. */
int kthreads_init(struct machine *m);
/** exec_image() - map program, heap, stack, vdso into the fresh address space of @task and touch
 * what its start-up code touches. @name: argv[0]. */
int exec_image(struct machine *m, handle_t task, const char *name);

#endif
