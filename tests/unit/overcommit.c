/*
 * Overcommit: how large a mapping may be in each mode, to the page, and what each kind is charged.
 *
 * The expected numbers are those of a 6.1 kernel with MemTotal 983460 kB (and, where the record
 * had it, swap of 1048572 kB): the machine's counts are set to those values, so that the
 * arithmetic is compared and not the boot.
 */
#include <errno.h>

#include "tests/mmtest.h"
#include "tests/tap.h"

#define RECORD_RAM  (983460ull / 4)
#define RECORD_SWAP (1048572ull / 4)
#define MIB	    256ull /* pages */

/* The largest mapping of this kind, in pages. */
static u64 largest(struct mmtest *t, const char *prot, u32 flags)
{
	u64 low = 0, high = 1ull << 36;

	while (high - low > 1) {
		u64 middle = low + (high - low) / 2, at = map(t, 0, middle, prot, flags);

		if (MAP_FAILED_AT(at)) {
			high = middle;
		} else {
			unmap(t, at, middle);
			low = middle;
		}
	}
	return low;
}

/* The largest hole below mmap_base: what is not accounted is bounded by it alone. */
static u64 largest_hole(struct mmtest *t)
{
	const struct mm *mm = mm_at(t->m, mm_of(t));
	const struct vma *v = vma_at(t->m, find_vma(t->m, mm_of(t), mm->start_brk));

	return (mm->mmap_base - v->end) >> PAGE_SHIFT;
}

static void test_guess(struct mmtest *t)
{
	u64 ram = t->m->totalram_pages, before;

	t->m->totalram_pages = RECORD_RAM;
	is_uint(largest(t, "rw", 0), 245865,
		"mode 0, no swap: private, all of RAM and no page more");
	is_uint(largest(t, "rw", MAPF_SHARED), 245865, "shared likewise");
	is_uint(largest(t, "r", 0), largest_hole(t), "read-only: as far as the address space goes");
	is_uint(largest(t, "-", 0), largest_hole(t), "so without any right");
	is_uint(largest(t, "rw", MAPF_NORESERVE), largest_hole(t), "so with MAP_NORESERVE");
	is_uint(largest(t, "rw", MAPF_SHARED | MAPF_NORESERVE), largest_hole(t), "shared or not");
	is_uint(largest(t, "rw", MAPF_GROWSDOWN), 245865, "a stack is accounted");
	t->m->swap.total_pages = RECORD_SWAP;
	is_uint(largest(t, "rw", 0), 508008, "RAM and swap together");
	before = map(t, 0, 256 * MIB, "rw", 0);
	is_uint(largest(t, "rw", 0), 508008, "what is mapped already does not count");
	unmap(t, before, 256 * MIB);
	task_at(t->m, t->task)->uid = 65534;
	is_uint(largest(t, "rw", 0), 508008, "nor who asks");
	task_at(t->m, t->task)->uid = 0;
	t->m->sysctl.overcommit_memory = 1;
	is_uint(largest(t, "rw", 0), largest(t, "r", 0),
		"mode 1: as far as the address space goes");
	t->m->sysctl.overcommit_memory = 0;
	t->m->totalram_pages = ram;
	t->m->swap.total_pages = 0;
}

/* Mode 2 with what the record had: CommitLimit 1540300 kB, Committed_AS 9096 kB, a process of 326
 * pages. */
static void test_never(struct mmtest *t)
{
	struct sysctl *s = &t->m->sysctl;
	struct mm *mm = mm_at(t->m, mm_of(t));
	u64 total_vm = mm->total_vm, ram = t->m->totalram_pages, big;
	s64 committed = t->m->mms.committed_as;

	s->overcommit_memory = 2;
	t->m->totalram_pages = RECORD_RAM;
	t->m->swap.total_pages = RECORD_SWAP;
	s->user_reserve_kbytes = 30153;
	s->admin_reserve_kbytes = 8192;
	t->m->mms.committed_as = 9096 / 4;
	mm->total_vm = 326;
	is_uint(vm_commit_limit(t->m) * 4, 1540300, "CommitLimit");
	is_uint(largest(t, "rw", 0), 382790, "mode 2, root: one page below what is left");
	is_uint(largest(t, "rw", MAPF_SHARED), 382790, "shared");
	is_uint(largest(t, "rw", MAPF_NORESERVE), 382790, "MAP_NORESERVE is ignored");
	is_uint(largest(t, "r", 0), largest_hole(t), "read-only memory is free");
	task_at(t->m, t->task)->uid = 65534;
	is_uint(largest(t, "rw", 0), 380742, "an ordinary user: admin_reserve_kbytes less");
	s->admin_reserve_kbytes = 0;
	is_uint(largest(t, "rw", 0), 382790, "of 0");
	s->admin_reserve_kbytes = 65536;
	is_uint(largest(t, "rw", 0), 366406, "of 64 MiB");
	task_at(t->m, t->task)->uid = 0;
	is_uint(largest(t, "rw", 0), 382790, "which root need not care about");
	s->user_reserve_kbytes = 0;
	is_uint(largest(t, "rw", 0), 382800, "user_reserve_kbytes 0");
	mm->total_vm = 326;
	big = map(t, 0, 8192 * MIB, "r", 0);
	is_uint(mm->total_vm, 2097478, "a large process");
	is_uint(largest(t, "rw", 0), 382800, "without a reserve");
	s->user_reserve_kbytes = 32768;
	is_uint(largest(t, "rw", 0), 374608, "with one of 32 MiB");
	s->user_reserve_kbytes = 1000000;
	is_uint(largest(t, "rw", 0), 317254, "or of a 32nd of itself, if that is less");
	unmap(t, big, 8192 * MIB);
	mm->total_vm = total_vm;
	t->m->mms.committed_as = committed;
	s->overcommit_memory = 0;
	t->m->totalram_pages = ram;
	t->m->swap.total_pages = 0;
}

static void test_limit(struct mmtest *t)
{
	struct sysctl *s = &t->m->sysctl;
	u64 ram = t->m->totalram_pages;

	t->m->totalram_pages = RECORD_RAM;
	is_uint(vm_commit_limit(t->m) * 4, 491728,
		"overcommit_ratio 50: half of RAM, without swap");
	s->overcommit_ratio = 33;
	t->m->swap.total_pages = RECORD_SWAP;
	is_uint(vm_commit_limit(t->m) * 4, 1373112, "33, with swap");
	s->overcommit_ratio = 100;
	is_uint(vm_commit_limit(t->m) * 4, 2032032, "100");
	s->overcommit_ratio = 150;
	is_uint(vm_commit_limit(t->m) * 4, 2523760, "150");
	s->overcommit_ratio = 0;
	is_uint(vm_commit_limit(t->m) * 4, 1048572, "0: swap alone");
	s->overcommit_kbytes = 100001;
	is_uint(vm_commit_limit(t->m) * 4, 1148572, "overcommit_kbytes, rounded down to pages");
	s->overcommit_kbytes = 0;
	s->overcommit_ratio = 50;
	t->m->totalram_pages = ram;
	t->m->swap.total_pages = 0;
}

static s64 charged(struct mmtest *t, s64 before)
{
	return (t->m->mms.committed_as - before) / (s64)MIB;
}

/* MiB that each kind of 64 MiB adds to Committed_AS. */
static void test_anonymous(struct mmtest *t)
{
	s64 before = t->m->mms.committed_as;
	u64 at;

	at = map(t, 0, 64 * MIB, "rw", 0);
	is_int(charged(t, before), 64, "private, writable");
	unmap(t, at, 16 * MIB);
	is_int(charged(t, before), 48, "a part unmapped");
	unmap(t, at + (16ull << 20), 48 * MIB);
	is_int(charged(t, before), 0, "the rest");
	at = map(t, 0, 64 * MIB, "rw", MAPF_SHARED);
	is_int(charged(t, before), 64, "shared");
	unmap(t, at, 16 * MIB);
	is_int(charged(t, before), 64, "is charged as long as a part of it is mapped");
	unmap(t, at, 64 * MIB);
	at = map(t, 0, 64 * MIB, "r", MAPF_SHARED);
	is_int(charged(t, before), 64, "shared, read-only");
	unmap(t, at, 64 * MIB);
	at = map(t, 0, 64 * MIB, "r", 0);
	is_int(charged(t, before), 0, "private, read-only");
	protect(t, at, 64 * MIB, "rw");
	is_int(charged(t, before), 64, "made writable");
	protect(t, at, 64 * MIB, "r");
	is_int(charged(t, before), 64, "and read-only again: no refund");
	protect(t, at, 64 * MIB, "rw");
	is_int(charged(t, before), 64, "so no second charge either");
	unmap(t, at, 64 * MIB);
}

static void test_noreserve(struct mmtest *t)
{
	s64 before = t->m->mms.committed_as;
	u64 at;

	at = map(t, 0, 64 * MIB, "rw", MAPF_NORESERVE);
	protect(t, at, 64 * MIB, "r");
	protect(t, at, 64 * MIB, "rw");
	is_int(charged(t, before), 0, "MAP_NORESERVE, whatever mprotect does");
	unmap(t, at, 64 * MIB);
	t->m->sysctl.overcommit_memory = 1;
	at = map(t, 0, 64 * MIB, "rw", 0);
	is_int(charged(t, before), 64, "mode 1 counts all the same");
	unmap(t, at, 64 * MIB);
	t->m->sysctl.overcommit_memory = 0;
	at = map(t, 0, 64 * MIB, "rw", MAPF_SHARED | MAPF_NORESERVE);
	store(t, at, 2 * MIB);
	is_int(charged(t, before), 2, "shared with MAP_NORESERVE: by the page");
	unmap(t, at, 64 * MIB);
	is_int(charged(t, before), 0, "which goes with the page");
}

static void test_file_and_heap(struct mmtest *t)
{
	s64 before = t->m->mms.committed_as;
	u64 at, brk;
	handle_t f;

	is_err(inode_create(t->m, "/data/f", 64 << 20, INODE_REGULAR, &f), 0, "a file of 64 MiB");
	at = map_file(t, 0, 64 * MIB, "rw", 0, f, 0);
	is_int(charged(t, before), 64, "file, private, writable");
	unmap(t, at, 64 * MIB);
	at = map_file(t, 0, 64 * MIB, "r", 0, f, 0);
	protect(t, at, 32 * MIB, "rw");
	is_int(charged(t, before), 32, "file, private, read-only, then half of it writable");
	unmap(t, at, 64 * MIB);
	at = map_file(t, 0, 64 * MIB, "rw", MAPF_SHARED, f, 0);
	is_int(charged(t, before), 0, "file, shared");
	unmap(t, at, 64 * MIB);

	do_brk(t->m, t->task, 8 << 20, &brk);
	is_int(charged(t, before), 8, "brk");
	do_brk(t->m, t->task, -(8 << 20), &brk);
	at = map(t, 0, 8 * MIB, "rw", 0);
	is_err(do_mremap(t->m, t->task, at, 8 << 20, 24 << 20, true, &at), 0,
	       "mremap to thrice the size");
	is_int(charged(t, before), 24, "is charged for the difference");
	unmap(t, at, 24 * MIB);
	is_int(charged(t, before), 0, "which munmap gives back");
}

static void test_rlimits(struct mmtest *t)
{
	const struct mm *mm = mm_at(t->m, mm_of(t));
	u64 vm = mm->total_vm, data = mm->data_vm;

	task_setrlimit(t->m, t->task, RLIM_AS, 64 << 20, RLIM_INF);
	is_uint(largest(t, "rw", 0), 64 * MIB - vm, "RLIMIT_AS");
	is_uint(largest(t, "r", 0), 64 * MIB - vm, "bounds any mapping");
	task_setrlimit(t->m, t->task, RLIM_AS, RLIM_INF, RLIM_INF);
	task_setrlimit(t->m, t->task, RLIM_DATA, 8 << 20, RLIM_INF);
	is_uint(largest(t, "rw", 0), 8 * MIB - data, "RLIMIT_DATA");
	is_uint(largest(t, "r", 0), largest_hole(t), "bounds private writable ones only");
	task_setrlimit(t->m, t->task, RLIM_DATA, RLIM_INF, RLIM_INF);
}

static void test_refused(struct mmtest *t)
{
	u64 big = map(t, 0, 4096 * MIB, "r", 0), half;
	handle_t child;
	s64 before = t->m->mms.committed_as;
	struct machine *m = t->m;

	is_err(protect(t, big, 4096 * MIB, "rw"), -ENOMEM,
	       "mode 0: more than RAM cannot be made writable");
	is_int(m->mms.committed_as, before, "and nothing is charged");
	m->sysctl.overcommit_memory = 2;
	is_err(protect(t, big, 4096 * MIB, "rw"), -ENOMEM, "nor in mode 2");
	unmap(t, big, 4096 * MIB);
	half = map(t, 0, (vm_commit_limit(m) - vm_committed_as(&m->mms)) * 3 / 4, "rw", 0);
	ok(!MAP_FAILED_AT(half), "three quarters of what is left can be mapped");
	before = m->mms.committed_as;
	is_err(task_fork(m, t->task, &child), -ENOMEM, "but then fork is refused");
	is_int(m->mms.committed_as, before, "and nothing stays charged");
	m->sysctl.overcommit_memory = 0;
}

int main(void)
{
	struct mmtest t;

	mmtest_open(&t, 512);
	test_guess(&t);
	test_never(&t);
	test_limit(&t);
	test_anonymous(&t);
	test_noreserve(&t);
	test_file_and_heap(&t);
	test_rlimits(&t);
	test_refused(&t);
	mmtest_close(&t);
	return done_testing();
}
