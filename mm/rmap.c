/*
 * rmap.c - from a page to every entry that maps it.
 *
 *	anonymous page --> anon_vma's tree --\
 *	file page      --> inode's i_mmap  ---+--> VMA, address = start + (index - pgoff) --> entry
 *
 * The trees say who may map the page; the entry says whether it does. So a walk looks the entry up
 * and skips the VMA if it holds something else, e.g. its own copy after a write.
 */
#include "mm/rmap.h"
#include "mm/swapfile.h"
#include "mm/tlb.h"

struct walk {
	pfn_t pfn;
	u64 index;
	bool (*fn)(struct machine *m, handle_t vma, u64 addr, void *arg);
	void *arg;
};

/* The entry of @vpn, also of a huge page; NULL: none. */
static pte_t *entry_at(struct machine *m, const struct vma *v, u64 vpn)
{
	enum pt_level level;

	if (unlikely(v->flags & VM_HUGETLB))
		return huge_pte_find(m, mm_at(m, v->mm), vpn, &level);
	return pte_find(m, mm_at(m, v->mm), vpn);
}

static bool visit(struct machine *m, handle_t h, void *arg)
{
	const struct walk *w = arg;
	const struct vma *v = vma_at(m, h);
	u64 vpn = addr_vpn(v->start) + (w->index - v->pgoff);
	const pte_t *pte = entry_at(m, v, vpn);

	if (!pte || !pte_has_page(*pte) || pte_pfn(*pte) != w->pfn)
		return true;
	return w->fn(m, h, vpn << PAGE_SHIFT, w->arg);
}

/* The one entry that maps a page. */
struct only {
	handle_t vma;
	u64 vpn;
	pte_t *pte;
};

/* @p's anon_vma has one VMA only: note it, and the chunk that has the entry. */
static __attribute__((noinline)) bool memo_fill(struct machine *m, const struct page *p,
						struct rmap_memo *r)
{
	handle_t root = anon_vma_at(m, page_mapping(p))->rb_root;
	const struct anon_vma_chain *c = avc_at(m, root);
	u64 offset, vpn, before, after;
	const struct vma *v;
	pte_t *pte;

	if (!root || c->rb.left || c->rb.right)
		return false;
	v = vma_at(m, c->vma);
	offset = page_index(p) - v->pgoff;
	if (offset >= vma_pages(v))
		return false;
	vpn = addr_vpn(v->start) + offset;
	pte = pte_find(m, mm_at(m, v->mm), vpn);
	if (!pte)
		return false;
	before = min_t(u64, vpn % PTE_CHUNK, offset);
	after = min_t(u64, PTE_CHUNK - vpn % PTE_CHUNK, vma_pages(v) - offset);
	*r = (struct rmap_memo){ .mapping = p->mapping,
				 .vma = c->vma,
				 .index = page_index(p) - before,
				 .nr = before + after,
				 .vpn = vpn - before,
				 .pte = pte - before };
	return true;
}

/*
 * Nearly every anonymous page has one entry, in the one VMA of its anon_vma: no tree to walk. False if it
 * is not that simple. While a batch is being reclaimed no VMA and no chunk comes or goes.
 */
static inline __attribute__((always_inline)) bool find_only(struct machine *m, pfn_t pfn,
							    const struct page *p, struct only *o)
{
	struct rmap_memo *r = &m->reclaim.rmap;
	u64 at = page_index(p) - r->index;

	if (unlikely(p->mapcount != 1 || page_mapping_type(p) != MAPPING_ANON))
		return false;
	if (unlikely(p->mapping != r->mapping || at >= r->nr || !m->reclaim.active)) {
		if (!memo_fill(m, p, r))
			return false;
		at = page_index(p) - r->index;
	}
	o->vma = r->vma;
	o->vpn = r->vpn + at;
	o->pte = r->pte + at;
	return likely(pte_has_page(*o->pte) && pte_pfn(*o->pte) == pfn);
}

void rmap_walk(struct machine *m, pfn_t pfn,
	       bool (*fn)(struct machine *m, handle_t vma, u64 addr, void *arg), void *arg)
{
	const struct page *p = pfn_to_page(m, pfn);
	struct walk w = { pfn, page_index(p), fn, arg };
	struct only only;

	if (!p->mapcount)
		return;
	if (likely(find_only(m, pfn, p, &only))) {
		fn(m, only.vma, only.vpn << PAGE_SHIFT, arg);
		return;
	}
	if (page_mapping_type(p) == MAPPING_ANON)
		anon_vma_visit(m, page_mapping(p), w.index, w.index, visit, &w);
	else if (page_mapping_type(p) == MAPPING_FILE)
		i_mmap_visit(m, page_mapping(p), w.index, w.index, visit, &w);
}

static pte_t *entry_of(struct machine *m, const struct vma *v, u64 addr)
{
	return entry_at(m, v, addr_vpn(addr));
}

/* ---- accessed ---- */

struct referenced {
	u32 count, vm_flags;
};

/* False: nothing more need be known. */
static inline bool referenced_entry(const struct vma *v, pte_t *pte, struct referenced *r)
{
	if (v->flags & VM_LOCKED) {
		r->vm_flags |= VM_LOCKED;
		return false;
	}
	if (!(*pte & PTE_ACCESSED))
		return true;
	*pte &= ~PTE_ACCESSED;
	/* a sequential reader will not be back */
	if (!(v->flags & VM_SEQ_READ)) {
		r->count++;
		r->vm_flags |= v->flags & ~VM_LOCKED;
	}
	return true;
}

static bool referenced_one(struct machine *m, handle_t h, u64 addr, void *arg)
{
	const struct vma *v = vma_at(m, h);

	return referenced_entry(v, entry_of(m, v, addr), arg);
}

u32 page_referenced(struct machine *m, pfn_t pfn, u32 *vm_flags)
{
	struct page *p = pfn_to_page(m, pfn);
	struct referenced r = { 0, 0 };
	struct only only;

	if (likely(find_only(m, pfn, p, &only)))
		referenced_entry(vma_at(m, only.vma), only.pte, &r);
	else
		rmap_walk(m, pfn, referenced_one, &r);
	if (unlikely(page_test(p, PG_young)))
		r.count++;
	p->flags &= ~(PAGE_FLAG(idle) | PAGE_FLAG(young));
	*vm_flags = r.vm_flags;
	return r.count;
}

/* ---- dirty ---- */

static bool mkclean_one(struct machine *m, handle_t h, u64 addr, void *arg)
{
	const struct vma *v = vma_at(m, h);
	pte_t *pte = entry_of(m, v, addr);

	if (v->flags & VM_SHARED) {
		*(bool *)arg |= (*pte & PTE_DIRTY) != 0;
		*pte &= ~(PTE_DIRTY | PTE_WRITE);
		tlb_flush_page(m, mm_at(m, v->mm), addr_vpn(addr));
	}
	return true;
}

bool page_mkclean(struct machine *m, pfn_t pfn)
{
	bool dirty = false;

	if (page_mapping_type(pfn_to_page(m, pfn)) == MAPPING_FILE)
		rmap_walk(m, pfn, mkclean_one, &dirty);
	return dirty;
}

/* ---- moving ---- */

struct repoint {
	pfn_t to;
	u32 nr;
	bool dirty;
};

/* The entry is written anew: a hint for NUMA balancing ends with it. */
static inline void repoint_entry(const struct vma *v, pte_t *pte, struct repoint *r)
{
	r->dirty |= (*pte & PTE_DIRTY) != 0;
	*pte = pte_make(r->to, (*pte & PTE_FLAGS) | (v->flags & VM_ACCESS_FLAGS ? PTE_USER : 0));
	r->nr++;
}

static bool repoint_one(struct machine *m, handle_t h, u64 addr, void *arg)
{
	const struct vma *v = vma_at(m, h);

	repoint_entry(v, entry_of(m, v, addr), arg);
	tlb_flush_page(m, mm_at(m, v->mm), addr_vpn(addr));
	return true;
}

u32 rmap_repoint(struct machine *m, pfn_t from, pfn_t to, bool *dirty)
{
	struct repoint r = { to, 0, false };
	struct only only;

	if (likely(find_only(m, from, pfn_to_page(m, from), &only))) {
		const struct vma *v = vma_at(m, only.vma);

		repoint_entry(v, only.pte, &r);
		tlb_flush_page(m, mm_at(m, v->mm), only.vpn);
	} else {
		rmap_walk(m, from, repoint_one, &r);
	}
	*dirty = r.dirty;
	return r.nr;
}

/* ---- unmapping ---- */

struct unmap {
	pfn_t pfn;
	u64 swap;
	bool refused;
};

/* What an anonymous page's entry becomes: 0 none (MADV_FREE, still clean), or the swap entry. */
static bool anon_replacement(struct machine *m, const struct unmap *u, struct page *p, pte_t pte,
			     u64 *to)
{
	if (page_test(p, PG_swapbacked)) {
		*to = u->swap | (pte & PTE_SOFT_DIRTY) |
		      (page_test(p, PG_anon_exclusive) ? PTE_SWP_EXCLUSIVE : 0);
		return u->swap != 0;
	}
	*to = 0;
	if (!(pte & PTE_DIRTY) && !page_test(p, PG_dirty))
		return true;
	/* written to after MADV_FREE: an ordinary page again */
	if (page_test(p, PG_lru)) {
		lru_remove(m, u->pfn, p);
		page_set(p, PG_swapbacked);
		lru_insert(m, u->pfn, p, false);
	} else {
		page_set(p, PG_swapbacked);
	}
	return false;
}

static bool unmap_entry(struct machine *m, const struct vma *v, pte_t *pte, struct page *p,
			struct unmap *u)
{
	struct mm *mm = mm_at(m, v->mm);
	bool anon = page_mapping_type(p) == MAPPING_ANON;
	u64 to = 0;

	if (v->flags & VM_LOCKED || (anon && !anon_replacement(m, u, p, *pte, &to))) {
		u->refused = true;
		return false;
	}
	update_hiwater_rss(mm);
	if (*pte & PTE_DIRTY && (!anon || to) && !page_test(p, PG_dirty))
		page_set_dirty(m, u->pfn);
	mm->rss[mm_counter(p)]--;
	if (to) {
		swap_slot_get(m, swap_pte_slot(m, to));
		mm->rss[MM_SWAPENTS]++;
		page_clear(p, PG_anon_exclusive);
	}
	*pte = to;
	tlb_flush_mm(m, mm);
	page_remove_rmap(m, u->pfn, p, v);
	return p->mapcount != 0;
}

static bool unmap_one(struct machine *m, handle_t h, u64 addr, void *arg)
{
	const struct vma *v = vma_at(m, h);
	struct unmap *u = arg;

	return unmap_entry(m, v, entry_of(m, v, addr), pfn_to_page(m, u->pfn), u);
}

/* What unmap_entry() comes to for the only entry of an anonymous page that has a slot: nearly always. */
static inline void swap_out_entry(struct machine *m, const struct vma *v, pte_t *pte,
				  struct page *p, u64 swap)
{
	struct mm *mm = mm_at(m, v->mm);
	const u32 dirtied = PAGE_FLAG(dirty) | PAGE_FLAG(reclaim);

	update_hiwater_rss(mm);
	swap |= *pte & PTE_SOFT_DIRTY;
	if (page_test(p, PG_anon_exclusive))
		swap |= PTE_SWP_EXCLUSIVE;
	if (*pte & PTE_DIRTY && !page_test(p, PG_dirty))
		p->flags = (p->flags & ~dirtied) | PAGE_FLAG(dirty);
	p->flags &= ~PAGE_FLAG(anon_exclusive);
	*pte = swap;
	tlb_flush_mm(m, mm);
	mm->rss[MM_ANONPAGES]--;
	mm->rss[MM_SWAPENTS]++;
	swap_slot_get(m, swap_pte_slot(m, swap));
	p->mapcount = 0;
	mod_node_page_state(m, page_node(m, p), NR_ANON_PAGES, -1);
}

bool try_to_unmap(struct machine *m, pfn_t pfn, u64 swap)
{
	struct page *p = pfn_to_page(m, pfn);
	struct unmap u = { pfn, swap, false };
	struct only only;

	if (unlikely(!find_only(m, pfn, p, &only)))
		rmap_walk(m, pfn, unmap_one, &u);
	else if (likely(swap && page_test(p, PG_swapbacked) &&
			!(vma_at(m, only.vma)->flags & VM_LOCKED)))
		swap_out_entry(m, vma_at(m, only.vma), only.pte, p, swap);
	else
		unmap_entry(m, vma_at(m, only.vma), only.pte, p, &u);
	return !p->mapcount;
}
