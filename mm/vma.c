/*
 * vma.c - single mappings, and their place in an address space: its list, and its tree
 * (vma_tree.c).
 */
#include "mm/vma.h"

#include <errno.h>
#include <string.h>

#include "mm/filemap.h"
#include "mm/hugetlb.h"

/*
 * The kernel keeps VMAs in a maple tree. Ours is another tree, but its slab objects are charged: a
 * node holds ten ranges, holes count as ranges, and nodes are rarely full.
 */
static u32 maple_nodes_for(u32 map_count)
{
	u32 level = (2 * map_count + 1 + 7) / 8, nodes = 0;

	while (level > 1) {
		nodes += level;
		level = (level + 7) / 8;
	}
	return nodes + 1;
}

static int maple_reserve(struct machine *m, struct mm *mm, u32 map_count)
{
	u32 need = maple_nodes_for(map_count);

	if (need <= mm->maple_nodes)
		return 0;
	if (mm_should_fail(m) || kmem_charge(m, CACHE_MAPLE_NODE, need - mm->maple_nodes))
		return -ENOMEM;
	mm->maple_nodes = need;
	return 0;
}

static void maple_trim(struct machine *m, struct mm *mm)
{
	u32 need = mm->map_count ? maple_nodes_for(mm->map_count) : 0;

	if (need < mm->maple_nodes) {
		kmem_uncharge(m, CACHE_MAPLE_NODE, mm->maple_nodes - need);
		mm->maple_nodes = need;
	}
}

/* ---- one VMA ---- */

handle_t vma_new(struct machine *m, handle_t mmh)
{
	handle_t h;

	if (vma_tree_reserve(m) || maple_reserve(m, mm_at(m, mmh), mm_at(m, mmh)->map_count + 1))
		return 0;
	h = kobject_alloc(m, &m->mms.vmas, CACHE_VM_AREA);
	if (h)
		vma_at(m, h)->mm = mmh;
	else
		maple_trim(m, mm_at(m, mmh));
	return h;
}

handle_t vma_dup(struct machine *m, handle_t mmh, handle_t from)
{
	const struct vma *old = vma_at(m, from);
	handle_t h = vma_new(m, mmh);
	struct vma *v;

	if (!h)
		return 0;
	v = vma_at(m, h);
	/* the second cache line is of files, of swap and of huge pages */
	memcpy(v, old, offsetof(struct vma, shared_last));
	if (v->swap_ra_window)
		v->swap_ra_page = old->swap_ra_page;
	if (v->flags & VM_HUGETLB) {
		v->huge_flags = old->huge_flags;
		v->resv_map = old->resv_map;
		resv_map_get(m, v->resv_map);
	}
	v->mm = mmh;
	v->anon_vma = v->avc_head = 0;
	v->prev = v->next = 0;
	mpol_get(m, v->policy);
	if (v->file)
		file_at(m, v->file)->users++;
	return h;
}

void vma_free(struct machine *m, handle_t h)
{
	struct vma *v = vma_at(m, h);
	struct mm *mm = mm_at(m, v->mm);

	unlink_anon_vmas(m, h);
	mpol_put(m, v->policy);
	resv_map_put(m, v->resv_map);
	if (v->file)
		file_put(m, v->file);
	if (mm->cache_vma == h)
		mm->cache_vma = 0;
	kobject_free(m, &m->mms.vmas, CACHE_VM_AREA, h);
	maple_trim(m, mm);
}

/* ---- the address space ---- */

/* Does @addr lie just below or behind the mapping that was found last? *@found: find_vma()'s
 * answer. */
static bool near_cached(const struct machine *m, const struct vma *v, u64 addr, handle_t *found)
{
	const struct vma *n;

	if (addr < v->start) {
		*found = pool_handle(&m->mms.vmas, v);
		return !v->prev || vma_at(m, v->prev)->end <= addr;
	}
	*found = v->next;
	n = vma_at(m, v->next);
	return !v->next || n->end > addr;
}

handle_t find_vma(struct machine *m, handle_t mmh, u64 addr)
{
	struct mm *mm = mm_at(m, mmh);
	handle_t h = mm->cache_vma, best = 0;
	const struct vma *v;

	if (h) {
		v = vma_at(m, h);
		if (v->start <= addr && addr < v->end)
			return h;
		if (near_cached(m, v, addr, &best)) {
			/* the next fault will be there: the quick one looks nowhere else */
			if (best && vma_at(m, best)->start <= addr)
				mm->cache_vma = best;
			return best;
		}
	}
	h = vma_tree_floor(m, mm, addr);
	if (!h)
		return mm->vma_first;
	mm->cache_vma = h;
	v = vma_at(m, h);
	return v->end > addr ? h : v->next;
}

handle_t find_vma_exact(struct machine *m, handle_t mm, u64 addr)
{
	handle_t h = find_vma(m, mm, addr);

	return h && vma_at(m, h)->start <= addr ? h : 0;
}

handle_t find_vma_intersection(struct machine *m, handle_t mm, u64 start, u64 end)
{
	handle_t h = find_vma(m, mm, start);

	return h && vma_at(m, h)->start < end ? h : 0;
}

handle_t find_vma_prev(struct machine *m, handle_t mmh, u64 addr)
{
	struct mm *mm = mm_at(m, mmh);
	handle_t h = mm->cache_vma;

	if (h && vma_at(m, h)->end <= addr &&
	    (!vma_at(m, h)->next || vma_at(m, vma_at(m, h)->next)->end > addr))
		return h;
	if (h && vma_at(m, h)->end > addr && vma_at(m, h)->prev &&
	    vma_at(m, vma_at(m, h)->prev)->end <= addr)
		return vma_at(m, h)->prev;
	h = vma_tree_floor(m, mm, addr);
	if (h && vma_at(m, h)->end > addr)
		h = vma_at(m, h)->prev;
	if (h)
		mm->cache_vma = h;
	return h;
}

void vma_link(struct machine *m, handle_t h)
{
	struct vma *v = vma_at(m, h);
	struct mm *mm = mm_at(m, v->mm);

	v->prev = find_vma_prev(m, v->mm, v->start);
	v->next = v->prev ? vma_at(m, v->prev)->next : mm->vma_first;
	if (v->prev)
		vma_at(m, v->prev)->next = h;
	else
		mm->vma_first = h;
	if (v->next)
		vma_at(m, v->next)->prev = h;
	vma_tree_insert(m, h);
	rmap_trees_enter(m, h);
	mm->map_count++;
}

void vma_unlink(struct machine *m, handle_t h)
{
	struct vma *v = vma_at(m, h);
	struct mm *mm = mm_at(m, v->mm);
	handle_t next = v->next;

	rmap_trees_leave(m, h);
	if (v->prev)
		vma_at(m, v->prev)->next = next;
	else
		mm->vma_first = next;
	if (next)
		vma_at(m, next)->prev = v->prev;
	vma_tree_erase(m, h);
	v->prev = v->next = 0;
	mm->map_count--;
}

void vma_set_extent(struct machine *m, handle_t h, u64 start, u64 end, u64 pgoff)
{
	struct vma *v = vma_at(m, h);
	u64 old = v->start;

	rmap_trees_leave(m, h);
	v->start = start;
	v->end = end;
	v->pgoff = pgoff;
	rmap_trees_enter(m, h);
	vma_tree_start(m, h, old);
	vma_tree_gap(m, h);
	if (v->next)
		vma_tree_gap(m, v->next);
}

void vma_set_end(struct machine *m, handle_t h, u64 end)
{
	rmap_trees_leave(m, h);
	vma_at(m, h)->end = end;
	rmap_trees_enter(m, h);
}

pte_t *vma_pte(struct machine *m, const struct vma *v, u64 vpn, pfn_t *pfn)
{
	pte_t *pte;

	if (v->flags & VM_HUGETLB)
		return hugetlb_frame(m, v, vpn, pfn);
	pte = pte_find(m, mm_at(m, v->mm), vpn);
	if (pte)
		*pfn = pte_pfn(*pte);
	return pte;
}

int split_vma(struct machine *m, handle_t h, u64 addr, handle_t *upper)
{
	struct vma *v = vma_at(m, h), *n;
	handle_t new;

	if (v->flags & VM_HUGETLB && addr & (vma_hstate(m, v)->page_size - 1))
		return -EINVAL;
	new = vma_dup(m, v->mm, h);
	if (!new)
		return -ENOMEM;
	n = vma_at(m, new);
	n->start = addr;
	n->pgoff = v->pgoff + ((addr - v->start) >> PAGE_SHIFT);
	if (v->anon_vma && anon_vma_clone(m, new, h)) {
		vma_free(m, new);
		return -ENOMEM;
	}
	vma_set_end(m, h, addr);
	vma_link(m, new);
	*upper = new;
	return 0;
}

void vma_rejoin(struct machine *m, handle_t h)
{
	struct vma *v = vma_at(m, h);
	handle_t next = v->next;
	u64 end = vma_at(m, next)->end;

	vma_set_end(m, h, end);
	vma_unlink(m, next);
	vma_free(m, next);
}

enum vma_kind vma_kind(const struct machine *m, const struct vma *v)
{
	const struct mm *mm = mm_at(m, v->mm);

	if (v->file || v->kind == VMA_VDSO || v->kind == VMA_VVAR)
		return (enum vma_kind)v->kind;
	if (v->start <= mm->brk && v->end >= mm->start_brk)
		return VMA_HEAP;
	if (v->start <= mm->start_stack && v->end >= mm->start_stack)
		return VMA_STACK;
	return VMA_ANON;
}
