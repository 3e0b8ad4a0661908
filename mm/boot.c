/*
 * boot.c - the order of a boot.
 *
 *	firmware        RAM at addresses, e820 map                      firmware.c
 *	early memory    memblock: image, initrd, memmap, tables         boot_reserve.c
 *	zones           limits, spans, what is free                     mm_init.c
 *	first marks     watermarks and lowmem protections from the pages managed so far
 *	huge pages      THP raises min_free_kbytes; 1 GiB pages count as managed
 *	DIMMs           present, offline unless memhp_default_state= says otherwise
 *	the end         initrd and init code become free; the marks stay as they are
 *
 * The marks of a fresh boot belong to an earlier count of managed pages than zoneinfo shows:
 * writing the same min_free_kbytes again changes them, here as on the real machine.
 */
#include "mm/boot_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LOWMEM_END_I386 0x36ffe000ull /* 1 GiB of kernel addresses, less vmalloc and fixed maps */
#define THP_MIN_RAM	(512 * MiB)

static const char *const banners[] = {
	"Linux version 6.1.0-56-amd64 (debian-kernel@lists.debian.org) "
	"(gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0, GNU ld (GNU Binutils for Debian) 2.40) "
	"#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-11-16)",
	"Linux version 6.1.0-50-686-pae (debian-kernel@lists.debian.org) "
	"(gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0, GNU ld (GNU Binutils for Debian) 2.40) "
	"#1 SMP PREEMPT_DYNAMIC Debian 6.1.176-1 (2026-07-02)",
	"Linux version 6.1.0-50-686 (debian-kernel@lists.debian.org) "
	"(gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0, GNU ld (GNU Binutils for Debian) 2.40) "
	"#1 SMP PREEMPT_DYNAMIC Debian 6.1.176-1 (2026-07-02)",
};

const char *linux_banner(const struct machine_config *c)
{
	return banners[c->arch == ARCH_X86_64 ? 0 : c->pae ? 1 : 2];
}

static bool cpu_in(const u64 *mask, u32 cpu)
{
	return mask[cpu / 64] >> (cpu % 64) & 1;
}

/* ---- the machine's parts ---- */

static int check_config(struct boot *b)
{
	const struct machine_config *c = b->c;
	u32 nid, cpu;

	if (!c->nr_cpus || c->nr_cpus > NR_CPUS_MAX)
		return boot_error(b, "1 to %d CPUs", NR_CPUS_MAX);
	if (is_i386(b) && c->nr_cpus > 32)
		return boot_error(b, "an i386 kernel runs on 32 CPUs at most");
	if (!c->nr_nodes || c->nr_nodes > MAX_NUMNODES)
		return boot_error(b, "1 to %d nodes", MAX_NUMNODES);
	for (nid = 0; nid < c->nr_nodes; nid++)
		for (cpu = c->nr_cpus; cpu < NR_CPUS_MAX; cpu++)
			if (cpu_in(c->node[nid].cpumask, cpu))
				return boot_error(b, "node %u has CPU %u, but there are %u", nid,
						  cpu, c->nr_cpus);
	for (cpu = 0; cpu < c->nr_cpus; cpu++) {
		u32 owners = 0;

		for (nid = 0; nid < c->nr_nodes; nid++)
			owners += cpu_in(c->node[nid].cpumask, cpu);
		if (owners > 1)
			return boot_error(b, "CPU %u is in %u nodes", cpu, owners);
	}
	return 0;
}

/* CPUs that no node names: shared out evenly if none is named at all, else to the first node. */
static void place_cpus(struct boot *b)
{
	struct machine_config *c = &b->m->config;
	u32 cpu, nid, present = 0, named = 0, seen = 0;
	u32 nodes[MAX_NUMNODES];

	for (nid = 0; nid < c->nr_nodes; nid++)
		if (c->node[nid].present)
			nodes[present++] = nid;
	if (!present)
		nodes[present++] = 0;
	for (cpu = 0; cpu < c->nr_cpus; cpu++)
		for (nid = 0; nid < c->nr_nodes; nid++)
			named += cpu_in(c->node[nid].cpumask, cpu);
	for (cpu = 0; cpu < c->nr_cpus; cpu++) {
		bool owned = false;

		for (nid = 0; nid < c->nr_nodes; nid++)
			owned |= cpu_in(c->node[nid].cpumask, cpu);
		if (owned)
			continue;
		nid = named ? nodes[0] : nodes[(u64)cpu * present / c->nr_cpus];
		c->node[nid].cpumask[cpu / 64] |= (u64)1 << (cpu % 64);
		seen++;
	}
}

static void set_distances(struct boot *b, u32 nid)
{
	struct pglist_data *n = &b->m->node[nid];
	bool faked = b->p->numa_fake > 1 || b->nr_nodes != b->c->nr_nodes;
	u32 other;

	for (other = 0; other < b->nr_nodes; other++) {
		u8 given = faked ? 0 : b->c->node[nid].distance[other];

		n->distance[other] = given ? given : other == nid || faked ? 10 : 20;
	}
}

static void set_up_nodes(struct boot *b)
{
	u32 nid, cpu;

	b->m->nr_nodes = b->nr_nodes;
	for (nid = 0; nid < b->nr_nodes; nid++) {
		struct pglist_data *n = &b->m->node[nid];

		memcpy(n->cpumask, b->cpumask[nid], sizeof(n->cpumask));
		for (cpu = 0; cpu < b->c->nr_cpus; cpu++)
			n->nr_cpus += cpu_in(n->cpumask, cpu);
		n->has_cpu = n->nr_cpus != 0;
		n->online = n->has_cpu || b->node_end[nid] > b->node_start[nid];
		set_distances(b, nid);
	}
}

static void set_up_hstates(struct boot *b)
{
	struct boot_info *info = &b->m->boot;
	u32 i;

	/* the kernel lists the larger size first */
	if (!is_i386(b) && b->c->cpu_1g_pages)
		info->hstate[info->nr_hstates++].page_size = GiB;
	info->hstate[info->nr_hstates++].page_size = b->m->pt.huge_size;
	info->default_hstate = info->nr_hstates - 1;
	for (i = 0; i < info->nr_hstates; i++)
		if (info->hstate[i].page_size == b->p->default_hugepage_size)
			info->default_hstate = i;
}

/* ---- stages ---- */

static int early_memory(struct boot *b)
{
	const struct memblock_type *memory = &b->mb.memory;
	int error = firmware_place_memory(b);

	if (error)
		return error;
	firmware_print_e820(b);
	firmware_add_memory(b);
	if (!memory->nr)
		return boot_error(b, "too little RAM: mem= leaves nothing");
	b->max_pfn = (pfn_t)(memory->regions[memory->nr - 1].end >> PAGE_SHIFT);
	printk(b->m, 6, "last_pfn = 0x%x max_arch_pfn = 0x%llx", b->max_pfn,
	       is_i386(b)     ? i386_ram_end(b) >> PAGE_SHIFT :
	       b->c->cpu_la57 ? 0x10000000000ull :
				0x400000000ull);
	b->lowmem_end = (u64)b->max_pfn << PAGE_SHIFT;
	if (is_i386(b)) {
		if (b->lowmem_end > LOWMEM_END_I386)
			b->lowmem_end = LOWMEM_END_I386;
		b->mb.limit = b->lowmem_end;
	}
	error = reserve_image(b);
	if (!error)
		error = numa_assign_nodes(b);
	if (!error)
		error = find_node_spans(b);
	return error;
}

static int zones_and_tables(struct boot *b)
{
	static int (*const steps[])(struct boot * b) = {
		reserve_node_data,	  find_zone_limits,	reserve_memmap,
		reserve_memoryless_nodes, reserve_small_tables, reserve_percpu,
	};
	u32 i;
	int error;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		error = steps[i](b);
		if (error)
			return error;
	}
	count_kernel_pages(b);
	error = reserve_gigantic_pages(b);
	if (!error)
		error = reserve_hash_tables(b);
	if (!error)
		error = reserve_swiotlb(b);
	if (!error)
		error = adjust_managed_pages(b);
	return error ? error : b->mb.failed ? -ENOMEM : 0;
}

static void set_max_pfn(struct boot *b)
{
	u64 top = b->hotplug_end > b->hotplug_start ? b->hotplug_end : b->high_top;

	if (top < (u64)b->max_pfn << PAGE_SHIFT)
		top = (u64)b->max_pfn << PAGE_SHIFT;
	b->m->max_pfn = round_up_to(top, (u64)1 << SECTION_SHIFT) >> PAGE_SHIFT;
}

static int hand_over(struct boot *b)
{
	int error;

	set_max_pfn(b);
	set_up_nodes(b);
	error = physmem_init(b->m);
	if (!error)
		error = create_zones(b);
	if (error)
		return error;
	build_zonelists(b->m);
	error = free_boot_memory(b);
	if (!error)
		error = setup_per_cpu_pageset(b->m);
	return error;
}

/* ---- sizes that others show ---- */

/* The direct map: 2 MiB pages but for the ends and what set_memory() split; with CPUs that have
 * them, 1 GiB pages where a whole GiB is RAM, except the kernel's own and the first. */
static void count_direct_map(struct boot *b)
{
	struct boot_info *info = &b->m->boot;
	u64 total = 0, tail, giant = 0, at, top = b->high_top;
	u32 i;

	for (i = 0; i < b->nr_bios_e820; i++)
		if (b->e820[i].ram && b->e820[i].start >= MiB)
			total += b->e820[i].end - b->e820[i].start;
	total += MiB;
	for (i = 0; i < b->nr_dimms; i++)
		total += b->dimm[i].size;
	if (is_i386(b) && total > b->lowmem_end)
		total = b->lowmem_end;
	tail = total % (2 * MiB);
	for (at = GiB; b->c->cpu_1g_pages && at + GiB <= top; at += GiB)
		if (memblock_bytes(&b->mb.memory, at, at + GiB) == GiB &&
		    (b->kernel_base < at || b->kernel_base >= at + GiB))
			giant++;
	info->direct_map_1g_kb = giant * (GiB / KiB);
	info->direct_map_4k_kb = (tail + (is_i386(b) ? 8u : 28u) * MiB) / KiB;
	if (info->direct_map_4k_kb > total / KiB)
		info->direct_map_4k_kb = total / KiB;
	total = total / KiB - info->direct_map_4k_kb;
	info->direct_map_2m_kb = total > info->direct_map_1g_kb ? total - info->direct_map_1g_kb :
								  0;
	info->kernel_code_kb = b->kernel->code_kb;
	info->kernel_rodata_kb = b->kernel->rodata_kb;
	info->kernel_init_kb = b->kernel->init_kb;
	info->numa_off = b->p->numa_off;
	info->movable_node = b->p->movable_node;
	info->psi_off = b->p->psi_off;
	b->m->sysctl.panic = b->p->panic;
	if (b->p->stack_guard_gap != UINT64_MAX)
		b->m->sysctl.stack_guard_gap = b->p->stack_guard_gap << PAGE_SHIFT;
}

/* ---- the running kernel ---- */

/* Code that patches itself for one CPU or several: freed before anything is measured. */
static int free_smp_locks(struct boot *b)
{
	u64 start = b->kernel_base + b->kernel->smp_locks;

	return release_range(b, start, start + b->kernel->smp_locks_size);
}

/* THP is off on less than 512 MiB, whatever the command line says. Else its start settles
 * min_free_kbytes anew, even if it is switched off: from less lowmem, now that there are
 * watermarks. */
static void set_up_thp(struct boot *b)
{
	if (b->m->totalram_pages < THP_MIN_RAM >> PAGE_SHIFT)
		return;
	b->m->sysctl.thp_enabled = b->p->thp >= 0 ? b->p->thp : 0;
	khugepaged_min_free_kbytes_update(b->m);
}

static void set_up_numa_balancing(struct boot *b)
{
	s32 on = b->p->numa_balancing >= 0 ? b->p->numa_balancing : b->m->nr_online_nodes > 1;

	b->m->sysctl.numa_balancing = on;
	if (on)
		printk(b->m, 6,
		       "mempolicy: Enabling automatic NUMA balancing. "
		       "Configure with numa_balancing= or the kernel.numa_balancing sysctl");
}

/* What boot needed and the running kernel does not. */
static int free_init_memory(struct boot *b)
{
	int error = 0;
	u32 i;

	if (b->initrd_end) {
		error = release_range(b, b->initrd_start, b->initrd_end);
		printk(b->m, 6, "Freeing initrd memory: %lluK",
		       (unsigned long long)(b->initrd_end - b->initrd_start) / KiB);
	}
	for (i = 0; !error && i < ARRAY_SIZE(b->kernel->freed); i++) {
		u64 start = b->kernel_base + b->kernel->freed[i].start,
		    size = b->kernel->freed[i].size;

		if (!size)
			continue;
		error = release_range(b, start, start + size);
		printk(b->m, 6, "Freeing unused %s memory: %lluK", b->kernel->freed[i].name,
		       (unsigned long long)size / KiB);
	}
	return error;
}

static int start_kernel(struct boot *b)
{
	print_zonelists(b);
	print_cmdline(b);
	print_memory(b);
	set_up_numa_balancing(b);
	return free_smp_locks(b);
}

static int run_initcalls(struct boot *b)
{
	int error;

	print_processors(b);
	b->m->sysctl.thp_enabled = 2; /* never, until its own initcall */
	init_per_zone_wmark_min(b->m);
	b->early_pages = b->m->totalram_pages;
	count_gigantic_pages(b);
	set_up_thp(b);
	error = boot_dimms(b);
	if (!error)
		error = boot_kernel_memory(b);
	if (error)
		return error;
	print_bounce_buffers(b);
	error = free_init_memory(b);
	if (!error)
		error = record_reserved(b);
	if (!error)
		printk(b->m, 6, "Run /init as init process");
	return error;
}

static int boot(struct boot *b)
{
	int error = check_config(b);

	if (error)
		return error;
	printk(b->m, 5, "%s", linux_banner(b->c));
	printk(b->m, 6, "Command line: %s", b->c->cmdline);
	parse_cmdline(b->p, b->c->cmdline);
	place_cpus(b);
	b->m->nr_cpus = b->c->nr_cpus;
	b->m->zone_mask = 1u << ZONE_DMA | 1u << ZONE_NORMAL | 1u << ZONE_MOVABLE;
	b->m->zone_mask |= is_i386(b) ? 1u << ZONE_HIGHMEM : 1u << ZONE_DMA32 | 1u << ZONE_DEVICE;
	error = pool_init(&b->m->boot.huge_frames, "huge_frame", sizeof(struct huge_frame),
			  1u << 23);
	if (error)
		return error;
	set_up_hstates(b);
	error = early_memory(b);
	if (!error)
		error = zones_and_tables(b);
	if (!error)
		error = hand_over(b);
	if (!error)
		error = start_kernel(b);
	if (!error)
		error = run_initcalls(b);
	if (error)
		return error;
	count_direct_map(b);
	build_iomem(b);
	return 0;
}

int machine_boot(struct machine *m, char *why, size_t why_size)
{
	struct boot *b = calloc(1, sizeof(*b));
	int error;

	if (!b)
		return -ENOMEM;
	b->m = m;
	b->c = &m->config;
	b->p = &m->boot.params;
	b->kernel = kernel_image_of(m->config.arch);
	b->why = why;
	b->why_size = why_size;
	error = boot(b);
	memblock_destroy(&b->mb);
	free(b);
	return error;
}

void boot_destroy(struct machine *m)
{
	pool_destroy(&m->boot.huge_frames);
}
