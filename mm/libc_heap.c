/*
 * libc_heap.c - chunks and bins of libc's heap.
 *
 *	| chunk | chunk | chunk |       top        |
 *	^ 16 bytes of header each                  ^ end of what sbrk gave
 *
 * A chunk that is freed goes to the first of these that takes it:
 *
 *	tcache     up to 1040 bytes, 7 of each size     last in, first out; stays "in use" for its
 *	fastbins   up to 128 bytes                      neighbours: it is not merged with them
 *	top        if it lies below it
 *	unsorted   all others, merged with free neighbours
 *
 * and is sorted into the bins when the next request comes that finds nothing of its size: a small
 * bin for each size below 1024 (first in, first out), larger ones by ranges, the largest first. A
 * request takes what fits best; what is too much of it becomes a chunk again, and of several small
 * requests in a row each takes its piece from what the one before left over. So neighbours in time
 * are neighbours in memory.
 *
 * No part of a free chunk is the kernel's to take back: only top is, when it is large enough, or a
 * mapping.
 */
#include "mm/libc_heap.h"

#include <errno.h>
#include <string.h>

#define UNSORTED_BIN	1u
#define SORT_AT_ONCE	10000u /* chunks that one request sorts at most */
#define FAST_INDEX(s)	((u32)((s) >> 4) - 2)
#define TCACHE_INDEX(s) ((u32)((s) >> 4) - 2)
#define TCACHE_MAX	(HEAP_MIN_CHUNK + (HEAP_TCACHE_BINS - 1) * HEAP_ALIGNMENT)
#define TCACHE_BYTES	640u /* its own table, the first thing that is ever allocated */

/* ---- chunks ---- */

static struct treap_node *chunk_node(struct machine *m, handle_t h)
{
	return &heap_chunk_at(m, h)->rb;
}

static bool chunk_before(struct machine *m, handle_t a, handle_t b)
{
	return heap_chunk_at(m, a)->addr < heap_chunk_at(m, b)->addr;
}

static const struct treap_type chunk_tree = { chunk_node, chunk_before, NULL };

handle_t heap_find(const struct machine *m, const struct libc_heap *heap, u64 addr)
{
	handle_t h = heap->chunks;

	while (h && heap_chunk_at(m, h)->addr != addr)
		h = addr < heap_chunk_at(m, h)->addr ? heap_chunk_at(m, h)->rb.left :
						       heap_chunk_at(m, h)->rb.right;
	return h;
}

handle_t heap_chunk_first(struct machine *m, handle_t heap)
{
	return treap_first(m, &chunk_tree, libc_heap_at(m, heap)->chunks);
}

handle_t heap_chunk_next(struct machine *m, handle_t chunk)
{
	return treap_next(m, &chunk_tree, chunk);
}

static struct heap_chunk *chunk_at(const struct heap_call *c, handle_t h)
{
	return heap_chunk_at(c->m, h);
}

/* Merged with what is freed beside it? */
static bool is_binned(u8 state)
{
	return state == HEAP_UNSORTED || state == HEAP_SMALLBIN || state == HEAP_LARGEBIN;
}

static bool is_free(u8 state)
{
	return is_binned(state) || state == HEAP_TCACHE || state == HEAP_FASTBIN ||
	       state == HEAP_TOP;
}

void heap_set_state(struct heap_call *c, handle_t h, enum heap_state state)
{
	struct heap_chunk *k = chunk_at(c, h);

	if (is_free(k->state))
		c->heap->free_bytes -= k->size;
	k->state = (u8)state;
	if (is_free(k->state))
		c->heap->free_bytes += k->size;
}

void heap_resize(struct heap_call *c, handle_t h, u64 size)
{
	struct heap_chunk *k = chunk_at(c, h);

	if (is_free(k->state))
		c->heap->free_bytes += size - k->size;
	k->size = size;
}

handle_t heap_chunk_new(struct heap_call *c, u64 addr, u64 size, enum heap_state state,
			handle_t after)
{
	handle_t h = pool_alloc(&c->m->mms.heap_chunks);
	struct libc_heap *heap = c->heap;
	struct heap_chunk *k;

	if (!h)
		return 0;
	k = chunk_at(c, h);
	k->addr = addr;
	k->size = size;
	k->prev = after;
	k->next = after ? chunk_at(c, after)->next : 0;
	if (k->prev)
		chunk_at(c, k->prev)->next = h;
	if (k->next)
		chunk_at(c, k->next)->prev = h;
	if (state != HEAP_MMAPPED && (!after || heap->last == after)) {
		heap->first = heap->first ? heap->first : h;
		heap->last = h;
	}
	treap_insert(c->m, &chunk_tree, &heap->chunks, h);
	heap->nr_chunks++;
	k->state = HEAP_IN_USE;
	heap_set_state(c, h, state);
	return h;
}

void heap_chunk_free(struct heap_call *c, handle_t h)
{
	struct heap_chunk *k = chunk_at(c, h);
	struct libc_heap *heap = c->heap;

	heap_set_state(c, h, HEAP_IN_USE);
	if (k->prev)
		chunk_at(c, k->prev)->next = k->next;
	if (k->next)
		chunk_at(c, k->next)->prev = k->prev;
	if (heap->first == h)
		heap->first = k->next;
	if (heap->last == h)
		heap->last = k->prev;
	treap_erase(c->m, &chunk_tree, &heap->chunks, h);
	heap->nr_chunks--;
	pool_free(&c->m->mms.heap_chunks, h);
}

handle_t heap_split(struct heap_call *c, handle_t h, u64 size)
{
	struct heap_chunk *k = chunk_at(c, h);
	handle_t rest =
		heap_chunk_new(c, k->addr + size, k->size - size, (enum heap_state)k->state, h);

	if (!rest)
		return 0;
	heap_resize(c, h, size);
	heap_touch(c, chunk_at(c, rest)->addr);
	return rest;
}

/* @h swallows the chunk behind it. */
static void absorb_next(struct heap_call *c, handle_t h)
{
	handle_t next = chunk_at(c, h)->next;
	u64 size = chunk_at(c, next)->size;

	heap_chunk_free(c, next);
	heap_resize(c, h, chunk_at(c, h)->size + size);
}

/* ---- lists ---- */

static u32 large_index(u64 size)
{
	if (size >> 6 <= 48)
		return 48 + (u32)(size >> 6);
	if (size >> 9 <= 20)
		return 91 + (u32)(size >> 9);
	if (size >> 12 <= 10)
		return 110 + (u32)(size >> 12);
	if (size >> 15 <= 4)
		return 119 + (u32)(size >> 15);
	return size >> 18 <= 2 ? 124 + (u32)(size >> 18) : 126;
}

static bool is_small(u64 size)
{
	return size < HEAP_SMALL_LIMIT;
}

static u32 bin_index(u64 size)
{
	return is_small(size) ? (u32)(size >> 4) : large_index(size);
}

static u32 bin_of(const struct heap_chunk *k)
{
	return k->state == HEAP_UNSORTED ? UNSORTED_BIN : bin_index(k->size);
}

/* Into its bin behind @before, 0: in front. */
static void bin_insert(struct heap_call *c, u32 index, handle_t h, handle_t before)
{
	struct heap_bin *bin = &c->heap->bin[index];
	struct heap_chunk *k = chunk_at(c, h);

	k->bin_prev = before;
	k->bin_next = before ? chunk_at(c, before)->bin_next : bin->first;
	*(before ? &chunk_at(c, before)->bin_next : &bin->first) = h;
	*(k->bin_next ? &chunk_at(c, k->bin_next)->bin_prev : &bin->last) = h;
	heap_set_state(c, h,
		       index == UNSORTED_BIN ? HEAP_UNSORTED :
		       is_small(k->size)     ? HEAP_SMALLBIN :
					       HEAP_LARGEBIN);
}

/* Out of its bin: in use from now on. */
static void bin_remove(struct heap_call *c, handle_t h)
{
	struct heap_chunk *k = chunk_at(c, h);
	struct heap_bin *bin = &c->heap->bin[bin_of(k)];

	*(k->bin_prev ? &chunk_at(c, k->bin_prev)->bin_next : &bin->first) = k->bin_next;
	*(k->bin_next ? &chunk_at(c, k->bin_next)->bin_prev : &bin->last) = k->bin_prev;
	heap_set_state(c, h, HEAP_IN_USE);
}

static void push(struct heap_call *c, handle_t *list, handle_t h, enum heap_state state)
{
	chunk_at(c, h)->bin_next = *list;
	*list = h;
	heap_set_state(c, h, state);
}

static handle_t pop(struct heap_call *c, handle_t *list)
{
	handle_t h = *list;

	*list = chunk_at(c, h)->bin_next;
	heap_set_state(c, h, HEAP_IN_USE);
	return h;
}

static bool tcache_has_room(const struct heap_call *c, u64 size)
{
	return size <= TCACHE_MAX && c->heap->tcache_count[TCACHE_INDEX(size)] < HEAP_TCACHE_COUNT;
}

static void tcache_put(struct heap_call *c, handle_t h)
{
	u32 i = TCACHE_INDEX(chunk_at(c, h)->size);

	push(c, &c->heap->tcache[i], h, HEAP_TCACHE);
	c->heap->tcache_count[i]++;
}

static handle_t tcache_get(struct heap_call *c, u64 size)
{
	u32 i = TCACHE_INDEX(size);

	c->heap->tcache_count[i]--;
	return pop(c, &c->heap->tcache[i]);
}

/* Large bins go from the largest to the smallest. The first of a size stays in front of the others:
 * a new one is the second. */
static void large_insert(struct heap_call *c, u32 index, handle_t h)
{
	const struct heap_bin *bin = &c->heap->bin[index];
	u64 size = chunk_at(c, h)->size;
	handle_t at = bin->first;

	if (!at || size < chunk_at(c, bin->last)->size) {
		bin_insert(c, index, h, bin->last);
		return;
	}
	while (size < chunk_at(c, at)->size)
		at = chunk_at(c, at)->bin_next;
	bin_insert(c, index, h, size == chunk_at(c, at)->size ? at : chunk_at(c, at)->bin_prev);
}

/* ---- free ---- */

/* Merge with what is free on both sides, and wait to be sorted. */
static void release_merged(struct heap_call *c, handle_t h)
{
	handle_t prev = chunk_at(c, h)->prev, next;

	if (prev && is_binned(chunk_at(c, prev)->state)) {
		bin_remove(c, prev);
		absorb_next(c, prev);
		h = prev;
	}
	next = chunk_at(c, h)->next;
	if (next == c->heap->top) {
		c->heap->top = h;
		heap_set_state(c, h, HEAP_TOP);
		absorb_next(c, h);
		return;
	}
	if (next && is_binned(chunk_at(c, next)->state)) {
		bin_remove(c, next);
		absorb_next(c, h);
	}
	bin_insert(c, UNSORTED_BIN, h, 0);
}

/* The fastbins are emptied: their chunks merge after all. */
static void consolidate(struct heap_call *c)
{
	u32 i;

	c->heap->have_fastchunks = false;
	for (i = 0; i < HEAP_NR_FASTBINS; i++) {
		handle_t list = c->heap->fastbin[i];

		c->heap->fastbin[i] = 0;
		while (list)
			release_merged(c, pop(c, &list));
	}
}

/* Bytes of the free piece that @h is about to be part of. */
static u64 merged_size(const struct heap_call *c, handle_t h)
{
	const struct heap_chunk *k = chunk_at(c, h);
	u64 size = k->size;

	if (k->prev && is_binned(chunk_at(c, k->prev)->state))
		size += chunk_at(c, k->prev)->size;
	if (k->next && (is_binned(chunk_at(c, k->next)->state) || k->next == c->heap->top))
		size += chunk_at(c, k->next)->size;
	return size;
}

void heap_release(struct heap_call *c, handle_t h)
{
	u64 size = chunk_at(c, h)->size;

	/* links are kept where the data was */
	heap_touch(c, chunk_at(c, h)->addr + HEAP_HEADER);
	if (tcache_has_room(c, size)) {
		tcache_put(c, h);
		return;
	}
	if (size <= HEAP_FAST_MAX) {
		push(c, &c->heap->fastbin[FAST_INDEX(size)], h, HEAP_FASTBIN);
		c->heap->have_fastchunks = true;
		return;
	}
	size = merged_size(c, h);
	release_merged(c, h);
	if (size < HEAP_CONSOLIDATION)
		return;
	if (c->heap->have_fastchunks)
		consolidate(c);
	if (chunk_at(c, c->heap->top)->size >= c->heap->trim_threshold)
		heap_systrim(c);
}

/* ---- malloc ---- */

/* What is left of @h beyond @size waits to be sorted, if it is a chunk at all. @h is in use.
 * *@rest: 0 if nothing is left. False: the host has no memory. */
static bool cut(struct heap_call *c, handle_t h, u64 size, handle_t *rest)
{
	*rest = 0;
	heap_touch(c, chunk_at(c, h)->addr);
	if (chunk_at(c, h)->size - size < HEAP_MIN_CHUNK)
		return true;
	*rest = heap_split(c, h, size);
	if (*rest)
		bin_insert(c, UNSORTED_BIN, *rest, 0);
	return *rest;
}

/* More of the same size go to the thread's cache while one is at it. */
static void stash_fast(struct heap_call *c, u64 size)
{
	handle_t *bin = &c->heap->fastbin[FAST_INDEX(size)];

	while (*bin && tcache_has_room(c, size))
		tcache_put(c, pop(c, bin));
}

static void stash_small(struct heap_call *c, u64 size)
{
	struct heap_bin *bin = &c->heap->bin[bin_index(size)];

	while (bin->last && tcache_has_room(c, size)) {
		handle_t h = bin->last;

		bin_remove(c, h);
		tcache_put(c, h);
	}
}

static handle_t take_exact(struct heap_call *c, u64 size)
{
	handle_t h;

	if (size <= HEAP_FAST_MAX && c->heap->fastbin[FAST_INDEX(size)]) {
		h = pop(c, &c->heap->fastbin[FAST_INDEX(size)]);
		stash_fast(c, size);
		return h;
	}
	if (is_small(size) && c->heap->bin[bin_index(size)].last) {
		h = c->heap->bin[bin_index(size)].last;
		bin_remove(c, h);
		stash_small(c, size);
		return h;
	}
	return 0;
}

/* The rest of the last cut serves the next small request, if it is all that waits. */
static bool takes_last_remainder(const struct heap_call *c, handle_t h, u64 size)
{
	const struct heap_bin *bin = &c->heap->bin[UNSORTED_BIN];

	return is_small(size) && bin->first == h &&
	       chunk_at(c, h)->addr == c->heap->last_remainder &&
	       chunk_at(c, h)->size > size + HEAP_MIN_CHUNK;
}

/* Sort what waits, the oldest first, until something serves the request; *@out 0 if nothing did. */
static bool sort_unsorted(struct heap_call *c, u64 size, handle_t *out)
{
	bool cached = false;
	handle_t h, rest;
	u32 i;

	*out = 0;
	for (i = 0; i < SORT_AT_ONCE && (h = c->heap->bin[UNSORTED_BIN].last); i++) {
		u32 index = bin_index(chunk_at(c, h)->size);
		bool last_remainder = takes_last_remainder(c, h, size);

		bin_remove(c, h);
		if (last_remainder) {
			*out = h;
			if (!cut(c, h, size, &rest))
				return false;
			c->heap->last_remainder = chunk_at(c, rest)->addr;
			return true;
		}
		if (chunk_at(c, h)->size != size) {
			if (is_small(chunk_at(c, h)->size))
				bin_insert(c, index, h, 0);
			else
				large_insert(c, index, h);
			continue;
		}
		*out = h;
		if (!tcache_has_room(c, size))
			return true;
		/* there may be more of them */
		tcache_put(c, h);
		cached = true;
	}
	*out = cached ? tcache_get(c, size) : 0;
	return true;
}

/* The smallest of a large bin that is large enough, and of several of that size not the first. */
static handle_t best_of_bin(const struct heap_call *c, u64 size)
{
	const struct heap_bin *bin = &c->heap->bin[bin_index(size)];
	handle_t h = bin->last, first;

	if (!h || chunk_at(c, bin->first)->size < size)
		return 0;
	while (chunk_at(c, h)->size < size)
		h = chunk_at(c, h)->bin_prev;
	size = chunk_at(c, h)->size;
	first = h;
	while (chunk_at(c, first)->bin_prev &&
	       chunk_at(c, chunk_at(c, first)->bin_prev)->size == size)
		first = chunk_at(c, first)->bin_prev;
	return first == h ? h : chunk_at(c, first)->bin_next;
}

/* The best fit of its own bin, or the oldest of the next larger one that has any. *@out 0: none. */
static bool take_from_bins(struct heap_call *c, u64 size, handle_t *out)
{
	u32 i = bin_index(size) + 1;
	bool own = !is_small(size);
	handle_t h = own ? best_of_bin(c, size) : 0, rest;

	if (!h) {
		own = false;
		while (i < HEAP_NR_BINS && !c->heap->bin[i].last)
			i++;
		h = i < HEAP_NR_BINS ? c->heap->bin[i].last : 0;
	}
	*out = h;
	if (!h)
		return true;
	bin_remove(c, h);
	if (!cut(c, h, size, &rest))
		return false;
	if (rest && !own && is_small(size))
		c->heap->last_remainder = chunk_at(c, rest)->addr;
	return true;
}

/* From the top, if it is large enough to leave one. */
static bool take_from_top(struct heap_call *c, u64 size, handle_t *out)
{
	handle_t h = c->heap->top, rest;

	*out = 0;
	if (!h || chunk_at(c, h)->size < size + HEAP_MIN_CHUNK)
		return true;
	rest = heap_split(c, h, size);
	if (!rest)
		return false;
	c->heap->top = rest;
	heap_set_state(c, h, HEAP_IN_USE);
	heap_touch(c, chunk_at(c, h)->addr);
	*out = h;
	return true;
}

/* A chunk of at least @size bytes, from wherever it is to be had. */
static int allocate(struct heap_call *c, u64 size, handle_t *out)
{
	*out = take_exact(c, size);
	if (*out)
		return 0;
	if (!is_small(size) && c->heap->have_fastchunks)
		consolidate(c);
	for (;;) {
		if (!sort_unsorted(c, size, out))
			return -ENOMEM;
		if (!*out && !take_from_bins(c, size, out))
			return -ENOMEM;
		if (!*out && !take_from_top(c, size, out))
			return -ENOMEM;
		if (*out)
			return 0;
		if (!c->heap->have_fastchunks)
			return heap_sysmalloc(c, size, out);
		consolidate(c);
	}
}

/* ---- the calls ---- */

/* The books are in order: now the headers are written, which takes pages. */
static int write_headers(struct heap_call *c)
{
	u32 i;
	int error = 0;

	for (i = 0; i < c->nr_touched && !error; i++)
		error = mm_access(c->m, c->task, c->touched[i] + sizeof(u64), true);
	return error;
}

static int begin(struct heap_call *c, struct machine *m, handle_t task)
{
	struct mm *mm = mm_at(m, task_at(m, task)->mm);
	handle_t h;
	int error;

	*c = (struct heap_call){ .m = m, .task = task };
	if (mm->libc_heap) {
		c->heap = libc_heap_at(m, mm->libc_heap);
		return 0;
	}
	mm->libc_heap = pool_alloc(&m->mms.heaps);
	if (!mm->libc_heap)
		return -ENOMEM;
	c->heap = libc_heap_at(m, mm->libc_heap);
	c->heap->mmap_threshold = c->heap->trim_threshold = HEAP_MMAP_DEFAULT;
	c->heap->contiguous = true;
	error = heap_start(c);
	if (!error)
		error = allocate(c,
				 (TCACHE_BYTES + sizeof(u64) + HEAP_ALIGNMENT - 1) &
					 ~(u64)(HEAP_ALIGNMENT - 1),
				 &h);
	if (error && !heap_gone(c)) {
		libc_heap_put(m, mm->libc_heap);
		mm->libc_heap = 0;
	}
	return error;
}

static u64 chunk_size(u64 bytes)
{
	u64 size = (bytes + sizeof(u64) + HEAP_ALIGNMENT - 1) & ~(u64)(HEAP_ALIGNMENT - 1);

	return size < HEAP_MIN_CHUNK ? HEAP_MIN_CHUNK : size;
}

int libc_malloc(struct machine *m, handle_t task, u64 bytes, u64 *addr)
{
	struct heap_call c;
	u64 size = chunk_size(bytes);
	handle_t h;
	int error;

	if (bytes > INT64_MAX)
		return -ENOMEM;
	error = begin(&c, m, task);
	if (error)
		return error;
	if (size <= TCACHE_MAX && c.heap->tcache_count[TCACHE_INDEX(size)])
		h = tcache_get(&c, size);
	else
		error = allocate(&c, size, &h);
	if (error)
		return error;
	*addr = heap_chunk_at(m, h)->addr + HEAP_HEADER;
	error = write_headers(&c);
	if (error == -ENOMEM)
		libc_free(m, task, *addr);
	return error;
}

int libc_free(struct machine *m, handle_t task, u64 addr)
{
	struct heap_call c = { .m = m, .task = task };
	handle_t heap = mm_at(m, task_at(m, task)->mm)->libc_heap, h;

	if (!heap)
		return -EINVAL;
	c.heap = libc_heap_at(m, heap);
	h = heap_find(m, c.heap, addr - HEAP_HEADER);
	if (!h)
		return -EINVAL;
	if (heap_chunk_at(m, h)->state == HEAP_MMAPPED)
		return heap_munmap(&c, h);
	if (heap_chunk_at(m, h)->state != HEAP_IN_USE)
		return -EINVAL;
	heap_release(&c, h);
	return write_headers(&c);
}

/* ---- copies ---- */

static handle_t copy_of(const struct machine *m, handle_t h)
{
	return h ? heap_chunk_at(m, h)->copy : 0;
}

static void translate_lists(const struct machine *m, struct libc_heap *to)
{
	u32 i;

	to->first = copy_of(m, to->first);
	to->last = copy_of(m, to->last);
	to->top = copy_of(m, to->top);
	for (i = 0; i < HEAP_TCACHE_BINS; i++)
		to->tcache[i] = copy_of(m, to->tcache[i]);
	for (i = 0; i < HEAP_NR_FASTBINS; i++)
		to->fastbin[i] = copy_of(m, to->fastbin[i]);
	for (i = 0; i < HEAP_NR_BINS; i++) {
		to->bin[i].first = copy_of(m, to->bin[i].first);
		to->bin[i].last = copy_of(m, to->bin[i].last);
	}
}

int libc_heap_dup(struct machine *m, handle_t heap, handle_t *out)
{
	struct libc_heap *from = libc_heap_at(m, heap), *to;
	handle_t h;

	*out = 0;
	if (!heap)
		return 0;
	*out = pool_alloc(&m->mms.heaps);
	if (!*out)
		return -ENOMEM;
	to = libc_heap_at(m, *out);
	for (h = heap_chunk_first(m, heap); h; h = heap_chunk_next(m, h)) {
		struct heap_chunk *k = heap_chunk_at(m, h);

		k->copy = pool_alloc(&m->mms.heap_chunks);
		if (!k->copy) {
			libc_heap_put(m, *out);
			*out = 0;
			return -ENOMEM;
		}
		heap_chunk_at(m, k->copy)->addr = k->addr;
		treap_insert(m, &chunk_tree, &to->chunks, k->copy);
	}
	for (h = heap_chunk_first(m, heap); h; h = heap_chunk_next(m, h)) {
		const struct heap_chunk *k = heap_chunk_at(m, h);
		struct heap_chunk *n = heap_chunk_at(m, k->copy);
		struct treap_node rb = n->rb;

		*n = *k;
		n->rb = rb;
		n->next = copy_of(m, k->next);
		n->prev = copy_of(m, k->prev);
		n->bin_next = copy_of(m, k->bin_next);
		n->bin_prev = copy_of(m, k->bin_prev);
	}
	h = to->chunks;
	*to = *from;
	to->chunks = h;
	translate_lists(m, to);
	return 0;
}

void libc_heap_put(struct machine *m, handle_t heap)
{
	struct libc_heap *l = libc_heap_at(m, heap);
	handle_t h;

	if (!heap)
		return;
	while ((h = l->chunks)) {
		treap_erase(m, &chunk_tree, &l->chunks, h);
		pool_free(&m->mms.heap_chunks, h);
	}
	pool_free(&m->mms.heaps, heap);
}
