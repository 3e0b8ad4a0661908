/*
 * worker.h - the thread that runs what may take long, one job at a time in order of arrival.
 *
 * A job owns its memory; ->done() frees it. Jobs run with the gate held and yield it at the
 * engine's safe points; whoever waits for a queue here is a long command, never a reader.
 */
#ifndef FS_WORKER_H
#define FS_WORKER_H

#include "fs/gate.h"

struct job {
	struct job *next;
	void (*run)(struct job *job);  /* gate held, as a long command */
	void (*done)(struct job *job); /* gate not held: reply and free */
	bool cancelled;		       /* not run, or told to end */
};

struct worker {
	pthread_mutex_t mutex;
	pthread_cond_t more;
	struct job *first, **last;
	struct job *running;
	bool stop;
	pthread_t thread;
	/* around each job, gate held */
	void (*begin)(void *arg);
	void (*end)(void *arg);
	void *arg;
	struct gate *gate;
	bool reads; /* its jobs are long reads, no commands */
};

int worker_start(struct worker *w, struct gate *gate); /* 0 or -errno */
/** worker_stop() - end the running job, call ->done() of the queued ones unrun, join the thread.
 * False: the running job did not come to a safe point in time; its thread is still there. */
bool worker_stop(struct worker *w);
void worker_submit(struct worker *w, struct job *job);

/** worker_cancel() - true: @job was still queued and is the caller's again; false: it runs and has
 * been told to end, or is over. */
bool worker_cancel(struct worker *w, struct job *job);

#endif
