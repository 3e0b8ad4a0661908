/* What record makes of two looks at a process's page map. */
#include "fs/record/record.h"
#include "tests/tap.h"

#define NR(a) (sizeof(a) / sizeof((a)[0]))

static void check(struct page_state *old, size_t nr_old, struct page_state *now, size_t nr_now,
		  u64 faults, const char *want, const char *what)
{
	struct page_map a = { old, nr_old, nr_old }, b = { now, nr_now, nr_now };
	struct text out;

	text_init(&out);
	page_map_compare(7, &a, &b, faults, &out);
	text_char(&out, '\0');
	is_str(out.data, want, "%s", what);
	text_free(&out);
}

static void test_first_look(void)
{
	struct page_state now[] = {
		{ .vpn = 0x10, .pfn = 5, .kind = PAGE_FILE },
		{ .vpn = 0x11, .pfn = 6, .kind = PAGE_FILE },
		{ .vpn = 0x20, .pfn = 1, .kind = PAGE_ZERO },
		{ .vpn = 0x30, .pfn = 7, .kind = PAGE_OWN, .exclusive = true, .writable = true },
		{ .vpn = 0x40, .pfn = 8, .kind = PAGE_FILE, .store = true },
	};

	check(NULL, 0, now, NR(now), 4,
	      "7 load 10000 2\n7 load 20000\n7 store 30000\n7 store 40000\n",
	      "files' pages and the zero page were loaded, own and shared ones stored to");
	check(NULL, 0, now, NR(now), 5,
	      "7 load 10000 2\n7 load 20000\n7 load 30000\n7 store 30000\n7 store 40000\n",
	      "one fault more: an own page was read before");
	check(now, NR(now), now, NR(now), 9, "", "nothing new, nothing done");
}

static void test_copies(void)
{
	struct page_state old[] = {
		{ .vpn = 0x10, .pfn = 5, .kind = PAGE_FILE },
		{ .vpn = 0x30, .pfn = 7, .kind = PAGE_OWN, .writable = true },
		{ .vpn = 0x31, .pfn = 8, .kind = PAGE_OWN, .writable = true },
		{ .vpn = 0x32, .pfn = 9, .kind = PAGE_OWN },
	};
	struct page_state now[] = {
		{ .vpn = 0x10, .pfn = 15, .kind = PAGE_OWN, .exclusive = true, .writable = true },
		{ .vpn = 0x30, .pfn = 17, .kind = PAGE_OWN, .exclusive = true, .writable = true },
		{ .vpn = 0x31, .pfn = 8, .kind = PAGE_OWN, .exclusive = true, .writable = true },
		{ .vpn = 0x32, .pfn = 9, .kind = PAGE_OWN, .exclusive = true },
	};

	check(old, NR(old), now, NR(now), 2, "7 store 10000\n7 store 30000\n",
	      "a copy has another frame");
	check(old, NR(old), now, NR(now), 9, "7 store 31000\n7 store 10000\n7 store 30000\n",
	      "what nobody shares any more was taken over if a fault says so, and it may be written");
}

/* No frame numbers, as ordinary users see it. */
static void test_user(void)
{
	struct page_map parent = { 0 }, child = { 0 };
	struct page_state page[] = {
		{ .vpn = 0x10, .kind = PAGE_FILE },
		{ .vpn = 0x30, .kind = PAGE_OWN, .exclusive = true, .writable = true },
		{ .vpn = 0x31, .kind = PAGE_OWN, .exclusive = true, .writable = true },
	};
	struct page_state now[] = {
		{ .vpn = 0x30, .kind = PAGE_ZERO, .writable = true },
		{ .vpn = 0x31, .kind = PAGE_OWN, .exclusive = true, .writable = true },
	};

	parent = (struct page_map){ page, NR(page), NR(page) };
	is_int(page_map_fork(&child, &parent), 0, "a fork");
	is_int(child.nr, 2, "copies no page of a file");
	ok(!page[1].exclusive && !child.at[0].exclusive, "and shares the others");
	check(child.at, child.nr, now, NR(now), 1, "7 store 31000\n",
	      "the child has written to the one that is its own again");
	page_map_forget(&child, 0x30000, PAGE_SIZE);
	is_int(child.nr, 1, "what is unmapped is forgotten");
	is_hex(child.at[0].vpn, 0x31, "and nothing else");
	page_map_free(&child);
}

int main(void)
{
	test_first_look();
	test_copies();
	test_user();
	return done_testing();
}
