/*
 * cpuN/cache/indexM: the caches that proc/cpuinfo's CPU has. Nothing simulates them.
 * Source: Documentation/ABI/testing/sysfs-devices-system-cpu.
 */
#include "fs/sys/cpu.h"

#include "fs/proc/proc.h"

#include <errno.h>
#include <stdio.h>

static const struct cache {
	u32 level, kb, ways, sets;
	const char *type;
	bool shared; /* by all CPUs of the package */
} caches[] = {
	{ 1, 64, 2, 512, "Data\n", false },
	{ 1, 64, 2, 512, "Instruction\n", false },
	{ 2, 512, 16, 512, "Unified\n", false },
	{ 3, 16384, 16, 16384, "Unified\n", true },
};

static const struct cache *cache_of(const struct request *rq)
{
	return &caches[object_generation(rq->object)];
}

static bool cache_exists(const struct request *rq)
{
	return cpu_exists(rq) && object_generation(rq->object) < ARRAY_SIZE(caches);
}

static int show_number(struct text *out, u64 value, const char *end)
{
	text_u64(out, value);
	text_str(out, end);
	return 0;
}

static int level_show(const struct request *rq, struct text *out)
{
	return show_number(out, cache_of(rq)->level, "\n");
}

static int size_show(const struct request *rq, struct text *out)
{
	return show_number(out, cache_of(rq)->kb, "K\n");
}

static int ways_show(const struct request *rq, struct text *out)
{
	return show_number(out, cache_of(rq)->ways, "\n");
}

static int sets_show(const struct request *rq, struct text *out)
{
	return show_number(out, cache_of(rq)->sets, "\n");
}

static int type_show(const struct request *rq, struct text *out)
{
	text_str(out, cache_of(rq)->type);
	return 0;
}

static int id_show(const struct request *rq, struct text *out)
{
	u32 cpu = object_number(rq->object), package, core, cores;

	cpu_topology(rq->m, cpu, &package, &core, &cores);
	return show_number(out, cache_of(rq)->shared ? package : cpu, "\n");
}

static int shared_cpu_map_show(const struct request *rq, struct text *out)
{
	u64 bits[NR_CPUS_MAX / 64];

	cpu_set_of(rq, cache_of(rq)->shared, bits);
	text_bitmap(out, bits, rq->m->nr_cpus);
	text_char(out, '\n');
	return 0;
}

static int shared_cpu_list_show(const struct request *rq, struct text *out)
{
	u64 bits[NR_CPUS_MAX / 64];

	cpu_set_of(rq, cache_of(rq)->shared, bits);
	text_bitmap_list(out, bits, rq->m->nr_cpus);
	text_char(out, '\n');
	return 0;
}

static const struct attribute index_attrs[] = {
	SYSFS_TEXT("coherency_line_size", "64\n"),
	SYSFS_RO("id", id_show),
	SYSFS_RO("level", level_show),
	SYSFS_RO("number_of_sets", sets_show),
	SYSFS_TEXT("physical_line_partition", "1\n"),
	SYSFS_RO("shared_cpu_list", shared_cpu_list_show),
	SYSFS_RO("shared_cpu_map", shared_cpu_map_show),
	SYSFS_RO("size", size_show),
	SYSFS_RO("type", type_show),
	UEVENT_ATTR,
	SYSFS_RO("ways_of_associativity", ways_show),
};

static void index_name(const struct request *rq, struct text *out)
{
	text_str(out, "index");
	text_u64(out, object_generation(rq->object));
}

static u64 index_parent(const struct request *rq)
{
	return object_number(rq->object);
}

static const struct directory index_directory = {
	.name = "cpu/cpuN/cache/indexM",
	.mode = 0755,
	.attrs = index_attrs,
	.nr_attrs = ARRAY_SIZE(index_attrs),
	.exists = cache_exists,
	.object_name = index_name,
	.parent_object = index_parent,
};

static int cache_lookup(const struct request *rq, const char *name, struct entry *out)
{
	u32 index;

	if (!parse_object_name(name, "index", &index) || index >= ARRAY_SIZE(caches))
		return -ENOENT;
	out->dir = &index_directory;
	out->object = object_pack((u32)rq->object, index);
	return 0;
}

static int cache_iterate(const struct request *rq, u64 position, struct dir_emit *e)
{
	struct entry entry = { .dir = &index_directory };
	char name[16];
	u64 index;

	for (index = position; index < ARRAY_SIZE(caches); index++) {
		snprintf(name, sizeof(name), "index%u", (u32)index);
		entry.object = object_pack((u32)rq->object, index);
		if (!e->emit(e, name, &entry, index + 1))
			break;
	}
	return 0;
}

static u32 cache_nlink(const struct request *rq)
{
	(void)rq;
	return 2 + ARRAY_SIZE(caches);
}

static const struct attribute cache_attrs[] = { UEVENT_ATTR };
static const struct directory *const cache_dynamic[] = { &index_directory, NULL };

const struct directory cpu_cache_directory = {
	.name = "cpu/cpuN/cache",
	.mode = 0755,
	.attrs = cache_attrs,
	.nr_attrs = ARRAY_SIZE(cache_attrs),
	.dynamic = cache_dynamic,
	.lookup = cache_lookup,
	.iterate = cache_iterate,
	.exists = cpu_exists,
	.nlink = cache_nlink,
};
