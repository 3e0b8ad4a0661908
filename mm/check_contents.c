/*
 * check_contents.c - who holds which contents: every handle is live, belongs to a page that may
 * have one or to a swap slot, and its holders are as many as it has references.
 */
#include "mm/check.h"

#include <stdlib.h>

#include "mm/hugetlb.h"
#include "mm/swapfile.h"

struct tally {
	struct check *c;
	u32 *held; /* by value: references found */
	u32 nr;
};

static void hold(struct tally *t, handle_t contents, const char *who, u32 number)
{
	if (!contents_references(t->c->m, contents)) {
		check_fail(t->c, "%s %u: contents %u are no live value", who, number, contents);
		return;
	}
	t->held[contents]++;
}

/* Anonymous pages and those of shared memory, in use. */
static bool may_have_contents(const struct machine *m, pfn_t pfn)
{
	const struct page *p;
	struct page *head;

	if (!page_exists(m, pfn))
		return false;
	p = head = pfn_to_page(m, pfn);
	if (p->flags & (PAGE_FLAG(buddy) | PAGE_FLAG(pcp) | PAGE_FLAG(slab) | PAGE_FLAG(table)))
		return false;
	if (page_huge_head(m, &head))
		return head->mapping || head->pins;
	if (page_mapping_type(p) == MAPPING_FILE)
		return inode_at(m, page_mapping(p))->kind == INODE_SHMEM;
	return page_mapping_type(p) != MAPPING_NONE || page_test(p, PG_swapcache);
}

static void check_pages(struct tally *t)
{
	struct machine *m = t->c->m;
	u64 pfn, found = 0;

	for (pfn = 0; pfn < m->max_pfn && found < m->contents.nr_pages; pfn++) {
		handle_t h = page_contents(m, (pfn_t)pfn);

		if (!h)
			continue;
		found++;
		hold(t, h, "frame", (u32)pfn);
		if (!may_have_contents(m, (pfn_t)pfn))
			check_fail(t->c, "frame %u has contents and is no page that may",
				   (pfn_t)pfn);
	}
	check_equal(t->c, "pages with contents", (s64)found, (s64)m->contents.nr_pages);
}

static void check_slots(struct tally *t)
{
	struct machine *m = t->c->m;
	const struct swap_area *a;
	u32 cluster, i;

	for (a = m->swap.area; a < m->swap.area + MAX_SWAPFILES; a++)
		for (cluster = a->first; a->in_use && cluster < a->fresh; cluster++)
			for (i = 0; i < SWAP_CLUSTER_SLOTS && cluster_at(m, cluster)->slots; i++) {
				u32 slot = cluster << SWAP_CLUSTER_SHIFT | i;

				if (swap_contents(m, slot))
					hold(t, swap_contents(m, slot), "slot", slot);
			}
}

static void check_values(const struct tally *t)
{
	const struct machine *m = t->c->m;
	u64 held = 0;
	handle_t h;

	for (h = 1; h < t->nr; h++) {
		if (!t->held[h])
			continue;
		held++;
		if (t->held[h] != contents_references(m, h))
			check_fail(t->c, "contents %u: %u holders, %u references", h, t->held[h],
				   contents_references(m, h));
	}
	if (held != m->contents.values.nr_live)
		check_fail(t->c, "contents: %llu are held, %u exist", (unsigned long long)held,
			   m->contents.values.nr_live);
}

void check_contents(struct check *c)
{
	struct tally t = { .c = c, .nr = c->m->contents.values.nr_slots };

	if (!c->m->contents.values.nr_live) {
		check_equal(c, "pages with contents", 0, (s64)c->m->contents.nr_pages);
		return;
	}
	t.held = calloc(t.nr, sizeof(*t.held));
	if (!t.held)
		return;
	check_pages(&t);
	check_slots(&t);
	check_values(&t);
	free(t.held);
}
