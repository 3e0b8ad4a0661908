/*
 * holder.c - the hidden holder: what shares of pages those have who could not be read.
 *
 * smaps says how many of a mapping's pages others have, too (Shared_*), and how large its share of
 * them is (Pss). Where the processes that were read come to less, the difference is somebody's that
 * was not: another user's process, one in a container, one that ended meanwhile. One address space
 * stands for all of them, and maps each page as often as they would.
 *
 * How often, nobody tells page by page: mapping by mapping, pages that are shared already count as
 * shared with more in proportion, until the mapping's Pss is reached. As mappings of different
 * processes show the same pages, this is done several times.
 */
#include "fs/twin/furnish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS	   4 /* with all processes, and as many with those that stood still */
#define FIRST_ADDR 0x10000ull
#define MOST_TIMES ((u64)16 << 20) /* mappings of pages that the holder has in all: 8 bytes each */

/* A page of a mapping that is being looked at. */
struct look {
	u64 page;
	pfn_t pfn;
	u32 mapcount; /* in the twin so far */
};

struct holding {
	struct twin *t;
	s16 *held; /* of each frame: how often the holder is to map it */
	struct look *pages;
	size_t nr, max;
	bool any, failed;
};

int twin_holder(struct twin *t)
{
	int error = t->holder ? 0 : mm_create(t->m, &t->holder);

	if (!t->holder_at)
		t->holder_at = FIRST_ADDR;
	return error;
}

/* ---- one mapping's pages ---- */

static void add_page(void *arg, u64 page, pfn_t pfn, const struct page *p)
{
	struct holding *h = arg;

	if (h->nr == h->max) {
		size_t max = h->max ? 2 * h->max : 4096;
		struct look *grown = realloc(h->pages, max * sizeof(*grown));

		if (!grown) {
			h->failed = true;
			return;
		}
		h->pages = grown;
		h->max = max;
	}
	h->pages[h->nr++] = (struct look){ page, pfn, p->mapcount };
}

static u32 mappers(const struct holding *h, const struct look *l)
{
	return l->mapcount + (u16)h->held[l->pfn];
}

static u64 share_of(u32 n)
{
	return PAGE_PSS / (n ? n : 1);
}

struct sums {
	u64 pss, shared_pss, shared; /* shared: pages */
};

static struct sums sum_up(const struct holding *h)
{
	struct sums s = { 0 };
	size_t i;

	for (i = 0; i < h->nr; i++) {
		u32 n = mappers(h, &h->pages[i]);

		s.pss += share_of(n);
		s.shared_pss += n > 1 ? share_of(n) : 0;
		s.shared += n > 1;
	}
	return s;
}

/* ---- brought to what smaps says ---- */

/* Is the page in a stretch that page tables say is shared? */
static bool said_shared(const struct layout *l, u64 page, size_t *at)
{
	while (*at < l->nr && l->stretches[*at].first + l->stretches[*at].n <= page)
		++*at;
	return *at < l->nr && l->stretches[*at].first <= page &&
	       (l->stretches[*at].kind == STRETCH_SHARED ||
		l->stretches[*at].kind == STRETCH_FILE_SHARED);
}

/* @n more pages are somebody else's too: those of which page tables say so, then any. */
static void share_more(struct holding *h, const struct twin_seen *s, u64 n)
{
	struct layout *l = &h->t->layout;
	size_t i, at = 0;
	int any;

	layout_read(l, s->line, &s->want);
	for (any = 0; any < 2 && n; any++)
		for (i = 0; i < h->nr && n; i++)
			if (mappers(h, &h->pages[i]) == 1 &&
			    (any || said_shared(l, h->pages[i].page, &at))) {
				h->held[h->pages[i].pfn]++;
				n--;
			}
}

/* Every shared page has as many more mappers as it takes to make @now the sum @want. */
static void scale(struct holding *h, u64 now, u64 want)
{
	size_t i;

	for (i = 0; i < h->nr; i++) {
		const struct look *l = &h->pages[i];
		u64 n = mappers(h, l), more;

		if (n < 2)
			continue;
		more = (u64)((unsigned __int128)n * now / want);
		more = more < l->mapcount ? l->mapcount : more;
		more -= l->mapcount;
		if (l->mapcount + more < 2)
			more = 2 - l->mapcount;
		h->held[l->pfn] = (s16)(more < MOST_HELD ? more : MOST_HELD);
	}
}

/* Page by page, one mapper more or less, as long as that does not lead past [@low, @high). Returns
 * the sum. */
static u64 fine_tune(struct holding *h, u64 pss, u64 low, u64 high)
{
	bool changed = true;
	size_t i;

	while (changed && (pss >= high || pss < low)) {
		changed = false;
		for (i = 0; i < h->nr && (pss >= high || pss < low); i++) {
			const struct look *l = &h->pages[i];
			u32 n = mappers(h, l);
			u64 step;

			if (n < 2)
				continue;
			if (pss >= high && h->held[l->pfn] < MOST_HELD) {
				step = share_of(n) - share_of(n + 1);
				if (pss - step < low)
					continue;
				h->held[l->pfn]++;
				pss -= step;
				changed = true;
			} else if (pss < low && h->held[l->pfn] && n > 2) {
				step = share_of(n - 1) - share_of(n);
				if (pss + step >= high)
					continue;
				h->held[l->pfn]--;
				pss += step;
				changed = true;
			}
		}
	}
	return pss;
}

/* False: it was as smaps says already. */
static bool adjust(struct holding *h, const struct twin_seen *s)
{
	u64 low = s->kb[TWIN_PSS] * KB_PSS, high = low + KB_PSS;
	u64 shared = s->kb[TWIN_SHARED] / PAGE_KB;
	struct sums now;

	h->nr = 0;
	twin_visit(h->t->m, s->vma, add_page, h);
	if (h->failed)
		return false;
	now = sum_up(h);
	if (now.shared >= shared && now.pss >= low && now.pss < high)
		return false;
	if (now.shared < shared) {
		share_more(h, s, shared - now.shared);
		now = sum_up(h);
	}
	if (now.shared && (now.pss >= high || now.pss < low)) {
		u64 alone = now.pss - now.shared_pss, want = low + KB_PSS / 2;

		if (want > alone)
			scale(h, now.shared_pss, want - alone);
		now = sum_up(h);
	}
	fine_tune(h, now.pss, low, high);
	return true;
}

/* ---- then it is done ---- */

/* The holder maps what it is to map of this mapping's pages, from @from on; which are so done
 * with. */
static int hold_stretch(struct holding *h, const struct twin_seen *s, size_t from, size_t to,
			u16 *times)
{
	struct twin *t = h->t;
	u64 first = h->pages[from].page;
	size_t i;

	memset(times, 0, (h->pages[to - 1].page - first + 1) * sizeof(*times));
	for (i = from; i < to; i++) {
		times[h->pages[i].page - first] = (u16)h->held[h->pages[i].pfn];
		t->nr_held += (u64)h->held[h->pages[i].pfn];
		h->held[h->pages[i].pfn] = 0;
	}
	return twin_hold(t->m, t->holder, &t->holder_at, s->vma, first,
			 h->pages[to - 1].page - first + 1, times);
}

#define STRETCH_MAX 65536u

static int hold(struct holding *h, const struct twin_seen *s, u16 *times)
{
	size_t i, from = 0, last = 0;
	bool any = false;
	int error = 0;

	h->nr = 0;
	twin_visit(h->t->m, s->vma, add_page, h);
	for (i = 0; i < h->nr && !error; i++) {
		if (!h->held[h->pages[i].pfn])
			continue;
		if (any && h->pages[i].page - h->pages[from].page >= STRETCH_MAX) {
			error = hold_stretch(h, s, from, last + 1, times);
			any = false;
		}
		from = any ? from : i;
		last = i;
		any = true;
	}
	return any && !error ? hold_stretch(h, s, from, last + 1, times) : error;
}

static bool is_of_interest(const struct twin_seen *s)
{
	return s->kb[TWIN_RSS] && s->kb[TWIN_SHARED];
}

/* Mapping by mapping, until all are as smaps says. False: some are not. */
static bool adjust_all(struct holding *h, bool steady)
{
	const struct twin *t = h->t;
	bool more = true;
	int round;
	size_t i;

	for (round = 0; round < ROUNDS && more && !h->failed; round++) {
		more = false;
		for (i = 0; i < t->nr_seen; i++)
			if (is_of_interest(&t->seen[i]) &&
			    !(steady && t->unsteady[t->seen[i].process]))
				more |= adjust(h, &t->seen[i]);
		h->any |= more;
	}
	return !more;
}

/* Where the holder would have more than it may, it has no page more often than so many times: those
 * that most others share lose the least by it. */
static void cap_all(struct holding *h)
{
	u64 by_times[MOST_HELD + 2] = { 0 }, at_least = 0, sum = 0;
	u32 times;
	pfn_t pfn;

	for (pfn = 0; pfn < h->t->m->max_pfn; pfn++)
		if (h->held[pfn] > 0)
			by_times[h->held[pfn] <= (s16)MOST_HELD ? h->held[pfn] : (s16)MOST_HELD]++;
	for (times = 1; times <= MOST_HELD; times++)
		at_least += by_times[times];
	for (times = 1; times <= MOST_HELD && sum + at_least <= MOST_TIMES; times++) {
		sum += at_least;
		at_least -= by_times[times];
	}
	for (pfn = 0; pfn < h->t->m->max_pfn && at_least; pfn++)
		if (h->held[pfn] >= (s16)times) {
			h->held[pfn] = (s16)(times - 1);
			h->t->nr_capped++;
		}
}

static int hold_all(struct holding *h)
{
	struct twin *t = h->t;
	u16 *times = malloc(STRETCH_MAX * sizeof(*times));
	int error = times ? twin_holder(t) : -ENOMEM;
	size_t i;

	cap_all(h);
	for (i = 0; i < t->nr_seen && !error; i++)
		if (is_of_interest(&t->seen[i]))
			error = hold(h, &t->seen[i], times);
	free(times);
	/* a holder that holds less is told by the comparison */
	return h->failed ? -ENOMEM : 0;
}

/* What the plans leave to those that were not read. */
static void plan_held(struct holding *h)
{
	const struct twin *t = h->t;
	size_t i, k, last = SIZE_MAX;

	for (i = 0; i < t->nr_places && !h->failed; i++) {
		const struct twin_place *p = &t->places[i];

		if (!p->more || !p->n)
			continue;
		if (p->seen != last) {
			h->nr = 0;
			twin_visit(t->m, t->seen[p->seen].vma, add_page, h);
			last = p->seen;
		}
		for (k = 0; k < h->nr; k++)
			if (h->pages[k].page - p->first < p->n)
				h->held[h->pages[k].pfn] =
					(s16)(p->more < MOST_HELD ? p->more : MOST_HELD);
	}
}

int twin_hold_shares(struct twin *t)
{
	struct holding h = { .t = t };
	int error = 0;

	if (!t->has_pss)
		return 0;
	h.held = calloc(t->m->max_pfn, sizeof(*h.held));
	if (!h.held)
		return -ENOMEM;
	plan_held(&h);
	/* who changed meanwhile comes first, and gives way */
	h.any = t->nr_places != 0;
	if (((!adjust_all(&h, false) && !adjust_all(&h, true)) || twin_has_sums(t)) && !h.failed) {
		error = twin_tune(t, h.held);
		h.any = true;
	}
	if (h.any && !h.failed && !error)
		error = hold_all(&h);
	free(h.held);
	free(h.pages);
	return h.failed ? -ENOMEM : error;
}

/* ---- memory of nobody ---- */

static u64 more_there(struct slice meminfo, const char *key, u64 pages_here)
{
	u64 there = slice_value(meminfo, key, 0) / PAGE_KB;

	return there > pages_here ? there - pages_here : 0;
}

/* AnonPages and Committed_AS of processes that were not shown, or not any more. */
void twin_hold_rest(struct twin *t)
{
	struct machine *m = t->m;
	struct slice meminfo;
	u64 anon, span, part, most = t->m->totalram_pages;

	capture_find(&t->c, &meminfo, "/proc/meminfo");
	anon = more_there(meminfo, "AnonPages:", (u64)m->vm_node_stat[NR_ANON_PAGES]);
	anon = anon < most ? anon : most;
	/* shared memory that nobody maps is charged when it is put in place */
	span = vm_committed_as(&m->mms) +
	       more_there(meminfo, "Shmem:", (u64)m->vm_node_stat[NR_SHMEM]);
	span = more_there(meminfo, "Committed_AS:", span);
	span = span < most ? span : most;
	if ((!anon && !span) || twin_holder(t))
		return;
	part = anon < span ? anon : span;
	t->anon_held = twin_hold_anon(m, t->holder, &t->holder_at, part, span, true);
	t->anon_held +=
		twin_hold_anon(m, t->holder, &t->holder_at, anon - part, anon - part, false);
}

void twin_hold_mapped(struct twin *t, handle_t inode, u64 n)
{
	u64 there = inode_at(t->m, inode)->nrpages;

	n = n < there ? n : there;
	if (n && !twin_holder(t))
		t->nr_held += twin_hold_file(t->m, t->holder, &t->holder_at, inode, n);
}
