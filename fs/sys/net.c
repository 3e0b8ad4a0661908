/*
 * /sys/class/net: the loopback device, as it is before anybody brings it up. See fs/proc/net.c.
 * Source: what 6.1 shows; Documentation/ABI/testing/sysfs-class-net.
 */
#include "fs/sys/device.h"

#include <errno.h>

/* What a device that is down has no answer to. */
static int show_down(const struct request *rq, struct text *out)
{
	(void)rq, (void)out;
	return -EINVAL;
}

/* What only hardware knows. */
static int show_unsupported(const struct request *rq, struct text *out)
{
	(void)rq, (void)out;
	return -EOPNOTSUPP;
}

static const struct attribute lo_attrs[] = {
	SYSFS_TEXT("addr_assign_type", "0\n"),
	SYSFS_TEXT("addr_len", "6\n"),
	SYSFS_TEXT("address", "00:00:00:00:00:00\n"),
	SYSFS_TEXT("broadcast", "00:00:00:00:00:00\n"),
	SYSFS_RO("carrier", show_down),
	SYSFS_TEXT("carrier_changes", "0\n"),
	SYSFS_TEXT("carrier_down_count", "0\n"),
	SYSFS_TEXT("carrier_up_count", "0\n"),
	SYSFS_TEXT("dev_id", "0x0\n"),
	SYSFS_TEXT("dev_port", "0\n"),
	SYSFS_RO("dormant", show_down),
	SYSFS_RO("duplex", show_down),
	SYSFS_TEXT("flags", "0x8\n"),
	SYSFS_TEXT("gro_flush_timeout", "0\n"),
	SYSFS_TEXT("ifalias", ""),
	SYSFS_TEXT("ifindex", "1\n"),
	SYSFS_TEXT("iflink", "1\n"),
	SYSFS_TEXT("link_mode", "0\n"),
	SYSFS_TEXT("mtu", "65536\n"),
	SYSFS_TEXT("name_assign_type", "2\n"),
	SYSFS_TEXT("napi_defer_hard_irqs", "0\n"),
	SYSFS_TEXT("netdev_group", "0\n"),
	SYSFS_TEXT("operstate", "down\n"),
	SYSFS_RO("phys_port_id", show_unsupported),
	SYSFS_RO("phys_port_name", show_unsupported),
	SYSFS_RO("phys_switch_id", show_unsupported),
	SYSFS_TEXT("proto_down", "0\n"),
	SYSFS_RO("speed", show_down),
	SYSFS_RO("testing", show_down),
	SYSFS_TEXT("threaded", "0\n"),
	SYSFS_TEXT("tx_queue_len", "1000\n"),
	SYSFS_TEXT("type", "772\n"),
	SYSFS_LINK("subsystem", "../../../../class/net"),
	SYSFS_TEXT("uevent", "INTERFACE=lo\nIFINDEX=1\n"),
};

static const struct attribute statistics_attrs[] = {
	SYSFS_TEXT("collisions", "0\n"),	SYSFS_TEXT("multicast", "0\n"),
	SYSFS_TEXT("rx_bytes", "0\n"),		SYSFS_TEXT("rx_compressed", "0\n"),
	SYSFS_TEXT("rx_crc_errors", "0\n"),	SYSFS_TEXT("rx_dropped", "0\n"),
	SYSFS_TEXT("rx_errors", "0\n"),		SYSFS_TEXT("rx_fifo_errors", "0\n"),
	SYSFS_TEXT("rx_frame_errors", "0\n"),	SYSFS_TEXT("rx_length_errors", "0\n"),
	SYSFS_TEXT("rx_missed_errors", "0\n"),	SYSFS_TEXT("rx_nohandler", "0\n"),
	SYSFS_TEXT("rx_over_errors", "0\n"),	SYSFS_TEXT("rx_packets", "0\n"),
	SYSFS_TEXT("tx_aborted_errors", "0\n"), SYSFS_TEXT("tx_bytes", "0\n"),
	SYSFS_TEXT("tx_carrier_errors", "0\n"), SYSFS_TEXT("tx_compressed", "0\n"),
	SYSFS_TEXT("tx_dropped", "0\n"),	SYSFS_TEXT("tx_errors", "0\n"),
	SYSFS_TEXT("tx_fifo_errors", "0\n"),	SYSFS_TEXT("tx_heartbeat_errors", "0\n"),
	SYSFS_TEXT("tx_packets", "0\n"),	SYSFS_TEXT("tx_window_errors", "0\n"),
};

static const struct directory statistics_directory = {
	.name = "net/lo/statistics",
	.mode = 0755,
	.attrs = statistics_attrs,
	.nr_attrs = ARRAY_SIZE(statistics_attrs),
};

POWER_DIRECTORY(lo_power_directory, "net/lo/power", NULL);

static const struct subdirectory lo_subdirs[] = {
	{ .name = "power", .dir = &lo_power_directory },
	{ .name = "statistics", .dir = &statistics_directory },
};

static const struct directory lo_directory = {
	.name = "net/lo",
	.mode = 0755,
	.attrs = lo_attrs,
	.nr_attrs = ARRAY_SIZE(lo_attrs),
	.subdirs = lo_subdirs,
	.nr_subdirs = ARRAY_SIZE(lo_subdirs),
};

static const struct subdirectory net_subdirs[] = {
	{ .name = "lo", .dir = &lo_directory },
};

const struct directory sys_virtual_net_directory = {
	.name = "devices/virtual/net",
	.mode = 0755,
	.subdirs = net_subdirs,
	.nr_subdirs = ARRAY_SIZE(net_subdirs),
};

static const struct attribute class_attrs[] = {
	SYSFS_LINK("lo", "../../devices/virtual/net/lo"),
};

const struct directory sys_class_net_directory = {
	.name = "class/net",
	.mode = 0755,
	.attrs = class_attrs,
	.nr_attrs = ARRAY_SIZE(class_attrs),
};
