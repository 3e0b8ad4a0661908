/*
 * gfp.h - what an allocation may do and where it may take pages from.
 * Source: Documentation/core-api/memory-allocation.rst, mm-api.rst.
 */
#ifndef MMAN_GFP_H
#define MMAN_GFP_H

#include <mman/types.h>

typedef u32 gfp_t;

/* zone modifiers */
#define __GFP_DMA     0x01u
#define __GFP_HIGHMEM 0x02u
#define __GFP_DMA32   0x04u
#define __GFP_MOVABLE 0x08u
/* mobility and behaviour (bit values are those a 6.1 kernel prints in its logs) */
#define __GFP_RECLAIMABLE    0x10u
#define __GFP_HIGH	     0x20u
#define __GFP_IO	     0x40u
#define __GFP_FS	     0x80u
#define __GFP_ZERO	     0x100u
#define __GFP_ATOMIC	     0x200u
#define __GFP_DIRECT_RECLAIM 0x400u
#define __GFP_KSWAPD_RECLAIM 0x800u
#define __GFP_WRITE	     0x1000u
#define __GFP_NOWARN	     0x2000u
#define __GFP_RETRY_MAYFAIL  0x4000u
#define __GFP_NOFAIL	     0x8000u
#define __GFP_NORETRY	     0x10000u
#define __GFP_MEMALLOC	     0x20000u
#define __GFP_COMP	     0x40000u
#define __GFP_NOMEMALLOC     0x80000u
#define __GFP_HARDWALL	     0x100000u
#define __GFP_THISNODE	     0x200000u
#define __GFP_ACCOUNT	     0x400000u

#define __GFP_RECLAIM	     (__GFP_DIRECT_RECLAIM | __GFP_KSWAPD_RECLAIM)
#define GFP_ATOMIC	     (__GFP_HIGH | __GFP_ATOMIC | __GFP_KSWAPD_RECLAIM)
#define GFP_KERNEL	     (__GFP_RECLAIM | __GFP_IO | __GFP_FS)
#define GFP_KERNEL_ACCOUNT   (GFP_KERNEL | __GFP_ACCOUNT)
#define GFP_NOWAIT	     (__GFP_KSWAPD_RECLAIM)
#define GFP_NOIO	     (__GFP_RECLAIM)
#define GFP_NOFS	     (__GFP_RECLAIM | __GFP_IO)
#define GFP_USER	     (__GFP_RECLAIM | __GFP_IO | __GFP_FS | __GFP_HARDWALL)
#define GFP_DMA		     __GFP_DMA
#define GFP_DMA32	     __GFP_DMA32
#define GFP_HIGHUSER	     (GFP_USER | __GFP_HIGHMEM)
#define GFP_HIGHUSER_MOVABLE (GFP_HIGHUSER | __GFP_MOVABLE)

/**
 * alloc_pages() - 2^@order contiguous pages.
 * @nid: preferred node, or NUMA_NO_NODE for the running CPU's
 *
 * Fast path from the CPU's page lists, then zones in zonelist order down to the low
 * watermark; then the slow path: wake kswapd, min watermark, reserves, reclaim, compaction,
 * the OOM killer, as @gfp allows. Takes virtual time. Returns the first PFN, or PFN_NONE.
 */
pfn_t alloc_pages(struct machine *m, gfp_t gfp, unsigned int order, int nid);

/** alloc_pages_nodemask() - the same, from the nodes set in @nodemask only (0: all). With
 * __GFP_THISNODE from @nid only. */
pfn_t alloc_pages_nodemask(struct machine *m, gfp_t gfp, unsigned int order, int nid, u64 nodemask);

/** count_interleave_hit() - a page that the interleave policy wanted on @nid came from there. */
void count_interleave_hit(struct machine *m, pfn_t pfn, int nid);

/** free_pages() - give 2^@order pages back (the caller has cleared mapping and LRU state). */
void free_pages(struct machine *m, pfn_t pfn, unsigned int order);

/** gfp_flags_text() - "GFP_KERNEL|__GFP_ZERO" of @gfp, as the kernel's log prints it, into
 * @text. */
void gfp_flags_text(gfp_t gfp, char *text, size_t size);

/* For physically contiguous memory of a device see kmalloc_device() in slab.h. */

#define NUMA_NO_NODE (-1)

#endif
