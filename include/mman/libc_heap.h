/*
 * libc_heap.h - the heap of a simulated process, as the C library in it keeps it.
 *
 * What `malloc` and `free` do in a process of the laboratory: glibc 2.36's main arena, chunk for
 * chunk. The same sequence of calls gives the same addresses, the same moves of the break and the
 * same mappings as there. It is the process's own memory that is handed out: a fork has a copy,
 * threads share it, execve(2) begins anew.
 * Source: malloc(3), mallopt(3), and what a real program did (tests/data/malloc/).
 */
#ifndef MMAN_LIBC_HEAP_H
#define MMAN_LIBC_HEAP_H

#include <mman/pool.h>
#include <mman/treap.h>

#define HEAP_HEADER	   16u /* bytes in front of what malloc(3) returns */
#define HEAP_ALIGNMENT	   16u
#define HEAP_MIN_CHUNK	   32u
#define HEAP_TOP_PAD	   (128u << 10) /* M_TOP_PAD: asked for beyond the need */
#define HEAP_MMAP_DEFAULT  (128u << 10) /* M_MMAP_THRESHOLD at the start */
#define HEAP_MMAP_MAX	   (32u << 20)	/* up to which it adapts itself */
#define HEAP_MMAPS_MAX	   65536u	/* M_MMAP_MAX */
#define HEAP_FAST_MAX	   128u		/* chunks up to here go to fastbins */
#define HEAP_SMALL_LIMIT   1024u	/* chunks below have a bin of their size */
#define HEAP_CONSOLIDATION (64u << 10)	/* a freed piece of this size empties the fastbins */
#define HEAP_TCACHE_BINS   64u
#define HEAP_TCACHE_COUNT  7u
#define HEAP_NR_FASTBINS   10u
#define HEAP_NR_BINS	   127u /* 1: unsorted; 2-63: small; from there on large */

/* A program linked statically has this behind it when it starts (mm/exec.c): its thread's own data,
 * then the arena's first piece. */
#define HEAP_EARLY_BYTES 0xdc0u
#define HEAP_FIRST_PAGES 34u

enum heap_state {
	HEAP_IN_USE,
	HEAP_MMAPPED, /* in use, a mapping of its own */
	HEAP_TCACHE,
	HEAP_FASTBIN,
	HEAP_UNSORTED,
	HEAP_SMALLBIN,
	HEAP_LARGEBIN,
	HEAP_TOP,
	HEAP_FENCE /* where somebody else's memory follows */
};

struct heap_chunk {
	u64 addr, size; /* bytes, header included */
	struct treap_node rb;
	handle_t next, prev;	     /* neighbours in memory */
	handle_t bin_next, bin_prev; /* towards the back and the front of its bin */
	u8 state;		     /* enum heap_state */
	u8 reserved[3];
	handle_t copy; /* while the heap is being copied */
};

struct heap_bin {
	handle_t first, last;
};

struct libc_heap {
	u64 mmap_threshold, trim_threshold;
	u64 last_remainder; /* address */
	handle_t chunks;    /* tree by address */
	handle_t first, last, top;
	u32 nr_chunks, nr_mmaps;
	u64 mmapped_bytes, free_bytes; /* free: in bins, caches, and top */
	bool contiguous, have_fastchunks;
	u16 reserved;
	u32 tcache_count[HEAP_TCACHE_BINS];
	handle_t tcache[HEAP_TCACHE_BINS], fastbin[HEAP_NR_FASTBINS];
	struct heap_bin bin[HEAP_NR_BINS];
};

/** libc_malloc() - malloc(3) of @bytes; *@addr: what it returns. Touches the pages that hold the
 * chunks' headers. -ENOMEM; -EINTR: the process is to end. */
int libc_malloc(struct machine *m, handle_t task, u64 bytes, u64 *addr);
/** libc_free() - free(3). -EINVAL: @addr is not the start of a block in use, a real program would
 * be ended by SIGABRT. */
int libc_free(struct machine *m, handle_t task, u64 addr);

/** libc_heap_dup() - fork(2): a copy of @heap (0: none was used yet). 0 or -ENOMEM. */
int libc_heap_dup(struct machine *m, handle_t heap, handle_t *out);
/** libc_heap_put() - its process has ended; 0: it never had one. */
void libc_heap_put(struct machine *m, handle_t heap);

#define libc_heap_at(m, h)  ((struct libc_heap *)pool_at(&(m)->mms.heaps, h))
#define heap_chunk_at(m, h) ((struct heap_chunk *)pool_at(&(m)->mms.heap_chunks, h))

/** heap_find() - the chunk that begins at @addr, 0 if none does. */
handle_t heap_find(const struct machine *m, const struct libc_heap *heap, u64 addr);
/** heap_chunk_first(), heap_chunk_next() - all of them by address. */
handle_t heap_chunk_first(struct machine *m, handle_t heap);
handle_t heap_chunk_next(struct machine *m, handle_t chunk);

#endif
