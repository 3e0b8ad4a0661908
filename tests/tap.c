/*
 * The Test Anything Protocol; tap.h says how it is used.
 *
 * Results go to standard output, remarks on failures to standard error, where prove shows them.
 * Each line is flushed, so that a crash does not swallow the last results and a fork does not
 * repeat them.
 */
#include "tests/tap.h"

#include <errno.h>
#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A test program is one test: its count is the program's. */
static struct {
	int run;
	int failed;
} tap;

static void print_commented(FILE *out, const char *text)
{
	fputs("# ", out);
	for (; *text; text++) {
		fputc(*text, out);
		if (*text == '\n' && text[1])
			fputs("# ", out);
	}
	fputc('\n', out);
	fflush(out);
}

static void vdiag(const char *fmt, va_list args)
{
	char *text;

	if (vasprintf(&text, fmt, args) < 0)
		return;
	print_commented(stderr, text);
	free(text);
}

void diag(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vdiag(fmt, args);
	va_end(args);
}

/* A '#' in the sentence would start a directive such as "# SKIP". */
static void print_name(const char *name, va_list args)
{
	char *text;
	const char *at;

	if (vasprintf(&text, name, args) < 0)
		return;
	for (at = text; *at; at++) {
		if (*at == '#')
			fputc('\\', stdout);
		fputc(*at == '\n' ? ' ' : *at, stdout);
	}
	free(text);
}

static void result(const char *file, int line, bool held, const char *name, va_list args)
{
	printf("%sok %d - ", held ? "" : "not ", ++tap.run);
	print_name(name, args);
	fputc('\n', stdout);
	fflush(stdout);
	if (!held) {
		tap.failed++;
		diag("failed at %s:%d", file, line);
	}
}

/* Prints the result line from the variable arguments that follow @name in the caller. */
#define RESULT(held)                                    \
	do {                                            \
		va_list args;                           \
                                                        \
		va_start(args, name);                   \
		result(file, line, (held), name, args); \
		va_end(args);                           \
	} while (0)

bool tap_ok(const char *file, int line, bool held, const char *cond, const char *name, ...)
{
	RESULT(held);
	if (!held)
		diag("   false: %s", cond);
	return held;
}

bool tap_is_int(const char *file, int line, long long got, long long want, const char *name, ...)
{
	RESULT(got == want);
	if (got != want)
		diag("     got: %lld\nexpected: %lld", got, want);
	return got == want;
}

bool tap_is_uint(const char *file, int line, unsigned long long got, unsigned long long want,
		 const char *name, ...)
{
	RESULT(got == want);
	if (got != want)
		diag("     got: %llu\nexpected: %llu", got, want);
	return got == want;
}

bool tap_is_hex(const char *file, int line, unsigned long long got, unsigned long long want,
		const char *name, ...)
{
	RESULT(got == want);
	if (got != want)
		diag("     got: %#llx\nexpected: %#llx", got, want);
	return got == want;
}

bool tap_cmp_int(const char *file, int line, bool held, const char *op, long long got,
		 long long want, const char *name, ...)
{
	RESULT(held);
	if (!held)
		diag("     got: %lld\nexpected: %s %lld", got, op, want);
	return held;
}

static const char *err_name(long err)
{
	const char *name;

	if (err > 0 || err < -4095)
		return "no error number";
	name = strerrorname_np((int)-err);
	return name && err ? name : err ? "unknown" : "success";
}

bool tap_is_err(const char *file, int line, long got, long want, const char *name, ...)
{
	RESULT(got == want);
	if (got != want)
		diag("     got: %ld (%s)\nexpected: %ld (%s)", got, err_name(got), want,
		     err_name(want));
	return got == want;
}

static void diag_string(const char *label, const char *text)
{
	if (text)
		diag("%s: '%s'", label, text);
	else
		diag("%s: NULL", label);
}

static size_t common_prefix(const char *a, const char *b, size_t len)
{
	size_t at = 0;

	while (at < len && a[at] == b[at])
		at++;
	return at;
}

static void diag_first_difference(const char *got, const char *want)
{
	size_t at = common_prefix(got, want, strlen(want) + 1);
	size_t line = 1;
	size_t i;

	for (i = 0; i < at; i++)
		line += got[i] == '\n';
	diag("  differ: from byte %zu, in line %zu", at, line);
}

bool tap_is_str(const char *file, int line, const char *got, const char *want, const char *name,
		...)
{
	bool held = got && want ? !strcmp(got, want) : got == want;

	RESULT(held);
	if (!held) {
		diag_string("     got", got);
		diag_string("expected", want);
		if (got && want)
			diag_first_difference(got, want);
	}
	return held;
}

bool tap_is_mem(const char *file, int line, const void *got, const void *want, size_t len,
		const char *name, ...)
{
	size_t at = common_prefix(got, want, len);

	RESULT(at == len);
	if (at != len)
		diag("byte %zu of %zu\n     got: %#04x\nexpected: %#04x", at, len,
		     ((const unsigned char *)got)[at], ((const unsigned char *)want)[at]);
	return at == len;
}

bool tap_like(const char *file, int line, const char *got, const char *regex, bool wanted,
	      const char *name, ...)
{
	regex_t re;
	bool held;

	if (regcomp(&re, regex, REG_EXTENDED | REG_NOSUB | REG_NEWLINE))
		bail_out("%s:%d: not a regular expression: %s", file, line, regex);
	held = got && (regexec(&re, got, 0, NULL, 0) == 0) == wanted;
	regfree(&re);

	RESULT(held);
	if (!held) {
		diag_string("     got", got);
		diag_string(wanted ? "to match" : "to avoid", regex);
	}
	return held;
}

void skip(int checks, const char *why, ...)
{
	va_list args;
	int i;

	for (i = 0; i < checks; i++) {
		va_start(args, why);
		printf("ok %d # SKIP ", ++tap.run);
		vprintf(why, args);
		fputc('\n', stdout);
		va_end(args);
	}
	fflush(stdout);
}

void skip_all(const char *why, ...)
{
	va_list args;

	va_start(args, why);
	fputs("1..0 # SKIP ", stdout);
	vprintf(why, args);
	fputc('\n', stdout);
	va_end(args);
	exit(EXIT_SUCCESS);
}

void bail_out(const char *why, ...)
{
	va_list args;

	va_start(args, why);
	fputs("Bail out! ", stdout);
	vprintf(why, args);
	fputc('\n', stdout);
	va_end(args);
	exit(255);
}

int done_testing(void)
{
	printf("1..%d\n", tap.run);
	if (tap.failed)
		diag("%d of %d checks failed", tap.failed, tap.run);
	fflush(stdout);
	return tap.failed || !tap.run;
}
