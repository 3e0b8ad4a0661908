/*
 * What sim/explain says of memory as a decision found it: which zone was short of which watermark,
 * what its free lists held, and what there was to reclaim. All of it was kept when it was decided.
 */
#include "fs/sim/explain.h"

void explain_time(struct text *out, u64 ns)
{
	text_printf(out, "At %llu.%09llu s, ", (unsigned long long)(ns / NSEC_PER_SEC),
		    (unsigned long long)(ns % NSEC_PER_SEC));
}

static u64 free_in_blocks(const struct zone_state *z, u32 order)
{
	u64 pages = 0;

	for (; order < MAX_ORDER; order++)
		pages += (u64)z->nr_free[order] << order;
	return pages;
}

/* Too few pages, or enough of them but none in a row? */
static void explain_verdict(const struct zone_state *z, u32 order, struct text *out)
{
	u64 needs = z->min + z->protection;

	if (!z->allowed)
		text_str(out, "the request could not use it.\n");
	else if (z->free <= needs)
		text_printf(out, "%llu kB short of it.\n", KB(needs + 1 - z->free));
	else if (order && !free_in_blocks(z, order))
		text_printf(out,
			    "enough pages, but no free block of %llu kB: memory is fragmented.\n",
			    KB(1) << order);
	else
		text_str(out, "enough for requests that may use the reserves only.\n");
}

static void explain_free_lists(const struct zone_state *z, u32 order, struct text *out)
{
	u32 i;

	text_str(out, "    free lists:");
	for (i = 0; i < MAX_ORDER; i++)
		text_printf(out, " %u*%llukB", z->nr_free[i], KB(1) << i);
	if (order)
		text_printf(out, "; %llu kB of it in blocks of %llu kB and more",
			    KB(free_in_blocks(z, order)), KB(1) << order);
	text_char(out, '\n');
}

static void explain_zone(const struct zone_state *z, u32 order, struct text *out)
{
	text_printf(out,
		    "  Node %u %s: %llu kB free, %llu kB more on the CPUs' lists; min is %llu kB",
		    z->nid, zone_name((enum zone_type)z->type), KB(z->free), KB(z->pcp),
		    KB(z->min));
	if (z->protection)
		text_printf(out, " and %llu kB are protected from requests that could go higher",
			    KB(z->protection));
	text_str(out, ": ");
	explain_verdict(z, order, out);
	explain_free_lists(z, order, out);
	text_printf(out,
		    "    low %llu kB, high %llu kB, managed %llu kB; anonymous %llu+%llu kB, files "
		    "%llu+%llu kB (active+inactive), unevictable %llu kB\n",
		    KB(z->low), KB(z->high), KB(z->managed), KB(z->active_anon),
		    KB(z->inactive_anon), KB(z->active_file), KB(z->inactive_file),
		    KB(z->unevictable));
}

void explain_memory(const struct memory_state *s, u32 order, struct text *out)
{
	u32 i;

	for (i = 0; i < s->nr_zones; i++)
		explain_zone(&s->zone[i], order, out);
	if (s->nr_left_out)
		text_printf(out, "  (%u more zones were not kept.)\n", s->nr_left_out);
	text_printf(
		out,
		"  Swap: %llu of %llu kB free. Dirty %llu kB, under writeback %llu kB, shared memory "
		"%llu kB, slabs %llu kB reclaimable and %llu kB not, page tables %llu kB.\n",
		KB(s->free_swap), KB(s->total_swap), KB(s->dirty), KB(s->writeback), KB(s->shmem),
		KB(s->slab_reclaimable), KB(s->slab_unreclaimable), KB(s->page_tables));
}

/* "all nodes", "node 1", "nodes 0,2" */
static void explain_nodes(u64 mask, struct text *out)
{
	const char *separator = " ";
	u32 nid;

	if (!mask) {
		text_str(out, "all nodes");
		return;
	}
	text_str(out, mask & (mask - 1) ? "nodes" : "node");
	for (nid = 0; nid < MAX_NUMNODES; nid++)
		if (mask >> nid & 1) {
			text_printf(out, "%s%u", separator, nid);
			separator = ",";
		}
}

void explain_request(gfp_t gfp, u32 order, u64 nodemask, struct text *out)
{
	char flags[256];

	gfp_flags_text(gfp, flags, sizeof(flags));
	text_printf(out, "%llu kB in one piece (order %u, %s, ", KB(1) << order, order, flags);
	explain_nodes(nodemask, out);
	text_char(out, ')');
}

void explain_free(const struct memory_state *s, u64 nodemask, struct text *out)
{
	u64 there = 0;
	u32 i;

	text_printf(out, "%llu kB were free", KB(s->free));
	for (i = 0; i < s->nr_zones; i++)
		there += nodemask >> s->zone[i].nid & 1 ? s->zone[i].free : 0;
	/* zones that were left out are counted nowhere else */
	if (nodemask && !s->nr_left_out && there < s->free)
		text_printf(out, ", of which only %llu kB there", KB(there));
	text_str(out, ".\n");
}

/* ---- the last allocation that was given up ---- */

static u32 zones_with_enough_pages(const struct alloc_failure *f)
{
	u32 i, n = 0;

	for (i = 0; i < f->memory.nr_zones; i++) {
		const struct zone_state *z = &f->memory.zone[i];

		n += z->allowed && z->free > z->min + z->protection;
	}
	return n;
}

static void explain_why_no_kill(const struct alloc_failure *f, struct text *out)
{
	if (f->order > PAGE_ALLOC_COSTLY_ORDER)
		text_printf(
			out,
			"Nobody was killed for it: for more than %llu kB in one piece (order %u) the OOM "
			"killer would not help.\n",
			KB(1) << PAGE_ALLOC_COSTLY_ORDER, PAGE_ALLOC_COSTLY_ORDER);
	else if (!(f->gfp & __GFP_DIRECT_RECLAIM))
		text_str(out, "It could not wait: no reclaim, and nobody was killed for it.\n");
	else if (f->gfp & (__GFP_NORETRY | __GFP_RETRY_MAYFAIL))
		text_str(out, "It would rather fail than have somebody killed.\n");
	else if (f->gfp & __GFP_THISNODE)
		text_str(out, "Only one node would do, and nobody is killed for that.\n");
	else if (f->highest < ZONE_NORMAL)
		text_str(
			out,
			"Nobody was killed for it: processes have next to nothing in the low zones.\n");
	else
		text_str(out, "Nobody could be killed for it.\n");
}

void explain_alloc_failure(const struct alloc_failure *f, struct text *out)
{
	u32 enough = zones_with_enough_pages(f);

	explain_time(out, f->time);
	text_printf(out, "an allocation was given up (%llu so far): %s (pid %u) asked for ",
		    (unsigned long long)f->count, f->comm, f->pid);
	explain_request(f->gfp, f->order, f->nodemask, out);
	text_str(out, ", and ");
	explain_free(&f->memory, f->nodemask, out);
	if (enough && f->order)
		text_printf(
			out,
			"%u of the zones that it could use had pages enough, but not in one piece.\n",
			enough);
	explain_why_no_kill(f, out);
	explain_memory(&f->memory, f->order, out);
	if (!f->logged)
		text_str(out,
			 "The log does not have it: it takes one such report in ten seconds.\n");
}
