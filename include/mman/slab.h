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
#include <mman/mmzone.h>
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
	CACHE_INODE, /* ext4_inode_cache */
	CACHE_SHMEM_INODE,
	CACHE_PROC_INODE,
	CACHE_RADIX_TREE_NODE,
	CACHE_MAPLE_NODE,
	CACHE_BUFFER_HEAD,
	CACHE_NUMA_POLICY,
	CACHE_SHARED_POLICY, /* shared_policy_node */
	CACHE_HUGETLBFS_INODE,
	CACHE_ID_MAX = 64
};

/*
 * A cache. Where its slabs are (SLUB's shape):
 *	cpu.slab       each CPU takes objects from one slab of its own
 *	cpu.partial    a few partly used slabs that a CPU keeps for itself
 *	node.partial   partly used (and a few empty) slabs for everybody on the node
 *	node.full      full slabs; SLUB keeps no list of them, we do: a freed object has to come from one
 * A slab is the head page of its block: PG_slab; mapping = cache handle; index = objects it can
 * hold; mapcount = objects in use; next/prev link the list.
 */
struct kmem_cache {
	char name[32]; /* slabinfo */
	char id[32];   /* directory of sys/kernel/slab: ":A-0000064" if other names share it */
	u32 object_size, size; /* bytes: asked for, with padding */
	u32 align, usersize;
	u32 row;		  /* in the table of well-known caches: kmem_cache_ctor() */
	u32 objects;		  /* per slab */
	u16 order;		  /* pages per slab = 2^order */
	u16 flags;		  /* KC_* */
	u32 nr_aliases;		  /* further names */
	u64 active_objects;	  /* allocated objects */
	u64 nr_objects;		  /* capacity of all slabs */
	u64 nr_slabs, nr_partial; /* nr_partial: slabs on nodes' partial lists */
	u64 partial_free; /* free objects on nodes' partial lists: slabinfo takes only these for free */
	u64 total_frees;
	u64 lab_objects;	      /* made by `slab CACHE +N` of sim/ctl: nobody holds them */
	handle_t per_node, per_cpu;   /* arrays in slab_state pools, by nid and CPU */
	u32 min_partial, cpu_partial; /* tunables: empty slabs kept per node, objects per CPU */
	u32 remote_node_defrag_ratio;
};

struct kmem_cache_node {
	struct page_list partial, full;
	u64 nr_slabs, total_objects;
	u64 partial_free;    /* free objects on the partial list */
	u64 shrink_deferred; /* objects that reclaim should have looked at: too few for a batch */
};

struct kmem_cache_cpu {
	pfn_t slab; /* PFN_NONE: none */
	struct page_list partial;
};

#define KC_RECLAIM 1u /* SReclaimable, __GFP_RECLAIMABLE */
#define KC_DMA	   2u
#define KC_ACCOUNT 4u
#define KC_HWALIGN 16u
#define KC_DMA32   32u
#define KC_RCU	   64u /* SLAB_TYPESAFE_BY_RCU */

struct slab_state {
	struct pool caches; /* struct kmem_cache; handle = position in creation order */
	struct pool cpu_sets, node_sets; /* struct kmem_cache_cpu, struct kmem_cache_node */
	handle_t by_id[CACHE_ID_MAX];
	struct pool devices; /* struct kmalloc_device */
	u32 nr_devices;
	handle_t device_head; /* in order of allocation */
	u64 lab_objects;      /* of all caches */
};

#define kmem_cache_at(m, h) ((struct kmem_cache *)pool_at(&(m)->slab.caches, h))

/** count_lab_objects() - the laboratory has @n more objects of @c, or, below 0, fewer. */
static inline void count_lab_objects(struct slab_state *s, struct kmem_cache *c, s64 n)
{
	c->lab_objects += (u64)n;
	s->lab_objects += (u64)n;
}

/* Another name of a cache: a link of sys/kernel/slab. */
struct slab_alias {
	const char *name, *id;
};

extern const struct slab_alias slab_aliases[];
extern const u32 nr_slab_aliases;

/** kmem_cache_node_of(), kmem_cache_cpu_of() - a cache's lists of a node, of a CPU. */
static inline struct kmem_cache_node *kmem_cache_node_of(const struct slab_state *s,
							 const struct kmem_cache *c, u32 nid)
{
	return (struct kmem_cache_node *)pool_at(&s->node_sets, c->per_node + nid);
}

static inline struct kmem_cache_cpu *kmem_cache_cpu_of(const struct slab_state *s,
						       const struct kmem_cache *c, u32 cpu)
{
	return (struct kmem_cache_cpu *)pool_at(&s->cpu_sets, c->per_cpu + cpu);
}

/** kmem_cache_slabinfo_active() - "active_objs": free objects of the slabs that CPUs hold count as
 * used. kmem_cache_cpu_partial_slabs(): how many slabs a CPU may hold back. */
static inline u64 kmem_cache_slabinfo_active(const struct kmem_cache *c)
{
	return c->nr_objects - c->partial_free;
}

static inline u32 kmem_cache_cpu_partial_slabs(const struct kmem_cache *c)
{
	return (c->cpu_partial * 2 + c->objects - 1) / c->objects;
}

/** slab_init() - pools, and the caches that a 6.1 kernel has after boot. 0 or -ENOMEM.
 * slab_destroy(): they go. */
int slab_init(struct machine *m);
void slab_destroy(struct machine *m);
/** slab_add_node() - node number @nid, one more than there were so far, gets its lists. 0 or
 * -ENOMEM. */
int slab_add_node(struct machine *m, u32 nid);

/** kmem_cache_ctor() - name of the constructor, as sys/kernel/slab shows it; "" if there is
 * none. */
const char *kmem_cache_ctor(const struct kmem_cache *c);

/** kmem_cache_find() - a cache by its slabinfo name, 0 if there is none. */
handle_t kmem_cache_find(const struct machine *m, const char *name);

/**
 * kmem_cache_alloc() - charge @n objects of @cache; returns 0 or -ENOMEM (then nothing is charged).
 * kmem_cache_free() - give @n back. Which slab an object lies in is decided by the cache, so that
 * partial slabs form as on Linux.
 */
int kmem_cache_alloc(struct machine *m, handle_t cache, u32 n);
void kmem_cache_free(struct machine *m, handle_t cache, u32 n);

/** kmem_charge(), kmem_uncharge() - the same of a well-known cache. */
int kmem_charge(struct machine *m, enum kmem_cache_id id, u32 n);
void kmem_uncharge(struct machine *m, enum kmem_cache_id id, u32 n);
/** kmem_uncharge_node() - @n objects that lie on node @nid, as far as there are; empty slabs go at
 * once. */
void kmem_uncharge_node(struct machine *m, enum kmem_cache_id id, u32 n, u32 nid);

/** kmem_cache_shrink() - give empty slabs back to the buddy allocator; pages freed. */
u64 kmem_cache_shrink(struct machine *m, handle_t cache);

/** shrink_slab() - reclaim on @nid: caches of objects that can be given up (KC_RECLAIM) lose one in
 * 2^(@priority - 1) of those that nobody holds, of dentries and inodes vfs_cache_pressure percent
 * of that, and their empty slabs. Returns pages freed. drop_slab(): all of it, on all nodes
 * (drop_caches=2). */
u64 shrink_slab(struct machine *m, u32 nid, int priority);
void drop_slab(struct machine *m);

/* A block of kmalloc_device(). */
struct kmalloc_device {
	char name[64];
	u64 bytes;
	pfn_t pfn;
	u32 order;
	handle_t next, prev;
};

/**
 * kmalloc_device() - the laboratory's `kmalloc NAME SIZE [dma|dma32|normal] [movable|unmovable|
 * reclaimable] [node=N]`: physically contiguous memory for a device that stays until kfree.
 * @bytes is rounded up to a power-of-two number of pages; @gfp: zone and mobility bits, GFP_KERNEL
 * is added. More than 4 MiB is -ENOMEM, as kmalloc() has no larger blocks. 0, -EEXIST, -ENOMEM,
 * -EINVAL. kfree_device(): -ENOENT.
 */
int kmalloc_device(struct machine *m, const char *name, u64 bytes, gfp_t gfp, int nid);
int kfree_device(struct machine *m, const char *name);

#endif
