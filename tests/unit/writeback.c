/*
 * Writeback: when the flusher writes what, and how writers are held back. Each knob on its own.
 */
#include <errno.h>
#include <mman/writeback.h>
#include <string.h>

#include "tests/mmtest.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define SEC NSEC_PER_SEC
#define MIB 256ull /* pages */

static handle_t f;
static u64 at; /* where it is mapped */

static s64 nr_dirty(const struct mmtest *t)
{
	return t->m->vm_node_stat[NR_DIRTY];
}

static s64 nr_writeback(const struct mmtest *t)
{
	return t->m->vm_node_stat[NR_WRITEBACK];
}

static void later(struct mmtest *t, u64 ns)
{
	clock_advance_to(t->m, t->m->clock.now + ns);
}

static void settle(struct mmtest *t)
{
	u64 pages;

	ksys_sync(t->m, &pages);
	later(t, SEC);
}

/* Does the event stream hold this text? The last 200 records are looked at. */
static bool traced(const struct machine *m, const char *what)
{
	const struct log_ring *r = &m->trace;
	u64 seq = r->next_seq > 200 ? r->next_seq - 200 : 0, time;
	char text[LOG_LINE_MAX];
	int level;

	for (; log_read(r, &seq, &time, &level, text, sizeof(text)) >= 0; seq++)
		if (strstr(text, what))
			return true;
	return false;
}

static void test_expire(struct mmtest *t)
{
	u64 written;

	inode_create(t->m, "/f", 64 << 20, INODE_REGULAR, &f);
	at = map_file(t, 0, 64 * MIB, "rw", MAPF_SHARED, f, 0);
	settle(t);
	is_uint(t->m->clock.nr_events, 0, "a clean machine has nothing to do, and no timer");

	store(t, at, 100);
	is_int(nr_dirty(t), 100, "100 dirty pages");
	ok(t->m->wb.event_set, "wind the flusher's timer");
	later(t, 29 * SEC);
	is_int(nr_dirty(t), 100, "which writes nothing in 29 s");
	written = (u64)t->m->vm_node_stat[NR_WRITTEN];
	later(t, 7 * SEC);
	is_int(nr_dirty(t), 0, "and all once it is 30 s old, at the next look");
	is_int(t->m->vm_node_stat[NR_WRITTEN] - (s64)written, 100, "nr_written");
	ok(traced(t->m, "writeback_start bdi=254:0") && traced(t->m, "reason=periodic"),
	   "the event stream tells");
	ok(!t->m->wb.event_set, "and sleeps again");
	is_sound(t->m, "after a periodic writeback");
}

/* The age of an inode is that of its first dirty page. */
static void test_order(struct mmtest *t)
{
	handle_t g;
	u64 b;

	inode_create(t->m, "/g", 1 << 20, INODE_REGULAR, &g);
	b = map_file(t, 0, MIB, "rw", MAPF_SHARED, g, 0);
	store(t, at, 10);
	later(t, 20 * SEC);
	store(t, b, 5);
	store(t, at + (10 << PAGE_SHIFT), 10);
	later(t, 15 * SEC);
	is_int(nr_dirty(t), 5, "an old inode is written with its new pages, a young one is not");
	later(t, 20 * SEC);
	is_int(nr_dirty(t), 0, "until it is old");
	unmap(t, b, MIB);
	inode_unlink(t->m, g);
}

static void test_interval(struct mmtest *t)
{
	struct sysctl *s = &t->m->sysctl;

	s->dirty_expire_centisecs = 100;
	store(t, at, 10);
	later(t, 4 * SEC);
	is_int(nr_dirty(t), 10, "dirty_expire_centisecs: old enough, but the flusher sleeps");
	later(t, 2 * SEC);
	is_int(nr_dirty(t), 0, "for dirty_writeback_centisecs");
	s->dirty_writeback_centisecs = 0;
	store(t, at, 10);
	later(t, 1000 * SEC);
	is_int(nr_dirty(t), 10, "0: it never looks");
	ok(!t->m->wb.event_set, "there is no timer");
	s->dirty_writeback_centisecs = 100;
	dirty_writeback_interval_changed(t->m, 0);
	later(t, NSEC_PER_MSEC);
	is_int(nr_dirty(t), 0, "a new interval writes everything at once");
	s->dirty_writeback_centisecs = 500;
	s->dirty_expire_centisecs = 3000;
	settle(t);
}

static void test_background(struct mmtest *t)
{
	struct sysctl *s = &t->m->sysctl;
	u64 background, limit;

	s->dirty_background_bytes = 4 << 20;
	s->dirty_bytes = 64 << 20;
	global_dirty_limits(t->m, &background, &limit);
	is_uint(background, 4 * MIB, "dirty_background_bytes, pages");
	is_uint(limit, 16 * 1024, "dirty_bytes");
	store(t, at, 3 * MIB);
	later(t, SEC);
	is_int(nr_dirty(t), 3 * MIB, "below the background limit nothing is written early");
	store(t, at + (3 << 20), 5 * MIB);
	later(t, SEC);
	cmp_int(nr_dirty(t), <=, 4 * MIB,
		"above it the flusher starts, and stops when it is below");
	cmp_int(nr_dirty(t), >, 3 * MIB, "not at nothing");
	ok(traced(t->m, "for_background=1 reason=background"), "the event stream tells why");
	s->laptop_mode = 1000;
	settle(t);
	store(t, at, 8 * MIB);
	later(t, SEC);
	is_int(nr_dirty(t), 8 * MIB, "with laptop_mode it waits for the middle of the two limits");
	s->laptop_mode = 0;
	settle(t);
}

/* A writer against a slow disk: at its rate, and never above the limit. */
static void test_throttle(struct mmtest *t)
{
	struct sysctl *s = &t->m->sysctl;
	u64 start, pages, iowait = t->m->tasks.cpu_iowait_ns, most = 0, i;

	t->m->cost.disk_page_write = 100000; /* 10000 pages a second */
	s->dirty_background_bytes = 4 << 20;
	s->dirty_bytes = 8 << 20;
	settle(t);
	start = t->m->clock.now;
	store(t, at, 5 * MIB);
	cmp_int(t->m->clock.now - start, <, 100 * NSEC_PER_MSEC,
		"below the middle a writer is free");
	for (i = 0; i < 60; i++) {
		store(t, at + (i << 20), MIB);
		most = max_t(u64, most, (u64)(nr_dirty(t) + nr_writeback(t)));
	}
	pages = 60 * MIB;
	cmp_int(t->m->clock.now - start, >, (pages - 8 * MIB) * 100000 * 8 / 10,
		"60 MiB take as long as the disk needs");
	cmp_int(t->m->clock.now - start, <, pages * 100000 * 15 / 10, "and not much longer");
	cmp_int(most, <=, 8 * MIB + 64, "dirty memory stays below the limit: %llu pages",
		(unsigned long long)most);
	cmp_int(most, >=, 6 * MIB, "above the free run");
	cmp_int(t->m->tasks.cpu_iowait_ns - iowait, >, SEC, "the writer waited for I/O");
	ok(traced(t->m, "balance_dirty_pages bdi=254:0 limit=2048 setpoint=1792"),
	   "the event stream has the numbers");
	is_sound(t->m, "after a throttled writer");
	s->dirty_bytes = 64 << 20;
	start = t->m->clock.now;
	store(t, at, 2 * MIB);
	cmp_int(t->m->clock.now - start, <, 50 * NSEC_PER_MSEC, "a new limit holds at once");
	t->m->cost.disk_page_write = 8000;
	s->dirty_background_bytes = s->dirty_bytes = 0;
	settle(t);
}

/* Where a writer's dirty memory settles, in pages, with the disk's max_ratio at @percent. */
static u64 settles_at(struct mmtest *t, u32 percent)
{
	u64 sum = 0, i;

	t->m->knobs.bdi[0].max_ratio = percent;
	for (i = 0; i < 60; i++) {
		store(t, at + (i << 20), MIB);
		sum += i < 30 ? 0 : (u64)(nr_dirty(t) + nr_writeback(t));
	}
	settle(t);
	return sum / 30;
}

/*
 * The share of the limits that the disk may have. On 6.1, with limits of 16 and 64 MiB (middle:
 * 10240 pages), a writer settled at some 10,900 pages of 16,384 with max_ratio 10, 14,000 with 50,
 * 15,000 with 100; a tenth of the background limit started the flusher.
 */
static void test_ratio(struct mmtest *t)
{
	struct sysctl *s = &t->m->sysctl;
	u64 at10, at50, at100, background, limit;

	t->m->cost.disk_page_write = 100000;
	s->dirty_background_bytes = 4 << 20;
	s->dirty_bytes = 8 << 20;
	settle(t);
	global_dirty_limits(t->m, &background, &limit);
	at100 = settles_at(t, 100);
	at50 = settles_at(t, 50);
	at10 = settles_at(t, 10);
	cmp_int(at10, >=, 6 * MIB - 64, "max_ratio 10: still free up to the middle (%llu pages)",
		(unsigned long long)at10);
	cmp_int(at50, >, at10, "max_ratio 50: above that (%llu pages)", (unsigned long long)at50);
	cmp_int(at100, >, at50, "max_ratio 100: and above that (%llu pages)",
		(unsigned long long)at100);
	t->m->knobs.bdi[0].max_ratio = 10;
	is_uint(wb_calc_thresh(t->m, background), 102, "a tenth of the background limit");
	store(t, at, 101);
	ok(!wb_over_bg_thresh(t->m), "is kept to");
	store(t, at + 101 * PAGE_SIZE, 2);
	ok(wb_over_bg_thresh(t->m), "and starts the flusher");
	t->m->knobs.bdi[0].max_ratio = 100;
	t->m->knobs.bdi[1].min_ratio = 60;
	is_uint(wb_calc_thresh(t->m, 1000), 400, "what another disk is promised is not there");
	t->m->knobs.bdi[1].min_ratio = 0;
	t->m->knobs.bdi[0].min_ratio = 50;
	is_uint(wb_calc_thresh(t->m, 1000), 1000, "a promise to the only disk changes nothing");
	t->m->knobs.bdi[0].min_ratio = 0;
	t->m->cost.disk_page_write = 8000;
	s->dirty_background_bytes = s->dirty_bytes = 0;
	settle(t);
}

/* Who writes without being a simulated process: a visitor's dd. */
static void test_visitor(struct mmtest *t)
{
	struct running nobody = { .outer = t->m->running, .started = t->m->clock.now };
	struct sysctl *s = &t->m->sysctl;
	handle_t current = t->m->current, g;
	u64 start = t->m->clock.now, i;

	t->m->cost.disk_page_write = 100000;
	s->dirty_background_bytes = 4 << 20;
	s->dirty_bytes = 8 << 20;
	inode_create(t->m, "/v", 20 << 20, INODE_REGULAR, &g);
	t->m->running = &nobody;
	t->m->current = 0;
	for (i = 0; i < 20 * MIB; i++) {
		page_set_dirty(t->m, filemap_get_page(t->m, g, i, true));
		balance_dirty_pages_ratelimited(t->m, 1);
	}
	t->m->current = current;
	t->m->running = nobody.outer;
	cmp_int(t->m->clock.now - start, >, 10 * MIB * 100000, "a visitor is held back as well");
	cmp_int(nr_dirty(t) + nr_writeback(t), <=, 8 * MIB + 64, "below the limit");
	is_sound(t->m, "after a visitor wrote");
	inode_unlink(t->m, g);
	t->m->cost.disk_page_write = 8000;
	s->dirty_background_bytes = s->dirty_bytes = 0;
	settle(t);
}

static void test_stop(struct mmtest *t)
{
	struct sysctl *s = &t->m->sysctl;
	u64 start;

	t->m->cost.disk_page_write = 1000000;
	s->dirty_background_bytes = 4 << 20;
	s->dirty_bytes = 64 << 20;
	store(t, at, 20 * MIB);
	s->dirty_bytes = 8 << 20;
	start = t->m->clock.now;
	store(t, at + (20 << 20), 64);
	cmp_int(t->m->clock.now - start, >, 3 * SEC,
		"above a limit that was lowered a writer is stopped until enough is written");
	cmp_int(nr_dirty(t) + nr_writeback(t), <=, 8 * MIB, "and so it is");
	t->m->cost.disk_page_write = 8000;
	s->dirty_background_bytes = s->dirty_bytes = 0;
	settle(t);
}

static void test_laptop(struct mmtest *t)
{
	struct sysctl *s = &t->m->sysctl;

	s->dirty_writeback_centisecs = 0;
	s->laptop_mode = 5;
	store(t, at, 10);
	later(t, 100 * SEC);
	is_int(nr_dirty(t), 10, "laptop_mode: as long as the disk sleeps nothing is written");
	blk_read(t->m, 77, 1);
	later(t, 4 * SEC);
	is_int(nr_dirty(t), 10, "after a read");
	blk_read(t->m, 99, 1);
	later(t, 4 * SEC);
	is_int(nr_dirty(t), 10, "and another");
	later(t, 2 * SEC);
	is_int(nr_dirty(t), 0, "everything is, when 5 s have passed since");
	ok(traced(t->m, "reason=laptop_timer"), "the event stream tells why");
	s->laptop_mode = 0;
	s->dirty_writeback_centisecs = 500;
	later(t, 20 * SEC);
}

static void test_dirtytime(struct mmtest *t)
{
	struct sysctl *s = &t->m->sysctl;
	u64 out, i;

	settle(t);
	s->dirtytime_expire_seconds = 100;
	dirtytime_interval_changed(t->m);
	out = t->m->vm_event[PGPGOUT];
	mark_inode_dirty(t->m, f, I_DIRTY_TIME);
	is_uint(t->m->wb.list[WB_DIRTY_TIME].nr, 1, "an inode with nothing but new times");
	for (i = 0; i < 9; i++)
		later(t, 10 * SEC);
	is_uint(t->m->vm_event[PGPGOUT] - out, 0, "is not written in 90 s");
	later(t, 20 * SEC);
	is_uint(t->m->vm_event[PGPGOUT] - out, 4,
		"but after dirtytime_expire_seconds, in one page");
	is_uint(t->m->wb.list[WB_DIRTY_TIME].nr, 0, "and that was it");
	mark_inode_dirty(t->m, f, I_DIRTY_TIME);
	sync_inode_range(t->m, f, 0, UINT64_MAX, NULL);
	is_uint(t->m->wb.list[WB_DIRTY_TIME].nr, 0, "fsync writes it too");
	s->dirtytime_expire_seconds = 12 * 60 * 60;
	mark_inode_dirty(t->m, f, I_DIRTY_SYNC);
	later(t, 36 * SEC);
	is_uint(t->m->wb.list[WB_DIRTY].nr, 0, "a new size is written with what is 30 s old");
}

static void test_on_demand(struct mmtest *t)
{
	u64 pages;

	store(t, at, 300);
	is_err(do_msync(t->m, t->task, at, 100 << PAGE_SHIFT, MSYNC_SYNC), 0, "msync");
	ok(nr_dirty(t) == 200 && !nr_writeback(t), "writes its range and waits");
	is_err(ksys_sync(t->m, &pages), 0, "sync");
	is_uint(pages, 200, "writes the rest");
	ok(!nr_dirty(t) && !nr_writeback(t), "and waits");
	store(t, at, 300);
	wakeup_flusher_threads(t->m, WB_REASON_VMSCAN);
	is_int(nr_dirty(t), 300, "reclaim asks for writeback, and does not wait");
	later(t, NSEC_PER_MSEC);
	is_int(nr_dirty(t), 0, "all is under way");
	later(t, SEC);
	is_int(nr_writeback(t), 0, "and comes to its end");
}

/* Each combination of flags, of memory that is locked and that is not: as a 6.1 kernel answered. */
static void test_msync_flags(struct mmtest *t)
{
	static const struct {
		u32 flags;
		int result, locked;
		bool writes;
	} c[] = {
		{ 0, 0, 0, false },
		{ 1, 0, 0, false },
		{ 2, 0, -EBUSY, false },
		{ 3, 0, -EBUSY, false },
		{ 4, 0, 0, true },
		{ 5, -EINVAL, -EINVAL, false },
		{ 6, 0, -EBUSY, true },
		{ 7, -EINVAL, -EINVAL, false },
		{ 8, -EINVAL, -EINVAL, false },
		{ 16, -EINVAL, -EINVAL, false },
	};
	u32 i, lock;

	for (i = 0; i < 2 * ARRAY_SIZE(c); i++) {
		u32 at_row = i / 2;
		int want;

		lock = i % 2;
		want = lock ? c[at_row].locked : c[at_row].result;
		sync_inode_range(t->m, f, 0, UINT64_MAX, NULL);
		if (lock)
			do_mlock(t->m, t->task, at, 16 << PAGE_SHIFT, true, false);
		store(t, at, 16);
		is_err(do_msync(t->m, t->task, at, 16 << PAGE_SHIFT, c[at_row].flags), want,
		       "msync flags %u, %slocked", c[at_row].flags, lock ? "" : "not ");
		is_int(nr_dirty(t), c[at_row].writes && !want ? 0 : 16,
		       "pages that are dirty then");
		do_mlock(t->m, t->task, at, 16 << PAGE_SHIFT, false, false);
	}
	is_err(do_msync(t->m, t->task, at + 1, PAGE_SIZE, MSYNC_SYNC), -EINVAL, "not aligned");
	is_err(do_msync(t->m, t->task, at, 0, 8), -EINVAL, "flags are looked at first");
	is_err(do_msync(t->m, t->task, at, 0, MSYNC_SYNC), 0, "of nothing");
}

/* A background load that dirties faster than the disk writes pays for it by falling behind. */
static void test_load(struct mmtest *t)
{
	const struct access_spec spec = { .pattern = ACCESS_SEQ,
					  .write_percent = 100,
					  .count = 40000 };
	struct sysctl *s = &t->m->sysctl;
	u64 most = 0, begun;
	handle_t lab;
	int i;

	t->m->cost.disk_page_write = 100000;
	s->dirty_background_bytes = 4 << 20;
	s->dirty_bytes = 8 << 20;
	lab_adopt(t->m, t->task, "loader", &lab);
	lab_region_add(t->m, lab, "r", at, 64 << 20);
	begun = (u64)t->m->vm_node_stat[NR_DIRTIED];
	is_err(lab_load_start(t->m, lab, "r", &spec), 0, "a load of 40000 stores a second");
	for (i = 0; i < 20; i++) {
		later(t, SEC / 4);
		most = max_t(u64, most, (u64)(nr_dirty(t) + nr_writeback(t)));
	}
	cmp_int(most, <=, 8 * MIB + 256, "is held below the limit: %llu", (unsigned long long)most);
	cmp_int((u64)t->m->vm_node_stat[NR_DIRTIED] - begun, <, 80000,
		"to about what the disk does in 5 s");
	cmp_int((u64)t->m->vm_node_stat[NR_DIRTIED] - begun, >, 25000, "but not to nothing");
	lab_load_stop(t->m, lab, "r");
	t->m->cost.disk_page_write = 8000;
	s->dirty_background_bytes = s->dirty_bytes = 0;
	settle(t);
}

int main(void)
{
	struct mmtest t;

	mmtest_open(&t, 512);
	test_expire(&t);
	test_order(&t);
	test_interval(&t);
	test_background(&t);
	test_throttle(&t);
	test_ratio(&t);
	test_visitor(&t);
	test_stop(&t);
	test_laptop(&t);
	test_dirtytime(&t);
	test_on_demand(&t);
	test_msync_flags(&t);
	test_load(&t);
	mmtest_close(&t);
	return done_testing();
}
