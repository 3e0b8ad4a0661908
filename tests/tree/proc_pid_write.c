/*
 * What the writable files of a process accept and refuse: cases that a real 6.1 kernel was given,
 * with its answers.
 */
#include "tests/fixture.h"
#include "tests/identities.h"
#include "tests/tap.h"

#include <mman/lab.h>

#include <errno.h>
#include <string.h>

#define NOBODY 65534u

struct write_case {
	const char *file, *bytes;
	ssize_t result;
	const char *after; /* NULL: not read */
};

static const struct write_case as_root[] = {
	{ "oom_score_adj", "-1000", 5, "-1000\n" },
	{ "oom_adj", "", -EINVAL, "-17\n" },
	{ "oom_score", "1", -EINVAL, "0\n" },
	{ "oom_score_adj", "-999", 4, "-999\n" },
	{ "oom_adj", "", -EINVAL, "-16\n" },
	{ "oom_score_adj", "1", 1, "1\n" },
	{ "oom_score_adj", "0", 1, "0\n" },
	{ "oom_score_adj", "999", 3, "999\n" },
	{ "oom_adj", "", -EINVAL, "15\n" },
	{ "oom_score_adj", "-1001", -EINVAL, "999\n" },
	{ "oom_score_adj", "1001", -EINVAL, "999\n" },
	{ "oom_score_adj", "0", 1, "0\n" },
	{ "oom_score_adj", "", -EINVAL, "0\n" },
	{ "oom_score_adj", "\n", -EINVAL, "0\n" },
	{ "oom_score_adj", "1\n", 2, "1\n" },
	{ "oom_score_adj", "0\n\n", 3, "0\n" },
	{ "oom_score_adj", "1\n2", -EINVAL, "0\n" },
	{ "oom_score_adj", "+1", 2, "1\n" },
	{ "oom_score_adj", "-0", 2, "0\n" },
	{ "oom_score_adj", "1.5G", -EINVAL, "0\n" },
	{ "oom_score_adj", "1k", -EINVAL, "0\n" },
	{ "oom_score_adj", "Y", -EINVAL, "0\n" },
	{ "oom_score_adj", "1;", -EINVAL, "0\n" },
	{ "oom_score_adj", "0x10", 4, "16\n" },
	{ "oom_score_adj", "010", 3, "8\n" },
	{ "oom_score_adj", " 5 ", 3, "5\n" },
	{ "oom_score_adj", "2147483648", -ERANGE, "5\n" },
	{ "oom_score_adj", "18446744073709551616", -ERANGE, "5\n" },
	{ "oom_score_adj", "-2147483648", -EINVAL, "5\n" },
	{ "oom_score_adj", "                    1", -EINVAL, "5\n" },
	{ "oom_score_adj", "000000000000", 12, "0\n" },
	{ "oom_score_adj", "0000000000001", 12, "0\n" },

	{ "oom_adj", "-17", 3, "-17\n" },
	{ "oom_adj", "-16", 3, "-15\n" },
	{ "oom_adj", "0", 1, "0\n" },
	{ "oom_adj", "7", 1, "6\n" },
	{ "oom_adj", "8", 1, "7\n" },
	{ "oom_adj", "14", 2, "13\n" },
	{ "oom_adj", "15", 2, "15\n" },
	{ "oom_adj", "16", -EINVAL, "15\n" },
	{ "oom_adj", "-18", -EINVAL, "15\n" },
	{ "oom_adj", " ", -EINVAL, "15\n" },
	{ "oom_adj", "0\n", 2, "0\n" },
	{ "oom_adj", "1 ", 2, "0\n" },
	{ "oom_adj", "\t1\n", 3, "0\n" },
	{ "oom_adj", "+1", 2, "0\n" },
	{ "oom_adj", "1x", -EINVAL, "0\n" },
	{ "oom_adj", "1 x", -EINVAL, "0\n" },
	{ "oom_adj", "always", -EINVAL, "0\n" },
	{ "oom_adj", "\xff", -EINVAL, "0\n" },
	{ "oom_adj", "1,2", -EINVAL, "0\n" },
	{ "oom_adj", "2147483648", -ERANGE, "0\n" },
	{ "oom_adj", "111111111111111111111111", -ERANGE, "0\n" },
	{ "oom_adj", "0", 1, "0\n" },

	{ "clear_refs", "0", -EINVAL, NULL },
	{ "clear_refs", "1", 1, NULL },
	{ "clear_refs", "2", 1, NULL },
	{ "clear_refs", "3", 1, NULL },
	{ "clear_refs", "4", 1, NULL },
	{ "clear_refs", "5", 1, NULL },
	{ "clear_refs", "6", -EINVAL, NULL },
	{ "clear_refs", "-1", -EINVAL, NULL },
	{ "clear_refs", "", -EINVAL, NULL },
	{ "clear_refs", "\n", -EINVAL, NULL },
	{ "clear_refs", "0x1", -EINVAL, NULL },
	{ "clear_refs", " 1 ", 3, NULL },
	{ "clear_refs", "1 1", -EINVAL, NULL },
	{ "clear_refs", "1111111111111111", -ERANGE, NULL },

	{ "comm", "x", -EINVAL, "p\n" },
	{ "comm", "", -EINVAL, "p\n" },
	{ "comm", "a-name-longer-than-15-chars", -EINVAL, "p\n" },

	{ "coredump_filter", "51", 2, "00000033\n" },
	{ "coredump_filter", "0", 1, "00000000\n" },
	{ "coredump_filter", "512", 3, "00000000\n" },
	{ "coredump_filter", "abc", -EINVAL, "00000000\n" },
	{ "coredump_filter", "-1", -EINVAL, "00000000\n" },
	{ "coredump_filter", "1x", -EINVAL, "00000000\n" },
	{ "coredump_filter", "0x1f", 4, "0000001f\n" },
	{ "coredump_filter", "33\n", 3, "00000021\n" },
	{ "coredump_filter", "33 ", -EINVAL, "00000021\n" },
	{ "coredump_filter", " 33", -EINVAL, "00000021\n" },
	{ "coredump_filter", "4294967295", 10, "000001ff\n" },
	{ "coredump_filter", "4294967296", -ERANGE, "000001ff\n" },
	{ "coredump_filter", "010", 3, "00000008\n" },
	{ "coredump_filter", "", -EINVAL, "00000008\n" },

	{ "timerslack_ns", "5", 1, "5\n" },
	{ "timerslack_ns", "0", 1, "50000\n" },
	{ "timerslack_ns", "100000\n", 7, "100000\n" },
	{ "timerslack_ns", "-1", -EINVAL, "100000\n" },
	{ "timerslack_ns", "abc", -EINVAL, "100000\n" },
	{ "timerslack_ns", "0x10", -EINVAL, "100000\n" },
	{ "timerslack_ns", "18446744073709551616", -ERANGE, "100000\n" },

	{ "autogroup", "5", -EINVAL, "" },
	{ "autogroup", "0", -EINVAL, "" },
	{ "autogroup", "20", -EINVAL, "" },
	{ "autogroup", "abc", -EINVAL, "" },
	{ "sched", "0", 1, NULL },
	{ "sched", "abc", 3, NULL },
	{ "loginuid", "0", -EPERM, "4294967295" },
	{ "loginuid", "abc", -EPERM, "4294967295" },
	{ "setgroups", "deny", -EPERM, "allow\n" },
	{ "setgroups", "allow", 5, "allow\n" },
	{ "setgroups", "x", -EINVAL, "allow\n" },
	{ "uid_map", "0 0 1", -EPERM, NULL },
	{ "gid_map", "x", -EPERM, NULL },
	{ "projid_map", "0 0 1", -EPERM, NULL },
	{ "timens_offsets", "0 0 0", -EINVAL, NULL },
	{ "timens_offsets", "monotonic 1 0", -EACCES, NULL },
	{ "timens_offsets", "x", -EINVAL, NULL },
	{ "mem", "x", -EIO, NULL },
	{ "attr/current", "x", -EPERM, "unconfined\n" },

	{ "maps", "1", -EINVAL, NULL },
	{ "smaps", "1", -EINVAL, NULL },
	{ "smaps_rollup", "1", -EINVAL, NULL },
	{ "numa_maps", "1", -EINVAL, NULL },
	{ "statm", "1", -EINVAL, NULL },
	{ "limits", "x", -EINVAL, NULL },
	{ "cgroup", "x", -EINVAL, NULL },
	{ "wchan", "x", -EINVAL, NULL },
	{ "stat", "x", -EINVAL, NULL },
	{ "environ", "x", -EINVAL, NULL },
	{ "io", "x", -EINVAL, NULL },
	{ "mounts", "x", -EINVAL, NULL },
	{ "schedstat", "x", -EINVAL, NULL },
	{ "personality", "x", -EINVAL, NULL },
	{ "cpuset", "x", -EINVAL, NULL },
	{ "cmdline", "x", -EINVAL, NULL },
	{ "sessionid", "x", -EINVAL, NULL },
};

static void run_case(struct fixture *f, u32 pid, u32 uid, const struct write_case *c)
{
	const char *path = fixture_format("proc/%u/%s", pid, c->file);
	ssize_t got = fixture_write_as(f, uid, path, c->bytes, strlen(c->bytes));

	if (c->result < 0)
		is_err(got, c->result, "%s <- \"%.30s\" fails so", c->file, c->bytes);
	else
		is_int(got, c->result, "%s <- \"%.30s\" takes so many bytes", c->file, c->bytes);
	if (c->after)
		is_str(fixture_read(f, path), c->after, "... and reads so afterwards");
}

/* In sequence, on a process of that user. */
static const struct write_case as_nobody[] = {
	{ "oom_score_adj", "500", 3, "500\n" },	  { "oom_score_adj", "501", 3, "501\n" },
	{ "oom_score_adj", "500\n", 4, "500\n" }, { "oom_score_adj", "100", 3, "100\n" },
	{ "oom_score_adj", "0", 1, "0\n" },	  { "oom_score_adj", "-1", -EACCES, "0\n" },
	{ "oom_score_adj", "1000", 4, "1000\n" }, { "oom_score_adj", "500", 3, "500\n" },
	{ "oom_adj", "5", -EACCES, "8\n" },	  { "oom_adj", "0", -EACCES, "8\n" },
	{ "clear_refs", "1", 1, NULL },		  { "timerslack_ns", "5", -EPERM, NULL },
};

static const struct write_case after_root_set_200[] = {
	{ "oom_score_adj", "300", 3, "300\n" },
	{ "oom_score_adj", "200", 3, "200\n" },
	{ "oom_score_adj", "199", -EACCES, "200\n" },
};

static const struct write_case as_another_user[] = {
	{ "oom_score_adj", "1", -EACCES, "0\n" }, { "comm", "x", -EACCES, "p\n" },
	{ "clear_refs", "1", -EACCES, NULL },	  { "mem", "x", -EACCES, NULL },
	{ "maps", "1", -EACCES, NULL },		  { "timerslack_ns", "5", -EPERM, NULL },
};

static void test_long_writes(struct fixture *f, u32 pid)
{
	static char bytes[5000];

	memset(bytes, ' ', sizeof(bytes));
	is_err(fixture_write_as(f, 0, fixture_format("proc/%u/oom_score_adj", pid), bytes,
				sizeof(bytes)),
	       -EINVAL, "5000 blanks are no number");
	memset(bytes, '1', sizeof(bytes));
	is_err(fixture_write_as(f, 0, fixture_format("proc/%u/oom_adj", pid), bytes, sizeof(bytes)),
	       -ERANGE, "5000 digits are cut to twelve, which are too many for an int");
	is_int(fixture_write_as(f, 0, fixture_format("proc/%u/clear_refs", pid), "1\0", 2), 2,
	       "a NUL ends the number, and counts as taken");
	is_err(fixture_write_as(f, 0, fixture_format("proc/%u/oom_score_adj", pid), "\0", 1),
	       -EINVAL, "NUL alone is none");
	is_err(fixture_write(f, "proc/4194303/oom_score_adj", "1"), -ENOENT, "no such process");
}

static void test_threads(struct fixture *f, u32 pid)
{
	handle_t thread;
	u32 tid;

	if (!ok(!task_clone_thread(f->m, find_task_by_pid(f->m, pid), &thread), "a thread is made"))
		return;
	tid = task_at(f->m, thread)->pid;
	is_int(fixture_write(f, fixture_format("proc/%u/oom_score_adj", pid), "77"), 2,
	       "the process is set");
	is_str(fixture_read(f, fixture_format("proc/%u/task/%u/oom_score_adj", pid, tid)), "77\n",
	       "the thread with it");
	is_str(fixture_read(f, fixture_format("proc/%u/oom_score_adj", tid)), "77\n",
	       "a thread's number can be looked up in proc/ as well");
	is_err(fixture_error(f, fixture_format("proc/1/task/%u/stat", tid)), -ENOENT,
	       "but not among the threads of another process");
	like(fixture_read(f, fixture_format("proc/%u/status", pid)), "\nThreads:\t2\n",
	     "there are two now");
}

int main(void)
{
	struct fixture f;
	u32 p, q;
	size_t i;

	if (!fixture_open(&f, "two-node", NULL))
		bail_out("%s", f.why);
	p = fixture_process(&f, "p", 0);
	q = fixture_process(&f, "q", NOBODY);
	for (i = 0; i < ARRAY_SIZE(as_another_user); i++)
		run_case(&f, p, NOBODY, &as_another_user[i]);
	for (i = 0; i < ARRAY_SIZE(as_root); i++)
		run_case(&f, p, 0, &as_root[i]);
	for (i = 0; i < ARRAY_SIZE(as_nobody); i++)
		run_case(&f, q, NOBODY, &as_nobody[i]);
	is_int(fixture_write(&f, fixture_format("proc/%u/oom_score_adj", q), "200"), 3,
	       "root sets 200");
	for (i = 0; i < ARRAY_SIZE(after_root_set_200); i++)
		run_case(&f, q, NOBODY, &after_root_set_200[i]);
	test_long_writes(&f, p);
	test_threads(&f, p);
	check_identities(f.t, "after all writes");
	fixture_close(&f);
	return done_testing();
}
