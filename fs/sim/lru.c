/*
 * sim/lru: a census of pages by node and zone: free, active, inactive clean, inactive dirty,
 * unevictable. One line per zone, a line per node, one for the machine; pages.
 */
#include "fs/sim/sim.h"

struct census {
	u64 free, active, inactive, dirty, unevictable;
};

static u64 zone_count(const struct zone *z, enum zone_stat_item item)
{
	return z->vm_stat[item] > 0 ? (u64)z->vm_stat[item] : 0;
}

static void count_zone(const struct zone *z, struct census *c)
{
	c->free += zone_count(z, NR_FREE_PAGES);
	c->active += zone_count(z, NR_ZONE_ACTIVE_ANON) + zone_count(z, NR_ZONE_ACTIVE_FILE);
	c->inactive += zone_count(z, NR_ZONE_INACTIVE_ANON) + zone_count(z, NR_ZONE_INACTIVE_FILE);
	/* an anonymous page has no copy on a disk: it must be written before it can go */
	c->dirty += zone_count(z, NR_ZONE_INACTIVE_ANON) + z->nr_inactive_file_dirty;
	c->unevictable += zone_count(z, NR_ZONE_UNEVICTABLE);
}

static void print_census(struct text *out, const char *name, const struct census *c)
{
	text_str_left(out, name, 20);
	text_u64_width(out, c->free, 12);
	text_u64_width(out, c->active, 12);
	text_u64_width(out, c->inactive - c->dirty, 16);
	text_u64_width(out, c->dirty, 16);
	text_u64_width(out, c->unevictable, 12);
	text_char(out, '\n');
}

static void add_census(struct census *sum, const struct census *c)
{
	sum->free += c->free;
	sum->active += c->active;
	sum->inactive += c->inactive;
	sum->dirty += c->dirty;
	sum->unevictable += c->unevictable;
}

static void print_node(struct machine *m, struct text *out, u32 nid, struct census *machine)
{
	struct census node = { 0 };
	struct text name;
	u32 zone;

	text_init(&name);
	for (zone = 0; zone < MAX_NR_ZONES; zone++) {
		struct zone *z = &m->node[nid].zones[zone];
		struct census c = { 0 };

		if (!zone_populated(z))
			continue;
		count_zone(z, &c);
		text_reset(&name);
		text_printf(&name, "%u.%s%c", nid, zone_name((enum zone_type)zone), 0);
		print_census(out, name.data ? name.data : "", &c);
		add_census(&node, &c);
	}
	text_reset(&name);
	text_printf(&name, "node%u%c", nid, 0);
	print_census(out, name.data ? name.data : "", &node);
	text_free(&name);
	add_census(machine, &node);
}

int sim_lru_show(const struct request *rq, struct text *out)
{
	struct census all = { 0 };
	u32 nid;

	text_str(
		out,
		"zone                        free      active  inactive_clean  inactive_dirty unevictable\n");
	for (nid = 0; nid < rq->m->nr_nodes; nid++)
		if (rq->m->node[nid].has_memory)
			print_node(rq->m, out, nid, &all);
	print_census(out, "all", &all);
	return 0;
}
