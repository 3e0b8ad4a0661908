/*
 * firmware.c - the machine before the kernel: RAM at physical addresses, the e820 map, the nodes.
 *
 *	0        640K  1M                    low_top      4G                  high_top
 *	| RAM   | hole | RAM of nodes 0, 1 .. | PCI hole  | RAM of the nodes .. | DIMM slots |
 *	                                  ^ tables the firmware keeps
 *
 * A PC's chipset puts all RAM below 4 GiB if there is less than 3.5 GiB of it; else 3 GiB stay
 * below and the rest starts at 4 GiB. Nodes fill that space in the order of their numbers. A
 * machine file may give ranges instead, for any other layout; then they are the usable RAM as it
 * is.
 */
#include "mm/boot_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOUR_GIB       ((u64)4 << 30)
#define LOW_MAX	       ((u64)3 << 30)
#define SPLIT_FROM     ((u64)3584 << 20)
#define EBDA	       0x9fc00ull
#define LEGACY_HOLE    0xa0000ull
#define LEGACY_END     0x100000ull
#define HT_START       0xfd00000000ull /* an AMD processor's HyperTransport window */
#define HT_END	       0x10000000000ull
#define FAKE_NODE_UNIT ((u64)32 << 20)

int boot_error(struct boot *b, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(b->why, b->why_size, format, args);
	va_end(args);
	return -EINVAL;
}

static int compare_ranges(const void *x, const void *y)
{
	const struct memory_range *a = x, *b = y;

	return a->start < b->start ? -1 : a->start > b->start;
}

static int add_ram(struct boot *b, u64 start, u64 size, u16 nid)
{
	if (!size)
		return 0;
	if (b->nr_ram == MAX_MEMORY_RANGES)
		return boot_error(b, "more than %d memory ranges", MAX_MEMORY_RANGES);
	b->ram[b->nr_ram++] = (struct memory_range){ .start = start, .size = size, .nid = nid };
	return 0;
}

static int place_ranges(struct boot *b)
{
	u64 end = 0;
	u32 i;

	for (i = 0; i < b->c->nr_ranges; i++) {
		const struct memory_range *r = &b->c->range[i];
		int error = r->hotplug ? 0 : add_ram(b, r->start, r->size, r->nid);

		if (error)
			return error;
	}
	qsort(b->ram, b->nr_ram, sizeof(b->ram[0]), compare_ranges);
	for (i = 0; i < b->nr_ram; i++) {
		if (b->ram[i].start < end)
			return boot_error(b, "memory ranges overlap at 0x%llx",
					  (unsigned long long)b->ram[i].start);
		end = b->ram[i].start + b->ram[i].size;
		if (end <= FOUR_GIB)
			b->low_top = end;
	}
	b->high_top = end;
	return 0;
}

/* Bytes of node @nid: its own, or its share of the whole if no node says. */
static u64 node_size(const struct boot *b, u32 nid)
{
	const struct machine_config *c = b->c;
	u64 share, named = 0;
	u32 i, present = 0, last = 0;

	for (i = 0; i < c->nr_nodes; i++) {
		named += c->node[i].size;
		if (c->node[i].present) {
			present++;
			last = i;
		}
	}
	if (named || !present)
		return c->node[nid].size;
	if (!c->node[nid].present)
		return 0;
	share = present == 1 ? c->ram : round_down_to(c->ram / present, 128 * MiB);
	return nid == last ? c->ram - share * (present - 1) : share;
}

static int place_nodes(struct boot *b)
{
	u64 total = 0, low, at = 0;
	u32 nid;

	for (nid = 0; nid < b->c->nr_nodes; nid++)
		total += node_size(b, nid);
	low = total >= SPLIT_FROM ? LOW_MAX : total;
	for (nid = 0; nid < b->c->nr_nodes; nid++) {
		u64 size = node_size(b, nid);
		int error = 0;

		if (at < low) {
			u64 part = size < low - at ? size : low - at;

			error = add_ram(b, at, part, (u16)nid);
			at += part;
			size -= part;
			if (at == low)
				at = FOUR_GIB;
		}
		if (!error)
			error = add_ram(b, at, size, (u16)nid);
		if (error)
			return error;
		at += size;
	}
	b->low_top = low;
	b->high_top = at > FOUR_GIB ? at : low;
	return 0;
}

static int add_dimm(struct boot *b, struct memory_range *r, u64 *next)
{
	if (!r->start)
		r->start = round_up_to(*next, GiB);
	if (!r->size || r->size % ((u64)1 << SECTION_SHIFT) || r->start % ((u64)1 << SECTION_SHIFT))
		return boot_error(b, "a DIMM starts and ends at multiples of 128 MiB");
	if (r->start < b->hotplug_start)
		return boot_error(
			b, "a DIMM at 0x%llx is below the slots' space, which starts at 0x%llx",
			(unsigned long long)r->start, (unsigned long long)b->hotplug_start);
	b->dimm[b->nr_dimms++] = *r;
	*next = r->start + r->size;
	return 0;
}

/* DIMM slots lie above all RAM: what they may hold, and 1 GiB of room to align each of them. */
static int place_dimms(struct boot *b)
{
	u64 ram = 0, size, next;
	u32 i, plugged = 0;

	for (i = 0; i < b->nr_ram; i++)
		ram += b->ram[i].size;
	for (i = 0; i < b->c->nr_ranges; i++)
		plugged += b->c->range[i].hotplug;
	b->hotplug_start = round_up_to(b->high_top > FOUR_GIB ? b->high_top : FOUR_GIB, GiB);
	b->hotplug_end = next = b->hotplug_start;
	b->hotplug_nid = (u16)(b->c->nr_nodes - 1);
	if (!plugged && b->c->max_memory <= ram)
		return 0;
	for (i = 0; i < b->c->nr_ranges; i++) {
		struct memory_range *r = &b->m->config.range[i];
		int error = r->hotplug ? add_dimm(b, r, &next) : 0;

		if (error)
			return error;
	}
	qsort(b->dimm, b->nr_dimms, sizeof(b->dimm[0]), compare_ranges);
	for (i = 1; i < b->nr_dimms; i++)
		if (b->dimm[i].start < b->dimm[i - 1].start + b->dimm[i - 1].size)
			return boot_error(b, "two DIMMs overlap at 0x%llx",
					  (unsigned long long)b->dimm[i].start);
	size = b->c->max_memory > ram ? b->c->max_memory - ram : 0;
	size += (u64)(b->c->dimm_slots > plugged ? b->c->dimm_slots : plugged) * GiB;
	b->hotplug_end = b->hotplug_start + size;
	if (b->nr_dimms) {
		const struct memory_range *last = &b->dimm[b->nr_dimms - 1];

		if (b->hotplug_end < last->start + last->size)
			b->hotplug_end = round_up_to(last->start + last->size, GiB);
	}
	b->m->boot.hotplug_start = b->hotplug_start;
	b->m->boot.hotplug_end = b->hotplug_end;
	return 0;
}

static void add_e820(struct boot *b, u64 start, u64 end, bool ram)
{
	struct e820_entry *last = b->nr_e820 ? &b->e820[b->nr_e820 - 1] : NULL;

	if (start >= end)
		return;
	if (last && last->end == start && last->ram == ram) {
		last->end = end;
		return;
	}
	if (b->nr_e820 < MAX_E820)
		b->e820[b->nr_e820++] = (struct e820_entry){ start, end, ram };
}

static int compare_e820(const void *x, const void *y)
{
	const struct e820_entry *a = x, *b = y;

	return a->start < b->start ? -1 : a->start > b->start;
}

static bool has_ranges(const struct boot *b)
{
	u32 i;

	for (i = 0; i < b->c->nr_ranges; i++)
		if (!b->c->range[i].hotplug)
			return true;
	return false;
}

static void build_e820(struct boot *b)
{
	u64 kept = has_ranges(b) ? 0 : b->kernel->firmware_pages * PAGE_SIZE, low_end = EBDA;
	u32 i;

	for (i = 0; i < b->nr_ram; i++) {
		u64 start = b->ram[i].start, end = start + b->ram[i].size;

		if (end == b->low_top)
			end -= kept;
		if (start < LEGACY_END) {
			/* ranges that end below the hole say how much there is: UEFI leaves the
			 * EBDA */
			u64 top = end <= LEGACY_HOLE && has_ranges(b) ? end : EBDA;

			add_e820(b, start, end < top ? end : top, true);
			low_end = top > low_end ? top : low_end;
			start = LEGACY_END;
		}
		add_e820(b, start, end, true);
	}
	add_e820(b, low_end, LEGACY_HOLE, false);
	add_e820(b, 0xf0000, LEGACY_END, false);
	add_e820(b, b->low_top - kept, b->low_top, false);
	add_e820(b, 0xfffc0000, FOUR_GIB, false);
	if (!is_i386(b) && b->high_top <= HT_START && b->hotplug_end <= HT_START)
		add_e820(b, HT_START, HT_END, false);
	qsort(b->e820, b->nr_e820, sizeof(b->e820[0]), compare_e820);
	b->nr_bios_e820 = b->nr_e820;
}

int firmware_place_memory(struct boot *b)
{
	int error = place_ranges(b);

	if (!error && !b->nr_ram)
		error = place_nodes(b);
	if (!error && !b->nr_ram)
		return boot_error(b, "the machine has no memory");
	if (!error && b->nr_ram && b->ram[0].start > 16 * MiB)
		return boot_error(b, "the machine has no memory below 16 MiB");
	if (!error)
		error = place_dimms(b);
	if (!error && (b->hotplug_end > b->high_top ? b->hotplug_end : b->high_top) > (u64)16 << 40)
		return boot_error(b, "memory above 16 TiB");
	if (!error)
		build_e820(b);
	return error;
}

void firmware_print_e820(struct boot *b)
{
	u32 i;

	printk(b->m, 6, "BIOS-provided physical RAM map:");
	for (i = 0; i < b->nr_bios_e820; i++)
		printk(b->m, 6, "BIOS-e820: [mem 0x%016llx-0x%016llx] %s",
		       (unsigned long long)b->e820[i].start, (unsigned long long)b->e820[i].end - 1,
		       b->e820[i].ram ? "usable" : "reserved");
	if (b->p->mem)
		printk(b->m, 6, "e820: remove [mem 0x%08llx-0xfffffffffffffffe] usable",
		       (unsigned long long)b->p->mem);
	printk(b->m, 6, "e820: update [mem 0x00000000-0x00000fff] usable ==> reserved");
	printk(b->m, 6, "e820: remove [mem 0x000a0000-0x000fffff] usable");
}

/* RAM of [start, end) as the kernel may use it goes to @nid. */
static void assign(struct boot *b, u64 start, u64 end, u32 nid)
{
	u32 i;

	if (b->p->mem && end > b->p->mem)
		end = b->p->mem;
	if (is_i386(b) && end > i386_ram_end(b))
		end = i386_ram_end(b);
	for (i = 0; i < b->nr_e820; i++) {
		u64 from = round_up_to(b->e820[i].start, PAGE_SIZE);
		u64 to = round_down_to(b->e820[i].end, PAGE_SIZE);

		if (!b->e820[i].ram)
			continue;
		if (from < PAGE_SIZE)
			from = PAGE_SIZE; /* the first page stays with the firmware */
		if (from < start)
			from = start;
		if (to > end)
			to = end;
		if (from < to)
			memblock_add(&b->mb, from, to - from, (s32)nid);
	}
}

static void copy_cpus(struct boot *b, u32 to, u32 from)
{
	u32 i;

	for (i = 0; i < NR_CPUS_MAX / 64; i++)
		b->cpumask[to][i] |= b->c->node[from].cpumask[i];
}

static u64 ram_between(const struct boot *b, u32 nid, u64 start, u64 end)
{
	u64 sum = 0;
	u32 i;

	for (i = 0; i < b->nr_e820; i++) {
		u64 from = b->e820[i].start > start ? b->e820[i].start : start;
		u64 to = b->e820[i].end < end ? b->e820[i].end : end;
		u32 j;

		if (!b->e820[i].ram || from >= to)
			continue;
		for (j = 0; j < b->nr_ram; j++) {
			u64 r_end = b->ram[j].start + b->ram[j].size;
			u64 lo = b->ram[j].start > from ? b->ram[j].start : from;
			u64 hi = r_end < to ? r_end : to;

			if (b->ram[j].nid == nid && lo < hi)
				sum += hi - lo;
		}
	}
	return sum;
}

/* Where a fake node ends that starts at @start of real node @nid and wants @size bytes of RAM. */
static u64 fake_node_end(const struct boot *b, u32 nid, u64 start, u64 size, bool big, u64 limit)
{
	u64 end = start + size + (big ? FAKE_NODE_UNIT : 0);

	while (end < limit && ram_between(b, nid, start, end) < size)
		end += FAKE_NODE_UNIT;
	/* too little would be left below 4 GiB, or at all, for the next one */
	if (end < FOUR_GIB && limit > FOUR_GIB &&
	    ram_between(b, nid, end, FOUR_GIB) < FAKE_NODE_UNIT)
		end = FOUR_GIB;
	if (end > limit || ram_between(b, nid, end, limit) < size)
		end = limit;
	return end;
}

/* The RAM of real node @real in [start, end) becomes node @nid. */
static void assign_part(struct boot *b, u32 real, u64 start, u64 end, u32 nid)
{
	u32 i;

	for (i = 0; i < b->nr_ram; i++) {
		u64 from = b->ram[i].start > start ? b->ram[i].start : start;
		u64 to = b->ram[i].start + b->ram[i].size;

		if (to > end)
			to = end;
		if (b->ram[i].nid == real && from < to)
			assign(b, from, to, nid);
	}
	copy_cpus(b, nid, real);
	printk(b->m, 6, "Faking node %u at [mem 0x%016llx-0x%016llx] (%lluMB)", nid,
	       (unsigned long long)start, (unsigned long long)end - 1,
	       (unsigned long long)(end - start) >> 20);
}

static u64 end_of_node(const struct boot *b, u32 nid)
{
	u64 end = 0;
	u32 i, j;

	for (i = 0; i < b->nr_ram; i++)
		for (j = 0; j < b->nr_e820; j++) {
			u64 to = b->ram[i].start + b->ram[i].size;

			if (to > b->e820[j].end)
				to = b->e820[j].end;
			if (b->ram[i].nid == nid && b->e820[j].ram && to > b->e820[j].start &&
			    to > end)
				end = to;
		}
	return end;
}

/* numa=fake=N: the real nodes are cut into N, in turns, in units of 32 MiB. */
static int assign_fake(struct boot *b, u32 fakes)
{
	u64 at[MAX_NUMNODES] = { 0 }, limit[MAX_NUMNODES], total = 0, size, big;
	u32 nid = 0, real, idle = 0;

	for (real = 0; real < b->c->nr_nodes; real++) {
		limit[real] = end_of_node(b, real);
		total += ram_between(b, real, 0, limit[real]);
	}
	size = round_down_to(total / fakes, FAKE_NODE_UNIT);
	big = total / fakes % FAKE_NODE_UNIT * fakes / FAKE_NODE_UNIT;
	if (!size)
		return -ENOSPC;
	for (real = 0; nid < fakes && idle < b->c->nr_nodes; real = (real + 1) % b->c->nr_nodes) {
		u64 end;

		if (!ram_between(b, real, at[real], limit[real])) {
			idle++;
			continue;
		}
		idle = 0;
		end = fake_node_end(b, real, at[real], size, nid < big, limit[real]);
		if (nid == fakes - 1 && b->c->nr_nodes == 1)
			end = limit[real];
		assign_part(b, real, at[real], end, nid++);
		at[real] = end;
	}
	b->nr_nodes = nid;
	return 0;
}

void firmware_add_memory(struct boot *b)
{
	assign(b, 0, UINT64_MAX, 0);
}

static void assign_one_node(struct boot *b)
{
	u32 nid;

	for (nid = 0; nid < b->c->nr_nodes; nid++)
		copy_cpus(b, 0, nid);
	b->nr_nodes = 1;
	b->hotplug_nid = 0;
}

/* ---- what the ACPI tables say about nodes ---- */

static void print_srat_range(struct boot *b, u32 nid, u64 start, u64 end, const char *remark)
{
	printk(b->m, 6, "ACPI: SRAT: Node %u PXM %u [mem 0x%08llx-0x%08llx]%s", nid, nid,
	       (unsigned long long)start, (unsigned long long)end - 1, remark);
}

static void print_srat(struct boot *b)
{
	u32 cpu, nid, i;

	for (cpu = 0; cpu < b->c->nr_cpus; cpu++)
		for (nid = 0; nid < b->c->nr_nodes; nid++)
			if (b->c->node[nid].cpumask[cpu / 64] >> (cpu % 64) & 1)
				printk(b->m, 6, "SRAT: PXM %u -> APIC 0x%02x -> Node %u", nid, cpu,
				       nid);
	for (i = 0; i < b->nr_ram; i++) {
		u64 start = b->ram[i].start, end = start + b->ram[i].size;

		if (start < LEGACY_HOLE) {
			print_srat_range(b, b->ram[i].nid, start, LEGACY_HOLE, "");
			start = LEGACY_END;
		}
		if (start < end)
			print_srat_range(b, b->ram[i].nid, start, end, "");
	}
	if (b->hotplug_end > b->hotplug_start)
		print_srat_range(b, b->hotplug_nid, b->hotplug_start, b->hotplug_end, " hotplug");
}

bool numa_has_distances(const struct boot *b)
{
	u32 i, j;

	if (b->p->numa_fake > 1 && b->nr_nodes > 1)
		return true;
	for (i = 0; i < b->nr_nodes && b->nr_nodes > 1; i++)
		for (j = 0; j < b->nr_nodes; j++)
			if (b->c->node[i].distance[j])
				return true;
	return false;
}

static void print_no_numa(struct boot *b)
{
	printk(b->m, 6, "%s", b->p->numa_off ? "NUMA turned off" : "No NUMA configuration found");
	printk(b->m, 6, "Faking a node at [mem 0x%016llx-0x%016llx]", 0ull,
	       ((unsigned long long)b->max_pfn << PAGE_SHIFT) - 1);
}

static void find_possible_nodes(struct boot *b)
{
	u32 i, nid;

	for (nid = 0; nid < b->nr_nodes; nid++)
		for (i = 0; i < NR_CPUS_MAX / 64; i++)
			b->node_possible[nid] |= b->cpumask[nid][i] != 0;
	for (i = 0; i < b->mb.memory.nr; i++)
		b->node_possible[b->mb.memory.regions[i].nid] = true;
	for (i = 0; i < b->nr_dimms; i++) {
		if (b->dimm[i].nid >= b->nr_nodes)
			b->dimm[i].nid = 0;
		b->node_possible[b->dimm[i].nid] = true;
	}
	if (b->hotplug_end > b->hotplug_start && b->hotplug_nid < b->nr_nodes)
		b->node_possible[b->hotplug_nid] = true;
}

int numa_assign_nodes(struct boot *b)
{
	u32 i, nid, fakes = b->p->numa_fake < MAX_NUMNODES ? b->p->numa_fake : MAX_NUMNODES;
	bool numa = !is_i386(b) && !b->p->numa_off && b->c->nr_nodes > 1;

	if (numa)
		print_srat(b);
	else if (!is_i386(b))
		print_no_numa(b);
	if (fakes > 1 && !is_i386(b) && !b->p->numa_off && !assign_fake(b, fakes)) {
		find_possible_nodes(b);
	} else if (!numa) {
		assign_one_node(b);
		find_possible_nodes(b);
	} else {
		for (i = 0; i < b->nr_ram; i++)
			assign(b, b->ram[i].start, b->ram[i].start + b->ram[i].size, b->ram[i].nid);
		for (nid = 0; nid < b->c->nr_nodes; nid++)
			copy_cpus(b, nid, nid);
		b->nr_nodes = b->c->nr_nodes;
		find_possible_nodes(b);
	}
	if (numa_has_distances(b))
		printk(b->m, 6, "NUMA: Initialized distance table, cnt=%u", b->nr_nodes);
	return b->mb.failed ? -ENOMEM : 0;
}
