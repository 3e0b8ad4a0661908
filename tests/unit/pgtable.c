/* Page tables: which tables an access makes, what is counted for them, when they go. */
#include "mm/pgtable.h"
#include "tests/mmtest.h"
#include "tests/tap.h"

#define GIB (1ull << 30)

static struct mm *mm(struct mmtest *t)
{
	return mm_at(t->m, mm_of(t));
}

static void test_levels(struct mmtest *t)
{
	u64 a = 0x10000000000ull,
	    before = mm_pgtables_pages(mm(t)); /* 1 TiB: a root entry of its own */
	struct mark at, d;

	mark(t, &at);
	map(t, a, 1ull << 19, "rw", MAPF_FIXED | MAPF_NORESERVE);
	is_uint(mm_pgtables_pages(mm(t)), before, "a mapping needs no table");
	store(t, a, 1);
	is_uint(mm_pgtables_pages(mm(t)), before + 3, "its first page needs three");
	d = since(t, &at);
	is_int(d.tables, 2, "two of which nr_page_table_pages counts");
	store(t, a + 511 * PAGE_SIZE, 1);
	is_uint(mm_pgtables_pages(mm(t)), before + 3, "all of 2 MiB share them");
	store(t, a + 512 * PAGE_SIZE, 1);
	is_uint(mm_pgtables_pages(mm(t)), before + 4, "the next 2 MiB need one more");
	store(t, a + GIB, 1);
	is_uint(mm_pgtables_pages(mm(t)), before + 6, "the next GiB two");
	mark(t, &at);
	advise(t, a, 1ull << 19, "dontneed");
	is_uint(mm_pgtables_pages(mm(t)), before + 6, "MADV_DONTNEED leaves the tables");
	unmap(t, a, 512);
	is_uint(mm_pgtables_pages(mm(t)), before + 5, "munmap of 2 MiB frees theirs");
	unmap(t, a + 512 * PAGE_SIZE, (1u << 18) - 512);
	is_uint(mm_pgtables_pages(mm(t)), before + 3, "of a GiB, its two");
	unmap(t, a + GIB, 1 << 18);
	is_uint(mm_pgtables_pages(mm(t)), before, "and of the rest, all");
	d = since(t, &at);
	is_int(d.tables, -5, "nr_page_table_pages");
}

/* A table that a neighbour still uses stays. */
static void test_neighbours(struct mmtest *t)
{
	u64 a = 0x20000000000ull, before = mm_pgtables_pages(mm(t));

	map(t, a, 16, "rw", MAPF_FIXED);
	map(t, a + 0x100000, 16, "r", MAPF_FIXED);
	store(t, a, 16);
	load(t, a + 0x100000, 16);
	unmap(t, a, 16);
	is_uint(mm_pgtables_pages(mm(t)), before + 3,
		"the table of two mappings outlives one of them");
	unmap(t, a + 0x100000, 16);
	is_uint(mm_pgtables_pages(mm(t)), before, "not both");
}

/* Entries cost host memory only where there are some. */
static void test_chunks(struct mmtest *t)
{
	struct pte_walk w;
	u64 a = 0x30000000000ull, i;
	u32 before = t->m->mms.pte_chunks.nr_live, stretches = 0;

	map(t, a, 1 << 20, "rw", MAPF_FIXED | MAPF_NORESERVE);
	for (i = 0; i < 64; i++)
		store(t, a + i * 64 * PAGE_SIZE, 1);
	is_uint(t->m->mms.pte_chunks.nr_live, before + 64,
		"a chunk of sixteen entries for each place");
	w = pte_walk_range(mm(t), addr_vpn(a), addr_vpn(a) + (1 << 20));
	while (pte_walk_next(t->m, &w))
		stretches += w.n == PTE_CHUNK && *w.pte && !w.pte[1];
	is_uint(stretches, 64, "a walk sees these and nothing else");
	advise(t, a, 1 << 19, "dontneed");
	is_uint(t->m->mms.pte_chunks.nr_live, before, "empty chunks go at once");
	store(t, a, 32);
	advise(t, a + 8 * PAGE_SIZE, 16, "dontneed");
	is_uint(t->m->mms.pte_chunks.nr_live, before + 2, "those with an entry left stay");
	unmap(t, a, 1 << 20);
	is_uint(t->m->mms.pte_chunks.nr_live, before, "until that is gone too");
}

int main(void)
{
	struct mmtest t;

	mmtest_open(&t, 128);
	test_levels(&t);
	test_neighbours(&t);
	test_chunks(&t);
	mmtest_close(&t);
	return done_testing();
}
