/*
 * /proc/slabinfo: the youngest cache first. Objects in use are what is not free on a node's partial
 * slabs: free objects of the slabs that CPUs allocate from count as used, as SLUB has it.
 */
#include "fs/proc/proc.h"

static void show_cache(const struct kmem_cache *c, u64 active, struct text *out)
{
	text_str_left(out, c->name, 17);
	text_char(out, ' ');
	text_u64_width(out, active, 6);
	text_char(out, ' ');
	text_u64_width(out, c->nr_objects, 6);
	text_char(out, ' ');
	text_u64_width(out, c->size, 6);
	text_char(out, ' ');
	text_u64_width(out, c->objects, 4);
	text_char(out, ' ');
	text_u64_width(out, 1ull << c->order, 4);
	/* SLUB has no tunables and no shared arrays */
	text_str(out, " : tunables    0    0    0 : slabdata ");
	text_u64_width(out, c->nr_slabs, 6);
	text_char(out, ' ');
	text_u64_width(out, c->nr_slabs, 6);
	text_str(out, "      0\n");
}

int proc_slabinfo_show(const struct request *rq, struct text *out)
{
	const struct pool *caches = &rq->m->slab.caches;
	handle_t h;

	text_str(out,
		 "slabinfo - version: 2.1\n"
		 "# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>"
		 " : tunables <limit> <batchcount> <sharedfactor>"
		 " : slabdata <active_slabs> <num_slabs> <sharedavail>\n");
	for (h = caches->nr_slots; h-- > 1;) {
		const struct kmem_cache *c = pool_at(caches, h);

		if (c->name[0])
			show_cache(c, kmem_cache_slabinfo_active(c), out);
	}
	return 0;
}
