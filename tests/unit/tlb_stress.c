/*
 * No TLB ever answers with a stale translation: processes on several CPUs map, unmap, protect,
 * move, fork, migrate and touch small and huge pages at random; what a TLB answers is compared with
 * a walk of the page tables each time.
 */
#include <errno.h>
#include <mman/mempolicy.h>
#include <mman/translate.h>
#include <stdlib.h>

#include "mm/hugetlb.h"
#include "mm/tlb.h"
#include "tests/draw.h"
#include "tests/mmtest.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define TASKS 4u
#define STEPS 1500u

/* Places for mappings; each can have another kind of page than it had before. */
#define PLACES	    6u
#define PLACE_PAGES (2048ull) /* 8 MiB: also of huge pages of 4 MiB */
#define PLACE_AT    0x40000000ull
#define GIANT_AT    0x1000000000ull /* 1 GiB, where the processor has such pages */

struct stress {
	struct mmtest t;
	handle_t task[TASKS]; /* 0: none */
	u32 now;
	u64 random;
	bool giant;
	u64 accesses, hits, huge_hits, stale, lost, migrated, moved, forks;
};

static u32 pick(struct stress *s, u32 n)
{
	return draw(&s->random, n);
}

static u64 place_at(u32 place)
{
	return PLACE_AT + place * (PLACE_PAGES << PAGE_SHIFT);
}

/* ---- an access, and what the TLB says of it ---- */

static pte_t *table_entry(struct machine *m, struct mm *mm, u64 vpn)
{
	enum pt_level level;
	pte_t *pte = huge_pte_find(m, mm, vpn, &level);

	return pte ? pte : pte_find(m, mm, vpn);
}

/* The frame that a TLB's entry leads to. */
static pfn_t frame_of(const struct machine *m, u64 vpn, const pte_t *pte)
{
	bool huge = pte >= leaf_pte(m, 0) && pte < leaf_pte(m, m->mms.huge_ptes.nr_slots);
	u64 pages = 1;

	if (huge)
		pages = hstate_is_gigantic(&m->boot.hstate[0]) && vpn >= GIANT_AT >> PAGE_SHIFT ?
				1u << TLB_GIANT_SHIFT :
				m->pt.huge_size >> PAGE_SHIFT;
	return pte_pfn(*pte) + (pfn_t)(vpn & (pages - 1));
}

/* Does the TLB have it? If so: the right thing? */
static bool ask(struct stress *s, u64 addr)
{
	struct machine *m = s->t.m;
	struct mm *mm = mm_at(m, mm_of(&s->t));
	u64 vpn = addr_vpn(addr);
	struct translation walk;
	pte_t *known = NULL;

	if (!tlb_use(m, mm))
		return false;
	tlb_settle(m);
	if (tlb_lookup(m, mm, vpn, &known) == TLB_MISS)
		return false;
	translate(m, mm_of(&s->t), addr, &walk);
	s->hits++;
	s->huge_hits += walk.page_size > PAGE_SIZE;
	if (known != table_entry(m, mm, vpn) || !pte_present(*known) ||
	    frame_of(m, vpn, known) != walk.pfn) {
		s->stale++;
		diag("%llx: the TLB says frame %x, the tables %x", (unsigned long long)addr,
		     frame_of(m, vpn, known), walk.pfn);
	}
	return true;
}

/* One that no signal ends: of memory that is mapped, with the right, and for which there is a
 * page. */
static bool is_allowed(struct stress *s, u64 addr, bool write)
{
	struct machine *m = s->t.m;
	handle_t h = find_vma_exact(m, mm_of(&s->t), addr);
	const struct hstate *pool;
	const pte_t *pte;

	if (!h || !(vma_at(m, h)->flags & (write ? VM_WRITE : VM_READ)))
		return false;
	if (!(vma_at(m, h)->flags & VM_HUGETLB))
		return true;
	pte = table_entry(m, mm_at(m, mm_of(&s->t)), addr_vpn(addr));
	pool = vma_hstate(m, vma_at(m, h));
	return (pte && (!write || *pte & PTE_WRITE)) ||
	       pool->free_huge_pages > pool->resv_huge_pages;
}

static void touch(struct stress *s, u64 addr, bool write)
{
	if (!is_allowed(s, addr, write))
		return;
	ask(s, addr);
	if (mm_access(s->t.m, s->t.task, addr, write)) {
		s->lost++;
		return;
	}
	s->accesses++;
	/* what was just used is there */
	if (!ask(s, addr))
		s->stale++;
}

static void touch_some(struct stress *s)
{
	u32 n = 1 + pick(s, 60), place = pick(s, PLACES + s->giant);
	u64 from = pick(s, PLACE_PAGES);

	for (; n; n--) {
		u64 page = pick(s, 3) ? (from + n) % PLACE_PAGES : pick(s, PLACE_PAGES);

		touch(s, (place < PLACES ? place_at(place) : GIANT_AT) + (page << PAGE_SHIFT),
		      pick(s, 2));
	}
}

/* ---- what changes page tables ---- */

static void step_map(struct stress *s)
{
	u32 place = pick(s, PLACES), shared = pick(s, 4) ? 0 : MAPF_SHARED;

	if (!pick(s, 3))
		map(&s->t, place_at(place), PLACE_PAGES, "rw",
		    MAPF_FIXED | MAPF_HUGETLB | MAPF_NORESERVE | shared);
	else if (MAP_FAILED_AT(map(&s->t, place_at(place) + (pick(s, 256) << PAGE_SHIFT),
				   600 + pick(s, 1024), "rw", MAPF_FIXED | shared)))
		/* a huge page would have to be cut: not all places are to become huge for good */
		unmap(&s->t, place_at(place), PLACE_PAGES);
	if (s->giant && !pick(s, 8))
		map(&s->t, GIANT_AT, 1u << TLB_GIANT_SHIFT, "rw",
		    MAPF_FIXED | MAPF_HUGETLB_1G | MAPF_NORESERVE);
}

/* A part of a place: of whole huge pages where it has them, of which an odd range is refused. */
static u64 pick_range(struct stress *s, u64 *pages)
{
	u64 huge = s->t.m->pt.huge_size >> PAGE_SHIFT, first = pick(s, PLACE_PAGES);

	*pages = 1 + pick(s, pick(s, 2) ? 40 : 1000);
	if (pick(s, 2)) {
		first &= ~(huge - 1);
		*pages = huge * (1 + pick(s, 2));
	}
	return place_at(pick(s, PLACES)) + (first << PAGE_SHIFT);
}

static void step_change(struct stress *s)
{
	static const char *const prot[] = { "r", "rw", "rwx", "-", "rw" };
	static const char *const advice[] = { "dontneed", "free", "cold", "pageout" };
	u64 pages, addr = pick_range(s, &pages);

	switch (pick(s, 4)) {
	case 0:
		unmap(&s->t, addr, pages);
		break;
	case 1:
		advise(&s->t, addr, pages, advice[pick(s, 4)]);
		break;
	default:
		protect(&s->t, addr, pages, prot[pick(s, 5)]);
	}
	if (s->giant && !pick(s, 10))
		protect(&s->t, GIANT_AT, 1u << TLB_GIANT_SHIFT, prot[pick(s, 5)]);
}

static void step_mremap(struct stress *s)
{
	u64 from = place_at(pick(s, PLACES)), to = place_at(pick(s, PLACES)), at;
	struct mremap_request rq = { .addr = from,
				     .old_length = s->t.m->pt.huge_size,
				     .new_length = s->t.m->pt.huge_size,
				     .new_addr = to,
				     .flags = MREMAPF_MAYMOVE | MREMAPF_FIXED };

	if (from != to)
		s->moved += !do_mremap_to(s->t.m, s->t.task, &rq, &at);
}

static void step_migrate(struct stress *s)
{
	struct machine *m = s->t.m;

	if (m->nr_nodes > 1)
		s->migrated += do_migrate_pages(m, s->t.task, 1u << pick(s, 2), 1u << pick(s, 2),
						true) == 0;
}

static void go_to(struct stress *s, u32 i)
{
	s->now = i;
	task_at(s->t.m, s->task[i])->cpu = pick(s, s->t.m->nr_cpus);
	as_task(&s->t, s->task[i]);
}

static void step_fork(struct stress *s)
{
	u32 i = pick(s, TASKS);
	handle_t child = 0;

	if (i == s->now)
		return;
	if (s->task[i])
		do_exit(s->t.m, s->task[i], 0);
	if (pick(s, 3))
		task_fork(s->t.m, s->t.task, &child);
	else
		task_clone_vm(s->t.m, s->t.task, &child);
	s->task[i] = child;
	s->forks += child != 0;
}

static void step_switch(struct stress *s)
{
	u32 i = pick(s, TASKS);

	if (s->task[i])
		go_to(s, i);
}

static void step(struct stress *s)
{
	switch (pick(s, 24)) {
	case 0:
		step_map(s);
		break;
	case 1:
	case 2:
		step_change(s);
		break;
	case 3:
		step_mremap(s);
		break;
	case 4:
		step_migrate(s);
		break;
	case 5:
		step_fork(s);
		break;
	case 6:
	case 7:
	case 8:
		step_switch(s);
		break;
	default:
		touch_some(s);
	}
}

/* ---- runs ---- */

static void fill_pools(struct machine *m)
{
	u32 i;

	for (i = 0; i < m->boot.nr_hstates; i++)
		hugetlb_set_pool(m, &m->boot.hstate[i],
				 m->boot.hstate[i].page_size == 1ull << 30 ? 2 : 48, NUMA_NO_NODE);
}

static void end(struct stress *s)
{
	u32 i;

	go_to(s, 0);
	for (i = 1; i < TASKS; i++)
		if (s->task[i])
			do_exit(s->t.m, s->task[i], 0);
	mmtest_close(&s->t);
}

static void run(const char *name, const char *machine, u64 seed)
{
	struct stress s = { .random = seed };
	u32 i, broken = 0;

	mmtest_open_on(&s.t, machine);
	s.task[0] = s.t.task;
	s.giant = s.t.m->config.cpu_1g_pages;
	fill_pools(s.t.m);
	for (i = 0; i < 3 * PLACES; i++)
		step_map(&s);
	for (i = 0; i < STEPS; i++) {
		step(&s);
		if (i % 25 == 0 && count_violations(s.t.m, "step %u", i)) {
			broken++;
			break;
		}
	}
	is_uint(broken, 0, "%s, seed %llu: every invariant holds", name, (unsigned long long)seed);
	is_uint(s.stale, 0, "no TLB has anything stale, and each has what was just used");
	is_uint(s.lost, 0, "and no access failed");
	cmp_int((s64)s.accesses, >, draw_least(5000), "accesses enough");
	cmp_int((s64)s.huge_hits, >, draw_least(500), "many that hit a huge page's entry");
	cmp_int((s64)(s.hits - s.huge_hits), >, draw_least(500), "many that hit a small one's");
	diag("%s: %llu accesses, %llu hits, %llu of huge pages, %llu moved, %llu migrations, %llu forks",
	     name, (unsigned long long)s.accesses, (unsigned long long)s.hits,
	     (unsigned long long)s.huge_hits, (unsigned long long)s.moved,
	     (unsigned long long)s.migrated, (unsigned long long)s.forks);
	end(&s);
}

int main(void)
{
	static const struct {
		const char *name, *text;
	} machines[] = {
		{ "x86-64",
		  "[machine]\ncpu_1g_pages = yes\n[swap v]\nsize = 64M\n"
		  "[node 0]\nmemory = 4G\ncpus = 0-1\n[node 1]\nmemory = 4G\ncpus = 2-3\n" },
		{ "small TLBs",
		  "[machine]\ncpus = 3\nmemory = 1G\n[swap v]\nsize = 64M\n[tlb]\nl1d_4k = 8\n"
		  "l1d_2m = 2\nl2_4k = 24\npwc_pmd = 2\npwc_pud = 1\npcids = 2\n" },
		{ "i386", "[machine]\narch = i386\ncpus = 3\nmemory = 1G\n[swap v]\nsize = 64M\n" },
		{ "pae", "[machine]\narch = i386\npae = yes\ncpus = 3\nmemory = 2G\n" },
	};
	u64 seed;
	u32 i;

	for (i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		for (seed = 1; seed <= 3; seed++)
			run(machines[i].name, machines[i].text, seed);
	return done_testing();
}
