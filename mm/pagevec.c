/*
 * pagevec.c - pagevecs come, go and are joined (pagevec.h).
 *
 * How many there may be is settled when memory gets its struct pages, so that no page ever finds
 * that its list has no room. That takes a bound on how empty they are:
 *
 *	new ones     come at the ends only, and only if the one there is more than half full; else
 *	             its pages move together, which makes room
 *	sparse ones  when 7 pages are left (3, 1), those move to a neighbour that has room: so of two
 *	             side by side that were fuller once, one has more than 7
 *
 * Half as many pages as a pagevec holds came before it was made, and at most as many as it holds
 * move when it goes: a few steps a page, over all.
 */
#include "mm/pagevec.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define PAGES_PER_PAGEVEC 4u /* on average, at least */

_Static_assert(sizeof(struct pagevec) == 256, "whole cache lines, the first of which says where");

int pagevecs_init(struct machine *m)
{
	/* besides, some at the ends of each list that are as empty as can be */
	const u32 ends = 4 * NR_LRU_LISTS * MAX_NUMNODES;
	int error = pool_init(&m->pagevecs, "pagevec", sizeof(struct pagevec),
			      (u32)(m->room_pfn / PAGES_PER_PAGEVEC) + ends);

	if (error || pool_reserve(&m->pagevecs, ends))
		return -ENOMEM;
	m->pagevecs_reserved = ends;
	pagevec_at(m, 0)->fill = PAGEVEC_FULL;
	return 0;
}

int pagevecs_reserve(struct machine *m, u32 pages)
{
	u32 all = m->pagevecs_reserved + pages / PAGES_PER_PAGEVEC;

	if (pool_reserve(&m->pagevecs, all - m->pagevecs.nr_live))
		return -ENOMEM;
	m->pagevecs_reserved = all;
	return 0;
}

void pagevecs_unreserve(struct machine *m, u32 pages)
{
	m->pagevecs_reserved -= pages / PAGES_PER_PAGEVEC;
}

/* ---- within one, and between two ---- */

static inline void set_fill(struct pagevec *v, u32 nr, u32 end)
{
	v->fill = (u16)(end << PAGEVEC_END_SHIFT | nr);
}

/* @v is that of @h. */
static inline void put_at(struct machine *m, handle_t h, struct pagevec *v, u32 slot, pfn_t pfn)
{
	struct page *p = pfn_to_page(m, pfn);

	v->pfn[slot] = pfn;
	p->pagevec = h;
	p->slot = slot;
}

/* The pages in slots @live of @from come behind those of @h, which has room. */
static void append(struct machine *m, handle_t h, const struct pagevec *from, u64 live)
{
	struct pagevec *v = pagevec_at(m, h);
	u32 end = pagevec_end(v), slot = end;

	for (; live; live &= live - 1)
		put_at(m, h, v, slot++, from->pfn[__builtin_ctzll(live)]);
	set_fill(v, pagevec_nr(v) + slot - end, slot);
}

/* The pages of @h move together, the first to @slot. */
static void repack(struct machine *m, handle_t h, u32 slot)
{
	struct pagevec *v = pagevec_at(m, h), old = *v;

	v->gone = (1ull << slot) - 1;
	set_fill(v, 0, slot);
	append(m, h, &old, pagevec_live(&old));
}

/* ---- at the ends ---- */

static handle_t pagevec_alloc(struct machine *m)
{
	handle_t h = pool_alloc(&m->pagevecs);

	assert(h); /* pagevecs_reserve() counted right */
	return h;
}

handle_t pagevec_extend(struct machine *m, struct pagevec_list *l)
{
	handle_t h = l->newest;

	if (h && pagevec_nr(pagevec_at(m, h)) <= PAGEVEC_SIZE / 2) {
		repack(m, h, 0);
		return h;
	}
	l->newest = pagevec_alloc(m);
	pagevec_at(m, l->newest)->older = h;
	*(h ? &pagevec_at(m, h)->newer : &l->oldest) = l->newest;
	return l->newest;
}

/* How many slots the oldest one has before its first page; room is made if there are none. */
static u32 room_before(struct machine *m, struct pagevec_list *l)
{
	handle_t h = l->oldest;
	struct pagevec *v = pagevec_at(m, h);

	if (h && v->gone & 1)
		return (u32)__builtin_ctzll(~v->gone);
	if (h && pagevec_nr(v) <= PAGEVEC_SIZE / 2) {
		repack(m, h, PAGEVEC_SIZE - pagevec_nr(v));
		return PAGEVEC_SIZE - pagevec_nr(v);
	}
	l->oldest = pagevec_alloc(m);
	v = pagevec_at(m, l->oldest);
	v->gone = (1ull << PAGEVEC_SIZE) - 1;
	set_fill(v, 0, PAGEVEC_SIZE);
	v->newer = h;
	*(h ? &pagevec_at(m, h)->older : &l->newest) = l->oldest;
	return PAGEVEC_SIZE;
}

/* Up to @nr pages become the oldest, one after the other. Returns how many. */
static u32 put_before(struct machine *m, struct pagevec_list *l, const pfn_t *pfns, u32 nr)
{
	u32 room = room_before(m, l), n = min_t(u32, nr, room), i;
	handle_t h = l->oldest;
	struct pagevec *v = pagevec_at(m, h);

	for (i = 0; i < n; i++)
		put_at(m, h, v, room - 1 - i, pfns[i]);
	v->gone &= ~(((1ull << n) - 1) << (room - n));
	v->fill = (u16)(v->fill + n);
	return n;
}

void pagevec_add_tail(struct machine *m, struct pagevec_list *l, pfn_t pfn)
{
	put_before(m, l, &pfn, 1);
	l->nr++;
}

/* ---- when pages have left ---- */

static void pagevec_free(struct machine *m, struct pagevec_list *l, handle_t h)
{
	const struct pagevec *v = pagevec_at(m, h);

	*(v->newer ? &pagevec_at(m, v->newer)->older : &l->newest) = v->older;
	*(v->older ? &pagevec_at(m, v->older)->newer : &l->oldest) = v->newer;
	pool_free(&m->pagevecs, h);
}

/* Those of @newer move behind those of @older, if there is room. */
static bool join(struct machine *m, struct pagevec_list *l, handle_t older, handle_t newer)
{
	struct pagevec *o = pagevec_at(m, older), *n = pagevec_at(m, newer);

	if (!older || !newer || pagevec_nr(o) + pagevec_nr(n) > PAGEVEC_SIZE)
		return false;
	if (pagevec_end(o) + pagevec_nr(n) > PAGEVEC_SIZE)
		repack(m, older, 0);
	append(m, older, n, pagevec_live(n));
	pagevec_free(m, l, newer);
	return true;
}

void pagevec_thin_out(struct machine *m, struct pagevec_list *l, handle_t h)
{
	const struct pagevec *v = pagevec_at(m, h);

	if (!pagevec_nr(v))
		pagevec_free(m, l, h);
	else if (!join(m, l, v->older, h))
		join(m, l, h, v->newer);
}

/* ---- many at once ---- */

/* Have the first @n pages of @live, which has so many, no gaps between them? The first is in slot
 * *@first. */
static inline bool is_run(u64 live, u32 n, u32 *first)
{
	*first = (u32)__builtin_ctzll(live);
	return (live >> *first & ((1ull << n) - 1)) == (1ull << n) - 1;
}

void pagevec_take(struct machine *m, struct pagevec_list *l, pfn_t *pfns, u32 nr)
{
	u32 n, i, first;

	l->nr -= nr;
	for (; nr; nr -= n, pfns += n) {
		handle_t h = l->oldest;
		struct pagevec *v = pagevec_at(m, h);
		u64 had = pagevec_live(v), live = had;

		n = min_t(u32, nr, pagevec_nr(v));
		if (is_run(live, n, &first)) {
			memcpy(pfns, v->pfn + first, n * sizeof(*pfns));
			live &= ~(((1ull << n) - 1) << first);
		} else {
			for (i = 0; i < n; i++, live &= live - 1)
				pfns[i] = v->pfn[__builtin_ctzll(live)];
		}
		v->fill = (u16)(v->fill - n);
		v->gone |= had & ~live;
		if (!live)
			pagevec_free(m, l, h);
	}
}

/* Do these pages lie one after the other, in this order or the opposite? The host fetches those by
 * itself. */
static inline bool is_stretch(const pfn_t *pfns, u32 n)
{
	u32 distance = pfns[n - 1] - pfns[0];

	return distance == n - 1 || distance == 1 - n;
}

void pagevec_fetch(const struct machine *m, const struct pagevec_list *l, u32 nr)
{
	handle_t h = l->oldest;
	u32 n, i, first;

	for (; nr && h; nr -= n) {
		const struct pagevec *v = pagevec_at(m, h);
		u64 live = pagevec_live(v);

		h = v->newer;
		n = min_t(u32, nr, pagevec_nr(v));
		if (is_run(live, n, &first) && is_stretch(v->pfn + first, n))
			continue;
		for (i = 0; i < n; i++, live &= live - 1)
			__builtin_prefetch(pfn_to_page(m, v->pfn[__builtin_ctzll(live)]), 1);
	}
	__builtin_prefetch(pagevec_at(m, h));
}

void pagevec_rotate(struct machine *m, struct pagevec_list *l, const pfn_t *pfns, u32 nr)
{
	u32 i, n;

	for (i = 0; i < nr; i += n) {
		handle_t h = pfn_to_page(m, pfns[i])->pagevec;
		struct pagevec *v = pagevec_at(m, h);
		const struct page *p;
		u64 gone = v->gone;

		for (n = 0; i + n < nr; n++) {
			p = pfn_to_page(m, pfns[i + n]);
			if (p->pagevec != h)
				break;
			gone |= 1ull << p->slot;
		}
		v->gone = gone;
		v->fill = (u16)(v->fill - n);
		if (pagevec_nr(v) <= PAGEVEC_SPARSE)
			pagevec_thin_out(m, l, h);
	}
	for (i = 0; i < nr; i += n)
		n = put_before(m, l, pfns + i, nr - i);
}

/* ---- one after the other ---- */

pfn_t pagevec_oldest(const struct machine *m, const struct pagevec_list *l)
{
	const struct pagevec *v = pagevec_at(m, l->oldest);

	return l->oldest ? v->pfn[__builtin_ctzll(pagevec_live(v))] : PFN_NONE;
}

static pfn_t last_page(const struct machine *m, handle_t h)
{
	const struct pagevec *v = pagevec_at(m, h);

	return h ? v->pfn[63 - __builtin_clzll(pagevec_live(v))] : PFN_NONE;
}

pfn_t pagevec_newest(const struct machine *m, const struct pagevec_list *l)
{
	return last_page(m, l->newest);
}

pfn_t pagevec_older(const struct machine *m, pfn_t pfn)
{
	const struct page *p = pfn_to_page(m, pfn);
	const struct pagevec *v = pagevec_at(m, p->pagevec);
	u64 live = pagevec_live(v) & ((1ull << p->slot) - 1);

	return live ? v->pfn[63 - __builtin_clzll(live)] : last_page(m, v->older);
}
