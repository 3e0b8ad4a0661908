/*
 * mbind.c - set_mempolicy(2), mbind(2) and migrate_pages(2): who says from where memory comes, and
 * moving what lies elsewhere.
 *
 * Pages are moved a page table (2 MiB) at a time, with a safe point after each: what is isolated is
 * moved or put back before others are let in. The address space is held meanwhile, its mappings are
 * looked up anew. Only pages that the process alone maps move, unless all are asked for.
 * Source: set_mempolicy(2), mbind(2), migrate_pages(2).
 */
#include <mman/mempolicy.h>
#include <mman/migrate.h>

#include "mm/hugetlb.h"
#include "mm/page_alloc.h"
#include "mm/pgtable.h"
#include "mm/vma.h"

#include <errno.h>

#define GFP_MBIND (GFP_HIGHUSER_MOVABLE | __GFP_RETRY_MAYFAIL)
#define GFP_MOVE  (GFP_HIGHUSER_MOVABLE | __GFP_THISNODE)

int do_set_mempolicy(struct machine *m, handle_t task, u32 mode, u32 flags, u64 nodes)
{
	struct task *t = task_at(m, task);
	handle_t policy, old = t->policy;
	int error = mpol_new(m, task, mode, flags, nodes, &policy);

	if (error)
		return error;
	t->policy = policy;
	if (mode == MPOL_INTERLEAVE)
		t->il_prev = MAX_NUMNODES - 1;
	mpol_put(m, old);
	return 0;
}

/* ---- pages of a range ---- */

/* Which pages of an address space are to move, and where. */
struct relocation {
	handle_t mmh;
	u64 from; /* nodes that they are to leave */
	bool all; /* also those that others map */
	new_page_fn get;
	void *arg;
	enum migrate_reason reason;
	u64 stayed;  /* isolated, but not moved */
	bool missed; /* could not even be isolated */
};

bool vma_migratable(const struct vma *v)
{
	return !(v->flags & (VM_IO | VM_PFNMAP));
}

static bool lies_on(const struct machine *m, pte_t pte, u64 nodes)
{
	const struct page *p = pfn_to_page(m, pte_pfn(pte));

	return pte_has_page(pte) && !page_test(p, PG_reserved) && nodes >> p->node & 1;
}

/* Pages of [vpn, end) that are to move, off their lists. */
static void isolate_range(struct machine *m, struct relocation *r, u64 vpn, u64 end,
			  struct page_list *list)
{
	struct pte_walk w = pte_walk_range(mm_at(m, r->mmh), vpn, end);
	u32 i;

	while (pte_walk_next(m, &w))
		for (i = 0; i < w.n; i++) {
			pfn_t pfn = pte_pfn(w.pte[i]);

			if (!lies_on(m, w.pte[i], r->from) ||
			    (!r->all && pfn_to_page(m, pfn)->mapcount > 1))
				continue;
			if (isolate_lru_page(m, pfn))
				r->missed = true;
			else
				page_list_add_tail(m, list, pfn);
		}
}

/* The huge pages that begin in [vpn, end): one by one. */
static int relocate_huge(struct machine *m, struct relocation *r, const struct vma *v, u64 vpn,
			 u64 end)
{
	struct huge_walk w = huge_walk_range(mm_at(m, r->mmh), vpn, end);
	const struct migration_target_control *mtc = r->arg;
	int error = 0;

	while (error != -ENOMEM && huge_walk_next(m, &w)) {
		u64 addr = w.vpn << PAGE_SHIFT, nodes;
		bool many;
		u32 nid;

		if (w.vpn < vpn || !lies_on(m, *w.pte, r->from) ||
		    (!r->all && pfn_to_page(m, pte_pfn(*w.pte))->mapcount > 1))
			continue;
		if (r->reason == MR_MEMPOLICY_MBIND) {
			nid = huge_node(m, v, addr, hstate_order(vma_hstate(m, v)), &nodes, &many);
		} else {
			nid = (u32)mtc->nid;
			nodes = 1ull << nid;
		}
		error = migrate_huge_page(m, pte_pfn(*w.pte), nid, nodes, r->reason);
		r->stayed += error != 0;
	}
	return error == -ENOMEM ? error : 0;
}

static int relocate_table(struct machine *m, struct relocation *r, u64 vpn, u64 end)
{
	struct page_list list;
	int left;

	page_list_init(&list);
	isolate_range(m, r, vpn, end, &list);
	if (!list.nr)
		return 0;
	left = migrate_pages(m, &list, r->get, NULL, r->arg, MIGRATE_SYNC, r->reason, NULL);
	r->stayed += list.nr;
	putback_movable_pages(m, &list);
	return left < 0 ? left : 0;
}

/* @visit is told of each mapping before its pages in [start, end) move. */
static int relocate(struct machine *m, struct relocation *r, u64 start, u64 end,
		    void (*visit)(void *arg, handle_t vma))
{
	u64 addr = start, to;
	handle_t h;
	int error;

	while (addr < end && (h = find_vma_intersection(m, r->mmh, addr, end))) {
		const struct vma *v = vma_at(m, h);

		addr = max_t(u64, addr, v->start);
		to = (addr | ((PAGE_SIZE << TABLE_SHIFT) - 1)) + 1;
		to = min_t(u64, min_t(u64, to, v->end), end);
		if (!vma_migratable(v)) {
			addr = v->end;
			continue;
		}
		if (visit)
			visit(r->arg, h);
		if (v->flags & VM_HUGETLB)
			error = relocate_huge(m, r, v, addr_vpn(addr), addr_vpn(to));
		else
			error = relocate_table(m, r, addr_vpn(addr), addr_vpn(to));
		if (error)
			return error;
		addr = to;
		if (!machine_safe_point(m))
			return -EINTR;
	}
	return 0;
}

/* ---- mbind ---- */

struct mbind_arg {
	handle_t vma;
};

static void mbind_visit(void *arg, handle_t vma)
{
	((struct mbind_arg *)arg)->vma = vma;
}

/* Where the page's place in its mapping wants it to be. */
static pfn_t mbind_new_page(struct machine *m, pfn_t old, void *arg)
{
	handle_t h = ((struct mbind_arg *)arg)->vma;
	const struct vma *v = vma_at(m, h);
	u64 offset = page_index(pfn_to_page(m, old)) - v->pgoff;

	return alloc_page_vma(m, h, v->start + (offset << PAGE_SHIFT), GFP_MBIND);
}

/* -EFAULT: a hole in the range; -EIO: @strict, and a page is not on one of @nodes. */
static int check_range(struct machine *m, handle_t mmh, u64 start, u64 end, u64 nodes, bool strict)
{
	u64 addr = start;
	handle_t h;
	u32 i;

	for (; addr < end; addr = vma_at(m, h)->end) {
		h = find_vma_exact(m, mmh, addr);
		if (!h)
			return -EFAULT;
		if (strict) {
			u64 to = min_t(u64, vma_at(m, h)->end, end);
			struct pte_walk w =
				pte_walk_range(mm_at(m, mmh), addr_vpn(addr), addr_vpn(to));
			struct huge_walk hw =
				huge_walk_range(mm_at(m, mmh), addr_vpn(addr), addr_vpn(to));

			while (huge_walk_next(m, &hw))
				if (lies_on(m, *hw.pte, ~nodes))
					return -EIO;

			while (pte_walk_next(m, &w))
				for (i = 0; i < w.n; i++)
					if (lies_on(m, w.pte[i], ~nodes))
						return -EIO;
		}
	}
	return 0;
}

static int set_policy(struct machine *m, handle_t h, u64 start, u64 end, handle_t policy)
{
	const struct vma *v = vma_at(m, h);
	handle_t inode = v->file ? file_at(m, v->file)->inode : 0;
	u64 first = v->pgoff + ((start - v->start) >> PAGE_SHIFT);
	int error;

	if (v->policy != policy) {
		error = vma_modify_policy(m, h, start, end, policy);
		if (error)
			return error;
	}
	if (!inode || inode_at(m, inode)->kind != INODE_SHMEM)
		return 0;
	return mpol_set_shared(m, inode, first, first + ((end - start) >> PAGE_SHIFT) - 1, policy);
}

static int mbind_range(struct machine *m, handle_t mmh, u64 start, u64 end, handle_t policy)
{
	u64 to;
	int error = 0;

	for (; start < end && !error; start = to) {
		handle_t h = find_vma_exact(m, mmh, start);

		to = min_t(u64, vma_at(m, h)->end, end);
		error = set_policy(m, h, start, to, policy);
	}
	return error;
}

static int mbind_move(struct machine *m, handle_t mmh, u64 start, u64 end, u64 nodes, u32 mf)
{
	struct mbind_arg arg = { 0 };
	struct relocation r = { .mmh = mmh,
				.from = ~nodes,
				.all = mf & MPOL_MF_MOVE_ALL,
				.get = mbind_new_page,
				.arg = &arg,
				.reason = MR_MEMPOLICY_MBIND };
	int error = relocate(m, &r, start, end, mbind_visit);

	if (error == -EINTR)
		return error;
	return mf & MPOL_MF_STRICT && (error || r.stayed || r.missed) ? -EIO : 0;
}

int do_mbind(struct machine *m, handle_t task, u64 addr, u64 length, u32 mode, u32 flags, u64 nodes,
	     u32 mf)
{
	handle_t mmh = task_at(m, task)->mm, policy;
	u64 end = addr + PAGE_ALIGN(length);
	bool move = mf & (MPOL_MF_MOVE | MPOL_MF_MOVE_ALL);
	int error;

	if (addr & ~PAGE_MASK || mf & ~(MPOL_MF_STRICT | MPOL_MF_MOVE | MPOL_MF_MOVE_ALL))
		return -EINVAL;
	if (mf & MPOL_MF_MOVE_ALL && !task_capable(m, task))
		return -EPERM;
	if (mode == MPOL_DEFAULT)
		mf &= ~MPOL_MF_STRICT;
	if (end < addr)
		return -EINVAL;
	if (end == addr)
		return 0;
	error = mpol_new(m, task, mode, flags, nodes, &policy);
	if (error)
		return error;
	error = check_range(m, mmh, addr, end, nodes, mf & MPOL_MF_STRICT && !move);
	if (!error)
		error = mbind_range(m, mmh, addr, end, policy);
	mpol_put(m, policy);
	if (!error && move)
		error = mbind_move(m, mmh, addr, end, nodes, mf);
	return error;
}

/* ---- migrate_pages ---- */

static u32 nth_node(u64 nodes, u32 n)
{
	while (n--)
		nodes &= nodes - 1;
	return (u32)__builtin_ctzll(nodes);
}

/* The counterpart in @to of node @nid of @from. */
static u32 counterpart(u32 nid, u64 from, u64 to)
{
	u32 place = (u32)__builtin_popcountll(from & ((1ull << nid) - 1));

	return nth_node(to, place % (u32)__builtin_popcountll(to));
}

/*
 * The next node of @left to empty, and where to: rather one whose target is not to be emptied
 * itself, so that nothing is moved twice. Between sets of different size what lies in the target
 * already stays.
 */
static bool next_pair(u64 from, u64 to, u64 left, u32 *source, u32 *dest)
{
	bool equal = __builtin_popcountll(from) == __builtin_popcountll(to), found = false;

	for (; left; left &= left - 1) {
		u32 nid = (u32)__builtin_ctzll(left), d = counterpart(nid, from, to);

		if ((!equal && to >> nid & 1) || d == nid)
			continue;
		*source = nid;
		*dest = d;
		found = true;
		if (!(left >> d & 1))
			break;
	}
	return found;
}

int do_migrate_pages(struct machine *m, handle_t task, u64 from, u64 to, bool all)
{
	handle_t mmh = task_at(m, task)->mm;
	struct relocation r = {
		.mmh = mmh, .all = all, .get = alloc_migration_target, .reason = MR_SYSCALL
	};
	struct migration_target_control mtc = { .gfp = GFP_MOVE };
	u64 left = from;
	u32 source, dest;
	int error = 0;

	to &= task_mems_allowed(m, task);
	if (!to || !mmh)
		return -EINVAL;
	r.arg = &mtc;
	mm_at(m, mmh)->users++;
	while (!error && next_pair(from, to, left, &source, &dest)) {
		left &= ~(1ull << source);
		r.from = 1ull << source;
		mtc.nid = (int)dest;
		error = relocate(m, &r, 0, task_size(m), NULL);
	}
	mm_put(m, mmh);
	return error ? error : (int)min_t(u64, r.stayed, INT32_MAX);
}
