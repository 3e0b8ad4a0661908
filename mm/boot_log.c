/*
 * boot_log.c - what a 6.1 kernel says about its memory while it boots, where it takes more than one
 * stage to know it. Other lines stand where the thing happens.
 */
#include "mm/boot_internal.h"

#include <stdio.h>

#define VMALLOC_PGTABLES      65u /* made before the Memory: line: one for each 512 GiB ... */
#define VMALLOC_PGTABLES_LA57 51u /* ... or 256 TiB of vmalloc space, and one below */

static enum zone_type zone_of(const struct boot *b, u32 nid, pfn_t pfn)
{
	pfn_t start, end;
	enum zone_type z;

	for (z = ZONE_DMA; z < MAX_NR_ZONES; z++)
		if (zone_span(b, nid, z, &start, &end) && pfn >= start && pfn < end)
			return z;
	return ZONE_DMA;
}

/* A hole counts as far as memmap covers it: to the end of the section that RAM ends in, and from
 * the start of the one it begins in. It is told with the RAM that follows. */
static u64 hole_pages(pfn_t hole, pfn_t end)
{
	u64 section_end = round_up_to(hole, PAGES_PER_SECTION);
	u64 section_start = round_down_to(end, PAGES_PER_SECTION);

	if (section_end >= section_start)
		return end - hole;
	return section_end - hole + (end - section_start);
}

static void print_hole(struct boot *b, u32 nid, pfn_t pfn, u64 pages)
{
	if (pages)
		printk(b->m, 6, "On node %u, zone %s: %llu pages in unavailable ranges", nid,
		       zone_name(zone_of(b, nid, pfn)), (unsigned long long)pages);
}

void print_unavailable(struct boot *b)
{
	const struct memblock_type *memory = &b->mb.memory;
	pfn_t hole = 0;
	u32 i, nid = 0;

	for (i = 0; i < memory->nr; i++) {
		pfn_t start = (pfn_t)(memory->regions[i].start >> PAGE_SHIFT);

		nid = (u32)memory->regions[i].nid;
		if (start > hole)
			print_hole(b, nid, start, hole_pages(hole, start));
		hole = (pfn_t)(memory->regions[i].end >> PAGE_SHIFT);
	}
	if (!is_i386(b))
		print_hole(b, nid, hole - 1, round_up_to(hole, PAGES_PER_SECTION) - hole);
}

void print_percpu_setup(struct boot *b)
{
	u64 low = b->e820[b->nr_bios_e820 - 1].end;
	u32 i;

	printk(b->m, 6, "smpboot: Allowing %u CPUs, 0 hotplug CPUs", b->c->nr_cpus);
	printk(b->m, 6, "PM: hibernation: Registered nosave memory: [mem 0x00000000-0x00000fff]");
	printk(b->m, 6, "PM: hibernation: Registered nosave memory: [mem 0x0009f000-0x000fffff]");
	for (i = 0; i < b->nr_bios_e820; i++)
		if (b->e820[i].ram && b->e820[i].end <= 4 * GiB)
			low = b->e820[i].end;
	if (b->max_pfn > 4 * GiB >> PAGE_SHIFT)
		printk(b->m, 6,
		       "PM: hibernation: Registered nosave memory: [mem 0x%08llx-0xffffffff]",
		       (unsigned long long)low);
	printk(b->m, 6, "[mem 0x%08llx-0xfffbffff] available for PCI devices",
	       (unsigned long long)b->low_top);
	printk(b->m, 6, "setup_percpu: NR_CPUS:%u nr_cpumask_bits:%u nr_cpu_ids:%u nr_node_ids:%u",
	       is_i386(b) ? 32 : 8192, b->c->nr_cpus, b->c->nr_cpus, b->nr_nodes);
}

void print_zonelists(struct boot *b)
{
	enum zone_type z, policy = ZONE_DMA;
	u32 nid;

	for (nid = 0; nid < b->m->nr_nodes && !is_i386(b); nid++)
		if (b->node_possible[nid])
			print_fallback_order(b->m, nid);
	for (nid = 0; nid < b->m->nr_nodes; nid++)
		for (z = ZONE_DMA; z <= ZONE_HIGHMEM; z++)
			if (zone_populated(&b->m->node[nid].zones[z]) && z > policy)
				policy = z;
	printk(b->m, 6, "Built %u zonelists, mobility grouping %s.  Total pages: %llu",
	       b->m->nr_online_nodes, b->m->page_group_by_mobility_disabled ? "off" : "on",
	       (unsigned long long)b->nr_all_pages);
	if (!is_i386(b))
		printk(b->m, 6, "Policy zone: %s", zone_name(policy));
}

void print_cmdline(struct boot *b)
{
	printk(b->m, 5, "Kernel command line: %s", b->c->cmdline);
	if (b->p->nr_unknown)
		printk(b->m, 5,
		       "Unknown kernel command line parameters \"%s\", will be passed to user space.",
		       b->p->unknown);
}

static void print_debugging(struct boot *b)
{
	printk(b->m, 6, "mem auto-init: stack:all(zero), heap alloc:%s, heap free:%s",
	       b->p->no_init_on_alloc ? "off" : "on", b->p->init_on_free ? "on" : "off");
}

void print_memory(struct boot *b)
{
	u64 early = pages_initialised_early(b), present = 0, high = 0, reserved;
	u32 tables = is_i386(b) ? 0 : b->c->cpu_la57 ? VMALLOC_PGTABLES_LA57 : VMALLOC_PGTABLES;
	const struct kernel_image *k = b->kernel;
	char highmem[48] = "";
	u32 nid;

	for (nid = 0; nid < b->m->nr_nodes; nid++) {
		present += b->m->node[nid].node_present_pages;
		high += b->m->node[nid].zones[ZONE_HIGHMEM].managed_pages;
	}
	reserved = present - b->m->totalram_pages;
	if (is_i386(b))
		snprintf(highmem, sizeof(highmem), ", %lluK highmem", (unsigned long long)high * 4);
	print_debugging(b);
	if (b->m->boot.swiotlb_start)
		printk(b->m, 6, "software IO TLB: area num %llu.",
		       (unsigned long long)roundup_pow_of_two(b->c->nr_cpus));
	printk(b->m, 6,
	       "Memory: %lluK/%lluK available (%uK kernel code, %uK rwdata, %uK rodata, %uK init, "
	       "%uK bss, %lluK reserved, 0K cma-reserved%s)",
	       (unsigned long long)(early > tables ? early - tables : 0) * 4,
	       (unsigned long long)present * 4, k->code_kb, k->rwdata_kb, k->rodata_kb, k->init_kb,
	       k->bss_kb, (unsigned long long)reserved * 4, highmem);
	printk(b->m, 6, "SLUB: HWalign=64, Order=0-3, MinObjects=0, CPUs=%u, Nodes=%u",
	       b->c->nr_cpus, b->nr_nodes);
}

void print_processors(struct boot *b)
{
	u32 minimum = 8 * b->c->nr_cpus;

	printk(b->m, 6, "Freeing SMP alternatives memory: %lluK",
	       (unsigned long long)b->kernel->smp_locks_size / KiB);
	printk(b->m, 6, "pid_max: default: %d minimum: %u", b->m->sysctl.pid_max,
	       minimum > 301 ? minimum : 301);
	print_late_hash_tables(b);
	printk(b->m, 6, "smp: Brought up %u node%s, %u CPU%s", b->m->nr_online_nodes,
	       b->m->nr_online_nodes == 1 ? "" : "s", b->c->nr_cpus, b->c->nr_cpus == 1 ? "" : "s");
	if (!is_i386(b))
		printk(b->m, 6, "x86/mm: Memory block size: 128MB");
}

void print_bounce_buffers(struct boot *b)
{
	u64 start = b->m->boot.swiotlb_start, end = start + 64 * MiB;

	if (!start)
		return;
	printk(b->m, 6, "PCI-DMA: Using software bounce buffering for IO (SWIOTLB)");
	printk(b->m, 6, "software IO TLB: mapped [mem 0x%016llx-0x%016llx] (64MB)",
	       (unsigned long long)start, (unsigned long long)end);
}
