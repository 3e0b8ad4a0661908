/*
 * contig.h - stretches of memory larger than the buddy allocator's blocks.
 *
 * A stretch must be free as a whole: pages in use are not moved out of the way (migration comes
 * later), so a machine that has run for a while may have none.
 */
#ifndef MM_CONTIG_H
#define MM_CONTIG_H

#include <mman/machine.h>

/** alloc_contig_pages() - @nr pages of node @nid, aligned to @nr (a power of two, at least one
 * block of the highest order). The first is PG_head, the others its tails. PFN_NONE if there is
 * none. */
pfn_t alloc_contig_pages(struct machine *m, u32 nr, u32 nid);

/** prep_compound_page() - [@start, @end) is one page: a head and its tails. */
void prep_compound_page(struct machine *m, pfn_t start, pfn_t end);

/** free_contig_range() - give such pages back, as blocks of the highest order. */
void free_contig_range(struct machine *m, pfn_t start, pfn_t end);

/** split_contig_page() - [@pfn, @pfn + 2^@order) becomes a compound page of its own. Frames without
 * struct pages stay without. */
void split_contig_page(struct machine *m, pfn_t pfn, unsigned int order);

#endif
