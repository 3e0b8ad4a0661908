/*
 * kmalloc.c - physically contiguous memory for a device: the laboratory's `kmalloc NAME SIZE`.
 *
 * As a driver's kmalloc() of more than 8 KiB: whole pages from the page allocator, counted as
 * SUnreclaim, until kfree. The largest is a block of the buddy allocator's highest order, 4 MiB.
 */
#include "mm/slab.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct kmalloc_device *device_at(const struct machine *m, handle_t h)
{
	return pool_at(&m->slab.devices, h);
}

static handle_t device_find(const struct machine *m, const char *name)
{
	handle_t h;

	for (h = m->slab.device_head; h; h = device_at(m, h)->next)
		if (!strcmp(device_at(m, h)->name, name))
			break;
	return h;
}

/* New devices go to the end: the list is in order of allocation. */
static void device_link(struct machine *m, handle_t h)
{
	handle_t *link = &m->slab.device_head, prev = 0;

	while (*link) {
		prev = *link;
		link = &device_at(m, prev)->next;
	}
	*link = h;
	device_at(m, h)->prev = prev;
	m->slab.nr_devices++;
}

static void device_unlink(struct machine *m, handle_t h)
{
	const struct kmalloc_device *d = device_at(m, h);

	if (d->prev)
		device_at(m, d->prev)->next = d->next;
	else
		m->slab.device_head = d->next;
	if (d->next)
		device_at(m, d->next)->prev = d->prev;
	m->slab.nr_devices--;
}

int kmalloc_device(struct machine *m, const char *name, u64 bytes, gfp_t gfp, int nid)
{
	struct kmalloc_device *d;
	u32 order = 0;
	handle_t h;

	if (!bytes || !name[0] || strlen(name) >= sizeof(d->name))
		return -EINVAL;
	if (nid >= 0 && ((u32)nid >= m->nr_nodes || !m->node[nid].online))
		return -EINVAL;
	if (device_find(m, name))
		return -EEXIST;
	while (order < MAX_ORDER && PAGE_SIZE << order < bytes)
		order++;
	if (order >= MAX_ORDER)
		return -ENOMEM;
	h = pool_alloc(&m->slab.devices);
	if (!h)
		return -ENOMEM;
	d = device_at(m, h);
	snprintf(d->name, sizeof(d->name), "%s", name);
	d->bytes = bytes;
	d->order = order;
	d->pfn = alloc_pages(m, gfp | GFP_KERNEL | __GFP_COMP, order, nid);
	if (d->pfn == PFN_NONE) {
		pool_free(&m->slab.devices, h);
		return -ENOMEM;
	}
	mod_slab_pages(m, pfn_to_page(m, d->pfn)->node, false, (s64)1 << order);
	device_link(m, h);
	return 0;
}

int kfree_device(struct machine *m, const char *name)
{
	handle_t h = device_find(m, name);
	const struct kmalloc_device *d;

	if (!h)
		return -ENOENT;
	d = device_at(m, h);
	mod_slab_pages(m, pfn_to_page(m, d->pfn)->node, false, -((s64)1 << d->order));
	free_pages(m, d->pfn, d->order);
	device_unlink(m, h);
	pool_free(&m->slab.devices, h);
	return 0;
}
