/*
 * fail.c - sim/ctl's `fail`: I/O errors, in the words of the kernel's fault injection.
 *
 *	fail DEVICE [read|write|all] [probability=PCT] [interval=N] [times=N]
 *	fail DEVICE off
 *
 * DEVICE is vda, the disk with all that is on it, or the name of a swap area, as swapon has it.
 */
#include "fs/sim/command.h"

#include <errno.h>
#include <string.h>

/* As proc/swaps shows it, or without the /dev/ or / that swapon puts before a bare name. */
static bool is_called(const struct machine *m, const struct swap_area *a, const char *name)
{
	const char *path = swap_area_path(m, a);

	return !strcmp(path, name) || !strcmp(path + (strncmp(path, "/dev/", 5) ? 1 : 5), name);
}

/* The sectors that the name stands for: those of an area begin with its header. */
static int find_device(struct command_run *c, const char *name, struct blk_fault *f)
{
	u32 i;

	f->first = 0;
	f->last = UINT64_MAX;
	if (!strcmp(name, "vda") || !strcmp(name, "/dev/vda"))
		return 0;
	for (i = 0; i < MAX_SWAPFILES; i++) {
		const struct swap_area *a = &c->m->swap.area[i];

		if (!a->in_use || !is_called(c->m, a, name))
			continue;
		f->first = a->sector;
		f->last = a->sector + a->pages;
		return 0;
	}
	i = blk_disk_find(c->m, strncmp(name, "/dev/", 5) ? name : name + 5);
	if (i < BLK_DISKS_MAX) {
		f->first = c->m->blk.disk[i].first;
		f->last = f->first + c->m->blk.disk[i].pages - 1;
		return 0;
	}
	return command_explain(c, -ENODEV, "there is no device '%s': vda, or a swap area's name",
			       name);
}

static int parse_count(struct command_run *c, const char *value, const char *what, u64 *n)
{
	int error = argument_number(c, value, n);

	if (!error && !*n)
		error = command_explain(c, -EINVAL, "%s is at least 1", what);
	return error;
}

static int parse_word(struct command_run *c, const char *word, struct blk_fault *f)
{
	const char *value;
	u64 n = 0;
	int error;

	if (!strcmp(word, "read") || !strcmp(word, "write") || !strcmp(word, "all")) {
		f->on[BIO_READ] = *word != 'w';
		f->on[BIO_WRITE] = *word != 'r';
		return 0;
	}
	value = argument_option(word, "probability");
	if (value) {
		error = argument_number(c, value, &n);
		if (!error && n > 100)
			error = command_explain(c, -EINVAL, "a probability is 0 to 100 percent");
		f->probability = (u32)n;
		return error;
	}
	value = argument_option(word, "interval");
	if (value) {
		error = parse_count(c, value, "the interval", &n);
		if (!error && n > UINT32_MAX)
			error = command_explain(c, -EINVAL, "the interval is too long");
		f->interval = (u32)n;
		return error;
	}
	value = argument_option(word, "times");
	if (value)
		return !strcmp(value, "-1") ? 0 : parse_count(c, value, "times", &f->times);
	return command_explain(c, -EINVAL, "unknown option '%s'", word);
}

static int fail_off(struct command_run *c, const struct blk_fault *f)
{
	blk_clear_fault(c->m, f->first, f->last);
	return 0;
}

int cmd_fail(struct command_run *c)
{
	struct blk_fault f = { .times = BLK_FAULT_TIMES, .probability = 100, .interval = 1 };
	int error = find_device(c, c->word[1], &f);
	u32 i;

	if (!error && c->nr_words == 3 && !strcmp(c->word[2], "off"))
		return fail_off(c, &f);
	f.on[BIO_READ] = f.on[BIO_WRITE] = true;
	for (i = 2; i < c->nr_words && !error; i++)
		error = parse_word(c, c->word[i], &f);
	if (!error)
		error = blk_set_fault(c->m, &f);
	if (error == -ENOSPC)
		return command_explain(c, error, "at most %u devices can fail", BLK_FAULTS_MAX);
	return error;
}
