/*
 * host.c - the machine's side of a capture: memory, nodes, CPUs, knobs. Texts are kept as they are,
 * but for lines that nobody needs and that grow with the number of CPUs or interrupts.
 */
#include "fs/twin/host.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "fs/twin/capture.h"
#include "fs/twin/twin.h"

#define KNOB_MAX 4096u /* bytes: what is longer is no knob */

int host_read(struct host_reader *r, const char *path)
{
	int error;

	text_reset(&r->file);
	/* there is always something to point at */
	if (!text_reserve(&r->file, 1))
		return -ENOMEM;
	error = r->source.read(r->source.ctx, path, &r->file);
	return error ? error : text_error(&r->file) ? -ENOMEM : 0;
}

void host_filter(struct text *file, bool (*keep)(const char *line, size_t size))
{
	char *to = file->data;
	const char *at = to, *end = at + file->length, *next;

	for (; at < end; at = next) {
		next = memchr(at, '\n', (size_t)(end - at));
		next = next ? next + 1 : end;
		if (!keep(at, (size_t)(next - at)))
			continue;
		memmove(to, at, (size_t)(next - at));
		to += next - at;
	}
	file->length = (size_t)(to - file->data);
}

void host_add(struct host_reader *r, const char *path, bool (*keep)(const char *line, size_t size))
{
	if (keep)
		host_filter(&r->file, keep);
	text_printf(r->out, "file %s %zu\n", path, r->file.length);
	text_mem(r->out, r->file.data, r->file.length);
	text_char(r->out, '\n');
}

void host_missing(struct host_reader *r, const char *path, int error)
{
	text_printf(&r->missing, "missing %s %s\n", path, strerror(-error));
}

/* ---- which lines ---- */

static bool starts(const char *line, size_t size, const char *text)
{
	return size >= strlen(text) && !memcmp(line, text, strlen(text));
}

/* Not the page lists of each CPU, nor the counters of each zone. */
static bool keep_zoneinfo(const char *line, size_t size)
{
	static const char *const words[] = { "Node",	   "pages free", "boost",
					     "min ",	   "low ",	 "high ",
					     "spanned ",   "present ",	 "managed ",
					     "protection", "start_pfn",	 "node_unreclaimable",
					     "per-node" };
	size_t i;

	for (; size && *line == ' '; size--)
		line++;
	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (starts(line, size, words[i]))
			return true;
	return false;
}

static bool keep_stat(const char *line, size_t size)
{
	return !starts(line, size, "intr") && !starts(line, size, "softirq");
}

/* ---- files ---- */

static void add_file(struct host_reader *r, const char *path,
		     bool (*keep)(const char *line, size_t size))
{
	int error = host_read(r, path);

	if (!error)
		host_add(r, path, keep);
	else
		host_missing(r, path, error);
}

/* The same for what not every kernel has: its absence is no news. */
static void add_optional(struct host_reader *r, const char *path)
{
	int error = host_read(r, path);

	if (!error)
		host_add(r, path, NULL);
	else if (error != -ENOENT)
		host_missing(r, path, error);
}

/* Calls @each with the names in a directory, sorted: a capture does not depend on their order. */
static void for_each_name(struct host_reader *r, const char *dir,
			  void (*each)(struct host_reader *r, const char *dir, const char *name))
{
	char **names;
	int i, n = r->source.list(r->source.ctx, dir, &names);

	if (n < 0)
		return;
	for (i = 0; i < n; i++) {
		each(r, dir, names[i]);
		free(names[i]);
	}
	free(names);
}

/* Files that can be written: what can only be read follows from other things. */
static void add_knob(struct host_reader *r, const char *dir, const char *name)
{
	char path[PATH_MAX];
	int error;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	/* reading this one does something */
	if (!strcmp(name, "stat_refresh") || !r->source.is_knob(r->source.ctx, path))
		return;
	error = host_read(r, path);
	if (error == -EACCES || error == -EPERM)
		host_missing(r, path, error);
	/* other errors are answers: of a mode that is off, say */
	else if (!error && r->file.length && r->file.length <= KNOB_MAX)
		host_add(r, path, NULL);
}

static void add_hugepage_pool(struct host_reader *r, const char *dir, const char *name)
{
	static const char *const counts[] = { "free_hugepages", "resv_hugepages",
					      "surplus_hugepages" };
	char path[PATH_MAX], file[PATH_MAX];
	size_t i;

	snprintf(path, sizeof(path), "%.2048s/%.255s", dir, name);
	add_knob(r, path, "nr_hugepages");
	add_knob(r, path, "nr_overcommit_hugepages");
	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		snprintf(file, sizeof(file), "%.2048s/%s", path, counts[i]);
		add_optional(r, file);
	}
}

/* ---- processors ---- */

/* All of the first processor; of the others, that they are there. */
static void add_cpuinfo(struct host_reader *r)
{
	int error = host_read(r, "/proc/cpuinfo");
	char *first = memmem(r->file.data, r->file.length, "\n\n", 2), *at, *end, *to;

	if (error)
		return host_missing(r, "/proc/cpuinfo", error);
	if (first) {
		end = r->file.data + r->file.length;
		to = first + 1;
		for (at = to; (at = memmem(at, (size_t)(end - at), "\nprocessor", 10)); at += 10) {
			char *stop = memchr(at + 1, '\n', (size_t)(end - at - 1));
			size_t n = (size_t)((stop ? stop : end) - at);

			memmove(to, at, n);
			to += n;
		}
		r->file.length = (size_t)(to - r->file.data);
	}
	host_add(r, "/proc/cpuinfo", NULL);
}

/* ---- nodes ---- */

/* The numbers of a node's memory blocks, as one file: the machine has a link for each. */
static void add_blocks(struct host_reader *r, const char *dir)
{
	char path[PATH_MAX + 16], **names;
	int i, n = r->source.list(r->source.ctx, dir, &names);

	text_reset(&r->file);
	for (i = 0; i < n; i++) {
		if (!strncmp(names[i], "memory", 6) && names[i][6] >= '0' && names[i][6] <= '9')
			text_printf(&r->file, "%s\n", names[i] + 6);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	snprintf(path, sizeof(path), "%s/memory*", dir);
	if (r->file.length)
		host_add(r, path, NULL);
}

static void add_node(struct host_reader *r, const char *dir, const char *name)
{
	static const char *const files[] = { "cpulist", "distance", "meminfo", "numastat",
					     "vmstat" };
	char path[PATH_MAX], node[PATH_MAX];
	size_t i;

	if (strncmp(name, "node", 4) || name[4] < '0' || name[4] > '9')
		return;
	snprintf(node, sizeof(node), "%.1024s/%.64s", dir, name);
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "%.2048s/%s", node, files[i]);
		add_optional(r, path);
	}
	add_blocks(r, node);
	snprintf(path, sizeof(path), "%.2048s/hugepages", node);
	for_each_name(r, path, add_hugepage_pool);
}

/* ---- all of it ---- */

static void add_uname(struct host_reader *r)
{
	struct utsname u;

	if (!host_read(r, "uname"))
		return host_add(r, "uname", NULL);
	if (!r->running || uname(&u))
		return;
	text_reset(&r->file);
	text_printf(&r->file, "machine %s\nrelease %s\npage_size %ld\n", u.machine, u.release,
		    sysconf(_SC_PAGESIZE));
	host_add(r, "uname", NULL);
}

/* Ordinary users see the lines of /proc/iomem, with zeros for addresses. */
static void add_iomem(struct host_reader *r)
{
	int error = host_read(r, "/proc/iomem");

	if (!error && !memmem(r->file.data, r->file.length, "-00000000 : System RAM", 22)) {
		host_add(r, "/proc/iomem", NULL);
		return;
	}
	host_missing(r, "/proc/iomem", error ? error : -EACCES);
}

void host_machine(struct host_reader *r)
{
	static const char *const files[] = { "/proc/version", "/proc/cmdline", "/proc/meminfo",
					     "/proc/uptime",  "/proc/loadavg", "/proc/swaps",
					     "/proc/vmstat" };
	static const char *const optional[] = { "/proc/slabinfo",
						"/sys/devices/system/cpu/online",
						"/sys/devices/system/node/online",
						"/sys/devices/system/memory/block_size_bytes",
						"/proc/pressure/cpu",
						"/proc/pressure/io",
						"/proc/pressure/memory" };
	static const char *const knobs[] = { "/proc/sys/vm",
					     "/proc/sys/kernel",
					     "/proc/sys/fs",
					     "/sys/kernel/mm/transparent_hugepage",
					     "/sys/kernel/mm/transparent_hugepage/khugepaged",
					     "/sys/kernel/mm/ksm",
					     "/sys/kernel/mm/lru_gen",
					     "/sys/kernel/mm/numa",
					     "/sys/kernel/mm/swap",
					     "/sys/module/zswap/parameters" };
	size_t i;

	add_uname(r);
	add_file(r, "/proc/zoneinfo", keep_zoneinfo);
	for (i = 0; i < ARRAY_SIZE(files); i++)
		add_file(r, files[i], NULL);
	add_file(r, "/proc/stat", keep_stat);
	add_cpuinfo(r);
	add_iomem(r);
	for (i = 0; i < ARRAY_SIZE(optional); i++)
		add_optional(r, optional[i]);
	for_each_name(r, "/sys/devices/system/node", add_node);
	for (i = 0; i < ARRAY_SIZE(knobs); i++)
		for_each_name(r, knobs[i], add_knob);
	for_each_name(r, "/sys/kernel/mm/hugepages", add_hugepage_pool);
}

/* ---- the capture ---- */

int twin_capture_source(struct host_source source, bool running, struct text *out, FILE *err)
{
	struct host_reader r = { .source = source, .running = running, .out = out };
	struct capture c;
	size_t start = out->length;
	int error;

	text_init(&r.file);
	text_init(&r.missing);
	text_str(out, "# mmanfs capture 1\n");
	host_machine(&r);
	host_processes(&r, start);
	text_mem(out, r.missing.data, r.missing.length);
	if (r.nr_ended)
		text_printf(out, "ended %llu\n", (unsigned long long)r.nr_ended);
	text_free(&r.file);
	text_free(&r.missing);
	free(r.namespaces);
	if (text_error(out))
		return -ENOMEM;
	error = capture_open(&c, out->data + start, out->length - start, err);
	if (!error) {
		capture_report(&c, false, err);
		capture_close(&c);
	}
	return error;
}

int twin_capture_root(const char *root, struct text *out, FILE *err)
{
	return twin_capture_source(host_source_folder(root), !*root, out, err);
}

int twin_capture(struct text *out, FILE *err)
{
	return twin_capture_root("", out, err);
}
