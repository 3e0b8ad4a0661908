/*
 * knobs.c - what the knobs of knobs.h are on a fresh 6.1 boot (Debian's configuration).
 */
#include <mman/machine.h>

#include <errno.h>
#include <string.h>

#define NR_FILE 8192u

static void thp_defaults(struct thp_knobs *k)
{
	k->defrag = 3;	      /* madvise */
	k->shmem_enabled = 3; /* never */
	k->use_zero_page = true;
	k->khugepaged.defrag = true;
	k->khugepaged.alloc_sleep_millisecs = 60000;
	k->khugepaged.scan_sleep_millisecs = 10000;
	k->khugepaged.pages_to_scan = 8 * PAGEBLOCK_NR_PAGES;
	k->khugepaged.max_ptes_none = PAGEBLOCK_NR_PAGES - 1;
	k->khugepaged.max_ptes_swap = PAGEBLOCK_NR_PAGES / 8;
	k->khugepaged.max_ptes_shared = PAGEBLOCK_NR_PAGES / 2;
}

static void ksm_defaults(struct ksm_knobs *k)
{
	k->pages_to_scan = 100;
	k->sleep_millisecs = 20;
	k->merge_across_nodes = 1;
	k->max_page_sharing = 256;
	k->stable_node_chains_prune_millisecs = 2000;
}

static void lru_gen_defaults(struct machine *m)
{
	unsigned int nid, gen;

	for (nid = 0; nid < MAX_NUMNODES; nid++) {
		m->knobs.lru_gen.node[nid].max_seq = LRU_GEN_MIN_NR + 1;
		for (gen = 0; gen < LRU_GEN_MAX_NR; gen++)
			m->knobs.lru_gen.node[nid].birth[gen] = m->clock.now;
	}
}

static void zswap_defaults(struct zswap_knobs *k)
{
	k->same_filled_pages_enabled = k->non_same_filled_pages_enabled = true;
	k->max_pool_percent = 20;
	k->accept_threshold_percent = 90;
	strcpy(k->compressor, "lzo");
	strcpy(k->zpool, "zbud");
}

static void misc_defaults(struct misc_knobs *k)
{
	k->console_suspend = k->printk_time = true;
	k->page_reporting_order = MAX_ORDER;
	k->hotplug_memory_enabled = k->hotplug_processor_enabled = k->hotplug_pci_root_enabled =
		true;
	k->nmi_longest_ns = NSEC_PER_MSEC;
	k->tlb_single_page_flush_ceiling = 33;
	k->numa_hot_threshold_ms = 1000;
	k->numa_scan_delay_ms = 1000;
	k->numa_scan_period_min_ms = 1000;
	k->numa_scan_period_max_ms = 60000;
	k->numa_scan_size_mb = 256;
}

/* What boot gives back at its very end, kB: initrd, init code and data, the rest of the 2 MiB pages
 * behind code and constants, and two odd pieces. Sizes by RAM were computed before that. */
u64 freed_late_kb(const struct machine *m)
{
	const struct boot_info *b = &m->boot;
	u64 decrypted = 2036, smp_alternatives = 36;

	return m->config.initrd_size / 1024 + b->kernel_init_kb + decrypted + smp_alternatives +
	       ((0 - b->kernel_code_kb) & 2047) + ((0 - b->kernel_rodata_kb) & 2047);
}

/* Used by then on each node: caches, page tables, tables of early boot. */
#define EARLY_PAGES_PER_NODE 820u

/* Open files may take a tenth of the memory that is not in use (sysctl/fs.rst), in kilobytes. */
static u64 default_file_max(const struct machine *m)
{
	u64 pages = m->totalram_pages, late = freed_late_kb(m) / PAGE_KB, used = 0, n;
	u32 nid;

	for (nid = 0; nid < m->nr_nodes; nid++)
		used += m->node[nid].has_memory ? EARLY_PAGES_PER_NODE * 3 / 2 : 0;
	if (pages <= late + used)
		return NR_FILE;
	n = (pages - late - used) * PAGE_KB / 10;
	return max_t(u64, n, NR_FILE);
}

static void kernel_defaults(struct machine *m)
{
	struct knobs *k = &m->knobs;

	k->shmmax = k->shmall = UINT64_MAX - (1u << 24); /* 2^64 - 1 - 2^24: as good as no limit */
	k->shmmni = 4096;
	k->msgmax = 8192;
	k->msgmnb = 16384;
	k->sem[0] = 32000;
	k->sem[1] = 1024000000;
	k->sem[2] = 500;
	k->sem[3] = 32000;
	k->hung_task_timeout_secs = 120;
	k->numa_balancing_promote_rate_limit_MBps = 65536;
	k->sysctl_writes_strict = 1;
	k->console_printk[0] = k->console_printk[3] = 7;
	k->console_printk[1] = 4;
	k->console_printk[2] = 1;
	strcpy(k->hostname, "(none)");
}

void bdi_defaults(struct bdi_knobs *k)
{
	*k = (struct bdi_knobs){ .max_ratio = 100, .read_ahead_kb = 128 };
}

int knobs_init(struct machine *m)
{
	struct knobs *k = &m->knobs;
	unsigned int i;

	thp_defaults(&k->thp);
	ksm_defaults(&k->ksm);
	lru_gen_defaults(m);
	zswap_defaults(&k->zswap);
	misc_defaults(&k->misc);
	kernel_defaults(m);
	k->cgroup.max_depth = k->cgroup.max_descendants = CGROUP_MAX;
	k->vma_ra_enabled = true;
	k->fault_around_bytes = 65536;
	for (i = 0; i < MAX_BDIS; i++)
		bdi_defaults(&k->bdi[i]);
	return pool_init(&k->device_powers, "device_power", sizeof(struct device_power), 1u << 20);
}

void knobs_late_init(struct machine *m)
{
	m->knobs.file_max = default_file_max(m);
	m->knobs.auto_online_blocks = m->boot.params.memhp;
}

void knobs_destroy(struct machine *m)
{
	pool_destroy(&m->knobs.device_powers);
}

struct device_power *knobs_device_power(struct machine *m, u64 device, bool create)
{
	struct knobs *k = &m->knobs;
	struct device_power *p;
	handle_t h;

	for (h = k->device_power_first; h; h = p->next) {
		p = pool_at(&k->device_powers, h);
		if (p->device == device)
			return p;
	}
	if (!create)
		return NULL;
	h = pool_alloc(&k->device_powers);
	if (!h)
		return NULL;
	p = pool_at(&k->device_powers, h);
	p->device = device;
	p->next = k->device_power_first;
	k->device_power_first = h;
	return p;
}
