/*
 * PID/mounts, mountinfo, mountstats: the file systems of the simulated machine. Its disk is the
 * root; the others are what an administrator of memory looks for.
 */
#include "fs/proc/pid.h"

#include <errno.h>

struct mount {
	u32 id, parent, major, minor;
	const char *source, *path, *type;
	const char *options; /* of the file system, after rw; "" if none */
};

static const struct mount mounts[] = {
	{ 21, 1, 254, 0, "/dev/vda", "/", "ext4", "" },
	{ 22, 21, 0, 19, "proc", "/proc", "proc", "" },
	{ 23, 21, 0, 20, "sysfs", "/sys", "sysfs", "" },
	{ 24, 21, 0, 5, "udev", "/dev", "devtmpfs", NULL }, /* half of RAM: made up when shown */
	{ 25, 24, 0, 21, "tmpfs", "/dev/shm", "tmpfs", ",inode64" },
	{ 26, 23, 0, 22, "cgroup2", "/sys/fs/cgroup", "cgroup2", "" },
	{ 27, 23, 0, 7, "debugfs", "/sys/kernel/debug", "debugfs", "" },
	{ 28, 24, 0, 23, "hugetlbfs", "/dev/hugepages", "hugetlbfs", ",pagesize=2M" },
};

static void show_options(const struct machine *m, const struct mount *mount, struct text *out)
{
	if (mount->options)
		text_str(out, mount->options);
	else
		text_printf(out, ",size=%lluk,nr_inodes=%llu,mode=755,inode64",
			    (unsigned long long)K(m->totalram_pages / 2),
			    (unsigned long long)m->totalram_pages / 2);
}

void mounts_show(const struct machine *m, struct text *out)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mounts); i++) {
		text_printf(out, "%s %s %s rw,relatime", mounts[i].source, mounts[i].path,
			    mounts[i].type);
		show_options(m, &mounts[i], out);
		text_str(out, " 0 0\n");
	}
}

void mountinfo_show(const struct machine *m, struct text *out)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mounts); i++) {
		text_printf(out, "%u %u %u:%u / %s rw,relatime - %s %s rw", mounts[i].id,
			    mounts[i].parent, mounts[i].major, mounts[i].minor, mounts[i].path,
			    mounts[i].type, mounts[i].source);
		show_options(m, &mounts[i], out);
		text_char(out, '\n');
	}
}

int pid_mounts_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	(void)t;
	mounts_show(rq->m, out);
	return 0;
}

int pid_mountinfo_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	(void)t;
	mountinfo_show(rq->m, out);
	return 0;
}

int pid_mountstats_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	size_t i;

	(void)t;
	for (i = 0; i < ARRAY_SIZE(mounts); i++)
		text_printf(out, "device %s mounted on %s with fstype %s\n", mounts[i].source,
			    mounts[i].path, mounts[i].type);
	return 0;
}
