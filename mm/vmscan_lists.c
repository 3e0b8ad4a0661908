/*
 * vmscan_lists.c - pages come off the LRU lists in batches of 32, are worked on, and go back.
 *
 *	active list   --tail--> used executable file page?  yes: its front again
 *	                                                    no:  front of the inactive list, PG_workingset
 *	inactive list --tail--> shrink_page_list()
 *
 * While a batch is out its pages are PG_isolated and on no list, and nothing else runs: so
 * nr_isolated_anon and nr_isolated_file are 0 for whoever can look, and nobody ever has to wait
 * because too much is isolated.
 *
 * Source: Documentation/admin-guide/mm/concepts.rst; Documentation/mm/unevictable-lru.rst.
 */
#include <mman/writeback.h>

#include "mm/rmap.h"
#include "mm/swapfile.h"
#include "mm/vmscan.h"

/* ---- off the list ---- */

/* What leaves a list, by zone: its counters change once for a batch. */
struct isolation {
	u32 taken[MAX_NR_ZONES], skipped[MAX_NR_ZONES], dirty[MAX_NR_ZONES];
	u32 nr_skipped, nr_spared; /* of zones that do not matter; mapped */
};

static void count_isolated(struct machine *m, struct pglist_data *n, enum lru_list lru,
			   const struct isolation *is, u32 nr)
{
	u32 z;

	mod_node_page_state(m, n, (enum node_stat_item)((u32)NR_INACTIVE_ANON + lru), -(s64)nr);
	for (z = 0; z < MAX_NR_ZONES; z++) {
		if (is->skipped[z])
			count_vm_events(m, (enum vm_event_item)(PGSKIP_DMA + z), is->skipped[z]);
		if (!is->taken[z])
			continue;
		mod_zone_page_state(m, &n->zones[z],
				    (enum zone_stat_item)((u32)NR_ZONE_INACTIVE_ANON + lru),
				    -(s64)is->taken[z]);
		if (lru == LRU_INACTIVE_FILE)
			n->zones[z].nr_inactive_file_dirty -= is->dirty[z];
	}
}

/* Of the @nr pages that were taken off @list those that can be used stay in @pfns, the others go to
 * its front. Returns how many stay. */
static u32 keep_usable(struct machine *m, struct pagevec_list *list, const struct scan_control *sc,
		       pfn_t *pfns, u32 nr, struct isolation *is)
{
	const u32 highest = sc->reclaim_idx, busy = PAGE_FLAG(dirty) | PAGE_FLAG(writeback);
	const bool mapped_stay = !sc->may_unmap;
	u32 i, kept = 0;

	for (i = 0; i < nr; i++) {
		pfn_t pfn = pfns[i];
		struct page *p = pfn_to_page(m, pfn);
		u32 zone = p->zone, flags = p->flags;

		if (unlikely(zone > highest)) {
			is->skipped[zone]++;
			is->nr_skipped++;
			pagevec_add(m, list, pfn);
			continue;
		}
		if (unlikely(mapped_stay && p->mapcount)) {
			is->nr_spared++;
			pagevec_add(m, list, pfn);
			continue;
		}
		is->taken[zone]++;
		if (unlikely(flags & busy))
			is->dirty[zone]++;
		p->flags = (flags & ~PAGE_FLAG(lru)) | PAGE_FLAG(isolated);
		pfns[kept++] = pfn;
	}
	return kept;
}

/*
 * Up to @nr_to_scan pages from the tail. Pages of zones that the request cannot use are skipped and
 * do not count towards them, or a list full of them would never let anything be found. Returns the
 * pages looked at, those included.
 */
static u64 isolate_lru_pages(struct machine *m, struct pglist_data *n, enum lru_list lru,
			     u64 nr_to_scan, const struct scan_control *sc,
			     struct page_batch *batch)
{
	struct pagevec_list *list = &n->lruvec.lists[lru];
	struct isolation is = { .nr_skipped = 0 };
	const u32 all = list->nr;
	u32 most = (u32)min_t(u64, all, nr_to_scan), nr = 0;

	while (nr < most) {
		pagevec_take(m, list, batch->pfn + nr, most - nr);
		nr += keep_usable(m, list, sc, batch->pfn + nr, most - nr, &is);
		/* what was passed over makes room for others, if there are any */
		most = (u32)min_t(u64, all - is.nr_skipped, nr_to_scan) - is.nr_spared;
	}
	batch->nr = nr;
	/* while this batch is worked on the host fetches the next */
	pagevec_fetch(m, list, SWAP_CLUSTER_MAX);
	count_isolated(m, n, lru, &is, nr);
	return (u64)nr + is.nr_spared + is.nr_skipped;
}

/* ---- the inactive list ---- */

static void count_scan(struct machine *m, struct scan_control *sc, enum page_side side, u64 scanned)
{
	count_vm_events(m, sc->kswapd ? PGSCAN_KSWAPD : PGSCAN_DIRECT, scanned);
	count_vm_events(m, side == SIDE_FILE ? PGSCAN_FILE : PGSCAN_ANON, scanned);
	sc->run.count.scanned[side] += scanned;
}

static void count_steal(struct machine *m, struct scan_control *sc, enum page_side side, u64 stolen)
{
	count_vm_events(m, sc->kswapd ? PGSTEAL_KSWAPD : PGSTEAL_DIRECT, stolen);
	count_vm_events(m, side == SIDE_FILE ? PGSTEAL_FILE : PGSTEAL_ANON, stolen);
	sc->run.count.stolen[side] += stolen;
}

void reclaim_stat_add(struct reclaim_stat *to, const struct reclaim_stat *s)
{
	to->scanned += s->scanned;
	to->reclaimed += s->reclaimed;
	to->taken += s->taken;
	to->dirty += s->dirty;
	to->unqueued_dirty += s->unqueued_dirty;
	to->congested += s->congested;
	to->writeback += s->writeback;
	to->immediate += s->immediate;
	to->pageout += s->pageout;
	to->activate[SIDE_ANON] += s->activate[SIDE_ANON];
	to->activate[SIDE_FILE] += s->activate[SIDE_FILE];
	to->ref_keep += s->ref_keep;
	to->unmap_fail += s->unmap_fail;
	to->lazyfree_fail += s->lazyfree_fail;
}

u64 shrink_inactive_list(struct machine *m, struct pglist_data *n, enum lru_list lru,
			 u64 nr_to_scan, struct scan_control *sc)
{
	struct reclaim_stat stat = { .scanned = 0 };
	enum page_side side = lru_side(lru);
	struct page_batch batch;

	stat.scanned = isolate_lru_pages(m, n, lru, nr_to_scan, sc, &batch);
	stat.taken = batch.nr;
	count_scan(m, sc, side, stat.scanned);
	sc->nr_scanned += batch.nr;
	if (batch.nr) {
		stat.reclaimed = shrink_page_list(m, n, &batch, sc, &stat);
		count_steal(m, sc, side, stat.reclaimed);
		if (stat.pageout)
			lru_note_cost(n, side, stat.pageout);
	}
	clock_charge(m, stat.scanned * m->cost.scan_page + stat.reclaimed * m->cost.reclaim_page);
	/* all that was found is dirty, and nobody writes it yet */
	if (stat.taken && stat.unqueued_dirty == stat.taken)
		wakeup_flusher_threads(m, WB_REASON_VMSCAN);
	reclaim_stat_add(&sc->pass[side], &stat);
	return stat.reclaimed;
}

/* ---- the active list ---- */

void shrink_active_list(struct machine *m, struct pglist_data *n, enum lru_list lru, u64 nr_to_scan,
			struct scan_control *sc)
{
	const struct reclaim_policy *policy = reclaim_policy_of(m);
	u64 scanned, deactivated = 0;
	struct putback back = { .lru = NR_LRU_LISTS };
	struct page_batch batch;
	u32 i;

	scanned =
		isolate_lru_pages(m, n, lru, min_t(u64, nr_to_scan, SWAP_CLUSTER_MAX), sc, &batch);
	count_vm_events(m, PGREFILL, scanned);
	sc->run.count.refilled += scanned;
	rmap_batch_begin(m, batch.pfn, batch.nr);
	for (i = 0; i < batch.nr; i++) {
		struct page *p = pfn_to_page(m, batch.pfn[i]);

		rmap_batch_at(m, i);
		if (!policy->keep_active(m, batch.pfn[i], sc)) {
			page_clear(p, PG_active);
			page_set(p, PG_workingset);
			deactivated++;
		}
		putback_lru_page(m, batch.pfn[i], &back);
	}
	rmap_batch_end(m);
	putback_end(m, &back);
	count_vm_events(m, PGDEACTIVATE, deactivated);
	sc->run.count.deactivated += deactivated;
	clock_charge(m, scanned * m->cost.scan_page);
}

/* ---- by hand ---- */

static u32 isolate_page(struct machine *m, pfn_t pfn, struct page_batch *batch)
{
	struct page *p = pfn_to_page(m, pfn);

	if (!page_test(p, PG_lru) || page_test(p, PG_unevictable))
		return 0;
	lru_remove(m, pfn, p);
	page_set(p, PG_isolated);
	page_clear(p, PG_active);
	batch->pfn[batch->nr++] = pfn;
	return 1;
}

u64 reclaim_pages(struct machine *m, const pfn_t *pfns, u32 nr)
{
	struct scan_control sc = { .gfp = GFP_KERNEL,
				   .may_writepage = true,
				   .may_unmap = true,
				   .may_swap = true,
				   .ignore_references = true };
	struct reclaim_stat stat = { .scanned = 0 };
	struct page_batch batch;
	u64 freed = 0, looked = 0;
	u32 i = 0;

	reclaim_run_begin(m, &sc, RECLAIM_PAGEOUT, 0);
	while (i < nr) {
		for (batch.nr = 0; i < nr && batch.nr < SWAP_CLUSTER_MAX; i++)
			looked += isolate_page(m, pfns[i], &batch);
		stat = (struct reclaim_stat){ .taken = batch.nr };
		freed += shrink_page_list(m, NULL, &batch, &sc, &stat);
	}
	clock_charge(m, looked * m->cost.scan_page + freed * m->cost.reclaim_page);
	sc.nr_reclaimed = freed;
	reclaim_run_end(m, &sc, RECLAIM_ENOUGH);
	return freed;
}
