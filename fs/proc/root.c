/*
 * The top of proc/: the machine's files in the order in which procfs lists them (shorter names
 * first), then the processes by PID. A visitor's own number leads to a small entry of its own,
 * which no listing shows.
 */
#include "fs/knob.h"
#include "fs/proc/pid.h"
#include "fs/proc/proc.h"
#include "fs/visitor.h"

#include <errno.h>

extern const struct directory proc_sys_directory; /* sys.c */

#define FILE_RO(_name, _show)                              \
	{                                                  \
		.name = _name, .mode = 0444, .show = _show \
	}
#define FILE_ROOT(_name, _show)                            \
	{                                                  \
		.name = _name, .mode = 0400, .show = _show \
	}
#define LINK(_name, _size, _show)                                                   \
	{                                                                           \
		.name = _name, .mode = S_IFLNK | 0777, .size = _size, .show = _show \
	}

static const struct attribute root_attrs[] = {
	LINK("net", 8, proc_net_link_show),
	{ .name = "mtrr", .mode = 0644, .show = proc_mtrr_show, .store = proc_mtrr_store },
	FILE_RO("stat", proc_stat_show),
	FILE_RO("iomem", proc_iomem_show),
	{ .name = "kcore",
	  .mode = 0400,
	  .flags = ATTR_POSITIONAL,
	  .pread = proc_kcore_pread,
	  .get_size = proc_kcore_size },
	{ .name = "swaps",
	  .mode = 0444,
	  .show = proc_swaps_show,
	  .open = proc_swaps_open,
	  .poll = proc_swaps_poll },
	FILE_RO("locks", show_nothing), /* no simulated process makes the calls */
	LINK("mounts", 11, proc_mounts_link_show),
	FILE_RO("uptime", proc_uptime_show),
	FILE_RO("vmstat", proc_vmstat_show),
	FILE_RO("cgroups", proc_cgroups_show),
	FILE_RO("cmdline", proc_cmdline_show),
	FILE_RO("cpuinfo", proc_cpuinfo_show),
	FILE_RO("devices", proc_devices_show),
	FILE_RO("loadavg", proc_loadavg_show),
	FILE_RO("meminfo", proc_meminfo_show),
	FILE_RO("modules", show_nothing), /* all that it needs is built in */
	FILE_RO("version", proc_version_show),
	FILE_ROOT("slabinfo", proc_slabinfo_show),
	FILE_RO("softirqs", proc_softirqs_show),
	FILE_RO("zoneinfo", proc_zoneinfo_show),
	FILE_RO("buddyinfo", proc_buddyinfo_show),
	FILE_RO("diskstats", proc_diskstats_show),
	FILE_RO("interrupts", proc_interrupts_show),
	{ .name = "kpagecount",
	  .mode = 0400,
	  .flags = ATTR_POSITIONAL,
	  .pread = proc_kpagecount_pread },
	{ .name = "kpageflags",
	  .mode = 0400,
	  .flags = ATTR_POSITIONAL,
	  .pread = proc_kpageflags_pread },
	FILE_RO("partitions", proc_partitions_show),
	FILE_RO("filesystems", proc_filesystems_show),
	{ .name = "kpagecgroup",
	  .mode = 0400,
	  .flags = ATTR_POSITIONAL,
	  .pread = proc_kpagecgroup_pread },
	FILE_ROOT("vmallocinfo", proc_vmallocinfo_show),
	FILE_ROOT("pagetypeinfo", proc_pagetypeinfo_show),
	{ .name = "sysrq-trigger",
	  .flags = ATTR_LONG | ATTR_BRIEF, /* the end of a large process */
	  .mode = 0200,
	  .show = proc_sysrq_trigger_show,
	  .store = proc_sysrq_trigger_store },
	LINK("self", 0, visitor_self),
	LINK("thread-self", 0, visitor_thread_self),
};

static const struct subdirectory root_subdirs[] = {
	{ .name = "sys", .dir = &proc_sys_directory },
	{ .name = "sysvipc", .dir = &proc_sysvipc_directory },
	{ .name = "pressure", .dir = &proc_pressure_directory, .visible = proc_pressure_visible },
};

static const struct directory *const root_dynamic[] = {
	&visitor_directory,
	&proc_pid_directory,
	NULL,
};

static int root_lookup(const struct request *rq, const char *name, struct entry *out)
{
	/* for its own number the visitor comes before a simulated process */
	if (!visitor_lookup(rq, name, out))
		return 0;
	return proc_pid_lookup(rq, name, out) ? visitor_lookup_mate(rq, name, out) : 0;
}

/* Behind all PIDs. */
#define POSITION_VISITOR ((u64)1 << OBJECT_NUMBER_BITS)

struct pid_emit {
	struct dir_emit emit;
	struct dir_emit *outer;
	bool full;
};

static bool emit_pid(struct dir_emit *e, const char *name, const struct entry *entry, u64 next)
{
	struct pid_emit *p = e->arg;

	p->full = !p->outer->emit(p->outer, name, entry, next);
	return !p->full;
}

static int root_iterate(const struct request *rq, u64 position, struct dir_emit *e)
{
	struct pid_emit p = { .emit = { .emit = emit_pid }, .outer = e };
	int error = 0;

	p.emit.arg = &p;
	if (position < POSITION_VISITOR)
		error = proc_pid_iterate(rq, position, &p.emit);
	if (!error && !p.full && position <= POSITION_VISITOR)
		visitor_list(rq, e, POSITION_VISITOR + 1);
	return error;
}

static u32 root_nlink(const struct request *rq)
{
	return 2 + ARRAY_SIZE(root_subdirs) + rq->m->tasks.nr_tasks;
}

const struct directory proc_directory = {
	.name = "proc",
	.mode = 0555,
	.attrs = root_attrs,
	.nr_attrs = ARRAY_SIZE(root_attrs),
	.subdirs = root_subdirs,
	.nr_subdirs = ARRAY_SIZE(root_subdirs),
	.dynamic = root_dynamic,
	.lookup = root_lookup,
	.iterate = root_iterate,
	.nlink = root_nlink,
};
