/*
 * swap.h - swap areas: where memory can be written to, and the way back.
 *
 * An area is a stretch of the disk (blkdev.h), cut into slots of a page. Every slot in use has a
 * reference count: one for each page table entry (or shared memory index) that holds it, and one
 * for the swap cache. A page on its way out or just back in is in the swap cache: PG_swapcache,
 * found by its slot (swap_cache_page()), its slot kept in a side array (page_swap_slot()).
 *
 * Slots of all areas are numbered in one space (u32, 0: none), so that a side array, a shared
 * memory index (XA_VALUE | slot) and a contents handle need 4 bytes; a page table entry shows type
 * and offset as Linux does.
 *
 *	shrink_page_list   add_to_swap -> try_to_unmap(entry) -> swap_writepage -> (IO) -> freed
 *	fault              do_swap_page: swap cache, or read with its neighbours (page-cluster)
 *
 * Slots come in clusters of 256, which take host memory while one of their slots is in use:
 *
 *	slot = cluster << 8 | number     cluster -> free slots (bits), and per slot:
 *	                                   count    entries that hold it, SWAP_HAS_CACHE
 *	                                   entry    PFN of the page that caches it, or a shadow
 *	                                   contents (an array of its own, made on first need)
 *
 * Areas of equal priority take turns cluster by cluster. Source: swapon(2),
 * Documentation/filesystems/proc.rst (swaps), admin-guide/sysctl/vm.rst (page-cluster).
 */
#ifndef MMAN_SWAP_H
#define MMAN_SWAP_H

#include <mman/pool.h>
#include <mman/types.h>

#define MAX_SWAPFILES 26u /* 32 types less those for migration, poison, lost pages and markers */
#define SWAP_NAME_MAX 48u
#define SWAP_PRIO_MAX 32767

#define SWAP_CLUSTER_SHIFT 8u
#define SWAP_CLUSTER_SLOTS (1u << SWAP_CLUSTER_SHIFT)
#define SWAP_CLUSTERS_MAX  ((1u << (31 - SWAP_CLUSTER_SHIFT)) - 2) /* slots have 31 bits */
#define SWAP_HAS_CACHE	   0x80000000u

struct machine;

/* A list of clusters of one area. */
struct cluster_list {
	u32 head, tail;
};

struct swap_area {
	char path[SWAP_NAME_MAX]; /* as proc/swaps shows it: /dev/NAME or /NAME; "": the file's */
	u64 pages;		  /* usable: one less than the area has, for the header */
	u64 used_pages;
	s32 prio;
	bool in_use, file;
	bool rotational;	    /* as the queue said when it came into use */
	handle_t inode;		    /* the file of the disk whose room it is; 0: its own */
	bool writeok;		    /* gives out slots; not while swapoff empties it */
	u64 sector;		    /* on the disk, of its header */
	u32 first, nr_clusters;	    /* its clusters */
	u32 fresh;		    /* those from here on have not been used yet */
	u32 current;		    /* the one that is being filled, 0: none */
	struct cluster_list empty;  /* used before, all free again */
	struct cluster_list partly; /* some slots free */
};

enum cluster_place { CLUSTER_NOWHERE, CLUSTER_EMPTY, CLUSTER_PARTLY };

struct swap_cluster {
	handle_t slots; /* struct swap_slots; 0: none was used yet, or all are free */
	u16 used;
	u8 place; /* enum cluster_place: which list it is on */
	u8 area;
	u32 next, prev;
};

struct swap_slot {
	u32 count, entry;
};

struct swap_slots {
	handle_t contents; /* array of SWAP_CLUSTER_SLOTS handles; 0: none has any */
	u32 nr_contents;
	u64 free[SWAP_CLUSTER_SLOTS / 64];
	struct swap_slot slot[SWAP_CLUSTER_SLOTS];
};

/* The slots of a section's pages, 0 for those that are not in the swap cache. */
struct swap_section {
	handle_t array; /* once it is made it stays: it would be needed again at once */
};

struct swap_state {
	u64 changes; /* areas that came or went: who polls proc/swaps waits for the next */
	struct swap_area area[MAX_SWAPFILES];
	u64 total_pages, used_pages;
	u32 nr_rotate;	      /* areas in use that are rotational */
	s32 least_priority;   /* of the automatic ones: -1 - how many were given */
	u32 turn;	      /* area + 1 that gives the next slot; 0: to be chosen */
	u32 last;	      /* area that gave the last cluster */
	struct pool clusters; /* struct swap_cluster: all areas' */
	struct pool slots, contents;
	struct pool sections, swap_pages; /* by section; u32 for each of its pages */
	handle_t first_section;
	/* read-ahead by slots: the last read, its window, and how many of it were used since */
	u32 ra_slot, ra_window, ra_hits;
};

/**
 * swapon() - use a device or file of @bytes at @path as swap. @prio: 0 to SWAP_PRIO_MAX, or -1 for
 * the next automatic one. 0, -EBUSY (in use already), -EINVAL (too small, bad priority), -EPERM (no
 * type left), -ENAMETOOLONG, -ENOSPC (more than the disk has left).
 */
int swapon(struct machine *m, const char *path, u64 bytes, s32 prio, bool file);

/**
 * swapon_file() - the same with a file of the disk: its first @bytes, which it has room for
 * already, are the area. As long as it is one, its bytes are the machine's: a write, a truncation,
 * a shared writable mapping are -ETXTBSY, removing and renaming it -EPERM. -EBUSY (it is one),
 * -EINVAL (no regular file, shorter than @bytes, holes; too small, bad priority), -EPERM.
 */
int swapon_file(struct machine *m, handle_t inode, u64 bytes, s32 prio);

/** swapoff() - stop using it: reads back all that lies there, with safe points. 0, -EINVAL (not in
 * use), -ENOMEM (overcommit would be broken, or memory ran out: the area stays on), -EINTR,
 * -EIO. */
int swapoff(struct machine *m, const char *path);

/** swap_area_path() - what proc/swaps calls it: a file's area goes by the file's name. */
const char *swap_area_path(const struct machine *m, const struct swap_area *a);
/** swap_area_find() - the area in use of that path, NULL if there is none. */
const struct swap_area *swap_area_find(const struct machine *m, const char *path);

/** swap_init() - the areas that the machine file has on. 0 or -errno. swap_destroy(). */
int swap_init(struct machine *m);
/** swap_grow() - max_pfn is higher than it was. 0 or -ENOMEM. */
int swap_grow(struct machine *m);
void swap_destroy(struct machine *m);

/* ---- slots and the swap cache (what reclaim and the fault use) ---- */

/** add_to_swap() - a slot for the page @pfn, which enters the swap cache and is dirty from now on.
 * False: no slot is free. An anonymous page keeps its mappings. One of shared memory has none any
 * more and leaves its file, whose index then holds the slot: swap_writepage() follows. */
bool add_to_swap(struct machine *m, pfn_t pfn);

/** page_swap_slot() - of a page with PG_swapcache. swap_slot_pte() - the page table entry for a
 * slot;
 * pte_swap_slot() - back. */
u32 page_swap_slot(const struct machine *m, pfn_t pfn);
u64 swap_slot_pte(const struct machine *m, u32 slot);
u32 pte_swap_slot(const struct machine *m, u64 pte);

/** swap_duplicate() - one more entry holds @slot (fork, unmap). swap_free() - one less: the slot
 * goes with the last one and the swap cache's. */
void swap_duplicate(struct machine *m, u32 slot);
void swap_free(struct machine *m, u32 slot);
/** swap_count() - entries that hold @slot, the swap cache not counted. */
u32 swap_count(const struct machine *m, u32 slot);

/** swap_cache_page() - the page that @slot is cached in, PFN_NONE: none. */
pfn_t swap_cache_page(const struct machine *m, u32 slot);
/** swap_contents() - what was written to the slot (contents.h), 0: zeros. Not a reference. */
handle_t swap_contents(const struct machine *m, u32 slot);

/** swap_writepage() - start writing a page of the swap cache: PG_writeback, PG_dirty gone, PSWPOUT.
 * If nobody needs the slot any more it is freed instead (1), and the page is the caller's to free.
 * 0: under way. -ENOMEM: the host has no room for the contents; still dirty. What the disk refuses
 * is dirty again when the write is over. */
int swap_writepage(struct machine *m, pfn_t pfn);

/** swap_read_failed() - the disk does not give back a page of the swap cache. */
void swap_read_failed(struct machine *m, u64 sector);

/** delete_from_swap_cache() - @shadow (workingset.h) stays in its place; 0: none. The page keeps
 * nothing of the slot: PG_swapcache is gone, its contents stay. Not under writeback, nor while it
 * is read. */
void delete_from_swap_cache(struct machine *m, pfn_t pfn, u32 shadow);

/** try_to_free_swap() - the page is in memory: give its slot back if no entry needs it. It is dirty
 * then, for its only copy is the one in memory. */
bool try_to_free_swap(struct machine *m, pfn_t pfn);

/** vm_swap_full() - more than half of all swap is used: slots of pages in memory are given back. */
bool vm_swap_full(const struct machine *m);

#endif
