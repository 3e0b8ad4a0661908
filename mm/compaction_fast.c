/*
 * compaction_fast.c - short cuts for the scanners: the free lists know where free pages are.
 *
 * A run for a block of some order asks the lists of smaller MOVABLE blocks before it scans frame by
 * frame:
 *
 *	the free scanner     for a block high up: in the upper quarter of what lies between the scanners at
 *	                     best, in the upper half otherwise
 *	the migrate scanner  for a block low down: its pageblock is nearly empty, and soon will be
 *
 * Only so many blocks are looked at, fewer each time that nothing was found; then the scanners go
 * on as ever. Compaction for its own sake scans.
 */
#include "mm/compaction.h"

/* Blocks that one search looks at: half as many after each that was in vain. */
static u32 search_limit(const struct compact_control *cc)
{
	return (COMPACT_CLUSTER_MAX >> min_t(u32, 31, cc->fast_search_fail)) + 1;
}

/* ---- free pages high up ---- */

struct free_search {
	pfn_t low, min; /* good enough: from here up; better than nothing: from there up */
	u32 limit, scanned;
	pfn_t best;    /* PFN_NONE: none that is at least better than nothing */
	pfn_t highest; /* pageblock of the highest block seen */
};

/* The blocks of one list, from its tail. True: one is good enough. */
static bool search_free_list(const struct machine *m, const struct page_list *list,
			     struct free_search *s)
{
	pfn_t pfn = list->tail;
	u32 looked = 0;

	s->best = PFN_NONE;
	for (; pfn != PFN_NONE && looked < s->limit; pfn = pfn_to_page(m, pfn)->prev) {
		looked++;
		s->highest = max_t(pfn_t, s->highest, pageblock_start(pfn));
		if (pfn >= s->low) {
			s->best = pfn;
			break;
		}
		if (pfn >= s->min && (s->best == PFN_NONE || pfn > s->best)) {
			s->best = pfn;
			s->limit = max_t(u32, s->limit / 2, 1);
		}
	}
	s->scanned += looked;
	if (looked >= s->limit)
		s->limit = max_t(u32, s->limit / 2, 1);
	return s->best != PFN_NONE;
}

/* Whatever else is free beside it. */
static void isolate_around(struct machine *m, struct zone *z, struct compact_control *cc, pfn_t pfn)
{
	pfn_t start = max_t(pfn_t, pageblock_start(pfn), z->start_pfn);
	pfn_t end = min_t(pfn_t, pageblock_end(pfn), zone_end(z));

	if (cc->nr_free >= cc->nr_migrate || (cc->direct && cc->mode == MIGRATE_ASYNC))
		return;
	if (get_pageblock_migratetype(m, pfn) != MIGRATE_MOVABLE)
		return;
	isolate_free_block(m, z, cc, &start, end, 1, cc->nr_migrate);
	if (cc->nr_free < cc->nr_migrate)
		set_pageblock_skip(m, pageblock_start(pfn), true);
}

/* Nothing was found: at the start of a run, begin where there were free pages at all. */
static void begin_lower(const struct machine *m, struct compact_control *cc,
			const struct free_search *s)
{
	if (s->highest >= s->min)
		cc->free_pfn = s->highest;
	else if (cc->direct && page_exists(m, s->min))
		cc->free_pfn = s->min;
}

static void note_highest(struct zone *z, const struct free_search *s)
{
	struct zone_compaction *c = &z->compact;

	if (s->highest >= c->cached_free_pfn && s->highest > z->start_pfn + PAGEBLOCK_NR_PAGES)
		c->cached_free_pfn = s->highest - PAGEBLOCK_NR_PAGES;
}

bool fast_isolate_freepages(struct machine *m, struct compact_control *cc)
{
	struct zone *z = compact_zone_of(m, cc);
	u32 distance = cc->free_pfn - cc->migrate_pfn, i;
	bool starting = cc->free_pfn >= z->compact.init_free_pfn;
	struct free_search s = {
		.low = pageblock_start(cc->free_pfn - distance / 4),
		.min = pageblock_start(cc->free_pfn - distance / 2),
		.limit = starting ? PAGEBLOCK_NR_PAGES / 2 : max_t(u32, search_limit(cc) / 2, 1),
		.best = PFN_NONE,
	};
	bool found = false;

	if (cc->order <= 0)
		return false;
	cc->search_order = min_t(u32, (u32)cc->order - 1, cc->search_order);
	/* from the order that was good last time down, then from the largest down to it */
	for (i = 0; i < (u32)cc->order && !found; i++) {
		u32 order = (cc->search_order + (u32)cc->order - i) % (u32)cc->order;

		found = search_free_list(m, &z->free_area[order].list[MIGRATE_MOVABLE], &s) &&
			isolate_free_page(m, z, cc, s.best);
		if (!found)
			continue;
		cc->search_order = order;
		s.scanned += (1u << order) - 1;
		count_isolated_free(m, cc, 1u << order);
	}
	clock_charge(m, (u64)s.scanned * m->cost.compact_page);
	cc->free_scanned += s.scanned;
	note_highest(z, &s);
	if (found) {
		cc->fast_search_fail = 0;
		isolate_around(m, z, cc, s.best);
		return true;
	}
	cc->fast_search_fail++;
	if (starting)
		begin_lower(m, cc, &s);
	return false;
}

/* ---- a pageblock to empty, low down ---- */

static bool may_jump(const struct compact_control *cc)
{
	if (cc->ignore_skip_hint || cc->finish_pageblock || cc->migrate_pfn % PAGEBLOCK_NR_PAGES)
		return false;
	if (cc->order <= (s32)PAGE_ALLOC_COSTLY_ORDER)
		return false;
	return !cc->direct || cc->migratetype == MIGRATE_MOVABLE;
}

/* A block below @high, in a pageblock that was not tried lately. PFN_NONE: not among the first
 * ones. */
static pfn_t search_low_block(const struct machine *m, const struct page_list *list, pfn_t high,
			      u32 limit, u32 *scanned)
{
	pfn_t pfn = list->head;

	for (; pfn != PFN_NONE && *scanned < limit; pfn = pfn_to_page(m, pfn)->next) {
		++*scanned;
		if (pfn < high && !pageblock_skip(m, pfn))
			return pfn;
	}
	return PFN_NONE;
}

bool fast_find_migrateblock(struct machine *m, struct compact_control *cc)
{
	const struct zone *z = compact_zone_of(m, cc);
	u32 distance = (cc->free_pfn - cc->migrate_pfn) / 2, scanned = 0, limit, order;
	pfn_t pfn = PFN_NONE, high;

	if (!may_jump(cc))
		return false;
	/* nothing is moved far: a half at the start, an eighth later */
	if (cc->migrate_pfn != z->start_pfn)
		distance /= 4;
	high = pageblock_start(cc->migrate_pfn + distance);
	limit = search_limit(cc);
	for (order = (u32)cc->order - 1;
	     order >= PAGE_ALLOC_COSTLY_ORDER && pfn == PFN_NONE && scanned < limit; order--)
		pfn = search_low_block(m, &z->free_area[order].list[MIGRATE_MOVABLE], high, limit,
				       &scanned);
	clock_charge(m, (u64)scanned * m->cost.compact_page);
	cc->migrate_scanned += scanned;
	if (pfn != PFN_NONE) {
		cc->fast_search_fail = 0;
		pfn = max_t(pfn_t, pageblock_start(pfn), z->start_pfn);
		/* once is enough, or a block that cannot be emptied would lead here for ever */
		set_pageblock_skip(m, pfn, true);
		if (cc->fast_start_pfn != PFN_NONE)
			cc->fast_start_pfn =
				cc->fast_start_pfn ? min_t(pfn_t, cc->fast_start_pfn, pfn) : pfn;
		cc->migrate_pfn = pfn;
		return true;
	}
	/* no more of them: scan from the lowest that there was */
	cc->fast_search_fail++;
	if (cc->fast_start_pfn && cc->fast_start_pfn != PFN_NONE) {
		cc->migrate_pfn = cc->fast_start_pfn;
		cc->fast_start_pfn = PFN_NONE;
	}
	return false;
}
