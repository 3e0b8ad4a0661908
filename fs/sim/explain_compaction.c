/*
 * explain_compaction.c - what compaction did last, and why, in plain sentences: the part of
 * sim/explain about runs by allocations, kcompactd, for the score's sake and by hand, and which
 * requests are being put off.
 *
 * The numbers are those that the engine decided by, kept where it decided (mman/compaction.h).
 */
#include "fs/sim/explain.h"

static void explain_who(const struct compact_run *r, struct text *out)
{
	switch ((enum compact_reason)r->reason) {
	case COMPACT_DIRECT:
		if (r->pid)
			text_printf(out, "%s (pid %u)", r->comm, r->pid);
		else
			text_str(out, "the kernel");
		text_printf(out, ", which wanted %llu kB in one piece (order %d),",
			    KB(1) << r->order, r->order);
		break;
	case COMPACT_KCOMPACTD:
		text_printf(out, "kcompactd%u, woken for requests of %llu kB (order %d),", r->nid,
			    KB(1) << r->order, r->order);
		break;
	case COMPACT_PROACTIVE:
		text_printf(out,
			    "kcompactd%u, because the node's fragmentation score was too high,",
			    r->nid);
		break;
	default:
		text_str(out, "somebody, by hand,");
	}
}

static const char *result_in_words(const struct compact_run *r)
{
	switch ((enum compact_result)r->result) {
	case COMPACT_SUCCESS:
		return r->order > 0 ? "a block of that size had come up" :
				      "the score was low enough";
	case COMPACT_COMPLETE:
		return "the scanners had met: the whole zone was done";
	case COMPACT_PARTIAL_SKIPPED:
		return "the scanners had met, having begun where the last run ended";
	default:
		return "it was told to stop, or there were no free pages left to move to";
	}
}

static void explain_index(const struct compact_run *r, struct text *out)
{
	if (r->order <= (s32)PAGE_ALLOC_COSTLY_ORDER || r->index_before < 0)
		return;
	text_printf(out,
		    "  Its fragmentation index for that order was 0.%03d, above "
		    "vm.extfrag_threshold: not memory was wanting, but memory in one piece.\n",
		    r->index_before > 999 ? 999 : r->index_before);
}

static void explain_run(const struct compact_run *r, struct text *out)
{
	explain_time(out, r->start);
	explain_who(r, out);
	text_printf(out, " compacted zone %s of node %u%s. It ended %llu us later: %s.\n",
		    zone_name((enum zone_type)r->zone), r->nid,
		    r->mode == MIGRATE_ASYNC ? " without waiting for anything" : "",
		    (ull)((r->end - r->start) / NSEC_PER_USEC), result_in_words(r));
	text_printf(
		out,
		"  The migrate scanner went from page frame 0x%x to 0x%x and looked at %llu, the "
		"free scanner from 0x%x to 0x%x and looked at %llu; %llu pages were moved, %llu "
		"could not be.\n",
		r->migrate_from, r->migrate_to, (ull)r->migrate_scanned, r->free_from, r->free_to,
		(ull)r->free_scanned, (ull)r->migrated, (ull)r->failed);
	text_printf(
		out,
		"  Of %llu kB free, huge pages could be had of %llu before and of %llu after it "
		"(share of memory of no use to them: %d %%, then %d %%). Runs of this kind since "
		"boot: %llu.\n",
		KB(r->free_before), (ull)r->blocks_before, (ull)r->blocks_after, r->score_before,
		r->score_after, (ull)r->count);
	explain_index(r, out);
}

static void explain_deferral(const struct zone *z, struct text *out)
{
	const struct zone_compaction *c = &z->compact;

	if (!c->defer_shift)
		return;
	text_printf(
		out,
		"Compaction of zone %s of node %u has failed lately: of %u requests of order %d and "
		"above one tries again; %u have been turned away or have tried since.\n",
		zone_name((enum zone_type)z->type), z->nid, 1u << c->defer_shift, c->order_failed,
		c->considered);
}

void explain_compaction(const struct machine *m, struct text *out)
{
	bool any = false;
	u32 i, nid;

	for (i = 0; i < NR_COMPACT_REASONS; i++) {
		if (!m->compaction.last[i].count)
			continue;
		explain_run(&m->compaction.last[i], out);
		any = true;
	}
	if (!any)
		text_str(out, "No memory has been compacted since boot.\n");
	for (nid = 0; nid < m->nr_nodes; nid++)
		for (i = 0; i < MAX_NR_ZONES; i++)
			if (zone_populated(&m->node[nid].zones[i]))
				explain_deferral(&m->node[nid].zones[i], out);
}
