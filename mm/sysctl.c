/*
 * sysctl.c - the knobs' values on a fresh 6.1 boot (Debian's configuration).
 *
 * What depends on the size of RAM is computed elsewhere: min_free_kbytes in mm/watermark.c, the two
 * overcommit reserves in mm/util.c, threads-max in mm/task.c.
 */
#include <mman/machine.h>

static void vm_defaults(struct sysctl *s)
{
	s->overcommit_ratio = 50;
	s->compact_unevictable_allowed = 1;
	s->compaction_proactiveness = 20;
	s->extfrag_threshold = 500;
	s->dirty_background_ratio = 10;
	s->dirty_ratio = 20;
	s->dirty_expire_centisecs = 3000;
	s->dirty_writeback_centisecs = 500;
	s->dirtytime_expire_seconds = 12 * 60 * 60;
	s->lowmem_reserve_ratio[ZONE_DMA] = 256;
	s->lowmem_reserve_ratio[ZONE_DMA32] = 256;
	s->lowmem_reserve_ratio[ZONE_NORMAL] = 32;
	s->max_map_count = 65530;
	s->stack_guard_gap = (u64)STACK_GUARD_GAP_PAGES << PAGE_SHIFT;
	s->memory_failure_recovery = 1;
	s->user_min_free_kbytes = -1;
	s->min_slab_ratio = 5;
	s->min_unmapped_ratio = 1;
	s->mmap_min_addr = 65536;
	s->mmap_rnd_bits = 28;
	s->mmap_rnd_compat_bits = 8;
	s->numa_stat = 1;
	s->oom_dump_tasks = 1;
	s->page_cluster = 3;
	s->page_lock_unfairness = 5;
	s->stat_interval = 1;
	s->swappiness = 60;
	s->vfs_cache_pressure = 100;
	s->watermark_boost_factor = 15000;
	s->watermark_scale_factor = 10;
}

void sysctl_defaults(struct machine *m)
{
	struct sysctl *s = &m->sysctl;

	vm_defaults(s);
	s->randomize_va_space = 2;
	if (m->config.arch == ARCH_I386)
		s->mmap_rnd_bits = 8;
	s->pid_max = 32768;
	/* 1024 PIDs for each possible CPU, once that is more (kernel.rst, pid_max) */
	if ((s32)m->config.nr_cpus * 1024 > s->pid_max)
		s->pid_max = (s32)m->config.nr_cpus * 1024;
	s->panic = 0;
}
