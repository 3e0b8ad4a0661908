/*
 * replay.c - doing what a journal's lines say.
 *
 * Between two lines the clock is advanced to the next line's time, which runs what was due in
 * between. A line that was written in the middle of a long command carries the engine's step
 * number: the command is made to yield at exactly that safe point, and the line is carried out
 * there.
 */
#include "fs/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs/parse.h"
#include "fs/quote.h"
#include "fs/sim/disk.h"

#define READ_MAX (64u << 20) /* no read(2) through the mount is longer */

struct line {
	u64 number, time, step, offset;
	u64 file; /* number of the open file, 0: by path */
	u32 uid, gid;
	bool inside; /* in the middle of the command before it */
	char op[16];
	const char *rest, *end; /* path and arguments */
};

struct player {
	struct tree *tree;
	const char *at, *end;
	struct line next;
	bool have_next;
	u64 last;
	int data;
	int error;
	FILE *err;
	const char *name;	  /* of the file */
	struct machine_host host; /* what was there before */
	bool inside; /* carrying out what was done in the middle of a command: it was not left */
	bool interrupted; /* the command was told to end, and is at every safe point from then on */
};

static int player_error(struct player *p, const char *why)
{
	if (!p->error && p->err)
		fprintf(p->err, "%s: line %llu: %s\n", p->name, (unsigned long long)p->next.number,
			why);
	p->error = -EIO;
	return p->error;
}

/* "SECONDS.NANOS", nine digits of them. */
static bool parse_time(const char **at, const char *end, u64 *time)
{
	u64 seconds, nanos;
	const char *point;

	if (!parse_digits(at, end, &seconds) || !parse_literal(at, end, "."))
		return false;
	point = *at;
	return parse_digits(at, end, &nanos) && *at - point == 9 &&
	       !__builtin_mul_overflow(seconds, (u64)NSEC_PER_SEC, time) &&
	       !__builtin_add_overflow(*time, nanos, time);
}

/* "UID:GID" */
static bool parse_owner(const char **at, const char *end, struct line *l)
{
	u64 uid, gid;

	if (!parse_digits(at, end, &uid) || !parse_literal(at, end, ":") ||
	    !parse_digits(at, end, &gid) || uid > UINT32_MAX || gid > UINT32_MAX)
		return false;
	l->uid = (u32)uid;
	l->gid = (u32)gid;
	return true;
}

/* "[+]OP[@OFFSET][=FILE]" */
static bool parse_op(const char **at, const char *end, struct line *l)
{
	const char *op;

	l->inside = parse_literal(at, end, "+");
	for (op = *at; *at < end && **at != ' ' && **at != '@' && **at != '='; ++*at)
		;
	if (*at == op || (size_t)(*at - op) >= sizeof(l->op))
		return false;
	memcpy(l->op, op, (size_t)(*at - op));
	if (parse_literal(at, end, "@") && !parse_digits(at, end, &l->offset))
		return false;
	return !parse_literal(at, end, "=") || parse_digits(at, end, &l->file);
}

/* "N SECONDS.NANOS STEP UID:GID [+]OP[@OFFSET][=FILE] ..." */
static bool parse_line(const char *at, const char *end, struct line *l)
{
	*l = (struct line){ .number = l->number, .end = end };
	if (!parse_digits(&at, end, &l->number) || !parse_literal(&at, end, " ") ||
	    !parse_time(&at, end, &l->time) || !parse_literal(&at, end, " ") ||
	    !parse_digits(&at, end, &l->step) || !parse_literal(&at, end, " ") ||
	    !parse_owner(&at, end, l) || !parse_literal(&at, end, " ") || !parse_op(&at, end, l))
		return false;
	if (at < end && !parse_literal(&at, end, " "))
		return false;
	l->rest = at;
	return true;
}

/* Read the next line, if there is one that is to be carried out. */
static void player_peek(struct player *p)
{
	const char *newline = p->at < p->end ? memchr(p->at, '\n', (size_t)(p->end - p->at)) : NULL;

	p->have_next = false;
	if (!newline || p->error)
		return;
	if (!parse_line(p->at, newline, &p->next)) {
		player_error(p, "cannot be read");
		return;
	}
	p->at = newline + 1;
	p->have_next = p->next.number <= p->last || !strcmp(p->next.op, "clock");
	if (p->next.number > p->last)
		p->have_next = false;
}

/* ---- operations ---- */

struct operation {
	struct player *p;
	const struct line *line;
	struct caller caller;
	struct text path, path2, data;
};

/* "#POSITION+LENGTH": bytes in the second file. */
static int read_data(struct operation *o, const char *at, const char *end)
{
	u64 position, length;
	char *to;

	if (!parse_literal(&at, end, "#") || !parse_digits(&at, end, &position) ||
	    !parse_literal(&at, end, "+") || !parse_digits(&at, end, &length) || at != end)
		return -EINVAL;
	to = text_reserve(&o->data, length);
	if (!to || o->p->data < 0 ||
	    pread(o->p->data, to, length, (off_t)position) != (ssize_t)length)
		return -EIO;
	o->data.length += length;
	return 0;
}

static int parse_arguments(struct operation *o)
{
	const char *at = o->line->rest, *end = o->line->end;
	int error = unquote(&at, end, &o->path);

	text_char(&o->path, '\0');
	if (error || at == end)
		return error;
	if (!strcmp(o->line->op, "rename")) {
		error = unquote(&at, end, &o->path2);
		text_char(&o->path2, '\0');
		return error;
	}
	if (*at == '#')
		return read_data(o, at, end);
	return unquote(&at, end, &o->data);
}

/* The directory that holds @path, and the last name; modifies @path. */
static int walk_parent(struct operation *o, char *path, u64 *parent, const char **name)
{
	char *slash = strrchr(path, '/');

	*name = slash ? slash + 1 : path;
	if (slash)
		*slash = '\0';
	return slash ? tree_walk(o->p->tree, &o->caller, path, parent) :
		       (*parent = TREE_ROOT_INO, 0);
}

/* The file that a line is about: the open one that it names, or opened by its path for this
 * once. */
static struct open_file *get_file(struct operation *o, int flags)
{
	struct open_file *f;
	u64 ino;

	if (o->line->file) {
		f = tree_find_open(o->p->tree, o->line->file);
		if (!f)
			player_error(o->p, "its file is not open");
		return f;
	}
	if (!tree_walk(o->p->tree, &o->caller, o->path.data, &ino) &&
	    !tree_open(o->p->tree, &o->caller, ino, flags, &f))
		return f;
	player_error(o->p, "its file is not there");
	return NULL;
}

static void put_file(struct operation *o, struct open_file *f)
{
	if (!o->line->file)
		tree_release(o->p->tree, &o->caller, f);
}

static void do_write(struct operation *o, bool is_ioctl)
{
	struct open_file *file = get_file(o, O_WRONLY);
	size_t out_size = 0;

	if (!file)
		return;
	/* whether it succeeds was decided when it was recorded: what fails now failed then */
	if (is_ioctl)
		(void)tree_ioctl(o->p->tree, &o->caller, file, (u32)o->line->offset, o->data.data,
				 o->data.length, NULL, &out_size);
	else
		(void)tree_write(o->p->tree, &o->caller, file, o->data.data, o->data.length,
				 o->line->offset);
	put_file(o, file);
}

/* A visitor read a file of the disk: the page cache is as it left it. */
static void do_read(struct operation *o)
{
	struct open_file *file = get_file(o, O_RDONLY);
	unsigned long size;
	char *buffer;

	if (!file)
		return;
	text_char(&o->data, '\0');
	size = o->data.data ? strtoul(o->data.data, NULL, 10) : 0;
	buffer = size <= READ_MAX ? malloc(size + 1) : NULL;
	if (buffer)
		(void)tree_read(o->p->tree, &o->caller, file, buffer, size, o->line->offset);
	else
		player_error(o->p, "what it reads is too long");
	free(buffer);
	put_file(o, file);
}

/* It stays open until its close line, under the number that the lines between say. */
static void do_open(struct operation *o)
{
	struct open_file *file;
	u64 ino;

	if (!o->line->file || tree_find_open(o->p->tree, o->line->file))
		player_error(o->p, "its number is not free");
	else if (tree_walk(o->p->tree, &o->caller, o->path.data, &ino) ||
		 tree_open(o->p->tree, &o->caller, ino, O_RDWR, &file))
		player_error(o->p, "its file is not there");
	else
		tree_set_number(o->p->tree, file, o->line->file);
}

static void do_close(struct operation *o)
{
	struct open_file *file = get_file(o, O_RDONLY);

	if (file)
		tree_release(o->p->tree, &o->caller, file);
}

static void do_fsync(struct operation *o)
{
	struct open_file *file = get_file(o, O_RDONLY);

	if (file) {
		(void)tree_fsync(o->p->tree, &o->caller, file);
		put_file(o, file);
	}
}

/* Of a file that is open, which a path may not lead to any more, or by path. */
static int find_ino(struct operation *o, u64 *ino)
{
	struct open_file *file;

	if (!o->line->file)
		return tree_walk(o->p->tree, &o->caller, o->path.data, ino);
	file = tree_find_open(o->p->tree, o->line->file);
	if (!file)
		return -ENOENT;
	*ino = file->ino;
	return 0;
}

static void do_setattr(struct operation *o)
{
	struct tree_setattr a;
	u64 ino;

	text_char(&o->data, '\0');
	if (text_error(&o->data) || tree_parse_setattr(o->data.data, &a) || find_ino(o, &ino))
		player_error(o->p, "its file is not there, or its arguments cannot be read");
	else
		(void)tree_setattr(o->p->tree, &o->caller, ino, &a);
}

static void do_setfl(struct operation *o)
{
	struct open_file *f = tree_find_open(o->p->tree, o->line->file);

	if (f)
		tree_set_direct(o->p->tree, &o->caller, f, o->line->offset != 0);
	else
		player_error(o->p, "its descriptor is not open");
}

static void do_fallocate(struct operation *o)
{
	enum fallocate_how how;
	u64 ino, length;

	text_char(&o->data, '\0');
	if (text_error(&o->data) || tree_parse_fallocate(o->data.data, &length, &how) ||
	    find_ino(o, &ino))
		player_error(o->p, "its file is not there, or its arguments cannot be read");
	else
		(void)tree_fallocate(o->p->tree, &o->caller, ino, o->line->offset, length, how);
}

static void do_entry(struct operation *o)
{
	const char *op = o->line->op, *name, *new_name;
	struct tree *t = o->p->tree;
	u64 parent, new_parent, ino;

	if (!strcmp(op, "truncate")) {
		if (!find_ino(o, &ino))
			(void)tree_truncate(t, &o->caller, ino, o->line->offset);
		return;
	}
	if (walk_parent(o, o->path.data, &parent, &name)) {
		player_error(o->p, "its directory is not there");
		return;
	}
	if (!strcmp(op, "mkdir"))
		(void)tree_mkdir(t, &o->caller, parent, name, &ino);
	else if (!strcmp(op, "rmdir"))
		(void)tree_rmdir(t, &o->caller, parent, name);
	else if (!strcmp(op, "create"))
		(void)tree_create_file(t, &o->caller, parent, name, (mode_t)o->line->offset, &ino);
	else if (!strcmp(op, "unlink"))
		(void)tree_unlink(t, &o->caller, parent, name);
	else if (!strcmp(op, "rename") && o->path2.length &&
		 !walk_parent(o, o->path2.data, &new_parent, &new_name))
		(void)tree_rename(t, &o->caller, parent, name, new_parent, new_name);
	else
		player_error(o->p, "no such operation");
}

/* A file of --disk DIR as it was when the machine started, without its bytes. */
static void do_import(struct operation *o)
{
	static const char top[] = "sim/disk";
	const char *path = o->path.data;

	text_char(&o->data, '\0');
	if (text_error(&o->data) || strncmp(path, top, sizeof(top) - 1) != 0 ||
	    disk_import_line(tree_machine(o->p->tree), path + sizeof(top) - 1, o->line->offset,
			     o->data.data))
		player_error(o->p, "the file cannot be made");
}

static bool do_file(struct operation *o)
{
	static const struct {
		const char *name;
		void (*run)(struct operation *o);
	} ops[] = {
		{ "read", do_read },	       { "open", do_open },	  { "close", do_close },
		{ "fsync", do_fsync },	       { "setattr", do_setattr }, { "import", do_import },
		{ "fallocate", do_fallocate }, { "setfl", do_setfl },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ops); i++)
		if (!strcmp(o->line->op, ops[i].name)) {
			ops[i].run(o);
			return true;
		}
	return false;
}

static void carry_out(struct player *p, const struct line *line)
{
	struct operation o = { .p = p,
			       .line = line,
			       .caller = { .uid = line->uid,
					   .gid = line->gid,
					   .replaying = true,
					   .line = line->number } };

	text_init(&o.path);
	text_init(&o.path2);
	text_init(&o.data);
	if (parse_arguments(&o))
		player_error(p, "its arguments cannot be read");
	else if (!strcmp(line->op, "write"))
		do_write(&o, false);
	else if (!strcmp(line->op, "ioctl"))
		do_write(&o, true);
	else if (!do_file(&o))
		do_entry(&o);
	text_free(&o.path);
	text_free(&o.path2);
	text_free(&o.data);
}

/* ---- time and steps ---- */

static void check_place(struct player *p, const struct machine *m)
{
	if (m->clock.step != p->next.step)
		player_error(p, "the machine is at another step than when it was recorded");
	else if (m->clock.now != p->next.time)
		player_error(p, "the clock stands elsewhere than when it was recorded");
}

static void set_step_stop(struct player *p, struct machine *m)
{
	m->clock.step_stop = p->interrupted		    ? 0 :
			     p->have_next && p->next.inside ? p->next.step :
							      UINT64_MAX;
}

/* Is the place of the next line here? An advance has several at one step, before and after it
 * passes over a stretch without events. */
static bool at_next(const struct player *p, const struct machine *m)
{
	return m->clock.step > p->next.step ||
	       (m->clock.step == p->next.step && m->clock.now >= p->next.time);
}

/* A safe point of the running command: carry out what was written here. False: it was
 * interrupted. */
static bool player_yield(struct machine *m, void *arg)
{
	struct player *p = arg;
	bool go_on = true;

	if (p->inside)
		return true;
	if (p->interrupted)
		return false;
	if (p->host.yield && __atomic_load_n(&m->attention, __ATOMIC_RELAXED))
		go_on = p->host.yield(m, p->host.arg);
	if (!go_on)
		p->error = -EINTR;
	while (go_on && !p->error && p->have_next && p->next.inside && at_next(p, m)) {
		struct line line = p->next;

		check_place(p, m);
		if (!strcmp(line.op, "interrupt")) {
			go_on = false;
			p->interrupted = true;
		} else if (!p->error) {
			p->inside = true;
			carry_out(p, &line);
			p->inside = false;
		}
		player_peek(p);
	}
	set_step_stop(p, m);
	return go_on && !p->error;
}

static void player_install(struct player *p, struct machine *m)
{
	p->host = m->host;
	/* nobody is woken by what was heard long ago */
	m->host = (struct machine_host){ .arg = p, .yield = player_yield };
}

static void player_remove(struct player *p, struct machine *m)
{
	m->host = p->host;
	m->clock.step_stop = UINT64_MAX;
}

static void play_one(struct player *p)
{
	struct machine *m = tree_machine(p->tree);
	struct line line = p->next;
	struct machine_host host = m->host;

	p->interrupted = false;
	player_install(p, m);
	clock_advance_to(m, line.time);
	check_place(p, m);
	if (!p->error && strcmp(line.op, "clock") != 0) {
		player_peek(p);
		set_step_stop(p, m);
		carry_out(p, &line);
		if (!p->error && p->have_next && p->next.inside)
			player_error(p, "the command before it ended too early");
	} else {
		player_peek(p);
	}
	/* a reboot put another machine there */
	if (tree_machine(p->tree) != m)
		p->host = host;
	player_remove(p, tree_machine(p->tree));
}

static int play(struct player *p)
{
	player_peek(p);
	while (p->have_next && !p->error)
		play_one(p);
	return p->error;
}

int replay_lines(const char *lines, size_t size, int data_fd, struct tree *t, u64 last, FILE *err)
{
	struct player p = { .tree = t,
			    .at = lines,
			    .end = lines + size,
			    .last = last,
			    .data = data_fd,
			    .name = "journal",
			    .err = err };

	return play(&p);
}

int replay_run(const struct replay_file *f, struct tree *t, u64 last, FILE *err)
{
	struct player p = { .tree = t,
			    .at = f->text + f->lines_at,
			    .end = f->text + f->size,
			    .last = last,
			    .data = f->data,
			    .name = f->name,
			    .err = err };

	return play(&p);
}
