/*
 * A simulated process without a tree, for tests of address spaces.
 *
 *	struct mmtest t;
 *
 *	mmtest_open(&t, 256);
 *	a = map(&t, 0x20000000, 16, "rw", MAPF_FIXED);
 *	is_int(store(&t, a, 4), 0, "...");
 *	is_str(maps(&t, 0x20000000, 0x20040000), "20000000-20010000 rw-p", "...");
 *	mmtest_close(&t);
 *
 * Lengths are in pages. Opening boots a machine of one node with a process on it; closing ends the
 * process, checks every invariant of the engine and that nothing of the process is left.
 */
#ifndef TESTS_MMTEST_H
#define TESTS_MMTEST_H

#include <mman/lab.h>
#include <mman/machine.h>

struct mmtest {
	struct machine *m;
	handle_t task; /* the process, running until mmtest_close() */
	struct running r;
	char text[8192]; /* of maps() */
};

void mmtest_open(struct mmtest *t, u64 ram_mib);
/** mmtest_open_on() - the same on the machine that the text of a machine file describes. */
void mmtest_open_on(struct mmtest *t, const char *machine);
void mmtest_close(struct mmtest *t);

static inline handle_t mm_of(const struct mmtest *t)
{
	return task_at(t->m, t->task)->mm;
}

#define MAP_FAILED_AT(addr) ((s64)(addr) < 0)

/** map() - address, or -errno as a huge number (MAP_FAILED_AT). @prot: of "rwx", "-" for none. */
u64 map(struct mmtest *t, u64 addr, u64 pages, const char *prot, u32 flags);
u64 map_file(struct mmtest *t, u64 addr, u64 pages, const char *prot, u32 flags, handle_t inode,
	     u64 offset);
u32 prot_bits(const char *prot);
int unmap(struct mmtest *t, u64 addr, u64 pages);
int protect(struct mmtest *t, u64 addr, u64 pages, const char *prot);
int advise(struct mmtest *t, u64 addr, u64 pages, const char *advice);
/** load(), store() - touch each page once; 0 or -errno. */
int load(struct mmtest *t, u64 addr, u64 pages);
int store(struct mmtest *t, u64 addr, u64 pages);

/** maps() - the mappings that touch [start, end), one a line, without blanks at the end:
 * "20000000-20010000 rw-p", files with their offset in pages and name. */
const char *maps(struct mmtest *t, u64 start, u64 end);

/** as_task() - go on as another task (a child): what follows is done by it. */
void as_task(struct mmtest *t, handle_t task);

/* Counters: the difference since the last mark(). */
struct mark {
	s64 anon, file, shmem, mapped, dirty, dirtied, written, mlocked, unevictable, inactive_anon,
		inactive_file, active_file, tables, committed, free;
	u64 pgfault, pgmajfault, pgreuse, min_flt, maj_flt, pgpgin;
};
void mark(struct mmtest *t, struct mark *at);
/** since() - what has changed since @at. */
struct mark since(struct mmtest *t, const struct mark *at);

#endif
