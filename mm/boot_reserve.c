/*
 * boot_reserve.c - what a 6.1 kernel keeps for itself before there is an allocator.
 *
 * Each table is asked of memblock with the size, alignment and node that the kernel asks for, in
 * its order, so that it lands where the real one lies (docs/boot.md lists them with their
 * evidence). Sizes that depend on the build are constants of struct kernel_image; the rest are
 * rules.
 */
#include "mm/boot_internal.h"

#include <errno.h>
#include <string.h>

#define PMD_SIZE	  ((u64)2 << 20)
#define ALLOC_FLOOR	  ((u64)16 << 20) /* tables bound to a node stay out of the DMA zone */
#define SMALL		  64u		  /* alignment of small early tables: a cache line */
#define INITRD_GAP	  0x30000u	  /* the boot loader keeps this off the top of low RAM */
#define BRK_PAGE_TABLES	  12u		  /* page tables that the image itself brings along */
#define SECTIONS_PER_ROOT 128u		  /* 32-byte sections in a page */
#define SECTION_BYTES	  ((u64)1 << SECTION_SHIFT)
#define SWIOTLB_BYTES	  ((u64)64 << 20)
#define LOG_BUF_BYTES	  ((u64)1 << 17)

/* Debian's linux-image-6.1.0-56-amd64 and linux-image-6.1.0-50-686-pae. */
static const struct kernel_image images[] = {
	[ARCH_X86_64] = {
		.size = 0x3400000, .code_end = 0xe01d32, .rodata = 0x1000000, .rodata_end = 0x18eb000,
		.data = 0x1a00000, .data_end = 0x1c48980, .bss = 0x2310000, .bss_end = 0x3400000,
		.brk = 0x11000, .smp_locks = 0x2306000, .smp_locks_size = 36 << 10,
		.freed = {
			{ "decrypted", 0x2403000, 2036 << 10 },
			{ "kernel image (initmem)", 0x2044000, 2824 << 10 },
			{ "kernel image (text/rodata gap)", 0xe02000, 2040 << 10 },
			{ "kernel image (rodata/data gap)", 0x18eb000, 1108 << 10 },
		},
		.code_kb = 14343, .rwdata_kb = 2338, .rodata_kb = 9132, .init_kb = 2824,
		.bss_kb = 17344, .firmware_pages = 41, .page_struct = 64, .hash_bucket = 8,
		.percpu_static = 217088, .percpu_reserved = 8192, .percpu_dynamic = 28672,
		.pgdat = 0x2a880,
	},
	[ARCH_I386] = {
		.size = 0xf0b000, .code_end = 0x933eff + 1, .rodata = 0x934000, .rodata_end = 0xc51000,
		.data = 0xc52000, .data_end = 0xd8e680, .bss = 0xe94000, .bss_end = 0xf0b000,
		.brk = 17 * PAGE_SIZE, .smp_locks = 0xda0000, .smp_locks_size = 32 << 10,
		.freed = { { "kernel image (initmem)", 0xdac000, 928 << 10 } },
		.code_kb = 9423, .rwdata_kb = 1265, .rodata_kb = 3188, .init_kb = 928, .bss_kb = 476,
		.firmware_pages = 32, .page_struct = 40, .hash_bucket = 4,
		.percpu_static = 104276, .percpu_dynamic = 30892,
	},
};

const struct kernel_image *kernel_image_of(enum machine_arch arch)
{
	return &images[arch];
}

/* ---- image, initrd, page tables, log ---- */

static u64 image_bytes(const struct boot *b, u64 base)
{
	/* i386 brings along page tables for everything up to its end, one page for each 2 or 4
	 * MiB */
	u64 tables = is_i386(b) ? base / b->m->pt.huge_size * PAGE_SIZE : 0;

	return b->kernel->size + b->kernel->brk + tables;
}

static bool image_fits(const struct boot *b, u64 base)
{
	u64 bytes = image_bytes(b, base);

	return memblock_bytes(&b->mb.memory, base, base + bytes) == bytes &&
	       (!b->mb.limit || base + bytes <= b->mb.limit);
}

static int place_kernel(struct boot *b)
{
	u64 base = b->c->kernel_base && !b->p->nokaslr ? b->c->kernel_base : 16 * MiB;

	if (base % PMD_SIZE)
		return boot_error(b, "kernel_base 0x%llx is no multiple of 2 MiB",
				  (unsigned long long)base);
	if (!image_fits(b, base)) {
		/* where mem= ends below it, the boot loader puts it elsewhere */
		if (b->c->kernel_base == base && !b->p->mem)
			return boot_error(b, "no RAM for the kernel at kernel_base 0x%llx",
					  (unsigned long long)base);
		for (base = 16 * MiB; base < b->high_top && !image_fits(b, base);)
			base += PMD_SIZE;
		if (base >= b->high_top)
			return boot_error(b, "too little RAM: the kernel needs %u MiB in one piece",
					  (u32)(image_bytes(b, 16 * MiB) / MiB) + 1);
	}
	b->kernel_base = base;
	memblock_reserve(&b->mb, base, image_bytes(b, base));
	return 0;
}

/* The boot loader puts it at the top of low RAM. Where the kernel cannot reach it (mem=, HighMem)
 * it is moved to the highest address in reach. */
static int place_initrd(struct boot *b)
{
	u64 size = round_up_to(b->c->initrd_size, PAGE_SIZE), old;
	u64 gap = is_i386(b) ? b->kernel->firmware_pages * PAGE_SIZE : INITRD_GAP;
	u64 at = b->low_top > gap + size ? b->low_top - gap - size : 0;

	if (!size)
		return 0;
	if (at)
		printk(b->m, 6, "RAMDISK: [mem 0x%08llx-0x%08llx]", (unsigned long long)at,
		       (unsigned long long)(at + size - 1));
	if (!at || memblock_bytes(&b->mb.memory, at, at + size) != size ||
	    memblock_bytes(&b->mb.reserved, at, at + size) ||
	    (b->mb.limit && at + size > b->mb.limit)) {
		old = at;
		at = memblock_find(&b->mb, size, PAGE_SIZE, 0, 0, MEMBLOCK_ANY_NODE);
		if (!at)
			return boot_error(b, "no room for an initrd of %llu kB",
					  (unsigned long long)size >> 10);
		printk(b->m, 6, "Allocated new RAMDISK: [mem 0x%08llx-0x%08llx]",
		       (unsigned long long)at, (unsigned long long)(at + size - 1));
		printk(b->m, 6,
		       "Move RAMDISK from [mem 0x%08llx-0x%08llx] to [mem 0x%08llx-0x%08llx]",
		       (unsigned long long)old, (unsigned long long)(old + size - 1),
		       (unsigned long long)at, (unsigned long long)(at + size - 1));
	}
	memblock_reserve(&b->mb, at, size);
	b->initrd_start = at;
	b->initrd_end = at + size;
	return 0;
}

/*
 * The direct map: a table of 2 MiB entries for each GiB that has RAM (with 1 GiB pages only where a
 * GiB is not all RAM), and a few above and below. The real number differs by up to two either way:
 * the kernel maps itself at a random address, and the map may straddle tables.
 */
static void reserve_direct_map(struct boot *b)
{
	u64 at, tables = b->c->cpu_1g_pages ? 10 : 8;

	for (at = 0; at < b->high_top; at += GiB) {
		u64 ram = memblock_bytes(&b->mb.memory, at, at + GiB);

		tables += ram && (!b->c->cpu_1g_pages || ram < GiB);
	}
	for (; tables > BRK_PAGE_TABLES; tables--)
		memblock_alloc(&b->mb, PAGE_SIZE, PAGE_SIZE, 0, 0, MEMBLOCK_ANY_NODE);
}

/* The static log is 128 KiB; 4 KiB for each further CPU once they exceed half of that. The records'
 * descriptors take 0.75 and 2.75 times as much again. */
static void reserve_log(struct boot *b)
{
	u64 extra = (u64)(b->c->nr_cpus - 1) * PAGE_SIZE, bytes = 0;

	if (extra > LOG_BUF_BYTES / 2)
		bytes = roundup_pow_of_two(LOG_BUF_BYTES + extra);
	if (b->p->log_buf_len > LOG_BUF_BYTES)
		bytes = b->p->log_buf_len;
	if (!bytes)
		return;
	memblock_alloc(&b->mb, bytes, 8, 0, 0, MEMBLOCK_ANY_NODE);
	memblock_alloc(&b->mb, bytes / 4 * 3, 8, 0, 0, MEMBLOCK_ANY_NODE);
	memblock_alloc(&b->mb, bytes / 4 * 11, 8, 0, 0, MEMBLOCK_ANY_NODE);
	printk(b->m, 6, "printk: log_buf_len: %llu bytes", (unsigned long long)bytes);
}

int reserve_image(struct boot *b)
{
	int error;

	memblock_reserve(&b->mb, 0, MiB);
	error = place_kernel(b);
	if (!error)
		error = place_initrd(b);
	if (error)
		return error;
	if (!is_i386(b))
		reserve_direct_map(b);
	reserve_log(b);
	return 0;
}

/* ---- nodes and memmap ---- */

int reserve_node_data(struct boot *b)
{
	u64 size = round_up_to(b->kernel->pgdat, PAGE_SIZE);
	u32 nid;

	if (is_i386(b))
		return 0;
	if (numa_has_distances(b))
		memblock_alloc(&b->mb, (u64)b->nr_nodes * b->nr_nodes, PAGE_SIZE, 0, 0,
			       MEMBLOCK_ANY_NODE);
	for (nid = 0; nid < b->nr_nodes; nid++) {
		u64 at;

		if (b->node_start[nid] == b->node_end[nid])
			continue;
		at = memblock_alloc(&b->mb, size, SMALL, 0, 0, (s32)nid);
		if (!at)
			return boot_error(b, "too little RAM for the data of node %u", nid);
		printk(b->m, 6, "NODE_DATA(%u) allocated [mem 0x%08llx-0x%08llx]", nid,
		       (unsigned long long)at, (unsigned long long)(at + size - 1));
	}
	return 0;
}

/* Sections of node @nid's RAM. A section belongs to the node that its first RAM belongs to. */
struct node_sections {
	u64 nr, first;
};

static void count_sections(const struct boot *b, struct node_sections *out)
{
	u64 next = 0; /* first section that nobody has yet */
	u32 i;

	memset(out, 0, MAX_NUMNODES * sizeof(*out));
	for (i = 0; i < b->mb.memory.nr; i++) {
		const struct memblock_region *r = &b->mb.memory.regions[i];
		u64 from = r->start / SECTION_BYTES, to = (r->end - 1) / SECTION_BYTES;

		if (from < next)
			from = next;
		if (from > to)
			continue;
		if (!out[r->nid].nr)
			out[r->nid].first = from;
		out[r->nid].nr += to - from + 1;
		next = to + 1;
	}
}

/* A page of section descriptors for each 16 GiB of addresses that hold RAM. */
static void reserve_section_roots(struct boot *b)
{
	u64 roots = (b->c->cpu_la57 ? (u64)1 << 25 : (u64)1 << 19) / SECTIONS_PER_ROOT;
	u64 next = 0;
	u32 i;

	memblock_alloc(&b->mb, roots * 8, SMALL, 0, 0, MEMBLOCK_ANY_NODE);
	for (i = 0; i < b->mb.memory.nr; i++) {
		struct memblock_region r = b->mb.memory.regions[i];
		u64 root = r.start / SECTION_BYTES / SECTIONS_PER_ROOT;
		u64 last = (r.end - 1) / SECTION_BYTES / SECTIONS_PER_ROOT;

		for (root = root < next ? next : root; root <= last; root++) {
			memblock_alloc(&b->mb, PAGE_SIZE, SMALL, 0, 0, r.nid);
			next = root + 1;
		}
	}
}

static void reserve_memmap_tables(struct boot *b, u32 nid, const struct node_sections *s,
				  u64 *mapped)
{
	/* 64 bytes a page: a table of 2 MiB entries covers the memmap of 64 GiB */
	u64 last = (s->first + s->nr) * SECTION_BYTES / (64 * GiB) + 1;
	u64 top = *mapped ? 0 : 1 + (u64)b->c->cpu_la57;

	for (; top; top--)
		memblock_alloc(&b->mb, PAGE_SIZE, PAGE_SIZE, ALLOC_FLOOR, 0, (s32)nid);
	for (; *mapped < last; (*mapped)++)
		memblock_alloc(&b->mb, PAGE_SIZE, PAGE_SIZE, ALLOC_FLOOR, 0, (s32)nid);
}

static int reserve_sparse_memmap(struct boot *b)
{
	struct node_sections sections[MAX_NUMNODES];
	u64 mapped = 0, nr, part;
	u32 nid;

	count_sections(b, sections);
	reserve_section_roots(b);
	for (nid = 0; nid < b->nr_nodes; nid++) {
		if (!sections[nid].nr)
			continue;
		memblock_alloc(&b->mb, sections[nid].nr * 56, SMALL,
			       round_down_to((u64)(b->node_end[nid] - 1) << PAGE_SHIFT,
					     SECTION_BYTES),
			       0, (s32)nid);
		nr = sections[nid].nr * PAGES_PER_SECTION * b->kernel->page_struct;
		b->m->boot.memmap_pages += nr >> PAGE_SHIFT;
		if (!memblock_alloc_exact(&b->mb, nr, PMD_SIZE, ALLOC_FLOOR, 0, (s32)nid))
			for (; nr; nr -= part) { /* in pieces, from wherever they come */
				part = PMD_SIZE;
				if (!memblock_alloc(&b->mb, part, PMD_SIZE, 0, 0, (s32)nid) &&
				    !memblock_alloc(&b->mb, part, PAGE_SIZE, 0, 0, (s32)nid))
					return boot_error(b, "too little RAM for node %u's memmap",
							  nid);
			}
		reserve_memmap_tables(b, nid, &sections[nid], &mapped);
	}
	return 0;
}

/* Pageblock flags: 4 bits for each block of a zone, in whole words. */
static u64 usemap_bytes(const struct boot *b, enum zone_type zone)
{
	u64 first = round_down_to(b->zone_start[zone], PAGEBLOCK_NR_PAGES);
	u64 end = round_up_to(b->zone_end[zone], PAGEBLOCK_NR_PAGES);

	return round_up_to((end - first) / PAGEBLOCK_NR_PAGES * 4, 32) / 8;
}

static int reserve_flat_memmap(struct boot *b)
{
	static const enum zone_type zones[] = { ZONE_DMA, ZONE_NORMAL, ZONE_HIGHMEM };
	u64 bytes = round_up_to(b->max_pfn, 1u << (MAX_ORDER - 1)) * b->kernel->page_struct;
	u32 i;

	if (!memblock_alloc(&b->mb, bytes, SMALL, 0, 0, 0))
		return boot_error(b, "too little low memory for a memmap of %llu kB",
				  (unsigned long long)bytes >> 10);
	b->m->boot.memmap_pages = bytes >> PAGE_SHIFT;
	for (i = 0; i < ARRAY_SIZE(zones); i++)
		if (b->zone_end[zones[i]] > b->zone_start[zones[i]])
			memblock_alloc(&b->mb, usemap_bytes(b, zones[i]), SMALL, 0, 0, 0);
	return 0;
}

int reserve_memmap(struct boot *b)
{
	return is_i386(b) ? reserve_flat_memmap(b) : reserve_sparse_memmap(b);
}

int reserve_memoryless_nodes(struct boot *b)
{
	u32 nid;

	for (nid = 0; nid < b->nr_nodes && !is_i386(b); nid++) {
		if (!b->node_possible[nid] || b->node_start[nid] != b->node_end[nid])
			continue;
		memblock_alloc(&b->mb, b->kernel->pgdat, SMALL, 0, 0, MEMBLOCK_ANY_NODE);
		printk(b->m, 6, "Initializing node %u as memoryless", nid);
	}
	return 0;
}

/* ---- small tables ---- */

static u64 nr_nosave_regions(const struct boot *b)
{
	return b->high_top > 4 * GiB ? 3 : 2;
}

int reserve_small_tables(struct boot *b)
{
	u64 i, size = is_i386(b) ? 49 : 73;

	memblock_alloc(&b->mb, size, SMALL, 0, 0, MEMBLOCK_ANY_NODE);	  /* HPET's resource */
	memblock_alloc(&b->mb, size + 2, SMALL, 0, 0, MEMBLOCK_ANY_NODE); /* I/O APIC's */
	memblock_alloc(&b->mb, (u64)(b->nr_e820 + 1) * (is_i386(b) ? 40 : 64), SMALL, 0, 0,
		       MEMBLOCK_ANY_NODE);
	for (i = 0; i < b->nr_e820; i++)
		memblock_alloc(&b->mb, is_i386(b) ? 64 : 104, SMALL, 0, 0, MEMBLOCK_ANY_NODE);
	for (i = 0; i < nr_nosave_regions(b); i++)
		memblock_alloc(&b->mb, is_i386(b) ? 16 : 32, SMALL, 0, 0, MEMBLOCK_ANY_NODE);
	size = strlen(b->c->cmdline) + 1;
	for (i = 0; i < 2; i++)
		memblock_alloc(&b->mb, size, SMALL, 0, 0, MEMBLOCK_ANY_NODE);
	return 0;
}

/* ---- per-CPU areas ---- */

/* The CPUs of a node share chunks. */
struct percpu_plan {
	u32 group_cpus[MAX_NUMNODES]; /* CPUs of each node */
	u64 unit;		      /* bytes from one CPU's area to the next */
	u32 units_per_chunk;
	u64 used; /* bytes of a unit that are kept */
};

static void group_cpus(const struct boot *b, struct percpu_plan *plan)
{
	u32 cpu, nid, home;

	for (cpu = 0; cpu < b->c->nr_cpus; cpu++) {
		u32 owners = 0, nth;

		for (nid = 0; nid < b->nr_nodes; nid++)
			owners += (u32)(b->cpumask[nid][cpu / 64] >> (cpu % 64) & 1);
		/* fake nodes share their CPUs: these are at home in one after the other */
		nth = owners ? cpu % owners : 0;
		for (nid = home = 0; nid < b->nr_nodes; nid++)
			if (b->cpumask[nid][cpu / 64] >> (cpu % 64) & 1 && !nth--) {
				home = nid;
				break;
			}
		plan->group_cpus[home]++;
	}
}

/* As many units to a 2 MiB chunk as fit, as long as no third of the CPUs' worth of them is
 * wasted. */
static void plan_units(const struct boot *b, struct percpu_plan *plan)
{
	u32 upa, best_allocs = UINT32_MAX, nid;

	plan->used = round_up_to(b->kernel->percpu_static + b->kernel->percpu_reserved +
					 b->kernel->percpu_dynamic,
				 PAGE_SIZE);
	plan->units_per_chunk = 1;
	for (upa = (u32)(PMD_SIZE / plan->used); upa; upa--) {
		u32 allocs = 0;

		if (PMD_SIZE % upa || PMD_SIZE / upa % PAGE_SIZE)
			continue;
		for (nid = 0; nid < b->nr_nodes; nid++)
			allocs += (plan->group_cpus[nid] + upa - 1) / upa;
		if (allocs * upa - b->c->nr_cpus > b->c->nr_cpus / 3)
			continue;
		if (allocs > best_allocs)
			break;
		best_allocs = allocs;
		plan->units_per_chunk = upa;
	}
	plan->unit = PMD_SIZE / plan->units_per_chunk;
}

static int reserve_percpu_group(struct boot *b, const struct percpu_plan *plan, u32 nid, u64 align)
{
	u32 cpus = plan->group_cpus[nid], unit;
	u32 units = (u32)round_up_to(cpus, plan->units_per_chunk);
	u64 base;

	if (!cpus)
		return 0;
	base = memblock_alloc(&b->mb, units * plan->unit, align, ALLOC_FLOOR, 0, (s32)nid);
	if (!base)
		return boot_error(b, "too little RAM for the per-CPU areas of %u CPUs", cpus);
	for (unit = 0; unit < units; unit++) {
		u64 at = base + unit * plan->unit;
		u64 keep = unit < cpus ? plan->used : 0;

		memblock_free(&b->mb, at + keep, plan->unit - keep);
	}
	return 0;
}

/* Offsets of groups and units, bitmaps and descriptors of the first chunks. */
static void reserve_percpu_tables(struct boot *b)
{
	static const u16 amd64[] = { 8, 8, 8, 16, 352, 144, 256, 264, 64, 144, 896, 904, 224 };
	static const u16 i386[] = { 4, 4, 8, 8, 152, 96, 1024, 1028, 256 };
	const u16 *sizes = is_i386(b) ? i386 : amd64;
	u32 i, n = is_i386(b) ? ARRAY_SIZE(i386) : ARRAY_SIZE(amd64);

	for (i = 0; i < n; i++)
		memblock_alloc(&b->mb, sizes[i], SMALL, 0, 0, MEMBLOCK_ANY_NODE);
}

int reserve_percpu(struct boot *b)
{
	struct percpu_plan plan = { 0 };
	u64 temp[2], align = is_i386(b) ? PAGE_SIZE : PMD_SIZE;
	u32 nid, i;
	int error;

	group_cpus(b, &plan);
	plan_units(b, &plan);
	if (is_i386(b)) {
		plan.units_per_chunk = 1;
		plan.unit = plan.used;
	}
	for (i = 0; i < 2; i++)
		temp[i] = memblock_alloc(&b->mb, PAGE_SIZE, PAGE_SIZE, 0, 0, MEMBLOCK_ANY_NODE);
	for (nid = 0; nid < b->nr_nodes; nid++) {
		error = reserve_percpu_group(b, &plan, nid, align);
		if (error)
			return error;
	}
	reserve_percpu_tables(b);
	for (i = 0; i < 2; i++)
		if (temp[i])
			memblock_free(&b->mb, temp[i], PAGE_SIZE);
	for (i = 0; i < b->nr_nodes + 4; i++) /* CPU masks of nodes and of the early boot */
		memblock_alloc(&b->mb, 8, SMALL, 0, 0, MEMBLOCK_ANY_NODE);
	b->m->boot.percpu_pages = plan.used / PAGE_SIZE * b->c->nr_cpus;
	/* six pages of the second chunk are populated at once (i386: none) */
	b->m->boot.percpu_kb = (plan.used / KiB + (is_i386(b) ? 0 : 24)) * b->c->nr_cpus;
	b->m->boot.percpu_unit = plan.unit;
	print_percpu_setup(b);
	printk(b->m, 6, "percpu: Embedded %llu pages/cpu s%u r%u d%llu u%llu",
	       (unsigned long long)(plan.used / PAGE_SIZE), b->kernel->percpu_static,
	       b->kernel->percpu_reserved,
	       (unsigned long long)(plan.used - b->kernel->percpu_static -
				    b->kernel->percpu_reserved),
	       (unsigned long long)plan.unit);
	return 0;
}

/* ---- huge pages of 1 GiB: only memblock has such pieces ---- */

static bool take_gigantic(struct boot *b, struct hstate *h, s32 nid)
{
	u64 at = memblock_alloc(&b->mb, h->page_size, h->page_size, 0, 0, nid);
	struct pool *frames = &b->m->boot.huge_frames;
	handle_t frame = at ? pool_alloc(frames) : 0;
	struct huge_frame *f;
	u32 i;

	if (!frame)
		return false;
	for (i = 0; i < b->mb.memory.nr; i++)
		if (b->mb.memory.regions[i].start <= at && b->mb.memory.regions[i].end > at)
			nid = b->mb.memory.regions[i].nid;
	f = pool_at(frames, frame);
	f->pfn = (pfn_t)(at >> PAGE_SHIFT);
	f->next = h->free_list[nid];
	h->free_list[nid] = frame;
	h->nr_huge_pages++;
	h->free_huge_pages++;
	h->nr_node[nid]++;
	h->free_node[nid]++;
	return true;
}

static void take_gigantic_spread(struct boot *b, struct hstate *h, u64 nr)
{
	u32 nid = 0, failures = 0;

	while (h->nr_huge_pages < nr && failures < b->nr_nodes) {
		bool has_ram = b->node_end[nid] > b->node_start[nid];

		if (has_ram && take_gigantic(b, h, (s32)nid))
			failures = 0;
		else
			failures++;
		nid = (nid + 1) % b->nr_nodes;
	}
}

int reserve_gigantic_pages(struct boot *b)
{
	u32 i, k;

	for (k = 0; k < b->m->boot.nr_hstates; k++) {
		struct hstate *h = &b->m->boot.hstate[k];

		if (h->page_size != GiB)
			continue;
		for (i = 0; i < b->p->nr_hugepages; i++) {
			const struct hugepage_param *hp = &b->p->hugepages[i];
			u64 n;

			if (hp->page_size != h->page_size)
				continue;
			if (hp->nid == NUMA_NO_NODE)
				take_gigantic_spread(b, h, hp->nr);
			for (n = 0; hp->nid != NUMA_NO_NODE && n < hp->nr; n++)
				if ((u32)hp->nid >= b->nr_nodes || !take_gigantic(b, h, hp->nid))
					break;
		}
	}
	return 0;
}

/* ---- hash tables ---- */

static u32 order_of(u64 bytes)
{
	u32 order = 0;

	while ((PAGE_SIZE << order) < bytes)
		order++;
	return order;
}

/* Heads of a hash table: one for each 2^@scale bytes of kernel memory; with ever more RAM above
 * 64 GiB, half as many for each quadrupling. At most a sixteenth of memory. */
static u64 hash_entries(const struct boot *b, u32 bucket, u32 scale)
{
	u64 pages = round_up_to(b->nr_kernel_pages, MiB / PAGE_SIZE), n, most, adapt;

	for (adapt = 64 * GiB / PAGE_SIZE; !is_i386(b) && adapt < pages; adapt <<= 2)
		scale++;
	n = scale > PAGE_SHIFT ? pages >> (scale - PAGE_SHIFT) : pages << (PAGE_SHIFT - scale);
	if (n * bucket < PAGE_SIZE)
		n = PAGE_SIZE / bucket;
	n = roundup_pow_of_two(n);
	most = (b->nr_all_pages << PAGE_SHIFT >> 4) / bucket;
	return n > most ? most : n;
}

static u32 nodes_with_memory(const struct boot *b)
{
	u32 nid, n = 0;

	for (nid = 0; nid < b->nr_nodes; nid++)
		n += b->node_end[nid] > b->node_start[nid];
	return n;
}

static bool hashes_by_vmalloc(const struct boot *b)
{
	return nodes_with_memory(b) > 1;
}

static void print_hash(struct boot *b, const char *name, u64 entries, u32 bucket)
{
	u64 bytes = entries * bucket;
	const char *how = "linear";

	if (hashes_by_vmalloc(b))
		how = bytes / nodes_with_memory(b) >= PMD_SIZE ? "vmalloc hugepage" : "vmalloc";
	printk(b->m, 6, "%s hash table entries: %llu (order: %u, %llu bytes, %s)", name,
	       (unsigned long long)entries, order_of(bytes), (unsigned long long)bytes, how);
}

/* Hash tables that the kernel makes once it allocates: scale, bytes of a head, most entries. */
static const struct late_hash {
	const char *name; /* in the log; NULL: no line there */
	u32 scale, bucket, most, copies;
} late_hashes[] = {
	{ "Mount-cache", 19, 8, UINT32_MAX, 1 },
	{ "Mountpoint-cache", 19, 8, UINT32_MAX, 1 },
	{ NULL, 16, 8, 262144, 1 }, /* IP idents */
	{ NULL, 17, 8, 524288, 1 }, /* TCP established */
	{ NULL, 17, 32, 65536, 1 }, /* TCP bind */
	{ NULL, 20, 24, 65536, 1 }, /* MPTCP token */
	{ NULL, 21, 32, 65536, 2 }, /* UDP, UDP-Lite */
	{ NULL, 21, 16, 65536, 1 }, /* TCP listen */
};

#define FIXED_HASH_KB 288u /* TCP's perturbation table and the futexes of two CPUs */

static void count_late_hashes(struct boot *b)
{
	u64 kb = FIXED_HASH_KB;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(late_hashes); i++) {
		const struct late_hash *h = &late_hashes[i];
		u32 bucket = h->bucket / 8 * b->kernel->hash_bucket;
		u64 entries = hash_entries(b, bucket, h->scale);

		kb += (entries < h->most ? entries : h->most) * bucket * h->copies >> 10;
	}
	if (hashes_by_vmalloc(b))
		b->hash_vmalloc_kb += kb;
	else
		b->late_hash_kb = kb;
}

static const struct {
	const char *name;
	u32 scale;
} early_hashes[] = { { "Dentry cache", 13 }, { "Inode-cache", 14 } };

int reserve_hash_tables(struct boot *b)
{
	u32 i, bucket = b->kernel->hash_bucket;

	for (i = 0; i < ARRAY_SIZE(early_hashes); i++) {
		u64 entries = hash_entries(b, bucket, early_hashes[i].scale);
		u64 bytes = entries * bucket;

		if (hashes_by_vmalloc(b)) {
			b->hash_vmalloc_kb += bytes >> 10;
			if (bytes / nodes_with_memory(b) >= PMD_SIZE)
				b->hash_huge_kb += bytes >> 10;
			continue;
		}
		if (!memblock_alloc(&b->mb, bytes, SMALL, 0, 0, MEMBLOCK_ANY_NODE))
			return boot_error(b, "too little RAM for the %s hash table",
					  early_hashes[i].name);
		print_hash(b, early_hashes[i].name, entries, bucket);
	}
	count_late_hashes(b);
	/* tables for the fixed mappings, made when traps are set up */
	for (i = 0; i < (is_i386(b) ? 2 : 3); i++)
		memblock_alloc(&b->mb, PAGE_SIZE, PAGE_SIZE, 0, 0, MEMBLOCK_ANY_NODE);
	return 0;
}

void print_late_hash_tables(struct boot *b)
{
	u32 i, bucket = b->kernel->hash_bucket;

	for (i = 0; hashes_by_vmalloc(b) && i < ARRAY_SIZE(early_hashes); i++)
		print_hash(b, early_hashes[i].name, hash_entries(b, bucket, early_hashes[i].scale),
			   bucket);
	for (i = 0; i < ARRAY_SIZE(late_hashes); i++)
		if (late_hashes[i].name)
			print_hash(b, late_hashes[i].name,
				   hash_entries(b, bucket, late_hashes[i].scale), bucket);
}

/* ---- bounce buffers, where RAM may lie beyond the reach of 32-bit devices ---- */

int reserve_swiotlb(struct boot *b)
{
	u64 at, last = b->p->mem && b->p->mem < b->high_top ? b->p->mem : b->high_top;

	if (is_i386(b) || (last <= 4 * GiB && b->hotplug_end == b->hotplug_start))
		return 0;
	at = memblock_alloc(&b->mb, SWIOTLB_BYTES, PAGE_SIZE, 0, 4 * GiB - 1, MEMBLOCK_ANY_NODE);
	if (!at)
		return 0; /* the kernel goes without, too */
	memblock_alloc(&b->mb, SWIOTLB_BYTES / 2048 * 24, PAGE_SIZE, 0, 0, MEMBLOCK_ANY_NODE);
	memblock_alloc(&b->mb, 16 * roundup_pow_of_two(b->c->nr_cpus), SMALL, 0, 0,
		       MEMBLOCK_ANY_NODE);
	b->m->boot.swiotlb_start = at;
	return 0;
}
