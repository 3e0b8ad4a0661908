/*
 * explain_reclaim.c - what reclaim did last, and why, in plain sentences: the part of sim/explain
 * about kswapd's wake-up, kswapd's run, direct reclaim, zone_reclaim_mode and pages put out by
 * hand.
 *
 * The numbers are those that the engine decided by, kept where it decided (mman/vmscan.h).
 */
#include <mman/machine.h>

#include "fs/sim/explain.h"

static void print_time(struct text *out, u64 ns)
{
	text_printf(out, "%llu.%09llu s", (ull)(ns / NSEC_PER_SEC), (ull)(ns % NSEC_PER_SEC));
}

/* "bash (pid 12)", "the kernel" */
static void print_task(struct text *out, const char *comm, u32 pid)
{
	if (pid)
		text_printf(out, "%s (pid %u)", comm, pid);
	else
		text_str(out, "the kernel");
}

/* ---- the wake-up ---- */

static void explain_wakeup(const struct kswapd_wakeup *w, struct text *out)
{
	text_str(out, "At ");
	print_time(out, w->time);
	text_str(out, " ");
	print_task(out, w->comm, w->pid);
	text_printf(out,
		    " woke kswapd%u for %llu kB in one piece (order %u): zone %s of node %u had ",
		    w->nid, (ull)PAGE_KB << w->order, w->order, zone_name((enum zone_type)w->zone),
		    w->nid);
	text_printf(out, "%llu pages free", (ull)w->free);
	if (w->free <= w->low + w->reserve) {
		text_printf(out, ", not more than its low watermark of %llu", (ull)w->low);
		if (w->reserve)
			text_printf(out, " and the %llu pages that it keeps from such requests",
				    (ull)w->reserve);
	} else if (w->boosted) {
		text_str(out, ", and a watermark boost because types were mixed in a pageblock");
	} else {
		text_printf(out, ", but no zone that would do was above its high watermark, or had "
				 "a block of that size");
	}
	text_printf(out,
		    " (min %llu, low %llu, high %llu). Since boot kswapd was woken %llu time%s.\n",
		    (ull)w->min, (ull)w->low, (ull)w->high, (ull)w->count,
		    w->count == 1 ? "" : "s");
}

/* ---- the balance ---- */

static void explain_cost(const struct scan_decision *d, struct text *out)
{
	u64 sum = d->fraction[SIDE_ANON] + d->fraction[SIDE_FILE];

	text_printf(
		out,
		"swappiness %d against recent costs of %llu pages of I/O for anonymous and %llu for "
		"file pages gave weights of %llu and %llu, so %llu %% of the anonymous and %llu %% of "
		"the file pages' share was looked at",
		d->swappiness, (ull)d->cost[SIDE_ANON], (ull)d->cost[SIDE_FILE],
		(ull)d->fraction[SIDE_ANON], (ull)d->fraction[SIDE_FILE],
		(ull)(sum ? d->fraction[SIDE_ANON] * 100 / sum : 0),
		(ull)(sum ? d->fraction[SIDE_FILE] * 100 / sum : 0));
}

static void explain_classic(const struct scan_decision *d, struct text *out)
{
	text_printf(out,
		    "the classic rule: mapped_ratio %u / 2 + distress %u + swappiness %d = "
		    "swap_tendency %u, which %s 100, so mapped pages %s taken",
		    d->mapped_ratio, d->distress, d->swappiness, d->swap_tendency,
		    d->reclaim_mapped ? "exceeds" : "does not exceed",
		    d->reclaim_mapped ? "were" : "were not");
}

static void explain_balance(const struct scan_decision *d, struct text *out)
{
	static const char *const lists[NR_EVICTABLE_LISTS] = { "inactive anonymous",
							       "active anonymous", "inactive file",
							       "active file" };
	u32 i;

	text_printf(out, "  Priority %d, 1/%u of each list: ", d->priority, 1u << d->priority);
	switch ((enum scan_reason)d->reason) {
	case REASON_NO_SWAP:
		text_str(out, "only file pages were looked at, because anonymous ones have nowhere "
			      "to go (no swap slot is free, or swapping was not allowed)");
		break;
	case REASON_LAST_PRIORITY:
		text_str(out, "the last round takes anonymous and file pages alike");
		break;
	case REASON_FILE_TINY:
		text_printf(out,
			    "only anonymous pages were looked at, because %llu file pages and %llu "
			    "free ones are not more than the high watermarks' %llu",
			    (ull)d->size[LRU_INACTIVE_FILE] + d->size[LRU_ACTIVE_FILE],
			    (ull)d->free, (ull)d->high);
		break;
	case REASON_CACHE_TRIM:
		text_printf(
			out,
			"only file pages were looked at, because %llu inactive ones are plenty; "
			"swappiness %d was not asked",
			(ull)d->size[LRU_INACTIVE_FILE], d->swappiness);
		break;
	case REASON_COST:
		explain_cost(d, out);
		break;
	case REASON_CLASSIC:
		explain_classic(d, out);
		break;
	}
	text_str(out, ". To scan:");
	for (i = 0; i < NR_EVICTABLE_LISTS; i++)
		text_printf(out, "%s %llu of %llu %s", i ? "," : "", (ull)d->nr_to_scan[i],
			    (ull)d->size[i], lists[i]);
	text_str(out, " pages.\n");
	if (!d->deactivate[SIDE_ANON] || !d->deactivate[SIDE_FILE])
		text_printf(
			out,
			"  Active %s pages stayed where they are: the inactive list is long enough, "
			"and nothing came back too soon.\n",
			d->deactivate[SIDE_ANON] ? "file" :
			d->deactivate[SIDE_FILE] ? "anonymous" :
						   "anonymous and file");
}

/* ---- a run ---- */

static void print_counts(const struct reclaim_run *r, struct text *out)
{
	const struct reclaim_counts *c = &r->count;

	text_printf(
		out,
		"  It looked at %llu anonymous and %llu file pages and freed %llu and %llu of them",
		(ull)c->scanned[SIDE_ANON], (ull)c->scanned[SIDE_FILE], (ull)c->stolen[SIDE_ANON],
		(ull)c->stolen[SIDE_FILE]);
	if (c->slab_pages)
		text_printf(out, ", and %llu pages of slab", (ull)c->slab_pages);
	text_printf(
		out,
		"; %llu were activated, %llu kept because they had been used, %llu sent to the disk, "
		"%llu left to the flushers",
		(ull)c->activated, (ull)c->kept_referenced, (ull)c->written, (ull)c->immediate);
	if (c->lazyfreed)
		text_printf(out, ", %llu dropped that MADV_FREE had given up", (ull)c->lazyfreed);
	text_printf(out, ". %llu active pages were looked at, %llu became inactive.\n",
		    (ull)c->refilled, (ull)c->deactivated);
	if (c->throttled_ns) {
		text_str(out, "  It waited ");
		print_time(out, c->throttled_ns);
		text_str(out, " for pages to be written.\n");
	}
}

static void print_end(const struct reclaim_run *r, struct text *out)
{
	text_str(out, "  It took ");
	print_time(out, r->end - r->start);
	text_printf(out, " and %u passes, down to priority %d; it ended because ", r->passes,
		    r->priority);
	switch ((enum reclaim_end)r->ended) {
	case RECLAIM_ENOUGH:
		text_printf(out, "%llu pages were freed, which is enough.\n", (ull)r->nr_reclaimed);
		break;
	case RECLAIM_BALANCED:
		text_str(out, "a zone was above its high watermark.\n");
		break;
	case RECLAIM_EXHAUSTED:
		text_printf(out, "there was nothing further to try; %llu pages were freed.\n",
			    (ull)r->nr_reclaimed);
		break;
	}
}

static void explain_run(const struct reclaim_run *r, struct text *out)
{
	static const char *const what[NR_RECLAIM_KINDS] = {
		[RECLAIM_DIRECT] = "had to reclaim memory itself",
		[RECLAIM_KSWAPD] = "reclaimed memory of its node",
		[RECLAIM_NODE] = "reclaimed its near node's memory (zone_reclaim_mode)",
		[RECLAIM_PAGEOUT] = "put out pages by hand",
	};

	text_str(out, "At ");
	print_time(out, r->start);
	text_str(out, " ");
	print_task(out, r->comm, r->pid);
	text_printf(out, " %s", what[r->kind]);
	if (r->kind == RECLAIM_DIRECT || r->kind == RECLAIM_NODE)
		text_printf(
			out,
			", for a request of %llu kB in one piece (order %u) that no zone up to %s "
			"could serve above its min watermark",
			(ull)PAGE_KB << r->order, r->order, zone_name((enum zone_type)r->highest));
	text_str(out, ".\n");
	if (r->passes)
		explain_balance(&r->decision, out);
	print_counts(r, out);
	print_end(r, out);
}

int explain_reclaim(const struct request *rq, struct text *out)
{
	static const char *const never[NR_RECLAIM_KINDS] = {
		"No process has had to reclaim memory itself since boot.\n",
		"kswapd has not reclaimed anything since boot.\n"
	};
	const struct reclaim_state *s = &rq->m->reclaim;
	u32 kind;

	text_printf(out, "The reclaim policy is %s.\n",
		    reclaim_policy_name((enum reclaim_policy_id)s->policy));
	if (s->wakeup.count)
		explain_wakeup(&s->wakeup, out);
	else
		text_str(out, "kswapd has not been woken since boot.\n");
	for (kind = 0; kind < NR_RECLAIM_KINDS; kind++) {
		if (s->runs[kind])
			explain_run(&s->last[kind], out);
		else if (never[kind])
			text_str(out, never[kind]);
	}
	return 0;
}
