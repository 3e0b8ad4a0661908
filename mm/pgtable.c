/*
 * pgtable.c - page tables: making, finding, walking and freeing them (pgtable.h).
 *
 * What counts where, as on 6.1: a lowest-level or second-level table is a page of
 * NR_PAGE_TABLE_PAGES with PG_table; the third level is in VmPTE only; the root is in neither, and
 * on x86-64 is two pages because Debian's kernel has page table isolation built in.
 */
#include "mm/pgtable.h"

#include "mm/tlb.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define GFP_PGTABLE_USER (GFP_KERNEL | __GFP_ZERO | __GFP_ACCOUNT)

/* ---- geometry ---- */

static const struct pt_geometry geometries[] = {
	{ .levels = 4,
	  .entry_bytes = 8,
	  .pte_bits = 9,
	  .order = { 0, 0, 0, 1 },
	  .task_size = TASK_SIZE_X86_64,
	  .huge_size = 2u << 20,
	  .level = { { "pgd", 39, 9 }, { "pud", 30, 9 }, { "pmd", 21, 9 }, { "pte", 12, 9 } } },
	{ .levels = 5,
	  .entry_bytes = 8,
	  .pte_bits = 9,
	  .order = { 0, 0, 0, 1 },
	  .task_size = TASK_SIZE_X86_64,
	  .huge_size = 2u << 20,
	  .level = { { "pgd", 48, 9 },
		     { "p4d", 39, 9 },
		     { "pud", 30, 9 },
		     { "pmd", 21, 9 },
		     { "pte", 12, 9 } } },
	{ .levels = 2,
	  .entry_bytes = 4,
	  .pte_bits = 10,
	  .order = { 0, PT_NO_PAGE, PT_NO_PAGE, 0 },
	  .task_size = TASK_SIZE_I386,
	  .huge_size = 4u << 20,
	  .level = { { "pgd", 22, 10 }, { "pte", 12, 10 } } },
	{ .levels = 3,
	  .entry_bytes = 8,
	  .pte_bits = 9,
	  .order = { 0, 0, PT_NO_PAGE, 0 },
	  .task_size = TASK_SIZE_I386,
	  .huge_size = 2u << 20,
	  .level = { { "pgd", 30, 2 }, { "pmd", 21, 9 }, { "pte", 12, 9 } } },
	{ .levels = 1,
	  .entry_bytes = 4,
	  .pte_bits = 20,
	  .flat = true,
	  .order = { PT_NO_PAGE, PT_NO_PAGE, PT_NO_PAGE, 10 },
	  .task_size = TASK_SIZE_I386,
	  .huge_size = 4u << 20,
	  .level = { { "pte", 12, 20 } } },
};

void pt_geometry_init(struct pt_geometry *g, const struct machine_config *c)
{
	if (c->arch == ARCH_X86_64)
		*g = geometries[c->cpu_la57 ? 1 : 0];
	else
		*g = geometries[c->levels == 1 ? 4 : c->pae ? 3 : 2];
}

/* ---- making and freeing tables ---- */

static u32 *level_counter(struct mm *mm, enum pt_level level)
{
	return level == PT_PTE ? &mm->nr_ptes : level == PT_PMD ? &mm->nr_pmds : &mm->nr_puds;
}

/* One page more or less at @level of an address space. */
static void account_table(struct machine *m, handle_t mmh, pfn_t pfn, enum pt_level level,
			  s32 delta)
{
	struct page *page = pfn_to_page(m, pfn);
	u32 i, nr = 1u << m->pt.order[level];

	if (m->pt.flat) {
		mm_at(m, mmh)->nr_ptes += (u32)((s32)nr * delta);
	} else if (level == PT_PGD) {
		return;
	} else {
		*level_counter(mm_at(m, mmh), level) += (u32)delta;
		if (level > PT_PMD)
			return;
	}
	mod_node_page_state(m, page_node(m, page), NR_PAGE_TABLE_PAGES, (s64)nr * delta);
	for (i = 0; i < nr; i++)
		if (delta > 0)
			page_set(pfn_to_page(m, pfn + i), PG_table);
		else
			page_clear(pfn_to_page(m, pfn + i), PG_table);
}

/* The page of a table that is not there yet, its own or its twin's; PFN_NONE: no memory. */
static pfn_t table_page(struct machine *m, handle_t mmh, enum pt_level level, handle_t twin)
{
	u32 order = (u32)m->pt.order[level];
	pfn_t pfn;

	if (twin)
		return table_at(m, twin)->pfn;
	pfn = mm_should_fail(m) ? PFN_NONE : alloc_pages(m, GFP_PGTABLE_USER, order, NUMA_NO_NODE);
	if (pfn == PFN_NONE)
		return PFN_NONE;
	page_set_mapping(pfn_to_page(m, pfn), mmh, MAPPING_NONE);
	account_table(m, mmh, pfn, level, 1);
	return pfn;
}

static void table_page_free(struct machine *m, handle_t mmh, pfn_t pfn, enum pt_level level)
{
	account_table(m, mmh, pfn, level, -1);
	pfn_to_page(m, pfn)->mapping = 0;
	free_pages(m, pfn, (u32)m->pt.order[level]);
}

/* The page between a root and the third level that a fifth level brings. */
static int root_p4d(struct machine *m, struct pt_table *t)
{
	pfn_t pfn;

	if (m->pt.levels < PT_WALK_MAX)
		return 0;
	pfn = alloc_pages(m, GFP_PGTABLE_USER, 0, NUMA_NO_NODE);
	if (pfn == PFN_NONE)
		return -ENOMEM;
	t->p4d = pfn;
	return 0;
}

/* @twin: the other half of the page, 0 if there is none yet. */
static handle_t table_new(struct machine *m, handle_t mmh, enum pt_level level, handle_t twin)
{
	bool paged = m->pt.order[level] != PT_NO_PAGE;
	pfn_t pfn = paged ? table_page(m, mmh, level, twin) : PFN_NONE;
	handle_t h = 0;

	if (paged && pfn == PFN_NONE)
		return 0;
	h = pool_alloc(&m->mms.tables);
	if (h && level == PT_PGD && root_p4d(m, table_at(m, h))) {
		pool_free(&m->mms.tables, h);
		h = 0;
	}
	if (h)
		table_at(m, h)->pfn = pfn;
	else if (paged && !twin)
		table_page_free(m, mmh, pfn, level);
	return h;
}

/* Chunks go with their table: entries are none, tables below are gone. The page stays while @twin,
 * which has the other half of it, is there. */
static void table_free(struct machine *m, handle_t mmh, handle_t h, enum pt_level level,
		       handle_t twin)
{
	struct pt_table *t = table_at(m, h);
	struct mm *mm = mm_at(m, mmh);
	pfn_t pfn = t->pfn, p4d = t->p4d;
	u32 i;

	for (i = 0; i < TABLE_CHUNKS; i++)
		if (t->chunk[i])
			pool_free(level == PT_PTE ? &m->mms.pte_chunks : &m->mms.dir_chunks,
				  t->chunk[i]);
	pool_free(&m->mms.tables, h);
	mm->cache_table = mm->cache_pmd = 0;
	mm->tables_freed++;
	tlb_flush_tables(m, mm);
	if (p4d)
		free_pages(m, p4d, 0);
	if (pfn != PFN_NONE && !twin)
		table_page_free(m, mmh, pfn, level);
}

/* Of a lowest table below @pmd: the one that has the other half of its page. */
static handle_t twin_of(const struct machine *m, handle_t pmd, enum pt_level level, u64 vpn)
{
	if (level != PT_PTE || m->pt.pte_bits <= TABLE_SHIFT)
		return 0;
	return dir_load(m, pmd, PT_PMD, vpn ^ TABLE_ENTRIES);
}

int pgd_alloc(struct machine *m, handle_t mmh)
{
	handle_t h = table_new(m, mmh, PT_PGD, 0);

	if (!h)
		return -ENOMEM;
	mm_at(m, mmh)->pgd = h;
	return 0;
}

void pgd_free(struct machine *m, handle_t mmh)
{
	table_free(m, mmh, mm_at(m, mmh)->pgd, PT_PGD, 0);
	mm_at(m, mmh)->pgd = 0;
}

/* Where a table of @level keeps the handle of the one below that covers @vpn; makes the chunk. */
static handle_t *dir_slot(struct machine *m, handle_t table, enum pt_level level, u64 vpn)
{
	u32 i = (u32)(vpn >> (TABLE_SHIFT * level)) & (TABLE_ENTRIES - 1);
	handle_t *chunk = &table_at(m, table)->chunk[i / PTE_CHUNK];

	if (!*chunk)
		*chunk = pool_alloc(&m->mms.dir_chunks);
	return *chunk ? &dir_chunk_at(m, *chunk)[i % PTE_CHUNK] : NULL;
}

handle_t pte_table_find_slow(struct machine *m, struct mm *mm, u64 vpn)
{
	handle_t table = mm->cache_pmd;

	if (!table || mm->cache_vpn >> TABLE_SHIFT != vpn >> (2 * TABLE_SHIFT)) {
		table = dir_load(m, mm->pgd, PT_PGD, vpn);
		if (table)
			table = dir_load(m, table, PT_PUD, vpn);
		if (!table)
			return 0;
	}
	mm->cache_pmd = table;
	mm->cache_vpn = vpn >> TABLE_SHIFT;
	mm->cache_table = dir_load(m, table, PT_PMD, vpn);
	return mm->cache_table;
}

void pte_tables_find(const struct machine *m, const struct mm *mm, const u64 *addr, u32 nr,
		     handle_t *table)
{
	u64 covers = UINT64_MAX;
	handle_t pmd = 0;
	u32 i;

	for (i = 0; i < nr; i++) {
		u64 vpn = addr_vpn(addr[i]);

		if (vpn >> (2 * TABLE_SHIFT) != covers) {
			covers = vpn >> (2 * TABLE_SHIFT);
			pmd = dir_load(m, mm->pgd, PT_PGD, vpn);
			pmd = pmd ? dir_load(m, pmd, PT_PUD, vpn) : 0;
		}
		table[i] = pmd ? dir_load(m, pmd, PT_PMD, vpn) : 0;
	}
}

/* The table below @table (of @level) for @vpn, which is not there yet; 0: no memory. */
static handle_t table_below(struct machine *m, handle_t mmh, handle_t table, enum pt_level level,
			    u64 vpn)
{
	handle_t twin = twin_of(m, table, level - 1, vpn), *slot;
	handle_t below = table_new(m, mmh, level - 1, twin);

	if (!below)
		return 0;
	slot = dir_slot(m, table, level, vpn);
	if (!slot) {
		table_free(m, mmh, below, level - 1, twin);
		return 0;
	}
	*slot = below;
	return below;
}

/* The table of @level for @vpn, made with all above it; 0: no memory. */
static handle_t tables_alloc(struct machine *m, handle_t mmh, u64 vpn, enum pt_level level)
{
	handle_t table = mm_at(m, mmh)->pgd, below;
	enum pt_level at;

	for (at = PT_PGD; at > level && table; at--) {
		below = dir_load(m, table, at, vpn);
		table = below ? below : table_below(m, mmh, table, at, vpn);
	}
	return table;
}

int pte_table_alloc(struct machine *m, handle_t mmh, u64 vpn)
{
	if (pte_table_find(m, mm_at(m, mmh), vpn))
		return 0;
	return tables_alloc(m, mmh, vpn, PT_PTE) ? 0 : -ENOMEM;
}

pte_t *pte_alloc(struct machine *m, handle_t mmh, u64 vpn)
{
	if (pte_table_alloc(m, mmh, vpn))
		return NULL;
	return pte_chunk_get(m, pte_table_find(m, mm_at(m, mmh), vpn), vpn);
}

/* ---- entries of huge pages ---- */

/* Slots of a host table of @level that one entry takes. */
static u32 leaf_slots(const struct machine *m, enum pt_level level)
{
	return level == PT_PMD ? (u32)(m->pt.huge_size >> (PAGE_SHIFT + TABLE_SHIFT)) : 1;
}

/* Pages that an entry of @level maps. */
static u64 leaf_span(const struct machine *m, enum pt_level level)
{
	return (u64)leaf_slots(m, level) << (TABLE_SHIFT * level);
}

pte_t *huge_pte_find(const struct machine *m, const struct mm *mm, u64 vpn, enum pt_level *level)
{
	handle_t h = mm->pgd;

	for (*level = PT_PGD; *level > PT_PTE; --*level) {
		h = dir_entry(m, h, *level, vpn);
		if (h & PT_LEAF)
			return leaf_pte(m, h & ~PT_LEAF);
		if (!h)
			break;
	}
	return NULL;
}

int huge_table_alloc(struct machine *m, handle_t mmh, u64 vpn, enum pt_level level)
{
	return tables_alloc(m, mmh, vpn, level) ? 0 : -ENOMEM;
}

/* The existing table of @level for @vpn. */
static handle_t table_find(const struct machine *m, const struct mm *mm, u64 vpn,
			   enum pt_level level)
{
	handle_t table = mm->pgd;
	enum pt_level at;

	for (at = PT_PGD; at > level && table; at--)
		table = dir_load(m, table, at, vpn);
	return table;
}

int huge_pte_set(struct machine *m, const struct mm *mm, u64 vpn, enum pt_level level, pte_t pte)
{
	handle_t table = table_find(m, mm, vpn, level), leaf, *slot;
	u64 first = vpn & ~(leaf_span(m, level) - 1);
	u32 i;

	slot = dir_slot(m, table, level, first);
	if (!slot)
		return -ENOMEM;
	if (*slot & PT_LEAF) {
		*leaf_pte(m, *slot & ~PT_LEAF) = pte;
		return 0;
	}
	assert(!*slot);
	leaf = pool_alloc(&m->mms.huge_ptes);
	if (!leaf)
		return -ENOMEM;
	*leaf_pte(m, leaf) = pte;
	/* the slots of one entry are in one chunk */
	for (i = 0; i < leaf_slots(m, level); i++)
		slot[i] = leaf | PT_LEAF;
	return 0;
}

pte_t huge_pte_clear(struct machine *m, const struct mm *mm, u64 vpn, enum pt_level level)
{
	handle_t table = table_find(m, mm, vpn, level), leaf, *slot;
	pte_t old;
	u32 i;

	slot = dir_slot(m, table, level, vpn & ~(leaf_span(m, level) - 1));
	leaf = *slot & ~PT_LEAF;
	old = *leaf_pte(m, leaf);
	pool_free(&m->mms.huge_ptes, leaf);
	for (i = 0; i < leaf_slots(m, level); i++)
		slot[i] = 0;
	return old;
}

/* ---- walking ---- */

/* The first vpn behind what the entry of @table for @vpn covers, which leads nowhere; sixteen
 * entries that are all empty are one step. */
static u64 behind_gap(const struct machine *m, handle_t table, u32 level, u64 vpn)
{
	u64 span = 1ull << (TABLE_SHIFT * level);
	u32 i = (u32)(vpn >> (TABLE_SHIFT * level)) & (TABLE_ENTRIES - 1);

	if (!table_at(m, table)->chunk[i / PTE_CHUNK])
		span *= PTE_CHUNK;
	return (vpn & ~(span - 1)) + span;
}

/* The table for w->at; where a level has none, w->at moves behind the gap. */
static handle_t walk_table(struct machine *m, struct pte_walk *w)
{
	handle_t table = w->mm->pgd, below;
	int level;

	for (level = PT_PGD; level > PT_PTE; level--) {
		below = dir_load(m, table, (enum pt_level)level, w->at);
		if (!below) {
			w->at = behind_gap(m, table, (u32)level, w->at);
			return 0;
		}
		table = below;
	}
	return table;
}

bool pte_walk_next(struct machine *m, struct pte_walk *w)
{
	while (w->at < w->end) {
		u64 chunk_end = (w->at | (PTE_CHUNK - 1)) + 1;

		if (!w->table || w->at >> TABLE_SHIFT != w->vpn >> TABLE_SHIFT) {
			w->table = walk_table(m, w);
			if (!w->table)
				continue;
		}
		w->vpn = w->at;
		w->at = chunk_end;
		w->pte = table_pte(m, w->table, w->vpn);
		if (!w->pte)
			continue;
		w->n = (u32)((chunk_end < w->end ? chunk_end : w->end) - w->vpn);
		return true;
	}
	return false;
}

bool huge_walk_next(const struct machine *m, struct huge_walk *w)
{
	while (w->at < w->end) {
		handle_t h = w->mm->pgd, table;
		enum pt_level level;

		for (level = PT_PGD;; level--) {
			table = h;
			h = dir_entry(m, table, level, w->at);
			if (!h || h & PT_LEAF || level == PT_PMD)
				break;
		}
		if (!(h & PT_LEAF)) {
			/* a table of small pages, or nothing */
			w->at = behind_gap(m, table, (u32)level, w->at);
			continue;
		}
		w->level = level;
		w->vpn = w->at & ~(leaf_span(m, level) - 1);
		w->at = w->vpn + leaf_span(m, level);
		w->pte = leaf_pte(m, h & ~PT_LEAF);
		return true;
	}
	return false;
}

void pte_chunk_put(struct machine *m, const struct pte_walk *w)
{
	handle_t *chunk = &table_at(m, w->table)->chunk[w->vpn / PTE_CHUNK % TABLE_CHUNKS];
	const pte_t *pte = pte_chunk_at(m, *chunk);
	u32 i;

	for (i = 0; i < PTE_CHUNK; i++)
		if (pte[i])
			return;
	pool_free(&m->mms.pte_chunks, *chunk);
	*chunk = 0;
}

/* ---- freeing ---- */

/* Does the hole contain all that the page of the table for [@base, @next) covers? */
static bool covers_nothing(const struct machine *m, u64 base, u64 next, enum pt_level level,
			   u64 floor, u64 ceiling)
{
	u64 span = level == PT_PMD && !m->pt.flat ? 1ull << m->pt.pte_bits : next - base;

	base &= ~(span - 1);
	return base >= floor && base + span <= ceiling;
}

/*
 * Free the tables below @table (of @level) that overlap [start, end) and whose span lies within
 * [floor, ceiling), all in vpns. @last is inclusive, so that the top of the space needs no
 * overflow.
 */
static void free_below(struct machine *m, handle_t mmh, handle_t table, enum pt_level level,
		       u64 start, u64 last, u64 floor, u64 ceiling)
{
	u64 at = start, span = 1ull << (TABLE_SHIFT * level);

	while (at <= last) {
		u64 base = at & ~(span - 1), next = base + span;
		u32 i = (u32)(at >> (TABLE_SHIFT * level)) & (TABLE_ENTRIES - 1);
		handle_t chunk = table_at(m, table)->chunk[i / PTE_CHUNK];
		handle_t below = chunk ? dir_chunk_at(m, chunk)[i % PTE_CHUNK] : 0;

		if (!chunk) /* sixteen entries without any table below */
			next = (at & ~(span * PTE_CHUNK - 1)) + span * PTE_CHUNK;
		if (below && !(below & PT_LEAF)) { /* a neighbour's huge page stays */
			if (level > PT_PMD)
				free_below(m, mmh, below, level - 1, at,
					   last < next - 1 ? last : next - 1, floor, ceiling);
			if (covers_nothing(m, base, next, level, floor, ceiling)) {
				table_free(m, mmh, below, level - 1,
					   twin_of(m, table, level - 1, base));
				dir_chunk_at(m, chunk)[i % PTE_CHUNK] = 0;
			}
		}
		at = next;
	}
}

void free_pgtables(struct machine *m, handle_t mmh, u64 start, u64 end, u64 floor, u64 ceiling)
{
	u64 lowest = addr_vpn(floor);
	u64 top = ceiling ? addr_vpn(ceiling) : 1ull << (4 * TABLE_SHIFT);
	u64 first = addr_vpn(start), last = addr_vpn(end - 1);

	if (start >= end)
		return;
	if (m->pt.pte_bits > TABLE_SHIFT && !m->pt.flat) {
		/* the other half of a page may be free of use since long */
		first = max_t(u64, first & ~(u64)(2 * TABLE_ENTRIES - 1), lowest);
		last = min_t(u64, last | (2 * TABLE_ENTRIES - 1), top - 1);
	}
	free_below(m, mmh, mm_at(m, mmh)->pgd, PT_PGD, first, last, lowest, top);
}
