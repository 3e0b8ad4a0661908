/*
 * A few processes do random things to the same stretch of addresses, thousands of times, against a
 * plain model: an array that says for each page what is mapped there. Invariants are checked along
 * the way. The seed is fixed, so the run is the same each time.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/draw.h"
#include "tests/mmtest.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define BASE  0x20000000ull
#define PAGES 300u
#define TASKS 4u
#define STEPS 6000u

enum backing { NONE, ANON, SHARED_ANON, FILE_PRIVATE, FILE_SHARED, DEVICE };

struct model {
	handle_t task;
	u8 prot[PAGES], backing[PAGES];
	bool locked[PAGES], dontfork[PAGES];
};

static struct model model[TASKS];
static u64 seed = 20240601;
static handle_t file, device;

static u32 pick(u32 n)
{
	return draw(&seed, n);
}

static u64 addr_of(u32 page)
{
	return BASE + page * PAGE_SIZE;
}

static const char *const prots[] = { "rw", "r", "-", "rw", "rx" };

/* What the engine has at each page must be what the model has. */
static bool agrees(struct machine *m, const struct model *d)
{
	u32 i;

	for (i = 0; i < PAGES; i++) {
		handle_t h = find_vma_exact(m, task_at(m, d->task)->mm, addr_of(i));
		const struct vma *v = h ? vma_at(m, h) : NULL;

		if (!h != (d->backing[i] == NONE)) {
			diag("page %u: mapped %d, should be %d", i, !!h, d->backing[i]);
			return false;
		}
		if (v && ((v->flags & VM_ACCESS_FLAGS) != d->prot[i] ||
			  !(v->flags & VM_LOCKED) == d->locked[i] ||
			  !(v->flags & VM_DONTCOPY) == d->dontfork[i])) {
			diag("page %u: flags %x, should be prot %x locked %d dontfork %d", i,
			     v->flags, d->prot[i], d->locked[i], d->dontfork[i]);
			return false;
		}
	}
	return true;
}

static void step_map(struct mmtest *t, struct model *d, u32 first, u32 n)
{
	enum backing b = pick(12) ? (enum backing)(1 + pick(4)) : DEVICE;
	const char *prot = prots[pick(3)];
	bool shared = b == SHARED_ANON || b == FILE_SHARED || b == DEVICE;
	handle_t inode = b == DEVICE ? device : b >= FILE_PRIVATE ? file : 0;
	u32 flags = MAPF_FIXED | (shared ? MAPF_SHARED : 0), i;
	u64 at;

	/* a file that is mapped shared is opened for what is asked: keep it writable in the
	 * model */
	if (inode && shared)
		prot = "rw";
	at = map_file(t, addr_of(first), n, prot, flags, inode, pick(64));
	if (MAP_FAILED_AT(at))
		return;
	for (i = first; i < first + n; i++) {
		d->backing[i] = (u8)b;
		d->prot[i] = (u8)prot_bits(prot);
		d->locked[i] = d->dontfork[i] = false;
	}
}

static void step_unmap(struct mmtest *t, struct model *d, u32 first, u32 n)
{
	u32 i;

	if (unmap(t, addr_of(first), n))
		return;
	for (i = first; i < first + n; i++)
		d->backing[i] = NONE, d->locked[i] = d->dontfork[i] = false, d->prot[i] = 0;
}

/* Calls on ranges stop at a hole: so does the model. */
static u32 until_hole(const struct model *d, u32 first, u32 n)
{
	u32 i;

	for (i = first; i < first + n && d->backing[i] != NONE; i++)
		;
	return i;
}

static void step_protect(struct mmtest *t, struct model *d, u32 first, u32 n)
{
	const char *prot = prots[pick(5)];
	u32 i, end = until_hole(d, first, n);

	protect(t, addr_of(first), n, prot);
	for (i = first; i < end; i++)
		d->prot[i] = (u8)prot_bits(prot);
}

static void step_lock(struct mmtest *t, struct model *d, u32 first, u32 n, bool lock)
{
	u32 i, end = until_hole(d, first, n);

	do_mlock(t->m, t->task, addr_of(first), n * PAGE_SIZE, lock, pick(2));
	for (i = first; i < end; i++)
		d->locked[i] = lock && d->backing[i] != DEVICE;
}

static void step_advise(struct mmtest *t, struct model *d, u32 first, u32 n)
{
	static const char *const names[] = { "dontfork",   "dofork",  "dontneed", "free",
					     "cold",	   "pageout", "willneed", "populate_read",
					     "sequential", "normal" };
	u32 which = pick(10), i;

	/* a device's mapping refuses some of it, and ends the call there */
	for (i = first; i < first + n; i++)
		if (d->backing[i] == DEVICE)
			return;
	advise(t, addr_of(first), n, names[which]);
	for (i = first; which < 2 && i < first + n; i++)
		if (d->backing[i] != NONE)
			d->dontfork[i] = !which;
}

/* Each page on its own: a bad access would end the process. */
static void step_touch(struct mmtest *t, const struct model *d, u32 first, u32 n)
{
	bool write = pick(2);
	u32 i;

	for (i = first; i < first + n; i++)
		if (d->backing[i] != NONE && d->prot[i] & (write ? VM_WRITE : VM_READ) &&
		    mm_access(t->m, t->task, addr_of(i), write))
			diag("page %u of %u cannot be touched", i, (u32)(d - model));
}

/* Another task becomes a copy of this one, or a fresh one. */
static void step_fork(struct mmtest *t, struct model *d)
{
	struct model *other = &model[pick(TASKS)];
	handle_t child;
	u32 i;

	if (other == d || task_fork(t->m, d->task, &child))
		return;
	do_exit(t->m, other->task, 0);
	*other = *d;
	other->task = child;
	for (i = 0; i < PAGES; i++) {
		other->locked[i] = false;
		if (d->dontfork[i])
			other->backing[i] = NONE, other->prot[i] = 0, other->dontfork[i] = false;
	}
}

/* There and back: a moved mapping ends where it was. */
static void step_move(struct mmtest *t, struct model *d, u32 first, u32 n)
{
	u32 end = until_hole(d, first, n);
	u64 to, start = addr_of(first), bytes;
	handle_t h = find_vma_exact(t->m, mm_of(t), start);
	struct vma *v = h ? vma_at(t->m, h) : NULL;
	u32 i;

	if (!h || end == first)
		return;
	bytes = (v->end < addr_of(end) ? v->end : addr_of(end)) - start;
	if (do_mremap(t->m, t->task, start, bytes, bytes + PAGE_SIZE, true, &to))
		return;
	if (to == start) { /* grew into the hole behind it */
		i = (u32)((start + bytes - BASE) >> PAGE_SHIFT);
		/* shared memory does not grow with its mapping: SIGBUS behind its end */
		if (i < PAGES && d->backing[i - 1] != SHARED_ANON) {
			d->backing[i] = d->backing[i - 1];
			d->prot[i] = d->prot[i - 1];
			d->locked[i] = d->locked[i - 1];
			d->dontfork[i] = d->dontfork[i - 1];
		} else {
			unmap(t, start + bytes, 1);
		}
		return;
	}
	do_munmap(t->m, t->task, to, bytes + PAGE_SIZE);
	for (i = first; i < first + (bytes >> PAGE_SHIFT); i++)
		d->backing[i] = NONE, d->prot[i] = 0, d->locked[i] = d->dontfork[i] = false;
}

/* To another place of the stretch, over what is there; sometimes the old mapping stays, empty. */
static void step_transfer(struct mmtest *t, struct model *d, u32 first, u32 n)
{
	u32 to = pick(PAGES - n + 1), i;
	bool keep = !pick(3) && d->backing[first] != DEVICE;
	handle_t h = find_vma_exact(t->m, mm_of(t), addr_of(first));
	struct mremap_request rq = { .addr = addr_of(first),
				     .new_addr = addr_of(to),
				     .flags = MREMAPF_MAYMOVE | MREMAPF_FIXED |
					      (keep ? MREMAPF_DONTUNMAP : 0) };
	u64 at;

	if (!h)
		return;
	n = min_t(u32, n, (u32)((vma_at(t->m, h)->end - rq.addr) >> PAGE_SHIFT));
	if (to < first + n && first < to + n)
		return;
	rq.old_length = rq.new_length = n * PAGE_SIZE;
	if (do_mremap_to(t->m, t->task, &rq, &at)) {
		diag("pages %u to %u cannot be moved to %u", first, first + n, to);
		return;
	}
	for (i = 0; i < n; i++) {
		d->backing[to + i] = d->backing[first + i];
		d->prot[to + i] = d->prot[first + i];
		d->locked[to + i] = d->locked[first + i];
		d->dontfork[to + i] = d->dontfork[first + i];
		d->locked[first + i] = false;
		if (!keep)
			d->backing[first + i] = NONE, d->prot[first + i] = 0,
					   d->dontfork[first + i] = false;
	}
}

static void count_incore(void *arg, u64 page, bool incore)
{
	(void)page, (void)incore;
	++*(u32 *)arg;
}

static void step_mincore(struct mmtest *t, const struct model *d, u32 first, u32 n)
{
	u32 told = 0, end = until_hole(d, first, n);
	int error = do_mincore(t->m, t->task, addr_of(first), n * PAGE_SIZE, count_incore, &told);

	if (told != end - first || error != (end < first + n ? -ENOMEM : 0))
		diag("mincore of %u pages told of %u: %d", n, told, error);
}

static void step(struct mmtest *t)
{
	struct model *d = &model[pick(TASKS)];
	u32 first = pick(PAGES), n = 1 + pick(pick(4) ? 12 : 120);

	n = n > PAGES - first ? PAGES - first : n;
	as_task(t, d->task);
	switch (pick(18)) {
	case 0:
	case 1:
	case 2:
		step_map(t, d, first, n);
		break;
	case 3:
		step_unmap(t, d, first, n);
		break;
	case 4:
	case 5:
		step_protect(t, d, first, n);
		break;
	case 6:
		step_lock(t, d, first, n, true);
		break;
	case 7:
		step_lock(t, d, first, n, false);
		break;
	case 8:
		step_advise(t, d, first, n);
		break;
	case 9:
		if (!pick(4))
			step_fork(t, d);
		break;
	case 10:
		step_move(t, d, first, n);
		break;
	case 11:
		clear_refs(t->m, mm_of(t), (enum clear_refs_type)(1 + pick(4)));
		break;
	case 13:
		step_transfer(t, d, first, n);
		break;
	case 14:
		step_mincore(t, d, first, n);
		break;
	case 12:
		filemap_fdatawrite(t->m, file, pick(32), 64);
		break;
	default:
		step_touch(t, d, first, n);
		break;
	}
}

int main(void)
{
	struct mmtest t;
	u32 i, wrong = 0;

	mmtest_open(&t, 256);
	inode_create(t.m, "/data/f", 64 << 20, INODE_REGULAR, &file);
	if (device_get(t.m, "card", 2ull * PAGES * PAGE_SIZE, &device))
		bail_out("no device");
	model[0].task = t.task;
	for (i = 1; i < TASKS; i++)
		if (task_fork(t.m, t.task, &model[i].task))
			bail_out("no process");
	for (i = 0; i < STEPS && !wrong; i++) {
		u32 k;

		step(&t);
		for (k = 0; k < TASKS && i % 16 == 0; k++)
			wrong += !agrees(t.m, &model[k]);
		if (i % 100 == 0)
			wrong += count_violations(t.m, "step %u", i);
		if (wrong)
			diag("after step %u", i);
	}
	is_uint(wrong, 0,
		"%u random steps of %u processes do what the model does, and all invariants hold",
		STEPS, TASKS);
	for (i = 1; i < TASKS; i++)
		if (model[i].task != t.task)
			do_exit(t.m, model[i].task, 0);
	if (model[0].task != t.task)
		do_exit(t.m, model[0].task, 0);
	mmtest_close(&t);
	return done_testing();
}
