/*
 * pgtable.c - page tables: making, finding, walking and freeing them (pgtable.h).
 *
 * What counts where, as on 6.1: a lowest-level or second-level table is a page of
 * NR_PAGE_TABLE_PAGES with PG_table; the third level is in VmPTE only; the root is in neither, and
 * is two pages because Debian's kernel has page table isolation built in.
 */
#include "mm/pgtable.h"

#include <errno.h>
#include <string.h>

#define GFP_PGTABLE_USER (GFP_KERNEL | __GFP_ZERO | __GFP_ACCOUNT)
#define PGD_ORDER	 1u

static u32 *level_counter(struct mm *mm, enum pt_level level)
{
	return level == PT_PTE ? &mm->nr_ptes : level == PT_PMD ? &mm->nr_pmds : &mm->nr_puds;
}

static handle_t table_new(struct machine *m, handle_t mmh, enum pt_level level)
{
	unsigned int order = level == PT_PGD ? PGD_ORDER : 0;
	pfn_t pfn = mm_should_fail(m) ? PFN_NONE :
					alloc_pages(m, GFP_PGTABLE_USER, order, NUMA_NO_NODE);
	struct page *page;
	handle_t h;

	if (pfn == PFN_NONE)
		return 0;
	h = pool_alloc(&m->mms.tables);
	if (!h) {
		free_pages(m, pfn, order);
		return 0;
	}
	table_at(m, h)->pfn = pfn;
	page = pfn_to_page(m, pfn);
	page_set_mapping(page, mmh, MAPPING_NONE);
	if (level <= PT_PMD) {
		page_set(page, PG_table);
		mod_node_page_state(m, page_node(m, page), NR_PAGE_TABLE_PAGES, 1);
	}
	if (level != PT_PGD)
		++*level_counter(mm_at(m, mmh), level);
	return h;
}

/* Chunks go with their table: entries are none, tables below are gone. */
static void table_free(struct machine *m, handle_t mmh, handle_t h, enum pt_level level)
{
	struct pt_table *t = table_at(m, h);
	struct page *page = pfn_to_page(m, t->pfn);
	struct mm *mm = mm_at(m, mmh);
	pfn_t pfn = t->pfn;
	u32 i;

	for (i = 0; i < TABLE_CHUNKS; i++)
		if (t->chunk[i])
			pool_free(level == PT_PTE ? &m->mms.pte_chunks : &m->mms.dir_chunks,
				  t->chunk[i]);
	pool_free(&m->mms.tables, h);
	mm->cache_table = mm->cache_pmd = 0;
	page->mapping = 0;
	if (level <= PT_PMD) {
		page_clear(page, PG_table);
		mod_node_page_state(m, page_node(m, page), NR_PAGE_TABLE_PAGES, -1);
	}
	if (level != PT_PGD)
		--*level_counter(mm, level);
	free_pages(m, pfn, level == PT_PGD ? PGD_ORDER : 0);
}

int pgd_alloc(struct machine *m, handle_t mmh)
{
	handle_t h = table_new(m, mmh, PT_PGD);

	if (!h)
		return -ENOMEM;
	mm_at(m, mmh)->pgd = h;
	return 0;
}

void pgd_free(struct machine *m, handle_t mmh)
{
	table_free(m, mmh, mm_at(m, mmh)->pgd, PT_PGD);
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

int pte_table_alloc(struct machine *m, handle_t mmh, u64 vpn)
{
	struct mm *mm = mm_at(m, mmh);
	handle_t table = mm->pgd, below, *slot;
	int level;

	if (pte_table_find(m, mm, vpn))
		return 0;
	for (level = PT_PGD; level > PT_PTE; level--) {
		below = dir_load(m, table, (enum pt_level)level, vpn);
		if (!below) {
			below = table_new(m, mmh, (enum pt_level)(level - 1));
			if (!below)
				return -ENOMEM;
			slot = dir_slot(m, table, (enum pt_level)level, vpn);
			if (!slot) {
				table_free(m, mmh, below, (enum pt_level)(level - 1));
				return -ENOMEM;
			}
			*slot = below;
		}
		table = below;
	}
	return 0;
}

pte_t *pte_alloc(struct machine *m, handle_t mmh, u64 vpn)
{
	if (pte_table_alloc(m, mmh, vpn))
		return NULL;
	return pte_chunk_get(m, pte_table_find(m, mm_at(m, mmh), vpn), vpn);
}

/* ---- walking ---- */

/* The first vpn behind what one entry of @level covers. */
static u64 next_boundary(u64 vpn, u32 level)
{
	u64 span = 1ull << (TABLE_SHIFT * level);

	return (vpn & ~(span - 1)) + span;
}

/* The table for w->at; where a level has none, w->at moves behind the gap. */
static handle_t walk_table(struct machine *m, struct pte_walk *w)
{
	handle_t table = w->mm->pgd;
	int level;

	for (level = PT_PGD; level > PT_PTE; level--) {
		table = dir_load(m, table, (enum pt_level)level, w->at);
		if (!table) {
			w->at = next_boundary(w->at, (u32)level);
			return 0;
		}
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

/*
 * Free the tables below @table (of @level) that overlap [start, end) and whose span lies within
 * [floor, ceiling), all in vpns. @last is inclusive, so that the top of the space needs no
 * overflow.
 */
static void free_below(struct machine *m, handle_t mmh, handle_t table, u32 level, u64 start,
		       u64 last, u64 floor, u64 ceiling)
{
	u64 at = start, span = 1ull << (TABLE_SHIFT * level);

	while (at <= last) {
		u64 base = at & ~(span - 1), next = base + span;
		u32 i = (u32)(at >> (TABLE_SHIFT * level)) & (TABLE_ENTRIES - 1);
		handle_t chunk = table_at(m, table)->chunk[i / PTE_CHUNK];
		handle_t below = chunk ? dir_chunk_at(m, chunk)[i % PTE_CHUNK] : 0;

		if (!chunk) /* sixteen entries without any table below */
			next = (at & ~(span * PTE_CHUNK - 1)) + span * PTE_CHUNK;
		if (below) {
			if (level > PT_PMD)
				free_below(m, mmh, below, level - 1, at,
					   last < next - 1 ? last : next - 1, floor, ceiling);
			if (base >= floor && next <= ceiling) {
				table_free(m, mmh, below, (enum pt_level)(level - 1));
				dir_chunk_at(m, chunk)[i % PTE_CHUNK] = 0;
			}
		}
		at = next;
	}
}

void free_pgtables(struct machine *m, handle_t mmh, u64 start, u64 end, u64 floor, u64 ceiling)
{
	u64 top = ceiling ? addr_vpn(ceiling) : 1ull << (4 * TABLE_SHIFT);

	if (start < end)
		free_below(m, mmh, mm_at(m, mmh)->pgd, PT_PGD, addr_vpn(start), addr_vpn(end - 1),
			   addr_vpn(floor), top);
}
