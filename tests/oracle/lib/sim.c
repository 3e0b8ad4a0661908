/* sim.c - the simulated side: files are the tree's, processes are sim/procs/NAME. */
#include "tests/oracle/lib/sim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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

/* What the command said, as far as both sides can say it: faults, and whether mremap moved. */
static int sim_command(struct side *s, const char *name, const char *line, char *said, size_t room)
{
	bool moves = !strncmp(line, "mremap ", 7);
	unsigned long long was = 0;
	char region[64] = "";
	const char *at;
	ssize_t n;

	if (moves) {
		sscanf(line, "mremap %63s", region);
		was = region_start(s->arg, name, region);
	}
	n = ctl_put(s->arg, name, line);
	if (n < 0)
		return (int)n;
	at = strstr(ctl_read(s->arg, name, "ctl"), "minflt ");
	snprintf(said, room, "%s", at ? at : "ok");
	if (moves)
		snprintf(said, room, "%s",
			 was == region_start(s->arg, name, region) ? "in place" : "moved");
	return 0;
}

struct side sim_side(struct fixture *f)
{
	return (struct side){ .arg = f,
			      .read = sim_read,
			      .write = sim_write,
			      .stat = sim_stat,
			      .readdir = sim_readdir,
			      .make = sim_make,
			      .end = sim_end,
			      .pid = sim_pid,
			      .command = sim_command };
}
