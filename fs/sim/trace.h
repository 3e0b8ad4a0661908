/*
 * trace.h - sim/procs/NAME/trace: a real program's trace is written to it, and the process does the
 * same.
 *
 *	trace.c          the stream: chunks, lines, what kind each is; the report
 *	trace_line.c     the account of lines; a line's words and numbers
 *	trace_lackey.c   "I  04001090,3": valgrind --tool=lackey --trace-mem=yes
 *	trace_strace.c   "17 mmap(NULL, 8192, ...) = 0x7f12...": strace -f
 *	trace_calls.c    what each system call does to the process
 *	trace_pages.c    "17 store 7ffc12345000 3": what mmanfs record adds to strace's lines
 *	trace_process.c  processes come and go; working for one
 *
 * docs/traces.md is the reference for users.
 */
#ifndef FS_SIM_TRACE_H
#define FS_SIM_TRACE_H

#include <mman/lab.h>
#include <mman/machine.h>

#include "fs/tree.h"

/* Some bytes of a line. */
struct piece {
	const char *at, *end;
};

/* One write being carried out. */
struct trace_run {
	const struct request *rq;
	struct machine *m;
	handle_t lab;
	struct program_trace *s;
	struct trace_account *account;
	u64 line; /* number of the line being carried out */
	/* whom the engine works for */
	struct running running;
	struct traced_process *process; /* NULL: nobody */
	handle_t task;			/* its thread group's leader */
	bool ended;			/* the process in the middle of a line */
	bool stop;			/* interrupted: nothing more is to be done */
};

int trace_show(const struct request *rq, struct text *out, handle_t lab);
ssize_t trace_store(const struct request *rq, handle_t lab, const char *data, size_t size,
		    u64 offset);

/* ---- trace_line.c ---- */

/** trace_refuse() - this line is not carried out: counts it and tells why. */
void trace_refuse(struct trace_run *t, struct piece line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/** trace_remark() - it is, but with another outcome than in the trace. */
void trace_remark(struct trace_run *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static inline size_t piece_length(struct piece p)
{
	return (size_t)(p.end - p.at);
}

bool piece_is(struct piece p, const char *text);
bool piece_starts(struct piece p, const char *text);
/** piece_has() - is @text anywhere in it? Where, or NULL. */
const char *piece_has(struct piece p, const char *text);
void piece_strip(struct piece *p);
/** piece_word() - cut the next word off at a blank; false: there is none. */
bool piece_word(struct piece *rest, struct piece *word);
/** piece_number() - all of it is a number: decimal, 0x..., or negative. piece_hex(): without 0x. */
bool piece_number(struct piece p, u64 *value);
bool piece_hex(struct piece p, u64 *value);
/** piece_copy() - as a string, cut if need be. */
void piece_copy(struct piece p, char *to, size_t size);

/* ---- trace_process.c ---- */

/** trace_process_of() - the process of the trace with this number, the first of a stream being the
 * directory's own; NULL, with the line refused, if there is none. */
struct traced_process *trace_process_of(struct trace_run *t, u32 pid, struct piece line);
/** trace_enter() - work for it from now on; false, with nothing changed, if it has ended. */
bool trace_enter(struct trace_run *t, struct traced_process *p);
/** trace_leave() - work for nobody; carries out what waited (its end). */
void trace_leave(struct trace_run *t);
/** trace_point() - a safe point in the middle of a line; false: the process has ended, or stop. */
bool trace_point(struct trace_run *t);
/** trace_broken() - is @error the end of the process, or of the whole write? */
bool trace_broken(struct trace_run *t, int error);
/** trace_child() - @p makes a child with the number @pid. 0 or -errno. */
int trace_child(struct trace_run *t, struct traced_process *p, u32 pid, struct piece flags,
		struct piece name);
/** trace_exec() - it executes @path. */
int trace_exec(struct trace_run *t, struct traced_process *p, const char *path);
/** trace_own_space() - its address space is the trace's: before the first access or call. */
bool trace_own_space(struct trace_run *t, struct traced_process *p);
/** trace_exit() - the thread, or with @group its whole process, ends with this wait status. */
void trace_exit(struct trace_run *t, struct traced_process *p, s32 status, bool group);
/** trace_over() - "+++ exited with 0 +++": its number is free. */
void trace_over(struct trace_run *t, struct traced_process *p, s32 status);

/* ---- the kinds of lines ---- */

/** trace_lackey() - carries out the lackey lines that @data begins with, up to its last newline.
 * Returns the bytes of them. */
size_t trace_lackey(struct trace_run *t, const char *data, size_t size);
/** trace_touch() - one access of the process that runs; what is not mapped there is implied. 0, or
 * -errno: trace_broken() says whether that is its end. */
int trace_touch(struct trace_run *t, u64 addr, bool write);

/** trace_strace() - a line of strace's or of mmanfs record's, which begins with a number or a
 * letter. False: it is none. */
bool trace_strace(struct trace_run *t, struct piece line);

/* "name(arg, arg, ...) = result" */
#define CALL_ARGS_MAX 8u

struct trace_call {
	struct piece name, whole; /* whole: between the parentheses */
	struct piece arg[CALL_ARGS_MAX];
	u32 nr_args;
	u64 result;
	bool failed;  /* in the real run */
	bool unknown; /* "= ?" */
	struct piece line;
};

/** trace_call() - what the call did, done to @p. */
void trace_call(struct trace_run *t, struct traced_process *p, struct trace_call *c);
bool trace_call_makes_child(struct piece name);

/** trace_pages() - "image", "map", "load", "store", "expect", "cached", "usage" of @p; false:
 * another word. */
bool trace_pages(struct trace_run *t, struct traced_process *p, struct piece word,
		 struct piece rest, struct piece line);

#endif
