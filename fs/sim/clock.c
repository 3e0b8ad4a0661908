/*
 * sim/clock: "12.345678901 paused"; takes advance TIME, pause, realtime, rate N.
 */
#include "fs/sim/command.h"
#include "fs/sim/sim.h"

#include <errno.h>
#include <string.h>

int sim_clock_show(const struct request *rq, struct text *out)
{
	const struct clock *c = &rq->m->clock;

	text_u64(out, c->now / NSEC_PER_SEC);
	text_printf(out, ".%09llu ", (unsigned long long)(c->now % NSEC_PER_SEC));
	if (c->mode == CLOCK_MODE_PAUSED)
		text_str(out, "paused\n");
	else if (c->mode == CLOCK_MODE_REALTIME)
		text_str(out, "realtime\n");
	else
		text_printf(out, "x%u\n", c->rate);
	return 0;
}

static int set_rate(struct machine *m, const char *word, size_t length)
{
	u64 rate = 0;
	size_t i;

	if (!length)
		return -EINVAL;
	for (i = 0; i < length; i++) {
		if (word[i] < '0' || word[i] > '9' || rate > 1000000)
			return -EINVAL;
		rate = rate * 10 + (u64)(word[i] - '0');
	}
	if (!rate || rate > 1000000)
		return -EINVAL;
	m->clock.mode = CLOCK_MODE_RATE;
	m->clock.rate = (u32)rate;
	return 0;
}

/*
 * kernel.panic seconds after a panic the machine boots anew, and what is left of the time passes on
 * the new one. Where it cannot be booted it stays as it is.
 */
static struct machine *advance_through_reboots(const struct request *rq, u64 *to)
{
	struct machine *m = rq->m;
	struct request now = *rq;
	u64 left;

	clock_advance_to(m, *to);
	while (m->clock.now < *to && panic_reboot_due(m)) {
		left = *to - m->clock.now;
		now.m = m;
		if (sim_reboot(&now)) {
			m->panic.reboot_at = UINT64_MAX;
			clock_advance_to(m, *to);
			break;
		}
		m = tree_machine(rq->tree);
		*to = m->clock.now + left;
		clock_advance_to(m, *to);
	}
	return m;
}

/* An interrupted advance stays where it came to. */
static int advance(const struct request *rq, const char *word, size_t length)
{
	u64 ns, from = rq->m->clock.now, to;
	const struct machine *m;

	if (argument_time(word, length, &ns) || ns > (u64)INT64_MAX - from)
		return -EINVAL;
	to = from + ns;
	m = advance_through_reboots(rq, &to);
	tree_clock_set(rq->tree);
	if (m->clock.now >= to)
		return 0;
	if (m != rq->m || m->clock.now > from)
		tree_note_change(rq->tree);
	return -EINTR;
}

/* "WORD" or "WORD ARGUMENT", blanks around them, one newline at the end. */
static bool split(const char *data, size_t size, size_t *word, const char **argument,
		  size_t *length)
{
	size_t i;

	while (size && (data[size - 1] == '\n' || data[size - 1] == ' '))
		size--;
	for (i = 0; i < size && data[i] != ' '; i++)
		if (data[i] == '\n')
			return false;
	*word = i;
	while (i < size && data[i] == ' ')
		i++;
	*argument = data + i;
	*length = size - i;
	return *word > 0 && !memchr(*argument, '\n', *length);
}

ssize_t sim_clock_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	size_t word, length;
	const char *argument;
	int error = -EINVAL;

	(void)offset;
	if (!split(data, size, &word, &argument, &length))
		return -EINVAL;
	if (word == 7 && memcmp(data, "advance", 7) == 0)
		error = advance(rq, argument, length);
	else if (word == 4 && memcmp(data, "rate", 4) == 0)
		error = set_rate(rq->m, argument, length);
	else if (word == 5 && memcmp(data, "pause", 5) == 0 && !length)
		error = (rq->m->clock.mode = CLOCK_MODE_PAUSED, 0);
	else if (word == 8 && memcmp(data, "realtime", 8) == 0 && !length)
		error = (rq->m->clock.mode = CLOCK_MODE_REALTIME, 0);
	if (!error)
		tree_clock_set(rq->tree);
	return error ? error : (ssize_t)size;
}
