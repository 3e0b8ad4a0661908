/*
 * furnish.c - a booted machine becomes the twin of the captured one.
 *
 * Boot made nodes, zones and CPUs (machine.c), and nothing else: no init, no kernel threads. What
 * follows here is the order that needs no second look: time first, for tasks started in the past;
 * settings before what they govern; processes before the page cache, which gets what they leave.
 */
#include "fs/twin/furnish.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "fs/twin/twin.h"
#include "fs/twin/zones.h"

static u64 uptime_ns(const struct capture *c)
{
	struct slice text, word, whole;
	u64 seconds = 0, hundredths = 0;

	capture_find(c, &text, "/proc/uptime");
	slice_word(&text, &word);
	whole = slice_cut(&word, '.');
	if (!slice_number(whole, 10, &seconds) || seconds > (u64)1 << 32)
		return 0;
	slice_number(word, 10, &hundredths);
	return seconds * NSEC_PER_SEC + hundredths % 100 * USER_TICK_NS;
}

static void tell(const struct twin *t, u64 n, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* A line, if there is anything to tell. */
static void tell(const struct twin *t, u64 n, const char *format, ...)
{
	va_list args;

	if (!n || !t->err)
		return;
	fputs("mmanfs: twin: ", t->err);
	va_start(args, format);
	vfprintf(t->err, format, args);
	va_end(args);
	fputc('\n', t->err);
}

#define N(x)  ((unsigned long long)(x))
#define KB(x) ((unsigned long long)(x)*PAGE_KB)

static void report(const struct twin *t)
{
	struct slice meminfo;
	u64 swap;

	capture_find(&t->c, &meminfo, "/proc/meminfo");
	swap = slice_value(meminfo, "SwapTotal:", 0);
	swap -= least(swap, total_swap_pages(t->m) * PAGE_KB);
	/* some come and go while the others are read */
	if (t->nr_threads_there > t->nr_threads + t->nr_threads / 8 + 16)
		tell(t, t->nr_threads_there - t->nr_threads,
		     "%llu of %llu threads are not shown in this /proc (a container, or hidepid)",
		     N(t->nr_threads_there - t->nr_threads), N(t->nr_threads_there));
	tell(t, t->nr_unread,
	     "%llu of %llu processes could not be read: they have the sizes that their status "
	     "tells, in a mapping of each kind",
	     N(t->nr_unread), N(t->nr_tasks));
	tell(t, t->nr_bad_mappings, "%llu mappings are left out: not possible on this machine",
	     N(t->nr_bad_mappings));
	tell(t, t->pages_short, "%llu kB of %llu processes' resident memory are not there%s",
	     KB(t->pages_short), N(t->nr_short),
	     twin_room(t->m) < PAGES_PER_SECTION ? ": memory is full" : "");
	tell(t, t->cache_short, "the page cache is %llu kB smaller: memory is full",
	     KB(t->cache_short));
	tell(t, t->cache_over,
	     "the page cache is %llu kB larger: files that are mapped come to more than Cached",
	     KB(t->cache_over));
	tell(t, t->free_short, "MemFree is %llu kB less", KB(t->free_short));
	tell(t, swap, "%llu kB of swap are not there", N(swap));
	tell(t, t->swap_short, "%llu kB that should be in swap are not there", KB(t->swap_short));
	tell(t, t->thp_kb, "%llu kB of transparent huge pages are small pages", N(t->thp_kb));
}

/* Watermarks of a kernel that has not been told otherwise are those of an earlier count of its
 * pages: copied, where the zones are the same. */
static void set_marks(struct twin *t)
{
	struct machine *m = t->m;
	struct twin_zones zones;
	enum zone_type type;
	u32 i, n;

	if (twin_zones_read(&t->c, &zones, NULL) || zones.unmanaged)
		return;
	for (i = 0; i < zones.nr_zones; i++) {
		const struct twin_zone *z = &zones.zone[i];
		u64 reserve[MAX_NR_ZONES] = { 0 };

		if (z->nid >= m->nr_nodes ||
		    m->node[z->nid].zones[z->type].managed_pages != z->managed ||
		    z->marks[0] > z->marks[1] || z->marks[1] > z->marks[2] ||
		    z->marks[2] > z->managed)
			continue;
		for (type = ZONE_DMA, n = 0; type < MAX_NR_ZONES; type++)
			if (m->zone_mask >> type & 1 && n < z->nr_protections)
				reserve[type] = z->protection[n++];
		twin_set_marks(m, z->nid, z->type, z->marks, reserve);
	}
}

/* Whose smaps was another one when it was read again. */
static int find_unsteady(struct twin *t)
{
	struct slice list, line;
	size_t i;
	u64 pid;

	t->unsteady = calloc(t->c.nr_processes + 1, sizeof(*t->unsteady));
	if (!t->unsteady)
		return -ENOMEM;
	t->read_twice = capture_find(&t->c, &list, "unsteady");
	while (slice_line(&list, &line))
		for (i = 0; slice_number(line, 10, &pid) && i < t->c.nr_processes; i++)
			t->unsteady[i] |= t->c.processes[i].pid == pid;
	return 0;
}

static int build(struct twin *t)
{
	int error = twin_files_init(t);

	if (!error)
		error = find_unsteady(t);

	clock_advance_to(t->m, uptime_ns(&t->c));
	twin_swaps_init(t);
	twin_knobs(t);
	set_marks(t);
	if (!error)
		error = twin_tasks(t);
	if (!error)
		error = twin_spaces(t);
	if (error)
		return error;
	twin_files_done(t);
	twin_huge_pages(t);
	error = twin_hold_shares(t);
	if (error)
		return error;
	twin_swap_cache(t);
	twin_swap_rest(t);
	twin_hold_rest(t);
	twin_caches(t);
	twin_totals(t);
	twin_counters(t);
	return 0;
}

int twin_furnish(struct tree *tree, const char *capture, size_t size, FILE *err)
{
	struct twin t = { .tree = tree, .m = tree_machine(tree), .err = err };
	int error = capture_open(&t.c, capture, size, err);

	if (error)
		return error;
	error = build(&t);
	if (!error) {
		report(&t);
		twin_compare(&t);
	} else if (err)
		fprintf(err, "mmanfs: the twin cannot be furnished: %s\n", strerror(-error));
	twin_files_free(&t);
	twin_plan_free(&t);
	twin_shares_free(&t);
	text_free(&t.knobs_missing);
	text_free(&t.knobs_refused);
	free(t.unsteady);
	free(t.cgroups);
	free(t.limits);
	free(t.kin);
	capture_close(&t.c);
	return error;
}
