/*
 * sim/: the laboratory's own controls. Everything outside it is Linux's.
 */
#include "fs/sim/sim.h"

static const struct attribute sim_attrs[] = {
	{ .name = "README", .mode = 0444, .show = sim_readme_show },
	{ .name = "clock",
	  .mode = 0644,
	  .flags = ATTR_LONG | ATTR_PANICKED,
	  .show = sim_clock_show,
	  .store = sim_clock_store },
	{ .name = "ctl",
	  .mode = 0644,
	  .flags = ATTR_LONG | ATTR_PANICKED,
	  .show = sim_ctl_show,
	  .store = sim_ctl_store,
	  .ioctl = sim_ctl_ioctl,
	  .ioctl_asks = sim_ctl_asks },
	{ .name = "journal", .mode = 0444, .show = sim_journal_show },
	{ .name = "events",
	  .mode = 0444,
	  .flags = ATTR_STREAM,
	  .pread = sim_events_read,
	  .open = sim_events_open,
	  .poll = sim_events_poll },
	{ .name = "explain", .mode = 0444, .show = sim_explain_show },
	{ .name = "lru", .mode = 0444, .show = sim_lru_show },
	{ .name = "tlb", .mode = 0444, .show = sim_tlb_show },
	{ .name = "reclaim_policy",
	  .mode = 0644,
	  .show = sim_policy_show,
	  .store = sim_policy_store },
	{ .name = "check",
	  .mode = 0444,
	  .show_is_long = sim_check_is_long,
	  .show = sim_check_show },
	{ .name = "twin", .mode = 0444, .show = sim_twin_show, .visible = sim_twin_visible },
};

static const struct subdirectory sim_subdirs[] = {
	{ .name = "dimms", .dir = &dimms_directory, .visible = sim_has_dimms },
	{ .name = "disk", .dir = &disk_directory },
	{ .name = "procs", .dir = &procs_directory },
	{ .name = "zones", .dir = &zones_directory },
};

const struct directory sim_directory = {
	.name = "sim",
	.mode = 0755,
	.attrs = sim_attrs,
	.nr_attrs = ARRAY_SIZE(sim_attrs),
	.subdirs = sim_subdirs,
	.nr_subdirs = ARRAY_SIZE(sim_subdirs),
	.family = FAMILY_OWN,
};
