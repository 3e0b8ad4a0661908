/*
 * page_idle.h - idle page tracking: which pages were not used since they were marked?
 *
 * Only pages on an LRU list take part. Looking takes the accessed bits out of the page tables, so
 * reclaim is told by PG_young what it would have seen there.
 * Source: Documentation/admin-guide/mm/idle_page_tracking.rst.
 */
#ifndef MMAN_PAGE_IDLE_H
#define MMAN_PAGE_IDLE_H

#include <mman/types.h>

struct machine;

/** page_idle_test() - was @pfn marked, and not used since? */
bool page_idle_test(struct machine *m, pfn_t pfn);
/** page_idle_mark() - idle from now on, until it is used. */
void page_idle_mark(struct machine *m, pfn_t pfn);

#endif
