/*
 * Knobs that act, seen from outside: what a write to one file changes in others. Watermarks,
 * protections and page lists are compared with the record of a real machine (tests/data/
 * watermarks.tsv: KNOB VALUE and, for each zone, min,low,high;protection;high,batch of its CPUs).
 */
#include "tests/fixture.h"
#include "tests/identities.h"
#include "tests/reference.h"
#include "tests/tap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fixture open_machine(const char *name)
{
	struct fixture f;

	if (!fixture_open(&f, name, NULL))
		bail_out("%s", f.why);
	return f;
}

static s64 number(struct fixture *f, const char *path)
{
	return strtoll(fixture_read(f, path), NULL, 10);
}

static s64 value(struct fixture *f, const char *path, const char *key)
{
	return text_value(fixture_read(f, path), key);
}

/* ---- watermarks ---- */

/* The number after @key, from @at on. */
static u64 next_number(const char **at, const char *key)
{
	*at = *at ? strstr(*at, key) : NULL;
	if (!*at)
		return UINT64_MAX;
	*at += strlen(key);
	while (**at && (**at < '0' || **at > '9'))
		++*at;
	return strtoull(*at, NULL, 10);
}

/* What zoneinfo says of "0DMA32", in the table's form. */
static void zone_text(struct fixture *f, const char *zone, char *out, size_t room)
{
	const char *at = strstr(fixture_read(f, "proc/zoneinfo"),
				fixture_format("Node %c, zone %8s\n", zone[0], zone + 1));
	u64 min, low, high, pcp, batch, protection[5] = { 0 };
	u32 i;

	snprintf(out, room, "not there");
	if (!at)
		return;
	min = next_number(&at, "        min");
	low = next_number(&at, "        low");
	high = next_number(&at, "        high");
	at = at ? strstr(at, "protection: (") : NULL;
	for (i = 0; at && i < ARRAY_SIZE(protection); i++)
		protection[i] = next_number(&at, i ? ", " : "(");
	pcp = next_number(&at, "high:");
	batch = next_number(&at, "batch:");
	snprintf(out, room, "%llu,%llu,%llu;%llu,%llu,%llu,%llu,%llu;%llu,%llu",
		 (unsigned long long)min, (unsigned long long)low, (unsigned long long)high,
		 (unsigned long long)protection[0], (unsigned long long)protection[1],
		 (unsigned long long)protection[2], (unsigned long long)protection[3],
		 (unsigned long long)protection[4], (unsigned long long)pcp,
		 (unsigned long long)batch);
}

static void check_watermarks(struct fixture *f, char **columns, u32 nr)
{
	u32 i, wrong = 0;

	fixture_write(f, fixture_format("proc/sys/vm/%s", columns[0]), columns[1]);
	for (i = 2; i < nr; i++) {
		char *want = strchr(columns[i], '='), got[256];

		*want++ = '\0';
		zone_text(f, columns[i], got, sizeof(got));
		if (!strcmp(got, want))
			continue;
		diag("zone %s has %s, not %s", columns[i], got, want);
		wrong++;
	}
	ok(!wrong, "%s = %s: watermarks, protections and page lists of all zones", columns[0],
	   columns[1]);
}

static void test_watermarks(void)
{
	struct fixture f = open_machine("two-node");
	char *text = file_text("tests/data/watermarks.tsv"), *line, *save,
	     *columns[REFERENCE_COLUMNS];
	const char *last = "";

	if (!text)
		bail_out("no reference: tests/data/watermarks.tsv");
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		u32 nr = split_columns(line, columns);

		/* each series starts from the defaults */
		if (strcmp(last, columns[0])) {
			fixture_write(&f, "proc/sys/vm/min_free_kbytes", "67584");
			fixture_write(&f, "proc/sys/vm/watermark_scale_factor", "10");
			fixture_write(&f, "proc/sys/vm/lowmem_reserve_ratio", "256 256 32 0 0");
		}
		last = columns[0];
		check_watermarks(&f, columns, nr);
	}
	check_identities(f.t, "after all watermarks");
	fixture_close(&f);
	free(text);
}

/* ---- transparent huge pages and min_free_kbytes ---- */

static void test_thp(const char *machine, s64 never, s64 always)
{
	static const char enabled[] = "sys/kernel/mm/transparent_hugepage/enabled";
	static const char min_free[] = "proc/sys/vm/min_free_kbytes";
	struct fixture f = open_machine(machine);

	is_int(number(&f, min_free), always, "%s: min_free_kbytes with THP", machine);
	fixture_write(&f, enabled, "never");
	is_int(number(&f, min_free), never, "%s: without THP it is the square root rule's",
	       machine);
	fixture_write(&f, enabled, "madvise");
	is_int(number(&f, min_free), always, "%s: madvise raises it again", machine);

	fixture_write(&f, min_free, "8192");
	fixture_write(&f, enabled, "never");
	is_int(number(&f, min_free), 8192, "%s: a value set by hand is kept when THP goes off",
	       machine);
	fixture_write(&f, enabled, "always");
	is_int(number(&f, min_free), always, "%s: raised when it goes on", machine);
	fixture_write(&f, min_free, "100000");
	fixture_write(&f, enabled, "never");
	fixture_write(&f, enabled, "always");
	is_int(number(&f, min_free), 100000, "%s: and never lowered", machine);
	fixture_close(&f);
}

/* ---- the others ---- */

static void test_overcommit(void)
{
	struct fixture f = open_machine("one-node");
	s64 total = value(&f, "proc/meminfo", "MemTotal:");

	is_int(value(&f, "proc/meminfo", "CommitLimit:"), total / 4 * 50 / 100 * 4,
	       "half of RAM may be committed in mode 2");
	fixture_write(&f, "proc/sys/vm/overcommit_ratio", "80");
	is_int(value(&f, "proc/meminfo", "CommitLimit:"), total / 4 * 80 / 100 * 4,
	       "80 %% with overcommit_ratio");
	fixture_write(&f, "proc/sys/vm/overcommit_kbytes", "100000");
	is_int(value(&f, "proc/meminfo", "CommitLimit:"), 100000,
	       "so many kB with overcommit_kbytes");
	is_int(number(&f, "proc/sys/vm/overcommit_ratio"), 0, "which zeroes the ratio");
	fixture_close(&f);
}

static void test_hugepages(void)
{
	static const char pool[] = "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages";
	struct fixture f = open_machine("one-node");
	s64 free = value(&f, "proc/meminfo", "MemFree:"),
	    limit = value(&f, "proc/meminfo", "CommitLimit:");

	fixture_write(&f, "proc/sys/vm/nr_hugepages", "50");
	is_int(value(&f, "proc/meminfo", "HugePages_Total:"), 50, "nr_hugepages fills the pool");
	is_int(value(&f, "proc/meminfo", "Hugetlb:"), 50 * 2048, "which meminfo tells");
	cmp_int(value(&f, "proc/meminfo", "MemFree:"), <=, free - (s64)50 * 2048,
		"from free memory");
	is_int(value(&f, "proc/meminfo", "CommitLimit:"), limit - (s64)50 * 1024,
	       "and from what may be committed");
	is_int(number(&f, pool), 50, "sysfs has the same number");
	fixture_write(&f, pool, "0");
	is_int(value(&f, "proc/meminfo", "HugePages_Total:"), 0, "and gives it back");
	check_identities(f.t, "after a pool of huge pages");
	fixture_close(&f);
}

static void test_numa_stat(void)
{
	static const char node0[] = "sys/devices/system/node/node0/numastat";
	struct fixture f = open_machine("two-node");

	cmp_int(value(&f, node0, "numa_hit"), >, 0, "boot has left NUMA counters");
	fixture_write(&f, "proc/sys/vm/numa_stat", "0");
	is_int(value(&f, node0, "numa_hit"), 0, "numa_stat 0 zeroes them");
	fixture_write(&f, "proc/sys/vm/nr_hugepages", "4");
	is_int(value(&f, node0, "numa_hit"), 0, "and stops counting");
	fixture_write(&f, "proc/sys/vm/numa_stat", "1");
	fixture_write(&f, "proc/sys/vm/nr_hugepages", "8");
	cmp_int(value(&f, node0, "numa_hit"), >, 0, "until it is 1 again");
	fixture_close(&f);
}

static void test_drop_caches(void)
{
	struct fixture f = open_machine("one-node");
	handle_t inode;
	u64 i;

	if (inode_create(f.m, "/data/f1", 4 << 20, INODE_REGULAR, &inode))
		bail_out("no file");
	for (i = 0; i < 1024; i++)
		filemap_get_page(f.m, inode, i, true);
	cmp_int(value(&f, "proc/meminfo", "Cached:"), >=, 4096, "a file of 4 MiB is cached");
	fixture_write(&f, "proc/sys/vm/drop_caches", "2");
	cmp_int(value(&f, "proc/meminfo", "Cached:"), >=, 4096, "2 leaves it alone");
	fixture_write(&f, "proc/sys/vm/drop_caches", "1");
	cmp_int(value(&f, "proc/meminfo", "Cached:"), <, 4096, "1 drops it");
	is_int(value(&f, "proc/vmstat", "drop_pagecache"), 1, "which vmstat counts");
	is_int(value(&f, "proc/vmstat", "drop_slab"), 1, "and the other");
	check_identities(f.t, "after drop_caches");
	fixture_close(&f);
}

static void test_blocks(void)
{
	static const char state[] = "sys/devices/system/memory/memory34/state";
	struct fixture f = open_machine("hotplug");
	s64 total = value(&f, "proc/meminfo", "MemTotal:");

	is_str(fixture_read(&f, "sys/devices/system/node/has_memory"), "0\n",
	       "node 1 has no memory");
	is_int(fixture_write(&f, state, "online"), 6, "a block goes online");
	is_int(value(&f, "proc/meminfo", "MemTotal:"), total + (s64)128 * 1024,
	       "and MemTotal grows");
	is_str(fixture_read(&f, "sys/devices/system/node/has_memory"), "0-1\n",
	       "node 1 has memory");
	like(fixture_read(&f, "sys/devices/system/node/node1/meminfo"), "MemTotal: +131072 kB",
	     "all of it the block");
	check_identities(f.t, "with a block online");
	is_int(fixture_write(&f, state, "offline"), 7, "it goes offline");
	is_int(value(&f, "proc/meminfo", "MemTotal:"), total, "and MemTotal is as before");
	check_identities(f.t, "with it offline again");
	fixture_close(&f);
}

static void test_slab(void)
{
	static const char slabs[] = "sys/kernel/slab/kmalloc-64/slabs";
	struct fixture f = open_machine("one-node");
	handle_t cache = kmem_cache_find(f.m, "kmalloc-64");
	s64 before = number(&f, slabs);

	fixture_write(&f, "sys/kernel/slab/kmalloc-64/min_partial", "100");
	kmem_cache_alloc(f.m, cache, 6400);
	kmem_cache_free(f.m, cache, 6400);
	cmp_int(number(&f, slabs), >=, before + 50, "a high min_partial keeps empty slabs");
	fixture_write(&f, "sys/kernel/slab/kmalloc-64/shrink", "1");
	cmp_int(number(&f, slabs), <, before + 10, "shrink gives them back");
	is_err(fixture_write(&f, "sys/kernel/slab/kmalloc-64/shrink", "2"), -EINVAL,
	       "and takes only a 1");
	fixture_close(&f);
}

int main(void)
{
	test_watermarks();
	test_thp("one-node", 3828, 45056);
	test_overcommit();
	test_hugepages();
	test_numa_stat();
	test_drop_caches();
	test_blocks();
	test_slab();
	return done_testing();
}
