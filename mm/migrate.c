/*
 * migrate.c - pages move to other frames.
 *
 *	list of isolated pages --> frames for a batch (may reclaim; others may run)
 *	                       --> each moves, or stays: nothing else runs meanwhile
 *
 *	entries of all mappers      the new frame, same flags; the dirty bit goes to the page as well
 *	page cache, swap cache      the slot holds the new frame, same marks
 *	flags, index, mapcount ...  copied; the frame keeps its own node and zone
 *	bytes                       the handle moves
 *	counters                    follow the page where node or zone differ
 *
 * There are no migration entries: a move is one step, and nobody can fault in its middle. A page
 * whose last user goes between isolation and move (a process exits while the allocator reclaims for
 * the new frame) is an orphan: no mapping, no mapper. It is freed instead of moved.
 * Source: Documentation/mm/page_migration.rst, unevictable-lru.rst.
 */
#include <mman/migrate.h>
#include <mman/writeback.h>

#include "mm/filemap.h"
#include "mm/rmap.h"
#include "mm/swapfile.h"

#include <errno.h>

#define MIGRATE_BATCH 64u

/* What the page is, whichever frame holds it. The rest of the flags says where it lies or who is at
 * it. */
#define MOVING_FLAGS                                                                               \
	(PAGE_FLAG(referenced) | PAGE_FLAG(uptodate) | PAGE_FLAG(dirty) | PAGE_FLAG(active) |      \
	 PAGE_FLAG(workingset) | PAGE_FLAG(error) | PAGE_FLAG(private) | PAGE_FLAG(mappedtodisk) | \
	 PAGE_FLAG(reclaim) | PAGE_FLAG(swapbacked) | PAGE_FLAG(unevictable) |                     \
	 PAGE_FLAG(mlocked) | PAGE_FLAG(young) | PAGE_FLAG(idle) | PAGE_FLAG(swapcache) |          \
	 PAGE_FLAG(anon_exclusive))

struct migration {
	new_page_fn get;
	free_page_fn put;
	void *arg;
	enum migrate_mode mode;
	u64 moved, stayed; /* pages */
};

/* ---- off the lists and back ---- */

static void count_isolated(struct machine *m, const struct page *p, s64 delta)
{
	mod_node_page_state(m, page_node(m, p),
			    page_test(p, PG_swapbacked) ? NR_ISOLATED_ANON : NR_ISOLATED_FILE,
			    delta);
}

int isolate_lru_page(struct machine *m, pfn_t pfn)
{
	struct page *p = pfn_to_page(m, pfn);

	if (!page_exists(m, pfn) || !page_test(p, PG_lru))
		return -EBUSY;
	lru_remove(m, pfn, p);
	page_set(p, PG_isolated);
	count_isolated(m, p, 1);
	return 0;
}

void page_release_isolated(struct machine *m, struct page *p)
{
	if (contents_in_use(m))
		drop_contents(m, page_to_pfn(m, p), 0);
	p->mapping = 0;
}

static bool is_orphan(const struct page *p)
{
	return !p->mapping && !page_test(p, PG_swapcache);
}

static void free_orphan(struct machine *m, pfn_t pfn, struct page *p)
{
	count_isolated(m, p, -1);
	p->flags = 0;
	if (!p->pins)
		free_unlisted_page(m, pfn, p);
}

static bool count_locking(struct machine *m, handle_t vma, u64 addr, void *arg)
{
	(void)addr;
	*(u32 *)arg += (vma_at(m, vma)->flags & (VM_LOCKED | VM_SPECIAL)) == VM_LOCKED;
	return true;
}

/* How many mappings lock it was forgotten while it was on a list of ours. */
static void recount_mlocked(struct machine *m, pfn_t pfn, struct page *p)
{
	u32 locking = 0;

	rmap_walk(m, pfn, count_locking, &locking);
	p->next = locking;
	if (locking)
		return;
	mod_zone_page_state(m, page_zone(m, p), NR_MLOCK, -1);
	count_vm_event(m, UNEVICTABLE_PGS_MUNLOCKED);
	count_vm_event(m, UNEVICTABLE_PGS_RESCUED);
	p->flags &= ~(PAGE_FLAG(mlocked) | PAGE_FLAG(unevictable));
}

static inline void putback_lru(struct machine *m, pfn_t pfn, struct page *p)
{
	if (unlikely(page_test(p, PG_mlocked)))
		recount_mlocked(m, pfn, p);
	lru_insert(m, pfn, p, false);
}

void putback_isolated_page(struct machine *m, pfn_t pfn)
{
	struct page *p = pfn_to_page(m, pfn);

	if (is_orphan(p)) {
		free_orphan(m, pfn, p);
		return;
	}
	count_isolated(m, p, -1);
	page_clear(p, PG_isolated);
	putback_lru(m, pfn, p);
}

void putback_movable_pages(struct machine *m, struct page_list *list)
{
	while (list->nr) {
		pfn_t pfn = list->head;

		page_list_del(m, list, pfn);
		putback_isolated_page(m, pfn);
	}
}

/* ---- one page ---- */

/* Pinned, or the disk has it. Waiting moves the clock, and ends reads and writes, but lets nobody
 * run. */
static bool busy(struct machine *m, pfn_t pfn, enum migrate_mode mode)
{
	const struct page *p = pfn_to_page(m, pfn);

	if (likely(!(p->flags & (PAGE_FLAG(locked) | PAGE_FLAG(writeback)))))
		return p->pins;
	if (p->pins || mode == MIGRATE_ASYNC)
		return true;
	if (page_test(p, PG_locked))
		wait_on_page_locked(m, pfn);
	if (page_test(p, PG_writeback) && mode == MIGRATE_SYNC)
		wait_on_page_writeback(m, pfn);
	return p->flags & (PAGE_FLAG(locked) | PAGE_FLAG(writeback)) || p->pins;
}

/* What a page of the page cache counts where it lies. */
static void move_cached(struct machine *m, const struct page *p, const struct page *q)
{
	const struct inode *i = inode_at(m, page_mapping(p));
	struct pglist_data *from = page_node(m, p), *at = page_node(m, q);
	bool dirty = page_test(p, PG_dirty) && i->kind != INODE_SHMEM;

	if (dirty && page_zone(m, p) != page_zone(m, q)) {
		mod_zone_page_state(m, page_zone(m, p), NR_ZONE_WRITE_PENDING, -1);
		mod_zone_page_state(m, page_zone(m, q), NR_ZONE_WRITE_PENDING, 1);
	}
	if (from == at)
		return;
	mod_node_page_state(m, from, NR_FILE_PAGES, -1);
	mod_node_page_state(m, at, NR_FILE_PAGES, 1);
	if (i->kind == INODE_SHMEM) {
		mod_node_page_state(m, from, NR_SHMEM, -1);
		mod_node_page_state(m, at, NR_SHMEM, 1);
	}
	if (dirty) {
		mod_node_page_state(m, from, NR_DIRTY, -1);
		mod_node_page_state(m, at, NR_DIRTY, 1);
	}
}

static inline void move_mappers(struct machine *m, pfn_t pfn, struct page *p, pfn_t to,
				struct page *q)
{
	bool anon = page_mapping_type(p) == MAPPING_ANON, dirty;
	u32 moved;

	if (!p->mapcount)
		return;
	moved = rmap_repoint(m, pfn, to, &dirty);
	assert(moved == p->mapcount);
	(void)moved;
	if (dirty && !page_test(p, PG_dirty))
		page_set_dirty(m, pfn);
	q->mapcount = p->mapcount;
	p->mapcount = 0;
	if (p->node == q->node)
		return;
	mod_node_page_state(m, page_node(m, p), anon ? NR_ANON_PAGES : NR_MAPPED, -1);
	mod_node_page_state(m, page_node(m, q), anon ? NR_ANON_PAGES : NR_MAPPED, 1);
}

/* A locked page is let go by its mappers in the old frame and locked by them in the new one, which
 * is an evictable page for as long as that takes. */
static void move_mlocked(struct machine *m, const struct page *p, const struct page *q)
{
	mod_zone_page_state(m, page_zone(m, p), NR_MLOCK, -1);
	mod_zone_page_state(m, page_zone(m, q), NR_MLOCK, 1);
	count_vm_event(m, UNEVICTABLE_PGS_STRANDED);
	count_vm_event(m, UNEVICTABLE_PGS_RESCUED);
	count_vm_event(m, UNEVICTABLE_PGS_MLOCKED);
	count_vm_event(m, UNEVICTABLE_PGS_CULLED);
}

/* Who finds the page by something else than an entry finds @to. -ENOMEM (of the host): nothing
 * changed. */
static inline int replace_slots(struct machine *m, pfn_t pfn, const struct page *p, pfn_t to)
{
	bool file = page_mapping_type(p) == MAPPING_FILE;
	handle_t *pages = file ? &inode_at(m, page_mapping(p))->pages : NULL;

	if (contents_in_use(m) && move_page_contents(m, pfn, to))
		return -ENOMEM;
	if (unlikely(page_test(p, PG_swapcache)) ?
		    !swap_cache_replace(m, pfn, to) :
		    !file || !xa_replace(m, pages, page_index(p), to))
		return 0;
	if (contents_in_use(m))
		move_page_contents(m, to, pfn);
	return -ENOMEM;
}

/* @pfn, isolated and on no list, is nobody's afterwards; @to is on its LRU list. */
static inline int move_page(struct machine *m, pfn_t pfn, struct page *p, pfn_t to)
{
	struct page *q = pfn_to_page(m, to);

	if (unlikely(replace_slots(m, pfn, p, to)))
		return -ENOMEM;
	move_mappers(m, pfn, p, to, q);
	if (page_mapping_type(p) == MAPPING_FILE)
		move_cached(m, p, q);
	if (unlikely(page_test(p, PG_mlocked)))
		move_mlocked(m, p, q);
	q->flags = p->flags & MOVING_FLAGS;
	q->mapping = p->mapping;
	q->index = p->index;
	q->index_high = p->index_high;
	q->generation = p->generation;
	q->memcg = p->memcg;
	if (unlikely(page_test(p, PG_last_cpupid)))
		page_cpupid_move(m, pfn, to);
	putback_lru(m, to, q);
	count_isolated(m, p, -1);
	page_clear(p, PG_isolated);
	free_unlisted_page(m, pfn, p);
	return 0;
}

/* ---- batches ---- */

static void put_unused(struct machine *m, const struct migration *mg, pfn_t pfn)
{
	if (mg->put)
		mg->put(m, pfn, mg->arg);
	else
		free_pages(m, pfn, 0);
}

/* What was asked of them may have changed while frames were looked for: that is seen here. */
static void move_batch(struct machine *m, struct migration *mg, struct page_list *list,
		       const pfn_t *from, const pfn_t *to, u32 nr)
{
	bool active = m->reclaim.active;
	u32 i;

	m->reclaim.active = true; /* what is allocated below comes from the reserves */
	for (i = 0; i < nr; i++) {
		struct page *p = pfn_to_page(m, from[i]);

		if (unlikely(is_orphan(p))) {
			page_list_del(m, list, from[i]);
			free_orphan(m, from[i], p);
			put_unused(m, mg, to[i]);
			mg->moved++;
			continue;
		}
		if (unlikely(busy(m, from[i], mg->mode))) {
			put_unused(m, mg, to[i]);
			mg->stayed++;
			continue;
		}
		page_list_del(m, list, from[i]);
		if (unlikely(move_page(m, from[i], p, to[i]))) {
			page_list_add(m, list, from[i]);
			put_unused(m, mg, to[i]);
			mg->stayed++;
			continue;
		}
		mg->moved++;
	}
	m->reclaim.active = active;
}

static const char *const mode_names[] = { "MIGRATE_ASYNC", "MIGRATE_SYNC_LIGHT", "MIGRATE_SYNC" };

static const char *const reason_names[NR_MIGRATE_REASONS] = {
	"compaction",	     "memory_failure",	"memory_hotplug",
	"syscall_or_cpuset", "mempolicy_mbind", "numa_misplaced",
	"contig_range",	     "longterm_pin",	"demotion"
};

const char *migrate_reason_name(enum migrate_reason reason)
{
	return reason_names[reason];
}

static void count_migration(struct machine *m, const struct migration *mg,
			    enum migrate_reason reason)
{
	count_vm_events(m, PGMIGRATE_SUCCESS, mg->moved);
	count_vm_events(m, PGMIGRATE_FAIL, mg->stayed);
	clock_charge(m, mg->moved * m->cost.migrate_page);
	trace_event(m,
		    "mm_migrate_pages nr_succeeded=%llu nr_failed=%llu nr_thp_succeeded=0 "
		    "nr_thp_failed=0 nr_thp_split=0 mode=%s reason=%s",
		    (unsigned long long)mg->moved, (unsigned long long)mg->stayed,
		    mode_names[mg->mode], reason_names[reason]);
}

int migrate_pages(struct machine *m, struct page_list *from, new_page_fn get, free_page_fn put,
		  void *arg, enum migrate_mode mode, enum migrate_reason reason, u64 *succeeded)
{
	struct migration mg = { .get = get, .put = put, .arg = arg, .mode = mode };
	pfn_t old[MIGRATE_BATCH], new[MIGRATE_BATCH], pfn = from->head;
	bool none_left = false;
	u32 nr;

	while (pfn != PFN_NONE && !none_left) {
		for (nr = 0; nr < MIGRATE_BATCH && pfn != PFN_NONE; nr++) {
			new[nr] = get(m, pfn, arg);
			if (new[nr] == PFN_NONE) {
				none_left = true;
				mg.stayed++;
				break;
			}
			old[nr] = pfn;
			pfn = pfn_to_page(m, pfn)->next;
		}
		move_batch(m, &mg, from, old, new, nr);
	}
	count_migration(m, &mg, reason);
	if (succeeded)
		*succeeded = mg.moved;
	return none_left ? -ENOMEM : (int)mg.stayed;
}

pfn_t alloc_migration_target(struct machine *m, pfn_t old, void *arg)
{
	const struct migration_target_control *mtc = arg;
	int nid = mtc->nid == NUMA_NO_NODE ? (int)pfn_to_page(m, old)->node : mtc->nid;

	return alloc_pages_nodemask(m, mtc->gfp | __GFP_MOVABLE | __GFP_HIGHMEM, 0, nid,
				    mtc->nodemask);
}
