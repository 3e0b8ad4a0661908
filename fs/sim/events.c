/*
 * sim/events: the engine's event stream, "<time> <event> key=value ...", at most one record per
 * read.
 * A reader starts with the oldest record kept, and goes on with the oldest when it fell behind.
 */
#include "fs/sim/sim.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

int sim_events_open(const struct request *rq, int flags)
{
	(void)flags;
	rq->file->sequence = rq->m->trace.first_seq;
	return 0;
}

/* What a small buffer (of awk, of the shell's read) had no room for comes with the next reads. */
static ssize_t read_rest(struct text *rest, char *buffer, size_t size)
{
	if (size > rest->length)
		size = rest->length;
	memcpy(buffer, rest->data, size);
	rest->length -= size;
	memmove(rest->data, rest->data + size, rest->length);
	return (ssize_t)size;
}

ssize_t sim_events_read(const struct request *rq, char *buffer, size_t size, u64 offset)
{
	char text[LOG_LINE_MAX], line[LOG_LINE_MAX + 64];
	struct text *rest = &rq->file->text;
	int level, n;
	u64 time;

	(void)offset;
	if (rest->length)
		return read_rest(rest, buffer, size);
	n = log_read(&rq->m->trace, &rq->file->sequence, &time, &level, text, sizeof(text));
	if (n < 0)
		return n;
	n = snprintf(line, sizeof(line), "%llu.%09llu %s\n",
		     (unsigned long long)(time / NSEC_PER_SEC),
		     (unsigned long long)(time % NSEC_PER_SEC), text);
	if ((size_t)n > size) {
		text_mem(rest, line, (size_t)n);
		if (text_error(rest))
			return -ENOMEM;
		n = (int)read_rest(rest, buffer, size);
	} else {
		memcpy(buffer, line, (size_t)n);
	}
	rq->file->sequence++;
	return n;
}

u32 sim_events_poll(const struct request *rq)
{
	bool more = rq->file->text.length || rq->file->sequence < rq->m->trace.next_seq;

	return more ? POLLIN | POLLRDNORM : 0;
}
