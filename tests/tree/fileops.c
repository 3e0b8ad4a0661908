/*
 * How files answer to partial reads, offsets, second writes on a descriptor, odd ways to open them,
 * chmod, unlink and the like: what a real 6.1 kernel did with 48 of them (tests/data/fileops.tsv),
 * as far as the tree decides it. The rest (lseek, mmap, O_EXCL) is the host kernel's.
 *
 * A line: PATH, then OPERATION=RESULT, separated by tabs. "~" is the machine's own text: it must
 * only agree with itself. tests/data/fileops-exceptions.tsv: PATH OPERATION REASON.
 */
#include "tests/fixture.h"
#include "tests/tap.h"

#include <mman/lab.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOBODY	 65534u
#define READ_MAX 65536u

static const struct caller root;

struct exception {
	const char *path, *operation;
	bool used;
};

/* What is being asked. */
struct subject {
	struct fixture *f;
	const char *path;
	char name[128]; /* last part of the path */
	u64 ino, parent;
	struct open_file *file; /* the one that is written through */
	u64 position;
	char *text; /* read at first */
	ssize_t length;
	char result[512];
};

/* ---- results as text ---- */

static void set_error(struct subject *s, ssize_t error)
{
	snprintf(s->result, sizeof(s->result), "%s", strerrorname_np((int)-error));
}

static void set_number(struct subject *s, ssize_t n)
{
	if (n < 0)
		set_error(s, n);
	else
		snprintf(s->result, sizeof(s->result), "%zd", n);
}

static void append_escaped(char *out, size_t room, const char *text, ssize_t n)
{
	size_t at = strlen(out);
	ssize_t i;

	for (i = 0; i < n && at + 5 < room; i++) {
		if (text[i] == '\n' || text[i] == '\t') {
			out[at++] = '\\';
			out[at++] = text[i] == '\n' ? 'n' : 't';
		} else {
			out[at++] = text[i];
		}
	}
	out[at] = '\0';
}

/* ---- reading ---- */

static struct open_file *open_file(struct subject *s, int flags, int *error)
{
	struct open_file *file = NULL;

	*error = tree_open(s->f->t, &root, s->ino, flags, &file);
	return *error ? NULL : file;
}

/* Everything, @step bytes at a time: length or error; *@reads: how often something came. */
static ssize_t read_all(struct subject *s, char *to, size_t step, u32 *reads)
{
	int error;
	struct open_file *file = open_file(s, O_RDONLY, &error);
	ssize_t n = 0, length = 0;

	if (!file)
		return error;
	for (*reads = 0; length < (ssize_t)READ_MAX; ++*reads) {
		n = tree_read(s->f->t, &root, file, to + length, step, (u64)length);
		if (n <= 0)
			break;
		length += n;
	}
	tree_release(s->f->t, &root, file);
	return length;
}

static void read_in_steps(struct subject *s, size_t step, const char *want)
{
	char *text = malloc((size_t)READ_MAX * 2);
	u32 reads = 0;
	ssize_t n = read_all(s, text, step, &reads);
	bool same = n == s->length && !memcmp(text, s->text, (size_t)(n > 0 ? n : 0));

	if (!strcmp(want, "~"))
		snprintf(s->result, sizeof(s->result), same ? "~" : "another text");
	else if (step == 1)
		snprintf(s->result, sizeof(s->result), "%zd/%u", n > 0 ? n : 0, reads);
	else
		set_number(s, n < 0 ? 0 : n);
	free(text);
}

static void read_first(struct subject *s, const char *want)
{
	u32 reads;

	s->length = read_all(s, s->text, READ_MAX, &reads);
	if (!strcmp(want, "~") && s->length > 0)
		snprintf(s->result, sizeof(s->result), "~");
	else
		set_number(s, s->length < 0 ? 0 : s->length);
}

/* Both on one descriptor, after it was read: pread(2). */
static void read_at(struct subject *s, u64 offset, const char *want)
{
	char bytes[5];
	int error;
	struct open_file *file = open_file(s, O_RDONLY, &error);
	ssize_t n;

	if (!file) {
		set_error(s, error);
		return;
	}
	tree_read(s->f->t, &root, file, s->text, READ_MAX, 0);
	n = tree_read(s->f->t, &root, file, bytes, sizeof(bytes), offset);
	set_number(s, n);
	if (!strcmp(want, "~") && n >= 0)
		snprintf(s->result, sizeof(s->result), "~");
	else if (n >= 0 && offset == 3) {
		strcat(s->result, " ");
		append_escaped(s->result, sizeof(s->result), bytes, n);
	}
	tree_release(s->f->t, &root, file);
}

static void poll_file(struct subject *s)
{
	int error;
	struct open_file *file = open_file(s, O_RDONLY, &error);

	if (!file) {
		set_error(s, error);
		return;
	}
	snprintf(s->result, sizeof(s->result), "0x%x",
		 tree_poll(s->f->t, &root, file) &
			 (POLLIN | POLLPRI | POLLOUT | POLLERR | POLLHUP));
	tree_release(s->f->t, &root, file);
}

/* ---- opening, writing ---- */

static void try_open(struct subject *s, int flags)
{
	int error;
	struct open_file *file = open_file(s, flags, &error);

	if (file)
		tree_release(s->f->t, &root, file);
	if (file)
		snprintf(s->result, sizeof(s->result), "ok");
	else
		set_error(s, error);
}

static void write_byte(struct subject *s, const char *byte, u64 offset, bool moves)
{
	ssize_t n;

	if (!s->file && tree_open(s->f->t, &root, s->ino, O_RDWR, &s->file)) {
		snprintf(s->result, sizeof(s->result), "cannot be opened");
		return;
	}
	n = tree_write(s->f->t, &root, s->file, byte, 1, offset);
	set_number(s, n);
	if (moves)
		s->position = offset + (n > 0 ? (u64)n : 0);
}

static void read_back(struct subject *s)
{
	char bytes[64];
	ssize_t n = tree_read(s->f->t, &root, s->file, bytes, sizeof(bytes), 0);

	s->result[0] = '\0';
	if (n < 0)
		set_error(s, n);
	else
		append_escaped(s->result, sizeof(s->result), bytes, n);
}

static void restore(struct subject *s)
{
	if (s->file)
		tree_release(s->f->t, &root, s->file);
	s->file = NULL;
	tree_write_file(s->f->t, s->path, s->text, (size_t)s->length);
	if (!tree_open(s->f->t, &root, s->ino, O_RDONLY, &s->file)) {
		read_back(s);
		tree_release(s->f->t, &root, s->file);
	}
	s->file = NULL;
}

/* ---- the rest ---- */

static void try_stat(struct subject *s, const char *operation)
{
	struct stat st;
	int error = tree_getattr(s->f->t, &root, s->ino, &st);

	if (error)
		set_error(s, error);
	else if (!strcmp(operation, "size"))
		set_number(s, st.st_size);
	else if (!strcmp(operation, "blksize"))
		set_number(s, st.st_blksize);
	else
		set_number(s, (ssize_t)st.st_nlink);
}

static void try_change(struct subject *s, const char *operation)
{
	struct tree *t = s->f->t;
	struct stat st;
	u64 ino;

	tree_getattr(t, &root, s->ino, &st);
	if (!strcmp(operation, "chmod")) {
		set_number(s, tree_chmod(t, &root, s->ino, 0666));
		tree_chmod(t, &root, s->ino, st.st_mode & 07777);
	} else if (!strcmp(operation, "chown")) {
		set_number(s, tree_chown(t, &root, s->ino, NOBODY, NOBODY));
		tree_chown(t, &root, s->ino, st.st_uid, st.st_gid);
	} else if (!strcmp(operation, "unlink")) {
		set_number(s, tree_unlink(t, &root, s->parent, s->name));
	} else if (!strcmp(operation, "rename")) {
		set_number(s, tree_rename(t, &root, s->parent, s->name, s->parent, "other.new"));
	} else if (!strcmp(operation, "link")) {
		set_number(s, tree_link_error(t, s->parent));
	} else if (!strcmp(operation, "truncate")) {
		set_number(s, tree_truncate(t, &root, s->ino, 0));
	} else if (!strcmp(operation, "mkdir")) {
		set_number(s, tree_mkdir(t, &root, s->ino, "newdir", &ino));
	} else if (!strcmp(operation, "create")) {
		set_number(s, tree_create_file(t, &root, s->ino, "newfile", 0644, &ino));
	} else if (!strcmp(operation, "rmdir")) {
		set_number(s, tree_rmdir(t, &root, s->parent, s->name));
	} else {
		snprintf(s->result, sizeof(s->result), "not known");
	}
}

static void try_write(struct subject *s, const char *operation)
{
	if (!strcmp(operation, "write1"))
		write_byte(s, "1", 0, true);
	else if (!strcmp(operation, "second"))
		write_byte(s, "0", s->position, true);
	else if (!strcmp(operation, "write0"))
		write_byte(s, "0", 0, true);
	else if (!strcmp(operation, "pwrite"))
		write_byte(s, "1", 1, false);
	else if (!strcmp(operation, "restored"))
		restore(s);
	else
		read_back(s);
}

static bool is_one_of(const char *word, const char *list)
{
	size_t length = strlen(word);
	const char *at;

	for (at = list; (at = strstr(at, word)); at++)
		if ((at == list || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
			return true;
	return false;
}

static void run(struct subject *s, const char *operation, const char *want)
{
	if (is_one_of(operation, "size blksize nlink"))
		try_stat(s, operation);
	else if (!strcmp(operation, "all"))
		read_first(s, want);
	else if (!strcmp(operation, "again"))
		read_in_steps(s, READ_MAX, want);
	else if (!strcmp(operation, "one"))
		read_in_steps(s, 1, want);
	else if (!strcmp(operation, "seven"))
		read_in_steps(s, 7, want);
	else if (!strcmp(operation, "zero"))
		set_number(s, 0);
	else if (!strcmp(operation, "pread3"))
		read_at(s, 3, want);
	else if (!strcmp(operation, "pread100000"))
		read_at(s, 100000, want);
	else if (!strcmp(operation, "poll"))
		poll_file(s);
	else if (!strcmp(operation, "rdonly"))
		try_open(s, O_RDONLY);
	else if (!strcmp(operation, "rdwr"))
		try_open(s, O_RDWR);
	else if (!strcmp(operation, "trunc"))
		try_open(s, O_WRONLY | O_TRUNC);
	else if (!strcmp(operation, "append"))
		try_open(s, O_WRONLY | O_APPEND);
	else if (is_one_of(operation, "write1 second value1 write0 value0 pwrite valuep restored"))
		try_write(s, operation);
	else
		try_change(s, operation);
}

/* ---- lines ---- */

static bool is_exception(struct exception *list, u32 nr, const char *path, const char *operation)
{
	u32 i;

	for (i = 0; i < nr; i++) {
		if (strcmp(list[i].path, path) || !is_one_of(operation, list[i].operation))
			continue;
		list[i].used = true;
		return true;
	}
	return false;
}

static const char *real_path(const char *path, u32 pid)
{
	const char *at = strstr(path, "$P");

	return at ? fixture_format("%.*s%u%s", (int)(at - path), path, pid, at + 2) : path;
}

static void check_line(struct fixture *f, char *line, u32 pid, struct exception *list, u32 nr)
{
	char *save, *path = strtok_r(line, "\t", &save), *field, *slash;
	struct subject s = { .f = f, .text = malloc((size_t)READ_MAX * 2) };
	char parent[256];
	u32 wrong = 0, count = 0;

	snprintf(parent, sizeof(parent), "%s", real_path(path, pid));
	s.path = strdup(parent);
	slash = strrchr(parent, '/');
	snprintf(s.name, sizeof(s.name), "%s", slash + 1);
	*slash = '\0';
	if (tree_walk(f->t, &root, s.path, &s.ino) || tree_walk(f->t, &root, parent, &s.parent))
		wrong = !fail("%s is there", path);
	while (!wrong && (field = strtok_r(NULL, "\t", &save))) {
		char *want = strchr(field, '=');

		*want++ = '\0';
		run(&s, field, want);
		count++;
		if (!strcmp(s.result, want) || is_exception(list, nr, path, field))
			continue;
		diag("%s: %s gives %s, not %s", path, field, s.result, want);
		wrong++;
	}
	if (s.file)
		tree_release(f->t, &root, s.file);
	ok(!wrong, "%s: %u operations are answered as by a real kernel", path, count);
	free((char *)s.path);
	free(s.text);
}

static u32 read_exceptions(struct exception *list, u32 room, char *text)
{
	char *line, *save;
	u32 nr = 0;

	for (line = strtok_r(text, "\n", &save); line && nr < room;
	     line = strtok_r(NULL, "\n", &save)) {
		char *columns;

		if (line[0] == '#')
			continue;
		list[nr].path = strtok_r(line, "\t", &columns);
		list[nr++].operation = strtok_r(NULL, "\t", &columns);
	}
	return nr;
}

int main(void)
{
	struct fixture f;
	struct exception exceptions[32] = { { 0 } };
	char *text = file_text("tests/data/fileops.tsv"), *line, *save;
	char *exception_text = file_text("tests/data/fileops-exceptions.tsv");
	handle_t lab, task;
	u32 nr, i;

	if (!text || !exception_text)
		bail_out("no reference: tests/data/fileops.tsv, fileops-exceptions.tsv");
	if (!fixture_open(&f, "two-node", NULL))
		bail_out("%s", f.why);
	if (lab_create(f.m, "sleep", &lab))
		bail_out("no process");
	task = ((struct lab_process *)pool_at(&f.m->tasks.labs, lab))->task;
	nr = read_exceptions(exceptions, ARRAY_SIZE(exceptions), exception_text);
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		check_line(&f, line, task_at(f.m, task)->pid, exceptions, nr);
	for (i = 0; i < nr; i++)
		ok(exceptions[i].used, "%s: %s is an exception", exceptions[i].path,
		   exceptions[i].operation);
	fixture_close(&f);
	free(text);
	free(exception_text);
	return done_testing();
}
