/*
 * dev/kmsg: the kernel log, one record per read: "priority,sequence,microseconds,-;text\n" with
 * control characters as \xNN; a write adds a record.
 * Source: Documentation/ABI/testing/dev-kmsg.
 */
#include "fs/dev/dev.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "fs/parse.h"

#define FACILITY_USER 1
#define DEFAULT_LEVEL 4
#define WRITE_MAX     992u /* CONSOLE_LOG_MAX less the prefix: a longer write is refused */

int dev_kmsg_open(const struct request *rq, int flags)
{
	/* CONFIG_SECURITY_DMESG_RESTRICT: the log tells addresses */
	if ((flags & O_ACCMODE) != O_WRONLY && rq->caller->uid)
		return -EPERM;
	rq->file->sequence = rq->m->kmsg.first_seq;
	return 0;
}

static void put_escaped(struct text *out, const char *text, int length)
{
	int i;

	for (i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < ' ' || c >= 127 || c == '\\')
			text_printf(out, "\\x%02x", c);
		else
			text_char(out, (char)c);
	}
	text_char(out, '\n');
}

ssize_t dev_kmsg_read(const struct request *rq, char *buffer, size_t size, u64 offset)
{
	const struct log_ring *r = &rq->m->kmsg;
	char text[LOG_LINE_MAX];
	struct text out;
	int level, n;
	u64 time;
	ssize_t result;

	(void)offset;
	if (rq->file->sequence < r->first_seq) {
		/* what this reader had not seen yet is gone: it is told once */
		rq->file->sequence = r->first_seq;
		return -EPIPE;
	}
	n = log_read(r, &rq->file->sequence, &time, &level, text, sizeof(text));
	if (n < 0)
		return n;
	text_init(&out);
	text_printf(&out, "%d,%llu,%llu,-;", level, (unsigned long long)rq->file->sequence,
		    (unsigned long long)(time / NSEC_PER_USEC));
	put_escaped(&out, text, n);
	result = text_error(&out) ? -ENOMEM : out.length > size ? -EINVAL : (ssize_t)out.length;
	if (result > 0) {
		memcpy(buffer, out.data, out.length);
		rq->file->sequence++;
	}
	text_free(&out);
	return result;
}

/* "<12>text": facility and level in one number; without it user, default level. */
ssize_t dev_kmsg_write(const struct request *rq, const char *data, size_t size, u64 offset)
{
	unsigned int priority = FACILITY_USER << 3 | DEFAULT_LEVEL;
	char line[WRITE_MAX + 1];
	const char *text = line;
	const char *end = line + size;
	u64 given;

	(void)offset;
	if (size > WRITE_MAX)
		return -EINVAL;
	memcpy(line, data, size);
	line[size] = '\0';
	if (parse_literal(&text, end, "<") && parse_digits(&text, end, &given) &&
	    parse_literal(&text, end, ">"))
		/* a user cannot speak for the kernel's own facility */
		priority =
			(u32)(given >> 3 & 0xff ? given & 0x7ff : FACILITY_USER << 3 | (given & 7));
	else
		text = line;
	printk(rq->m, (int)priority, "%s", text);
	return (ssize_t)size;
}

/* To what was logged since the log was last cleared. */
s64 dev_kmsg_seek_data(const struct request *rq, u64 offset)
{
	const struct log_ring *r = &rq->m->kmsg;

	if (offset)
		return -ESPIPE;
	rq->file->sequence = r->clear_seq > r->first_seq ? r->clear_seq : r->first_seq;
	return 0;
}

u32 dev_kmsg_poll(const struct request *rq)
{
	const struct log_ring *r = &rq->m->kmsg;
	u32 ready = POLLOUT | POLLWRNORM;

	if (rq->file->sequence < r->first_seq)
		return ready | POLLIN | POLLRDNORM | POLLERR | POLLPRI;
	return rq->file->sequence < r->next_seq ? ready | POLLIN | POLLRDNORM : ready;
}
