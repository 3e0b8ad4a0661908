/*
 * knobs.h - the values behind sysfs, debugfs, module parameters and those sysctls that are not in
 * struct sysctl (sysctl.h).
 *
 * Some act (scan periods of NUMA balancing, limits of backing devices, the ceiling of TLB flushes,
 * the policy of auto-onlining), most are only kept: the tree's tables (fs/sys/, fs/proc/sys*) say
 * range, parser and help of each field, and docs/knobs.md which ones act.
 * Source: Documentation/admin-guide/mm/, Documentation/ABI/testing/sysfs-*, sysctl/{kernel,fs}.rst.
 */
#ifndef MMAN_KNOBS_H
#define MMAN_KNOBS_H

#include <mman/mmzone.h>

/* /sys/kernel/mm/transparent_hugepage; "enabled" is sysctl.thp_enabled */
struct thp_knobs {
	u32 defrag;	   /* always, defer, defer+madvise, madvise, never */
	u32 shmem_enabled; /* always, within_size, advise, never, deny, force */
	bool use_zero_page;
	struct {
		bool defrag;
		u32 alloc_sleep_millisecs, scan_sleep_millisecs, pages_to_scan;
		u32 max_ptes_none, max_ptes_swap, max_ptes_shared;
		u32 full_scans, pages_collapsed;
	} khugepaged;
};

/* /sys/kernel/mm/ksm */
struct ksm_knobs {
	u32 run; /* 0 stop, 1 run, 2 unmerge */
	u32 pages_to_scan, sleep_millisecs;
	u32 merge_across_nodes;
	bool use_zero_pages;
	s32 max_page_sharing;
	u32 stable_node_chains_prune_millisecs;
	u64 pages_shared, pages_sharing, pages_unshared, pages_volatile;
	u64 stable_node_chains, stable_node_dups, full_scans;
};

#define LRU_GEN_MIN_NR 2u
#define LRU_GEN_MAX_NR 4u

/* /sys/kernel/mm/lru_gen and debug/lru_gen */
struct lru_gen_knobs {
	u32 enabled; /* bits 0..2 */
	u64 min_ttl_ms;
	struct { /* generations of a node: min_seq .. max_seq */
		u64 min_seq, max_seq;
		u64 birth[LRU_GEN_MAX_NR]; /* ns, by seq % LRU_GEN_MAX_NR */
	} node[MAX_NUMNODES];
};

#define ZSWAP_NAME_MAX 32

/* /sys/module/zswap/parameters */
struct zswap_knobs {
	bool enabled, same_filled_pages_enabled, non_same_filled_pages_enabled;
	u32 max_pool_percent, accept_threshold_percent;
	char compressor[ZSWAP_NAME_MAX], zpool[ZSWAP_NAME_MAX];
	u64 pool_limit_hit, pool_total_size, written_back_pages, stored_pages, same_filled_pages;
	u64 reject_reclaim_fail, reject_alloc_fail, reject_kmemcache_fail, reject_compress_poor,
		duplicate_entry;
};

/* One of the backing devices under /sys/devices/virtual/bdi. */
struct bdi_knobs {
	u32 min_ratio, max_ratio, read_ahead_kb;
};

#define MAX_BDIS 35u /* a disk each: BLK_DISKS_MAX */

/* Parameters that modules and debugging files show. */
struct misc_knobs {
	bool crash_kexec_post_notifiers, ignore_rlimit_data, initcall_debug, always_kmsg_dump,
		console_no_auto_verbose, console_suspend, ignore_loglevel, printk_time,
		debug_force_rr_cpu, hotplug_memory_enabled, hotplug_processor_enabled,
		hotplug_pci_root_enabled, drop_caches_quiet;
	s32 pause_on_oops;
	u64 panic_print;
	u32 page_reporting_order;
	u64 kexec_crash_size; /* bytes */
	u32 tlb_single_page_flush_ceiling;
	u64 nmi_longest_ns;
	u32 numa_hot_threshold_ms, numa_scan_delay_ms, numa_scan_period_max_ms,
		numa_scan_period_min_ms, numa_scan_size_mb;
};

#define CGROUP_MAX UINT32_MAX /* "max" */

/* The root group's files. */
struct cgroup_knobs {
	u32 subtree_control; /* bits of fs/sys/cgroup.c's list */
	u32 max_depth, max_descendants;
	bool pressure_off;
};

/* A device whose power/ files were written: all others are "auto" and "enabled". */
struct device_power {
	u64 device; /* whichever number fs/ gives it */
	bool control_on, async_disabled;
	handle_t next;
};

#define NR_HELD_SYSCTLS 112 /* kernel.* and fs.* of a 6.1 kernel: fs/proc/sys_held.h */

struct knobs {
	struct thp_knobs thp;
	struct ksm_knobs ksm;
	struct lru_gen_knobs lru_gen;
	struct zswap_knobs zswap;
	struct bdi_knobs bdi[MAX_BDIS];
	struct misc_knobs misc;
	struct cgroup_knobs cgroup;
	bool demotion_enabled, vma_ra_enabled;
	u32 auto_online_blocks; /* offline, online, online_kernel, online_movable */
	u64 fault_around_bytes;
	/* sysctl kernel.* and fs.* */
	u64 shmmax, shmall, hung_task_timeout_secs, file_max;
	s32 shmmni, shm_rmid_forced, msgmax, msgmnb, sem[4];
	s32 numa_balancing_promote_rate_limit_MBps, sysctl_writes_strict;
	s32 console_printk[4]; /* levels: of the console, of a message without, least, default */
	s32 saved_console_loglevel; /* while the console is off; 0: it is on */
	char hostname[65];
	/* texts: a twin's settings that nothing acts upon; 0: not there */
	handle_t held[NR_HELD_SYSCTLS];
	struct pool device_powers;
	handle_t device_power_first;
};

/** knobs_init() - values of a fresh 6.1 boot. 0 or -ENOMEM. knobs_late_init(): those that depend on
 * what boot found, when it is over. */
int knobs_init(struct machine *m);
/** bdi_defaults() - of a disk that has just come. */
void bdi_defaults(struct bdi_knobs *k);
void knobs_late_init(struct machine *m);
/** knobs_destroy() - what they hold of the host's memory goes. */
void knobs_destroy(struct machine *m);

/** knobs_device_power() - the power settings of a device, made if @create; NULL: as at boot, or out
 * of memory. */
struct device_power *knobs_device_power(struct machine *m, u64 device, bool create);

/** freed_late_kb() - what boot gives back at its very end: sizes by RAM do not know of it. */
u64 freed_late_kb(const struct machine *m);

#endif
