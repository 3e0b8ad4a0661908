/*
 * vmscan.h - reclaim, as the page allocator calls it, and what its files share.
 *
 *	vmscan.c          a node's pass; direct reclaim; zone_reclaim_mode; waiting
 *	vmscan_policy.c   the policies: how much of which list, and which pages are spared
 *	vmscan_lists.c    batches: off the lists and back
 *	vmscan_page.c     one page: used? written? unmapped? gone
 *	kswapd.c          the same in the background, an event a batch
 *	workingset.c      what comes back too soon
 */
#ifndef MM_VMSCAN_H
#define MM_VMSCAN_H

#include <mman/machine.h>

/** wakeup_kswapd() - @z has too little for requests of @order that may use zones up to @highest. */
void wakeup_kswapd(struct machine *m, struct zone *z, gfp_t gfp, unsigned int order,
		   enum zone_type highest);

/** try_to_free_pages() - direct reclaim from the nodes of @n's zonelist that are in @nodemask (0:
 * all), zones up to @highest. Takes virtual time, and kernel threads run meanwhile. Returns pages
 * freed. */
u64 try_to_free_pages(struct machine *m, const struct pglist_data *n, u64 nodemask, gfp_t gfp,
		      unsigned int order, enum zone_type highest);

/** node_reclaim() - zone_reclaim_mode: drop local page cache; were 2^@order pages freed? */
bool node_reclaim(struct machine *m, struct pglist_data *n, gfp_t gfp, unsigned int order);

/** zone_reclaimable_pages() - pages of @z that reclaim might free. */
u64 zone_reclaimable_pages(const struct machine *m, const struct zone *z);

/** lru_note_cost() - reclaim of one side of @n's lists took @nr pages of I/O: written, or read back
 * although they were in use. */
void lru_note_cost(struct pglist_data *n, enum page_side side, u64 nr);

/* ---- between the files of reclaim ---- */

/* A batch: pages off their list, PG_isolated. */
struct page_batch {
	u32 nr;
	pfn_t pfn[SWAP_CLUSTER_MAX];
};

enum page_references { PAGEREF_RECLAIM, PAGEREF_RECLAIM_CLEAN, PAGEREF_KEEP, PAGEREF_ACTIVATE };

/*
 * A policy. State of its own lies in struct reclaim_state; a pass goes
 *	begin; while (step) ; end
 * and may stop for a while between two steps.
 */
struct reclaim_policy {
	const char *name;
	/* what a pass over @n will look at: @s and sc->run.decision */
	void (*begin)(struct machine *m, struct pglist_data *n, struct scan_control *sc,
		      struct lru_scan *s);
	/* a batch of each list; false: nothing is left to do */
	bool (*step)(struct machine *m, struct pglist_data *n, struct scan_control *sc,
		     struct lru_scan *s);
	void (*end)(struct machine *m, struct pglist_data *n, struct scan_control *sc);
	/* may a page of an inactive list go? */
	enum page_references (*check_references)(struct machine *m, pfn_t pfn,
						 const struct scan_control *sc);
	/* does a page of an active list stay there? */
	bool (*keep_active)(struct machine *m, pfn_t pfn, const struct scan_control *sc);
};

extern const struct reclaim_policy reclaim_policies[NR_RECLAIM_POLICIES];

static inline const struct reclaim_policy *reclaim_policy_of(const struct machine *m)
{
	return &reclaim_policies[m->reclaim.policy];
}

static inline enum page_side lru_side(enum lru_list lru)
{
	return lru >= LRU_INACTIVE_FILE ? SIDE_FILE : SIDE_ANON;
}

/* vmscan.c */
bool can_reclaim_anon_pages(const struct machine *m, const struct scan_control *sc);
u64 lruvec_lru_size(const struct pglist_data *n, enum lru_list lru, enum zone_type highest);
void reclaim_run_begin(struct machine *m, struct scan_control *sc, enum reclaim_kind kind, u32 nid);
void reclaim_run_end(struct machine *m, struct scan_control *sc, enum reclaim_end how);
void shrink_node_begin(struct machine *m, struct pglist_data *n, struct scan_control *sc,
		       struct lru_scan *s);
/** shrink_node_end() - slab, and what the pass has shown; true: another pass at the same
 * priority. */
bool shrink_node_end(struct machine *m, struct pglist_data *n, struct scan_control *sc,
		     const struct lru_scan *s);
void snapshot_refaults(struct pglist_data *n);

/* vmscan_policy.c */
bool inactive_is_low(const struct pglist_data *n, enum lru_list inactive);

/* vmscan_lists.c */
void reclaim_stat_add(struct reclaim_stat *to, const struct reclaim_stat *s);
u64 shrink_inactive_list(struct machine *m, struct pglist_data *n, enum lru_list lru,
			 u64 nr_to_scan, struct scan_control *sc);
void shrink_active_list(struct machine *m, struct pglist_data *n, enum lru_list lru, u64 nr_to_scan,
			struct scan_control *sc);

/* vmscan_page.c */
/** shrink_page_list() - each page of the batch goes, or goes back to a list. Returns how many went.
 * The batch is used up. */
u64 shrink_page_list(struct machine *m, struct pglist_data *n, struct page_batch *batch,
		     struct scan_control *sc, struct reclaim_stat *stat);
/* Pages that went back to the front of one list, of one zone: its counters change once for all of
 * them. */
struct putback {
	struct pagevec_list *list;
	u32 place, lru, nr; /* page_place(); enum lru_list, NR_LRU_LISTS: none yet */
};

/** putback_lru_page() - an isolated page goes to the front of the list that its flags say. The
 * counters follow with putback_end(). */
void putback_lru_page(struct machine *m, pfn_t pfn, struct putback *b);
void putback_end(struct machine *m, struct putback *b);
void cull_mlocked_page(struct machine *m, pfn_t pfn);

/* kswapd.c */
/** node_thread_cpu() - where a kernel thread of @n works: frees go to the lists of a CPU of the
 * node. */
u32 node_thread_cpu(const struct machine *m, const struct pglist_data *n, handle_t thread);
bool pgdat_balanced(const struct machine *m, const struct pglist_data *n, unsigned int order,
		    enum zone_type highest);

#endif
