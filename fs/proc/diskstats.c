/*
 * /proc/diskstats, /proc/partitions: the disk and what it did.
 * Source: Documentation/admin-guide/iostats.rst.
 */
#include "fs/proc/proc.h"

int proc_diskstats_show(const struct request *rq, struct text *out)
{
	text_printf(out, "%4u %7u %s", DISK_MAJOR, 0, DISK_NAME);
	text_disk_stat(out, rq->m, 0);
	return 0;
}

/* Kept where sys/block/vda/stat finds it too; @width: least digits of a column. */
void text_disk_stat(struct text *out, const struct machine *m, int width)
{
	const struct blk_stat *r = &m->blk.stat[BIO_READ], *w = &m->blk.stat[BIO_WRITE];
	const u64 per_page = PAGE_SIZE / 512;
	/* nothing is discarded, and the disk keeps nothing back that would have to be flushed */
	const u64 columns[17] = { r->ios,
				  r->merges,
				  r->pages * per_page,
				  r->ns / NSEC_PER_MSEC,
				  w->ios,
				  w->merges,
				  w->pages * per_page,
				  w->ns / NSEC_PER_MSEC,
				  (u64)blk_in_flight(m, BIO_READ) + blk_in_flight(m, BIO_WRITE),
				  blk_busy_ns(m) / NSEC_PER_MSEC,
				  (r->ns + w->ns) / NSEC_PER_MSEC };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(columns); i++)
		text_printf(out, width && !i ? "%*llu" : " %*llu", width,
			    (unsigned long long)columns[i]);
	text_char(out, '\n');
}

int proc_partitions_show(const struct request *rq, struct text *out)
{
	text_str(out, "major minor  #blocks  name\n\n");
	text_printf(out, "%4u  %7u %10llu %s\n", DISK_MAJOR, 0,
		    (unsigned long long)K(rq->m->blk.total_pages), DISK_NAME);
	return 0;
}
