/*
 * Compaction: what fragmentation is, what mends it, who asks for it, and what must not be moved.
 */
#include <errno.h>
#include <string.h>

#include "mm/compaction.h"
#include "tests/mmtest.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define AT 0x40000000ull

static struct zone *dma32(struct mmtest *t)
{
	return &t->m->node[0].zones[ZONE_DMA32];
}

static u64 event(const struct mmtest *t, enum vm_event_item item)
{
	return t->m->vm_event[item];
}

static s32 unusable(struct mmtest *t)
{
	return unusable_free_index(dma32(t), PAGEBLOCK_ORDER);
}

static void fragment(struct mmtest *t, u32 index, bool movable)
{
	is_err(fragment_zone(t->m, 0, ZONE_DMA32, index, movable), 0,
	       "fragment DMA32 to 0.%03u with %s pages", index, movable ? "movable" : "unmovable");
}

/* The DMA zone's large blocks are out of the way. */
static void open_without_dma(struct mmtest *t, u64 mib)
{
	mmtest_open(t, mib);
	fragment_zone(t->m, 0, ZONE_DMA, 1000, false);
	t->m->sysctl.compaction_proactiveness = 0;
	compaction_proactiveness_changed(t->m);
}

/* ---- the indexes ---- */

static void test_indexes(void)
{
	struct zone z = { .present_pages = 1 };

	is_int(unusable_free_index(&z, 9), 1000, "no free memory is of no use");
	is_int(fragmentation_index(&z, 9), 0, "and memory is what is wanting");
	is_int(fragmentation_score_zone(&z), 0, "but it is not fragmented");
	z.free_area[0].nr_free = 1000;
	is_int(unusable_free_index(&z, 0), 0, "single pages serve single pages");
	is_int(unusable_free_index(&z, 1), 1000, "and nothing else");
	is_int(fragmentation_index(&z, 0), -1000, "no failure, no reason for it");
	/* 1000 - (1000 + 1000 * 1000 / 512) / 1000 */
	is_int(fragmentation_index(&z, 9), 998, "1000 single pages: nothing but fragmentation");
	z.free_area[9].nr_free = 1;
	is_int(unusable_free_index(&z, 9), 661, "1000 of 1512");
	is_int(fragmentation_score_zone(&z), 66, "the same in percent");
	memset(z.free_area, 0, sizeof(z.free_area));
	z.free_area[8].nr_free = 1;
	is_int(fragmentation_index(&z, 9), -500,
	       "one block of half the size: for want of memory, clearly");
}

/* ---- fragmentation on purpose ---- */

static void test_fragment(void)
{
	static const u32 index[] = { 100, 500, 900, 1000 };
	struct mmtest t;
	s64 free;
	u32 i;

	mmtest_open(&t, 256);
	is_err(fragment_zone(t.m, 0, ZONE_NORMAL, 500, true), -ENODEV, "there is no zone Normal");
	is_err(fragment_zone(t.m, 7, ZONE_DMA32, 500, true), -ENODEV, "nor a node 7");
	is_err(fragment_zone(t.m, 0, ZONE_DMA32, 1001, true), -EINVAL, "an index above 1");
	free = dma32(&t)->vm_stat[NR_FREE_PAGES];
	for (i = 0; i < ARRAY_SIZE(index); i++) {
		fragment(&t, index[i], i % 2);
		cmp_int(unusable(&t), >=, index[i], "as much is of no use for huge pages now");
		cmp_int(unusable(&t), <, index[i] + 25, "and not much more");
		cmp_int(fragment_held(t.m, 0, ZONE_DMA32), >, 0, "for pages that are held");
		is_sound(t.m, "with them");
	}
	is_int(t.m->vm_node_stat[NR_SHMEM], (s64)fragment_held(t.m, 0, ZONE_DMA32),
	       "movable ones are shared memory");
	fragment(&t, 0, true);
	is_int(fragment_held(t.m, 0, ZONE_DMA32), 0, "nothing is held any more");
	cmp_int(dma32(&t)->vm_stat[NR_FREE_PAGES], >, free - 1024, "the memory is free again");
	cmp_int(unusable(&t), <, 100, "and in one piece");
	mmtest_close(&t);
}

/* ---- by hand ---- */

/* Each page of the process says which it is. */
static void label_pages(struct mmtest *t, u64 pages)
{
	u64 i;

	for (i = 0; i < pages; i++) {
		u64 label = i * 2654435761u;

		access_remote_vm(t->m, t->task, AT + i * PAGE_SIZE, &label, sizeof(label), true);
	}
}

static u64 wrong_labels(struct mmtest *t, u64 pages, u64 keep)
{
	u64 i, label, wrong = 0;

	for (i = 0; i < pages; i++) {
		label = 0;
		access_remote_vm(t->m, t->task, AT + i * PAGE_SIZE, &label, sizeof(label), false);
		wrong += label != (i % (2 * keep) < keep ? 0 : i * 2654435761u);
	}
	return wrong;
}

/* Of every 2 * @keep pages the first @keep are given back. */
static void punch(struct mmtest *t, u64 pages, u64 keep)
{
	u64 i;

	for (i = 0; i < pages; i += 2 * keep)
		advise(t, AT + i * PAGE_SIZE, keep, "dontneed");
}

static void test_by_hand(void)
{
	u64 pages = 24 << 10, moved, start;
	struct mmtest t;

	mmtest_open(&t, 256);
	map(&t, AT, pages, "rw", MAPF_FIXED);
	store(&t, AT, pages);
	label_pages(&t, pages);
	punch(&t, pages, 32);
	drain_pages(t.m, -1);
	cmp_int(unusable(&t), >, 300, "a process has left holes in memory");
	start = t.m->clock.now;
	compact_node(t.m, 0);
	moved = event(&t, PGMIGRATE_SUCCESS);
	cmp_int(moved, >, pages / 8, "compaction moved pages");
	cmp_int(moved, <, pages / 2, "not more than were left");
	cmp_int(unusable(&t), <, 200, "free memory is in one piece");
	cmp_int(t.m->clock.now - start, >=, moved * t.m->cost.migrate_page, "that took its time");
	is_int(wrong_labels(&t, pages, 32), 0, "and every page holds what it held");
	is_int(event(&t, COMPACTSTALL) + event(&t, KCOMPACTD_WAKE), 0, "nobody waited for it");
	cmp_int(event(&t, COMPACTMIGRATE_SCANNED), >=, moved, "at least those were scanned");
	is_int(t.m->compaction.last[COMPACT_BY_HAND].result, COMPACT_COMPLETE, "to the end");
	mmtest_close(&t);
}

/* Memory that nobody used gets no struct pages for being compacted. */
static void test_untouched(void)
{
	struct mmtest t;
	u64 untouched;

	mmtest_open(&t, 4096);
	untouched = t.m->node[0].zones[ZONE_NORMAL].untouched_pages + dma32(&t)->untouched_pages;
	compact_nodes(t.m);
	is_int(t.m->node[0].zones[ZONE_NORMAL].untouched_pages + dma32(&t)->untouched_pages,
	       untouched, "compaction leaves memory untouched that nobody used");
	cmp_int(event(&t, COMPACTMIGRATE_SCANNED), >, untouched / 4,
		"and has looked at it as a kernel would");
	mmtest_close(&t);
}

static void test_locked(void)
{
	u64 pages = 16 << 10, before;
	struct mmtest t;

	mmtest_open(&t, 256);
	map(&t, AT, pages, "rw", MAPF_FIXED);
	store(&t, AT, pages);
	punch(&t, pages, 32);
	is_err(do_mlock(t.m, t.task, AT, pages * PAGE_SIZE, true, true), 0,
	       "what is left is locked");
	drain_pages(t.m, -1);
	t.m->sysctl.compact_unevictable_allowed = 0;
	compact_node(t.m, 0);
	before = event(&t, PGMIGRATE_SUCCESS);
	cmp_int(before, <, 256, "locked pages stay if they are not to be moved");
	t.m->sysctl.compact_unevictable_allowed = 1;
	compact_node(t.m, 0);
	cmp_int(event(&t, PGMIGRATE_SUCCESS) - before, >, pages / 8, "and move if they are");
	is_int(t.m->vm_zone_stat[NR_MLOCK], (s64)pages / 2, "locked all the same");
	mmtest_close(&t);
}

static void test_pinned(void)
{
	u64 pages = 16 << 10;
	struct mmtest t;

	mmtest_open(&t, 256);
	map(&t, AT, pages, "rw", MAPF_FIXED);
	store(&t, AT, pages);
	punch(&t, pages, 32);
	is_err(pin_user_pages(t.m, t.task, AT + 32 * PAGE_SIZE, 32 * PAGE_SIZE), 0,
	       "a device has 32 pages");
	drain_pages(t.m, -1);
	compact_node(t.m, 0);
	cmp_int(event(&t, PGMIGRATE_SUCCESS), >, pages / 8, "the others move");
	is_int(unpin_user_pages(t.m, mm_of(&t), AT + 32 * PAGE_SIZE, 32 * PAGE_SIZE), 32,
	       "those are where they were");
	mmtest_close(&t);
}

/* ---- who needs a block ---- */

static void test_direct(void)
{
	struct mmtest t;
	pfn_t pfn;

	open_without_dma(&t, 256);
	fragment(&t, 1000, true);
	pfn = alloc_pages(t.m, GFP_KERNEL | __GFP_COMP, PAGEBLOCK_ORDER, 0);
	ok(pfn != PFN_NONE, "2 MiB in one piece, where there was none");
	cmp_int(event(&t, COMPACTSTALL), >=, 1, "somebody stood still for it");
	is_int(event(&t, COMPACTSUCCESS), 1, "and got it");
	cmp_int(event(&t, PGMIGRATE_SUCCESS), <, 4096, "no more was moved than that took");
	is_int(t.m->compaction.last[COMPACT_DIRECT].order, PAGEBLOCK_ORDER, "it is remembered");
	free_pages(t.m, pfn, PAGEBLOCK_ORDER);
	mmtest_close(&t);
}

static void test_threshold(void)
{
	struct mmtest t;
	pfn_t pfn;

	open_without_dma(&t, 256);
	fragment(&t, 1000, true);
	t.m->sysctl.extfrag_threshold = 1000;
	pfn = alloc_pages(t.m, GFP_KERNEL | __GFP_COMP | __GFP_NOWARN, PAGEBLOCK_ORDER, 0);
	ok(pfn == PFN_NONE, "extfrag_threshold 1000: it is never fragmentation");
	is_int(event(&t, COMPACTSTALL), 0, "nobody compacts");
	t.m->sysctl.extfrag_threshold = 500;
	pfn = alloc_pages(t.m, GFP_KERNEL | __GFP_COMP, PAGEBLOCK_ORDER, 0);
	ok(pfn != PFN_NONE, "with 500 it is");
	cmp_int(event(&t, COMPACTSTALL), >, 0, "and somebody does");
	free_pages(t.m, pfn, PAGEBLOCK_ORDER);
	mmtest_close(&t);
}

static void try_huge(struct mmtest *t, u32 times)
{
	while (times--)
		alloc_pages(t->m, GFP_KERNEL | __GFP_COMP | __GFP_NOWARN, PAGEBLOCK_ORDER, 0);
}

static void test_deferral(void)
{
	struct zone_compaction *c;
	struct mmtest t;
	pfn_t pfn;
	u32 i;

	open_without_dma(&t, 256);
	c = &dma32(&t)->compact;
	fragment(&t, 1000, false);
	try_huge(&t, 1);
	is_int(event(&t, COMPACTSUCCESS), 0, "the kernel's own pages cannot be moved");
	cmp_int(event(&t, COMPACTFAIL), >, 0, "it was tried");
	is_int(c->defer_shift, 1, "and is put off");
	is_int(c->order_failed, 0, "for blocks of every size, since none ever came up");
	for (i = 0; i < 500; i++)
		try_huge(&t, 1);
	is_int(c->defer_shift, COMPACT_MAX_DEFER_SHIFT, "up to 63 times");
	is_sound(t.m, "while it is put off");
	fragment(&t, 0, false);
	pfn = alloc_pages(t.m, GFP_KERNEL | __GFP_COMP, PAGEBLOCK_ORDER, 0);
	ok(pfn != PFN_NONE, "with memory in one piece nobody asks");
	free_pages(t.m, pfn, PAGEBLOCK_ORDER);
	fragment(&t, 1000, true);
	/* kswapd has been by and the hints are gone */
	clock_advance_to(t.m, t.m->clock.now + NSEC_PER_SEC);
	for (i = 0, pfn = PFN_NONE; i < 200 && pfn == PFN_NONE; i++)
		pfn = alloc_pages(t.m, GFP_KERNEL | __GFP_COMP | __GFP_NOWARN, PAGEBLOCK_ORDER, 0);
	ok(pfn != PFN_NONE, "movable pages are moved once its turn has come");
	is_int(c->defer_shift, 0, "and that is forgotten");
	if (pfn != PFN_NONE)
		free_pages(t.m, pfn, PAGEBLOCK_ORDER);
	mmtest_close(&t);
}

/* ---- in the background ---- */

static void test_kcompactd(void)
{
	struct mmtest t;
	u32 i;

	open_without_dma(&t, 256);
	fragment(&t, 1000, true);
	is_int(alloc_pages(t.m, GFP_ATOMIC | __GFP_NOWARN, PAGEBLOCK_ORDER, 0), PFN_NONE,
	       "who cannot wait gets no 2 MiB");
	is_int(event(&t, COMPACTSTALL), 0, "and does not compact");
	/* kswapd tries first, finds nothing to reclaim, and gives up after 16 times */
	for (i = 0; i < 60 && !event(&t, KCOMPACTD_WAKE); i++) {
		clock_advance_to(t.m, t.m->clock.now + NSEC_PER_SEC);
		alloc_pages(t.m, GFP_ATOMIC | __GFP_NOWARN, PAGEBLOCK_ORDER, 0);
	}
	clock_advance_to(t.m, t.m->clock.now + NSEC_PER_SEC);
	cmp_int(event(&t, KCOMPACTD_WAKE), >=, 1, "but kcompactd is woken in the end");
	cmp_int(event(&t, KCOMPACTD_MIGRATE_SCANNED), >, 0, "scans");
	cmp_int(event(&t, PGMIGRATE_SUCCESS), >, 100, "and moves pages");
	cmp_int(event(&t, KCOMPACTD_FREE_SCANNED), >, 0, "to where it found free ones");
	is_int(t.m->clock.nr_events, 0, "then it sleeps");
	mmtest_close(&t);
}

static void test_proactive(void)
{
	struct mmtest t;
	u64 daemon;

	mmtest_open(&t, 256);
	clock_advance_to(t.m, t.m->clock.now + NSEC_PER_SEC);
	is_int(t.m->clock.nr_events, 0, "an idle machine has no events");
	t.m->sysctl.compaction_proactiveness = 0;
	compaction_proactiveness_changed(t.m);
	fragment(&t, 1000, true);
	cmp_int(fragmentation_score_node(t.m, 0), >, 90, "the node's score is high");
	clock_advance_to(t.m, t.m->clock.now + 10 * NSEC_PER_SEC);
	is_int(event(&t, PGMIGRATE_SUCCESS), 0, "proactiveness 0: nobody minds");
	daemon = event(&t, KCOMPACTD_WAKE);
	t.m->sysctl.compaction_proactiveness = 20;
	compaction_proactiveness_changed(t.m);
	clock_advance_to(t.m, t.m->clock.now + NSEC_PER_SEC);
	is_int(fragmentation_score_wmark(t.m, true), 80, "20: from 90 down to 80");
	cmp_int(fragmentation_score_zone(dma32(&t)), <=, 80, "the score comes down to that");
	cmp_int(fragmentation_score_zone(dma32(&t)), >, 60, "and not much further");
	is_int(event(&t, KCOMPACTD_WAKE), daemon, "which is not what the daemon is woken for");
	t.m->sysctl.compaction_proactiveness = 100;
	compaction_proactiveness_changed(t.m);
	clock_advance_to(t.m, t.m->clock.now + NSEC_PER_SEC);
	cmp_int(fragmentation_score_zone(dma32(&t)), <=, 25, "100: as far as it goes");
	fragment(&t, 1000, false);
	clock_advance_to(t.m, t.m->clock.now + NSEC_PER_SEC);
	cmp_int(t.m->compaction.node[0].not_before, >, t.m->clock.now,
		"a run that brought nothing puts off the next");
	mmtest_close(&t);
}

int main(void)
{
	test_indexes();
	test_fragment();
	test_by_hand();
	test_untouched();
	test_locked();
	test_pinned();
	test_direct();
	test_threshold();
	test_deferral();
	test_kcompactd();
	test_proactive();
	return done_testing();
}
