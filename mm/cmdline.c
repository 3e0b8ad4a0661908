/*
 * cmdline.c - kernel parameters.
 *
 * A parameter is NAME or NAME=VALUE; blanks separate them outside double quotes; '-' and '_' are
 * one letter in a name; "--" hands the rest to init. As in the kernel, a value that makes no sense
 * keeps the default, and a name that nobody knows is passed on to init with a line in the log.
 * Source: Documentation/admin-guide/kernel-parameters.{rst,txt}.
 */
#include <mman/machine.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PARAM_MAX 256

struct param {
	char name[PARAM_MAX];
	char value[PARAM_MAX];
	bool has_value;
};

u64 memparse(const char *text, const char **end)
{
	static const char suffixes[] = "kmgtpe";
	char *stop;
	u64 n = strtoull(text, &stop, 0);
	const char *s = *stop ? strchr(suffixes, tolower((unsigned char)*stop)) : NULL;

	if (s && stop != text) {
		n <<= 10u * (unsigned int)(s - suffixes + 1);
		stop++;
	}
	if (end)
		*end = stop;
	return n;
}

/* One parameter from *@at, which moves behind it; false at the end. */
static bool next_param(const char **at, struct param *p)
{
	const char *s = *at;
	bool quoted = false;
	char *out, *limit;

	memset(p, 0, sizeof(*p));
	out = p->name;
	limit = p->name + PARAM_MAX - 1;
	while (isspace((unsigned char)*s))
		s++;
	if (!*s)
		return false;
	for (; *s && (quoted || !isspace((unsigned char)*s)); s++) {
		if (*s == '"') {
			quoted = !quoted;
		} else if (*s == '=' && !p->has_value) {
			p->has_value = true;
			out = p->value;
			limit = p->value + PARAM_MAX - 1;
		} else if (out < limit) {
			*out++ = *s;
		}
	}
	*at = s;
	return true;
}

static bool same_name(const char *a, const char *b)
{
	for (; *a && *b; a++, b++) {
		char x = *a == '-' ? '_' : *a;
		char y = *b == '-' ? '_' : *b;

		if (x != y)
			return false;
	}
	return *a == *b;
}

/* 1, 0, or -1 for what is neither: y/yes/1/on and n/no/0/off by their first letters. */
static int parse_bool(const char *s)
{
	if (strchr("yYtT1", s[0]) && s[0])
		return 1;
	if (strchr("nNfF0", s[0]) && s[0])
		return 0;
	if (!strncasecmp(s, "on", 2))
		return 1;
	if (!strncasecmp(s, "of", 2))
		return 0;
	return -1;
}

static void set_bool(const char *value, bool *field)
{
	int b = parse_bool(value);

	if (b >= 0)
		*field = b;
}

static void param_mem(struct boot_params *p, const char *value)
{
	u64 n = memparse(value, NULL);

	if (n)
		p->mem = n;
}

static void parse_core(const char *value, u64 *bytes, u8 *percent)
{
	const char *end;
	u64 n = memparse(value, &end);

	if (*end == '%') {
		*percent = (u8)(n > 100 ? 100 : n);
		*bytes = 0;
	} else {
		*percent = 0;
		*bytes = n;
	}
}

static void param_kernelcore(struct boot_params *p, const char *value)
{
	parse_core(value, &p->kernelcore, &p->kernelcore_percent);
}

static void param_movablecore(struct boot_params *p, const char *value)
{
	parse_core(value, &p->movablecore, &p->movablecore_percent);
}

static void param_movable_node(struct boot_params *p, const char *value)
{
	(void)value;
	p->movable_node = true;
}

static void param_numa(struct boot_params *p, const char *value)
{
	if (!strncmp(value, "off", 3))
		p->numa_off = true;
	else if (!strncmp(value, "fake=", 5))
		p->numa_fake = (u32)strtoul(value + 5, NULL, 0);
}

static void param_thp(struct boot_params *p, const char *value)
{
	static const char *const words[] = { "always", "madvise", "never" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(value, words[i]))
			p->thp = (s8)i;
}

static void param_memhp(struct boot_params *p, const char *value)
{
	static const char *const words[] = { "offline", "online", "online_kernel",
					     "online_movable" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(value, words[i]))
			p->memhp = (u8)i;
}

/* What a module parameter takes for true. */
static bool param_true(const char *value)
{
	return *value == 'y' || *value == 'Y' || *value == '1' || !strcmp(value, "on") || !*value;
}

static void param_memmap_on_memory(struct boot_params *p, const char *value)
{
	p->memmap_on_memory = param_true(value);
}

static void param_online_policy(struct boot_params *p, const char *value)
{
	if (!strcmp(value, "auto-movable") || !strcmp(value, "contig-zones"))
		p->auto_movable = *value == 'a';
}

static void param_auto_movable_ratio(struct boot_params *p, const char *value)
{
	char *end;
	u64 ratio = strtoull(value, &end, 0);

	if (*value && !*end && ratio <= UINT32_MAX)
		p->auto_movable_ratio = (s64)ratio;
}

static void param_auto_movable_numa_aware(struct boot_params *p, const char *value)
{
	p->numa_unaware = !param_true(value);
}

static void param_numa_balancing(struct boot_params *p, const char *value)
{
	if (!strcmp(value, "enable"))
		p->numa_balancing = 1;
	else if (!strcmp(value, "disable"))
		p->numa_balancing = 0;
}

static void param_psi(struct boot_params *p, const char *value)
{
	int on = parse_bool(value);

	if (on >= 0)
		p->psi_off = !on;
}

static void param_swapaccount(struct boot_params *p, const char *value)
{
	int on = parse_bool(value);

	if (on >= 0)
		p->swapaccount = (s8)on;
}

static void param_panic(struct boot_params *p, const char *value)
{
	p->panic = (s32)strtol(value, NULL, 0);
}

/* Pages. The kernel takes nothing but digits here. */
static void param_stack_guard_gap(struct boot_params *p, const char *value)
{
	char *end;
	u64 pages = strtoull(value, &end, 10);

	if (!*end)
		p->stack_guard_gap = pages < 1ull << 30 ? pages : 1ull << 30;
}

static void param_cgroup_disable(struct boot_params *p, const char *value)
{
	static const char *const names[] = { "cpuset",	   "cpu",      "cpuacct", "io",
					     "memory",	   "devices",  "freezer", "net_cls",
					     "perf_event", "net_prio", "hugetlb", "pids",
					     "rdma",	   "misc" };
	size_t i;

	while (*value) {
		size_t length = strcspn(value, ",");

		for (i = 0; i < ARRAY_SIZE(names); i++)
			if (strlen(names[i]) == length && !strncmp(value, names[i], length))
				p->cgroup_disabled |= 1u << i;
		value += length + (value[length] == ',');
	}
}

static void param_page_poison(struct boot_params *p, const char *value)
{
	set_bool(value, &p->page_poison);
}

static void param_init_on_free(struct boot_params *p, const char *value)
{
	set_bool(value, &p->init_on_free);
}

static void param_init_on_alloc(struct boot_params *p, const char *value)
{
	int on = parse_bool(value);

	if (on >= 0)
		p->no_init_on_alloc = !on;
}

static void param_log_buf_len(struct boot_params *p, const char *value)
{
	u64 n = memparse(value, NULL), size = 1;

	while (n && size < n && size < (u64)1 << 31)
		size <<= 1;
	if (n)
		p->log_buf_len = size;
}

/* hugepagesz= names the size that the hugepages= after it are of; default_hugepagesz= also makes it
 * the size that a bare hugepages= and the meminfo lines mean. */
static bool valid_hugepage_size(u64 size)
{
	return size == (u64)2 << 20 || size == (u64)1 << 30;
}

static void param_default_hugepagesz(struct boot_params *p, const char *value)
{
	u64 size = memparse(value, NULL);
	u32 i;

	if (!valid_hugepage_size(size))
		return;
	p->default_hugepage_size = size;
	for (i = 0; i < p->nr_hugepages; i++)
		if (!p->hugepages[i].page_size)
			p->hugepages[i].page_size = size;
}

static void add_hugepages(struct boot_params *p, u64 size, u64 nr, s32 nid)
{
	u32 i;

	for (i = 0; i < p->nr_hugepages; i++)
		if (p->hugepages[i].page_size == size && p->hugepages[i].nid == nid)
			break;
	if (i == MAX_HUGEPAGE_PARAMS)
		return;
	p->hugepages[i] = (struct hugepage_param){ .page_size = size, .nr = nr, .nid = nid };
	if (i == p->nr_hugepages)
		p->nr_hugepages++;
}

/* "16", or per node "0:4,1:8". @size 0: the default size. */
static void parse_hugepages(struct boot_params *p, u64 size, const char *value)
{
	char *end;
	u64 n = strtoull(value, &end, 0);

	if (*end != ':') {
		if (end != value)
			add_hugepages(p, size, n, NUMA_NO_NODE);
		return;
	}
	for (;;) {
		u64 nr = strtoull(end + 1, &end, 0);

		if (n < MAX_NUMNODES)
			add_hugepages(p, size, nr, (s32)n);
		if (*end != ',')
			return;
		n = strtoull(end + 1, &end, 0);
		if (*end != ':')
			return;
	}
}

static const struct {
	const char *name;
	void (*parse)(struct boot_params *p, const char *value);
} handlers[] = {
	{ "mem", param_mem },
	{ "kernelcore", param_kernelcore },
	{ "movablecore", param_movablecore },
	{ "movable_node", param_movable_node },
	{ "numa", param_numa },
	{ "transparent_hugepage", param_thp },
	{ "memhp_default_state", param_memhp },
	{ "memory_hotplug.memmap_on_memory", param_memmap_on_memory },
	{ "memory_hotplug.online_policy", param_online_policy },
	{ "memory_hotplug.auto_movable_ratio", param_auto_movable_ratio },
	{ "memory_hotplug.auto_movable_numa_aware", param_auto_movable_numa_aware },
	{ "numa_balancing", param_numa_balancing },
	{ "psi", param_psi },
	{ "swapaccount", param_swapaccount },
	{ "stack_guard_gap", param_stack_guard_gap },
	{ "cgroup_disable", param_cgroup_disable },
	{ "page_poison", param_page_poison },
	{ "panic", param_panic },
	{ "init_on_free", param_init_on_free },
	{ "init_on_alloc", param_init_on_alloc },
	{ "log_buf_len", param_log_buf_len },
	{ "default_hugepagesz", param_default_hugepagesz },
};

/* The kernel has these, and they mean nothing here; anything else it would hand to init. */
static const char *const ignored[] = {
	"acpi",
	"apparmor",
	"audit",
	"console",
	"crashkernel",
	"debug",
	"earlycon",
	"earlyprintk",
	"init",
	"initrd",
	"intel_iommu",
	"iommu",
	"iomem",
	"ignore_loglevel",
	"isolcpus",
	"kfence.sample_interval",
	"loglevel",
	"lsm",
	"maxcpus",
	"memblock",
	"mitigations",
	"net.ifnames",
	"nmi_watchdog",
	"nohz",
	"nohz_full",
	"nomodeset",
	"noresume",
	"nosmp",
	"nosmt",
	"nr_cpus",
	"numa_zonelist_order",
	"pci",
	"percpu_alloc",
	"preempt",
	"printk.devkmsg",
	"quiet",
	"rcupdate.rcu_expedited",
	"resume",
	"ro",
	"root",
	"rootdelay",
	"rootflags",
	"rootfstype",
	"rootwait",
	"rw",
	"security",
	"selinux",
	"slab_nomerge",
	"slub_debug",
	"swiotlb",
	"sysrq_always_enabled",
	"thash_entries",
	"tsc",
	"vga",
	"video",
	"vmalloc",
	"watchdog",
};

static bool is_known(const char *name)
{
	size_t i;

	if (strchr(name, '.'))
		return true; /* a module's parameter */
	for (i = 0; i < ARRAY_SIZE(ignored); i++)
		if (same_name(ignored[i], name))
			return true;
	return false;
}

/* As the kernel lists them: init's arguments first, then its environment. */
static void note_unknown(struct boot_params *p, const struct param *param)
{
	size_t used = strlen(p->unknown), at = param->has_value ? used : p->unknown_arguments;
	char word[2 * PARAM_MAX + 2];
	size_t need;

	p->nr_unknown++;
	need = (size_t)snprintf(word, sizeof(word), "%s%s%s ", param->name,
				param->has_value ? "=" : "", param->value);
	if (used + need >= sizeof(p->unknown))
		return;
	memmove(p->unknown + at + need, p->unknown + at, used - at + 1);
	memcpy(p->unknown + at, word, need);
	if (!param->has_value)
		p->unknown_arguments += (u32)need;
}

static bool handle_param(struct boot_params *p, const struct param *param)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(handlers); i++) {
		if (!same_name(handlers[i].name, param->name))
			continue;
		handlers[i].parse(p, param->value);
		return true;
	}
	return false;
}

void parse_cmdline(struct boot_params *p, const char *text)
{
	u64 hugepage_size = 0; /* of the last hugepagesz=; 0: the default size */
	bool size_refused = false;
	struct param param;
	u32 i;

	memset(p, 0, sizeof(*p));
	p->thp = p->numa_balancing = p->swapaccount = -1;
	p->stack_guard_gap = UINT64_MAX;
	p->auto_movable_ratio = -1;
	while (next_param(&text, &param)) {
		if (!strcmp(param.name, "--") && !param.has_value)
			break;
		if (same_name(param.name, "hugepagesz")) {
			hugepage_size = memparse(param.value, NULL);
			size_refused = !valid_hugepage_size(hugepage_size);
		} else if (same_name(param.name, "hugepages")) {
			if (!size_refused)
				parse_hugepages(p, hugepage_size, param.value);
		} else if (same_name(param.name, "nokaslr")) {
			p->nokaslr =
				true; /* obeyed before the kernel proper, which does not know it */
			note_unknown(p, &param);
		} else if (!handle_param(p, &param) && !is_known(param.name)) {
			note_unknown(p, &param);
		}
	}
	if (p->unknown[0])
		p->unknown[strlen(p->unknown) - 1] = '\0'; /* the last blank */
	if (!p->default_hugepage_size)
		p->default_hugepage_size = (u64)2 << 20;
	for (i = 0; i < p->nr_hugepages; i++)
		if (!p->hugepages[i].page_size)
			p->hugepages[i].page_size = p->default_hugepage_size;
}
