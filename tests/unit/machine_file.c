/*
 * Machine files: what each key does, and how bad ones are refused, with file, line and reason.
 */
#include "fs/machine_file.h"
#include "tests/tap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct machine_config c;
static char why[256];

static int parse(const char *text)
{
	why[0] = '\0';
	return machine_file_parse(&c, text, "m.ini", why, sizeof(why));
}

static void test_machine_keys(void)
{
	is_err(parse("# a comment\n; another\n\n[machine]\r\n  arch = x86-64  \ncpus=4\nmemory = 2G\n"
		     "max_memory=16G\ndimm_slots = 3\ncpu_model = A Fast One\ncpu_mhz=3000\n"
		     "cpu_1g_pages=yes\ncpu_la57=on\nkernel_base=0x2000000\ninitrd=10M\nseed=7\n"
		     "boot_time=1000\nname=mine\ncmdline=\" quiet ro \"\n"),
	       0, "all keys of [machine]");
	is_int(c.arch, ARCH_X86_64, "arch");
	is_int(c.nr_cpus, 4, "cpus");
	is_uint(c.ram, 2ull << 30, "memory");
	is_uint(c.max_memory, 16ull << 30, "max_memory");
	is_int(c.dimm_slots, 3, "dimm_slots");
	is_str(c.cpu_model, "A Fast One", "cpu_model keeps blanks within");
	is_int(c.cpu_mhz, 3000, "cpu_mhz");
	ok(c.cpu_1g_pages && c.cpu_la57, "yes and on");
	is_hex(c.kernel_base, 0x2000000, "kernel_base");
	is_uint(c.initrd_size, 10u << 20, "initrd");
	is_uint(c.seed, 7, "seed");
	is_uint(c.boot_time, 1000, "boot_time");
	is_str(c.name, "mine", "name");
	is_str(c.cmdline, " quiet ro ", "quotes keep blanks at the ends");
}

static void test_other_sections(void)
{
	is_err(parse("[machine]\ncpus=6\n[node 0]\nmemory=1G\ncpus=0-2,5\ndistance=10 21\n"
		     "[node 1]\nmemory=512M\ncpus=3\ndistance = 21, 10\n"
		     "[dimm A]\nsize=256M\nnode=1\nstart=0x140000000\n"
		     "[swap vdb]\nsize=1G\nprio=5\n[swap file]\nsize=64M\ntype=file\n"
		     "[disk]\nsize=1T\nseek_us=4000\nbandwidth_mib=100\nqueue_depth=1\n"
		     "[tlb]\nl1d_4k=32\nl2_4k=512\n[cost]\nminor_fault=900\nmigrate_page=3000\n"
		     "[zone 0 DMA32]\nmanaged=250000\n"),
	       0, "every section");
	is_int(c.nr_nodes, 2, "two nodes");
	is_hex(c.node[0].cpumask[0], 0x27, "a list of CPUs");
	is_int(c.node[1].distance[0], 21, "distances");
	is_uint(c.node[1].size, 512u << 20, "a node's memory");
	ok(c.nr_ranges == 1 && c.range[0].hotplug && c.range[0].nid == 1 &&
		   c.range[0].size == 256u << 20 && c.range[0].start == 0x140000000,
	   "a DIMM");
	ok(c.nr_swap == 2 && !strcmp(c.swap[0].name, "vdb") && c.swap[0].prio == 5 &&
		   !c.swap[0].file && c.swap[1].file && c.swap[1].prio == -1,
	   "swap areas");
	ok(c.disk.size == 1ull << 40 && c.disk.queue_depth == 1, "the disk");
	is_uint(c.cost.disk_seek, 4000000, "a seek is a cost");
	is_uint(c.cost.disk_page_write, 39062, "a page at 100 MiB a second");
	ok(c.tlb.l1d_4k == 32 && c.tlb.l2_4k == 512 && c.tlb.l1d_2m, "TLBs, the rest by default");
	ok(c.cost.minor_fault == 900 && c.cost.migrate_page == 3000 && c.cost.zero_page,
	   "costs, the rest by default");
	ok(c.nr_zones == 1 && c.zone[0].type == ZONE_DMA32 && c.zone[0].managed_pages == 250000,
	   "a zone to copy");
	is_err(parse("[machine]\nmemory=1G\n[disk]\nseek_ns=7\nread_ns=100\nwrite_ns=200\n[cost]\n"
		     "disk_page_write = 300\n"),
	       0, "in nanoseconds; as [cost] has them");
	ok(c.cost.disk_seek == 7 && c.cost.disk_page_read == 100 && c.cost.disk_page_write == 300 &&
		   !c.disk.size,
	   "the last line counts");
	is_err(parse("[machine]\nmemory=1G\n[disk]\nsize=1G\n[swap vdb]\nsize=2G\n"), -EINVAL,
	       "swap that is larger than the disk");
	is_err(parse("[machine]\nmemory=1G\n[disk]\nsize=1G\n[swap vdb]\nsize=1G\n"), -EINVAL,
	       "nor one that leaves nothing for files");
	is_err(parse("[node 0]\nrange = 0x1000-0x9ffff\nrange=0x100000 + 1023M\ncpus=0-3\n"), 0,
	       "ranges");
	ok(c.nr_ranges == 2 && c.range[0].start == 0x1000 && c.range[0].size == 0x9f000 &&
		   c.range[1].size == 1023u << 20,
	   "START-END has the last byte, START+SIZE the length");
	is_int(c.nr_cpus, 4, "without cpus= there are as many as the nodes name");
	is_err(parse("[node 3]\nmemory=1G\n"), 0, "a first node that is not node 0");
	ok(c.nr_nodes == 4 && c.node[3].present && !c.node[0].present, "leaves the others out");
}

static void refuse(const char *text, const char *reason)
{
	int error = parse(text);

	if (!ok(error == -EINVAL && !strncmp(why, reason, strlen(reason)), "%s", reason))
		diag("got %d: %s", error, why);
}

static void test_refusals(void)
{
	refuse("cpus=4\n", "m.ini:1: 'cpus' stands before the first section");
	refuse("[machine]\ncpus 4\n", "m.ini:2: neither [section] nor key = value");
	refuse("[machine\n", "m.ini:1: a section's line ends with ']'");
	refuse("[machine] x\n", "m.ini:1: a section's line ends with ']'");
	refuse("[engine]\n", "m.ini:1: there is no section [engine]");
	refuse("[machine x]\n", "m.ini:1: [machine] takes no name");
	refuse("[machine]\nspeed=1\n", "m.ini:2: [machine] has no key 'speed'");
	refuse("[machine]\nboot_time=8277292037\n",
	       "m.ini:2: boot_time: 8277292037 is not within 0 to 8277292036");
	refuse("[machine]\ncpus=0\n", "m.ini:2: cpus: 0 is not within 1 to 1024");
	refuse("[machine]\ncpus=four\n", "m.ini:2: cpus: 'four' is no number");
	refuse("[machine]\ncpus=-1\n", "m.ini:2: cpus: '-1' is no number");
	refuse("[machine]\nmemory=1GB\n", "m.ini:2: memory: '1GB' is no number");
	refuse("[machine]\nmemory=99999999999999999999\n",
	       "m.ini:2: memory: '99999999999999999999' is no number");
	refuse("[machine]\nmemory=16777216T\n", "m.ini:2: memory: '16777216T' is no number");
	refuse("[machine]\nmemory=1025\n", "m.ini:2: memory: 1025 is no multiple of 4K");
	refuse("[machine]\narch=arm\n", "m.ini:2: arch: 'arm' is neither x86-64 nor i386");
	refuse("[machine]\ncpu_la57=maybe\n", "m.ini:2: cpu_la57: 'maybe' is neither yes nor no");
	refuse("[machine]\ncpus=2\n", "m.ini:2: the machine has no memory");
	refuse("[machine]\nmemory=4096\n", "m.ini:2: the machine has less than 1 MiB");
	refuse("[machine]\nmemory=2G\n\nmax_memory=1G\n",
	       "m.ini:2: max_memory is less than memory");
}

static void test_node_refusals(void)
{
	refuse("[node 64]\n", "m.ini:1: [node 64]: nodes are numbered 0 to 63");
	refuse("[node x]\n", "m.ini:1: [node x]: nodes are numbered");
	refuse("[node 0]\nmemory=1G\n[node 0]\n",
	       "m.ini:3: [node 0] is there a second time; line 1");
	refuse("[node 0]\ncpus=0-\n", "m.ini:2: cpus: '0-' is no list of CPUs");
	refuse("[node 0]\ncpus=3-1\n", "m.ini:2: cpus: '3-1' is no list of CPUs");
	refuse("[node 0]\ncpus=1024\n", "m.ini:2: cpus: '1024' is no list of CPUs below 1024");
	refuse("[machine]\ncpus=2\n[node 0]\nmemory=1G\ncpus=2\n",
	       "m.ini:3: node 0 has CPU 2, but there are 2");
	refuse("[node 0]\nmemory=1G\ncpus=0\n[node 1]\ncpus=0\n",
	       "m.ini:4: CPU 0 is in node 0 and in node 1");
	refuse("[node 0]\ndistance=10 5\n",
	       "m.ini:2: distance: '5' is no list of numbers from 10 to 255");
	refuse("[node 0]\ndistance=20 10\n",
	       "m.ini:2: distance: 10 is the distance of a node to itself");
	refuse("[node 0]\nmemory=1G\ndistance=10 20\n", "m.ini:1: node 0 has a distance to node 1");
	refuse("[node 0]\nrange=5\n", "m.ini:2: range: '5' is neither START-END nor START+SIZE");
	refuse("[node 0]\nrange=0x2000-0x1fff\n", "m.ini:2: range: it ends before it starts");
	refuse("[node 0]\nrange=0-100\n",
	       "m.ini:2: range: it must start and end at multiples of 4K");
	refuse("[machine]\nmemory=1G\n[node 0]\nrange=0+1G\n",
	       "m.ini:2: memory is given as ranges and as sizes");
	refuse("[machine]\nmemory=3G\n[node 0]\nmemory=1G\n",
	       "m.ini:2: memory is 3072 MiB, but the nodes have 1024");
}

static void test_section_refusals(void)
{
	refuse("[machine]\nmemory=1G\n[dimm]\n", "m.ini:3: [dimm NAME]: a name");
	refuse("[machine]\nmemory=1G\n[dimm a]\nsize=100M\n",
	       "m.ini:4: size: 100M is no multiple of 128M");
	refuse("[machine]\nmemory=1G\n[dimm a]\nnode=0\n", "m.ini:3: a DIMM needs a size");
	refuse("[machine]\nmemory=1G\n[dimm a]\nsize=1G\nnode=1\n", "m.ini:3: there is no node 1");
	refuse("[swap a/b]\n", "m.ini:1: [swap NAME]: a name");
	refuse("[machine]\nmemory=1G\n[swap a]\n", "m.ini:3: swap a needs a size");
	refuse("[swap a]\nprio=-2\n", "m.ini:2: prio: '-2' is no number from 0 to 32767");
	refuse("[swap a]\ntype=zram\n", "m.ini:2: type: 'zram' is neither partition nor file");
	refuse("[zone 0]\n", "m.ini:1: [zone 0]: a node's number and the name of a zone");
	refuse("[zone 0 Device]\n", "m.ini:1: [zone 0 Device]: there is no zone 'Device'");
	refuse("[cost]\nmind=1\n", "m.ini:2: [cost] has no key 'mind'");
	refuse("[machine]\nmemory=1G\npae=yes\n", "m.ini:3: pae is for arch = i386");
	refuse("[machine]\nmemory=1G\nlevels=1\n",
	       "m.ini:3: levels: this processor has 4 levels of page tables");
	refuse("[machine]\narch=i386\nmemory=1G\nlevels=3\n",
	       "m.ini:4: levels: this processor has 2 levels of page tables, or 1 to show what that costs");
	refuse("[machine]\narch=i386\npae=yes\nmemory=1G\nlevels=1\n",
	       "m.ini:5: levels = 1 has entries of 4 bytes: not with pae");
	refuse("[machine]\narch=i386\n[node 0]\nmemory=1G\n[node 1]\nmemory=1G\n",
	       "m.ini:5: an i386 machine has one node");
}

static void test_long_lines(void)
{
	char text[8192] = "[machine]\ncmdline=";
	size_t i, n = strlen(text);

	for (i = 0; i < CMDLINE_MAX; i++)
		text[n + i] = 'x';
	refuse(text, "m.ini:2: cmdline: longer than 2047 characters");
	for (i = 0; i < 5000; i++)
		text[n + i] = 'x';
	refuse(text, "m.ini:2: longer than 4095 characters");
}

static void test_presets(void)
{
	static const char *const names[] = { "laptop",	 "server-1t", "i386",	 "tiny",
					     "one-node", "two-node",  "hotplug", "hugetlb" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		is_str(preset_name(i), names[i], "preset %s is there", names[i]);
		if (!is_err(machine_file_load(&c, names[i], why, sizeof(why)), 0, "and reads well"))
			diag("%s", why);
		is_str(c.name, names[i], "and is called so");
	}
	ok(!preset_name(i) && !preset_text("nothing"), "there is no other");
	machine_file_load(&c, "laptop", why, sizeof(why));
	ok(c.nr_cpus == 8 && c.ram == 16ull << 30 && c.nr_swap == 1 && c.swap[0].size == 4ull << 30,
	   "laptop: 8 CPUs, 16 GiB, 4 GiB of swap");
	machine_file_load(&c, "tiny", why, sizeof(why));
	ok(c.nr_cpus == 1 && c.ram == 128u << 20 && !c.nr_swap, "tiny: 1 CPU, 128 MiB, no swap");
}

static void test_files(void)
{
	char path[] = "/tmp/mmanfs-machine-XXXXXX", text[] = "[machine]\nmemory=1G\ncpus=zero\n",
	     want[64];
	int fd = mkstemp(path);

	if (fd < 0)
		bail_out("mkstemp: %s", strerror(errno));
	if (write(fd, text, sizeof(text) - 1) < 0)
		bail_out("write: %s", strerror(errno));
	is_err(machine_file_load(&c, path, why, sizeof(why)), -EINVAL, "a file with a mistake");
	snprintf(want, sizeof(want), "%s:3: cpus: 'zero' is no number", path);
	is_str(why, want, "is named with line and reason");
	if (ftruncate(fd, 0) || pwrite(fd, "[machine]\n\0memory=1G\n", 21, 0) < 0)
		bail_out("write: %s", strerror(errno));
	is_err(machine_file_load(&c, path, why, sizeof(why)), -EINVAL, "bytes that are no text");
	close(fd);
	unlink(path);
	is_err(machine_file_load(&c, "no-such-machine", why, sizeof(why)), -ENOENT,
	       "neither preset nor file");
	is_str(why, "no-such-machine: no such preset or machine file", "with its name");
	is_err(machine_file_load(&c, "/tmp", why, sizeof(why)), -EISDIR, "a directory");
}

static void test_cmdline(void)
{
	char text[CMDLINE_MAX];

	parse("[machine]\nmemory=1G\ncmdline=quiet\n");
	is_err(machine_add_cmdline(&c, "mem=512M", why, sizeof(why)), 0, "parameters are appended");
	is_str(c.cmdline, "quiet mem=512M", "with a blank between");
	parse("[machine]\nmemory=1G\ncmdline=quiet -- --verbose\n");
	machine_add_cmdline(&c, "mem=512M", why, sizeof(why));
	is_str(c.cmdline, "quiet mem=512M -- --verbose", "before what is for init");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	is_err(machine_add_cmdline(&c, text, why, sizeof(why)), -E2BIG, "as many as fit");
	is_str(c.cmdline, "quiet mem=512M -- --verbose", "and nothing changes if they do not");
}

int main(void)
{
	test_machine_keys();
	test_other_sections();
	test_refusals();
	test_node_refusals();
	test_section_refusals();
	test_long_lines();
	test_presets();
	test_files();
	test_cmdline();
	return done_testing();
}
