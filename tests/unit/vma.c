/*
 * Which mappings merge and which are cut, as /proc/PID/maps of a 6.1 kernel showed it step by step.
 *
 * Addresses are fixed, so that the text can be compared. K is 4 pages (16 KiB) in the drawings:
 *	rw..  a mapping of that right, | a border
 */
#include <errno.h>

#include "tests/mmtest.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define K16   4ull
#define K64   16ull
#define FIXED MAPF_FIXED

static void test_neighbours(struct mmtest *t)
{
	u64 a = map(t, 0, K64, "rw", 0), b = map(t, 0, K64, "rw", 0), c = map(t, 0, K64, "rw", 0);

	ok(b == a - 0x10000 && c == b - 0x10000,
	   "mappings are placed top-down, one below the other");
	is_uint(vma_at(t->m, find_vma(t->m, mm_of(t), a))->start, c,
		"and three of the same kind are one");

	map(t, 0x20000000, K64, "rw", FIXED);
	map(t, 0x20010000, K64, "r", FIXED);
	is_str(maps(t, 0x20000000, 0x20040000), "20000000-20010000 rw-p\n20010000-20020000 r--p",
	       "rw beside r: two mappings");
	is_err(protect(t, 0x20010000, K64, "rw"), 0, "mprotect r -> rw");
	is_str(maps(t, 0x20000000, 0x20040000), "20000000-20020000 rw-p", "makes them one");
}

/*	rw rw rw rw  ->  rw | r | rw rw  ->  rw rw rw rw */
static void test_mprotect_middle(struct mmtest *t)
{
	protect(t, 0x20004000, K16, "r");
	is_str(maps(t, 0x20000000, 0x20040000),
	       "20000000-20004000 rw-p\n20004000-20008000 r--p\n20008000-20020000 rw-p",
	       "mprotect in the middle: three mappings");
	protect(t, 0x20004000, K16, "rw");
	is_str(maps(t, 0x20000000, 0x20040000), "20000000-20020000 rw-p", "and back: one again");

	is_err(store(t, 0x20000000, K64), 0, "sixteen pages are touched");
	protect(t, 0x20004000, K16, "r");
	is_err(store(t, 0x20000000, K16), 0, "also left of the part that is read-only now");
	protect(t, 0x20004000, K16, "rw");
	is_str(maps(t, 0x20000000, 0x20040000), "20000000-20020000 rw-p",
	       "the parts share an anon_vma, so they still merge");
}

/*	s1 touched |      | s3 touched   then the middle is mapped */
static void test_anon_vma(struct mmtest *t)
{
	map(t, 0x21000000, K64, "rw", FIXED);
	store(t, 0x21000000, K64);
	map(t, 0x21020000, K64, "rw", FIXED);
	store(t, 0x21020000, K64);
	map(t, 0x21010000, K64, "rw", FIXED);
	is_str(maps(t, 0x21000000, 0x21040000), "21000000-21010000 rw-p\n21010000-21030000 rw-p",
	       "two anon_vmas never become one: the gap goes to the mapping above");
}

static void test_munmap_middle(struct mmtest *t)
{
	unmap(t, 0x20008000, 1);
	is_str(maps(t, 0x20000000, 0x20040000), "20000000-20008000 rw-p\n20009000-20020000 rw-p",
	       "munmap cuts a page out");
	map(t, 0x20008000, 1, "rw", FIXED);
	is_str(maps(t, 0x20000000, 0x20040000), "20000000-20020000 rw-p", "mmap fills it in");
}

static void test_kinds(struct mmtest *t)
{
	u64 ino;

	map(t, 0x22000000, K64, "rw", FIXED);
	map(t, 0x22010000, K64, "rw", FIXED | MAPF_NORESERVE);
	map(t, 0x22020000, K64, "rw", FIXED | MAPF_SHARED);
	map(t, 0x22030000, K64, "rw", FIXED | MAPF_SHARED);
	is_str(maps(t, 0x22000000, 0x22050000),
	       "22000000-22010000 rw-p\n22010000-22020000 rw-p\n"
	       "22020000-22030000 rw-s 0 /dev/zero\n22030000-22040000 rw-s 0 /dev/zero",
	       "private, noreserve and two shared ones stay four");
	ino = inode_at(t->m, file_at(t->m, vma_at(t->m, find_vma(t->m, mm_of(t), 0x22020000))->file)
				     ->inode)
		      ->ino;
	is_uint(inode_at(t->m,
			 file_at(t->m, vma_at(t->m, find_vma(t->m, mm_of(t), 0x22030000))->file)
				 ->inode)
			->ino,
		ino + 1, "each shared mapping is a file of its own");
}

static void test_files(struct mmtest *t)
{
	handle_t f;

	is_err(inode_create(t->m, "/data/f", 4 << 20, INODE_REGULAR, &f), 0, "a file of 4 MiB");
	map_file(t, 0x23000000, K64, "r", FIXED, f, 0);
	map_file(t, 0x23010000, K64, "r", FIXED, f, 16);
	map_file(t, 0x23020000, K64, "r", FIXED, f, 0);
	is_str(maps(t, 0x23000000, 0x23040000),
	       "23000000-23010000 r--p 0 /data/f\n23010000-23020000 r--p 16 /data/f\n"
	       "23020000-23030000 r--p 0 /data/f",
	       "opened anew each time, mappings of a file do not merge");
	protect(t, 0x23004000, K16, "rw");
	is_str(maps(t, 0x23000000, 0x23010000),
	       "23000000-23004000 r--p 0 /data/f\n23004000-23008000 rw-p 4 /data/f\n"
	       "23008000-23010000 r--p 8 /data/f",
	       "a part of one mapping is cut out at its offset");
	is_err(protect(t, 0x23004000, K16, "r"), 0, "and given its right back");
	is_str(maps(t, 0x23000000, 0x23010000),
	       "23000000-23004000 r--p 0 /data/f\n23004000-23008000 r--p 4 /data/f\n"
	       "23008000-23010000 r--p 8 /data/f",
	       "stays apart: it was charged, the others were not");
}

static void test_madvise(struct mmtest *t)
{
	map(t, 0x24000000, 4 * K64, "rw", FIXED);
	advise(t, 0x24010000, K64, "dontneed");
	is_str(maps(t, 0x24000000, 0x24040000), "24000000-24040000 rw-p", "dontneed cuts nothing");
	advise(t, 0x24010000, K64, "dontfork");
	is_str(maps(t, 0x24000000, 0x24040000),
	       "24000000-24010000 rw-p\n24010000-24020000 rw-p\n24020000-24040000 rw-p",
	       "dontfork does");
	advise(t, 0x24010000, K64, "dofork");
	is_str(maps(t, 0x24000000, 0x24040000), "24000000-24040000 rw-p", "dofork mends it");
	advise(t, 0x24020000, K64, "hugepage");
	is_str(maps(t, 0x24000000, 0x24040000),
	       "24000000-24020000 rw-p\n24020000-24030000 rw-p\n24030000-24040000 rw-p",
	       "so does hugepage");
	advise(t, 0x24000000, 4 * K64, "nohugepage");
	is_str(maps(t, 0x24000000, 0x24040000), "24000000-24040000 rw-p",
	       "nohugepage for all makes them alike again");
	do_mlock(t->m, t->task, 0x24000000, K64 * PAGE_SIZE, true, false);
	is_str(maps(t, 0x24000000, 0x24040000), "24000000-24010000 rw-p\n24010000-24040000 rw-p",
	       "mlock cuts");
	do_mlock(t->m, t->task, 0x24000000, K64 * PAGE_SIZE, false, false);
	is_str(maps(t, 0x24000000, 0x24040000), "24000000-24010000 rw-p\n24010000-24040000 rw-p",
	       "munlock does not mend it: only the locked part was touched and has an anon_vma");
}

/* What is touched when, in three neighbours of which the middle one comes last. */
static void test_order(struct mmtest *t)
{
	map(t, 0x26000000, K64, "rw", FIXED);
	map(t, 0x26020000, K64, "rw", FIXED);
	store(t, 0x26020000, 1);
	map(t, 0x26010000, K64, "rw", FIXED);
	is_str(maps(t, 0x26000000, 0x26100000), "26000000-26010000 rw-p\n26010000-26030000 rw-p",
	       "untouched below, touched above: the middle joins what is above");
	map(t, 0x27000000, K64, "rw", FIXED);
	store(t, 0x27000000, 1);
	map(t, 0x27020000, K64, "rw", FIXED);
	map(t, 0x27010000, K64, "rw", FIXED);
	is_str(maps(t, 0x27000000, 0x27100000), "27000000-27030000 rw-p",
	       "touched below, untouched above: all become one");
	map(t, 0x28000000, K64, "rw", FIXED);
	store(t, 0x28000000, 1);
	map(t, 0x28020000, K64, "rw", FIXED);
	store(t, 0x28020000, 1);
	map(t, 0x28010000, K64, "r", FIXED);
	protect(t, 0x28010000, K64, "rw");
	is_str(maps(t, 0x28000000, 0x28100000), "28000000-28020000 rw-p\n28020000-28030000 rw-p",
	       "mprotect between two anon_vmas joins what is below");
}

/* Part of a mapping becomes like its neighbour: the border moves. */
static void test_border(struct mmtest *t)
{
	map(t, 0x29000000, K64, "rw", FIXED);
	map(t, 0x29010000, K64, "r", FIXED);
	protect(t, 0x29010000, K16, "rw");
	is_str(maps(t, 0x29000000, 0x29100000), "29000000-29014000 rw-p\n29014000-29020000 r--p",
	       "the border moves up");
	protect(t, 0x29010000, K16, "r");
	protect(t, 0x29014000, K64 - K16, "rw");
	is_str(maps(t, 0x29000000, 0x29100000),
	       "29000000-29010000 rw-p\n29010000-29014000 r--p\n29014000-29020000 rw-p",
	       "rights exchanged");
	protect(t, 0x29010000, K16, "rw");
	is_str(maps(t, 0x29000000, 0x29100000), "29000000-29020000 rw-p", "and all alike");
}

static void test_locks(struct mmtest *t)
{
	map(t, 0x2a000000, 4 * K64, "rw", FIXED);
	do_mlock(t->m, t->task, 0x2a010000, K64 * PAGE_SIZE, true, true);
	is_str(maps(t, 0x2a000000, 0x2a100000),
	       "2a000000-2a010000 rw-p\n2a010000-2a020000 rw-p\n2a020000-2a040000 rw-p",
	       "mlock cuts");
	do_mlock(t->m, t->task, 0x2a010000, K64 * PAGE_SIZE, false, false);
	is_str(maps(t, 0x2a000000, 0x2a100000), "2a000000-2a040000 rw-p",
	       "munlock of an untouched part mends it");
	store(t, 0x2a000000, 4 * K64);
	do_mlock(t->m, t->task, 0x2a010000, K64 * PAGE_SIZE, true, false);
	do_mlock(t->m, t->task, 0x2a010000, K64 * PAGE_SIZE, false, false);
	is_str(maps(t, 0x2a000000, 0x2a100000), "2a000000-2a040000 rw-p",
	       "and so where all was touched before: one anon_vma");
}

/* A child's mappings are in two anon_vmas' trees: nothing new merges with them. */
static void test_fork(struct mmtest *t)
{
	handle_t parent = t->task, child;
	u64 at;

	map(t, 0x2b000000, K64, "rw", FIXED);
	store(t, 0x2b000000, K64);
	map(t, 0x2c000000, K64, "rw", FIXED);
	task_fork(t->m, parent, &child);
	map(t, 0x2b010000, K64, "rw", FIXED);
	is_str(maps(t, 0x2b000000, 0x2b100000), "2b000000-2b020000 rw-p",
	       "the parent's grow as before");
	as_task(t, child);
	map(t, 0x2b010000, K64, "rw", FIXED);
	map(t, 0x2c010000, K64, "rw", FIXED);
	is_str(maps(t, 0x2b000000, 0x2c100000),
	       "2b000000-2b010000 rw-p\n2b010000-2b020000 rw-p\n2c000000-2c020000 rw-p",
	       "the child's do not, if they were touched");
	store(t, 0x2b010000, K64);
	protect(t, 0x2b004000, K16, "r");
	protect(t, 0x2b004000, K16, "rw");
	is_str(maps(t, 0x2b000000, 0x2b100000), "2b000000-2b010000 rw-p\n2b010000-2b020000 rw-p",
	       "what was cut in the child is mended in the child");
	is_err(do_mremap(t->m, child, 0x2c000000, 0x10000, 0x20000, false, &at), -ENOMEM,
	       "no room");
	unmap(t, 0x2c010000, K64);
	is_err(do_mremap(t->m, child, 0x2c000000, 0x10000, 0x20000, false, &at), 0, "room");
	is_err(do_mremap(t->m, child, 0x2b000000, 0x10000, 0x18000, true, &at), 0, "a move");
	is_str(maps(t, 0x2b000000, 0x2c100000), "2b010000-2b020000 rw-p\n2c000000-2c020000 rw-p",
	       "is away");
	is_sound(t->m, "with parent and child apart");
	as_task(t, parent);
	do_exit(t->m, child, 0);
}

static void test_private_file(struct mmtest *t)
{
	handle_t f = inode_lookup(t->m, "/data/f");

	map_file(t, 0x2d000000, K64, "rw", FIXED, f, 0);
	protect(t, 0x2d004000, K16, "r");
	protect(t, 0x2d004000, K16, "rw");
	is_str(maps(t, 0x2d000000, 0x2d100000), "2d000000-2d010000 rw-p 0 /data/f",
	       "a writable private mapping of a file is mended");
	store(t, 0x2d000000, 1);
	protect(t, 0x2d004000, K16, "r");
	protect(t, 0x2d004000, K16, "rw");
	is_str(maps(t, 0x2d000000, 0x2d100000), "2d000000-2d010000 rw-p 0 /data/f",
	       "touched or not");
}

static void test_mremap(struct mmtest *t)
{
	u64 at, r = 0x25000000, untouched = map(t, 0, 1, "rw", 0);

	map(t, r, K64, "rw", FIXED);
	is_err(do_mremap(t->m, t->task, r, 0x10000, 0x20000, false, &at), 0,
	       "mremap grows in place");
	is_str(maps(t, r, r + 0x40000), "25000000-25020000 rw-p", "where there is room");
	is_err(do_mremap(t->m, t->task, r, 0x20000, 0x8000, false, &at), 0, "shrinks");
	is_str(maps(t, r, r + 0x40000), "25000000-25008000 rw-p", "from the end");
	map(t, 0x25008000, 1, "r", FIXED);
	is_err(do_mremap(t->m, t->task, r, 0x8000, 0x10000, false, &at), -ENOMEM,
	       "a neighbour is in the way");
	is_err(do_mremap(t->m, t->task, r, 0x8000, 0x10000, true, &at), 0,
	       "so it moves, if it may");
	is_str(maps(t, r, r + 0x40000), "25008000-25009000 r--p", "away from there");
	is_uint(at + 0x10000, untouched, "to the highest place");
	ok(find_vma(t->m, mm_of(t), at) == find_vma(t->m, mm_of(t), untouched),
	   "and merges with what is there");
}

static void test_brk(struct mmtest *t)
{
	const struct mm *mm = mm_at(t->m, mm_of(t));
	u64 before = mm->brk, brk;

	is_err(do_brk(t->m, t->task, 1 << 20, &brk), 0, "brk grows");
	is_err(do_brk(t->m, t->task, 1 << 20, &brk), 0, "twice");
	is_err(do_brk(t->m, t->task, -(512 << 10), &brk), 0, "and shrinks");
	is_uint(brk, before + 0x180000, "to where it says");
	is_uint(vma_at(t->m, find_vma(t->m, mm_of(t), mm->start_brk))->end, PAGE_ALIGN(brk),
		"the heap is one mapping that ends there");
	is_int(vma_kind(t->m, vma_at(t->m, find_vma(t->m, mm_of(t), mm->start_brk))), VMA_HEAP,
	       "which maps calls [heap]");
	is_err(do_brk(t->m, t->task, -(1ll << 40), &brk), -ENOMEM, "not below its start");
}

int main(void)
{
	struct mmtest t;

	mmtest_open(&t, 256);
	test_neighbours(&t);
	test_mprotect_middle(&t);
	test_anon_vma(&t);
	test_munmap_middle(&t);
	test_kinds(&t);
	test_files(&t);
	test_madvise(&t);
	test_mremap(&t);
	test_brk(&t);
	test_order(&t);
	test_border(&t);
	test_locks(&t);
	test_fork(&t);
	test_private_file(&t);
	mmtest_close(&t);
	return done_testing();
}
