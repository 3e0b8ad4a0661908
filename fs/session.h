/*
 * session.h - a running machine: the engine, its tree, the gate, the worker and the clock's drive.
 *
 *	loop thread (fs/fuse.c)   session_enter, tree_*(), session_leave, reply
 *	worker thread             one long command at a time
 *	reader thread             one long read at a time
 *	clock thread              sleeps until the next due event
 *	notifier thread           wakes readers of streams and pollers
 */
#ifndef FS_SESSION_H
#define FS_SESSION_H

#include "fs/clock_drive.h"
#include "fs/gate.h"
#include "fs/tree.h"
#include "fs/worker.h"

struct session {
	struct tree_session hooks; /* first: the tree hands this back */
	struct machine *m;
	struct tree *tree;
	struct gate gate;
	struct worker worker;
	struct worker reader; /* long reads */
	struct clock_drive drive;
	/* the notifier: called in a thread of its own, gate not held, after the engine said
	 * machine_host.wake; @nr_listeners says whether anybody cares */
	void (*notify)(void *arg);
	void *notify_arg;
	/* The mount remembers names that last (directory.leads_here). As soon as any of what it had
	 * names for has ended, and before anybody is answered who could know: gate held, must not
	 * block. */
	void (*forget_names)(void *arg);
	void *names_arg;
	bool names_known;
	u64 names_gone;	  /* tree_names_gone() of then */
	u32 nr_listeners; /* atomic */
	u32 wake_pending; /* atomic */
	bool stop_notifier;
	pthread_mutex_t notify_mutex;
	pthread_cond_t notify_cond;
	pthread_t notifier;
};

/** session_start() - put a session around @m and @tree; it does not own them. 0 or -errno. */
int session_start(struct session *s, struct machine *m, struct tree *tree,
		  void (*notify)(void *arg), void *notify_arg);
/** session_stop() - end what runs; queued jobs are told by ->done(). Threads are gone afterwards.
 * False: a command does not end; nothing of the machine may be touched any more. */
bool session_stop(struct session *s);

/** session_enter(), session_leave() - around a short request: the gate, with the clock up to
 * date. */
void session_enter(struct session *s);
void session_leave(struct session *s);

/** session_set_names() - before anything is served. */
void session_set_names(struct session *s, void (*forget_names)(void *arg), void *arg);
/** session_know_name() - a name that lasts is about to be told. session_check_names() - whoever
 * leaves the gate other than by session_leave(), for an answer, calls this before. Gate held. */
void session_know_name(struct session *s);
void session_check_names(struct session *s);

/** session_listen() - one more (+1) or less (-1) who waits for ->notify(). */
void session_listen(struct session *s, int change);

#endif
