/*
 * memory_hotplug_resize.c - what follows when a zone has grown or shrunk: totals, page lists,
 * zonelists, watermarks, and the node with its threads.
 *
 * The kernel builds its zonelists anew only when a zone gets its first page or loses its last one,
 * and says so in its log; a node that comes by its first DIMM has a list of its own made, too.
 */
#include "mm/memory_hotplug.h"
#include "mm/page_alloc.h"

#include <errno.h>
#include <stdio.h>

/* A hole's struct pages belong to a neighbouring zone, and so do its pageblocks: count them
 * anew. */
void recount_pageblocks(struct machine *m)
{
	u32 nid, type;

	for (nid = 0; nid < m->nr_nodes; nid++) {
		for (type = 0; type < MAX_NR_ZONES; type++) {
			struct zone *z = &m->node[nid].zones[type];

			if (zone_populated(z))
				zone_set_span(m, z, z->start_pfn, z->spanned_pages);
		}
	}
}

/* ---- zonelists, and what the log says of them ---- */

/* What all zones hold beyond their high watermarks, as they are now. */
static u64 free_zone_pages(const struct machine *m)
{
	u64 sum = 0;
	u32 nid, type;

	for (nid = 0; nid < m->nr_nodes; nid++)
		for (type = 0; type < MAX_NR_ZONES; type++) {
			const struct zone *z = &m->node[nid].zones[type];

			if (z->managed_pages > wmark_pages(z, WMARK_HIGH))
				sum += z->managed_pages - wmark_pages(z, WMARK_HIGH);
		}
	return sum;
}

/* @nid: only this node's list was made; -1: all. */
static void print_zonelists(struct machine *m, int nid)
{
	u32 i;

	for (i = 0; i < m->nr_nodes; i++)
		if (nid < 0 || i == (u32)nid)
			print_fallback_order(m, i);
	printk(m, 6, "Built %u zonelists, mobility grouping %s.  Total pages: %llu",
	       m->nr_online_nodes, m->page_group_by_mobility_disabled ? "off" : "on",
	       (unsigned long long)free_zone_pages(m));
	printk(m, 6, "Policy zone: %s", zone_name((enum zone_type)m->hotplug.policy_zone));
}

/* A zone is empty: that its node may be, too, is known only later. */
static void print_last_zonelists(struct machine *m, struct pglist_data *n)
{
	bool has_memory = n->has_memory;

	n->has_memory = true;
	build_zonelists(m);
	print_zonelists(m, -1);
	n->has_memory = has_memory;
	build_zonelists(m);
}

/* ---- nodes ---- */

static handle_t start_thread(struct machine *m, const char *name, u16 nid)
{
	char comm[TASK_COMM_LEN];
	handle_t task;

	snprintf(comm, sizeof(comm), "%s%u", name, nid);
	task = kthread_create(m, comm);
	if (task)
		task_set_state(m, task, TASK_SLEEPING);
	return task;
}

/* A node with its first memory gets its kernel threads. */
static void start_node_threads(struct machine *m, u16 nid)
{
	struct pglist_data *n = &m->node[nid];

	if (m->config.bare)
		return;
	if (!n->kswapd)
		n->kswapd = start_thread(m, "kswapd", nid);
	if (!n->kcompactd)
		n->kcompactd = start_thread(m, "kcompactd", nid);
}

static void stop_node_threads(struct machine *m, struct pglist_data *n)
{
	kswapd_stop(m, n->nid);
	kcompactd_stop(m, n->nid);
	if (n->kswapd)
		do_exit(m, n->kswapd, 0);
	if (n->kcompactd)
		do_exit(m, n->kcompactd, 0);
	n->kswapd = n->kcompactd = 0;
}

static void set_new_distances(struct machine *m, u16 nid)
{
	u32 other;

	for (other = 0; other < m->nr_nodes; other++) {
		m->node[nid].distance[other] = other == nid ? 10 : 20;
		m->node[other].distance[nid] = other == nid ? 10 : 20;
	}
}

int node_bring_up(struct machine *m, u16 nid)
{
	struct pglist_data *n = &m->node[nid];

	for (; m->nr_nodes <= nid; m->nr_nodes++) {
		int error = slab_add_node(m, m->nr_nodes);

		if (error)
			return error;
		node_add(m, (u16)m->nr_nodes);
		m->nr_nodes++;
		set_new_distances(m, (u16)(m->nr_nodes - 1));
		m->nr_nodes--;
	}
	if (n->online)
		return 0;
	build_zonelists(m);
	print_zonelists(m, nid);
	n->online = true;
	build_zonelists(m);
	return 0;
}

void node_take_down(struct machine *m, u16 nid)
{
	struct pglist_data *n = &m->node[nid];
	handle_t h;

	if (n->node_present_pages || n->has_cpu)
		return;
	for (h = m->hotplug.first_dimm; h; h = memory_dimm_at(&m->hotplug, h)->next) {
		const struct memory_dimm *d = memory_dimm_at(&m->hotplug, h);

		if (d->plugged && d->nid == nid)
			return;
	}
	n->online = false;
	build_zonelists(m);
}

/* ---- sizes ---- */

int zone_grown(struct machine *m, struct zone *z, u64 pages, bool was_empty)
{
	struct pglist_data *n = &m->node[z->nid];
	int error;

	z->managed_pages += pages;
	m->totalram_pages += pages;
	n->online = true;
	recount_pageblocks(m);
	build_zonelists(m);
	error = setup_per_cpu_pageset(m);
	if (was_empty)
		print_zonelists(m, -1);
	init_per_zone_wmark_min(m);
	khugepaged_min_free_kbytes_update(m);
	zone_pcp_update(m, z);
	start_node_threads(m, z->nid);
	return error;
}

void zone_shrunk(struct machine *m, struct zone *z, u64 pages)
{
	struct pglist_data *n = &m->node[z->nid];

	z->managed_pages -= pages;
	m->totalram_pages -= pages;
	recount_pageblocks(m);
	build_zonelists(m);
	init_per_zone_wmark_min(m);
	khugepaged_min_free_kbytes_update(m);
	if (zone_populated(z))
		zone_pcp_update(m, z);
	else
		print_last_zonelists(m, n);
	if (!n->has_memory)
		stop_node_threads(m, n);
}
