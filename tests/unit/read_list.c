/*
 * filemap_read_list(): many reads at once leave the machine as the same reads one by one do: its
 * clock, every counter, pressure, and the order of the LRU lists.
 */
#include <mman/namei.h>
#include <stdlib.h>
#include <string.h>

#include "mm/pagevec.h"
#include "tests/draw.h"
#include "tests/mmtest.h"
#include "tests/tap.h"

#define MACHINE \
	"[machine]\ncpus = 1\nmemory = 128M\n[disk]\nsize = 8G\n[cost]\ndisk_page_read = 2000\n"
#define FILE_PAGES 40000u
#define READS	   60000u

static u64 positions[READS];

/* Most reads go to few pages; some lie across two, at the file's end or beyond it. */
static void draw_positions(u64 size)
{
	u64 seed = 7;
	u32 i;

	for (i = 0; i < READS; i++) {
		u64 page = draw(&seed, draw(&seed, 10) < 6 ? 4000 : FILE_PAGES);

		positions[i] = page << PAGE_SHIFT;
		if (size < PAGE_SIZE || !draw(&seed, 50))
			positions[i] += draw(&seed, PAGE_SIZE);
	}
	positions[READS / 2] = (u64)FILE_PAGES << PAGE_SHIFT;
	positions[READS / 2 + 1] = ((u64)FILE_PAGES << PAGE_SHIFT) - 100;
}

static handle_t open_file(struct mmtest *t, u32 read_ahead_kb)
{
	handle_t inode, file = 0;

	t->m->knobs.bdi[0].read_ahead_kb = read_ahead_kb;
	inode_create(t->m, "/f", (u64)FILE_PAGES << PAGE_SHIFT, INODE_REGULAR, &inode);
	vfs_open(t->m, inode, &file);
	return file;
}

static void one_by_one(struct mmtest *t, handle_t file, u64 size)
{
	u32 i;

	for (i = 0; i < READS; i++)
		filemap_read(t->m, file, positions[i], size);
}

/* In pieces, of which the last of each is no whole batch. */
static void as_lists(struct mmtest *t, handle_t file, u64 size)
{
	u64 at, done, all = 0;
	int error = 0;

	for (at = 0; at < READS; at += 1000) {
		error |= filemap_read_list(t->m, file, positions + at, 1000, size, &done);
		all += done;
	}
	ok(!error && all == READS, "all reads of the lists are made");
}

static bool same_lists(const struct machine *a, const struct machine *b)
{
	u32 lru;

	for (lru = 0; lru < NR_LRU_LISTS; lru++) {
		pfn_t p = pagevec_newest(a, &a->node[0].lruvec.lists[lru]);
		pfn_t q = pagevec_newest(b, &b->node[0].lruvec.lists[lru]);

		if (a->node[0].lruvec.lists[lru].nr != b->node[0].lruvec.lists[lru].nr)
			return false;
		for (; lru != LRU_UNEVICTABLE && p != PFN_NONE && p == q;
		     p = pagevec_older(a, p), q = pagevec_older(b, q))
			if (pfn_to_page(a, p)->flags != pfn_to_page(b, q)->flags)
				return false;
		if (p != q && lru != LRU_UNEVICTABLE)
			return false;
	}
	return true;
}

static void compare(u64 size, u32 read_ahead_kb, const char *what)
{
	struct mmtest one, list;
	const struct machine *a, *b;
	handle_t f, g;

	draw_positions(size);
	mmtest_open_on(&one, MACHINE);
	mmtest_open_on(&list, MACHINE);
	f = open_file(&one, read_ahead_kb);
	g = open_file(&list, read_ahead_kb);
	one_by_one(&one, f, size);
	as_lists(&list, g, size);
	a = one.m;
	b = list.m;
	ok(a->vm_event[PGSTEAL_KSWAPD] + a->vm_event[PGSTEAL_DIRECT] > 1000,
	   "%s: the file does not fit", what);
	is_uint(b->clock.now, a->clock.now, "%s: they take the same time", what);
	is_uint(b->clock.step, a->clock.step, "%s: and let others in as often", what);
	ok(!memcmp(a->vm_event, b->vm_event, sizeof(a->vm_event)), "%s: the same events", what);
	ok(!memcmp(a->vm_node_stat, b->vm_node_stat, sizeof(a->vm_node_stat)) &&
		   !memcmp(a->vm_zone_stat, b->vm_zone_stat, sizeof(a->vm_zone_stat)),
	   "%s: the same counters", what);
	ok(!memcmp(a->psi.line, b->psi.line, sizeof(a->psi.line)), "%s: the same pressure", what);
	ok(same_lists(a, b), "%s: the same pages in the same order", what);
	mmtest_close(&one);
	mmtest_close(&list);
}

int main(void)
{
	compare(PAGE_SIZE, 0, "page by page");
	compare(PAGE_SIZE, 128, "with read-ahead");
	compare(100, 0, "parts of pages");
	compare(3 * PAGE_SIZE, 0, "three pages at a time");
	return done_testing();
}
