/*
 * In which order nodes and zones are asked. What is expected is what a 6.1 kernel logged at boot
 * ("Fallback order for Node") on guests with these nodes.
 */
#include <stdio.h>
#include <string.h>

#include "tests/bare.h"
#include "tests/tap.h"

#define NODE(n, rest) "[node " #n "]\nmemory = 256M\n" rest

static const char equal8[] = "[machine]\ncpus = 8\n" NODE(0, "cpus = 0\n") NODE(1, "cpus = 1\n")
	NODE(2, "cpus = 2\n") NODE(3, "cpus = 3\n") NODE(4, "cpus = 4\n") NODE(5, "cpus = 5\n")
		NODE(6, "cpus = 6\n") NODE(7, "cpus = 7\n");

static const char cpuless5[] = "[machine]\ncpus = 4\n" NODE(0, "cpus = 0\n") NODE(1, "")
	NODE(2, "cpus = 2\n") NODE(3, "cpus = 3\n") NODE(4, "cpus = 1\n");

static void is_order(struct machine *m, u32 nid, const char *want)
{
	const struct pglist_data *n = &m->node[nid];
	char got[256] = "";
	u32 i;

	for (i = 0; i < n->nr_node_order; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%u", i ? " " : "",
			 n->node_order[i]);
	is_str(got, want, "fallback order of node %u", nid);
}

static void test_equal_distances(void)
{
	struct machine *m = bare_machine(equal8);

	is_order(m, 0, "0 1 2 3 4 5 6 7");
	is_order(m, 1, "1 2 3 4 5 6 7 0");
	is_order(m, 4, "4 5 6 7 0 1 2 3");
	is_order(m, 7, "7 0 1 2 3 4 5 6");
	machine_destroy(m);
}

/* Two groups of four: near nodes first, and within a group the load goes round. */
static void test_two_distances(void)
{
	static const char *const want[8] = {
		"0 1 2 3 4 5 6 7", "1 2 3 0 5 6 7 4", "2 3 0 1 6 7 4 5", "3 0 1 2 7 4 5 6",
		"4 5 6 7 0 1 2 3", "5 6 7 4 1 2 3 0", "6 7 4 5 2 3 0 1", "7 4 5 6 3 0 1 2",
	};
	struct machine *m = bare_machine("server-1t");
	u32 nid;

	for (nid = 0; nid < 8; nid++)
		is_order(m, nid, want[nid]);
	machine_destroy(m);
}

static void test_cpuless_node(void)
{
	struct machine *m = bare_machine(cpuless5);

	is_order(m, 0, "0 1 2 3 4");
	is_order(m, 1, "1 2 3 4 0");
	is_order(m, 2, "2 3 4 0 1");
	is_order(m, 4, "4 0 1 2 3");
	machine_destroy(m);
}

/* All zones of a node before the next node's, the highest first; empty ones are left out. */
static void test_zone_order(void)
{
	struct machine *m = bare_machine("server-1t");
	const struct pglist_data *n = &m->node[1];

	is_int(n->nr_zonelist, 10, "ten zones: eight Normal, and DMA32 and DMA of node 0");
	ok(n->zonelist[0].nid == 1 && n->zonelist[0].type == ZONE_NORMAL,
	   "a node's own memory comes first");
	ok(n->zonelist[3].nid == 0 && n->zonelist[3].type == ZONE_NORMAL &&
		   n->zonelist[4].nid == 0 && n->zonelist[4].type == ZONE_DMA32 &&
		   n->zonelist[5].type == ZONE_DMA,
	   "node 0 gives Normal, then DMA32, then DMA");
	is_int(n->zonelist_first[ZONE_DMA], 5, "a request for DMA starts there");
	machine_destroy(m);
}

static void test_zone_of_a_request(void)
{
	struct machine *x = bare_machine("laptop"), *i = bare_machine("i386");
	pfn_t pfn;

	is_int(x->gfp_zone[0], ZONE_NORMAL, "the kernel's own requests go to Normal");
	is_int(x->gfp_zone[__GFP_HIGHMEM], ZONE_NORMAL,
	       "so do highmem ones where there is no HighMem");
	is_int(x->gfp_zone[__GFP_HIGHMEM | __GFP_MOVABLE], ZONE_MOVABLE,
	       "user pages go to Movable");
	is_int(x->gfp_zone[__GFP_MOVABLE], ZONE_NORMAL, "movable alone does not");
	is_int(x->gfp_zone[__GFP_DMA32], ZONE_DMA32, "DMA32");
	is_int(x->gfp_zone[__GFP_DMA], ZONE_DMA, "DMA");
	is_int(i->gfp_zone[__GFP_DMA32], ZONE_NORMAL, "i386 has no DMA32: Normal is low enough");
	is_int(i->gfp_zone[__GFP_HIGHMEM], ZONE_HIGHMEM, "but HighMem");
	pfn = alloc_pages(i, GFP_HIGHUSER_MOVABLE, 0, NUMA_NO_NODE);
	is_int(page_zone(i, pfn_to_page(i, pfn))->type, ZONE_HIGHMEM,
	       "where user pages of i386 come from");
	is_int(i->vm_event[PGALLOC_HIGH], 1, "counted as pgalloc_high");
	pfn = alloc_pages(x, GFP_KERNEL | GFP_DMA, 0, NUMA_NO_NODE);
	is_int(page_zone(x, pfn_to_page(x, pfn))->type, ZONE_DMA,
	       "a DMA request stays below 16 MiB");
	cmp_int(pfn, <, 4096, "as its address shows");
	machine_destroy(x);
	machine_destroy(i);
}

int main(void)
{
	test_equal_distances();
	test_two_distances();
	test_cpuless_node();
	test_zone_order();
	test_zone_of_a_request();
	return done_testing();
}
