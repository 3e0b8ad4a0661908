/*
 * What boot says: the kernel log and /proc/iomem of the reference's two-node machine, line by line.
 */
#include "fs/machine_file.h"
#include "tests/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char memory_line[] =
	"Memory: 391932K/2096596K available (14343K kernel code, 2338K rwdata, 9132K rodata, 2824K "
	"init, 17344K bss, 90724K reserved, 0K cma-reserved)";
static const char balancing_line[] =
	"mempolicy: Enabling automatic NUMA balancing. Configure with numa_balancing= or the "
	"kernel.numa_balancing sysctl";

/* Lines of the real machine's log that concern memory, in its order. */
static const char *const two_node_log[] = {
	"BIOS-provided physical RAM map:",
	"BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable",
	"BIOS-e820: [mem 0x0000000000100000-0x000000007ffd6fff] usable",
	"BIOS-e820: [mem 0x000000007ffd7000-0x000000007fffffff] reserved",
	"e820: update [mem 0x00000000-0x00000fff] usable ==> reserved",
	"e820: remove [mem 0x000a0000-0x000fffff] usable",
	"last_pfn = 0x7ffd7 max_arch_pfn = 0x400000000",
	"RAMDISK: [mem 0x7fcca000-0x7ffcffff]",
	"SRAT: PXM 0 -> APIC 0x00 -> Node 0",
	"SRAT: PXM 1 -> APIC 0x01 -> Node 1",
	"ACPI: SRAT: Node 0 PXM 0 [mem 0x00000000-0x0009ffff]",
	"ACPI: SRAT: Node 0 PXM 0 [mem 0x00100000-0x3fffffff]",
	"ACPI: SRAT: Node 1 PXM 1 [mem 0x40000000-0x7fffffff]",
	"NUMA: Initialized distance table, cnt=2",
	"NODE_DATA(0) allocated [mem 0x3ffd5000-0x3fffffff]",
	"NODE_DATA(1) allocated [mem 0x7fc9f000-0x7fcc9fff]",
	"Zone ranges:",
	"  DMA      [mem 0x0000000000001000-0x0000000000ffffff]",
	"  DMA32    [mem 0x0000000001000000-0x000000007ffd6fff]",
	"  Normal   empty",
	"  Device   empty",
	"Movable zone start for each node",
	"Early memory node ranges",
	"  node   0: [mem 0x0000000000001000-0x000000000009efff]",
	"  node   0: [mem 0x0000000000100000-0x000000003fffffff]",
	"  node   1: [mem 0x0000000040000000-0x000000007ffd6fff]",
	"Initmem setup node 0 [mem 0x0000000000001000-0x000000003fffffff]",
	"Initmem setup node 1 [mem 0x0000000040000000-0x000000007ffd6fff]",
	"On node 0, zone DMA: 1 pages in unavailable ranges",
	"On node 0, zone DMA: 97 pages in unavailable ranges",
	"On node 1, zone DMA32: 41 pages in unavailable ranges",
	"smpboot: Allowing 2 CPUs, 0 hotplug CPUs",
	"PM: hibernation: Registered nosave memory: [mem 0x00000000-0x00000fff]",
	"PM: hibernation: Registered nosave memory: [mem 0x0009f000-0x000fffff]",
	"[mem 0x80000000-0xfffbffff] available for PCI devices",
	"setup_percpu: NR_CPUS:8192 nr_cpumask_bits:2 nr_cpu_ids:2 nr_node_ids:2",
	"percpu: Embedded 62 pages/cpu s217088 r8192 d28672 u2097152",
	"Fallback order for Node 0: 0 1 ",
	"Fallback order for Node 1: 1 0 ",
	"Built 2 zonelists, mobility grouping on.  Total pages: 515799",
	"Policy zone: DMA32",
	"Kernel command line: console=ttyS0 panic=-1 oracle=two-node ",
	"Unknown kernel command line parameters \"oracle=two-node\", will be passed to user space.",
	"mem auto-init: stack:all(zero), heap alloc:on, heap free:off",
	memory_line,
	"SLUB: HWalign=64, Order=0-3, MinObjects=0, CPUs=2, Nodes=2",
	balancing_line,
	"Freeing SMP alternatives memory: 36K",
	"pid_max: default: 32768 minimum: 301",
	"Dentry cache hash table entries: 262144 (order: 9, 2097152 bytes, vmalloc)",
	"Inode-cache hash table entries: 131072 (order: 8, 1048576 bytes, vmalloc)",
	"Mount-cache hash table entries: 4096 (order: 3, 32768 bytes, vmalloc)",
	"Mountpoint-cache hash table entries: 4096 (order: 3, 32768 bytes, vmalloc)",
	"smp: Brought up 2 nodes, 2 CPUs",
	"x86/mm: Memory block size: 128MB",
	"DMA: preallocated 256 KiB GFP_KERNEL pool for atomic allocations",
	"DMA: preallocated 256 KiB GFP_KERNEL|GFP_DMA pool for atomic allocations",
	"DMA: preallocated 256 KiB GFP_KERNEL|GFP_DMA32 pool for atomic allocations",
	"Freeing initrd memory: 3096K",
	"Freeing unused decrypted memory: 2036K",
	"Freeing unused kernel image (initmem) memory: 2824K",
	"Freeing unused kernel image (text/rodata gap) memory: 2040K",
	"Freeing unused kernel image (rodata/data gap) memory: 1108K",
	"Run /init as init process",
};

static const char two_node_iomem[] = "00000000-00000fff : Reserved\n"
				     "00001000-0009fbff : System RAM\n"
				     "0009fc00-0009ffff : Reserved\n"
				     "000a0000-000bffff : PCI Bus 0000:00\n"
				     "000c0000-000c05ff : Video ROM\n"
				     "000f0000-000fffff : Reserved\n"
				     "  000f0000-000fffff : System ROM\n"
				     "00100000-7ffd6fff : System RAM\n"
				     "  5d800000-5e601d31 : Kernel code\n"
				     "  5e800000-5f0eafff : Kernel rodata\n"
				     "  5f200000-5f44897f : Kernel data\n"
				     "  5fb10000-60bfffff : Kernel bss\n"
				     "7ffd7000-7fffffff : Reserved\n"
				     "80000000-febfffff : PCI Bus 0000:00\n"
				     "  febf0000-febf3fff : 0000:00:02.0\n"
				     "    febf0000-febf3fff : virtio-pci-modern\n"
				     "  febf4000-febf7fff : 0000:00:03.0\n"
				     "    febf4000-febf7fff : virtio-pci-modern\n"
				     "  febf8000-febfbfff : 0000:00:04.0\n"
				     "    febf8000-febfbfff : virtio-pci-modern\n"
				     "  febfd000-febfdfff : 0000:00:02.0\n"
				     "  febfe000-febfefff : 0000:00:03.0\n"
				     "  febff000-febfffff : 0000:00:04.0\n"
				     "fec00000-fec003ff : IOAPIC 0\n"
				     "fed00000-fed003ff : HPET 0\n"
				     "  fed00000-fed003ff : PNP0103:00\n"
				     "fee00000-fee00fff : Local APIC\n"
				     "fffc0000-ffffffff : Reserved\n"
				     "100000000-17fffffff : PCI Bus 0000:00\n"
				     "fd00000000-ffffffffff : Reserved\n";

static struct machine *boot(const char *text)
{
	struct machine_config *c = malloc(sizeof(*c));
	struct machine *m = NULL;
	char why[256] = "";

	if (!machine_file_parse(c, text, "test", why, sizeof(why)))
		m = machine_create(c, why, sizeof(why));
	free(c);
	if (!m)
		bail_out("%s", why);
	return m;
}

/* Is @line in the log at or behind *@seq? Moves *@seq behind it. */
static bool find_line(const struct machine *m, const char *line, u64 *seq)
{
	char text[LOG_LINE_MAX];
	u64 at = *seq, time;
	int level;

	while (log_read(&m->kmsg, &at, &time, &level, text, sizeof(text)) >= 0) {
		at++;
		if (strcmp(text, line))
			continue;
		*seq = at;
		return true;
	}
	return false;
}

static void test_log(struct machine *m)
{
	u64 seq = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(two_node_log); i++)
		ok(find_line(m, two_node_log[i], &seq), "log: %s", two_node_log[i]);
}

static void test_iomem(struct machine *m)
{
	char text[8192] = "";
	size_t at = 0;
	u32 i;

	for (i = 0; i < m->boot.nr_iomem && at < sizeof(text); i++) {
		const struct resource *r = &m->boot.iomem[i];

		at += (size_t)snprintf(text + at, sizeof(text) - at, "%*s%08llx-%08llx : %s\n",
				       2 * r->depth, "", (unsigned long long)r->start,
				       (unsigned long long)r->end, r->name);
	}
	is_str(text, two_node_iomem, "iomem is the real machine's, byte for byte");
}

static void expect_line(const char *machine, const char *line)
{
	struct machine *m = boot(machine);
	u64 seq = 0;

	ok(find_line(m, line, &seq), "log: %s", line);
	machine_destroy(m);
}

int main(void)
{
	struct machine *m = boot(preset_text("two-node"));

	test_log(m);
	test_iomem(m);
	machine_destroy(m);
	expect_line("[machine]\ncpus=2\nmemory=1G\ncmdline=numa=off\n", "NUMA turned off");
	expect_line("[machine]\ncpus=2\nmemory=1G\n", "No NUMA configuration found");
	expect_line("[machine]\ncpus=2\nmemory=1G\n",
		    "Faking a node at [mem 0x0000000000000000-0x000000003ffd6fff]");
	expect_line("[machine]\ncpus=2\nmemory=1G\ncmdline=kernelcore=512M\n",
		    "  Node 0: 0x0000000020400000");
	expect_line("[machine]\ncpus=2\nmemory=5G\ninitrd=3448K\n",
		    "software IO TLB: mapped [mem 0x00000000bbc72000-0x00000000bfc72000] (64MB)");
	expect_line(preset_text("hotplug"),
		    "ACPI: SRAT: Node 1 PXM 1 [mem 0x100000000-0x3bfffffff] hotplug");
	expect_line(preset_text("hotplug"), "Initializing node 1 as memoryless");
	expect_line("[machine]\nmemory=1G\ncmdline=mem=512M\n",
		    "e820: remove [mem 0x20000000-0xfffffffffffffffe] usable");
	expect_line(preset_text("i386"), "1167MB HIGHMEM available.");
	return done_testing();
}
