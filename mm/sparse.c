/*
 * sparse.c - which frames there are, to which zone each belongs, and their struct pages.
 *
 * mem_map is one stretch of reserved host address space, indexed by PFN. It costs nothing until a
 * frame is used: the struct pages of a 4 MiB block (32 KiB) are written when the block is first cut
 * up, and host memory is opened a section (1 MiB of struct pages) at a time.
 *
 *	PFN     0        4096                          258007     262144
 *	RAM     |==DMA===|===========DMA32=============|...hole...|
 *	ranges  [1,159) [256,4096) [4096,258007)
 *	touched |##|     |#|          |##|          |#|             where somebody took or kept pages
 *
 * Which zone an untouched frame is in is known from the ranges of online RAM, kept sorted.
 */
#include "mm/page_alloc.h"
#include "mm/pagevec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define BLOCK_SHIFT	   (MAX_ORDER - 1)
#define BLOCKS_PER_SECTION (PAGES_PER_SECTION / MAX_ORDER_NR_PAGES)

#define SECTION_MAP_SIZE (PAGES_PER_SECTION * sizeof(struct page))

/* Blocks touched, of the 64 whose struct pages are one huge page of the host, that make it worth
 * one. */
#define HUGE_MAP_BLOCKS 40
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* since Linux 6.1 */
#endif

_Static_assert(2 * SECTION_MAP_SIZE == HOST_HUGE_SIZE, "two sections' bits are a word: map_huge()");
_Static_assert(BLOCKS_PER_SECTION == 32,
	       "a section's touched bits are half a word: section_is_open()");

const char *zone_name(enum zone_type type)
{
	static const char *const names[MAX_NR_ZONES] = {
		[ZONE_DMA] = "DMA",	    [ZONE_DMA32] = "DMA32",	[ZONE_NORMAL] = "Normal",
		[ZONE_HIGHMEM] = "HighMem", [ZONE_MOVABLE] = "Movable", [ZONE_DEVICE] = "Device",
	};

	return names[type];
}

static u64 mem_map_bytes(const struct machine *m)
{
	u64 bytes = (m->room_pfn + PAGES_PER_SECTION - 1) / PAGES_PER_SECTION * SECTION_MAP_SIZE;

	return (bytes / HOST_HUGE_SIZE + 1) * HOST_HUGE_SIZE;
}

static void *alloc_bits(u64 bits)
{
	return calloc(bits / 64 + 1, sizeof(u64));
}

static void *reserve_mem_map(const struct machine *m)
{
	u64 bytes = mem_map_bytes(m), head;
	u8 *map = mmap(NULL, bytes + HOST_HUGE_SIZE, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (map == MAP_FAILED)
		return map;
	head = -(u64)map & (HOST_HUGE_SIZE - 1);
	if (head)
		munmap(map, head);
	munmap(map + head + bytes, HOST_HUGE_SIZE - head);
	return map + head;
}

/*
 * mem_map, the bitmaps and pageblock_flags: addresses of the host's only. Nothing is present yet, every
 * pageblock is MIGRATE_MOVABLE. Room for what may be plugged in; a host that has no addresses for
 * that gives what there is now. 0 or -ENOMEM.
 */
static int sparse_init(struct machine *m)
{
	u64 limit = memory_hotplug_limit(m) >> PAGE_SHIFT;
	void *map;

	m->boot.max_pfn = m->max_pfn;
	m->boot.nr_nodes = m->nr_nodes;
	if (m->max_pfn >= PFN_NONE)
		return -ENOMEM;
	m->room_pfn = limit > m->max_pfn ? limit : m->max_pfn;
	map = reserve_mem_map(m);
	if (map == MAP_FAILED) {
		m->room_pfn = m->max_pfn;
		map = reserve_mem_map(m);
	}
	if (map == MAP_FAILED || pagevecs_init(m))
		return -ENOMEM;
	m->mem_map = map;
	m->section_present = alloc_bits(m->room_pfn / PAGES_PER_SECTION + 1);
	m->section_nid = calloc(m->room_pfn / PAGES_PER_SECTION + 1, 1);
	m->block_touched = alloc_bits((m->room_pfn >> BLOCK_SHIFT) + BLOCKS_PER_SECTION);
	/* stored as a difference from MOVABLE, so that fresh zeroes say what a fresh machine is */
	m->pageblock_flags = calloc((m->room_pfn >> (PAGEBLOCK_ORDER + 1)) + 1, 1);
	if (!m->section_present || !m->section_nid || !m->block_touched || !m->pageblock_flags)
		return -ENOMEM;
	return 0;
}

static void zone_init(struct zone *z, u16 nid, enum zone_type type)
{
	unsigned int order, mt;

	z->nid = nid;
	z->type = (u8)type;
	for (order = 0; order < MAX_ORDER; order++)
		for (mt = 0; mt < MIGRATE_TYPES; mt++)
			page_list_init(&z->free_area[order].list[mt]);
}

static void node_init(struct pglist_data *n, u16 nid)
{
	unsigned int i;

	n->nid = nid;
	for (i = 0; i < MAX_NR_ZONES; i++)
		zone_init(&n->zones[i], nid, (enum zone_type)i);
	for (i = 0; i < NR_LRU_LISTS; i++)
		n->lruvec.lists[i] = (struct pagevec_list){ .nr = 0 };
}

/* Which zone a request's zone bits ask for, in a kernel built with these zones. */
static void gfp_zone_init(struct machine *m)
{
	u8 dma32 = m->zone_mask >> ZONE_DMA32 & 1 ? ZONE_DMA32 : ZONE_NORMAL;
	u8 high = m->zone_mask >> ZONE_HIGHMEM & 1 ? ZONE_HIGHMEM : ZONE_NORMAL;
	u32 bits;

	for (bits = 0; bits < 16; bits++) {
		u8 *zone = &m->gfp_zone[bits];

		if (bits & __GFP_DMA)
			*zone = ZONE_DMA;
		else if (bits & __GFP_DMA32)
			*zone = dma32;
		else if (bits & __GFP_HIGHMEM)
			*zone = bits & __GFP_MOVABLE ? ZONE_MOVABLE : high;
		else
			*zone = ZONE_NORMAL;
	}
}

void node_add(struct machine *m, u16 nid)
{
	node_init(&m->node[nid], nid);
}

int physmem_init(struct machine *m)
{
	u32 nid;
	int error;

	gfp_zone_init(m);
	for (nid = 0; nid < m->nr_nodes; nid++)
		node_init(&m->node[nid], (u16)nid);
	error = pool_init(&m->extents, "untouched_extent", sizeof(struct untouched_extent),
			  1u << 20);
	if (!error)
		error = pool_init(&m->pagesets, "per_cpu_pages", sizeof(struct per_cpu_pages),
				  1u << 20);
	if (!error)
		error = pool_init(&m->zone_ranges, "zone_range", sizeof(struct zone_range),
				  MAX_ZONE_RANGES);
	if (!error)
		error = sparse_init(m);
	return error;
}

void physmem_destroy(struct machine *m)
{
	if (m->mem_map)
		munmap(m->mem_map, mem_map_bytes(m));
	free(m->section_present);
	free(m->section_nid);
	free(m->block_touched);
	free(m->pageblock_flags);
	m->mem_map = NULL;
	m->section_present = m->block_touched = NULL;
	m->section_nid = m->pageblock_flags = NULL;
	pool_destroy(&m->extents);
	pool_destroy(&m->pagesets);
	pool_destroy(&m->pagevecs);
	pool_destroy(&m->zone_ranges);
}

/* ---- sections ---- */

static bool section_present(const struct machine *m, u32 section)
{
	return m->section_present[section / 64] >> section % 64 & 1;
}

static void mark_sections(struct machine *m, pfn_t start, pfn_t end, bool present)
{
	u32 section;

	for (section = start / PAGES_PER_SECTION; section <= (end - 1) / PAGES_PER_SECTION;
	     section++) {
		u64 bit = 1ull << section % 64;

		if (present)
			m->section_present[section / 64] |= bit;
		else
			m->section_present[section / 64] &= ~bit;
	}
}

static void set_section_nid(struct machine *m, u16 nid, pfn_t start, pfn_t end)
{
	u32 section = start / PAGES_PER_SECTION, last = (end - 1) / PAGES_PER_SECTION;

	for (; section <= last; section++)
		if (!section_present(m, section))
			m->section_nid[section] = (u8)nid;
}

int sparse_add_range(struct machine *m, u16 nid, pfn_t start, pfn_t end)
{
	if (end > m->max_pfn || start >= end)
		return -EINVAL;
	set_section_nid(m, nid, start, end);
	mark_sections(m, start, end, true);
	return 0;
}

int sparse_remove_range(struct machine *m, pfn_t start, pfn_t end)
{
	if (end > m->max_pfn || start >= end || start % PAGES_PER_SECTION ||
	    end % PAGES_PER_SECTION)
		return -EINVAL;
	mark_sections(m, start, end, false);
	return 0;
}

u16 section_node(const struct machine *m, u32 section)
{
	return m->section_nid[section];
}

bool pfn_present(const struct machine *m, pfn_t pfn)
{
	return pfn < m->max_pfn && section_present(m, pfn / PAGES_PER_SECTION);
}

/* ---- ranges of online RAM ---- */

static struct zone_range *range_at(const struct machine *m, u32 i)
{
	return (struct zone_range *)pool_at(&m->zone_ranges, i + 1);
}

/* Index of the first range that ends above @pfn. */
static u32 range_index(const struct machine *m, pfn_t pfn)
{
	u32 low = 0, high = m->nr_zone_ranges;

	while (low < high) {
		u32 middle = (low + high) / 2;

		if (range_at(m, middle)->end > pfn)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

const struct zone_range *zone_range_of(const struct machine *m, pfn_t pfn)
{
	u32 i = range_index(m, pfn);

	if (!m->nr_zone_ranges)
		return NULL;
	return range_at(m, i < m->nr_zone_ranges ? i : i - 1);
}

struct zone *pfn_zone(struct machine *m, pfn_t pfn)
{
	const struct zone_range *r = zone_range_of(m, pfn);

	if (!r || pfn < r->start || pfn >= r->end)
		return NULL;
	return &m->node[r->nid].zones[r->type];
}

static bool range_joins(const struct zone_range *low, const struct zone_range *high)
{
	return low->end == high->start && low->nid == high->nid && low->type == high->type;
}

static int range_insert(struct machine *m, const struct zone_range *new)
{
	u32 i = range_index(m, new->start), n = m->nr_zone_ranges, last;

	if (i < n && range_at(m, i)->start < new->end)
		return -EEXIST;
	if (i && range_joins(range_at(m, i - 1), new)) {
		range_at(m, i - 1)->end = new->end;
		return 0;
	}
	if (i < n && range_joins(new, range_at(m, i))) {
		range_at(m, i)->start = new->start;
		return 0;
	}
	/* slots are only ever added: the array is one stretch from slot 1 on */
	if (n + 1 >= m->zone_ranges.nr_slots && !pool_alloc_array(&m->zone_ranges, 1))
		return -ENOMEM;
	for (last = n; last > i; last--)
		*range_at(m, last) = *range_at(m, last - 1);
	*range_at(m, i) = *new;
	m->nr_zone_ranges = n + 1;
	return 0;
}

static void widen(u64 *start, u64 *spanned, u64 from, u64 to)
{
	u64 end = *start + *spanned;

	if (!*spanned) {
		*start = from;
		end = to;
	}
	if (from < *start)
		*start = from;
	if (to > end)
		end = to;
	*spanned = end - *start;
}

/* The zone became wider: the new pageblocks are MOVABLE. */
static void recount_pageblocks(struct machine *m, struct zone *z)
{
	u64 others = 0;
	unsigned int mt;

	for (mt = 0; mt < MIGRATE_TYPES; mt++)
		if (mt != MIGRATE_MOVABLE)
			others += z->nr_pageblocks[mt];
	z->nr_pageblocks[MIGRATE_MOVABLE] = zone_count_pageblocks(m, z) - others;
}

int zone_add_present(struct machine *m, u16 nid, enum zone_type type, pfn_t start, pfn_t end)
{
	struct zone_range new = { .start = start, .end = end, .nid = nid, .type = (u16)type };
	struct pglist_data *n = &m->node[nid];
	struct zone *z = &n->zones[type];
	u64 zone_start = z->start_pfn;
	int error;

	if (start >= end || end > m->max_pfn)
		return -EINVAL;
	error = range_insert(m, &new);
	if (error)
		return error;
	set_section_nid(m, nid, start, end);
	mark_sections(m, start, end, true);
	z->present_pages += end - start;
	n->node_present_pages += end - start;
	widen(&zone_start, &z->spanned_pages, start, end);
	z->start_pfn = (pfn_t)zone_start;
	widen(&n->node_start_pfn, &n->node_spanned_pages, start, end);
	n->has_memory = true;
	if (type <= ZONE_NORMAL)
		n->has_normal_memory = true;
	recount_pageblocks(m, z);
	return 0;
}

/* [start, end) leaves the ranges; it may lie in the middle of one. */
static int range_remove(struct machine *m, pfn_t start, pfn_t end)
{
	u32 i = range_index(m, start);
	struct zone_range *r = range_at(m, i),
			  rest = { .start = end, .end = r->end, .nid = r->nid, .type = r->type };

	if (r->start == start && r->end == end) {
		for (m->nr_zone_ranges--; i < m->nr_zone_ranges; i++)
			*range_at(m, i) = *range_at(m, i + 1);
	} else if (r->start == start) {
		r->start = end;
	} else {
		r->end = start;
		if (rest.start < rest.end && range_insert(m, &rest)) {
			range_at(m, i)->end = rest.end;
			return -ENOMEM;
		}
	}
	return 0;
}

/* First and last frame of what is left of a node, or of one zone of it (@type below
 * MAX_NR_ZONES). */
static void remaining_span(const struct machine *m, u32 nid, u32 type, u64 *first, u64 *spanned)
{
	u64 end = 0;
	u32 i;

	*first = 0;
	for (i = 0; i < m->nr_zone_ranges; i++) {
		const struct zone_range *r = range_at(m, i);

		if (r->nid != nid || (type < MAX_NR_ZONES && r->type != type))
			continue;
		*first = end ? *first : r->start;
		end = r->end;
	}
	*spanned = end - *first;
}

static void forget_blocks(struct machine *m, pfn_t start, pfn_t end)
{
	u32 block;

	for (block = start >> BLOCK_SHIFT; block < end >> BLOCK_SHIFT; block++) {
		u64 bit = 1ull << block % 64;

		if (m->block_touched[block / 64] & bit)
			pagevecs_unreserve(m, MAX_ORDER_NR_PAGES);
		m->block_touched[block / 64] &= ~bit;
	}
}

int zone_remove_present(struct machine *m, struct zone *z, pfn_t start, pfn_t end)
{
	struct pglist_data *n = &m->node[z->nid];
	bool at_end = start == z->start_pfn || end == z->start_pfn + z->spanned_pages;
	bool normal = false;
	u64 first;
	u32 type;
	pfn_t pfn;

	for (pfn = start; pfn < end; pfn += PAGEBLOCK_NR_PAGES)
		set_zone_pageblock_migratetype(m, z, pfn, MIGRATE_MOVABLE);
	if (range_remove(m, start, end))
		return -ENOMEM;
	forget_blocks(m, start, end);
	z->present_pages -= end - start;
	n->node_present_pages -= end - start;
	if (at_end) {
		remaining_span(m, z->nid, z->type, &first, &z->spanned_pages);
		z->start_pfn = (pfn_t)first;
	}
	remaining_span(m, z->nid, MAX_NR_ZONES, &n->node_start_pfn, &n->node_spanned_pages);
	for (type = 0; type <= ZONE_NORMAL; type++)
		normal |= zone_populated(&n->zones[type]);
	n->has_memory = n->node_present_pages != 0;
	n->has_normal_memory = normal;
	recount_pageblocks(m, z);
	return 0;
}

void zone_set_span(struct machine *m, struct zone *z, pfn_t start, u64 pages)
{
	z->start_pfn = start;
	z->spanned_pages = pages;
	recount_pageblocks(m, z);
}

/* ---- pageblocks ---- */

void set_zone_pageblock_migratetype(struct machine *m, struct zone *z, pfn_t pfn,
				    enum migratetype type)
{
	u32 block = pfn >> PAGEBLOCK_ORDER, shift = block % 2 * 4;
	enum migratetype old = get_pageblock_migratetype(m, pfn);
	u8 *flags = &m->pageblock_flags[block / 2];

	if (type < MIGRATE_PCPTYPES && m->page_group_by_mobility_disabled)
		type = MIGRATE_UNMOVABLE;
	*flags = (u8)((*flags & ~(7u << shift)) | (u32)(type ^ MIGRATE_MOVABLE) << shift);
	z->nr_pageblocks[old]--;
	z->nr_pageblocks[type]++;
}

void set_pageblock_migratetype(struct machine *m, pfn_t pfn, enum migratetype type)
{
	const struct zone_range *r = zone_range_of(m, pfn & ~(PAGEBLOCK_NR_PAGES - 1));

	if (r)
		set_zone_pageblock_migratetype(m, &m->node[r->nid].zones[r->type], pfn, type);
}

/* Steps of a pageblock from @from that lie in [@low, @high). */
static u64 steps_within(u64 from, u64 low, u64 high)
{
	u64 first = low > from ? (low - from + PAGEBLOCK_NR_PAGES - 1) / PAGEBLOCK_NR_PAGES : 0;
	u64 last = high > from ? (high - from + PAGEBLOCK_NR_PAGES - 1) / PAGEBLOCK_NR_PAGES : 0;

	return last > first ? last - first : 0;
}

/* Does the zone's piece of a section, [low, high), lie in one range of its own? */
static bool all_in_zone(const struct machine *m, const struct zone *z, u64 low, u64 high)
{
	const struct zone_range *r = zone_range_of(m, (pfn_t)low);

	return r && r->nid == z->nid && r->type == z->type && r->end >= high &&
	       r->start <= (low & ~(u64)(PAGEBLOCK_NR_PAGES - 1));
}

bool zone_owns_frame(const struct machine *m, const struct zone *z, u64 pfn)
{
	const struct zone_range *r = zone_range_of(m, (pfn_t)pfn);

	return r && r->nid == z->nid && r->type == z->type;
}

/* Calls @fn for each pageblock in sections with holes or several zones; returns how many there
 * are. */
static u64 walk_pageblocks(const struct machine *m, const struct zone *z,
			   void (*fn)(struct machine *m, struct zone *z, pfn_t pfn))
{
	u64 count = 0, low, high, pfn, end = z->start_pfn + z->spanned_pages;

	for (low = z->start_pfn; low < end; low = high) {
		high = (low / PAGES_PER_SECTION + 1) * PAGES_PER_SECTION;
		high = high < end ? high : end;
		if (!section_present(m, (u32)(low / PAGES_PER_SECTION)))
			continue;
		if (all_in_zone(m, z, low, high)) {
			count += steps_within(z->start_pfn, low, high);
			continue;
		}
		pfn = z->start_pfn +
		      steps_within(z->start_pfn, z->start_pfn, low) * PAGEBLOCK_NR_PAGES;
		for (; pfn < high; pfn += PAGEBLOCK_NR_PAGES) {
			if (!zone_owns_frame(m, z, pfn))
				continue;
			count++;
			if (fn)
				fn((struct machine *)m, (struct zone *)z, (pfn_t)pfn);
		}
	}
	return count;
}

u64 zone_count_pageblocks(const struct machine *m, const struct zone *z)
{
	return walk_pageblocks(m, z, NULL);
}

/* Only pageblocks whose first frame is RAM are made MOVABLE at boot; 0 is UNMOVABLE. */
static void init_holed_pageblock(struct machine *m, struct zone *z, pfn_t pfn)
{
	pfn_t first = pfn & ~(PAGEBLOCK_NR_PAGES - 1);
	const struct zone_range *r = zone_range_of(m, first);

	if (!r || first < r->start || first >= r->end)
		set_zone_pageblock_migratetype(m, z, pfn, MIGRATE_UNMOVABLE);
}

void zone_init_pageblocks(struct machine *m, struct zone *z)
{
	recount_pageblocks(m, z);
	walk_pageblocks(m, z, init_holed_pageblock);
}

/* ---- struct pages ---- */

/* Host memory for a section's struct pages is opened with the first of its blocks. */
static int section_open(struct machine *m, pfn_t pfn)
{
	u32 section = pfn / PAGES_PER_SECTION;
	u32 touched = (u32)(m->block_touched[section / 2] >> section % 2 * BLOCKS_PER_SECTION);
	struct page *first = m->mem_map + (u64)section * PAGES_PER_SECTION;

	if (touched)
		return 0;
	if (mprotect(first, PAGES_PER_SECTION * sizeof(struct page), PROT_READ | PROT_WRITE))
		return -ENOMEM;
	return 0;
}

/*
 * Most of the struct pages of two sections are in use: they are met at random places from now on,
 * so they shall be one huge page. (Before that it would take memory that nobody needs.) A host that
 * has none, or cannot put one together at once, is no worse for it.
 */
static void map_huge(struct machine *m, pfn_t pfn)
{
	const size_t both = (size_t)2 * PAGES_PER_SECTION;
	struct page *first = m->mem_map + pfn / both * both;

	if (mprotect(first, HOST_HUGE_SIZE, PROT_READ | PROT_WRITE) ||
	    madvise(first, HOST_HUGE_SIZE, MADV_HUGEPAGE))
		return;
	madvise(first, HOST_HUGE_SIZE, MADV_COLLAPSE);
}

/* Apart, or else the compiler would put together what is to be copied anew for each page. */
static __attribute__((noinline)) void fill_pages(struct page *p, const struct page *end,
						 const struct page *fresh)
{
	for (; p < end; p++)
		*p = *fresh;
}

int touch_block(struct machine *m, pfn_t start, u32 flags)
{
	struct page fresh = { .flags = flags, .next = PFN_NONE, .prev = PFN_NONE };
	const struct zone_range *r;
	pfn_t pfn = start, end = start + MAX_ORDER_NR_PAGES, stop;

	if (section_open(m, start) || pagevecs_reserve(m, MAX_ORDER_NR_PAGES))
		return -ENOMEM;
	for (; pfn < end; pfn = stop) {
		r = zone_range_of(m, pfn);
		fresh.node = r->nid & 0x3ffu;
		fresh.zone = r->type & 7u;
		stop = r->end > pfn && r->end < end ? r->end : end;
		fill_pages(m->mem_map + pfn, m->mem_map + stop, &fresh);
	}
	m->block_touched[(start >> BLOCK_SHIFT) / 64] |= 1ull << (start >> BLOCK_SHIFT) % 64;
	if (__builtin_popcountll(m->block_touched[(start >> BLOCK_SHIFT) / 64]) == HUGE_MAP_BLOCKS)
		map_huge(m, start);
	return 0;
}
