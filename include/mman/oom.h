/*
 * oom.h - out of memory: who dies, why, and what happens when nobody may.
 *
 *	out_of_memory()      picks a victim and kills it, or panics, or says: wait, one is dying already
 *	struct oom_state     the last decision and the last failed allocation, as they were when they
 *	                     happened: sim/explain reads them, and recomputes nothing
 *	victims              processes that were killed and still hold memory. Small ones end at once.
 *	                     A large one ends in batches (EVENT_TASK_EXIT), beside the allocation that
 *	                     waits for its pages; after two seconds the oom_reaper helps it.
 *
 * Source: Documentation/filesystems/proc.rst (3.1), admin-guide/sysctl/vm.rst.
 */
#ifndef MMAN_OOM_H
#define MMAN_OOM_H

#include <mman/gfp.h>
#include <mman/mmzone.h>
#include <mman/pool.h>

#define OOM_SCORE_ADJ_MIN (-1000)
#define OOM_SCORE_ADJ_MAX 1000

struct machine;

/* What limits the request to a part of memory. */
enum oom_constraint {
	CONSTRAINT_NONE,
	CONSTRAINT_CPUSET,
	CONSTRAINT_MEMORY_POLICY,
	CONSTRAINT_MEMCG
};

#define OOM_ORDER_SYSRQ (-1)

/* A request that could not be served. The caller fills in the first part. */
struct oom_control {
	gfp_t gfp;
	s32 order;			/* OOM_ORDER_SYSRQ: asked for by hand */
	u64 nodemask;			/* 0: all nodes */
	const struct pglist_data *node; /* whose zonelist */
	enum zone_type highest;		/* zones up to this one would do */

	enum oom_constraint constraint;
	u64 totalpages; /* what oom_score_adj counts thousandths of */
	handle_t chosen;
	s64 chosen_points;
};

/* ---- what sim/explain tells ---- */

#define ZONE_STATES_MAX	   32u
#define OOM_CANDIDATES_MAX 16u

/* A zone when it was decided. Pages. */
struct zone_state {
	u8 nid, type;
	bool allowed; /* the request could have used it */
	u8 reserved[5];
	u64 free, pcp, min, low, high, protection, managed;
	u64 active_anon, inactive_anon, active_file, inactive_file, unevictable;
	u32 nr_free[MAX_ORDER];
};

struct memory_state {
	struct zone_state zone[ZONE_STATES_MAX];
	u32 nr_zones, nr_left_out;
	u64 free, dirty, writeback, slab_reclaimable, slab_unreclaimable, page_tables, shmem;
	u64 free_swap, total_swap;
};

/* Why a process cannot be chosen. */
enum oom_ineligible {
	OOM_ELIGIBLE,
	OOM_IS_INIT,
	OOM_IS_KTHREAD,
	OOM_NO_MM,	 /* it is ending */
	OOM_ADJ_MIN,	 /* oom_score_adj -1000 */
	OOM_REAPED,	 /* it was killed before, and its memory has been taken */
	OOM_OTHER_NODES, /* it cannot use the nodes in question */
	NR_OOM_INELIGIBLE
};

struct oom_candidate {
	u32 pid;
	u32 uid;
	s64 points; /* pages */
	u64 rss, swap, pgtables;
	s16 adj;
	u8 why_not; /* enum oom_ineligible */
	char comm[16];
};

enum oom_outcome {
	OOM_KILLED,
	OOM_KILLED_ALLOCATING, /* vm.oom_kill_allocating_task */
	OOM_PANIC_ON_OOM,
	OOM_NOBODY,
	OOM_NOBODY_SYSRQ
};

struct oom_explanation {
	u64 time;  /* ns; valid if count */
	u64 count; /* decisions since boot */
	gfp_t gfp;
	s32 order;
	u8 outcome, constraint;
	u32 asked_pid;
	u64 nodemask, total_pages;
	u32 nr_candidates; /* eligible processes */
	u32 nr_why_not[NR_OOM_INELIGIBLE];
	struct oom_candidate victim;
	struct oom_candidate best[OOM_CANDIDATES_MAX];	 /* eligible, the worst first */
	struct oom_candidate spared[OOM_CANDIDATES_MAX]; /* not eligible, kernel threads left out */
	u32 nr_best, nr_spared;
	struct memory_state memory;
	char asked[16];
};

/* The last allocation that was given up. */
struct alloc_failure {
	u64 time, count;
	gfp_t gfp;
	u32 order, pid;
	u64 nodemask;
	u32 alloc_flags;
	u8 highest;
	bool logged;
	char comm[16];
	struct memory_state memory;
};

/* As the kernel limits a message: at most burst of them in an interval. */
struct ratelimit {
	u64 begin;
	u32 printed, missed;
	bool started;
};

/* ---- victims ---- */

struct oom_victim {
	handle_t task; /* leader; 0: it is gone, and others hold its memory */
	handle_t mm;
	u32 pid;
	bool exits;		  /* in batches: EVENT_TASK_EXIT */
	bool reaps;		  /* the oom_reaper works on it */
	u64 exit_at, reap_at;	  /* addresses below which nothing is left */
	u64 exit_time, reap_time; /* ns: when what was done so far is done */
	u64 reap_due;
	handle_t next;
	char comm[16];
};

/* Who allocates, and for what: kept for the call trace of a report (mm/call_trace.c). */
enum alloc_by {
	ALLOC_BY_FAULT, /* unless somebody says otherwise */
	ALLOC_BY_POPULATE,
	ALLOC_BY_READ,
	ALLOC_BY_WRITE,
	ALLOC_BY_FORK,
	ALLOC_BY_OTHER
};
enum alloc_for { ALLOC_FOR_ANY, ALLOC_FOR_FILE, ALLOC_FOR_SHMEM };

struct oom_state {
	u8 page_of; /* enum alloc_for */
	struct oom_explanation last;
	struct alloc_failure failure;
	struct ratelimit oom_rs, nopage_rs;
	struct pool victims;
	handle_t first_victim;
	bool oom_adj_warned;
	u64 kills;
};

/** oom_init() - pools. 0 or -ENOMEM. oom_destroy(): they go. */
int oom_init(struct machine *m);
void oom_destroy(struct machine *m);

/**
 * out_of_memory() - an allocation cannot be served: kill somebody.
 * True: another try makes sense: somebody was killed, or a victim is still on its way out (then a
 * tick of time has passed). False: nobody may be killed (the machine has panicked, unless asked by
 * hand), or the request must not kill.
 */
bool out_of_memory(struct machine *m, struct oom_control *oc);

/** oom_badness() - pages of badness, INT64_MIN when not eligible; oom_score(): as /proc shows
 * it. */
s64 oom_badness(const struct machine *m, handle_t task, u64 totalpages);
u32 oom_score(const struct machine *m, handle_t task);
/** oom_ineligible() - why @task (a leader) cannot be chosen, whatever the request. */
enum oom_ineligible oom_ineligible(const struct machine *m, handle_t task);

/** warn_alloc() - an allocation is given up: keep why, and say it in the log as far as @gfp and the
 * rate limit allow. @oc: gfp, order, nodemask, node, highest. */
void warn_alloc(struct machine *m, const struct oom_control *oc, unsigned int alloc_flags);

/** ratelimit() - may one more message be printed? @who: for "WHO: N callbacks suppressed". */
bool ratelimit(struct machine *m, struct ratelimit *rs, u64 interval, u32 burst, const char *who);

/** oom_exit_event(), oom_reaper_event() - EVENT_TASK_EXIT, EVENT_OOM_REAPER of a victim. */
void oom_exit_event(struct machine *m, u32 victim);
void oom_reaper_event(struct machine *m, u32 victim);

/** set_oom_adj() - oom_score_adj of the process and of all that share its memory. @set_floor: who
 * writes has CAP_SYS_RESOURCE, and later lowering by others ends here. */
void set_oom_adj(struct machine *m, handle_t task, s32 adj, bool set_floor);

/** show_mem() - the log has "Mem-Info:" and all that follows in the report of an OOM kill: of nodes
 * in the mask @nodes, zones up to @highest (mm/show_mem.c). */
void show_mem(struct machine *m, u64 nodes, enum zone_type highest);

/* ---- panic ---- */

#define PANIC_TEXT_MAX 128

struct panic_state {
	u64 time;
	u64 reboot_at; /* ns; UINT64_MAX: never */
	char text[PANIC_TEXT_MAX];
};

/**
 * panic() - the kernel stops, for want of the memory that @oc asks for: m->panicked. Nothing runs
 * any more, nothing is logged any more, and commands in progress end;
 * readers go on. After kernel.panic seconds (at once if negative) the machine is to be booted anew:
 * panic_reboot_due().
 */
void panic(struct machine *m, const struct oom_control *oc, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
bool panic_reboot_due(const struct machine *m);

#endif
