/*
 * capture.c - a capture's text, taken apart.
 *
 *	# mmanfs capture 1
 *	file PATH SIZE            then SIZE bytes and a newline
 *	missing PATH REASON       could not be read
 *	ended N                   processes that ended while they were read
 */
#include "fs/twin/capture.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct opening {
	struct capture *c;
	struct slice text, rest;
	size_t max_files, max_missing;
	FILE *err;
};

static int bad(const struct opening *o, const char *at, const char *why)
{
	unsigned long line = 1;
	const char *s;

	for (s = o->text.at; s < at; s++)
		line += *s == '\n';
	if (o->err)
		fprintf(o->err, "capture:%lu: %s\n", line, why);
	return -EINVAL;
}

/* Room for one more in an array of @nr, which has room for *@max. */
static bool grow(void **array, size_t nr, size_t *max, size_t size)
{
	size_t more = *max ? 2 * *max : 64;
	void *grown;

	if (nr < *max)
		return true;
	grown = realloc(*array, more * size);
	if (!grown)
		return false;
	*array = grown;
	*max = more;
	return true;
}

static int add_file(struct opening *o, struct slice path, struct slice data)
{
	struct capture *c = o->c;

	if (!grow((void **)&c->files, c->nr_files, &o->max_files, sizeof(*c->files)))
		return -ENOMEM;
	c->files[c->nr_files++] = (struct capture_file){ path, data };
	return 0;
}

/* What a terminal shows as it is. */
static bool is_printable(struct slice text)
{
	size_t i;

	for (i = 0; i < text.size; i++)
		if (text.at[i] < ' ' || text.at[i] > '~')
			return false;
	return true;
}

/* The rest of a "file" line, and the bytes behind it. */
static int open_file(struct opening *o, struct slice line)
{
	struct slice path, size;
	const char *at = line.at;
	u64 n;

	if (!slice_word(&line, &path) || !slice_word(&line, &size) || !slice_number(size, 10, &n))
		return bad(o, at, "'file' is followed by a path and a size");
	if (!is_printable(path))
		return bad(o, at, "no file of Linux has such a name");
	if (n >= o->rest.size || o->rest.at[n] != '\n')
		return bad(o, at, "the file is shorter or longer than its line says");
	if (add_file(o, path, (struct slice){ o->rest.at, n }))
		return -ENOMEM;
	o->rest = (struct slice){ o->rest.at + n + 1, o->rest.size - n - 1 };
	return 0;
}

static int open_line(struct opening *o, struct slice line)
{
	struct capture *c = o->c;
	struct slice word;
	const char *at = line.at;

	if (!slice_word(&line, &word) || *word.at == '#')
		return 0;
	if (slice_is(word, "file"))
		return open_file(o, line);
	if (slice_is(word, "ended")) {
		slice_word(&line, &word);
		return slice_number(word, 10, &c->nr_ended) ?
			       0 :
			       bad(o, at, "'ended' is followed by a number");
	}
	if (!is_printable(line))
		return bad(o, at, "no line of a capture's own has such bytes");
	if (!slice_is(word, "missing"))
		return bad(o, at, "neither 'file' nor 'missing' nor 'ended'");
	if (!grow((void **)&c->missing, c->nr_missing, &o->max_missing, sizeof(*c->missing)))
		return -ENOMEM;
	c->missing[c->nr_missing++] = line;
	return 0;
}

/* ---- by name, by process ---- */

static int compare_paths(const void *x, const void *y)
{
	const struct capture_file *a = *(const struct capture_file *const *)x;
	const struct capture_file *b = *(const struct capture_file *const *)y;
	size_t n = a->path.size < b->path.size ? a->path.size : b->path.size;
	int order = memcmp(a->path.at, b->path.at, n);

	return order ? order : a->path.size < b->path.size ? -1 : a->path.size > b->path.size;
}

static bool pid_of(struct slice path, u32 *pid)
{
	struct slice number;
	u64 n;

	if (!slice_starts(path, "/proc/"))
		return false;
	path = (struct slice){ path.at + 6, path.size - 6 };
	number = slice_cut(&path, '/');
	if (!path.size || !slice_number(number, 10, &n) || !n || n >= 1u << 22)
		return false;
	*pid = (u32)n;
	return true;
}

static int find_processes(struct opening *o)
{
	struct capture *c = o->c;
	struct capture_process *p = NULL;
	size_t i, max = 0;
	u32 pid;

	for (i = 0; i < c->nr_files; i++) {
		if (!pid_of(c->files[i].path, &pid))
			continue;
		if (p && p->pid == pid && p->first + p->nr == i) {
			p->nr++;
			continue;
		}
		if (p && p->pid >= pid)
			return bad(o, c->files[i].path.at,
				   "processes do not follow each other by number");
		if (!grow((void **)&c->processes, c->nr_processes, &max, sizeof(*c->processes)))
			return -ENOMEM;
		p = &c->processes[c->nr_processes++];
		*p = (struct capture_process){ .pid = pid, .first = i, .nr = 1 };
	}
	return 0;
}

static int sort_files(struct capture *c)
{
	size_t i;

	c->sorted = malloc((c->nr_files + 1) * sizeof(*c->sorted));
	if (!c->sorted)
		return -ENOMEM;
	for (i = 0; i < c->nr_files; i++)
		c->sorted[i] = &c->files[i];
	qsort(c->sorted, c->nr_files, sizeof(*c->sorted), compare_paths);
	return 0;
}

int capture_open(struct capture *c, const char *text, size_t size, FILE *err)
{
	struct opening o = { .c = c, .text = { text, size }, .rest = { text, size }, .err = err };
	struct slice line;
	int error = 0;

	memset(c, 0, sizeof(*c));
	if (!slice_line(&o.rest, &line) || !slice_is(line, CAPTURE_FIRST_LINE))
		error = bad(&o, text, "the first line is not '" CAPTURE_FIRST_LINE "'");
	while (!error && slice_line(&o.rest, &line))
		error = open_line(&o, line);
	if (!error)
		error = find_processes(&o);
	if (!error)
		error = sort_files(c);
	if (error)
		capture_close(c);
	return error;
}

void capture_close(struct capture *c)
{
	free(c->files);
	free(c->sorted);
	free(c->processes);
	free(c->missing);
	memset(c, 0, sizeof(*c));
}

bool capture_find(const struct capture *c, struct slice *out, const char *format, ...)
{
	char path[256];
	struct capture_file key = { .path = { path, 0 } };
	const struct capture_file *wanted = &key, **found = NULL;
	va_list args;

	va_start(args, format);
	vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	key.path.size = strlen(path);
	if (c->nr_files)
		found = bsearch(&wanted, c->sorted, c->nr_files, sizeof(*c->sorted), compare_paths);
	*out = found ? (*found)->data : (struct slice){ "", 0 };
	return found != NULL;
}

bool capture_of_process(const struct capture *c, const struct capture_process *p, const char *name,
			struct slice *out)
{
	size_t i;

	for (i = p->first; i < p->first + p->nr; i++) {
		struct slice path = c->files[i].path;

		if (slice_ends(path, name) && path.size > strlen(name) &&
		    path.at[path.size - strlen(name) - 1] == '/' &&
		    !memmem(path.at, path.size, "/task/", 6)) {
			*out = c->files[i].data;
			return true;
		}
	}
	*out = (struct slice){ "", 0 };
	return false;
}

/* ---- what is missing ---- */

static bool is_smaps(struct slice path)
{
	return slice_ends(path, "/smaps");
}

static bool is_setting(struct slice path)
{
	return slice_starts(path, "/proc/sys/") || slice_starts(path, "/sys/kernel/") ||
	       slice_starts(path, "/sys/module/");
}

/* How many of those there are; prints the paths of settings. */
static size_t count_missing(const struct capture *c, bool (*is)(struct slice path), FILE *list)
{
	size_t i, n = 0;

	for (i = 0; i < c->nr_missing; i++) {
		struct slice rest = c->missing[i], path;

		slice_word(&rest, &path);
		if (!is(path))
			continue;
		n++;
		if (list)
			fprintf(list, " %.*s", (int)path.size, path.at);
	}
	return n;
}

void capture_report(const struct capture *c, bool examined, FILE *err)
{
	size_t i, nr_smaps = count_missing(c, is_smaps, NULL);

	if (!err)
		return;
	for (i = 0; i < c->nr_missing; i++) {
		struct slice rest = c->missing[i], path;

		slice_word(&rest, &path);
		if (!is_smaps(path) && !is_setting(path) && !(examined && capture_needs(path)))
			fprintf(err, "mmanfs: not read: %.*s:%.*s\n", (int)path.size, path.at,
				(int)rest.size, rest.at);
	}
	if (count_missing(c, is_setting, NULL)) {
		fputs("mmanfs: not read: settings that only root may see:", err);
		count_missing(c, is_setting, err);
		fputc('\n', err);
	}
	if (nr_smaps)
		fprintf(err,
			"mmanfs: not read: the mappings of %zu of %zu processes (root may read those of "
			"other users)\n",
			nr_smaps, c->nr_processes);
	if (c->nr_ended)
		fprintf(err, "mmanfs: not read: %llu processes that ended meanwhile\n",
			(unsigned long long)c->nr_ended);
}
