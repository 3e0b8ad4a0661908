/*
 * check_phys.c - the invariants of physical memory and of the slab layer.
 */
#include "mm/check.h"
#include "mm/page_alloc.h"

#include <stdio.h>

/* ---- lists ---- */

/* Walk a list: links must agree with each other and with the count. @fn looks at each page. */
static void check_list(struct check *c, const char *what, const struct page_list *l,
		       void (*fn)(struct check *c, pfn_t pfn, void *arg), void *arg)
{
	pfn_t pfn = l->head, prev = PFN_NONE;
	u32 n = 0;

	for (; pfn != PFN_NONE; prev = pfn, pfn = pfn_to_page(c->m, pfn)->next) {
		if (!page_exists(c->m, pfn)) {
			check_fail(c, "%s: pfn %u has no struct page", what, pfn);
			return;
		}
		if (pfn_to_page(c->m, pfn)->prev != prev)
			check_fail(c, "%s: broken link before pfn %u", what, pfn);
		if (++n > l->nr)
			break;
		fn(c, pfn, arg);
	}
	check_equal(c, what, n, l->nr);
	if (prev != l->tail && pfn == PFN_NONE)
		check_fail(c, "%s: the last page is not the tail", what);
}

struct block_arg {
	const struct zone *z;
	unsigned int order, type;
};

/* A free block: aligned, of this zone, all tails unflagged, its buddy not free as well. */
static void check_free_block(struct check *c, pfn_t pfn, void *arg)
{
	const struct block_arg *a = arg;
	const struct page *p = pfn_to_page(c->m, pfn);
	pfn_t buddy = pfn ^ 1u << a->order, i;

	if ((get_pageblock_migratetype(c->m, pfn) == MIGRATE_ISOLATE) !=
	    (a->type == MIGRATE_ISOLATE))
		check_fail(c, "free block %u is on a list of type %u, its pageblock is of type %u",
			   pfn, a->type, get_pageblock_migratetype(c->m, pfn));
	if (p->flags != PAGE_FLAG(buddy) || p->order != a->order || p->migratetype != a->type)
		check_fail(c, "free block %u of order %u type %u says flags %#x order %u type %u",
			   pfn, a->order, a->type, p->flags, p->order, p->migratetype);
	if (pfn & ((1u << a->order) - 1))
		check_fail(c, "free block %u is not aligned to order %u", pfn, a->order);
	if (p->node != a->z->nid || p->zone != a->z->type)
		check_fail(c, "free block %u lies on another zone's list", pfn);
	for (i = pfn + 1; i < pfn + (1u << a->order); i++)
		if (pfn_to_page(c->m, i)->flags) {
			check_fail(c, "page %u in free block %u has flags %#x", i, pfn,
				   pfn_to_page(c->m, i)->flags);
			break;
		}
	if (a->order < PAGEBLOCK_ORDER && page_test(pfn_to_page(c->m, buddy), PG_buddy) &&
	    pfn_to_page(c->m, buddy)->order == a->order &&
	    pfn_to_page(c->m, buddy)->zone == p->zone && pfn_to_page(c->m, buddy)->node == p->node)
		check_fail(c, "free blocks %u and %u of order %u did not merge", pfn, buddy,
			   a->order);
}

static void check_pcp_page(struct check *c, pfn_t pfn, void *arg)
{
	const struct block_arg *a = arg;
	const struct page *p = pfn_to_page(c->m, pfn);

	if (p->flags != PAGE_FLAG(pcp) || p->order != a->order || p->node != a->z->nid ||
	    p->zone != a->z->type)
		check_fail(c, "page %u on a per-CPU list of order %u says flags %#x order %u", pfn,
			   a->order, p->flags, p->order);
}

/* ---- a zone ---- */

/* Those in isolated pageblocks are no free pages; every pageblock of theirs is one. */
static u64 check_untouched_isolated(struct check *c, const struct zone *z)
{
	u64 pages = 0;
	handle_t h;
	pfn_t pfn;

	for (h = z->untouched_isolated; h;) {
		const struct untouched_extent *e = pool_at(&c->m->extents, h);

		pages += e->end - e->start;
		for (pfn = e->start; pfn < e->end; pfn += PAGEBLOCK_NR_PAGES)
			if (page_exists(c->m, pfn) || pfn_zone(c->m, pfn) != z ||
			    get_pageblock_migratetype(c->m, pfn) != MIGRATE_ISOLATE)
				check_fail(c, "untouched block %u is set apart, but not isolated",
					   pfn);
		h = e->next;
	}
	return pages;
}

static u64 check_untouched(struct check *c, const struct zone *z)
{
	const struct untouched_extent *e;
	handle_t h, last = 0;
	u64 pages = 0;
	pfn_t pfn;

	for (h = z->untouched; h; last = h, h = e->next) {
		e = pool_at(&c->m->extents, h);
		pages += e->end - e->start;
		for (pfn = e->start; pfn < e->end; pfn += MAX_ORDER_NR_PAGES)
			if (page_exists(c->m, pfn) || pfn_zone(c->m, pfn) != z)
				check_fail(c, "untouched block %u is touched, or in another zone",
					   pfn);
	}
	check_equal(c, "last untouched extent", last, z->untouched_last);
	check_equal(c, "untouched pages of a zone", (s64)pages, (s64)z->untouched_pages);
	return pages;
}

static void check_free_lists(struct check *c, const struct zone *z)
{
	u64 free = check_untouched(c, z), untouched_blocks = free / MAX_ORDER_NR_PAGES;
	u64 isolated_blocks = check_untouched_isolated(c, z) / MAX_ORDER_NR_PAGES;
	char what[96];
	unsigned int order, type;

	for (order = 0; order < MAX_ORDER; order++) {
		const struct free_area *area = &z->free_area[order];
		u64 blocks = 0;

		for (type = 0; type < MIGRATE_TYPES; type++) {
			struct block_arg a = { z, order, type };
			u64 nr = area->list[type].nr;

			snprintf(what, sizeof(what), "Node %u %s free list of order %u type %u",
				 z->nid, zone_name((enum zone_type)z->type), order, type);
			check_list(c, what, &area->list[type], check_free_block, &a);
			if (order == MAX_ORDER - 1 && type == MIGRATE_MOVABLE)
				nr += untouched_blocks;
			if (order == MAX_ORDER - 1 && type == MIGRATE_ISOLATE)
				nr += isolated_blocks;
			check_equal(c, what, (s64)nr, (s64)area->nr_free_type[type]);
			blocks += nr;
			if (type != MIGRATE_ISOLATE)
				free += (u64)area->list[type].nr << order;
		}
		check_equal(c, "nr_free of an order", (s64)blocks, (s64)area->nr_free);
	}
	check_equal(c, "NR_FREE_PAGES of a zone", (s64)free, z->vm_stat[NR_FREE_PAGES]);
}

static void check_pagesets(struct check *c, const struct zone *z)
{
	u32 cpu, i;

	for (cpu = 0; z->pageset && cpu < c->m->nr_cpus; cpu++) {
		const struct per_cpu_pages *pcp = pool_at(&c->m->pagesets, z->pageset + cpu);
		u64 count = 0;

		for (i = 0; i < NR_PCP_LISTS; i++) {
			struct block_arg a = { z, i / MIGRATE_PCPTYPES, 0 };

			if (i == NR_PCP_LISTS - 1)
				a.order = PAGEBLOCK_ORDER;
			check_list(c, "per-CPU list", &pcp->lists[i], check_pcp_page, &a);
			count += (u64)pcp->lists[i].nr << a.order;
		}
		check_equal(c, "pages on a CPU's lists", (s64)count, pcp->count);
	}
}

static void check_pageblocks(struct check *c, const struct zone *z)
{
	u64 count[MIGRATE_TYPES] = { 0 }, kept = 0, pfn, end = z->start_pfn + z->spanned_pages;
	const struct zone_range *r;
	unsigned int type;

	for (pfn = z->start_pfn; pfn < end; pfn += PAGEBLOCK_NR_PAGES) {
		r = zone_range_of(c->m, (pfn_t)pfn);
		if (pfn_present(c->m, (pfn_t)pfn) && r && r->nid == z->nid && r->type == z->type)
			count[get_pageblock_migratetype(c->m, (pfn_t)pfn)]++;
	}
	for (type = 0; type < MIGRATE_TYPES; type++) {
		kept += z->nr_pageblocks[type];
		check_equal(c, "pageblocks of a type", (s64)count[type],
			    (s64)z->nr_pageblocks[type]);
	}
	check_equal(c, "pageblocks of a zone", (s64)zone_count_pageblocks(c->m, z), (s64)kept);
}

static void check_zone_sizes(struct check *c, const struct zone *z)
{
	u64 present = 0;
	u32 i;

	for (i = 0; i < c->m->nr_zone_ranges; i++) {
		const struct zone_range *r = pool_at(&c->m->zone_ranges, i + 1);

		if (r->nid == z->nid && r->type == z->type)
			present += r->end - r->start;
	}
	check_equal(c, "present pages of a zone", (s64)present, (s64)z->present_pages);
	if (z->managed_pages > z->present_pages || z->present_pages > z->spanned_pages)
		check_fail(c, "Node %u %s: managed %llu, present %llu, spanned %llu", z->nid,
			   zone_name((enum zone_type)z->type), (unsigned long long)z->managed_pages,
			   (unsigned long long)z->present_pages,
			   (unsigned long long)z->spanned_pages);
	if (z->vm_stat[NR_FREE_PAGES] > (s64)z->managed_pages)
		check_fail(c, "Node %u %s: more pages free than managed", z->nid,
			   zone_name((enum zone_type)z->type));
	for (i = 1; i < NR_WMARK; i++)
		if (z->watermark[i] < z->watermark[i - 1])
			check_fail(c, "Node %u %s: watermark %u below the one before", z->nid,
				   zone_name((enum zone_type)z->type), i);
}

/* Each machine-wide counter is the sum of its zones' or nodes'. */
static void check_sums(struct check *c)
{
	struct machine *m = c->m;
	u64 managed = 0;
	u32 nid, type, i;

	for (i = 0; i < NR_VM_ZONE_STAT_ITEMS; i++) {
		s64 sum = 0;

		for (nid = 0; nid < m->nr_nodes; nid++)
			for (type = 0; type < MAX_NR_ZONES; type++)
				sum += m->node[nid].zones[type].vm_stat[i];
		check_equal(c, zone_stat_names[i], sum, m->vm_zone_stat[i]);
	}
	for (i = 0; i < NR_VM_NODE_STAT_ITEMS; i++) {
		s64 sum = 0;

		for (nid = 0; nid < m->nr_nodes; nid++)
			sum += m->node[nid].vm_stat[i];
		check_equal(c, node_stat_names[i], sum, m->vm_node_stat[i]);
	}
	for (i = 0; i < NR_VM_NUMA_STAT_ITEMS; i++) {
		s64 sum = 0;

		for (nid = 0; nid < m->nr_nodes; nid++)
			for (type = 0; type < MAX_NR_ZONES; type++)
				sum += m->node[nid].zones[type].vm_numa_stat[i];
		check_equal(c, numa_stat_names[i], sum, m->vm_numa_stat[i]);
	}
	for (nid = 0; nid < m->nr_nodes; nid++)
		for (type = 0; type < MAX_NR_ZONES; type++)
			managed += m->node[nid].zones[type].managed_pages;
	check_equal(c, "managed pages", (s64)managed, (s64)m->totalram_pages);
}

/* ---- slab ---- */

struct slab_sum {
	handle_t cache;
	u64 slabs, objects, used, free;
	s64 pages[MAX_NUMNODES];
};

static void check_slab(struct check *c, pfn_t pfn, void *arg)
{
	struct slab_sum *sum = arg;
	const struct page *p = pfn_to_page(c->m, pfn);

	if (!page_test(p, PG_slab) || page_mapping(p) != sum->cache || p->mapcount > p->index)
		check_fail(c, "slab %u of %s: flags %#x, %u of %u objects", pfn,
			   kmem_cache_at(c->m, sum->cache)->name, p->flags, p->mapcount, p->index);
	sum->slabs++;
	sum->objects += p->index;
	sum->used += p->mapcount;
	sum->free += p->index - p->mapcount;
	sum->pages[p->node] += 1 << p->order;
}

static void check_cache(struct check *c, handle_t h, s64 *reclaimable, s64 *unreclaimable)
{
	const struct kmem_cache *s = kmem_cache_at(c->m, h);
	struct slab_sum sum = { .cache = h };
	u64 partial_free = 0, nr_partial = 0, before;
	u32 i;

	for (i = 0; i < c->m->nr_nodes; i++) {
		const struct kmem_cache_node *n = kmem_cache_node_of(&c->m->slab, s, i);

		before = sum.free;
		check_list(c, s->name, &n->partial, check_slab, &sum);
		check_equal(c, s->name, (s64)(sum.free - before), (s64)n->partial_free);
		partial_free += n->partial_free;
		nr_partial += n->partial.nr;
		before = sum.free;
		check_list(c, s->name, &n->full, check_slab, &sum);
		if (sum.free != before)
			check_fail(c, "%s: a full slab has free objects", s->name);
	}
	for (i = 0; i < c->m->nr_cpus; i++) {
		const struct kmem_cache_cpu *cpu = kmem_cache_cpu_of(&c->m->slab, s, i);

		if (cpu->slab != PFN_NONE)
			check_slab(c, cpu->slab, &sum);
		check_list(c, s->name, &cpu->partial, check_slab, &sum);
	}
	check_equal(c, s->name, (s64)sum.slabs, (s64)s->nr_slabs);
	check_equal(c, s->name, (s64)sum.objects, (s64)s->nr_objects);
	check_equal(c, s->name, (s64)sum.used, (s64)s->active_objects);
	check_equal(c, s->name, (s64)partial_free, (s64)s->partial_free);
	check_equal(c, s->name, (s64)nr_partial, (s64)s->nr_partial);
	for (i = 0; i < c->m->nr_nodes; i++)
		(s->flags & KC_RECLAIM ? reclaimable : unreclaimable)[i] += sum.pages[i];
}

static void check_caches(struct check *c)
{
	s64 reclaimable[MAX_NUMNODES] = { 0 }, unreclaimable[MAX_NUMNODES] = { 0 };
	u64 lab = 0;
	handle_t h;
	u32 i;

	for (h = 1; h < c->m->slab.caches.nr_slots; h++) {
		check_cache(c, h, reclaimable, unreclaimable);
		lab += kmem_cache_at(c->m, h)->lab_objects;
	}
	if (lab != c->m->slab.lab_objects)
		check_fail(c, "slab: the laboratory has %llu objects, its sum says %llu",
			   (unsigned long long)lab, (unsigned long long)c->m->slab.lab_objects);
	for (h = c->m->slab.device_head; h;) {
		const struct kmalloc_device *d = pool_at(&c->m->slab.devices, h);

		unreclaimable[pfn_to_page(c->m, d->pfn)->node] += 1 << d->order;
		h = d->next;
	}
	for (i = 0; i < c->m->nr_nodes; i++) {
		check_equal(c, "SReclaimable of a node", reclaimable[i],
			    c->m->node[i].vm_stat[NR_SLAB_RECLAIMABLE]);
		check_equal(c, "SUnreclaim of a node",
			    unreclaimable[i] + c->m->node[i].slab_large_pages,
			    c->m->node[i].vm_stat[NR_SLAB_UNRECLAIMABLE]);
	}
}

void check_phys(struct check *c)
{
	struct machine *m = c->m;
	u32 nid, type;

	for (nid = 0; nid < m->nr_nodes; nid++)
		for (type = 0; type < MAX_NR_ZONES; type++) {
			const struct zone *z = &m->node[nid].zones[type];

			check_zone_sizes(c, z);
			check_free_lists(c, z);
			check_pagesets(c, z);
			check_pageblocks(c, z);
		}
	check_sums(c);
	if (m->slab.caches.base)
		check_caches(c);
}
