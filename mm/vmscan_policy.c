/*
 * vmscan_policy.c - the reclaim policies: how much of which list a pass looks at, and which pages
 * it spares.
 *
 * lru, 6.1's. Anonymous and file pages are shared out by fractions:
 *
 *	ap = swappiness         * (total cost) / (anonymous cost)
 *	fp = (200 - swappiness) * (total cost) / (file cost)
 *
 * where a side's cost is the I/O that reclaiming it took lately: pages written, and pages read back
 * although they were in use. So 100 is even, 0 is never, 200 is only; and the side that thrashes is
 * left alone. Before that come the special cases, in this order:
 *
 *	no swap, no free slot           file only
 *	last priority, swappiness not 0 both alike: memory is needed, whatever it costs
 *	file and free together are      anonymous only: there is nothing left to win from the cache
 *	below the high watermarks
 *	inactive file pages are plenty  file only, and the active lists stay as they are
 *
 * classic, the 2.6 rule. One question for both sides: are mapped pages taken?
 *
 *	swap_tendency = mapped_ratio / 2 + distress + swappiness
 *
 * mapped_ratio: percent of memory that page tables map; distress: 100 >> the priority that the last
 * run had to go to, 0 when reclaim is easy, 100 when it failed. While the sum is at most 100 mapped
 * pages stay (on the active list: those that a fault has put on the inactive list are taken for
 * active); once it exceeds 100 all pages are alike.
 *
 * Source: Documentation/admin-guide/sysctl/vm.rst (swappiness); docs/reclaim.md has the readings of
 * the classic rule that differ. Behaviour of 6.1 from records of runs at swappiness 0, 1, 60, 100,
 * 200.
 */
#include "mm/rmap.h"
#include "mm/vmscan.h"

#include <errno.h>
#include <string.h>

/* ---- sizes ---- */

/* The larger the memory, the smaller the part of it that has to wait on the inactive list. */
bool inactive_is_low(const struct pglist_data *n, enum lru_list inactive_lru)
{
	u64 inactive = n->lruvec.lists[inactive_lru].nr,
	    active = n->lruvec.lists[inactive_lru + 1].nr;
	u64 gb = (inactive + active) >> (30 - PAGE_SHIFT), ratio = 1;

	while (gb && (ratio + 1) * (ratio + 1) <= 10 * gb)
		ratio++;
	/* ratio 1 also stands for 10 GiB * 0 */
	return inactive * ratio < active;
}

static void note_sizes(const struct pglist_data *n, const struct scan_control *sc,
		       struct scan_decision *d)
{
	u32 lru;

	for (lru = 0; lru < NR_EVICTABLE_LISTS; lru++)
		d->size[lru] =
			lruvec_lru_size(n, (enum lru_list)lru, (enum zone_type)sc->reclaim_idx);
	d->free = d->high = 0;
	for (lru = 0; lru < MAX_NR_ZONES; lru++) {
		const struct zone *z = &n->zones[lru];

		d->free += (u64)z->vm_stat[NR_FREE_PAGES];
		d->high += z->managed_pages ? wmark_pages(z, WMARK_HIGH) : 0;
	}
}

/* ---- lru: the decision ---- */

static bool is_list_short(const struct pglist_data *n, enum page_side side)
{
	return inactive_is_low(n, side == SIDE_FILE ? LRU_INACTIVE_FILE : LRU_INACTIVE_ANON);
}

/*
 * May the active lists be shortened? When the inactive one is too short, and while pages come back
 * that were activated for it: then a new working set replaces the old one, whose pages must go.
 */
static void prepare_scan_count(struct pglist_data *n, struct scan_control *sc,
			       struct scan_decision *d)
{
	u64 inactive_anon, file;
	u32 side;

	for (side = 0; side < NR_SIDES; side++) {
		u64 refaults = (u64)n->vm_stat[WORKINGSET_ACTIVATE_ANON + side];

		sc->may_deactivate[side] = sc->force_deactivate ||
					   refaults != n->lruvec.refaults[side] ||
					   is_list_short(n, (enum page_side)side);
		d->deactivate[side] = sc->may_deactivate[side];
	}
	sc->cache_trim_mode = n->lruvec.lists[LRU_INACTIVE_FILE].nr >> sc->priority &&
			      !sc->may_deactivate[SIDE_FILE];
	inactive_anon = n->lruvec.lists[LRU_INACTIVE_ANON].nr;
	file = (u64)n->lruvec.lists[LRU_INACTIVE_FILE].nr + n->lruvec.lists[LRU_ACTIVE_FILE].nr;
	sc->file_is_tiny = file + d->free <= d->high && !sc->may_deactivate[SIDE_ANON] &&
			   inactive_anon >> sc->priority;
}

static void fractions(const struct pglist_data *n, struct scan_decision *d)
{
	u64 total = d->cost[SIDE_ANON] + d->cost[SIDE_FILE];
	u64 anon = total + d->cost[SIDE_ANON], file = total + d->cost[SIDE_FILE];

	(void)n;
	total = anon + file;
	d->fraction[SIDE_ANON] = (u64)d->swappiness * (total + 1) / (anon + 1);
	d->fraction[SIDE_FILE] = (u64)(200 - d->swappiness) * (total + 1) / (file + 1);
}

static void choose_balance(const struct machine *m, const struct scan_control *sc,
			   struct scan_decision *d)
{
	if (!sc->may_swap || !can_reclaim_anon_pages(m, sc)) {
		d->balance = SCAN_FILE;
		d->reason = REASON_NO_SWAP;
	} else if (!sc->priority && d->swappiness) {
		d->balance = SCAN_EQUAL;
		d->reason = REASON_LAST_PRIORITY;
	} else if (sc->file_is_tiny) {
		d->balance = SCAN_ANON;
		d->reason = REASON_FILE_TINY;
	} else if (sc->cache_trim_mode) {
		d->balance = SCAN_FILE;
		d->reason = REASON_CACHE_TRIM;
	} else {
		d->balance = SCAN_FRACT;
		d->reason = REASON_COST;
	}
}

static void lru_begin(struct machine *m, struct pglist_data *n, struct scan_control *sc,
		      struct lru_scan *s)
{
	struct scan_decision *d = &sc->run.decision;
	u64 denominator;
	u32 lru;

	*d = (struct scan_decision){ .priority = sc->priority,
				     .swappiness = m->sysctl.swappiness,
				     .cost = { n->lruvec.anon_cost, n->lruvec.file_cost } };
	note_sizes(n, sc, d);
	prepare_scan_count(n, sc, d);
	choose_balance(m, sc, d);
	fractions(n, d);
	denominator = d->fraction[SIDE_ANON] + d->fraction[SIDE_FILE];
	for (lru = 0; lru < NR_EVICTABLE_LISTS; lru++) {
		enum page_side side = lru_side((enum lru_list)lru);
		u64 scan = d->size[lru] >> sc->priority;

		if (d->balance == SCAN_FRACT)
			scan = scan * d->fraction[side] / denominator;
		else if (d->balance != SCAN_EQUAL && (d->balance == SCAN_FILE) != side)
			scan = 0;
		s->nr[lru] = s->target[lru] = d->nr_to_scan[lru] = scan;
	}
	/* the first round of a direct reclaim keeps the shares, though it frees more than it
	 * needs */
	s->proportional = !sc->kswapd && sc->priority == DEF_PRIORITY;
}

/* ---- lru: a step ---- */

static void shrink_list(struct machine *m, struct pglist_data *n, enum lru_list lru, u64 nr,
			struct scan_control *sc)
{
	if (lru == LRU_ACTIVE_ANON || lru == LRU_ACTIVE_FILE) {
		if (sc->may_deactivate[lru_side(lru)])
			shrink_active_list(m, n, lru, nr, sc);
		else
			sc->skipped_deactivate = true;
		return;
	}
	sc->nr_reclaimed += shrink_inactive_list(m, n, lru, nr, sc);
}

static void shrink_lists(struct machine *m, struct pglist_data *n, struct scan_control *sc,
			 struct lru_scan *s)
{
	u32 lru;

	for (lru = 0; lru < NR_EVICTABLE_LISTS; lru++) {
		u64 nr = min_t(u64, s->nr[lru], SWAP_CLUSTER_MAX);

		if (!nr)
			continue;
		s->nr[lru] -= nr;
		shrink_list(m, n, (enum lru_list)lru, nr, sc);
	}
}

static void cut_target(struct lru_scan *s, u32 lru, u64 percent)
{
	u64 scanned = s->target[lru] - s->nr[lru];
	u64 target = s->target[lru] * (100 - percent) / 100;

	s->nr[lru] = target - min_t(u64, target, scanned);
}

/*
 * Enough was freed. The side with less left to scan stops, and the other is over, too, when it has
 * come as far as the first did, or at the next look. False: one of them is done already. Before 6.1
 * the other side was scanned to the end, which at priority 0 swapped out whole machines for a few
 * pages.
 */
static bool stop_in_proportion(struct lru_scan *s)
{
	u64 anon = s->nr[LRU_INACTIVE_ANON] + s->nr[LRU_ACTIVE_ANON];
	u64 file = s->nr[LRU_INACTIVE_FILE] + s->nr[LRU_ACTIVE_FILE];
	u32 stop = file > anon ? LRU_INACTIVE_ANON : LRU_INACTIVE_FILE;
	u32 go_on = file > anon ? LRU_INACTIVE_FILE : LRU_INACTIVE_ANON;
	u64 percent;

	if (!anon || !file)
		return false;
	percent =
		(s->nr[stop] + s->nr[stop + 1]) * 100 / (s->target[stop] + s->target[stop + 1] + 1);
	s->nr[stop] = s->nr[stop + 1] = 0;
	cut_target(s, go_on, percent);
	cut_target(s, go_on + 1, percent);
	return true;
}

static bool lru_step(struct machine *m, struct pglist_data *n, struct scan_control *sc,
		     struct lru_scan *s)
{
	if (!s->nr[LRU_INACTIVE_ANON] && !s->nr[LRU_ACTIVE_FILE] && !s->nr[LRU_INACTIVE_FILE])
		return false;
	shrink_lists(m, n, sc, s);
	if (sc->nr_reclaimed - s->reclaimed_before < sc->nr_to_reclaim || s->proportional)
		return true;
	return stop_in_proportion(s);
}

/* Anonymous pages grow old even while nobody takes any. */
static void lru_end(struct machine *m, struct pglist_data *n, struct scan_control *sc)
{
	if (total_swap_pages(m) && inactive_is_low(n, LRU_INACTIVE_ANON))
		shrink_active_list(m, n, LRU_ACTIVE_ANON, SWAP_CLUSTER_MAX, sc);
}

/* ---- lru: the pages ---- */

static inline u32 referenced(struct machine *m, pfn_t pfn, u32 *vm_flags)
{
	struct page *p = pfn_to_page(m, pfn);

	*vm_flags = 0;
	if (!p->mapcount && !page_test(p, PG_young))
		return 0;
	return page_referenced_now(m, pfn, p, vm_flags);
}

static enum page_references lru_check_references(struct machine *m, pfn_t pfn,
						 const struct scan_control *sc)
{
	struct page *p = pfn_to_page(m, pfn);
	bool file = !page_test(p, PG_swapbacked), before = page_test(p, PG_referenced);
	u32 vm_flags, entries = referenced(m, pfn, &vm_flags);

	(void)sc;
	page_clear(p, PG_referenced);
	if (vm_flags & VM_LOCKED)
		return PAGEREF_ACTIVATE;
	if (entries) {
		page_set(p, PG_referenced);
		if (before || entries > 1 || (vm_flags & VM_EXEC && file))
			return PAGEREF_ACTIVATE;
		return PAGEREF_KEEP;
	}
	/* read(2) has used it: it may go if that costs no write */
	return before && file ? PAGEREF_RECLAIM_CLEAN : PAGEREF_RECLAIM;
}

/* Code that runs would be missed at once. */
static bool lru_keep_active(struct machine *m, pfn_t pfn, const struct scan_control *sc)
{
	u32 vm_flags;

	(void)sc;
	return referenced(m, pfn, &vm_flags) && vm_flags & VM_EXEC &&
	       !page_test(pfn_to_page(m, pfn), PG_swapbacked);
}

/* ---- classic ---- */

static void classic_terms(const struct machine *m, const struct pglist_data *n,
			  struct scan_decision *d)
{
	u32 last = DEF_PRIORITY - m->reclaim.node[n->nid].pressure;
	s64 mapped = m->vm_node_stat[NR_MAPPED] + m->vm_node_stat[NR_ANON_PAGES];

	d->mapped_ratio = (u32)((u64)mapped * 100 / (m->totalram_pages ? m->totalram_pages : 1));
	d->distress = 100u >> min_t(u32, last, (u32)d->priority);
	d->swap_tendency = d->mapped_ratio / 2 + d->distress + (u32)d->swappiness;
	d->reclaim_mapped = d->swap_tendency > 100;
}

static void classic_begin(struct machine *m, struct pglist_data *n, struct scan_control *sc,
			  struct lru_scan *s)
{
	struct scan_decision *d = &sc->run.decision;
	bool swap = sc->may_swap && can_reclaim_anon_pages(m, sc);
	u32 lru;

	*d = (struct scan_decision){ .priority = sc->priority,
				     .swappiness = m->sysctl.swappiness,
				     .balance = swap ? SCAN_EQUAL : SCAN_FILE,
				     .reason = swap ? REASON_CLASSIC : REASON_NO_SWAP,
				     .deactivate = { true, true },
				     .cost = { n->lruvec.anon_cost, n->lruvec.file_cost } };
	note_sizes(n, sc, d);
	classic_terms(m, n, d);
	for (lru = 0; lru < NR_EVICTABLE_LISTS; lru++) {
		u64 scan = d->size[lru] ? (d->size[lru] >> sc->priority) + 1 : 0;

		if (!swap && lru_side((enum lru_list)lru) == SIDE_ANON)
			scan = 0;
		s->nr[lru] = s->target[lru] = d->nr_to_scan[lru] = scan;
	}
	sc->may_deactivate[SIDE_ANON] = sc->may_deactivate[SIDE_FILE] = true;
	s->proportional = false;
}

static bool classic_step(struct machine *m, struct pglist_data *n, struct scan_control *sc,
			 struct lru_scan *s)
{
	if (!s->nr[LRU_INACTIVE_ANON] && !s->nr[LRU_ACTIVE_ANON] && !s->nr[LRU_INACTIVE_FILE] &&
	    !s->nr[LRU_ACTIVE_FILE])
		return false;
	shrink_lists(m, n, sc, s);
	return sc->nr_reclaimed - s->reclaimed_before < sc->nr_to_reclaim;
}

static void classic_end(struct machine *m, struct pglist_data *n, struct scan_control *sc)
{
	(void)m;
	(void)n;
	(void)sc;
}

static enum page_references classic_check_references(struct machine *m, pfn_t pfn,
						     const struct scan_control *sc)
{
	struct page *p = pfn_to_page(m, pfn);
	bool before = page_test(p, PG_referenced);
	u32 vm_flags;

	if (p->mapcount && !sc->run.decision.reclaim_mapped)
		return PAGEREF_ACTIVATE;
	page_clear(p, PG_referenced);
	if (referenced(m, pfn, &vm_flags) || vm_flags & VM_LOCKED ||
	    (before && (p->mapcount || page_test(p, PG_swapcache))))
		return PAGEREF_ACTIVATE;
	return PAGEREF_RECLAIM;
}

static bool classic_keep_active(struct machine *m, pfn_t pfn, const struct scan_control *sc)
{
	u32 vm_flags;

	if (!pfn_to_page(m, pfn)->mapcount)
		return false;
	return !sc->run.decision.reclaim_mapped || referenced(m, pfn, &vm_flags);
}

/* ---- the table ---- */

const struct reclaim_policy reclaim_policies[NR_RECLAIM_POLICIES] = {
	[RECLAIM_LRU] = { "lru", lru_begin, lru_step, lru_end, lru_check_references,
			  lru_keep_active },
	[RECLAIM_CLASSIC] = { "classic", classic_begin, classic_step, classic_end,
			      classic_check_references, classic_keep_active },
	[RECLAIM_MGLRU] = { .name = NULL }, /* a later issue's */
};

const char *reclaim_policy_name(enum reclaim_policy_id id)
{
	return reclaim_policies[id].name;
}

int reclaim_policy_set(struct machine *m, const char *name)
{
	u32 i;

	for (i = 0; i < NR_RECLAIM_POLICIES; i++)
		if (reclaim_policies[i].name && !strcmp(reclaim_policies[i].name, name)) {
			m->reclaim.policy = (u8)i;
			return 0;
		}
	return -EINVAL;
}
