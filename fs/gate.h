/*
 * gate.h - the lock that guards a machine, handed over in the order of arrival.
 *
 * A plain mutex is not fair: a long command that let go of it for a moment would have it back
 * before a waiting reader's thread woke up. So everybody draws a number and is served in that
 * order; to yield is to draw a new one.
 *
 *	reader    enter ......(waits, sets ->attention)....| reads | leave
 *	command   ---- works ---- safe point: yield --------|.......|---- works on ----
 *
 * - Nothing holds the gate while it replies to the kernel, sleeps, or waits for another thread.
 * - At most one long command is in progress. While it is, others come in only when it yields.
 * - A read that takes long (smaps of a process with millions of pages) has a thread of its own,
 *   which yields as well: it waits for no command, and nobody waits for it.
 * - Lock order: a thread that holds the gate may take any other lock of fs/; nobody asks for the
 *   gate with such a lock held. (gate_interrupt() takes only the gate's inner mutex, a leaf.)
 */
#ifndef FS_GATE_H
#define FS_GATE_H

#include <mman/machine.h>
#include <pthread.h>

struct gate {
	pthread_mutex_t mutex;
	pthread_cond_t turn;
	u64 next_ticket, serving;
	struct machine *m; /* whose ->attention tells that somebody waits */
	bool long_active;  /* a long command is in progress (it may have yielded) */
	pthread_t long_thread;
	u32 interrupted; /* atomic: it is to end */
	u64 run_until;	 /* host ns: it need not yield before */
	/* the same of a long read: there is at most one, beside the command */
	bool read_active;
	pthread_t read_thread;
	u32 read_interrupted;
	u64 read_until;
};

int gate_init(struct gate *g, struct machine *m); /* 0 or -errno */
void gate_destroy(struct gate *g);

void gate_enter(struct gate *g);
void gate_leave(struct gate *g);

/** gate_set_machine() - from now on @m's attention is called for. Held. */
void gate_set_machine(struct gate *g, struct machine *m);

/** gate_long_begin(), gate_long_end() - the holder starts and ends a long command. Held. */
void gate_long_begin(struct gate *g);
void gate_long_end(struct gate *g);

/** gate_read_begin(), gate_read_end() - the holder starts and ends a long read. Held. */
void gate_read_begin(struct gate *g);
void gate_read_end(struct gate *g);
/** gate_reads() - is the caller the thread that reads at length? Held. */
bool gate_reads(const struct gate *g);

/**
 * gate_yield() - for machine_host.yield: let those who wait be served first.
 * Returns false when the running long command is to end. A holder that is no long command, or that
 * came in while one had yielded, goes on at once.
 */
bool gate_yield(struct gate *g);

/** gate_idle() - the long command in progress has nothing to do: it leaves the gate for @ns of the
 * host's time, or goes on at once if it is to end. */
void gate_idle(struct gate *g, u64 ns);

/** gate_interrupt() - end the long command in progress at its next safe point. Any thread, not
 * held. */
void gate_interrupt(struct gate *g);
/** gate_interrupt_read() - the same of the long read. */
void gate_interrupt_read(struct gate *g);

/** host_ns() - the host's monotonic clock. */
u64 host_ns(void);

#endif
