/*
 * compaction.h - what the files of compaction share, and what the allocator and reclaim ask.
 *
 *	compaction.c           a run over a zone, step by step; direct compaction; by hand
 *	compaction_scan.c      the two scanners, hints, cached positions
 *	compaction_fast.c      where the free lists tell what a scan would find
 *	compaction_suitable.c  is it worth trying? deferral
 *	kcompactd.c            in the background
 *	extfrag.c              the indexes
 *	fragment.c             fragmentation made on purpose
 */
#ifndef MM_COMPACTION_H
#define MM_COMPACTION_H

#include <mman/compaction.h>

#include "mm/page_alloc.h"

#define COMPACT_CLUSTER_MAX SWAP_CLUSTER_MAX
/* A run lets others in after about so much virtual time. */
#define COMPACT_BATCH_NS 200000u

static inline struct zone *compact_zone_of(struct machine *m, const struct compact_control *cc)
{
	return &m->node[cc->nid].zones[cc->zone];
}

static inline pfn_t pageblock_start(pfn_t pfn)
{
	return pfn & ~(PAGEBLOCK_NR_PAGES - 1);
}

static inline pfn_t pageblock_end(pfn_t pfn)
{
	return (pfn | (PAGEBLOCK_NR_PAGES - 1)) + 1;
}

static inline pfn_t zone_end(const struct zone *z)
{
	return (pfn_t)(z->start_pfn + z->spanned_pages);
}

/** compact_gap() - free pages that a run for @order must find: copies and originals exist for a
 * while. */
static inline u64 compact_gap(u32 order)
{
	return 2ull << order;
}

/* ---- compaction_suitable.c ---- */

/** compaction_suitable() - COMPACT_SUCCESS: no need, the watermark holds with a block of @order;
 * COMPACT_SKIPPED: too little free memory, or its want is not fragmentation; COMPACT_CONTINUE:
 * try. */
enum compact_result compaction_suitable(struct machine *m, const struct zone *z, s32 order,
					unsigned int alloc_flags, enum zone_type highest);
/** compaction_enough() - the part of it that asks for free pages, @free being how many there
 * are. */
enum compact_result compaction_enough(const struct machine *m, const struct zone *z, s32 order,
				      unsigned int alloc_flags, enum zone_type highest, u64 free);

void defer_compaction(struct machine *m, struct zone *z, s32 order);
/** compaction_deferred() - is it too early to try again? Asking counts. */
bool compaction_deferred(struct machine *m, struct zone *z, s32 order);
/** compaction_defer_reset() - it came to something. @success: the allocation as well. */
void compaction_defer_reset(struct machine *m, struct zone *z, s32 order, bool success);
/** compaction_restarting() - the longest deferral is over: begin anew, hints and all. */
bool compaction_restarting(const struct zone *z, s32 order);

/* ---- compaction_scan.c ---- */

enum isolate_result { ISOLATE_ABORT, ISOLATE_NONE, ISOLATE_SUCCESS };

/** isolate_migratepages() - the next pages to move, of one pageblock, into cc->migrate. */
enum isolate_result isolate_migratepages(struct machine *m, struct compact_control *cc);
/** compaction_alloc(), compaction_free() - frames to move them to: new_page_fn, free_page_fn. */
pfn_t compaction_alloc(struct machine *m, pfn_t old, void *arg);
void compaction_free(struct machine *m, pfn_t unused, void *arg);
/** release_freepages() - what was isolated and is not needed goes back to the free lists. Returns
 * the lowest frame given back in the highest pageblock, 0 if there was none: rewind_free_scanner()
 * to it. */
pfn_t release_freepages(struct machine *m, struct compact_control *cc);
void rewind_free_scanner(struct machine *m, struct compact_control *cc, pfn_t pfn);

bool pageblock_skip(const struct machine *m, pfn_t pfn);
void set_pageblock_skip(struct machine *m, pfn_t pfn, bool skip);

/** isolate_free_page() - the free block that begins at @pfn leaves the free lists for cc->free.
 * False: the zone would be left with less than its min watermark. */
bool isolate_free_page(struct machine *m, struct zone *z, struct compact_control *cc, pfn_t pfn);
/** isolate_free_block() - free blocks of [*@start, @end), one pageblock, every @stride frames
 * looked at, until @wanted pages are isolated. *@start: where it went to. Returns pages. */
u32 isolate_free_block(struct machine *m, struct zone *z, struct compact_control *cc, pfn_t *start,
		       pfn_t end, u32 stride, u32 wanted);

bool compact_scanners_met(const struct compact_control *cc);
void reset_cached_positions(struct zone *z);
/** reset_isolation_suitable() - forget the hints of @z. reset_isolation_suitable_node(): of the
 * zones whose scanners have met; kswapd calls it before it sleeps. */
void reset_isolation_suitable(struct machine *m, struct zone *z);
void reset_isolation_suitable_node(struct machine *m, struct pglist_data *n);

static inline void count_isolated_free(struct machine *m, struct compact_control *cc, u32 pages)
{
	cc->log.isolated += pages;
	count_vm_events(m, COMPACTISOLATED, pages);
}

/* ---- compaction_fast.c ---- */

/** fast_isolate_freepages() - frames for cc->migrate from the free lists, without a scan. False:
 * scan. */
bool fast_isolate_freepages(struct machine *m, struct compact_control *cc);
/** fast_find_migrateblock() - cc->migrate_pfn moves on to a pageblock that is nearly free already,
 * whatever its hint says. False: it scans on where it is. */
bool fast_find_migrateblock(struct machine *m, struct compact_control *cc);

/* ---- compaction.c ---- */

/** compact_zone_begin() - COMPACT_CONTINUE: go on with compact_zone_step() until it says something
 * else, then compact_zone_end(); anything else: not worth it, the run is over.
 * compact_zone_pause(): nothing stays isolated, others may run. */
enum compact_result compact_zone_begin(struct machine *m, struct compact_control *cc);
enum compact_result compact_zone_step(struct machine *m, struct compact_control *cc);
void compact_zone_pause(struct machine *m, struct compact_control *cc);
void compact_zone_end(struct machine *m, struct compact_control *cc, enum compact_result result);

/**
 * try_to_compact_pages() - compact the zones of @n's zonelist that are in @nodemask (0: all), up to
 * @highest, for 2^@order pages, until one has them. Takes virtual time, and kernel threads run
 * meanwhile.
 */
enum compact_result try_to_compact_pages(struct machine *m, const struct pglist_data *n,
					 u64 nodemask, gfp_t gfp, unsigned int order,
					 unsigned int alloc_flags, enum zone_type highest,
					 enum compact_priority prio);

/* ---- kcompactd.c ---- */

/** wakeup_kcompactd() - somebody will want 2^@order pages of @n, zones up to @highest. */
void wakeup_kcompactd(struct machine *m, struct pglist_data *n, u32 order, enum zone_type highest);

void kcompactd_arm(struct machine *m, u32 nid);

/** kcompactd_note_change() - free memory of the node has changed: its score will be looked at. */
static inline void kcompactd_note_change(struct machine *m, u32 nid)
{
	if (unlikely(!m->compaction.node[nid].armed))
		kcompactd_arm(m, nid);
}

#endif
