/*
 * show_mem.c - the state of memory in the kernel log, as 6.1 prints it when an allocation has
 * failed or a process is to be killed: sums, nodes, zones, free lists, swap, sizes.
 *
 * A line break inside a record is the kernel's own: the first eight lines are one record.
 */
#include "mm/show_mem.h"

#include <stdio.h>
#include <string.h>

#define KB(pages)	((unsigned long long)(pages) << (PAGE_SHIFT - 10))
#define KSWAPD_GIVES_UP 16u /* failures in a row after which a node counts as unreclaimable */

static unsigned long long node_sum(const struct machine *m, enum node_stat_item item)
{
	return global_node_page_state(m, item);
}

static u64 zone_pcp_pages(const struct machine *m, const struct zone *z)
{
	u64 pages = 0;
	u32 cpu;

	for (cpu = 0; z->pageset && cpu < m->nr_cpus; cpu++)
		pages += ((struct per_cpu_pages *)pool_at(&m->pagesets, z->pageset + cpu))->count;
	return pages;
}

/* What a report is about: the nodes and zones that the request could have used. */
struct filter {
	u64 nodes;
	enum zone_type highest;
};

static bool zone_shown(const struct filter *f, const struct zone *z)
{
	return zone_populated(z) && z->type <= (u32)f->highest && f->nodes >> z->nid & 1;
}

static bool node_shown(const struct machine *m, const struct filter *f, u32 nid)
{
	u32 zone;

	for (zone = 0; zone <= (u32)f->highest && f->nodes >> nid & 1; zone++)
		if (m->node[nid].zones[zone].managed_pages)
			return true;
	return false;
}

static void show_sums(struct machine *m, const struct filter *f)
{
	unsigned long long pcp = 0;
	u32 nid, zone;

	for (nid = 0; nid < m->nr_nodes; nid++)
		for (zone = 0; zone < MAX_NR_ZONES; zone++)
			if (zone_shown(f, &m->node[nid].zones[zone]))
				pcp += zone_pcp_pages(m, &m->node[nid].zones[zone]);
	printk(m, 4,
	       "active_anon:%llu inactive_anon:%llu isolated_anon:%llu\n"
	       " active_file:%llu inactive_file:%llu isolated_file:%llu\n"
	       " unevictable:%llu dirty:%llu writeback:%llu\n"
	       " slab_reclaimable:%llu slab_unreclaimable:%llu\n"
	       " mapped:%llu shmem:%llu pagetables:%llu\n"
	       " sec_pagetables:%llu bounce:%llu\n"
	       " kernel_misc_reclaimable:%llu\n"
	       " free:%llu free_pcp:%llu free_cma:%llu",
	       node_sum(m, NR_ACTIVE_ANON), node_sum(m, NR_INACTIVE_ANON),
	       node_sum(m, NR_ISOLATED_ANON), node_sum(m, NR_ACTIVE_FILE),
	       node_sum(m, NR_INACTIVE_FILE), node_sum(m, NR_ISOLATED_FILE),
	       node_sum(m, NR_UNEVICTABLE), node_sum(m, NR_DIRTY), node_sum(m, NR_WRITEBACK),
	       node_sum(m, NR_SLAB_RECLAIMABLE), node_sum(m, NR_SLAB_UNRECLAIMABLE),
	       node_sum(m, NR_MAPPED), node_sum(m, NR_SHMEM), node_sum(m, NR_PAGE_TABLE_PAGES),
	       node_sum(m, NR_SEC_PAGE_TABLE_PAGES),
	       (unsigned long long)global_zone_page_state(m, NR_BOUNCE),
	       node_sum(m, NR_KERNEL_MISC_RECLAIMABLE),
	       (unsigned long long)global_zone_page_state(m, NR_FREE_PAGES), pcp,
	       (unsigned long long)global_zone_page_state(m, NR_FREE_CMA));
}

static unsigned long long node_kb(const struct pglist_data *n, enum node_stat_item item)
{
	return n->vm_stat[item] > 0 ? KB(n->vm_stat[item]) : 0;
}

static void show_node(struct machine *m, const struct pglist_data *n)
{
	printk(m, 4,
	       "Node %u active_anon:%llukB inactive_anon:%llukB active_file:%llukB "
	       "inactive_file:%llukB unevictable:%llukB isolated(anon):%llukB "
	       "isolated(file):%llukB mapped:%llukB dirty:%llukB writeback:%llukB shmem:%llukB "
	       "shmem_thp: %llukB shmem_pmdmapped: %llukB anon_thp: %llukB writeback_tmp:%llukB "
	       "kernel_stack:%llukB pagetables:%llukB sec_pagetables:%llukB all_unreclaimable? %s",
	       n->nid, node_kb(n, NR_ACTIVE_ANON), node_kb(n, NR_INACTIVE_ANON),
	       node_kb(n, NR_ACTIVE_FILE), node_kb(n, NR_INACTIVE_FILE), node_kb(n, NR_UNEVICTABLE),
	       node_kb(n, NR_ISOLATED_ANON), node_kb(n, NR_ISOLATED_FILE), node_kb(n, NR_MAPPED),
	       node_kb(n, NR_DIRTY), node_kb(n, NR_WRITEBACK), node_kb(n, NR_SHMEM),
	       node_kb(n, NR_SHMEM_HUGEPAGES), node_kb(n, NR_SHMEM_PMDMAPPED),
	       node_kb(n, NR_ANON_TRANSPARENT_HUGEPAGES), node_kb(n, NR_WRITEBACK_TEMP),
	       (unsigned long long)n->vm_stat[NR_KERNEL_STACK], node_kb(n, NR_PAGE_TABLE_PAGES),
	       node_kb(n, NR_SEC_PAGE_TABLE_PAGES),
	       n->kswapd_failures >= KSWAPD_GIVES_UP ? "yes" : "no");
}

static unsigned long long zone_kb(const struct zone *z, enum zone_stat_item item)
{
	return z->vm_stat[item] > 0 ? KB(z->vm_stat[item]) : 0;
}

static unsigned long long mark_kb(const struct zone *z, enum zone_watermarks w)
{
	return KB(z->watermark[w] + z->watermark_boost);
}

static void show_zone(struct machine *m, const struct zone *z)
{
	const struct per_cpu_pages *local = pool_at(&m->pagesets, z->pageset + m->cpu);
	char reserves[160];
	size_t used = 0;
	u32 i;

	printk(m, 4,
	       "Node %u %s free:%llukB boost:%llukB min:%llukB low:%llukB high:%llukB "
	       "reserved_highatomic:%lluKB active_anon:%llukB inactive_anon:%llukB "
	       "active_file:%llukB inactive_file:%llukB unevictable:%llukB writepending:%llukB "
	       "present:%llukB managed:%llukB mlocked:%llukB bounce:%llukB free_pcp:%llukB "
	       "local_pcp:%llukB free_cma:%llukB",
	       z->nid, zone_name((enum zone_type)z->type), zone_kb(z, NR_FREE_PAGES),
	       KB(z->watermark_boost), mark_kb(z, WMARK_MIN), mark_kb(z, WMARK_LOW),
	       mark_kb(z, WMARK_HIGH), KB(z->nr_reserved_highatomic),
	       zone_kb(z, NR_ZONE_ACTIVE_ANON), zone_kb(z, NR_ZONE_INACTIVE_ANON),
	       zone_kb(z, NR_ZONE_ACTIVE_FILE), zone_kb(z, NR_ZONE_INACTIVE_FILE),
	       zone_kb(z, NR_ZONE_UNEVICTABLE), zone_kb(z, NR_ZONE_WRITE_PENDING),
	       KB(z->present_pages), KB(z->managed_pages), zone_kb(z, NR_MLOCK),
	       zone_kb(z, NR_BOUNCE), KB(zone_pcp_pages(m, z)), z->pageset ? KB(local->count) : 0,
	       zone_kb(z, NR_FREE_CMA));
	for (i = 0; i < MAX_NR_ZONES; i++)
		if (m->zone_mask >> i & 1)
			used += (size_t)snprintf(reserves + used, sizeof(reserves) - used, " %llu",
						 (unsigned long long)z->lowmem_reserve[i]);
	printk(m, 4, "lowmem_reserve[]:%s", reserves);
}

/* " 7*64kB (UM)": blocks of one order, and of which types there are some. */
static size_t show_order(const struct free_area *area, u32 order, char *to, size_t size)
{
	static const char letters[MIGRATE_TYPES] = "UMEHI";
	char types[MIGRATE_TYPES + 1];
	u32 type, n = 0;

	for (type = 0; type < MIGRATE_TYPES; type++)
		if (area->nr_free_type[type])
			types[n++] = letters[type];
	types[n] = '\0';
	if (!area->nr_free)
		return (size_t)snprintf(to, size, "0*%llukB ", KB(1) << order);
	return (size_t)snprintf(to, size, "%llu*%llukB (%s) ", (unsigned long long)area->nr_free,
				KB(1) << order, types);
}

static void show_free_lists(struct machine *m, const struct zone *z)
{
	char lists[LOG_LINE_MAX];
	size_t used = 0;
	u64 pages = 0;
	u32 order;

	for (order = 0; order < MAX_ORDER; order++) {
		used += show_order(&z->free_area[order], order, lists + used, sizeof(lists) - used);
		pages += z->free_area[order].nr_free << order;
	}
	printk(m, 4, "Node %u %s: %s= %llukB", z->nid, zone_name((enum zone_type)z->type), lists,
	       KB(pages));
}

static void each_zone(struct machine *m, const struct filter *f,
		      void (*show)(struct machine *m, const struct zone *z))
{
	u32 nid, zone;

	for (nid = 0; nid < m->nr_nodes; nid++)
		for (zone = 0; zone < MAX_NR_ZONES; zone++)
			if (zone_shown(f, &m->node[nid].zones[zone]))
				show(m, &m->node[nid].zones[zone]);
}

static void show_huge_pages(struct machine *m, const struct filter *f)
{
	u32 nid, i;

	for (nid = 0; nid < m->nr_nodes; nid++)
		for (i = 0; node_shown(m, f, nid) && i < m->boot.nr_hstates; i++) {
			const struct hstate *h = &m->boot.hstate[i];

			printk(m, 4,
			       "Node %u hugepages_total=%llu hugepages_free=%llu "
			       "hugepages_surp=%llu hugepages_size=%llukB",
			       nid, (unsigned long long)h->nr_node[nid],
			       (unsigned long long)h->free_node[nid],
			       (unsigned long long)h->surplus_node[nid],
			       (unsigned long long)h->page_size >> 10);
		}
}

static void show_sizes(struct machine *m)
{
	unsigned long long present = 0, high = 0;
	u32 nid, zone;

	for (nid = 0; nid < m->nr_nodes; nid++)
		for (zone = 0; zone < MAX_NR_ZONES; zone++) {
			present += m->node[nid].zones[zone].present_pages;
			if (zone == ZONE_HIGHMEM || zone == ZONE_MOVABLE)
				high += m->node[nid].zones[zone].managed_pages;
		}
	printk(m, 4, "%llu total pagecache pages", node_sum(m, NR_FILE_PAGES));
	printk(m, 4, "%llu pages in swap cache", node_sum(m, NR_SWAPCACHED));
	printk(m, 4, "Free swap  = %llukB", KB(free_swap_pages(m)));
	printk(m, 4, "Total swap = %llukB", KB(total_swap_pages(m)));
	printk(m, 4, "%llu pages RAM", present);
	printk(m, 4, "%llu pages HighMem/MovableOnly", high);
	printk(m, 4, "%llu pages reserved", present - m->totalram_pages);
	printk(m, 4, "%llu pages hwpoisoned", (unsigned long long)m->num_poisoned_pages);
}

void show_mem(struct machine *m, u64 nodes, enum zone_type highest)
{
	struct filter f = { nodes, highest };
	u32 nid;

	printk(m, 4, "Mem-Info:");
	show_sums(m, &f);
	for (nid = 0; nid < m->nr_nodes; nid++)
		if (node_shown(m, &f, nid))
			show_node(m, &m->node[nid]);
	each_zone(m, &f, show_zone);
	each_zone(m, &f, show_free_lists);
	show_huge_pages(m, &f);
	show_sizes(m);
}

/* ---- other parts of reports ---- */

const char *nodes_text(const struct machine *m, u64 mask, char text[NODES_TEXT_MAX])
{
	size_t used = 0;
	u32 nid, last;

	snprintf(text, NODES_TEXT_MAX, "(null)");
	for (nid = 0; nid < m->nr_nodes; nid++)
		if (!m->node[nid].has_memory)
			mask &= ~(1ull << nid);
	for (nid = 0; nid < m->nr_nodes && used < NODES_TEXT_MAX - 8; nid = last + 1) {
		for (last = nid; last < m->nr_nodes && mask >> last & 1; last++)
			;
		if (last == nid)
			continue;
		used += (size_t)snprintf(text + used, NODES_TEXT_MAX - used,
					 last - 1 > nid ? "%s%u-%u" : "%s%u", used ? "," : "", nid,
					 last - 1);
	}
	return text;
}

void dump_stack(struct machine *m, handle_t task)
{
	const struct task *t = task ? task_at(m, task) : NULL;

	printk(m, 4, "CPU: %u PID: %u Comm: %s Not tainted 6.1.0-56-amd64 #1  Debian 6.1.192-2",
	       m->cpu, t ? t->pid : 0, t ? t->comm : "swapper/0");
	printk(m, 4,
	       "Hardware name: QEMU Standard PC (i440FX + PIIX, 1996), BIOS 1.16.2-debian-1.16.2-1 "
	       "04/01/2014");
}

bool should_dump_unreclaim_slab(const struct machine *m)
{
	u64 lru = global_node_page_state(m, NR_ISOLATED_ANON) +
		  global_node_page_state(m, NR_ISOLATED_FILE);
	u32 i;

	for (i = NR_INACTIVE_ANON; i <= NR_UNEVICTABLE; i++)
		lru += global_node_page_state(m, (enum node_stat_item)i);
	return global_node_page_state(m, NR_SLAB_UNRECLAIMABLE) > lru;
}

void dump_unreclaimable_slab(struct machine *m)
{
	handle_t h;

	printk(m, 6, "Unreclaimable slab info:");
	printk(m, 6, "Name                      Used          Total");
	for (h = m->slab.caches.nr_slots; h-- > 1;) {
		const struct kmem_cache *c = kmem_cache_at(m, h);

		if (!c->name[0] || c->flags & KC_RECLAIM || !c->nr_objects)
			continue;
		printk(m, 6, "%-17s %10lluKB %10lluKB", c->name,
		       (unsigned long long)kmem_cache_slabinfo_active(c) * c->size / 1024,
		       (unsigned long long)c->nr_objects * c->size / 1024);
	}
}
