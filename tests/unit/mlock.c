/*
 * Locked memory: Mlocked and Unevictable, VmLck, limits and errors, with the numbers and answers
 * of a 6.1 kernel's record.
 */
#include <errno.h>

#include "tests/mmtest.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define MIB 256ull /* pages */

static int lock(struct mmtest *t, u64 addr, u64 pages)
{
	return do_mlock(t->m, t->task, addr, pages * PAGE_SIZE, true, false);
}

static int unlock(struct mmtest *t, u64 addr, u64 pages)
{
	return do_mlock(t->m, t->task, addr, pages * PAGE_SIZE, false, false);
}

static u64 vm_lck_kb(struct mmtest *t)
{
	return mm_at(t->m, mm_of(t))->locked_vm * 4;
}

static u64 events(struct mmtest *t, enum vm_event_item item)
{
	return t->m->vm_event[item];
}

static void test_anonymous(struct mmtest *t)
{
	u64 a = map(t, 0, 4 * MIB, "rw", 0);
	struct pte_info pte;
	struct mark at, d;
	struct vma_stats s;

	mark(t, &at);
	is_err(lock(t, a, 4 * MIB), 0, "mlock of 4 MiB");
	d = since(t, &at);
	is_uint(d.pgfault, 1024, "faults everything in");
	is_int(d.anon, 1024, "with pages of its own");
	is_int(d.mlocked, 1024, "nr_mlock");
	is_int(d.unevictable, 1024, "nr_unevictable");
	is_int(d.inactive_anon, 0, "none is on the anonymous lists");
	is_uint(events(t, UNEVICTABLE_PGS_MLOCKED), 1024, "unevictable_pgs_mlocked");
	is_uint(events(t, UNEVICTABLE_PGS_CULLED), 1024, "unevictable_pgs_culled");
	is_uint(vm_lck_kb(t), 4096, "VmLck");
	vma_gather_stats(t->m, find_vma(t->m, mm_of(t), a), &s);
	is_uint(s.locked >> 10, 4096, "Locked");
	pte_lookup(t->m, mm_of(t), a, &pte);
	ok(page_test(pfn_to_page(t->m, pte.pfn), PG_referenced) &&
		   page_test(pfn_to_page(t->m, pte.pfn), PG_unevictable),
	   "flags of a locked page");

	mark(t, &at);
	is_err(unlock(t, a, 2 * MIB), 0, "munlock of half");
	d = since(t, &at);
	is_int(d.mlocked, -512, "unlocks half of the pages");
	is_int(d.inactive_anon, 512, "which are back on the inactive list");
	is_uint(events(t, UNEVICTABLE_PGS_RESCUED), 512, "unevictable_pgs_rescued");
	is_uint(events(t, UNEVICTABLE_PGS_MUNLOCKED), 512, "unevictable_pgs_munlocked");
	is_uint(vm_lck_kb(t), 2048, "VmLck");
	is_err(unlock(t, a, 4 * MIB), 0, "munlock of the whole");
	is_err(do_mlock(t->m, t->task, a + 100, 1, true, false), 0, "mlock of a byte");
	is_uint(vm_lck_kb(t), 4, "locks its page");
	is_err(do_mlock(t->m, t->task, a, 0, true, false), 0, "of none: nothing");
	unmap(t, a, 4 * MIB);
	is_int(t->m->vm_zone_stat[NR_MLOCK], 0, "munmap unlocks");
	is_uint(vm_lck_kb(t), 0, "VmLck too");
}

static void test_onfault(struct mmtest *t)
{
	u64 o = map(t, 0, 4 * MIB, "rw", 0), r;
	struct mark at, d;

	mark(t, &at);
	is_err(do_mlock(t->m, t->task, o, 4 << 20, true, true), 0, "MLOCK_ONFAULT");
	d = since(t, &at);
	is_int(d.anon, 0, "faults nothing in");
	is_uint(vm_lck_kb(t), 4096, "but counts");
	store(t, o, 1 * MIB);
	d = since(t, &at);
	is_int(d.mlocked, 256, "pages are locked as they come");
	unmap(t, o, 4 * MIB);

	r = map(t, 0, 1 * MIB, "r", 0);
	mark(t, &at);
	is_err(lock(t, r, 1 * MIB), 0, "mlock of read-only memory");
	d = since(t, &at);
	is_uint(d.pgfault, 256, "maps the zero page");
	is_int(d.mlocked, 0, "which cannot be locked");
	is_err(protect(t, r, 1 * MIB, "rw"), 0, "made writable");
	d = since(t, &at);
	is_int(d.mlocked, 256, "it gets pages of its own at once");
	unmap(t, r, 1 * MIB);
}

static void test_file(struct mmtest *t)
{
	struct mark at, d;
	handle_t file;
	u64 f, f2;

	inode_create(t->m, "/data/f", 8 << 20, INODE_REGULAR, &file);
	f = map_file(t, 0, 4 * MIB, "r", MAPF_SHARED, file, 0);
	mark(t, &at);
	is_err(lock(t, f, 4 * MIB), 0, "mlock of a file's mapping");
	d = since(t, &at);
	is_int(d.mlocked, 1024, "locks its cache pages");
	is_int(d.mapped, 1024, "and maps them");
	f2 = map_file(t, 0, 4 * MIB, "r", MAPF_SHARED, file, 0);
	is_err(lock(t, f2, 4 * MIB), 0, "the same pages locked by a second mapping");
	d = since(t, &at);
	is_int(d.mlocked, 1024, "count once");
	is_uint(vm_lck_kb(t), 8192, "but twice in VmLck");
	is_sound(t->m, "with pages locked twice");
	unmap(t, f, 4 * MIB);
	d = since(t, &at);
	is_int(d.mlocked, 1024, "one of the two ends: still locked");
	unmap(t, f2, 4 * MIB);
	d = since(t, &at);
	is_int(d.mlocked, 0, "both: not any more");
}

static void test_holes(struct mmtest *t)
{
	u64 n = map(t, 0x30000000, 16, "-", MAPF_FIXED),
	    h = map(t, 0x30100000, 16, "rw", MAPF_FIXED);

	is_err(lock(t, n, 16), -ENOMEM, "PROT_NONE cannot be faulted in");
	is_uint(vm_lck_kb(t), 64, "but is locked");
	unmap(t, h + 0x4000, 4);
	is_err(lock(t, h, 16), -ENOMEM, "nor can a hole");
	is_uint(vm_lck_kb(t), 80, "what comes before it is locked");
	unmap(t, n, 16);
	unmap(t, h, 16);
}

static void test_limit(struct mmtest *t)
{
	handle_t parent = t->task, child;
	u64 a;

	task_fork(t->m, parent, &child);
	as_task(t, child);
	task_setrlimit(t->m, child, RLIM_MEMLOCK, 1 << 20, 1 << 20);
	task_at(t->m, child)->uid = 65534;
	a = map(t, 0, 4 * MIB, "rw", 0);
	is_err(lock(t, a, 2 * MIB), -ENOMEM, "more than RLIMIT_MEMLOCK");
	is_err(lock(t, a, 1 * MIB), 0, "as much");
	is_err(lock(t, a, 1 * MIB), 0, "the same again: it is locked already");
	is_err(lock(t, a + (1 << 20), 1), -ENOMEM, "and a page more");
	is_err((s64)map(t, 0, 16, "rw", MAPF_LOCKED), -EAGAIN, "MAP_LOCKED says EAGAIN");
	is_err(do_mlockall(t->m, child, true, false, false, true), -ENOMEM,
	       "mlockall(MCL_CURRENT)");
	is_err(do_mlockall(t->m, child, false, true, false, true), 0, "mlockall(MCL_FUTURE)");
	is_err(do_mlockall(t->m, child, false, false, false, true), -EINVAL, "mlockall(0)");
	is_err((s64)map(t, 0, 16, "rw", 0), -EAGAIN, "then mmap itself is bounded");
	is_err(unlock(t, a, 4 * MIB), 0, "munlock is always allowed");
	is_err(do_mlockall(t->m, child, false, false, false, false), 0, "munlockall");
	task_setrlimit(t->m, child, RLIM_MEMLOCK, 0, 0);
	is_err(lock(t, a, 1), -EPERM, "a limit of 0 is EPERM");
	is_err((s64)map(t, 0, 16, "rw", MAPF_LOCKED), -EPERM, "for mmap too");
	as_task(t, parent);
	do_exit(t->m, child, 0);
	task_setrlimit(t->m, parent, RLIM_MEMLOCK, PAGE_SIZE, RLIM_INF);
	a = map(t, 0, 4 * MIB, "rw", 0);
	is_err(lock(t, a, 4 * MIB), 0, "root ignores the limit");
	unmap(t, a, 4 * MIB);
}

static void test_all(struct mmtest *t)
{
	struct mm *mm = mm_at(t->m, mm_of(t));
	u64 fu, before;

	is_err(do_mlockall(t->m, t->task, true, true, false, true), 0,
	       "mlockall(MCL_CURRENT | MCL_FUTURE)");
	before = mm->locked_vm;
	cmp_int(before, ==, mm->total_vm - 6, "locks all but vvar and vdso");
	fu = map(t, 0, 1 * MIB, "rw", 0);
	is_uint(mm->locked_vm, before + 256, "and what is mapped later");
	cmp_int(mm->rss[MM_ANONPAGES], >=, 256, "which is faulted in");
	is_err(do_mlockall(t->m, t->task, false, false, false, false), 0, "munlockall");
	is_uint(mm->locked_vm, 0, "unlocks all");
	is_int(t->m->vm_zone_stat[NR_MLOCK], 0, "every page");
	is_uint(mm->def_flags, 0, "for the future too");
	unmap(t, fu, 1 * MIB);
}

int main(void)
{
	struct mmtest t;

	mmtest_open(&t, 256);
	test_anonymous(&t);
	test_onfault(&t);
	test_file(&t);
	test_holes(&t);
	test_limit(&t);
	test_all(&t);
	mmtest_close(&t);
	return done_testing();
}
