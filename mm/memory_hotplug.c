/*
 * memory_hotplug.c - memory blocks go online and offline.
 *
 * Online: the block's frames join a zone as free memory, and all that depends on the zones' sizes
 * follows: totals, watermarks, page lists, zonelists. Offline is the way back, and it needs the whole
 * block to be free: moving pages in use to other blocks is not built yet (EBUSY).
 *
 *	default zone of an offline block: the kernel zone whose span it lies in; ZONE_MOVABLE if only
 *	that one's; otherwise ZONE_NORMAL
 *
 * Source: Documentation/admin-guide/mm/memory-hotplug.rst, and the record of a hot-plugged DIMM.
 */
#include <mman/machine.h>
#include <mman/memory_hotplug.h>

#include "mm/contig.h"

#include <errno.h>
#include <stdio.h>

static pfn_t block_start(u32 block)
{
	return block * PAGES_PER_SECTION;
}

int memory_hotplug_init(struct machine *m)
{
	return pool_init(&m->hotplug.blocks, "offline_block", sizeof(struct offline_block),
			 1u << 20);
}

void memory_hotplug_destroy(struct machine *m)
{
	pool_destroy(&m->hotplug.blocks);
}

/* ---- which blocks there are ---- */

bool memory_block_exists(const struct machine *m, u32 block)
{
	u64 pfn = (u64)block * PAGES_PER_SECTION;

	return pfn < m->max_pfn && pfn_present(m, (pfn_t)pfn);
}

u32 memory_block_next(const struct machine *m, u32 block)
{
	u64 nr = (m->max_pfn + PAGES_PER_SECTION - 1) / PAGES_PER_SECTION, at;

	for (at = block; at < nr; at++)
		if (memory_block_exists(m, (u32)at))
			return (u32)at;
	return UINT32_MAX;
}

/* ---- what a block is ---- */

static struct offline_block *offline_block_at(const struct machine *m, handle_t h)
{
	return pool_at(&m->hotplug.blocks, h);
}

/* Node of an offline block: where it was, or where its DIMM is plugged in. */
static u16 offline_nid(const struct machine *m, u32 block)
{
	u64 start = (u64)block << SECTION_SHIFT;
	handle_t h;
	u32 i;

	for (h = m->hotplug.first; h; h = offline_block_at(m, h)->next)
		if (offline_block_at(m, h)->block == block)
			return offline_block_at(m, h)->nid;
	for (i = 0; i < m->config.nr_ranges; i++) {
		const struct memory_range *r = &m->config.range[i];

		if (start >= r->start && start < r->start + r->size)
			return r->nid;
	}
	return 0;
}

int memory_block_dimm(const struct machine *m, u32 block)
{
	u64 start = (u64)block << SECTION_SHIFT;
	int number = 0;
	u32 i;

	for (i = 0; i < m->config.nr_ranges; i++) {
		const struct memory_range *r = &m->config.range[i];

		if (!r->hotplug)
			continue;
		if (start >= r->start && start < r->start + r->size)
			return number;
		number++;
	}
	return -1;
}

static void forget_offline(struct machine *m, u32 block)
{
	handle_t *at = &m->hotplug.first;

	while (*at && offline_block_at(m, *at)->block != block)
		at = &offline_block_at(m, *at)->next;
	if (*at) {
		handle_t h = *at;

		*at = offline_block_at(m, h)->next;
		pool_free(&m->hotplug.blocks, h);
	}
}

static int remember_offline(struct machine *m, u32 block, u16 nid)
{
	handle_t h = pool_alloc(&m->hotplug.blocks);

	if (!h)
		return -ENOMEM;
	*offline_block_at(m, h) =
		(struct offline_block){ .block = block, .nid = nid, .next = m->hotplug.first };
	m->hotplug.first = h;
	return 0;
}

static void add_zone(struct memory_block *b, const struct zone *z)
{
	if (!b->zones) {
		b->online = true;
		b->nid = z->nid;
		b->type = z->type;
	}
	b->zones++;
	b->nodes |= 1ull << z->nid;
}

void memory_block_look(struct machine *m, u32 block, struct memory_block *out)
{
	pfn_t start = block_start(block), end = start + PAGES_PER_SECTION, pfn;
	const struct zone *first = pfn_zone(m, start), *last = pfn_zone(m, end - 1), *seen = NULL;

	*out = (struct memory_block){ .holes = !first || !last };
	if (first && first == last) {
		add_zone(out, first);
		return;
	}
	for (pfn = start; pfn < end; pfn += PAGEBLOCK_NR_PAGES) {
		const struct zone *z = pfn_zone(m, pfn);

		if (z && z != seen) {
			add_zone(out, z);
			seen = z;
		}
	}
	if (out->online)
		return;
	out->holes = false;
	out->nid = offline_nid(m, block);
	out->nodes = 1ull << out->nid;
	out->type = (u16)memory_block_zone(m, block, MMOP_ONLINE);
}

static bool zone_intersects(const struct zone *z, pfn_t start, pfn_t end)
{
	return z->spanned_pages && start < z->start_pfn + z->spanned_pages && end > z->start_pfn;
}

enum zone_type memory_block_zone(struct machine *m, u32 block, enum mhp_online_type type)
{
	pfn_t start = block_start(block), end = start + PAGES_PER_SECTION;
	const struct pglist_data *n = &m->node[offline_nid(m, block)];
	enum zone_type kernel = ZONE_NORMAL, t;
	bool in_kernel = false, in_movable = zone_intersects(&n->zones[ZONE_MOVABLE], start, end);

	for (t = ZONE_DMA; t <= ZONE_NORMAL && !in_kernel; t++) {
		in_kernel = zone_intersects(&n->zones[t], start, end);
		if (in_kernel)
			kernel = t;
	}
	switch (type) {
	case MMOP_ONLINE_MOVABLE:
		return ZONE_MOVABLE;
	case MMOP_ONLINE_KERNEL:
		return kernel;
	default:
		if (in_kernel != in_movable)
			return in_kernel ? kernel : ZONE_MOVABLE;
		return m->boot.params.movable_node ? ZONE_MOVABLE : kernel;
	}
}

/* ---- online, offline ---- */

/* A hole's struct pages belong to a neighbouring zone, and so do its pageblocks: count them anew. */
static void recount_pageblocks(struct machine *m)
{
	u32 nid, type;

	for (nid = 0; nid < m->nr_nodes; nid++) {
		for (type = 0; type < MAX_NR_ZONES; type++) {
			struct zone *z = &m->node[nid].zones[type];

			if (zone_populated(z))
				zone_set_span(m, z, z->start_pfn, z->spanned_pages);
		}
	}
}

/* Managed memory changed by @pages in @z: what is computed from it is computed again. */
static int zone_resized(struct machine *m, struct zone *z, s64 pages)
{
	int err = 0;

	z->managed_pages += (u64)pages;
	m->totalram_pages += (u64)pages;
	m->node[z->nid].online = true;
	recount_pageblocks(m);
	build_zonelists(m);
	if (zone_populated(z))
		err = setup_per_cpu_pageset(m);
	init_per_zone_wmark_min(m);
	khugepaged_min_free_kbytes_update(m);
	if (!err && zone_populated(z))
		zone_pcp_update(m, z);
	return err;
}

/* A node with its first memory gets its kernel threads. */
static void start_node_threads(struct machine *m, u16 nid)
{
	struct pglist_data *n = &m->node[nid];
	char comm[TASK_COMM_LEN];

	if (!n->kswapd) {
		snprintf(comm, sizeof(comm), "kswapd%u", nid);
		n->kswapd = kthread_create(m, comm);
		if (n->kswapd)
			task_set_state(m, n->kswapd, TASK_SLEEPING);
	}
	if (!n->kcompactd) {
		snprintf(comm, sizeof(comm), "kcompactd%u", nid);
		n->kcompactd = kthread_create(m, comm);
		if (n->kcompactd)
			task_set_state(m, n->kcompactd, TASK_SLEEPING);
	}
}

static void stop_node_threads(struct machine *m, struct pglist_data *n)
{
	kswapd_stop(m, n->nid);
	if (n->kswapd)
		do_exit(m, n->kswapd, 0);
	if (n->kcompactd)
		do_exit(m, n->kcompactd, 0);
	n->kswapd = n->kcompactd = 0;
}

int memory_block_online(struct machine *m, u32 block, enum mhp_online_type type)
{
	pfn_t start = block_start(block), end = start + PAGES_PER_SECTION;
	struct memory_block b;
	enum zone_type zone;
	struct zone *z;
	int err;

	memory_block_look(m, block, &b);
	if (b.online)
		return 1;
	zone = memory_block_zone(m, block, type);
	z = &m->node[b.nid].zones[zone];
	z->nid = b.nid;
	z->type = (u8)zone;
	err = zone_add_present(m, b.nid, zone, start, end);
	if (err)
		return err;
	err = zone_free_range(m, z, start, end);
	if (err) {
		zone_remove_present(m, z, start, end);
		return err;
	}
	forget_offline(m, block);
	err = zone_resized(m, z, PAGES_PER_SECTION);
	if (!m->config.bare)
		start_node_threads(m, b.nid);
	return err;
}

int memory_block_offline(struct machine *m, u32 block)
{
	pfn_t start = block_start(block), end = start + PAGES_PER_SECTION;
	struct memory_block b;
	struct zone *z;
	int err;

	memory_block_look(m, block, &b);
	if (!b.online)
		return 1;
	if (b.holes || b.zones != 1)
		return -EINVAL;
	z = &m->node[b.nid].zones[b.type];
	drain_pages(m, -1);
	if (!range_is_free(m, z, start, end))
		return -EBUSY;

	err = remember_offline(m, block, b.nid);
	if (!err)
		err = take_free_range(m, z, start, end);
	if (!err)
		err = zone_remove_present(m, z, start, end);
	if (err)
		return err;
	zone_resized(m, z, -(s64)PAGES_PER_SECTION);
	if (!m->node[b.nid].has_memory)
		stop_node_threads(m, &m->node[b.nid]);
	return 0;
}
