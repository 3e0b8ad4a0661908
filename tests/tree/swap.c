/* Swap areas: priorities, sums, what proc/swaps shows, errors (reference: behaviour/19-swap). */
#include <errno.h>
#include <string.h>

#include "tests/fixture.h"
#include "tests/identities.h"
#include "tests/tap.h"

#define HEAD "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
#define SW1  "/data/sw1                               file\t\t65532\t\t0\t\t-2\n"

static ssize_t ctl(struct fixture *f, const char *line)
{
	return fixture_write(f, "sim/ctl", line);
}

static void test_order(struct fixture *f)
{
	is_str(fixture_read(f, "proc/swaps"), HEAD, "no area is on after boot");
	ctl(f, "swapon /data/sw1 64M type=file\n");
	ctl(f, "swapon /data/sw2 64M type=file\n");
	ctl(f, "swapon vdb 1G\n");
	is_str(fixture_read(f, "proc/swaps"),
	       HEAD SW1 "/data/sw2                               file\t\t65532\t\t0\t\t-3\n"
			"/dev/vdb                                partition\t1048572\t\t0\t\t-4\n",
	       "automatic priorities count down from -2");
	is_int(text_value(fixture_read(f, "proc/meminfo"), "SwapTotal:"), 1179636,
	       "SwapTotal is their sum");
	is_int(text_value(fixture_read(f, "proc/meminfo"), "SwapFree:"), 1179636, "all of it free");

	ctl(f, "swapoff /data/sw2\n");
	is_str(fixture_read(f, "proc/swaps"),
	       HEAD SW1 "/dev/vdb                                partition\t1048572\t\t0\t\t-3\n",
	       "a swapoff renumbers the lower ones");
	ctl(f, "swapon /data/sw2 64M type=file\n");
	is_str(fixture_read(f, "proc/swaps"),
	       HEAD SW1 "/data/sw2                               file\t\t65532\t\t0\t\t-4\n"
			"/dev/vdb                                partition\t1048572\t\t0\t\t-3\n",
	       "the next one takes the free place and the next priority");
}

static void test_errors(struct fixture *f)
{
	is_err(ctl(f, "swapon vdb 1G\n"), -EBUSY, "twice the same");
	is_err(ctl(f, "swapon vdc 0\n"), -EINVAL, "size 0");
	is_err(ctl(f, "swapon vdc 4K\n"), -EINVAL, "one page has no room behind its header");
	is_err(ctl(f, "swapon vdc 1M prio=32768\n"), -EINVAL, "a priority too high");
	is_err(ctl(f, "swapon vdc 1M prio=-1\n"), -EINVAL, "a negative one");
	is_err(ctl(f, "swapon vdc 1M type=tape\n"), -EINVAL, "an unknown type");
	is_err(ctl(f, "swapoff vdc\n"), -EINVAL, "off what is not on");
	like(fixture_read(f, "sim/ctl"), "not in use as swap", "and why");
}

static void make_process(struct fixture *f)
{
	const struct caller root = { 0 };
	u64 procs, ino;

	ok(!tree_walk(f->t, &root, "sim/procs", &procs) &&
		   !tree_mkdir(f->t, &root, procs, "p", &ino),
	   "a process is made");
}

static void test_commit_limit(struct fixture *f)
{
	s64 with = text_value(fixture_read(f, "proc/meminfo"), "CommitLimit:"), without;

	ctl(f, "swapoff vdb\n");
	without = text_value(fixture_read(f, "proc/meminfo"), "CommitLimit:");
	is_int(with - without, 1048572, "CommitLimit counts swap in full");
	ctl(f, "swapon vdb 1G prio=7\n");
	like(fixture_read(f, "proc/swaps"), "1048572\t\t0\t\t7\n", "a given priority stands");
	fixture_write(f, "proc/sys/vm/overcommit_memory", "2\n");
	fixture_write(f, "proc/sys/vm/overcommit_kbytes", "1\n");
	make_process(f);
	is_int(fixture_write(f, "sim/procs/p/ctl", "mmap m 900M\n") > 0, 1,
	       "swap is promised away");
	is_err(ctl(f, "swapoff vdb\n"), -ENOMEM, "mode 2 keeps the swap it has promised");
	fixture_write(f, "proc/sys/vm/overcommit_memory", "0\n");
	is_int(ctl(f, "swapoff vdb\n") > 0, 1, "mode 0 lets it go");
}

int main(void)
{
	struct fixture f;

	if (!fixture_open(&f, "one-node", NULL))
		bail_out("%s", f.why);
	test_order(&f);
	test_errors(&f);
	test_commit_limit(&f);
	check_identities(f.t, "at the end");
	fixture_close(&f);

	if (!fixture_open(&f, "laptop", NULL))
		bail_out("%s", f.why);
	cmp_int(text_value(fixture_read(&f, "proc/meminfo"), "SwapTotal:"), >, 4000000,
		"laptop has 4 GiB of swap on");
	fixture_close(&f);
	return done_testing();
}
