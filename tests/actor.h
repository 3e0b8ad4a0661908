/*
 * actor.h - processes of random tests. They end when the test does not expect it, killed or by
 * their own hand, and others take their handles: a process is still the same one if its PID is.
 */
#ifndef TESTS_ACTOR_H
#define TESTS_ACTOR_H

#include <mman/machine.h>

struct actor {
	handle_t task; /* 0: none */
	u32 pid;
};

/** actor_is() - from now on this is @task. */
static inline void actor_is(const struct machine *m, struct actor *a, handle_t task)
{
	a->task = task;
	a->pid = task_at(m, task)->pid;
}

/** actor_alive() - it has not ended: it has an address space. */
static inline bool actor_alive(const struct machine *m, const struct actor *a)
{
	return a->task && find_task_by_pid(m, a->pid) == a->task && task_at(m, a->task)->mm;
}

#endif
