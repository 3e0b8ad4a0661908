/*
 * boot.h - what a machine is made of, and how its memory comes up.
 *
 * machine_config is the resolved machine file (fs/machine_file.c) or preset (mm/presets.c) plus
 * kernel command line (mm/cmdline.c). machine_boot() turns it into a memory map, reservations,
 * nodes and zones, the way a 6.1 kernel's boot does; docs/boot.md has the rules and their evidence.
 */
#ifndef MMAN_BOOT_H
#define MMAN_BOOT_H

#include <mman/clock.h>
#include <mman/mmzone.h>

#define CMDLINE_MAX 2048
#define MAX_MEMORY_RANGES 128

enum machine_arch { ARCH_X86_64, ARCH_I386 };

/* A stretch of RAM as the firmware places it. */
struct memory_range {
	u64 start, size; /* bytes, physical */
	u16 nid;
	bool hotplug;    /* a plugged DIMM: present but offline at boot (memhp_default_state) */
};

struct node_config {
	bool present;
	u64 size;                  /* bytes of RAM placed by the firmware rule; 0: memoryless */
	u64 cpumask[NR_CPUS_MAX / 64];
	u8 distance[MAX_NUMNODES]; /* 0: 10 to itself, 20 to others */
};

struct swap_config {
	u64 size; /* bytes */
	s32 prio; /* -1: automatic */
	char name[32];
	bool file;
};

struct disk_config {
	u64 size;           /* bytes */
	u32 seek_us, bandwidth_mib, queue_depth;
};

struct tlb_config {
	u32 l1d_4k, l1d_2m, l1d_1g, l2_4k, l2_1g; /* entries */
};

struct machine_config {
	enum machine_arch arch;
	u32 nr_cpus, nr_nodes;
	u64 ram;                   /* bytes in all, if nodes give no sizes */
	struct node_config node[MAX_NUMNODES];
	struct memory_range range[MAX_MEMORY_RANGES]; /* explicit ranges (holes, DIMMs); may be none */
	u32 nr_ranges;
	u32 dimm_slots;
	u64 max_memory;            /* highest address hotplug may use */
	struct swap_config swap[8];
	u32 nr_swap;
	struct disk_config disk;
	struct tlb_config tlb;
	struct cost_table cost;
	u64 seed;
	u64 boot_time;             /* seconds since the epoch, for btime */
	char name[64];             /* preset or file name */
	char cpu_model[64];
	u32 cpu_mhz;
	bool cpu_1g_pages;
	bool bare;                 /* no init, no kernel threads: unit tests of the allocator */
	char cmdline[CMDLINE_MAX];
};

/* A line of /proc/iomem. */
struct resource {
	u64 start, end; /* bytes, inclusive */
	u8 depth;       /* indentation level */
	char name[48];
};

#define MAX_RESOURCES 256

struct boot_info {
	struct resource iomem[MAX_RESOURCES];
	u32 nr_iomem;
	u64 kernel_code_kb, kernel_rwdata_kb, kernel_rodata_kb, kernel_init_kb, kernel_bss_kb;
	u64 memmap_pages, hash_pages, percpu_pages, percpu_kb, vmalloc_used_kb;
	u64 direct_map_4k_kb, direct_map_2m_kb, direct_map_1g_kb;
	u64 physical_pages, reserved_pages;
	u64 required_kernelcore, required_movablecore;
	bool numa_off, movable_node, psi_off, memcg_off;
};

/** preset_text() - machine-file text of a preset, or NULL; preset_name(i): the i-th name or NULL. */
const char *preset_text(const char *name);
const char *preset_name(unsigned int i);

/**
 * machine_boot() - memory map, nodes, zones, reservations, watermarks, boot log of @m->config.
 * Called once by machine_create() on a machine whose pools are ready. Returns 0, or -errno with a
 * line of reason in @why.
 */
int machine_boot(struct machine *m, char *why, size_t why_size);

#endif
