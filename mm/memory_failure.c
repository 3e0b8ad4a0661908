/*
 * memory_failure.c - pages that are used no more.
 *
 * hard_offline_page: the frame is corrupt, and what was in it is lost.
 *
 *	free                      out of the free lists
 *	page cache, clean         dropped; it is read again
 *	page cache, dirty         dropped; mappings of it become poisoned entries
 *	anonymous                 its mappings become poisoned entries
 *	the kernel's              marked, and used on: nothing can be done
 *
 * Whoever touches a poisoned entry gets SIGBUS; with memory_failure_early_kill the users get it at
 * once.
 *
 * soft_offline_page: the frame is going to fail. Nothing is lost: a clean page of the page cache
 * that nobody maps is dropped, all else moves to another frame.
 *
 * Both end in the same place: the frame, freed by its last user, leaves the free lists for good
 * (PG_hwpoison, HardwareCorrupted).
 *
 * Source: Documentation/mm/hwpoison.rst, ABI/testing/sysfs-memory-page-offline; records of what a
 * guest answered and logged for frames in each of these states.
 */
#include <mman/migrate.h>
#include <mman/writeback.h>

#include "mm/dump_page.h"
#include "mm/filemap.h"
#include "mm/hugetlb.h"
#include "mm/memory_hotplug.h"
#include "mm/rmap.h"
#include "mm/swapfile.h"
#include "mm/task.h"
#include "mm/tlb.h"

#include <errno.h>

/* ---- the frame ---- */

static struct poisoned_frame *frame_at(const struct machine *m, handle_t h)
{
	return pool_at(&m->hotplug.poisoned, h);
}

static void note_poisoned(struct machine *m, pfn_t pfn)
{
	handle_t h = pool_alloc(&m->hotplug.poisoned);

	page_set(pfn_to_page(m, pfn), PG_hwpoison);
	m->num_poisoned_pages++;
	if (!h)
		return;
	*frame_at(m, h) = (struct poisoned_frame){ .pfn = pfn, .next = m->hotplug.first_poisoned };
	m->hotplug.first_poisoned = h;
}

void forget_poisoned(struct machine *m, pfn_t start, pfn_t end, bool gone)
{
	handle_t *at = &m->hotplug.first_poisoned;

	while (*at) {
		handle_t h = *at;

		if (frame_at(m, h)->pfn < start || frame_at(m, h)->pfn >= end) {
			at = &frame_at(m, h)->next;
			continue;
		}
		*at = frame_at(m, h)->next;
		pool_free(&m->hotplug.poisoned, h);
		m->num_poisoned_pages -= gone;
	}
}

/* The first frame of the free block that holds @pfn; PFN_NONE: it is not free. */
static pfn_t free_block_of(const struct machine *m, pfn_t pfn)
{
	unsigned int order;

	for (order = 0; order < MAX_ORDER; order++) {
		pfn_t head = pfn & ~((1u << order) - 1);

		if (page_test(pfn_to_page(m, head), PG_buddy))
			return pfn_to_page(m, head)->order >= order ? head : PFN_NONE;
	}
	return PFN_NONE;
}

/* A free frame leaves the free lists; the rest of its block goes back to them. */
static bool take_page_off_buddy(struct machine *m, pfn_t pfn)
{
	pfn_t head = free_block_of(m, pfn);
	struct zone *z = pfn_zone(m, pfn);
	enum migratetype type;
	unsigned int order;

	if (head == PFN_NONE)
		return false;
	order = pfn_to_page(m, head)->order;
	type = (enum migratetype)pfn_to_page(m, head)->migratetype;
	take_free_block(m, z, head);
	if (type != MIGRATE_ISOLATE)
		mod_zone_page_state(m, z, NR_FREE_PAGES, -(s64)(1u << order));
	while (order) {
		pfn_t half = pfn & ~((1u << --order) - 1);

		free_one_page(m, z, half ^ (1u << order), order, type, FREE_NORMAL);
	}
	return true;
}

/* A frame that has just been freed, or was free before: wherever it is, it is used no more. */
static bool take_free_page(struct machine *m, pfn_t pfn)
{
	drain_pages(m, -1);
	if (!take_page_off_buddy(m, pfn))
		return false;
	note_poisoned(m, pfn);
	return true;
}

static bool is_free(const struct machine *m, pfn_t pfn)
{
	const struct page *p = pfn_to_page(m, pfn);

	return page_test(p, PG_pcp) || free_block_of(m, pfn) != PFN_NONE;
}

/* A frame of an online zone, with its struct page; NULL: there is none. */
static struct page *online_page(struct machine *m, u64 pfn)
{
	if (pfn >= m->max_pfn || !pfn_zone(m, (pfn_t)pfn) || page_touch(m, (pfn_t)pfn))
		return NULL;
	return pfn_to_page(m, (pfn_t)pfn);
}

static bool is_user_page(const struct page *p)
{
	return page_test(p, PG_lru) && page_mapping_type(p) != MAPPING_NONE;
}

/* ---- hard ---- */

struct poisoning {
	pfn_t pfn;
	pte_t entry; /* what its mappings become */
};

static void early_kill(struct machine *m, handle_t mm, pfn_t pfn)
{
	handle_t h;

	for (h = pid_next(m, 1); h; h = pid_next(m, task_at(m, h)->pid + 1)) {
		if (task_at(m, h)->mm != mm)
			continue;
		printk(m, 3,
		       "Memory failure: 0x%x: Sending SIGBUS to %s:%u due to hardware memory corruption",
		       pfn, task_at(m, h)->comm, task_at(m, h)->pid);
		send_signal(m, h, SIGBUS_NR, 0);
		return;
	}
}

static bool poison_one(struct machine *m, handle_t vma, u64 addr, void *arg)
{
	const struct vma *v = vma_at(m, vma);
	struct mm *mm = mm_at(m, v->mm);
	const struct poisoning *w = arg;
	struct page *p = pfn_to_page(m, w->pfn);
	pte_t *pte = pte_find(m, mm, addr_vpn(addr));

	update_hiwater_rss(mm);
	mm->rss[mm_counter(p)]--;
	*pte = w->entry;
	tlb_flush_page(m, mm, addr_vpn(addr));
	page_remove_rmap(m, w->pfn, p, v);
	return p->mapcount != 0;
}

struct users {
	handle_t mm[16];
	u32 nr;
};

static bool note_user(struct machine *m, handle_t vma, u64 addr, void *arg)
{
	struct users *u = arg;
	u32 i;

	(void)addr;
	for (i = 0; i < u->nr; i++)
		if (u->mm[i] == vma_at(m, vma)->mm)
			return true;
	if (u->nr < ARRAY_SIZE(u->mm))
		u->mm[u->nr++] = vma_at(m, vma)->mm;
	return true;
}

/* What its mappings remember of a page that is lost: a file of the disk's is clean, for its cache
 * is rid of it. */
static pte_t lost_entry(const struct page *p, pfn_t pfn)
{
	u64 was = page_mapping_type(p) == MAPPING_ANON ? PTE_POISON_ANON | PTE_DIRTY :
		  page_test(p, PG_swapbacked)	       ? PTE_DIRTY :
							 0;

	return pte_poisoned(pfn, was | (page_test(p, PG_referenced) ? PTE_ACCESSED : 0));
}

/* Nothing maps it any more: SIGBUS to those who are to have it at once. */
static void unmap_poisoned(struct machine *m, pfn_t pfn, bool lost)
{
	struct poisoning w = { .pfn = pfn,
			       .entry = lost ? lost_entry(pfn_to_page(m, pfn), pfn) : 0 };
	struct users users = { .nr = 0 };
	u32 i;

	rmap_walk(m, pfn, note_user, &users);
	rmap_walk(m, pfn, poison_one, &w);
	for (i = 0; lost && m->sysctl.memory_failure_early_kill && i < users.nr; i++)
		early_kill(m, users.mm[i], pfn);
}

/* What "recovery action for" says it is. */
static const char *kind_of(const struct page *p, bool dirty)
{
	if (page_test(p, PG_swapcache))
		return dirty ? "dirty swapcache page" : "clean swapcache page";
	return dirty ? "dirty LRU page" : "clean LRU page";
}

static int action_result(struct machine *m, u64 pfn, const char *kind, const char *result)
{
	printk(m, 3, "Memory failure: 0x%llx: recovery action for %s: %s", (unsigned long long)pfn,
	       kind, result);
	return 0;
}

/* Its last users are gone: out of its cache, and freed. False: swap entries still mean what is in
 * it. */
static bool free_poisoned(struct machine *m, pfn_t pfn, struct page *p)
{
	if (page_mapping_type(p) == MAPPING_FILE) {
		if (page_test(p, PG_dirty)) {
			mapping_set_error(m, page_mapping(p));
			cancel_page_dirty(m, pfn);
		}
		delete_from_page_cache(m, pfn);
		return true;
	}
	if (page_test(p, PG_swapcache) && !try_to_free_swap(m, pfn)) {
		if (page_test(p, PG_dirty))
			return false;
		/* the disk has the same */
		delete_from_swap_cache(m, pfn, 0);
	}
	page_release(m, pfn, p);
	return true;
}

/* Shared memory has no other copy: the page stays in its place, so that nobody takes zeros for what
 * was there. */
static bool keep_poisoned(struct machine *m, pfn_t pfn, struct page *p)
{
	if (page_mapping_type(p) != MAPPING_FILE || !page_test(p, PG_swapbacked) || p->pins ||
	    page_test(p, PG_swapcache))
		return false;
	lru_del(m, pfn);
	note_poisoned(m, pfn);
	return true;
}

void drop_poisoned_cache(struct machine *m, pfn_t start, pfn_t end)
{
	handle_t h;

	for (h = m->hotplug.first_poisoned; h; h = frame_at(m, h)->next) {
		pfn_t pfn = frame_at(m, h)->pfn;

		if (pfn >= start && pfn < end &&
		    page_mapping_type(pfn_to_page(m, pfn)) == MAPPING_FILE)
			delete_from_page_cache(m, pfn);
	}
}

static int fail_user_page(struct machine *m, pfn_t pfn, struct page *p)
{
	bool anon = page_mapping_type(p) == MAPPING_ANON, dirty;
	const char *kind;

	if (page_test(p, PG_writeback))
		wait_on_page_writeback(m, pfn);
	if (!is_user_page(p))
		return -EBUSY;
	dirty = page_test(p, PG_dirty) || (anon && p->mapcount && !page_test(p, PG_swapcache)) ||
		page_mkclean(m, pfn);
	if (!dirty)
		printk(m, 6,
		       "Memory failure: 0x%x: corrupted page was clean: dropped without side effects",
		       pfn);
	kind = kind_of(p, dirty);
	unmap_poisoned(m, pfn, dirty || anon);
	if (keep_poisoned(m, pfn, p))
		return action_result(m, pfn, kind, "Recovered");
	if (!free_poisoned(m, pfn, p)) {
		action_result(m, pfn, kind, "Failed");
		return -EBUSY;
	}
	/* one that is pinned is free when it is pinned no more: free_pages() sees to it */
	if (!take_free_page(m, pfn))
		note_poisoned(m, pfn);
	return action_result(m, pfn, kind, "Recovered");
}

/* A frame of a huge page: all of it is lost to those who map it, and its other frames are good to
 * be used. */
static int fail_huge_page(struct machine *m, pfn_t pfn, struct page *head)
{
	struct users users = { .nr = 0 };
	pfn_t first = page_to_pfn(m, head);
	u32 i;

	if (head->pins)
		return -EBUSY;
	rmap_walk(m, first, note_user, &users);
	if (head->mapping)
		poison_huge_page(m, first);
	for (i = 0; m->sysctl.memory_failure_early_kill && i < users.nr; i++)
		early_kill(m, users.mm[i], pfn);
	/* a surplus page is with the allocator already */
	if (dissolve_free_huge_page(m, pfn) || !take_free_page(m, pfn)) {
		action_result(m, pfn, "huge page", "Failed");
		return -EBUSY;
	}
	return action_result(m, pfn, "huge page", "Recovered");
}

int memory_failure(struct machine *m, u64 pfn)
{
	struct page *p = online_page(m, pfn), *head = p;

	if (!p) {
		if (pfn < m->max_pfn && pfn_present(m, (pfn_t)pfn))
			printk(m, 3, "Memory failure: 0x%llx: memory outside kernel control",
			       (unsigned long long)pfn);
		return -ENXIO;
	}
	if (page_test(p, PG_hwpoison)) {
		printk(m, 3, "Memory failure: 0x%llx: already hardware poisoned",
		       (unsigned long long)pfn);
		return -EHWPOISON;
	}
	if (is_free(m, (pfn_t)pfn)) {
		take_free_page(m, (pfn_t)pfn);
		return action_result(m, pfn, "free buddy page", "Recovered");
	}
	if (page_huge_head(m, &head))
		return fail_huge_page(m, (pfn_t)pfn, head);
	if (is_user_page(p))
		return fail_user_page(m, (pfn_t)pfn, p);
	printk(m, 6, "Memory failure: 0x%llx: unhandlable page.", (unsigned long long)pfn);
	note_poisoned(m, (pfn_t)pfn);
	action_result(m, pfn, "unknown page", "Ignored");
	return -EBUSY;
}

/* ---- soft ---- */

static int migrate_away(struct machine *m, pfn_t pfn)
{
	struct migration_target_control target = { .nid = NUMA_NO_NODE,
						   .gfp = GFP_USER | __GFP_RETRY_MAYFAIL };
	struct page_list list;
	char flags[DUMP_FLAGS_MAX];
	int ret;

	if (isolate_lru_page(m, pfn))
		return -EBUSY;
	page_list_init(&list);
	page_list_add(m, &list, pfn);
	ret = migrate_pages(m, &list, alloc_migration_target, NULL, &target, MIGRATE_SYNC,
			    MR_MEMORY_FAILURE, NULL);
	if (!ret)
		return 0;
	page_flags_text(pfn_to_page(m, pfn), flags, sizeof(flags));
	printk(m, 6, "soft offline: 0x%x: page migration failed %d, type %s", pfn, ret, flags);
	putback_movable_pages(m, &list);
	return -EBUSY;
}

static bool is_clean_cache(const struct page *p)
{
	return page_mapping_type(p) == MAPPING_FILE && !p->mapcount && !p->pins &&
	       !(p->flags & (PAGE_FLAG(dirty) | PAGE_FLAG(writeback) | PAGE_FLAG(swapbacked) |
			     PAGE_FLAG(locked)));
}

static int soft_offline_in_use(struct machine *m, pfn_t pfn, struct page *p)
{
	int error;

	if (is_clean_cache(p)) {
		delete_from_page_cache(m, pfn);
		printk(m, 6, "soft_offline: 0x%x: invalidated", pfn);
	} else {
		error = migrate_away(m, pfn);
		if (error)
			return error;
	}
	return take_free_page(m, pfn) ? 0 : -EBUSY;
}

/* It moves as a whole; the bad frame does not come back. */
static int soft_offline_huge(struct machine *m, pfn_t pfn, struct page *head)
{
	if (head->mapping &&
	    migrate_huge_page(m, page_to_pfn(m, head), head->node, 0, MR_MEMORY_FAILURE))
		return -EBUSY;
	if (dissolve_free_huge_page(m, pfn))
		return -EBUSY;
	return take_free_page(m, pfn) ? 0 : -EBUSY;
}

int soft_offline_page(struct machine *m, u64 pfn)
{
	struct page *p = online_page(m, pfn), *head = p;

	if (pfn >= m->max_pfn || !pfn_present(m, (pfn_t)pfn))
		return -ENXIO;
	if (!p)
		return -EIO;
	if (page_test(p, PG_hwpoison)) {
		printk(m, 6, "soft_offline_page: 0x%llx page already poisoned",
		       (unsigned long long)pfn);
		return 0;
	}
	if (is_free(m, (pfn_t)pfn))
		return take_free_page(m, (pfn_t)pfn) ? 0 : -EBUSY;
	if (page_huge_head(m, &head))
		return soft_offline_huge(m, (pfn_t)pfn, head);
	if (is_user_page(p))
		return soft_offline_in_use(m, (pfn_t)pfn, p);
	printk(m, 6, "Memory failure: 0x%llx: unhandlable page.", (unsigned long long)pfn);
	return -EIO;
}

/* ---- madvise ---- */

int madvise_inject_error(struct machine *m, handle_t task, u64 addr, u64 end, bool soft)
{
	handle_t mmh = task_at(m, task)->mm, h;
	u64 size;
	int error = 0;

	if (task_at(m, task)->uid)
		return -EPERM;
	for (; !error && addr < end; addr = (addr & ~(size - 1)) + size) {
		const pte_t *pte;
		pfn_t pfn;

		h = find_vma_exact(m, mmh, addr);
		if (!h)
			return -ENOMEM;
		size = vma_at(m, h)->flags & VM_HUGETLB ? vma_hstate(m, vma_at(m, h))->page_size :
							  PAGE_SIZE;
		pte = vma_pte(m, vma_at(m, h), addr_vpn(addr), &pfn);
		if (!pte || !*pte || !pte_present(*pte)) {
			u64 touched;

			error = mm_access_range(m, task, addr, 1, false, &touched);
			if (error)
				return error;
			pte = vma_pte(m, vma_at(m, h), addr_vpn(addr), &pfn);
		}
		if (!pte || !pte_present(*pte))
			return -EFAULT;
		if (page_test(pfn_to_page(m, pfn), PG_lru))
			page_set(pfn_to_page(m, pfn), PG_referenced);
		if (soft) {
			printk(m, 6, "Soft offlining pfn 0x%x at process virtual address 0x%llx",
			       pfn, (unsigned long long)addr);
			error = soft_offline_page(m, pfn);
		} else {
			printk(m, 6,
			       "Injecting memory failure for pfn 0x%x at process virtual address 0x%llx",
			       pfn, (unsigned long long)addr);
			error = memory_failure(m, pfn);
			/* the kernel's own pages are no failure of the call */
			error = error == -EOPNOTSUPP ? 0 : error;
		}
	}
	return error;
}
