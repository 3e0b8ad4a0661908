/*
 * boot_internal.h - what the stages of boot hand to each other.
 *
 *	firmware.c       the machine's parts -> RAM at addresses, the e820 map, DIMMs
 *	boot_reserve.c   the kernel's early tables -> reserved bytes (memblock)
 *	mm_init.c        memblock -> zones, spans, the Movable boundary, hash table sizes
 *	boot_iomem.c     /proc/iomem
 *	boot_kernel.c    what the kernel then takes from the allocator
 *	boot_log.c       what it says meanwhile
 *	boot.c           the order of it all, and what happens once there are zones
 *
 * The rules and the guests they were checked with: docs/boot.md.
 */
#ifndef MM_BOOT_INTERNAL_H
#define MM_BOOT_INTERNAL_H

#include <mman/machine.h>

#include "mm/memblock.h"

#define KiB ((u64)1 << 10)
#define MiB ((u64)1 << 20)
#define GiB ((u64)1 << 30)

#define MAX_E820 160

struct e820_entry {
	u64 start, end; /* bytes, [start, end) */
	bool ram;
};

/* Where the parts of a kernel image lie, in bytes from its start. */
struct kernel_image {
	u64 size, code_end, rodata, rodata_end, data, data_end, bss, bss_end;
	u64 brk; /* early heap behind the image */
	u64 smp_locks, smp_locks_size;
	struct {
		const char *name; /* as in "Freeing unused NAME memory: 2824K" */
		u64 start, size;
	} freed[4];
	u32 code_kb, rwdata_kb, rodata_kb, init_kb, bss_kb; /* as the kernel counts them */
	u32 firmware_pages; /* what the firmware keeps at the top of low RAM */
	u32 page_struct;    /* bytes of memmap for each page */
	u32 hash_bucket;    /* bytes of a hash table's head */
	u32 percpu_static, percpu_reserved, percpu_dynamic; /* bytes for each CPU */
	u32 pgdat;					    /* bytes of NODE_DATA */
};

struct boot {
	struct machine *m;
	const struct machine_config *c;
	struct boot_params *p;
	const struct kernel_image *kernel;
	struct memblock mb;

	/* firmware */
	struct e820_entry e820[MAX_E820];
	u32 nr_e820, nr_bios_e820;
	struct memory_range ram[MAX_MEMORY_RANGES]; /* by node, with the firmware's share */
	u32 nr_ram;
	struct memory_range dimm[MAX_MEMORY_RANGES];
	u32 nr_dimms;
	u64 low_top;			/* first byte above the RAM below 4 GiB */
	u64 high_top;			/* first byte above all boot RAM */
	u64 hotplug_start, hotplug_end; /* where DIMMs may go; equal: nowhere */
	u16 hotplug_nid;

	/* nodes as the kernel sees them (numa=off, numa=fake) */
	u32 nr_nodes;
	u64 cpumask[MAX_NUMNODES][NR_CPUS_MAX / 64];
	bool node_possible[MAX_NUMNODES];

	/* image and tables */
	u64 kernel_base, initrd_start, initrd_end;
	u64 lowmem_end;	     /* i386: end of directly mapped memory, bytes */
	u64 hash_vmalloc_kb; /* hash tables spread over the nodes, by vmalloc ... */
	u64 hash_huge_kb;    /* ... of these, in pieces of 2 MiB */
	u64 late_hash_kb;    /* hash tables made after the allocator is up, in one piece each */

	/* zones, in pages */
	pfn_t min_pfn, max_pfn;
	pfn_t zone_start[MAX_NR_ZONES], zone_end[MAX_NR_ZONES];
	pfn_t movable_pfn[MAX_NUMNODES];
	pfn_t node_start[MAX_NUMNODES], node_end[MAX_NUMNODES];
	u64 nr_kernel_pages, nr_all_pages, dma_reserve;
	u64 early_pages; /* managed when the first watermarks were set */

	char *why;
	size_t why_size;
};

static inline bool is_i386(const struct boot *b)
{
	return b->c->arch == ARCH_I386;
}

/** i386_ram_end() - physical addresses that an entry of its page tables can hold, in bytes. */
static inline u64 i386_ram_end(const struct boot *b)
{
	return (u64)(b->c->pae ? 64 : 4) << 30;
}

static inline u64 round_up_to(u64 n, u64 unit)
{
	return (n + unit - 1) / unit * unit;
}

static inline u64 round_down_to(u64 n, u64 unit)
{
	return n / unit * unit;
}

static inline u64 roundup_pow_of_two(u64 n)
{
	u64 p = 1;

	while (p < n)
		p <<= 1;
	return p;
}

/** boot_error() - set the reason why this machine cannot boot; returns -EINVAL. */
int boot_error(struct boot *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

const struct kernel_image *kernel_image_of(enum machine_arch arch);

/* firmware.c */
int firmware_place_memory(struct boot *b);
void firmware_print_e820(struct boot *b);
/** firmware_add_memory() - all usable RAM into memblock, as node 0's for now. */
void firmware_add_memory(struct boot *b);
/** numa_assign_nodes() - RAM and CPUs to their nodes, as ACPI, numa=off or numa=fake= have it. */
int numa_assign_nodes(struct boot *b);
bool numa_has_distances(const struct boot *b);

/* boot_reserve.c: in this order */
int reserve_image(struct boot *b);
int reserve_node_data(struct boot *b);
int reserve_memmap(struct boot *b);
int reserve_memoryless_nodes(struct boot *b);
int reserve_small_tables(struct boot *b);
int reserve_percpu(struct boot *b);
int reserve_gigantic_pages(struct boot *b);
int reserve_hash_tables(struct boot *b);
int reserve_swiotlb(struct boot *b);
void print_late_hash_tables(struct boot *b);

/* mm_init.c */
int find_node_spans(struct boot *b);
int find_zone_limits(struct boot *b);
void count_kernel_pages(struct boot *b);
int create_zones(struct boot *b);
int free_boot_memory(struct boot *b);
u64 pages_initialised_early(const struct boot *b);
/** zone_span() - what zone @z of node @nid spans, pages; false if nothing. */
bool zone_span(const struct boot *b, u32 nid, enum zone_type z, pfn_t *start, pfn_t *end);
/** free_pages_between() - whole free pages of node @nid in [@start, @end). */
u64 free_pages_between(const struct boot *b, u32 nid, pfn_t start, pfn_t end);
/** release_range() - reserved whole pages of [@start, @end) bytes become free memory of their
 * zones. */
int release_range(struct boot *b, u64 start, u64 end);
int record_reserved(struct boot *b);

/* boot_iomem.c */
void build_iomem(struct boot *b);

/* boot_log.c: lines that need all of it */
void print_unavailable(struct boot *b);
void print_percpu_setup(struct boot *b);
void print_zonelists(struct boot *b);
void print_cmdline(struct boot *b);
void print_memory(struct boot *b);
void print_processors(struct boot *b);
void print_bounce_buffers(struct boot *b);

/* boot_twin.c: the machine file says what zones manage */
int adjust_managed_pages(struct boot *b);

/* boot_kernel.c: what the running kernel takes from the buddy allocator */
int boot_kernel_memory(struct boot *b);
int boot_dimms(struct boot *b);
void count_gigantic_pages(struct boot *b);

#endif
