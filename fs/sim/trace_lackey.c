/*
 * trace_lackey.c - every access of a program, as valgrind's lackey prints it:
 *
 *	I  04001090,3        an instruction of 3 bytes is fetched
 *	 L 1ffeffe7e8,8      8 bytes are loaded,
 *	 S 1ffeffe7e0,8      stored,
 *	 M 0421c7cc,4        modified: loaded and stored
 *
 * Millions of lines a second: no copy, no allocation, no search for the end of a line. Accesses to
 * the page of the one before are counted and cost their time, but the engine hears of the first
 * alone, and of the first store; nothing comes in between, for the safe point stands before an
 * access.
 */
#include "fs/sim/trace.h"

#include <errno.h>
#include <string.h>

#define ACCESS_BYTES_MAX 65536u

struct access {
	u64 addr;
	u32 size;
	char kind; /* I L S M */
};

/* One line that ends in a newline before @p runs out. Returns what is behind it, or NULL: it is
 * none. */
static inline __attribute__((always_inline)) const char *parse_access(const char *p,
								      struct access *a)
{
	const char *digits;
	u64 addr = 0;
	u32 size = 0, d;

	if (p[0] == 'I' && p[1] == ' ')
		a->kind = 'I';
	else if (p[0] == ' ' && (p[1] == 'L' || p[1] == 'S' || p[1] == 'M'))
		a->kind = p[1];
	else
		return NULL;
	if (p[2] != ' ')
		return NULL;
	for (digits = p += 3;; p++) {
		d = (u32)(u8)*p - '0';
		if (d > 9) {
			d = ((u32)(u8)*p | 32) - 'a';
			if (d > 5)
				break;
			d += 10;
		}
		addr = addr << 4 | d;
	}
	if (*p != ',' || p == digits || p - digits > 16)
		return NULL;
	for (digits = ++p; (d = (u32)(u8)*p - '0') <= 9 && p - digits < 6; p++)
		size = size * 10 + d;
	if (p == digits)
		return NULL;
	p += *p == '\r';
	a->addr = addr;
	a->size = size;
	return *p == '\n' ? p + 1 : NULL;
}

int trace_touch(struct trace_run *t, u64 addr, bool write)
{
	int error = trace_access(t->m, t->task, addr, write);
	u64 pages;

	if (likely(error != -ENXIO))
		return error;
	error = trace_imply(t->m, t->task, addr, addr + 1, &pages);
	t->account->implied += pages;
	return error ? error : trace_access(t->m, t->task, addr, write);
}

static const char *access_error(int error)
{
	switch (error) {
	case -EINVAL:
		return "outside of what a program can have";
	case -EACCES:
		return "the mapping does not allow it";
	case -ENOMEM:
		return "no memory";
	default:
		return "cannot be done";
	}
}

static void count(struct trace_account *a, char kind)
{
	a->lines++;
	a->taken++;
	if (kind == 'I')
		a->fetches++;
	else if (kind == 'L')
		a->loads++;
	else
		a->stores++;
}

/* What is not the page of the access before, or reaches into a second one. False: the line was
 * refused. */
static bool carry_out(struct trace_run *t, const struct access *a, const char *line,
		      const char *behind)
{
	u64 last = a->addr + (a->size ? a->size - 1 : 0), at = a->addr;
	bool write = a->kind == 'S' || a->kind == 'M';
	int error = 0;

	if (a->size > ACCESS_BYTES_MAX || last < a->addr)
		error = -EINVAL;
	while (!error) {
		error = trace_point(t) ? trace_touch(t, at, write) : -EINTR;
		at = (at & PAGE_MASK) + PAGE_SIZE;
		if (at > last || !at)
			break;
	}
	if (!error)
		return true;
	if (!trace_broken(t, error))
		trace_refuse(t, (struct piece){ line, behind - 1 }, "%s", access_error(error));
	else if (!t->stop)
		trace_refuse(t, (struct piece){ line, behind - 1 }, "its process has ended");
	return false;
}

size_t trace_lackey(struct trace_run *t, const char *data, size_t size)
{
	const char *end = memrchr(data, '\n', size), *p = data, *next;
	u64 page = UINT64_MAX, cost = t->m->cost.memory_access;
	struct access a = { 0 };
	bool stored = false;

	if (!end)
		return 0;
	for (; p <= end && (next = parse_access(p, &a)); p = next) {
		bool write = a.kind == 'S' || a.kind == 'M';

		if ((a.addr ^ page) < PAGE_SIZE && a.size <= PAGE_SIZE - (a.addr & ~PAGE_MASK) &&
		    (stored || !write)) {
			count(t->account, a.kind);
			t->m->clock.now += cost;
			t->running.user_ns += cost;
			continue;
		}
		t->line = t->account->lines + 1;
		if (!carry_out(t, &a, p, next)) {
			page = UINT64_MAX;
			if (t->stop)
				break;
			t->account->lines++;
			if (!t->process)
				return (size_t)(next - data);
			continue;
		}
		count(t->account, a.kind);
		t->running.user_ns += cost;
		page = (a.addr + (a.size ? a.size - 1 : 0)) & PAGE_MASK;
		stored = write;
	}
	return (size_t)(p - data);
}
