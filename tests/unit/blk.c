/*
 * The disk: what an I/O costs, in which order the queue is served, who waits, when it fails.
 */
#include <errno.h>
#include <mman/namei.h>
#include <mman/writeback.h>

#include "tests/mmtest.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define SEEK  80000ull /* ns */
#define READ  8000ull
#define WRITE 8000ull

static u64 iowait(const struct machine *m)
{
	return m->tasks.cpu_iowait_ns;
}

/* A file of @pages that are all in the cache. */
static handle_t cached_file(struct machine *m, const char *path, u64 pages)
{
	handle_t f;
	u64 i;

	inode_create(m, path, pages << PAGE_SHIFT, INODE_REGULAR, &f);
	for (i = 0; i < pages; i++)
		filemap_get_page(m, f, i, true);
	return f;
}

static void dirty(struct machine *m, handle_t f, u64 first, u64 nr)
{
	for (; nr--; first++)
		page_set_dirty(m, filemap_get_page(m, f, first, false));
}

static void test_read(struct mmtest *t)
{
	struct machine *m = t->m;
	u64 before = m->clock.now, waited = iowait(m), in = m->vm_event[PGPGIN];

	is_err(blk_read(m, 1000, 4), 0, "a read of 4 pages");
	is_uint(m->clock.now - before, SEEK + 4 * READ, "a seek, and 8 us for each");
	is_uint(m->vm_event[PGPGIN] - in, 16, "pgpgin, kB");
	is_uint(iowait(m) - waited, SEEK + 4 * READ, "the CPU waited for I/O");
	before = m->clock.now;
	blk_read(m, 1004, 1);
	is_uint(m->clock.now - before, READ, "the next page is under the head");
	before = m->clock.now;
	blk_read(m, 1004, 100);
	is_uint(m->clock.now - before, SEEK + 100 * READ, "a long read is one transfer");
	is_uint(m->blk.bios.nr_live, 0, "nothing is left of them");
	is_uint(m->clock.nr_events - event_pending(m, EVENT_KCOMPACTD, 0), m->blk.event_set ? 1 : 0,
		"and no event but one of the disk");
	clock_advance_to(m, m->clock.now + NSEC_PER_SEC);
	is_uint(m->clock.nr_events, 0, "an idle disk has none");
}

/* Writes wait in the queue while reads come. */
static void test_order(struct mmtest *t)
{
	struct machine *m = t->m;
	u64 start = m->clock.now, end;
	u32 i;

	blk_submit(m, BIO_WRITE, 5000, 32, NULL, BIO_END_NONE);
	end = blk_submit(m, BIO_WRITE, 5032, 32, NULL, BIO_END_NONE);
	is_uint(m->blk.waiting[BIO_WRITE].nr, 1, "the first is being served, the second waits");
	cmp_int(end - start, >=, SEEK + 64 * WRITE, "what it says of the end is no promise");
	is_err(blk_read(m, 9000, 1), 0, "a read");
	is_uint(m->clock.now - start, SEEK + 32 * WRITE + SEEK + READ,
		"comes after the one that is being served, before the one that waits");
	for (i = 0; i < WRITES_STARVED + 1; i++)
		blk_submit(m, BIO_READ, 20000 + 100 * i, 1, NULL, BIO_END_NONE);
	while (m->blk.waiting[BIO_WRITE].nr)
		blk_wait_next(m, false);
	cmp_int(m->blk.waiting[BIO_READ].nr, >=, 1, "but not all reads go before it");
	while (blk_wait_next(m, false))
		;
	ok(!m->blk.active, "then the disk is idle");
}

static void test_merge(struct mmtest *t)
{
	struct machine *m = t->m;
	u32 i;

	blk_submit(m, BIO_WRITE, 1, 1, NULL, BIO_END_NONE);
	for (i = 0; i < 40; i++)
		blk_submit(m, BIO_WRITE, 7000 + i, 1, NULL, BIO_END_NONE);
	is_uint(m->blk.waiting[BIO_WRITE].nr, 2, "40 pages in a row are two bios of at most 32");
	blk_submit(m, BIO_WRITE, 8000, 1, NULL, BIO_END_NONE);
	is_uint(m->blk.waiting[BIO_WRITE].nr, 3, "one elsewhere is its own");
	ok(!blk_congested(m), "the queue has room");
	for (i = 0; i < 40; i++)
		blk_submit(m, BIO_WRITE, 10000 + 2 * i, 1, NULL, BIO_END_NONE);
	ok(blk_congested(m), "until more than queue_depth wait");
	ok(blk_wait_writes(m), "who must know waits for all of them");
	is_uint(m->blk.bios.nr_live, 0, "the pool has them back");
}

static void test_writeback(struct mmtest *t)
{
	struct machine *m = t->m;
	handle_t f = cached_file(m, "/w", 64);
	struct mark at, d;
	u64 start;
	pfn_t pfn;

	clock_advance_to(m, m->clock.now + NSEC_PER_SEC);
	dirty(m, f, 0, 64);
	mark(t, &at);
	start = m->clock.now;
	is_uint(filemap_fdatawrite(m, f, 0, UINT64_MAX), 64, "64 pages are sent off");
	cmp_int(m->clock.now - start, <, WRITE, "which takes nearly no time");
	is_int(m->vm_node_stat[NR_WRITEBACK], 64, "they are under writeback");
	is_int(m->vm_node_stat[NR_DIRTY], 0, "and not dirty");
	is_int(m->vm_zone_stat[NR_ZONE_WRITE_PENDING], 64, "nr_zone_write_pending has both");
	is_sound(m, "with I/O under way");
	pfn = filemap_get_page(m, f, 0, false);
	page_set_dirty(m, pfn);
	ok(page_test(pfn_to_page(m, pfn), PG_writeback) && page_test(pfn_to_page(m, pfn), PG_dirty),
	   "a page can be dirty again while it is being written");
	is_uint(filemap_fdatawrite(m, f, 63, 63), 0, "what is under way is not sent again");
	clock_advance_to(m, start + SEEK + 32 * WRITE);
	is_int(m->vm_node_stat[NR_WRITEBACK], 32, "the first bio is over when the clock says so");
	clock_advance_to(m, start + SEEK + 64 * WRITE);
	is_int(m->vm_node_stat[NR_WRITEBACK], 0, "the second, without a seek, 32 pages later");
	d = since(t, &at);
	is_int(d.written, 64, "nr_written");
	is_int(m->vm_node_stat[NR_DIRTY], 1, "the page that was stored to is still dirty");
	filemap_fdatawrite(m, f, 0, 63);
	page_set_dirty(m, pfn);
	is_uint(filemap_fdatawrite(m, f, 0, 63), 1,
		"fsync waits for a page that it must send twice");
	inode_truncate(m, f, 0);
	is_int(m->vm_node_stat[NR_WRITEBACK], 0, "truncation waits for what is in flight");
	is_uint(inode_at(m, f)->nrpages, 0, "then the pages go");
	inode_unlink(m, f);
}

static void test_reads_of_pages(struct mmtest *t)
{
	struct machine *m = t->m;
	pfn_t pfn = alloc_pages(m, GFP_KERNEL, 0, NUMA_NO_NODE);
	struct page *p = pfn_to_page(m, pfn);

	page_set(p, PG_locked);
	blk_submit(m, BIO_READ, 30000, 1, &pfn, BIO_END_READ);
	is_sound(m, "with a page being read");
	wait_on_page_locked(m, pfn);
	ok(!page_test(p, PG_locked) && page_test(p, PG_uptodate), "a page that was read");
	p->flags = 0;
	free_pages(m, pfn, 0);
}

static u32 failures(struct machine *m, u32 tries)
{
	u32 n = 0;

	while (tries--)
		n += blk_read(m, 100, 1) != 0;
	return n;
}

static void test_faults(struct mmtest *t)
{
	struct machine *m = t->m;
	struct blk_fault f = {
		.last = UINT64_MAX, .probability = 100, .interval = 1, .times = 3, .on = { true }
	};
	u32 n;

	is_err(blk_set_fault(m, &f), 0, "reads fail");
	is_err(blk_read(m, 100, 1), -EIO, "EIO");
	is_uint(failures(m, 10), 2, "three times in all");
	f.times = BLK_FAULT_TIMES;
	f.interval = 5;
	blk_set_fault(m, &f);
	is_uint(m->blk.nr_faults, 1, "a new rule takes the place of the old");
	is_uint(failures(m, 20), 4, "every fifth");
	f.interval = 1;
	f.probability = 30;
	blk_set_fault(m, &f);
	n = failures(m, 1000);
	ok(n > 250 && n < 350, "30 percent of 1000: %u", n);
	f.first = 200;
	f.last = 300;
	f.probability = 100;
	blk_clear_faults(m, 0, 0, UINT64_MAX);
	blk_set_fault(m, &f);
	is_uint(failures(m, 5), 0, "elsewhere all is well");
	is_err(blk_read(m, 199, 2), -EIO, "where the transfer reaches into it it is not");
	blk_free_space(m, 200, 0);
	ok(blk_clear_faults(m, 0, 200, 300) && !blk_clear_faults(m, 0, 200, 300), "off, once");
}

static void test_write_errors(struct mmtest *t)
{
	struct machine *m = t->m;
	struct blk_fault f = { .last = UINT64_MAX,
			       .probability = 100,
			       .interval = 1,
			       .times = 1,
			       .on = { false, true } };
	handle_t i = cached_file(m, "/e", 4), one, two, late;
	u64 pages;

	vfs_open(m, i, &one);
	vfs_open(m, i, &two);

	dirty(m, i, 0, 4);
	blk_set_fault(m, &f);
	is_err(vfs_fsync_range(m, one, 0, UINT64_MAX, &pages), -EIO, "fsync tells of it");
	is_uint(pages, 4, "and of the pages");
	is_int(m->vm_node_stat[NR_DIRTY], 0, "they are not tried for ever");
	is_err(vfs_fsync_range(m, one, 0, UINT64_MAX, &pages), 0, "it is told once");
	vfs_open(m, i, &late);
	is_err(vfs_fsync_range(m, late, 0, UINT64_MAX, NULL), 0, "who came after that is not told");
	is_err(vfs_fsync_range(m, two, 0, UINT64_MAX, NULL), -EIO, "everybody who was there is");
	is_err(vfs_fsync_range(m, two, 0, UINT64_MAX, NULL), 0, "once");
	vfs_close(m, one);
	vfs_close(m, two);
	vfs_close(m, late);
	f.times = 2;
	blk_set_fault(m, &f);
	dirty(m, i, 0, 1);
	sync_inode_range(m, i, 0, UINT64_MAX, NULL);
	dirty(m, i, 0, 1);
	sync_inode_range(m, i, 0, UINT64_MAX, NULL);
	vfs_open(m, i, &late);
	is_err(vfs_fsync_range(m, late, 0, UINT64_MAX, NULL), -EIO,
	       "of what nobody heard the next one does");
	is_err(vfs_fsync_range(m, late, 0, UINT64_MAX, NULL), 0, "once for two");
	vfs_close(m, late);
	is_int(inode_at(m, i)->nrpages, 4, "the cache keeps the pages");
	blk_clear_faults(m, 0, 0, UINT64_MAX);
	inode_unlink(m, i);
}

static void test_space(struct mmtest *t)
{
	struct machine *m = t->m;
	u64 free = m->blk.total_pages - m->blk.used_pages, a, b;

	is_uint(m->blk.total_pages, (64ull << 30) >> PAGE_SHIFT, "64 GiB");
	is_err(blk_alloc_space(m, 100, &a), 0, "100 pages");
	is_err(blk_alloc_space(m, 100, &b), 0, "and 100 more");
	cmp_int(b, >=, a + 100, "lie elsewhere");
	is_err(blk_alloc_space(m, free, NULL), -ENOSPC, "there is no room for more than there is");
	is_err(blk_alloc_space(m, free - 200, NULL), 0, "exactly as much fits");
	is_err(blk_alloc_space(m, 1, NULL), -ENOSPC, "then it is full");
	blk_free_space(m, 0, free - 200);
	blk_free_space(m, a, 100);
	blk_free_space(m, b, 100);
	is_uint(m->blk.total_pages - m->blk.used_pages, free, "all is free again");
}

int main(void)
{
	struct mmtest t;

	mmtest_open(&t, 256);
	test_read(&t);
	test_order(&t);
	test_merge(&t);
	test_writeback(&t);
	test_reads_of_pages(&t);
	test_faults(&t);
	test_write_errors(&t);
	test_space(&t);
	mmtest_close(&t);
	return done_testing();
}
