/* sim.c - the simulated side: files are the tree's, processes are sim/procs/NAME. */
#include "tests/oracle/lib/sim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/ctl.h"

static const struct caller root;

static ssize_t sim_read(struct side *s, const char *path, char *buffer, size_t size)
{
	struct fixture *f = s->arg;
	int error = fixture_error(f, path);
	size_t n = f->text.length < size ? f->text.length : size;

	if (error < 0)
		return error;
	memcpy(buffer, f->text.data, n);
	return (ssize_t)n;
}

static ssize_t sim_write(struct side *s, const char *path, const char *data, size_t size,
			 bool *open_failed)
{
	struct fixture *f = s->arg;
	struct open_file *file;
	ssize_t n;
	u64 ino;
	int error = tree_walk(f->t, &root, path, &ino);

	if (!error)
		error = tree_open(f->t, &root, ino, O_WRONLY, &file);
	*open_failed = error;
	if (error)
		return error;
	n = tree_write(f->t, &root, file, data, size, 0);
	tree_release(f->t, &root, file);
	return n;
}

static int sim_stat(struct side *s, const char *path, struct stat *st, char *target, size_t room)
{
	struct fixture *f = s->arg;
	u64 ino;
	int error = tree_walk(f->t, &root, path, &ino);

	if (!error)
		error = tree_getattr(f->t, &root, ino, st);
	if (error || !S_ISLNK(st->st_mode))
		return error;
	text_reset(&f->text);
	error = tree_readlink(f->t, &root, ino, &f->text);
	text_char(&f->text, '\0');
	snprintf(target, room, "%s", f->text.data);
	return error;
}

struct listing {
	struct dir_emit emit;
	void (*each)(void *arg, const char *name);
	void *arg;
};

static bool emit_name(struct dir_emit *e, const char *name, const struct entry *entry, u64 next)
{
	struct listing *l = e->arg;

	(void)entry;
	(void)next;
	l->each(l->arg, name);
	return true;
}

static int sim_readdir(struct side *s, const char *path, void (*each)(void *arg, const char *name),
		       void *arg)
{
	struct fixture *f = s->arg;
	struct listing l = { .each = each, .arg = arg };
	u64 ino;
	int error = tree_walk(f->t, &root, path, &ino);

	l.emit = (struct dir_emit){ .arg = &l, .emit = emit_name };
	return error ? error : tree_readdir(f->t, &root, ino, 0, &l.emit);
}

static int sim_make(struct side *s, const char *name)
{
	return ctl_mkdir(s->arg, name);
}

static void sim_end(struct side *s, const char *name)
{
	ctl_rmdir(s->arg, name);
}

static int sim_pid(struct side *s, const char *name)
{
	return (int)ctl_pid(s->arg, name);
}

/* Where a region lies, by the "START-END LENGTH NAME" lines of regions; 0: there is none. */
static unsigned long long region_start(struct fixture *f, const char *name, const char *region)
{
	char word[64];
	unsigned long long start;
	const char *at;

	for (at = ctl_read(f, name, "regions"); at; at = strchr(at, '\n'), at = at ? at + 1 : NULL)
		if (sscanf(at, "%llx-%*x %*u %63s", &start, word) == 2 && !strcmp(word, region))
			return start;
	return 0;
}

/* Every other @step bytes of a region go back. */
static int punch(struct fixture *f, const char *name, const char *line)
{
	unsigned long long start, end, step, at;
	char region[64], word[64];
	const char *r;

	if (sscanf(line, "punch %63s %llu", region, &step) != 2)
		return -EINVAL;
	step <<= strchr(line, 'K') ? 10 : 0;
	for (r = ctl_read(f, name, "regions"); r; r = strchr(r, '\n'), r = r ? r + 1 : NULL)
		if (sscanf(r, "%llx-%llx %*u %63s", &start, &end, word) == 3 &&
		    !strcmp(word, region)) {
			for (at = 0; at < end - start; at += 2 * step)
				ctl_put(f, name,
					fixture_format("madvise %s dontneed %llu %llu", region, at,
						       step));
			return 0;
		}
	return -ENOENT;
}

/* All regions are read until that has taken @ms more of CPU time. */
static int use(struct fixture *f, const char *name, long ms)
{
	unsigned long long utime, stime, until = 0;
	char regions[2048], *line, *next, word[64];
	long pid = strtol(ctl_read(f, name, "pid"), NULL, 10);

	snprintf(regions, sizeof(regions), "%s", ctl_read(f, name, "regions"));
	for (;;) {
		const char *stat =
			strrchr(fixture_read(f, fixture_format("proc/%ld/stat", pid)), ')');

		if (!stat || sscanf(stat, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu",
				    &utime, &stime) != 2)
			return -ESRCH;
		if (!until)
			until = utime + stime + (unsigned long long)ms / 10;
		if (utime + stime >= until)
			return 0;
		for (line = regions; *line; line = next) {
			next = line + strcspn(line, "\n");
			next += *next != '\0';
			if (sscanf(line, "%*s %*u %63s", word) == 1)
				ctl_put(f, name, fixture_format("access %s seq 500000", word));
		}
	}
}

/* What the command said, as far as both sides can say it: faults, whether mremap moved, and what
 * mincore counted. */
static int sim_command(struct side *s, const char *name, const char *line, char *said, size_t room)
{
	bool moves = !strncmp(line, "mremap ", 7);
	unsigned long long was = 0;
	char region[64] = "";
	const char *at;
	ssize_t n;

	if (!strncmp(line, "punch ", 6))
		return punch(s->arg, name, line);
	if (!strncmp(line, "use ", 4))
		return use(s->arg, name, strtol(line + 4, NULL, 10));
	if (moves) {
		sscanf(line, "mremap %63s", region);
		was = region_start(s->arg, name, region);
	}
	n = ctl_put(s->arg, name, line);
	if (n < 0)
		return (int)n;
	at = strstr(ctl_read(s->arg, name, "ctl"), "minflt ");
	snprintf(said, room, "%s", at ? at : "ok");
	/* how many pages, not which */
	if (!strncmp(line, "mincore ", 8) &&
	    sscanf(ctl_read(s->arg, name, "ctl"), "mincore: %63[^:\n]", region) == 1)
		snprintf(said, room, "%s", region);
	if (moves)
		snprintf(said, room, "%s",
			 was == region_start(s->arg, name, region) ? "in place" : "moved");
	return 0;
}

static bool sim_alive(struct side *s, const char *name)
{
	const char *status = ctl_read(s->arg, name, "status");

	return !strncmp(status, "sleeping", 8) || !strncmp(status, "running", 7) ||
	       !strncmp(status, "stopped", 7);
}

static int sim_machine(struct side *s, const char *line)
{
	ssize_t n = fixture_write(s->arg, "sim/ctl", line);

	return n < 0 ? (int)n : 0;
}

static void sim_wait(struct side *s, unsigned int ms)
{
	fixture_write(s->arg, "sim/clock", fixture_format("advance %ums", ms));
}

/* The directory of @path, and its last name. */
static int parent_of(struct fixture *f, const char *path, u64 *ino, const char **name)
{
	const char *slash = strrchr(path, '/');

	*name = slash + 1;
	return tree_walk(f->t, &root, fixture_format("%.*s", (int)(slash - path), path), ino);
}

static int sim_make_file(struct side *s, const char *path, bool there)
{
	struct fixture *f = s->arg;
	const char *name;
	u64 dir, ino;
	int error = parent_of(f, fixture_format("sim/disk/%s", path), &dir, &name);

	if (error)
		return error;
	return there ? tree_create_file(f->t, &root, dir, name, 0644, &ino) :
		       tree_unlink(f->t, &root, dir, name);
}

static int sim_make_directory(struct side *s, const char *path, bool there)
{
	struct fixture *f = s->arg;
	const char *name;
	u64 dir, ino;
	int error = parent_of(f, path, &dir, &name);

	if (error)
		return error;
	return there ? tree_mkdir(f->t, &root, dir, name, &ino) :
		       tree_rmdir(f->t, &root, dir, name);
}

static ssize_t sim_at(struct side *s, const char *path, unsigned long long offset, char *buffer,
		      size_t size, bool write)
{
	struct fixture *f = s->arg;
	struct open_file *file;
	u64 ino;
	ssize_t n;
	int error = tree_walk(f->t, &root, path, &ino);

	if (!error)
		error = tree_open(f->t, &root, ino, write ? O_RDWR : O_RDONLY, &file);
	if (error)
		return error;
	n = write ? tree_write(f->t, &root, file, buffer, size, offset) :
		    tree_read(f->t, &root, file, buffer, size, offset);
	tree_release(f->t, &root, file);
	return n;
}

static unsigned long long next_record; /* that nobody has read yet */

/* One record a read, "LEVEL,NUMBER,TIME,-;TEXT". */
static void sim_log(struct side *s, void (*each)(void *arg, const char *record), void *arg)
{
	static char line[8192];
	struct fixture *f = s->arg;
	struct open_file *file;
	unsigned long long number;
	char *text;
	ssize_t n;
	u64 ino;

	if (tree_walk(f->t, &root, "dev/kmsg", &ino) ||
	    tree_open(f->t, &root, ino, O_RDONLY | O_NONBLOCK, &file))
		return;
	while ((n = tree_read(f->t, &root, file, line, sizeof(line) - 1, 0)) > 0 || n == -EPIPE) {
		line[n < 0 ? 0 : n] = '\0';
		text = strchr(line, ';');
		if (!text || sscanf(line, "%*u,%llu", &number) != 1 || number < next_record)
			continue;
		next_record = number + 1;
		text[strcspn(text, "\n")] = '\0';
		each(arg, text + 1);
	}
	tree_release(f->t, &root, file);
}

struct side sim_side(struct fixture *f)
{
	next_record = 0;
	return (struct side){ .arg = f,
			      .read = sim_read,
			      .write = sim_write,
			      .stat = sim_stat,
			      .readdir = sim_readdir,
			      .make = sim_make,
			      .end = sim_end,
			      .pid = sim_pid,
			      .command = sim_command,
			      .alive = sim_alive,
			      .machine = sim_machine,
			      .wait = sim_wait,
			      .file = sim_make_file,
			      .directory = sim_make_directory,
			      .at = sim_at,
			      .log = sim_log };
}
