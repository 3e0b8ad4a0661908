/*
 * Open files: the text is made when a read starts at offset 0 and served from the descriptor's
 * buffer after that, each write(2) goes to the attribute as one piece.
 */
#include "fs/tree_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Open files that are kept for the next open, and the largest text that is kept with them. */
#define FREE_FILES_MAX 64u
#define FREE_TEXT_MAX  (1u << 18)

static struct open_file *file_get(struct tree *t)
{
	struct open_file *f = t->free_files;
	struct text text;

	if (f) {
		t->free_files = f->next;
		t->nr_free_files--;
		text = f->text;
		memset(f, 0, sizeof(*f));
		f->text = text;
		text_reset(&f->text);
	} else {
		f = calloc(1, sizeof(*f));
		if (!f)
			return NULL;
	}
	f->next = t->open_files;
	f->link = &t->open_files;
	if (f->next)
		f->next->link = &f->next;
	t->open_files = f;
	return f;
}

static void file_put(struct tree *t, struct open_file *f)
{
	*f->link = f->next;
	if (f->next)
		f->next->link = f->link;
	if (f->text.capacity > FREE_TEXT_MAX)
		text_free(&f->text);
	if (t->nr_free_files >= FREE_FILES_MAX) {
		text_free(&f->text);
		free(f);
		return;
	}
	f->next = t->free_files;
	t->free_files = f;
	t->nr_free_files++;
}

static int open_mask(int flags)
{
	int mask = 0;

	if ((flags & O_ACCMODE) != O_WRONLY)
		mask |= R_OK;
	if ((flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC)
		mask |= W_OK;
	return mask;
}

/* --- Tracked files --- */

static const struct attribute *find_attribute(struct tree *t, u64 ino)
{
	u32 kind = (u32)(ino >> KIND_SHIFT), row = (u32)(ino >> ROW_SHIFT) & MAX_KINDS;

	if (!kind || kind >= t->nr_kinds || !row || row > t->kinds[kind].dir->nr_attrs)
		return NULL;
	return &t->kinds[kind].dir->attrs[row - 1];
}

struct open_file *tree_find_open(struct tree *t, u64 number)
{
	struct open_file *f;

	for (f = t->open_files; f && (!number || f->number != number); f = f->next)
		;
	return f;
}

void tree_set_number(struct tree *t, struct open_file *f, u64 number)
{
	f->number = number;
	if (number > t->next_number)
		t->next_number = number;
}

u64 open_number(const struct tree *t, u64 ino)
{
	const struct open_file *f;

	for (f = t->open_files; f; f = f->next)
		if (f->ino == ino && f->number && f->generation == t->generation)
			return f->number;
	return 0;
}

bool tree_is_tracked(struct tree *t, u64 ino)
{
	const struct attribute *attr = find_attribute(t, ino);

	return attr && attr->flags & ATTR_TRACKED;
}

static int open_tracked(struct tree *t, const struct caller *c, struct node *n, int flags)
{
	struct tree_change change = { .op = TREE_OPEN, .attr = n->rq.attr, .caller = c };
	int error = 0;

	if (flags & O_TRUNC)
		error = tree_truncate(t, c, n->rq.file->ino, 0);
	if (error)
		return error;
	n->rq.file->number = change.number = ++t->next_number;
	error = change_begin(t, n, &change, NULL);
	if (error)
		return error;
	change.result = n->rq.attr->open(&n->rq, flags);
	change_end(t, &change);
	return (int)change.result;
}

static void close_tracked(struct tree *t, struct node *n)
{
	struct tree_change change = { .op = TREE_CLOSE,
				      .attr = n->rq.attr,
				      .caller = n->rq.caller,
				      .number = n->rq.file->number };

	/* one of a machine that is no more */
	if (n->rq.file->generation != t->generation)
		return;
	/* without a journal line if there is no memory for it: closing cannot fail */
	if (change_begin(t, n, &change, NULL)) {
		n->rq.attr->release(&n->rq);
		return;
	}
	n->rq.attr->release(&n->rq);
	change_end(t, &change);
}

void tree_close_tracked(struct tree *t, const struct caller *c)
{
	struct open_file *f, *next;

	for (f = t->open_files; f; f = next) {
		next = f->next;
		if (f->number)
			tree_release(t, c, f);
	}
}

int tree_open(struct tree *t, const struct caller *c, u64 ino, int flags, struct open_file **out)
{
	struct open_file *f;
	struct node n;
	int error = node_find(t, c, ino, &n);

	if (error)
		return error;
	if (!n.rq.attr)
		return -EISDIR;
	if (S_ISLNK(n.rq.attr->mode))
		return -ELOOP;
	error = node_permission(t, &n, open_mask(flags));
	if (!error && flags & O_DIRECT && !(n.rq.attr->flags & ATTR_TRACKED))
		error = -EINVAL; /* there is no disk below it */
	if (error)
		return error;

	f = file_get(t);
	if (!f)
		return -ENOMEM;
	f->ino = ino;
	f->flags = flags;
	f->generation = t->generation;
	n.rq.file = f;
	if (n.rq.attr->flags & ATTR_TRACKED)
		error = open_tracked(t, c, &n, flags);
	else if (n.rq.attr->open)
		error = n.rq.attr->open(&n.rq, flags);
	if (error) {
		file_put(t, f);
		return error;
	}
	*out = f;
	return 0;
}

/* The object behind an open file may have gone: a process has ended, a block was removed. */
static int file_node(struct tree *t, const struct caller *c, struct open_file *f, struct node *n)
{
	int error = node_find(t, c, f->ino, n);

	if (!error && f->number && f->generation != t->generation)
		return -ENODEV;
	if (!error)
		n->rq.file = f;
	else if (n->kind && n->kind < t->nr_kinds && node_family(t, n) == FAMILY_PID)
		error = -ESRCH;
	else
		error = -ENODEV;
	return error;
}

static bool file_ended(struct open_file *f, struct node *n)
{
	if (!n->rq.attr->ended)
		return false;
	n->rq.file = f;
	return n->rq.attr->ended(&n->rq);
}

static int make_text(struct open_file *f, const struct node *n)
{
	int error;

	text_reset(&f->text);
	f->generated = false;
	if (!n->rq.attr->show)
		return -EINVAL;
	error = n->rq.attr->show(&n->rq, &f->text);
	if (!error && text_error(&f->text))
		error = -ENOMEM;
	if (error) {
		text_reset(&f->text);
		return error;
	}
	f->generated = true;
	return 0;
}

static ssize_t read_text(struct open_file *f, const struct node *n, size_t size, u64 offset,
			 const char **data)
{
	int error = 0;

	*data = NULL;
	/* a read at an offset with nothing read before makes the text too: pread(2) */
	if (!offset || !f->generated)
		error = make_text(f, n);
	if (error)
		return error;
	if (offset >= f->text.length || (offset && n->rq.attr->flags & ATTR_SYSCTL))
		return 0;
	*data = f->text.data + offset;
	return (ssize_t)min_t(size_t, size, f->text.length - offset);
}

static bool is_text(const struct attribute *attr)
{
	return !(attr->flags & (ATTR_POSITIONAL | ATTR_STREAM));
}

ssize_t tree_read_text(struct tree *t, const struct caller *c, struct open_file *f, size_t size,
		       u64 offset, const char **data)
{
	struct node n;
	int error = file_node(t, c, f, &n);

	*data = NULL;
	if (!n.rq.attr)
		return error ? error : -EISDIR;
	if (!is_text(n.rq.attr))
		return -EINVAL;
	if (error)
		return error;
	return read_text(f, &n, size, offset, data);
}

static ssize_t read_positional(struct tree *t, const struct caller *c, struct node *n, char *buffer,
			       size_t size, u64 offset)
{
	struct tree_change change = {
		.op = TREE_READ,
		.attr = n->rq.attr,
		.caller = c,
		.size = size,
		.offset = offset,
		.number = n->rq.file->number,
	};
	int error;

	if (!n->rq.attr->pread)
		return -EINVAL;
	if (!(n->rq.attr->flags & (ATTR_READ_CHANGES | ATTR_TRACKED)))
		return n->rq.attr->pread(&n->rq, buffer, size, offset);
	error = change_begin(t, n, &change, NULL);
	if (error)
		return error;
	change.result = n->rq.attr->pread(&n->rq, buffer, size, offset);
	change_end(t, &change);
	return (ssize_t)change.result;
}

ssize_t tree_read(struct tree *t, const struct caller *c, struct open_file *f, char *buffer,
		  size_t size, u64 offset)
{
	struct node n;
	const char *data;
	ssize_t length;
	int error = file_node(t, c, f, &n);

	if (!n.rq.attr)
		return error ? error : -EISDIR;
	if (file_ended(f, &n))
		return 0;
	if (error)
		return error;
	if (!is_text(n.rq.attr))
		return read_positional(t, c, &n, buffer, size, offset);
	length = read_text(f, &n, size, offset, &data);
	if (data)
		memcpy(buffer, data, (size_t)length);
	return length;
}

ssize_t tree_read_data(struct tree *t, const struct caller *c, struct open_file *f, char *buffer,
		       size_t size, u64 offset, const char **data)
{
	ssize_t n = tree_read_text(t, c, f, size, offset, data);

	if (n != -EINVAL)
		return n;
	*data = buffer;
	return tree_read(t, c, f, buffer, size, offset);
}

/* Such a file could be opened for writing by root; what write(2) answers depends on whose it is. */
static int read_only_error(u8 family)
{
	switch (family) {
	case FAMILY_PID:
	case FAMILY_CGROUP:
	case FAMILY_DEBUG:
		return -EINVAL;
	default:
		return -EIO;
	}
}

ssize_t tree_write(struct tree *t, const struct caller *c, struct open_file *f, const char *data,
		   size_t size, u64 offset)
{
	struct tree_change change;
	struct node n;
	int error = file_node(t, c, f, &n);

	if (!n.rq.attr)
		return error ? error : -EISDIR;
	if (file_ended(f, &n))
		return 0;
	if (error)
		return error;
	if (!n.rq.attr->store)
		return read_only_error(node_family(t, &n));
	/*
	 * Linux ignores O_APPEND here: these files have no size. The kernel in front of us does not
	 * know that, and may add the length of an earlier write.
	 */
	if (f->flags & O_APPEND && !(n.rq.attr->flags & ATTR_POSITIONAL))
		offset = f->appended;
	else if (f->flags & O_APPEND && n.rq.attr->get_size)
		offset = n.rq.attr->get_size(&n.rq);
	f->wrote = true;
	if (offset && n.rq.attr->flags & ATTR_SYSCTL)
		return (ssize_t)size;

	change = (struct tree_change){ .op = TREE_WRITE,
				       .attr = n.rq.attr,
				       .data = data,
				       .size = size,
				       .offset = offset,
				       .number = f->number,
				       .caller = c };
	error = change_begin(t, &n, &change, NULL);
	if (error)
		return error;
	change.result = n.rq.attr->store(&n.rq, data, size, offset);
	change_end(t, &change);
	if (change.result <= 0)
		return (ssize_t)change.result;
	f->appended += (u64)change.result;
	/* a change of its own, for the journal too: opening says nothing of its flags there */
	error = f->flags & O_DSYNC && n.rq.attr->fsync ? tree_fsync(t, c, f) : 0;
	return error && error != -EINTR ? error : (ssize_t)change.result;
}

void tree_release(struct tree *t, const struct caller *c, struct open_file *f)
{
	struct node n;

	/* the attribute cleans up even when its object has gone */
	node_find(t, c, f->ino, &n);
	n.rq.file = f;
	if (f->number)
		close_tracked(t, &n);
	else if (n.rq.attr && n.rq.attr->release)
		n.rq.attr->release(&n.rq);
	file_put(t, f);
}

int tree_fsync(struct tree *t, const struct caller *c, struct open_file *f)
{
	struct tree_change change = { .op = TREE_FSYNC, .caller = c, .number = f->number };
	struct node n;
	int error = file_node(t, c, f, &n);

	if (!error && !n.rq.attr->fsync)
		error = node_family(t, &n) >= FAMILY_PROC && node_family(t, &n) <= FAMILY_SYSCTL ?
				-EINVAL :
				0;
	if (error || !n.rq.attr->fsync)
		return error;
	change.attr = n.rq.attr;
	error = change_begin(t, &n, &change, NULL);
	if (error)
		return error;
	change.result = n.rq.attr->fsync(&n.rq);
	change_end(t, &change);
	return (int)change.result;
}

/* What open(2) and fcntl(2) said is known when it matters: a change of its own in the journal. */
void tree_set_direct(struct tree *t, const struct caller *c, struct open_file *f, bool direct)
{
	struct tree_change change = {
		.op = TREE_SETFL, .caller = c, .number = f->number, .offset = direct
	};
	struct node n;

	if (f->direct == direct || !f->number || file_node(t, c, f, &n))
		return;
	change.attr = n.rq.attr;
	if (change_begin(t, &n, &change, NULL))
		return;
	f->direct = direct;
	change_end(t, &change);
}

u32 tree_poll(struct tree *t, const struct caller *c, struct open_file *f)
{
	struct node n;

	if (file_node(t, c, f, &n))
		return POLLERR | POLLHUP | POLLIN | POLLOUT;
	return n.rq.attr->poll ? n.rq.attr->poll(&n.rq) :
				 POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
}

/* A file is data from its start to its end, but for those of sim/disk. */
s64 tree_seek(struct tree *t, const struct caller *c, struct open_file *f, u64 offset, int whence)
{
	struct stat st;
	struct node n;
	int error = file_node(t, c, f, &n);

	if (error)
		return error;
	if (n.rq.attr->seek_data && whence == SEEK_DATA)
		return n.rq.attr->seek_data(&n.rq, offset);
	if (n.rq.dir->seek)
		return n.rq.dir->seek(&n.rq, offset, whence == SEEK_HOLE);
	error = tree_getattr(t, c, f->ino, &st);
	if (error)
		return error;
	if (offset >= (u64)st.st_size)
		return -ENXIO;
	return whence == SEEK_DATA ? (s64)offset : (s64)st.st_size;
}

int tree_ioctl(struct tree *t, const struct caller *c, struct open_file *f, u32 command,
	       const void *in, size_t in_size, void *out, size_t *out_size)
{
	struct tree_change change = { .op = TREE_IOCTL, .caller = c, .offset = command };
	struct node n;
	int error = file_node(t, c, f, &n);

	if (error)
		return error;
	if (!n.rq.attr->ioctl)
		return -ENOTTY;
	if (n.rq.attr->ioctl_asks && n.rq.attr->ioctl_asks(command))
		return n.rq.attr->ioctl(&n.rq, command, in, in_size, out, out_size);
	change.data = in;
	change.size = in_size;
	error = change_begin(t, &n, &change, NULL);
	if (error)
		return error;
	change.result = n.rq.attr->ioctl(&n.rq, command, in, in_size, out, out_size);
	change_end(t, &change);
	return (int)change.result;
}

bool tree_write_is_long(struct tree *t, u64 ino)
{
	const struct attribute *attr = find_attribute(t, ino);

	return attr && attr->flags & ATTR_LONG;
}

bool tree_write_is_brief(struct tree *t, u64 ino)
{
	const struct attribute *attr = find_attribute(t, ino);

	return attr && attr->flags & ATTR_BRIEF;
}

bool tree_read_is_long(struct tree *t, const struct caller *c, struct open_file *f, u64 offset)
{
	struct node n;

	/* what is made already only has to be copied; a text that is being made is not */
	if (offset && f->generated)
		return false;
	return !file_node(t, c, f, &n) && n.rq.attr && n.rq.attr->show_is_long &&
	       n.rq.attr->show_is_long(&n.rq);
}

bool tree_has_poll(struct tree *t, u64 ino)
{
	const struct attribute *attr = find_attribute(t, ino);

	return attr && attr->poll;
}

bool tree_has_ioctl(struct tree *t, u64 ino)
{
	const struct attribute *attr = find_attribute(t, ino);

	return attr && attr->ioctl;
}

bool tree_ioctl_asks(struct tree *t, u64 ino, u32 command)
{
	const struct attribute *attr = find_attribute(t, ino);

	return attr && attr->ioctl_asks && attr->ioctl_asks(command);
}

bool tree_is_stream(struct tree *t, u64 ino)
{
	const struct attribute *attr = find_attribute(t, ino);

	return attr && attr->flags & ATTR_STREAM;
}
