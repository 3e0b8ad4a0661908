/*
 * pgtable.h - page tables, as the host keeps them: four levels of 512 entries.
 *
 *	vpn (36 bits)   pgd 9 | pud 9 | pmd 9 | pte 9
 *
 * Which of the tables are pages of the machine, charged and counted as Linux does, is its
 * geometry's to say (pagetable.h): all of them on x86-64; on i386 the root, and one page for every
 * pair of lowest ones. On the host a table is kept small: 32 handles of chunks of 16 entries, and a
 * chunk exists while one of its entries is used.
 *
 *	table (pfn, chunk[32]) --> pte chunk: 16 x u64 entries        (lowest level)
 *	                       --> dir chunk: 16 x u32 table handles  (upper levels)
 *
 * A process that touches a page here and there costs a chunk of 128 bytes for each place, a
 * resident range 8.3 bytes a page.
 *
 * An entry in use is one of
 *	present    frame in the upper half; PTE_USER is missing where every access is forbidden
 *	           (PROT_NONE, later NUMA hints): the page is still resident
 *	swapped    PTE_SWAP: type and offset of the slot; PTE_SWP_EXCLUSIVE: the page was this
 *	           entry's alone
 * and soft-dirty survives both. PTE_SPECIAL marks entries that have no struct page to count: the
 * zero page. Whether an anonymous page belongs to this entry alone is in the page
 * (PG_anon_exclusive).
 */
#ifndef MM_PGTABLE_H
#define MM_PGTABLE_H

#include <mman/machine.h>

#include "mm/kobject.h"

typedef u64 pte_t;

#define PTE_PRESENT	      0x1ull
#define PTE_USER	      0x2ull
#define PTE_WRITE	      0x4ull
#define PTE_ACCESSED	      0x8ull
#define PTE_DIRTY	      0x10ull
#define PTE_SOFT_DIRTY	      0x20ull
#define PTE_SPECIAL	      0x40ull
#define PTE_SWAP	      0x80ull
#define PTE_SWP_EXCLUSIVE     0x40ull /* with PTE_SWAP */
#define PTE_PFN_SHIFT	      32u
#define PTE_FLAGS	      0xffull
#define PTE_SWAP_TYPE_SHIFT   8u /* 5 bits */
#define PTE_SWAP_TYPES	      32u
#define PTE_HWPOISON_TYPE     26u /* the type that pagemap shows of a poisoned entry */
#define PTE_SWAP_OFFSET_SHIFT 16u /* 48 bits */

static inline pfn_t pte_pfn(pte_t pte)
{
	return (pfn_t)(pte >> PTE_PFN_SHIFT);
}

static inline pte_t pte_make(pfn_t pfn, u64 flags)
{
	return (u64)pfn << PTE_PFN_SHIFT | flags;
}

/* The page was lost: whoever touches it gets SIGBUS. @was: of PTE_POISON_ANON, PTE_ACCESSED,
 * PTE_DIRTY, what smaps still says of it. */
#define PTE_POISON_ANON PTE_USER

static inline pte_t pte_poisoned(pfn_t pfn, u64 was)
{
	return (u64)pfn << PTE_PFN_SHIFT | PTE_SPECIAL | was;
}

static inline bool pte_is_poisoned(pte_t pte)
{
	return (pte & (PTE_PRESENT | PTE_SWAP | PTE_SPECIAL)) == PTE_SPECIAL;
}

static inline bool pte_present(pte_t pte)
{
	return pte & PTE_PRESENT;
}

/* Has the entry a page that is counted (rss, mapcount)? */
static inline bool pte_has_page(pte_t pte)
{
	return (pte & (PTE_PRESENT | PTE_SPECIAL)) == PTE_PRESENT;
}

/* In a directory, in place of the table below: the entry of a huge page. */
#define PT_LEAF 0x80000000u

#define PTE_CHUNK     16u
#define TABLE_CHUNKS  32u
#define TABLE_SHIFT   9u
#define TABLE_ENTRIES (1u << TABLE_SHIFT)

struct pt_table {
	pfn_t pfn; /* PFN_NONE: it stands for no page (pagetable.h) */
	pfn_t p4d; /* of a root with a level below that has one entry in use; 0: none */
	handle_t chunk[TABLE_CHUNKS];
};

static inline struct pt_table *table_at(const struct machine *m, handle_t h)
{
	return (struct pt_table *)(void *)m->mms.tables.base + h;
}

static inline pte_t *pte_chunk_at(const struct machine *m, handle_t h)
{
	return (pte_t *)(void *)m->mms.pte_chunks.base + (u64)h * PTE_CHUNK;
}

static inline handle_t *dir_chunk_at(const struct machine *m, handle_t h)
{
	return (handle_t *)(void *)m->mms.dir_chunks.base + (u64)h * PTE_CHUNK;
}

static inline handle_t pte_chunk_handle(const struct machine *m, const pte_t *pte)
{
	return (handle_t)((u64)(pte - (const pte_t *)(void *)m->mms.pte_chunks.base) / PTE_CHUNK);
}

/* The entry of a huge page, by its handle without PT_LEAF. */
static inline pte_t *leaf_pte(const struct machine *m, handle_t h)
{
	return (pte_t *)(void *)m->mms.huge_ptes.base + h;
}

static inline handle_t leaf_handle(const struct machine *m, const pte_t *pte)
{
	return (handle_t)(pte - (const pte_t *)(void *)m->mms.huge_ptes.base);
}

static inline u64 addr_vpn(u64 addr)
{
	return addr >> PAGE_SHIFT;
}

/* What a table of @level has for @vpn: 0, the table below, or a huge page's entry with PT_LEAF. */
static inline handle_t dir_entry(const struct machine *m, handle_t table, enum pt_level level,
				 u64 vpn)
{
	u32 i = (u32)(vpn >> (TABLE_SHIFT * level)) & (TABLE_ENTRIES - 1);
	handle_t chunk = table_at(m, table)->chunk[i / PTE_CHUNK];

	return chunk ? dir_chunk_at(m, chunk)[i % PTE_CHUNK] : 0;
}

/* The table one level below @level that covers @vpn, 0 if there is none. */
static inline handle_t dir_load(const struct machine *m, handle_t table, enum pt_level level,
				u64 vpn)
{
	handle_t h = dir_entry(m, table, level, vpn);

	return h & PT_LEAF ? 0 : h;
}

/*
 * Huge pages. Where a table of level PT_PMD or PT_PUD would lead to one below, its slot has PT_LEAF
 * and the handle of a pte_t in mms.huge_ptes: present entries as those of small pages, for all of
 * the page, whose first frame they hold. What covers 4 MiB (i386 without pae) has two slots of a
 * host table, with the same handle. An entry exists while a page is mapped (or poisoned) there;
 * mm->hugetlb_usage is not 0 then. Walks over small pages (pte_walk) pass over them.
 */

/** huge_pte_find() - the entry of the huge page that maps @vpn, NULL if none does; *@level: of the
 * table that has it, PT_PMD or PT_PUD. */
pte_t *huge_pte_find(const struct machine *m, const struct mm *mm, u64 vpn, enum pt_level *level);

/** huge_table_alloc() - the tables above the entry of @vpn at @level. 0 or -ENOMEM. Takes pages. */
int huge_table_alloc(struct machine *m, handle_t mm, u64 vpn, enum pt_level level);
/** huge_pte_set() - the entry of @vpn at @level, whose tables exist, becomes @pte (not 0). -ENOMEM:
 * of the host. */
int huge_pte_set(struct machine *m, const struct mm *mm, u64 vpn, enum pt_level level, pte_t pte);
/** huge_pte_clear() - it is none; returns what it was. */
pte_t huge_pte_clear(struct machine *m, const struct mm *mm, u64 vpn, enum pt_level level);

/**
 * A walk over the huge pages that are mapped in [vpn, end):
 *
 *	struct huge_walk w = huge_walk_range(mm, first_vpn, end_vpn);
 *	while (huge_walk_next(m, &w))
 *		... *w.pte maps w.vpn and the rest of its page; it may be cleared
 */
struct huge_walk {
	const struct mm *mm;
	u64 at, end; /* where to go on; the end */
	u64 vpn;     /* first of the page */
	pte_t *pte;
	enum pt_level level;
};

static inline struct huge_walk huge_walk_range(const struct mm *mm, u64 vpn, u64 end)
{
	return (struct huge_walk){ .mm = mm, .at = vpn, .end = end };
}

bool huge_walk_next(const struct machine *m, struct huge_walk *w);

/* Where a lowest-level table keeps the handle of the chunk for @vpn. */
static inline handle_t *table_chunk(const struct machine *m, handle_t table, u64 vpn)
{
	return &table_at(m, table)->chunk[vpn / PTE_CHUNK % TABLE_CHUNKS];
}

/* The entry of @vpn in a lowest-level table, NULL while its chunk does not exist (entry is
 * none). */
static inline pte_t *table_pte(const struct machine *m, handle_t table, u64 vpn)
{
	handle_t chunk = *table_chunk(m, table, vpn);

	return chunk ? &pte_chunk_at(m, chunk)[vpn % PTE_CHUNK] : NULL;
}

handle_t pte_table_find_slow(struct machine *m, struct mm *mm, u64 vpn);

/** pte_table_find() - the lowest-level table that covers @vpn, 0 if there is none. Remembers it. */
static inline handle_t pte_table_find(struct machine *m, struct mm *mm, u64 vpn)
{
	if (likely(mm->cache_table && mm->cache_vpn == vpn >> TABLE_SHIFT))
		return mm->cache_table;
	return pte_table_find_slow(m, mm, vpn);
}

/** pte_tables_find() - the same for @nr addresses, remembering nothing. */
void pte_tables_find(const struct machine *m, const struct mm *mm, const u64 *addr, u32 nr,
		     handle_t *table);

/** pte_table_remember() - pte_table_find() of @vpn will come to @table, found since
 * mm->tables_freed changed. */
static inline void pte_table_remember(struct mm *mm, u64 vpn, handle_t table)
{
	if (unlikely((mm->cache_vpn ^ vpn >> TABLE_SHIFT) >> TABLE_SHIFT))
		mm->cache_pmd = 0;
	mm->cache_vpn = vpn >> TABLE_SHIFT;
	mm->cache_table = table;
}

/** pte_find() - the entry of @vpn, NULL if it is none for want of a table or chunk. */
static inline pte_t *pte_find(struct machine *m, struct mm *mm, u64 vpn)
{
	handle_t table = pte_table_find(m, mm, vpn);

	return table ? table_pte(m, table, vpn) : NULL;
}

/** pte_alloc() - the entry of @vpn, with all tables above it made; NULL when memory is out. May
 * reclaim: pointers to other entries are stale afterwards. */
pte_t *pte_alloc(struct machine *m, handle_t mm, u64 vpn);

/** pte_table_alloc() - the tables only. 0 or -ENOMEM. Takes pages; chunks for entries take none. */
int pte_table_alloc(struct machine *m, handle_t mm, u64 vpn);

/** pte_chunk_get() - the entry of @vpn in an existing table, its chunk made if need be. */
static inline pte_t *pte_chunk_get(struct machine *m, handle_t table, u64 vpn)
{
	handle_t *chunk = table_chunk(m, table, vpn);

	if (unlikely(!*chunk))
		*chunk = pool_alloc(&m->mms.pte_chunks);
	return likely(*chunk) ? &pte_chunk_at(m, *chunk)[vpn % PTE_CHUNK] : NULL;
}

/** pgd_alloc() / pgd_free() - the root. */
int pgd_alloc(struct machine *m, handle_t mm);
void pgd_free(struct machine *m, handle_t mm);

/**
 * free_pgtables() - after [@start, @end) was unmapped: free the tables that cover nothing but the
 * hole [@floor, @ceiling) it lies in (all in bytes; ceiling 0: no end). Their entries are all
 * none.
 */
void free_pgtables(struct machine *m, handle_t mm, u64 start, u64 end, u64 floor, u64 ceiling);

/**
 * A walk over the entries that exist in [vpn, end): stretches of at most one chunk.
 *
 *	struct pte_walk w = pte_walk_range(mm, first_vpn, end_vpn);
 *	while (pte_walk_next(m, &w))
 *		for (i = 0; i < w.n; i++)
 *			... w.pte[i] is the entry of w.vpn + i
 */
struct pte_walk {
	struct mm *mm;
	u64 at, end; /* where to go on; the end */
	u64 vpn;     /* of pte[0] */
	pte_t *pte;
	u32 n;
	handle_t table; /* of this stretch */
};

static inline struct pte_walk pte_walk_range(struct mm *mm, u64 vpn, u64 end)
{
	return (struct pte_walk){ .mm = mm, .at = vpn, .end = end };
}

bool pte_walk_next(struct machine *m, struct pte_walk *w);

/** pte_chunk_put() - the stretch's chunk goes if all its entries have become none. */
void pte_chunk_put(struct machine *m, const struct pte_walk *w);

#endif
