/*
 * What reclaim does to pages of a process, page by page and to the end: a slot, out of every page
 * table, written, forgotten. For tests of swap that want to know exactly which pages are out.
 */
#ifndef TESTS_SWAPTEST_H
#define TESTS_SWAPTEST_H

#include "tests/mmtest.h"

#define SWAPTEST_AREA "/dev/sda2"

/** open_with_swap() - a machine of @ram_mib, with an area of @pages that can be used. */
void open_with_swap(struct mmtest *t, u64 ram_mib, u64 pages);

/** swap_out() - the pages that [addr, addr + pages) of the process has in memory go. How many went;
 * those that are locked or pinned stay, and all do when swap is full. */
u64 swap_out(struct mmtest *t, u64 addr, u64 pages);
/** swap_cached() - the same, but the pages stay in the swap cache, clean and unmapped. */
u64 swap_cached(struct mmtest *t, u64 addr, u64 pages);

/** entry() - the page table entry. frame() - the page that is mapped there, PFN_NONE. */
struct pte_info entry(struct mmtest *t, u64 addr);
pfn_t frame(struct mmtest *t, u64 addr);
/** pages_on() - how many pages of the range are on @nid. */
u64 pages_on(struct mmtest *t, u64 addr, u64 pages, u32 nid);
/** swapped() - how many pages of the range are swap entries. */
u64 swapped(struct mmtest *t, u64 addr, u64 pages);

#endif
