/*
 * machine_load.c - where a machine's description comes from: a preset, a file, the command line.
 */
#include "fs/machine_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (1u << 20)

static char *read_file(const char *path, int *error)
{
	FILE *f = fopen(path, "re");
	char *text = f ? malloc(FILE_MAX + 1) : NULL;
	size_t n;

	*error = f ? -ENOMEM : -errno;
	if (!text)
		goto out;
	n = fread(text, 1, FILE_MAX, f);
	*error = ferror(f) ? -errno : n == FILE_MAX ? -EFBIG : 0;
	text[n] = '\0';
	if (!*error && strlen(text) != n)
		*error = -EINVAL; /* a NUL byte: no text */
	if (*error) {
		free(text);
		text = NULL;
	}
out:
	if (f)
		fclose(f);
	return text;
}

int machine_file_load(struct machine_config *c, const char *name, char *why, size_t why_size)
{
	const char *preset = preset_text(name);
	char *text;
	int error;

	if (preset)
		return machine_file_parse(c, preset, name, why, why_size);
	text = read_file(name, &error);
	if (!text) {
		snprintf(why, why_size, "%s: %s", name,
			 error == -ENOENT && !strchr(name, '/') ? "no such preset or machine file" :
			 error == -EINVAL			? "not a text file" :
								  strerror(-error));
		return error;
	}
	error = machine_file_parse(c, text, name, why, why_size);
	free(text);
	return error;
}

int machine_add_cmdline(struct machine_config *c, const char *text, char *why, size_t why_size)
{
	const char *init = strstr(c->cmdline, " -- ");
	size_t have = strlen(c->cmdline), length = strlen(text);
	size_t at = init ? (size_t)(init - c->cmdline) : have;
	size_t blank = at && c->cmdline[at - 1] != ' ';

	if (have + blank + length >= sizeof(c->cmdline)) {
		snprintf(why, why_size, "the kernel command line is longer than %d characters",
			 CMDLINE_MAX - 1);
		return -E2BIG;
	}
	memmove(c->cmdline + at + blank + length, c->cmdline + at, have - at + 1);
	if (blank)
		c->cmdline[at++] = ' ';
	memcpy(c->cmdline + at, text, length);
	return 0;
}
