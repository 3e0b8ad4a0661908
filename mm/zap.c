/*
 * zap.c - page table entries go (unmap, truncate), or are copied (fork).
 *
 * Zapping tells the page what the entry knew: a dirty bit makes a file page dirty, an accessed bit
 * counts as one access. An anonymous page that nobody maps any more is freed; a cache page stays
 * in its cache.
 */
#include <errno.h>

#include "mm/filemap.h"
#include "mm/hugetlb.h"
#include "mm/rmap.h"
#include "mm/swapfile.h"
#include "mm/tlb.h"

/* ---- zap ---- */

struct zap {
	u64 rss[NR_MM_COUNTERS];
	u64 unmapped, freed;
	u64 first, end; /* vpns that had entries; end 0: none */
};

/* A stretch of which something went. */
static inline void zap_widen(struct zap *z, const struct pte_walk *w)
{
	z->first = z->end ? z->first : w->vpn;
	z->end = w->vpn + w->n;
}

static inline void zap_page(struct machine *m, const struct vma *v, pte_t pte, struct zap *z)
{
	pfn_t pfn = pte_pfn(pte);
	struct page *p = pfn_to_page(m, pfn);

	z->unmapped++;
	if (likely(page_mapping_type(p) == MAPPING_ANON)) {
		z->rss[MM_ANONPAGES]++;
		page_remove_rmap(m, pfn, p, v);
		if (likely(!p->mapcount)) {
			if (likely(!page_test(p, PG_swapcache)))
				page_release(m, pfn, p);
			else if (!free_anon_page(m, pfn))
				return;
			z->freed++;
		}
		return;
	}
	z->rss[mm_counter(p)]++;
	if (pte & PTE_DIRTY)
		page_set_dirty(m, pfn);
	if (pte & PTE_ACCESSED && !(v->flags & VM_SEQ_READ) && page_test(p, PG_lru))
		mark_page_accessed(m, pfn);
	page_remove_rmap(m, pfn, p, v);
}

static void zap_swap_entry(struct machine *m, pte_t pte, struct zap *z)
{
	z->rss[MM_SWAPENTS]++;
	z->unmapped++;
	free_swap_and_cache(m, pte_swap_slot(m, pte));
}

static void zap_stretch(struct machine *m, const struct vma *v, struct pte_walk *w, struct zap *z)
{
	u32 i;

	for (i = 0; i < w->n; i++) {
		pte_t pte = w->pte[i];

		if (!pte)
			continue;
		w->pte[i] = 0;
		if (pte_has_page(pte))
			zap_page(m, v, pte, z);
		else if (pte & PTE_SWAP)
			zap_swap_entry(m, pte, z);
	}
}

u64 zap_page_range_some(struct machine *m, handle_t vma, u64 start, u64 end, u64 most)
{
	const struct vma *v = vma_at(m, vma);
	struct mm *mm = mm_at(m, v->mm);
	struct pte_walk w = pte_walk_range(mm, addr_vpn(start), addr_vpn(end));
	struct zap z = { .unmapped = 0 };
	u64 stretches = most / 2; /* zero pages, swap entries, tables with a page each */
	bool more;
	u32 i;

	if (unlikely(v->flags & VM_HUGETLB)) {
		unmap_hugepage_range(m, vma, start, end);
		return end;
	}
	update_hiwater_rss(mm);
	while ((more = z.unmapped < most && stretches--) && pte_walk_next(m, &w)) {
		zap_stretch(m, v, &w, &z);
		zap_widen(&z, &w);
		pte_chunk_put(m, &w);
	}
	if (z.end)
		tlb_flush_range(m, mm, z.first, z.end);
	for (i = 0; i < NR_MM_COUNTERS; i++)
		mm->rss[i] -= (s64)z.rss[i];
	clock_charge(m, z.unmapped * m->cost.pte_unmap + z.freed * m->cost.page_free);
	return more || w.at >= w.end ? end : w.at << PAGE_SHIFT;
}

u64 unmap_some(struct machine *m, handle_t vma, u64 start, u64 end)
{
	u64 to = zap_page_range_some(m, vma, start, end, BATCH_PAGES);

	/* what reaches beyond goes with the mapping */
	free_pgtables(m, vma_at(m, vma)->mm, start, to, start, to);
	return to;
}

void zap_page_range(struct machine *m, handle_t vma, u64 start, u64 end)
{
	zap_page_range_some(m, vma, start, end, UINT64_MAX);
}

/* ---- truncate ---- */

struct unmap_file {
	u64 first, last;
	bool even_cows;
};

/* Cache pages only: private copies of a page outlive a hole punched into the file under them. */
static void zap_cache_pages(struct machine *m, const struct vma *v, u64 vpn, u64 end)
{
	struct mm *mm = mm_at(m, v->mm);
	struct pte_walk w = pte_walk_range(mm, vpn, end);
	struct zap z = { .unmapped = 0 };
	u32 i;

	update_hiwater_rss(mm);
	while (pte_walk_next(m, &w)) {
		for (i = 0; i < w.n; i++) {
			pte_t pte = w.pte[i];

			if (!pte_has_page(pte) ||
			    page_mapping_type(pfn_to_page(m, pte_pfn(pte))) == MAPPING_ANON)
				continue;
			w.pte[i] = 0;
			zap_page(m, v, pte, &z);
			zap_widen(&z, &w);
		}
		pte_chunk_put(m, &w);
	}
	if (z.end)
		tlb_flush_range(m, mm, z.first, z.end);
	mm->rss[MM_FILEPAGES] -= (s64)z.rss[MM_FILEPAGES];
	mm->rss[MM_SHMEMPAGES] -= (s64)z.rss[MM_SHMEMPAGES];
	clock_charge(m, z.unmapped * m->cost.pte_unmap);
}

static bool unmap_file_in(struct machine *m, handle_t h, void *arg)
{
	const struct unmap_file *u = arg;
	const struct vma *v = vma_at(m, h);
	u64 last = v->pgoff + vma_pages(v) - 1;
	u64 from = addr_vpn(v->start) + (u->first > v->pgoff ? u->first - v->pgoff : 0);
	u64 to = addr_vpn(v->start) + ((u->last < last ? u->last : last) - v->pgoff) + 1;

	if (u->even_cows)
		zap_page_range(m, h, from << PAGE_SHIFT, to << PAGE_SHIFT);
	else
		zap_cache_pages(m, v, from, to);
	return true;
}

void unmap_mapping_range(struct machine *m, handle_t inode, u64 first, u64 last, bool even_cows)
{
	struct unmap_file u = { first, last, even_cows };

	i_mmap_visit(m, inode, first, last, unmap_file_in, &u);
}

/* ---- fork ---- */

/*
 * Pages of a private mapping are shared until one side writes: both entries lose their write
 * right, and an anonymous page is nobody's exclusively. The child's entry has not been used yet.
 */
static pte_t copy_entry(struct machine *m, const struct vma *dst, pte_t *src)
{
	struct mm *mm = mm_at(m, dst->mm);
	pte_t pte = *src;
	struct page *p;

	if (!(dst->flags & VM_SHARED)) {
		*src &= ~PTE_WRITE;
		pte &= ~PTE_WRITE;
	} else {
		pte &= ~PTE_DIRTY;
	}
	if (pte_is_poisoned(pte))
		return pte;
	if (!pte_present(pte)) {
		*src &= ~PTE_SWP_EXCLUSIVE;
		swap_duplicate(m, pte_swap_slot(m, pte));
		mm->rss[MM_SWAPENTS]++;
		return pte & ~PTE_SWP_EXCLUSIVE;
	}
	pte &= ~PTE_ACCESSED;
	if (!pte_has_page(pte))
		return pte;
	p = pfn_to_page(m, pte_pfn(pte));
	if (page_mapping_type(p) == MAPPING_ANON) {
		page_clear(p, PG_anon_exclusive);
		p->mapcount++;
	} else {
		page_add_file_rmap(m, pte_pfn(pte), dst);
	}
	mm->rss[mm_counter(p)]++;
	return pte;
}

/* A device may write to it: the parent keeps it, and the child must not see what comes. */
static bool pinned_alone(const struct machine *m, const struct vma *v, pte_t pte)
{
	const struct page *p = pfn_to_page(m, pte_pfn(pte));

	return pte_has_page(pte) && p->pins && !(v->flags & VM_SHARED) &&
	       page_test(p, PG_anon_exclusive);
}

/* The child gets a page of its own at once. -ENOMEM; -EAGAIN: making room for it has changed
 * *@src. */
static int copy_pinned(struct machine *m, handle_t dst, u64 vpn, const pte_t *src)
{
	const pte_t pte = *src;
	const struct vma *v = vma_at(m, dst);
	pte_t *to = NULL;
	pfn_t pfn = alloc_page_vma(m, dst, vpn << PAGE_SHIFT, GFP_HIGHUSER_MOVABLE);
	int error = -ENOMEM;

	if (pfn == PFN_NONE)
		return error;
	to = pte_alloc(m, v->mm, vpn);
	if (*src != pte)
		error = -EAGAIN;
	if (!to || *src != pte ||
	    (contents_in_use(m) && copy_page_contents(m, pfn, pte_pfn(pte)))) {
		free_pages(m, pfn, 0);
		return error;
	}
	page_add_new_anon(m, pfn, v, page_index(pfn_to_page(m, pte_pfn(pte))));
	*to = pte_make(pfn, (pte & PTE_FLAGS) | PTE_DIRTY | PTE_SOFT_DIRTY);
	mm_at(m, v->mm)->rss[MM_ANONPAGES]++;
	clock_charge(m, m->cost.copy_page);
	return 0;
}

/* Entries copied, or -ENOMEM. */
static s32 copy_stretch(struct machine *m, handle_t dst, const struct pte_walk *w)
{
	const struct vma *v = vma_at(m, dst);
	pte_t *to = NULL;
	u32 i, copied = 0;

	for (i = 0; i < w->n; i++) {
		if (!w->pte[i])
			continue;
		if (!to) {
			to = pte_alloc(m, v->mm, w->vpn);
			if (!to)
				return -ENOMEM;
			/* memory was made for the table: the entry may be another one now */
			if (!w->pte[i])
				continue;
		}
		if (unlikely(pinned_alone(m, vma_at(m, dst), w->pte[i]))) {
			int error = copy_pinned(m, dst, w->vpn + i, &w->pte[i]);

			if (error == -ENOMEM)
				return error;
			i -= error == -EAGAIN; /* once more */
			copied += !error;
			continue;
		}
		/* the stretch lies in one chunk, here as there */
		to[i] = copy_entry(m, v, &w->pte[i]);
		copied++;
	}
	clock_charge(m, (u64)copied * m->cost.fork_page);
	return (s32)copied;
}

int copy_page_range(struct machine *m, handle_t dst, handle_t src)
{
	const struct vma *v = vma_at(m, src);
	struct pte_walk w = pte_walk_range(mm_at(m, v->mm), addr_vpn(v->start), addr_vpn(v->end));
	u64 copied = 0;
	s32 n;

	/* cache pages can be faulted in again: a mapping without copies of its own starts empty */
	if (!v->anon_vma && !(v->flags & (VM_PFNMAP | VM_MIXEDMAP)))
		return 0;
	if (v->flags & VM_HUGETLB)
		return copy_hugetlb_page_range(m, dst, src);
	while (pte_walk_next(m, &w)) {
		n = copy_stretch(m, dst, &w);
		if (n < 0)
			return n;
		copied += (u32)n;
		if (copied < BATCH_PAGES)
			continue;
		copied = 0;
		if (!machine_safe_point(m))
			return -EINTR;
	}
	return 0;
}
