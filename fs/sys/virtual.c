/*
 * /sys/devices/virtual: backing devices (bdi) and memory tiers.
 * Source: Documentation/ABI/testing/sysfs-class-bdi, sysfs-kernel-mm-memory-tiers.
 */
#include "fs/sys/block.h"

#include "fs/proc/proc.h"

#include <errno.h>

/* ---- bdi/254:N, one of each disk ---- */

static struct bdi_knobs *bdi_of(const struct request *rq)
{
	return &rq->m->knobs.bdi[disk_index(rq)];
}

static int max_ratio_show(const struct request *rq, struct text *out)
{
	return show_u64(out, bdi_of(rq)->max_ratio);
}

static ssize_t max_ratio_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	u32 ratio;
	int err = parse_kstrtouint(data, size, 10, &ratio);

	(void)offset;
	if (err)
		return err;
	if (ratio > 100 || bdi_of(rq)->min_ratio > ratio)
		return -EINVAL;
	bdi_of(rq)->max_ratio = ratio;
	return (ssize_t)size;
}

static int min_ratio_show(const struct request *rq, struct text *out)
{
	return show_u64(out, bdi_of(rq)->min_ratio);
}

/* All devices' shares together stay below the whole. */
static ssize_t min_ratio_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	u32 ratio, i, sum = 0;
	int err = parse_kstrtouint(data, size, 10, &ratio);

	(void)offset;
	if (err)
		return err;
	for (i = 0; i < MAX_BDIS; i++)
		sum += i == disk_index(rq) ? 0 : rq->m->knobs.bdi[i].min_ratio;
	if (ratio > bdi_of(rq)->max_ratio || (ratio > bdi_of(rq)->min_ratio && sum + ratio >= 100))
		return -EINVAL;
	bdi_of(rq)->min_ratio = ratio;
	return (ssize_t)size;
}

int read_ahead_kb_show(const struct request *rq, struct text *out)
{
	return show_u64(out, bdi_of(rq)->read_ahead_kb);
}

/* Kept in pages. */
ssize_t read_ahead_kb_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	u64 kb;
	int err = parse_kstrtoull(data, size, 10, &kb);

	(void)offset;
	if (err)
		return err;
	bdi_of(rq)->read_ahead_kb = (u32)(kb & ~(PAGE_KB - 1));
	return (ssize_t)size;
}

static const struct attribute bdi_attrs[] = {
	SYSFS_OTHER("max_ratio", 0644, max_ratio_show, max_ratio_store, ACTS,
		    "percent of all dirty memory that this device may have"),
	SYSFS_OTHER("min_ratio", 0644, min_ratio_show, min_ratio_store, ACTS,
		    "percent of all dirty memory kept for this device"),
	SYSFS_OTHER("read_ahead_kb", 0644, read_ahead_kb_show, read_ahead_kb_store, ACTS,
		    "kB to read beyond what was asked for"),
	SYSFS_TEXT("stable_pages_required", "0\n"),
	SYSFS_LINK("subsystem", "../../../../class/bdi"),
	UEVENT_ATTR,
};

POWER_DIRECTORY(bdi_power_directory, "bdi/M:N/power", disk_exists);

static const struct subdirectory bdi_subdirs[] = {
	{ .name = "power", .dir = &bdi_power_directory },
};

static const struct directory bdi_directory = {
	.name = "bdi/M:N",
	.mode = 0755,
	.attrs = bdi_attrs,
	.nr_attrs = ARRAY_SIZE(bdi_attrs),
	.subdirs = bdi_subdirs,
	.nr_subdirs = ARRAY_SIZE(bdi_subdirs),
	.exists = disk_exists,
	.object_name = disk_number,
};

static int bdi_lookup(const struct request *rq, const char *name, struct entry *out)
{
	return disk_lookup(rq, name, &bdi_directory, out);
}

static int bdi_iterate(const struct request *rq, u64 position, struct dir_emit *e)
{
	return disk_iterate(rq, position, &bdi_directory, e);
}

static const struct directory *const bdi_dynamic[] = { &bdi_directory, NULL };

const struct directory sys_bdi_directory = {
	.name = "bdi",
	.mode = 0755,
	.dynamic = bdi_dynamic,
	.lookup = bdi_lookup,
	.iterate = bdi_iterate,
	.nlink = disk_nlink,
};

/* ---- memory_tiering: all memory is DRAM, which is tier 4 ---- */

static int nodelist_show(const struct request *rq, struct text *out)
{
	text_node_list(rq->m, out, node_has_memory);
	return 0;
}

static const struct attribute tier_attrs[] = {
	SYSFS_RO("nodelist", nodelist_show),
	SYSFS_LINK("subsystem", "../../../../bus/memory_tiering"),
	UEVENT_ATTR,
};

POWER_DIRECTORY(tier_power_directory, "memory_tiering/memory_tier4/power", NULL);

static const struct subdirectory tier_subdirs[] = {
	{ .name = "power", .dir = &tier_power_directory },
};

static const struct directory tier_directory = {
	.name = "memory_tiering/memory_tier4",
	.mode = 0755,
	.attrs = tier_attrs,
	.nr_attrs = ARRAY_SIZE(tier_attrs),
	.subdirs = tier_subdirs,
	.nr_subdirs = ARRAY_SIZE(tier_subdirs),
};

static const struct attribute tiering_attrs[] = { UEVENT_ATTR };

POWER_DIRECTORY(tiering_power_directory, "memory_tiering/power", NULL);

static const struct subdirectory tiering_subdirs[] = {
	{ .name = "memory_tier4", .dir = &tier_directory },
	{ .name = "power", .dir = &tiering_power_directory },
};

const struct directory sys_memory_tiering_directory = {
	.name = "memory_tiering",
	.mode = 0755,
	.attrs = tiering_attrs,
	.nr_attrs = ARRAY_SIZE(tiering_attrs),
	.subdirs = tiering_subdirs,
	.nr_subdirs = ARRAY_SIZE(tiering_subdirs),
};
