/* /proc/vmstat: every counter, one a line, in the order of vmstat.h. */
#include "fs/proc/proc.h"

#include <mman/writeback.h>

int proc_vmstat_show(const struct request *rq, struct text *out)
{
	const struct machine *m = rq->m;
	u64 background, limit;
	u32 i;

	for (i = 0; i < NR_VM_ZONE_STAT_ITEMS; i++)
		text_count(out, zone_stat_names[i],
			   global_zone_page_state(m, (enum zone_stat_item)i));
	for (i = 0; i < NR_VM_NUMA_STAT_ITEMS; i++)
		text_count(out, numa_stat_names[i], (u64)m->vm_numa_stat[i]);
	for (i = 0; i < NR_VM_NODE_STAT_ITEMS; i++)
		text_count(out, node_stat_names[i],
			   node_stat_shown((enum node_stat_item)i, m->vm_node_stat[i]));

	global_dirty_limits(m, &background, &limit);
	text_count(out, "nr_dirty_threshold", limit);
	text_count(out, "nr_dirty_background_threshold", background);

	for (i = 0; i < NR_VM_EVENT_ITEMS; i++)
		if (vm_event_shown(m, (enum vm_event_item)i))
			text_count(out, vm_event_names[i], m->vm_event[i]);
	text_count(out, "nr_unstable", 0); /* kept for old readers; nothing counts it */
	return 0;
}
