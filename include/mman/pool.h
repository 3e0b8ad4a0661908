/*
 * pool.h - all state lives here: typed objects addressed by 32-bit handles.
 *
 * A pool is one reserved stretch of host address space that is made usable as it
 * grows, so objects never move and a handle is an index. Handle 0 is never given out.
 *  - Objects come zeroed; a freed object is junk-filled in debug builds, and none of anybody's
 *    business in those with the address sanitizer. Its slot is the next one given out (last in,
 *    first out: the same on every run).
 *  - A snapshot copies every pool's used part (pool_used_bytes) and restores it in place.
 *  - Only address space is reserved in advance; host memory is spent as objects are made.
 * Machine lock held by every caller.
 */
#ifndef MMAN_POOL_H
#define MMAN_POOL_H

#include <mman/types.h>

/* of the host's huge pages; where it has others they are not used */
#define HOST_HUGE_SIZE (2u << 20)

struct pool {
	u8 *base;	  /* host address of slot 0 (never used itself) */
	u32 object_size;  /* bytes, a multiple of 8 */
	u32 nr_slots;	  /* slots ever used, slot 0 included: the high-water mark */
	u32 max_slots;	  /* address space reserved for this many */
	u32 free_head;	  /* first free slot, 0 when none */
	u32 nr_live;	  /* objects now allocated */
	u64 usable_bytes; /* bytes from base that may be touched */
	const char *name;
	bool asked_after; /* objects may be read when they are free: to find that they are (mm_is_live()) */
};

/**
 * pool_init() - reserve address space for up to @max objects of @size bytes.
 * Returns 0 or -ENOMEM.
 */
int pool_init(struct pool *p, const char *name, u32 size, u32 max);
/** pool_destroy() - with all objects; a pool that was never made has nothing. */
void pool_destroy(struct pool *p);

/** pool_alloc() - a zeroed object's handle, or 0 when the pool or the host is full. */
handle_t pool_alloc(struct pool *p);

/** pool_alloc_array() - @n consecutive zeroed objects; handle of the first or 0. For boot-time
 * tables (per-CPU sets and the like) that live as long as the machine. */
handle_t pool_alloc_array(struct pool *p, u32 n);
/** pool_free() - nobody uses @h any more. */
void pool_free(struct pool *p, handle_t h);

/** pool_reserve() - the next @n objects will be there. 0 or -ENOMEM. */
int pool_reserve(struct pool *p, u32 n);

/** pool_used_bytes() - bytes from ->base that hold state; what a snapshot copies. */
u64 pool_used_bytes(const struct pool *p);

/** pool_at() - the object behind a handle; pool_handle(): the handle of an object. */
static inline void *pool_at(const struct pool *p, handle_t h)
{
	return p->base + (u64)h * p->object_size;
}

static inline handle_t pool_handle(const struct pool *p, const void *object)
{
	return (handle_t)((u64)((const u8 *)object - p->base) / p->object_size);
}

#endif
