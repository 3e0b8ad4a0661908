/*
 * Pages go from node to node, are pinned and locked, policies change, while processes write, fork,
 * swap and end: no byte is lost, and every invariant holds (bytestress.h).
 */
#include <errno.h>
#include <mman/mempolicy.h>
#include <stdlib.h>

#include "tests/draw.h"
#include "tests/bytestress.h"
#include "tests/migratetest.h"
#include "tests/tap.h"

static const char two_nodes[] = "[machine]\ncpus = 2\ncmdline = movablecore=48M\n"
				"[node 0]\nmemory = 128M\ncpus = 0\n"
				"[node 1]\nmemory = 128M\ncpus = 1\n";

static u64 bound, moved, migrated, pinned, locked;

static u32 pick(u32 n)
{
	return bytestress_pick(n);
}

static void pick_policy(u32 *mode, u32 *flags, u64 *nodes)
{
	static const u32 kinds[] = { 0, MPOL_F_NUMA_BALANCING, MPOL_F_STATIC_NODES,
				     MPOL_F_RELATIVE_NODES };

	*mode = pick(MPOL_MAX);
	*flags = kinds[pick(4)];
	*nodes = *mode == MPOL_DEFAULT || *mode == MPOL_LOCAL ? 0 : 1 + pick(3);
	if (!*nodes || (*flags == MPOL_F_NUMA_BALANCING && *mode != MPOL_BIND))
		*flags = 0;
}

static void step_policy(struct mmtest *t, u64 addr, u32 pages)
{
	static const u32 how[] = { 0, MPOL_MF_MOVE, MPOL_MF_MOVE | MPOL_MF_STRICT,
				   MPOL_MF_MOVE_ALL };
	u32 mode, flags;
	u64 nodes;

	pick_policy(&mode, &flags, &nodes);
	if (pick(8))
		bound += !do_mbind(t->m, t->task, addr, pages * PAGE_SIZE, mode, flags, nodes,
				   how[pick(4)]);
	else
		do_set_mempolicy(t->m, t->task, mode, flags, nodes);
}

static void step_move(struct mmtest *t, u64 addr, u32 pages)
{
	u64 addrs[BYTESTRESS_PAGES];
	int nodes[BYTESTRESS_PAGES], status[BYTESTRESS_PAGES];
	u32 i;

	for (i = 0; i < pages; i++) {
		addrs[i] = addr + i * PAGE_SIZE + pick(PAGE_SIZE);
		nodes[i] = (int)pick(pick(16) ? 2 : 3);
		status[i] = -1000;
	}
	do_move_pages(t->m, t->task, pages, addrs, nodes, status, pick(2));
	for (i = 0; i < pages; i++)
		moved += status[i] == nodes[i];
}

static void step_pin(struct mmtest *t, u64 addr, u32 pages)
{
	if (pick(3) == 0)
		unpin_user_pages(t->m, mm_of(t), addr, pages * PAGE_SIZE);
	else if (!pin_user_pages(t->m, t->task, addr, (1 + pick(3)) * PAGE_SIZE))
		pinned++;
}

static void extra(struct mmtest *t, u64 addr, u32 pages)
{
	struct cpumask cpu = { { 1u << pick(2) } };
	pfn_t start;

	if (pick(2)) {
		/* time for the scanner of NUMA balancing */
		t->m->knobs.misc.numa_scan_period_max_ms = 200;
		t->m->knobs.misc.numa_scan_period_min_ms = 100;
		t->m->knobs.misc.numa_scan_delay_ms = 100;
		clock_charge(t->m, (1 + pick(3)) * NSEC_PER_SEC);
		machine_safe_point(t->m);
	}
	switch (pick(8)) {
	case 0:
	case 1:
		step_policy(t, addr, pages);
		break;
	case 2:
		step_move(t, addr, pages);
		break;
	case 3:
		migrated += do_migrate_pages(t->m, t->task, 1 + pick(3), 1 + pick(3), pick(2)) >= 0;
		break;
	case 4:
	case 5:
		step_pin(t, addr, pages);
		break;
	case 6:
		locked += !do_mlock(t->m, t->task, addr, pages * PAGE_SIZE, pick(2), pick(2));
		break;
	default:
		task_setaffinity(t->m, t->task, &cpu);
		start = pick((u32)t->m->max_pfn - 4096);
		move_frames(t->m, start, start + 4096, (int)pick(2), (enum migrate_mode)pick(3));
		break;
	}
}

static void end(struct mmtest *t)
{
	const u64 *e = t->m->vm_event;

	cmp_int((s64)bound, >, draw_least(500), "mappings had policies");
	cmp_int((s64)moved, >, draw_least(1000), "pages were moved one by one");
	cmp_int((s64)migrated, >, draw_least(500), "processes were moved");
	cmp_int((s64)pinned, >, draw_least(200), "pages were pinned");
	cmp_int((s64)locked, >, draw_least(200), "and locked");
	cmp_int((s64)e[PGMIGRATE_SUCCESS], >, draw_least(10000), "pages moved");
	cmp_int((s64)e[PGMIGRATE_FAIL], >, draw_least(100), "and some could not");
	cmp_int((s64)e[NUMA_HINT_FAULTS], >, draw_least(500), "hints told who uses pages");
	cmp_int((s64)e[NUMA_PAGES_MIGRATED], >, draw_least(100), "and pages followed");
	cmp_int((s64)t->m->vm_numa_stat[NUMA_INTERLEAVE], >, draw_least(1000),
		"memory was interleaved");
}

/* Another seed may be given. */
int main(int argc, char **argv)
{
	bytestress_run(
		&(struct bytestress){ .machine = two_nodes,
				      .steps = 30000,
				      .seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 20261121,
				      .hog_mib = 225,
				      .extra = extra,
				      .end = end });
	return done_testing();
}
