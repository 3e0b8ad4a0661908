/*
 * boot_twin.c - a machine that copies another: its zones manage what the machine file says.
 *
 * The other machine reserved other things than ours would. So boot's own reservations are trimmed:
 * a zone that has too many free pages loses some at its top, one that has too few gets some back.
 */
#include "mm/boot_internal.h"

#include <errno.h>

static bool in_image(const struct boot *b, u64 addr)
{
	return addr >= b->kernel_base && addr < b->kernel_base + b->kernel->size + b->kernel->brk;
}

/* Pages of the zone that boot frees only when it is done: parts of the image, the initrd. */
static u64 freed_later(const struct boot *b, pfn_t start, pfn_t end)
{
	u64 from = (u64)start << PAGE_SHIFT, to = (u64)end << PAGE_SHIFT, sum = 0;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(b->kernel->freed); i++) {
		u64 at = b->kernel_base + b->kernel->freed[i].start;

		if (at >= from && at < to)
			sum += b->kernel->freed[i].size;
	}
	if (b->kernel_base + b->kernel->smp_locks >= from &&
	    b->kernel_base + b->kernel->smp_locks < to)
		sum += b->kernel->smp_locks_size;
	if (b->initrd_end && b->initrd_start >= from && b->initrd_start < to)
		sum += b->initrd_end - b->initrd_start;
	return sum >> PAGE_SHIFT;
}

/* One stretch of at most @pages at the top of what is free in [start, end); how many. */
static u64 reserve_top(struct boot *b, u32 nid, pfn_t start, pfn_t end, u64 pages)
{
	struct memblock_region r, last = { 0 };
	u64 at = (u64)start << PAGE_SHIFT, bound = (u64)end << PAGE_SHIFT;

	while (memblock_next_free(&b->mb, at, &r) && r.start < bound) {
		u64 from = round_up_to(r.start, PAGE_SIZE);
		u64 to = round_down_to(r.end < bound ? r.end : bound, PAGE_SIZE);

		if (r.nid == (s32)nid && from < to)
			last = (struct memblock_region){ from, to, r.nid };
		at = r.end;
	}
	if (!last.end)
		return 0;
	if (last.end - last.start > pages << PAGE_SHIFT)
		last.start = last.end - (pages << PAGE_SHIFT);
	memblock_reserve(&b->mb, last.start, last.end - last.start);
	return (last.end - last.start) >> PAGE_SHIFT;
}

/* Give back @pages of what is reserved in [start, end), but for the image and the first MiB. */
static u64 release_some(struct boot *b, u32 nid, pfn_t start, pfn_t end, u64 pages)
{
	u64 low = (u64)start << PAGE_SHIFT, before = free_pages_between(b, nid, start, end);
	u32 i;

	for (i = b->mb.reserved.nr; i-- > 0;) {
		struct memblock_region r = b->mb.reserved.regions[i];
		u64 from = r.start > low ? r.start : low, to = r.end, got;

		if (to > (u64)end << PAGE_SHIFT)
			to = (u64)end << PAGE_SHIFT;
		from = round_down_to(from, PAGE_SIZE);
		to = round_up_to(to, PAGE_SIZE);
		if (from >= to || from < MiB || in_image(b, from))
			continue;
		if (b->initrd_end && from < b->initrd_end && to > b->initrd_start)
			continue;
		if (to - from > pages << PAGE_SHIFT)
			from = to - (pages << PAGE_SHIFT);
		memblock_free(&b->mb, from, to - from);
		got = free_pages_between(b, nid, start, end) - before;
		if (got)
			return got;
	}
	return 0;
}

/* The upper @pages of what is still reserved of [from, to), within the zone [start, end). */
static u64 release_top(struct boot *b, u32 nid, u64 from, u64 to, pfn_t start, pfn_t end, u64 pages)
{
	u64 before = free_pages_between(b, nid, start, end);

	from = round_up_to(from > (u64)start << PAGE_SHIFT ? from : (u64)start << PAGE_SHIFT,
			   PAGE_SIZE);
	to = round_down_to(to < (u64)end << PAGE_SHIFT ? to : (u64)end << PAGE_SHIFT, PAGE_SIZE);
	if (from >= to)
		return 0;
	/* what was released before was at the top */
	to = from + memblock_bytes(&b->mb.reserved, from, to);
	if (to - from > pages << PAGE_SHIFT)
		from = to - (pages << PAGE_SHIFT);
	memblock_free(&b->mb, from, to - from);
	return free_pages_between(b, nid, start, end) - before;
}

/*
 * Last of all: the other machine's kernel is smaller, or uses the first MiB. Of the image text,
 * rodata and the end of bss go; the pages that programs map (the first of bss and rodata) stay.
 */
static u64 release_image(struct boot *b, u32 nid, pfn_t start, pfn_t end, u64 pages)
{
	const struct kernel_image *k = b->kernel;
	u64 bss = k->bss + PAGE_SIZE, got, at;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(k->freed); i++)
		if (k->freed[i].start >= k->bss && k->freed[i].start + k->freed[i].size > bss)
			bss = k->freed[i].start + k->freed[i].size;
	got = release_top(b, nid, b->kernel_base, b->kernel_base + k->code_end, start, end, pages);
	if (!got)
		got = release_top(b, nid, b->kernel_base + bss, b->kernel_base + k->bss_end, start,
				  end, pages);
	if (!got)
		got = release_top(b, nid, b->kernel_base + k->rodata + 4 * PAGE_SIZE,
				  b->kernel_base + k->rodata_end, start, end, pages);
	for (at = MiB; !got && at > PAGE_SIZE; at -= PAGE_SIZE)
		got = release_top(b, nid, at - PAGE_SIZE, at, start, end, 1);
	return got;
}

static int adjust_zone(struct boot *b, const struct zone_config *z)
{
	u64 have, want, moved;
	pfn_t start, end;

	if (z->nid >= b->nr_nodes || !zone_span(b, z->nid, (enum zone_type)z->type, &start, &end))
		return boot_error(b, "node %u has no zone %s", z->nid,
				  zone_name((enum zone_type)z->type));
	want = freed_later(b, start, end);
	want = z->managed_pages > want ? z->managed_pages - want : 0;
	for (;;) {
		have = free_pages_between(b, z->nid, start, end);
		if (have == want)
			return 0;
		if (have > want)
			moved = reserve_top(b, z->nid, start, end, have - want);
		else
			moved = release_some(b, z->nid, start, end, want - have);
		if (!moved && have < want)
			moved = release_image(b, z->nid, start, end, want - have);
		if (!moved)
			return boot_error(
				b, "zone %s of node %u cannot manage %llu pages%s",
				zone_name((enum zone_type)z->type), z->nid,
				(unsigned long long)z->managed_pages,
				b->p->mem ?
					": mem= leaves too few (offline memory blocks instead)" :
					"");
	}
}

int adjust_managed_pages(struct boot *b)
{
	u32 i;

	for (i = 0; i < b->c->nr_zones; i++) {
		int error = adjust_zone(b, &b->c->zone[i]);

		if (error)
			return error;
	}
	return b->mb.failed ? -ENOMEM : 0;
}
