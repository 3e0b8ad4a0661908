/*
 * chardev.c - devices with memory of their own, which processes map: a frame buffer, a card's
 * registers.
 *
 * Such memory is a base address register's range in a window of the PCI host bridge, not RAM: its
 * frames have no struct page, count in no RSS and are never reclaimed. A device comes to be when it
 * is mapped for the first time and then stays, with the memory that was asked for, rounded up to a
 * power of two as all such registers' ranges are. All who map it see the same frames.
 * Source: Documentation/PCI/sysfs-pci.rst, proc(5) (iomem).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "mm/filemap.h"
#include "mm/vma.h"

#define DEVTMPFS_MINOR 5u
#define FOUR_GIB       (4ull << 30)

static bool is_window(const struct machine *m, const struct resource *r)
{
	return !r->depth && !strcmp(r->name, "PCI Bus 0000:00") && r->start >= 1ull << 20 &&
	       (m->config.arch == ARCH_X86_64 || r->end < FOUR_GIB);
}

/* The first place at or behind @from in the window that nothing in it has; the window's end + 1 or
 * more if there is none. */
static u64 free_place(const struct machine *m, const struct resource *window, u64 bytes)
{
	u64 at = (window->start + bytes - 1) & ~(bytes - 1);
	u32 i;

	for (i = 0; i < m->boot.nr_iomem; i++) {
		const struct resource *r = &m->boot.iomem[i];

		/* in order of address, so that one look at each is enough */
		if (r == window || r->depth > 1 || r->start < window->start ||
		    r->start > window->end)
			continue;
		if (r->start < at + bytes && r->end >= at)
			at = (r->end + bytes) & ~(bytes - 1);
	}
	return at;
}

static int claim(struct machine *m, const char *name, u64 start, u64 bytes)
{
	struct boot_info *info = &m->boot;
	struct resource *r;
	u32 i = 0;

	if (info->nr_iomem == MAX_RESOURCES)
		return -ENOSPC;
	while (i < info->nr_iomem && info->iomem[i].start <= start)
		i++;
	memmove(&info->iomem[i + 1], &info->iomem[i],
		(info->nr_iomem - i) * sizeof(info->iomem[0]));
	info->nr_iomem++;
	r = &info->iomem[i];
	*r = (struct resource){ .start = start, .end = start + bytes - 1, .depth = 1 };
	snprintf(r->name, sizeof(r->name), "%s", name);
	return 0;
}

static int find_room(struct machine *m, const char *name, u64 bytes, u64 *start)
{
	u32 i;

	for (i = 0; i < m->boot.nr_iomem; i++) {
		const struct resource *r = &m->boot.iomem[i];

		if (!is_window(m, r) || bytes > r->end - r->start + 1)
			continue;
		*start = free_place(m, r, bytes);
		if (*start + bytes - 1 <= r->end)
			return claim(m, name, *start, bytes);
	}
	return -ENOSPC;
}

static handle_t find_device(const struct machine *m, const char *path)
{
	handle_t h = m->mms.device_first;

	while (h && strcmp(inode_path(m, h), path) != 0)
		h = inode_at(m, h)->sibling_next;
	return h;
}

static int create_device(struct machine *m, const char *path, u64 bytes, handle_t *out)
{
	u64 next_ino = m->mms.next_ino, start;
	struct inode *i;
	handle_t h;
	int error;

	h = inode_new(m, INODE_DEVICE, bytes);
	if (!h)
		return -ENOMEM;
	m->mms.next_ino = next_ino; /* device nodes are on a file system of their own */
	i = inode_at(m, h);
	i->dev_major = 0;
	i->dev_minor = DEVTMPFS_MINOR;
	error = inode_set_name(m, i, path);
	if (!error)
		error = find_room(m, path + strlen("/dev/"), bytes, &start);
	if (error) {
		inode_put(m, h);
		return error;
	}
	i->ino = ++m->mms.nr_devices + 100;
	i->first_frame = start >> PAGE_SHIFT;
	i->sibling_next = m->mms.device_first;
	m->mms.device_first = h;
	*out = h;
	return 0;
}

void device_undo(struct machine *m, handle_t h)
{
	struct boot_info *info = &m->boot;
	u64 start = inode_at(m, h)->first_frame << PAGE_SHIFT;
	u32 i = 0;

	while (info->iomem[i].depth != 1 || info->iomem[i].start != start)
		i++;
	info->nr_iomem--;
	memmove(&info->iomem[i], &info->iomem[i + 1],
		(info->nr_iomem - i) * sizeof(info->iomem[0]));
	m->mms.device_first = inode_at(m, h)->sibling_next;
	m->mms.nr_devices--;
	inode_put(m, h);
}

int device_get(struct machine *m, const char *name, u64 bytes, handle_t *out)
{
	char path[DEVICE_NAME_MAX + sizeof("/dev/")];
	u64 room = PAGE_SIZE;

	if (!*name || strchr(name, '/') || !bytes)
		return -EINVAL;
	if (strlen(name) > DEVICE_NAME_MAX)
		return -ENAMETOOLONG;
	snprintf(path, sizeof(path), "/dev/%s", name);
	*out = find_device(m, path);
	if (*out)
		return PAGE_ALIGN(bytes) <= inode_at(m, *out)->size ? 0 : -EINVAL;
	while (room < bytes && room < 1ull << 62)
		room <<= 1;
	return create_device(m, path, room, out);
}

int remap_pfn_range(struct machine *m, handle_t vma)
{
	const struct vma *v = vma_at(m, vma);
	u64 first = inode_at(m, file_at(m, v->file)->inode)->first_frame + v->pgoff;
	u64 prot = vma_page_prot(m, v), vpn = addr_vpn(v->start), i, n = vma_pages(v);
	pte_t *pte;

	for (i = 0; i < n; i++) {
		pte = pte_alloc(m, v->mm, vpn + i);
		if (!pte)
			return -ENOMEM;
		*pte = pte_make((pfn_t)(first + i), PTE_PRESENT | PTE_SPECIAL | prot);
	}
	return 0;
}
