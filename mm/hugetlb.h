/*
 * hugetlb.h - mappings of huge pages: what the files of the engine share. The pools:
 * mman/hugetlb.h.
 *
 *	mmap      reserves pages of the pool (hugetlb_resv.c): HugePages_Rsvd; short of them, it takes surplus ones
 *	fault     takes one page, reserved or free, or a surplus one; none: SIGBUS (hugetlb_map.c)
 *	          one entry at PMD or PUD level (mm/pgtable.h), counted in mm->hugetlb_usage, not in RSS
 *	unmap     the last mapper of a private page gives it back to the pool; a surplus page leaves the pool;
 *	          pages of a shared mapping are its file's, and stay until that goes
 *
 * A page in use: the struct page of its first frame, the head, has PG_head and PG_hugetlb; order
 * (mod 16) says which size; mapping, index (in small pages), mapcount as those of any page, for all
 * of it; ->prev is its huge_frame, ->next counts pins, and ->pins is 1 while there are any. It is
 * on no LRU list.
 *
 * Reservations. A private mapping's are in a set of bits that its VMA holds (v->resv_map), and only
 * the mapping that made them can use them: a bit is set when a page has been taken for that index.
 * A shared mapping's are in its inode: a bit is set when the page is reserved or there. So
 *	resv_huge_pages = sum over VMAs with a map of the clear bits in their range
 *	                + sum over inodes of set bits - pages
 *
 * Source: Documentation/admin-guide/mm/hugetlbpage.rst, mm/hugetlbfs_reserv.rst; the record of a
 * guest.
 */
#ifndef MM_HUGETLB_H
#define MM_HUGETLB_H

#include <mman/hugetlb.h>
#include <mman/migrate.h>

#include "mm/fault.h"

/* v->huge_flags: the owner of the reservations took a page away from this mapping */
#define HPAGE_RESV_UNMAPPED 1u

struct resv_map {
	u32 refs;
	handle_t bits;
};

static inline u32 hstate_pages(const struct hstate *h)
{
	return 1u << hstate_order(h);
}

static inline enum pt_level hstate_level(const struct hstate *h)
{
	return h->page_size >= 1ull << 30 ? PT_PUD : PT_PMD;
}

/* Is the page, of which @p is any frame, one of a pool? *@p becomes its head. */
static inline bool page_huge_head(const struct machine *m, struct page **p)
{
	if (page_test(*p, PG_tail))
		*p = pfn_to_page(m, (*p)->index);
	return page_test(*p, PG_hugetlb);
}

/* ---- pools (hugetlb.c) ---- */

/** page_hstate() - of a head in use. */
struct hstate *page_hstate(struct machine *m, const struct page *head);
/** dequeue_huge_page_node() - the first free page of a node, in use from now on: PG_head,
 * PG_hugetlb, nobody's. PFN_NONE: none. */
pfn_t dequeue_huge_page_node(struct machine *m, struct hstate *h, u32 nid);
/** free_huge_page() - a page in use that nobody maps: back to its pool, or, if its node has surplus
 * pages, to the buddy allocator. */
void free_huge_page(struct machine *m, pfn_t head);
/** put_back_huge_page() - back to its pool in any case. */
void put_back_huge_page(struct machine *m, pfn_t head);
/** alloc_surplus_huge_page() - one page more than the pool should have, if nr_overcommit_hugepages
 * allows. In use. PFN_NONE. @nodes: of these only, 0: any. */
pfn_t alloc_surplus_huge_page(struct machine *m, struct hstate *h, int nid, u64 nodes);
/** alloc_migration_huge_page() - to move a page to: a free one of @nid or its neighbours (of @nodes
 * only, unless 0), or a new one, *@temporary. free_migrated_huge_page() - the one that is left
 * over; the page is on @nid now. */
pfn_t alloc_migration_huge_page(struct machine *m, struct hstate *h, u32 nid, u64 nodes,
				bool *temporary);
void free_migrated_huge_page(struct machine *m, pfn_t head, u32 nid, bool temporary);
/** hugetlb_acct_memory() - @delta pages more are reserved, or less; -ENOMEM. */
int hugetlb_acct_memory(struct machine *m, struct hstate *h, s64 delta);

/* ---- reservations (hugetlb_resv.c) ---- */

/** hugetlb_reserve_pages() - for the new mapping @vma, all of it. -ENOMEM. */
int hugetlb_reserve_pages(struct machine *m, handle_t vma);
/** hugetlb_unreserve_vma() - the mapping ends: what it reserved and did not use is free. */
void hugetlb_unreserve_vma(struct machine *m, struct vma *v);
/** hugetlb_unreserve_pages() - [@first, @end) of a shared file is no more; @freed pages of it were
 * there. */
void hugetlb_unreserve_pages(struct machine *m, struct inode *i, u64 first, u64 end, u64 freed);
/** resv_map_get(), resv_map_put() - of a VMA; 0 is none. */
void resv_map_get(struct machine *m, handle_t map);
void resv_map_put(struct machine *m, handle_t map);
/** hugetlb_dup_vma_private() - fork: the child's private mapping has no reservations. */
void hugetlb_dup_vma_private(struct machine *m, struct vma *v);

/* A page for a fault, and what it has cost. */
struct huge_page_alloc {
	pfn_t pfn;
	bool reserved;	/* it was a reserved one */
	bool committed; /* the set has a bit more */
};

/**
 * alloc_huge_page() - for @addr of @vma, by its memory policy: a reserved page if the mapping has
 * one there, else a free one, else a surplus one. @avoid_reserve: not a reserved one. 0; -ENOSPC:
 * there is none;
 * -ENOMEM: of the kernel's.
 */
int alloc_huge_page(struct machine *m, handle_t vma, u64 addr, bool avoid_reserve,
		    struct huge_page_alloc *out);
/** undo_huge_page() - it could not be mapped after all. */
void undo_huge_page(struct machine *m, handle_t vma, u64 addr, const struct huge_page_alloc *a);

/** resv_count_vma(), resv_count_inode() - pages that a mapping of its own, or a file, has reserved
 * and not used. */
u64 resv_count_vma(const struct machine *m, const struct vma *v);
u64 resv_count_inode(const struct machine *m, const struct inode *i);

/* ---- mappings (hugetlb_map.c) ---- */

/** hugetlb_file_setup() - the nameless file behind a mapping of @h. 0: no memory. */
handle_t hugetlb_file_setup(struct machine *m, const struct hstate *h, u64 size);
/** hugetlb_evict_inode() - nobody has the file any more: its pages and reservations go. */
void hugetlb_evict_inode(struct machine *m, handle_t inode);
enum vm_fault hugetlb_fault(struct machine *m, struct fault *f);
/** unmap_hugepage_range() - zap_page_range() of such a VMA; [@start, @end) in whole pages. */
void unmap_hugepage_range(struct machine *m, handle_t vma, u64 start, u64 end);
/** copy_hugetlb_page_range() - fork. -ENOMEM, -EINTR. */
int copy_hugetlb_page_range(struct machine *m, handle_t dst, handle_t src);
/** hugetlb_change_protection() - mprotect(2). */
void hugetlb_change_protection(struct machine *m, handle_t vma, u64 start, u64 end);
/** move_hugetlb_page_tables() - mremap(2): all entries of [@from, @from + @length) to @to. -ENOMEM,
 * some moved. */
int move_hugetlb_page_tables(struct machine *m, handle_t mm, u64 from, u64 to, u64 length);
/** hugetlb_punch_hole() - MADV_REMOVE: whole huge pages within [@first, @end), in small pages of
 * the file. */
void hugetlb_punch_hole(struct machine *m, handle_t inode, u64 first, u64 end);
/** hugetlb_pin_page() - a device uses a part of it; hugetlb_unpin_page(): no longer. A page that
 * nobody else has is free then. */
void hugetlb_pin_page(struct machine *m, struct page *head);
void hugetlb_unpin_page(struct machine *m, struct page *head);
/** hugetlb_frame() - the entry that maps @vpn of @v, and the frame of that small page; NULL:
 * none. */
pte_t *hugetlb_frame(const struct machine *m, const struct vma *v, u64 vpn, pfn_t *pfn);
/** hugetlb_gather_stats() - smaps and numa_maps of [@start, @end). */
void hugetlb_gather_stats(struct machine *m, const struct vma *v, u64 start, u64 end,
			  struct vma_stats *out);

/* ---- other frames (hugetlb_migrate.c) ---- */

/** migrate_huge_page() - to a page that begins the search at @nid, on one of @nodes (0: any).
 * -EBUSY: it is pinned; -ENOMEM: there is none. Counts all its small pages. */
int migrate_huge_page(struct machine *m, pfn_t head, u32 nid, u64 nodes,
		      enum migrate_reason reason);
/** poison_huge_page() - it is lost: its mappings get SIGBUS when they touch it, and it goes to its
 * pool. */
void poison_huge_page(struct machine *m, pfn_t head);

#endif
