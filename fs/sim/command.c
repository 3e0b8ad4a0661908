/*
 * command.c - carrying out lines of the control language.
 */
#include "fs/sim/command.h"

#include <errno.h>
#include <mman/hugetlb.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fs/parse.h"
#include "fs/sim/sim.h"

int command_explain(struct command_run *c, int error, const char *format, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	text_reset(c->result);
	text_str(c->result, line);
	return error;
}

bool command_died(const struct command_run *c)
{
	return c->m->running && c->m->running->died;
}

static const struct command *command_find(const struct command_table *tables, u32 nr_tables,
					  const char *name)
{
	u32 i, j;

	for (i = 0; i < nr_tables; i++)
		for (j = 0; j < tables[i].nr; j++)
			if (strcmp(tables[i].commands[j].name, name) == 0)
				return &tables[i].commands[j];
	return NULL;
}

/* Cut @line into words in place. */
static int split_words(struct command_run *c, char *line)
{
	char *rest = line, *word;

	c->nr_words = 0;
	while ((word = strtok_r(rest, " \t\r", &rest))) {
		if (c->nr_words == COMMAND_WORDS_MAX)
			return command_explain(c, -E2BIG, "too many words");
		c->word[c->nr_words++] = word;
	}
	return 0;
}

/* Its process is gone: why. */
static int explain_end(struct command_run *c, int error, const char *when)
{
	const struct lab_process *l = lab_at(c->m, c->lab);
	struct text how;

	text_init(&how);
	if (l->number == c->lab_number && l->ended)
		process_end_text(l, &how);
	else
		text_str(&how, "its directory is gone");
	text_char(&how, '\0');
	if (!text_error(&how))
		command_explain(c, error, "the process %s: %s", when, how.data);
	text_free(&how);
	return error;
}

/* Run @command for its process: the engine works inside its address space until it is over. */
static int run_in_process(struct command_run *c, const struct command *command)
{
	struct running r;
	int error;

	if (!c->task)
		return explain_end(c, -ESRCH, "has ended");
	if (command->flags & COMMAND_OUTSIDE) {
		error = command->run(c);
		/* unless its directory went meanwhile */
		c->task = lab_at(c->m, c->lab)->number == c->lab_number ?
				  lab_at(c->m, c->lab)->task :
				  0;
		return error;
	}
	if (task_at(c->m, c->task)->state == TASK_STOPPED)
		return command_explain(c, -EAGAIN, "the process is stopped");
	task_run_begin(c->m, &r, c->task);
	clock_charge(c->m, c->m->cost.syscall);
	error = command->run(c);
	if (!error && r.interrupted)
		error = -EINTR;
	if (!task_run_end(c->m, &r)) {
		c->task = 0;
		if (command->flags & COMMAND_LAST)
			return 0;
		return explain_end(c, -EINTR, "was ended meanwhile");
	}
	return error;
}

static int explain_panicked(struct command_run *c)
{
	return command_explain(c, -EIO, "the kernel has panicked: only reboot and rewind help");
}

static int run_line(struct command_run *c, const struct command_table *tables, u32 nr_tables,
		    char *line)
{
	const struct command *command;
	int error = split_words(c, line);
	u32 arguments;

	if (error || !c->nr_words || c->word[0][0] == '#')
		return error;
	text_reset(c->result);
	command = command_find(tables, nr_tables, c->word[0]);
	if (!command)
		return command_explain(c, -EINVAL, "no such command: sim/README has them all");
	arguments = c->nr_words - 1;
	if (arguments < command->min_words || arguments > command->max_words)
		return command_explain(c, -EINVAL, "usage: %s %s", command->name, command->usage);
	if (c->m->panicked && !(command->flags & COMMAND_PANICKED))
		return explain_panicked(c);
	error = c->lab ? run_in_process(c, command) : command->run(c);
	/* a reboot has put another machine there */
	if (error && tree_machine(c->rq->tree) == c->m && c->m->panicked)
		return explain_panicked(c);
	return error;
}

/* What ctl reads: "NAME: result" or "NAME: ENOMEM: Cannot allocate memory: why". */
static void keep_result(struct command_run *c, int error)
{
	handle_t *home = c->lab ? &lab_at(c->m, c->lab)->result : &c->m->tasks.ctl_result;
	const char *name = c->nr_words ? c->word[0] : "";
	struct text t;

	text_init(&t);
	text_str(&t, name);
	if (error)
		text_printf(&t, ": %s: %s", strerrorname_np(-error), strerror(-error));
	if (c->result->length) {
		text_str(&t, ": ");
		text_mem(&t, c->result->data, c->result->length);
	} else if (!error) {
		text_str(&t, ": ok");
	}
	text_char(&t, '\n');
	if (!text_error(&t))
		lab_text_set(c->m, home, t.data, t.length);
	text_free(&t);
}

ssize_t command_store(const struct request *rq, const struct command_table *tables, u32 nr_tables,
		      handle_t lab, const char *data, size_t size)
{
	struct command_run c = { .rq = rq, .m = rq->m, .lab = lab };
	struct text result;
	char line[COMMAND_LINE_MAX];
	size_t done = 0;
	int error = 0;

	text_init(&result);
	c.result = &result;
	c.task = lab ? lab_at(rq->m, lab)->task : 0;
	c.lab_number = lab ? lab_at(rq->m, lab)->number : 0;
	/* half a command may be a whole other one: "mmap a 1" of "mmap a 128M" */
	if (size >= COMMAND_LINE_MAX && data[size - 1] != '\n' && memchr(data, '\n', size)) {
		error = command_explain(&c, -EINVAL,
					"%zu bytes that end within a line: a buffer cut it", size);
		keep_result(&c, error);
	}
	while (!error && done < size) {
		const char *end = memchr(data + done, '\n', size - done);
		size_t length = end ? (size_t)(end - (data + done)) : size - done;

		text_reset(&result);
		if (length >= sizeof(line)) {
			c.nr_words = 0;
			error = command_explain(&c, -E2BIG, "the line is too long");
		} else {
			memcpy(line, data + done, length);
			line[length] = '\0';
			/* a machine that was replaced (rewind, reboot) is gone when this returns */
			error = run_line(&c, tables, nr_tables, line);
			if (tree_machine(rq->tree) != c.m)
				break;
		}
		/* somebody removed the process's directory in the middle of the command */
		if (lab && lab_at(c.m, lab)->number != c.lab_number)
			break;
		if (c.nr_words || error)
			keep_result(&c, error);
		if (error)
			break;
		done += length + (end ? 1 : 0);
	}
	text_free(&result);
	if (!error)
		return (ssize_t)size;
	/* Lines before the failing one have taken effect. */
	return done ? (ssize_t)done : error;
}

/* ---- arguments ---- */

static int unit_shift(char unit)
{
	switch (unit) {
	case 'k':
	case 'K':
		return 10;
	case 'm':
	case 'M':
		return 20;
	case 'g':
	case 'G':
		return 30;
	case 't':
	case 'T':
		return 40;
	default:
		return -1;
	}
}

/* Digits with an optional unit; no sign, no blanks, nothing behind. */
static int parse_size(const char *word, u64 *bytes)
{
	u64 value = 0;
	u32 base = 10, digits = 0;
	int shift;

	if (word[0] == '0' && (word[1] == 'x' || word[1] == 'X')) {
		base = 16;
		word += 2;
	}
	for (;; word++, digits++) {
		u32 digit = *word >= '0' && *word <= '9'	       ? (u32)(*word - '0') :
			    base == 16 && *word >= 'a' && *word <= 'f' ? (u32)(*word - 'a' + 10) :
			    base == 16 && *word >= 'A' && *word <= 'F' ? (u32)(*word - 'A' + 10) :
									 base;

		if (digit == base)
			break;
		if (value > (UINT64_MAX - digit) / base)
			return -EINVAL;
		value = value * base + digit;
	}
	if (!digits)
		return -EINVAL;
	if (*word) {
		shift = unit_shift(*word);
		if (shift < 0 || word[1] || value > UINT64_MAX >> shift)
			return -EINVAL;
		value <<= shift;
	}
	*bytes = value;
	return 0;
}

int argument_size(struct command_run *c, const char *word, u64 *bytes)
{
	if (parse_size(word, bytes))
		return command_explain(c, -EINVAL,
				       "'%s' is not a size (a number, with K, M, G or T)", word);
	return 0;
}

int argument_signed_size(struct command_run *c, const char *word, s64 *bytes)
{
	bool negative = *word == '-';
	u64 magnitude;

	if (parse_size(word + (negative || *word == '+'), &magnitude) || magnitude > INT64_MAX)
		return command_explain(c, -EINVAL, "'%s' is not a size with a sign", word);
	*bytes = negative ? -(s64)magnitude : (s64)magnitude;
	return 0;
}

int argument_number(struct command_run *c, const char *word, u64 *value)
{
	size_t length = strlen(word);

	if (length && unit_shift(word[length - 1]) >= 0)
		return command_explain(c, -EINVAL, "'%s' is not a number", word);
	if (parse_size(word, value))
		return command_explain(c, -EINVAL, "'%s' is not a number", word);
	return 0;
}

int argument_time(const char *word, size_t length, u64 *ns)
{
	static const struct {
		const char *name;
		u64 ns;
	} unit[] = {
		{ "ns", 1 },
		{ "us", NSEC_PER_USEC },
		{ "ms", NSEC_PER_MSEC },
		{ "s", NSEC_PER_SEC },
		{ "", NSEC_PER_SEC },
		{ "m", 60 * NSEC_PER_SEC },
		{ "min", 60 * NSEC_PER_SEC },
		{ "h", 3600 * NSEC_PER_SEC },
		{ "d", 86400 * NSEC_PER_SEC },
	};
	u64 whole = 0, fraction = 0, scale = 1;
	size_t i = 0, first;
	u32 u;

	for (; i < length && word[i] >= '0' && word[i] <= '9'; i++) {
		if (whole > UINT32_MAX)
			return -EINVAL;
		whole = whole * 10 + (u64)(word[i] - '0');
	}
	first = i;
	if (i < length && word[i] == '.') {
		for (i++; i < length && word[i] >= '0' && word[i] <= '9'; i++) {
			if (scale >= NSEC_PER_SEC)
				continue;
			fraction = fraction * 10 + (u64)(word[i] - '0');
			scale *= 10;
		}
	}
	if (!first)
		return -EINVAL;
	for (u = 0; u < ARRAY_SIZE(unit); u++) {
		unsigned __int128 total;

		if (strlen(unit[u].name) != length - i ||
		    memcmp(word + i, unit[u].name, length - i) != 0)
			continue;
		total = (unsigned __int128)whole * unit[u].ns +
			(unsigned __int128)fraction * unit[u].ns / scale;
		if (total > INT64_MAX)
			return -EINVAL;
		*ns = (u64)total;
		return 0;
	}
	return -EINVAL;
}

int argument_prot(struct command_run *c, const char *word, u32 *prot)
{
	const char *p = word;

	*prot = 0;
	if (strcmp(word, "none") == 0 || strcmp(word, "-") == 0 || strcmp(word, "---") == 0)
		return 0;
	for (; *p; p++) {
		if (*p == 'r')
			*prot |= VM_READ;
		else if (*p == 'w')
			*prot |= VM_WRITE;
		else if (*p == 'x')
			*prot |= VM_EXEC;
		else if (*p != '-')
			return command_explain(c, -EINVAL,
					       "'%s' is not a protection (letters of rwx, or none)",
					       word);
	}
	return 0;
}

const char *argument_option(const char *word, const char *key)
{
	size_t n = strlen(key);

	return strncmp(word, key, n) == 0 && word[n] == '=' ? word + n + 1 : NULL;
}

int argument_cpus(struct command_run *c, const char *word, struct cpumask *mask)
{
	const char *p = word, *end = word + strlen(word);
	u64 from, to;

	memset(mask, 0, sizeof(*mask));
	while (parse_digits(&p, end, &from)) {
		to = from;
		if (parse_literal(&p, end, "-") && !parse_digits(&p, end, &to))
			break;
		if (to < from || to >= NR_CPUS_MAX)
			break;
		for (; from <= to; from++)
			mask->bits[from / 64] |= 1ull << (from % 64);
		if (p == end)
			return 0;
		if (!parse_literal(&p, end, ","))
			break;
	}
	return command_explain(c, -EINVAL, "'%s' is not a list of CPUs such as 0-3,8", word);
}

int argument_part(struct command_run *c, u32 first, u64 *start, u64 *length)
{
	u64 whole = *length, offset = 0;
	int error = 0;

	if (c->nr_words > first)
		error = argument_size(c, c->word[first], &offset);
	if (!error && c->nr_words > first + 1)
		error = argument_size(c, c->word[first + 1], length);
	else if (!error)
		*length = offset < whole ? whole - offset : 0;
	if (error)
		return error;
	if (offset > whole || *length > whole - offset)
		return command_explain(c, -EINVAL, "'%s' is %llu bytes long", c->word[first - 1],
				       (unsigned long long)whole);
	*start += offset;
	return 0;
}

/* A mapping of huge pages is whole ones, whatever length was asked for. */
static u64 mapped_length(const struct command_run *c, const struct lab_region *r)
{
	const handle_t mm = task_at(c->m, c->task)->mm;
	handle_t h = mm ? find_vma_exact(c->m, mm, r->start) : 0;
	u64 size = h && vma_at(c->m, h)->flags & VM_HUGETLB ?
			   vma_hstate(c->m, vma_at(c->m, h))->page_size :
			   PAGE_SIZE;

	return (r->length + size - 1) & ~(size - 1);
}

int argument_range(struct command_run *c, u32 first, u64 *start, u64 *length)
{
	const struct lab_region *r = lab_region_find(c->m, c->lab, c->word[first]);

	if (!r)
		return command_explain(c, -ENOENT, "no region named '%s'", c->word[first]);
	*start = r->start;
	*length = c->nr_words > first + 1 ? mapped_length(c, r) : r->length;
	return argument_part(c, first + 1, start, length);
}
