/*
 * Does the simulated machine answer as a real Linux 6.1 kernel did? The same cases
 * (tests/oracle/cases, and those drawn with the seed of the answers), through the tree, against
 * tests/oracle/answers. Only tests/oracle/run, with a guest, writes those.
 *
 * What cannot be had, or is not built yet, is in tests/oracle/exceptions.tsv, each with its reason:
 * an unlisted difference fails, and so does a listed one that is none any more.
 *
 * usage: compare [--answers DIR] [--case NAME] [--file CASES] [--score FILE.md]
 *        compare --generate SEED        the drawn cases as text
 */
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fixture.h"
#include "tests/oracle/lib/answers.h"
#include "tests/oracle/lib/generate.h"
#include "tests/oracle/lib/language.h"
#include "tests/oracle/lib/sim.h"
#include "tests/reference.h"
#include "tests/tap.h"

#define FILES_MAX  64u
#define AREAS_MAX  64u
#define REPORT_MAX 40u

struct exception {
	const char *machine, *name, *what, *class, *reason;
	unsigned int used;
	bool possible; /* its machine and case were run */
};

struct score {
	char area[64];
	unsigned int cases, equal, tolerated, different, not_built, unknown;
};

struct suite {
	const char *answers, *only, *file, *score_file;
	char machine[64];
	struct fixture f;
	struct answers ours, kernels;
	struct exception exceptions[256];
	unsigned int nr_exceptions;
	struct score scores[AREAS_MAX];
	unsigned int nr_scores;
	char kernel[256];
	unsigned long long seed;
	unsigned int machines, reported, wrong;
};

/* ---- files ---- */

static int compare_strings(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Names in @path that end in @suffix, sorted. */
static unsigned int files_in(const char *path, const char *suffix,
			     char names[FILES_MAX][NAME_MAX + 1])
{
	DIR *dir = opendir(path);
	struct dirent *e;
	unsigned int n = 0;
	size_t length;

	while (dir && (e = readdir(dir)) && n < FILES_MAX) {
		length = strlen(e->d_name);
		if (length > strlen(suffix) && !strcmp(e->d_name + length - strlen(suffix), suffix))
			snprintf(names[n++], sizeof(names[0]), "%s", e->d_name);
	}
	if (dir)
		closedir(dir);
	qsort(names, n, sizeof(names[0]), compare_strings);
	return n;
}

/* Without a machine of its own in the table, the line's first word. */
static void read_exceptions(struct suite *s, char *text)
{
	char *line, *save, *columns[REFERENCE_COLUMNS];

	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (line[0] == '#')
			continue;
		if (split_columns(line, columns) < 5 ||
		    s->nr_exceptions == ARRAY_SIZE(s->exceptions))
			bail_out("bad exception: %s", line);
		s->exceptions[s->nr_exceptions++] =
			(struct exception){ columns[0], columns[1], columns[2], columns[3],
					    columns[4], 0,	    false };
	}
}

/* ---- scores and differences ---- */

static struct score *score_of(struct suite *s, const char *area)
{
	unsigned int i;

	for (i = 0; i < s->nr_scores; i++)
		if (!strcmp(s->scores[i].area, area))
			return &s->scores[i];
	if (s->nr_scores == AREAS_MAX)
		bail_out("too many areas");
	snprintf(s->scores[i].area, sizeof(s->scores[i].area), "%s", area);
	s->nr_scores++;
	return &s->scores[i];
}

static struct exception *exception_for(struct suite *s, const char *name, const char *what)
{
	unsigned int i;

	for (i = 0; i < s->nr_exceptions; i++) {
		struct exception *e = &s->exceptions[i];

		if (!fnmatch(e->machine, s->machine, 0) && !fnmatch(e->name, name, 0) &&
		    !fnmatch(e->what, what, 0))
			return e;
	}
	return NULL;
}

/* The worst of what was found in a case. */
struct outcome {
	bool tolerated, known, later, unknown;
};

static void differs(struct suite *s, struct outcome *o, const struct answered_case *c,
		    const char *step, const char *what, const char *ours, const char *kernels)
{
	struct exception *e = exception_for(s, c->name, what);
	int same = 0;

	if (e) {
		e->used++;
		o->later |= !strcmp(e->class, "later");
		o->known |= strcmp(e->class, "later") != 0;
		return;
	}
	o->unknown = true;
	while (ours[same] && ours[same] == kernels[same])
		same++;
	if (s->reported++ >= REPORT_MAX && !s->only && !getenv("ORACLE_VERBOSE"))
		return;
	diag("%s: %s", s->machine, c->name);
	diag("    step    %s", step);
	diag("    kernel  %s", kernels);
	diag("    mmanfs  %s", ours);
	diag("    differs %*s^", same, "");
}

static void count(struct score *score, const struct outcome *o)
{
	score->cases++;
	if (o->unknown)
		score->unknown++;
	if (o->unknown || o->known)
		score->different++;
	else if (o->later)
		score->not_built++;
	else if (o->tolerated)
		score->tolerated++;
	else
		score->equal++;
}

/* ---- one case ---- */

static size_t step_length(const struct answers *a, size_t first, size_t end)
{
	size_t n = 0;

	while (first + n < end && a->answers[first + n].step == a->answers[first].step)
		n++;
	return n;
}

/* First word of a line: what a path or a line of a file is found by. */
static bool same_word(const char *a, const char *b)
{
	size_t n = strcspn(a, " \t");

	return n == strcspn(b, " \t") && !strncmp(a, b, n);
}

static bool is_list(const struct answer *a)
{
	return !strncmp(a->text, "list ", 5);
}

/* Paths: each one is a case by itself. Both lists are in the same order. */
static void compare_lists(struct suite *s, const struct answered_case *c, const struct answer *a,
			  size_t na, const struct answer *k, size_t nk)
{
	struct score *score = score_of(s, c->area);
	size_t i = 0, j = 0, ahead;

	while (i < na || j < nk) {
		struct outcome o = { 0 };
		bool missing = false;

		if (i < na && j < nk && same_word(a[i].answer, k[j].answer)) {
			if (strcmp(a[i].answer, k[j].answer))
				differs(s, &o, c, a->text, a[i].answer, a[i].answer, k[j].answer);
			i++;
			j++;
			count(score, &o);
			continue;
		}
		for (ahead = j; i < na && ahead < nk && !missing; ahead++)
			missing = same_word(a[i].answer, k[ahead].answer);
		if (j < nk && (missing || i == na)) {
			differs(s, &o, c, a->text, k[j].answer, "(no such path)", k[j].answer);
			j++;
		} else {
			differs(s, &o, c, a->text, a[i].answer, a[i].answer, "(no such path)");
			i++;
		}
		count(score, &o);
	}
}

/* Lines of one step, in pairs; after a line too many or too few, the next that has its name. */
static void compare_lines(struct suite *s, struct outcome *o, const struct answered_case *c,
			  const struct answer *a, size_t na, const struct answer *k, size_t nk)
{
	bool look = na && (!strncmp(a->text, "look ", 5) || !strncmp(a->text, "log ", 4));
	size_t i = 0, j = 0, ahead;

	while (i < na || j < nk) {
		bool missing = false;

		if (i < na && j < nk &&
		    (!look || same_word(a[i].answer, k[j].answer) ||
		     compare_answer(&a[i], k[j].answer) == EQUAL)) {
			enum verdict v = compare_answer(&a[i], k[j].answer);

			o->tolerated |= v == TOLERATED;
			if (v == DIFFERENT)
				differs(s, o, c, a->text, look ? a[i].answer : a->text, a[i].answer,
					k[j].answer);
			i++;
			j++;
			continue;
		}
		for (ahead = j; i < na && ahead < nk && !missing; ahead++)
			missing = same_word(a[i].answer, k[ahead].answer);
		if (j < nk && (missing || i == na)) {
			differs(s, o, c, na ? a->text : "(another number of answers)",
				look || !na ? k[j].answer : a->text, "(nothing)", k[j].answer);
			j++;
		} else {
			differs(s, o, c, a->text, look ? a[i].answer : a->text, a[i].answer,
				"(nothing)");
			i++;
		}
	}
}

static void compare_case(struct suite *s, const struct answered_case *c, struct answered_case *k)
{
	size_t i = c->first, j = k->first, na, nk;
	bool only_lists = c->nr;
	struct outcome o = { 0 };

	k->seen = true;
	while (i < c->first + c->nr || j < k->first + k->nr) {
		const struct answer *a = &s->ours.answers[i], *b = &s->kernels.answers[j];
		bool ours = i < c->first + c->nr, kernels = j < k->first + k->nr;

		na = ours && (!kernels || a->step <= b->step) ?
			     step_length(&s->ours, i, c->first + c->nr) :
			     0;
		nk = kernels && (!ours || b->step <= a->step) ?
			     step_length(&s->kernels, j, k->first + k->nr) :
			     0;
		if (na && is_list(a)) {
			compare_lists(s, c, a, na, b, nk);
		} else {
			only_lists = false;
			compare_lines(s, &o, c, a, na, b, nk);
		}
		i += na;
		j += nk;
	}
	if (only_lists)
		return;
	if (!compare_order(&s->ours, c, &s->kernels, k))
		differs(s, &o, c, "(the order of the ordered steps)", "order", "another order",
			"this order");
	count(score_of(s, c->area), &o);
}

/* ---- one machine ---- */

static void note_case(void *arg, const char *area, const char *name)
{
	answers_begin(arg, area, name);
}

static void note_answer(void *arg, unsigned int step, const char *text, const char *with,
			const char *answer)
{
	answers_add(arg, step, text, with, answer);
}

static void run_text(struct suite *s, char *text)
{
	struct recorder r = { &s->ours, note_case, note_answer };
	struct side side = sim_side(&s->f);

	if (!text)
		bail_out("a case file cannot be read");
	run_cases(&side, text, s->machine, s->only, &r);
	free(text);
}

static char *generated(unsigned long long seed)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		bail_out("out of memory");
	generate_cases(out, seed);
	fclose(out);
	return text;
}

static void run_directory(struct suite *s, const char *path)
{
	static char names[FILES_MAX][NAME_MAX + 1];
	unsigned int i, n = files_in(path, ".case", names);

	for (i = 0; i < n; i++)
		run_text(s, file_text(fixture_format("%s/%s", path, names[i])));
}

/* What fills memory comes last: a machine that was short of it is another one. */
static void ask_ourselves(struct suite *s)
{
	if (s->file) {
		run_text(s, file_text(s->file));
		return;
	}
	run_directory(s, "tests/oracle/cases");
	run_text(s, generated(s->kernels.seed));
	run_directory(s, "tests/oracle/cases/pressure");
}

/* Exceptions that this run could have needed. */
static void mark_possible(struct suite *s)
{
	unsigned int i;
	size_t c;

	for (i = 0; i < s->nr_exceptions; i++) {
		struct exception *e = &s->exceptions[i];

		for (c = 0; c < s->ours.nr_cases && !e->possible; c++)
			e->possible = !fnmatch(e->machine, s->machine, 0) &&
				      !fnmatch(e->name, s->ours.cases[c].name, 0);
	}
}

static void compare_machine(struct suite *s, const char *file)
{
	unsigned int before, silent = 0, i;
	size_t c;

	snprintf(s->machine, sizeof(s->machine), "%.*s", (int)(strlen(file) - 4), file);
	if (!answers_load(&s->kernels, fixture_format("%s/%s", s->answers, file)))
		bail_out("no answers in %s/%s", s->answers, file);
	if (!fixture_open(&s->f, fixture_format("tests/oracle/machines/%s.machine", s->machine),
			  NULL))
		bail_out("%s: %s", s->machine, s->f.why);
	snprintf(s->kernel, sizeof(s->kernel), "%s", s->kernels.kernel);
	s->seed = s->kernels.seed;
	memset(&s->ours, 0, sizeof(s->ours));
	ask_ourselves(s);
	for (i = 0, before = 0; i < s->nr_scores; i++)
		before += s->scores[i].unknown;
	for (c = 0; c < s->ours.nr_cases; c++) {
		struct answered_case *k = answers_find(&s->kernels, s->ours.cases[c].name);

		if (k)
			compare_case(s, &s->ours.cases[c], k);
		else if (silent++ < 5)
			diag("%s: the kernel was never asked %s", s->machine,
			     s->ours.cases[c].name);
	}
	for (i = 0, s->wrong = 0; i < s->nr_scores; i++)
		s->wrong += s->scores[i].unknown;
	is_int(s->wrong - before, 0, "%s: %zu cases are answered as by %.40s", s->machine,
	       s->ours.nr_cases, s->kernel);
	is_int(silent, 0, "%s: the kernel has answered every case", s->machine);
	mark_possible(s);
	s->machines++;
	answers_free(&s->ours);
	answers_free(&s->kernels);
	fixture_close(&s->f);
}

/* ---- the score ---- */

static void print_row(FILE *out, const struct score *x)
{
	fprintf(out, "| %s | %u | %u | %u | %u | %u |\n", x->area, x->cases, x->equal, x->tolerated,
		x->different, x->not_built);
}

static void print_table(struct suite *s, FILE *out)
{
	struct score sum = { .area = "**all**" };
	unsigned int i;

	fprintf(out, "| Area | Cases | Equal | Tolerated | Different | Not built |\n"
		     "|---|---:|---:|---:|---:|---:|\n");
	for (i = 0; i < s->nr_scores; i++) {
		const struct score *x = &s->scores[i];

		print_row(out, x);
		sum.cases += x->cases;
		sum.equal += x->equal;
		sum.tolerated += x->tolerated;
		sum.different += x->different;
		sum.not_built += x->not_built;
	}
	print_row(out, &sum);
}

static void print_page(struct suite *s, FILE *out)
{
	unsigned int i;

	fprintf(out,
		"# Conformance\n\nWhat a real kernel answered, and what the simulated machine answers to the "
		"same steps. Written by `make check-kernel`, which boots\nthe kernel of Debian's package "
		"in QEMU and asks both; `make check` compares with the recorded answers.\n\n");
	fprintf(out,
		"Kernel: %s\n\nMachines: %u (tests/oracle/machines). Seed of the drawn cases: %llu; "
		"another one gives fresh cases: `make check-kernel SEED=2`.\n\n",
		s->kernel, s->machines, s->seed);
	print_table(s, out);
	fprintf(out,
		"\nA case is a path of the tree, a file, one write, or a sequence of calls. *Tolerated*: "
		"within a tolerance that the case states, with its\nreason. *Different*: known, and below. "
		"*Not built*: the engine lacks what it asks for.\n\n## Known differences\n\n"
		"| Machine | Case | Where | Class | Answers | Reason |\n|---|---|---|---|---:|---|\n");
	for (i = 0; i < s->nr_exceptions; i++) {
		const struct exception *e = &s->exceptions[i];

		if (e->used)
			fprintf(out, "| `%s` | `%s` | `%s` | %s | %u | %s |\n", e->machine, e->name,
				e->what, e->class, e->used, e->reason);
	}
	fprintf(out,
		"\n`*` stands for anything. *later*: belongs to a part that is not built yet; *cannot*: not to be "
		"had in user space, or chance in the kernel.\n");
}

static void write_score(struct suite *s)
{
	FILE *out = fopen(s->score_file, "w");

	if (!out)
		bail_out("%s: %s", s->score_file, strerror(errno));
	print_page(s, out);
	fclose(out);
}

static void check_exceptions(struct suite *s)
{
	unsigned int i, idle = 0;

	for (i = 0; i < s->nr_exceptions; i++)
		if (s->exceptions[i].possible && !s->exceptions[i].used) {
			diag("not needed: %s %s %s", s->exceptions[i].machine,
			     s->exceptions[i].name, s->exceptions[i].what);
			idle++;
		}
	is_int(idle, 0, "every exception is one");
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "answers", required_argument, NULL, 'a' },
		{ "case", required_argument, NULL, 'c' },
		{ "file", required_argument, NULL, 'f' },
		{ "score", required_argument, NULL, 's' },
		{ "generate", required_argument, NULL, 'g' },
		{ 0 },
	};
	static char names[FILES_MAX][NAME_MAX + 1];
	static struct suite s = { .answers = "tests/oracle/answers" };
	char *exceptions, *line, *save, *table = NULL;
	unsigned int i, n;
	size_t size;
	FILE *out;
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (o) {
		case 'a':
			s.answers = optarg;
			break;
		case 'c':
			s.only = optarg;
			break;
		case 'f':
			s.file = optarg;
			break;
		case 's':
			s.score_file = optarg;
			break;
		case 'g':
			generate_cases(stdout, strtoull(optarg, NULL, 0));
			return 0;
		default:
			return 2;
		}
	}
	exceptions = file_text("tests/oracle/exceptions.tsv");
	if (!exceptions)
		bail_out("no tests/oracle/exceptions.tsv: this runs in the top folder");
	read_exceptions(&s, exceptions);
	n = files_in(s.answers, ".txt", names);
	if (!n)
		bail_out("no answers in %s", s.answers);
	for (i = 0; i < n; i++)
		compare_machine(&s, names[i]);
	if (!s.only && !s.file)
		check_exceptions(&s);
	out = open_memstream(&table, &size);
	print_table(&s, out);
	fclose(out);
	for (line = strtok_r(table, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		diag("%s", line);
	if (s.score_file)
		write_score(&s);
	free(table);
	free(exceptions);
	return done_testing();
}
