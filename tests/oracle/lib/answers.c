/* answers.c - answers in memory, from a file, and compared. */
#include "tests/oracle/lib/answers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fixture.h"

static void *grown(void *array, size_t nr, size_t *room, size_t size)
{
	if (nr < *room)
		return array;
	*room = *room ? 2 * *room : 256;
	array = realloc(array, *room * size);
	if (!array)
		abort();
	return array;
}

static char *copied(const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		abort();
	return copy;
}

void answers_begin(struct answers *a, const char *area, const char *name)
{
	a->cases = grown(a->cases, a->nr_cases, &a->room_cases, sizeof(*a->cases));
	a->cases[a->nr_cases++] =
		(struct answered_case){ copied(area), copied(name), a->nr, 0, false };
}

void answers_add(struct answers *a, unsigned int step, const char *text, const char *with,
		 const char *answer)
{
	a->answers = grown(a->answers, a->nr, &a->room, sizeof(*a->answers));
	a->answers[a->nr++] = (struct answer){ step, copied(text), copied(with), copied(answer) };
	if (a->nr_cases)
		a->cases[a->nr_cases - 1].nr++;
}

static void take_line(struct answers *a, char *line)
{
	char area[64], name[256], *tab;

	if (sscanf(line, "# seed %llu", &a->seed) == 1)
		return;
	if (!strncmp(line, "# kernel ", 9)) {
		snprintf(a->kernel, sizeof(a->kernel), "%s", line + 9);
		return;
	}
	if (sscanf(line, "@ %63s %255s", area, name) == 2) {
		answers_begin(a, area, name);
		return;
	}
	tab = strchr(line, '\t');
	if (line[0] != '#' && tab && a->nr_cases)
		answers_add(a, (unsigned int)strtoul(line, NULL, 10), "", "", tab + 1);
}

bool answers_load(struct answers *a, const char *path)
{
	char *text = file_text(path), *line, *save;

	memset(a, 0, sizeof(*a));
	if (!text)
		return false;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		take_line(a, line);
	free(text);
	return a->nr_cases;
}

struct answered_case *answers_find(struct answers *a, const char *name)
{
	static size_t hint;
	size_t i;

	/* both sides have the cases in the same order */
	for (i = 0; i < a->nr_cases; i++) {
		struct answered_case *c = &a->cases[(hint + i) % a->nr_cases];

		if (!strcmp(c->name, name)) {
			hint = (size_t)(c - a->cases) + 1;
			return c;
		}
	}
	return NULL;
}

void answers_free(struct answers *a)
{
	size_t i;

	for (i = 0; i < a->nr; i++) {
		free((char *)a->answers[i].text);
		free((char *)a->answers[i].with);
		free((char *)a->answers[i].answer);
	}
	for (i = 0; i < a->nr_cases; i++) {
		free((char *)a->cases[i].area);
		free((char *)a->cases[i].name);
	}
	free(a->answers);
	free(a->cases);
	memset(a, 0, sizeof(*a));
}

/* ---- comparing ---- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* "all_unreclaimable? yes": as much a value as a number. */
static size_t yes_or_no(const char *at)
{
	if (!strncmp(at, "? yes", 5))
		return 5;
	return strncmp(at, "? no", 4) ? 0 : 4;
}

/* Numbers in the same columns: the same blanks before them, or the same end. Digits in names are
 * text. */
static bool same_line_layout(const char *g, const char *w)
{
	bool after_letter = false;

	while (*w || *g) {
		size_t gb = strspn(g, " \t"), wb = strspn(w, " \t");
		size_t gd = strspn(g + gb, "0123456789"), wd = strspn(w + wb, "0123456789");

		if (yes_or_no(g) && yes_or_no(w)) {
			g += yes_or_no(g);
			w += yes_or_no(w);
			continue;
		}
		if (gd && wd && (gb || wb || !after_letter)) {
			/* what stands before "kB" is right-aligned */
			bool right = !strncmp(w + wb + wd, " kB", 3) && wb > 1;

			if ((right || gb != wb) && gb + gd != wb + wd)
				return false;
			g += gb + gd;
			w += wb + wd;
			after_letter = false;
			continue;
		}
		after_letter = is_letter(*w) || (after_letter && is_digit(*w));
		if (*g++ != *w++)
			return false;
	}
	return true;
}

/* How far two numbers may be apart: by so much, by so many percent of the kernel's, or neither more
 * than so many times the other, and so much. */
struct tolerance {
	long long by, percent, times, plus;
};

static bool near(const struct tolerance *t, long long a, long long b)
{
	long long small = llabs(a) < llabs(b) ? llabs(a) : llabs(b);

	if (t->times)
		return llabs(a - b) <= t->plus ||
		       ((a < 0) == (b < 0) &&
			llabs(a) + llabs(b) - small <= small * t->times + t->plus);
	return llabs(a - b) <= t->by + llabs(b) * t->percent / 100;
}

/* Text must be the same, numbers may be off by @t. */
static bool nearly(const char *ours, const char *kernels, const struct tolerance *t)
{
	char *end;

	while (*ours && *kernels) {
		long long a, b;

		if (!is_digit(*ours) || !is_digit(*kernels)) {
			/* signs may differ near zero */
			if ((*ours == '-' || *ours == '+') &&
			    (*kernels == '-' || *kernels == '+') && is_digit(ours[1]) &&
			    is_digit(kernels[1])) {
				a = strtoll(ours, &end, 10);
				ours = end;
				b = strtoll(kernels, &end, 10);
				kernels = end;
			} else if (*ours++ != *kernels++) {
				return false;
			} else {
				continue;
			}
		} else {
			a = strtoll(ours, &end, 10);
			ours = end;
			b = strtoll(kernels, &end, 10);
			kernels = end;
		}
		if (!near(t, a, b))
			return false;
	}
	return *ours == *kernels;
}

/* "within N[%] ...", "factor N[+S] ..." */
static bool parse_tolerance(const char *with, struct tolerance *t)
{
	int end = 0;

	*t = (struct tolerance){ 0 };
	if (sscanf(with, "factor %lld+%lld", &t->times, &t->plus) >= 1)
		return true;
	if (sscanf(with, "within %lld%n", &t->by, &end) < 1)
		return false;
	if (with[end] == '%') {
		t->percent = t->by;
		t->by = 0;
	}
	return true;
}

enum verdict compare_answer(const struct answer *ours, const char *kernel)
{
	struct tolerance t;

	if (!strcmp(ours->answer, kernel) || !strncmp(ours->with, "ordered", 7))
		return EQUAL;
	if (!strncmp(ours->text, "look ", 5) || !strncmp(ours->text, "log ", 4))
		return same_line_layout(ours->answer, kernel) ? EQUAL : DIFFERENT;
	if (parse_tolerance(ours->with, &t) && nearly(ours->answer, kernel, &t))
		return TOLERATED;
	return DIFFERENT;
}

/* The number that step @step answered. */
static bool ordered_number(const struct answers *a, const struct answered_case *c,
			   unsigned int step, long long *value)
{
	size_t i;

	for (i = c->first; i < c->first + c->nr; i++)
		if (a->answers[i].step == step) {
			*value = strtoll(a->answers[i].answer +
						 strcspn(a->answers[i].answer, "-+0123456789"),
					 NULL, 10);
			return true;
		}
	return false;
}

/* Differences up to @slack are none. */
static int sign(long long a, long long b, long long slack)
{
	return (a > b + slack) - (a + slack < b);
}

bool compare_order(const struct answers *ours, const struct answered_case *c,
		   const struct answers *kernels, const struct answered_case *k)
{
	long long last[2] = { 0, 0 }, now[2], slack;
	bool first = true, same = true;
	size_t i;

	for (i = c->first; i < c->first + c->nr; i++) {
		const struct answer *a = &ours->answers[i];

		if (strncmp(a->with, "ordered", 7))
			continue;
		if (!ordered_number(ours, c, a->step, &now[0]) ||
		    !ordered_number(kernels, k, a->step, &now[1]))
			return false;
		if (sscanf(a->with, "ordered +%lld", &slack) != 1)
			slack = 0;
		if (!first)
			same &= sign(now[0], last[0], slack) == sign(now[1], last[1], slack);
		first = false;
		last[0] = now[0];
		last[1] = now[1];
	}
	return same;
}
