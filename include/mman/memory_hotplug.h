/*
 * memory_hotplug.h - memory blocks: 128 MiB that are online or offline as a whole; the DIMMs they
 * are on.
 *
 *	absent  --plug-->  offline  --online-->  online
 *	        <-unplug--          <-offline--
 *
 * Onlining makes a block's frames free memory of a zone; offlining isolates its pageblocks
 * (page_isolation.h), moves what is in use elsewhere (migrate.h) and takes them out. All that
 * depends on the sizes of zones follows: totals, watermarks, page lists, zonelists, nodes and their
 * threads.
 *
 * Source: Documentation/admin-guide/mm/memory-hotplug.rst, ABI/testing/sysfs-devices-memory.
 */
#ifndef MMAN_MEMORY_HOTPLUG_H
#define MMAN_MEMORY_HOTPLUG_H

#include <mman/mmzone.h>
#include <mman/pool.h>

struct machine;

#define DIMM_NAME_MAX 64
/* 64 bytes of the kernel's struct page for each page of a block, in pages */
#define VMEMMAP_PAGES ((u32)(PAGES_PER_SECTION * 64ull / PAGE_SIZE))

/* A slot: what is in it, and, while it is plugged, where it lies. */
struct memory_dimm {
	char name[DIMM_NAME_MAX];
	u64 wanted; /* address where it is to lie; UINT64_MAX: anywhere */
	u64 start;  /* plugged: address where it lies */
	u64 size;
	u32 nid;
	u32 device; /* plugged: number of its ACPI device */
	u32 number; /* counts all that were ever made, from 1 on */
	bool plugged;
	bool memmap_on_memory; /* plugged: its struct pages lie in its own first frames */
	char said[128];	       /* why the last plug or unplug did not work; "": it did */
	handle_t memmap;       /* plugged: where its struct pages lie: struct memmap_chunk */
	handle_t next;
};

/* Frames of the kernel's struct pages for a DIMM: 2^order pages from the allocator, or, with
 * @blocks, so many blocks of 4 MiB that have no struct pages here themselves. */
struct memmap_chunk {
	pfn_t pfn;
	u32 blocks;
	u32 order;
	handle_t next;
};

/* A frame that is used no more, in a block that is online or went offline since. */
struct poisoned_frame {
	pfn_t pfn;
	handle_t next;
};

enum memory_online_policy { ONLINE_POLICY_CONTIG_ZONES, ONLINE_POLICY_AUTO_MOVABLE };

/* Where a notifier can be told to say no (notifier-error-inject.rst). */
enum memory_notify { MEM_GOING_ONLINE, MEM_GOING_OFFLINE, NR_MEMORY_NOTIFY };

struct memory_hotplug_state {
	struct pool dimms;    /* struct memory_dimm */
	struct pool memmaps;  /* struct memmap_chunk */
	struct pool poisoned; /* struct poisoned_frame */
	handle_t first_poisoned;
	handle_t first_dimm; /* in the order in which they were made */
	u32 nr_dimms_made;
	u32 going_offline; /* block + 1; 0: none */
	u8 policy_zone;	   /* enum zone_type: highest kernel zone that ever had memory */
	u8 online_policy;  /* enum memory_online_policy */
	bool numa_aware;   /* auto-movable: the ratio holds for each node, too */
	bool memmap_on_memory;
	u32 auto_movable_ratio;	      /* percent */
	bool inject_loaded;	      /* the module memory-notifier-error-inject */
	s64 inject[NR_MEMORY_NOTIFY]; /* errors; 0: none */
	/* complaints about pages that do not move: ten in five seconds */
	u64 complaints_since;
	u32 complaints, complaints_missed;
};

enum mhp_online_type { MMOP_OFFLINE, MMOP_ONLINE, MMOP_ONLINE_KERNEL, MMOP_ONLINE_MOVABLE };

/** memory_hotplug_init() - pools. 0 or -ENOMEM. memory_hotplug_destroy(): they go. */
int memory_hotplug_init(struct machine *m);
void memory_hotplug_destroy(struct machine *m);

/* ---- blocks: mm/memory_block.c ---- */

/** memory_block_exists() - is there RAM, online or not, in block @block? */
bool memory_block_exists(const struct machine *m, u32 block);
/** memory_block_next() - the first block from @block on that exists; UINT32_MAX at the end. */
u32 memory_block_next(const struct machine *m, u32 block);

struct memory_block {
	bool online; /* any of its frames is */
	bool holes;  /* some of its frames are no RAM: it cannot go offline */
	u32 zones;   /* how many zones it lies in, while online */
	u16 nid;     /* of its first zone, or of the DIMM */
	u16 type;    /* enum zone_type of its first zone; offline: that it would join by default */
	u64 nodes;   /* all nodes it touches */
};

/** memory_block_look() - what @block is, from its frames. */
void memory_block_look(struct machine *m, u32 block, struct memory_block *out);

/** memory_block_dimm() - the plugged DIMM that the block is part of, 0: boot memory. */
handle_t memory_block_dimm(const struct machine *m, u32 block);

/** memory_block_zone() - the zone that an offline block joins when onlined so. */
enum zone_type memory_block_zone(struct machine *m, u32 block, enum mhp_online_type type);

/* ---- online, offline: mm/memory_hotplug.c ---- */

/**
 * memory_block_online() - the block's pages become free memory of the zone that @type asks for.
 * 1: it is online already. -ENOMEM. The errno that was injected for MEM_GOING_ONLINE.
 */
int memory_block_online(struct machine *m, u32 block, enum mhp_online_type type);

/**
 * memory_block_offline() - take all pages of the block away from its zone. Only where a safe point
 * may be. 1: it is offline already. -EINVAL: it has holes or lies in two zones. -EBUSY: it holds
 * pages that can never move; the kernel log says which. -EINTR: pages that are pinned for now, and
 * the caller was told to end: it is tried again until then. What was injected for
 * MEM_GOING_OFFLINE. -ENOMEM. After any error the block is online as before, and what could be
 * moved has been moved.
 */
int memory_block_offline(struct machine *m, u32 block);

/** memory_notify() - what the chain of notifiers says: 0, or the injected errno, with its log
 * line. */
int memory_notify(struct machine *m, enum memory_notify what);

/* ---- DIMMs: mm/memory_dimm.c ---- */

/** memory_dimm_at() - behind a handle. memory_dimm_find(): the handle of a slot by its name, 0 if
 * there is none. */
static inline struct memory_dimm *memory_dimm_at(const struct memory_hotplug_state *s, handle_t h)
{
	return pool_at(&s->dimms, h);
}

handle_t memory_dimm_find(const struct machine *m, const char *name);

/** memory_dimm_create() - an empty slot: no size, node 0. -EEXIST, -ENAMETOOLONG, -EINVAL (a bad
 * name), -ENOMEM; -EOPNOTSUPP: this machine has no slots (i386). */
int memory_dimm_create(struct machine *m, const char *name, handle_t *out);
/** memory_dimm_remove() - the slot goes. -EBUSY: plugged; -ENOENT. */
int memory_dimm_remove(struct machine *m, const char *name);

/**
 * memory_dimm_plug() - its blocks appear, and go online as auto_online_blocks says.
 * -EINVAL: size 0 or no multiple of a block, a start that is none, no such node number, plugged
 * already.
 * -EEXIST: it overlaps RAM. -E2BIG: beyond the highest address. -ENOSPC: no room is left for it.
 * -ENOMEM: no memory for its struct pages. With an error, nothing has changed. One line of reason
 * in @why.
 */
int memory_dimm_plug(struct machine *m, handle_t dimm, char *why, size_t why_size);

/**
 * memory_dimm_unplug() - its blocks go offline, one after the other, and vanish. Only where a safe
 * point may be. The error of the block that refused: those that went offline for it are online
 * again, by the online policy.
 */
int memory_dimm_unplug(struct machine *m, handle_t dimm, char *why, size_t why_size);

/** memory_dimm_boot() - boot: a DIMM that is plugged in already; its blocks exist. Its memmap is
 * taken unless the machine is bare. -ENOMEM. */
int memory_dimm_boot(struct machine *m, const char *name, u64 start, u64 size, u32 nid);

/** memory_hotplug_limit() - one above the highest address that a DIMM may have, bytes. */
u64 memory_hotplug_limit(const struct machine *m);

/* ---- bad pages: mm/memory_failure.c ---- */

/**
 * memory_failure() - the frame is corrupt: it is used no more. Free: taken out. Clean page cache:
 * dropped. Else its users get SIGBUS when they touch it. 0; -ENXIO: no online frame; -EHWPOISON: it
 * is known to be; -EBUSY: the kernel itself uses it (it is marked all the same).
 */
int memory_failure(struct machine *m, u64 pfn);
/** soft_offline_page() - move what is in the frame elsewhere and use it no more. 0, -EIO (not
 * online, or in use by the kernel), -EBUSY: it could not be moved. */
int soft_offline_page(struct machine *m, u64 pfn);

/** madvise_inject_error() - MADV_HWPOISON, MADV_SOFT_OFFLINE of [@addr, @end). -EPERM, -ENOMEM, or
 * as above. */
int madvise_inject_error(struct machine *m, handle_t task, u64 addr, u64 end, bool soft);

#endif
