/*
 * mm_init.c - from RAM to zones.
 *
 *	DMA      below 16 MiB
 *	DMA32    below 4 GiB (x86-64)          Normal   the rest (x86-64), or what is mapped (i386)
 *	HighMem  what the kernel cannot map at once (i386)
 *	Movable  the upper end of each node, if kernelcore= or movablecore= asks for it
 *
 * A zone spans from its first to its last frame, holes included, and even where a node's RAM ends
 * earlier than the zone's limit if more of the node follows above it. Present pages are RAM,
 * managed ones are those that boot did not keep.
 */
#include "mm/boot_internal.h"

#include <errno.h>
#include <string.h>

#define DMA_END		((pfn_t)(16 * MiB >> PAGE_SHIFT))
#define DMA32_END	((pfn_t)(4 * GiB >> PAGE_SHIFT))
#define MAX_ORDER_PAGES (1u << (MAX_ORDER - 1))

static pfn_t pfn_up(u64 bytes)
{
	return (pfn_t)(round_up_to(bytes, PAGE_SIZE) >> PAGE_SHIFT);
}

static pfn_t pfn_down(u64 bytes)
{
	return (pfn_t)(bytes >> PAGE_SHIFT);
}

static pfn_t clamp_pfn(u64 pfn, pfn_t low, pfn_t high)
{
	return pfn < low ? low : pfn > high ? high : (pfn_t)pfn;
}

/* RAM of node @nid in [start, end), pages. */
static u64 present_in(const struct boot *b, u32 nid, pfn_t start, pfn_t end)
{
	u64 sum = 0;
	u32 i;

	for (i = 0; i < b->mb.memory.nr; i++) {
		const struct memblock_region *r = &b->mb.memory.regions[i];
		pfn_t from = pfn_up(r->start), to = pfn_down(r->end);

		if (r->nid != (s32)nid)
			continue;
		from = from > start ? from : start;
		to = to < end ? to : end;
		if (from < to)
			sum += to - from;
	}
	return sum;
}

int find_node_spans(struct boot *b)
{
	const struct memblock_type *memory = &b->mb.memory;
	u32 i;

	for (i = 0; i < memory->nr; i++) {
		const struct memblock_region *r = &memory->regions[i];
		pfn_t start = pfn_up(r->start), end = pfn_down(r->end);

		if (!b->node_end[r->nid] || start < b->node_start[r->nid])
			b->node_start[r->nid] = start;
		if (end > b->node_end[r->nid])
			b->node_end[r->nid] = end;
	}
	b->min_pfn = pfn_up(memory->regions[0].start);
	return 0;
}

static void set_zone(struct boot *b, enum zone_type z, pfn_t start, pfn_t end)
{
	b->zone_start[z] = clamp_pfn(start, b->min_pfn, b->max_pfn);
	b->zone_end[z] = clamp_pfn(end, b->min_pfn, b->max_pfn);
}

/* ---- the Movable boundary of each node ---- */

/* The zone that Movable takes its pages from: the highest one with RAM. */
static enum zone_type movable_zone(const struct boot *b)
{
	static const enum zone_type order[] = { ZONE_HIGHMEM, ZONE_NORMAL, ZONE_DMA32, ZONE_DMA };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(order); i++)
		if (b->zone_end[order[i]] > b->zone_start[order[i]])
			return order[i];
	return ZONE_DMA;
}

/* Pages that the kernel must keep: kernelcore=, or what movablecore= leaves; 0 for neither. */
static u64 required_kernelcore(const struct boot *b, u64 total)
{
	u64 core = b->p->kernelcore >> PAGE_SHIFT, movable = b->p->movablecore >> PAGE_SHIFT;

	if (b->p->kernelcore_percent)
		core = total * 100 * b->p->kernelcore_percent / 10000;
	if (b->p->movablecore_percent)
		movable = total * 100 * b->p->movablecore_percent / 10000;
	if (movable) {
		movable = round_up_to(movable, MAX_ORDER_PAGES);
		if (movable > total)
			movable = total;
		if (total - movable > core)
			core = total - movable;
	}
	return core >= total ? 0 : core;
}

/*
 * Node @nid's kernel part grows upwards by @want pages. RAM below the movable zone is the kernel's
 * anyway and counts first. Returns what was found; the boundary is left where it got to.
 */
static u64 take_kernel_pages(struct boot *b, u32 nid, pfn_t usable, u64 want)
{
	u64 got = 0;
	u32 i;

	for (i = 0; i < b->mb.memory.nr && got < want; i++) {
		const struct memblock_region *r = &b->mb.memory.regions[i];
		pfn_t start = pfn_up(r->start), end = pfn_down(r->end);
		u64 take;

		if (r->nid != (s32)nid)
			continue;
		if (start < b->movable_pfn[nid])
			start = b->movable_pfn[nid];
		if (start >= end)
			continue;
		if (start < usable) {
			pfn_t low_end = end < usable ? end : usable;

			take = low_end - start;
			got += take < want - got ? take : want - got;
			b->movable_pfn[nid] = low_end;
			if (end <= usable)
				continue;
			start = usable;
		}
		take = end - start;
		take = take < want - got ? take : want - got;
		b->movable_pfn[nid] = start + (pfn_t)take;
		got += take;
	}
	return got;
}

static u64 total_present(const struct boot *b)
{
	u64 total = 0;
	u32 nid;

	for (nid = 0; nid < b->nr_nodes; nid++)
		total += present_in(b, nid, 0, PFN_NONE);
	return total;
}

/* Shared out evenly; what a small node cannot give, the others give, until all is found. */
static void find_movable_boundaries(struct boot *b)
{
	u64 left = required_kernelcore(b, total_present(b));
	pfn_t usable = b->zone_start[movable_zone(b)];
	u32 nid, usable_nodes = 0;

	if (!left)
		return;
	for (nid = 0; nid < b->nr_nodes; nid++)
		usable_nodes += b->node_end[nid] > b->node_start[nid];
	while (usable_nodes && left > usable_nodes) {
		u64 share = left / usable_nodes;

		for (nid = 0; nid < b->nr_nodes && left; nid++) {
			u64 got;

			if (b->node_end[nid] == b->node_start[nid])
				continue;
			if (left < share)
				share = left / usable_nodes ? left / usable_nodes : left;
			got = take_kernel_pages(b, nid, usable, share);
			left -= got < left ? got : left;
		}
		usable_nodes--;
	}
	for (nid = 0; nid < b->nr_nodes; nid++) {
		pfn_t *at = &b->movable_pfn[nid];

		*at = (pfn_t)round_up_to(*at, MAX_ORDER_PAGES);
		if (*at < usable && b->node_end[nid] > usable)
			*at = usable;
		if (*at >= b->node_end[nid])
			*at = 0;
	}
}

static void print_zone_range(struct boot *b, enum zone_type z)
{
	const char *name = zone_name(z);

	if (b->zone_end[z] > b->zone_start[z])
		printk(b->m, 6, "  %-8s [mem 0x%016llx-0x%016llx]", name,
		       (unsigned long long)b->zone_start[z] << PAGE_SHIFT,
		       ((unsigned long long)b->zone_end[z] << PAGE_SHIFT) - 1);
	else
		printk(b->m, 6, "  %-8s empty", name);
}

int find_zone_limits(struct boot *b)
{
	enum zone_type z;
	u32 nid, i;

	set_zone(b, ZONE_DMA, b->min_pfn, DMA_END);
	if (is_i386(b)) {
		pfn_t low = pfn_down(b->lowmem_end);

		set_zone(b, ZONE_NORMAL, DMA_END, low);
		set_zone(b, ZONE_HIGHMEM, low, b->max_pfn);
	} else {
		set_zone(b, ZONE_DMA32, DMA_END, DMA32_END);
		set_zone(b, ZONE_NORMAL, DMA32_END, b->max_pfn);
	}
	find_movable_boundaries(b);
	if (is_i386(b)) {
		u64 high = (u64)b->max_pfn << PAGE_SHIFT;

		printk(b->m, 5, "%lluMB HIGHMEM available.",
		       (unsigned long long)(high - b->lowmem_end) / MiB);
		printk(b->m, 5, "%lluMB LOWMEM available.",
		       (unsigned long long)b->lowmem_end / MiB);
	}
	printk(b->m, 6, "Zone ranges:");
	for (z = ZONE_DMA; z < MAX_NR_ZONES; z++)
		if (b->m->zone_mask >> z & 1 && z != ZONE_MOVABLE)
			print_zone_range(b, z);
	printk(b->m, 6, "Movable zone start for each node");
	for (nid = 0; nid < b->nr_nodes; nid++)
		if (b->movable_pfn[nid])
			printk(b->m, 6, "  Node %u: 0x%016llx", nid,
			       (unsigned long long)b->movable_pfn[nid] << PAGE_SHIFT);
	printk(b->m, 6, "Early memory node ranges");
	for (i = 0; i < b->mb.memory.nr; i++)
		printk(b->m, 6, "  node %3d: [mem 0x%016llx-0x%016llx]",
		       b->mb.memory.regions[i].nid,
		       (unsigned long long)b->mb.memory.regions[i].start,
		       (unsigned long long)b->mb.memory.regions[i].end - 1);
	for (nid = 0; nid < b->nr_nodes; nid++) {
		if (b->node_end[nid] > b->node_start[nid])
			printk(b->m, 6, "Initmem setup node %u [mem 0x%016llx-0x%016llx]", nid,
			       (unsigned long long)b->node_start[nid] << PAGE_SHIFT,
			       ((unsigned long long)b->node_end[nid] << PAGE_SHIFT) - 1);
		else if (b->node_possible[nid])
			printk(b->m, 6, "Initmem setup node %u as memoryless", nid);
	}
	print_unavailable(b);
	return 0;
}

/* Does the machine file say what zones span? Then @start and @end are what it says of this one. */
static bool zone_span_given(const struct boot *b, u32 nid, enum zone_type z, pfn_t *start,
			    pfn_t *end)
{
	bool any = false;
	u32 i;

	*start = *end = 0;
	for (i = 0; i < b->c->nr_zones; i++) {
		const struct zone_config *c = &b->c->zone[i];

		any |= c->spanned_pages != 0;
		if (c->nid != nid || c->type != (u16)z)
			continue;
		*start = (pfn_t)c->start_pfn;
		*end = (pfn_t)(c->start_pfn + c->spanned_pages);
	}
	return any;
}

bool zone_span(const struct boot *b, u32 nid, enum zone_type z, pfn_t *start, pfn_t *end)
{
	pfn_t movable = b->movable_pfn[nid];

	if (b->node_end[nid] == b->node_start[nid])
		return false;
	if (zone_span_given(b, nid, z, start, end))
		return *start < *end;
	if (z == ZONE_MOVABLE) {
		*start = movable;
		*end = b->node_end[nid];
		return movable != 0;
	}
	if (z == ZONE_DEVICE)
		return false;
	*start = clamp_pfn(b->zone_start[z], b->node_start[nid], b->node_end[nid]);
	*end = clamp_pfn(b->zone_end[z], b->node_start[nid], b->node_end[nid]);
	if (movable && *end > movable)
		*end = movable > *start ? movable : *start;
	return *start < *end;
}

u64 free_pages_between(const struct boot *b, u32 nid, pfn_t start, pfn_t end)
{
	struct memblock_region r;
	u64 at = (u64)start << PAGE_SHIFT, sum = 0;

	while (memblock_next_free(&b->mb, at, &r) && pfn_up(r.start) < end) {
		pfn_t from = pfn_up(r.start), to = pfn_down(r.end);

		to = to < end ? to : end;
		if (r.nid == (s32)nid && from < to)
			sum += to - from;
		at = r.end;
	}
	return sum;
}

/* The kernel's first estimate of its own memory: RAM without the memmap of each zone. */
void count_kernel_pages(struct boot *b)
{
	enum zone_type z;
	u32 nid;

	b->nr_kernel_pages = b->nr_all_pages = 0;
	b->dma_reserve = 0;
	for (nid = 0; nid < b->nr_nodes; nid++)
		b->dma_reserve +=
			present_in(b, nid, 0, DMA_END) - free_pages_between(b, nid, 0, DMA_END);
	for (nid = 0; nid < b->nr_nodes; nid++) {
		for (z = ZONE_DMA; z < MAX_NR_ZONES; z++) {
			pfn_t start, end;
			u64 present, spanned, memmap;

			if (!zone_span(b, nid, z, &start, &end))
				continue;
			present = present_in(b, nid, start, end);
			spanned = end - start;
			if (spanned > present + (present >> 4) && !is_i386(b))
				spanned = present;
			memmap = pfn_up(spanned * b->kernel->page_struct);
			if (z != ZONE_HIGHMEM && present >= memmap)
				present -= memmap;
			if (z == ZONE_DMA)
				present -= present > b->dma_reserve ? b->dma_reserve : 0;
			if (z != ZONE_HIGHMEM)
				b->nr_kernel_pages += present;
			else if (b->nr_kernel_pages > memmap * 2)
				b->nr_kernel_pages -= memmap;
			b->nr_all_pages += present;
		}
	}
}

/* The frames of [@start, @end) that @r gives to node @nid; false: none. */
static bool part_of_node(const struct memblock_region *r, u32 nid, pfn_t start, pfn_t end,
			 pfn_t *from, pfn_t *to)
{
	pfn_t first = pfn_up(r->start), last = pfn_down(r->end);

	*from = first > start ? first : start;
	*to = last < end ? last : end;
	return r->nid == (s32)nid && *from < *to;
}

static int add_zone_ram(struct boot *b, u32 nid, enum zone_type z, pfn_t start, pfn_t end)
{
	u32 i;

	for (i = 0; i < b->mb.memory.nr; i++) {
		const struct memblock_region *r = &b->mb.memory.regions[i];
		pfn_t from, to;
		int error;

		if (!part_of_node(r, nid, start, end, &from, &to))
			continue;
		error = sparse_add_range(b->m, (u16)nid, from, to);
		if (!error)
			error = zone_add_present(b->m, (u16)nid, z, from, to);
		if (error)
			return error;
	}
	return 0;
}

int create_zones(struct boot *b)
{
	enum zone_type z;
	u32 nid;

	for (nid = 0; nid < b->nr_nodes; nid++) {
		struct pglist_data *n = &b->m->node[nid];

		for (z = ZONE_DMA; z < MAX_NR_ZONES; z++) {
			struct zone *zone = &n->zones[z];
			pfn_t start, end;
			int error;

			if (!zone_span(b, nid, z, &start, &end) || !present_in(b, nid, start, end))
				continue;
			error = add_zone_ram(b, nid, z, start, end);
			if (error)
				return error;
			zone_set_span(b->m, zone, start, end - start);
			zone->present_early_pages = zone->present_pages;
		}
		n->node_start_pfn = b->node_start[nid];
		n->node_spanned_pages = b->node_end[nid] - b->node_start[nid];
	}
	return 0;
}

/* [start, end) of node @nid becomes free memory, zone by zone. */
static int free_node_range(struct boot *b, u32 nid, pfn_t start, pfn_t end)
{
	enum zone_type z;

	for (z = ZONE_DMA; z < MAX_NR_ZONES; z++) {
		struct zone *zone = &b->m->node[nid].zones[z];
		pfn_t from, to;
		int error;

		if (!zone->present_pages || !zone_span(b, nid, z, &from, &to))
			continue;
		from = from > start ? from : start;
		to = to < end ? to : end;
		if (from >= to)
			continue;
		error = zone_free_range(b->m, zone, from, to);
		if (error)
			return error;
		zone->managed_pages += to - from;
		b->m->totalram_pages += to - from;
	}
	return 0;
}

static pfn_t deferred_from(const struct boot *b, u32 nid, pfn_t start, pfn_t end);

/* The struct pages of a node's last zone are made late, but for its first part. */
static void defer_zones(struct boot *b, bool done)
{
	enum zone_type z;
	u32 nid;

	for (nid = 0; nid < b->nr_nodes; nid++)
		for (z = ZONE_DMA; z < MAX_NR_ZONES; z++) {
			struct zone *zone = &b->m->node[nid].zones[z];
			pfn_t start, end, from;

			if (done)
				zone_deferred_done(b->m, zone);
			else if (!is_i386(b) && zone_span(b, nid, z, &start, &end) &&
				 end >= b->node_end[nid] &&
				 (from = deferred_from(b, nid, start, end)) < end)
				zone_defer_init(zone, from);
		}
}

int free_boot_memory(struct boot *b)
{
	struct memblock_region r;
	u64 at = 0;

	defer_zones(b, false);

	while (memblock_next_free(&b->mb, at, &r)) {
		pfn_t start = pfn_up(r.start), end = pfn_down(r.end);
		int error = start < end ? free_node_range(b, (u32)r.nid, start, end) : 0;

		if (error)
			return error;
		at = r.end;
	}
	defer_zones(b, true);
	return 0;
}

int release_range(struct boot *b, u64 start, u64 end)
{
	u32 i;

	memblock_free(&b->mb, start, end - start);
	for (i = 0; i < b->mb.memory.nr; i++) {
		const struct memblock_region *r = &b->mb.memory.regions[i];
		pfn_t from = pfn_up(start > r->start ? start : r->start);
		pfn_t to = pfn_down(end < r->end ? end : r->end);
		int error = from < to ? free_node_range(b, (u32)r->nid, from, to) : 0;

		if (error)
			return error;
	}
	return b->mb.failed ? -ENOMEM : 0;
}

/* ---- deferred initialisation: the Memory: line counts what was initialised by then ---- */

/* Where the first zone of a node that reaches its end stops for now: at a section boundary, when
 * more than a section's worth of pages is done. */
static pfn_t deferred_from(const struct boot *b, u32 nid, pfn_t start, pfn_t end)
{
	u64 done = 0;
	u32 i;

	for (i = 0; i < b->mb.memory.nr; i++) {
		const struct memblock_region *r = &b->mb.memory.regions[i];
		pfn_t from, to;
		u64 stop;

		if (!part_of_node(r, nid, start, end, &from, &to))
			continue;
		stop = done > PAGES_PER_SECTION ? from : from + (PAGES_PER_SECTION - done);
		stop = round_up_to(stop, PAGES_PER_SECTION);
		if (stop < to)
			return (pfn_t)stop;
		done += to - from;
	}
	return end;
}

u64 pages_initialised_early(const struct boot *b)
{
	enum zone_type z;
	u64 sum = 0;
	u32 nid;

	for (nid = 0; nid < b->nr_nodes; nid++) {
		for (z = ZONE_DMA; z < MAX_NR_ZONES; z++) {
			pfn_t start, end;

			if (!zone_span(b, nid, z, &start, &end))
				continue;
			if (end >= b->node_end[nid] && !is_i386(b))
				end = deferred_from(b, nid, start, end);
			sum += free_pages_between(b, nid, start, end);
		}
	}
	return sum;
}

/* ---- what boot kept, for those who look at single frames later ---- */

static int add_reserved(struct boot_info *info, pfn_t start, pfn_t end)
{
	struct reserved_range *last = info->nr_reserved ? &info->reserved[info->nr_reserved - 1] :
							  NULL;

	if (start >= end)
		return 0;
	if (last && last->end == start) {
		last->end = end;
		return 0;
	}
	if (info->nr_reserved == MAX_RESERVED_RANGES)
		return -ENOSPC;
	info->reserved[info->nr_reserved++] = (struct reserved_range){ start, end };
	return 0;
}

int record_reserved(struct boot *b)
{
	struct boot_info *info = &b->m->boot;
	int error = 0;
	u32 i;

	info->nr_reserved = 0;
	for (i = 0; i < b->mb.memory.nr && !error; i++) {
		const struct memblock_region *m = &b->mb.memory.regions[i];
		pfn_t at = pfn_up(m->start), end = pfn_down(m->end);
		struct memblock_region r;
		u64 from = m->start;

		while (!error && memblock_next_free(&b->mb, from, &r) && r.start < m->end) {
			if (pfn_up(r.start) < pfn_down(r.end)) {
				error = add_reserved(info, at, pfn_up(r.start));
				at = pfn_down(r.end);
			}
			from = r.end;
		}
		if (!error)
			error = add_reserved(info, at, end);
	}
	return error;
}

bool pfn_reserved(const struct machine *m, pfn_t pfn)
{
	const struct boot_info *info = &m->boot;
	u32 low = 0, high = info->nr_reserved;

	while (low < high) {
		u32 mid = (low + high) / 2;

		if (info->reserved[mid].end <= pfn)
			low = mid + 1;
		else
			high = mid;
	}
	return low < info->nr_reserved && info->reserved[low].start <= pfn;
}
