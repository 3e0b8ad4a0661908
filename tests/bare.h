/*
 * A simulated machine without processes and without a tree, for tests of physical memory.
 */
#ifndef TESTS_BARE_H
#define TESTS_BARE_H

#include <mman/machine.h>

/** bare_machine() - boot a preset by its name, or the text of a machine file; bails out on
 * failure. */
struct machine *bare_machine(const char *machine);

/** cached_file() - a file whose @pages are all in the page cache. */
handle_t cached_file(struct machine *m, const char *path, u32 pages);

/** zone_of() - a zone by node and type. */
static inline struct zone *zone_of(struct machine *m, u32 nid, enum zone_type type)
{
	return &m->node[nid].zones[type];
}

#endif
