/*
 * calls.h - the system calls that mean the simulated machine or one of its processes, and what
 * becomes of each.
 *
 * A program inside `exec` sees two kinds of processes by one kind of number: its own children,
 * which are real, and the simulated machine's. The kernel knows only the former. Every call in the
 * table stops in the kernel until the supervisor has decided:
 *
 *	the number is ...		a call the engine serves	every other call
 *	an own process (or oneself)	the kernel goes on with it	the kernel goes on with it
 *	a simulated process		the engine answers		ESRCH
 *	nobody				ESRCH				ESRCH
 *
 * Calls without a number: sysinfo, uname, sync, swapon and swapoff are always the engine's; statfs,
 * fstatfs and syncfs are where the path or descriptor lies below the mounted trees. What the engine
 * serves today says the table in calls.c, a row a call.
 *
 * A simulated process gets a pidfd through a stand-in: a real process that sleeps until the
 * simulated one has ended. Its number stays out of everybody's sight.
 *
 * "Own" is everything in the PID namespace that was made for the command, except its process 1:
 * that is the supervisor, and 1 means the simulated init. Letting the kernel go on is safe whatever
 * the program does to its arguments meanwhile, as the namespace holds nobody else; the table is
 * there to reach the simulated ones, and to keep process 1, inherited pidfds and the inherited
 * process group out of reach. It is no sandbox.
 *
 * A program that made a PID namespace of its own inside speaks in other numbers; the kernel answers
 * it, and simulated processes are out of its sight.
 */
#ifndef FS_EXEC_CALLS_H
#define FS_EXEC_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "fs/ioctl.h"

/*
 * The supervisor answers pidfd_open(0, EXEC_HELLO), which every kernel refuses, with EXEC_HELLO in
 * the upper half and its own identity in the lower. So an exec inside an exec knows where it is.
 */
#define EXEC_HELLO 0x6d6d6e66u

struct exec_caller {
	uint32_t uid; /* effective, as the session's user namespace shows it */
	pid_t tgid;
	pid_t group; /* 0: the group that the session was started in, which goes beyond it */
	bool nested; /* lives in a PID namespace below the session's */
};

/*
 * What the handlers ask of the session they serve. The supervisor answers from the kernel, a test
 * from a table.
 */
struct exec_world {
	/* Is there such a process, thread or group among the command's own? */
	bool (*has_task)(void *ctx, pid_t number);
	bool (*has_group)(void *ctx, pid_t number);
	/* ... any process besides @tgid? */
	bool (*has_others)(void *ctx, pid_t tgid);
	/* Who waits for the answer. -ESRCH: it is gone. */
	int (*get_caller)(void *ctx, pid_t tid, struct exec_caller *caller);
	/* Of that only the user and whether he is nested: cheaper, as the kernel need not write a
	 * status. */
	int (*get_user)(void *ctx, pid_t tid, struct exec_caller *caller);
	/* Does the caller live in a PID namespace below the session's? Cheaper than to ask who it
	 * is. */
	int (*is_nested)(void *ctx, pid_t tid);
	/* The process behind pidfd @fd of @tid: its number; 0 if not ours; -ESRCH ended; -EBADF no
	 * pidfd. */
	int (*get_pidfd)(void *ctx, pid_t tid, int fd);
	/* kill(0, sig) for the own members of the group that the session was started in. 0 or
	 * -errno */
	int (*kill_start_group)(void *ctx, const struct exec_caller *caller, int sig);
	/* A signal to the own process @pid, as kill(2) of @caller. 0 or -errno */
	int (*kill_own)(void *ctx, const struct exec_caller *caller, pid_t pid, int sig);
	/* A signal to the simulated machine. 0 or -errno */
	int (*deliver)(void *ctx, const struct mmanfs_signal *signal);
	/* A call to the simulated machine (fs/ioctl.h): its value or -errno; @c is filled in. */
	int (*call)(void *ctx, struct mmanfs_call *c, bool asks);
	/* The caller's memory. All @size bytes: 0 or -EFAULT; -ESRCH when the caller is gone. */
	int (*read)(void *ctx, pid_t tid, uint64_t addr, void *to, size_t size);
	int (*write)(void *ctx, pid_t tid, uint64_t addr, const void *from, size_t size);
	/* Text with its NUL: 0, -EFAULT, -ESRCH, or -ENAMETOOLONG when it has more than @size
	 * bytes. */
	int (*read_text)(void *ctx, pid_t tid, uint64_t addr, char *to, size_t size);
	/*
	 * Where in the mounted tree is the caller's @path, or, if that is NULL, its descriptor @fd?
	 * 1: at @to ("proc/42", "sim/disk/a"; size PATH_MAX); 0: not in the tree; -errno, -ENOENT
	 * if there is no such file.
	 */
	int (*locate)(void *ctx, pid_t tid, int fd, const char *path, char *to);
	/* The simulated kernel's log from its start, a record a read, O_NONBLOCK: a descriptor or
	 * -errno */
	int (*open_log)(void *ctx);
	/* A descriptor for @simulated, which started at @start_time; flags of pidfd_open(2).
	 * -errno */
	int (*stand_in)(void *ctx, pid_t simulated, uint64_t start_time, unsigned int flags);
	/* The simulated process that @number stands in for, 0: for none. */
	pid_t (*stands_for)(void *ctx, pid_t number);
	uint32_t identity; /* which mount this is */
	void *ctx;
};

struct exec_answer {
	bool go_on;    /* the kernel makes the call */
	int error;     /* or it fails: -errno */
	int64_t value; /* or it returns this */
	bool gives_fd; /* or a copy of the descriptor ->value, which is then closed */
};

struct exec_call {
	int nr;
	const char *name;
	int8_t pid; /* which argument is the number (or pidfd) of the other process; or -1 */
	int8_t self; /* which argument means oneself when it is 0, so that no question arises; or -1 */
	struct exec_answer (*serve)(const struct exec_world *w, const struct exec_call *call,
				    pid_t tid, const uint64_t *args);
};

/* Ascending by number on x86-64. */
extern const struct exec_call exec_calls[];
extern const size_t exec_nr_calls;

/** exec_call_find() - the table's row of a system call number, or NULL */
const struct exec_call *exec_call_find(int nr);

#endif
