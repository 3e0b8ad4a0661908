/*
 * Files of a process that have nothing to do with memory: they read as those of any idle process of
 * a 6.1 kernel, and refuse what it refuses.
 */
#include "fs/proc/pid.h"

#include "fs/parse.h"

#include <errno.h>
#include <string.h>

#define COREDUMP_FILTER_MASK 0x1ffu
#define KSTRTOUINT_BYTES     34u /* what kstrtouint_from_user() copies at most */
#define MAP_WRITE_BYTES	     4096u
#define SETGROUPS_BYTES	     8u

int pid_nothing_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	(void)t, (void)out;
	return 0;
}

int pid_personality_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	text_hex(out, t->personality, 8);
	text_char(out, '\n');
	return 0;
}

int pid_coredump_filter_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	if (!t->mm)
		return 0;
	text_hex(out, t->coredump_filter, 8);
	text_char(out, '\n');
	return 0;
}

ssize_t pid_coredump_filter_store(const struct request *rq, const char *data, size_t size,
				  u64 offset)
{
	PID_RQ(rq, t);
	u32 filter;
	int error = parse_kstrtouint(data, min_t(size_t, size, KSTRTOUINT_BYTES), 0, &filter);

	(void)offset;
	if (error)
		return error;
	if (!t->mm)
		return -ESRCH;
	t->coredump_filter = filter & COREDUMP_FILTER_MASK;
	return (ssize_t)size;
}

/* Nobody logged in: no login uid, no audit session. */
int pid_loginuid_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	(void)t;
	text_str(out, "4294967295");
	return 0;
}

/* Only a process itself may set it. */
ssize_t pid_loginuid_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	(void)rq, (void)data, (void)size, (void)offset;
	return -EPERM;
}

/* uid_map, gid_map, projid_map of the first user namespace: everything to itself, for good. */
int pid_id_map_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	(void)t;
	text_str(out, "         0          0 4294967295\n");
	return 0;
}

ssize_t pid_id_map_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	(void)rq, (void)data;
	return offset || size >= MAP_WRITE_BYTES ? -EINVAL : -EPERM;
}

int pid_setgroups_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	(void)t;
	text_str(out, "allow\n");
	return 0;
}

/* "allow" is so already; "deny" is for namespaces whose ids are not mapped yet. */
ssize_t pid_setgroups_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	size_t length = size;

	(void)rq;
	if (offset || size >= SETGROUPS_BYTES)
		return -EINVAL;
	while (length && (data[length - 1] == '\n' || data[length - 1] == ' '))
		length--;
	if (length == 5 && !memcmp(data, "allow", 5))
		return (ssize_t)size;
	return length == 4 && !memcmp(data, "deny", 4) ? -EPERM : -EINVAL;
}

int pid_timens_offsets_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	(void)t;
	text_str(out, "monotonic           0         0\nboottime            0         0\n");
	return 0;
}

/* The first time namespace cannot be moved; what is not a line about one of its clocks is an error
 * of its own kind. */
ssize_t pid_timens_offsets_store(const struct request *rq, const char *data, size_t size,
				 u64 offset)
{
	static const char *const clocks[] = { "monotonic ", "boottime ", "1 ", "7 " };
	size_t i;

	(void)rq;
	if (offset || size >= MAP_WRITE_BYTES)
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(clocks); i++)
		if (size > strlen(clocks[i]) && !memcmp(data, clocks[i], strlen(clocks[i])))
			return -EACCES;
	return -EINVAL;
}

/* No kernel live patch is being applied. */
int pid_patch_state_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	(void)t;
	text_str(out, "-1\n");
	return 0;
}

/* resctrl is not mounted. */
int pid_cpu_resctrl_groups_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	(void)t;
	text_str(out, "res:\nmon:\n");
	return 0;
}

/* Pages of this process that KSM has merged, and what it keeps to find them: nothing merges yet. */
int pid_ksm_merging_pages_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	if (t->mm) {
		text_u64(out, mm_at(rq->m, t->mm)->ksm_merging_pages);
		text_char(out, '\n');
	}
	return 0;
}

int pid_ksm_stat_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	if (t->mm) {
		text_str(out, "ksm_rmap_items ");
		text_u64(out, mm_at(rq->m, t->mm)->ksm_rmap_items);
		text_char(out, '\n');
	}
	return 0;
}
