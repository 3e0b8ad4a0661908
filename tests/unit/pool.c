/* Pools: handles, reuse, growth in place. */
#include <mman/pool.h>

#include <stdlib.h>

#include "tests/tap.h"

struct thing {
	u64 a, b, c;
};

static void test_reuse(void)
{
	struct pool p;
	handle_t first, second;

	is_int(pool_init(&p, "thing", sizeof(struct thing), 1000), 0, "address space is there");
	first = pool_alloc(&p);
	second = pool_alloc(&p);
	cmp_int(first, !=, 0, "handle 0 is never given out");
	cmp_int(first, !=, second, "two objects have two handles");
	((struct thing *)pool_at(&p, first))->b = 7;
	pool_free(&p, first);
	is_int(pool_alloc(&p), first, "the slot freed last is the next one given out");
	is_uint(((struct thing *)pool_at(&p, first))->b, 0, "and comes zeroed");
	is_int(pool_handle(&p, pool_at(&p, second)), second, "an object knows its handle");
	is_int(p.nr_live, 2, "live objects are counted");
	pool_destroy(&p);
}

static void test_limits(void)
{
	struct pool p;
	u32 n = 0;

	pool_init(&p, "thing", sizeof(struct thing), 100);
	while (pool_alloc(&p))
		n++;
	is_int(n, 100, "a pool holds as many objects as it was made for");
	is_int(pool_alloc_array(&p, 1), 0, "and not one more, as an array either");
	pool_free(&p, 50);
	is_int(pool_alloc(&p), 50, "after a free there is room again");
	pool_destroy(&p);
}

static void test_growth(void)
{
	struct pool p;
	struct thing *early;
	u32 i;
	bool intact = true;

	pool_init(&p, "thing", sizeof(struct thing), 1u << 20);
	early = pool_at(&p, pool_alloc(&p));
	early->a = 42;
	for (i = 0; i < 200000; i++)
		((struct thing *)pool_at(&p, pool_alloc(&p)))->a = i;
	for (i = 0; i < 200000; i++)
		intact = intact && ((struct thing *)pool_at(&p, i + 2))->a == i;
	ok(intact, "objects keep what they hold while the pool grows");
	is_uint(early->a, 42, "and never move");
	is_uint(pool_used_bytes(&p), 200002ull * sizeof(struct thing),
		"the used part ends behind the last");
	pool_destroy(&p);
}

int main(void)
{
	test_reuse();
	test_limits();
	test_growth();
	return done_testing();
}
