/* The machine's lock; gate.h has the picture. */
#include "fs/gate.h"

#include <time.h>

/* A long command works at least this long between two yields, and at least as long as it was away:
 * a program that reads without a pause takes half of the time, not all of it. */
#define RUN_MIN_NS 100000ull
#define RUN_MAX_NS 1000000ull

u64 host_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (u64)t.tv_sec * NSEC_PER_SEC + (u64)t.tv_nsec;
}

int gate_init(struct gate *g, struct machine *m)
{
	int error;

	*g = (struct gate){ .m = m };
	error = pthread_mutex_init(&g->mutex, NULL);
	if (error)
		return -error;
	error = pthread_cond_init(&g->turn, NULL);
	if (error)
		pthread_mutex_destroy(&g->mutex);
	return -error;
}

void gate_destroy(struct gate *g)
{
	pthread_cond_destroy(&g->turn);
	pthread_mutex_destroy(&g->mutex);
}

static void set_attention(struct gate *g, u32 value)
{
	if (g->m)
		__atomic_store_n(&g->m->attention, value, __ATOMIC_RELAXED);
}

static void wait_for_turn(struct gate *g)
{
	u64 ticket = g->next_ticket++;

	while (ticket != g->serving) {
		set_attention(g, 1);
		pthread_cond_wait(&g->turn, &g->mutex);
	}
}

static void next_turn(struct gate *g)
{
	g->serving++;
	if (g->serving != g->next_ticket)
		pthread_cond_broadcast(&g->turn);
}

void gate_enter(struct gate *g)
{
	pthread_mutex_lock(&g->mutex);
	wait_for_turn(g);
	pthread_mutex_unlock(&g->mutex);
}

void gate_leave(struct gate *g)
{
	pthread_mutex_lock(&g->mutex);
	next_turn(g);
	pthread_mutex_unlock(&g->mutex);
}

void gate_set_machine(struct gate *g, struct machine *m)
{
	pthread_mutex_lock(&g->mutex);
	set_attention(g, 0);
	g->m = m;
	/* whoever waits or interrupts already has told the other machine */
	set_attention(g, g->next_ticket > g->serving + 1 ||
				 __atomic_load_n(&g->interrupted, __ATOMIC_RELAXED));
	pthread_mutex_unlock(&g->mutex);
}

void gate_long_begin(struct gate *g)
{
	pthread_mutex_lock(&g->mutex);
	g->long_active = true;
	g->long_thread = pthread_self();
	g->run_until = 0;
	set_attention(g, g->next_ticket > g->serving + 1);
	pthread_mutex_unlock(&g->mutex);
}

void gate_long_end(struct gate *g)
{
	pthread_mutex_lock(&g->mutex);
	g->long_active = false;
	__atomic_store_n(&g->interrupted, 0, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&g->mutex);
}

void gate_read_begin(struct gate *g)
{
	pthread_mutex_lock(&g->mutex);
	g->read_active = true;
	g->read_thread = pthread_self();
	g->read_until = 0;
	set_attention(g, g->next_ticket > g->serving + 1);
	pthread_mutex_unlock(&g->mutex);
}

void gate_read_end(struct gate *g)
{
	pthread_mutex_lock(&g->mutex);
	g->read_active = false;
	__atomic_store_n(&g->read_interrupted, 0, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&g->mutex);
}

bool gate_reads(const struct gate *g)
{
	return g->read_active && pthread_equal(g->read_thread, pthread_self());
}

/* Out and in again behind those who wait. *@until: when the next time may be. */
static void hand_over(struct gate *g, u64 now, u64 *until)
{
	u64 away;

	pthread_mutex_lock(&g->mutex);
	if (g->next_ticket == g->serving + 1) {
		set_attention(g, 0);
		pthread_mutex_unlock(&g->mutex);
		return;
	}
	next_turn(g);
	wait_for_turn(g);
	set_attention(g, g->next_ticket > g->serving + 1);
	pthread_mutex_unlock(&g->mutex);

	away = host_ns() - now;
	*until = now + away +
		 (away < RUN_MIN_NS ? RUN_MIN_NS :
		  away > RUN_MAX_NS ? RUN_MAX_NS :
				      away);
}

static bool yield_of(struct gate *g, const u32 *interrupted, u64 *until)
{
	u64 now;

	if (__atomic_load_n(interrupted, __ATOMIC_RELAXED))
		return false;
	now = host_ns();
	if (now >= *until)
		hand_over(g, now, until);
	if (!__atomic_load_n(interrupted, __ATOMIC_RELAXED))
		return true;
	/* at every safe point from here on: a replay stops at all of them */
	set_attention(g, 1);
	return false;
}

bool gate_yield(struct gate *g)
{
	if (gate_reads(g))
		return yield_of(g, &g->read_interrupted, &g->read_until);
	if (!g->long_active || !pthread_equal(g->long_thread, pthread_self()))
		return true;
	return yield_of(g, &g->interrupted, &g->run_until);
}

void gate_idle(struct gate *g, u64 ns)
{
	struct timespec t = { .tv_sec = 0, .tv_nsec = (long)ns };

	if (gate_reads(g) || !g->long_active || !pthread_equal(g->long_thread, pthread_self()) ||
	    __atomic_load_n(&g->interrupted, __ATOMIC_RELAXED))
		return;
	gate_leave(g);
	nanosleep(&t, NULL);
	pthread_mutex_lock(&g->mutex);
	wait_for_turn(g);
	set_attention(g, g->next_ticket > g->serving + 1 ||
				 __atomic_load_n(&g->interrupted, __ATOMIC_RELAXED));
	pthread_mutex_unlock(&g->mutex);
}

void gate_interrupt_read(struct gate *g)
{
	pthread_mutex_lock(&g->mutex);
	if (g->read_active) {
		__atomic_store_n(&g->read_interrupted, 1, __ATOMIC_RELAXED);
		set_attention(g, 1);
	}
	pthread_mutex_unlock(&g->mutex);
}

void gate_interrupt(struct gate *g)
{
	pthread_mutex_lock(&g->mutex);
	if (g->long_active) {
		__atomic_store_n(&g->interrupted, 1, __ATOMIC_RELAXED);
		set_attention(g, 1);
	}
	pthread_mutex_unlock(&g->mutex);
}
