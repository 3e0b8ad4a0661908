/*
 * pagevec.h - the LRU lists: chains of pagevecs, each with room for some dozens of pages.
 *
 *	oldest                                         newest
 *	[. . . a b . c] <-> [d e . . f . .] <-> [g h i   -->]
 *
 * A chain of single pages goes through all of memory: whoever takes a page out of its middle needs
 * its two neighbours, and which page comes after one is known only when that one has been fetched.
 * Here a page knows its pagevec and its slot there, to take it out sets a bit, and the pages that
 * reclaim will look at next stand side by side: the host can fetch them all at once.
 *
 * Slots are filled in the order of the list. A pagevec that nearly all pages have left is joined
 * with its neighbour (mm/pagevec.c).
 */
#ifndef MM_PAGEVEC_H
#define MM_PAGEVEC_H

#include <mman/machine.h>

#define PAGEVEC_FULL   (PAGEVEC_SIZE << PAGEVEC_END_SHIFT)
#define PAGEVEC_SPARSE 7u /* pages, from here on down: see whether a neighbour has room for them */

static inline struct pagevec *pagevec_at(const struct machine *m, handle_t h)
{
	return (struct pagevec *)(void *)m->pagevecs.base + h;
}

/* How many pages; the slot behind the last one. */
static inline u32 pagevec_nr(const struct pagevec *v)
{
	return v->fill & ((1u << PAGEVEC_END_SHIFT) - 1);
}

static inline u32 pagevec_end(const struct pagevec *v)
{
	return v->fill >> PAGEVEC_END_SHIFT;
}

/* Bitmap: slots that have a page. */
static inline u64 pagevec_live(const struct pagevec *v)
{
	return ~v->gone & ((1ull << pagevec_end(v)) - 1);
}

/** pagevecs_init() - a pool for all the memory that there may be: -ENOMEM. */
int pagevecs_init(struct machine *m);
/** pagevecs_reserve() - @pages more may be on lists: there will be pagevecs for them. 0 or
 * -ENOMEM (of the host). pagevecs_unreserve(): they will not any more. */
int pagevecs_reserve(struct machine *m, u32 pages);
void pagevecs_unreserve(struct machine *m, u32 pages);

/* pagevec.c: what is not done for each page */
handle_t pagevec_extend(struct machine *m, struct pagevec_list *l);
void pagevec_thin_out(struct machine *m, struct pagevec_list *l, handle_t h);

/** pagevec_add() - @pfn becomes the newest of the list. */
static inline void pagevec_add(struct machine *m, struct pagevec_list *l, pfn_t pfn)
{
	struct page *p = pfn_to_page(m, pfn);
	handle_t h = l->newest;
	struct pagevec *v = pagevec_at(m, h);
	u32 end;

	/* slot 0 of the pool, which stands for none, is full */
	if (unlikely(v->fill >= PAGEVEC_FULL)) {
		h = pagevec_extend(m, l);
		v = pagevec_at(m, h);
	}
	end = pagevec_end(v);
	v->fill = (u16)(v->fill + (1u << PAGEVEC_END_SHIFT) + 1);
	v->pfn[end] = pfn;
	p->pagevec = h;
	p->slot = end;
	l->nr++;
}

/** pagevec_del() - @pfn leaves the list. */
static inline void pagevec_del(struct machine *m, struct pagevec_list *l, pfn_t pfn)
{
	const struct page *p = pfn_to_page(m, pfn);
	struct pagevec *v = pagevec_at(m, p->pagevec);
	u32 nr = pagevec_nr(v) - 1;

	v->fill--;
	v->gone |= 1ull << p->slot;
	l->nr--;
	/* at 7, 3, 1 and 0 */
	if (unlikely(nr <= PAGEVEC_SPARSE && !(nr & (nr + 1))))
		pagevec_thin_out(m, l, p->pagevec);
}

/** pagevec_add_tail() - @pfn becomes the oldest. */
void pagevec_add_tail(struct machine *m, struct pagevec_list *l, pfn_t pfn);
/** pagevec_rotate() - @nr pages of the list become its oldest, the last of them the very
 * oldest. */
void pagevec_rotate(struct machine *m, struct pagevec_list *l, const pfn_t *pfns, u32 nr);

/** pagevec_take() - the @nr oldest leave the list, into @pfns: so many there must be. */
void pagevec_take(struct machine *m, struct pagevec_list *l, pfn_t *pfns, u32 nr);
/** pagevec_fetch() - the @nr oldest will be taken soon: the host fetches their struct pages. */
void pagevec_fetch(const struct machine *m, const struct pagevec_list *l, u32 nr);

/** pagevec_oldest(), pagevec_newest() - the ends of the list, PFN_NONE when it is empty;
 * pagevec_older() - who comes before @pfn there. */
pfn_t pagevec_oldest(const struct machine *m, const struct pagevec_list *l);
pfn_t pagevec_newest(const struct machine *m, const struct pagevec_list *l);
pfn_t pagevec_older(const struct machine *m, pfn_t pfn);

#endif
