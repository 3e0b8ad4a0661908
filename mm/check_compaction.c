/*
 * check_compaction.c - the invariants of compaction: nothing stays isolated, and what it remembers
 * of a zone lies in it.
 */
#include "mm/check.h"
#include "mm/compaction.h"

static void check_position(struct check *c, const struct zone *z, const char *what, pfn_t pfn)
{
	/* a zone that was made smaller keeps them until the next run */
	if (pfn > c->m->max_pfn + PAGEBLOCK_NR_PAGES)
		check_fail(c, "Node %u %s: %s %u is beyond all memory", z->nid,
			   zone_name((enum zone_type)z->type), what, pfn);
}

static void check_zone(struct check *c, const struct zone *z)
{
	const struct zone_compaction *k = &z->compact;

	check_position(c, z, "cached_migrate_pfn", k->cached_migrate_pfn[0]);
	check_position(c, z, "cached_migrate_pfn", k->cached_migrate_pfn[1]);
	check_position(c, z, "cached_free_pfn", k->cached_free_pfn);
	if (k->cached_migrate_pfn[1] > k->cached_migrate_pfn[0])
		check_fail(c, "Node %u %s: the synchronous migrate scanner is ahead", z->nid,
			   zone_name((enum zone_type)z->type));
	if (k->defer_shift > COMPACT_MAX_DEFER_SHIFT || k->considered > 1u << k->defer_shift)
		check_fail(c, "Node %u %s: compaction deferred %u of 2^%u times", z->nid,
			   zone_name((enum zone_type)z->type), k->considered, k->defer_shift);
}

static void check_fragmentation(struct check *c, const struct fragmentation *f)
{
	pfn_t pfn = f->unmovable;
	u64 i;

	for (i = 0; i < f->nr_unmovable; i++, pfn = pfn_to_page(c->m, pfn)->next)
		if (!page_exists(c->m, pfn) || pfn_to_page(c->m, pfn)->flags) {
			check_fail(c, "page %u is held by the laboratory and by somebody else",
				   pfn);
			break;
		}
	if (f->inode &&
	    (inode_at(c->m, f->inode)->kind != INODE_SHMEM || inode_at(c->m, f->inode)->users != 1))
		check_fail(c, "the file that holds a zone's pages is somebody else's");
}

static void check_kcompactd(struct check *c, u32 nid)
{
	const struct kcompactd *k = &c->m->compaction.node[nid];

	if (k->cc.nr_free || (k->in_zone && (k->cc.migrate.nr || k->cc.free.nr)))
		check_fail(c, "kcompactd%u holds isolated pages between two batches", nid);
	if (k->in_zone && !k->working)
		check_fail(c, "kcompactd%u is in a zone and has no job", nid);
	if (k->working && !event_pending(c->m, EVENT_KCOMPACTD, nid))
		check_fail(c, "kcompactd%u has a job and no event", nid);
	check_equal(c, "isolated anonymous pages", c->m->node[nid].vm_stat[NR_ISOLATED_ANON], 0);
	check_equal(c, "isolated file pages", c->m->node[nid].vm_stat[NR_ISOLATED_FILE], 0);
}

void check_compaction(struct check *c)
{
	u32 nid, type;

	for (nid = 0; nid < c->m->nr_nodes; nid++) {
		for (type = 0; type < MAX_NR_ZONES; type++) {
			check_zone(c, &c->m->node[nid].zones[type]);
			check_fragmentation(c, &c->m->compaction.fragment[nid][type]);
		}
		check_kcompactd(c, nid);
	}
}
