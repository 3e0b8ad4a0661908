/*
 * One page trace, replayed by the engine and by a plain LRU list with a hash table.
 * usage: lru_trace ROUNDS [anon|file]
 *
 * The trace draws 20 million pages out of 2^20 by Zipf's law with exponent 0.9. The engine runs it
 * as a process's accesses on a machine whose memory takes about a tenth of the pages, and on one
 * that takes half of them: page tables, faults, reclaim, the disk and all. "anon": stores to
 * anonymous memory, which goes to swap; "file": loads of a mapped file. The list has room for as
 * many pages as the engine kept on average, so that both can be compared: time, and the share of
 * accesses that found no page.
 *
 * For each round and size a line: "tenth LIST-NS ENGINE-NS", "half LIST-NS ENGINE-NS", per access,
 * and "tenth_miss D", "half_miss D": the engine's share of misses less the list's.
 */
#include <mman/lab.h>
#include <mman/machine.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fs/machine_file.h"

#define PAGES	 (1u << 20)
#define ACCESSES 20000000u

/* Of the processor: what else runs on this host does not count. */
static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void *allocate(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (!p)
		errx(1, "out of memory");
	return p;
}

static u32 *make_trace(void)
{
	const struct access_spec spec = { .pattern = ACCESS_ZIPF, .theta_millis = 900 };
	u32 *trace = allocate(ACCESSES, sizeof(u32)), i;
	struct access_stream stream;
	bool write;

	access_stream_init(&stream, &spec, 0, PAGES, 1);
	for (i = 0; i < ACCESSES; i++)
		trace[i] = (u32)(access_stream_next(&stream, &write) >> PAGE_SHIFT);
	return trace;
}

/* ---- the plain list ---- */

struct node {
	struct node *prev, *next, *chain;
	u64 page;
};

struct lru {
	struct node head; /* newest first */
	struct node **bucket;
	u64 mask, nr, capacity, misses;
};

static struct node **bucket_of(const struct lru *l, u64 page)
{
	return &l->bucket[(page * 0x9e3779b97f4a7c15ull >> 32) & l->mask];
}

static void list_unlink(struct node *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
}

static void list_push(struct lru *l, struct node *n)
{
	n->prev = &l->head;
	n->next = l->head.next;
	l->head.next->prev = n;
	l->head.next = n;
}

/* The oldest leaves the list and the table. */
static struct node *evict(struct lru *l)
{
	struct node *n = l->head.prev, **at = bucket_of(l, n->page);

	while (*at != n)
		at = &(*at)->chain;
	*at = n->chain;
	list_unlink(n);
	return n;
}

static void list_access(struct lru *l, u64 page)
{
	struct node **bucket = bucket_of(l, page), *n = *bucket;

	while (n && n->page != page)
		n = n->chain;
	if (n) {
		list_unlink(n);
		list_push(l, n);
		return;
	}
	l->misses++;
	if (l->nr < l->capacity) {
		l->nr++;
		n = allocate(1, sizeof(*n));
	} else {
		n = evict(l);
	}
	n->page = page;
	n->chain = *bucket;
	*bucket = n;
	list_push(l, n);
}

static void list_free(struct lru *l)
{
	struct node *n = l->head.next, *next;

	for (; n != &l->head; n = next) {
		next = n->next;
		free(n);
	}
	free(l->bucket);
}

/* ns per access */
static double run_list(const u32 *trace, u32 capacity, u64 *misses)
{
	struct lru l = { .capacity = capacity, .mask = 1 };
	double ns;
	u32 i;

	while (l.mask < capacity)
		l.mask = 2 * l.mask + 1;
	l.head.prev = l.head.next = &l.head;
	l.bucket = allocate(l.mask + 1, sizeof(*l.bucket));
	ns = now_ns();
	for (i = 0; i < ACCESSES; i++)
		list_access(&l, trace[i]);
	ns = (now_ns() - ns) / ACCESSES;
	*misses = l.misses;
	list_free(&l);
	return ns;
}

/* ---- the engine ---- */

struct engine {
	struct machine *m;
	handle_t task, file;
	struct running running;
	u64 base;
};

static void boot(struct engine *e, const char *machine, bool anon)
{
	struct machine_config *c = allocate(1, sizeof(*c));
	struct mmap_request rq = { .length = PAGES * PAGE_SIZE,
				   .prot = VM_READ | VM_WRITE,
				   .map = MAPF_NORESERVE };
	char why[256];

	if (machine_file_parse(c, machine, "bench", why, sizeof(why)))
		errx(1, "%s", why);
	e->m = machine_create(c, why, sizeof(why));
	free(c);
	if (!e->m)
		errx(1, "%s", why);
	e->m->sysctl.page_cluster = 0; /* a miss is a page */
	if (!anon) {
		if (inode_create(e->m, "/trace", rq.length, INODE_REGULAR, &e->file))
			errx(1, "no file");
		rq.inode = e->file;
		rq.map |= MAPF_SHARED;
	}
	if (task_spawn(e->m, "trace", &e->task))
		errx(1, "no process");
	task_run_begin(e->m, &e->running, e->task);
	if (do_mmap(e->m, e->task, &rq, &e->base))
		errx(1, "no mapping");
	if (!anon)
		do_madvise(e->m, e->task, e->base, rq.length, "random");
}

static u64 pages_in(const struct engine *e, bool anon)
{
	const struct machine *m = e->m;

	if (anon)
		return (u64)mm_at(m, task_at(m, e->task)->mm)->rss[MM_ANONPAGES];
	return inode_at(m, e->file)->nrpages;
}

/* Pages that had to be made or read. */
static u64 misses_of(const struct engine *e, bool anon)
{
	const struct machine *m = e->m;
	const struct mm *mm = mm_at(m, task_at(m, e->task)->mm);

	if (!anon)
		return m->vm_event[PGPGIN] / (PAGE_SIZE >> 10);
	return m->vm_event[PSWPIN] + (u64)(mm->rss[MM_ANONPAGES] + mm->rss[MM_SWAPENTS]);
}

/* What the machine's log says at the end. */
static void died(const struct machine *m, u32 done)
{
	char text[LOG_LINE_MAX];
	u64 seq = m->kmsg.next_seq > 60 ? m->kmsg.next_seq - 60 : 0, time;
	int level;

	for (; seq < m->kmsg.next_seq; seq++)
		if (log_read(&m->kmsg, &seq, &time, &level, text, sizeof(text)) >= 0)
			fprintf(stderr, "[%llu.%06llu] %s\n",
				(unsigned long long)(time / NSEC_PER_SEC),
				(unsigned long long)(time % NSEC_PER_SEC / 1000), text);
	errx(1, "the process has died after %u accesses", done);
}

static double run_engine(const u32 *trace, const char *machine, bool anon, u32 *capacity,
			 u64 *misses)
{
	struct engine e;
	const u64 store = anon ? ACCESS_STORE : 0;
	u64 addr[ACCESS_DRAW_MAX], kept = 0, samples = 0, before;
	double start;
	u32 i, nr;

	boot(&e, machine, anon);
	before = misses_of(&e, anon);
	start = now_ns();
	for (i = 0; i < ACCESSES; i += nr) {
		u64 done;

		for (nr = 0; nr < ACCESS_DRAW_MAX && i + nr < ACCESSES; nr++)
			addr[nr] = (e.base + ((u64)trace[i + nr] << PAGE_SHIFT)) | store;
		if (mm_access_list(e.m, e.task, addr, nr, &done))
			died(e.m, i + (u32)done);
		if (i % (1u << 20) == 0 && i >= ACCESSES / 4) {
			kept += pages_in(&e, anon);
			samples++;
		}
	}
	start = (now_ns() - start) / ACCESSES;
	*misses = misses_of(&e, anon) - before;
	*capacity = (u32)(kept / samples);
	task_run_end(e.m, &e.running);
	machine_destroy(e.m);
	return start;
}

static void run(const u32 *trace, const char *name, const char *machine, bool anon)
{
	u64 list_misses, engine_misses;
	double list, engine;
	u32 capacity;

	engine = run_engine(trace, machine, anon, &capacity, &engine_misses);
	list = run_list(trace, capacity, &list_misses);
	printf("%s %.1f %.1f\n", name, list, engine);
	printf("%s_miss %.5f\n", name, ((double)engine_misses - (double)list_misses) / ACCESSES);
	fprintf(stderr, "%s: %u pages, misses %.4f of the engine, %.4f of the list\n", name,
		capacity, (double)engine_misses / ACCESSES, (double)list_misses / ACCESSES);
	fflush(stdout);
}

#define MACHINE(memory)                                                                     \
	"[machine]\ncpus = 1\nmemory = " memory "\n[disk]\nsize = 96G\n[swap vdb]\nsize = " \
	"8G\n[cost]\ndisk_seek = 0\ndisk_page_write = 100\ndisk_page_read = 100\n"

int main(int argc, char **argv)
{
	long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
	bool anon = argc > 2 && !strcmp(argv[2], "anon");
	u32 *trace;

	if (rounds < 1 || argc > 3)
		errx(64, "usage: lru_trace ROUNDS [anon|file]");
	trace = make_trace();
	while (rounds-- > 0) {
		run(trace, "tenth", MACHINE("470M"), anon);
		run(trace, "half", MACHINE("2150M"), anon);
	}
	free(trace);
	return 0;
}
