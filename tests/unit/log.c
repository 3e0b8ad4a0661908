/* The rings of records behind dev/kmsg and sim/events. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "tests/fixture.h"
#include "tests/tap.h"

static char text[LOG_LINE_MAX];
static u64 when;
static int level;

static void count_wakes(struct machine *m, void *arg)
{
	(void)m;
	++*(u32 *)arg;
}

/* The line that the event stream got last. */
static const char *last_event(const struct machine *m)
{
	u64 seq = m->trace.next_seq - 1;

	return log_read(&m->trace, &seq, &when, &level, text, sizeof(text)) < 0 ? "none" : text;
}

/* What is printed without stdio reads as if it were. */
#define IS_PRINTED(m, ...)                                                      \
	do {                                                                    \
		char wanted_[2 * LOG_LINE_MAX];                                 \
		snprintf(wanted_, sizeof(wanted_), __VA_ARGS__);                \
		wanted_[LOG_LINE_MAX - 1] = 0;                                  \
		trace_event(m, __VA_ARGS__);                                    \
		is_str(last_event(m), wanted_, "%s", "printed: " #__VA_ARGS__); \
	} while (0)

static void test_conversions(struct machine *m)
{
	char full[LOG_LINE_MAX];

	memset(full, 'x', sizeof(full) - 1);
	full[sizeof(full) - 1] = '\0';
	IS_PRINTED(m, "plain");
	IS_PRINTED(m, "a=%u b=%u c=%s", 0u, UINT32_MAX, "");
	IS_PRINTED(m, "%s%s|%d|%d|%d", "one", "two", 0, INT_MIN, INT_MAX);
	IS_PRINTED(m, "%llu %lld %lld", ~0ull, -0x7fffffffffffffffll - 1, 42ll);
	IS_PRINTED(m, "%#x %5u %-4s| %c %% %lluk", 255u, 7u, "ab", 'c', 12ull);
	IS_PRINTED(m, "%s", full);
	IS_PRINTED(m, "%u %s", 1u, full);
}

int main(void)
{
	struct fixture f;
	struct log_ring *r;
	char longest[2 * LOG_LINE_MAX];
	u64 seq, first, n;
	u32 wakes = 0;

	if (!fixture_open(&f, "tiny", NULL))
		bail_out("%s", f.why);
	r = &f.m->kmsg;
	seq = first = r->next_seq;
	is_err(log_read(r, &seq, &when, &level, text, sizeof(text)), -EAGAIN, "no record yet");
	f.m->host = (struct machine_host){ .arg = &wakes, .wake = count_wakes };
	printk(f.m, 3, "one %d", 1);
	printk(f.m, 4, "two\n");
	is_uint(wakes, 2, "each line wakes those who wait");
	f.m->host = (struct machine_host){ .arg = NULL };
	is_int(log_read(r, &seq, &when, &level, text, sizeof(text)), 5,
	       "the first record's length");
	is_str(text, "one 1", "its text");
	is_int(level, 3, "its level");
	is_uint(when, f.m->clock.now, "its time");
	seq++;
	log_read(r, &seq, &when, &level, text, sizeof(text));
	is_str(text, "two", "a newline at the end is not part of the text");
	is_int(log_read(r, &seq, &when, &level, text, 3), 2, "a small buffer gets the beginning");
	is_str(text, "tw", "terminated");

	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	printk(f.m, 6, "%s", longest);
	seq++;
	is_int(log_read(r, &seq, &when, &level, text, sizeof(text)), LOG_LINE_MAX - 1,
	       "a line too long is cut");

	for (n = 0; n < 40000; n++)
		printk(f.m, 6, "record %llu", (unsigned long long)n);
	is_uint(r->next_seq, first + 3 + 40000, "records are numbered without end");
	cmp_int(r->first_seq, >, first, "the oldest make room");
	cmp_int(r->head - r->tail, <=, LOG_RING_BYTES, "in a ring of fixed size");
	seq = 0;
	log_read(r, &seq, &when, &level, text, sizeof(text));
	is_uint(seq, r->first_seq, "who asks for one that is gone gets the oldest");
	for (n = seq; n < r->next_seq; n++) {
		char want[64];

		seq = n;
		log_read(r, &seq, &when, &level, text, sizeof(text));
		snprintf(want, sizeof(want), "record %llu", (unsigned long long)(n - first - 3));
		if (strcmp(text, want))
			break;
	}
	is_uint(n, r->next_seq,
		"every one that is kept reads as it was written, also across the ring's end");
	test_conversions(f.m);
	fixture_close(&f);
	return done_testing();
}
