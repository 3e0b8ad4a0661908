/*
 * Watermarks, protections and the sizes of per-CPU lists under series of settings. The expected
 * numbers are what a 6.1 kernel printed in /proc/zoneinfo of a guest with two nodes of 1 GiB (the
 * preset two-node), 253,843 and 246,570 pages of DMA32 managed.
 */
#include "mm/page_alloc.h"
#include "tests/bare.h"
#include "tests/sound.h"
#include "tests/tap.h"

struct marks {
	u64 min, low, high;
};

/* Of DMA and DMA32 on node 0, and DMA32 on node 1. */
struct row {
	s32 value;
	struct marks zone[3];
};

static const struct row min_free_rows[] = {
	{ 0, { { 0, 3, 6 }, { 0, 253, 506 }, { 0, 246, 492 } } },
	{ 64, { { 0, 3, 6 }, { 8, 261, 514 }, { 7, 253, 499 } } },
	{ 128, { { 0, 3, 6 }, { 16, 269, 522 }, { 15, 261, 507 } } },
	{ 1024, { { 1, 4, 7 }, { 128, 381, 634 }, { 125, 371, 617 } } },
	{ 4096, { { 7, 10, 13 }, { 515, 768, 1021 }, { 500, 746, 992 } } },
	{ 5632, { { 10, 13, 16 }, { 708, 961, 1214 }, { 688, 934, 1180 } } },
	{ 8192, { { 15, 18, 21 }, { 1030, 1287, 1544 }, { 1001, 1251, 1501 } } },
	{ 16384, { { 31, 38, 45 }, { 2061, 2576, 3091 }, { 2002, 2502, 3002 } } },
	{ 32768, { { 62, 77, 92 }, { 4123, 5153, 6183 }, { 4005, 5006, 6007 } } },
	{ 65536, { { 124, 155, 186 }, { 8247, 10308, 12369 }, { 8011, 10013, 12015 } } },
	{ 67584, { { 128, 160, 192 }, { 8505, 10631, 12757 }, { 8261, 10326, 12391 } } },
	{ 131072, { { 249, 311, 373 }, { 16495, 20618, 24741 }, { 16022, 20027, 24032 } } },
};

static const struct row scale_rows[] = {
	{ 1, { { 128, 160, 192 }, { 8505, 10631, 12757 }, { 8261, 10326, 12391 } } },
	{ 100, { { 128, 166, 204 }, { 8505, 11043, 13581 }, { 8261, 10726, 13191 } } },
	{ 500, { { 128, 320, 512 }, { 8505, 21197, 33889 }, { 8261, 20589, 32917 } } },
	{ 1000, { { 128, 512, 896 }, { 8505, 33889, 59273 }, { 8261, 32918, 57575 } } },
	{ 3000, { { 128, 1280, 2432 }, { 8505, 84657, 160809 }, { 8261, 82232, 156203 } } },
};

static struct zone *zone_number(struct machine *m, u32 i)
{
	return zone_of(m, i == 2, i ? ZONE_DMA32 : ZONE_DMA);
}

static u64 pcp_high(struct machine *m, const struct zone *z)
{
	return ((const struct per_cpu_pages *)pool_at(&m->pagesets, z->pageset))->high;
}

static void check_rows(struct machine *m, const char *name, s32 *knob, const struct row *rows,
		       u32 n)
{
	s32 old = *knob;
	u32 row, i;

	for (row = 0; row < n; row++) {
		bool same = true;

		*knob = rows[row].value;
		setup_per_zone_wmarks(m);
		for (i = 0; i < 3; i++) {
			const struct zone *z = zone_number(m, i);
			const struct marks *w = &rows[row].zone[i];

			same &= z->watermark[WMARK_MIN] == w->min &&
				z->watermark[WMARK_LOW] == w->low &&
				z->watermark[WMARK_HIGH] == w->high;
			same &= pcp_high(m, z) == max_t(u64, w->low, i ? 252 : 4);
		}
		ok(same, "%s %d: min, low, high of three zones, and high of their page lists", name,
		   rows[row].value);
	}
	*knob = old;
	setup_per_zone_wmarks(m);
}

static void test_series(struct machine *m)
{
	is_int(zone_number(m, 1)->managed_pages, 253843, "node 0 manages what the guest's did");
	is_int(zone_number(m, 2)->managed_pages, 246570, "and so does node 1");
	is_int(m->sysctl.min_free_kbytes, 67584, "min_free_kbytes at boot, with huge pages");
	check_rows(m, "min_free_kbytes", &m->sysctl.min_free_kbytes, min_free_rows,
		   ARRAY_SIZE(min_free_rows));
	check_rows(m, "watermark_scale_factor", &m->sysctl.watermark_scale_factor, scale_rows,
		   ARRAY_SIZE(scale_rows));
}

static void test_protection(struct machine *m)
{
	static const struct {
		s32 ratio;
		u64 pages;
	} rows[] = { { 256, 991 }, { 1, 253843 }, { 0, 0 }, { 2, 126921 }, { 100, 2538 } };
	const struct zone *dma = zone_number(m, 0);
	u32 i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		m->sysctl.lowmem_reserve_ratio[ZONE_DMA] = rows[i].ratio;
		setup_per_zone_lowmem_reserve(m);
		ok(dma->lowmem_reserve[ZONE_DMA] == 0 &&
			   dma->lowmem_reserve[ZONE_DMA32] == rows[i].pages &&
			   dma->lowmem_reserve[ZONE_MOVABLE] == rows[i].pages,
		   "lowmem_reserve_ratio %d: DMA keeps %llu pages from DMA32 requests",
		   rows[i].ratio, (unsigned long long)rows[i].pages);
	}
	m->sysctl.lowmem_reserve_ratio[ZONE_DMA] = 256;
	setup_per_zone_lowmem_reserve(m);
	is_int(zone_number(m, 1)->lowmem_reserve[ZONE_NORMAL], 0,
	       "an empty zone above is not protected from");
}

static void test_page_lists(struct machine *m)
{
	static const struct {
		s32 fraction;
		u64 high[3];
	} rows[] = { { 8, { 480, 31730, 30821 } },
		     { 16, { 240, 15865, 15410 } },
		     { 100, { 38, 2538, 2465 } },
		     { 1000, { 4, 253, 252 } },
		     { 0, { 160, 10631, 10326 } } };
	const struct per_cpu_pages *pcp = pool_at(&m->pagesets, zone_number(m, 1)->pageset);
	u32 i, zone;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		bool same = true;

		m->sysctl.percpu_pagelist_high_fraction = rows[i].fraction;
		for (zone = 0; zone < 3; zone++) {
			zone_pcp_update(m, zone_number(m, zone));
			same &= pcp_high(m, zone_number(m, zone)) == rows[i].high[zone];
		}
		ok(same, "percpu_pagelist_high_fraction %d: high", rows[i].fraction);
	}
	is_int(pcp->batch, 63, "the batch of a zone of 1 GiB");
	pcp = pool_at(&m->pagesets, zone_number(m, 0)->pageset);
	is_int(pcp->batch, 1, "and of DMA");
}

/* Fact 18 of the reference: THP switches the minimum, a value set by hand is raised but not
 * lowered. */
static void test_thp_minimum(void)
{
	struct machine *m = bare_machine("one-node");

	is_int(m->sysctl.min_free_kbytes, 45056, "one node with THP at boot");
	m->sysctl.thp_enabled = 2;
	khugepaged_min_free_kbytes_update(m);
	is_int(m->sysctl.min_free_kbytes, 3828,
	       "without THP: a square root of lowmem above its high watermarks");
	m->sysctl.thp_enabled = 1;
	khugepaged_min_free_kbytes_update(m);
	is_int(m->sysctl.min_free_kbytes, 45056, "with THP by madvise: the large value again");
	m->sysctl.min_free_kbytes = m->sysctl.user_min_free_kbytes = 50000;
	m->sysctl.thp_enabled = 2;
	khugepaged_min_free_kbytes_update(m);
	is_int(m->sysctl.min_free_kbytes, 50000, "a value set by hand stays when THP goes off");
	m->sysctl.min_free_kbytes = m->sysctl.user_min_free_kbytes = 10000;
	m->sysctl.thp_enabled = 0;
	khugepaged_min_free_kbytes_update(m);
	is_int(m->sysctl.min_free_kbytes, 45056, "and is raised when it goes on");
	machine_destroy(m);
}

static void test_available(struct machine *m)
{
	s64 reserve = 0;
	u32 nid;

	for (nid = 0; nid < m->nr_nodes; nid++)
		reserve += (s64)m->node[nid].totalreserve_pages;
	is_int(reserve, 192 + 991 + 12757 + 12391,
	       "the reserve: high watermarks, and the largest protection");
	cmp_int(si_mem_available(m), <=,
		m->vm_zone_stat[NR_FREE_PAGES] - reserve + m->vm_node_stat[NR_SLAB_RECLAIMABLE],
		"MemAvailable leaves the reserve out");
	cmp_int(si_mem_available(m), >, m->vm_zone_stat[NR_FREE_PAGES] - reserve,
		"and counts on part of the reclaimable slab");
}

int main(void)
{
	struct machine *m = bare_machine("two-node");

	test_series(m);
	test_protection(m);
	test_page_lists(m);
	test_available(m);
	is_sound(m, "after all that");
	machine_destroy(m);
	test_thp_minimum();
	return done_testing();
}
