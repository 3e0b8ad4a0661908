/*
 * One page trace, replayed by the engine and by a plain LRU list with a hash table.
 * usage: lru_trace ROUNDS read|anon|file [tenth|half [ACCESSES]]
 *
 * The trace draws 20 million pages out of 2^20 by Zipf's law with exponent 0.9. The engine runs it
 * on a machine whose memory takes about a tenth of the pages, and on one that takes half of them:
 * reclaim, the disk and all.
 *	read	reads of pages of a file, as pread(2) makes them: the page cache
 *	anon	a process's stores to anonymous memory: page tables, faults, swap
 *	file	its loads of a mapped file: page tables, faults, the page cache
 * The list has room for as many pages as the engine kept on average, so that both can be compared:
 * time, and the share of accesses that found no page.
 *
 * For each round and size a line: "tenth LIST-NS ENGINE-NS", "half LIST-NS ENGINE-NS", per access,
 * and "tenth_miss D", "half_miss D": the engine's share of misses less the list's.
 */
#include <mman/lab.h>
#include <mman/machine.h>
#include <mman/namei.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fs/machine_file.h"

#define PAGES	   (1u << 20)
#define ACCESSES   20000000u
#define LIST_READS 1024u /* that filemap_read_list() is given at once */

enum kind { KIND_READ, KIND_ANON, KIND_FILE, NR_KINDS };
static const char *const kinds[NR_KINDS] = { "read", "anon", "file" };

struct trace {
	u32 *page;
	u32 nr;
};

/* Of the processor: what else runs on this host does not count. */
static double cpu_ns(void)
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

static struct trace make_trace(u32 nr)
{
	const struct access_spec spec = { .pattern = ACCESS_ZIPF, .theta_millis = 900 };
	struct trace t = { allocate(nr, sizeof(u32)), nr };
	struct access_stream stream;
	bool write;
	u32 i;

	access_stream_init(&stream, &spec, 0, PAGES, 1);
	for (i = 0; i < nr; i++)
		t.page[i] = (u32)(access_stream_next(&stream, &write) >> PAGE_SHIFT);
	return t;
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
static double run_list(const struct trace *t, u32 capacity, u64 *misses)
{
	struct lru l = { .capacity = capacity, .mask = 1 };
	double ns;
	u32 i;

	while (l.mask < capacity)
		l.mask = 2 * l.mask + 1;
	l.head.prev = l.head.next = &l.head;
	l.bucket = allocate(l.mask + 1, sizeof(*l.bucket));
	ns = cpu_ns();
	for (i = 0; i < t->nr; i++)
		list_access(&l, t->page[i]);
	ns = (cpu_ns() - ns) / t->nr;
	*misses = l.misses;
	list_free(&l);
	return ns;
}

/* ---- the engine ---- */

struct engine {
	struct machine *m;
	enum kind kind;
	handle_t task, inode, file;
	struct running running;
	u64 base;
};

static void boot(struct engine *e, const char *machine)
{
	struct machine_config *c = allocate(1, sizeof(*c));
	char why[256];

	if (machine_file_parse(c, machine, "bench", why, sizeof(why)))
		errx(1, "%s", why);
	e->m = machine_create(c, why, sizeof(why));
	free(c);
	if (!e->m)
		errx(1, "%s", why);
	e->m->sysctl.page_cluster = 0; /* a miss is a page */
	e->m->knobs.bdi[0].read_ahead_kb = 0;
}

static void map_pages(struct engine *e)
{
	struct mmap_request rq = { .length = PAGES * PAGE_SIZE,
				   .prot = VM_READ | VM_WRITE,
				   .map = MAPF_NORESERVE };

	if (e->kind == KIND_FILE) {
		rq.inode = e->inode;
		rq.map |= MAPF_SHARED;
	}
	if (do_mmap(e->m, e->task, &rq, &e->base))
		errx(1, "no mapping");
}

static void prepare(struct engine *e)
{
	if (e->kind != KIND_ANON &&
	    (inode_create(e->m, "/trace", PAGES * PAGE_SIZE, INODE_REGULAR, &e->inode) ||
	     vfs_open(e->m, e->inode, &e->file)))
		errx(1, "no file");
	if (task_spawn(e->m, "trace", &e->task))
		errx(1, "no process");
	task_run_begin(e->m, &e->running, e->task);
	if (e->kind != KIND_READ)
		map_pages(e);
}

static u64 pages_in(const struct engine *e)
{
	const struct machine *m = e->m;

	if (e->kind == KIND_ANON)
		return (u64)mm_at(m, task_at(m, e->task)->mm)->rss[MM_ANONPAGES];
	return inode_at(m, e->inode)->nrpages;
}

/* Pages that had to be made or read. */
static u64 misses_of(const struct engine *e)
{
	const struct machine *m = e->m;
	const struct mm *mm = mm_at(m, task_at(m, e->task)->mm);

	if (e->kind != KIND_ANON)
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
	errx(1, "the process has died after %u of %u accesses", done, LIST_READS);
}

/* The trace as the engine is told it: positions in the file, or addresses. */
static u64 *places_of(const struct engine *e, const struct trace *t)
{
	const u64 store = e->kind == KIND_ANON ? ACCESS_STORE : 0;
	u64 *at = allocate(t->nr, sizeof(*at));
	u32 i;

	for (i = 0; i < t->nr; i++)
		at[i] = (e->base + ((u64)t->page[i] << PAGE_SHIFT)) | store;
	return at;
}

/* Up to LIST_READS accesses; how many. */
static u32 access_some(struct engine *e, const u64 *at, u32 left)
{
	const u32 nr = left < LIST_READS ? left : LIST_READS;
	u64 done;
	int error;

	if (e->kind == KIND_READ)
		error = filemap_read_list(e->m, e->file, at, nr, PAGE_SIZE, &done);
	else
		error = mm_access_list(e->m, e->task, at, nr, &done);
	if (error)
		died(e->m, (u32)done);
	return nr;
}

static double run_engine(const struct trace *t, const char *machine, enum kind kind, u32 *capacity,
			 u64 *misses)
{
	struct engine e = { .kind = kind };
	u64 kept = 0, samples = 0, before, *at;
	double start;
	u32 i;

	boot(&e, machine);
	prepare(&e);
	before = misses_of(&e);
	at = places_of(&e, t);
	start = cpu_ns();
	for (i = 0; i < t->nr; i += access_some(&e, at + i, t->nr - i))
		if (i % (1u << 18) == 0 && i >= t->nr / 4) {
			kept += pages_in(&e);
			samples++;
		}
	start = (cpu_ns() - start) / t->nr;
	*misses = misses_of(&e) - before;
	*capacity = (u32)((kept + pages_in(&e)) / (samples + 1));
	free(at);
	task_run_end(e.m, &e.running);
	machine_destroy(e.m);
	return start;
}

static void run(const struct trace *t, const char *name, const char *machine, enum kind kind)
{
	u64 list_misses, engine_misses;
	double list, engine;
	u32 capacity;

	engine = run_engine(t, machine, kind, &capacity, &engine_misses);
	list = run_list(t, capacity, &list_misses);
	printf("%s %.1f %.1f\n", name, list, engine);
	printf("%s_miss %.5f\n", name, ((double)engine_misses - (double)list_misses) / t->nr);
	fprintf(stderr, "%s: %u pages, misses %.4f of the engine, %.4f of the list\n", name,
		capacity, (double)engine_misses / t->nr, (double)list_misses / t->nr);
	fflush(stdout);
}

#define MACHINE(memory)                                                                     \
	"[machine]\ncpus = 1\nmemory = " memory "\n[disk]\nsize = 96G\n[swap vdb]\nsize = " \
	"8G\n[cost]\ndisk_seek = 0\ndisk_page_write = 100\ndisk_page_read = 100\n"

static const struct {
	const char *name, *machine;
} sizes[] = { { "tenth", MACHINE("470M") }, { "half", MACHINE("2150M") } };

int main(int argc, char **argv)
{
	long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
	long accesses = argc > 4 ? strtol(argv[4], NULL, 10) : ACCESSES;
	const char *only = argc > 3 ? argv[3] : NULL;
	u32 kind = 0, i;
	struct trace t;

	while (argc > 2 && kind < NR_KINDS && strcmp(argv[2], kinds[kind]) != 0)
		kind++;
	if (argc < 3 || argc > 5 || kind == NR_KINDS || rounds < 1 || accesses < PAGES ||
	    accesses > 10L * ACCESSES)
		errx(64, "usage: lru_trace ROUNDS read|anon|file [tenth|half [ACCESSES]]");
	t = make_trace((u32)accesses);
	while (rounds-- > 0)
		for (i = 0; i < ARRAY_SIZE(sizes); i++)
			if (!only || !strcmp(only, sizes[i].name))
				run(&t, sizes[i].name, sizes[i].machine, (enum kind)kind);
	free(t.page);
	return 0;
}
