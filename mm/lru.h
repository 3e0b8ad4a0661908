/*
 * lru.h - the LRU lists: which one a page belongs on, and the counters that move with it. Inline,
 * because every fault and every unmap passes here. The rules: mm/swap.c.
 */
#ifndef MM_LRU_H
#define MM_LRU_H

#include <mman/machine.h>

#include "mm/page_alloc.h"
#include "mm/pagevec.h"

static inline enum lru_list page_lru(const struct page *p)
{
	if (page_test(p, PG_unevictable))
		return LRU_UNEVICTABLE;
	return (enum lru_list)(
		(page_test(p, PG_swapbacked) ? LRU_INACTIVE_ANON : LRU_INACTIVE_FILE) +
		page_test(p, PG_active));
}

static inline void lru_count(struct machine *m, struct pglist_data *n, const struct page *p,
			     enum lru_list lru, s64 delta)
{
	mod_node_page_state(m, n, (enum node_stat_item)((u32)NR_INACTIVE_ANON + lru), delta);
	mod_zone_page_state(m, &n->zones[p->zone],
			    (enum zone_stat_item)((u32)NR_ZONE_INACTIVE_ANON + lru), delta);
	if (unlikely(p->flags & (PAGE_FLAG(dirty) | PAGE_FLAG(writeback))) &&
	    lru == LRU_INACTIVE_FILE)
		n->zones[p->zone].nr_inactive_file_dirty += (u64)delta;
}

/* A page became dirty (@delta 1) or clean (-1): the census of the inactive file list follows. */
static inline void lru_count_dirty(struct machine *m, const struct page *p, s64 delta)
{
	const u32 place = PAGE_FLAG(lru) | PAGE_FLAG(active) | PAGE_FLAG(swapbacked) |
			  PAGE_FLAG(unevictable);

	if ((p->flags & (place | PAGE_FLAG(writeback))) == PAGE_FLAG(lru))
		page_zone(m, p)->nr_inactive_file_dirty += (u64)delta;
}

/* Unevictable pages are counted but linked nowhere: ->next is then the number of VMAs that lock
 * one. */
static inline void lru_insert(struct machine *m, pfn_t pfn, struct page *p, bool tail)
{
	enum lru_list lru = page_lru(p);
	struct pglist_data *n = page_node(m, p);
	struct pagevec_list *list = &n->lruvec.lists[lru];

	page_set(p, PG_lru);
	if (lru == LRU_UNEVICTABLE)
		list->nr++;
	else if (tail)
		pagevec_add_tail(m, list, pfn);
	else
		pagevec_add(m, list, pfn);
	lru_count(m, n, p, lru, 1);
}

static inline void lru_remove(struct machine *m, pfn_t pfn, struct page *p)
{
	enum lru_list lru = page_lru(p);
	struct pglist_data *n = page_node(m, p);
	struct pagevec_list *list = &n->lruvec.lists[lru];

	page_clear(p, PG_lru);
	if (lru == LRU_UNEVICTABLE)
		list->nr--;
	else
		pagevec_del(m, list, pfn);
	lru_count(m, n, p, lru, -1);
}

/** page_use() - an access through the kernel marks the page as used. True: it was before, and is
 * inactive; activate_used_page() follows. */
static inline bool page_use(struct page *p)
{
	const u32 flags = p->flags, twice = PAGE_FLAG(referenced) | PAGE_FLAG(lru);

	p->flags = (flags & ~PAGE_FLAG(idle)) | PAGE_FLAG(referenced);
	return (flags & (twice | PAGE_FLAG(active) | PAGE_FLAG(unevictable))) == twice;
}

/* swap.c */
void activate_used_page(struct machine *m, pfn_t pfn);
void deactivate_page(struct machine *m, pfn_t pfn);
void mark_page_lazyfree(struct machine *m, pfn_t pfn);

/** rotate_reclaimable_page() - the write of a page is over: if reclaim wanted it (PG_reclaim, which
 * goes), it is the next to be looked at. end_page_writeback() calls it, PG_writeback being gone. */
static inline void rotate_reclaimable_page(struct machine *m, pfn_t pfn, struct page *p)
{
	const u32 stays = PAGE_FLAG(locked) | PAGE_FLAG(dirty) | PAGE_FLAG(active) |
			  PAGE_FLAG(unevictable) | PAGE_FLAG(lru);
	struct pagevec_list *list;

	if (unlikely(m->reclaim.node[p->node].throttled))
		kswapd_writeback_done(m, p->node);
	if (!page_test(p, PG_reclaim))
		return;
	page_clear(p, PG_reclaim);
	if ((p->flags & stays) != PAGE_FLAG(lru))
		return;
	/* it leaves and joins the same list: no counter changes */
	list = &page_node(m, p)->lruvec.lists[page_lru(p)];
	pagevec_del(m, list, pfn);
	pagevec_add_tail(m, list, pfn);
	count_vm_event(m, PGROTATED);
}

/* mlock.c: one more VMA locks the page; one less. */
void mlock_new_page(struct machine *m, pfn_t pfn);
void mlock_page(struct machine *m, pfn_t pfn);
void munlock_page(struct machine *m, pfn_t pfn);

/* migrate.c: the last user of an isolated page has gone; whoever isolated it frees it. */
void page_release_isolated(struct machine *m, struct page *p);

/* gup.c: the last user of a pinned page has gone; the last unpin frees it. */
void page_release_pinned(struct machine *m, pfn_t pfn, struct page *p);
/* One pin less, of those that a page has for a moment as well. */
void page_unpin(struct machine *m, pfn_t pfn);

/** page_release() - the last reference is gone: off its list, back to the allocator. */
static inline void page_release(struct machine *m, pfn_t pfn, struct page *p)
{
	if (unlikely(page_test(p, PG_mlocked))) {
		page_clear(p, PG_mlocked);
		mod_zone_page_state(m, page_zone(m, p), NR_MLOCK, -1);
		count_vm_event(m, UNEVICTABLE_PGS_CLEARED);
	}
	if (unlikely(p->pins)) {
		page_release_pinned(m, pfn, p);
		return;
	}
	if (likely(page_test(p, PG_lru))) {
		lru_remove(m, pfn, p);
	} else if (unlikely(page_test(p, PG_isolated))) {
		page_release_isolated(m, p);
		return;
	} else if (unlikely(page_test(p, PG_hwpoison))) {
		p->mapping = 0;
		free_pages(m, pfn, 0);
		return;
	}
	free_unlisted_page(m, pfn, p);
}

#endif
