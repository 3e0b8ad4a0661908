/*
 * page.h - struct page: 32 bytes for every page frame that was ever used.
 *
 * The mem_map is one reserved stretch of host address space indexed by PFN; a section
 * (128 MiB) of it becomes usable when its first block leaves the zone's list of untouched
 * extents. Before that no struct page exists for its frames: page_exists() tells.
 *
 * Who uses which field:
 *	buddy free page     PG_buddy; order; next/prev link the free list; migratetype: of that list
 *	per-CPU list page   PG_pcp; next/prev link the list; order; migratetype: of its pageblock
 *	anonymous page      mapping = anon_vma handle | MAPPING_ANON; index = linear page index
 *	page cache page     mapping = inode handle | MAPPING_FILE;    index = page offset in file
 *	                    (both through page_index(), page_set_index())
 *	mlocked page        PG_unevictable, on no list: next = VMAs that lock it (mlock_count)
 *	slab page           PG_slab; mapping = cache handle; index = objects it holds; mapcount = in use
 *	page table page     PG_table; mapping = mm handle
 *	huge page of a pool in use  PG_hugetlb in the head: mm/hugetlb.h
 *	tail of a high order block: PG_tail; index = head's PFN
 * A page on an LRU list has PG_lru and is linked by next/prev, but for PG_unevictable ones.
 */
#ifndef MMAN_PAGE_H
#define MMAN_PAGE_H

#include <mman/types.h>

#include <stddef.h>
#include <string.h>

/* Flag names are those of /proc/kpageflags (Documentation/admin-guide/mm/pagemap.rst). */
enum pageflags {
	PG_locked,
	PG_referenced,
	PG_uptodate,
	PG_dirty,
	PG_lru,
	PG_active,
	PG_workingset,
	PG_error,
	PG_slab,
	PG_reserved,
	PG_private,
	PG_writeback,
	PG_head,
	PG_tail,
	PG_mappedtodisk,
	PG_reclaim,
	PG_swapbacked,
	PG_unevictable,
	PG_mlocked,
	PG_hwpoison,
	PG_young,
	PG_idle,
	PG_swapcache,
	PG_buddy,
	PG_offline,
	PG_table,
	PG_ksm,
	PG_hugetlb,
	PG_reported,
	PG_anon_exclusive,
	PG_pcp,	     /* on a per-CPU page list */
	PG_isolated, /* taken off its LRU list for reclaim or migration */
};

enum page_mapping_type { MAPPING_NONE, MAPPING_ANON, MAPPING_FILE, MAPPING_KSM };

struct page {
	u32 flags;	     /* 1 << PG_* */
	u32 node : 10;	     /* page_place(): with the zone, PAGE_PLACE_BITS */
	u32 zone : 3;	     /* enum zone_type */
	u32 order : 4;	     /* of a buddy block, per-CPU entry or compound head */
	u32 migratetype : 3; /* per-CPU list it came from */
	u32 generation : 8;  /* LRU generation (mglru), age */
	u32 index_high : 4;  /* page_index(): addresses of 47 bits have page numbers of 35 */
	union {
		struct {
			u32 next, prev; /* PFNs, PFN_NONE ends a list */
		};
		struct {
			u32 pagevec, slot; /* of a page on an LRU list: its place there */
		};
	};
	u32 mapping; /* handle << 2 | enum page_mapping_type */
	u32 index;
	u32 mapcount : 22; /* page table entries that map it */
	u32 pins : 10;	   /* long-term and transient references that forbid moving it */
	u32 memcg;
};

_Static_assert(sizeof(struct page) == 32, "struct page is 32 bytes: see DESIGN, rule 6");

#define PAGE_FLAG(name) (1u << PG_##name)

/** page_test(), page_set(), page_clear() - one flag. */
static inline bool page_test(const struct page *p, enum pageflags f)
{
	return (p->flags >> f) & 1;
}

static inline void page_set(struct page *p, enum pageflags f)
{
	p->flags |= 1u << f;
}

static inline void page_clear(struct page *p, enum pageflags f)
{
	p->flags &= ~(1u << f);
}

/* Node and zone as one number, the zone from this bit on: are two pages of the same one? */
#define PAGE_PLACE_ZONE 10u
#define PAGE_PLACE_BITS 13u

static inline u32 page_place(const struct page *p)
{
	u32 word;

	/* the compiler puts bit fields together one by one */
	memcpy(&word, (const u8 *)p + sizeof(p->flags), sizeof(word));
	return word & ((1u << PAGE_PLACE_BITS) - 1);
}

/** page_unused() - nothing maps it, nothing pins it. */
static inline bool page_unused(const struct page *p)
{
	u32 word;

	memcpy(&word, (const u8 *)p + offsetof(struct page, memcg) - sizeof(word), sizeof(word));
	return !word;
}

/** page_mapping_type(), page_mapping() - what the page belongs to, and the handle of that;
 * page_index(): its place there, in pages. page_set_mapping() and page_set_index() set them. */
static inline enum page_mapping_type page_mapping_type(const struct page *p)
{
	return (enum page_mapping_type)(p->mapping & 3);
}

static inline handle_t page_mapping(const struct page *p)
{
	return p->mapping >> 2;
}

static inline u64 page_index(const struct page *p)
{
	return (u64)p->index_high << 32 | p->index;
}

static inline void page_set_index(struct page *p, u64 index)
{
	p->index = (u32)index;
	p->index_high = (u32)(index >> 32) & 15;
}

static inline void page_set_mapping(struct page *p, handle_t h, enum page_mapping_type type)
{
	p->mapping = h << 2 | (u32)type;
}

#endif
