/*
 * What page faults do to counters and pages, with the numbers that a 6.1 kernel printed for the
 * same steps. Where the kernel's own programs and lag blur its numbers, ours are the exact ones: a
 * thousand pages count as a thousand.
 */
#include <errno.h>

#include "tests/mmtest.h"
#include "tests/tap.h"

#define MIB 256ull /* pages */

static struct page *page_at(struct mmtest *t, u64 addr)
{
	struct pte_info pte;

	return pte_lookup(t->m, mm_of(t), addr, &pte) && pte.present ? pfn_to_page(t->m, pte.pfn) :
								       NULL;
}

static struct vma_stats smaps(struct mmtest *t, u64 addr)
{
	struct vma_stats s;

	vma_gather_stats(t->m, find_vma(t->m, mm_of(t), addr), &s);
	return s;
}

#define KB(bytes)   ((bytes) >> 10)
#define PSS_KB(pss) ((pss) >> 22)

static void test_demand_zero(struct mmtest *t)
{
	u64 a = map(t, 0, 4 * MIB, "rw", 0);
	struct pte_info pte;
	struct mark at, d;

	mark(t, &at);
	is_err(load(t, a, 4 * MIB), 0, "1024 pages are read");
	d = since(t, &at);
	is_uint(d.min_flt, 1024, "a minor fault each");
	is_uint(d.pgfault, 1024, "as many as pgfault counts");
	is_int(d.anon, 0, "no page was allocated for them");
	is_uint(smaps(t, a).rss, 0, "and none is resident");
	ok(pte_lookup(t->m, mm_of(t), a, &pte) && pte.present && pte.zero_page && !pte.write,
	   "the zero page is mapped, read-only");

	mark(t, &at);
	is_err(store(t, a, 4 * MIB), 0, "the same pages are written");
	d = since(t, &at);
	is_uint(d.min_flt, 1024, "each faults once more");
	is_int(d.anon, 1024, "nr_anon_pages");
	is_int(d.inactive_anon, 1024, "new pages start on the inactive list");
	is_int(d.tables, 0, "the tables were there");
	is_uint(page_at(t, a)->flags,
		PAGE_FLAG(uptodate) | PAGE_FLAG(lru) | PAGE_FLAG(swapbacked) |
			PAGE_FLAG(anon_exclusive),
		"flags of an anonymous page");
	is_uint(page_at(t, a)->mapcount, 1, "mapped once");
	mark(t, &at);
	load(t, a, 4 * MIB);
	store(t, a, 4 * MIB);
	d = since(t, &at);
	is_uint(d.pgfault, 0, "what is mapped does not fault");
	unmap(t, a, 4 * MIB);
	d = since(t, &at);
	is_int(d.anon, -1024, "munmap frees the pages");
	is_int(d.committed, -1024, "and their charge");
}

static void test_smaps(struct mmtest *t)
{
	u64 b = map(t, 0, 4 * MIB, "rw", 0);
	struct vma_stats s;
	struct mark at, d;

	store(t, b, 4 * MIB);
	s = smaps(t, b);
	is_uint(KB(s.rss), 4096, "Rss");
	is_uint(PSS_KB(s.pss), 4096, "Pss");
	is_uint(KB(s.private_dirty), 4096, "Private_Dirty");
	is_uint(KB(s.anonymous), 4096, "Anonymous");
	is_uint(KB(s.referenced), 4096, "Referenced");

	mark(t, &at);
	advise(t, b, 4 * MIB, "free");
	d = since(t, &at);
	is_int(d.inactive_anon, -1024, "MADV_FREE takes the pages off the anonymous list");
	is_int(d.inactive_file, 1024, "and puts them on the file one");
	s = smaps(t, b);
	is_uint(KB(s.lazyfree), 4096, "LazyFree");
	is_uint(KB(s.private_clean), 4096, "the pages are clean");
	is_uint(KB(s.referenced), 0, "and unreferenced");
	load(t, b, 4 * MIB);
	s = smaps(t, b);
	is_uint(KB(s.lazyfree), 4096, "reading them changes nothing");
	is_uint(KB(s.referenced), 4096, "but Referenced");
	mark(t, &at);
	store(t, b, 2 * MIB);
	d = since(t, &at);
	is_uint(d.pgfault, 0, "writing needs no fault");
	s = smaps(t, b);
	is_uint(KB(s.lazyfree), 2048, "and makes them ordinary again");
	is_uint(KB(s.private_dirty), 2048, "Private_Dirty");

	mark(t, &at);
	is_err(advise(t, b, 4 * MIB, "dontneed"), 0, "MADV_DONTNEED");
	d = since(t, &at);
	is_int(d.anon, -1024, "frees at once");
	is_int(d.committed, 0, "and refunds nothing");
	mark(t, &at);
	load(t, b, 4 * MIB);
	d = since(t, &at);
	is_uint(d.min_flt, 1024, "the next read faults the zero page in");
	unmap(t, b, 4 * MIB);
}

static void test_populate(struct mmtest *t)
{
	struct mark at, d;
	u64 p, r;

	mark(t, &at);
	p = map(t, 0, 4 * MIB, "rw", MAPF_POPULATE);
	d = since(t, &at);
	is_int(d.anon, 1024, "MAP_POPULATE allocates what may be written");
	is_uint(d.pgfault, 1024, "with a fault a page");
	ok(page_test(page_at(t, p), PG_referenced), "a page faulted in by a call is referenced");
	is_err(advise(t, p, 4 * MIB, "dontneed"), 0, "all of it is given back");
	mark(t, &at);
	r = map(t, p - 1 * MIB * PAGE_SIZE, 1 * MIB, "rw", MAPF_POPULATE | MAPF_FIXED);
	d = since(t, &at);
	is_int(d.anon, 256,
	       "a mapping that becomes one with its neighbour: its own pages alone are faulted in");
	unmap(t, r, 1 * MIB);
	mark(t, &at);
	r = map(t, 0, 1 * MIB, "r", MAPF_POPULATE);
	d = since(t, &at);
	is_int(d.anon, 0, "read-only memory gets the zero page");
	is_uint(d.pgfault, 256, "but it is mapped");
	is_err(advise(t, r, 1 * MIB, "populate_write"), -EINVAL,
	       "MADV_POPULATE_WRITE cannot write there");
	unmap(t, p, 4 * MIB);
	unmap(t, r, 1 * MIB);
}

static void test_shared_anon(struct mmtest *t)
{
	u64 s = map(t, 0, 4 * MIB, "rw", MAPF_SHARED);
	struct vma_stats st;
	struct mark at, d;
	handle_t child, parent = t->task;

	mark(t, &at);
	load(t, s, 2 * MIB);
	d = since(t, &at);
	is_uint(d.pgfault, 512, "reading shared memory faults page by page");
	is_int(d.shmem, 512, "each read makes a page: Shmem");
	is_int(d.file, 512, "which is page cache");
	is_int(d.mapped, 512, "and mapped");
	is_int(d.inactive_anon, 512, "on the anonymous list");
	store(t, s, 4 * MIB);
	d = since(t, &at);
	is_uint(d.pgfault, 1024, "pages read before are written without a fault");
	is_int(d.shmem, 1024, "the others are made");
	is_int(mm_at(t->m, mm_of(t))->rss[MM_SHMEMPAGES], 1024, "RssShmem");
	st = smaps(t, s);
	is_uint(KB(st.private_dirty), 4096, "all are dirty for the writer");
	is_uint(KB(st.anonymous), 0, "and none is anonymous");

	is_err(task_fork(t->m, parent, &child), 0, "fork");
	as_task(t, child);
	is_uint(smaps(t, s).rss, 0, "the child starts with none of them mapped");
	mark(t, &at);
	load(t, s, 4 * MIB);
	d = since(t, &at);
	is_uint(d.min_flt, s % 0x10000 ? 65 : 64, "and maps an aligned 64 KiB with each fault");
	st = smaps(t, s);
	is_uint(KB(st.rss), 4096, "all are mapped now");
	is_uint(PSS_KB(st.pss), 2048, "half of each is the child's share");
	is_uint(KB(st.shared_dirty), 2048,
		"pages first touched by a write are dirty for everybody");
	is_uint(KB(st.shared_clean), 2048, "those first read are only in the writer's table");
	as_task(t, parent);
	do_exit(t->m, child, 0);
	mark(t, &at);
	unmap(t, s, 4 * MIB);
	d = since(t, &at);
	is_int(d.shmem, -1024, "the last mapping's end frees shared memory");
	is_int(d.committed, -1024, "and its charge");
}

static void test_bad_access(struct mmtest *t)
{
	u64 ro = map(t, 0, 1, "r", 0), none = map(t, 0, 1, "-", 0);
	struct mark at, d;
	handle_t child, parent = t->task;
	struct running r;

	task_fork(t->m, parent, &child);
	task_run_begin(t->m, &r, child);
	mark(t, &at);
	is_err(mm_access(t->m, child, ro, true), -EFAULT, "a store to read-only memory");
	d = since(t, &at);
	is_uint(d.pgfault, 0, "is no page fault");
	ok(!task_run_end(t->m, &r), "and kills");
	task_fork(t->m, parent, &child);
	task_run_begin(t->m, &r, child);
	is_err(mm_access(t->m, child, none, false), -EFAULT, "a load from PROT_NONE");
	ok(!task_run_end(t->m, &r), "kills as well");
	task_fork(t->m, parent, &child);
	task_run_begin(t->m, &r, child);
	is_err(mm_access(t->m, child, 0x1000, false), -EFAULT,
	       "so does an address that is not mapped");
	ok(!task_run_end(t->m, &r), "as ever");
	task_fork(t->m, parent, &child);
	task_run_begin(t->m, &r, child);
	is_err(mm_access(t->m, child, ~0ull << 12, false), -EFAULT, "and one of the kernel's");
	ok(!task_run_end(t->m, &r), "too");
	unmap(t, ro, 1);
	unmap(t, none, 1);
}

static void test_stack(struct mmtest *t)
{
	const struct mm *mm = mm_at(t->m, mm_of(t));
	handle_t stack = find_vma(t->m, mm_of(t), mm->start_stack);
	u64 start = vma_at(t->m, stack)->start;
	struct mark at, d;

	mark(t, &at);
	is_err(mm_access(t->m, t->task, start - 100 * PAGE_SIZE, true), 0,
	       "a store 100 pages below the stack");
	is_uint(vma_at(t->m, stack)->start, start - 100 * PAGE_SIZE, "grows it down to there");
	d = since(t, &at);
	is_int(d.anon, 1, "by one page of memory");
	is_int(d.committed, 100, "but 100 pages of Committed_AS");
	is_int(vma_kind(t->m, vma_at(t->m, stack)), VMA_STACK, "maps calls it [stack]");
	task_setrlimit(t->m, t->task, RLIM_STACK, 1 << 20, RLIM_INF);
	start = vma_at(t->m, stack)->end - (1 << 20);
	is_int(handle_mm_fault(t->m, t->task, start, true), VM_FAULT_DONE,
	       "it grows to RLIMIT_STACK");
	is_int(handle_mm_fault(t->m, t->task, start - 1, true), VM_FAULT_SIGSEGV, "and no further");
}

static void test_soft_dirty(struct mmtest *t)
{
	u64 a = map(t, 0, 64, "rw", 0);
	struct pte_info pte;
	struct mark at, d;

	store(t, a, 64);
	clear_refs(t->m, mm_of(t), 4);
	pte_lookup(t->m, mm_of(t), a, &pte);
	ok(!pte.soft_dirty && !pte.write, "clear_refs 4 takes soft-dirty and the right to write");
	mark(t, &at);
	store(t, a, 1);
	d = since(t, &at);
	pte_lookup(t->m, mm_of(t), a, &pte);
	ok(pte.soft_dirty, "a store sets it again");
	is_uint(d.pgreuse, 1, "by a fault that reuses the page");
	pte_lookup(t->m, mm_of(t), a + PAGE_SIZE, &pte);
	ok(!pte.soft_dirty, "the others stay clean");
	clear_refs(t->m, mm_of(t), 1);
	is_uint(smaps(t, a).referenced, 0, "clear_refs 1 clears Referenced");
	load(t, a, 3);
	is_uint(smaps(t, a).referenced, 3 * PAGE_SIZE, "which three loads set again");
	unmap(t, a, 64);
}

int main(void)
{
	struct mmtest t;

	mmtest_open(&t, 256);
	test_demand_zero(&t);
	test_smaps(&t);
	test_populate(&t);
	test_shared_anon(&t);
	test_bad_access(&t);
	test_stack(&t);
	test_soft_dirty(&t);
	mmtest_close(&t);
	return done_testing();
}
