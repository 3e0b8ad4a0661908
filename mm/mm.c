/*
 * mm.c - address spaces as a whole: made, copied by fork, taken down; and the engine's pools for
 * all of it.
 */
#include <errno.h>
#include <mman/namei.h>
#include <string.h>

#include "mm/filemap.h"
#include "mm/hugetlb.h"
#include "mm/oom.h"
#include "mm/rmap.h"
#include "mm/tlb.h"

/* ---- the list of all address spaces ---- */

static void mm_link(struct machine *m, handle_t h)
{
	struct mm *mm = mm_at(m, h);

	mm->prev = m->mms.mm_tail;
	if (mm->prev)
		mm_at(m, mm->prev)->next = h;
	else
		m->mms.mm_head = h;
	m->mms.mm_tail = h;
}

static void mm_unlink(struct machine *m, handle_t h)
{
	const struct mm *mm = mm_at(m, h);

	if (mm->prev)
		mm_at(m, mm->prev)->next = mm->next;
	else
		m->mms.mm_head = mm->next;
	if (mm->next)
		mm_at(m, mm->next)->prev = mm->prev;
	else
		m->mms.mm_tail = mm->prev;
}

/* ---- one address space ---- */

int mm_create(struct machine *m, handle_t *out)
{
	handle_t h = kobject_alloc(m, &m->mms.mms, CACHE_MM_STRUCT);

	if (!h)
		return -ENOMEM;
	if (pgd_alloc(m, h)) {
		kobject_free(m, &m->mms.mms, CACHE_MM_STRUCT, h);
		return -ENOMEM;
	}
	mm_at(m, h)->users = 1;
	mm_at(m, h)->id = ++m->mms.nr_mms_made;
	/* until execve(2) lays it out */
	mm_at(m, h)->mmap_base = task_size(m) - (128ull << 20);
	mm_link(m, h);
	*out = h;
	return 0;
}

void mm_put(struct machine *m, handle_t h)
{
	struct mm *mm = mm_at(m, h);

	if (--mm->users)
		return;
	if (unlikely(m->oom.first_victim))
		oom_mm_gone(m, h);
	if (unlikely(mm->pins))
		unpin_user_pages(m, h, 0, task_size(m));
	/* whole mappings only: nothing is split, nothing can fail */
	mm_munmap(m, h, 0, task_size(m), false);
	libc_heap_put(m, mm->libc_heap);
	tlb_flush_mm(m, mm);
	pgd_free(m, h);
	mm_unlink(m, h);
	kobject_free(m, &m->mms.mms, CACHE_MM_STRUCT, h);
}

void mm_put_slowly(struct machine *m, handle_t mmh)
{
	handle_t h, mark;
	u64 addr = 0;

	while (mm_at(m, mmh)->users == 1 && mm_takes_batches(mm_at(m, mmh)) &&
	       (h = find_vma(m, mmh, addr))) {
		const struct vma *v = vma_at(m, h);

		addr = unmap_some(m, h, v->start > addr ? v->start : addr, v->end);
		/* ended or not: it has to go */
		machine_safe_point(m);
	}
	mark = evict_begin(m);
	mm_put(m, mmh);
	evict_end(m, mark);
}

bool mm_is_live(const struct machine *m, handle_t h, u64 id)
{
	return mm_at(m, h)->users && mm_at(m, h)->id == id;
}

/* ---- fork ---- */

#define VMAS_PER_SAFE_POINT 2048u /* some milliseconds, even of empty ones */

static int dup_vma(struct machine *m, handle_t mmh, handle_t from)
{
	handle_t h = vma_dup(m, mmh, from);
	struct vma *v;

	if (!h)
		return -ENOMEM;
	v = vma_at(m, h);
	v->flags &= ~(VM_LOCKED | VM_LOCKONFAULT);
	if (v->flags & VM_HUGETLB)
		hugetlb_dup_vma_private(m, v);
	if (!(v->flags & VM_WIPEONFORK) && anon_vma_fork(m, h, from)) {
		vma_free(m, h);
		return -ENOMEM;
	}
	vma_link(m, h);
	vm_stat_account(mm_at(m, mmh), v->flags, (s64)vma_pages(v));
	return v->flags & VM_WIPEONFORK ? 0 : copy_page_range(m, h, from);
}

static int dup_vmas(struct machine *m, handle_t from, handle_t to)
{
	handle_t h, next;
	u32 made_in_all = 0;
	int error = 0;

	for (h = mm_at(m, from)->vma_first; h && !error; h = next) {
		const struct vma *v = vma_at(m, h);
		s64 pages = (s64)vma_pages(v), charge = v->flags & VM_ACCOUNT ? pages : 0;
		u32 made = mm_at(m, to)->map_count;

		next = v->next;
		if (v->flags & VM_DONTCOPY)
			continue;
		if (charge && vm_enough_memory(m, from, charge, task_capable(m, m->current)))
			return -ENOMEM;
		error = dup_vma(m, to, h);
		/* a mapping that came to be gives its charge back with the rest */
		if (error && mm_at(m, to)->map_count == made)
			vm_unacct_memory(m, charge);
		if (!error && ++made_in_all % VMAS_PER_SAFE_POINT == 0 && !machine_safe_point(m))
			error = -EINTR;
	}
	return error;
}

int mm_dup(struct machine *m, handle_t from, handle_t *out)
{
	const struct mm *old = mm_at(m, from);
	struct mm *mm;
	int error = mm_create(m, out);

	if (error)
		return error;
	mm = mm_at(m, *out);
	memcpy(&mm->mmap_base, &old->mmap_base,
	       offsetof(struct mm, total_vm) - offsetof(struct mm, mmap_base));
	mm->flags |= old->flags & MMF_LIBC_HEAP;
	mm->numa_next_scan = m->clock.now + m->knobs.misc.numa_scan_delay_ms * NSEC_PER_MSEC;
	error = dup_vmas(m, from, *out);
	/* its private pages are read-only now */
	tlb_flush_mm(m, mm_at(m, from));
	if (!error)
		error = libc_heap_dup(m, old->libc_heap, &mm->libc_heap);
	if (error) {
		mm_put_slowly(m, *out);
		return error;
	}
	mm->hiwater_rss = mm_rss(mm);
	mm->hiwater_vm = mm->total_vm;
	return 0;
}

/* ---- power on and off ---- */

static int pools_init(struct mm_state *s)
{
	const struct {
		struct pool *pool;
		const char *name;
		size_t size;
		u32 max;
	} pools[] = {
		{ &s->mms, "mm", sizeof(struct mm), 1u << 22 },
		{ &s->vmas, "vma", sizeof(struct vma), 1u << 25 },
		{ &s->vma_nodes, "vma node", sizeof(struct vma_node), 1u << 24 },
		{ &s->anon_vmas, "anon_vma", sizeof(struct anon_vma), 1u << 26 },
		{ &s->anon_vma_chains, "anon_vma_chain", sizeof(struct anon_vma_chain), 1u << 27 },
		{ &s->files, "file", sizeof(struct file), 1u << 24 },
		{ &s->inodes, "inode", sizeof(struct inode), 1u << 24 },
		{ &s->names, "name", 64, 1u << 24 },
		{ &s->tables, "page table", sizeof(struct pt_table), 1u << 25 },
		{ &s->pte_chunks, "page table chunk", PTE_CHUNK * sizeof(pte_t), 1u << 27 },
		{ &s->dir_chunks, "directory chunk", PTE_CHUNK * sizeof(handle_t), 1u << 25 },
		{ &s->huge_ptes, "huge page table entry", sizeof(pte_t), 1u << 26 },
		{ &s->resv_maps, "huge page reservation", sizeof(struct resv_map), 1u << 24 },
		{ &s->disk_extents, "disk extent", sizeof(struct disk_extent), 1u << 26 },
		{ &s->xa_nodes, "xarray node", sizeof(struct xa_node), 1u << 25 },
		{ &s->heaps, "libc heap", sizeof(struct libc_heap), 1u << 18 },
		{ &s->heap_chunks, "heap chunk", sizeof(struct heap_chunk), 1u << 25 },
		{ &s->pins, "pin", sizeof(struct pin), 1u << 24 },
	};
	size_t i;
	int error = 0;

	for (i = 0; i < ARRAY_SIZE(pools) && !error; i++)
		error = pool_init(pools[i].pool, pools[i].name, (u32)pools[i].size, pools[i].max);
	/* walks of an index that lead nowhere end in node 0 (mm/xarray.c): it must be there */
	if (!error)
		error = pool_reserve(&s->xa_nodes, 1);
	s->mms.asked_after = s->inodes.asked_after = true;
	return error;
}

/* First frame of a part of the kernel image, by its line in /proc/iomem; PFN_NONE without an
 * image. */
static pfn_t kernel_image_pfn(const struct machine *m, const char *part)
{
	u32 i;

	for (i = 0; i < m->boot.nr_iomem; i++)
		if (strcmp(m->boot.iomem[i].name, part) == 0)
			return (pfn_t)(m->boot.iomem[i].start >> PAGE_SHIFT);
	return PFN_NONE;
}

/*
 * Pages of the kernel image that programs map: the zero page lies in its bss, the vdso in its
 * data. A machine without a kernel image gives free ones.
 */
static int kernel_pages_init(struct machine *m)
{
	pfn_t bss = kernel_image_pfn(m, "Kernel bss"),
	      rodata = kernel_image_pfn(m, "Kernel rodata"), pfn;

	if (bss == PFN_NONE || rodata == PFN_NONE) {
		bss = alloc_pages(m, GFP_KERNEL | __GFP_ZERO, 2, NUMA_NO_NODE);
		if (bss == PFN_NONE)
			return -ENOMEM;
		for (pfn = bss; pfn < bss + 4; pfn++)
			page_set(pfn_to_page(m, pfn), PG_reserved);
		rodata = bss + 1;
	} else if (page_touch(m, bss) || page_touch(m, rodata)) {
		return -ENOMEM;
	}
	m->mms.zero_page = bss;
	m->mms.vdso_page = rodata;
	return 0;
}

int mm_init(struct machine *m)
{
	int error = pools_init(&m->mms);

	if (error)
		return error;
	m->mms.next_ino = 12;		 /* the first that ext4 gives to a file */
	m->mms.next_hugetlb_ino = 10241; /* what boot has taken before */
	namei_init(m);
	overcommit_init(m);
	return kernel_pages_init(m);
}

void mm_destroy(struct machine *m)
{
	struct mm_state *s = &m->mms;

	pool_destroy(&s->mms);
	pool_destroy(&s->vmas);
	pool_destroy(&s->vma_nodes);
	pool_destroy(&s->anon_vmas);
	pool_destroy(&s->anon_vma_chains);
	pool_destroy(&s->files);
	pool_destroy(&s->inodes);
	pool_destroy(&s->names);
	pool_destroy(&s->tables);
	pool_destroy(&s->pte_chunks);
	pool_destroy(&s->dir_chunks);
	pool_destroy(&s->huge_ptes);
	pool_destroy(&s->resv_maps);
	pool_destroy(&s->xa_nodes);
	pool_destroy(&s->pins);
	pool_destroy(&s->disk_extents);
	pool_destroy(&s->heaps);
	pool_destroy(&s->heap_chunks);
}
