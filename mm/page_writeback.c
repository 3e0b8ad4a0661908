/*
 * page_writeback.c - dirty page cache: its limits, its counters, and its writing.
 *
 * The ratios are percent of dirtyable memory, counted in 4096ths and rounded down: 20 % is
 * 819/4096. The byte knobs, where set, stand for pages rounded up. A background limit that is not
 * below the other is half of it.
 * Source: Documentation/admin-guide/sysctl/vm.rst; the rounding is what a 6.1 kernel showed for a
 * series of dirty_ratio and dirty_background_ratio.
 */
#include <mman/machine.h>
#include <mman/writeback.h>

#include "mm/filemap.h"
#include "mm/rmap.h"

#define RATIO_ONE 4096u
#define PAGE_KB	  (1u << (PAGE_SHIFT - 10))

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

/* ---- dirty and clean ---- */

/* Dirty pages of shared memory and anonymous ones only matter to swap: they are not counted. */
static bool accounts_dirty(const struct machine *m, const struct page *p)
{
	return page_mapping_type(p) == MAPPING_FILE &&
	       inode_at(m, page_mapping(p))->kind != INODE_SHMEM;
}

void page_set_dirty(struct machine *m, pfn_t pfn)
{
	struct page *p = pfn_to_page(m, pfn);
	struct inode *i;

	if (page_test(p, PG_dirty))
		return;
	page_set(p, PG_dirty);
	lru_count_dirty(m, p, 1);
	if (!accounts_dirty(m, p))
		return;
	i = inode_at(m, page_mapping(p));
	xa_set_mark(m, &i->pages, page_index(p), XA_DIRTY);
	i->nrdirty++;
	mod_node_page_state(m, page_node(m, p), NR_DIRTY, 1);
	mod_zone_page_state(m, page_zone(m, p), NR_ZONE_WRITE_PENDING, 1);
	mod_node_page_state(m, page_node(m, p), NR_DIRTIED, 1);
	if (m->current)
		task_at(m, m->current)->io_write_bytes += PAGE_SIZE;
}

void clear_page_dirty(struct machine *m, pfn_t pfn)
{
	struct page *p = pfn_to_page(m, pfn);
	struct inode *i;

	if (!page_test(p, PG_dirty))
		return;
	page_clear(p, PG_dirty);
	lru_count_dirty(m, p, -1);
	if (!accounts_dirty(m, p))
		return;
	i = inode_at(m, page_mapping(p));
	xa_clear_mark(m, &i->pages, page_index(p), XA_DIRTY);
	i->nrdirty--;
	mod_node_page_state(m, page_node(m, p), NR_DIRTY, -1);
	mod_zone_page_state(m, page_zone(m, p), NR_ZONE_WRITE_PENDING, -1);
}

u64 filemap_fdatawrite(struct machine *m, handle_t inode, u64 first, u64 last)
{
	struct inode *i = inode_at(m, inode);
	u64 index = first, written = 0;
	u32 pfn;

	while ((pfn = xa_find_marked(m, i->pages, &index, last, XA_DIRTY))) {
		page_mkclean(m, pfn);
		clear_page_dirty(m, pfn);
		mod_node_page_state(m, page_node(m, pfn_to_page(m, pfn)), NR_WRITTEN, 1);
		written++;
		if (index++ == last)
			break;
	}
	if (written) {
		count_vm_events(m, PGPGOUT, written * PAGE_KB);
		clock_charge(m, m->cost.disk_seek + written * m->cost.disk_page_write);
	}
	return written;
}
