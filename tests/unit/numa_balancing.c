/*
 * Automatic NUMA balancing: when the scanner comes, which entries get a hint, what a hint fault
 * does, where pages go. The counts for each kind of mapping are a real kernel's.
 */
#include <errno.h>
#include <mman/mempolicy.h>

#include "tests/swaptest.h"
#include "tests/tap.h"

#define A 0x20000000ull

static const char two_nodes[] = "[machine]\ncpus = 3\n"
				"[node 0]\nmemory = 256M\ncpus = 0\n"
				"[node 1]\nmemory = 256M\ncpus = 1-2\n";

static void run_on(struct mmtest *t, u32 cpu)
{
	struct cpumask mask = { { 1ull << cpu } };

	task_setaffinity(t->m, t->task, &mask);
}

/* The process computes for so long. */
static void compute(struct mmtest *t, u64 ms)
{
	while (ms--) {
		clock_charge(t->m, NSEC_PER_MSEC);
		machine_safe_point(t->m);
	}
}

struct events {
	u64 updates, faults, local, migrated, min_flt;
};

static struct events events(const struct mmtest *t)
{
	const u64 *e = t->m->vm_event;

	return (struct events){ e[NUMA_PTE_UPDATES], e[NUMA_HINT_FAULTS], e[NUMA_HINT_FAULTS_LOCAL],
				e[NUMA_PAGES_MIGRATED], task_at(t->m, t->task)->min_flt };
}

static void changed(struct mmtest *t, struct events *since, u64 updates, u64 faults, u64 local,
		    u64 migrated, const char *what)
{
	struct events now = events(t);

	is_uint(now.updates - since->updates, updates, "%s: hints", what);
	is_uint(now.faults - since->faults, faults, "%s: hint faults", what);
	is_uint(now.local - since->local, local, "%s: local ones", what);
	is_uint(now.migrated - since->migrated, migrated, "%s: pages that moved", what);
	*since = now;
}

/* Pages on node 1, under the default policy. */
static void far_memory(struct mmtest *t, u64 addr, u64 pages, u32 flags)
{
	map(t, addr, pages, "rw", MAPF_FIXED | flags);
	do_mbind(t->m, t->task, addr, pages * PAGE_SIZE, MPOL_BIND, 0, 2, 0);
	store(t, addr, pages);
	do_mbind(t->m, t->task, addr, pages * PAGE_SIZE, MPOL_DEFAULT, 0, 0, 0);
}

/* A pass over everything, wherever the task's period has got to. */
static void scan_now(struct mmtest *t)
{
	struct task *task = task_at(t->m, t->task);

	task->numa_scan_period_ms = 100;
	mm_at(t->m, task->mm)->numa_next_scan = t->m->clock.now;
	mm_at(t->m, task->mm)->numa_scan_offset = 0;
	task->node_stamp = 1;
	t->r.numa_due = t->m->clock.now;
	clock_recheck(t->m);
	compute(t, 150);
}

static void test_first_scans(struct mmtest *t)
{
	struct events e;

	far_memory(t, A, 64, 0);
	e = events(t);
	compute(t, 1900);
	changed(t, &e, 0, 0, 0, 0, "a young process");
	compute(t, 150);
	changed(t, &e, 64, 0, 0, 0, "after two seconds of its time");
	is_uint(entry(t, A).pfn, frame(t, A), "a page with a hint is resident");
	store(t, A, 32);
	changed(t, &e, 0, 32, 0, 32, "the next access");
	is_uint(pages_on(t, A, 32, 0), 32, "pages are with the process now");
	is_uint(events(t).min_flt - e.min_flt, 0, "and the fault was counted as a minor one");
	store(t, A, 32);
	changed(t, &e, 0, 0, 0, 0, "once more");
	load(t, A + 32 * PAGE_SIZE, 32);
	changed(t, &e, 0, 32, 0, 32, "a load does it too");
	scan_now(t);
	changed(t, &e, 0, 0, 0, 0, "what lies right already");
}

static void test_mappings(struct mmtest *t)
{
	struct events e = events(t);
	handle_t child;

	far_memory(t, A, 64, 0);
	protect(t, A, 64, "r");
	scan_now(t);
	load(t, A, 64);
	changed(t, &e, 64, 64, 0, 64, "read-only memory");
	far_memory(t, A, 64, 0);
	do_mlock(t->m, t->task, A, 64 * PAGE_SIZE, false, false);
	scan_now(t);
	store(t, A, 64);
	changed(t, &e, 64, 64, 0, 64, "locked memory");
	far_memory(t, A, 64, MAPF_SHARED);
	scan_now(t);
	changed(t, &e, 0, 0, 0, 0, "shared memory");
	far_memory(t, A, 64, 0);
	protect(t, A, 64, "-");
	scan_now(t);
	changed(t, &e, 0, 0, 0, 0, "forbidden memory");
	far_memory(t, A, 64, 0);
	do_mbind(t->m, t->task, A, 64 * PAGE_SIZE, MPOL_BIND, 0, 3, 0);
	scan_now(t);
	changed(t, &e, 0, 0, 0, 0, "bound memory");
	do_mbind(t->m, t->task, A, 64 * PAGE_SIZE, MPOL_LOCAL, 0, 0, 0);
	scan_now(t);
	changed(t, &e, 0, 0, 0, 0, "local memory");
	is_err(do_mbind(t->m, t->task, A, 64 * PAGE_SIZE, MPOL_PREFERRED, MPOL_F_NUMA_BALANCING, 1,
			0),
	       -EINVAL, "balancing is for bind");
	do_mbind(t->m, t->task, A, 64 * PAGE_SIZE, MPOL_BIND, MPOL_F_NUMA_BALANCING, 2, 0);
	scan_now(t);
	store(t, A, 64);
	changed(t, &e, 64, 64, 0, 0, "bound to another node, with balancing");
	do_mbind(t->m, t->task, A, 64 * PAGE_SIZE, MPOL_BIND, MPOL_F_NUMA_BALANCING, 3, 0);
	scan_now(t);
	store(t, A, 64);
	changed(t, &e, 64, 64, 0, 64, "bound to both");
	far_memory(t, A, 64, 0);
	task_fork(t->m, t->task, &child);
	scan_now(t);
	changed(t, &e, 0, 0, 0, 0, "what a child shares");
	do_exit(t->m, child, 0);
	unmap(t, A, 64);
}

/* The entry is rewritten by others while it has a hint. */
static void test_hint_ends(struct mmtest *t)
{
	struct events e;
	handle_t child;
	u32 before;

	far_memory(t, A, 64, 0);
	scan_now(t);
	e = events(t);
	protect(t, A, 16, "r");
	load(t, A, 16);
	changed(t, &e, 0, 0, 0, 0, "after mprotect");
	do_migrate_pages(t->m, t->task, 2, 1, true);
	store(t, A + 16 * PAGE_SIZE, 48);
	changed(t, &e, 0, 0, 0, 0, "after a migration");
	far_memory(t, A, 64, 0);
	scan_now(t);
	e = events(t);
	task_fork(t->m, t->task, &child);
	before = mm_at(t->m, mm_of(t))->users;
	store(t, A, 4);
	is_uint(before, 1, "parent and child are alone");
	is_uint(events(t).faults - e.faults, 4, "a fork leaves the hints");
	is_uint(pages_on(t, A, 4, 0), 4, "and the copies are here");
	do_exit(t->m, child, 0);
	unmap(t, A, 8);
	is_uint(swap_out(t, A + 8 * PAGE_SIZE, 8), 0, "there is no swap");
	unmap(t, A, 64);
}

/* Two in turn, from both nodes: the page stays. */
static void test_filter(struct mmtest *t)
{
	struct events e;
	u32 i;

	far_memory(t, A, 64, 0);
	for (i = 0; i < 12; i++) {
		run_on(t, i % 2 ? 2 : 0);
		scan_now(t);
		store(t, A, 64);
	}
	cmp_int((s64)((struct numa_task *)pool_at(&t->m->numa.tasks, task_at(t->m, t->task)->numa))
			->scan_seq,
		>, 4, "the process is no young one");
	run_on(t, 1);
	scan_now(t);
	e = events(t);
	store(t, A, 64);
	cmp_int((s64)(events(t).migrated - e.migrated), ==, 0,
		"its first faults elsewhere do not move");
	run_on(t, 0);
	unmap(t, A, 64);
}

static u32 dirty_entries(struct mmtest *t, u64 pages)
{
	u32 n = 0;
	u64 i;

	for (i = 0; i < pages; i++)
		n += entry(t, A + i * PAGE_SIZE).dirty;
	return n;
}

/* Of what a hint lets through, the processor notes that it was a store: reclaim must not take the
 * page for one that has nothing new. */
static void test_stores(struct mmtest *t)
{
	struct events e;

	far_memory(t, A, 64, 0);
	advise(t, A, 64, "free");
	scan_now(t);
	is_uint(dirty_entries(t, 64), 0, "after MADV_FREE entries are clean");
	e = events(t);
	store(t, A, 32);
	load(t, A + 32 * PAGE_SIZE, 32);
	changed(t, &e, 0, 64, 0, 64, "all of them have hints");
	is_uint(dirty_entries(t, 64), 32, "a store by way of a hint leaves its entry dirty");

	map(t, A, 64, "rw", MAPF_FIXED | MAPF_SHARED);
	do_mbind(t->m, t->task, A, 64 * PAGE_SIZE, MPOL_BIND, MPOL_F_NUMA_BALANCING, 3, 0);
	load(t, A, 64);
	scan_now(t);
	e = events(t);
	store(t, A, 32);
	is_uint(events(t).faults - e.faults, 32, "shared memory under a policy has hints");
	is_uint(dirty_entries(t, 64), 32, "there as well");
	unmap(t, A, 64);
}

static void test_off(struct mmtest *t)
{
	struct events e;

	far_memory(t, A, 64, 0);
	t->m->sysctl.numa_balancing = 0;
	numa_balancing_changed(t->m);
	e = events(t);
	scan_now(t);
	compute(t, 3000);
	store(t, A, 64);
	changed(t, &e, 0, 0, 0, 0, "switched off");
	t->m->sysctl.numa_balancing = NUMA_BALANCING_MEMORY_TIERING;
	numa_balancing_changed(t->m);
	scan_now(t);
	changed(t, &e, 0, 0, 0, 0, "tiers only, and there is but one");
	t->m->sysctl.numa_balancing = 1;
	numa_balancing_changed(t->m);
	t->m->knobs.misc.numa_scan_size_mb = 0;
	scan_now(t);
	changed(t, &e, 0, 0, 0, 0, "passes of no size");
	t->m->knobs.misc.numa_scan_size_mb = 1;
	far_memory(t, A, 4096, 0);
	e = events(t);
	scan_now(t);
	cmp_int((s64)(events(t).updates - e.updates), <=, 3 * 512, "passes of 1 MiB end at 2");
	cmp_int((s64)(events(t).updates - e.updates), >=, 1, "but there are some");
	t->m->knobs.misc.numa_scan_size_mb = 256;
	unmap(t, A, 4096);
}

/* No room on this node: the pages stay, and the scans become rare. */
static void test_full_node(struct mmtest *t)
{
	struct zone *z = &t->m->node[0].zones[ZONE_DMA32];
	u64 high = z->watermark[WMARK_HIGH];
	struct events e;
	u32 i;

	far_memory(t, A, 64, 0);
	scan_now(t);
	e = events(t);
	for (i = 0; i < MAX_NR_ZONES; i++)
		t->m->node[0].zones[i].watermark[WMARK_HIGH] += 1u << 24;
	store(t, A, 64);
	for (i = 0; i < MAX_NR_ZONES; i++)
		t->m->node[0].zones[i].watermark[WMARK_HIGH] -= 1u << 24;
	is_uint(z->watermark[WMARK_HIGH], high, "the marks are back");
	changed(t, &e, 0, 64, 0, 0, "a full node");
	is_uint(pages_on(t, A, 64, 1), 64, "pages are where they were");
	unmap(t, A, 64);
}

static void test_one_node(void)
{
	struct mmtest t;
	struct events e;

	mmtest_open(&t, 256);
	is_int(t.m->sysctl.numa_balancing, 0, "off on a machine with one node");
	map(&t, A, 64, "rw", MAPF_FIXED);
	store(&t, A, 64);
	e = events(&t);
	compute(&t, 5000);
	store(&t, A, 64);
	changed(&t, &e, 0, 0, 0, 0, "one node");
	is_uint(t.m->numa.tasks.nr_live, 0, "nothing is kept for it");
	mmtest_close(&t);
}

int main(void)
{
	struct mmtest t;

	mmtest_open_on(&t, two_nodes);
	is_int(t.m->sysctl.numa_balancing, 1, "on with two nodes");
	run_on(&t, 0);
	do_migrate_pages(t.m, t.task, 2, 1, true);
	test_first_scans(&t);
	test_mappings(&t);
	test_hint_ends(&t);
	test_stores(&t);
	test_off(&t);
	test_full_node(&t);
	test_filter(&t);
	mmtest_close(&t);
	test_one_node();
	return done_testing();
}
