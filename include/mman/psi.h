/*
 * psi.h - pressure stall information: how long tasks waited for I/O, for memory.
 *
 * "Some" is the time in which at least one task waited for the resource, "full" the part of it in
 * which nobody worked. The engine tells a stall when it is over, with psi_stall(); from then on it
 * is in the totals. mm/psi.c says how stalls that overlap are counted once, who counts as working,
 * and how averages and triggers follow. PSI_CPU grows only where there is one CPU: a command waits
 * while a kernel thread has it (clock_share_cpu()). Loads have CPUs of their own.
 *
 * Triggers belong to open files (fs/proc/pressure.c), not to the machine's state: they are in no
 * journal, and end with the machine. Their checks are events that count no step.
 * Source: Documentation/accounting/psi.rst.
 */
#ifndef MMAN_PSI_H
#define MMAN_PSI_H

#include <mman/pool.h>
#include <mman/types.h>

enum psi_resource { PSI_CPU, PSI_IO, PSI_MEM, NR_PSI_RESOURCES };
enum psi_kind { PSI_SOME, PSI_FULL, NR_PSI_KINDS };

#define PSI_AVG_SHIFT 11  /* fraction bits of an average, which is in percent */
#define PSI_STRETCHES 64u /* a power of two */

struct psi_line {
	u64 total_ns;
	u64 avg[3]; /* over 10 s, 60 s, 300 s: percent, fixed point */
};

struct psi_stretch {
	u64 start, end; /* ns */
};

/* Stretches of time, sorted, none touching another; the oldest is forgotten when there are too
 * many. A ring: psi_stretch(). */
struct psi_stretches {
	u64 since; /* ns: all before it was counted, or is too old to count */
	u32 first, nr;
	struct psi_stretch ring[PSI_STRETCHES];
};

/** psi_stretch() - the @i-th oldest. */
static inline struct psi_stretch *psi_stretch(struct psi_stretches *s, u32 i)
{
	return &s->ring[(s->first + i) & (PSI_STRETCHES - 1)];
}

struct psi_state {
	struct psi_line line[NR_PSI_RESOURCES][NR_PSI_KINDS]; /* averages as of ->periods */
	u64 averaged_ns[NR_PSI_RESOURCES][NR_PSI_KINDS];      /* of the totals, in the averages */
	u64 periods;					      /* that the averages have seen */
	u64 period_end;					      /* ns: of the next */
	struct psi_stretches stalled[NR_PSI_RESOURCES][NR_PSI_KINDS]; /* counted of late */
	bool apart[NR_PSI_RESOURCES]; /* "full" is not what "some" is: until then it has none */
	struct psi_stretches worked;  /* when loads did something else than wait */
	struct psi_stretches batch;   /* stalls of the load that runs now */
	struct pool triggers;
	u32 nr_triggers;
};

struct machine;

/** psi_init() - nobody has waited yet. 0 or -ENOMEM. psi_destroy(): triggers go. */
int psi_init(struct machine *m);
void psi_destroy(struct machine *m);

/**
 * psi_stall() - the running task (m->current; loads and kernel threads too) waited for @r from
 * virtual time @start to @end, ns. Called after the clock was moved to @end or past it. Stalls may
 * nest or overlap: time is counted once. Waiting for the disk because memory is short is told to
 * both.
 */
void psi_stall(struct machine *m, enum psi_resource r, u64 start, u64 end);
/** psi_stalls() - the same for each resource of @which, a bitmap: what was waited for is short of
 * all of them. */
void psi_stalls(struct machine *m, u32 which, u64 start, u64 end);

/** psi_batch_begin(), psi_batch_end() - around the work of a background load: from @start on it
 * worked for @ns, but for the stalls told meanwhile. */
void psi_batch_begin(struct machine *m);
void psi_batch_end(struct machine *m, u64 start, u64 ns);

/** psi_read() - total and averages now. Pure. */
void psi_read(const struct machine *m, enum psi_resource r, enum psi_kind kind,
	      struct psi_line *out);

/** psi_set() - what had stalled until now, and lately: of the machine that this one is the twin
 * of. */
void psi_set(struct machine *m, enum psi_resource r, enum psi_kind kind,
	     const struct psi_line *line);

/* ---- triggers ---- */

#define PSI_CHECKS_PER_WINDOW 10u

/* @owner tells whose it is: a handle may mean another trigger after the machine was replaced. */
struct psi_trigger {
	const void *owner;
	u64 threshold, window; /* ns */
	u64 window_start, window_value, previous_growth;
	u64 checked_value;
	u64 active_until; /* checked until then; 0: asleep */
	u64 last_event;	  /* ns + 1; 0: none so far */
	u8 resource, kind;
	bool pending; /* over the threshold, not told yet */
	bool event;   /* told to nobody yet */
};

/** psi_trigger_create() - *@out stays valid until psi_trigger_destroy(). -ENOMEM. */
int psi_trigger_create(struct machine *m, enum psi_resource r, enum psi_kind kind, u64 threshold_ns,
		       u64 window_ns, const void *owner, handle_t *out);
/** psi_trigger_destroy() - nothing if the machine has no such trigger (any more). */
void psi_trigger_destroy(struct machine *m, handle_t h, const void *owner);
/** psi_trigger_find() - NULL: no such trigger (any more). */
struct psi_trigger *psi_trigger_find(const struct machine *m, handle_t h, const void *owner);
/** psi_trigger_check() - EVENT_PSI of that trigger: is its threshold passed? */
void psi_trigger_check(struct machine *m, u32 trigger);

#endif
