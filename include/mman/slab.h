/*
 * slab.h - kernel objects and their pages (SLUB's shape).
 *
 * A cache cuts slabs of 2^order pages into objects. Per node: partial slabs; per CPU: the slab it
 * allocates from; full slabs are on no list. The engine's own objects (tasks, VMAs, anon_vmas,
 * inodes, dentries, page tables, stacks) are charged here as they come and go, so that Slab,
 * SReclaimable, SUnreclaim and slabinfo move with them. An object is counted, not stored: what a
 * simulated object holds lives in its own pool.
 * Source: Documentation/mm/slub.rst, ABI/testing/sysfs-kernel-slab.
 */
#ifndef MMAN_SLAB_H
#define MMAN_SLAB_H

#include <mman/gfp.h>
#include <mman/page.h>
#include <mman/pool.h>

/* The kernel's well-known caches that the engine charges by name. */
enum kmem_cache_id {
	CACHE_NONE,
	CACHE_TASK_STRUCT,
	CACHE_MM_STRUCT,
	CACHE_SIGNAL,
	CACHE_SIGHAND,
	CACHE_FILES,
	CACHE_FS,
	CACHE_CRED,
	CACHE_PID,
	CACHE_VM_AREA,
	CACHE_ANON_VMA,
	CACHE_ANON_VMA_CHAIN,
	CACHE_FILP,
	CACHE_DENTRY,
	CACHE_INODE,        /* ext4_inode_cache */
	CACHE_SHMEM_INODE,
	CACHE_PROC_INODE,
	CACHE_RADIX_TREE_NODE,
	CACHE_MAPLE_NODE,
	CACHE_KMALLOC_FIRST, /* kmalloc-8 .. kmalloc-8k, then dma-, cg-, rcl- variants: mm/slab.c */
	CACHE_ID_MAX = 64
};

struct kmem_cache {
	char name[32];
	u32 object_size, size; /* bytes: asked for, with padding */
	u32 align;
	u32 objects;           /* per slab */
	u16 order;             /* pages per slab = 2^order */
	u16 flags;             /* KC_* */
	u64 active_objects;    /* allocated objects */
	u64 nr_objects;        /* capacity of all slabs */
	u64 nr_slabs, nr_partial;
	u64 total_allocs, total_frees;
	u64 lab_objects;       /* taken by the laboratory's `slab CACHE +N` */
	handle_t per_node, per_cpu; /* arrays in slab_state pools */
	u32 min_partial, cpu_partial;
};

#define KC_RECLAIM 1u  /* SReclaimable, __GFP_RECLAIMABLE */
#define KC_DMA 2u
#define KC_ACCOUNT 4u
#define KC_PANIC 8u
#define KC_HWALIGN 16u
#define KC_DMA32 32u

struct slab_state {
	struct pool caches;   /* struct kmem_cache; handle = position in creation order */
	struct pool cpu_sets, node_sets;
	handle_t by_id[CACHE_ID_MAX];
	struct pool devices;  /* kmalloc NAME SIZE blocks */
	u32 nr_devices;
	handle_t device_head;
};

int slab_init(struct machine *m);
void slab_destroy(struct machine *m);

/** kmem_cache_find() - a cache by its slabinfo name, 0 if there is none. */
handle_t kmem_cache_find(const struct machine *m, const char *name);

/**
 * kmem_cache_alloc() - charge @n objects of @cache; returns 0 or -ENOMEM (then nothing is charged).
 * kmem_cache_free() - give @n back. Which slab an object lies in is decided by the cache, so that
 * partial slabs form as on Linux. The _obj forms name one object, for owners that remember it.
 */
int kmem_cache_alloc(struct machine *m, handle_t cache, u32 n);
void kmem_cache_free(struct machine *m, handle_t cache, u32 n);

/** kmem_charge() - shorthand for a well-known cache. */
int kmem_charge(struct machine *m, enum kmem_cache_id id, u32 n);
void kmem_uncharge(struct machine *m, enum kmem_cache_id id, u32 n);

/** kmem_cache_shrink() - give empty slabs back to the buddy allocator; pages freed. */
u64 kmem_cache_shrink(struct machine *m, handle_t cache);

/** shrink_slab() - reclaim on @nid: caches that can be given up (dentries, inodes) lose one in
 * 2^@priority of what nobody holds. Returns pages freed. drop_slab(): all of it (drop_caches=2). */
u64 shrink_slab(struct machine *m, u32 nid, int priority);
void drop_slab(struct machine *m);

/**
 * kmalloc_device() - the laboratory's `kmalloc NAME SIZE [dma|dma32|normal] [movable|unmovable|
 * reclaimable] [node=N]`: physically contiguous memory for a device that stays until kfree.
 * @bytes is rounded up to a power-of-two number of pages. 0, -EEXIST, -ENOMEM, -EINVAL.
 */
int kmalloc_device(struct machine *m, const char *name, u64 bytes, gfp_t gfp, int nid);
int kfree_device(struct machine *m, const char *name);

#endif
