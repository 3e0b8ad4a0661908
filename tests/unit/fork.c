/*
 * fork and copy on write: who owns a page, who copies, what the two see. The steps and numbers are
 * those of a 6.1 kernel's record.
 */
#include <errno.h>

#include "tests/mmtest.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define MIB	    256ull /* pages */
#define KB(bytes)   ((bytes) >> 10)
#define PSS_KB(pss) ((pss) >> 22)

static struct page *page_at(struct mmtest *t, u64 addr)
{
	struct pte_info pte;

	pte_lookup(t->m, mm_of(t), addr, &pte);
	return pfn_to_page(t->m, pte.pfn);
}

static struct vma_stats smaps(struct mmtest *t, u64 addr)
{
	struct vma_stats s;

	vma_gather_stats(t->m, find_vma(t->m, mm_of(t), addr), &s);
	return s;
}

static bool count_vma(struct machine *m, handle_t vma, u64 addr, void *arg)
{
	(void)m;
	(void)vma;
	(void)addr;
	++*(u32 *)arg;
	return true;
}

static u32 mappers(struct mmtest *t, const struct page *p)
{
	u32 n = 0;

	rmap_walk(t->m, page_to_pfn(t->m, p), count_vma, &n);
	return n;
}

/* Parent and child share all of a touched 8 MiB at @a; returns the child. */
static handle_t fork_shared(struct mmtest *t, u64 a, s64 *committed)
{
	struct mark at, d;
	struct vma_stats s;
	handle_t child;

	store(t, a, 8 * MIB);
	mark(t, &at);
	is_err(task_fork(t->m, t->task, &child), 0, "fork of a process with 8 MiB");
	d = since(t, &at);
	*committed = d.committed;
	is_int(d.anon, 0, "copies no page");
	cmp_int(d.committed, >=, 2048, "but charges for all that it may have to copy");
	s = smaps(t, a);
	is_uint(KB(s.rss), 8192, "Rss is the same");
	is_uint(PSS_KB(s.pss), 4096, "Pss is half");
	is_uint(KB(s.shared_dirty), 8192, "every page is shared");
	ok(!page_test(page_at(t, a), PG_anon_exclusive) && page_at(t, a)->mapcount == 2,
	   "a shared page is nobody's exclusively");
	is_uint(mappers(t, page_at(t, a)), 2, "the reverse map finds both");
	return child;
}

static void child_writes(struct mmtest *t, u64 a)
{
	struct mark at, d;
	struct vma_stats s;

	is_uint(smaps(t, a).referenced, 0, "the child has used none of them");
	mark(t, &at);
	load(t, a, 4 * MIB);
	d = since(t, &at);
	is_uint(d.pgfault, 0, "the child reads without a fault");
	mark(t, &at);
	store(t, a, 2 * MIB);
	d = since(t, &at);
	is_uint(d.min_flt, 512, "and faults to write");
	is_int(d.anon, 512, "a copy each");
	is_uint(d.pgreuse, 0, "none is reused");
	is_uint(mappers(t, page_at(t, a)), 1, "the copy has one mapper");
	s = smaps(t, a);
	is_uint(KB(s.private_dirty), 2048, "the copies are private");
	is_uint(PSS_KB(s.pss), 5120, "Pss: the copies and half of the rest");
}

static void test_cow(struct mmtest *t)
{
	u64 a = map(t, 0, 8 * MIB, "rw", 0);
	handle_t parent = t->task, child;
	struct mark at, d;
	s64 committed;

	child = fork_shared(t, a, &committed);
	as_task(t, child);
	child_writes(t, a);
	as_task(t, parent);
	mark(t, &at);
	store(t, a, 2 * MIB);
	d = since(t, &at);
	is_uint(d.pgfault, 512, "the parent faults on the same pages");
	is_int(d.anon, 0, "but is their only owner by now");
	is_uint(d.pgreuse, 512, "and reuses them");
	mark(t, &at);
	store(t, a + (2 << 20), 2 * MIB);
	d = since(t, &at);
	is_int(d.anon, 512, "what the child still has is copied by the parent");
	is_uint(d.pgreuse, 0, "not reused");
	as_task(t, child);
	mark(t, &at);
	store(t, a + (2 << 20), 2 * MIB);
	d = since(t, &at);
	is_uint(d.pgreuse, 512, "which leaves the child as the only owner");
	is_sound(t->m, "with both alive");
	as_task(t, parent);
	mark(t, &at);
	do_exit(t->m, child, 0);
	d = since(t, &at);
	is_int(d.committed, -committed, "the child's end gives back its charge");
	is_uint(mappers(t, page_at(t, a + (7 << 20))), 1, "and its mappings");
	mark(t, &at);
	store(t, a, 8 * MIB);
	d = since(t, &at);
	is_int(d.anon, 0, "afterwards the parent copies nothing more");
	unmap(t, a, 8 * MIB);
}

/* Flags that say what a child gets. */
static void test_advice(struct mmtest *t)
{
	u64 a = map(t, 0x30000000, 16, "rw", MAPF_FIXED),
	    b = map(t, 0x30100000, 16, "rw", MAPF_FIXED);
	u64 c = map(t, 0x30200000, 16, "rw", MAPF_FIXED);
	handle_t parent = t->task, child;

	store(t, a, 16);
	store(t, b, 16);
	is_err(do_mlock(t->m, t->task, c, 16 * PAGE_SIZE, true, false), 0, "mlock");
	advise(t, a, 16, "dontfork");
	is_err(advise(t, b, 16, "wipeonfork"), 0, "wipeonfork");
	task_fork(t->m, parent, &child);
	as_task(t, child);
	is_str(maps(t, a, c + 0x10000), "30100000-30110000 rw-p\n30200000-30210000 rw-p",
	       "a MADV_DONTFORK mapping is missing in the child");
	is_uint(smaps(t, b).rss, 0, "a MADV_WIPEONFORK one is empty");
	is_uint(smaps(t, c).rss, 16 * PAGE_SIZE, "a locked one is there");
	is_uint(mm_at(t->m, mm_of(t))->locked_vm, 0, "but not locked");
	is_err(store(t, b, 16), 0, "the child can write");
	is_err(store(t, c, 16), 0, "to all of it");
	is_sound(t->m, "with such a child");
	as_task(t, parent);
	do_exit(t->m, child, 0);
	unmap(t, a, 16);
	unmap(t, b, 16);
	unmap(t, c, 16);
}

/* A line of forks, each parent gone when its child goes on: anon_vmas do not pile up. */
static void test_line(struct mmtest *t)
{
	u64 a = map(t, 0, 16, "rw", 0), i;
	handle_t first = t->task, now = first, next;
	u32 before;

	store(t, a, 16);
	before = t->m->mms.anon_vmas.nr_live;
	for (i = 0; i < 40; i++) {
		if (task_fork(t->m, now, &next))
			break;
		as_task(t, next);
		store(t, a, 8);
		if (now != first)
			do_exit(t->m, now, 0);
		now = next;
	}
	is_uint(i, 40, "forty generations");
	cmp_int(t->m->mms.anon_vmas.nr_live, <, 4 * before,
		"no anon_vma of the dead is kept for long");
	is_sound(t->m, "after forty generations");
	as_task(t, first);
	do_exit(t->m, now, 0);
	unmap(t, a, 16);
}

/* Many children of one parent: each page has all of them as mappers. */
static void test_family(struct mmtest *t)
{
	u64 a = map(t, 0, 16, "rw", 0), i;
	handle_t child[20];

	store(t, a, 16);
	for (i = 0; i < 20; i++)
		task_fork(t->m, t->task, &child[i]);
	is_uint(page_at(t, a)->mapcount, 21, "twenty children share a page with their parent");
	is_uint(mappers(t, page_at(t, a)), 21, "and the reverse map finds them all");
	for (i = 0; i < 20; i += 2)
		do_exit(t->m, child[i], 0);
	is_uint(mappers(t, page_at(t, a)), 11, "the dead are gone from it");
	for (i = 1; i < 20; i += 2)
		do_exit(t->m, child[i], 0);
	is_uint(mappers(t, page_at(t, a)), 1, "all of them");
	unmap(t, a, 16);
}

int main(void)
{
	struct mmtest t;

	mmtest_open(&t, 256);
	test_cow(&t);
	test_advice(&t);
	test_line(&t);
	test_family(&t);
	mmtest_close(&t);
	return done_testing();
}
