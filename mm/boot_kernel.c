/*
 * boot_kernel.c - what a booted kernel has taken from the buddy allocator for itself, besides slab,
 * stacks and page tables: atomic DMA pools, vmalloc areas, late hash tables, the memmap of DIMMs.
 *
 * Sizes are rules fitted to guests (docs/boot.md); the sums end up in MemFree and VmallocUsed.
 */
#include "mm/boot_internal.h"
#include "mm/memory_hotplug.h"

#include <errno.h>
#include <stdio.h>

/* One more block of 2^@order pages that nobody will ever give back. */
static bool take(struct machine *m, gfp_t gfp, unsigned int order, int nid)
{
	return alloc_pages(m, gfp | __GFP_NOWARN | __GFP_NORETRY, order, nid) != PFN_NONE;
}

static int next_node_with_memory(const struct machine *m, u32 *at)
{
	u32 i;

	for (i = 0; i < m->nr_nodes; i++) {
		u32 nid = (*at)++ % m->nr_nodes;

		if (m->node[nid].has_memory)
			return (int)nid;
	}
	return 0;
}

/* @pages of kernel memory, in blocks of 2^@order, in turns from all nodes. */
static int take_spread(struct machine *m, u64 pages, unsigned int order)
{
	u32 at = 0;

	for (; pages >= (u64)1 << order; pages -= (u64)1 << order)
		if (!take(m, GFP_KERNEL, order, next_node_with_memory(m, &at)))
			return -ENOMEM;
	for (; pages; pages--)
		if (!take(m, GFP_KERNEL, 0, next_node_with_memory(m, &at)))
			return -ENOMEM;
	return 0;
}

/* Three pools for atomic DMA: 128 KiB for each GiB of RAM, one power-of-two block each. */
static int atomic_pools(struct boot *b)
{
	static const struct {
		gfp_t gfp;
		const char *name;
	} pools[] = { { GFP_KERNEL, "GFP_KERNEL" },
		      { GFP_KERNEL | __GFP_DMA, "GFP_KERNEL|GFP_DMA" },
		      { GFP_KERNEL | __GFP_DMA32, "GFP_KERNEL|GFP_DMA32" } };
	u64 pages = b->early_pages / (GiB / (128 * KiB));
	unsigned int order = 5, i;

	if (is_i386(b))
		return 0;
	while (order < MAX_ORDER - 1 && (u64)1 << order < pages)
		order++;
	for (i = 0; i < ARRAY_SIZE(pools); i++)
		if (take(b->m, pools[i].gfp, order, NUMA_NO_NODE))
			printk(b->m, 6, "DMA: preallocated %llu KiB %s pool for atomic allocations",
			       (unsigned long long)PAGE_KB << order, pools[i].name);
	return 0;
}

/* vmalloc: packed BPF programs for each node, bookkeeping of per-CPU chunks, modules, compression
 * buffers for each CPU; and the hash tables where they are spread over nodes. */
static void count_vmalloc(struct boot *b)
{
	struct boot_info *info = &b->m->boot;
	u32 nid, online = 0;

	for (nid = 0; nid < b->m->nr_nodes; nid++)
		online += b->m->node[nid].online;
	if (is_i386(b))
		info->vmalloc_used_kb = 100;
	else
		info->vmalloc_used_kb = 2048 * (u64)online + 2124 * info->percpu_unit / MiB + 1328 +
					256 * (u64)b->c->nr_cpus + 36;
	info->vmalloc_used_kb += b->hash_vmalloc_kb;
}

/* Free memory that the kernel itself can use. */
static u64 free_lowmem(const struct machine *m)
{
	u64 sum = 0;
	u32 nid, type;

	for (nid = 0; nid < m->nr_nodes; nid++)
		for (type = ZONE_DMA; type <= ZONE_NORMAL; type++)
			sum += (u64)m->node[nid].zones[type].vm_stat[NR_FREE_PAGES];
	return sum;
}

int boot_kernel_memory(struct boot *b)
{
	struct boot_info *info = &b->m->boot;
	u64 early_huge = b->hash_huge_kb / PAGE_KB;
	u64 other = is_i386(b) ? 1400 : 1600 + 440 * (u64)b->c->nr_cpus;
	int error;

	count_vmalloc(b);
	if (b->c->bare && free_lowmem(b->m) < 20 * MiB >> PAGE_SHIFT)
		return boot_error(b, "too little RAM for the kernel to boot");
	if (b->c->bare)
		return 0;
	error = atomic_pools(b);
	if (!error)
		error = take_spread(b->m, early_huge, PAGEBLOCK_ORDER);
	if (!error)
		error = take_spread(b->m, info->vmalloc_used_kb / PAGE_KB - early_huge, 0);
	if (!error)
		error = take_spread(b->m, b->late_hash_kb / PAGE_KB, 3);
	/* six pages of each CPU's second chunk; tracing, early page tables, queues, drivers */
	if (!error)
		error = take_spread(
			b->m, (info->percpu_kb / PAGE_KB - info->percpu_pages) + other / PAGE_KB,
			0);
	/* slab, stacks and the first process are still to come: 20 MiB, and a little for each
	 * CPU */
	if (error || free_lowmem(b->m) < (20 * MiB + b->c->nr_cpus * (768 * KiB)) >> PAGE_SHIFT)
		return boot_error(b, "too little RAM for the kernel to boot");
	return 0;
}

/* ---- DIMMs: their memmap comes from the RAM there is; memhp_default_state= may online them
 * ---- */

static enum zone_type online_zone(const struct boot *b)
{
	switch (b->p->memhp) {
	case MEMHP_ONLINE_MOVABLE:
		return ZONE_MOVABLE;
	case MEMHP_ONLINE:
		return b->p->movable_node ? ZONE_MOVABLE : ZONE_NORMAL;
	default:
		return ZONE_NORMAL;
	}
}

static int online_dimm(struct boot *b, const struct memory_range *d, pfn_t start, pfn_t end)
{
	enum zone_type type = online_zone(b);
	struct zone *z = &b->m->node[d->nid].zones[type];
	int error = zone_add_present(b->m, d->nid, type, start, end);
	pfn_t usable = start + memory_block_vmemmap_pages(b->m, start / PAGES_PER_SECTION);

	if (!error)
		error = zone_free_range(b->m, z, usable, end);
	if (error)
		return error;
	z->managed_pages += end - usable;
	b->m->totalram_pages += end - usable;
	build_zonelists(b->m);
	return setup_per_cpu_pageset(b->m);
}

int boot_dimms(struct boot *b)
{
	struct memory_hotplug_state *s = &b->m->hotplug;
	u32 i;

	s->memmap_on_memory = b->p->memmap_on_memory;
	s->online_policy = b->p->auto_movable ? ONLINE_POLICY_AUTO_MOVABLE :
						ONLINE_POLICY_CONTIG_ZONES;
	s->numa_aware = !b->p->numa_unaware;
	if (b->p->auto_movable_ratio >= 0)
		s->auto_movable_ratio = (u32)b->p->auto_movable_ratio;
	for (i = 0; i < b->nr_dimms; i++) {
		const struct memory_range *d = &b->dimm[i];
		pfn_t start = (pfn_t)(d->start >> PAGE_SHIFT);
		pfn_t end = (pfn_t)((d->start + d->size) >> PAGE_SHIFT);
		char name[DIMM_NAME_MAX];
		int error;

		if (*d->name)
			snprintf(name, sizeof(name), "%s", d->name);
		else
			snprintf(name, sizeof(name), "dimm%u", i);
		error = memory_dimm_boot(b->m, name, d->start, d->size, d->nid);
		if (error == -ENOMEM)
			return boot_error(b, "too little RAM for the memmap of the DIMMs");
		if (error)
			return boot_error(b, "[dimm %s]: the same name again, or a bad one", name);
		if (b->p->memhp != MEMHP_OFFLINE)
			error = online_dimm(b, d, start, end);
		if (error)
			return error;
	}
	if (b->nr_dimms)
		build_zonelists(b->m);
	if (b->nr_dimms && b->p->memhp != MEMHP_OFFLINE) {
		init_per_zone_wmark_min(b->m);
		khugepaged_min_free_kbytes_update(b->m);
	}
	return 0;
}

/* One page of 1 GiB that was taken from memblock: a pool's now, and managed from here on. */
static void adopt_gigantic(struct boot *b, pfn_t pfn)
{
	struct zone *z = pfn_zone(b->m, pfn);

	memblock_free(&b->mb, (u64)pfn << PAGE_SHIFT, GiB);
	if (!z)
		return;
	z->managed_pages += GiB >> PAGE_SHIFT;
	b->m->totalram_pages += GiB >> PAGE_SHIFT;
}

void count_gigantic_pages(struct boot *b)
{
	struct boot_info *info = &b->m->boot;
	u32 nid, k;

	for (k = 0; k < info->nr_hstates; k++) {
		for (nid = 0; info->hstate[k].page_size == GiB && nid < b->m->nr_nodes; nid++) {
			handle_t h = info->hstate[k].free_list[nid];

			for (; h; h = ((struct huge_frame *)pool_at(&info->huge_frames, h))->next)
				adopt_gigantic(
					b,
					((struct huge_frame *)pool_at(&info->huge_frames, h))->pfn);
		}
	}
}
