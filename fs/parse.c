/*
 * parse.c - the families of numbers and words that files take; see parse.h.
 *
 * Evidence: what a 6.1 kernel answered to some 3,000 writes (tests/data/writes.tsv).
 */
#include "fs/parse.h"

#include <errno.h>
#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* What isspace() means to strstrip() and skip_spaces(). */
static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == (char)0xa0;
}

/* Value of a digit, or 99: no base has it. */
static unsigned int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned int)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned int)(c - 'A') + 10;
	return 99;
}

/* A text that ends at its first NUL. */
static size_t text_length(const char *data, size_t size)
{
	const char *end = size ? memchr(data, 0, size) : NULL;

	return end ? (size_t)(end - data) : size;
}

struct digits {
	u64 value;   /* modulo 2^64 */
	size_t used; /* bytes, a 0x prefix included */
	u32 nr;	     /* digits after the prefix */
	bool overflow;
};

/* The digits at the start of @data; base 0 finds it out by prefix, 16 allows one. */
static struct digits read_digits(const char *data, size_t size, unsigned int base)
{
	struct digits d = { 0 };
	bool hex = size > 2 && data[0] == '0' && (data[1] | 0x20) == 'x' &&
		   digit_value(data[2]) < 16;

	if (base == 0)
		base = hex ? 16 : size && data[0] == '0' ? 8 : 10;
	if (base == 16 && hex)
		d.used = 2;

	while (d.used < size && digit_value(data[d.used]) < base) {
		u64 product;

		if (__builtin_mul_overflow(d.value, (u64)base, &product) ||
		    __builtin_add_overflow(product, (u64)digit_value(data[d.used]), &product))
			d.overflow = true;
		d.value = d.value * base + digit_value(data[d.used]);
		d.used++;
		d.nr++;
	}
	return d;
}

/* ---- sysctl ---- */

/* A number is looked at through a window of so many bytes; one that fills it is too long. */
#define SYSCTL_NUMBER_BYTES 21u
/* More than a page of a write is not looked at, but counts as left over. */
#define SYSCTL_WRITE_BYTES (PAGE_SIZE - 1)

struct cursor {
	const char *p;
	size_t left;
};

static void skip_blanks(struct cursor *c)
{
	while (c->left && is_blank(*c->p)) {
		c->p++;
		c->left--;
	}
}

/* The number under the cursor: 0, or -EINVAL. */
static int sysctl_number(struct cursor *c, u64 *magnitude, bool *negative)
{
	size_t window = min_t(size_t, c->left, SYSCTL_NUMBER_BYTES);
	const char *p = c->p;
	struct digits d;

	*negative = window > 1 && *p == '-';
	if (*negative) {
		p++;
		window--;
	}
	if (!window || digit_value(*p) > 9)
		return -EINVAL;

	d = read_digits(p, window, 0);
	if (d.overflow)
		return -EINVAL;
	p += d.used;
	if ((size_t)(p - c->p) == SYSCTL_NUMBER_BYTES)
		return -EINVAL;
	if ((size_t)(p - c->p) < c->left && !is_blank(*p))
		return -EINVAL;

	c->left -= (size_t)(p - c->p);
	c->p = p;
	*magnitude = d.value;
	return 0;
}

/*
 * The loop that all vectors share: @take stores number @i or refuses it.
 * Returns what the write returns, see parse.h.
 */
static ssize_t sysctl_vector(const char *data, size_t size, u32 count, u32 *nr,
			     int (*take)(void *arg, u32 i, u64 magnitude, bool negative), void *arg)
{
	struct cursor c = { data, min_t(size_t, size, SYSCTL_WRITE_BYTES) };
	int err = 0;
	u32 i;

	if (nr)
		*nr = 0;
	if (!size)
		return 0;

	for (i = 0; c.left && i < count; i++) {
		u64 magnitude;
		bool negative;

		skip_blanks(&c);
		if (!c.left)
			break;
		err = sysctl_number(&c, &magnitude, &negative);
		if (!err)
			err = take(arg, i, magnitude, negative);
		if (err)
			break;
	}
	if (nr)
		*nr = i;
	if (err || !i)
		return -EINVAL;
	skip_blanks(&c);
	return (ssize_t)(min_t(size_t, size, SYSCTL_WRITE_BYTES) - c.left);
}

struct int_take {
	s32 *values;
	s64 min, max;
};

static int take_int(void *arg, u32 i, u64 magnitude, bool negative)
{
	const struct int_take *t = arg;
	s64 v;

	if (magnitude > (u64)INT32_MAX + negative)
		return -EINVAL;
	v = negative ? -(s64)magnitude : (s64)magnitude;
	if (v < t->min || v > t->max)
		return -EINVAL;
	t->values[i] = (s32)v;
	return 0;
}

ssize_t sysctl_int(const char *data, size_t size, s32 *values, u32 count, s64 min, s64 max, u32 *nr)
{
	struct int_take t = { values, min, max };

	return sysctl_vector(data, size, count, nr, take_int, &t);
}

struct ulong_take {
	u64 *values;
	u64 min, max;
};

static int take_ulong(void *arg, u32 i, u64 magnitude, bool negative)
{
	const struct ulong_take *t = arg;

	if (negative || magnitude < t->min || magnitude > t->max)
		return -EINVAL;
	t->values[i] = magnitude;
	return 0;
}

ssize_t sysctl_ulong(const char *data, size_t size, u64 *values, u32 count, u64 min, u64 max,
		     u32 *nr)
{
	struct ulong_take t = { values, min, max };

	return sysctl_vector(data, size, count, nr, take_ulong, &t);
}

ssize_t sysctl_uint(const char *data, size_t size, u32 *value, u32 min, u32 max)
{
	u64 wide;
	ssize_t used = sysctl_ulong(data, size, &wide, 1, min, max, NULL);

	if (used > 0)
		*value = (u32)wide;
	return used;
}

static int take_bool(void *arg, u32 i, u64 magnitude, bool negative)
{
	u64 *value = arg;

	(void)i;
	(void)negative;
	*value = magnitude != 0;
	return 0;
}

ssize_t sysctl_bool(const char *data, size_t size, u64 *value)
{
	return sysctl_vector(data, size, 1, NULL, take_bool, value);
}

/* ---- kstrto* ---- */

int parse_kstrtoull(const char *data, size_t size, unsigned int base, u64 *value)
{
	size_t length = text_length(data, size);
	struct digits d;

	if (length && *data == '+') {
		data++;
		length--;
	}
	d = read_digits(data, length, base);
	if (d.overflow)
		return -ERANGE;
	if (!d.nr)
		return -EINVAL;
	if (d.used < length && data[d.used] == '\n')
		d.used++;
	if (d.used < length)
		return -EINVAL;
	*value = d.value;
	return 0;
}

int parse_kstrtoll(const char *data, size_t size, unsigned int base, s64 *value)
{
	bool negative = size && *data == '-';
	u64 magnitude;
	int err;

	/* a sign is all that a sign may follow */
	if (negative && size > 1 && data[1] == '+')
		return -EINVAL;
	err = parse_kstrtoull(data + negative, size - negative, base, &magnitude);
	if (err)
		return err;
	if (magnitude > (u64)INT64_MAX + negative)
		return -ERANGE;
	*value = negative ? (s64)(0 - magnitude) : (s64)magnitude;
	return 0;
}

int parse_kstrtouint(const char *data, size_t size, unsigned int base, u32 *value)
{
	u64 wide;
	int err = parse_kstrtoull(data, size, base, &wide);

	if (err)
		return err;
	if (wide > UINT32_MAX)
		return -ERANGE;
	*value = (u32)wide;
	return 0;
}

int parse_kstrtoint(const char *data, size_t size, unsigned int base, s32 *value)
{
	s64 wide;
	int err = parse_kstrtoll(data, size, base, &wide);

	if (err)
		return err;
	if (wide < INT32_MIN || wide > INT32_MAX)
		return -ERANGE;
	*value = (s32)wide;
	return 0;
}

int parse_bool(const char *data, size_t size, bool *value)
{
	char first = size ? *data : 0;
	char second = size > 1 ? data[1] : 0;

	switch (first) {
	case 'y':
	case 'Y':
	case 't':
	case 'T':
	case '1':
		*value = true;
		return 0;
	case 'n':
	case 'N':
	case 'f':
	case 'F':
	case '0':
		*value = false;
		return 0;
	case 'o':
	case 'O':
		break;
	default:
		return -EINVAL;
	}
	if (second == 'n' || second == 'N')
		*value = true;
	else if (second == 'f' || second == 'F')
		*value = false;
	else
		return -EINVAL;
	return 0;
}

/* ---- words ---- */

bool parse_streq(const char *data, size_t size, const char *word)
{
	size_t length = text_length(data, size);

	if (length && data[length - 1] == '\n')
		length--;
	return length == strlen(word) && !memcmp(data, word, length);
}

int parse_word(const char *data, size_t size, const char *const *words, u32 nr)
{
	for (u32 i = 0; i < nr; i++) {
		if (parse_streq(data, size, words[i]))
			return (int)i;
	}
	return -EINVAL;
}

void text_words(struct text *out, const char *const *words, u32 nr, u32 current)
{
	for (u32 i = 0; i < nr; i++) {
		if (i)
			text_char(out, ' ');
		if (i == current)
			text_char(out, '[');
		text_str(out, words[i]);
		if (i == current)
			text_char(out, ']');
	}
	text_char(out, '\n');
}

/* ---- sizes ---- */

u64 parse_memparse(const char *data, size_t size, size_t *used)
{
	static const char suffixes[] = "KMGTPE";
	struct digits d = read_digits(data, size, 0);
	const char *suffix;

	*used = d.used;
	if (d.used == size || !data[d.used])
		return d.value;
	suffix = strchr(suffixes, data[d.used] & ~0x20);
	if (!suffix || !(data[d.used] & 0x40))
		return d.value;
	(*used)++;
	return d.value << (10 * (suffix - suffixes + 1));
}

void parse_strip(const char **data, size_t *size)
{
	const char *p = *data;
	size_t length = text_length(p, *size);

	while (length && is_space(p[length - 1]))
		length--;
	while (length && is_space(*p)) {
		p++;
		length--;
	}
	*data = p;
	*size = length;
}

int parse_page_counter(const char *data, size_t size, const char *max, u64 *pages)
{
	size_t used;
	u64 bytes;

	parse_strip(&data, &size);
	if (size == strlen(max) && !memcmp(data, max, size)) {
		*pages = PAGE_COUNTER_MAX;
		return 0;
	}
	bytes = parse_memparse(data, size, &used);
	if (used != size)
		return -EINVAL;
	*pages = min_t(u64, bytes >> PAGE_SHIFT, PAGE_COUNTER_MAX);
	return 0;
}

bool parse_scan_u64(const char **data, size_t *size, unsigned int base, u64 *value)
{
	const char *p = *data;
	size_t left = text_length(p, *size);
	struct digits d;

	while (left && is_space(*p)) {
		p++;
		left--;
	}
	d = read_digits(p, left, base);
	if (!d.nr)
		return false;
	*size -= (size_t)(p - *data) + d.used;
	*data = p + d.used;
	*value = d.value;
	return true;
}

bool parse_digits(const char **at, const char *end, u64 *value)
{
	struct digits d = read_digits(*at, (size_t)(end - *at), 10);

	if (!d.nr || d.overflow)
		return false;
	*at += d.used;
	*value = d.value;
	return true;
}

bool parse_literal(const char **at, const char *end, const char *text)
{
	size_t n = strlen(text);

	if ((size_t)(end - *at) < n || memcmp(*at, text, n))
		return false;
	*at += n;
	return true;
}
