/*
 * device.c - power/ and uevent, the same for every device; see device.h.
 * Source: Documentation/ABI/testing/sysfs-devices-power, sysfs-uevent.
 */
#include "fs/sys/device.h"

#include "fs/proc/proc.h"

#include <errno.h>
#include <string.h>

/* ---- power ---- */

/* The directory's name and the object, in one number. */
static u64 device_of(const struct request *rq)
{
	const char *name;
	u64 hash = 0xcbf29ce484222325ull;

	for (name = rq->dir->name; *name; name++)
		hash = (hash ^ (u8)*name) * 0x100000001b3ull;
	return hash ^ rq->object * 0x9e3779b97f4a7c15ull;
}

static struct device_power power_of(const struct request *rq)
{
	const struct device_power *p = knobs_device_power(rq->m, device_of(rq), false);

	return p ? *p : (struct device_power){ 0 };
}

static int async_show(const struct request *rq, struct text *out)
{
	text_str(out, power_of(rq).async_disabled ? "disabled\n" : "enabled\n");
	return 0;
}

static ssize_t async_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	struct device_power *p;
	bool disabled = parse_streq(data, size, "disabled");

	(void)offset;
	if (!disabled && !parse_streq(data, size, "enabled"))
		return -EINVAL;
	p = knobs_device_power(rq->m, device_of(rq), disabled);
	if (!p && disabled)
		return -ENOMEM;
	if (p)
		p->async_disabled = disabled;
	return (ssize_t)size;
}

static int control_show(const struct request *rq, struct text *out)
{
	text_str(out, power_of(rq).control_on ? "on\n" : "auto\n");
	return 0;
}

static ssize_t control_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	struct device_power *p;
	bool on = parse_streq(data, size, "on");

	(void)offset;
	if (!on && !parse_streq(data, size, "auto"))
		return -EINVAL;
	p = knobs_device_power(rq->m, device_of(rq), on);
	if (!p && on)
		return -ENOMEM;
	if (p)
		p->control_on = on;
	return (ssize_t)size;
}

/* These devices do not suspend by themselves. */
static int autosuspend_show(const struct request *rq, struct text *out)
{
	(void)rq;
	(void)out;
	return -EIO;
}

static ssize_t autosuspend_store(const struct request *rq, const char *data, size_t size,
				 u64 offset)
{
	(void)rq;
	(void)data;
	(void)size;
	(void)offset;
	return -EIO;
}

static int runtime_enabled_show(const struct request *rq, struct text *out)
{
	text_str(out, power_of(rq).control_on ? "disabled & forbidden\n" : "disabled\n");
	return 0;
}

static int runtime_usage_show(const struct request *rq, struct text *out)
{
	text_str(out, power_of(rq).control_on ? "1\n" : "0\n");
	return 0;
}

const struct attribute power_attrs[NR_POWER_ATTRS] = {
	SYSFS_OTHER("async", 0644, async_show, async_store, HOLDS, "suspend beside other devices?"),
	SYSFS_OTHER("autosuspend_delay_ms", 0644, autosuspend_show, autosuspend_store, HOLDS,
		    "EIO: these devices do not suspend by themselves"),
	SYSFS_OTHER("control", 0644, control_show, control_store, HOLDS,
		    "auto or on: may it be suspended?"),
	SYSFS_TEXT("runtime_active_kids", "0\n"),
	SYSFS_TEXT("runtime_active_time", "0\n"),
	SYSFS_RO("runtime_enabled", runtime_enabled_show),
	SYSFS_TEXT("runtime_status", "unsupported\n"),
	SYSFS_TEXT("runtime_suspended_time", "0\n"),
	SYSFS_RO("runtime_usage", runtime_usage_show),
};

/* ---- uevent ---- */

ssize_t uevent_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	static const char *const actions[] = { "add",	 "remove",  "change", "move",
					       "online", "offline", "bind",   "unbind" };

	(void)rq;
	(void)offset;
	return parse_word(data, size, actions, ARRAY_SIZE(actions)) < 0 ? -EINVAL : (ssize_t)size;
}

/* ---- names and lists ---- */

bool parse_object_name(const char *name, const char *prefix, u32 *number)
{
	size_t length = strlen(prefix);
	u64 value = 0;

	if (strncmp(name, prefix, length))
		return false;
	name += length;
	if (!*name || (*name == '0' && name[1]))
		return false;
	for (; *name >= '0' && *name <= '9'; name++) {
		value = value * 10 + (u64)(*name - '0');
		if (value > UINT32_MAX)
			return false;
	}
	*number = (u32)value;
	return !*name;
}

bool node_is_online(const struct machine *m, u32 nid)
{
	return nid < m->nr_nodes && m->node[nid].online;
}

bool node_has_memory(const struct machine *m, u32 nid)
{
	return nid < m->nr_nodes && m->node[nid].has_memory;
}

void text_node_list(const struct machine *m, struct text *out,
		    bool (*has)(const struct machine *m, u32 nid))
{
	u64 bits = 0;
	u32 nid;

	for (nid = 0; nid < m->nr_nodes; nid++)
		bits |= (u64)has(m, nid) << nid;
	text_bitmap_list(out, &bits, m->nr_nodes);
	text_char(out, '\n');
}
