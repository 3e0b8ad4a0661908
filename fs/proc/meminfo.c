/* /proc/meminfo: the machine's memory in kB. Source: Documentation/filesystems/proc.rst. */
#include "fs/proc/proc.h"

/* Both literals: a label padded to the column where the number's field begins. */
#define LINE(label, kb)                                                      \
	text_mem(out, label, sizeof(label) - 1), text_u64_width(out, kb, 8), \
		text_mem(out, " kB\n", 4)
#define COUNT(label, n) \
	text_mem(out, label, sizeof(label) - 1), text_u64_width(out, n, 5), text_char(out, '\n')

#define VMALLOC_TOTAL_KB      34359738367ull /* 32 TiB less one page, rounded down */
#define VMALLOC_TOTAL_LA57_KB 13743895347199ull
#define VMALLOC_TOTAL_I386_KB 122880ull

static u64 node_kb(const struct machine *m, enum node_stat_item item)
{
	return K(global_node_page_state(m, item));
}

/* Lowmem and highmem apart: machines with ZONE_HIGHMEM only. */
static void show_highmem(const struct machine *m, struct text *out)
{
	u64 high = 0, free = 0;
	u32 nid;

	for (nid = 0; nid < m->nr_nodes; nid++) {
		const struct zone *z = &m->node[nid].zones[ZONE_HIGHMEM];

		high += z->managed_pages;
		free += (u64)z->vm_stat[NR_FREE_PAGES];
	}
	LINE("HighTotal:      ", K(high));
	LINE("HighFree:       ", K(free));
	LINE("LowTotal:       ", K(m->totalram_pages - high));
	LINE("LowFree:        ", K(global_zone_page_state(m, NR_FREE_PAGES) - free));
}

static void show_totals(const struct machine *m, struct text *out)
{
	s64 available = si_mem_available(m);
	u64 cached = global_node_page_state(m, NR_FILE_PAGES);

	cached -=
		min_t(u64, cached, global_node_page_state(m, NR_SWAPCACHED) + m->nr_blockdev_pages);

	LINE("MemTotal:       ", K(m->totalram_pages));
	LINE("MemFree:        ", K(global_zone_page_state(m, NR_FREE_PAGES)));
	LINE("MemAvailable:   ", K(available < 0 ? 0 : available));
	LINE("Buffers:        ", K(m->nr_blockdev_pages));
	LINE("Cached:         ", K(cached));
	LINE("SwapCached:     ", node_kb(m, NR_SWAPCACHED));
}

static void show_lru(const struct machine *m, struct text *out)
{
	u64 active_anon = node_kb(m, NR_ACTIVE_ANON), inactive_anon = node_kb(m, NR_INACTIVE_ANON);
	u64 active_file = node_kb(m, NR_ACTIVE_FILE), inactive_file = node_kb(m, NR_INACTIVE_FILE);

	LINE("Active:         ", active_anon + active_file);
	LINE("Inactive:       ", inactive_anon + inactive_file);
	LINE("Active(anon):   ", active_anon);
	LINE("Inactive(anon): ", inactive_anon);
	LINE("Active(file):   ", active_file);
	LINE("Inactive(file): ", inactive_file);
	LINE("Unevictable:    ", node_kb(m, NR_UNEVICTABLE));
	LINE("Mlocked:        ", K(global_zone_page_state(m, NR_MLOCK)));
	if (m->zone_mask & 1u << ZONE_HIGHMEM)
		show_highmem(m, out);
}

static void show_use(const struct machine *m, struct text *out)
{
	u64 reclaimable = node_kb(m, NR_SLAB_RECLAIMABLE);
	u64 unreclaimable = node_kb(m, NR_SLAB_UNRECLAIMABLE);

	LINE("SwapTotal:      ", K(total_swap_pages(m)));
	LINE("SwapFree:       ", K(free_swap_pages(m)));
	LINE("Zswap:          ", m->knobs.zswap.pool_total_size >> 10);
	LINE("Zswapped:       ", K(m->knobs.zswap.stored_pages));
	LINE("Dirty:          ", node_kb(m, NR_DIRTY));
	LINE("Writeback:      ", node_kb(m, NR_WRITEBACK));
	LINE("AnonPages:      ", node_kb(m, NR_ANON_PAGES));
	LINE("Mapped:         ", node_kb(m, NR_MAPPED));
	LINE("Shmem:          ", node_kb(m, NR_SHMEM));
	LINE("KReclaimable:   ", reclaimable + node_kb(m, NR_KERNEL_MISC_RECLAIMABLE));
	LINE("Slab:           ", reclaimable + unreclaimable);
	LINE("SReclaimable:   ", reclaimable);
	LINE("SUnreclaim:     ", unreclaimable);
	LINE("KernelStack:    ", global_node_page_state(m, NR_KERNEL_STACK)); /* kB already */
	LINE("PageTables:     ", node_kb(m, NR_PAGE_TABLE_PAGES));
	LINE("SecPageTables:  ", node_kb(m, NR_SEC_PAGE_TABLE_PAGES));
	LINE("NFS_Unstable:   ", 0); /* the name outlived what it counted */
	LINE("Bounce:         ", K(global_zone_page_state(m, NR_BOUNCE)));
	LINE("WritebackTmp:   ", node_kb(m, NR_WRITEBACK_TEMP));
}

static u64 vmalloc_total_kb(const struct machine *m)
{
	if (m->config.arch == ARCH_I386)
		return VMALLOC_TOTAL_I386_KB;
	return m->config.cpu_la57 ? VMALLOC_TOTAL_LA57_KB : VMALLOC_TOTAL_KB;
}

static void show_kernel(const struct machine *m, struct text *out)
{
	s64 committed = m->mms.committed_as;

	LINE("CommitLimit:    ", K(vm_commit_limit(m)));
	LINE("Committed_AS:   ", K(committed < 0 ? 0 : committed));
	LINE("VmallocTotal:   ", vmalloc_total_kb(m));
	/* kernel stacks come from the vmalloc area */
	LINE("VmallocUsed:    ",
	     m->boot.vmalloc_used_kb + global_node_page_state(m, NR_KERNEL_STACK));
	LINE("VmallocChunk:   ", 0); /* no longer computed by any kernel */
	LINE("Percpu:         ", m->boot.percpu_kb);
	text_str(out, "HardwareCorrupted: "); /* longer than its column */
	text_u64_width(out, K(m->num_poisoned_pages), 5);
	text_str(out, " kB\n");
}

static void show_huge(const struct machine *m, struct text *out)
{
	const struct hstate *h = &m->boot.hstate[m->boot.default_hstate];
	u64 hugetlb_kb = 0;
	u32 i;

	LINE("AnonHugePages:  ", node_kb(m, NR_ANON_TRANSPARENT_HUGEPAGES));
	LINE("ShmemHugePages: ", node_kb(m, NR_SHMEM_HUGEPAGES));
	LINE("ShmemPmdMapped: ", node_kb(m, NR_SHMEM_PMDMAPPED));
	LINE("FileHugePages:  ", node_kb(m, NR_FILE_HUGEPAGES));
	LINE("FilePmdMapped:  ", node_kb(m, NR_FILE_PMDMAPPED));
	if (!m->boot.nr_hstates)
		return;

	for (i = 0; i < m->boot.nr_hstates; i++)
		hugetlb_kb += m->boot.hstate[i].nr_huge_pages * (m->boot.hstate[i].page_size >> 10);
	COUNT("HugePages_Total:   ", h->nr_huge_pages);
	COUNT("HugePages_Free:    ", h->free_huge_pages);
	COUNT("HugePages_Rsvd:    ", h->resv_huge_pages);
	COUNT("HugePages_Surp:    ", h->surplus_huge_pages);
	LINE("Hugepagesize:   ", h->page_size >> 10);
	LINE("Hugetlb:        ", hugetlb_kb);
}

static void show_direct_map(const struct machine *m, struct text *out)
{
	LINE("DirectMap4k:    ", m->boot.direct_map_4k_kb);
	LINE("DirectMap2M:    ", m->boot.direct_map_2m_kb);
	if (m->config.cpu_1g_pages)
		LINE("DirectMap1G:    ", m->boot.direct_map_1g_kb);
}

int proc_meminfo_show(const struct request *rq, struct text *out)
{
	const struct machine *m = rq->m;

	show_totals(m, out);
	show_lru(m, out);
	show_use(m, out);
	show_kernel(m, out);
	show_huge(m, out);
	show_direct_map(m, out);
	return 0;
}
