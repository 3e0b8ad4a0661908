/*
 * Pages of frames move as compaction and offlining move them: isolate what is on a list, find
 * frames, put back what stays.
 */
#ifndef TESTS_MIGRATETEST_H
#define TESTS_MIGRATETEST_H

#include <mman/migrate.h>

#include "tests/mmtest.h"

struct moved {
	u64 isolated, moved, stayed;
	int result; /* of the last call of migrate_pages() */
};

/** move_frames() - every page on an LRU list in [@start, @end) goes to any other free frame, of
 * node @nid (NUMA_NO_NODE: its own). */
struct moved move_frames(struct machine *m, pfn_t start, pfn_t end, int nid,
			 enum migrate_mode mode);

#endif
