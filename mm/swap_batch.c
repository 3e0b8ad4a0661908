/*
 * swap_batch.c - the plain case of putting pages out, a batch at a time.
 *
 *	is it plain?     anonymous, one entry maps it, nobody has written bytes to it
 *	out              a run of slots, for each page its entry, its slot and its flags, one write
 *	gone             written, and nobody came back: a shadow for the slot, the frame to the allocator
 *
 * What each page goes through is what add_to_swap(), try_to_unmap(), swap_writepage() and
 * delete_from_swap_cache() do with one; whatever is not plain takes that way. Counters that a batch
 * has in common (zone, address space) change once for all of its pages.
 */
#include <mman/workingset.h>

#include "mm/blk.h"
#include "mm/rmap.h"
#include "mm/swapfile.h"
#include "mm/tlb.h"

/* Pages so far of one zone, and of one mapping. */
struct tally {
	struct zone *z;
	struct mm *mm;
	handle_t vma;
	u32 place; /* page_place() in it */
	s64 of_zone, of_mm;
};

static void count_zone(struct machine *m, struct tally *t, const struct page *next)
{
	struct pglist_data *n;

	if (t->z) {
		n = &m->node[t->z->nid];
		mod_node_page_state(m, n, NR_ANON_PAGES, -t->of_zone);
		mod_node_page_state(m, n, NR_FILE_PAGES, t->of_zone);
		mod_node_page_state(m, n, NR_SWAPCACHED, t->of_zone);
		mod_node_page_state(m, n, NR_WRITEBACK, t->of_zone);
		mod_node_page_state(m, n, NR_VMSCAN_WRITE, t->of_zone);
		mod_zone_page_state(m, t->z, NR_ZONE_WRITE_PENDING, t->of_zone);
	}
	t->of_zone = 0;
	if (!next)
		return;
	t->place = page_place(next);
	t->z = page_zone(m, next);
}

static void count_mm(struct machine *m, struct tally *t, handle_t next)
{
	if (t->mm) {
		t->mm->rss[MM_ANONPAGES] -= t->of_mm;
		t->mm->rss[MM_SWAPENTS] += t->of_mm;
	}
	t->of_mm = 0;
	t->vma = next;
	if (!next)
		return;
	t->mm = mm_at(m, vma_at(m, next)->mm);
	update_hiwater_rss(t->mm);
	tlb_flush_mm(m, t->mm);
}

/* The entry lets the page go, which is under writeback from here on. */
static inline void put_out(struct page *p, pte_t *pte, u64 entry)
{
	const u32 goes = PAGE_FLAG(dirty) | PAGE_FLAG(error) | PAGE_FLAG(anon_exclusive);
	const u32 comes = PAGE_FLAG(swapcache) | PAGE_FLAG(writeback) | PAGE_FLAG(reclaim);

	_Static_assert(PTE_SWP_EXCLUSIVE < PAGE_FLAG(anon_exclusive), "shifted down");
	*pte = entry | (*pte & PTE_SOFT_DIRTY) |
	       (page_test(p, PG_anon_exclusive) ? PTE_SWP_EXCLUSIVE : 0);
	p->flags = (p->flags & ~goes) | comes;
	p->mapcount = 0;
}

/* [@at, @at + @nr) of the batch take the slots from @slot on, which are one cluster's. */
static void put_out_run(struct machine *m, const struct swap_batch *b, u32 at, u32 nr, u32 slot,
			struct tally *t)
{
	struct swap_slots *s = slots_of(m, slot);
	u64 entry = swap_pte_of(m, slot);
	u32 n = slot_number(slot), i;

	for (i = 0; i < nr; i++) {
		pfn_t pfn = b->pfn[at + i];
		const struct rmap_only *only = b->only[at + i];
		struct page *p = pfn_to_page(m, pfn);

		if (unlikely(!t->z || page_place(p) != t->place))
			count_zone(m, t, p);
		if (unlikely(only->vma != t->vma))
			count_mm(m, t, only->vma);
		t->of_zone++;
		t->of_mm++;
		put_out(p, only->pte, entry);
		entry += 1ull << PTE_SWAP_OFFSET_SHIFT;
		*page_slot(m, pfn) = slot + i;
		s->slot[n + i].entry = pfn;
		s->slot[n + i].count = SWAP_HAS_CACHE | 1;
	}
	blk_write_pages(m, slot_sector(m, slot), b->pfn + at, nr);
}

u32 swap_out_pages(struct machine *m, const struct swap_batch *b)
{
	u32 slot[SWAP_CLUSTER_MAX], got = get_swap_slots(m, b->nr, slot), i, n;
	struct tally t = { .z = NULL };

	/* those of one cluster ascend: what lies as far apart as there are slots between has no
	 * gaps */
	for (i = 0; i < got; i += n) {
		n = min_t(u32, got - i, SWAP_CLUSTER_SLOTS - slot_number(slot[i]));
		while (slot[i + n - 1] != slot[i] + n - 1)
			n--;
		put_out_run(m, b, i, n, slot[i], &t);
	}
	count_zone(m, &t, NULL);
	count_mm(m, &t, 0);
	count_vm_events(m, PSWPOUT, got);
	return got;
}

/* ---- gone ---- */

static void count_gone(struct machine *m, struct pglist_data *n, s64 nr)
{
	if (!nr)
		return;
	mod_node_page_state(m, n, NR_FILE_PAGES, -nr);
	mod_node_page_state(m, n, NR_SWAPCACHED, -nr);
}

void free_swapped_pages(struct machine *m, const pfn_t *pfn, u32 nr)
{
	struct shadow_maker shadows = { .n = NULL };
	struct swap_slots *s = NULL;
	u32 cluster = 0, i;
	s64 gone = 0;

	for (i = 0; i < nr; i++) {
		struct page *p = pfn_to_page(m, pfn[i]);
		u32 *of_page = page_slot(m, pfn[i]), slot = *of_page, at = slot_number(slot);

		if (unlikely(!s || slot >> SWAP_CLUSTER_SHIFT != cluster)) {
			cluster = slot >> SWAP_CLUSTER_SHIFT;
			s = slots_of(m, slot);
		}
		if (unlikely(!shadows.n || shadows.nid != p->node)) {
			count_gone(m, shadows.n, gone);
			gone = 0;
			shadow_maker_init(m, &shadows, page_node(m, p));
		}
		*of_page = 0;
		p->flags &= ~(PAGE_FLAG(swapcache) | PAGE_FLAG(isolated));
		s->slot[at].entry = shadow_make(&shadows, page_test(p, PG_workingset));
		s->slot[at].count &= ~SWAP_HAS_CACHE;
		if (unlikely(!s->slot[at].count)) {
			put_swap_slot(m, slot);
			s = NULL; /* that was its last one, perhaps */
		}
		gone++;
	}
	count_gone(m, shadows.n, gone);
	free_unlisted_pages(m, pfn, nr);
}
