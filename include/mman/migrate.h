/*
 * migrate.h - pages move to other frames, and nobody who uses them notices.
 *
 *	isolate_lru_page()     off its LRU list, PG_isolated; the caller links it into a list of its own
 *	migrate_pages()        each page of the list gets a frame from the caller's function and moves:
 *	                       every page table entry, the page cache or swap cache slot, the bytes, flags
 *	                       and counters; the old frame is freed. Who cannot move stays on the list
 *	putback_movable_pages()  those go back to their LRU lists
 *
 * An isolated page is held: if its last user goes meanwhile (a process exits while memory is being
 * reclaimed for the new frame), it stays allocated, belongs to nobody, and migrate_pages() or
 * putback_movable_pages() frees it. Between isolation and putback there is no safe point: whoever
 * isolates, migrates and puts back a batch (a pageblock at most) before it lets others in.
 * Source: Documentation/mm/page_migration.rst, unevictable-lru.rst.
 */
#ifndef MMAN_MIGRATE_H
#define MMAN_MIGRATE_H

#include <mman/gfp.h>
#include <mman/mmzone.h>

struct machine;

/*
 * ASYNC never waits. SYNC_LIGHT waits for a page that is being read, but not for one that is being
 * written. SYNC waits for both, on the virtual clock.
 */
enum migrate_mode { MIGRATE_ASYNC, MIGRATE_SYNC_LIGHT, MIGRATE_SYNC };

/* For whom: the mm_migrate_pages event of sim/events says so. */
enum migrate_reason {
	MR_COMPACTION,
	MR_MEMORY_FAILURE,
	MR_MEMORY_HOTPLUG,
	MR_SYSCALL,
	MR_MEMPOLICY_MBIND,
	MR_NUMA_MISPLACED,
	MR_CONTIG_RANGE,
	MR_LONGTERM_PIN,
	MR_DEMOTION,
	NR_MIGRATE_REASONS
};

/** new_page_fn - a frame for @old, allocated as alloc_pages() gives one (order 0, no flags, on no
 * list). PFN_NONE: there is none; migrate_pages() ends with -ENOMEM. May reclaim. */
typedef pfn_t (*new_page_fn)(struct machine *m, pfn_t old, void *arg);
/** free_page_fn - a frame that new_page_fn gave was not needed. */
typedef void (*free_page_fn)(struct machine *m, pfn_t unused, void *arg);

/**
 * isolate_lru_page() - take @pfn off its LRU list or out of the count of unevictable pages;
 * PG_isolated, counted in NR_ISOLATED_ANON or NR_ISOLATED_FILE. ->next and ->prev are the caller's
 * then. Pinned pages, and those under writeback, can be isolated: migrate_pages() finds out.
 * -EBUSY: it is on no such list (free, slab, isolated by somebody else).
 */
int isolate_lru_page(struct machine *m, pfn_t pfn);

/** putback_isolated_page() - one isolated page, on no list, goes back to the LRU list that its
 * flags say (or is freed, if its last user has gone). putback_movable_pages(): all of @list, which
 * is empty then. */
void putback_isolated_page(struct machine *m, pfn_t pfn);
void putback_movable_pages(struct machine *m, struct page_list *list);

/**
 * migrate_pages() - move the isolated pages of @from to frames that @get gives.
 * @put: takes back frames that were not needed; NULL: free_pages()
 * @succeeded: NULL, or how many pages moved (those that were freed meanwhile are among them)
 * A page that moved is on its LRU list again, in its new frame, and the old frame is free. Those
 * that stayed (pinned, busy in a mode that does not wait) remain on @from, isolated:
 * putback_movable_pages(). Counts pgmigrate_success and pgmigrate_fail, charges the cost table's
 * migrate_page for each that moved. Returns how many stayed, or -ENOMEM: @get had no frame, what
 * was not tried is on @from as well.
 */
int migrate_pages(struct machine *m, struct page_list *from, new_page_fn get, free_page_fn put,
		  void *arg, enum migrate_mode mode, enum migrate_reason reason, u64 *succeeded);

/* Where alloc_migration_target() looks: a new_page_fn whose @arg is this. */
struct migration_target_control {
	int nid;      /* preferred node; NUMA_NO_NODE: that of the old page */
	u64 nodemask; /* of those only; 0: any */
	gfp_t gfp;    /* to which movable and highmem are added */
};

pfn_t alloc_migration_target(struct machine *m, pfn_t old, void *arg);

/** migrate_reason_name() - "compaction", "memory_hotplug", "syscall_or_cpuset", ... as the kernel's
 * tracepoint prints it. */
const char *migrate_reason_name(enum migrate_reason reason);

#endif
