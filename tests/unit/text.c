/* The integer writers agree with printf for every width and sign, and buffers grow as needed. */
#include "fs/text.h"
#include "tests/tap.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const u64 numbers[] = {
	0,
	1,
	9,
	10,
	11,
	99,
	100,
	101,
	999,
	1000,
	12345,
	99999,
	100000,
	4294967295u,
	4294967296u,
	9223372036854775807u,
	9223372036854775808u,
	10000000000000000000u,
	UINT64_MAX,
};

static const char *finish(struct text *t)
{
	text_char(t, '\0');
	return t->data;
}

static void check_number(u64 v, unsigned int width)
{
	struct text t;
	char want[256];

	text_init(&t);
	text_u64_width(&t, v, width);
	text_char(&t, '|');
	text_s64_width(&t, (s64)v, width);
	text_char(&t, '|');
	text_hex(&t, v, width);
	snprintf(want, sizeof(want), "%*" PRIu64 "|%*" PRId64 "|%0*" PRIx64, (int)width, v,
		 (int)width, (s64)v, (int)width, v);
	is_str(finish(&t), want, "%" PRIu64 " in %u columns", v, width);
	text_free(&t);
}

static void check_strings(void)
{
	struct text t;

	text_init(&t);
	text_str_left(&t, "ab", 5);
	text_str_right(&t, "cd", 4);
	text_str_left(&t, "long", 2);
	text_str_right(&t, "long", 2);
	text_fill(&t, '.', 3);
	text_s64(&t, -5);
	text_u64(&t, 7);
	is_str(finish(&t), "ab     cdlonglong...-57", "strings are padded and never cut");

	text_reset(&t);
	text_printf(&t, "%s %d", "x", 3);
	is_str(finish(&t), "x 3", "printf appends");
	text_free(&t);
}

static void check_growth(void)
{
	struct text t;
	char *where;
	size_t i;
	bool same = true;

	text_init(&t);
	for (i = 0; i < 100000; i++)
		text_u64(&t, i % 10);
	for (i = 0; i < t.length; i++)
		same &= t.data[i] == (char)('0' + i % 10);
	ok(t.length == 100000 && same, "a buffer grows and keeps what it held");

	text_reset(&t);
	text_printf(&t, "%*s", 300000, "x");
	ok(t.length == 300000 && t.data[299999] == 'x', "printf grows the buffer to what it needs");

	where = t.data;
	text_reset(&t);
	text_str(&t, "again");
	ok(t.data == where && t.length == 5, "a reset keeps the memory");
	text_free(&t);
}

/* What is appended after the host ran out of memory is not half there. */
static void check_failure(void)
{
	struct text t;

	text_init(&t);
	text_str(&t, "kept");
	ok(!text_reserve(&t, SIZE_MAX / 2), "an impossible size is refused");
	text_str(&t, "lost");
	text_u64(&t, 1);
	text_printf(&t, "lost");
	ok(text_error(&t) && t.length == 4, "nothing is added after a failure");
	text_free(&t);
}

int main(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		check_number(numbers[i], 0);
		check_number(numbers[i], 1);
		check_number(numbers[i], 8);
		check_number(numbers[i], 25);
	}
	check_strings();
	check_growth();
	check_failure();
	return done_testing();
}
