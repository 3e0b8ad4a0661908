/*
 * Out of memory at every place: each call is made with its first allocation failing, then with its
 * second, and so on until it passes. A call that fails must leave everything as it was.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/mmtest.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define A    0x20000000ull
#define B    0x30000000ull
#define MOST 200u

/* What a failed call must not change. */
struct state {
	char maps[8192];
	u64 committed, total_vm, data_vm, locked_vm, brk;
	u32 map_count, vmas, anon_vmas, chains, files, inodes, mms, def_flags;
	s64 rss;
};

static void look(struct mmtest *t, struct state *s)
{
	const struct mm *mm = mm_at(t->m, mm_of(t));
	const struct mm_state *p = &t->m->mms;

	memset(s, 0, sizeof(*s));
	snprintf(s->maps, sizeof(s->maps), "%s", maps(t, 0, TASK_SIZE_X86_64));
	s->committed = (u64)p->committed_as;
	s->total_vm = mm->total_vm;
	s->data_vm = mm->data_vm;
	s->locked_vm = mm->locked_vm;
	s->brk = mm->brk;
	s->map_count = mm->map_count;
	s->def_flags = mm->def_flags;
	s->vmas = p->vmas.nr_live;
	s->chains = p->anon_vma_chains.nr_live;
	s->files = p->files.nr_live;
	s->inodes = p->inodes.nr_live;
	s->mms = p->mms.nr_live;
	s->rss = mm->rss[MM_ANONPAGES] + mm->rss[MM_FILEPAGES] + mm->rss[MM_SHMEMPAGES];
}

struct call {
	const char *name;
	void (*setup)(struct mmtest *t);
	int (*run)(struct mmtest *t);
	bool touches;	  /* a fault: the mapping may have got its anon_vma before the failure */
	bool may_be_free; /* needs no memory if a neighbour takes the change over */
};

static handle_t file;
static handle_t child;
static u64 where;

static void nothing(struct mmtest *t)
{
	(void)t;
}

static void touched(struct mmtest *t)
{
	map(t, A, 16, "rw", MAPF_FIXED);
	store(t, A, 16);
}

static void untouched(struct mmtest *t)
{
	map(t, A, 16, "rw", MAPF_FIXED);
}

/* left part touched, right part not: neighbours that differ in rights */
static void two_parts(struct mmtest *t)
{
	map(t, A, 16, "rw", MAPF_FIXED);
	map(t, A + 0x10000, 16, "r", MAPF_FIXED);
	store(t, A, 16);
}

static void cached(struct mmtest *t)
{
	map_file(t, A, 64, "rw", MAPF_FIXED, file, 0);
	load(t, A, 64);
}

static int run_mmap(struct mmtest *t)
{
	s64 at = (s64)map(t, B, 16, "rw", MAPF_FIXED);

	return at < 0 ? (int)at : 0;
}

static int run_mmap_shared(struct mmtest *t)
{
	s64 at = (s64)map(t, B, 16, "rw", MAPF_FIXED | MAPF_SHARED);

	return at < 0 ? (int)at : 0;
}

static int run_mmap_file(struct mmtest *t)
{
	s64 at = (s64)map_file(t, B, 16, "rw", MAPF_FIXED, file, 0);

	return at < 0 ? (int)at : 0;
}

static int run_mmap_over(struct mmtest *t)
{
	s64 at = (s64)map_file(t, A + 0x4000, 4, "r", MAPF_FIXED, file, 0);

	/* the old mapping is gone when the new one fails, as on Linux */
	return at < 0 ? -EINTR : 0;
}

static int run_munmap(struct mmtest *t)
{
	return unmap(t, A + 0x4000, 4);
}

static int run_munmap_two(struct mmtest *t)
{
	return unmap(t, A + 0x4000, 16);
}

static int run_mprotect(struct mmtest *t)
{
	return protect(t, A + 0x4000, 4, "r");
}

static int run_mprotect_merge(struct mmtest *t)
{
	return protect(t, A + 0x10000, 16, "rw");
}

static int run_store(struct mmtest *t)
{
	return store(t, A, 1);
}

static int run_load(struct mmtest *t)
{
	return load(t, A, 1);
}

static int run_fork(struct mmtest *t)
{
	handle_t mm;
	int error = mm_dup(t->m, mm_of(t), &mm);

	if (!error)
		mm_put(t->m, mm);
	return error;
}

static int run_task_fork(struct mmtest *t)
{
	int error = task_fork(t->m, t->task, &child);

	if (!error)
		do_exit(t->m, child, 0);
	return error;
}

static int run_mremap(struct mmtest *t)
{
	return do_mremap(t->m, t->task, A + 0x4000, 4 * PAGE_SIZE, 32 * PAGE_SIZE, true, &where);
}

static int run_mremap_grow(struct mmtest *t)
{
	return do_mremap(t->m, t->task, A, 16 * PAGE_SIZE, 32 * PAGE_SIZE, false, &where);
}

static int run_brk(struct mmtest *t)
{
	return do_brk(t->m, t->task, 1 << 20, &where);
}

static int run_madvise(struct mmtest *t)
{
	return advise(t, A + 0x4000, 4, "dontfork");
}

static int run_mlock(struct mmtest *t)
{
	return do_mlock(t->m, t->task, A + 0x4000, 4 * PAGE_SIZE, true, true);
}

static int run_stack(struct mmtest *t)
{
	const struct mm *mm = mm_at(t->m, mm_of(t));
	u64 start = vma_at(t->m, find_vma(t->m, mm_of(t), mm->start_stack))->start;
	enum vm_fault r = handle_mm_fault(t->m, t->task, start - PAGE_SIZE, true);

	/* the stack has grown when there is no page for it, as on Linux */
	return r == VM_FAULT_DONE    ? 0 :
	       r == VM_FAULT_OOM     ? -EINTR :
	       r == VM_FAULT_SIGSEGV ? -ENOMEM :
				       -EINVAL;
}

static int run_cow(struct mmtest *t)
{
	return store(t, A + 0x8000, 1);
}

static int run_exec(struct mmtest *t)
{
	handle_t task;
	int error = task_spawn(t->m, "another", &task);

	if (!error)
		do_exit(t->m, task, 0);
	return error;
}

static const struct call calls[] = {
	{ "mmap", nothing, run_mmap, false, false },
	{ "mmap beside a neighbour", untouched, run_mmap, false, false },
	{ "shared mmap", nothing, run_mmap_shared, false, false },
	{ "mmap of a file", nothing, run_mmap_file, false, false },
	{ "mmap over the middle of another", touched, run_mmap_over, false, false },
	{ "munmap of the middle", touched, run_munmap, false, false },
	{ "munmap across two", two_parts, run_munmap_two, false, false },
	{ "mprotect of the middle", touched, run_mprotect, false, false },
	{ "mprotect that merges", two_parts, run_mprotect_merge, false, true },
	{ "a first store", untouched, run_store, true, false },
	{ "a first load", untouched, run_load, true, false },
	{ "fork's copy of the mappings", two_parts, run_fork, false, false },
	{ "fork", touched, run_task_fork, false, false },
	{ "mremap of the middle", touched, run_mremap, false, false },
	{ "mremap in place", touched, run_mremap_grow, false, true },
	{ "brk", nothing, run_brk, false, true },
	{ "madvise of the middle", touched, run_madvise, false, false },
	{ "mlock of the middle", touched, run_mlock, false, false },
	{ "a growing stack", nothing, run_stack, true, false },
	{ "a private write to a file", cached, run_cow, true, false },
	{ "execve", nothing, run_exec, false, false },
};

static bool same(const struct state *a, const struct state *b, bool touches)
{
	struct state x = *a, y = *b;

	if (touches)
		x.rss = y.rss = 0, x.chains = y.chains = 0, x.anon_vmas = y.anon_vmas = 0;
	return !memcmp(&x, &y, sizeof(x));
}

static void clean(struct mmtest *t)
{
	unmap(t, A, 1024);
	unmap(t, B, 1024);
}

/* Fail the nth allocation of the call; false when there is none. */
static bool attempt(struct mmtest *t, const struct call *c, u32 n, u32 *wrong)
{
	struct state before, after;
	bool fired;
	int error;

	clean(t);
	c->setup(t);
	look(t, &before);
	t->m->mms.fail_nth = n;
	error = c->run(t);
	fired = !t->m->mms.fail_nth;
	t->m->mms.fail_nth = 0;
	look(t, &after);
	if (error && error != -ENOMEM && error != -EAGAIN && error != -EINTR) {
		diag("%s, allocation %u: error %d", c->name, n, -error);
		++*wrong;
	}
	if (error && error != -EINTR && !same(&before, &after, c->touches)) {
		diag("%s, allocation %u: something is left", c->name, n);
		diag("committed %lld, vmas %d, chains %d, before and after:\n%s\n%s",
		     (long long)(after.committed - before.committed),
		     (int)(after.vmas - before.vmas), (int)(after.chains - before.chains),
		     before.maps, after.maps);
		++*wrong;
	}
	*wrong += count_violations(t->m, "%s, allocation %u", c->name, n);
	return fired;
}

static void test_call(struct mmtest *t, const struct call *c)
{
	u32 n = 1, wrong = 0;

	while (n < MOST && attempt(t, c, n, &wrong))
		n++;
	clean(t);
	cmp_int(n + c->may_be_free, >, 1, "%s allocates", c->name);
	cmp_int(n, <, MOST, "and passes when nothing fails");
	is_uint(wrong, 0, "each of its %u failures leaves all as it was", n - 1);
}

int main(void)
{
	struct mmtest t;
	size_t i;

	mmtest_open(&t, 128);
	inode_create(t.m, "/data/f", 8 << 20, INODE_REGULAR, &file);
	filemap_get_page(t.m, file, 0, true);
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		test_call(&t, &calls[i]);
	mmtest_close(&t);
	return done_testing();
}
