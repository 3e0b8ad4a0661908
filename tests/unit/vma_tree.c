/*
 * The tree of mappings against its list: thousands of mappings come and go in order, against the
 * order and anywhere, and after each stretch every question is put to the tree and answered once
 * more by walking along the list.
 *
 *	r.rr.r..rr.r   one mapping on each second page and wider, rights by turns: none ever merges with another
 */
#include <errno.h>

#include "mm/vma.h"
#include "tests/draw.h"
#include "tests/mmtest.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define BASE  0x20000000ull
#define SLOTS 6000u /* of two pages, the first of which may be mapped */

static u64 seed = 20241121;

static u32 pick(u32 n)
{
	return draw(&seed, n);
}

static u64 slot(u32 i)
{
	return BASE + i * 2ull * PAGE_SIZE;
}

/* ---- the same answers from the list ---- */

static handle_t list_find(struct mmtest *t, u64 addr, handle_t *prev)
{
	handle_t h = mm_at(t->m, mm_of(t))->vma_first;

	for (*prev = 0; h && vma_at(t->m, h)->end <= addr; h = vma_at(t->m, h)->next)
		*prev = h;
	return h;
}

/* The highest or the lowest place for @length bytes that a call without an address may have. */
static u64 list_place(struct mmtest *t, u64 length, bool topdown)
{
	const struct mm *mm = mm_at(t->m, mm_of(t));
	u64 low = topdown ? PAGE_ALIGN(t->m->sysctl.mmap_min_addr) :
			    PAGE_ALIGN(task_size(t->m) / 3);
	u64 high = topdown ? mm->mmap_base : task_size(t->m), from = 0, best = 0;
	handle_t h;

	for (h = mm->vma_first;; h = vma_at(t->m, h)->next) {
		u64 to = h ? vma_start_gap(t->m, vma_at(t->m, h)) : UINT64_MAX;
		u64 first = from > low ? from : low, last = to < high ? to : high;

		if (last >= first && last - first >= length) {
			if (!topdown)
				return first;
			best = last - length;
		}
		if (!h)
			return best;
		from = vma_at(t->m, h)->end;
	}
}

static bool same_answers(struct mmtest *t)
{
	handle_t prev, h;
	u32 i;

	for (i = 0; i < 40; i++) {
		u64 addr = BASE + pick(SLOTS * 2 + 8) * PAGE_SIZE + pick((u32)PAGE_SIZE);

		h = list_find(t, addr, &prev);
		/* with what was found last, and without */
		mm_at(t->m, mm_of(t))->cache_vma = i % 2 ? mm_at(t->m, mm_of(t))->cache_vma : 0;
		if (find_vma(t->m, mm_of(t), addr) != h ||
		    find_vma_prev(t->m, mm_of(t), addr) != prev) {
			diag("%llx: found another mapping", (unsigned long long)addr);
			return false;
		}
	}
	return true;
}

static bool same_places(struct mmtest *t)
{
	bool topdown = pick(2);
	u64 pages = 1 + (pick(4) ? pick(3) : pick(200)), want, at;

	t->m->sysctl.legacy_va_layout = !topdown;
	want = list_place(t, pages * PAGE_SIZE, topdown);
	at = map(t, 0, pages, "r", 0);
	if (at != want)
		diag("%llu pages: placed at %llx, not %llx", (unsigned long long)pages,
		     (unsigned long long)at, (unsigned long long)want);
	return at == want && !unmap(t, at, pages);
}

/* ---- mappings come and go ---- */

static void fill(struct mmtest *t, u32 i)
{
	map(t, slot(i), 1, i % 2 ? "r" : "rw", MAPF_FIXED);
}

static void clear(struct mmtest *t, u32 i)
{
	unmap(t, slot(i), 1);
}

enum order { UP, DOWN, ANYWHERE, NR_ORDERS };

static const char *const order_name[] = { "upwards", "downwards", "anywhere" };

static u32 nth(enum order order, u32 i)
{
	return order == UP ? i : order == DOWN ? SLOTS - 1 - i : pick(SLOTS);
}

/* All slots by @order; now and then the whole tree is looked at. */
static void sweep(struct mmtest *t, void (*step)(struct mmtest *t, u32 i), const char *what,
		  enum order order)
{
	const struct mm *mm = mm_at(t->m, mm_of(t));
	bool right = true;
	u32 i;

	for (i = 0; i < SLOTS && right; i++) {
		step(t, nth(order, i));
		if (i % 97 == 0)
			right = vma_tree_check(t->m, mm) == mm->map_count && same_answers(t) &&
				same_places(t);
	}
	ok(right && vma_tree_check(t->m, mm) == mm->map_count, "%s %s: tree and list agree", what,
	   order_name[order]);
}

/* Whatever came before: cuts, ends that move, mappings over others. */
static void anything(struct mmtest *t, u32 i)
{
	u64 pages = 1 + pick(6);

	switch (pick(5)) {
	case 0:
		map(t, slot(i) + pick(2) * PAGE_SIZE, pages, pick(2) ? "r" : "rw", MAPF_FIXED);
		break;
	case 1:
		map(t, slot(i) + pick(2) * PAGE_SIZE, pages, "rw", MAPF_FIXED | MAPF_GROWSDOWN);
		break;
	case 2:
		unmap(t, slot(i) + pick(2) * PAGE_SIZE, pages);
		break;
	case 3:
		protect(t, slot(i) + pick(2) * PAGE_SIZE, pages, pick(2) ? "r" : "rw");
		break;
	default:
		store(t, slot(i), 1);
	}
}

/* ---- what a full tree leaves when nearly all of it goes ---- */

static void test_sparse(struct mmtest *t)
{
	u32 before = t->m->mms.vma_nodes.nr_live, full, i;

	for (i = 0; i < SLOTS; i++)
		fill(t, i);
	full = t->m->mms.vma_nodes.nr_live - before;
	ok(full <= SLOTS / 20, "mappings made upwards fill their nodes: %u for %u", full, SLOTS);
	for (i = 0; i < SLOTS; i++)
		if (i % 40)
			clear(t, i);
	ok(t->m->mms.vma_nodes.nr_live - before <= SLOTS / 40 / 4,
	   "when one of forty is left, nodes have joined: %u are left",
	   t->m->mms.vma_nodes.nr_live - before);
	ok(vma_tree_check(t->m, mm_at(t->m, mm_of(t))) >= 0, "and the tree is sound");
}

static void test_ends(struct mmtest *t)
{
	handle_t last = vma_tree_last(t->m, mm_at(t->m, mm_of(t)));

	ok(last && !vma_at(t->m, last)->next, "the last mapping of the tree is the list's");
	mm_at(t->m, mm_of(t))->cache_vma = 0;
	is_uint(find_vma(t->m, mm_of(t), UINT64_MAX), 0,
		"nothing lies at the last of all addresses or behind it");
	mm_at(t->m, mm_of(t))->cache_vma = 0;
	is_uint(find_vma_prev(t->m, mm_of(t), UINT64_MAX), last, "below it is the last mapping");
	mm_at(t->m, mm_of(t))->cache_vma = 0;
	is_uint(find_vma(t->m, mm_of(t), 0), mm_at(t->m, mm_of(t))->vma_first,
		"from address 0 on, the first mapping comes next");
	mm_at(t->m, mm_of(t))->cache_vma = 0;
	is_uint(find_vma_prev(t->m, mm_of(t), 0), 0, "and there is none below");
}

/* The pool is as large as it will get, and what it has was given out. */
static void test_no_room(struct mmtest *t)
{
	struct pool *nodes = &t->m->mms.vma_nodes, before = *nodes;
	u32 count = mm_at(t->m, mm_of(t))->map_count;

	nodes->max_slots = nodes->nr_slots;
	nodes->nr_live = nodes->nr_slots - 1;
	is_err((int)(s64)map(t, BASE + 0x40000000, 1, "r", MAPF_FIXED), -ENOMEM,
	       "no node can be had: mmap says so");
	is_uint(mm_at(t->m, mm_of(t))->map_count, count, "and nothing was mapped");
	*nodes = before;
}

int main(void)
{
	struct mmtest t;
	enum order order, back;

	mmtest_open(&t, 256);
	t.m->sysctl.max_map_count = 1 << 20;
	for (order = UP; order < NR_ORDERS; order++)
		for (back = UP; back < NR_ORDERS; back++) {
			sweep(&t, fill, "mapped", order);
			sweep(&t, clear, "unmapped", back);
		}
	sweep(&t, anything, "all kinds of calls", ANYWHERE);
	sweep(&t, anything, "and once more", ANYWHERE);
	is_sound(t.m, "after them");
	unmap(&t, BASE, SLOTS * 2 + 16);
	test_sparse(&t);
	test_ends(&t);
	test_no_room(&t);
	t.m->sysctl.legacy_va_layout = 0;
	mmtest_close(&t);
	return done_testing();
}
