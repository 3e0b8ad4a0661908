/* zones.h - what zoneinfo says of another machine's zones, and where its RAM lies. */
#ifndef FS_TWIN_ZONES_H
#define FS_TWIN_ZONES_H

#include <mman/boot.h>

#include "fs/twin/capture.h"

struct twin_zone {
	u32 nid;
	enum zone_type type;
	u64 start, spanned, present, managed; /* pages */
	u64 marks[3];			      /* min, low, high */
	u64 protection[MAX_NR_ZONES]; /* in the order of the text: zones that the kernel has */
	u32 nr_protections;
};

/* RAM of one node: whole pages [start, end). */
struct twin_ram {
	u32 nid;
	u64 start, end;
};

#define MAX_TWIN_OFFLINE 16u

struct twin_zones {
	struct twin_zone zone[MAX_ZONE_CONFIGS];
	u32 nr_zones;
	struct twin_ram ram[MAX_MEMORY_RANGES];
	u32 nr_ram;
	/* plugged, but in no zone: memory blocks that are offline */
	struct twin_ram offline[MAX_TWIN_OFFLINE];
	u32 nr_offline;
	u32 nr_guessed; /* zones whose holes are not where the other machine has them */
	s64 unmanaged;	/* pages of MemTotal that no zone of the other machine manages */
	u64 nr_device;	/* pages of zones that are no RAM */
};

/** twin_zones_read() - zones of @c that have RAM, and that RAM. 0 or -EINVAL after a line on
 * @err. */
int twin_zones_read(const struct capture *c, struct twin_zones *z, FILE *err);

#endif
