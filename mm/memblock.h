/*
 * memblock.h - who owns which bytes before there are zones.
 *
 * Two sorted lists of stretches: RAM with its node, and what is reserved. Boot asks for memory as
 * the kernel does, from the top down, so that each table lands where the real one lies: in the
 * right node, in the right zone, next to its neighbours. What nobody reserved goes to the buddy
 * allocator.
 *  - Stretches of a list never overlap; neighbours of one node are one stretch.
 *  - Bytes, not pages: several small tables share a page, and a page is free only if all of it is.
 *  - Lives on the heap while machine_boot() runs, and no longer.
 */
#ifndef MM_MEMBLOCK_H
#define MM_MEMBLOCK_H

#include <mman/types.h>

#define MEMBLOCK_ANY_NODE (-1)

struct memblock_region {
	u64 start, end; /* bytes, [start, end) */
	s32 nid;
};

struct memblock_type {
	struct memblock_region *regions;
	u32 nr, max;
};

struct memblock {
	struct memblock_type memory, reserved;
	u64 limit;   /* nothing is given out above this address; 0: no limit */
	bool failed; /* the host had no memory for the lists */
};

void memblock_destroy(struct memblock *mb);

/** memblock_add() - RAM of node @nid; what overlaps takes the new node. */
void memblock_add(struct memblock *mb, u64 start, u64 size, s32 nid);
/** memblock_remove() - no RAM there after all. */
void memblock_remove(struct memblock *mb, u64 start, u64 size);
/** memblock_reserve() / memblock_free() - bytes that somebody keeps, or gives back. */
void memblock_reserve(struct memblock *mb, u64 start, u64 size);
void memblock_free(struct memblock *mb, u64 start, u64 size);

/**
 * memblock_find() - the highest free stretch of @size bytes, aligned to @align (a power of two), in
 * [@min, @max) on node @nid. @max 0: no bound. Reserves nothing. 0 if there is none.
 */
u64 memblock_find(const struct memblock *mb, u64 size, u64 align, u64 min, u64 max, s32 nid);

/**
 * memblock_alloc() - find and reserve; any node if @nid has none, then any address, @nid first
 * again.
 * memblock_alloc_exact() - on @nid and above @min, or not at all. Both: 0 if there is none.
 */
u64 memblock_alloc(struct memblock *mb, u64 size, u64 align, u64 min, u64 max, s32 nid);
u64 memblock_alloc_exact(struct memblock *mb, u64 size, u64 align, u64 min, u64 max, s32 nid);

/**
 * memblock_next_free() - walk the free stretches upwards: the first one that ends above @from, cut
 * to start at @from at the earliest. False at the end.
 */
bool memblock_next_free(const struct memblock *mb, u64 from, struct memblock_region *out);

/** memblock_bytes() - how much of [@start, @end) is in @type. */
u64 memblock_bytes(const struct memblock_type *type, u64 start, u64 end);

#endif
