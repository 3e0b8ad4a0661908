/* steps.c - the steps about files, swap, time, groups, nodes and the kernel's log. */
#include "tests/oracle/lib/steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 4096ull

static void say_error(struct run *r, int error)
{
	answer(r, "%s", error ? error_name(error) : "ok");
}

static void step_ctl(struct run *r, char *rest)
{
	say_error(r, r->s->machine(r->s, rest));
}

static void step_wait(struct run *r, char *rest)
{
	r->s->wait(r->s, (unsigned int)strtoul(rest, NULL, 10));
}

/* ---- what goes with the case ---- */

static void note(char list[NAMES_MAX][64], unsigned int *nr, const char *name)
{
	if (*nr < NAMES_MAX)
		snprintf(list[(*nr)++], 64, "%s", name);
}

static void step_file(struct run *r, char *rest)
{
	const char *path = word(&rest);
	int error = r->s->file(r->s, path, true);

	if (error)
		say_error(r, error);
	else
		note(r->files, &r->nr_files, path);
}

static void step_mkdir(struct run *r, char *rest)
{
	const char *path = word(&rest);
	int error = r->s->directory(r->s, path, true);

	if (!error)
		note(r->directories, &r->nr_directories, path);
	say_error(r, error);
}

static void step_rmdir(struct run *r, char *rest)
{
	say_error(r, r->s->directory(r->s, word(&rest), false));
}

void end_steps(struct run *r)
{
	while (r->nr_files)
		r->s->file(r->s, r->files[--r->nr_files], false);
	while (r->nr_directories)
		r->s->directory(r->s, r->directories[--r->nr_directories], false);
}

/* ---- processes ---- */

static void step_status(struct run *r, char *rest)
{
	answer(r, "%s", r->s->alive(r->s, word(&rest)) ? "alive" : "gone");
}

static void step_attach(struct run *r, char *rest)
{
	const char *name = word(&rest), *path = word(&rest);
	bool open_failed = false;
	char number[16];
	ssize_t n;

	snprintf(number, sizeof(number), "%d", r->s->pid(r->s, name));
	n = r->s->write(r->s, path, number, strlen(number), &open_failed);
	say_error(r, n < 0 ? (int)n : 0);
}

static void step_splits(struct run *r, char *rest)
{
	const char *name = word(&rest), *region = word(&rest);
	char line[128], said[256], path[64];
	long long limit, lines = 0;
	unsigned long long page;
	const char *at;
	int error = 0;

	for (page = 0; !error && page < 1u << 20; page++) {
		snprintf(line, sizeof(line), "mprotect %s r %llu 4096", region, 2 * page * PAGE);
		error = r->s->command(r->s, name, line, said, sizeof(said));
	}
	read_text(r, "proc/sys/vm/max_map_count");
	limit = strtoll(r->text, NULL, 10);
	snprintf(path, sizeof(path), "proc/%d/maps", r->s->pid(r->s, name));
	read_text(r, path);
	for (at = r->text; (at = strchr(at, '\n')); at++)
		lines++;
	answer(r, "%+lld, then %s", lines - limit, error_name(error));
}

static void step_floor(struct run *r, char *rest)
{
	const char *name = word(&rest), *region = word(&rest);
	char line[128], said[256];
	long long floor, free = 0;
	unsigned int chunk;
	bool held = true;
	int error = 0;

	read_text(r, "proc/sys/vm/min_free_kbytes");
	floor = strtoll(r->text, NULL, 10);
	for (chunk = 0; !error && chunk < 1u << 20; chunk++) {
		snprintf(line, sizeof(line), "write %s %uM 4M", region, 4 * chunk);
		error = r->s->command(r->s, name, line, said, sizeof(said));
		read_text(r, "proc/meminfo");
		if (!error && number_behind(r->text, "MemFree:", &free))
			held &= free >= floor;
	}
	answer(r, "the floor %s, then %s", held ? "held" : "gave way", error_name(error));
}

static void step_numa(struct run *r, char *rest)
{
	unsigned long long start;
	char *line, *save;

	if (!process_file(r, word(&rest), "numa_maps"))
		return;
	for (line = strtok_r(r->text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		start = strtoull(line, NULL, 16);
		if (start >= WINDOW_START && start < WINDOW_END)
			answer(r, "%s", line);
	}
}

/* ---- files with positions ---- */

static void step_peek(struct run *r, char *rest)
{
	static char bytes[256], shown[1200];
	const char *path = real_path(r, word(&rest));
	unsigned long long offset = strtoull(word(&rest), NULL, 0);
	size_t length = strtoul(rest, NULL, 0);
	ssize_t n = r->s->at(r->s, path, offset, bytes,
			     length < sizeof(bytes) ? length : sizeof(bytes), false);

	escape(bytes, n > 0 ? (size_t)n : 0, shown, sizeof(shown));
	answer(r, "%s", n < 0 ? error_name(n) : shown);
}

static void step_poke(struct run *r, char *rest)
{
	const char *path = real_path(r, word(&rest));
	unsigned long long offset = strtoull(word(&rest), NULL, 0);
	ssize_t n = r->s->at(r->s, path, offset, r->more, unescape(rest, r->more), true);

	if (n < 0)
		answer(r, "%s", error_name(n));
	else
		answer(r, "%zd", n);
}

/* ---- the kernel's log ---- */

struct wanted {
	struct run *r;
	const char *texts;
};

static void take_record(void *arg, const char *record)
{
	struct wanted *w = arg;
	const char *at = w->texts;
	char one[128];

	while (*at) {
		size_t length = strcspn(at, "|");

		snprintf(one, sizeof(one), "%.*s", (int)length, at);
		if (strstr(record, one)) {
			answer(w->r, "%s", record);
			return;
		}
		at += length + (at[length] == '|');
	}
}

static void step_log(struct run *r, char *rest)
{
	struct wanted w = { r, rest };

	r->s->log(r->s, take_record, &w);
}

const struct step more_steps[] = {
	{ "ctl", step_ctl },	   { "wait", step_wait },     { "file", step_file },
	{ "mkdir", step_mkdir },   { "rmdir", step_rmdir },   { "status", step_status },
	{ "attach", step_attach }, { "splits", step_splits }, { "numa", step_numa },
	{ "floor", step_floor },   { "peek", step_peek },     { "poke", step_poke },
	{ "log", step_log },
};
const size_t nr_more_steps = sizeof(more_steps) / sizeof(more_steps[0]);
