/*
 * trace_strace.c - lines of strace -f, with whatever of -t, -r, -T, -y, -i was given:
 *
 *	4909  mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7efe68cc8000
 *	[pid 4911] brk(NULL <unfinished ...>
 *	4911  <... brk resumed>)                = 0x563339445000
 *	4910  +++ exited with 0 +++
 *	4909  --- SIGCHLD {si_signo=SIGCHLD, ...} ---
 *
 * and those of mmanfs record, whose second word is followed by no parenthesis (trace_pages.c).
 */
#include "fs/sim/trace.h"

#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || c == '_' || is_digit(c);
}

/* "4909 " or "[pid 4909] "; 0 if it has none. */
static bool cut_pid(struct piece *line, u32 *pid)
{
	struct piece rest = *line, word;
	u64 number;

	*pid = 0;
	if (piece_starts(rest, "[pid ")) {
		const char *close = memchr(rest.at, ']', piece_length(rest));

		if (!close)
			return false;
		word = (struct piece){ rest.at + 5, close };
		piece_strip(&word);
		rest.at = close + 1;
	} else if (!is_digit(*rest.at)) {
		return true;
	} else {
		piece_word(&rest, &word);
		/* a time: -t without -f */
		if (memchr(word.at, ':', piece_length(word)) ||
		    memchr(word.at, '.', piece_length(word)))
			return true;
	}
	if (!piece_number(word, &number) || !number || number > UINT32_MAX)
		return false;
	*pid = (u32)number;
	*line = rest;
	return true;
}

static bool is_time(struct piece word)
{
	return is_digit(*word.at) && (memchr(word.at, ':', piece_length(word)) ||
				      memchr(word.at, '.', piece_length(word)));
}

/* "10:11:12.345678", "1700000000.123456", "(+ 0.000012)", "[00007f12...]": -t, -r, -i */
static void skip_times(struct piece *line)
{
	struct piece rest, word;

	for (;;) {
		piece_strip(line);
		rest = *line;
		if (!piece_word(&rest, &word))
			return;
		if (!is_time(word) && !(*word.at == '[' && word.end[-1] == ']'))
			return;
		*line = rest;
	}
}

/* ---- calls ---- */

/* Where the argument, or all of them, ends: a comma or the closing parenthesis, not within
 * brackets, quotes or the <path> of a descriptor. NULL: torn. */
static const char *argument_end(const char *p, const char *end)
{
	u32 depth = 0;

	for (; p < end; p++) {
		switch (*p) {
		case '"':
			for (p++; p < end && *p != '"'; p++)
				p += *p == '\\';
			break;
		case '<':
			/* 21<<MAP_HUGE_SHIFT */
			if (p + 1 < end && p[1] == '<') {
				p++;
				break;
			}
			p = memchr(p, '>', (size_t)(end - p));
			if (!p)
				return NULL;
			break;
		case '(':
		case '[':
		case '{':
			depth++;
			break;
		case ')':
		case ']':
		case '}':
			if (!depth)
				return p;
			depth--;
			break;
		case ',':
			if (!depth)
				return p;
			break;
		default:
			break;
		}
		if (p >= end)
			return NULL;
	}
	return NULL;
}

/* From behind the opening parenthesis. Returns where the closing one stands. */
static const char *cut_arguments(struct trace_call *c, const char *p, const char *end)
{
	const char *stop;

	c->whole.at = p;
	c->nr_args = 0;
	for (;;) {
		stop = argument_end(p, end);
		if (!stop)
			return NULL;
		if (c->nr_args < CALL_ARGS_MAX && stop > p) {
			c->arg[c->nr_args] = (struct piece){ p, stop };
			piece_strip(&c->arg[c->nr_args++]);
		}
		if (*stop != ',')
			break;
		p = stop + 1;
	}
	c->whole.end = stop;
	return *stop == ')' ? stop : NULL;
}

/* " = 0x7f12...", " = -1 ENOMEM (...)", " = ?", " = 3</path>" */
static bool cut_result(struct trace_call *c, struct piece rest)
{
	struct piece word, number;
	const char *path;

	if (!piece_word(&rest, &word) || !piece_is(word, "=") || !piece_word(&rest, &word))
		return false;
	c->failed = *word.at == '-';
	c->unknown = *word.at == '?';
	c->result = 0;
	number = word;
	path = memchr(word.at, '<', piece_length(word));
	if (path)
		number.end = path;
	return c->unknown || piece_number(number, &c->result);
}

static bool parse_call(struct trace_call *c, struct piece line)
{
	const char *p = line.at;

	*c = (struct trace_call){ .line = line };
	while (p < line.end && is_name(*p))
		p++;
	c->name = (struct piece){ line.at, p };
	if (p == line.at || p == line.end || *p != '(')
		return false;
	p = cut_arguments(c, p + 1, line.end);
	return p && cut_result(c, (struct piece){ p + 1, line.end });
}

/* ---- calls in two halves ---- */

/* How much of it is kept: of one that is too long (execve's words) the arguments that fit. */
static size_t first_half(struct piece half)
{
	const char *limit = half.at + TRACE_CALL_MAX, *kept, *p;

	if (piece_length(half) <= TRACE_CALL_MAX)
		return piece_length(half);
	kept = p = memchr(half.at, '(', piece_length(half));
	while ((p = argument_end(p + 1, half.end)) && p <= limit) {
		kept = p;
		if (*p != ',')
			break;
	}
	return kept <= limit ? (size_t)(kept - half.at) : 0;
}

static bool keep_half(struct trace_run *t, struct traced_process *p, struct piece line)
{
	const char *mark = piece_has(line, "<unfinished ...>");
	size_t n = mark ? (size_t)(mark - line.at) : 0;

	if (!mark || !memchr(line.at, '(', n))
		return false;
	p->call_length = (u32)first_half((struct piece){ line.at, line.at + n });
	memcpy(p->call, line.at, p->call_length);
	p->child_made = false;
	t->account->taken++;
	return true;
}

/* "<... mmap resumed>, 8192, ...) = 0x7f..." */
static bool join_halves(struct trace_run *t, struct traced_process *p, struct piece line)
{
	char whole[TRACE_CALL_MAX + TRACE_LINE_MAX];
	struct piece rest = { line.at + 5, line.end }, word;
	const char *mark = piece_has(line, " resumed>");
	struct trace_call c;
	size_t n = p->call_length, more;

	if (!mark || !piece_word(&rest, &word))
		return false;
	rest.at = mark + 9;
	more = piece_length(rest);
	p->call_length = 0;
	if (!n || n <= piece_length(word) || p->call[piece_length(word)] != '(' ||
	    memcmp(p->call, word.at, piece_length(word)) != 0) {
		trace_refuse(t, line, "the beginning of this call is missing");
		return true;
	}
	memcpy(whole, p->call, n);
	memcpy(whole + n, rest.at, more);
	if (!parse_call(&c, (struct piece){ whole, whole + n + more }))
		return false;
	c.line = line;
	trace_call(t, p, &c);
	return true;
}

/* ---- ends ---- */

/* "exited with 3", "killed by SIGSEGV (core dumped)", between the pluses */
static s32 end_status(struct piece text)
{
	static const struct {
		const char *name;
		s32 number;
	} signals[] = {
		{ "SIGHUP", 1 },   { "SIGINT", 2 },   { "SIGQUIT", 3 },	 { "SIGILL", 4 },
		{ "SIGTRAP", 5 },  { "SIGABRT", 6 },  { "SIGBUS", 7 },	 { "SIGFPE", 8 },
		{ "SIGUSR1", 10 }, { "SIGSEGV", 11 }, { "SIGUSR2", 12 }, { "SIGPIPE", 13 },
		{ "SIGALRM", 14 }, { "SIGTERM", 15 }, { "SIGXCPU", 24 }, { "SIGXFSZ", 25 },
		{ "SIGSYS", 31 },
	};
	struct piece word = { text.at, text.at };
	u64 code;
	size_t i;

	if (piece_starts(text, "killed by")) {
		for (i = 0; i < ARRAY_SIZE(signals); i++)
			if (piece_has(text, signals[i].name))
				return signals[i].number;
		return 9;
	}
	while (piece_word(&text, &word))
		if (piece_number(word, &code))
			return (s32)(code & 0xff) << 8;
	return 0;
}

static bool process_over(struct trace_run *t, struct traced_process *p, struct piece line)
{
	struct piece text = { line.at + 4, line.end };

	if (!piece_starts(text, "exited with") && !piece_starts(text, "killed by") &&
	    !piece_starts(text, "superseded by"))
		return false;
	/* another thread has executed a program under this number: it lives on */
	if (!piece_starts(text, "superseded by"))
		trace_over(t, p, end_status(text));
	t->account->taken++;
	return true;
}

/* ---- one line ---- */

static bool is_call(struct piece line)
{
	const char *p = line.at;

	while (p < line.end && is_name(*p))
		p++;
	return p > line.at && p < line.end && *p == '(';
}

static void whole_call(struct trace_run *t, struct traced_process *p, struct piece line)
{
	struct trace_call c;

	if (keep_half(t, p, line))
		return;
	if (parse_call(&c, line))
		trace_call(t, p, &c);
	else
		trace_refuse(t, line, "a torn line of strace's");
}

static bool carry_out(struct trace_run *t, struct traced_process *p, struct piece text,
		      struct piece line)
{
	struct piece rest = text, word;

	if (is_call(text)) {
		whole_call(t, p, text);
		return true;
	}
	if (piece_starts(text, "<... ")) {
		if (!join_halves(t, p, text))
			trace_refuse(t, line, "a torn line of strace's");
		return true;
	}
	if (piece_starts(text, "+++ "))
		return process_over(t, p, text);
	return piece_word(&rest, &word) && trace_pages(t, p, word, rest, line);
}

bool trace_strace(struct trace_run *t, struct piece line)
{
	struct traced_process *p;
	struct piece text = line;
	u32 pid;

	if (!cut_pid(&text, &pid))
		return false;
	skip_times(&text);
	if (text.at == text.end)
		return false;
	/* signals, and strace's own words */
	if (piece_starts(text, "--- ") || piece_starts(text, "strace: ")) {
		t->account->ignored++;
		return true;
	}
	if (!is_name(*text.at) && *text.at != '<' && *text.at != '+')
		return false;
	/* before anything is done for it */
	if (is_digit(*text.at))
		return false;
	p = trace_process_of(t, pid, line);
	if (!p)
		return true;
	return carry_out(t, p, text, line);
}
