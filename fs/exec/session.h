/*
 * session.h - one run of `mmanfs exec`: the processes it consists of, and what they share.
 *
 *	mmanfs exec		started by the user; waits. Passes signals on to the supervisor, and
 *	   |			ends as the command ended (exec.c)
 *	   | control
 *	supervisor		process 1 of the command's PID namespace: makes the namespaces (ns.c),
 *	   |			answers stopped calls, reaps (supervisor.c)
 *	   | listener
 *	command			under the filter, in the process group that the user started
 *	   \ children ...
 *
 * - If the first dies, the supervisor does (parent-death signal, and the end of `control`); if the
 *   supervisor dies, the kernel kills all that is left in its namespace. So nothing outlives a
 *   session.
 * - All three stay in one process group, the one that the user's shell made: a terminal's Ctrl-C
 *   and Ctrl-Z, `fg`, and a pipeline's other members work as with any command. The supervisor is
 *   immune to signals from the terminal, as a process 1 is.
 * - The supervisor is in the command's PID namespace, so that numbers in stopped calls mean the
 *   same to both, and needs no privilege to look at the command's processes.
 */
#ifndef FS_EXEC_SESSION_H
#define FS_EXEC_SESSION_H

#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "fs/exec/calls.h"
#include "fs/exec/exec.h"

struct exec_session {
	const struct exec_options *opt;
	char dir[PATH_MAX]; /* absolute, without links */
	uint32_t identity;  /* of the mount */
	bool has_kmsg;	    /* DIR/dev/kmsg is there */
	int ctl;	    /* DIR/sim/ctl, or -1 when opt->deliver stands in */
	int tty;	    /* the controlling terminal, or -1 */
	bool foreground;    /* it was ours to read at the start */
	int control;	    /* this side's end of the socket between the first two */
	bool user_ns;	    /* namespaces are made with the rights of a user namespace */
	uid_t outer_uid;    /* effective ids before, and as they are shown inside */
	gid_t outer_gid;
	uid_t inner_uid;
	gid_t inner_gid;
	sigset_t old_mask; /* for the command: as it was before */
	struct sigaction old_chld;
};

/* What goes over the control socket, one message a packet. */
enum exec_message_kind {
	EXEC_SIGNAL,  /* to the supervisor: pass this signal on to the command */
	EXEC_RESUME,  /* to the supervisor: continue the command; 1: give it the terminal as well */
	EXEC_STATUS,  /* from it: the command ended; its wait status */
	EXEC_STOPPED, /* from it: the command stopped itself in a process group of its own */
	EXEC_FAILED,  /* from it: could not start; the exit status. The reason was printed. */
};

struct exec_message {
	int32_t kind;
	int32_t value;
};

/** exec_send() - false: the other side is gone */
bool exec_send(int control, enum exec_message_kind kind, int value);
/** exec_receive() - false: the other side is gone */
bool exec_receive(int control, struct exec_message *message);

/** exec_complain() - print "mmanfs exec: …" on stderr and return @status */
int exec_complain(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/**
 * exec_close_others() - give up every descriptor but stderr and the @nr in @keep
 *
 * 0 and 1 become /dev/null. Whoever waits for the end of a pipe that the command was given must not
 * wait for us.
 */
void exec_close_others(const int *keep, size_t nr);

/**
 * exec_ns_enter() - in the new process 1: map ids, bind the simulated trees, number processes high
 * @proc: where to put a descriptor of the namespace's own real /proc
 *
 * 0, or an exit status after a word on stderr.
 */
int exec_ns_enter(const struct exec_session *s, int *proc);

/** exec_ns_hint() - which switch of this host keeps ordinary users from namespaces; "" if none
 * seems to */
const char *exec_ns_hint(void);

/** exec_supervise() - the life of process 1; does not return */
void exec_supervise(const struct exec_session *s) __attribute__((noreturn));

/**
 * exec_run() - become the command (or shell), with the environment that it is to have
 *
 * Returns only if that failed: 126 or 127, after a word on stderr.
 */
int exec_run(const struct exec_session *s);

/* --- What the supervisor knows of the world (world.c) --- */

struct stand_in;

struct exec_view {
	int proc;     /* the namespace's own /proc */
	int tree;     /* the mounted tree's root, or -1 */
	int listener; /* for the check that a caller still waits */
	uint64_t id;  /* the stopped call being answered */
	const struct exec_session *session;
	char pid_ns[64]; /* the name of the namespace that the supervisor is in */
	/* The last caller, for a moment: no number is used again so soon. */
	struct known_caller {
		pid_t tid;     /* 0: nobody */
		int dir;       /* its folder in ->proc */
		bool nested;   /* for its whole life */
		int64_t until; /* ns */
	} known;
	struct stand_in *stand_ins; /* real processes for pidfds of simulated ones */
};

/** exec_world_init() - a world that the kernel and the mounted machine answer for */
void exec_world_init(struct exec_world *world, struct exec_view *view);

/* What struct exec_world asks for, of a stopped caller (memory.c) ... */
int exec_read(void *ctx, pid_t tid, uint64_t addr, void *to, size_t size);
int exec_write(void *ctx, pid_t tid, uint64_t addr, const void *from, size_t size);
int exec_read_text(void *ctx, pid_t tid, uint64_t addr, char *to, size_t size);
int exec_locate(void *ctx, pid_t tid, int fd, const char *path, char *to);
/* ... and of pidfds (stand_in.c). */
int exec_stand_in(void *ctx, pid_t simulated, uint64_t start_time, unsigned int flags);
pid_t exec_stands_for(void *ctx, pid_t number);

/** exec_check_stand_ins() - end those whose simulated process has ended */
void exec_check_stand_ins(const struct exec_world *w, struct exec_view *view);

#endif
