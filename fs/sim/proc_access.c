/*
 * proc_access.c - commands of sim/procs/NAME/ctl that touch memory: read, write, access, load.
 */
#include "fs/sim/command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* "1024 pages, minflt +1024, majflt +0" */
static void tell_faults(struct command_run *c, u64 touched, u64 minor, u64 major)
{
	const struct task *t = task_at(c->m, c->task);

	text_printf(c->result, "%llu pages, minflt +%llu, majflt +%llu",
		    (unsigned long long)touched, (unsigned long long)(t->min_flt - minor),
		    (unsigned long long)(t->maj_flt - major));
}

/* What "stack" names, unless a region has that name: the stack that execve(2) made. */
static bool own_stack(const struct command_run *c, u64 *start, u64 *length)
{
	handle_t mm = task_at(c->m, c->task)->mm;
	handle_t h = mm ? find_vma_exact(c->m, mm, mm_at(c->m, mm)->start_stack) : 0;

	if (!h)
		return false;
	*start = vma_at(c->m, h)->start;
	*length = vma_at(c->m, h)->end - *start;
	return true;
}

/* A negative OFF lies below the region, where a stack grows to and others have no memory. */
static int touch_below(struct command_run *c, u64 *start, u64 *length)
{
	u64 base = *start;
	s64 offset;
	int error = argument_signed_size(c, c->word[2], &offset);

	if (!error && base < -(u64)offset)
		error = command_explain(c, -EINVAL, "there are no addresses below 0");
	*start = base + (u64)offset;
	*length = -(u64)offset;
	if (!error && c->nr_words > 3)
		error = argument_size(c, c->word[3], length);
	return error;
}

/* NAME [OFF LEN] of read and write */
static int touch_range(struct command_run *c, u64 *start, u64 *length)
{
	const struct lab_region *r = lab_region_find(c->m, c->lab, c->word[1]);
	bool below = c->nr_words > 2 && c->word[2][0] == '-';

	if (r) {
		*start = r->start;
		*length = r->length;
	} else if (strcmp(c->word[1], "stack") != 0 || !own_stack(c, start, length)) {
		return command_explain(c, -ENOENT, "no region named '%s'", c->word[1]);
	}
	return below ? touch_below(c, start, length) : argument_part(c, 2, start, length);
}

/* @byte: what a write leaves in every byte of the range; NULL: what was there. */
static int touch(struct command_run *c, bool write, const u8 *byte)
{
	const struct task *t = task_at(c->m, c->task);
	u64 start = 0, length = 0, pages = 0, minor = t->min_flt, major = t->maj_flt;
	int error = touch_range(c, &start, &length);

	if (error)
		return error;
	if (byte)
		error = mm_fill_range(c->m, c->task, start, length, *byte, &pages);
	else
		error = mm_access_range(c->m, c->task, start, length, write, &pages);
	/* interrupted or not: what it touched stays touched, and the journal must know */
	if (error && pages)
		tree_note_change(c->rq->tree);
	if (!error)
		tell_faults(c, pages, minor, major);
	return error;
}

static int cmd_read(struct command_run *c)
{
	return touch(c, false, NULL);
}

static int cmd_write(struct command_run *c)
{
	const char *value = c->nr_words > 2 ? argument_option(c->word[c->nr_words - 1], "value") :
					      NULL;
	u64 number;
	u8 byte = 0;
	int error;

	if (value) {
		error = argument_number(c, value, &number);
		if (error)
			return error;
		if (number > 255)
			return command_explain(c, -EINVAL, "value= is a byte, 0 to 255");
		byte = (u8)number;
		c->nr_words--;
	}
	if (c->nr_words > 4)
		return command_explain(c, -EINVAL, "usage: write NAME [OFF LEN] [value=N]");
	return touch(c, true, value ? &byte : NULL);
}

static int parse_theta(struct command_run *c, const char *word, u32 *millis)
{
	u64 ns;

	/* a decimal fraction reads like a time in seconds */
	if (argument_time(word, strlen(word), &ns) || ns > 10 * NSEC_PER_SEC ||
	    strpbrk(word, "nushmd"))
		return command_explain(c, -EINVAL, "'%s' is not a theta between 0 and 10", word);
	*millis = (u32)(ns / NSEC_PER_MSEC);
	return 0;
}

static int parse_pattern(struct command_run *c, const char *word, struct access_spec *spec)
{
	static const struct {
		const char *word;
		enum access_pattern pattern;
	} patterns[] = {
		{ "seq", ACCESS_SEQ },
		{ "random", ACCESS_RANDOM },
		{ "uniform", ACCESS_UNIFORM },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(patterns); i++)
		if (strcmp(word, patterns[i].word) == 0) {
			spec->pattern = patterns[i].pattern;
			return 0;
		}
	if (strncmp(word, "zipf:", 5) == 0) {
		spec->pattern = ACCESS_ZIPF;
		return parse_theta(c, word + 5, &spec->theta_millis);
	}
	return command_explain(c, -EINVAL, "'%s' is none of seq, random, uniform, zipf:THETA",
			       word);
}

/* NAME PATTERN COUNT [write=PCT] [for=TIME] [OFF LEN] */
static int parse_access(struct command_run *c, struct access_spec *spec)
{
	u64 numbers[2] = { 0, 0 }, percent;
	u32 i, n = 0;
	const char *value;
	int error = parse_pattern(c, c->word[2], spec);

	if (!error)
		error = argument_size(c, c->word[3], &spec->count);
	for (i = 4; i < c->nr_words && !error; i++) {
		if ((value = argument_option(c->word[i], "write"))) {
			error = argument_number(c, value, &percent);
			if (!error && percent > 100)
				error = command_explain(c, -EINVAL, "write= is a percentage");
			spec->write_percent = (u32)percent;
		} else if ((value = argument_option(c->word[i], "for"))) {
			if (argument_time(value, strlen(value), &spec->for_ns))
				error = command_explain(c, -EINVAL, "'%s' is not a time", value);
		} else if (n < 2) {
			error = argument_size(c, c->word[i], &numbers[n++]);
		} else {
			error = command_explain(c, -EINVAL, "unknown option '%s'", c->word[i]);
		}
	}
	spec->offset = numbers[0];
	spec->length = numbers[1];
	return error;
}

static int region_error(struct command_run *c, int error)
{
	if (error == -ENOENT)
		return command_explain(c, error, "no region named '%s'", c->word[1]);
	if (error == -EINVAL)
		return command_explain(c, error, "the range is not inside '%s'", c->word[1]);
	return error;
}

static int cmd_access(struct command_run *c)
{
	const struct task *t = task_at(c->m, c->task);
	u64 minor = t->min_flt, major = t->maj_flt, done = 0;
	struct access_spec spec = { 0 };
	int error = parse_access(c, &spec);

	if (error)
		return error;
	if (spec.for_ns)
		return command_explain(c, -EINVAL, "for= belongs to load");
	error = lab_access(c->m, c->lab, c->word[1], &spec, &done);
	if (error && done)
		tree_note_change(c->rq->tree);
	if (!error)
		tell_faults(c, done, minor, major);
	return region_error(c, error);
}

static int cmd_load(struct command_run *c)
{
	struct access_spec spec = { 0 };
	int error = parse_access(c, &spec);

	if (error)
		return error;
	if (!spec.count)
		return command_explain(c, -EINVAL, "a load has a rate: accesses per second");
	error = lab_load_start(c->m, c->lab, c->word[1], &spec);
	if (error == -EEXIST)
		return command_explain(c, error, "a load runs on '%s' already", c->word[1]);
	return region_error(c, error);
}

static int cmd_unload(struct command_run *c)
{
	int error = lab_load_stop(c->m, c->lab, c->word[1]);

	return error ? command_explain(c, error, "no load runs on '%s'", c->word[1]) : 0;
}

static const struct command commands[] = {
	{ "read", 1, 3, 0, cmd_read, "NAME [OFF LEN]" },
	{ "write", 1, 4, 0, cmd_write, "NAME [OFF LEN] [value=N]" },
	{ "access", 3, 6, 0, cmd_access,
	  "NAME seq|random|uniform|zipf:THETA COUNT [write=PCT] [OFF LEN]" },
	{ "load", 3, 7, 0, cmd_load,
	  "NAME seq|random|uniform|zipf:THETA RATE [write=PCT] [for=TIME] [OFF LEN]" },
	{ "unload", 1, 1, 0, cmd_unload, "NAME" },
};

const struct command_table access_commands = { commands, ARRAY_SIZE(commands) };
