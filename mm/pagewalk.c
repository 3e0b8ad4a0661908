/*
 * pagewalk.c - looking at an address space: pagemap, smaps, numa_maps; and clear_refs.
 *
 * A page's dirtiness is known to its entries and to the page: either counts. PSS divides a page
 * among its mappings, in units of 1/4096 byte.
 * Source: Documentation/filesystems/proc.rst, admin-guide/mm/pagemap.rst, soft-dirty.rst.
 */
#include <string.h>

#include "mm/filemap.h"
#include "mm/hugetlb.h"
#include "mm/tlb.h"
#include "mm/vma.h"

/* A huge page's entry, as each of its small pages shows it. It has no soft-dirty bit of its own. */
static bool huge_pte_lookup(struct machine *m, const struct vma *v, u64 vpn, struct pte_info *out)
{
	const pte_t *pte = hugetlb_frame(m, v, vpn, &out->pfn);
	const struct page *p;

	if (!pte)
		return true;
	if (!pte_present(*pte)) {
		out->swapped = true;
		out->swap_type = PTE_HWPOISON_TYPE;
		out->swap_offset = pte_pfn(*pte);
		return true;
	}
	p = pfn_to_page(m, pte_pfn(*pte));
	out->present = true;
	out->write = *pte & PTE_WRITE;
	out->dirty = *pte & PTE_DIRTY;
	out->accessed = *pte & PTE_ACCESSED;
	out->file = page_mapping_type(p) != MAPPING_ANON;
	out->exclusive = p->mapcount == 1;
	return true;
}

bool pte_lookup(struct machine *m, handle_t mmh, u64 addr, struct pte_info *out)
{
	handle_t table = pte_table_find(m, mm_at(m, mmh), addr_vpn(addr)), h;
	const pte_t *pte;
	const struct page *p;

	memset(out, 0, sizeof(*out));
	out->pfn = PFN_NONE;
	if (!table) {
		h = find_vma_exact(m, mmh, addr);
		if (h && vma_at(m, h)->flags & VM_HUGETLB)
			return huge_pte_lookup(m, vma_at(m, h), addr_vpn(addr), out);
	}
	if (!table)
		return false;
	pte = table_pte(m, table, addr_vpn(addr));
	if (!pte || !*pte)
		return true;
	out->soft_dirty = *pte & PTE_SOFT_DIRTY;
	out->swapped = *pte & PTE_SWAP || pte_is_poisoned(*pte);
	if (pte_is_poisoned(*pte)) {
		out->swap_type = PTE_HWPOISON_TYPE;
		out->swap_offset = pte_pfn(*pte);
		return true;
	}
	if (out->swapped) {
		out->swap_type = (u32)(*pte >> PTE_SWAP_TYPE_SHIFT) % PTE_SWAP_TYPES;
		out->swap_offset = *pte >> PTE_SWAP_OFFSET_SHIFT;
		return true;
	}
	out->present = true;
	out->pfn = pte_pfn(*pte);
	out->write = *pte & PTE_WRITE;
	out->dirty = *pte & PTE_DIRTY;
	out->accessed = *pte & PTE_ACCESSED;
	out->zero_page = out->pfn == m->mms.zero_page;
	if (!pte_has_page(*pte))
		return true;
	p = pfn_to_page(m, out->pfn);
	out->file = page_mapping_type(p) != MAPPING_ANON;
	out->exclusive = p->mapcount == 1;
	return true;
}

/* ---- smaps ---- */

/* The lines that a page's share goes to, by what it is and who else has it. */
static void account_page(const struct page *p, pte_t pte, bool locked, struct vma_stats *s)
{
	bool anon = page_mapping_type(p) == MAPPING_ANON,
	     dirty = pte & PTE_DIRTY || page_test(p, PG_dirty);
	bool private = p->mapcount < 2;
	u64 pss = PAGE_SIZE << PSS_SHIFT;

	if (!private)
		pss /= p->mapcount;
	s->rss += PAGE_SIZE;
	s->pss += pss;
	if (anon)
		s->pss_anon += pss;
	else if (page_test(p, PG_swapbacked))
		s->pss_shmem += pss;
	else
		s->pss_file += pss;
	if (locked)
		s->pss_locked += pss;
	if (dirty)
		s->pss_dirty += pss;
	*(dirty	  ? private ? &s->private_dirty : &s->shared_dirty :
	  private ? &s->private_clean :
		    &s->shared_clean) += PAGE_SIZE;
	if (anon) {
		s->anonymous += PAGE_SIZE;
		if (!page_test(p, PG_swapbacked) && !dirty)
			s->lazyfree += PAGE_SIZE;
	}
	if (page_mapping_type(p) == MAPPING_KSM)
		s->ksm += PAGE_SIZE;
	if (pte & PTE_ACCESSED || p->flags & (PAGE_FLAG(young) | PAGE_FLAG(referenced)))
		s->referenced += PAGE_SIZE;
}

/* What a mapping had and lost still counts, as nobody else's, in smaps alone: VmRSS is rid of
 * it. */
static void account_poisoned(pte_t pte, bool locked, struct vma_stats *s)
{
	const struct page lost = {
		.mapping = pte & PTE_POISON_ANON ? MAPPING_ANON : MAPPING_FILE,
		.flags = PAGE_FLAG(uptodate) | (pte & PTE_POISON_ANON ? PAGE_FLAG(swapbacked) : 0),
	};

	account_page(&lost, pte, locked, s);
}

/* numa_maps leaves out the kernel's own pages. */
static void account_numa(const struct page *p, pte_t pte, struct vma_stats *s)
{
	if (page_test(p, PG_reserved))
		return;
	s->node_pages[p->node]++;
	s->dirty_pages += pte & PTE_DIRTY || page_test(p, PG_dirty);
	s->swapcache_pages += page_test(p, PG_swapcache);
	s->active_pages += page_test(p, PG_active) || page_test(p, PG_unevictable);
	s->writeback_pages += page_test(p, PG_writeback);
	s->anon_pages += page_mapping_type(p) == MAPPING_ANON;
	if (p->mapcount > s->mapcount_max)
		s->mapcount_max = p->mapcount;
}

/* Pages of shared memory in swap that a mapping shows: one that may have its own copies, where it
 * has nothing. */
static u64 shmem_in_swap(struct machine *m, const struct vma *v, u64 start, u64 end)
{
	u64 first = v->pgoff + ((start - v->start) >> PAGE_SHIFT), n;
	handle_t inode = file_at(m, v->file)->inode;
	struct pte_walk w;
	u32 i;

	n = shmem_swap_usage(m, inode, first, first + ((end - start) >> PAGE_SHIFT) - 1);
	if (!n || (v->flags & (VM_SHARED | VM_WRITE)) != VM_WRITE)
		return n;
	w = pte_walk_range(mm_at(m, v->mm), addr_vpn(start), addr_vpn(end));
	while (pte_walk_next(m, &w))
		for (i = 0; i < w.n; i++) {
			u64 index = v->pgoff + w.vpn + i - addr_vpn(v->start);

			if (w.pte[i])
				n -= shmem_swap_usage(m, inode, index, index);
		}
	return n;
}

void vma_gather_range(struct machine *m, handle_t vma, u64 start, u64 end, struct vma_stats *out)
{
	const struct vma *v = vma_at(m, vma);
	struct pte_walk w = pte_walk_range(mm_at(m, v->mm), addr_vpn(start), addr_vpn(end));
	u32 i;

	if (v->flags & VM_HUGETLB) {
		hugetlb_gather_stats(m, v, start, end, out);
		return;
	}
	while (pte_walk_next(m, &w))
		for (i = 0; i < w.n; i++) {
			if (pte_has_page(w.pte[i])) {
				const struct page *p = pfn_to_page(m, pte_pfn(w.pte[i]));

				account_page(p, w.pte[i], v->flags & VM_LOCKED, out);
				account_numa(p, w.pte[i], out);
			} else if (w.pte[i] & PTE_SWAP) {
				out->swap += PAGE_SIZE;
				out->swap_pss += (PAGE_SIZE << PSS_SHIFT) /
						 swap_count(m, pte_swap_slot(m, w.pte[i]));
			} else if (pte_is_poisoned(w.pte[i])) {
				account_poisoned(w.pte[i], v->flags & VM_LOCKED, out);
			}
		}
	if (v->file && inode_at(m, file_at(m, v->file)->inode)->kind == INODE_SHMEM)
		out->swap += PAGE_SIZE * shmem_in_swap(m, v, start, end);
	out->locked = out->pss_locked >> PSS_SHIFT;
}

void vma_gather_stats(struct machine *m, handle_t vma, struct vma_stats *out)
{
	memset(out, 0, sizeof(*out));
	vma_gather_range(m, vma, vma_at(m, vma)->start, vma_at(m, vma)->end, out);
}

/* ---- clear_refs ---- */

static void clear_soft_dirty(pte_t *pte)
{
	if (pte_present(*pte))
		*pte &= ~(PTE_SOFT_DIRTY |
			  PTE_WRITE); /* the next write faults, and sets it again */
	else
		*pte &= ~PTE_SOFT_DIRTY;
}

static void clear_referenced(struct machine *m, pte_t *pte)
{
	struct page *p;

	if (!pte_has_page(*pte))
		return;
	*pte &= ~PTE_ACCESSED;
	p = pfn_to_page(m, pte_pfn(*pte));
	p->flags &= ~(PAGE_FLAG(young) | PAGE_FLAG(referenced));
}

static void clear_refs_range(struct machine *m, const struct vma *v, u64 start, u64 end,
			     bool soft_dirty)
{
	struct pte_walk w = pte_walk_range(mm_at(m, v->mm), addr_vpn(start), addr_vpn(end));
	u32 i;

	while (pte_walk_next(m, &w))
		for (i = 0; i < w.n; i++) {
			if (!soft_dirty)
				clear_referenced(m, &w.pte[i]);
			else if (w.pte[i])
				clear_soft_dirty(&w.pte[i]);
		}
}

/* Device memory has no pages; 2 and 3 are for one kind of memory only. */
static bool clear_refs_skips(const struct vma *v, enum clear_refs_type type)
{
	return v->flags & VM_PFNMAP || (type == CLEAR_REFS_ANON && v->file) ||
	       (type == CLEAR_REFS_MAPPED && !v->file);
}

void clear_refs(struct machine *m, handle_t mmh, enum clear_refs_type type)
{
	struct mm *mm = mm_at(m, mmh);
	u64 id = mm->id, addr = 0, end;
	handle_t h;

	if (type == CLEAR_REFS_MM_HIWATER_RSS) {
		mm->hiwater_rss = mm_rss(mm);
		return;
	}
	for (h = mm->vma_first; h && type == CLEAR_REFS_SOFT_DIRTY; h = vma_at(m, h)->next)
		vma_at(m, h)->flags &= ~VM_SOFTDIRTY;
	while (mm_is_live(m, mmh, id) && (h = find_vma(m, mmh, addr))) {
		const struct vma *v = vma_at(m, h);

		addr = max_t(u64, addr, v->start);
		end = min_t(u64, v->end, addr + ((u64)BATCH_PAGES << PAGE_SHIFT));
		if (clear_refs_skips(v, type)) {
			addr = v->end;
			continue;
		}
		clear_refs_range(m, v, addr, end, type == CLEAR_REFS_SOFT_DIRTY);
		addr = end;
		if (!machine_safe_point(m))
			return;
	}
	if (type == CLEAR_REFS_SOFT_DIRTY)
		tlb_flush_mm(m, mm);
}
