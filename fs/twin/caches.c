/*
 * caches.c - what is in memory besides processes: the rest of the page cache and of shared memory,
 * slab, and what the other kernel has for itself.
 *
 *	Buffers                     pages of a block device
 *	Cached - Shmem - mapped     one file, /pagecache: it stands in sim/disk, to be read or removed
 *	Shmem - mapped              one file on a tmpfs
 *	slabinfo, SReclaimable ...  objects that nobody holds
 *	MemFree                     the kernel takes the rest: no counter names it there either
 */
#include "fs/twin/furnish.h"

#include <stdlib.h>
#include <string.h>

#define PAGECACHE_NAME "/pagecache"
#define SHMEM_NAME     "/dev/shm/not mapped"
#define BLOCKDEV_NAME  "/dev/disk"
#define SLAB_BATCH     4096u

static u64 less(u64 a, u64 b)
{
	return a > b ? a - b : 0;
}

static u64 meminfo_pages(const struct twin *t, const char *key)
{
	struct slice text;

	capture_find(&t->c, &text, "/proc/meminfo");
	return slice_value(text, key, 0) / PAGE_KB;
}

/* The same of a node: "Node 0 FilePages:   1234 kB". The only one has what the machine has, as of the
 * same moment. */
static u64 node_pages(const struct twin *t, u32 nid, const char *key, const char *whole_key)
{
	struct slice text;
	char line[64];

	if (t->m->nr_nodes == 1)
		return meminfo_pages(t, whole_key);
	if (!capture_find(&t->c, &text, "/sys/devices/system/node/node%u/meminfo", nid))
		return 0;
	snprintf(line, sizeof(line), "Node %u %s", nid, key);
	return slice_value(text, line, 0) / PAGE_KB;
}

/* ---- page cache ---- */

/*
 * @pages more of @inode, where the nodes lack file pages: each node gets what the other machine's
 * has more, and what then remains goes wherever there is room.
 */
static void fill(struct twin *t, handle_t inode, u64 pages, u64 dirty)
{
	struct machine *m = t->m;
	u64 left = pages, n;
	u32 nid;

	for (nid = 0; nid < m->nr_nodes && left; nid++) {
		/* the swap cache is no part of Cached */
		u64 have = (u64)(m->node[nid].vm_stat[NR_FILE_PAGES] -
				 m->node[nid].vm_stat[NR_SWAPCACHED]);

		if (!m->node[nid].has_memory)
			continue;
		n = less(node_pages(t, nid, "FilePages:", "Cached:"), have);
		n = n < left ? n : left;
		n = twin_cache_fill(m, inode, n, dirty, (int)nid);
		dirty = less(dirty, n);
		left -= n;
	}
	left -= left ? twin_cache_fill(m, inode, left, dirty, NUMA_NO_NODE) : 0;
	t->cache_short += left;
}

static handle_t new_file(struct twin *t, const char *name, enum inode_kind kind)
{
	struct twin_file f = { .name = name, .kind = kind };

	return twin_file(t->m, &f);
}

static void fill_page_cache(struct twin *t)
{
	const s64 *stat = t->m->vm_node_stat;
	u64 shmem = meminfo_pages(t, "Shmem:"), buffers = meminfo_pages(t, "Buffers:");
	u64 cached = less(meminfo_pages(t, "Cached:"), shmem), have;
	u64 dirty = less(meminfo_pages(t, "Dirty:"), (u64)stat[NR_DIRTY]);
	handle_t inode;

	if (shmem > (u64)stat[NR_SHMEM] && (inode = new_file(t, SHMEM_NAME, INODE_SHMEM)))
		fill(t, inode, shmem - (u64)stat[NR_SHMEM], 0);
	if (buffers && (inode = new_file(t, BLOCKDEV_NAME, INODE_DEVICE)))
		fill(t, inode, buffers, 0);
	have = (u64)(stat[NR_FILE_PAGES] - stat[NR_SWAPCACHED] - stat[NR_SHMEM]) -
	       t->m->nr_blockdev_pages;
	t->cache_over = less(have, cached);
	if (!inode_create(t->m, PAGECACHE_NAME, 0, INODE_REGULAR, &inode))
		fill(t, inode, less(cached, have), dirty);
	else
		return;
	twin_hold_mapped(t, inode, less(meminfo_pages(t, "Mapped:"), (u64)stat[NR_MAPPED]));
}

/* What was put in place first is the oldest: programs and libraries before the rest of the
 * cache. */
static void activate(struct twin *t)
{
	struct machine *m = t->m;
	u32 nid;

	for (nid = 0; nid < m->nr_nodes; nid++) {
		const s64 *stat = m->node[nid].vm_stat;

		twin_activate(m, nid, false,
			      less(node_pages(t, nid, "Active(anon):", "Active(anon):"),
				   (u64)stat[NR_ACTIVE_ANON]));
		twin_activate(m, nid, true,
			      less(node_pages(t, nid, "Active(file):", "Active(file):"),
				   (u64)stat[NR_ACTIVE_FILE]));
	}
}

/* ---- slab ---- */

static u64 slab_pages(const struct machine *m, bool reclaimable)
{
	s64 n = m->vm_node_stat[reclaimable ? NR_SLAB_RECLAIMABLE : NR_SLAB_UNRECLAIMABLE];

	return n > 0 ? (u64)n : 0;
}

/* Up to @n objects, as long as slab of that kind stays below @limit pages and there is room. */
static void add_objects(struct machine *m, handle_t cache, u64 n, u64 limit)
{
	struct kmem_cache *c = kmem_cache_at(m, cache);
	bool reclaimable = c->flags & KC_RECLAIM;

	while (n && slab_pages(m, reclaimable) < limit && twin_room(m) > SLAB_BATCH) {
		/* never more slabs at once than are missing */
		u64 missing = limit - slab_pages(m, reclaimable), pages = (u64)1 << c->order;
		u64 batch = (missing + pages - 1) / pages * c->objects;

		batch = batch < n ? batch : n;
		batch = batch < SLAB_BATCH ? batch : SLAB_BATCH;
		if (kmem_cache_alloc(m, cache, (u32)batch))
			return;
		count_lab_objects(&m->slab, c, (s64)batch);
		n -= batch;
	}
}

/* A line of slabinfo: the caches that both kernels have become as full as the other's. */
static void fill_cache(struct machine *m, struct slice line, const u64 limit[2])
{
	struct slice name, active;
	char text[32];
	handle_t h;
	u64 n, have;

	if (!slice_word(&line, &name) || name.size >= sizeof(text) || !slice_word(&line, &active) ||
	    !slice_number(active, 10, &n))
		return;
	h = kmem_cache_find(m, slice_copy(name, text, sizeof(text)));
	if (!h)
		return;
	have = kmem_cache_slabinfo_active(kmem_cache_at(m, h));
	add_objects(m, h, less(n, have), limit[(kmem_cache_at(m, h)->flags & KC_RECLAIM) != 0]);
}

static void fill_slab(struct twin *t)
{
	static const char *const names[2][2] = { { "kmalloc-4k", "kmalloc-1k" },
						 { "dentry", "inode_cache" } };
	const u64 limit[2] = { meminfo_pages(t, "SUnreclaim:"), meminfo_pages(t, "SReclaimable:") };
	struct slice text, line;
	u32 kind, i;

	capture_find(&t->c, &text, "/proc/slabinfo");
	while (slice_line(&text, &line))
		fill_cache(t->m, line, limit);
	/* caches that only the other has, or all of them where slabinfo cannot be read */
	for (kind = 0; kind < 2; kind++)
		for (i = 0; i < ARRAY_SIZE(names[kind]); i++) {
			handle_t h = kmem_cache_find(t->m, names[kind][i]);

			if (h)
				add_objects(t->m, h, UINT64_MAX, limit[kind]);
		}
}

/* ---- the kernel's own ---- */

static void take_rest(struct twin *t)
{
	struct machine *m = t->m;
	u64 want = meminfo_pages(t, "MemFree:"), have, n, left;
	u32 nid;

	/* pages on the lists of CPUs are neither free nor used */
	drain_pages(m, -1);
	have = global_zone_page_state(m, NR_FREE_PAGES);
	left = less(have, want);
	t->free_short = less(want, have);
	for (nid = 0; nid < m->nr_nodes && left; nid++) {
		u64 node_free = 0;
		u32 z;

		for (z = 0; z < MAX_NR_ZONES; z++)
			node_free += (u64)m->node[nid].zones[z].vm_stat[NR_FREE_PAGES];
		n = less(node_free, node_pages(t, nid, "MemFree:", "MemFree:"));
		n = n < left ? n : left;
		n = n ? twin_take_kernel_pages(m, n, (int)nid) : 0;
		left -= n;
	}
	if (left)
		twin_take_kernel_pages(m, left, NUMA_NO_NODE);
	drain_pages(m, -1);
}

void twin_caches(struct twin *t)
{
	struct slice meminfo;

	/* nothing is known of them: what nobody has is free */
	if (!capture_find(&t->c, &meminfo, "/proc/meminfo"))
		return;
	/* slab last: the page cache has its index there */
	fill_page_cache(t);
	fill_slab(t);
	activate(t);
	take_rest(t);
}
