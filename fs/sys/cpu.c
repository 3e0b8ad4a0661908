/*
 * /sys/devices/system/cpu: the CPUs, their place in the machine and their caches.
 * Source: Documentation/ABI/{stable,testing}/sysfs-devices-system-cpu, admin-guide/cputopology.rst.
 */
#include "fs/sys/cpu.h"

#include "fs/proc/proc.h"

#include <errno.h>
#include <stdio.h>

bool cpu_exists(const struct request *rq)
{
	return object_number(rq->object) < rq->m->nr_cpus;
}

void cpu_set_of(const struct request *rq, bool package, u64 bits[NR_CPUS_MAX / 64])
{
	u32 cpu = object_number(rq->object), i;
	const u64 *node = rq->m->node[cpu_to_node(rq->m, cpu)].cpumask;

	for (i = 0; i < NR_CPUS_MAX / 64; i++)
		bits[i] = package ? node[i] : 0;
	if (!package)
		bits[cpu / 64] = 1ull << cpu % 64;
}

/* ---- topology: a socket is a node with CPUs, each CPU a core of its own ---- */

static int show_mask(const struct request *rq, struct text *out, bool package, bool list)
{
	u64 bits[NR_CPUS_MAX / 64];

	cpu_set_of(rq, package, bits);
	if (list)
		text_bitmap_list(out, bits, rq->m->nr_cpus);
	else
		text_bitmap(out, bits, rq->m->nr_cpus);
	text_char(out, '\n');
	return 0;
}

static int core_map_show(const struct request *rq, struct text *out)
{
	return show_mask(rq, out, false, false);
}

static int core_list_show(const struct request *rq, struct text *out)
{
	return show_mask(rq, out, false, true);
}

static int package_map_show(const struct request *rq, struct text *out)
{
	return show_mask(rq, out, true, false);
}

static int package_list_show(const struct request *rq, struct text *out)
{
	return show_mask(rq, out, true, true);
}

static int core_id_show(const struct request *rq, struct text *out)
{
	u32 package, core, cores;

	cpu_topology(rq->m, object_number(rq->object), &package, &core, &cores);
	return show_u64(out, core);
}

static int package_id_show(const struct request *rq, struct text *out)
{
	u32 package, core, cores;

	cpu_topology(rq->m, object_number(rq->object), &package, &core, &cores);
	return show_u64(out, package);
}

#define CPU_MAP(file, fn)                                                   \
	{                                                                   \
		.name = file, .mode = 0444, .size = CPUMAP_SIZE, .show = fn \
	}
#define CPU_LIST(file, fn)                                                   \
	{                                                                    \
		.name = file, .mode = 0444, .size = CPULIST_SIZE, .show = fn \
	}

static const struct attribute topology_attrs[] = {
	CPU_MAP("cluster_cpus", core_map_show),
	CPU_LIST("cluster_cpus_list", core_list_show),
	SYSFS_RO("cluster_id", core_id_show),
	CPU_MAP("core_cpus", core_map_show),
	CPU_LIST("core_cpus_list", core_list_show),
	SYSFS_RO("core_id", core_id_show),
	CPU_MAP("core_siblings", package_map_show),
	CPU_LIST("core_siblings_list", package_list_show),
	CPU_MAP("die_cpus", package_map_show),
	CPU_LIST("die_cpus_list", package_list_show),
	SYSFS_TEXT("die_id", "0\n"),
	CPU_MAP("package_cpus", package_map_show),
	CPU_LIST("package_cpus_list", package_list_show),
	SYSFS_RO("physical_package_id", package_id_show),
	CPU_MAP("thread_siblings", core_map_show),
	CPU_LIST("thread_siblings_list", core_list_show),
};

static const struct directory topology_directory = {
	.name = "cpu/cpuN/topology",
	.mode = 0755,
	.attrs = topology_attrs,
	.nr_attrs = ARRAY_SIZE(topology_attrs),
	.exists = cpu_exists,
};

/* ---- cpuN/ ---- */

static int online_show(const struct request *rq, struct text *out)
{
	(void)rq;
	text_str(out, "1\n");
	return 0;
}

/* CPUs do not come and go in this machine. */
static ssize_t online_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	bool online;
	int err = parse_bool(data, size, &online);

	(void)rq;
	(void)offset;
	if (err)
		return err;
	return online ? (ssize_t)size : -EBUSY;
}

static bool is_not_boot_cpu(const struct request *rq)
{
	return rq->object != 0;
}

static const struct attribute cpu_attrs[] = {
	{ .name = "online",
	  .mode = 0644,
	  .size = SYSFS_SIZE,
	  .show = knob_show,
	  .store = knob_store,
	  .visible = is_not_boot_cpu,
	  .data = &(const struct knob){ .parser = KNOB_OTHER,
					.show = online_show,
					.store = online_store,
					.effect = HOLDS,
					.help = "1; 0 is EBUSY: CPUs stay" } },
	SYSFS_LINK("subsystem", "../../../../bus/cpu"),
	UEVENT_ATTR,
};

POWER_DIRECTORY(cpu_power_directory, "cpu/cpuN/power", cpu_exists);

static const struct subdirectory cpu_subdirs[] = {
	{ .name = "cache", .dir = &cpu_cache_directory },
	{ .name = "power", .dir = &cpu_power_directory },
	{ .name = "topology", .dir = &topology_directory },
};

/* cpuN/nodeM, one for each CPU */
static int node_link_show(const struct request *rq, struct text *out)
{
	text_str(out, "../../node/node");
	text_s64(out, cpu_to_node(rq->m, object_number(rq->object)));
	return 0;
}

static const struct attribute node_link_attrs[] = {
	{ .name = "node", .mode = S_IFLNK | 0777, .show = node_link_show },
};

static u64 node_link_parent(const struct request *rq)
{
	return rq->object;
}

static const struct directory cpu_node_links = {
	.name = "cpu/cpuN/nodeM",
	.attrs = node_link_attrs,
	.nr_attrs = ARRAY_SIZE(node_link_attrs),
	.rows_only = true,
	.exists = cpu_exists,
	.parent_object = node_link_parent,
};

static int cpu_lookup_node(const struct request *rq, const char *name, struct entry *out)
{
	u32 nid;

	if (!parse_object_name(name, "node", &nid) ||
	    (int)nid != cpu_to_node(rq->m, (u32)rq->object))
		return -ENOENT;
	out->attr = &node_link_attrs[0];
	out->owner = &cpu_node_links;
	out->object = rq->object;
	return 0;
}

static int cpu_iterate_node(const struct request *rq, u64 position, struct dir_emit *e)
{
	char name[16];

	snprintf(name, sizeof(name), "node%d", cpu_to_node(rq->m, (u32)rq->object));
	if (!position)
		emit_row_of(e, name, &cpu_node_links, 0, rq->object, 1);
	return 0;
}

static void cpu_name(const struct request *rq, struct text *out)
{
	text_str(out, "cpu");
	text_u64(out, rq->object);
}

static const struct directory *const cpu_dynamic[] = { &cpu_node_links, NULL };

static const struct directory cpu_directory = {
	.name = "cpu/cpuN",
	.mode = 0755,
	.attrs = cpu_attrs,
	.nr_attrs = ARRAY_SIZE(cpu_attrs),
	.subdirs = cpu_subdirs,
	.nr_subdirs = ARRAY_SIZE(cpu_subdirs),
	.dynamic = cpu_dynamic,
	.lookup = cpu_lookup_node,
	.iterate = cpu_iterate_node,
	.exists = cpu_exists,
	.object_name = cpu_name,
};

/* ---- cpu/ ---- */

static int all_cpus_show(const struct request *rq, struct text *out)
{
	text_str(out, rq->m->nr_cpus > 1 ? "0-" : "");
	text_u64(out, rq->m->nr_cpus - 1);
	text_char(out, '\n');
	return 0;
}

static const struct attribute cpus_attrs[] = {
	SYSFS_TEXT("isolated", "\n"),
	SYSFS_TEXT("kernel_max", "8191\n"),
	SYSFS_TEXT("offline", "\n"),
	SYSFS_RO("online", all_cpus_show),
	SYSFS_RO("possible", all_cpus_show),
	SYSFS_RO("present", all_cpus_show),
	UEVENT_ATTR,
};

POWER_DIRECTORY(cpus_power_directory, "cpu/power", NULL);

static const struct subdirectory cpus_subdirs[] = {
	{ .name = "power", .dir = &cpus_power_directory },
};

static int cpus_lookup(const struct request *rq, const char *name, struct entry *out)
{
	u32 cpu;

	if (!parse_object_name(name, "cpu", &cpu) || cpu >= rq->m->nr_cpus)
		return -ENOENT;
	out->dir = &cpu_directory;
	out->object = cpu;
	return 0;
}

static int cpus_iterate(const struct request *rq, u64 position, struct dir_emit *e)
{
	struct entry entry = { .dir = &cpu_directory };
	char name[16];
	u32 cpu;

	for (cpu = (u32)position; cpu < rq->m->nr_cpus; cpu++) {
		snprintf(name, sizeof(name), "cpu%u", cpu);
		entry.object = cpu;
		if (!e->emit(e, name, &entry, cpu + 1))
			break;
	}
	return 0;
}

static u32 cpus_nlink(const struct request *rq)
{
	return 3 + rq->m->nr_cpus;
}

static const struct directory *const cpus_dynamic[] = { &cpu_directory, NULL };

const struct directory sys_cpu_directory = {
	.name = "cpu",
	.mode = 0755,
	.attrs = cpus_attrs,
	.nr_attrs = ARRAY_SIZE(cpus_attrs),
	.subdirs = cpus_subdirs,
	.nr_subdirs = ARRAY_SIZE(cpus_subdirs),
	.dynamic = cpus_dynamic,
	.lookup = cpus_lookup,
	.iterate = cpus_iterate,
	.nlink = cpus_nlink,
};
