/*
 * Machines of all shapes: memoryless and CPU-less nodes, holes, many nodes, DIMMs, copies of other
 * machines, and those that cannot boot.
 */
#include "fs/machine_file.h"
#include "tests/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB_PAGES 256ull
#define GIB_PAGES (1024 * MIB_PAGES)

static char why[256];

static struct machine *boot(const char *text, bool bare)
{
	struct machine_config *c = malloc(sizeof(*c));
	struct machine *m = NULL;

	why[0] = '\0';
	if (!machine_file_parse(c, text, "test", why, sizeof(why))) {
		c->bare = bare;
		m = machine_create(c, why, sizeof(why));
	}
	free(c);
	return m;
}

static struct machine *must_boot(const char *text, bool bare, const char *what)
{
	struct machine *m = boot(text, bare);

	if (!ok(m != NULL, "%s boots", what))
		diag("%s", why);
	return m;
}

static u64 sum_zones(const struct machine *m, u64 (*of)(const struct zone *z))
{
	u64 sum = 0;
	u32 nid, type;

	for (nid = 0; nid < m->nr_nodes; nid++)
		for (type = 0; type < MAX_NR_ZONES; type++)
			sum += of(&m->node[nid].zones[type]);
	return sum;
}

static u64 managed(const struct zone *z)
{
	return z->managed_pages;
}

static u64 present(const struct zone *z)
{
	return z->present_pages;
}

static u64 free_pages_of(const struct zone *z)
{
	return (u64)z->vm_stat[NR_FREE_PAGES];
}

static u64 reserved_frames(const struct machine *m)
{
	u64 sum = 0;
	u32 i;

	for (i = 0; i < m->boot.nr_reserved; i++)
		sum += m->boot.reserved[i].end - m->boot.reserved[i].start;
	return sum;
}

static void test_bare(void)
{
	struct machine *m = must_boot("[machine]\nmemory=1G\n", true, "a bare machine");
	u64 slab;

	if (!m)
		return;
	slab = global_node_page_state(m, NR_SLAB_RECLAIMABLE) +
	       global_node_page_state(m, NR_SLAB_UNRECLAIMABLE);
	cmp_int(m->totalram_pages - sum_zones(m, free_pages_of), <=, slab + 512,
		"bare: all that is managed is free, but for slab and what waits on page lists");
	is_uint(sum_zones(m, managed), m->totalram_pages, "bare: MemTotal is the sum of the zones");
	is_uint(sum_zones(m, present) - m->totalram_pages, reserved_frames(m),
		"bare: what is present and not managed is reserved, frame for frame");
	ok(pfn_reserved(m, 0x1000000 >> PAGE_SHIFT), "bare: the kernel's first frame is reserved");
	ok(!pfn_reserved(m, (0x1000000 + 0x2044000) >> PAGE_SHIFT), "bare: its init code is not");
	ok(pfn_reserved(m, 1) && !pfn_reserved(m, 256), "bare: the first MiB is reserved, no more");
	machine_destroy(m);
}

static void test_memoryless(void)
{
	struct machine *m = must_boot("[node 0]\nmemory=0\ncpus=0\n[node 1]\nmemory=1G\n"
				      "[node 2]\nmemory=512M\ncpus=1\n",
				      false, "a machine with a memoryless and a CPU-less node");

	if (!m)
		return;
	ok(m->node[0].online && !m->node[0].has_memory && m->node[0].has_cpu,
	   "node 0 is online with CPUs only");
	ok(m->node[1].online && m->node[1].has_memory && !m->node[1].has_cpu,
	   "node 1 is online with memory only");
	is_int(m->node[1].zones[ZONE_DMA].present_pages, 3998,
	       "the first memory is node 1's, DMA too");
	is_int(m->node[2].zones[ZONE_DMA32].present_pages, 131072 - 41, "node 2 has its 512 MiB");
	is_int(m->node[0].nr_zonelist, 3, "node 0 allocates from the zones of the others");
	is_int(m->node[0].distance[1], 20, "nodes are 20 apart if nobody says otherwise");
	machine_destroy(m);
}

static void test_absent_node(void)
{
	struct machine *m =
		must_boot("[node 1]\nmemory=512M\ncpus=0\n[node 5]\nmemory=512M\ncpus=1\n"
			  "distance=31 31 31 31 31 10\n",
			  false, "a machine whose node numbers have gaps");

	if (!m)
		return;
	is_int(m->nr_nodes, 6, "numbers run up to the last one");
	ok(m->node[1].online && m->node[5].online, "nodes 1 and 5 are online");
	ok(!m->node[0].online && !m->node[3].online, "nodes in between are not");
	is_int(m->node[5].distance[1], 31, "distances are as given");
	machine_destroy(m);
}

static void test_holes(void)
{
	struct machine *m = must_boot("[node 0]\nrange = 0-0x1fffffff\nrange = 0x60000000 + 512M\n"
				      "[node 1]\nrange = 0x20000000-0x3fffffff\n"
				      "range = 0x180000000-0x1bfffffff\n",
				      false, "nodes with holes and interleaved ranges");
	const struct zone *z;

	if (!m)
		return;
	z = &m->node[0].zones[ZONE_DMA32];
	is_int(z->spanned_pages, 0x80000 - 4096,
	       "node 0's DMA32 spans its hole and node 1's part in it");
	is_int(z->present_pages, 2 * 131072 - 4096, "and has its own two ranges");
	ok(pfn_zone(m, 0x20000) == &m->node[1].zones[ZONE_DMA32], "a frame in between is node 1's");
	ok(!pfn_zone(m, 0x50000) && !pfn_present(m, 0x50000), "a frame in the hole is nobody's");
	z = &m->node[1].zones[ZONE_DMA32];
	is_int(z->spanned_pages, 0x100000 - 0x20000,
	       "node 1's DMA32 reaches to 4 GiB, since more of the node follows above");
	is_int(m->node[1].zones[ZONE_NORMAL].present_pages, 262144, "and its Normal has 1 GiB");
	machine_destroy(m);
}

static void test_many_nodes(void)
{
	struct machine *m;
	char text[4096] = "";
	u32 nid, nodes = 0;

	for (nid = 0; nid < 16; nid++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "[node %u]\nmemory=1G\ncpus=%u-%u\n", nid, 4 * nid, 4 * nid + 3);
	m = must_boot(text, false, "a machine with 16 nodes");
	if (!m)
		return;
	for (nid = 0; nid < 16; nid++)
		nodes += m->node[nid].online && m->node[nid].nr_cpus == 4 &&
			 m->node[nid].node_present_pages > GIB_PAGES - 256;
	is_int(nodes, 16, "each has four CPUs and its GiB");
	is_int(m->node[3].zones[ZONE_NORMAL].start_pfn, 0x100000,
	       "the fourth GiB lies above the PCI hole");
	is_int(m->sysctl.min_free_kbytes, 17 * 22528,
	       "min_free_kbytes keeps eleven pageblocks for each of the 17 zones");
	machine_destroy(m);
}

static void test_dimms(void)
{
	static const char text[] = "[machine]\nmax_memory=8G\ndimm_slots=4\n"
				   "[node 0]\nmemory=1G\ncpus=0\n[node 1]\nmemory=0\n"
				   "[dimm a]\nsize=256M\nnode=1\n[dimm b]\nsize=128M\nnode=0\n";
	struct machine *m = must_boot(text, true, "a machine with two DIMMs");
	char online[512];

	if (!m)
		return;
	ok(pfn_present(m, 0x100000) && !pfn_zone(m, 0x100000), "a DIMM is present and offline");
	is_hex(m->config.range[1].start, 0x140000000, "the second one starts at the next GiB");
	ok(m->node[1].online && !m->node[1].has_memory,
	   "its node is online, without memory so far");
	machine_destroy(m);
	snprintf(online, sizeof(online),
		 "[machine]\ncmdline=memhp_default_state=online_movable\n%s",
		 text + strlen("[machine]\n"));
	m = must_boot(online, true, "memhp_default_state=online_movable");
	if (!m)
		return;
	is_int(m->node[1].zones[ZONE_MOVABLE].managed_pages, 65536, "DIMM a is online in Movable");
	is_int(m->node[0].zones[ZONE_MOVABLE].managed_pages, 32768, "DIMM b too, in its own node");
	is_uint(sum_zones(m, managed), m->totalram_pages, "and MemTotal has them");
	machine_destroy(m);
}

static void test_copy(void)
{
	struct machine *m =
		must_boot("[machine]\ncpus=4\n"
			  "[node 0]\nrange = 0x1000-0x9ffff\nrange = 0x100000-0xbfffffff\n"
			  "range = 0x100000000-0x23fffffff\n"
			  "[zone 0 DMA]\nmanaged=3840\n[zone 0 DMA32]\nmanaged=700000\n"
			  "[zone 0 Normal]\nmanaged=1300001\n",
			  false, "a machine whose zones' managed pages are given");

	if (!m)
		return;
	is_int(m->node[0].zones[ZONE_DMA].managed_pages, 3840, "DMA manages what was asked for");
	is_int(m->node[0].zones[ZONE_DMA32].managed_pages, 700000,
	       "DMA32, fewer than there would be");
	is_int(m->node[0].zones[ZONE_NORMAL].managed_pages, 1300001,
	       "Normal, more than there would be");
	machine_destroy(m);
	ok(!boot("[machine]\nmemory=1G\n[zone 0 DMA32]\nmanaged=258008\n", false),
	   "more than is present is refused");
	like(why, "zone DMA32 of node 0 cannot manage", "and the reason says which zone");
}

static void test_terabyte(void)
{
	struct machine_config *c = malloc(sizeof(*c));
	struct machine *m;
	u64 touched = 0;
	pfn_t pfn;

	if (machine_file_load(c, "server-1t", why, sizeof(why)))
		bail_out("%s", why);
	m = machine_create(c, why, sizeof(why));
	free(c);
	if (!ok(m != NULL, "server-1t boots"))
		return;
	is_int(m->nr_nodes, 8, "server-1t has 8 nodes");
	is_int(m->nr_cpus, 64, "and 64 CPUs");
	is_uint(sum_zones(m, present) + 98 + 41, 1024 * GIB_PAGES,
		"and 1 TiB, less the firmware's");
	for (pfn = 0; pfn < m->max_pfn; pfn += 1024)
		touched += page_exists(m, pfn);
	cmp_int(touched * 1024 * sizeof(struct page) >> 20, <, 16,
		"struct pages exist for what boot took only: %llu blocks of 4 MiB",
		(unsigned long long)touched);
	machine_destroy(m);
}

static void test_same_again(void)
{
	struct machine *a = must_boot(preset_text("two-node"), false, "a first machine");
	struct machine *b = must_boot(preset_text("two-node"), false, "a second one");

	bool same;
	u32 i;

	if (!a || !b)
		return;
	same = a->boot.nr_iomem == b->boot.nr_iomem && a->boot.nr_reserved == b->boot.nr_reserved;
	for (i = 0; same && i < a->boot.nr_iomem; i++)
		same = a->boot.iomem[i].start == b->boot.iomem[i].start &&
		       !strcmp(a->boot.iomem[i].name, b->boot.iomem[i].name);
	for (i = 0; same && i < a->boot.nr_reserved; i++)
		same = a->boot.reserved[i].start == b->boot.reserved[i].start &&
		       a->boot.reserved[i].end == b->boot.reserved[i].end;
	ok(same, "the same file boots the same machine twice in one process");
	is_int(a->vm_zone_stat[NR_FREE_PAGES], b->vm_zone_stat[NR_FREE_PAGES],
	       "with as many free pages");
	machine_destroy(a);
	machine_destroy(b);
}

static void test_refusals(void)
{
	static const struct {
		const char *text, *reason;
	} cases[] = {
		{ "[machine]\nmemory=32M\n", "too little RAM: the kernel needs 53 MiB" },
		{ "[machine]\nmemory=68M\n", "too little RAM" },
		{ "[machine]\nmemory=80M\n", "too little RAM for the kernel to boot" },
		{ "[machine]\nmemory=1G\ncmdline=movablecore=99%\nkernel_base=0x20000000\n",
		  "too little RAM for the kernel to boot" },
		{ "[machine]\nmemory=1G\nkernel_base=0x3f000000\n",
		  "no RAM for the kernel at kernel_base" },
		{ "[machine]\nmemory=1G\nkernel_base=0x1000001\n", "no multiple of 2 MiB" },
		{ "[node 0]\nrange=0x2000000-0x3fffffff\n", "no memory below 16 MiB" },
		{ "[node 0]\nrange=0-0x3fffffff\nrange=0x30000000+1G\n", "overlap" },
		{ "[machine]\nmemory=1G\ncmdline=mem=20M\n", "too little RAM" },
		{ "[machine]\nmemory=1G\n[dimm a]\nsize=1G\nstart=0x40000000\n",
		  "below the slots' space" },
		{ "[machine]\nmemory=1G\n[zone 1 DMA]\nmanaged=1\n", "node 1 has no zone DMA" },
		{ "[machine]\narch=i386\ncpus=33\nmemory=1G\n", "32 CPUs at most" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct machine *m = boot(cases[i].text, false);

		ok(!m && strstr(why, cases[i].reason), "cannot boot: %s", cases[i].reason);
		if (m || !strstr(why, cases[i].reason))
			diag("%s", m ? "it booted" : why);
		machine_destroy(m);
	}
}

static void test_small(void)
{
	struct machine *m = must_boot("[machine]\nmemory=96M\n", false, "96 MiB");

	if (!m)
		return;
	is_int(m->sysctl.thp_enabled, 2, "THP is off on a small machine");
	machine_destroy(m);
	m = must_boot("[machine]\nmemory=128M\ncmdline=transparent_hugepage=always\n", false,
		      "128 MiB");
	if (!m)
		return;
	is_int(m->sysctl.thp_enabled, 2, "even if the command line asks for it");
	machine_destroy(m);
	m = must_boot("[machine]\nmemory=8G\nkernel_base=0x16c000000\ncmdline=mem=1G\n", false,
		      "mem= that ends below kernel_base");
	if (!m)
		return;
	machine_destroy(m);
}

int main(void)
{
	test_bare();
	test_memoryless();
	test_absent_node();
	test_holes();
	test_many_nodes();
	test_dimms();
	test_copy();
	test_terabyte();
	test_same_again();
	test_small();
	test_refusals();
	return done_testing();
}
