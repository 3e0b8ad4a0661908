/*
 * swap_state.c - the swap cache: pages that have a slot.
 *
 *	slot -> page   in the slot's cluster        page -> slot   in a side array of its section
 *
 * A page is in it from the time it gets a slot until it is evicted, or until nobody needs the slot
 * any more. So two processes that share a swapped page find the same copy, and a page that was read
 * and not written to can go again without being written. It is counted as page cache
 * (nr_file_pages), stays on the anonymous LRU lists, and belongs to nobody (no mapping) when it was
 * read ahead or is shared memory's.
 */
#include <errno.h>

#include "mm/rmap.h"
#include "mm/swapfile.h"

/* ---- page -> slot ---- */

u32 page_swap_slot(const struct machine *m, pfn_t pfn)
{
	return *page_slot(m, pfn);
}

/* The table is the only thing in its pool: it grows at its end. */
int swap_grow(struct machine *m)
{
	struct swap_state *s = &m->swap;
	u32 wanted = (u32)(m->max_pfn >> PFN_SECTION_SHIFT) + 1;
	u32 have = s->sections.nr_slots - s->first_section;

	if (!s->first_section || have >= wanted)
		return 0;
	return pool_alloc_array(&s->sections, wanted - have) ? 0 : -ENOMEM;
}

__attribute__((noinline)) int page_slots_make(struct machine *m, pfn_t pfn)
{
	struct swap_state *s = &m->swap;
	struct swap_section *section;

	if (!s->first_section)
		s->first_section =
			pool_alloc_array(&s->sections, (u32)(m->max_pfn >> PFN_SECTION_SHIFT) + 1);
	if (!s->first_section)
		return -ENOMEM;
	section = swap_section_of(m, pfn);
	if (!section->array)
		section->array = pool_alloc(&s->swap_pages);
	return section->array ? 0 : -ENOMEM;
}

static inline int page_slot_set(struct machine *m, pfn_t pfn, u32 slot)
{
	if (!page_slot_ready(m, pfn) && page_slots_make(m, pfn))
		return -ENOMEM;
	*page_slot(m, pfn) = slot;
	return 0;
}

/* ---- the cache ---- */

pfn_t swap_cache_page(const struct machine *m, u32 slot)
{
	u32 entry = slot_at(m, slot)->entry;

	return entry && !xa_is_value(entry) ? entry : PFN_NONE;
}

static inline void count_swapcache(struct machine *m, const struct page *p, s64 delta)
{
	struct pglist_data *n = page_node(m, p);

	mod_node_page_state(m, n, NR_FILE_PAGES, delta);
	mod_node_page_state(m, n, NR_SWAPCACHED, delta);
}

static inline int enter(struct machine *m, pfn_t pfn, u32 slot, u32 *shadow)
{
	struct swap_slots *s = slots_of(m, slot);
	struct page *p = pfn_to_page(m, pfn);
	u32 n = slot_number(slot);

	if (page_slot_set(m, pfn, slot))
		return -ENOMEM;
	*shadow = s->slot[n].entry;
	s->slot[n].entry = pfn;
	s->slot[n].count |= SWAP_HAS_CACHE;
	p->flags |= PAGE_FLAG(swapcache) | PAGE_FLAG(swapbacked);
	count_swapcache(m, p, 1);
	return 0;
}

int add_to_swap_cache(struct machine *m, pfn_t pfn, u32 slot, u32 *shadow)
{
	return enter(m, pfn, slot, shadow);
}

void delete_from_swap_cache(struct machine *m, pfn_t pfn, u32 shadow)
{
	u32 slot = *page_slot(m, pfn), n = slot_number(slot);
	struct swap_slots *s = slots_of(m, slot);
	struct page *p = pfn_to_page(m, pfn);

	*page_slot(m, pfn) = 0;
	page_clear(p, PG_swapcache);
	count_swapcache(m, p, -1);
	s->slot[n].entry = shadow;
	s->slot[n].count &= ~SWAP_HAS_CACHE;
	if (!s->slot[n].count)
		put_swap_slot(m, slot);
}

int swap_cache_replace(struct machine *m, pfn_t from, pfn_t to)
{
	const struct page *p = pfn_to_page(m, from), *q = pfn_to_page(m, to);
	u32 slot = *page_slot(m, from);

	if (page_slot_set(m, to, slot))
		return -ENOMEM;
	*page_slot(m, from) = 0;
	slot_at(m, slot)->entry = to;
	if (p->node != q->node) {
		count_swapcache(m, p, -1);
		count_swapcache(m, q, 1);
	}
	return 0;
}

/* ---- a slot for a page ---- */

/* A page of shared memory leaves its file: where it was, the file's index says where it is now. */
static bool move_from_file(struct machine *m, pfn_t pfn, u32 slot)
{
	struct page *p = pfn_to_page(m, pfn);
	struct inode *i = inode_at(m, page_mapping(p));

	if (xa_store(m, &i->pages, page_index(p), XA_VALUE | slot))
		return false;
	i->nrpages--;
	i->nrswapped++;
	mod_node_page_state(m, page_node(m, p), NR_FILE_PAGES, -1);
	mod_node_page_state(m, page_node(m, p), NR_SHMEM, -1);
	p->mapping = 0;
	page_set_index(p, 0);
	swap_duplicate(m, slot);
	return true;
}

bool add_to_swap(struct machine *m, pfn_t pfn)
{
	struct page *p = pfn_to_page(m, pfn);
	bool shared = page_mapping_type(p) == MAPPING_FILE;
	u32 slot = get_swap_slot(m), shadow;

	if (!slot)
		return false;
	if (unlikely(enter(m, pfn, slot, &shadow))) {
		put_swap_slot(m, slot);
		return false;
	}
	if (shared && !move_from_file(m, pfn, slot)) {
		delete_from_swap_cache(m, pfn, 0);
		return false;
	}
	/* page_set_dirty(), of a page that is no file's */
	if (!page_test(p, PG_dirty))
		p->flags = (p->flags & ~PAGE_FLAG(reclaim)) | PAGE_FLAG(dirty);
	return true;
}

/* ---- giving slots back ---- */

/* The disk, or reclaim, is busy with it. */
static bool page_busy(const struct page *p)
{
	return p->flags & (PAGE_FLAG(writeback) | PAGE_FLAG(locked) | PAGE_FLAG(isolated));
}

bool try_to_free_swap(struct machine *m, pfn_t pfn)
{
	struct page *p = pfn_to_page(m, pfn);

	if (!page_test(p, PG_swapcache) || p->flags & (PAGE_FLAG(writeback) | PAGE_FLAG(locked)) ||
	    swap_count(m, page_swap_slot(m, pfn)))
		return false;
	delete_from_swap_cache(m, pfn, 0);
	page_set_dirty(m, pfn);
	return true;
}

bool free_anon_page(struct machine *m, pfn_t pfn)
{
	struct page *p = pfn_to_page(m, pfn);

	if (page_test(p, PG_swapcache)) {
		if (page_busy(p) || swap_count(m, page_swap_slot(m, pfn)))
			return false;
		delete_from_swap_cache(m, pfn, 0);
	}
	page_release(m, pfn, p);
	return true;
}

void free_swap_and_cache(struct machine *m, u32 slot)
{
	pfn_t pfn = swap_cache_page(m, slot);

	swap_free(m, slot);
	if (pfn != PFN_NONE && !pfn_to_page(m, pfn)->mapcount)
		free_anon_page(m, pfn);
}

bool vm_swap_full(const struct machine *m)
{
	return free_swap_pages(m) * 2 < total_swap_pages(m);
}
