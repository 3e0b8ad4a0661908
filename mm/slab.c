/*
 * slab.c - caches of kernel objects: slabs, per-CPU slabs, partial and full ones.
 *
 *	alloc   CPU's slab -> CPU's partial slabs -> the node's -> another node's -> a new slab
 *	free    to the slab that the object lies in:
 *	          the CPU's own    stays there
 *	          full             becomes one of the CPU's partial slabs; when it has too many of them,
 *	                           they go to the node
 *	          on the node      stays; if it is empty now and the node keeps min_partial others, its
 *	                           pages go back to the page allocator
 *
 * Objects are counted, not stored, so which slab a freed object lies in has to be assumed: of eight
 * objects freed, seven are young (the CPU's slab, then partial slabs, then the full slab that was
 * filled last), and one is as old as there is (the full slab that was filled first). So a process
 * that came and went leaves little behind, and a long mixed load leaves partial slabs.
 *
 * How many pages a slab has follows from the object's size and the number of CPUs, as on 6.1: at
 * least 4 * (bits of the CPU count + 1) objects if they fit into 32 KiB, in the smallest block that
 * wastes no more than a 16th; if there is none, an 8th, then a 4th; then with fewer objects.
 *
 * Source: Documentation/mm/slub.rst, ABI/testing/sysfs-kernel-slab; the sizes of all caches on
 * guests with 1, 2 and 8 CPUs.
 */
#include "mm/dcache.h"
#include "mm/page_alloc.h"
#include "mm/shrinker.h"
#include "mm/slab.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SLUB_MAX_ORDER	  3u
#define OLD_OBJECT_PERIOD 8 /* one of so many freed objects is an old one */

/* ---- sizes ---- */

static u32 order_objects(u32 order, u32 size)
{
	return ((u32)PAGE_SIZE << order) / size;
}

static u32 get_order(u64 bytes)
{
	u32 order = 0;

	while (PAGE_SIZE << order < bytes)
		order++;
	return order;
}

/* The smallest order for @objects that wastes at most 1 / @fraction; SLUB_MAX_ORDER + 1 if none
 * does. */
static u32 slab_order(u32 size, u32 objects, u32 fraction)
{
	u32 order = get_order((u64)objects * size);

	for (; order <= SLUB_MAX_ORDER; order++) {
		u32 bytes = (u32)PAGE_SIZE << order;

		if (bytes % size <= bytes / fraction)
			break;
	}
	return order;
}

static u32 calculate_order(u32 size, u32 nr_cpus)
{
	u32 bits = 32 - (u32)__builtin_clz(nr_cpus ? nr_cpus : 1), objects, fraction, order;

	objects = min_t(u32, 4 * (bits + 1), order_objects(SLUB_MAX_ORDER, size));
	for (; objects > 1; objects--)
		for (fraction = 16; fraction >= 4; fraction /= 2) {
			order = slab_order(size, objects, fraction);
			if (order <= SLUB_MAX_ORDER)
				return order;
		}
	return get_order(size);
}

static u32 cpu_partial_objects(u32 size)
{
	return size >= PAGE_SIZE ? 6 : size >= 1024 ? 24 : size >= 256 ? 52 : 120;
}

static u32 min_partial_slabs(u32 size)
{
	u32 half_log = (31 - (u32)__builtin_clz(size)) / 2;

	return half_log < 5 ? 5 : half_log > 10 ? 10 : half_log;
}

/* ---- one slab ---- */

static u32 slab_free_objects(const struct page *slab)
{
	return slab->index - slab->mapcount;
}

static struct kmem_cache_cpu *this_cpu(struct machine *m, const struct kmem_cache *c)
{
	return kmem_cache_cpu_of(&m->slab, c, m->cpu);
}

static struct kmem_cache_node *slab_node(struct machine *m, const struct kmem_cache *c, pfn_t pfn)
{
	return kmem_cache_node_of(&m->slab, c, pfn_to_page(m, pfn)->node);
}

/* Free objects on nodes' partial lists are what slabinfo takes for free. */
static void mod_partial_free(struct kmem_cache *c, struct kmem_cache_node *n, u32 more, u32 less)
{
	n->partial_free += more;
	n->partial_free -= less;
	c->partial_free += more;
	c->partial_free -= less;
}

static void add_partial(struct machine *m, struct kmem_cache *c, pfn_t pfn)
{
	struct kmem_cache_node *n = slab_node(m, c, pfn);

	page_list_add_tail(m, &n->partial, pfn);
	c->nr_partial++;
	mod_partial_free(c, n, slab_free_objects(pfn_to_page(m, pfn)), 0);
}

static void remove_partial(struct machine *m, struct kmem_cache *c, pfn_t pfn)
{
	struct kmem_cache_node *n = slab_node(m, c, pfn);

	page_list_del(m, &n->partial, pfn);
	c->nr_partial--;
	mod_partial_free(c, n, 0, slab_free_objects(pfn_to_page(m, pfn)));
}

static gfp_t cache_gfp(const struct kmem_cache *c)
{
	gfp_t gfp = GFP_KERNEL | __GFP_COMP;

	if (c->flags & KC_RECLAIM)
		gfp |= __GFP_RECLAIMABLE;
	if (c->flags & KC_DMA)
		gfp |= GFP_DMA;
	if (c->flags & KC_DMA32)
		gfp |= GFP_DMA32;
	return gfp;
}

/* A slab of the usual size, or of the smallest that holds an object. */
static pfn_t alloc_slab_pages(struct machine *m, const struct kmem_cache *c)
{
	gfp_t gfp = cache_gfp(c), light = gfp | __GFP_NOWARN | __GFP_NORETRY;
	u32 min_order = get_order(c->size);
	pfn_t pfn;

	if (c->order > min_order)
		light = (light | __GFP_NOMEMALLOC) & ~__GFP_RECLAIM;
	pfn = alloc_pages(m, light, c->order, NUMA_NO_NODE);
	if (pfn == PFN_NONE)
		pfn = alloc_pages(m, gfp, min_order, NUMA_NO_NODE);
	return pfn;
}

static pfn_t new_slab(struct machine *m, struct kmem_cache *c)
{
	pfn_t pfn = alloc_slab_pages(m, c);
	struct kmem_cache_node *n;
	struct page *p;

	if (pfn == PFN_NONE)
		return PFN_NONE;
	p = pfn_to_page(m, pfn);
	page_set(p, PG_slab);
	page_set_mapping(p, pool_handle(&m->slab.caches, c), MAPPING_NONE);
	p->index = order_objects(p->order, c->size);
	n = slab_node(m, c, pfn);
	n->nr_slabs++;
	n->total_objects += p->index;
	c->nr_slabs++;
	c->nr_objects += p->index;
	mod_slab_pages(m, p->node, c->flags & KC_RECLAIM, (s64)1 << p->order);
	return pfn;
}

/* An empty slab that is on no list goes back to the page allocator. */
static void discard_slab(struct machine *m, struct kmem_cache *c, pfn_t pfn)
{
	struct page *p = pfn_to_page(m, pfn);
	struct kmem_cache_node *n = slab_node(m, c, pfn);
	unsigned int order = p->order;

	n->nr_slabs--;
	n->total_objects -= p->index;
	c->nr_slabs--;
	c->nr_objects -= p->index;
	mod_slab_pages(m, p->node, c->flags & KC_RECLAIM, -((s64)1 << order));
	p->flags = 0;
	p->mapping = 0;
	p->index = 0;
	free_pages(m, pfn, order);
}

/* A slab that no CPU holds any more: to its node, or away. */
static void deactivate_slab(struct machine *m, struct kmem_cache *c, pfn_t pfn)
{
	struct kmem_cache_node *n = slab_node(m, c, pfn);
	const struct page *p = pfn_to_page(m, pfn);

	if (!p->mapcount && n->partial.nr >= c->min_partial)
		discard_slab(m, c, pfn);
	else if (!slab_free_objects(p))
		page_list_add(m, &n->full, pfn);
	else
		add_partial(m, c, pfn);
}

static pfn_t list_pop(struct machine *m, struct page_list *l)
{
	pfn_t pfn = l->head;

	page_list_del(m, l, pfn);
	return pfn;
}

static void unfreeze_partials(struct machine *m, struct kmem_cache *c, struct kmem_cache_cpu *cpu)
{
	while (cpu->partial.nr)
		deactivate_slab(m, c, list_pop(m, &cpu->partial));
}

/* ---- alloc ---- */

/* A node's partial slabs: one to allocate from, and some for the CPU to keep. */
static bool get_partial_node(struct machine *m, struct kmem_cache *c, struct kmem_cache_node *n,
			     struct kmem_cache_cpu *cpu)
{
	u32 keep = kmem_cache_cpu_partial_slabs(c) / 2, kept;

	if (!n->partial.nr)
		return false;
	cpu->slab = n->partial.head;
	remove_partial(m, c, cpu->slab);
	for (kept = 0; n->partial.nr && c->cpu_partial && kept <= keep; kept++) {
		pfn_t pfn = n->partial.head;

		remove_partial(m, c, pfn);
		page_list_add(m, &cpu->partial, pfn);
	}
	return true;
}

static bool get_partial(struct machine *m, struct kmem_cache *c, struct kmem_cache_cpu *cpu)
{
	const struct pglist_data *here = &m->node[m->cpu_to_node[m->cpu]];
	u32 i;

	if (get_partial_node(m, c, kmem_cache_node_of(&m->slab, c, here->nid), cpu))
		return true;
	/* rather a remote slab than a new one, if the other node has enough of them */
	for (i = 0; i < here->nr_node_order && c->remote_node_defrag_ratio; i++) {
		struct kmem_cache_node *n = kmem_cache_node_of(&m->slab, c, here->node_order[i]);

		if (n->partial.nr > c->min_partial && get_partial_node(m, c, n, cpu))
			return true;
	}
	return false;
}

/* The CPU's slab is used up or missing: another one. False: no memory. */
static bool refill_cpu(struct machine *m, struct kmem_cache *c)
{
	struct kmem_cache_cpu *cpu = this_cpu(m, c);
	pfn_t pfn;

	if (cpu->slab != PFN_NONE) {
		pfn = cpu->slab;
		cpu->slab = PFN_NONE;
		deactivate_slab(m, c, pfn);
	}
	while (cpu->partial.nr) {
		pfn = list_pop(m, &cpu->partial);
		if (slab_free_objects(pfn_to_page(m, pfn))) {
			cpu->slab = pfn;
			return true;
		}
		deactivate_slab(m, c, pfn);
	}
	if (get_partial(m, c, cpu))
		return true;
	pfn = new_slab(m, c);
	if (pfn == PFN_NONE)
		return false;
	/* the page allocator may have killed a process, whose objects came back here */
	if (cpu->slab != PFN_NONE)
		deactivate_slab(m, c, cpu->slab);
	cpu->slab = pfn;
	return true;
}

int kmem_cache_alloc(struct machine *m, handle_t cache, u32 n)
{
	struct kmem_cache *c = kmem_cache_at(m, cache);
	struct kmem_cache_cpu *cpu = this_cpu(m, c);
	struct page *slab;
	u32 got = 0, step;

	while (got < n) {
		if (cpu->slab == PFN_NONE || !slab_free_objects(pfn_to_page(m, cpu->slab))) {
			if (refill_cpu(m, c))
				continue;
			kmem_cache_free(m, cache, got);
			return -ENOMEM;
		}
		slab = pfn_to_page(m, cpu->slab);
		step = min_t(u32, n - got, slab_free_objects(slab));
		slab->mapcount = (slab->mapcount + step) & 0x3fffffu;
		c->active_objects += step;
		got += step;
	}
	return 0;
}

/* ---- free ---- */

/* Take @n objects out of the slab, which is on no node's partial list. */
static void put_objects(struct machine *m, struct kmem_cache *c, pfn_t pfn, u32 n)
{
	struct page *slab = pfn_to_page(m, pfn);

	slab->mapcount = (slab->mapcount - n) & 0x3fffffu;
	c->active_objects -= n;
	c->total_frees += n;
}

/* Up to @n objects of a full slab. It becomes this CPU's partial slab, or the node's. */
static u32 free_from_full(struct machine *m, struct kmem_cache *c, struct kmem_cache_node *n,
			  pfn_t pfn, u32 count)
{
	struct kmem_cache_cpu *cpu = this_cpu(m, c);

	count = min_t(u32, count, pfn_to_page(m, pfn)->mapcount);
	page_list_del(m, &n->full, pfn);
	put_objects(m, c, pfn, count);
	if (!c->cpu_partial) {
		deactivate_slab(m, c, pfn);
		return count;
	}
	if (cpu->partial.nr >= kmem_cache_cpu_partial_slabs(c))
		unfreeze_partials(m, c, cpu);
	page_list_add(m, &cpu->partial, pfn);
	return count;
}

static u32 free_from_node_partial(struct machine *m, struct kmem_cache *c,
				  struct kmem_cache_node *n, u32 count)
{
	pfn_t pfn = n->partial.tail;
	struct page *slab;

	while (pfn != PFN_NONE && !pfn_to_page(m, pfn)->mapcount)
		pfn = pfn_to_page(m, pfn)->prev;
	if (pfn == PFN_NONE)
		return 0;
	slab = pfn_to_page(m, pfn);
	count = min_t(u32, count, slab->mapcount);
	put_objects(m, c, pfn, count);
	mod_partial_free(c, n, count, 0);
	if (!slab->mapcount && n->partial.nr > c->min_partial) {
		remove_partial(m, c, pfn);
		discard_slab(m, c, pfn);
	}
	return count;
}

static u32 free_from_cpu(struct machine *m, struct kmem_cache *c, struct kmem_cache_cpu *cpu,
			 u32 count)
{
	pfn_t pfn = cpu->slab;

	if (pfn == PFN_NONE || !pfn_to_page(m, pfn)->mapcount)
		for (pfn = cpu->partial.head; pfn != PFN_NONE; pfn = pfn_to_page(m, pfn)->next)
			if (pfn_to_page(m, pfn)->mapcount)
				break;
	if (pfn == PFN_NONE)
		return 0;
	count = min_t(u32, count, pfn_to_page(m, pfn)->mapcount);
	put_objects(m, c, pfn, count);
	return count;
}

static u32 free_from_node(struct machine *m, struct kmem_cache *c, u32 nid, u32 count)
{
	struct kmem_cache_node *n = kmem_cache_node_of(&m->slab, c, nid);
	u32 freed = free_from_node_partial(m, c, n, count);

	if (!freed && n->full.nr)
		freed = free_from_full(m, c, n, n->full.head, count);
	return freed;
}

/* Some of @count objects; which ones: see the head of this file. */
static u32 free_some(struct machine *m, struct kmem_cache *c, u32 count)
{
	u32 home = m->cpu_to_node[m->cpu], freed, i;
	struct kmem_cache_node *n = kmem_cache_node_of(&m->slab, c, home);

	if (n->full.nr && c->total_frees % OLD_OBJECT_PERIOD == OLD_OBJECT_PERIOD - 1)
		return free_from_full(m, c, n, n->full.tail, 1);
	count = min_t(u32, count,
		      OLD_OBJECT_PERIOD - 1 - (u32)(c->total_frees % OLD_OBJECT_PERIOD));
	count = count ? count : 1;
	freed = free_from_cpu(m, c, this_cpu(m, c), count);
	if (!freed)
		freed = free_from_node(m, c, home, count);
	for (i = 0; !freed && i < m->nr_nodes; i++)
		freed = free_from_node(m, c, i, count);
	for (i = 0; !freed && i < m->nr_cpus; i++)
		freed = free_from_cpu(m, c, kmem_cache_cpu_of(&m->slab, c, i), count);
	return freed;
}

void kmem_cache_free(struct machine *m, handle_t cache, u32 n)
{
	struct kmem_cache *c = kmem_cache_at(m, cache);
	u32 freed;

	assert(n <= c->active_objects);
	for (; n; n -= freed) {
		freed = free_some(m, c, n);
		assert(freed);
	}
}

int kmem_charge(struct machine *m, enum kmem_cache_id id, u32 n)
{
	return kmem_cache_alloc(m, m->slab.by_id[id], n);
}

void kmem_uncharge(struct machine *m, enum kmem_cache_id id, u32 n)
{
	kmem_cache_free(m, m->slab.by_id[id], n);
}

/* ---- giving back ---- */

static void discard_empty(struct machine *m, struct kmem_cache *c, struct kmem_cache_node *n)
{
	pfn_t pfn = n->partial.head, next;

	for (; pfn != PFN_NONE; pfn = next) {
		next = pfn_to_page(m, pfn)->next;
		if (pfn_to_page(m, pfn)->mapcount)
			continue;
		remove_partial(m, c, pfn);
		discard_slab(m, c, pfn);
	}
}

void kmem_uncharge_node(struct machine *m, enum kmem_cache_id id, u32 n, u32 nid)
{
	struct kmem_cache *c = kmem_cache_at(m, m->slab.by_id[id]);
	u32 freed;

	for (; n && (freed = free_from_node(m, c, nid, n)); n -= freed)
		;
	kmem_cache_free(m, m->slab.by_id[id], n);
	discard_empty(m, c, kmem_cache_node_of(&m->slab, c, nid));
}

u64 kmem_cache_shrink(struct machine *m, handle_t cache)
{
	struct kmem_cache *c = kmem_cache_at(m, cache);
	enum node_stat_item item = c->flags & KC_RECLAIM ? NR_SLAB_RECLAIMABLE :
							   NR_SLAB_UNRECLAIMABLE;
	s64 before = m->vm_node_stat[item];
	u32 i;

	for (i = 0; i < m->nr_cpus; i++) {
		struct kmem_cache_cpu *cpu = kmem_cache_cpu_of(&m->slab, c, i);

		if (cpu->slab != PFN_NONE) {
			pfn_t pfn = cpu->slab;

			cpu->slab = PFN_NONE;
			deactivate_slab(m, c, pfn);
		}
		unfreeze_partials(m, c, cpu);
	}
	for (i = 0; i < m->nr_nodes; i++)
		discard_empty(m, c, kmem_cache_node_of(&m->slab, c, i));
	return (u64)(before - m->vm_node_stat[item]);
}

/* ---- shrinking: objects that nobody holds ---- */

/* Dentries and inodes belong to file systems, whose share vfs_cache_pressure decides. */
static bool is_vfs_cache(const struct kmem_cache *c)
{
	size_t length = strlen(c->name);

	return !strcmp(c->name, "dentry") ||
	       (length >= 11 && !strcmp(c->name + length - 11, "inode_cache"));
}

/* Those on one node: the laboratory's objects; the engine's have owners. */
static u64 count_unheld(const struct machine *m, const struct kmem_cache *c, u32 nid)
{
	const struct kmem_cache_node *n = kmem_cache_node_of(&m->slab, c, nid);
	u64 share = c->nr_objects ? c->lab_objects * n->total_objects / c->nr_objects : 0;

	return is_vfs_cache(c) ? share * (u64)m->sysctl.vfs_cache_pressure / 100 : share;
}

static void free_unheld(struct machine *m, struct kmem_cache *c, u32 nid, u64 count)
{
	u32 left = (u32)min_t(u64, min_t(u64, count, c->lab_objects), UINT32_MAX), freed;

	for (; left && (freed = free_from_node(m, c, nid, left)); left -= freed)
		count_lab_objects(&m->slab, c, -(s64)freed);
}

static void do_shrink_slab(struct machine *m, struct kmem_cache *c, u32 nid, int priority)
{
	u64 *deferred = &kmem_cache_node_of(&m->slab, c, nid)->shrink_deferred;

	free_unheld(m, c, nid,
		    shrinker_scan(m, count_unheld(m, c, nid),
				  is_vfs_cache(c) ? SUPER_BATCH : SHRINK_BATCH, priority,
				  deferred));
}

u64 shrink_slab(struct machine *m, u32 nid, int priority)
{
	s64 before = m->node[nid].vm_stat[NR_SLAB_RECLAIMABLE];
	handle_t h;

	shrink_dcache_sb(m, nid, priority);
	for (h = 1; m->slab.lab_objects && h < m->slab.caches.nr_slots; h++) {
		struct kmem_cache *c = kmem_cache_at(m, h);

		if (likely(!c->lab_objects) || !(c->flags & KC_RECLAIM))
			continue;
		do_shrink_slab(m, c, nid, priority);
		discard_empty(m, c, kmem_cache_node_of(&m->slab, c, nid));
	}
	return (u64)(before - m->node[nid].vm_stat[NR_SLAB_RECLAIMABLE]);
}

/* Again and again, with less patience each time: objects that held others go first. Names that were
 * used again go in the second round: a real machine has always freed enough else to come to it. */
void drop_slab(struct machine *m)
{
	u64 freed;
	u32 nid, round;

	for (nid = 0; nid < m->nr_nodes; nid++)
		for (round = 0, freed = 0; round < 2 || freed >> round > 1; round++)
			freed = shrink_slab(m, nid, 0);
}

/* ---- making caches ---- */

handle_t kmem_cache_find(const struct machine *m, const char *name)
{
	const char *id = name;
	handle_t h;
	u32 i;

	for (i = 0; i < nr_slab_aliases; i++)
		if (!strcmp(slab_aliases[i].name, name))
			id = slab_aliases[i].id;
	for (h = 1; h < m->slab.caches.nr_slots; h++)
		if (!strcmp(kmem_cache_at(m, h)->name, name) ||
		    !strcmp(kmem_cache_at(m, h)->id, id))
			return h;
	return 0;
}

const char *kmem_cache_ctor(const struct kmem_cache *c)
{
	return slab_rows[c->row].ctor ? slab_rows[c->row].ctor : "";
}

/* A CPU of the generation that has 1 GiB pages has more registers to save: as on the guest
 * hugetlb. */
static void large_task_struct(struct kmem_cache *c)
{
	c->object_size = 8392;
	c->size = 8448;
	c->usersize = 2696;
}

static int cache_create(struct machine *m, u32 row)
{
	const struct slab_row *r = &slab_rows[row];
	handle_t h = pool_alloc(&m->slab.caches);
	struct kmem_cache *c;
	u32 i;

	if (!h)
		return -ENOMEM;
	c = kmem_cache_at(m, h);
	snprintf(c->name, sizeof(c->name), "%s", r->name);
	snprintf(c->id, sizeof(c->id), "%s", r->id ? r->id : r->name);
	c->row = row;
	c->object_size = r->object_size;
	c->size = r->size;
	c->align = r->align;
	c->usersize = r->usersize;
	if (m->config.cpu_1g_pages && !strcmp(r->name, "task_struct"))
		large_task_struct(c);
	c->flags = (u16)r->flags;
	c->order = (u16)calculate_order(c->size, m->nr_cpus);
	c->objects = order_objects(c->order, c->size);
	c->min_partial = min_partial_slabs(c->size);
	c->cpu_partial = cpu_partial_objects(c->size);
	c->remote_node_defrag_ratio = 100;
	for (i = 0; i < nr_slab_aliases; i++)
		c->nr_aliases += !strcmp(slab_aliases[i].id, c->id);
	c->per_node = pool_alloc_array(&m->slab.node_sets, m->nr_nodes);
	c->per_cpu = pool_alloc_array(&m->slab.cpu_sets, m->nr_cpus);
	if (!c->per_node || !c->per_cpu)
		return -ENOMEM;
	for (i = 0; i < m->nr_nodes; i++) {
		page_list_init(&kmem_cache_node_of(&m->slab, c, i)->partial);
		page_list_init(&kmem_cache_node_of(&m->slab, c, i)->full);
	}
	for (i = 0; i < m->nr_cpus; i++) {
		kmem_cache_cpu_of(&m->slab, c, i)->slab = PFN_NONE;
		page_list_init(&kmem_cache_cpu_of(&m->slab, c, i)->partial);
	}
	return 0;
}

static int cache_add_node(struct machine *m, struct kmem_cache *c, u32 nid)
{
	handle_t wider = pool_alloc_array(&m->slab.node_sets, nid + 1);
	u32 i;

	if (!wider)
		return -ENOMEM;
	for (i = 0; i < nid; i++) {
		*(struct kmem_cache_node *)pool_at(&m->slab.node_sets, wider + i) =
			*kmem_cache_node_of(&m->slab, c, i);
		pool_free(&m->slab.node_sets, c->per_node + i);
	}
	c->per_node = wider;
	page_list_init(&kmem_cache_node_of(&m->slab, c, nid)->partial);
	page_list_init(&kmem_cache_node_of(&m->slab, c, nid)->full);
	return 0;
}

int slab_add_node(struct machine *m, u32 nid)
{
	handle_t h;
	int error = 0;

	for (h = 1; !error && h < m->slab.caches.nr_slots; h++)
		error = cache_add_node(m, kmem_cache_at(m, h), nid);
	return error;
}

/* The caches that the engine charges by number. Some are another name of a cache of the same
 * size. */
static const char *const well_known[CACHE_ID_MAX] = {
	[CACHE_TASK_STRUCT] = "task_struct",
	[CACHE_MM_STRUCT] = "mm_struct",
	[CACHE_SIGNAL] = "signal_cache",
	[CACHE_SIGHAND] = "sighand_cache",
	[CACHE_FILES] = "files_cache",
	[CACHE_FS] = "fs_cache",
	[CACHE_CRED] = "cred_jar",
	[CACHE_PID] = "pid",
	[CACHE_VM_AREA] = "vm_area_struct",
	[CACHE_ANON_VMA] = "anon_vma",
	[CACHE_ANON_VMA_CHAIN] = "anon_vma_chain",
	[CACHE_FILP] = "filp",
	[CACHE_DENTRY] = "dentry",
	[CACHE_INODE] = "ext4_inode_cache",
	[CACHE_SHMEM_INODE] = "shmem_inode_cache",
	[CACHE_PROC_INODE] = "proc_inode_cache",
	[CACHE_RADIX_TREE_NODE] = "radix_tree_node",
	[CACHE_MAPLE_NODE] = "maple_node",
	[CACHE_BUFFER_HEAD] = "buffer_head",
	[CACHE_NUMA_POLICY] = "numa_policy",
	[CACHE_SHARED_POLICY] = "shared_policy_node",
	[CACHE_HUGETLBFS_INODE] = "hugetlbfs_inode_cache",
};

int slab_init(struct machine *m)
{
	struct slab_state *s = &m->slab;
	u32 row, id;
	int error;

	error = pool_init(&s->caches, "kmem_cache", sizeof(struct kmem_cache), 1024);
	if (!error)
		error = pool_init(&s->cpu_sets, "kmem_cache_cpu", sizeof(struct kmem_cache_cpu),
				  1u << 20);
	if (!error)
		error = pool_init(&s->node_sets, "kmem_cache_node", sizeof(struct kmem_cache_node),
				  1u << 18);
	if (!error)
		error = pool_init(&s->devices, "kmalloc_device", sizeof(struct kmalloc_device),
				  1u << 20);
	for (row = 0; !error && row < nr_slab_rows; row++)
		error = cache_create(m, row);
	if (error)
		return error;
	for (id = 0; id < CACHE_ID_MAX; id++)
		if (well_known[id])
			s->by_id[id] = kmem_cache_find(m, well_known[id]);
	return slab_populate(m);
}

void slab_destroy(struct machine *m)
{
	pool_destroy(&m->slab.caches);
	pool_destroy(&m->slab.cpu_sets);
	pool_destroy(&m->slab.node_sets);
	pool_destroy(&m->slab.devices);
}
