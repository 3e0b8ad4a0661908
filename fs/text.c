/*
 * Growing text buffers and integer writers. A read of a file is mostly a few dozen numbers put
 * into columns, so these avoid printf's parsing and, in the common case, every branch but one.
 */
#include "fs/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_FIRST 4096u /* bytes; most files fit, so most never grow */
#define U64_DIGITS 20u	 /* of UINT64_MAX */

static const char digit_pairs[200] =
	"00010203040506070809101112131415161718192021222324252627282930313233343536373839"
	"40414243444546474849505152535455565758596061626364656667686970717273747576777879"
	"8081828384858687888990919293949596979899";

void text_init(struct text *t)
{
	memset(t, 0, sizeof(*t));
}

void text_reset(struct text *t)
{
	t->length = 0;
	t->failed = false;
}

void text_free(struct text *t)
{
	free(t->data);
	text_init(t);
}

bool text_error(const struct text *t)
{
	return t->failed;
}

static bool text_grow(struct text *t, size_t n)
{
	size_t capacity = t->capacity ? t->capacity : TEXT_FIRST;
	char *data;

	if (t->failed || n > SIZE_MAX / 4 - t->length) {
		t->failed = true;
		return false;
	}
	while (capacity - t->length < n)
		capacity *= 2;

	data = realloc(t->data, capacity);
	if (!data) {
		t->failed = true;
		return false;
	}
	t->data = data;
	t->capacity = capacity;
	return true;
}

/* After a failure nothing more is added: half a line followed by another one would be a lie. */
static inline char *text_room(struct text *t, size_t n)
{
	if (unlikely(t->failed || t->capacity - t->length < n) && !text_grow(t, n))
		return NULL;
	return t->data + t->length;
}

char *text_reserve(struct text *t, size_t n)
{
	return text_room(t, n);
}

void text_mem(struct text *t, const void *bytes, size_t n)
{
	char *to = text_room(t, n);

	if (to && n) {
		memcpy(to, bytes, n);
		t->length += n;
	}
}

void text_str(struct text *t, const char *s)
{
	text_mem(t, s, strlen(s));
}

void text_char(struct text *t, char c)
{
	char *to = text_room(t, 1);

	if (to) {
		*to = c;
		t->length++;
	}
}

void text_fill(struct text *t, char c, size_t n)
{
	char *to = text_room(t, n);

	if (to && n) {
		memset(to, c, n);
		t->length += n;
	}
}

/* Writes the digits of @v so that they end before @end; returns the first one. */
static char *digits_before(char *end, u64 v)
{
	while (v >= 100) {
		end -= 2;
		memcpy(end, digit_pairs + v % 100 * 2, 2);
		v /= 100;
	}
	if (v >= 10) {
		end -= 2;
		memcpy(end, digit_pairs + v * 2, 2);
	} else {
		*--end = (char)('0' + v);
	}
	return end;
}

/* @v right-aligned in @width columns, with a sign if @negative. */
static void text_number(struct text *t, u64 v, bool negative, unsigned int width)
{
	char digits[U64_DIGITS + 1], *end = digits + sizeof(digits), *at = digits_before(end, v);
	size_t length, pad;
	char *to;

	if (negative)
		*--at = '-';
	length = (size_t)(end - at);
	pad = width > length ? width - length : 0;

	to = text_room(t, pad + length);
	if (!to)
		return;
	if (pad)
		memset(to, ' ', pad);
	memcpy(to + pad, at, length);
	t->length += pad + length;
}

void text_u64(struct text *t, u64 v)
{
	text_number(t, v, false, 0);
}

void text_s64(struct text *t, s64 v)
{
	text_number(t, v < 0 ? 0 - (u64)v : (u64)v, v < 0, 0);
}

void text_u64_width(struct text *t, u64 v, unsigned int width)
{
	text_number(t, v, false, width);
}

void text_s64_width(struct text *t, s64 v, unsigned int width)
{
	text_number(t, v < 0 ? 0 - (u64)v : (u64)v, v < 0, width);
}

void text_str_left(struct text *t, const char *s, unsigned int width)
{
	size_t length = strlen(s);

	text_mem(t, s, length);
	if (length < width)
		text_fill(t, ' ', width - length);
}

void text_str_right(struct text *t, const char *s, unsigned int width)
{
	size_t length = strlen(s);

	if (length < width)
		text_fill(t, ' ', width - length);
	text_mem(t, s, length);
}

void text_hex(struct text *t, u64 v, unsigned int digits)
{
	static const char hex[] = "0123456789abcdef";
	char buffer[16], *end = buffer + sizeof(buffer), *at = end;

	do {
		*--at = hex[v & 15];
		v >>= 4;
	} while (v);
	if (digits > (unsigned int)(end - at))
		text_fill(t, '0', digits - (unsigned int)(end - at));
	text_mem(t, at, (size_t)(end - at));
}

void text_count(struct text *t, const char *name, u64 value)
{
	text_str(t, name);
	text_char(t, ' ');
	text_u64(t, value);
	text_char(t, '\n');
}

void text_printf(struct text *t, const char *format, ...)
{
	va_list args;
	char *to = text_room(t, 256);
	int n;

	if (!to)
		return;
	va_start(args, format);
	n = vsnprintf(to, t->capacity - t->length, format, args);
	va_end(args);
	if (n < 0) {
		t->failed = true;
		return;
	}

	if ((size_t)n >= t->capacity - t->length) {
		to = text_room(t, (size_t)n + 1);
		if (!to)
			return;
		va_start(args, format);
		vsnprintf(to, (size_t)n + 1, format, args);
		va_end(args);
	}
	t->length += (size_t)n;
}
