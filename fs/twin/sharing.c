/*
 * sharing.c - the resident and swapped pages of a mapping: its own, its file's, and those that it
 * shares since a fork.
 *
 * A shared anonymous page is the same page as another process's if both have its number, where the
 * other kernel told frame numbers. Where it did not: if both belong to one family (which fork made
 * and no execve parted), and have it at the same place of the same mapping. A file's page is known
 * by its file.
 */
#include "fs/twin/furnish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FAMILY_ROOT UINT64_MAX
#define SWAP_PLACE  ((u64)1 << 62)

/* ---- the table ---- */

static struct twin_shared *slot_of(const struct twin_shares *s, const u64 key[2])
{
	u64 i = ((key[0] * 31 + key[1]) * 0x9e3779b97f4a7c15ull >> 20) & s->mask;

	while (s->table[i].page && (s->table[i].key[0] != key[0] || s->table[i].key[1] != key[1]))
		i = (i + 1) & s->mask;
	return &s->table[i];
}

static bool grow(struct twin_shares *s)
{
	struct twin_shares more = { .nr = s->nr, .mask = s->mask ? 2 * s->mask + 1 : 4095 };
	u64 i;

	more.table = calloc(more.mask + 1, sizeof(*more.table));
	if (!more.table)
		return false;
	for (i = 0; s->mask && i <= s->mask; i++)
		if (s->table[i].page)
			*slot_of(&more, s->table[i].key) = s->table[i];
	free(s->table);
	*s = more;
	return true;
}

/* The page of that key; 0: none so far. */
static u32 find(const struct twin_shares *s, const u64 key[2])
{
	return s->mask ? slot_of(s, key)->page : 0;
}

static bool add(struct twin_shares *s, const u64 key[2], u32 page)
{
	struct twin_shared *slot;

	if (2 * s->nr >= s->mask && !grow(s))
		return false;
	slot = slot_of(s, key);
	s->nr += !slot->page;
	*slot = (struct twin_shared){ { key[0], key[1] }, page };
	return true;
}

void twin_shares_free(struct twin *t)
{
	free(t->shares.table);
	free(t->sharers.table);
	free(t->layout.stretches);
	free(t->seen);
}

/* ---- one mapping ---- */

struct placing {
	struct twin *t;
	handle_t vma;
	u64 kin; /* family and file */
	/* still to come */
	u64 young, dirty_own, dirty_shared, file_dirty_own, file_dirty_shared, lazyfree;
	u64 missing_share;
	bool swap_shared;
	u64 *missing;
};

/* Of one family, and of one file. */
static u64 kin_of(const struct twin *t, const struct twin_seen *s)
{
	const struct vma *v = vma_at(t->m, s->vma);
	handle_t inode = v->file ? file_at(t->m, v->file)->inode : 0;

	return (s->family ^ inode) * 0x9e3779b97f4a7c15ull | 1ull << 63;
}

static u64 take(u64 *from, u64 n)
{
	u64 taken = *from < n ? *from : n;

	*from -= taken;
	return taken;
}

/* Dirty are a mapping's own pages first: a file's are where they are written through a shared
 * mapping. */
static void share_out_dirty(struct placing *g, const struct twin_seen *s)
{
	/* a smaps without these lines: all that can be */
	u64 own = s->dirty_told ? s->dirty_own : UINT32_MAX;
	u64 shared = s->dirty_told ? s->dirty_shared : UINT32_MAX;
	const struct layout *l = &g->t->layout;

	g->dirty_own = take(&own, layout_count(l, STRETCH_OWN));
	g->dirty_shared = take(&shared, layout_count(l, STRETCH_SHARED));
	/* shared with nobody who could be read */
	g->dirty_shared += take(&own, layout_count(l, STRETCH_SHARED) - g->dirty_shared);
	g->file_dirty_own = s->dirty_told ? own : 0;
	g->file_dirty_shared = s->dirty_told ? shared : 0;
}

/* No more of them are dirty than meminfo says; shared memory does not count there. */
static u64 put_file(struct placing *g, struct twin_stretch *w)
{
	struct machine *m = g->t->m;
	const struct vma *v = vma_at(m, g->vma);
	u64 before = (u64)m->vm_node_stat[NR_DIRTY], placed, more;

	if (v->file && inode_at(m, file_at(m, v->file)->inode)->kind != INODE_SHMEM &&
	    w->dirty > g->t->dirty_left)
		w->dirty = g->t->dirty_left;
	placed = twin_put_file(m, w);
	more = (u64)m->vm_node_stat[NR_DIRTY] - before;
	g->t->dirty_left -= more < g->t->dirty_left ? more : g->t->dirty_left;
	return placed;
}

static void put_plain(struct placing *g, const struct stretch *s)
{
	struct twin_stretch w = {
		.vma = g->vma, .first = s->first, .n = s->n, .young = take(&g->young, s->n)
	};
	u64 placed;

	if (s->kind == STRETCH_OWN) {
		w.dirty = take(&g->dirty_own, s->n);
		w.lazy = take(&g->lazyfree, s->n - w.dirty);
		placed = twin_put_own(g->t->m, &w);
	} else {
		w.dirty = take(s->kind == STRETCH_FILE ? &g->file_dirty_own : &g->file_dirty_shared,
			       s->n);
		placed = put_file(g, &w);
	}
	*g->missing += s->n - placed;
}

static void key_of(const struct placing *g, const struct stretch *s, u64 i, u64 key[2])
{
	const struct vma *v = vma_at(g->t->m, g->vma);

	g->t->has_numbers |= s->number && !g->t->plans;
	key[0] = s->number ? s->number + i : g->kin;
	key[1] = s->number ? 0 : v->pgoff + s->first + i + 1;
}

/*
 * Without numbers, pages that two parts of a family share among themselves look like pages of all.
 * Whose Pss says that he shares with fewer has some of them for himself, and the hidden holder
 * stands for the one he has them with.
 */

int twin_count_sharers(struct twin *t)
{
	struct placing g = { .t = t };
	size_t i, k;
	u64 n, key[2];

	for (i = 0; i < t->nr_seen && t->has_pss; i++) {
		const struct twin_seen *s = &t->seen[i];

		if (!s->want.shared_anon || t->plans)
			continue;
		layout_read(&t->layout, s->line, &s->want);
		g.vma = s->vma;
		g.kin = kin_of(t, s);
		for (k = 0; k < t->layout.nr; k++)
			for (n = 0; n < t->layout.stretches[k].n; n++) {
				if (t->layout.stretches[k].kind != STRETCH_SHARED)
					break;
				key_of(&g, &t->layout.stretches[k], n, key);
				if (!add(&t->sharers, key, find(&t->sharers, key) + 1))
					return -ENOMEM;
			}
	}
	return 0;
}

static u64 share_of(const struct placing *g, const struct stretch *s, u64 i)
{
	u64 key[2];
	u32 n;

	key_of(g, s, i, key);
	n = find(&g->t->sharers, key);
	return PAGE_PSS / (n ? n : 1);
}

/* How much larger its share of the shared pages is than if all of the family had them. */
static u64 missing_share(const struct placing *g, const struct twin_seen *s)
{
	const struct layout *l = &g->t->layout;
	u64 sum = layout_count(l, STRETCH_OWN) * PAGE_PSS, want = s->kb[TWIN_PSS] * KB_PSS, i;
	size_t k;

	/* of a file's pages nobody knows yet */
	if (!g->t->sharers.nr || s->want.file)
		return 0;
	for (k = 0; k < l->nr; k++)
		for (i = 0; l->stretches[k].kind == STRETCH_SHARED && i < l->stretches[k].n; i++)
			sum += share_of(g, &l->stretches[k], i);
	return want > sum ? want - sum : 0;
}

/* Is this one of those that it has for itself? */
static bool is_apart(struct placing *g, const struct stretch *s, u64 i)
{
	u64 share, gain;

	if (!g->missing_share || s->number)
		return false;
	share = share_of(g, s, i);
	gain = PAGE_PSS / 2 > share ? PAGE_PSS / 2 - share : 0;
	g->missing_share -= gain < g->missing_share ? gain : g->missing_share;
	return gain != 0;
}

/* Is in the family's tree, from now on. */
static int join_family(struct placing *g)
{
	const u64 key[2] = { g->kin, FAMILY_ROOT };
	u32 first = find(&g->t->shares, key);

	if (twin_family(g->t->m, g->vma, first))
		return -ENOMEM;
	return first || add(&g->t->shares, key, g->vma) ? 0 : -ENOMEM;
}

static int put_shared(struct placing *g, const struct stretch *s)
{
	struct machine *m = g->t->m;
	u64 i, key[2];

	for (i = 0; i < s->n; i++) {
		bool young = take(&g->young, 1), dirty = take(&g->dirty_shared, 1);
		bool apart = is_apart(g, s, i);
		u32 first, page;

		key_of(g, s, i, key);
		first = apart ? 0 : find(&g->t->shares, key);
		if (first && twin_share(m, g->vma, s->first + i, first - 1, young, dirty))
			continue;
		page = twin_put_shared(m, g->vma, s->first + i, young, dirty);
		if (page == PFN_NONE) {
			*g->missing += s->n - i;
			return 0;
		}
		if (!apart && !first && !add(&g->t->shares, key, page + 1))
			return -ENOMEM;
	}
	return 0;
}

static int put_swapped(struct placing *g, const struct stretch *s)
{
	struct twin *t = g->t;
	u64 i, key[2];

	for (i = 0; i < s->n; i++) {
		u32 area = twin_swap_area(t), slot;

		key_of(g, s, i, key);
		key[1] |= SWAP_PLACE;
		slot = g->swap_shared ? find(&t->shares, key) : 0;
		if (slot && twin_share_swapped(t->m, g->vma, s->first + i, slot - 1))
			continue;
		slot = twin_put_swapped(t->m, g->vma, s->first + i, area, !g->swap_shared);
		if (!slot) {
			t->swap_short += s->n - i;
			return 0;
		}
		t->swap_left[area] -= t->swap_left[area] != 0;
		if (g->swap_shared && !add(&t->shares, key, slot + 1))
			return -ENOMEM;
	}
	return 0;
}

int twin_place(struct twin *t, const struct twin_seen *seen, u64 *missing)
{
	struct placing g = { .t = t,
			     .vma = seen->vma,
			     .kin = kin_of(t, seen),
			     .young = seen->young,
			     .lazyfree = seen->lazyfree,
			     .swap_shared = seen->swap_shared,
			     .missing = missing };
	const struct layout *l = &t->layout;
	int error = 0;
	size_t i;

	share_out_dirty(&g, seen);
	g.missing_share = missing_share(&g, seen);
	if (layout_count(l, STRETCH_SHARED) || (g.swap_shared && layout_count(l, STRETCH_SWAPPED)))
		error = join_family(&g);
	for (i = 0; i < l->nr && !error; i++)
		if (l->stretches[i].kind == STRETCH_SHARED)
			error = put_shared(&g, &l->stretches[i]);
		else if (l->stretches[i].kind == STRETCH_SWAPPED)
			error = put_swapped(&g, &l->stretches[i]);
		else if (l->stretches[i].n)
			put_plain(&g, &l->stretches[i]);
	return error;
}
