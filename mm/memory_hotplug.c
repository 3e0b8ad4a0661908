/*
 * memory_hotplug.c - memory blocks go online and offline.
 *
 *	online    the frames join a zone as free memory
 *	offline   1. no pageblock of the block holds a page that can never move; all are isolated
 *	          2. the notifiers agree
 *	          3. pageblock by pageblock, what is on the LRU lists moves to other frames, rather to those
 *	             of another node
 *	          4. unused huge pages are given back
 *	          5. is everything free? Then the frames leave their zone; else again from 3
 *
 * What cannot be moved now, because it is pinned or because there is no room, may be movable later:
 * the kernel tries until it is told to stop, and complains in its log about what holds it up, ten
 * times in five seconds. Between two pageblocks others run.
 *
 * Source: Documentation/admin-guide/mm/memory-hotplug.rst; the logs of guests whose blocks held
 * pinned, reserved and plain pages.
 */
#include <mman/hugetlb.h>
#include <mman/mempolicy.h>
#include <mman/migrate.h>
#include <mman/page_isolation.h>

#include "mm/dump_page.h"
#include "mm/hugetlb.h"
#include "mm/memory_hotplug.h"
#include "mm/page_alloc.h"

#include <errno.h>

#define COMPLAINTS	    10u
#define COMPLAINTS_INTERVAL (5 * NSEC_PER_SEC)
#define RETRY_INTERVAL	    (5 * NSEC_PER_MSEC) /* until the next pass over a block that is not free */

static pfn_t block_start(u32 block)
{
	return block * PAGES_PER_SECTION;
}

int memory_hotplug_init(struct machine *m)
{
	struct memory_hotplug_state *s = &m->hotplug;
	int error = pool_init(&s->dimms, "memory_dimm", sizeof(struct memory_dimm), 1u << 16);

	s->auto_movable_ratio = 301;
	s->numa_aware = true;
	if (!error)
		error = pool_init(&s->memmaps, "memmap_chunk", sizeof(struct memmap_chunk),
				  1u << 24);
	if (!error)
		error = pool_init(&s->poisoned, "poisoned_frame", sizeof(struct poisoned_frame),
				  1u << 24);
	return error;
}

void memory_hotplug_destroy(struct machine *m)
{
	pool_destroy(&m->hotplug.dimms);
	pool_destroy(&m->hotplug.memmaps);
	pool_destroy(&m->hotplug.poisoned);
}

/* ---- notifiers ---- */

int memory_notify(struct machine *m, enum memory_notify what)
{
	static const char *const names[NR_MEMORY_NOTIFY] = { "MEM_GOING_ONLINE",
							     "MEM_GOING_OFFLINE" };
	int error = m->hotplug.inject_loaded ? (int)m->hotplug.inject[what] : 0;

	if (error)
		printk(m, 6, "Injecting error (%d) to %s", error, names[what]);
	return error;
}

/* ---- online ---- */

u32 memory_block_vmemmap_pages(const struct machine *m, u32 block)
{
	handle_t dimm = memory_block_dimm(m, block);

	return dimm && memory_dimm_at(&m->hotplug, dimm)->memmap_on_memory ? VMEMMAP_PAGES : 0;
}

int memory_range_online(struct machine *m, u32 first, u32 nr, enum zone_type type, u32 nr_vmemmap)
{
	pfn_t start = block_start(first), end = start + nr * PAGES_PER_SECTION;
	u16 nid = section_node(m, first);
	struct zone *z = &m->node[nid].zones[type];
	u64 nodes = memory_node_mask(m);
	bool was_empty = !zone_populated(z);
	int error;

	z->nid = nid;
	z->type = (u8)type;
	error = zone_add_present(m, nid, type, start, end);
	if (error)
		return error;
	error = zone_free_range(m, z, start + nr_vmemmap, end);
	if (error) {
		zone_remove_present(m, z, start, end);
		return error;
	}
	forget_poisoned(m, start, end, false);
	error = zone_grown(m, z, (u64)nr * PAGES_PER_SECTION - nr_vmemmap, was_empty);
	if (memory_node_mask(m) != nodes)
		mpol_rebind(m, nodes);
	return error;
}

int memory_block_online(struct machine *m, u32 block, enum mhp_online_type type)
{
	struct memory_block b;
	int error;

	memory_block_look(m, block, &b);
	if (b.online)
		return 1;
	error = memory_notify(m, MEM_GOING_ONLINE);
	if (error)
		return error;
	return memory_range_online(m, block, 1, memory_block_zone(m, block, type),
				   memory_block_vmemmap_pages(m, block));
}

/* ---- offline: moving pages away ---- */

struct offlining {
	struct zone *z;
	pfn_t start, end;
	u64 stayed; /* pages that did not move in this pass */
};

/* May one more page be complained about? Ten in five seconds may. */
static bool complaint_allowed(struct machine *m)
{
	struct memory_hotplug_state *s = &m->hotplug;

	if (!s->complaints_since || m->clock.now > s->complaints_since + COMPLAINTS_INTERVAL) {
		if (s->complaints_missed)
			printk(m, 4, "do_migrate_range: %u callbacks suppressed",
			       s->complaints_missed);
		s->complaints_since = m->clock.now;
		s->complaints = s->complaints_missed = 0;
	}
	if (s->complaints < COMPLAINTS) {
		s->complaints++;
		return true;
	}
	s->complaints_missed++;
	return false;
}

static void complain(struct machine *m, const struct page_list *list, int ret)
{
	pfn_t pfn;

	for (pfn = list->head; pfn != PFN_NONE; pfn = pfn_to_page(m, pfn)->next) {
		if (!complaint_allowed(m))
			continue;
		printk(m, 4, "migrating pfn %x failed ret:%d", pfn, ret);
		dump_page(m, pfn, "migration failure");
	}
}

/* Rather another node's memory than this one's, so that the next block has less to move. */
static struct migration_target_control target_of(const struct machine *m, u16 nid)
{
	u64 nodes = 0;
	u32 n;

	for (n = 0; n < m->nr_nodes; n++)
		if (n != nid)
			nodes |= (u64)m->node[n].has_memory << n;
	return (struct migration_target_control){ .nid = nid,
						  .nodemask = nodes ? nodes : 1ull << nid,
						  .gfp = GFP_USER | __GFP_RETRY_MAYFAIL };
}

static void isolate_block_pages(struct machine *m, pfn_t start, struct page_list *list)
{
	pfn_t pfn, end = start + PAGEBLOCK_NR_PAGES;

	for (pfn = start; pfn < end; pfn++) {
		const struct page *p = pfn_to_page(m, pfn);

		if (page_test(p, PG_buddy))
			pfn += (1u << p->order) - 1;
		else if (page_test(p, PG_lru) && !isolate_lru_page(m, pfn))
			page_list_add_tail(m, list, pfn);
	}
}

/* Is the pageblock a huge page in use, or part of one? It moves as a whole. */
static bool migrate_huge_pageblock(struct machine *m, struct offlining *o, pfn_t start,
				   const struct migration_target_control *target)
{
	struct page *p = pfn_to_page(m, start);
	int error;

	if (!page_huge_head(m, &p))
		return false;
	if (!p->mapping && !p->pins)
		return true;
	error = migrate_huge_page(m, page_to_pfn(m, p), (u32)target->nid, target->nodemask,
				  MR_MEMORY_HOTPLUG);
	if (error) {
		o->stayed++;
		if (complaint_allowed(m))
			printk(m, 4, "migrating pfn %x failed ret:%d", page_to_pfn(m, p), error);
	}
	return true;
}

/* What is in use in one pageblock moves to other frames, as far as it does. */
static void migrate_pageblock(struct machine *m, struct offlining *o, pfn_t start)
{
	struct migration_target_control target = target_of(m, o->z->nid);
	struct page_list list;
	int ret;

	if (migrate_huge_pageblock(m, o, start, &target))
		return;

	page_list_init(&list);
	isolate_block_pages(m, start, &list);
	if (!list.nr)
		return;
	ret = migrate_pages(m, &list, alloc_migration_target, NULL, &target, MIGRATE_SYNC,
			    MR_MEMORY_HOTPLUG, NULL);
	if (!ret)
		return;
	o->stayed += list.nr;
	complain(m, &list, ret);
	putback_movable_pages(m, &list);
}

/* Huge pages of the pools that nobody uses go back to the allocator. -EBUSY: they are promised to
 * somebody. */
static int dissolve_free_huge_pages(struct machine *m, const struct offlining *o)
{
	const u32 compound = PAGE_FLAG(hugetlb) | PAGE_FLAG(tail);
	int error = 0;
	pfn_t pfn;

	for (pfn = o->start; pfn < o->end && !error; pfn += PAGEBLOCK_NR_PAGES)
		if (page_exists(m, pfn) && pfn_to_page(m, pfn)->flags & compound)
			error = dissolve_free_huge_page(m, pfn);
	return error;
}

/* A pageblock whose pages are all free has nothing to be moved: one look tells. */
static bool pageblock_is_free(struct machine *m, pfn_t pfn)
{
	pfn_t block = pfn & ~(MAX_ORDER_NR_PAGES - 1);

	if (!page_exists(m, pfn))
		return true;
	return (page_test(pfn_to_page(m, pfn), PG_buddy) &&
		pfn_to_page(m, pfn)->order >= PAGEBLOCK_ORDER) ||
	       (page_test(pfn_to_page(m, block), PG_buddy) &&
		pfn_to_page(m, block)->order == MAX_ORDER - 1);
}

#define NOT_YET 1

/* 0: every page is free; NOT_YET: some are not; -EBUSY: some never will be; -EINTR: the caller is
 * to end. */
static int offline_pass(struct machine *m, struct offlining *o)
{
	pfn_t pfn;

	o->stayed = 0;
	for (pfn = o->start; pfn < o->end; pfn += PAGEBLOCK_NR_PAGES) {
		if (pageblock_is_free(m, pfn))
			continue;
		if (!machine_safe_point(m))
			return -EINTR;
		migrate_pageblock(m, o, pfn);
	}
	if (dissolve_free_huge_pages(m, o))
		return -EBUSY;
	drain_pages(m, -1);
	return test_pages_isolated(m, o->z, o->start, o->end, MEMORY_OFFLINE) ? NOT_YET : 0;
}

static int empty_range(struct machine *m, struct offlining *o)
{
	int error;

	/* one safe point for each try: a replay ends at the same */
	while ((error = offline_pass(m, o)) == NOT_YET) {
		clock_charge(m, RETRY_INTERVAL);
		if (!machine_safe_point(m))
			return -EINTR;
		/* who comes in meanwhile came in at the safe point, for a replay */
		if (m->host.idle)
			m->host.idle(m, m->host.arg);
		if (!machine_goes_on(m))
			return -EINTR;
	}
	return error;
}

static int offline_pages(struct machine *m, struct zone *z, pfn_t start, pfn_t end)
{
	struct offlining o = { .z = z, .start = start, .end = end };
	int error;

	drain_pages(m, -1);
	error = start_isolate_page_range(m, z, start, end, MEMORY_OFFLINE | REPORT_FAILURE);
	if (error)
		return error;
	error = memory_notify(m, MEM_GOING_OFFLINE);
	if (!error)
		error = empty_range(m, &o);
	if (error)
		undo_isolate_page_range(m, z, start, end);
	return error;
}

/* The way out of the zone is known to be free. */
static int leave_zone(struct machine *m, struct zone *z, u32 block, u32 nr_vmemmap)
{
	pfn_t start = block_start(block), end = start + PAGES_PER_SECTION;
	u64 nodes = memory_node_mask(m);
	int error;

	drop_poisoned_cache(m, start, end);
	remove_isolated_pages(m, z, start + nr_vmemmap, end);
	error = zone_remove_present(m, z, start, end);
	if (error)
		return error;
	zone_shrunk(m, z, PAGES_PER_SECTION - nr_vmemmap);
	if (memory_node_mask(m) != nodes)
		mpol_rebind(m, nodes);
	return 0;
}

int memory_block_offline(struct machine *m, u32 block)
{
	pfn_t start = block_start(block), end = start + PAGES_PER_SECTION;
	u32 nr_vmemmap = memory_block_vmemmap_pages(m, block);
	struct memory_block b;
	struct zone *z;
	int error;

	memory_block_look(m, block, &b);
	if (!b.online)
		return 1;
	if (b.holes || b.zones != 1)
		return -EINVAL;
	z = &m->node[b.nid].zones[b.type];
	m->hotplug.going_offline = block + 1;
	error = offline_pages(m, z, start + nr_vmemmap, end);
	if (!error)
		error = leave_zone(m, z, block, nr_vmemmap);
	m->hotplug.going_offline = 0;
	return error;
}
