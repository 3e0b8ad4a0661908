/* libc_heap.h - what the files of libc's heap share: chunks and bins (libc_heap.c), the break and
 * mappings (libc_sysmalloc.c). */
#ifndef MM_LIBC_HEAP_H
#define MM_LIBC_HEAP_H

#include <mman/machine.h>

#define HEAP_TOUCH_MAX 8u

/* One call of malloc or free. */
struct heap_call {
	struct machine *m;
	handle_t task;
	struct libc_heap *heap;
	/* headers that were written: their pages are touched when the books are in order */
	u64 touched[HEAP_TOUCH_MAX];
	u32 nr_touched;
};

static inline void heap_touch(struct heap_call *c, u64 addr)
{
	if (c->nr_touched < HEAP_TOUCH_MAX)
		c->touched[c->nr_touched++] = addr;
}

/* ---- libc_heap.c ---- */

/** heap_chunk_new() - [@addr, @addr + @size), behind @after in memory (0: not next to anything). */
handle_t heap_chunk_new(struct heap_call *c, u64 addr, u64 size, enum heap_state state,
			handle_t after);
void heap_chunk_free(struct heap_call *c, handle_t chunk);
/** heap_split() - cut @chunk after @size bytes; the rest, a chunk of the same state, behind it. */
handle_t heap_split(struct heap_call *c, handle_t chunk, u64 size);
void heap_set_state(struct heap_call *c, handle_t chunk, enum heap_state state);
/** heap_release() - free(3) of a chunk that is no mapping. */
void heap_release(struct heap_call *c, handle_t chunk);
/** heap_resize() - a chunk becomes larger or smaller where it is. */
void heap_resize(struct heap_call *c, handle_t chunk, u64 size);

/* ---- libc_sysmalloc.c ---- */

/** heap_sysmalloc() - a chunk of @size for which there is no room: from the break, or a mapping.
 * *@out;
 * -ENOMEM, -EINTR. */
int heap_sysmalloc(struct heap_call *c, u64 size, handle_t *out);
/** heap_gone() - has the process ended while memory was populated for it (mlockall)? Its heap is
 * gone with it. */
bool heap_gone(const struct heap_call *c);
/** heap_systrim() - what is too much of the top goes back to the kernel. */
void heap_systrim(struct heap_call *c);
/** heap_start() - the arena, when the first call comes. -ENOMEM. */
int heap_start(struct heap_call *c);
int heap_munmap(struct heap_call *c, handle_t chunk);

#endif
