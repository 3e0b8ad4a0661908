/*
 * check_numa.c - the invariants of memory policies and pins: everybody who holds one is counted,
 * and nothing is held that nobody has.
 */
#include "mm/check.h"
#include "mm/hugetlb.h"
#include "mm/vma.h"

#include <stdlib.h>

static struct shared_policy *shared_at(const struct machine *m, handle_t h)
{
	return pool_at(&m->mempolicy.shared, h);
}

/* refs[policy]: who holds it. */
static void count_holders(struct check *c, u32 *refs, u32 *nr_shared)
{
	struct machine *m = c->m;
	handle_t h, v, thread;

	for (h = pid_next(m, 1); h; h = pid_next(m, task_at(m, h)->pid + 1))
		for (thread = h; thread; thread = task_at(m, thread)->next_thread)
			refs[task_at(m, thread)->policy]++;
	for (h = m->mms.mm_head; h; h = mm_at(m, h)->next)
		for (v = mm_at(m, h)->vma_first; v; v = vma_at(m, v)->next)
			refs[vma_at(m, v)->policy]++;
	for (h = m->mms.inode_head; h; h = inode_at(m, h)->next) {
		u64 next = 0;

		for (v = inode_at(m, h)->shared_policy; v; v = shared_at(m, v)->next) {
			const struct shared_policy *s = shared_at(m, v);

			refs[s->policy]++;
			++*nr_shared;
			if (s->first < next || s->last < s->first || !s->policy)
				check_fail(c, "shared policies of inode %llu are out of order",
					   (unsigned long long)inode_at(m, h)->ino);
			next = s->last + 1;
		}
	}
}

static void check_policies(struct check *c)
{
	struct mempolicy_state *s = &c->m->mempolicy;
	u32 *refs = calloc(s->policies.nr_slots + 1, sizeof(*refs)), nr = 0, nr_shared = 0;
	handle_t h;

	if (!refs)
		return;
	count_holders(c, refs, &nr_shared);
	for (h = s->first; h; h = mempolicy_at(c->m, h)->next) {
		const struct mempolicy *p = mempolicy_at(c->m, h);

		nr++;
		if (refs[h] != p->refs)
			check_fail(c, "memory policy %u: %u hold it, %u are counted", h, refs[h],
				   p->refs);
		if (p->mode == MPOL_DEFAULT || p->mode >= MPOL_MAX ||
		    (p->mode != MPOL_LOCAL) != (p->nodes != 0))
			check_fail(c, "memory policy %u: mode %u with nodes %llx", h, p->mode,
				   (unsigned long long)p->nodes);
	}
	check_equal(c, "memory policies", nr, c->m->mms.nr_policies);
	check_equal(c, "memory policies that are allocated", nr, s->policies.nr_live);
	check_equal(c, "shared policies", nr_shared, s->shared.nr_live);
	free(refs);
}

/* A huge page counts its own elsewhere. */
static u32 pins_of(const struct page *p)
{
	return p->pins && page_test(p, PG_hugetlb) ? p->next : p->pins;
}

/* Every pin is of some address space, and every page has as many as it says. */
static void check_pins(struct check *c)
{
	struct page *page;

	const u32 block = 1u << (MAX_ORDER - 1);
	struct machine *m = c->m;
	u64 pins = 0, held = 0;
	pfn_t start, pfn;
	handle_t h, p;

	for (h = m->mms.mm_head; h; h = mm_at(m, h)->next) {
		u64 n = 0;

		for (p = mm_at(m, h)->pins; p; p = ((struct pin *)pool_at(&m->mms.pins, p))->next) {
			pfn = ((struct pin *)pool_at(&m->mms.pins, p))->pfn;
			n++;
			page = pfn_to_page(m, pfn);
			page_huge_head(m, &page);
			if (!page->pins)
				check_fail(c,
					   "pfn %u: somebody has it pinned, and it does not know",
					   pfn);
			else if (page->zone == ZONE_MOVABLE)
				check_fail(c, "pfn %u: pinned in ZONE_MOVABLE", pfn);
		}
		check_equal(c, "VmPin", (s64)n, (s64)mm_at(m, h)->pinned_vm);
		pins += n;
	}
	check_equal(c, "pins", (s64)pins, m->mms.pins.nr_live);
	check_equal(c, "nr_foll_pin_acquired less nr_foll_pin_released", (s64)pins,
		    m->vm_node_stat[NR_FOLL_PIN_ACQUIRED] - m->vm_node_stat[NR_FOLL_PIN_RELEASED]);
	for (start = 0; start < m->max_pfn; start += block)
		for (pfn = start; page_exists(m, start) && pfn < start + block && pfn < m->max_pfn;
		     pfn++)
			held += pins_of(pfn_to_page(m, pfn));
	check_equal(c, "pins of all pages", (s64)held, (s64)pins);
}

/* What NUMA balancing keeps: for tasks that are there, and of pages in use. */
static void check_balancing(struct check *c)
{
	const u32 block = 1u << (MAX_ORDER - 1);
	struct machine *m = c->m;
	handle_t h, thread;
	pfn_t start, pfn;
	u32 nr = 0;

	for (h = pid_next(m, 1); h; h = pid_next(m, task_at(m, h)->pid + 1))
		for (thread = h; thread; thread = task_at(m, thread)->next_thread)
			nr += task_at(m, thread)->numa != 0;
	check_equal(c, "tasks with NUMA faults", nr, m->numa.tasks.nr_live);
	for (start = 0; m->numa.arrays.nr_live && start < m->max_pfn; start += block)
		for (pfn = start; page_exists(m, start) && pfn < start + block && pfn < m->max_pfn;
		     pfn++) {
			const struct page *p = pfn_to_page(m, pfn);

			if (!page_test(p, PG_last_cpupid) || page_test(p, PG_buddy))
				continue;
			if (page_test(p, PG_pcp) ||
			    (u32)page_cpupid_last(m, pfn) >> 8 >= m->nr_nodes)
				check_fail(c, "pfn %u: last used from node %d", pfn,
					   page_cpupid_last(m, pfn) >> 8);
		}
}

void check_numa(struct check *c)
{
	check_balancing(c);
	check_policies(c);
	check_pins(c);
	check_equal(c, "nr_isolated_anon", 0, c->m->vm_node_stat[NR_ISOLATED_ANON]);
	check_equal(c, "nr_isolated_file", 0, c->m->vm_node_stat[NR_ISOLATED_FILE]);
}
