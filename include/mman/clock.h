/*
 * clock.h - the one virtual clock, and the events that wait on it.
 *
 * Time moves by (a) the cost of what runs: clock_charge(); (b) clock_advance_to(), for "advance
 * 250ms" and for the host's time while nothing runs (realtime; fs/ feeds it); (c) clock_sleep().
 * An event is a value {due, kind, argument}; its handler is picked by kind in mm/clock.c, so that
 * a snapshot can hold it. Events run in order of (due, sequence), always at their due time or
 * later, at safe points: between two page touches. In the middle of an allocation only kernel
 * threads run, where reclaim says so: clock_run_kthreads().
 * Handlers do not move the clock: a kernel thread works a bounded batch, and schedules itself
 * again after the batch's cost. So one advance of 10 s and ten of 1 s give the same state.
 *
 * Steps: every safe point and every event counts clock->step. The journal names the step at which a
 * write took effect, so that a knob written in the middle of a long command is replayed in the
 * middle.
 */
#ifndef MMAN_CLOCK_H
#define MMAN_CLOCK_H

#include <mman/types.h>

enum event_kind {
	EVENT_NONE,
	EVENT_LOAD,	  /* background load: arg = load handle */
	EVENT_KSWAPD,	  /* arg = nid */
	EVENT_KCOMPACTD,  /* arg = nid */
	EVENT_FLUSHER,	  /* arg = FLUSHER_* (writeback.h) */
	EVENT_OOM_REAPER, /* arg = struct oom_victim */
	EVENT_PSI,	  /* arg = trigger */
	EVENT_IO_DONE,
	EVENT_TASK_EXIT /* a large process ends: arg = struct oom_victim */
};

struct event {
	u64 due; /* ns */
	u64 seq; /* order among equals */
	u32 kind;
	u32 arg;
};

/* Not CLOCK_REALTIME and its like: <time.h> has macros of such names. */
enum clock_mode { CLOCK_MODE_PAUSED, CLOCK_MODE_REALTIME, CLOCK_MODE_RATE };

struct clock {
	u64 now;       /* ns since boot */
	u64 next_due;  /* due time of the first event, UINT64_MAX if none */
	u64 step;      /* safe points passed since boot */
	u64 step_stop; /* host's wish, not state: yield at this step (replay); UINT64_MAX: never */
	u64 next_seq;
	u32 mode; /* enum clock_mode */
	u32 rate; /* x N of host time in CLOCK_MODE_RATE */
	u32 nr_events;
	bool in_events;	 /* a handler is running */
	bool in_kthread; /* clock_run_kthreads() is running */
	bool one_cpu;	 /* while a handler runs: a command has the one CPU there is */
	u64 waited;	 /* ns for which it waited for the handler */
};

/* The cost table: ns of virtual time. Each is a key of the machine file's [cost] section. */
struct cost_table {
	u32 syscall, minor_fault, zero_page, copy_page, tlb_miss, memory_access,
		memory_access_remote, pte_unmap, page_alloc_slow, page_free, context_switch,
		fork_page, exec, scan_page, reclaim_page, disk_seek, disk_page_read,
		disk_page_write, disk_flush, migrate_page, compact_page;
};

/* machine_safe_point(): machine.h, inline. */

/** clock_advance_to() - move to @ns (never back), running every event due on the way. */
void clock_advance_to(struct machine *m, u64 ns);

/**
 * clock_sleep() - the running command waits @ns without holding anything: what is due meanwhile
 * runs in order (flushers, kswapd, completions, loads). Only where a safe point may be. Inside a
 * handler it moves the clock and nothing else. False: the command is to end at once.
 */
bool clock_sleep(struct machine *m, u64 ns);

/**
 * clock_run_kthreads() - in the middle of an allocation that reclaims: kernel threads and
 * completions (all kinds but EVENT_LOAD) that are due at the clock's present time run now, so that
 * kswapd works beside a direct reclaimer. Does nothing inside a handler or itself. Only where no
 * LRU list is being walked in place and no page is held that they could free.
 */
void clock_run_kthreads(struct machine *m);

/**
 * clock_share_cpu() - the kernel thread whose handler is running has worked @ns. It did so beside
 * the command in progress; or, where that has the one CPU there is, instead of it: then the clock
 * moves by @ns when the handler is over, and the command has as long for itself before the thread's
 * next turn. Returns in how many ns from the handler's start that is.
 */
u64 clock_share_cpu(struct machine *m, u64 ns);

/** clock_recheck() - a command is to end at its next safe point (its process was killed, the
 * machine has panicked), or has ended: the quick test of machine_safe_point() must know. */
void clock_recheck(struct machine *m);

/** event_schedule() - one more event, at @due (ns); event_cancel() - take back those of @kind and
 * @arg; event_pending() - is there any? Walks all: for checks. */
void event_schedule(struct machine *m, enum event_kind kind, u32 arg, u64 due);
void event_cancel(struct machine *m, enum event_kind kind, u32 arg);
bool event_pending(const struct machine *m, enum event_kind kind, u32 arg);

#endif
