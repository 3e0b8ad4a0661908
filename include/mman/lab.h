/*
 * lab.h - the laboratory's processes: named regions, background loads, results.
 *
 * What sim/procs/NAME/ shows and its ctl does, as engine calls; the text of the control language
 * is fs/sim/'s. A command runs to its end unless machine_safe_point() says stop (-EINTR).
 */
#ifndef MMAN_LAB_H
#define MMAN_LAB_H

#include <mman/mm.h>
#include <mman/task.h>

#define LAB_NAME_MAX 64

struct lab_process {
	char name[LAB_NAME_MAX];
	handle_t task; /* 0 when gone; how_ended tells */
	/* list of struct lab_region, in the order of their names' coming */
	handle_t regions, regions_last;
	handle_t loads;	     /* list of struct lab_load */
	handle_t trace;	     /* struct program_trace; 0: nothing was written to it */
	handle_t result;     /* what reading its ctl gives: text of the last command */
	handle_t next, prev; /* all lab processes, in order of creation */
	handle_t hash_next;  /* same bucket of the name table */
	u64 number;	     /* position in that order, never used twice */
	u32 pid;
	s32 exit_code;	 /* as wait(2), once it ended */
	u64 translate;	 /* the address whose page walk its directory shows, */
	bool translates; /* once there is one */
	bool ended;
	bool oom_killed;
};

struct lab_region {
	char name[LAB_NAME_MAX];
	u64 start, length; /* bytes */
	handle_t next, prev;
	handle_t hash_next; /* same bucket of the table of region names */
	handle_t lab;
};

enum access_pattern { ACCESS_SEQ, ACCESS_RANDOM, ACCESS_UNIFORM, ACCESS_ZIPF };

struct access_spec {
	enum access_pattern pattern;
	u32 theta_millis; /* zipf:0.9 is 900 */
	u32 write_percent;
	u64 count;	    /* accesses; for a load: rate per second of virtual time */
	u64 offset, length; /* bytes within the region; length 0: to its end */
	u64 for_ns;	    /* loads: how long, 0 for ever */
};

#define ZIPF_BUCKETS 40

/* A seeded stream of page indexes in [0, nr_pages): what an access pattern is while it runs. */
struct access_stream {
	struct access_spec spec;
	u64 start; /* address of page 0 */
	u64 nr_pages;
	u64 index;     /* seq, random: the next of this round */
	u64 round;     /* how often all pages were visited */
	u64 key;       /* of the permutation */
	u64 round_key; /* of this round's */
	u64 random[2]; /* its own generator, so that loads do not disturb each other */
	u64 zipf_total;
	u64 zipf_weight[ZIPF_BUCKETS]; /* of ranks [2^k, 2^(k+1)) */
};

/** access_stream_init() - @start, @nr_pages: the range it draws from; @seed: any number. */
void access_stream_init(struct access_stream *s, const struct access_spec *spec, u64 start,
			u64 nr_pages, u64 seed);
/** access_stream_permuted() - the page of the next access of a pattern other than seq and
 * uniform. */
u64 access_stream_permuted(struct access_stream *s);

/** access_stream_random() - 64 bits of the stream's own generator, xoroshiro128+ (public domain,
 * Blackman and Vigna); access_stream_below(): a number below @n. */
static inline u64 access_stream_random(struct access_stream *s)
{
	u64 a = s->random[0], b = s->random[1], result = a + b;

	b ^= a;
	s->random[0] = (a << 24 | a >> 40) ^ b ^ b << 16;
	s->random[1] = b << 37 | b >> 27;
	return result;
}

static inline u64 access_stream_below(struct access_stream *s, u64 n)
{
	return (u64)((unsigned __int128)access_stream_random(s) * n >> 64);
}

/** access_stream_store() - is the next access a store? */
static inline bool access_stream_store(struct access_stream *s)
{
	u32 percent = s->spec.write_percent;

	return percent >= 100 || (percent && access_stream_below(s, 100) < percent);
}

/** access_stream_next() - the next address; *@write: is it a store? */
static inline u64 access_stream_next(struct access_stream *s, bool *write)
{
	u64 index;

	if (s->spec.pattern == ACCESS_SEQ) {
		index = s->index;
		s->index = index + 1 < s->nr_pages ? index + 1 : 0;
	} else if (s->spec.pattern == ACCESS_UNIFORM) {
		index = access_stream_below(s, s->nr_pages);
	} else {
		index = access_stream_permuted(s);
	}
	*write = access_stream_store(s);
	return s->start + index * PAGE_SIZE;
}

#define ACCESS_DRAW_MAX	 32u
#define ACCESS_DRAW_BITS 10u  /* half an index: regions up to 4 GiB */
#define ACCESS_STORE	 1ull /* in an address drawn ahead */

/* For draws of many accesses at once; zero before the first. */
struct access_draw {
	u64 key; /* of the order that it knows */
	u32 half;
	bool ready;
	u16 table[4][1u << ACCESS_DRAW_BITS];
};

/** access_stream_draw() - the next addresses, up to @nr of them, as access_stream_next() gives
 * them, only faster; those of stores with ACCESS_STORE. Returns how many. */
u32 access_stream_draw(struct access_stream *s, struct access_draw *d, u64 *addr, u32 nr);

struct lab_load {
	handle_t lab;
	u32 reserved;
	char region[LAB_NAME_MAX];
	struct access_stream stream;
	u64 started, done; /* ns; accesses so far */
	handle_t next;
};

/** lab_init() - pools and name tables. 0 or -ENOMEM. lab_destroy(): they go. */
int lab_init(struct machine *m);
void lab_destroy(struct machine *m);

/** lab_has_load() - does a background load run in this task? */
bool lab_has_load(const struct machine *m, handle_t task);

/** lab_at_pool() - lab_at() without a machine. */
static inline struct lab_process *lab_at_pool(const struct task_state *s, handle_t h)
{
	return pool_at(&s->labs, h);
}

#define lab_at(m, h)	    lab_at_pool(&(m)->tasks, h)
#define lab_region_at(m, h) ((struct lab_region *)pool_at(&(m)->tasks.lab_regions, h))

/** lab_is_live() - does @lab still name the process with these low bits of its creation number? */
bool lab_is_live(const struct machine *m, handle_t lab, u32 generation);
/** lab_find() - by its name, 0 if there is none; lab_first(), lab_next(): all of them, the oldest
 * first, 0 at the end. */
handle_t lab_find(const struct machine *m, const char *name);
handle_t lab_first(const struct machine *m);
handle_t lab_next(const struct machine *m, handle_t lab);
/** lab_create() - mkdir sim/procs/@name: a child of init with that name. -EEXIST, -ENAMETOOLONG,
 * -EINVAL (a bad name), -ENOMEM, -EAGAIN (no number left, or too many threads). */
int lab_create(struct machine *m, const char *name, handle_t *out);
/** lab_adopt() - give a task that exists (a forked child, a process of the twin) a directory. */
int lab_adopt(struct machine *m, handle_t task, const char *name, handle_t *out);
/** lab_fork() - `fork NAME`: fork(2), the child gets a directory and copies of the region names. */
int lab_fork(struct machine *m, handle_t lab, const char *name, handle_t *out);
/** lab_clone() - `clone NAME`: clone(CLONE_VM), a process in the same address space. */
int lab_clone(struct machine *m, handle_t lab, const char *name, handle_t *out);
/** lab_remove() - rmdir: kills the process if it is alive. -ENOENT. */
int lab_remove(struct machine *m, const char *name);

/** lab_region_find() - NULL: @lab has none of that name. lab_region_add(): bytes from @start on are
 * called @name;
 * -EEXIST, -ENAMETOOLONG, -ENOMEM. lab_region_remove(): the name goes, not the memory; -ENOENT.
 * lab_regions_drop(): all of them. */
struct lab_region *lab_region_find(struct machine *m, handle_t lab, const char *name);
int lab_region_add(struct machine *m, handle_t lab, const char *name, u64 start, u64 length);
int lab_region_remove(struct machine *m, handle_t lab, const char *name);
void lab_regions_drop(struct machine *m, handle_t lab);

/** lab_text_set() - replace a text object by @bytes; lab_text_get() copies it, returns its
 * length. */
int lab_text_set(struct machine *m, handle_t *text, const char *bytes, size_t size);
size_t lab_text_get(const struct machine *m, handle_t text, char *buffer, size_t size);

/** lab_access() - `access NAME PATTERN COUNT ...`: runs to the end, -EINTR, -EFAULT ...;
 * *@done: accesses made. */
int lab_access(struct machine *m, handle_t lab, const char *region, const struct access_spec *spec,
	       u64 *done);
/** lab_load_start() - `load NAME PATTERN RATE ...`: accesses go on in the background, from events.
 * -ESRCH: no process;
 * -EEXIST: the region has one; -EINVAL, -ENOENT, -ENOMEM. lab_load_stop(): -ENOENT. */
int lab_load_start(struct machine *m, handle_t lab, const char *region,
		   const struct access_spec *spec);
int lab_load_stop(struct machine *m, handle_t lab, const char *region);
/** lab_load_event() - EVENT_LOAD of that load. lab_task_ended(): of do_exit(): what its directory
 * shows from now on. */
void lab_load_event(struct machine *m, u32 load);
void lab_task_ended(struct machine *m, handle_t task);

#endif
