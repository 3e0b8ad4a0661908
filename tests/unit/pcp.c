/*
 * Per-CPU page lists: refills by the batch, giving back above high, and what counts as free.
 */
#include "mm/page_alloc.h"
#include "tests/bare.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define TWO_CPUS "[machine]\ncpus = 2\nmemory = 1G\n"

static struct per_cpu_pages *pcp_of(struct machine *m, struct zone *z, u32 cpu)
{
	return pool_at(&m->pagesets, z->pageset + cpu);
}

static pfn_t get(struct machine *m, unsigned int order)
{
	pfn_t pfn = alloc_pages(m, GFP_HIGHUSER_MOVABLE, order, NUMA_NO_NODE);

	if (pfn == PFN_NONE)
		bail_out("no memory");
	return pfn;
}

static void test_refill(struct machine *m, struct zone *z)
{
	struct per_cpu_pages *pcp = pcp_of(m, z, 0);
	s64 free;
	pfn_t second;

	drain_pages(m, -1);
	is_int(pcp->count, 0, "drained, a CPU holds nothing");
	free = z->vm_stat[NR_FREE_PAGES];
	get(m, 0);
	is_int(z->vm_stat[NR_FREE_PAGES], free - pcp->batch,
	       "the first page brings a batch with it");
	is_int(pcp->count, pcp->batch - 1, "of which the CPU keeps all but one");
	second = get(m, 0);
	is_int(z->vm_stat[NR_FREE_PAGES], free - pcp->batch,
	       "the next one costs no free page any more");
	m->cpu = 1;
	get(m, 0);
	is_int(pcp_of(m, z, 1)->count, pcp->batch - 1, "another CPU has lists of its own");
	m->cpu = 0;
	free_pages(m, second, 0);
	is_int(get(m, 0), second, "the page freed last is the first to be used again");

	drain_pages(m, -1);
	free = z->vm_stat[NR_FREE_PAGES];
	get(m, 2);
	is_int(z->vm_stat[NR_FREE_PAGES], free - 4 * (s64)(pcp->batch >> 2),
	       "order 2: a batch in pages, not in blocks");
	get(m, PAGEBLOCK_ORDER);
	is_int(pcp->lists[NR_PCP_LISTS - 1].nr, 1, "huge pages come in twos");
	is_int(pcp->count, (pcp->batch >> 2) * 4 - 4 + PAGEBLOCK_NR_PAGES,
	       "and count by their pages");
	free = z->vm_stat[NR_FREE_PAGES];
	get(m, 4);
	is_int(z->vm_stat[NR_FREE_PAGES], free - 16, "order 4 comes straight from the free lists");
	is_sound(m, "with pages on lists");
	drain_pages(m, 0);
	is_int(pcp->count, 0, "draining one CPU empties its lists");
	is_sound(m, "after a drain");
}

/* Free @n pages one by one; returns how many the CPU gave back at once when it first did. */
static u32 free_until_given_back(struct machine *m, struct per_cpu_pages *pcp, const pfn_t *pages,
				 u32 n, u32 *freed)
{
	u32 i, before;

	for (i = 0; i < n; i++) {
		before = pcp->count;
		free_pages(m, pages[i], 0);
		if (pcp->count <= before)
			break;
	}
	*freed += i + 1;
	return i < n ? before + 1 - pcp->count : 0;
}

static void test_give_back(struct machine *m, struct zone *z)
{
	struct per_cpu_pages *pcp = pcp_of(m, z, 0);
	static pfn_t pages[8000];
	u32 i, freed = 0;

	m->sysctl.percpu_pagelist_high_fraction = 1000;
	zone_pcp_update(m, z);
	is_int(pcp->high, 252, "at least four batches are kept, however small the fraction");
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		pages[i] = get(m, 0);
	drain_pages(m, -1);
	get(m, 0);
	drain_pages(m, -1);
	pcp->free_factor = 0;
	is_int(free_until_given_back(m, pcp, pages, 2000, &freed), 63,
	       "above high a batch goes back");
	is_int(pcp->count, 252 - 63, "as soon as high is reached");
	is_int(free_until_given_back(m, pcp, pages + freed, 2000, &freed), 126,
	       "two, if nothing was taken since");
	is_int(free_until_given_back(m, pcp, pages + freed, 2000, &freed), 189,
	       "at most all but a batch");
	is_int(pcp->free_factor, 2, "then it stops doubling");
	pages[freed - 1] = get(m, 0);
	is_int(pcp->free_factor, 1, "each allocation halves the factor");
	free_pages(m, pages[freed - 1], 0);

	pages[7000] = get(m, 1);
	pcp->free_factor = 1;
	free_pages(m, pages[7000], 1);
	is_int(pcp->count, 0,
	       "in a run of frees, a block of order 1 to 3 makes the CPU give everything back");
	m->sysctl.percpu_pagelist_high_fraction = 0;
	zone_pcp_update(m, z);
	is_int(pcp->high, z->watermark[WMARK_LOW] / 2,
	       "by default the CPUs of a node share its low watermark");
	is_sound(m, "after giving back");
}

static void test_counters(struct machine *m, struct zone *z)
{
	u64 alloc = m->vm_event[PGALLOC_DMA32], freed = m->vm_event[PGFREE];
	s64 hit = z->vm_numa_stat[NUMA_HIT], local = m->vm_numa_stat[NUMA_LOCAL];
	pfn_t pfn = get(m, 3);

	is_int(m->vm_event[PGALLOC_DMA32] - alloc, 8, "pgalloc counts pages");
	is_int(z->vm_numa_stat[NUMA_HIT] - hit, 1, "numa_hit counts requests");
	is_int(m->vm_numa_stat[NUMA_LOCAL] - local, 1, "of this CPU's node");
	free_pages(m, pfn, 3);
	is_int(m->vm_event[PGFREE] - freed, 8, "pgfree counts pages");
	m->sysctl.numa_stat = 0;
	pfn = get(m, 0);
	is_int(z->vm_numa_stat[NUMA_HIT] - hit, 1, "numa_stat 0 stops the NUMA counters");
	m->sysctl.numa_stat = 1;
	free_pages(m, pfn, 0);
}

int main(void)
{
	struct machine *m = bare_machine(TWO_CPUS);
	struct zone *z = zone_of(m, 0, ZONE_DMA32);

	test_refill(m, z);
	test_give_back(m, z);
	test_counters(m, z);
	machine_destroy(m);
	return done_testing();
}
