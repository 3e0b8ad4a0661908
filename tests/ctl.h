/*
 * ctl.h - driving the laboratory in-process: processes, their control files, and tables of lines
 * with what each must answer.
 *
 *	static const struct ctl_case cases[] = {
 *		{ "mmap a 1M", 0, "^mmap: a at 0x[0-9a-f]+, 1048576 bytes$" },
 *		{ "mmap a 1M", -EEXIST, "there is a region 'a' already" },
 *	};
 *	ctl_mkdir(&f, "p");
 *	ctl_cases(&f, "sim/procs/p/ctl", cases, ARRAY_SIZE(cases));
 *
 * A line that must fail is held to three things: its errno, one line in the ctl that explains it,
 * and a machine that is as it was: ctl_state() before and after are the same.
 */
#ifndef TESTS_CTL_H
#define TESTS_CTL_H

#include "tests/fixture.h"

struct ctl_case {
	const char *line;
	int error; /* 0, or -errno */
	const char *
		said; /* regular expression for what the ctl reads afterwards; NULL: any one line */
};

int ctl_mkdir(struct fixture *f, const char *name);
int ctl_rmdir(struct fixture *f, const char *name);
/** ctl_put() - one write to sim/procs/@name/ctl. */
ssize_t ctl_put(struct fixture *f, const char *name, const char *text);
/** ctl_read() - sim/procs/@name/@file without its newline; valid until the next read. */
const char *ctl_read(struct fixture *f, const char *name, const char *file);
u32 ctl_pid(struct fixture *f, const char *name);
/** ctl_meminfo() - a line of proc/meminfo in kB; ctl_vmstat(): of proc/vmstat. */
s64 ctl_meminfo(struct fixture *f, const char *key);
s64 ctl_vmstat(struct fixture *f, const char *key);

/** ctl_state() - what no refused command may change: memory, mappings, limits, processes. */
void ctl_state(struct fixture *f, struct text *out);

void ctl_cases(struct fixture *f, const char *path, const struct ctl_case *cases, size_t nr);

#endif
