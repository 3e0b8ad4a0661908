/*
 * /proc/zoneinfo: each zone of each node that is online. The node's own counters stand at its first
 * populated zone; a zone without memory ends after its protections.
 */
#include "fs/proc/proc.h"

#define STAT_INDENT	"      "
#define STAT_NAME_WIDTH 12u

static void show_stat(struct text *out, const char *name, u64 value)
{
	text_mem(out, STAT_INDENT, sizeof(STAT_INDENT) - 1);
	text_str_left(out, name, STAT_NAME_WIDTH);
	text_char(out, ' ');
	text_u64(out, value);
	text_char(out, '\n');
}

static void show_field(struct text *out, const char *label, u64 value)
{
	text_str(out, label);
	text_u64(out, value);
	text_char(out, '\n');
}

static void show_node_stats(const struct pglist_data *node, struct text *out)
{
	u32 i;

	text_str(out, "  per-node stats\n");
	for (i = 0; i < NR_VM_NODE_STAT_ITEMS; i++)
		show_stat(out, node_stat_names[i],
			  node_stat_shown((enum node_stat_item)i, node->vm_stat[i]));
}

static u64 zone_stat(const struct zone *z, enum zone_stat_item item)
{
	return z->vm_stat[item] > 0 ? (u64)z->vm_stat[item] : 0;
}

static void show_sizes(const struct machine *m, const struct zone *z, struct text *out)
{
	const char *separator = "";
	u32 j;

	show_field(out, "  pages free     ", zone_stat(z, NR_FREE_PAGES));
	show_field(out, "        boost    ", z->watermark_boost);
	show_field(out, "        min      ", z->watermark[WMARK_MIN] + z->watermark_boost);
	show_field(out, "        low      ", z->watermark[WMARK_LOW] + z->watermark_boost);
	show_field(out, "        high     ", z->watermark[WMARK_HIGH] + z->watermark_boost);
	show_field(out, "        spanned  ", z->spanned_pages);
	show_field(out, "        present  ", z->present_pages);
	show_field(out, "        managed  ", z->managed_pages);
	show_field(out, "        cma      ", zone_stat(z, NR_FREE_CMA)); /* no CMA areas: same 0 */

	text_str(out, "        protection: (");
	for (j = 0; j < MAX_NR_ZONES; j++) {
		if (!(m->zone_mask & 1u << j))
			continue;
		text_str(out, separator);
		text_u64(out, z->lowmem_reserve[j]);
		separator = ", ";
	}
	text_str(out, ")\n");
}

/* How far a real kernel's per-CPU counters of a zone may drift before they are folded:
 * 2 * fls(CPUs) * (1 + fls(zone in units of 128 MiB)), at most 125. */
static u64 stat_threshold(const struct machine *m, const struct zone *z)
{
	u64 chunks = z->managed_pages >> (27 - PAGE_SHIFT), threshold;
	u32 bits = 0;

	while (chunks >> bits)
		bits++;
	threshold = 2ull * (32 - (u32)__builtin_clz(m->nr_cpus)) * (1 + bits);
	return min_t(u64, threshold, 125);
}

static void show_pagesets(const struct machine *m, const struct zone *z, struct text *out)
{
	u64 threshold = stat_threshold(m, z);
	u32 cpu;

	text_str(out, "  pagesets\n");
	for (cpu = 0; cpu < m->nr_cpus; cpu++) {
		const struct per_cpu_pages *pcp = pool_at(&m->pagesets, z->pageset + cpu);

		show_field(out, "    cpu: ", cpu);
		show_field(out, "              count: ", pcp->count);
		show_field(out, "              high:  ", pcp->high);
		show_field(out, "              batch: ", pcp->batch);
		show_field(out, "  vm stats threshold: ", threshold);
	}
}

static void show_zone(const struct machine *m, const struct zone *z, bool first, struct text *out)
{
	u32 i;

	proc_show_zone_name(z, out);
	text_char(out, '\n');
	if (first)
		show_node_stats(&m->node[z->nid], out);
	show_sizes(m, z, out);
	if (!zone_populated(z))
		return;

	for (i = 0; i < NR_VM_ZONE_STAT_ITEMS; i++)
		show_stat(out, zone_stat_names[i], zone_stat(z, (enum zone_stat_item)i));
	for (i = 0; i < NR_VM_NUMA_STAT_ITEMS; i++)
		show_stat(out, numa_stat_names[i], (u64)z->vm_numa_stat[i]);
	if (z->pageset)
		show_pagesets(m, z, out);
	show_field(out, "  node_unreclaimable:  ",
		   m->node[z->nid].kswapd_failures >= MAX_RECLAIM_RETRIES);
	show_field(out, "  start_pfn:           ", z->start_pfn);
}

int proc_zoneinfo_show(const struct request *rq, struct text *out)
{
	const struct machine *m = rq->m;
	u32 nid, type;

	for (nid = 0; nid < m->nr_nodes; nid++) {
		bool first = true;

		if (!m->node[nid].online)
			continue;
		for (type = 0; type < MAX_NR_ZONES; type++) {
			const struct zone *z = &m->node[nid].zones[type];

			if (!(m->zone_mask & 1u << type))
				continue;
			show_zone(m, z, first && zone_populated(z), out);
			first &= !zone_populated(z);
		}
	}
	return 0;
}
