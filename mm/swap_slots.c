/*
 * swap_slots.c - the slots of swap areas: given out, counted, given back.
 *
 *	         all free            some free          none free
 *	fresh -> (being filled) ---> (being filled) ---> nowhere
 *	           ^                                       | a slot is freed
 *	   empty --+--------------- partly <---------------+
 *
 * An area fills one cluster after the other, each from its lowest free slot on, so that pages put
 * out together lie together and are read back in one go. Next comes a cluster that is all free: one
 * that was used before, in the order in which they became free, then one that never was; only when
 * there are none, one with some slots free. Areas of equal priority take turns whenever a cluster
 * is full.
 */
#include <errno.h>
#include <string.h>

#include "mm/swapfile.h"

/* ---- lists of clusters ---- */

static void list_add(struct machine *m, struct cluster_list *l, u32 cluster,
		     enum cluster_place place)
{
	struct swap_cluster *c = cluster_at(m, cluster);

	c->place = (u8)place;
	c->next = 0;
	c->prev = l->tail;
	*(l->tail ? &cluster_at(m, l->tail)->next : &l->head) = cluster;
	l->tail = cluster;
}

static void list_del(struct machine *m, struct cluster_list *l, u32 cluster)
{
	struct swap_cluster *c = cluster_at(m, cluster);

	*(c->prev ? &cluster_at(m, c->prev)->next : &l->head) = c->next;
	*(c->next ? &cluster_at(m, c->next)->prev : &l->tail) = c->prev;
	c->next = c->prev = 0;
	c->place = CLUSTER_NOWHERE;
}

/* ---- clusters ---- */

/* Slots [*first, *end) of @cluster are of use: not the header, nor what lies behind the area. */
static void cluster_range(const struct swap_area *a, u32 cluster, u32 *first, u32 *end)
{
	u64 from = (u64)(cluster - a->first) << SWAP_CLUSTER_SHIFT, slots = a->pages + 1 - from;

	*first = cluster == a->first;
	*end = (u32)min_t(u64, slots, SWAP_CLUSTER_SLOTS);
}

/* Slots for a cluster that has none in use; false: no memory of the host. */
static bool cluster_open(struct machine *m, const struct swap_area *a, u32 cluster)
{
	struct swap_cluster *c = cluster_at(m, cluster);
	struct swap_slots *s;
	u32 first, end, word;

	c->slots = pool_alloc(&m->swap.slots);
	if (!c->slots)
		return false;
	c->area = (u8)(a - m->swap.area);
	s = pool_at(&m->swap.slots, c->slots);
	cluster_range(a, cluster, &first, &end);
	for (word = 0; word < end / 64; word++)
		s->free[word] = ~0ull;
	if (end % 64)
		s->free[word] = (1ull << end % 64) - 1;
	s->free[0] &= ~0ull << first;
	return true;
}

/* The next cluster to fill, on no list; 0: the area is full. */
static __attribute__((noinline)) u32 next_cluster(struct machine *m, struct swap_area *a)
{
	u32 cluster = a->empty.head;

	if (cluster) {
		list_del(m, &a->empty, cluster);
	} else if (a->fresh < a->first + a->nr_clusters) {
		cluster = a->fresh++;
	} else {
		cluster = a->partly.head;
		if (cluster)
			list_del(m, &a->partly, cluster);
		return cluster;
	}
	if (cluster_open(m, a, cluster))
		return cluster;
	list_add(m, &a->empty, cluster, CLUSTER_EMPTY);
	return 0;
}

int area_clusters_init(struct machine *m, struct swap_area *a)
{
	struct pool *p = &m->swap.clusters;
	u64 nr = (a->pages >> SWAP_CLUSTER_SHIFT) + 1;
	u32 i = 0, first = 1;

	/* the first gap that is wide enough */
	while (i < MAX_SWAPFILES) {
		const struct swap_area *b = &m->swap.area[i++];

		if (b == a || !b->in_use || b->first >= first + nr ||
		    b->first + b->nr_clusters <= first)
			continue;
		first = b->first + b->nr_clusters;
		i = 0;
	}
	if (nr > SWAP_CLUSTERS_MAX || first + nr > SWAP_CLUSTERS_MAX)
		return -ENOMEM;
	if (first + nr > p->nr_slots && !pool_alloc_array(p, (u32)(first + nr) - p->nr_slots))
		return -ENOMEM;
	a->first = a->fresh = first;
	a->nr_clusters = (u32)nr;
	return 0;
}

void area_clusters_free(struct machine *m, struct swap_area *a)
{
	u32 cluster;

	for (cluster = a->first; cluster < a->fresh; cluster++) {
		struct swap_cluster *c = cluster_at(m, cluster);

		if (c->slots)
			pool_free(&m->swap.slots, c->slots);
		memset(c, 0, sizeof(*c));
	}
}

/* ---- out ---- */

/* The area with the highest priority that has a slot; of equal ones the next after the last. */
static __attribute__((noinline)) struct swap_area *choose_area(struct machine *m)
{
	struct swap_state *s = &m->swap;
	struct swap_area *best = NULL;
	u32 i;

	for (i = 1; i <= MAX_SWAPFILES; i++) {
		struct swap_area *a = &s->area[(s->last + i) % MAX_SWAPFILES];

		if (a->in_use && a->writeok && a->used_pages < a->pages &&
		    (!best || a->prio > best->prio))
			best = a;
	}
	if (best)
		s->last = s->turn = (u32)(best - s->area);
	s->turn = best ? s->last + 1 : 0;
	return best;
}

/* Up to @nr of @cluster, the lowest first. *@more: has it another one? */
static inline u32 take_lowest(struct machine *m, u32 cluster, u32 nr, u32 *slot, bool *more)
{
	struct swap_slots *s =
		(struct swap_slots *)(void *)m->swap.slots.base + cluster_at(m, cluster)->slots;
	u32 word = 0, got = 0, n;

	while (word < SWAP_CLUSTER_SLOTS / 64) {
		if (!s->free[word]) {
			word++;
			continue;
		}
		if (got == nr)
			break;
		n = word * 64 + (u32)__builtin_ctzll(s->free[word]);
		s->free[word] &= s->free[word] - 1;
		s->slot[n].count = SWAP_HAS_CACHE;
		slot[got++] = cluster << SWAP_CLUSTER_SHIFT | n;
	}
	*more = word < SWAP_CLUSTER_SLOTS / 64;
	return got;
}

/* Some of the area whose turn it is. 0: none. */
static u32 take_slots(struct machine *m, u32 nr, u32 *slot)
{
	struct swap_state *s = &m->swap;
	struct swap_area *a = likely(s->turn) ? &s->area[s->turn - 1] : choose_area(m);
	bool more;
	u32 got;

	if (!a)
		return 0;
	if (unlikely(!a->current))
		a->current = next_cluster(m, a);
	if (unlikely(!a->current))
		return 0; /* no memory of the host */
	got = take_lowest(m, a->current, nr, slot, &more);
	a->used_pages += got;
	s->used_pages += got;
	cluster_at(m, a->current)->used += (u16)got;
	if (unlikely(!more)) {
		a->current = 0;
		s->turn = 0;
	}
	return got;
}

u32 get_swap_slots(struct machine *m, u32 nr, u32 *slot)
{
	u32 got = 0, more;

	while (got < nr) {
		more = take_slots(m, nr - got, slot + got);
		if (!more)
			break;
		got += more;
	}
	return got;
}

u32 get_swap_slot(struct machine *m)
{
	u32 slot;

	return take_slots(m, 1, &slot) ? slot : 0;
}

/* ---- back ---- */

static void drop_contents_of(struct machine *m, struct swap_slots *s, u32 n)
{
	handle_t *array;

	if (likely(!s->contents))
		return;
	array = pool_at(&m->swap.contents, s->contents);
	if (!array[n])
		return;
	contents_put(m, array[n]);
	array[n] = 0;
	if (--s->nr_contents)
		return;
	pool_free(&m->swap.contents, s->contents);
	s->contents = 0;
}

/* A slot of @cluster is free again: it may have to change its list. */
static void cluster_less(struct machine *m, struct swap_area *a, u32 cluster)
{
	struct swap_cluster *c = cluster_at(m, cluster);

	c->used--;
	if (cluster == a->current)
		return;
	if (c->place == CLUSTER_PARTLY && !c->used)
		list_del(m, &a->partly, cluster);
	if (c->used) {
		if (c->place == CLUSTER_NOWHERE)
			list_add(m, &a->partly, cluster, CLUSTER_PARTLY);
		return;
	}
	pool_free(&m->swap.slots, c->slots);
	c->slots = 0;
	list_add(m, &a->empty, cluster, CLUSTER_EMPTY);
}

void put_swap_slot(struct machine *m, u32 slot)
{
	struct swap_state *state = &m->swap;
	struct swap_area *a = slot_area(m, slot);
	struct swap_slots *s = slots_of(m, slot);
	u32 n = slot_number(slot);

	if (contents_in_use(m))
		drop_contents_of(m, s, n);
	s->slot[n].count = s->slot[n].entry = 0;
	s->free[n / 64] |= 1ull << n % 64;
	a->used_pages--;
	state->used_pages--;
	/* an area that is being emptied loses what is free in it */
	if (!a->writeok)
		state->total_pages--;
	else if (state->turn && a->prio > state->area[state->turn - 1].prio)
		state->turn = 0;
	cluster_less(m, a, slot >> SWAP_CLUSTER_SHIFT);
}

/* ---- counts ---- */

bool swap_slot_in_use(const struct machine *m, u32 slot)
{
	return cluster_at(m, slot >> SWAP_CLUSTER_SHIFT)->slots && slot_at(m, slot)->count;
}

void swap_duplicate(struct machine *m, u32 slot)
{
	swap_slot_get(m, slot);
}

void swap_free(struct machine *m, u32 slot)
{
	if (!--slot_at(m, slot)->count)
		put_swap_slot(m, slot);
}

u32 swap_count(const struct machine *m, u32 slot)
{
	return swap_slot_users(m, slot);
}

/* ---- contents ---- */

handle_t swap_contents(const struct machine *m, u32 slot)
{
	const struct swap_slots *s = slots_of(m, slot);
	const handle_t *array = pool_at(&m->swap.contents, s->contents);

	return s->contents ? array[slot_number(slot)] : 0;
}

int set_swap_contents(struct machine *m, u32 slot, handle_t contents)
{
	struct swap_slots *s = slots_of(m, slot);
	u32 n = slot_number(slot);
	handle_t *array;

	if (!contents) {
		drop_contents_of(m, s, n);
		return 0;
	}
	if (!s->contents)
		s->contents = pool_alloc(&m->swap.contents);
	if (!s->contents)
		return -ENOMEM;
	array = pool_at(&m->swap.contents, s->contents);
	if (array[n])
		contents_put(m, array[n]);
	else
		s->nr_contents++;
	array[n] = contents;
	return 0;
}

/* ---- entries ---- */

u64 swap_slot_pte(const struct machine *m, u32 slot)
{
	return swap_pte_of(m, slot);
}

u32 pte_swap_slot(const struct machine *m, u64 pte)
{
	return swap_pte_slot(m, pte);
}
