/* Frames are emptied (migratetest.h). */
#include "tests/migratetest.h"

#include "mm/page_alloc.h"

#define BATCH 128u

static void move_list(struct machine *m, struct page_list *list, int nid, enum migrate_mode mode,
		      struct moved *out)
{
	struct migration_target_control mtc = { .nid = nid, .gfp = GFP_HIGHUSER | __GFP_NOWARN };
	u64 moved;

	out->result = migrate_pages(m, list, alloc_migration_target, NULL, &mtc, mode,
				    MR_MEMORY_HOTPLUG, &moved);
	out->moved += moved;
	out->stayed += list->nr;
	putback_movable_pages(m, list);
}

struct moved move_frames(struct machine *m, pfn_t start, pfn_t end, int nid, enum migrate_mode mode)
{
	struct moved out = { .result = 0 };
	struct page_list list;
	pfn_t pfn;

	page_list_init(&list);
	for (pfn = start; pfn < end; pfn++) {
		if (!page_exists(m, pfn) || isolate_lru_page(m, pfn))
			continue;
		page_list_add_tail(m, &list, pfn);
		out.isolated++;
		if (list.nr == BATCH)
			move_list(m, &list, nid, mode, &out);
	}
	move_list(m, &list, nid, mode, &out);
	return out;
}
