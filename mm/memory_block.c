/*
 * memory_block.c - memory blocks: which there are, what each is, and which zone an offline one
 * would join.
 *
 *	contig-zones (the default): the kernel zone whose span the block lies in; ZONE_MOVABLE if it lies
 *	only in that one's; otherwise ZONE_NORMAL, or, with movable_node, ZONE_MOVABLE
 *	auto-movable: ZONE_MOVABLE, as long as that stays below a share of the kernel memory that boot had,
 *	of the machine and of the node; but a DIMM whose other blocks are kernel memory stays so
 *
 * Source: Documentation/admin-guide/mm/memory-hotplug.rst, and records of hot-plugged DIMMs.
 */
#include <mman/machine.h>
#include <mman/memory_hotplug.h>

static pfn_t block_start(u32 block)
{
	return block * PAGES_PER_SECTION;
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

handle_t memory_block_dimm(const struct machine *m, u32 block)
{
	u64 start = (u64)block << SECTION_SHIFT;
	handle_t h;

	for (h = m->hotplug.first_dimm; h; h = memory_dimm_at(&m->hotplug, h)->next) {
		const struct memory_dimm *d = memory_dimm_at(&m->hotplug, h);

		if (d->plugged && start >= d->start && start - d->start < d->size)
			return h;
	}
	return 0;
}

/* ---- what a block is ---- */

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
	out->nid = section_node(m, block);
	out->nodes = 1ull << out->nid;
	out->type = (u16)memory_block_zone(m, block, MMOP_ONLINE);
}

/* ---- which zone ---- */

static bool zone_intersects(const struct zone *z, pfn_t start, pfn_t end)
{
	return z->spanned_pages && start < z->start_pfn + z->spanned_pages && end > z->start_pfn;
}

static enum zone_type kernel_zone(const struct pglist_data *n, pfn_t start, pfn_t end, bool *in)
{
	enum zone_type t;

	for (t = ZONE_DMA; t <= ZONE_NORMAL; t++) {
		*in = zone_intersects(&n->zones[t], start, end);
		if (*in)
			return t;
	}
	return ZONE_NORMAL;
}

static enum zone_type contig_zone(const struct machine *m, const struct pglist_data *n, pfn_t start,
				  pfn_t end)
{
	bool in_kernel, in_movable = zone_intersects(&n->zones[ZONE_MOVABLE], start, end);
	enum zone_type kernel = kernel_zone(n, start, end, &in_kernel);

	if (in_kernel != in_movable)
		return in_kernel ? kernel : ZONE_MOVABLE;
	return m->boot.params.movable_node ? ZONE_MOVABLE : kernel;
}

/* May @pages more be movable, in the machine (@nid < 0) or in one node? */
static bool ratio_allows(const struct machine *m, int nid, u64 pages)
{
	u64 kernel_early = 0, movable = 0;
	u32 n, t;

	for (n = 0; n < m->nr_nodes; n++) {
		if (nid >= 0 && n != (u32)nid)
			continue;
		for (t = 0; t <= ZONE_NORMAL; t++)
			kernel_early += m->node[n].zones[t].present_early_pages;
		movable += m->node[n].zones[ZONE_MOVABLE].present_pages;
	}
	return movable + pages <= (u64)m->hotplug.auto_movable_ratio * kernel_early / 100;
}

/* Pages of a DIMM that are online in kernel zones, and in ZONE_MOVABLE. */
static void dimm_zones(struct machine *m, const struct memory_dimm *d, u64 *kernel, u64 *movable)
{
	u64 at;

	*kernel = *movable = 0;
	for (at = d->start; at < d->start + d->size; at += 1ull << SECTION_SHIFT) {
		const struct zone *z =
			pfn_zone(m, (pfn_t)((at + (1ull << SECTION_SHIFT) - 1) >> PAGE_SHIFT));

		if (z)
			*(z->type == ZONE_MOVABLE ? movable : kernel) += PAGES_PER_SECTION;
	}
}

static enum zone_type auto_movable_zone(struct machine *m, u32 block, u16 nid, pfn_t start,
					pfn_t end)
{
	handle_t dimm = memory_block_dimm(m, block);
	u64 pages = end - start, kernel = 0, movable = 0;
	bool in_kernel;

	if (dimm) {
		dimm_zones(m, memory_dimm_at(&m->hotplug, dimm), &kernel, &movable);
		pages = (memory_dimm_at(&m->hotplug, dimm)->size >> PAGE_SHIFT) - movable;
	}
	if (m->hotplug.auto_movable_ratio && !kernel && ratio_allows(m, -1, pages) &&
	    (!m->hotplug.numa_aware || ratio_allows(m, nid, pages)))
		return ZONE_MOVABLE;
	return kernel_zone(&m->node[nid], start, end, &in_kernel);
}

enum zone_type memory_block_zone(struct machine *m, u32 block, enum mhp_online_type type)
{
	pfn_t start = block_start(block), end = start + PAGES_PER_SECTION;
	u16 nid = section_node(m, block);
	bool in_kernel;

	switch (type) {
	case MMOP_ONLINE_MOVABLE:
		return ZONE_MOVABLE;
	case MMOP_ONLINE_KERNEL:
		return kernel_zone(&m->node[nid], start, end, &in_kernel);
	default:
		return m->hotplug.online_policy == ONLINE_POLICY_AUTO_MOVABLE ?
			       auto_movable_zone(m, block, nid, start, end) :
			       contig_zone(m, &m->node[nid], start, end);
	}
}
