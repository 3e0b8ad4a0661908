/*
 * Captures that come from anywhere: a good one is torn, cut up, renamed, filled with other numbers
 * and other names. Whatever stands in it, it is refused with a line that says why, or a sound
 * machine comes of it; memory does not depend on what a size claims. FUZZ_SEED and FUZZ_CAPTURES in
 * the environment choose another run, FUZZ_GOOD another capture.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "fs/twin/twin.h"
#include "tests/draw.h"
#include "tests/sound.h"
#include "tests/tap.h"
#include "tests/twin_host.h"

#define GOOD	 "sample-scripts/captures/server.tar.gz"
#define CAPTURES 120u
#define BLOCK	 512u
#define MOST_MB	 1500 /* that the process may have had, ever */

struct bytes {
	char *at;
	size_t size;
};

struct fuzz {
	struct bytes packed, good,
		now; /* as it is in the file; its archive; the archive as it is changed */
	u64 random;
	char path[64];
	u32 refused, whole, silent, broken;
};

static u32 dice(struct fuzz *z, size_t n)
{
	return n ? draw(&z->random, n) : 0;
}

/* ---- files ---- */

static const char *good_capture(void)
{
	const char *other = getenv("FUZZ_GOOD");

	return other ? other : GOOD;
}

static bool read_packed(struct bytes *b, bool unpack)
{
	FILE *plain = unpack ? NULL : fopen(good_capture(), "rb");
	gzFile in = unpack ? gzopen(good_capture(), "rb") : NULL;
	size_t room = 8u << 20;
	int n;

	b->at = malloc(room);
	if (!b->at || (!plain && !in))
		return false;
	if (plain) {
		b->size = fread(b->at, 1, room, plain);
		fclose(plain);
		return b->size != 0;
	}
	while ((n = gzread(in, b->at + b->size, (unsigned int)(room - b->size))) > 0)
		b->size += (size_t)n;
	gzclose(in);
	return n == 0 && b->size != 0;
}

static bool write_file(const struct fuzz *z, const char *at, size_t size)
{
	FILE *out = fopen(z->path, "wb");
	bool done = out && fwrite(at, 1, size, out) == size;

	return out && !fclose(out) && done;
}

/* ---- members ---- */

static char *header(const struct fuzz *z, size_t at)
{
	return z->now.at + at;
}

static size_t size_at(const struct fuzz *z, size_t at)
{
	size_t most = z->now.size > at + BLOCK ? z->now.size - at - BLOCK : 0, size;
	char text[13] = "";

	memcpy(text, header(z, at) + 124, 12);
	size = strtoul(text, NULL, 8);
	/* an earlier change may have written anything there */
	return size < most ? size : most;
}

static size_t next_of(const struct fuzz *z, size_t at)
{
	return at + BLOCK + (size_at(z, at) + BLOCK - 1) / BLOCK * BLOCK;
}

/* A member, by dice. */
static size_t some_member(struct fuzz *z)
{
	size_t at, nr = 0, n;

	for (at = 0; at + BLOCK <= z->now.size && *header(z, at); at = next_of(z, at))
		nr++;
	n = dice(z, nr ? nr : 1);
	for (at = 0; n; n--)
		at = next_of(z, at);
	return at;
}

static void set_checksum(const struct fuzz *z, size_t at)
{
	unsigned int sum = 0, i;
	char *h = header(z, at);

	memset(h + 148, ' ', 8);
	for (i = 0; i < BLOCK; i++)
		sum += (unsigned char)h[i];
	snprintf(h + 148, 8, "%06o", sum);
}

/* ---- what is done to it ---- */

static void cut_off(struct fuzz *z)
{
	z->now.size = dice(z, z->now.size);
}

static void scribble(struct fuzz *z)
{
	u32 n = 1 + dice(z, 40);

	while (n--)
		z->now.at[dice(z, z->now.size)] = (char)dice(z, 256);
}

static void scribble_in_member(struct fuzz *z)
{
	size_t at = some_member(z), size = size_at(z, at);
	u32 n = 1 + dice(z, 20);

	while (size && n--) {
		char *c = header(z, at) + BLOCK + dice(z, size);

		*c = *c >= '0' && *c <= '9' ? (char)('0' + dice(z, 10)) : (char)dice(z, 256);
	}
}

/* A number gets another one's digits: as many of them as there is room for. */
static void number(struct fuzz *z)
{
	static const char *const numbers[] = { "0",
					       "9999999999999999999999999999",
					       "18446744073709551615",
					       "9223372036854775808",
					       "4294967296",
					       "-1",
					       "ffffffffffffffff",
					       "1099511627776" };
	u32 times = 1 + dice(z, 8);

	while (times--) {
		size_t at = some_member(z), size = size_at(z, at), i, k;
		const char *n = numbers[dice(z, ARRAY_SIZE(numbers))];
		char *text = header(z, at) + BLOCK;

		for (i = dice(z, size); i < size && (text[i] < '0' || text[i] > '9'); i++)
			;
		for (k = 0; n[k] && i < size && text[i] != '\n'; i++, k++)
			text[i] = n[k];
	}
}

static void take_out(struct fuzz *z)
{
	u32 n = 1 + dice(z, 12);

	while (n--) {
		size_t at = some_member(z), next = next_of(z, at);

		if (next > z->now.size)
			return;
		memmove(header(z, at), header(z, next), z->now.size - next);
		z->now.size -= next - at;
	}
}

/* All of one name are missing: no smaps, no status, no zoneinfo ... */
static void take_out_all(struct fuzz *z)
{
	static const char *const names[] = { "smaps",	"stat",	    "status",  "zoneinfo",
					     "meminfo", "pages",    "uname",   "vmstat",
					     "capture", "unsteady", "cmdline", "online" };
	const char *name = names[dice(z, ARRAY_SIZE(names))];
	size_t at = 0, next;

	while (at + BLOCK <= z->now.size && *header(z, at)) {
		const char *slash = strrchr(header(z, at), '/');

		next = next_of(z, at);
		if (strcmp(slash ? slash + 1 : header(z, at), name) != 0) {
			at = next;
			continue;
		}
		if (next > z->now.size)
			return;
		memmove(header(z, at), header(z, next), z->now.size - next);
		z->now.size -= next - at;
	}
}

static void rename_member(struct fuzz *z)
{
	static const char *const names[] = { "../../etc/passwd",
					     "/etc/passwd",
					     "proc/1/smaps",
					     "proc/../../x",
					     "proc/99999999999/stat",
					     "proc/0/stat",
					     "a b",
					     "\x1b[31m",
					     "proc/1",
					     "sys/devices/system/node/node4096/meminfo",
					     "proc/zoneinfo/x",
					     "x",
					     "proc/4194304/stat",
					     "sys/devices/system/cpu/online" };
	size_t at = some_member(z);

	memset(header(z, at), 0, 100);
	strcpy(header(z, at), names[dice(z, ARRAY_SIZE(names))]);
	set_checksum(z, at);
}

static void other_size(struct fuzz *z)
{
	static const char *const sizes[] = { "77777777777",
					     "00000000000",
					     "99999999999",
					     "00000000777",
					     "\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff",
					     "\x80\0\0\0\0\0\0\x01\0\0\0\0",
					     "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" };
	size_t at = some_member(z);

	memcpy(header(z, at) + 124, sizes[dice(z, ARRAY_SIZE(sizes))], 12);
	set_checksum(z, at);
}

static void other_type(struct fuzz *z)
{
	size_t at = some_member(z);

	header(z, at)[156] = "123456xLgKSDV"[dice(z, 13)];
	set_checksum(z, at);
}

/* The lines of a member in another order, some of them twice. */
static void shuffle(struct fuzz *z)
{
	size_t at = some_member(z), size = size_at(z, at), half = size / 2,
	       from = dice(z, half + 1);

	if (half)
		memmove(header(z, at) + BLOCK + dice(z, half), header(z, at) + BLOCK + from,
			half - from / 2);
}

static void (*const changes[])(struct fuzz *z) = {
	cut_off,      scribble,	     scribble_in_member, number,     number,  take_out,
	take_out_all, rename_member, other_size,	 other_type, shuffle,
};

/* ---- one capture ---- */

static void try(struct fuzz *z, const char *what)
{
	struct text capture;
	struct twin_test t;
	char *said = NULL;
	size_t size = 0;
	FILE *err = open_memstream(&said, &size);
	int error;

	text_init(&capture);
	error = err ? twin_capture_load(z->path, &capture, err) : -ENOMEM;
	if (err)
		fclose(err);
	if (getenv("FUZZ_SAYS"))
		diag("%s: %s", what, said ? said : "");
	if (error) {
		z->refused++;
		z->silent += !size;
	} else if (!twin_open(&t, &capture)) {
		z->refused++;
		z->silent += !t.said_size;
		if (getenv("FUZZ_SAYS"))
			diag("%s: refused: %s", what, t.said);
		twin_close(&t);
	} else {
		z->whole++;
		z->broken += count_violations(t.f.m, "%s", what) != 0;
		twin_close(&t);
	}
	text_free(&capture);
	free(said);
}

static void change_archive(struct fuzz *z)
{
	u32 n = 1 + dice(z, 3);

	memcpy(z->now.at, z->good.at, z->good.size);
	z->now.size = z->good.size;
	while (n-- && z->now.size > BLOCK)
		changes[dice(z, ARRAY_SIZE(changes))](z);
}

/* The file itself: gzip's own. */
static void change_packed(struct fuzz *z)
{
	u32 n = 1 + dice(z, 3);

	memcpy(z->now.at, z->packed.at, z->packed.size);
	z->now.size = z->packed.size;
	if (dice(z, 3) == 0)
		cut_off(z);
	while (n-- && z->now.size)
		z->now.at[dice(z, z->now.size)] ^= (char)(1u << dice(z, 8));
}

static u64 chosen(const char *name, u64 otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

int main(void)
{
	struct fuzz z = { .path = "/tmp/mmanfs-capture.XXXXXX",
			  .random = chosen("FUZZ_SEED", 1) * 0x9e3779b97f4a7c15ull + 1 };
	u64 i, captures = chosen("FUZZ_CAPTURES", CAPTURES);
	char *status;
	int fd = mkstemp(z.path);

	if (fd < 0 || !read_packed(&z.packed, false) || !read_packed(&z.good, true))
		bail_out("no capture to begin with");
	close(fd);
	/* room behind it: what is written there is not part of it */
	z.now.at = calloc(1, (8u << 20) + 2 * BLOCK);
	for (i = 0; z.now.at && i < captures; i++) {
		char what[32];

		snprintf(what, sizeof(what), "capture %llu", (unsigned long long)i);
		if (i % 8 == 7)
			change_packed(&z);
		else
			change_archive(&z);
		if (!write_file(&z, z.now.at, z.now.size))
			bail_out("%s: not written", z.path);
		try(&z, what);
	}
	unlink(z.path);
	is_int(z.broken, 0, "%u machines of changed captures are sound, %u captures are refused",
	       z.whole, z.refused);
	is_int(z.silent, 0, "none of them without a word");
	cmp_int(z.whole, >, (int)captures / 8, "many changes do not keep a twin from being made");
	cmp_int(z.refused, >, (int)captures / 8, "and many do");
	status = file_text("/proc/self/status");
	cmp_int(text_value(status ? status : "", "VmHWM:") >> 10, <, MOST_MB,
		"no claim of a size is believed");
	free(status);
	free(z.packed.at);
	free(z.good.at);
	free(z.now.at);
	return done_testing();
}
