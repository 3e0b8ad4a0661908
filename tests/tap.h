/*
 * The Test Anything Protocol: a test program prints "ok 1 - what holds" lines, and prove counts
 * them.
 *
 *	int main(void)
 *	{
 *		ok(!list_empty(&zone->free), "a booted zone has free memory");
 *		is_int(nr_free, 42, "an order-0 page less after one allocation");
 *		return done_testing();
 *	}
 *
 * - The last argument is a sentence in printf form that says which behaviour is pinned.
 * - What fails prints what it got and what it wanted, and where; the program goes on.
 * - Every check returns whether it held, so that the ones that make no sense after it can be
 *   skipped.
 * - A program that dies before done_testing() fails as a whole.
 */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <stdbool.h>
#include <stddef.h>

#define TAP_HERE __FILE__, __LINE__

/* Truth. */
#define ok(cond, ...) tap_ok(TAP_HERE, (cond), #cond, __VA_ARGS__)

/* Integers of any type: signed in print, unsigned, or in hexadecimal. Compared as 64 bits. */
#define is_int(got, want, ...) \
	tap_is_int(TAP_HERE, (long long)(got), (long long)(want), __VA_ARGS__)
#define is_uint(got, want, ...) \
	tap_is_uint(TAP_HERE, (unsigned long long)(got), (unsigned long long)(want), __VA_ARGS__)
#define is_hex(got, want, ...) \
	tap_is_hex(TAP_HERE, (unsigned long long)(got), (unsigned long long)(want), __VA_ARGS__)

/* Any comparison of integers: cmp_int(rate, >=, 15, "at least fifteen times the host's"). */
/* clang-format off */
#define cmp_int(got, op, want, ...) \
	tap_cmp_int(TAP_HERE, (long long)(got) op (long long)(want), #op, \
		    (long long)(got), (long long)(want), __VA_ARGS__)
/* clang-format on */

/* 0 or -errno, printed by name: is_err(write_knob(m, "101"), -EINVAL, "a ratio above 100"). */
#define is_err(got, want, ...) tap_is_err(TAP_HERE, (long)(got), (long)(want), __VA_ARGS__)

/* Strings (NULL is a value of its own), bytes, and POSIX extended regular expressions. */
#define is_str(got, want, ...)	    tap_is_str(TAP_HERE, (got), (want), __VA_ARGS__)
#define is_mem(got, want, len, ...) tap_is_mem(TAP_HERE, (got), (want), (len), __VA_ARGS__)
#define like(got, regex, ...)	    tap_like(TAP_HERE, (got), (regex), true, __VA_ARGS__)
#define unlike(got, regex, ...)	    tap_like(TAP_HERE, (got), (regex), false, __VA_ARGS__)

#define pass(...) tap_ok(TAP_HERE, true, "pass", __VA_ARGS__)
#define fail(...) tap_ok(TAP_HERE, false, "fail", __VA_ARGS__)

#define TAP_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

bool tap_ok(const char *file, int line, bool held, const char *cond, const char *name, ...)
	TAP_PRINTF(5, 6);
bool tap_is_int(const char *file, int line, long long got, long long want, const char *name, ...)
	TAP_PRINTF(5, 6);
bool tap_is_uint(const char *file, int line, unsigned long long got, unsigned long long want,
		 const char *name, ...) TAP_PRINTF(5, 6);
bool tap_is_hex(const char *file, int line, unsigned long long got, unsigned long long want,
		const char *name, ...) TAP_PRINTF(5, 6);
bool tap_cmp_int(const char *file, int line, bool held, const char *op, long long got,
		 long long want, const char *name, ...) TAP_PRINTF(7, 8);
bool tap_is_err(const char *file, int line, long got, long want, const char *name, ...)
	TAP_PRINTF(5, 6);
bool tap_is_str(const char *file, int line, const char *got, const char *want, const char *name,
		...) TAP_PRINTF(5, 6);
bool tap_is_mem(const char *file, int line, const void *got, const void *want, size_t len,
		const char *name, ...) TAP_PRINTF(6, 7);
bool tap_like(const char *file, int line, const char *got, const char *regex, bool wanted,
	      const char *name, ...) TAP_PRINTF(6, 7);

/* The next @checks checks cannot be made here, and why; the caller steps over them. */
void skip(int checks, const char *why, ...) TAP_PRINTF(2, 3);

/* The whole program cannot run here: says why and exits with success. */
void skip_all(const char *why, ...) TAP_PRINTF(1, 2) __attribute__((noreturn));

/* No test after this one makes sense: prove stops. */
void bail_out(const char *why, ...) TAP_PRINTF(1, 2) __attribute__((noreturn));

/* A remark for whoever reads the output; each line is made a comment. */
void diag(const char *fmt, ...) TAP_PRINTF(1, 2);

/* Ends the test. Returns the program's exit status: 0 if every check held. */
int done_testing(void) __attribute__((warn_unused_result));

#endif
