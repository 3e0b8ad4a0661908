/*
 * Huge pages through everything that happens to them, drawn from a seed: mapped, written, forked,
 * copied, moved in address space and memory, given back, with pools that grow and shrink meanwhile.
 * After each step every invariant holds, and the bytes are those that were written.
 */
#include <errno.h>
#include <mman/contents.h>
#include <mman/hugetlb.h>
#include <mman/mempolicy.h>
#include <stdlib.h>
#include <string.h>

#include "mm/hugetlb.h"
#include "tests/draw.h"
#include "tests/mmtest.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define PROCESSES 4u
#define REGIONS	  6u
#define MOST	  4u /* huge pages in a region */
#define OBJECTS	  64u
#define BASE	  0x40000000ull
#define STRIDE	  (16ull << 20) /* from one region to the next */
#define SIZE	  (2ull << 20)
#define UNKNOWN	  (-1)

struct region {
	u32 pages;  /* 0: none */
	int object; /* of a shared one; -1: private */
	u32 first;  /* page of the object */
	u64 start;
	int value[MOST]; /* private: the byte in each page */
};

struct process {
	handle_t task; /* 0: none */
	struct region region[REGIONS];
};

struct stress {
	struct mmtest t;
	u64 seed;
	struct process process[PROCESSES];
	u8 object[OBJECTS][MOST];
	u32 nr_objects;
	u32 active; /* process that runs */
	unsigned int steps, wrong, refused, moved;
};

static u32 pick(struct stress *s, u32 n)
{
	return draw(&s->seed, n);
}

static void activate(struct stress *s, u32 i)
{
	as_task(&s->t, s->process[i].task);
	s->active = i;
}

static struct process *running(struct stress *s)
{
	return &s->process[s->active];
}

static struct region *any_region(struct stress *s)
{
	return &running(s)->region[pick(s, REGIONS)];
}

static u64 place(struct stress *s, const struct region *r)
{
	return BASE + STRIDE * (u64)(r - running(s)->region);
}

/* ---- what is in a page ---- */

static int expected(const struct stress *s, const struct region *r, u32 page)
{
	return r->object < 0 ? r->value[page] : s->object[r->object][r->first + page];
}

static void note(struct stress *s, struct region *r, u32 page, int value)
{
	if (r->object < 0)
		r->value[page] = value;
	else
		s->object[r->object][r->first + page] = (u8)value;
}

/* In one of its small pages, the same one for all. */
static u64 spot(const struct region *r, u32 page)
{
	return r->start + page * SIZE + 77 * PAGE_SIZE + 4000;
}

static void check_bytes(struct stress *s, struct region *r, u32 page)
{
	int want = expected(s, r, page);
	u8 byte;
	ssize_t n = access_remote_vm(s->t.m, running(s)->task, spot(r, page), &byte, 1, false);

	/* no page, or one that the owner of the reservations has taken away */
	if (n != 1 || want == UNKNOWN) {
		s->refused++;
		note(s, r, page, r->object < 0 ? UNKNOWN : want);
		return;
	}
	if (byte != want) {
		diag("step %u: %u at %llx, not %d", s->steps, byte,
		     (unsigned long long)spot(r, page), want);
		s->wrong++;
	}
}

static void write_byte(struct stress *s, struct region *r, u32 page)
{
	u8 byte = (u8)(1 + pick(s, 255));
	ssize_t n = access_remote_vm(s->t.m, running(s)->task, spot(r, page), &byte, 1, true);

	if (n == 1)
		note(s, r, page, byte);
	else
		s->refused++;
}

/* ---- steps ---- */

static void do_map(struct stress *s, struct region *r)
{
	u32 pages = 1 + pick(s, MOST), flags = MAPF_HUGETLB | MAPF_FIXED, i;
	bool shared = pick(s, 3) == 0;
	u64 at;

	if (r->pages || (shared && s->nr_objects == OBJECTS))
		return;
	flags |= shared ? MAPF_SHARED : 0;
	flags |= pick(s, 3) == 0 ? MAPF_NORESERVE : 0;
	flags |= pick(s, 5) == 0 ? MAPF_POPULATE : 0;
	at = map(&s->t, place(s, r), (u64)pages * 512, "rw", flags);
	if (MAP_FAILED_AT(at)) {
		s->refused++;
		return;
	}
	*r = (struct region){ .pages = pages, .object = -1, .start = at };
	if (!shared)
		return;
	r->object = (int)s->nr_objects++;
	for (i = 0; i < MOST; i++)
		s->object[r->object][i] = 0;
}

/* All of it, or one end. */
static void do_unmap(struct stress *s, struct region *r)
{
	u32 n = r->pages > 1 ? 1 + pick(s, r->pages) : r->pages, i;
	bool front = pick(s, 2);

	if (!r->pages ||
	    unmap(&s->t, front ? r->start : r->start + (r->pages - n) * SIZE, (u64)n * 512))
		return;
	r->pages -= n;
	if (!front)
		return;
	r->start += n * SIZE;
	r->first += n;
	for (i = 0; i < r->pages && r->object < 0; i++)
		r->value[i] = r->value[i + n];
}

static void do_dontneed(struct stress *s, struct region *r)
{
	u32 page = r->pages ? pick(s, r->pages) : 0;
	bool punch = pick(s, 2) && r->object >= 0;

	if (!r->pages || advise(&s->t, r->start + page * SIZE, 512, punch ? "remove" : "dontneed"))
		return;
	if (r->object < 0 || punch)
		note(s, r, page, 0);
}

static void do_move(struct stress *s, struct region *r)
{
	/* the far end of its stretch, or back */
	u64 to = r->start >= BASE + (1ull << 30) ? r->start - (1ull << 30) :
						   r->start + (1ull << 30);
	struct mremap_request rq = { .addr = r->start,
				     .old_length = r->pages * SIZE,
				     .new_length = r->pages * SIZE,
				     .new_addr = to,
				     .flags = MREMAPF_MAYMOVE | MREMAPF_FIXED };

	if (r->pages && !do_mremap_to(s->t.m, running(s)->task, &rq, &to))
		r->start = to;
}

/*
 * Has the owner of the reservations taken pages of @r away? Its own process gets SIGBUS for them, but
 * a child knows nothing of that, and has an empty page instead.
 */
static bool has_lost_pages(struct stress *s, const struct region *r)
{
	handle_t vma = r->pages ? find_vma(s->t.m, mm_of(&s->t), r->start) : 0;

	return vma && vma_at(s->t.m, vma)->huge_flags & HPAGE_RESV_UNMAPPED;
}

static void do_fork(struct stress *s)
{
	struct region *r;
	u32 i, page;
	handle_t child;

	for (i = 0; i < PROCESSES && s->process[i].task; i++)
		;
	if (i == PROCESSES || task_fork(s->t.m, running(s)->task, &child))
		return;
	s->process[i] = *running(s);
	s->process[i].task = child;
	for (r = s->process[i].region; r < s->process[i].region + REGIONS; r++)
		for (page = 0; page < r->pages && r->object < 0 && has_lost_pages(s, r); page++)
			r->value[page] = UNKNOWN;
}

static void do_end(struct stress *s)
{
	u32 i = s->active;

	if (!i)
		return;
	activate(s, 0);
	do_exit(s->t.m, s->process[i].task, 0);
	memset(&s->process[i], 0, sizeof(s->process[i]));
}

static void do_policy(struct stress *s, const struct region *r)
{
	static const u32 modes[] = { MPOL_DEFAULT, MPOL_BIND, MPOL_PREFERRED, MPOL_INTERLEAVE,
				     MPOL_PREFERRED_MANY };
	u32 mode = modes[pick(s, 5)];
	u64 nodes = mode == MPOL_DEFAULT ? 0 : 1 + pick(s, 3);

	if (r->pages && !do_mbind(s->t.m, running(s)->task, r->start, r->pages * SIZE, mode, 0,
				  nodes, pick(s, 2) ? MPOL_MF_MOVE : 0))
		s->moved++;
}

static void do_migrate(struct stress *s, const struct region *r)
{
	u64 addr = r->start;
	int node = (int)pick(s, 2), status = -1;

	if (pick(s, 2)) {
		s->moved += !do_migrate_pages(s->t.m, running(s)->task, 1ull << !node, 1ull << node,
					      pick(s, 2));
		return;
	}
	if (r->pages && !do_move_pages(s->t.m, running(s)->task, 1, &addr, &node, &status, true))
		s->moved += status == node;
}

static void do_pin(struct stress *s, const struct region *r)
{
	if (r->pages && pick(s, 2))
		pin_user_pages(s->t.m, running(s)->task, r->start, 2 * PAGE_SIZE);
	else if (r->pages)
		unpin_user_pages(s->t.m, mm_of(&s->t), r->start, r->pages * SIZE);
}

static void do_protect(struct stress *s, struct region *r)
{
	if (!r->pages || protect(&s->t, r->start, 512, "r"))
		return;
	if (pick(s, 2))
		check_bytes(s, r, 0);
	protect(&s->t, r->start, 512, "rw");
}

static void do_pool(struct stress *s)
{
	struct hstate *h = hugetlb_default(s->t.m);

	if (pick(s, 2))
		h->nr_overcommit_huge_pages = pick(s, 10);
	else
		hugetlb_set_pool(s->t.m, h, pick(s, 24),
				 pick(s, 2) ? NUMA_NO_NODE : (int)pick(s, 2));
}

static void step(struct stress *s)
{
	struct region *r = any_region(s);
	u32 page = r->pages ? pick(s, r->pages) : 0, i;

	switch (pick(s, 22)) {
	case 0:
	case 1:
	case 2:
		do_map(s, r);
		break;
	case 3:
		do_unmap(s, r);
		break;
	case 4:
		do_dontneed(s, r);
		break;
	case 5:
		do_move(s, r);
		break;
	case 6:
		do_fork(s);
		break;
	case 7:
		do_end(s);
		break;
	case 8:
		do_policy(s, r);
		break;
	case 9:
		do_migrate(s, r);
		break;
	case 10:
		do_pool(s);
		break;
	case 11:
		do_protect(s, r);
		break;
	case 12:
		do_pin(s, r);
		break;
	case 13:
	case 14:
		i = pick(s, PROCESSES);
		if (s->process[i].task)
			activate(s, i);
		break;
	case 15:
	case 16:
	case 17:
		if (r->pages)
			check_bytes(s, r, page);
		break;
	default:
		if (r->pages)
			write_byte(s, r, page);
	}
}

static void test_stress(u64 seed, unsigned int steps)
{
	struct stress *s = calloc(1, sizeof(*s));
	unsigned int violations = 0;
	u32 i;

	if (!s)
		bail_out("out of memory");
	s->seed = seed;
	mmtest_open_on(&s->t,
		       "[machine]\ncpus = 2\n[node 0]\nmemory = 256M\n[node 1]\nmemory = 256M\n");
	s->process[0].task = s->t.task;
	hugetlb_set_pool(s->t.m, hugetlb_default(s->t.m), 16, NUMA_NO_NODE);
	for (; s->steps < steps && !s->wrong && !violations; s->steps++) {
		/* now and then an allocation of the kernel fails */
		s->t.m->mms.fail_nth = pick(s, 6) ? 0 : 1 + pick(s, 12);
		step(s);
		s->t.m->mms.fail_nth = 0;
		violations += count_violations(s->t.m, "step %u", s->steps);
	}
	is_uint(violations, 0, "seed %llu: every invariant held", (unsigned long long)seed);
	is_uint(s->wrong, 0, "and every byte was what had been written");
	cmp_int(s->moved, >, 0, "pages moved between nodes");
	for (i = 1; i < PROCESSES; i++) {
		if (!s->process[i].task)
			continue;
		activate(s, i);
		do_end(s);
	}
	mmtest_close(&s->t);
	free(s);
}

int main(void)
{
	u64 seed;

	for (seed = 1; seed <= 4; seed++)
		test_stress(seed, 500);
	return done_testing();
}
