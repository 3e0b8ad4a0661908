/*
 * libc's heap: the same calls lead to the same addresses, breaks and mappings as in a real program
 * (tests/data/malloc/), it survives forks, limits and somebody else's sbrk, and its books are in
 * order after every call.
 */
#include "tests/mmtest.h"

#include <mman/libc_heap.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/reference.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define BLOCKS 256

static struct mm *mm(const struct mmtest *t)
{
	return mm_at(t->m, mm_of(t));
}

static struct libc_heap *heap(const struct mmtest *t)
{
	return libc_heap_at(t->m, mm(t)->libc_heap);
}

/* As in a program linked dynamically: nothing is in the heap when main() begins. */
static void open_empty(struct mmtest *t)
{
	u64 brk;

	mmtest_open(t, 1024);
	do_brk(t->m, t->task, -(s64)(HEAP_FIRST_PAGES * PAGE_SIZE), &brk);
	mm(t)->flags &= ~MMF_LIBC_HEAP;
}

static u64 allocate(struct mmtest *t, u64 bytes)
{
	u64 addr = 0;
	int error = libc_malloc(t->m, t->task, bytes, &addr);

	return error ? (u64)(s64)error : addr;
}

/* ---- as a real program ---- */

struct recorded {
	struct mmtest t;
	u64 block[BLOCKS];
};

/* "ADDRESS" of a malloc: from the start of the heap, or "mmap" */
static void address_text(const struct recorded *r, u64 addr, char *text, size_t size)
{
	handle_t h = heap_find(r->t.m, heap(&r->t), addr - HEAP_HEADER);

	if (h && heap_chunk_at(r->t.m, h)->state == HEAP_MMAPPED)
		snprintf(text, size, "mmap");
	else
		snprintf(text, size, "%lld", (long long)(addr - mm(&r->t)->start_brk));
}

/* One line; false where the two went apart, which is told. */
static bool repeat(struct recorded *r, const char *line)
{
	char address[32], got[32] = "";
	unsigned long id = 0;
	long long value = 0, brk = 0, at;
	u64 now;

	switch (*line) {
	case 'm':
		if (sscanf(line, "m %lu %lld %31s %lld", &id, &value, address, &brk) != 4)
			return false;
		r->block[id] = allocate(&r->t, (u64)value);
		address_text(r, r->block[id], got, sizeof(got));
		if (strcmp(got, address) != 0)
			diag("%s: lies at %s", line, got);
		break;
	case 'f':
		if (sscanf(line, "f %lu %lld", &id, &brk) != 2)
			return false;
		strcpy(address, "");
		if (libc_free(r->t.m, r->t.task, r->block[id]))
			return false;
		break;
	default:
		if (sscanf(line, "s %lld %lld", &value, &brk) != 2)
			return false;
		strcpy(address, "");
		do_brk(r->t.m, r->t.task, value, &now);
		break;
	}
	at = (long long)(mm(&r->t)->brk - mm(&r->t)->start_brk);
	if (at != brk)
		diag("%s: the break is at %lld", line, at);
	return at == brk && !strcmp(got, address);
}

static void test_recorded(const char *profile)
{
	struct recorded *r = calloc(1, sizeof(*r));
	char path[256], line[128];
	unsigned int lines = 0, same = 0;
	FILE *f;

	snprintf(path, sizeof(path), "tests/data/malloc/%s", profile);
	f = fopen(path, "r");
	if (!f || !r)
		bail_out("%s cannot be read", path);
	open_empty(&r->t);
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		lines++;
		if (!repeat(r, line))
			break;
		same++;
		if (lines % 100 == 0)
			is_sound(r->t.m, "after a hundred calls");
	}
	fclose(f);
	ok(lines > 1000, "%s: a sequence of some length was recorded", profile);
	is_uint(same, lines, "%s: every call did what it did in a real program", profile);
	mmtest_close(&r->t);
	free(r);
}

/* ---- rules one by one ---- */

static void test_rules(void)
{
	struct mmtest t;
	u64 a, b, c, brk;
	s64 rss;

	mmtest_open(&t, 256);
	brk = mm(&t)->brk;
	a = allocate(&t, 24);
	b = allocate(&t, 25);
	is_uint(b - a, 32, "24 bytes take a chunk of 32, header and all");
	c = allocate(&t, 0);
	is_uint(c - b, 48, "25 bytes take one of 48");
	is_uint(a % 16, 0, "blocks are aligned to 16 bytes");
	is_uint(mm(&t)->brk, brk, "the heap that the program began with serves them");
	is_int(libc_free(t.m, t.task, a), 0, "free");
	is_uint(allocate(&t, 8), a, "the thread's cache gives the same block again");
	is_int(libc_free(t.m, t.task, a), 0, "free again");
	is_int(libc_free(t.m, t.task, a), -EINVAL, "a block that is free already is none");
	is_int(libc_free(t.m, t.task, b + 8), -EINVAL, "nor is the middle of one");
	is_int(libc_malloc(t.m, t.task, UINT64_MAX, &a), -ENOMEM, "no size wraps around");
	is_int(libc_malloc(t.m, t.task, INT64_MAX, &a), -ENOMEM, "more than there are addresses");

	rss = mm(&t)->rss[MM_ANONPAGES];
	a = allocate(&t, 1 << 20);
	is_uint(a & ~PAGE_MASK, 16, "a mapping of its own begins with the header");
	is_int(mm(&t)->rss[MM_ANONPAGES] - rss, 1, "of which one page is resident: the header's");
	is_uint(heap(&t)->mmap_threshold, 128 << 10, "the threshold is 128 KiB");
	is_int(libc_free(t.m, t.task, a), 0, "the mapping is freed");
	is_int(mm(&t)->rss[MM_ANONPAGES], rss, "and its memory with it");
	is_uint(heap(&t)->mmap_threshold, (1 << 20) + 4096, "the threshold is now its size");
	is_uint(heap(&t)->trim_threshold, 2 * ((1 << 20) + 4096), "the trim threshold twice that");
	brk = mm(&t)->brk;
	a = allocate(&t, 1 << 20);
	ok(mm(&t)->brk > brk, "so that the same size comes from the break next time");
	is_int(libc_free(t.m, t.task, a), 0, "freed");
	ok(mm(&t)->brk > brk, "and stays the process's: the top is below the threshold");
	mmtest_close(&t);
}

static void test_limit(void)
{
	struct mmtest t;
	u64 a, brk;

	mmtest_open(&t, 256);
	allocate(&t, 100);
	brk = mm(&t)->brk;
	task_setrlimit(t.m, t.task, RLIM_DATA, 300 << 10, RLIM_INF);
	task_at(t.m, t.task)->uid = 1000;
	a = allocate(&t, 120 << 10);
	ok(!MAP_FAILED_AT(a), "what the break has left is used");
	a = allocate(&t, 120 << 10);
	is_int((s64)a, -ENOMEM, "RLIMIT_DATA stops break and mappings alike");
	is_uint(mm(&t)->brk, brk, "nothing has moved");
	mmtest_close(&t);

	mmtest_open(&t, 256);
	allocate(&t, 100);
	/* something lies in the way of the break */
	map(&t, PAGE_ALIGN(mm(&t)->brk) + PAGE_SIZE, 1, "r", MAPF_FIXED);
	allocate(&t, 100 << 10);
	a = allocate(&t, 100 << 10);
	ok(!MAP_FAILED_AT(a) && a > mm(&t)->brk, "a break that cannot move: a mapping is the top");
	ok(!heap(&t)->contiguous, "and the heap is in one piece no more");
	brk = allocate(&t, 100 << 10);
	is_uint(brk - a, (100 << 10) + 16, "the next block lies behind the last");
	mmtest_close(&t);
}

static void test_fork(void)
{
	struct mmtest t;
	handle_t parent, child;
	u64 a, b, c;

	mmtest_open(&t, 256);
	a = allocate(&t, 5000);
	b = allocate(&t, 100);
	parent = t.task;
	is_int(task_fork(t.m, t.task, &child), 0, "fork");
	is_sound(t.m, "with a copy of a heap");
	is_int(libc_free(t.m, t.task, a), 0, "the parent frees a block");
	as_task(&t, child);
	is_int(libc_free(t.m, t.task, b), 0, "the child frees another");
	is_uint(allocate(&t, 100), b, "and gets it again");
	c = allocate(&t, 5000);
	ok(c != a, "the parent's block is in use in the child");
	is_sound(t.m, "while both heaps differ");
	as_task(&t, parent);
	do_exit(t.m, child, 0);
	is_uint(allocate(&t, 4000), a, "the parent's heap is as it left it");
	mmtest_close(&t);
}

/* ---- many calls ---- */

static void test_stress(u64 seed)
{
	struct mmtest t;
	u64 block[BLOCKS] = { 0 }, size[BLOCKS], i, id;
	unsigned int bad = 0;

	mmtest_open(&t, 512);
	t.m->random[0] ^= seed;
	for (i = 0; i < 6000; i++) {
		id = machine_random_below(t.m, BLOCKS);
		if (block[id]) {
			bad += libc_free(t.m, t.task, block[id]) != 0;
			block[id] = 0;
		} else {
			size[id] = machine_random_below(
				t.m, 1ull << (4 + machine_random_below(t.m, 18)));
			block[id] = allocate(&t, size[id]);
			bad += MAP_FAILED_AT(block[id]) || block[id] % 16;
		}
		if (i % 300 == 0)
			is_sound(t.m, "in the middle of many calls");
	}
	is_uint(bad, 0, "every call was served");
	for (id = 0; id < BLOCKS; id++)
		if (block[id])
			libc_free(t.m, t.task, block[id]);
	mmtest_close(&t);
}

int main(void)
{
	static const char *const profiles[] = { "small", "mixed", "large", "huge", "sbrk" };
	size_t i;

	for (i = 0; i < sizeof(profiles) / sizeof(*profiles); i++)
		test_recorded(profiles[i]);
	test_rules();
	test_limit();
	test_fork();
	test_stress(1);
	test_stress(2);
	return done_testing();
}
