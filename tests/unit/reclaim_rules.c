/*
 * The rules of reclaim one by one: which page stays, which goes, how the lists share the work.
 */
#include <string.h>

#include "mm/filemap.h"
#include "mm/lru.h"
#include "mm/page_alloc.h"
#include "mm/vmscan.h"
#include "tests/mmtest.h"
#include "tests/tap.h"

#define AT 0x40000000ull

static struct pglist_data *node(struct mmtest *t)
{
	return &t->m->node[0];
}

static handle_t new_file(struct mmtest *t, const char *path, u64 pages)
{
	handle_t inode;

	if (inode_create(t->m, path, pages << PAGE_SHIFT, INODE_REGULAR, &inode))
		bail_out("no inode");
	return inode;
}

static struct scan_control control(void)
{
	return (struct scan_control){ .nr_to_reclaim = SWAP_CLUSTER_MAX,
				      .gfp = GFP_KERNEL,
				      .priority = DEF_PRIORITY,
				      .reclaim_idx = ZONE_MOVABLE,
				      .may_writepage = true,
				      .may_unmap = true,
				      .may_swap = true };
}

/* The pages that one test is about. */
struct pages {
	u32 nr;
	pfn_t pfn[SWAP_CLUSTER_MAX];
};

static struct pages pages_at(struct mmtest *t, u64 addr, u32 n)
{
	struct pages p = { .nr = 0 };
	struct pte_info pte;
	u32 i;

	for (i = 0; i < n; i++)
		if (pte_lookup(t->m, mm_of(t), addr + i * PAGE_SIZE, &pte) && pte.present)
			p.pfn[p.nr++] = pte.pfn;
	return p;
}

static struct pages pages_of(struct mmtest *t, handle_t inode, u32 n)
{
	struct pages p = { .nr = 0 };
	u32 i;

	for (i = 0; i < n; i++)
		if (filemap_get_page(t->m, inode, i, false) != PFN_NONE)
			p.pfn[p.nr++] = filemap_get_page(t->m, inode, i, false);
	return p;
}

/* Reclaim looks at these pages of an inactive list, and at no others; pages freed. */
static u64 look(struct mmtest *t, struct pages p, struct reclaim_stat *stat)
{
	struct reclaim_stat s = { .taken = p.nr };
	struct scan_control sc = control();
	struct page_batch batch = { .nr = 0 };
	struct lru_scan ls;
	u64 freed;
	u32 i;

	reclaim_run_begin(t->m, &sc, RECLAIM_PAGEOUT, 0);
	reclaim_policy_of(t->m)->begin(t->m, node(t), &sc, &ls);
	for (i = 0; i < p.nr; i++) {
		if (page_test(pfn_to_page(t->m, p.pfn[i]), PG_active))
			continue;
		lru_remove(t->m, p.pfn[i], pfn_to_page(t->m, p.pfn[i]));
		page_set(pfn_to_page(t->m, p.pfn[i]), PG_isolated);
		batch.pfn[batch.nr++] = p.pfn[i];
	}
	freed = shrink_page_list(t->m, node(t), &batch, &sc, &s);
	reclaim_run_end(t->m, &sc, RECLAIM_ENOUGH);
	if (stat)
		*stat = s;
	return freed;
}

static u32 active(struct mmtest *t, struct pages p)
{
	u32 i, n = 0;

	for (i = 0; i < p.nr; i++)
		n += page_test(pfn_to_page(t->m, p.pfn[i]), PG_active);
	return n;
}

/* Of active pages: how many would stay active? */
static u32 kept(struct mmtest *t, struct pages p)
{
	struct scan_control sc = control();
	u32 i, n = 0;

	for (i = 0; i < p.nr; i++)
		n += reclaim_policy_of(t->m)->keep_active(t->m, p.pfn[i], &sc);
	return n;
}

static void disk_done(struct mmtest *t)
{
	while (blk_wait_next(t->m, false))
		;
}

/* One access found is one use; a second look must find another for the page to become active. */
static void test_used_once(struct mmtest *t)
{
	handle_t f = new_file(t, "/once", 16), g = new_file(t, "/twice", 16);
	struct reclaim_stat stat;
	struct pages p;
	u64 a, b;

	a = map_file(t, AT, 16, "r", MAPF_FIXED | MAPF_SHARED, f, 0);
	load(t, a, 16);
	p = pages_at(t, a, 16);
	is_int(look(t, p, &stat), 0, "pages used once are spared once");
	is_int(stat.ref_keep, 16, "as referenced");
	is_int(active(t, p), 0, "but not activated");
	is_int(look(t, p, NULL), 16, "not used again, they go at the next look");
	is_int(inode_at(t->m, f)->nrpages, 0, "out of page tables and cache");

	b = map_file(t, AT + (1 << 20), 16, "r", MAPF_FIXED | MAPF_SHARED, g, 0);
	load(t, b, 16);
	p = pages_at(t, b, 16);
	look(t, p, NULL);
	load(t, b, 16);
	is_int(look(t, p, NULL), 0, "used again, they stay");
	is_int(active(t, p), 16, "and are active");
	unmap(t, a, 16);
	unmap(t, b, 16);
	truncate_range(t->m, g, 0, UINT64_MAX);
}

static void test_exec_and_shared(struct mmtest *t)
{
	handle_t f = new_file(t, "/code", 16), g = new_file(t, "/data", 16);
	struct pages p;
	u64 a, b, c;

	a = map_file(t, AT, 16, "rx", MAPF_FIXED, f, 0);
	load(t, a, 16);
	p = pages_at(t, a, 16);
	look(t, p, NULL);
	is_int(active(t, p), 16, "code that ran once is active at once");
	load(t, a, 16);
	is_int(kept(t, p), 16, "and stays so while it runs");
	is_int(kept(t, p), 0, "but no longer");
	unmap(t, a, 16);
	truncate_range(t->m, f, 0, UINT64_MAX);

	b = map_file(t, AT, 16, "r", MAPF_FIXED | MAPF_SHARED, g, 0);
	c = map_file(t, AT + (1 << 20), 16, "r", MAPF_FIXED | MAPF_SHARED, g, 0);
	load(t, b, 16);
	load(t, c, 16);
	p = pages_at(t, b, 16);
	look(t, p, NULL);
	is_int(active(t, p), 16, "so are pages that two mappings used");
	load(t, b, 16);
	is_int(kept(t, p), 0,
	       "active data becomes inactive, used or not: its next chance is there");
	unmap(t, b, 16);
	unmap(t, c, 16);
	truncate_range(t->m, g, 0, UINT64_MAX);
}

static void test_anon(struct mmtest *t)
{
	u64 a = map(t, AT, 16, "rw", MAPF_FIXED), out = t->m->vm_event[PSWPOUT], freed, rotated;
	s64 swapped = mm_at(t->m, mm_of(t))->rss[MM_SWAPENTS];
	struct pages p;

	store(t, a, 16);
	p = pages_at(t, a, 16);
	is_int(look(t, p, NULL), 0, "fresh anonymous pages are spared once");
	is_int(t->m->vm_event[PSWPOUT] - out, 0, "all of them");
	rotated = t->m->vm_event[PGROTATED];
	freed = look(t, p, NULL);
	is_int(t->m->vm_event[PSWPOUT] - out, 16, "then they are written to swap");
	is_int(mm_at(t->m, mm_of(t))->rss[MM_SWAPENTS] - swapped, 16,
	       "and leave their entries behind");
	is_int(freed, 0, "the frames are still there");
	disk_done(t);
	is_int(t->m->vm_event[PGROTATED] - rotated, 16,
	       "until the disk has them and they are next: pgrotated");
	is_int(look(t, p, NULL), 16, "then they are free");
	load(t, a, 16);
	cmp_int(t->m->vm_node_stat[WORKINGSET_REFAULT_ANON], >=, 16, "read back: refaults");
	unmap(t, a, 16);
}

static void test_lazyfree(struct mmtest *t)
{
	u64 a = map(t, AT, 16, "rw", MAPF_FIXED), freed = t->m->vm_event[PGLAZYFREED];
	s64 swapped = mm_at(t->m, mm_of(t))->rss[MM_SWAPENTS];
	struct reclaim_stat stat;
	struct pages p;

	store(t, a, 16);
	p = pages_at(t, a, 16);
	advise(t, a, 16, "free");
	store(t, a, 4);
	is_int(look(t, p, NULL), 12, "MADV_FREE pages go at once");
	is_int(t->m->vm_event[PGLAZYFREED] - freed, 12, "pglazyfreed");
	is_int(mm_at(t->m, mm_of(t))->rss[MM_SWAPENTS] - swapped, 0, "and leave nothing behind");
	p = pages_at(t, a, 4);
	is_int(p.nr, 4, "those written to again stay");
	look(t, p, &stat);
	is_int(stat.lazyfree_fail, 4, "and are ordinary pages from then on");
	unmap(t, a, 16);
}

static void test_dirty_file(struct mmtest *t)
{
	handle_t f = new_file(t, "/dirty", 16);
	s64 immediate = t->m->vm_node_stat[NR_VMSCAN_IMMEDIATE_RECLAIM];
	struct reclaim_stat stat;
	struct pages p;
	u32 i;

	for (i = 0; i < 16; i++)
		page_set_dirty(t->m, filemap_get_page(t->m, f, i, true));
	p = pages_of(t, f, 16);
	is_int(look(t, p, &stat), 0, "direct reclaim writes no file pages");
	is_int(t->m->vm_node_stat[NR_VMSCAN_IMMEDIATE_RECLAIM] - immediate, 16,
	       "it marks them: nr_vmscan_immediate_reclaim");
	ok(page_test(pfn_to_page(t->m, p.pfn[0]), PG_reclaim), "PG_reclaim");
	is_int(stat.unqueued_dirty, 16, "and sees that nobody writes them yet");
	is_int(active(t, p), 16, "they are out of the way on the active list");
	filemap_fdatawrite(t->m, f, 0, UINT64_MAX);
	disk_done(t);
	ok(!page_test(pfn_to_page(t->m, p.pfn[0]), PG_reclaim), "once written the mark is gone");
	truncate_range(t->m, f, 0, UINT64_MAX);
}

/* A page that comes back soon is activated; one that was long gone is not. */
static void test_refault(struct mmtest *t)
{
	handle_t f = new_file(t, "/again", 4);
	s64 refaults, activated;
	u32 i;

	for (i = 0; i < 4; i++)
		filemap_get_page(t->m, f, i, true);
	is_int(look(t, pages_of(t, f, 4), NULL), 4, "a file is evicted");
	refaults = t->m->vm_node_stat[WORKINGSET_REFAULT_FILE];
	activated = t->m->vm_node_stat[WORKINGSET_ACTIVATE_FILE];
	filemap_get_page(t->m, f, 0, true);
	is_int(t->m->vm_node_stat[WORKINGSET_REFAULT_FILE] - refaults, 1, "read again: a refault");
	is_int(t->m->vm_node_stat[WORKINGSET_ACTIVATE_FILE] - activated, 1,
	       "within the working set: activated");
	is_int(active(t, pages_of(t, f, 1)), 1, "on the active list");
	/* as if as many pages had been evicted since as there are */
	workingset_age_nonresident(t->m, 0, t->m->totalram_pages);
	filemap_get_page(t->m, f, 1, true);
	is_int(t->m->vm_node_stat[WORKINGSET_REFAULT_FILE] - refaults, 2, "much later: a refault");
	is_int(t->m->vm_node_stat[WORKINGSET_ACTIVATE_FILE] - activated, 1, "but not activated");
	truncate_range(t->m, f, 0, UINT64_MAX);
}

/* ---- the balance ---- */

static struct scan_decision decide(struct mmtest *t, s32 priority, s32 swappiness)
{
	struct scan_control sc = control();
	struct lru_scan s;

	sc.priority = priority;
	t->m->sysctl.swappiness = swappiness;
	reclaim_policy_of(t->m)->begin(t->m, node(t), &sc, &s);
	t->m->sysctl.swappiness = 60;
	return sc.run.decision;
}

static u64 anon_share(const struct scan_decision *d)
{
	return d->fraction[SIDE_ANON] * 1000 / (d->fraction[SIDE_ANON] + d->fraction[SIDE_FILE]);
}

static void test_swappiness(struct mmtest *t)
{
	handle_t f = new_file(t, "/cache", 4096);
	u64 a = map(t, AT, 4096, "rw", MAPF_FIXED), previous = 0;
	static const s32 steps[] = { 0, 1, 60, 100, 200 };
	struct scan_decision d;
	u32 i;

	store(t, a, 4096);
	for (i = 0; i < 4096; i++)
		filemap_get_page(t->m, f, i, true);
	snapshot_refaults(node(t)); /* as every run ends: nothing came back since */
	d = decide(t, 8, 200);
	is_int(d.reason, REASON_CACHE_TRIM,
	       "with plenty of inactive file pages swappiness is not asked");
	is_int(d.nr_to_scan[LRU_INACTIVE_ANON], 0, "not even 200");
	is_int(d.nr_to_scan[LRU_INACTIVE_FILE], d.size[LRU_INACTIVE_FILE] >> 8,
	       "priority 8 is a 256th of the list");
	for (i = 0; i < 4096; i++) {
		mark_page_accessed(t->m, filemap_get_page(t->m, f, i, false));
		mark_page_accessed(t->m, filemap_get_page(t->m, f, i, false));
	}
	node(t)->lruvec.anon_cost = node(t)->lruvec.file_cost = 0;
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		d = decide(t, 4, steps[i]);
		is_int(d.reason, REASON_COST, "with the cache active swappiness %d decides",
		       steps[i]);
		is_int(anon_share(&d), (u64)steps[i] * 5, "by %d / 200", steps[i]);
		cmp_int(d.nr_to_scan[LRU_INACTIVE_ANON], >=, previous,
			"never less than the step before");
		previous = d.nr_to_scan[LRU_INACTIVE_ANON];
	}
	is_int(decide(t, 4, 0).nr_to_scan[LRU_INACTIVE_ANON], 0, "0: no anonymous page");
	is_int(decide(t, 4, 200).nr_to_scan[LRU_ACTIVE_FILE], 0, "200: no file page");
	node(t)->lruvec.anon_cost = 300;
	d = decide(t, 4, 100);
	cmp_int(anon_share(&d), <, 450, "a side that cost I/O lately is spared");
	node(t)->lruvec.anon_cost = 0;
	is_int(decide(t, 0, 60).reason, REASON_LAST_PRIORITY, "the last priority takes both alike");
	is_int(decide(t, 0, 0).reason, REASON_COST, "but not with swappiness 0");
	for (i = 0; i < 30; i++)
		lru_note_cost(node(t), SIDE_FILE, 1000);
	cmp_int(node(t)->lruvec.file_cost, <=, (8192 + 4096) / 4, "old costs fade");
	node(t)->lruvec.file_cost = 0;

	/* file pages and free memory below the high watermarks */
	truncate_range(t->m, f, 0, UINT64_MAX);
	t->m->sysctl.min_free_kbytes = 1 << 20;
	setup_per_zone_wmarks(t->m);
	is_int(decide(t, 4, 0).reason, REASON_FILE_TINY,
	       "when there is next to no file page even swappiness 0 takes anonymous ones");
	t->m->sysctl.min_free_kbytes = 1024;
	setup_per_zone_wmarks(t->m);
	swapoff(t->m, "/dev/vdb");
	is_int(decide(t, 4, 200).reason, REASON_NO_SWAP, "without swap all is file");
	is_int(decide(t, 4, 200).nr_to_scan[LRU_INACTIVE_ANON], 0, "whatever swappiness says");
	if (swapon(t->m, "/dev/vdb", 64 << 20, -1, false))
		bail_out("no swap");
	unmap(t, a, 4096);
}

static void test_classic(struct mmtest *t)
{
	handle_t f = new_file(t, "/mapped", 64);
	struct scan_decision d;
	struct pages p;
	u64 a;

	is_int(reclaim_policy_set(t->m, "classic"), 0, "the classic policy");
	a = map_file(t, AT, 16, "r", MAPF_FIXED | MAPF_SHARED, f, 0);
	load(t, a, 16);
	p = pages_at(t, a, 16);
	t->m->reclaim.node[0].pressure = 0;
	d = decide(t, DEF_PRIORITY, 60);
	is_int(d.swap_tendency, d.mapped_ratio / 2 + d.distress + 60,
	       "swap_tendency = mapped_ratio / 2 + distress + swappiness");
	is_int(d.distress, 0, "no distress when the last run was easy");
	ok(!d.reclaim_mapped, "60 and little mapped: mapped pages stay");
	is_int(look(t, p, NULL), 0, "reclaim frees none");
	is_int(active(t, p), 16, "they are taken for active");
	is_int(kept(t, p), 16, "and stay there");
	t->m->reclaim.node[0].pressure = DEF_PRIORITY - 1;
	d = decide(t, DEF_PRIORITY, 60);
	is_int(d.distress, 50, "distress is 100 >> the priority that was needed");
	ok(d.reclaim_mapped, "then they are taken");
	t->m->reclaim.node[0].pressure = 0;
	d = decide(t, DEF_PRIORITY, 101);
	ok(d.reclaim_mapped, "swappiness 101 alone exceeds 100");
	d = decide(t, DEF_PRIORITY, 100 - (s32)d.mapped_ratio / 2);
	is_int(d.swap_tendency, 100, "a tendency of 100");
	ok(!d.reclaim_mapped, "does not");
	is_int(reclaim_policy_set(t->m, "mglru"), -22, "mglru is not built");
	is_int(reclaim_policy_set(t->m, "lru"), 0, "back to lru");
	unmap(t, a, 16);
	truncate_range(t->m, f, 0, UINT64_MAX);
}

static void test_swapout(struct mmtest *t)
{
	u64 a = map(t, AT, 256, "rw", MAPF_FIXED), b = map(t, AT + (4 << 20), 4, "rw", MAPF_FIXED),
	    pages;
	handle_t task;

	store(t, a, 256);
	store(t, b, 4);
	do_mlock(t->m, t->task, b, 4 * PAGE_SIZE, true, false);
	task = t->task;
	is_int(swap_out_process(t->m, task, &pages), 0, "swapout of a process");
	cmp_int(pages, >=, 256, "frees its anonymous pages, used a moment ago or not");
	is_int(mm_at(t->m, mm_of(t))->rss[MM_ANONPAGES], 4, "but the locked ones");
	is_int(t->m->vm_node_stat[NR_SWAPCACHED], 0, "and waits until the disk has them");
	load(t, a, 256);
	is_int(mm_at(t->m, mm_of(t))->rss[MM_ANONPAGES] >= 260, true, "they come back when used");
	unmap(t, a, 256);
	unmap(t, b, 4);
}

int main(void)
{
	struct mmtest t;

	mmtest_open(&t, 256);
	if (swapon(t.m, "/dev/vdb", 64 << 20, -1, false))
		bail_out("no swap");
	test_used_once(&t);
	test_exec_and_shared(&t);
	test_anon(&t);
	test_lazyfree(&t);
	test_dirty_file(&t);
	test_refault(&t);
	test_swappiness(&t);
	test_classic(&t);
	test_swapout(&t);
	mmtest_close(&t);
	return done_testing();
}
