/*
 * swapfile.c - which swap areas there are: on and off.
 */
#include "mm/swapfile.h"

#include <errno.h>
#include <mman/namei.h>
#include <stdio.h>
#include <string.h>

#include "mm/blk.h"
#include "mm/dcache.h"

static struct swap_area *area_free(struct machine *m)
{
	u32 i;

	for (i = 0; i < MAX_SWAPFILES; i++)
		if (!m->swap.area[i].in_use)
			return &m->swap.area[i];
	return NULL;
}

/* Automatic priorities count down from -2 in the order of swapon. */
static s32 next_priority(struct machine *m)
{
	if (!m->swap.least_priority)
		m->swap.least_priority = -1;
	return --m->swap.least_priority;
}

const char *swap_area_path(const struct machine *m, const struct swap_area *a)
{
	return a->inode ? inode_path(m, a->inode) : a->path;
}

const struct swap_area *swap_area_find(const struct machine *m, const char *path)
{
	u32 i;

	for (i = 0; i < MAX_SWAPFILES; i++) {
		const struct swap_area *a = &m->swap.area[i];

		if (a->in_use && !strcmp(swap_area_path(m, a), path))
			return a;
	}
	return NULL;
}

/* An area came or went. */
static void swap_changed(struct machine *m)
{
	m->swap.changes++;
	if (m->host.wake)
		m->host.wake(m, m->host.arg);
}

/* The disk that a partition is, "/dev/NAME"; vda is what a path of another kind lies on. */
static const char *disk_name(const char *path)
{
	return strncmp(path, "/dev/", strlen("/dev/")) ? "vda" : path + strlen("/dev/");
}

/* The room: a disk, a stretch of one, or the file's own. */
static int area_get_room(struct machine *m, struct swap_area *a)
{
	int error;

	if (!a->inode)
		return blk_disk_open(m, a->file ? "vda" : disk_name(a->path), a->pages + 1,
				     &a->sector);
	error = d_get(m, a->inode);
	if (error)
		return error;
	a->sector = blk_file_sector(a->inode, 0);
	inode_at(m, a->inode)->flags |= INODE_SWAPFILE;
	return 0;
}

static void area_put_room(struct machine *m, struct swap_area *a)
{
	if (!a->inode) {
		blk_disk_close(m, a->sector, a->pages + 1);
		return;
	}
	blk_forget_faults(m, a->sector, a->sector + a->pages);
	inode_at(m, a->inode)->flags &= (u16)~INODE_SWAPFILE;
	d_put(m, a->inode);
}

static int area_open(struct machine *m, const struct swap_area *wanted, u64 bytes)
{
	struct swap_area *a = area_free(m);
	const char *path;
	int error;

	if (!a)
		return -EPERM;
	*a = *wanted;
	a->pages = (bytes >> PAGE_SHIFT) - 1;
	error = area_get_room(m, a);
	if (error)
		return error;
	error = area_clusters_init(m, a);
	if (error) {
		area_put_room(m, a);
		return error;
	}
	a->prio = a->prio >= 0 ? a->prio : next_priority(m);
	a->in_use = a->writeok = true;
	a->rotational = m->blk.queue.rotational;
	m->swap.nr_rotate += a->rotational;
	m->swap.total_pages += a->pages;
	m->swap.turn = 0;
	path = swap_area_path(m, a);
	printk(m, 6, "Adding %lluk swap on %s.  Priority:%d extents:1 across:%lluk FS",
	       (unsigned long long)a->pages * 4, path, a->prio, (unsigned long long)a->pages * 4);
	swap_changed(m);
	return 0;
}

int swapon(struct machine *m, const char *path, u64 bytes, s32 prio, bool file)
{
	struct swap_area a = { .prio = prio, .file = file };

	if (strlen(path) >= SWAP_NAME_MAX)
		return -ENAMETOOLONG;
	if (prio < -1 || prio > SWAP_PRIO_MAX || bytes < 2 * PAGE_SIZE)
		return -EINVAL;
	if (swap_area_find(m, path))
		return -EBUSY;
	strcpy(a.path, path);
	return area_open(m, &a, bytes);
}

int swapon_file(struct machine *m, handle_t h, u64 bytes, s32 prio)
{
	struct swap_area a = { .prio = prio, .file = true, .inode = h };
	const struct inode *i = inode_at(m, h);
	u64 pages = bytes >> PAGE_SHIFT;

	if (i->kind != INODE_REGULAR || i->flags & INODE_FOREIGN)
		return -EINVAL;
	if (i->flags & INODE_SWAPFILE)
		return -EBUSY;
	if (prio < -1 || prio > SWAP_PRIO_MAX || pages < 2 || bytes > i->size)
		return -EINVAL;
	/* its blocks are written to behind the file system's back: each must have a place */
	if (!inode_has_room(m, h, 0, pages))
		return -EINVAL;
	return area_open(m, &a, bytes);
}

/* Those that came after an automatic one move up. */
static void close_gap(struct machine *m, s32 prio)
{
	u32 i;

	if (prio >= 0)
		return;
	for (i = 0; i < MAX_SWAPFILES; i++)
		if (m->swap.area[i].in_use && m->swap.area[i].prio < prio)
			m->swap.area[i].prio++;
	m->swap.least_priority++;
}

/* From now on it gives out nothing: what is free in it is no swap any more, nor what becomes
 * free. */
static void close_area(struct machine *m, struct swap_area *a)
{
	a->writeok = false;
	m->swap.turn = 0;
	m->swap.total_pages -= a->pages - a->used_pages;
}

static void reopen_area(struct machine *m, struct swap_area *a)
{
	a->writeok = true;
	m->swap.turn = 0;
	m->swap.total_pages += a->pages - a->used_pages;
}

int swapoff(struct machine *m, const char *path)
{
	const struct swap_area *found = swap_area_find(m, path);
	struct swap_area *a;
	int error;

	if (!found)
		return -EINVAL;
	a = &m->swap.area[found - m->swap.area];
	if (!a->writeok)
		return -EBUSY; /* another swapoff is at it */
	/* what lies in the area must fit into memory, by the rules of overcommit */
	error = vm_enough_memory(m, 0, (s64)a->pages, true);
	if (error)
		return error;
	vm_unacct_memory(m, (s64)a->pages);
	close_area(m, a);
	error = try_to_unuse(m, (u32)(a - m->swap.area));
	if (error) {
		reopen_area(m, a);
		return error;
	}
	area_clusters_free(m, a);
	a->in_use = false;
	m->swap.nr_rotate -= a->rotational;
	area_put_room(m, a);
	close_gap(m, a->prio);
	swap_changed(m);
	return 0;
}

static int pools_init(struct machine *m, struct swap_state *s)
{
	/* no object is number 0 */
	const u32 sections = (u32)(m->room_pfn >> PFN_SECTION_SHIFT) + 2;
	int error = pool_init(&s->clusters, "swap cluster", sizeof(struct swap_cluster),
			      SWAP_CLUSTERS_MAX);

	if (!error)
		error = pool_init(&s->slots, "swap slots", sizeof(struct swap_slots),
				  SWAP_CLUSTERS_MAX);
	if (!error)
		error = pool_init(&s->contents, "swap contents",
				  SWAP_CLUSTER_SLOTS * sizeof(handle_t), SWAP_CLUSTERS_MAX);
	if (!error)
		error = pool_init(&s->sections, "swap section", sizeof(struct swap_section),
				  sections);
	if (!error)
		error = pool_init(&s->swap_pages, "swap_page", PAGES_PER_SECTION * sizeof(u32),
				  sections);
	return error;
}

void swap_destroy(struct machine *m)
{
	struct swap_state *s = &m->swap;

	pool_destroy(&s->clusters);
	pool_destroy(&s->slots);
	pool_destroy(&s->contents);
	pool_destroy(&s->sections);
	pool_destroy(&s->swap_pages);
}

int swap_init(struct machine *m)
{
	int error = pools_init(m, &m->swap);
	u32 i;

	for (i = 0; i < m->config.nr_swap && !error; i++) {
		const struct swap_config *s = &m->config.swap[i];
		char path[SWAP_NAME_MAX];

		snprintf(path, sizeof(path), "%s%s", s->file ? "/" : "/dev/", s->name);
		error = swapon(m, path, s->size, s->prio, s->file);
		if (!error && !s->file)
			blk_disk_fix(m, s->name);
	}
	return error;
}
