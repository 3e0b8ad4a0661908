/*
 * Pools of huge pages: what they take from the buddy allocator and give back, and from which node.
 */
#include "tests/bare.h"
#include "tests/sound.h"
#include "tests/tap.h"

#include <mman/hugetlb.h>

#include <errno.h>

static const char two_sizes[] = "[machine]\n"
				"cpus = 2\n"
				"memory = 8G\n"
				"cpu_1g_pages = yes\n";

static u64 free_pages_of(const struct machine *m)
{
	drain_pages((struct machine *)(uintptr_t)m, -1);
	return global_zone_page_state(m, NR_FREE_PAGES);
}

static void test_grow_and_shrink(void)
{
	struct machine *m = bare_machine("two-node");
	struct hstate *h = hugetlb_default(m);
	u64 before = free_pages_of(m);

	if (!ok(h != NULL, "there are huge pages"))
		return;
	is_uint(h->page_size, 2 << 20, "of 2 MiB by default");

	is_err(hugetlb_set_pool(m, h, 5, NUMA_NO_NODE), 0, "a pool of 5");
	is_uint(h->nr_huge_pages, 5, "has 5 pages");
	is_uint(h->free_huge_pages, 5, "all free");
	is_uint(h->nr_node[0], 3, "node 0 gave the first, third and fifth");
	is_uint(h->nr_node[1], 2, "node 1 the others");
	is_uint(free_pages_of(m), before - (u64)5 * 512, "they are gone from free memory");
	is_uint(m->vm_event[HTLB_BUDDY_ALLOC_SUCCESS], 5, "and are counted");

	hugetlb_set_pool(m, h, 1, NUMA_NO_NODE);
	is_uint(h->nr_huge_pages, 1, "four go back");
	is_uint(free_pages_of(m), before - 512, "to free memory");

	hugetlb_set_pool(m, h, 3, 1);
	is_uint(h->nr_node[1], 3, "a pool can be set for one node");
	hugetlb_set_pool(m, h, 0, NUMA_NO_NODE);
	is_uint(free_pages_of(m), before, "an empty pool holds nothing");
	is_sound(m, "after it all");
	machine_destroy(m);
}

static void test_too_many(void)
{
	struct machine *m = bare_machine("one-node");
	struct hstate *h = hugetlb_default(m);
	u64 before = free_pages_of(m);

	is_err(hugetlb_set_pool(m, h, 100000, NUMA_NO_NODE), 0,
	       "more than there is memory is no error");
	cmp_int(h->nr_huge_pages, >, before / 512 * 9 / 10, "nearly all memory is in the pool");
	cmp_int(m->vm_event[HTLB_BUDDY_ALLOC_FAIL], >, 0, "and the failure is counted");
	is_sound(m, "with a full machine");
	hugetlb_set_pool(m, h, 0, NUMA_NO_NODE);
	is_uint(free_pages_of(m), before, "all of it comes back");
	machine_destroy(m);
}

static void test_in_use(void)
{
	struct machine *m = bare_machine("one-node");
	struct hstate *h = hugetlb_default(m);

	hugetlb_set_pool(m, h, 4, NUMA_NO_NODE);
	h->resv_huge_pages = 3; /* promised to mappings */
	hugetlb_set_pool(m, h, 1, NUMA_NO_NODE);
	is_uint(h->nr_huge_pages, 3, "reserved pages stay");
	is_uint(h->surplus_huge_pages, 2, "as surplus");
	is_uint(hstate_persistent(h), 1, "so that the pool is as small as was asked");
	hugetlb_set_pool(m, h, 2, NUMA_NO_NODE);
	is_uint(h->surplus_huge_pages, 1, "growing takes surplus pages first");
	is_uint(h->nr_huge_pages, 3, "and makes no new ones");
	h->resv_huge_pages = 0;
	is_sound(m, "with surplus pages");
	machine_destroy(m);
}

static void test_gigantic(void)
{
	struct machine *m = bare_machine(two_sizes);
	struct hstate *h = NULL, *small = hugetlb_default(m);
	u64 before = free_pages_of(m), got;
	u32 i;

	for (i = 0; i < m->boot.nr_hstates; i++)
		if (hstate_is_gigantic(&m->boot.hstate[i]))
			h = &m->boot.hstate[i];
	if (!ok(h != NULL, "this CPU has pages of 1 GiB"))
		return;
	hugetlb_set_pool(m, h, 100, NUMA_NO_NODE);
	got = h->nr_huge_pages;
	cmp_int(got, >=, 4, "most of 8 GiB is free and aligned");
	cmp_int(got, <, 8, "but not all of it");
	is_uint(free_pages_of(m), before - got * (1 << 18), "each is a GiB less");
	is_sound(m, "with 1 GiB pages");

	is_err(hugetlb_demote(m, h, small, 1, NUMA_NO_NODE), 0, "one is made into smaller ones");
	is_uint(h->nr_huge_pages, got - 1, "it is no longer whole");
	is_uint(small->nr_huge_pages, 512, "but 512 pages of 2 MiB");
	is_err(hugetlb_demote(m, h, small, 0, NUMA_NO_NODE), 0, "none is easy");
	hugetlb_set_pool(m, small, 0, NUMA_NO_NODE);
	hugetlb_set_pool(m, h, 0, NUMA_NO_NODE);
	is_uint(free_pages_of(m), before, "all of it comes back");
	is_sound(m, "when all is back");
	machine_destroy(m);
}

#define PAGES_PER_GIB (1u << 18)

/* Take all free blocks of 4 MiB, give back all but the last of each GiB. */
static void test_no_gigabyte_free(void)
{
	struct machine *m = bare_machine("[machine]\ncpus = 1\nmemory = 3G\ncpu_1g_pages = yes\n");
	struct hstate *h = &m->boot.hstate[0];
	static pfn_t blocks[1024];
	u32 i, nr = 0;

	for (i = 0; i < m->boot.nr_hstates; i++)
		if (hstate_is_gigantic(&m->boot.hstate[i]))
			h = &m->boot.hstate[i];
	while (nr < ARRAY_SIZE(blocks) && (blocks[nr] = alloc_pages(m, GFP_NOWAIT | __GFP_NOWARN,
								    MAX_ORDER - 1, 0)) != PFN_NONE)
		nr++;
	cmp_int(nr, >, 600, "nearly all of 3 GiB is in blocks of 4 MiB");
	for (i = 0; i < nr; i++)
		if (blocks[i] % PAGES_PER_GIB != PAGES_PER_GIB / 2)
			free_pages(m, blocks[i], MAX_ORDER - 1);
	hugetlb_set_pool(m, h, 100, NUMA_NO_NODE);
	is_uint(h->nr_huge_pages, 0, "pages in use are not moved out of the way");
	is_sound(m, "after looking for a GiB in vain");
	machine_destroy(m);
}

static void test_boot(void)
{
	struct machine *m = bare_machine("hugetlb");

	is_uint(hugetlb_default(m)->nr_huge_pages, 16, "hugepages=16 makes a pool at boot");
	is_sound(m, "with it");
	machine_destroy(m);
}

int main(void)
{
	test_grow_and_shrink();
	test_too_many();
	test_in_use();
	test_gigantic();
	test_no_gigabyte_free();
	test_boot();
	return done_testing();
}
