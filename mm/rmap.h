/*
 * rmap.h - a page gains and loses mappers: mapcount, AnonPages, Mapped. Walks: mm/rmap.c.
 */
#ifndef MM_RMAP_H
#define MM_RMAP_H

#include "mm/lru.h"
#include "mm/pgtable.h"
#include "mm/vma.h"

/**
 * page_add_new_anon() - a page nobody has seen becomes the one copy that @v maps at @index.
 * Written out, because nothing runs more often: it does what lru_insert() does for the inactive
 * anonymous list.
 */
static inline void page_add_new_anon(struct machine *m, pfn_t pfn, const struct vma *v, u64 index)
{
	struct page *p = pfn_to_page(m, pfn);
	struct pglist_data *n = page_node(m, p);

	p->flags |= PAGE_FLAG(uptodate) | PAGE_FLAG(swapbacked) | PAGE_FLAG(anon_exclusive);
	page_set_mapping(p, v->anon_vma, MAPPING_ANON);
	page_set_index(p, index);
	/* nobody can have pinned it: said here, it is one store */
	p->mapcount = 1;
	p->pins = 0;
	mod_node_page_state(m, n, NR_ANON_PAGES, 1);
	if (unlikely((v->flags & (VM_LOCKED | VM_SPECIAL)) == VM_LOCKED)) {
		mlock_new_page(m, pfn);
		return;
	}
	p->flags |= PAGE_FLAG(lru);
	mod_node_page_state(m, n, NR_INACTIVE_ANON, 1);
	mod_zone_page_state(m, &n->zones[p->zone], NR_ZONE_INACTIVE_ANON, 1);
	pagevec_add(m, &n->lruvec.lists[LRU_INACTIVE_ANON], pfn);
}

/**
 * page_add_anon_rmap() - a page that was in swap is mapped again. One that nobody else maps belongs
 * to all who may have it, the root's family, or, @exclusive, to @v alone.
 */
static inline void page_add_anon_rmap(struct machine *m, pfn_t pfn, const struct vma *v, u64 index,
				      bool exclusive)
{
	struct page *p = pfn_to_page(m, pfn);

	if (!p->mapcount++) {
		mod_node_page_state(m, page_node(m, p), NR_ANON_PAGES, 1);
		page_set_mapping(p, exclusive ? v->anon_vma : anon_vma_at(m, v->anon_vma)->root,
				 MAPPING_ANON);
		page_set_index(p, index);
	}
	if (exclusive)
		page_set(p, PG_anon_exclusive);
	if (unlikely((v->flags & (VM_LOCKED | VM_SPECIAL)) == VM_LOCKED))
		mlock_page(m, pfn);
}

/** page_add_file_rmap() - one more entry maps a page of the page cache (or of the vdso). */
static inline void page_add_file_rmap(struct machine *m, pfn_t pfn, const struct vma *v)
{
	struct page *p = pfn_to_page(m, pfn);

	if (!p->mapcount++)
		mod_node_page_state(m, page_node(m, p), NR_MAPPED, 1);
	if (unlikely((v->flags & (VM_LOCKED | VM_SPECIAL)) == VM_LOCKED))
		mlock_page(m, pfn);
}

/** page_remove_rmap() - one entry less; an anonymous page that has none left is freed by the
 * caller. */
static inline void page_remove_rmap(struct machine *m, pfn_t pfn, struct page *p,
				    const struct vma *v)
{
	bool anon = page_mapping_type(p) == MAPPING_ANON;

	if (!--p->mapcount)
		mod_node_page_state(m, page_node(m, p), anon ? NR_ANON_PAGES : NR_MAPPED, -1);
	if (unlikely((v->flags & (VM_LOCKED | VM_SPECIAL)) == VM_LOCKED))
		munlock_page(m, pfn);
}

/** rmap_repoint() - every entry that maps @from maps @to from now on, its flags as they are
 * (mm/rmap.c). How many did; *@dirty: one of them was. The counts of the pages are the caller's. */
u32 rmap_repoint(struct machine *m, pfn_t from, pfn_t to, bool *dirty);

/**
 * rmap_batch_begin() - reclaim works on these pages, up to SWAP_CLUSTER_MAX, until
 * rmap_batch_end(): where each of them is mapped is looked up at once. rmap_batch_at() - the next
 * one is number @i. In between no mapping and no page table comes or goes, and what is allocated
 * comes from the reserves.
 */
void rmap_batch_begin(struct machine *m, const pfn_t *pfn, u32 nr);
void rmap_batch_end(struct machine *m);

static inline const struct rmap_only *rmap_batch_at(struct machine *m, u32 i)
{
	struct rmap_only *only = &m->reclaim.batch.only[i];

	m->reclaim.batch.at = i;
	if (only->pte &&
	    unlikely(!pte_has_page(*only->pte) || pte_pfn(*only->pte) != m->reclaim.batch.pfn[i]))
		only->pte = NULL;
	return only;
}

/* What the entries of a page say about its use, and the flags of the mappings that used it. */
struct rmap_referenced {
	u32 count, vm_flags;
};

/* False: nothing more need be known. */
static inline bool referenced_entry(const struct vma *v, u64 *pte, struct rmap_referenced *r)
{
	if (unlikely(v->flags & VM_LOCKED)) {
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

/** page_referenced_now() - page_referenced(), of the page that is being worked on, most likely. */
static inline u32 page_referenced_now(struct machine *m, pfn_t pfn, struct page *p, u32 *vm_flags)
{
	const struct rmap_batch *b = &m->reclaim.batch;
	const struct rmap_only *only = &b->only[b->at];
	struct rmap_referenced r = { 0, 0 };

	/* it is mapped once, or the batch would know no entry */
	if (unlikely(b->pfn[b->at] != pfn || !only->pte || p->flags & PAGE_FLAG(young)))
		return page_referenced(m, pfn, vm_flags);
	referenced_entry(vma_at(m, only->vma), only->pte, &r);
	p->flags &= ~PAGE_FLAG(idle);
	*vm_flags = r.vm_flags;
	return r.count;
}

/** mm_counter() - which line of rss a mapped page belongs to. */
static inline enum mm_counter mm_counter(const struct page *p)
{
	if (page_mapping_type(p) == MAPPING_ANON)
		return MM_ANONPAGES;
	return page_test(p, PG_swapbacked) ? MM_SHMEMPAGES : MM_FILEPAGES;
}

#endif
