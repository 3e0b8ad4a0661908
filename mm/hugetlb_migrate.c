/*
 * hugetlb_migrate.c - huge pages that move to other frames, or are lost.
 *
 * A huge page moves to a free one of its pool that nobody has reserved; if there is none, a page is
 * made for it, and the old one then leaves the pool in its place, so that the pool stays as large
 * as it was. Source: Documentation/mm/page_migration.rst, hwpoison.rst; mm/hugetlb.h.
 */
#include "mm/hugetlb.h"

#include <errno.h>
#include <mman/mempolicy.h>
#include <mman/xarray.h>

#include "mm/rmap.h"
#include "mm/tlb.h"

/* ---- moving ---- */

/* The bytes of all frames; all of them or none. */
static int move_huge_contents(struct machine *m, pfn_t from, pfn_t to, u32 nr)
{
	u32 i = 0;

	while (contents_in_use(m) && i < nr && !move_page_contents(m, from + i, to + i))
		i++;
	if (!contents_in_use(m) || i == nr)
		return 0;
	while (i--)
		move_page_contents(m, to + i, from + i);
	return -ENOMEM;
}

static int move_huge_page(struct machine *m, pfn_t from, pfn_t to)
{
	struct page *p = pfn_to_page(m, from), *q = pfn_to_page(m, to);
	struct hstate *h = page_hstate(m, p);
	bool file = page_mapping_type(p) == MAPPING_FILE, dirty;
	u64 index = page_index(p) >> hstate_order(h);

	if (move_huge_contents(m, from, to, hstate_pages(h)))
		return -ENOMEM;
	if (file && xa_replace(m, &inode_at(m, page_mapping(p))->pages, index, to)) {
		move_huge_contents(m, to, from, hstate_pages(h));
		return -ENOMEM;
	}
	rmap_repoint(m, from, to, &dirty);
	q->flags |= p->flags & (PAGE_FLAG(uptodate) | PAGE_FLAG(dirty) | PAGE_FLAG(anon_exclusive));
	q->mapping = p->mapping;
	q->mapcount = p->mapcount;
	page_set_index(q, page_index(p));
	return 0;
}

int migrate_huge_page(struct machine *m, pfn_t head, u32 nid, u64 nodes, enum migrate_reason reason)
{
	struct page *p = pfn_to_page(m, head);
	struct hstate *h = page_hstate(m, p);
	u32 nr = hstate_pages(h);
	bool temporary = false;
	pfn_t to = PFN_NONE;
	int error = p->pins ? -EBUSY : 0;

	if (!error) {
		to = alloc_migration_huge_page(m, h, nid, nodes, &temporary);
		error = to == PFN_NONE ? -ENOMEM : move_huge_page(m, head, to);
	}
	if (error && to != PFN_NONE)
		free_migrated_huge_page(m, to, pfn_to_page(m, to)->node, temporary);
	else if (!error)
		free_migrated_huge_page(m, head, pfn_to_page(m, to)->node, temporary);
	count_vm_events(m, error ? PGMIGRATE_FAIL : PGMIGRATE_SUCCESS, nr);
	if (!error)
		clock_charge(m, (u64)nr * m->cost.migrate_page);
	trace_event(m,
		    "mm_migrate_pages nr_succeeded=%u nr_failed=%u nr_thp_succeeded=0 "
		    "nr_thp_failed=0 nr_thp_split=0 mode=MIGRATE_SYNC reason=%s",
		    error ? 0 : nr, error ? nr : 0, migrate_reason_name(reason));
	return error;
}

/* ---- bad memory ---- */

static bool poison_entry(struct machine *m, handle_t vma, u64 addr, void *arg)
{
	struct vma *v = vma_at(m, vma);
	struct mm *mm = mm_at(m, v->mm);
	pfn_t pfn = *(pfn_t *)arg;
	struct page *p = pfn_to_page(m, pfn);
	u32 nr = hstate_pages(vma_hstate(m, v));
	enum pt_level level;

	*huge_pte_find(m, mm, addr_vpn(addr), &level) = pte_poisoned(pfn, 0);
	tlb_flush_leaves(m, mm, addr_vpn(addr), addr_vpn(addr) + nr, level);
	mm->hugetlb_usage -= nr;
	p->mapcount--;
	return p->mapcount != 0;
}

void poison_huge_page(struct machine *m, pfn_t head)
{
	struct page *p = pfn_to_page(m, head);

	rmap_walk(m, head, poison_entry, &head);
	if (page_mapping_type(p) == MAPPING_FILE) {
		hugetlb_punch_hole(m, page_mapping(p), page_index(p),
				   page_index(p) + hstate_pages(page_hstate(m, p)));
		return;
	}
	p->mapping = 0;
	if (!p->pins)
		free_huge_page(m, head);
}
