/*
 * page_idle.c - idle page tracking; see page_idle.h.
 */
#include <mman/machine.h>
#include <mman/page_idle.h>

static bool takes_part(const struct machine *m, pfn_t pfn)
{
	return page_exists(m, pfn) && page_test(pfn_to_page(m, pfn), PG_lru);
}

/* Take the accessed bits: who was used is young, and not idle. */
static void clear_references(struct machine *m, pfn_t pfn)
{
	struct page *p = pfn_to_page(m, pfn);
	bool idle = page_test(p, PG_idle), young = page_test(p, PG_young);
	u32 vm_flags, used;

	page_clear(p, PG_young);
	used = page_referenced(m, pfn, &vm_flags);
	if (used || young)
		page_set(p, PG_young);
	if (idle && !used)
		page_set(p, PG_idle);
}

bool page_idle_test(struct machine *m, pfn_t pfn)
{
	if (!takes_part(m, pfn) || !page_test(pfn_to_page(m, pfn), PG_idle))
		return false;
	clear_references(m, pfn);
	return page_test(pfn_to_page(m, pfn), PG_idle);
}

void page_idle_mark(struct machine *m, pfn_t pfn)
{
	if (!takes_part(m, pfn))
		return;
	clear_references(m, pfn);
	page_set(pfn_to_page(m, pfn), PG_idle);
}
