/*
 * slab.h - what the files of the slab layer share.
 */
#ifndef MM_SLAB_H
#define MM_SLAB_H

#include <mman/machine.h>

/* A well-known cache, and what a booted kernel has allocated from it. */
struct slab_row {
	const char *name, *id; /* id NULL: no other cache may share its slabs */
	u32 object_size, size, align, usersize;
	u32 flags;
	const char *ctor;
	/* objects in use after a boot: in any case, for each CPU, for each 128 MiB of RAM */
	u32 base, per_cpu, per_block;
};

extern const struct slab_row slab_rows[];
extern const u32 nr_slab_rows;

/** slab_populate() - what a booted kernel holds, by rule (slab_boot.c). 0 or -ENOMEM. */
int slab_populate(struct machine *m);

/** mod_slab_pages() - @pages more (or fewer) of the node's SReclaimable or SUnreclaim. */
static inline void mod_slab_pages(struct machine *m, u32 nid, bool reclaimable, s64 pages)
{
	mod_node_page_state(m, &m->node[nid],
			    reclaimable ? NR_SLAB_RECLAIMABLE : NR_SLAB_UNRECLAIMABLE, pages);
}

#endif
