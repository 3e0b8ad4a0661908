/*
 * The files of one cache: what it is made of, how many slabs and objects it has and where, and four
 * that can be written.
 */
#include "fs/sys/slab.h"

#include <errno.h>
#include <string.h>

static struct kmem_cache *cache_of(const struct request *rq)
{
	return kmem_cache_at(rq->m, (handle_t)rq->object);
}

/* ---- what it is ---- */

#define NUMBER_SHOW(name, value)                                           \
	static int name##_show(const struct request *rq, struct text *out) \
	{                                                                  \
		const struct kmem_cache *c = cache_of(rq);                 \
		return show_u64(out, value);                               \
	}

NUMBER_SHOW(aliases, c->nr_aliases)
NUMBER_SHOW(align, c->align)
NUMBER_SHOW(cache_dma, !!(c->flags & KC_DMA))
NUMBER_SHOW(cpu_partial, c->cpu_partial)
NUMBER_SHOW(destroy_by_rcu, !!(c->flags & KC_RCU))
NUMBER_SHOW(hwcache_align, !!(c->flags & KC_HWALIGN))
NUMBER_SHOW(min_partial, c->min_partial)
NUMBER_SHOW(object_size, c->object_size)
NUMBER_SHOW(objs_per_slab, c->objects)
NUMBER_SHOW(order, c->order)
NUMBER_SHOW(reclaim_account, !!(c->flags & KC_RECLAIM))
NUMBER_SHOW(remote_node_defrag_ratio, c->remote_node_defrag_ratio)
NUMBER_SHOW(slab_size, c->size)
NUMBER_SHOW(usersize, c->usersize)

static int ctor_show(const struct request *rq, struct text *out)
{
	const char *ctor = kmem_cache_ctor(cache_of(rq));

	text_str(out, ctor);
	if (*ctor)
		text_char(out, '\n');
	return 0;
}

/* ---- how many: "600 N0=400 N1=200" ---- */

struct node_counts {
	u64 by_node[MAX_NUMNODES];
};

static int show_counts(const struct machine *m, const struct node_counts *counts, struct text *out)
{
	u64 total = 0;
	u32 nid;

	for (nid = 0; nid < m->nr_nodes; nid++)
		total += counts->by_node[nid];
	text_u64(out, total);
	for (nid = 0; nid < m->nr_nodes; nid++) {
		if (!counts->by_node[nid])
			continue;
		text_str(out, " N");
		text_u64(out, nid);
		text_char(out, '=');
		text_u64(out, counts->by_node[nid]);
	}
	text_char(out, '\n');
	return 0;
}

#define NODE_SHOW(name, value)                                             \
	static int name##_show(const struct request *rq, struct text *out) \
	{                                                                  \
		const struct kmem_cache *c = cache_of(rq);                 \
		struct node_counts counts;                                 \
		u32 nid;                                                   \
                                                                           \
		for (nid = 0; nid < rq->m->nr_nodes; nid++) {              \
			const struct kmem_cache_node *n =                  \
				kmem_cache_node_of(&rq->m->slab, c, nid);  \
			counts.by_node[nid] = value;                       \
		}                                                          \
		return show_counts(rq->m, &counts, out);                   \
	}

/* free objects of the slabs that CPUs hold count as used */
NODE_SHOW(objects, n->total_objects - n->partial_free)
NODE_SHOW(objects_partial, (u64)n->partial.nr * c->objects - n->partial_free)
NODE_SHOW(partial, n->partial.nr)
NODE_SHOW(slabs, n->nr_slabs)
NODE_SHOW(total_objects, n->total_objects)

static void count_slab(const struct machine *m, struct node_counts *counts, pfn_t slab, u64 nr)
{
	if (slab != PFN_NONE)
		counts->by_node[pfn_to_page(m, slab)->node] += nr;
}

/* A CPU's own slab, and those it keeps half used; these count for the node of the first. */
static int cpu_slabs_show(const struct request *rq, struct text *out)
{
	struct node_counts counts = { { 0 } };
	u32 cpu;

	for (cpu = 0; cpu < rq->m->nr_cpus; cpu++) {
		const struct kmem_cache_cpu *c = kmem_cache_cpu_of(&rq->m->slab, cache_of(rq), cpu);

		count_slab(rq->m, &counts, c->slab, 1);
		count_slab(rq->m, &counts, c->partial.head, c->partial.nr);
	}
	return show_counts(rq->m, &counts, out);
}

/* "40(5) C0=24(3) C1=16(2)": objects, of slabs taken to be half full, and slabs. */
static int slabs_cpu_partial_show(const struct request *rq, struct text *out)
{
	const struct kmem_cache *s = cache_of(rq);
	u32 cpu, slabs = 0;

	for (cpu = 0; cpu < rq->m->nr_cpus; cpu++)
		slabs += kmem_cache_cpu_of(&rq->m->slab, s, cpu)->partial.nr;
	text_printf(out, "%u(%u)", slabs * s->objects / 2, slabs);
	for (cpu = 0; cpu < rq->m->nr_cpus; cpu++) {
		slabs = kmem_cache_cpu_of(&rq->m->slab, s, cpu)->partial.nr;
		if (slabs)
			text_printf(out, " C%u=%u(%u)", cpu, slabs * s->objects / 2, slabs);
	}
	text_char(out, '\n');
	return 0;
}

/* ---- what can be written ---- */

static ssize_t min_partial_store(const struct request *rq, const char *data, size_t size,
				 u64 offset)
{
	u64 slabs;
	int err = parse_kstrtoull(data, size, 10, &slabs);

	(void)offset;
	if (err)
		return err;
	cache_of(rq)->min_partial = (u32)min_t(u64, slabs, UINT32_MAX);
	return (ssize_t)size;
}

static ssize_t cpu_partial_store(const struct request *rq, const char *data, size_t size,
				 u64 offset)
{
	u32 objects;
	int err = parse_kstrtouint(data, size, 10, &objects);

	(void)offset;
	if (err)
		return err;
	cache_of(rq)->cpu_partial = objects;
	return (ssize_t)size;
}

static ssize_t remote_node_defrag_ratio_store(const struct request *rq, const char *data,
					      size_t size, u64 offset)
{
	u32 ratio;
	int err = parse_kstrtouint(data, size, 10, &ratio);

	(void)offset;
	if (err)
		return err;
	if (ratio > 100)
		return -ERANGE;
	cache_of(rq)->remote_node_defrag_ratio = ratio;
	return (ssize_t)size;
}

static ssize_t shrink_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	(void)offset;
	if (*data != '1')
		return -EINVAL;
	kmem_cache_shrink(rq->m, (handle_t)rq->object);
	return (ssize_t)size;
}

/* Only caches with debugging on can be validated, and none has it. */
static ssize_t validate_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	(void)rq;
	(void)data;
	(void)size;
	(void)offset;
	return -EINVAL;
}

/* ---- the table ---- */

#define SLAB_RO(file, fn)                                                  \
	{                                                                  \
		.name = file, .mode = 0400, .size = SYSFS_SIZE, .show = fn \
	}
#define SLAB_ZERO(file)                                                                          \
	{                                                                                        \
		.name = file, .mode = 0400, .size = SYSFS_SIZE, .show = show_text, .data = "0\n" \
	}
#define SLAB_KNOB(file, show_fn, store_fn, does, text) \
	SYSFS_OTHER(file, 0600, show_fn, store_fn, does, text)

const struct attribute slab_cache_attrs[NR_SLAB_CACHE_ATTRS] = {
	SLAB_RO("aliases", aliases_show),
	SLAB_RO("align", align_show),
	SLAB_RO("cache_dma", cache_dma_show),
	SLAB_KNOB("cpu_partial", cpu_partial_show, cpu_partial_store, ACTS,
		  "objects that a CPU may keep on partly used slabs"),
	SLAB_RO("cpu_slabs", cpu_slabs_show),
	SLAB_RO("ctor", ctor_show),
	SLAB_RO("destroy_by_rcu", destroy_by_rcu_show),
	SLAB_RO("hwcache_align", hwcache_align_show),
	SLAB_KNOB("min_partial", min_partial_show, min_partial_store, ACTS,
		  "empty slabs that a node keeps"),
	SLAB_RO("object_size", object_size_show),
	SLAB_RO("objects", objects_show),
	SLAB_RO("objects_partial", objects_partial_show),
	SLAB_RO("objs_per_slab", objs_per_slab_show),
	SLAB_RO("order", order_show),
	SLAB_RO("partial", partial_show),
	SLAB_ZERO("poison"),
	SLAB_RO("reclaim_account", reclaim_account_show),
	SLAB_ZERO("red_zone"),
	SLAB_KNOB("remote_node_defrag_ratio", remote_node_defrag_ratio_show,
		  remote_node_defrag_ratio_store, ACTS,
		  "0: no slabs from other nodes; else a percentage, of which only 0 counts"),
	SLAB_ZERO("sanity_checks"),
	SLAB_KNOB("shrink", show_nothing, shrink_store, ACTS, "1: give empty slabs back"),
	SLAB_RO("slab_size", slab_size_show),
	SLAB_RO("slabs", slabs_show),
	SLAB_RO("slabs_cpu_partial", slabs_cpu_partial_show),
	SLAB_ZERO("store_user"),
	SLAB_RO("total_objects", total_objects_show),
	SLAB_ZERO("trace"),
	SLAB_RO("usersize", usersize_show),
	SLAB_KNOB("validate", show_nothing, validate_store, HOLDS, "EINVAL: debugging is off"),
};
