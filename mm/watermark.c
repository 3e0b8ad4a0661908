/*
 * watermark.c - how much memory is kept back, and from whom.
 *
 *	pages free in a zone
 *	   |  high   kswapd goes back to sleep
 *	   |  low    kswapd is woken; the fast path turns elsewhere
 *	   |  min    only atomic and dying requests go below; others reclaim themselves
 *	   +  0      (+ boost on each, for a while after types were mixed in a pageblock)
 *
 * min_free_kbytes is shared among the zones by their managed pages; low and high follow at a gap of
 * a quarter of min, or watermark_scale_factor / 10000 of the zone if that is more. On top of it a
 * zone keeps lowmem_reserve[j] pages from requests that could have used zone j above it.
 *
 * A boot without a wish of the user's: min_free_kbytes is the square root of 16 x lowmem in kB,
 * between 128 and 262144; transparent huge pages raise it to two pageblocks for each zone and each
 * pair of migrate types, but at most to a twentieth of lowmem.
 *
 * Source: Documentation/admin-guide/sysctl/vm.rst; record of watermarks under a series of settings.
 */
#include "mm/page_alloc.h"

#define for_each_zone(m, z, i)                                                        \
	for (i = 0; i < (m)->nr_nodes * MAX_NR_ZONES &&                               \
		    (z = &(m)->node[i / MAX_NR_ZONES].zones[i % MAX_NR_ZONES], true); \
	     i++)

/* HighMem pages are no use to the kernel itself: such zones keep little back. */
static bool is_highmem(const struct machine *m, const struct zone *z)
{
	return z->type == ZONE_HIGHMEM || (z->type == ZONE_MOVABLE && m->config.arch == ARCH_I386);
}

/* Pages that dirty limits and file caches may count on. */
static u64 nr_free_buffer_pages(const struct machine *m)
{
	const struct pglist_data *n = &m->node[m->cpu_to_node[m->cpu]];
	u64 sum = 0;
	u32 i;

	for (i = 0; i < n->nr_zonelist; i++) {
		const struct zone *z = &m->node[n->zonelist[i].nid].zones[n->zonelist[i].type];
		u64 high = wmark_pages(z, WMARK_HIGH);

		if (z->type <= ZONE_NORMAL && z->managed_pages > high)
			sum += z->managed_pages - high;
	}
	return sum;
}

s64 si_mem_available(const struct machine *m)
{
	u64 low = 0, cache, reclaimable;
	const struct zone *z;
	s64 available;
	u32 i;

	for_each_zone(m, z, i) low += wmark_pages(z, WMARK_LOW);
	available = m->vm_zone_stat[NR_FREE_PAGES];
	for (i = 0; i < m->nr_nodes; i++)
		available -= (s64)m->node[i].totalreserve_pages;
	/* half of the page cache, or a low watermark's worth, is left to those who use it */
	cache = global_node_page_state(m, NR_ACTIVE_FILE) +
		global_node_page_state(m, NR_INACTIVE_FILE);
	available += (s64)(cache - min_t(u64, cache / 2, low));
	reclaimable = global_node_page_state(m, NR_SLAB_RECLAIMABLE) +
		      global_node_page_state(m, NR_KERNEL_MISC_RECLAIMABLE);
	available += (s64)(reclaimable - min_t(u64, reclaimable / 2, low));
	return available > 0 ? available : 0;
}

/* totalreserve: what no user page may count on; dirty limits and MemAvailable leave it out. */
void calculate_totalreserve_pages(struct machine *m)
{
	const struct zone *z;
	u64 reserve;
	u32 i, j;

	for (i = 0; i < m->nr_nodes; i++)
		m->node[i].totalreserve_pages = 0;
	for_each_zone(m, z, i)
	{
		reserve = 0;
		for (j = z->type; j < MAX_NR_ZONES; j++)
			reserve = max_t(u64, reserve, z->lowmem_reserve[j]);
		reserve = min_t(u64, reserve + wmark_pages(z, WMARK_HIGH), z->managed_pages);
		m->node[z->nid].totalreserve_pages += reserve;
	}
}

void setup_per_zone_lowmem_reserve(struct machine *m)
{
	struct zone *z;
	u32 i, j;

	for_each_zone(m, z, i)
	{
		s32 ratio = m->sysctl.lowmem_reserve_ratio[z->type];
		u64 above = 0;

		for (j = z->type + 1u; j < MAX_NR_ZONES; j++) {
			above += m->node[z->nid].zones[j].managed_pages;
			z->lowmem_reserve[j] = ratio > 0 && z->managed_pages ? above / (u64)ratio :
									       0;
		}
	}
	calculate_totalreserve_pages(m);
}

void setup_per_zone_wmarks(struct machine *m)
{
	u64 pages_min = (u64)m->sysctl.min_free_kbytes / PAGE_KB, lowmem = 0, gap;
	struct zone *z;
	u32 i;

	for_each_zone(m, z, i) if (!is_highmem(m, z)) lowmem += z->managed_pages;
	for_each_zone(m, z, i)
	{
		u64 share = lowmem ? pages_min * z->managed_pages / lowmem : 0;
		u64 min = share;

		if (is_highmem(m, z)) {
			min = max_t(u64, z->managed_pages / 1024, 32);
			min = min_t(u64, min, 128);
		}
		gap = max_t(u64, share / 4,
			    z->managed_pages * (u64)m->sysctl.watermark_scale_factor / 10000);
		z->watermark_boost = 0;
		z->watermark[WMARK_MIN] = min;
		z->watermark[WMARK_LOW] = min + gap;
		z->watermark[WMARK_HIGH] = min + 2 * gap;
		z->watermark[WMARK_PROMO] = min + 3 * gap;
	}
	calculate_totalreserve_pages(m);
	for_each_zone(m, z, i) zone_pcp_update(m, z);
}

static u64 int_sqrt(u64 x)
{
	u64 root = 0, bit = 1ull << 62;

	while (bit > x)
		bit >>= 2;
	for (; bit; bit >>= 2) {
		if (x >= root + bit) {
			x -= root + bit;
			root = (root >> 1) + bit;
		} else {
			root >>= 1;
		}
	}
	return root;
}

static void calculate_min_free_kbytes(struct machine *m)
{
	s32 kbytes = (s32)int_sqrt(nr_free_buffer_pages(m) * PAGE_KB * 16);

	if (kbytes > m->sysctl.user_min_free_kbytes)
		m->sysctl.min_free_kbytes = kbytes < 128 ? 128 : kbytes > 262144 ? 262144 : kbytes;
	else
		printk(m, 4,
		       "min_free_kbytes is not updated to %d because user defined value %d is preferred",
		       kbytes, m->sysctl.user_min_free_kbytes);
}

void init_per_zone_wmark_min(struct machine *m)
{
	calculate_min_free_kbytes(m);
	setup_per_zone_wmarks(m);
	setup_per_zone_lowmem_reserve(m);
}

/* What keeps enough pageblocks free for huge pages to come by without compaction. */
static void set_recommended_min_free_kbytes(struct machine *m)
{
	u64 nr_zones = 0, recommended;
	const struct zone *z;
	u32 i;

	for_each_zone(m, z, i) nr_zones += zone_populated(z) && z->type <= ZONE_NORMAL;
	recommended = PAGEBLOCK_NR_PAGES * nr_zones * 2;
	recommended += PAGEBLOCK_NR_PAGES * nr_zones * MIGRATE_PCPTYPES * MIGRATE_PCPTYPES;
	recommended = min_t(u64, recommended, nr_free_buffer_pages(m) / 20) * PAGE_KB;
	if ((s64)recommended <= m->sysctl.min_free_kbytes)
		return;
	if (m->sysctl.user_min_free_kbytes >= 0)
		printk(m, 6,
		       "raising min_free_kbytes from %d to %llu to help transparent hugepage allocations",
		       m->sysctl.min_free_kbytes, (unsigned long long)recommended);
	m->sysctl.min_free_kbytes = (s32)recommended;
}

void khugepaged_min_free_kbytes_update(struct machine *m)
{
	if (m->sysctl.thp_enabled == 2)
		calculate_min_free_kbytes(m);
	else
		set_recommended_min_free_kbytes(m);
	setup_per_zone_wmarks(m);
}
