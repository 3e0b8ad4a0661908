/*
 * untouched.c - memory that nobody used yet, and how memory comes to the allocator.
 *
 * What boot or hotplug hands over is mostly whole 4 MiB blocks in long stretches. They become
 * extents of the zone, without struct pages, and count as free MOVABLE blocks of the highest order
 * for every reader. When the free list of that order is used up, the next block of the first extent
 * gets its struct pages and joins the list. What is no whole block goes to the free lists at once.
 *
 *	handed over   [....|#######|#######|#######|..]
 *	               edge         extent          edge
 *
 * Extents in isolated pageblocks stand on a list of their own, where no request finds them.
 */
#include "mm/page_alloc.h"

#include <errno.h>

static struct untouched_extent *extent_at(const struct machine *m, handle_t h)
{
	return pool_at(&m->extents, h);
}

static void count_untouched(struct zone *z, s64 blocks)
{
	struct free_area *area = &z->free_area[MAX_ORDER - 1];

	z->untouched_pages += (u64)(blocks * MAX_ORDER_NR_PAGES);
	area->nr_free += (u64)blocks;
	area->nr_free_type[MIGRATE_MOVABLE] += (u64)blocks;
}

/* [start, end), whole blocks, joins the end of the zone's queue of untouched memory. */
static int extent_add(struct machine *m, struct zone *z, pfn_t start, pfn_t end)
{
	handle_t h = z->untouched_last;

	if (h && extent_at(m, h)->end == start) {
		extent_at(m, h)->end = end;
	} else {
		h = pool_alloc(&m->extents);
		if (!h)
			return -ENOMEM;
		extent_at(m, h)->start = start;
		extent_at(m, h)->end = end;
		if (z->untouched_last)
			extent_at(m, z->untouched_last)->next = h;
		else
			z->untouched = h;
		z->untouched_last = h;
	}
	count_untouched(z, (end - start) / MAX_ORDER_NR_PAGES);
	return 0;
}

static void extent_unlink(struct machine *m, struct zone *z, handle_t prev, handle_t h)
{
	handle_t next = extent_at(m, h)->next;

	if (prev)
		extent_at(m, prev)->next = next;
	else
		z->untouched = next;
	if (z->untouched_last == h)
		z->untouched_last = prev;
	pool_free(&m->extents, h);
}

/* What lies from @at on in the extent @h becomes one of its own behind it. */
static int extent_split(struct machine *m, struct zone *z, handle_t h, pfn_t at)
{
	struct untouched_extent *e = extent_at(m, h);
	handle_t rest = pool_alloc(&m->extents);

	if (!rest)
		return -ENOMEM;
	*extent_at(m, rest) =
		(struct untouched_extent){ .start = at, .end = e->end, .next = e->next };
	if (z->untouched_last == h)
		z->untouched_last = rest;
	e->next = rest;
	e->end = at;
	return 0;
}

/* The block at @start, the first or the last of an extent, leaves it and gets struct pages. */
static int extent_touch(struct machine *m, struct untouched_extent *e, pfn_t start)
{
	if (touch_block(m, start, 0))
		return -ENOMEM;
	if (start == e->start)
		e->start = start + MAX_ORDER_NR_PAGES;
	else
		e->end = start;
	return 0;
}

/* The block at @start leaves the untouched extent @h (after @prev) and gets struct pages. */
static int extent_cut(struct machine *m, struct zone *z, handle_t prev, handle_t h, pfn_t start)
{
	struct untouched_extent *e = extent_at(m, h);
	pfn_t end = start + MAX_ORDER_NR_PAGES;

	if (start != e->start && end != e->end && extent_split(m, z, h, end))
		return -ENOMEM;
	if (extent_touch(m, e, start))
		return -ENOMEM;
	if (e->start == e->end)
		extent_unlink(m, z, prev, h);
	count_untouched(z, -1);
	return 0;
}

pfn_t zone_take_untouched(struct machine *m, struct zone *z)
{
	pfn_t start;

	if (!z->untouched)
		return PFN_NONE;
	start = extent_at(m, z->untouched)->start;
	return extent_cut(m, z, 0, z->untouched, start) ? PFN_NONE : start;
}

/* The extent of the list that holds @pfn, 0 if none; *@prev: the one before it. */
static handle_t extent_find(const struct machine *m, handle_t list, pfn_t pfn, handle_t *prev)
{
	handle_t h;

	*prev = 0;
	for (h = list; h; *prev = h, h = extent_at(m, h)->next)
		if (pfn >= extent_at(m, h)->start && pfn < extent_at(m, h)->end)
			return h;
	return 0;
}

bool pfn_untouched(const struct machine *m, const struct zone *z, pfn_t pfn)
{
	handle_t prev;

	return !page_exists(m, pfn) && (extent_find(m, z->untouched, pfn, &prev) ||
					extent_find(m, z->untouched_isolated, pfn, &prev));
}

/* ---- isolated extents: a list of their own, in no order ---- */

static void count_isolated(struct zone *z, s64 pages)
{
	z->free_area[MAX_ORDER - 1].nr_free_type[MIGRATE_ISOLATE] +=
		(u64)(pages / (s64)MAX_ORDER_NR_PAGES);
	z->free_area[MAX_ORDER - 1].nr_free += (u64)(pages / (s64)MAX_ORDER_NR_PAGES);
}

static int isolated_add(struct machine *m, struct zone *z, pfn_t start, pfn_t end)
{
	handle_t h = pool_alloc(&m->extents);

	if (!h)
		return -ENOMEM;
	*extent_at(m, h) = (struct untouched_extent){ .start = start,
						      .end = end,
						      .next = z->untouched_isolated };
	z->untouched_isolated = h;
	count_isolated(z, end - start);
	return 0;
}

/* [start, end), which @h (after @prev) holds, leaves the zone's queue. -ENOMEM: nothing
 * happened. */
static int extent_carve(struct machine *m, struct zone *z, handle_t prev, handle_t h, pfn_t start,
			pfn_t end)
{
	struct untouched_extent *e = extent_at(m, h);

	if (start > e->start && end < e->end && extent_split(m, z, h, end))
		return -ENOMEM;
	if (start > e->start) {
		e->end = start;
	} else {
		e->start = end;
		if (e->start == e->end)
			extent_unlink(m, z, prev, h);
	}
	count_untouched(z, -(s64)((end - start) / MAX_ORDER_NR_PAGES));
	return 0;
}

int zone_isolate_untouched(struct machine *m, struct zone *z, pfn_t start, pfn_t end, u64 *pages)
{
	handle_t h = z->untouched, prev = 0, next;

	*pages = 0;
	for (; h; h = next) {
		const struct untouched_extent *e = extent_at(m, h);
		pfn_t from = max_t(pfn_t, start, e->start), to = min_t(pfn_t, end, e->end);
		bool whole = from == e->start && to == e->end;

		next = e->next;
		if (from >= to) {
			prev = h;
			continue;
		}
		if (isolated_add(m, z, from, to))
			goto undo;
		*pages += to - from;
		if (extent_carve(m, z, prev, h, from, to)) {
			/* the extent is still whole, and its middle stands on both lists */
			next = z->untouched_isolated;
			z->untouched_isolated = extent_at(m, next)->next;
			pool_free(&m->extents, next);
			count_isolated(z, -(s64)(to - from));
			*pages -= to - from;
			goto undo;
		}
		if (!whole)
			prev = h;
	}
	return 0;
undo:
	zone_unisolate_untouched(m, z, start, end);
	*pages = 0;
	return -ENOMEM;
}

/* The isolated extents of [start, end), which is as it was isolated, leave their list: back to the
 * queue if @keep. */
static u64 isolated_leave(struct machine *m, struct zone *z, pfn_t start, pfn_t end, bool keep)
{
	handle_t *at = &z->untouched_isolated;
	u64 pages = 0;

	while (*at) {
		struct untouched_extent e = *extent_at(m, *at);
		handle_t h = *at;

		if (e.start < start || e.end > end) {
			at = &extent_at(m, h)->next;
			continue;
		}
		*at = e.next;
		pool_free(&m->extents, h);
		count_isolated(z, -(s64)(e.end - e.start));
		pages += e.end - e.start;
		/* there is room: a slot has just become free */
		if (keep && extent_add(m, z, e.start, e.end))
			pages -= e.end - e.start;
	}
	return pages;
}

u64 zone_unisolate_untouched(struct machine *m, struct zone *z, pfn_t start, pfn_t end)
{
	return isolated_leave(m, z, start, end, true);
}

u64 zone_drop_untouched(struct machine *m, struct zone *z, pfn_t start, pfn_t end)
{
	return isolated_leave(m, z, start, end, false);
}

u32 zone_take_extent(struct machine *m, struct zone *z, u32 blocks, pfn_t *start)
{
	const struct untouched_extent *e;
	u32 had;

	if (!z->untouched)
		return 0;
	e = extent_at(m, z->untouched);
	had = min_t(u32, blocks, (e->end - e->start) / MAX_ORDER_NR_PAGES);
	*start = e->start;
	extent_carve(m, z, 0, z->untouched, *start, *start + had * MAX_ORDER_NR_PAGES);
	mod_zone_page_state(m, z, NR_FREE_PAGES, -(s64)had * MAX_ORDER_NR_PAGES);
	return had;
}

/* The block at @start leaves the isolated extent @h and gets struct pages. */
static int isolated_cut(struct machine *m, struct zone *z, handle_t h, pfn_t start)
{
	struct untouched_extent *e = extent_at(m, h);
	pfn_t end = start + MAX_ORDER_NR_PAGES;

	if (start != e->start && end != e->end && isolated_add(m, z, end, e->end))
		return -ENOMEM;
	e = extent_at(m, h);
	if (start != e->start && end != e->end) {
		count_isolated(z, -(s64)(e->end - end));
		e->end = end;
	}
	if (extent_touch(m, e, start))
		return -ENOMEM;
	if (e->start == e->end) {
		handle_t *at = &z->untouched_isolated;

		while (*at != h)
			at = &extent_at(m, *at)->next;
		*at = e->next;
		pool_free(&m->extents, h);
	}
	count_isolated(z, -(s64)MAX_ORDER_NR_PAGES);
	free_list_add_isolated(m, z, start);
	return 0;
}

int page_touch(struct machine *m, pfn_t pfn)
{
	pfn_t start = pfn & ~(MAX_ORDER_NR_PAGES - 1);
	struct zone *z = pfn_zone(m, pfn);
	handle_t h, prev;

	if (pfn >= m->max_pfn || !m->nr_zone_ranges)
		return -EINVAL;
	if (page_exists(m, pfn))
		return 0;
	if (!z)
		return touch_block(m, start, PAGE_FLAG(reserved));
	h = extent_find(m, z->untouched, pfn, &prev);
	if (h) {
		if (extent_cut(m, z, prev, h, start))
			return -ENOMEM;
		free_list_add_untouched(m, z, start);
		return 0;
	}
	h = extent_find(m, z->untouched_isolated, pfn, &prev);
	return h ? isolated_cut(m, z, h, start) : touch_block(m, start, PAGE_FLAG(reserved));
}

/* ---- memory handed over ---- */

/* A stretch that holds no whole block: to the free lists, in the largest aligned pieces. */
static int free_edge(struct machine *m, struct zone *z, pfn_t start, pfn_t end)
{
	unsigned int order;
	pfn_t pfn;

	for (pfn = start; pfn < end; pfn += 1u << order) {
		if (page_touch(m, pfn))
			return -ENOMEM;
		order = pfn ? (unsigned int)__builtin_ctz(pfn) : MAX_ORDER - 1;
		order = min_t(unsigned int, order, MAX_ORDER - 1);
		while (pfn + (1u << order) > end)
			order--;
		clear_page_flags(m, pfn, order);
		free_one_page(m, z, pfn, order, get_pageblock_migratetype(m, pfn), FREE_TO_TAIL);
	}
	return 0;
}

/* Has a block in [start, end) struct pages? 64 blocks a step. */
static bool any_touched(const struct machine *m, pfn_t start, pfn_t end)
{
	u32 block = start / MAX_ORDER_NR_PAGES, last = end / MAX_ORDER_NR_PAGES;

	while (block < last) {
		u64 word = m->block_touched[block / 64] >> block % 64;
		u32 step = 64 - block % 64;

		if (step > last - block) {
			step = last - block;
			word &= (1ull << step) - 1;
		}
		if (word)
			return true;
		block += step;
	}
	return false;
}

void zone_defer_init(struct zone *z, pfn_t start)
{
	z->deferred_next = start;
}

/* Nothing in [deferred_next, @start) was free: pageblocks that begin there are not MOVABLE. */
static void skip_deferred(struct machine *m, struct zone *z, u64 start)
{
	u64 pfn = (z->deferred_next + PAGEBLOCK_NR_PAGES - 1) & ~(u64)(PAGEBLOCK_NR_PAGES - 1);

	for (; pfn < start; pfn += PAGEBLOCK_NR_PAGES)
		if (pfn_present(m, (pfn_t)pfn) && zone_owns_frame(m, z, pfn))
			set_zone_pageblock_migratetype(m, z, (pfn_t)pfn, MIGRATE_UNMOVABLE);
}

void zone_deferred_done(struct machine *m, struct zone *z)
{
	if (z->deferred_next)
		skip_deferred(m, z, z->start_pfn + z->spanned_pages);
	z->deferred_next = 0;
}

int zone_free_range(struct machine *m, struct zone *z, pfn_t start, pfn_t end)
{
	pfn_t first = (start + MAX_ORDER_NR_PAGES - 1) & ~(MAX_ORDER_NR_PAGES - 1);
	pfn_t last = end & ~(MAX_ORDER_NR_PAGES - 1);
	int error;

	if (z->deferred_next && end > z->deferred_next) {
		skip_deferred(m, z, start);
		z->deferred_next = end;
	}
	if (first >= last)
		return free_edge(m, z, start, end);
	error = free_edge(m, z, start, first);
	if (!error && any_touched(m, first, last)) {
		error = free_edge(m, z, first, last);
	} else if (!error) {
		error = extent_add(m, z, first, last);
		if (!error)
			mod_zone_page_state(m, z, NR_FREE_PAGES, last - first);
	}
	return error ? error : free_edge(m, z, last, end);
}
