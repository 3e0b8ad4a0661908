/*
 * tune.c - how often the hidden holder maps each page, so that the Pss of all mappings come out at
 * once.
 *
 * Mapping by mapping (holder.c) what one wants disturbs the next, which has the same pages. Here a
 * page gets a mapper more or less only where that brings the mappings that have it nearer to what
 * smaps says of them, taken together. Those of processes that changed while they were read do not
 * count, and give way: where even without the holder too many have a page of a file, one of them
 * has another page of the file instead, or none.
 */
#include "fs/twin/furnish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ALONE	     UINT32_MAX /* page_of[]: somebody's who has it alone */
#define MOST_MORE    8u		/* mappings that a page of a file gets */
#define SWEEPS	     400
#define SWEEPS_WHOLE 40 /* for the sums of processes */
#define MOST_WEIGHT  ((s64)1 << 20)
/* what is the sum of mappings costs none of them its own */
#define MAPPING_WEIGHT	MOST_WEIGHT
#define MOST_OF_PROCESS 16
#define MOST_STEPS	400000000ull /* looks at a page of a mapping: a second or two */

struct tuned_page {
	pfn_t pfn;
	u32 there, give_way; /* mappers without the holder; of these, those that need not be */
	u32 mappers;	     /* with it */
	u32 first, nr, room; /* mappings that have it and stood still, in ->owners */
	u32 looked_at;	     /* by which look for a page that a mapping does not have */
};

struct tuned_mapping {
	s64 pss, low, high; /* wanted: low <= pss < high */
	s64 alone;	    /* of this, of pages that nobody else has */
	s64 weight;	    /* the longer it is not, the more it counts */
	u32 first, nr;	    /* pages, in ->owned */
	size_t seen;
};

struct tuned_move {
	size_t seen;
	pfn_t from, to;
};

struct tuned_copy {
	size_t seen;
	pfn_t of;
	u32 mappers;
};

struct tuning {
	struct twin *t;
	s16 *held;
	u32 *page_of; /* by frame: place in ->pages, + 1 */
	struct tuned_page *pages;
	struct tuned_mapping *mappings;
	u32 *owned, *owners;
	size_t nr_pages, max_pages, nr_owned, max_owned;
	size_t nr_mappings, nr_rows; /* of ->mappings: mappings, and behind them whole processes */
	bool whole;		     /* these count as well */
	s16 *best;		     /* ->held of ->pages, when the fewest mappings were off */
	struct tuned_move *moves;
	struct tuned_copy *copies;
	size_t nr_moves, max_moves, nr_copies, max_copies;
	u64 steps;
	u32 look;
	bool failed;
};

static s64 share_of(u32 n)
{
	return (s64)((PAGE_SIZE << 12) / (n ? n : 1));
}

/* ---- what there is ---- */

static bool room_for(struct tuning *g, void **array, size_t nr, size_t *max, size_t size)
{
	size_t more = *max ? 2 * *max : 4096;
	void *grown;

	if (nr < *max)
		return true;
	grown = realloc(*array, more * size);
	if (!grown) {
		g->failed = true;
		return false;
	}
	*array = grown;
	*max = more;
	return true;
}

static void add_page(void *arg, u64 page, pfn_t pfn, const struct page *p)
{
	struct tuning *g = arg;
	struct tuned_mapping *v = &g->mappings[g->nr_rows];
	u32 n = (u32)((s64)p->mapcount + g->held[pfn]);

	(void)page;
	v->pss += share_of(n);
	/* who has it alone has it alone */
	if (n < 2) {
		v->alone += share_of(n);
		g->page_of[pfn] = ALONE;
		return;
	}
	if (!room_for(g, (void **)&g->owned, g->nr_owned, &g->max_owned, sizeof(u32)))
		return;
	if (!g->page_of[pfn]) {
		if (!room_for(g, (void **)&g->pages, g->nr_pages, &g->max_pages, sizeof(*g->pages)))
			return;
		g->pages[g->nr_pages++] =
			(struct tuned_page){ .pfn = pfn, .there = p->mapcount, .mappers = n };
		g->page_of[pfn] = (u32)g->nr_pages;
	}
	g->pages[g->page_of[pfn] - 1].nr++;
	g->owned[g->nr_owned++] = g->page_of[pfn] - 1;
	v->nr++;
}

static bool is_of_interest(const struct twin *t, const struct twin_seen *s)
{
	return s->kb[TWIN_RSS] && s->kb[TWIN_SHARED] && !t->unsteady[s->process];
}

static void may_leave(void *arg, u64 page, pfn_t pfn, const struct page *p)
{
	struct tuning *g = arg;
	u32 at = g->page_of[pfn];

	(void)page;
	if (at && at != ALONE && page_mapping_type(p) == MAPPING_FILE)
		g->pages[at - 1].give_way++;
}

static void start_row(struct tuning *g, u64 pss, size_t seen)
{
	g->mappings[g->nr_rows] = (struct tuned_mapping){ .low = (s64)(pss * KB_PSS),
							  .high = (s64)((pss + 1) * KB_PSS),
							  .weight = 1,
							  .first = (u32)g->nr_owned,
							  .seen = seen };
}

/* The Pss of a whole process, which is more than the sum of its mappings' rounded ones. */
static bool rollup_of(const struct twin *t, size_t process, u64 *pss)
{
	struct slice text;

	if (!capture_of_process(&t->c, &t->c.processes[process], "smaps_rollup", &text))
		return false;
	*pss = slice_value(text, "Pss:", UINT64_MAX);
	return *pss < (u64)1 << 40;
}

/* Only where who shares with whom is known: what is a guess has no fractions. */
bool twin_has_sums(const struct twin *t)
{
	size_t i;
	u64 pss;

	for (i = 0; i < t->c.nr_processes && t->has_numbers; i++)
		if (rollup_of(t, i, &pss))
			return true;
	return false;
}

static void gather_processes(struct tuning *g)
{
	struct twin *t = g->t;
	size_t i, end;
	u64 pss;

	for (i = 0; i < t->nr_seen && t->has_numbers && !g->failed; i = end) {
		size_t process = t->seen[i].process;

		for (end = i; end < t->nr_seen && t->seen[end].process == process; end++)
			;
		if (t->unsteady[process] || !rollup_of(t, process, &pss))
			continue;
		start_row(g, pss, i);
		g->mappings[g->nr_rows].weight = 0;
		for (; i < end; i++)
			if (t->seen[i].kb[TWIN_RSS])
				twin_visit(t->m, t->seen[i].vma, add_page, g);
		g->nr_rows++;
	}
}

static void gather(struct tuning *g)
{
	struct twin *t = g->t;
	size_t i;

	for (i = 0; i < t->nr_seen && !g->failed; i++) {
		const struct twin_seen *s = &t->seen[i];

		if (!is_of_interest(t, s))
			continue;
		start_row(g, s->kb[TWIN_PSS], i);
		twin_visit(t->m, s->vma, add_page, g);
		g->nr_rows++;
	}
	g->nr_mappings = g->nr_rows;
	gather_processes(g);
	for (i = 0; i < t->nr_seen && !g->failed; i++)
		if (t->seen[i].kb[TWIN_RSS] && t->unsteady[t->seen[i].process])
			twin_visit(t->m, t->seen[i].vma, may_leave, g);
}

/* From the pages of each mapping, the mappings of each page. */
static bool invert(struct tuning *g)
{
	u32 at = 0, more = g->t->plans ? MOST_MORE : 0;
	size_t i, k;

	g->owners = malloc((g->nr_owned + more * g->nr_pages + 1) * sizeof(*g->owners));
	if (!g->owners)
		return false;
	for (i = 0; i < g->nr_pages; i++) {
		g->pages[i].first = at;
		g->pages[i].room = g->pages[i].nr + more;
		at += g->pages[i].room;
		g->pages[i].nr = 0;
	}
	for (i = 0; i < g->nr_rows; i++)
		for (k = 0; k < g->mappings[i].nr; k++) {
			struct tuned_page *p = &g->pages[g->owned[g->mappings[i].first + k]];

			g->owners[p->first + p->nr++] = (u32)i;
		}
	return true;
}

/* ---- better ---- */

static s64 off(const struct tuned_mapping *v, s64 pss)
{
	return pss < v->low ? v->low - pss : pss >= v->high ? pss - v->high + 1 : 0;
}

/* What all that have the page come nearer to what they want by a mapper more, or less. */
static s64 gain(struct tuning *g, const struct tuned_page *p, s64 change)
{
	s64 sum = 0;
	u32 i;

	for (i = 0; i < p->nr; i++) {
		const struct tuned_mapping *v = &g->mappings[g->owners[p->first + i]];

		sum += v->weight * (off(v, v->pss) - off(v, v->pss + change));
	}
	g->steps += p->nr;
	return sum;
}

/* Shared is shared. */
static u32 least_of(const struct tuned_page *p)
{
	u32 n = p->there > p->give_way ? p->there - p->give_way : 0;

	return n < 2 ? 2 : n;
}

static void step(struct tuning *g, struct tuned_page *p, bool more)
{
	u32 n = more ? p->mappers + 1 : p->mappers - 1, i;
	s64 change = share_of(n) - share_of(p->mappers);

	if (more ? g->held[p->pfn] >= MOST_HELD : p->mappers <= least_of(p))
		return;
	if (gain(g, p, change) <= 0)
		return;
	for (i = 0; i < p->nr; i++)
		g->mappings[g->owners[p->first + i]].pss += change;
	g->held[p->pfn] = (s16)(g->held[p->pfn] + (more ? 1 : -1));
	p->mappers = n;
}

/* Once over the pages of a mapping that is not as it should be. */
static void tune(struct tuning *g, const struct tuned_mapping *v)
{
	u32 k;

	for (k = 0; k < v->nr && off(v, v->pss) && g->steps < MOST_STEPS; k++)
		step(g, &g->pages[g->owned[v->first + k]], v->pss >= v->high);
}

static size_t rows(const struct tuning *g)
{
	return g->whole ? g->nr_rows : g->nr_mappings;
}

/* Those that are not as they should be, weightier from now on. How many there are; no process is
 * worth a mapping. */
static size_t weigh(struct tuning *g)
{
	size_t i, n = 0;

	for (i = 0; i < rows(g); i++) {
		struct tuned_mapping *v = &g->mappings[i];

		if (!off(v, v->pss))
			continue;
		n += i < g->nr_mappings ? g->nr_rows : 1;
		v->weight += v->weight < (g->whole ? MOST_OF_PROCESS : MOST_WEIGHT);
	}
	return n;
}

/* As it was when the fewest were off. */
static void restore(struct tuning *g)
{
	size_t i;
	u32 k;

	for (i = 0; i < g->nr_pages; i++) {
		struct tuned_page *p = &g->pages[i];

		g->held[p->pfn] = g->best[i];
		p->mappers = (u32)((s64)p->there + g->best[i]);
	}
	for (i = 0; i < g->nr_rows; i++) {
		struct tuned_mapping *v = &g->mappings[i];

		v->weight = i < g->nr_mappings || g->whole;
		v->pss = v->alone;
		for (k = 0; k < v->nr; k++)
			v->pss += share_of(g->pages[g->owned[v->first + k]].mappers);
	}
}

static void keep(const struct tuning *g)
{
	size_t i;

	for (i = 0; i < g->nr_pages; i++)
		g->best[i] = g->held[g->pages[i].pfn];
}

/* Where no page makes it better for all together, those that are not satisfied get more weight,
 * until that changes something. */
static void tune_all(struct tuning *g)
{
	size_t i, n = weigh(g), fewest = n;
	int sweep;

	keep(g);
	for (sweep = 0;
	     sweep < (g->whole ? SWEEPS_WHOLE : SWEEPS) && fewest && g->steps < MOST_STEPS;
	     sweep++) {
		for (i = 0; i < rows(g); i++)
			if (off(&g->mappings[i], g->mappings[i].pss))
				tune(g, &g->mappings[i]);
		n = weigh(g);
		if (n < fewest) {
			keep(g);
			fewest = n;
		}
	}
	restore(g);
}

/* Then the sums of whole processes, as far as no mapping loses by it. */
static void tune_processes(struct tuning *g)
{
	size_t i;

	g->whole = true;
	for (i = 0; i < g->nr_rows; i++)
		g->mappings[i].weight = i < g->nr_mappings ? MAPPING_WEIGHT : 1;
	if (g->nr_rows > g->nr_mappings)
		tune_all(g);
}

/* ---- other pages ---- */

/* A mapping has page @to of its file and not page @from: what all come nearer by that. */
static s64 gain_by_move(struct tuning *g, u32 mapping, struct tuned_page *from,
			struct tuned_page *to, s64 change[3])
{
	struct tuned_mapping *v = &g->mappings[mapping];
	bool held = g->held[to->pfn] > 0;
	s64 pss = v->pss, sum;

	/* for those that stay, for those that were there, for itself */
	change[0] = share_of(from->mappers - 1) - share_of(from->mappers);
	change[1] = held ? 0 : share_of(to->mappers + 1) - share_of(to->mappers);
	change[2] = share_of(to->mappers + !held) - share_of(from->mappers);
	/* it counts with neither */
	sum = v->weight * (off(v, pss) - off(v, pss + change[2]));
	sum -= v->weight * (off(v, pss) - off(v, pss + change[0]));
	return sum + gain(g, from, change[0]) + gain(g, to, change[1]);
}

static void move(struct tuning *g, u32 mapping, u32 *owned, u32 to)
{
	struct tuned_page *p = &g->pages[*owned], *q = &g->pages[to];
	u32 i;

	for (i = 0; g->owners[p->first + i] != mapping; i++)
		;
	g->owners[p->first + i] = g->owners[p->first + --p->nr];
	p->there--;
	p->mappers--;
	g->owners[q->first + q->nr++] = mapping;
	q->there++;
	if (g->held[q->pfn] > 0)
		g->held[q->pfn]--;
	else
		q->mappers++;
	*owned = to;
}

static bool try_move(struct tuning *g, u32 mapping, u32 *owned, u32 to)
{
	struct tuned_page *p = &g->pages[*owned], *q = &g->pages[to];
	s64 change[3];
	u32 i;

	/* shared is shared for those that stay as well */
	if (p->mappers <= 2 || q->nr == q->room ||
	    !room_for(g, (void **)&g->moves, g->nr_moves, &g->max_moves, sizeof(*g->moves)) ||
	    gain_by_move(g, mapping, p, q, change) <= 0)
		return false;
	for (i = 0; i < q->nr; i++)
		g->mappings[g->owners[q->first + i]].pss += change[1];
	for (i = 0; i < p->nr; i++)
		if (g->owners[p->first + i] != mapping)
			g->mappings[g->owners[p->first + i]].pss += change[0];
	g->mappings[mapping].pss += change[2];
	g->moves[g->nr_moves++] = (struct tuned_move){ g->mappings[mapping].seen, p->pfn, q->pfn };
	move(g, mapping, owned, to);
	return true;
}

/* The page of the file that is @n pages behind its start, if others have it and it not: place in
 * ->pages; ALONE: no. */
static u32 page_of_others(struct tuning *g, const struct twin_seen *s, u64 n)
{
	const struct machine *m = g->t->m;
	const struct vma *v = vma_at(m, s->vma);
	pfn_t pfn = twin_cached_page(g->t->m, file_at(m, v->file)->inode, s->pgoff + n);
	u32 at = pfn == PFN_NONE ? 0 : g->page_of[pfn];

	if (!at || at == ALONE || g->pages[at - 1].looked_at == g->look)
		return ALONE;
	return at - 1;
}

/* Other pages of its file for one that is not as it should be. */
static void move_pages(struct tuning *g, u32 mapping)
{
	struct tuned_mapping *v = &g->mappings[mapping];
	const struct twin_seen *s = &g->t->seen[v->seen];
	u64 n;
	u32 k, to;

	if (!vma_at(g->t->m, s->vma)->file)
		return;
	g->look++;
	for (k = 0; k < v->nr; k++)
		g->pages[g->owned[v->first + k]].looked_at = g->look;
	for (n = 0; n < s->want.pages && off(v, v->pss) && g->steps < MOST_STEPS; n++) {
		to = page_of_others(g, s, n);
		for (k = 0; to != ALONE && k < v->nr && off(v, v->pss); k++) {
			struct tuned_page *from = &g->pages[g->owned[v->first + k]];

			if (page_mapping_type(pfn_to_page(g->t->m, from->pfn)) != MAPPING_FILE ||
			    !try_move(g, mapping, &g->owned[v->first + k], to))
				continue;
			from->looked_at = 0;
			g->pages[to].looked_at = g->look;
			break;
		}
	}
}

/* Where page tables are not known, files' pages may be others than was planned. */
static void move_all(struct tuning *g)
{
	size_t i, before = SIZE_MAX;

	while (g->t->plans && g->nr_moves != before && g->steps < MOST_STEPS) {
		before = g->nr_moves;
		for (i = 0; i < g->nr_mappings; i++)
			if (off(&g->mappings[i], g->mappings[i].pss))
				move_pages(g, (u32)i);
	}
}

/* ---- copies ---- */

/* Of an anonymous page that it has with others it has a copy, with so many others that nobody
 * knows: a larger share for it, while the holder takes its place among the others. */
static bool try_copy(struct tuning *g, u32 mapping, u32 k)
{
	struct tuned_mapping *v = &g->mappings[mapping];
	u32 *owned = &g->owned[v->first + k], n, i;
	struct tuned_page *p = &g->pages[*owned];
	s64 base = v->pss - share_of(p->mappers);

	/* who has it last keeps it; as large a share as there is room for */
	if (p->there < 2 || g->held[p->pfn] >= MOST_HELD ||
	    page_mapping_type(pfn_to_page(g->t->m, p->pfn)) != MAPPING_ANON)
		return false;
	for (n = 2; n < p->mappers && base + share_of(n) >= v->high; n++)
		;
	if (n >= p->mappers ||
	    !room_for(g, (void **)&g->copies, g->nr_copies, &g->max_copies, sizeof(*g->copies)))
		return false;
	g->copies[g->nr_copies++] = (struct tuned_copy){ v->seen, p->pfn, n };
	for (i = 0; g->owners[p->first + i] != mapping; i++)
		;
	g->owners[p->first + i] = g->owners[p->first + --p->nr];
	p->there--;
	g->held[p->pfn]++;
	v->alone += share_of(n);
	v->pss = base + share_of(n);
	*owned = g->owned[v->first + --v->nr];
	return true;
}

/* Whose share is still too small where who shares with whom is a guess. */
static void copy_all(struct tuning *g)
{
	size_t i;
	u32 k;

	for (i = 0; !g->t->has_numbers && i < g->nr_mappings; i++) {
		struct tuned_mapping *v = &g->mappings[i];

		for (k = v->nr; k-- > 0 && v->pss < v->low;)
			try_copy(g, (u32)i, k);
	}
}

static void do_copies(struct tuning *g)
{
	struct machine *m = g->t->m;
	size_t i;

	for (i = 0; i < g->nr_copies; i++) {
		const struct tuned_copy *w = &g->copies[i];
		handle_t vma = g->t->seen[w->seen].vma;
		pfn_t copy = twin_unshare(
			m, vma, page_index(pfn_to_page(m, w->of)) - vma_at(m, vma)->pgoff);

		if (copy != PFN_NONE)
			g->held[copy] =
				(s16)(w->mappers - 1 < MOST_HELD ? w->mappers - 1 : MOST_HELD);
	}
}

static void do_moves(struct tuning *g)
{
	struct machine *m = g->t->m;
	size_t i;

	for (i = 0; i < g->nr_moves; i++) {
		const struct tuned_move *w = &g->moves[i];
		u64 start = vma_at(m, g->t->seen[w->seen].vma)->pgoff;

		twin_change_page(m, g->t->seen[w->seen].vma,
				 page_index(pfn_to_page(m, w->from)) - start,
				 page_index(pfn_to_page(m, w->to)) - start);
	}
}

/* ---- those that give way ---- */

/* Is it nobody's who stood still? */
static bool is_spare(void *arg, pfn_t pfn)
{
	return !((const struct tuning *)arg)->page_of[pfn];
}

struct leaving {
	struct tuning *g;
	u64 *pages;
	size_t nr, max;
};

static void find_leaving(void *arg, u64 page, pfn_t pfn, const struct page *p)
{
	struct leaving *l = arg;
	struct tuning *g = l->g;

	if (g->held[pfn] < 0 && page_mapping_type(p) == MAPPING_FILE &&
	    room_for(g, (void **)&l->pages, l->nr, &l->max, sizeof(*l->pages))) {
		l->pages[l->nr++] = page;
		g->held[pfn]++;
	}
}

/* Negative counts of the holder's are mappers less. */
static void let_leave(struct tuning *g)
{
	struct twin *t = g->t;
	struct leaving l = { .g = g };
	size_t i, k;

	for (i = 0; i < t->nr_seen; i++) {
		if (!t->seen[i].kb[TWIN_RSS] || !t->unsteady[t->seen[i].process])
			continue;
		l.nr = 0;
		twin_visit(t->m, t->seen[i].vma, find_leaving, &l);
		for (k = 0; k < l.nr; k++)
			twin_change_page(t->m, t->seen[i].vma, l.pages[k],
					 twin_other_page(t->m, t->seen[i].vma, is_spare, g));
	}
	free(l.pages);
	for (i = 0; i < g->nr_pages; i++)
		if (g->held[g->pages[i].pfn] < 0)
			g->held[g->pages[i].pfn] = 0;
}

int twin_tune(struct twin *t, s16 *held)
{
	struct tuning g = { .t = t, .held = held };

	g.page_of = calloc(t->m->max_pfn, sizeof(*g.page_of));
	g.mappings = malloc((t->nr_seen + t->c.nr_processes + 1) * sizeof(*g.mappings));
	g.failed = !g.page_of || !g.mappings;
	if (!g.failed)
		gather(&g);
	g.best = g.failed ? NULL : malloc((g.nr_pages + 1) * sizeof(*g.best));
	g.failed = !g.best || !invert(&g);
	if (!g.failed) {
		tune_all(&g);
		move_all(&g);
		tune_all(&g);
		tune_processes(&g);
		copy_all(&g);
		do_moves(&g);
		do_copies(&g);
		let_leave(&g);
	}
	free(g.page_of);
	free(g.mappings);
	free(g.pages);
	free(g.owned);
	free(g.owners);
	free(g.best);
	free(g.moves);
	free(g.copies);
	return g.failed ? -ENOMEM : 0;
}
