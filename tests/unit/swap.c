/* Swap: the swap cache, swap entries and everything that meets them, swapoff. */
#include <errno.h>
#include <mman/namei.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sound.h"
#include "tests/swaptest.h"
#include "tests/tap.h"

#include "mm/swapfile.h"

#define A    0x20000000ull
#define AREA SWAPTEST_AREA

static s64 node_stat(const struct mmtest *t, enum node_stat_item i)
{
	return t->m->vm_node_stat[i];
}

static s64 swapents(struct mmtest *t)
{
	return mm_at(t->m, mm_of(t))->rss[MM_SWAPENTS];
}

static u64 at(u64 page)
{
	return A + page * PAGE_SIZE;
}

/* ---- out and in ---- */

static void test_out(void)
{
	struct mmtest t;
	struct pte_info e;
	struct vma_stats s;
	u64 out;

	open_with_swap(&t, 128, 1000);
	map(&t, A, 64, "rw", MAPF_FIXED);
	store(&t, A, 64);
	out = t.m->vm_event[PSWPOUT];
	is_int(swap_out(&t, A, 64), 64, "64 pages go");
	is_int(t.m->vm_event[PSWPOUT] - out, 64, "pswpout counts them");
	is_int(swapents(&t), 64, "VmSwap");
	is_int(free_swap_pages(t.m), 1000 - 64, "SwapFree");
	is_int(node_stat(&t, NR_SWAPCACHED), 0, "SwapCached: reclaim took them out of the cache");
	e = entry(&t, A);
	ok(!e.present && e.swapped, "the entry is swapped");
	is_int(e.swap_offset, 1, "at the first slot");
	ok(e.soft_dirty, "and still soft-dirty");
	vma_gather_stats(t.m, find_vma_exact(t.m, mm_of(&t), A), &s);
	is_int(s.swap, 64 * PAGE_SIZE, "smaps: Swap");
	is_int(s.swap_pss >> 12, 64 * PAGE_SIZE, "SwapPss");
	is_int(s.rss, 0, "Rss");
	mmtest_close(&t);
}

static void test_in(void)
{
	struct mmtest t;
	struct mark before;
	struct mark d;
	u64 in, ra, hit, now;

	open_with_swap(&t, 128, 1000);
	map(&t, A, 64, "rw", MAPF_FIXED);
	store(&t, A, 64);
	swap_out(&t, A, 64);
	mark(&t, &before);
	in = t.m->vm_event[PSWPIN];
	ra = t.m->vm_event[SWAP_RA];
	hit = t.m->vm_event[SWAP_RA_HIT];
	now = t.m->clock.now;
	is_int(load(&t, at(20), 1), 0, "a page is needed again");
	d = since(&t, &before);
	is_int(d.pgmajfault, 1, "a major fault");
	is_int(d.maj_flt, 1, "for the process too");
	is_int(d.pgfault, 1, "counted once");
	cmp_int(t.m->clock.now - now, >=, t.m->cost.disk_seek + t.m->cost.disk_page_read,
		"it waited for the disk");
	is_int(t.m->vm_event[PSWPIN] - in, 8, "with its neighbours: 2^page-cluster pages");
	is_int(t.m->vm_event[SWAP_RA] - ra, 7, "seven of them read ahead");
	is_int(node_stat(&t, NR_SWAPCACHED), 8, "all are in the swap cache");
	is_int(swapents(&t), 63, "one is mapped");
	is_int(t.m->vm_node_stat[WORKINGSET_REFAULT_ANON], 8, "and was not away for long");
	mark(&t, &before);
	is_int(load(&t, at(16), 7), 0, "the neighbours");
	d = since(&t, &before);
	is_int(d.pgmajfault, 0, "are minor faults");
	is_int(t.m->vm_event[SWAP_RA_HIT] - hit, 6, "and hits of read-ahead");
	ok(!entry(&t, at(20)).write && !entry(&t, at(20)).dirty, "what was only read is clean");
	is_int(free_swap_pages(t.m), 1000 - 64, "and keeps its slot");
	is_sound(t.m, "after reading ahead");

	/* without a slot's page being written again it can go once more */
	now = t.m->vm_event[PSWPOUT];
	swap_out(&t, at(16), 8);
	is_int(t.m->vm_event[PSWPOUT] - now, 0, "a clean page goes without being written");
	is_int(swapents(&t), 64, "all are out again");
	mmtest_close(&t);
}

static void test_page_cluster(void)
{
	struct mmtest t;
	u64 in;

	open_with_swap(&t, 128, 1000);
	t.m->sysctl.page_cluster = 0;
	map(&t, A, 64, "rw", MAPF_FIXED);
	store(&t, A, 64);
	swap_out(&t, A, 64);
	in = t.m->vm_event[PSWPIN];
	load(&t, at(20), 1);
	is_int(t.m->vm_event[PSWPIN] - in, 1, "page-cluster 0: no neighbours");
	t.m->sysctl.page_cluster = 5;
	in = t.m->vm_event[PSWPIN];
	load(&t, at(40), 1);
	is_int(t.m->vm_event[PSWPIN] - in, 8, "5: eight on no more than the first credit");
	load(&t, at(39), 8);
	in = t.m->vm_event[PSWPIN];
	load(&t, at(55), 1);
	is_int(t.m->vm_event[PSWPIN] - in, 16, "16 after six hits and more");

	/* a disk that does not seek: the neighbours in the address space */
	t.m->cost.disk_seek = 0;
	t.m->swap.area[0].rotational = false;
	t.m->swap.nr_rotate = 0;
	t.m->sysctl.page_cluster = 3;
	map(&t, at(64), 64, "rw", MAPF_FIXED);
	store(&t, at(64), 64);
	swap_out(&t, at(64), 64);
	in = t.m->vm_event[PSWPIN];
	load(&t, at(114), 1);
	is_int(t.m->vm_event[PSWPIN] - in, 8, "read-ahead by addresses");
	ok(entry(&t, at(114)).present && entry(&t, at(115)).swapped, "maps only the one");
	in = t.m->vm_event[PSWPIN];
	load(&t, at(111), 7);
	is_int(t.m->vm_event[PSWPIN] - in, 0, "three below and four above are there");
	mmtest_close(&t);
}

static void test_cached(void)
{
	struct mmtest t;
	struct mark before;
	u64 reuse;
	pfn_t pfn;

	open_with_swap(&t, 128, 1000);
	map(&t, A, 8, "rw", MAPF_FIXED);
	store(&t, A, 8);
	pfn = frame(&t, A);
	is_int(swap_cached(&t, A, 8), 8, "out, but still in memory");
	is_int(node_stat(&t, NR_SWAPCACHED), 8, "SwapCached");
	mark(&t, &before);
	is_int(load(&t, A, 1), 0, "a read");
	is_int(since(&t, &before).pgmajfault, 0, "finds it there");
	is_int(frame(&t, A), pfn, "the same frame");
	is_int(free_swap_pages(t.m), 992, "it keeps its slot");
	reuse = t.m->vm_event[PGREUSE];
	store(&t, A, 1);
	is_int(t.m->vm_event[PGREUSE] - reuse, 1, "a store takes it: it was this mapping's alone");
	is_int(frame(&t, A), pfn, "no copy");
	is_int(free_swap_pages(t.m), 992, "the slot stays for the next time");
	reuse = t.m->vm_event[PSWPOUT];
	swap_cached(&t, A, 1);
	is_int(t.m->vm_event[PSWPOUT] - reuse, 1, "dirty now, it is written again");
	is_int(entry(&t, A).swap_offset, 1, "to the same slot");
	store(&t, at(1), 1);
	is_int(free_swap_pages(t.m), 993, "a store that finds a swap entry gives the slot back");
	ok(entry(&t, at(1)).write && entry(&t, at(1)).dirty, "and may write at once");
	mmtest_close(&t);
}

/* ---- several processes ---- */

static void test_fork(void)
{
	struct mmtest t;
	handle_t parent, child;
	struct vma_stats s;
	pfn_t pfn;

	open_with_swap(&t, 128, 1000);
	map(&t, A, 16, "rw", MAPF_FIXED);
	store(&t, A, 16);
	swap_out(&t, A, 16);
	parent = t.task;
	is_err(task_fork(t.m, parent, &child), 0, "fork");
	is_int(mm_at(t.m, task_at(t.m, child)->mm)->rss[MM_SWAPENTS], 16, "copies swap entries");
	is_int(free_swap_pages(t.m), 1000 - 16, "not slots");
	vma_gather_stats(t.m, find_vma_exact(t.m, mm_of(&t), A), &s);
	is_int(s.swap_pss >> 12, 8 * PAGE_SIZE, "SwapPss: half of each");
	is_sound(t.m, "after a fork of what is in swap");
	load(&t, A, 1);
	pfn = frame(&t, A);
	as_task(&t, child);
	load(&t, A, 1);
	is_int(frame(&t, A), pfn, "both read the same page");
	store(&t, A, 1);
	ok(frame(&t, A) != pfn, "the one that writes gets a copy");
	ok(entry(&t, A).write, "its own");
	as_task(&t, parent);
	is_int(frame(&t, A), pfn, "the other keeps the page");
	store(&t, A, 1);
	is_int(frame(&t, A), pfn, "and is its only owner now");
	store(&t, at(5), 1);
	as_task(&t, child);
	ok(entry(&t, at(5)).swapped, "a store of the parent to a shared entry");
	is_sound(t.m, "after copies on write from swap");
	as_task(&t, parent);
	do_exit(t.m, child, 0);
	is_int(free_swap_pages(t.m), 1000 - 14, "the child takes none of the parent's slots along");
	is_sound(t.m, "after the child has ended");
	mmtest_close(&t);
}

/* A page mapped twice goes from both page tables. */
static void test_shared_page(void)
{
	struct mmtest t;
	handle_t parent, child;

	open_with_swap(&t, 128, 1000);
	map(&t, A, 16, "rw", MAPF_FIXED);
	store(&t, A, 16);
	parent = t.task;
	task_fork(t.m, parent, &child);
	swap_out(&t, A, 16);
	is_int(mm_at(t.m, task_at(t.m, child)->mm)->rss[MM_SWAPENTS], 16, "out of both");
	is_int(swap_count(t.m,
			  pte_swap_slot(t.m, swap_slot_pte(t.m, t.m->swap.area[0].first << 8 | 1))),
	       2, "two entries hold the slot");
	store(&t, A, 16);
	is_int(free_swap_pages(t.m), 1000 - 16, "a copy for the one, the slot for the other");
	as_task(&t, child);
	store(&t, A, 16);
	is_int(free_swap_pages(t.m), 1000, "until that one writes too");
	as_task(&t, parent);
	do_exit(t.m, child, 0);
	mmtest_close(&t);
}

/* ---- calls that meet swap entries ---- */

static void test_calls(void)
{
	struct mmtest t;
	u64 to, in;

	open_with_swap(&t, 128, 1000);
	map(&t, A, 64, "rw", MAPF_FIXED);
	store(&t, A, 64);
	swap_out(&t, A, 64);
	is_err(advise(&t, A, 4, "dontneed"), 0, "MADV_DONTNEED");
	is_int(free_swap_pages(t.m), 1000 - 60, "frees slots");
	is_err(advise(&t, at(4), 4, "free"), 0, "MADV_FREE");
	is_int(free_swap_pages(t.m), 1000 - 56, "does so at once");
	is_int(swapents(&t), 56, "VmSwap");
	in = t.m->vm_event[PSWPIN];
	is_err(advise(&t, at(32), 8, "willneed"), 0, "MADV_WILLNEED");
	cmp_int(t.m->vm_event[PSWPIN] - in, >=, 8, "reads in");
	is_int(swapents(&t), 56, "and maps nothing");
	in = t.m->vm_event[PGMAJFAULT];
	load(&t, at(32), 8);
	is_int(t.m->vm_event[PGMAJFAULT] - in, 0, "what is wanted then is there");
	is_err(protect(&t, at(8), 2, "r"), 0, "mprotect");
	ok(entry(&t, at(8)).swapped, "leaves swap entries alone");
	is_err(protect(&t, at(8), 2, "rw"), 0, "and back");
	is_int(store(&t, at(8), 1), 0, "they are written to as before");
	is_err(do_mremap(t.m, t.task, at(48), 8 * PAGE_SIZE, 16 * PAGE_SIZE, true, &to), 0,
	       "mremap");
	is_int(swapped(&t, to, 8), 8, "moves them");
	is_int(load(&t, to, 8), 0, "they are found at the new place");
	is_err(do_mlock(t.m, t.task, at(56), 8 * PAGE_SIZE, true, false), 0, "mlock");
	is_int(swapped(&t, at(56), 8), 0, "faults them in");
	is_int(t.m->vm_zone_stat[NR_MLOCK], 8, "and locks them");
	is_int(swap_out(&t, at(56), 8), 0, "no locked page goes");
	is_sound(t.m, "after the calls");
	unmap(&t, A, 64);
	unmap(&t, to, 16);
	is_int(node_stat(&t, NR_SWAPCACHED), 0, "unmapping leaves no page in the swap cache");
	is_int(free_swap_pages(t.m), 1000, "nor a slot in use");
	mmtest_close(&t);
}

static void test_exec(void)
{
	struct mmtest t;

	open_with_swap(&t, 128, 1000);
	map(&t, A, 64, "rw", MAPF_FIXED);
	store(&t, A, 64);
	swap_out(&t, A, 60);
	swap_cached(&t, at(60), 4);
	is_err(task_exec(t.m, t.task, "new"), 0, "execve");
	is_int(free_swap_pages(t.m), 1000, "frees what was in swap");
	mmtest_close(&t);
}

/* ---- shared memory ---- */

static void test_shmem(void)
{
	struct mmtest t;
	struct mark before;
	struct vma_stats s;
	handle_t parent, child, inode;
	s64 shmem;

	open_with_swap(&t, 128, 1000);
	map(&t, A, 32, "rw", MAPF_FIXED | MAPF_SHARED);
	shmem = node_stat(&t, NR_SHMEM);
	store(&t, A, 32);
	is_int(node_stat(&t, NR_SHMEM) - shmem, 32, "shared memory");
	is_int(swap_out(&t, A, 16), 16, "goes to swap");
	is_int(node_stat(&t, NR_SHMEM) - shmem, 16, "Shmem");
	is_int(swapents(&t), 0, "no process's VmSwap counts it");
	is_int(free_swap_pages(t.m), 1000 - 16, "slots do");
	vma_gather_stats(t.m, find_vma_exact(t.m, mm_of(&t), A), &s);
	is_int(s.swap, 16 * PAGE_SIZE, "smaps: Swap");
	is_int(s.swap_pss, 0, "and SwapPss 0, as 6.1 says");
	is_sound(t.m, "with shared memory in swap");
	parent = t.task;
	task_fork(t.m, parent, &child);
	mark(&t, &before);
	is_int(load(&t, A, 1), 0, "a page is read back");
	is_int(since(&t, &before).pgmajfault, 1, "by a major fault");
	is_int(since(&t, &before).maj_flt, 1, "of the process");
	is_int(since(&t, &before).pgfault, 1, "counted once");
	is_int(node_stat(&t, NR_SHMEM) - shmem, 17, "it is the file's again");
	is_int(free_swap_pages(t.m), 1000 - 15, "and has no slot");
	as_task(&t, child);
	mark(&t, &before);
	load(&t, at(1), 1);
	is_int(since(&t, &before).pgmajfault, 0, "its neighbour was read with it");
	as_task(&t, parent);
	do_exit(t.m, child, 0);
	inode = file_at(t.m, vma_at(t.m, find_vma_exact(t.m, mm_of(&t), A))->file)->inode;
	inode_truncate(t.m, inode, 8 * PAGE_SIZE);
	is_int(free_swap_pages(t.m), 1000 - 6, "truncating frees the slots behind the end");
	inode_truncate(t.m, inode, 32 * PAGE_SIZE);
	is_sound(t.m, "after truncating");
	load(&t, A, 8);
	swap_out(&t, A, 8);
	is_int(free_swap_pages(t.m), 1000 - 8, "out again");
	is_err(swapoff(t.m, AREA), 0, "swapoff");
	is_int(node_stat(&t, NR_SHMEM) - shmem, 8, "brings all of it back");
	swapon(t.m, AREA, 1001 * PAGE_SIZE, -1, false);
	swap_cached(&t, A, 8);
	unmap(&t, A, 32);
	is_int(free_swap_pages(t.m), 1000, "the last unmap frees everything");
	mmtest_close(&t);
}

/* The one page of a file, whose index has no node. */
static void test_single_shmem(void)
{
	struct mmtest t;

	open_with_swap(&t, 128, 1000);
	map(&t, A, 1, "rw", MAPF_FIXED | MAPF_SHARED | MAPF_NORESERVE);
	store(&t, A, 1);
	is_int(swap_out(&t, A, 1), 1, "a single page of shared memory");
	is_int(load(&t, A, 1), 0, "comes back");
	unmap(&t, A, 1);
	is_int(free_swap_pages(t.m), 1000, "and is no more");
	mmtest_close(&t);
}

/* ---- bytes ---- */

static u8 byte_at(struct mmtest *t, u64 addr)
{
	u8 b = 0;

	access_remote_vm(t->m, t->task, addr, &b, 1, false);
	return b;
}

static void put_byte(struct mmtest *t, u64 addr, u8 b)
{
	access_remote_vm(t->m, t->task, addr, &b, 1, true);
}

static void test_contents(void)
{
	handle_t parent, child;
	struct mmtest t;
	u64 done, i;

	open_with_swap(&t, 128, 1000);
	map(&t, A, 16, "rw", MAPF_FIXED);
	map(&t, at(16), 4, "rw", MAPF_FIXED | MAPF_SHARED);
	mm_fill_range(t.m, t.task, at(4), 4 * PAGE_SIZE, 0x77, &done);
	for (i = 0; i < 20; i++)
		put_byte(&t, at(i) + i, (u8)(i + 1));
	swap_out(&t, A, 20);
	is_int(swapped(&t, A, 16), 16, "pages with bytes are out");
	for (i = 0; i < 20; i++)
		is_int(byte_at(&t, at(i) + i), i + 1, "page %u reads back", (unsigned)i);
	is_int(byte_at(&t, at(5)), 0x77, "and what it was filled with");
	put_byte(&t, at(1) + 1, 200);
	swap_out(&t, A, 20);
	is_int(byte_at(&t, at(1) + 1), 200, "what is written later is what comes back later");
	swap_out(&t, A, 20);
	parent = t.task;
	task_fork(t.m, parent, &child);
	put_byte(&t, at(2) + 2, 99);
	as_task(&t, child);
	is_int(byte_at(&t, at(2) + 2), 3, "a child keeps what was when it was made");
	swap_out(&t, A, 20);
	is_int(byte_at(&t, at(3) + 3), 4, "also through swap");
	as_task(&t, parent);
	is_int(byte_at(&t, at(2) + 2), 99, "and the parent what it wrote");
	do_exit(t.m, child, 0);
	swap_out(&t, A, 20);
	is_err(swapoff(t.m, AREA), 0, "swapoff");
	for (i = 3; i < 20; i++)
		is_int(byte_at(&t, at(i) + i), i + 1, "page %u is as it was", (unsigned)i);
	unmap(&t, A, 20);
	is_int(t.m->contents.values.nr_live, 0, "no contents are left");
	mmtest_close(&t);
}

/* ---- errors of the disk ---- */

static void test_read_error(void)
{
	struct mmtest t;
	handle_t bad, good;
	struct blk_fault f = { .times = BLK_FAULT_TIMES, .probability = 100, .interval = 1 };
	char text[LOG_LINE_MAX];
	u64 seq, time;
	int level;
	bool told = false;

	open_with_swap(&t, 128, 1000);
	t.m->sysctl.page_cluster = 0;
	good = t.task;
	map(&t, A, 4, "rw", MAPF_FIXED);
	store(&t, A, 4);
	task_fork(t.m, good, &bad);
	as_task(&t, bad);
	map(&t, at(100), 4, "rw", MAPF_FIXED);
	store(&t, at(100), 4);
	swap_out(&t, at(100), 1);
	f.first = f.last = t.m->swap.area[0].sector + 1;
	f.disk = blk_disk_of(t.m, f.first);
	f.on[BIO_READ] = true;
	blk_set_fault(t.m, &f);
	swap_out(&t, at(101), 3);
	seq = t.m->kmsg.next_seq;
	is_int(load(&t, at(101), 3), 0, "other slots are read");
	is_int(load(&t, at(100), 1), -EFAULT, "the page that the disk does not give back");
	ok(t.r.fatal_signal, "kills the process");
	while (log_read(&t.m->kmsg, &seq, &time, &level, text, sizeof(text)) >= 0) {
		told |= strstr(text, "Read-error on swap-device (254:16:") != NULL;
		seq++;
	}
	ok(told, "and the log says so");
	as_task(&t, good);
	is_int(load(&t, A, 4), 0, "nobody else");
	is_int(free_swap_pages(t.m), 1000, "its slots are free");
	mmtest_close(&t);
}

/* What failed to be read for one process, with it or ahead, can be read for another. */
static void test_read_again(void)
{
	struct blk_fault f = { .times = BLK_FAULT_TIMES, .probability = 100, .interval = 1 };
	handle_t parent, child;
	struct mmtest t;

	open_with_swap(&t, 128, 1000);
	map(&t, A, 16, "rw", MAPF_FIXED);
	store(&t, A, 16);
	swap_out(&t, A, 16);
	parent = t.task;
	task_fork(t.m, parent, &child);
	f.first = t.m->swap.area[0].sector;
	f.disk = blk_disk_of(t.m, f.first);
	f.last = f.first + 1000;
	f.on[BIO_READ] = true;
	blk_set_fault(t.m, &f);
	as_task(&t, child);
	is_int(load(&t, A, 16), -EFAULT, "the disk fails");
	as_task(&t, parent);
	is_sound(t.m, "after a failed read");
	blk_clear_faults(t.m, f.disk, f.first, f.last);
	is_int(load(&t, A, 16), 0, "and is well again: another process reads its pages");
	is_int(swapents(&t), 0, "all of them");
	mmtest_close(&t);
}

static void test_write_error(void)
{
	struct mmtest t;
	struct blk_fault f = { .times = 1, .probability = 100, .interval = 1 };
	pfn_t pfn;

	open_with_swap(&t, 128, 1000);
	map(&t, A, 4, "rw", MAPF_FIXED);
	store(&t, A, 4);
	f.first = t.m->swap.area[0].sector;
	f.disk = blk_disk_of(t.m, f.first);
	f.last = f.first + 1000;
	f.on[BIO_WRITE] = true;
	blk_set_fault(t.m, &f);
	pfn = frame(&t, A);
	swap_out(&t, A, 1);
	ok(entry(&t, A).swapped, "a page whose write fails is unmapped");
	ok(page_test(pfn_to_page(t.m, pfn), PG_dirty), "but stays, dirty");
	is_int(load(&t, A, 1), 0, "and can be used");
	is_int(swap_out(&t, A, 1), 1, "and the next write succeeds");
	mmtest_close(&t);
}

/* ---- swapoff ---- */

static void test_swapoff(void)
{
	struct mmtest t;
	handle_t parent, child;
	u64 in, major;

	open_with_swap(&t, 128, 1000);
	swapon(t.m, "/dev/b", 1001 * PAGE_SIZE, 10, false);
	map(&t, A, 700, "rw", MAPF_FIXED);
	store(&t, A, 700);
	swap_out(&t, A, 350);
	is_err(swapoff(t.m, "/dev/b"), 0, "an area in use goes");
	is_int(swapents(&t), 0, "with everything back in memory");
	is_int(total_swap_pages(t.m), 1000, "SwapTotal is what is left");
	is_sound(t.m, "after swapoff");

	swap_out(&t, A, 350);
	swap_cached(&t, at(350), 50);
	parent = t.task;
	task_fork(t.m, parent, &child);
	in = t.m->vm_event[PSWPIN];
	major = t.m->vm_event[PGMAJFAULT];
	is_err(swapoff(t.m, AREA), 0, "shared entries come back");
	is_int(t.m->vm_event[PSWPIN] - in, 350, "each page is read once");
	is_int(t.m->vm_event[PGMAJFAULT] - major, 0, "without faults");
	is_int(mm_at(t.m, task_at(t.m, child)->mm)->rss[MM_SWAPENTS], 0, "in every process");
	is_int(node_stat(&t, NR_SWAPCACHED), 0, "no swap cache is left");
	is_int(total_swap_pages(t.m), 0, "nor swap");
	is_sound(t.m, "after the second one");
	as_task(&t, child);
	store(&t, A, 10);
	as_task(&t, parent);
	store(&t, A, 10);
	do_exit(t.m, child, 0);
	mmtest_close(&t);
}

static void test_swapoff_fails(void)
{
	struct mmtest t;
	u64 total;

	open_with_swap(&t, 128, 30000);
	total = total_swap_pages(t.m);
	map(&t, A, 2000, "rw", MAPF_FIXED);
	store(&t, A, 2000);
	swap_out(&t, A, 2000);
	t.m->sysctl.overcommit_memory = 2;
	t.m->sysctl.overcommit_ratio = 1;
	is_err(swapoff(t.m, AREA), -ENOMEM, "more is promised than memory holds");
	t.m->sysctl.overcommit_memory = 0;
	is_int(total_swap_pages(t.m), total, "nothing has changed");
	is_int(swapents(&t), 2000, "all is where it was");
	t.r.interrupted = true;
	is_err(swapoff(t.m, AREA), -EINTR, "interrupted");
	t.r.interrupted = false;
	is_int(total_swap_pages(t.m), total, "the area is in use as before");
	is_sound(t.m, "after an interrupted swapoff");
	store(&t, A, 2000);
	is_int(swap_out(&t, A, 2000), 2000, "and takes pages");
	is_err(swapoff(t.m, AREA), 0, "until it goes");
	mmtest_close(&t);
}

/* More lies in swap than there is room for, and nothing can make any. */
static void test_swapoff_nomem(void)
{
	struct mmtest t;
	handle_t other;
	u64 total, out, kills;

	open_with_swap(&t, 128, 30000);
	total = total_swap_pages(t.m);
	map(&t, A, 12000, "rw", MAPF_FIXED);
	store(&t, A, 12000);
	out = swap_out(&t, A, 12000);
	is_int(out, 12000, "47 MiB are out");
	other = t.task;
	task_spawn(t.m, "locker", &other);
	as_task(&t, other);
	map(&t, A, 9000, "rw", MAPF_FIXED);
	is_err(do_mlock(t.m, t.task, A, 9000 * PAGE_SIZE, true, false), 0,
	       "35 MiB are locked in memory");
	kills = t.m->vm_event[OOM_KILL];
	is_err(swapoff(t.m, AREA), -ENOMEM, "swapoff finds no room");
	is_int(t.m->vm_event[OOM_KILL], kills, "nobody is killed for it");
	is_int(total_swap_pages(t.m), total, "the area is in use as before");
	is_sound(t.m, "after a swapoff that ran out of memory");
	unmap(&t, A, 9000);
	is_err(swapoff(t.m, AREA), 0, "with room it goes");
	is_int(total_swap_pages(t.m), 0, "entirely");
	mmtest_close(&t);
}

/* The first allocation of a call fails, then the second, until it passes. */
static void test_no_page(void)
{
	struct mmtest t;
	u32 n;
	int error = -1;

	open_with_swap(&t, 128, 1000);
	t.m->sysctl.page_cluster = 0;
	map(&t, A, 64, "rw", MAPF_FIXED);
	map(&t, at(64), 64, "rw", MAPF_FIXED | MAPF_SHARED);
	store(&t, A, 128);
	swap_out(&t, A, 128);
	for (n = 1; error && n < 100; n++) {
		t.m->mms.fail_nth = n;
		error = load(&t, at((u64)8 * n), 1);
		if (!error)
			error = load(&t, at(64 + (8 * n) % 64), 1);
		t.m->mms.fail_nth = 0;
		is_sound(t.m, "after a read from swap without memory");
	}
	is_int(error, 0, "with memory it is read");
	cmp_int(n, >, 2, "without it is not");
	is_int(store(&t, A, 128), 0, "all of it comes back");
	mmtest_close(&t);
}

int main(void)
{
	test_out();
	test_in();
	test_page_cluster();
	test_cached();
	test_fork();
	test_shared_page();
	test_calls();
	test_exec();
	test_shmem();
	test_single_shmem();
	test_contents();
	test_read_error();
	test_read_again();
	test_write_error();
	test_swapoff();
	test_swapoff_fails();
	test_swapoff_nomem();
	test_no_page();
	return done_testing();
}
