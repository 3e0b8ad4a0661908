/*
 * page_isolation.h - pageblocks whose free pages nobody may have.
 *
 * A pageblock of MIGRATE_ISOLATE keeps its free pages on lists that no request looks at, and they
 * do not count as free; what is freed there joins those lists. Whoever wants a stretch of memory
 * whole (to take it offline) isolates it, moves what is in use away, and has it when everything in
 * it is free.
 *
 *	start_isolate_page_range()  ->  move pages away  ->  test_pages_isolated()
 *	                                       \-> undo_isolate_page_range(): all as before
 *
 * Source: Documentation/mm/memory-model.rst, admin-guide/mm/memory-hotplug.rst; pagetypeinfo.
 */
#ifndef MMAN_PAGE_ISOLATION_H
#define MMAN_PAGE_ISOLATION_H

#include <mman/mmzone.h>

struct machine;

#define MEMORY_OFFLINE 1u /* for good: poisoned pages are no obstacle */
#define REPORT_FAILURE 2u /* say in the kernel log which page is in the way */

/**
 * start_isolate_page_range() - all pageblocks of [@start, @end), RAM of @z out of which no free
 * block sticks, become MIGRATE_ISOLATE. -EBUSY: one holds an unmovable page or is isolated already;
 * those that were isolated become MOVABLE, as on Linux. -ENOMEM: the host is out of memory.
 */
int start_isolate_page_range(struct machine *m, struct zone *z, pfn_t start, pfn_t end,
			     unsigned int flags);

/** undo_isolate_page_range() - they become MOVABLE, and their free pages may be had again. */
void undo_isolate_page_range(struct machine *m, struct zone *z, pfn_t start, pfn_t end);

/** test_pages_isolated() - is every page of the range free and isolated? 0, or -EBUSY. Poisoned
 * pages pass with MEMORY_OFFLINE. */
int test_pages_isolated(struct machine *m, struct zone *z, pfn_t start, pfn_t end,
			unsigned int flags);

/** remove_isolated_pages() - a range that test_pages_isolated() leaves the free lists for good. */
void remove_isolated_pages(struct machine *m, struct zone *z, pfn_t start, pfn_t end);

#endif
