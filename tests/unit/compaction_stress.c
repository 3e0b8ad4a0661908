/*
 * Compaction under everything at once: processes on a small machine map, touch, punch holes, fork,
 * lock and pin memory and read files, while it is compacted by hand, by allocations of many sizes
 * and in the background, and fragmented on purpose. Pages say whose they are and still do at the
 * end. Every invariant is checked after each step. The seed is fixed.
 */
#include <errno.h>
#include <string.h>

#include "mm/compaction.h"
#include "mm/filemap.h"
#include "tests/actor.h"
#include "tests/draw.h"
#include "tests/mmtest.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define BASE	0x40000000ull
#define REGIONS 4u
#define PAGES	1024u /* of a region: 4 MiB */
#define STRIDE	4096u
#define TASKS	3u
#define BLOCKS	24u
#define STEPS	1200u

struct writer {
	struct actor self;
	/* what each page of its regions was last written: 0, not at all */
	u64 label[REGIONS][PAGES];
};

struct block {
	pfn_t pfn;
	u32 order;
};

static struct writer writer[TASKS];
static struct block block[BLOCKS];
static u64 seed, labels;
static u32 broken, wrong, blocks_had;
static handle_t file;

static u32 pick(u32 n)
{
	return draw(&seed, n);
}

static u64 address(u32 region, u32 page)
{
	return BASE + ((u64)region * STRIDE + page) * PAGE_SIZE;
}

static void do_map(struct mmtest *t, struct writer *a)
{
	u32 r = pick(REGIONS), first = pick(PAGES), n = 1 + pick(PAGES - first), i;

	if (pick(3)) {
		map(t, address(r, 0), PAGES, "rw", MAPF_FIXED);
		memset(a->label[r], 0, sizeof(a->label[r]));
		return;
	}
	unmap(t, address(r, first), n);
	for (i = first; i < first + n; i++)
		a->label[r][i] = 0;
}

static void do_write(struct mmtest *t, struct writer *a)
{
	u32 r = pick(REGIONS), first = pick(PAGES), n = 1 + pick(PAGES - first), i;

	for (i = first; i < first + n && !t->r.fatal_signal && !t->r.died; i++) {
		u64 label = ++labels;

		if (access_remote_vm(t->m, t->task, address(r, i), &label, sizeof(label), true) ==
		    sizeof(label))
			a->label[r][i] = label;
		machine_safe_point(t->m);
	}
}

/* Holes of the same size here and there. */
static void do_punch(struct mmtest *t, struct writer *a)
{
	u32 r = pick(REGIONS), step = 1u << pick(6), i, j;

	for (i = 0; i + step <= PAGES; i += 2 * step) {
		/* an error may come after a part of it: who knows what is there now */
		for (j = i; j < i + step; j++)
			a->label[r][j] = 0;
		if (advise(t, address(r, i), step, "dontneed"))
			return;
	}
}

static void do_fork(struct mmtest *t, struct writer *self)
{
	struct writer *other = &writer[pick(TASKS)];
	handle_t child;

	if (other == self)
		return;
	if (actor_alive(t->m, &other->self)) {
		do_exit(t->m, other->self.task, 0);
		return;
	}
	if (task_fork(t->m, t->task, &child))
		return;
	memcpy(other, self, sizeof(*other));
	actor_is(t->m, &other->self, child);
}

static void do_pin(struct mmtest *t)
{
	u64 at = address(pick(REGIONS), pick(PAGES - 64));

	if (pick(2))
		pin_user_pages(t->m, t->task, at, 64 * PAGE_SIZE);
	else
		unpin_user_pages(t->m, mm_of(t), at, 64 * PAGE_SIZE);
}

static void do_file(struct mmtest *t)
{
	u64 at = pick(4096 - 200), i;
	pfn_t pfn;

	for (i = at; i < at + 200 && !t->r.fatal_signal && !t->r.died; i++) {
		pfn = filemap_get_page(t->m, file, i, true);
		if (pfn == PFN_NONE)
			return;
		if (!pick(4))
			page_set_dirty(t->m, pfn);
		machine_safe_point(t->m);
	}
}

/* Somebody wants memory in one piece, or gives it back. */
static void do_block(struct machine *m)
{
	static const gfp_t gfp[] = { GFP_KERNEL,
				     GFP_ATOMIC,
				     GFP_KERNEL | __GFP_NORETRY,
				     GFP_HIGHUSER_MOVABLE,
				     GFP_KERNEL | __GFP_RETRY_MAYFAIL,
				     GFP_NOIO };
	struct block *b = &block[pick(BLOCKS)];

	if (b->order) {
		free_pages(m, b->pfn, b->order);
		b->order = 0;
		return;
	}
	b->order = pick(2) ? MAX_ORDER - 1 - pick(3) : 1 + pick(MAX_ORDER - 1);
	b->pfn = alloc_pages(m, gfp[pick(ARRAY_SIZE(gfp))] | __GFP_NOWARN, b->order, NUMA_NO_NODE);
	blocks_had += b->pfn != PFN_NONE;
	if (b->pfn == PFN_NONE)
		b->order = 0;
}

static void do_knob(struct machine *m)
{
	switch (pick(5)) {
	case 0:
		m->sysctl.compaction_proactiveness = (s32)pick(101);
		compaction_proactiveness_changed(m);
		break;
	case 1:
		m->sysctl.extfrag_threshold = (s32)pick(700);
		break;
	case 2:
		m->sysctl.compact_unevictable_allowed = (s32)pick(2);
		break;
	case 3:
		drop_pagecache(m);
		break;
	default:
		clock_advance_to(m, m->clock.now + (u64)pick(3000) * 1000000);
	}
}

static void one_step(struct mmtest *t, struct writer *a)
{
	switch (pick(14)) {
	case 0:
		do_map(t, a);
		break;
	case 1:
	case 2:
		do_punch(t, a);
		break;
	case 3:
		do_fork(t, a);
		break;
	case 4:
		do_pin(t);
		break;
	case 5:
		do_mlock(t->m, t->task, address(pick(REGIONS), pick(PAGES / 2)), 256 * PAGE_SIZE,
			 pick(2), pick(2));
		break;
	case 6:
		do_file(t);
		break;
	case 7:
	case 8:
		do_block(t->m);
		break;
	case 9:
		do_knob(t->m);
		break;
	case 10:
		compact_nodes(t->m);
		break;
	case 11:
		fragment_zone(t->m, 0, ZONE_DMA32, pick(3) ? 1000 - pick(100) : pick(1001),
			      pick(4));
		break;
	default:
		do_write(t, a);
	}
}

/* What was written must be read. */
static void check_labels(struct mmtest *t, const struct writer *a)
{
	u32 r, i;
	u64 label;

	for (r = 0; r < REGIONS; r++)
		for (i = 0; i < PAGES; i++)
			if (a->label[r][i] &&
			    (access_remote_vm(t->m, t->task, address(r, i), &label, sizeof(label),
					      false) != sizeof(label) ||
			     label != a->label[r][i]) &&
			    !t->r.fatal_signal)
				wrong++;
}

static void step(struct mmtest *t, bool last)
{
	u32 i = pick(TASKS), tries;

	for (tries = 0; tries < TASKS && !actor_alive(t->m, &writer[i].self); tries++)
		i = (i + 1) % TASKS;
	if (!actor_alive(t->m, &writer[i].self)) {
		memset(&writer[i], 0, sizeof(writer[i]));
		if (task_spawn(t->m, "new", &writer[i].self.task))
			return;
		actor_is(t->m, &writer[i].self, writer[i].self.task);
	}
	t->task = writer[i].self.task;
	task_run_begin(t->m, &t->r, t->task);
	if (last || !pick(50))
		check_labels(t, &writer[i]);
	else
		one_step(t, &writer[i]);
	task_run_end(t->m, &t->r);
}

static void play(u64 with_seed, u64 swap_mib)
{
	struct mmtest t;
	u32 n, i;

	seed = with_seed;
	broken = wrong = blocks_had = 0;
	memset(writer, 0, sizeof(writer));
	memset(block, 0, sizeof(block));
	mmtest_open(&t, 128);
	task_run_end(t.m, &t.r);
	actor_is(t.m, &writer[0].self, t.task);
	if (swap_mib && swapon(t.m, "/dev/vdb", swap_mib << 20, -1, false))
		bail_out("no swap");
	if (inode_create(t.m, "/a", (u64)16 << 20, INODE_REGULAR, &file))
		bail_out("no file");
	/* no large blocks from there */
	fragment_zone(t.m, 0, ZONE_DMA, 1000, false);
	for (n = 0; n < STEPS && !t.m->panicked && broken < 10; n++) {
		step(&t, n + 8 > STEPS);
		broken += count_violations(t.m, "step %u", n);
	}
	diag("%llu pages moved, %llu not; %llu stalls, %llu of them in vain; kcompactd woken %llu times",
	     (unsigned long long)t.m->vm_event[PGMIGRATE_SUCCESS],
	     (unsigned long long)t.m->vm_event[PGMIGRATE_FAIL],
	     (unsigned long long)t.m->vm_event[COMPACTSTALL],
	     (unsigned long long)t.m->vm_event[COMPACTFAIL],
	     (unsigned long long)t.m->vm_event[KCOMPACTD_WAKE]);
	is_int(broken, 0, "no invariant is broken, seed %u, swap %u MiB", (u32)with_seed,
	       (u32)swap_mib);
	is_int(wrong, 0, "and every page holds what was written to it");
	cmp_int(t.m->vm_event[PGMIGRATE_SUCCESS], >, draw_least(2000), "much was moved");
	cmp_int(blocks_had, >, draw_least(20), "and many a block was had");
	cmp_int(t.m->vm_event[COMPACTSTALL], >, 5, "some of them by moving pages");
	clock_advance_to(t.m, t.m->clock.now + 100 * NSEC_PER_SEC);
	is_int(t.m->compaction.node[0].working, 0, "kcompactd has come to an end");
	for (i = 0; i < BLOCKS; i++)
		if (block[i].order)
			free_pages(t.m, block[i].pfn, block[i].order);
	is_sound(t.m, "when all blocks are given back");
	machine_destroy(t.m);
}

int main(void)
{
	play(1, 0);
	play(2, 64);
	play(3, 16);
	return done_testing();
}
