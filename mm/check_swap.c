/*
 * check_swap.c - the invariants of swap: every slot's count is what page tables and shared memory
 * hold of it, the swap cache knows its pages and they know it, and the sums are right.
 */
#include "mm/check.h"

#include <stdlib.h>

#include "mm/filemap.h"
#include "mm/swapfile.h"

struct tally {
	struct check *c;
	u32 *held; /* by cluster's slots handle and number: entries found */
	s64 used, cached, total;
};

static u64 place_of(const struct machine *m, u32 slot)
{
	return (u64)cluster_at(m, slot >> SWAP_CLUSTER_SHIFT)->slots * SWAP_CLUSTER_SLOTS +
	       slot_number(slot);
}

static void hold(struct tally *t, u32 slot, const char *who, u32 number)
{
	if (slot >> SWAP_CLUSTER_SHIFT >= t->c->m->swap.clusters.nr_slots ||
	    !swap_slot_in_use(t->c->m, slot)) {
		check_fail(t->c, "%s %u: its swap entry is of slot %u, which is free", who, number,
			   slot);
		return;
	}
	t->held[place_of(t->c->m, slot)]++;
}

/* ---- who holds slots ---- */

static void check_mm_entries(struct tally *t, handle_t mmh)
{
	struct machine *m = t->c->m;
	struct pte_walk w = pte_walk_range(mm_at(m, mmh), 0, task_size(m) >> PAGE_SHIFT);
	u32 i, type;

	while (pte_walk_next(m, &w))
		for (i = 0; i < w.n; i++) {
			if (pte_present(w.pte[i]) || !(w.pte[i] & PTE_SWAP))
				continue;
			type = (u32)(w.pte[i] >> PTE_SWAP_TYPE_SHIFT) % PTE_SWAP_TYPES;
			if (type >= MAX_SWAPFILES || !m->swap.area[type].in_use)
				check_fail(t->c, "mm %u: a swap entry of area %u", mmh, type);
			else
				hold(t, pte_swap_slot(m, w.pte[i]), "mm", mmh);
		}
}

static void check_inode_entries(struct tally *t, handle_t h)
{
	struct machine *m = t->c->m;
	const struct inode *i = inode_at(m, h);
	u64 index = 0;
	s64 swapped = 0;
	u32 entry;

	if (i->kind != INODE_SHMEM)
		return;
	for (; (entry = xa_find(m, i->pages, &index, UINT64_MAX)); index++) {
		if (!xa_is_value(entry))
			continue;
		swapped++;
		hold(t, entry & ~XA_VALUE, "inode", h);
	}
	check_equal(t->c, "pages of a file in swap", swapped, i->nrswapped);
}

/* ---- slots ---- */

static void check_slot(struct tally *t, u32 slot)
{
	struct machine *m = t->c->m;
	u32 held = t->held[place_of(m, slot)];
	pfn_t pfn = swap_cache_page(m, slot);
	const struct page *p;

	if (swap_count(m, slot) != held)
		check_fail(t->c, "slot %u: %u entries, count %u", slot, held, swap_count(m, slot));
	if ((pfn != PFN_NONE) != ((slot_at(m, slot)->count & SWAP_HAS_CACHE) != 0))
		check_fail(t->c, "slot %u: cached or not?", slot);
	if (swap_contents(m, slot) && !contents_references(m, swap_contents(m, slot)))
		check_fail(t->c, "slot %u: contents %u are no live value", slot,
			   swap_contents(m, slot));
	if (pfn == PFN_NONE)
		return;
	t->cached++;
	p = pfn_to_page(m, pfn);
	if (!page_test(p, PG_swapcache) || page_swap_slot(m, pfn) != slot)
		check_fail(t->c, "slot %u: cached in pfn %u, which is another's", slot, pfn);
	if (!page_test(p, PG_swapbacked) || page_mapping_type(p) == MAPPING_FILE)
		check_fail(t->c, "pfn %u: in the swap cache, but not anonymous", pfn);
	if (p->mapcount && page_mapping_type(p) != MAPPING_ANON)
		check_fail(t->c, "pfn %u: in the swap cache, mapped, and nobody's", pfn);
}

static u32 check_cluster(struct tally *t, u32 cluster)
{
	struct machine *m = t->c->m;
	const struct swap_slots *s = slots_of(m, cluster << SWAP_CLUSTER_SHIFT);
	u32 i, used = 0;

	for (i = 0; i < SWAP_CLUSTER_SLOTS; i++) {
		u32 slot = cluster << SWAP_CLUSTER_SHIFT | i;
		bool free = s->free[i / 64] >> i % 64 & 1;

		if (!s->slot[i].count) {
			if (s->slot[i].entry)
				check_fail(t->c, "slot %u: free, but remembers %x", slot,
					   s->slot[i].entry);
			continue;
		}
		used++;
		if (free)
			check_fail(t->c, "slot %u: in use, but free", slot);
		check_slot(t, slot);
	}
	return used;
}

static void check_area(struct tally *t, const struct swap_area *a)
{
	struct machine *m = t->c->m;
	s64 used = 0;
	u32 cluster;

	if (a->inode && !(inode_at(m, a->inode)->flags & INODE_SWAPFILE))
		check_fail(t->c, "swap file %s: does not know it", swap_area_path(m, a));

	for (cluster = a->first; cluster < a->first + a->nr_clusters; cluster++) {
		const struct swap_cluster *c = cluster_at(m, cluster);
		u32 n = c->slots ? check_cluster(t, cluster) : 0;

		if (n != c->used)
			check_fail(t->c, "cluster %u: %u slots in use, not %u", cluster, n,
				   c->used);
		if (c->slots && !n && cluster != a->current)
			check_fail(t->c, "cluster %u: empty, but takes memory", cluster);
		if (cluster >= a->fresh && c->slots)
			check_fail(t->c, "cluster %u: in use, but fresh", cluster);
		used += n;
	}
	check_equal(t->c, "swap: slots of an area in use", used, (s64)a->used_pages);
	t->used += used;
	t->total += a->writeok ? (s64)a->pages : used;
}

/* ---- pages ---- */

static void check_pages(struct tally *t)
{
	const u32 block = 1u << (MAX_ORDER - 1);
	struct machine *m = t->c->m;
	s64 cached = 0;
	pfn_t start, pfn;

	for (start = 0; start < m->max_pfn; start += block)
		for (pfn = start; page_exists(m, start) && pfn < start + block && pfn < m->max_pfn;
		     pfn++) {
			const struct page *p = pfn_to_page(m, pfn);

			cached += page_test(p, PG_swapcache);
			if (page_test(p, PG_writeback) && page_mapping_type(p) != MAPPING_FILE &&
			    !page_test(p, PG_swapcache))
				check_fail(t->c, "pfn %u: being written to no slot", pfn);
		}
	check_equal(t->c, "pages with PG_swapcache", cached, t->cached);
	check_equal(t->c, "nr_swapcached", cached, m->vm_node_stat[NR_SWAPCACHED]);
}

void check_swap(struct check *c)
{
	struct machine *m = c->m;
	struct tally t = { .c = c };
	s64 rotational = 0;
	handle_t h;
	u32 i;

	t.held = calloc((size_t)m->swap.slots.nr_slots * SWAP_CLUSTER_SLOTS + 1, sizeof(*t.held));
	if (!t.held) {
		check_fail(c, "the host is out of memory");
		return;
	}
	/* check_virt.c counts them: who says that he has none has none */
	for (h = m->mms.mm_head; h; h = mm_at(m, h)->next)
		if (mm_at(m, h)->rss[MM_SWAPENTS])
			check_mm_entries(&t, h);
	for (h = m->mms.inode_head; h; h = inode_at(m, h)->next)
		check_inode_entries(&t, h);
	for (i = 0; i < MAX_SWAPFILES; i++) {
		if (!m->swap.area[i].in_use)
			continue;
		check_area(&t, &m->swap.area[i]);
		rotational += m->swap.area[i].rotational;
	}
	check_pages(&t);
	check_equal(c, "swap: areas on disks that turn", rotational, (s64)m->swap.nr_rotate);
	check_equal(c, "swap: slots in use", t.used, (s64)m->swap.used_pages);
	check_equal(c, "SwapTotal, pages", t.total, (s64)m->swap.total_pages);
	free(t.held);
}
