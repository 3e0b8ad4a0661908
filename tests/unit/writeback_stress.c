/*
 * Writeback under random work: stores to mapped files, fsync, msync, sync, truncation, deletion,
 * memory pressure, I/O errors, new knob values, time that passes. Every invariant after each step.
 */
#include <errno.h>
#include <mman/namei.h>
#include <mman/writeback.h>
#include <stdio.h>

#include "tests/draw.h"
#include "tests/mmtest.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define FILES 4u
#define PAGES 3000u
#define STEPS 1500u

static handle_t file[FILES];
static u64 at[FILES], seed;
static u32 born;

static u64 pick(u64 n)
{
	return draw(&seed, n);
}

static void make_file(struct mmtest *t, u32 i)
{
	char path[32];

	snprintf(path, sizeof(path), "/f%u", born++);
	if (inode_create(t->m, path, (u64)PAGES << PAGE_SHIFT, INODE_REGULAR, &file[i]))
		bail_out("cannot make a file");
	at[i] = map_file(t, 0, PAGES, "rw", MAPF_SHARED, file[i], 0);
}

static void step_store(struct mmtest *t, u32 i)
{
	u64 size = inode_at(t->m, file[i])->size >> PAGE_SHIFT, first, n;

	if (!size)
		return;
	first = pick(size);
	n = 1 + pick(800);
	n = min_t(u64, n, size - first);
	if (pick(4))
		store(t, at[i] + (first << PAGE_SHIFT), n);
	else
		load(t, at[i] + (first << PAGE_SHIFT), n);
}

/* Anonymous memory until reclaim has to find some. */
static void step_pressure(struct mmtest *t)
{
	u64 pages = (u64)t->m->vm_zone_stat[NR_FREE_PAGES] * (60 + pick(38)) / 100;
	u64 anon = map(t, 0, pages, "rw", 0);

	store(t, anon, pages);
	unmap(t, anon, pages);
}

static void step_knob(struct machine *m)
{
	struct sysctl *s = &m->sysctl;
	s32 old = s->dirty_writeback_centisecs;

	switch (pick(6)) {
	case 0:
		s->dirty_bytes = pick(2) ? (2 + pick(4000)) << PAGE_SHIFT : 0;
		break;
	case 1:
		s->dirty_background_bytes = pick(2) ? (1 + pick(4000)) << PAGE_SHIFT : 0;
		break;
	case 2:
		s->dirty_writeback_centisecs = (s32)pick(4) * 200;
		dirty_writeback_interval_changed(m, old);
		break;
	case 3:
		s->dirty_expire_centisecs = (s32)pick(4000);
		break;
	case 4:
		s->laptop_mode = pick(2) ? (s32)pick(20) : 0;
		break;
	default:
		s->dirtytime_expire_seconds = (s32)pick(200);
		dirtytime_interval_changed(m);
		break;
	}
}

static void step_queue(struct machine *m)
{
	static const u32 sizes[] = { 4, 8, 64, 128, 1280 };
	struct blk_queue *q = &m->blk.queue;

	switch (pick(5)) {
	case 0:
		q->max_sectors_kb = sizes[pick(ARRAY_SIZE(sizes))];
		blk_queue_changed(m);
		break;
	case 1:
		q->nomerges = (u32)pick(3);
		blk_queue_changed(m);
		break;
	case 2:
		q->nr_requests = 4 + (u32)pick(60);
		break;
	case 3:
		blk_set_scheduler(m, pick(2) ? MQ_DEADLINE : SCHEDULER_NONE);
		break;
	default:
		q->iosched[IOSCHED_WRITES_STARVED] = (s32)pick(4);
		break;
	}
	m->blk.disk[0].no_iostats = !pick(4);
	m->blk.disk[0].write_through = !pick(4);
}

/* Past the page cache, while pages of the range are dirty, mapped or on their way. */
static void step_direct(struct machine *m, handle_t inode)
{
	u64 pos = pick(PAGES * 8ull) * 512, size = pick(64) * 512;
	handle_t f;

	if (vfs_open(m, inode, &f))
		return;
	if (pick(2))
		generic_file_direct_read(m, f, pos, size);
	else
		generic_file_direct_write(m, inode, pos, size, NULL);
	vfs_close(m, f);
}

static void step_fault(struct machine *m)
{
	struct blk_fault rule = { .last = UINT64_MAX, .interval = 1, .times = 1 + pick(20) };

	if (!pick(3)) {
		rule.first = blk_file_sector(file[pick(FILES)], pick(PAGES));
		rule.last = rule.first + pick(8);
	}

	rule.probability = (u32)pick(101);
	rule.on[BIO_WRITE] = true;
	if (pick(3))
		blk_set_fault(m, &rule);
	else
		blk_clear_faults(m, 0, 0, UINT64_MAX);
}

static void step_time(struct machine *m)
{
	static const u64 lengths[] = { 10000, NSEC_PER_MSEC, 100 * NSEC_PER_MSEC,
				       7 * NSEC_PER_SEC };

	clock_advance_to(m, m->clock.now + lengths[pick(4)] * (1 + pick(3)));
}

static void step(struct mmtest *t)
{
	u32 i = (u32)pick(FILES);
	u64 pages, first = pick(PAGES);

	switch (pick(18)) {
	case 16:
		step_direct(t->m, file[i]);
		break;
	case 17:
		step_queue(t->m);
		break;
	case 0:
		sync_inode_range(t->m, file[i], first, first + pick(PAGES), NULL);
		break;
	case 1:
		inode_truncate(t->m, file[i], (u64)pick(PAGES + 1) << PAGE_SHIFT);
		break;
	case 2:
		inode_truncate(t->m, file[i], (u64)PAGES << PAGE_SHIFT);
		break;
	case 3:
		filemap_fdatawrite(t->m, file[i], first, first + pick(PAGES));
		break;
	case 4:
		if (!pick(8))
			ksys_sync(t->m, &pages);
		break;
	case 5:
		wakeup_flusher_threads(t->m, WB_REASON_VMSCAN);
		break;
	case 6:
		if (!pick(4))
			step_pressure(t);
		break;
	case 7:
		step_knob(t->m);
		break;
	case 8:
		step_fault(t->m);
		break;
	case 9:
		step_time(t->m);
		break;
	case 10:
		if (pick(4))
			break;
		inode_unlink(t->m, file[i]);
		unmap(t, at[i], PAGES);
		make_file(t, i);
		break;
	case 11:
		do_msync(t->m, t->task, at[i] + (first << PAGE_SHIFT), PAGE_SIZE, MSYNC_SYNC);
		break;
	case 12:
		invalidate_mapping_pages(t->m, file[i], first, UINT64_MAX);
		break;
	default:
		step_store(t, i);
		break;
	}
}

int main(void)
{
	struct mmtest t;
	u64 pages;
	u32 i;

	mmtest_open(&t, 128);
	t.m->cost.disk_page_write = 200000; /* so that something is always in flight */
	for (i = 0; i < FILES; i++)
		make_file(&t, i);
	for (i = 0; i < STEPS; i++) {
		step(&t);
		if (t.r.died || t.r.fatal_signal || count_violations(t.m, "step %u", i))
			break;
	}
	is_uint(i, STEPS, "random writeback keeps every invariant at each step");
	t.m->blk.disk[0].write_through = false;
	blk_clear_faults(t.m, 0, 0, UINT64_MAX);
	is_err(ksys_sync(t.m, &pages), 0, "sync at the end");
	ok(!t.m->vm_node_stat[NR_DIRTY] && !t.m->vm_node_stat[NR_WRITEBACK],
	   "leaves nothing dirty");
	is_uint(t.m->blk.bios.nr_live, 0, "and nothing in flight");
	mmtest_close(&t);
	return done_testing();
}
