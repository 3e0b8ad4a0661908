/*
 * draw.h - random numbers of tests: the same ones for the same seed, on every machine. TEST_SEED=N
 * in the environment gives every test that draws others (another run of a stress test), 0 the usual
 * ones.
 */
#ifndef TESTS_DRAW_H
#define TESTS_DRAW_H

#include <stdlib.h>

#include <mman/types.h>

static inline u64 draw_salt(void)
{
	static u64 salt = UINT64_MAX;
	u64 known = __atomic_load_n(&salt, __ATOMIC_RELAXED); /* threads draw as well */
	const char *text;

	if (known == UINT64_MAX) {
		text = getenv("TEST_SEED");
		known = text ? 2 * (u64)strtoul(text, NULL, 10) : 0;
		__atomic_store_n(&salt, known, __ATOMIC_RELAXED);
	}
	return known;
}

/* The next number below @n. @seed is the generator's whole state. */
static inline u32 draw(u64 *seed, u64 n)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull + draw_salt();
	return (u32)((*seed >> 33) % n);
}

/* What has to happen often, @n times with the usual numbers, may happen a few times with others. */
static inline s64 draw_least(s64 n)
{
	return draw_salt() ? n / 20 : n;
}

#endif
