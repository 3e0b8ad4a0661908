/*
 * swap_unuse.c - swapoff: everything comes back.
 *
 *	shared memory     each index that holds a slot of the area: its page again
 *	address spaces    each entry that does: mapped again
 *	swap cache        what is left are pages that nobody needs the slot of
 *
 * Over and over, until no slot is in use: meanwhile, at the safe points, processes fork, move their
 * mappings and end. Pages come in with the area's own read-ahead, but the memory for them may not
 * cost anybody's life: on Linux the caller of swapoff is the first to be killed, here the call
 * fails. What has come back by then stays in memory.
 */
#include <errno.h>

#include "mm/fault.h"
#include "mm/filemap.h"
#include "mm/rmap.h"
#include "mm/swapfile.h"

#define GFP_UNUSE    (GFP_HIGHUSER_MOVABLE | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)
#define UNUSE_STEP   64u /* pages between two safe points */
#define UNUSE_LOOKED 4096u

/* Where it has got to. Address spaces are told by their id, which grows from one to the next. */
struct unuse {
	u32 area;
	u64 mm_id, vpn;
	handle_t mm;
	u32 pages, looked; /* since the last safe point */
};

static bool area_busy(const struct machine *m, u32 area)
{
	return m->swap.area[area].used_pages;
}

static bool entry_of_area(pte_t pte, u32 area)
{
	return !pte_present(pte) && pte & PTE_SWAP &&
	       (pte >> PTE_SWAP_TYPE_SHIFT) % PTE_SWAP_TYPES == area;
}

static int unuse_pause(struct machine *m, struct unuse *u)
{
	if (u->pages < UNUSE_STEP && u->looked < UNUSE_LOOKED)
		return 0;
	u->pages = u->looked = 0;
	return machine_safe_point(m) ? 0 : -EINTR;
}

/* The page of @slot, read if need be, and at rest. */
static int unuse_slot(struct machine *m, u32 slot, handle_t vma, u64 vpn, pfn_t *pfn)
{
	*pfn = swap_lookup(m, slot, vma_at(m, vma), vpn);
	if (*pfn == PFN_NONE)
		*pfn = swapin_readahead(m, slot, GFP_UNUSE, vma, vpn);
	if (*pfn == PFN_NONE)
		return -ENOMEM;
	if (!wait_for_swap_page(m, *pfn))
		return -EIO;
	wait_on_page_writeback(m, *pfn);
	return 0;
}

/* ---- address spaces ---- */

static int unuse_entry(struct machine *m, struct unuse *u, handle_t vma, u64 vpn)
{
	struct vma *v = vma_at(m, vma);
	pte_t *pte = pte_find(m, mm_at(m, v->mm), vpn), old = *pte;
	pfn_t pfn;
	int error = unuse_slot(m, pte_swap_slot(m, old), vma, vpn, &pfn);

	pte = pte_find(m, mm_at(m, v->mm), vpn);
	if (!pte || *pte != old)
		return 0; /* gone meanwhile */
	if (error)
		return error;
	map_swapped_page(m, v, pte, vpn, pfn, false);
	try_to_free_swap(m, pfn);
	u->pages++;
	return 0;
}

/* On from u->vpn in one mapping, as far as it goes before the next safe point. */
static int unuse_vma(struct machine *m, struct unuse *u, handle_t vma, u64 end)
{
	struct mm *mm = mm_at(m, vma_at(m, vma)->mm);
	struct pte_walk w = pte_walk_range(mm, u->vpn, end);
	u32 i;
	int error;

	while (pte_walk_next(m, &w)) {
		for (i = 0; i < w.n; i++) {
			u->vpn = w.vpn + i;
			if (!entry_of_area(w.pte[i], u->area))
				continue;
			error = unuse_entry(m, u, vma, u->vpn);
			if (error)
				return error;
		}
		u->vpn = w.vpn + w.n;
		u->looked += w.n;
		if (u->pages >= UNUSE_STEP || u->looked >= UNUSE_LOOKED)
			return 0;
	}
	u->vpn = end;
	return 0;
}

/* The mapping to go on with, 0: this address space is done. */
static handle_t next_mapping(struct machine *m, struct unuse *u)
{
	handle_t h = find_vma(m, u->mm, u->vpn << PAGE_SHIFT);

	while (h && !vma_at(m, h)->anon_vma)
		h = vma_at(m, h)->next;
	if (h && addr_vpn(vma_at(m, h)->start) > u->vpn)
		u->vpn = addr_vpn(vma_at(m, h)->start);
	return h;
}

static int unuse_mm(struct machine *m, struct unuse *u)
{
	handle_t h;
	int error = 0;

	while (!error && mm_at(m, u->mm)->rss[MM_SWAPENTS] && (h = next_mapping(m, u))) {
		error = unuse_vma(m, u, h, addr_vpn(vma_at(m, h)->end));
		if (!error)
			error = unuse_pause(m, u);
		/* its handle may have been given to another one at the safe point */
		if (!error && mm_at(m, u->mm)->id != u->mm_id)
			return 0;
	}
	return error;
}

/* The address space behind u->mm, which may have ended at a safe point: then the list, where the
 * younger ones come later, is searched. */
static handle_t next_mm(struct machine *m, const struct unuse *u)
{
	handle_t h = m->mms.mm_head;

	if (u->mm && mm_is_live(m, u->mm, u->mm_id))
		return mm_at(m, u->mm)->next;
	while (h && mm_at(m, h)->id <= u->mm_id)
		h = mm_at(m, h)->next;
	return h;
}

static int unuse_mms(struct machine *m, struct unuse *u)
{
	int error = 0;

	u->mm = 0;
	u->mm_id = 0;
	while (!error && area_busy(m, u->area) && (u->mm = next_mm(m, u))) {
		u->mm_id = mm_at(m, u->mm)->id;
		u->vpn = 0;
		u->looked++;
		error = unuse_mm(m, u);
		if (!error)
			error = unuse_pause(m, u);
	}
	return error;
}

/* ---- shared memory ---- */

static int unuse_inode(struct machine *m, struct unuse *u, handle_t inode)
{
	u64 index = 0;
	u32 entry;
	int error = 0;

	for (; !error && inode_at(m, inode)->nrswapped; index++) {
		entry = xa_find(m, inode_at(m, inode)->pages, &index, UINT64_MAX);
		if (!entry)
			break;
		u->looked++;
		if (!xa_is_value(entry) ||
		    slot_area(m, entry & ~XA_VALUE) != &m->swap.area[u->area])
			continue;
		error = shmem_unuse(m, inode, index, GFP_UNUSE);
		u->pages++;
		if (!error)
			error = unuse_pause(m, u);
	}
	return error;
}

static int unuse_shmem(struct machine *m, struct unuse *u)
{
	handle_t h, next;
	int error = 0;

	for (h = m->mms.inode_head; !error && h; h = next) {
		if (inode_at(m, h)->kind != INODE_SHMEM || !inode_at(m, h)->nrswapped) {
			next = inode_at(m, h)->next;
			continue;
		}
		inode_get(m, h); /* it may be unmapped at a safe point */
		error = unuse_inode(m, u, h);
		next = inode_at(m, h)->next;
		inode_put(m, h);
	}
	return error;
}

/* ---- the swap cache ---- */

static void unuse_cached(struct machine *m, pfn_t pfn)
{
	struct page *p = pfn_to_page(m, pfn);

	wait_on_page_locked(m, pfn);
	wait_on_page_writeback(m, pfn);
	if (swap_count(m, page_swap_slot(m, pfn)))
		return;
	if (p->mapcount)
		try_to_free_swap(m, pfn);
	else
		free_anon_page(m, pfn);
}

static int unuse_cache(struct machine *m, struct unuse *u)
{
	const struct swap_area *a = &m->swap.area[u->area];
	u32 cluster, i, slot;
	int error = 0;

	for (cluster = a->first; !error && cluster < a->fresh && a->used_pages; cluster++) {
		for (i = 0; i < SWAP_CLUSTER_SLOTS && cluster_at(m, cluster)->slots; i++) {
			slot = cluster << SWAP_CLUSTER_SHIFT | i;
			u->looked++;
			if (swap_slot_in_use(m, slot) && swap_cache_page(m, slot) != PFN_NONE)
				unuse_cached(m, swap_cache_page(m, slot));
		}
		error = unuse_pause(m, u);
	}
	return error;
}

int try_to_unuse(struct machine *m, u32 area)
{
	struct unuse u = { .area = area };
	int error = 0;

	while (!error && area_busy(m, area)) {
		error = unuse_shmem(m, &u);
		if (!error)
			error = unuse_mms(m, &u);
		if (!error)
			error = unuse_cache(m, &u);
		/* what is left moved at a safe point: there may be others to let in */
		if (!error && area_busy(m, area) && !machine_safe_point(m))
			error = -EINTR;
	}
	return error;
}
