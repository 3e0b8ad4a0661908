/*
 * Page tables of other processors: two levels, three, one, five. How many pages they take and when
 * they go, where user addresses end, which RAM is in reach.
 */
#include <errno.h>

#include "mm/pgtable.h"
#include "tests/draw.h"
#include "tests/mmtest.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)

#define TWO_LEVELS   "[machine]\narch = i386\nmemory = 512M\n"
#define THREE_LEVELS "[machine]\narch = i386\npae = yes\nmemory = 512M\n"
#define ONE_LEVEL    "[machine]\narch = i386\nlevels = 1\nmemory = 512M\n"
#define FIVE_LEVELS  "[machine]\ncpu_la57 = yes\nmemory = 512M\n"

static struct mm *mm(struct mmtest *t)
{
	return mm_at(t->m, mm_of(t));
}

static void test_two_levels(void)
{
	struct mmtest t;
	struct pte_info low, high;
	u64 a = 0x40000000, before;
	struct mark at, d;

	mmtest_open_on(&t, TWO_LEVELS);
	before = mm_pgtables_pages(mm(&t));
	mark(&t, &at);
	map(&t, a, 4096, "rw", MAPF_FIXED);
	store(&t, a, 1);
	is_uint(mm_pgtables_pages(mm(&t)), before + 1,
		"two levels: the first page needs one table");
	store(&t, a + 4 * MIB - PAGE_SIZE, 1);
	is_uint(mm_pgtables_pages(mm(&t)), before + 1, "all of 4 MiB share it");
	store(&t, a + 4 * MIB, 1);
	is_uint(mm_pgtables_pages(mm(&t)), before + 2, "the next 4 MiB need another one");
	is_uint(mm(&t)->nr_pmds + mm(&t)->nr_puds, 0, "there is no level between");
	pte_lookup(t.m, mm_of(&t), a, &low);
	pte_lookup(t.m, mm_of(&t), a + 4 * MIB - PAGE_SIZE, &high);
	ok(low.present && high.present, "both ends of the table have their pages");
	unmap(&t, a, 512);
	is_uint(mm_pgtables_pages(mm(&t)), before + 2, "munmap of its lower half leaves the table");
	unmap(&t, a + 2 * MIB, 512);
	is_uint(mm_pgtables_pages(mm(&t)), before + 1, "and of the rest takes it");
	unmap(&t, a, 4096);
	is_uint(mm_pgtables_pages(mm(&t)), before, "munmap of all takes both");
	d = since(&t, &at);
	is_int(d.tables, 0, "nr_page_table_pages");
	mmtest_close(&t);
}

static void test_three_levels(void)
{
	struct mmtest t;
	u64 a = 0x40000000, before;

	mmtest_open_on(&t, THREE_LEVELS);
	before = mm_pgtables_pages(mm(&t));
	map(&t, a, 2048, "rw", MAPF_FIXED);
	store(&t, a, 1);
	is_uint(mm_pgtables_pages(mm(&t)), before + 2, "three levels: a GiB of its own needs two");
	store(&t, a + 2 * MIB, 1);
	is_uint(mm_pgtables_pages(mm(&t)), before + 3, "the next 2 MiB one more");
	unmap(&t, a, 2048);
	is_uint(mm_pgtables_pages(mm(&t)), before, "all gone");
	mmtest_close(&t);
}

static void test_one_level(void)
{
	struct mmtest t;
	struct mark at, d;
	handle_t child;

	mmtest_open_on(&t, ONE_LEVEL);
	is_uint(mm(&t)->nr_ptes, 1024, "one level: 4 MiB of table for every process");
	mark(&t, &at);
	map(&t, 0x40000000, 4096, "rw", MAPF_FIXED);
	store(&t, 0x40000000, 4096);
	d = since(&t, &at);
	is_int(d.tables, 0, "which needs no more, however much it maps");
	is_err(task_fork(t.m, t.task, &child), 0, "fork");
	d = since(&t, &at);
	is_int(d.tables, 1024, "costs another 4 MiB in one piece");
	do_exit(t.m, child, 0);
	d = since(&t, &at);
	is_int(d.tables, 0, "until it ends");
	mmtest_close(&t);
}

static void test_five_levels(void)
{
	struct mmtest t;

	mmtest_open_on(&t, FIVE_LEVELS);
	is_uint(t.m->pt.levels, 5, "five levels");
	ok(table_at(t.m, mm(&t)->pgd)->p4d,
	   "the root has a table below it that VmPTE does not count");
	mmtest_close(&t);
}

static void test_addresses(const char *machine)
{
	struct mmtest t;
	handle_t h;
	u64 a, last = 0;

	mmtest_open_on(&t, machine);
	for (h = mm(&t)->vma_first; h; h = vma_at(t.m, h)->next)
		last = vma_at(t.m, h)->end;
	cmp_int((s64)last, <=, (s64)(3 * GIB), "3G/1G: a process lies below 3 GiB");
	is_err((int)map(&t, 3 * GIB, 1, "rw", MAPF_FIXED), -ENOMEM, "nothing can be mapped above");
	is_err((int)map(&t, 0, 3 * GIB >> PAGE_SHIFT, "rw", MAPF_NORESERVE), -ENOMEM,
	       "nor 3 GiB at once");
	a = map(&t, 0, 2 * GIB >> PAGE_SHIFT, "rw", MAPF_NORESERVE);
	ok(!MAP_FAILED_AT(a) && a + 2 * GIB <= 3 * GIB, "2 GiB find room");
	is_err(mm_access(t.m, t.task, 3 * GIB, false), -EFAULT, "an access above is a fault");
	mmtest_close(&t);
}

/* Random maps, stores, forks and unmaps: the tables and their counts stay right. */
static void test_stress(const char *machine, const char *name)
{
	struct mmtest t;
	u64 seed = 7, i;
	handle_t child = 0;

	mmtest_open_on(&t, machine);
	for (i = 0; i < 600; i++) {
		u64 a = 0x40000000 + draw(&seed, 8192) * PAGE_SIZE, pages = 1 + draw(&seed, 1500);

		switch (draw(&seed, 16)) {
		case 0:
		case 1:
		case 2:
		case 3:
			unmap(&t, a, pages);
			break;
		case 4:
			if (child)
				do_exit(t.m, child, 0);
			child = 0;
			break;
		case 5:
			if (!child && task_fork(t.m, t.task, &child))
				child = 0;
			break;
		default:
			map(&t, a, pages, "rw", MAPF_FIXED);
			store(&t, a + draw(&seed, pages) * PAGE_SIZE, 1);
			store(&t, a, pages / 4 + 1);
		}
		if (i % 100 == 0)
			is_sound(t.m, name);
	}
	if (child)
		do_exit(t.m, child, 0);
	mmtest_close(&t);
}

static u64 zone_end(struct machine *m, enum zone_type type)
{
	const struct zone *z = &m->node[0].zones[type];

	return ((u64)z->start_pfn + z->spanned_pages) << PAGE_SHIFT;
}

static void test_ram(void)
{
	struct mmtest t;

	mmtest_open_on(&t, "[machine]\narch = i386\nmemory = 8G\n");
	cmp_int((s64)zone_end(t.m, ZONE_HIGHMEM), <=, (s64)(4 * GIB),
		"two levels: HighMem ends at 4 GiB");
	cmp_int((s64)zone_end(t.m, ZONE_NORMAL), <=, (s64)(896 * MIB), "Normal below 896 MiB");
	mmtest_close(&t);
	mmtest_open_on(&t, "[machine]\narch = i386\npae = yes\nmemory = 8G\n");
	is_uint(zone_end(t.m, ZONE_HIGHMEM), 9 * GIB, "three: it has all 8 GiB");
	mmtest_close(&t);
}

int main(void)
{
	test_two_levels();
	test_three_levels();
	test_one_level();
	test_five_levels();
	test_addresses(TWO_LEVELS);
	test_addresses(THREE_LEVELS);
	test_addresses(ONE_LEVEL);
	test_stress(TWO_LEVELS, "two levels");
	test_stress(THREE_LEVELS, "three levels");
	test_stress(ONE_LEVEL, "one level");
	test_stress(FIVE_LEVELS, "five levels");
	test_ram();
	return done_testing();
}
