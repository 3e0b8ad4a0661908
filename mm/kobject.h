/*
 * kobject.h - engine objects that are kernel objects of the simulated machine: a slot in a pool
 * here, an object of a slab cache there. Allocation can be made to fail, for tests of every way
 * out.
 */
#ifndef MM_KOBJECT_H
#define MM_KOBJECT_H

#include <mman/machine.h>

/** mm_should_fail() - counts down mms.fail_nth; true at the allocation that is to fail. */
static inline bool mm_should_fail(struct machine *m)
{
	return unlikely(m->mms.fail_nth) && !--m->mms.fail_nth;
}

/** kobject_alloc() - a zeroed object, charged to the cache; 0 when either has no room. */
static inline handle_t kobject_alloc(struct machine *m, struct pool *pool, enum kmem_cache_id cache)
{
	handle_t h;

	if (mm_should_fail(m) || kmem_charge(m, cache, 1))
		return 0;
	h = pool_alloc(pool);
	if (!h)
		kmem_uncharge(m, cache, 1);
	return h;
}

static inline void kobject_free(struct machine *m, struct pool *pool, enum kmem_cache_id cache,
				handle_t h)
{
	pool_free(pool, h);
	kmem_uncharge(m, cache, 1);
}

#endif
