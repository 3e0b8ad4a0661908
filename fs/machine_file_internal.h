/*
 * machine_file_internal.h - a machine file while it is read: what machine_file.c and
 * machine_file_check.c share.
 */
#ifndef FS_MACHINE_FILE_INTERNAL_H
#define FS_MACHINE_FILE_INTERNAL_H

#include "fs/machine_file.h"

struct section;

struct machine_file {
	struct machine_config *c;
	const char *name;
	u32 line;
	char *why;
	size_t why_size;

	const struct section *section;
	u32 index; /* of the node, dimm, swap or zone that the section is about */
	bool node_seen[MAX_NUMNODES];
	bool has_nodes;
	u32 node_line[MAX_NUMNODES], swap_line[8], memory_line, cpus_line, tlb_line, last_line;
	u32 range_line[MAX_MEMORY_RANGES];
	char dimm_name[MAX_MEMORY_RANGES][32];
	u32 nr_dimms;
};

/** machine_file_fail() - "FILE:LINE: ..." of the line that @p is at, into its @why; -EINVAL. */
int machine_file_fail(struct machine_file *p, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/** machine_file_check() - what concerns several keys, with the line that is to blame. 0 or
 * -EINVAL. */
int machine_file_check(struct machine_file *p);

#endif
