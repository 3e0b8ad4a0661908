/*
 * kin.c - anonymous memory of processes that could not be read and have forked.
 *
 * status tells RssAnon of each: what it shares since a fork counts for all who share it. AnonPages
 * counts it once; so what all RssAnon come to beyond it is shared. By whom, nobody tells: by a
 * parent and a child that are one program (with as much text, and of one name or one command line),
 * and each such child shares the same part of its memory with its parent.
 */
#include "fs/twin/furnish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static u64 pages_of(struct slice status, const char *key)
{
	return slice_value(status, key, 0) / PAGE_KB;
}

/* The status of a process with an address space whose mappings could not be read. */
static bool is_unread(const struct twin *t, size_t process, struct slice *status)
{
	const struct capture_process *p = &t->c.processes[process];
	struct slice smaps;

	return !capture_of_process(&t->c, p, "smaps", &smaps) &&
	       capture_of_process(&t->c, p, "status", status) &&
	       slice_text(*status, "VmSize:").size;
}

/* Its place in the capture; SIZE_MAX: it is not there. */
static size_t find_process(const struct capture *c, u64 pid)
{
	size_t low = 0, high = c->nr_processes;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (c->processes[mid].pid < pid)
			low = mid + 1;
		else
			high = mid;
	}
	return low < c->nr_processes && c->processes[low].pid == pid ? low : SIZE_MAX;
}

static bool same_text(struct slice a, struct slice b, const char *key)
{
	a = slice_text(a, key);
	b = slice_text(b, key);
	return a.size == b.size && !memcmp(a.at, b.at, a.size);
}

static bool same_cmdline(const struct twin *t, size_t a, size_t b)
{
	struct slice x, y;

	capture_of_process(&t->c, &t->c.processes[a], "cmdline", &x);
	capture_of_process(&t->c, &t->c.processes[b], "cmdline", &y);
	return x.size && x.size == y.size && !memcmp(x.at, y.at, x.size);
}

static void find_parent(struct twin *t, size_t process, struct slice status)
{
	size_t parent = find_process(&t->c, slice_value(status, "PPid:", 0));
	struct slice other;

	if (parent == SIZE_MAX || parent == process || !is_unread(t, parent, &other) ||
	    !same_text(status, other, "VmExe:") || !same_text(status, other, "VmLib:") ||
	    !(same_text(status, other, "Name:") || same_cmdline(t, process, parent)))
		return;
	t->kin[process].parent = parent + 1;
	t->kin[parent].has_child = true;
	t->kin_most += least(pages_of(status, "RssAnon:"), pages_of(other, "RssAnon:"));
}

int twin_kin_init(struct twin *t)
{
	u64 anon = (u64)t->m->vm_node_stat[NR_ANON_PAGES], committed = (u64)t->m->mms.committed_as;
	struct slice status, meminfo;
	size_t i;

	t->kin = calloc(t->c.nr_processes + 1, sizeof(*t->kin));
	if (!t->kin)
		return -ENOMEM;
	for (i = 0; i < t->c.nr_processes; i++)
		if (is_unread(t, i, &status)) {
			anon += pages_of(status, "RssAnon:");
			find_parent(t, i, status);
		}
	capture_find(&t->c, &meminfo, "/proc/meminfo");
	anon -= least(anon, slice_value(meminfo, "AnonPages:", UINT64_MAX) / PAGE_KB);
	t->kin_shared = least(anon, t->kin_most);
	t->commit_left = slice_value(meminfo, "Committed_AS:", UINT64_MAX) / PAGE_KB;
	t->commit_left -= least(t->commit_left, committed);
	return 0;
}

bool twin_has_kin(const struct twin *t, size_t process)
{
	return t->kin_shared && (t->kin[process].parent || t->kin[process].has_child);
}

struct kin_pages {
	pfn_t *pfn;
	u64 n;
};

static void add_page(void *arg, u64 page, pfn_t pfn, const struct page *p)
{
	struct kin_pages *k = arg;

	(void)p;
	if (page < k->n)
		k->pfn[page] = pfn;
}

u64 twin_put_kin(struct twin *t, size_t process, handle_t vma, u64 n)
{
	struct twin_kin *kin = &t->kin[process],
			*parent = kin->parent ? &t->kin[kin->parent - 1] : NULL;
	handle_t first = parent ? parent->vma : 0;
	struct kin_pages shared = { .n = first ? least(n, parent->anon) : 0 };
	u64 i;

	shared.n = (u64)((unsigned __int128)shared.n * t->kin_shared / t->kin_most);
	shared.pfn = malloc((shared.n + 1) * sizeof(*shared.pfn));
	if (!shared.pfn || twin_family(t->m, vma, first)) {
		free(shared.pfn);
		return 0;
	}
	for (i = 0; i < shared.n; i++)
		shared.pfn[i] = PFN_NONE;
	if (shared.n)
		twin_visit(t->m, first, add_page, &shared);
	for (i = 0; i < n; i++)
		if (!(i < shared.n && shared.pfn[i] != PFN_NONE &&
		      twin_share(t->m, vma, i, shared.pfn[i], true, true)) &&
		    twin_put_shared(t->m, vma, i, true, true) == PFN_NONE)
			break;
	free(shared.pfn);
	kin->vma = vma;
	kin->anon = i;
	return i;
}
