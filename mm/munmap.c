/*
 * munmap.c - mappings end, the break moves, stacks grow.
 */
#include <errno.h>

#include "mm/filemap.h"
#include "mm/hugetlb.h"
#include "mm/vma.h"

/* ---- munmap ---- */

/* Cut the VMAs at both ends of [start, end), so that whole ones lie between. @first is the first
 * that the range touches; afterwards the first to go. On error all is as it was. */
static int split_ends(struct machine *m, u64 start, u64 end, handle_t *first)
{
	handle_t lower = 0, h, upper;
	const struct vma *v = vma_at(m, *first);
	struct mm *mm = mm_at(m, v->mm);
	int error;

	if (start > v->start) {
		/* a hole in the middle is one mapping more */
		if (end < v->end && map_count_full(m, mm))
			return -ENOMEM;
		error = split_vma(m, *first, start, &upper);
		if (error)
			return error;
		lower = *first;
		*first = upper;
	}
	for (h = *first; h && vma_at(m, h)->end < end; h = vma_at(m, h)->next)
		;
	if (!h || vma_at(m, h)->start >= end || vma_at(m, h)->end == end)
		return 0;
	error = split_vma(m, h, end, &upper);
	if (error && lower)
		vma_rejoin(m, lower);
	return error;
}

/* Mappings from @h to below @end leave the address space; their pages go, then their tables. */
static void remove_vmas(struct machine *m, handle_t mmh, handle_t h, u64 end, bool keep_charge)
{
	struct mm *mm = mm_at(m, mmh);
	handle_t prev = vma_at(m, h)->prev, next;
	u64 start = vma_at(m, h)->start, last = start, charged = 0;

	if (mm->total_vm > mm->hiwater_vm)
		mm->hiwater_vm = mm->total_vm;
	for (; h && vma_at(m, h)->start < end; h = next) {
		const struct vma *v = vma_at(m, h);

		next = v->next;
		last = v->end;
		if (v->flags & VM_LOCKED)
			mm->locked_vm -= vma_pages(v);
		if (v->flags & VM_ACCOUNT)
			charged += vma_pages(v);
		zap_page_range(m, h, v->start, v->end);
		if (v->flags & VM_HUGETLB && v->resv_map)
			hugetlb_unreserve_vma(m, vma_at(m, h));
		vm_stat_account(mm, v->flags, -(s64)vma_pages(v));
		vma_unlink(m, h);
		vma_free(m, h);
	}
	free_pgtables(m, mmh, start, last, prev ? vma_at(m, prev)->end : 0,
		      h ? vma_at(m, h)->start : 0);
	if (!keep_charge)
		vm_unacct_memory(m, (s64)charged);
}

int mm_munmap(struct machine *m, handle_t mmh, u64 start, u64 length, bool keep_charge)
{
	u64 end = start + length;
	handle_t h = find_vma_intersection(m, mmh, start, end);
	int error;

	if (!h)
		return 0;
	error = split_ends(m, start, end, &h);
	if (!error)
		remove_vmas(m, mmh, h, end, keep_charge);
	return error;
}

/*
 * A large range loses its pages batch by batch, with safe points between, before the mappings go.
 * The cuts are made first, so that what may fail has not cost anything yet. -EINTR: stopped
 * half-way.
 */
static int zap_in_batches(struct machine *m, handle_t mmh, u64 addr, u64 end)
{
	handle_t h = find_vma_intersection(m, mmh, addr, end);
	int error = h ? split_ends(m, addr, end, &h) : 0;

	if (error)
		return error;
	while (addr < end && (h = find_vma_intersection(m, mmh, addr, end))) {
		const struct vma *v = vma_at(m, h);
		u64 from = v->start > addr ? v->start : addr, to = v->end < end ? v->end : end;

		addr = unmap_some(m, h, from, to);
		if (!machine_safe_point(m))
			return -EINTR;
	}
	return 0;
}

int mm_munmap_slowly(struct machine *m, handle_t mmh, u64 start, u64 length)
{
	handle_t mark;
	int error = 0;

	if (mm_takes_batches(mm_at(m, mmh)) && length >> PAGE_SHIFT > BATCH_PAGES)
		error = zap_in_batches(m, mmh, start, start + length);
	if (error)
		return error;
	mark = evict_begin(m);
	error = mm_munmap(m, mmh, start, length, false);
	evict_end(m, mark);
	return error;
}

int do_munmap(struct machine *m, handle_t task, u64 addr, u64 length)
{
	clock_charge(m, m->cost.syscall);
	if (addr & ~PAGE_MASK || addr > task_size(m) || length > task_size(m) - addr)
		return -EINVAL;
	length = PAGE_ALIGN(length);
	if (!length)
		return -EINVAL;
	return mm_munmap_slowly(m, task_at(m, task)->mm, addr, length);
}

/* ---- brk ---- */

/* RLIMIT_DATA bounds heap and data segment together. */
static bool heap_within_limit(const struct machine *m, handle_t task, const struct mm *mm, u64 brk)
{
	u64 limit = task_rlimit(m, task, RLIM_DATA);

	return limit == RLIM_INF || brk - mm->start_brk + (mm->end_data - mm->start_data) <= limit;
}

static int brk_grow(struct machine *m, handle_t task, u64 from, u64 to)
{
	handle_t mmh = task_at(m, task)->mm, prev, h;
	struct mm *mm = mm_at(m, mmh);
	s64 pages = (s64)((to - from) >> PAGE_SHIFT);
	struct vma_wish w = {
		.start = from, .end = to, .pgoff = from >> PAGE_SHIFT, .kind = VMA_HEAP
	};
	struct vma *v;

	w.flags = VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC | VM_ACCOUNT |
		  VM_SOFTDIRTY | mm->def_flags;
	h = find_vma(m, mmh, from);
	if (h && to + PAGE_SIZE > vma_start_gap(m, vma_at(m, h)))
		return -ENOMEM;
	if (to > task_size(m) || mlock_future_check(m, task, mm, w.flags, (u64)pages) ||
	    !may_expand_vm(m, task, mm, w.flags, (u64)pages) ||
	    (s64)mm->map_count > m->sysctl.max_map_count ||
	    vm_enough_memory(m, mmh, pages, task_capable(m, task)))
		return -ENOMEM;
	/* the break joins what lies below it, never what lies above */
	prev = find_vma_prev(m, mmh, from);
	if (!prev || !vma_grow(m, prev, &w)) {
		h = vma_new(m, mmh);
		if (!h) {
			vm_unacct_memory(m, pages);
			return -ENOMEM;
		}
		v = vma_at(m, h);
		v->start = from;
		v->end = to;
		v->pgoff = w.pgoff;
		v->flags = w.flags;
		v->kind = w.kind;
		vma_link(m, h);
	}
	vm_stat_account(mm, w.flags, pages);
	if (w.flags & VM_LOCKED)
		mm->locked_vm += (u64)pages;
	return 0;
}

int do_brk(struct machine *m, handle_t task, s64 delta, u64 *brk)
{
	handle_t mmh = task_at(m, task)->mm;
	struct mm *mm = mm_at(m, mmh);
	u64 to = mm->brk + (u64)delta, old_end = PAGE_ALIGN(mm->brk), new_end = PAGE_ALIGN(to);
	int error = 0;

	clock_charge(m, m->cost.syscall);
	*brk = mm->brk;
	if (delta < 0 ? to > mm->brk || to < mm->start_brk : to < mm->brk)
		return -ENOMEM;
	if (delta > 0 && !heap_within_limit(m, task, mm, to))
		return -ENOMEM;
	if (new_end < old_end)
		error = mm_munmap_slowly(m, mmh, new_end, old_end - new_end);
	else if (new_end > old_end)
		error = brk_grow(m, task, old_end, new_end);
	if (error)
		return error;
	mm->brk = *brk = to;
	/* last of all: the process may be gone afterwards */
	if (new_end > old_end && mm->def_flags & VM_LOCKED)
		mm_populate(m, task, old_end, new_end - old_end, true);
	return 0;
}

/* ---- stack ---- */

int expand_stack(struct machine *m, handle_t task, handle_t h, u64 addr)
{
	struct vma *v = vma_at(m, h);
	struct mm *mm = mm_at(m, v->mm);
	u64 grow, size;

	addr &= PAGE_MASK;
	if (addr < m->sysctl.mmap_min_addr)
		return -EPERM;
	if (v->prev) {
		const struct vma *p = vma_at(m, v->prev);

		if (!(p->flags & VM_GROWSDOWN) && p->flags & VM_ACCESS_FLAGS &&
		    addr - p->end < m->sysctl.stack_guard_gap)
			return -ENOMEM;
	}
	grow = (v->start - addr) >> PAGE_SHIFT;
	size = v->end - addr;
	if (grow > v->pgoff || anon_vma_prepare(m, h) ||
	    !may_expand_vm(m, task, mm, v->flags, grow) ||
	    size > task_rlimit(m, task, RLIM_STACK) ||
	    mlock_future_check(m, task, mm, v->flags, grow) ||
	    vm_enough_memory(m, v->mm, (s64)grow, task_capable(m, task)))
		return -ENOMEM;
	vma_set_extent(m, h, addr, v->end, v->pgoff - grow);
	vm_stat_account(mm, v->flags, (s64)grow);
	if (v->flags & VM_LOCKED)
		mm->locked_vm += grow;
	return 0;
}
