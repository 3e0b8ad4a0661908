/*
 * page_alloc.h - what the files of the page allocator share, and nobody else.
 *
 *	page_alloc.c   which zone may give, and what happens when none can
 *	pcp.c          the per-CPU lists in front of the zones
 *	buddy.c        the free lists of a zone: split, merge, fall back, steal
 *	sparse.c       which frames exist, where, and their struct pages
 *	untouched.c    memory that nobody used yet
 *	watermark.c    how much is kept back
 *	zonelist.c     who is asked next
 */
#ifndef MM_PAGE_ALLOC_H
#define MM_PAGE_ALLOC_H

#include <mman/contents.h>
#include <mman/machine.h>

#include <assert.h>

/* The watermark to keep is the low two bits. */
#define ALLOC_WMARK_MIN	    0u
#define ALLOC_WMARK_LOW	    1u
#define ALLOC_WMARK_HIGH    2u
#define ALLOC_WMARK_MASK    3u
#define ALLOC_NO_WATERMARKS 4u	   /* all of it: __GFP_MEMALLOC */
#define ALLOC_OOM	    8u	   /* a victim on its way out: half of what min keeps */
#define ALLOC_HARDER	    0x10u  /* atomic: a quarter below min, and the highatomic reserve */
#define ALLOC_HIGH	    0x20u  /* __GFP_HIGH: half below min */
#define ALLOC_NOFRAGMENT    0x100u /* rather another zone than another type's pageblock */
#define ALLOC_KSWAPD	    0x800u /* __GFP_KSWAPD_RECLAIM: may wake kswapd */

_Static_assert(ALLOC_HIGH == __GFP_HIGH, "taken over from the GFP mask as it is");
_Static_assert(ALLOC_KSWAPD == __GFP_KSWAPD_RECLAIM, "taken over from the GFP mask as it is");

#define MAX_ORDER_NR_PAGES (1u << (MAX_ORDER - 1))

static inline u64 wmark_pages(const struct zone *z, enum zone_watermarks w)
{
	return z->watermark[w] + z->watermark_boost;
}

static inline bool pcp_allowed_order(unsigned int order)
{
	return order <= PAGE_ALLOC_COSTLY_ORDER || order == PAGEBLOCK_ORDER;
}

static inline void clear_page_flags(struct machine *m, pfn_t pfn, unsigned int order)
{
	struct page *p = pfn_to_page(m, pfn), *end = p + (1u << order);

	for (; p < end; p++)
		p->flags = 0;
}

/* ---- lists of pages ---- */

static inline void page_list_init(struct page_list *l)
{
	l->head = l->tail = PFN_NONE;
	l->nr = 0;
}

/** pfn_adjacent() - do they lie side by side, or are one? */
static inline bool pfn_adjacent(pfn_t a, pfn_t b)
{
	return a - b + 1 <= 2;
}

static inline void page_list_add(struct machine *m, struct page_list *l, pfn_t pfn)
{
	struct page *p = pfn_to_page(m, pfn);

	p->prev = PFN_NONE;
	p->next = l->head;
	if (l->head != PFN_NONE)
		pfn_to_page(m, l->head)->prev = pfn;
	else
		l->tail = pfn;
	l->head = pfn;
	l->nr++;
}

static inline void page_list_add_tail(struct machine *m, struct page_list *l, pfn_t pfn)
{
	struct page *p = pfn_to_page(m, pfn);

	p->next = PFN_NONE;
	p->prev = l->tail;
	if (l->tail != PFN_NONE)
		pfn_to_page(m, l->tail)->next = pfn;
	else
		l->head = pfn;
	l->tail = pfn;
	l->nr++;
}

static inline void page_list_del(struct machine *m, struct page_list *l, pfn_t pfn)
{
	struct page *p = pfn_to_page(m, pfn);

	if (p->prev != PFN_NONE)
		pfn_to_page(m, p->prev)->next = p->next;
	else
		l->head = p->next;
	if (p->next != PFN_NONE)
		pfn_to_page(m, p->next)->prev = p->prev;
	else
		l->tail = p->prev;
	l->nr--;
}

/* ---- sparse.c ---- */

/** zone_range_of() - the range that holds @pfn, or, for a hole, the one whose zone the kernel gives
 * the hole's struct pages to: the next above it, or the last. NULL where there is no memory at
 * all. */
const struct zone_range *zone_range_of(const struct machine *m, pfn_t pfn);

/** zone_owns_frame() - has the frame's struct page this zone? True for holes too, see above. */
bool zone_owns_frame(const struct machine *m, const struct zone *z, u64 pfn);

/** touch_block() - struct pages for an aligned 4 MiB block that has none; @flags go to each. */
int touch_block(struct machine *m, pfn_t start, u32 flags);

void set_zone_pageblock_migratetype(struct machine *m, struct zone *z, pfn_t pfn,
				    enum migratetype type);

/** zone_count_pageblocks() - pageblocks of @z as pagetypeinfo walks them. Costs a step a
 * section. */
u64 zone_count_pageblocks(const struct machine *m, const struct zone *z);

/** zone_init_pageblocks() - boot: types of all pageblocks before memory is freed into them. */
void zone_init_pageblocks(struct machine *m, struct zone *z);

/* ---- untouched.c ---- */

/** zone_take_untouched() - the zone's next untouched block, with struct pages now, on no list and
 * no longer counted in free_area; NR_FREE_PAGES still counts it. PFN_NONE: none, or host memory is
 * out. */
pfn_t zone_take_untouched(struct machine *m, struct zone *z);
/** pfn_untouched() - is @pfn free memory without struct pages? Walks the zone's extents. */
bool pfn_untouched(const struct machine *m, const struct zone *z, pfn_t pfn);

/** zone_isolate_untouched() - extents in [@start, @end) are set apart, in order; they count as
 * ISOLATE.
 * *@pages: how many. 0, or -ENOMEM with all as before. */
int zone_isolate_untouched(struct machine *m, struct zone *z, pfn_t start, pfn_t end, u64 *pages);
/** zone_unisolate_untouched() - the way back, to the end of the zone's queue. Returns how many
 * pages. */
u64 zone_unisolate_untouched(struct machine *m, struct zone *z, pfn_t start, pfn_t end);
/** zone_drop_untouched() - isolated extents in [@start, @end) cease to be. Returns how many
 * pages. */
u64 zone_drop_untouched(struct machine *m, struct zone *z, pfn_t start, pfn_t end);
/** zone_take_extent() - up to @blocks whole blocks of 4 MiB, one after the other, off the first
 * extent of untouched memory, without struct pages; NR_FREE_PAGES follows. How many were had, the
 * first in *@start. */
u32 zone_take_extent(struct machine *m, struct zone *z, u32 blocks, pfn_t *start);

/* ---- buddy.c ---- */

/** free_list_add_untouched() - a block that zone_take_untouched() gave, at the tail of its list. */
void free_list_add_untouched(struct machine *m, struct zone *z, pfn_t pfn);
/** free_list_add_isolated() - a block of the highest order, whose struct pages are new, that is
 * isolated. */
void free_list_add_isolated(struct machine *m, struct zone *z, pfn_t pfn);

/**
 * move_freepages_block() - all free pages of @pfn's pageblock move to @type's lists. Returns how
 * many;
 * *@movable: pages in use there that could be moved away. Nothing happens if the pageblock sticks
 * out of the zone's end. NR_FREE_PAGES is the caller's if one of the two types is ISOLATE.
 */
u32 move_freepages_block(struct machine *m, struct zone *z, pfn_t pfn, enum migratetype type,
			 u32 *movable);
/** take_free_block() - the free block at @pfn leaves its list; its flags are 0. NR_FREE_PAGES: the
 * caller's. */
void take_free_block(struct machine *m, struct zone *z, pfn_t pfn);

enum free_position { FREE_NORMAL, FREE_TO_TAIL };

/** free_one_page() - the block joins the free lists, merged with its buddies as far as they are
 * free. */
void free_one_page(struct machine *m, struct zone *z, pfn_t pfn, unsigned int order,
		   enum migratetype type, enum free_position position);

/** rmqueue_buddy() - 2^@order pages off the free lists of @z, by type, fallback or the highatomic
 * reserve as @alloc_flags allow. NR_FREE_PAGES is kept. The pages' flags are 0. PFN_NONE if
 * none. */
pfn_t rmqueue_buddy(struct machine *m, struct zone *z, unsigned int order, enum migratetype type,
		    unsigned int alloc_flags);

/** rmqueue_bulk() - up to @count times 2^@order pages to the end of a per-CPU list, as one after
 * the other from the free lists of @type or a fallback. NR_FREE_PAGES is kept. Returns how many. */
u32 rmqueue_bulk(struct machine *m, struct zone *z, unsigned int order, enum migratetype type,
		 u32 count, unsigned int alloc_flags, struct page_list *list);

/** fallback_may_steal() - has another type a free block in @area, of @order, that a request of
 * @type would take over with its pageblock? */
bool fallback_may_steal(const struct machine *m, const struct free_area *area, unsigned int order,
			enum migratetype type);

void reserve_highatomic_pageblock(struct machine *m, struct zone *z, pfn_t pfn);
/** unreserve_highatomic_pageblock() - one reserved pageblock back to @type; @force: the last as
 * well. */
bool unreserve_highatomic_pageblock(struct machine *m, const struct pglist_data *preferred,
				    enum zone_type highest, enum migratetype type, bool force);

/* ---- pcp.c ---- */

#define PCP_THP_LIST (NR_PCP_LISTS - 1)

static inline unsigned int pcp_list_index(unsigned int order, enum migratetype type)
{
	return order == PAGEBLOCK_ORDER ? PCP_THP_LIST : order * MIGRATE_PCPTYPES + type;
}

static inline struct per_cpu_pages *this_pcp(const struct machine *m, const struct zone *z)
{
	return pool_at(&m->pagesets, z->pageset + m->cpu);
}

/** pcp_take() - the first page of a list that is not empty. */
static inline pfn_t pcp_take(struct machine *m, struct per_cpu_pages *pcp, struct page_list *list,
			     unsigned int order)
{
	pfn_t pfn = list->head;
	struct page *p = pfn_to_page(m, pfn);

	list->head = p->next;
	if (likely(p->next != PFN_NONE))
		pfn_to_page(m, p->next)->prev = PFN_NONE;
	else
		list->tail = PFN_NONE;
	list->nr--;
	pcp->count -= 1u << order;
	pcp->free_factor >>= 1;
	p->flags = 0;
	return pfn;
}

pfn_t rmqueue_pcplist(struct machine *m, struct zone *z, unsigned int order, enum migratetype type,
		      unsigned int alloc_flags);
/** drain_zone_pages() - give what @cpu (all CPUs: < 0) holds of @z back to its free lists. */
void drain_zone_pages(struct machine *m, struct zone *z, int cpu);
void free_to_pcp(struct machine *m, struct zone *z, pfn_t pfn, unsigned int order,
		 enum migratetype type);

/** pcp_over_high() - the CPU holds more than @high pages of @z: a batch, or @all of them, goes
 * back. */
void pcp_over_high(struct machine *m, struct zone *z, struct per_cpu_pages *pcp, unsigned int index,
		   u32 high, bool all);

/* How many single pages a CPU keeps: fewer while the zone is being reclaimed. */
static inline u32 pcp_high_now(const struct zone *z, const struct per_cpu_pages *pcp)
{
	u32 high = pcp->high;

	if (unlikely(z->reclaim_active) && high)
		high = min_t(u32, pcp->batch << 2, high);
	return high;
}

/* What the last user left goes: a single page of a CPU's list for @type. */
static inline void clear_for_pcp(struct page *p, enum migratetype type)
{
	assert(!(p->flags &
		 (PAGE_FLAG(buddy) | PAGE_FLAG(pcp) | PAGE_FLAG(reserved) | PAGE_FLAG(lru))));
	p->flags = PAGE_FLAG(pcp);
	p->order = 0;
	p->migratetype = type & 7u;
	p->index_high = 0;
	p->mapping = 0;
	p->index = 0;
}

/** free_unlisted_page() - free_pages() of order 0. What the page holds and whose it is need not be
 * cleared. */
static inline void free_unlisted_page(struct machine *m, pfn_t pfn, struct page *p)
{
	enum migratetype type = get_pageblock_migratetype(m, pfn);
	struct zone *z = page_zone(m, p);
	struct per_cpu_pages *pcp;
	u32 high;

	if (unlikely(!z->pageset || type >= MIGRATE_PCPTYPES || contents_in_use(m))) {
		p->flags &= PAGE_FLAG(buddy) | PAGE_FLAG(pcp) | PAGE_FLAG(reserved) |
			    PAGE_FLAG(lru);
		assert(!p->flags);
		p->mapping = 0;
		p->index = 0;
		p->index_high = 0;
		free_pages(m, pfn, 0);
		return;
	}
	m->vm_event[PGFREE]++;
	pcp = this_pcp(m, z);
	clear_for_pcp(p, type);
	page_list_add(m, &pcp->lists[type], pfn);
	high = pcp_high_now(z, pcp);
	if (unlikely(++pcp->count >= high))
		pcp_over_high(m, z, pcp, type, high, false);
}

/** free_unlisted_pages() - free_unlisted_page() of each. */
void free_unlisted_pages(struct machine *m, const pfn_t *pfn, u32 nr);

/* watermark.c */
/** calculate_totalreserve_pages() - after marks or protections have changed. */
void calculate_totalreserve_pages(struct machine *m);

/* ---- single pages, nearly all there is ---- */

/* Enough for a single page without the highatomic reserve? Nearly always, and quickly told. */
static inline bool above_watermark(const struct zone *z, enum zone_watermarks w,
				   enum zone_type highest)
{
	return (u64)z->vm_stat[NR_FREE_PAGES] >
	       wmark_pages(z, w) + z->lowmem_reserve[highest] + z->nr_reserved_highatomic;
}

static inline void count_numa(struct machine *m, struct zone *z, enum numa_stat_item item)
{
	z->vm_numa_stat[item]++;
	m->vm_numa_stat[item]++;
}

static inline enum migratetype gfp_migratetype(const struct machine *m, gfp_t gfp)
{
	if (unlikely(m->page_group_by_mobility_disabled))
		return MIGRATE_UNMOVABLE;
	return (enum migratetype)((gfp & (__GFP_MOVABLE | __GFP_RECLAIMABLE)) / __GFP_MOVABLE);
}

_Static_assert(__GFP_MOVABLE / __GFP_MOVABLE == MIGRATE_MOVABLE &&
		       __GFP_RECLAIMABLE / __GFP_MOVABLE == MIGRATE_RECLAIMABLE,
	       "mobility bits of a GFP mask are the migrate type");

/* What the last user left in a page's fields. Its flags are 0 already. */
static inline void clear_page_fields(struct page *p, unsigned int order)
{
	p->order = order & 15u;
	p->migratetype = 0;
	p->generation = 0;
	p->index_high = 0;
	p->mapping = 0;
	p->index = 0;
	p->mapcount = 0;
	p->pins = 0;
	p->memcg = 0;
}

/**
 * alloc_page_fast() - a page from the preferred zone of @nid, or of the CPU's node.
 * If that zone is above its low watermark and the CPU has a page of it, that page. PFN_NONE
 * otherwise, with nothing done: alloc_pages() goes the long way, which comes to the same in this
 * case. @gfp without __GFP_THISNODE.
 */
static inline __attribute__((always_inline)) pfn_t alloc_page_fast(struct machine *m, gfp_t gfp,
								   int nid)
{
	u32 here = m->cpu_to_node[m->cpu];
	const struct pglist_data *n = &m->node[nid >= 0 ? (u32)nid : here];
	enum zone_type highest = (enum zone_type)m->gfp_zone[gfp & 15];
	struct per_cpu_pages *pcp;
	struct page_list *list;
	struct zone *z;
	pfn_t pfn;

	if (unlikely(n->preferred_zone[highest] == ZONE_NONE))
		return PFN_NONE;
	z = (struct zone *)((u8 *)m->node + n->preferred_zone[highest]);
	if (unlikely(!above_watermark(z, ALLOC_WMARK_LOW, highest) || z->boosted || !z->pageset))
		return PFN_NONE;
	pcp = this_pcp(m, z);
	list = &pcp->lists[pcp_list_index(0, gfp_migratetype(m, gfp))];
	if (unlikely(!list->nr))
		return PFN_NONE;
	pfn = pcp_take(m, pcp, list, 0);
	clear_page_fields(pfn_to_page(m, pfn), 0);
	m->vm_event[PGALLOC_DMA + z->type]++;
	if (likely(m->sysctl.numa_stat)) {
		count_numa(m, z, NUMA_HIT);
		count_numa(m, z, z->nid == here ? NUMA_LOCAL : NUMA_OTHER);
	}
	return pfn;
}

#endif
