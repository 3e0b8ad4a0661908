/*
 * machine_file.h - a machine described in a file (INI; every key in docs/machine.md).
 *
 *	[machine]            cpus, memory, processor, kernel, command line
 *	[node 0] ...         memory or ranges, CPUs, distances
 *	[dimm NAME]          a plugged DIMM
 *	[swap NAME] [disk] [tlb] [cost] [zone NID NAME]
 */
#ifndef FS_MACHINE_FILE_H
#define FS_MACHINE_FILE_H

#include <mman/machine.h>

/**
 * machine_file_parse() - @text, called @name in messages, becomes @c (defaults where it is silent).
 * Returns 0, or -EINVAL with "NAME:LINE: reason" in @why.
 */
int machine_file_parse(struct machine_config *c, const char *text, const char *name, char *why,
		       size_t why_size);

/**
 * machine_file_load() - a preset by its name, else a file by its path. 0, -EINVAL as above, or the
 * error of opening or reading the file; always with a reason in @why.
 */
int machine_file_load(struct machine_config *c, const char *name, char *why, size_t why_size);

/**
 * machine_add_cmdline() - append kernel parameters; what is for init, behind " -- ", stays last.
 * -E2BIG if they do not fit, with @why.
 */
int machine_add_cmdline(struct machine_config *c, const char *text, char *why, size_t why_size);

#endif
