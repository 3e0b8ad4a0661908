/*
 * check.h - the engine's invariants, one function per part. Each reports every violation it finds
 * and returns how many there were.
 */
#ifndef MM_CHECK_H
#define MM_CHECK_H

#include <mman/machine.h>

#include <stdarg.h>

struct check {
	struct machine *m;
	void (*report)(void *arg, const char *line);
	void *arg;
	unsigned int violations;
};

/** check_fail() - report one violation. */
void check_fail(struct check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** check_equal() - two ways to the same number must agree. */
void check_equal(struct check *c, const char *what, s64 counted, s64 kept);

void check_contents(struct check *c); /* mm/check_contents.c: the bytes of pages */
void check_phys(struct check *c);     /* mm/check_phys.c: buddy lists, zones, per-CPU lists, slab */
void check_virt(struct check *c); /* mm/check_virt.c: VMAs, page tables, rmap, LRU, page cache */
void check_psi(struct check *c);  /* mm/check_psi.c: stall times */
void check_lru(struct check *c);  /* mm/check_lru.c: reclaim's runs and what they leave */
void check_swap(struct check *c); /* mm/check_swap.c: slots, swap entries, the swap cache */
void check_writeback(struct check *c); /* mm/check_writeback.c: the disk's queue, PG_writeback */
void check_file(struct check *c);
void check_dcache(struct check *c);	/* mm/check_dcache.c: names and inodes in memory */
void check_oom(struct check *c);	/* mm/check_oom.c: victims */
void check_heaps(struct check *c);	/* mm/check_heap.c: what libc handed out */
void check_compaction(struct check *c); /* mm/check_compaction.c: kcompactd, positions */
void check_hotplug(struct check *c);	/* mm/check_hotplug.c: DIMMs, isolation, bad frames */
void check_hugetlb(struct check *c);	/* mm/check_hugetlb.c: huge pages */
void check_tlb(struct check *c);	/* mm/check_tlb.c: what CPUs remember of page tables */
void check_numa(struct check *c);	/* mm/check_numa.c: memory policies, pins */

#endif
