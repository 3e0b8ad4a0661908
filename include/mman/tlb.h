/*
 * tlb.h - translation lookaside buffers: what each CPU remembers of page tables.
 *
 *	first level	data, one array for each page size	l1d_4k l1d_2m l1d_1g
 *	second level	4 KiB and 2 MiB (4 MiB) pages together	l2_4k; 1 GiB pages: l2_1g
 *	walk caches	entries of upper tables, so that a walk need not start at the root:
 *			pwc_pmd leads to a lowest table, pwc_pud to a pmd, pwc_pgd to a pud
 *
 * An access looks in the first level, then in the second, then walks. Sets replace by a bit for
 * each way that was used since all were (bit-PLRU).
 *
 * Entries are tagged with the address space (PCID). A CPU knows TLB_PCIDS of them, as Linux has it;
 * a switch back to one of them keeps its entries unless tables changed meanwhile, which a
 * generation tells: mm->tlb_gen counts flushes, a PCID holds the number it has seen. What takes or
 * narrows an entry of a page table must flush: tlb_flush_range() and its kin reach the CPUs that
 * the address space is loaded on; where nothing of it runs now, the next switch to it flushes.
 *
 * The model decides what is a hit and what is a walk, and what that costs. It never answers an
 * access by itself: the page table's entry is looked at each time, so a stale translation could not
 * be used, and check_tlb() looks for one.
 *
 * Invariants (mm/check_tlb.c): an entry whose PCID has seen all flushes is in the page table,
 * present, in the place that the TLB remembers.
 * Source: Intel SDM volume 3, 4.10; Documentation/x86/tlb.rst, mm/active_mm.rst.
 */
#ifndef MMAN_TLB_H
#define MMAN_TLB_H

#include <mman/mmzone.h>
#include <mman/pool.h>

struct machine;
struct machine_config;
struct mm;

#define TLB_PCIDS_MAX 16u
#define TLB_WAYS_MAX  32u

enum tlb_array_id {
	TLB_L1_4K,
	TLB_L1_2M,
	TLB_L1_1G,
	TLB_L2,
	TLB_L2_1G,
	TLB_PWC_PMD,
	TLB_PWC_PUD,
	TLB_PWC_PGD,
	NR_TLB_ARRAYS
};

/* Where an array lies in a CPU's object: byte offsets of tags (u64), what they lead to (u32), the
 * used bits of each set (u32), and of a wide set's marks: a byte of each tag, for a quick no. */
struct tlb_array {
	u32 tags, payload, used;
	u32 marks;	/* 0: none */
	u32 ways, sets; /* sets: a power of two; ways 0: there is none */
	u32 set_bits;
};

/* What happened, counted by events; on a CPU or on all. */
struct tlb_stat {
	u64 l1_hits, l2_hits, misses; /* accesses */
	u64 steps;		      /* table entries that the walks read */
	u64 flushes;		      /* of all that a PCID has */
	u64 page_flushes;	      /* of single pages (INVLPG) */
	u64 shootdowns; /* interrupts received because another CPU changed the tables */
	u64 switches, switches_kept; /* to another address space; of these: its entries were good */
};

struct tlb_pcid {
	u64 mm_id; /* 0: not in use */
	u64 gen;   /* of mm->tlb_gen */
	handle_t mm;
	u32 tag, pwc_tag; /* in the upper bits of its entries; never used twice in a CPU */
};

/* One CPU; its arrays follow. */
struct tlb_cpu {
	struct tlb_stat stat;
	struct tlb_pcid pcid[TLB_PCIDS_MAX];
	u32 current, next; /* PCID in use; the one to be given up next */
	u32 last_tag;
	u64 pud_in_use; /* what pwc_pud has, and marked as used, tag and number; 0: ask it */
	bool lazy;	/* nothing of user space runs: no interrupts, please */
};

/* First touches one after the other: pages [first, next) that were walked for, faulted in, and are
 * not yet in the arrays. */
struct tlb_fresh {
	u64 first, next; /* vpn; equal: none */
};

struct tlb_state {
	/* struct tlb_cpu with its arrays, made when the CPU makes its first access */
	struct pool cpus;
	u32 nr_pcids;
	struct tlb_array array[NR_TLB_ARRAYS];
	handle_t cpu[NR_CPUS_MAX];

	/* the address space that the running CPU has loaded; valid while active == mm->id */
	u64 active, tag; /* tag: in place */
	u64 offset;	 /* of the CPU's object in the pool, bytes */
	handle_t mm;
	struct tlb_fresh fresh;
};

/** tlb_check_config() - are the sizes of @c possible ones? 0, or -EINVAL with a line in @why. */
int tlb_check_config(const struct machine_config *c, char *why, size_t why_size);
/** tlb_init() - empty TLBs of the sizes of m->config. 0 or -ENOMEM. tlb_destroy(): they go. */
int tlb_init(struct machine *m);
void tlb_destroy(struct machine *m);

/** tlb_stat() - what happened on @cpu since boot; tlb_stat_all(): on all of them. */
struct tlb_stat tlb_stat(const struct machine *m, u32 cpu);
struct tlb_stat tlb_stat_all(const struct machine *m);

/* One of the arrays, for a reader. */
struct tlb_array_view {
	const char *name; /* as in the machine file */
	u32 entries, ways;
	u64 page_size; /* bytes that an entry maps; a walk cache's: that the table covers it leads to */
	u32 held;      /* entries of one address space, without */
	u32 held_huge; /* those of large pages in the second level */
};

/** tlb_array_describe() - false: the processor has no such array, or makes no use of it. */
bool tlb_array_describe(const struct machine *m, enum tlb_array_id id, struct tlb_array_view *v);
/** tlb_array_count() - how many entries of @mm the array of @cpu holds: v->held, v->held_huge. */
void tlb_array_count(const struct machine *m, u32 cpu, const struct mm *mm, enum tlb_array_id id,
		     struct tlb_array_view *v);

/* What is rare of the inline functions of mm/tlb.h:
 * tlb_flush_range() - entries of the pages [@vpn, @end) were taken away or narrowed: one by one,
 * or, above tlb_single_page_flush_ceiling, with all others of @mm. */
void tlb_flush_range_slow(struct machine *m, struct mm *mm, u64 vpn, u64 end);
/* tlb_flush_mm() - all entries of @mm. */
void tlb_flush_mm_slow(struct machine *m, struct mm *mm);
/* tlb_flush_leaves() - the same for huge pages in [@vpn, @end), counted by their size: @giant, of 1
 * GiB. */
void tlb_flush_huge_slow(struct machine *m, struct mm *mm, u64 vpn, u64 end, bool giant);
/* tlb_flush_tables() - a table of @mm was freed, its entries all none: walk caches may know it. */
void tlb_flush_tables_slow(struct machine *m, struct mm *mm);

/** tlb_leave() - another task runs on this CPU from now on, or another CPU works; tlb_idle(): @cpu
 * has nothing to run. Cheap: what a switch takes is done by the next access. */
static inline void tlb_leave(struct tlb_state *t)
{
	t->active = 0;
}

void tlb_idle(struct machine *m, u32 cpu);

#endif
