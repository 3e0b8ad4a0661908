/*
 * /sys/kernel/debug/notifier-error-inject: what the notifiers of memory hotplug answer. There while
 * the module memory-notifier-error-inject is loaded (`modprobe` of sim/ctl).
 * Source: Documentation/fault-injection/notifier-error-inject.rst, and what a guest answered.
 */
#include "fs/sys/debug.h"

#include <errno.h>

#define MAX_ERRNO 4095

static int error_show(const struct request *rq, struct text *out, enum memory_notify what)
{
	return show_s64(out, rq->m->hotplug.inject[what]);
}

/* What is no errno becomes the nearest one that is, or 0. */
static ssize_t error_store(const struct request *rq, const char *data, size_t size,
			   enum memory_notify what)
{
	s64 value;

	if (parse_kstrtoll(data, size, 0, &value))
		return -EINVAL;
	value = value < -MAX_ERRNO ? -MAX_ERRNO : value;
	rq->m->hotplug.inject[what] = value > 0 ? 0 : value;
	return (ssize_t)size;
}

#define ACTION(what)                                                                           \
	static int what##_show(const struct request *rq, struct text *out)                     \
	{                                                                                      \
		return error_show(rq, out, what);                                              \
	}                                                                                      \
	static ssize_t what##_store(const struct request *rq, const char *data, size_t size,   \
				    u64 offset)                                                \
	{                                                                                      \
		(void)offset;                                                                  \
		return error_store(rq, data, size, what);                                      \
	}                                                                                      \
	static const struct attribute what##_attrs[] = {                                       \
		{ .name = "error", .mode = 0600, .show = what##_show, .store = what##_store }, \
	};                                                                                     \
	static const struct directory what##_directory = {                                     \
		.name = "debug/notifier-error-inject/memory/actions/" #what,                   \
		.mode = 0755,                                                                  \
		.attrs = what##_attrs,                                                         \
		.nr_attrs = ARRAY_SIZE(what##_attrs),                                          \
	}

ACTION(MEM_GOING_ONLINE);
ACTION(MEM_GOING_OFFLINE);

static const struct subdirectory action_subdirs[] = {
	{ .name = "MEM_GOING_OFFLINE", .dir = &MEM_GOING_OFFLINE_directory },
	{ .name = "MEM_GOING_ONLINE", .dir = &MEM_GOING_ONLINE_directory },
};

static const struct directory actions_directory = {
	.name = "debug/notifier-error-inject/memory/actions",
	.mode = 0755,
	.subdirs = action_subdirs,
	.nr_subdirs = ARRAY_SIZE(action_subdirs),
};

static const struct subdirectory memory_subdirs[] = {
	{ .name = "actions", .dir = &actions_directory },
};

static const struct directory memory_directory = {
	.name = "debug/notifier-error-inject/memory",
	.mode = 0755,
	.subdirs = memory_subdirs,
	.nr_subdirs = ARRAY_SIZE(memory_subdirs),
};

static const struct subdirectory inject_subdirs[] = {
	{ .name = "memory", .dir = &memory_directory },
};

const struct directory debug_inject_directory = {
	.name = "debug/notifier-error-inject",
	.mode = 0755,
	.subdirs = inject_subdirs,
	.nr_subdirs = ARRAY_SIZE(inject_subdirs),
};

bool debug_has_inject(const struct request *rq)
{
	return rq->m->hotplug.inject_loaded;
}
