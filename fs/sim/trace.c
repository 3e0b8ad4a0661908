/*
 * trace.c - the stream that is written to sim/procs/NAME/trace, and the report that reading it
 * gives.
 *
 * A stream begins with a write at offset 0, that is, with an open. It comes in chunks of any size:
 * what a chunk cuts is kept until the next one brings the rest. What a line is its first letters
 * say.
 */
#include "fs/sim/trace.h"

#include <errno.h>
#include <string.h>

/* ---- lines ---- */

static bool looks_like_lackey(const char *p, const char *end)
{
	return end - p >= 3 && p[2] == ' ' &&
	       ((p[0] == 'I' && p[1] == ' ') ||
		(p[0] == ' ' && (p[1] == 'L' || p[1] == 'S' || p[1] == 'M')));
}

/* What valgrind and strace say besides: banners, attached processes, comments. */
static bool is_remark(struct piece line)
{
	static const char *const starts[] = { "#", "==", "**", "strace:", "--- " };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(starts); i++)
		if (piece_starts(line, starts[i]))
			return true;
	/* "--4711-- ..." */
	return piece_starts(line, "--") && piece_length(line) > 2 && line.at[2] >= '0' &&
	       line.at[2] <= '9';
}

static void one_line(struct trace_run *t, struct piece line)
{
	char c;

	t->line = ++t->account->lines;
	if (line.end > line.at && line.end[-1] == '\r')
		line.end--;
	if (line.at == line.end || is_remark(line)) {
		t->account->ignored++;
		return;
	}
	c = *line.at;
	if (looks_like_lackey(line.at, line.end))
		trace_refuse(t, line, "a torn line of lackey's");
	else if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '_' || c == '[' ||
		   c == '+' || c == '<') ||
		 !trace_strace(t, line))
		trace_refuse(t, line, "no line of lackey's, strace's or mmanfs record's");
}

/* Accesses of a program whose trace has no numbers; 0: the first line is none. */
static size_t lackey_lines(struct trace_run *t, const char *data, size_t size)
{
	struct piece line = { data, memchr(data, '\n', size) };
	struct traced_process *p;
	u64 refused = t->account->refused;

	t->line = t->account->lines + 1;
	p = trace_process_of(t, 0, line);
	if (!p || !trace_enter(t, p) || !trace_own_space(t, p)) {
		if (t->stop)
			return 0;
		t->account->lines++;
		if (t->account->refused == refused)
			trace_refuse(t, line, "its process has ended");
		return (size_t)(line.end + 1 - data);
	}
	return trace_lackey(t, data, size);
}

/* Carries out the lines of @data that are whole; returns the bytes of them. */
static size_t whole_lines(struct trace_run *t, const char *data, size_t size)
{
	const char *at = data, *end = data + size, *newline;
	size_t n;

	while (at < end && !t->stop && !t->s->orphan) {
		newline = memchr(at, '\n', (size_t)(end - at));
		if (!newline)
			break;
		if (looks_like_lackey(at, newline)) {
			n = lackey_lines(t, at, (size_t)(end - at));
			at += n;
			if (n || t->stop)
				continue;
		}
		if (!trace_point(t)) {
			trace_broken(t, -EINTR);
			if (t->stop)
				break;
		}
		one_line(t, (struct piece){ at, newline });
		at = newline + 1;
	}
	return (size_t)(at - data);
}

/* ---- chunks ---- */

static void too_long(struct trace_run *t)
{
	struct program_trace *s = t->s;

	t->line = ++t->account->lines;
	trace_refuse(t, (struct piece){ s->partial, s->partial + s->partial_length },
		     "longer than %u bytes", TRACE_LINE_MAX);
	s->partial_length = 0;
	s->skipping = true;
}

/* A line that the last chunk cut gets its rest. Returns the bytes of @data that it took. */
static size_t finish_line(struct trace_run *t, const char *data, size_t size)
{
	struct program_trace *s = t->s;
	const char *newline = memchr(data, '\n', size);
	size_t n = newline ? (size_t)(newline + 1 - data) : size, room;
	u32 length;

	if (s->skipping) {
		s->skipping = !newline;
		return n;
	}
	room = TRACE_LINE_MAX - s->partial_length;
	if (n > room) {
		too_long(t);
		s->skipping = !newline;
		return n;
	}
	memcpy(s->partial + s->partial_length, data, n);
	s->partial_length += (u32)n;
	if (!newline)
		return n;
	length = s->partial_length;
	s->partial_length = 0;
	whole_lines(t, s->partial, length);
	return n;
}

static void keep_rest(struct trace_run *t, const char *data, size_t size)
{
	struct program_trace *s = t->s;

	if (size > TRACE_LINE_MAX) {
		s->partial_length = 0;
		too_long(t);
		return;
	}
	memcpy(s->partial, data, size);
	s->partial_length = (u32)size;
}

static size_t chunk(struct trace_run *t, const char *data, size_t size)
{
	size_t done = 0;

	if (t->s->partial_length || t->s->skipping)
		done = finish_line(t, data, size);
	if (!t->stop && !t->s->orphan)
		done += whole_lines(t, data + done, size - done);
	if (!t->stop && !t->s->orphan && done < size) {
		keep_rest(t, data + done, size - done);
		done = size;
	}
	return done;
}

static void new_stream(struct trace_run *t)
{
	struct program_trace *s = t->s;

	memset(&s->account, 0, sizeof(s->account));
	s->nr_notes = s->nr_usages = 0;
	/* what the stream before left without a newline */
	if (s->partial_length)
		trace_remark(t, "the stream before ended in the middle of a line");
	s->partial_length = 0;
	s->skipping = false;
	s->fresh = true;
	s->position = 0;
}

/* ---- the file ---- */

static bool any_alive(struct machine *m, const struct program_trace *s)
{
	const struct traced_process *p;

	for (p = trace_process_first(m, s); p; p = trace_process_next(m, s, p))
		if (trace_task_lives(m, p))
			return true;
	return false;
}

/* A process that somebody has ended, or stopped, takes no trace; one whose trace has ended it takes
 * the rest of it. */
static int may_write(struct machine *m, handle_t lab, const struct program_trace *s, u64 offset)
{
	const struct lab_process *l = lab_at(m, lab);
	bool goes_on = offset && s->rooted && l->ended && !l->oom_killed;

	if (s->busy)
		return -EBUSY;
	if (!l->task && !goes_on && !(offset && any_alive(m, s)))
		return -ESRCH;
	if (l->task && task_at(m, l->task)->state == TASK_STOPPED)
		return -EAGAIN;
	return 0;
}

ssize_t trace_store(const struct request *rq, handle_t lab, const char *data, size_t size,
		    u64 offset)
{
	struct lab_process *l = lab_at(rq->m, lab);
	struct trace_run t = { .rq = rq, .m = rq->m, .lab = lab };
	handle_t h = l->trace;
	size_t done;
	int error;

	if (!h) {
		if (!l->task)
			return -ESRCH;
		l->trace = h = program_trace_new(rq->m);
		if (!h)
			return -ENOMEM;
	}
	t.s = at_trace(rq->m, h);
	t.account = &t.s->account;
	error = may_write(rq->m, lab, t.s, offset);
	if (error)
		return error;
	if (!offset || offset != t.s->position)
		new_stream(&t);
	t.s->busy = 1;
	done = chunk(&t, data, size);
	trace_leave(&t);
	t.s->busy = 0;
	t.s->position = offset + done;
	if (t.s->orphan)
		program_trace_put(rq->m, h);
	return done || !size ? (ssize_t)done : -EINTR;
}

/* ---- the report ---- */

static void show_account(struct text *out, const struct trace_account *a)
{
	text_count(out, "lines", a->lines);
	text_count(out, "taken", a->taken);
	text_count(out, "ignored", a->ignored);
	text_count(out, "refused", a->refused);
	text_count(out, "fetches", a->fetches);
	text_count(out, "loads", a->loads);
	text_count(out, "stores", a->stores);
	text_count(out, "pages", a->pages);
	text_count(out, "calls", a->calls);
	text_count(out, "calls_failed", a->failed);
	text_count(out, "calls_other", a->other);
	text_count(out, "calls_differ", a->differ);
	text_count(out, "implied_pages", a->implied);
	text_count(out, "processes", a->processes);
	text_count(out, "maps_compared", a->compared);
	text_count(out, "maps_equal", a->equal);
}

static void show_usage(struct text *out, const struct trace_usage *u)
{
	text_printf(out,
		    "process %u %.16s: peak RSS %llu kB, really %llu kB; faults %llu, really %llu; "
		    "of them major %llu, really %llu\n",
		    u->pid, u->comm, (unsigned long long)u->rss_kb,
		    (unsigned long long)u->real_rss_kb, (unsigned long long)u->faults,
		    (unsigned long long)u->real_faults, (unsigned long long)u->major,
		    (unsigned long long)u->real_major);
}

int trace_show(const struct request *rq, struct text *out, handle_t lab)
{
	handle_t h = lab_at(rq->m, lab)->trace;
	const struct program_trace *s;
	u32 i;

	if (!h)
		return 0;
	s = at_trace(rq->m, h);
	show_account(out, &s->account);
	for (i = 0; i < s->nr_usages; i++)
		show_usage(out, &s->usage[i]);
	for (i = 0; i < s->nr_notes; i++)
		text_printf(out, "line %llu: %s\n", (unsigned long long)s->note[i].line,
			    s->note[i].text);
	if (s->nr_notes == TRACE_NOTES)
		text_printf(out, "more than %u such lines: the rest is only counted\n",
			    TRACE_NOTES);
	if (s->partial_length)
		text_printf(out, "line %llu: not ended yet: %u bytes without a newline\n",
			    (unsigned long long)s->account.lines + 1, s->partial_length);
	return 0;
}
