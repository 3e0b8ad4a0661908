/*
 * memory.stat and memory.numa_stat of the root group: every page of the machine is in it, but
 * kernel memory is charged to other groups only.
 */
#include "fs/sys/cgroup.h"

enum unit { PAGES, COUNT, NOT_CHARGED };

static const struct stat_row {
	const char *name;
	u16 item;
	u8 unit;
	bool per_node;
} rows[] = {
	{ "anon", NR_ANON_PAGES, PAGES, true },
	{ "file", NR_FILE_PAGES, PAGES, true },
	{ "kernel", 0, NOT_CHARGED, false },
	{ "kernel_stack", 0, NOT_CHARGED, true },
	{ "pagetables", 0, NOT_CHARGED, true },
	{ "sec_pagetables", 0, NOT_CHARGED, true },
	{ "percpu", 0, NOT_CHARGED, false },
	{ "sock", 0, NOT_CHARGED, false },
	{ "vmalloc", 0, NOT_CHARGED, false },
	{ "shmem", NR_SHMEM, PAGES, true },
	{ "zswap", 0, NOT_CHARGED, false },
	{ "zswapped", 0, NOT_CHARGED, false },
	{ "file_mapped", NR_MAPPED, PAGES, true },
	{ "file_dirty", NR_DIRTY, PAGES, true },
	{ "file_writeback", NR_WRITEBACK, PAGES, true },
	{ "swapcached", NR_SWAPCACHED, PAGES, true },
	{ "anon_thp", NR_ANON_TRANSPARENT_HUGEPAGES, PAGES, true },
	{ "file_thp", NR_FILE_HUGEPAGES, PAGES, true },
	{ "shmem_thp", NR_SHMEM_HUGEPAGES, PAGES, true },
	{ "inactive_anon", NR_INACTIVE_ANON, PAGES, true },
	{ "active_anon", NR_ACTIVE_ANON, PAGES, true },
	{ "inactive_file", NR_INACTIVE_FILE, PAGES, true },
	{ "active_file", NR_ACTIVE_FILE, PAGES, true },
	{ "unevictable", NR_UNEVICTABLE, PAGES, true },
	{ "slab_reclaimable", 0, NOT_CHARGED, true },
	{ "slab_unreclaimable", 0, NOT_CHARGED, true },
	{ "slab", 0, NOT_CHARGED, false },
	{ "workingset_refault_anon", WORKINGSET_REFAULT_ANON, COUNT, true },
	{ "workingset_refault_file", WORKINGSET_REFAULT_FILE, COUNT, true },
	{ "workingset_activate_anon", WORKINGSET_ACTIVATE_ANON, COUNT, true },
	{ "workingset_activate_file", WORKINGSET_ACTIVATE_FILE, COUNT, true },
	{ "workingset_restore_anon", WORKINGSET_RESTORE_ANON, COUNT, true },
	{ "workingset_restore_file", WORKINGSET_RESTORE_FILE, COUNT, true },
	{ "workingset_nodereclaim", WORKINGSET_NODERECLAIM, COUNT, true },
};

static u64 row_value(const struct stat_row *row, const s64 *stat)
{
	u64 value = stat[row->item] > 0 ? (u64)stat[row->item] : 0;

	return row->unit == NOT_CHARGED ? 0 : row->unit == PAGES ? value * PAGE_SIZE : value;
}

static void show_events(const struct machine *m, struct text *out)
{
	static const struct {
		const char *name;
		u16 first, second; /* the same twice: only one */
	} events[] = {
		{ "pgscan", PGSCAN_KSWAPD, PGSCAN_DIRECT },
		{ "pgsteal", PGSTEAL_KSWAPD, PGSTEAL_DIRECT },
		{ "pgscan_kswapd", PGSCAN_KSWAPD, PGSCAN_KSWAPD },
		{ "pgscan_direct", PGSCAN_DIRECT, PGSCAN_DIRECT },
		{ "pgsteal_kswapd", PGSTEAL_KSWAPD, PGSTEAL_KSWAPD },
		{ "pgsteal_direct", PGSTEAL_DIRECT, PGSTEAL_DIRECT },
		{ "pgfault", PGFAULT, PGFAULT },
		{ "pgmajfault", PGMAJFAULT, PGMAJFAULT },
		{ "pgrefill", PGREFILL, PGREFILL },
		{ "pgactivate", PGACTIVATE, PGACTIVATE },
		{ "pgdeactivate", PGDEACTIVATE, PGDEACTIVATE },
		{ "pglazyfree", PGLAZYFREE, PGLAZYFREE },
		{ "pglazyfreed", PGLAZYFREED, PGLAZYFREED },
		{ "zswpin", ZSWPIN, ZSWPIN },
		{ "zswpout", ZSWPOUT, ZSWPOUT },
		{ "thp_fault_alloc", THP_FAULT_ALLOC, THP_FAULT_ALLOC },
		{ "thp_collapse_alloc", THP_COLLAPSE_ALLOC, THP_COLLAPSE_ALLOC },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(events); i++) {
		u64 value = m->vm_event[events[i].first];

		if (events[i].second != events[i].first)
			value += m->vm_event[events[i].second];
		text_count(out, events[i].name, value);
	}
}

int cgroup_memory_stat_show(const struct request *rq, struct text *out)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		text_count(out, rows[i].name, row_value(&rows[i], rq->m->vm_node_stat));
	show_events(rq->m, out);
	return 0;
}

int cgroup_numa_stat_show(const struct request *rq, struct text *out)
{
	const struct machine *m = rq->m;
	u32 i, nid;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!rows[i].per_node)
			continue;
		text_str(out, rows[i].name);
		for (nid = 0; nid < m->nr_nodes; nid++) {
			if (!node_has_memory(m, nid))
				continue;
			text_str(out, " N");
			text_u64(out, nid);
			text_char(out, '=');
			text_u64(out, row_value(&rows[i], m->node[nid].vm_stat));
		}
		text_char(out, '\n');
	}
	return 0;
}
