/* /proc/pagetypeinfo: free blocks by migrate type and order, and how many pageblocks each type has.
 * Each node with memory has its own copy of the headings. */
#include "fs/proc/proc.h"

/* A real kernel walks the lists and stops here, marking the number. */
#define COUNT_LIMIT 100000u

static const char *const migratetype_names[MIGRATE_TYPES] = {
	[MIGRATE_UNMOVABLE] = "Unmovable",     [MIGRATE_MOVABLE] = "Movable",
	[MIGRATE_RECLAIMABLE] = "Reclaimable", [MIGRATE_HIGHATOMIC] = "HighAtomic",
	[MIGRATE_ISOLATE] = "Isolate",
};

static void show_free_count(struct text *out, u64 count)
{
	if (count >= COUNT_LIMIT) {
		count = COUNT_LIMIT;
		text_char(out, '>');
	}
	text_u64_width(out, count, 6);
	text_char(out, ' ');
}

static void show_free(const struct zone *z, struct text *out)
{
	u32 type, order;

	for (type = 0; type < MIGRATE_TYPES; type++) {
		text_str(out, "Node ");
		text_u64_width(out, z->nid, 4);
		text_str(out, ", zone ");
		text_str_right(out, zone_name((enum zone_type)z->type), 8);
		text_str(out, ", type ");
		text_str_right(out, migratetype_names[type], 12);
		text_char(out, ' ');
		for (order = 0; order < MAX_ORDER; order++)
			show_free_count(out, z->free_area[order].nr_free_type[type]);
		text_char(out, '\n');
	}
}

static void show_blocks(const struct zone *z, struct text *out)
{
	u32 type;

	proc_show_zone_name(z, out);
	text_char(out, ' ');
	for (type = 0; type < MIGRATE_TYPES; type++) {
		text_u64_width(out, z->nr_pageblocks[type], 12);
		text_char(out, ' ');
	}
	text_char(out, '\n');
}

static void show_node(const struct pglist_data *node, struct text *out)
{
	u32 i;

	text_printf(out, "Page block order: %u\nPages per block:  %u\n\n", PAGEBLOCK_ORDER,
		    PAGEBLOCK_NR_PAGES);
	text_printf(out, "%-43s ", "Free pages count per migrate type at order");
	for (i = 0; i < MAX_ORDER; i++) {
		text_u64_width(out, i, 6);
		text_char(out, ' ');
	}
	text_char(out, '\n');
	for (i = 0; i < MAX_NR_ZONES; i++)
		if (zone_populated(&node->zones[i]))
			show_free(&node->zones[i], out);

	text_printf(out, "\n%-23s", "Number of blocks type ");
	for (i = 0; i < MIGRATE_TYPES; i++) {
		text_str_right(out, migratetype_names[i], 12);
		text_char(out, ' ');
	}
	text_char(out, '\n');
	for (i = 0; i < MAX_NR_ZONES; i++)
		if (zone_populated(&node->zones[i]))
			show_blocks(&node->zones[i], out);
}

int proc_pagetypeinfo_show(const struct request *rq, struct text *out)
{
	const struct machine *m = rq->m;
	u32 nid;

	for (nid = 0; nid < m->nr_nodes; nid++)
		if (m->node[nid].has_memory)
			show_node(&m->node[nid], out);
	return 0;
}
