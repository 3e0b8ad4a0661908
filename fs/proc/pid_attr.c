/* PID/attr: what security modules know of a process. AppArmor is there and confines nobody. */
#include "fs/proc/pid.h"

#include <errno.h>

static int current_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	(void)t;
	text_str(out, "unconfined\n");
	return 0;
}

/* Attributes of other modules, and of an execve(2) that nobody prepared. */
static int none_show(const struct request *rq, struct text *out)
{
	(void)rq, (void)out;
	return -EINVAL;
}

/* Only for the process itself. */
static ssize_t attr_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	(void)rq, (void)data, (void)size, (void)offset;
	return -EPERM;
}

#define ATTR_OWN(_name, _show)                                                  \
	{                                                                       \
		.name = _name, .mode = 0666, .show = _show, .store = attr_store \
	}

static const struct attribute attr_attrs[] = {
	ATTR_OWN("current", current_show), { .name = "prev", .mode = 0444, .show = none_show },
	ATTR_OWN("exec", none_show),	   ATTR_OWN("fscreate", none_show),
	ATTR_OWN("keycreate", none_show),  ATTR_OWN("sockcreate", none_show),
};

static const struct attribute apparmor_attrs[] = {
	ATTR_OWN("current", current_show),
	{ .name = "prev", .mode = 0444, .show = none_show },
	ATTR_OWN("exec", none_show),
};

#define PROCESS_DIRECTORY \
	.exists = pid_exists, .owner_uid = pid_owner_uid, .owner_gid = pid_owner_gid

static const struct directory apparmor_directory = {
	.name = "proc/PID/attr/apparmor",
	.mode = 0555,
	.attrs = apparmor_attrs,
	.nr_attrs = ARRAY_SIZE(apparmor_attrs),
	PROCESS_DIRECTORY,
};

static const struct subdirectory attr_subdirs[] = { { .name = "apparmor",
						      .dir = &apparmor_directory } };

/* procfs does not count the directory that it holds. */
static u32 attr_nlink(const struct request *rq)
{
	(void)rq;
	return 2;
}

const struct directory pid_attr_directory = {
	.name = "proc/PID/attr",
	.mode = 0555,
	.attrs = attr_attrs,
	.nr_attrs = ARRAY_SIZE(attr_attrs),
	.subdirs = attr_subdirs,
	.nr_subdirs = ARRAY_SIZE(attr_subdirs),
	.nlink = attr_nlink,
	PROCESS_DIRECTORY,
};
