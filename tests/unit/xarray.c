/* The page cache's index: against a plain array, with marks and searches, also when memory runs
 * out. */
#include <errno.h>
#include <mman/xarray.h>
#include <string.h>

#include "tests/draw.h"
#include "tests/mmtest.h"
#include "tests/tap.h"

#define N 5000u

static u32 plain[N];
static u8 marked[N];
static u64 seed = 3;

static u32 pick(u32 n)
{
	return draw(&seed, n);
}

static void test_single(struct machine *m)
{
	handle_t root = 0;
	u32 before = m->mms.xa_nodes.nr_live;
	u64 at = 0;

	is_err(xa_store(m, &root, 0, 77), 0, "an entry at 0");
	is_uint(m->mms.xa_nodes.nr_live, before, "needs no node");
	is_uint(xa_load(m, root, 0), 77, "it is found");
	is_uint(xa_load(m, root, 1), 0, "nothing is at 1");
	xa_set_mark(m, &root, 0, XA_DIRTY);
	ok(xa_get_mark(m, root, 0, XA_DIRTY) && !xa_get_mark(m, root, 0, XA_WRITEBACK),
	   "it can be marked");
	is_err(xa_store(m, &root, 1000000, 78), 0, "another far away");
	is_uint(xa_load(m, root, 0), 77, "the first is still there");
	ok(xa_get_mark(m, root, 0, XA_DIRTY) && !xa_get_mark(m, root, 1000000, XA_DIRTY),
	   "with its mark");
	at = 1;
	is_uint(xa_find(m, root, &at, UINT64_MAX), 78, "the next one is found");
	is_uint(at, 1000000, "where it is");
	at = 1;
	is_uint(xa_find(m, root, &at, 999999), 0, "but not below it");
	is_uint(xa_erase(m, &root, 1000000), 78, "erased");
	is_uint(xa_erase(m, &root, 0), 77, "both");
	is_uint(root, 0, "nothing is left");
	is_uint(m->mms.xa_nodes.nr_live, before, "no node either");
	is_err(xa_store(m, &root, UINT64_MAX, 5), 0, "an entry at the very end");
	at = 0;
	is_uint(xa_find(m, root, &at, UINT64_MAX), 5, "is found");
	xa_erase(m, &root, UINT64_MAX);
	is_err(xa_store(m, &root, 0, 0x90000000u), 0, "a frame number of 32 bits at 0");
	is_uint(xa_load(m, root, 0), 0x90000000u, "is kept whole");
	xa_erase(m, &root, 0);
	is_uint(m->mms.xa_nodes.nr_live, before, "and leaves nothing");
}

static u32 compare(struct machine *m, handle_t root)
{
	u32 wrong = 0, i;
	u64 at;

	for (i = 0; i < N; i++) {
		wrong += xa_load(m, root, (u64)i * 37) != plain[i];
		wrong += xa_get_mark(m, root, (u64)i * 37, XA_DIRTY) != marked[i];
	}
	for (i = 0, at = 0; xa_find(m, root, &at, UINT64_MAX); i++, at++) {
		while (i < N && !plain[i])
			i++;
		wrong += at != (u64)i * 37;
	}
	for (i = 0, at = 0; xa_find_marked(m, root, &at, UINT64_MAX, XA_DIRTY); i++, at++) {
		while (i < N && !marked[i])
			i++;
		wrong += at != (u64)i * 37;
	}
	return wrong;
}

static void test_random(struct machine *m)
{
	handle_t root = 0;
	u32 before = m->mms.xa_nodes.nr_live, step, i, wrong = 0;

	for (step = 0; step < 40000; step++) {
		i = pick(N);
		switch (pick(5)) {
		case 0:
		case 1:
			if (!xa_store(m, &root, (u64)i * 37, i + 1))
				plain[i] = i + 1, marked[i] = 0;
			break;
		case 2:
			wrong += xa_erase(m, &root, (u64)i * 37) != plain[i];
			plain[i] = marked[i] = 0;
			break;
		case 3:
			xa_set_mark(m, &root, (u64)i * 37, XA_DIRTY);
			marked[i] = plain[i] != 0;
			break;
		default:
			xa_clear_mark(m, &root, (u64)i * 37, XA_DIRTY);
			marked[i] = 0;
			break;
		}
		if (step % 4000 == 0)
			wrong += compare(m, root);
	}
	wrong += compare(m, root);
	is_uint(wrong, 0, "forty thousand random changes agree with a plain array");
	for (i = 0; i < N; i++)
		xa_erase(m, &root, (u64)i * 37);
	is_uint(m->mms.xa_nodes.nr_live, before, "emptied, it has no nodes");
}

static void test_nomem(struct machine *m)
{
	static const u64 at[] = { 0, 70, 5000, 1ull << 40, 64 };
	u32 i, n;

	for (i = 0; i < 5; i++) {
		for (n = 1; n < 30; n++) {
			handle_t root = 0;
			u32 live;
			int error;

			xa_store(m, &root, 0, 9);
			live = m->mms.xa_nodes.nr_live;
			m->mms.fail_nth = n;
			error = xa_store(m, &root, at[i], 10);
			if (error && (m->mms.xa_nodes.nr_live != live || xa_load(m, root, 0) != 9))
				fail("a store that failed left something");
			if (!error && m->mms.fail_nth) {
				m->mms.fail_nth = 0;
				xa_erase(m, &root, at[i]);
				xa_erase(m, &root, 0);
				break;
			}
			m->mms.fail_nth = 0;
			xa_erase(m, &root, 0);
		}
		cmp_int(n, <, 30, "a store at %llu succeeds once memory lasts",
			(unsigned long long)at[i]);
	}
	is_uint(m->mms.xa_nodes.nr_live, 0, "nothing is left of all that");
}

/* Shadows of pages of a file that were evicted: @n of them from @first on. */
static void put_shadows(struct machine *m, handle_t file, u64 first, u64 n)
{
	u64 i;

	for (i = first; i < first + n; i++) {
		xa_store(m, &inode_at(m, file)->pages, i, 7);
		xa_store_shadow(m, file, i, XA_VALUE | (u32)i, 0);
	}
}

static void test_shadows(struct machine *m)
{
	u64 limit = m->totalram_pages / 8, nodes, at = 0;
	handle_t file, other, *root;

	inode_create(m, "/data/shadows", 0, INODE_REGULAR, &file);
	inode_create(m, "/data/other", 0, INODE_REGULAR, &other);
	root = &inode_at(m, file)->pages;
	xa_store(m, root, 0, 5);
	ok(!xa_store_shadow(m, file, 0, XA_VALUE | 9, 0) && xa_load(m, *root, 0) == 5,
	   "the only page of a file leaves no shadow");
	xa_erase(m, root, 0);

	put_shadows(m, file, 64, 64);
	is_int(m->vm_node_stat[WORKINGSET_NODES], 1, "64 shadows make a node of nothing else");
	is_uint(xa_load(m, *root, 70), XA_VALUE | 70, "a shadow is found");
	is_uint(xa_page(m, *root, 70), 0, "and is no page");
	is_uint(xa_find_page(m, *root, &at, UINT64_MAX), 0, "searches for pages pass it by");
	xa_store(m, root, 70, 6);
	is_int(m->vm_node_stat[WORKINGSET_NODES], 0, "a page in its place ends that");
	xa_erase(m, root, 70);
	is_int(m->vm_node_stat[WORKINGSET_NODES], 1, "until it is erased");

	nodes = m->mms.shadow_nodes.nr;
	put_shadows(m, other, 64, 64 * (limit + 3 - nodes));
	is_uint(m->mms.shadow_nodes.nr, limit, "there is an end to shadows: an eighth of RAM");
	is_int(m->vm_node_stat[WORKINGSET_NODERECLAIM], 3, "what is more goes, the oldest first");
	is_uint(inode_at(m, file)->pages, 0, "those of the first file among them");
	inode_unlink(m, file);
	inode_unlink(m, other);
	is_int(m->vm_node_stat[WORKINGSET_NODES], 0, "the file's end is theirs");
}

int main(void)
{
	struct mmtest t;
	u32 at_boot;

	mmtest_open(&t, 128);
	at_boot = t.m->mms.xa_nodes.nr_live;
	test_single(t.m);
	test_random(t.m);
	if (!at_boot)
		test_nomem(t.m);
	test_shadows(t.m);
	mmtest_close(&t);
	return done_testing();
}
