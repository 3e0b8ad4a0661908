/*
 * check_writeback.c - the disk's queue against the pages that are in it.
 *
 * Every page with PG_writeback is in exactly one bio that is not over, and every page of such a bio
 * has PG_writeback: a frame that was given away while in flight shows here.
 */
#include <mman/writeback.h>
#include <mman/xarray.h>
#include <stdlib.h>

#include "mm/check.h"

struct flight {
	struct check *c;
	u8 *seen; /* by PFN: bios it is in */
	u64 bios, pages;
	bool over; /* those that are done, and not yet told */
	u32 in_flight[BLK_DISKS_MAX][NR_BIO_OPS];
};

static const struct bio *bio_at(const struct machine *m, handle_t h)
{
	return pool_at(&m->blk.bios, h);
}

static void check_bio(struct flight *f, handle_t h)
{
	struct machine *m = f->c->m;
	const struct bio *b = bio_at(m, h);
	u32 i;

	f->bios++;
	if (b->disk != blk_disk_of(m, b->sector))
		check_fail(f->c, "bio %u: of disk %u, but sector %llu is not", h, b->disk,
			   (unsigned long long)b->sector);
	else if (!f->over)
		f->in_flight[b->disk][b->op]++;
	if (!b->nr != (b->end == BIO_END_FLUSH) || b->nr > BIO_PAGES || b->done)
		check_fail(f->c, "bio %u: %u pages, done %u", h, b->nr, b->done);
	for (i = 0; i < b->nr && b->end != BIO_END_NONE; i++) {
		const struct page *p = pfn_to_page(m, b->pfn[i]);

		if (b->end == BIO_END_READ) {
			if (!page_test(p, PG_locked))
				check_fail(f->c, "pfn %u: being read, but not locked", b->pfn[i]);
			continue;
		}
		if (!page_test(p, PG_writeback))
			check_fail(f->c, "pfn %u: in bio %u without PG_writeback", b->pfn[i], h);
		if (f->seen[b->pfn[i]]++)
			check_fail(f->c, "pfn %u: twice under writeback", b->pfn[i]);
		f->pages++;
	}
}

static void check_list(struct flight *f, const struct bio_list *l)
{
	const struct machine *m = f->c->m;
	handle_t h, last = 0;
	u64 time = 0;
	u32 nr = 0;

	for (h = l->head; h && nr <= l->nr; h = bio_at(m, h)->next) {
		check_bio(f, h);
		time += bio_at(m, h)->time;
		last = h;
		nr++;
	}
	check_equal(f->c, "bios of a list", nr, l->nr);
	check_equal(f->c, "time of a list of bios", (s64)time, (s64)l->time);
	check_equal(f->c, "last bio of a list", last, l->tail);
}

/* What was asked of the disk is over, being served, or waiting. */
static void check_stat(struct check *c, enum bio_op op, enum vm_event_item counter)
{
	const struct machine *m = c->m;
	u64 pages = blk_total(m, op).pages;
	handle_t h = m->blk.active;

	if (h && bio_at(m, h)->op == op)
		pages += bio_at(m, h)->nr;
	for (h = m->blk.waiting[op].head; h; h = bio_at(m, h)->next)
		pages += bio_at(m, h)->nr;
	check_equal(c, "kB of the disk's transfers", (s64)(pages * PAGE_KB),
		    (s64)(m->vm_event[counter] - m->vm_event_start[counter]));
}

/* Each swap partition has its disk, and only those. What disks there are have their own room. */
static void check_disks(struct flight *f)
{
	const struct machine *m = f->c->m;
	const struct blk_state *s = &m->blk;
	u32 i, op, in_use = 0, areas = 0;
	u64 pages = 0;

	for (i = 0; i < BLK_DISKS_MAX; i++) {
		const struct blk_disk *d = &s->disk[i];

		if ((d->exists && i >= s->nr_disks) || (!d->exists && (d->pages || d->in_use)))
			check_fail(f->c, "disk %u: is it there?", i);
		for (op = 0; op < NR_BIO_OPS; op++)
			check_equal(f->c, "bios in flight of a disk", f->in_flight[i][op],
				    d->in_flight[op]);
		pages += d->pages;
		in_use += d->in_use;
	}
	for (i = 0; i < MAX_SWAPFILES; i++) {
		const struct swap_area *a = &m->swap.area[i];

		areas += a->in_use && blk_disk_of(m, a->sector) &&
			 s->disk[blk_disk_of(m, a->sector)].in_use;
	}
	check_equal(f->c, "disks in use as swap", in_use, areas);
	if (pages > s->used_pages)
		check_fail(f->c, "the disks are larger than the room that is taken");
}

/* A page of the cache has the mark of its flag. */
static void check_mark(struct check *c, pfn_t pfn, const struct page *p)
{
	const struct inode *i;

	const u32 others = PAGE_FLAG(buddy) | PAGE_FLAG(pcp) | PAGE_FLAG(slab) | PAGE_FLAG(table) |
			   PAGE_FLAG(tail) | PAGE_FLAG(hugetlb);

	if (p->flags & others || page_mapping_type(p) != MAPPING_FILE)
		return;
	i = inode_at(c->m, page_mapping(p));
	if (i->kind != INODE_SHMEM &&
	    xa_get_mark(c->m, i->pages, page_index(p), XA_WRITEBACK) != page_test(p, PG_writeback))
		check_fail(c, "pfn %u: PG_writeback and its mark disagree", pfn);
}

static void check_pages(struct flight *f)
{
	struct machine *m = f->c->m;
	const pfn_t block = 1u << (MAX_ORDER - 1);
	s64 writeback = 0, dirty = m->vm_node_stat[NR_DIRTY];
	pfn_t start, pfn;

	for (start = 0; start < m->max_pfn; start += block) {
		if (!page_exists(m, start))
			continue;
		for (pfn = start; pfn < start + block && pfn < m->max_pfn; pfn++) {
			const struct page *p = pfn_to_page(m, pfn);

			check_mark(f->c, pfn, p);
			if (!page_test(p, PG_writeback))
				continue;
			writeback++;
			if (!f->seen[pfn])
				check_fail(f->c, "pfn %u: PG_writeback, but in no bio", pfn);
		}
	}
	check_equal(f->c, "pages under writeback, by bios", (s64)f->pages, writeback);
	check_equal(f->c, "nr_writeback", writeback, m->vm_node_stat[NR_WRITEBACK]);
	check_equal(f->c, "nr_zone_write_pending", dirty + writeback,
		    m->vm_zone_stat[NR_ZONE_WRITE_PENDING]);
}

/* Inodes with dirty pages are on a list that the flusher works on, and in order. */
static void check_inodes(struct check *c)
{
	const struct machine *m = c->m;
	u32 list, nr;
	handle_t h, last;

	for (h = m->mms.inode_head; h; h = inode_at(m, h)->next) {
		const struct inode *i = inode_at(m, h);

		if (i->kind != INODE_SHMEM && i->nrdirty &&
		    (i->wb_list == WB_CLEAN || i->wb_list == WB_DIRTY_TIME))
			check_fail(c, "inode %u: dirty, but nobody will write it", h);
	}
	for (list = WB_DIRTY; list < NR_WB_LISTS; list++) {
		const struct wb_list *l = &m->wb.list[list];
		u64 when = 0;

		nr = 0;
		last = 0;
		for (h = l->head; h && nr <= l->nr; h = inode_at(m, h)->wb_next) {
			const struct inode *i = inode_at(m, h);

			if (i->wb_list != list || i->wb_prev != last)
				check_fail(c, "inode %u: broken list of dirty inodes", h);
			if (list == WB_DIRTY && i->dirtied_when < when)
				check_fail(c, "inode %u: out of order", h);
			when = i->dirtied_when;
			last = h;
			nr++;
		}
		check_equal(c, "inodes of a list", nr, l->nr);
		check_equal(c, "last inode of a list", last, l->tail);
	}
}

/* Something dirty, and nothing that will write it: only where the flusher is off, and below the
 * limit. */
static void check_flusher(struct check *c)
{
	const struct machine *m = c->m;
	const struct bdi_writeback *wb = &m->wb;

	if (wb->event_set != event_pending(m, EVENT_FLUSHER, FLUSHER_WAKE))
		check_fail(c, "the flusher's timer: kept %d", wb->event_set);
	if ((wb->work.active || wb->start_all) && !wb->event_set)
		check_fail(c, "the flusher has work, but sleeps");
	if (wb->list[WB_DIRTY_TIME].nr && m->sysctl.dirtytime_expire_seconds && !wb->event_set &&
	    !event_pending(m, EVENT_FLUSHER, FLUSHER_DIRTYTIME))
		check_fail(c, "inodes with new times will never be written");
}

void check_writeback(struct check *c)
{
	struct machine *m = c->m;
	const struct blk_state *s = &m->blk;
	struct flight f = { .c = c, .seen = calloc(m->max_pfn, 1) };

	if (!f.seen) {
		check_fail(c, "the host is out of memory");
		return;
	}
	check_list(&f, &s->waiting[BIO_READ]);
	check_list(&f, &s->waiting[BIO_WRITE]);
	f.over = true;
	check_list(&f, &s->done);
	f.over = false;
	check_stat(c, BIO_READ, PGPGIN);
	check_stat(c, BIO_WRITE, PGPGOUT);
	if (s->active)
		check_bio(&f, s->active);
	else if (s->waiting[BIO_READ].head || s->waiting[BIO_WRITE].head)
		check_fail(c, "I/O waits, but the disk is idle");
	if ((s->active || s->done.head) && !event_pending(m, EVENT_IO_DONE, 0))
		check_fail(c, "I/O is under way, but nothing will tell of its end");
	check_equal(c, "bios", (s64)f.bios, s->bios.nr_live);
	check_disks(&f);
	if (s->used_pages > s->total_pages)
		check_fail(c, "the disk holds more than it has room for");
	check_pages(&f);
	check_inodes(c);
	check_flusher(c);
	free(f.seen);
}
