/*
 * script.c - a shell script that captures as `mmanfs capture` does, for machines without mmanfs.
 *
 * Which files it takes is asked of the reader that captures (host.c, host_process.c): it reads a
 * machine that has one of each thing, under a number that no thing has, and what it asks for
 * becomes a pattern. So a file that the reader learns to want is in the script as well.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs/twin/anonymize.h"
#include "fs/twin/capture.h"
#include "fs/twin/host.h"
#include "fs/twin/twin.h"

#define ONE   "4194303" /* the number that each thing has */
#define OTHER "4194302" /* a thread's, which is not its process's */
#define ANY   "[0-9]*"

struct wish {
	char kind; /* 'f' file, 'k' knob, 'l' link; 'n' the names in ->dir, which are ->name */
	char *dir, *name;
};

struct wishes {
	struct wish *wish;
	size_t nr, max;
	bool failed;
};

/* ---- asking the reader ---- */

/* "/proc/4194303/stat" is "/proc/[0-9]*" and "stat". */
static char *as_pattern(const char *path, size_t size)
{
	struct text t;
	const char *end = path + size;

	text_init(&t);
	while (path < end) {
		if (!strncmp(path, ONE, sizeof(ONE) - 1) ||
		    !strncmp(path, OTHER, sizeof(OTHER) - 1)) {
			text_str(&t, ANY);
			path += sizeof(ONE) - 1;
		} else {
			text_char(&t, *path++);
		}
	}
	text_char(&t, '\0');
	if (text_error(&t))
		text_free(&t);
	return t.data;
}

/* Who is known to be a knob is not a file as well. */
static bool is_known(const struct wishes *w, char kind, const char *dir, const char *name)
{
	size_t i;

	for (i = 0; i < w->nr; i++)
		if (!strcmp(w->wish[i].dir, dir) && !strcmp(w->wish[i].name, name) &&
		    (w->wish[i].kind == kind || (w->wish[i].kind == 'k' && kind == 'f')))
			return true;
	return false;
}

static void wish_for(struct wishes *w, char kind, const char *in, size_t in_size, const char *what)
{
	char *dir = as_pattern(in, in_size), *name = as_pattern(what, strlen(what));
	struct wish *grown;

	if (dir && name && is_known(w, kind, dir, name)) {
		free(dir);
		free(name);
		return;
	}
	if (w->nr == w->max) {
		size_t max = w->max ? 2 * w->max : 64;

		grown = realloc(w->wish, max * sizeof(*grown));
		if (grown) {
			w->wish = grown;
			w->max = max;
		}
	}
	if (!dir || !name || w->nr == w->max) {
		w->failed = true;
		free(dir);
		free(name);
		return;
	}
	w->wish[w->nr++] = (struct wish){ kind, dir, name };
}

static void wish_for_file(struct wishes *w, char kind, const char *path)
{
	const char *slash = strrchr(path, '/');

	wish_for(w, kind, path, (size_t)(slash - path), slash + 1);
}

/* Nothing stands in any file, but each is there. */
static int read_nothing(void *ctx, const char *path, struct text *to)
{
	if (*path != '/')
		return -ENOENT;
	wish_for_file(ctx, 'f', path);
	text_char(to, '\n');
	return 0;
}

static int list_one(void *ctx, const char *dir, char ***names)
{
	static const struct {
		const char *dir, *name;
	} numbered[] = {
		{ "/proc", ONE },
		{ "/task", OTHER },
		{ "/sys/devices/system/node", "node" ONE },
	};
	struct slice path = { dir, strlen(dir) };
	const char *name = "*";
	size_t i;

	for (i = 0; i < ARRAY_SIZE(numbered); i++)
		if (slice_ends(path, numbered[i].dir))
			name = numbered[i].name;
	wish_for(ctx, 'n', dir, path.size, name);
	*names = calloc(2, sizeof(**names));
	if (!*names || !(**names = strdup(name)))
		((struct wishes *)ctx)->failed = true;
	return *names && **names ? 1 : 0;
}

static ssize_t link_somewhere(void *ctx, const char *path, char *to, size_t size)
{
	wish_for_file(ctx, 'l', path);
	return size > 1 ? (strcpy(to, "/"), 1) : -ENAMETOOLONG;
}

static bool every_knob(void *ctx, const char *path)
{
	wish_for_file(ctx, 'k', path);
	return true;
}

static int ask_reader(struct wishes *w)
{
	struct host_source source = { .read = read_nothing,
				      .list = list_one,
				      .link = link_somewhere,
				      .is_knob = every_knob,
				      .ctx = w };
	struct text nothing;
	int error;

	text_init(&nothing);
	error = twin_capture_source(source, false, &nothing, NULL);
	text_free(&nothing);
	return error == -ENOMEM || w->failed ? -ENOMEM : 0;
}

/* ---- as lines of the script ---- */

static bool is_below(const struct wish *wish, const struct wish *list)
{
	size_t n = strlen(list->dir), m = strlen(list->name);
	const char *after = wish->dir + n;

	if (strncmp(wish->dir, list->dir, n))
		return false;
	if (!*after)
		return !strcmp(wish->name, list->name);
	return *after == '/' && !strncmp(after + 1, list->name, m) &&
	       (!after[1 + m] || after[1 + m] == '/');
}

/* Somebody looks at the names alone, and not at what has them. */
static bool is_list_wanted(const struct wishes *w, const struct wish *list)
{
	size_t i;

	for (i = 0; i < w->nr; i++)
		if (w->wish[i].kind != 'n' && is_below(&w->wish[i], list))
			return false;
	return true;
}

/* "files '/proc/[0-9]*' stat status ...": with the first of a directory stand the others. */
static void print_files(const struct wishes *w, size_t first, struct text *out)
{
	const struct wish *wish = w->wish;
	size_t i;

	for (i = 0; i < first; i++)
		if (wish[i].kind == 'f' && !strcmp(wish[i].dir, wish[first].dir))
			return;
	text_printf(out, "files '%s'", wish[first].dir);
	for (i = first; i < w->nr; i++)
		if (wish[i].kind == 'f' && !strcmp(wish[i].dir, wish[first].dir))
			text_printf(out, " %s", wish[i].name);
	text_char(out, '\n');
}

static void print_wishes(const struct wishes *w, struct text *out)
{
	size_t i;

	for (i = 0; i < w->nr; i++) {
		const struct wish *wish = &w->wish[i];

		if (wish->kind == 'f')
			print_files(w, i, out);
		else if (wish->kind == 'k')
			text_printf(out, "knobs '%s' '%s'\n", wish->dir, wish->name);
		else if (wish->kind == 'l')
			text_printf(out, "links '%s/%s'\n", wish->dir, wish->name);
		else if (is_list_wanted(w, wish))
			text_printf(out, "names '%s'\n", wish->dir);
	}
}

/* ---- the script ---- */

/* The texts of capture.sh and capture.awk, with a zero behind them. */
#define TEXT_OF(symbol, file)                                                                  \
	__asm__(".section .rodata\n" #symbol ":\n.incbin \"" file "\"\n.byte 0\n.previous\n"); \
	extern const char symbol[] __attribute__((visibility("hidden")))

TEXT_OF(capture_sh, "fs/twin/capture.sh");
TEXT_OF(capture_awk, "fs/twin/capture.awk");

static void print_split(struct text *out, const char *words, const char *into)
{
	text_printf(out,
		    "\tn = split(\"%s\", list, \" \")\n"
		    "\tfor (i = 1; i <= n; i++)\n\t\t%s[list[i]] = 1\n",
		    words, into);
}

static void print_rules(struct text *out)
{
	size_t i;

	print_split(out, anonymize_common, "common");
	print_split(out, anonymize_parameters, "parameter");
	print_split(out, anonymize_memory, "memory");
	print_split(out, anonymize_mappings, "mapping");
	for (i = 0; i < anonymize_nr_rules; i++)
		text_printf(out, "\trule[%zu] = \"%s\"; kind[%zu] = \"%s\"\n", i + 1,
			    anonymize_rules[i].path, i + 1,
			    anonymize_kind_words[anonymize_rules[i].kind]);
	text_printf(out, "\trules = %zu\n", anonymize_nr_rules);
}

/* @text up to the line @mark; returns what is behind it. */
static const char *print_before(struct text *out, const char *text, const char *mark)
{
	const char *at = strstr(text, mark);

	text_mem(out, text, (size_t)(at - text));
	return at + strlen(mark);
}

int twin_capture_script(struct text *out)
{
	struct wishes w = { .nr = 0 };
	const char *sh, *awk;
	int error = ask_reader(&w);
	size_t i;

	if (!error) {
		sh = print_before(out, capture_sh, "@files@\n");
		print_wishes(&w, out);
		sh = print_before(out, sh, "@awk@\n");
		awk = print_before(out, capture_awk, "@rules@\n");
		print_rules(out);
		text_str(out, awk);
		text_str(out, sh);
	}
	for (i = 0; i < w.nr; i++) {
		free(w.wish[i].dir);
		free(w.wish[i].name);
	}
	free(w.wish);
	return error ? error : text_error(out) ? -ENOMEM : 0;
}
