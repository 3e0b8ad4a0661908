/* Pages out to swap by hand (swaptest.h). */
#include "tests/swaptest.h"
#include "tests/tap.h"

#include <mman/workingset.h>

#include "mm/rmap.h"
#include "mm/swapfile.h"

void open_with_swap(struct mmtest *t, u64 ram_mib, u64 pages)
{
	mmtest_open(t, ram_mib);
	is_err(swapon(t->m, SWAPTEST_AREA, (pages + 1) * PAGE_SIZE, -1, false), 0,
	       "an area of %u pages", (unsigned)pages);
}

struct pte_info entry(struct mmtest *t, u64 addr)
{
	struct pte_info e;

	pte_lookup(t->m, mm_of(t), addr, &e);
	return e;
}

pfn_t frame(struct mmtest *t, u64 addr)
{
	struct pte_info e = entry(t, addr);

	return e.present && !e.zero_page ? e.pfn : PFN_NONE;
}

u64 pages_on(struct mmtest *t, u64 addr, u64 pages, u32 nid)
{
	u64 i, n = 0;

	for (i = 0; i < pages; i++) {
		pfn_t pfn = frame(t, addr + i * PAGE_SIZE);

		n += pfn != PFN_NONE && pfn_to_page(t->m, pfn)->node == nid;
	}
	return n;
}

u64 swapped(struct mmtest *t, u64 addr, u64 pages)
{
	u64 i, n = 0;

	for (i = 0; i < pages; i++)
		n += entry(t, addr + i * PAGE_SIZE).swapped;
	return n;
}

/* In the swap cache, unmapped, and clean. */
static bool page_to_cache(struct machine *m, pfn_t pfn)
{
	struct page *p = pfn_to_page(m, pfn);
	bool shared = page_mapping_type(p) == MAPPING_FILE;

	if (p->pins || page_test(p, PG_unevictable) || !page_test(p, PG_swapbacked))
		return false;
	if (shared && !try_to_unmap(m, pfn, 0))
		return false;
	if (!page_test(p, PG_swapcache) && !add_to_swap(m, pfn))
		return false;
	if (!shared && !try_to_unmap(m, pfn, swap_slot_pte(m, page_swap_slot(m, pfn))))
		return false;
	if (page_test(p, PG_dirty))
		swap_writepage(m, pfn);
	wait_on_page_writeback(m, pfn);
	return true;
}

static u64 each(struct mmtest *t, u64 addr, u64 pages, bool free)
{
	struct machine *m = t->m;
	u64 i, n = 0;

	for (i = 0; i < pages; i++) {
		pfn_t pfn = frame(t, addr + i * PAGE_SIZE);

		if (pfn == PFN_NONE || !page_to_cache(m, pfn))
			continue;
		n++;
		/* what could not be written stays */
		if (free && !page_test(pfn_to_page(m, pfn), PG_dirty)) {
			delete_from_swap_cache(m, pfn, workingset_eviction(m, pfn));
			page_release(m, pfn, pfn_to_page(m, pfn));
		}
	}
	return n;
}

u64 swap_out(struct mmtest *t, u64 addr, u64 pages)
{
	return each(t, addr, pages, true);
}

u64 swap_cached(struct mmtest *t, u64 addr, u64 pages)
{
	return each(t, addr, pages, false);
}
