/* stat.h - /proc/PID/stat of another kernel: the same fields since 3.5. */
#ifndef FS_TWIN_STAT_H
#define FS_TWIN_STAT_H

#include <mman/task.h>

#include "fs/twin/capture.h"

#define PF_KTHREAD_HOST 0x200000u /* in the field of flags */

/* Fields by their numbers in proc(5). */
enum {
	STAT_PPID = 4,
	STAT_FLAGS = 9,
	STAT_MINFLT = 10,
	STAT_MAJFLT = 12,
	STAT_UTIME = 14,
	STAT_STIME = 15,
	STAT_NICE = 19,
	STAT_STARTTIME = 22,
	STAT_STARTCODE = 26,
	STAT_ENDCODE = 27,
	STAT_STARTSTACK = 28,
	STAT_PROCESSOR = 39,
	STAT_RT_PRIORITY = 40,
	STAT_POLICY = 41,
	STAT_START_DATA = 45,
	STAT_END_DATA = 46,
	STAT_START_BRK = 47,
	STAT_ARG_START = 48,
	STAT_ARG_END = 49,
	STAT_ENV_START = 50,
	STAT_ENV_END = 51,
	NR_STAT_FIELDS = 53
};

struct twin_stat {
	char comm[TASK_COMM_LEN];
	char state;
	u64 field[NR_STAT_FIELDS];
};

/** twin_parse_stat() - numbers that are negative are kept in two's complement. False: no such
 * line. */
bool twin_parse_stat(struct slice text, struct twin_stat *s);

#endif
