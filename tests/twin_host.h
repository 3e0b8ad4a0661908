/*
 * Captures of machines that never were, for tests of twins.
 *
 *	struct text capture;
 *	struct twin_test t;
 *
 *	capture_start(&capture);              a machine of one node and 1 GiB
 *	capture_file(&capture, "/proc/sys/vm/swappiness", "10\n");
 *	capture_process(&capture, 42, 1, "prog", smaps);
 *	twin_boot(&t, &capture, "a twin of one process");
 *	is_int(..., fixture_read(&t.f, "proc/42/status"), ...);
 *	twin_close(&t);
 *	text_free(&capture);
 */
#ifndef TESTS_TWIN_HOST_H
#define TESTS_TWIN_HOST_H

#include "fs/journal.h"
#include "tests/fixture.h"

struct twin_test {
	struct fixture f;
	char *said; /* what went to standard error */
	size_t said_size;
	struct text machine;
};

/** capture_head() - the first line only; capture_file(): one more file. */
void capture_head(struct text *capture);
void capture_file(struct text *capture, const char *path, const char *content);
/** capture_zone() - a paragraph of zoneinfo, appended to @text. */
void capture_zone(struct text *text, unsigned int nid, const char *zone, u64 start, u64 spanned,
		  u64 present, u64 managed);

/* What differs from machine to machine. kB, but for the hundredths of a second. */
struct capture_machine {
	u64 free, buffers, cached, active_file, active_anon, dirty, shmem, reclaimable,
		unreclaimable;
	const char *iomem; /* NULL: that of a PC with 1 GiB; "": hidden */
	u64 uptime;	   /* seconds */
	u64 threads;	   /* as loadavg counts them */
	u64 swap_cached, anon, inactive_anon, committed; /* all 0: meminfo does not tell */
};

/** capture_start() - head, zoneinfo, iomem, meminfo and so on of a PC with 1 GiB; @m NULL:
 * defaults. */
void capture_start(struct text *capture, const struct capture_machine *m);

/** capture_task() - a process as stat, status, cmdline and oom_score_adj tell it. @more: further
 * lines of status. capture_process(): with smaps, and a VmSize that says it has an address
 * space. */
void capture_task(struct text *capture, u32 pid, u32 ppid, const char *comm, char state, u32 flags,
		  const char *more);
void capture_process(struct text *capture, u32 pid, u32 ppid, const char *comm, const char *smaps);
/** capture_kthread() - only its stat, as captures have it. */
void capture_kthread(struct text *capture, u32 pid, const char *comm);

/** twin_open() - boot and furnish the twin; false with the reason in ->said. */
bool twin_open(struct twin_test *t, const struct text *capture);
/** twin_boot() - the same, as a check, @what; without it the test is at its end. */
void twin_boot(struct twin_test *t, const struct text *capture, const char *what);
void twin_close(struct twin_test *t);

/** twin_number() - the number behind @key in a file of the tree; -1: none. */
s64 twin_number(struct twin_test *t, const char *path, const char *key);

#endif
