/*
 * The families of numbers and words, where no file of the tree shows a difference yet: sizes of
 * memory control groups, ends of ranges, what is left over. tests/tree/writes.c has the rest.
 */
#include "tests/tap.h"

#include "fs/parse.h"

#include <errno.h>
#include <string.h>

static void check_size(const char *text, int result, u64 pages)
{
	u64 got = 77;

	is_err(parse_page_counter(text, strlen(text), "max", &got), result, "\"%s\" as a size",
	       text);
	if (!result)
		is_uint(got, pages, "\"%s\" in pages", text);
	else
		is_uint(got, 77, "\"%s\" changes nothing", text);
}

static void test_sizes(void)
{
	check_size("4096", 0, 1);
	check_size("4097", 0, 1);
	check_size("1", 0, 0);
	check_size("4k", 0, 1);
	check_size(" 10M\n", 0, 2560);
	check_size("0x10K", 0, 4);
	check_size("010", 0, 0);
	check_size("1P", 0, (u64)1 << 38);
	check_size("16E", 0, 0);
	check_size("8E", 0, PAGE_COUNTER_MAX);
	check_size("9223372036854771712", 0, PAGE_COUNTER_MAX);
	check_size("18446744073709551616", 0, 0);
	check_size("max", 0, PAGE_COUNTER_MAX);
	check_size(" max ", 0, PAGE_COUNTER_MAX);
	check_size("\n", 0, 0);
	check_size("MAX", -EINVAL, 0);
	check_size("1.5G", -EINVAL, 0);
	check_size("-4096", -EINVAL, 0);
	check_size("+4096", -EINVAL, 0);
	check_size("1 2", -EINVAL, 0);
	check_size("4KB", -EINVAL, 0);
}

static void test_sysctl(void)
{
	s32 v[4] = { 9, 9, 9, 9 };
	u64 wide = 9;
	u32 nr;

	is_int(sysctl_int("1 2 3", 5, v, 4, INT32_MIN, INT32_MAX, &nr), 5,
	       "three numbers are taken whole");
	is_uint(nr, 3, "and counted");
	is_int(v[3], 9, "the fourth is left alone");
	is_int(sysctl_int("1 x", 3, v, 1, 0, 9, &nr), 2,
	       "what follows a number and a blank is left over");
	is_int(sysctl_int("-2147483648", 11, v, 1, INT32_MIN, INT32_MAX, NULL), 11,
	       "the smallest int");
	is_int(v[0], INT32_MIN, "is the smallest int");
	is_err(sysctl_int("2147483648", 10, v, 1, INT32_MIN, INT32_MAX, NULL), -EINVAL,
	       "one too large");
	is_err(sysctl_int("5", 1, v, 1, 0, 4, NULL), -EINVAL, "above the range");
	is_err(sysctl_int("1 7", 3, v, 2, 0, 4, &nr), -EINVAL, "the second above the range");
	is_uint(nr, 1, "the first was fine");
	is_int(sysctl_int("", 0, v, 1, 0, 4, NULL), 0, "an empty write is none");
	is_err(sysctl_ulong("-0", 2, &wide, 1, 0, UINT64_MAX, NULL), -EINVAL,
	       "unsigned takes no sign");
	is_int(sysctl_ulong("00000000000000000001", 20, &wide, 1, 0, UINT64_MAX, NULL), 20,
	       "20 digits");
	is_err(sysctl_ulong("000000000000000000001", 21, &wide, 1, 0, UINT64_MAX, NULL), -EINVAL,
	       "21 digits are too many");
	is_int(sysctl_bool("-5", 2, &wide), 2, "a bool takes any number");
	is_uint(wide, 1, "and is 1 then");
}

static void test_kstrto(void)
{
	u64 v = 0;
	s32 i = 0;
	bool b = false;

	is_err(parse_kstrtoull("0x1f\n", 5, 0, &v), 0, "base 0 finds hex");
	is_uint(v, 0x1f, "0x1f");
	is_err(parse_kstrtoull("08", 2, 0, &v), -EINVAL, "8 is no octal digit");
	is_err(parse_kstrtoull("1\n\n", 3, 10, &v), -EINVAL, "one newline only");
	is_err(parse_kstrtoull("1\0x", 3, 10, &v), 0, "text ends at a NUL");
	is_err(parse_kstrtoull("18446744073709551616", 20, 10, &v), -ERANGE, "over 64 bits");
	is_err(parse_kstrtoint("-2147483648", 11, 10, &i), 0, "the smallest int");
	is_err(parse_kstrtoint("-2147483649", 11, 10, &i), -ERANGE, "one less");
	is_err(parse_kstrtoint("-+1", 3, 10, &i), -EINVAL, "two signs");
	is_err(parse_bool("oN", 2, &b), 0, "on in any case");
	ok(b, "is true");
	is_err(parse_bool("o", 1, &b), -EINVAL, "half a word");
	is_err(parse_bool("0x10", 4, &b), 0, "only the first letter counts");
	ok(!b, "and that is a 0");
}

int main(void)
{
	test_sizes();
	test_sysctl();
	test_kstrto();
	return done_testing();
}
