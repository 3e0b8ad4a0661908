/*
 * madvise.c - hints about ranges, and the few that do more than hint.
 *
 * An advice either changes flags of the mapping (which splits and merges it, as mprotect does) or
 * works on its pages. The range is walked mapping by mapping: holes are reported with ENOMEM at
 * the end, after what lies behind them was advised as well.
 * Source: madvise(2).
 */
#include <errno.h>
#include <mman/namei.h>
#include <string.h>

#include "mm/filemap.h"
#include "mm/hugetlb.h"
#include "mm/rmap.h"
#include "mm/swapfile.h"
#include "mm/tlb.h"

struct advice {
	const char *name;
	/* flags: set, clear (change the mapping), and those that a mapping may not have (EINVAL) */
	u32 set, clear, refuse;
	/* or this on [start, end) of one VMA */
	int (*work)(struct machine *m, handle_t vma, u64 start, u64 end);
};

#define NOT_FOR_PAGES (VM_LOCKED | VM_PFNMAP | VM_HUGETLB)

/* ---- page by page ---- */

/* Entries that lost what a TLB may have seen of them. */
struct changed {
	u64 first, end; /* vpn; end 0: none */
};

static void note_changed(struct changed *c, u64 vpn)
{
	if (!c->end)
		c->first = vpn;
	c->end = vpn + 1;
}

static void flush_changed(struct machine *m, struct mm *mm, const struct changed *c)
{
	if (c->end)
		tlb_flush_range(m, mm, c->first, c->end);
}

static int advise_dontneed(struct machine *m, handle_t vma, u64 start, u64 end)
{
	const struct vma *v = vma_at(m, vma);
	u64 size = v->flags & VM_HUGETLB ? vma_hstate(m, v)->page_size : PAGE_SIZE;

	if (start & (size - 1))
		return -EINVAL;
	end &= ~(size - 1);
	if (start >= end)
		return 0;
	zap_page_range(m, vma, start, end);
	return 0;
}

/* Clean and unused from now on; written to again, it is an ordinary page. Did the entry change? */
static bool free_page_lazily(struct machine *m, pte_t *pte)
{
	struct page *p = pfn_to_page(m, pte_pfn(*pte));
	bool changed;

	if (page_test(p, PG_dirty) || page_test(p, PG_swapcache)) {
		if (p->mapcount != 1)
			return false;
		if (page_test(p, PG_swapcache) && !try_to_free_swap(m, pte_pfn(*pte)))
			return false;
		clear_page_dirty(m, pte_pfn(*pte));
	}
	changed = *pte & (PTE_ACCESSED | PTE_DIRTY);
	*pte &= ~(PTE_ACCESSED | PTE_DIRTY);
	mark_page_lazyfree(m, pte_pfn(*pte));
	return changed;
}

/* What is in swap has no use any more at once. */
static void free_swap_entry(struct machine *m, struct mm *mm, pte_t *pte)
{
	free_swap_and_cache(m, pte_swap_slot(m, *pte));
	*pte = 0;
	mm->rss[MM_SWAPENTS]--;
}

static int advise_free(struct machine *m, handle_t vma, u64 start, u64 end)
{
	const struct vma *v = vma_at(m, vma);
	struct pte_walk w = pte_walk_range(mm_at(m, v->mm), addr_vpn(start), addr_vpn(end));
	struct changed c = { 0, 0 };
	u32 i;

	if (!vma_is_anonymous(v))
		return -EINVAL;
	while (pte_walk_next(m, &w)) {
		for (i = 0; i < w.n; i++) {
			if (pte_has_page(w.pte[i]) && free_page_lazily(m, &w.pte[i]))
				note_changed(&c, w.vpn + i);
			else if (!pte_present(w.pte[i]) && w.pte[i] & PTE_SWAP)
				free_swap_entry(m, mm_at(m, v->mm), &w.pte[i]);
		}
		pte_chunk_put(m, &w);
	}
	flush_changed(m, w.mm, &c);
	return 0;
}

/* Only pages of our own: a page others use is not ours to call cold. */
static int advise_cold(struct machine *m, handle_t vma, u64 start, u64 end)
{
	const struct vma *v = vma_at(m, vma);
	struct pte_walk w = pte_walk_range(mm_at(m, v->mm), addr_vpn(start), addr_vpn(end));
	struct changed c = { 0, 0 };
	u32 i;

	while (pte_walk_next(m, &w))
		for (i = 0; i < w.n; i++) {
			struct page *p;

			if (!pte_has_page(w.pte[i]))
				continue;
			p = pfn_to_page(m, pte_pfn(w.pte[i]));
			if (p->mapcount != 1 || !page_test(p, PG_lru))
				continue;
			if (w.pte[i] & PTE_ACCESSED)
				note_changed(&c, w.vpn + i);
			w.pte[i] &= ~PTE_ACCESSED;
			page_clear(p, PG_referenced);
			page_clear(p, PG_young);
			deactivate_page(m, pte_pfn(w.pte[i]));
		}
	flush_changed(m, w.mm, &c);
	return 0;
}

/* So many are put out at once. */
#define PAGEOUT_PAGES 512u

/* Only pages of our own here too. Where each can go, and whether it can, is reclaim's to say. */
static void gather_pageout(struct machine *m, u64 vpn, pte_t *pte, pfn_t *pfns, u32 *nr,
			   struct changed *c)
{
	struct page *p;

	if (!pte_has_page(*pte))
		return;
	p = pfn_to_page(m, pte_pfn(*pte));
	if (p->mapcount != 1 || !page_test(p, PG_lru) || page_test(p, PG_unevictable))
		return;
	if (*pte & PTE_ACCESSED)
		note_changed(c, vpn);
	*pte &= ~PTE_ACCESSED;
	page_clear(p, PG_referenced);
	page_clear(p, PG_young);
	pfns[(*nr)++] = pte_pfn(*pte);
}

static int advise_pageout(struct machine *m, handle_t vma, u64 start, u64 end)
{
	const struct vma *v = vma_at(m, vma);
	struct pte_walk w = pte_walk_range(mm_at(m, v->mm), addr_vpn(start), addr_vpn(end));
	pfn_t pfns[PAGEOUT_PAGES];
	struct changed c = { 0, 0 };
	u32 i, nr = 0;

	while (pte_walk_next(m, &w)) {
		for (i = 0; i < w.n; i++)
			gather_pageout(m, w.vpn + i, &w.pte[i], pfns, &nr, &c);
		if (nr + PTE_CHUNK > PAGEOUT_PAGES) {
			reclaim_pages(m, pfns, nr);
			nr = 0;
		}
	}
	if (nr)
		reclaim_pages(m, pfns, nr);
	flush_changed(m, w.mm, &c);
	return 0;
}

/* Start reading what is in swap. Only the address is kept from one to the next: reading takes
 * memory. */
static void swapin_walk(struct machine *m, handle_t vma, u64 start, u64 end)
{
	struct pte_walk w =
		pte_walk_range(mm_at(m, vma_at(m, vma)->mm), addr_vpn(start), addr_vpn(end));
	u32 i, slot;

	while (pte_walk_next(m, &w))
		for (i = 0; i < w.n; i++) {
			if (pte_present(w.pte[i]) || !(w.pte[i] & PTE_SWAP))
				continue;
			slot = pte_swap_slot(m, w.pte[i]);
			if (swap_cache_page(m, slot) == PFN_NONE)
				swapin_readahead(m, slot, GFP_HIGHUSER_MOVABLE, vma, w.vpn + i);
		}
}

static int advise_willneed(struct machine *m, handle_t vma, u64 start, u64 end)
{
	const struct vma *v = vma_at(m, vma);
	u64 first = v->pgoff + ((start - v->start) >> PAGE_SHIFT);

	if (v->flags & VM_HUGETLB)
		return 0;
	if (v->anon_vma)
		swapin_walk(m, vma, start, end);
	if (v->file && inode_at(m, file_at(m, v->file)->inode)->kind == INODE_SHMEM)
		shmem_willneed(m, file_at(m, v->file)->inode, first,
			       first + ((end - start) >> PAGE_SHIFT) - 1);
	if (v->file && inode_at(m, file_at(m, v->file)->inode)->kind == INODE_REGULAR)
		force_page_cache_readahead(m, file_at(m, v->file)->inode, first,
					   first + ((end - start) >> PAGE_SHIFT) - 1);
	return 0;
}

/* Punch a hole into the file. */
static int advise_remove(struct machine *m, handle_t vma, u64 start, u64 end)
{
	const struct vma *v = vma_at(m, vma);
	u64 first = v->pgoff + ((start - v->start) >> PAGE_SHIFT);

	if (!v->file)
		return -EINVAL;
	if ((v->flags & (VM_SHARED | VM_WRITE)) != (VM_SHARED | VM_WRITE))
		return -EACCES;
	if (v->flags & VM_HUGETLB)
		hugetlb_punch_hole(m, file_at(m, v->file)->inode, first,
				   first + ((end - start) >> PAGE_SHIFT));
	else if (inode_at(m, file_at(m, v->file)->inode)->kind == INODE_REGULAR)
		return vfs_fallocate(m, file_at(m, v->file)->inode, first << PAGE_SHIFT,
				     end - start, FALLOCATE_PUNCH);
	else
		punch_range(m, file_at(m, v->file)->inode, first,
			    first + ((end - start) >> PAGE_SHIFT) - 1);
	return 0;
}

/* A child that finds zeroes can only be promised for memory of its own. */
static int advise_wipeonfork(struct machine *m, handle_t vma, u64 start, u64 end)
{
	const struct vma *v = vma_at(m, vma);
	handle_t out;

	if (v->file || v->flags & VM_SHARED)
		return -EINVAL;
	if (v->flags & VM_WIPEONFORK)
		return 0;
	return vma_modify(m, vma, start, end, v->flags | VM_WIPEONFORK, &out);
}

/* What cannot be merged is passed over in silence. */
static int advise_mergeable(struct machine *m, handle_t vma, u64 start, u64 end)
{
	const struct vma *v = vma_at(m, vma);
	handle_t out;

	if (v->flags & (VM_MERGEABLE | VM_SHARED | VM_MAYSHARE | VM_PFNMAP | VM_IO | VM_DONTEXPAND |
			VM_HUGETLB | VM_MIXEDMAP))
		return 0;
	return vma_modify(m, vma, start, end, v->flags | VM_MERGEABLE, &out);
}

static const struct advice advices[] = {
	{ "normal", 0, VM_RAND_READ | VM_SEQ_READ, 0, NULL },
	{ "random", VM_RAND_READ, VM_SEQ_READ, 0, NULL },
	{ "sequential", VM_SEQ_READ, VM_RAND_READ, 0, NULL },
	{ "dontfork", VM_DONTCOPY, 0, 0, NULL },
	{ "dofork", 0, VM_DONTCOPY, VM_IO, NULL },
	{ "wipeonfork", 0, 0, 0, advise_wipeonfork },
	{ "keeponfork", 0, VM_WIPEONFORK, 0, NULL },
	{ "dontdump", VM_DONTDUMP, 0, 0, NULL },
	{ "dodump", 0, VM_DONTDUMP, VM_SPECIAL, NULL },
	{ "mergeable", 0, 0, 0, advise_mergeable },
	{ "unmergeable", 0, VM_MERGEABLE, 0, NULL },
	{ "hugepage", VM_HUGEPAGE, VM_NOHUGEPAGE, 0, NULL },
	{ "nohugepage", VM_NOHUGEPAGE, VM_HUGEPAGE, 0, NULL },
	{ "dontneed", 0, 0, VM_LOCKED | VM_PFNMAP, advise_dontneed },
	{ "dontneedlocked", 0, 0, VM_PFNMAP, advise_dontneed },
	{ "free", 0, 0, NOT_FOR_PAGES, advise_free },
	{ "cold", 0, 0, NOT_FOR_PAGES, advise_cold },
	{ "pageout", 0, 0, NOT_FOR_PAGES, advise_pageout },
	{ "willneed", 0, 0, 0, advise_willneed },
	{ "remove", 0, 0, VM_LOCKED | VM_PFNMAP, advise_remove },
};

/* Names are compared without their underscores. */
static bool same_name(const char *given, const char *name)
{
	for (; *given; given++) {
		if (*given == '_')
			continue;
		if (*given != *name)
			return false;
		name++;
	}
	return !*name;
}

static const struct advice *advice_find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(advices); i++)
		if (same_name(name, advices[i].name))
			return &advices[i];
	return NULL;
}

static int advise_vma(struct machine *m, const struct advice *a, handle_t vma, u64 start, u64 end)
{
	u32 old = vma_at(m, vma)->flags, flags = (old & ~a->clear) | a->set;
	handle_t out;
	int error;

	/* a mapping of huge pages may be dumped, although it cannot grow */
	if (old & a->refuse & (old & VM_HUGETLB ? ~VM_DONTEXPAND : UINT32_MAX))
		return -EINVAL;
	if (a->work)
		error = a->work(m, vma, start, end);
	else
		error = flags == old ? 0 : vma_modify(m, vma, start, end, flags, &out);
	/* no more mappings may be made: come back later */
	return error == -ENOMEM ? -EAGAIN : error;
}

/* MADV_POPULATE_READ, MADV_POPULATE_WRITE: fault in, and tell when that is not possible. A hole is
 * passed over, and told at the end. */
static int populate(struct machine *m, handle_t task, u64 addr, u64 end, bool write)
{
	handle_t mmh = task_at(m, task)->mm, h;
	int error, unmapped = 0;

	while (addr < end) {
		h = find_vma(m, mmh, addr);
		if (!h || vma_at(m, h)->start > addr)
			unmapped = -ENOMEM;
		if (!h || vma_at(m, h)->start >= end)
			break;
		addr = max_t(u64, addr, vma_at(m, h)->start);
		if (vma_at(m, h)->flags & (VM_IO | VM_PFNMAP) ||
		    !(vma_at(m, h)->flags & (write ? VM_WRITE : VM_ACCESS_FLAGS)))
			return -EINVAL;
		error = populate_vma_range(m, task, h, addr, addr + PAGE_SIZE, write);
		if (error)
			return error;
		addr += PAGE_SIZE;
		if (!machine_safe_point(m))
			return -EINTR;
	}
	return unmapped;
}

static int advise_range(struct machine *m, handle_t mmh, const struct advice *a, u64 addr, u64 end)
{
	int error = 0, unmapped = 0;
	handle_t h;
	u64 to;

	while (!error && addr < end) {
		h = find_vma(m, mmh, addr);
		if (!h || vma_at(m, h)->start > addr)
			unmapped = -ENOMEM;
		if (!h || vma_at(m, h)->start >= end)
			break;
		if (vma_at(m, h)->start > addr)
			addr = vma_at(m, h)->start;
		to = vma_at(m, h)->end < end ? vma_at(m, h)->end : end;
		/* work on pages takes time; flags change at once, or the mapping is cut */
		if (a->work && a->refuse & VM_PFNMAP && !(vma_at(m, h)->flags & VM_HUGETLB) &&
		    to - addr > (u64)BATCH_PAGES << PAGE_SHIFT)
			to = addr + ((u64)BATCH_PAGES << PAGE_SHIFT);
		error = advise_vma(m, a, h, addr, to);
		addr = to;
		if (!error && addr < end && !machine_safe_point(m))
			return -EINTR;
	}
	return error ? error : unmapped;
}

int do_madvise(struct machine *m, handle_t task, u64 addr, u64 length, const char *advice)
{
	const struct advice *a = advice_find(advice);
	bool populate_read = same_name(advice, "populateread"),
	     populate_write = same_name(advice, "populatewrite");
	bool hwpoison = same_name(advice, "hwpoison"),
	     soft_offline = same_name(advice, "softoffline");
	u64 end = addr + PAGE_ALIGN(length);

	clock_charge(m, m->cost.syscall);
	if (!a && !populate_read && !populate_write && !hwpoison && !soft_offline)
		return -EINVAL;
	if (addr & ~PAGE_MASK || (length && !PAGE_ALIGN(length)) || end < addr)
		return -EINVAL;
	if (end == addr)
		return 0;
	if (hwpoison || soft_offline)
		return madvise_inject_error(m, task, addr, end, soft_offline);
	if (!a)
		return populate(m, task, addr, end, populate_write);
	return advise_range(m, task_at(m, task)->mm, a, addr, end);
}
