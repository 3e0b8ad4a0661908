/*
 * swap.c - pages on the LRU lists, and how they move between them.
 *
 *	            first touch                     second access, refault
 *	    new page ------------> inactive list ---------------------------> active list
 *	                              |    ^                                     |
 *	                       reclaim|    +-------------------------------------+
 *	                              v             the list gets too long, MADV_COLD
 *
 * Anonymous and shared-memory pages (PG_swapbacked) have one pair of lists, file pages the other;
 * a page that some mapping has locked is on neither, only counted as unevictable. New pages of
 * either kind start on the inactive list: being faulted in is one use, and one use proves nothing.
 *
 * mark_page_accessed() is the one step of an access that goes through the kernel (read(2), mlock's
 * walk, an accessed bit found while unmapping):
 *	inactive, unreferenced -> inactive, referenced -> active
 * Counters are exact at once: the kernel's per-CPU batches are not simulated.
 * Source: Documentation/mm/unevictable-lru.rst, admin-guide/mm/concepts.rst.
 */
#include "mm/lru.h"
#include "mm/swapfile.h"

void lru_add(struct machine *m, pfn_t pfn)
{
	lru_insert(m, pfn, pfn_to_page(m, pfn), false);
}

void lru_del(struct machine *m, pfn_t pfn)
{
	lru_remove(m, pfn, pfn_to_page(m, pfn));
}

void activate_page(struct machine *m, pfn_t pfn)
{
	struct page *p = pfn_to_page(m, pfn);

	if (!page_test(p, PG_lru) || page_test(p, PG_active) || page_test(p, PG_unevictable))
		return;
	lru_remove(m, pfn, p);
	page_set(p, PG_active);
	lru_insert(m, pfn, p, false);
	count_vm_event(m, PGACTIVATE);
}

void activate_used_page(struct machine *m, pfn_t pfn)
{
	struct page *p = pfn_to_page(m, pfn);

	activate_page(m, pfn);
	page_clear(p, PG_referenced);
	page_node(m, p)->lruvec.nonresident_age++;
}

void mark_page_accessed(struct machine *m, pfn_t pfn)
{
	if (unlikely(page_use(pfn_to_page(m, pfn))))
		activate_used_page(m, pfn);
}

/* MADV_COLD: to the front of the inactive list, so that newer inactive pages are older victims. */
void deactivate_page(struct machine *m, pfn_t pfn)
{
	struct page *p = pfn_to_page(m, pfn);

	if (!page_test(p, PG_lru) || !page_test(p, PG_active) || page_test(p, PG_unevictable))
		return;
	lru_remove(m, pfn, p);
	page_clear(p, PG_active);
	page_clear(p, PG_referenced);
	lru_insert(m, pfn, p, false);
	count_vm_event(m, PGDEACTIVATE);
}

/* MADV_FREE: an anonymous page without PG_swapbacked needs no swap. It waits with the file pages,
 * where reclaim looks first, and stays an ordinary page if its entry is dirty again by then. */
void mark_page_lazyfree(struct machine *m, pfn_t pfn)
{
	struct page *p = pfn_to_page(m, pfn);

	if (!page_test(p, PG_lru) || page_mapping_type(p) != MAPPING_ANON ||
	    !page_test(p, PG_swapbacked) || page_test(p, PG_swapcache) ||
	    page_test(p, PG_unevictable))
		return;
	lru_remove(m, pfn, p);
	page_clear(p, PG_active);
	page_clear(p, PG_referenced);
	page_clear(p, PG_swapbacked);
	lru_insert(m, pfn, p, false);
	count_vm_event(m, PGLAZYFREE);
}
