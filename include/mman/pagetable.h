/*
 * pagetable.h - what the page tables of a machine look like: a property of its processor.
 *
 *	x86-64		pgd 9 | pud 9 | pmd 9 | pte 9		8 bytes an entry, 47 bits of user addresses
 *	  cpu_la57	pgd 9 | p4d 9 | pud 9 | pmd 9 | pte 9	the same addresses, one level more
 *	i386		pgd 10 | pte 10				4 bytes an entry, 3 GiB of user addresses
 *	  pae		pgd 2 | pmd 9 | pte 9			8 bytes an entry
 *	  levels=1	one table of 2^20 entries		for teaching: 4 MiB in one piece for each process
 *
 * The engine keeps the entries of every machine in the same host tables of 512 (mm/pgtable.h),
 * level by level; the geometry says which of them stand for a page of the machine. A 10-bit table
 * is two host tables that share their page.
 * Source: Intel SDM volume 3, chapter 4; Documentation/mm/page_tables.rst, x86/x86_64/mm.rst.
 */
#ifndef MMAN_PAGETABLE_H
#define MMAN_PAGETABLE_H

#include <mman/types.h>

/* The host tables, from the entries up. */
enum pt_level { PT_PTE, PT_PMD, PT_PUD, PT_PGD };

#define PT_NO_PAGE	 (-1)
#define PT_WALK_MAX	 5u
#define TASK_SIZE_X86_64 0x7ffffffff000ull
#define TASK_SIZE_I386	 0xc0000000ull

/* One level of the walk as the processor makes it, from the root down. */
struct pt_walk_level {
	char name[4]; /* "pgd" */
	u8 shift;     /* of the index in the address, bits */
	u8 bits;      /* of the index */
};

struct pt_geometry {
	u8 levels; /* of the walk: level[0] is the root */
	u8 entry_bytes;
	u8 pte_bits; /* pages that a lowest table covers: 2^pte_bits */
	bool flat;   /* one table for it all */
	s8 order[PT_PGD +
		 1];   /* of the page a host table stands for; PT_NO_PAGE: it is ours alone */
	u64 task_size; /* bytes of user addresses */
	u64 huge_size; /* bytes a large entry maps: 2 MiB, or 4 */
	struct pt_walk_level level[PT_WALK_MAX];
};

/** pt_geometry_init() - the geometry of the machine that @c describes. */
struct machine_config;
void pt_geometry_init(struct pt_geometry *g, const struct machine_config *c);

#endif
