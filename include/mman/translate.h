/*
 * translate.h - one page walk, entry by entry, as the processor would make it.
 *
 * Looking changes nothing: no accessed bit, no TLB.
 */
#ifndef MMAN_TRANSLATE_H
#define MMAN_TRANSLATE_H

#include <mman/mm.h>
#include <mman/pagetable.h>

/* Bits of an entry, where x86 has them. Source: Intel SDM volume 3, 4.5; arch/x86's soft bits. */
#define X86_PTE_PRESENT	   0x1ull
#define X86_PTE_RW	   0x2ull
#define X86_PTE_USER	   0x4ull
#define X86_PTE_ACCESSED   0x20ull
#define X86_PTE_DIRTY	   0x40ull
#define X86_PTE_LARGE	   0x80ull  /* of an upper table: maps a large page */
#define X86_PTE_SPECIAL	   0x200ull /* no struct page counts it */
#define X86_PTE_SOFT_DIRTY 0x800ull
#define X86_PTE_NX	   (1ull << 63) /* where entries have 8 bytes */

struct translation_step {
	const char *name; /* "pgd" */
	u32 index;
	pfn_t table; /* the frame that the entry is in */
	u64 address; /* physical, of the entry */
	u64 entry;
};

enum translation_end {
	TRANSLATED,
	NOT_AN_ADDRESS, /* above user space */
	NO_MAPPING,	/* no VMA has it */
	STACK_GUARD,	/* none, but in the gap below a stack */
	NOT_PRESENT,	/* mapped, but not touched yet, or dropped */
	IN_SWAP,
	POISONED,  /* the page is lost */
	NO_ACCESS, /* PROT_NONE, or a hint for NUMA balancing: resident, but not for user mode */
};

struct translation {
	u64 addr;
	u32 nr_steps; /* the last of them is where the walk ended */
	struct translation_step step[PT_WALK_MAX];
	enum translation_end end;
	handle_t vma;	/* 0: none */
	u64 page_size;	/* bytes; of what was found */
	pfn_t pfn;	/* of the page of 4 KiB with the address; PFN_NONE */
	bool zero_page; /* the page that all untouched memory shares */
	u32 mapcount;	/* of the page: how many entries lead to it */
	u32 swap_type;
	u64 swap_offset;
};

/** translate() - walk the tables of @mm for @addr. */
void translate(struct machine *m, handle_t mm, u64 addr, struct translation *out);

/** tlb_peek() - where the TLB of the CPU that @task last ran on has @addr: 0 nowhere, or the
 * level. */
u32 tlb_peek(struct machine *m, handle_t task, u64 addr);

#endif
