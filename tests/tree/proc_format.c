/*
 * The files of proc/ line by line against what a real 6.1 kernel printed on the same machines
 * (tests/data/proc, numbers made 0): names, order, columns.
 */
#include "tests/fixture.h"
#include "tests/identities.h"
#include "tests/tap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void check_layout(struct fixture *f, const char *path, const char *data)
{
	char *want = file_text(fixture_format("tests/data/proc/%s", data));

	if (ok(want != NULL, "there is a reference for %s", path))
		ok(same_layout(fixture_read(f, path), want),
		   "%s is laid out as on a real kernel (%s)", path, data);
	free(want);
}

static void check_exact(struct fixture *f, const char *path, const char *data)
{
	char *want = file_text(fixture_format("tests/data/proc/%s", data));

	is_str(fixture_read(f, path), want, "%s is a real kernel's to the byte", path);
	free(want);
}

static void test_one_node(void)
{
	static const char *const same[] = { "meminfo",	    "vmstat",  "zoneinfo", "buddyinfo",
					    "pagetypeinfo", "stat",    "uptime",   "loadavg",
					    "cgroups",	    "cpuinfo", "mtrr",	   "softirqs" };
	static const char *const exact[] = { "devices", "filesystems", "version" };
	static const char *const pressure[] = { "cpu", "io", "memory" };
	struct fixture f;
	size_t i;

	if (!fixture_open(&f, "one-node", NULL))
		bail_out("%s", f.why);
	for (i = 0; i < ARRAY_SIZE(same); i++)
		check_layout(&f, fixture_format("proc/%s", same[i]),
			     fixture_format("one-node/%s", same[i]));
	for (i = 0; i < ARRAY_SIZE(exact); i++)
		check_exact(&f, fixture_format("proc/%s", exact[i]),
			    fixture_format("one-node/%s", exact[i]));
	for (i = 0; i < ARRAY_SIZE(pressure); i++)
		check_layout(&f, fixture_format("proc/pressure/%s", pressure[i]),
			     "one-node/pressure");

	is_str(fixture_read(&f, "proc/swaps"), "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n",
	       "proc/swaps has only its heading when no swap is on");
	like(fixture_read(&f, "proc/slabinfo"),
	     "^slabinfo - version: 2\\.1\n# name            <active_objs> <num_objs> <objsize> <objperslab> "
	     "<pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> "
	     "<num_slabs> <sharedavail>\n",
	     "proc/slabinfo has the heading of version 2.1");
	like(fixture_read(&f, "proc/slabinfo"),
	     "\ntask_struct +[0-9]+ +[0-9]+ +[0-9]+ +[0-9]+ +[0-9]+ : tunables    0    0    0 : slabdata "
	     "+[0-9]+ +[0-9]+      0\n",
	     "proc/slabinfo has a line for task_struct");
	like(fixture_read(&f, "proc/interrupts"),
	     "^           CPU0       CPU1       \n  0:          0          0   IO-APIC   2-edge      timer\n",
	     "proc/interrupts has a column for each CPU");
	like(fixture_read(&f, "proc/1/net/dev"), "\n    lo:( +0){16}\n$",
	     "proc/PID/net/dev has the loopback device");
	like(fixture_read(&f, "proc/1/net/snmp"),
	     "^Ip: Forwarding DefaultTTL [^\n]+\nIp: 2 64( 0){17}\nIcmp: ",
	     "proc/PID/net/snmp has a count for each name");
	like(fixture_read(&f, "proc/1/net/softnet_stat"), "^((00000000 ){12}0000000[01]\n){2}$",
	     "proc/PID/net/softnet_stat has a line for each CPU");
	is_str(fixture_read(&f, "proc/locks"), "", "proc/locks has no locks");
	like(fixture_read(&f, "proc/sysvipc/shm"), "^ +key +shmid perms +size [^\n]+swap\n$",
	     "proc/sysvipc/shm has a heading");
	like(fixture_read(&f, "proc/sys/kernel/random/boot_id"),
	     "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\n$",
	     "boot_id is a UUID");
	is_str(fixture_read(&f, "sys/devices/virtual/net/lo/operstate"), "down\n",
	       "the loopback device is down");
	like(fixture_read(&f, "proc/iomem"),
	     "^00000000-00000fff : Reserved\n00001000-0009fbff : System RAM\n",
	     "proc/iomem begins with the first page and low memory");
	like(fixture_read(&f, "proc/cmdline"), "^[^\n]*\n$", "proc/cmdline is one line");
	like(fixture_read(&f, "proc/vmallocinfo"),
	     "^0x[0-9a-f]{16}-0x[0-9a-f]{16} +[0-9]+ [^ ]+ pages=[0-9]+ vmalloc N0=[0-9]+\n",
	     "proc/vmallocinfo has ranges, callers and pages by node");
	check_identities(f.t, "one-node after boot");
	fixture_close(&f);
}

static void test_other_machines(void)
{
	static const struct {
		const char *machine, *file;
	} row[] = {
		{ "two-node", "zoneinfo" },	{ "two-node", "buddyinfo" },
		{ "two-node", "pagetypeinfo" }, { "two-node", "cpuinfo" },
		{ "hotplug", "zoneinfo" },	{ "hotplug", "pagetypeinfo" },
		{ "hugetlb", "meminfo" },	{ "hugetlb", "mtrr" },
	};
	struct fixture f = { 0 };
	const char *open = "";
	size_t i;

	for (i = 0; i < ARRAY_SIZE(row); i++) {
		if (strcmp(open, row[i].machine) != 0) {
			fixture_close(&f);
			open = row[i].machine;
			if (!fixture_open(&f, open, NULL))
				bail_out("%s", f.why);
			check_identities(f.t, fixture_format("%s after boot", open));
		}
		check_layout(&f, fixture_format("proc/%s", row[i].file),
			     fixture_format("%s/%s", row[i].machine, row[i].file));
	}
	fixture_close(&f);
}

static void test_hidden(void)
{
	static const char *const roots_only[] = { "slabinfo",	"pagetypeinfo", "vmallocinfo",
						  "kpageflags", "kpagecount",	"kpagecgroup",
						  "kcore" };
	struct fixture f;
	size_t i;

	if (!fixture_open(&f, "one-node", NULL))
		bail_out("%s", f.why);
	for (i = 0; i < ARRAY_SIZE(roots_only); i++)
		is_err(fixture_read_as(&f, 65534, fixture_format("proc/%s", roots_only[i])),
		       -EACCES, "proc/%s is not for other users", roots_only[i]);
	cmp_int(fixture_read_as(&f, 65534, "proc/iomem"), >, 0, "others may read proc/iomem");
	unlike(f.text.data, "[1-9a-f][0-9a-f]*-|-[0-9a-f]*[1-9a-f]", "... but see no address");
	is_err(fixture_write(&f, "proc/meminfo", "1"), -EIO,
	       "a write to meminfo fails as on procfs");
	is_err(fixture_write_as(&f, 65534, "proc/meminfo", "1", 1), -EACCES,
	       "others cannot open it for that");
	is_err(fixture_read_as(&f, 0, "proc/sysrq-trigger"), -EIO,
	       "sysrq-trigger can only be written");
	is_err(fixture_write(&f, "proc/mtrr", "x"), -EINVAL, "mtrr refuses what it does not know");
	is_int(fixture_write(&f, "proc/mtrr", ""), 0, "an empty write to mtrr does nothing");
	fixture_close(&f);

	if (!fixture_open(&f, "one-node", "psi=0"))
		bail_out("%s", f.why);
	is_err(fixture_error(&f, "proc/pressure/memory"), -ENOENT,
	       "psi=0 takes proc/pressure away");
	fixture_close(&f);
}

int main(void)
{
	test_one_node();
	test_other_machines();
	test_hidden();
	return done_testing();
}
