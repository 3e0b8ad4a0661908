/*
 * TLBs: what hits, what walks, what a flush takes. That they change nothing but counts and time is
 * shown by doing the same random things with and without them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mm/tlb.h"
#include "tests/draw.h"
#include "tests/mmtest.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define MACHINE	 "[machine]\nmemory = 256M\ncpus = 4\n"
#define AT	 0x40000000ull
#define AT_VPN	 (AT >> PAGE_SHIFT)
#define RESIDENT 4096u

static struct tlb_stat stat(struct mmtest *t)
{
	return tlb_stat(t->m, t->m->cpu);
}

/* The difference since *@from, which moves on. */
static struct tlb_stat since_stat(struct mmtest *t, struct tlb_stat *from)
{
	struct tlb_stat now = stat(t), d = now;
	u64 *a = (u64 *)&d;
	const u64 *b = (const u64 *)from;
	u32 i;

	for (i = 0; i < sizeof(d) / sizeof(u64); i++)
		a[i] -= b[i];
	*from = now;
	return d;
}

static void test_levels(void)
{
	struct mmtest t;
	struct tlb_stat s, d;

	mmtest_open_on(&t, MACHINE);
	map(&t, AT, RESIDENT, "rw", MAPF_FIXED);
	s = stat(&t);
	store(&t, AT, RESIDENT);
	d = since_stat(&t, &s);
	is_uint(d.misses, RESIDENT, "first touches: each misses");
	is_uint(d.l1_hits + d.l2_hits, 0, "and none hits");
	load(&t, AT + (RESIDENT - 32) * PAGE_SIZE, 32);
	since_stat(&t, &s);
	load(&t, AT + (RESIDENT - 32) * PAGE_SIZE, 32);
	d = since_stat(&t, &s);
	is_uint(d.l1_hits, 32, "32 pages fit into the first level");
	load(&t, AT + (RESIDENT - 1024) * PAGE_SIZE, 1024);
	since_stat(&t, &s);
	load(&t, AT + (RESIDENT - 1024) * PAGE_SIZE, 1024);
	d = since_stat(&t, &s);
	is_uint(d.l2_hits, 1024, "1024 pages into the second");
	is_uint(d.misses, 0, "none walks");
	load(&t, AT, RESIDENT);
	since_stat(&t, &s);
	load(&t, AT, RESIDENT);
	d = since_stat(&t, &s);
	is_uint(d.misses, RESIDENT, "4096 pages in order fit nowhere");
	is_uint(d.steps, RESIDENT, "walks begin at the lowest table");
	mmtest_close(&t);
}

static u64 misses_of(const char *machine, u32 pages)
{
	struct mmtest t;
	struct tlb_stat s, d;
	u32 i;

	mmtest_open_on(&t, machine);
	map(&t, AT, pages, "rw", MAPF_FIXED);
	store(&t, AT, pages);
	s = stat(&t);
	for (i = 0; i < 4; i++)
		load(&t, AT, pages);
	d = since_stat(&t, &s);
	mmtest_close(&t);
	return d.misses;
}

static void test_sizes(void)
{
	is_uint(misses_of(MACHINE, 1200), 0, "1200 pages: no misses with 1536 entries");
	cmp_int((s64)misses_of(MACHINE "[tlb]\nl2_4k = 768\n", 1200), >, 4000,
		"with half of them, nearly all");
	is_uint(misses_of(MACHINE "[tlb]\nl2_4k = 0\n", 48), 0, "48 pages do with the first level");
	cmp_int((s64)misses_of(MACHINE "[tlb]\nl2_4k = 0\nl1d_4k = 32\n", 48), >, 100,
		"unless that is halved");
	is_uint(misses_of(MACHINE "[tlb]\nl2_4k = 0\nl1d_4k = 0\n", 48), 192, "or taken away");
}

static void test_flushes(void)
{
	struct mmtest t;
	struct tlb_stat s, d;

	mmtest_open_on(&t, MACHINE);
	map(&t, AT, 256, "rw", MAPF_FIXED);
	store(&t, AT, 256);
	load(&t, AT, 256);
	s = stat(&t);
	protect(&t, AT, 1, "r");
	d = since_stat(&t, &s);
	is_uint(d.page_flushes, 1, "mprotect of a page drops that page");
	load(&t, AT + 1 * PAGE_SIZE, 255);
	d = since_stat(&t, &s);
	is_uint(d.misses, 0, "and nothing else");
	unmap(&t, AT, 100);
	d = since_stat(&t, &s);
	is_uint(d.flushes, 1, "munmap of 100 pages, more than the ceiling, drops it all");
	load(&t, AT + 100 * PAGE_SIZE, 156);
	d = since_stat(&t, &s);
	is_uint(d.misses, 156, "every page is walked for again");
	t.m->knobs.misc.tlb_single_page_flush_ceiling = 200;
	unmap(&t, AT + 100 * PAGE_SIZE, 60);
	d = since_stat(&t, &s);
	is_uint(d.flushes, 0, "tlb_single_page_flush_ceiling acts");
	cmp_int((s64)d.page_flushes, >=, 60, "so many single pages");
	mmtest_close(&t);
}

/* What takes accessed and dirty bits, or rights, flushes what it took them from; who gains a right
 * need not. */
static void test_advice(void)
{
	struct mmtest t;
	struct tlb_stat s, d;

	mmtest_open_on(&t, MACHINE);
	map(&t, AT, 32, "rw", MAPF_FIXED);
	store(&t, AT, 32);
	load(&t, AT, 32);
	s = stat(&t);
	advise(&t, AT, 8, "cold");
	d = since_stat(&t, &s);
	is_uint(d.page_flushes, 8, "cold: the pages that had been accessed");
	advise(&t, AT, 8, "cold");
	d = since_stat(&t, &s);
	is_uint(d.page_flushes, 0, "which they no longer are");
	advise(&t, AT + 8 * PAGE_SIZE, 8, "free");
	d = since_stat(&t, &s);
	is_uint(d.page_flushes, 8, "free: those that were dirty");
	advise(&t, AT + 16 * PAGE_SIZE, 4, "pageout");
	d = since_stat(&t, &s);
	cmp_int((s64)(d.flushes + d.page_flushes), >, 0, "pageout flushes");
	protect(&t, AT + 20 * PAGE_SIZE, 4, "r");
	d = since_stat(&t, &s);
	is_uint(d.page_flushes, 4, "the right to write is taken away");
	protect(&t, AT + 20 * PAGE_SIZE, 4, "rw");
	d = since_stat(&t, &s);
	is_uint(d.page_flushes, 0, "and given back: no flush");
	protect(&t, AT + 20 * PAGE_SIZE, 4, "rwx");
	protect(&t, AT + 20 * PAGE_SIZE, 4, "rw");
	d = since_stat(&t, &s);
	is_uint(d.page_flushes, 4, "the right to execute");
	mmtest_close(&t);
}

static void test_copy_on_write(void)
{
	struct mmtest t;
	struct tlb_stat s, d;
	handle_t child;

	mmtest_open_on(&t, MACHINE);
	map(&t, AT, 16, "rw", MAPF_FIXED);
	store(&t, AT, 16);
	load(&t, AT, 16);
	s = stat(&t);
	task_fork(t.m, t.task, &child);
	d = since_stat(&t, &s);
	is_uint(d.flushes, 1, "fork takes the right to write away: a flush");
	load(&t, AT, 16);
	since_stat(&t, &s);
	store(&t, AT, 1);
	d = since_stat(&t, &s);
	is_uint(d.page_flushes, 1, "a copy drops the page it replaces");
	is_sound(t.m, "after a copy");
	do_exit(t.m, child, 0);
	mmtest_close(&t);
}

static void test_switches(u32 pcids, u64 kept)
{
	struct mmtest t;
	struct tlb_stat s, d;
	handle_t child, parent;
	char machine[128];

	snprintf(machine, sizeof(machine), "[machine]\nmemory = 256M\n[tlb]\npcids = %u\n", pcids);
	mmtest_open_on(&t, machine);
	parent = t.task;
	map(&t, AT, 16, "rw", MAPF_FIXED);
	store(&t, AT, 16);
	task_fork(t.m, t.task, &child);
	load(&t, AT, 16);
	as_task(&t, child);
	load(&t, AT, 16);
	s = stat(&t);
	as_task(&t, parent);
	load(&t, AT, 16);
	d = since_stat(&t, &s);
	is_uint(d.switches, 1, "%u PCIDs: another process on the CPU is a switch", pcids);
	is_uint(d.switches_kept, kept, "whose entries %s", kept ? "are still good" : "are gone");
	is_uint(d.misses, kept ? 0 : 16, "so many walks");
	as_task(&t, child);
	do_exit(t.m, parent, 0);
	mmtest_close(&t);
}

/* Another CPU changes the tables of what runs here. */
static void test_shootdown(void)
{
	struct mmtest t;
	struct tlb_stat s;
	handle_t other, self;
	u32 cpu;

	mmtest_open_on(&t, MACHINE);
	self = t.task;
	map(&t, AT, 64, "rw", MAPF_FIXED);
	store(&t, AT, 64);
	task_clone_vm(t.m, t.task, &other);
	task_at(t.m, other)->cpu = (t.m->cpu + 1) % 4;
	load(&t, AT, 64);
	cpu = t.m->cpu;
	as_task(&t, other);
	s = tlb_stat(t.m, cpu);
	unmap(&t, AT, 4);
	is_uint(tlb_stat(t.m, cpu).shootdowns - s.shootdowns, 0, "an idle CPU is not interrupted");
	is_sound(t.m, "with a CPU that is behind");
	as_task(&t, self);
	load(&t, AT + 4 * PAGE_SIZE, 60);
	is_uint(tlb_stat(t.m, cpu).flushes - s.flushes, 1, "it flushes when it comes back");
	/* in the middle of a command of its own it is */
	t.m->cpu = (cpu + 1) % 4;
	tlb_leave(&t.m->tlb);
	unmap(&t, AT + 4 * PAGE_SIZE, 4);
	t.m->cpu = cpu;
	is_uint(tlb_stat(t.m, cpu).shootdowns - s.shootdowns, 1, "a busy one is");
	load(&t, AT + 8 * PAGE_SIZE, 56);
	is_sound(t.m, "after a shootdown");
	do_exit(t.m, other, 0);
	mmtest_close(&t);
}

static void test_renumbering(void)
{
	struct mmtest t;
	struct tlb_cpu *c;
	u32 i;

	mmtest_open_on(&t, MACHINE);
	map(&t, AT, 64, "rw", MAPF_FIXED);
	store(&t, AT, 64);
	load(&t, AT, 64);
	c = pool_at(&t.m->tlb.cpus, t.m->tlb.cpu[t.m->cpu]);
	c->last_tag = TLB_TAG_MAX - 4;
	for (i = 0; i < 8; i++) {
		protect(&t, AT, 1, i % 2 ? "rw" : "r");
		load(&t, AT, 64);
		is_sound(t.m, "round the end of the numbers");
	}
	cmp_int(c->last_tag, <, 1000, "they begin anew");
	mmtest_close(&t);
}

/* ---- with and without ---- */

#define PAGES 700u
#define STEPS 1500u

static u64 random_state;

static u32 pick(u32 n)
{
	return draw(&random_state, n);
}

struct outcome {
	u64 digest, faults;
};

/* Every entry's bits and place, and every error, go into the digest. */
static void digest(struct outcome *o, u64 value)
{
	o->digest = (o->digest ^ value) * 1099511628211ull;
}

static void digest_tables(struct mmtest *t, handle_t task, struct outcome *o)
{
	struct pte_walk w =
		pte_walk_range(mm_at(t->m, task_at(t->m, task)->mm), AT_VPN, AT_VPN + PAGES);
	u32 i;

	while (pte_walk_next(t->m, &w))
		for (i = 0; i < w.n; i++)
			digest(o, w.pte[i] + w.vpn + i);
}

static void one_step(struct mmtest *t, struct outcome *o)
{
	u32 first = pick(PAGES), n = 1 + pick(PAGES - first);
	u64 a = AT + first * PAGE_SIZE;
	u32 few = n > 40 ? 1 + pick(40) : n;

	switch (pick(16)) {
	case 0:
		digest(o, (u64)unmap(t, a, few));
		break;
	case 1:
		digest(o, map(t, a, n, "rw", MAPF_FIXED));
		break;
	case 2:
		digest(o, (u64)protect(t, a, few, pick(2) ? "r" : "rw"));
		break;
	case 3:
		digest(o, (u64)advise(t, a, few, pick(2) ? "dontneed" : "free"));
		break;
	case 4:
		digest(o, (u64)advise(t, a, few, pick(2) ? "pageout" : "cold"));
		break;
	case 5:
		clear_refs(t->m, mm_of(t), (enum clear_refs_type)(1 + pick(4)));
		break;
	default:
		for (n = 0; n < 60; n++) {
			u64 at = AT + (first + pick(few)) * PAGE_SIZE;
			bool write = pick(2);
			handle_t h = find_vma_exact(t->m, mm_of(t), at);

			/* a fault that kills is another test */
			if (h && (!write || vma_at(t->m, h)->flags & VM_WRITE))
				digest(o, (u64)mm_access(t->m, t->task, at, write));
		}
	}
}

static struct outcome run(const char *machine, u64 seed)
{
	struct outcome o = { .digest = 14695981039346656037ull };
	struct mmtest t;
	handle_t task[2];
	u32 i, now = 0;

	random_state = seed;
	mmtest_open_on(&t, machine);
	/* it would reach the clock's random numbers otherwise */
	t.m->cost.tlb_miss = 0;
	task[0] = t.task;
	map(&t, AT, PAGES, "rw", MAPF_FIXED);
	task_fork(t.m, t.task, &task[1]);
	for (i = 0; i < STEPS; i++) {
		one_step(&t, &o);
		if (!pick(6))
			as_task(&t, task[now ^= 1]);
		if (i % 50 == 0 && count_violations(t.m, "step %u", i))
			fail("every invariant holds in the middle");
	}
	for (i = 0; i < 2; i++)
		digest_tables(&t, task[i], &o);
	o.faults = t.m->vm_event[PGFAULT];
	digest(&o, t.m->clock.now);
	as_task(&t, task[0]);
	do_exit(t.m, task[1], 0);
	mmtest_close(&t);
	return o;
}

static void test_same(const char *rest)
{
	char with[256], without[512];
	u64 seed;

	snprintf(with, sizeof(with), "[machine]\nmemory = 256M\ncpus = 4\n%s[swap v]\nsize = 64M\n",
		 rest);
	snprintf(
		without, sizeof(without),
		"%s[tlb]\nl1d_4k = 0\nl2_4k = 0\npwc_pmd = 0\npwc_pud = 0\npwc_pgd = 0\npcids = 1\n",
		with);
	for (seed = 1; seed <= 4; seed++) {
		struct outcome a = run(with, seed), b = run(without, seed);

		is_hex(a.digest, b.digest, "the same with a TLB and without: seed %llu",
		       (unsigned long long)seed);
		is_uint(a.faults, b.faults, "and as many faults");
	}
}

int main(void)
{
	test_levels();
	test_sizes();
	test_flushes();
	test_advice();
	test_copy_on_write();
	test_switches(6, 1);
	test_switches(1, 0);
	test_shootdown();
	test_renumbering();
	test_same("");
	test_same("arch = i386\n");
	return done_testing();
}
