/* /proc/buddyinfo: free blocks by order, for each zone that has memory. */
#include "fs/proc/proc.h"

void proc_show_zone_name(const struct zone *z, struct text *out)
{
	text_str(out, "Node ");
	text_u64(out, z->nid);
	text_str(out, ", zone ");
	text_str_right(out, zone_name((enum zone_type)z->type), 8);
}

static void show_zone(const struct zone *z, struct text *out)
{
	u32 order;

	proc_show_zone_name(z, out);
	text_char(out, ' ');
	for (order = 0; order < MAX_ORDER; order++) {
		text_u64_width(out, z->free_area[order].nr_free, 6);
		text_char(out, ' ');
	}
	text_char(out, '\n');
}

int proc_buddyinfo_show(const struct request *rq, struct text *out)
{
	const struct machine *m = rq->m;
	u32 nid, type;

	for (nid = 0; nid < m->nr_nodes; nid++)
		for (type = 0; type < MAX_NR_ZONES; type++)
			if (zone_populated(&m->node[nid].zones[type]))
				show_zone(&m->node[nid].zones[type], out);
	return 0;
}
