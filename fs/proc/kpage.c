/*
 * /proc/kpagecount, kpageflags, kpagecgroup: eight bytes for each page frame, in whole entries
 * only. Frames that nobody ever used have no struct page: they are free, and say so.
 * Source: Documentation/admin-guide/mm/pagemap.rst.
 */
#include "fs/proc/proc.h"

#include <errno.h>
#include <string.h>

#define ENTRY_BYTES sizeof(u64)

enum kpf {
	KPF_LOCKED,
	KPF_ERROR,
	KPF_REFERENCED,
	KPF_UPTODATE,
	KPF_DIRTY,
	KPF_LRU,
	KPF_ACTIVE,
	KPF_SLAB,
	KPF_WRITEBACK,
	KPF_RECLAIM,
	KPF_BUDDY,
	KPF_MMAP,
	KPF_ANON,
	KPF_SWAPCACHE,
	KPF_SWAPBACKED,
	KPF_COMPOUND_HEAD,
	KPF_COMPOUND_TAIL,
	KPF_HUGE,
	KPF_UNEVICTABLE,
	KPF_HWPOISON,
	KPF_NOPAGE,
	KPF_KSM,
	KPF_THP,
	KPF_OFFLINE,
	KPF_ZERO_PAGE,
	KPF_IDLE,
	KPF_PGTABLE,
	KPF_RESERVED = 32,
	KPF_MLOCKED,
	KPF_MAPPEDTODISK,
	KPF_PRIVATE
};

/* Flags that a page has under the same meaning here. */
static const u8 kpf_of[] = {
	[PG_locked] = KPF_LOCKED,	  [PG_error] = KPF_ERROR,
	[PG_referenced] = KPF_REFERENCED, [PG_uptodate] = KPF_UPTODATE,
	[PG_dirty] = KPF_DIRTY,		  [PG_lru] = KPF_LRU,
	[PG_active] = KPF_ACTIVE,	  [PG_slab] = KPF_SLAB,
	[PG_writeback] = KPF_WRITEBACK,	  [PG_reclaim] = KPF_RECLAIM,
	[PG_swapcache] = KPF_SWAPCACHE,	  [PG_swapbacked] = KPF_SWAPBACKED,
	[PG_hugetlb] = KPF_HUGE,	  [PG_unevictable] = KPF_UNEVICTABLE,
	[PG_hwpoison] = KPF_HWPOISON,	  [PG_ksm] = KPF_KSM,
	[PG_offline] = KPF_OFFLINE,	  [PG_idle] = KPF_IDLE,
	[PG_table] = KPF_PGTABLE,	  [PG_reserved] = KPF_RESERVED,
	[PG_mlocked] = KPF_MLOCKED,	  [PG_mappedtodisk] = KPF_MAPPEDTODISK,
	[PG_private] = KPF_PRIVATE,
};

#define KPF(name) (1ull << KPF_##name)

/* Inside a block of the buddy allocator? Its first page knows the order. */
static bool is_free_buddy_page(const struct machine *m, pfn_t pfn)
{
	u32 order;

	for (order = 0; order < MAX_ORDER; order++) {
		const struct page *head = pfn_to_page(m, pfn & ~((1u << order) - 1));

		if (page_test(head, PG_buddy))
			return head->order >= order;
	}
	return false;
}

static bool section_present(const struct machine *m, u64 section)
{
	return m->section_present[section / 64] >> section % 64 & 1;
}

/* A section has page structs for all its frames; where there is no RAM they are reserved. */
static u64 untouched_flags(const struct machine *m, pfn_t pfn)
{
	if (!section_present(m, pfn / PAGES_PER_SECTION))
		return KPF(NOPAGE);
	return !pfn_present(m, pfn) || pfn_reserved(m, pfn) ? KPF(RESERVED) : KPF(BUDDY);
}

static u64 compound_flags(const struct page *p)
{
	u64 flags = 0;

	if (page_test(p, PG_head))
		flags |= KPF(COMPOUND_HEAD);
	if (page_test(p, PG_tail))
		flags |= KPF(COMPOUND_TAIL);
	if (flags && page_mapping_type(p) == MAPPING_ANON && !page_test(p, PG_hugetlb))
		flags |= KPF(THP);
	return flags;
}

/* The page whose mapping and mappers a frame has: of a huge page its head. */
static const struct page *mapped_as(const struct machine *m, const struct page *p)
{
	const struct page *head = page_test(p, PG_tail) ? pfn_to_page(m, p->index) : p;

	return page_test(head, PG_hugetlb) ? head : p;
}

/* A slab is known by its first page; those behind it have nothing of their own. */
static u64 slab_flags(const struct machine *m, pfn_t pfn)
{
	const struct page *p;
	pfn_t head;
	u32 order, slab_order;

	for (order = 0; order <= PAGE_ALLOC_COSTLY_ORDER; order++) {
		head = pfn & ~((1u << order) - 1);
		p = page_exists(m, head) ? pfn_to_page(m, head) : NULL;
		if (!p || !page_test(p, PG_slab))
			continue;
		slab_order = p->order;
		if (slab_order < order)
			return 0;
		return KPF(SLAB) | (pfn != head ? KPF(COMPOUND_TAIL) :
				    slab_order	? KPF(COMPOUND_HEAD) :
						  0);
	}
	return 0;
}

static u64 page_flags(const struct machine *m, pfn_t pfn)
{
	const struct page *p, *owner;
	u64 flags = 0;
	u32 i;

	if (!page_exists(m, pfn))
		return untouched_flags(m, pfn);

	p = pfn_to_page(m, pfn);
	owner = mapped_as(m, p);
	for (i = 0; i < ARRAY_SIZE(kpf_of); i++)
		if (page_test(p, (enum pageflags)i) && (kpf_of[i] || i == PG_locked))
			flags |= 1ull << kpf_of[i];
	/* all of a slab is slab, and an anonymous page's own has a bit that means something else of
	 * a file's */
	if (page_test(p, PG_tail) && page_test(pfn_to_page(m, p->index), PG_slab))
		flags |= KPF(SLAB);
	if (page_mapping_type(p) == MAPPING_ANON && page_test(p, PG_anon_exclusive))
		flags |= KPF(MAPPEDTODISK);
	if (page_test(owner, PG_hugetlb))
		flags |= KPF(HUGE);
	if (owner->mapcount && !page_test(p, PG_slab) && !page_test(p, PG_buddy))
		flags |= KPF(MMAP);
	if (page_mapping_type(owner) == MAPPING_ANON || page_mapping_type(owner) == MAPPING_KSM)
		flags |= KPF(ANON);
	if (is_free_buddy_page(m, pfn))
		flags |= KPF(BUDDY);
	if (pfn == m->mms.zero_page)
		flags |= KPF(ZERO_PAGE) | KPF(RESERVED);
	if (!(flags & (KPF(BUDDY) | KPF(LRU))))
		flags |= slab_flags(m, pfn);
	return flags | compound_flags(p);
}

static u64 page_count(const struct machine *m, pfn_t pfn)
{
	const struct page *p;

	if (!page_exists(m, pfn))
		return 0;
	p = mapped_as(m, pfn_to_page(m, pfn));
	return page_test(p, PG_slab) || page_test(p, PG_buddy) || page_test(p, PG_table) ?
		       0 :
		       p->mapcount;
}

static u64 page_cgroup(const struct machine *m, pfn_t pfn)
{
	return page_exists(m, pfn) ? pfn_to_page(m, pfn)->memcg : 0;
}

/* The files end with the last section that has RAM. */
static u64 max_dump_pfn(const struct machine *m)
{
	u64 section = (m->max_pfn + PAGES_PER_SECTION - 1) / PAGES_PER_SECTION;

	while (section && !section_present(m, section - 1))
		section--;
	return section * PAGES_PER_SECTION;
}

static ssize_t read_entries(const struct request *rq, char *buffer, size_t size, u64 offset,
			    u64 (*entry)(const struct machine *m, pfn_t pfn))
{
	u64 pfn = offset / ENTRY_BYTES, end = max_dump_pfn(rq->m), n, i;

	if (offset % ENTRY_BYTES || size % ENTRY_BYTES)
		return -EINVAL;
	if (pfn >= end)
		return 0;
	n = min_t(u64, size / ENTRY_BYTES, end - pfn);
	for (i = 0; i < n; i++) {
		u64 value = entry(rq->m, (pfn_t)(pfn + i));

		memcpy(buffer + i * ENTRY_BYTES, &value, ENTRY_BYTES);
	}
	return (ssize_t)(n * ENTRY_BYTES);
}

ssize_t proc_kpagecount_pread(const struct request *rq, char *buffer, size_t size, u64 offset)
{
	return read_entries(rq, buffer, size, offset, page_count);
}

ssize_t proc_kpageflags_pread(const struct request *rq, char *buffer, size_t size, u64 offset)
{
	return read_entries(rq, buffer, size, offset, page_flags);
}

ssize_t proc_kpagecgroup_pread(const struct request *rq, char *buffer, size_t size, u64 offset)
{
	return read_entries(rq, buffer, size, offset, page_cgroup);
}
