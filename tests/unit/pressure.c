/*
 * Faults when memory is short: cache pages go to make room, also those of the file that is being
 * faulted in, and when nothing is left the largest process dies, whoever asked.
 */
#include <errno.h>

#include "tests/mmtest.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define MIB 256ull /* pages */

/* Twice as much file as there is memory, mapped and read through: old pages make room for new
 * ones. */
static void test_cache(struct mmtest *t)
{
	handle_t f;
	u64 at, i;

	inode_create(t->m, "/data/f", 512 << 20, INODE_REGULAR, &f);
	for (i = 0; i < 512; i += 32) {
		at = map_file(t, 0, 32 * MIB, "r", 0, f, i * MIB);
		if (load(t, at, 32 * MIB))
			break;
		unmap(t, at, 32 * MIB);
	}
	is_uint(i, 512, "a file of four times the memory can be read through a mapping");
	cmp_int(inode_at(t->m, f)->nrpages, <, 192 * MIB, "no more of it is cached than fits");
	is_sound(t->m, "after reading it");
	inode_unlink(t->m, f);
}

/* Private copies of a cold file: page cache and anonymous pages compete. */
static void test_copies(struct mmtest *t)
{
	handle_t f;
	u64 at;

	inode_create(t->m, "/data/g", 64 << 20, INODE_REGULAR, &f);
	at = map_file(t, 0, 64 * MIB, "rw", 0, f, 0);
	is_err(store(t, at, 64 * MIB), 0,
	       "much of the memory is written to as private copies of a file");
	is_int(mm_at(t->m, mm_of(t))->rss[MM_ANONPAGES] >= (s64)(64 * MIB), 1,
	       "all copies are resident");
	is_sound(t->m, "afterwards");
	unmap(t, at, 64 * MIB);
	inode_unlink(t->m, f);
}

static void test_oom(struct mmtest *t)
{
	handle_t parent = t->task, child;
	struct running r;
	u64 at, done = 0, kills = t->m->vm_event[OOM_KILL];
	int error;

	task_fork(t->m, parent, &child);
	task_run_begin(t->m, &r, child);
	t->m->sysctl.overcommit_memory = 1;
	{
		struct mmap_request rq = { .length = 1ull << 30, .prot = VM_READ | VM_WRITE };

		is_err(do_mmap(t->m, child, &rq, &at), 0, "mode 1 promises five times the memory");
	}
	error = mm_access_range(t->m, child, at, 1ull << 30, true, &done);
	is_err(error, -EINTR, "which cannot be kept: the process is stopped");
	cmp_int(done, >, 40 * MIB, "when it has taken what there was");
	ok(!task_run_end(t->m, &r), "it is the victim");
	is_uint(t->m->vm_event[OOM_KILL], kills + 1, "the only one");
	is_sound(t->m, "after the kill");
	at = map(t, 0, 64 * MIB, "rw", 0);
	is_err(store(t, at, 64 * MIB), 0, "and the memory is there for others");
	unmap(t, at, 64 * MIB);
}

int main(void)
{
	struct mmtest t;

	mmtest_open(&t, 192);
	test_cache(&t);
	test_copies(&t);
	test_oom(&t);
	mmtest_close(&t);
	return done_testing();
}
