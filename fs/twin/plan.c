/*
 * plan.c - who shares which pages, where only sums are known: a capture without page tables.
 *
 * Of each mapping smaps tells how many of its pages others have too (S), and its share of them (T,
 * from Pss): a page of theirs has S/T mappers on average. Wanted are pages, each with a set of
 * mappings that have it, so that every mapping comes to its S and its T. Mappings that may share,
 * those of one file from the same offset or of one family at the same place, are a group.
 *
 * The one of a group with the most mappers a page, k = floor(S/T), goes first: of its pages some
 * have k mappers and the others one more, which gives exactly T. Its partners are the next in that
 * order, for as many pages as they may have at such small shares: two mappers each must be enough
 * for what is left to them. Where there are not so many partners, the others are among those that
 * were not read, and the hidden holder stands for these (holder.c).
 */
#include "fs/twin/furnish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MOST_MAPPERS ((u64)1 << 20)
#define FIRST_NUMBER ((u64)1 << 41) /* numbers of shared pages that no capture gives */

/* A mapping in a group: of its own pages, or of its file's. */
struct member {
	size_t seen;
	u64 kin[2]; /* the group */
	u64 offset; /* of its first page among the group's */
	u64 shared; /* pages still to be placed */
	u64 share;  /* what is left of its share in them */
	u64 own;    /* its file's, that nobody else has */
	bool is_file, chosen;
};

struct planning {
	struct twin *t;
	struct member *members;
	size_t nr, max;
	struct layout taken; /* of the group's file: pages that somebody has */
	struct member *front, *back;
	size_t first_place, max_places;
	u64 number, inner; /* next of the shared ones; where the group's shortest mapping ends */
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
	u64 alone = (s->want.anon + s->want.file - shared) * PAGE_PSS;
	u64 pss = s->kb[TWIN_PSS] * KB_PSS + KB_PSS / 2;
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
		m.kin[1] = 0;
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

/* A page's share on average: the smallest go first, and of those with the same, who has more
 * pages. */
static int compare_shares(const struct member *a, const struct member *b)
{
	unsigned __int128 x = (unsigned __int128)a->share * b->shared,
			  y = (unsigned __int128)b->share * a->shared;

	if (x != y)
		return x < y ? -1 : 1;
	if (a->shared != b->shared)
		return a->shared > b->shared ? -1 : 1;
	return a->seen < b->seen ? -1 : a->seen > b->seen;
}

static int compare_for_sort(const void *x, const void *y)
{
	return compare_shares(x, y);
}

/* ---- places ---- */

/* From @at on, the first page of [.., end) that no stretch has, and *@n how many follow; @end:
 * none. */
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
	at = least(at, end);
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

static bool overlap(const struct planning *g, const struct member *a, const struct member *b)
{
	return a->offset < end_of(g, b) && b->offset < end_of(g, a);
}

/* How many pages from @at on, up to @most, does it not have yet? */
static u64 free_run(const struct planning *g, const struct member *m, u64 at, u64 most)
{
	u64 end = least(end_of(g, m), at + most), n;

	if (at < m->offset || at >= end ||
	    next_free(plan_of(g, m), at - m->offset, end - m->offset, &n) != at - m->offset)
		return 0;
	return n;
}

/* A place from @place on that is free for all @k members, up to @n pages; *@n: how many there
 * are. */
static bool place_behind(const struct planning *g, const struct member *m, size_t k, u64 place,
			 u64 *at, u64 *n)
{
	u64 end = UINT64_MAX, run = 0, want = *n;
	bool moved = true;
	size_t i;

	for (i = 0; i < k; i++) {
		place = m[i].offset > place ? m[i].offset : place;
		end = least(end_of(g, &m[i]), end);
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

/* The same anywhere, if possible where the group's shorter mappings have no pages. False:
 * nowhere. */
static bool common_place(const struct planning *g, const struct member *m, size_t k, u64 *at,
			 u64 *n)
{
	u64 want = *n;

	if (place_behind(g, m, k, g->inner, at, n))
		return true;
	*n = want;
	return place_behind(g, m, k, 0, at, n);
}

/* @n pages at @at, with so many @mappers, of which @more were not read. */
static void remember_place(struct planning *g, const struct member *m, u64 at, u64 n, u64 mappers,
			   u64 more)
{
	struct twin *t = g->t;

	if (t->nr_places == g->max_places) {
		size_t max = g->max_places ? 2 * g->max_places : 1024;
		struct twin_place *grown = realloc(t->places, max * sizeof(*grown));

		if (!grown) {
			g->failed = true;
			return;
		}
		t->places = grown;
		g->max_places = max;
	}
	t->places[t->nr_places++] =
		(struct twin_place){ m->seen, at - m->offset, n, mappers, more };
}

static void insert(struct planning *g, const struct member *m, const struct stretch *s)
{
	layout_insert(plan_of(g, m), s);
	g->failed |= plan_of(g, m)->failed;
}

/* @n pages at @at are these @k members'. */
static void place_pages(struct planning *g, const struct member *m, size_t k, u64 at, u64 n,
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
		insert(g, &m[i], &s);
	}
	s.first = at;
	s.number = 0;
	if (m->is_file)
		layout_insert(&g->taken, &s);
	g->failed |= g->taken.failed;
}

/* Where others have pages of the file that @m has not, if possible with some that were not read: he
 * is one of them then; otherwise those that have the most mappers already. *@n: how many there are.
 * False: nowhere. */
static bool join_place(struct planning *g, const struct member *m, u64 *n)
{
	struct twin *t = g->t;
	struct member rep = { .offset = 0 };
	struct twin_place p;
	size_t i, best = SIZE_MAX;
	u64 at = 0, run = 0;

	for (i = g->first_place; i < t->nr_places; i++) {
		u64 base = g->t->seen[t->places[i].seen].pgoff, length, found;

		p = t->places[i];
		if ((best != SIZE_MAX &&
		     (p.more != t->places[best].more ? p.more < t->places[best].more :
						       p.mappers <= t->places[best].mappers)) ||
		    base + p.first + p.n <= m->offset || base + p.first >= end_of(g, m))
			continue;
		found = base + p.first > m->offset ? base + p.first - m->offset : 0;
		found = next_free(plan_of(g, m), found,
				  least(base + p.first + p.n, end_of(g, m)) - m->offset, &length);
		if (!length)
			continue;
		best = i;
		at = found + m->offset;
		run = least(length, *n);
	}
	if (best == SIZE_MAX)
		return false;
	p = t->places[best];
	at -= g->t->seen[p.seen].pgoff;
	/* what is before, what is joined, what is behind */
	t->places[best].n = at - p.first;
	rep.seen = p.seen;
	remember_place(g, &rep, at, run, p.mappers + !p.more, p.more - (p.more != 0));
	remember_place(g, &rep, at + run, p.first + p.n - at - run, p.mappers, p.more);
	insert(g, m,
	       &(struct stretch){ at + g->t->seen[p.seen].pgoff - m->offset, run, 0,
				  STRETCH_FILE_SHARED });
	*n = run;
	return true;
}

/* ---- one group ---- */

/* The first @k, whose shares have changed, back into their places among the @nr. */
static size_t reorder(struct member *m, size_t k, size_t nr, struct member *scratch)
{
	size_t i = 0, j = k, to = 0, n = 0;

	for (i = 0; i < k; i++)
		if (m[i].shared)
			scratch[n++] = m[i];
	qsort(scratch, n, sizeof(*scratch), compare_for_sort);
	for (i = 0; i < n || j < nr; to++)
		m[to] = i < n && (j == nr || compare_shares(&scratch[i], &m[j]) < 0) ?
				scratch[i++] :
				m[j++];
	return to;
}

/* How many mappers the pages of the one that goes first have, and how many such pages there are:
 * the share is known to half a kB. */
static u64 mappers_of(const struct member *m, u64 *pages)
{
	u64 all = m->shared * PAGE_PSS, share = m->share, k, more;

	k = all / (share > KB_PSS / 2 ? share - KB_PSS / 2 : 1);
	k = k < 2 ? 2 : least(k, MOST_MAPPERS);
	/* with one mapper more: (S - T k) (k + 1) */
	more = all > share * k ? (u64)((unsigned __int128)(all - share * k) * (k + 1) / PAGE_PSS) :
				 0;
	*pages = more ? least(more, m->shared) : m->shared;
	return more ? k + 1 : k;
}

/* Of how many of its pages may it be one of @k mappers? Of what is left two mappers each must be
 * enough. */
static u64 may_share(const struct member *m, u64 k)
{
	u64 most = m->shared * (PAGE_PSS / 2) + KB_PSS / 2;

	if (k <= 2)
		return m->shared;
	return most > m->share ?
		       least(m->shared, (most - m->share) / (PAGE_PSS / 2 - PAGE_PSS / k)) :
		       0;
}

/* The chosen ones of m[1] ... go to the front, in their order; the others keep theirs. */
static void to_the_front(struct planning *g, struct member *m, size_t nr, size_t chosen)
{
	size_t i, front = 0, back = 0;

	if (!chosen)
		return;
	for (i = 1; i < nr && front < chosen; i++)
		if (m[i].chosen)
			g->front[front++] = m[i];
		else
			g->back[back++] = m[i];
	memcpy(m + 1, g->front, front * sizeof(*m));
	memcpy(m + 1 + front, g->back, back * sizeof(*m));
	for (i = 1; i <= front; i++)
		m[i].chosen = false;
}

/* Up to k - 1 partners for the first, the next in the order of shares that may; @at: that have room
 * there, if it is not UINT64_MAX. *@n: for how many pages at most. How many, the first included;
 * @choose: marks them. */
static size_t partners(const struct planning *g, struct member *m, size_t nr, u64 k, u64 at, u64 *n,
		       bool choose)
{
	size_t with = 1, i;

	for (i = 1; i < nr && with < k; i++) {
		u64 most = may_share(&m[i], k);

		if (!most || !overlap(g, m, &m[i]))
			continue;
		if (at != UINT64_MAX) {
			u64 room = free_run(g, &m[i], at, *n);

			if (!room)
				continue;
			most = least(most, room);
		}
		*n = least(*n, most);
		with++;
		m[i].chosen = choose;
	}
	return with;
}

#define LOOKS 24 /* places that are looked at */

/* Where the first has room, the place where most others may join: *@at, *@n. */
static bool best_place(const struct planning *g, struct member *m, size_t nr, u64 k, u64 *at,
		       u64 *n)
{
	u64 place = m->offset, want = *n, run, length;
	size_t most = 0, with;
	int look;

	for (look = 0; look < LOOKS; look++) {
		run = want;
		if (!place_behind(g, m, 1, place, &place, &run))
			break;
		length = run;
		with = partners(g, m, nr, k, place, &run, false);
		if (with > most || (with == most && run > *n)) {
			most = with;
			*at = place;
			*n = run;
		}
		place += length;
	}
	return most != 0;
}

/* The first and its partners have so many pages in common from now on. How many have had a
 * share. */
static size_t share_some(struct planning *g, struct member *m, size_t nr, u64 k, u64 *n)
{
	u64 want = *n, at;
	size_t with = partners(g, m, nr, k, UINT64_MAX, n, true);

	to_the_front(g, m, nr, with - 1);
	if (!common_place(g, m, with, &at, n)) {
		*n = want;
		if (!best_place(g, m, nr, k, &at, n)) {
			*n = want;
			return m->is_file && join_place(g, m, n) ? 1 : 0;
		}
		want = *n;
		with = partners(g, m, nr, k, at, &want, true);
		to_the_front(g, m, nr, with - 1);
	}
	place_pages(g, m, with, at, *n, m->is_file ? STRETCH_FILE_SHARED : STRETCH_SHARED);
	remember_place(g, m, at, *n, k, k - with);
	return with;
}

static void share_pages(struct planning *g, struct member *m, size_t nr, struct member *scratch)
{
	while (nr && !g->failed) {
		u64 n, k = mappers_of(m, &n);
		size_t with = share_some(g, m, nr, k, &n), i;

		/* where nothing is possible, it goes where there is room (layout.c) */
		if (!with) {
			m->shared = 0;
			nr = reorder(m, 1, nr, scratch);
			continue;
		}
		for (i = 0; i < with; i++) {
			u64 share = n * (PAGE_PSS / k);

			m[i].shared -= n;
			m[i].share = m[i].share > share ? m[i].share - share : 0;
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
	struct member *scratch = malloc(4 * nr * sizeof(*scratch)), *sharers;
	size_t i, n = 0;

	if (!scratch) {
		g->failed = true;
		return;
	}
	sharers = scratch + nr;
	g->front = scratch + 2 * nr;
	g->back = scratch + 3 * nr;
	g->taken.nr = 0;
	g->first_place = g->t->nr_places;
	g->inner = UINT64_MAX;
	for (i = 0; i < nr; i++)
		g->inner = least(end_of(g, &m[i]), g->inner);
	for (i = 0; i < nr; i++)
		if (m[i].shared)
			sharers[n++] = m[i];
	qsort(sharers, n, sizeof(*sharers), compare_for_sort);
	/* what one has alone is needed most where he has nearly all */
	for (i = 0; i < nr; i++)
		place_own(g, &m[i]);
	share_pages(g, sharers, n, scratch);
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
	free(t->places);
}
