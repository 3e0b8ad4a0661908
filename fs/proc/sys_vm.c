/*
 * /proc/sys/vm: one row per knob. What a row's ->changed() does is above the table.
 * Source: Documentation/admin-guide/sysctl/vm.rst.
 */
#include "fs/proc/sys.h"

#include "fs/knob.h"

#include <errno.h>
#include <mman/hugetlb.h>
#include <string.h>

/* ---- what follows from a new value ---- */

static int min_free_kbytes_changed(const struct request *rq, u64 old)
{
	struct machine *m = rq->m;

	(void)old;
	m->sysctl.user_min_free_kbytes = m->sysctl.min_free_kbytes;
	setup_per_zone_wmarks(m);
	return 0;
}

static int watermark_scale_factor_changed(const struct request *rq, u64 old)
{
	(void)old;
	setup_per_zone_wmarks(rq->m);
	return 0;
}

/* 0 lets the kernel choose, less than 8 would leave too little to the other CPUs. */
#define MIN_PERCPU_PAGELIST_HIGH_FRACTION 8

static int percpu_pagelist_high_fraction_changed(const struct request *rq, u64 old)
{
	struct machine *m = rq->m;
	s32 fraction = m->sysctl.percpu_pagelist_high_fraction;
	u32 nid, type;

	if (fraction && fraction < MIN_PERCPU_PAGELIST_HIGH_FRACTION)
		return -EINVAL;
	if ((u64)(s64)fraction == old)
		return 0;
	for (nid = 0; nid < m->nr_nodes; nid++)
		for (type = 0; type < MAX_NR_ZONES; type++)
			if (zone_populated(&m->node[nid].zones[type]))
				zone_pcp_update(m, &m->node[nid].zones[type]);
	return 0;
}

/* Of a 32-bit machine 8 to 16, of a 64-bit one 28 to 32 (arch/x86/Kconfig, ARCH_MMAP_RND_BITS_MIN
 * and MAX). */
static int mmap_rnd_bits_changed(const struct request *rq, u64 old)
{
	bool narrow = rq->m->config.arch == ARCH_I386;
	s32 bits = rq->m->sysctl.mmap_rnd_bits;

	(void)old;
	return bits < (narrow ? 8 : 28) || bits > (narrow ? 16 : 32) ? -EINVAL : 0;
}

/* Programs of the other width run on a 64-bit machine only. */
static bool has_compat(const struct request *rq)
{
	return rq->m->config.arch != ARCH_I386;
}

static int overcommit_ratio_changed(const struct request *rq, u64 old)
{
	(void)old;
	rq->m->sysctl.overcommit_kbytes = 0;
	return 0;
}

static int overcommit_kbytes_changed(const struct request *rq, u64 old)
{
	(void)old;
	rq->m->sysctl.overcommit_ratio = 0;
	return 0;
}

/* A limit in bytes, rounded up to pages, must fit into 32 bits; the rounding may wrap. */
static bool dirty_bytes_fit(u64 bytes)
{
	return (bytes + PAGE_SIZE - 1) / PAGE_SIZE <= UINT32_MAX;
}

static int dirty_background_ratio_changed(const struct request *rq, u64 old)
{
	(void)old;
	rq->m->sysctl.dirty_background_bytes = 0;
	return 0;
}

static int dirty_background_bytes_changed(const struct request *rq, u64 old)
{
	struct sysctl *s = &rq->m->sysctl;

	(void)old;
	if (!dirty_bytes_fit(s->dirty_background_bytes))
		return -ERANGE;
	s->dirty_background_ratio = 0;
	return 0;
}

static int dirty_ratio_changed(const struct request *rq, u64 old)
{
	if ((u64)(s64)rq->m->sysctl.dirty_ratio != old)
		rq->m->sysctl.dirty_bytes = 0;
	return 0;
}

static int dirty_bytes_changed(const struct request *rq, u64 old)
{
	struct sysctl *s = &rq->m->sysctl;

	if (s->dirty_bytes == old)
		return 0;
	if (!dirty_bytes_fit(s->dirty_bytes))
		return -ERANGE;
	s->dirty_ratio = 0;
	return 0;
}

static int dirty_writeback_centisecs_changed(const struct request *rq, u64 old)
{
	dirty_writeback_interval_changed(rq->m, (s32)old);
	return 0;
}

static int dirtytime_expire_seconds_changed(const struct request *rq, u64 old)
{
	(void)old;
	dirtytime_interval_changed(rq->m);
	return 0;
}

static int numa_stat_changed(const struct request *rq, u64 old)
{
	struct machine *m = rq->m;
	u32 nid, type;

	if (m->sysctl.numa_stat || !old)
		return 0;
	for (nid = 0; nid < m->nr_nodes; nid++)
		for (type = 0; type < MAX_NR_ZONES; type++)
			memset(m->node[nid].zones[type].vm_numa_stat, 0,
			       sizeof(m->node[nid].zones[type].vm_numa_stat));
	memset(m->vm_numa_stat, 0, sizeof(m->vm_numa_stat));
	return 0;
}

enum { DROP_CACHES_PAGES = 1, DROP_CACHES_SLAB = 2, DROP_CACHES_QUIET = 4 };

/* The log names who asked; a visitor is no process of this machine, and init stands for it. */
static void log_drop_caches(struct machine *m, s32 what)
{
	handle_t task = m->current ? m->current : m->tasks.init;

	if (m->knobs.misc.drop_caches_quiet)
		return;
	if (task)
		printk(m, 6, "%s (%u): drop_caches: %d", task_at(m, task)->comm,
		       task_at(m, task)->pid, what);
	m->knobs.misc.drop_caches_quiet = what & DROP_CACHES_QUIET;
}

static int compact_memory(const struct request *rq, u64 old)
{
	(void)old;
	compact_nodes(rq->m);
	return 0;
}

static int compaction_proactiveness(const struct request *rq, u64 old)
{
	(void)old;
	compaction_proactiveness_changed(rq->m);
	return 0;
}

static int drop_caches(const struct request *rq, u64 old)
{
	struct machine *m = rq->m;
	s32 what = m->sysctl.drop_caches;

	(void)old;
	if (what & DROP_CACHES_PAGES)
		drop_pagecache(m);
	if (what & DROP_CACHES_SLAB) {
		drop_slab(m);
		count_vm_event(m, DROP_SLAB);
	}
	if (what)
		log_drop_caches(m, what);
	return 0;
}

/* ---- files with rules of their own ---- */

/* DMA .. Device as this architecture has them */
static bool zone_is_shown(const struct machine *m, u32 type)
{
	return m->zone_mask >> type & 1;
}

/* What cannot be parsed is no error here, only ignored; what was parsed before it counts. */
static ssize_t lowmem_reserve_ratio_store(const struct request *rq, const char *data, size_t size,
					  u64 offset)
{
	s32 *ratio = rq->m->sysctl.lowmem_reserve_ratio;
	s32 values[MAX_NR_ZONES];
	u32 type, count = 0, nr;
	ssize_t used;

	(void)offset;
	for (type = 0; type < MAX_NR_ZONES; type++)
		if (zone_is_shown(rq->m, type))
			values[count++] = ratio[type];
	used = sysctl_int(data, size, values, count, INT32_MIN, INT32_MAX, &nr);
	if (used < 0)
		used = (ssize_t)size;

	count = 0;
	for (type = 0; type < MAX_NR_ZONES; type++) {
		if (!zone_is_shown(rq->m, type))
			continue;
		ratio[type] = values[count] > 0 ? values[count] : 0;
		count++;
	}
	setup_per_zone_lowmem_reserve(rq->m);
	return used;
}

static int lowmem_reserve_ratio_show(const struct request *rq, struct text *out)
{
	const char *tab = "";
	u32 type;

	for (type = 0; type < MAX_NR_ZONES; type++) {
		if (!zone_is_shown(rq->m, type))
			continue;
		text_str(out, tab);
		text_s64(out, rq->m->sysctl.lowmem_reserve_ratio[type]);
		tab = "\t";
	}
	text_char(out, '\n');
	return 0;
}

/* Kept for old scripts: there is one order, and its first letter (of Node or Default) is enough. */
static ssize_t numa_zonelist_order_store(const struct request *rq, const char *data, size_t size,
					 u64 offset)
{
	(void)rq;
	(void)offset;
	if (!size || ((*data | 0x20) != 'n' && (*data | 0x20) != 'd'))
		return -EINVAL;
	return (ssize_t)size;
}

static int numa_zonelist_order_show(const struct request *rq, struct text *out)
{
	(void)rq;
	text_str(out, "Node\n");
	return 0;
}

/* ---- huge pages: the default size ---- */

static int nr_hugepages_show(const struct request *rq, struct text *out)
{
	const struct hstate *h = hugetlb_default(rq->m);

	return show_u64(out, h ? h->nr_huge_pages - h->surplus_huge_pages : 0);
}

static ssize_t nr_hugepages_store(const struct request *rq, const char *data, size_t size,
				  u64 offset)
{
	struct hstate *h = hugetlb_default(rq->m);
	ssize_t used;
	u64 count;
	int err;

	(void)offset;
	if (!h)
		return -EOPNOTSUPP;
	count = h->nr_huge_pages - h->surplus_huge_pages;
	used = sysctl_ulong(data, size, &count, 1, 0, UINT64_MAX, NULL);
	if (used <= 0)
		return used;
	err = hugetlb_set_pool(rq->m, h, count, NUMA_NO_NODE);
	return err ? err : used;
}

static int nr_overcommit_hugepages_show(const struct request *rq, struct text *out)
{
	const struct hstate *h = hugetlb_default(rq->m);

	return show_u64(out, h ? h->nr_overcommit_huge_pages : 0);
}

static ssize_t nr_overcommit_hugepages_store(const struct request *rq, const char *data,
					     size_t size, u64 offset)
{
	struct hstate *h = hugetlb_default(rq->m);

	(void)offset;
	if (!h)
		return -EOPNOTSUPP;
	if (size && hstate_is_gigantic(h))
		return -EINVAL;
	return sysctl_ulong(data, size, &h->nr_overcommit_huge_pages, 1, 0, UINT64_MAX, NULL);
}

/* ---- the table ---- */

static const struct attribute vm_attrs[] = {
	SYSCTL_ULONG("admin_reserve_kbytes", sysctl.admin_reserve_kbytes, 0, UINT64_MAX, NULL, ACTS,
		     "kB that only root may still map when overcommit is refused"),
	KNOB_ROW("compact_memory", 0200, ATTR_SYSCTL | ATTR_LONG, 0, .parser = KNOB_ACTION,
		 .changed = compact_memory, .effect = ACTS,
		 .help = "compact the free memory of all nodes; any write"),
	SYSCTL_INT("compact_unevictable_allowed", sysctl.compact_unevictable_allowed, 0, 1, NULL,
		   ACTS, "may compaction move mlocked pages?"),
	SYSCTL_INT("compaction_proactiveness", sysctl.compaction_proactiveness, 0, 100,
		   compaction_proactiveness, ACTS, "how eagerly kcompactd works in the background"),
	SYSCTL_ULONG("dirty_background_bytes", sysctl.dirty_background_bytes, 1, UINT64_MAX,
		     dirty_background_bytes_changed, ACTS,
		     "dirty bytes at which the flusher starts; zeroes dirty_background_ratio"),
	SYSCTL_INT("dirty_background_ratio", sysctl.dirty_background_ratio, 0, 100,
		   dirty_background_ratio_changed, ACTS,
		   "the same in percent of available memory; zeroes dirty_background_bytes"),
	SYSCTL_ULONG("dirty_bytes", sysctl.dirty_bytes, 2 * PAGE_SIZE, UINT64_MAX,
		     dirty_bytes_changed, ACTS,
		     "dirty bytes at which a writer has to wait; zeroes dirty_ratio"),
	SYSCTL_INT("dirty_expire_centisecs", sysctl.dirty_expire_centisecs, 0, INT32_MAX, NULL,
		   ACTS, "age at which a dirty page is due, hundredths of a second"),
	SYSCTL_INT("dirty_ratio", sysctl.dirty_ratio, 0, 100, dirty_ratio_changed, ACTS,
		   "percent of available memory at which a writer has to wait; zeroes dirty_bytes"),
	SYSCTL_INT("dirty_writeback_centisecs", sysctl.dirty_writeback_centisecs, INT32_MIN,
		   INT32_MAX, dirty_writeback_centisecs_changed, ACTS,
		   "how often the flusher wakes up, hundredths of a second; 0: it does not"),
	SYSCTL_INT("dirtytime_expire_seconds", sysctl.dirtytime_expire_seconds, 0, INT32_MAX,
		   dirtytime_expire_seconds_changed, ACTS,
		   "age at which an inode with nothing but new times is written"),
	KNOB_ROW(
		"drop_caches", 0200, ATTR_SYSCTL | ATTR_LONG | ATTR_BRIEF, 0, .parser = KNOB_INT,
		KNOB_AT(sysctl.drop_caches), .count = 1, .min = 1, .max = 4, .changed = drop_caches,
		.effect = ACTS,
		.help = "1: free clean page cache, 2: free slab objects, 3: both, 4: be quiet about it"),
	SYSCTL_INT("extfrag_threshold", sysctl.extfrag_threshold, 0, 1000, NULL, ACTS,
		   "fragmentation index above which memory is compacted rather than reclaimed"),
	KNOB_ROW("hugetlb_optimize_vmemmap", 0644, ATTR_SYSCTL, 0, .parser = KNOB_DOBOOL,
		 KNOB_AT(sysctl.hugetlb_optimize_vmemmap), .effect = HOLDS,
		 .help = "give back most of the struct pages of huge pages"),
	SYSCTL_INT("hugetlb_shm_group", sysctl.hugetlb_shm_group, INT32_MIN, INT32_MAX, NULL, HOLDS,
		   "group that may make shared memory of huge pages"),
	SYSCTL_JIFFIES(
		"laptop_mode", sysctl.laptop_mode, NULL, ACTS,
		"seconds to wait after the disk was used before everything dirty is written"),
	SYSCTL_INT("legacy_va_layout", sysctl.legacy_va_layout, 0, INT32_MAX, NULL, ACTS,
		   "not 0: new processes map from the bottom up"),
	SYSCTL_OTHER(
		"lowmem_reserve_ratio", 0644, ATTR_SYSCTL, lowmem_reserve_ratio_show,
		lowmem_reserve_ratio_store, ACTS,
		"what each zone keeps from requests that could use a higher one: its share is 1/N"),
	SYSCTL_INT("max_map_count", sysctl.max_map_count, 0, INT32_MAX, NULL, ACTS,
		   "mappings that a process may have"),
	SYSCTL_INT("memory_failure_early_kill", sysctl.memory_failure_early_kill, 0, 1, NULL, ACTS,
		   "kill all who map a corrupt page at once"),
	SYSCTL_INT("memory_failure_recovery", sysctl.memory_failure_recovery, 0, 1, NULL, HOLDS,
		   "1: survive a memory failure if possible, 0: panic"),
	SYSCTL_INT("min_free_kbytes", sysctl.min_free_kbytes, 0, INT32_MAX, min_free_kbytes_changed,
		   ACTS, "kB kept free: the zones' min watermarks in sum"),
	SYSCTL_INT(
		"min_slab_ratio", sysctl.min_slab_ratio, 0, 100, NULL, ACTS,
		"percent of a zone that must be reclaimable slab before zone reclaim looks at it"),
	SYSCTL_INT("min_unmapped_ratio", sysctl.min_unmapped_ratio, 0, 100, NULL, ACTS,
		   "percent of a zone that must be unmapped page cache before zone reclaim starts"),
	SYSCTL_ULONG("mmap_min_addr", sysctl.mmap_min_addr, 0, UINT64_MAX, NULL, ACTS,
		     "lowest address that a process without privilege may map"),
	SYSCTL_INT_MODE(
		"mmap_rnd_bits", 0600, sysctl.mmap_rnd_bits, 8, 32, mmap_rnd_bits_changed, ACTS,
		"bits of randomness in the place of mappings; at least 28, on i386 at most 16"),
	{ .name = "mmap_rnd_compat_bits",
	  .mode = 0600,
	  .flags = ATTR_SYSCTL,
	  .show = knob_show,
	  .store = knob_store,
	  .visible = has_compat,
	  .data = &(const struct knob){ .parser = KNOB_INT,
					KNOB_AT(sysctl.mmap_rnd_compat_bits),
					.count = 1,
					.min = 8,
					.max = 16,
					.effect = HOLDS,
					.help = "the same for 32-bit programs" } },
	SYSCTL_OTHER("nr_hugepages", 0644, ATTR_SYSCTL | ATTR_LONG, nr_hugepages_show,
		     nr_hugepages_store, ACTS,
		     "persistent huge pages of the default size; grows as far as memory allows"),
	SYSCTL_OTHER("nr_hugepages_mempolicy", 0644, ATTR_SYSCTL | ATTR_LONG, nr_hugepages_show,
		     nr_hugepages_store, ACTS,
		     "the same, on the nodes of the writer's memory policy"),
	SYSCTL_OTHER("nr_overcommit_hugepages", 0644, ATTR_SYSCTL, nr_overcommit_hugepages_show,
		     nr_overcommit_hugepages_store, ACTS,
		     "huge pages that may be made beyond nr_hugepages while they are needed"),
	SYSCTL_INT("numa_stat", sysctl.numa_stat, 0, 1, numa_stat_changed, ACTS,
		   "0: zero the NUMA counters and stop counting"),
	SYSCTL_OTHER("numa_zonelist_order", 0644, 0, numa_zonelist_order_show,
		     numa_zonelist_order_store, HOLDS,
		     "order of fallback; Node is the only one left"),
	SYSCTL_INT("oom_dump_tasks", sysctl.oom_dump_tasks, INT32_MIN, INT32_MAX, NULL, ACTS,
		   "list all processes in the log when memory runs out"),
	SYSCTL_INT("oom_kill_allocating_task", sysctl.oom_kill_allocating_task, INT32_MIN,
		   INT32_MAX, NULL, ACTS, "kill who asked for the memory, not who has most of it"),
	SYSCTL_ULONG("overcommit_kbytes", sysctl.overcommit_kbytes, 0, UINT64_MAX,
		     overcommit_kbytes_changed, ACTS,
		     "mode 2: CommitLimit is swap and this; zeroes overcommit_ratio"),
	SYSCTL_INT("overcommit_memory", sysctl.overcommit_memory, 0, 2, NULL, ACTS,
		   "0: refuse what can never fit, 1: refuse nothing, 2: refuse beyond CommitLimit"),
	SYSCTL_INT(
		"overcommit_ratio", sysctl.overcommit_ratio, INT32_MIN, INT32_MAX,
		overcommit_ratio_changed, ACTS,
		"mode 2: CommitLimit is swap and this percentage of RAM; zeroes overcommit_kbytes"),
	SYSCTL_INT("page-cluster", sysctl.page_cluster, 0, INT32_MAX, NULL, ACTS,
		   "log2 of the pages read from swap at once"),
	SYSCTL_INT("page_lock_unfairness", sysctl.page_lock_unfairness, 0, INT32_MAX, NULL, HOLDS,
		   "how often a page lock may be taken from those who wait"),
	SYSCTL_INT("panic_on_oom", sysctl.panic_on_oom, 0, 2, NULL, ACTS,
		   "1: panic when memory runs out, 2: also where only a policy or cgroup is full"),
	SYSCTL_INT(
		"percpu_pagelist_high_fraction", sysctl.percpu_pagelist_high_fraction, 0, INT32_MAX,
		percpu_pagelist_high_fraction_changed, ACTS,
		"0 or from 8: 1/N of each zone may lie in per-CPU lists; 0: as much as the low watermark"),
	SYSCTL_JIFFIES("stat_interval", sysctl.stat_interval, NULL, HOLDS,
		       "seconds between folds of per-CPU counters (they are exact here)"),
	SYSCTL_ACTION("stat_refresh", 0600, NULL, HOLDS,
		      "fold the per-CPU counters now (they are exact here); any write"),
	SYSCTL_INT("swappiness", sysctl.swappiness, 0, 200, NULL, HOLDS,
		   "cost of swapping against that of reading files again; 100: equal"),
	SYSCTL_INT("unprivileged_userfaultfd", sysctl.unprivileged_userfaultfd, 0, 1, NULL, HOLDS,
		   "may everybody handle the kernel's own faults?"),
	SYSCTL_ULONG("user_reserve_kbytes", sysctl.user_reserve_kbytes, 0, UINT64_MAX, NULL, ACTS,
		     "mode 2: kB that one process leaves to the user's others"),
	SYSCTL_INT("vfs_cache_pressure", sysctl.vfs_cache_pressure, 0, INT32_MAX, NULL, ACTS,
		   "how readily dentries and inodes are reclaimed; 100: as page cache is"),
	SYSCTL_INT("watermark_boost_factor", sysctl.watermark_boost_factor, 0, INT32_MAX, NULL,
		   ACTS, "how far a watermark may rise after fragmentation, 1/10000 of high"),
	SYSCTL_INT("watermark_scale_factor", sysctl.watermark_scale_factor, 1, 3000,
		   watermark_scale_factor_changed, ACTS,
		   "distance between watermarks, 1/10000 of the zone"),
	SYSCTL_INT("zone_reclaim_mode", sysctl.zone_reclaim_mode, 0, INT32_MAX, NULL, ACTS,
		   "bits: 1 reclaim before going to another node, 2 write pages out, 4 swap"),
};

const struct directory proc_sys_vm_directory = {
	.name = "proc/sys/vm",
	.mode = 0555,
	.nlink = sysctl_nlink,
	.attrs = vm_attrs,
	.nr_attrs = ARRAY_SIZE(vm_attrs),
};
