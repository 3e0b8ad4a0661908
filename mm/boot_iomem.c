/*
 * boot_iomem.c - who owns which physical addresses: the lines of /proc/iomem.
 *
 * The firmware of a PC: RAM and what the e820 map reserves, the PCI host bridge's windows in the
 * holes, interrupt controllers and timer at their standard places, three virtio disks.
 */
#include "mm/boot_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PCI_WINDOW_END 0xfec00000ull
#define NR_DISKS       3u

static void add(struct boot *b, u64 start, u64 end, u8 depth, const char *name)
{
	struct boot_info *info = &b->m->boot;
	struct resource *r;

	if (start >= end || info->nr_iomem == MAX_RESOURCES)
		return;
	r = &info->iomem[info->nr_iomem++];
	r->start = start;
	r->end = end - 1;
	r->depth = depth;
	snprintf(r->name, sizeof(r->name), "%s", name);
}

static void add_kernel(struct boot *b)
{
	const struct kernel_image *k = b->kernel;
	u64 base = b->kernel_base;

	add(b, base, base + k->code_end, 1, "Kernel code");
	add(b, base + k->rodata, base + k->rodata_end, 1, "Kernel rodata");
	add(b, base + k->data, base + k->data_end, 1, "Kernel data");
	add(b, base + k->bss, base + k->bss_end, 1, "Kernel bss");
}

static void add_ram(struct boot *b)
{
	u32 i;

	add(b, 0, PAGE_SIZE, 0, "Reserved");
	for (i = 0; i < b->nr_bios_e820; i++) {
		const struct e820_entry *e = &b->e820[i];
		u64 start = e->start < PAGE_SIZE ? PAGE_SIZE : e->start, end = e->end;

		if (e->ram && b->p->mem && end > b->p->mem)
			end = b->p->mem;
		add(b, start, end, 0, e->ram ? "System RAM" : "Reserved");
	}
	for (i = 0; i < b->nr_dimms; i++)
		add(b, b->dimm[i].start, b->dimm[i].start + b->dimm[i].size, 0, "System RAM");
}

static void add_disks(struct boot *b)
{
	u32 i;

	for (i = 0; i < NR_DISKS; i++) {
		u64 bar4 = 0xfebf0000ull + i * 0x4000ull, bar1 = 0xfebfd000ull + i * 0x1000ull;
		char name[32];

		snprintf(name, sizeof(name), "0000:00:%02x.0", i + 2);
		add(b, bar4, bar4 + 0x4000, 1, name);
		add(b, bar4, bar4 + 0x4000, 2, "virtio-pci-modern");
		add(b, bar1, bar1 + 0x1000, 1, name);
	}
}

static void add_devices(struct boot *b)
{
	u64 high = round_up_to(b->high_top > 4 * GiB ? b->high_top : 4 * GiB, GiB);

	if (b->hotplug_end > high)
		high = round_up_to(b->hotplug_end, GiB);
	add(b, 0xa0000, 0xc0000, 0, "PCI Bus 0000:00");
	if (is_i386(b))
		add(b, 0xa0000, 0xc0000, 1, "Video RAM area");
	add(b, 0xc0000, 0xc0600, 0, "Video ROM");
	add(b, 0xf0000, 0x100000, 1, "System ROM");
	if (b->low_top < PCI_WINDOW_END) {
		add(b, b->low_top, PCI_WINDOW_END, 0, "PCI Bus 0000:00");
		if (!is_i386(b) && b->low_top <= 0xfebf0000)
			add_disks(b);
	}
	add(b, 0xfec00000, 0xfec00400, 0, "IOAPIC 0");
	add(b, 0xfed00000, 0xfed00400, 0, "HPET 0");
	add(b, 0xfed00000, 0xfed00400, 1, "PNP0103:00");
	add(b, 0xfee00000, 0xfee01000, 0, "Local APIC");
	add(b, high, high + 2 * GiB, 0, "PCI Bus 0000:00");
}

static int compare(const void *x, const void *y)
{
	const struct resource *a = x, *b = y;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return a->depth < b->depth ? -1 : a->depth > b->depth;
}

void build_iomem(struct boot *b)
{
	struct boot_info *info = &b->m->boot;

	info->nr_iomem = 0;
	add_ram(b);
	add_kernel(b);
	add_devices(b);
	qsort(info->iomem, info->nr_iomem, sizeof(info->iomem[0]), compare);
}
