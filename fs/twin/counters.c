/*
 * counters.c - vmstat goes on from where the other machine's was: events, and what nodes have
 * counted since they booted. How much there is of something is counted by the twin itself.
 */
#include "fs/twin/furnish.h"

/* What only grows, of a node. */
static const enum node_stat_item grown[] = { WORKINGSET_REFAULT_ANON,
					     WORKINGSET_REFAULT_FILE,
					     WORKINGSET_ACTIVATE_ANON,
					     WORKINGSET_ACTIVATE_FILE,
					     WORKINGSET_RESTORE_ANON,
					     WORKINGSET_RESTORE_FILE,
					     WORKINGSET_NODERECLAIM,
					     NR_VMSCAN_WRITE,
					     NR_VMSCAN_IMMEDIATE_RECLAIM,
					     NR_DIRTIED,
					     NR_WRITTEN,
					     NR_THROTTLED_WRITTEN,
					     PGPROMOTE_SUCCESS,
					     PGPROMOTE_CANDIDATE };

/* Behind "NAME " at a line's start, as long as it is a count that 100 years could not fill. */
static bool counter(struct slice text, const char *name, u64 *n)
{
	char key[64];

	snprintf(key, sizeof(key), "%s ", name);
	*n = slice_value(text, key, UINT64_MAX);
	return *n < (u64)1 << 60;
}

static void set_node(struct twin *t, u32 nid, struct slice vmstat, struct slice numastat)
{
	/* numastat calls some by other names */
	static const char *const other_names[NR_VM_NUMA_STAT_ITEMS] = {
		[NUMA_INTERLEAVE] = "interleave_hit",
		[NUMA_LOCAL] = "local_node",
		[NUMA_OTHER] = "other_node"
	};
	u32 i;
	u64 n;

	for (i = 0; i < ARRAY_SIZE(grown); i++)
		if (counter(vmstat, node_stat_names[grown[i]], &n))
			twin_node_counter(t->m, nid, grown[i], n);
	for (i = 0; i < NR_VM_NUMA_STAT_ITEMS; i++)
		if (counter(numastat, numa_stat_names[i], &n) ||
		    (other_names[i] && counter(numastat, other_names[i], &n)))
			twin_numa_counter(t->m, nid, (enum numa_stat_item)i, n);
}

void twin_counters(struct twin *t)
{
	struct machine *m = t->m;
	struct slice vmstat, node_vmstat, numastat;
	u32 i, nid, with_memory = 0;
	u64 n;

	if (!capture_find(&t->c, &vmstat, "/proc/vmstat"))
		return;
	for (i = 0; i < NR_VM_EVENT_ITEMS; i++)
		if (counter(vmstat, vm_event_names[i], &n)) {
			twin_event(m, (enum vm_event_item)i, n);
			t->nr_counters++;
		}
	for (nid = 0; nid < m->nr_nodes; nid++) {
		bool known = capture_find(&t->c, &node_vmstat,
					  "/sys/devices/system/node/node%u/vmstat", nid);

		if (!m->node[nid].has_memory)
			continue;
		if (!capture_find(&t->c, &numastat, "/sys/devices/system/node/node%u/numastat",
				  nid))
			numastat = known ? node_vmstat : vmstat;
		/* without files of nodes, the first one has counted everything */
		if (known || !with_memory++)
			set_node(t, nid, known ? node_vmstat : vmstat, numastat);
	}
}
