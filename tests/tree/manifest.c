/*
 * Paths, types, modes, sizes and link targets of the memory-management files of four real machines
 * (tests/data/manifest.tsv), on the presets of the same names. A path too much in a directory that
 * the manifest covers is as wrong as one too few.
 *
 * A row: MACHINES PATH TYPE MODE SIZE TARGET NAMES, separated by tabs. MACHINES are digits: 1
 * one-node, 2 two-node, 3 hotplug, 4 hugetlb. "*" in PATH and TARGET stands for each of NAMES
 * ("memory0-7" are eight). TYPE power is a directory with the files that every device has there;
 * missing: there must be no such path.
 *
 * tests/data/manifest-exceptions.tsv: MACHINES PATH REASON; "*" at the end of PATH stands for
 * anything. Exceptions that are not needed are errors.
 */
#include "tests/fixture.h"
#include "tests/reference.h"
#include "tests/tap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PATHS 4096
#define MAX_PATH  256

struct exception {
	const char *machines, *path;
	bool used;
};

struct suite {
	struct fixture f;
	char machine; /* '1' ... */
	char (*paths)[MAX_PATH];
	u32 nr_paths, checked, wrong;
	struct exception exceptions[64];
	u32 nr_exceptions;
};

static const struct caller root;

enum { MACHINES, PATH, TYPE, MODE, SIZE, TARGET, NAMES };

/* ---- what is wrong ---- */

static bool is_exception(struct suite *s, const char *path)
{
	u32 i;

	for (i = 0; i < s->nr_exceptions; i++) {
		struct exception *e = &s->exceptions[i];
		size_t length = strlen(e->path);
		bool prefix = length && e->path[length - 1] == '*';

		if (!strchr(e->machines, s->machine))
			continue;
		if (prefix ? !strncmp(e->path, path, length - 1) : !strcmp(e->path, path)) {
			e->used = true;
			return true;
		}
	}
	return false;
}

static void complain(struct suite *s, const char *path, const char *what)
{
	if (is_exception(s, path))
		return;
	diag("%s: %s", path, what);
	s->wrong++;
}

/* ---- directories: each child must be known ---- */

static bool is_known(const struct suite *s, const char *path)
{
	u32 i;

	for (i = 0; i < s->nr_paths; i++)
		if (!strcmp(s->paths[i], path))
			return true;
	return false;
}

struct listing {
	struct dir_emit emit;
	struct suite *s;
	const char *path;
};

static bool check_child(struct dir_emit *e, const char *name, const struct entry *entry, u64 next)
{
	struct listing *l = e->arg;
	char path[MAX_PATH * 2];

	(void)next;
	if (!entry)
		return true;
	snprintf(path, sizeof(path), "%s/%s", l->path, name);
	if (!is_known(l->s, path))
		complain(l->s, path, "is not on the real machine");
	return true;
}

static void check_children(struct suite *s, const char *path, u64 ino)
{
	struct listing l = { .s = s, .path = path };

	l.emit = (struct dir_emit){ .arg = &l, .emit = check_child };
	is_err(tree_readdir(s->f.t, &root, ino, 0, &l.emit), 0, "%s can be listed", path);
}

/* ---- one path ---- */

static const char *type_of(const struct stat *st)
{
	return S_ISDIR(st->st_mode) ? "dir" : S_ISLNK(st->st_mode) ? "symlink" : "file";
}

static void check_target(struct suite *s, const char *path, u64 ino, const char *target)
{
	struct text got;

	text_init(&got);
	tree_readlink(s->f.t, &root, ino, &got);
	text_char(&got, '\0');
	if (strcmp(got.data, target))
		complain(s, path, fixture_format("leads to %s, not %s", got.data, target));
	text_free(&got);
}

static void check_path(struct suite *s, const char *path, char **columns)
{
	const char *type = strcmp(columns[TYPE], "power") ? columns[TYPE] : "dir";
	struct stat st;
	u64 ino;
	int error = tree_walk(s->f.t, &root, path, &ino);

	s->checked++;
	if (!strcmp(type, "missing")) {
		if (error != -ENOENT)
			complain(s, path, "should not be there");
		return;
	}
	if (!error)
		error = tree_getattr(s->f.t, &root, ino, &st);
	if (error) {
		complain(s, path, "is missing");
		return;
	}
	if (strcmp(type_of(&st), type))
		complain(s, path, fixture_format("is a %s, not a %s", type_of(&st), type));
	if ((st.st_mode & 07777) != strtoul(columns[MODE], NULL, 8))
		complain(s, path,
			 fixture_format("has mode %04o, not %s", st.st_mode & 07777,
					columns[MODE]));
	if (!S_ISDIR(st.st_mode) && st.st_size != strtoll(columns[SIZE], NULL, 10))
		complain(s, path,
			 fixture_format("has size %lld, not %s", (long long)st.st_size,
					columns[SIZE]));
	if (!strcmp(type, "dir"))
		check_children(s, path, ino);
}

static void check_link(struct suite *s, const char *path, const char *target)
{
	u64 ino;

	if (!tree_walk(s->f.t, &root, path, &ino))
		check_target(s, path, ino, target);
}

/* ---- rows ---- */

static const char *const power_files[] = { "async",
					   "autosuspend_delay_ms",
					   "control",
					   "runtime_active_kids",
					   "runtime_active_time",
					   "runtime_enabled",
					   "runtime_status",
					   "runtime_suspended_time",
					   "runtime_usage" };

static void remember(struct suite *s, const char *path, const char *type)
{
	u32 i;

	snprintf(s->paths[s->nr_paths++], MAX_PATH, "%s", path);
	for (i = 0; !strcmp(type, "power") && i < ARRAY_SIZE(power_files); i++)
		snprintf(s->paths[s->nr_paths++], MAX_PATH, "%.200s/%s", path, power_files[i]);
	if (s->nr_paths > MAX_PATHS - 16)
		bail_out("more than %d paths", MAX_PATHS);
}

static void remember_row(void *arg, char **columns, const char *name)
{
	remember(arg, reference_name(columns[PATH], name), columns[TYPE]);
}

static void check_row(void *arg, char **columns, const char *name)
{
	const char *path = reference_name(columns[PATH], name);

	check_path(arg, path, columns);
	if (!strcmp(columns[TYPE], "symlink"))
		check_link(arg, path, reference_name(columns[TARGET], name));
}

static void check_machine(struct suite *s, char digit, const char *name, const char *manifest)
{
	s->machine = digit;
	s->nr_paths = s->checked = s->wrong = 0;
	if (!fixture_open(&s->f, name, NULL))
		bail_out("%s", s->f.why);
	reference_rows(manifest, digit, NAMES, remember_row, s);
	reference_rows(manifest, digit, NAMES, check_row, s);
	fixture_close(&s->f);
	is_int(s->wrong, 0, "%s: %u paths are as on the real machine", name, s->checked);
}

static void read_exceptions(struct suite *s, char *text)
{
	char *line, *save, *columns[REFERENCE_COLUMNS];

	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (line[0] == '#')
			continue;
		if (split_columns(line, columns) < 3 ||
		    s->nr_exceptions == ARRAY_SIZE(s->exceptions))
			bail_out("bad exception: %s", line);
		s->exceptions[s->nr_exceptions++] =
			(struct exception){ columns[0], columns[1], false };
	}
}

int main(void)
{
	static struct suite s;
	char *manifest = file_text("tests/data/manifest.tsv");
	char *exceptions = file_text("tests/data/manifest-exceptions.tsv");
	u32 i;

	s.paths = calloc(MAX_PATHS, MAX_PATH);
	if (!manifest || !exceptions || !s.paths)
		bail_out("no reference: tests/data/manifest.tsv, manifest-exceptions.tsv");
	read_exceptions(&s, exceptions);
	for (i = 0; i < ARRAY_SIZE(reference_machines); i++)
		check_machine(&s, (char)('1' + i), reference_machines[i], manifest);
	for (i = 0; i < s.nr_exceptions; i++)
		ok(s.exceptions[i].used, "%s is an exception", s.exceptions[i].path);
	free(s.paths);
	free(manifest);
	free(exceptions);
	return done_testing();
}
