/*
 * filter.h - the table of calls as a seccomp program.
 */
#ifndef FS_EXEC_FILTER_H
#define FS_EXEC_FILTER_H

#include <linux/filter.h>
#include <stddef.h>

#define EXEC_FILTER_MAX 512

/**
 * exec_filter_build() - write the program that stops the calls of the table and lets all others
 * pass
 * @code: room for @max instructions
 *
 * Returns the number of instructions; -ENOSYS on an architecture that it has not been written for,
 * -E2BIG if the table has outgrown @max or a jump.
 */
int exec_filter_build(struct sock_filter *code, size_t max);

/**
 * exec_filter_install() - bind the calling process, and all that come from it, to a supervisor
 *
 * Returns the descriptor on which the supervisor hears of stopped calls, or -errno: -EBUSY when
 * another supervisor is there already, as a process can have one only.
 */
int exec_filter_install(void);

#endif
