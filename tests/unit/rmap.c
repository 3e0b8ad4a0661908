/*
 * The reverse map: from a page to its mappers, wherever forks, splits, moves and copies have taken
 * them; and what reclaim will ask of it.
 */
#include "mm/rmap.h"
#include "tests/mmtest.h"
#include "tests/tap.h"

struct found {
	u32 n;
	u64 addr[32];
	handle_t mm[32];
};

static bool note(struct machine *m, handle_t vma, u64 addr, void *arg)
{
	struct found *f = arg;

	f->mm[f->n % 32] = vma_at(m, vma)->mm;
	f->addr[f->n++ % 32] = addr;
	return true;
}

static bool first_only(struct machine *m, handle_t vma, u64 addr, void *arg)
{
	note(m, vma, addr, arg);
	return false;
}

static pfn_t pfn_at(struct mmtest *t, u64 addr)
{
	struct pte_info pte;

	return pte_lookup(t->m, mm_of(t), addr, &pte) && pte.present ? pte.pfn : PFN_NONE;
}

static u32 mappers(struct mmtest *t, pfn_t pfn)
{
	struct found f = { 0 };

	rmap_walk(t->m, pfn, note, &f);
	return f.n;
}

static void test_places(struct mmtest *t)
{
	u64 a = map(t, 0x30000000, 64, "rw", MAPF_FIXED), to;
	struct found f = { 0 };
	pfn_t pfn;

	store(t, a, 64);
	pfn = pfn_at(t, a + 0x20000);
	protect(t, a + 0x10000, 32, "r");
	rmap_walk(t->m, pfn, note, &f);
	ok(f.n == 1 && f.addr[0] == a + 0x20000, "a page is found in the middle of a cut mapping");
	do_mremap(t->m, t->task, a + 0x10000, 0x20000, 0x40000, true, &to);
	f.n = 0;
	rmap_walk(t->m, pfn, note, &f);
	ok(f.n == 1 && f.addr[0] == to + 0x10000, "and where it has moved to");
	is_uint(pfn_to_page(t->m, pfn)->mapcount, 1, "mapped once");
	unmap(t, to, 64);
	unmap(t, a, 64);
}

static void test_shared(struct mmtest *t)
{
	handle_t file, child[3];
	u64 a, b, i;
	struct found f = { 0 };
	pfn_t pfn;

	inode_create(t->m, "/data/r", 4 << 20, INODE_REGULAR, &file);
	a = map_file(t, 0, 256, "r", MAPF_SHARED, file, 0);
	b = map_file(t, 0, 64, "rw", 0, file, 16);
	load(t, a, 256);
	load(t, b, 64);
	pfn = filemap_get_page(t->m, file, 20, false);
	is_uint(mappers(t, pfn), 2, "a cache page is found in two mappings at different offsets");
	for (i = 0; i < 3; i++)
		task_fork(t->m, t->task, &child[i]);
	is_uint(mappers(t, pfn), 2, "children have not touched it yet");
	rmap_walk(t->m, pfn, first_only, &f);
	is_uint(f.n, 1, "a walk ends when the caller has enough");
	store(t, b, 64);
	is_uint(mappers(t, pfn), 1, "the private mapping has its own copy now");
	for (i = 0; i < 3; i++)
		do_exit(t->m, child[i], 0);
	unmap(t, b, 64);
	unmap(t, a, 256);
	is_uint(mappers(t, pfn), 0, "nobody maps it in the end");
	inode_unlink(t->m, file);
}

static void test_referenced(struct mmtest *t)
{
	u64 a = map(t, 0, 16, "rw", 0);
	handle_t parent = t->task, child;
	u32 flags;
	pfn_t pfn;

	store(t, a, 16);
	pfn = pfn_at(t, a);
	is_uint(page_referenced(t->m, pfn, &flags), 1, "a page that was used is referenced");
	is_uint(page_referenced(t->m, pfn, &flags), 0, "once");
	task_fork(t->m, parent, &child);
	load(t, a, 1);
	as_task(t, child);
	load(t, a, 1);
	is_uint(page_referenced(t->m, pfn, &flags), 2, "by each that used it");
	as_task(t, parent);
	do_exit(t->m, child, 0);
	page_set(pfn_to_page(t->m, pfn), PG_young);
	is_uint(page_referenced(t->m, pfn, &flags), 1, "PG_young counts");
	do_mlock(t->m, t->task, a, 16 * PAGE_SIZE, true, false);
	page_referenced(t->m, pfn, &flags);
	ok(flags & VM_LOCKED, "a locked mapping says so");
	ok(!try_to_unmap(t->m, pfn, 0), "and keeps the page");
	unmap(t, a, 16);
}

static void test_unmap(struct mmtest *t)
{
	handle_t file;
	u64 a, s;
	struct mm *mm = mm_at(t->m, mm_of(t));
	s64 rss;
	pfn_t pfn;

	inode_create(t->m, "/data/u", 1 << 20, INODE_REGULAR, &file);
	s = map_file(t, 0, 16, "rw", MAPF_SHARED, file, 0);
	store(t, s, 16);
	filemap_fdatawrite(t->m, file, 0, UINT64_MAX);
	store(t, s, 1);
	pfn = filemap_get_page(t->m, file, 0, false);
	rss = mm->rss[MM_FILEPAGES];
	ok(page_mkclean(t->m, pfn), "the page was written to");
	ok(!page_mkclean(t->m, pfn), "and is write-protected since");
	ok(try_to_unmap(t->m, pfn, 0), "a file page can be unmapped");
	is_int(mm->rss[MM_FILEPAGES], rss - 1, "and is resident no more");
	is_uint(pfn_to_page(t->m, pfn)->mapcount, 0, "nobody maps it");
	is_int(load(t, s, 16), 0, "it faults in again");
	is_uint(pfn_at(t, s), pfn, "the same page");
	unmap(t, s, 16);

	a = map(t, 0, 16, "rw", 0);
	store(t, a, 16);
	ok(!try_to_unmap(t->m, pfn_at(t, a), 0), "an anonymous page needs a place to go");
	advise(t, a, 16, "free");
	store(t, a, 1);
	ok(!try_to_unmap(t->m, pfn_at(t, a), 0), "a MADV_FREE page that was written to as well");
	ok(page_test(pfn_to_page(t->m, pfn_at(t, a)), PG_swapbacked),
	   "it is an ordinary page again");
	pfn = pfn_at(t, a + PAGE_SIZE);
	ok(try_to_unmap(t->m, pfn, 0), "a clean one just goes");
	is_uint(pfn_at(t, a + PAGE_SIZE), PFN_NONE, "from its mapping");
	page_release(t->m, pfn, pfn_to_page(t->m, pfn));
	unmap(t, a, 16);
	inode_unlink(t->m, file);
}

int main(void)
{
	struct mmtest t;

	mmtest_open(&t, 128);
	test_places(&t);
	test_shared(&t);
	test_referenced(&t);
	test_unmap(&t);
	mmtest_close(&t);
	return done_testing();
}
