/*
 * plan.c - who shares which pages, where only sums are known: a capture without page tables.
 *
 * Of each mapping smaps tells how many of its pages others have too (S), and its share of them (T, from Pss):
 * a page of theirs has S/T mappers on average. Wanted are pages, each with a set of mappings that have it, so that
 * every mapping comes to its S and its T. Mappings that may share, those of one file from the same offset or of
 * one family at the same place, are a group.
 *
 * The one of a group with the fewest mappers a page, k = floor(S/T), goes first: of its pages some have k
 * mappers and the others one more, which gives exactly T. Its partners are the next in that order, who need as
 * many mappers or more, so that nobody gets a smaller share than he has. Who is left without partners has them
 * among those that were not read, and the hidden holder stands for these (holder.c).
 */
#include "fs/twin/furnish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define KB_PAGES     (PAGE_SIZE >> 10)
#define WHOLE	     ((u64)PAGE_SIZE << 12) /* the share of who has a page alone */
#define KB_SHARE     ((u64)1024 << 12)
#define MOST_MAPPERS ((u64)1 << 20)
#define FIRST_NUMBER ((u64)1 << 41) /* numbers of shared pages that no capture gives */

/* A mapping in a group: of its own pages, or of its file's. */
struct member {
	size_t seen;
	u64 kin[2];  /* the group */
	u64 offset;  /* of its first page among the group's */
	u64 shared;  /* pages still to be placed */
	u64 share;   /* what is left of its share in them */
	u64 mappers; /* that each of them has, as far as a share in whole kB tells */
	u64 own;     /* its file's, that nobody else has */
	bool is_file;
};

struct planning {
	struct twin *t;
	struct member *members;
	size_t nr, max;
	struct layout taken; /* of the group's file: pages that somebody has */
	u64 number, inner;   /* next of the shared ones; where the group's shortest mapping ends */
	bool failed;
};

/* ---- groups ---- */

static void add_member(struct planning *g, const struct member *m)
{
	if (g->nr == g->max) {
		size_t max = g->max ? 2 * g->max : 1024;
		struct member *grown = realloc(g->members, max * sizeof(*grown));

		if (!grown) {
			g->failed = true;
			return;
		}
		g->members = grown;
		g->max = max;
	}
	g->members[g->nr++] = *m;
}

static void add_members(struct planning *g, size_t i)
{
	const struct twin *t = g->t;
	const struct twin_seen *s = &t->seen[i];
	const struct vma *v = vma_at(t->m, s->vma);
	handle_t inode = v->file ? file_at(t->m, v->file)->inode : 0;
	u64 shared = s->want.shared_anon + s->want.shared_file;
	u64 alone = (s->want.anon + s->want.file - shared) * WHOLE;
	u64 pss = s->kb[TWIN_PSS] * KB_SHARE + KB_SHARE / 2;
	u64 share = pss > alone ? pss - alone : 1;
	struct member m = { .seen = i, .offset = v->pgoff };

	if (s->want.shared_anon) {
		m.kin[0] = s->family ^ inode;
		m.kin[1] = v->pgoff;
		m.shared = s->want.shared_anon;
		m.share = (u64)((unsigned __int128)share * m.shared / shared);
		add_member(g, &m);
	}
	if (s->want.file && inode) {
		m.is_file = true;
		m.kin[0] = inode;
		m.shared = s->want.shared_file;
		m.share = shared ? (u64)((unsigned __int128)share * m.shared / shared) : 0;
		m.own = s->want.file - m.shared;
		m.kin[1] = v->pgoff;
		add_member(g, &m);
	}
}

static int compare_members(const void *x, const void *y)
{
	const struct member *a = x, *b = y;

	if (a->is_file != b->is_file)
		return a->is_file ? 1 : -1;
	if (a->kin[0] != b->kin[0])
		return a->kin[0] < b->kin[0] ? -1 : 1;
	if (a->kin[1] != b->kin[1])
		return a->kin[1] < b->kin[1] ? -1 : 1;
	return a->seen < b->seen ? -1 : a->seen > b->seen;
}

/* floor(S/T): T is known to half a kB. */
static void count_mappers(struct member *m)
{
	u64 share = m->share > KB_SHARE / 2 ? m->share - KB_SHARE / 2 : 1;

	m->mappers = m->shared * WHOLE / share;
	m->mappers = m->mappers < 2 ? 2 : m->mappers < MOST_MAPPERS ? m->mappers : MOST_MAPPERS;
}

/* Fewer mappers a page go first, and of those who need as many, who has more pages. */
static int compare_mappers(const struct member *a, const struct member *b)
{
	if (a->mappers != b->mappers)
		return a->mappers < b->mappers ? -1 : 1;
	if (a->shared != b->shared)
		return a->shared > b->shared ? -1 : 1;
	return a->seen < b->seen ? -1 : a->seen > b->seen;
}

static int compare_for_sort(const void *x, const void *y)
{
	return compare_mappers(x, y);
}

/* ---- places ---- */

/* From @at on, the first page of [.., end) that no stretch has, and *@n how many follow; @end: none. */
static u64 next_free(const struct layout *l, u64 at, u64 end, u64 *n)
{
	size_t low = 0, high = l->nr;

	/* the first stretch that ends behind @at */
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (l->stretches[mid].first + l->stretches[mid].n <= at)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < l->nr && l->stretches[low].first <= at; low++)
		at = l->stretches[low].first + l->stretches[low].n;
	at = at < end ? at : end;
	*n = (low < l->nr && l->stretches[low].first < end ? l->stretches[low].first : end) - at;
	return at;
}

static struct layout *plan_of(const struct planning *g, const struct member *m)
{
	return &g->t->plans[m->seen];
}

static u64 end_of(const struct planning *g, const struct member *m)
{
	return m->offset + g->t->seen[m->seen].want.pages;
}

/* A place from @place on that is free for all @k members, up to @n pages; *@n: how many there are. */
static bool place_behind(const struct planning *g, const struct member *m, size_t k, u64 place,
			 u64 *at, u64 *n)
{
	u64 end = UINT64_MAX, run = 0, want = *n;
	bool moved = true;
	size_t i;

	for (i = 0; i < k; i++) {
		place = m[i].offset > place ? m[i].offset : place;
		end = end_of(g, &m[i]) < end ? end_of(g, &m[i]) : end;
	}
	while (moved && place < end) {
		moved = false;
		run = want;
		for (i = 0; i <= k && place < end; i++) {
			u64 length, found, base = i < k ? m[i].offset : 0;

			/* other files' pages are other pages; one's family's have numbers */
			if (i == k && !m->is_file)
				break;
			found = next_free(i < k ? plan_of(g, &m[i]) : &g->taken, place - base,
					  end - base, &length) +
				base;
			moved |= found != place;
			place = found;
			run = length < run ? length : run;
		}
	}
	*at = place;
	*n = run;
	return place < end && run;
}

/* The same anywhere, if possible where the group's shorter mappings have no pages. False: nowhere. */
static bool common_place(const struct planning *g, const struct member *m, size_t k, u64 *at,
			 u64 *n)
{
	u64 want = *n;

	if (place_behind(g, m, k, g->inner, at, n))
		return true;
	*n = want;
	return place_behind(g, m, k, 0, at, n);
}

/* ---- one group ---- */

/* @n pages at @at are these @k members'. */
static void place_pages(struct planning *g, struct member *m, size_t k, u64 at, u64 n,
			enum stretch_kind kind)
{
	struct stretch s = { .n = n, .kind = kind };
	size_t i;

	if (kind == STRETCH_SHARED) {
		s.number = g->number;
		g->number += n;
	}
	for (i = 0; i < k; i++) {
		s.first = at - m[i].offset;
		layout_insert(plan_of(g, &m[i]), &s);
		g->failed |= plan_of(g, &m[i])->failed;
	}
	s.first = at;
	s.number = 0;
	if (m->is_file)
		layout_insert(&g->taken, &s);
	g->failed |= g->taken.failed;
}

/* The first @k, whose need of mappers has grown, back into their places among the @nr. */
static size_t reorder(struct member *m, size_t k, size_t nr, struct member *scratch)
{
	size_t i = 0, j = k, to = 0, n = 0;

	for (i = 0; i < k; i++)
		if (m[i].shared)
			scratch[n++] = m[i];
	qsort(scratch, n, sizeof(*scratch), compare_for_sort);
	for (i = 0; i < n || j < nr; to++)
		m[to] = i < n && (j == nr || compare_mappers(&scratch[i], &m[j]) < 0) ?
				scratch[i++] :
				m[j++];
	return to;
}

/* How many mappers the pages of the neediest have, and how many such pages there are. */
static u64 mappers_of(const struct member *m, u64 *pages)
{
	u64 all = m->shared * WHOLE, share = m->share, k = m->mappers < 2 ? 2 : m->mappers, more;

	/* with one mapper more: (S - T k) (k + 1) */
	more = all > share * k ? (u64)((unsigned __int128)(all - share * k) * (k + 1) / WHOLE) : 0;
	if (more >= m->shared) {
		*pages = m->shared;
		return k + 1;
	}
	*pages = m->shared - more;
	return k;
}

static void share_pages(struct planning *g, struct member *m, size_t nr, struct member *scratch)
{
	while (nr && !g->failed) {
		u64 n, k = mappers_of(m, &n), at;
		size_t with = k < nr ? (size_t)k : nr, i;

		for (i = 0; i < with; i++)
			n = m[i].shared < n ? m[i].shared : n;
		if (!common_place(g, m, with, &at, &n)) {
			/* alone then; where even that is not possible, it goes where there is room */
			with = 1;
			n = m->shared;
			if (!common_place(g, m, 1, &at, &n)) {
				m->shared = 0;
				nr = reorder(m, 1, nr, scratch);
				continue;
			}
		}
		place_pages(g, m, with, at, n, m->is_file ? STRETCH_FILE_SHARED : STRETCH_SHARED);
		for (i = 0; i < with; i++) {
			u64 share = n * (WHOLE / k);

			m[i].shared -= n;
			m[i].share = m[i].share > share ? m[i].share - share : 0;
			count_mappers(&m[i]);
		}
		nr = reorder(m, with, nr, scratch);
	}
}

/* Then the pages of the file that one mapping has alone: nobody else has them. */
static void place_own(struct planning *g, struct member *m)
{
	u64 at, n;

	for (; m->own && !g->failed; m->own -= n) {
		n = m->own;
		if (!common_place(g, m, 1, &at, &n))
			return;
		place_pages(g, m, 1, at, n, STRETCH_FILE);
	}
}

static void plan_group(struct planning *g, struct member *m, size_t nr)
{
	struct member *scratch = malloc(2 * nr * sizeof(*scratch)), *sharers = scratch + nr;
	size_t i, n = 0;

	if (!scratch) {
		g->failed = true;
		return;
	}
	g->taken.nr = 0;
	g->inner = UINT64_MAX;
	for (i = 0; i < nr; i++)
		g->inner = end_of(g, &m[i]) < g->inner ? end_of(g, &m[i]) : g->inner;
	for (i = 0; i < nr; i++)
		if (m[i].shared)
			count_mappers(&m[i]), sharers[n++] = m[i];
	qsort(sharers, n, sizeof(*sharers), compare_for_sort);
	share_pages(g, sharers, n, scratch);
	for (i = 0; i < nr; i++)
		place_own(g, &m[i]);
	free(scratch);
}

int twin_plan(struct twin *t)
{
	struct planning g = { .t = t, .number = FIRST_NUMBER };
	size_t i, end;

	if (!t->has_pss || t->has_pages)
		return 0;
	t->plans = calloc(t->nr_seen + 1, sizeof(*t->plans));
	if (!t->plans)
		return -ENOMEM;
	for (i = 0; i < t->nr_seen; i++)
		if (t->seen[i].kb[TWIN_RSS])
			add_members(&g, i);
	if (g.nr)
		qsort(g.members, g.nr, sizeof(*g.members), compare_members);
	for (i = 0; i < g.nr && !g.failed; i = end) {
		for (end = i + 1; end < g.nr; end++)
			if (g.members[end].is_file != g.members[i].is_file ||
			    memcmp(g.members[end].kin, g.members[i].kin,
				   sizeof(g.members[i].kin)) != 0)
				break;
		plan_group(&g, &g.members[i], end - i);
	}
	free(g.members);
	free(g.taken.stretches);
	return g.failed ? -ENOMEM : 0;
}

void twin_plan_free(struct twin *t)
{
	size_t i;

	for (i = 0; t->plans && i < t->nr_seen; i++)
		free(t->plans[i].stretches);
	free(t->plans);
}
