/*
 * zones.c - zones and RAM of another machine, from its zoneinfo and iomem.
 *
 * zoneinfo has what must come out to the page: where a zone starts, what it spans, how much of that
 * is RAM and how much the kernel manages. iomem has the holes. Where the two do not agree, or iomem
 * hides its addresses, the zone gets a hole of the right size where machines usually have it.
 */
#include "fs/twin/zones.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LEGACY_HOLE 0xa0u /* pages: video memory and BIOS, up to 1 MiB */
#define LEGACY_END  0x100u
#define EBDA	    0x9fu /* a BIOS keeps the page below */
#define TAIL_PAGES  1024u /* RAM left above a hole that ends a node */

/* ---- zoneinfo ---- */

static enum zone_type zone_by_name(struct slice name)
{
	enum zone_type z;

	for (z = ZONE_DMA; z < ZONE_DEVICE; z++)
		if (slice_is(name, zone_name(z)))
			return z;
	return ZONE_DEVICE;
}

/* "Node 0, zone    DMA32" */
static bool zone_heading(struct slice line, struct twin_zone *z)
{
	struct slice word, number;
	u64 nid;

	if (!slice_word(&line, &word) || !slice_is(word, "Node") || !slice_word(&line, &word))
		return false;
	number = slice_cut(&word, ',');
	if (!slice_number(number, 10, &nid) || nid >= MAX_NUMNODES || !slice_word(&line, &word) ||
	    !slice_is(word, "zone") || !slice_word(&line, &word))
		return false;
	*z = (struct twin_zone){ .nid = (u32)nid, .type = zone_by_name(word) };
	return true;
}

/* "(0, 3019, 24090, 24090, 24090)" */
static void zone_protection(struct slice text, struct twin_zone *z)
{
	struct slice number;

	slice_cut(&text, '(');
	text = slice_cut(&text, ')');
	while (text.size && z->nr_protections < MAX_NR_ZONES) {
		number = slice_cut(&text, ',');
		while (number.size && *number.at == ' ')
			number = (struct slice){ number.at + 1, number.size - 1 };
		if (!slice_number(number, 10, &z->protection[z->nr_protections++]))
			break;
	}
}

static void zone_field(struct slice line, struct twin_zone *z)
{
	static const char *const marks[] = { "min", "low", "high" };
	struct slice key, value;
	u64 n;
	u32 i;

	if (slice_word(&line, &key) && slice_is(key, "protection:")) {
		zone_protection(line, z);
		return;
	}
	if (!slice_word(&line, &value) || !slice_number(value, 10, &n))
		return;
	for (i = 0; i < ARRAY_SIZE(marks); i++)
		if (slice_is(key, marks[i]))
			z->marks[i] = n;
	if (slice_is(key, "spanned"))
		z->spanned = n;
	else if (slice_is(key, "present"))
		z->present = n;
	else if (slice_is(key, "managed"))
		z->managed = n;
	else if (slice_is(key, "start_pfn:"))
		z->start = n;
}

static int keep_zone(struct twin_zones *zones, const struct twin_zone *z)
{
	if (!z->present)
		return 0;
	if (z->type == ZONE_DEVICE) {
		zones->nr_device += z->present;
		return 0;
	}
	if (zones->nr_zones == MAX_ZONE_CONFIGS || z->start + z->spanned > PFN_NONE ||
	    z->present > z->spanned || z->managed > z->present || z->type == ZONE_HIGHMEM)
		return -EINVAL;
	zones->zone[zones->nr_zones++] = *z;
	return 0;
}

static int read_zoneinfo(struct slice text, struct twin_zones *zones)
{
	struct twin_zone z = { 0 }, next;
	struct slice line;
	int error = 0;

	while (!error && slice_line(&text, &line)) {
		if (zone_heading(line, &next)) {
			error = keep_zone(zones, &z);
			z = next;
		} else {
			zone_field(line, &z);
		}
	}
	return error ? error : keep_zone(zones, &z);
}

/* ---- RAM ---- */

static bool add_ram(struct twin_zones *zones, u32 nid, u64 start, u64 end)
{
	struct twin_ram *last = zones->nr_ram ? &zones->ram[zones->nr_ram - 1] : NULL;

	if (start >= end)
		return true;
	if (last && last->nid == nid && last->end == start) {
		last->end = end;
		return true;
	}
	if (zones->nr_ram == MAX_MEMORY_RANGES)
		return false;
	zones->ram[zones->nr_ram++] = (struct twin_ram){ nid, start, end };
	return true;
}

/* A line "START-END : System RAM" as whole pages. */
static bool iomem_ram(struct slice line, u64 *start, u64 *end)
{
	struct slice word, from, rest = line;
	u64 first, last;

	if (!slice_word(&rest, &word))
		return false;
	from = slice_cut(&word, '-');
	if (!memmem(rest.at, rest.size, ": System RAM", 12) || !slice_number(from, 16, &first) ||
	    !slice_number(word, 16, &last) || last < first)
		return false;
	*start = (first + PAGE_SIZE - 1) >> PAGE_SHIFT;
	*end = (last + 1) >> PAGE_SHIFT;
	return true;
}

static u64 clip(u64 n, u64 low, u64 high)
{
	return n < low ? low : n > high ? high : n;
}

/* The parts of [start, end) that are in the node's memory blocks, as its links list them. */
static bool add_blocks(struct twin_zones *zones, u32 nid, u64 start, u64 end, struct slice blocks,
		       u64 pages)
{
	u64 block;

	for (block = start / pages; block * pages < end; block++) {
		struct slice rest = blocks, line;
		u64 n;

		while (slice_line(&rest, &line))
			if (slice_number(line, 10, &n) && n == block &&
			    !add_ram(zones, nid, clip(block * pages, start, end),
				     clip((block + 1) * pages, start, end)))
				return false;
	}
	return true;
}

/* What iomem has within the zone; @blocks (may be empty): and within these. How many pages. */
static u64 ram_from_iomem(struct twin_zones *zones, const struct twin_zone *z, struct slice iomem,
			  struct slice blocks, u64 block_pages)
{
	u32 first = zones->nr_ram, i;
	struct slice line;
	u64 start, end, sum = 0;
	bool fits = true;

	while (fits && slice_line(&iomem, &line)) {
		if (!iomem_ram(line, &start, &end))
			continue;
		start = clip(start, z->start, z->start + z->spanned);
		end = clip(end, z->start, z->start + z->spanned);
		if (blocks.size)
			fits = add_blocks(zones, z->nid, start, end, blocks, block_pages);
		else
			fits = add_ram(zones, z->nid, start, end);
	}
	for (i = 0; i < zones->nr_ram; i++) {
		start = clip(zones->ram[i].start, z->start, z->start + z->spanned);
		end = clip(zones->ram[i].end, z->start, z->start + z->spanned);
		/* the range before the zone's first may have grown into it */
		if (zones->ram[i].nid == z->nid && (i >= first || i + 1 == first))
			sum += end - start;
	}
	return fits ? sum : 0;
}

static bool last_of_node(const struct twin_zones *zones, const struct twin_zone *z)
{
	u32 i;

	for (i = 0; i < zones->nr_zones; i++)
		if (zones->zone[i].nid == z->nid && zones->zone[i].start > z->start)
			return false;
	return true;
}

/* A zone with a hole: that of the PC below 1 MiB, the rest below 4 GiB or wherever the zone
 * ends. */
static bool guess_ram(struct twin_zones *zones, const struct twin_zone *z)
{
	u64 hole = z->spanned - z->present, start = z->start, end = start + z->spanned, tail = 0,
	    low;

	zones->nr_guessed += hole != 0;
	if (start < EBDA && end > LEGACY_END && hole >= LEGACY_END - LEGACY_HOLE) {
		low = hole > LEGACY_END - LEGACY_HOLE ? EBDA : LEGACY_HOLE;
		if (!add_ram(zones, z->nid, start, low))
			return false;
		start = LEGACY_END;
		hole -= LEGACY_END - low;
	}
	if (hole && last_of_node(zones, z))
		tail = z->present / 4 < TAIL_PAGES ? z->present / 4 : TAIL_PAGES;
	return add_ram(zones, z->nid, start, end - hole - tail) &&
	       add_ram(zones, z->nid, end - tail, end);
}

static int find_ram(const struct capture *c, struct twin_zones *zones)
{
	struct slice iomem, blocks, none = { "", 0 }, size;
	u64 block_pages = 0;
	u32 i;

	capture_find(c, &iomem, "/proc/iomem");
	if (capture_find(c, &size, "/sys/devices/system/memory/block_size_bytes") &&
	    slice_word(&size, &blocks) && slice_number(blocks, 16, &block_pages))
		block_pages >>= PAGE_SHIFT;
	for (i = 0; i < zones->nr_zones; i++) {
		const struct twin_zone *z = &zones->zone[i];
		struct twin_zones before = *zones;

		if (ram_from_iomem(zones, z, iomem, none, 0) == z->present)
			continue;
		*zones = before;
		capture_find(c, &blocks, "/sys/devices/system/node/node%u/memory*", z->nid);
		if (block_pages && blocks.size &&
		    ram_from_iomem(zones, z, iomem, blocks, block_pages) == z->present)
			continue;
		*zones = before;
		if (!guess_ram(zones, z))
			return -E2BIG;
	}
	return 0;
}

/* ---- memory that is offline ---- */

#define GIB_PAGES      ((u64)1 << (30 - PAGE_SHIFT))
#define FOUR_GIB_PAGES (4 * GIB_PAGES)

/* Where slots for DIMMs begin: above all RAM, and above 4 GiB, at a full GiB. */
static u64 first_slot(const struct twin_zones *zones)
{
	u64 top = FOUR_GIB_PAGES;
	u32 i;

	for (i = 0; i < zones->nr_ram; i++)
		top = zones->ram[i].end > top ? zones->ram[i].end : top;
	return (top + GIB_PAGES - 1) / GIB_PAGES * GIB_PAGES;
}

static void take_higher(void *arg, u64 nid)
{
	u32 *highest = arg;

	*highest = (u32)nid > *highest ? (u32)nid : *highest;
}

/* The node that has a link to the memory block; the last one if none has. */
static u32 node_of_block(const struct capture *c, u64 block)
{
	struct slice online, rest, line;
	u32 nid, last = 0;
	u64 n;

	if (capture_find(c, &online, "/sys/devices/system/node/online"))
		slice_list(online, MAX_NUMNODES, take_higher, &last);
	for (nid = 0; nid <= last; nid++) {
		capture_find(c, &rest, "/sys/devices/system/node/node%u/memory*", nid);
		while (slice_line(&rest, &line))
			if (slice_number(line, 10, &n) && n == block)
				return nid;
	}
	return last;
}

/* RAM of iomem that is in no zone: DIMMs that are plugged and not used. */
static void find_offline(const struct capture *c, struct twin_zones *zones)
{
	const u64 section = PAGES_PER_SECTION;
	struct slice iomem, line;
	u64 start, end, from = first_slot(zones);

	capture_find(c, &iomem, "/proc/iomem");
	while (slice_line(&iomem, &line) && zones->nr_offline < MAX_TWIN_OFFLINE) {
		if (!iomem_ram(line, &start, &end) || start < from || (start | end) % section)
			continue;
		zones->offline[zones->nr_offline++] =
			(struct twin_ram){ node_of_block(c, start / section), start, end };
	}
}

/* ---- all of it ---- */

/*
 * MemTotal is what the zones manage; on a kernel that hands over memory later (deferred_init=lazy),
 * or where somebody stands between us and /proc/meminfo (a container's file system), it is not.
 * MemTotal is then what counts, and the zone with the most room takes the difference.
 */
static void settle_total(const struct capture *c, struct twin_zones *zones)
{
	struct slice meminfo;
	u64 managed = 0, total, room, most;
	s64 left;
	u32 i, best;

	for (i = 0; i < zones->nr_zones; i++)
		managed += zones->zone[i].managed;
	capture_find(c, &meminfo, "/proc/meminfo");
	total = slice_value(meminfo, "MemTotal:", managed << (PAGE_SHIFT - 10)) >>
		(PAGE_SHIFT - 10);
	zones->unmanaged = left = (s64)total - (s64)managed;
	while (left) {
		for (i = 0, best = 0, most = 0; i < zones->nr_zones; i++) {
			const struct twin_zone *z = &zones->zone[i];

			room = left > 0 ? z->present - z->managed : z->managed;
			best = room > most ? i : best;
			most = room > most ? room : most;
		}
		if (!most)
			break;
		room = most < (u64)llabs(left) ? most : (u64)llabs(left);
		zones->zone[best].managed += left > 0 ? room : -room;
		left += left > 0 ? -(s64)room : (s64)room;
	}
}

int twin_zones_read(const struct capture *c, struct twin_zones *z, FILE *err)
{
	struct slice text;
	const char *why = NULL;

	memset(z, 0, sizeof(*z));
	if (!capture_find(c, &text, "/proc/zoneinfo"))
		why = "there is no /proc/zoneinfo in it";
	else if (read_zoneinfo(text, z) || !z->nr_zones)
		why = "its /proc/zoneinfo is not that of an x86-64 machine";
	else if (find_ram(c, z))
		why = "its RAM is in more pieces than a machine can have";
	if (why) {
		if (err)
			fprintf(err, "mmanfs: no twin of this machine: %s\n", why);
		return -EINVAL;
	}
	find_offline(c, z);
	settle_total(c, z);
	return 0;
}
