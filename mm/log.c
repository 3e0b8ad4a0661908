/*
 * log.c - the kernel log (dev/kmsg) and the event stream (sim/events): rings of text records.
 *
 * A record is a header and its text, laid end to end in a ring of LOG_RING_BYTES; head and tail are
 * byte positions that only grow, so that `tail & (size - 1)` is where the oldest record starts. A
 * new record pushes out as many of the oldest as it needs room for; a reader that fell behind
 * continues with the oldest one kept, and sees from the sequence number how many it missed.
 */
#include <mman/machine.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct record {
	u64 time;	   /* ns */
	u16 length, level; /* level: and facility above bit 3 */
	u8 reserved[4];
};

static void ring_copy_in(struct log_ring *r, u64 at, const void *from, size_t n)
{
	size_t offset = (size_t)(at & (LOG_RING_BYTES - 1));
	size_t first = LOG_RING_BYTES - offset < n ? LOG_RING_BYTES - offset : n;

	memcpy(r->text + offset, from, first);
	memcpy(r->text, (const char *)from + first, n - first);
}

static void ring_copy_out(const struct log_ring *r, u64 at, void *to, size_t n)
{
	size_t offset = (size_t)(at & (LOG_RING_BYTES - 1));
	size_t first = LOG_RING_BYTES - offset < n ? LOG_RING_BYTES - offset : n;

	memcpy(to, r->text + offset, first);
	memcpy((char *)to + first, r->text, n - first);
}

static u64 record_bytes(const struct record *rec)
{
	return sizeof(*rec) + rec->length;
}

static void ring_drop_oldest(struct log_ring *r)
{
	struct record rec;

	ring_copy_out(r, r->tail, &rec, sizeof(rec));
	r->tail += record_bytes(&rec);
	r->first_seq++;
}

static void ring_add(struct machine *m, struct log_ring *r, int level, const char *text,
		     size_t length)
{
	struct record rec = { .time = m->clock.now, .length = (u16)length, .level = (u16)level };

	if (!r->text)
		return;
	while (r->head + record_bytes(&rec) - r->tail > LOG_RING_BYTES)
		ring_drop_oldest(r);
	ring_copy_in(r, r->head, &rec, sizeof(rec));
	ring_copy_in(r, r->head + sizeof(rec), text, length);
	r->head += record_bytes(&rec);
	r->next_seq++;
	if (m->host.wake)
		m->host.wake(m, m->host.arg);
}

/* ---- text ---- */

/*
 * vsnprintf() of the conversions that most lines make do with, at a tenth of its price: each time
 * that kswapd wakes, works and sleeps it says so in three lines.
 */
struct line {
	char *at, *end;
};

static bool put_text(struct line *l, const char *text, size_t length)
{
	if (length >= (size_t)(l->end - l->at))
		return false;
	memcpy(l->at, text, length);
	l->at += length;
	return true;
}

static bool put_number(struct line *l, u64 value, bool negative)
{
	char digits[24], *d = digits + sizeof(digits);

	do
		*--d = (char)('0' + value % 10);
	while (value /= 10);
	if (negative)
		*--d = '-';
	return put_text(l, d, (size_t)(digits + sizeof(digits) - d));
}

/* What begins with the '%' at @format. Returns where it ends, NULL for what is not done here. */
static const char *put_conversion(struct line *l, const char *format, va_list *ap)
{
	bool wide = format[1] == 'l' && format[2] == 'l', done = false;
	const char *end = format + (wide ? 4 : 2), *text;
	s64 value;

	if (end[-1] == 'u') {
		done = put_number(
			l, wide ? va_arg(*ap, unsigned long long) : va_arg(*ap, unsigned int),
			false);
	} else if (end[-1] == 'd') {
		value = wide ? va_arg(*ap, long long) : va_arg(*ap, int);
		done = put_number(l, value < 0 ? 0 - (u64)value : (u64)value, value < 0);
	} else if (end[-1] == 's' && !wide) {
		text = va_arg(*ap, const char *);
		done = put_text(l, text, strlen(text));
	}
	return done ? end : NULL;
}

static int print_plain(char *to, size_t size, const char *format, va_list *ap)
{
	struct line l = { to, to + size };
	size_t n;

	while (format && *format) {
		n = (size_t)(strchrnul(format, '%') - format);
		if (!n)
			format = put_conversion(&l, format, ap);
		else
			format = put_text(&l, format, n) ? format + n : NULL;
	}
	return format ? (int)(l.at - to) : -1;
}

static void ring_vprint(struct machine *m, struct log_ring *r, int level, const char *format,
			va_list ap)
{
	char line[LOG_LINE_MAX];
	size_t length;
	va_list again;
	int n;

	va_copy(again, ap);
	n = print_plain(line, sizeof(line), format, &again);
	va_end(again);
	if (n < 0)
		n = vsnprintf(line, sizeof(line), format, ap);
	length = n < 0 ? 0 : (size_t)n;
	if (length >= sizeof(line))
		length = sizeof(line) - 1;
	while (length && line[length - 1] == '\n')
		length--;
	ring_add(m, r, level, line, length);
}

/* A kernel that has panicked says no more: the last lines of its log are why. */
void printk(struct machine *m, int level, const char *format, ...)
{
	va_list ap;

	if (unlikely(m->panicked))
		return;
	va_start(ap, format);
	ring_vprint(m, &m->kmsg, level, format, ap);
	va_end(ap);
}

void trace_event(struct machine *m, const char *format, ...)
{
	va_list ap;

	if (unlikely(m->panicked))
		return;
	va_start(ap, format);
	ring_vprint(m, &m->trace, 6, format, ap);
	va_end(ap);
}

int log_read(const struct log_ring *r, u64 *seq, u64 *time, int *level, char *text, size_t size)
{
	struct record rec;
	u64 at = r->tail, n;
	size_t length;

	if (*seq >= r->next_seq)
		return -EAGAIN;
	if (*seq < r->first_seq)
		*seq = r->first_seq;
	for (n = r->first_seq;; n++) {
		ring_copy_out(r, at, &rec, sizeof(rec));
		if (n == *seq)
			break;
		at += record_bytes(&rec);
	}
	*time = rec.time;
	*level = rec.level;
	length = rec.length < size ? rec.length : size - 1;
	ring_copy_out(r, at + sizeof(rec), text, length);
	text[length] = '\0';
	return (int)length;
}
