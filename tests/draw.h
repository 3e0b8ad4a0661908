/* draw.h - random numbers of tests: the same ones for the same seed, on every machine. */
#ifndef TESTS_DRAW_H
#define TESTS_DRAW_H

#include <mman/types.h>

/* The next number below @n. @seed is the generator's whole state. */
static inline u32 draw(u64 *seed, u64 n)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)((*seed >> 33) % n);
}

#endif
