/*
 * /sys/kernel/mm/transparent_hugepage.
 * Source: Documentation/admin-guide/mm/transhuge.rst.
 */
#include "fs/sys/device.h"

#define MAX_PTES (PAGEBLOCK_NR_PAGES - 1)

static const char *const enabled_words[] = { "always", "madvise", "never" };
static const char *const defrag_words[] = { "always", "defer", "defer+madvise", "madvise",
					    "never" };
static const char *const shmem_words[] = { "always", "within_size", "advise",
					   "never",  "deny",	    "force" };

/* khugepaged needs free pageblocks: min_free_kbytes follows. */
static int enabled_changed(const struct request *rq, u64 old)
{
	(void)old;
	khugepaged_min_free_kbytes_update(rq->m);
	return 0;
}

static int hpage_pmd_size_show(const struct request *rq, struct text *out)
{
	(void)rq;
	return show_u64(out, PAGEBLOCK_NR_PAGES * PAGE_SIZE);
}

static const struct attribute thp_attrs[] = {
	SYSFS_WORDS("defrag", knobs.thp.defrag, defrag_words, NULL, HOLDS,
		    "how hard a fault tries to get a huge page"),
	SYSFS_WORDS("enabled", sysctl.thp_enabled, enabled_words, enabled_changed, ACTS,
		    "who gets huge pages (nobody yet); min_free_kbytes follows"),
	SYSFS_RO("hpage_pmd_size", hpage_pmd_size_show),
	SYSFS_WORDS("shmem_enabled", knobs.thp.shmem_enabled, shmem_words, NULL, HOLDS,
		    "huge pages for shared memory"),
	SYSFS_KNOB("use_zero_page", KNOB_SYSFS, knobs.thp.use_zero_page, 0, 1, NULL, HOLDS,
		   "reads of untouched memory map one huge page of zeros"),
};

static const struct attribute khugepaged_attrs[] = {
	SYSFS_KNOB("alloc_sleep_millisecs", KNOB_SYSFS_UINT,
		   knobs.thp.khugepaged.alloc_sleep_millisecs, 0, UINT32_MAX, NULL, HOLDS,
		   "pause after there was no huge page to be had"),
	SYSFS_KNOB("defrag", KNOB_SYSFS, knobs.thp.khugepaged.defrag, 0, 1, NULL, HOLDS,
		   "may khugepaged reclaim and compact for a huge page?"),
	SYSFS_COUNTER("full_scans", knobs.thp.khugepaged.full_scans, "passes over all processes"),
	SYSFS_KNOB("max_ptes_none", KNOB_SYSFS_UINT, knobs.thp.khugepaged.max_ptes_none, 0,
		   MAX_PTES, NULL, HOLDS, "missing pages that a collapse may fill in"),
	SYSFS_KNOB("max_ptes_shared", KNOB_SYSFS_UINT, knobs.thp.khugepaged.max_ptes_shared, 0,
		   MAX_PTES, NULL, HOLDS, "shared pages that a collapse may copy"),
	SYSFS_KNOB("max_ptes_swap", KNOB_SYSFS_UINT, knobs.thp.khugepaged.max_ptes_swap, 0,
		   MAX_PTES, NULL, HOLDS, "swapped pages that a collapse may bring in"),
	SYSFS_COUNTER("pages_collapsed", knobs.thp.khugepaged.pages_collapsed, "huge pages made"),
	SYSFS_KNOB("pages_to_scan", KNOB_SYSFS_UINT, knobs.thp.khugepaged.pages_to_scan, 1,
		   UINT32_MAX, NULL, HOLDS, "pages to look at in one go"),
	SYSFS_KNOB("scan_sleep_millisecs", KNOB_SYSFS_UINT,
		   knobs.thp.khugepaged.scan_sleep_millisecs, 0, UINT32_MAX, NULL, HOLDS,
		   "pause between two goes"),
};

static const struct directory khugepaged_directory = {
	.name = "transparent_hugepage/khugepaged",
	.mode = 0755,
	.attrs = khugepaged_attrs,
	.nr_attrs = ARRAY_SIZE(khugepaged_attrs),
};

static const struct subdirectory thp_subdirs[] = {
	{ .name = "khugepaged", .dir = &khugepaged_directory },
};

const struct directory sys_thp_directory = {
	.name = "transparent_hugepage",
	.mode = 0755,
	.attrs = thp_attrs,
	.nr_attrs = ARRAY_SIZE(thp_attrs),
	.subdirs = thp_subdirs,
	.nr_subdirs = ARRAY_SIZE(thp_subdirs),
};
