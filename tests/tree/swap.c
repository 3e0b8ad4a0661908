/* Swap areas: priorities, sums, what proc/swaps shows, errors (reference: behaviour/19-swap). */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
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
	is_err(ctl(f, "swapon vdc 1048576T\n"), -ENOSPC, "more than the disk has");
	like(fixture_read(f, "sim/ctl"), "the disk has [0-9]+ kB left", "and how much it has");
	is_err(ctl(f, "swapon a-name-that-goes-on-for-more-than-forty-seven-bytes 1M\n"),
	       -ENAMETOOLONG, "too long a name");
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

/* The first @n entries of pagemap at @addr. */
static void read_pagemap(struct fixture *f, s64 pid, u64 addr, u64 *entry, u32 n)
{
	const struct caller root = { 0 };
	struct open_file *file;
	u64 ino;

	memset(entry, 0, n * sizeof(*entry));
	if (tree_walk(f->t, &root, fixture_format("proc/%lld/pagemap", (long long)pid), &ino) ||
	    tree_open(f->t, &root, ino, O_RDONLY, &file))
		return;
	tree_read(f->t, &root, file, (char *)entry, n * sizeof(*entry), addr / 4096 * 8);
	tree_release(f->t, &root, file);
}

static s64 meminfo(struct fixture *f, const char *key)
{
	return text_value(fixture_read(f, "proc/meminfo"), key);
}

/* A process's pages go and come; what each file says of them. */
static void test_files(struct fixture *f)
{
	s64 pid = atoll(fixture_read(f, "sim/procs/p/pid")), committed;
	u64 addr, entry[2];

	fixture_write(f, "sim/procs/p/ctl", "munmap m\n");
	ctl(f, "swapon vdd 64M prio=3\n");
	committed = meminfo(f, "Committed_AS:");
	fixture_write(f, "sim/procs/p/ctl", "mmap a 4M\n");
	fixture_write(f, "sim/procs/p/ctl", "write a\n");
	fixture_write(f, "sim/procs/p/ctl", "madvise a pageout\n");
	like(fixture_read(f, "proc/swaps"), "/dev/vdd +partition\t65532\t\t4096\t\t3\n",
	     "proc/swaps: Used");
	is_int(meminfo(f, "SwapCached:"), 4096, "SwapCached, until the writes are over");
	is_int(meminfo(f, "SwapTotal:") - meminfo(f, "SwapFree:"), 4096, "SwapFree");
	is_int(meminfo(f, "Committed_AS:") - committed, 4096, "what is out is promised still");
	is_int(text_value(fixture_read(f, fixture_format("proc/%lld/status", (long long)pid)),
			  "VmSwap:"),
	       4096, "VmSwap");
	is_int(text_value(fixture_read(f, "proc/vmstat"), "pswpout"), 1024, "pswpout");
	addr = strtoull(fixture_read(f, "sim/procs/p/regions"), NULL, 16);
	read_pagemap(f, pid, addr, entry, 2);
	ok((entry[0] & (3ull << 62)) == 1ull << 62, "pagemap: swapped, not present");
	is_int((entry[0] & ((1ull << 55) - 1)) >> 5, 1, "at the first slot");
	is_int((entry[1] & ((1ull << 55) - 1)) >> 5, 2, "the next page at the next");
	check_identities(f->t, "with pages in swap");
	fixture_write(f, "sim/procs/p/ctl", "read a\n");
	is_int(text_value(fixture_read(f, "proc/vmstat"), "pswpin"), 0,
	       "what is still in memory is not read");
	is_int(ctl(f, "swapoff vdd\n") > 0, 1, "swapoff");
	is_int(meminfo(f, "SwapCached:"), 0, "leaves no swap cache");
	is_str(fixture_read(f, "sim/check"), "ok\n", "sim/check");
}

static void test_disk_errors(struct fixture *f)
{
	ctl(f, "swapon vde 64M\n");
	fixture_write(f, "sim/procs/p/ctl", "write a\n");
	is_int(ctl(f, "fail vde write times=1\n") > 0, 1, "a write that fails");
	fixture_write(f, "sim/procs/p/ctl", "madvise a pageout 0 4K\n");
	fixture_write(f, "sim/clock", "advance 1s\n");
	is_int(fixture_write(f, "sim/procs/p/ctl", "write a\n") > 0, 1, "the page is there");
	is_int(ctl(f, "fail vde off\n") > 0, 1, "well again");
	is_int(ctl(f, "swapoff vde\n") > 0, 1, "and off");
}

int main(void)
{
	struct fixture f;

	if (!fixture_open(&f, "one-node", NULL))
		bail_out("%s", f.why);
	test_order(&f);
	test_errors(&f);
	test_commit_limit(&f);
	test_files(&f);
	test_disk_errors(&f);
	check_identities(f.t, "at the end");
	fixture_close(&f);

	if (!fixture_open(&f, "laptop", NULL))
		bail_out("%s", f.why);
	cmp_int(text_value(fixture_read(&f, "proc/meminfo"), "SwapTotal:"), >, 4000000,
		"laptop has 4 GiB of swap on");
	fixture_close(&f);
	return done_testing();
}
