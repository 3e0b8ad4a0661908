/*
 * workingset.c - what comes back too soon.
 *
 * A page that is read, dropped and read again has been used twice, but reclaim saw only one use at
 * a time. Would it have stayed, had the inactive list been longer?
 *
 *	     clock:  evictions and activations of the node, ever growing (nonresident_age)
 *
 *	  +--------------+             +-----------+
 *	  |   inactive   | <---------- |  active   |
 *	  +------------+-+             +-----------+
 *	       evicted | shadow = clock                 refault: distance = clock now - clock then
 *	               v
 *	  distance <= pages that could have made room: activate it, it is of the working set
 *
 * The distance is how many more slots the inactive list would have needed. They can come from the
 * active list of its own kind and, while swap has room, from the lists of the other kind. A page
 * that was in the working set when it was evicted (PG_workingset: it had been active) is restored,
 * and counts as a cost of having reclaimed its side (lru_note_cost()).
 *
 * A shadow is one 32-bit value where the PFN was:
 *
 *	XA_VALUE | clock >> bucket | node | workingset
 *
 * with as few bits for the node as the machine has nodes. On machines where the clock would wrap
 * within one memory size its low bits are left out: the bucket.
 *
 * Source: Documentation/admin-guide/mm/concepts.rst, admin-guide/cgroup-v2.rst (workingset_*).
 */
#include <mman/workingset.h>

#include "mm/lru.h"
#include "mm/vmscan.h"

static inline u32 bits_for(u64 n)
{
	return n > 1 ? 64 - (u32)__builtin_clzll(n - 1) : 0;
}

static u32 node_bits(const struct machine *m)
{
	return bits_for(m->boot.nr_nodes);
}

static u32 clock_bits(const struct machine *m)
{
	return 31 - 1 - node_bits(m);
}

static u32 bucket_order(const struct machine *m)
{
	u32 needed = bits_for(m->boot.max_pfn), have = clock_bits(m);

	return needed > have ? needed - have : 0;
}

static u64 clock_mask(const struct machine *m)
{
	return (1ull << clock_bits(m)) - 1;
}

void shadow_maker_init(const struct machine *m, struct shadow_maker *s, struct pglist_data *n)
{
	*s = (struct shadow_maker){
		.n = n,
		.mask = clock_mask(m),
		.nid = n->nid,
		.bucket = bucket_order(m),
		.node_bits = node_bits(m),
		.low = XA_VALUE | (u32)n->nid << 1,
	};
}

u32 workingset_eviction(struct machine *m, pfn_t pfn)
{
	const struct page *p = pfn_to_page(m, pfn);
	struct shadow_maker s;

	shadow_maker_init(m, &s, page_node(m, p));
	return shadow_make(&s, page_test(p, PG_workingset));
}

void workingset_age_nonresident(struct machine *m, u32 nid, u64 nr)
{
	m->node[nid].lruvec.nonresident_age += nr;
}

/* Pages that could have made room for one of this side. */
static u64 workingset_size(const struct machine *m, const struct pglist_data *n,
			   enum page_side side)
{
	s64 size = n->vm_stat[NR_ACTIVE_FILE];

	if (side == SIDE_ANON)
		size += n->vm_stat[NR_INACTIVE_FILE];
	if (free_swap_pages(m)) {
		size += n->vm_stat[NR_ACTIVE_ANON];
		if (side == SIDE_FILE)
			size += n->vm_stat[NR_INACTIVE_ANON];
	}
	return (u64)size;
}

void workingset_refault(struct machine *m, pfn_t pfn, u32 shadow)
{
	struct page *p = pfn_to_page(m, pfn);
	enum page_side side = page_test(p, PG_swapbacked) ? SIDE_ANON : SIDE_FILE;
	bool was_active = shadow & 1;
	u32 nid = (shadow & ~XA_VALUE) >> 1 & ((1u << node_bits(m)) - 1);
	struct pglist_data *evicted_on = &m->node[nid], *n = page_node(m, p);
	u64 then = (shadow & ~XA_VALUE) >> (1 + node_bits(m)), distance;

	mod_node_page_state(m, n, (enum node_stat_item)((u32)WORKINGSET_REFAULT_ANON + side), 1);
	distance = ((evicted_on->lruvec.nonresident_age >> bucket_order(m)) - then) & clock_mask(m);
	if (distance << bucket_order(m) > workingset_size(m, evicted_on, side))
		return;
	page_set(p, PG_active);
	workingset_age_nonresident(m, p->node, 1);
	mod_node_page_state(m, n, (enum node_stat_item)((u32)WORKINGSET_ACTIVATE_ANON + side), 1);
	if (!was_active)
		return;
	page_set(p, PG_workingset);
	lru_note_cost(n, side, 1);
	mod_node_page_state(m, n, (enum node_stat_item)((u32)WORKINGSET_RESTORE_ANON + side), 1);
}
