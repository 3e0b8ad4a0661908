/*
 * /sys/module: parameters of zswap, and of the few others that go with memory.
 * Source: Documentation/admin-guide/mm/zswap.rst, kernel-parameters.rst.
 */
#include "fs/sys/device.h"

#include <errno.h>
#include <string.h>

/* ---- zswap ---- */

/* What this kernel has built in; others would have to be loaded as modules. */
static const char *const compressors[] = { "deflate", "lzo", "lzo-rle" };
static const char *const zpools[] = { "zbud" };

static ssize_t store_name(char *field, const char *const *known, u32 nr, const char *data,
			  size_t size)
{
	size_t length = size;
	u32 i;

	parse_strip(&data, &length);
	for (i = 0; i < nr; i++) {
		if (length != strlen(known[i]) || memcmp(data, known[i], length))
			continue;
		memcpy(field, known[i], length + 1);
		return (ssize_t)size;
	}
	return -ENOENT;
}

static int show_name(struct text *out, const char *name)
{
	text_str(out, name);
	text_char(out, '\n');
	return 0;
}

static int compressor_show(const struct request *rq, struct text *out)
{
	return show_name(out, rq->m->knobs.zswap.compressor);
}

static ssize_t compressor_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	(void)offset;
	return store_name(rq->m->knobs.zswap.compressor, compressors, ARRAY_SIZE(compressors), data,
			  size);
}

static int zpool_show(const struct request *rq, struct text *out)
{
	return show_name(out, rq->m->knobs.zswap.zpool);
}

static ssize_t zpool_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	(void)offset;
	return store_name(rq->m->knobs.zswap.zpool, zpools, ARRAY_SIZE(zpools), data, size);
}

static const struct attribute zswap_attrs[] = {
	PARAM("accept_threshold_percent", KNOB_PARAM_UINT, knobs.zswap.accept_threshold_percent,
	      HOLDS, "fill, of the pool's limit, below which a full pool takes pages again"),
	SYSFS_OTHER("compressor", 0644, compressor_show, compressor_store, HOLDS,
		    "deflate, lzo or lzo-rle"),
	PARAM("enabled", KNOB_PARAM_BOOL, knobs.zswap.enabled, HOLDS,
	      "compress pages in memory before they go to the disk"),
	PARAM("max_pool_percent", KNOB_PARAM_UINT, knobs.zswap.max_pool_percent, HOLDS,
	      "percent of RAM that compressed pages may take"),
	PARAM("non_same_filled_pages_enabled", KNOB_PARAM_BOOL,
	      knobs.zswap.non_same_filled_pages_enabled, HOLDS,
	      "keep pages other than those of one repeated value"),
	PARAM("same_filled_pages_enabled", KNOB_PARAM_BOOL, knobs.zswap.same_filled_pages_enabled,
	      HOLDS, "keep a page of one repeated value as that value"),
	SYSFS_OTHER("zpool", 0644, zpool_show, zpool_store, HOLDS, "allocator of the pool: zbud"),
};

/* ---- the others ---- */

static const struct attribute kernel_attrs[] = {
	SYSFS_TEXT("consoleblank", "0\n"),
	PARAM("crash_kexec_post_notifiers", KNOB_PARAM_BOOL, knobs.misc.crash_kexec_post_notifiers,
	      HOLDS, "run the panic notifiers before the crash kernel"),
	PARAM("ignore_rlimit_data", KNOB_PARAM_BOOL, knobs.misc.ignore_rlimit_data, HOLDS,
	      "only warn when RLIMIT_DATA is exceeded"),
	PARAM("initcall_debug", KNOB_PARAM_BOOL, knobs.misc.initcall_debug, HOLDS, "log initcalls"),
	{ .name = "module_blacklist",
	  .mode = 0400,
	  .size = SYSFS_SIZE,
	  .show = show_text,
	  .data = "(null)\n" },
	PARAM("panic", KNOB_PARAM_INT, sysctl.panic, ACTS, "kernel.panic"),
	PARAM("panic_on_warn", KNOB_PARAM_INT, sysctl.panic_on_warn, HOLDS, "kernel.panic_on_warn"),
	PARAM("panic_print", KNOB_PARAM_ULONG, knobs.misc.panic_print, HOLDS,
	      "bits: what a panic prints of the system"),
	PARAM("pause_on_oops", KNOB_PARAM_INT, knobs.misc.pause_on_oops, HOLDS,
	      "seconds for which other CPUs are halted after the first oops"),
};

/* ---- memory_hotplug: see admin-guide/mm/memory-hotplug.rst ---- */

static const char *const online_policies[] = { "contig-zones", "auto-movable" };

static int online_policy_show(const struct request *rq, struct text *out)
{
	return show_name(out, online_policies[rq->m->hotplug.online_policy]);
}

static ssize_t online_policy_store(const struct request *rq, const char *data, size_t size,
				   u64 offset)
{
	int policy = parse_word(data, size, online_policies, ARRAY_SIZE(online_policies));

	(void)offset;
	if (policy < 0)
		return policy;
	rq->m->hotplug.online_policy = (u8)policy;
	return (ssize_t)size;
}

static int memmap_on_memory_show(const struct request *rq, struct text *out)
{
	text_str(out, rq->m->hotplug.memmap_on_memory ? "Y\n" : "N\n");
	return 0;
}

static const struct attribute memory_hotplug_attrs[] = {
	PARAM("auto_movable_numa_aware", KNOB_PARAM_BOOL, hotplug.numa_aware, ACTS,
	      "auto-movable: the ratio holds for each node, too"),
	PARAM("auto_movable_ratio", KNOB_PARAM_UINT, hotplug.auto_movable_ratio, ACTS,
	      "auto-movable: movable memory, in percent of the kernel memory that boot had"),
	SYSFS_RO("memmap_on_memory", memmap_on_memory_show),
	SYSFS_OTHER("online_policy", 0644, online_policy_show, online_policy_store, ACTS,
		    "contig-zones or auto-movable: which zone plain `online` means"),
};

static const struct attribute page_reporting_attrs[] = {
	PARAM("page_reporting_order", KNOB_PARAM_UINT, knobs.misc.page_reporting_order, HOLDS,
	      "smallest order of free pages reported to a hypervisor"),
};

static const struct attribute printk_attrs[] = {
	PARAM("always_kmsg_dump", KNOB_PARAM_BOOL, knobs.misc.always_kmsg_dump, HOLDS,
	      "dump the log at a clean shutdown too"),
	PARAM("console_no_auto_verbose", KNOB_PARAM_BOOL, knobs.misc.console_no_auto_verbose, HOLDS,
	      "keep the console's log level in an oops"),
	PARAM("console_suspend", KNOB_PARAM_BOOL, knobs.misc.console_suspend, HOLDS,
	      "suspend the console with the machine"),
	PARAM("ignore_loglevel", KNOB_PARAM_BOOL, knobs.misc.ignore_loglevel, HOLDS,
	      "print all messages on the console"),
	PARAM("time", KNOB_PARAM_BOOL, knobs.misc.printk_time, HOLDS,
	      "times in front of the messages"),
};

static const struct attribute workqueue_attrs[] = {
	PARAM("debug_force_rr_cpu", KNOB_PARAM_BOOL, knobs.misc.debug_force_rr_cpu, HOLDS,
	      "spread work over the CPUs in turn"),
	SYSFS_TEXT("disable_numa", "N\n"),
	SYSFS_TEXT("power_efficient", "N\n"),
};

/* A module is a folder with a folder "parameters". */
#define MODULE(module, rows)                                           \
	static const struct directory module##_parameters = {          \
		.name = "module/" #module "/parameters",               \
		.mode = 0755,                                          \
		.attrs = rows,                                         \
		.nr_attrs = ARRAY_SIZE(rows),                          \
	};                                                             \
	static const struct subdirectory module##_subdirs[] = {        \
		{ .name = "parameters", .dir = &module##_parameters }, \
	};                                                             \
	static const struct directory module##_directory = {           \
		.name = "module/" #module,                             \
		.mode = 0755,                                          \
		.subdirs = module##_subdirs,                           \
		.nr_subdirs = ARRAY_SIZE(module##_subdirs),            \
	}

MODULE(kernel, kernel_attrs);
MODULE(memory_hotplug, memory_hotplug_attrs);
MODULE(page_reporting, page_reporting_attrs);
MODULE(printk, printk_attrs);
MODULE(workqueue, workqueue_attrs);
MODULE(zswap, zswap_attrs);

static const struct subdirectory module_subdirs[] = {
	{ .name = "kernel", .dir = &kernel_directory },
	{ .name = "memory_hotplug",
	  .dir = &memory_hotplug_directory,
	  .visible = sys_has_memory_blocks },
	{ .name = "page_reporting", .dir = &page_reporting_directory },
	{ .name = "printk", .dir = &printk_directory },
	{ .name = "workqueue", .dir = &workqueue_directory },
	{ .name = "zswap", .dir = &zswap_directory },
};

const struct directory sys_module_directory = {
	.name = "module",
	.mode = 0755,
	.subdirs = module_subdirs,
	.nr_subdirs = ARRAY_SIZE(module_subdirs),
};
