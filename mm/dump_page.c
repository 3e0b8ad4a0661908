/*
 * dump_page.c - a page in the kernel log; see dump_page.h.
 *
 *	page:000000006db01002 refcount:1 mapcount:0 mapping:0000000000000000 index:0x0 pfn:0x23000
 *	flags: 0xfffffc0001000(reserved|node=0|zone=1|lastcpupid=0x1fffff)
 *	raw: 000fffffc0001000 ffffea00008c0008 ffffea00008c0008 0000000000000000
 *	raw: 0000000000000000 0000000000000000 00000001ffffffff 0000000000000000
 *	page dumped because: unmovable page
 *
 * Source: the log of a guest that was asked to take blocks of its boot memory offline.
 */
#include "mm/dump_page.h"

#include <stdio.h>

#define VMEMMAP_START	 0xffffea0000000000ull
#define DIRECT_MAP_START 0xffff888000000000ull
#define MEMCG_START	 0xffff888101110000ull
#define PAGE_STRUCT	 64u
#define NODE_SHIFT	 54u /* where the flags' word has the page's node, zone and last CPU */
#define ZONE_SHIFT	 51u
#define LASTCPUPID_SHIFT 30u
#define LASTCPUPID_NONE	 0x1fffffull
#define PIN_BIAS	 1024u /* a long-term pin counts as so many references */

/* The kernel's bit of each flag that we have, lowest first, and its name. */
static const struct {
	u8 flag, bit;
	const char *name;
} flag_names[] = {
	{ PG_locked, 0, "locked" },
	{ PG_referenced, 1, "referenced" },
	{ PG_uptodate, 2, "uptodate" },
	{ PG_dirty, 3, "dirty" },
	{ PG_lru, 4, "lru" },
	{ PG_active, 5, "active" },
	{ PG_workingset, 6, "workingset" },
	{ PG_error, 8, "error" },
	{ PG_slab, 9, "slab" },
	{ PG_swapcache, 10, "owner_priv_1" },
	{ PG_reserved, 12, "reserved" },
	{ PG_private, 13, "private" },
	{ PG_writeback, 15, "writeback" },
	{ PG_head, 16, "head" },
	{ PG_mappedtodisk, 17, "mappedtodisk" },
	{ PG_anon_exclusive, 17, "mappedtodisk" },
	{ PG_reclaim, 18, "reclaim" },
	{ PG_swapbacked, 19, "swapbacked" },
	{ PG_unevictable, 20, "unevictable" },
	{ PG_mlocked, 21, "mlocked" },
	{ PG_hwpoison, 23, "hwpoison" },
};

static bool is_mapped_kind(const struct page *p)
{
	return page_mapping_type(p) != MAPPING_NONE && !page_test(p, PG_slab) &&
	       !page_test(p, PG_table);
}

/* What an LRU page was charged to. */
static u64 memcg_word(const struct page *p)
{
	return is_mapped_kind(p) ? MEMCG_START + ((u64)p->memcg << PAGE_SHIFT) : 0;
}

static u64 flags_word(const struct page *p)
{
	u64 word = (u64)p->node << NODE_SHIFT | (u64)p->zone << ZONE_SHIFT |
		   LASTCPUPID_NONE << LASTCPUPID_SHIFT;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(flag_names); i++)
		word |= (u64)page_test(p, (enum pageflags)flag_names[i].flag) << flag_names[i].bit;
	return word;
}

static u32 page_mappers(const struct page *p)
{
	return is_mapped_kind(p) ? p->mapcount : 0;
}

/* Page table entries, page cache or swap cache, who took it off its list, and pins. */
static u32 page_references(const struct page *p)
{
	if (p->flags & (PAGE_FLAG(buddy) | PAGE_FLAG(pcp)))
		return 0;
	if (!is_mapped_kind(p))
		return 1;
	return (u32)p->mapcount + (page_mapping_type(p) == MAPPING_FILE) +
	       (u32)page_test(p, PG_swapcache) + (u32)page_test(p, PG_isolated) +
	       (u32)page_test(p, PG_private) + PIN_BIAS * (u32)p->pins;
}

/* %p does not show an address but a number made of it. */
static u32 hashed(u64 address)
{
	address ^= address >> 33;
	address *= 0xff51afd7ed558ccdull;
	return (u32)(address ^ address >> 33);
}

/* Where the owner would lie: no two handles at one place, and the kind of owner in the low bits. */
static u64 mapping_word(const struct page *p)
{
	if (page_mapping_type(p) == MAPPING_NONE)
		return 0;
	return DIRECT_MAP_START + ((u64)page_mapping(p) << 7) +
	       (page_mapping_type(p) == MAPPING_ANON);
}

void page_flags_text(const struct page *p, char *text, size_t size)
{
	char names[256];
	size_t at = 0;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(flag_names); i++)
		if (page_test(p, (enum pageflags)flag_names[i].flag))
			at += (size_t)snprintf(names + at, sizeof(names) - at, "%s|",
					       flag_names[i].name);
	names[at] = '\0';
	snprintf(text, size, "0x%llx(%snode=%u|zone=%u|lastcpupid=0x%llx)",
		 (unsigned long long)flags_word(p), names, p->node, p->zone, LASTCPUPID_NONE);
}

static void dump_flags(struct machine *m, const struct page *p)
{
	bool anon = page_mapping_type(p) == MAPPING_ANON && is_mapped_kind(p);
	char flags[DUMP_FLAGS_MAX];

	page_flags_text(p, flags, sizeof(flags));
	printk(m, 4, "%sflags: %s", anon ? "anon " : "", flags);
}

static void dump_raw(struct machine *m, pfn_t pfn, const struct page *p)
{
	u64 self = VMEMMAP_START + (u64)pfn * PAGE_STRUCT + 8;
	u64 counts = (u64)page_references(p) << 32 | (u32)(page_mappers(p) - 1);

	printk(m, 4, "raw: %016llx %016llx %016llx %016llx", (unsigned long long)flags_word(p),
	       (unsigned long long)self, (unsigned long long)self,
	       (unsigned long long)mapping_word(p));
	printk(m, 4, "raw: %016llx %016llx %016llx %016llx", (unsigned long long)page_index(p),
	       0ull, (unsigned long long)counts, (unsigned long long)memcg_word(p));
}

void dump_page(struct machine *m, pfn_t pfn, const char *reason)
{
	const struct page *p = pfn_to_page(m, pfn);
	bool kind = is_mapped_kind(p);

	printk(m, 4, "page:%016x refcount:%u mapcount:%u mapping:%016x index:0x%llx pfn:0x%x",
	       hashed(VMEMMAP_START + (u64)pfn * PAGE_STRUCT), page_references(p), page_mappers(p),
	       kind ? hashed(mapping_word(p)) : 0, kind ? (unsigned long long)page_index(p) : 0,
	       pfn);
	if (memcg_word(p))
		printk(m, 4, "memcg:%llx", (unsigned long long)memcg_word(p));
	dump_flags(m, p);
	dump_raw(m, pfn, p);
	if (reason)
		printk(m, 4, "page dumped because: %s", reason);
}
