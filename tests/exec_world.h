/*
 * exec_world.h - what the calls of `mmanfs exec` are served in, made of tables: own processes
 * 4000001 (the caller), 4000002 and thread 4000003, own group 4000002, simulated processes 42 and
 * 1. The caller's memory is the test's own.
 */
#ifndef TESTS_EXEC_WORLD_H
#define TESTS_EXEC_WORLD_H

#include "fs/exec/calls.h"

#define SELF		 4000001
#define CHILD		 4000002
#define THREAD		 4000003
#define SIMULATED	 42
#define NOBODY		 777
#define PIDFD_CHILD	 3
#define PIDFD_OUTSIDE	 4
#define PIDFD_SUPERVISOR 5
#define PIDFD_ENDED	 6
#define NO_PIDFD	 7
#define STAND_IN	 4000009
#define PIDFD_SIMULATED	 8

struct exec_fake {
	struct exec_caller caller;
	bool caller_gone;
	bool alone;
	bool unmounted;
	struct mmanfs_signal last;
	int nr_delivered;
	int nr_group;
	struct mmanfs_call asked; /* the last call, before it was filled in */
	bool asked_by_query;
	int nr_asked;
	const char *located; /* what locate() finds */
	uint64_t log_from;
};

extern struct exec_fake exec_fake;
extern const struct exec_world fake_exec_world;

/** reset_exec_fake() - the caller is a process of user 1000, and nothing was asked yet. */
void reset_exec_fake(void);

#endif
