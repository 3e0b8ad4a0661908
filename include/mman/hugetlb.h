/*
 * hugetlb.h - the pools of huge pages: grow, shrink, demote. What is mapped: mm/hugetlb.h.
 *
 *	hstate (boot.h)   one size of huge page: counters, and a list of free pages for each node
 *
 * A pool page is taken from the buddy allocator (2 MiB), or as a free, aligned stretch of a zone
 * (1 GiB), and is gone from MemFree then. Invariants (check_hugetlb() in mm/check.h):
 *  - nr, free and surplus are the sums of their nodes' counters;
 *  - pages that are mapped, pinned or in the file of a shared mapping = nr - free - held;
 *  - resv is what mappings and files have reserved and not used;
 *  - each free list is as long as free_node[] says;
 *  - persistent pages = nr - surplus; resv <= free.
 * Source: Documentation/admin-guide/mm/hugetlbpage.rst.
 */
#ifndef MMAN_HUGETLB_H
#define MMAN_HUGETLB_H

#include <mman/machine.h>

/** hugetlb_init() - the pages that hugepages= asked for and early boot did not set aside. */
int hugetlb_init(struct machine *m);

/** dissolve_free_huge_page() - the free huge page that holds @pfn is taken out of its pool and
 * given back. 0: done, or none is there; -EBUSY: all that are free are promised to somebody. */
int dissolve_free_huge_page(struct machine *m, pfn_t pfn);

/** hugetlb_default() - the size that proc/meminfo and /proc/sys/vm speak of; NULL without huge
 * pages. */
struct hstate *hugetlb_default(struct machine *m);

/** vma_hstate() - the size of the pages of a mapping with VM_HUGETLB. */
struct hstate *vma_hstate(const struct machine *m, const struct vma *v);
/** hugetlb_mmap_hstate() - what MAPF_*HUGETLB of @map ask for; NULL: there are none. */
struct hstate *hugetlb_mmap_hstate(struct machine *m, u32 map);

/** hstate_order() - log2 of how many 4 KiB pages a huge page has. */
static inline unsigned int hstate_order(const struct hstate *h)
{
	return (unsigned int)__builtin_ctzll(h->page_size) - PAGE_SHIFT;
}

/** hstate_is_gigantic() - larger than what the buddy allocator has. */
static inline bool hstate_is_gigantic(const struct hstate *h)
{
	return hstate_order(h) >= MAX_ORDER;
}

/** hstate_persistent() - how many the pool was given: nr_hugepages without the surplus. */
static inline u64 hstate_persistent(const struct hstate *h)
{
	return h->nr_huge_pages - h->surplus_huge_pages;
}

/**
 * hugetlb_set_pool() - as many persistent pages as @count, on node @nid, or spread over all nodes
 * with memory (NUMA_NO_NODE).
 * Grows as far as memory allows, node by node in turn; shrinks by free pages, and what is in use
 * becomes surplus. There is a safe point after each page. Always 0: too small a pool is no error.
 */
int hugetlb_set_pool(struct machine *m, struct hstate *h, u64 count, int nid);

/**
 * hugetlb_hold() - @nr free pages of a node's pool are in use from now on, by nobody of this
 * machine (a twin's programs, whose huge pages are only counted); @surplus of them are surplus.
 * Returns how many there were.
 */
u64 hugetlb_hold(struct machine *m, struct hstate *h, u32 nid, u64 nr, u64 surplus);

/** hugetlb_demote() - up to @nr free pages of @h become pages of @to. -EBUSY if there was none. */
int hugetlb_demote(struct machine *m, struct hstate *h, struct hstate *to, u64 nr, int nid);

#endif
