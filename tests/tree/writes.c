/*
 * Every write that a real 6.1 kernel was asked outside of control groups, with its answer
 * (tests/data/writes.tsv): result or errno, the value after it, and what else changed.
 *
 * The file: a line "@ PROFILE PATH WATCH..." begins a group, each other line is a write:
 *	BYTES RESULT BEFORE AFTER FLAGS WATCHED...	separated by tabs
 * BYTES are C-escaped, or REP(c,n). BEFORE "." is that of the line above, AFTER "=" is BEFORE.
 * FLAGS: u as uid 65534; r the file is read-only, and its text is the machine's own. WATCHED is
 * "before>after" of one WATCH path. A row finds its value before in place or has it put there; $P
 * and $Q are a process of root and one of uid 65534.
 *
 * What cannot be had is in tests/data/writes-exceptions.tsv, each with its reason. An exception
 * that is not needed is an error too.
 */
#include "tests/fixture.h"
#include "tests/identities.h"
#include "tests/lines.h"
#include "tests/oracle/lib/language.h"
#include "tests/reference.h"
#include "tests/tap.h"

#include <mman/hugetlb.h>
#include <mman/lab.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BYTES 8192
#define NOBODY	  65534u

struct exception {
	const char *profile, *path, *bytes; /* bytes "*": all */
	bool used;
};

struct suite {
	struct fixture f;
	char profile[32];
	u32 p, q; /* processes */
	/* the group */
	const char *path;
	const char *watch[REFERENCE_COLUMNS];
	u32 nr_watch;
	char before[1024];
	u32 rows, failures;
	/* all */
	struct exception exceptions[512];
	u32 nr_exceptions;
	u32 total, excepted;
};

static void escape_bytes(const char *s, size_t size, char *out, size_t room)
{
	size_t n = 0, i;

	for (i = 0; i < size && n + 5 < room; i++) {
		if (s[i] == '\n' || s[i] == '\t' || s[i] == '\0') {
			out[n++] = '\\';
			out[n++] = s[i] == '\n' ? 'n' : s[i] == '\t' ? 't' : '0';
		} else {
			out[n++] = s[i];
		}
	}
	out[n] = '\0';
}

/* ---- the tree ---- */

/* A path with $P and $Q put in. */
static const char *real_path(const struct suite *s, const char *path)
{
	const char *at = strchr(path, '$');

	if (!at)
		return path;
	return fixture_format("%.*s%u%s", (int)(at - path), path, at[1] == 'P' ? s->p : s->q,
			      at + 2);
}

static bool is_write_only(struct suite *s, u64 ino)
{
	static const struct caller root;
	struct stat st;

	return !tree_getattr(s->f.t, &root, ino, &st) && !(st.st_mode & 0444);
}

/* The value as the reference has it: escaped text, <write-only>, <open:ENOENT> or <read:EISDIR>. */
static void value_of(struct suite *s, const char *path, char *out, size_t room)
{
	static const struct caller root;
	u64 ino;
	int error = tree_walk(s->f.t, &root, real_path(s, path), &ino);

	if (!error && is_write_only(s, ino)) {
		snprintf(out, room, "<write-only>");
		return;
	}
	if (error) {
		snprintf(out, room, "<open:%s>", strerrorname_np(-error));
		return;
	}
	error = fixture_error(&s->f, real_path(s, path));
	if (error < 0)
		snprintf(out, room, "<read:%s>", strerrorname_np(-error));
	else
		escape_bytes(s->f.text.data, s->f.text.length, out, room);
}

static void result_of(struct suite *s, bool nobody, const char *data, size_t size, char *out,
		      size_t room)
{
	struct caller c = { .uid = nobody ? NOBODY : 0, .gid = nobody ? NOBODY : 0 };
	struct open_file *file;
	ssize_t n;
	u64 ino;
	int error = tree_walk(s->f.t, &c, real_path(s, s->path), &ino);

	if (!error)
		error = tree_open(s->f.t, &c, ino, O_WRONLY, &file);
	if (error) {
		snprintf(out, room, "open:%s", strerrorname_np(-error));
		return;
	}
	n = tree_write(s->f.t, &c, file, data, size, 0);
	tree_release(s->f.t, &c, file);
	if (n < 0)
		snprintf(out, room, "%s", strerrorname_np((int)-n));
	else
		snprintf(out, room, "%zd", n);
}

/* ---- the value before ---- */

/* Make @path read @want: write it, or what stands in its brackets. */
static bool put(struct suite *s, const char *path, const char *want)
{
	char now[1024], bytes[1024], *open, *close;
	size_t size;

	value_of(s, path, now, sizeof(now));
	if (!strcmp(now, want))
		return true;
	size = unescape(want, bytes);
	bytes[size] = '\0';
	open = strchr(bytes, '[');
	close = open ? strchr(open, ']') : NULL;
	if (close) {
		memmove(bytes, open + 1, (size_t)(close - open - 1));
		size = (size_t)(close - open - 1);
	}
	/* shown without its prefix */
	if (strstr(path, "coredump_filter")) {
		memmove(bytes + 2, bytes, size);
		memcpy(bytes, "0x", 2);
		size += 2;
	}
	tree_write_file(s->f.t, real_path(s, path), bytes, size);
	value_of(s, path, now, sizeof(now));
	return !strcmp(now, want);
}

/* A block that is to lie in ZONE_MOVABLE must have been onlined so. */
static void put_movable(struct suite *s, char *const *watched)
{
	u32 i;

	for (i = 0; i < s->nr_watch; i++) {
		char now[1024];

		if (!strstr(s->watch[i], "valid_zones") || strncmp(watched[i], "Movable\\n", 9))
			continue;
		value_of(s, s->watch[i], now, sizeof(now));
		if (strcmp(now, "Movable\\n")) {
			char state[512];

			snprintf(state, sizeof(state), "%.*s/state",
				 (int)(strrchr(s->watch[i], '/') - s->watch[i]), s->watch[i]);
			fixture_write(&s->f, state, "offline");
			fixture_write(&s->f, state, "online_movable");
		}
	}
}

static bool put_before(struct suite *s, const char *before, char *const *watched)
{
	bool same = put(s, s->path, before);
	u32 i;

	put_movable(s, watched);
	for (i = 0; i < s->nr_watch; i++) {
		const char *end = strrchr(watched[i], '>');
		char want[1024];

		snprintf(want, sizeof(want), "%.*s", (int)(end - watched[i]), watched[i]);
		put(s, s->watch[i], want);
	}
	return same || put(s, s->path, before);
}

/* ---- a row ---- */

static struct exception *find_exception(struct suite *s, const char *bytes)
{
	u32 i;

	for (i = 0; i < s->nr_exceptions; i++) {
		struct exception *e = &s->exceptions[i];

		if (!strcmp(e->profile, s->profile) && !strcmp(e->path, s->path) &&
		    (!strcmp(e->bytes, "*") || !strcmp(e->bytes, bytes)))
			return e;
	}
	return NULL;
}

static u32 differs(const char *what, const char *got, const char *want, char *report, size_t room)
{
	size_t length = strlen(report);

	if (!strcmp(got, want))
		return 0;
	snprintf(report + length, room - length, " %s is %.200s, not %.200s;", what, got, want);
	return 1;
}

static u32 check_watched(struct suite *s, char *const *watched, char *report, size_t room)
{
	u32 i, failures = 0;

	for (i = 0; i < s->nr_watch; i++) {
		char now[1024], want[1024];
		char *end = strrchr(watched[i], '>');

		if (!strcmp(end, ">="))
			snprintf(want, sizeof(want), "%.*s", (int)(end - watched[i]), watched[i]);
		else
			snprintf(want, sizeof(want), "%s", end + 1);
		value_of(s, s->watch[i], now, sizeof(now));
		failures += differs(s->watch[i], now, want, report, room);
	}
	return failures;
}

/* The write itself, and what differs: how much, and what in @report. */
static u32 try_row(struct suite *s, char **columns, u32 nr, char *report, size_t room)
{
	static char bytes[MAX_BYTES];
	char result[64], after[1024];
	const char *flags = nr > 4 ? columns[4] : "", *want_after = nr > 3 ? columns[3] : "";
	bool compare = !strchr(flags, 'r') && strcmp(s->before, "?");
	size_t size = unescape(columns[0], bytes);
	u32 failures = 0;

	report[0] = '\0';
	if (compare && !put_before(s, s->before, columns + 5)) {
		value_of(s, s->path, after, sizeof(after));
		failures += differs("the value before", after, s->before, report, room);
	}

	result_of(s, strchr(flags, 'u'), bytes, size, result, sizeof(result));
	failures += differs("the result", result, columns[1], report, room);
	if (compare) {
		value_of(s, s->path, after, sizeof(after));
		failures += differs("the value after", after,
				    strcmp(want_after, "=") ? want_after : s->before, report, room);
		failures += check_watched(s, columns + 5, report, room);
	}
	return failures;
}

/* Which node gives the next huge page depends on writes that are not in the file. */
static void pass_turn(struct suite *s)
{
	struct hstate *h = hugetlb_default(s->f.m);

	h->next_nid_to_alloc = (h->next_nid_to_alloc + 1) % s->f.m->nr_nodes;
}

static void run_row(struct suite *s, char **columns, u32 nr)
{
	struct exception *e = find_exception(s, columns[0]);
	char report[2048];
	u32 failures, turn, before;

	if (nr > 2 && strcmp(columns[2], "."))
		snprintf(s->before, sizeof(s->before), "%s", columns[2]);
	if (nr < 3)
		s->before[0] = '\0';
	before = hugetlb_default(s->f.m)->next_nid_to_alloc;
	failures = try_row(s, columns, nr, report, sizeof(report));
	for (turn = 1; failures && strstr(s->path, "nr_hugepages") && turn < s->f.m->nr_nodes;
	     turn++) {
		put_before(s, s->before, columns + 5);
		hugetlb_default(s->f.m)->next_nid_to_alloc = before;
		pass_turn(s);
		failures = try_row(s, columns, nr, report, sizeof(report));
	}

	s->total++;
	s->rows++;
	if (e && failures) {
		e->used = true;
		s->excepted++;
		return;
	}
	if (failures) {
		diag("%s: write \"%.60s\" to %s:%s", s->profile, columns[0], s->path, report);
		s->failures++;
	}
}

/* ---- groups ---- */

static u32 make_process(struct suite *s, const char *name, u32 uid)
{
	handle_t lab, task;

	if (lab_create(s->f.m, name, &lab))
		bail_out("no process");
	task = ((struct lab_process *)pool_at(&s->f.m->tasks.labs, lab))->task;
	task_at(s->f.m, task)->uid = task_at(s->f.m, task)->gid = uid;
	return task_at(s->f.m, task)->pid;
}

static void open_profile(struct suite *s, const char *profile)
{
	if (!strcmp(s->profile, profile))
		return;
	if (s->profile[0]) {
		check_identities(s->f.t, fixture_format("after all writes to %s", s->profile));
		fixture_close(&s->f);
	}
	snprintf(s->profile, sizeof(s->profile), "%s", profile);
	if (!fixture_open(&s->f, profile, NULL))
		bail_out("%s", s->f.why);
	s->p = make_process(s, "sleep", 0);
	s->q = make_process(s, "qproc", NOBODY);
}

static void end_group(struct suite *s)
{
	if (s->rows)
		ok(s->failures == 0, "%s: %s takes and refuses %u writes as a real kernel does",
		   s->profile, s->path, s->rows);
	s->rows = s->failures = 0;
}

static void begin_group(struct suite *s, char **columns, u32 nr)
{
	u32 i;

	/* the same file with other watches goes on */
	if (strcmp(s->profile, columns[1]) || strcmp(s->path ? s->path : "", columns[2]))
		end_group(s);
	open_profile(s, columns[1]);
	s->path = columns[2];
	s->nr_watch = nr - 3;
	for (i = 0; i < s->nr_watch; i++)
		s->watch[i] = columns[3 + i];
}

static void read_exceptions(struct suite *s, char *text)
{
	char *line, *columns[REFERENCE_COLUMNS];

	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		struct exception *e = &s->exceptions[s->nr_exceptions];

		if (line[0] == '#')
			continue;
		if (split_columns(line, columns) < 4 ||
		    s->nr_exceptions == ARRAY_SIZE(s->exceptions))
			bail_out("bad exception: %s", line);
		*e = (struct exception){ columns[0], columns[1], columns[2], false };
		s->nr_exceptions++;
	}
}

int main(void)
{
	static struct suite s;
	char *text = file_text("tests/data/writes.tsv"), *at = text, *line,
	     *columns[REFERENCE_COLUMNS];
	char *exceptions = file_text("tests/data/writes-exceptions.tsv");
	u32 i, nr, unused = 0;

	if (!text || !exceptions)
		bail_out("no reference: tests/data/writes.tsv, writes-exceptions.tsv");
	read_exceptions(&s, exceptions);
	while ((line = cut_line(&at))) {
		nr = split_columns(line, columns);
		if (!strcmp(columns[0], "@"))
			begin_group(&s, columns, nr);
		else
			run_row(&s, columns, nr);
	}
	end_group(&s);
	check_identities(s.f.t, fixture_format("after all writes to %s", s.profile));
	fixture_close(&s.f);

	for (i = 0; i < s.nr_exceptions; i++) {
		if (s.exceptions[i].used)
			continue;
		diag("not needed: %s %s %s", s.exceptions[i].profile, s.exceptions[i].path,
		     s.exceptions[i].bytes);
		unused++;
	}
	is_int(unused, 0, "every exception is one");
	diag("%u writes, %u of them exceptions", s.total, s.excepted);
	free(text);
	free(exceptions);
	return done_testing();
}
