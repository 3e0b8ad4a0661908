/*
 * mmap.c - new mappings: limits, accounts, mmap(2), and mappings put in place by exec.
 *
 * What a mapping is charged to Committed_AS: private and writable, by its length (VM_ACCOUNT
 * remembers it); shared anonymous, by the size of its nameless file; nothing with MAP_NORESERVE,
 * unless in mode 2.
 * Source: mmap(2), getrlimit(2), Documentation/mm/overcommit-accounting.rst.
 */
#include <errno.h>

#include "mm/filemap.h"
#include "mm/hugetlb.h"
#include "mm/vma.h"

#define FILE_BYTES_MAX (((1ull << 32) - 1) << PAGE_SHIFT) /* of ext4 with blocks of 4 KiB */

/* ---- limits and accounts ---- */

u64 task_rlimit_pages(const struct machine *m, handle_t task, enum rlimit_id which)
{
	return task_rlimit(m, task, which) >> PAGE_SHIFT;
}

u64 batch_end(struct machine *m, const struct mm *mm, u64 start, u64 end)
{
	u64 batch = (u64)BATCH_PAGES << PAGE_SHIFT;
	handle_t h;

	/* half a piece more is no reason for another one */
	if (end - start < batch + batch / 2 || (s64)mm->map_count + 2 > m->sysctl.max_map_count)
		return end;
	/* huge pages have few entries, and are not cut */
	h = find_vma(m, pool_handle(&m->mms.mms, mm), start);
	return h && vma_at(m, h)->flags & VM_HUGETLB ? end : start + batch;
}

bool map_count_full(const struct machine *m, const struct mm *mm)
{
	return (s64)mm->map_count >= m->sysctl.max_map_count;
}

static bool is_data_mapping(u32 flags)
{
	return (flags & (VM_WRITE | VM_SHARED | VM_GROWSDOWN)) == VM_WRITE;
}

bool may_expand_vm(const struct machine *m, handle_t task, const struct mm *mm, u32 flags,
		   u64 pages)
{
	const struct rlimits *r;

	if (mm->total_vm + pages > task_rlimit_pages(m, task, RLIM_AS))
		return false;
	if (!is_data_mapping(flags) || mm->data_vm + pages <= task_rlimit_pages(m, task, RLIM_DATA))
		return true;
	/* a soft limit of 0 asks for the hard one: valgrind sets it so */
	r = pool_at(&m->tasks.rlimits, task_at(m, task)->rlimits);
	return !r->soft[RLIM_DATA] && mm->data_vm + pages <= r->hard[RLIM_DATA] >> PAGE_SHIFT;
}

void vm_stat_account(struct mm *mm, u32 flags, s64 pages)
{
	mm->total_vm += (u64)pages;
	if ((flags & (VM_EXEC | VM_WRITE | VM_GROWSDOWN)) == VM_EXEC)
		mm->exec_vm += (u64)pages;
	else if (flags & VM_GROWSDOWN)
		mm->stack_vm += (u64)pages;
	else if (is_data_mapping(flags))
		mm->data_vm += (u64)pages;
}

int mlock_future_check(const struct machine *m, handle_t task, const struct mm *mm, u32 flags,
		       u64 pages)
{
	if (!(flags & VM_LOCKED) || task_capable(m, task))
		return 0;
	return mm->locked_vm + pages > task_rlimit_pages(m, task, RLIM_MEMLOCK) ? -EAGAIN : 0;
}

/* Must the first write to each page of a shared mapping be seen? Files count dirty pages; and
 * clear_refs asked for it by taking VM_SOFTDIRTY away. */
static bool vma_wants_writenotify(const struct machine *m, const struct vma *v)
{
	if ((v->flags & (VM_WRITE | VM_SHARED)) != (VM_WRITE | VM_SHARED))
		return false;
	if (v->file && inode_at(m, file_at(m, v->file)->inode)->kind == INODE_REGULAR)
		return true;
	return !(v->flags & (VM_SOFTDIRTY | VM_HUGETLB));
}

u64 vma_page_prot(const struct machine *m, const struct vma *v)
{
	u64 prot = v->flags & VM_ACCESS_FLAGS ? PTE_USER : 0;

	if ((v->flags & (VM_WRITE | VM_SHARED)) == (VM_WRITE | VM_SHARED) &&
	    !vma_wants_writenotify(m, v))
		prot |= PTE_WRITE;
	return prot;
}

/* ---- mmap ---- */

static bool accountable_mapping(u32 flags, bool hugetlb)
{
	return !hugetlb && (flags & (VM_NORESERVE | VM_SHARED | VM_WRITE)) == VM_WRITE;
}

static bool is_device(const struct machine *m, handle_t inode)
{
	return inode && inode_at(m, inode)->kind == INODE_DEVICE;
}

/* What the arguments make of the flags; -errno for combinations that mmap(2) refuses. */
static int mmap_flags(const struct machine *m, handle_t task, const struct mmap_request *rq,
		      u32 *flags)
{
	const struct mm *mm = mm_at(m, task_at(m, task)->mm);
	u32 f = (rq->prot & VM_ACCESS_FLAGS) | VM_MAY_ALL | mm->def_flags;

	if (rq->map & MAPF_GROWSDOWN)
		f |= VM_GROWSDOWN;
	if (rq->map & MAPF_LOCKED)
		f |= VM_LOCKED;
	if (rq->map & MAPF_LOCKED && !task_rlimit(m, task, RLIM_MEMLOCK) && !task_capable(m, task))
		return -EPERM;
	if (mlock_future_check(m, task, mm, f, rq->length >> PAGE_SHIFT))
		return -EAGAIN;
	if (f & VM_GROWSDOWN && (rq->inode || rq->map & MAPF_SHARED))
		return -EINVAL;
	/* registers cannot be copied on write; and there are only so many */
	if (is_device(m, rq->inode) &&
	    (!(rq->map & MAPF_SHARED) || rq->offset + rq->length > inode_at(m, rq->inode)->size))
		return -EINVAL;
	if (rq->map & MAPF_SHARED) {
		f |= VM_SHARED | VM_MAYSHARE;
		if (rq->inode && !(rq->prot & VM_WRITE))
			f &= ~(VM_MAYWRITE | VM_SHARED);
		else if (rq->inode && inode_at(m, rq->inode)->flags & INODE_SWAPFILE)
			return -ETXTBSY;
	}
	/* huge pages are never promised in excess but by this flag */
	if (rq->map & MAPF_NORESERVE &&
	    (m->sysctl.overcommit_memory != OVERCOMMIT_NEVER || rq->map & MAPF_ANY_HUGETLB))
		f |= VM_NORESERVE;
	*flags = f;
	return 0;
}

/* Room in RLIMIT_AS and RLIMIT_DATA, counting what a fixed mapping replaces. */
static bool room_for(struct machine *m, handle_t task, u32 flags, u64 start, u64 end)
{
	handle_t mmh = task_at(m, task)->mm, h;
	u64 pages = (end - start) >> PAGE_SHIFT;

	if (may_expand_vm(m, task, mm_at(m, mmh), flags, pages))
		return true;
	for (h = find_vma_intersection(m, mmh, start, end); h; h = vma_at(m, h)->next) {
		const struct vma *v = vma_at(m, h);
		u64 from = v->start > start ? v->start : start, to = v->end < end ? v->end : end;

		if (v->start >= end)
			break;
		pages -= (to - from) >> PAGE_SHIFT;
	}
	return may_expand_vm(m, task, mm_at(m, mmh), flags, pages);
}

static handle_t open_file_of(struct machine *m, handle_t vma, handle_t inode)
{
	handle_t file = vma ? vma_at(m, vma)->file : 0;

	if (!file || file_at(m, file)->inode != inode)
		return 0;
	file_at(m, file)->users++;
	return file;
}

/* What lies right below or above was mapped through the same descriptor. */
static handle_t neighbours_file(struct machine *m, handle_t mmh, const struct vma_wish *w,
				handle_t inode)
{
	handle_t below = w->start ? find_vma_exact(m, mmh, w->start - 1) : 0;
	handle_t file = open_file_of(m, below, inode);

	return file ? file : open_file_of(m, find_vma_exact(m, mmh, w->end), inode);
}

/* The file behind the mapping: opened anew each time, so that only parts of one mmap ever merge. */
static int open_backing(struct machine *m, handle_t task, const struct mmap_request *rq,
			struct vma_wish *w)
{
	handle_t mmh = task_at(m, task)->mm;
	static const u8 kinds[] = {
		[INODE_REGULAR] = VMA_FILE,
		[INODE_SHMEM] = VMA_SHMEM,
		[INODE_DEVICE] = VMA_DEVICE,
		[INODE_HUGETLB] = VMA_HUGETLB,
	};

	w->kind = VMA_ANON;
	w->pgoff = w->start >> PAGE_SHIFT;
	if (rq->map & MAPF_ANY_HUGETLB) {
		w->kind = VMA_HUGETLB;
		w->pgoff = 0;
		w->file = hugetlb_file_setup(m, hugetlb_mmap_hstate(m, rq->map), w->end - w->start);
		return w->file ? 0 : -ENOMEM;
	}
	if (rq->inode) {
		w->kind = kinds[inode_at(m, rq->inode)->kind];
		w->pgoff = rq->offset >> PAGE_SHIFT;
		w->file = rq->map & MAPF_SAME_FILE ? neighbours_file(m, mmh, w, rq->inode) : 0;
		if (!w->file)
			w->file = file_open(m, rq->inode);
		return w->file ? 0 : -ENOMEM;
	}
	if (!(rq->map & MAPF_SHARED))
		return 0;
	w->kind = VMA_SHMEM;
	w->pgoff = 0;
	return shmem_file_setup(m, mmh, w->end - w->start, w->flags & VM_NORESERVE,
				task_capable(m, task), &w->file);
}

/* Put the mapping where nothing is any more; charges what is to be charged. */
static int mmap_region(struct machine *m, handle_t task, const struct mmap_request *rq,
		       struct vma_wish *w)
{
	handle_t mmh = task_at(m, task)->mm, h = 0;
	struct mm *mm = mm_at(m, mmh);
	s64 pages = (s64)((w->end - w->start) >> PAGE_SHIFT);
	bool device = is_device(m, rq->inode), huge = rq->map & MAPF_ANY_HUGETLB;
	bool charge = accountable_mapping(w->flags, huge);
	int error;

	if (charge && vm_enough_memory(m, mmh, pages, task_capable(m, task)))
		return -ENOMEM;
	w->flags |= (charge ? VM_ACCOUNT : 0) | VM_SOFTDIRTY;
	/* a driver's mmap: nothing of it is RAM that could be locked, moved or dumped */
	if (device)
		w->flags = (w->flags & ~(VM_LOCKED | VM_LOCKONFAULT)) | VM_IO | VM_PFNMAP |
			   VM_DONTEXPAND | VM_DONTDUMP;
	if (huge)
		w->flags = (w->flags & ~(VM_LOCKED | VM_LOCKONFAULT)) | VM_HUGETLB | VM_DONTEXPAND;
	error = open_backing(m, task, rq, w);
	if (!error)
		error = vma_merge_new(m, mmh, w, true, &h);
	if (!error && h && w->file)
		file_put(m, w->file); /* the neighbour has its own reference */
	else if (!error && !h)
		error = vma_insert(m, mmh, w, &h);
	if (error) {
		if (w->file)
			file_put(m, w->file);
		if (charge)
			vm_unacct_memory(m, pages);
		return error;
	}
	if (vma_at(m, h)->flags & VM_LOCKED && !(vma_at(m, h)->flags & VM_SPECIAL))
		mm->locked_vm += (u64)pages;
	vm_stat_account(mm, w->flags, pages);
	if (!(device && remap_pfn_range(m, h)) && !(huge && hugetlb_reserve_pages(m, h)))
		return 0;
	mm_munmap(m, mmh, w->start, w->end - w->start, false);
	return -ENOMEM;
}

/* Whole pages of a size that there is, nothing else behind them. */
static int check_huge_request(struct machine *m, struct mmap_request *rq)
{
	const struct hstate *h = hugetlb_mmap_hstate(m, rq->map);

	if (!h || rq->inode)
		return -EINVAL;
	rq->length = (rq->length + h->page_size - 1) & ~(h->page_size - 1);
	return rq->map & MAPF_FIXED && rq->addr & (h->page_size - 1) ? -EINVAL : 0;
}

/* Alignment, overflow, count: what needs no look at the address space. */
static int check_request(struct machine *m, handle_t task, struct mmap_request *rq)
{
	int error;

	if (rq->offset & ~PAGE_MASK || !rq->length)
		return -EINVAL;
	error = rq->map & MAPF_ANY_HUGETLB ? check_huge_request(m, rq) : 0;
	if (error)
		return error;
	rq->length = PAGE_ALIGN(rq->length);
	if (!rq->length)
		return -ENOMEM;
	if (rq->inode && (rq->length > FILE_BYTES_MAX || rq->offset > FILE_BYTES_MAX - rq->length))
		return -EOVERFLOW;
	if ((s64)mm_at(m, task_at(m, task)->mm)->map_count > m->sysctl.max_map_count)
		return -ENOMEM;
	return 0;
}

int do_mmap(struct machine *m, handle_t task, const struct mmap_request *request, u64 *addr)
{
	struct mmap_request rq = *request;
	handle_t mmh = task_at(m, task)->mm;
	struct vma_wish w = { .file = 0 };
	bool populate;
	int error;

	if (rq.map & MAPF_FIXED_NOREPLACE)
		rq.map |= MAPF_FIXED;
	error = check_request(m, task, &rq);
	if (!error)
		error = get_unmapped_area(m, task, &rq, &w.start);
	if (error)
		return error;
	w.end = w.start + rq.length;
	if (rq.map & MAPF_FIXED_NOREPLACE && find_vma_intersection(m, mmh, w.start, w.end))
		return -EEXIST;
	error = mmap_flags(m, task, &rq, &w.flags);
	if (error)
		return error;
	if (!room_for(m, task, w.flags, w.start, w.end))
		return -ENOMEM;
	populate = w.flags & VM_LOCKED || rq.map & MAPF_POPULATE;
	error = mm_munmap_slowly(m, mmh, w.start, rq.length);
	if (!error)
		error = mmap_region(m, task, &rq, &w);
	if (error)
		return error;
	clock_charge(m, m->cost.syscall);
	if (populate)
		mm_populate(m, task, w.start, rq.length, true);
	*addr = w.start;
	return 0;
}

/* ---- exec and twins ---- */

/* The parts of a program are mapped from one open file: that of the part before, if it is the
 * same. */
static handle_t program_file(struct machine *m, handle_t mmh, u64 start, handle_t inode)
{
	handle_t prev = find_vma_prev(m, mmh, start);
	handle_t file = prev ? vma_at(m, prev)->file : 0;

	if (!file || vma_at(m, prev)->end != start || file_at(m, file)->inode != inode)
		return file_open(m, inode);
	file_at(m, file)->users++;
	return file;
}

/* What the kernel adds to the flags of such mappings: a stack is not born soft-dirty, the vdso
 * stays as it is. */
static u32 install_flags(u32 flags, enum vma_kind kind)
{
	if (!(flags & VM_GROWSDOWN))
		flags |= VM_SOFTDIRTY;
	if (kind == VMA_VDSO)
		flags |= VM_DONTEXPAND;
	return flags;
}

int vma_install(struct machine *m, handle_t mmh, u64 start, u64 end, u32 flags, enum vma_kind kind,
		handle_t inode, u64 pgoff)
{
	struct vma_wish w = { .start = start, .end = end, .pgoff = pgoff, .kind = (u8)kind };
	s64 pages = (s64)((end - start) >> PAGE_SHIFT), charge = flags & VM_ACCOUNT ? pages : 0;
	handle_t h = 0;
	int error = 0;

	if (find_vma_intersection(m, mmh, start, end))
		return -EEXIST;
	w.flags = install_flags(flags, kind);
	m->mms.committed_as += charge;
	if (inode)
		w.file = program_file(m, mmh, start, inode);
	else if (kind == VMA_SHMEM)
		error = shmem_file_setup(m, mmh, (pgoff << PAGE_SHIFT) + end - start,
					 flags & VM_NORESERVE, true, &w.file);
	if (inode && !w.file)
		error = -ENOMEM;
	if (!error)
		error = vma_merge_new(m, mmh, &w, true, &h);
	if (!error && h && w.file)
		file_put(m, w.file); /* the neighbour has its own reference */
	else if (!error && !h)
		error = vma_insert(m, mmh, &w, &h);
	if (error) {
		if (w.file && !h)
			file_put(m, w.file);
		vm_unacct_memory(m, charge);
		return error;
	}
	vm_stat_account(mm_at(m, mmh), w.flags, pages);
	if (w.flags & VM_LOCKED && !(w.flags & VM_SPECIAL))
		mm_at(m, mmh)->locked_vm += (u64)pages;
	return 0;
}
