/*
 * untouched.c - memory that nobody used yet, and how memory comes to the allocator.
 *
 * What boot or hotplug hands over is mostly whole 4 MiB blocks in long stretches. They become extents
 * of the zone, without struct pages, and count as free MOVABLE blocks of the highest order for every
 * reader. When the free list of that order is used up, the next block of the first extent gets its
 * struct pages and joins the list. What is no whole block goes to the free lists at once.
 *
 *	handed over   [....|#######|#######|#######|..]
 *	               edge         extent          edge
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

/* The block at @start leaves the untouched extent @h (after @prev) and gets struct pages. */
static int extent_cut(struct machine *m, struct zone *z, handle_t prev, handle_t h, pfn_t start)
{
	struct untouched_extent *e = extent_at(m, h);
	pfn_t end = start + MAX_ORDER_NR_PAGES;
	handle_t rest;

	if (start != e->start && end != e->end) {
		rest = pool_alloc(&m->extents);
		if (!rest)
			return -ENOMEM;
		*extent_at(m, rest) =
			(struct untouched_extent){ .start = end, .end = e->end, .next = e->next };
		if (z->untouched_last == h)
			z->untouched_last = rest;
		e->next = rest;
		e->end = end;
	}
	if (touch_block(m, start, 0))
		return -ENOMEM;
	if (start == e->start)
		e->start = end;
	else
		e->end = start;
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

bool pfn_untouched(const struct machine *m, const struct zone *z, pfn_t pfn)
{
	handle_t h;

	if (page_exists(m, pfn))
		return false;
	for (h = z->untouched; h; h = extent_at(m, h)->next)
		if (pfn >= extent_at(m, h)->start && pfn < extent_at(m, h)->end)
			return true;
	return false;
}

int page_touch(struct machine *m, pfn_t pfn)
{
	pfn_t start = pfn & ~(MAX_ORDER_NR_PAGES - 1);
	struct zone *z = pfn_zone(m, pfn);
	handle_t h, prev = 0;

	if (pfn >= m->max_pfn || !m->nr_zone_ranges)
		return -EINVAL;
	if (page_exists(m, pfn))
		return 0;
	for (h = z ? z->untouched : 0; h; prev = h, h = extent_at(m, h)->next) {
		if (pfn < extent_at(m, h)->start || pfn >= extent_at(m, h)->end)
			continue;
		if (extent_cut(m, z, prev, h, start))
			return -ENOMEM;
		free_list_add_untouched(m, z, start);
		return 0;
	}
	return touch_block(m, start, PAGE_FLAG(reserved));
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
