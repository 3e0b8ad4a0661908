/*
 * fragment.c - fragmentation made on purpose: the laboratory's `fragment NODE ZONE INDEX`.
 *
 *	free pageblock     |................|
 *	fragmented         |.#.#.#.#.#.#.#.#|     # held, . free: no two free pages are side by side
 *
 * Half of a pageblock is enough to make the other half of no use for anything larger than a page.
 * What is held is movable, as the memory of processes is, and compaction can mend it; or unmovable,
 * as the kernel's own is, and nothing can.
 */
#include <mman/compaction.h>

#include "mm/compaction.h"
#include "mm/filemap.h"
#include "mm/slab.h"
#include "mm/vma.h"

#include <errno.h>

#define BLOCKS_PER_SAFE_POINT 16u

static struct fragmentation *fragmentation_of(struct machine *m, u32 nid, enum zone_type type)
{
	return &m->compaction.fragment[nid][type];
}

u64 fragment_held(const struct machine *m, u32 nid, enum zone_type type)
{
	const struct fragmentation *f = &m->compaction.fragment[nid][type];

	return f->nr_unmovable + (f->inode ? inode_at(m, f->inode)->nrpages : 0);
}

/* ---- back ---- */

static void give_back_unmovable(struct machine *m, struct fragmentation *f)
{
	while (f->nr_unmovable) {
		pfn_t pfn = f->unmovable;
		u32 nid = pfn_to_page(m, pfn)->node;

		f->unmovable = pfn_to_page(m, pfn)->next;
		f->nr_unmovable--;
		mod_slab_pages(m, nid, false, -1);
		m->node[nid].slab_large_pages--;
		free_pages(m, pfn, 0);
		/* ended or not: what was begun is done */
		if (f->nr_unmovable && f->nr_unmovable % BATCH_PAGES == 0)
			machine_safe_point(m);
	}
}

static void give_back(struct machine *m, struct fragmentation *f)
{
	handle_t mark;

	give_back_unmovable(m, f);
	if (f->inode) {
		mark = evict_begin(m);
		inode_put(m, f->inode);
		f->inode = 0;
		evict_end(m, mark);
	}
	/* only what is on the free lists can merge */
	drain_pages(m, -1);
}

/* ---- taking ---- */

static int hold_page(struct machine *m, struct fragmentation *f, pfn_t pfn)
{
	struct page *p = pfn_to_page(m, pfn);

	clear_page_fields(p, 0);
	clock_charge(m, m->cost.zero_page);
	if (f->inode) {
		if (add_to_page_cache(m, f->inode, inode_at(m, f->inode)->nrpages, pfn))
			return -ENOMEM;
		page_set_dirty(m, pfn);
		return 0;
	}
	p->next = f->unmovable;
	f->unmovable = pfn;
	f->nr_unmovable++;
	mod_slab_pages(m, p->node, false, 1);
	m->node[p->node].slab_large_pages++;
	return 0;
}

/* The free block that begins at @pfn, of @order: the odd pages of its first pageblock are kept. */
static int take_alternate_pages(struct machine *m, struct zone *z, struct fragmentation *f,
				pfn_t pfn, u32 order)
{
	pfn_t end = pfn + PAGEBLOCK_NR_PAGES;
	enum migratetype type = get_pageblock_migratetype(m, pfn);
	int error = 0;

	take_free_block(m, z, pfn);
	mod_zone_page_state(m, z, NR_FREE_PAGES, -((s64)1 << order));
	if (order > PAGEBLOCK_ORDER)
		free_one_page(m, z, end, PAGEBLOCK_ORDER, get_pageblock_migratetype(m, end),
			      FREE_NORMAL);
	for (; pfn < end; pfn += 2) {
		free_one_page(m, z, pfn, 0, type, FREE_TO_TAIL);
		if (!error)
			error = hold_page(m, f, pfn + 1);
		if (error)
			free_one_page(m, z, pfn + 1, 0, type, FREE_TO_TAIL);
	}
	return error;
}

/* Is it the beginning of a free block, of an ordinary type, as large as a pageblock? */
static bool is_free_pageblock(struct machine *m, const struct zone *z, pfn_t pfn)
{
	const struct page *p = pfn_to_page(m, pfn);

	if (pfn_zone(m, pfn) != z || get_pageblock_migratetype(m, pfn) >= MIGRATE_PCPTYPES)
		return false;
	if (!page_exists(m, pfn) && (!pfn_untouched(m, z, pfn) || page_touch(m, pfn)))
		return false;
	return page_test(p, PG_buddy) && p->order >= PAGEBLOCK_ORDER;
}

static int fragment_pageblocks(struct machine *m, struct zone *z, struct fragmentation *f,
			       u32 index)
{
	u64 pfn = (z->start_pfn + PAGEBLOCK_NR_PAGES - 1) & ~(u64)(PAGEBLOCK_NR_PAGES - 1);
	u32 blocks = 0;
	int error;

	for (; pfn + PAGEBLOCK_NR_PAGES <= zone_end(z); pfn += PAGEBLOCK_NR_PAGES) {
		if (unusable_free_index(z, COMPACTION_HPAGE_ORDER) >= (s32)index)
			return 0;
		if (!is_free_pageblock(m, z, (pfn_t)pfn))
			continue;
		if (z->vm_stat[NR_FREE_PAGES] <
		    (s64)(wmark_pages(z, WMARK_LOW) + PAGEBLOCK_NR_PAGES))
			return -ENOMEM;
		error = take_alternate_pages(m, z, f, (pfn_t)pfn, pfn_to_page(m, pfn)->order);
		if (error)
			return error;
		if (++blocks % BLOCKS_PER_SAFE_POINT == 0 && !machine_safe_point(m))
			return -EINTR;
	}
	return 0;
}

int fragment_zone(struct machine *m, u32 nid, enum zone_type type, u32 index, bool movable)
{
	struct fragmentation *f;
	struct zone *z;
	int error;

	if (nid >= m->nr_nodes || type >= MAX_NR_ZONES ||
	    !zone_populated(&m->node[nid].zones[type]))
		return -ENODEV;
	if (index > 1000)
		return -EINVAL;
	z = &m->node[nid].zones[type];
	f = fragmentation_of(m, nid, type);
	give_back(m, f);
	if (!index)
		return 0;
	if (movable) {
		f->inode = inode_new(m, INODE_SHMEM, z->spanned_pages << PAGE_SHIFT);
		if (!f->inode)
			return -ENOMEM;
		inode_at(m, f->inode)->deleted = 1;
	}
	error = fragment_pageblocks(m, z, f, index);
	kcompactd_note_change(m, nid);
	if (error)
		give_back(m, f);
	return error;
}
