/*
 * The LRU lists: pages come at both ends, leave from everywhere, and are in order all the while.
 */
#include <stdlib.h>
#include <string.h>

#include "mm/pagevec.h"
#include "tests/draw.h"
#include "tests/mmtest.h"
#include "tests/tap.h"

#define PAGES 3000u
#define STEPS 40000

/* A list, and beside it what it shall be: the oldest first. */
struct model {
	struct machine *m;
	struct pagevec_list list;
	pfn_t page[PAGES];
	u32 nr;
	pfn_t unused[PAGES]; /* pages that are on neither */
	u32 nr_unused;
	u64 seed;
};

static pfn_t take_unused(struct model *t)
{
	return t->unused[--t->nr_unused];
}

static void remove_at(struct model *t, u32 i)
{
	t->unused[t->nr_unused++] = t->page[i];
	memmove(&t->page[i], &t->page[i + 1], (--t->nr - i) * sizeof(t->page[0]));
}

static void add(struct model *t)
{
	pfn_t pfn = take_unused(t);

	pagevec_add(t->m, &t->list, pfn);
	t->page[t->nr++] = pfn;
}

static void add_tail(struct model *t)
{
	pfn_t pfn = take_unused(t);

	pagevec_add_tail(t->m, &t->list, pfn);
	memmove(&t->page[1], &t->page[0], t->nr++ * sizeof(t->page[0]));
	t->page[0] = pfn;
}

static void del(struct model *t)
{
	u32 i = draw(&t->seed, t->nr);

	pagevec_del(t->m, &t->list, t->page[i]);
	remove_at(t, i);
}

static bool take(struct model *t)
{
	u32 nr = 1 + draw(&t->seed, t->nr < 100 ? t->nr : 100);
	pfn_t got[100];
	bool same;

	pagevec_fetch(t->m, &t->list, nr);
	pagevec_take(t->m, &t->list, got, nr);
	same = !memcmp(got, t->page, nr * sizeof(got[0]));
	while (nr--)
		remove_at(t, 0);
	return same;
}

static void rotate(struct model *t)
{
	u32 most = t->nr < 60 ? t->nr : 60, from = draw(&t->seed, t->nr - most + 1), nr, i;
	pfn_t pfns[60];

	/* every second page of a stretch, so that gaps are left */
	for (nr = 0, i = from; i < from + most; i += 2)
		pfns[nr++] = t->page[i];
	pagevec_rotate(t->m, &t->list, pfns, nr);
	for (i = 0; i < nr; i++) {
		u32 at = 0;

		while (t->page[at] != pfns[i])
			at++;
		memmove(&t->page[1], &t->page[0], at * sizeof(t->page[0]));
		t->page[0] = pfns[i];
	}
}

static bool is_same(const struct model *t)
{
	pfn_t pfn = pagevec_newest(t->m, &t->list);
	u32 i;

	if (t->list.nr != t->nr)
		return false;
	for (i = t->nr; i-- && pfn == t->page[i]; pfn = pagevec_older(t->m, pfn))
		;
	return i == UINT32_MAX && pfn == PFN_NONE &&
	       pagevec_oldest(t->m, &t->list) == (t->nr ? t->page[0] : PFN_NONE);
}

/* How many pagevecs there are, all of whose numbers are right; 0: something is wrong. */
static u32 count_pagevecs(const struct model *t)
{
	handle_t h, older = 0;
	u32 n = 0;

	for (h = t->list.oldest; h; older = h, h = pagevec_at(t->m, h)->newer, n++) {
		const struct pagevec *v = pagevec_at(t->m, h);

		if (v->older != older || !pagevec_nr(v) ||
		    pagevec_nr(v) != (u32)__builtin_popcountll(pagevec_live(v)))
			return 0;
	}
	return older == t->list.newest ? n : 0;
}

static bool step(struct model *t, u32 growing)
{
	switch (draw(&t->seed, 12)) {
	case 0:
		return !t->nr || draw(&t->seed, 8) || take(t);
	case 1:
		if (t->nr)
			rotate(t);
		return true;
	case 2:
		if (t->nr_unused)
			add_tail(t);
		return true;
	default:
		if (draw(&t->seed, 10) < growing && t->nr_unused)
			add(t);
		else if (t->nr)
			del(t);
		return true;
	}
}

static void test_order(struct model *t)
{
	bool taken = true, same = true, sound = true, tight = true;
	u32 pagevecs, most = 0, i;

	for (i = 0; i < STEPS && taken && same && sound; i++) {
		taken = step(t, i / 4000 % 2 ? 3 : 8);
		if (i % 16)
			continue;
		same = is_same(t);
		pagevecs = count_pagevecs(t);
		sound = !t->nr || pagevecs;
		/* as pagevecs_reserve() counts, but for the ends */
		tight = tight && pagevecs <= t->nr / 4 + 4;
		most = pagevecs > most ? pagevecs : most;
	}
	ok(taken, "the oldest are taken in their order");
	ok(same, "the list is in order after each step");
	ok(sound, "each pagevec has the pages it says");
	ok(tight && most > 10, "never more pagevecs than were reserved: %u at most", most);
}

/* All but one page of each pagevec leave: the rest moves together. */
static void test_sparse(struct model *t)
{
	u32 i, before, after;

	while (t->nr_unused)
		add(t);
	before = count_pagevecs(t);
	for (i = t->nr; i--;)
		if (i % PAGEVEC_SIZE) {
			pagevec_del(t->m, &t->list, t->page[i]);
			remove_at(t, i);
		}
	after = count_pagevecs(t);
	ok(is_same(t), "pages of sparse pagevecs are in order");
	ok(after && after * 4 <= before, "sparse pagevecs are joined: %u of %u", after, before);
	while (t->nr)
		del(t);
	ok(!t->list.oldest && !t->list.newest, "an empty list has no pagevec");
}

int main(void)
{
	struct model t = { .seed = 7 };
	struct mmtest mt;
	u32 live;

	mmtest_open(&mt, 128);
	t.m = mt.m;
	live = mt.m->pagevecs.nr_live;
	while (t.nr_unused < PAGES)
		t.unused[t.nr_unused++] = alloc_pages(t.m, GFP_KERNEL, 0, NUMA_NO_NODE);
	test_order(&t);
	test_sparse(&t);
	is_int(mt.m->pagevecs.nr_live, live, "none is left over");
	while (t.nr_unused)
		free_pages(t.m, take_unused(&t), 0);
	mmtest_close(&mt);
	return done_testing();
}
