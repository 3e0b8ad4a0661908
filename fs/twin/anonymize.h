/*
 * anonymize.h - a capture without names: those of programs, users' files, hosts.
 *
 * What stays is what memory management knows: numbers, and words of the kernel's own. A name
 * becomes n1, n2, ... in the order in which names come, everywhere the same: a program's file in
 * exe, in its mappings and as a swap area, a process's name and its threads', a unit's directory in
 * the cgroups. Command lines become the process's name alone. Files that no rule knows are left
 * out.
 *
 * The rules are data, because the shell script that captures (script.c) has to follow them too.
 */
#ifndef FS_TWIN_ANONYMIZE_H
#define FS_TWIN_ANONYMIZE_H

#include <mman/types.h>

/* What is done to a file; the words that the script has for it. */
/* clang-format off */
#define ANONYMIZE_KINDS(K)                                                                        \
	K(KEEP, "keep")                                                                           \
	K(STAT, "stat")                                                                           \
	K(STATUS, "status")                                                                       \
	K(CMDLINE, "cmdline")                                                                     \
	K(PATH, "path")                                                                           \
	K(MAPS, "maps") K(MOUNTS, "mounts") K(CGROUP, "cgroup") K(SWAPS, "swaps") K(BOOT, "boot") \
		K(VERSION, "version") K(HOSTNAME, "hostname") K(NUMBERS, "numbers")

enum anonymize_kind {
#define K(name, word) ANONYMIZE_##name,
	ANONYMIZE_KINDS(K)
#undef K
};

struct anonymize_rule {
	const char *path; /* an extended regular expression; the first that matches counts */
	enum anonymize_kind kind;
};

extern const struct anonymize_rule anonymize_rules[];
extern const size_t anonymize_nr_rules;
extern const char *const anonymize_kind_words[];
/* Blank-separated: names that are everybody's; parameters of the kernel's command line that stay;
 * beginnings of what the kernel calls mappings of its own; file systems that are memory. */
extern const char anonymize_common[], anonymize_parameters[], anonymize_mappings[],
	anonymize_memory[];

#endif
