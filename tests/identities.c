#include "tests/identities.h"

#include "tests/fixture.h"
#include "tests/tap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TABLE 512

/* The files that more than one identity needs, and what was found wrong so far. */
struct checker {
	struct tree *t;
	char *meminfo, *vmstat, *zoneinfo;
	int violations;
};

static void wrong(struct checker *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void wrong(struct checker *c, const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	diag("%s", line);
	c->violations++;
}

static void same(struct checker *c, s64 a, s64 b, const char *what_a, const char *what_b)
{
	if (a != b)
		wrong(c, "%s is %lld, but %s is %lld", what_a, (long long)a, what_b, (long long)b);
}

/* NULL if it is not there. */
static char *read_text(struct tree *t, const char *path)
{
	struct text text;
	char *copy = NULL;

	text_init(&text);
	if (tree_read_file(t, path, &text) >= 0) {
		text_char(&text, '\0');
		copy = text_error(&text) ? NULL : strdup(text.data);
	}
	text_free(&text);
	return copy;
}

static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end ? end + 1 : line + strlen(line);
}

/* ---- zoneinfo ---- */

struct counter {
	char name[48];
	s64 sum;
};

struct zone_sums {
	struct counter node_stat[MAX_TABLE], zone_stat[MAX_TABLE];
	u32 nr_node_stats, nr_zone_stats;
	s64 free, managed, present, pcp;
};

static void add(struct counter *table, u32 *n, const char *name, s64 value)
{
	u32 i;

	for (i = 0; i < *n && strcmp(table[i].name, name) != 0; i++)
		;
	if (i == MAX_TABLE)
		return;
	if (i == *n) {
		snprintf(table[i].name, sizeof(table[i].name), "%s", name);
		++*n;
	}
	table[i].sum += value;
}

static void sum_zones(const char *text, struct zone_sums *s)
{
	bool in_node_stats = false;
	const char *line;
	char name[48];
	long long value;

	memset(s, 0, sizeof(*s));
	for (line = text; *line; line = next_line(line)) {
		if (!strncmp(line, "Node", 4))
			in_node_stats = false;
		else if (!strncmp(line, "  per-node stats", 16))
			in_node_stats = true;
		else if (sscanf(line, "  pages free %lld", &value) == 1)
			s->free += value, in_node_stats = false;
		else if (sscanf(line, "        managed %lld", &value) == 1)
			s->managed += value;
		else if (sscanf(line, "        present %lld", &value) == 1)
			s->present += value;
		else if (sscanf(line, "              count: %lld", &value) == 1)
			s->pcp += value;
		else if (!strncmp(line, "      ", 6) && line[6] != ' ' &&
			 sscanf(line, "      %47s %lld", name, &value) == 2)
			add(in_node_stats ? s->node_stat : s->zone_stat,
			    in_node_stats ? &s->nr_node_stats : &s->nr_zone_stats, name, value);
	}
}

static void check_zoneinfo(struct checker *c)
{
	struct zone_sums *s = malloc(sizeof(*s));
	u32 i;

	if (!s)
		return;
	sum_zones(c->zoneinfo, s);
	if (s->nr_node_stats != NR_VM_NODE_STAT_ITEMS)
		wrong(c, "zoneinfo has %u node counters", s->nr_node_stats);
	if (s->nr_zone_stats != NR_VM_ZONE_STAT_ITEMS + NR_VM_NUMA_STAT_ITEMS)
		wrong(c, "zoneinfo has %u zone counters", s->nr_zone_stats);
	for (i = 0; i < s->nr_node_stats; i++)
		same(c, s->node_stat[i].sum, text_value(c->vmstat, s->node_stat[i].name),
		     s->node_stat[i].name, "vmstat");
	for (i = 0; i < s->nr_zone_stats; i++)
		same(c, s->zone_stat[i].sum, text_value(c->vmstat, s->zone_stat[i].name),
		     s->zone_stat[i].name, "vmstat");
	same(c, s->free, text_value(c->vmstat, "nr_free_pages"), "pages free", "nr_free_pages");
	same(c, s->free * 4, text_value(c->meminfo, "MemFree:"), "pages free in kB", "MemFree");
	same(c, s->managed * 4, text_value(c->meminfo, "MemTotal:"), "managed in kB", "MemTotal");
	if (s->free + s->pcp > s->managed)
		wrong(c, "%lld pages free and %lld on page lists, but only %lld managed",
		      (long long)s->free, (long long)s->pcp, (long long)s->managed);
	free(s);
}

/* ---- free lists ---- */

/* Columns of numbers after the fixed part of a line, which ends before column @from. */
static u32 columns(const char *line, const char *after, s64 *value, u32 max)
{
	const char *at = strstr(line, after), *end = next_line(line);
	char *stop;
	u32 n = 0;

	for (at = at && at < end ? at + strlen(after) : end; n < max; at = stop) {
		at += strspn(at, " >");
		if (at >= end || *at < '0' || *at > '9')
			break;
		value[n++] = strtoll(at, &stop, 10);
	}
	return n;
}

static void check_free_lists(struct checker *c)
{
	char *buddy = read_text(c->t, "proc/buddyinfo"),
	     *types = read_text(c->t, "proc/pagetypeinfo");
	s64 by_order[MAX_ORDER] = { 0 }, by_type[MAX_ORDER] = { 0 }, value[MAX_ORDER] = { 0 },
	    pages = 0;
	const char *line, *zone;
	char after[40];
	bool capped = false;
	u32 i;

	for (line = buddy ? buddy : ""; *line; line = next_line(line)) {
		zone = strstr(line, "zone");
		sscanf(zone ? zone : "", "zone %31s", after);
		if (columns(line, after, value, MAX_ORDER) != MAX_ORDER)
			wrong(c, "buddyinfo: %.60s", line);
		for (i = 0; i < MAX_ORDER; i++) {
			by_order[i] += value[i];
			pages += value[i] << i;
		}
	}
	same(c, pages, text_value(c->vmstat, "nr_free_pages"), "pages of buddyinfo",
	     "nr_free_pages");

	for (line = types ? types : ""; *line; line = next_line(line)) {
		zone = strstr(line, "type");
		if (strncmp(line, "Node", 4) != 0 || !zone || zone >= next_line(line))
			continue;
		sscanf(zone, "type %31s", after);
		/* there is a zone of that name, too */
		if (columns(zone, after, value, MAX_ORDER) != MAX_ORDER)
			wrong(c, "pagetypeinfo: %.60s", line);
		for (i = 0; i < MAX_ORDER; i++)
			by_type[i] += value[i];
		capped |= memchr(line, '>', (size_t)(next_line(line) - line)) != NULL;
	}
	for (i = 0; i < MAX_ORDER && !capped; i++)
		same(c, by_type[i], by_order[i], "pagetypeinfo",
		     fixture_format("buddyinfo, order %u", i));
	free(buddy);
	free(types);
}

/* ---- meminfo ---- */

static s64 mem(const struct checker *c, const char *key)
{
	return text_value(c->meminfo, key);
}

static s64 vm_kb(const struct checker *c, const char *key)
{
	return text_value(c->vmstat, key) * 4;
}

static void check_meminfo(struct checker *c)
{
	static const struct {
		const char *meminfo, *vmstat;
	} pair[] = {
		{ "MemFree:", "nr_free_pages" },
		{ "SwapCached:", "nr_swapcached" },
		{ "Active(anon):", "nr_active_anon" },
		{ "Inactive(anon):", "nr_inactive_anon" },
		{ "Active(file):", "nr_active_file" },
		{ "Inactive(file):", "nr_inactive_file" },
		{ "Unevictable:", "nr_unevictable" },
		{ "Mlocked:", "nr_mlock" },
		{ "Dirty:", "nr_dirty" },
		{ "Writeback:", "nr_writeback" },
		{ "AnonPages:", "nr_anon_pages" },
		{ "Mapped:", "nr_mapped" },
		{ "Shmem:", "nr_shmem" },
		{ "SReclaimable:", "nr_slab_reclaimable" },
		{ "SUnreclaim:", "nr_slab_unreclaimable" },
		{ "PageTables:", "nr_page_table_pages" },
		{ "Bounce:", "nr_bounce" },
		{ "WritebackTmp:", "nr_writeback_temp" },
		{ "SecPageTables:", "nr_sec_page_table_pages" },
	};
	static const char *const lru[] = { "active_anon", "inactive_anon", "active_file",
					   "inactive_file", "unevictable" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(pair); i++)
		same(c, mem(c, pair[i].meminfo), vm_kb(c, pair[i].vmstat), pair[i].meminfo,
		     pair[i].vmstat);
	for (i = 0; i < ARRAY_SIZE(lru); i++)
		same(c, text_value(c->vmstat, fixture_format("nr_%s", lru[i])),
		     text_value(c->vmstat, fixture_format("nr_zone_%s", lru[i])), lru[i],
		     "the sum of the zones");
	same(c, mem(c, "KernelStack:"), text_value(c->vmstat, "nr_kernel_stack"), "KernelStack",
	     "nr_kernel_stack");
	same(c, mem(c, "Active:"), mem(c, "Active(anon):") + mem(c, "Active(file):"), "Active",
	     "its parts' sum");
	same(c, mem(c, "Inactive:"), mem(c, "Inactive(anon):") + mem(c, "Inactive(file):"),
	     "Inactive", "its parts' sum");
	same(c, mem(c, "Slab:"), mem(c, "SReclaimable:") + mem(c, "SUnreclaim:"), "Slab",
	     "its parts' sum");
	same(c, mem(c, "Cached:") + mem(c, "Buffers:") + mem(c, "SwapCached:"),
	     vm_kb(c, "nr_file_pages"), "Cached + Buffers + SwapCached", "nr_file_pages");
	if (mem(c, "MemAvailable:") > mem(c, "MemTotal:"))
		wrong(c, "MemAvailable is above MemTotal");
}

/* ---- nodes ---- */

static s64 node_value(const char *text, u32 nid, const char *key)
{
	return text_value(text, fixture_format("Node %u %s", nid, key));
}

static void check_nodes(struct checker *c)
{
	static const char *const keys[] = {
		"MemTotal:", "MemFree:",      "AnonPages:",   "Mapped:",     "Shmem:",
		"Slab:",     "SReclaimable:", "KernelStack:", "PageTables:", "Active:",
		"Inactive:", "Mlocked:",      "Dirty:"
	};
	static const char *const numa[] = { "numa_hit", "numa_miss", "numa_foreign", "local_node",
					    "other_node" };
	static const char *const numa_vm[] = { "numa_hit", "numa_miss", "numa_foreign",
					       "numa_local", "numa_other" };
	s64 sum[ARRAY_SIZE(keys)] = { 0 }, numa_sum[ARRAY_SIZE(numa)] = { 0 };
	struct machine *m = tree_machine(c->t);
	u32 nid, i, seen = 0;

	for (nid = 0; nid < m->nr_nodes; nid++) {
		char *text = read_text(
			c->t, fixture_format("sys/devices/system/node/node%u/meminfo", nid));
		char *stat = read_text(
			c->t, fixture_format("sys/devices/system/node/node%u/numastat", nid));

		seen += text && stat;
		for (i = 0; text && i < ARRAY_SIZE(keys); i++)
			sum[i] += node_value(text, nid, keys[i]);
		for (i = 0; stat && i < ARRAY_SIZE(numa); i++)
			numa_sum[i] += text_value(stat, numa[i]);
		free(text);
		free(stat);
	}
	for (i = 0; seen && i < ARRAY_SIZE(keys); i++)
		same(c, sum[i], mem(c, keys[i]), fixture_format("the nodes' sum of %s", keys[i]),
		     "meminfo");
	for (i = 0; seen && i < ARRAY_SIZE(numa); i++)
		same(c, numa_sum[i], text_value(c->vmstat, numa_vm[i]),
		     fixture_format("the nodes' sum of %s", numa[i]), "vmstat");
}

/* ---- kernel objects ---- */

static void check_slab(struct checker *c)
{
	char *text = read_text(c->t, "proc/slabinfo");
	long long active, objects, slabs, pages_per_slab, objects_per_slab;
	const char *line = text ? next_line(next_line(text)) : "";
	char name[48];
	s64 pages = 0;

	for (; *line; line = next_line(line)) {
		if (sscanf(line,
			   "%47s %lld %lld %*d %lld %lld : tunables %*d %*d %*d : slabdata %lld",
			   name, &active, &objects, &objects_per_slab, &pages_per_slab,
			   &slabs) != 6) {
			wrong(c, "slabinfo: %.60s", line);
			continue;
		}
		pages += slabs * pages_per_slab;
		if (active > objects || objects != slabs * objects_per_slab)
			wrong(c, "slabinfo: %s has %lld of %lld objects on %lld slabs", name,
			      active, objects, slabs);
	}
	/* large kmallocs are whole pages, in Slab but in no cache */
	if (pages * 4 > mem(c, "Slab:"))
		wrong(c, "slabinfo has %lld kB of pages, but Slab is %lld", (long long)pages * 4,
		      (long long)mem(c, "Slab:"));
	free(text);
}

static void check_threads(struct checker *c)
{
	char *text = read_text(c->t, "proc/loadavg");
	long long threads = -1;

	sscanf(text ? text : "", "%*s %*s %*s %*d/%lld", &threads);
	same(c, threads * 16, mem(c, "KernelStack:"), "16 kB for each thread", "KernelStack");
	free(text);
}

/* ---- processes ---- */

/* Each process's files tell the same; returns its Pss_Anon in kB. */
static s64 check_process(struct checker *c, u32 pid)
{
	char *rollup = read_text(c->t, fixture_format("proc/%u/smaps_rollup", pid));
	char *status = read_text(c->t, fixture_format("proc/%u/status", pid));
	char *statm = read_text(c->t, fixture_format("proc/%u/statm", pid));
	char *stat = read_text(c->t, fixture_format("proc/%u/stat", pid));
	const char *behind = stat ? strrchr(stat, ')') : NULL;
	long long size = -1, resident = -1, vsize = -1, rss = -1, data = -1;
	s64 pss_anon = 0;

	sscanf(statm ? statm : "", "%lld %lld %*d %*d %*d %lld", &size, &resident, &data);
	sscanf(behind ? behind : "",
	       ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %*u %lld %lld",
	       &vsize, &rss);
	same(c, vsize, size * 4096, fixture_format("stat's vsize of %u", pid), "statm");
	same(c, rss, resident, fixture_format("stat's rss of %u", pid), "statm");
	if (rollup && status) {
		same(c, text_value(status, "VmSize:"), size * 4,
		     fixture_format("VmSize of %u", pid), "statm");
		same(c, text_value(status, "VmRSS:"), resident * 4,
		     fixture_format("VmRSS of %u", pid), "statm");
		same(c, text_value(status, "VmData:") + text_value(status, "VmStk:"), data * 4,
		     fixture_format("VmData and VmStk of %u", pid), "statm");
		same(c, text_value(rollup, "Anonymous:"), text_value(status, "RssAnon:"),
		     fixture_format("Anonymous of %u", pid), "RssAnon");
		same(c, text_value(rollup, "Locked:") > 0, text_value(status, "VmLck:") > 0,
		     fixture_format("Locked of %u", pid), "VmLck");
		pss_anon = text_value(rollup, "Pss_Anon:");
	}
	free(rollup);
	free(status);
	free(statm);
	free(stat);
	return pss_anon;
}

/* A twin has an address space that is no process's: Pss of its anonymous pages, in kB. */
static s64 holder_pss(struct machine *m)
{
	struct vma_stats stats;
	handle_t mm, vma;
	u64 pss = 0;

	for (mm = m->mms.mm_head; mm; mm = mm_at(m, mm)->next)
		for (vma = mm_at(m, mm)->owner ? 0 : mm_at(m, mm)->vma_first; vma;
		     vma = vma_at(m, vma)->next) {
			vma_gather_stats(m, vma, &stats);
			pss += stats.pss_anon;
		}
	return (s64)(pss >> 22);
}

static void check_processes(struct checker *c)
{
	struct machine *m = tree_machine(c->t);
	handle_t task;
	s64 pss_anon = holder_pss(m), anon = mem(c, "AnonPages:");
	u32 n = pss_anon != 0;

	for (task = pid_next(m, 1); task; task = pid_next(m, task_at(m, task)->pid + 1)) {
		pss_anon += check_process(c, task_at(m, task)->pid);
		n += task_at(m, task)->mm != 0;
	}
	/* each process's share is rounded down to a kB */
	if (pss_anon > anon || pss_anon < anon - (s64)n)
		wrong(c, "Pss_Anon of %u processes is %lld kB, but AnonPages %lld", n,
		      (long long)pss_anon, (long long)anon);
}

/* ---- swap, engine ---- */

static void check_swaps(struct checker *c)
{
	char *text = read_text(c->t, "proc/swaps");
	const char *line;
	long long size, used;
	s64 total = 0, all_used = 0;

	for (line = text ? next_line(text) : ""; *line; line = next_line(line)) {
		if (sscanf(line, "%*s %*s %lld %lld", &size, &used) != 2)
			wrong(c, "swaps: %.60s", line);
		total += size;
		all_used += used;
	}
	same(c, total, mem(c, "SwapTotal:"), "swaps' sizes", "SwapTotal");
	same(c, total - all_used, mem(c, "SwapFree:"), "what swaps has left", "SwapFree");
	free(text);
}

static void report(void *arg, const char *line)
{
	wrong(arg, "engine: %s", line);
}

bool check_identities(struct tree *t, const char *when)
{
	struct checker c = { .t = t };
	char name[128];

	snprintf(name, sizeof(name), "%s", when); /* it may be a fixture_format() */
	c.meminfo = read_text(t, "proc/meminfo");
	c.vmstat = read_text(t, "proc/vmstat");
	c.zoneinfo = read_text(t, "proc/zoneinfo");
	if (c.meminfo && c.vmstat && c.zoneinfo) {
		check_zoneinfo(&c);
		check_free_lists(&c);
		check_meminfo(&c);
		check_nodes(&c);
		check_slab(&c);
		check_threads(&c);
		check_processes(&c);
		check_swaps(&c);
	} else {
		wrong(&c, "meminfo, vmstat or zoneinfo cannot be read");
	}
	machine_check(tree_machine(t), report, &c);
	free(c.meminfo);
	free(c.vmstat);
	free(c.zoneinfo);
	return ok(!c.violations, "%s: the files agree with each other and the engine with itself",
		  name);
}
