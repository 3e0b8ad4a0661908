/*
 * The end of a large process: others are let in while its memory goes, and may end it themselves.
 */
#include <errno.h>
#include <string.h>

#include "tests/mmtest.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define PAGES (120u << 10) /* of a process: several batches */

struct visit {
	u32 visits, removals;
	u64 least, most; /* AnonPages at the visits */
	const char *remove;
};

static bool visit(struct machine *m, void *arg)
{
	struct visit *v = arg;
	u64 anon = global_node_page_state(m, NR_ANON_PAGES);

	if (!v->visits++)
		v->most = anon;
	v->least = anon;
	if (v->remove && !lab_remove(m, v->remove))
		v->removals++;
	m->attention = 1;
	return true;
}

static handle_t large_process(struct machine *m, const char *name)
{
	struct mmap_request rq = { .length = PAGES * PAGE_SIZE, .prot = VM_READ | VM_WRITE };
	struct running r;
	handle_t lab, task;
	u64 addr = 0, done;

	is_err(lab_create(m, name, &lab), 0, "a process");
	task = lab_at(m, lab)->task;
	task_run_begin(m, &r, task);
	do_mmap(m, task, &rq, &addr);
	is_err(mm_access_range(m, task, addr, rq.length, true, &done), 0, "with 480 MiB");
	task_run_end(m, &r);
	return lab;
}

static void let_in(struct machine *m, struct visit *v)
{
	m->host.yield = visit;
	m->host.arg = v;
	m->attention = 1;
}

static void test_rmdir(struct machine *m)
{
	u64 before = global_node_page_state(m, NR_ANON_PAGES);
	struct visit v = { .visits = 0 };

	large_process(m, "a");
	let_in(m, &v);
	is_err(lab_remove(m, "a"), 0, "rmdir ends it");
	m->attention = 0;
	cmp_int(v.visits, >=, 3, "others are let in meanwhile");
	cmp_int(v.least, <, v.most, "and see its memory go");
	is_uint(global_node_page_state(m, NR_ANON_PAGES), before, "all of it");
}

static void test_rmdir_in_the_middle(struct machine *m)
{
	struct visit v = { .remove = "a" };

	large_process(m, "a");
	let_in(m, &v);
	is_err(lab_remove(m, "a"), -ENOENT, "who comes second finds nothing to remove");
	m->attention = 0;
	is_uint(v.removals, 1, "it went once");
	is_uint(v.visits, 1, "in the middle of the other, at once");
	is_uint(lab_find(m, "a"), 0, "the name is free");
}

static void test_exit(struct machine *m, const char *remove)
{
	struct visit v = { .remove = remove };
	handle_t lab = large_process(m, "a");
	struct running r;

	task_run_begin(m, &r, lab_at(m, lab)->task);
	task_exit_requested(m, 3 << 8);
	let_in(m, &v);
	ok(!task_run_end(m, &r), "exit ends it");
	m->attention = 0;
	is_int(r.died, remove != NULL, "%s", remove ? "somebody else did" : "itself");
	is_uint(v.removals, remove != NULL, "rmdir in its middle");
	if (!remove) {
		is_int(lab_at(m, lab)->exit_code, 3 << 8, "with its own status");
		is_err(lab_remove(m, "a"), 0, "its directory goes");
	}
}

static void test_kill(struct machine *m, const char *remove)
{
	struct visit v = { .remove = remove };
	handle_t lab = large_process(m, "a");

	let_in(m, &v);
	is_err(kill_process(m, lab_at(m, lab)->task, 9, 0), 0, "kill -9");
	m->attention = 0;
	is_uint(v.removals, remove != NULL, "%s", remove ? "rmdir in its middle" : "no rmdir");
	if (!remove) {
		cmp_int(v.visits, >=, 3, "others are let in");
		is_int(lab_at(m, lab)->exit_code, 9, "and it dies of the signal");
		is_err(lab_remove(m, "a"), 0, "its directory goes");
	}
}

int main(void)
{
	struct mmtest t;
	struct running *outer;

	mmtest_open(&t, 1024);
	outer = t.m->running;
	t.m->running = NULL;
	test_rmdir(t.m);
	test_rmdir_in_the_middle(t.m);
	test_exit(t.m, NULL);
	test_exit(t.m, "a");
	test_kill(t.m, NULL);
	test_kill(t.m, "a");
	is_sound(t.m, "after large processes came and went");
	memset(&t.m->host, 0, sizeof(t.m->host));
	t.m->running = outer;
	mmtest_close(&t);
	return done_testing();
}
