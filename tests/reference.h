/*
 * Tables of what real machines showed (the tables in tests/data): rows of columns between tabs,
 * which hold for the machines whose digits stand in the first column (1 one-node, 2 two-node, 3
 * hotplug, 4 hugetlb). A "*" in a column stands for each name of the row's list of names:
 * "memory0-7 x" are nine.
 */
#ifndef TESTS_REFERENCE_H
#define TESTS_REFERENCE_H

#include <mman/types.h>

#define REFERENCE_COLUMNS 16

extern const char *const reference_machines[4];

/** split_columns() - at the tabs, in place; columns that are missing are "". Returns how many. */
u32 split_columns(char *line, char *columns[REFERENCE_COLUMNS]);

/**
 * reference_rows() - call @row for each row of @text for @machine ('1' ..), once for each name in
 * column @names. Lines that start with '#' are remarks.
 */
void reference_rows(const char *text, char machine, u32 names,
		    void (*row)(void *arg, char **columns, const char *name), void *arg);

/** reference_name() - @with, its "*" replaced by @name. Valid for the next few calls. */
const char *reference_name(const char *with, const char *name);

#endif
