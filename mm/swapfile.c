/*
 * swapfile.c - which swap areas there are.
 */
#include <mman/machine.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct swap_area *area_find(struct machine *m, const char *path)
{
	u32 i;

	for (i = 0; i < MAX_SWAPFILES; i++)
		if (m->swap.area[i].in_use && !strcmp(m->swap.area[i].path, path))
			return &m->swap.area[i];
	return NULL;
}

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

int swapon(struct machine *m, const char *path, u64 bytes, s32 prio, bool file)
{
	struct swap_area *a;

	if (strlen(path) >= SWAP_NAME_MAX)
		return -ENAMETOOLONG;
	if (prio < -1 || prio > SWAP_PRIO_MAX || bytes < 2 * PAGE_SIZE)
		return -EINVAL;
	if (area_find(m, path))
		return -EBUSY;
	a = area_free(m);
	if (!a)
		return -EPERM;
	memset(a, 0, sizeof(*a));
	strcpy(a->path, path);
	a->pages = (bytes >> PAGE_SHIFT) - 1;
	a->prio = prio >= 0 ? prio : next_priority(m);
	a->file = file;
	a->in_use = true;
	m->swap.total_pages += a->pages;
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

int swapoff(struct machine *m, const char *path)
{
	struct swap_area *a = area_find(m, path);
	int error;

	if (!a)
		return -EINVAL;
	/* what lies in the area must fit into memory, by the rules of overcommit */
	error = vm_enough_memory(m, 0, (s64)a->pages, true);
	if (error)
		return error;
	vm_unacct_memory(m, (s64)a->pages);
	a->in_use = false;
	m->swap.total_pages -= a->pages;
	close_gap(m, a->prio);
	return 0;
}

int swap_init(struct machine *m)
{
	u32 i;

	for (i = 0; i < m->config.nr_swap; i++) {
		const struct swap_config *s = &m->config.swap[i];
		char path[SWAP_NAME_MAX];
		int error;

		snprintf(path, sizeof(path), "%s%s", s->file ? "/" : "/dev/", s->name);
		error = swapon(m, path, s->size, s->prio, s->file);
		if (error)
			return error;
	}
	return 0;
}
