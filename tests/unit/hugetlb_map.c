/*
 * Mappings of huge pages, step by step as a 6.1 guest was asked for the record: reservations,
 * faults, copies on write, surplus pages.
 */
#include <errno.h>
#include <mman/hugetlb.h>

#include "tests/mmtest.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define HUGE	 512ull /* small pages */
#define ONE_NODE "[machine]\ncpus = 2\nmemory = 1G\n"

static bool pool_is(struct mmtest *t, u64 total, u64 free, u64 reserved, u64 surplus,
		    const char *when)
{
	const struct hstate *h = hugetlb_default(t->m);

	return ok(h->nr_huge_pages == total && h->free_huge_pages == free &&
			  h->resv_huge_pages == reserved && h->surplus_huge_pages == surplus,
		  "%s: total %llu free %llu reserved %llu surplus %llu, not %llu %llu %llu %llu",
		  when, (unsigned long long)h->nr_huge_pages,
		  (unsigned long long)h->free_huge_pages, (unsigned long long)h->resv_huge_pages,
		  (unsigned long long)h->surplus_huge_pages, (unsigned long long)total,
		  (unsigned long long)free, (unsigned long long)reserved,
		  (unsigned long long)surplus);
}

static u64 huge(struct mmtest *t, u64 addr, u64 mib, u32 flags)
{
	return map(t, addr, mib << 8, "rw", MAPF_HUGETLB | flags | (addr ? MAPF_FIXED : 0));
}

static void set_pool(struct mmtest *t, u64 nr)
{
	hugetlb_set_pool(t->m, hugetlb_default(t->m), nr, NUMA_NO_NODE);
}

static int touch_each(struct mmtest *t, u64 addr, u64 mib, bool write)
{
	u64 at;
	int error = 0;

	for (at = addr; at < addr + (mib << 20) && !error; at += HUGE << PAGE_SHIFT)
		error = mm_access(t->m, t->task, at, write);
	return error;
}

/* The regions of the record, by their names there. */
struct record {
	u64 a, s, n, odd;
};

static void test_reservations(struct mmtest *t, struct record *r)
{
	u64 a, s, n, n2, odd;
	struct mark at;

	set_pool(t, 16);
	a = huge(t, 0, 8, 0);
	is_uint(a & 0x1fffff, 0, "a mapping of huge pages is aligned to them");
	pool_is(t, 16, 16, 4, 0, "mmap reserves");
	mark(t, &at);
	is_err(touch_each(t, a, 4, false), 0, "read two");
	is_uint(since(t, &at).min_flt, 2, "two faults");
	pool_is(t, 16, 14, 2, 0, "a read takes a page");
	is_err(touch_each(t, a, 8, true), 0, "write four");
	is_uint(since(t, &at).min_flt, 6, "a store to what was read faults again");
	pool_is(t, 16, 12, 0, 0, "all are taken");
	is_uint(mm_at(t->m, mm_of(t))->hugetlb_usage, 2048, "HugetlbPages");
	is_int(since(t, &at).anon, 0, "none of it counts as anonymous memory");
	is_uint(since(t, &at).tables, 1, "one page table, for the entries of 1 GiB");
	s = huge(t, 0, 8, MAPF_SHARED);
	pool_is(t, 16, 12, 4, 0, "a shared mapping reserves too");
	is_err(touch_each(t, s, 2, true), 0, "and takes");
	pool_is(t, 16, 11, 3, 0, "one");
	n = huge(t, 0, 16, MAPF_NORESERVE);
	pool_is(t, 16, 11, 3, 0, "MAP_NORESERVE reserves nothing");
	is_err((s64)huge(t, 0, 64, 0), -ENOMEM, "more than are free");
	n2 = huge(t, 0, 32, MAPF_NORESERVE);
	is_err(mm_access(t->m, t->task, n2, true), 0, "one of them");
	is_err(touch_each(t, n2, 16, true), 0, "eight of them");
	pool_is(t, 16, 3, 3, 0, "what is left is reserved");
	is_err(unmap(t, n2, 8192), 0, "unmapped");
	pool_is(t, 16, 11, 3, 0, "they are back");
	odd = huge(t, 0, 3, 0);
	is_err(unmap(t, odd, 256), -EINVAL, "half a huge page cannot be unmapped");
	pool_is(t, 16, 11, 5, 0, "3 MiB are two pages");
	*r = (struct record){ a, s, n, odd };
}

static void test_fork(struct mmtest *t, const struct record *r)
{
	handle_t parent = t->task, child;

	is_err(task_fork(t->m, t->task, &child), 0, "fork");
	pool_is(t, 16, 11, 5, 0, "takes none");
	as_task(t, child);
	is_err(mm_access(t->m, child, r->a, true), 0, "the child writes");
	pool_is(t, 16, 10, 5, 0, "a copy");
	is_sound(t->m, "with a child");
	task_run_end(t->m, &t->r);
	do_exit(t->m, child, 0);
	t->task = parent;
	task_run_begin(t->m, &t->r, parent);
}

static void test_surplus(struct mmtest *t, const struct record *r)
{
	u64 a = r->a;

	set_pool(t, 2);
	pool_is(t, 10, 5, 5, 8, "shrunk below what is in use");
	is_sound(t->m, "with surplus pages");
	is_err(unmap(t, a, 2048), 0, "the first goes");
	pool_is(t, 6, 5, 5, 4, "and with it four surplus pages");
	is_err(unmap(t, r->s, 2048), 0, "the shared one goes");
	pool_is(t, 2, 2, 2, 0, "and all surplus pages");
	is_err(unmap(t, r->odd, 768), -EINVAL, "by its own length");
	is_err(unmap(t, r->n, 4096), 0, "the rest");
	pool_is(t, 2, 2, 2, 0, "still reserved");
	hugetlb_default(t->m)->nr_overcommit_huge_pages = 4;
	a = huge(t, 0, 8, 0);
	pool_is(t, 6, 6, 6, 4, "surplus pages at mmap");
	is_err(touch_each(t, a, 8, true), 0, "used");
	pool_is(t, 6, 2, 2, 4, "used");
	is_err((s64)huge(t, 0, 8, 0), -ENOMEM, "no more of them");
	pool_is(t, 6, 2, 2, 4, "nothing has changed");
	is_err(unmap(t, a, 2048), 0, "they go");
	pool_is(t, 2, 2, 2, 0, "at once");
	is_err(unmap(t, r->odd, 1024), 0, "the last");
	pool_is(t, 2, 2, 0, 0, "nothing is reserved");
}

int main(void)
{
	struct record r;
	struct mmtest t;

	mmtest_open_on(&t, ONE_NODE);
	test_reservations(&t, &r);
	test_fork(&t, &r);
	test_surplus(&t, &r);
	mmtest_close(&t);
	return done_testing();
}
