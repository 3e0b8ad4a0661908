/* swaps.c - swap areas: how much of each is in use, and what is in them. */
#include "fs/twin/furnish.h"

/* "/dev/vdb partition 1048572 1036 -2": how large, how much of it is used. */
static bool read_sizes(struct slice line, u64 *size, u64 *used)
{
	struct slice word;
	u32 i;

	/* path and type */
	for (i = 0; i < 2; i++)
		if (!slice_word(&line, &word))
			return false;
	if (!slice_word(&line, &word) || !slice_number(word, 10, size))
		return false;
	return slice_word(&line, &word) && slice_number(word, 10, used);
}

/* The lines of /proc/swaps are the areas, in the order in which they were switched on. */
void twin_swaps_init(struct twin *t)
{
	const struct swap_area *area = t->m->swap.area;
	struct slice text, line;
	u64 size, used;
	u32 i = 0;

	capture_find(&t->c, &text, "/proc/swaps");
	slice_line(&text, &line);
	while (i < MAX_SWAPFILES && slice_line(&text, &line)) {
		if (!read_sizes(line, &size, &used))
			continue;
		/* one that could not be had is no area of ours */
		if (!area[i].in_use || area[i].pages != size / PAGE_KB)
			continue;
		used /= PAGE_KB;
		t->swap_left[i] = used < area[i].pages ? used : area[i].pages;
		i++;
	}
}

u32 twin_swap_area(const struct twin *t)
{
	const struct swap_area *area = t->m->swap.area;
	u32 i, other = 0;

	for (i = 0; i < MAX_SWAPFILES; i++) {
		if (!area[i].in_use || area[i].used_pages >= area[i].pages)
			continue;
		if (t->swap_left[i])
			return i;
		other = i;
	}
	return other;
}

/* A file's swapped pages show in each mapping of it: what one has brought, the next one finds. */
void twin_shmem_in_swap(struct twin *t)
{
	struct machine *m = t->m;
	size_t i;

	for (i = 0; i < t->nr_seen; i++) {
		const struct twin_seen *s = &t->seen[i];
		u64 want = s->kb[TWIN_SWAP] / PAGE_KB, have, n;
		u32 area = twin_swap_area(t);
		struct vma_stats now;

		if (want <= (s->want.keep_swap ? s->want.swap : 0))
			continue;
		vma_gather_stats(m, s->vma, &now);
		have = now.swap / PAGE_SIZE;
		n = want > have ? twin_shmem_swapped(m, s->vma, want - have, area) : 0;
		t->swap_left[area] -= n < t->swap_left[area] ? n : t->swap_left[area];
		t->swap_short += want > have + n ? want - have - n : 0;
	}
}

struct caching {
	struct twin *t;
	u64 left;
};

/* Anonymous pages on the lists there that are in the swap cache, and nobody's. */
static u64 unmapped_pages(const struct machine *m, struct slice meminfo)
{
	static const char *const is_on[] = { "Active(anon):", "Inactive(anon):" };
	static const char *const belongs[] = { "AnonPages:", "Shmem:" };
	const s64 *here = m->vm_node_stat;
	s64 more = here[NR_ANON_PAGES] + here[NR_SHMEM] - here[NR_ACTIVE_ANON] -
		   here[NR_INACTIVE_ANON];
	u32 i;

	/* both what is locked and what was given up with MADV_FREE are on other lists, here as
	 * there */
	for (i = 0; i < 2; i++)
		more += (s64)(slice_value(meminfo, is_on[i], 0) / PAGE_KB) -
			(s64)(slice_value(meminfo, belongs[i], 0) / PAGE_KB);
	return more > 0 ? (u64)more : 0;
}

static void cache_page(void *arg, u64 page, pfn_t pfn, const struct page *p)
{
	struct caching *c = arg;
	u32 area = twin_swap_area(c->t);

	(void)page, (void)p;
	if (!c->left || !c->t->swap_left[area] || !twin_cache_swapped(c->t->m, pfn, area))
		return;
	c->t->swap_left[area]--;
	c->left--;
}

/*
 * SwapCached: pages that are in memory and still have a slot. Some are mapped again, most likely in
 * mappings that have others in swap; some were read ahead and are nobody's, which the LRU lists
 * tell: they have these, and AnonPages not.
 */
void twin_swap_cache(struct twin *t)
{
	struct caching c = { .t = t };
	struct slice meminfo;
	u64 unmapped;
	size_t i;

	capture_find(&t->c, &meminfo, "/proc/meminfo");
	c.left = slice_value(meminfo, "SwapCached:", 0) / PAGE_KB;
	unmapped = unmapped_pages(t->m, meminfo);
	unmapped = unmapped < c.left ? unmapped : c.left;
	for (i = 0; i < t->nr_seen && c.left; i++) {
		u64 n = 0;

		if (!t->seen[i].kb[TWIN_SWAP])
			continue;
		if (unmapped)
			n = twin_read_back(t->m, t->seen[i].vma, unmapped);
		unmapped -= n;
		c.left -= n;
		/* what is left for those that are mapped */
		if (t->seen[i].want.anon && c.left > unmapped) {
			c.left -= unmapped;
			twin_visit(t->m, t->seen[i].vma, cache_page, &c);
			c.left += unmapped;
		}
	}
}

void twin_swap_rest(struct twin *t)
{
	u32 i;

	for (i = 0; i < MAX_SWAPFILES; i++) {
		u64 n = t->swap_left[i];

		if (!n || twin_holder(t))
			continue;
		t->swap_left[i] -= twin_hold_swapped(t->m, t->holder, &t->holder_at, n, i);
		t->swap_short += t->swap_left[i];
	}
}
