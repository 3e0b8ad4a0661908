/*
 * /sys/devices/system/node: NUMA nodes, their memory blocks and CPUs.
 * What the files of one node print is in node_stat.c.
 * Source: Documentation/ABI/stable/sysfs-devices-node.
 */
#include "fs/sys/node.h"

#include "fs/proc/proc.h"

#include <errno.h>
#include <mman/memory_hotplug.h>
#include <stdio.h>

static bool node_exists(const struct request *rq)
{
	return node_is_online(rq->m, (u32)rq->object);
}

/* ---- nodeN/ ---- */

static const u64 *cpumask_of(const struct request *rq)
{
	return rq->m->node[rq->object].cpumask;
}

static int cpumap_show(const struct request *rq, struct text *out)
{
	text_bitmap(out, cpumask_of(rq), rq->m->nr_cpus);
	text_char(out, '\n');
	return 0;
}

static int cpulist_show(const struct request *rq, struct text *out)
{
	text_bitmap_list(out, cpumask_of(rq), rq->m->nr_cpus);
	text_char(out, '\n');
	return 0;
}

static int distance_show(const struct request *rq, struct text *out)
{
	const struct pglist_data *n = &rq->m->node[rq->object];
	const char *space = "";
	u32 nid;

	for (nid = 0; nid < rq->m->nr_nodes; nid++) {
		if (!node_is_online(rq->m, nid))
			continue;
		text_str(out, space);
		text_u64(out, n->distance[nid]);
		space = " ";
	}
	text_char(out, '\n');
	return 0;
}

static int compact_one_node(const struct request *rq, u64 old)
{
	(void)old;
	compact_node(rq->m, (u32)rq->object);
	return 0;
}

static const struct attribute node_attrs[] = {
	KNOB_ROW("compact", 0200, ATTR_LONG, SYSFS_SIZE, .parser = KNOB_ACTION,
		 .changed = compact_one_node, .effect = ACTS,
		 .help = "compact the free memory of this node; any write"),
	{ .name = "cpulist", .mode = 0444, .size = CPULIST_SIZE, .show = cpulist_show },
	{ .name = "cpumap", .mode = 0444, .size = CPUMAP_SIZE, .show = cpumap_show },
	SYSFS_RO("distance", distance_show),
	SYSFS_RO("meminfo", node_meminfo_show),
	SYSFS_RO("numastat", node_numastat_show),
	SYSFS_LINK("subsystem", "../../../../bus/node"),
	UEVENT_ATTR,
	SYSFS_RO("vmstat", node_vmstat_show),
};

POWER_DIRECTORY(node_power_directory, "node/nodeN/power", node_exists);

static const struct directory node_x86_directory = { .name = "node/nodeN/x86",
						     .mode = 0755,
						     .exists = node_exists };

static const struct subdirectory node_subdirs[] = {
	{ .name = "hugepages", .dir = &node_hugepages_directory, .visible = sys_has_hugepages },
	{ .name = "power", .dir = &node_power_directory },
	{ .name = "x86", .dir = &node_x86_directory },
};

/* ---- nodeN/cpuM and nodeN/memoryM: links whose object packs (M, N) ---- */

static int cpu_link_show(const struct request *rq, struct text *out)
{
	text_str(out, "../../cpu/cpu");
	text_u64(out, object_number(rq->object));
	return 0;
}

static int memory_link_show(const struct request *rq, struct text *out)
{
	text_str(out, "../../memory/memory");
	text_u64(out, object_number(rq->object));
	return 0;
}

enum { CPU_LINK, MEMORY_LINK };

static const struct attribute link_attrs[] = {
	[CPU_LINK] = { .name = "cpu", .mode = S_IFLNK | 0777, .show = cpu_link_show },
	[MEMORY_LINK] = { .name = "memory", .mode = S_IFLNK | 0777, .show = memory_link_show },
};

static u64 link_parent(const struct request *rq)
{
	return object_generation(rq->object);
}

static const struct directory node_links = {
	.name = "node/nodeN/links",
	.attrs = link_attrs,
	.nr_attrs = ARRAY_SIZE(link_attrs),
	.rows_only = true,
	.parent_object = link_parent,
};

static bool has_cpu(const struct request *rq, u32 cpu)
{
	return cpu < rq->m->nr_cpus && cpumask_of(rq)[cpu / 64] >> cpu % 64 & 1;
}

static bool has_block(const struct request *rq, u32 block)
{
	struct memory_block b;

	if (!memory_block_exists(rq->m, block))
		return false;
	memory_block_look(rq->m, block, &b);
	return b.nodes >> rq->object & 1;
}

static int node_lookup_link(const struct request *rq, const char *name, struct entry *out)
{
	u32 number;

	if (parse_object_name(name, "cpu", &number) && has_cpu(rq, number))
		out->attr = &link_attrs[CPU_LINK];
	else if (parse_object_name(name, "memory", &number) && has_block(rq, number))
		out->attr = &link_attrs[MEMORY_LINK];
	else
		return -ENOENT;
	out->owner = &node_links;
	out->object = object_pack(number, rq->object);
	return 0;
}

/* CPUs first, then memory blocks, from position NR_CPUS_MAX on. */
static int node_iterate_links(const struct request *rq, u64 position, struct dir_emit *e)
{
	char name[24];
	u32 cpu, block;

	for (cpu = (u32)min_t(u64, position, NR_CPUS_MAX); cpu < rq->m->nr_cpus; cpu++) {
		if (!has_cpu(rq, cpu))
			continue;
		snprintf(name, sizeof(name), "cpu%u", cpu);
		if (!emit_row_of(e, name, &node_links, CPU_LINK, object_pack(cpu, rq->object),
				 cpu + 1))
			return 0;
	}
	block = position > NR_CPUS_MAX ? (u32)(position - NR_CPUS_MAX) : 0;
	for (; (block = memory_block_next(rq->m, block)) != UINT32_MAX; block++) {
		if (!has_block(rq, block))
			continue;
		snprintf(name, sizeof(name), "memory%u", block);
		if (!emit_row_of(e, name, &node_links, MEMORY_LINK, object_pack(block, rq->object),
				 NR_CPUS_MAX + block + 1))
			return 0;
	}
	return 0;
}

static void node_name(const struct request *rq, struct text *out)
{
	text_str(out, "node");
	text_u64(out, rq->object);
}

static const struct directory *const node_dynamic[] = { &node_links, NULL };

static const struct directory node_directory = {
	.name = "node/nodeN",
	.mode = 0755,
	.attrs = node_attrs,
	.nr_attrs = ARRAY_SIZE(node_attrs),
	.subdirs = node_subdirs,
	.nr_subdirs = ARRAY_SIZE(node_subdirs),
	.dynamic = node_dynamic,
	.lookup = node_lookup_link,
	.iterate = node_iterate_links,
	.exists = node_exists,
	.object_name = node_name,
};

/* ---- node/ ---- */

static bool node_is_possible(const struct machine *m, u32 nid)
{
	return nid < m->nr_nodes;
}

static bool node_has_cpu(const struct machine *m, u32 nid)
{
	return m->node[nid].has_cpu;
}

static bool node_has_normal_memory(const struct machine *m, u32 nid)
{
	return m->node[nid].has_normal_memory;
}

/* Nodes that hold nothing but an accelerator: there are none. */
static bool node_has_generic_initiator(const struct machine *m, u32 nid)
{
	(void)m;
	(void)nid;
	return false;
}

#define NODE_LIST_SHOW(fn, which)                                 \
	static int fn(const struct request *rq, struct text *out) \
	{                                                         \
		text_node_list(rq->m, out, which);                \
		return 0;                                         \
	}

NODE_LIST_SHOW(has_cpu_show, node_has_cpu)
NODE_LIST_SHOW(has_generic_initiator_show, node_has_generic_initiator)
NODE_LIST_SHOW(has_memory_show, node_has_memory)
NODE_LIST_SHOW(has_normal_memory_show, node_has_normal_memory)
NODE_LIST_SHOW(online_show, node_is_online)
NODE_LIST_SHOW(possible_show, node_is_possible)

static const struct attribute nodes_attrs[] = {
	SYSFS_RO("has_cpu", has_cpu_show),
	SYSFS_RO("has_generic_initiator", has_generic_initiator_show),
	SYSFS_RO("has_memory", has_memory_show),
	SYSFS_RO("has_normal_memory", has_normal_memory_show),
	SYSFS_RO("online", online_show),
	SYSFS_RO("possible", possible_show),
	UEVENT_ATTR,
};

POWER_DIRECTORY(nodes_power_directory, "node/power", NULL);

static const struct subdirectory nodes_subdirs[] = {
	{ .name = "power", .dir = &nodes_power_directory },
};

static int nodes_lookup(const struct request *rq, const char *name, struct entry *out)
{
	u32 nid;

	if (!parse_object_name(name, "node", &nid) || !node_is_online(rq->m, nid))
		return -ENOENT;
	out->dir = &node_directory;
	out->object = nid;
	return 0;
}

static int nodes_iterate(const struct request *rq, u64 position, struct dir_emit *e)
{
	struct entry entry = { .dir = &node_directory };
	char name[16];
	u32 nid;

	for (nid = (u32)position; nid < rq->m->nr_nodes; nid++) {
		if (!node_is_online(rq->m, nid))
			continue;
		snprintf(name, sizeof(name), "node%u", nid);
		entry.object = nid;
		if (!e->emit(e, name, &entry, nid + 1))
			break;
	}
	return 0;
}

static u32 nodes_nlink(const struct request *rq)
{
	u32 nid, links = 3;

	for (nid = 0; nid < rq->m->nr_nodes; nid++)
		links += node_is_online(rq->m, nid);
	return links;
}

static const struct directory *const nodes_dynamic[] = { &node_directory, NULL };

const struct directory sys_node_directory = {
	.name = "node",
	.mode = 0755,
	.attrs = nodes_attrs,
	.nr_attrs = ARRAY_SIZE(nodes_attrs),
	.subdirs = nodes_subdirs,
	.nr_subdirs = ARRAY_SIZE(nodes_subdirs),
	.dynamic = nodes_dynamic,
	.lookup = nodes_lookup,
	.iterate = nodes_iterate,
	.nlink = nodes_nlink,
};
