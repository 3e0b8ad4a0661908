/*
 * /sys/kernel/mm/ksm.
 * Source: Documentation/admin-guide/mm/ksm.rst.
 */
#include "fs/sys/device.h"

#include <errno.h>

/* These two would make the merged pages wrong, so there must be none when they change. */
static int must_be_unmerged(const struct request *rq, u64 old)
{
	const struct knob *k = rq->attr->data;

	return knob_get(rq->m, k) != old && rq->m->knobs.ksm.pages_shared ? -EBUSY : 0;
}

static const struct attribute ksm_attrs[] = {
	SYSFS_COUNTER("full_scans", knobs.ksm.full_scans, "passes over all mergeable memory"),
	SYSFS_KNOB("max_page_sharing", KNOB_SYSFS_INT, knobs.ksm.max_page_sharing, 2, INT32_MAX,
		   must_be_unmerged, HOLDS, "mappings that one merged page may have"),
	SYSFS_KNOB("merge_across_nodes", KNOB_SYSFS, knobs.ksm.merge_across_nodes, 0, 1,
		   must_be_unmerged, HOLDS, "may pages of different nodes be merged?"),
	SYSFS_COUNTER("pages_shared", knobs.ksm.pages_shared, "merged pages"),
	SYSFS_COUNTER("pages_sharing", knobs.ksm.pages_sharing, "mappings saved by them"),
	SYSFS_KNOB("pages_to_scan", KNOB_SYSFS_UINT, knobs.ksm.pages_to_scan, 0, UINT32_MAX, NULL,
		   HOLDS, "pages to look at in one go"),
	SYSFS_COUNTER("pages_unshared", knobs.ksm.pages_unshared, "pages that have no equal"),
	SYSFS_COUNTER("pages_volatile", knobs.ksm.pages_volatile, "pages that change too fast"),
	SYSFS_KNOB("run", KNOB_SYSFS_UINT, knobs.ksm.run, 0, 2, NULL, HOLDS,
		   "0 stop, 1 run, 2 stop and unmerge all"),
	SYSFS_KNOB("sleep_millisecs", KNOB_SYSFS_UINT, knobs.ksm.sleep_millisecs, 0, UINT32_MAX,
		   NULL, HOLDS, "pause between two goes"),
	SYSFS_COUNTER("stable_node_chains", knobs.ksm.stable_node_chains, "chains of copies"),
	SYSFS_KNOB("stable_node_chains_prune_millisecs", KNOB_SYSFS_UINT,
		   knobs.ksm.stable_node_chains_prune_millisecs, 0, UINT32_MAX, NULL, HOLDS,
		   "how often chains are looked through for what is stale"),
	SYSFS_COUNTER("stable_node_dups", knobs.ksm.stable_node_dups, "copies in those chains"),
	SYSFS_KNOB("use_zero_pages", KNOB_SYSFS_BOOL, knobs.ksm.use_zero_pages, 0, 1, NULL, HOLDS,
		   "merge pages of zeros with the kernel's own zero page"),
};

const struct directory sys_ksm_directory = {
	.name = "ksm",
	.mode = 0755,
	.attrs = ksm_attrs,
	.nr_attrs = ARRAY_SIZE(ksm_attrs),
};
