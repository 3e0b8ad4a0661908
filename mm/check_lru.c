/*
 * check_lru.c - the invariants of reclaim: what its runs say they did is what the counters say, and
 * nothing is left in the middle.
 */
#include "mm/check.h"
#include "mm/vmscan.h"

static u64 sum_of(const struct machine *m, bool kswapd, bool stolen, u32 side)
{
	const struct reclaim_state *r = &m->reclaim;
	u64 sum = 0;
	u32 kind, nid;

	for (kind = 0; kind < NR_RECLAIM_KINDS; kind++) {
		/* pages put out by hand are nobody's scan */
		if (kind == RECLAIM_PAGEOUT || (kind == RECLAIM_KSWAPD) != kswapd)
			continue;
		sum += stolen ? r->total[kind].stolen[side] : r->total[kind].scanned[side];
	}
	for (nid = 0; kswapd && nid < m->nr_nodes; nid++)
		if (r->node[nid].started)
			sum += stolen ? r->node[nid].sc.run.count.stolen[side] :
					r->node[nid].sc.run.count.scanned[side];
	return sum;
}

/* What the explanations add up to, against pgscan_* and pgsteal_*. */
static void check_runs(struct check *c)
{
	const u64 *e = c->m->vm_event, *start = c->m->vm_event_start;
	u64 scanned[2][NR_SIDES], stolen[2][NR_SIDES];
	u32 by, side;

	for (by = 0; by < 2; by++)
		for (side = 0; side < NR_SIDES; side++) {
			scanned[by][side] = sum_of(c->m, by, false, side);
			stolen[by][side] = sum_of(c->m, by, true, side);
		}
#define CHECK(item, sum) check_equal(c, #item, (s64)(sum), (s64)(e[item] - start[item]))
	CHECK(PGSCAN_DIRECT, scanned[0][SIDE_ANON] + scanned[0][SIDE_FILE]);
	CHECK(PGSCAN_KSWAPD, scanned[1][SIDE_ANON] + scanned[1][SIDE_FILE]);
	CHECK(PGSTEAL_DIRECT, stolen[0][SIDE_ANON] + stolen[0][SIDE_FILE]);
	CHECK(PGSTEAL_KSWAPD, stolen[1][SIDE_ANON] + stolen[1][SIDE_FILE]);
	CHECK(PGSCAN_ANON, scanned[0][SIDE_ANON] + scanned[1][SIDE_ANON]);
	CHECK(PGSCAN_FILE, scanned[0][SIDE_FILE] + scanned[1][SIDE_FILE]);
	CHECK(PGSTEAL_ANON, stolen[0][SIDE_ANON] + stolen[1][SIDE_ANON]);
	CHECK(PGSTEAL_FILE, stolen[0][SIDE_FILE] + stolen[1][SIDE_FILE]);
#undef CHECK
}

static void check_kswapd(struct check *c, u32 nid)
{
	const struct node_reclaim *nr = &c->m->reclaim.node[nid];
	const struct pglist_data *n = &c->m->node[nid];
	bool pending = event_pending(c->m, EVENT_KSWAPD, nid);

	if (pending != (nr->state != KSWAPD_ASLEEP))
		check_fail(c, "kswapd%u: state %u, but %s event", nid, nr->state,
			   pending ? "an" : "no");
	if (nr->started && nr->state != KSWAPD_RUNNING)
		check_fail(c, "kswapd%u: in the middle of a run, but not running", nid);
	if (n->kswapd_failures > MAX_RECLAIM_RETRIES)
		check_fail(c, "kswapd%u: %u failures", nid, n->kswapd_failures);
}

/* Between two requests no page is off its list for reclaim. */
static void check_isolated(struct check *c)
{
	const u32 block = 1u << (MAX_ORDER - 1);
	struct machine *m = c->m;
	pfn_t start, pfn;

	for (start = 0; start < m->max_pfn; start += block)
		for (pfn = start; page_exists(m, start) && pfn < start + block && pfn < m->max_pfn;
		     pfn++)
			if (page_test(pfn_to_page(m, pfn), PG_isolated))
				check_fail(c, "pfn %u: isolated, but nobody works on it", pfn);
}

void check_lru(struct check *c)
{
	u32 nid;

	check_runs(c);
	check_isolated(c);
	for (nid = 0; nid < c->m->nr_nodes; nid++)
		check_kswapd(c, nid);
	if (c->m->reclaim.active)
		check_fail(c, "reclaim is at work, and nobody called it");
}
