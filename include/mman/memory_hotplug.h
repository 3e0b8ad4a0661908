/*
 * memory_hotplug.h - memory blocks: 128 MiB that are online or offline as a whole.
 *
 * Source: Documentation/admin-guide/mm/memory-hotplug.rst.
 */
#ifndef MMAN_MEMORY_HOTPLUG_H
#define MMAN_MEMORY_HOTPLUG_H

#include <mman/mmzone.h>
#include <mman/pool.h>

struct machine;

/* A block that was taken offline: the node it goes back to. */
struct offline_block {
	u32 block;
	u16 nid;
	handle_t next;
};

struct memory_hotplug_state {
	struct pool blocks; /* struct offline_block */
	handle_t first;
};

enum mhp_online_type { MMOP_OFFLINE, MMOP_ONLINE, MMOP_ONLINE_KERNEL, MMOP_ONLINE_MOVABLE };

int memory_hotplug_init(struct machine *m);
void memory_hotplug_destroy(struct machine *m);

/** memory_block_exists() - is there RAM, online or not, in block @block? */
bool memory_block_exists(const struct machine *m, u32 block);
/** memory_block_next() - the first block from @block on that exists; UINT32_MAX at the end. */
u32 memory_block_next(const struct machine *m, u32 block);

struct memory_block {
	bool online; /* any of its frames is */
	bool holes;  /* some of its frames are no RAM: it cannot go offline */
	u32 zones;   /* how many zones it lies in, while online */
	u16 nid;     /* of its first zone, or of the DIMM */
	u16 type;    /* enum zone_type of its first zone; offline: that it would join by default */
	u64 nodes;   /* all nodes it touches */
};

void memory_block_look(struct machine *m, u32 block, struct memory_block *out);

/** memory_block_dimm() - number of the plugged DIMM that the block is part of, -1: boot memory. */
int memory_block_dimm(const struct machine *m, u32 block);

/** memory_block_zone() - the zone that an offline block joins when onlined so. */
enum zone_type memory_block_zone(struct machine *m, u32 block, enum mhp_online_type type);

/**
 * memory_block_online() - the block's pages become free memory of the zone that @type asks for.
 * 1: it is online already. -ENOMEM.
 */
int memory_block_online(struct machine *m, u32 block, enum mhp_online_type type);

/**
 * memory_block_offline() - take all pages of the block away from its zone.
 * 1: it is offline already. -EINVAL: it has holes or lies in two zones. -EBUSY: pages are in use.
 */
int memory_block_offline(struct machine *m, u32 block);

#endif
