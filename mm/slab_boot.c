/*
 * slab_boot.c - what a booted kernel holds in its slab caches.
 *
 * All of it is allocated through the ordinary path, so that Slab, SUnreclaim and the free lists
 * show pages that were really taken. Each CPU allocates its own share, so that each has its own
 * slabs. On top of the table (slab_caches.c): a kmem_cache and, for each node, a kmem_cache_node
 * for every cache, and buffers that are too large for any cache (kmalloc of more than 8 KiB): 1440
 * KiB and 10 more for each CPU were in SUnreclaim but in no line of slabinfo.
 */
#include "mm/slab.h"

#include <errno.h>

#define LARGE_ORDER	 3u /* the large buffers are taken in pieces of 32 KiB */
#define LARGE_BASE_KB	 1440u
#define LARGE_PER_CPU_KB 10u

static u32 nr_blocks(const struct machine *m)
{
	u64 pages = 0;
	u32 nid;

	for (nid = 0; nid < m->nr_nodes; nid++)
		pages += m->node[nid].node_present_pages;
	return (u32)((pages + PAGES_PER_SECTION - 1) / PAGES_PER_SECTION);
}

/* @n objects, as evenly as they go among the CPUs, the first CPU having what is left over. */
static int populate(struct machine *m, handle_t cache, u32 n)
{
	u32 cpu = m->cpu, share = n / m->nr_cpus, first = n - share * (m->nr_cpus - 1), i;
	int error = 0;

	for (i = 0; !error && i < m->nr_cpus; i++) {
		m->cpu = i;
		error = kmem_cache_alloc(m, cache, i ? share : first);
	}
	m->cpu = cpu;
	return error;
}

static int populate_cache(struct machine *m, handle_t cache)
{
	const struct slab_row *r = &slab_rows[kmem_cache_at(m, cache)->row];
	u32 cpu = m->cpu, i;
	int error;

	/* the common part was made by the first CPU */
	error = kmem_cache_alloc(m, cache, r->base + r->per_block * nr_blocks(m));
	for (i = 0; !error && i < m->nr_cpus; i++) {
		m->cpu = i;
		error = kmem_cache_alloc(m, cache, r->per_cpu);
	}
	m->cpu = cpu;
	return error;
}

static int populate_large(struct machine *m)
{
	u32 kb = LARGE_BASE_KB + LARGE_PER_CPU_KB * m->nr_cpus, i;
	pfn_t pfn;

	for (i = 0; i < (kb << 10) / (PAGE_SIZE << LARGE_ORDER); i++) {
		pfn = alloc_pages(m, GFP_KERNEL | __GFP_COMP, LARGE_ORDER, NUMA_NO_NODE);
		if (pfn == PFN_NONE)
			return -ENOMEM;
		mod_slab_pages(m, pfn_to_page(m, pfn)->node, false, 1 << LARGE_ORDER);
		m->node[pfn_to_page(m, pfn)->node].slab_large_pages += 1 << LARGE_ORDER;
	}
	return 0;
}

int slab_populate(struct machine *m)
{
	u32 nr_caches = m->slab.caches.nr_live;
	handle_t h;
	int error;

	error = populate(m, kmem_cache_find(m, "kmem_cache"), nr_caches);
	if (!error)
		error = populate(m, kmem_cache_find(m, "kmem_cache_node"),
				 nr_caches * m->nr_online_nodes);
	for (h = 1; !error && h < m->slab.caches.nr_slots; h++)
		error = populate_cache(m, h);
	return error ? error : populate_large(m);
}
