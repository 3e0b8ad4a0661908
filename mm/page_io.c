/*
 * page_io.c - pages to and from swap areas, and reading ahead.
 *
 * Where places count (an area on a disk said to be rotational, as the reference's are), the slots around the one
 * that is needed are read with it: an aligned stretch of at most 2^page-cluster. Pages that were
 * put out together lie there. Without a seek the neighbours in the address space are worth more
 * than those on the disk, and vma_ra_enabled says that their slots are read instead, wherever they
 * lie.
 *
 * The window follows success. Each page that was read ahead and then used is a hit; as many as
 * there were since the last read, and two more, rounded up to a power of two, are read now. Without
 * a hit only a fault beside the last one reads two, others the one page. A window shrinks to half
 * at a time. Source: Documentation/admin-guide/sysctl/vm.rst (page-cluster),
 * ABI/testing/sysfs-kernel-mm-swap.
 */
#include <errno.h>
#include <mman/writeback.h>

#include "mm/blk.h"
#include "mm/filemap.h"
#include "mm/rmap.h"
#include "mm/swapfile.h"

#define RA_FIRST_HITS	4u /* what the first read is given */
#define RA_CLUSTER_MAX	10 /* window at most, as a power of two: by slots, by addresses */
#define RA_VMA_MAX	5
#define RA_VMA_HITS_MAX 63u

/* ---- out ---- */

int swap_writepage(struct machine *m, pfn_t pfn)
{
	struct page *p = pfn_to_page(m, pfn);
	u32 slot = *page_slot(m, pfn);
	handle_t contents;

	if (unlikely(!swap_slot_users(m, slot)) && try_to_free_swap(m, pfn))
		return 1;
	if (contents_in_use(m)) {
		contents = contents_get(m, page_contents(m, pfn));
		if (set_swap_contents(m, slot, contents)) {
			contents_put(m, contents);
			return -ENOMEM;
		}
	}
	swap_page_writeback(m, p);
	count_vm_event(m, PSWPOUT);
	blk_write_page(m, slot_sector(m, slot), pfn);
	return 0;
}

/* ---- in ---- */

void swap_read_failed(struct machine *m, u64 sector)
{
	blk_log_error(m, BLK_LOG_SWAP, BIO_READ, sector, 1);
}

bool wait_for_swap_page(struct machine *m, pfn_t pfn)
{
	struct page *p = pfn_to_page(m, pfn);
	u64 start = m->clock.now;

	if (page_test(p, PG_locked)) {
		wait_on_page_locked(m, pfn);
		/* it was put out while it was in use: memory is what is missing */
		if (page_test(p, PG_workingset))
			psi_stall(m, PSI_MEM, start, m->clock.now);
	}
	return page_test(p, PG_uptodate);
}

/* Slots that follow each other, read in one go. */
struct run {
	u64 addr; /* of the fault that wants one of them */
	u32 slot, nr;
	pfn_t pfn[BIO_PAGES];
};

static void run_submit(struct machine *m, struct run *r)
{
	if (r->nr)
		blk_submit(m, BIO_READ, slot_sector(m, r->slot), r->nr, r->pfn, BIO_END_READ);
	r->nr = 0;
}

static void run_add(struct machine *m, struct run *r, u32 slot, pfn_t pfn)
{
	if (r->nr == BIO_PAGES || r->slot + r->nr != slot)
		run_submit(m, r);
	if (!r->nr)
		r->slot = slot;
	r->pfn[r->nr++] = pfn;
}

/* A page of nobody's becomes the cached one of @slot, locked until it is read. */
static bool enter_cache(struct machine *m, pfn_t pfn, u32 slot)
{
	struct page *p = pfn_to_page(m, pfn);
	handle_t contents = 0;
	u32 shadow;

	if (contents_in_use(m))
		contents = contents_get(m, swap_contents(m, slot));
	if (contents && set_page_contents(m, pfn, contents)) {
		contents_put(m, contents);
		return false;
	}
	if (add_to_swap_cache(m, pfn, slot, &shadow))
		return false;
	page_set(p, PG_locked);
	if (shadow)
		workingset_refault(m, pfn, shadow);
	lru_add(m, pfn);
	count_vm_event(m, PSWPIN);
	return true;
}

/* The page of @slot: cached already, or a new one that joins @r. PFN_NONE: no memory, or no such
 * slot. */
static pfn_t read_slot(struct machine *m, u32 slot, gfp_t gfp, handle_t vma, struct run *r)
{
	pfn_t pfn, cached = swap_cache_page(m, slot);

	if (cached != PFN_NONE)
		return cached;
	pfn = alloc_page_vma(m, vma, r->addr, gfp);
	if (pfn == PFN_NONE)
		return PFN_NONE;
	/* who needed it may have been killed to make room for it */
	if (swap_slot_in_use(m, slot) && swap_count(m, slot) && enter_cache(m, pfn, slot)) {
		run_add(m, r, slot, pfn);
		return pfn;
	}
	free_pages(m, pfn, 0);
	return PFN_NONE;
}

/* One that is not needed yet. */
static void read_ahead(struct machine *m, u32 slot, gfp_t gfp, handle_t vma, struct run *r)
{
	pfn_t pfn;

	if (!swap_slot_in_use(m, slot) || !swap_count(m, slot) ||
	    swap_cache_page(m, slot) != PFN_NONE)
		return;
	pfn = read_slot(m, slot, gfp, vma, r);
	if (pfn == PFN_NONE)
		return;
	page_set(pfn_to_page(m, pfn), PG_reclaim);
	count_vm_event(m, SWAP_RA);
}

/* How many pages to read, after so many hits, and @last at the last time. */
static u32 ra_pages(u32 hits, bool beside, u32 last, u32 max)
{
	u32 pages = hits || beside ? 2 : 1;

	while (hits && pages < hits + 2)
		pages *= 2;
	pages = pages > max ? max : pages;
	return pages < last / 2 ? last / 2 : pages;
}

static u32 ra_max(const struct machine *m, s32 most)
{
	return 1u << min_t(s32, m->sysctl.page_cluster, most);
}

/* ---- by slots ---- */

static u32 cluster_window(struct machine *m, u32 slot)
{
	struct swap_state *s = &m->swap;
	u32 max = ra_max(m, RA_CLUSTER_MAX), hits = s->ra_window ? s->ra_hits : RA_FIRST_HITS;
	bool beside = slot == s->ra_slot + 1 || slot + 1 == s->ra_slot;

	if (max == 1)
		return 1;
	s->ra_hits = 0;
	if (!hits)
		s->ra_slot = slot;
	s->ra_window = ra_pages(hits, beside, s->ra_window, max);
	return s->ra_window;
}

static void read_cluster(struct machine *m, u32 slot, gfp_t gfp, handle_t vma, struct run *r)
{
	const struct swap_area *a = slot_area(m, slot);
	u32 first = a->first << SWAP_CLUSTER_SHIFT, mask = cluster_window(m, slot) - 1;
	u32 at = (slot - first) & ~mask, end = (slot - first) | mask;

	end = (u32)min_t(u64, end, a->pages);
	for (at = at ? at : 1; mask && at <= end; at++) {
		if (first + at == slot)
			read_slot(m, slot, gfp, vma, r);
		else
			read_ahead(m, first + at, gfp, vma, r);
	}
}

/* ---- by addresses ---- */

static bool use_vma_readahead(const struct machine *m)
{
	return m->knobs.vma_ra_enabled && !m->swap.nr_rotate;
}

/* [*first, *end): the pages of the window around @vpn, within the mapping and its table. */
static void vma_window(const struct machine *m, struct vma *v, u64 vpn, u64 *first, u64 *end)
{
	u64 start = addr_vpn(v->start), last = start + v->swap_ra_page, table = vpn >> TABLE_SHIFT;
	u32 max = ra_max(m, RA_VMA_MAX), n = 1;
	u32 hits = v->swap_ra_window ? v->swap_ra_hits : RA_FIRST_HITS;

	if (max > 1)
		n = ra_pages(hits, vpn == last + 1 || vpn + 1 == last, v->swap_ra_window, max);
	v->swap_ra_window = (u8)n;
	v->swap_ra_hits = 0;
	v->swap_ra_page = (u32)(vpn - start);
	*first = vpn == last + 1 ? vpn :
		 vpn + 1 == last ? vpn + 1 - min_t(u64, n, vpn + 1) :
				   vpn - min_t(u64, (n - 1) / 2, vpn);
	*end = *first + n;
	*first = max_t(u64, max_t(u64, *first, start), table << TABLE_SHIFT);
	*end = min_t(u64, min_t(u64, *end, addr_vpn(v->end)), (table + 1) << TABLE_SHIFT);
}

static void read_vma(struct machine *m, u32 slot, gfp_t gfp, handle_t vma, u64 vpn, struct run *r)
{
	struct mm *mm = mm_at(m, vma_at(m, vma)->mm);
	const pte_t *pte;
	u64 at, end;

	vma_window(m, vma_at(m, vma), vpn, &at, &end);
	for (; at < end; at++) {
		if (at == vpn) {
			read_slot(m, slot, gfp, vma, r);
			continue;
		}
		pte = pte_find(m, mm, at);
		if (pte && *pte & PTE_SWAP)
			read_ahead(m, pte_swap_slot(m, *pte), gfp, vma, r);
	}
}

/* ---- what faults call ---- */

pfn_t swap_lookup(struct machine *m, u32 slot, struct vma *v, u64 vpn)
{
	/* none of them: the disk has failed to read it, perhaps for somebody else. Try again. */
	const u32 busy = PAGE_FLAG(uptodate) | PAGE_FLAG(locked) | PAGE_FLAG(isolated);
	pfn_t pfn = swap_cache_page(m, slot);
	struct page *p;
	bool hit;

	if (pfn == PFN_NONE)
		return PFN_NONE;
	p = pfn_to_page(m, pfn);
	if (unlikely(!(p->flags & busy))) {
		delete_from_swap_cache(m, pfn, 0);
		page_release(m, pfn, p);
		return PFN_NONE;
	}
	hit = page_test(p, PG_reclaim) && !page_test(p, PG_writeback);
	if (hit) {
		page_clear(p, PG_reclaim);
		count_vm_event(m, SWAP_RA_HIT);
	}
	if (v && use_vma_readahead(m)) {
		if (!v->swap_ra_window) {
			v->swap_ra_window = 1;
			v->swap_ra_hits = RA_FIRST_HITS;
		}
		v->swap_ra_page = (u32)(vpn - addr_vpn(v->start));
		if (hit && v->swap_ra_hits < RA_VMA_HITS_MAX)
			v->swap_ra_hits++;
	} else {
		m->swap.ra_hits += hit;
	}
	return pfn;
}

pfn_t swapin_readahead(struct machine *m, u32 slot, gfp_t gfp, handle_t vma, u64 vpn)
{
	struct run r = { .addr = vpn << PAGE_SHIFT };
	pfn_t pfn;

	if (vma && use_vma_readahead(m))
		read_vma(m, slot, gfp, vma, vpn, &r);
	else
		read_cluster(m, slot, gfp, vma, &r);
	pfn = swap_slot_in_use(m, slot) ? read_slot(m, slot, gfp, vma, &r) : PFN_NONE;
	run_submit(m, &r);
	return pfn;
}
