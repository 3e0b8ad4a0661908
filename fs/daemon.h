/* daemon.h - a process that goes to the background when it is ready. */
#ifndef FS_DAEMON_H
#define FS_DAEMON_H

#include <sys/types.h>

/*
 * The parent waits until the child says it is ready or ends, so errors reach the terminal and the
 * exit status:
 *
 *	parent   daemon_fork ......... daemon_wait -> status, exit
 *	child    daemon_fork -> 0 ...work... daemon_ready ...serves...
 */
struct daemon {
	int pipe; /* parent: read end; child: write end; -1: neither */
	pid_t child;
};

/** daemon_fork() - 0 in the child, 1 in the parent, -errno. */
int daemon_fork(struct daemon *d);
/** daemon_wait() - parent: 0 once the child is ready, or the exit status it ended with instead. */
int daemon_wait(struct daemon *d);
/** daemon_ready() - child: tell the parent, once; later calls do nothing. */
void daemon_ready(struct daemon *d);
/** daemon_detach() - child: leave the session, the terminal and the directory. */
void daemon_detach(void);

#endif
