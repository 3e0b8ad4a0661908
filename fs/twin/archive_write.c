/* archive_write.c - writing a compressed tar archive: ustar, with GNU's record for names beyond 100
 * bytes. */
#include "fs/twin/archive.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#define SIZE_AT 124u
#define TYPE_AT 156u

struct archive_writer {
	gzFile out;
	char *path; /* of the file to remove if something goes wrong; NULL: standard output */
	long long now;
	int error;
};

/* Now; or what a build that is to give the same bytes again says is now. */
static long long time_of_files(void)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");

	return epoch ? strtoll(epoch, NULL, 10) & 077777777777 : (long long)time(NULL);
}

struct archive_writer *archive_create(const char *path)
{
	struct archive_writer *w = calloc(1, sizeof(*w));
	bool is_file = strcmp(path, "-") != 0;

	if (!w)
		return NULL;
	errno = ENOMEM;
	w->out = is_file ? gzopen(path, "wbe") : gzdopen(dup(STDOUT_FILENO), "wb");
	w->path = is_file && w->out ? strdup(path) : NULL;
	w->now = time_of_files();
	if (!w->out || (is_file && !w->path)) {
		int error = errno;

		if (w->out)
			gzclose(w->out);
		free(w);
		errno = error;
		return NULL;
	}
	return w;
}

static void put(struct archive_writer *w, const void *bytes, size_t size)
{
	const char *at = bytes;
	int n = 1;

	for (; size && n > 0 && !w->error; at += n, size -= (size_t)n) {
		errno = 0;
		n = gzwrite(w->out, at, (unsigned int)(size < 1u << 30 ? size : 1u << 30));
		if (n <= 0)
			w->error = errno ? -errno : -EIO;
	}
}

static void put_padded(struct archive_writer *w, const void *bytes, size_t size)
{
	static const char zeros[TAR_BLOCK];

	put(w, bytes, size);
	put(w, zeros, (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK);
}

/* Fields that no zero ends. */
static void put_field(char *field, const char *bytes, size_t size)
{
	while (size--)
		*field++ = *bytes++;
}

static void put_header(struct archive_writer *w, const char *name, size_t name_size, size_t size,
		       char type)
{
	char block[TAR_BLOCK] = { 0 };
	unsigned int sum = 0;
	size_t i;

	put_field(block, name, name_size < 100 ? name_size : 100);
	put_field(block + 100, "0000644", 7);
	put_field(block + 108, "0000000", 7);
	put_field(block + 116, "0000000", 7);
	snprintf(block + SIZE_AT, 12, "%011llo", (unsigned long long)size);
	snprintf(block + 136, 12, "%011llo", (unsigned long long)w->now);
	memset(block + 148, ' ', 8);
	block[TYPE_AT] = type;
	put_field(block + 257, "ustar  ", 8); /* GNU's: there is no prefix */
	put_field(block + 265, "root", 4);
	put_field(block + 297, "root", 4);
	for (i = 0; i < TAR_BLOCK; i++)
		sum += (unsigned char)block[i];
	snprintf(block + 148, 7, "%06o", sum);
	put(w, block, TAR_BLOCK);
}

void archive_add(struct archive_writer *w, const char *name, size_t name_size, const void *bytes,
		 size_t size)
{
	static const char long_name[] = "././@LongLink";
	char *copy;

	if (name_size > 100) {
		copy = strndup(name, name_size);
		if (!copy) {
			w->error = -ENOMEM;
			return;
		}
		put_header(w, long_name, sizeof(long_name) - 1, name_size + 1, 'L');
		put_padded(w, copy, name_size + 1);
		free(copy);
	}
	put_header(w, name, name_size, size, '0');
	put_padded(w, bytes, size);
}

int archive_close(struct archive_writer *w)
{
	static const char zeros[2 * TAR_BLOCK];
	struct stat st;
	int error;

	put(w, zeros, sizeof(zeros));
	errno = 0;
	if (gzclose(w->out) != Z_OK && !w->error)
		w->error = errno ? -errno : -EIO;
	error = w->error;
	if (error && w->path && !lstat(w->path, &st) && S_ISREG(st.st_mode))
		unlink(w->path);
	free(w->path);
	free(w);
	return error;
}
