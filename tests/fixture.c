#include "tests/fixture.h"

#include <mman/lab.h>

#include "fs/machine_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tap.h"

static int load(struct machine_config *config, const char *machine, char *why, size_t size)
{
	return strchr(machine, '\n') ? machine_file_parse(config, machine, "test", why, size) :
				       machine_file_load(config, machine, why, size);
}

bool fixture_open(struct fixture *f, const char *machine, const char *cmdline)
{
	struct machine_config *config = calloc(1, sizeof(*config));

	memset(f, 0, sizeof(*f));
	text_init(&f->text);
	if (config && !load(config, machine, f->why, sizeof(f->why)) &&
	    (!cmdline || !machine_add_cmdline(config, cmdline, f->why, sizeof(f->why))))
		f->m = machine_create(config, f->why, sizeof(f->why));
	free(config);
	f->t = f->m ? tree_create(f->m) : NULL;
	return f->t;
}

void fixture_close(struct fixture *f)
{
	text_free(&f->text);
	tree_destroy(f->t);
	if (f->m)
		machine_destroy(f->m);
	memset(f, 0, sizeof(*f));
}

int fixture_error(struct fixture *f, const char *path)
{
	text_reset(&f->text);
	return tree_read_file(f->t, path, &f->text);
}

const char *fixture_read(struct fixture *f, const char *path)
{
	if (fixture_error(f, path) < 0)
		text_reset(&f->text);
	text_char(&f->text, '\0');
	return text_error(&f->text) ? "" : f->text.data;
}

ssize_t fixture_write(struct fixture *f, const char *path, const char *text)
{
	return tree_write_file(f->t, path, text, strlen(text));
}

/* Opens @path as @uid; 0 or -errno. */
static int open_as(struct fixture *f, const struct caller *c, const char *path, int flags,
		   struct open_file **file)
{
	u64 ino;
	int error = tree_walk(f->t, c, path, &ino);

	return error ? error : tree_open(f->t, c, ino, flags, file);
}

ssize_t fixture_read_as(struct fixture *f, u32 uid, const char *path)
{
	struct caller c = { .uid = uid, .gid = uid };
	struct open_file *file;
	char buffer[4096];
	ssize_t n;
	int error = open_as(f, &c, path, O_RDONLY, &file);

	if (error)
		return error;
	n = tree_read(f->t, &c, file, buffer, sizeof(buffer), 0);
	text_reset(&f->text);
	if (n > 0)
		text_mem(&f->text, buffer, (size_t)n);
	text_char(&f->text, '\0');
	tree_release(f->t, &c, file);
	return n;
}

ssize_t fixture_write_as(struct fixture *f, u32 uid, const char *path, const char *data,
			 size_t size)
{
	struct caller c = { .uid = uid, .gid = uid };
	struct open_file *file;
	ssize_t n;
	int error = open_as(f, &c, path, O_WRONLY, &file);

	if (error)
		return error;
	n = tree_write(f->t, &c, file, data, size, 0);
	tree_release(f->t, &c, file);
	return n;
}

const char *fixture_format(const char *format, ...)
{
	static char ring[16][512];
	static unsigned int next;
	char *to = ring[next++ % ARRAY_SIZE(ring)];
	va_list args;

	va_start(args, format);
	vsnprintf(to, sizeof(ring[0]), format, args);
	va_end(args);
	return to;
}

s64 text_value(const char *text, const char *key)
{
	size_t length = strlen(key);
	const char *at = text;

	while (at && *at) {
		if (!strncmp(at, key, length) && (at[length] == ' ' || at[length] == '\t'))
			return strtoll(at + length, NULL, 10);
		at = strchr(at, '\n');
		if (at)
			at++;
	}
	return -1;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static size_t count_digits(const char *s)
{
	size_t n = 0;

	while (is_digit(s[n]))
		n++;
	return n;
}

/* Compares up to the end of a line in either; moves both past it. */
static bool same_line(const char **got, const char **want)
{
	const char *g = *got, *w = *want;
	bool same = true, after_letter = false;

	while (same && *w && *w != '\n') {
		size_t gb = strspn(g, " "), wb = strspn(w, " ");
		size_t gd = count_digits(g + gb), wd = count_digits(w + wb);

		if (gd && wd && (gb || wb || !after_letter)) {
			same = gb == wb || gb + gd == wb + wd;
			g += gb + gd;
			w += wb + wd;
			after_letter = false;
		} else {
			after_letter = is_letter(*w) || (after_letter && is_digit(*w));
			same = *g++ == *w++;
		}
	}
	same &= *g == *w || (*w == '\n' && !*g) || (*g == '\n' && !*w);
	*got = strchr(*got, '\n') ? strchr(*got, '\n') + 1 : *got + strlen(*got);
	*want = strchr(*want, '\n') ? strchr(*want, '\n') + 1 : *want + strlen(*want);
	return same;
}

bool same_layout(const char *got, const char *want)
{
	bool same = true;

	while (*got || *want) {
		const char *g = got, *w = want;

		if (!same_line(&got, &want)) {
			diag("got  %.*s", (int)strcspn(g, "\n"), g);
			diag("want %.*s", (int)strcspn(w, "\n"), w);
			same = false;
		}
	}
	return same;
}

char *file_text(const char *path)
{
	FILE *file = fopen(path, "r");
	size_t length = 0, n;
	char *text = NULL, *grown;

	if (!file)
		return NULL;
	do {
		grown = realloc(text, length + 4097);
		if (!grown)
			break;
		text = grown;
		n = fread(text + length, 1, 4096, file);
		length += n;
		text[length] = '\0';
	} while (n == 4096);
	fclose(file);
	return text;
}

u32 fixture_process(struct fixture *f, const char *name, u32 uid)
{
	handle_t lab, task;

	if (lab_create(f->m, name, &lab))
		bail_out("no process");
	task = lab_at(f->m, lab)->task;
	task_at(f->m, task)->uid = task_at(f->m, task)->gid = uid;
	return task_at(f->m, task)->pid;
}
