/*
 * bytestress.c - a few processes write bytes to their memory, copy themselves, map, protect, move,
 * unmap and have pages taken away, thousands of times, against a plain model: an array of what
 * every byte must be. The seed is fixed, so the run is the same each time.
 */
#include "tests/draw.h"
#include "tests/bytestress.h"

#include <mman/contents.h>
#include <mman/swap.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/migratetest.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define BASE	   BYTESTRESS_BASE
#define PAGES	   BYTESTRESS_PAGES
#define TASKS	   4u
#define OBJECTS	   96u
#define SWAP	   "/dev/swap"
#define SWAP_BYTES (256ull << 20)

enum backing { NONE, ANON, SHARED_ANON, FILE_PRIVATE, FILE_SHARED };

typedef u8 bytes_t[PAGE_SIZE];

/* One page of one process. */
struct slot {
	u8 backing, prot;
	bool copied;   /* a private page of a file: it has bytes of its own */
	u32 object;    /* of SHARED_ANON: which piece of shared memory */
	u32 index;     /* page of the file or of the shared memory */
	bytes_t bytes; /* its own */
};

struct model {
	handle_t task;
	struct slot slot[PAGES];
};

static struct model *model;		 /* TASKS of them */
static bytes_t *shared;			 /* [object][page] */
static bytes_t *file_model, *file_bytes; /* what the file must hold; what the engine wrote to it */
static u32 next_object;
static handle_t file, hog;
static u64 seed;
static const struct bytestress *spec;
static u32 wrong;
static u64 migrated;

u32 bytestress_pick(u32 n)
{
	return draw(&seed, n);
}

static u32 pick(u32 n)
{
	return bytestress_pick(n);
}

/* ---- the bytes of the file, as the program around the engine keeps them ---- */

static ssize_t store_read(struct machine *m, handle_t inode, void *buffer, size_t size, u64 offset)
{
	(void)m, (void)inode;
	memcpy(buffer, (u8 *)file_bytes + offset, size);
	return (ssize_t)size;
}

static ssize_t store_write(struct machine *m, handle_t inode, const void *data, size_t size,
			   u64 offset)
{
	(void)m, (void)inode;
	memcpy((u8 *)file_bytes + offset, data, size);
	return (ssize_t)size;
}

static const struct backing_ops store_ops = { .read = store_read, .write = store_write };

/* ---- the model ---- */

static u8 *bytes_of(struct slot *s)
{
	switch (s->backing) {
	case SHARED_ANON:
		return shared[s->object * PAGES + s->index];
	case FILE_SHARED:
		return file_model[s->index];
	case FILE_PRIVATE:
		return s->copied ? s->bytes : file_model[s->index];
	default:
		return s->bytes;
	}
}

/* The page is about to be written to: a private one of a file becomes a copy. */
static u8 *own_bytes(struct slot *s)
{
	if (s->backing == FILE_PRIVATE && !s->copied) {
		memcpy(s->bytes, file_model[s->index], PAGE_SIZE);
		s->copied = true;
	}
	return bytes_of(s);
}

static bool may_access(const struct slot *s, bool write)
{
	if (s->backing == NONE)
		return false;
	return !write || s->backing == ANON || s->backing == FILE_PRIVATE || s->prot & VM_WRITE;
}

/* How many of @size bytes at @at (from BASE on) can be had. */
static size_t expected(const struct model *d, u64 at, size_t size, bool write)
{
	size_t done = 0;

	while (done < size && (at + done) >> PAGE_SHIFT < PAGES) {
		u64 n = PAGE_SIZE - ((at + done) & ~PAGE_MASK);

		if (!may_access(&d->slot[(at + done) >> PAGE_SHIFT], write))
			break;
		done += min_t(u64, n, size - done);
	}
	return done;
}

static void complain(const struct model *d, const char *what, u64 at)
{
	if (!wrong++)
		diag("process %u, page %llu+%llu: %s", (u32)(d - model),
		     (unsigned long long)(at >> PAGE_SHIFT), (unsigned long long)(at & ~PAGE_MASK),
		     what);
}

static void compare(struct mmtest *t, struct model *d, u32 first, u32 n)
{
	bytes_t buffer;
	u32 i;

	for (i = first; i < first + n; i++) {
		struct slot *s = &d->slot[i];
		ssize_t got = access_remote_vm(t->m, d->task, BASE + i * PAGE_SIZE, buffer,
					       PAGE_SIZE, false);

		if (got != (s->backing == NONE ? -EIO : (ssize_t)PAGE_SIZE))
			complain(d, "cannot be read as it should", i * PAGE_SIZE);
		else if (got > 0 && memcmp(buffer, bytes_of(s), PAGE_SIZE) != 0)
			complain(d, "holds other bytes", i * PAGE_SIZE);
	}
}

/* ---- the steps ---- */

static void step_put(struct mmtest *t, struct model *d)
{
	static u8 data[3 * PAGE_SIZE];
	u64 at = pick(PAGES * (u32)PAGE_SIZE);
	size_t size = 1 + pick(pick(3) ? 64 : sizeof(data)), want, i;
	ssize_t got;

	if (!pick(4)) {
		at &= PAGE_MASK;
		size = PAGE_SIZE;
	}
	memset(data, (int)pick(256), size);
	for (i = 0; pick(4) && i < size; i++)
		data[i] = (u8)pick(256);
	want = expected(d, at, size, true);
	got = access_remote_vm(t->m, d->task, BASE + at, data, size, true);
	if (got != (want ? (ssize_t)want : -EIO))
		complain(d, "cannot be written as it should", at);
	for (i = 0; i < want; i++)
		own_bytes(&d->slot[(at + i) >> PAGE_SHIFT])[(at + i) & ~PAGE_MASK] = data[i];
}

/* What the process itself may write to: a bad access would end it. */
static void step_fill(struct mmtest *t, struct model *d, u32 first, u32 n)
{
	u8 byte = (u8)pick(3);
	u64 done;
	u32 i;

	for (i = first; i < first + n; i++) {
		if (d->slot[i].backing == NONE || !(d->slot[i].prot & VM_WRITE))
			continue;
		if (mm_fill_range(t->m, d->task, BASE + i * PAGE_SIZE, PAGE_SIZE, byte, &done))
			complain(d, "cannot be filled", i * PAGE_SIZE);
		memset(own_bytes(&d->slot[i]), byte, PAGE_SIZE);
	}
}

static void step_touch(struct mmtest *t, struct model *d, u32 first, u32 n)
{
	bool write = pick(2);
	u32 i;

	for (i = first; i < first + n; i++) {
		if (d->slot[i].backing == NONE || !(d->slot[i].prot & (write ? VM_WRITE : VM_READ)))
			continue;
		if (mm_access(t->m, d->task, BASE + i * PAGE_SIZE, write))
			complain(d, "cannot be touched", i * PAGE_SIZE);
		if (write)
			own_bytes(&d->slot[i]);
	}
}

static void step_map(struct mmtest *t, struct model *d, u32 first, u32 n)
{
	static const char *const prots[] = { "rw", "rw", "r", "-" };
	enum backing b = (enum backing)(1 + pick(4));
	const char *prot = b == FILE_SHARED ? "rw" : prots[pick(4)];
	u32 flags = MAPF_FIXED | (b == SHARED_ANON || b == FILE_SHARED ? MAPF_SHARED : 0), i;
	u32 offset = b >= FILE_PRIVATE ? pick(PAGES - n + 1) : 0;

	if (MAP_FAILED_AT(map_file(t, BASE + first * PAGE_SIZE, n, prot, flags,
				   b >= FILE_PRIVATE ? file : 0, offset)))
		return;
	if (b == SHARED_ANON) {
		next_object = (next_object + 1) % OBJECTS;
		memset(shared[(size_t)next_object * PAGES], 0, PAGES * PAGE_SIZE);
	}
	for (i = first; i < first + n; i++) {
		struct slot *s = &d->slot[i];

		memset(s, 0, sizeof(*s));
		s->backing = (u8)b;
		s->prot = (u8)prot_bits(prot);
		s->object = next_object;
		s->index = offset + i - first;
	}
}

/* Shared memory that somebody still maps must not be taken for a new mapping. */
static bool object_in_use(u32 object)
{
	u32 k, i;

	for (k = 0; k < TASKS; k++)
		for (i = 0; i < PAGES; i++)
			if (model[k].slot[i].backing == SHARED_ANON &&
			    model[k].slot[i].object == object)
				return true;
	return false;
}

static void forget(struct model *d, u32 first, u32 n)
{
	memset(&d->slot[first], 0, n * sizeof(d->slot[0]));
}

static void step_protect(struct mmtest *t, struct model *d, u32 first, u32 n)
{
	static const char *const prots[] = { "rw", "r", "-" };
	const char *prot = prots[pick(3)];
	u32 i;

	protect(t, BASE + first * PAGE_SIZE, n, prot);
	for (i = first; i < first + n && d->slot[i].backing != NONE; i++)
		d->slot[i].prot = (u8)prot_bits(prot);
}

static void step_dontneed(struct mmtest *t, struct model *d, u32 first, u32 n)
{
	u32 i;

	/* locked pages would stay as they are */
	for (i = first; i < first + n; i++)
		do_mlock(t->m, t->task, BASE + i * PAGE_SIZE, PAGE_SIZE, false, false);
	advise(t, BASE + first * PAGE_SIZE, n, "dontneed");
	for (i = first; i < first + n; i++) {
		if (d->slot[i].backing == ANON)
			memset(d->slot[i].bytes, 0, PAGE_SIZE);
		d->slot[i].copied = false;
	}
}

static void step_fork(struct mmtest *t, struct model *d)
{
	struct model *other = &model[pick(TASKS)];
	handle_t child;

	if (other == d || task_fork(t->m, d->task, &child))
		return;
	do_exit(t->m, other->task, 0);
	*other = *d;
	other->task = child;
}

/* Somewhere else: the bytes come along. Then it is unmapped. */
static void step_move(struct mmtest *t, struct model *d, u32 first)
{
	u64 start = BASE + first * PAGE_SIZE, bytes, to;
	handle_t h = find_vma_exact(t->m, mm_of(t), start);
	bytes_t buffer;
	u32 n, i;

	if (!h)
		return;
	bytes = min_t(u64, vma_at(t->m, h)->end, BASE + PAGES * PAGE_SIZE) - start;
	n = (u32)(bytes >> PAGE_SHIFT);
	if (do_mremap(t->m, t->task, start, bytes, bytes + PAGE_SIZE, true, &to))
		return;
	for (i = 0; i < n; i++)
		if (access_remote_vm(t->m, d->task, to + i * PAGE_SIZE, buffer, PAGE_SIZE, false) !=
			    (ssize_t)PAGE_SIZE ||
		    memcmp(buffer, bytes_of(&d->slot[first + i]), PAGE_SIZE) != 0)
			complain(d, "was moved and holds other bytes", (first + i) * PAGE_SIZE);
	do_munmap(t->m, t->task, to, bytes + PAGE_SIZE);
	forget(d, first, n);
	if (to == start && first + n < PAGES)
		forget(d, first + n, 1);
}

static void step_swap(struct mmtest *t)
{
	if (!pick(8) && !swapoff(t->m, SWAP))
		swapon(t->m, SWAP, SWAP_BYTES, -1, false);
}

/* Written, and freed when that is over; or left in the swap cache in between. */
static void step_out(struct mmtest *t, u32 first, u32 n)
{
	advise(t, BASE + first * PAGE_SIZE, n, pick(4) ? "pageout" : "cold");
	if (pick(3))
		clock_sleep(t->m, 20 * NSEC_PER_MSEC);
	if (pick(2))
		advise(t, BASE + first * PAGE_SIZE, n, "pageout");
}

/* Every page goes to another frame, those of some processes' stretch or of all the memory. */
static void step_migrate(struct mmtest *t)
{
	pfn_t start = pick((u32)t->m->max_pfn), end = start + (1u << pick(15));
	struct moved out = move_frames(t->m, start, min_t(pfn_t, end, (pfn_t)t->m->max_pfn),
				       NUMA_NO_NODE, (enum migrate_mode)pick(3));

	migrated += out.moved;
}

/* Somebody needs more memory than there is: what the others have goes to swap, for good. */
static void step_hog(struct mmtest *t)
{
	as_task(t, hog);
	if (store(t, BASE, spec->hog_mib << 8))
		complain(&model[0], "a process in need of memory got none", 0);
	advise(t, BASE, spec->hog_mib << 8, "dontneed");
}

/* Faulting in for a lock or a pin, also where a locked mapping becomes writable, makes private
 * copies of a file's pages. */
static void find_copies(struct mmtest *t, struct model *d)
{
	struct pte_info e;
	u32 i;

	for (i = 0; i < PAGES; i++)
		if (pte_lookup(t->m, mm_of(t), BASE + i * PAGE_SIZE, &e) &&
		    (e.swapped || (e.present && !e.zero_page && !e.file)) &&
		    d->slot[i].backing != NONE)
			own_bytes(&d->slot[i]);
}

static void step(struct mmtest *t)
{
	struct model *d = &model[pick(TASKS)];
	u32 first = pick(PAGES), n = 1 + pick(pick(3) ? 6 : 40);

	n = n > PAGES - first ? PAGES - first : n;
	as_task(t, d->task);
	switch (pick(spec->extra ? 21 : 17)) {
	case 0:
	case 1:
		if (!object_in_use((next_object + 1) % OBJECTS))
			step_map(t, d, first, n);
		break;
	case 2:
		if (!pick(2) && !unmap(t, BASE + first * PAGE_SIZE, n))
			forget(d, first, n);
		break;
	case 3:
		step_protect(t, d, first, n);
		break;
	case 4:
		step_dontneed(t, d, first, n < 4 ? n : 4);
		break;
	case 5:
		step_fork(t, d);
		break;
	case 6:
		if (!pick(3))
			step_move(t, d, first);
		break;
	case 7:
	case 8:
		step_out(t, first, n);
		break;
	case 9:
		step_swap(t);
		break;
	case 16:
		step_migrate(t);
		break;
	case 17:
	case 18:
	case 19:
	case 20:
		if (spec->extra)
			spec->extra(t, BASE + first * PAGE_SIZE, n);
		break;
	case 10:
		step_fill(t, d, first, n);
		break;
	case 11:
	case 12:
		step_touch(t, d, first, n);
		break;
	default:
		step_put(t, d);
		break;
	}
	if (spec->extra)
		find_copies(t, d);
	compare(t, d, first, n);
}

static void stress(struct mmtest *t)
{
	u32 i, k;

	for (i = 0; i < spec->steps && !wrong; i++) {
		if (i % 500 == 499)
			step_hog(t);
		step(t);
		for (k = 0; k < TASKS && i % 64 == 0; k++)
			compare(t, &model[k], 0, PAGES);
		if (memcmp(file_model, file_bytes, PAGES * PAGE_SIZE) != 0)
			complain(&model[0], "the file holds other bytes", 0);
		if (i % 50 == 0)
			wrong += count_violations(t->m, "step %u", i);
		if (wrong)
			diag("after step %u", i);
	}
}

void bytestress_run(const struct bytestress *what)
{
	struct mmtest t;
	u32 i;

	spec = what;
	seed = what->seed;
	model = calloc(TASKS, sizeof(*model));
	shared = calloc((size_t)OBJECTS * PAGES, PAGE_SIZE);
	file_model = calloc(PAGES, PAGE_SIZE);
	file_bytes = calloc(PAGES, PAGE_SIZE);
	if (!model || !shared || !file_model || !file_bytes)
		bail_out("out of memory");
	mmtest_open_on(&t, what->machine);
	t.m->backing = &store_ops;
	swapon(t.m, SWAP, SWAP_BYTES, -1, false);
	inode_create(t.m, "/data/f", PAGES * PAGE_SIZE, INODE_REGULAR, &file);
	model[0].task = t.task;
	for (i = 1; i < TASKS; i++)
		if (task_fork(t.m, t.task, &model[i].task))
			bail_out("no process");
	if (task_fork(t.m, t.task, &hog))
		bail_out("no process");
	as_task(&t, hog);
	map(&t, BASE, spec->hog_mib << 8, "rw", MAPF_FIXED);
	stress(&t);
	is_uint(wrong, 0, "%u random steps of %u processes leave the bytes that the model has",
		spec->steps, TASKS);
	cmp_int((s64)t.m->contents.nr_pages, >=, draw_least(1), "pages have contents at the end");
	cmp_int((s64)t.m->vm_event[PSWPOUT], >, draw_least(1000), "pages went to swap");
	cmp_int((s64)t.m->vm_event[PSWPIN], >, draw_least(1000), "and came back");
	cmp_int((s64)migrated, >, draw_least(10000), "pages moved to other frames");
	for (i = 0; i < TASKS; i++)
		if (model[i].task != t.task)
			do_exit(t.m, model[i].task, 0);
	if (hog != t.task)
		do_exit(t.m, hog, 0);
	if (what->end)
		what->end(&t);
	mmtest_close(&t);
}
