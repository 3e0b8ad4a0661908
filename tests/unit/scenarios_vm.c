/*
 * More of what LTP and the kernel's own tests expect of mappings: policies that merge them (vma02,
 * vma04), locks that cut them (mlock2-tests, on-fault-limit, mlock-random-test), heap and stack up
 * to their limits (data_space, stack_space), frames that fail under them (madvise07,
 * memory-failure).
 */
#include "tests/swaptest.h"

#include <mman/contents.h>
#include <mman/memory_hotplug.h>
#include <mman/mempolicy.h>

#include <errno.h>
#include <string.h>

#include "mm/vma.h"
#include "tests/draw.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define A      0x20000000ull
#define B      0x30000000ull
#define PAGES  12u
#define SIGBUS 7
#define SEGV   11

static u64 at(u64 page)
{
	return A + page * PAGE_SIZE;
}

static struct mm *mm(const struct mmtest *t)
{
	return mm_at(t->m, mm_of(t));
}

static bool poke(struct mmtest *t, u64 addr, char byte)
{
	return access_remote_vm(t->m, t->task, addr, &byte, 1, true) == 1;
}

static int peek(struct mmtest *t, u64 addr)
{
	unsigned char byte;

	return access_remote_vm(t->m, t->task, addr, &byte, 1, false) == 1 ? byte : -1;
}

/* What a child of the process does, and the signal that it dies of; 0: it lives. */
static int in_child(struct mmtest *t, void (*does)(struct mmtest *t, u64 addr), u64 addr)
{
	handle_t child, parent = t->task;
	struct running r;
	int sig;

	if (task_fork(t->m, parent, &child))
		return -1;
	task_run_begin(t->m, &r, child);
	t->task = child;
	does(t, addr);
	t->task = parent;
	sig = r.fatal_signal & 0x7f;
	if (task_run_end(t->m, &r))
		do_exit(t->m, child, 0);
	return sig;
}

static void touches(struct mmtest *t, u64 addr)
{
	mm_access(t->m, t->task, addr, true);
}

/* ---- policies ---- */

enum policy { NONE, ONE, TWO, THREE };

static int bind(struct mmtest *t, u64 first, u64 n, enum policy policy)
{
	static const u32 modes[] = { MPOL_DEFAULT, MPOL_BIND, MPOL_INTERLEAVE, MPOL_PREFERRED };

	return do_mbind(t->m, t->task, at(first), n * PAGE_SIZE, modes[policy], 0, policy ? 1 : 0,
			0);
}

/*
 * Three neighbours of four pages, of which the one in the middle gets another policy. PA: it was
 * part of the mapping before it, AN: of the one behind it, PAN: of both.
 */
static const struct mbind_case {
	const char *name;
	enum policy before[3], middle;
	bool touched;
	const char *maps;
} mbind_cases[] = {
	{ "PPPPAAAANNNN, A as N: P shrinks, N grows",
	  { ONE, ONE, TWO },
	  TWO,
	  false,
	  "20000000-20004000 rw-p\n20004000-2000c000 rw-p" },
	{ "PPPPAAAANNNN, A as P: P grows, N shrinks",
	  { ONE, TWO, TWO },
	  ONE,
	  false,
	  "20000000-20008000 rw-p\n20008000-2000c000 rw-p" },
	{ "P A P, A as both: one mapping",
	  { ONE, TWO, ONE },
	  ONE,
	  false,
	  "20000000-2000c000 rw-p" },
	{ "P A N, A as P: it joins P",
	  { ONE, THREE, TWO },
	  ONE,
	  false,
	  "20000000-20008000 rw-p\n20008000-2000c000 rw-p" },
	{ "P A N, A as N: it joins N",
	  { ONE, THREE, TWO },
	  TWO,
	  false,
	  "20000000-20004000 rw-p\n20004000-2000c000 rw-p" },
	{ "P A N, A as neither: nothing joins",
	  { ONE, ONE, TWO },
	  THREE,
	  false,
	  "20000000-20004000 rw-p\n20004000-20008000 rw-p\n20008000-2000c000 rw-p" },
	{ "A within one mapping: three",
	  { ONE, ONE, ONE },
	  TWO,
	  false,
	  "20000000-20004000 rw-p\n20004000-20008000 rw-p\n20008000-2000c000 rw-p" },
	{ "A back to no policy, as both: one mapping",
	  { NONE, TWO, NONE },
	  NONE,
	  false,
	  "20000000-2000c000 rw-p" },
	{ "the same with pages in all of it",
	  { ONE, TWO, ONE },
	  ONE,
	  true,
	  "20000000-2000c000 rw-p" },
	{ "and where A joins N only",
	  { ONE, THREE, TWO },
	  TWO,
	  true,
	  "20000000-20004000 rw-p\n20004000-2000c000 rw-p" },
};

static void test_mbind_merges(struct mmtest *t)
{
	size_t i;
	u64 part;

	for (i = 0; i < sizeof(mbind_cases) / sizeof(*mbind_cases); i++) {
		const struct mbind_case *c = &mbind_cases[i];
		int error = 0;

		map(t, A, PAGES, "rw", MAPF_FIXED);
		if (c->touched)
			store(t, A, PAGES);
		for (part = 0; part < 3; part++)
			error |= bind(t, part * 4, 4, c->before[part]);
		error |= bind(t, 4, 4, c->middle);
		is_err(error, 0, "mbind");
		is_str(maps(t, A, B), c->maps, "%s", c->name);
		unmap(t, A, PAGES);
	}
}

/* ---- locks ---- */

static void test_lock_cuts(struct mmtest *t)
{
	map(t, A, 3, "rw", MAPF_FIXED);
	do_mlock(t->m, t->task, A, 3 * PAGE_SIZE, true, true);
	is_str(maps(t, A, B), "20000000-20003000 rw-p", "mlock2 of all of it: one mapping");
	do_mlock(t->m, t->task, at(1), PAGE_SIZE, false, false);
	is_str(maps(t, A, B),
	       "20000000-20001000 rw-p\n20001000-20002000 rw-p\n20002000-20003000 rw-p",
	       "munlock of the page in the middle: three");
	do_mlock(t->m, t->task, at(0), PAGE_SIZE, false, false);
	is_str(maps(t, A, B), "20000000-20002000 rw-p\n20002000-20003000 rw-p",
	       "of the first: two");
	do_mlock(t->m, t->task, A, 3 * PAGE_SIZE, false, false);
	is_str(maps(t, A, B), "20000000-20003000 rw-p", "of all of them: one");
	store(t, A, 1);
	do_mlock(t->m, t->task, A, 3 * PAGE_SIZE, true, true);
	ok(frame(t, A) != PFN_NONE && page_test(pfn_to_page(t->m, frame(t, A)), PG_mlocked),
	   "on fault: a page that is there already is locked at once");
	is_hex(frame(t, at(1)), PFN_NONE, "the others when they come");
	unmap(t, A, 3);
}

static void test_lock_all_on_fault(struct mmtest *t)
{
	struct vma_stats s;

	task_setrlimit(t->m, t->task, RLIM_MEMLOCK, 16ull << 20, RLIM_INF);
	task_at(t->m, t->task)->uid = 1000;
	is_err(do_mlockall(t->m, t->task, false, true, true, true), 0,
	       "mlockall(MCL_FUTURE | MCL_ONFAULT)");
	is_int((s64)map(t, A, (32 << 20) >> PAGE_SHIFT, "rw", MAPF_FIXED), -EAGAIN,
	       "a mapping of more than RLIMIT_MEMLOCK is refused, though nothing of it is locked yet");
	is_hex(map(t, A, PAGES, "rw", MAPF_FIXED), A, "a smaller one is not");
	store(t, A, 4);
	vma_gather_stats(t->m, find_vma(t->m, mm_of(t), A), &s);
	is_uint(s.locked, 4 * PAGE_SIZE, "and locks what is touched");
	is_err(do_mlockall(t->m, t->task, false, false, false, false), 0, "munlockall");
	is_uint(mm(t)->locked_vm, 0, "lets all go");
	is_uint(mm(t)->def_flags & (VM_LOCKED | VM_LOCKONFAULT), 0, "and what is to come");
	task_at(t->m, t->task)->uid = 0;
	unmap(t, A, PAGES);
}

/* Any ranges of a mapping, by either call: within the limit they are locked, beyond it nothing has
 * changed. */
static void test_lock_at_random(struct mmtest *t)
{
	const u64 pages = 256, limit = 100;
	bool right = true, refused = false;
	u64 seed = 7, i;

	map(t, A, pages, "rw", MAPF_FIXED);
	task_setrlimit(t->m, t->task, RLIM_MEMLOCK, limit * PAGE_SIZE, RLIM_INF);
	task_at(t->m, t->task)->uid = 1000;
	for (i = 0; i < 400 && right; i++) {
		u64 first = draw(&seed, (u32)pages - 60), n = 1 + draw(&seed, 60),
		    before = mm(t)->locked_vm;
		bool lock = draw(&seed, 3), onfault = draw(&seed, 2);
		int error = do_mlock(t->m, t->task, at(first), n * PAGE_SIZE, lock, onfault);

		if (error)
			right = error == -ENOMEM && lock && mm(t)->locked_vm == before &&
				before + n > limit;
		else
			right = mm(t)->locked_vm <= limit;
		refused |= error != 0;
	}
	ok(right && refused, "what is locked never exceeds RLIMIT_MEMLOCK, and VmLck is right");
	is_sound(t->m, "after locks at random");
	task_at(t->m, t->task)->uid = 0;
	unmap(t, A, pages);
	is_uint(mm(t)->locked_vm, 0, "and none is left");
}

/* ---- heap and stack ---- */

static void test_data_space(struct mmtest *t)
{
	u64 start = mm(t)->brk, brk = start, limit = 64 * PAGE_SIZE;
	u32 grown = 0;

	/* all private memory that can be written to counts, not only the heap */
	task_setrlimit(t->m, t->task, RLIM_DATA, mm(t)->data_vm * PAGE_SIZE + limit, RLIM_INF);
	while (!do_brk(t->m, t->task, 4 * PAGE_SIZE, &brk)) {
		store(t, PAGE_ALIGN(brk - 4 * PAGE_SIZE), 3);
		poke(t, brk - 1, (char)++grown);
	}
	is_uint(grown, 16, "the heap grows up to RLIMIT_DATA");
	is_hex(mm(t)->brk, brk, "the call that was refused has not moved the break");
	is_int(peek(t, start + 4 * PAGE_SIZE - 1), 1, "what was written first is there");
	is_int(peek(t, brk - 1), 16, "and what was written last");
	task_setrlimit(t->m, t->task, RLIM_DATA, RLIM_INF, RLIM_INF);
	do_brk(t->m, t->task, (s64)(start - brk), &brk);
	is_hex(brk, start, "all of it goes back");
}

static void test_stack_space(struct mmtest *t)
{
	u64 top = vma_at(t->m, find_vma(t->m, mm_of(t), mm(t)->start_stack))->end, limit = 1 << 20;

	task_setrlimit(t->m, t->task, RLIM_STACK, limit, RLIM_INF);
	is_int(in_child(t, touches, top - limit), 0, "a stack grows to RLIMIT_STACK");
	is_int(in_child(t, touches, top - limit - 1), SEGV, "one byte more is SIGSEGV");
	is_int(in_child(t, touches, top - limit / 2), 0, "half of it in one step is no matter");
	task_setrlimit(t->m, t->task, RLIM_STACK, 8 << 20, RLIM_INF);
}

/* ---- frames that fail ---- */

/* A page of its own: all who share one would be told. */
static void fails(struct mmtest *t, u64 addr)
{
	map(t, addr, 1, "rw", MAPF_FIXED);
	store(t, addr, 1);
	advise(t, addr, 1, "hwpoison");
}

static void test_anonymous_fails(struct mmtest *t)
{
	u64 poisoned = t->m->num_poisoned_pages;

	map(t, A, PAGES, "rw", MAPF_FIXED);
	store(t, A, PAGES);
	poke(t, at(5), 'x');
	is_err(advise(t, at(4), 1, "hwpoison"), 0, "MADV_HWPOISON of an anonymous page");
	is_uint(t->m->num_poisoned_pages, poisoned + 1, "counts a frame as corrupt");
	is_int(in_child(t, touches, at(4)), SIGBUS, "whoever touches it gets SIGBUS");
	is_int(in_child(t, touches, at(5)), 0, "its neighbour is fine");
	is_int(peek(t, at(5)), 'x', "with what it holds");
	is_int(peek(t, at(4)), -1, "from outside it cannot be read either");
	unmap(t, at(4), 1);
	map(t, at(4), 1, "rw", MAPF_FIXED);
	is_int(in_child(t, touches, at(4)), 0, "mapped anew there is another frame");
	t->m->sysctl.memory_failure_early_kill = 1;
	is_int(in_child(t, fails, B), SIGBUS, "memory_failure_early_kill: SIGBUS at once");
	t->m->sysctl.memory_failure_early_kill = 0;
	unmap(t, A, PAGES);
	is_uint(t->m->num_poisoned_pages, poisoned + 2, "the frames are lost for good");
	is_err((task_at(t->m, t->task)->uid = 1000, map(t, A, 1, "rw", MAPF_FIXED),
		advise(t, A, 1, "hwpoison")),
	       -EPERM, "for root only");
	task_at(t->m, t->task)->uid = 0;
	unmap(t, A, 1);
}

static void test_file_fails(struct mmtest *t)
{
	handle_t file;

	inode_create(t->m, "/fails", PAGES * PAGE_SIZE, INODE_REGULAR, &file);
	map_file(t, A, PAGES, "rw", MAPF_FIXED | MAPF_SHARED, file, 0);
	load(t, A, PAGES);
	is_err(advise(t, A, 1, "hwpoison"), 0, "of a clean page of a file");
	is_int(in_child(t, touches, A), 0, "it is read again");
	store(t, at(1), 1);
	is_err(advise(t, at(1), 1, "hwpoison"), 0, "of a dirty one");
	is_int(handle_mm_fault(t->m, t->task, at(1), false), VM_FAULT_SIGBUS,
	       "what was written is lost, and who touches it is told");
	is_int(in_child(t, touches, at(1)), 0,
	       "a child, which never saw it, reads what the disk has");
	is_int(in_child(t, touches, at(2)), 0, "the rest of the file is there");
	unmap(t, A, PAGES);
	inode_unlink(t->m, file);
}

int main(void)
{
	struct mmtest t;

	mmtest_open(&t, 256);
	test_mbind_merges(&t);
	test_lock_cuts(&t);
	test_lock_all_on_fault(&t);
	test_lock_at_random(&t);
	test_data_space(&t);
	test_stack_space(&t);
	test_anonymous_fails(&t);
	test_file_fails(&t);
	mmtest_close(&t);
	return done_testing();
}
