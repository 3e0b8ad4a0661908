/*
 * hugepages.c - pools of huge pages: setting nr_hugepages has filled them (knobs.c); as many pages
 * are in use, reserved and surplus as in the other machine's. What programs have in their pages is
 * not copied: they are only counted, in the pool and in HugetlbPages of PID/status.
 */
#include <mman/hugetlb.h>

#include "fs/twin/furnish.h"

/* A count of a pool: of a node, or, @nid negative, of all. */
static bool pool_count(const struct twin *t, int nid, const struct hstate *h, const char *name,
		       u64 *n)
{
	struct slice text, word;
	char node[48] = "/sys/kernel/mm";

	if (nid >= 0)
		snprintf(node, sizeof(node), "/sys/devices/system/node/node%d", nid);
	return capture_find(&t->c, &text, "%s/hugepages/hugepages-%llukB/%s_hugepages", node,
			    (unsigned long long)(h->page_size >> 10), name) &&
	       slice_word(&text, &word) && slice_number(word, 10, n);
}

/* The same from meminfo, which tells it of one size. */
static bool meminfo_count(const struct twin *t, const struct hstate *h, const char *key, u64 *n)
{
	struct slice text;

	if (!capture_find(&t->c, &text, "/proc/meminfo") ||
	    slice_value(text, "Hugepagesize:", 0) != h->page_size >> 10)
		return false;
	*n = slice_value(text, key, UINT64_MAX);
	return *n != UINT64_MAX;
}

static u64 in_use(u64 total, u64 free)
{
	return total > free ? total - free : 0;
}

/* Node by node; false: no node tells. */
static bool hold_by_node(struct twin *t, struct hstate *h)
{
	u64 total, free, surplus;
	bool told = false;
	u32 nid;

	for (nid = 0; nid < t->m->nr_nodes; nid++) {
		if (!pool_count(t, (int)nid, h, "nr", &total) ||
		    !pool_count(t, (int)nid, h, "free", &free))
			continue;
		if (!pool_count(t, (int)nid, h, "surplus", &surplus))
			surplus = 0;
		hugetlb_hold(t->m, h, nid, in_use(total, free), surplus);
		told = true;
	}
	return told;
}

static void hold_pages(struct twin *t, struct hstate *h)
{
	u64 total = 0, free = 0, surplus = 0, resv, left;
	u32 nid;

	if (!hold_by_node(t, h)) {
		if (!(pool_count(t, -1, h, "nr", &total) && pool_count(t, -1, h, "free", &free)) &&
		    !(meminfo_count(t, h, "HugePages_Total:", &total) &&
		      meminfo_count(t, h, "HugePages_Free:", &free)))
			return;
		if (!pool_count(t, -1, h, "surplus", &surplus) &&
		    !meminfo_count(t, h, "HugePages_Surp:", &surplus))
			surplus = 0;
		left = in_use(total, free);
		for (nid = 0; nid < t->m->nr_nodes; nid++) {
			u64 n = hugetlb_hold(t->m, h, nid, left, surplus);

			left -= n;
			surplus -= surplus < n ? surplus : n;
		}
	}
	if (pool_count(t, -1, h, "resv", &resv) || meminfo_count(t, h, "HugePages_Rsvd:", &resv))
		h->resv_huge_pages = h->held_resv_huge_pages =
			resv < h->free_huge_pages ? resv : h->free_huge_pages;
}

/* Without a page in use nobody has one, whatever else the capture says. */
static void nobody_has_any(struct twin *t)
{
	struct machine *m = t->m;
	size_t i;

	for (i = 0; i < t->c.nr_processes; i++) {
		handle_t task = find_task_by_pid(m, t->c.processes[i].pid);

		if (task && task_at(m, task)->mm)
			mm_at(m, task_at(m, task)->mm)->hugetlb_usage = 0;
	}
}

void twin_huge_pages(struct twin *t)
{
	u64 held = 0;
	u32 k;

	for (k = 0; k < t->m->boot.nr_hstates; k++) {
		if (t->m->boot.hstate[k].page_size)
			hold_pages(t, &t->m->boot.hstate[k]);
		held += t->m->boot.hstate[k].held_huge_pages;
	}
	if (!held)
		nobody_has_any(t);
}
