/*
 * machine_file.c - reads machine files: lines, sections, keys.
 *
 * A table for each kind of section says which keys it has, how each is read and where it goes. What
 * concerns several keys is checked at the end (machine_file_check.c).
 */
#include "fs/machine_file_internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 4096u
#define COST_MAX       4000000000u /* ns */

struct key {
	const char *name;
	int (*parse)(struct machine_file *p, const struct key *k, const char *value);
	size_t offset; /* in the struct the section fills, for the general parsers */
	u64 min, max;
};

struct section {
	const char *name;
	const struct key *keys;
	u32 nr_keys;
	/* a new section of this kind: @arg is what stands behind its name */
	int (*open)(struct machine_file *p, const char *arg);
	void *(*target)(struct machine_file *p);
};

int machine_file_fail(struct machine_file *p, const char *format, ...)
{
	/* an empty file has a first line all the same */
	size_t at = (size_t)snprintf(p->why, p->why_size, "%s:%u: ", p->name, p->line + !p->line);
	va_list args;

	if (at < p->why_size) {
		va_start(args, format);
		vsnprintf(p->why + at, p->why_size - at, format, args);
		va_end(args);
	}
	return -EINVAL;
}

/* ---- values ---- */

/* Cuts blanks off both ends; a value in double quotes keeps those inside. */
static char *strip(char *s)
{
	size_t n;

	while (isspace((unsigned char)*s))
		s++;
	n = strlen(s);
	while (n && isspace((unsigned char)s[n - 1]))
		s[--n] = '\0';
	if (n >= 2 && s[0] == '"' && s[n - 1] == '"') {
		s[n - 1] = '\0';
		s++;
	}
	return s;
}

/* A number in base 0 with an optional suffix K, M, G, T and nothing behind it. */
static bool read_size(const char *s, u64 *out)
{
	static const char suffixes[] = "kmgtpe";
	const char *suffix;
	char *end;
	u64 n;

	if (!isdigit((unsigned char)*s))
		return false;
	errno = 0;
	n = strtoull(s, &end, 0);
	if (errno || end == s)
		return false;
	suffix = *end ? strchr(suffixes, tolower((unsigned char)*end)) : NULL;
	if (suffix) {
		unsigned int shift = 10u * (unsigned int)(suffix - suffixes + 1);

		if (n >> (64 - shift))
			return false;
		n <<= shift;
		end++;
	}
	*out = n;
	return *end == '\0';
}

static void *field(struct machine_file *p, const struct key *k)
{
	return (char *)p->section->target(p) + k->offset;
}

static int read_number(struct machine_file *p, const struct key *k, const char *value, u64 *out)
{
	if (!read_size(value, out))
		return machine_file_fail(p, "%s: '%s' is no number", k->name, value);
	if (*out < k->min || (k->max && *out > k->max))
		return machine_file_fail(p, "%s: %s is not within %llu to %llu", k->name, value,
					 (unsigned long long)k->min, (unsigned long long)k->max);
	return 0;
}

static int parse_u32(struct machine_file *p, const struct key *k, const char *value)
{
	u64 n = 0;
	int error = read_number(p, k, value, &n);

	if (!error && n > UINT32_MAX)
		error = machine_file_fail(p, "%s: %s is too large", k->name, value);
	if (!error)
		*(u32 *)field(p, k) = (u32)n;
	return error;
}

static int parse_u64(struct machine_file *p, const struct key *k, const char *value)
{
	return read_number(p, k, value, (u64 *)field(p, k));
}

/* Bytes that must be whole pages. */
static int parse_pages(struct machine_file *p, const struct key *k, const char *value)
{
	u64 n = 0;
	int error = read_number(p, k, value, &n);

	if (!error && n % PAGE_SIZE)
		error = machine_file_fail(p, "%s: %s is no multiple of 4K", k->name, value);
	if (!error)
		*(u64 *)field(p, k) = n;
	return error;
}

static int parse_bool(struct machine_file *p, const struct key *k, const char *value)
{
	static const char *const words[] = { "no", "yes", "off", "on", "false", "true", "0", "1" };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(value, words[i]))
			continue;
		*(bool *)field(p, k) = i % 2;
		return 0;
	}
	return machine_file_fail(p, "%s: '%s' is neither yes nor no", k->name, value);
}

/* Text of at most max - 1 bytes. */
static int parse_text(struct machine_file *p, const struct key *k, const char *value)
{
	if (strlen(value) >= k->max)
		return machine_file_fail(p, "%s: longer than %llu characters", k->name,
					 (unsigned long long)k->max - 1);
	strcpy(field(p, k), value);
	return 0;
}

/* "0-3,8": a list of CPU numbers into a bitmap. */
static int parse_cpu_list(struct machine_file *p, const struct key *k, const char *value)
{
	u64 *mask = field(p, k);
	const char *s = value;

	memset(mask, 0, NR_CPUS_MAX / 8);
	while (*s) {
		char *end;
		unsigned long first, last;

		if (!isdigit((unsigned char)*s))
			return machine_file_fail(p, "%s: '%s' is no list of CPUs, as in 0-3,8",
						 k->name, value);
		first = last = strtoul(s, &end, 10);
		if (*end == '-' && isdigit((unsigned char)end[1]))
			last = strtoul(end + 1, &end, 10);
		if (first > last || last >= NR_CPUS_MAX || (*end && *end != ','))
			return machine_file_fail(p, "%s: '%s' is no list of CPUs below %d", k->name,
						 value, NR_CPUS_MAX);
		for (; first <= last; first++)
			mask[first / 64] |= (u64)1 << (first % 64);
		s = *end ? end + 1 : end;
	}
	return 0;
}

/* ---- [machine] ---- */

static int parse_arch(struct machine_file *p, const struct key *k, const char *value)
{
	(void)k;
	if (!strcmp(value, "x86-64"))
		p->c->arch = ARCH_X86_64;
	else if (!strcmp(value, "i386"))
		p->c->arch = ARCH_I386;
	else
		return machine_file_fail(p, "arch: '%s' is neither x86-64 nor i386", value);
	return 0;
}

static int parse_cpus(struct machine_file *p, const struct key *k, const char *value)
{
	p->cpus_line = p->line;
	return parse_u32(p, k, value);
}

static int parse_memory(struct machine_file *p, const struct key *k, const char *value)
{
	p->memory_line = p->line;
	return parse_pages(p, k, value);
}

static void *config_target(struct machine_file *p)
{
	return p->c;
}

#define CONFIG(field) offsetof(struct machine_config, field)

static const struct key machine_keys[] = {
	{ "arch", parse_arch, 0, 0, 0 },
	{ "name", parse_text, CONFIG(name), 0, sizeof(((struct machine_config *)0)->name) },
	{ "cpus", parse_cpus, CONFIG(nr_cpus), 1, NR_CPUS_MAX },
	{ "memory", parse_memory, CONFIG(ram), 1, (u64)16 << 40 },
	{ "max_memory", parse_pages, CONFIG(max_memory), 0, (u64)16 << 40 },
	{ "dimm_slots", parse_u32, CONFIG(dimm_slots), 0, 256 },
	{ "cpu_model", parse_text, CONFIG(cpu_model), 0,
	  sizeof(((struct machine_config *)0)->cpu_model) },
	{ "cpu_mhz", parse_u32, CONFIG(cpu_mhz), 1, 100000 },
	{ "cpu_1g_pages", parse_bool, CONFIG(cpu_1g_pages), 0, 0 },
	{ "cpu_la57", parse_bool, CONFIG(cpu_la57), 0, 0 },
	{ "pae", parse_bool, CONFIG(pae), 0, 0 },
	{ "levels", parse_u32, CONFIG(levels), 1, 5 },
	{ "kernel_base", parse_u64, CONFIG(kernel_base), 0, (u64)16 << 40 },
	{ "initrd", parse_u64, CONFIG(initrd_size), 0, (u64)1 << 40 },
	{ "cmdline", parse_text, CONFIG(cmdline), 0, CMDLINE_MAX },
	{ "seed", parse_u64, CONFIG(seed), 0, 0 },
	{ "boot_time", parse_u64, CONFIG(boot_time), 0, BOOT_TIME_MAX },
	{ "bare", parse_bool, CONFIG(bare), 0, 0 },
};

/* ---- [node N] ---- */

static int open_node(struct machine_file *p, const char *arg)
{
	u64 nid;

	if (!read_size(arg, &nid) || nid >= MAX_NUMNODES)
		return machine_file_fail(p, "[node %s]: nodes are numbered 0 to %d", arg,
					 MAX_NUMNODES - 1);
	if (p->node_seen[nid])
		return machine_file_fail(p,
					 "[node %s] is there a second time; line %u has the first",
					 arg, p->node_line[nid]);
	if (!p->has_nodes) {
		p->has_nodes = true;
		p->c->node[0].present = false;
		p->c->nr_nodes = 0;
	}
	p->node_seen[nid] = true;
	p->node_line[nid] = p->line;
	p->c->node[nid].present = true;
	if (nid >= p->c->nr_nodes)
		p->c->nr_nodes = (u32)nid + 1;
	p->index = (u32)nid;
	return 0;
}

static void *node_target(struct machine_file *p)
{
	return &p->c->node[p->index];
}

static int add_range(struct machine_file *p, u64 start, u64 size, bool hotplug)
{
	struct machine_config *c = p->c;

	if (c->nr_ranges == MAX_MEMORY_RANGES)
		return machine_file_fail(p, "more than %d ranges and DIMMs", MAX_MEMORY_RANGES);
	p->range_line[c->nr_ranges] = p->line;
	c->range[c->nr_ranges++] = (struct memory_range){
		.start = start, .size = size, .nid = (u16)p->index, .hotplug = hotplug
	};
	return 0;
}

/* START-END (END is the last byte, as /proc/iomem has it) or START+SIZE. */
static int parse_range(struct machine_file *p, const struct key *k, const char *value)
{
	size_t length = strcspn(value, "-+");
	char text[LINE_MAX_BYTES];
	u64 start, end;

	(void)k;
	strcpy(text, value);
	text[length] = '\0';
	if (!value[length] || !read_size(strip(text), &start) ||
	    !read_size(value + length + 1 + strspn(value + length + 1, " \t"), &end))
		return machine_file_fail(p, "range: '%s' is neither START-END nor START+SIZE",
					 value);
	end = value[length] == '+' ? start + end : end + 1;
	if (end <= start || end > (u64)16 << 40)
		return machine_file_fail(p, "range: it ends before it starts, or above 16 TiB");
	if (start % PAGE_SIZE || end % PAGE_SIZE)
		return machine_file_fail(p, "range: it must start and end at multiples of 4K");
	return add_range(p, start, end - start, false);
}

static int parse_distances(struct machine_file *p, const struct key *k, const char *value)
{
	struct node_config *n = node_target(p);
	u32 i;

	(void)k;
	for (i = 0; *value; i++) {
		char *end;
		unsigned long d = strtoul(value, &end, 10);

		if (end == value || d < 10 || d > 255)
			return machine_file_fail(
				p, "distance: '%s' is no list of numbers from 10 to 255", value);
		if (i >= MAX_NUMNODES)
			return machine_file_fail(p, "distance: more than %d", MAX_NUMNODES);
		if ((i == p->index) != (d == 10))
			return machine_file_fail(
				p, "distance: 10 is the distance of a node to itself and no other");
		n->distance[i] = (u8)d;
		value = end + strspn(end, " \t,");
	}
	return 0;
}

#define NODE(field) offsetof(struct node_config, field)

static const struct key node_keys[] = {
	{ "memory", parse_pages, NODE(size), 0, (u64)16 << 40 },
	{ "range", parse_range, 0, 0, 0 },
	{ "cpus", parse_cpu_list, NODE(cpumask), 0, 0 },
	{ "distance", parse_distances, 0, 0, 0 },
};

/* ---- [dimm NAME] ---- */

static int open_dimm(struct machine_file *p, const char *arg)
{
	u32 i;

	if (!*arg || strlen(arg) >= sizeof(p->dimm_name[0]))
		return machine_file_fail(p, "[dimm NAME]: a name of 1 to %zu characters",
					 sizeof(p->dimm_name[0]) - 1);
	for (i = 0; i < p->nr_dimms; i++)
		if (!strcmp(p->dimm_name[i], arg))
			return machine_file_fail(p, "[dimm %s] is there a second time", arg);
	p->index = 0;
	if (add_range(p, 0, 0, true))
		return -EINVAL;
	strcpy(p->dimm_name[p->nr_dimms++], arg);
	p->index = p->c->nr_ranges - 1;
	snprintf(p->c->range[p->index].name, sizeof(p->c->range[0].name), "%s", arg);
	return 0;
}

static void *dimm_target(struct machine_file *p)
{
	return &p->c->range[p->index];
}

static int parse_dimm_bytes(struct machine_file *p, const struct key *k, const char *value)
{
	u64 n = 0;
	int error = read_number(p, k, value, &n);

	if (!error && n % ((u64)1 << SECTION_SHIFT))
		error = machine_file_fail(p, "%s: %s is no multiple of 128M", k->name, value);
	if (!error)
		*(u64 *)field(p, k) = n;
	return error;
}

static int parse_dimm_node(struct machine_file *p, const struct key *k, const char *value)
{
	struct memory_range *r = dimm_target(p);
	u64 n = 0;
	int error = read_number(p, k, value, &n);

	if (!error)
		r->nid = (u16)n;
	return error;
}

#define RANGE(field) offsetof(struct memory_range, field)

static const struct key dimm_keys[] = {
	{ "size", parse_dimm_bytes, RANGE(size), 1, (u64)16 << 40 },
	{ "node", parse_dimm_node, 0, 0, MAX_NUMNODES - 1 },
	{ "start", parse_dimm_bytes, RANGE(start), 0, (u64)16 << 40 },
};

/* ---- [swap NAME] ---- */

static void *swap_target(struct machine_file *p)
{
	return &p->c->swap[p->index];
}

static int open_swap(struct machine_file *p, const char *arg)
{
	struct machine_config *c = p->c;
	u32 i;

	if (!*arg || strlen(arg) >= sizeof(c->swap[0].name) || strchr(arg, '/'))
		return machine_file_fail(p,
					 "[swap NAME]: a name of 1 to %zu characters without '/'",
					 sizeof(c->swap[0].name) - 1);
	for (i = 0; i < c->nr_swap; i++)
		if (!strcmp(c->swap[i].name, arg))
			return machine_file_fail(p, "[swap %s] is there a second time", arg);
	if (c->nr_swap == ARRAY_SIZE(c->swap))
		return machine_file_fail(p, "more than %zu swap areas", ARRAY_SIZE(c->swap));
	p->index = c->nr_swap++;
	p->swap_line[p->index] = p->line;
	strcpy(c->swap[p->index].name, arg);
	c->swap[p->index].prio = -1;
	return 0;
}

static int parse_prio(struct machine_file *p, const struct key *k, const char *value)
{
	u64 n;

	if (!read_size(value, &n) || n > 32767)
		return machine_file_fail(p, "prio: '%s' is no number from 0 to 32767", value);
	*(s32 *)field(p, k) = (s32)n;
	return 0;
}

static int parse_swap_type(struct machine_file *p, const struct key *k, const char *value)
{
	if (strcmp(value, "partition") && strcmp(value, "file"))
		return machine_file_fail(p, "type: '%s' is neither partition nor file", value);
	*(bool *)field(p, k) = value[0] == 'f';
	return 0;
}

#define SWAP(field) offsetof(struct swap_config, field)

static const struct key swap_keys[] = {
	{ "size", parse_pages, SWAP(size), 2 * PAGE_SIZE, (u64)16 << 40 },
	{ "prio", parse_prio, SWAP(prio), 0, 0 },
	{ "type", parse_swap_type, SWAP(file), 0, 0 },
};

/* ---- [disk] [tlb] [cost] ---- */

static int open_single(struct machine_file *p, const char *arg)
{
	return *arg ? machine_file_fail(p, "[%s] takes no name", p->section->name) : 0;
}

/* How fast the disk is: the same numbers as disk_* of [cost], of which the last line counts. */
static int parse_seek_us(struct machine_file *p, const struct key *k, const char *value)
{
	u64 n = 0;
	int error = read_number(p, k, value, &n);

	if (!error)
		p->c->cost.disk_seek = (u32)(n * NSEC_PER_USEC);
	return error;
}

static int parse_bandwidth(struct machine_file *p, const struct key *k, const char *value)
{
	u64 n = 0;
	int error = read_number(p, k, value, &n);

	if (!error && n)
		p->c->cost.disk_page_read = p->c->cost.disk_page_write =
			(u32)(PAGE_SIZE * NSEC_PER_SEC / (n << 20));
	return error;
}

static const struct key disk_keys[] = {
	{ "size", parse_pages, CONFIG(disk.size), 1, (u64)1 << 50 },
	{ "seek_us", parse_seek_us, 0, 0, 4000000 },
	{ "bandwidth_mib", parse_bandwidth, 0, 1, 1000000 },
	{ "seek_ns", parse_u32, CONFIG(cost.disk_seek), 0, COST_MAX },
	{ "read_ns", parse_u32, CONFIG(cost.disk_page_read), 0, COST_MAX },
	{ "write_ns", parse_u32, CONFIG(cost.disk_page_write), 0, COST_MAX },
	{ "flush_ns", parse_u32, CONFIG(cost.disk_flush), 0, COST_MAX },
	{ "queue_depth", parse_u32, CONFIG(disk.queue_depth), 1, 65536 },
};

static void *tlb_target(struct machine_file *p)
{
	p->tlb_line = p->line;
	return &p->c->tlb;
}

#define TLB(field, least, most)                                                    \
	{                                                                          \
#field, parse_u32, offsetof(struct tlb_config, field), least, most \
	}

static const struct key tlb_keys[] = {
	TLB(l1d_4k, 0, 65536),
	TLB(l1d_2m, 0, 65536),
	TLB(l1d_1g, 0, 65536),
	TLB(l2_4k, 0, 65536),
	TLB(l2_1g, 0, 65536),
	TLB(l1d_4k_ways, 1, TLB_WAYS_MAX),
	TLB(l1d_2m_ways, 1, TLB_WAYS_MAX),
	TLB(l1d_1g_ways, 1, TLB_WAYS_MAX),
	TLB(l2_4k_ways, 1, TLB_WAYS_MAX),
	TLB(l2_1g_ways, 1, TLB_WAYS_MAX),
	TLB(pwc_pmd, 0, 1024),
	TLB(pwc_pud, 0, 1024),
	TLB(pwc_pgd, 0, 1024),
	TLB(pcids, 1, TLB_PCIDS_MAX),
};

static void *cost_target(struct machine_file *p)
{
	return &p->c->cost;
}

#define COST(field)                                                                \
	{                                                                          \
#field, parse_u32, offsetof(struct cost_table, field), 0, COST_MAX \
	}

static const struct key cost_keys[] = {
	COST(syscall),
	COST(minor_fault),
	COST(zero_page),
	COST(copy_page),
	COST(tlb_miss),
	COST(memory_access),
	COST(memory_access_remote),
	COST(pte_unmap),
	COST(page_alloc_slow),
	COST(page_free),
	COST(context_switch),
	COST(fork_page),
	COST(exec),
	COST(scan_page),
	COST(reclaim_page),
	COST(disk_seek),
	COST(disk_page_read),
	COST(disk_page_write),
	COST(disk_flush),
	COST(migrate_page),
	COST(compact_page),
};

/* ---- [zone NID NAME]: what a zone of a copied machine manages ---- */

static int open_zone(struct machine_file *p, const char *arg)
{
	struct machine_config *c = p->c;
	char *end;
	unsigned long nid = strtoul(arg, &end, 10);
	enum zone_type type;

	if (end == arg || nid >= MAX_NUMNODES || !isspace((unsigned char)*end))
		return machine_file_fail(p, "[zone %s]: a node's number and the name of a zone",
					 arg);
	while (isspace((unsigned char)*end))
		end++;
	for (type = ZONE_DMA; type < ZONE_DEVICE; type++)
		if (!strcmp(zone_name(type), end))
			break;
	if (type == ZONE_DEVICE)
		return machine_file_fail(p, "[zone %s]: there is no zone '%s'", arg, end);
	if (c->nr_zones == MAX_ZONE_CONFIGS)
		return machine_file_fail(p, "more than %d zones", MAX_ZONE_CONFIGS);
	p->index = c->nr_zones++;
	c->zone[p->index] = (struct zone_config){ .nid = (u16)nid, .type = (u16)type };
	return 0;
}

static void *zone_target(struct machine_file *p)
{
	return &p->c->zone[p->index];
}

static const struct key zone_keys[] = {
	{ "managed", parse_u64, offsetof(struct zone_config, managed_pages), 0, UINT32_MAX },
	{ "start", parse_u64, offsetof(struct zone_config, start_pfn), 0, UINT32_MAX },
	{ "spanned", parse_u64, offsetof(struct zone_config, spanned_pages), 1, UINT32_MAX },
};

#define KEYS(array) array, ARRAY_SIZE(array)

static const struct section sections[] = {
	{ "machine", KEYS(machine_keys), open_single, config_target },
	{ "node", KEYS(node_keys), open_node, node_target },
	{ "dimm", KEYS(dimm_keys), open_dimm, dimm_target },
	{ "swap", KEYS(swap_keys), open_swap, swap_target },
	{ "disk", KEYS(disk_keys), open_single, config_target },
	{ "tlb", KEYS(tlb_keys), open_single, tlb_target },
	{ "cost", KEYS(cost_keys), open_single, cost_target },
	{ "zone", KEYS(zone_keys), open_zone, zone_target },
};

/* ---- lines ---- */

static int parse_section(struct machine_file *p, char *line)
{
	char *end = strchr(line, ']'), *arg;
	u32 i;

	if (!end || *strip(end + 1))
		return machine_file_fail(p, "a section's line ends with ']'");
	*end = '\0';
	line = strip(line + 1);
	arg = line + strcspn(line, " \t");
	if (*arg)
		*arg++ = '\0';
	arg = strip(arg);
	for (i = 0; i < ARRAY_SIZE(sections); i++) {
		if (strcmp(sections[i].name, line))
			continue;
		p->section = &sections[i];
		return sections[i].open(p, arg);
	}
	return machine_file_fail(p, "there is no section [%s]", line);
}

static int parse_key(struct machine_file *p, char *line)
{
	char *value = strchr(line, '=');
	const char *name;
	u32 i;

	if (!value)
		return machine_file_fail(p, "neither [section] nor key = value");
	*value++ = '\0';
	name = strip(line);
	value = strip(value);
	if (!p->section)
		return machine_file_fail(p, "'%s' stands before the first section", name);
	for (i = 0; i < p->section->nr_keys; i++)
		if (!strcmp(p->section->keys[i].name, name))
			return p->section->keys[i].parse(p, &p->section->keys[i], value);
	return machine_file_fail(p, "[%s] has no key '%s'", p->section->name, name);
}

static int parse_line(struct machine_file *p, const char *text, size_t length)
{
	char line[LINE_MAX_BYTES], *s;

	if (length >= sizeof(line))
		return machine_file_fail(p, "longer than %u characters", LINE_MAX_BYTES - 1);
	if (memchr(text, '\0', length))
		return machine_file_fail(p, "a NUL byte");
	memcpy(line, text, length);
	line[length] = '\0';
	for (s = line; isspace((unsigned char)*s);)
		s++;
	if (!*s || *s == '#' || *s == ';')
		return 0;
	return *s == '[' ? parse_section(p, s) : parse_key(p, s);
}

int machine_file_parse(struct machine_config *c, const char *text, const char *name, char *why,
		       size_t why_size)
{
	struct machine_file *p = calloc(1, sizeof(*p));
	int error = 0;

	if (!p) {
		snprintf(why, why_size, "%s: out of memory", name);
		return -ENOMEM;
	}
	machine_config_init(c);
	snprintf(c->name, sizeof(c->name), "%s", name);
	*p = (struct machine_file){ .c = c, .name = name, .why = why, .why_size = why_size };
	while (!error && *text) {
		size_t length = strcspn(text, "\n");

		p->line++;
		error = parse_line(p, text, length);
		text += length + (text[length] == '\n');
	}
	p->last_line = p->line;
	if (!error)
		error = machine_file_check(p);
	free(p);
	return error;
}
