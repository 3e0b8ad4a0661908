/*
 * sim/events: the engine's event stream, "<time> <event> key=value ...", one record per read.
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

ssize_t sim_events_read(const struct request *rq, char *buffer, size_t size, u64 offset)
{
	char text[LOG_LINE_MAX], line[LOG_LINE_MAX + 64];
	int level, n;
	u64 time;

	(void)offset;
	n = log_read(&rq->m->trace, &rq->file->sequence, &time, &level, text, sizeof(text));
	if (n < 0)
		return n;
	n = snprintf(line, sizeof(line), "%llu.%09llu %s\n",
		     (unsigned long long)(time / NSEC_PER_SEC),
		     (unsigned long long)(time % NSEC_PER_SEC), text);
	if ((size_t)n > size)
		return -EINVAL;
	memcpy(buffer, line, (size_t)n);
	rq->file->sequence++;
	return n;
}

u32 sim_events_poll(const struct request *rq)
{
	return rq->file->sequence < rq->m->trace.next_seq ? POLLIN | POLLRDNORM : 0;
}
