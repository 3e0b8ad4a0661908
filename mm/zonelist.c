/*
 * zonelist.c - in which order zones are asked for memory.
 *
 * Each node has a list of all zones of all nodes: the nearest node first, and within a node the
 * highest zone first, so that the small low zones are spared. Among nodes at the same distance the
 * ones that follow in number go first, nodes without CPUs before nodes with, and those that were
 * chosen as next-best less often so far: so the neighbours of a full node share its overflow. At
 * boot the lists are made before any CPU is known, so that CPUs only count when memory is plugged
 * later.
 *
 * Source: Documentation/mm/numa.rst; "Fallback order for Node" in the boot logs of guests with five
 * and eight nodes, at one distance and at two, with and without CPUs.
 */
#include "mm/page_alloc.h"

#include <limits.h>
#include <stdio.h>

/* The node that is best after those in @used; -1 when all are. */
static int find_next_best_node(const struct machine *m, u32 node, bool *used, const u32 *load)
{
	const struct pglist_data *n = &m->node[node];
	u64 best_value = UINT64_MAX, value;
	int best = -1;
	u32 other;

	if (!used[node] && n->has_memory) {
		used[node] = true;
		return (int)node;
	}
	for (other = 0; other < m->nr_nodes; other++) {
		if (used[other] || !m->node[other].has_memory)
			continue;
		value = n->distance[other];
		value += other < node;
		value += m->pagesets.nr_live && m->node[other].nr_cpus;
		value = value * MAX_NUMNODES * MAX_NUMNODES + load[other];
		if (value < best_value) {
			best_value = value;
			best = (int)other;
		}
	}
	if (best >= 0)
		used[best] = true;
	return best;
}

static void find_node_order(struct machine *m, u32 node, u32 *load)
{
	struct pglist_data *n = &m->node[node];
	bool used[MAX_NUMNODES] = { false };
	u32 previous = node;
	int next;

	n->nr_node_order = 0;
	while ((next = find_next_best_node(m, node, used, load)) >= 0) {
		/* only the first of a group of equally distant nodes bears the load */
		if (n->distance[next] != n->distance[previous])
			load[next]++;
		previous = (u32)next;
		n->node_order[n->nr_node_order++] = (u8)next;
	}
}

static u32 zone_offset(const struct machine *m, const struct zoneref *ref)
{
	return (u32)((u8 *)&m->node[ref->nid].zones[ref->type] - (u8 *)m->node);
}

static void build_zonelist(struct machine *m, struct pglist_data *n)
{
	u32 i, type;

	n->nr_zonelist = 0;
	for (i = 0; i < n->nr_node_order; i++) {
		u16 nid = n->node_order[i];

		for (type = MAX_NR_ZONES; type-- > 0;)
			if (zone_populated(&m->node[nid].zones[type]))
				n->zonelist[n->nr_zonelist++] = (struct zoneref){ nid, (u16)type };
	}
	for (type = 0; type < MAX_NR_ZONES; type++) {
		for (i = 0; i < n->nr_zonelist && n->zonelist[i].type > type; i++)
			;
		n->zonelist_first[type] = (u16)i;
		n->preferred_zone[type] = ZONE_NONE;
		if (i < n->nr_zonelist)
			n->preferred_zone[type] = zone_offset(m, &n->zonelist[i]);
	}
}

static void set_cpu_to_node(struct machine *m, const struct pglist_data *n)
{
	u32 cpu;

	for (cpu = 0; cpu < m->nr_cpus; cpu++)
		if (n->cpumask[cpu / 64] >> cpu % 64 & 1)
			m->cpu_to_node[cpu] = (u8)n->nid;
}

/*
 * Requests that prefer Normal rather take another zone's memory than another type's pageblock, as
 * long as the other zone is near: DMA32 of the same node, or there is only one node anyway.
 */
static void set_nofragment(struct machine *m, struct pglist_data *n)
{
	n->zones[ZONE_NORMAL].nofragment =
		m->config.arch == ARCH_X86_64 &&
		(m->nr_online_nodes <= 1 || zone_populated(&n->zones[ZONE_DMA32]));
}

void build_zonelists(struct machine *m)
{
	u32 load[MAX_NUMNODES] = { 0 };
	u64 pages = 0;
	u32 nid, type;

	m->nr_online_nodes = 0;
	for (nid = 0; nid < m->nr_nodes; nid++) {
		struct pglist_data *n = &m->node[nid];

		set_cpu_to_node(m, n);
		m->nr_online_nodes += n->online || n->has_memory;
		for (type = 0; type < MAX_NR_ZONES; type++) {
			struct zone *z = &n->zones[type];

			if (!m->pagesets.nr_live) /* at boot */
				zone_init_pageblocks(m, z);
			pages += z->managed_pages ? z->managed_pages : z->present_pages;
			if (z->managed_pages && type < ZONE_MOVABLE &&
			    type > m->hotplug.policy_zone)
				m->hotplug.policy_zone = (u8)type;
		}
	}
	m->numa_costs = m->nr_online_nodes > 1 &&
			m->cost.memory_access_remote != m->cost.memory_access;
	for (nid = 0; nid < m->nr_nodes; nid++) {
		find_node_order(m, nid, load);
		set_nofragment(m, &m->node[nid]);
	}
	for (nid = 0; nid < m->nr_nodes; nid++)
		build_zonelist(m, &m->node[nid]);
	/* too little memory for a pageblock of each type: keeping them apart would only waste */
	m->page_group_by_mobility_disabled = pages / MIGRATE_TYPES < PAGEBLOCK_NR_PAGES;
}

void print_fallback_order(struct machine *m, u32 nid)
{
	const struct pglist_data *n = &m->node[nid];
	char order[MAX_NUMNODES * 4 + 8];
	size_t at = 0;
	u32 i;

	/* a memoryless node is its own first choice, though nothing comes of it */
	if (!n->has_memory)
		at += (size_t)snprintf(order, sizeof(order), "%u ", nid);
	for (i = 0; i < n->nr_node_order && at < sizeof(order) - 5; i++)
		at += (size_t)snprintf(order + at, sizeof(order) - at, "%u ", n->node_order[i]);
	order[at] = '\0';
	printk(m, 6, "Fallback order for Node %u: %s", nid, order);
}
