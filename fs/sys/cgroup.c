/*
 * /sys/fs/cgroup: the root of the cgroup v2 hierarchy. Groups below it come later.
 * What memory.stat and memory.numa_stat count is in cgroup_stat.c.
 * Source: Documentation/admin-guide/cgroup-v2.rst.
 */
#include "fs/sys/cgroup.h"

#include "fs/proc/proc.h"

#include <errno.h>
#include <string.h>

/* ---- controllers ---- */

/* In the kernel's order; those that subtree_control may give to children come first. */
static const char *const controllers[] = { "cpuset",  "cpu",  "io",   "memory",
					   "hugetlb", "pids", "rdma", "misc" };
static const u8 disabled_bit[] = { CGROUP_CPUSET,  CGROUP_CPU,	CGROUP_IO,   CGROUP_MEMORY,
				   CGROUP_HUGETLB, CGROUP_PIDS, CGROUP_RDMA, CGROUP_MISC };

static bool is_available(const struct machine *m, u32 i)
{
	return !(m->boot.params.cgroup_disabled >> disabled_bit[i] & 1);
}

static int show_controllers(const struct machine *m, struct text *out, u32 mask)
{
	const char *space = "";
	u32 i;

	for (i = 0; i < ARRAY_SIZE(controllers); i++) {
		if (!is_available(m, i) || !(mask >> i & 1))
			continue;
		text_str(out, space);
		text_str(out, controllers[i]);
		space = " ";
	}
	text_char(out, '\n');
	return 0;
}

static int controllers_show(const struct request *rq, struct text *out)
{
	return show_controllers(rq->m, out, UINT32_MAX);
}

static int subtree_control_show(const struct request *rq, struct text *out)
{
	return show_controllers(rq->m, out, rq->m->knobs.cgroup.subtree_control);
}

static int find_controller(const struct machine *m, const char *name, size_t length)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(controllers); i++)
		if (length == strlen(controllers[i]) && !memcmp(name, controllers[i], length))
			return is_available(m, i) ? (int)i : -ENOENT;
	return -EINVAL;
}

/* "+memory -io": words between blanks, all or nothing. */
static ssize_t subtree_control_store(const struct request *rq, const char *data, size_t size,
				     u64 offset)
{
	u32 mask = rq->m->knobs.cgroup.subtree_control;
	size_t left = size, length;

	(void)offset;
	parse_strip(&data, &left);
	for (; left; data += length, left -= length) {
		int i;

		length = 1;
		if (*data == ' ')
			continue;
		if (*data != '+' && *data != '-')
			return -EINVAL;
		while (length < left && data[length] != ' ')
			length++;
		i = find_controller(rq->m, data + 1, length - 1);
		if (i < 0)
			return i;
		mask = *data == '+' ? mask | 1u << i : mask & ~(1u << i);
	}
	rq->m->knobs.cgroup.subtree_control = mask;
	return (ssize_t)size;
}

/* ---- who is in it ---- */

static int procs_show(const struct request *rq, struct text *out)
{
	struct machine *m = rq->m;
	handle_t task = pid_next(m, 1);

	for (; task; task = pid_next(m, task_at(m, task)->pid + 1)) {
		text_u64(out, task_at(m, task)->pid);
		text_char(out, '\n');
	}
	return 0;
}

/* Everybody is in the root already; what is checked is that there is such a process. */
static ssize_t procs_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	size_t left = size;
	s32 pid;

	(void)offset;
	parse_strip(&data, &left);
	if (parse_kstrtoint(data, left, 0, &pid) || pid < 0)
		return -EINVAL;
	if (pid && !find_task_by_pid(rq->m, (u32)pid))
		return -ESRCH;
	return (ssize_t)size;
}

static int stat_show(const struct request *rq, struct text *out)
{
	(void)rq;
	text_str(out, "nr_descendants 0\nnr_dying_descendants 0\n");
	return 0;
}

/* ---- limits of the hierarchy ---- */

static int show_limit(struct text *out, u32 value)
{
	if (value == CGROUP_MAX)
		text_str(out, "max");
	else
		text_u64(out, value);
	text_char(out, '\n');
	return 0;
}

static ssize_t store_limit(u32 *limit, const char *data, size_t size)
{
	size_t left = size;
	s32 value;
	int err;

	parse_strip(&data, &left);
	if (left == 3 && !memcmp(data, "max", 3)) {
		*limit = CGROUP_MAX;
		return (ssize_t)size;
	}
	err = parse_kstrtoint(data, left, 0, &value);
	if (err)
		return err;
	if (value < 0)
		return -ERANGE;
	*limit = (u32)value;
	return (ssize_t)size;
}

static int max_depth_show(const struct request *rq, struct text *out)
{
	return show_limit(out, rq->m->knobs.cgroup.max_depth);
}

static ssize_t max_depth_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	(void)offset;
	return store_limit(&rq->m->knobs.cgroup.max_depth, data, size);
}

static int max_descendants_show(const struct request *rq, struct text *out)
{
	return show_limit(out, rq->m->knobs.cgroup.max_descendants);
}

static ssize_t max_descendants_store(const struct request *rq, const char *data, size_t size,
				     u64 offset)
{
	(void)offset;
	return store_limit(&rq->m->knobs.cgroup.max_descendants, data, size);
}

/* ---- cpu, cpuset ---- */

static int cpu_stat_show(const struct request *rq, struct text *out)
{
	const struct task_state *t = &rq->m->tasks;

	text_printf(out, "usage_usec %llu\nuser_usec %llu\nsystem_usec %llu\n",
		    (unsigned long long)((t->cpu_user_ns + t->cpu_system_ns) / NSEC_PER_USEC),
		    (unsigned long long)(t->cpu_user_ns / NSEC_PER_USEC),
		    (unsigned long long)(t->cpu_system_ns / NSEC_PER_USEC));
	return 0;
}

static int cpus_effective_show(const struct request *rq, struct text *out)
{
	text_str(out, rq->m->nr_cpus > 1 ? "0-" : "");
	text_u64(out, rq->m->nr_cpus - 1);
	text_char(out, '\n');
	return 0;
}

static int mems_effective_show(const struct request *rq, struct text *out)
{
	text_node_list(rq->m, out, node_has_memory);
	return 0;
}

/* ---- memory.reclaim ---- */

/* Reclaim on request comes with the groups: so far nothing can be had, unless nothing is asked
 * for. */
static ssize_t reclaim_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	u64 pages;
	int err = parse_page_counter(data, size, "", &pages);

	(void)rq;
	(void)offset;
	if (err)
		return err;
	return pages ? -EAGAIN : (ssize_t)size;
}

/* ---- pressure: the machine's own ---- */

static struct request pressure_request(const struct request *rq)
{
	const char *name = strcmp(rq->attr->name, "memory.pressure") == 0 ? "memory" :
			   strcmp(rq->attr->name, "io.pressure") == 0	  ? "io" :
									    "cpu";
	struct request inner = *rq;
	u32 i;

	for (i = 0; i < proc_pressure_directory.nr_attrs; i++)
		if (!strcmp(proc_pressure_directory.attrs[i].name, name))
			inner.attr = &proc_pressure_directory.attrs[i];
	return inner;
}

static int pressure_show(const struct request *rq, struct text *out)
{
	struct request inner = pressure_request(rq);

	return inner.attr->show(&inner, out);
}

static ssize_t pressure_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	struct request inner = pressure_request(rq);

	return inner.attr->store(&inner, data, size, offset);
}

static void pressure_release(const struct request *rq)
{
	struct request inner = pressure_request(rq);

	inner.attr->release(&inner);
}

static u32 pressure_poll(const struct request *rq)
{
	struct request inner = pressure_request(rq);

	return inner.attr->poll(&inner);
}

static int pressure_enabled_show(const struct request *rq, struct text *out)
{
	text_str(out, rq->m->knobs.cgroup.pressure_off ? "0\n" : "1\n");
	return 0;
}

static ssize_t pressure_enabled_store(const struct request *rq, const char *data, size_t size,
				      u64 offset)
{
	size_t left = size;
	s32 value;

	(void)offset;
	parse_strip(&data, &left);
	if (parse_kstrtoint(data, left, 0, &value))
		return -EINVAL;
	if (value < 0 || value > 1)
		return -ERANGE;
	rq->m->knobs.cgroup.pressure_off = !value;
	return (ssize_t)size;
}

/* ---- the table ---- */

#define CGROUP_RO(file, fn)                            \
	{                                              \
		.name = file, .mode = 0444, .show = fn \
	}
#define CGROUP_KNOB(file, bits, show_fn, store_fn, does, text) \
	DEBUGFS_OTHER(file, bits, show_fn, store_fn, does, text)
#define PRESSURE(file)                                                                       \
	{                                                                                    \
		.name = file, .mode = 0644, .flags = ATTR_NO_JOURNAL, .show = pressure_show, \
		.store = pressure_store, .release = pressure_release, .poll = pressure_poll, \
		.visible = proc_pressure_visible,                                            \
	}

static bool has_memory(const struct request *rq)
{
	return is_available(rq->m, 3);
}

#define MEMORY_RO(file, fn)                                                   \
	{                                                                     \
		.name = file, .mode = 0444, .show = fn, .visible = has_memory \
	}

static const struct attribute cgroup_attrs[] = {
	CGROUP_RO("cgroup.controllers", controllers_show),
	CGROUP_KNOB("cgroup.max.depth", 0644, max_depth_show, max_depth_store, HOLDS,
		    "levels of groups that there may be, or max"),
	CGROUP_KNOB("cgroup.max.descendants", 0644, max_descendants_show, max_descendants_store,
		    HOLDS, "groups that there may be, or max"),
	CGROUP_KNOB("cgroup.pressure", 0644, pressure_enabled_show, pressure_enabled_store, HOLDS,
		    "account pressure for this group?"),
	CGROUP_KNOB("cgroup.procs", 0644, procs_show, procs_store, HOLDS,
		    "processes; writing a PID moves it here, where all are already"),
	CGROUP_RO("cgroup.stat", stat_show),
	CGROUP_KNOB("cgroup.subtree_control", 0644, subtree_control_show, subtree_control_store,
		    HOLDS, "controllers that children have: +NAME -NAME"),
	CGROUP_KNOB("cgroup.threads", 0644, procs_show, procs_store, HOLDS, "likewise, threads"),
	PRESSURE("cpu.pressure"),
	CGROUP_RO("cpu.stat", cpu_stat_show),
	CGROUP_RO("cpuset.cpus.effective", cpus_effective_show),
	CGROUP_RO("cpuset.mems.effective", mems_effective_show),
	PRESSURE("io.pressure"),
	CGROUP_RO("io.stat", show_nothing),
	MEMORY_RO("memory.numa_stat", cgroup_numa_stat_show),
	PRESSURE("memory.pressure"),
	{ .name = "memory.reclaim",
	  .mode = 0200,
	  .store = knob_store,
	  .visible = has_memory,
	  .data = &(
		  const struct knob){ .parser = KNOB_OTHER,
				      .store = reclaim_store,
				      .effect = HOLDS,
				      .help = "bytes to reclaim: EAGAIN, comes with the groups" } },
	MEMORY_RO("memory.stat", cgroup_memory_stat_show),
	CGROUP_RO("misc.capacity", show_nothing),
};

const struct directory sys_cgroup_directory = {
	.name = "fs/cgroup",
	.mode = 0555,
	.attrs = cgroup_attrs,
	.nr_attrs = ARRAY_SIZE(cgroup_attrs),
};
