/*
 * Processes that do everything to a stretch of memory at random, against a model of what every byte
 * must be.
 */
#ifndef TESTS_BYTESTRESS_H
#define TESTS_BYTESTRESS_H

#include "tests/mmtest.h"

#define BYTESTRESS_BASE	 0x20000000ull
#define BYTESTRESS_PAGES 48u

struct bytestress {
	const char *machine; /* text of a machine file, or a preset; small */
	u32 steps;
	u64 seed;
	u32 hog_mib; /* more than the machine has left, less than that and its swap (256 MiB) */
	/* NULL, or one step more: something done to [addr, addr + pages) of the running process
	 * that changes no byte, or to the machine. Invariants and bytes are looked at
	 * afterwards. */
	void (*extra)(struct mmtest *t, u64 addr, u32 pages);
	/* NULL, or what is to be said when all is done */
	void (*end)(struct mmtest *t);
};

void bytestress_run(const struct bytestress *what);
/** bytestress_pick() - a number below @n. */
u32 bytestress_pick(u32 n);

#endif
