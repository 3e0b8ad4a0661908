/*
 * blk_disk.c - the disks that the machine sees: vda with the files, and one for each swap partition.
 *
 * They lie on the one drive (mm/blk.c): a disk is a stretch of its sectors and what is counted of
 * it. swapon of a partition brings a disk of that name and size, swapoff takes it away. Those of
 * the machine file stay, with their room.
 */
#include <errno.h>
#include <string.h>

#include "mm/blk.h"

_Static_assert(BLK_DISKS_MAX == 1 + MAX_SWAPFILES + ARRAY_SIZE(((struct machine_config *)0)->swap),
	       "each has a place");
_Static_assert(MAX_BDIS == BLK_DISKS_MAX, "each has its knobs");

static struct blk_disk *disk_add(struct machine *m, const char *name)
{
	struct blk_state *s = &m->blk;
	u32 i = 0;

	while (s->disk[i].exists)
		i++;
	s->disk[i] = (struct blk_disk){ .exists = true,
					.diskseq = ++s->last_diskseq,
					.rq_affinity = 1,
					.io_poll_delay = -1,
					.wbt_lat_usec = WBT_LAT_USEC_DEFAULT };
	strcpy(s->disk[i].name, name);
	s->nr_disks = max_t(u32, s->nr_disks, i + 1);
	bdi_defaults(&m->knobs.bdi[i]);
	return &s->disk[i];
}

void blk_disk_init(struct machine *m)
{
	disk_add(m, "vda")->fixed = true;
}

u32 blk_disk_find(const struct machine *m, const char *name)
{
	const struct blk_state *s = &m->blk;
	u32 i;

	for (i = 0; i < s->nr_disks; i++)
		if (s->disk[i].exists && !strcmp(s->disk[i].name, name))
			return i;
	return BLK_DISKS_MAX;
}

u32 blk_disk_of(const struct machine *m, u64 sector)
{
	const struct blk_state *s = &m->blk;
	u32 i;

	for (i = sector < FILE_SECTORS ? s->nr_disks - 1 : 0; i; i--)
		if (sector - s->disk[i].first < s->disk[i].pages)
			return i;
	return 0;
}

/* Of vda, what the others leave. */
u64 blk_disk_pages(const struct machine *m, u32 disk)
{
	const struct blk_state *s = &m->blk;
	u64 pages = s->total_pages;
	u32 i;

	if (disk)
		return s->disk[disk].pages;
	for (i = 1; i < s->nr_disks; i++)
		pages -= s->disk[i].pages;
	return pages;
}

/* A disk that is there, and not in use, gets the size that is wanted. */
static int disk_resize(struct machine *m, struct blk_disk *d, u64 pages)
{
	u64 old = d->pages, first;
	int error;

	if (pages == old)
		return 0;
	m->blk.used_pages -= old;
	error = blk_alloc_space(m, pages, &first);
	if (error) {
		m->blk.used_pages += old;
		return error;
	}
	blk_forget_faults(m, d->first, d->first + old - 1);
	d->first = first;
	d->pages = pages;
	return 0;
}

int blk_disk_open(struct machine *m, const char *name, u64 pages, u64 *sector)
{
	struct blk_state *s = &m->blk;
	u32 i = blk_disk_find(m, name);
	struct blk_disk *d;
	int error;

	if (!i)
		return blk_alloc_space(m, pages, sector);
	if (i < BLK_DISKS_MAX) {
		d = &s->disk[i];
		error = d->in_use ? -EBUSY : disk_resize(m, d, pages);
		if (error)
			return error;
	} else {
		error = blk_alloc_space(m, pages, sector);
		if (error)
			return error;
		d = disk_add(m, name);
		d->first = *sector;
		d->pages = pages;
	}
	d->in_use = true;
	*sector = d->first;
	return 0;
}

/* Counters of the whole machine do not go back. */
static void disk_remove(struct machine *m, struct blk_disk *d)
{
	struct blk_state *s = &m->blk;
	u32 op;

	for (op = 0; op < NR_BIO_OPS; op++) {
		s->gone[op].ios += d->stat[op].ios;
		s->gone[op].merges += d->stat[op].merges;
		s->gone[op].pages += d->stat[op].pages;
		s->gone[op].ns += d->stat[op].ns;
	}
	blk_free_space(m, d->first, d->pages);
	*d = (struct blk_disk){ 0 };
	while (!s->disk[s->nr_disks - 1].exists)
		s->nr_disks--;
}

void blk_disk_close(struct machine *m, u64 sector, u64 pages)
{
	u32 i = blk_disk_of(m, sector);
	struct blk_disk *d = &m->blk.disk[i];

	if (!i) {
		blk_free_space(m, sector, pages);
		return;
	}
	/* read ahead, and nobody has asked for it */
	while (d->in_flight[BIO_READ] + d->in_flight[BIO_WRITE] && blk_wait_next(m, false))
		;
	d->in_use = false;
	if (d->fixed)
		blk_forget_faults(m, d->first, d->first + d->pages - 1);
	else
		disk_remove(m, d);
}

void blk_disk_fix(struct machine *m, const char *name)
{
	m->blk.disk[blk_disk_find(m, name)].fixed = true;
}

struct blk_stat blk_total(const struct machine *m, enum bio_op op)
{
	const struct blk_state *s = &m->blk;
	struct blk_stat sum = s->gone[op];
	u32 i;

	for (i = 0; i < s->nr_disks; i++) {
		sum.ios += s->disk[i].stat[op].ios;
		sum.merges += s->disk[i].stat[op].merges;
		sum.pages += s->disk[i].stat[op].pages;
		sum.ns += s->disk[i].stat[op].ns;
	}
	return sum;
}
