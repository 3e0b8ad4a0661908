/*
 * boot.h - what a machine is made of, and how its memory comes up.
 *
 * machine_config is the resolved machine file (fs/machine_file.c) or preset (mm/presets.c) plus
 * kernel command line (mm/cmdline.c). machine_boot() turns it into a memory map, reservations,
 * nodes and zones, the way a 6.1 kernel's boot does; docs/boot.md has the rules and their evidence.
 * Source: Documentation/admin-guide/kernel-parameters.txt.
 */
#ifndef MMAN_BOOT_H
#define MMAN_BOOT_H

#include <mman/clock.h>
#include <mman/mmzone.h>

#define CMDLINE_MAX	  2048
#define MAX_MEMORY_RANGES 128

enum machine_arch { ARCH_X86_64, ARCH_I386 };

/* A stretch of RAM as the firmware places it. */
struct memory_range {
	u64 start, size; /* bytes, physical; a DIMM at 0 is placed by boot, which sets start */
	u16 nid;
	bool hotplug;  /* a plugged DIMM: present but offline at boot (memhp_default_state) */
	char name[64]; /* of a DIMM; "": dimmN */
};

struct node_config {
	bool present;
	u64 size; /* bytes of RAM placed by the firmware rule; 0: memoryless */
	u64 cpumask[NR_CPUS_MAX / 64];
	u8 distance[MAX_NUMNODES]; /* 0: 10 to itself, 20 to others */
};

struct swap_config {
	u64 size; /* bytes */
	s32 prio; /* -1: automatic */
	char name[32];
	bool file;
};

#define DISK_SIZE_DEFAULT ((u64)64 << 30)
/* In the year 2232: thirty years later a time in nanoseconds still fits. */
#define BOOT_TIME_MAX 8277292036ull

struct disk_config {
	u64 size;	 /* bytes; 0: DISK_SIZE_DEFAULT, and what is swap from the start */
	u32 queue_depth; /* writes that may wait. Its speed: cost_table, disk_* */
};

struct tlb_config {
	u32 l1d_4k, l1d_2m, l1d_1g, l2_4k, l2_1g;			   /* entries */
	u32 l1d_4k_ways, l1d_2m_ways, l1d_1g_ways, l2_4k_ways, l2_1g_ways; /* 0: as usual */
	u32 pwc_pmd, pwc_pud, pwc_pgd; /* entries of the walk caches */
	u32 pcids;		       /* address spaces that a CPU remembers */
};

/* What a zone of an existing machine spans and manages (a twin): boot draws its limits there, and
 * reserves as much as makes it so. If one says what it spans, zones that do not say are empty. */
struct zone_config {
	u16 nid;
	u16 type; /* enum zone_type */
	u64 managed_pages;
	u64 start_pfn, spanned_pages; /* spanned 0: by the architecture's limits */
};

#define MAX_ZONE_CONFIGS 256

struct machine_config {
	enum machine_arch arch;
	u32 nr_cpus, nr_nodes;
	u64 ram; /* bytes in all, shared out evenly if nodes give no sizes */
	struct node_config node[MAX_NUMNODES];
	/* explicit ranges (holes) and DIMMs; may be none */
	struct memory_range range[MAX_MEMORY_RANGES];
	u32 nr_ranges;
	u32 dimm_slots;
	u64 max_memory; /* bytes of RAM with every slot filled (QEMU's maxmem); 0: ram */
	struct zone_config zone[MAX_ZONE_CONFIGS];
	u32 nr_zones;
	struct swap_config swap[8];
	u32 nr_swap;
	struct disk_config disk;
	struct tlb_config tlb;
	struct cost_table cost;
	u64 seed;
	u64 boot_time; /* seconds since the epoch, for btime; at most BOOT_TIME_MAX */
	char name[64]; /* preset or file name */
	char cpu_model[64];
	u32 cpu_mhz;
	bool cpu_1g_pages;
	bool cpu_la57;	 /* five-level page tables */
	bool pae;	 /* i386: three-level page tables, RAM up to 64 GiB; else two, 4 GiB */
	u32 levels;	 /* of the page tables; 0: as the processor has them; i386 may have 1 */
	u64 kernel_base; /* physical address of the kernel image; 0: 16 MiB (nokaslr) */
	u64 initrd_size; /* bytes; freed at the end of boot */
	bool bare;	 /* no init, no kernel threads, nothing the kernel took after boot */
	char cmdline[CMDLINE_MAX];
};

/* A line of /proc/iomem. */
struct resource {
	u64 start, end; /* bytes, inclusive */
	u8 depth;	/* indentation level */
	char name[48];
};

#define MAX_RESOURCES 256

/* What the kernel command line said (mm/cmdline.c). Sizes in bytes. */
enum memhp_default { MEMHP_OFFLINE, MEMHP_ONLINE, MEMHP_ONLINE_KERNEL, MEMHP_ONLINE_MOVABLE };

#define MAX_HUGEPAGE_PARAMS 64

struct hugepage_param {
	u64 page_size, nr;
	s32 nid; /* NUMA_NO_NODE: spread over the nodes */
};

struct boot_params {
	u64 mem; /* mem=: RAM above this address is not used; 0: all */
	u64 kernelcore, movablecore;
	u8 kernelcore_percent, movablecore_percent;
	bool movable_node, numa_off, nokaslr;
	u32 numa_fake; /* numa=fake=N: nodes; 0: none */
	s8 thp;	       /* 0 always, 1 madvise, 2 never; -1: not given */
	u8 memhp;      /* enum memhp_default */
	bool memmap_on_memory, auto_movable, numa_unaware; /* memory_hotplug.* */
	s64 auto_movable_ratio;				   /* -1: not given */
	u64 stack_guard_gap;				   /* pages; UINT64_MAX: not given */
	s8 numa_balancing, swapaccount;			   /* -1: not given */
	bool psi_off;
	s32 panic;	     /* seconds to the reboot */
	u32 cgroup_disabled; /* 1 << CGROUP_*: cgroup_disable= */
	bool page_poison, init_on_free, no_init_on_alloc;
	u64 log_buf_len;
	u64 default_hugepage_size; /* 0: 2 MiB */
	struct hugepage_param hugepages[MAX_HUGEPAGE_PARAMS];
	u32 nr_hugepages;
	u32 nr_unknown;	       /* passed to init, as the kernel does */
	char unknown[256];     /* for the log line: words, then NAME=VALUEs */
	u32 unknown_arguments; /* bytes of it that are words */
};

enum {
	CGROUP_CPUSET,
	CGROUP_CPU,
	CGROUP_CPUACCT,
	CGROUP_IO,
	CGROUP_MEMORY,
	CGROUP_DEVICES,
	CGROUP_FREEZER,
	CGROUP_NET_CLS,
	CGROUP_PERF_EVENT,
	CGROUP_NET_PRIO,
	CGROUP_HUGETLB,
	CGROUP_PIDS,
	CGROUP_RDMA,
	CGROUP_MISC
};

/**
 * parse_cmdline() - kernel parameters out of @text. Never fails: what a kernel ignores is ignored.
 * A bad value keeps the default, as on Linux.
 */
void parse_cmdline(struct boot_params *p, const char *text);
/** memparse() - a number in base 0 with an optional suffix K, M, G, T, P, E; *@end after it. */
u64 memparse(const char *text, const char **end);

/* Pools of huge pages: what hugepages= took at boot. A page is named by its first frame. */
struct hstate {
	u64 page_size; /* bytes; 0: this kernel has no such pages */
	u64 nr_huge_pages, free_huge_pages, resv_huge_pages, surplus_huge_pages;
	u64 nr_overcommit_huge_pages;
	u64 held_huge_pages;	  /* in use by nobody of this machine: hugetlb_hold() */
	u64 held_resv_huge_pages; /* reserved likewise */
	u64 nr_node[MAX_NUMNODES], free_node[MAX_NUMNODES], surplus_node[MAX_NUMNODES];
	handle_t free_list[MAX_NUMNODES];	 /* boot_info.huge_frames, linked by ->next */
	u32 next_nid_to_alloc, next_nid_to_free; /* whose turn it is (mm/hugetlb.c) */
	u64 demote_size; /* bytes of the pages that demoting makes; 0: cannot be demoted */
};

/* One page of a pool. Of a page in use the head's struct page leads here (->prev). */
struct huge_frame {
	pfn_t pfn;
	handle_t next;
};

#define NR_HSTATES 2 /* 2 MiB; 1 GiB where the CPU has them */

/* Frames that boot kept for itself, ascending; whole pages [start, end). */
struct reserved_range {
	pfn_t start, end;
};

#define MAX_RESERVED_RANGES 4096

struct boot_info {
	struct boot_params params;
	struct resource iomem[MAX_RESOURCES];
	u32 nr_iomem;
	struct reserved_range reserved[MAX_RESERVED_RANGES];
	u32 nr_reserved;
	struct hstate hstate[NR_HSTATES];
	u32 nr_hstates, default_hstate;
	struct pool huge_frames; /* struct huge_frame */
	u64 kernel_code_kb, kernel_rodata_kb, kernel_init_kb;
	u64 memmap_pages, percpu_pages, percpu_kb;
	u64 percpu_unit;		/* bytes from one CPU's area to the next */
	u64 swiotlb_start;		/* 64 MiB of bounce buffers; 0: none */
	u64 hotplug_start, hotplug_end; /* addresses of the DIMM slots; equal: there are none */
	u32 nr_nodes;			/* as many as there were, before any was plugged in */
	u64 max_pfn;			/* likewise */
	u64 vmalloc_used_kb;		/* without kernel stacks: 16 kB a thread come on top */
	u64 direct_map_4k_kb, direct_map_2m_kb, direct_map_1g_kb;
	bool numa_off, movable_node, psi_off;
};

/** linux_banner() - the first line of the kernel log and of /proc/version. */
const char *linux_banner(const struct machine_config *c);

/** preset_text() - machine-file text of a preset, or NULL; preset_name(i): the i-th name or
 * NULL. */
const char *preset_text(const char *name);
const char *preset_name(unsigned int i);

/**
 * machine_config_init() - a machine with nothing in it yet but defaults: x86-64, one CPU, the cost
 * table, TLB and disk of docs/machine.md. Set cpus, nodes and RAM, then machine_create().
 */
void machine_config_init(struct machine_config *c);

/** pfn_reserved() - did boot keep this frame (firmware, kernel image, memmap, tables)? O(log n). */
bool pfn_reserved(const struct machine *m, pfn_t pfn);

/** boot_destroy() - give back what machine_boot() allocated on the host. */
void boot_destroy(struct machine *m);

/**
 * machine_boot() - memory map, nodes, zones, reservations, watermarks, boot log of @m->config.
 * Called once by machine_create() on a machine whose pools are ready. Returns 0, or -errno with a
 * line of reason in @why.
 */
int machine_boot(struct machine *m, char *why, size_t why_size);

#endif
