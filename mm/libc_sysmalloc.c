/*
 * libc_sysmalloc.c - where libc's heap gets its memory from, and gives it back to.
 *
 *	a request of the threshold or more    a mapping of its own; freed, it is unmapped, and the threshold
 *	                                      is its size from then on: what comes and goes is kept
 *	any other                             the break moves by what is missing and 128 KiB more, in pages
 *	the break cannot move                 a mapping of at least 1 MiB becomes the top
 *
 * When the top has grown to the trim threshold the break moves back, to leave 128 KiB.
 * Source: malloc(3), mallopt(3) (M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, M_TOP_PAD).
 */
#include "mm/libc_heap.h"

#include <errno.h>

#define MMAP_AS_MORECORE (1ull << 20)
#define SIGABRT_NR	 6
#define FENCE		 (2ull * HEAP_HEADER)

/* sbrk(3): where the break was. False if it could not be moved. */
static bool sbrk(struct heap_call *c, s64 delta, u64 *was)
{
	u64 now;

	*was = mm_at(c->m, task_at(c->m, c->task)->mm)->brk;
	return !do_brk(c->m, c->task, delta, &now);
}

static bool map_anonymous(struct heap_call *c, u64 length, u64 *addr)
{
	struct mmap_request rq = { .length = length, .prot = VM_READ | VM_WRITE };

	return !do_mmap(c->m, c->task, &rq, addr);
}

bool heap_gone(const struct heap_call *c)
{
	const struct running *r = c->m->running;

	return r && r->task == c->task && r->died;
}

/* ---- a mapping for one chunk ---- */

static int map_chunk(struct heap_call *c, u64 size, handle_t *out)
{
	u64 length = PAGE_ALIGN(size + sizeof(u64)), addr;

	if (length <= size || !map_anonymous(c, length, &addr))
		return -ENOMEM;
	if (heap_gone(c))
		return -EINTR;
	*out = heap_chunk_new(c, addr, length, HEAP_MMAPPED, 0);
	if (!*out) {
		do_munmap(c->m, c->task, addr, length);
		return -ENOMEM;
	}
	c->heap->nr_mmaps++;
	c->heap->mmapped_bytes += length;
	heap_touch(c, addr);
	return 0;
}

int heap_munmap(struct heap_call *c, handle_t h)
{
	const struct heap_chunk *k = heap_chunk_at(c->m, h);
	u64 addr = k->addr, size = k->size;

	if (size >= c->heap->mmap_threshold && size < HEAP_MMAP_MAX) {
		c->heap->mmap_threshold = size;
		c->heap->trim_threshold = 2 * size;
	}
	c->heap->nr_mmaps--;
	c->heap->mmapped_bytes -= size;
	heap_chunk_free(c, h);
	return do_munmap(c->m, c->task, addr, size);
}

/* ---- the top ---- */

/* The old top ends where somebody else's memory begins: two headers mark the end, the rest is
 * free. */
static bool fence_off(struct heap_call *c, handle_t top)
{
	u64 size = heap_chunk_at(c->m, top)->size;
	u64 rest = (size - FENCE) & ~(u64)(HEAP_ALIGNMENT - 1);
	handle_t fence;

	if (size < FENCE + HEAP_MIN_CHUNK) {
		heap_set_state(c, top, HEAP_FENCE);
		return true;
	}
	fence = heap_split(c, top, rest);
	if (!fence)
		return false;
	heap_set_state(c, fence, HEAP_FENCE);
	heap_set_state(c, top, HEAP_IN_USE);
	heap_release(c, top);
	return true;
}

static int new_top(struct heap_call *c, u64 addr, u64 size)
{
	handle_t old = c->heap->top;
	handle_t top = heap_chunk_new(c, addr, size, HEAP_TOP, c->heap->last);

	if (!top)
		return -ENOMEM;
	c->heap->top = top;
	heap_touch(c, addr);
	return !old || fence_off(c, old) ? 0 : -ENOMEM;
}

/* The break has moved from @brk by @size. Is that the end of the top? */
static int add_morecore(struct heap_call *c, u64 brk, u64 size)
{
	handle_t top = c->heap->top;
	u64 old_size = top ? heap_chunk_at(c->m, top)->size : 0;
	u64 old_end = top ? heap_chunk_at(c->m, top)->addr + old_size : 0;
	u64 start = brk, end = brk + size, correction, was;

	if (brk == old_end) {
		heap_resize(c, top, old_size + size);
		return 0;
	}
	if (c->heap->contiguous && brk < old_end) {
		/* somebody moved it back, and memory went that was the heap's */
		send_signal(c->m, c->task, SIGABRT_NR, 0);
		return -EINTR;
	}
	if (c->heap->contiguous) {
		/* the ends of chunks and of the heap are where they should be; what was counted on
		 * of the old top is asked for again */
		correction = -start % HEAP_ALIGNMENT;
		start += correction;
		correction += old_size;
		correction += PAGE_ALIGN(end + correction) - (end + correction);
		if (sbrk(c, (s64)correction, &was))
			end = was + correction;
		if (heap_gone(c))
			return -EINTR;
	}
	return new_top(c, start, end - start);
}

/* The break is stuck: a mapping serves as top. */
static int map_top(struct heap_call *c, u64 need, u64 size)
{
	u64 addr;

	if (c->heap->contiguous && c->heap->top)
		size = PAGE_ALIGN(size + heap_chunk_at(c->m, c->heap->top)->size);
	if (size < MMAP_AS_MORECORE)
		size = MMAP_AS_MORECORE;
	if (size <= need || !map_anonymous(c, size, &addr))
		return -ENOMEM;
	if (heap_gone(c))
		return -EINTR;
	c->heap->contiguous = false;
	return new_top(c, addr, size);
}

static int grow_top(struct heap_call *c, u64 need)
{
	u64 size = need + HEAP_TOP_PAD + HEAP_MIN_CHUNK, brk;

	if (size < need)
		return -ENOMEM;
	if (c->heap->contiguous && c->heap->top)
		size -= heap_chunk_at(c->m, c->heap->top)->size;
	size = PAGE_ALIGN(size);
	if ((s64)size > 0 && sbrk(c, (s64)size, &brk))
		return heap_gone(c) ? -EINTR : add_morecore(c, brk, size);
	return map_top(c, need, size);
}

int heap_sysmalloc(struct heap_call *c, u64 size, handle_t *out)
{
	handle_t rest, top;
	int error = -ENOMEM;

	if (size >= c->heap->mmap_threshold && c->heap->nr_mmaps < HEAP_MMAPS_MAX)
		error = map_chunk(c, size, out);
	if (error != -ENOMEM)
		return error;
	error = grow_top(c, size);
	if (error)
		return error;
	top = c->heap->top;
	if (heap_chunk_at(c->m, top)->size < size + HEAP_MIN_CHUNK)
		return -ENOMEM;
	rest = heap_split(c, top, size);
	if (!rest)
		return -ENOMEM;
	c->heap->top = rest;
	heap_set_state(c, top, HEAP_IN_USE);
	heap_touch(c, heap_chunk_at(c->m, top)->addr);
	*out = top;
	return 0;
}

void heap_systrim(struct heap_call *c)
{
	const struct heap_chunk *top = heap_chunk_at(c->m, c->heap->top);
	u64 spare = top->size - HEAP_MIN_CHUNK - 1, extra, was;
	u32 i;

	if (spare <= HEAP_TOP_PAD)
		return;
	extra = (spare - HEAP_TOP_PAD) & PAGE_MASK;
	if (!extra || mm_at(c->m, task_at(c->m, c->task)->mm)->brk != top->addr + top->size)
		return;
	if (!sbrk(c, -(s64)extra, &was))
		return;
	heap_resize(c, c->heap->top, top->size - extra);
	/* what was written there on the way is gone too */
	for (i = 0; i < c->nr_touched; i++)
		if (c->touched[i] >= was - extra && c->touched[i] < was)
			c->touched[i--] = c->touched[--c->nr_touched];
}

/* ---- the beginning ---- */

int heap_start(struct heap_call *c)
{
	const struct mm *mm = mm_at(c->m, task_at(c->m, c->task)->mm);
	u64 start = mm->start_brk + HEAP_EARLY_BYTES,
	    end = mm->start_brk + HEAP_FIRST_PAGES * PAGE_SIZE;

	/* what the program had when it started is the first top */
	if (!(mm->flags & MMF_LIBC_HEAP) || mm->brk < end)
		return 0;
	c->heap->top = heap_chunk_new(c, start, end - start, HEAP_TOP, 0);
	return c->heap->top ? 0 : -ENOMEM;
}
