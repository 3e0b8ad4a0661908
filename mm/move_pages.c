/*
 * move_pages.c - move_pages(2): pages of a process, one by one, each to the node that is named for
 * it.
 *
 * Pages that follow each other to the same node move together. The call ends at the first node that
 * cannot be, and when no memory is left there; the status of what it had not come to stays as it
 * was. Source: move_pages(2).
 */
#include <mman/mempolicy.h>
#include <mman/migrate.h>

#include "mm/hugetlb.h"
#include "mm/page_alloc.h"
#include "mm/pgtable.h"
#include "mm/vma.h"

#include <errno.h>

#define MOVE_BATCH 512u

struct move {
	handle_t mmh;
	bool all;
	const u64 *addrs;
	const int *nodes;
	int *status;
};

/* The page at @addr. -EFAULT: nothing is mapped, or the zero page; -ENOENT: it is not in memory. */
static int page_at(struct machine *m, handle_t mmh, u64 addr, pfn_t *pfn)
{
	handle_t h = find_vma_exact(m, mmh, addr & PAGE_MASK);
	const struct vma *v = h ? vma_at(m, h) : NULL;
	const pte_t *pte;

	if (!v || !vma_migratable(v))
		return -EFAULT;
	pte = vma_pte(m, v, addr_vpn(addr), pfn);
	if (!pte || !*pte)
		return vma_is_anonymous(v) ? -EFAULT : -ENOENT;
	if (!pte_present(*pte))
		return -ENOENT;
	if (!pte_has_page(*pte))
		return -EFAULT;
	return 0;
}

/* 1: isolated, on @list; else its status. */
static int queue_page(struct machine *m, const struct move *mv, u64 i, struct page_list *list)
{
	struct page *p;
	bool tail, huge;
	pfn_t pfn;
	int error = page_at(m, mv->mmh, mv->addrs[i], &pfn);

	if (error)
		return error;
	p = pfn_to_page(m, pfn);
	tail = page_test(p, PG_tail);
	huge = page_huge_head(m, &p);
	if (p->node == (u32)mv->nodes[i])
		return 0;
	if (p->mapcount > 1 && !mv->all)
		return -EACCES;
	if (huge) /* as a whole, by its first address */
		return tail ? -EACCES :
			      migrate_huge_page(m, pfn, (u32)mv->nodes[i], 1ull << mv->nodes[i],
						MR_SYSCALL);
	if (isolate_lru_page(m, pfn))
		return -EBUSY;
	page_list_add_tail(m, list, pfn);
	return 1;
}

/*
 * What is queued, for [first, end) of the call, goes to its node. 0, -ENOMEM, or how many pages
 * stayed, counting all of the call from @end on.
 */
static int move_queued(struct machine *m, const struct move *mv, u64 first, u64 end, u64 nr,
		       struct page_list *list)
{
	struct migration_target_control mtc = { .nid = first < nr ? mv->nodes[first] : 0,
						.gfp = GFP_HIGHUSER_MOVABLE | __GFP_THISNODE };
	int left;

	if (!list->nr)
		return 0;
	left = migrate_pages(m, list, alloc_migration_target, NULL, &mtc, MIGRATE_SYNC, MR_SYSCALL,
			     NULL);
	putback_movable_pages(m, list);
	if (left > 0)
		return (int)min_t(u64, (u64)left + (nr - end), INT32_MAX);
	for (; !left && first < end; first++)
		mv->status[first] = mv->nodes[first];
	return left;
}

static int check_node(const struct machine *m, handle_t task, int nid)
{
	if (nid < 0 || nid >= MAX_NUMNODES || !(memory_node_mask(m) >> nid & 1))
		return -ENODEV;
	return task_mems_allowed(m, task) >> nid & 1 ? 0 : -EACCES;
}

static int move_each(struct machine *m, handle_t task, struct move *mv, u64 nr)
{
	struct page_list list;
	u64 first = 0, i, stayed = 0;
	int error = 0, flushed, queued;

	page_list_init(&list);
	for (i = 0; i < nr; i++) {
		error = check_node(m, task, mv->nodes[i]);
		if (error)
			break;
		if (i > first && (mv->nodes[i] != mv->nodes[first] || list.nr == MOVE_BATCH)) {
			error = move_queued(m, mv, first, i, nr, &list);
			if (!error && !machine_safe_point(m))
				error = -EINTR;
			if (error)
				return error;
			first = i;
		}
		queued = queue_page(m, mv, i, &list);
		if (queued > 0)
			continue;
		/* a page that has nowhere to go ends what is moved together */
		error = move_queued(m, mv, first, i, nr, &list);
		if (error)
			return error;
		mv->status[i] = queued ? queued : mv->nodes[i];
		first = i + 1;
		/* terabytes that nobody has touched take their time, too */
		if (++stayed % MOVE_BATCH == 0 && !machine_safe_point(m))
			return -EINTR;
	}
	flushed = move_queued(m, mv, first, i, nr, &list);
	return flushed ? flushed : error;
}

static int ask_each(struct machine *m, const struct move *mv, u64 nr)
{
	pfn_t pfn;
	u64 i;

	for (i = 0; i < nr; i++) {
		int error = page_at(m, mv->mmh, mv->addrs[i], &pfn);

		mv->status[i] = error ? error : (int)pfn_to_page(m, pfn)->node;
	}
	return 0;
}

int do_move_pages(struct machine *m, handle_t task, u64 nr, const u64 *addrs, const int *nodes,
		  int *status, bool all)
{
	struct move mv = { task_at(m, task)->mm, all, addrs, nodes, status };
	int result;

	if (!mv.mmh)
		return -EINVAL;
	if (!nodes)
		return ask_each(m, &mv, nr);
	mm_at(m, mv.mmh)->users++;
	result = move_each(m, task, &mv, nr);
	mm_put(m, mv.mmh);
	return result;
}
