/*
 * Long calls let others in: what they see meanwhile is sound, and in the end the call has done what
 * it does in one go.
 */
#include <errno.h>
#include <mman/compaction.h>
#include <mman/mempolicy.h>
#include <mman/namei.h>
#include <mman/swap.h>
#include <mman/vmscan.h>
#include <string.h>

#include "mm/vma.h"
#include "tests/mmtest.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define A     0x20000000ull
#define PAGES (120u << 10) /* several batches */
#define ADDR  A, PAGES

/* Somebody who comes in at each safe point that lets him. */
struct visitor {
	u32 visits, unsound;
	u32 processes; /* at the last visit */
	u64 locked_least, locked_most;
	u64 shmem_least; /* pages of shared memory */
	handle_t tables_of;
	u32 tables_least; /* page tables of that address space */
	u32 end_at;	  /* the visit at which the command is to end */
	handle_t kill;	  /* whom to kill at the first visit */
};

static bool visit(struct machine *m, void *arg)
{
	struct visitor *v = arg;
	u64 locked = (u64)m->vm_zone_stat[NR_MLOCK];

	if (!v->visits++)
		v->locked_least = locked;
	v->locked_least = locked < v->locked_least ? locked : v->locked_least;
	v->locked_most = locked > v->locked_most ? locked : v->locked_most;
	v->shmem_least = (u64)m->vm_node_stat[NR_SHMEM];
	if (v->tables_of)
		v->tables_least = mm_at(m, v->tables_of)->nr_ptes;
	v->processes = m->tasks.nr_tasks;
	v->unsound += count_violations(m, "in the middle");
	/* populating has a safe point for each page */
	m->attention = v->visits < 20;
	if (v->kill && v->visits == 1)
		send_signal(m, v->kill, 9, 0);
	return v->visits != v->end_at;
}

static void let_in(struct mmtest *t, struct visitor *v)
{
	t->m->host.yield = visit;
	t->m->host.arg = v;
	t->m->attention = 1;
	/* within a command of its own, at the outermost level */
	t->r.interrupted = false;
}

static void alone(struct mmtest *t)
{
	memset(&t->m->host, 0, sizeof(t->m->host));
	t->m->attention = 0;
	t->r.interrupted = false;
}

static void test_fork(struct mmtest *t)
{
	struct visitor v = { .visits = 0 };
	u32 tasks = t->m->tasks.nr_tasks, mms = t->m->mms.mms.nr_live;
	handle_t child = 0;
	struct mark at, d;

	store(t, ADDR);
	mark(t, &at);
	let_in(t, &v);
	is_err(task_fork(t->m, t->task, &child), 0, "fork of a process with 480 MiB");
	alone(t);
	cmp_int(v.visits, >=, 3, "lets others in");
	is_uint(v.unsound, 0, "who find a sound machine");
	is_uint(v.processes, tasks, "and no half-made child");
	is_int(mm_at(t->m, task_at(t->m, child)->mm)->rss[MM_ANONPAGES],
	       mm_at(t->m, mm_of(t))->rss[MM_ANONPAGES], "the child has it all in the end");
	do_exit(t->m, child, 0);

	v = (struct visitor){ .end_at = 2 };
	let_in(t, &v);
	is_err(task_fork(t->m, t->task, &child), -EINTR, "it can be interrupted");
	alone(t);
	d = since(t, &at);
	is_int(d.committed, 0, "then nothing is left");
	is_uint(t->m->mms.mms.nr_live, mms, "of the copy");
	is_uint(t->m->tasks.nr_tasks, tasks, "nor of the child");
	is_sound(t->m, "after a fork that was interrupted");

	v = (struct visitor){ .kill = t->task };
	let_in(t, &v);
	is_err(task_fork(t->m, t->task, &child), -EINTR, "and ends when the parent is killed");
	alone(t);
	is_int(t->r.fatal_signal, 9, "which is still to die");
	t->r.fatal_signal = 0;
	is_sound(t->m, "after a fork whose parent was killed");
}

/* A call on the 480 MiB that is made in pieces: one mapping before, one afterwards. */
static void test_pieces(struct mmtest *t, const char *what, int (*call)(struct mmtest *t),
			const char *want)
{
	struct visitor v = { .visits = 0 };
	u32 vmas = mm_at(t->m, mm_of(t))->map_count;

	let_in(t, &v);
	is_err(call(t), 0, "%s of 480 MiB", what);
	alone(t);
	cmp_int(v.visits, >=, 3, "lets others in");
	is_uint(v.unsound, 0, "who find a sound machine");
	is_uint(mm_at(t->m, mm_of(t))->map_count, vmas, "it is one mapping afterwards");
	is_str(maps(t, A, A + PAGES * PAGE_SIZE), want, "as it should be");
	is_sound(t->m, what);
}

static int to_read_only(struct mmtest *t)
{
	return protect(t, ADDR, "r");
}

static int to_none(struct mmtest *t)
{
	return protect(t, ADDR, "-");
}

static int to_writable(struct mmtest *t)
{
	return protect(t, ADDR, "rw");
}

static int lock(struct mmtest *t)
{
	return do_mlock(t->m, t->task, A, PAGES * PAGE_SIZE, true, false);
}

static int unlock(struct mmtest *t)
{
	return do_mlock(t->m, t->task, A, PAGES * PAGE_SIZE, false, false);
}

static int lock_all(struct mmtest *t)
{
	return do_mlockall(t->m, t->task, true, false, false, true);
}

static int unlock_all(struct mmtest *t)
{
	return do_mlockall(t->m, t->task, false, false, false, false);
}

static void test_mprotect(struct mmtest *t)
{
	struct visitor v = { .end_at = 2 };
	struct mark at, d;

	store(t, ADDR);
	mark(t, &at);
	test_pieces(t, "mprotect to r", to_read_only, "20000000-3e000000 r--p");
	test_pieces(t, "mprotect to none", to_none, "20000000-3e000000 ---p");
	test_pieces(t, "mprotect to rw", to_writable, "20000000-3e000000 rw-p");
	d = since(t, &at);
	is_int(d.committed, 0, "a private mapping that was charged once is not charged again");
	store(t, ADDR);
	d = since(t, &at);
	is_uint(d.pgfault, 0, "nothing was lost: a store needs no fault");

	let_in(t, &v);
	is_err(to_read_only(t), -EINTR, "mprotect can be interrupted");
	alone(t);
	is_str(maps(t, A, A + PAGES * PAGE_SIZE), "20000000-30000000 r--p\n30000000-3e000000 rw-p",
	       "and has come so far");
	to_writable(t);
	is_str(maps(t, A, A + PAGES * PAGE_SIZE), "20000000-3e000000 rw-p", "it can be undone");
}

/* Each piece would be granted, the whole is not: nothing must happen. */
static void test_mprotect_charge(struct mmtest *t)
{
	u64 a = map(t, 0x100000000, 1u << 20, "r", MAPF_FIXED);

	ok(!MAP_FAILED_AT(a), "4 GiB that can only be read");
	is_err(protect(t, a, 1u << 20, "rw"), -ENOMEM, "are too much to be made writable");
	is_str(maps(t, a, a + (4ull << 30)), "100000000-200000000 r--p", "no piece of it is");
	unmap(t, a, 1u << 20);
}

static void test_mlock(struct mmtest *t)
{
	test_pieces(t, "mlock", lock, "20000000-3e000000 rw-p");
	is_uint((u64)t->m->vm_zone_stat[NR_MLOCK], PAGES, "every page is locked");
	is_uint(mm_at(t->m, mm_of(t))->locked_vm, PAGES, "VmLck says so");
	test_pieces(t, "munlock", unlock, "20000000-3e000000 rw-p");
	is_uint((u64)t->m->vm_zone_stat[NR_MLOCK], 0, "none is");
	test_pieces(t, "mlockall", lock_all, "20000000-3e000000 rw-p");
	cmp_int(t->m->vm_zone_stat[NR_MLOCK], >=, PAGES, "every page and more");
	test_pieces(t, "munlockall", unlock_all, "20000000-3e000000 rw-p");
	is_uint((u64)t->m->vm_zone_stat[NR_MLOCK], 0, "none");
	is_uint(mm_at(t->m, mm_of(t))->locked_vm, 0, "nor in VmLck");
}

/* Without room for a mapping more there are no pieces, and no failure either. */
static void test_no_room(struct mmtest *t)
{
	s32 before = t->m->sysctl.max_map_count;

	t->m->sysctl.max_map_count = (s32)mm_at(t->m, mm_of(t))->map_count;
	is_err(to_read_only(t), 0, "mprotect needs no room for pieces");
	is_err(to_writable(t), 0, "nor back");
	is_err(lock(t), 0, "nor mlock");
	is_err(unlock(t), 0, "nor munlock");
	t->m->sysctl.max_map_count = before;
}

/* ---- what holds no memory, but takes its time ---- */

#define VAST_PAGES (24ull << 18)

static int move_untouched(struct mmtest *t)
{
	u64 addrs[2048];
	int nodes[2048], status[2048], i;

	for (i = 0; i < 2048; i++) {
		addrs[i] = A + (u64)i * PAGE_SIZE;
		nodes[i] = 0;
	}
	return do_move_pages(t->m, t->task, 2048, addrs, nodes, status, false);
}

static int swap_out(struct mmtest *t)
{
	u64 pages;

	return swap_out_process(t->m, t->task, &pages);
}

static int unmap_it(struct mmtest *t)
{
	return unmap(t, A, VAST_PAGES);
}

static void test_empty(struct mmtest *t, const char *what, int (*call)(struct mmtest *t))
{
	struct visitor v = { .visits = 0 };

	let_in(t, &v);
	is_err(call(t), 0, "%s", what);
	alone(t);
	cmp_int(v.visits, >=, 2, "lets others in");
	is_uint(v.unsound, 0, "who find a sound machine");
}

/* Zero pages: no memory of their own, and entries for 24 GiB. */
static void test_no_memory(struct mmtest *t)
{
	map(t, A, VAST_PAGES, "rw", MAPF_FIXED | MAPF_NORESERVE);
	test_empty(t, "move_pages of what nobody has touched", move_untouched);
	load(t, A, VAST_PAGES);
	is_uint(mm_rss(mm_at(t->m, mm_of(t))) < 1000, true, "reading takes no memory");
	test_empty(t, "swapping out zero pages", swap_out);
	test_empty(t, "unmapping them", unmap_it);
	is_sound(t->m, "after all of it");
}

/* ---- memory that goes with its last user ---- */

#define SHARED_PAGES 0x28000ull

static void shared_memory(struct mmtest *t)
{
	map(t, A, SHARED_PAGES, "rw", MAPF_FIXED | MAPF_SHARED);
	store(t, A, SHARED_PAGES);
}

/* The pages go batch by batch after the mapping has gone in batches: neither is one step. */
static void is_gradual(struct mmtest *t, const struct visitor *v, const char *what)
{
	cmp_int(v->visits, >=, 2 * SHARED_PAGES / BATCH_PAGES - 2, "%s lets others in", what);
	is_uint(v->unsound, 0, "who find a sound machine");
	cmp_int((s64)v->shmem_least, <, SHARED_PAGES / 2, "and see the memory go");
	is_int(t->m->vm_node_stat[NR_SHMEM], 0, "all of it goes");
	is_uint(t->m->mms.evict_head, 0, "no file is left half-way");
	is_sound(t->m, what);
}

static void test_shared(struct mmtest *t)
{
	struct visitor v = { .visits = 0 };
	handle_t parent = t->task, child = 0, wide;

	shared_memory(t);
	let_in(t, &v);
	is_err(unmap(t, A, SHARED_PAGES), 0, "munmap of 640 MiB that nobody else shares");
	alone(t);
	is_gradual(t, &v, "the last munmap");

	shared_memory(t);
	v = (struct visitor){ .visits = 0 };
	let_in(t, &v);
	wide = map(t, A, SHARED_PAGES, "r", MAPF_FIXED) == A;
	alone(t);
	ok(wide, "another mapping takes its place");
	is_gradual(t, &v, "mmap over it");
	unmap(t, A, SHARED_PAGES);

	task_fork(t->m, parent, &child);
	as_task(t, child);
	shared_memory(t);
	as_task(t, parent);
	v = (struct visitor){ .visits = 0 };
	let_in(t, &v);
	t->m->running = NULL;
	is_err(kill_process(t->m, child, 9, 0), 0, "the end of its only user");
	alone(t);
	is_gradual(t, &v, "kill");
	as_task(t, parent);
}

static int shrink(struct mmtest *t)
{
	u64 to;

	return do_mremap(t->m, t->task, A, PAGES * PAGE_SIZE, PAGE_SIZE, false, &to);
}

static int exec_other(struct mmtest *t)
{
	return task_exec(t->m, t->task, "/bin/other");
}

static void test_shrink(struct mmtest *t)
{
	map(t, A, PAGES, "rw", MAPF_FIXED);
	store(t, A, PAGES);
	test_empty(t, "mremap that makes it smaller", shrink);
	is_sound(t->m, "then");
	store(t, A, 1);
	unmap(t, A, 1);
}

static void test_exec(struct mmtest *t)
{
	handle_t parent = t->task, child = 0;

	task_fork(t->m, parent, &child);
	as_task(t, child);
	map(t, A, PAGES, "rw", MAPF_FIXED);
	store(t, A, PAGES);
	test_empty(t, "execve of a large process", exec_other);
	cmp_int(mm_rss(mm_at(t->m, mm_of(t))), <, 1000, "it has begun anew");
	is_sound(t->m, "then");
	as_task(t, parent);
	do_exit(t->m, child, 0);
}

/* A page in each of many tables: they go along, batch by batch. */
static void test_tables(struct mmtest *t)
{
	struct visitor v = { .tables_of = mm_of(t) };
	const u64 tables = 40000, span = 2ull << 20;
	u32 before = mm_at(t->m, mm_of(t))->nr_ptes;
	u64 i;

	map(t, 0x100000000, tables * 512, "r", MAPF_FIXED | MAPF_NORESERVE);
	for (i = 0; i < tables; i++)
		mm_access(t->m, t->task, 0x100000000 + i * span, false);
	is_uint(mm_at(t->m, mm_of(t))->nr_ptes, before + tables, "40,000 page tables");
	let_in(t, &v);
	is_err(unmap(t, 0x100000000, tables * 512), 0, "munmap of what they map");
	alone(t);
	cmp_int(v.visits, >=, 2, "lets others in");
	is_uint(v.unsound, 0, "who find a sound machine");
	cmp_int(v.tables_least, <, tables / 2, "and see tables go");
	is_uint(mm_at(t->m, mm_of(t))->nr_ptes, before, "all of them go");
	is_sound(t->m, "then");
}

/* ---- files of the disk ---- */

static handle_t cached_file(struct mmtest *t)
{
	handle_t h;

	vfs_create(t->m, 0, "f", INODE_REGULAR, 0644, &h);
	vfs_truncate(t->m, h, SHARED_PAGES * PAGE_SIZE);
	map_file(t, A, SHARED_PAGES, "r", MAPF_FIXED | MAPF_SHARED, h, 0);
	load(t, A, SHARED_PAGES);
	unmap(t, A, SHARED_PAGES);
	return h;
}

/* Somebody makes the file longer while it is being truncated. */
static bool lengthen(struct machine *m, void *arg)
{
	vfs_truncate(m, *(handle_t *)arg, 8 * PAGE_SIZE);
	m->attention = 0;
	return true;
}

static void test_files(struct mmtest *t)
{
	struct visitor v = { .visits = 0 };
	handle_t h = cached_file(t);

	is_uint(inode_at(t->m, h)->nrpages, SHARED_PAGES, "640 MiB of a file in the page cache");
	let_in(t, &v);
	is_err(vfs_truncate(t->m, h, PAGE_SIZE), 0, "truncate");
	alone(t);
	cmp_int(v.visits, >=, SHARED_PAGES / BATCH_PAGES - 1, "lets others in");
	is_uint(v.unsound, 0, "who find a sound machine");
	is_uint(inode_at(t->m, h)->nrpages, 1, "one page is left");
	vfs_unlink(t->m, 0, "f");

	h = cached_file(t);
	t->m->host.yield = lengthen;
	t->m->host.arg = &h;
	t->m->attention = 1;
	is_err(vfs_truncate(t->m, h, PAGE_SIZE), 0, "truncate");
	alone(t);
	is_uint(inode_at(t->m, h)->size, 8 * PAGE_SIZE, "who came later has the last word");
	is_sound(t->m, "then");
	vfs_unlink(t->m, 0, "f");

	cached_file(t);
	v = (struct visitor){ .visits = 0 };
	let_in(t, &v);
	is_err(vfs_unlink(t->m, 0, "f"), 0, "unlink");
	alone(t);
	cmp_int(v.visits, >=, SHARED_PAGES / BATCH_PAGES - 1, "lets others in");
	is_uint(v.unsound, 0, "who find a sound machine");
	is_uint(t->m->mms.evict_head, 0, "no file is left half-way");
	is_sound(t->m, "then");
}

/* ---- many of something ---- */

static void test_many_mappings(struct mmtest *t)
{
	struct visitor v = { .visits = 0 };
	const u32 many = 10000;
	handle_t child = 0;
	u32 i;

	for (i = 0; i < many; i++)
		map(t, A + 2ull * i * PAGE_SIZE, 1, i % 2 ? "r" : "rw", MAPF_FIXED);
	let_in(t, &v);
	is_err(task_fork(t->m, t->task, &child), 0, "fork of 10,000 mappings with nothing in them");
	alone(t);
	cmp_int(v.visits, >=, 3, "lets others in");
	is_uint(v.unsound, 0, "who find a sound machine");
	is_uint(mm_at(t->m, task_at(t->m, child)->mm)->map_count, mm_at(t->m, mm_of(t))->map_count,
		"the child has them all");
	do_exit(t->m, child, 0);
	unmap(t, A, 2ull * many);
}

/* Only one of many has anything in swap: to find it takes one walk, with safe points. */
static void test_swapoff(struct mmtest *t)
{
	struct visitor v = { .visits = 0 };
	handle_t parent = t->task, child[5000] = { 0 };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(child); i++)
		if (task_fork(t->m, parent, &child[i]))
			bail_out("no process");
	swapon(t->m, "/dev/swap", 16 << 20, -1, false);
	as_task(t, child[ARRAY_SIZE(child) - 1]);
	map(t, A, 64, "rw", MAPF_FIXED);
	store(t, A, 64);
	swap_out(t);
	cmp_int((s64)t->m->swap.used_pages, >=, 64, "pages in swap");
	as_task(t, parent);
	let_in(t, &v);
	is_err(swapoff(t->m, "/dev/swap"), 0, "swapoff among 5,000 processes");
	alone(t);
	cmp_int(v.visits, >=, 2, "lets others in");
	is_uint(v.unsound, 0, "who find a sound machine");
	for (i = 0; i < ARRAY_SIZE(child); i++)
		do_exit(t->m, child[i], 0);
	is_sound(t->m, "then");
}

static void test_fragment(struct mmtest *t)
{
	struct visitor v = { .visits = 0 };

	is_err(fragment_zone(t->m, 0, ZONE_DMA32, 700, false), 0, "much memory is held in pieces");
	let_in(t, &v);
	is_err(fragment_zone(t->m, 0, ZONE_DMA32, 0, false), 0, "and given back");
	alone(t);
	cmp_int(v.visits, >=, 2, "others are let in");
	is_uint(v.unsound, 0, "who find a sound machine");
	is_sound(t->m, "then");
}

/* It dies at some event: then its sleep is over, whether others wait to be let in or not. */
static u64 sleep_of_the_dead(struct mmtest *t, u32 attention)
{
	u64 start = t->m->clock.now, slept;

	event_schedule(t->m, EVENT_KSWAPD, 0, start + 10 * NSEC_PER_MSEC);
	t->m->attention = attention;
	t->r.died = true;
	ok(!clock_sleep(t->m, 50 * NSEC_PER_MSEC), "who has died does not sleep on");
	t->r.died = false;
	alone(t);
	slept = t->m->clock.now - start;
	clock_sleep(t->m, 50 * NSEC_PER_MSEC);
	return slept;
}

static void test_death(struct mmtest *t)
{
	is_uint(sleep_of_the_dead(t, 0), sleep_of_the_dead(t, 1), "nor longer if nobody waits");
}

int main(void)
{
	struct mmtest t;

	mmtest_open(&t, 1024);
	map(&t, A, PAGES, "rw", MAPF_FIXED);
	test_fork(&t);
	test_mprotect(&t);
	test_mprotect_charge(&t);
	test_mlock(&t);
	test_no_room(&t);
	unmap(&t, A, PAGES);
	test_no_memory(&t);
	test_shared(&t);
	test_shrink(&t);
	test_exec(&t);
	test_tables(&t);
	test_files(&t);
	test_many_mappings(&t);
	test_swapoff(&t);
	test_fragment(&t);
	test_death(&t);
	mmtest_close(&t);
	return done_testing();
}
