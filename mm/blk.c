/*
 * blk.c - the simulated disk: a queue, a time line, and what follows when an I/O is over.
 *
 * The time line is brought up to date (disk_work()) whenever somebody looks: what was being served
 * is done at active_done, whenever that is noticed, and the next one began right then. A kernel
 * thread's batch runs ahead of the clock and is set back afterwards, so a submission may come from
 * a time later than the next one: a bio never begins before it was submitted.
 */
#include "mm/blk.h"

#include <errno.h>
#include <mman/writeback.h>

#define bio_at(m, h) ((struct bio *)(void *)(m)->blk.bios.base + (h))

_Static_assert(sizeof(struct bio) % 8 == 0, "the pool keeps them as an array");

int blk_init(struct machine *m)
{
	const struct machine_config *c = &m->config;
	u64 size = c->disk.size ? c->disk.size : DISK_SIZE_DEFAULT;
	u32 i;

	for (i = 0; i < c->nr_swap && !c->disk.size; i++)
		size += c->swap[i].size;
	m->blk.total_pages = size >> PAGE_SHIFT;
	blk_disk_init(m);
	blk_queue_init(m);
	return pool_init(&m->blk.bios, "bio", sizeof(struct bio), 1u << 22);
}

void blk_destroy(struct machine *m)
{
	pool_destroy(&m->blk.bios);
}

/* ---- lists ---- */

static void list_add_tail(struct machine *m, struct bio_list *l, handle_t h)
{
	bio_at(m, h)->next = 0;
	if (l->tail)
		bio_at(m, l->tail)->next = h;
	else
		l->head = h;
	l->tail = h;
	l->nr++;
	l->time += bio_at(m, h)->time;
}

static handle_t list_take(struct machine *m, struct bio_list *l)
{
	handle_t h = l->head;

	if (!h)
		return 0;
	l->head = bio_at(m, h)->next;
	if (!l->head)
		l->tail = 0;
	l->nr--;
	l->time -= bio_at(m, h)->time;
	return h;
}

/* ---- the disk at work ---- */

static u64 transfer_time(const struct machine *m, enum bio_op op, u32 nr, bool seek)
{
	return (u64)nr * (op == BIO_READ ? m->cost.disk_page_read : m->cost.disk_page_write) +
	       (seek ? m->cost.disk_seek : 0);
}

/* Both wait. Reads first, but no write is passed over for ever; or whoever came first. */
static bool write_is_next(struct machine *m, const struct bio *read, struct bio *write)
{
	const struct blk_queue *q = &m->blk.queue;

	if (q->scheduler == SCHEDULER_NONE)
		return (s32)(write->order - read->order) < 0;
	return write->passed++ >= (u32)q->iosched[IOSCHED_WRITES_STARVED];
}

static handle_t take_next(struct machine *m)
{
	struct bio_list *reads = &m->blk.waiting[BIO_READ], *writes = &m->blk.waiting[BIO_WRITE];

	if (!reads->head)
		return list_take(m, writes);
	if (writes->head && write_is_next(m, bio_at(m, reads->head), bio_at(m, writes->head)))
		return list_take(m, writes);
	return list_take(m, reads);
}

/* The disk is free from @when on: begin with the next one. */
static void start_next(struct machine *m, u64 when)
{
	struct blk_state *s = &m->blk;
	struct bio *b;

	s->active = take_next(m);
	if (!s->active)
		return;
	b = bio_at(m, s->active);
	s->active_start = max_t(u64, when, b->submitted);
	if (unlikely(b->end == BIO_END_FLUSH)) {
		s->active_done = s->active_start + m->cost.disk_flush;
	} else {
		s->active_done = s->active_start +
				 transfer_time(m, (enum bio_op)b->op, b->nr, b->sector != s->head);
		s->head = b->sector + b->nr;
	}
	if (!s->event_set) {
		s->event_set = true;
		event_schedule(m, EVENT_IO_DONE, 0, s->active_done);
	}
}

/* A transfer that took the disk @served ns is over, @waited ns after it was submitted. */
static void count_transfer(struct blk_state *s, struct blk_disk *d, enum bio_op op, u32 nr,
			   u64 waited, u64 served)
{
	struct blk_stat *stat = &d->stat[op];

	if (unlikely(d->no_iostats)) {
		s->gone[op].pages += nr;
		return;
	}
	stat->ios++;
	stat->pages += nr;
	stat->ns += waited;
	d->busy_ns += served;
}

static void bio_served(struct blk_state *s, const struct bio *b)
{
	struct blk_disk *d = &s->disk[b->disk];

	count_transfer(s, d, (enum bio_op)b->op, b->nr, s->active_done - b->submitted,
		       s->active_done - s->active_start);
	/* a write without data, and the command itself: counted as both */
	if (unlikely(b->end == BIO_END_FLUSH) && !d->no_iostats) {
		d->flushes++;
		d->flush_ns += s->active_done - b->submitted;
	}
	d->in_flight[b->op]--;
}

u64 blk_busy_ns(const struct machine *m, u32 disk)
{
	const struct blk_state *s = &m->blk;
	bool active = s->active && bio_at(m, s->active)->disk == disk;
	u64 now = active ? min_t(u64, m->clock.now, s->active_done) : 0;

	return s->disk[disk].busy_ns + (now > s->active_start ? now - s->active_start : 0);
}

/* Up to the present: what is over waits on the list of those done. */
static void disk_work(struct machine *m)
{
	struct blk_state *s = &m->blk;

	while (s->active && s->active_done <= m->clock.now) {
		bio_served(s, bio_at(m, s->active));
		bio_at(m, s->active)->time = 0;
		list_add_tail(m, &s->done, s->active);
		start_next(m, s->active_done);
	}
}

/* ---- when it is over ---- */

static void end_read(struct machine *m, pfn_t pfn, bool failed)
{
	struct page *p = pfn_to_page(m, pfn);

	page_clear(p, PG_locked);
	page_set(p, failed ? PG_error : PG_uptodate);
}

static void bio_end(struct machine *m, handle_t h)
{
	struct bio *b = bio_at(m, h);
	u32 i;

	b->done = true;
	if (m->sysctl.laptop_mode)
		laptop_io_completion(m);
	m->blk.nr_writes_done += b->op == BIO_WRITE;
	if (b->failed)
		blk_log_error(m, BLK_LOG_REQUEST, (enum bio_op)b->op,
			      b->sector + (u32)__builtin_ctz(b->failed),
			      (u32)__builtin_popcount(b->failed));
	if (likely(b->end == BIO_END_WRITEBACK && !b->failed)) {
		end_pages_writeback(m, b->pfn, b->nr);
		goto out;
	}
	for (i = 0; i < b->nr && b->end != BIO_END_NONE; i++) {
		bool failed = b->failed >> i & 1;

		if (b->end == BIO_END_READ) {
			if (failed && page_test(pfn_to_page(m, b->pfn[i]), PG_swapcache))
				swap_read_failed(m, b->sector + i);
			end_read(m, b->pfn[i], failed);
			continue;
		}
		if (failed)
			writeback_failed(m, b->pfn[i], b->sector + i);
		end_page_writeback(m, b->pfn[i]);
	}
out:
	if (!b->waiters)
		pool_free(&m->blk.bios, h);
}

void blk_poll(struct machine *m)
{
	handle_t h;

	if (!m->blk.active && !m->blk.done.head)
		return;
	disk_work(m);
	while ((h = list_take(m, &m->blk.done)))
		bio_end(m, h);
}

void blk_done_event(struct machine *m)
{
	struct blk_state *s = &m->blk;

	s->event_set = false;
	blk_poll(m);
	if (s->active && !s->event_set) {
		s->event_set = true;
		event_schedule(m, EVENT_IO_DONE, 0, s->active_done);
	}
}

/* ---- submission ---- */

static inline bool can_merge(const struct machine *m, handle_t h, u64 sector, u32 nr,
			     enum bio_end end)
{
	const struct bio *b;

	if (!h)
		return false;
	b = bio_at(m, h);
	return b->end == end && b->sector + b->nr == sector &&
	       b->nr + nr <= m->blk.queue.merge_pages;
}

/* The bio that the pages join: the last one waiting, or a new one at the end. */
static handle_t bio_get(struct machine *m, enum bio_op op, u64 sector, u32 nr, enum bio_end end)
{
	struct blk_state *s = &m->blk;
	struct bio_list *l = &s->waiting[op];
	handle_t h = l->tail;
	struct bio *b;
	u64 time;

	if (nr && can_merge(m, h, sector, nr, end)) {
		time = transfer_time(m, op, nr, false);
		bio_at(m, h)->time += time;
		l->time += time;
		s->disk[bio_at(m, h)->disk].stat[op].merges++;
		return h;
	}
	/* the host is out of memory: one that is over frees its own */
	while (!(h = pool_alloc(&s->bios)))
		if (!blk_wait_next(m, true))
			return 0;
	b = bio_at(m, h);
	b->sector = sector;
	b->submitted = m->clock.now;
	b->order = ++s->nr_submitted;
	b->op = (u8)op;
	b->end = (u8)end;
	b->time = nr ? transfer_time(m, op, nr, true) : m->cost.disk_flush;
	b->disk = blk_disk_of(m, sector);
	s->disk[b->disk].in_flight[op]++;
	list_add_tail(m, l, h);
	s->nr_writes += op == BIO_WRITE;
	return h;
}

static void count_read(struct machine *m, u32 nr)
{
	count_vm_events(m, PGPGIN, (u64)nr * PAGE_KB);
	if (m->current)
		task_at(m, m->current)->io_read_bytes += (u64)nr << PAGE_SHIFT;
}

static handle_t submit(struct machine *m, enum bio_op op, u64 sector, u32 nr, const pfn_t *pfns,
		       enum bio_end end, u32 *first)
{
	handle_t h;
	struct bio *b;
	u32 i;

	disk_work(m);
	h = bio_get(m, op, sector, nr, end);
	if (!h)
		return 0;
	b = bio_at(m, h);
	*first = b->nr;
	for (i = 0; i < nr && pfns; i++)
		b->pfn[b->nr + i] = pfns[i];
	if (m->blk.nr_faults)
		b->failed |= blk_failing_pages(m, op, sector, nr) << b->nr;
	b->nr += nr;
	if (op == BIO_READ)
		count_read(m, nr);
	else
		count_vm_events(m, PGPGOUT, (u64)nr * PAGE_KB);
	if (!m->blk.active)
		start_next(m, m->clock.now);
	return h;
}

static u64 expected_end(const struct machine *m, enum bio_op op)
{
	const struct blk_state *s = &m->blk;
	u64 end = s->active ? max_t(u64, s->active_done, m->clock.now) : m->clock.now;

	if (op == BIO_WRITE || s->queue.scheduler == SCHEDULER_NONE)
		end += s->waiting[BIO_WRITE].time;
	return end + s->waiting[BIO_READ].time;
}

u64 blk_submit(struct machine *m, enum bio_op op, u64 sector, u32 nr, const pfn_t *pfns,
	       enum bio_end end)
{
	u32 n, first;

	for (; nr; nr -= n) {
		n = min_t(u32, nr, m->blk.queue.bio_pages);
		submit(m, op, sector, n, pfns, end, &first);
		sector += n;
		if (pfns)
			pfns += n;
	}
	return expected_end(m, op);
}

/* Reclaim's pages come one by one, and nearly all have neighbouring places. */
void blk_write_page(struct machine *m, u64 sector, pfn_t pfn)
{
	struct blk_state *s = &m->blk;
	struct bio_list *l = &s->waiting[BIO_WRITE];
	struct bio *b;

	disk_work(m);
	if (unlikely(s->nr_faults || !can_merge(m, l->tail, sector, 1, BIO_END_WRITEBACK))) {
		blk_submit(m, BIO_WRITE, sector, 1, &pfn, BIO_END_WRITEBACK);
		return;
	}
	/* as one waits, the disk is busy: there is nothing to begin */
	b = bio_at(m, l->tail);
	b->pfn[b->nr++] = pfn;
	b->time += m->cost.disk_page_write;
	l->time += m->cost.disk_page_write;
	s->disk[b->disk].stat[BIO_WRITE].merges++;
	count_vm_events(m, PGPGOUT, PAGE_KB);
}

/* As many as fit join the last one waiting, the others are one of their own. Each page counts as if
 * it had come alone, and joined those before it. */
void blk_write_pages(struct machine *m, u64 sector, const pfn_t *pfn, u32 nr)
{
	struct bio_list *l = &m->blk.waiting[BIO_WRITE];
	u32 room = 0, i;

	if (unlikely(m->blk.queue.merge_pages < BIO_PAGES)) {
		for (i = 0; i < nr; i++)
			blk_write_page(m, sector + i, pfn[i]);
		return;
	}
	disk_work(m);
	if (can_merge(m, l->tail, sector, 1, BIO_END_WRITEBACK))
		room = min_t(u32, BIO_PAGES - bio_at(m, l->tail)->nr, nr);
	if (room)
		blk_submit(m, BIO_WRITE, sector, room, pfn, BIO_END_WRITEBACK);
	if (room < nr)
		blk_submit(m, BIO_WRITE, sector + room, nr - room, pfn + room, BIO_END_WRITEBACK);
	m->blk.disk[blk_disk_of(m, sector)].stat[BIO_WRITE].merges +=
		nr - (room != 0) - (room < nr);
}

bool blk_congested(const struct machine *m)
{
	return m->blk.waiting[BIO_WRITE].nr > m->blk.queue.nr_requests;
}

/* ---- waiting ---- */

/* Others had @others of the time since @start: they ran meanwhile, and have counted it. @stalls: see
 * psi_stalls(). */
static inline void account_wait(struct machine *m, u64 start, u64 others, u32 stalls)
{
	u64 now = m->clock.now, ns = now > start + others ? now - start - others : 0, idle = ns;
	struct cpu_time *c;

	if (!ns)
		return;
	psi_stalls(m, stalls, start, now);
	c = pool_at(&m->tasks.cpu_times, m->cpu + 1);
	/* two that wait on one CPU make it idle once */
	if (unlikely(c->waited_until > start + others))
		idle = now > c->waited_until ? now - c->waited_until : 0;
	c->waited_until = max_t(u64, c->waited_until, now);
	c->iowait += idle;
	m->tasks.cpu_iowait_ns += idle;
	/* its own time it is not */
	if (m->current && m->running && m->running->task == m->current)
		m->running->started += ns;
}

void account_iowait(struct machine *m, u64 start)
{
	account_wait(m, start, 0, 1u << PSI_IO);
}

bool blk_wait_next(struct machine *m, bool stall)
{
	u64 start = m->clock.now;

	if (!m->blk.active && !m->blk.done.head)
		return false;
	if (!m->blk.done.head && m->clock.now < m->blk.active_done)
		m->clock.now = m->blk.active_done;
	blk_poll(m);
	if (stall)
		account_iowait(m, start);
	return true;
}

bool io_schedule_timeout(struct machine *m, u64 ns)
{
	const struct running *r = m->running;
	u64 start = m->clock.now, begun = r ? r->started : 0;
	bool go_on, task = r && r->task && r->task == m->current; /* a visitor is none */

	if (task)
		task_set_state(m, r->task, TASK_DISK);
	go_on = clock_sleep(m, ns);
	if (!r || !r->died)
		account_wait(m, start, r ? r->started - begun : 0, 1u << PSI_IO);
	if (task && !r->died && task_at(m, r->task)->state != TASK_STOPPED)
		task_set_state(m, r->task, TASK_RUNNING);
	return go_on;
}

bool blk_wait_sleeping(struct machine *m)
{
	bool go_on;

	blk_poll(m);
	if (!m->blk.active)
		return false;
	go_on = io_schedule_timeout(m, m->blk.active_done - m->clock.now);
	blk_poll(m);
	return go_on;
}

bool blk_wait_writes(struct machine *m)
{
	u64 until = m->blk.nr_writes;

	blk_poll(m);
	while (m->blk.nr_writes_done < until)
		if (!blk_wait_sleeping(m))
			return false;
	return true;
}

void wait_on_page_writeback(struct machine *m, pfn_t pfn)
{
	blk_poll(m);
	while (page_test(pfn_to_page(m, pfn), PG_writeback) && blk_wait_next(m, true))
		;
}

void wait_on_page_locked(struct machine *m, pfn_t pfn)
{
	const struct page *p = pfn_to_page(m, pfn);
	u64 start = m->clock.now;

	blk_poll(m);
	while (page_test(p, PG_locked) && blk_wait_next(m, true))
		;
	/* it was in use before it was evicted: with more memory there would have been no wait */
	if (page_test(p, PG_workingset))
		psi_stall(m, PSI_MEM, start, m->clock.now);
}

/* A disk with nothing else to do: the same as submit() and the wait for it, without a queue. */
static inline bool read_at_once(struct machine *m, u64 sector, u32 nr, bool thrashing)
{
	const u32 stalls = 1u << PSI_IO | (u32)thrashing << PSI_MEM;
	struct blk_state *s = &m->blk;
	u64 start = m->clock.now, ns;

	if (s->active || s->done.head || s->nr_faults)
		return false;
	ns = transfer_time(m, BIO_READ, nr, sector != s->head);
	count_transfer(s, &s->disk[blk_disk_of(m, sector)], BIO_READ, nr, ns, ns);
	s->head = sector + nr;
	count_read(m, nr);
	m->clock.now += ns;
	if (unlikely(m->sysctl.laptop_mode))
		laptop_io_completion(m);
	account_wait(m, start, 0, stalls);
	return true;
}

/* At most BIO_PAGES, and wait for it. */
static int transfer_one(struct machine *m, enum bio_op op, u64 sector, u32 nr)
{
	u32 first, failed;
	handle_t h;

	h = submit(m, op, sector, nr, NULL, BIO_END_NONE, &first);
	if (!h)
		return -EIO;
	bio_at(m, h)->waiters++;
	while (!bio_at(m, h)->done && blk_wait_next(m, true))
		;
	failed = bio_at(m, h)->failed & (u32)((((u64)1 << nr) - 1) << first);
	if (!--bio_at(m, h)->waiters)
		pool_free(&m->blk.bios, h);
	return failed ? -EIO : 0;
}

static __attribute__((noinline)) int read_in_turn(struct machine *m, u64 sector, u32 nr,
						  bool thrashing)
{
	u64 start;
	int error = 0;
	u32 n;

	for (; nr && !error; nr -= n, sector += n) {
		n = min_t(u32, nr, m->blk.queue.bio_pages);
		if (read_at_once(m, sector, n, thrashing))
			continue;
		start = m->clock.now;
		error = transfer_one(m, BIO_READ, sector, n);
		if (thrashing)
			psi_stall(m, PSI_MEM, start, m->clock.now);
	}
	return error;
}

int blk_read_back(struct machine *m, u64 sector, u32 nr, bool thrashing)
{
	if (likely(nr <= m->blk.queue.bio_pages && read_at_once(m, sector, nr, thrashing)))
		return 0;
	return read_in_turn(m, sector, nr, thrashing);
}

int blk_read(struct machine *m, u64 sector, u32 nr)
{
	return blk_read_back(m, sector, nr, false);
}

int blk_write(struct machine *m, u64 sector, u32 nr)
{
	int error = 0;
	u32 n;

	for (; nr && !error; nr -= n, sector += n) {
		n = min_t(u32, nr, m->blk.queue.bio_pages);
		error = transfer_one(m, BIO_WRITE, sector, n);
	}
	return error;
}

/* It waits behind the writes, has no data, and nothing joins it. */
int blk_issue_flush(struct machine *m, u32 disk)
{
	struct bio *b;
	handle_t h;
	u32 first;
	bool done;

	if (m->blk.disk[disk].write_through)
		return 0;
	h = submit(m, BIO_WRITE, m->blk.disk[disk].first, 0, NULL, BIO_END_FLUSH, &first);
	if (!h)
		return 0;
	b = bio_at(m, h);
	b->waiters++;
	while (!b->done && blk_wait_sleeping(m))
		b = bio_at(m, h);
	b = bio_at(m, h);
	done = b->done;
	/* who does not wait any more leaves it to its end */
	if (!--b->waiters && done)
		pool_free(&m->blk.bios, h);
	return done ? 0 : -EINTR;
}

/* ---- space ---- */

int blk_alloc_space(struct machine *m, u64 pages, u64 *sector)
{
	struct blk_state *s = &m->blk;

	if (pages > s->total_pages - s->used_pages)
		return -ENOSPC;
	s->used_pages += pages;
	if (sector) {
		*sector = s->next_sector;
		s->next_sector += pages;
	}
	return 0;
}

void blk_free_space(struct machine *m, u64 sector, u64 pages)
{
	m->blk.used_pages -= pages;
	/* those of a file stay as long as it does */
	if (pages && sector < FILE_SECTORS)
		blk_forget_faults(m, sector, sector + pages - 1);
}
