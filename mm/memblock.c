/*
 * memblock.c - early memory: sorted stretches, given out from the top down.
 */
#include "mm/memblock.h"

#include <stdlib.h>
#include <string.h>

void memblock_destroy(struct memblock *mb)
{
	free(mb->memory.regions);
	free(mb->reserved.regions);
	memset(mb, 0, sizeof(*mb));
}

static bool insert_at(struct memblock_type *t, u32 i, u64 start, u64 end, s32 nid)
{
	if (t->nr == t->max) {
		u32 max = t->max ? 2 * t->max : 64;
		struct memblock_region *r = realloc(t->regions, max * sizeof(*r));

		if (!r)
			return false;
		t->regions = r;
		t->max = max;
	}
	memmove(&t->regions[i + 1], &t->regions[i], (t->nr - i) * sizeof(t->regions[0]));
	t->regions[i] = (struct memblock_region){ start, end, nid };
	t->nr++;
	return true;
}

static void drop_at(struct memblock_type *t, u32 i)
{
	t->nr--;
	memmove(&t->regions[i], &t->regions[i + 1], (t->nr - i) * sizeof(t->regions[0]));
}

/* First region that ends above @addr. */
static u32 first_above(const struct memblock_type *t, u64 addr)
{
	u32 low = 0, high = t->nr;

	while (low < high) {
		u32 mid = (low + high) / 2;

		if (t->regions[mid].end > addr)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

static bool carve(struct memblock_type *t, u64 start, u64 end)
{
	u32 i = first_above(t, start);

	while (i < t->nr && t->regions[i].start < end) {
		struct memblock_region *r = &t->regions[i];

		if (r->start < start && r->end > end) {
			u64 old_end = r->end;
			s32 nid = r->nid;

			r->end = start;
			return insert_at(t, i + 1, end, old_end, nid);
		}
		if (r->start < start) {
			r->end = start;
			i++;
		} else if (r->end > end) {
			r->start = end;
			i++;
		} else {
			drop_at(t, i);
		}
	}
	return true;
}

static bool put(struct memblock_type *t, u64 start, u64 end, s32 nid)
{
	u32 i;

	if (start >= end)
		return true;
	if (!carve(t, start, end))
		return false;
	i = first_above(t, start);
	if (!insert_at(t, i, start, end, nid))
		return false;
	if (i + 1 < t->nr && t->regions[i + 1].start == end && t->regions[i + 1].nid == nid) {
		t->regions[i].end = t->regions[i + 1].end;
		drop_at(t, i + 1);
	}
	if (i && t->regions[i - 1].end == start && t->regions[i - 1].nid == nid) {
		t->regions[i - 1].end = t->regions[i].end;
		drop_at(t, i);
	}
	return true;
}

void memblock_add(struct memblock *mb, u64 start, u64 size, s32 nid)
{
	if (!put(&mb->memory, start, start + size, nid))
		mb->failed = true;
}

void memblock_remove(struct memblock *mb, u64 start, u64 size)
{
	if (!carve(&mb->memory, start, start + size))
		mb->failed = true;
}

void memblock_reserve(struct memblock *mb, u64 start, u64 size)
{
	if (!put(&mb->reserved, start, start + size, 0))
		mb->failed = true;
}

void memblock_free(struct memblock *mb, u64 start, u64 size)
{
	if (!carve(&mb->reserved, start, start + size))
		mb->failed = true;
}

/* The highest fit in [start, end), or 0. */
static u64 fit(u64 start, u64 end, u64 size, u64 align)
{
	u64 at;

	if (end < size || end - size < start)
		return 0;
	at = (end - size) & ~(align - 1);
	return at >= start ? at : 0;
}

u64 memblock_find(const struct memblock *mb, u64 size, u64 align, u64 min, u64 max, s32 nid)
{
	const struct memblock_type *used = &mb->reserved;
	u32 i = mb->memory.nr;

	if (min < PAGE_SIZE)
		min = PAGE_SIZE; /* address 0 means "none" */
	if (!max || (mb->limit && max > mb->limit))
		max = mb->limit ? mb->limit : UINT64_MAX;
	while (i-- > 0) {
		const struct memblock_region *r = &mb->memory.regions[i];
		u64 start = r->start > min ? r->start : min;
		u64 end = r->end < max ? r->end : max;
		u32 j = first_above(used, end);

		if (start >= end || (nid != MEMBLOCK_ANY_NODE && r->nid != nid))
			continue;
		/* reserved stretches cut it from the top; j is the first one that reaches above
		 * end */
		if (j < used->nr && used->regions[j].start < end)
			end = used->regions[j].start;
		for (;;) {
			u64 floor = j && used->regions[j - 1].end > start ?
					    used->regions[j - 1].end :
					    start;
			u64 at = end > floor ? fit(floor, end, size, align) : 0;

			if (at)
				return at;
			if (!j || used->regions[j - 1].end <= start)
				break;
			end = used->regions[--j].start;
		}
	}
	return 0;
}

u64 memblock_alloc_exact(struct memblock *mb, u64 size, u64 align, u64 min, u64 max, s32 nid)
{
	u64 at = memblock_find(mb, size, align, min, max, nid);

	if (at)
		memblock_reserve(mb, at, size);
	return at;
}

u64 memblock_alloc(struct memblock *mb, u64 size, u64 align, u64 min, u64 max, s32 nid)
{
	u64 at = memblock_find(mb, size, align, min, max, nid);

	if (!at)
		at = memblock_find(mb, size, align, min, max, MEMBLOCK_ANY_NODE);
	if (!at && min)
		return memblock_alloc(mb, size, align, 0, max, nid);
	if (at)
		memblock_reserve(mb, at, size);
	return at;
}

bool memblock_next_free(const struct memblock *mb, u64 from, struct memblock_region *out)
{
	u32 i;

	for (i = first_above(&mb->memory, from); i < mb->memory.nr; i++) {
		const struct memblock_region *r = &mb->memory.regions[i];
		u64 start = r->start > from ? r->start : from;
		u32 j = first_above(&mb->reserved, start);

		while (j < mb->reserved.nr && mb->reserved.regions[j].start <= start)
			start = mb->reserved.regions[j++].end;
		if (start >= r->end)
			continue;
		out->start = start;
		out->end = j < mb->reserved.nr && mb->reserved.regions[j].start < r->end ?
				   mb->reserved.regions[j].start :
				   r->end;
		out->nid = r->nid;
		return true;
	}
	return false;
}

u64 memblock_bytes(const struct memblock_type *type, u64 start, u64 end)
{
	u64 sum = 0;
	u32 i;

	for (i = first_above(type, start); i < type->nr && type->regions[i].start < end; i++) {
		u64 from = type->regions[i].start > start ? type->regions[i].start : start;
		u64 to = type->regions[i].end < end ? type->regions[i].end : end;

		sum += to - from;
	}
	return sum;
}
