/* Access patterns: what seq, random, uniform and zipf draw. */
#include <mman/lab.h>

#include <stdlib.h>
#include <string.h>

#include "tests/tap.h"

#define PAGES 1000u

static void draw(struct access_stream *s, u32 *hits, u32 n, u32 *writes)
{
	bool write;
	u32 i;

	memset(hits, 0, PAGES * sizeof(*hits));
	*writes = 0;
	for (i = 0; i < n; i++) {
		hits[access_stream_next(s, &write) / PAGE_SIZE]++;
		*writes += write;
	}
}

static bool each_hit(const u32 *hits, u32 times)
{
	u32 i;

	for (i = 0; i < PAGES; i++)
		if (hits[i] != times)
			return false;
	return true;
}

static void test_rounds(void)
{
	struct access_spec spec = { .pattern = ACCESS_SEQ };
	struct access_stream s, again;
	u32 hits[PAGES], writes, i, in_order = 0;
	bool write;

	access_stream_init(&s, &spec, 0, PAGES, 1);
	is_uint(access_stream_next(&s, &write), 0, "seq begins at the start");
	is_uint(access_stream_next(&s, &write), PAGE_SIZE, "and goes on with the next page");

	spec.pattern = ACCESS_RANDOM;
	access_stream_init(&s, &spec, 0, PAGES, 1);
	draw(&s, hits, PAGES, &writes);
	ok(each_hit(hits, 1), "random visits each page once in a round");
	draw(&s, hits, 3 * PAGES, &writes);
	ok(each_hit(hits, 3), "and once in each further round");
	is_int(writes, 0, "reads only, unless write= is given");
	access_stream_init(&s, &spec, 0, PAGES, 1);
	access_stream_init(&again, &spec, 0, PAGES, 1);
	for (i = 0; i < PAGES; i++) {
		u64 a = access_stream_next(&s, &write);

		in_order += a == i * PAGE_SIZE;
		if (a != access_stream_next(&again, &write))
			break;
	}
	is_int(i, PAGES, "the same seed gives the same order");
	cmp_int(in_order, <, 20, "which is not the order of addresses");
}

static void test_uniform(void)
{
	struct access_spec spec = { .pattern = ACCESS_UNIFORM, .write_percent = 25 };
	struct access_stream s;
	u32 hits[PAGES], writes, i, missed = 0;

	access_stream_init(&s, &spec, 0, PAGES, 7);
	draw(&s, hits, 4 * PAGES, &writes);
	for (i = 0; i < PAGES; i++)
		missed += !hits[i];
	/* with replacement: e^-4 of the pages, about 18, are never drawn */
	cmp_int(missed, >, 5, "uniform draws with replacement");
	cmp_int(missed, <, 45, "and evenly");
	cmp_int(writes, >, 850, "write=25 makes about a quarter stores");
	cmp_int(writes, <, 1150, "and not more");
}

static int descending(const void *a, const void *b)
{
	return *(const u32 *)a < *(const u32 *)b ? 1 : -1;
}

static void test_zipf(void)
{
	struct access_spec spec = { .pattern = ACCESS_ZIPF, .theta_millis = 900 };
	struct access_stream s;
	u32 hits[PAGES], writes;

	access_stream_init(&s, &spec, 0, PAGES, 3);
	draw(&s, hits, 100000, &writes);
	qsort(hits, PAGES, sizeof(hits[0]), descending);
	/* H(1000, 0.9) = 10.52: the first rank has 9.5 % of the draws, the second 2^-0.9 of that */
	cmp_int(hits[0], >, 9000,
		"zipf:0.9 over 1000 pages: the hottest page has 9.5 %% of the draws");
	cmp_int(hits[0], <, 10050, "of 100000, that is");
	cmp_int(hits[1], >, 4700, "the second 2^-0.9 of it");
	cmp_int(hits[1], <, 5500, "no more");
	cmp_int(hits[9], >, 1000, "the tenth 10^-0.9 of it");
	cmp_int(hits[9], <, 1420, "no more");
	cmp_int(hits[PAGES - 1], <, 60, "and the coldest hardly any");
}

/* Drawn ahead and drawn one by one are the same, whatever the number of pages; also over the end of
 * a round. */
static bool same_draws(const struct access_spec *spec, u64 pages, u32 count)
{
	struct access_stream one, many;
	struct access_draw d = { .key = 0 };
	u64 addr[ACCESS_DRAW_MAX];
	u32 left, nr, i;
	bool write;

	access_stream_init(&one, spec, 0x1000, pages, pages);
	access_stream_init(&many, spec, 0x1000, pages, pages);
	for (left = count; left; left -= nr) {
		nr = access_stream_draw(&many, &d, addr, left);
		for (i = 0; i < nr; i++) {
			u64 want = access_stream_next(&one, &write);

			if (addr[i] != (want | (write ? ACCESS_STORE : 0)))
				return false;
		}
	}
	return access_stream_next(&one, &write) == access_stream_next(&many, &write);
}

static void test_draw_ahead(void)
{
	static const u64 pages[] = {
		1,	  2,	3,    4,     5,	       31,  32,	  33,	63,  64,    65,
		1000,	  4096, 8192, 70000, 1u << 20, 333, 9999, 2049, 127, 16384, (1u << 20) + 1,
		12345678, 17
	};
	u32 i, same = 0, tried = 0, pattern, percent;

	for (i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		for (pattern = 0; pattern < 4; pattern++)
			for (percent = 0; percent <= 100; percent += 25) {
				struct access_spec spec = { .pattern = (enum access_pattern)pattern,
							    .theta_millis = 900,
							    .write_percent = percent };

				tried++;
				same += same_draws(&spec, pages[i], 5000);
			}
	is_uint(same, tried, "accesses drawn ahead are those drawn one by one");
}

int main(void)
{
	test_draw_ahead();
	test_rounds();
	test_uniform();
	test_zipf();
	return done_testing();
}
