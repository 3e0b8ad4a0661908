/*
 * Mapped files: faults and read-ahead, dirty pages, truncation, and what the page cache keeps. The
 * steps and numbers are those of a 6.1 kernel's record on ext4.
 */
#include <errno.h>
#include <mman/namei.h>
#include <mman/writeback.h>
#include <mman/xarray.h>

#include "tests/mmtest.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define MIB	    256ull /* pages */
#define KB(bytes)   ((bytes) >> 10)
#define PSS_KB(pss) ((pss) >> 22)

static struct vma_stats smaps(struct mmtest *t, u64 addr)
{
	struct vma_stats s;

	vma_gather_stats(t->m, find_vma(t->m, mm_of(t), addr), &s);
	return s;
}

static u64 s, p; /* the two mappings of the file: shared, private */
static handle_t f;

static void test_cold(struct mmtest *t)
{
	struct mark at, d;

	inode_create(t->m, "/data/f", 8 << 20, INODE_REGULAR, &f);
	s = map_file(t, 0, 8 * MIB, "rw", MAPF_SHARED, f, 0);
	mark(t, &at);
	load(t, s, 8 * MIB);
	d = since(t, &at);
	is_uint(d.min_flt, 64, "a cold file of 2048 pages: 64 faults found their pages read ahead");
	is_uint(d.maj_flt, 65, "65 had to start the disk");
	is_uint(d.pgmajfault, 1, "but only the first found nothing at all");
	is_uint(d.pgfault, 129 + 65, "a fault that waited is made twice");
	is_uint(d.pgpgin, 8192, "kB read");
	is_int(d.file, 2048, "the file is cached");
	is_int(d.mapped, 2048, "and mapped");
	is_int(d.inactive_file, 2048, "on the inactive list: one use proves nothing");
	is_uint(KB(smaps(t, s).private_clean), 8192, "clean, and nobody else's");
	is_uint(KB(smaps(t, s).referenced), 8192,
		"pages mapped around a fault count as referenced");
	is_int(mm_at(t->m, mm_of(t))->rss[MM_FILEPAGES] >= 2048, 1, "RssFile");
}

static void test_private(struct mmtest *t)
{
	struct mark at, d;
	struct vma_stats st;

	mark(t, &at);
	p = map_file(t, 0, 8 * MIB, "rw", 0, f, 0);
	load(t, p, 8 * MIB);
	d = since(t, &at);
	is_uint(d.min_flt, 128, "a second mapping: sixteen pages a fault");
	is_uint(d.maj_flt, 0, "nothing is read");
	is_int(d.mapped, 0, "the pages were mapped already");
	st = smaps(t, p);
	is_uint(PSS_KB(st.pss), 4096, "they are shared by two");
	is_uint(KB(st.shared_clean), 8192, "all of them");

	mark(t, &at);
	store(t, p, 2 * MIB);
	d = since(t, &at);
	is_uint(d.min_flt, 512, "a private write faults");
	is_int(d.anon, 512, "and copies");
	is_int(d.dirty, 0, "it dirties nothing");
	st = smaps(t, p);
	is_uint(PSS_KB(st.pss), 5120, "Pss");
	is_uint(KB(st.shared_clean), 6144, "Shared_Clean");
	is_uint(KB(st.private_dirty), 2048, "Private_Dirty");
	is_uint(KB(st.anonymous), 2048, "Anonymous");
}

static void test_dirty(struct mmtest *t)
{
	struct mark at, d;
	struct vma_stats st;

	mark(t, &at);
	store(t, s, 4 * MIB);
	d = since(t, &at);
	is_uint(d.pgfault, 1024, "the first write to each page of a shared mapping faults");
	is_int(d.dirty, 1024, "so that it is counted as dirty");
	is_int(d.dirtied, 1024, "nr_dirtied");
	st = smaps(t, s);
	is_uint(PSS_KB(st.pss), 5120, "Pss");
	is_uint(PSS_KB(st.pss_dirty), 3072, "Pss_Dirty");
	is_uint(KB(st.shared_clean), 4096, "Shared_Clean");
	is_uint(KB(st.shared_dirty), 2048, "Shared_Dirty");
	is_uint(KB(st.private_dirty), 2048, "Private_Dirty");
	mark(t, &at);
	is_err(do_msync(t->m, t->task, s, 1 << 20, MSYNC_SYNC), 0, "msync of 1 MiB");
	d = since(t, &at);
	is_int(d.dirty, -256, "writes 256 pages");
	is_int(d.written, 256, "nr_written");
	mark(t, &at);
	store(t, s, 1 * MIB);
	d = since(t, &at);
	is_uint(d.pgfault, 256, "which fault again at the next write");
	is_int(d.dirty, 256, "and are dirty again");
	is_uint(filemap_fdatawrite(t->m, f, 0, UINT64_MAX), 1024, "fsync writes all that is dirty");
	is_int(t->m->vm_node_stat[NR_DIRTY], 0, "nothing is dirty then");
	is_int(t->m->vm_node_stat[NR_WRITEBACK], 1024, "but under way");
	is_err(filemap_fdatawait(t->m, f, 0, UINT64_MAX), 0, "until the disk has taken it");
	is_int(t->m->vm_node_stat[NR_WRITEBACK], 0, "all of it");
}

static void test_truncate(struct mmtest *t)
{
	struct mark at, d;
	struct running r;
	handle_t child;

	mark(t, &at);
	inode_truncate(t->m, f, 4 << 20);
	d = since(t, &at);
	is_int(d.file, -1024, "truncation drops the pages behind the end");
	is_int(d.mapped, -1024, "from every mapping");
	task_fork(t->m, t->task, &child);
	task_run_begin(t->m, &r, child);
	is_err(mm_access(t->m, child, s + (4 << 20), false), -EFAULT, "access behind the end");
	ok(!task_run_end(t->m, &r), "is SIGBUS");

	mark(t, &at);
	advise(t, s, 2 * MIB, "dontneed");
	d = since(t, &at);
	is_int(d.mapped, -512, "MADV_DONTNEED unmaps (the private mapping has copies of these)");
	is_int(d.file, 0, "and the cache keeps the pages");
	is_err(advise(t, s, 1 * MIB, "remove"), 0, "MADV_REMOVE");
	d = since(t, &at);
	is_int(d.file, -256 + 1, "punches a hole; the block of the inode comes in");
	ok(!inode_has_room(t->m, f, 0, 1), "whose room is free");
	is_err(advise(t, p, 1 * MIB, "remove"), -EACCES, "which a private mapping may not");
}

static void test_cache(struct mmtest *t)
{
	struct mark at, d;

	is_uint(invalidate_mapping_pages(t->m, f, 0, UINT64_MAX), 256,
		"pages that nobody maps are dropped");
	is_uint(invalidate_mapping_pages(t->m, f, 0, UINT64_MAX), 0, "mapped ones are not");
	unmap(t, s, 8 * MIB);
	unmap(t, p, 8 * MIB);
	mark(t, &at);
	is_uint(invalidate_mapping_pages(t->m, f, 0, UINT64_MAX), 512, "until their mappings end");
	filemap_get_page(t->m, f, 0, true);
	filemap_get_page(t->m, f, 1, true);
	page_set_dirty(t->m, filemap_get_page(t->m, f, 1, false));
	drop_pagecache(t->m);
	is_uint(inode_at(t->m, f)->nrpages, 1, "drop_caches leaves dirty pages");
	mark(t, &at);
	inode_unlink(t->m, f);
	d = since(t, &at);
	is_int(d.dirty, -1, "unlink drops those too");
	is_uint(inode_lookup(t->m, "/data/f"), 0, "and the name");
}

/* A file that was unlinked lives as long as it is mapped. */
static void test_unlinked(struct mmtest *t)
{
	s64 dirty = t->m->vm_node_stat[NR_DIRTY];
	handle_t g;
	u64 at;

	inode_create(t->m, "/data/g", 1 << 20, INODE_REGULAR, &g);
	at = map_file(t, 0, 256, "rw", MAPF_SHARED, g, 0);
	store(t, at, 16);
	inode_unlink(t->m, g);
	ok(inode_at(t->m, g)->deleted, "the file is deleted");
	is_err(store(t, at, 256), 0, "but its mapping works");
	is_sound(t->m, "with a deleted file mapped");
	unmap(t, at, 256);
	is_int(t->m->vm_node_stat[NR_DIRTY], dirty, "its end is the file's");
}

/* One page far inside a cold file: 32 are read around it, 16 mapped but for the marked one. */
static void test_read_around(struct mmtest *t)
{
	struct mark at, d;
	handle_t g;
	u64 m;

	inode_create(t->m, "/data/h", 32 << 20, INODE_REGULAR, &g);
	m = map_file(t, 0, 32 * MIB, "r", MAPF_SHARED, g, 0);
	mark(t, &at);
	load(t, m + (16 << 20), 1);
	d = since(t, &at);
	is_int(d.file, 32, "a fault in a cold file reads 128 KiB around");
	is_uint(d.pgpgin, 128, "kB");
	is_int(d.mapped, 15,
	       "and maps the 64 KiB of it, but not the page with the read-ahead mark");
	advise(t, m, 32 * MIB, "random");
	mark(t, &at);
	load(t, m + (8 << 20), 1);
	d = since(t, &at);
	is_int(d.file, 1, "MADV_RANDOM reads the page alone");
	advise(t, m, 32 * MIB, "willneed");
	is_uint(inode_at(t->m, g)->nrpages, 32 * MIB, "MADV_WILLNEED reads all of it");
	mark(t, &at);
	advise(t, m, 32 * MIB, "pageout");
	d = since(t, &at);
	is_int(d.file, -16, "MADV_PAGEOUT reclaims what is mapped here only");
	unmap(t, m, 32 * MIB);
}

int main(void)
{
	struct mmtest t;

	mmtest_open(&t, 256);
	test_cold(&t);
	test_private(&t);
	test_dirty(&t);
	test_truncate(&t);
	test_cache(&t);
	test_unlinked(&t);
	test_read_around(&t);
	mmtest_close(&t);
	return done_testing();
}
