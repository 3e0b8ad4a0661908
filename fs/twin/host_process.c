/*
 * host_process.c - the processes' side of a capture.
 *
 *	/proc/PID/stat, status, cmdline, oom_score_adj, exe     of each process
 *	/proc/PID/smaps                                         without lines that say 0 kB
 *	/proc/PID/pages                                         its page tables as a text (host_pages.c)
 *	/proc/PID/smaps_rollup                                  Pss alone
 *	/proc/PID/cgroup, limits
 *	/proc/PID/task/TID/stat                                 of each further thread
 *	/proc/PID/mountinfo                                     once for each mount namespace: which
 *	                                                        devices are memory (tmpfs)
 *
 * Of a kernel thread there is only its stat. A process that ends while it is read is taken out
 * again. In the end every smaps is read a second time; whose has changed is listed in "unsteady", a
 * file of ours.
 */
#include "fs/twin/host.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "fs/twin/stat.h"

struct pid_list {
	u32 *pids;
	size_t nr;
};

static int compare_pids(const void *x, const void *y)
{
	u32 a = *(const u32 *)x, b = *(const u32 *)y;

	return a < b ? -1 : a > b;
}

/* The numbers that are names in a directory, ascending. */
static void list_pids(const struct host_reader *r, const char *path, struct pid_list *list)
{
	char **names;
	int i, n = r->source.list(r->source.ctx, path, &names);

	memset(list, 0, sizeof(*list));
	if (n < 0)
		return;
	list->pids = calloc((size_t)n + 1, sizeof(*list->pids));
	for (i = 0; i < n; i++) {
		struct slice name = { names[i], strlen(names[i]) };
		u64 pid;

		if (list->pids && slice_number(name, 10, &pid) && pid && pid < 1u << 22)
			list->pids[list->nr++] = (u32)pid;
		free(names[i]);
	}
	free(names);
	if (list->nr)
		qsort(list->pids, list->nr, sizeof(*list->pids), compare_pids);
}

/* ---- which lines ---- */

static bool ends(const char *line, size_t size, const char *text)
{
	size_t n = strlen(text);

	return size >= n && !memcmp(line + size - n, text, n);
}

/* A paragraph's first line starts with an address, the others with a capital letter. */
static bool keep_smaps(const char *line, size_t size)
{
	if (*line < 'A' || *line > 'Z')
		return true;
	return !ends(line, size, " 0 kB\n") && !ends(line, size, "PageSize:        4 kB\n") &&
	       !ends(line, size, "PageSize:           4 kB\n") &&
	       memcmp(line, "THPeligible", size < 11 ? size : 11);
}

/* The sum of Pss, of which smaps has the parts rounded. */
static bool keep_rollup(const char *line, size_t size)
{
	return size > 4 && !memcmp(line, "Pss:", 4);
}

static bool keep_status(const char *line, size_t size)
{
	static const char *const words[] = { "Name:",
					     "State:",
					     "Tgid:",
					     "PPid:",
					     "Uid:",
					     "Gid:",
					     "Vm",
					     "Rss",
					     "HugetlbPages:",
					     "Threads:",
					     "Cpus_allowed_list:",
					     "Mems_allowed_list:",
					     "voluntary",
					     "nonvoluntary" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (size >= strlen(words[i]) && !memcmp(line, words[i], strlen(words[i])))
			return true;
	return false;
}

/* ---- one process ---- */

static bool is_kernel_thread(const struct text *text)
{
	struct twin_stat s;

	return twin_parse_stat((struct slice){ text->data, text->length }, &s) &&
	       s.field[STAT_FLAGS] & PF_KTHREAD_HOST;
}

static int add_of_process(struct host_reader *r, u32 pid, const char *name,
			  bool (*keep)(const char *line, size_t size))
{
	char path[128];
	int error;

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
	error = host_read(r, path);
	if (!error)
		host_add(r, path, keep);
	return error;
}

static ssize_t read_link(const struct host_reader *r, const char *path, char *out, size_t size)
{
	return r->source.link(r->source.ctx, path, out, size);
}

static void add_exe(struct host_reader *r, u32 pid)
{
	char path[64], target[PATH_MAX];

	snprintf(path, sizeof(path), "/proc/%u/exe", pid);
	if (read_link(r, path, target, sizeof(target)) <= 0)
		return;
	text_reset(&r->file);
	text_str(&r->file, target);
	host_add(r, path, NULL);
}

/* Which file systems are memory, each time a process lives in a mount namespace not yet seen. */
static bool keep_mounts(const char *line, size_t size)
{
	static const char *const types[] = { " - tmpfs ", " - devtmpfs ", " - ramfs ",
					     " - hugetlbfs ", " - rootfs " };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(types); i++)
		if (memmem(line, size, types[i], strlen(types[i])))
			return true;
	return false;
}

static void add_mounts(struct host_reader *r, u32 pid)
{
	char path[64], name[64], (*grown)[64];
	size_t i;

	snprintf(path, sizeof(path), "/proc/%u/ns/mnt", pid);
	/* copies without links: one namespace for all */
	if (read_link(r, path, name, sizeof(name)) <= 0 && (r->running || !strcpy(name, "?")))
		return;
	for (i = 0; i < r->nr_namespaces; i++)
		if (!strcmp(r->namespaces[i], name))
			return;
	grown = realloc(r->namespaces, (r->nr_namespaces + 1) * sizeof(*grown));
	if (!grown)
		return;
	r->namespaces = grown;
	strcpy(r->namespaces[r->nr_namespaces++], name);
	add_of_process(r, pid, "mountinfo", keep_mounts);
}

static void add_threads(struct host_reader *r, u32 pid)
{
	struct pid_list tids;
	char path[64];
	size_t i;

	snprintf(path, sizeof(path), "/proc/%u/task", pid);
	list_pids(r, path, &tids);
	for (i = 0; i < tids.nr; i++) {
		if (tids.pids[i] == pid)
			continue;
		snprintf(path, sizeof(path), "task/%u/stat", tids.pids[i]);
		add_of_process(r, pid, path, NULL);
	}
	free(tids.pids);
}

/* Its page tables, of the same moment as ->file, which is its smaps. */
static void add_pages(struct host_reader *r, u32 pid)
{
	struct slice smaps = { r->file.data, r->file.length };
	char path[64];
	struct text pages;

	snprintf(path, sizeof(path), "/proc/%u/pages", pid);
	if (!r->running) {
		if (!host_read(r, path))
			host_add(r, path, NULL);
		return;
	}
	text_init(&pages);
	if (r->pages && !host_pages_read(r->pages, pid, smaps, &pages) && !text_error(&pages)) {
		text_printf(r->out, "file %s %zu\n", path, pages.length);
		text_mem(r->out, pages.data, pages.length);
		text_char(r->out, '\n');
	}
	text_free(&pages);
}

/* Its mappings; false: it has ended. */
static bool add_smaps(struct host_reader *r, u32 pid, bool has_mm)
{
	char path[64];
	int error;

	snprintf(path, sizeof(path), "/proc/%u/smaps", pid);
	error = host_read(r, path);
	if (error == -ESRCH || error == -ENOENT || (!error && !r->file.length && has_mm))
		return false;
	if (error) {
		host_missing(r, path, error);
		return true;
	}
	host_add(r, path, keep_smaps);
	add_pages(r, pid);
	add_of_process(r, pid, "smaps_rollup", keep_rollup);
	return true;
}

static bool add_process(struct host_reader *r, u32 pid)
{
	struct slice status;
	bool has_mm;

	if (add_of_process(r, pid, "stat", NULL))
		return false;
	if (is_kernel_thread(&r->file))
		return true;
	if (add_of_process(r, pid, "status", keep_status))
		return false;
	status = (struct slice){ r->file.data, r->file.length };
	has_mm = slice_text(status, "VmSize:").size != 0;
	add_of_process(r, pid, "cmdline", NULL);
	add_of_process(r, pid, "oom_score_adj", NULL);
	add_of_process(r, pid, "cgroup", NULL);
	add_of_process(r, pid, "limits", NULL);
	add_exe(r, pid);
	add_threads(r, pid);
	add_mounts(r, pid);
	return add_smaps(r, pid, has_mm);
}

/* ---- read twice ---- */

static bool is_telling(struct slice line)
{
	/* who runs references pages all the time */
	return !slice_starts(line, "Referenced:");
}

/* Do two readings of smaps say the same? */
static bool same_smaps(struct slice a, struct slice b)
{
	struct slice x, y;

	for (;;) {
		bool more_a, more_b;

		while ((more_a = slice_line(&a, &x)) && !is_telling(x))
			;
		while ((more_b = slice_line(&b, &y)) && !is_telling(y))
			;
		if (more_a != more_b)
			return false;
		if (!more_a)
			return true;
		if (x.size != y.size || memcmp(x.at, y.at, x.size) != 0)
			return false;
	}
}

static bool is_steady(struct host_reader *r, u32 pid, struct slice before)
{
	struct slice now;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/smaps", pid);
	if (host_read(r, path))
		return false;
	host_filter(&r->file, keep_smaps);
	now = (struct slice){ r->file.data, r->file.length };
	return same_smaps(before, now);
}

/* The processes of the capture so far, once more. */
static void add_unsteady(struct host_reader *r, size_t start)
{
	struct capture c;
	struct slice smaps;
	struct text list;
	size_t i;

	if (!r->running) {
		if (!host_read(r, "unsteady"))
			host_add(r, "unsteady", NULL);
		return;
	}
	if (text_error(r->out) ||
	    capture_open(&c, r->out->data + start, r->out->length - start, NULL))
		return;
	text_init(&list);
	for (i = 0; i < c.nr_processes; i++)
		if (capture_of_process(&c, &c.processes[i], "smaps", &smaps) &&
		    !is_steady(r, c.processes[i].pid, smaps))
			text_printf(&list, "%u\n", c.processes[i].pid);
	capture_close(&c);
	text_reset(&r->file);
	text_mem(&r->file, list.data, list.length);
	text_free(&list);
	host_add(r, "unsteady", NULL);
}

void host_processes(struct host_reader *r, size_t start_of_capture)
{
	struct pid_list pids;
	size_t i, start, nr_namespaces;

	list_pids(r, "/proc", &pids);
	if (r->running)
		r->pages = host_pages_open();
	for (i = 0; i < pids.nr; i++) {
		start = r->out->length;
		nr_namespaces = r->nr_namespaces;
		if (add_process(r, pids.pids[i]))
			continue;
		r->out->length = start;
		r->nr_namespaces = nr_namespaces;
		r->nr_ended++;
	}
	free(pids.pids);
	host_pages_close(r->pages);
	r->pages = NULL;
	add_unsteady(r, start_of_capture);
}
