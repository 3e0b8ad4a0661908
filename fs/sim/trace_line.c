/*
 * trace_line.c - lines of a trace: their words and numbers, and the account of those that were
 * refused.
 */
#include "fs/sim/trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* As much of a foreign line as fits, without what no terminal should see. */
static void quote_line(char *to, size_t size, struct piece line)
{
	size_t i;

	for (i = 0; i + 1 < size && line.at + i < line.end; i++) {
		char c = line.at[i];

		to[i] = c >= ' ' && c < 127 ? c : '?';
	}
	to[i] = '\0';
}

static struct trace_note *new_note(struct trace_run *t)
{
	struct program_trace *s = t->s;
	struct trace_note *n;

	if (s->nr_notes == TRACE_NOTES)
		return NULL;
	n = &s->note[s->nr_notes++];
	n->line = t->line;
	return n;
}

void trace_refuse(struct trace_run *t, struct piece line, const char *format, ...)
{
	struct trace_note *n = new_note(t);
	char start[48];
	va_list ap;
	int length;

	t->account->refused++;
	if (!n)
		return;
	va_start(ap, format);
	length = vsnprintf(n->text, sizeof(n->text), format, ap);
	va_end(ap);
	if (length < 0 || (size_t)length >= sizeof(n->text) || line.at == line.end)
		return;
	quote_line(start, sizeof(start), line);
	snprintf(n->text + length, sizeof(n->text) - (size_t)length, ": %s", start);
}

void trace_remark(struct trace_run *t, const char *format, ...)
{
	struct trace_note *n = new_note(t);
	va_list ap;

	if (!n)
		return;
	va_start(ap, format);
	vsnprintf(n->text, sizeof(n->text), format, ap);
	va_end(ap);
}

/* ---- words ---- */

bool piece_is(struct piece p, const char *text)
{
	return strlen(text) == piece_length(p) && !memcmp(p.at, text, piece_length(p));
}

bool piece_starts(struct piece p, const char *text)
{
	size_t n = strlen(text);

	return n <= piece_length(p) && !memcmp(p.at, text, n);
}

const char *piece_has(struct piece p, const char *text)
{
	return memmem(p.at, piece_length(p), text, strlen(text));
}

void piece_strip(struct piece *p)
{
	while (p->at < p->end && (*p->at == ' ' || *p->at == '\t'))
		p->at++;
	while (p->end > p->at && (p->end[-1] == ' ' || p->end[-1] == '\t'))
		p->end--;
}

bool piece_word(struct piece *rest, struct piece *word)
{
	while (rest->at < rest->end && *rest->at == ' ')
		rest->at++;
	word->at = rest->at;
	while (rest->at < rest->end && *rest->at != ' ')
		rest->at++;
	word->end = rest->at;
	return word->at < word->end;
}

static bool digits(struct piece p, u32 base, u64 *value)
{
	u64 v = 0;

	if (p.at == p.end)
		return false;
	for (; p.at < p.end; p.at++) {
		u32 d = (u32)(u8)*p.at - '0';

		if (d > 9) {
			d = ((u32)(u8)*p.at | 32) - 'a';
			d = d < 6 ? d + 10 : 16;
		}
		if (d >= base || v > (UINT64_MAX - d) / base)
			return false;
		v = v * base + d;
	}
	*value = v;
	return true;
}

bool piece_hex(struct piece p, u64 *value)
{
	return digits(p, 16, value);
}

bool piece_number(struct piece p, u64 *value)
{
	bool negative = p.at < p.end && *p.at == '-';

	if (piece_is(p, "NULL")) {
		*value = 0;
		return true;
	}
	p.at += negative;
	if (piece_starts(p, "0x")) {
		p.at += 2;
		return !negative && digits(p, 16, value);
	}
	if (!digits(p, 10, value))
		return false;
	if (negative)
		*value = -*value;
	return true;
}

void piece_copy(struct piece p, char *to, size_t size)
{
	size_t n = piece_length(p) < size ? piece_length(p) : size - 1;

	memcpy(to, p.at, n);
	to[n] = '\0';
}
