/* source.c - files of a running system, or of a folder that holds copies of them. */
#include "fs/twin/source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/twin/capture.h"

#define CHUNK 65536u

/* "": out of room, which no path is. */
static const char *full_path(const char *root, const char *path, char out[PATH_MAX])
{
	const char *slash = *path == '/' || !*root ? "" : "/";

	if (snprintf(out, PATH_MAX, "%s%s%s", root, slash, path) >= PATH_MAX)
		*out = '\0';
	return out;
}

static int read_whole(const char *root, const char *path, struct text *to)
{
	char full[PATH_MAX], *room;
	ssize_t n = -1;
	int fd, error = 0;

	fd = open(full_path(root, path, full), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	while (!error && n) {
		room = text_reserve(to, CHUNK);
		n = room ? read(fd, room, CHUNK) : 0;
		if (n > 0)
			to->length += (size_t)n;
		else if (n < 0 && errno != EINTR)
			error = -errno;
	}
	close(fd);
	return error ? error : text_error(to) ? -ENOMEM : 0;
}

bool capture_tells_missing(struct slice about, const char *path)
{
	struct slice line, word;

	while (slice_line(&about, &line))
		if (slice_word(&line, &word) && slice_is(word, "missing") &&
		    slice_word(&line, &word) && slice_is(word, path))
			return true;
	return false;
}

/* A folder of copies may say which files could not be copied. */
static int read_folder(void *ctx, const char *path, struct text *to)
{
	const char *root = ctx;
	int error = read_whole(root, path, to);
	struct text about;

	if (error != -ENOENT || !*root)
		return error;
	text_init(&about);
	if (!read_whole(root, "capture", &about) &&
	    capture_tells_missing((struct slice){ about.data, about.length }, path))
		error = -EACCES;
	text_free(&about);
	return error;
}

static int no_dots(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int list_folder(void *ctx, const char *dir, char ***names)
{
	char full[PATH_MAX];
	struct dirent **entries;
	int i, nr = 0, n = scandir(full_path(ctx, dir, full), &entries, no_dots, compare_names);

	if (n < 0)
		return -errno;
	*names = calloc((size_t)n + 1, sizeof(**names));
	for (i = 0; i < n; i++) {
		if (*names && ((*names)[nr] = strdup(entries[i]->d_name)))
			nr++;
		free(entries[i]);
	}
	free(entries);
	return *names ? nr : -ENOMEM;
}

/* In a folder of copies a link may be a file that says where it led. */
static ssize_t link_folder(void *ctx, const char *path, char *to, size_t size)
{
	const char *root = ctx;
	char full[PATH_MAX];
	ssize_t n = readlink(full_path(root, path, full), to, size - 1);
	int fd;

	if (n < 0 && errno == EINVAL && *root) {
		fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		n = fd < 0 ? -1 : read(fd, to, size - 1);
		if (fd >= 0)
			close(fd);
		if (n > 0 && to[n - 1] == '\n')
			n--;
	}
	if (n < 0)
		return -errno;
	to[n] = '\0';
	return n;
}

static bool is_knob_folder(void *ctx, const char *path)
{
	char full[PATH_MAX];
	struct stat st;

	return !stat(full_path(ctx, path, full), &st) && S_ISREG(st.st_mode) && st.st_mode & 0200 &&
	       st.st_mode & 0444;
}

struct host_source host_source_folder(const char *root)
{
	return (struct host_source){ .read = read_folder,
				     .list = list_folder,
				     .link = link_folder,
				     .is_knob = is_knob_folder,
				     .ctx = (void *)(uintptr_t)root };
}
