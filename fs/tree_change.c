/*
 * Making, removing and renaming entries, and telling the journal about every change.
 */
#include "fs/tree_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fs/parse.h"

/* What a real kernel answers where its file systems do not let anybody make or remove a thing. */
enum refused {
	REFUSED_MKDIR,
	REFUSED_RMDIR,
	REFUSED_CREATE,
	REFUSED_UNLINK,
	REFUSED_RENAME,
	REFUSED_LINK
};

static int refusal(u8 family, enum refused what)
{
	static const int of_proc[] = { ENOENT, EPERM, ENOENT, EPERM, ENOENT, ENOENT };
	static const int of_sysctl[] = { ENOENT, EACCES, ENOENT, EACCES, ENOENT, ENOENT };
	static const int of_sysfs[] = { EPERM, EPERM, EACCES, EPERM, EPERM, EPERM };

	switch (family) {
	case FAMILY_PROC:
	case FAMILY_PID:
		return -of_proc[what];
	case FAMILY_SYSCTL:
		return -of_sysctl[what];
	default:
		return -of_sysfs[what];
	}
}

/* --- The journal's view --- */

static bool is_journalled(const struct tree *t, const struct tree_change *change)
{
	return t->hooks.change && !change->caller->replaying &&
	       !(change->attr && change->attr->flags & ATTR_NO_JOURNAL);
}

/* Made before the change, which may take the object away. */
static int make_path(struct tree *t, const struct node *n, struct tree_change *change,
		     const char *name)
{
	struct text *path = &change->path_buffer;
	int error;

	text_init(path);
	error = tree_path(t, ino_make(n->kind, n->row, n->rq.object), path);
	if (name) {
		if (path->length)
			text_char(path, '/');
		text_str(path, name);
	}
	text_char(path, '\0');
	if (!error && text_error(path))
		error = -ENOMEM;
	if (error)
		text_free(path);
	change->path = path->data;
	return error;
}

void tree_set_journal(struct tree *t, struct journal *journal)
{
	t->journal = journal;
}

struct journal *tree_journal(const struct tree *t)
{
	return t->journal;
}

/* What the mount gives to its worker; others may write in the middle of it. */
static bool is_long(const struct tree_change *change)
{
	switch (change->op) {
	case TREE_RMDIR:
	case TREE_UNLINK:
	case TREE_TRUNCATE:
	case TREE_IOCTL:
	case TREE_FSYNC:
		return true;
	case TREE_READ:
		return change->attr->flags & (ATTR_READ_CHANGES | ATTR_TRACKED);
	case TREE_WRITE:
		return change->attr->flags & (ATTR_LONG | ATTR_TRACKED);
	default:
		return false;
	}
}

/*
 * A write that fails may have done something all the same: taken memory off the CPUs' lists and
 * found that it was not enough, complained in the log, drawn a random number. Most stores that do
 * so say it (tree_note_change()); this catches the rest.
 */
static void take_marks(const struct machine *m, u64 mark[5])
{
	mark[0] = (u64)m->vm_zone_stat[NR_FREE_PAGES];
	mark[1] = m->clock.step;
	mark[2] = m->clock.now;
	mark[3] = m->kmsg.next_seq + m->trace.next_seq;
	mark[4] = m->random[0];
}

static bool left_traces(const struct tree *t, const struct tree_change *change)
{
	u64 mark[ARRAY_SIZE(change->mark)];

	take_marks(t->m, mark);
	return memcmp(mark, change->mark, sizeof(mark)) != 0;
}

/*
 * The kernel of a machine that has panicked does nothing more: only the laboratory's own files take
 * writes, and what is read of a file of the disk comes from the disk. A process's memory would have
 * to be faulted in.
 */
static bool lives_on(const struct tree_change *change)
{
	u32 flags = change->attr ? change->attr->flags : 0;

	return change->op == TREE_OPEN || change->op == TREE_CLOSE ||
	       (change->op == TREE_READ && !(flags & ATTR_READ_CHANGES)) || flags & ATTR_PANICKED;
}

int change_begin(struct tree *t, const struct node *n, struct tree_change *change, const char *name)
{
	int error;

	if (unlikely(t->m->panicked) && !lives_on(change))
		return -EIO;
	change->time = t->m->clock.now;
	change->step = t->m->clock.step;
	t->changed = false;
	if (!is_journalled(t, change))
		return 0;
	change->id = ++t->change_id;
	take_marks(t->m, change->mark);
	error = make_path(t, n, change, name);
	if (!error && is_long(change)) {
		change->started = true;
		t->hooks.change(t->hooks.arg, change);
		change->started = false;
	}
	return error;
}

void change_end(struct tree *t, struct tree_change *change)
{
	bool changed = change->result >= 0 || t->changed;

	t->changed = false;
	if (!change->path)
		return;
	/* the end of what was announced is told in any case */
	changed |= is_long(change) || left_traces(t, change);
	if (changed)
		t->hooks.change(t->hooks.arg, change);
	text_free(&change->path_buffer);
}

void tree_record(struct tree *t, struct tree_change *change)
{
	change->time = t->m->clock.now;
	change->step = t->m->clock.step;
	change->id = ++t->change_id;
	if (is_journalled(t, change))
		t->hooks.change(t->hooks.arg, change);
}

/* --- Entries --- */

/* The directory, if the caller may change it. */
static int writable_directory(struct tree *t, const struct caller *c, u64 ino, struct node *n)
{
	int error = node_directory(t, c, ino, n);

	return error ? error : node_permission(t, n, W_OK | X_OK);
}

/* What is to be made must not be there, and the directory be one where such a thing is made. */
static int begin_entry(struct tree *t, u64 parent, const char *name, struct tree_change *change,
		       struct node *n)
{
	const struct caller *c = change->caller;
	bool directory = change->op == TREE_MKDIR;
	int error = node_directory(t, c, parent, n);
	u64 ino;

	if (error)
		return error;
	if (!tree_lookup(t, c, parent, name, &ino))
		return -EEXIST;
	if (directory ? !n->rq.dir->mkdir : !n->rq.dir->create)
		return refusal(node_family(t, n), directory ? REFUSED_MKDIR : REFUSED_CREATE);
	error = writable_directory(t, c, parent, n);
	return error ? error : change_begin(t, n, change, name);
}

int tree_mkdir(struct tree *t, const struct caller *c, u64 parent, const char *name, u64 *ino)
{
	struct tree_change change = { .op = TREE_MKDIR, .caller = c };
	struct node n;
	int error = begin_entry(t, parent, name, &change, &n);

	if (error)
		return error;
	change.result = n.rq.dir->mkdir(&n.rq, name);
	change_end(t, &change);
	return change.result ? (int)change.result : tree_lookup(t, c, parent, name, ino);
}

/* What is to be removed must be there and be of the right sort. */
static int find_child(struct tree *t, const struct caller *c, u64 parent, const char *name,
		      bool directory, struct node *child)
{
	u64 ino;
	int error = tree_lookup(t, c, parent, name, &ino);

	if (!error)
		error = node_find(t, c, ino, child);
	if (error)
		return error;
	if (directory && child->row)
		return -ENOTDIR;
	return !directory && !child->row ? -EISDIR : 0;
}

static int remove_child(struct tree *t, const struct caller *c, u64 parent, const char *name,
			bool directory)
{
	struct tree_change change = { .op = directory ? TREE_RMDIR : TREE_UNLINK, .caller = c };
	int (*remove)(const struct request *rq, const char *name);
	struct node n, child;
	int error = node_directory(t, c, parent, &n);

	if (!error)
		error = find_child(t, c, parent, name, directory, &child);
	if (error)
		return error;
	remove = directory ? n.rq.dir->rmdir : n.rq.dir->unlink;
	if (!remove)
		return refusal(node_family(t, &child), directory ? REFUSED_RMDIR : REFUSED_UNLINK);
	error = writable_directory(t, c, parent, &n);
	if (error)
		return error;

	error = change_begin(t, &n, &change, name);
	if (error)
		return error;
	change.result = remove(&n.rq, name);
	change_end(t, &change);
	return (int)change.result;
}

int tree_rmdir(struct tree *t, const struct caller *c, u64 parent, const char *name)
{
	return remove_child(t, c, parent, name, true);
}

int tree_create_file(struct tree *t, const struct caller *c, u64 parent, const char *name,
		     mode_t mode, u64 *ino)
{
	struct tree_change change = { .op = TREE_CREATE, .offset = mode, .caller = c };
	struct entry entry = { .object = 0 };
	struct node n;
	int error = begin_entry(t, parent, name, &change, &n);

	if (error)
		return error;
	change.result = n.rq.dir->create(&n.rq, name, mode, &entry);
	change_end(t, &change);
	if (change.result)
		return (int)change.result;
	*ino = entry_ino(t, n.kind, &entry);
	return *ino ? 0 : -EIO;
}

bool tree_unlink_is_long(struct tree *t, const struct caller *c, u64 parent, const char *name)
{
	struct node child;

	return !find_child(t, c, parent, name, false, &child) && child.rq.dir->is_large &&
	       child.rq.dir->is_large(&child.rq);
}

bool tree_truncate_is_long(struct tree *t, const struct caller *c, u64 ino)
{
	struct node n;

	return !node_find(t, c, ino, &n) && n.rq.dir->is_large && n.rq.dir->is_large(&n.rq);
}

int tree_unlink(struct tree *t, const struct caller *c, u64 parent, const char *name)
{
	return remove_child(t, c, parent, name, false);
}

int tree_rename(struct tree *t, const struct caller *c, u64 parent, const char *name,
		u64 new_parent, const char *new_name)
{
	struct tree_change change = { .op = TREE_RENAME, .caller = c };
	struct node n, to;
	struct text path2;
	int error = node_directory(t, c, parent, &n);

	if (!error)
		error = node_directory(t, c, new_parent, &to);
	if (error)
		return error;
	if (!n.rq.dir->rename)
		return refusal(node_family(t, &n), REFUSED_RENAME);
	if (to.rq.dir->rename != n.rq.dir->rename)
		return -EXDEV;
	error = node_permission(t, &n, W_OK | X_OK);
	if (!error)
		error = node_permission(t, &to, W_OK | X_OK);
	if (error)
		return error;

	text_init(&path2);
	tree_path(t, new_parent, &path2);
	text_char(&path2, '/');
	text_str(&path2, new_name);
	text_char(&path2, '\0');
	change.path2 = path2.data;
	error = text_error(&path2) ? -ENOMEM : change_begin(t, &n, &change, name);
	if (!error) {
		change.result = n.rq.dir->rename(&n.rq, name, &to.rq, new_name);
		change_end(t, &change);
		error = (int)change.result;
	}
	text_free(&path2);
	return error;
}

int tree_rename2(struct tree *t, const struct caller *c, u64 parent, const char *name,
		 u64 new_parent, const char *new_name, unsigned int flags)
{
	u64 ino;

	if (flags & ~(unsigned int)RENAME_NOREPLACE)
		return -EINVAL;
	if (flags && !tree_lookup(t, c, new_parent, new_name, &ino))
		return -EEXIST;
	return tree_rename(t, c, parent, name, new_parent, new_name);
}

int tree_mknod(struct tree *t, const struct caller *c, u64 parent, const char *name, mode_t mode,
	       u64 *ino)
{
	struct tree_setattr a = { .which = SETATTR_MODE, .mode = mode & 07777 };
	int error;

	if (S_ISREG(mode))
		return tree_create_file(t, c, parent, name, a.mode, ino);
	if (!S_ISDIR(mode))
		return tree_link_error(t, parent);
	error = tree_mkdir(t, c, parent, name, ino);
	if (!error && a.mode != 0755 && tree_keeps_attr(t, *ino))
		error = tree_setattr(t, c, *ino, &a);
	return error;
}

int tree_link_error(struct tree *t, u64 parent)
{
	static const struct caller root;
	struct node n;
	int error = node_directory(t, &root, parent, &n);

	return error ? error : refusal(node_family(t, &n), REFUSED_LINK);
}

/* A file of the tree has no length of its own; those of sim/disk do. */
int tree_truncate(struct tree *t, const struct caller *c, u64 ino, u64 size)
{
	struct tree_change change = { .op = TREE_TRUNCATE, .offset = size, .caller = c };
	struct node n;
	int error = node_find(t, c, ino, &n);

	if (error)
		return error;
	if (!n.rq.attr)
		return -EISDIR;
	/* sysfs asks root only when a file is opened */
	if (c->uid || node_family(t, &n) != FAMILY_SYSFS)
		error = node_permission(t, &n, W_OK);
	if (error || !n.rq.dir->truncate)
		return error;

	change.attr = n.rq.attr;
	change.number = open_number(t, ino);
	error = change_begin(t, &n, &change, NULL);
	if (error)
		return error;
	change.result = n.rq.dir->truncate(&n.rq, n.rq.attr, size);
	change_end(t, &change);
	return (int)change.result;
}

static const char *const fallocate_word[] = {
	[FALLOCATE_GROW] = "",
	[FALLOCATE_KEEP_SIZE] = " keep",
	[FALLOCATE_PUNCH] = " punch",
};

int tree_fallocate_mode(int mode, enum fallocate_how *how)
{
	if (!mode)
		*how = FALLOCATE_GROW;
	else if (mode == FALLOC_FL_KEEP_SIZE)
		*how = FALLOCATE_KEEP_SIZE;
	else if (mode == (FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE))
		*how = FALLOCATE_PUNCH;
	else
		return -EOPNOTSUPP;
	return 0;
}

int tree_fallocate(struct tree *t, const struct caller *c, u64 ino, u64 offset, u64 length,
		   enum fallocate_how how)
{
	struct tree_change change = { .op = TREE_FALLOCATE, .offset = offset, .caller = c };
	char words[40];
	struct node n;
	int error = node_find(t, c, ino, &n);

	if (error)
		return error;
	if (!n.rq.attr || !n.rq.dir->fallocate)
		return n.rq.attr ? -EOPNOTSUPP : -EISDIR;
	error = node_permission(t, &n, W_OK);
	if (error)
		return error;
	change.attr = n.rq.attr;
	change.number = open_number(t, ino);
	change.data = words;
	change.size = (size_t)snprintf(words, sizeof(words), "%llu%s", (unsigned long long)length,
				       fallocate_word[how]);
	error = change_begin(t, &n, &change, NULL);
	if (error)
		return error;
	change.result = n.rq.dir->fallocate(&n.rq, offset, length, how);
	change_end(t, &change);
	return (int)change.result;
}

int tree_parse_fallocate(const char *text, u64 *length, enum fallocate_how *how)
{
	const char *at = text, *end = text + strlen(text);
	u32 i;

	if (!parse_digits(&at, end, length))
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(fallocate_word); i++)
		if (!strcmp(at, fallocate_word[i])) {
			*how = (enum fallocate_how)i;
			return 0;
		}
	return -EINVAL;
}
