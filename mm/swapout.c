/*
 * swapout.c - swapping out a whole process.
 *
 * Page out and swap out are two things. Page out takes single pages, of whichever process, that
 * reclaim or MADV_PAGEOUT chose: it begins to write them and goes on. Swap out takes a process: all
 * of its anonymous memory, used lately or not, shared with its children or not; it waits until the
 * disk has it and the frames are free. What cannot go stays: locked pages, pinned pages, pages for
 * which no slot is free. Page cache and shared memory are not the process's own and stay as well.
 *
 * Systems before demand paging knew only this; Linux has it no more. Here it is the laboratory's.
 */
#include <mman/lab.h>

#include <errno.h>

#include "mm/rmap.h"

#define SWAPOUT_PAGES 512u

/* A batch: pages, and the slots by which they are known again once they are unmapped. */
struct swapout {
	u32 nr;
	pfn_t pfn[SWAPOUT_PAGES];
	u32 slot[SWAPOUT_PAGES];
	u64 out; /* frames that became free, all batches */
};

static void gather(struct machine *m, pte_t *pte, struct swapout *s)
{
	struct page *p;

	if (!pte_has_page(*pte))
		return;
	p = pfn_to_page(m, pte_pfn(*pte));
	if (page_mapping_type(p) != MAPPING_ANON || !page_test(p, PG_lru) ||
	    page_test(p, PG_unevictable) || p->pins)
		return;
	s->pfn[s->nr++] = pte_pfn(*pte);
}

/* Still the page that was put out? Its frame may be somebody else's by now. */
static bool on_its_way(const struct machine *m, const struct swapout *s, u32 i)
{
	const struct page *p = pfn_to_page(m, s->pfn[i]);

	return s->slot[i] && page_test(p, PG_swapcache) && !p->mapcount &&
	       page_swap_slot(m, s->pfn[i]) == s->slot[i];
}

/* Begin to write the batch, wait for it, then free the frames. */
static void put_out(struct machine *m, struct swapout *s)
{
	u32 i, left = 0;

	s->out += reclaim_pages(m, s->pfn, s->nr);
	for (i = 0; i < s->nr; i++) {
		const struct page *p = pfn_to_page(m, s->pfn[i]);

		s->slot[i] = page_test(p, PG_swapcache) && !p->mapcount ?
				     page_swap_slot(m, s->pfn[i]) :
				     0;
	}
	for (i = 0; i < s->nr; i++)
		if (on_its_way(m, s, i))
			wait_on_page_writeback(m, s->pfn[i]);
	for (i = 0; i < s->nr; i++)
		if (on_its_way(m, s, i))
			s->pfn[left++] = s->pfn[i];
	s->out += reclaim_pages(m, s->pfn, left);
	s->nr = 0;
}

/* From *@vpn on, until a batch is full or much was looked at. False: the address space is at its end. */
static bool gather_batch(struct machine *m, handle_t mmh, u64 *vpn, struct swapout *s)
{
	struct pte_walk w = pte_walk_range(mm_at(m, mmh), *vpn, addr_vpn(task_size(m)));
	u32 i, looked = 0;

	while (pte_walk_next(m, &w)) {
		for (i = 0; i < w.n; i++)
			gather(m, &w.pte[i], s);
		*vpn = w.at;
		if (++looked == BATCH_PAGES / 4 || s->nr + PTE_CHUNK > SWAPOUT_PAGES)
			return true;
	}
	return false;
}

int swap_out_process(struct machine *m, handle_t task, u64 *pages)
{
	struct swapout s = { .nr = 0 };
	handle_t mmh = task_at(m, task)->mm;
	u64 vpn = 0, id = mm_at(m, mmh)->id;
	bool more = true;

	*pages = 0;
	if (!mmh)
		return -ESRCH;
	while (more) {
		more = gather_batch(m, mmh, &vpn, &s);
		put_out(m, &s);
		*pages = s.out;
		if (!machine_safe_point(m))
			return -EINTR;
		/* it may have died meanwhile, whoever asked for this */
		if (!mm_is_live(m, mmh, id))
			return -ESRCH;
	}
	return 0;
}
