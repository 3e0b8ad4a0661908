/*
 * page_isolation.c - pageblocks whose free pages nobody may have; see page_isolation.h.
 *
 * What stands in the way of a pageblock is a page that can never be moved: one that boot kept, a
 * slab, a page table, a huge page of a pool that cannot be moved. What is on an LRU list can be
 * moved, in principle; a pin that prevents it is found out later, by trying.
 */
#include <mman/page_isolation.h>

#include "mm/dump_page.h"
#include "mm/page_alloc.h"

#include <errno.h>

/* ---- unmovable pages ---- */

/* Huge pages of a pool can be given back, or made elsewhere. Pages from @pfn to the end of its huge
 * page. */
static u32 hugetlb_run(const struct machine *m, pfn_t pfn)
{
	const struct page *p = pfn_to_page(m, pfn);
	pfn_t head = page_test(p, PG_tail) ? p->index : pfn;

	if (!page_exists(m, head) || !page_test(pfn_to_page(m, head), PG_hugetlb))
		return 0;
	return PAGEBLOCK_NR_PAGES - (pfn & (PAGEBLOCK_NR_PAGES - 1));
}

/* Pages from @pfn on that need no look, because all of them are free or can be moved; 0:
 * unmovable. */
static u32 movable_run(const struct machine *m, const struct zone *z, pfn_t pfn, unsigned int flags)
{
	const struct page *p = pfn_to_page(m, pfn);

	if (page_test(p, PG_buddy) || page_test(p, PG_pcp))
		return 1u << p->order;
	if (page_test(p, PG_reserved))
		return 0;
	/* whatever is in ZONE_MOVABLE has been asked for as movable */
	if (z->type == ZONE_MOVABLE)
		return 1;
	if ((flags & MEMORY_OFFLINE) && page_test(p, PG_hwpoison))
		return 1;
	if (p->flags & (PAGE_FLAG(lru) | PAGE_FLAG(isolated)))
		return 1;
	return hugetlb_run(m, pfn);
}

/* Is the frame, without struct page, on no list because boot kept it? Then it gets one, to be
 * shown. */
static bool untouched_reserved(struct machine *m, struct zone *z, pfn_t pfn)
{
	return !pfn_untouched(m, z, pfn) && !page_touch(m, pfn);
}

/*
 * The first page of @pfn's pageblock that can never be moved away; PFN_NONE: there is none. In ZONE_MOVABLE
 * only reserved pages are. Pages on LRU lists count as movable, pinned or not. May make struct pages
 * exist.
 */
static pfn_t has_unmovable_pages(struct machine *m, struct zone *z, pfn_t pfn, unsigned int flags)
{
	pfn_t start = pfn & ~(PAGEBLOCK_NR_PAGES - 1), end = start + PAGEBLOCK_NR_PAGES;
	pfn_t block = start & ~(MAX_ORDER_NR_PAGES - 1);
	u32 run;

	if (!page_exists(m, start) && !untouched_reserved(m, z, start))
		return PFN_NONE;
	/* the upper half of a free block of the highest order */
	if (page_test(pfn_to_page(m, block), PG_buddy) &&
	    pfn_to_page(m, block)->order == MAX_ORDER - 1)
		return PFN_NONE;
	for (pfn = start; pfn < end; pfn += run) {
		run = movable_run(m, z, pfn, flags);
		if (!run)
			return pfn;
	}
	return PFN_NONE;
}

/* ---- isolate, and back ---- */

/* The reserve for atomic requests loses a pageblock. */
static void leave_reserve(struct machine *m, struct zone *z, pfn_t pfn)
{
	if (get_pageblock_migratetype(m, pfn) == MIGRATE_HIGHATOMIC)
		z->nr_reserved_highatomic -=
			min_t(u64, PAGEBLOCK_NR_PAGES, z->nr_reserved_highatomic);
}

static void isolate_pageblock(struct machine *m, struct zone *z, pfn_t pfn)
{
	u32 movable, moved = 0;

	leave_reserve(m, z, pfn);
	set_zone_pageblock_migratetype(m, z, pfn, MIGRATE_ISOLATE);
	if (page_exists(m, pfn))
		moved = move_freepages_block(m, z, pfn, MIGRATE_ISOLATE, &movable);
	mod_zone_page_state(m, z, NR_FREE_PAGES, -(s64)moved);
}

static void unisolate_pageblock(struct machine *m, struct zone *z, pfn_t pfn)
{
	u32 movable, moved = 0;

	set_zone_pageblock_migratetype(m, z, pfn, MIGRATE_MOVABLE);
	if (page_exists(m, pfn))
		moved = move_freepages_block(m, z, pfn, MIGRATE_MOVABLE, &movable);
	mod_zone_page_state(m, z, NR_FREE_PAGES, moved);
}

static bool aligned(pfn_t pfn)
{
	return !(pfn & (PAGEBLOCK_NR_PAGES - 1));
}

/* The order in which pageblocks are taken: both ends first. */
static pfn_t nth_pageblock(pfn_t start, pfn_t end, u32 i)
{
	if (!i)
		return start;
	return i == 1 ? end - PAGEBLOCK_NR_PAGES : start + (i - 1) * PAGEBLOCK_NR_PAGES;
}

/* The first @nr pageblocks were isolated when one was found that cannot be: they are MOVABLE
 * now. */
static void back_out(struct machine *m, struct zone *z, pfn_t start, pfn_t end, u32 nr)
{
	u32 i, movable;

	for (i = 0; i < nr; i++) {
		pfn_t pfn = nth_pageblock(start, end, i);

		leave_reserve(m, z, pfn);
		set_zone_pageblock_migratetype(m, z, pfn, MIGRATE_MOVABLE);
		if (page_exists(m, pfn))
			move_freepages_block(m, z, pfn, MIGRATE_MOVABLE, &movable);
	}
}

int start_isolate_page_range(struct machine *m, struct zone *z, pfn_t start, pfn_t end,
			     unsigned int flags)
{
	u32 i, nr = (end - start) / PAGEBLOCK_NR_PAGES;
	u64 untouched;
	pfn_t pfn, bad;

	if (!aligned(start) || !aligned(end))
		return -EINVAL;
	for (pfn = start; pfn < end; pfn += PAGEBLOCK_NR_PAGES)
		if (get_pageblock_migratetype(m, pfn) == MIGRATE_ISOLATE)
			return -EBUSY;
	for (i = 0; i < nr; i++) {
		bad = has_unmovable_pages(m, z, nth_pageblock(start, end, i), flags);
		if (bad == PFN_NONE)
			continue;
		back_out(m, z, start, end, i);
		if (flags & REPORT_FAILURE)
			dump_page(m, bad, "unmovable page");
		return -EBUSY;
	}
	if (zone_isolate_untouched(m, z, start, end, &untouched))
		return -ENOMEM;
	mod_zone_page_state(m, z, NR_FREE_PAGES, -(s64)untouched);
	for (pfn = start; pfn < end; pfn += PAGEBLOCK_NR_PAGES)
		isolate_pageblock(m, z, pfn);
	return 0;
}

void undo_isolate_page_range(struct machine *m, struct zone *z, pfn_t start, pfn_t end)
{
	pfn_t pfn;

	mod_zone_page_state(m, z, NR_FREE_PAGES, (s64)zone_unisolate_untouched(m, z, start, end));
	for (pfn = start; pfn < end; pfn += PAGEBLOCK_NR_PAGES)
		if (get_pageblock_migratetype(m, pfn) == MIGRATE_ISOLATE)
			unisolate_pageblock(m, z, pfn);
}

/* ---- is it whole? ---- */

/* Pages from @pfn on that are free and isolated, or as good as that; 0: none. */
static u32 isolated_run(const struct machine *m, const struct zone *z, pfn_t pfn,
			unsigned int flags)
{
	const struct page *p = pfn_to_page(m, pfn);

	if (!page_exists(m, pfn))
		return pfn_untouched(m, z, pfn) ? MAX_ORDER_NR_PAGES : 0;
	if (page_test(p, PG_buddy))
		return p->migratetype == MIGRATE_ISOLATE ? 1u << p->order : 0;
	return (flags & MEMORY_OFFLINE) && page_test(p, PG_hwpoison) ? 1 : 0;
}

int test_pages_isolated(struct machine *m, struct zone *z, pfn_t start, pfn_t end,
			unsigned int flags)
{
	pfn_t pfn;
	u32 run;

	for (pfn = start; pfn < end; pfn += run) {
		run = isolated_run(m, z, pfn, flags);
		if (!run)
			return -EBUSY;
	}
	return 0;
}

void remove_isolated_pages(struct machine *m, struct zone *z, pfn_t start, pfn_t end)
{
	pfn_t pfn;
	u32 run;

	zone_drop_untouched(m, z, start, end);
	for (pfn = start; pfn < end; pfn += run) {
		const struct page *p = pfn_to_page(m, pfn);

		run = 1;
		if (!page_exists(m, pfn)) {
			run = MAX_ORDER_NR_PAGES;
		} else if (page_test(p, PG_buddy)) {
			run = 1u << p->order;
			take_free_block(m, z, pfn);
		}
	}
}
