/*
 * check_hugetlb.c - the invariants of huge pages: pools, what is in use of them, reservations.
 */
#include "mm/check.h"
#include "mm/filemap.h"
#include "mm/hugetlb.h"

#include <stdlib.h>

struct tally {
	struct check *c;
	u64 reserved[NR_HSTATES], used[NR_HSTATES];
	u32 *mapped; /* by the number of a huge page's 2 MiB: entries that map it */
};

static u32 index_of(const struct machine *m, const struct hstate *h)
{
	return (u32)(h - m->boot.hstate);
}

/* A page in use, seen for the first time or again. */
static void see_page(struct tally *t, const struct hstate *h, pfn_t pfn, u32 mappers)
{
	struct machine *m = t->c->m;
	const struct page *p = pfn_to_page(m, pfn);
	u32 *seen = &t->mapped[pfn >> PAGEBLOCK_ORDER];

	if (!page_test(p, PG_hugetlb) || !page_test(p, PG_head) || pfn & (hstate_pages(h) - 1) ||
	    page_hstate(m, p) != h) {
		check_fail(t->c, "pfn %u: mapped as a huge page, and none", pfn);
		return;
	}
	/* the top bit says that it was counted */
	if (!*seen)
		t->used[index_of(m, h)]++;
	*seen = (*seen | 1u << 31) + mappers;
}

static void check_huge_entry(struct tally *t, const struct vma *v, const struct huge_walk *w)
{
	struct machine *m = t->c->m;
	const struct hstate *h = vma_hstate(m, v);
	const struct page *p;
	u64 index = v->pgoff + w->vpn - addr_vpn(v->start);

	if (w->level != hstate_level(h))
		check_fail(t->c, "%llx: a huge page of another size",
			   (unsigned long long)w->vpn << PAGE_SHIFT);
	if (!pte_present(*w->pte))
		return;
	see_page(t, h, pte_pfn(*w->pte), 1);
	p = pfn_to_page(m, pte_pfn(*w->pte));
	if (page_index(p) != index)
		check_fail(t->c, "pfn %u: index %llx mapped at offset %llx", pte_pfn(*w->pte),
			   (unsigned long long)page_index(p), (unsigned long long)index);
	if (page_mapping_type(p) == MAPPING_FILE && page_mapping(p) != file_at(m, v->file)->inode)
		check_fail(t->c, "pfn %u: mapped by a vma of another file", pte_pfn(*w->pte));
	if (page_mapping_type(p) == MAPPING_ANON && *w->pte & PTE_WRITE &&
	    (!page_test(p, PG_anon_exclusive) || p->mapcount != 1))
		check_fail(t->c, "pfn %u: writable, but not exclusive", pte_pfn(*w->pte));
}

static void check_mm(struct tally *t, handle_t mmh)
{
	struct machine *m = t->c->m;
	const struct mm *mm = mm_at(m, mmh);
	struct huge_walk w = huge_walk_range(mm, 0, 1ull << 36);
	u64 usage = 0, held = 0;
	handle_t h;
	u32 k;

	for (h = mm->vma_first; h; h = vma_at(m, h)->next)
		if (vma_at(m, h)->flags & VM_HUGETLB)
			t->reserved[index_of(m, vma_hstate(m, vma_at(m, h)))] +=
				resv_count_vma(m, vma_at(m, h));
		else if (vma_at(m, h)->resv_map)
			check_fail(t->c, "vma %u: reservations of huge pages", h);
	while (huge_walk_next(m, &w)) {
		h = find_vma_exact(m, mmh, w.vpn << PAGE_SHIFT);
		if (!h || !(vma_at(m, h)->flags & VM_HUGETLB)) {
			check_fail(t->c, "mm %u: a huge page at %llx, where none is mapped", mmh,
				   (unsigned long long)w.vpn << PAGE_SHIFT);
			continue;
		}
		check_huge_entry(t, vma_at(m, h), &w);
		usage += hstate_pages(vma_hstate(m, vma_at(m, h)));
	}
	for (k = 0; k < m->boot.nr_hstates; k++)
		held += m->boot.hstate[k].held_huge_pages;
	/* a twin's programs have some that are only counted */
	if (!held || usage > mm->hugetlb_usage)
		check_equal(t->c, "HugetlbPages", (s64)usage, (s64)mm->hugetlb_usage);
}

static void check_inode(struct tally *t, const struct inode *i)
{
	struct machine *m = t->c->m;
	const struct hstate *h =
		&m->boot.hstate[i->hstate ? i->hstate - 1u : m->boot.default_hstate];
	u64 index = 0, nr = 0;
	u32 pfn;

	for (; (pfn = xa_find_page(m, i->pages, &index, UINT64_MAX)); index++, nr++) {
		const struct page *p = pfn_to_page(m, pfn);

		see_page(t, h, pfn, 0);
		if (page_mapping_type(p) != MAPPING_FILE ||
		    page_index(p) != index << hstate_order(h))
			check_fail(t->c, "pfn %u: a huge page of another file", pfn);
	}
	check_equal(t->c, "huge pages of a file", (s64)nr, i->nrpages);
	t->reserved[index_of(m, h)] += resv_count_inode(m, i);
}

/* Those that only a device has any more. */
static void see_pinned(struct tally *t)
{
	struct machine *m = t->c->m;
	u64 pfn;

	for (pfn = 0; pfn < m->max_pfn; pfn += PAGEBLOCK_NR_PAGES) {
		const struct page *p = pfn_to_page(m, (pfn_t)pfn);
		u32 seen = t->mapped[pfn >> PAGEBLOCK_ORDER];

		if (!page_exists(m, (pfn_t)pfn) || !page_test(p, PG_hugetlb))
			continue;
		if (p->pins && !seen)
			see_page(t, page_hstate(m, p), (pfn_t)pfn, 0);
		if (p->mapcount != (seen & ~(1u << 31)))
			check_fail(t->c, "huge page %llu: mapcount %u, but %u entries",
				   (unsigned long long)pfn, p->mapcount, seen & ~(1u << 31));
		if (!p->pins != !p->next && seen)
			check_fail(t->c, "huge page %llu: %u pins", (unsigned long long)pfn,
				   p->next);
	}
}

static void check_pool(struct tally *t, struct hstate *h)
{
	struct machine *m = t->c->m;
	u64 nr = 0, free = 0, surplus = 0;
	u32 nid;

	for (nid = 0; nid < MAX_NUMNODES; nid++) {
		const struct huge_frame *f;
		s64 listed = 0;
		handle_t at;

		for (at = h->free_list[nid]; at; at = f->next, listed++) {
			f = pool_at(&m->boot.huge_frames, at);
			if (t->mapped[f->pfn >> PAGEBLOCK_ORDER])
				check_fail(t->c, "huge page %u is free and in use", f->pfn);
		}
		check_equal(t->c, "free huge pages of a node", listed, (s64)h->free_node[nid]);
		nr += h->nr_node[nid];
		free += h->free_node[nid];
		surplus += h->surplus_node[nid];
	}
	check_equal(t->c, "nr_hugepages", (s64)nr, (s64)h->nr_huge_pages);
	check_equal(t->c, "free_hugepages", (s64)free, (s64)h->free_huge_pages);
	check_equal(t->c, "surplus_hugepages", (s64)surplus, (s64)h->surplus_huge_pages);
	check_equal(t->c, "huge pages in use", (s64)t->used[index_of(m, h)],
		    (s64)(h->nr_huge_pages - h->free_huge_pages - h->held_huge_pages));
	check_equal(t->c, "resv_hugepages", (s64)t->reserved[index_of(m, h)],
		    (s64)(h->resv_huge_pages - h->held_resv_huge_pages));
	if (h->resv_huge_pages > h->free_huge_pages)
		check_fail(t->c, "more huge pages reserved than free");
}

void check_hugetlb(struct check *c)
{
	struct machine *m = c->m;
	struct tally t = { .c = c,
			   .mapped = calloc((m->max_pfn >> PAGEBLOCK_ORDER) + 1, sizeof(u32)) };
	u64 frames = 0;
	handle_t h;
	u32 k;

	if (!t.mapped) {
		check_fail(c, "the host is out of memory");
		return;
	}
	for (h = m->mms.mm_head; h; h = mm_at(m, h)->next)
		check_mm(&t, h);
	for (h = m->mms.inode_head; h; h = inode_at(m, h)->next)
		if (inode_at(m, h)->kind == INODE_HUGETLB)
			check_inode(&t, inode_at(m, h));
	see_pinned(&t);
	for (k = 0; k < m->boot.nr_hstates; k++) {
		check_pool(&t, &m->boot.hstate[k]);
		frames += m->boot.hstate[k].nr_huge_pages - m->boot.hstate[k].held_huge_pages;
	}
	check_equal(c, "huge_frame objects", (s64)frames, m->boot.huge_frames.nr_live);
	free(t.mapped);
}
