/* What a mount puts around a machine; session.h has the threads. */
#include "fs/session.h"

#include "fs/journal.h"

#include <signal.h>
#include <string.h>

static bool host_yield(struct machine *m, void *arg)
{
	struct session *s = arg;
	struct journal *journal;

	/* who reads changes nothing, and must not go on with a machine that was replaced
	 * meanwhile */
	if (gate_reads(&s->gate))
		return gate_yield(&s->gate) && s->m == m;
	if (gate_yield(&s->gate))
		return true;
	/* a replay must stop at the same step */
	journal = tree_journal(s->tree);
	if (journal)
		journal_interrupted(journal, m);
	return false;
}

#define IDLE_NS 5000000ull

static void host_idle(struct machine *m, void *arg)
{
	struct session *s = arg;

	(void)m;
	gate_idle(&s->gate, IDLE_NS);
}

/* Called for every line of the log, with the gate held: cheap unless somebody listens. */
static void host_wake(struct machine *m, void *arg)
{
	struct session *s = arg;

	(void)m;
	if (!__atomic_load_n(&s->nr_listeners, __ATOMIC_RELAXED) ||
	    __atomic_exchange_n(&s->wake_pending, 1, __ATOMIC_ACQ_REL))
		return;
	pthread_mutex_lock(&s->notify_mutex);
	pthread_cond_signal(&s->notify_cond);
	pthread_mutex_unlock(&s->notify_mutex);
}

static void attach(struct session *s, struct machine *m)
{
	m->host = (struct machine_host){
		.arg = s, .yield = host_yield, .idle = host_idle, .wake = host_wake
	};
	gate_set_machine(&s->gate, m);
}

static void adopt(struct tree_session *hooks, struct machine *m)
{
	attach((struct session *)hooks, m);
}

static void machine_changed(struct tree_session *hooks, struct machine *old, struct machine *m)
{
	struct session *s = (struct session *)hooks;

	(void)old;
	s->m = m;
	attach(s, m);
	clock_drive_set_machine(&s->drive, m);
	/* sequence numbers of the streams started anew */
	host_wake(m, s);
}

static void clock_set(struct tree_session *hooks)
{
	clock_drive_rebase(&((struct session *)hooks)->drive);
}

static void before_job(void *arg)
{
	struct session *s = arg;

	clock_drive_update(&s->drive);
}

/*
 * kernel.panic seconds after a panic the machine is booted anew: as if somebody had written
 * `reboot`, and so it is in the journal. A boot that fails is not tried again.
 */
static void reboot_if_due(void *arg)
{
	struct session *s = arg;

	if (likely(!s->m->panicked) || !panic_reboot_due(s->m) || s->gate.long_active)
		return;
	if (tree_write_file(s->tree, "sim/ctl", "reboot\n", 7) < 0)
		s->m->panic.reboot_at = UINT64_MAX;
}

void session_set_names(struct session *s, void (*forget_names)(void *arg), void *arg)
{
	s->forget_names = forget_names;
	s->names_arg = arg;
}

void session_check_names(struct session *s)
{
	if (!s->names_known || s->names_gone == tree_names_gone(s->tree))
		return;
	s->names_known = false;
	s->forget_names(s->names_arg);
}

void session_know_name(struct session *s)
{
	session_check_names(s);
	s->names_known = true;
	s->names_gone = tree_names_gone(s->tree);
}

static void after_job(void *arg)
{
	struct session *s = arg;

	reboot_if_due(s);
	session_check_names(s);
	clock_drive_command_ended(&s->drive);
	clock_drive_arm(&s->drive);
}

/* As session_enter() and session_leave(). */
static void before_read(void *arg)
{
	clock_drive_update(&((struct session *)arg)->drive);
}

static void after_read(void *arg)
{
	struct session *s = arg;

	reboot_if_due(s);
	session_check_names(s);
	clock_drive_arm(&s->drive);
}

static void *notifier(void *arg)
{
	struct session *s = arg;
	bool stop = false;

	while (!stop) {
		pthread_mutex_lock(&s->notify_mutex);
		while (!__atomic_load_n(&s->wake_pending, __ATOMIC_ACQUIRE) && !s->stop_notifier)
			pthread_cond_wait(&s->notify_cond, &s->notify_mutex);
		stop = s->stop_notifier;
		pthread_mutex_unlock(&s->notify_mutex);
		/* cleared before the look: what comes after the look wakes us again */
		__atomic_store_n(&s->wake_pending, 0, __ATOMIC_RELEASE);
		if (!stop)
			s->notify(s->notify_arg);
	}
	return NULL;
}

static int start_notifier(struct session *s)
{
	sigset_t all, old;
	int error;

	pthread_mutex_init(&s->notify_mutex, NULL);
	pthread_cond_init(&s->notify_cond, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&s->notifier, NULL, notifier, s);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -error;
}

static void stop_notifier(struct session *s)
{
	pthread_mutex_lock(&s->notify_mutex);
	s->stop_notifier = true;
	pthread_cond_signal(&s->notify_cond);
	pthread_mutex_unlock(&s->notify_mutex);
	pthread_join(s->notifier, NULL);
	pthread_cond_destroy(&s->notify_cond);
	pthread_mutex_destroy(&s->notify_mutex);
}

int session_start(struct session *s, struct machine *m, struct tree *tree,
		  void (*notify)(void *arg), void *notify_arg)
{
	int error;

	memset(s, 0, sizeof(*s));
	s->hooks = (struct tree_session){ .adopt = adopt,
					  .machine_changed = machine_changed,
					  .clock_set = clock_set };
	s->m = m;
	s->tree = tree;
	s->notify = notify;
	s->notify_arg = notify_arg;

	error = gate_init(&s->gate, m);
	if (error)
		return error;
	error = start_notifier(s);
	if (error)
		goto no_notifier;
	s->worker.begin = before_job;
	s->worker.end = after_job;
	s->worker.arg = s;
	error = worker_start(&s->worker, &s->gate);
	if (error)
		goto no_worker;
	s->reader.begin = before_read;
	s->reader.end = after_read;
	s->reader.arg = s;
	s->reader.reads = true;
	error = worker_start(&s->reader, &s->gate);
	if (error)
		goto no_reader;
	attach(s, m);
	s->drive.ring = reboot_if_due;
	s->drive.arg = s;
	error = clock_drive_start(&s->drive, &s->gate, m);
	if (error)
		goto no_drive;
	tree_set_session(tree, &s->hooks);
	return 0;

no_drive:
	worker_stop(&s->reader);
no_reader:
	worker_stop(&s->worker);
no_worker:
	stop_notifier(s);
no_notifier:
	gate_destroy(&s->gate);
	return error;
}

bool session_stop(struct session *s)
{
	if (!worker_stop(&s->reader) || !worker_stop(&s->worker))
		return false;
	clock_drive_stop(&s->drive);
	stop_notifier(s);
	tree_set_session(s->tree, NULL);
	s->m->host = (struct machine_host){ .arg = NULL };
	gate_destroy(&s->gate);
	return true;
}

void session_enter(struct session *s)
{
	gate_enter(&s->gate);
	clock_drive_update(&s->drive);
}

void session_leave(struct session *s)
{
	reboot_if_due(s);
	session_check_names(s);
	clock_drive_arm(&s->drive);
	gate_leave(&s->gate);
}

void session_listen(struct session *s, int change)
{
	__atomic_add_fetch(&s->nr_listeners, (u32)change, __ATOMIC_RELAXED);
}
