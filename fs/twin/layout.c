/* layout.c - from the text of page tables, or from sums, to stretches of pages. */
#include "fs/twin/layout.h"

#include <stdlib.h>
#include <string.h>

/* ---- stretches ---- */

static void append(struct layout *l, const struct stretch *s)
{
	struct stretch *last = l->nr ? &l->stretches[l->nr - 1] : NULL;

	if (!s->n || l->failed)
		return;
	if (last && last->kind == s->kind && last->first + last->n == s->first &&
	    s->number == (last->number ? last->number + last->n : 0)) {
		last->n += s->n;
		return;
	}
	if (l->nr == l->max) {
		size_t max = l->max ? 2 * l->max : 64;
		struct stretch *grown = realloc(l->stretches, max * sizeof(*grown));

		if (!grown) {
			l->failed = true;
			return;
		}
		l->stretches = grown;
		l->max = max;
	}
	l->stretches[l->nr++] = *s;
}

void layout_insert(struct layout *l, const struct stretch *s)
{
	size_t i, nr = l->nr;

	/* the next of those that are there? */
	for (i = nr; i > 0 && l->stretches[i - 1].first > s->first; i--)
		;
	if (i && s->n && l->stretches[i - 1].kind == s->kind && !s->number &&
	    !l->stretches[i - 1].number &&
	    l->stretches[i - 1].first + l->stretches[i - 1].n == s->first) {
		l->stretches[i - 1].n += s->n;
		return;
	}
	/* room for one more, at the end */
	append(l, &(struct stretch){ UINT64_MAX - s->n, s->n, s->number, s->kind });
	if (l->failed || l->nr == nr)
		return;
	for (i = nr; i > 0 && l->stretches[i - 1].first > s->first; i--)
		l->stretches[i] = l->stretches[i - 1];
	l->stretches[i] = *s;
}

u64 layout_count(const struct layout *l, enum stretch_kind kind)
{
	u64 n = 0;
	size_t i;

	for (i = 0; i < l->nr; i++)
		n += l->stretches[i].kind == kind ? l->stretches[i].n : 0;
	return n;
}

/* Up to @n pages of that kind less, the last ones, with @unnumbered those without a number only.
 * How many. */
static u64 take_away(struct layout *l, enum stretch_kind kind, bool unnumbered, u64 n)
{
	u64 taken = 0, less;
	size_t i;

	for (i = l->nr; i-- > 0 && taken < n;) {
		struct stretch *s = &l->stretches[i];

		if (s->kind != kind || (unnumbered && s->number))
			continue;
		less = s->n < n - taken ? s->n : n - taken;
		s->n -= less;
		taken += less;
	}
	return taken;
}

/* @n pages of that kind more, where there are none: at the mapping's start, or, of a stack, at its
 * end. */
static void fill_gaps(struct layout *l, const struct wanted *w, enum stretch_kind kind, u64 n)
{
	struct layout old = *l;
	u64 room = w->pages, at = 0, skip, gap;
	size_t i;

	if (!n)
		return;
	for (i = 0; i < old.nr; i++)
		room -= old.stretches[i].n;
	n = n < room ? n : room;
	skip = w->from_top ? room - n : 0;
	*l = (struct layout){ .known = old.known, .failed = old.failed };
	for (i = 0; i <= old.nr; i++) {
		u64 end = i < old.nr ? old.stretches[i].first : w->pages, part;

		gap = end > at ? end - at : 0;
		part = gap < skip ? gap : skip;
		skip -= part;
		at += part;
		gap -= part;
		part = gap < n ? gap : n;
		append(l, &(struct stretch){ at, part, 0, kind });
		n -= part;
		if (i == old.nr)
			break;
		append(l, &old.stretches[i]);
		at = old.stretches[i].first + old.stretches[i].n;
	}
	free(old.stretches);
}

/* ---- the text ---- */

struct slice layout_line(struct slice *rest, u64 start)
{
	struct slice line, before, word;
	u64 n;

	for (before = *rest; slice_line(rest, &line); before = *rest) {
		if (!slice_word(&line, &word) || !slice_number(word, 16, &n) || n < start)
			continue;
		if (n == start)
			return line;
		*rest = before;
		break;
	}
	return (struct slice){ "", 0 };
}

static bool kind_of_letter(char letter, enum stretch_kind *kind)
{
	static const char letters[] = "aAfFs";
	const char *at = letter ? strchr(letters, letter) : NULL;

	if (at)
		*kind = (enum stretch_kind)(at - letters);
	return at != NULL;
}

/* "A12@40"; false: it is none, or the mapping ends before. */
static bool read_word(struct layout *l, struct slice word, const struct wanted *w, u64 *at)
{
	struct stretch s = { .first = *at };
	char letter = *word.at;
	struct slice size;
	bool is_none = letter == '.';

	word = (struct slice){ word.at + 1, word.size - 1 };
	size = slice_cut(&word, '@');
	if ((!is_none && !kind_of_letter(letter, &s.kind)) || !slice_number(size, 10, &s.n) ||
	    s.n > w->pages - *at || (word.size && !slice_number(word, 10, &s.number)) ||
	    s.number >> 40)
		return false;
	*at += s.n;
	if (!is_none && (s.kind != STRETCH_SWAPPED || w->keep_swap))
		append(l, &s);
	return true;
}

u64 layout_swapped(struct slice line)
{
	struct slice word;
	u64 n, sum = 0;

	while (slice_word(&line, &word))
		if (*word.at == 's' &&
		    slice_number((struct slice){ word.at + 1, word.size - 1 }, 10, &n) &&
		    n >> 40 == 0)
			sum += n;
	return sum;
}

/* ---- brought to the sums ---- */

/* Both kinds together are not more than @want pages. */
static void cut(struct layout *l, enum stretch_kind own, enum stretch_kind shared, u64 want)
{
	u64 have = layout_count(l, shared) + layout_count(l, own);

	if (have <= want)
		return;
	have -= take_away(l, shared, true, have - want);
	have -= take_away(l, own, false, have - want);
	take_away(l, shared, false, have - want);
}

/* Both kinds together are @want pages; of those that have to be made, so many shared ones that
 * there are @want_shared. */
static void fill(struct layout *l, const struct wanted *w, enum stretch_kind own,
		 enum stretch_kind shared, u64 want, u64 want_shared)
{
	u64 have_shared = layout_count(l, shared), have = have_shared + layout_count(l, own), more;

	more = want > have ? want - have : 0;
	want_shared = want_shared > have_shared ? want_shared - have_shared : 0;
	want_shared = want_shared < more ? want_shared : more;
	/* of a stack, what is put in place last is above */
	fill_gaps(l, w, w->from_top ? own : shared, w->from_top ? more - want_shared : want_shared);
	fill_gaps(l, w, w->from_top ? shared : own, w->from_top ? want_shared : more - want_shared);
}

static void settle(struct layout *l, const struct wanted *w)
{
	u64 swapped = layout_count(l, STRETCH_SWAPPED);

	cut(l, STRETCH_OWN, STRETCH_SHARED, w->anon);
	cut(l, STRETCH_FILE, STRETCH_FILE_SHARED, w->file);
	if (swapped > w->swap)
		take_away(l, STRETCH_SWAPPED, false, swapped - w->swap);
	fill(l, w, STRETCH_OWN, STRETCH_SHARED, w->anon, w->shared_anon);
	fill(l, w, STRETCH_FILE, STRETCH_FILE_SHARED, w->file, w->shared_file);
	if (swapped < w->swap)
		fill_gaps(l, w, STRETCH_SWAPPED, w->swap - swapped);
}

void layout_read(struct layout *l, struct slice line, const struct wanted *w)
{
	struct slice word;
	u64 at = 0;

	l->nr = 0;
	l->known = line.size != 0;
	while (slice_word(&line, &word) && read_word(l, word, w, &at))
		;
	settle(l, w);
}

void layout_take(struct layout *l, struct layout *plan, const struct wanted *w)
{
	free(l->stretches);
	*l = *plan;
	*plan = (struct layout){ .nr = 0 };
	settle(l, w);
}
