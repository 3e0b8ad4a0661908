/*
 * text.h - growing text buffers and the small integer writers that every file is printed with.
 *
 * A show function appends to a struct text and never looks at its size; when the host is out of
 * memory the buffer stops growing and text_error() tells (the read then fails with ENOMEM).
 * Formatting is the largest cost of a read that we control: use these, not printf, in hot files.
 */
#ifndef FS_TEXT_H
#define FS_TEXT_H

#include <mman/types.h>

struct text {
	char *data;
	size_t length, capacity;
	bool failed;
};

void text_init(struct text *t);
void text_reset(struct text *t); /* length 0, capacity kept */
void text_free(struct text *t);
bool text_error(const struct text *t);

/** text_reserve() - room for @n more bytes; returns where they go, or NULL. */
char *text_reserve(struct text *t, size_t n);

void text_mem(struct text *t, const void *bytes, size_t n);
void text_str(struct text *t, const char *s);
void text_char(struct text *t, char c);
void text_fill(struct text *t, char c, size_t n);
void text_u64(struct text *t, u64 v);
void text_s64(struct text *t, s64 v);
/** right-aligned in @width columns, like %*lu */
void text_u64_width(struct text *t, u64 v, unsigned int width);
void text_s64_width(struct text *t, s64 v, unsigned int width);
/** left-aligned string padded to @width, like %-*s; right-aligned like %*s */
void text_str_left(struct text *t, const char *s, unsigned int width);
void text_str_right(struct text *t, const char *s, unsigned int width);
/** lower-case hex, at least @digits digits with leading zeros, like %0*lx */
void text_hex(struct text *t, u64 v, unsigned int digits);
/** a line "NAME VALUE", as vmstat and the stat files have them */
void text_count(struct text *t, const char *name, u64 value);
/** the slow way, for rare lines */
void text_printf(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
