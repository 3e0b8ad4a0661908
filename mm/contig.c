/*
 * contig.c - stretches of memory larger than the buddy allocator's blocks; see contig.h.
 */
#include "mm/contig.h"

#include "mm/page_alloc.h"

#include <errno.h>

/* Is all of [@start, @end), whole blocks of @z, on its free lists or untouched? */
static bool range_is_free(const struct machine *m, const struct zone *z, pfn_t start, pfn_t end)
{
	pfn_t pfn = start;

	while (pfn < end) {
		const struct page *p = pfn_to_page(m, pfn);

		if (!page_exists(m, pfn)) {
			if (!pfn_untouched(m, z, pfn))
				return false;
			pfn += MAX_ORDER_NR_PAGES;
		} else if (page_test(p, PG_buddy) && p->zone == z->type && p->node == z->nid) {
			pfn += 1u << p->order;
		} else {
			return false;
		}
	}
	return true;
}

static void unlist_free_block(struct machine *m, struct zone *z, pfn_t pfn)
{
	struct page *p = pfn_to_page(m, pfn);
	struct free_area *area = &z->free_area[p->order];

	page_list_del(m, &area->list[p->migratetype], pfn);
	area->nr_free--;
	area->nr_free_type[p->migratetype]--;
	p->flags = 0;
}

/* A range that range_is_free() leaves the free lists; its pages have no flags. 0, or -ENOMEM when the host is out of memory (then nothing is taken). */
static int take_free_range(struct machine *m, struct zone *z, pfn_t start, pfn_t end)
{
	pfn_t pfn;

	for (pfn = start; pfn < end; pfn += MAX_ORDER_NR_PAGES)
		if (page_touch(m, pfn))
			return -ENOMEM;
	for (pfn = start; pfn < end;) {
		u32 nr = 1u << pfn_to_page(m, pfn)->order;

		unlist_free_block(m, z, pfn);
		pfn += nr;
	}
	mod_zone_page_state(m, z, NR_FREE_PAGES, -(s64)(end - start));
	return 0;
}

void prep_compound_page(struct machine *m, pfn_t start, pfn_t end)
{
	pfn_t tail;

	pfn_to_page(m, start)->flags = PAGE_FLAG(head);
	for (tail = start + 1; tail < end; tail++) {
		pfn_to_page(m, tail)->flags = PAGE_FLAG(tail);
		pfn_to_page(m, tail)->index = start;
	}
}

/* The first free stretch of @z, PFN_NONE if there is none. */
static pfn_t find_free_range(const struct machine *m, const struct zone *z, u32 nr)
{
	u64 pfn = ((u64)z->start_pfn + nr - 1) / nr * nr;

	for (; pfn + nr <= z->start_pfn + z->spanned_pages; pfn += nr)
		if (range_is_free(m, z, (pfn_t)pfn, (pfn_t)(pfn + nr)))
			return (pfn_t)pfn;
	return PFN_NONE;
}

pfn_t alloc_contig_pages(struct machine *m, u32 nr, u32 nid)
{
	int type;

	drain_pages(m, -1);
	for (type = MAX_NR_ZONES - 1; type >= 0; type--) {
		struct zone *z = &m->node[nid].zones[type];
		pfn_t pfn;

		if (!zone_populated(z))
			continue;
		pfn = find_free_range(m, z, nr);
		if (pfn == PFN_NONE || take_free_range(m, z, pfn, pfn + nr))
			continue;
		prep_compound_page(m, pfn, pfn + nr);
		return pfn;
	}
	return PFN_NONE;
}

void free_contig_range(struct machine *m, pfn_t start, pfn_t end)
{
	pfn_t pfn;

	for (pfn = start; pfn < end; pfn += MAX_ORDER_NR_PAGES)
		free_pages(m, pfn, MAX_ORDER - 1);
}

void split_contig_page(struct machine *m, pfn_t pfn, unsigned int order)
{
	pfn_t end = pfn + (1u << order), at;

	if (!page_exists(m, pfn) || page_test(pfn_to_page(m, pfn), PG_reserved))
		return;
	prep_compound_page(m, pfn, end);
	for (at = pfn; at < end; at++) {
		struct page *p = pfn_to_page(m, at);

		p->order = 0;
		p->mapping = 0;
		p->mapcount = 0;
		p->pins = 0;
	}
	pfn_to_page(m, pfn)->order = order & 15u;
	page_set(pfn_to_page(m, pfn), PG_hugetlb);
}
