/*
 * swapfile.h - what the files of swap share.
 *
 *	swapfile.c     areas: on, off, whose turn it is
 *	swap_slots.c   clusters and slots: given out, counted, given back
 *	swap_state.c   the swap cache: slot -> page and page -> slot
 *	page_io.c      writing a page, reading one, reading ahead
 *	swap_fault.c   a fault that finds a swap entry
 *	swap_unuse.c   swapoff: everything comes back
 *	swap_batch.c   the plain case of putting pages out, 32 at a time
 */
#ifndef MM_SWAPFILE_H
#define MM_SWAPFILE_H

#include <mman/machine.h>
#include <mman/xarray.h>

#include "mm/page_alloc.h"
#include "mm/pgtable.h"
#include "mm/vma.h"

static inline struct swap_cluster *cluster_at(const struct machine *m, u32 cluster)
{
	return (struct swap_cluster *)(void *)m->swap.clusters.base + cluster;
}

static inline struct swap_slots *slots_of(const struct machine *m, u32 slot)
{
	return (struct swap_slots *)(void *)m->swap.slots.base +
	       cluster_at(m, slot >> SWAP_CLUSTER_SHIFT)->slots;
}

static inline u32 slot_number(u32 slot)
{
	return slot & (SWAP_CLUSTER_SLOTS - 1);
}

static inline struct swap_slot *slot_at(const struct machine *m, u32 slot)
{
	return &slots_of(m, slot)->slot[slot_number(slot)];
}

static inline struct swap_area *slot_area(struct machine *m, u32 slot)
{
	return &m->swap.area[cluster_at(m, slot >> SWAP_CLUSTER_SHIFT)->area];
}

/** swap_fetch_cluster(), then swap_fetch_slot() - @slot will be needed soon: the host fetches what
 * is known of it. (Forced inline: of a call that only fetches gcc thinks that it does nothing.) */
static inline __attribute__((always_inline)) void swap_fetch_cluster(const struct machine *m,
								     u32 slot)
{
	__builtin_prefetch(cluster_at(m, slot >> SWAP_CLUSTER_SHIFT), 1);
}

static inline __attribute__((always_inline)) void swap_fetch_slot(const struct machine *m, u32 slot)
{
	const struct swap_slots *s = slots_of(m, slot);

	__builtin_prefetch(&s->slot[slot_number(slot)], 1);
	__builtin_prefetch(&s->free[slot_number(slot) / 64], 1);
}

/** swap_slot_get() - swap_duplicate(), for those who do it for each page. */
static inline void swap_slot_get(struct machine *m, u32 slot)
{
	slot_at(m, slot)->count++;
}

/** swap_slot_users() - swap_count(), likewise. */
static inline u32 swap_slot_users(const struct machine *m, u32 slot)
{
	return slot_at(m, slot)->count & ~SWAP_HAS_CACHE;
}

/** swap_pte_slot() - pte_swap_slot(), likewise; swap_pte_of() - swap_slot_pte(). */
static inline u32 swap_pte_slot(const struct machine *m, u64 pte)
{
	u32 type = (u32)(pte >> PTE_SWAP_TYPE_SHIFT) % PTE_SWAP_TYPES;

	return (m->swap.area[type].first << SWAP_CLUSTER_SHIFT) +
	       (u32)(pte >> PTE_SWAP_OFFSET_SHIFT);
}

static inline u64 swap_pte_of(const struct machine *m, u32 slot)
{
	u32 type = cluster_at(m, slot >> SWAP_CLUSTER_SHIFT)->area;
	u64 offset = slot - (m->swap.area[type].first << SWAP_CLUSTER_SHIFT);

	return PTE_SWAP | (u64)type << PTE_SWAP_TYPE_SHIFT | offset << PTE_SWAP_OFFSET_SHIFT;
}

/* ---- a page's slot and the like: an array for each section of memory ---- */

static inline struct swap_section *swap_section_of(const struct machine *m, pfn_t pfn)
{
	return (struct swap_section *)(void *)m->swap.sections.base + m->swap.first_section +
	       (pfn >> PFN_SECTION_SHIFT);
}

static inline u32 *page_slot(const struct machine *m, pfn_t pfn)
{
	u64 array = swap_section_of(m, pfn)->array;

	return (u32 *)(void *)m->swap.swap_pages.base + array * PAGES_PER_SECTION +
	       (pfn & (PAGES_PER_SECTION - 1));
}

/** page_slots_make() - the array for the section of @pfn. 0 or -ENOMEM (of the host). */
int page_slots_make(struct machine *m, pfn_t pfn);
/* Is there one for @pfn? */
static inline bool page_slot_ready(const struct machine *m, pfn_t pfn)
{
	return likely(m->swap.first_section && swap_section_of(m, pfn)->array);
}

/** swap_page_writeback() - clear_page_dirty() and set_page_writeback(), of a page that is no
 * file's. */
static inline void swap_page_writeback(struct machine *m, struct page *p)
{
	p->flags = (p->flags & ~(PAGE_FLAG(dirty) | PAGE_FLAG(error))) | PAGE_FLAG(writeback);
	mod_node_page_state(m, page_node(m, p), NR_WRITEBACK, 1);
	mod_zone_page_state(m, page_zone(m, p), NR_ZONE_WRITE_PENDING, 1);
}

/* ---- swap_slots.c ---- */

/** swap_slot_in_use() - an entry or the swap cache holds it. */
bool swap_slot_in_use(const struct machine *m, u32 slot);
/** get_swap_slot() - a free slot of the area whose turn it is, its count 0 with SWAP_HAS_CACHE. 0:
 * none. */
u32 get_swap_slot(struct machine *m);
/** get_swap_slots() - the same @nr times: a run of neighbours, mostly. How many there were. */
u32 get_swap_slots(struct machine *m, u32 nr, u32 *slot);
/** put_swap_slot() - nobody needs it any more: its contents and shadow go. */
void put_swap_slot(struct machine *m, u32 slot);
/** set_swap_contents() - the reference @contents is the slot's from now on. -ENOMEM: it stays the
 * caller's. */
int set_swap_contents(struct machine *m, u32 slot, handle_t contents);
/** area_clusters_init() - room for the clusters of @a; -ENOMEM. area_clusters_free() - all slots
 * are free. */
int area_clusters_init(struct machine *m, struct swap_area *a);
void area_clusters_free(struct machine *m, struct swap_area *a);

/* ---- swap_state.c ---- */

/** add_to_swap_cache() - @pfn, which is nobody's or anonymous, caches @slot. -ENOMEM (of the host).
 * *@shadow: what the slot remembered. */
int add_to_swap_cache(struct machine *m, pfn_t pfn, u32 slot, u32 *shadow);
/** swap_cache_replace() - what @slot caches of @from is @to from now on. -ENOMEM (of the host):
 * nothing has changed. */
int swap_cache_replace(struct machine *m, pfn_t from, pfn_t to);
/** free_anon_page() - an anonymous page has lost its last mapping: freed, unless the swap cache
 * holds it for others, or the disk or reclaim is busy with it (then reclaim finds it). */
bool free_anon_page(struct machine *m, pfn_t pfn);
/** free_swap_and_cache() - one entry less; a page in the swap cache that nobody needs any more goes
 * too. */
void free_swap_and_cache(struct machine *m, u32 slot);

/* ---- page_io.c ---- */

/** swap_lookup() - the page that @slot is cached in, telling read-ahead that it was of use.
 * PFN_NONE. */
pfn_t swap_lookup(struct machine *m, u32 slot, struct vma *v, u64 vpn);
/** swapin_readahead() - read @slot and what is likely to be needed with it. Its page, locked as
 * long as it is read (wait_for_swap_page()); PFN_NONE: no memory. @v and @vpn: of the fault; NULL
 * for shared memory. */
pfn_t swapin_readahead(struct machine *m, u32 slot, gfp_t gfp, handle_t vma, u64 vpn);
/** wait_for_swap_page() - until it is read; false: the disk does not give it back. */
bool wait_for_swap_page(struct machine *m, pfn_t pfn);

/** slot_sector() - where @slot lies on the disk. */
static inline u64 slot_sector(struct machine *m, u32 slot)
{
	const struct swap_area *a = slot_area(m, slot);

	return a->sector + slot - (a->first << SWAP_CLUSTER_SHIFT);
}

/* ---- swap_batch.c ---- */

/* Anonymous pages that one entry each maps, and no more is to be said of them:
 * swap_out_is_plain(). */
struct swap_batch {
	u32 nr;
	pfn_t pfn[SWAP_CLUSTER_MAX];
	const struct rmap_only *only[SWAP_CLUSTER_MAX];
};

/** swap_out_is_plain() - may the page, which @only maps, join such a batch? Makes room for its
 * slot. */
static inline bool swap_out_is_plain(struct machine *m, pfn_t pfn, const struct page *p,
				     const struct rmap_only *only)
{
	const u32 odd = PAGE_FLAG(swapcache) | PAGE_FLAG(mlocked) | PAGE_FLAG(unevictable);

	if ((p->flags & (odd | PAGE_FLAG(swapbacked))) != PAGE_FLAG(swapbacked) ||
	    page_mapping_type(p) != MAPPING_ANON || p->mapcount != 1 || contents_in_use(m))
		return false;
	if (!only->pte || vma_at(m, only->vma)->flags & VM_LOCKED)
		return false;
	return page_slot_ready(m, pfn) || !page_slots_make(m, pfn);
}

/** swap_out_pages() - add_to_swap(), try_to_unmap() and swap_writepage() of each, with PG_reclaim:
 * under way to the disk. Returns how many, the first of them: swap was full then. */
u32 swap_out_pages(struct machine *m, const struct swap_batch *b);
/** free_swapped_pages() - isolated pages that are in the swap cache, clean, and mapped nowhere:
 * their slots keep shadows, the frames are free. */
void free_swapped_pages(struct machine *m, const pfn_t *pfn, u32 nr);

/* ---- swap_unuse.c ---- */

/** try_to_unuse() - nobody uses @a any more. 0, -ENOMEM, -EINTR, -EIO: it is in use as before. */
int try_to_unuse(struct machine *m, u32 area);

#endif
