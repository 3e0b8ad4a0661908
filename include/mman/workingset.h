/*
 * workingset.h - how far away a refault is: shadow entries.
 *
 * When a page is evicted its place (page cache index, swap slot) keeps a shadow: node, workingset
 * bit and the node's eviction clock (nonresident_age). At the refault the distance between the two
 * clocks says whether the page would have stayed had the inactive list been longer.
 * A shadow is a 32-bit value with XA_VALUE set, so that it fits where a PFN would be.
 * Source: Documentation/admin-guide/mm/multigen_lru.rst (terms), proc.rst; facts observed.
 */
#ifndef MMAN_WORKINGSET_H
#define MMAN_WORKINGSET_H

#include <mman/mmzone.h>
#include <mman/xarray.h>

struct machine;

/** workingset_eviction() - @pfn is about to be evicted: its shadow. Advances nonresident_age. */
u32 workingset_eviction(struct machine *m, pfn_t pfn);

/* workingset_eviction() of many pages of one node: what does not change from one to the next. */
struct shadow_maker {
	struct pglist_data *n;
	u64 mask;
	u32 nid, bucket, node_bits, low; /* low: what all of them have in common */
};

/** shadow_maker_init() - for pages of @n. shadow_make(): the next one's shadow; @workingset: it has
 * PG_workingset. */
void shadow_maker_init(const struct machine *m, struct shadow_maker *s, struct pglist_data *n);

static inline u32 shadow_make(struct shadow_maker *s, bool workingset)
{
	u64 age = s->n->lruvec.nonresident_age++ >> s->bucket & s->mask;

	return s->low | (u32)(age << s->node_bits) << 1 | workingset;
}

/** workingset_refault() - @pfn was read back where @shadow was: counts WORKINGSET_REFAULT_*,
 * activates the page (WORKINGSET_ACTIVATE_*) if the distance is within the workingset, restores
 * PG_workingset. The page is not on an LRU list yet. */
void workingset_refault(struct machine *m, pfn_t pfn, u32 shadow);

/** workingset_age_nonresident() - @nr pages were evicted from or activated on node @nid. */
void workingset_age_nonresident(struct machine *m, u32 nid, u64 nr);

#endif
