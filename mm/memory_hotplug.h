/*
 * memory_hotplug.h - what the files of memory hotplug share.
 *
 *	memory_block.c             blocks and their zones
 *	memory_hotplug.c           online, offline
 *	memory_hotplug_resize.c    what follows when a zone has grown or shrunk
 *	memory_dimm.c              slots, plug, unplug
 *	memory_failure.c           pages that are used no more
 */
#ifndef MM_MEMORY_HOTPLUG_H
#define MM_MEMORY_HOTPLUG_H

#include <mman/machine.h>
#include <mman/memory_hotplug.h>

/** recount_pageblocks() - sections came, went or changed their zone: the pageblocks of every zone
 * anew. */
void recount_pageblocks(struct machine *m);
/** zone_grown() - @pages more are managed in @z; @was_empty: it had none before. */
int zone_grown(struct machine *m, struct zone *z, u64 pages, bool was_empty);
/** zone_shrunk() - @pages fewer are managed in @z, and present ones may be gone. */
void zone_shrunk(struct machine *m, struct zone *z, u64 pages);

/** node_bring_up() - node @nid is online, if only with a DIMM that is not: nodes/ shows it. A
 * number that the machine did not have gets its place. 0 or -ENOMEM. node_take_down(): no longer,
 * if nothing of it is left. */
int node_bring_up(struct machine *m, u16 nid);
void node_take_down(struct machine *m, u16 nid);

/** memory_range_online() - blocks [@first, @first + @nr), all offline and of one node, join zone
 * @type. The first @nr_vmemmap pages of it are present but not free. Notifiers have been asked. 0
 * or -ENOMEM. */
int memory_range_online(struct machine *m, u32 first, u32 nr, enum zone_type type, u32 nr_vmemmap);

/** memory_block_vmemmap_pages() - frames at the start of a block that hold its own struct pages. */
u32 memory_block_vmemmap_pages(const struct machine *m, u32 block);

/** forget_poisoned() - bad frames in [@start, @end) are no longer known as such: the block went
 * online anew, or, @gone, its DIMM was pulled out, and they count no more. */
void forget_poisoned(struct machine *m, pfn_t start, pfn_t end, bool gone);
/** drop_poisoned_cache() - bad frames in [@start, @end) that are shared memory's still are
 * nobody's. */
void drop_poisoned_cache(struct machine *m, pfn_t start, pfn_t end);

#endif
