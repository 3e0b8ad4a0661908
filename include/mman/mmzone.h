/*
 * mmzone.h - nodes, zones, buddy free lists, per-CPU page lists, LRU lists.
 *
 *	machine
 *	 +- node[nid] (pglist_data)      lruvec: five LRU lists, node counters
 *	     +- zone[ZONE_DMA..]         free_area[order][migratetype], watermarks, zone counters
 *	         +- pageset[cpu]         per-CPU page lists (per_cpu_pages)
 *	         +- untouched extents    memory nobody ever used: no struct page, no list entry
 *
 * Invariants (checked by sim/check):
 *  - NR_FREE_PAGES of a zone = pages on its free lists + pages in its untouched extents;
 *    pages on per-CPU lists are not free, as on Linux.
 *  - free pages of isolated pageblocks count in free_area but not in NR_FREE_PAGES;
 *  - an untouched extent is cut into MAX_ORDER-aligned 4 MiB blocks of MIGRATE_MOVABLE for
 *    every reader: it counts in free_area[10], buddyinfo, pagetypeinfo.
 *  - managed = present - reserved; spanned >= present.
 * Source: Documentation/mm/physical_memory.rst, admin-guide/sysctl/vm.rst.
 */
#ifndef MMAN_MMZONE_H
#define MMAN_MMZONE_H

#include <mman/gfp.h>
#include <mman/page.h>
#include <mman/pool.h>
#include <mman/vmstat.h>

#define MAX_NUMNODES	    64
#define ALL_NODES	    (~(u64)0) /* as a mask */
#define NR_CPUS_MAX	    1024
#define MAX_RECLAIM_RETRIES 16u

/* x86-64 has all but HIGHMEM; i386 has DMA, NORMAL, HIGHMEM, MOVABLE. See machine->zone_mask. */
enum zone_type {
	ZONE_DMA,
	ZONE_DMA32,
	ZONE_NORMAL,
	ZONE_HIGHMEM,
	ZONE_MOVABLE,
	ZONE_DEVICE,
	MAX_NR_ZONES
};

enum migratetype {
	MIGRATE_UNMOVABLE,
	MIGRATE_MOVABLE,
	MIGRATE_RECLAIMABLE,
	MIGRATE_HIGHATOMIC,
	MIGRATE_ISOLATE,
	MIGRATE_TYPES,
	MIGRATE_PCPTYPES = MIGRATE_HIGHATOMIC
};

enum lru_list {
	LRU_INACTIVE_ANON,
	LRU_ACTIVE_ANON,
	LRU_INACTIVE_FILE,
	LRU_ACTIVE_FILE,
	LRU_UNEVICTABLE,
	NR_LRU_LISTS
};

enum zone_watermarks { WMARK_MIN, WMARK_LOW, WMARK_HIGH, WMARK_PROMO, NR_WMARK };

/* A list of pages linked by page->next/prev. head/tail are PFN_NONE when empty. */
struct page_list {
	pfn_t head, tail;
	u32 nr;
};

#define PAGEVEC_SIZE	  59u
#define PAGEVEC_END_SHIFT 8u

/* Pages side by side on an LRU list, the oldest first: mm/pagevec.h. */
struct pagevec {
	u64 gone;	       /* bitmap: slots before the end that have no page (any more) */
	handle_t newer, older; /* 0: the end of the list */
	u16 fill;	       /* how many pages; from PAGEVEC_END_SHIFT on: the end */
	pfn_t pfn[PAGEVEC_SIZE];
};

struct pagevec_list {
	handle_t newest, oldest; /* 0: it is empty */
	u32 nr;			 /* pages */
};

struct free_area {
	struct page_list list[MIGRATE_TYPES];
	u64 nr_free; /* blocks of this order, untouched ones included at order 10 */
	u64 nr_free_type[MIGRATE_TYPES];
};

/* orders 0..PAGE_ALLOC_COSTLY_ORDER (3) for each pcp migratetype, and pageblock order (THP) */
#define PAGE_ALLOC_COSTLY_ORDER 3u
#define NR_PCP_LISTS		((PAGE_ALLOC_COSTLY_ORDER + 1) * MIGRATE_PCPTYPES + 1)

struct per_cpu_pages {
	u32 count; /* pages on all lists */
	u32 high;  /* empty down by a batch above this */
	u32 batch;
	u32 free_factor;
	struct page_list lists[NR_PCP_LISTS];
};

/* [start, end): frames that were never handed out; multiples of the largest buddy block. Taken from
 * the front of the first extent, as the kernel's boot appends to its free lists. */
struct untouched_extent {
	pfn_t start, end;
	handle_t next; /* next extent of the zone, in the order they were freed; 0 ends */
	u32 reserved;
};

/* What compaction remembers of a zone from one run to the next (compaction.h). */
struct zone_compaction {
	pfn_t cached_migrate_pfn[2]; /* where asynchronous and other runs go on */
	pfn_t cached_free_pfn;
	pfn_t init_migrate_pfn, init_free_pfn; /* where they began after the last reset */
	u32 considered, defer_shift; /* of 2^defer_shift requests all but the last are put off, */
	s32 order_failed;	     /* if they are of this order or more */
	bool blockskip_flush;	     /* the scanners have met: forget the hints */
};

/* [start, end) is RAM of that zone, online. */
struct zone_range {
	pfn_t start, end;
	u16 nid, type;
};

#define MAX_ZONE_RANGES (1u << 16)

struct zone {
	u64 watermark[NR_WMARK];	  /* pages, without boost */
	u64 watermark_boost;		  /* pages */
	u64 lowmem_reserve[MAX_NR_ZONES]; /* pages kept from requests for zone j: "protection" */
	u64 nr_reserved_highatomic;
	s64 vm_stat[NR_VM_ZONE_STAT_ITEMS];
	u64 nr_inactive_file_dirty; /* of the inactive file list: dirty or under writeback (sim/lru) */
	s64 vm_numa_stat[NR_VM_NUMA_STAT_ITEMS];
	struct free_area free_area[MAX_ORDER];
	u64 nr_pageblocks[MIGRATE_TYPES];
	handle_t untouched, untouched_last; /* extents */
	handle_t untouched_isolated;	    /* those in isolated pageblocks (page_isolation.h) */
	pfn_t deferred_next; /* boot: pages from here on were not looked at yet; 0: not deferred */
	u64 untouched_pages;
	handle_t pageset; /* first of nr_cpus struct per_cpu_pages in machine->pagesets */
	pfn_t start_pfn;
	u64 spanned_pages, present_pages, managed_pages;
	u64 present_early_pages;
	u16 nid;
	u8 type;	     /* enum zone_type */
	bool nofragment;     /* requests that prefer this zone rather go elsewhere than mix types */
	bool boosted;	     /* kswapd must hear of a new boost (ZONE_BOOSTED_WATERMARK) */
	bool reclaim_active; /* kswapd works here: page lists stay short (ZONE_RECLAIM_ACTIVE) */
	struct zone_compaction compact;
};

#define ZONE_NONE 0xffffffffu

struct zoneref {
	u16 nid;
	u16 type;
};

struct lruvec {
	struct pagevec_list lists[NR_LRU_LISTS];
	u64 anon_cost, file_cost;
	u64 nonresident_age;
	u64 refaults[2];
};

struct pglist_data {
	struct zone zones[MAX_NR_ZONES];
	s64 vm_stat[NR_VM_NODE_STAT_ITEMS];
	struct lruvec lruvec;
	/* every populated zone of every node, nearest node first, highest zone first */
	struct zoneref zonelist[MAX_NUMNODES * MAX_NR_ZONES];
	u32 nr_zonelist;
	/* where it starts for a request whose highest zone is j; and that zone, in bytes from
	 * machine->node, ZONE_NONE: none */
	u16 zonelist_first[MAX_NR_ZONES];
	u32 preferred_zone[MAX_NR_ZONES];
	u8 node_order[MAX_NUMNODES]; /* "Fallback order" of the boot log */
	u32 nr_node_order;
	u64 totalreserve_pages;
	u64 node_start_pfn, node_spanned_pages, node_present_pages;
	u64 cpumask[NR_CPUS_MAX / 64]; /* CPUs of this node */
	u32 nr_cpus;
	handle_t kswapd, kcompactd; /* tasks */
	u64 super_deferred;	    /* dentries and inodes that reclaim should have looked at */
	s64 slab_large_pages;	    /* SUnreclaim that is in no cache, from boot */
	u64 kswapd_wakeups;
	u32 kswapd_failures; /* runs in a row that freed nothing; MAX_RECLAIM_RETRIES: given up */
	u8 distance[MAX_NUMNODES];
	u16 nid;
	bool online; /* has memory or CPUs: shown under devices/system/node */
	bool has_memory, has_cpu, has_normal_memory;
};

/** zone_populated() - has it any RAM? */
static inline bool zone_populated(const struct zone *z)
{
	return z->present_pages != 0;
}

/* ---- pages and sections (mm/sparse.c) ---- */

/** pfn_to_page() - the struct page of a frame that page_exists(). */
#define pfn_to_page(m, pfn)  (&(m)->mem_map[pfn])
#define page_to_pfn(m, page) ((pfn_t)((page) - (m)->mem_map))

/* In machine.h, because inline: page_exists(m, pfn) - has @pfn a struct page (was its 4 MiB block
 * ever used)? get_pageblock_migratetype(m, pfn). mod_zone_page_state(), mod_node_page_state(). */

/** pfn_present() - is there RAM (online or not) behind @pfn? */
bool pfn_present(const struct machine *m, pfn_t pfn);

/** pfn_zone() - zone of a present, online frame, touched or not; NULL for holes and offline
 * blocks. */
struct zone *pfn_zone(struct machine *m, pfn_t pfn);

/** set_pageblock_migratetype() - O(1); keeps zone->nr_pageblocks. */
void set_pageblock_migratetype(struct machine *m, pfn_t pfn, enum migratetype type);

/** zone_name() - "DMA", "DMA32", "Normal", "HighMem", "Movable", "Device". */
const char *zone_name(enum zone_type type);

/* ---- what boot and hotplug call to hand memory over (mm/sparse.c, mm/untouched.c, mm/pcp.c) ----
 *
 *	physmem_init(m)                     max_pfn, nr_nodes, nr_cpus, zone_mask, node[].cpumask and
 *	                                    distance are known
 *	sparse_add_range(m, start, end)     RAM, online or not
 *	zone_add_present(m, nid, type, ..)  online RAM of one zone, for each stretch
 *	(spans, managed, totalram_pages: the caller's rule)
 *	build_zonelists(m)
 *	zone_free_range(m, z, start, end)   what nobody reserved
 *	setup_per_cpu_pageset(m)            page lists of all CPUs; before this every page comes
 *	                                    straight from the free lists
 *	init_per_zone_wmark_min(m), later khugepaged_min_free_kbytes_update(m)
 */

/** physmem_init() - free lists, pools, mem_map's address space (calls sparse_init()). 0 or -ENOMEM.
 * physmem_destroy(): they go. */
int physmem_init(struct machine *m);
void physmem_destroy(struct machine *m);

/** sparse_add_range() - RAM of node @nid lies behind [@start, @end): pfn_present() says so from now
 * on. sparse_remove_range(): no longer (a DIMM was pulled). 0, or -EINVAL beyond the highest
 * frame. */
int sparse_add_range(struct machine *m, u16 nid, pfn_t start, pfn_t end);
int sparse_remove_range(struct machine *m, pfn_t start, pfn_t end);

/** section_node() - node of the first RAM that was ever added to a section that has RAM. */
u16 section_node(const struct machine *m, u32 section);

/** node_add() - a node that never was gets its lists; nr_nodes is the caller's. */
void node_add(struct machine *m, u16 nid);

/** zone_add_present() - [@start, @end) is online RAM of that zone: adds to present_pages of zone
 * and node, widens both spans to cover it (with the pageblock counts), and pfn_zone() knows it.
 * Ranges of one zone may come in any order and must not overlap. 0 or -ENOMEM. */
int zone_add_present(struct machine *m, u16 nid, enum zone_type type, pfn_t start, pfn_t end);
/** zone_remove_present() - the way back: pfn_zone() forgets a stretch of one zone that is on no
 * list any more, spans shrink if it was at an end, its struct pages are gone. 0 or -ENOMEM. */
int zone_remove_present(struct machine *m, struct zone *z, pfn_t start, pfn_t end);
/** zone_set_span() - the zone's start and length where they are wider than its RAM (holes). */
void zone_set_span(struct machine *m, struct zone *z, pfn_t start, u64 pages);

/**
 * zone_defer_init() - from @start on the zone's struct pages are made late
 * (DEFERRED_STRUCT_PAGE_INIT): zone_free_range() then makes a pageblock MOVABLE only if its first
 * frame is free, and others keep the type 0, UNMOVABLE. Ranges must come in ascending order until
 * zone_deferred_done().
 */
void zone_defer_init(struct zone *z, pfn_t start);
void zone_deferred_done(struct machine *m, struct zone *z);

/**
 * zone_free_range() - [@start, @end) of @z becomes free memory (boot, hotplug online).
 * Whole aligned 4 MiB blocks join the zone's untouched extents; the rest goes to the free lists in
 * the largest aligned blocks, frames of a touched block that nobody freed being PG_reserved.
 * Adds to NR_FREE_PAGES; managed and totalram_pages are the caller's. 0 or -ENOMEM.
 * Ranges may come in any order; they never overlap. Costs O(partial blocks), not O(pages).
 */
int zone_free_range(struct machine *m, struct zone *z, pfn_t start, pfn_t end);

/** page_touch() - make the struct pages of the 4 MiB block that holds @pfn exist (PG_reserved where
 * nobody freed them). For owners of boot memory that must be seen, and for pages of the tree's
 * readers never. 0 or -ENOMEM. */
int page_touch(struct machine *m, pfn_t pfn);

/** setup_per_cpu_pageset() - page lists for every CPU of every populated zone that has none. 0 or
 * -ENOMEM. */
int setup_per_cpu_pageset(struct machine *m);

/* ---- zones and watermarks (mm/page_alloc.c, mm/watermark.c, mm/zonelist.c, mm/pcp.c) ---- */

/** pageblock_summary() - of the pageblock that holds @pfn: free pages on the buddy lists (or
 * untouched) and migratetype; false where no zone has it. For sim/zones maps. */
bool pageblock_summary(struct machine *m, pfn_t pfn, u32 *free_pages, enum migratetype *type);

/**
 * zone_watermark_ok() - may 2^@order pages leave @z as it is?
 * @mark: watermark in pages; @highest_zoneidx: highest zone the caller could use (picks the
 * lowmem reserve); @alloc_flags: ALLOC_* (mm/page_alloc.h)
 * Counts only. Source: admin-guide/sysctl/vm.rst (min_free_kbytes, lowmem_reserve_ratio).
 */
bool zone_watermark_ok(const struct machine *m, const struct zone *z, unsigned int order, u64 mark,
		       enum zone_type highest_zoneidx, unsigned int alloc_flags);

/** setup_per_zone_wmarks() - min/low/high of every zone from min_free_kbytes and
 * watermark_scale_factor; also the totalreserve. */
void setup_per_zone_wmarks(struct machine *m);
/** setup_per_zone_lowmem_reserve() - protections from lowmem_reserve_ratio. */
void setup_per_zone_lowmem_reserve(struct machine *m);
/** init_per_zone_wmark_min() - the boot-time default of min_free_kbytes and all that follows. */
void init_per_zone_wmark_min(struct machine *m);
/** khugepaged_min_free_kbytes_update() - raise or restore min_free_kbytes as THP goes on or off. */
void khugepaged_min_free_kbytes_update(struct machine *m);
/** zone_pcp_update() - batch and high of every CPU's list of @z (percpu_pagelist_high_fraction). */
void zone_pcp_update(struct machine *m, struct zone *z);
/** build_zonelists() - fallback order of every node by distance, then zone. */
void build_zonelists(struct machine *m);
/** print_fallback_order() - the nodes that @nid's allocations ask one after the other, to the
 * log. */
void print_fallback_order(struct machine *m, u32 nid);
/** drain_pages() - give the pages of a CPU's lists (all CPUs: cpu < 0) back to the buddy lists. */
void drain_pages(struct machine *m, int cpu);

/** si_mem_available() - MemAvailable, pages (Documentation/filesystems/proc.rst). */
s64 si_mem_available(const struct machine *m);

#endif
