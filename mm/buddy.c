/*
 * buddy.c - the free lists of a zone.
 *
 * Free memory is kept in aligned blocks of 2^order pages. A block that is too large is cut in
 * halves until a piece fits; a block that is freed is joined with its buddy, the other half of the
 * block one order up, for as long as that one is free too.
 *
 *	order 2   |       A       |
 *	order 1   |   B   |   B'  |        B' = B ^ (1 << 1)
 *	order 0   | C | C'|
 *
 * Each order has one list per migrate type, so that pages which can never move are taken from the
 * same 2 MiB pageblocks. A request whose own lists are empty falls back to another type's: it takes
 * the largest block there is, so that the damage is rare, and, if the block is a good part of a
 * pageblock or the request is of the kind that would spoil it for good, it takes over the
 * pageblock: all its free pages move to the new type's lists, and its type changes when at least
 * half of it is now of that type. Each takeover raises the zone's watermarks for a while
 * (watermark_boost_factor), so that kswapd makes room and the next fallback is less likely.
 *
 * What can go stale: a free block of order 10 holds two pageblocks, whose types may differ; a block
 * on the list of one type may lie in a pageblock of another (a fallback that did not take over).
 * Each free block therefore remembers the list it is on (page->migratetype).
 *
 * Memory that nobody used yet is not on these lists (sparse.c): it follows, block by block, behind
 * the last MOVABLE block of order 10, where the kernel's boot put it.
 *
 * Source: Documentation/mm/page_migration.rst, admin-guide/sysctl/vm.rst (watermark_boost_factor),
 * and the records of behaviour under fragmentation.
 */
#include "mm/compaction.h"

/* Whose lists to try when a type's own are empty. */
static const u8 fallbacks[MIGRATE_PCPTYPES][MIGRATE_PCPTYPES - 1] = {
	[MIGRATE_UNMOVABLE] = { MIGRATE_RECLAIMABLE, MIGRATE_MOVABLE },
	[MIGRATE_MOVABLE] = { MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE },
	[MIGRATE_RECLAIMABLE] = { MIGRATE_UNMOVABLE, MIGRATE_MOVABLE },
};

/* ---- one block on, off, or between lists ---- */

static void list_block(struct machine *m, struct zone *z, pfn_t pfn, unsigned int order,
		       enum migratetype type, bool tail)
{
	struct free_area *area = &z->free_area[order];
	struct page *p = pfn_to_page(m, pfn);

	p->flags = PAGE_FLAG(buddy);
	p->order = order & 15u;
	p->migratetype = type & 7u;
	if (tail)
		page_list_add_tail(m, &area->list[type], pfn);
	else
		page_list_add(m, &area->list[type], pfn);
	area->nr_free++;
	area->nr_free_type[type]++;
}

static void unlist_block(struct machine *m, struct zone *z, pfn_t pfn, unsigned int order)
{
	struct free_area *area = &z->free_area[order];
	struct page *p = pfn_to_page(m, pfn);
	unsigned int type = p->migratetype;

	page_list_del(m, &area->list[type], pfn);
	p->flags = 0;
	area->nr_free--;
	area->nr_free_type[type]--;
}

void free_list_add_untouched(struct machine *m, struct zone *z, pfn_t pfn)
{
	list_block(m, z, pfn, MAX_ORDER - 1, MIGRATE_MOVABLE, true);
}

void free_list_add_isolated(struct machine *m, struct zone *z, pfn_t pfn)
{
	list_block(m, z, pfn, MAX_ORDER - 1, MIGRATE_ISOLATE, true);
}

void take_free_block(struct machine *m, struct zone *z, pfn_t pfn)
{
	unlist_block(m, z, pfn, pfn_to_page(m, pfn)->order);
}

/* The block that is next to go from a list, PFN_NONE if none. */
static pfn_t first_block(struct machine *m, struct zone *z, unsigned int order,
			 enum migratetype type)
{
	struct free_area *area = &z->free_area[order];
	pfn_t pfn = area->list[type].head;

	if (likely(pfn != PFN_NONE) || !area->nr_free_type[type])
		return pfn;
	pfn = zone_take_untouched(m, z);
	if (pfn != PFN_NONE)
		free_list_add_untouched(m, z, pfn);
	return pfn;
}

/* ---- freeing: merge ---- */

static bool is_free_buddy(struct machine *m, const struct zone *z, pfn_t pfn, unsigned int order)
{
	const struct page *p = pfn_to_page(m, pfn);

	return (p->flags & PAGE_FLAG(buddy)) && p->order == order && p->zone == z->type &&
	       p->node == z->nid;
}

/* Pageblocks of the special types stay apart: their pages must not leak into a mixed block. */
static bool types_may_merge(enum migratetype a, enum migratetype b)
{
	return a == b || (a < MIGRATE_PCPTYPES && b < MIGRATE_PCPTYPES);
}

/* If the block one order up is likely to become whole soon, this half should be the last to go. */
static bool merge_is_likely(struct machine *m, const struct zone *z, pfn_t pfn, unsigned int order)
{
	pfn_t parent = pfn & ~(1u << order);

	return order < MAX_ORDER - 2 && is_free_buddy(m, z, parent ^ 1u << (order + 1), order + 1);
}

void free_one_page(struct machine *m, struct zone *z, pfn_t pfn, unsigned int order,
		   enum migratetype type, enum free_position position)
{
	pfn_t buddy;

	if (likely(type != MIGRATE_ISOLATE))
		mod_zone_page_state(m, z, NR_FREE_PAGES, (s64)1 << order);
	for (; order < MAX_ORDER - 1; order++) {
		buddy = pfn ^ 1u << order;
		if (!is_free_buddy(m, z, buddy, order))
			break;
		if (order >= PAGEBLOCK_ORDER &&
		    !types_may_merge(type, get_pageblock_migratetype(m, buddy)))
			break;
		unlist_block(m, z, buddy, order);
		pfn &= buddy;
	}
	list_block(m, z, pfn, order, type,
		   position == FREE_TO_TAIL || merge_is_likely(m, z, pfn, order));
}

/* ---- taking: split ---- */

/* The smallest block of @type that is large enough; what is left of it goes back, upper halves
 * first. */
static pfn_t rmqueue_smallest(struct machine *m, struct zone *z, unsigned int order,
			      enum migratetype type)
{
	unsigned int current;
	pfn_t pfn;

	for (current = order; current < MAX_ORDER; current++) {
		if (!z->free_area[current].nr_free_type[type])
			continue;
		pfn = first_block(m, z, current, type);
		if (pfn == PFN_NONE)
			return PFN_NONE;
		unlist_block(m, z, pfn, current);
		while (current > order) {
			current--;
			list_block(m, z, pfn + (1u << current), current, type, false);
		}
		return pfn;
	}
	return PFN_NONE;
}

/* ---- another type's memory ---- */

u32 move_freepages_block(struct machine *m, struct zone *z, pfn_t pfn, enum migratetype type,
			 u32 *movable)
{
	pfn_t start = pfn & ~(PAGEBLOCK_NR_PAGES - 1), end = start + PAGEBLOCK_NR_PAGES;
	u32 moved = 0;

	*movable = 0;
	if (start < z->start_pfn)
		start = pfn;
	if (end > z->start_pfn + z->spanned_pages)
		return 0;
	for (pfn = start; pfn < end;) {
		const struct page *p = pfn_to_page(m, pfn);
		unsigned int order = p->order;

		if (!(p->flags & PAGE_FLAG(buddy))) {
			*movable += p->flags >> PG_lru & 1;
			pfn++;
			continue;
		}
		unlist_block(m, z, pfn, order);
		list_block(m, z, pfn, order, type, true);
		pfn += 1u << order;
		moved += 1u << order;
	}
	return moved;
}

/* May a request of @type take over the pageblock of a free block of @order, and not just the
 * block? */
static bool can_steal_fallback(const struct machine *m, unsigned int order, enum migratetype type)
{
	return order >= PAGEBLOCK_ORDER / 2 || type == MIGRATE_RECLAIMABLE ||
	       type == MIGRATE_UNMOVABLE || m->page_group_by_mobility_disabled;
}

/* The type whose free list of @order serves a request of @type, MIGRATE_TYPES if none does. */
static enum migratetype find_fallback(const struct zone *z, unsigned int order,
				      enum migratetype type)
{
	const struct free_area *area = &z->free_area[order];
	unsigned int i;

	if (area->nr_free)
		for (i = 0; i < MIGRATE_PCPTYPES - 1; i++)
			if (area->nr_free_type[fallbacks[type][i]])
				return (enum migratetype)fallbacks[type][i];
	return MIGRATE_TYPES;
}

bool fallback_may_steal(const struct machine *m, const struct free_area *area, unsigned int order,
			enum migratetype type)
{
	unsigned int i;

	if (!area->nr_free || !can_steal_fallback(m, order, type))
		return false;
	for (i = 0; i < MIGRATE_PCPTYPES - 1; i++)
		if (area->nr_free_type[fallbacks[type][i]])
			return true;
	return false;
}

/* Mixing types is a sign of too little free memory: keep more of it free until kswapd has been
 * by. */
static bool boost_watermark(const struct machine *m, struct zone *z)
{
	u64 max_boost = z->watermark[WMARK_HIGH] * (u64)m->sysctl.watermark_boost_factor / 10000;

	if (!m->sysctl.watermark_boost_factor || z->managed_pages / 4 < PAGEBLOCK_NR_PAGES ||
	    !max_boost)
		return false;
	max_boost = max_t(u64, PAGEBLOCK_NR_PAGES, max_boost);
	z->watermark_boost = min_t(u64, z->watermark_boost + PAGEBLOCK_NR_PAGES, max_boost);
	return true;
}

/* Did @type, with what is free and what is its own already, get at least half of the pageblock? */
static bool takes_over_block(const struct machine *m, enum migratetype type, enum migratetype old,
			     u32 free, u32 movable)
{
	u32 alike = 0;

	if (type == MIGRATE_MOVABLE)
		alike = movable;
	else if (old == MIGRATE_MOVABLE)
		alike = PAGEBLOCK_NR_PAGES - (free + movable); /* what cannot move is of our kind */
	return free + alike >= PAGEBLOCK_NR_PAGES / 2 || m->page_group_by_mobility_disabled;
}

/* The block at @pfn, of another type, becomes one of @type: alone, or with its whole pageblock. */
static void steal_fallback(struct machine *m, struct zone *z, pfn_t pfn, enum migratetype type,
			   unsigned int alloc_flags, bool whole)
{
	enum migratetype old = get_pageblock_migratetype(m, pfn);
	unsigned int order = pfn_to_page(m, pfn)->order;
	u32 free, movable;
	pfn_t block;

	if (order >= PAGEBLOCK_ORDER) {
		if (old != MIGRATE_HIGHATOMIC)
			for (block = pfn; block < pfn + (1u << order); block += PAGEBLOCK_NR_PAGES)
				set_zone_pageblock_migratetype(m, z, block, type);
		whole = false;
	} else if (old == MIGRATE_HIGHATOMIC) {
		whole = false;
	} else if (boost_watermark(m, z) && (alloc_flags & ALLOC_KSWAPD)) {
		z->boosted = true;
	}
	if (whole) {
		free = move_freepages_block(m, z, pfn, type, &movable);
		if (free) {
			if (takes_over_block(m, type, old, free, movable))
				set_zone_pageblock_migratetype(m, z, pfn, type);
			return;
		}
	}
	unlist_block(m, z, pfn, order);
	list_block(m, z, pfn, order, type, true);
}

/*
 * Make another type's block one of @type, so that rmqueue_smallest() finds it. The largest blocks
 * are looked at first. Movable requests that may not take over a pageblock anyway take the smallest
 * block that does instead, and leave the large ones whole.
 */
static bool rmqueue_fallback(struct machine *m, struct zone *z, unsigned int order,
			     enum migratetype type, unsigned int alloc_flags)
{
	unsigned int min_order = alloc_flags & ALLOC_NOFRAGMENT ? PAGEBLOCK_ORDER : order;
	unsigned int current = MAX_ORDER;
	enum migratetype from = MIGRATE_TYPES;
	bool whole;
	pfn_t pfn;

	if (min_order < order)
		min_order = order;
	while (from == MIGRATE_TYPES && current > min_order)
		from = find_fallback(z, --current, type);
	if (from == MIGRATE_TYPES)
		return false;
	whole = can_steal_fallback(m, current, type);
	if (!whole && type == MIGRATE_MOVABLE && current > order) {
		for (current = order, from = MIGRATE_TYPES; from == MIGRATE_TYPES; current++)
			from = find_fallback(z, current, type);
		current--;
	}
	pfn = first_block(m, z, current, from);
	if (pfn == PFN_NONE)
		return false;
	steal_fallback(m, z, pfn, type, alloc_flags, whole);
	trace_event(
		m,
		"mm_page_alloc_extfrag pfn=0x%x alloc_order=%u fallback_order=%u pageblock_order=%u "
		"alloc_migratetype=%u fallback_migratetype=%u fragmenting=%d change_ownership=%d",
		pfn, order, current, PAGEBLOCK_ORDER, type, from, current < PAGEBLOCK_ORDER,
		type == get_pageblock_migratetype(m, pfn));
	return true;
}

static pfn_t rmqueue_one(struct machine *m, struct zone *z, unsigned int order,
			 enum migratetype type, unsigned int alloc_flags)
{
	pfn_t pfn = rmqueue_smallest(m, z, order, type);

	while (unlikely(pfn == PFN_NONE) && rmqueue_fallback(m, z, order, type, alloc_flags))
		pfn = rmqueue_smallest(m, z, order, type);
	return pfn;
}

/*
 * The first @take pieces of 2^@order pages of the free block at @pfn go to the end of @list; what
 * is left goes back. Taking the pieces one at a time would end the same, since no smaller block of
 * the type is free: each would be the lower half of what the one before left.
 */
static void carve_block(struct machine *m, struct zone *z, pfn_t pfn, unsigned int block_order,
			enum migratetype type, unsigned int order, u32 take, struct page_list *list)
{
	pfn_t end = pfn + (1u << block_order), step = 1u << order, prev = list->tail;
	struct page *p = pfn_to_page(m, pfn);
	u32 i;

	unlist_block(m, z, pfn, block_order);
	if (prev != PFN_NONE)
		pfn_to_page(m, prev)->next = pfn;
	else
		list->head = pfn;
	list->nr += take;
	for (i = 0; i < take; i++, p += step, prev = pfn, pfn += step) {
		p->flags = PAGE_FLAG(pcp);
		p->order = order & 15u;
		p->migratetype = type & 7u;
		p->prev = prev;
		p->next = pfn + step;
	}
	list->tail = prev;
	pfn_to_page(m, prev)->next = PFN_NONE;
	for (; pfn < end; pfn += 1u << order) {
		order = (unsigned int)__builtin_ctz(pfn);
		list_block(m, z, pfn, order, type, false);
	}
}

/* Free blocks of the very size wanted go to the end of @list as they are, at most @count. */
static u32 take_whole(struct machine *m, struct free_area *area, enum migratetype type,
		      unsigned int order, u32 count, struct page_list *list)
{
	struct page_list *from = &area->list[type];
	pfn_t pfn = from->head, prev = list->tail;
	u32 n;

	for (n = 0; n < count && pfn != PFN_NONE; n++) {
		struct page *p = pfn_to_page(m, pfn);

		p->flags = PAGE_FLAG(pcp);
		p->order = order & 15u;
		p->migratetype = type & 7u;
		p->prev = prev;
		if (prev == PFN_NONE)
			list->head = pfn;
		prev = pfn;
		pfn = p->next;
	}
	if (!n)
		return 0;
	if (list->tail != PFN_NONE)
		pfn_to_page(m, list->tail)->next = from->head;
	pfn_to_page(m, prev)->next = PFN_NONE;
	list->tail = prev;
	list->nr += n;
	from->head = pfn;
	*(pfn != PFN_NONE ? &pfn_to_page(m, pfn)->prev : &from->tail) = PFN_NONE;
	from->nr -= n;
	area->nr_free -= n;
	area->nr_free_type[type] -= n;
	return n;
}

u32 rmqueue_bulk(struct machine *m, struct zone *z, unsigned int order, enum migratetype type,
		 u32 count, unsigned int alloc_flags, struct page_list *list)
{
	unsigned int current = order;
	u32 got = 0, take;
	pfn_t pfn;

	while (got < count) {
		if (current == MAX_ORDER) {
			if (!rmqueue_fallback(m, z, order, type, alloc_flags))
				break;
			current = order;
		}
		if (!z->free_area[current].nr_free_type[type]) {
			current++;
			continue;
		}
		if (current == order) {
			take = take_whole(m, &z->free_area[order], type, order, count - got, list);
			got += take;
			if (take)
				continue;
		}
		pfn = first_block(m, z, current, type);
		if (pfn == PFN_NONE)
			break;
		take = min_t(u32, count - got, 1u << (current - order));
		carve_block(m, z, pfn, current, type, order, take, list);
		got += take;
	}
	mod_zone_page_state(m, z, NR_FREE_PAGES, -((s64)got << order));
	kcompactd_note_change(m, z->nid);
	return got;
}

pfn_t rmqueue_buddy(struct machine *m, struct zone *z, unsigned int order, enum migratetype type,
		    unsigned int alloc_flags)
{
	pfn_t pfn = PFN_NONE;

	if (order && (alloc_flags & ALLOC_HARDER))
		pfn = rmqueue_smallest(m, z, order, MIGRATE_HIGHATOMIC);
	if (pfn == PFN_NONE)
		pfn = rmqueue_one(m, z, order, type, alloc_flags);
	if (pfn != PFN_NONE) {
		mod_zone_page_state(m, z, NR_FREE_PAGES, -((s64)1 << order));
		kcompactd_note_change(m, z->nid);
	}
	return pfn;
}

/* ---- the reserve for high-order atomic requests ---- */

void reserve_highatomic_pageblock(struct machine *m, struct zone *z, pfn_t pfn)
{
	enum migratetype old = get_pageblock_migratetype(m, pfn);
	u32 movable;

	/* one percent of the zone, but always one pageblock */
	if (z->nr_reserved_highatomic >= z->managed_pages / 100 + PAGEBLOCK_NR_PAGES)
		return;
	if (old >= MIGRATE_PCPTYPES)
		return;
	z->nr_reserved_highatomic += PAGEBLOCK_NR_PAGES;
	set_zone_pageblock_migratetype(m, z, pfn, MIGRATE_HIGHATOMIC);
	move_freepages_block(m, z, pfn, MIGRATE_HIGHATOMIC, &movable);
}

static bool zone_unreserve_highatomic(struct machine *m, struct zone *z, enum migratetype type)
{
	unsigned int order;
	u32 movable;
	pfn_t pfn;

	for (order = 0; order < MAX_ORDER; order++) {
		pfn = z->free_area[order].list[MIGRATE_HIGHATOMIC].head;
		if (pfn == PFN_NONE)
			continue;
		if (get_pageblock_migratetype(m, pfn) == MIGRATE_HIGHATOMIC) {
			z->nr_reserved_highatomic -=
				min_t(u64, PAGEBLOCK_NR_PAGES, z->nr_reserved_highatomic);
			set_zone_pageblock_migratetype(m, z, pfn, type);
		}
		if (move_freepages_block(m, z, pfn, type, &movable))
			return true;
	}
	return false;
}

bool unreserve_highatomic_pageblock(struct machine *m, const struct pglist_data *preferred,
				    enum zone_type highest, enum migratetype type, bool force)
{
	u32 i;

	for (i = preferred->zonelist_first[highest]; i < preferred->nr_zonelist; i++) {
		const struct zoneref *ref = &preferred->zonelist[i];
		struct zone *z = &m->node[ref->nid].zones[ref->type];

		if (ref->type > highest ||
		    (!force && z->nr_reserved_highatomic <= PAGEBLOCK_NR_PAGES))
			continue;
		if (zone_unreserve_highatomic(m, z, type))
			return true;
	}
	return false;
}
