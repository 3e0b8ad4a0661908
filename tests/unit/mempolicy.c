/* Memory policies: which are accepted, whose counts, where pages go, how mappings split and
 * merge. */
#include <errno.h>
#include <mman/mempolicy.h>

#include "tests/swaptest.h"
#include "tests/tap.h"

#define A 0x20000000ull

static const char three_nodes[] = "[machine]\ncpus = 2\n"
				  "[node 0]\nmemory = 256M\ncpus = 0\n"
				  "[node 1]\nmemory = 256M\ncpus = 1\n"
				  "[node 2]\nmemory = 256M\n"
				  "[node 3]\nmemory = 0\n";

static u64 at(u64 page)
{
	return A + page * PAGE_SIZE;
}

static int set_range(struct mmtest *t, u64 addr, u64 pages, u32 mode, u64 nodes, u32 mf)
{
	return do_mbind(t->m, t->task, addr, pages * PAGE_SIZE, mode, 0, nodes, mf);
}

static void test_values(struct mmtest *t)
{
	static const struct {
		u32 mode, flags;
		u64 nodes;
		int error;
		u64 effective;
		const char *what;
	} row[] = {
		{ MPOL_BIND, 0, 0, -EINVAL, 0, "bind to nothing" },
		{ MPOL_BIND, 0, 8, -EINVAL, 0, "bind to a node without memory" },
		{ MPOL_BIND, 0, 1ull << 40, -EINVAL, 0, "bind to a node that is not there" },
		{ MPOL_BIND, 0, 10, 0, 2, "what has no memory is left out" },
		{ MPOL_INTERLEAVE, 0, 7, 0, 7, "interleave" },
		{ MPOL_PREFERRED, 0, 6, 0, 2, "preferred takes the first node" },
		{ MPOL_PREFERRED, 0, 0, 0, 0, "preferred without a node is local" },
		{ MPOL_PREFERRED, MPOL_F_STATIC_NODES, 0, -EINVAL, 0, "but not with flags" },
		{ MPOL_LOCAL, 0, 1, -EINVAL, 0, "local with a node" },
		{ MPOL_LOCAL, 0, 0, 0, 0, "local" },
		{ MPOL_DEFAULT, 0, 1, -EINVAL, 0, "default with a node" },
		{ MPOL_BIND, MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES, 1, -EINVAL, 0,
		  "both kinds of numbers" },
		{ MPOL_BIND, 1, 1, -EINVAL, 0, "an unknown flag" },
		{ MPOL_MAX, 0, 1, -EINVAL, 0, "an unknown mode" },
		{ MPOL_BIND, MPOL_F_RELATIVE_NODES, 1 << 4, 0, 2,
		  "the fifth of three is the second" },
		{ MPOL_INTERLEAVE, MPOL_F_RELATIVE_NODES, 9, 0, 1, "two may be one" },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(row); i++) {
		handle_t h = 0;

		is_err(mpol_new(t->m, t->task, row[i].mode, row[i].flags, row[i].nodes, &h),
		       row[i].error, "%s", row[i].what);
		if (h)
			is_uint(mempolicy_at(t->m, h)->nodes, row[i].effective, "  its nodes");
		mpol_put(t->m, h);
	}
	is_uint(t->m->mms.nr_policies, 0, "none is left");
}

static void test_scopes(struct mmtest *t)
{
	handle_t child;

	map(t, A, 64, "rw", MAPF_FIXED);
	do_set_mempolicy(t->m, t->task, MPOL_BIND, 0, 4);
	set_range(t, A, 16, MPOL_PREFERRED, 2, 0);
	store(t, A, 32);
	is_uint(pages_on(t, A, 16, 1), 16, "the mapping's policy counts before the process's");
	is_uint(pages_on(t, at(16), 16, 2), 16, "which counts where there is none");
	task_fork(t->m, t->task, &child);
	as_task(t, child);
	store(t, at(32), 16);
	is_uint(pages_on(t, at(32), 16, 2), 16, "a child has its parent's");
	task_exec(t->m, child, "other");
	map(t, A, 16, "rw", MAPF_FIXED);
	store(t, A, 16);
	is_uint(pages_on(t, A, 16, 2), 16, "and keeps the process's through exec");
	do_set_mempolicy(t->m, child, MPOL_DEFAULT, 0, 0);
	as_task(t, task_at(t->m, child)->parent ? task_at(t->m, child)->parent : child);
	do_exit(t->m, child, 0);
	do_set_mempolicy(t->m, t->task, MPOL_DEFAULT, 0, 0);
	unmap(t, A, 64);
	is_uint(t->m->mms.nr_policies, 0, "none is left");
}

static void test_split_and_merge(struct mmtest *t)
{
	map(t, A, 64, "rw", MAPF_FIXED);
	is_err(set_range(t, at(16), 16, MPOL_BIND, 2, 0), 0, "a part is bound");
	is_str(maps(t, A, at(64)),
	       "20000000-20010000 rw-p\n20010000-20020000 rw-p\n20020000-20040000 rw-p",
	       "it is a mapping of its own");
	is_err(set_range(t, at(32), 32, MPOL_BIND, 2, 0), 0, "its neighbour too");
	is_str(maps(t, A, at(64)), "20000000-20010000 rw-p\n20010000-20040000 rw-p",
	       "the same policy: one mapping");
	is_err(set_range(t, A, 64, MPOL_DEFAULT, 0, 0), 0, "and no more");
	is_str(maps(t, A, at(64)), "20000000-20040000 rw-p", "one mapping again");
	unmap(t, at(8), 1);
	is_err(set_range(t, A, 64, MPOL_BIND, 2, 0), -EFAULT, "a hole in the range");
	is_err(set_range(t, A + 1, 4, MPOL_BIND, 2, 0), -EINVAL, "an address that is no page's");
	is_err(set_range(t, A, 0, MPOL_BIND, 2, 0), 0, "no length");
	is_err(set_range(t, A, UINT64_MAX >> PAGE_SHIFT, MPOL_BIND, 2, 0), -EINVAL,
	       "round the end");
	is_err(set_range(t, A, 4, MPOL_BIND, 2, 8), -EINVAL, "an unknown flag");
	is_str(maps(t, A, at(64)), "20000000-20008000 rw-p\n20009000-20040000 rw-p",
	       "and nothing has changed");
	unmap(t, A, 64);
}

static void test_interleave(struct mmtest *t)
{
	handle_t file;
	u64 a;

	map(t, A, 60, "rw", MAPF_FIXED);
	set_range(t, A, 60, MPOL_INTERLEAVE, 7, 0);
	store(t, at(30), 30);
	store(t, A, 30);
	is_uint(pages_on(t, A, 60, 0) == 20 && pages_on(t, A, 60, 1) == 20 &&
			pages_on(t, A, 60, 2) == 20,
		1, "pages lie by turns, whoever comes first");
	is_uint(pfn_to_page(t->m, frame(t, at(3)))->node, pfn_to_page(t->m, frame(t, A))->node,
		"every third on the same node");
	unmap(t, A, 60);
	a = map(t, A, 30, "rw", MAPF_FIXED | MAPF_SHARED);
	set_range(t, a, 15, MPOL_INTERLEAVE, 3, 0);
	store(t, a, 30);
	is_uint(pages_on(t, a, 15, 0) + pages_on(t, a, 15, 1), 15,
		"shared memory has policies by page");
	is_uint(pages_on(t, at(15), 15, 0), 15, "and none where none was set");
	unmap(t, A, 30);
	do_set_mempolicy(t->m, t->task, MPOL_INTERLEAVE, 0, 6);
	inode_create(t->m, "/data/i", 20 * PAGE_SIZE, INODE_REGULAR, &file);
	map_file(t, A, 20, "r", MAPF_FIXED | MAPF_SHARED, file, 0);
	load(t, A, 20);
	is_uint(pages_on(t, A, 20, 1), 10, "the page cache follows the process");
	do_set_mempolicy(t->m, t->task, MPOL_DEFAULT, 0, 0);
	unmap(t, A, 20);
}

static void test_moving(struct mmtest *t)
{
	u64 addr[4] = { at(0), at(1), at(2), at(70) };
	int node[4] = { 2, 2, 0, 2 }, status[4] = { 99, 99, 99, 99 };
	handle_t child;

	map(t, A, 64, "rw", MAPF_FIXED);
	store(t, A, 48);
	is_err(set_range(t, A, 64, MPOL_BIND, 2, MPOL_MF_STRICT), -EIO,
	       "strict: pages lie elsewhere");
	is_err(set_range(t, A, 64, MPOL_BIND, 2, MPOL_MF_STRICT | MPOL_MF_MOVE), 0,
	       "unless they move");
	is_uint(pages_on(t, A, 48, 1), 48, "which they did");
	is_int(do_move_pages(t->m, t->task, 4, addr, node, status, false), 0, "move_pages");
	is_int(status[0], 2, "  there");
	is_int(status[2], 0, "  and there");
	is_int(status[3], -EFAULT, "  and what is not mapped");
	is_int(do_move_pages(t->m, t->task, 4, addr, NULL, status, false), 0, "asking");
	is_int(status[1], 2, "  says where");
	node[1] = 3;
	status[0] = status[1] = 99;
	is_err(do_move_pages(t->m, t->task, 4, addr, node, status, false), -ENODEV,
	       "a node without memory");
	is_int(status[0], 2, "  what came before is done");
	is_int(status[1], 99, "  and what comes after is untouched");
	task_fork(t->m, t->task, &child);
	node[0] = 1;
	do_move_pages(t->m, t->task, 1, addr, node, status, false);
	is_int(status[0], -EACCES, "a page that a child shares stays");
	do_move_pages(t->m, t->task, 1, addr, node, status, true);
	is_int(status[0], 1, "unless all may move");
	do_exit(t->m, child, 0);
	is_int(do_migrate_pages(t->m, t->task, 7, 4, true), 0, "migrate_pages");
	is_uint(pages_on(t, A, 48, 2), 48, "all are there");
	is_err(do_migrate_pages(t->m, t->task, 7, 8, true), -EINVAL, "to a node without memory");
	pin_user_pages(t->m, t->task, A, 2 * PAGE_SIZE);
	is_int(do_migrate_pages(t->m, t->task, 4, 1, true), 2, "what is pinned stays");
	is_uint(pages_on(t, A, 48, 0), 46, "the rest does not");
	is_uint(unpin_user_pages(t->m, mm_of(t), A, PAGE_SIZE), 1, "one pin less");
	unmap(t, A, 64);
	is_uint(mm_at(t->m, mm_of(t))->pinned_vm, 1, "a pinned page outlives its mapping");
	is_uint(unpin_user_pages(t->m, mm_of(t), A, 64 * PAGE_SIZE), 1, "until it is let go");
}

static void test_rebind(struct mmtest *t)
{
	handle_t a, b, c;

	mpol_new(t->m, t->task, MPOL_BIND, 0, 4, &a);
	mpol_new(t->m, t->task, MPOL_INTERLEAVE, MPOL_F_STATIC_NODES, 5, &b);
	mpol_new(t->m, t->task, MPOL_INTERLEAVE, MPOL_F_RELATIVE_NODES, 5, &c);
	t->m->node[2].has_memory = false;
	mpol_rebind(t->m, 7);
	is_uint(mempolicy_at(t->m, a)->nodes, 1, "a policy follows when its node goes");
	is_uint(mempolicy_at(t->m, b)->nodes, 1, "a static one keeps what is left");
	is_uint(mempolicy_at(t->m, c)->nodes, 1, "a relative one counts anew");
	t->m->node[2].has_memory = true;
	mpol_rebind(t->m, 3);
	is_uint(mempolicy_at(t->m, b)->nodes, 5, "and takes it back");
	is_uint(mempolicy_at(t->m, c)->nodes, 5, "as the relative one does");
	mpol_put(t->m, a);
	mpol_put(t->m, b);
	mpol_put(t->m, c);
}

int main(void)
{
	struct cpumask first = { { 1 } };
	struct mmtest t;

	mmtest_open_on(&t, three_nodes);
	task_setaffinity(t.m, t.task, &first);
	test_values(&t);
	test_split_and_merge(&t);
	test_interleave(&t);
	test_moving(&t);
	test_rebind(&t);
	test_scopes(&t);
	mmtest_close(&t);
	return done_testing();
}
