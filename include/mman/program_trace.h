/*
 * program_trace.h - what a process of the laboratory remembers of a real program's trace between
 * two writes to its trace file: the line that was cut, the processes of the trace, the account.
 *
 * The text of traces is fs/sim/'s; here is only what must lie in the machine, and the three things
 * that a trace does to a process and no command does: an address space with nothing in it, a file
 * of which nothing is known but its name, the end of a single thread.
 */
#ifndef MMAN_PROGRAM_TRACE_H
#define MMAN_PROGRAM_TRACE_H

#include <mman/pool.h>

#define TRACE_LINE_MAX 8192u /* bytes of a line; a longer one is refused */
#define TRACE_CALL_MAX 512u  /* of a call that is not over when its process is left */
#define TRACE_NOTES    64u   /* refused lines that are told one by one */
#define TRACE_NOTE_MAX 160u
#define TRACE_BUCKETS  256u
#define TRACE_USAGES   32u

/* One process or thread of a trace. */
struct traced_process {
	u32 pid;       /* in the trace; 0: a trace without numbers */
	u32 simulated; /* its PID here */
	handle_t task; /* of this thread; see trace_task_lives() */
	handle_t next; /* same bucket */
	u64 start_time;
	u64 cursor;		    /* where a comparison of mappings has come to */
	u64 minor_base, major_base; /* faults before this program was executed */
	bool image;		    /* the trace says what execve mapped */
	bool executing;		    /* executed just now: the image may follow */
	bool program; /* it has executed something: its address space is the trace's */
	bool heap;    /* it is known where its heap begins */
	bool comparing, differs;
	bool child_made; /* the unfinished call's */
	bool thread, ended;
	u32 call_length; /* of ->call; 0: no call is unfinished */
	char call[TRACE_CALL_MAX];
};

/* "Line 17: what is wrong with it." */
struct trace_note {
	u64 line;
	char text[TRACE_NOTE_MAX];
};

/* What a process used, here and in the real run. */
struct trace_usage {
	u32 pid;
	char comm[16];
	u64 rss_kb, real_rss_kb; /* peak */
	u64 faults, real_faults; /* minor and major */
	u64 major, real_major;
};

struct trace_account {
	u64 lines, taken, ignored, refused;
	u64 fetches, loads, stores;	  /* accesses */
	u64 pages;			  /* of runs of pages */
	u64 calls, failed, other, differ; /* of system calls */
	u64 implied;			  /* pages mapped because they were touched */
	u64 processes, compared, equal;
};

struct program_trace {
	u64 position;  /* of the next byte of the stream */
	u32 busy;      /* a write is being carried out */
	bool orphan;   /* the directory has gone meanwhile */
	bool skipping; /* the rest of a line that is too long */
	bool fresh;    /* a stream begins: its first process is the directory's own */
	bool rooted;   /* ->root is a process of the trace */
	u32 root;      /* number in the trace of the directory's own process */
	u32 nr_notes, nr_usages;
	u32 partial_length;
	handle_t bucket[TRACE_BUCKETS];
	struct trace_account account;
	struct trace_usage usage[TRACE_USAGES];
	struct trace_note note[TRACE_NOTES];
	char partial[TRACE_LINE_MAX];
};

struct trace_state {
	struct pool traces, processes;
};

struct machine;

/** program_trace_init() - pools. 0 or -ENOMEM. program_trace_destroy(): they go. */
int program_trace_init(struct machine *m);
void program_trace_destroy(struct machine *m);

/** program_trace_new() - 0: no memory. program_trace_put(): with its processes; one that is being
 * written to goes when the write is over. */
handle_t program_trace_new(struct machine *m);
void program_trace_put(struct machine *m, handle_t h);

/** trace_process_add() - a process of the trace, with the task that stands for it; NULL: no memory.
 * trace_process_find(): NULL if there is none. */
struct traced_process *trace_process_add(struct machine *m, struct program_trace *s, u32 pid,
					 handle_t task);
struct traced_process *trace_process_find(struct machine *m, const struct program_trace *s,
					  u32 pid);
/** trace_process_remove() - the process of that number has ended, if there is one;
 * trace_process_remove_all(). */
void trace_process_remove(struct machine *m, struct program_trace *s, u32 pid);
void trace_process_remove_all(struct machine *m, struct program_trace *s);
/** trace_process_first(), trace_process_next() - all of them, in an order that is the same each
 * time. */
struct traced_process *trace_process_first(struct machine *m, const struct program_trace *s);
struct traced_process *trace_process_next(struct machine *m, const struct program_trace *s,
					  const struct traced_process *p);
/** trace_task_lives() - is its task still there and not about to end? */
bool trace_task_lives(const struct machine *m, const struct traced_process *p);

/** trace_file() - the file that @path names: one of the disk, one that a trace has named before, or
 * a new one of @size bytes or more (shared memory if @shmem). No listing shows it. *@known: it was
 * there. 0: no memory. */
handle_t trace_file(struct machine *m, const char *path, u64 size, bool shmem, bool *known);

/**
 * trace_access() - a load or store that a real program has made: as mm_access(), but where that
 * would end the process nothing is done: -ENXIO (nothing is mapped there), -EACCES (the mapping
 * forbids it).
 */
int trace_access(struct machine *m, handle_t task, u64 addr, bool write);
/** trace_imply() - the holes of [@start, @end), and of the 64 KiB around them, become anonymous
 * memory that may be read, written and executed. *@pages: how many pages. -EINVAL outside of user
 * space, -ENOMEM. */
int trace_imply(struct machine *m, handle_t task, u64 start, u64 end, u64 *pages);

#define at_trace(m, h)	((struct program_trace *)pool_at(&(m)->traced.traces, h))
#define at_traced(m, h) ((struct traced_process *)pool_at(&(m)->traced.processes, h))

#endif
