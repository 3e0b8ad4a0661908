/*
 * vmscan.h - reclaim: what it keeps between one batch and the next, and what it remembers for those
 * who ask why (sim/explain).
 *
 *	struct reclaim_state (one per machine)
 *	 +- policy                which rule chooses the pages: sim/reclaim_policy
 *	 +- node[nid]             kswapd's state: what it was woken for, where it is in its run
 *	 +- last[kind], wakeup    the last runs and the last wake-up, with the numbers they decided by
 *	 +- total[kind]           sums over all runs: equal to pgscan_*, pgsteal_* (mm/check_lru.c)
 *
 * A run is one call of direct reclaim, or one of kswapd from its wake-up to the high watermark. It
 * consists of passes: all nodes it may use (kswapd: its own), at one priority, which is the share
 * of each list that is looked at: 1/4096 at priority 12, twice as much at 11, all of it at 0. A
 * pass consists of batches of 32 pages of each list; between two batches nothing is held, and the
 * clock's events may run.
 *
 * What a run counts is counted once, in struct reclaim_counts, at the place where vm_event is
 * counted. docs/reclaim.md tells the rules for users. Source:
 * Documentation/admin-guide/sysctl/vm.rst (swappiness, watermark_*, zone_reclaim_mode),
 * Documentation/admin-guide/mm/multigen_lru.rst.
 */
#ifndef MMAN_VMSCAN_H
#define MMAN_VMSCAN_H

#include <mman/mmzone.h>

#define SWAP_CLUSTER_MAX   32u
#define DEF_PRIORITY	   12
#define NR_EVICTABLE_LISTS 4 /* LRU_INACTIVE_ANON .. LRU_ACTIVE_FILE */
#define RECLAIM_COMM_LEN   16

enum reclaim_policy_id { RECLAIM_LRU, RECLAIM_CLASSIC, RECLAIM_MGLRU, NR_RECLAIM_POLICIES };

/* Who reclaims. Pages that MADV_PAGEOUT and `swapout` put out are not counted as scanned. */
enum reclaim_kind {
	RECLAIM_DIRECT,
	RECLAIM_KSWAPD,
	RECLAIM_NODE,
	RECLAIM_PAGEOUT,
	NR_RECLAIM_KINDS
};

enum page_side { SIDE_ANON, SIDE_FILE, NR_SIDES };

/* How a pass shares its work between anonymous and file lists, and why so. */
enum scan_balance { SCAN_EQUAL, SCAN_FRACT, SCAN_ANON, SCAN_FILE };

enum scan_reason {
	REASON_NO_SWAP,	      /* anonymous pages cannot go: no slot is free, or not allowed */
	REASON_LAST_PRIORITY, /* the last round: everything, whatever it cost so far */
	REASON_FILE_TINY,  /* file pages and free memory together are below the high watermarks */
	REASON_CACHE_TRIM, /* inactive file pages are plenty */
	REASON_COST,	   /* swappiness against what each side's reclaim cost lately */
	REASON_CLASSIC,	   /* the 2.6 rule: both sides alike */
};

/* One pass's decision, and the terms it was made of. Pages. */
struct scan_decision {
	u8 balance, reason;
	bool deactivate[NR_SIDES]; /* may the active lists be shortened? */
	s32 priority, swappiness;
	u64 cost[NR_SIDES];	/* recent cost of each side, as lru_note_cost() keeps it */
	u64 fraction[NR_SIDES]; /* ap and fp: how the scan is shared */
	u64 size[NR_EVICTABLE_LISTS], nr_to_scan[NR_EVICTABLE_LISTS];
	u64 free, high; /* of the node: free pages, sum of its high watermarks */
	/* the classic policy's terms, percent */
	u32 mapped_ratio, distress, swap_tendency;
	bool reclaim_mapped;
};

/* What a run, or a whole kind of runs, has done. */
struct reclaim_counts {
	u64 scanned[NR_SIDES], stolen[NR_SIDES];
	u64 activated, refilled, deactivated, kept_referenced, written, lazyfreed, immediate;
	u64 slab_pages, throttled_ns;
};

enum reclaim_end {
	RECLAIM_ENOUGH,	  /* direct: a cluster of pages was freed */
	RECLAIM_BALANCED, /* kswapd: a zone is above its high watermark */
	RECLAIM_EXHAUSTED /* the last priority is over */
};

struct reclaim_run {
	u64 start, end; /* ns */
	u32 nid, order, pid;
	gfp_t gfp;
	u8 kind, highest, ended; /* enum reclaim_kind, zone_type, reclaim_end */
	s8 priority;		 /* the last, which is the lowest, that was needed */
	u32 passes;
	u64 nr_reclaimed;
	struct reclaim_counts count;
	struct scan_decision decision; /* of the last pass */
	char comm[RECLAIM_COMM_LEN];
};

/* What the pages of a batch or a pass turned out to be. */
struct reclaim_stat {
	u64 scanned, reclaimed, taken;
	u64 dirty, unqueued_dirty, congested, writeback, immediate, pageout;
	u64 activate[NR_SIDES], ref_keep, unmap_fail, lazyfree_fail;
};

/* One run's wishes and where it stands. */
struct scan_control {
	u64 nr_to_reclaim, nr_reclaimed, nr_scanned;
	s32 priority;
	u32 order;
	gfp_t gfp;
	u8 reclaim_idx; /* enum zone_type */
	bool kswapd, may_writepage, may_unmap, may_swap, ignore_references;
	bool may_deactivate[NR_SIDES], force_deactivate, skipped_deactivate;
	bool cache_trim_mode, file_is_tiny;
	bool compaction_ready; /* a zone has room enough to be compacted instead */
	struct reclaim_stat pass[NR_SIDES], sum[NR_SIDES]; /* this pass, and those before */
	struct reclaim_run run;
};

/* A pass over one node's lists: what is left to scan. */
struct lru_scan {
	u64 nr[NR_EVICTABLE_LISTS], target[NR_EVICTABLE_LISTS];
	u64 reclaimed_before;
	bool proportional; /* the shares hold even when enough was freed */
};

enum kswapd_state {
	KSWAPD_ASLEEP,
	KSWAPD_NAPPING, /* for a tenth of a second, lest it is needed again at once */
	KSWAPD_RUNNING
};

struct node_reclaim {
	u8 state; /* enum kswapd_state */
	bool started, in_pass,
		raise_priority;		  /* of the run: its first batch is over; between passes */
	bool dirty, writeback, congested; /* PGDAT_DIRTY, PGDAT_WRITEBACK, LRUVEC_CONGESTED */
	bool throttled;			  /* kswapd waits for writeback */
	bool asked;		  /* somebody asked since the run began: next_order, next_highest */
	u8 highest, next_highest; /* enum zone_type */
	u8 pressure; /* classic: DEF_PRIORITY less the priority that the last run came to */
	u32 order, next_order;
	u64 due;	  /* ns: kswapd's event */
	u64 throttled_at; /* ns */
	s64 written;	  /* NR_WRITTEN then */
	u64 boost, boost_of[MAX_NR_ZONES];
	u64 before; /* sc.nr_reclaimed before the pass */
	struct scan_control sc;
	struct lru_scan scan;
};

/* The last time that kswapd was woken. */
struct kswapd_wakeup {
	u64 time, count; /* ns; since boot, of all nodes */
	u32 nid, order, pid;
	u8 zone, highest;
	bool boosted; /* because of a watermark boost */
	u64 free, min, low, high,
		reserve; /* of that zone, pages; lowmem reserve against the request */
	char comm[RECLAIM_COMM_LEN];
};

/* The one entry that maps a page. */
struct rmap_only {
	handle_t vma;
	u64 vpn, *pte; /* NULL: it is not that simple */
};

/* Those of a batch, looked up before the work begins (mm/rmap.c). */
struct rmap_batch {
	pfn_t pfn[SWAP_CLUSTER_MAX];
	struct rmap_only only[SWAP_CLUSTER_MAX];
	u32 at; /* the page that is being worked on */
};

struct reclaim_state {
	u8 policy; /* enum reclaim_policy_id */
	bool active; /* a batch is being worked on: what is allocated below it comes from the reserves */
	struct rmap_batch batch; /* while active */
	struct node_reclaim node[MAX_NUMNODES];
	struct reclaim_run last[NR_RECLAIM_KINDS];
	struct reclaim_counts total[NR_RECLAIM_KINDS];
	u64 runs[NR_RECLAIM_KINDS];
	struct kswapd_wakeup wakeup;
};

struct machine;

/** reclaim_policy_name() - "lru", "classic"; NULL: there is none of that number, or it is not
 * built.
 * reclaim_policy_set() - follow it from now on: the pages stay on the lists they are on. 0 or
 * -EINVAL. */
const char *reclaim_policy_name(enum reclaim_policy_id id);
int reclaim_policy_set(struct machine *m, const char *name);

/** reclaim_pages() - put out @nr pages now, as MADV_PAGEOUT does: each is taken off its list,
 * without regard to whether it was used, and goes where it can go. Returns how many were freed at
 * once (a page whose write has only begun is not yet). */
u64 reclaim_pages(struct machine *m, const pfn_t *pfns, u32 nr);

/** swap_out_process() - all anonymous memory of @task that can go, used lately or not; waits for
 * the disk and has safe points. *@pages: frames freed. 0, -ESRCH (no memory of its own, or ended
 * meanwhile), -EINTR. */
int swap_out_process(struct machine *m, handle_t task, u64 *pages);

/** kswapd_event() - EVENT_KSWAPD of node @nid. */
void kswapd_event(struct machine *m, u32 nid);
/** kswapd_writeback_done() - a page of node @nid is no longer under writeback: kswapd may wait for
 * that. */
void kswapd_writeback_done(struct machine *m, u32 nid);
/** kswapd_stop() - the node goes away. */
void kswapd_stop(struct machine *m, u32 nid);

#endif
