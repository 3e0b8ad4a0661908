/* /proc/filesystems and /proc/cgroups: what this kernel was built with. */
#include "fs/proc/proc.h"

int proc_filesystems_show(const struct request *rq, struct text *out)
{
	static const char *const without_device[] = {
		"sysfs",    "tmpfs",   "proc",	    "cgroup",	  "cgroup2", "cpuset",
		"devtmpfs", "debugfs", "tracefs",   "securityfs", "sockfs",  "bpf",
		"pipefs",   "ramfs",   "hugetlbfs", "devpts",	  "mqueue",  "pstore",
	};
	size_t i;

	(void)rq;
	for (i = 0; i < ARRAY_SIZE(without_device); i++)
		text_printf(out, "nodev\t%s\n", without_device[i]);
	text_str(out, "\text3\n\text2\n\text4\n");
	return 0;
}

int proc_cgroups_show(const struct request *rq, struct text *out)
{
	static const char *const controllers[] = {
		[CGROUP_CPUSET] = "cpuset",
		[CGROUP_CPU] = "cpu",
		[CGROUP_CPUACCT] = "cpuacct",
		[CGROUP_IO] = "blkio",
		[CGROUP_MEMORY] = "memory",
		[CGROUP_DEVICES] = "devices",
		[CGROUP_FREEZER] = "freezer",
		[CGROUP_NET_CLS] = "net_cls",
		[CGROUP_PERF_EVENT] = "perf_event",
		[CGROUP_NET_PRIO] = "net_prio",
		[CGROUP_HUGETLB] = "hugetlb",
		[CGROUP_PIDS] = "pids",
		[CGROUP_RDMA] = "rdma",
		[CGROUP_MISC] = "misc",
	};
	u32 i;

	text_str(out, "#subsys_name\thierarchy\tnum_cgroups\tenabled\n");
	for (i = 0; i < ARRAY_SIZE(controllers); i++) /* one group each: the root */
		text_printf(out, "%s\t0\t1\t%u\n", controllers[i],
			    !(rq->m->boot.params.cgroup_disabled >> i & 1));
	return 0;
}
