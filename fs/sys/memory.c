/*
 * /sys/devices/system/memory: memory blocks.
 * Source: Documentation/ABI/testing/sysfs-devices-memory, admin-guide/mm/memory-hotplug.rst.
 */
#include "fs/sys/device.h"

#include <errno.h>
#include <mman/memory_hotplug.h>
#include <stdio.h>

static bool block_exists(const struct request *rq)
{
	return memory_block_exists(rq->m, (u32)rq->object);
}

static struct memory_block block_of(const struct request *rq)
{
	struct memory_block b;

	memory_block_look(rq->m, (u32)rq->object, &b);
	return b;
}

/* ---- memoryN/ ---- */

static const char *const online_words[] = { "offline", "online", "online_kernel",
					    "online_movable" };

static int state_show(const struct request *rq, struct text *out)
{
	if (rq->m->hotplug.going_offline == rq->object + 1)
		text_str(out, "going-offline\n");
	else
		text_str(out, block_of(rq).online ? "online\n" : "offline\n");
	return 0;
}

static int set_state(const struct request *rq, enum mhp_online_type type)
{
	u32 block = (u32)rq->object;

	return type == MMOP_OFFLINE ? memory_block_offline(rq->m, block) :
				      memory_block_online(rq->m, block, type);
}

static ssize_t state_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	int type = parse_word(data, size, online_words, ARRAY_SIZE(online_words));
	int ret;

	(void)offset;
	if (type < 0)
		return type;
	ret = set_state(rq, (enum mhp_online_type)type);
	if (ret > 0)
		return -EINVAL;
	return ret ? ret : (ssize_t)size;
}

static int online_show(const struct request *rq, struct text *out)
{
	text_str(out, block_of(rq).online ? "1\n" : "0\n");
	return 0;
}

/* Unlike state, this file is content when nothing changes. */
static ssize_t online_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	bool online;
	int ret = parse_bool(data, size, &online);

	(void)offset;
	if (!ret)
		ret = set_state(rq, online ? MMOP_ONLINE : MMOP_OFFLINE);
	return ret < 0 ? ret : (ssize_t)size;
}

static int phys_index_show(const struct request *rq, struct text *out)
{
	text_hex(out, rq->object, 8);
	text_char(out, '\n');
	return 0;
}

/* Offline: the default first, then what else may be asked for. */
static int valid_zones_show(const struct request *rq, struct text *out)
{
	static const enum mhp_online_type others[] = { MMOP_ONLINE_KERNEL, MMOP_ONLINE_MOVABLE };
	struct memory_block b = block_of(rq);
	enum zone_type type = (enum zone_type)b.type;
	u32 i;

	if (b.online) {
		text_str(out, b.zones == 1 ? zone_name(type) : "none");
		text_char(out, '\n');
		return 0;
	}
	text_str(out, zone_name(type));
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		enum zone_type other = memory_block_zone(rq->m, (u32)rq->object, others[i]);

		if (other == type)
			continue;
		text_char(out, ' ');
		text_str(out, zone_name(other));
	}
	text_char(out, '\n');
	return 0;
}

/* ACPI's device of the slot. */
static int firmware_node_show(const struct request *rq, struct text *out)
{
	handle_t dimm = memory_block_dimm(rq->m, (u32)rq->object);

	text_str(out, "../../../LNXSYSTM:00/LNXSYBUS:00/PNP0A06:04/PNP0C80:");
	text_hex(out, memory_dimm_at(&rq->m->hotplug, dimm)->device, 2);
	return 0;
}

static bool is_on_dimm(const struct request *rq)
{
	return memory_block_dimm(rq->m, (u32)rq->object) != 0;
}

static const struct attribute block_attrs[] = {
	{ .name = "firmware_node",
	  .mode = S_IFLNK | 0777,
	  .show = firmware_node_show,
	  .visible = is_on_dimm },
	SYSFS_LONG("online", 0644, online_show, online_store, ACTS,
		   "1 or 0: put the block's memory to use, or take it back"),
	SYSFS_TEXT("phys_device", "0\n"),
	SYSFS_RO("phys_index", phys_index_show),
	SYSFS_TEXT("removable", "1\n"),
	SYSFS_LONG("state", 0644, state_show, state_store, ACTS,
		   "the same in words: online, online_kernel, online_movable, offline"),
	SYSFS_LINK("subsystem", "../../../../bus/memory"),
	UEVENT_ATTR,
	SYSFS_RO("valid_zones", valid_zones_show),
};

POWER_DIRECTORY(block_power_directory, "memory/memoryN/power", block_exists);

static const struct subdirectory block_subdirs[] = {
	{ .name = "power", .dir = &block_power_directory },
};

/* memoryN/nodeM: a row for links whose object packs (block, node) */
static int node_link_show(const struct request *rq, struct text *out)
{
	text_str(out, "../../node/node");
	text_u64(out, object_generation(rq->object));
	return 0;
}

static const struct attribute node_link_attrs[] = {
	{ .name = "node", .mode = S_IFLNK | 0777, .show = node_link_show },
};

static bool node_link_exists(const struct request *rq)
{
	struct memory_block b;

	if (!memory_block_exists(rq->m, object_number(rq->object)))
		return false;
	memory_block_look(rq->m, object_number(rq->object), &b);
	return object_generation(rq->object) < MAX_NUMNODES &&
	       b.nodes >> object_generation(rq->object) & 1;
}

static u64 node_link_parent(const struct request *rq)
{
	return object_number(rq->object);
}

static const struct directory node_links = {
	.name = "memory/memoryN/nodeM",
	.attrs = node_link_attrs,
	.nr_attrs = ARRAY_SIZE(node_link_attrs),
	.rows_only = true,
	.exists = node_link_exists,
	.parent_object = node_link_parent,
};

static int block_lookup(const struct request *rq, const char *name, struct entry *out)
{
	struct memory_block b = block_of(rq);
	u32 nid;

	if (!parse_object_name(name, "node", &nid) || nid >= MAX_NUMNODES || !(b.nodes >> nid & 1))
		return -ENOENT;
	out->attr = &node_link_attrs[0];
	out->owner = &node_links;
	out->object = object_pack((u32)rq->object, nid);
	return 0;
}

static int block_iterate(const struct request *rq, u64 position, struct dir_emit *e)
{
	struct memory_block b = block_of(rq);
	char name[16];
	u32 nid;

	for (nid = (u32)position; nid < MAX_NUMNODES; nid++) {
		if (!(b.nodes >> nid & 1))
			continue;
		snprintf(name, sizeof(name), "node%u", nid);
		if (!emit_row_of(e, name, &node_links, 0, object_pack((u32)rq->object, nid),
				 nid + 1))
			break;
	}
	return 0;
}

static void block_name(const struct request *rq, struct text *out)
{
	text_str(out, "memory");
	text_u64(out, rq->object);
}

static const struct directory *const block_dynamic[] = { &node_links, NULL };

static const struct directory memory_block_directory = {
	.name = "memory/memoryN",
	.mode = 0755,
	.attrs = block_attrs,
	.nr_attrs = ARRAY_SIZE(block_attrs),
	.subdirs = block_subdirs,
	.nr_subdirs = ARRAY_SIZE(block_subdirs),
	.dynamic = block_dynamic,
	.lookup = block_lookup,
	.iterate = block_iterate,
	.exists = block_exists,
	.object_name = block_name,
};

/* ---- memory/ ---- */

static int auto_online_blocks_show(const struct request *rq, struct text *out)
{
	text_str(out, online_words[rq->m->knobs.auto_online_blocks]);
	text_char(out, '\n');
	return 0;
}

static ssize_t auto_online_blocks_store(const struct request *rq, const char *data, size_t size,
					u64 offset)
{
	int type = parse_word(data, size, online_words, ARRAY_SIZE(online_words));

	(void)offset;
	if (type < 0)
		return type;
	rq->m->knobs.auto_online_blocks = (u32)type;
	return (ssize_t)size;
}

static int block_size_bytes_show(const struct request *rq, struct text *out)
{
	(void)rq;
	text_hex(out, 1u << SECTION_SHIFT, 1);
	text_char(out, '\n');
	return 0;
}

/* A physical address. */
static ssize_t offline_page(const struct request *rq, const char *data, size_t size,
			    int (*act)(struct machine *m, u64 pfn))
{
	u64 address;
	int error;

	if (parse_kstrtoull(data, size, 0, &address))
		return -EINVAL;
	error = act(rq->m, address >> PAGE_SHIFT);
	return error ? error : (ssize_t)size;
}

static ssize_t hard_offline_store(const struct request *rq, const char *data, size_t size,
				  u64 offset)
{
	(void)offset;
	return offline_page(rq, data, size, memory_failure);
}

static ssize_t soft_offline_store(const struct request *rq, const char *data, size_t size,
				  u64 offset)
{
	(void)offset;
	return offline_page(rq, data, size, soft_offline_page);
}

static const struct attribute memory_attrs[] = {
	SYSFS_OTHER(
		"auto_online_blocks", 0644, auto_online_blocks_show, auto_online_blocks_store, ACTS,
		"what becomes of plugged memory: offline, online, online_kernel, online_movable"),
	SYSFS_RO("block_size_bytes", block_size_bytes_show),
	SYSFS_OTHER(
		"hard_offline_page", 0200, NULL, hard_offline_store, ACTS,
		"treat the page at this physical address as corrupt: whoever touches it is killed"),
	SYSFS_OTHER("soft_offline_page", 0200, NULL, soft_offline_store, ACTS,
		    "move what is in the page away and use it no more"),
	UEVENT_ATTR,
};

POWER_DIRECTORY(memory_power_directory, "memory/power", NULL);

static const struct subdirectory memory_subdirs[] = {
	{ .name = "power", .dir = &memory_power_directory },
};

static int memory_lookup(const struct request *rq, const char *name, struct entry *out)
{
	u32 block;

	if (!parse_object_name(name, "memory", &block) || !memory_block_exists(rq->m, block))
		return -ENOENT;
	out->dir = &memory_block_directory;
	out->object = block;
	return 0;
}

static int memory_iterate(const struct request *rq, u64 position, struct dir_emit *e)
{
	struct entry entry = { .dir = &memory_block_directory };
	char name[24];
	u32 block = (u32)position;

	while ((block = memory_block_next(rq->m, block)) != UINT32_MAX) {
		snprintf(name, sizeof(name), "memory%u", block);
		entry.object = block++;
		if (!e->emit(e, name, &entry, block))
			break;
	}
	return 0;
}

static u32 memory_nlink(const struct request *rq)
{
	u32 block = 0, links = 3;

	for (; (block = memory_block_next(rq->m, block)) != UINT32_MAX; block++)
		links++;
	return links;
}

static const struct directory *const memory_dynamic[] = { &memory_block_directory, NULL };

const struct directory sys_memory_directory = {
	.name = "memory",
	.mode = 0755,
	.attrs = memory_attrs,
	.nr_attrs = ARRAY_SIZE(memory_attrs),
	.subdirs = memory_subdirs,
	.nr_subdirs = ARRAY_SIZE(memory_subdirs),
	.dynamic = memory_dynamic,
	.lookup = memory_lookup,
	.iterate = memory_iterate,
	.nlink = memory_nlink,
};

bool sys_has_memory_blocks(const struct request *rq)
{
	return rq->m->config.arch == ARCH_X86_64;
}
