/*
 * sim/zones/N.ZONE/map: a zone as a picture, one character per pageblock (2 MiB), 64 to a line with
 * the first page frame number of each line before it.
 *
 *	.	free			:	no memory (hole, offline)
 *	m u r	partly used: movable, unmovable, reclaimable pageblock
 *	M U R	no free page left in it
 *	H	kept for atomic allocations
 *	I	isolated
 *
 * The map of a zone is made from its pageblocks' summaries: it costs what it prints.
 */
#include "fs/sim/sim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKS_PER_LINE 64u

static struct zone *zone_of(const struct request *rq)
{
	u64 nid = rq->object / MAX_NR_ZONES;

	return &rq->m->node[nid].zones[rq->object % MAX_NR_ZONES];
}

static char block_letter(struct machine *m, const struct zone *z, pfn_t pfn)
{
	static const char partly[MIGRATE_TYPES] = "umrHI", full[MIGRATE_TYPES] = "UMRHI";
	enum migratetype type;
	u32 free_pages;

	if (!pageblock_summary(m, pfn, &free_pages, &type) || pfn_zone(m, pfn) != z)
		return ':';
	if (free_pages == PAGEBLOCK_NR_PAGES)
		return '.';
	return free_pages ? partly[type] : full[type];
}

static int map_show(const struct request *rq, struct text *out)
{
	const struct zone *z = zone_of(rq);
	u64 pfn = z->start_pfn & ~(u64)(PAGEBLOCK_NR_PAGES - 1),
	    end = (u64)z->start_pfn + z->spanned_pages;
	u32 column = 0;

	for (; pfn < end; pfn += PAGEBLOCK_NR_PAGES) {
		if (!column) {
			text_hex(out, pfn, 8);
			text_char(out, ' ');
		}
		/* the first pageblock may begin before the zone does */
		text_char(out,
			  block_letter(rq->m, z, (pfn_t)(pfn < z->start_pfn ? z->start_pfn : pfn)));
		if (++column == BLOCKS_PER_LINE) {
			text_char(out, '\n');
			column = 0;
		}
	}
	if (column)
		text_char(out, '\n');
	return 0;
}

static bool zone_exists(const struct request *rq)
{
	return rq->object / MAX_NR_ZONES < rq->m->nr_nodes && zone_populated(zone_of(rq));
}

static void zone_file_name(const struct request *rq, struct text *out)
{
	text_u64(out, rq->object / MAX_NR_ZONES);
	text_char(out, '.');
	text_str(out, zone_name((enum zone_type)(rq->object % MAX_NR_ZONES)));
}

static const struct attribute zone_attrs[] = {
	{ .name = "map", .mode = 0444, .show = map_show },
};

static const struct directory zone_directory = {
	.name = "sim/zones/N.ZONE",
	.mode = 0555,
	.attrs = zone_attrs,
	.nr_attrs = ARRAY_SIZE(zone_attrs),
	.exists = zone_exists,
	.object_name = zone_file_name,
};

static int zones_lookup(const struct request *rq, const char *name, struct entry *out)
{
	char *end;
	unsigned long nid = strtoul(name, &end, 10);
	u32 type;

	if (end == name || *end != '.' || *name < '0' || *name > '9' ||
	    (*name == '0' && end > name + 1) || nid >= rq->m->nr_nodes)
		return -ENOENT;
	for (type = 0; type < MAX_NR_ZONES; type++) {
		if (strcmp(end + 1, zone_name((enum zone_type)type)) != 0)
			continue;
		if (!zone_populated(&rq->m->node[nid].zones[type]))
			break;
		*out = (struct entry){ .dir = &zone_directory,
				       .object = nid * MAX_NR_ZONES + type };
		return 0;
	}
	return -ENOENT;
}

static int zones_iterate(const struct request *rq, u64 position, struct dir_emit *e)
{
	u64 object;

	for (object = position; object < (u64)rq->m->nr_nodes * MAX_NR_ZONES; object++) {
		struct entry entry = { .dir = &zone_directory, .object = object };
		struct request zone_rq = *rq;
		struct text name;
		bool more;

		zone_rq.object = object;
		if (!zone_populated(zone_of(&zone_rq)))
			continue;
		text_init(&name);
		zone_file_name(&zone_rq, &name);
		text_char(&name, '\0');
		more = !text_error(&name) && e->emit(e, name.data, &entry, object + 1);
		text_free(&name);
		if (!more)
			break;
	}
	return 0;
}

static const struct directory *const zones_dynamic[] = { &zone_directory, NULL };

const struct directory zones_directory = {
	.name = "sim/zones",
	.mode = 0555,
	.dynamic = zones_dynamic,
	.lookup = zones_lookup,
	.iterate = zones_iterate,
};
