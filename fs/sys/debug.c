/*
 * /sys/kernel/debug: what the memory subsystem shows there.
 * lru_gen has a file of its own, debug_lru_gen.c.
 * Source: Documentation/admin-guide/mm/{zswap,transhuge}.rst, admin-guide/sysctl/vm.rst
 * (extfrag_threshold).
 */
#include "fs/sys/debug.h"

#include "fs/sys/block.h"

#include <errno.h>
#include <mman/writeback.h>
#include <string.h>

/* ---- extfrag: how fragmented is free memory, seen from each order? ---- */

static int show_zones(const struct request *rq, struct text *out, bool extfrag)
{
	struct machine *m = rq->m;
	u32 nid, type, order;

	for (nid = 0; nid < m->nr_nodes; nid++) {
		for (type = 0; type < MAX_NR_ZONES; type++) {
			const struct zone *z = &m->node[nid].zones[type];

			if (!zone_populated(z))
				continue;
			text_printf(out, "Node %u, zone %8s ", nid,
				    zone_name((enum zone_type)type));
			for (order = 0; order < MAX_ORDER; order++) {
				s32 i = extfrag ? fragmentation_index(z, order) :
						  unusable_free_index(z, order);

				text_printf(out, extfrag ? "%2d.%03d " : "%d.%03d ", i / 1000,
					    i % 1000);
			}
			text_char(out, '\n');
		}
	}
	return 0;
}

static int extfrag_index_show(const struct request *rq, struct text *out)
{
	return show_zones(rq, out, true);
}

static int unusable_index_show(const struct request *rq, struct text *out)
{
	return show_zones(rq, out, false);
}

#define DEBUGFS_RO(file, fn)                           \
	{                                              \
		.name = file, .mode = 0444, .show = fn \
	}

static const struct attribute extfrag_attrs[] = {
	DEBUGFS_RO("extfrag_index", extfrag_index_show),
	DEBUGFS_RO("unusable_index", unusable_index_show),
};

/* ---- fault_around_bytes, split_huge_pages ---- */

/* A power of two from one page to what one page table maps. */
static int fault_around_bytes_changed(const struct request *rq, u64 old)
{
	u64 *bytes = &rq->m->knobs.fault_around_bytes;

	(void)old;
	if (*bytes / PAGE_SIZE > PAGEBLOCK_NR_PAGES)
		return -EINVAL;
	if (*bytes > PAGE_SIZE)
		*bytes = 1ull << (63 - __builtin_clzll(*bytes));
	else
		*bytes = PAGE_SIZE;
	return 0;
}

/* "PID,0xSTART,0xEND[,ORDER]", "/PATH,0xSTART,0xEND", or 1 for all. There are no huge pages yet. */
static ssize_t split_huge_pages_store(const struct request *rq, const char *data, size_t size,
				      u64 offset)
{
	const char *p = data;
	size_t left = size;
	u64 pid, start, end;

	(void)offset;
	if (!parse_scan_u64(&p, &left, 10, &pid))
		return -EINVAL;
	if (!left || *p != ',')
		return pid == 1 ? (ssize_t)size : -EINVAL;
	p++;
	left--;
	if (!parse_scan_u64(&p, &left, 16, &start) || !left || *p != ',')
		return -EINVAL;
	p++;
	left--;
	if (!parse_scan_u64(&p, &left, 16, &end))
		return -EINVAL;
	return pid > UINT32_MAX || !find_task_by_pid(rq->m, (u32)pid) ? -ESRCH : (ssize_t)size;
}

/* ---- bdi/254:N/stats ---- */

static void stat_line(struct text *out, const char *name, u64 value, const char *unit)
{
	text_str_left(out, name, 20);
	text_u64_width(out, value, 10);
	text_str(out, unit);
}

#define INITIAL_BANDWIDTH_KBPS (100u << 10)

/* All of the page cache is the first disk's. */
static int bdi_stats_show(const struct request *rq, struct text *out)
{
	const struct machine *m = rq->m;
	bool first = disk_index(rq) == 0;
	u64 background, limit;

	global_dirty_limits(m, &background, &limit);
	stat_line(out, "BdiWriteback:", first ? global_node_page_state(m, NR_WRITEBACK) * 4 : 0,
		  " kB\n");
	stat_line(out, "BdiReclaimable:", first ? global_node_page_state(m, NR_DIRTY) * 4 : 0,
		  " kB\n");
	stat_line(out, "BdiDirtyThresh:", first ? wb_calc_thresh(m, limit) * 4 : 0, " kB\n");
	stat_line(out, "DirtyThresh:", limit * 4, " kB\n");
	stat_line(out, "BackgroundThresh:", background * 4, " kB\n");
	stat_line(out, "BdiDirtied:", first ? global_node_page_state(m, NR_DIRTIED) * 4 : 0,
		  " kB\n");
	stat_line(out, "BdiWritten:", first ? global_node_page_state(m, NR_WRITTEN) * 4 : 0,
		  " kB\n");
	stat_line(out,
		  "BdiWriteBandwidth:", first ? m->wb.write_bandwidth * 4 : INITIAL_BANDWIDTH_KBPS,
		  " kBps\n");
	stat_line(out, "b_dirty:", first ? m->wb.list[WB_DIRTY].nr : 0, "\n");
	stat_line(out, "b_io:", first ? m->wb.list[WB_IO].nr : 0, "\n");
	stat_line(out, "b_more_io:", first ? m->wb.list[WB_MORE_IO].nr : 0, "\n");
	stat_line(out, "b_dirty_time:", first ? m->wb.list[WB_DIRTY_TIME].nr : 0, "\n");
	stat_line(out, "bdi_list:", 1, "\n");
	stat_line(out, "state:", 1, "\n");
	return 0;
}

static const struct attribute bdi_attrs[] = { DEBUGFS_RO("stats", bdi_stats_show) };

static const struct directory bdi_one_directory = {
	.name = "debug/bdi/M:N",
	.mode = 0755,
	.attrs = bdi_attrs,
	.nr_attrs = ARRAY_SIZE(bdi_attrs),
	.exists = disk_exists,
	.object_name = disk_number,
};

static int bdi_lookup(const struct request *rq, const char *name, struct entry *out)
{
	return disk_lookup(rq, name, &bdi_one_directory, out);
}

static int bdi_iterate(const struct request *rq, u64 position, struct dir_emit *e)
{
	return disk_iterate(rq, position, &bdi_one_directory, e);
}

static const struct directory *const bdi_dynamic[] = { &bdi_one_directory, NULL };

static const struct directory bdi_directory = {
	.name = "debug/bdi",
	.mode = 0755,
	.dynamic = bdi_dynamic,
	.lookup = bdi_lookup,
	.iterate = bdi_iterate,
	.nlink = disk_nlink,
};

/* ---- numbers ---- */

static int tlb_ceiling_show(const struct request *rq, struct text *out)
{
	return show_u64(out, rq->m->knobs.misc.tlb_single_page_flush_ceiling);
}

static ssize_t tlb_ceiling_store(const struct request *rq, const char *data, size_t size,
				 u64 offset)
{
	s32 pages;

	(void)offset;
	if (parse_kstrtoint(data, min_t(size_t, size, 31), 0, &pages) || pages < 0)
		return -EINVAL;
	rq->m->knobs.misc.tlb_single_page_flush_ceiling = (u32)pages;
	return (ssize_t)size;
}

static int pat_memtype_list_show(const struct request *rq, struct text *out)
{
	(void)rq;
	text_str(out, "PAT memtype list:\n");
	return 0;
}

static const struct attribute x86_attrs[] = {
	DEBUGFS_NUMBER("nmi_longest_ns", 0644, knobs.misc.nmi_longest_ns, HOLDS,
		       "nanoseconds of an interrupt that are worth a warning"),
	{ .name = "pat_memtype_list", .mode = 0400, .show = pat_memtype_list_show },
	DEBUGFS_OTHER("tlb_single_page_flush_ceiling", 0600, tlb_ceiling_show, tlb_ceiling_store,
		      HOLDS, "pages above which the whole TLB is flushed instead"),
};

static const struct attribute numa_balancing_attrs[] = {
	DEBUGFS_NUMBER("hot_threshold_ms", 0644, knobs.misc.numa_hot_threshold_ms, HOLDS,
		       "a page used again within this time is hot"),
	DEBUGFS_NUMBER("scan_delay_ms", 0644, knobs.misc.numa_scan_delay_ms, ACTS,
		       "age of a process at its first scan"),
	DEBUGFS_NUMBER("scan_period_max_ms", 0644, knobs.misc.numa_scan_period_max_ms, ACTS,
		       "longest time between scans"),
	DEBUGFS_NUMBER("scan_period_min_ms", 0644, knobs.misc.numa_scan_period_min_ms, ACTS,
		       "shortest time between scans"),
	DEBUGFS_NUMBER("scan_size_mb", 0644, knobs.misc.numa_scan_size_mb, ACTS, "MiB of one scan"),
};

#define ZSWAP_COUNTER(field, text) DEBUGFS_NUMBER(#field, 0444, knobs.zswap.field, READ_ONLY, text)

static const struct attribute zswap_attrs[] = {
	ZSWAP_COUNTER(duplicate_entry, "slots stored again before they were freed"),
	ZSWAP_COUNTER(pool_limit_hit, "times the pool was full"),
	ZSWAP_COUNTER(pool_total_size, "bytes of the pool"),
	ZSWAP_COUNTER(reject_alloc_fail, "pages refused for want of memory"),
	ZSWAP_COUNTER(reject_compress_poor, "pages that do not compress"),
	ZSWAP_COUNTER(reject_kmemcache_fail, "entries that could not be made"),
	ZSWAP_COUNTER(reject_reclaim_fail, "pages refused because the pool stayed full"),
	ZSWAP_COUNTER(same_filled_pages, "pages kept as one value"),
	ZSWAP_COUNTER(stored_pages, "pages in the pool"),
	ZSWAP_COUNTER(written_back_pages, "pages that went on to the disk"),
};

static const struct attribute debug_attrs[] = {
	KNOB_ROW("fault_around_bytes", 0644, 0, 0, .parser = KNOB_DEBUGFS,
		 KNOB_AT(knobs.fault_around_bytes), .changed = fault_around_bytes_changed,
		 .effect = ACTS,
		 .help = "cached pages around a read fault that are mapped at once, bytes"),
	DEBUGFS_OTHER(
		"lru_gen", 0644, debug_lru_gen_show, debug_lru_gen_store, HOLDS,
		"+ MEMCG NODE SEQ makes a new generation, - MEMCG NODE SEQ evicts the oldest"),
	{ .name = "lru_gen_full", .mode = 0444, .show = debug_lru_gen_full_show },
	DEBUGFS_OTHER("split_huge_pages", 0200, NULL, split_huge_pages_store, HOLDS,
		      "1: split all huge pages; PID,0xSTART,0xEND: those of a process"),
};

/* ---- folders ---- */

#define FOLDER(ident, path, rows)               \
	static const struct directory ident = { \
		.name = path,                   \
		.mode = 0755,                   \
		.attrs = rows,                  \
		.nr_attrs = ARRAY_SIZE(rows),   \
	}

FOLDER(extfrag_directory, "debug/extfrag", extfrag_attrs);
FOLDER(x86_directory, "debug/x86", x86_attrs);
FOLDER(zswap_directory, "debug/zswap", zswap_attrs);
FOLDER(numa_balancing_directory, "debug/sched/numa_balancing", numa_balancing_attrs);

static const struct directory slab_directory = { .name = "debug/slab", .mode = 0755 };

static const struct subdirectory sched_subdirs[] = {
	{ .name = "numa_balancing", .dir = &numa_balancing_directory },
};

static const struct directory sched_directory = {
	.name = "debug/sched",
	.mode = 0755,
	.subdirs = sched_subdirs,
	.nr_subdirs = ARRAY_SIZE(sched_subdirs),
};

static const struct subdirectory debug_subdirs[] = {
	{ .name = "bdi", .dir = &bdi_directory },
	{ .name = "extfrag", .dir = &extfrag_directory },
	{ .name = "notifier-error-inject",
	  .dir = &debug_inject_directory,
	  .visible = debug_has_inject },
	{ .name = "sched", .dir = &sched_directory },
	{ .name = "slab", .dir = &slab_directory },
	{ .name = "x86", .dir = &x86_directory },
	{ .name = "zswap", .dir = &zswap_directory },
};

const struct directory sys_debug_directory = {
	.name = "debug",
	.mode = 0700,
	.attrs = debug_attrs,
	.nr_attrs = ARRAY_SIZE(debug_attrs),
	.subdirs = debug_subdirs,
	.nr_subdirs = ARRAY_SIZE(debug_subdirs),
};
