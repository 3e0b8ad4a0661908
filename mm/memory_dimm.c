/*
 * memory_dimm.c - slots for DIMMs: plug, unplug.
 *
 * A DIMM lies where the machine has neither RAM nor devices: where it is wanted, or at the first
 * place above all boot memory that is large enough. Plugging it takes 64 bytes of kernel memory for
 * each of its pages (memmap), 2 MiB for a block; its node appears if it was not there; its blocks
 * are there, offline, and go online if auto_online_blocks says so. With memmap_on_memory a DIMM of
 * one block keeps its memmap in its own first 2 MiB. Unplugging is the way back, block by block;
 * one that refuses brings the others back online.
 *
 *	memmap of a large DIMM    whole blocks of 4 MiB off the zones' untouched memory, while there is plenty;
 *	                          the rest by 2 MiB, or page by page, from the allocator
 *
 * Source: Documentation/admin-guide/mm/memory-hotplug.rst; what guests print when QEMU's device_add
 * and device_del plug and unplug pc-dimms.
 */
#include "mm/memory_hotplug.h"
#include "mm/page_alloc.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES	 (1ull << SECTION_SHIFT)
#define HIGHEST_ADDRESS	 (((u64)16 << 40) - BLOCK_BYTES) /* frame numbers have 32 bits */
#define BULK_BLOCKS	 16u /* a memmap of less is taken as the kernel does, 2 MiB at a time */
#define GFP_MEMMAP	 (GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)
#define MEMMAP_PAGE_COST 100u /* ns: one page of new struct pages is written */

static struct memory_dimm *dimm_at(const struct machine *m, handle_t h)
{
	return memory_dimm_at(&m->hotplug, h);
}

static struct memmap_chunk *chunk_at(const struct machine *m, handle_t h)
{
	return pool_at(&m->hotplug.memmaps, h);
}

static int refuse(char *why, size_t size, int error, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static int refuse(char *why, size_t size, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, size, format, args);
	va_end(args);
	return error;
}

u64 memory_hotplug_limit(const struct machine *m)
{
	if (m->config.arch != ARCH_X86_64)
		return 0;
	return m->config.max_memory && m->boot.hotplug_end ? m->boot.hotplug_end : HIGHEST_ADDRESS;
}

/* ---- slots ---- */

handle_t memory_dimm_find(const struct machine *m, const char *name)
{
	handle_t h = m->hotplug.first_dimm;

	while (h && strcmp(dimm_at(m, h)->name, name))
		h = dimm_at(m, h)->next;
	return h;
}

static bool name_is_good(const char *name)
{
	return *name && *name != '.' && !strpbrk(name, "/ \t\n");
}

int memory_dimm_create(struct machine *m, const char *name, handle_t *out)
{
	handle_t h, *at = &m->hotplug.first_dimm;
	struct memory_dimm *d;

	if (!memory_hotplug_limit(m))
		return -EOPNOTSUPP;
	if (strlen(name) >= DIMM_NAME_MAX)
		return -ENAMETOOLONG;
	if (!name_is_good(name))
		return -EINVAL;
	if (memory_dimm_find(m, name))
		return -EEXIST;
	h = pool_alloc(&m->hotplug.dimms);
	if (!h)
		return -ENOMEM;
	d = dimm_at(m, h);
	strcpy(d->name, name);
	d->wanted = UINT64_MAX;
	d->number = ++m->hotplug.nr_dimms_made;
	while (*at)
		at = &dimm_at(m, *at)->next;
	*at = h;
	*out = h;
	return 0;
}

int memory_dimm_remove(struct machine *m, const char *name)
{
	handle_t h = memory_dimm_find(m, name), *at = &m->hotplug.first_dimm;

	if (!h)
		return -ENOENT;
	if (dimm_at(m, h)->plugged)
		return -EBUSY;
	while (*at != h)
		at = &dimm_at(m, *at)->next;
	*at = dimm_at(m, h)->next;
	pool_free(&m->hotplug.dimms, h);
	return 0;
}

/* ---- where it lies ---- */

/* The first resource that takes addresses of [start, end); NULL: none does. */
static const struct resource *resource_at(const struct machine *m, u64 start, u64 end)
{
	u32 i;

	for (i = 0; i < m->boot.nr_iomem; i++) {
		const struct resource *r = &m->boot.iomem[i];

		if (!r->depth && r->start < end && r->end >= start)
			return r;
	}
	return NULL;
}

/* The first place that is large enough; UINT64_MAX: there is none. */
static u64 free_place(const struct machine *m, u64 size)
{
	u64 limit = memory_hotplug_limit(m), start = m->boot.hotplug_start;
	const struct resource *r;

	if (!start)
		start = 4ull << 30;
	while (size <= limit && start <= limit - size) {
		r = resource_at(m, start, start + size);
		if (!r)
			return start;
		start = (r->end + BLOCK_BYTES) & ~(BLOCK_BYTES - 1);
	}
	return UINT64_MAX;
}

static int choose_place(struct machine *m, const struct memory_dimm *d, u64 *start, char *why,
			size_t size)
{
	u64 limit = memory_hotplug_limit(m);
	const struct resource *r;

	*start = d->wanted;
	if (*start == UINT64_MAX) {
		*start = d->size <= limit ? free_place(m, d->size) : UINT64_MAX;
		if (*start == UINT64_MAX)
			return refuse(why, size, d->size > limit ? -E2BIG : -ENOSPC,
				      "no room for %llu MiB below 0x%llx",
				      (unsigned long long)d->size >> 20, (unsigned long long)limit);
	}
	if (*start % BLOCK_BYTES)
		return refuse(why, size, -EINVAL,
			      "start 0x%llx is no multiple of a block (128 MiB)",
			      (unsigned long long)*start);
	if (*start > limit || d->size > limit - *start)
		return refuse(why, size, -E2BIG, "0x%llx and above is beyond the highest address",
			      (unsigned long long)limit);
	r = resource_at(m, *start, *start + d->size);
	if (r)
		return refuse(why, size, -EEXIST, "0x%llx-0x%llx is taken: %s",
			      (unsigned long long)r->start, (unsigned long long)r->end, r->name);
	return 0;
}

static u32 nr_plugged(const struct machine *m)
{
	u32 plugged = 0;
	handle_t h;

	for (h = m->hotplug.first_dimm; h; h = dimm_at(m, h)->next)
		plugged += dimm_at(m, h)->plugged;
	return plugged;
}

/* The machine would take the DIMM (one of size 0 no machine has), the kernel does not. */
static void complain_unaligned(struct machine *m, const struct memory_dimm *d)
{
	u64 start = d->wanted == UINT64_MAX ? free_place(m, d->size) : d->wanted;

	if (!d->size)
		return;
	printk(m, 3, "Block size [0x%llx] unaligned hotplug range: start 0x%llx, size 0x%llx",
	       BLOCK_BYTES, (unsigned long long)start, (unsigned long long)d->size);
	printk(m, 3, "acpi PNP0C80:%02x: add_memory failed", nr_plugged(m));
	printk(m, 3, "acpi PNP0C80:%02x: acpi_memory_enable_device() error", nr_plugged(m));
}

static int check_plug(struct machine *m, const struct memory_dimm *d, u64 *start, char *why,
		      size_t size)
{
	if (d->plugged)
		return refuse(why, size, -EINVAL, "it is plugged in already");
	if (!d->size || d->size % BLOCK_BYTES) {
		complain_unaligned(m, d);
		return refuse(why, size, -EINVAL,
			      "size %llu is not a multiple of a block (128 MiB), or 0",
			      (unsigned long long)d->size);
	}
	if (d->nid >= MAX_NUMNODES)
		return refuse(why, size, -EINVAL, "there can be no node %u", d->nid);
	if (m->config.dimm_slots && nr_plugged(m) >= m->config.dimm_slots)
		return refuse(why, size, -ENOSPC, "all %u slots are taken", m->config.dimm_slots);
	if (m->boot.nr_iomem >= MAX_RESOURCES)
		return refuse(why, size, -ENOSPC, "the machine's map has no more room");
	return choose_place(m, d, start, why, size);
}

/* ---- proc/iomem, the direct map ---- */

static void add_resource(struct machine *m, u64 start, u64 size)
{
	struct boot_info *info = &m->boot;
	u32 i = info->nr_iomem++;

	for (; i && info->iomem[i - 1].start > start; i--)
		info->iomem[i] = info->iomem[i - 1];
	info->iomem[i] =
		(struct resource){ .start = start, .end = start + size - 1, .name = "System RAM" };
}

static void remove_resource(struct machine *m, u64 start)
{
	struct boot_info *info = &m->boot;
	u32 i = 0;

	while (i < info->nr_iomem && (info->iomem[i].start != start || info->iomem[i].depth))
		i++;
	if (i == info->nr_iomem)
		return;
	for (info->nr_iomem--; i < info->nr_iomem; i++)
		info->iomem[i] = info->iomem[i + 1];
}

static u64 *direct_map_kb(struct machine *m, const struct memory_dimm *d)
{
	const u64 giant = (1ull << 30) - 1;

	return m->config.cpu_1g_pages && !(d->start & giant) && !(d->size & giant) ?
		       &m->boot.direct_map_1g_kb :
		       &m->boot.direct_map_2m_kb;
}

/* ---- memmap ---- */

static int chunk_add(struct machine *m, struct memory_dimm *d, pfn_t pfn, u32 blocks, u32 order)
{
	handle_t h = pool_alloc(&m->hotplug.memmaps);

	if (!h)
		return -ENOMEM;
	*chunk_at(m, h) = (struct memmap_chunk){
		.pfn = pfn, .blocks = blocks, .order = order, .next = d->memmap
	};
	d->memmap = h;
	return 0;
}

static void set_types(struct machine *m, struct zone *z, pfn_t pfn, u32 blocks,
		      enum migratetype type)
{
	pfn_t end = pfn + blocks * MAX_ORDER_NR_PAGES;

	for (; pfn < end; pfn += PAGEBLOCK_NR_PAGES)
		set_zone_pageblock_migratetype(m, z, pfn, type);
}

/* What lies below the high watermark, and what is kept from requests for the highest zone,
 * stays. */
static u32 spare_blocks(const struct zone *z)
{
	u64 keep = wmark_pages(z, WMARK_HIGH) + z->lowmem_reserve[ZONE_MOVABLE];
	u64 free = (u64)z->vm_stat[NR_FREE_PAGES];

	return free > keep ? (u32)((free - keep) / MAX_ORDER_NR_PAGES) : 0;
}

/* Whole blocks of untouched memory of one zone, at most *@blocks of them. */
static int take_untouched_blocks(struct machine *m, struct memory_dimm *d, struct zone *z,
				 u32 *blocks)
{
	while (*blocks && z->untouched) {
		u32 most = spare_blocks(z), had;
		pfn_t pfn;

		had = zone_take_extent(m, z, min_t(u32, *blocks, most), &pfn);
		if (!had)
			return 0;
		set_types(m, z, pfn, had, MIGRATE_UNMOVABLE);
		*blocks -= had;
		if (chunk_add(m, d, pfn, had, 0)) {
			set_types(m, z, pfn, had, MIGRATE_MOVABLE);
			zone_free_range(m, z, pfn, pfn + had * MAX_ORDER_NR_PAGES);
			return -ENOMEM;
		}
	}
	return 0;
}

static int take_bulk(struct machine *m, struct memory_dimm *d, u32 *blocks)
{
	const struct pglist_data *n = &m->node[d->nid];
	u32 i;
	int error = 0;

	for (i = 0; i < n->nr_zonelist && *blocks && !error; i++)
		if (n->zonelist[i].type <= ZONE_NORMAL)
			error = take_untouched_blocks(
				m, d, &m->node[n->zonelist[i].nid].zones[n->zonelist[i].type],
				blocks);
	return error;
}

static int take_pages(struct machine *m, struct memory_dimm *d, u32 order, u32 nr)
{
	for (; nr; nr--) {
		pfn_t pfn = alloc_pages(m, GFP_MEMMAP, order, (int)d->nid);

		if (pfn == PFN_NONE)
			return -ENOMEM;
		if (chunk_add(m, d, pfn, 0, order)) {
			free_pages(m, pfn, order);
			return -ENOMEM;
		}
	}
	return 0;
}

static void memmap_free(struct machine *m, struct memory_dimm *d)
{
	handle_t h;

	while ((h = d->memmap)) {
		struct memmap_chunk c = *chunk_at(m, h);
		struct zone *z = pfn_zone(m, c.pfn);

		d->memmap = c.next;
		pool_free(&m->hotplug.memmaps, h);
		if (c.blocks) {
			set_types(m, z, c.pfn, c.blocks, MIGRATE_MOVABLE);
			zone_free_range(m, z, c.pfn, c.pfn + c.blocks * MAX_ORDER_NR_PAGES);
		} else {
			free_pages(m, c.pfn, c.order);
		}
	}
}

/* 2 MiB for each block; in single pages where there is no such piece any more. */
static int memmap_alloc(struct machine *m, struct memory_dimm *d)
{
	u32 pieces = (u32)(d->size >> SECTION_SHIFT), blocks = pieces / 2, wanted = blocks;
	int error = 0;

	if (blocks >= BULK_BLOCKS) {
		error = take_bulk(m, d, &blocks);
		pieces -= 2 * (wanted - blocks);
	}
	for (; pieces && !error; pieces--)
		if (take_pages(m, d, PAGEBLOCK_ORDER, 1))
			error = take_pages(m, d, 0, VMEMMAP_PAGES);
	if (error)
		memmap_free(m, d);
	return error;
}

/* ---- plug ---- */

static u32 free_device_number(const struct machine *m)
{
	u32 number = 0;
	handle_t h = m->hotplug.first_dimm;

	while (h) {
		const struct memory_dimm *d = dimm_at(m, h);

		h = d->next;
		if (d->plugged && d->device == number) {
			number++;
			h = m->hotplug.first_dimm;
		}
	}
	return number;
}

/* Frames up to @end have their places in all tables. */
static int make_room(struct machine *m, u64 end)
{
	int error;

	if (end > m->room_pfn)
		return -ENOMEM;
	if (m->max_pfn < end)
		m->max_pfn = end;
	error = contents_grow(m);
	return error ? error : swap_grow(m);
}

static void make_present(struct machine *m, struct memory_dimm *d, u64 start)
{
	u64 end = (start + d->size) >> PAGE_SHIFT;

	d->start = start;
	d->device = free_device_number(m);
	d->plugged = true;
	sparse_add_range(m, (u16)d->nid, (pfn_t)(start >> PAGE_SHIFT), (pfn_t)end);
	recount_pageblocks(m);
}

static u32 first_block(const struct memory_dimm *d)
{
	return (u32)(d->start >> SECTION_SHIFT);
}

static u32 end_block(const struct memory_dimm *d)
{
	return (u32)((d->start + d->size) >> SECTION_SHIFT);
}

/*
 * All blocks join the same zone, and the notifiers have nothing against it: at once. What the
 * kernel computes after each block is what it has computed after the last.
 */
static void auto_online(struct machine *m, const struct memory_dimm *d)
{
	enum mhp_online_type type = (enum mhp_online_type)m->knobs.auto_online_blocks;
	u32 first = first_block(d), end = end_block(d), block;

	if (type == MMOP_OFFLINE)
		return;
	if (!d->memmap_on_memory && !m->hotplug.inject_loaded &&
	    m->sysctl.user_min_free_kbytes < 0) {
		memory_range_online(m, first, end - first, memory_block_zone(m, first, type), 0);
		return;
	}
	for (block = first; block < end; block++)
		if (memory_block_online(m, block, type) < 0)
			break;
}

static bool fits_memmap(const struct machine *m, const struct memory_dimm *d)
{
	return m->hotplug.memmap_on_memory && d->size == BLOCK_BYTES;
}

int memory_dimm_plug(struct machine *m, handle_t dimm, char *why, size_t why_size)
{
	struct memory_dimm *d = dimm_at(m, dimm);
	u64 start = 0;
	int error = check_plug(m, d, &start, why, why_size);

	if (error)
		return error;
	if (make_room(m, (start + d->size) >> PAGE_SHIFT))
		return refuse(why, why_size, -ENOMEM, "the host has no room for that much");
	error = node_bring_up(m, (u16)d->nid);
	if (!error && !fits_memmap(m, d))
		error = memmap_alloc(m, d);
	if (error) {
		node_take_down(m, (u16)d->nid);
		return refuse(why, why_size, error,
			      "no memory for the struct pages of %llu MiB: %llu MiB are needed",
			      (unsigned long long)d->size >> 20, (unsigned long long)d->size >> 26);
	}
	clock_charge(m, (d->size >> PAGE_SHIFT) / 64 * MEMMAP_PAGE_COST);
	d->memmap_on_memory = fits_memmap(m, d);
	make_present(m, d, start);
	add_resource(m, start, d->size);
	*direct_map_kb(m, d) += d->size >> 10;
	auto_online(m, d);
	return 0;
}

int memory_dimm_boot(struct machine *m, const char *name, u64 start, u64 size, u32 nid)
{
	handle_t h;
	struct memory_dimm *d;
	int error = memory_dimm_create(m, name, &h);

	if (error)
		return error;
	d = dimm_at(m, h);
	d->size = size;
	d->nid = nid;
	error = make_room(m, (start + size) >> PAGE_SHIFT);
	if (!error)
		error = node_bring_up(m, (u16)nid);
	d->memmap_on_memory = fits_memmap(m, d);
	if (!error && !m->config.bare && !d->memmap_on_memory)
		error = memmap_alloc(m, d);
	if (!error)
		make_present(m, d, start);
	return error;
}

/* ---- unplug ---- */

static const char *why_not(int error)
{
	switch (error) {
	case -EBUSY:
		return "it holds pages that can never be moved (dev/kmsg has one of them)";
	case -EINTR:
		return "pages in it did not move, and the wait was interrupted";
	case -EINVAL:
		return "it has holes or lies in two zones";
	default:
		return "a notifier or the host said no";
	}
}

/* The blocks that went offline come back, as a plain "online" would bring them: where the online
 * policy wants them, which need not be the zone they were in. */
static void online_again(struct machine *m, const struct memory_dimm *d, const bool *went)
{
	u32 block, i = 0;

	for (block = first_block(d); block < end_block(d); block++, i++)
		if (went[i])
			memory_range_online(m, block, 1, memory_block_zone(m, block, MMOP_ONLINE),
					    memory_block_vmemmap_pages(m, block));
}

/*
 * Twice, as ACPI does it: what the struct pages of one block keep in another one may be gone the
 * second time. The first pass does what it can, the second ends at the block that refuses. @went:
 * which blocks went offline.
 */
static int offline_all(struct machine *m, const struct memory_dimm *d, bool *went, char *why,
		       size_t size)
{
	bool second_pass = false, refused;
	u32 block, i;

	do {
		refused = false;
		for (block = first_block(d), i = 0; block < end_block(d); block++, i++) {
			int error = went[i] ? 0 : memory_block_offline(m, block);

			went[i] |= !error;
			if (error >= 0)
				continue;
			if (!second_pass && error != -EINTR) {
				refused = true;
				continue;
			}
			printk(m, 4, "memory memory%u: Offline failed.", block);
			return refuse(why, size, error, "memory%u refused: %s", block,
				      why_not(error));
		}
		second_pass = true;
	} while (refused);
	return 0;
}

int memory_dimm_unplug(struct machine *m, handle_t dimm, char *why, size_t why_size)
{
	struct memory_dimm *d = dimm_at(m, dimm);
	bool *went;
	int error;

	if (!d->plugged)
		return refuse(why, why_size, -EINVAL, "it is not plugged in");
	went = calloc(d->size >> SECTION_SHIFT, sizeof(*went));
	if (!went)
		return refuse(why, why_size, -ENOMEM, "the host is out of memory");
	error = offline_all(m, d, went, why, why_size);
	if (error)
		online_again(m, d, went);
	free(went);
	if (error)
		return error;
	sparse_remove_range(m, (pfn_t)(d->start >> PAGE_SHIFT),
			    (pfn_t)((d->start + d->size) >> PAGE_SHIFT));
	recount_pageblocks(m);
	forget_poisoned(m, (pfn_t)(d->start >> PAGE_SHIFT),
			(pfn_t)((d->start + d->size) >> PAGE_SHIFT), true);
	remove_resource(m, d->start);
	*direct_map_kb(m, d) -= d->size >> 10;
	d->plugged = d->memmap_on_memory = false;
	memmap_free(m, d);
	node_take_down(m, (u16)d->nid);
	return 0;
}
