/*
 * presets.c - machines by name, as the text of machine files (docs/machine.md), and the defaults
 * that every machine starts from.
 *
 * one-node, two-node, hotplug and hugetlb are machines that a real 6.1 kernel ran on: the kernel
 * lies where it lay there, since which node gives its memory to the kernel shows in every number.
 */
#include <mman/machine.h>

#include <stdio.h>
#include <string.h>

/* clang-format off */
#define QEMU_CPU                                                                                     \
	"cpu_model = QEMU Virtual CPU version 2.5+\n"                                                \
	"cpu_mhz = 2500\n"                                                                           \
	"initrd = 3096K\n"

static const char laptop[] =
	"[machine]\n"
	"cpus = 8\n"
	"memory = 16G\n"
	"cpu_model = Simulated Laptop CPU @ 2.60GHz\n"
	"cpu_mhz = 2600\n"
	"cpu_1g_pages = yes\n"
	"kernel_base = 0x16c000000\n"
	"initrd = 42M\n"
	"cmdline = BOOT_IMAGE=/vmlinuz-6.1.0-56-amd64 root=/dev/vda1 ro quiet\n"
	"[swap vdb]\n"
	"size = 4G\n";

static const char server_1t[] =
	"[machine]\n"
	"cpus = 64\n"
	"cpu_model = Simulated Server CPU @ 2.60GHz\n"
	"cpu_mhz = 2600\n"
	"cpu_1g_pages = yes\n"
	"kernel_base = 0x3a4000000\n"
	"initrd = 48M\n"
	"cmdline = BOOT_IMAGE=/vmlinuz-6.1.0-56-amd64 root=/dev/vda1 ro quiet\n"
	"[node 0]\nmemory = 128G\ncpus = 0-7\ndistance = 10 16 16 16 32 32 32 32\n"
	"[node 1]\nmemory = 128G\ncpus = 8-15\ndistance = 16 10 16 16 32 32 32 32\n"
	"[node 2]\nmemory = 128G\ncpus = 16-23\ndistance = 16 16 10 16 32 32 32 32\n"
	"[node 3]\nmemory = 128G\ncpus = 24-31\ndistance = 16 16 16 10 32 32 32 32\n"
	"[node 4]\nmemory = 128G\ncpus = 32-39\ndistance = 32 32 32 32 10 16 16 16\n"
	"[node 5]\nmemory = 128G\ncpus = 40-47\ndistance = 32 32 32 32 16 10 16 16\n"
	"[node 6]\nmemory = 128G\ncpus = 48-55\ndistance = 32 32 32 32 16 16 10 16\n"
	"[node 7]\nmemory = 128G\ncpus = 56-63\ndistance = 32 32 32 32 16 16 16 10\n";

static const char i386[] =
	"[machine]\n"
	"arch = i386\n"
	"cpus = 2\n"
	"memory = 2G\n"
	"cpu_model = QEMU Virtual CPU version 2.5+\n"
	"cpu_mhz = 2600\n"
	"kernel_base = 0x1c000000\n"
	"initrd = 1116K\n"
	"cmdline = console=ttyS0 quiet\n";

static const char tiny[] =
	"[machine]\n"
	"cpus = 1\n"
	"memory = 128M\n"
	QEMU_CPU
	"cmdline = console=ttyS0\n";

static const char one_node[] =
	"[machine]\n"
	"cpus = 2\n"
	"memory = 1G\n"
	QEMU_CPU
	"kernel_base = 0x1c200000\n"
	"boot_time = 1795224743\n"
	"cmdline = \"console=ttyS0 panic=-1 oracle=one-node \"\n";

static const char two_node[] =
	"[machine]\n"
	"cpus = 2\n"
	QEMU_CPU
	"kernel_base = 0x5d800000\n"
	"boot_time = 1795224744\n"
	"cmdline = \"console=ttyS0 panic=-1 oracle=two-node \"\n"
	"[node 0]\nmemory = 1G\ncpus = 0\ndistance = 10 20\n"
	"[node 1]\nmemory = 1G\ncpus = 1\ndistance = 20 10\n";

static const char hotplug[] =
	"[machine]\n"
	"cpus = 2\n"
	QEMU_CPU
	"kernel_base = 0x28a00000\n"
	"boot_time = 1795224799\n"
	"dimm_slots = 4\n"
	"max_memory = 8G\n"
	"cmdline = \"console=ttyS0 panic=-1 oracle=hotplug \"\n"
	"[node 0]\nmemory = 1G\ncpus = 0-1\n"
	"[node 1]\nmemory = 0\n"
	"[dimm dimm0]\nsize = 1G\nnode = 1\n";

static const char hugetlb[] =
	"[machine]\n"
	"cpus = 2\n"
	"memory = 3G\n"
	"cpu_model = QEMU TCG CPU version 2.5+\n"
	"cpu_mhz = 2500\n"
	"initrd = 3096K\n"
	"cpu_1g_pages = yes\n"
	"cpu_la57 = yes\n"
	"kernel_base = 0x56400000\n"
	"boot_time = 1795224798\n"
	"cmdline = \"console=ttyS0 panic=-1 oracle=hugetlb hugepages=16 \"\n";

/* clang-format on */

static const struct {
	const char *name, *text;
} presets[] = {
	{ "laptop", laptop },	{ "server-1t", server_1t }, { "i386", i386 },
	{ "tiny", tiny },	{ "one-node", one_node },   { "two-node", two_node },
	{ "hotplug", hotplug }, { "hugetlb", hugetlb },
};

const char *preset_name(unsigned int i)
{
	return i < ARRAY_SIZE(presets) ? presets[i].name : NULL;
}

const char *preset_text(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(presets); i++)
		if (!strcmp(presets[i].name, name))
			return presets[i].text;
	return NULL;
}

/* Nanoseconds. An anonymous fault of a real machine takes 1.9 us, 0.8 of it to zero the page, and
 * an unmap 0.19 us a page; the disk is a fast one. */
static const struct cost_table default_cost = {
	.syscall = 100,
	.minor_fault = 1100,
	.zero_page = 800,
	.copy_page = 900,
	.tlb_miss = 30,
	.memory_access = 5,
	.memory_access_remote = 9,
	.pte_unmap = 190,
	.page_alloc_slow = 2000,
	.page_free = 100,
	.context_switch = 1500,
	.fork_page = 120,
	.exec = 300000,
	.scan_page = 100,
	.reclaim_page = 400,
	.disk_seek = 80000,
	.disk_page_read = 8000,
	.disk_page_write = 8000,
	.disk_flush = 500000,
	.migrate_page = 2000,
	.compact_page = 15,
};

void machine_config_init(struct machine_config *c)
{
	memset(c, 0, sizeof(*c));
	c->arch = ARCH_X86_64;
	c->nr_cpus = 1;
	c->nr_nodes = 1;
	c->node[0].present = true;
	c->cost = default_cost;
	c->tlb = (struct tlb_config){ .l1d_4k = 64,
				      .l1d_2m = 32,
				      .l1d_1g = 4,
				      .l2_4k = 1536,
				      .l2_1g = 16,
				      .pwc_pmd = 32,
				      .pwc_pud = 4,
				      .pwc_pgd = 2,
				      .pcids = 6 };
	c->disk.queue_depth = 32;
	c->seed = 1;
	c->boot_time = 1767225600; /* 2026-01-01 */
	c->cpu_mhz = 2500;
	snprintf(c->name, sizeof(c->name), "machine");
	snprintf(c->cpu_model, sizeof(c->cpu_model), "Simulated CPU");
}
