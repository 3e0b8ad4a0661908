/*
 * swapfile.c - which swap areas there are: on and off.
 */
#include "mm/swapfile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

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

const struct swap_area *swap_area_find(const struct machine *m, const char *path)
{
	u32 i;

	for (i = 0; i < MAX_SWAPFILES; i++)
		if (m->swap.area[i].in_use && !strcmp(m->swap.area[i].path, path))
			return &m->swap.area[i];
	return NULL;
}

int swapon(struct machine *m, const char *path, u64 bytes, s32 prio, bool file)
{
	struct swap_area *a;
	int error;

	if (strlen(path) >= SWAP_NAME_MAX)
		return -ENAMETOOLONG;
	if (prio < -1 || prio > SWAP_PRIO_MAX || bytes < 2 * PAGE_SIZE)
		return -EINVAL;
	if (swap_area_find(m, path))
		return -EBUSY;
	a = area_free(m);
	if (!a)
		return -EPERM;
	memset(a, 0, sizeof(*a));
	a->pages = (bytes >> PAGE_SHIFT) - 1;
	error = blk_alloc_space(m, a->pages + 1, &a->sector);
	if (error)
		return error;
	error = area_clusters_init(m, a);
	if (error) {
		blk_free_space(m, a->sector, a->pages + 1);
		return error;
	}
	strcpy(a->path, path);
	a->prio = prio >= 0 ? prio : next_priority(m);
	a->file = file;
	a->in_use = a->writeok = true;
	m->swap.total_pages += a->pages;
	m->swap.turn = 0;
	printk(m, 6, "Adding %lluk swap on %s.  Priority:%d extents:1 across:%lluk FS",
	       (unsigned long long)a->pages * 4, path, a->prio, (unsigned long long)a->pages * 4);
	return 0;
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

/* From now on it gives out nothing: what is free in it is no swap any more, nor what becomes free. */
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
	blk_free_space(m, a->sector, a->pages + 1);
	a->in_use = false;
	close_gap(m, a->prio);
	return 0;
}

static int pools_init(struct machine *m, struct swap_state *s)
{
	/* no object is number 0 */
	const u32 sections = (u32)(m->room_pfn >> (SECTION_SHIFT - PAGE_SHIFT)) + 2;
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
		error = pool_init(&s->page_slots, "slots of pages", PAGES_PER_SECTION * sizeof(u32),
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
	pool_destroy(&s->page_slots);
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
	}
	return error;
}
