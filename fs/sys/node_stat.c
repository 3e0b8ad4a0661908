/*
 * nodeN/meminfo, nodeN/numastat and nodeN/vmstat: the counters of one node.
 */
#include "fs/sys/node.h"

#include "fs/proc/proc.h"

#include <mman/hugetlb.h>

static u64 zone_pages(const struct pglist_data *n, enum zone_stat_item item)
{
	s64 sum = 0;
	u32 type;

	for (type = 0; type < MAX_NR_ZONES; type++)
		sum += n->zones[type].vm_stat[item];
	return sum > 0 ? (u64)sum : 0;
}

static u64 node_pages(const struct pglist_data *n, enum node_stat_item item)
{
	return n->vm_stat[item] > 0 ? (u64)n->vm_stat[item] : 0;
}

static u64 numa_events(const struct pglist_data *n, enum numa_stat_item item)
{
	u64 sum = 0;
	u32 type;

	for (type = 0; type < MAX_NR_ZONES; type++)
		sum += (u64)n->zones[type].vm_numa_stat[item];
	return sum;
}

/* "Node 0 MemFree:          909476 kB": value right-aligned in eight columns after a padded name. */
static void line(struct text *out, u64 nid, const char *name, u32 columns, u64 value)
{
	text_str(out, "Node ");
	text_u64(out, nid);
	text_char(out, ' ');
	text_str_left(out, name, columns);
	text_u64_width(out, value, 8);
	text_str(out, " kB\n");
}

static void kb(struct text *out, u64 nid, const char *name, u64 pages)
{
	line(out, nid, name, 16, K(pages));
}

static void show_lru(struct text *out, u64 nid, const struct pglist_data *n)
{
	u64 active_anon = node_pages(n, NR_ACTIVE_ANON),
	    inactive_anon = node_pages(n, NR_INACTIVE_ANON);
	u64 active_file = node_pages(n, NR_ACTIVE_FILE),
	    inactive_file = node_pages(n, NR_INACTIVE_FILE);

	kb(out, nid, "Active:", active_anon + active_file);
	kb(out, nid, "Inactive:", inactive_anon + inactive_file);
	kb(out, nid, "Active(anon):", active_anon);
	kb(out, nid, "Inactive(anon):", inactive_anon);
	kb(out, nid, "Active(file):", active_file);
	kb(out, nid, "Inactive(file):", inactive_file);
	kb(out, nid, "Unevictable:", node_pages(n, NR_UNEVICTABLE));
	kb(out, nid, "Mlocked:", zone_pages(n, NR_MLOCK));
}

static void show_uses(struct text *out, u64 nid, const struct pglist_data *n)
{
	u64 reclaimable = node_pages(n, NR_SLAB_RECLAIMABLE),
	    unreclaimable = node_pages(n, NR_SLAB_UNRECLAIMABLE);

	kb(out, nid, "Dirty:", node_pages(n, NR_DIRTY));
	kb(out, nid, "Writeback:", node_pages(n, NR_WRITEBACK));
	kb(out, nid, "FilePages:", node_pages(n, NR_FILE_PAGES));
	kb(out, nid, "Mapped:", node_pages(n, NR_MAPPED));
	kb(out, nid, "AnonPages:", node_pages(n, NR_ANON_PAGES));
	kb(out, nid, "Shmem:", node_pages(n, NR_SHMEM));
	line(out, nid, "KernelStack:", 16, node_pages(n, NR_KERNEL_STACK));
	kb(out, nid, "PageTables:", node_pages(n, NR_PAGE_TABLE_PAGES));
	kb(out, nid, "SecPageTables:", node_pages(n, NR_SEC_PAGE_TABLE_PAGES));
	kb(out, nid, "NFS_Unstable:", 0);
	kb(out, nid, "Bounce:", zone_pages(n, NR_BOUNCE));
	kb(out, nid, "WritebackTmp:", node_pages(n, NR_WRITEBACK_TEMP));
	kb(out, nid, "KReclaimable:", reclaimable + node_pages(n, NR_KERNEL_MISC_RECLAIMABLE));
	kb(out, nid, "Slab:", reclaimable + unreclaimable);
	kb(out, nid, "SReclaimable:", reclaimable);
	kb(out, nid, "SUnreclaim:", unreclaimable);
	kb(out, nid, "AnonHugePages:", node_pages(n, NR_ANON_TRANSPARENT_HUGEPAGES));
	kb(out, nid, "ShmemHugePages:", node_pages(n, NR_SHMEM_HUGEPAGES));
	kb(out, nid, "ShmemPmdMapped:", node_pages(n, NR_SHMEM_PMDMAPPED));
	/* these two are a column short on Linux too */
	line(out, nid, "FileHugePages:", 15, K(node_pages(n, NR_FILE_HUGEPAGES)));
	line(out, nid, "FilePmdMapped:", 15, K(node_pages(n, NR_FILE_PMDMAPPED)));
}

static void huge_line(struct text *out, u64 nid, const char *name, u64 value)
{
	text_str(out, "Node ");
	text_u64(out, nid);
	text_str(out, name);
	text_u64_width(out, value, 5);
	text_char(out, '\n');
}

int node_meminfo_show(const struct request *rq, struct text *out)
{
	const struct pglist_data *n = &rq->m->node[rq->object];
	const struct hstate *h = hugetlb_default(rq->m);
	u64 nid = rq->object, total = 0, free = zone_pages(n, NR_FREE_PAGES);
	u32 type;

	for (type = 0; type < MAX_NR_ZONES; type++)
		total += n->zones[type].managed_pages;
	kb(out, nid, "MemTotal:", total);
	kb(out, nid, "MemFree:", free);
	kb(out, nid, "MemUsed:", total - free);
	kb(out, nid, "SwapCached:", node_pages(n, NR_SWAPCACHED));
	show_lru(out, nid, n);
	show_uses(out, nid, n);
	if (h) {
		huge_line(out, nid, " HugePages_Total: ", h->nr_node[nid]);
		huge_line(out, nid, " HugePages_Free:  ", h->free_node[nid]);
		huge_line(out, nid, " HugePages_Surp:  ", h->surplus_node[nid]);
	}
	return 0;
}

int node_numastat_show(const struct request *rq, struct text *out)
{
	static const char *const names[NR_VM_NUMA_STAT_ITEMS] = {
		[NUMA_HIT] = "numa_hit ",	  [NUMA_MISS] = "numa_miss ",
		[NUMA_FOREIGN] = "numa_foreign ", [NUMA_INTERLEAVE] = "interleave_hit ",
		[NUMA_LOCAL] = "local_node ",	  [NUMA_OTHER] = "other_node ",
	};
	const struct pglist_data *n = &rq->m->node[rq->object];
	u32 i;

	for (i = 0; i < NR_VM_NUMA_STAT_ITEMS; i++) {
		text_str(out, names[i]);
		text_u64(out, numa_events(n, (enum numa_stat_item)i));
		text_char(out, '\n');
	}
	return 0;
}

int node_vmstat_show(const struct request *rq, struct text *out)
{
	const struct pglist_data *n = &rq->m->node[rq->object];
	u32 i;

	for (i = 0; i < NR_VM_ZONE_STAT_ITEMS; i++)
		text_count(out, zone_stat_names[i], zone_pages(n, (enum zone_stat_item)i));
	for (i = 0; i < NR_VM_NUMA_STAT_ITEMS; i++)
		text_count(out, numa_stat_names[i], numa_events(n, (enum numa_stat_item)i));
	for (i = 0; i < NR_VM_NODE_STAT_ITEMS; i++)
		text_count(out, node_stat_names[i],
			   node_stat_shown((enum node_stat_item)i, n->vm_stat[i]));
	return 0;
}
