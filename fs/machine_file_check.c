/*
 * machine_file_check.c - do the keys of a machine file go together?
 */
#include <string.h>

#include "fs/machine_file_internal.h"

static int check_cpus(struct machine_file *p)
{
	struct machine_config *c = p->c;
	u32 nid, cpu, owner[NR_CPUS_MAX];

	memset(owner, 0xff, sizeof(owner));
	for (cpu = 0; cpu < NR_CPUS_MAX && !p->cpus_line; cpu++) /* as many as the nodes name */
		for (nid = 0; nid < c->nr_nodes; nid++)
			if (c->node[nid].cpumask[cpu / 64] >> (cpu % 64) & 1)
				c->nr_cpus = cpu + 1;
	for (nid = 0; nid < c->nr_nodes; nid++) {
		p->line = p->node_line[nid];
		for (cpu = 0; cpu < NR_CPUS_MAX; cpu++) {
			if (!(c->node[nid].cpumask[cpu / 64] >> (cpu % 64) & 1))
				continue;
			if (cpu >= c->nr_cpus)
				return machine_file_fail(
					p, "node %u has CPU %u, but there are %u CPUs", nid, cpu,
					c->nr_cpus);
			if (owner[cpu] != UINT32_MAX)
				return machine_file_fail(p, "CPU %u is in node %u and in node %u",
							 cpu, owner[cpu], nid);
			owner[cpu] = nid;
		}
	}
	return 0;
}

static int check_memory(struct machine_file *p)
{
	struct machine_config *c = p->c;
	u64 sizes = 0, ranges = 0;
	u32 i, nid;

	for (nid = 0; nid < c->nr_nodes; nid++)
		sizes += c->node[nid].size;
	for (i = 0; i < c->nr_ranges; i++) {
		const struct memory_range *r = &c->range[i];

		p->line = p->range_line[i];
		if (r->hotplug && !r->size)
			return machine_file_fail(p, "a DIMM needs a size");
		if (!r->hotplug)
			ranges += r->size;
		if (r->nid >= c->nr_nodes || !c->node[r->nid].present)
			return machine_file_fail(p, "there is no node %u", r->nid);
	}
	p->line = p->memory_line ? p->memory_line : p->last_line;
	if (ranges && (sizes || c->ram))
		return machine_file_fail(
			p, "memory is given as ranges and as sizes: only one of the two can be");
	if (sizes && c->ram && sizes != c->ram)
		return machine_file_fail(p, "memory is %llu MiB, but the nodes have %llu MiB",
					 (unsigned long long)c->ram >> 20,
					 (unsigned long long)sizes >> 20);
	if (!ranges && !sizes && !c->ram)
		return machine_file_fail(
			p, "the machine has no memory: memory= in [machine] or [node N]");
	/* firmware alone takes half of the first one */
	if (!ranges && (sizes ? sizes : c->ram) < 1u << 20)
		return machine_file_fail(p, "the machine has less than 1 MiB of memory");
	if (c->max_memory && c->max_memory < (ranges ? ranges : sizes ? sizes : c->ram))
		return machine_file_fail(p, "max_memory is less than memory");
	return 0;
}

/* What the machine boots with lies there: its first program. */
#define DISK_FILES_MIN (1u << 20)

static int check_disk(struct machine_file *p)
{
	const struct machine_config *c = p->c;
	u64 swap = 0;
	u32 i;

	for (i = 0; i < c->nr_swap; i++) {
		p->line = p->swap_line[i];
		if (!c->swap[i].size)
			return machine_file_fail(p, "swap %s needs a size", c->swap[i].name);
		swap += c->swap[i].size;
		if (c->disk.size && swap > c->disk.size)
			return machine_file_fail(p, "swap %s does not fit on the disk",
						 c->swap[i].name);
	}
	p->line = p->last_line;
	if (c->disk.size && c->disk.size - swap < DISK_FILES_MIN)
		return machine_file_fail(p, "the disk has less than %u KiB for files",
					 DISK_FILES_MIN >> 10);
	return 0;
}

static int check_page_tables(struct machine_file *p)
{
	const struct machine_config *c = p->c;
	struct pt_geometry g;

	p->line = p->last_line;
	if (c->pae && c->arch != ARCH_I386)
		return machine_file_fail(p, "pae is for arch = i386");
	if (c->levels == 1 && c->pae)
		return machine_file_fail(p, "levels = 1 has entries of 4 bytes: not with pae");
	pt_geometry_init(&g, c);
	if (c->levels && c->levels != g.levels)
		return machine_file_fail(
			p, "levels: this processor has %u levels of page tables%s", g.levels,
			c->arch == ARCH_I386 ? ", or 1 to show what that costs" : "");
	return 0;
}

static int check_tlb_sizes(struct machine_file *p)
{
	char why[160];

	p->line = p->tlb_line ? p->tlb_line : p->last_line;
	return tlb_check_config(p->c, why, sizeof(why)) ? machine_file_fail(p, "[tlb] %s", why) : 0;
}

static int check_rest(struct machine_file *p)
{
	struct machine_config *c = p->c;
	u32 nid, other;

	for (nid = 0; nid < c->nr_nodes; nid++) {
		p->line = p->node_line[nid];
		for (other = c->nr_nodes; other < MAX_NUMNODES; other++)
			if (c->node[nid].distance[other])
				return machine_file_fail(
					p, "node %u has a distance to node %u, which is not there",
					nid, other);
	}
	if (c->arch == ARCH_I386 && (c->nr_nodes > 1 || c->nr_ranges)) {
		p->line = c->nr_nodes > 1 ? p->node_line[c->nr_nodes - 1] : p->range_line[0];
		return machine_file_fail(p, "an i386 machine has one node, no ranges and no DIMMs");
	}
	return check_page_tables(p);
}

int machine_file_check(struct machine_file *p)
{
	int error = check_cpus(p);

	if (!error)
		error = check_memory(p);
	if (!error)
		error = check_disk(p);
	if (!error)
		error = check_tlb_sizes(p);
	return error ? error : check_rest(p);
}
