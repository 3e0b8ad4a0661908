/*
 * pcp.c - the per-CPU page lists in front of each zone's free lists.
 *
 * Nearly every page comes and goes here, without a look at the free lists: a list for each migrate
 * type and order 0 to 3, and one for huge pages. An empty list is refilled by a batch; when a CPU
 * holds more than `high` pages of a zone, a batch goes back. Pages on these lists are not free as
 * far as NR_FREE_PAGES and the watermarks are concerned.
 *
 *	batch  a quarter of 1/1024 of the zone (but of 1 MiB at most), made a power of two less one
 *	high   the zone's low watermark (or managed / percpu_pagelist_high_fraction) shared among the
 *	       node's CPUs, but at least four batches
 *	free_factor   doubles what goes back for every time in a row that this CPU only frees
 *
 * Source: Documentation/admin-guide/sysctl/vm.rst (percpu_pagelist_high_fraction); the lists of
 * /proc/zoneinfo on machines of several sizes.
 */
#include "mm/compaction.h"

#include <errno.h>

static unsigned int pcp_list_order(unsigned int index)
{
	return index == PCP_THP_LIST ? PAGEBLOCK_ORDER : index / MIGRATE_PCPTYPES;
}

static __attribute__((noinline)) void pcp_refill(struct machine *m, struct zone *z,
						 struct per_cpu_pages *pcp, struct page_list *list,
						 unsigned int order, enum migratetype type,
						 unsigned int alloc_flags)
{
	u32 batch = pcp->batch;

	if (batch > 1)
		batch = max_t(u32, batch >> order, 2);
	pcp->count += rmqueue_bulk(m, z, order, type, batch, alloc_flags, list) << order;
}

pfn_t rmqueue_pcplist(struct machine *m, struct zone *z, unsigned int order, enum migratetype type,
		      unsigned int alloc_flags)
{
	struct per_cpu_pages *pcp;
	struct page_list *list;

	if (unlikely(!z->pageset)) /* early boot */
		return rmqueue_buddy(m, z, order, type, alloc_flags);
	pcp = this_pcp(m, z);
	list = &pcp->lists[pcp_list_index(order, type)];
	if (unlikely(!list->nr))
		pcp_refill(m, z, pcp, list, order, type, alloc_flags);
	if (unlikely(!list->nr)) {
		pcp->free_factor >>= 1;
		return PFN_NONE;
	}
	return pcp_take(m, pcp, list, order);
}

/*
 * How many of the oldest single pages of a list are the pieces of one free block? A process that
 * frees its memory in order leaves them like this, and reclaim in the opposite order. Giving the
 * block back as a whole ends in the same free lists as giving back its pages, of which each would
 * merge with those before. Returns the block's order; at most 2^order = @limit pages, of one
 * pageblock.
 */
static unsigned int oldest_run(struct machine *m, const struct page_list *list, u32 limit)
{
	pfn_t pfn = list->tail;
	const struct page *p = pfn_to_page(m, pfn);
	u32 down = p->prev == pfn - 1, most = (pfn + down) & -(pfn + down), n = 1;
	u32 type = p->migratetype, step = down ? -1u : 1u;

	most = most && most < PAGEBLOCK_NR_PAGES ? most : PAGEBLOCK_NR_PAGES;
	limit = min_t(u32, limit, most);
	while (n < limit && p->prev == pfn + n * step) {
		p = pfn_to_page(m, p->prev);
		if (p->migratetype != type)
			break;
		n++;
	}
	return 31 - (unsigned int)__builtin_clz(n);
}

/* The oldest blocks of a list, 2^@order pages and all from one place, leave it. Returns the first
 * page. */
static pfn_t unlink_oldest(struct machine *m, struct page_list *list, u32 blocks,
			   unsigned int order)
{
	pfn_t first = list->tail, last = first, next;

	if (blocks > 1)
		last = pfn_to_page(m, first)->prev < first ? first - (blocks - 1) :
							     first + ((blocks - 1) << order);
	next = pfn_to_page(m, last)->prev;
	list->tail = next;
	if (next != PFN_NONE)
		pfn_to_page(m, next)->next = PFN_NONE;
	else
		list->head = PFN_NONE;
	list->nr -= blocks;
	return min_t(pfn_t, first, last);
}

/* Give @count pages back, starting with list @index and going round, oldest pages first. */
static void free_pcppages_bulk(struct machine *m, struct zone *z, struct per_cpu_pages *pcp,
			       u32 count, unsigned int index)
{
	s64 left = min_t(u32, count, pcp->count);

	for (; left > 0; index = (index + 1) % NR_PCP_LISTS) {
		struct page_list *list = &pcp->lists[index];
		unsigned int order = pcp_list_order(index);

		while (left > 0 && list->nr) {
			const struct page *oldest = pfn_to_page(m, list->tail);
			bool alone = order || !pfn_adjacent(oldest->prev, list->tail);
			unsigned int run = alone ? order : oldest_run(m, list, (u32)left);
			pfn_t pfn = unlink_oldest(m, list, 1u << (run - order), order);
			enum migratetype type = (enum migratetype)pfn_to_page(m, pfn)->migratetype;

			if (run)
				clear_page_flags(m, pfn, run);
			else
				pfn_to_page(m, pfn)->flags = 0;
			pcp->count -= 1u << run;
			left -= 1 << run;
			if (get_pageblock_migratetype(m, pfn) == MIGRATE_ISOLATE)
				type = MIGRATE_ISOLATE;
			free_one_page(m, z, pfn, run, type, FREE_NORMAL);
		}
	}
	kcompactd_note_change(m, z->nid);
}

/* How many go back: a batch, twice as many each time that nothing was allocated in between. */
static u32 nr_pcp_free(struct per_cpu_pages *pcp, u32 high)
{
	u32 most, count;

	if (high < pcp->batch)
		return 1; /* as at boot: a page at a time */
	most = high - pcp->batch;
	count = pcp->batch << pcp->free_factor;
	if (count < most)
		pcp->free_factor++;
	count = min_t(u32, count, most);
	return max_t(u32, count, pcp->batch);
}

void pcp_over_high(struct machine *m, struct zone *z, struct per_cpu_pages *pcp, unsigned int index,
		   u32 high, bool all)
{
	free_pcppages_bulk(m, z, pcp, all ? pcp->count : nr_pcp_free(pcp, high), index);
}

void free_to_pcp(struct machine *m, struct zone *z, pfn_t pfn, unsigned int order,
		 enum migratetype type)
{
	struct per_cpu_pages *pcp;
	struct page_list *list;
	unsigned int index;
	struct page *p;
	u32 high;
	bool all;

	if (unlikely(!z->pageset || type == MIGRATE_ISOLATE)) {
		free_one_page(m, z, pfn, order, type, FREE_NORMAL);
		return;
	}
	pcp = this_pcp(m, z);
	p = pfn_to_page(m, pfn);
	p->flags = PAGE_FLAG(pcp);
	p->order = order & 15u;
	p->migratetype = type & 7u;
	/* the highatomic reserve has no list of its own here */
	index = pcp_list_index(order, type < MIGRATE_PCPTYPES ? type : MIGRATE_MOVABLE);
	list = &pcp->lists[index];
	page_list_add(m, list, pfn);
	pcp->count += 1u << order;

	/* a run of frees of small blocks: let them merge at once */
	all = pcp->free_factor && order && order <= PAGE_ALLOC_COSTLY_ORDER;
	high = !pcp->high || all ? 0 : pcp->high;
	if (unlikely(z->reclaim_active) && high)
		high = min_t(u32, pcp->batch << 2, high);
	if (unlikely(pcp->count >= high))
		pcp_over_high(m, z, pcp, index, high, all);
}

/* Where the pages of one pageblock go: the list of their type, and how many the CPU may keep. */
struct pcp_target {
	struct zone *z;
	struct per_cpu_pages *pcp; /* NULL: none of the CPU's lists */
	struct page_list *list;
	enum migratetype type;
	u32 block, place, high;
};

static void pcp_target_zone(struct machine *m, struct pcp_target *t, const struct page *p)
{
	t->z = page_zone(m, p);
	t->place = page_place(p);
	t->pcp = t->z->pageset && !contents_in_use(m) ? this_pcp(m, t->z) : NULL;
	t->high = t->pcp ? pcp_high_now(t->z, t->pcp) : 0;
}

static inline void pcp_target_block(struct machine *m, struct pcp_target *t, pfn_t pfn)
{
	t->block = pfn >> PAGEBLOCK_ORDER;
	t->type = get_pageblock_migratetype(m, pfn);
	t->list = t->pcp && t->type < MIGRATE_PCPTYPES ? &t->pcp->lists[t->type] : NULL;
}

void free_unlisted_pages(struct machine *m, const pfn_t *pfn, u32 nr)
{
	struct pcp_target t = { .block = UINT32_MAX, .place = UINT32_MAX };
	u32 i, other = 0;

	for (i = 0; i < nr; i++) {
		const pfn_t at = pfn[i];
		struct page *p = pfn_to_page(m, at);

		if (unlikely(at >> PAGEBLOCK_ORDER != t.block)) {
			if (unlikely(page_place(p) != t.place))
				pcp_target_zone(m, &t, p);
			pcp_target_block(m, &t, at);
		}
		if (unlikely(!t.list)) {
			free_unlisted_page(m, at, p);
			other++;
			continue;
		}
		clear_for_pcp(p, t.type);
		page_list_add(m, t.list, at);
		/* what will be looked at when the page is to merge with its neighbours */
		__builtin_prefetch(pfn_to_page(m, at ^ 2));
		if (unlikely(++t.pcp->count >= t.high))
			pcp_over_high(m, t.z, t.pcp, t.type, t.high, false);
	}
	count_vm_events(m, PGFREE, nr - other);
}

/* ---- sizes ---- */

static u32 zone_batchsize(const struct zone *z)
{
	u64 batch = min_t(u64, z->managed_pages >> 10, (1u << 20) / PAGE_SIZE) / 4;

	if (batch < 1)
		batch = 1;
	batch += batch / 2;
	/* one less than a power of two: CPUs that take turns then do not hit the same cache
	 * lines */
	batch = (1ull << (63 - __builtin_clzll(batch))) - 1;
	return batch ? (u32)batch : 1;
}

static u32 zone_highsize(const struct machine *m, const struct zone *z, u32 batch)
{
	u64 total = m->sysctl.percpu_pagelist_high_fraction ?
			    z->managed_pages / (u64)m->sysctl.percpu_pagelist_high_fraction :
			    wmark_pages(z, WMARK_LOW);
	u32 cpus = m->node[z->nid].nr_cpus;

	if (!cpus)
		cpus = m->nr_cpus ? m->nr_cpus : 1;
	return (u32)max_t(u64, total / cpus, (u64)batch << 2);
}

void zone_pcp_update(struct machine *m, struct zone *z)
{
	u32 batch, high, cpu;

	if (!z->pageset)
		return;
	batch = zone_batchsize(z);
	high = zone_highsize(m, z, batch);
	for (cpu = 0; cpu < m->nr_cpus; cpu++) {
		struct per_cpu_pages *pcp = pool_at(&m->pagesets, z->pageset + cpu);

		pcp->batch = batch;
		pcp->high = high;
	}
}

static int zone_pageset_init(struct machine *m, struct zone *z)
{
	u32 cpu, i;

	z->pageset = pool_alloc_array(&m->pagesets, m->nr_cpus);
	if (!z->pageset)
		return -ENOMEM;
	for (cpu = 0; cpu < m->nr_cpus; cpu++) {
		struct per_cpu_pages *pcp = pool_at(&m->pagesets, z->pageset + cpu);

		for (i = 0; i < NR_PCP_LISTS; i++)
			page_list_init(&pcp->lists[i]);
	}
	zone_pcp_update(m, z);
	return 0;
}

int setup_per_cpu_pageset(struct machine *m)
{
	u32 nid, type;

	for (nid = 0; nid < m->nr_nodes; nid++)
		for (type = 0; type < MAX_NR_ZONES; type++) {
			struct zone *z = &m->node[nid].zones[type];

			if (zone_populated(z) && !z->pageset && zone_pageset_init(m, z))
				return -ENOMEM;
		}
	return 0;
}

static void drain_zone_cpu(struct machine *m, struct zone *z, u32 cpu)
{
	struct per_cpu_pages *pcp = pool_at(&m->pagesets, z->pageset + cpu);

	if (pcp->count)
		free_pcppages_bulk(m, z, pcp, pcp->count, 0);
}

void drain_zone_pages(struct machine *m, struct zone *z, int cpu)
{
	u32 first = cpu < 0 ? 0 : (u32)cpu, end = cpu < 0 ? m->nr_cpus : (u32)cpu + 1;

	for (; z->pageset && first < end; first++)
		drain_zone_cpu(m, z, first);
}

void drain_pages(struct machine *m, int cpu)
{
	u32 first = cpu < 0 ? 0 : (u32)cpu, end = cpu < 0 ? m->nr_cpus : (u32)cpu + 1, nid, type;

	for (; first < end; first++)
		for (nid = 0; nid < m->nr_nodes; nid++)
			for (type = 0; type < MAX_NR_ZONES; type++)
				if (m->node[nid].zones[type].pageset)
					drain_zone_cpu(m, &m->node[nid].zones[type], first);
}
