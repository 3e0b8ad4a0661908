/*
 * journal.c - recording changes: the lines in memory, and the file they are written to as they
 * come.
 */
#include "fs/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs/hold.h"
#include "fs/quote.h"

#define INLINE_BYTES_MAX 4096u /* longer writes go to the second file */

struct journal {
	struct tree *tree;
	struct machine_source source;
	struct text lines; /* all lines, newline-terminated */
	size_t *starts;	   /* of each line in ->lines */
	u64 nr_lines, room;
	u64 running;	 /* id of the long change in progress, 0: none */
	u64 interrupted; /* id of the last that was told to end */
	u64 nested;	 /* of one announced in its middle (a signal to a busy process) */
	bool suspended, failed;
	bool rewinds; /* what runs works on another machine, until it is the tree's */
	int file;     /* -1: memory only */
	int data;     /* -1 until needed */
	u64 data_size;
};

u64 journal_lines(const struct journal *j)
{
	return j->nr_lines;
}

const struct machine_source *journal_source(const struct journal *j)
{
	return &j->source;
}

const char *journal_line(const struct journal *j, u64 n, size_t *length)
{
	size_t end;

	if (!n || n > j->nr_lines)
		return NULL;
	end = n == j->nr_lines ? j->lines.length : j->starts[n];
	*length = end - j->starts[n - 1] - 1;
	return j->lines.data + j->starts[n - 1];
}

int journal_data_fd(const struct journal *j)
{
	return j->data;
}

void journal_suspend(struct journal *j, bool on)
{
	j->suspended = on;
}

void journal_rewinds(struct journal *j, bool on)
{
	j->rewinds = on;
}

/* ---- the file ---- */

static int write_all(int fd, const char *bytes, size_t size)
{
	while (size) {
		ssize_t n = write(fd, bytes, size);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			bytes += n;
			size -= (size_t)n;
		}
	}
	return 0;
}

/* A file that cannot be written any more (disk full) is given up with one line; the machine goes
 * on. */
static void append_to_file(struct journal *j, const char *bytes, size_t size)
{
	int error;

	if (j->file < 0 || j->failed)
		return;
	error = write_all(j->file, bytes, size);
	if (error) {
		fprintf(stderr, "mmanfs: journal: %s: recording ends here\n", strerror(-error));
		j->failed = true;
	}
}

/* ---- lines ---- */

static int remember(struct journal *j, size_t start)
{
	if (j->nr_lines == j->room) {
		u64 room = j->room ? 2 * j->room : 256;
		size_t *starts = realloc(j->starts, room * sizeof(*starts));

		if (!starts)
			return -ENOMEM;
		j->starts = starts;
		j->room = room;
	}
	j->starts[j->nr_lines++] = start;
	return 0;
}

static void line_head(struct text *t, u64 number, u64 time, u64 step)
{
	text_u64(t, number);
	text_printf(t, " %llu.%09llu ", (unsigned long long)(time / NSEC_PER_SEC),
		    (unsigned long long)(time % NSEC_PER_SEC));
	text_u64(t, step);
	text_char(t, ' ');
}

static void commit_line(struct journal *j, size_t start)
{
	text_char(&j->lines, '\n');
	if (text_error(&j->lines) || remember(j, start)) {
		j->lines.length = start;
		fprintf(stderr, "mmanfs: journal: out of memory: recording ends here\n");
		j->suspended = true;
		return;
	}
	append_to_file(j, j->lines.data + start, j->lines.length - start);
}

static int open_data(struct journal *j)
{
	FILE *f;

	if (j->data >= 0)
		return 0;
	f = tmpfile();
	if (!f)
		return -errno;
	j->data = dup(fileno(f));
	fclose(f);
	return j->data < 0 ? -errno : 0;
}

/* Bytes too many for a line: "#POSITION+LENGTH" in the second file. */
static void put_data(struct journal *j, const char *data, size_t size)
{
	if (open_data(j) || lseek(j->data, (off_t)j->data_size, SEEK_SET) < 0 ||
	    write_all(j->data, data, size)) {
		fprintf(stderr, "mmanfs: journal: cannot keep written bytes: %s\n",
			strerror(errno));
		j->failed = true;
		return;
	}
	text_printf(&j->lines, " #%llu+%zu", (unsigned long long)j->data_size, size);
	j->data_size += size;
}

static const char *const op_names[] = {
	[TREE_WRITE] = "write",	      [TREE_MKDIR] = "mkdir",	[TREE_RMDIR] = "rmdir",
	[TREE_CREATE] = "create",     [TREE_UNLINK] = "unlink", [TREE_RENAME] = "rename",
	[TREE_TRUNCATE] = "truncate", [TREE_IOCTL] = "ioctl",	[TREE_READ] = "read",
	[TREE_OPEN] = "open",	      [TREE_CLOSE] = "close",	[TREE_FSYNC] = "fsync",
	[TREE_SETATTR] = "setattr",   [TREE_IMPORT] = "import", [TREE_FALLOCATE] = "fallocate",
	[TREE_SETFL] = "setfl",
};

static void put_operation(struct journal *j, const struct tree_change *c)
{
	struct text *t = &j->lines;

	text_str(t, op_names[c->op]);
	if (c->offset)
		text_printf(t, "@%llu", (unsigned long long)c->offset);
	if (c->number)
		text_printf(t, "=%llu", (unsigned long long)c->number);
	text_char(t, ' ');
	quote_path(t, c->path);
	if (c->op == TREE_RENAME) {
		text_char(t, ' ');
		quote_path(t, c->path2);
	}
	if (c->op == TREE_READ)
		text_printf(t, " %zu", c->size);
	if (c->op != TREE_WRITE && c->op != TREE_IOCTL && c->op != TREE_SETATTR &&
	    c->op != TREE_IMPORT && c->op != TREE_FALLOCATE)
		return;
	if (c->size > INLINE_BYTES_MAX) {
		put_data(j, c->data, c->size);
		return;
	}
	text_char(t, ' ');
	quote_bytes(t, c->data, c->size);
}

static void journal_change(void *arg, const struct tree_change *c)
{
	struct journal *j = arg;
	size_t start = j->lines.length;
	bool inside;

	if (j->suspended)
		return;
	/* what was announced is written down at its beginning, which says it all */
	if (!c->started && (c->id == j->running || c->id == j->nested)) {
		*(c->id == j->running ? &j->running : &j->nested) = 0;
		return;
	}
	inside = j->running && !j->rewinds;
	if (c->started)
		*(j->running ? &j->nested : &j->running) = c->id;
	line_head(&j->lines, j->nr_lines + 1, c->time, c->step);
	text_printf(&j->lines, "%u:%u ", c->caller->uid, c->caller->gid);
	if (inside)
		text_char(&j->lines, '+');
	put_operation(j, c);
	commit_line(j, start);
}

void journal_close_files(struct journal *j, struct tree *t)
{
	static const struct caller root;
	struct tree_hooks hooks = { .arg = j, .change = journal_change };
	u64 running = j->running;

	/* a rewind is running, of which the journal will not tell */
	j->running = 0;
	tree_set_hooks(t, &hooks);
	tree_close_tracked(t, &root);
	j->running = running;
}

void journal_interrupted(struct journal *j, struct machine *m)
{
	size_t start = j->lines.length;

	/* of a rewind that does not come to its end nothing is to be played */
	if (j->suspended || !j->running || j->rewinds || j->interrupted == j->running)
		return;
	j->interrupted = j->running;
	line_head(&j->lines, j->nr_lines + 1, m->clock.now, m->clock.step);
	text_str(&j->lines, "0:0 +interrupt");
	commit_line(j, start);
}

/* ---- header and whole text ---- */

static void print_source(struct text *out, const char *what, const char *bytes, size_t size)
{
	text_printf(out, "# source %s %zu\n", what, size);
	text_mem(out, bytes, size);
	text_char(out, '\n');
}

static void print_header(const struct journal *j, struct text *out)
{
	const struct machine_source *s = &j->source;

	text_printf(out, "# mmanfs journal %d\n", JOURNAL_VERSION);
	print_source(out, "name", s->name, strlen(s->name));
	print_source(out, "machine", s->machine, strlen(s->machine));
	print_source(out, "cmdline", s->cmdline, strlen(s->cmdline));
	if (s->capture)
		print_source(out, "capture", s->capture, s->capture_size);
	text_str(out, "# lines\n");
}

static void print_clock(const struct journal *j, struct text *out)
{
	const struct clock *c = &tree_machine(j->tree)->clock;

	line_head(out, j->nr_lines + 1, c->now, c->step);
	text_str(out, "0:0 clock\n");
}

int journal_print(const struct journal *j, struct text *out)
{
	print_header(j, out);
	text_mem(out, j->lines.data, j->lines.length);
	/* a command that is running ends the text with its own beginning */
	if (!j->running)
		print_clock(j, out);
	return text_error(out) ? -ENOMEM : 0;
}

/* ---- life ---- */

struct journal *journal_create(struct tree *t, const struct machine_source *s)
{
	struct journal *j = calloc(1, sizeof(*j));
	struct tree_hooks hooks = { .arg = j, .change = journal_change };

	if (!j)
		return NULL;
	j->file = j->data = -1;
	j->tree = t;
	text_init(&j->lines);
	if (machine_source_copy(&j->source, s)) {
		free(j);
		return NULL;
	}
	tree_set_hooks(t, &hooks);
	tree_set_journal(t, j);
	return j;
}

void journal_destroy(struct journal *j)
{
	struct tree_hooks none = { 0 };
	struct text last;

	if (!j)
		return;
	if (j->file >= 0) {
		text_init(&last);
		print_clock(j, &last);
		append_to_file(j, last.data, last.length);
		text_free(&last);
		close(j->file);
	}
	if (j->data >= 0)
		close(j->data);
	tree_set_hooks(j->tree, &none);
	tree_set_journal(j->tree, NULL);
	machine_source_free(&j->source);
	text_free(&j->lines);
	free(j->starts);
	free(j);
}

int journal_add_line(struct journal *j, const char *line, size_t length)
{
	size_t start = j->lines.length;

	text_mem(&j->lines, line, length);
	text_char(&j->lines, '\n');
	if (text_error(&j->lines) || remember(j, start))
		return -ENOMEM;
	return 0;
}

/* Open FILE.data beside the journal, and move there what was kept in an unnamed file so far. */
static int name_data_file(struct journal *j, const char *path)
{
	size_t size = strlen(path) + sizeof(".data");
	char *name = malloc(size), buffer[1 << 16];
	off_t at = 0;
	int fd, old = j->data;
	ssize_t n;

	if (!name)
		return -ENOMEM;
	snprintf(name, size, "%s.data", path);
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	free(name);
	if (fd < 0)
		return -errno;
	if (old >= 0) {
		while ((n = pread(old, buffer, sizeof(buffer), at)) > 0) {
			if (write_all(fd, buffer, (size_t)n)) {
				close(fd);
				return -EIO;
			}
			at += n;
		}
		close(old);
	}
	j->data = fd;
	j->data_size = (u64)lseek(fd, 0, SEEK_END);
	return 0;
}

int journal_continue_file(struct journal *j, const char *path, off_t size)
{
	int error;

	j->file = open(path, O_WRONLY | O_CLOEXEC);
	if (j->file < 0)
		return -errno;
	error = hold_file(j->file);
	if (error)
		return error;
	/* a torn last line, and the clock line of the last end, are written anew */
	if (ftruncate(j->file, size) || lseek(j->file, 0, SEEK_END) < 0)
		return -errno;
	error = name_data_file(j, path);
	return error;
}

int journal_to_file(struct journal *j, const char *path)
{
	struct text head;
	int error;

	j->file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (j->file < 0)
		return -errno;
	error = hold_file(j->file);
	if (!error && ftruncate(j->file, 0))
		error = -errno;
	if (error)
		return error;
	text_init(&head);
	print_header(j, &head);
	text_mem(&head, j->lines.data, j->lines.length);
	error = text_error(&head) ? -ENOMEM : write_all(j->file, head.data, head.length);
	text_free(&head);
	return error ? error : name_data_file(j, path);
}

int journal_truncate(struct journal *j, u64 line)
{
	struct text head;
	int error = 0;

	if (line > j->nr_lines)
		return -EINVAL;
	if (line < j->nr_lines) {
		j->lines.length = j->starts[line];
		j->nr_lines = line;
	}
	if (j->file < 0)
		return 0;
	text_init(&head);
	print_header(j, &head);
	text_mem(&head, j->lines.data, j->lines.length);
	if (text_error(&head) || ftruncate(j->file, 0) || lseek(j->file, 0, SEEK_SET) < 0)
		error = -EIO;
	else
		error = write_all(j->file, head.data, head.length);
	text_free(&head);
	return error;
}

void machine_source_free(struct machine_source *s)
{
	free(s->name);
	free(s->machine);
	free(s->cmdline);
	free(s->capture);
	memset(s, 0, sizeof(*s));
}

int machine_source_copy(struct machine_source *to, const struct machine_source *from)
{
	*to = (struct machine_source){
		.name = strdup(from->name ? from->name : ""),
		.machine = strdup(from->machine ? from->machine : ""),
		.cmdline = strdup(from->cmdline ? from->cmdline : ""),
	};
	if (from->capture) {
		to->capture = malloc(from->capture_size + 1);
		if (to->capture) {
			memcpy(to->capture, from->capture, from->capture_size);
			to->capture[from->capture_size] = '\0';
			to->capture_size = from->capture_size;
		}
	}
	if (to->name && to->machine && to->cmdline && (!from->capture || to->capture))
		return 0;
	machine_source_free(to);
	return -ENOMEM;
}
