/*
 * compaction_scan.c - the two scanners.
 *
 * The migrate scanner looks at every frame of a pageblock, the free scanner at those of pageblocks
 * that hold movable pages, from the top. Each pageblock has a hint, "nothing was found here", which
 * both set and heed; a zone remembers where its scanners were. So one run goes on where the last
 * one stopped, until the scanners meet and everything is forgotten. By hand, proactively and at the
 * last priority hints count for nothing.
 *
 * An asynchronous direct run wants one block of its order: where it finds a page that cannot move
 * it gives up the aligned block around it, for the rest would be moved in vain.
 *
 * A free block of the highest order covers two pageblocks: the scanners step over the first, and
 * look at each frame of the second, which bears no sign of it. Memory that nobody used yet is such
 * blocks, without struct pages: here it is counted as scanned, and not looked at.
 */
#include "mm/compaction.h"

/* ---- hints and positions ---- */

bool pageblock_skip(const struct machine *m, pfn_t pfn)
{
	u32 block = pfn >> PAGEBLOCK_ORDER;

	return m->pageblock_flags[block / 2] >> block % 2 * 4 & 8;
}

void set_pageblock_skip(struct machine *m, pfn_t pfn, bool skip)
{
	u32 block = pfn >> PAGEBLOCK_ORDER;
	u8 bit = (u8)(8u << block % 2 * 4), *flags = &m->pageblock_flags[block / 2];

	*flags = skip ? *flags | bit : (u8)(*flags & ~bit);
}

static bool isolation_suitable(const struct machine *m, const struct compact_control *cc, pfn_t pfn)
{
	return cc->ignore_skip_hint || !pageblock_skip(m, pfn);
}

static pfn_t last_block(const struct zone *z)
{
	return pageblock_start(zone_end(z) - 1);
}

void reset_cached_positions(struct zone *z)
{
	z->compact.cached_migrate_pfn[0] = z->compact.cached_migrate_pfn[1] = z->start_pfn;
	z->compact.cached_free_pfn = last_block(z);
}

void reset_isolation_suitable(struct machine *m, struct zone *z)
{
	u32 block = z->start_pfn >> PAGEBLOCK_ORDER;
	u32 end = (u32)((z->start_pfn + z->spanned_pages + PAGEBLOCK_NR_PAGES - 1) >>
			PAGEBLOCK_ORDER);

	if (!z->spanned_pages)
		return;
	z->compact.blockskip_flush = false;
	for (; block < end; block++)
		m->pageblock_flags[block / 2] &= (u8) ~(8u << block % 2 * 4);
	reset_cached_positions(z);
	z->compact.init_migrate_pfn = z->start_pfn;
	z->compact.init_free_pfn = last_block(z);
}

void reset_isolation_suitable_node(struct machine *m, struct pglist_data *n)
{
	u32 type;

	for (type = 0; type < MAX_NR_ZONES; type++)
		if (zone_populated(&n->zones[type]) && n->zones[type].compact.blockskip_flush)
			reset_isolation_suitable(m, &n->zones[type]);
}

static void update_cached_migrate(struct machine *m, const struct compact_control *cc, pfn_t pfn)
{
	pfn_t *cached = compact_zone_of(m, cc)->compact.cached_migrate_pfn;

	if (cc->no_set_skip_hint)
		return;
	pfn = pageblock_end(pfn);
	if (pfn > cached[0])
		cached[0] = pfn;
	if (cc->mode != MIGRATE_ASYNC && pfn > cached[1])
		cached[1] = pfn;
}

static void update_cached_free(struct machine *m, const struct compact_control *cc, pfn_t block)
{
	struct zone_compaction *c = &compact_zone_of(m, cc)->compact;

	if (cc->no_set_skip_hint)
		return;
	set_pageblock_skip(m, block, true);
	if (block < c->cached_free_pfn)
		c->cached_free_pfn = block;
}

bool compact_scanners_met(const struct compact_control *cc)
{
	return cc->free_pfn >> PAGEBLOCK_ORDER <= cc->migrate_pfn >> PAGEBLOCK_ORDER;
}

/* ---- what is a pageblock? ---- */

enum block_kind {
	BLOCK_ALIEN, /* not all of the zone, or of no zone */
	BLOCK_WHOLE, /* free, and begins a free block at least as large */
	BLOCK_UPPER, /* the second half of a free block of the highest order */
	BLOCK_KEPT,  /* boot's own, without struct pages here: nothing to be had */
	BLOCK_MIXED,
};

static bool in_zone(const struct machine *m, const struct zone *z, pfn_t pfn)
{
	const struct page *p = pfn_to_page(m, pfn);

	return page_exists(m, pfn) && p->zone == z->type && p->node == z->nid;
}

static enum block_kind untouched_kind(struct machine *m, const struct zone *z, pfn_t block)
{
	if (pfn_zone(m, block) != z)
		return BLOCK_ALIEN;
	if (!pfn_untouched(m, z, block))
		return BLOCK_KEPT;
	return block & PAGEBLOCK_NR_PAGES ? BLOCK_UPPER : BLOCK_WHOLE;
}

/* [block, end) are the zone's frames of the pageblock. */
static enum block_kind block_kind(struct machine *m, const struct zone *z, pfn_t block, pfn_t end)
{
	const struct page *p = pfn_to_page(m, block);

	if (!page_exists(m, block))
		return untouched_kind(m, z, block);
	if (!in_zone(m, z, block) || !in_zone(m, z, end - 1))
		return BLOCK_ALIEN;
	if (page_test(p, PG_buddy) && p->order >= PAGEBLOCK_ORDER)
		return BLOCK_WHOLE;
	if (!p->flags && block & PAGEBLOCK_NR_PAGES) {
		p -= PAGEBLOCK_NR_PAGES;
		if (page_test(p, PG_buddy) && p->order == MAX_ORDER - 1)
			return BLOCK_UPPER;
	}
	return BLOCK_MIXED;
}

/* ---- the migrate scanner ---- */

/* A pageblock in one piece, a huge page, has nothing to give, now or later. */
static bool skip_persistent(const struct machine *m, pfn_t block)
{
	const struct page *p = pfn_to_page(m, block);

	if (page_test(p, PG_tail))
		return block - p->index >= PAGEBLOCK_NR_PAGES ||
		       pfn_to_page(m, p->index)->order >= PAGEBLOCK_ORDER;
	return page_test(p, PG_head) && p->order >= PAGEBLOCK_ORDER;
}

static bool suitable_migration_source(const struct machine *m, const struct compact_control *cc,
				      pfn_t block)
{
	enum migratetype type;

	if (skip_persistent(m, block))
		return false;
	if (cc->mode != MIGRATE_ASYNC || !cc->direct)
		return true;
	type = get_pageblock_migratetype(m, block);
	return type == cc->migratetype;
}

/* May the page be taken off its list? */
static bool may_isolate(const struct machine *m, const struct compact_control *cc,
			const struct page *p)
{
	bool cached = page_mapping_type(p) == MAPPING_FILE || page_test(p, PG_swapcache);

	if (!page_test(p, PG_lru))
		return false;
	if (p->pins && !cached)
		return false;
	if (cached && !(cc->gfp & __GFP_FS))
		return false;
	if (page_test(p, PG_unevictable) && !m->sysctl.compact_unevictable_allowed)
		return false;
	return cc->mode == MIGRATE_SYNC || !page_test(p, PG_writeback);
}

struct block_scan {
	pfn_t pfn, end;
	pfn_t next_skip; /* of an asynchronous direct run: the end of the block that it tries to free */
	bool skip_on_failure, skip_updated;
	u32 scanned, isolated;
};

/* How many frames are there to pass over, if this one is not to be taken? */
static u32 frames_of(const struct page *p)
{
	return p->flags & (PAGE_FLAG(buddy) | PAGE_FLAG(head)) && p->order ? 1u << p->order : 1;
}

static void note_first_isolated(struct machine *m, struct compact_control *cc, struct block_scan *s)
{
	if (s->skip_updated)
		return;
	s->skip_updated = true;
	if (!cc->ignore_skip_hint && !cc->no_set_skip_hint && s->pfn % PAGEBLOCK_NR_PAGES == 0)
		set_pageblock_skip(m, s->pfn, true);
}

/* A page in the way: what was taken of the aligned block so far goes back. */
static void give_up_block(struct machine *m, struct compact_control *cc, struct block_scan *s)
{
	if (s->isolated) {
		putback_movable_pages(m, &cc->migrate);
		s->isolated = 0;
	}
	if (s->pfn < s->next_skip) {
		s->pfn = s->next_skip;
		s->next_skip += 1u << cc->order;
	}
}

static void scan_frames(struct machine *m, struct compact_control *cc, struct block_scan *s)
{
	const u32 size = cc->order > 0 ? 1u << cc->order : 1;

	while (s->pfn < s->end) {
		const struct page *p = pfn_to_page(m, s->pfn);

		if (s->skip_on_failure && s->pfn >= s->next_skip) {
			if (s->isolated)
				return;
			s->next_skip = (s->pfn & ~(size - 1)) + size;
		}
		s->scanned++;
		if (page_test(p, PG_buddy)) {
			s->pfn += frames_of(p);
			continue;
		}
		if (!may_isolate(m, cc, p) || isolate_lru_page(m, s->pfn)) {
			s->pfn += frames_of(p);
			if (s->skip_on_failure)
				give_up_block(m, cc, s);
			continue;
		}
		note_first_isolated(m, cc, s);
		page_list_add_tail(m, &cc->migrate, s->pfn);
		s->isolated++;
		s->pfn++;
		if (cc->migrate.nr >= COMPACT_CLUSTER_MAX && !cc->finish_pageblock)
			return;
	}
}

static void isolate_block(struct machine *m, struct compact_control *cc, pfn_t end,
			  enum block_kind kind)
{
	struct block_scan s = { .pfn = cc->migrate_pfn,
				.end = end,
				.skip_on_failure = cc->direct && cc->mode == MIGRATE_ASYNC };
	bool from_start = s.pfn % PAGEBLOCK_NR_PAGES == 0;

	if (kind == BLOCK_MIXED) {
		scan_frames(m, cc, &s);
	} else {
		s.scanned = kind == BLOCK_WHOLE ? 1 :
			    s.skip_on_failure	? max_t(u32, (s.end - s.pfn) >> cc->order, 1) :
						  s.end - s.pfn;
		s.pfn = s.end;
	}
	if (s.pfn > s.end)
		s.pfn = s.end;
	/* scanned to the end, and nothing in it to come back for */
	if (s.pfn == s.end && (!s.isolated || cc->finish_pageblock)) {
		if (from_start && !s.skip_updated && !cc->no_set_skip_hint)
			set_pageblock_skip(m, s.pfn - 1, true);
		update_cached_migrate(m, cc, s.pfn - 1);
	}
	clock_charge(m, (u64)s.scanned * m->cost.compact_page);
	cc->migrate_scanned += s.scanned;
	cc->log.isolated += s.isolated;
	count_vm_events(m, COMPACTISOLATED, s.isolated);
	cc->migrate_pfn = s.pfn;
}

/* More is isolated than is left on the lists: somebody should give it back first. */
static bool too_many_isolated(const struct pglist_data *n)
{
	s64 isolated = n->vm_stat[NR_ISOLATED_FILE] + n->vm_stat[NR_ISOLATED_ANON];
	s64 listed = n->vm_stat[NR_INACTIVE_FILE] + n->vm_stat[NR_ACTIVE_FILE] +
		     n->vm_stat[NR_INACTIVE_ANON] + n->vm_stat[NR_ACTIVE_ANON];

	return isolated > listed / 2;
}

enum isolate_result isolate_migratepages(struct machine *m, struct compact_control *cc)
{
	const struct zone *z = compact_zone_of(m, cc);
	pfn_t block, end, stop = zone_end(z);
	enum block_kind kind;
	bool jumped;

	if (too_many_isolated(&m->node[cc->nid]))
		return ISOLATE_ABORT;
	jumped = fast_find_migrateblock(m, cc);
	for (;; cc->migrate_pfn = end, jumped = false) {
		block = max_t(pfn_t, pageblock_start(cc->migrate_pfn), z->start_pfn);
		end = pageblock_end(cc->migrate_pfn);
		if (end > cc->free_pfn)
			return ISOLATE_NONE;
		kind = block_kind(m, z, block, min_t(pfn_t, end, stop));
		if (kind == BLOCK_ALIEN)
			continue;
		if (!jumped && cc->migrate_pfn == block && !isolation_suitable(m, cc, block))
			continue;
		if (kind == BLOCK_MIXED && !suitable_migration_source(m, cc, block)) {
			update_cached_migrate(m, cc, end - 1);
			continue;
		}
		break;
	}
	isolate_block(m, cc, min_t(pfn_t, end, stop), kind);
	return cc->migrate.nr ? ISOLATE_SUCCESS : ISOLATE_NONE;
}

/* ---- the free scanner ---- */

static bool suitable_migration_target(const struct machine *m, const struct compact_control *cc,
				      pfn_t block)
{
	enum migratetype type = get_pageblock_migratetype(m, block);

	/* an isolated one is about to go */
	return type == MIGRATE_MOVABLE || (cc->ignore_block_suitable && type != MIGRATE_ISOLATE);
}

/* A free block leaves the free lists for cc->free. False: the zone would be left with too
 * little. */
bool isolate_free_page(struct machine *m, struct zone *z, struct compact_control *cc, pfn_t pfn)
{
	struct page *p = pfn_to_page(m, pfn);
	u32 order = p->order;

	if (!zone_watermark_ok(m, z, 0, z->watermark[WMARK_MIN] + (1u << order), ZONE_DMA, 0))
		return false;
	take_free_block(m, z, pfn);
	mod_zone_page_state(m, z, NR_FREE_PAGES, -((s64)1 << order));
	/* half of the pageblock will hold movable pages */
	if (order == PAGEBLOCK_ORDER - 1 && get_pageblock_migratetype(m, pfn) < MIGRATE_PCPTYPES)
		set_zone_pageblock_migratetype(m, z, pfn, MIGRATE_MOVABLE);
	p->order = order & 15u;
	page_list_add_tail(m, &cc->free, pfn);
	cc->nr_free += 1u << order;
	return true;
}

/* Free blocks of [*start, end), every @stride frames looked at. *@start: where it went to. */
u32 isolate_free_block(struct machine *m, struct zone *z, struct compact_control *cc, pfn_t *start,
		       pfn_t end, u32 stride, u32 wanted)
{
	u32 scanned = 0, isolated = 0, nr;
	pfn_t pfn = *start;

	for (; pfn < end; pfn += stride) {
		const struct page *p = pfn_to_page(m, pfn);

		scanned++;
		nr = frames_of(p);
		if (!page_test(p, PG_buddy)) {
			pfn += nr - 1;
			continue;
		}
		nr = 1u << p->order;
		if (!isolate_free_page(m, z, cc, pfn)) {
			cc->contended = true;
			break;
		}
		scanned += nr - 1;
		isolated += nr;
		if (cc->nr_free >= wanted) {
			pfn += nr;
			break;
		}
		pfn += nr - 1;
	}
	*start = min_t(pfn_t, pfn, end);
	clock_charge(m, (u64)scanned * m->cost.compact_page);
	cc->free_scanned += scanned;
	count_isolated_free(m, cc, isolated);
	return isolated;
}

/* Nothing to be had in it, whatever it is looked at for. */
static void pass_free_half(struct machine *m, struct compact_control *cc, u32 stride)
{
	u32 scanned = PAGEBLOCK_NR_PAGES / stride;

	clock_charge(m, (u64)scanned * m->cost.compact_page);
	cc->free_scanned += scanned;
}

static void isolate_freepages(struct machine *m, struct compact_control *cc)
{
	struct zone *z = compact_zone_of(m, cc);
	pfn_t low = pageblock_end(cc->migrate_pfn), block = pageblock_start(cc->free_pfn);
	pfn_t start = cc->free_pfn, end = min_t(pfn_t, pageblock_end(cc->free_pfn), zone_end(z));
	u32 stride = cc->mode == MIGRATE_ASYNC ? COMPACT_CLUSTER_MAX : 1;
	u32 wanted = cc->nr_migrate, got;
	enum block_kind kind;

	for (; block >= low; end = block, block -= PAGEBLOCK_NR_PAGES, start = block) {
		kind = block_kind(m, z, block, end);
		if (kind == BLOCK_ALIEN || kind == BLOCK_WHOLE ||
		    !suitable_migration_target(m, cc, block) || !isolation_suitable(m, cc, block))
			continue;
		if (kind == BLOCK_UPPER || kind == BLOCK_KEPT) {
			pass_free_half(m, cc, stride);
			update_cached_free(m, cc, block);
			continue;
		}
		got = isolate_free_block(m, z, cc, &start, end, stride, wanted);
		if (start == end)
			update_cached_free(m, cc, block);
		if (cc->nr_free >= wanted || start < end)
			break;
		stride = got ? 1 : min_t(u32, COMPACT_CLUSTER_MAX, stride << 1);
	}
	/* the block was used up: on with the one below */
	if (block >= low && start >= end)
		start = block - PAGEBLOCK_NR_PAGES;
	cc->free_pfn = start;
}

/* The next frame of what was isolated. */
static pfn_t next_frame(struct machine *m, struct compact_control *cc)
{
	if (cc->run == cc->run_end) {
		if (!cc->free.nr)
			return PFN_NONE;
		cc->run = cc->free.head;
		cc->run_end = cc->run + (1u << pfn_to_page(m, cc->run)->order);
		page_list_del(m, &cc->free, cc->run);
	}
	cc->nr_free--;
	return cc->run++;
}

pfn_t compaction_alloc(struct machine *m, pfn_t old, void *arg)
{
	struct compact_control *cc = arg;
	pfn_t pfn;

	(void)old;
	if (!cc->nr_free && !fast_isolate_freepages(m, cc))
		isolate_freepages(m, cc);
	pfn = next_frame(m, cc);
	if (pfn != PFN_NONE)
		clear_page_fields(pfn_to_page(m, pfn), 0);
	return pfn;
}

void compaction_free(struct machine *m, pfn_t unused, void *arg)
{
	struct compact_control *cc = arg;

	clear_page_fields(pfn_to_page(m, unused), 0);
	page_list_add(m, &cc->free, unused);
	cc->nr_free++;
}

/* Frees the block, and remembers the lowest frame of the highest pageblock that got some back. */
static void release_block(struct machine *m, struct zone *z, pfn_t pfn, u32 order, pfn_t *lowest)
{
	pfn_to_page(m, pfn)->flags = 0;
	free_one_page(m, z, pfn, order, get_pageblock_migratetype(m, pfn), FREE_NORMAL);
	if (!*lowest || pageblock_start(pfn) > pageblock_start(*lowest) ||
	    (pageblock_start(pfn) == pageblock_start(*lowest) && pfn < *lowest))
		*lowest = pfn;
}

pfn_t release_freepages(struct machine *m, struct compact_control *cc)
{
	struct zone *z = compact_zone_of(m, cc);
	pfn_t lowest = 0, pfn;
	u32 order;

	for (; cc->run < cc->run_end; cc->run += 1u << order) {
		order = (u32)__builtin_ctz(cc->run | MAX_ORDER_NR_PAGES);
		while (cc->run + (1u << order) > cc->run_end)
			order--;
		release_block(m, z, cc->run, order, &lowest);
	}
	while (cc->free.nr) {
		pfn = cc->free.head;
		page_list_del(m, &cc->free, pfn);
		release_block(m, z, pfn, pfn_to_page(m, pfn)->order, &lowest);
	}
	cc->nr_free = 0;
	cc->run = cc->run_end = 0;
	return lowest;
}

void rewind_free_scanner(struct machine *m, struct compact_control *cc, pfn_t pfn)
{
	pfn_t block = pageblock_start(pfn), at = pageblock_start(cc->free_pfn);

	if (!pfn || block < at || (block == at && pfn >= cc->free_pfn))
		return;
	cc->free_pfn = pfn;
	if (!cc->no_set_skip_hint)
		set_pageblock_skip(m, block, false);
}
