/*
 * mremap.c - mappings that shrink, grow, or move.
 *
 * Growing in place needs the room above (with MREMAP_FIXED nobody asks); moving takes the page
 * table entries along, so no page is copied. A mapping with anonymous pages keeps their linear
 * indexes, and with them its page offset, at the new place.
 * Source: mremap(2).
 */
#include <errno.h>

#include "mm/hugetlb.h"
#include "mm/rmap.h"
#include "mm/tlb.h"

struct move {
	handle_t task, mmh, vma;
	u64 addr, old_length, new_length;
	bool keep; /* MREMAP_DONTUNMAP: the old mapping stays, without its pages */
};

/* What [addr, addr + old) of a VMA may become; charges the difference. *@charged: pages. */
static int vma_to_resize(struct machine *m, const struct move *r, s64 *charged)
{
	const struct vma *v = vma_at(m, r->vma);
	const struct mm *mm = mm_at(m, r->mmh);
	u64 pages = (r->new_length - r->old_length) >> PAGE_SHIFT, pgoff;
	int error;

	*charged = 0;
	if (r->keep && v->flags & (VM_DONTEXPAND | VM_PFNMAP))
		return -EINVAL;
	if (!r->old_length && !(v->flags & (VM_SHARED | VM_MAYSHARE)))
		return -EINVAL;
	if (r->old_length > v->end - r->addr)
		return -EFAULT;
	if (r->new_length == r->old_length)
		return 0;
	pgoff = ((r->addr - v->start) >> PAGE_SHIFT) + v->pgoff;
	if (pgoff + (r->new_length >> PAGE_SHIFT) < pgoff)
		return -EINVAL;
	if (v->flags & (VM_DONTEXPAND | VM_PFNMAP))
		return -EFAULT;
	error = mlock_future_check(m, r->task, mm, v->flags, pages);
	if (error)
		return error;
	if (!may_expand_vm(m, r->task, mm, v->flags, pages))
		return -ENOMEM;
	if (!(v->flags & VM_ACCOUNT))
		return 0;
	if (vm_enough_memory(m, r->mmh, (s64)pages, task_capable(m, r->task)))
		return -ENOMEM;
	*charged = (s64)pages;
	return 0;
}

/* Is there room above? A stack's guard gap does not count here. */
static bool vma_expandable(struct machine *m, const struct move *r, u64 delta)
{
	const struct vma *v = vma_at(m, r->vma);
	u64 end = v->end + delta;

	if (end < v->end || end > task_size(m))
		return false;
	return !v->next || vma_at(m, v->next)->start >= end;
}

/* Huge pages: whole ones, to where they fit, and never more of them. The lengths are rounded up. */
static int check_huge(const struct machine *m, struct move *r, u64 to)
{
	const struct vma *v = vma_at(m, r->vma);
	u64 size = v->flags & VM_HUGETLB ? vma_hstate(m, v)->page_size : PAGE_SIZE;

	r->old_length = (r->old_length + size - 1) & ~(size - 1);
	r->new_length = (r->new_length + size - 1) & ~(size - 1);
	if ((r->addr | to) & (size - 1))
		return -EINVAL;
	return v->flags & VM_HUGETLB && r->new_length > r->old_length ? -EINVAL : 0;
}

/* Account the @delta pages a mapping has grown by, and fault them in if it is locked. */
static void account_growth(struct machine *m, const struct move *r, u32 flags, u64 addr, u64 delta)
{
	struct mm *mm = mm_at(m, r->mmh);

	vm_stat_account(mm, flags, (s64)(delta >> PAGE_SHIFT));
	if (flags & VM_LOCKED) {
		mm->locked_vm += delta >> PAGE_SHIFT;
		mm_populate(m, r->task, addr, delta, true);
	}
}

static int grow_in_place(struct machine *m, const struct move *r)
{
	struct vma *v = vma_at(m, r->vma);
	u64 delta = r->new_length - r->old_length, end = v->end;
	struct vma_wish w = vma_as_wish(v, v->end, v->end + delta);
	u32 flags = v->flags;
	handle_t merged;
	int error = vma_merge_new(m, r->mmh, &w, false, &merged);

	if (error)
		return error;
	if (!merged)
		return -ENOMEM; /* a device's mapping has its size */
	account_growth(m, r, flags, end, delta);
	return 0;
}

/* A VMA like the old one at [to, to + new_length), linked, with its anon_vmas. */
static int copy_vma(struct machine *m, const struct move *r, u64 to, handle_t *out)
{
	const struct vma *old = vma_at(m, r->vma);
	struct vma_wish w = vma_as_wish(old, r->addr, r->addr + r->new_length);
	struct vma *v;
	int error;

	w.start = to;
	w.end = to + r->new_length;
	/* no anonymous page has an index yet that would have to stay */
	if (vma_is_anonymous(old) && !old->anon_vma)
		w.pgoff = to >> PAGE_SHIFT;
	error = vma_merge_new(m, r->mmh, &w, false, out);
	if (error || *out)
		return error;
	*out = vma_dup(m, r->mmh, r->vma);
	if (!*out)
		return -ENOMEM;
	v = vma_at(m, *out);
	v->start = w.start;
	v->end = w.end;
	v->pgoff = w.pgoff;
	if (old->anon_vma && anon_vma_clone(m, *out, r->vma)) {
		vma_free(m, *out);
		return -ENOMEM;
	}
	vma_link(m, *out);
	return 0;
}

/* One stretch of entries; on -ENOMEM the rest of it has stayed. */
static int move_stretch(struct machine *m, handle_t mmh, const struct pte_walk *w, u64 delta)
{
	pte_t *to;
	u32 i;

	for (i = 0; i < w->n; i++) {
		if (!w->pte[i])
			continue;
		to = pte_alloc(m, mmh, w->vpn + i + delta);
		if (!to)
			return -ENOMEM;
		/* memory was made for the table: the page may have been taken */
		if (!w->pte[i])
			continue;
		*to = w->pte[i] | PTE_SOFT_DIRTY;
		w->pte[i] = 0;
	}
	return 0;
}

/* Move the entries of [from, from + length) to @to; -ENOMEM with some of them moved. */
static int move_page_tables(struct machine *m, handle_t mmh, u64 from, u64 to, u64 length)
{
	struct pte_walk w = pte_walk_range(mm_at(m, mmh), addr_vpn(from), addr_vpn(from + length));
	u64 delta = addr_vpn(to) - addr_vpn(from);
	handle_t h = find_vma_exact(m, mmh, from);
	int error = 0;

	if (h && vma_at(m, h)->flags & VM_HUGETLB)
		return move_hugetlb_page_tables(m, mmh, from, to, length);
	while (!error && pte_walk_next(m, &w)) {
		error = move_stretch(m, mmh, &w, delta);
		pte_chunk_put(m, &w);
	}
	tlb_flush_range(m, mm_at(m, mmh), addr_vpn(from), addr_vpn(from + length));
	return error;
}

/* Undo a cut: what ends at @addr and what begins there are one again. */
static void rejoin_at(struct machine *m, handle_t mmh, u64 addr)
{
	handle_t h = addr ? find_vma_exact(m, mmh, addr - 1) : 0;

	if (h && vma_at(m, h)->end == addr && vma_at(m, h)->next &&
	    vma_at(m, vma_at(m, h)->next)->start == addr)
		vma_rejoin(m, h);
}

/* Cut out what is to move, so that taking it away afterwards needs no memory. */
static int isolate(struct machine *m, struct move *r, bool *cut_below, bool *cut_above)
{
	handle_t upper;
	int error;

	*cut_below = r->addr > vma_at(m, r->vma)->start;
	*cut_above = false;
	if (*cut_below) {
		error = split_vma(m, r->vma, r->addr, &upper);
		if (error)
			return error;
		r->vma = upper;
	}
	*cut_above = r->addr + r->old_length < vma_at(m, r->vma)->end && r->old_length;
	error = *cut_above ? split_vma(m, r->vma, r->addr + r->old_length, &upper) : 0;
	if (error && *cut_below)
		rejoin_at(m, r->mmh, r->addr);
	return error;
}

/* The mapping whose pages have moved away: no lock holds what is not there, and if all of it has
 * moved it is as good as new. */
static void leave_behind(struct machine *m, const struct move *r)
{
	handle_t h = find_vma_exact(m, r->mmh, r->addr);

	if (vma_at(m, h)->flags & VM_LOCKED)
		do_mlock(m, r->task, r->addr, r->old_length, false, false);
	h = find_vma_exact(m, r->mmh, r->addr);
	if (h && vma_at(m, h)->start == r->addr && vma_at(m, h)->end == r->addr + r->old_length)
		unlink_anon_vmas(m, h);
}

/* The new mapping at @to and the entries in it, or everything as it was. */
static int move_to(struct machine *m, const struct move *r, u64 to)
{
	struct mm *mm = mm_at(m, r->mmh);
	u32 flags = vma_at(m, r->vma)->flags;
	u64 pages = r->new_length >> PAGE_SHIFT;
	handle_t new, h;
	int error = copy_vma(m, r, to, &new);

	if (error)
		return error;
	vm_stat_account(mm, flags, (s64)pages);
	if (flags & VM_LOCKED)
		mm->locked_vm += pages;
	error = move_page_tables(m, r->mmh, r->addr, to, r->old_length);
	if (error) {
		/* tables and chunks of the old place are still there, or were freed just now */
		move_page_tables(m, r->mmh, to, r->addr, r->old_length);
		mm_munmap(m, r->mmh, to, r->new_length, true);
		return error;
	}
	/* reservations have gone along: what is unmapped has none to give back */
	h = find_vma_exact(m, r->mmh, r->addr);
	if (vma_at(m, h)->resv_map)
		hugetlb_dup_vma_private(m, vma_at(m, h));
	if (!r->keep)
		return mm_munmap(m, r->mmh, r->addr, r->old_length, true);
	leave_behind(m, r);
	return 0;
}

/* Where it goes if nobody said so. */
static int find_place(struct machine *m, const struct move *r, u64 *to)
{
	const struct vma *v = vma_at(m, r->vma);
	struct mmap_request rq = { .length = r->new_length };

	if (v->file) {
		rq.inode = file_at(m, v->file)->inode;
		rq.offset = (v->pgoff << PAGE_SHIFT) + (r->addr - v->start);
	}
	return get_unmapped_area(m, r->task, &rq, to);
}

static int move_vma(struct machine *m, struct move *r, u64 *new_addr)
{
	const struct mm *mm = mm_at(m, r->mmh);
	u32 flags = vma_at(m, r->vma)->flags;
	bool below = false, above = false;
	int error;

	if ((s64)mm->map_count >= m->sysctl.max_map_count - 3)
		return -ENOMEM;
	error = r->keep ? 0 : isolate(m, r, &below, &above);
	if (error)
		return error;
	error = move_to(m, r, *new_addr);
	if (error) {
		if (above)
			rejoin_at(m, r->mmh, r->addr + r->old_length);
		if (below)
			rejoin_at(m, r->mmh, r->addr);
		return error;
	}
	if (flags & VM_LOCKED)
		mm_populate(m, r->task, *new_addr + r->old_length, r->new_length - r->old_length,
			    true);
	return 0;
}

static int check_arguments(struct machine *m, struct move *r)
{
	if (r->addr & ~PAGE_MASK)
		return -EINVAL;
	r->old_length = PAGE_ALIGN(r->old_length);
	r->new_length = PAGE_ALIGN(r->new_length);
	if (!r->new_length)
		return -EINVAL;
	r->vma = find_vma_exact(m, r->mmh, r->addr);
	return r->vma ? 0 : -EFAULT;
}

/* MREMAP_FIXED: what is in the way goes, and what is too much of the old goes before it moves. */
static int clear_way(struct machine *m, struct move *r, const struct mremap_request *rq)
{
	u64 excess = r->old_length > r->new_length ? r->old_length - r->new_length : 0;
	int error = 0;

	if (rq->flags & MREMAPF_FIXED)
		error = mm_munmap(m, r->mmh, rq->new_addr, r->new_length, false);
	if (!error && excess) {
		error = mm_munmap(m, r->mmh, r->addr + r->new_length, excess, false);
		r->old_length = r->new_length;
	}
	r->vma = find_vma_exact(m, r->mmh, r->addr);
	return error;
}

static int check_place(const struct machine *m, const struct move *r,
		       const struct mremap_request *rq)
{
	if (rq->new_addr & ~PAGE_MASK || r->new_length > task_size(m) ||
	    rq->new_addr > task_size(m) - r->new_length)
		return -EINVAL;
	if (rq->flags & MREMAPF_FIXED && r->addr + r->old_length > rq->new_addr &&
	    rq->new_addr + r->new_length > r->addr)
		return -EINVAL;
	if (rq->flags & MREMAPF_FIXED && rq->new_addr < m->sysctl.mmap_min_addr &&
	    !task_capable(m, r->task))
		return -EPERM;
	return (s64)mm_at(m, r->mmh)->map_count + 2 >= m->sysctl.max_map_count - 3 ? -ENOMEM : 0;
}

/* What MREMAP_DONTUNMAP adds: a whole mapping, not only what it has grown by. */
static int charge_copy(struct machine *m, const struct move *r, s64 *charged)
{
	s64 pages = (s64)(r->old_length >> PAGE_SHIFT);
	const struct vma *v = vma_at(m, r->vma);

	if (!r->keep)
		return 0;
	if (!may_expand_vm(m, r->task, mm_at(m, r->mmh), v->flags, (u64)pages))
		return -ENOMEM;
	if (!(v->flags & VM_ACCOUNT))
		return 0;
	if (vm_enough_memory(m, r->mmh, pages, task_capable(m, r->task)))
		return -ENOMEM;
	*charged += pages;
	return 0;
}

int do_mremap_to(struct machine *m, handle_t task, const struct mremap_request *rq, u64 *new_addr)
{
	struct move r = { .task = task,
			  .mmh = task_at(m, task)->mm,
			  .addr = rq->addr,
			  .old_length = rq->old_length,
			  .new_length = rq->new_length,
			  .keep = rq->flags & MREMAPF_DONTUNMAP };
	s64 charged = 0;
	int error;

	if (!(rq->flags & MREMAPF_MAYMOVE) && rq->flags)
		return -EINVAL;
	if (!(rq->flags & (MREMAPF_FIXED | MREMAPF_DONTUNMAP)))
		return do_mremap(m, task, rq->addr, rq->old_length, rq->new_length, rq->flags,
				 new_addr);
	if (r.keep && rq->old_length != rq->new_length)
		return -EINVAL;
	clock_charge(m, m->cost.syscall);
	error = check_arguments(m, &r);
	if (!error && vma_at(m, r.vma)->flags & VM_HUGETLB)
		error = check_huge(m, &r, rq->flags & MREMAPF_FIXED ? rq->new_addr : 0);
	if (!error)
		error = check_place(m, &r, rq);
	if (!error)
		error = clear_way(m, &r, rq);
	if (!error && !r.vma)
		error = -EFAULT;
	if (!error)
		error = vma_to_resize(m, &r, &charged);
	if (!error)
		error = charge_copy(m, &r, &charged);
	*new_addr = rq->new_addr;
	if (!error && !(rq->flags & MREMAPF_FIXED))
		error = find_place(m, &r, new_addr);
	if (!error)
		error = move_vma(m, &r, new_addr);
	if (error)
		vm_unacct_memory(m, charged);
	return error;
}

int do_mremap(struct machine *m, handle_t task, u64 addr, u64 old_length, u64 new_length,
	      bool maymove, u64 *new_addr)
{
	struct move r = { task, task_at(m, task)->mm, 0, addr, old_length, new_length, false };
	s64 charged;
	int error = check_arguments(m, &r);

	clock_charge(m, m->cost.syscall);
	if (error)
		return error;
	if (vma_at(m, r.vma)->flags & VM_HUGETLB)
		error = check_huge(m, &r, 0);
	if (error)
		return error;
	*new_addr = addr;
	if (r.old_length >= r.new_length) {
		if (r.old_length == r.new_length)
			return 0;
		return mm_munmap_slowly(m, r.mmh, addr + r.new_length, r.old_length - r.new_length);
	}
	error = vma_to_resize(m, &r, &charged);
	if (error)
		return error;
	if (r.old_length == vma_at(m, r.vma)->end - addr &&
	    vma_expandable(m, &r, r.new_length - r.old_length)) {
		error = grow_in_place(m, &r);
	} else {
		error = maymove ? find_place(m, &r, new_addr) : -ENOMEM;
		if (!error)
			error = move_vma(m, &r, new_addr);
	}
	if (error)
		vm_unacct_memory(m, charged);
	return error;
}
