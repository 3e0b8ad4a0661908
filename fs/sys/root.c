/*
 * /sys: the folders, and the few files that stand alone. Each subject is a file beside this one.
 */
#include "fs/sys/device.h"

#include <errno.h>

#define FOLDER(ident, path, children)               \
	static const struct directory ident = {     \
		.name = path,                       \
		.mode = 0755,                       \
		.subdirs = children,                \
		.nr_subdirs = ARRAY_SIZE(children), \
	}
#define EMPTY_FOLDER(ident, path) \
	static const struct directory ident = { .name = path, .mode = 0755 }

/* ---- where "subsystem" links lead ---- */

EMPTY_FOLDER(bus_cpu_directory, "bus/cpu");
EMPTY_FOLDER(bus_edac_directory, "bus/edac");
EMPTY_FOLDER(bus_memory_directory, "bus/memory");
EMPTY_FOLDER(bus_memory_tiering_directory, "bus/memory_tiering");
EMPTY_FOLDER(bus_node_directory, "bus/node");

static const struct subdirectory bus_subdirs[] = {
	{ .name = "cpu", .dir = &bus_cpu_directory },
	{ .name = "edac", .dir = &bus_edac_directory },
	{ .name = "memory", .dir = &bus_memory_directory },
	{ .name = "memory_tiering", .dir = &bus_memory_tiering_directory },
	{ .name = "node", .dir = &bus_node_directory },
};
FOLDER(bus_directory, "bus", bus_subdirs);

/* Of these the machine has none. */
EMPTY_FOLDER(class_hwmon_directory, "class/hwmon");
EMPTY_FOLDER(class_power_supply_directory, "class/power_supply");
EMPTY_FOLDER(class_thermal_directory, "class/thermal");

static const struct subdirectory class_subdirs[] = {
	{ .name = "bdi", .dir = &sys_class_bdi_directory },
	{ .name = "block", .dir = &sys_class_block_directory },
	{ .name = "hwmon", .dir = &class_hwmon_directory },
	{ .name = "net", .dir = &sys_class_net_directory },
	{ .name = "power_supply", .dir = &class_power_supply_directory },
	{ .name = "thermal", .dir = &class_thermal_directory },
};
FOLDER(class_directory, "class", class_subdirs);

static const struct subdirectory dev_subdirs[] = {
	{ .name = "block", .dir = &sys_dev_block_directory },
};
FOLDER(numbers_directory, "dev", dev_subdirs);

/* ---- devices/system/edac: there is no memory controller that counts errors ---- */

POWER_DIRECTORY(edac_power_directory, "edac/power", NULL);
POWER_DIRECTORY(edac_mc_power_directory, "edac/mc/power", NULL);

static const struct attribute edac_mc_attrs[] = {
	SYSFS_LINK("subsystem", "../../../../bus/edac"),
	UEVENT_ATTR,
};

static const struct subdirectory edac_mc_subdirs[] = {
	{ .name = "power", .dir = &edac_mc_power_directory },
};

static const struct directory edac_mc_directory = {
	.name = "edac/mc",
	.mode = 0755,
	.attrs = edac_mc_attrs,
	.nr_attrs = ARRAY_SIZE(edac_mc_attrs),
	.subdirs = edac_mc_subdirs,
	.nr_subdirs = ARRAY_SIZE(edac_mc_subdirs),
};

static const struct attribute edac_attrs[] = { UEVENT_ATTR };

static const struct subdirectory edac_subdirs[] = {
	{ .name = "mc", .dir = &edac_mc_directory },
	{ .name = "power", .dir = &edac_power_directory },
};

static const struct directory edac_directory = {
	.name = "edac",
	.mode = 0755,
	.attrs = edac_attrs,
	.nr_attrs = ARRAY_SIZE(edac_attrs),
	.subdirs = edac_subdirs,
	.nr_subdirs = ARRAY_SIZE(edac_subdirs),
};

/* ---- devices ---- */

static const struct subdirectory system_subdirs[] = {
	{ .name = "cpu", .dir = &sys_cpu_directory },
	{ .name = "edac", .dir = &edac_directory },
	{ .name = "memory", .dir = &sys_memory_directory, .visible = sys_has_memory_blocks },
	{ .name = "node", .dir = &sys_node_directory },
};
FOLDER(system_directory, "devices/system", system_subdirs);

static const struct subdirectory virtual_subdirs[] = {
	{ .name = "bdi", .dir = &sys_bdi_directory },
	{ .name = "memory_tiering", .dir = &sys_memory_tiering_directory },
	{ .name = "net", .dir = &sys_virtual_net_directory },
};
FOLDER(virtual_directory, "devices/virtual", virtual_subdirs);

static const struct subdirectory devices_subdirs[] = {
	{ .name = "pci0000:00", .dir = &sys_pci_directory },
	{ .name = "system", .dir = &system_directory },
	{ .name = "virtual", .dir = &virtual_directory },
};
FOLDER(devices_directory, "devices", devices_subdirs);

/* ---- firmware/acpi/hotplug ---- */

static ssize_t force_remove_store(const struct request *rq, const char *data, size_t size,
				  u64 offset)
{
	bool on;
	int err = parse_bool(data, size, &on);

	(void)rq;
	(void)offset;
	return err ? err : on ? -EINVAL : (ssize_t)size;
}

static int zero_show(const struct request *rq, struct text *out)
{
	(void)rq;
	text_str(out, "0\n");
	return 0;
}

#define HOTPLUG_PROFILE(what, words)                                                              \
	static const struct attribute what##_attrs[] = {                                          \
		SYSFS_KNOB("enabled", KNOB_SYSFS_UINT, knobs.misc.hotplug_##what##_enabled, 0, 1, \
			   NULL, HOLDS, words),                                                   \
	};                                                                                        \
	static const struct directory what##_hotplug_directory = {                                \
		.name = "firmware/acpi/hotplug/" #what,                                           \
		.mode = 0755,                                                                     \
		.attrs = what##_attrs,                                                            \
		.nr_attrs = ARRAY_SIZE(what##_attrs),                                             \
	}

HOTPLUG_PROFILE(memory, "take DIMMs that are plugged in?");
HOTPLUG_PROFILE(pci_root, "take PCI roots that are plugged in?");
HOTPLUG_PROFILE(processor, "take processors that are plugged in?");

static const struct attribute hotplug_attrs[] = {
	SYSFS_OTHER("force_remove", 0644, zero_show, force_remove_store, HOLDS, "0; 1 is refused"),
};

static const struct subdirectory hotplug_subdirs[] = {
	{ .name = "memory", .dir = &memory_hotplug_directory },
	{ .name = "pci_root", .dir = &pci_root_hotplug_directory },
	{ .name = "processor", .dir = &processor_hotplug_directory },
};

static const struct directory hotplug_directory = {
	.name = "firmware/acpi/hotplug",
	.mode = 0755,
	.attrs = hotplug_attrs,
	.nr_attrs = ARRAY_SIZE(hotplug_attrs),
	.subdirs = hotplug_subdirs,
	.nr_subdirs = ARRAY_SIZE(hotplug_subdirs),
};

static const struct subdirectory acpi_subdirs[] = {
	{ .name = "hotplug", .dir = &hotplug_directory },
};
FOLDER(acpi_directory, "firmware/acpi", acpi_subdirs);

static const struct subdirectory firmware_subdirs[] = {
	{ .name = "acpi", .dir = &acpi_directory },
};
FOLDER(firmware_directory, "firmware", firmware_subdirs);

/* ---- fs, kernel, power ---- */

static const struct subdirectory fs_subdirs[] = {
	{ .name = "cgroup", .dir = &sys_cgroup_directory },
};
FOLDER(fs_directory, "fs", fs_subdirs);

static const struct subdirectory mm_subdirs[] = {
	{ .name = "hugepages", .dir = &sys_hugepages_directory, .visible = sys_has_hugepages },
	{ .name = "ksm", .dir = &sys_ksm_directory },
	{ .name = "lru_gen", .dir = &sys_lru_gen_directory },
	{ .name = "numa", .dir = &sys_numa_directory },
	{ .name = "page_idle", .dir = &sys_page_idle_directory },
	{ .name = "swap", .dir = &sys_swap_directory },
	{ .name = "transparent_hugepage", .dir = &sys_thp_directory },
};
FOLDER(mm_directory, "kernel/mm", mm_subdirs);

static int kexec_crash_size_show(const struct request *rq, struct text *out)
{
	return show_u64(out, rq->m->knobs.misc.kexec_crash_size);
}

/* It can only shrink. */
static ssize_t kexec_crash_size_store(const struct request *rq, const char *data, size_t size,
				      u64 offset)
{
	u64 bytes;
	int err = parse_kstrtoull(data, size, 0, &bytes);

	(void)offset;
	if (err)
		return err;
	if (bytes > rq->m->knobs.misc.kexec_crash_size)
		return -EINVAL;
	rq->m->knobs.misc.kexec_crash_size = bytes;
	return (ssize_t)size;
}

static const struct attribute kernel_attrs[] = {
	SYSFS_OTHER("kexec_crash_size", 0644, kexec_crash_size_show, kexec_crash_size_store, HOLDS,
		    "bytes kept for a crash kernel; can only shrink"),
};

EMPTY_FOLDER(iommu_groups_directory, "kernel/iommu_groups");

static const struct subdirectory kernel_subdirs[] = {
	{ .name = "debug", .dir = &sys_debug_directory },
	{ .name = "iommu_groups", .dir = &iommu_groups_directory },
	{ .name = "mm", .dir = &mm_directory },
	{ .name = "slab", .dir = &sys_slab_directory },
};

static const struct directory kernel_directory = {
	.name = "kernel",
	.mode = 0755,
	.attrs = kernel_attrs,
	.nr_attrs = ARRAY_SIZE(kernel_attrs),
	.subdirs = kernel_subdirs,
	.nr_subdirs = ARRAY_SIZE(kernel_subdirs),
};

static int power_state_show(const struct request *rq, struct text *out)
{
	(void)rq;
	text_str(out, "freeze mem disk\n");
	return 0;
}

/* The machine does not sleep. */
static ssize_t power_state_store(const struct request *rq, const char *data, size_t size,
				 u64 offset)
{
	static const char *const states[] = { "freeze", "mem", "disk" };

	(void)rq;
	(void)offset;
	return parse_word(data, size, states, ARRAY_SIZE(states)) < 0 ? -EINVAL : -EBUSY;
}

static const struct attribute power_state_attrs[] = {
	SYSFS_OTHER("state", 0644, power_state_show, power_state_store, HOLDS,
		    "freeze, mem or disk: EBUSY, this machine does not sleep"),
};

static const struct directory power_directory = {
	.name = "power",
	.mode = 0755,
	.attrs = power_state_attrs,
	.nr_attrs = ARRAY_SIZE(power_state_attrs),
};

/* ---- the root ---- */

static const struct subdirectory sys_subdirs[] = {
	{ .name = "block", .dir = &sys_block_directory },
	{ .name = "bus", .dir = &bus_directory },
	{ .name = "class", .dir = &class_directory },
	{ .name = "dev", .dir = &numbers_directory },
	{ .name = "devices", .dir = &devices_directory },
	{ .name = "firmware", .dir = &firmware_directory },
	{ .name = "fs", .dir = &fs_directory },
	{ .name = "kernel", .dir = &kernel_directory },
	{ .name = "module", .dir = &sys_module_directory },
	{ .name = "power", .dir = &power_directory },
};

const struct directory sys_directory = {
	.name = "sys",
	.mode = 0555,
	.subdirs = sys_subdirs,
	.nr_subdirs = ARRAY_SIZE(sys_subdirs),
};
