/*
 * check_virt.c - the invariants of address spaces, page tables, reverse map, LRU lists and page
 * cache.
 *
 * Everything is counted again from what is there: entries from the page tables, pages from their
 * structs, and compared with what was kept along the way. Walks it all: for sim/check and tests.
 */
#include "mm/check.h"

#include <stdlib.h>

#include "mm/filemap.h"
#include "mm/rmap.h"

/* Counted on the way, compared at the end. */
struct tally {
	struct check *c;
	u32 *mapped; /* entries that map each frame */
	s64 committed, vmas, tables, chains, inodes, pagevecs;
	s64 *inactive_dirty; /* of each zone's inactive file list */
	s64 file_pages, shmem_pages, dirty, lru[NR_LRU_LISTS], anon, file_mapped, mlocked;
};

/* ---- one address space ---- */

static void check_chain(struct tally *t, const struct vma *v, handle_t h)
{
	struct machine *m = t->c->m;
	bool own = !v->anon_vma;
	handle_t c;

	for (c = v->avc_head; c; c = avc_at(m, c)->next) {
		t->chains++;
		own |= avc_at(m, c)->anon_vma == v->anon_vma;
		if (avc_at(m, c)->vma != h)
			check_fail(t->c, "vma %u: a chain entry of another vma", h);
	}
	if (!own)
		check_fail(t->c, "vma %u: not in the tree of its own anon_vma %u", h, v->anon_vma);
}

static void check_vma(struct tally *t, handle_t mmh, handle_t h, handle_t prev, struct mm *sum)
{
	struct machine *m = t->c->m;
	const struct vma *v = vma_at(m, h);

	t->vmas++;
	if (v->start >= v->end || (v->start | v->end) & ~PAGE_MASK || v->end > task_size(m))
		check_fail(t->c, "mm %u: vma %llx-%llx", mmh, (unsigned long long)v->start,
			   (unsigned long long)v->end);
	if (v->prev != prev || v->mm != mmh || (prev && vma_at(m, prev)->end > v->start))
		check_fail(t->c, "mm %u: vma at %llx is out of order", mmh,
			   (unsigned long long)v->start);
	vm_stat_account(sum, v->flags, (s64)vma_pages(v));
	sum->map_count++;
	if (v->flags & VM_LOCKED && !(v->flags & VM_SPECIAL))
		sum->locked_vm += vma_pages(v);
	if (v->flags & VM_ACCOUNT)
		t->committed += (s64)vma_pages(v);
	check_chain(t, v, h);
}

/* A mapped page must find its way back. */
static void check_entry(struct tally *t, handle_t h, u64 vpn, pte_t pte)
{
	struct machine *m = t->c->m;
	const struct vma *v = vma_at(m, h);
	const struct page *p = pfn_to_page(m, pte_pfn(pte));
	u64 index = v->pgoff + vpn - addr_vpn(v->start);
	handle_t c = v->avc_head, back = page_mapping(p);

	t->mapped[pte_pfn(pte)]++;
	if (page_mapping_type(p) == MAPPING_ANON) {
		while (c && avc_at(m, c)->anon_vma != back)
			c = avc_at(m, c)->next;
		if (!c)
			check_fail(t->c,
				   "pfn %u: mapped at %llx by a vma outside its anon_vma's tree",
				   pte_pfn(pte), (unsigned long long)vpn << PAGE_SHIFT);
	} else if (page_mapping_type(p) == MAPPING_FILE &&
		   (!v->file || file_at(m, v->file)->inode != back)) {
		check_fail(t->c, "pfn %u: mapped by a vma of another file", pte_pfn(pte));
	}
	if (page_mapping_type(p) != MAPPING_NONE && page_index(p) != index)
		check_fail(t->c, "pfn %u: index %llx mapped at offset %llx", pte_pfn(pte),
			   (unsigned long long)page_index(p), (unsigned long long)index);
	if (pte & PTE_WRITE && page_mapping_type(p) == MAPPING_ANON &&
	    !page_test(p, PG_anon_exclusive))
		check_fail(t->c, "pfn %u: writable, but not exclusive", pte_pfn(pte));
}

static void check_entries(struct tally *t, handle_t mmh, struct mm *sum)
{
	struct machine *m = t->c->m;
	struct mm *mm = mm_at(m, mmh);
	struct pte_walk w = pte_walk_range(mm, 0, 1ull << 36);
	handle_t h = mm->vma_first;
	u32 i;

	while (pte_walk_next(m, &w))
		for (i = 0; i < w.n; i++) {
			u64 addr = (w.vpn + i) << PAGE_SHIFT;

			if (!w.pte[i])
				continue;
			while (h && vma_at(m, h)->end <= addr)
				h = vma_at(m, h)->next;
			if (!h || vma_at(m, h)->start > addr) {
				check_fail(t->c, "mm %u: an entry at %llx, where nothing is mapped",
					   mmh, (unsigned long long)addr);
			} else if (pte_has_page(w.pte[i])) {
				sum->rss[mm_counter(pfn_to_page(m, pte_pfn(w.pte[i])))]++;
				check_entry(t, h, w.vpn + i, w.pte[i]);
			} else if (w.pte[i] & PTE_SWAP) {
				sum->rss[MM_SWAPENTS]++;
			}
		}
}

/* Tables below @table, by level. */
static void count_tables(const struct machine *m, handle_t table, enum pt_level level,
			 u32 count[PT_PGD + 1])
{
	pfn_t last = PFN_NONE;
	u32 i, j;

	count[level]++;
	for (i = 0; level > PT_PTE && i < TABLE_CHUNKS; i++) {
		handle_t chunk = table_at(m, table)->chunk[i], below;

		for (j = 0; chunk && j < PTE_CHUNK; j++) {
			below = dir_chunk_at(m, chunk)[j];
			if (!below || below & PT_LEAF)
				continue;
			count_tables(m, below, (enum pt_level)(level - 1), count);
			/* two halves of a page, or no page at all */
			if (table_at(m, below)->pfn == last || table_at(m, below)->pfn == PFN_NONE)
				count[level - 1]--;
			last = table_at(m, below)->pfn;
		}
	}
}

static void check_tables(struct tally *t, handle_t mmh)
{
	const struct mm *mm = mm_at(t->c->m, mmh);
	u32 count[PT_PGD + 1] = { 0 };

	count_tables(t->c->m, mm->pgd, PT_PGD, count);
	if (t->c->m->pt.flat)
		count[PT_PTE] = 1u << t->c->m->pt.order[PT_PGD];
	t->tables += count[PT_PTE] + count[PT_PMD];
	check_equal(t->c, "nr_ptes", count[PT_PTE], mm->nr_ptes);
	check_equal(t->c, "nr_pmds", count[PT_PMD], mm->nr_pmds);
	check_equal(t->c, "nr_puds", count[PT_PUD], mm->nr_puds);
}

static void check_mm(struct tally *t, handle_t mmh)
{
	struct machine *m = t->c->m;
	const struct mm *mm = mm_at(m, mmh);
	struct mm sum = { .users = 0 };
	handle_t h, prev = 0;
	u32 i;

	for (h = mm->vma_first; h; h = vma_at(m, h)->next) {
		check_vma(t, mmh, h, prev, &sum);
		prev = h;
	}
	check_equal(t->c, "vmas in the tree", vma_tree_check(m, mm), sum.map_count);
	check_equal(t->c, "map_count", sum.map_count, mm->map_count);
	check_equal(t->c, "total_vm", (s64)sum.total_vm, (s64)mm->total_vm);
	check_equal(t->c, "data_vm", (s64)sum.data_vm, (s64)mm->data_vm);
	check_equal(t->c, "exec_vm", (s64)sum.exec_vm, (s64)mm->exec_vm);
	check_equal(t->c, "stack_vm", (s64)sum.stack_vm, (s64)mm->stack_vm);
	check_equal(t->c, "locked_vm", (s64)sum.locked_vm, (s64)mm->locked_vm);
	check_entries(t, mmh, &sum);
	for (i = 0; i < NR_MM_COUNTERS; i++)
		check_equal(t->c, "rss", sum.rss[i], mm->rss[i]);
	check_tables(t, mmh);
}

/* ---- pages ---- */

static void check_page(struct tally *t, pfn_t pfn)
{
	struct machine *m = t->c->m;
	const struct page *p = pfn_to_page(m, pfn);
	enum page_mapping_type type = page_mapping_type(p);

	if (p->flags & (PAGE_FLAG(buddy) | PAGE_FLAG(slab) | PAGE_FLAG(pcp) | PAGE_FLAG(table) |
			PAGE_FLAG(tail) | PAGE_FLAG(hugetlb)))
		return;
	if (page_test(p, PG_lru)) {
		t->lru[page_lru(p)]++;
		if (page_lru(p) == LRU_INACTIVE_FILE &&
		    p->flags & (PAGE_FLAG(dirty) | PAGE_FLAG(writeback)))
			t->inactive_dirty[p->node * MAX_NR_ZONES + p->zone]++;
		if (type == MAPPING_NONE && !page_test(p, PG_swapcache))
			check_fail(t->c, "pfn %u: on an LRU list, but nobody's", pfn);
	}
	if (p->mapcount != t->mapped[pfn] && (type != MAPPING_NONE || t->mapped[pfn]))
		check_fail(t->c, "pfn %u: mapcount %u, but %u entries", pfn, p->mapcount,
			   t->mapped[pfn]);
	if (type == MAPPING_ANON && !p->mapcount && !page_test(p, PG_swapcache))
		check_fail(t->c, "pfn %u: an anonymous page that nobody maps", pfn);
	if (page_test(p, PG_mlocked) && !(page_test(p, PG_unevictable) && p->next))
		check_fail(t->c, "pfn %u: mlocked, but evictable", pfn);
	t->file_pages += page_test(p, PG_swapcache);
	t->anon += type == MAPPING_ANON && p->mapcount;
	t->file_mapped += type != MAPPING_ANON && t->mapped[pfn];
	t->mlocked += page_test(p, PG_mlocked);
}

static void check_pages(struct tally *t)
{
	const u32 block = 1u << (MAX_ORDER - 1);
	struct machine *m = t->c->m;
	pfn_t start, pfn;

	for (start = 0; start < m->max_pfn; start += block)
		for (pfn = start; page_exists(m, start) && pfn < start + block && pfn < m->max_pfn;
		     pfn++)
			check_page(t, pfn);
}

/* Returns how many pages it has. */
static u32 check_pagevec(struct tally *t, handle_t h, const struct pglist_data *n,
			 enum lru_list lru)
{
	const struct pagevec *v = pagevec_at(t->c->m, h);
	u64 live = pagevec_live(v);

	t->pagevecs++;
	check_equal(t->c, "pages of a pagevec", pagevec_nr(v), __builtin_popcountll(live));
	if (!live || pagevec_end(v) > PAGEVEC_SIZE)
		check_fail(t->c, "pagevec %u: pages where none can be", h);
	for (; live; live &= live - 1) {
		u32 slot = (u32)__builtin_ctzll(live);
		const struct page *p = pfn_to_page(t->c->m, v->pfn[slot]);

		if (p->pagevec != h || p->slot != slot || !page_test(p, PG_lru) ||
		    page_lru(p) != lru || p->node != n->nid)
			check_fail(t->c, "pfn %u: does not belong on LRU list %d", v->pfn[slot],
				   lru);
	}
	return pagevec_nr(v);
}

static void check_lru_list(struct tally *t, const struct pglist_data *n, enum lru_list lru)
{
	struct machine *m = t->c->m;
	const struct pagevec_list *list = &n->lruvec.lists[lru];
	handle_t h, newer = 0;
	s64 count = 0;

	check_equal(t->c, "LRU list and its counter", list->nr,
		    n->vm_stat[NR_INACTIVE_ANON + (u32)lru]);
	if (lru == LRU_UNEVICTABLE)
		return;
	for (h = list->newest; h && count <= list->nr; h = pagevec_at(m, h)->older) {
		if (pagevec_at(m, h)->newer != newer)
			check_fail(t->c, "pagevec %u: not linked with its neighbour", h);
		count += check_pagevec(t, h, n, lru);
		newer = h;
	}
	check_equal(t->c, "pages on an LRU list", count, list->nr);
	check_equal(t->c, "the oldest pagevec of an LRU list", list->oldest, newer);
}

/* ---- files ---- */

static void check_inode(struct tally *t, handle_t h)
{
	struct machine *m = t->c->m;
	const struct inode *i = inode_at(m, h);
	u64 index = 0;
	s64 pages = 0, dirty = 0;
	u32 pfn;

	if (i->kind == INODE_HUGETLB) { /* check_hugetlb.c */
		t->inodes++;
		return;
	}
	while ((pfn = xa_find_page(m, i->pages, &index, UINT64_MAX))) {
		const struct page *p = pfn_to_page(m, pfn);

		pages++;
		if (page_mapping_type(p) != MAPPING_FILE || page_mapping(p) != h ||
		    page_index(p) != index)
			check_fail(t->c, "inode %u: page %llu is another's", h,
				   (unsigned long long)index);
		if (i->kind != INODE_SHMEM) {
			dirty += page_test(p, PG_dirty);
			if (page_test(p, PG_dirty) != xa_get_mark(m, i->pages, index, XA_DIRTY))
				check_fail(t->c, "inode %u: page %llu has a wrong dirty mark", h,
					   (unsigned long long)index);
		}
		index++;
	}
	check_equal(t->c, "pages of a file", pages, i->nrpages);
	check_equal(t->c, "dirty pages of a file", dirty, i->nrdirty);
	if (treap_check(m, &i_mmap_tree, i->i_mmap) < 0)
		check_fail(t->c, "inode %u: broken tree of mappings", h);
	t->inodes++;
	t->file_pages += pages;
	t->shmem_pages += i->kind == INODE_SHMEM ? pages : 0;
	t->dirty += dirty;
	t->committed += (s64)i->nr_shmem_charged;
}

static void compare(struct tally *t)
{
	const struct machine *m = t->c->m;
	const struct mm_state *s = &m->mms;
	u32 i;

	check_equal(t->c, "Committed_AS", t->committed, s->committed_as);
	check_equal(t->c, "vma objects", t->vmas, s->vmas.nr_live);
	check_equal(t->c, "anon_vma_chain objects", t->chains, s->anon_vma_chains.nr_live);
	check_equal(t->c, "inode objects", t->inodes, s->inodes.nr_live);
	check_equal(t->c, "nr_page_table_pages", t->tables, m->vm_node_stat[NR_PAGE_TABLE_PAGES]);
	check_equal(t->c, "nr_anon_pages", t->anon, m->vm_node_stat[NR_ANON_PAGES]);
	check_equal(t->c, "nr_mapped", t->file_mapped, m->vm_node_stat[NR_MAPPED]);
	check_equal(t->c, "nr_file_pages", t->file_pages, m->vm_node_stat[NR_FILE_PAGES]);
	check_equal(t->c, "nr_shmem", t->shmem_pages, m->vm_node_stat[NR_SHMEM]);
	check_equal(t->c, "nr_dirty", t->dirty, m->vm_node_stat[NR_DIRTY]);
	check_equal(t->c, "nr_mlock", t->mlocked, m->vm_zone_stat[NR_MLOCK]);
	for (i = 0; i < NR_LRU_LISTS; i++) {
		check_equal(t->c, "pages with PG_lru, node counters", t->lru[i],
			    m->vm_node_stat[NR_INACTIVE_ANON + i]);
		check_equal(t->c, "pages with PG_lru, zone counters", t->lru[i],
			    m->vm_zone_stat[NR_ZONE_INACTIVE_ANON + i]);
	}
}

static void compare_zones(struct tally *t)
{
	u32 i;

	for (i = 0; i < t->c->m->nr_nodes * MAX_NR_ZONES; i++)
		check_equal(t->c, "dirty pages on the inactive file list", t->inactive_dirty[i],
			    (s64)t->c->m->node[i / MAX_NR_ZONES]
				    .zones[i % MAX_NR_ZONES]
				    .nr_inactive_file_dirty);
}

void check_virt(struct check *c)
{
	struct machine *m = c->m;
	struct tally t = { .c = c,
			   .mapped = calloc(m->max_pfn, sizeof(u32)),
			   .inactive_dirty =
				   calloc((size_t)m->nr_nodes * MAX_NR_ZONES, sizeof(s64)) };
	handle_t h;
	u32 nid, lru;

	if (!t.mapped || !t.inactive_dirty) {
		check_fail(c, "the host is out of memory");
		goto out;
	}
	for (h = m->mms.mm_head; h; h = mm_at(m, h)->next)
		check_mm(&t, h);
	for (h = m->mms.inode_head; h; h = inode_at(m, h)->next)
		check_inode(&t, h);
	check_pages(&t);
	for (nid = 0; nid < m->nr_nodes; nid++)
		for (lru = 0; lru < NR_LRU_LISTS; lru++)
			check_lru_list(&t, &m->node[nid], (enum lru_list)lru);
	check_equal(c, "pagevecs of all LRU lists", t.pagevecs, m->pagevecs.nr_live);
	if (m->pagevecs.nr_live > m->pagevecs_reserved)
		check_fail(c, "more pagevecs than were reserved");
	compare(&t);
	compare_zones(&t);
out:
	free(t.mapped);
	free(t.inactive_dirty);
}
