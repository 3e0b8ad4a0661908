/*
 * Slab caches: sizes, where objects go, what comes back.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "mm/page_alloc.h"
#include "tests/bare.h"
#include "tests/sound.h"
#include "tests/tap.h"

static struct kmem_cache *cache(struct machine *m, const char *name)
{
	handle_t h = kmem_cache_find(m, name);

	if (!h)
		bail_out("no cache %s", name);
	return kmem_cache_at(m, h);
}

/* objperslab and pagesperslab of /proc/slabinfo on guests with 1, 2 and 8 CPUs. */
static void test_sizes(void)
{
	static const struct {
		const char *name;
		u32 size, objects[3], pages[3];
	} rows[] = {
		{ "kmalloc-8", 8, { 512, 512, 512 }, { 1, 1, 1 } },
		{ "dentry", 192, { 21, 21, 21 }, { 1, 1, 1 } },
		{ "filp", 256, { 16, 16, 32 }, { 1, 1, 2 } },
		{ "mnt_cache", 320, { 12, 12, 25 }, { 1, 1, 2 } },
		{ "request_sock_TCP", 312, { 13, 13, 26 }, { 1, 1, 2 } },
		{ "radix_tree_node", 584, { 14, 14, 28 }, { 2, 2, 4 } },
		{ "inode_cache", 640, { 12, 12, 25 }, { 2, 2, 4 } },
		{ "proc_inode_cache", 712, { 11, 23, 23 }, { 2, 4, 4 } },
		{ "sock_inode_cache", 832, { 19, 19, 39 }, { 4, 4, 8 } },
		{ "kmalloc-1k", 1024, { 8, 16, 32 }, { 2, 4, 8 } },
		{ "ext4_inode_cache", 1192, { 13, 13, 27 }, { 4, 4, 8 } },
		{ "TCPv6", 2496, { 13, 13, 13 }, { 8, 8, 8 } },
		{ "names_cache", 4096, { 8, 8, 8 }, { 8, 8, 8 } },
		{ "net_namespace", 4480, { 7, 7, 7 }, { 8, 8, 8 } },
		{ "task_struct", 6208, { 5, 5, 5 }, { 8, 8, 8 } },
	};
	static const u32 cpus[3] = { 1, 2, 8 };
	char text[64];
	u32 i, row;

	for (i = 0; i < 3; i++) {
		struct machine *m;
		u32 wrong = 0;

		snprintf(text, sizeof(text), "[machine]\ncpus = %u\nmemory = 512M\n", cpus[i]);
		m = bare_machine(text);
		for (row = 0; row < ARRAY_SIZE(rows); row++) {
			const struct kmem_cache *c = cache(m, rows[row].name);

			if (c->size != rows[row].size || c->objects != rows[row].objects[i] ||
			    1u << c->order != rows[row].pages[i]) {
				wrong++;
				diag("%s: %u bytes, %u objects in %u pages", c->name, c->size,
				     c->objects, 1u << c->order);
			}
		}
		is_int(wrong, 0, "slab sizes with %u CPUs are those of a 6.1 kernel", cpus[i]);
		is_sound(m, "after boot");
		machine_destroy(m);
	}
}

static void test_names(struct machine *m)
{
	struct machine *large = bare_machine("hugetlb");

	is_int(cache(large, "task_struct")->objects, 3,
	       "a CPU with more registers makes larger tasks");
	machine_destroy(large);
	is_int(m->slab.caches.nr_live, 157, "as many caches as a guest's slabinfo had lines");
	is_str(kmem_cache_at(m, 1)->name, "kmem_cache", "the first cache is that of caches");
	ok(kmem_cache_find(m, "fs_cache") == kmem_cache_find(m, "anon_vma_chain"),
	   "caches of one size share their slabs under several names");
	is_str(cache(m, "fs_cache")->id, ":A-0000064", "in one directory");
	is_int(cache(m, "fs_cache")->nr_aliases, 3, "with three more names");
	is_int(kmem_cache_find(m, "no such cache"), 0, "an unknown name is no cache");
	is_str(kmem_cache_ctor(cache(m, "radix_tree_node")), "radix_tree_node_ctor+0x0/0x50",
	       "a constructor");
	is_str(kmem_cache_ctor(cache(m, "dentry")), "", "and none");
}

static void test_alloc_free(struct machine *m)
{
	handle_t h = kmem_cache_find(m, "ext4_inode_cache");
	struct kmem_cache *c = kmem_cache_at(m, h);
	s64 pages = m->vm_node_stat[NR_SLAB_RECLAIMABLE], free;
	u64 slabs = c->nr_slabs, objects = c->active_objects;

	drain_pages(m, -1);
	free = m->vm_zone_stat[NR_FREE_PAGES];
	is_err(kmem_cache_alloc(m, h, 13 * 100), 0, "a hundred slabs' worth of objects");
	is_int(c->active_objects - objects, 1300, "are counted");
	cmp_int(c->nr_slabs - slabs, >=, 99,
		"in a hundred slabs, less what was free in those there");
	cmp_int(c->nr_slabs - slabs, <=, 100, "and no more");
	is_int(m->vm_node_stat[NR_SLAB_RECLAIMABLE] - pages, 4 * (s64)(c->nr_slabs - slabs),
	       "of four pages each");
	is_int(c->nr_objects, 13 * c->nr_slabs, "capacity follows");
	drain_pages(m, -1);
	is_int(free - m->vm_zone_stat[NR_FREE_PAGES], 4 * (s64)(c->nr_slabs - slabs),
	       "taken from free memory");
	is_sound(m, "with many inodes");
	kmem_cache_free(m, h, 1300);
	is_int(c->active_objects, objects, "freed, they are gone");
	cmp_int(c->nr_slabs, <, slabs + 40,
		"and so are most slabs: the node and the CPU keep a few");
	is_sound(m, "after freeing");
	kmem_cache_shrink(m, h);
	cmp_int(c->nr_slabs, <=, slabs + 2, "shrinking takes the empty ones");
	is_sound(m, "after shrinking");
}

static void test_partial(struct machine *m)
{
	handle_t h = kmem_cache_find(m, "names_cache");
	struct kmem_cache *c = kmem_cache_at(m, h);
	u32 i;

	kmem_cache_shrink(m, h);
	for (i = 0; i < 800; i++)
		kmem_cache_alloc(m, h, 1);
	for (i = 0; i < 400; i++)
		kmem_cache_free(m, h, 1);
	cmp_int(c->nr_partial, >, 0, "single frees leave partial slabs");
	cmp_int(c->partial_free, >, 0, "with free objects");
	cmp_int(kmem_cache_slabinfo_active(c), <, c->nr_objects,
		"which slabinfo does not count as active");
	cmp_int(kmem_cache_slabinfo_active(c), >=, c->active_objects, "unlike those a CPU holds");
	is_sound(m, "with partial slabs");
	kmem_cache_free(m, h, 400);
	is_sound(m, "after the rest went");
}

static void test_no_memory(void)
{
	struct machine *m = bare_machine("tiny");
	handle_t h = kmem_cache_find(m, "dentry");
	struct kmem_cache *c = kmem_cache_at(m, h);
	u64 before = c->active_objects;

	while (alloc_pages(m, (GFP_KERNEL | __GFP_NOWARN) & ~__GFP_DIRECT_RECLAIM, 0,
			   NUMA_NO_NODE) != PFN_NONE)
		;
	is_err(kmem_cache_alloc(m, h, 1000000), -ENOMEM, "a million objects on a full machine");
	is_int(c->active_objects, before, "charge nothing when they fail");
	is_sound(m, "after a failed allocation");
	machine_destroy(m);
}

static void test_reclaim(struct machine *m)
{
	struct kmem_cache *c = cache(m, "dentry");
	s64 before = m->vm_node_stat[NR_SLAB_RECLAIMABLE], more;
	u64 objects = c->active_objects, scanned = m->vm_event[SLABS_SCANNED], freed;

	kmem_cache_alloc(m, kmem_cache_find(m, "dentry"), 21000);
	count_lab_objects(&m->slab, c, 21000); /* as `slab dentry +21000` notes it */
	more = m->vm_node_stat[NR_SLAB_RECLAIMABLE];
	cmp_int(more - before, >=, 990, "21,000 dentries are a thousand pages");
	freed = shrink_slab(m, 0, 3);
	cmp_int(c->lab_objects, <, 21000, "reclaim takes some of what nobody holds");
	is_int(m->vm_event[SLABS_SCANNED] - scanned, 21000 - c->lab_objects, "slabs_scanned");
	is_int(more - m->vm_node_stat[NR_SLAB_RECLAIMABLE], freed,
	       "and says how many pages that freed");
	cmp_int(freed, >, 0, "which is some");
	drop_slab(m);
	is_int(c->lab_objects, 0, "drop_caches takes all of it");
	is_int(c->active_objects, objects, "and nobody else's");
	is_sound(m, "after reclaim");
}

static void test_kmalloc(struct machine *m)
{
	s64 before = m->vm_node_stat[NR_SLAB_UNRECLAIMABLE];
	const struct kmalloc_device *d;

	is_err(kmalloc_device(m, "nic", 100000, GFP_DMA, NUMA_NO_NODE), 0, "100 kB for a device");
	d = pool_at(&m->slab.devices, m->slab.device_head);
	is_int(d->order, 5, "are 128 KiB");
	is_int(page_zone(m, pfn_to_page(m, d->pfn))->type, ZONE_DMA, "in the zone asked for");
	is_int(m->vm_node_stat[NR_SLAB_UNRECLAIMABLE] - before, 32, "counted as SUnreclaim");
	is_err(kmalloc_device(m, "nic", 4096, 0, NUMA_NO_NODE), -EEXIST, "a name is taken once");
	is_err(kmalloc_device(m, "big", 4 << 20, 0, NUMA_NO_NODE), 0,
	       "4 MiB are the largest block");
	is_err(kmalloc_device(m, "huge", (4 << 20) + 1, 0, NUMA_NO_NODE), -ENOMEM,
	       "a byte more is none");
	is_err(kmalloc_device(m, "zero", 0, 0, NUMA_NO_NODE), -EINVAL, "nothing is no size");
	is_err(kmalloc_device(m, "far", 4096, 0, 7), -EINVAL, "there is no node 7");
	is_int(m->slab.nr_devices, 2, "two blocks are held");
	is_sound(m, "with device memory");
	is_err(kfree_device(m, "nic"), 0, "freed");
	is_err(kfree_device(m, "nic"), -ENOENT, "once");
	is_err(kfree_device(m, "big"), 0, "and the other one");
	is_int(m->vm_node_stat[NR_SLAB_UNRECLAIMABLE], before, "and nothing is held any more");
	is_sound(m, "without device memory");
}

static void test_random(void)
{
	struct machine *m = bare_machine("two-node");
	static const enum kmem_cache_id ids[] = { CACHE_TASK_STRUCT, CACHE_VM_AREA, CACHE_DENTRY,
						  CACHE_FS };
	u32 held[4] = { 0 }, round, i, n;

	for (round = 0; round < 20000; round++) {
		i = (u32)machine_random_below(m, 4);
		m->cpu = (u32)machine_random_below(m, 2);
		n = 1 + (u32)machine_random_below(m, 20);
		if (machine_random_below(m, 100) < (round / 4000 % 2 ? 35 : 60)) {
			if (!kmem_charge(m, ids[i], n))
				held[i] += n;
		} else {
			n = min_t(u32, n, held[i]);
			kmem_uncharge(m, ids[i], n);
			held[i] -= n;
		}
	}
	is_sound(m, "after 20,000 random steps on two nodes");
	for (i = 0; i < 4; i++)
		kmem_uncharge(m, ids[i], held[i]);
	is_sound(m, "when all is freed");
	machine_destroy(m);
}

int main(void)
{
	struct machine *m;

	test_sizes();
	m = bare_machine("one-node");
	test_names(m);
	test_alloc_free(m);
	test_partial(m);
	test_reclaim(m);
	test_kmalloc(m);
	machine_destroy(m);
	test_no_memory();
	test_random();
	return done_testing();
}
