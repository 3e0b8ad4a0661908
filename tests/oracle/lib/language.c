/* language.c - carries out the cases: what each step is, in reads, writes and commands of a
 * side. */
#include "tests/oracle/lib/steps.h"

#include "tests/lines.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct run run;

/* ---- text ---- */

size_t unescape(const char *from, char *to)
{
	size_t n = 0;
	char c;
	int times;

	if (sscanf(from, "REP(%c,%d)", &c, &times) == 2) {
		memset(to, c, (size_t)times);
		return (size_t)times;
	}
	for (; *from; from++) {
		if (*from != '\\') {
			to[n++] = *from;
			continue;
		}
		switch (*++from) {
		case 'n':
			to[n++] = '\n';
			break;
		case 't':
			to[n++] = '\t';
			break;
		case '0':
			to[n++] = '\0';
			break;
		case 's':
			to[n++] = ' ';
			break;
		case 'x':
			to[n++] = (char)strtol((char[]){ from[1], from[2], 0 }, NULL, 16);
			from += 2;
			break;
		case '\0':
			return n;
		default:
			to[n++] = *from;
		}
	}
	return n;
}

void escape(const char *from, size_t size, char *to, size_t room)
{
	size_t i, n = 0;

	for (i = 0; i < size && n + 5 < room; i++) {
		unsigned char c = (unsigned char)from[i];

		if (c == '\n' || c == '\t' || c == '\0' || c == '\\') {
			to[n++] = '\\';
			to[n++] = c == '\n' ? 'n' : c == '\t' ? 't' : c ? '\\' : '0';
		} else if (c < ' ' || c > '~') {
			n += (size_t)snprintf(to + n, 5, "\\x%02x", c);
		} else {
			to[n++] = (char)c;
		}
	}
	to[n] = '\0';
}

const char *error_name(long error)
{
	const char *name = strerrorname_np((int)-error);

	return name ? name : "E?";
}

void answer(struct run *r, const char *format, ...)
{
	static char line[LINE_MAX_ * 2];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	r->r->answer(r->r->arg, r->step, r->step_text, r->with, line);
}

char *word(char **at)
{
	char *start = *at + strspn(*at, " "), *end = start + strcspn(start, " ");

	if (!*start)
		return NULL;
	*at = *end ? end + 1 : end;
	*end = '\0';
	return start;
}

const char *real_path(struct run *r, const char *path)
{
	static char out[512];
	const char *at = strchr(path, '$');
	char name[32];
	size_t length;

	if (!at)
		return path;
	length = strcspn(at + 1, "/");
	snprintf(name, sizeof(name), "%.*s", (int)length, at + 1);
	snprintf(out, sizeof(out), "%.*s%d%s", (int)(at - path), path, r->s->pid(r->s, name),
		 at + 1 + length);
	return out;
}

/* ---- files ---- */

ssize_t read_text(struct run *r, const char *path)
{
	ssize_t n = r->s->read(r->s, real_path(r, path), r->text, sizeof(r->text) - 1);

	r->text[n < 0 ? 0 : n] = '\0';
	return n;
}

static void value_of(struct run *r, const char *path, char *out, size_t room)
{
	struct stat st;
	char target[8];
	ssize_t n;

	if (!r->s->stat(r->s, real_path(r, path), &st, target, sizeof(target)) &&
	    !(st.st_mode & 0444)) {
		snprintf(out, room, "<write-only>");
		return;
	}
	n = read_text(r, path);
	if (n < 0)
		snprintf(out, room, "<%s>", error_name(n));
	else
		escape(r->text, (size_t)n, out, room);
}

static void write_bytes(struct run *r, const char *path, const char *bytes, char *out, size_t room)
{
	bool open_failed = false;
	ssize_t n = (ssize_t)unescape(bytes, r->more);

	n = r->s->write(r->s, real_path(r, path), r->more, (size_t)n, &open_failed);
	if (n < 0)
		snprintf(out, room, "%s%s", open_failed ? "open:" : "", error_name(n));
	else
		snprintf(out, room, "%zd", n);
}

static void step_put(struct run *r, char *rest)
{
	const char *path = word(&rest);
	char result[64];

	write_bytes(r, path, rest, result, sizeof(result));
	answer(r, "%s", result);
}

static void step_get(struct run *r, char *rest)
{
	static char value[LINE_MAX_];

	value_of(r, word(&rest), value, sizeof(value));
	answer(r, "%s", value);
}

static void step_look(struct run *r, char *rest)
{
	ssize_t n = read_text(r, word(&rest));
	char *line, *end;

	if (n < 0)
		answer(r, "<%s>", error_name(n));
	for (line = r->text; n > 0 && *line; line = end + 1) {
		end = strchr(line, '\n');
		if (end)
			*end = '\0';
		answer(r, "%s", line);
		if (!end)
			break;
	}
}

bool number_behind(const char *text, const char *key, long long *value)
{
	size_t length = strlen(key);
	const char *at;

	for (at = text; at && *at; at = strchr(at, '\n'), at = at ? at + 1 : NULL)
		if (!strncmp(at, key, length) && (at[length] == ' ' || at[length] == '\t')) {
			*value = strtoll(at + length, NULL, 10);
			return true;
		}
	return false;
}

static void step_field(struct run *r, char *rest)
{
	const char *path = word(&rest);
	long long value;
	ssize_t n = read_text(r, path);

	if (n < 0)
		answer(r, "<%s>", error_name(n));
	else if (number_behind(r->text, rest, &value))
		answer(r, "%lld", value);
	else
		answer(r, "<no %s>", rest);
}

/* ---- try: one write, and all that it changed ---- */

/* What must be written to get @shown: what stands in its brackets, or itself. */
static void put_back(struct run *r, const char *path, const char *shown)
{
	char bytes[512], result[64];
	const char *open = strchr(shown, '['), *close = open ? strchr(open, ']') : NULL;

	if (close)
		snprintf(bytes, sizeof(bytes), "%.*s", (int)(close - open - 1), open + 1);
	else
		snprintf(bytes, sizeof(bytes), "%s", shown);
	write_bytes(r, path, bytes, result, sizeof(result));
}

static void step_try(struct run *r, char *rest)
{
	static char line[LINE_MAX_];
	char result[64], now[512], own[512];
	const char *path = word(&rest);
	unsigned int i, round;
	int n;

	value_of(r, path, own, sizeof(own));
	for (i = 0; i < r->nr_watch; i++)
		value_of(r, r->watch[i], r->before[i], sizeof(r->before[i]));
	write_bytes(r, path, rest, result, sizeof(result));
	value_of(r, path, now, sizeof(now));
	n = snprintf(line, sizeof(line), "%s %s", result, now);
	for (i = 0; i < r->nr_watch; i++) {
		value_of(r, r->watch[i], now, sizeof(now));
		if (strcmp(now, r->before[i]) && strcmp(r->watch[i], path))
			n += snprintf(line + n, sizeof(line) - (size_t)n, "; %s %s", r->watch[i],
				      now);
	}
	answer(r, "%s", line);

	/* one knob may undo another: until nothing is different, or a third time would not help */
	for (round = 0; round < 3; round++) {
		bool clean = true;

		for (i = 0; i < r->nr_watch; i++) {
			value_of(r, r->watch[i], now, sizeof(now));
			if (!strcmp(now, r->before[i]))
				continue;
			clean = false;
			put_back(r, r->watch[i], r->before[i]);
		}
		value_of(r, path, now, sizeof(now));
		if (strcmp(now, own)) {
			clean = false;
			put_back(r, path, own);
		}
		if (clean)
			break;
	}
}

/* ---- list ---- */

#define LIST_MAX 700u

struct names {
	char (*name)[64];
	unsigned int nr;
};

static void add_name(void *arg, const char *name)
{
	struct names *n = arg;

	if (strcmp(name, ".") && strcmp(name, "..") && n->nr < LIST_MAX)
		snprintf(n->name[n->nr++], 64, "%s", name);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* @shown: the same with "$NAME", which both sides have in common */
static void list_path(struct run *r, const char *path, const char *shown)
{
	char target[256] = "", child[512], child_shown[512];
	struct names names = { NULL, 0 };
	struct stat st;
	unsigned int i;
	int error = r->s->stat(r->s, path, &st, target, sizeof(target));

	if (error) {
		answer(r, "%s <%s>", shown, error_name(error));
		return;
	}
	if (S_ISDIR(st.st_mode))
		answer(r, "%s dir %04o", shown, st.st_mode & 07777);
	else if (S_ISLNK(st.st_mode))
		answer(r, "%s link %s", shown, target);
	else
		answer(r, "%s file %04o %lld", shown, st.st_mode & 07777, (long long)st.st_size);
	if (!S_ISDIR(st.st_mode))
		return;
	names.name = malloc((size_t)LIST_MAX * 64);
	if (!names.name)
		return;
	r->s->readdir(r->s, path, add_name, &names);
	qsort(names.name, names.nr, 64, compare_names);
	for (i = 0; i < names.nr; i++) {
		snprintf(child, sizeof(child), "%s/%s", path, names.name[i]);
		snprintf(child_shown, sizeof(child_shown), "%s/%s", shown, names.name[i]);
		list_path(r, child, child_shown);
	}
	free(names.name);
}

static void step_list(struct run *r, char *rest)
{
	const char *shown = word(&rest);
	char path[512];

	snprintf(path, sizeof(path), "%s", real_path(r, shown));
	list_path(r, path, shown);
}

/* ---- mappings ---- */

static bool in_window(const char *line)
{
	unsigned long long start, end;

	return sscanf(line, "%llx-%llx ", &start, &end) == 2 && start < WINDOW_END &&
	       end > WINDOW_START;
}

bool process_file(struct run *r, const char *name, const char *file)
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "proc/%d/%s", r->s->pid(r->s, name), file);
	n = read_text(r, path);
	if (n < 0)
		answer(r, "<%s>", error_name(n));
	return n >= 0;
}

/* The file of a shared anonymous mapping, and of one of huge pages, has whatever number was the
 * next. */
static const char *without_inode(char *line)
{
	static char out[256];
	char *name = strstr(line, "/dev/zero"), *number;

	if (!name)
		name = strstr(line, "/anon_hugepage");
	if (!name)
		return line;
	for (number = name; number > line && number[-1] == ' '; number--)
		;
	while (number > line && number[-1] != ' ')
		number--;
	snprintf(out, sizeof(out), "%.*sN %s", (int)(number - line), line, name);
	return out;
}

static void step_maps(struct run *r, char *rest)
{
	char *line, *save;

	if (!process_file(r, word(&rest), "maps"))
		return;
	for (line = strtok_r(r->text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (in_window(line))
			answer(r, "%s", without_inode(line));
}

static void step_smaps(struct run *r, char *rest)
{
	static char line[1024];
	const char *key;
	int n = 0;

	if (!process_file(r, word(&rest), "smaps"))
		return;
	while ((key = word(&rest))) {
		long long sum = 0;
		bool inside = false;
		char *at;

		for (at = r->text; at && *at; at = strchr(at, '\n'), at = at ? at + 1 : NULL) {
			unsigned long long start, end;

			if (sscanf(at, "%llx-%llx ", &start, &end) == 2)
				inside = in_window(at);
			else if (inside && !strncmp(at, key, strlen(key)) && at[strlen(key)] == ':')
				sum += strtoll(at + strlen(key) + 1, NULL, 10);
		}
		n += snprintf(line + n, sizeof(line) - (size_t)n, "%s%s %lld", n ? " " : "", key,
			      sum);
	}
	answer(r, "%s", line);
}

/* ---- overcommit ---- */

static int try_mmap(struct run *r, const char *name, const char *words, long long pages)
{
	char line[256], said[256];
	int error;

	snprintf(line, sizeof(line), "mmap bisected %lld %s addr=0x%llx", pages << 12, words,
		 WINDOW_START);
	error = r->s->command(r->s, name, line, said, sizeof(said));
	if (!error)
		r->s->command(r->s, name, "munmap bisected", said, sizeof(said));
	return error;
}

static long long fields(struct run *r, char *list)
{
	long long sum = 0, value;
	char *at = list, key[64];
	int sign = 1;

	read_text(r, "proc/meminfo");
	while (*at) {
		size_t length = strcspn(at, "+-");

		snprintf(key, sizeof(key), "%.*s:", (int)length, at);
		if (number_behind(r->text, key, &value))
			sum += sign * value / 4;
		at += length;
		sign = *at == '-' ? -1 : 1;
		at += *at != '\0';
	}
	return sum;
}

static void step_largest(struct run *r, char *rest)
{
	const char *name = word(&rest);
	char *minus = strstr(rest, "minus ");
	long long low = 0, high = 1ll << 26, less;
	int error = 0, last = 0;

	if (!minus) {
		answer(r, "<minus?>");
		return;
	}
	*minus = '\0';
	less = fields(r, minus + 6);
	while (low < high) {
		long long middle = (low + high + 1) / 2;

		error = try_mmap(r, name, rest, middle);
		if (error) {
			last = error;
			high = middle - 1;
		} else {
			low = middle;
		}
	}
	if (low == 1ll << 26)
		answer(r, "no limit");
	else
		answer(r, "%+lld, then %s", low - less, error_name(last));
}

/* ---- processes ---- */

static void step_process(struct run *r, char *rest)
{
	const char *name = word(&rest);
	int error = r->s->make(r->s, name);

	if (!error && r->nr_names < NAMES_MAX)
		snprintf(r->names[r->nr_names++], sizeof(r->names[0]), "%s", name);
	if (error)
		answer(r, "%s", error_name(error));
}

static void end_process(struct run *r, const char *name)
{
	unsigned int i;

	for (i = 0; i < r->nr_names; i++)
		if (!strcmp(r->names[i], name)) {
			r->s->end(r->s, name);
			memmove(r->names[i], r->names[r->nr_names - 1], sizeof(r->names[0]));
			r->nr_names--;
			return;
		}
}

static void step_end(struct run *r, char *rest)
{
	end_process(r, word(&rest));
}

static void step_command(struct run *r, const char *name, const char *line)
{
	char said[512] = "ok";
	int error = r->s->command(r->s, name, line, said, sizeof(said));

	if (!error && !strncmp(line, "fork ", 5) && r->nr_names < NAMES_MAX)
		snprintf(r->names[r->nr_names++], sizeof(r->names[0]), "%s", line + 5);
	answer(r, "%s", error ? error_name(error) : said);
}

static const struct step steps[] = {
	{ "process", step_process }, { "end", step_end },	{ "put", step_put },
	{ "try", step_try },	     { "get", step_get },	{ "look", step_look },
	{ "field", step_field },     { "list", step_list },	{ "maps", step_maps },
	{ "smaps", step_smaps },     { "mark", step_mark },	{ "delta", step_delta },
	{ "zones", step_zones },     { "sum", step_sum },	{ "largest", step_largest },
	{ "share", step_share },     { "blocks", step_blocks },
};

static const struct step *find_step(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (!strcmp(name, steps[i].name))
			return &steps[i];
	for (i = 0; i < nr_more_steps; i++)
		if (!strcmp(name, more_steps[i].name))
			return &more_steps[i];
	return NULL;
}

static void run_step(struct run *r, char *line)
{
	static char copy[LINE_MAX_];
	const struct step *step;
	char *rest = copy, *first;

	r->step++;
	r->step_text = line;
	snprintf(copy, sizeof(copy), "%s", line);
	first = word(&rest);
	if (first[strlen(first) - 1] == ':') {
		first[strlen(first) - 1] = '\0';
		step_command(r, first, rest);
	} else {
		step = find_step(first);
		if (step)
			step->run(r, rest);
		else
			answer(r, "<no such step>");
	}
	r->with[0] = '\0';
}

/* "NAME on MACHINE ...": is it for this machine? Cuts the name off. */
static bool is_for(char *line, const char *machine)
{
	char *list = strstr(line, " on "), *name;

	if (!list)
		return true;
	*list = '\0';
	for (list += 4; (name = word(&list));)
		if (!strcmp(name, machine))
			return true;
	return false;
}

static void end_case(struct run *r)
{
	while (r->nr_names)
		end_process(r, r->names[0]);
	end_steps(r);
	r->step = 0;
	r->with[0] = '\0';
}

/* Earlier cases' records. */
static void forget(void *arg, const char *record)
{
	(void)arg;
	(void)record;
}

/* Does the case whose steps begin here ask for the log? */
static bool has_log(const char *text)
{
	const char *log = strstr(text, "\tlog "), *next = strstr(text, "\ncase ");

	return log && (!next || log < next);
}

unsigned int run_cases(struct side *s, char *text, const char *machine, const char *only,
		       const struct recorder *rec)
{
	struct run *r = &run;
	char area[64] = "", *line, *at, *name;
	unsigned int ran = 0;
	bool active = false;

	memset(r, 0, sizeof(*r));
	r->s = s;
	r->r = rec;
	r->machine = machine;
	while ((line = cut_line(&text))) {
		line += strspn(line, "\t ");
		if (!*line || *line == '#')
			continue;
		if (!strncmp(line, "area ", 5)) {
			snprintf(area, sizeof(area), "%s", line + 5);
			r->nr_watch = 0;
		} else if (!strncmp(line, "watch ", 6)) {
			for (at = line + 6; (name = word(&at)) && r->nr_watch < WATCH_MAX;)
				snprintf(r->watch[r->nr_watch++], sizeof(r->watch[0]), "%s", name);
		} else if (!strncmp(line, "case ", 5)) {
			end_case(r);
			active = is_for(line + 5, machine) && (!only || !strcmp(line + 5, only));
			ran += active;
			if (active) {
				if (has_log(text))
					s->log(s, forget, NULL);
				rec->begin(rec->arg, area, line + 5);
			}
		} else if (active &&
			   (!strncmp(line, "within ", 7) || !strncmp(line, "factor ", 7) ||
			    !strncmp(line, "ordered ", 8))) {
			snprintf(r->with, sizeof(r->with), "%s", line);
		} else if (active) {
			run_step(r, line);
		}
	}
	end_case(r);
	return ran;
}
