/*
 * load.c - captures as files: written as an archive, read from an archive, a folder or a text.
 *
 * In memory, and in a journal's header, a capture is one text (twin.h); the archive has a member
 * for each of its files. An archive of raw files, which a shell script made, is read as a running
 * system is.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fs/twin/archive.h"
#include "fs/twin/capture.h"
#include "fs/twin/host.h"
#include "fs/twin/twin.h"

#define ABOUT "capture"

static struct slice content(const struct archive *a, const struct archive_member *m)
{
	return (struct slice){ a->data.data + m->at, m->size };
}

/* ---- an archive as a source of files ---- */

static int read_member(void *ctx, const char *path, struct text *to)
{
	const struct archive *a = ctx;
	const struct archive_member *m = archive_find(a, path), *about = archive_find(a, ABOUT);

	if (!m)
		return about && capture_tells_missing(content(a, about), path) ? -EACCES : -ENOENT;
	text_mem(to, a->data.data + m->at, m->size);
	return 0;
}

static int add_name(char ***names, int nr, struct slice name)
{
	char **grown;

	if (!name.size || *name.at == '.' ||
	    (nr && strlen((*names)[nr - 1]) == name.size &&
	     !memcmp((*names)[nr - 1], name.at, name.size)))
		return nr;
	/* powers of two */
	if (!(nr & (nr - 1))) {
		grown = realloc(*names, 2 * ((size_t)nr + 1) * sizeof(*grown));
		if (!grown)
			return nr;
		*names = grown;
	}
	(*names)[nr] = strndup(name.at, name.size);
	return (*names)[nr] ? nr + 1 : nr;
}

/* The first member whose name is not before @name. */
static size_t first_from(const struct archive *a, const char *name)
{
	size_t low = 0, high = a->nr;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(a->sorted[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int compare_strings(const void *x, const void *y)
{
	return strcmp(*(char *const *)x, *(char *const *)y);
}

/* Names below a directory; where nobody wanted the files, "DIR/.names" has a list of them. */
static int list_members(void *ctx, const char *dir, char ***names)
{
	const struct archive *a = ctx;
	const struct archive_member *m;
	char path[1024];
	size_t i, n;
	int nr = 0;

	*names = NULL;
	n = (size_t)snprintf(path, sizeof(path), "%s/", dir + (*dir == '/'));
	if (n >= sizeof(path) - 8)
		return -ENAMETOOLONG;
	for (i = first_from(a, path); i < a->nr && !strncmp(a->sorted[i]->name, path, n); i++) {
		const char *name = a->sorted[i]->name + n;

		nr = add_name(names, nr, (struct slice){ name, strcspn(name, "/") });
	}
	strcpy(path + n, ".names");
	m = archive_find(a, path);
	if (m) {
		struct slice list = content(a, m), line;

		while (slice_line(&list, &line))
			nr = add_name(names, nr, line);
	}
	if (nr)
		qsort(*names, (size_t)nr, sizeof(**names), compare_strings);
	return nr ? nr : -ENOENT;
}

static ssize_t link_member(void *ctx, const char *path, char *to, size_t size)
{
	const struct archive *a = ctx;
	const struct archive_member *m = archive_find(a, path);
	struct slice text;

	if (!m)
		return -ENOENT;
	text = content(a, m);
	if (text.size && text.at[text.size - 1] == '\n')
		text.size--;
	if (text.size >= size)
		return -ENAMETOOLONG;
	slice_copy(text, to, size);
	return (ssize_t)text.size;
}

/* The script looked at the modes. */
static bool is_knob_member(void *ctx, const char *path)
{
	return archive_find(ctx, path) != NULL;
}

/* The members of an archive, which has to stay. */
static struct host_source host_source_archive(struct archive *a)
{
	return (struct host_source){ .read = read_member,
				     .list = list_members,
				     .link = link_member,
				     .is_knob = is_knob_member,
				     .ctx = a };
}

/* ---- from an archive to a text ---- */

static int refuse(FILE *err, const char *path, const char *why)
{
	if (err)
		fprintf(err, "mmanfs: %s: %s\n", path, why);
	return -EINVAL;
}

/* Files as they are, in the archive's order; then what the first member says. */
static int join(const struct archive *a, struct slice about, struct text *out)
{
	struct slice line;
	size_t i;

	slice_line(&about, &line);
	text_mem(out, line.at, line.size);
	text_char(out, '\n');
	for (i = 0; i < a->nr; i++) {
		const struct archive_member *m = &a->members[i];

		if (!strcmp(m->name, ABOUT))
			continue;
		/* what has no folder is a file of ours, and not of Linux */
		text_printf(out, "file %s%s %zu\n", strchr(m->name, '/') ? "/" : "", m->name,
			    m->size);
		text_mem(out, a->data.data + m->at, m->size);
		text_char(out, '\n');
	}
	text_mem(out, about.at, about.size);
	if (about.size && about.at[about.size - 1] != '\n')
		text_char(out, '\n');
	return text_error(out) ? -ENOMEM : 0;
}

static int unpack(struct archive *a, const char *path, struct text *out, FILE *err)
{
	const struct archive_member *about = archive_find(a, ABOUT);
	struct slice text = { "", 0 }, rest, first;

	if (about)
		text = content(a, about);
	rest = text;
	slice_line(&rest, &first);
	if (about && slice_is(first, CAPTURE_FIRST_LINE))
		return join(a, text, out);
	if (about && !slice_is(first, CAPTURE_FIRST_LINE " raw"))
		return refuse(err, path,
			      "its member '" ABOUT "' does not begin with '" CAPTURE_FIRST_LINE
			      "': the capture of another version of mmanfs?");
	if (!about && !archive_find(a, "proc/zoneinfo"))
		return refuse(err, path, "an archive without 'capture' and without proc/zoneinfo");
	if (!about && err)
		fprintf(err,
			"mmanfs: %s: no member '" ABOUT
			"': it is taken for an archive of copies of /proc and /sys\n",
			path);
	return twin_capture_source(host_source_archive(a), false, out, NULL);
}

static int load(const char *path, struct text *out, FILE *err)
{
	struct archive a;
	struct stat st;
	int error;

	if (strcmp(path, "-") && !stat(path, &st) && S_ISDIR(st.st_mode))
		return twin_capture_root(path, out, NULL);
	error = archive_read(&a, path, out, err);
	if (error)
		return error;
	if (a.nr)
		error = unpack(&a, path, out, err);
	archive_free(&a);
	return error;
}

int twin_capture_load(const char *path, struct text *out, FILE *err)
{
	size_t start = out->length;
	struct capture c;
	int error = load(path, out, err);

	if (!error && !slice_starts((struct slice){ out->data + start, out->length - start },
				    CAPTURE_FIRST_LINE))
		error = refuse(err, path, "neither a capture nor a tar archive of one");
	if (!error)
		error = capture_open(&c, out->data + start, out->length - start, err);
	if (error)
		return error;
	capture_report(&c, true, err);
	error = capture_examine(&c, err);
	capture_close(&c);
	return error;
}

/* ---- from a text to an archive ---- */

int twin_capture_save(const char *capture, size_t size, const char *path, FILE *err)
{
	struct archive_writer *w;
	struct capture c;
	struct text about;
	size_t i;
	int error = capture_open(&c, capture, size, err);

	if (error)
		return error;
	w = archive_create(path);
	if (!w) {
		error = -errno;
		capture_close(&c);
		return error;
	}
	text_init(&about);
	text_str(&about, CAPTURE_FIRST_LINE "\n");
	for (i = 0; i < c.nr_missing; i++) {
		text_str(&about, "missing");
		text_mem(&about, c.missing[i].at, c.missing[i].size);
		text_char(&about, '\n');
	}
	if (c.nr_ended)
		text_printf(&about, "ended %llu\n", (unsigned long long)c.nr_ended);
	archive_add(w, ABOUT, strlen(ABOUT), about.data, about.length);
	for (i = 0; i < c.nr_files; i++) {
		struct slice name = c.files[i].path;

		if (name.size && *name.at == '/')
			name = (struct slice){ name.at + 1, name.size - 1 };
		archive_add(w, name.at, name.size, c.files[i].data.at, c.files[i].data.size);
	}
	error = archive_close(w);
	if (!error && text_error(&about))
		error = -ENOMEM;
	text_free(&about);
	capture_close(&c);
	return error;
}
