/*
 * check_heap.c - the invariants of libc's heaps: chunks lie one behind the other, free ones are
 * where their state says, and no two that merge lie side by side.
 */
#include "mm/check.h"

#include "mm/libc_heap.h"

struct heap_tally {
	struct check *c;
	handle_t h;
	struct libc_heap *heap;
	u32 chunks, mmaps, listed, unlisted;
	u64 free_bytes, mmapped_bytes;
};

static bool in_list(u8 state)
{
	return state >= HEAP_TCACHE && state <= HEAP_LARGEBIN;
}

static bool merges(u8 state)
{
	return state >= HEAP_UNSORTED && state <= HEAP_TOP;
}

static void check_chunk(struct heap_tally *t, handle_t h)
{
	struct machine *m = t->c->m;
	const struct heap_chunk *k = heap_chunk_at(m, h),
				*n = k->next ? heap_chunk_at(m, k->next) : NULL;

	t->chunks++;
	t->unlisted += in_list(k->state);
	if (k->addr % HEAP_ALIGNMENT || !k->size)
		check_fail(t->c, "heap %u: chunk %llx of %llu bytes", t->h,
			   (unsigned long long)k->addr, (unsigned long long)k->size);
	if (k->state == HEAP_MMAPPED) {
		t->mmaps++;
		t->mmapped_bytes += k->size;
	} else if (k->state == HEAP_TOP || in_list(k->state)) {
		t->free_bytes += k->size;
	}
	if (n && n->prev != h)
		check_fail(t->c, "heap %u: chunk %llx has lost its neighbour", t->h,
			   (unsigned long long)k->addr);
	if (n && k->state != HEAP_FENCE && k->addr + k->size != n->addr)
		check_fail(t->c, "heap %u: a gap behind chunk %llx", t->h,
			   (unsigned long long)k->addr);
	if (n && merges(k->state) && merges(n->state))
		check_fail(t->c, "heap %u: chunk %llx and the next are free and apart", t->h,
			   (unsigned long long)k->addr);
}

/* A list's chunks have its state; @size 0: any, in order. */
static void check_list(struct heap_tally *t, handle_t h, u64 size, bool (*belongs)(u8 state))
{
	u64 before = UINT64_MAX;

	for (; h && t->listed <= t->chunks; h = heap_chunk_at(t->c->m, h)->bin_next) {
		const struct heap_chunk *k = heap_chunk_at(t->c->m, h);

		t->listed++;
		if (!belongs(k->state) || (size && k->size != size) ||
		    (k->state == HEAP_LARGEBIN && k->size > before))
			check_fail(t->c, "heap %u: chunk %llx is in a wrong bin", t->h,
				   (unsigned long long)k->addr);
		before = k->size;
	}
}

static bool is_tcache(u8 state)
{
	return state == HEAP_TCACHE;
}

static bool is_fastbin(u8 state)
{
	return state == HEAP_FASTBIN;
}

static bool is_sorted(u8 state)
{
	return state == HEAP_SMALLBIN || state == HEAP_LARGEBIN;
}

static bool is_unsorted(u8 state)
{
	return state == HEAP_UNSORTED;
}

static void check_bins(struct heap_tally *t)
{
	u32 i, listed;

	for (i = 0; i < HEAP_TCACHE_BINS; i++) {
		listed = t->listed;
		check_list(t, t->heap->tcache[i], HEAP_MIN_CHUNK + i * HEAP_ALIGNMENT, is_tcache);
		check_equal(t->c, "chunks of a tcache bin", t->listed - listed,
			    t->heap->tcache_count[i]);
	}
	for (i = 0; i < HEAP_NR_FASTBINS; i++)
		check_list(t, t->heap->fastbin[i], HEAP_MIN_CHUNK + i * HEAP_ALIGNMENT, is_fastbin);
	check_list(t, t->heap->bin[1].first, 0, is_unsorted);
	for (i = 2; i < HEAP_NR_BINS; i++)
		check_list(t, t->heap->bin[i].first, i < 64 ? i * HEAP_ALIGNMENT : 0, is_sorted);
	check_equal(t->c, "free chunks of a heap in bins", t->listed, t->unlisted);
}

static void check_heap(struct check *c, handle_t heap, u32 *chunks)
{
	struct heap_tally t = { .c = c, .h = heap, .heap = libc_heap_at(c->m, heap) };
	handle_t h;

	for (h = heap_chunk_first(c->m, heap); h; h = heap_chunk_next(c->m, h))
		check_chunk(&t, h);
	check_bins(&t);
	check_equal(c, "chunks of a heap", t.chunks, t.heap->nr_chunks);
	check_equal(c, "free bytes of a heap", (s64)t.free_bytes, (s64)t.heap->free_bytes);
	check_equal(c, "mappings of a heap", t.mmaps, t.heap->nr_mmaps);
	check_equal(c, "mapped bytes of a heap", (s64)t.mmapped_bytes, (s64)t.heap->mmapped_bytes);
	if (t.heap->top && heap_chunk_at(c->m, t.heap->top)->state != HEAP_TOP)
		check_fail(c, "heap %u: its top is none", heap);
	*chunks += t.chunks;
}

void check_heaps(struct check *c)
{
	u32 heaps = 0, chunks = 0;
	handle_t h;

	for (h = c->m->mms.mm_head; h; h = mm_at(c->m, h)->next)
		if (mm_at(c->m, h)->libc_heap) {
			heaps++;
			check_heap(c, mm_at(c->m, h)->libc_heap, &chunks);
		}
	check_equal(c, "heap objects", heaps, c->m->mms.heaps.nr_live);
	check_equal(c, "heap chunk objects", chunks, c->m->mms.heap_chunks.nr_live);
}
