/*
 * /proc/pressure: stall times of the machine, and the triggers that a poll(2) may wait for.
 *
 * A trigger is "some|full THRESHOLD WINDOW" in microseconds. The kernel copies what was written
 * into a buffer of 32 bytes and puts a NUL over the last byte, so that a line without its newline
 * loses a digit; what follows the second number is not looked at.
 * Source: Documentation/accounting/psi.rst.
 */
#include "fs/proc/proc.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define TRIGGER_BUFFER	       32u
#define WINDOW_MIN_US	       500000u
#define WINDOW_MAX_US	       10000000u
#define UNPRIVILEGED_WINDOW_US 2000000u /* others than root: multiples of this only */

/* What was asked for. An open file that has a trigger keeps its handle; its address tells the
 * engine whose it is. */
struct trigger_request {
	u32 threshold_us, window_us;
	enum psi_kind kind;
};

static enum psi_resource resource_of(const struct request *rq)
{
	return (enum psi_resource)(uintptr_t)rq->attr->data;
}

static void show_average(struct text *out, const char *label, u64 fixed)
{
	u64 hundredths = (fixed & ((1u << PSI_AVG_SHIFT) - 1)) * 100 >> PSI_AVG_SHIFT;

	text_str(out, label);
	text_u64(out, fixed >> PSI_AVG_SHIFT);
	text_char(out, '.');
	text_char(out, (char)('0' + hundredths / 10));
	text_char(out, (char)('0' + hundredths % 10));
}

static int pressure_show(const struct request *rq, struct text *out)
{
	static const char *const kind_names[NR_PSI_KINDS] = { "some", "full" };
	u32 kind;

	for (kind = 0; kind < NR_PSI_KINDS; kind++) {
		struct psi_line line;

		psi_read(rq->m, resource_of(rq), (enum psi_kind)kind, &line);
		text_str(out, kind_names[kind]);
		show_average(out, " avg10=", line.avg[0]);
		show_average(out, " avg60=", line.avg[1]);
		show_average(out, " avg300=", line.avg[2]);
		text_str(out, " total=");
		text_u64(out, line.total_ns / NSEC_PER_USEC);
		text_char(out, '\n');
	}
	return 0;
}

/* A decimal number of 32 bits after optional blanks, as sscanf's %u of the kernel: no sign. */
static bool scan_u32(const char **at, u32 *value)
{
	const char *s = *at;
	u64 v = 0;

	while (*s == ' ' || (*s >= '\t' && *s <= '\r'))
		s++;
	if (*s < '0' || *s > '9')
		return false;
	for (; *s >= '0' && *s <= '9'; s++)
		v = v * 10 + (u64)(*s - '0');
	*value = (u32)v;
	*at = s;
	return true;
}

static int parse_trigger(const struct request *rq, const char *data, size_t size,
			 struct trigger_request *t)
{
	char buffer[TRIGGER_BUFFER];
	const char *at = buffer + 4;
	size_t n = min_t(size_t, size, sizeof(buffer));

	if (!n)
		return -EINVAL;
	memcpy(buffer, data, n);
	buffer[n - 1] = '\0';

	if (!strncmp(buffer, "some", 4))
		t->kind = PSI_SOME;
	else if (!strncmp(buffer, "full", 4))
		t->kind = PSI_FULL;
	else
		return -EINVAL;
	if (!scan_u32(&at, &t->threshold_us) || !scan_u32(&at, &t->window_us))
		return -EINVAL;
	if (t->window_us < WINDOW_MIN_US || t->window_us > WINDOW_MAX_US)
		return -EINVAL;
	if (rq->caller->uid && t->window_us % UNPRIVILEGED_WINDOW_US)
		return -EINVAL;
	if (!t->threshold_us || t->threshold_us > t->window_us)
		return -EINVAL;
	return 0;
}

static struct psi_trigger *trigger_of(const struct request *rq)
{
	const handle_t *kept = rq->file->private;

	return kept ? psi_trigger_find(rq->m, *kept, kept) : NULL;
}

static void pressure_release(const struct request *rq)
{
	handle_t *kept = rq->file->private;

	if (kept)
		psi_trigger_destroy(rq->m, *kept, kept);
	free(kept);
	rq->file->private = NULL;
}

static ssize_t pressure_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	struct trigger_request asked;
	handle_t *kept;
	int error;

	(void)offset;
	if (!size)
		return -EINVAL;
	/* one trigger for each descriptor; asked before the text is looked at */
	if (trigger_of(rq))
		return -EBUSY;
	error = parse_trigger(rq, data, size, &asked);
	if (error)
		return error;
	/* one of a machine that is no more */
	pressure_release(rq);
	kept = malloc(sizeof(*kept));
	if (!kept)
		return -ENOMEM;
	error = psi_trigger_create(rq->m, resource_of(rq), asked.kind,
				   asked.threshold_us * NSEC_PER_USEC,
				   asked.window_us * NSEC_PER_USEC, kept, kept);
	if (error) {
		free(kept);
		return error;
	}
	rq->file->private = kept;
	return (ssize_t)size;
}

/* An event is told once. Without a trigger, or when the machine was replaced, its source is
 * gone. */
static u32 pressure_poll(const struct request *rq)
{
	u32 ready = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
	struct psi_trigger *t = trigger_of(rq);

	if (!t)
		return ready | POLLERR | POLLPRI;
	if (t->event)
		ready |= POLLPRI;
	if (!rq->file->peeking)
		t->event = false;
	return ready;
}

bool proc_pressure_visible(const struct request *rq)
{
	return !rq->m->boot.psi_off;
}

#define PRESSURE(_name, resource)                                                                \
	{                                                                                        \
		.name = _name, .mode = 0666, .flags = ATTR_NO_JOURNAL, .data = (void *)resource, \
		.show = pressure_show, .store = pressure_store, .release = pressure_release,     \
		.poll = pressure_poll                                                            \
	}

static const struct attribute pressure_attrs[] = {
	PRESSURE("io", PSI_IO),
	PRESSURE("cpu", PSI_CPU),
	PRESSURE("memory", PSI_MEM),
};

const struct directory proc_pressure_directory = {
	.name = "proc/pressure",
	.mode = 0555,
	.attrs = pressure_attrs,
	.nr_attrs = ARRAY_SIZE(pressure_attrs),
};
