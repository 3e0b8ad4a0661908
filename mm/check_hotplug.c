/*
 * check_hotplug.c - the invariants of memory hotplug.
 *
 * No pageblock is isolated unless a block is on its way out. Plugged DIMMs do not overlap,
 * their blocks exist and are their node's, their node is online, and their struct pages have their
 * place. Bad frames are on no list.
 */
#include "mm/check.h"
#include "mm/memory_hotplug.h"
#include "mm/page_alloc.h"

static u64 memmap_pages(const struct machine *m, const struct memory_dimm *d)
{
	u64 pages = 0;
	handle_t h;

	for (h = d->memmap; h;) {
		const struct memmap_chunk *c = pool_at(&m->hotplug.memmaps, h);

		pages += c->blocks ? (u64)c->blocks * MAX_ORDER_NR_PAGES : 1ull << c->order;
		h = c->next;
	}
	return pages;
}

static void check_dimm_blocks(struct check *c, const struct memory_dimm *d)
{
	u64 block;

	for (block = d->start >> SECTION_SHIFT; block < (d->start + d->size) >> SECTION_SHIFT;
	     block++)
		if (!memory_block_exists(c->m, (u32)block) ||
		    section_node(c->m, (u32)block) != d->nid)
			check_fail(c, "DIMM %s: memory%llu is not there, or not on node %u",
				   d->name, (unsigned long long)block, d->nid);
}

static void check_dimm(struct check *c, handle_t h)
{
	const struct memory_dimm *d = memory_dimm_at(&c->m->hotplug, h), *other;
	u64 needed = d->plugged && !d->memmap_on_memory && !c->m->config.bare ? d->size >> 18 : 0;
	handle_t next;

	if (!c->m->config.bare || !d->plugged)
		check_equal(c, "pages of a DIMM's memmap", (s64)memmap_pages(c->m, d), (s64)needed);
	if (!d->plugged)
		return;
	check_dimm_blocks(c, d);
	if (!c->m->node[d->nid].online)
		check_fail(c, "DIMM %s: node %u is not online", d->name, d->nid);
	for (next = d->next; next; next = other->next) {
		other = memory_dimm_at(&c->m->hotplug, next);
		if (other->plugged && d->start < other->start + other->size &&
		    other->start < d->start + d->size)
			check_fail(c, "DIMMs %s and %s overlap", d->name, other->name);
	}
}

static void check_poisoned(struct check *c)
{
	struct machine *m = c->m;
	u64 known = 0;
	handle_t h;

	for (h = m->hotplug.first_poisoned; h; known++) {
		const struct poisoned_frame *f = pool_at(&m->hotplug.poisoned, h);

		if (page_exists(m, f->pfn) &&
		    (!page_test(pfn_to_page(m, f->pfn), PG_hwpoison) ||
		     pfn_to_page(m, f->pfn)->flags &
			     (PAGE_FLAG(buddy) | PAGE_FLAG(pcp) | PAGE_FLAG(lru))))
			check_fail(c, "bad frame %u is in use again", f->pfn);
		h = f->next;
	}
	if (known > m->num_poisoned_pages)
		check_fail(c, "%llu bad frames, of which %llu count", (unsigned long long)known,
			   (unsigned long long)m->num_poisoned_pages);
}

void check_hotplug(struct check *c)
{
	struct machine *m = c->m;
	u32 nid, type;
	handle_t h;

	for (nid = 0; nid < m->nr_nodes; nid++)
		for (type = 0; type < MAX_NR_ZONES; type++)
			if (!m->hotplug.going_offline &&
			    m->node[nid].zones[type].nr_pageblocks[MIGRATE_ISOLATE])
				check_fail(c, "Node %u %s: isolated pageblocks", nid,
					   zone_name((enum zone_type)type));
	for (h = m->hotplug.first_dimm; h; h = memory_dimm_at(&m->hotplug, h)->next)
		check_dimm(c, h);
	check_poisoned(c);
}
