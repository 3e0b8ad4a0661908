/*
 * The rules of docs/boot.md against what real kernels showed: zones, managed pages, watermarks,
 * protections, per-CPU lists, MemTotal and memory blocks of each guest.
 */
#include "fs/machine_file.h"
#include "tests/tap.h"
#include "tests/unit/boot_guests.h"

#include <stdlib.h>
#include <string.h>

static struct machine *boot_guest(const struct guest *g)
{
	struct machine_config *c = malloc(sizeof(*c));
	struct machine *m = NULL;
	char why[256] = "";
	int error;

	if (g->machine[0] == '#')
		error = machine_file_load(c, g->machine + 1, why, sizeof(why));
	else
		error = machine_file_parse(c, g->machine, "guest", why, sizeof(why));
	if (!error)
		m = machine_create(c, why, sizeof(why));
	free(c);
	ok(m != NULL, "%s boots", g->guest);
	if (!m)
		diag("%s", why);
	return m;
}

static struct zone *find_zone(struct machine *m, const struct guest_zone *want)
{
	unsigned int type;

	for (type = 0; type < MAX_NR_ZONES; type++)
		if (!strcmp(zone_name((enum zone_type)type), want->name))
			return &m->node[want->nid].zones[type];
	return NULL;
}

static bool within(long long got, long long want, long long slack)
{
	return got >= want - slack && got <= want + slack;
}

static void check_marks(struct machine *m, const struct guest *g, const struct guest_zone *w,
			const struct zone *z)
{
	const struct per_cpu_pages *pcp = pool_at(&m->pagesets, z->pageset);
	long long slack = g->slack ? g->slack + 1 : 0;
	unsigned int i;
	bool held = true;

	for (i = 0; i < 3; i++)
		held &= within((long long)z->watermark[i], w->mark[i], slack);
	ok(held, "%s: node %d %s has watermarks %lld %lld %lld", g->guest, w->nid, w->name,
	   w->mark[0], w->mark[1], w->mark[2]);
	if (!held)
		diag("got %llu %llu %llu", (unsigned long long)z->watermark[0],
		     (unsigned long long)z->watermark[1], (unsigned long long)z->watermark[2]);
	ok(within(pcp->high, w->pcp_high, slack) && pcp->batch == (unsigned long long)w->pcp_batch,
	   "%s: node %d %s has page lists of %lld in batches of %lld", g->guest, w->nid, w->name,
	   w->pcp_high, w->pcp_batch);
	for (i = 0, held = true; i <= ZONE_DEVICE - 1; i++) {
		/* zoneinfo has no column for zones that the kernel was built without */
		unsigned int type = i < ZONE_HIGHMEM || m->config.arch == ARCH_I386 ? i : i + 1;

		held &= i == ZONE_DMA32 && m->config.arch == ARCH_I386 ?
				true :
				z->lowmem_reserve[type] == (unsigned long long)w->protection[i];
	}
	ok(held, "%s: node %d %s has the guest's protections", g->guest, w->nid, w->name);
}

static void check_zone(struct machine *m, const struct guest *g, const struct guest_zone *w)
{
	const struct zone *z = find_zone(m, w);

	is_int(z->start_pfn, w->start, "%s: node %d %s starts at its frame", g->guest, w->nid,
	       w->name);
	is_int(z->spanned_pages, w->spanned, "%s: node %d %s spans", g->guest, w->nid, w->name);
	is_int(z->present_pages, w->present, "%s: node %d %s has present", g->guest, w->nid,
	       w->name);
	if (!ok(within((long long)z->managed_pages, w->managed, g->slack),
		"%s: node %d %s manages %lld pages", g->guest, w->nid, w->name, w->managed))
		diag("got %llu", (unsigned long long)z->managed_pages);
	check_marks(m, g, w, z);
}

static void check_whole(struct machine *m, const struct guest *g)
{
	long long blocks = 0, zones = 0, kb = (long long)m->totalram_pages * 4;
	unsigned int nid, type;
	pfn_t pfn;

	cmp_int(llabs(kb - g->mem_total_kb) * 100, <=, g->mem_total_kb, "%s: MemTotal within 1%%",
		g->guest);
	ok(within(kb, g->mem_total_kb, 4LL * g->slack), "%s: MemTotal is %lld kB", g->guest,
	   g->mem_total_kb);
	ok(within(m->sysctl.min_free_kbytes, g->min_free_kb, g->slack),
	   "%s: min_free_kbytes is %lld", g->guest, g->min_free_kb);
	for (nid = 0; nid < m->nr_nodes; nid++)
		for (type = 0; type < MAX_NR_ZONES; type++)
			zones += zone_populated(&m->node[nid].zones[type]);
	is_int(zones, g->nr_zones, "%s: no zone has pages but these", g->guest);
	for (pfn = 0; g->blocks && pfn < m->max_pfn; pfn += PAGES_PER_SECTION)
		blocks += pfn_present(m, pfn + PAGES_PER_SECTION / 2);
	if (g->blocks)
		is_int(blocks, g->blocks, "%s: memory blocks", g->guest);
}

int main(void)
{
	size_t i;
	int z;

	for (i = 0; i < ARRAY_SIZE(guests); i++) {
		struct machine *m = boot_guest(&guests[i]);

		if (!m)
			continue;
		for (z = 0; z < guests[i].nr_zones; z++)
			check_zone(m, &guests[i], &guests[i].zone[z]);
		check_whole(m, &guests[i]);
		machine_destroy(m);
	}
	return done_testing();
}
