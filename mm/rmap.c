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

struct walk {
	pfn_t pfn;
	u64 index;
	bool (*fn)(struct machine *m, handle_t vma, u64 addr, void *arg);
	void *arg;
};

static bool visit(struct machine *m, handle_t h, void *arg)
{
	const struct walk *w = arg;
	const struct vma *v = vma_at(m, h);
	u64 vpn = addr_vpn(v->start) + (w->index - v->pgoff);
	const pte_t *pte = pte_find(m, mm_at(m, v->mm), vpn);

	if (!pte || !pte_has_page(*pte) || pte_pfn(*pte) != w->pfn)
		return true;
	return w->fn(m, h, vpn << PAGE_SHIFT, w->arg);
}

/* The one entry that maps a page. */
struct only {
	handle_t vma;
	const struct vma *v;
	u64 vpn;
	pte_t *pte;
};

/*
 * Nearly every anonymous page has one entry, in the one VMA of its anon_vma: no tree to walk. False if it
 * is not that simple.
 */
static inline __attribute__((always_inline)) bool find_only(struct machine *m, pfn_t pfn,
							    const struct page *p, struct only *o)
{
	const struct anon_vma_chain *c;
	handle_t root, table;
	u64 offset;

	if (unlikely(p->mapcount != 1 || page_mapping_type(p) != MAPPING_ANON))
		return false;
	root = anon_vma_at(m, page_mapping(p))->rb_root;
	c = avc_at(m, root);
	if (unlikely(!root || c->rb.left || c->rb.right))
		return false;
	o->vma = c->vma;
	o->v = vma_at(m, c->vma);
	offset = page_index(p) - o->v->pgoff;
	if (unlikely(offset >= vma_pages(o->v)))
		return false;
	o->vpn = addr_vpn(o->v->start) + offset;
	table = pte_table_find(m, mm_at(m, o->v->mm), o->vpn);
	if (unlikely(!table))
		return false;
	o->pte = table_pte(m, table, o->vpn);
	return likely(o->pte && pte_has_page(*o->pte) && pte_pfn(*o->pte) == pfn);
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
	return pte_find(m, mm_at(m, v->mm), addr_vpn(addr));
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
		referenced_entry(only.v, only.pte, &r);
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

static inline bool unmap_entry(struct machine *m, const struct vma *v, pte_t *pte, struct page *p,
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
	page_remove_rmap(m, u->pfn, p, v);
	return p->mapcount != 0;
}

static bool unmap_one(struct machine *m, handle_t h, u64 addr, void *arg)
{
	const struct vma *v = vma_at(m, h);
	struct unmap *u = arg;

	return unmap_entry(m, v, entry_of(m, v, addr), pfn_to_page(m, u->pfn), u);
}

bool try_to_unmap(struct machine *m, pfn_t pfn, u64 swap)
{
	struct page *p = pfn_to_page(m, pfn);
	struct unmap u = { pfn, swap, false };
	struct only only;

	if (likely(find_only(m, pfn, p, &only)))
		unmap_entry(m, only.v, only.pte, p, &u);
	else
		rmap_walk(m, pfn, unmap_one, &u);
	return !p->mapcount;
}
