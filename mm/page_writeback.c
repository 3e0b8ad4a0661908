/*
 * page_writeback.c - the limits of dirty memory.
 *
 * The ratios are percent of dirtyable memory, counted in 4096ths and rounded down: 20 % is
 * 819/4096. The byte knobs, where set, stand for pages rounded up. A background limit that is not
 * below the other is half of it.
 * Source: Documentation/admin-guide/sysctl/vm.rst; the rounding is what a 6.1 kernel showed for a
 * series of dirty_ratio and dirty_background_ratio.
 */
#include <mman/machine.h>
#include <mman/writeback.h>

#define RATIO_ONE 4096u

/* Page cache and free memory of highmem zones cannot hold buffers that the kernel writes. */
static u64 highmem_dirtyable(const struct machine *m)
{
	u64 pages = 0;
	u32 nid;

	if (!(m->zone_mask & 1u << ZONE_HIGHMEM))
		return 0;
	for (nid = 0; nid < m->nr_nodes; nid++) {
		const struct zone *z = &m->node[nid].zones[ZONE_HIGHMEM];
		u64 free = z->vm_stat[NR_FREE_PAGES] > 0 ? (u64)z->vm_stat[NR_FREE_PAGES] : 0;

		free -= min_t(u64, free, z->watermark[WMARK_HIGH]);
		pages += free +
			 (u64)(z->vm_stat[NR_ZONE_INACTIVE_FILE] + z->vm_stat[NR_ZONE_ACTIVE_FILE]);
	}
	return pages;
}

u64 global_dirtyable_memory(const struct machine *m)
{
	u64 pages = global_zone_page_state(m, NR_FREE_PAGES), reserve = 0;
	u32 nid;

	for (nid = 0; nid < m->nr_nodes; nid++)
		reserve += m->node[nid].totalreserve_pages;
	pages -= min_t(u64, pages, reserve);
	pages += global_node_page_state(m, NR_INACTIVE_FILE) +
		 global_node_page_state(m, NR_ACTIVE_FILE);
	pages -= min_t(u64, pages, highmem_dirtyable(m));
	return pages + 1; /* never 0 */
}

static u64 limit_pages(u64 bytes, s32 percent, u64 dirtyable)
{
	if (bytes)
		return (bytes + PAGE_SIZE - 1) / PAGE_SIZE;
	return (u64)percent * RATIO_ONE / 100 * dirtyable / RATIO_ONE;
}

void global_dirty_limits(const struct machine *m, u64 *background, u64 *limit)
{
	u64 dirtyable = global_dirtyable_memory(m);

	*limit = limit_pages(m->sysctl.dirty_bytes, m->sysctl.dirty_ratio, dirtyable);
	*background = limit_pages(m->sysctl.dirty_background_bytes,
				  m->sysctl.dirty_background_ratio, dirtyable);
	if (*background >= *limit)
		*background = *limit / 2;
}
