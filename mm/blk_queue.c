/*
 * blk_queue.c - what can be set of the disks' queue (sys/block/NAME/queue).
 *
 * The disks are stretches of one drive (mm/blk_disk.c) and share its queue, so that a number
 * written for one of them is that of all.
 */
#include <mman/machine.h>

#define MAX_SECTORS_KB_DEFAULT 1280u

void blk_queue_changed(struct machine *m)
{
	struct blk_queue *q = &m->blk.queue;

	q->bio_pages = min_t(u32, BIO_PAGES, q->max_sectors_kb / PAGE_KB);
	q->merge_pages = q->nomerges == 2 ? 0 : q->bio_pages;
}

void blk_set_scheduler(struct machine *m, enum blk_scheduler scheduler)
{
	struct blk_queue *q = &m->blk.queue;

	if (q->scheduler == scheduler)
		return;
	q->scheduler = scheduler;
	q->nr_requests = m->config.disk.queue_depth;
	q->iosched[IOSCHED_ASYNC_DEPTH] = (s32)q->nr_requests;
	q->iosched[IOSCHED_FIFO_BATCH] = 16;
	q->iosched[IOSCHED_FRONT_MERGES] = 1;
	q->iosched[IOSCHED_PRIO_AGING_EXPIRE] = 10000;
	q->iosched[IOSCHED_READ_EXPIRE] = 500;
	q->iosched[IOSCHED_WRITE_EXPIRE] = 5000;
	q->iosched[IOSCHED_WRITES_STARVED] = WRITES_STARVED;
}

void blk_queue_init(struct machine *m)
{
	m->blk.queue = (struct blk_queue){ .max_sectors_kb = MAX_SECTORS_KB_DEFAULT,
					   .rotational = m->config.cost.disk_seek != 0,
					   .scheduler = SCHEDULER_NONE };
	blk_set_scheduler(m, MQ_DEADLINE);
	blk_queue_changed(m);
}
