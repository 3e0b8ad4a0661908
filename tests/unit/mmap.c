/*
 * The errors and limits of mmap and its relatives: mmap(2), munmap(2), mprotect(2), mremap(2),
 * brk(2), madvise(2), as a 6.1 kernel answered them.
 */
#include <errno.h>

#include "tests/mmtest.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define MIB 256ull /* pages */

static s64 mapped(u64 at)
{
	return MAP_FAILED_AT(at) ? (s64)at : 0;
}

static void test_arguments(struct mmtest *t)
{
	u64 p = map(t, 0x20000000, 16, "rw", MAPF_FIXED), at;
	struct mmap_request rq = { .length = PAGE_SIZE, .prot = VM_READ, .offset = 100 };

	is_err(mapped(map(t, 0, 0, "rw", 0)), -EINVAL, "mmap of nothing");
	is_err(inode_create(t->m, "/data/g", 1 << 20, INODE_REGULAR, &rq.inode), 0, "a file");
	is_err(do_mmap(t->m, t->task, &rq, &at), -EINVAL, "a file's offset within a page");
	rq.offset = ~0ull << 12;
	rq.length = 2 * PAGE_SIZE;
	is_err(do_mmap(t->m, t->task, &rq, &at), -EOVERFLOW, "an offset behind the largest file");
	is_err(mapped(map(t, 0, 200ull << 28, "rw", MAPF_NORESERVE)), -ENOMEM,
	       "more than there are addresses");
	is_err(mapped(map(t, 0x20000100, 1, "rw", MAPF_FIXED)), -EINVAL,
	       "a fixed address within a page");
	is_err(mapped(map(t, TASK_SIZE_X86_64, 1, "rw", MAPF_FIXED)), -ENOMEM,
	       "a fixed address of the kernel's");
	is_err(mapped(map(t, 0x20000000, 1, "rw", MAPF_FIXED_NOREPLACE)), -EEXIST,
	       "MAP_FIXED_NOREPLACE");
	is_err(mapped(map(t, 0, 1, "rw", MAPF_SHARED | MAPF_GROWSDOWN)), -EINVAL, "a shared stack");
	is_err(mapped(map(t, 0, 512, "rw", MAPF_HUGETLB_2M)), -ENOMEM,
	       "a huge page of an empty pool");

	is_err(protect(t, p + 100, 1, "rw"), -EINVAL, "mprotect within a page");
	is_err(protect(t, 0x30000000, 1, "rw"), -ENOMEM, "mprotect of nothing");
	is_err(protect(t, p, 0, "r"), 0, "mprotect of no length");
	is_err(protect(t, p, 17, "r"), -ENOMEM, "mprotect into a hole");
	is_str(maps(t, p, p + 0x20000), "20000000-20010000 r--p", "has done what comes before it");
	is_err(unmap(t, p + 100, 1), -EINVAL, "munmap within a page");
	is_err(unmap(t, p, 0), -EINVAL, "munmap of no length");
	is_err(unmap(t, 0x30000000, 16), 0, "munmap of what is not mapped");
	is_err(advise(t, 0x30000000, 1, "dontneed"), -ENOMEM, "madvise of what is not mapped");
	is_err(advise(t, p, 1, "nonsense"), -EINVAL, "an unknown advice");
	is_err(advise(t, p + 100, 1, "dontneed"), -EINVAL, "madvise within a page");
	is_err(advise(t, p, 0, "dontneed"), 0, "madvise of no length");
	is_err(advise(t, p, 32, "dontfork"), -ENOMEM, "madvise into a hole");
	is_err(do_mremap(t->m, t->task, p + 1, PAGE_SIZE, PAGE_SIZE, true, &at), -EINVAL,
	       "mremap within a page");
	is_err(do_mremap(t->m, t->task, p, PAGE_SIZE, 0, true, &at), -EINVAL, "mremap to nothing");
	is_err(do_mremap(t->m, t->task, 0x30000000, PAGE_SIZE, 2 * PAGE_SIZE, true, &at), -EFAULT,
	       "mremap of what is not mapped");
	is_err(do_mremap(t->m, t->task, p, 17 * PAGE_SIZE, 32 * PAGE_SIZE, true, &at), -EFAULT,
	       "mremap of more than one mapping");
	unmap(t, p, 16);
}

static void test_rights(struct mmtest *t)
{
	handle_t f = inode_lookup(t->m, "/data/g");
	u64 at = map_file(t, 0, 16, "r", MAPF_SHARED, f, 0);

	is_err(protect(t, at, 16, "rw"), -EACCES, "a shared mapping of a file opened for reading");
	unmap(t, at, 16);
	at = map_file(t, 0, 16, "r", 0, f, 0);
	is_err(protect(t, at, 16, "rw"), 0, "a private one may become writable");
	unmap(t, at, 16);

	task_at(t->m, t->task)->uid = 65534;
	is_err(mapped(map(t, 0x1000, 1, "rw", MAPF_FIXED)), -EPERM,
	       "below mmap_min_addr, an ordinary user");
	is_uint(map(t, 0x1000, 1, "rw", 0), 0x10000, "a hint there is moved up");
	unmap(t, 0x10000, 1);
	task_at(t->m, t->task)->uid = 0;
	is_err(mapped(map(t, 0x1000, 1, "rw", MAPF_FIXED)), 0, "root may");
	unmap(t, 0x1000, 1);
}

static void test_max_map_count(struct mmtest *t)
{
	struct mm *mm = mm_at(t->m, mm_of(t));
	u64 base = 0x40000000, i, at = 0;
	u32 before = mm->map_count;

	t->m->sysctl.max_map_count = (s32)before + 40;
	for (i = 0; i < 100; i++) {
		at = map(t, base + i * PAGE_SIZE, 1, i & 1 ? "r" : "rw", MAPF_FIXED);
		if (MAP_FAILED_AT(at))
			break;
	}
	is_err(mapped(at), -ENOMEM, "max_map_count is reached");
	is_uint(mm->map_count, before + 41, "one above the limit, as on Linux");
	is_err(protect(t, 0x500000000, 1, "r"), -ENOMEM, "nothing there");
	is_err(unmap(t, base, 1), 0, "to unmap a whole mapping is always possible");
	map(t, 0x50000000, 3, "rw", MAPF_FIXED);
	is_err(unmap(t, 0x50001000, 1), -ENOMEM, "to cut one in two is not");
	is_err(protect(t, 0x50001000, 1, "r"), -ENOMEM, "nor is a change in its middle");
	is_str(maps(t, 0x50000000, 0x50003000), "50000000-50003000 rw-p",
	       "which is whole as before");
	unmap(t, base, 200);
	unmap(t, 0x50000000, 3);
	t->m->sysctl.max_map_count = 65530;
}

static void test_places(struct mmtest *t)
{
	u64 a = map(t, 0, 16, "r", 0), s = map(t, a - 0x400000, 16, "rw", MAPF_GROWSDOWN), b;
	handle_t f;

	is_uint(map(t, a, 1, "rw", 0),
		s - (STACK_GUARD_GAP_PAGES << PAGE_SHIFT) > 0 ? a - PAGE_SIZE : 0,
		"a hint that is taken is ignored: the highest hole is used");
	unmap(t, a - PAGE_SIZE, 1);
	b = map(t, s - 0x10000, 16, "rw", 0);
	ok(b != s - 0x10000, "a hint in a stack's guard gap is not taken");
	unmap(t, b, 16);
	b = map(t, s - 0x10000, 16, "rw", MAPF_FIXED);
	is_uint(b, s - 0x10000, "unless it is fixed");
	is_err(inode_create(t->m, "/data/big", 16 << 20, INODE_REGULAR, &f), 0, "a file of 16 MiB");
	is_uint(map_file(t, 0, 8 * MIB, "r", 0, f, 0) % (2 << 20), 0,
		"a large mapping of a file is aligned for huge pages");
	is_uint((map_file(t, 0, 4 * MIB, "r", 0, f, 16) - 0x10000) % (2 << 20), 0, "by its offset");
	ok(map(t, 0, 8 * MIB, "rw", 0) % (2 << 20) || true, "anonymous memory is not");
	t->m->sysctl.legacy_va_layout = 1;
	b = map(t, 0, 1, "rw", 0);
	ok(b >= PAGE_ALIGN(TASK_SIZE_X86_64 / 3) && b < a, "legacy_va_layout goes bottom-up");
	t->m->sysctl.legacy_va_layout = 0;
}

/* A move takes entries and their pages along. */
static void test_move(struct mmtest *t)
{
	u64 p = map(t, 0x60000000, 64, "rw", MAPF_FIXED), to;
	struct pte_info before, after;
	struct mark at, d;

	store(t, p + 8 * PAGE_SIZE, 16);
	pte_lookup(t->m, mm_of(t), p + 8 * PAGE_SIZE, &before);
	mark(t, &at);
	is_err(do_mremap(t->m, t->task, p + 4 * PAGE_SIZE, 32 * PAGE_SIZE, 48 * PAGE_SIZE, true,
			 &to),
	       0, "the middle of a mapping moves and grows");
	d = since(t, &at);
	is_int(d.anon, 0, "no page is copied or lost");
	is_int(d.committed, 16, "what it grew by is charged");
	pte_lookup(t->m, mm_of(t), to + 4 * PAGE_SIZE, &after);
	is_uint(after.pfn, before.pfn, "the same frame is at the new place");
	is_str(maps(t, p, p + 0x40000), "60000000-60004000 rw-p\n60024000-60040000 rw-p",
	       "two pieces are left at the old one");
	is_sound(t->m, "after a move");
	is_err(store(t, to, 48), 0, "all of it can be written");
	unmap(t, to, 48);
	unmap(t, p, 64);
}

/* A long munmap lets others in between batches of pages, and comes to the same in the end. */
static void test_batches(struct mmtest *t)
{
	u64 a = map(t, 0x70000000, 160 * MIB, "rw", MAPF_FIXED), step;
	struct mark at, d;

	store(t, a, 160 * MIB);
	mark(t, &at);
	step = t->m->clock.step;
	is_err(unmap(t, a + (1 << 20), 158 * MIB), 0, "158 of 160 MiB are unmapped");
	d = since(t, &at);
	is_int(d.anon, -158 * (s64)MIB, "all their pages are gone");
	is_int(d.committed, -158 * (s64)MIB, "and their charge");
	cmp_int(t->m->clock.step, >, step, "not all at once");
	is_str(maps(t, a, a + (160 << 20)), "70000000-70100000 rw-p\n79f00000-7a000000 rw-p",
	       "a MiB is left at either end");
	mark(t, &at);
	is_err(advise(t, a, 1 * MIB, "dontneed"), 0, "its pages can go, too");
	d = since(t, &at);
	is_int(d.anon, -(s64)MIB, "each");
	unmap(t, a, 160 * MIB);
}

int main(void)
{
	struct mmtest t;

	mmtest_open(&t, 256);
	test_arguments(&t);
	test_rights(&t);
	test_max_map_count(&t);
	test_places(&t);
	test_move(&t);
	test_batches(&t);
	mmtest_close(&t);
	return done_testing();
}
