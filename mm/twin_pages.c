/*
 * twin_pages.c - the pages of the other machine's address spaces.
 *
 * The order of a page's life is kept: table first, then the page, then the entry, then the
 * counters, as in memory.c, but without faults: no fault is counted, no read-ahead brings
 * neighbours, and an address that nothing maps is the caller's mistake, not a SIGSEGV.
 *
 * Anonymous pages that several have belong to the root of their family's tree, which every one of
 * the family is in: so everybody who has one is found, whoever had it first.
 */
#include <mman/twin.h>

#include <errno.h>

#include "mm/filemap.h"
#include "mm/rmap.h"
#include "mm/swapfile.h"
#include "mm/twin.h"

/* Left to page tables and kernel objects while a mapping is populated. */
#define ROOM_KEPT  128u
#define LOOK_SHIFT 9u /* room is looked for every so many pages */

/* Does memory still suffice for a page and for what comes with it? Asked now and then. */
static bool has_room(const struct machine *m, u64 n)
{
	return n & ((1u << LOOK_SHIFT) - 1) || twin_room(m) >= ROOM_KEPT + (1u << LOOK_SHIFT);
}

/* The empty entry of page @vpn, its table made; NULL: no memory, or something is there. */
static pte_t *empty_entry(struct machine *m, const struct vma *v, u64 vpn)
{
	pte_t *pte;

	if (pte_table_alloc(m, v->mm, vpn))
		return NULL;
	pte = pte_chunk_get(m, pte_table_find(m, mm_at(m, v->mm), vpn), vpn);
	return pte && !*pte ? pte : NULL;
}

static u64 entry_bits(const struct vma *v, bool young, bool dirty)
{
	return PTE_PRESENT | PTE_SOFT_DIRTY | (dirty ? PTE_DIRTY : 0) | (young ? PTE_ACCESSED : 0) |
	       (v->flags & VM_ACCESS_FLAGS ? PTE_USER : 0);
}

static u64 linear_index(const struct vma *v, u64 page)
{
	return v->pgoff + page;
}

static bool may_have_anon(const struct vma *v)
{
	return !(v->flags & (VM_PFNMAP | VM_HUGETLB));
}

/* ---- anonymous pages ---- */

static bool put_own(struct machine *m, handle_t vma, u64 page, bool young, bool dirty, bool lazy)
{
	struct vma *v = vma_at(m, vma);
	pte_t *pte = empty_entry(m, v, addr_vpn(v->start) + page);
	pfn_t pfn = pte ? alloc_pages(m, GFP_TWIN | __GFP_ZERO, 0, NUMA_NO_NODE) : PFN_NONE;

	if (pfn == PFN_NONE)
		return false;
	page_add_new_anon(m, pfn, v, linear_index(v, page));
	*pte = pte_make(pfn, entry_bits(v, young, dirty) |
				     (v->flags & VM_WRITE && dirty ? PTE_WRITE : 0));
	mm_at(m, v->mm)->rss[MM_ANONPAGES]++;
	if (lazy)
		mark_page_lazyfree(m, pfn);
	return true;
}

u64 twin_put_own(struct machine *m, const struct twin_stretch *s)
{
	u64 n, size = vma_pages(vma_at(m, s->vma));

	if (!may_have_anon(vma_at(m, s->vma)) || anon_vma_prepare(m, s->vma))
		return 0;
	for (n = 0; n < s->n && s->first + n < size && has_room(m, n); n++)
		if (!put_own(m, s->vma, s->first + n, n < s->young, n < s->dirty,
			     n >= s->dirty && s->n - n <= s->lazy))
			break;
	return n;
}

int twin_family(struct machine *m, handle_t vma, handle_t first)
{
	if (!may_have_anon(vma_at(m, vma)))
		return 0;
	if (!first || vma_at(m, vma)->anon_vma)
		return anon_vma_prepare(m, vma);
	return anon_vma_fork(m, vma, first);
}

pfn_t twin_put_shared(struct machine *m, handle_t vma, u64 page, bool young, bool dirty)
{
	struct vma *v = vma_at(m, vma);
	struct page *p;
	pte_t *pte;
	pfn_t pfn;

	if (!v->anon_vma || page >= vma_pages(v) || !may_have_anon(v) || !has_room(m, page) ||
	    !put_own(m, vma, page, young, dirty, false))
		return PFN_NONE;
	pte = pte_find(m, mm_at(m, v->mm), addr_vpn(v->start) + page);
	pfn = pte_pfn(*pte);
	*pte &= ~PTE_WRITE;
	p = pfn_to_page(m, pfn);
	page_clear(p, PG_anon_exclusive);
	page_set_mapping(p, anon_vma_at(m, v->anon_vma)->root, MAPPING_ANON);
	return pfn;
}

pfn_t twin_unshare(struct machine *m, handle_t vma, u64 page)
{
	const struct vma *v = vma_at(m, vma);
	pte_t *pte = pte_find(m, mm_at(m, v->mm), addr_vpn(v->start) + page), old;
	struct page *p;

	if (!pte || !pte_has_page(*pte) || !has_room(m, 0))
		return PFN_NONE;
	old = *pte;
	p = pfn_to_page(m, pte_pfn(old));
	if (page_mapping_type(p) != MAPPING_ANON || p->mapcount < 2)
		return PFN_NONE;
	*pte = 0;
	mm_at(m, v->mm)->rss[MM_ANONPAGES]--;
	page_remove_rmap(m, pte_pfn(old), p, v);
	return twin_put_shared(m, vma, page, old & PTE_ACCESSED, old & PTE_DIRTY);
}

/* Is @v in the tree of the anon_vma that the page belongs to? */
static bool in_tree(const struct machine *m, const struct vma *v, const struct page *p)
{
	handle_t c = v->avc_head;

	while (c && avc_at(m, c)->anon_vma != page_mapping(p))
		c = avc_at(m, c)->next;
	return c != 0;
}

static bool add_sharer(struct machine *m, const struct vma *v, u64 page, pfn_t pfn, u64 bits)
{
	struct page *p = pfn_to_page(m, pfn);
	pte_t *pte;

	if (page_mapping_type(p) != MAPPING_ANON || page_index(p) != linear_index(v, page) ||
	    !in_tree(m, v, p))
		return false;
	pte = empty_entry(m, v, addr_vpn(v->start) + page);
	if (!pte)
		return false;
	*pte = pte_make(pfn, bits);
	page_clear(p, PG_anon_exclusive);
	p->mapcount++;
	mm_at(m, v->mm)->rss[MM_ANONPAGES]++;
	if ((v->flags & (VM_LOCKED | VM_SPECIAL)) == VM_LOCKED)
		mlock_page(m, pfn);
	return true;
}

bool twin_share(struct machine *m, handle_t vma, u64 page, pfn_t pfn, bool young, bool dirty)
{
	const struct vma *v = vma_at(m, vma);

	return page < vma_pages(v) && may_have_anon(v) &&
	       add_sharer(m, v, page, pfn, entry_bits(v, young, dirty));
}

/* ---- pages of files ---- */

/* The page of the vdso or of a file that @page shows. */
static pfn_t page_behind(struct machine *m, const struct vma *v, u64 page)
{
	u64 index = v->pgoff + page;

	if (v->kind == VMA_VDSO)
		return index < VDSO_PAGES ? m->mms.vdso_page + (pfn_t)index : PFN_NONE;
	return v->file ? twin_cache_page(m, file_at(m, v->file)->inode, index, NUMA_NO_NODE) :
			 PFN_NONE;
}

/* *@dirty: how many of the pages to come are dirty. */
static bool put_file(struct machine *m, handle_t vma, u64 page, bool young, u64 *dirty)
{
	const struct vma *v = vma_at(m, vma);
	u64 flags = PTE_PRESENT | (young ? PTE_ACCESSED : 0) | vma_page_prot(m, v);
	u64 vpn = addr_vpn(v->start) + page;
	struct page *p;
	pte_t *pte;
	pfn_t pfn;

	if (pte_table_alloc(m, v->mm, vpn))
		return false;
	pfn = page_behind(m, v, page);
	pte = pfn != PFN_NONE ? empty_entry(m, v, vpn) : NULL;
	if (!pte)
		return false;
	p = pfn_to_page(m, pfn);
	if (*dirty && v->file) {
		if ((v->flags & (VM_SHARED | VM_WRITE)) == (VM_SHARED | VM_WRITE))
			flags |= PTE_DIRTY | PTE_SOFT_DIRTY | PTE_WRITE;
		if (!page_test(p, PG_dirty))
			page_set_dirty(m, pfn);
		--*dirty;
	} else if (page_test(p, PG_dirty) && *dirty) {
		--*dirty;
	}
	*pte = pte_make(pfn, flags);
	mm_at(m, v->mm)->rss[mm_counter(p)]++;
	page_add_file_rmap(m, pfn, v);
	return true;
}

u64 twin_put_file(struct machine *m, const struct twin_stretch *s)
{
	u64 n, size = vma_pages(vma_at(m, s->vma)), dirty = s->dirty;

	if (vma_at(m, s->vma)->flags & VM_HUGETLB)
		return 0;
	for (n = 0; n < s->n && s->first + n < size && has_room(m, n); n++)
		if (!put_file(m, s->vma, s->first + n, n < s->young, &dirty))
			break;
	return n;
}

pfn_t twin_cached_page(struct machine *m, handle_t inode, u64 index)
{
	pfn_t pfn = xa_page(m, inode_at(m, inode)->pages, index);

	return pfn ? pfn : PFN_NONE;
}

u64 twin_other_page(struct machine *m, handle_t vma, bool (*may)(void *arg, pfn_t pfn), void *arg)
{
	const struct vma *v = vma_at(m, vma);
	const struct inode *i = v->file ? inode_at(m, file_at(m, v->file)->inode) : NULL;
	u64 end = i ? PAGE_ALIGN(i->size) >> PAGE_SHIFT : 0, n;

	n = end > v->pgoff ? end - v->pgoff : 0;
	for (n = n < vma_pages(v) ? n : vma_pages(v); n-- > 0;) {
		const pte_t *pte = pte_find(m, mm_at(m, v->mm), addr_vpn(v->start) + n);
		pfn_t pfn = xa_page(m, i->pages, v->pgoff + n);

		if (!(pte && *pte) && (!pfn || may(arg, pfn)))
			return n;
	}
	return UINT64_MAX;
}

bool twin_change_page(struct machine *m, handle_t vma, u64 page, u64 other)
{
	const struct vma *v = vma_at(m, vma);
	u64 vpn = addr_vpn(v->start) + page, dirty = 0;
	pte_t *pte = pte_find(m, mm_at(m, v->mm), vpn), old;
	struct page *p;

	if (!v->file || !pte || !pte_has_page(*pte) ||
	    page_mapping_type(pfn_to_page(m, pte_pfn(*pte))) != MAPPING_FILE)
		return false;
	if (other < vma_pages(v) && !put_file(m, vma, other, *pte & PTE_ACCESSED, &dirty))
		return false;
	/* tables may have moved */
	pte = pte_find(m, mm_at(m, v->mm), vpn);
	old = *pte;
	*pte = 0;
	p = pfn_to_page(m, pte_pfn(old));
	mm_at(m, v->mm)->rss[mm_counter(p)]--;
	page_remove_rmap(m, pte_pfn(old), p, v);
	return true;
}

/* ---- swap ---- */

/* A slot of @area that one entry holds; 0: none. */
static u32 take_slot(struct machine *m, u32 area)
{
	struct swap_state *s = &m->swap;
	u32 slot;

	if (area >= MAX_SWAPFILES || !s->area[area].in_use || !s->area[area].writeok ||
	    s->area[area].used_pages >= s->area[area].pages)
		return 0;
	/* it is its turn, whatever the priorities say */
	s->turn = area + 1;
	slot = get_swap_slot(m);
	s->turn = 0;
	if (slot)
		slot_at(m, slot)->count = 1;
	return slot;
}

static bool set_swap_entry(struct machine *m, const struct vma *v, u64 page, u32 slot, u64 bits)
{
	pte_t *pte = empty_entry(m, v, addr_vpn(v->start) + page);

	if (!pte)
		return false;
	*pte = swap_pte_of(m, slot) | bits | PTE_SOFT_DIRTY;
	mm_at(m, v->mm)->rss[MM_SWAPENTS]++;
	return true;
}

u32 twin_put_swapped(struct machine *m, handle_t vma, u64 page, u32 area, bool exclusive)
{
	const struct vma *v = vma_at(m, vma);
	u32 slot;

	if (page >= vma_pages(v) || !may_have_anon(v) || anon_vma_prepare(m, vma))
		return 0;
	slot = take_slot(m, area);
	if (slot && !set_swap_entry(m, v, page, slot, exclusive ? PTE_SWP_EXCLUSIVE : 0)) {
		swap_free(m, slot);
		return 0;
	}
	return slot;
}

bool twin_share_swapped(struct machine *m, handle_t vma, u64 page, u32 slot)
{
	const struct vma *v = vma_at(m, vma);

	if (page >= vma_pages(v) || !v->anon_vma || !set_swap_entry(m, v, page, slot, 0))
		return false;
	swap_duplicate(m, slot);
	return true;
}

bool twin_cache_swapped(struct machine *m, pfn_t pfn, u32 area)
{
	const struct page *p = pfn_to_page(m, pfn);
	u32 slot, shadow;

	if (page_mapping_type(p) != MAPPING_ANON || page_test(p, PG_swapcache))
		return false;
	slot = take_slot(m, area);
	if (!slot)
		return false;
	/* the swap cache holds it, no entry does */
	if (add_to_swap_cache(m, pfn, slot, &shadow)) {
		swap_free(m, slot);
		return false;
	}
	swap_free(m, slot);
	return true;
}

static bool read_back(struct machine *m, u32 slot)
{
	u32 shadow;
	pfn_t pfn;

	if (swap_cache_page(m, slot) != PFN_NONE)
		return false;
	pfn = alloc_pages(m, GFP_TWIN | __GFP_ZERO, 0, NUMA_NO_NODE);
	if (pfn == PFN_NONE)
		return false;
	if (add_to_swap_cache(m, pfn, slot, &shadow)) {
		free_pages(m, pfn, 0);
		return false;
	}
	page_set(pfn_to_page(m, pfn), PG_uptodate);
	lru_add(m, pfn);
	return true;
}

/* Shared memory's, from its end on, where twin_shmem_swapped() begins. */
static u64 read_back_shmem(struct machine *m, handle_t vma, u64 n)
{
	const struct vma *v = vma_at(m, vma);
	const struct inode *i = inode_at(m, file_at(m, v->file)->inode);
	u64 done = 0, looks = i->nrpages + i->nrswapped, page;

	for (page = vma_pages(v); page-- > 0 && done < n && looks-- && has_room(m, page);) {
		u32 entry = xa_load(m, i->pages, v->pgoff + page);

		if (xa_is_value(entry))
			done += read_back(m, entry & ~XA_VALUE);
	}
	return done;
}

u64 twin_read_back(struct machine *m, handle_t vma, u64 n)
{
	const struct vma *v = vma_at(m, vma);
	struct pte_walk w = pte_walk_range(mm_at(m, v->mm), addr_vpn(v->start), addr_vpn(v->end));
	u64 done = v->kind == VMA_SHMEM ? read_back_shmem(m, vma, n) : 0;
	u32 i;

	while (done < n && pte_walk_next(m, &w))
		for (i = 0; i < w.n && done < n && has_room(m, done); i++)
			if (!pte_present(w.pte[i]) && w.pte[i] & PTE_SWAP)
				done += read_back(m, swap_pte_slot(m, w.pte[i]));
	return done;
}

u64 twin_shmem_swapped(struct machine *m, handle_t vma, u64 n, u32 area)
{
	const struct vma *v = vma_at(m, vma);
	struct inode *i = v->file ? inode_at(m, file_at(m, v->file)->inode) : NULL;
	bool writable = (v->flags & (VM_SHARED | VM_WRITE)) == VM_WRITE;
	u64 done = 0, page;

	if (!i || i->kind != INODE_SHMEM)
		return 0;
	for (page = vma_pages(v); page-- > 0 && done < n;) {
		const pte_t *pte = pte_find(m, mm_at(m, v->mm), addr_vpn(v->start) + page);
		u64 index = v->pgoff + page;
		u32 slot;

		/* of what it has itself a mapping shows the file's only if it may not write
		 * (mm/pagewalk.c) */
		if ((pte && *pte && writable) || xa_load(m, i->pages, index))
			continue;
		slot = take_slot(m, area);
		if (!slot)
			break;
		if (xa_store(m, &i->pages, index, XA_VALUE | slot)) {
			swap_free(m, slot);
			break;
		}
		i->nrswapped++;
		if (i->flags & INODE_NORESERVE) {
			i->nr_shmem_charged++;
			m->mms.committed_as++;
		}
		if (i->size < (index + 1) << PAGE_SHIFT)
			i->size = (index + 1) << PAGE_SHIFT;
		done++;
	}
	return done;
}

/* ---- looking ---- */

void twin_visit(struct machine *m, handle_t vma,
		void (*fn)(void *arg, u64 page, pfn_t pfn, const struct page *p), void *arg)
{
	const struct vma *v = vma_at(m, vma);
	struct pte_walk w = pte_walk_range(mm_at(m, v->mm), addr_vpn(v->start), addr_vpn(v->end));
	u32 i;

	while (pte_walk_next(m, &w))
		for (i = 0; i < w.n; i++)
			if (pte_has_page(w.pte[i]))
				fn(arg, w.vpn + i - addr_vpn(v->start), pte_pfn(w.pte[i]),
				   pfn_to_page(m, pte_pfn(w.pte[i])));
}

/* ---- the hidden holder ---- */

/* A mapping of the holder like pages @first to @first + @n of @vma. */
static int hold_mapping(struct machine *m, handle_t holder, u64 at, handle_t vma, u64 first, u64 n,
			handle_t *out)
{
	const struct vma *v = vma_at(m, vma);
	struct twin_mapping w = { .start = at,
				  .end = at + (n << PAGE_SHIFT),
				  .pgoff = v->pgoff + first,
				  .flags = VM_READ | VM_MAYREAD,
				  .kind = (enum vma_kind)v->kind,
				  .inode = v->file ? file_at(m, v->file)->inode : 0 };
	int error;

	if (!v->file && v->kind != VMA_VDSO)
		w.kind = VMA_ANON;
	error = twin_map(m, holder, &w, out);
	if (!error && vma_at(m, vma)->anon_vma)
		error = anon_vma_fork(m, *out, vma);
	return error;
}

/* The page that @from has at @page is the holder's too, at @to. */
static bool hold_page(struct machine *m, handle_t vma, u64 page, handle_t held, u64 to)
{
	const struct vma *v = vma_at(m, vma), *h = vma_at(m, held);
	pte_t *src = pte_find(m, mm_at(m, v->mm), addr_vpn(v->start) + page), *pte;
	struct page *p;
	pfn_t pfn;

	if (!src || !pte_has_page(*src))
		return true;
	pfn = pte_pfn(*src);
	p = pfn_to_page(m, pfn);
	if (page_mapping_type(p) == MAPPING_ANON) {
		if (!add_sharer(m, h, to, pfn, PTE_PRESENT | PTE_USER | PTE_DIRTY))
			return false;
		*pte_find(m, mm_at(m, v->mm), addr_vpn(v->start) + page) &= ~PTE_WRITE;
		return true;
	}
	pte = empty_entry(m, h, addr_vpn(h->start) + to);
	if (!pte)
		return false;
	*pte = pte_make(pfn, PTE_PRESENT | PTE_USER);
	mm_at(m, h->mm)->rss[mm_counter(p)]++;
	page_add_file_rmap(m, pfn, h);
	return true;
}

int twin_hold(struct machine *m, handle_t holder, u64 *at, handle_t vma, u64 first, u64 n,
	      const u16 *times)
{
	u32 level, most = 0;
	handle_t held;
	u64 i;
	int error;

	for (i = 0; i < n; i++)
		most = times[i] > most ? times[i] : most;
	for (level = 1; level <= most; level++) {
		if (*at + ((n + 1) << PAGE_SHIFT) > TASK_SIZE_X86_64)
			return -ENOMEM;
		error = hold_mapping(m, holder, *at, vma, first, n, &held);
		if (error)
			return error;
		*at += (n + 1) << PAGE_SHIFT;
		for (i = 0; i < n; i++)
			if (times[i] >= level &&
			    (!has_room(m, i) || !hold_page(m, vma, first + i, held, i)))
				return -ENOMEM;
	}
	return 0;
}

u64 twin_hold_file(struct machine *m, handle_t holder, u64 *at, handle_t inode, u64 n)
{
	struct twin_mapping w = { .start = *at,
				  .end = *at + (n << PAGE_SHIFT),
				  .flags = VM_READ | VM_MAYREAD,
				  .kind = VMA_FILE,
				  .inode = inode };
	struct twin_stretch s = { .n = n };

	if (!n || twin_map(m, holder, &w, &s.vma))
		return 0;
	*at = w.end + PAGE_SIZE;
	return twin_put_file(m, &s);
}

u64 twin_hold_anon(struct machine *m, handle_t holder, u64 *at, u64 n, u64 span, bool accounted)
{
	struct twin_mapping w = { .start = *at,
				  .end = *at + (span << PAGE_SHIFT),
				  .pgoff = *at >> PAGE_SHIFT,
				  .flags = VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE |
					   (accounted ? VM_ACCOUNT : 0),
				  .kind = VMA_ANON };
	struct twin_stretch s = { .n = n, .dirty = n };

	if (!span || twin_map(m, holder, &w, &s.vma))
		return 0;
	*at = w.end + PAGE_SIZE;
	return n ? twin_put_own(m, &s) : 0;
}

u64 twin_hold_swapped(struct machine *m, handle_t holder, u64 *at, u64 n, u32 area)
{
	struct twin_mapping w = { .start = *at,
				  .end = *at + (n << PAGE_SHIFT),
				  .pgoff = *at >> PAGE_SHIFT,
				  .flags = VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE,
				  .kind = VMA_ANON };
	handle_t vma;
	u64 i;

	if (!n || twin_map(m, holder, &w, &vma))
		return 0;
	*at = w.end + PAGE_SIZE;
	for (i = 0; i < n && has_room(m, i); i++)
		if (!twin_put_swapped(m, vma, i, area, true))
			break;
	return i;
}
