/*
 * fail.c - sim/ctl's `fail`: I/O errors, in the words of the kernel's fault injection.
 *
 *	fail DEVICE [file=PATH] [sectors=FIRST[..LAST]] [read|write|all] [probability=PCT]
 *	            [interval=N] [times=N]
 *	fail DEVICE [file=PATH] [sectors=FIRST[..LAST]] off
 *
 * DEVICE is a disk, with all that is on it, or the name of a swap area, as swapon has it. Sectors
 * have 512 bytes and count from its beginning, or from that of the file. A page fails if one of its
 * sectors does.
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

/* What is meant: sectors, here in pages, of one of the disks. */
struct device {
	u32 disk;
	u64 first, last;
};

static bool find_swap_area(const struct machine *m, const char *name, struct device *d)
{
	u32 i;

	for (i = 0; i < MAX_SWAPFILES; i++) {
		const struct swap_area *a = &m->swap.area[i];

		if (!a->in_use || !is_called(m, a, name))
			continue;
		/* they begin with a header */
		*d = (struct device){ .first = a->sector, .last = a->sector + a->pages };
		d->disk = blk_disk_of(m, a->sector);
		return true;
	}
	return false;
}

static int find_device(struct command_run *c, const char *name, struct device *d)
{
	const struct machine *m = c->m;
	u32 i = blk_disk_find(m, strncmp(name, "/dev/", 5) ? name : name + 5);

	*d = (struct device){ .disk = i, .last = UINT64_MAX };
	if (!i || find_swap_area(m, name, d))
		return 0;
	if (i == BLK_DISKS_MAX)
		return command_explain(c, -ENODEV,
				       "there is no device '%s': vda, or a swap area's name", name);
	d->first = m->blk.disk[i].first;
	d->last = d->first + m->blk.disk[i].pages - 1;
	return 0;
}

/* ---- a part of it ---- */

static int parse_file(struct command_run *c, const char *name, struct device *d)
{
	handle_t inode;
	int error;

	if (d->last != UINT64_MAX)
		return command_explain(c, -EINVAL, "files lie on vda");
	error = command_find_file(c, name, &inode);
	if (error)
		return error;
	d->first = blk_file_sector(inode, 0);
	d->last = blk_file_sector(inode, UINT32_MAX);
	return 0;
}

/* FIRST or FIRST..LAST */
static int parse_sectors(struct command_run *c, const char *value, struct device *d)
{
	const u64 per_page = PAGE_SIZE / 512;
	char text[COMMAND_LINE_MAX + 1];
	u64 first, last;
	char *dots;
	int error;

	if (d->last == UINT64_MAX)
		return command_explain(c, -EINVAL,
				       "which sectors of vda a file has is not said: file=PATH");
	strcpy(text, value);
	dots = strstr(text, "..");
	if (dots)
		*dots = '\0';
	error = argument_number(c, text, &first);
	last = first;
	if (!error && dots)
		error = argument_number(c, dots + 2, &last);
	if (error)
		return error;
	if (last < first || last / per_page > d->last - d->first)
		return command_explain(c, -EINVAL, "there are no such sectors");
	d->last = d->first + last / per_page;
	d->first += first / per_page;
	return 0;
}

static const char *place_word(const struct command_run *c, const char *key)
{
	const char *value = NULL;
	u32 i;

	for (i = 2; i < c->nr_words && !value; i++)
		value = argument_option(c->word[i], key);
	return value;
}

static int parse_place(struct command_run *c, struct device *d)
{
	const char *file = place_word(c, "file"), *sectors = place_word(c, "sectors");
	int error = find_device(c, c->word[1], d);

	if (!error && file)
		error = parse_file(c, file, d);
	if (!error && sectors)
		error = parse_sectors(c, sectors, d);
	return error;
}

/* ---- what fails of it ---- */

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

	if (argument_option(word, "file") || argument_option(word, "sectors"))
		return 0;
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

/* Is there nothing but the place before the last word? */
static bool is_off(const struct command_run *c)
{
	u32 words = 3;

	words += place_word(c, "file") != NULL;
	words += place_word(c, "sectors") != NULL;
	return c->nr_words == words && !strcmp(c->word[c->nr_words - 1], "off");
}

int cmd_fail(struct command_run *c)
{
	struct blk_fault f = { .times = BLK_FAULT_TIMES, .probability = 100, .interval = 1 };
	struct device d;
	int error = parse_place(c, &d);
	u32 i;

	if (!error && is_off(c)) {
		blk_clear_faults(c->m, d.disk, d.first, d.last);
		return 0;
	}
	f.disk = d.disk;
	f.first = d.first;
	f.last = d.last;
	f.on[BIO_READ] = f.on[BIO_WRITE] = true;
	for (i = 2; i < c->nr_words && !error; i++)
		error = parse_word(c, c->word[i], &f);
	if (!error)
		error = blk_set_fault(c->m, &f);
	if (error == -ENOSPC)
		return command_explain(c, error, "at most %u things can fail", BLK_FAULTS_MAX);
	return error;
}
