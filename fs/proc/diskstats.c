/*
 * /proc/diskstats, /proc/partitions: the disks and what they did.
 * Source: Documentation/admin-guide/iostats.rst.
 */
#include "fs/proc/proc.h"

int proc_diskstats_show(const struct request *rq, struct text *out)
{
	const struct blk_state *s = &rq->m->blk;
	u32 i;

	for (i = 0; i < s->nr_disks; i++) {
		if (!s->disk[i].exists)
			continue;
		text_printf(out, "%4u %7u %s", DISK_MAJOR, i * DISK_MINORS, s->disk[i].name);
		text_disk_stat(out, rq->m, i, 0);
	}
	return 0;
}

/* Kept where sys/block/NAME/stat finds it too; @width: least digits of a column. */
void text_disk_stat(struct text *out, const struct machine *m, u32 disk, int width)
{
	const struct blk_disk *d = &m->blk.disk[disk];
	const struct blk_stat *r = &d->stat[BIO_READ], *w = &d->stat[BIO_WRITE];
	const u64 per_page = PAGE_SIZE / 512;
	/* nothing is discarded */
	const u64 columns[17] = { r->ios,
				  r->merges,
				  r->pages * per_page,
				  r->ns / NSEC_PER_MSEC,
				  w->ios,
				  w->merges,
				  w->pages * per_page,
				  w->ns / NSEC_PER_MSEC,
				  (u64)d->in_flight[BIO_READ] + d->in_flight[BIO_WRITE],
				  blk_busy_ns(m, disk) / NSEC_PER_MSEC,
				  (r->ns + w->ns + d->flush_ns) / NSEC_PER_MSEC,
				  [15] = d->flushes,
				  d->flush_ns / NSEC_PER_MSEC };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(columns); i++)
		text_printf(out, width && !i ? "%*llu" : " %*llu", width,
			    (unsigned long long)columns[i]);
	text_char(out, '\n');
}

int proc_partitions_show(const struct request *rq, struct text *out)
{
	const struct blk_state *s = &rq->m->blk;
	u32 i;

	text_str(out, "major minor  #blocks  name\n\n");
	for (i = 0; i < s->nr_disks; i++)
		if (s->disk[i].exists)
			text_printf(out, "%4u  %7u %10llu %s\n", DISK_MAJOR, i * DISK_MINORS,
				    (unsigned long long)K(blk_disk_pages(rq->m, i)),
				    s->disk[i].name);
	return 0;
}
