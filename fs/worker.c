/* The thread for long commands. */
#include "fs/worker.h"

#include <signal.h>
#include <time.h>

#define STOP_SECONDS 5

static struct job *next_job(struct worker *w)
{
	struct job *job;

	pthread_mutex_lock(&w->mutex);
	w->running = NULL;
	while (!w->first && !w->stop)
		pthread_cond_wait(&w->more, &w->mutex);
	job = w->stop ? NULL : w->first;
	if (job) {
		w->first = job->next;
		if (!w->first)
			w->last = &w->first;
		w->running = job;
	}
	pthread_mutex_unlock(&w->mutex);
	return job;
}

/* A job may be cancelled between leaving the queue and having the gate. */
static bool is_cancelled(struct worker *w, const struct job *job)
{
	bool cancelled;

	pthread_mutex_lock(&w->mutex);
	cancelled = job->cancelled;
	pthread_mutex_unlock(&w->mutex);
	return cancelled;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct job *job;

	while ((job = next_job(w))) {
		gate_enter(w->gate);
		if (w->begin)
			w->begin(w->arg);
		(w->reads ? gate_read_begin : gate_long_begin)(w->gate);
		if (!is_cancelled(w, job))
			job->run(job);
		(w->reads ? gate_read_end : gate_long_end)(w->gate);
		if (w->end)
			w->end(w->arg);
		gate_leave(w->gate);

		pthread_mutex_lock(&w->mutex);
		w->running = NULL;
		pthread_mutex_unlock(&w->mutex);
		job->done(job);
	}
	return NULL;
}

int worker_start(struct worker *w, struct gate *gate)
{
	sigset_t all, old;
	int error;

	pthread_mutex_init(&w->mutex, NULL);
	pthread_cond_init(&w->more, NULL);
	w->first = NULL;
	w->last = &w->first;
	w->gate = gate;
	w->stop = false;

	/* signals are the main thread's */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&w->thread, NULL, work, w);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -error;
}

static void interrupt(struct worker *w)
{
	(w->reads ? gate_interrupt_read : gate_interrupt)(w->gate);
}

bool worker_stop(struct worker *w)
{
	struct timespec deadline;
	struct job *job;

	pthread_mutex_lock(&w->mutex);
	w->stop = true;
	if (w->running) {
		w->running->cancelled = true;
		interrupt(w);
	}
	pthread_cond_signal(&w->more);
	pthread_mutex_unlock(&w->mutex);

	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += STOP_SECONDS;
	if (pthread_timedjoin_np(w->thread, NULL, &deadline))
		return false;

	while ((job = w->first)) {
		w->first = job->next;
		job->cancelled = true;
		job->done(job);
	}
	pthread_cond_destroy(&w->more);
	pthread_mutex_destroy(&w->mutex);
	return true;
}

void worker_submit(struct worker *w, struct job *job)
{
	job->next = NULL;
	job->cancelled = false;
	pthread_mutex_lock(&w->mutex);
	*w->last = job;
	w->last = &job->next;
	pthread_cond_signal(&w->more);
	pthread_mutex_unlock(&w->mutex);
}

bool worker_cancel(struct worker *w, struct job *job)
{
	struct job **at;
	bool queued = false;

	pthread_mutex_lock(&w->mutex);
	for (at = &w->first; *at; at = &(*at)->next) {
		if (*at != job)
			continue;
		*at = job->next;
		if (!*at)
			w->last = at;
		queued = true;
		break;
	}
	job->cancelled = true;
	if (!queued && w->running == job)
		interrupt(w);
	pthread_mutex_unlock(&w->mutex);
	return queued;
}
