/* Which files a program maps, and whether the page cache holds them. */
#include "fs/record/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The half that nobody reads may be missing. */
static bool mostly_cached(int fd, u64 size)
{
	u64 pages = (size + PAGE_SIZE - 1) / PAGE_SIZE, i, there = 0;
	unsigned char *in = malloc(pages);
	void *at = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);

	if (in && at != MAP_FAILED && !mincore(at, size, in))
		for (i = 0; i < pages; i++)
			there += in[i] & 1;
	if (at != MAP_FAILED)
		munmap(at, size);
	free(in);
	return there * 2 >= pages;
}

static bool is_known(struct known_files *k, const char *path)
{
	char **more, *copy;
	size_t i;

	for (i = 0; i < k->nr; i++)
		if (!strcmp(k->path[i], path))
			return true;
	if (k->nr == k->room) {
		more = realloc(k->path, (2 * k->room + 16) * sizeof(*more));
		if (!more)
			return true;
		k->path = more;
		k->room = 2 * k->room + 16;
	}
	copy = strdup(path);
	if (copy)
		k->path[k->nr++] = copy;
	return false;
}

void files_tell(struct known_files *k, u32 pid, const char *path, size_t length, struct text *out)
{
	char name[512];
	struct stat st;
	int fd;

	if (length >= sizeof(name) || !length || *path != '/')
		return;
	memcpy(name, path, length);
	name[length] = '\0';
	if (is_known(k, name))
		return;
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size > 0 &&
	    mostly_cached(fd, (u64)st.st_size))
		text_printf(out, "%u cached %llu %s\n", pid, (unsigned long long)st.st_size, name);
	close(fd);
}

void files_free(struct known_files *k)
{
	while (k->nr)
		free(k->path[--k->nr]);
	free(k->path);
	memset(k, 0, sizeof(*k));
}
