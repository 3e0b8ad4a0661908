/*
 * page_writeback.c - dirty page cache: its limits, its counters, and its writing.
 *
 * The ratios are percent of dirtyable memory, counted in 4096ths and rounded down: 20 % is
 * 819/4096. The byte knobs, where set, stand for pages rounded up. A background limit that is not
 * below the other is half of it.
 * Source: Documentation/admin-guide/sysctl/vm.rst; the rounding is what a 6.1 kernel showed for a
 * series of dirty_ratio and dirty_background_ratio.
 */
#include <mman/machine.h>
#include <mman/writeback.h>

#include <errno.h>

#include "mm/filemap.h"
#include "mm/rmap.h"

#define RATIO_ONE 4096u

/* Page cache and free memory of highmem zones cannot hold buffers that the kernel writes. */
static u64 highmem_dirtyable(const struct machine *m)
{
	u64 pages = 0;
	u32 nid;

	if (!(m->zone_mask & 1u << ZONE_HIGHMEM))
		return 0;
	for (nid = 0; nid < m->nr_nodes; nid++) {
		const struct zone *z = &m->node[nid].zones[ZONE_HIGHMEM];
		u64 free = z->vm_stat[NR_FREE_PAGES] > 0 ? (u64)z->vm_stat[NR_FREE_PAGES] : 0;

		free -= min_t(u64, free, z->watermark[WMARK_HIGH]);
		pages += free +
			 (u64)(z->vm_stat[NR_ZONE_INACTIVE_FILE] + z->vm_stat[NR_ZONE_ACTIVE_FILE]);
	}
	return pages;
}

/* Pages that file data may dirty: free ones above the reserves, and the page cache that reclaim could have. */
static u64 global_dirtyable_memory(const struct machine *m)
{
	u64 pages = global_zone_page_state(m, NR_FREE_PAGES), reserve = 0;
	u32 nid;

	for (nid = 0; nid < m->nr_nodes; nid++)
		reserve += m->node[nid].totalreserve_pages;
	pages -= min_t(u64, pages, reserve);
	pages += global_node_page_state(m, NR_INACTIVE_FILE) +
		 global_node_page_state(m, NR_ACTIVE_FILE);
	pages -= min_t(u64, pages, highmem_dirtyable(m));
	return pages + 1; /* never 0 */
}

static u64 limit_pages(u64 bytes, s32 percent, u64 dirtyable)
{
	if (bytes)
		return (bytes + PAGE_SIZE - 1) / PAGE_SIZE;
	return (u64)percent * RATIO_ONE / 100 * dirtyable / RATIO_ONE;
}

void global_dirty_limits(const struct machine *m, u64 *background, u64 *limit)
{
	u64 dirtyable = global_dirtyable_memory(m);

	*limit = limit_pages(m->sysctl.dirty_bytes, m->sysctl.dirty_ratio, dirtyable);
	*background = limit_pages(m->sysctl.dirty_background_bytes,
				  m->sysctl.dirty_background_ratio, dirtyable);
	if (*background >= *limit)
		*background = *limit / 2;
}

u64 wb_calc_thresh(const struct machine *m, u64 limit)
{
	const struct bdi_knobs *own = &m->knobs.bdi[0];
	u32 i, others = 0;

	for (i = 1; i < MAX_BDIS; i++)
		others += m->knobs.bdi[i].min_ratio;
	return limit * min_t(u32, 100 - min_t(u32, others, 100), own->max_ratio) / 100;
}

/* ---- dirty and clean ---- */

/* Dirty pages of shared memory and anonymous ones only matter to swap: they are not counted. */
static inline bool accounts_dirty(const struct machine *m, const struct page *p)
{
	return page_mapping_type(p) == MAPPING_FILE &&
	       inode_at(m, page_mapping(p))->kind != INODE_SHMEM;
}

void page_set_dirty(struct machine *m, pfn_t pfn)
{
	struct page *p = pfn_to_page(m, pfn);
	struct inode *i;

	if (page_test(p, PG_dirty))
		return;
	page_set(p, PG_dirty);
	page_clear(p, PG_reclaim); /* it will not be free soon */
	lru_count_dirty(m, p, 1);
	if (!accounts_dirty(m, p))
		return;
	i = inode_at(m, page_mapping(p));
	/* what is written is written from buffers, which stay with the page */
	if (i->kind != INODE_HUGETLB)
		page_set(p, PG_private);
	xa_set_mark(m, &i->pages, page_index(p), XA_DIRTY);
	i->nrdirty++;
	/* a disk's own inode, of its device node, has no times on it */
	mark_inode_dirty(m, page_mapping(p), i->kind == INODE_DEVICE ? 0 : I_DIRTY_TIME);
	m->wb.fault_dirtied = true;
	mod_node_page_state(m, page_node(m, p), NR_DIRTY, 1);
	mod_zone_page_state(m, page_zone(m, p), NR_ZONE_WRITE_PENDING, 1);
	mod_node_page_state(m, page_node(m, p), NR_DIRTIED, 1);
	if (m->current)
		task_at(m, m->current)->io_write_bytes += PAGE_SIZE;
}

void clear_page_dirty(struct machine *m, pfn_t pfn)
{
	struct page *p = pfn_to_page(m, pfn);
	struct inode *i;

	if (!page_test(p, PG_dirty))
		return;
	page_clear(p, PG_dirty);
	lru_count_dirty(m, p, -1);
	if (!accounts_dirty(m, p))
		return;
	i = inode_at(m, page_mapping(p));
	xa_clear_mark(m, &i->pages, page_index(p), XA_DIRTY);
	i->nrdirty--;
	mod_node_page_state(m, page_node(m, p), NR_DIRTY, -1);
	mod_zone_page_state(m, page_zone(m, p), NR_ZONE_WRITE_PENDING, -1);
}

void cancel_page_dirty(struct machine *m, pfn_t pfn)
{
	if (m->current && accounts_dirty(m, pfn_to_page(m, pfn)))
		task_at(m, m->current)->io_cancelled_write_bytes += PAGE_SIZE;
	clear_page_dirty(m, pfn);
}

/* ---- under writeback ---- */

static inline void count_writeback(struct machine *m, struct page *p, s64 delta)
{
	mod_node_page_state(m, page_node(m, p), NR_WRITEBACK, delta);
	mod_zone_page_state(m, page_zone(m, p), NR_ZONE_WRITE_PENDING, delta);
}

void set_page_writeback(struct machine *m, pfn_t pfn)
{
	struct page *p = pfn_to_page(m, pfn);

	if (!page_test(p, PG_dirty))
		lru_count_dirty(m, p, 1);
	page_set(p, PG_writeback);
	count_writeback(m, p, 1);
	if (accounts_dirty(m, p))
		xa_set_mark(m, &inode_at(m, page_mapping(p))->pages, page_index(p), XA_WRITEBACK);
}

/* Of @nr pages of one zone. */
static void count_written(struct machine *m, struct zone *z, s64 nr)
{
	struct pglist_data *n = &m->node[z->nid];

	mod_node_page_state(m, n, NR_WRITEBACK, -nr);
	mod_zone_page_state(m, z, NR_ZONE_WRITE_PENDING, -nr);
	mod_node_page_state(m, n, NR_WRITTEN, nr);
}

void end_page_writeback(struct machine *m, pfn_t pfn)
{
	struct page *p = pfn_to_page(m, pfn);

	page_clear(p, PG_writeback);
	if (unlikely(!(p->flags & (PAGE_FLAG(dirty) | PAGE_FLAG(swapbacked)))))
		lru_count_dirty(m, p, -1);
	count_writeback(m, p, -1);
	mod_node_page_state(m, page_node(m, p), NR_WRITTEN, 1);
	if (accounts_dirty(m, p))
		xa_clear_mark(m, &inode_at(m, page_mapping(p))->pages, page_index(p), XA_WRITEBACK);
	rotate_reclaimable_page(m, pfn, p);
}

/*
 * The writes of pages that reclaim has put out are over: those from the first on that nobody wants
 * any more, of one zone, are clean now, and rotate_reclaimable_page() is left to do. Whole batches
 * are. Returns how many; 0: the first is something else.
 */
static u32 end_swap_writes(const struct machine *m, const pfn_t *pfns, u32 nr)
{
	const u32 goes = PAGE_FLAG(writeback) | PAGE_FLAG(reclaim);
	const u32 is = PAGE_FLAG(lru) | PAGE_FLAG(swapcache) | PAGE_FLAG(swapbacked) | goes;
	const u32 is_not = PAGE_FLAG(locked) | PAGE_FLAG(dirty) | PAGE_FLAG(active) |
			   PAGE_FLAG(unevictable);
	u32 place = page_place(pfn_to_page(m, pfns[0])), n;

	if (m->reclaim.node[pfn_to_page(m, pfns[0])->node].throttled)
		return 0;
	for (n = 0; n < nr; n++) {
		struct page *p = pfn_to_page(m, pfns[n]);

		if ((p->flags & (is | is_not)) != is || page_place(p) != place)
			break;
		p->flags &= ~goes;
	}
	return n;
}

void end_pages_writeback(struct machine *m, const pfn_t *pfns, u32 nr)
{
	u32 i, n;

	for (i = 0; i < nr; i += n) {
		struct page *p = pfn_to_page(m, pfns[i]);

		n = end_swap_writes(m, pfns + i, nr - i);
		if (unlikely(!n)) {
			end_page_writeback(m, pfns[i]);
			n = 1;
			continue;
		}
		pagevec_rotate(m, &page_node(m, p)->lruvec.lists[LRU_INACTIVE_ANON], pfns + i, n);
		count_written(m, page_zone(m, p), n);
		count_vm_events(m, PGROTATED, n);
	}
}

/*
 * What a swap area did not take stays in memory, dirty: it can be tried again. A file's page is
 * clean all the same, or it would be tried for ever; who asks whether the file is safe (fsync) is
 * told.
 */
void writeback_failed(struct machine *m, pfn_t pfn, u64 sector)
{
	struct page *p = pfn_to_page(m, pfn);

	page_set(p, PG_error);
	if (page_test(p, PG_swapcache)) {
		blk_log_error(m, BLK_LOG_SWAP, BIO_WRITE, sector, 1);
		page_set_dirty(m, pfn);
		return;
	}
	blk_log_error(m, BLK_LOG_BUFFER, BIO_WRITE, sector, 1);
	mapping_set_error(m, page_mapping(p));
}

/* ---- writing ---- */

/* Neighbours of a file on their way to the disk: one submission. */
struct write_batch {
	u64 sector;
	u32 nr;
	pfn_t pfn[BIO_PAGES];
};

static void batch_submit(struct machine *m, struct write_batch *b)
{
	if (b->nr)
		blk_submit(m, BIO_WRITE, b->sector, b->nr, b->pfn, BIO_END_WRITEBACK);
	b->nr = 0;
}

static void batch_add(struct machine *m, struct write_batch *b, u64 sector, pfn_t pfn)
{
	if (b->nr == BIO_PAGES || b->sector + b->nr != sector)
		batch_submit(m, b);
	if (!b->nr)
		b->sector = sector;
	b->pfn[b->nr++] = pfn;
}

/* Entries that map the page are write-protected first, so that the next store is noticed. */
static void write_page(struct machine *m, struct write_batch *b, handle_t inode, u64 index,
		       pfn_t pfn)
{
	page_mkclean(m, pfn);
	clear_page_dirty(m, pfn);
	page_clear(pfn_to_page(m, pfn), PG_error);
	set_page_writeback(m, pfn);
	batch_add(m, b, blk_file_sector(inode, index), pfn);
}

u64 write_cache_pages(struct machine *m, handle_t inode, u64 *first, u64 last, u64 nr, bool wait)
{
	struct write_batch b = { .nr = 0 };
	u64 written = 0;
	u32 pfn;

	while (written < nr &&
	       (pfn = xa_find_marked(m, inode_at(m, inode)->pages, first, last, XA_DIRTY))) {
		if (page_test(pfn_to_page(m, pfn), PG_writeback) && wait)
			wait_on_page_writeback(m, pfn);
		if (!page_test(pfn_to_page(m, pfn), PG_writeback)) {
			write_page(m, &b, inode, *first, pfn);
			written++;
		}
		if ((*first)++ == last)
			break;
	}
	batch_submit(m, &b);
	clock_charge(m, written * m->cost.scan_page);
	return written;
}

u64 filemap_fdatawrite(struct machine *m, handle_t inode, u64 first, u64 last)
{
	u64 written = 0, some;

	do {
		some = write_cache_pages(m, inode, &first, last, BATCH_PAGES, true);
		written += some;
	} while (some == BATCH_PAGES && first <= last && machine_safe_point(m));
	return written;
}

int filemap_fdatawait(struct machine *m, handle_t inode, u64 first, u64 last)
{
	u64 index;
	int error = 0;

	inode_get(m, inode);
	blk_poll(m);
	for (index = first;
	     xa_find_marked(m, inode_at(m, inode)->pages, &index, last, XA_WRITEBACK);
	     index = first)
		if (!blk_wait_sleeping(m)) {
			error = -EINTR;
			break;
		}
	inode_put(m, inode);
	return error;
}

/* ---- errors ---- */

#define WB_ERR_SEEN  1u
#define WB_ERR_COUNT 2u

/* Nobody knows of the one before: he will be told once of both. */
void mapping_set_error(struct machine *m, handle_t inode)
{
	struct inode *i = inode_at(m, inode);

	if (!i->wb_err || i->wb_err & WB_ERR_SEEN)
		i->wb_err = (i->wb_err & ~WB_ERR_SEEN) + WB_ERR_COUNT;
}

/* An error that nobody was told of is told to the next who opens the file, too. */
u32 wb_err_sample(const struct machine *m, handle_t inode)
{
	u32 err = inode_at(m, inode)->wb_err;

	return err & WB_ERR_SEEN ? err : 0;
}

int file_check_and_advance_wb_err(struct machine *m, handle_t file)
{
	struct file *f = file_at(m, file);
	struct inode *i = inode_at(m, f->inode);

	if (f->wb_err == i->wb_err)
		return 0;
	i->wb_err |= WB_ERR_SEEN;
	f->wb_err = i->wb_err;
	return -EIO;
}
