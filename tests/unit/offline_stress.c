/*
 * A thousand random steps: blocks go online and offline, DIMMs are plugged in and pulled out, on
 * nodes that come and go, while processes write, fork, lock and pin memory and a load runs. After
 * each step every invariant is checked; every page holds eight bytes of its own, which are compared
 * all along. The seed is fixed, so the run is the same each time (an argument is another one).
 */
#include <mman/contents.h>
#include <mman/memory_hotplug.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/draw.h"
#include "tests/mmtest.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define BASE  0x30000000ull
#define PAGES 6144u /* the first two thirds are private, the others shared */
#define STEPS 1000u
#define SLOTS 3u

static const char machine[] = "[machine]\n"
			      "cpus = 2\n"
			      "[node 0]\n"
			      "memory = 768M\n"
			      "cpus = 0-1\n"
			      "[node 1]\n"
			      "memory = 0\n"
			      "[dimm boot]\n"
			      "size = 512M\n"
			      "node = 1\n";

static u64 value[PAGES];
static u64 seed = 7;
static u32 wrong, done[8];
static u64 pinned; /* address; 0: none */
static pfn_t pinned_frame;
static handle_t child;

static u32 pick(u32 n)
{
	return draw(&seed, n);
}

static u64 address(u32 page)
{
	return BASE + page * PAGE_SIZE;
}

/* Where in its page the value stands. */
static u64 place(u32 page)
{
	return address(page) + page * 8ull % PAGE_SIZE;
}

static void write_value(struct mmtest *t, u32 page)
{
	u64 v = (u64)pick(1u << 30) << 20 | page;

	if (access_remote_vm(t->m, t->task, place(page), &v, 8, true) == 8)
		value[page] = v;
	else
		wrong++;
}

static void compare(struct mmtest *t, u32 first, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++) {
		u32 page = (first + i) % PAGES;
		u64 v = 0;

		if ((access_remote_vm(t->m, t->task, place(page), &v, 8, false) != 8 ||
		     v != value[page]) &&
		    !wrong++)
			diag("page %u holds %llx, not %llx", page, (unsigned long long)v,
			     (unsigned long long)value[page]);
	}
}

/* ---- steps ---- */

static bool give_up(struct machine *m, void *arg)
{
	u32 *patience = arg;

	(void)m;
	return (*patience)-- != 0;
}

/* Somebody waits for it, though not for ever. */
static void wait_a_while(struct machine *m, u32 *patience)
{
	*patience = 300;
	m->host.yield = give_up;
	m->host.arg = patience;
	m->attention = 1;
}

static void wait_no_more(struct machine *m)
{
	m->attention = 0;
	m->host.yield = NULL;
}

static u32 any_block(struct machine *m)
{
	u32 block = memory_block_next(m, pick(2) ? pick(6) : 32 + pick(24));

	return block == UINT32_MAX ? memory_block_next(m, 0) : block;
}

static void step_online(struct mmtest *t)
{
	enum mhp_online_type type = MMOP_ONLINE + (enum mhp_online_type)pick(3);

	done[0] += memory_block_online(t->m, any_block(t->m), type) == 0;
}

/* An error leaves the block as it was. */
static void step_offline(struct mmtest *t)
{
	u32 block = any_block(t->m), patience;
	struct memory_block before, after;
	u64 total = t->m->totalram_pages;
	int error;

	if (pinned && !pick(3))
		block = pinned_frame / PAGES_PER_SECTION;
	memory_block_look(t->m, block, &before);
	wait_a_while(t->m, &patience);
	error = memory_block_offline(t->m, block);
	wait_no_more(t->m);
	t->r.interrupted = false;
	memory_block_look(t->m, block, &after);
	done[1] += !error;
	done[2] += error == -EINTR;
	done[3] += error == -EBUSY;
	if (error &&
	    (before.online != after.online || before.type != after.type ||
	     total != t->m->totalram_pages) &&
	    !wrong++)
		diag("memory%u: %d, but it is not as it was", block, error);
}

static void step_plug(struct mmtest *t)
{
	char name[8], why[128];
	handle_t h;

	snprintf(name, sizeof(name), "s%u", pick(SLOTS));
	h = memory_dimm_find(t->m, name);
	if (!h && memory_dimm_create(t->m, name, &h))
		return;
	if (!memory_dimm_at(&t->m->hotplug, h)->plugged) {
		memory_dimm_at(&t->m->hotplug, h)->size = (1ull << SECTION_SHIFT) * (1 + pick(4));
		memory_dimm_at(&t->m->hotplug, h)->nid = pick(4);
		t->m->knobs.auto_online_blocks = pick(4);
		t->m->hotplug.memmap_on_memory = pick(2);
		t->m->hotplug.online_policy = (u8)pick(2);
	}
	done[4] += memory_dimm_plug(t->m, h, why, sizeof(why)) == 0;
}

static void step_unplug(struct mmtest *t)
{
	char name[8], why[128];
	u32 patience;
	handle_t h;
	int error;

	snprintf(name, sizeof(name), pick(6) ? "s%u" : "boot", pick(SLOTS));
	h = memory_dimm_find(t->m, name);
	if (!h)
		return;
	wait_a_while(t->m, &patience);
	error = memory_dimm_unplug(t->m, h, why, sizeof(why));
	wait_no_more(t->m);
	t->r.interrupted = false;
	done[5] += !error;
	if (!error && pick(2) && memory_dimm_remove(t->m, name))
		wrong++;
}

static void step_pin(struct mmtest *t)
{
	struct pte_info pte;

	if (pinned) {
		unpin_user_pages(t->m, mm_of(t), pinned, PAGE_SIZE);
		pinned = 0;
		return;
	}
	pinned = address(pick(PAGES));
	if (pin_user_pages(t->m, t->task, pinned, PAGE_SIZE) ||
	    !pte_lookup(t->m, mm_of(t), pinned, &pte))
		pinned = 0;
	else
		pinned_frame = pte.pfn;
}

static void step_fork(struct mmtest *t)
{
	if (child) {
		do_exit(t->m, child, 0);
		child = 0;
	} else if (task_fork(t->m, t->task, &child)) {
		child = 0;
	}
}

static void step_soft_offline(struct mmtest *t)
{
	struct pte_info pte;

	if (pick(4) == 0 && pte_lookup(t->m, mm_of(t), address(pick(PAGES)), &pte) && pte.present)
		done[6] += soft_offline_page(t->m, pte.pfn) == 0;
}

static void step(struct mmtest *t)
{
	u32 i;

	switch (pick(12)) {
	case 0:
	case 1:
	case 2:
		step_online(t);
		break;
	case 3:
	case 4:
	case 5:
		step_offline(t);
		break;
	case 6:
		step_plug(t);
		break;
	case 7:
		step_unplug(t);
		break;
	case 8:
		step_pin(t);
		break;
	case 9:
		step_fork(t);
		break;
	case 10:
		do_mlock(t->m, t->task, address(pick(PAGES / 2)), PAGE_SIZE * (1 + pick(64)),
			 pick(2), false);
		step_soft_offline(t);
		break;
	default:
		for (i = 0; i < 128; i++)
			write_value(t, pick(PAGES));
	}
}

/* Another process writes all the time, to as much memory as two blocks have. */
static handle_t start_load(struct machine *m)
{
	const struct access_spec spec = { .pattern = ACCESS_UNIFORM,
					  .write_percent = 50,
					  .count = 100000 };
	const struct mmap_request rq = { .length = 256ull << 20, .prot = VM_READ | VM_WRITE };
	handle_t lab;
	u64 addr;

	if (lab_create(m, "load", &lab) || do_mmap(m, lab_at(m, lab)->task, &rq, &addr) ||
	    lab_region_add(m, lab, "m", addr, rq.length) || lab_load_start(m, lab, "m", &spec))
		bail_out("no load");
	return lab;
}

int main(int argc, char **argv)
{
	struct mmtest t;
	u32 i, unsound = 0;
	u32 deaths = 0;
	handle_t load;

	if (argc > 1) /* another run than that of the test */
		seed = strtoull(argv[1], NULL, 0);
	mmtest_open_on(&t, machine);
	map(&t, BASE, PAGES * 2 / 3, "rw", MAPF_FIXED);
	map(&t, address(PAGES * 2 / 3), PAGES / 3, "rw", MAPF_FIXED | MAPF_SHARED);
	for (i = 0; i < 4; i++)
		memory_block_online(t.m, 32 + i, MMOP_ONLINE_MOVABLE);
	for (i = 0; i < PAGES; i++)
		write_value(&t, i);
	load = start_load(t.m);
	for (i = 0; i < STEPS; i++) {
		step(&t);
		clock_advance_to(t.m, t.m->clock.now + 5 * NSEC_PER_SEC / 1000);
		if (lab_at(t.m, load)->ended) {
			deaths++;
			lab_remove(t.m, "load");
			load = start_load(t.m);
		}
		compare(&t, pick(PAGES), 64);
		unsound += count_violations(t.m, "step %u", i);
	}
	if (pinned)
		step_pin(&t);
	compare(&t, 0, PAGES);
	cmp_int(deaths, <, 20, "the load died only of frames that failed, and began anew");
	is_int(lab_remove(t.m, "load"), 0, "and its process ends");
	is_uint(unsound, 0, "every invariant held after each of %u steps", STEPS);
	is_uint(wrong, 0, "no byte was lost, and no refusal left traces");
	cmp_int(done[0], >, draw_least(25), "blocks went online");
	cmp_int(done[1], >, draw_least(25), "and offline");
	cmp_int(done[2] + done[3], >, 0, "some were busy, or had to be given up");
	cmp_int(done[4], >, draw_least(10), "DIMMs were plugged in");
	cmp_int(done[5], >, draw_least(10), "and pulled out");
	cmp_int(done[6], >, 2, "frames were taken out of use");
	if (child)
		step_fork(&t);
	mmtest_close(&t);
	return done_testing();
}
