/* Signals that end the program's loop. */
#include "fs/signals.h"

#include <unistd.h>

#define KICK_SIGNAL SIGUSR1
#define KICK_US	    5000

static void nothing(int signal)
{
	(void)signal;
}

static void *take_signals(void *arg)
{
	struct signals *s = arg;
	sigset_t set;
	int signal;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, KICK_SIGNAL); /* from signals_end() */
	sigwait(&set, &signal);
	s->stop(s->arg);
	while (!__atomic_load_n(&s->loop_ended, __ATOMIC_ACQUIRE)) {
		pthread_kill(s->loop, KICK_SIGNAL);
		usleep(KICK_US);
	}
	return NULL;
}

int signals_start(struct signals *s, void (*stop)(void *arg), void *arg)
{
	struct sigaction action = { .sa_handler = nothing };
	sigset_t all;
	int error;

	*s = (struct signals){ .stop = stop, .arg = arg, .loop = pthread_self() };
	sigaction(KICK_SIGNAL, &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);

	/* everything but the kick is the other thread's */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &s->old);
	error = pthread_create(&s->thread, NULL, take_signals, s);
	if (error) {
		pthread_sigmask(SIG_SETMASK, &s->old, NULL);
		return -error;
	}
	sigdelset(&all, KICK_SIGNAL);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	return 0;
}

void signals_end(struct signals *s)
{
	__atomic_store_n(&s->loop_ended, true, __ATOMIC_RELEASE);
	pthread_kill(s->thread, KICK_SIGNAL);
	pthread_join(s->thread, NULL);
	/* a second Ctrl-C must not end what the first one began */
	sigaddset(&s->old, SIGINT);
	sigaddset(&s->old, SIGTERM);
	sigaddset(&s->old, SIGHUP);
	pthread_sigmask(SIG_SETMASK, &s->old, NULL);
}
