/*
 * hugetlb_map.c - huge pages in address spaces: faults, copies on write, fork, unmapping.
 *
 *	none         private    a page, mine; read-only until the first store
 *	none         shared     the file's page, made if need be; writable at once
 *	read-only    private    mine alone: writable; else a copy, for which the owner of the reservations takes
 *	                        no reserved page: if there is no other he takes the page from whoever shares it,
 *	                        who gets SIGBUS when he comes back
 *
 * There is no zero page, and nothing is ever reclaimed. Source: mm/hugetlb.h.
 */
#include "mm/hugetlb.h"

#include <errno.h>
#include <mman/xarray.h>

#include "mm/filemap.h"
#include "mm/rmap.h"
#include "mm/tlb.h"

/* ---- files ---- */

handle_t hugetlb_file_setup(struct machine *m, const struct hstate *h, u64 size)
{
	handle_t inode = inode_new(m, INODE_HUGETLB, size), file;

	if (!inode)
		return 0;
	inode_at(m, inode)->deleted = 1;
	inode_at(m, inode)->hstate = (u8)(1 + (h - m->boot.hstate));
	/* the default size was mounted first */
	inode_at(m, inode)->dev_minor += h != hugetlb_default(m);
	file = file_open(m, inode);
	inode_put(m, inode);
	return file;
}

static struct hstate *inode_hstate(struct machine *m, const struct inode *i)
{
	return &m->boot.hstate[i->hstate ? i->hstate - 1u : m->boot.default_hstate];
}

/* The file has no page at @index any more; nobody maps it. */
static void remove_huge_page(struct machine *m, struct inode *i, u64 index)
{
	pfn_t pfn = xa_erase(m, &i->pages, index);
	struct page *p = pfn_to_page(m, pfn);

	i->nrpages--;
	p->mapping = 0;
	if (!p->pins)
		free_huge_page(m, pfn);
}

/* Pages [@first, @end) of the file, by huge index, go; how many there were. */
static u64 remove_inode_hugepages(struct machine *m, struct inode *i, u64 first, u64 end)
{
	u64 index = first, freed = 0;

	while (first < end && xa_find_page(m, i->pages, &index, end - 1)) {
		remove_huge_page(m, i, index);
		freed++;
	}
	return freed;
}

void hugetlb_evict_inode(struct machine *m, handle_t inode)
{
	struct inode *i = inode_at(m, inode);
	u64 freed = remove_inode_hugepages(m, i, 0, UINT64_MAX);

	hugetlb_unreserve_pages(m, i, 0, UINT64_MAX, freed);
}

struct punch {
	u64 first, end; /* small pages of the file */
};

static bool unmap_hole_in(struct machine *m, handle_t h, void *arg)
{
	const struct vma *v = vma_at(m, h);
	const struct punch *hole = arg;
	u64 from = max_t(u64, hole->first, v->pgoff);
	u64 to = min_t(u64, hole->end, v->pgoff + vma_pages(v));

	unmap_hugepage_range(m, h, v->start + ((from - v->pgoff) << PAGE_SHIFT),
			     v->start + ((to - v->pgoff) << PAGE_SHIFT));
	return true;
}

void hugetlb_punch_hole(struct machine *m, handle_t inode, u64 first, u64 end)
{
	struct inode *i = inode_at(m, inode);
	u32 order = hstate_order(inode_hstate(m, i));
	u64 from = (first + (1u << order) - 1) >> order, to = end >> order, freed;
	struct punch hole = { from << order, to << order };

	if (from >= to)
		return;
	i_mmap_visit(m, inode, hole.first, hole.end - 1, unmap_hole_in, &hole);
	freed = remove_inode_hugepages(m, i, from, to);
	hugetlb_unreserve_pages(m, i, from, to, freed);
}

/* ---- one page ---- */

/* Bytes and time. -ENOMEM: of the host. */
static int copy_huge_page(struct machine *m, pfn_t to, pfn_t from, u32 nr)
{
	u32 i;

	clock_charge(m, (u64)nr * m->cost.copy_page);
	for (i = 0; i < nr && contents_in_use(m); i++)
		if (copy_page_contents(m, to + i, from + i))
			return -ENOMEM;
	return 0;
}

static u64 huge_writable(const struct vma *v)
{
	return v->flags & VM_WRITE ? PTE_WRITE | PTE_DIRTY : 0;
}

/* One mapper more of a page of a file, or of one that fork shares. */
static void page_add_huge_rmap(struct mm *mm, struct page *p, u32 nr)
{
	p->mapcount++;
	mm->hugetlb_usage += nr;
}

static void page_add_new_huge_anon(struct mm *mm, struct page *p, const struct vma *v, u64 index,
				   u32 nr)
{
	p->flags |= PAGE_FLAG(uptodate) | PAGE_FLAG(anon_exclusive);
	page_set_mapping(p, v->anon_vma, MAPPING_ANON);
	page_set_index(p, index);
	page_add_huge_rmap(mm, p, nr);
}

/* One less; a private page that nobody maps is free, unless a device has it. */
static void page_remove_huge_rmap(struct machine *m, struct mm *mm, pfn_t pfn, u32 nr)
{
	struct page *p = pfn_to_page(m, pfn);

	mm->hugetlb_usage -= nr;
	if (--p->mapcount || page_mapping_type(p) != MAPPING_ANON)
		return;
	p->mapping = 0;
	if (!p->pins)
		free_huge_page(m, pfn);
}

/* ---- faults ---- */

struct huge_fault {
	struct fault *f;
	struct hstate *h;
	u64 vpn;   /* first of the page */
	u64 index; /* in the file, small pages */
	u32 nr;
	enum pt_level level;
};

static bool is_shared(const struct vma *v)
{
	return v->flags & VM_MAYSHARE;
}

static enum vm_fault no_huge_page(int error)
{
	return error == -ENOMEM ? VM_FAULT_OOM : VM_FAULT_SIGBUS;
}

/* A page of its own for a private mapping. */
static enum vm_fault new_anon_page(struct machine *m, const struct huge_fault *hf, pfn_t *pfn)
{
	u64 addr = hf->vpn << PAGE_SHIFT;
	struct huge_page_alloc a;
	int error;

	if (anon_vma_prepare(m, hf->f->vma))
		return VM_FAULT_OOM;
	error = alloc_huge_page(m, hf->f->vma, addr, false, &a);
	if (error)
		return no_huge_page(error);
	if (huge_pte_set(m, hf->f->mm, hf->vpn, hf->level,
			 pte_make(a.pfn,
				  PTE_PRESENT | PTE_ACCESSED | vma_page_prot(m, hf->f->v)))) {
		undo_huge_page(m, hf->f->vma, addr, &a);
		return VM_FAULT_OOM;
	}
	page_add_new_huge_anon(hf->f->mm, pfn_to_page(m, a.pfn), hf->f->v, hf->index, hf->nr);
	clock_charge(m, (u64)hf->nr * m->cost.zero_page);
	*pfn = a.pfn;
	return VM_FAULT_DONE;
}

/* The page of the file behind a shared mapping, made if it is not there. */
static enum vm_fault get_file_huge_page(struct machine *m, const struct huge_fault *hf, pfn_t *pfn)
{
	handle_t inode = file_at(m, hf->f->v->file)->inode;
	u64 addr = hf->vpn << PAGE_SHIFT, index = hf->index >> hstate_order(hf->h);
	struct huge_page_alloc a;
	struct page *p;
	int error;

	*pfn = xa_page(m, inode_at(m, inode)->pages, index);
	if (*pfn)
		return VM_FAULT_DONE;
	if (hf->index >= inode_at(m, inode)->size >> PAGE_SHIFT)
		return VM_FAULT_SIGBUS;
	error = alloc_huge_page(m, hf->f->vma, addr, false, &a);
	if (error)
		return no_huge_page(error);
	if (xa_store(m, &inode_at(m, inode)->pages, index, a.pfn)) {
		undo_huge_page(m, hf->f->vma, addr, &a);
		return VM_FAULT_OOM;
	}
	inode_at(m, inode)->nrpages++;
	p = pfn_to_page(m, a.pfn);
	p->flags |= PAGE_FLAG(uptodate) | PAGE_FLAG(dirty);
	page_set_mapping(p, inode, MAPPING_FILE);
	page_set_index(p, hf->index);
	clock_charge(m, (u64)hf->nr * m->cost.zero_page);
	*pfn = a.pfn;
	return VM_FAULT_DONE;
}

static enum vm_fault map_file_page(struct machine *m, const struct huge_fault *hf)
{
	const struct vma *v = hf->f->v;
	pfn_t pfn;
	enum vm_fault r = get_file_huge_page(m, hf, &pfn);
	u64 flags = PTE_PRESENT | PTE_ACCESSED | vma_page_prot(m, v);

	if (r != VM_FAULT_DONE)
		return r;
	if (v->flags & VM_SHARED)
		flags |= huge_writable(v);
	if (page_test(pfn_to_page(m, pfn), PG_hwpoison))
		return VM_FAULT_SIGBUS;
	if (huge_pte_set(m, hf->f->mm, hf->vpn, hf->level, pte_make(pfn, flags)))
		return VM_FAULT_OOM;
	page_add_huge_rmap(hf->f->mm, pfn_to_page(m, pfn), hf->nr);
	return VM_FAULT_DONE;
}

/* ---- copy on write ---- */

struct unmap_ref {
	handle_t self;
	pfn_t pfn;
	u64 index, nr;
};

/* Another mapping of the page, of somebody who has reserved nothing. */
static bool unmap_ref_in(struct machine *m, handle_t h, void *arg)
{
	const struct unmap_ref *u = arg;
	struct vma *v = vma_at(m, h);
	u64 vpn = addr_vpn(v->start) + u->index - v->pgoff;
	enum pt_level level;
	const pte_t *pte;

	if (h == u->self || is_shared(v) || v->resv_map)
		return true;
	pte = huge_pte_find(m, mm_at(m, v->mm), vpn, &level);
	if (!pte || !pte_present(*pte) || pte_pfn(*pte) != u->pfn)
		return true;
	unmap_hugepage_range(m, h, vpn << PAGE_SHIFT, (vpn + u->nr) << PAGE_SHIFT);
	v->huge_flags |= HPAGE_RESV_UNMAPPED;
	return true;
}

/* The owner of the reservations needs the page for himself: the others lose it. */
static void unmap_ref_private(struct machine *m, const struct huge_fault *hf, pfn_t pfn)
{
	struct unmap_ref u = { hf->f->vma, pfn, hf->index, hf->nr };

	i_mmap_visit(m, file_at(m, hf->f->v->file)->inode, hf->index, hf->index, unmap_ref_in, &u);
}

static void reuse_huge_page(struct page *p, const struct vma *v, pte_t *pte)
{
	if (!page_test(p, PG_anon_exclusive)) {
		page_set_mapping(p, v->anon_vma, MAPPING_ANON);
		page_set(p, PG_anon_exclusive);
	}
	*pte |= PTE_ACCESSED | PTE_USER | huge_writable(v);
}

/* @a in place of the page that others share. */
static enum vm_fault install_copy(struct machine *m, const struct huge_fault *hf, pte_t *pte,
				  const struct huge_page_alloc *a)
{
	pfn_t old = pte_pfn(*pte);

	if (copy_huge_page(m, a->pfn, old, hf->nr)) {
		undo_huge_page(m, hf->f->vma, hf->vpn << PAGE_SHIFT, a);
		return VM_FAULT_OOM;
	}
	tlb_flush_leaves(m, hf->f->mm, hf->vpn, hf->vpn + hf->nr, hf->level);
	*pte = pte_make(a->pfn, PTE_PRESENT | PTE_ACCESSED | PTE_USER | huge_writable(hf->f->v));
	page_add_new_huge_anon(hf->f->mm, pfn_to_page(m, a->pfn), hf->f->v, hf->index, hf->nr);
	page_remove_huge_rmap(m, hf->f->mm, old, hf->nr);
	return VM_FAULT_DONE;
}

static enum vm_fault hugetlb_wp(struct machine *m, const struct huge_fault *hf)
{
	const struct vma *v = hf->f->v;
	struct huge_page_alloc a;
	enum pt_level level;
	struct page *p;
	pte_t *pte;
	int error;

	for (;;) {
		pte = huge_pte_find(m, hf->f->mm, hf->vpn, &level);
		if (!pte || !pte_present(*pte) || *pte & PTE_WRITE)
			return VM_FAULT_DONE;
		p = pfn_to_page(m, pte_pfn(*pte));
		if (is_shared(v)) {
			*pte |= PTE_ACCESSED | PTE_USER | huge_writable(v);
			return VM_FAULT_DONE;
		}
		if (p->mapcount == 1) {
			reuse_huge_page(p, v, pte);
			return VM_FAULT_DONE;
		}
		if (anon_vma_prepare(m, hf->f->vma))
			return VM_FAULT_OOM;
		error = alloc_huge_page(m, hf->f->vma, hf->vpn << PAGE_SHIFT, v->resv_map, &a);
		if (!error)
			return install_copy(m, hf, pte, &a);
		if (error == -ENOMEM || !v->resv_map)
			return no_huge_page(error);
		unmap_ref_private(m, hf, pte_pfn(*pte));
		/* a page that is still shared cannot be had by any means */
		if (p->mapcount > 1)
			return VM_FAULT_SIGBUS;
	}
}

static enum vm_fault hugetlb_no_page(struct machine *m, const struct huge_fault *hf)
{
	const struct task *t = m->current ? task_at(m, m->current) : NULL;
	enum vm_fault r;
	pfn_t pfn;

	if (is_shared(hf->f->v))
		return map_file_page(m, hf);
	if (hf->f->v->huge_flags & HPAGE_RESV_UNMAPPED) {
		printk(m, 4, "PID %u killed due to inadequate hugepage pool", t ? t->pid : 0);
		return VM_FAULT_SIGBUS;
	}
	r = new_anon_page(m, hf, &pfn);
	return r == VM_FAULT_DONE && hf->f->write ? hugetlb_wp(m, hf) : r;
}

enum vm_fault hugetlb_fault(struct machine *m, struct fault *f)
{
	struct hstate *h = vma_hstate(m, f->v);
	struct huge_fault hf = { .f = f, .h = h, .nr = hstate_pages(h), .level = hstate_level(h) };
	enum pt_level level;
	pte_t *pte;

	hf.vpn = f->vpn & ~(u64)(hf.nr - 1);
	hf.index = f->v->pgoff + hf.vpn - addr_vpn(f->v->start);
	if (huge_table_alloc(m, f->mmh, hf.vpn, hf.level))
		return VM_FAULT_OOM;
	pte = huge_pte_find(m, f->mm, hf.vpn, &level);
	if (!pte)
		return hugetlb_no_page(m, &hf);
	if (!pte_present(*pte))
		return do_poisoned_page(m, f);
	if (f->write && !(*pte & PTE_WRITE))
		return hugetlb_wp(m, &hf);
	*pte |= PTE_ACCESSED | PTE_USER;
	return VM_FAULT_DONE;
}

/* ---- ranges ---- */

static struct huge_walk walk_vma(const struct machine *m, const struct vma *v, u64 start, u64 end)
{
	return huge_walk_range(mm_at(m, v->mm), addr_vpn(start), addr_vpn(end));
}

void unmap_hugepage_range(struct machine *m, handle_t vma, u64 start, u64 end)
{
	const struct vma *v = vma_at(m, vma);
	struct mm *mm = mm_at(m, v->mm);
	struct huge_walk w = walk_vma(m, v, start, end);
	u32 nr = hstate_pages(vma_hstate(m, v));
	u64 unmapped = 0, first = 0, last = 0;
	pte_t pte;

	while (huge_walk_next(m, &w)) {
		pte = huge_pte_clear(m, mm, w.vpn, w.level);
		first = unmapped++ ? first : w.vpn;
		last = w.vpn + nr;
		if (!pte_present(pte)) /* poisoned */
			continue;
		if (pte & PTE_DIRTY)
			page_set(pfn_to_page(m, pte_pfn(pte)), PG_dirty);
		page_remove_huge_rmap(m, mm, pte_pfn(pte), nr);
	}
	if (unmapped)
		tlb_flush_leaves(m, mm, first, last, w.level);
	clock_charge(m, unmapped * (m->cost.pte_unmap + m->cost.page_free));
}

/* The child gets a page of its own: a device writes to the parent's. */
static int copy_pinned_huge(struct machine *m, handle_t dst, const struct huge_walk *w, u32 nr)
{
	const struct vma *v = vma_at(m, dst);
	u64 index = v->pgoff + w->vpn - addr_vpn(v->start);
	struct huge_page_alloc a;
	int error = alloc_huge_page(m, dst, w->vpn << PAGE_SHIFT, true, &a);

	if (error)
		return -ENOMEM;
	if (copy_huge_page(m, a.pfn, pte_pfn(*w->pte), nr) ||
	    huge_pte_set(m, mm_at(m, v->mm), w->vpn, w->level,
			 pte_make(a.pfn, *w->pte & PTE_FLAGS))) {
		undo_huge_page(m, dst, w->vpn << PAGE_SHIFT, &a);
		return -ENOMEM;
	}
	page_add_new_huge_anon(mm_at(m, v->mm), pfn_to_page(m, a.pfn), v, index, nr);
	return 0;
}

static int copy_huge_entry(struct machine *m, handle_t dst, const struct huge_walk *w, u32 nr)
{
	const struct vma *v = vma_at(m, dst);
	struct mm *mm = mm_at(m, v->mm);
	pte_t pte = *w->pte;
	struct page *p = pte_present(pte) ? pfn_to_page(m, pte_pfn(pte)) : NULL;
	int error;

	if (p && p->pins && !(v->flags & VM_SHARED))
		return copy_pinned_huge(m, dst, w, nr);
	if (!(v->flags & VM_SHARED))
		pte &= ~PTE_WRITE;
	error = huge_pte_set(m, mm, w->vpn, w->level, pte & ~PTE_ACCESSED);
	if (error)
		return error;
	*w->pte = pte;
	if (!p)
		return 0;
	if (page_mapping_type(p) == MAPPING_ANON)
		page_clear(p, PG_anon_exclusive);
	page_add_huge_rmap(mm, p, nr);
	return 0;
}

int copy_hugetlb_page_range(struct machine *m, handle_t dst, handle_t src)
{
	const struct vma *v = vma_at(m, src);
	struct huge_walk w = walk_vma(m, v, v->start, v->end);
	const struct hstate *h = vma_hstate(m, v);
	u32 copied = 0;

	while (huge_walk_next(m, &w)) {
		if (huge_table_alloc(m, vma_at(m, dst)->mm, w.vpn, hstate_level(h)))
			return -ENOMEM;
		/* memory was made for the table: the page may have gone */
		if (!huge_pte_find(m, w.mm, w.vpn, &w.level))
			continue;
		if (copy_huge_entry(m, dst, &w, hstate_pages(h)))
			return -ENOMEM;
		clock_charge(m, m->cost.fork_page);
		if (++copied % BATCH_PAGES == 0 && !machine_safe_point(m))
			return -EINTR;
	}
	return 0;
}

void hugetlb_change_protection(struct machine *m, handle_t vma, u64 start, u64 end)
{
	const struct vma *v = vma_at(m, vma);
	struct huge_walk w = walk_vma(m, v, start, end);
	u64 prot = vma_page_prot(m, v);

	while (huge_walk_next(m, &w))
		if (pte_present(*w.pte))
			*w.pte = (*w.pte & ~(PTE_USER | PTE_WRITE)) | prot;
	tlb_flush_leaves(m, mm_at(m, v->mm), addr_vpn(start), addr_vpn(end),
			 hstate_level(vma_hstate(m, v)));
}

int move_hugetlb_page_tables(struct machine *m, handle_t mmh, u64 from, u64 to, u64 length)
{
	struct mm *mm = mm_at(m, mmh);
	struct huge_walk w = huge_walk_range(mm, addr_vpn(from), addr_vpn(from + length));
	u64 delta = addr_vpn(to) - addr_vpn(from);
	int error = 0;

	while (!error && huge_walk_next(m, &w)) {
		error = huge_table_alloc(m, mmh, w.vpn + delta, w.level);
		if (!error && huge_pte_find(m, mm, w.vpn, &w.level))
			error = huge_pte_set(m, mm, w.vpn + delta, w.level, *w.pte);
		if (!error)
			huge_pte_clear(m, mm, w.vpn, w.level);
	}
	tlb_flush_leaves(m, mm, addr_vpn(from), addr_vpn(from + length), w.level);
	return error;
}

/* ---- pins ---- */

void hugetlb_pin_page(struct machine *m, struct page *head)
{
	(void)m;
	head->next++;
	head->pins = 1;
}

void hugetlb_unpin_page(struct machine *m, struct page *head)
{
	if (--head->next)
		return;
	head->pins = 0;
	if (!head->mapping)
		free_huge_page(m, page_to_pfn(m, head));
}

/* ---- looking ---- */

pte_t *hugetlb_frame(const struct machine *m, const struct vma *v, u64 vpn, pfn_t *pfn)
{
	enum pt_level level;
	pte_t *pte = huge_pte_find(m, mm_at(m, v->mm), vpn, &level);

	if (pte)
		*pfn = pte_pfn(*pte) + ((u32)vpn & (hstate_pages(vma_hstate(m, v)) - 1));
	return pte;
}

/* numa_maps counts huge pages; smaps has two lines for them, and nothing else. */
void hugetlb_gather_stats(struct machine *m, const struct vma *v, u64 start, u64 end,
			  struct vma_stats *out)
{
	struct huge_walk w = walk_vma(m, v, start, end);
	u64 bytes = vma_hstate(m, v)->page_size;

	while (huge_walk_next(m, &w)) {
		const struct page *p;

		/* a page counts where it begins */
		if (!pte_present(*w.pte) || w.vpn < addr_vpn(start))
			continue;
		p = pfn_to_page(m, pte_pfn(*w.pte));
		*(p->mapcount > 1 ? &out->shared_hugetlb : &out->private_hugetlb) += bytes;
		out->node_pages[p->node]++;
		out->dirty_pages += *w.pte & PTE_DIRTY || page_test(p, PG_dirty);
		out->anon_pages += page_mapping_type(p) == MAPPING_ANON;
		out->mapcount_max = max_t(u64, out->mapcount_max, p->mapcount);
	}
}
