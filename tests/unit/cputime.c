/*
 * Where time goes: a command's is the program's for loads and stores, the kernel's for the rest,
 * nobody's while it waits for the disk.
 */
#include <mman/writeback.h>

#include "tests/bare.h"
#include "tests/mmtest.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define PAGES 1000u
#define A     0x20000000ull

static const struct cpu_time *cpu_of(const struct mmtest *t)
{
	return pool_at(&t->m->tasks.cpu_times, task_at(t->m, t->task)->cpu + 1);
}

/* The command that mmtest_open() began is over, and another one begins. */
static void next_command(struct mmtest *t)
{
	task_run_end(t->m, &t->r);
	task_run_begin(t->m, &t->r, t->task);
}

static void test_touch(void)
{
	struct mmtest t;
	u64 user, system, started, iowait;

	mmtest_open(&t, 256);
	t.m->cost.tlb_miss = 0;
	next_command(&t);
	user = task_at(t.m, t.task)->utime;
	system = task_at(t.m, t.task)->stime;
	started = t.m->clock.now;
	iowait = cpu_of(&t)->iowait;
	map(&t, A, PAGES, "rw", MAPF_FIXED);
	store(&t, A, PAGES);
	load(&t, A, PAGES);
	next_command(&t);
	user = task_at(t.m, t.task)->utime - user;
	system = task_at(t.m, t.task)->stime - system;
	is_uint(user, 2 * PAGES * t.m->cost.memory_access,
		"loads and stores are the program's time");
	is_uint(user + system, t.m->clock.now - started, "all the rest is the kernel's");
	cmp_int(system, >=, PAGES * (t.m->cost.minor_fault + t.m->cost.zero_page),
		"faults and the pages they zero among it");
	is_uint(cpu_of(&t)->user, task_at(t.m, t.task)->utime, "its CPU says the same");
	is_uint(cpu_of(&t)->iowait, iowait, "nobody waited");
	mmtest_close(&t);
}

/* More than fits, on so many CPUs: who reclaimed how many pages, and was there time enough for
 * it? */
static u64 run_out(const char *machine, u64 *cpu_ns, u64 *kswapd_ns, u64 *elapsed, u64 *direct)
{
	struct mmtest t;
	const struct task *kswapd;
	u64 steal, i;

	mmtest_open_on(&t, machine);
	t.m->cost.disk_page_write = 300; /* the CPU is what is short, not the disk */
	t.m->cost.disk_seek = 0;
	next_command(&t);
	*cpu_ns = t.m->tasks.cpu_iowait_ns + task_at(t.m, t.task)->stime +
		  task_at(t.m, t.task)->utime;
	*elapsed = t.m->clock.now;
	map(&t, A, 60000, "rw", MAPF_FIXED);
	for (i = 0; i < 60000; i++) {
		store(&t, A + i * PAGE_SIZE, 1);
		machine_safe_point(t.m);
	}
	next_command(&t);
	kswapd = task_at(t.m, t.m->node[0].kswapd);
	*kswapd_ns = kswapd->stime;
	*cpu_ns = t.m->tasks.cpu_iowait_ns + task_at(t.m, t.task)->stime +
		  task_at(t.m, t.task)->utime + kswapd->stime - *cpu_ns;
	*elapsed = t.m->clock.now - *elapsed;
	*direct = t.m->vm_event[PGSTEAL_DIRECT];
	steal = t.m->vm_event[PGSTEAL_KSWAPD];
	mmtest_close(&t);
	return steal;
}

/* kswapd works beside the task where there are two CPUs, and instead of it where there is one. */
static void test_kswapd(void)
{
	u64 cpu1, cpu2, kswapd1, kswapd2, elapsed1, elapsed2, direct1, direct2, steal1, steal2;

	steal1 = run_out("[machine]\ncpus = 1\nmemory = 128M\n[swap s]\nsize = 512M\n", &cpu1,
			 &kswapd1, &elapsed1, &direct1);
	steal2 = run_out("[machine]\ncpus = 2\nmemory = 128M\n[swap s]\nsize = 512M\n", &cpu2,
			 &kswapd2, &elapsed2, &direct2);
	cmp_int(steal1, >, 10000, "one CPU: kswapd reclaims (%llu, direct %llu)",
		(unsigned long long)steal1, (unsigned long long)direct1);
	cmp_int(steal2, >, 10000, "two: as well (%llu, direct %llu)", (unsigned long long)steal2,
		(unsigned long long)direct2);
	cmp_int(cpu1, <=, elapsed1 + NSEC_PER_MSEC, "one CPU has no more time than passes");
	cmp_int(cpu2, >, elapsed2 + kswapd2 / 2, "two have: kswapd works beside the task");
	cmp_int(elapsed1, >, elapsed2, "so the same work takes longer on one");
}

static void test_wait(void)
{
	struct mmtest t;
	u64 busy, started, wait, total;
	handle_t inode;

	mmtest_open(&t, 256);
	if (inode_create(t.m, "/data", (u64)PAGES << PAGE_SHIFT, INODE_REGULAR, &inode))
		bail_out("no inode");
	map_file(&t, A, PAGES, "rw", MAPF_FIXED | MAPF_SHARED, inode, 0);
	store(&t, A, PAGES);
	next_command(&t);
	busy = task_at(t.m, t.task)->utime + task_at(t.m, t.task)->stime;
	wait = cpu_of(&t)->iowait;
	total = t.m->psi.line[PSI_IO][PSI_FULL].total_ns;
	started = t.m->clock.now;
	filemap_fdatawrite(t.m, inode, 0, UINT64_MAX);
	while (blk_wait_sleeping(t.m))
		;
	is_int(task_at(t.m, t.task)->state, TASK_RUNNING, "it runs again when the disk is done");
	next_command(&t);
	busy = task_at(t.m, t.task)->utime + task_at(t.m, t.task)->stime - busy;
	wait = cpu_of(&t)->iowait - wait;
	cmp_int(wait, >=, PAGES * t.m->cost.disk_page_write * 9 / 10, "the disk took its time");
	is_uint(busy + wait, t.m->clock.now - started, "which was nobody's CPU time");
	is_uint(t.m->psi.line[PSI_IO][PSI_FULL].total_ns - total, wait, "and is I/O pressure");
	unmap(&t, A, PAGES);
	inode_unlink(t.m, inode);
	inode_put(t.m, inode);
	mmtest_close(&t);
}

/* What a command does while another one is let in is its own time, not the other's. */
static void test_within(void)
{
	struct machine *m = bare_machine("tiny");
	struct running outer, inner;
	handle_t one, two;
	u64 before[2];

	if (task_spawn(m, "outer", &one) || task_spawn(m, "inner", &two))
		bail_out("no tasks");
	before[0] = task_at(m, one)->stime;
	before[1] = task_at(m, two)->stime;
	task_run_begin(m, &outer, one);
	clock_charge(m, 1000);
	task_run_begin(m, &inner, two);
	clock_charge(m, 500);
	task_run_end(m, &inner);
	clock_charge(m, 20);
	task_run_end(m, &outer);
	is_uint(task_at(m, one)->stime - before[0], 1020, "the command's own time");
	is_uint(task_at(m, two)->stime - before[1], 500, "that of the one within");
	is_sound(m, "after two commands");
	machine_destroy(m);
}

int main(void)
{
	test_touch();
	test_kswapd();
	test_wait();
	test_within();
	return done_testing();
}
