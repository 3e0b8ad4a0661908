/*
 * vmscan_page.c - one page of an inactive list: may it go, and how?
 *
 *	under writeback ----------------------------> comes back when it is clean (PG_reclaim)
 *	used since the last look -------------------> stays (once), or is active from now on
 *	anonymous, without a place on disk ---------> add_to_swap()
 *	mapped -------------------------------------> try_to_unmap()
 *	dirty   file: the flusher's work -----------> marked, comes back when it is clean
 *	        swap: written -----------------------> comes back when it is clean
 *	clean --------------------------------------> its place keeps a shadow, the frame is free
 *
 * "Comes back": PG_reclaim makes the end of the write put the page at the tail of its inactive
 * list, where the next scan finds it (rotate_reclaimable_page()).
 *
 * Used-once detection: a page table entry's accessed bit found here sets PG_referenced and spares
 * the page one round; found a second time, or in two entries, or in an executable mapping of a
 * file, it activates the page. So a file that is read through a mapping once never reaches the
 * active list.
 *
 * Only kswapd writes file pages itself, and only when it meets the same dirty page a second time
 * while nearly all it meets is dirty: single pages are poor I/O. The others only ask for the
 * flushers.
 *
 * Source: Documentation/mm/unevictable-lru.rst, admin-guide/mm/concepts.rst,
 * admin-guide/sysctl/vm.rst; counters as 6.1 was seen to move them.
 */
#include <mman/writeback.h>

#include "mm/filemap.h"
#include "mm/rmap.h"
#include "mm/swapfile.h"
#include "mm/vmscan.h"

/* The last is that of many, and done for all of them at once. */
enum page_fate { FATE_KEEP, FATE_ACTIVATE, FATE_FREED, FATE_SWAP_OUT };

static bool is_anon(const struct page *p)
{
	return page_mapping_type(p) == MAPPING_ANON;
}

static enum page_side page_side(const struct page *p)
{
	return page_test(p, PG_swapbacked) ? SIDE_ANON : SIDE_FILE;
}

void putback_end(struct machine *m, struct putback *b)
{
	struct pglist_data *n;

	if (!b->nr)
		return;
	n = &m->node[b->place & ((1u << PAGE_PLACE_ZONE) - 1)];
	mod_zone_page_state(m, &n->zones[b->place >> PAGE_PLACE_ZONE],
			    (enum zone_stat_item)((u32)NR_ZONE_INACTIVE_ANON + b->lru), b->nr);
	mod_node_page_state(m, n, (enum node_stat_item)((u32)NR_INACTIVE_ANON + b->lru), b->nr);
	b->nr = 0;
}

static inline __attribute__((always_inline)) void putback(struct machine *m, pfn_t pfn,
							  struct page *p, struct putback *b)
{
	struct pglist_data *n;
	u32 lru = page_lru(p);

	if (unlikely(lru != b->lru || page_place(p) != b->place)) {
		putback_end(m, b);
		n = page_node(m, p);
		*b = (struct putback){ &n->lruvec.lists[lru], page_place(p), lru, 0 };
	}
	if (lru != LRU_INACTIVE_ANON) {
		n = page_node(m, p);
		n->lruvec.nonresident_age += page_test(p, PG_active);
		if (unlikely(lru == LRU_UNEVICTABLE)) {
			page_clear(p, PG_isolated);
			lru_insert(m, pfn, p, false);
			return;
		}
		if (lru == LRU_INACTIVE_FILE &&
		    p->flags & (PAGE_FLAG(dirty) | PAGE_FLAG(writeback)))
			n->zones[p->zone].nr_inactive_file_dirty++;
	}
	p->flags = (p->flags & ~PAGE_FLAG(isolated)) | PAGE_FLAG(lru);
	pagevec_add(m, b->list, pfn);
	b->nr++;
}

void putback_lru_page(struct machine *m, pfn_t pfn, struct putback *b)
{
	putback(m, pfn, pfn_to_page(m, pfn), b);
}

/* ---- locked in memory ---- */

static bool count_locking(struct machine *m, handle_t vma, u64 addr, void *arg)
{
	(void)addr;
	*(u32 *)arg += (vma_at(m, vma)->flags & (VM_LOCKED | VM_SPECIAL)) == VM_LOCKED;
	return true;
}

/* An isolated page that a VM_LOCKED mapping maps: with the unevictable ones from now on. */
void cull_mlocked_page(struct machine *m, pfn_t pfn)
{
	struct page *p = pfn_to_page(m, pfn);
	u32 locking = 0;

	rmap_walk(m, pfn, count_locking, &locking);
	page_clear(p, PG_isolated);
	page_clear(p, PG_active);
	if (!locking) {
		lru_insert(m, pfn, p, false);
		return;
	}
	mlock_new_page(m, pfn);
	p->next = locking;
}

/* ---- dirty, under writeback ---- */

static void count_dirty(const struct page *p, struct reclaim_stat *stat)
{
	bool dirty = page_test(p, PG_dirty), writeback = page_test(p, PG_writeback);

	/* flushers do not write anonymous memory: nobody waits for them on its account */
	if (page_side(p) == SIDE_ANON || is_anon(p))
		dirty = writeback = false;
	stat->dirty += dirty || writeback;
	stat->unqueued_dirty += dirty && !writeback;
	stat->congested += writeback && page_test(p, PG_reclaim);
}

/* Met again before its write has ended: too much is being written for what kswapd scans. */
static enum page_fate writeback_page(const struct machine *m, struct page *p,
				     const struct scan_control *sc, struct reclaim_stat *stat)
{
	if (sc->kswapd && page_test(p, PG_reclaim) && m->reclaim.node[p->node].writeback) {
		stat->immediate++;
	} else {
		page_set(p, PG_reclaim);
		stat->writeback++;
	}
	return FATE_ACTIVATE;
}

/* A dirty page that nobody maps. FATE_FREED here: clean now, and may go. */
static enum page_fate pageout(struct machine *m, pfn_t pfn, struct reclaim_stat *stat)
{
	struct page *p = pfn_to_page(m, pfn);
	u64 index;
	int error;

	if (!page_test(p, PG_swapbacked)) {
		index = page_index(p);
		page_set(p, PG_reclaim);
		write_cache_pages(m, page_mapping(p), &index, index, 1, false);
	} else {
		if (!page_test(p, PG_swapcache) && !add_to_swap(m, pfn))
			return FATE_ACTIVATE;
		page_set(p, PG_reclaim);
		error = swap_writepage(m, pfn);
		if (error == 1)
			return FATE_FREED; /* nobody needs it any more */
		if (error) {
			page_clear(p, PG_reclaim);
			return FATE_KEEP;
		}
	}
	stat->pageout++;
	mod_node_page_state(m, page_node(m, p), NR_VMSCAN_WRITE, 1);
	if (page_test(p, PG_writeback))
		return FATE_KEEP;
	page_clear(p, PG_reclaim);
	return page_test(p, PG_dirty) ? FATE_KEEP : FATE_FREED;
}

static enum page_fate write_page(struct machine *m, pfn_t pfn, enum page_references references,
				 const struct scan_control *sc, struct reclaim_stat *stat)
{
	struct page *p = pfn_to_page(m, pfn);
	bool file = page_side(p) == SIDE_FILE;

	if (file && (!sc->kswapd || !page_test(p, PG_reclaim) || !m->reclaim.node[p->node].dirty)) {
		mod_node_page_state(m, page_node(m, p), NR_VMSCAN_IMMEDIATE_RECLAIM, 1);
		page_set(p, PG_reclaim);
		return FATE_ACTIVATE;
	}
	if (references == PAGEREF_RECLAIM_CLEAN || !sc->may_writepage ||
	    !(sc->gfp & (file ? __GFP_FS : __GFP_IO)))
		return FATE_KEEP;
	return pageout(m, pfn, stat);
}

/* ---- away ---- */

/* Nobody maps it, and what it holds is on disk or worth nothing. */
static inline enum page_fate free_page(struct machine *m, pfn_t pfn, struct scan_control *sc)
{
	struct page *p = pfn_to_page(m, pfn);

	page_clear(p, PG_isolated);
	if (page_test(p, PG_swapcache)) {
		delete_from_swap_cache(m, pfn, workingset_eviction(m, pfn));
		if (likely(!page_test(p, PG_mlocked)))
			free_unlisted_page(m, pfn, p);
		else
			page_release(m, pfn, p);
		return FATE_FREED;
	}
	if (page_mapping_type(p) != MAPPING_FILE) {
		if (!page_test(p, PG_swapbacked)) {
			count_vm_event(m, PGLAZYFREED);
			sc->run.count.lazyfreed++;
		}
		page_release(m, pfn, p);
		return FATE_FREED;
	}
	evict_from_page_cache(m, pfn,
			      page_test(p, PG_swapbacked) ? 0 : workingset_eviction(m, pfn));
	return FATE_FREED;
}

/* Out of every page table. An anonymous page leaves its swap entry behind. */
static bool unmap_page(struct machine *m, pfn_t pfn, struct reclaim_stat *stat)
{
	struct page *p = pfn_to_page(m, pfn);
	bool lazyfree = !page_test(p, PG_swapbacked) && is_anon(p);
	u64 entry = page_test(p, PG_swapcache) ? swap_pte_of(m, *page_slot(m, pfn)) : 0;

	if (try_to_unmap(m, pfn, entry))
		return true;
	stat->unmap_fail++;
	stat->lazyfree_fail += lazyfree && page_test(p, PG_swapbacked);
	return false;
}

static enum page_fate evict_page(struct machine *m, pfn_t pfn, const struct rmap_only *only,
				 enum page_references references, struct scan_control *sc,
				 struct reclaim_stat *stat)
{
	struct page *p = pfn_to_page(m, pfn);
	enum page_fate fate;

	if (likely(references == PAGEREF_RECLAIM && sc->may_writepage && sc->gfp & __GFP_IO &&
		   swap_out_is_plain(m, pfn, p, only)))
		return FATE_SWAP_OUT;
	if (is_anon(p) && page_test(p, PG_swapbacked) && !page_test(p, PG_swapcache)) {
		if (!(sc->gfp & __GFP_IO))
			return FATE_KEEP;
		if (!add_to_swap(m, pfn))
			return FATE_ACTIVATE;
	}
	if (p->mapcount && !unmap_page(m, pfn, stat))
		return FATE_ACTIVATE;
	if (page_test(p, PG_dirty)) {
		fate = write_page(m, pfn, references, sc, stat);
		if (fate != FATE_FREED)
			return fate;
	}
	return free_page(m, pfn, sc);
}

/* ---- the verdict ---- */

/* Swapped out, the write is over, and nobody came back for it: every test below says that it may
 * go. */
static inline bool is_written_out(const struct page *p)
{
	const u32 place = PAGE_FLAG(swapcache) | PAGE_FLAG(swapbacked);
	const u32 busy = PAGE_FLAG(locked) | PAGE_FLAG(dirty) | PAGE_FLAG(writeback) |
			 PAGE_FLAG(young) | PAGE_FLAG(referenced) | PAGE_FLAG(mlocked);

	return (p->flags & (place | busy)) == place && page_unused(p);
}

/* The same of a page of a file that nobody maps or has changed. That read(2) has used it spares it
 * with no policy: it goes if it costs no write. */
static inline bool is_clean_cache(const struct page *p)
{
	const u32 not = PAGE_FLAG(swapbacked) | PAGE_FLAG(swapcache) | PAGE_FLAG(locked) |
			PAGE_FLAG(dirty) | PAGE_FLAG(writeback) | PAGE_FLAG(young) |
			PAGE_FLAG(mlocked);

	return !(p->flags & not ) && page_mapping_type(p) == MAPPING_FILE && page_unused(p);
}

static enum page_fate shrink_page(struct machine *m, pfn_t pfn, const struct rmap_only *only,
				  const struct reclaim_policy *policy, struct scan_control *sc,
				  struct reclaim_stat *stat)
{
	enum page_references references = PAGEREF_RECLAIM;
	struct page *p = pfn_to_page(m, pfn);

	if (unlikely(page_test(p, PG_locked)))
		return FATE_KEEP;
	if (p->flags & (PAGE_FLAG(dirty) | PAGE_FLAG(writeback))) {
		count_dirty(p, stat);
		if (page_test(p, PG_writeback))
			return writeback_page(m, p, sc, stat);
	}
	/* mapped nowhere and not marked as used: no policy has anything to find */
	if (!sc->ignore_references &&
	    (p->mapcount || p->flags & (PAGE_FLAG(young) | PAGE_FLAG(referenced)))) {
		references = policy->check_references(m, pfn, sc);
		if (references == PAGEREF_ACTIVATE)
			return FATE_ACTIVATE;
		if (references == PAGEREF_KEEP) {
			stat->ref_keep++;
			return FATE_KEEP;
		}
	}
	/* somebody reads or writes it directly: a device, a debugger */
	if (unlikely(p->pins))
		return FATE_KEEP;
	return evict_page(m, pfn, only, references, sc, stat);
}

static bool mapping_locks(struct machine *m, handle_t vma, u64 addr, void *arg)
{
	(void)addr;
	*(bool *)arg |= (vma_at(m, vma)->flags & (VM_LOCKED | VM_SPECIAL)) == VM_LOCKED;
	return !*(bool *)arg;
}

/* It stays, and nobody shall look at it soon. A slot that it holds goes when swap gets short. */
static void activate_isolated(struct machine *m, pfn_t pfn, struct page *p,
			      struct reclaim_stat *stat, struct putback *back)
{
	bool locked = false;

	if (page_test(p, PG_swapcache) && vm_swap_full(m))
		try_to_free_swap(m, pfn);
	if (p->mapcount)
		rmap_walk(m, pfn, mapping_locks, &locked);
	if (locked) {
		cull_mlocked_page(m, pfn);
		return;
	}
	page_set(p, PG_active);
	stat->activate[page_side(p)]++;
	putback(m, pfn, p, back);
}

/* Those of a batch of which nothing needs to be asked leave it: written out, or clean and a
 * file's. */
struct easy_pages {
	u32 nr_swapped, nr_clean;
	pfn_t swapped[SWAP_CLUSTER_MAX], clean[SWAP_CLUSTER_MAX];
};

static void take_easy_pages(struct machine *m, struct page_batch *batch, struct easy_pages *e)
{
	u32 i, nr = batch->nr, left = 0, swapped = 0, clean = 0;

	for (i = 0; i < nr; i++) {
		pfn_t pfn = batch->pfn[i];
		const struct page *p = pfn_to_page(m, pfn);

		if (page_test(p, PG_swapbacked)) {
			if (!is_written_out(p)) {
				batch->pfn[left++] = pfn;
				continue;
			}
			e->swapped[swapped++] = pfn;
		} else if (is_clean_cache(p)) {
			e->clean[clean++] = pfn;
		} else {
			batch->pfn[left++] = pfn;
			continue;
		}
	}
	batch->nr = left;
	e->nr_swapped = swapped;
	e->nr_clean = clean;
}

/* What was decided about each page of a batch. */
struct verdict {
	u8 fate[SWAP_CLUSTER_MAX]; /* enum page_fate */
	u32 freed;
	struct swap_batch out; /* FATE_SWAP_OUT */
};

static void judge(struct machine *m, struct page_batch *batch, struct scan_control *sc,
		  struct reclaim_stat *stat, struct verdict *v)
{
	const struct reclaim_policy *policy = reclaim_policy_of(m);
	u32 i, nr = batch->nr;

	v->freed = v->out.nr = 0;
	for (i = 0; i < nr; i++) {
		const struct rmap_only *only = rmap_batch_at(m, i);
		pfn_t pfn = batch->pfn[i];
		enum page_fate fate = shrink_page(m, pfn, only, policy, sc, stat);

		v->fate[i] = (u8)fate;
		if (fate == FATE_SWAP_OUT) {
			v->out.only[v->out.nr] = only;
			v->out.pfn[v->out.nr++] = pfn;
		}
		v->freed += fate == FATE_FREED;
	}
}

/* Back to the lists, in the order in which they came; @out: so many got a slot. */
static void carry_out(struct machine *m, const struct page_batch *batch, u32 out,
		      struct reclaim_stat *stat, const struct verdict *v)
{
	struct putback back = { .lru = NR_LRU_LISTS };
	u32 i;

	for (i = 0; i < batch->nr; i++) {
		pfn_t pfn = batch->pfn[i];
		struct page *p = pfn_to_page(m, pfn);
		enum page_fate fate = (enum page_fate)v->fate[i];

		if (fate == FATE_FREED)
			continue;
		if (fate == FATE_SWAP_OUT)
			fate = out && out-- ? FATE_KEEP : FATE_ACTIVATE;
		if (fate == FATE_ACTIVATE)
			activate_isolated(m, pfn, p, stat, &back);
		else
			putback(m, pfn, p, &back);
	}
	putback_end(m, &back);
}

/* The pages that are left in a batch, one by one. Returns how many went. */
static u64 shrink_batch(struct machine *m, struct page_batch *batch, struct scan_control *sc,
			struct reclaim_stat *stat)
{
	struct verdict v;
	u32 out = 0;

	rmap_batch_begin(m, batch->pfn, batch->nr);
	judge(m, batch, sc, stat, &v);
	if (v.out.nr)
		out = swap_out_pages(m, &v.out);
	stat->pageout += out;
	carry_out(m, batch, out, stat, &v);
	rmap_batch_end(m);
	return v.freed;
}

u64 shrink_page_list(struct machine *m, struct pglist_data *n, struct page_batch *batch,
		     struct scan_control *sc, struct reclaim_stat *stat)
{
	u64 written = stat->pageout, freed;
	struct easy_pages easy;

	(void)n;
	take_easy_pages(m, batch, &easy);
	freed = easy.nr_swapped + easy.nr_clean;
	if (easy.nr_swapped)
		free_swapped_pages(m, easy.swapped, easy.nr_swapped);
	if (easy.nr_clean)
		evict_clean_pages(m, easy.clean, easy.nr_clean);
	if (batch->nr)
		freed += shrink_batch(m, batch, sc, stat);
	count_vm_events(m, PGACTIVATE, stat->activate[SIDE_ANON] + stat->activate[SIDE_FILE]);
	sc->run.count.activated += stat->activate[SIDE_ANON] + stat->activate[SIDE_FILE];
	sc->run.count.written += stat->pageout - written;
	sc->run.count.kept_referenced += stat->ref_keep;
	sc->run.count.immediate += stat->immediate;
	return freed;
}
