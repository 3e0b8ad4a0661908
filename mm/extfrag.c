/*
 * extfrag.c - how fragmented is free memory?
 *
 *	unusable index       what share of it is in blocks smaller than wanted: what is
 *	fragmentation index  if no block is large enough, is it for want of memory, or because of how it
 *	                     is cut up? What to do: reclaim, or compact
 *	score                the first one at the order of a huge page, in percent, of a whole node
 *
 * Source: Documentation/admin-guide/sysctl/vm.rst (extfrag_threshold, compaction_proactiveness).
 */
#include "mm/compaction.h"

struct contig_page_info {
	u64 free_pages, free_blocks;
	u64 suitable; /* blocks of the wanted order that there are */
};

static struct contig_page_info contig_page_info(const struct zone *z, u32 order)
{
	struct contig_page_info info = { 0 };
	u32 o;

	for (o = 0; o < MAX_ORDER; o++) {
		u64 blocks = z->free_area[o].nr_free;

		info.free_blocks += blocks;
		info.free_pages += blocks << o;
		if (o >= order)
			info.suitable += blocks << (o - order);
	}
	return info;
}

s32 unusable_free_index(const struct zone *z, u32 order)
{
	struct contig_page_info info = contig_page_info(z, order);

	if (!info.free_pages)
		return 1000;
	return (s32)((info.free_pages - (info.suitable << order)) * 1000 / info.free_pages);
}

s32 fragmentation_index(const struct zone *z, u32 order)
{
	struct contig_page_info info = contig_page_info(z, order);

	if (!info.free_blocks)
		return 0;
	if (info.suitable)
		return -1000;
	return (s32)(1000 -
		     (s64)((1000 + info.free_pages * 1000 / (1u << order)) / info.free_blocks));
}

u32 fragmentation_score_zone(const struct zone *z)
{
	struct contig_page_info info = contig_page_info(z, COMPACTION_HPAGE_ORDER);

	if (!info.free_pages)
		return 0;
	return (u32)((info.free_pages - (info.suitable << COMPACTION_HPAGE_ORDER)) * 100 /
		     info.free_pages);
}

u32 fragmentation_score_node(const struct machine *m, u32 nid)
{
	const struct pglist_data *n = &m->node[nid];
	u64 score = 0;
	u32 type;

	for (type = 0; type < MAX_NR_ZONES; type++) {
		const struct zone *z = &n->zones[type];

		if (zone_populated(z))
			score += z->present_pages * fragmentation_score_zone(z) /
				 (n->node_present_pages + 1);
	}
	return (u32)score;
}

u32 fragmentation_score_wmark(const struct machine *m, bool low)
{
	u32 mark = max_t(u32, 100 - (u32)m->sysctl.compaction_proactiveness, 5);

	return low ? mark : min_t(u32, mark + 10, 100);
}
