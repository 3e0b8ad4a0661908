/*
 * What LTP and the kernel's own tests expect of calls on mappings, as scenarios of our own: brk,
 * the mmap family, mprotect, mremap, madvise, mincore, mlock; and that bytes stay what they were
 * through all of it. One function for each subject, named by behaviour.
 */
#include "tests/sound.h"
#include "tests/swaptest.h"

#include <mman/contents.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/tap.h"

#define A      0x20000000ull
#define B      0x30000000ull
#define PAGES  16u
#define SIGBUS 7
#define SEGV   11

static struct mm *mm(const struct mmtest *t)
{
	return mm_at(t->m, mm_of(t));
}

static void poke(struct mmtest *t, u64 addr, char byte)
{
	if (access_remote_vm(t->m, t->task, addr, &byte, 1, true) != 1)
		diag("nothing could be written at %llx", (unsigned long long)addr);
}

/* The byte that @task has at @addr; -1: it cannot be read. */
static int peek(struct mmtest *t, handle_t task, u64 addr)
{
	unsigned char byte;

	return access_remote_vm(t->m, task, addr, &byte, 1, false) == 1 ? byte : -1;
}

static u64 resident(struct mmtest *t, u64 addr, u64 pages)
{
	u64 i, n = 0;

	for (i = 0; i < pages; i++)
		n += entry(t, addr + i * PAGE_SIZE).present;
	return n;
}

/* The signal that a child of the process dies of when it touches @addr; 0: it lives. */
static int touch_kills(struct mmtest *t, u64 addr, bool write)
{
	struct running r;
	handle_t child;
	int sig;

	if (task_fork(t->m, t->task, &child))
		return -1;
	task_run_begin(t->m, &r, child);
	mm_access(t->m, child, addr, write);
	sig = r.fatal_signal & 0x7f;
	if (task_run_end(t->m, &r))
		do_exit(t->m, child, 0);
	return sig;
}

/* ---- brk ---- */

static void test_brk(struct mmtest *t)
{
	u64 start = mm(t)->brk, brk, vm = mm(t)->total_vm;

	is_err(do_brk(t->m, t->task, 0, &brk), 0, "a break that stays where it is");
	is_hex(brk, start, "is where it was");
	is_err(do_brk(t->m, t->task, 2 * PAGE_SIZE, &brk), 0, "two pages more");
	is_uint(mm(t)->total_vm, vm + 2, "are two pages of VmSize");
	is_int(touch_kills(t, brk - 1, true), 0, "and can be written to");
	is_int(touch_kills(t, brk, true), SEGV, "up to the break, and not behind it");
	is_err(protect(t, brk - 4096, 1, "rwx"), 0, "the last page gets other rights");
	is_err(do_brk(t->m, t->task, -4096, &brk), 0, "and goes");
	is_err(do_brk(t->m, t->task, -4096, &brk), 0, "the break goes back all the way");
	is_hex(brk, start, "to where it was");
	is_uint(mm(t)->total_vm, vm, "with VmSize");
	is_err(do_brk(t->m, t->task, -(1ll << 40), &brk), -ENOMEM,
	       "below the heap's start it cannot go");
	is_hex(mm(t)->brk, start, "and stays");
}

/* ---- mmap ---- */

static void test_mmap_populate(struct mmtest *t)
{
	handle_t file;
	u64 a;

	map(t, A, PAGES, "rw", MAPF_FIXED | MAPF_POPULATE);
	is_uint(resident(t, A, PAGES), PAGES,
		"MAP_POPULATE: every page is there when mmap returns");
	inode_create(t->m, "/populate", PAGES * PAGE_SIZE, INODE_REGULAR, &file);
	a = map_file(t, B, PAGES, "rw", MAPF_FIXED | MAPF_POPULATE, file, 0);
	is_uint(resident(t, a, PAGES), PAGES, "of a private file mapping too");
	ok(!entry(t, a).file, "which has its own copies then");
	poke(t, a, 'x');
	unmap(t, a, PAGES);
	a = map_file(t, B, PAGES, "r", MAPF_FIXED | MAPF_SHARED, file, 0);
	is_int(peek(t, t->task, a), 0, "so that the file keeps its bytes");
	unmap(t, a, PAGES);
	unmap(t, A, PAGES);
	inode_unlink(t->m, file);
}

static void test_mmap_end_of_file(struct mmtest *t)
{
	handle_t file;

	inode_create(t->m, "/short", 5000, INODE_REGULAR, &file);
	map_file(t, A, 4, "rw", MAPF_FIXED | MAPF_SHARED, file, 0);
	is_int(touch_kills(t, A + 4096, false), 0, "the file's last page can be touched");
	is_int(touch_kills(t, A + 8191, true), 0, "all of it, though the file ends in it");
	is_int(touch_kills(t, A + 8192, false), SIGBUS, "the page behind the end is SIGBUS");
	is_int(touch_kills(t, A + 4 * PAGE_SIZE, false), SEGV, "and behind the mapping SIGSEGV");
	is_int(peek(t, t->task, A + 8191), 0, "what the last page has behind the end is zero");
	poke(t, A + 4096, 'x');
	inode_truncate(t->m, file, 4096);
	is_int(touch_kills(t, A + 4096, false), SIGBUS, "truncated: SIGBUS where the file was");
	inode_truncate(t->m, file, 8192);
	is_int(peek(t, t->task, A + 4096), 0, "made longer again: zero, not what was there");
	unmap(t, A, 4);
	inode_unlink(t->m, file);
}

static void test_mmap_rights(struct mmtest *t)
{
	static const struct {
		const char *prot, *shown;
		int read, write;
	} rights[] = {
		{ "-", "20000000-20010000 ---p", SEGV, SEGV },
		{ "r", "20000000-20010000 r--p", 0, SEGV },
		{ "rx", "20000000-20010000 r-xp", 0, SEGV },
		{ "x", "20000000-20010000 --xp", 0, SEGV },
		{ "rw", "20000000-20010000 rw-p", 0, 0 },
		{ "w", "20000000-20010000 -w-p", 0, 0 },
		{ "rwx", "20000000-20010000 rwxp", 0, 0 },
	};
	size_t i;

	for (i = 0; i < sizeof(rights) / sizeof(*rights); i++) {
		map(t, A, PAGES, rights[i].prot, MAPF_FIXED);
		is_str(maps(t, A, B), rights[i].shown, "maps shows the rights '%s'",
		       rights[i].prot);
		is_int(touch_kills(t, A, false), rights[i].read, "a load with them");
		is_int(touch_kills(t, A, true), rights[i].write, "a store with them");
		unmap(t, A, PAGES);
	}
	map(t, A, PAGES, "rw", MAPF_FIXED | MAPF_SHARED);
	is_str(maps(t, A, B), "20000000-20010000 rw-s 0 /dev/zero", "shared memory is 's'");
	unmap(t, A, PAGES);
}

static void test_mmap_noreplace(struct mmtest *t)
{
	map(t, A + 5 * PAGE_SIZE, 5, "rw", MAPF_FIXED_NOREPLACE);
	is_int((s64)map(t, A + 5 * PAGE_SIZE, 5, "r", MAPF_FIXED_NOREPLACE), -EEXIST,
	       "the same place");
	is_int((s64)map(t, A + 6 * PAGE_SIZE, 1, "r", MAPF_FIXED_NOREPLACE), -EEXIST, "inside");
	is_int((s64)map(t, A + 3 * PAGE_SIZE, 3, "r", MAPF_FIXED_NOREPLACE), -EEXIST,
	       "over its start");
	is_int((s64)map(t, A + 9 * PAGE_SIZE, 3, "r", MAPF_FIXED_NOREPLACE), -EEXIST,
	       "over its end");
	is_int((s64)map(t, A, PAGES, "r", MAPF_FIXED_NOREPLACE), -EEXIST, "all around");
	is_hex(map(t, A, 5, "r", MAPF_FIXED_NOREPLACE), A, "below it there is room");
	is_hex(map(t, A + 10 * PAGE_SIZE, 5, "r", MAPF_FIXED_NOREPLACE), A + 10 * PAGE_SIZE,
	       "and above");
	is_str(maps(t, A, B),
	       "20000000-20005000 r--p\n20005000-2000a000 rw-p\n2000a000-2000f000 r--p",
	       "what was there has stayed");
	unmap(t, A, PAGES);
}

static void test_growsdown(struct mmtest *t)
{
	u64 stack = A + (1ull << 30);

	map(t, stack - 4096, 1, "rw", MAPF_FIXED | MAPF_GROWSDOWN);
	is_err(store(t, stack - 40 * PAGE_SIZE, 1), 0, "a stack grows down to where it is touched");
	is_str(maps(t, A, stack), "5ffd8000-60000000 rw-p", "as one mapping");
	/* another mapping, 256 pages below the place that is touched next */
	map(t, stack - 400 * PAGE_SIZE, 1, "rw", MAPF_FIXED);
	is_int(touch_kills(t, stack - 143 * PAGE_SIZE, true), 0, "up to the guard gap it may come");
	is_int(touch_kills(t, stack - 144 * PAGE_SIZE, true), SEGV,
	       "to another mapping, and no nearer");
	protect(t, stack - 400 * PAGE_SIZE, 1, "-");
	is_int(touch_kills(t, stack - 144 * PAGE_SIZE, true), 0, "but to one without any rights");
	ok(map(t, stack - 41 * PAGE_SIZE, 1, "rw", 0) != stack - 41 * PAGE_SIZE,
	   "a hint into the gap is not followed");
	unmap(t, A, 1 << 18);
}

/* ---- mprotect ---- */

static void test_mprotect(struct mmtest *t)
{
	map(t, A, PAGES, "rw", MAPF_FIXED);
	store(t, A, PAGES);
	poke(t, A + 5 * PAGE_SIZE, 'x');
	protect(t, A + 4 * PAGE_SIZE, 4, "r");
	is_str(maps(t, A, B),
	       "20000000-20004000 rw-p\n20004000-20008000 r--p\n20008000-20010000 rw-p",
	       "rights for a part of it: three mappings");
	is_int(touch_kills(t, A + 5 * PAGE_SIZE, true), SEGV, "the part is read-only");
	protect(t, A + 4 * PAGE_SIZE, 4, "rw");
	is_str(maps(t, A, B), "20000000-20010000 rw-p", "and back: one");
	protect(t, A, PAGES, "-");
	is_int(touch_kills(t, A + 5 * PAGE_SIZE, false), SEGV, "no rights at all");
	is_uint(resident(t, A, PAGES), PAGES, "take no page away");
	is_int(peek(t, t->task, A + 5 * PAGE_SIZE), 'x',
	       "whoever looks from outside sees the bytes");
	protect(t, A, PAGES, "rw");
	is_int(peek(t, t->task, A + 5 * PAGE_SIZE), 'x', "and with rights they are there");
	is_err(do_mprotect(t->m, t->task, A + 1, 4096, VM_READ), -EINVAL, "an address in a page");
	is_err(protect(t, A + PAGES * PAGE_SIZE, 1, "r"), -ENOMEM, "where nothing is mapped");
	unmap(t, A, PAGES);
}

/* ---- mremap ---- */

static u64 move_to(struct mmtest *t, u64 from, u64 pages, u64 to, u64 new_pages, u32 flags)
{
	struct mremap_request rq = { from, pages * PAGE_SIZE, new_pages * PAGE_SIZE, to, flags };
	u64 addr;
	int error = do_mremap_to(t->m, t->task, &rq, &addr);

	return error ? (u64)(s64)error : addr;
}

static void test_mremap(struct mmtest *t)
{
	const u32 fixed = MREMAPF_MAYMOVE | MREMAPF_FIXED;

	map(t, A, PAGES, "rw", MAPF_FIXED);
	store(t, A, PAGES);
	poke(t, A + 3 * PAGE_SIZE, 'x');
	is_hex(move_to(t, A, PAGES, B, PAGES, fixed), B, "moved to a place of the caller's");
	is_str(maps(t, A, B), "", "nothing is left");
	is_int(peek(t, t->task, B + 3 * PAGE_SIZE), 'x', "the bytes have moved along");
	is_uint(resident(t, B, PAGES), PAGES, "no page was copied or lost");
	is_int((s64)move_to(t, B, PAGES, B + 4096, PAGES, fixed), -EINVAL, "not onto itself");
	is_int((s64)move_to(t, B, PAGES, A + 1, PAGES, fixed), -EINVAL, "not into a page");
	is_int((s64)move_to(t, B, PAGES, A, PAGES, MREMAPF_FIXED), -EINVAL, "FIXED wants MAYMOVE");
	is_int((s64)move_to(t, B, PAGES, A, 0, fixed), -EINVAL, "not to nothing");
	is_int((s64)move_to(t, A, PAGES, B, PAGES, fixed), -EFAULT, "nor from nowhere");
	is_hex(move_to(t, B, PAGES, A, 4, fixed), A, "moved and made smaller");
	is_str(maps(t, A, B + (1 << 20)), "20000000-20004000 rw-p", "the rest is gone");
	is_int(peek(t, t->task, A + 3 * PAGE_SIZE), 'x', "what is left has its bytes");

	map(t, B, 4, "r", MAPF_FIXED);
	is_hex(move_to(t, A, 4, B, 8, fixed), B, "moved over another mapping, and larger");
	is_str(maps(t, A, B + (1 << 20)), "30000000-30008000 rw-p", "which has gone");
	is_int((s64)move_to(t, B, 8, 0, 4, MREMAPF_MAYMOVE | MREMAPF_DONTUNMAP), -EINVAL,
	       "MREMAP_DONTUNMAP changes no size");
	is_hex(move_to(t, B, 8, A, 8, fixed | MREMAPF_DONTUNMAP), A, "the pages moved away");
	is_str(maps(t, A, B + (1 << 20)), "20000000-20008000 rw-p\n30000000-30008000 rw-p",
	       "and the mapping stayed");
	is_int(peek(t, t->task, A + 3 * PAGE_SIZE), 'x', "the bytes are at the new place");
	is_int(peek(t, t->task, B + 3 * PAGE_SIZE), 0, "the old one is as new");
	is_sound(t->m, "with a mapping that was left behind");

	map(t, A + 8 * PAGE_SIZE, 1, "r", MAPF_FIXED);
	is_int((s64)move_to(t, A, 8, 0, PAGES, 0), -ENOMEM, "without MAYMOVE only in place");
	unmap(t, A + 8 * PAGE_SIZE, 1);
	is_hex(move_to(t, A, 8, 0, PAGES, 0), A, "with room above it grows in place");
	is_int(peek(t, t->task, A + 3 * PAGE_SIZE), 'x', "and keeps its bytes");
	unmap(t, A, PAGES);
	unmap(t, B, PAGES);
}

/* ---- madvise ---- */

static void test_madvise_pages(struct mmtest *t)
{
	handle_t file;

	map(t, A, PAGES, "rw", MAPF_FIXED);
	store(t, A, PAGES);
	poke(t, A, 'x');
	advise(t, A, 8, "dontneed");
	is_uint(resident(t, A, PAGES), 8, "MADV_DONTNEED: the pages are gone at once");
	is_int(peek(t, t->task, A), 0, "and read as zero");
	poke(t, A + 8 * PAGE_SIZE, 'y');
	advise(t, A + 8 * PAGE_SIZE, 8, "free");
	is_uint(resident(t, A + 8 * PAGE_SIZE, 8), 8,
		"MADV_FREE: they stay while memory is plenty");
	is_int(peek(t, t->task, A + 8 * PAGE_SIZE), 'y', "with their bytes");
	is_err(advise(t, A + PAGES * PAGE_SIZE, 1, "dontneed"), -ENOMEM, "where nothing is mapped");
	is_err(advise(t, A, 1, "nonsense"), -EINVAL, "advice that is none");
	is_err(do_madvise(t->m, t->task, A + 1, 4096, "dontneed"), -EINVAL, "an address in a page");
	do_mlock(t->m, t->task, A, 4096, true, false);
	is_err(advise(t, A, 1, "dontneed"), -EINVAL, "locked pages cannot go");
	unmap(t, A, PAGES);

	inode_create(t->m, "/advised", PAGES * PAGE_SIZE, INODE_REGULAR, &file);
	map_file(t, A, PAGES, "rw", MAPF_FIXED, file, 0);
	poke(t, A, 'x');
	is_int(peek(t, t->task, A), 'x', "a private copy of a file's page");
	advise(t, A, PAGES, "dontneed");
	is_int(peek(t, t->task, A), 0, "after MADV_DONTNEED it is the file's again");
	is_err(advise(t, A, PAGES, "free"), -EINVAL, "MADV_FREE is for anonymous memory only");
	unmap(t, A, PAGES);
	inode_unlink(t->m, file);
}

static void test_madvise_populate(struct mmtest *t)
{
	map(t, A, PAGES, "rw", MAPF_FIXED);
	is_err(advise(t, A, 8, "populate_read"), 0, "MADV_POPULATE_READ");
	is_uint(resident(t, A, PAGES), 8, "maps what it was asked for");
	ok(entry(t, A).zero_page, "the zero page");
	is_err(advise(t, A, 8, "populate_write"), 0, "MADV_POPULATE_WRITE");
	ok(!entry(t, A).zero_page && entry(t, A).write, "pages of its own, writable");
	clear_refs(t->m, mm_of(t), 4);
	advise(t, A, 4, "populate_read");
	ok(!entry(t, A).soft_dirty, "reading makes nothing soft-dirty");
	advise(t, A, 4, "populate_write");
	ok(entry(t, A).soft_dirty && !entry(t, A + 4 * PAGE_SIZE).soft_dirty, "writing does");
	protect(t, A, PAGES, "r");
	is_err(advise(t, A, PAGES, "populate_write"), -EINVAL, "not without the right to write");
	is_err(advise(t, A, PAGES, "populate_read"), 0, "reading may");
	protect(t, A, PAGES, "-");
	is_err(advise(t, A, PAGES, "populate_read"), -EINVAL, "not without any");
	unmap(t, A + 8 * PAGE_SIZE, 1);
	protect(t, A, 8, "rw");
	is_err(advise(t, A, PAGES, "populate_write"), -EINVAL, "nor behind a hole");
	protect(t, A + 9 * PAGE_SIZE, 7, "rw");
	is_err(advise(t, A, PAGES, "populate_write"), -ENOMEM, "a hole alone is told at the end");
	is_uint(resident(t, A, PAGES), PAGES - 1, "when all the rest is there");
	unmap(t, A, PAGES);
}

static void test_madvise_fork(struct mmtest *t)
{
	handle_t child, parent = t->task;

	map(t, A, PAGES, "rw", MAPF_FIXED);
	store(t, A, PAGES);
	poke(t, A, 'x');
	poke(t, A + 4 * PAGE_SIZE, 'y');
	is_err(advise(t, A, 4, "wipeonfork"), 0, "wipeonfork");
	is_err(advise(t, A + 8 * PAGE_SIZE, 4, "dontfork"), 0, "dontfork");
	task_fork(t->m, parent, &child);
	is_int(peek(t, child, A), 0, "what is wiped on fork the child finds zero");
	is_int(peek(t, child, A + 4 * PAGE_SIZE), 'y', "the rest it has");
	is_int(peek(t, child, A + 8 * PAGE_SIZE), -1, "what is not for it is not there");
	is_int(peek(t, parent, A), 'x', "the parent has all of it");
	do_exit(t->m, child, 0);
	unmap(t, A, PAGES);
	map(t, A, PAGES, "rw", MAPF_FIXED | MAPF_SHARED);
	is_err(advise(t, A, PAGES, "wipeonfork"), -EINVAL, "shared memory cannot be wiped");
	unmap(t, A, PAGES);
}

static void test_madvise_swap(struct mmtest *t)
{
	map(t, A, PAGES, "rw", MAPF_FIXED);
	store(t, A, PAGES);
	poke(t, A, 'x');
	is_uint(swap_out(t, A, PAGES), PAGES, "all of it is swapped out");
	is_uint(mm(t)->rss[MM_SWAPENTS], PAGES, "VmSwap counts it");
	is_err(advise(t, A, PAGES, "willneed"), 0, "MADV_WILLNEED");
	clock_sleep(t->m, NSEC_PER_SEC);
	is_uint(swapped(t, A, PAGES), PAGES, "brings the pages, though not into the page table");
	ok(t->m->vm_event[PSWPIN] >= PAGES, "they are in the swap cache");
	load(t, A, PAGES);
	is_uint(resident(t, A, PAGES), PAGES, "from where a fault takes them");
	is_int(peek(t, t->task, A), 'x', "with their bytes");
	unmap(t, A, PAGES);
}

/* ---- mincore ---- */

static void count(void *arg, u64 page, bool incore)
{
	(void)page;
	*(u64 *)arg += incore;
}

static int incore(struct mmtest *t, u64 addr, u64 pages, u64 *n)
{
	*n = 0;
	return do_mincore(t->m, t->task, addr, pages * PAGE_SIZE, count, n);
}

static void test_mincore(struct mmtest *t)
{
	handle_t file, child;
	u64 n;

	map(t, A, PAGES, "rw", MAPF_FIXED);
	is_err(incore(t, A, PAGES, &n), 0, "mincore of fresh memory");
	is_uint(n, 0, "no page is there");
	store(t, A, 5);
	incore(t, A, PAGES, &n);
	is_uint(n, 5, "five were touched");
	swap_out(t, A, 2);
	incore(t, A, PAGES, &n);
	is_uint(n, 3, "two of them were swapped out");
	is_err(incore(t, A + 1, 1, &n), -EINVAL, "an address in a page");
	is_err(incore(t, A, PAGES + 1, &n), -ENOMEM, "a range with a hole");
	is_err(do_mincore(t->m, t->task, A, UINT64_MAX, count, &n), -ENOMEM, "a length that wraps");
	unmap(t, A, PAGES);
	map(t, A, PAGES, "rw", MAPF_FIXED | MAPF_SHARED);
	task_fork(t->m, t->task, &child);
	poke(t, A + 4096, 'x');
	as_task(t, child);
	incore(t, A, PAGES, &n);
	is_uint(n, 1, "shared memory that another process touched is there");
	as_task(t, task_at(t->m, child)->parent);
	do_exit(t->m, child, 0);
	unmap(t, A, PAGES);
	inode_create(t->m, "/incore", PAGES * PAGE_SIZE, INODE_REGULAR, &file);
	map_file(t, A, PAGES, "r", MAPF_FIXED, file, 0);
	incore(t, A, PAGES, &n);
	is_uint(n, 0, "nothing of a file was read yet");
	filemap_get_page(t->m, file, 3, true);
	incore(t, A, PAGES, &n);
	is_uint(n, 1, "what the page cache has is there, mapped or not");
	task_at(t->m, t->task)->uid = 1000;
	incore(t, A, PAGES, &n);
	is_uint(n, PAGES, "of a file of somebody else nothing is told");
	task_at(t->m, t->task)->uid = 0;
	unmap(t, A, PAGES);
	inode_unlink(t->m, file);
}

/* ---- mlock ---- */

static void test_mlock(struct mmtest *t)
{
	struct vma_stats s;

	map(t, A, PAGES, "rw", MAPF_FIXED);
	is_err(do_mlock(t->m, t->task, A, 4 * PAGE_SIZE, true, false), 0, "mlock of four pages");
	is_uint(resident(t, A, PAGES), 4, "brings them");
	vma_gather_stats(t->m, find_vma(t->m, mm_of(t), A), &s);
	is_uint(s.locked, 4 * PAGE_SIZE, "smaps: Locked");
	is_uint(mm(t)->locked_vm, 4, "status: VmLck");
	do_mlock(t->m, t->task, A + 8 * PAGE_SIZE, 4 * PAGE_SIZE, true, true);
	is_uint(resident(t, A + 8 * PAGE_SIZE, 4), 0, "MLOCK_ONFAULT brings none");
	store(t, A + 8 * PAGE_SIZE, 1);
	vma_gather_stats(t->m, find_vma(t->m, mm_of(t), A + 8 * PAGE_SIZE), &s);
	is_uint(s.locked, 4096, "and locks what is touched");
	is_uint(mm(t)->locked_vm, 8, "VmLck has all of it");
	unmap(t, A + 14 * PAGE_SIZE, 1);
	is_err(do_mlock(t->m, t->task, A, PAGES * PAGE_SIZE, true, false), -ENOMEM, "over a hole");
	is_err(do_mlock(t->m, t->task, A, 14 * PAGE_SIZE, false, false), 0, "munlock");
	is_uint(mm(t)->locked_vm, 0, "lets all go");
	task_setrlimit(t->m, t->task, RLIM_MEMLOCK, 4 * PAGE_SIZE, RLIM_INF);
	task_at(t->m, t->task)->uid = 1000;
	is_err(do_mlock(t->m, t->task, A, 5 * PAGE_SIZE, true, false), -ENOMEM,
	       "more than RLIMIT_MEMLOCK");
	is_err(do_mlock(t->m, t->task, A, 4 * PAGE_SIZE, true, false), 0, "up to it");
	is_err(do_mlock(t->m, t->task, A + 4096, 2 * PAGE_SIZE, true, false), 0,
	       "the same again is no more");
	is_int((s64)map(t, B, 1, "rw", MAPF_FIXED | MAPF_LOCKED), -EAGAIN, "MAP_LOCKED beyond it");
	task_setrlimit(t->m, t->task, RLIM_MEMLOCK, 0, RLIM_INF);
	is_err(do_mlock(t->m, t->task, A, 4096, true, false), -EPERM, "a limit of nothing");
	task_at(t->m, t->task)->uid = 0;
	unmap(t, A, PAGES);
}

/* ---- soft-dirty ---- */

static void test_soft_dirty(struct mmtest *t)
{
	map(t, A, PAGES, "rw", MAPF_FIXED);
	store(t, A, PAGES);
	clear_refs(t->m, mm_of(t), 4);
	ok(!(vma_at(t->m, find_vma(t->m, mm_of(t), A))->flags & VM_SOFTDIRTY),
	   "clear_refs 4: no mapping is soft-dirty");
	ok(!entry(t, A).soft_dirty, "and no page");
	load(t, A, PAGES);
	ok(!entry(t, A).soft_dirty, "a load changes nothing");
	store(t, A + 4096, 1);
	ok(entry(t, A + 4096).soft_dirty && !entry(t, A).soft_dirty, "a store marks its page");
	protect(t, A, PAGES, "r");
	protect(t, A, PAGES, "rw");
	store(t, A + 2 * PAGE_SIZE, 1);
	ok(entry(t, A + 2 * PAGE_SIZE).soft_dirty && !entry(t, A).soft_dirty,
	   "rights to and fro lose no mark and make none");
	unmap(t, A, PAGES);
	map(t, A, 1, "rw", MAPF_FIXED);
	ok(vma_at(t->m, find_vma(t->m, mm_of(t), A))->flags & VM_SOFTDIRTY,
	   "a mapping that is new is soft-dirty as a whole");
	unmap(t, A, 1);
}

/* ---- bytes through copy on write ---- */

static void test_cow_bytes(struct mmtest *t)
{
	static const char *const states[] = { "resident", "swapped out", "in the swap cache" };
	handle_t child, parent = t->task;
	u32 i;

	for (i = 0; i < 3; i++) {
		map(t, A, PAGES, "rw", MAPF_FIXED);
		store(t, A, PAGES);
		poke(t, A, 'a');
		poke(t, A + 4096, 'b');
		if (i == 1)
			swap_out(t, A, PAGES);
		if (i == 2)
			swap_cached(t, A, PAGES);
		task_fork(t->m, parent, &child);
		poke(t, A, 'p');
		as_task(t, child);
		is_int(peek(t, child, A), 'a', "%s: the child keeps what was there at the fork",
		       states[i]);
		poke(t, A + 4096, 'c');
		is_int(peek(t, parent, A + 4096), 'b', "and the parent what the child writes over");
		is_int(peek(t, parent, A), 'p', "each sees its own");
		as_task(t, parent);
		do_exit(t->m, child, 0);
		is_int(peek(t, parent, A), 'p', "also when the other is gone");
		unmap(t, A, PAGES);
	}
}

static void test_device(struct mmtest *t)
{
	handle_t device, child;
	u64 n, rss = mm_rss(mm(t));
	s64 committed = t->m->mms.committed_as;

	is_err(device_get(t->m, "card", 100000, &device), 0, "a device comes to be");
	is_int((s64)map_file(t, A, 32, "rw", MAPF_FIXED, device, 0), -EINVAL,
	       "not to be had private");
	is_int((s64)map_file(t, A, 33, "rw", MAPF_FIXED | MAPF_SHARED, device, 0), -EINVAL,
	       "nor larger than it is: a power of two");
	is_hex(map_file(t, A, 32, "rw", MAPF_FIXED | MAPF_SHARED | MAPF_LOCKED, device, 0), A,
	       "mapped");
	is_err(store(t, A, 32), 0, "its registers can be written");
	is_uint(mm_rss(mm(t)), rss, "nothing is resident");
	is_int(t->m->mms.committed_as, committed, "nothing was promised");
	is_uint(mm(t)->locked_vm, 0, "nothing is locked");
	is_int(peek(t, t->task, A), -1, "nobody looks in from outside");
	is_err(incore(t, A, 32, &n), 0, "mincore");
	is_uint(n, 0, "finds no pages");
	is_err(advise(t, A, 1, "dontneed"), -EINVAL, "madvise neither");
	is_int((s64)move_to(t, A, 32, 0, 64, MREMAPF_MAYMOVE), -EFAULT, "it cannot be grown");
	is_hex(move_to(t, A, 32, B, 32, MREMAPF_MAYMOVE | MREMAPF_FIXED), B, "but moved");
	is_err(task_fork(t->m, t->task, &child), 0, "a child has it as well");
	as_task(t, child);
	is_err(store(t, B, 32), 0, "and can use it");
	as_task(t, task_at(t->m, child)->parent);
	do_exit(t->m, child, 0);
	is_sound(t->m, "with a device mapped");
	unmap(t, B, 32);
}

int main(void)
{
	struct mmtest t;

	mmtest_open(&t, 512);
	swapon(t.m, "/dev/vdb", 64ull << 20, -1, false);
	test_brk(&t);
	test_mmap_populate(&t);
	test_mmap_end_of_file(&t);
	test_mmap_rights(&t);
	test_mmap_noreplace(&t);
	test_growsdown(&t);
	test_mprotect(&t);
	test_mremap(&t);
	test_madvise_pages(&t);
	test_madvise_populate(&t);
	test_madvise_fork(&t);
	test_madvise_swap(&t);
	test_mincore(&t);
	test_mlock(&t);
	test_soft_dirty(&t);
	test_cow_bytes(&t);
	test_device(&t);
	mmtest_close(&t);
	return done_testing();
}
