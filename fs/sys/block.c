/*
 * /sys/block and what it leads to: the one disk, its statistics and its queue; the links of
 * class/bdi.
 *
 * Knobs of a queue that the simulated disk does not have are left out. Reads go before writes that
 * wait, and what lies one behind the other is merged, up to 128 KiB (docs/writeback.md).
 * Source: Documentation/ABI/stable/sysfs-block, Documentation/block/stat.rst.
 */
#include "fs/proc/proc.h"
#include "fs/sys/virtual.h"

#define DISK_DEVICE "pci0000:00/0000:00:02.0/virtio0/block/" DISK_NAME

/* ---- block/vda ---- */

static int size_show(const struct request *rq, struct text *out)
{
	return show_u64(out, rq->m->blk.total_pages * (PAGE_SIZE / 512));
}

static int stat_show(const struct request *rq, struct text *out)
{
	text_disk_stat(out, rq->m, 8);
	return 0;
}

static int inflight_show(const struct request *rq, struct text *out)
{
	text_printf(out, "%8u %8u\n", blk_in_flight(rq->m, BIO_READ),
		    blk_in_flight(rq->m, BIO_WRITE));
	return 0;
}

static int disk_uevent_show(const struct request *rq, struct text *out)
{
	(void)rq;
	text_str(out, "MAJOR=254\nMINOR=0\nDEVNAME=" DISK_NAME "\nDEVTYPE=disk\nDISKSEQ=1\n");
	return 0;
}

static const struct attribute disk_attrs[] = {
	SYSFS_TEXT("alignment_offset", "0\n"),
	SYSFS_LINK("bdi", "../../../../../virtual/bdi/254:0"),
	SYSFS_TEXT("capability", "0\n"),
	SYSFS_TEXT("dev", "254:0\n"),
	SYSFS_LINK("device", "../../../virtio0"),
	SYSFS_TEXT("discard_alignment", "0\n"),
	SYSFS_TEXT("diskseq", "1\n"),
	SYSFS_TEXT("ext_range", "256\n"),
	SYSFS_TEXT("hidden", "0\n"),
	SYSFS_RO("inflight", inflight_show),
	SYSFS_TEXT("range", "16\n"),
	SYSFS_TEXT("removable", "0\n"),
	SYSFS_TEXT("ro", "0\n"),
	SYSFS_RO("size", size_show),
	SYSFS_RO("stat", stat_show),
	SYSFS_LINK("subsystem", "../../../../../../class/block"),
	SYSFS_OTHER("uevent", 0644, disk_uevent_show, uevent_store, HOLDS,
		    "tell listeners of an action: add, remove, change ..."),
};

/* ---- queue ---- */

static int rotational_show(const struct request *rq, struct text *out)
{
	text_str(out, rq->m->cost.disk_seek ? "1\n" : "0\n");
	return 0;
}

static int nr_requests_show(const struct request *rq, struct text *out)
{
	return show_u64(out, rq->m->config.disk.queue_depth);
}

static const struct attribute queue_attrs[] = {
	SYSFS_TEXT("discard_granularity", "0\n"),
	SYSFS_TEXT("discard_max_bytes", "0\n"),
	SYSFS_TEXT("discard_zeroes_data", "0\n"),
	SYSFS_TEXT("hw_sector_size", "512\n"),
	SYSFS_TEXT("logical_block_size", "512\n"),
	SYSFS_TEXT("max_hw_sectors_kb", "2147483647\n"),
	SYSFS_TEXT("max_sectors_kb",
		   "1280\n"), /* what a large read asks for at once (mm/readahead.c) */
	SYSFS_TEXT("minimum_io_size", "512\n"),
	SYSFS_RO("nr_requests", nr_requests_show),
	SYSFS_TEXT("optimal_io_size", "0\n"),
	SYSFS_TEXT("physical_block_size", "512\n"),
	SYSFS_OTHER("read_ahead_kb", 0644, read_ahead_kb_show, read_ahead_kb_store, ACTS,
		    "kB to read beyond what was asked for; the same as that of bdi"),
	SYSFS_RO("rotational", rotational_show),
	SYSFS_TEXT("scheduler", "[mq-deadline]\n"),
	SYSFS_TEXT("write_cache", "write through\n"),
	SYSFS_TEXT("zoned", "none\n"),
};

static const struct directory queue_directory = {
	.name = "block/vda/queue",
	.mode = 0755,
	.attrs = queue_attrs,
	.nr_attrs = ARRAY_SIZE(queue_attrs),
};

POWER_DIRECTORY(disk_power_directory, "block/vda/power", NULL);

static const struct subdirectory disk_subdirs[] = {
	{ .name = "power", .dir = &disk_power_directory },
	{ .name = "queue", .dir = &queue_directory },
};

static const struct directory disk_directory = {
	.name = "block/vda",
	.mode = 0755,
	.attrs = disk_attrs,
	.nr_attrs = ARRAY_SIZE(disk_attrs),
	.subdirs = disk_subdirs,
	.nr_subdirs = ARRAY_SIZE(disk_subdirs),
};

/* ---- the way there: devices/pci0000:00/0000:00:02.0/virtio0/block ---- */

#define ON_THE_WAY(ident, path, child_name, child_dir)         \
	static const struct subdirectory ident##_subdirs[] = { \
		{ .name = child_name, .dir = &child_dir },     \
	};                                                     \
	static const struct directory ident = {                \
		.name = path,                                  \
		.mode = 0755,                                  \
		.subdirs = ident##_subdirs,                    \
		.nr_subdirs = ARRAY_SIZE(ident##_subdirs),     \
	}

ON_THE_WAY(virtio_block_directory, "virtio0/block", DISK_NAME, disk_directory);
ON_THE_WAY(virtio_directory, "virtio0", "block", virtio_block_directory);
ON_THE_WAY(pci_function_directory, "0000:00:02.0", "virtio0", virtio_directory);

static const struct subdirectory pci_subdirs[] = {
	{ .name = "0000:00:02.0", .dir = &pci_function_directory },
};

const struct directory sys_pci_directory = {
	.name = "pci0000:00",
	.mode = 0755,
	.subdirs = pci_subdirs,
	.nr_subdirs = ARRAY_SIZE(pci_subdirs),
};

/* ---- links to it ---- */

#define LINKS(ident, path, rows)              \
	const struct directory ident = {      \
		.name = path,                 \
		.mode = 0755,                 \
		.attrs = rows,                \
		.nr_attrs = ARRAY_SIZE(rows), \
	}

static const struct attribute block_links[] = {
	SYSFS_LINK(DISK_NAME, "../devices/" DISK_DEVICE),
};
LINKS(sys_block_directory, "block", block_links);

static const struct attribute class_block_links[] = {
	SYSFS_LINK(DISK_NAME, "../../devices/" DISK_DEVICE),
};
LINKS(sys_class_block_directory, "class/block", class_block_links);

static const struct attribute dev_block_links[] = {
	SYSFS_LINK("254:0", "../../devices/" DISK_DEVICE),
};
LINKS(sys_dev_block_directory, "dev/block", dev_block_links);

/* ---- class/bdi ---- */

static int bdi_link_show(const struct request *rq, struct text *out)
{
	text_str(out, "../../devices/virtual/bdi/");
	bdi_name(rq, out);
	return 0;
}

static const struct attribute bdi_link_attrs[] = {
	{ .name = "254:N", .mode = S_IFLNK | 0777, .show = bdi_link_show },
};

static const struct directory bdi_link_rows = {
	.name = "class/bdi/254:N",
	.attrs = bdi_link_attrs,
	.nr_attrs = ARRAY_SIZE(bdi_link_attrs),
	.exists = bdi_exists,
	.object_name = bdi_name,
	.rows_only = true,
};

static int class_bdi_lookup(const struct request *rq, const char *name, struct entry *out)
{
	struct entry found = { 0 };
	int error = bdi_lookup_as(rq, name, NULL, &found);

	if (!error)
		*out = (struct entry){ .attr = &bdi_link_attrs[0],
				       .owner = &bdi_link_rows,
				       .object = found.object };
	return error;
}

static int class_bdi_iterate(const struct request *rq, u64 position, struct dir_emit *e)
{
	struct request each = *rq;
	struct text name;
	bool more = true;

	text_init(&name);
	for (each.object = position; more && bdi_exists(&each); each.object++) {
		text_reset(&name);
		bdi_name(&each, &name);
		text_char(&name, '\0');
		more = !text_error(&name) &&
		       emit_row_of(e, name.data, &bdi_link_rows, 0, each.object, each.object + 1);
	}
	text_free(&name);
	return 0;
}

static const struct directory *const class_bdi_dynamic[] = { &bdi_link_rows, NULL };

const struct directory sys_class_bdi_directory = {
	.name = "class/bdi",
	.mode = 0755,
	.dynamic = class_bdi_dynamic,
	.lookup = class_bdi_lookup,
	.iterate = class_bdi_iterate,
};
