/* pid.h - the process table's inside: for task.c only. */
#ifndef MM_PID_H
#define MM_PID_H

#include <mman/machine.h>

int pid_table_init(struct machine *m);
/** pid_alloc() - the next free PID after the last one, wrapping at pid_max; -EAGAIN, -ENOMEM. */
int pid_alloc(struct machine *m, handle_t task, u32 *pid);
/** pid_claim() - this very PID (the twin of a real process); -EEXIST, -EINVAL, -ENOMEM. */
int pid_claim(struct machine *m, handle_t task, u32 pid);
void pid_remove(struct machine *m, u32 pid);

#endif
