/*
 * compaction.h - free memory in small pieces made whole again.
 *
 *	first frame of the zone                                          last
 *	|--------|--------|--------|--------|--------|--------|--------|--------|
 *	 migrate scanner: pages in use  --->                <--- free scanner: free pages
 *
 * The migrate scanner takes pages that can move off their LRU lists, from the bottom up; the free
 * scanner takes free pages, from the top down; migrate_pages() moves the ones into the others.
 * Where the two meet the run is over: what was free below is one piece.
 *
 * Who compacts (enum compact_reason):
 *	direct      an allocation of more than a page, before it reclaims or has somebody killed
 *	kcompactd   a thread a node, woken when kswapd has made room for a large request
 *	proactive   the same thread, every half second, when a node's fragmentation score is too high
 *	by hand     proc/sys/vm/compact_memory, nodeN/compact
 *
 * A run goes in steps of at most a pageblock. Between two steps nothing is isolated: a command then
 * passes a safe point, an allocation lets kernel threads in, kcompactd ends its event.
 * docs/compaction.md tells the rules for users.
 * Source: Documentation/admin-guide/mm/concepts.rst (compaction), admin-guide/sysctl/vm.rst
 * (compact_memory, compaction_proactiveness, compact_unevictable_allowed, extfrag_threshold).
 */
#ifndef MMAN_COMPACTION_H
#define MMAN_COMPACTION_H

#include <mman/migrate.h>
#include <mman/mmzone.h>

struct machine;

/* How hard an allocation tries: the priority falls as it gets more desperate. */
enum compact_priority {
	COMPACT_PRIO_SYNC_FULL, /* the whole zone, whatever the hints and types of pageblocks say */
	COMPACT_PRIO_SYNC_LIGHT,
	COMPACT_PRIO_ASYNC,
};

#define MIN_COMPACT_PRIORITY	    COMPACT_PRIO_SYNC_FULL
#define MIN_COMPACT_COSTLY_PRIORITY COMPACT_PRIO_SYNC_LIGHT
#define DEF_COMPACT_PRIORITY	    COMPACT_PRIO_SYNC_LIGHT
#define INIT_COMPACT_PRIORITY	    COMPACT_PRIO_ASYNC

/* In order: the best that one of several zones came to is the result. */
enum compact_result {
	COMPACT_NOT_SUITABLE_ZONE, /* for the trace only: want of memory, not fragmentation */
	COMPACT_SKIPPED,	   /* too little free memory to move pages to */
	COMPACT_DEFERRED,	   /* failed lately */
	COMPACT_NO_SUITABLE_PAGE,  /* for the trace only: go on */
	COMPACT_CONTINUE,
	COMPACT_COMPLETE,	 /* the whole zone, and nothing came of it */
	COMPACT_PARTIAL_SKIPPED, /* the scanners met, but had not begun at the ends */
	COMPACT_CONTENDED,	 /* told to stop, or out of free pages */
	COMPACT_SUCCESS,
	NR_COMPACT_RESULTS
};

enum compact_reason {
	COMPACT_DIRECT,
	COMPACT_KCOMPACTD,
	COMPACT_PROACTIVE,
	COMPACT_BY_HAND,
	NR_COMPACT_REASONS
};

#define COMPACT_MAX_DEFER_SHIFT	     6u
#define HPAGE_FRAG_CHECK_INTERVAL_NS (NSEC_PER_SEC / 2)
/* The order that fragmentation is scored by: a huge page. */
#define COMPACTION_HPAGE_ORDER PAGEBLOCK_ORDER

/* Of one zone's run, kept for sim/explain. Pages. */
struct compact_run {
	u64 start, end, count; /* ns; runs of this reason since boot */
	s32 order;	       /* -1: for its own sake */
	u32 nid, pid;
	/* enum zone_type, migrate_mode, compact_result, compact_reason */
	u8 zone, mode, result, reason;
	bool whole_zone;
	pfn_t migrate_from, migrate_to, free_from, free_to; /* where the scanners began and ended */
	u64 migrate_scanned, free_scanned, isolated, migrated, failed;
	/* free pages; free blocks of a huge page or more */
	u64 free_before, blocks_before, blocks_after;
	s32 index_before, score_before, score_after; /* fragmentation index; score, percent */
	char comm[16];
};

/* One run over one zone, and where it stands. */
struct compact_control {
	u16 nid;
	u8 zone;    /* enum zone_type */
	u8 highest; /* enum zone_type: of the request */
	s32 order;  /* -1: compact for its own sake */
	gfp_t gfp;
	u32 alloc_flags;
	u8 mode, migratetype, reason; /* enum migrate_mode, migratetype, compact_reason */
	bool direct, whole_zone, ignore_skip_hint, ignore_block_suitable, no_set_skip_hint,
		proactive;
	bool finish_pageblock, update_cached, contended;
	pfn_t migrate_pfn, free_pfn, last_migrated_pfn;
	/* short cuts: the lowest pageblock that they led to (0: none, PFN_NONE: over), the order
	 * that was good last time, searches in vain */
	pfn_t fast_start_pfn;
	u32 search_order, fast_search_fail;
	struct page_list migrate; /* isolated pages on their way */
	struct page_list free;	  /* isolated free blocks, page->order says how large */
	pfn_t run, run_end;	  /* the block that frames are being taken from */
	u32 nr_free;		  /* pages of both */
	u32 nr_migrate;		  /* pages of the batch that is being moved */
	u64 migrate_scanned, free_scanned;
	struct compact_run log;
};

/* kcompactd of a node. */
struct kcompactd {
	u32 max_order;		/* asked for; 0: nothing */
	u8 highest;		/* enum zone_type: the lowest of those asked for */
	bool proactive_trigger; /* compaction_proactiveness was written: look at once */
	bool armed;		/* the next look at the score is scheduled, or would be of no use */
	bool working, in_zone; /* a job goes on with the next event; so does its run over cc.zone */
	u32 prev_score;	       /* proactive: before the job */
	u64 not_before; /* ns: no look at the score until then, for the last job brought nothing */
	struct compact_control cc;
};

/* Pages that the laboratory holds of a zone, so that its free memory is in pieces. */
struct fragmentation {
	handle_t inode;	 /* movable: a shared memory file; 0: none */
	pfn_t unmovable; /* first of a list linked by ->next, if there are any */
	u64 nr_unmovable;
};

struct compaction_state {
	struct kcompactd node[MAX_NUMNODES];
	struct fragmentation fragment[MAX_NUMNODES][MAX_NR_ZONES];
	struct compact_run last[NR_COMPACT_REASONS];
	u64 runs[NR_COMPACT_REASONS];
};

/* ---- how fragmented is free memory? (mm/extfrag.c; Documentation/admin-guide/sysctl/vm.rst)
 * ---- */

/** unusable_free_index() - thousandths of @z's free memory that are in blocks smaller than
 * @order. */
s32 unusable_free_index(const struct zone *z, u32 order);
/** fragmentation_index() - would an allocation of @order fail for want of memory (towards 0) or
 * because of fragmentation (towards 1000)? -1000: it would not fail. */
s32 fragmentation_index(const struct zone *z, u32 order);
/** fragmentation_score_node() - 0 to 100: its zones' shares of unusable memory, weighed by size;
 * fragmentation_score_zone(): of one zone, not weighed. fragmentation_score_wmark(): where
 * proactive compaction ends (@low) or begins. */
u32 fragmentation_score_node(const struct machine *m, u32 nid);
u32 fragmentation_score_zone(const struct zone *z);
u32 fragmentation_score_wmark(const struct machine *m, bool low);

/* ---- the calls ---- */

/** compact_node() - all zones of @nid, all pages, as nodeN/compact does. Takes virtual time, with
 * safe points; ends early when the running command is to end. compact_nodes(): all nodes. */
void compact_node(struct machine *m, u32 nid);
void compact_nodes(struct machine *m);

/** compaction_proactiveness_changed() - the knob was written: every kcompactd looks at its node at
 * once. */
void compaction_proactiveness_changed(struct machine *m);

/** kcompactd_event() - EVENT_KCOMPACTD of node @nid. kcompactd_stop(): the node goes away. */
void kcompactd_event(struct machine *m, u32 nid);
void kcompactd_stop(struct machine *m, u32 nid);

/** compact_result_name() - "success", "deferred", ... as the tracepoints print it. */
const char *compact_result_name(enum compact_result result);

/* ---- fragmentation made on purpose (mm/fragment.c) ---- */

/**
 * fragment_zone() - hold single pages of the zone, until @index thousandths of its free memory are
 * in blocks smaller than a huge page (its unusable index at order 9).
 * From the bottom of the zone up, every second page of each pageblock that is all free is taken,
 * until the index is reached: movable pages (of a shared memory file that nobody maps), or
 * unmovable ones (the kernel's, SUnreclaim). What was held of the zone before is given back first;
 * @index 0 does no more than that. Takes virtual time, with safe points. -ENODEV: no such zone;
 * -EINVAL: @index above 1000; -ENOMEM: the zone would be left with less than its low watermark, or
 * no memory for the file; -EINTR. On error nothing is held.
 */
int fragment_zone(struct machine *m, u32 nid, enum zone_type type, u32 index, bool movable);
/** fragment_held() - pages that are held so. */
u64 fragment_held(const struct machine *m, u32 nid, enum zone_type type);

#endif
