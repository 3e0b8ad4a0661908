/*
 * /sys/block and what it leads to: the disks (include/mman/blkdev.h), their statistics and
 * directories (block_queue.c has queue/); the links of class/bdi.
 * Source: Documentation/ABI/stable/sysfs-block, Documentation/block/stat.rst.
 */
#include "fs/sys/block.h"

#include "fs/proc/proc.h"

#include <errno.h>
#include <string.h>

/* ---- the disks as objects ---- */

/* A number may be given to another disk later. */
static u64 disk_object(const struct machine *m, u32 i)
{
	return object_pack(i, m->blk.disk[i].diskseq);
}

bool disk_exists(const struct request *rq)
{
	const struct blk_disk *d = disk_of(rq);

	return d->exists && rq->object == disk_object(rq->m, disk_index(rq));
}

static void name_entry(const struct directory *dir, u64 object, struct entry *out)
{
	*out = (struct entry){ .object = object };
	if (dir->rows_only) {
		out->attr = &dir->attrs[0];
		out->owner = dir;
	} else {
		out->dir = dir;
	}
}

/* What the disk rq->object is called in @dir; NULL: the host is out of memory. */
static const char *name_of(const struct request *rq, const struct directory *dir, struct text *t)
{
	text_reset(t);
	dir->object_name(rq, t);
	text_char(t, '\0');
	return text_error(t) ? NULL : t->data;
}

int disk_lookup(const struct request *rq, const char *name, const struct directory *dir,
		struct entry *out)
{
	struct request each = *rq;
	struct text t;
	int error = -ENOENT;
	u32 i;

	text_init(&t);
	for (i = 0; i < rq->m->blk.nr_disks && error; i++) {
		const char *found;

		each.object = disk_object(rq->m, i);
		if (!disk_exists(&each))
			continue;
		found = name_of(&each, dir, &t);
		if (found && !strcmp(found, name)) {
			name_entry(dir, each.object, out);
			error = 0;
		}
	}
	text_free(&t);
	return error;
}

int disk_iterate(const struct request *rq, u64 position, const struct directory *dir,
		 struct dir_emit *e)
{
	struct request each = *rq;
	struct entry entry;
	const char *name;
	struct text t;
	u64 i;

	text_init(&t);
	for (i = position; i < rq->m->blk.nr_disks; i++) {
		each.object = disk_object(rq->m, (u32)i);
		if (!disk_exists(&each))
			continue;
		name = name_of(&each, dir, &t);
		name_entry(dir, each.object, &entry);
		if (!name || !e->emit(e, name, &entry, i + 1))
			break;
	}
	text_free(&t);
	return 0;
}

u32 disk_nlink(const struct request *rq)
{
	u32 i, nr = 2;

	for (i = 0; i < rq->m->blk.nr_disks; i++)
		nr += rq->m->blk.disk[i].exists;
	return nr;
}

/* As sysfs has it, where a name cannot have a slash. */
static void disk_name(const struct request *rq, struct text *out)
{
	const char *c;

	for (c = disk_of(rq)->name; *c; c++)
		text_char(out, *c == '/' ? '!' : *c);
}

void disk_number(const struct request *rq, struct text *out)
{
	text_printf(out, "%u:%u", DISK_MAJOR, disk_index(rq) * DISK_MINORS);
}

/* A slot of the PCI bus for each: the first two are the bridge's. */
#define PCI_SLOTS      32u
#define FIRST_PCI_SLOT 2u

static void pci_name(const struct request *rq, struct text *out)
{
	const u32 slots = PCI_SLOTS - FIRST_PCI_SLOT;

	text_printf(out, "0000:00:%02x.%u", FIRST_PCI_SLOT + disk_index(rq) % slots,
		    disk_index(rq) / slots);
}

static void virtio_name(const struct request *rq, struct text *out)
{
	text_printf(out, "virtio%u", disk_index(rq));
}

/* ---- block/vda ---- */

static int size_show(const struct request *rq, struct text *out)
{
	return show_u64(out, blk_disk_pages(rq->m, disk_index(rq)) * (PAGE_SIZE / 512));
}

static int stat_show(const struct request *rq, struct text *out)
{
	text_disk_stat(out, rq->m, disk_index(rq), 8);
	return 0;
}

static int inflight_show(const struct request *rq, struct text *out)
{
	text_printf(out, "%8u %8u\n", disk_of(rq)->in_flight[BIO_READ],
		    disk_of(rq)->in_flight[BIO_WRITE]);
	return 0;
}

static int disk_uevent_show(const struct request *rq, struct text *out)
{
	text_printf(out, "MAJOR=%u\nMINOR=%u\nDEVNAME=%s\nDEVTYPE=disk\nDISKSEQ=%u\n", DISK_MAJOR,
		    disk_index(rq) * DISK_MINORS, disk_of(rq)->name, disk_of(rq)->diskseq);
	return 0;
}

static int dev_show(const struct request *rq, struct text *out)
{
	disk_number(rq, out);
	text_char(out, '\n');
	return 0;
}

static int diskseq_show(const struct request *rq, struct text *out)
{
	return show_u64(out, disk_of(rq)->diskseq);
}

static int bdi_target(const struct request *rq, struct text *out)
{
	text_str(out, "../../../../../virtual/bdi/");
	disk_number(rq, out);
	return 0;
}

static int device_target(const struct request *rq, struct text *out)
{
	text_str(out, "../../../");
	virtio_name(rq, out);
	return 0;
}

#define LINK_TO(file, show_fn)                                         \
	{                                                              \
		.name = file, .mode = S_IFLNK | 0777, .show = show_fn, \
	}

static const struct attribute disk_attrs[] = {
	SYSFS_TEXT("alignment_offset", "0\n"),
	LINK_TO("bdi", bdi_target),
	SYSFS_TEXT("cache_type", "write back\n"),
	SYSFS_TEXT("capability", "0\n"),
	SYSFS_RO("dev", dev_show),
	LINK_TO("device", device_target),
	SYSFS_TEXT("discard_alignment", "0\n"),
	SYSFS_RO("diskseq", diskseq_show),
	SYSFS_TEXT("events", ""),
	SYSFS_TEXT("events_async", ""),
	SYSFS_TEXT("events_poll_msecs", "-1\n"),
	SYSFS_TEXT("ext_range", "256\n"),
	SYSFS_TEXT("hidden", "0\n"),
	SYSFS_RO("inflight", inflight_show),
	SYSFS_TEXT("range", "16\n"),
	SYSFS_TEXT("removable", "0\n"),
	SYSFS_TEXT("ro", "0\n"),
	SYSFS_TEXT("serial", ""),
	SYSFS_RO("size", size_show),
	SYSFS_RO("stat", stat_show),
	SYSFS_LINK("subsystem", "../../../../../../class/block"),
	SYSFS_OTHER("uevent", 0644, disk_uevent_show, uevent_store, HOLDS,
		    "tell listeners of an action: add, remove, change ..."),
};

POWER_DIRECTORY(disk_power_directory, "block/vda/power", disk_exists);

/* No other device is made of it, nor it of others. */
static const struct directory holders_directory = { .name = "block/vda/holders",
						    .mode = 0755,
						    .exists = disk_exists };
static const struct directory slaves_directory = { .name = "block/vda/slaves",
						   .mode = 0755,
						   .exists = disk_exists };

static const struct subdirectory disk_subdirs[] = {
	{ .name = "holders", .dir = &holders_directory },
	{ .name = "slaves", .dir = &slaves_directory },
	{ .name = "power", .dir = &disk_power_directory },
	{ .name = "queue", .dir = &sys_block_queue_directory },
};

/* ---- the way there: devices/pci0000:00/0000:00:02.0/virtio0/block ---- */

static u64 same_object(const struct request *rq)
{
	return rq->object;
}

static const struct directory disk_directory = {
	.name = "block/vda",
	.mode = 0755,
	.attrs = disk_attrs,
	.nr_attrs = ARRAY_SIZE(disk_attrs),
	.subdirs = disk_subdirs,
	.nr_subdirs = ARRAY_SIZE(disk_subdirs),
	.exists = disk_exists,
	.object_name = disk_name,
	.parent_object = same_object,
};

/* The directory of a disk has one of its children, of another name for each disk. */
static int child_lookup(const struct request *rq, const char *name, struct entry *out)
{
	const struct directory *child = rq->dir->dynamic[0];
	struct entry found;
	int error = disk_lookup(rq, name, child, &found);

	if (!error && found.object != rq->object)
		error = -ENOENT;
	if (!error)
		*out = found;
	return error;
}

static int child_iterate(const struct request *rq, u64 position, struct dir_emit *e)
{
	const struct directory *child = rq->dir->dynamic[0];
	struct entry entry = { .dir = child, .object = rq->object };
	const char *name;
	struct text t;

	if (position)
		return 0;
	text_init(&t);
	name = name_of(rq, child, &t);
	if (name)
		e->emit(e, name, &entry, 1);
	text_free(&t);
	return 0;
}

static u32 child_nlink(const struct request *rq)
{
	(void)rq;
	return 3;
}

static const struct directory *const block_dynamic[] = { &disk_directory, NULL };

static const struct directory virtio_block_directory = {
	.name = "virtio0/block",
	.mode = 0755,
	.dynamic = block_dynamic,
	.lookup = child_lookup,
	.iterate = child_iterate,
	.nlink = child_nlink,
	.exists = disk_exists,
};

static const struct subdirectory virtio_subdirs[] = {
	{ .name = "block", .dir = &virtio_block_directory },
};

static const struct directory virtio_directory = {
	.name = "virtio0",
	.mode = 0755,
	.subdirs = virtio_subdirs,
	.nr_subdirs = ARRAY_SIZE(virtio_subdirs),
	.exists = disk_exists,
	.object_name = virtio_name,
	.parent_object = same_object,
};

static const struct directory *const function_dynamic[] = { &virtio_directory, NULL };

static const struct directory pci_function_directory = {
	.name = "0000:00:02.0",
	.mode = 0755,
	.dynamic = function_dynamic,
	.lookup = child_lookup,
	.iterate = child_iterate,
	.nlink = child_nlink,
	.exists = disk_exists,
	.object_name = pci_name,
};

/* One for each disk, directly below. */
static int disks_lookup(const struct request *rq, const char *name, struct entry *out)
{
	return disk_lookup(rq, name, rq->dir->dynamic[0], out);
}

static int disks_iterate(const struct request *rq, u64 position, struct dir_emit *e)
{
	return disk_iterate(rq, position, rq->dir->dynamic[0], e);
}

static const struct directory *const pci_dynamic[] = { &pci_function_directory, NULL };

const struct directory sys_pci_directory = {
	.name = "pci0000:00",
	.mode = 0755,
	.dynamic = pci_dynamic,
	.lookup = disks_lookup,
	.iterate = disks_iterate,
	.nlink = disk_nlink,
};

/* ---- links to it ---- */

static void device_path(const struct request *rq, const char *devices, struct text *out)
{
	text_str(out, devices);
	text_str(out, "pci0000:00/");
	pci_name(rq, out);
	text_char(out, '/');
	virtio_name(rq, out);
	text_str(out, "/block/");
	disk_name(rq, out);
}

static int block_target(const struct request *rq, struct text *out)
{
	device_path(rq, "../devices/", out);
	return 0;
}

static int class_target(const struct request *rq, struct text *out)
{
	device_path(rq, "../../devices/", out);
	return 0;
}

static int class_bdi_target(const struct request *rq, struct text *out)
{
	text_str(out, "../../devices/virtual/bdi/");
	disk_number(rq, out);
	return 0;
}

/* A directory with a link for each disk. */
#define LINKS(ident, path, called, target)                                                \
	static const struct attribute ident##_row[] = { LINK_TO(path "/NAME", target) };  \
	static const struct directory ident##_rows = {                                    \
		.name = path "/NAME",                                                     \
		.attrs = ident##_row,                                                     \
		.nr_attrs = 1,                                                            \
		.exists = disk_exists,                                                    \
		.object_name = called,                                                    \
		.rows_only = true,                                                        \
	};                                                                                \
	static const struct directory *const ident##_dynamic[] = { &ident##_rows, NULL }; \
	const struct directory ident = {                                                  \
		.name = path,                                                             \
		.mode = 0755,                                                             \
		.dynamic = ident##_dynamic,                                               \
		.lookup = disks_lookup,                                                   \
		.iterate = disks_iterate,                                                 \
	}

LINKS(sys_block_directory, "block", disk_name, block_target);
LINKS(sys_class_block_directory, "class/block", disk_name, class_target);
LINKS(sys_dev_block_directory, "dev/block", disk_number, class_target);
LINKS(sys_class_bdi_directory, "class/bdi", disk_number, class_bdi_target);
