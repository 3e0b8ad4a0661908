/*
 * A few processes on a machine with little memory and three small swap areas write bytes, fork,
 * map, unmap, move, lock, advise, and have pages put out by reclaim, while areas go on and off and
 * the disk fails now and then; every invariant is checked all along, and every byte at its turn.
 * The seed is fixed, so the run is the same each time.
 */
#include <errno.h>
#include <mman/namei.h>
#include <stdlib.h>
#include <string.h>

#include "tests/actor.h"
#include "tests/draw.h"
#include "tests/sound.h"
#include "tests/swaptest.h"
#include "tests/tap.h"

#define BASE	0x30000000ull
#define REGIONS 6u
#define PAGES	1024u /* of a region */
#define STRIDE	4096u
#define TASKS	5u
#define STEPS	2500u

static const char *const area_name[] = { "/dev/a", "/dev/b", "/f" };

enum kind { NONE, ANON, SHARED };

/* What a region is to hold: the byte that each page was filled with last. */
struct region {
	u8 kind;
	u32 object; /* of SHARED: which piece of shared memory */
	u8 byte[PAGES];
};

struct process {
	struct actor self;
	struct region region[REGIONS];
};

static struct process *process;
static u8 (*shared)[PAGES];
static u32 next_object;
static u64 seed;
static u32 wrong, ooms, offs;

static u32 pick(u32 n)
{
	return draw(&seed, n);
}

static u64 region_at(u32 r, u32 page)
{
	return BASE + ((u64)r * STRIDE + page) * PAGE_SIZE;
}

static u8 *bytes_of(struct region *r)
{
	return r->kind == SHARED ? shared[r->object] : r->byte;
}

/* A process that was killed for want of memory is out of the game. */
static bool alive(struct mmtest *t, struct process *p)
{
	if (!p->self.task || actor_alive(t->m, &p->self))
		return p->self.task != 0;
	p->self.task = 0;
	ooms++;
	return false;
}

static void begin(struct mmtest *t, struct process *p)
{
	t->task = p->self.task;
	task_run_begin(t->m, &t->r, p->self.task);
}

static void end(struct mmtest *t, struct process *p)
{
	if (!task_run_end(t->m, &t->r) || t->r.fatal_signal) {
		p->self.task = 0;
		ooms++;
	}
}

/* ---- steps of a process ---- */

static void step_map(struct mmtest *t, struct process *p, u32 n)
{
	struct region *r = &p->region[n];
	bool share = pick(3) == 0;

	if (r->kind != NONE && pick(3))
		return;
	if (r->kind != NONE) {
		unmap(t, region_at(n, 0), PAGES);
		r->kind = NONE;
		return;
	}
	if (MAP_FAILED_AT(
		    map(t, region_at(n, 0), PAGES, "rw",
			MAPF_FIXED | (share ? MAPF_SHARED : 0) | (pick(4) ? 0 : MAPF_NORESERVE))))
		return;
	r->kind = share ? SHARED : ANON;
	r->object = share ? next_object++ : 0;
	memset(bytes_of(r), 0, PAGES);
}

static void step_write(struct mmtest *t, struct process *p, u32 n)
{
	struct region *r = &p->region[n];
	u32 first = pick(PAGES), count = 1 + pick(PAGES - first), i;
	u8 byte = (u8)pick(4);
	u64 done = 0;

	if (r->kind == NONE)
		return;
	mm_fill_range(t->m, t->task, region_at(n, first), count * PAGE_SIZE, byte, &done);
	for (i = 0; i < done; i++)
		bytes_of(r)[first + i] = byte;
}

/* @count pages from @first on, which lie at @addr, hold what they should. */
static void compare(struct mmtest *t, struct region *r, u64 addr, u32 first, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++) {
		u8 byte = 0xee;

		if (access_remote_vm(t->m, t->task, addr + i * PAGE_SIZE + pick(4096), &byte, 1,
				     false) != 1)
			return; /* killed, or the disk does not give it back */
		if (byte != bytes_of(r)[first + i] && !wrong++)
			diag("task %u page %llx holds %02x, not %02x", task_at(t->m, t->task)->pid,
			     (unsigned long long)addr + i * PAGE_SIZE, byte,
			     bytes_of(r)[first + i]);
	}
}

static void step_read(struct mmtest *t, struct process *p, u32 n)
{
	struct region *r = &p->region[n];
	u32 first = pick(PAGES), count = 1 + pick(PAGES - first);

	if (r->kind != NONE && !load(t, region_at(n, first), count))
		compare(t, r, region_at(n, first), first, count);
}

static void step_advise(struct mmtest *t, struct process *p, u32 n)
{
	static const char *const advice[] = { "dontneed", "willneed", "pageout", "pageout",
					      "cold" };
	struct region *r = &p->region[n];
	u32 first = pick(PAGES), count = 1 + pick(PAGES - first);
	const char *a = advice[pick(ARRAY_SIZE(advice))];

	if (r->kind == NONE)
		return;
	if (!advise(t, region_at(n, first), count, a) && *a == 'd' && r->kind == ANON)
		memset(r->byte + first, 0, count);
}

/* The entries move, and are given up at the new place. */
static void step_move(struct mmtest *t, struct process *p, u32 n)
{
	u64 from = region_at(n, 0), to;

	if (p->region[n].kind != ANON || do_mremap(t->m, t->task, from, PAGES * PAGE_SIZE,
						   (u64)STRIDE * 2 * PAGE_SIZE, true, &to))
		return;
	compare(t, &p->region[n], to, 0, PAGES);
	unmap(t, to, (u64)STRIDE * 2);
	p->region[n].kind = NONE;
}

static void step_lock(struct mmtest *t, struct process *p, u32 n)
{
	u32 first = pick(PAGES), count = 1 + pick(32);

	count = count > PAGES - first ? PAGES - first : count;
	if (p->region[n].kind == NONE)
		return;
	if (!do_mlock(t->m, t->task, region_at(n, first), count * PAGE_SIZE, true, pick(2)))
		do_mlock(t->m, t->task, region_at(n, 0), PAGES * PAGE_SIZE, false, false);
}

static void step_protect(struct mmtest *t, struct process *p, u32 n)
{
	if (p->region[n].kind == NONE)
		return;
	protect(t, region_at(n, 0), PAGES, "r");
	step_read(t, p, n);
	protect(t, region_at(n, 0), PAGES, "rw");
}

static void step_fork(struct mmtest *t, struct process *p)
{
	u32 i = pick(TASKS);
	handle_t child;

	if (alive(t, &process[i])) {
		if (&process[i] == p || pick(3))
			return;
		do_exit(t->m, process[i].self.task, 0);
		process[i].self.task = 0;
		return;
	}
	if (task_fork(t->m, p->self.task, &child))
		return;
	process[i] = *p;
	actor_is(t->m, &process[i].self, child);
}

static void process_step(struct mmtest *t, struct process *p)
{
	u32 n = pick(REGIONS);

	begin(t, p);
	switch (pick(16)) {
	case 0:
	case 1:
		step_map(t, p, n);
		break;
	case 2:
		step_fork(t, p);
		break;
	case 3:
		step_move(t, p, n);
		break;
	case 4:
		step_lock(t, p, n);
		break;
	case 5:
		step_protect(t, p, n);
		break;
	case 6:
	case 7:
		step_advise(t, p, n);
		break;
	case 8:
	case 9:
	case 10:
		step_read(t, p, n);
		break;
	default:
		step_write(t, p, n);
		break;
	}
	end(t, p);
}

/* ---- steps of the machine ---- */

#define FILE_PAGES 6000u

/* The file that the last area is. */
static handle_t swap_file;

/* Nobody changes it while it is swap. */
static void touch_file(struct mmtest *t)
{
	int error = swap_area_find(t->m, "/f") ? -ETXTBSY : 0;
	ssize_t n = generic_file_write(t->m, swap_file, pick(FILE_PAGES) * PAGE_SIZE, 1, NULL);

	wrong += n != (error ? error : 1) && n != -ENOMEM && n != -EIO;
	wrong += error && vfs_unlink(t->m, 0, "f") != -EPERM;
}

static void step_areas(struct mmtest *t)
{
	static const u32 pages[] = { 2700, 1300, FILE_PAGES };
	u32 i = pick(ARRAY_SIZE(area_name));
	s32 prio = pick(2) ? -1 : (s32)pick(2);

	if (i == 2)
		touch_file(t);
	if (i == 2 ? swapon_file(t->m, swap_file, pages[i] * PAGE_SIZE, prio) :
		     swapon(t->m, area_name[i], pages[i] * PAGE_SIZE, prio, false))
		offs += !swapoff(t->m, area_name[i]);
}

static void step_fault(struct mmtest *t)
{
	struct blk_fault f = { .times = 1 + pick(3), .probability = 100, .interval = 1 };

	f.first = 0;
	f.last = 1ull << 40;
	f.on[pick(3) ? BIO_WRITE : BIO_READ] = true;
	f.disk = pick(t->m->blk.nr_disks);
	if (!blk_clear_faults(t->m, f.disk, f.first, f.last))
		blk_set_fault(t->m, &f);
}

static void machine_step(struct mmtest *t)
{
	switch (pick(8)) {
	case 0:
	case 1:
		step_areas(t);
		break;
	case 2:
		step_fault(t);
		break;
	case 3:
		t->m->sysctl.page_cluster = (s32)pick(6);
		break;
	case 4:
		t->m->cost.disk_seek = pick(2) ? 0 : 100000;
		t->m->blk.queue.rotational = pick(2); /* of areas that come from now on */
		break;
	case 5:
		t->m->sysctl.swappiness = (s32)pick(201);
		break;
	default:
		clock_advance_to(t->m, t->m->clock.now + pick(100) * NSEC_PER_MSEC);
		break;
	}
}

static u32 run(struct mmtest *t, u32 steps)
{
	u32 step, broken = 0;

	for (step = 0; step < steps && !broken && !wrong; step++) {
		struct process *p = &process[pick(TASKS)];

		if (!pick(6))
			machine_step(t);
		else if (alive(t, p))
			process_step(t, p);
		else if (p == process && !task_spawn(t->m, "again", &p->self.task)) {
			memset(p->region, 0, sizeof(p->region));
			actor_is(t->m, &p->self, p->self.task);
		}
		broken = count_violations(t->m, "step %u", step);
	}
	return broken;
}

int main(int argc, char **argv)
{
	u32 steps = argc > 1 ? (u32)atoi(argv[1]) : STEPS, i;
	struct mmtest t;

	seed = argc > 2 ? (u64)atoll(argv[2]) : 20240711;
	process = calloc(TASKS, sizeof(*process));
	shared = calloc(steps + 1, sizeof(*shared));
	mmtest_open(&t, 96);
	if (vfs_create(t.m, 0, "f", INODE_REGULAR, 0600, &swap_file) ||
	    generic_file_write(t.m, swap_file, 0, FILE_PAGES * PAGE_SIZE, NULL) < 0)
		bail_out("no file");
	task_run_end(t.m, &t.r);
	do_exit(t.m, t.task, 0);
	is_int(run(&t, steps), 0, "every invariant holds after each of %u steps", steps);
	is_int(wrong, 0, "every byte read is the one written last");
	cmp_int(t.m->vm_event[PSWPOUT], >, draw_least(1000), "pages were written to swap");
	cmp_int(t.m->vm_event[PSWPIN], >, draw_least(100), "and read back");
	cmp_int(offs, >, 5, "areas went off");
	diag("%llu out, %llu in, %u swapoffs, %u killed",
	     (unsigned long long)t.m->vm_event[PSWPOUT], (unsigned long long)t.m->vm_event[PSWPIN],
	     offs, ooms);
	for (i = 0; i < TASKS; i++)
		if (alive(&t, &process[i]))
			do_exit(t.m, process[i].self.task, 0);
	/* pages that were being written when their process ended are still there */
	for (i = 0; i < ARRAY_SIZE(area_name); i++)
		swapoff(t.m, area_name[i]);
	is_int(t.m->swap.slots.nr_live, 0, "no slots are left");
	is_int(t.m->vm_node_stat[NR_SWAPCACHED], 0, "no swap cache");
	is_int(t.m->contents.values.nr_live, 0, "no contents");
	is_sound(t.m, "at the end");
	machine_destroy(t.m);
	free(process);
	free(shared);
	return done_testing();
}
