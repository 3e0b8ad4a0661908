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

#include <string.h>

#include "mm/swapfile.h"
#include "mm/tlb.h"

struct walk {
	pfn_t pfn;
	u64 index;
	bool (*fn)(struct machine *m, handle_t vma, u64 addr, void *arg);
	void *arg;
	u32 left; /* entries not yet seen: of thousands of VMAs few may have the page */
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
	struct walk *w = arg;
	const struct vma *v = vma_at(m, h);
	u64 vpn = addr_vpn(v->start) + (w->index - v->pgoff);
	const pte_t *pte = entry_at(m, v, vpn);

	if (!pte || !pte_has_page(*pte) || pte_pfn(*pte) != w->pfn)
		return true;
	w->left--;
	return w->fn(m, h, vpn << PAGE_SHIFT, w->arg) && w->left;
}

/* The one VMA that may map @p; 0: there are more. */
static handle_t only_vma(const struct machine *m, const struct page *p)
{
	if (page_mapping_type(p) == MAPPING_ANON) {
		const struct anon_vma_chain *c =
			avc_at(m, anon_vma_at(m, page_mapping(p))->rb_root);

		return c->rb.left || c->rb.right ? 0 : c->vma;
	}
	if (page_mapping_type(p) == MAPPING_FILE) {
		handle_t h = inode_at(m, page_mapping(p))->i_mmap;
		const struct vma *v = vma_at(m, h);

		return v->shared.left || v->shared.right ? 0 : h;
	}
	return 0;
}

/*
 * Nearly every page has one entry, in the one VMA that may map it: no tree to walk. False if it is
 * not that simple.
 */
static bool look_up_only(struct machine *m, const struct page *p, struct rmap_only *o)
{
	const struct vma *v;
	u64 offset;

	o->pte = NULL;
	if (unlikely(p->mapcount != 1))
		return false;
	o->vma = only_vma(m, p);
	v = vma_at(m, o->vma);
	offset = page_index(p) - v->pgoff;
	if (!o->vma || offset >= vma_pages(v))
		return false;
	o->vpn = addr_vpn(v->start) + offset;
	o->pte = pte_find(m, mm_at(m, v->mm), o->vpn);
	return o->pte;
}

static inline bool maps(const pte_t *pte, pfn_t pfn)
{
	return likely(pte_has_page(*pte) && pte_pfn(*pte) == pfn);
}

static inline __attribute__((always_inline)) bool find_only(struct machine *m, pfn_t pfn,
							    const struct page *p,
							    struct rmap_only *o)
{
	const struct rmap_batch *b = &m->reclaim.batch;

	if (likely(b->pfn[b->at] == pfn)) {
		*o = b->only[b->at];
		return o->pte && p->mapcount == 1;
	}
	return look_up_only(m, p, o) && maps(o->pte, pfn);
}

/* The tables of the entries that map the pages of @b; 0: none, or it is not that simple. */
static void find_tables(struct machine *m, struct rmap_batch *b, u32 nr, handle_t *table)
{
	u32 mapping = 0, i;
	handle_t vma = 0, found = 0;
	u64 first = 0, vpn = 0, pages = 0, in_chunk = UINT64_MAX; /* no vpn's */
	struct mm *mm = NULL;

	for (i = 0; i < nr; i++) {
		const struct page *p = pfn_to_page(m, b->pfn[i]);
		struct rmap_only *o = &b->only[i];

		table[i] = 0;
		o->pte = NULL;
		if (p->mapcount != 1)
			continue;
		if (p->mapping != mapping) {
			const struct vma *v = vma_at(m, vma = only_vma(m, p));

			mapping = p->mapping;
			first = v->pgoff;
			vpn = addr_vpn(v->start);
			pages = vma ? vma_pages(v) : 0;
			mm = mm_at(m, v->mm);
			in_chunk = UINT64_MAX;
		}
		if (page_index(p) - first >= pages)
			continue;
		o->vma = vma;
		o->vpn = vpn + (page_index(p) - first);
		if (o->vpn / PTE_CHUNK != in_chunk) {
			in_chunk = o->vpn / PTE_CHUNK;
			found = pte_table_find(m, mm, o->vpn);
			__builtin_prefetch(table_chunk(m, found, o->vpn));
		}
		table[i] = found;
	}
}

#define NO_TABLE UINT32_MAX

/* Entries lie all over the page tables: the host fetches them at once, not one after the other. */
void rmap_batch_begin(struct machine *m, const pfn_t *pfn, u32 nr)
{
	struct rmap_batch *b = &m->reclaim.batch;
	handle_t table[SWAP_CLUSTER_MAX], last = NO_TABLE;
	pte_t *chunk = NULL;
	u64 last_vpn = 0;
	u32 i;

	m->reclaim.active = true;
	memcpy(b->pfn, pfn, nr * sizeof(*pfn));
	find_tables(m, b, nr, table);
	for (i = 0; i < nr; i++) {
		u64 vpn = b->only[i].vpn;

		if (table[i] != last || (vpn ^ last_vpn) / PTE_CHUNK) {
			chunk = table[i] ? table_pte(m, table[i], vpn & ~(u64)(PTE_CHUNK - 1)) :
					   NULL;
			last = chunk ? table[i] : NO_TABLE;
			last_vpn = vpn;
			if (!chunk)
				continue;
			__builtin_prefetch(&chunk[vpn % PTE_CHUNK], 1);
		}
		b->only[i].pte = &chunk[vpn % PTE_CHUNK];
	}
}

void rmap_batch_end(struct machine *m)
{
	m->reclaim.batch.at = 0;
	m->reclaim.batch.pfn[0] = PFN_NONE;
	m->reclaim.active = false;
}

void rmap_walk(struct machine *m, pfn_t pfn,
	       bool (*fn)(struct machine *m, handle_t vma, u64 addr, void *arg), void *arg)
{
	const struct page *p = pfn_to_page(m, pfn);
	struct walk w = { pfn, page_index(p), fn, arg, p->mapcount };
	struct rmap_only only;

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

static bool referenced_one(struct machine *m, handle_t h, u64 addr, void *arg)
{
	const struct vma *v = vma_at(m, h);

	return referenced_entry(v, entry_of(m, v, addr), arg);
}

u32 page_referenced(struct machine *m, pfn_t pfn, u32 *vm_flags)
{
	struct page *p = pfn_to_page(m, pfn);
	struct rmap_referenced r = { 0, 0 };
	struct rmap_only only;

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
	if (v->flags & VM_HUGETLB)
		tlb_flush_leaves(m, mm_at(m, v->mm), addr_vpn(addr), addr_vpn(addr) + 1, PT_PMD);
	else
		tlb_flush_page(m, mm_at(m, v->mm), addr_vpn(addr));
	return true;
}

u32 rmap_repoint(struct machine *m, pfn_t from, pfn_t to, bool *dirty)
{
	struct repoint r = { to, 0, false };
	struct rmap_only only;

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

/* What unmap_entry() comes to for the only entry of an anonymous page that has a slot: nearly
 * always. */
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
	struct rmap_only only;

	if (unlikely(!find_only(m, pfn, p, &only)))
		rmap_walk(m, pfn, unmap_one, &u);
	else if (likely(swap && page_test(p, PG_swapbacked) &&
			!(vma_at(m, only.vma)->flags & VM_LOCKED)))
		swap_out_entry(m, vma_at(m, only.vma), only.pte, p, swap);
	else
		unmap_entry(m, vma_at(m, only.vma), only.pte, p, &u);
	return !p->mapcount;
}
