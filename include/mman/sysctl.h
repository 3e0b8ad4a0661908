/*
 * sysctl.h - the values behind /proc/sys/vm and friends, as the engine reads them.
 *
 * Each field has the kernel's name. Defaults: sysctl_defaults() in mm/sysctl.c. The tree's table
 * (fs/proc/sys_vm.c) adds mode, range, parser, one line of help, and which handler runs after a
 * change. "acts" or "only holds" is noted in docs/knobs.md, made from that table.
 * Source: Documentation/admin-guide/sysctl/vm.rst, kernel.rst.
 */
#ifndef MMAN_SYSCTL_H
#define MMAN_SYSCTL_H

#include <mman/mmzone.h>

struct sysctl {
	/* vm */
	u64 admin_reserve_kbytes, user_reserve_kbytes;
	s32 overcommit_memory, overcommit_ratio;
	u64 overcommit_kbytes;
	s32 compact_unevictable_allowed, compaction_proactiveness, extfrag_threshold;
	u64 dirty_background_bytes, dirty_bytes;
	s32 dirty_background_ratio, dirty_ratio;
	s32 dirty_expire_centisecs, dirty_writeback_centisecs;
	s32 dirtytime_expire_seconds;
	s32 drop_caches; /* last value written */
	s32 hugetlb_optimize_vmemmap, hugetlb_shm_group;
	s32 laptop_mode, legacy_va_layout;
	s32 lowmem_reserve_ratio[MAX_NR_ZONES];
	s32 max_map_count;
	u64 stack_guard_gap; /* bytes; set by stack_guard_gap= */
	s32 memory_failure_early_kill, memory_failure_recovery;
	s32 min_free_kbytes, user_min_free_kbytes; /* the second: -1 until set by hand */
	s32 min_slab_ratio, min_unmapped_ratio;
	u64 mmap_min_addr;
	s32 mmap_rnd_bits, mmap_rnd_compat_bits;
	s32 numa_stat;
	s32 oom_dump_tasks, oom_kill_allocating_task, panic_on_oom;
	s32 page_cluster, page_lock_unfairness;
	s32 percpu_pagelist_high_fraction;
	s32 stat_interval;
	s32 swappiness;
	s32 unprivileged_userfaultfd;
	s32 vfs_cache_pressure;
	s32 watermark_boost_factor, watermark_scale_factor;
	s32 zone_reclaim_mode;
	/* kernel */
	s32 randomize_va_space, pid_max, threads_max, panic, panic_on_oops, panic_on_warn;
	s32 numa_balancing;
	/* transparent_hugepage/enabled: 0 always, 1 madvise, 2 never */
	s32 thp_enabled;
};

/** sysctl_defaults() - values of a fresh 6.1 boot that do not depend on the size of RAM; those that
 * do (min_free_kbytes, the reserves, threads_max) are computed by boot. */
void sysctl_defaults(struct machine *m);

#endif
