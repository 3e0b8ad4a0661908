/*
 * gup.c - faulting in on behalf of a call: mlock, MAP_POPULATE, MADV_POPULATE_*, and pinning what
 * is there.
 *
 * Every page is touched as a program would, with a write where the mapping is private and
 * writable, so that it has its own copies. A page found is marked accessed.
 *
 * A pinned page is for a device that nobody can tell of a move. So it is not moved, not reclaimed,
 * copied for a forked child at once, and outlives its last mapping: then it is on no list and has
 * no owner, and the last unpin frees it. Memory that is to be emptied one day, ZONE_MOVABLE, must
 * have none. Source: mlock(2), mmap(2), madvise(2), Documentation/core-api/pin_user_pages.rst.
 */
#include <errno.h>
#include <mman/migrate.h>

#include "mm/hugetlb.h"
#include "mm/oom.h"
#include "mm/rmap.h"

/* Is the entry good for this access without a fault? */
static bool entry_serves(const pte_t *pte, bool write)
{
	u64 need = PTE_PRESENT | PTE_USER | (write ? PTE_WRITE : 0);

	return pte && (*pte & need) == need;
}

static int fault_in(struct machine *m, handle_t task, const struct vma *v, u64 vpn, bool write)
{
	pfn_t pfn;
	pte_t *pte = vma_pte(m, v, vpn, &pfn);

	if (!entry_serves(pte, write)) {
		switch (handle_mm_fault(m, task, vpn << PAGE_SHIFT, write)) {
		case VM_FAULT_DONE:
		case VM_FAULT_MAJOR:
			break;
		case VM_FAULT_OOM:
			return -ENOMEM;
		case VM_FAULT_PENDING:
			return -EINPROGRESS;
		default:
			return -EFAULT;
		}
		if (v->flags & VM_HUGETLB)
			return 0;
		pte = pte_find(m, mm_at(m, v->mm), vpn);
	}
	if (v->flags & VM_HUGETLB || !pte_has_page(*pte))
		return 0;
	pfn = pte_pfn(*pte);
	if (write && !(*pte & PTE_DIRTY))
		page_set_dirty(m, pfn);
	if (page_test(pfn_to_page(m, pfn), PG_lru))
		mark_page_accessed(m, pfn);
	return 0;
}

int populate_vma_range(struct machine *m, handle_t task, handle_t vma, u64 start, u64 end,
		       bool write)
{
	const struct vma *v = vma_at(m, vma);
	u64 vpn;
	int error = 0;

	if (v->flags & (VM_IO | VM_PFNMAP) || !(v->flags & (write ? VM_WRITE : VM_ACCESS_FLAGS)))
		return -EFAULT;
	for (vpn = addr_vpn(start); !error && vpn < addr_vpn(end); vpn++)
		error = fault_in(m, task, v, vpn, write);
	return error;
}

/* Nothing to fault in, or not now. */
static bool skips(const struct vma *v)
{
	return v->flags & (VM_IO | VM_PFNMAP | VM_LOCKONFAULT);
}

/*
 * Page by page, with a safe point after each: whoever is let in there may change the address
 * space, so nothing but the address is kept.
 */
static int populate_all(struct machine *m, handle_t task, u64 start, u64 length, bool ignore_errors)
{
	handle_t mmh = task_at(m, task)->mm, h;
	u64 addr = start, end = start + length;
	int error;

	while (addr < end && (h = find_vma_intersection(m, mmh, addr, end))) {
		const struct vma *v = vma_at(m, h);

		addr = v->start > addr ? v->start : addr;
		if (skips(v)) {
			addr = v->end;
			continue;
		}
		error = populate_vma_range(m, task, h, addr, addr + PAGE_SIZE,
					   (v->flags & (VM_WRITE | VM_SHARED)) == VM_WRITE);
		if (error && !ignore_errors)
			return error;
		if (error == -ENOMEM)
			return 0;
		addr = error ? v->end : addr + PAGE_SIZE;
		if (!machine_safe_point(m))
			return -EINTR;
	}
	return 0;
}

int mm_populate(struct machine *m, handle_t task, u64 start, u64 length, bool ignore_errors)
{
	enum alloc_by by = alloc_by(m, ALLOC_BY_POPULATE);
	int error;

	error = populate_all(m, task, start, length, ignore_errors);
	alloc_by(m, by);
	return error;
}

/* ---- pins ---- */

#define PINS_MAX 1023u /* what struct page holds; one is for those that hold it for a moment */

static struct pin *pin_at(const struct machine *m, handle_t h)
{
	return pool_at(&m->mms.pins, h);
}

/* A frame that may hold a pinned page for years. */
static pfn_t alloc_pinnable(struct machine *m, pfn_t old, void *arg)
{
	(void)arg;
	return alloc_pages_nodemask(m, GFP_HIGHUSER | __GFP_NOWARN, 0,
				    (int)pfn_to_page(m, old)->node, 0);
}

static int move_out_of_movable(struct machine *m, pfn_t pfn)
{
	struct page_list list;
	struct page *p = pfn_to_page(m, pfn);
	int left;

	if (page_huge_head(m, &p)) /* whose pools have no memory that is not movable to choose */
		return -ENOMEM;
	page_list_init(&list);
	if (isolate_lru_page(m, pfn))
		return -ENOMEM;
	page_list_add(m, &list, pfn);
	left = migrate_pages(m, &list, alloc_pinnable, NULL, NULL, MIGRATE_SYNC, MR_LONGTERM_PIN,
			     NULL);
	putback_movable_pages(m, &list);
	return left ? -ENOMEM : 0;
}

/* The page at @addr, there for a reader or a writer as the mapping has it, and in a zone where it
 * may stay. */
static int pinnable_page(struct machine *m, handle_t task, u64 addr, pfn_t *pfn)
{
	handle_t mmh = task_at(m, task)->mm, h = find_vma_exact(m, mmh, addr);
	const pte_t *pte;
	int error;

	if (!h)
		return -EFAULT;
	for (;;) {
		error = populate_vma_range(m, task, h, addr, addr + PAGE_SIZE,
					   vma_at(m, h)->flags & VM_WRITE);
		if (error)
			return error;
		pte = vma_pte(m, vma_at(m, h), addr_vpn(addr), pfn);
		if (!pte || !pte_has_page(*pte))
			return -EFAULT;
		if (pfn_to_page(m, *pfn)->zone != ZONE_MOVABLE)
			return 0;
		error = move_out_of_movable(m, *pfn);
		if (error)
			return error;
	}
}

static int pin_page(struct machine *m, handle_t task, u64 addr)
{
	struct mm *mm = mm_at(m, task_at(m, task)->mm);
	struct page *p;
	bool huge;
	pfn_t pfn;
	handle_t h;
	int error = pinnable_page(m, task, addr, &pfn);

	if (error)
		return error;
	p = pfn_to_page(m, pfn);
	huge = page_huge_head(m, &p);
	if ((!huge && p->pins >= PINS_MAX - 1) || !(h = pool_alloc(&m->mms.pins)))
		return -ENOMEM;
	*pin_at(m, h) = (struct pin){ .vpn = addr_vpn(addr), .pfn = pfn, .next = mm->pins };
	mm->pins = h;
	mm->pinned_vm++;
	if (huge)
		hugetlb_pin_page(m, p);
	else
		p->pins = (p->pins + 1u) & PINS_MAX;
	mod_node_page_state(m, page_node(m, p), NR_FOLL_PIN_ACQUIRED, 1);
	return 0;
}

void page_release_pinned(struct machine *m, pfn_t pfn, struct page *p)
{
	if (contents_in_use(m)) /* which nobody but the device can read */
		drop_contents(m, pfn, 0);
	p->mapping = 0;
	if (page_test(p, PG_isolated)) /* whoever has it on a list puts it back */
		return;
	if (page_test(p, PG_lru))
		lru_remove(m, pfn, p);
	p->flags = 0;
}

void page_unpin(struct machine *m, pfn_t pfn)
{
	const u32 owned = PAGE_FLAG(lru) | PAGE_FLAG(isolated) | PAGE_FLAG(swapcache) |
			  PAGE_FLAG(reserved);
	struct page *p = pfn_to_page(m, pfn);

	if (page_huge_head(m, &p)) {
		hugetlb_unpin_page(m, p);
		return;
	}
	p->pins = (p->pins - 1u) & PINS_MAX;
	if (!p->pins && !p->mapping && !(p->flags & owned))
		free_pages(m, pfn, 0);
}

static void unpin_page(struct machine *m, struct mm *mm, pfn_t pfn)
{
	mm->pinned_vm--;
	mod_node_page_state(m, page_node(m, pfn_to_page(m, pfn)), NR_FOLL_PIN_RELEASED, 1);
	page_unpin(m, pfn);
}

/* At most @most of the range, the newest first. */
static u64 unpin_newest(struct machine *m, handle_t mmh, u64 addr, u64 length, u64 most)
{
	struct mm *mm = mm_at(m, mmh);
	u64 first = addr_vpn(addr), end = addr_vpn(PAGE_ALIGN(addr + length)), n = 0;
	handle_t *at = &mm->pins, h;

	while ((h = *at) && n < most) {
		const struct pin *pin = pin_at(m, h);

		if (pin->vpn < first || pin->vpn >= end) {
			at = &pin_at(m, h)->next;
			continue;
		}
		*at = pin->next;
		unpin_page(m, mm, pin->pfn);
		pool_free(&m->mms.pins, h);
		n++;
	}
	return n;
}

u64 unpin_user_pages(struct machine *m, handle_t mm, u64 addr, u64 length)
{
	return unpin_newest(m, mm, addr, length, UINT64_MAX);
}

int pin_user_pages(struct machine *m, handle_t task, u64 addr, u64 length)
{
	handle_t mmh = task_at(m, task)->mm;
	u64 end = PAGE_ALIGN(addr + length), pages, done = 0;
	int error = 0;

	addr &= PAGE_MASK;
	pages = (end - addr) >> PAGE_SHIFT;
	if (!task_capable(m, task) &&
	    mm_at(m, mmh)->pinned_vm + pages > task_rlimit_pages(m, task, RLIM_MEMLOCK))
		return -ENOMEM;
	while (!error && done < pages) {
		error = pin_page(m, task, addr + done * PAGE_SIZE);
		if (error)
			break;
		done++;
		if (!machine_safe_point(m))
			error = -EINTR;
	}
	/* what a process that ended had pinned went with it */
	if (error && !(m->running && m->running->died))
		unpin_newest(m, mmh, addr, length, done);
	return error;
}
