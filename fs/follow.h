/*
 * follow.h - serve callers from the CPU they run on.
 *
 * A reader's program makes several requests in a row and waits for each answer. If the thread that
 * answers sleeps on another CPU, each request wakes that CPU first, which costs several times the work
 * itself; the kernel leaves a woken thread where it was. So now and then the thread looks where its
 * caller runs, and goes there.
 */
#ifndef FS_FOLLOW_H
#define FS_FOLLOW_H

#include <mman/types.h>
#include <sched.h>

struct follow {
	cpu_set_t allowed; /* as the daemon was started */
	u32 countdown;	   /* requests until the next look */
};

void follow_init(struct follow *f);
/** follow_caller() - a request of thread @tid (as we see it; 0: unknown) is about to be served. */
void follow_caller(struct follow *f, u32 tid);

#endif
