/*
 * archive.c - reading a tar archive: POSIX's ustar, with the long names of GNU tar and of pax.
 *
 * Source: POSIX.1-2017, pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format".
 */
#include "fs/twin/archive.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define CHUNK	    65536u
#define TOTAL_MAX   ((u64)1 << 30)
#define NAME_SIZE   1023u
#define PADDING_MAX (1u << 24)
#define HEADER_MAX  (1u << 18)
#define NR_MAX	    4000000u
#define TOLD_MAX    3u /* names in a line about what was left out */

struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100],
		magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155], pad[12];
};

struct reading {
	struct archive *a;
	const char *path;
	FILE *err;
	gzFile in;
	char long_name[NAME_SIZE + 1]; /* of the next member; "" none */
	u64 long_size;		       /* likewise; UINT64_MAX none */
	u64 nr_odd;
	struct text odd; /* names of what is left out */
};

static int refuse(const struct reading *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static int refuse(const struct reading *r, const char *format, ...)
{
	va_list args;

	if (!r->err)
		return -EINVAL;
	fprintf(r->err, "mmanfs: %s: ", r->path);
	va_start(args, format);
	vfprintf(r->err, format, args);
	va_end(args);
	fputc('\n', r->err);
	return -EINVAL;
}

/* ---- bytes ---- */

/* All @size bytes: 0. At the end of the file: -ENODATA. */
static int read_bytes(struct reading *r, void *to, size_t size)
{
	char *at = to;
	int n = 1, code;

	while (size && n > 0) {
		n = gzread(r->in, at, (unsigned int)(size < CHUNK ? size : CHUNK));
		if (n > 0) {
			at += n;
			size -= (size_t)n;
		}
	}
	if (n < 0) {
		gzerror(r->in, &code);
		if (code == Z_ERRNO)
			return -EIO;
		return refuse(r, code == Z_BUF_ERROR ? "the file is torn: its end is missing" :
						       "the file is damaged: gzip cannot read it");
	}
	return size ? -ENODATA : 0;
}

static int torn(const struct reading *r, const char *name)
{
	return refuse(r, "the file is torn: it ends in %s", name);
}

static int not_one(const struct reading *r)
{
	return refuse(r, "neither a capture nor a tar archive of one");
}

static u64 padded(u64 size)
{
	return (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
}

static int skip_bytes(struct reading *r, u64 size, const char *name)
{
	char block[TAR_BLOCK];
	int error = 0;

	for (size = padded(size); size && !error; size -= TAR_BLOCK)
		error = read_bytes(r, block, TAR_BLOCK);
	return error == -ENODATA ? torn(r, name) : error;
}

/* ---- headers ---- */

/* Octal digits, blanks and zeros around them; or, with the first bit set, big-endian. */
static bool number_of(const char *field, size_t size, u64 *out)
{
	u64 n = 0;
	size_t i = 0;

	if ((unsigned char)field[0] & 0x80) {
		for (i = 1; i < size; i++) {
			if (n >> 56)
				return false;
			n = n << 8 | (unsigned char)field[i];
		}
		*out = n;
		return (unsigned char)field[0] == 0x80;
	}
	while (i < size && field[i] == ' ')
		i++;
	for (; i < size && field[i] >= '0' && field[i] <= '7'; i++)
		n = n << 3 | (u64)(field[i] - '0');
	*out = n;
	return i == size || field[i] == '\0' || field[i] == ' ';
}

static bool checksum_is_right(const struct header *h)
{
	const unsigned char *bytes = (const unsigned char *)h;
	const size_t from = offsetof(struct header, checksum), to = from + sizeof(h->checksum);
	u64 sum = 0, wanted;
	size_t i;

	for (i = 0; i < TAR_BLOCK; i++)
		sum += i >= from && i < to ? ' ' : bytes[i];
	return number_of(h->checksum, sizeof(h->checksum), &wanted) && sum == wanted;
}

static bool is_end(const struct header *h)
{
	const char *bytes = (const char *)h;
	size_t i;

	for (i = 0; i < TAR_BLOCK; i++)
		if (bytes[i])
			return false;
	return true;
}

static void name_of(struct reading *r, const struct header *h, char out[NAME_SIZE + 1])
{
	if (*r->long_name) {
		strcpy(out, r->long_name);
		*r->long_name = '\0';
	} else if (!memcmp(h->magic, "ustar", 6) && h->prefix[0]) {
		sprintf(out, "%.155s/%.100s", h->prefix, h->name);
	} else {
		sprintf(out, "%.100s", h->name);
	}
	while (!strncmp(out, "./", 2))
		memmove(out, out + 2, strlen(out + 2) + 1);
}

/* Names of files of Linux's /proc and /sys, and our own: printable, without blanks. */
static bool is_odd_name(const char *name)
{
	if (!*name || name[strlen(name) - 1] == '/')
		return true;
	for (; *name; name++)
		if (*name <= ' ' || *name > '~')
			return true;
	return false;
}

/* For a terminal. */
static char *printable(char *name)
{
	char *at;

	for (at = name; *at; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
	return name;
}

static bool leads_out(const char *name)
{
	const char *at = name;

	if (*name == '/')
		return true;
	for (; at; at = strchr(at, '/'), at = at ? at + 1 : NULL)
		if (at[0] == '.' && at[1] == '.' && (!at[2] || at[2] == '/'))
			return true;
	return false;
}

/* ---- members ---- */

static int add_member(struct reading *r, const char *name, size_t size)
{
	struct archive *a = r->a;
	struct archive_member *grown;

	if (a->nr == NR_MAX)
		return refuse(r, "more than %u files are no capture", NR_MAX);
	if (a->nr == a->max) {
		size_t max = a->max ? 2 * a->max : 1024;

		grown = realloc(a->members, max * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		a->members = grown;
		a->max = max;
	}
	a->members[a->nr] = (struct archive_member){ strdup(name), a->data.length, size };
	return a->members[a->nr].name ? (a->nr++, 0) : -ENOMEM;
}

static int read_file(struct reading *r, const char *name, u64 size)
{
	char *to;
	int error;

	if (size > TOTAL_MAX - r->a->data.length)
		return refuse(r, "%s: %llu bytes are more than a capture has", name,
			      (unsigned long long)size);
	error = add_member(r, name, (size_t)size);
	if (error)
		return error;
	/* memory as the bytes come: a size is only a claim */
	while (size) {
		size_t n = size < CHUNK ? (size_t)size : CHUNK;

		to = text_reserve(&r->a->data, n);
		if (!to)
			return -ENOMEM;
		error = read_bytes(r, to, n);
		if (error)
			return error == -ENODATA ? torn(r, name) : error;
		r->a->data.length += n;
		size -= n;
	}
	size = r->a->members[r->a->nr - 1].size;
	return padded(size) > size ? read_bytes(r, (char[TAR_BLOCK]){ 0 }, padded(size) - size) : 0;
}

static int leave_out(struct reading *r, const char *name, u64 size)
{
	const char *at;

	if (r->nr_odd++ < TOLD_MAX) {
		text_str(&r->odd, r->nr_odd == 1 ? " " : ", ");
		for (at = name; *at; at++)
			text_char(&r->odd, *at > ' ' && *at <= '~' ? *at : '?');
	}
	return skip_bytes(r, size, name);
}

/* "30 path=proc/...\n": length, key, value. What else pax may say is of no importance here. */
static int read_pax(struct reading *r, char *text, size_t size)
{
	char *end = text + size, *value, *stop;
	unsigned long n;

	for (; text < end; text += n) {
		n = strtoul(text, &stop, 10);
		if (*stop != ' ' || !n || n > (size_t)(end - text) || text[n - 1] != '\n' ||
		    stop >= text + n)
			return refuse(r, "an extended header that cannot be read");
		text[n - 1] = '\0';
		value = strchr(stop, '=');
		if (!value)
			continue;
		value++;
		if (!strncmp(stop + 1, "path=", 5) && strlen(value) <= NAME_SIZE)
			strcpy(r->long_name, value);
		else if (!strncmp(stop + 1, "path=", 5))
			return refuse(r, "a name of %zu bytes", strlen(value));
		else if (!strncmp(stop + 1, "size=", 5))
			r->long_size = strtoull(value, NULL, 10);
	}
	return 0;
}

/* GNU's 'L' (a long name) and pax's 'x' speak of the member that follows. */
static int read_about_next(struct reading *r, char type, u64 size)
{
	char *text;
	int error;

	if (size > HEADER_MAX)
		return refuse(r, "a header of %llu bytes", (unsigned long long)size);
	text = calloc(1, (size_t)padded(size) + 1);
	if (!text)
		return -ENOMEM;
	error = read_bytes(r, text, (size_t)padded(size));
	text[size] = '\0';
	if (error == -ENODATA)
		error = torn(r, "a header");
	else if (!error && type == 'x')
		error = read_pax(r, text, (size_t)size);
	else if (!error && strlen(text) > NAME_SIZE)
		error = refuse(r, "a name of %zu bytes", strlen(text));
	else if (!error)
		strcpy(r->long_name, text);
	free(text);
	return error;
}

static int read_link(struct reading *r, const struct header *h, const char *name)
{
	const size_t size = strnlen(h->link, sizeof(h->link));
	int error = add_member(r, name, size);

	if (!error)
		text_mem(&r->a->data, h->link, size);
	return error;
}

static int read_member(struct reading *r, const struct header *h)
{
	char name[NAME_SIZE + 1];
	u64 size;

	if (!checksum_is_right(h) || !number_of(h->size, sizeof(h->size), &size))
		return r->a->nr ? refuse(r, "the file is damaged after %s",
					 r->a->members[r->a->nr - 1].name) :
				  not_one(r);
	if (h->type == 'L' || h->type == 'x')
		return read_about_next(r, h->type, size);
	if (h->type == 'g' || h->type == 'K')
		return skip_bytes(r, size, "a header");
	if (r->long_size != UINT64_MAX)
		size = r->long_size;
	r->long_size = UINT64_MAX;
	name_of(r, h, name);
	if (leads_out(name))
		return refuse(r, "'%s': a name that leads out of the archive", printable(name));
	switch (h->type) {
	case '0':
	case '\0':
	case '7':
		return is_odd_name(name) ? leave_out(r, name, size) : read_file(r, name, size);
	case '2':
		return is_odd_name(name) ? leave_out(r, name, 0) : read_link(r, h, name);
	case '5':
		return 0;
	case '1':
	case '3':
	case '4':
	case '6':
		return leave_out(r, name, 0);
	default:
		return leave_out(r, name, size);
	}
}

/* ---- the whole ---- */

static int compare_names(const void *x, const void *y)
{
	const struct archive_member *a = *(const struct archive_member *const *)x;
	const struct archive_member *b = *(const struct archive_member *const *)y;

	return strcmp(a->name, b->name);
}

static int sort(struct reading *r)
{
	struct archive *a = r->a;
	size_t i;

	a->sorted = malloc((a->nr + 1) * sizeof(*a->sorted));
	if (!a->sorted)
		return -ENOMEM;
	for (i = 0; i < a->nr; i++)
		a->sorted[i] = &a->members[i];
	qsort(a->sorted, a->nr, sizeof(*a->sorted), compare_names);
	for (i = 1; i < a->nr; i++)
		if (!strcmp(a->sorted[i - 1]->name, a->sorted[i]->name))
			return refuse(r, "%s is there twice", a->sorted[i]->name);
	return 0;
}

/* No archive at all, but a capture's text: the rest of it. */
static int read_plain(struct reading *r, const void *start, size_t size, struct text *plain)
{
	char *to;
	int n = 1, code;

	text_mem(plain, start, size);
	while (n > 0 && plain->length <= TOTAL_MAX) {
		to = text_reserve(plain, CHUNK);
		if (!to)
			return -ENOMEM;
		n = gzread(r->in, to, CHUNK);
		plain->length += n > 0 ? (size_t)n : 0;
	}
	if (n > 0)
		return refuse(r, "more than 1 GiB are no capture");
	gzerror(r->in, &code);
	if (code == Z_ERRNO)
		return -EIO;
	if (n < 0 || code == Z_BUF_ERROR)
		return refuse(r, "the file is torn: its end is missing");
	return 0;
}

/* Behind the end mark comes padding, and gzip's own check of it all. */
static int read_to_end(struct reading *r)
{
	char block[TAR_BLOCK];
	u32 left = PADDING_MAX / TAR_BLOCK;
	int error = 0, code;

	while (!error && left--)
		error = read_bytes(r, block, TAR_BLOCK);
	/* zlib calls it an end, and keeps what was wrong with it to itself */
	if (error == -ENODATA && gzerror(r->in, &code) && code == Z_BUF_ERROR)
		return refuse(r, "the file is torn: its end is missing");
	return error == -ENODATA ? 0 : error;
}

static int read_all(struct reading *r, struct text *plain)
{
	static const char mark[] = "# mmanfs capture ";
	struct header h;
	char *start = (char *)&h;
	int n, error;

	do {
		n = gzread(r->in, start, (unsigned int)sizeof(mark) - 1);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return read_bytes(r, start, 1);
	if (n < (int)sizeof(mark) - 1 || !memcmp(start, mark, sizeof(mark) - 1))
		return read_plain(r, start, (size_t)n, plain);
	error = read_bytes(r, start + n, TAR_BLOCK - (size_t)n);
	while (!error && !is_end(&h)) {
		error = read_member(r, &h);
		if (!error)
			error = read_bytes(r, &h, TAR_BLOCK);
	}
	if (error == -ENODATA)
		error = r->a->nr ? refuse(r, "the file is torn: its end is missing") : not_one(r);
	else if (!error)
		error = read_to_end(r);
	return error ? error : text_error(&r->a->data) ? -ENOMEM : sort(r);
}

int archive_read(struct archive *a, const char *path, struct text *plain, FILE *err)
{
	struct reading r = { .a = a, .path = path, .err = err, .long_size = UINT64_MAX };
	int error;

	memset(a, 0, sizeof(*a));
	text_init(&a->data);
	text_init(&r.odd);
	errno = ENOMEM;
	r.in = strcmp(path, "-") ? gzopen(path, "rbe") : gzdopen(dup(STDIN_FILENO), "rb");
	if (!r.in)
		return -errno;
	gzbuffer(r.in, 2 * CHUNK);
	error = read_all(&r, plain);
	gzclose(r.in);
	if (!error && r.nr_odd && err)
		fprintf(err, "mmanfs: %s: %llu members that no capture has are left out:%.*s%s\n",
			path, (unsigned long long)r.nr_odd, (int)r.odd.length, r.odd.data,
			r.nr_odd > TOLD_MAX ? ", ..." : "");
	text_free(&r.odd);
	if (error)
		archive_free(a);
	return error;
}

void archive_free(struct archive *a)
{
	size_t i;

	for (i = 0; i < a->nr; i++)
		free(a->members[i].name);
	free(a->members);
	free(a->sorted);
	text_free(&a->data);
	memset(a, 0, sizeof(*a));
}

const struct archive_member *archive_find(const struct archive *a, const char *name)
{
	struct archive_member key = { .name = (char *)(uintptr_t)name }, *wanted = &key, **found;

	key.name += *name == '/';
	found = a->nr ? bsearch(&wanted, a->sorted, a->nr, sizeof(*a->sorted), compare_names) :
			NULL;
	return found ? *found : NULL;
}
