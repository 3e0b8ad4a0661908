/*
 * tlb.h - the TLB's side of an access (memory.c), and what changes of page tables tell it.
 */
#ifndef MM_TLB_H
#define MM_TLB_H

#include "mm/pgtable.h"

#define TLB_TAG_SHIFT	40u
#define TLB_TAG_MAX	((1u << (64 - TLB_TAG_SHIFT)) - 1)
#define TLB_HUGE	(1ull << 39) /* of a second-level tag: the page is a large one */
#define TLB_NO_FRESH	UINT64_MAX
#define TLB_GIANT_SHIFT 18u /* small pages of 1 GiB, */
#define TLB_PGD_SHIFT	27u /* and of what a pud covers */

static inline struct tlb_cpu *tlb_running_cpu(const struct machine *m)
{
	return (struct tlb_cpu *)(void *)(m->tlb.cpus.base + m->tlb.offset);
}

/* NULL: it has made no access yet. */
static inline struct tlb_cpu *tlb_cpu_of(const struct machine *m, u32 cpu)
{
	handle_t h = m->tlb.cpu[cpu];

	return h ? pool_at(&m->tlb.cpus, h) : NULL;
}

static inline u64 *tlb_array_tags(struct tlb_cpu *c, const struct tlb_array *a)
{
	return (u64 *)(void *)((u8 *)c + a->tags);
}

static inline u32 *tlb_array_payload(struct tlb_cpu *c, const struct tlb_array *a)
{
	return (u32 *)(void *)((u8 *)c + a->payload);
}

static inline u32 *tlb_array_used(struct tlb_cpu *c, const struct tlb_array *a)
{
	return (u32 *)(void *)((u8 *)c + a->used);
}

static inline u64 tlb_tag_of(u32 number)
{
	return (u64)number << TLB_TAG_SHIFT;
}

/* What @x is may not be guessed from what it was made of: the compiler would make it a branch,
 * which is taken or not as chance has it. */
#define hide_from_compiler(x) __asm__("" : "+r"(x))

static inline u32 tlb_match4(const u64 *tag, u64 want)
{
	u32 hit = (u32)(tag[0] == want) | (u32)(tag[1] == want) << 1 | (u32)(tag[2] == want) << 2 |
		  (u32)(tag[3] == want) << 3;

	hide_from_compiler(hit);
	return hit;
}

/* Which ways of a set hold @want, as bits. */
static inline u32 tlb_match(const u64 *tag, u32 ways, u64 want)
{
	u32 i, hit = 0;

	if (likely(ways == 4))
		return tlb_match4(tag, want);
	for (i = 0; i + 4 <= ways; i += 4)
		hit |= tlb_match4(tag + i, want) << i;
	for (; i < ways; i++)
		hit |= (u32)(tag[i] == want) << i;
	return hit;
}

#define TLB_MARKS 16u /* of a set */

/* The byte that stands for a page in its set: of its number, and of the tag, lest all be found that
 * are there with one that is forgotten. */
static inline u8 tlb_mark(const struct tlb_array *a, u64 number, u64 tag)
{
	return (u8)((number >> a->set_bits) + (tag >> TLB_TAG_SHIFT) * 37);
}

/* The way was used; once all were, only this one counts. */
static inline void tlb_use_way(u32 *used, u32 ways, u32 way)
{
	u32 now = *used | 1u << way;

	*used = now == (u32)((1ull << ways) - 1) ? 1u << way : now;
}

/**
 * tlb_l1_4k() - the entry of @vpn, if the first level of the running CPU leads to it; NULL. The
 * address space is the active one.
 */
static inline __attribute__((always_inline)) pte_t *tlb_l1_4k(const struct machine *m, u64 vpn)
{
	const struct tlb_array *a = &m->tlb.array[TLB_L1_4K];
	u8 *c = m->tlb.cpus.base + m->tlb.offset;
	u32 set = (u32)vpn & (a->sets - 1), first = set * a->ways, way;
	u32 hit = tlb_match((u64 *)(void *)(c + a->tags) + first, a->ways, m->tlb.tag | vpn);

	if (!hit)
		return NULL;
	way = (u32)__builtin_ctz(hit);
	tlb_use_way((u32 *)(void *)(c + a->used) + set, a->ways, way);
	return pte_chunk_at(m, ((u32 *)(void *)(c + a->payload))[first + way]) + vpn % PTE_CHUNK;
}

/** tlb_l1_huge() - the same for huge pages: PMD's and PUD's. */
pte_t *tlb_l1_huge(const struct machine *m, u64 vpn);

enum tlb_hit { TLB_MISS, TLB_HIT_L1, TLB_HIT_L2 };

/** tlb_use() - the running CPU loads @mm, if it has not. False: it has no TLB (the host is out of
 * memory). */
bool tlb_use(struct machine *m, struct mm *mm);
/** tlb_lookup() - all arrays; *@pte: the entry it leads to. After tlb_use(). */
enum tlb_hit tlb_lookup(struct machine *m, const struct mm *mm, u64 vpn, pte_t **pte);
/** tlb_lookup_beyond() - the same after the first level was asked, and nothing was put off
 * since. */
enum tlb_hit tlb_lookup_beyond(struct machine *m, const struct mm *mm, u64 vpn, pte_t **pte);
/** tlb_walk() - a walk for @vpn read the tables: counts its steps. @pte: what it came to, NULL if
 * there was no table for it; @level: of the table that has it. Remembers it with @fill. */
void tlb_walk(struct machine *m, struct mm *mm, u64 vpn, const pte_t *pte, enum pt_level level,
	      bool fill);
/** tlb_miss_page() - tlb_walk() of the commonest kind: all the way down, and remembered. */
void tlb_miss_page(struct machine *m, struct mm *mm, u64 vpn, const pte_t *pte);

void tlb_settle_slow(struct machine *m);

/** tlb_settle() - first touches that have been put off go into the arrays. */
static inline void tlb_settle(struct machine *m)
{
	if (m->tlb.fresh.next != TLB_NO_FRESH)
		tlb_settle_slow(m);
}

/* The first page of a run of first touches. */
static inline void tlb_fresh_start(struct machine *m, struct mm *mm, u64 vpn)
{
	m->tlb.fresh = (struct tlb_fresh){ vpn, vpn + 1 };
	mm->tlb_live = true;
}

static inline void tlb_flush_range(struct machine *m, struct mm *mm, u64 vpn, u64 end)
{
	if (mm->tlb_live)
		tlb_flush_range_slow(m, mm, vpn, end);
}

/* Huge pages in [@vpn, @end); @level: of their entries. */
static inline void tlb_flush_leaves(struct machine *m, struct mm *mm, u64 vpn, u64 end,
				    enum pt_level level)
{
	if (mm->tlb_live)
		tlb_flush_huge_slow(m, mm, vpn, end, level == PT_PUD);
}

static inline void tlb_flush_page(struct machine *m, struct mm *mm, u64 vpn)
{
	if (mm->tlb_live)
		tlb_flush_range_slow(m, mm, vpn, vpn + 1);
}

/* All of it: fork, and reclaim, which flushes once for a batch of pages: what follows finds
 * nothing. */
static inline void tlb_flush_mm(struct machine *m, struct mm *mm)
{
	if (unlikely(mm->tlb_live))
		tlb_flush_mm_slow(m, mm);
}

static inline void tlb_flush_tables(struct machine *m, struct mm *mm)
{
	if (unlikely(mm->tlb_live))
		tlb_flush_tables_slow(m, mm);
}

#endif
