/*
 * tree_world.h - a small table for tests of the tree's core: three shelves and one knob, kept where
 * a test can see them.
 */
#ifndef TESTS_TREE_WORLD_H
#define TESTS_TREE_WORLD_H

#include "fs/tree.h"

struct tree_world {
	int knob;
	int shows;
	u32 shelf_generation[8]; /* 0: not there */
	u32 shelf_uid;
	bool hidden;
	char last[16];
	u64 last_offset;
	int released;
};

extern struct tree_world world;

/** world_top - the root of the table, for tree_create_root(). */
extern const struct directory world_top;

/** reset_world() - shelves 1, 3 and 6 and the knob at 4. */
void reset_world(void);

#endif
