/*
 * machine.c - the machine file of a captured machine: what boot makes. The rest (knobs, processes,
 * page cache) is furnished afterwards, furnish.c.
 */
#include <errno.h>
#include <string.h>

#include "fs/twin/capture.h"
#include "fs/twin/twin.h"
#include "fs/twin/zones.h"

#define MAX_SWAPS    ARRAY_SIZE(((struct machine_config *)0)->swap)
#define CMDLINE_KEPT (CMDLINE_MAX - 1)
#define KERNEL_ALIGN ((u64)2 << 20)
#define KERNEL_ROOM  ((u64)64 << 20) /* more than our kernel needs */

/* ---- [machine] ---- */

static void count_cpu(void *arg, u64 n)
{
	u32 *nr = arg;

	*nr = *nr > (u32)n + 1 ? *nr : (u32)n + 1;
}

static u32 nr_cpus(const struct capture *c)
{
	struct slice text, line;
	u32 nr = 0;

	if (capture_find(c, &text, "/sys/devices/system/cpu/online"))
		slice_list(text, NR_CPUS_MAX, count_cpu, &nr);
	if (nr)
		return nr;
	capture_find(c, &text, "/proc/cpuinfo");
	while (slice_line(&text, &line))
		nr += slice_starts(line, "processor");
	return nr && nr <= NR_CPUS_MAX ? nr : 1;
}

/* The value of a line "model name\t: Intel ..." */
static struct slice cpuinfo_value(struct slice cpuinfo, const char *key)
{
	struct slice value = slice_text(cpuinfo, key), word;

	slice_word(&value, &word);
	if (slice_is(word, ":") && value.size)
		return (struct slice){ value.at + 1, value.size - 1 };
	return (struct slice){ "", 0 };
}

static bool has_flag(struct slice flags, const char *flag)
{
	struct slice word;

	while (slice_word(&flags, &word))
		if (slice_is(word, flag))
			return true;
	return false;
}

static void print_cpus(const struct capture *c, struct text *out)
{
	struct slice cpuinfo, flags, model, mhz;
	char name[64];
	u64 n;

	capture_find(c, &cpuinfo, "/proc/cpuinfo");
	flags = cpuinfo_value(cpuinfo, "flags");
	model = cpuinfo_value(cpuinfo, "model name");
	mhz = cpuinfo_value(cpuinfo, "cpu MHz");
	text_printf(out, "cpus = %u\n", nr_cpus(c));
	if (model.size)
		text_printf(out, "cpu_model = \"%s\"\n", slice_copy(model, name, sizeof(name)));
	if (slice_number(slice_cut(&mhz, '.'), 10, &n) && n && n <= 100000)
		text_printf(out, "cpu_mhz = %llu\n", (unsigned long long)n);
	text_printf(out, "cpu_1g_pages = %s\n", has_flag(flags, "pdpe1gb") ? "yes" : "no");
	text_printf(out, "cpu_la57 = %s\n", has_flag(flags, "la57") ? "yes" : "no");
}

static bool is_ram(const struct twin_zones *z, u64 start, u64 end)
{
	u32 i;

	for (i = 0; i < z->nr_ram; i++)
		if (start >= z->ram[i].start << PAGE_SHIFT && end <= z->ram[i].end << PAGE_SHIFT)
			return true;
	return false;
}

/* The kernel's image lies where the other's does, if there is room for it. */
static void print_kernel_base(const struct capture *c, const struct twin_zones *z, struct text *out)
{
	struct slice iomem, line, word;
	u64 start;

	capture_find(c, &iomem, "/proc/iomem");
	while (slice_line(&iomem, &line)) {
		if (!slice_ends(line, ": Kernel code") || !slice_word(&line, &word))
			continue;
		if (slice_number(slice_cut(&word, '-'), 16, &start) && start % KERNEL_ALIGN == 0 &&
		    start >= 8 * KERNEL_ALIGN && is_ram(z, start, start + KERNEL_ROOM))
			text_printf(out, "kernel_base = 0x%llx\n", (unsigned long long)start);
		return;
	}
}

/*
 * Its command line, without what would be done a second time: nodes that were faked are in /sys
 * already, and pools of huge pages are filled when the machine is furnished.
 */
static void print_cmdline(const struct capture *c, struct text *out)
{
	static const char *const left_out[] = { "numa=fake", "hugepages=", "hugepagesz=" };
	struct slice text, word;
	size_t start, i;

	capture_find(c, &text, "/proc/cmdline");
	text_str(out, "cmdline = \"");
	start = out->length;
	while (slice_word(&text, &word)) {
		bool keep = out->length - start + word.size + 1 < CMDLINE_KEPT;

		for (i = 0; i < ARRAY_SIZE(left_out); i++)
			keep &= !slice_starts(word, left_out[i]);
		if (keep && out->length > start)
			text_char(out, ' ');
		if (keep)
			text_mem(out, word.at, word.size);
	}
	text_str(out, "\"\n");
}

static void print_machine(const struct capture *c, const struct twin_zones *z, struct text *out)
{
	struct slice stat;

	capture_find(c, &stat, "/proc/stat");
	text_str(out, "[machine]\narch = x86-64\nname = host\nbare = yes\n");
	text_printf(out, "boot_time = %llu\n", (unsigned long long)slice_value(stat, "btime", 0));
	print_cpus(c, out);
	print_kernel_base(c, z, out);
	print_cmdline(c, out);
}

/* ---- [node N] ---- */

struct node_list {
	u32 nid[MAX_NUMNODES];
	u32 nr;
};

static void add_node(void *arg, u64 nid)
{
	struct node_list *l = arg;
	u32 i;

	for (i = 0; i < l->nr; i++)
		if (l->nid[i] == nid)
			return;
	l->nid[l->nr++] = (u32)nid;
}

/* The distances of node @nid are those to the nodes that are online, in their order. */
static void print_distances(const struct capture *c, const struct node_list *l, u32 nid,
			    struct text *out)
{
	u64 distance[MAX_NUMNODES] = { 0 };
	struct slice text, word;
	u32 i, last = 0;

	if (!capture_find(c, &text, "/sys/devices/system/node/node%u/distance", nid))
		return;
	for (i = 0; i < l->nr && slice_word(&text, &word); i++) {
		if (!slice_number(word, 10, &distance[l->nid[i]]))
			return;
		last = l->nid[i] > last ? l->nid[i] : last;
	}
	if (i < l->nr)
		return;
	text_str(out, "distance =");
	for (i = 0; i <= last; i++) {
		u64 d = distance[i] ? distance[i] : 20;

		/* machine files know no second node at distance 10: faked nodes */
		d = i == nid ? 10 : d <= 10 ? 11 : d > 255 ? 255 : d;
		text_printf(out, " %llu", (unsigned long long)d);
	}
	text_char(out, '\n');
}

static void print_node(const struct capture *c, const struct twin_zones *z,
		       const struct node_list *l, u32 nid, struct text *out)
{
	struct slice cpus, word;
	u32 i;

	text_printf(out, "\n[node %u]\n", nid);
	if (capture_find(c, &cpus, "/sys/devices/system/node/node%u/cpulist", nid) &&
	    slice_word(&cpus, &word)) {
		text_str(out, "cpus = ");
		text_mem(out, word.at, word.size);
		text_char(out, '\n');
	}
	if (l->nr > 1)
		print_distances(c, l, nid, out);
	for (i = 0; i < z->nr_ram; i++)
		if (z->ram[i].nid == nid)
			text_printf(out, "range = 0x%llx-0x%llx\n",
				    (unsigned long long)z->ram[i].start << PAGE_SHIFT,
				    ((unsigned long long)z->ram[i].end << PAGE_SHIFT) - 1);
}

static void print_nodes(const struct capture *c, const struct twin_zones *z, struct text *out)
{
	struct node_list nodes = { .nr = 0 };
	struct slice online;
	u32 i;

	if (capture_find(c, &online, "/sys/devices/system/node/online"))
		slice_list(online, MAX_NUMNODES, add_node, &nodes);
	for (i = 0; i < z->nr_zones; i++)
		add_node(&nodes, z->zone[i].nid);
	for (i = 0; i < nodes.nr; i++)
		print_node(c, z, &nodes, nodes.nid[i], out);
	for (i = 0; i < z->nr_zones; i++)
		text_printf(out, "\n[zone %u %s]\nstart = %llu\nspanned = %llu\nmanaged = %llu\n",
			    z->zone[i].nid, zone_name(z->zone[i].type),
			    (unsigned long long)z->zone[i].start,
			    (unsigned long long)z->zone[i].spanned,
			    (unsigned long long)z->zone[i].managed);
}

/* ---- [dimm NAME] [swap NAME] ---- */

static void print_offline(const struct twin_zones *z, struct text *out)
{
	u32 i;

	for (i = 0; i < z->nr_offline; i++)
		text_printf(out, "\n[dimm offline%u]\nstart = 0x%llx\nsize = 0x%llx\nnode = %u\n",
			    i, (unsigned long long)z->offline[i].start << PAGE_SHIFT,
			    (unsigned long long)(z->offline[i].end - z->offline[i].start)
				    << PAGE_SHIFT,
			    z->offline[i].nid);
}

/* "/dev/vdb partition 1048572 1036 -2": usable size, in kB, without the header's page. */
static void print_swap(struct slice line, u32 number, struct text *out)
{
	struct slice path, type, size, used, prio;
	const char *base;
	char name[24];
	u64 kb;
	s64 n;

	if (!slice_word(&line, &path) || !slice_word(&line, &type) || !slice_word(&line, &size) ||
	    !slice_number(size, 10, &kb) || kb < 4 || kb >> 40 || !slice_word(&line, &used))
		return;
	base = memrchr(path.at, '/', path.size);
	if (base)
		path = (struct slice){ base + 1, (size_t)(path.at + path.size - base - 1) };
	/* two files of one name differ by a number */
	text_printf(out, "\n[swap %s", slice_copy(path, name, sizeof(name)));
	if (!slice_is(type, "partition") && number)
		text_printf(out, "-%u", number);
	text_printf(out, "]\nsize = %lluK\ntype = %s\n", (unsigned long long)kb / 4 * 4 + 4,
		    slice_is(type, "partition") ? "partition" : "file");
	if (slice_word(&line, &prio) && slice_signed(prio, &n) && n >= 0 && n <= 32767)
		text_printf(out, "prio = %lld\n", (long long)n);
}

static void print_swaps(const struct capture *c, struct text *out)
{
	struct slice text, line;
	u32 n;

	capture_find(c, &text, "/proc/swaps");
	slice_line(&text, &line);
	for (n = 0; n < MAX_SWAPS && slice_line(&text, &line); n++)
		print_swap(line, n, out);
}

/* ---- what is not exact, and what cannot be ---- */

static void report(const struct twin_zones *z, FILE *err)
{
	if (!err)
		return;
	if (z->nr_guessed)
		fprintf(err,
			"mmanfs: twin: the holes of %u zones are guessed, their sizes are exact\n",
			z->nr_guessed);
	if (z->unmanaged)
		fprintf(err,
			"mmanfs: twin: MemTotal is %lld kB %s than the zones manage; the twin's zones "
			"manage what MemTotal says\n",
			(long long)(z->unmanaged > 0 ? z->unmanaged : -z->unmanaged)
				<< (PAGE_SHIFT - 10),
			z->unmanaged > 0 ? "more" : "less");
	if (z->nr_device)
		fprintf(err, "mmanfs: twin: %llu kB of device memory (zone Device) are left out\n",
			(unsigned long long)z->nr_device << (PAGE_SHIFT - 10));
}

static int check_architecture(const struct capture *c, FILE *err)
{
	struct slice text, machine;
	char name[32];

	if (!capture_find(c, &text, "uname"))
		return 0;
	machine = slice_text(text, "machine ");
	if (slice_is(machine, "x86_64") && slice_value(text, "page_size ", PAGE_SIZE) == PAGE_SIZE)
		return 0;
	if (err)
		fprintf(err, "mmanfs: no twin of this machine: it is %s, and only x86_64 can be\n",
			slice_copy(machine, name, sizeof(name)));
	return -EINVAL;
}

int twin_machine_file(const char *capture, size_t size, struct text *out, FILE *err)
{
	struct twin_zones zones;
	struct capture c;
	int error = capture_open(&c, capture, size, err);

	if (error)
		return error;
	error = check_architecture(&c, err);
	if (!error)
		error = twin_zones_read(&c, &zones, err);
	if (!error) {
		print_machine(&c, &zones, out);
		print_nodes(&c, &zones, out);
		print_offline(&zones, out);
		print_swaps(&c, out);
		report(&zones, err);
		error = text_error(out) ? -ENOMEM : 0;
	}
	capture_close(&c);
	return error;
}
