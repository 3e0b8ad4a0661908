/*
 * Reclaim under everything at once: a few processes on a machine far too small for them map, touch,
 * lock, fork, advise, read and write files, are swapped out and killed, while the policy,
 * swappiness and the watermarks change under them. Every invariant is checked all along. The seed
 * is fixed.
 */
#include <errno.h>
#include <string.h>

#include "mm/filemap.h"
#include "mm/vmscan.h"
#include "tests/actor.h"
#include "tests/draw.h"
#include "tests/mmtest.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define BASE	0x40000000ull
#define REGIONS 6u
#define PAGES	4096u /* of a region: 16 MiB */
#define STRIDE	8192u
#define TASKS	4u
#define FILES	3u
#define STEPS	4000u

static struct actor actor[TASKS];
static handle_t file[FILES];
static u64 seed;
static u32 broken, deaths;

static u32 pick(u32 n)
{
	return draw(&seed, n);
}

static u64 address(u32 region, u32 page)
{
	return BASE + ((u64)region * STRIDE + page) * PAGE_SIZE;
}

static void do_map(struct mmtest *t)
{
	u32 r = pick(REGIONS);
	u32 flags = MAPF_FIXED | (pick(3) ? 0 : MAPF_SHARED);

	switch (pick(4)) {
	case 0:
		map_file(t, address(r, 0), PAGES, pick(2) ? "rw" : "rx", flags, file[pick(FILES)],
			 0);
		break;
	case 1:
		unmap(t, address(r, pick(PAGES)), 1 + pick(PAGES));
		break;
	default:
		map(t, address(r, 0), PAGES, "rw", flags);
	}
}

/* A stretch of pages, or pages here and there. */
static void do_touch(struct mmtest *t)
{
	u32 r = pick(REGIONS), first = pick(PAGES), n = 1 + pick(1024), i;
	bool write = pick(2), scatter = pick(2);

	for (i = 0; i < n && !t->r.fatal_signal && !t->r.died; i++) {
		u32 page = scatter ? pick(PAGES) : (first + i) % PAGES;

		/* a SIGSEGV would end the process: only what is mapped */
		if (!find_vma_exact(t->m, mm_of(t), address(r, page)))
			return;
		if (write &&
		    !(vma_at(t->m, find_vma_exact(t->m, mm_of(t), address(r, page)))->flags &
		      VM_WRITE))
			return;
		mm_access(t->m, t->task, address(r, page), write);
		machine_safe_point(t->m);
	}
}

static void do_advise(struct mmtest *t)
{
	static const char *const words[] = { "cold",	   "pageout", "free",	 "dontneed",
					     "sequential", "normal",  "willneed" };

	advise(t, address(pick(REGIONS), pick(PAGES)), 1 + pick(2048),
	       words[pick(ARRAY_SIZE(words))]);
}

static void do_lock(struct mmtest *t)
{
	/* small: the machine must stay usable */
	do_mlock(t->m, t->task, address(pick(REGIONS), pick(PAGES)),
		 (u64)(1 + pick(64)) * PAGE_SIZE, pick(2), pick(2));
}

static void do_file(struct mmtest *t)
{
	handle_t f = file[pick(FILES)];
	u64 pages = inode_at(t->m, f)->size >> PAGE_SHIFT, at = pick((u32)pages), i;
	pfn_t pfn;

	for (i = at; i < pages && i < at + 256; i++) {
		pfn = filemap_get_page(t->m, f, i, true);
		if (pfn == PFN_NONE)
			return;
		mark_page_accessed(t->m, pfn);
		if (!pick(4))
			page_set_dirty(t->m, pfn);
		machine_safe_point(t->m);
		if (t->r.fatal_signal || t->r.died)
			return;
	}
}

static void do_knob(struct machine *m)
{
	static const s32 swappiness[] = { 0, 1, 60, 100, 200 };

	switch (pick(6)) {
	case 0:
		m->sysctl.swappiness = swappiness[pick(5)];
		break;
	case 1:
		reclaim_policy_set(m, pick(2) ? "lru" : "classic");
		break;
	case 2:
		m->sysctl.min_free_kbytes = 256 << pick(5);
		setup_per_zone_wmarks(m);
		break;
	case 3:
		m->sysctl.laptop_mode = (s32)pick(2);
		break;
	case 4:
		drop_pagecache(m);
		break;
	case 5:
		clock_advance_to(m, m->clock.now + (u64)pick(200) * 1000000);
	}
}

static void do_process(struct mmtest *t, struct actor *self)
{
	struct actor *other = &actor[pick(TASKS)];
	u64 pages;
	handle_t child;

	if (other == self)
		return;
	if (actor_alive(t->m, other)) {
		if (pick(2))
			swap_out_process(t->m, other->task, &pages);
		else
			do_exit(t->m, other->task, 0);
		return;
	}
	if (!(pick(2) ? task_fork(t->m, t->task, &child) : task_spawn(t->m, "more", &child)))
		actor_is(t->m, other, child);
}

static void one_step(struct mmtest *t, struct actor *a)
{
	switch (pick(16)) {
	case 0:
	case 1:
		do_map(t);
		break;
	case 2:
		do_advise(t);
		break;
	case 3:
		do_lock(t);
		break;
	case 4:
	case 5:
		do_file(t);
		break;
	case 6:
		do_knob(t->m);
		break;
	case 7:
		do_process(t, a);
		break;
	default:
		do_touch(t);
	}
}

/* Work as one of those alive; make one if nobody is. */
static void step(struct mmtest *t)
{
	u32 i = pick(TASKS), tries;

	for (tries = 0; tries < TASKS && !actor_alive(t->m, &actor[i]); tries++)
		i = (i + 1) % TASKS;
	if (!actor_alive(t->m, &actor[i])) {
		if (task_spawn(t->m, "new", &actor[i].task))
			return;
		actor_is(t->m, &actor[i], actor[i].task);
	}
	t->task = actor[i].task;
	task_run_begin(t->m, &t->r, t->task);
	one_step(t, &actor[i]);
	deaths += !task_run_end(t->m, &t->r);
}

static void play(u64 with_seed, u64 swap_mib)
{
	struct mmtest t;
	u32 i, n;

	seed = with_seed;
	broken = deaths = 0;
	memset(actor, 0, sizeof(actor));
	mmtest_open(&t, 96);
	task_run_end(t.m, &t.r);
	actor_is(t.m, &actor[0], t.task);
	if (swap_mib && swapon(t.m, "/dev/vdb", swap_mib << 20, -1, false))
		bail_out("no swap");
	for (i = 0; i < FILES; i++) {
		if (inode_create(t.m, i ? i > 1 ? "/c" : "/b" : "/a", (u64)16 << 20, INODE_REGULAR,
				 &file[i]))
			bail_out("no file");
		/* open all along: it is used without looking its name up */
		inode_get(t.m, file[i]);
	}
	for (n = 0; n < STEPS && !t.m->panicked && broken < 10; n++) {
		step(&t);
		if (n % 20 == 0 || n + 50 > STEPS)
			broken += count_violations(t.m, "step %u", n);
	}
	diag("scanned %llu, freed %llu, swapped out %llu, refaults %lld, %u deaths",
	     (unsigned long long)t.m->vm_event[PGSCAN_KSWAPD] + t.m->vm_event[PGSCAN_DIRECT],
	     (unsigned long long)t.m->vm_event[PGSTEAL_KSWAPD] + t.m->vm_event[PGSTEAL_DIRECT],
	     (unsigned long long)t.m->vm_event[PSWPOUT],
	     (long long)t.m->vm_node_stat[WORKINGSET_REFAULT_ANON] +
		     t.m->vm_node_stat[WORKINGSET_REFAULT_FILE],
	     deaths);
	is_int(broken, 0, "no invariant is broken, seed %u, swap %u MiB", (u32)with_seed,
	       (u32)swap_mib);
	cmp_int(t.m->vm_event[PGSTEAL_KSWAPD] + t.m->vm_event[PGSTEAL_DIRECT], >, draw_least(5000),
		"and much was reclaimed");
	if (swap_mib)
		cmp_int(t.m->vm_event[PSWPOUT], >, draw_least(1000), "and swapped out");
	machine_destroy(t.m);
}

int main(void)
{
	play(1, 64);
	play(2, 0);
	play(3, 256);
	play(4, 16);
	return done_testing();
}
