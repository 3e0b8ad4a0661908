/*
 * numa_balancing.h - memory follows those who use it: automatic NUMA balancing.
 *
 *	a task has run for its scan period
 *	  -> its address space's next stretch is scanned: entries of pages that may lie wrong lose PTE_USER
 *	  -> the next access to such a page is a hint fault, which tells who uses it, from which node
 *	  -> if the page lies elsewhere and this user looks like its steady one, it moves here
 *
 * The scanner works in the run time of the task, so that who does not run is not disturbed, and
 * goes slower where most accesses are local already. A hint lives in the entry alone: whatever
 * rewrites the entry (mprotect, migration, swap) ends it, and until then the page is resident like
 * any other.
 *
 * Of mode 2, memory tiering, only the bit is kept: all nodes are of the top tier, where it does
 * nothing. Tasks are not moved towards their memory, and do not form groups.
 * Source: Documentation/admin-guide/sysctl/kernel.rst (numa_balancing), sched(7).
 */
#ifndef MMAN_NUMA_BALANCING_H
#define MMAN_NUMA_BALANCING_H

#include <mman/mmzone.h>
#include <mman/page.h>
#include <mman/pool.h>
#include <mman/types.h>

struct machine;
struct running;
struct task;

#define NUMA_BALANCING_NORMAL	      1
#define NUMA_BALANCING_MEMORY_TIERING 2

/* Of a page in use: numa_state.arrays knows who used it last. As a free page's, the bit is
 * PG_reported. */
#define PG_last_cpupid PG_reported

/* What a task's hint faults have told; made by the first one. [nid][1]: of pages that it used last
 * as well, [nid][0]: that others did. */
struct numa_task {
	u32 faults[MAX_NUMNODES][2]; /* decayed by half with each pass over the address space */
	u32 recent[MAX_NUMNODES][2]; /* of this pass */
	/* of this period: where the fault came from; pages that stayed */
	u32 remote, local, failed;
	u32 scan_seq;	   /* mm.numa_scan_seq of the last placement */
	s32 preferred_nid; /* most of its memory is there; NUMA_NO_NODE: not yet known */
	u64 retry_at;	   /* ns: not before is it looked at again */
	u64 pages_migrated;
};

struct numa_state {
	struct pool tasks;    /* struct numa_task */
	struct pool arrays;   /* u16 for each page of a section: node << 8 | low byte of the PID */
	struct pool sections; /* handles of arrays, 0: none yet; the object of section n is n + 1 */
};

/** numa_balancing_init() - pools. 0 or -ENOMEM. numa_balancing_destroy(): they go. */
int numa_balancing_init(struct machine *m);
void numa_balancing_destroy(struct machine *m);

/** numa_balancing_changed() - kernel.numa_balancing was written: the commands in progress are to
 * look. */
void numa_balancing_changed(struct machine *m);

/** numa_tick_due() - when, on the clock, the command @r will have run long enough for the next scan
 * of its task's address space: ns; UINT64_MAX: never. task_tick_numa(): it may be then; scans if
 * so, and sets r->numa_due anew. At a safe point only. */
u64 numa_tick_due(const struct machine *m, const struct running *r);
void task_tick_numa(struct machine *m, struct running *r);

/** numa_task_init() - the periods of a task that was just made. numa_task_put(): it ends. */
void numa_task_init(const struct machine *m, struct task *t);
void numa_task_put(struct machine *m, struct task *t);

/** numa_task_moved() - @t, which ran on the CPU @from, runs on @to: one that leaves its memory is
 * scanned sooner. */
void numa_task_moved(struct machine *m, struct task *t, u32 from, u32 to);

/** page_cpupid_last() - who had the last hint fault on @pfn: node << 8 | low byte of the PID; -1:
 * nobody. */
int page_cpupid_last(const struct machine *m, pfn_t pfn);
/** page_cpupid_move() - @to is @from's page from now on. */
void page_cpupid_move(struct machine *m, pfn_t from, pfn_t to);

#endif
