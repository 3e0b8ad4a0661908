/*
 * exec.h - `mmanfs exec DIR [-- CMD …]`: run a real program with the simulated machine's /proc and
 * /sys.
 */
#ifndef FS_EXEC_EXEC_H
#define FS_EXEC_EXEC_H

#include "fs/ioctl.h"

struct exec_options {
	const char *dir;   /* where the machine is mounted */
	char *const *argv; /* the command; NULL or empty: an interactive shell */

	/*
	 * Who takes the signals that are meant for simulated processes: 0 or -errno, as the ioctl
	 * of fs/ioctl.h. NULL is the mount itself, through DIR/sim/ctl; anything else stands in for
	 * it, and DIR may then be any folder that holds proc/ and sys/.
	 */
	int (*deliver)(void *ctx, const struct mmanfs_signal *signal);
	void *ctx;
};

/**
 * exec_command() - run a command inside a mounted machine and wait for it
 *
 * Returns the exit status for the calling process: the command's own; 126 if it could not be run
 * and 127 if there is none of that name, as a shell says it; or one of sysexits, with a line on
 * stderr: EX_NOINPUT when DIR is no mounted machine, EX_UNAVAILABLE when it does not answer or this
 * host refuses a namespace or the filter, EX_OSERR when the host is out of something.
 *
 * When a signal ended the command, the calling process ends by the same signal, so that whoever
 * started it sees what it would have seen of the command (a shell makes 128 + signal of it).
 *
 * Meant to be the last thing that a process does: standard input, standard output and every file
 * descriptor from 3 on are given up to the command. Signals sent to the process meanwhile are
 * passed on to the command. Must be called without other threads.
 */
int exec_command(const struct exec_options *opt);

#endif
