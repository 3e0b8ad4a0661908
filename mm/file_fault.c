/*
 * file_fault.c - faults on mappings of files and of shared memory, while their entry is none (the
 * table in memory.c).
 */
#include "mm/fault.h"
#include "mm/filemap.h"
#include "mm/rmap.h"

static bool is_vdso(const struct vma *v)
{
	return v->kind == VMA_VDSO;
}

static struct inode *vma_inode(const struct machine *m, const struct vma *v)
{
	return inode_at(m, file_at(m, v->file)->inode);
}

/* The page cache page behind the fault, read if need be. */
static enum vm_fault get_file_page(struct machine *m, struct fault *f, pfn_t *pfn)
{
	u64 index = fault_index(f);
	enum filemap_result r;

	if (is_vdso(f->v)) {
		if (index >= VDSO_PAGES)
			return VM_FAULT_SIGBUS;
		*pfn = m->mms.vdso_page + (pfn_t)index;
		return VM_FAULT_DONE;
	}
	if (vma_inode(m, f->v)->kind == INODE_SHMEM) {
		r = shmem_fault(m, file_at(m, f->v->file)->inode, index, pfn);
		/* read from swap: the fault goes on where it is */
		f->tried |= r == FILEMAP_READ;
	} else {
		r = filemap_fault(m, f->v, index, pfn);
	}
	switch (r) {
	case FILEMAP_EOF:
	case FILEMAP_ERROR:
		return VM_FAULT_SIGBUS;
	case FILEMAP_NOMEM:
		return VM_FAULT_OOM;
	case FILEMAP_HIT:
		return VM_FAULT_DONE;
	default:
		return f->tried ? VM_FAULT_DONE : VM_FAULT_RETRY;
	}
}

/* The entry for a cache page. Its table was made before the page was looked up: making one may
 * reclaim, and nothing holds a cache page that is not mapped yet. */
static pte_t *file_pte(struct machine *m, const struct fault *f)
{
	return pte_chunk_get(m, pte_table_find(m, f->mm, f->vpn), f->vpn);
}

/* Map a cache page into an entry that is none. */
static void set_file_pte(struct machine *m, const struct fault *f, pte_t *pte, pfn_t pfn, u64 flags)
{
	*pte = pte_make(pfn, PTE_PRESENT | PTE_ACCESSED | vma_page_prot(m, f->v) | flags);
	f->mm->rss[mm_counter(pfn_to_page(m, pfn))]++;
	page_add_file_rmap(m, pfn, f->v);
}

/* The aligned stretch of fault_around_bytes around the fault, within mapping and table. */
static void around(const struct machine *m, const struct fault *f, u64 *first, u64 *last)
{
	u64 start = addr_vpn(f->v->start), end = addr_vpn(f->v->end);
	u64 table_end = (f->vpn | (TABLE_ENTRIES - 1)) + 1;
	u64 pages = m->knobs.fault_around_bytes >> PAGE_SHIFT;

	*first = f->vpn & ~(pages - 1);
	*first = *first < start ? start : *first;
	*last = *first + pages;
	*last = *last > end ? end : *last;
	*last = (*last > table_end ? table_end : *last) - 1;
}

/* Map what the cache has around the fault; true if that served it. Pages that carry the read-ahead
 * mark are left for a fault of their own. */
static bool do_fault_around(struct machine *m, struct fault *f)
{
	struct file *file = file_at(m, f->v->file);
	const struct inode *i = inode_at(m, file->inode);
	u64 first, last, index, end, file_end = PAGE_ALIGN(i->size) >> PAGE_SHIFT;
	bool served = false;
	u32 pfn;

	around(m, f, &first, &last);
	index = f->v->pgoff + (first - addr_vpn(f->v->start));
	end = index + (last - first);
	if (end >= file_end)
		end = file_end - 1; /* the fault is below: its page is there, or was asked for */
	while (file_end && (pfn = xa_find_page(m, i->pages, &index, end))) {
		u64 vpn = addr_vpn(f->v->start) + (index - f->v->pgoff);
		pte_t *pte = pte_chunk_get(m, pte_table_find(m, f->mm, vpn), vpn);

		if (pte && !*pte &&
		    !(pfn_to_page(m, pfn)->flags & (PAGE_FLAG(reclaim) | PAGE_FLAG(hwpoison)))) {
			set_file_pte(m, f, pte, pfn, 0);
			served |= vpn == f->vpn;
			if (file->mmap_miss)
				file->mmap_miss--;
		}
		if (index++ == end)
			break;
	}
	return served;
}

/* The kernel's data page: a bare frame, which nothing counts. */
static enum vm_fault do_vvar_fault(struct machine *m, struct fault *f)
{
	pte_t *pte = pte_alloc(m, f->mmh, f->vpn);

	if (!pte)
		return VM_FAULT_OOM;
	*pte = pte_make(m->mms.vdso_page,
			PTE_PRESENT | PTE_ACCESSED | PTE_SPECIAL | vma_page_prot(m, f->v));
	return VM_FAULT_DONE;
}

static enum vm_fault do_read_fault(struct machine *m, struct fault *f)
{
	enum vm_fault r;
	pte_t *pte;
	pfn_t pfn;

	if (f->v->kind == VMA_VVAR)
		return do_vvar_fault(m, f);
	if (pte_table_alloc(m, f->mmh, f->vpn))
		return VM_FAULT_OOM;
	if (f->v->file && do_fault_around(m, f))
		return VM_FAULT_DONE;
	r = get_file_page(m, f, &pfn);
	if (r != VM_FAULT_DONE)
		return r;
	pte = file_pte(m, f);
	if (!pte)
		return VM_FAULT_OOM;
	set_file_pte(m, f, pte, pfn, 0);
	return VM_FAULT_DONE;
}

/* A write to a private mapping of a file, nothing mapped yet: straight to the copy. */
static enum vm_fault do_cow_fault(struct machine *m, struct fault *f)
{
	enum vm_fault r;
	pfn_t pfn, cached;
	pte_t *pte = prepare_anon(m, f, GFP_HIGHUSER_MOVABLE, &pfn);

	if (!pte)
		return VM_FAULT_OOM;
	r = get_file_page(m, f, &cached);
	if (r != VM_FAULT_DONE) {
		free_pages(m, pfn, 0);
		return r;
	}
	pte = file_pte(m, f);
	if (!pte || (fault_has_bytes(m, cached) && copy_page_contents(m, pfn, cached))) {
		free_pages(m, pfn, 0);
		return VM_FAULT_OOM;
	}
	install_anon(m, f, pte, pfn);
	clock_charge(m, m->cost.copy_page);
	return VM_FAULT_DONE;
}

static enum vm_fault do_shared_fault(struct machine *m, struct fault *f)
{
	pfn_t pfn;
	pte_t *pte;
	enum vm_fault r;

	if (pte_table_alloc(m, f->mmh, f->vpn))
		return VM_FAULT_OOM;
	r = get_file_page(m, f, &pfn);
	if (r != VM_FAULT_DONE)
		return r;
	if (!is_vdso(f->v) &&
	    filemap_page_mkwrite(m, file_at(m, f->v->file)->inode, fault_index(f)))
		return VM_FAULT_SIGBUS;
	pte = file_pte(m, f);
	if (!pte)
		return VM_FAULT_OOM;
	set_file_pte(m, f, pte, pfn, PTE_WRITE | PTE_DIRTY | PTE_SOFT_DIRTY);
	page_set_dirty(m, pfn);
	return VM_FAULT_DONE;
}

enum vm_fault do_fault(struct machine *m, struct fault *f)
{
	enum vm_fault r;

	for (;;) {
		if (!f->write)
			r = do_read_fault(m, f);
		else if (f->v->flags & VM_SHARED)
			r = do_shared_fault(m, f);
		else
			r = do_cow_fault(m, f);
		if (r != VM_FAULT_RETRY)
			break;
		f->tried = true;
		count_vm_event(m, PGFAULT);
	}
	return r == VM_FAULT_DONE && f->tried ? VM_FAULT_MAJOR : r;
}
