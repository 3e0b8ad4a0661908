/*
 * Names to inodes and back: lookup, readdir, walking a path, and the path of an inode.
 */
#include "fs/tree_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const struct name_slot *find_static(const struct tree *t, u32 kind, const char *name)
{
	u32 at = name_hash(kind, name) & t->name_mask;

	for (; t->names[at].kind; at = (at + 1) & t->name_mask)
		if (t->names[at].kind == kind && !strcmp(t->names[at].name, name))
			return &t->names[at];
	return NULL;
}

/* A static child of @n, or 0 when there is none of that name or it is not to be seen. */
static int lookup_static(struct tree *t, const struct node *n, const char *name, u64 *ino)
{
	const struct name_slot *slot = find_static(t, n->kind, name);
	struct request rq = n->rq;

	if (!slot)
		return -ENOENT;
	if (slot->row) {
		rq.attr = &rq.dir->attrs[slot->row - 1];
		if (rq.attr->visible && !rq.attr->visible(&rq))
			return -ENOENT;
		*ino = ino_make(n->kind, slot->row, rq.object);
		return 0;
	}
	rq.dir = t->kinds[slot->child].dir;
	if (t->kinds[slot->child].row->visible && !t->kinds[slot->child].row->visible(&rq))
		return -ENOENT;
	*ino = ino_make(slot->child, 0, rq.object);
	return 0;
}

static int lookup_in(struct tree *t, const struct node *n, const char *name, u64 *ino)
{
	struct entry entry;
	int error;

	if (!lookup_static(t, n, name, ino))
		return 0;
	if (!n->rq.dir->lookup)
		return -ENOENT;
	memset(&entry, 0, sizeof(entry));
	error = n->rq.dir->lookup(&n->rq, name, &entry);
	if (error)
		return error;
	*ino = entry_ino(t, n->kind, &entry);
	return *ino ? 0 : -ENOENT;
}

int tree_lookup(struct tree *t, const struct caller *c, u64 parent, const char *name, u64 *ino)
{
	struct node n;
	int error = node_directory(t, c, parent, &n);

	if (!error)
		error = node_permission(t, &n, X_OK);
	return error ? error : lookup_in(t, &n, name, ino);
}

/* --- Reading a directory --- */

/* Between a directory's ->iterate, which counts its own positions, and the reader. */
struct shifted_emit {
	struct dir_emit emit;
	struct dir_emit *outer;
	const struct tree *t;
	u32 kind;
};

static bool emit_dynamic(struct dir_emit *e, const char *name, const struct entry *entry, u64 next)
{
	struct shifted_emit *s = e->arg;

	s->outer->ino = entry_ino(s->t, s->kind, entry);
	s->outer->mode = entry->attr ? entry->attr->mode & S_IFMT : S_IFDIR;
	if (!s->outer->mode)
		s->outer->mode = S_IFREG;
	if (!s->outer->ino)
		return true; /* a table that yields what it did not declare */
	return s->outer->emit(s->outer, name, entry, next + POSITION_DYNAMIC);
}

static bool holds_itself(const struct tree *t, u32 kind)
{
	const struct kind *k = &t->kinds[kind];
	u32 i;

	for (i = 0; i < k->nr_dynamic; i++)
		if (t->dynamic[k->first_dynamic + i] == kind)
			return true;
	return false;
}

/* Is the directory @n one of many of its kind, and not a row of its parent's
 * table? */
static bool is_dynamic(const struct tree *t, const struct node *n)
{
	return !t->kinds[n->kind].row || (n->rq.object && holds_itself(t, n->kind));
}

/* The inode that holds a directory; the root holds itself. */
static u64 parent_ino(const struct tree *t, const struct node *n)
{
	const struct kind *k = &t->kinds[n->kind];
	u64 object = n->rq.object;

	if (!k->parent)
		return TREE_ROOT_INO;
	if (!is_dynamic(t, n))
		return ino_make(k->parent, 0, object);

	object = k->dir->parent_object ? k->dir->parent_object(&n->rq) : 0;
	/* a type that holds itself says by its parent's object whether that is one of its own; one
	 * whose first is a row of a table (sim/disk) is always its own */
	if (holds_itself(t, n->kind) && (object || k->row))
		return ino_make(n->kind, 0, object);
	return ino_make(k->parent, 0, object);
}

static bool emit_dots(struct tree *t, const struct node *n, u64 *position, struct dir_emit *e)
{
	e->mode = S_IFDIR;
	if (*position == 0) {
		e->ino = ino_make(n->kind, 0, n->rq.object);
		if (!e->emit(e, ".", NULL, 1))
			return false;
		*position = 1;
	}
	if (*position == 1) {
		e->ino = parent_ino(t, n);
		if (!e->emit(e, "..", NULL, POSITION_STATIC))
			return false;
		*position = POSITION_STATIC;
	}
	return true;
}

static bool emit_row(const struct node *n, u32 i, struct dir_emit *e)
{
	const struct attribute *attr = &n->rq.dir->attrs[i];
	struct request rq = n->rq;
	struct entry entry = { .attr = attr, .owner = n->rq.dir, .object = n->rq.object };

	rq.attr = attr;
	if (attr->visible && !attr->visible(&rq))
		return true;
	e->ino = ino_make(n->kind, i + 1, rq.object);
	e->mode = attr->mode & S_IFMT ? attr->mode & S_IFMT : S_IFREG;
	return e->emit(e, attr->name, &entry, POSITION_STATIC + i + 1);
}

static bool emit_subdir(struct tree *t, const struct node *n, u32 i, struct dir_emit *e)
{
	const struct subdirectory *row = &n->rq.dir->subdirs[i];
	struct request rq = n->rq;
	struct entry entry = { .dir = row->dir, .object = n->rq.object };
	u64 ino;

	rq.dir = row->dir;
	if (row->visible && !row->visible(&rq))
		return true;
	if (lookup_static(t, n, row->name, &ino))
		return true;
	e->ino = ino;
	e->mode = S_IFDIR;
	return e->emit(e, row->name, &entry, POSITION_STATIC + n->rq.dir->nr_attrs + i + 1);
}

int tree_readdir(struct tree *t, const struct caller *c, u64 ino, u64 position, struct dir_emit *e)
{
	struct node n;
	const struct directory *dir;
	struct shifted_emit s;
	int error = node_directory(t, c, ino, &n);
	u32 i;

	if (!error)
		error = node_permission(t, &n, R_OK);
	if (error)
		return error;
	dir = n.rq.dir;

	if (!emit_dots(t, &n, &position, e))
		return 0;
	if (position < POSITION_DYNAMIC) {
		for (i = (u32)position - POSITION_STATIC; i < dir->nr_attrs; i++)
			if (!emit_row(&n, i, e))
				return 0;
		for (i -= dir->nr_attrs; i < dir->nr_subdirs; i++)
			if (!emit_subdir(t, &n, i, e))
				return 0;
		position = POSITION_DYNAMIC;
	}
	if (!dir->iterate)
		return 0;

	s = (struct shifted_emit){ .outer = e, .t = t, .kind = n.kind };
	s.emit = (struct dir_emit){ .arg = &s, .emit = emit_dynamic };
	return dir->iterate(&n.rq, position - POSITION_DYNAMIC, &s.emit);
}

/* --- Paths --- */

struct name_search {
	struct dir_emit emit;
	u64 ino;
	struct text *out;
	bool found;
};

static bool compare_entry(struct dir_emit *e, const char *name, const struct entry *entry, u64 next)
{
	struct name_search *s = e->arg;

	(void)next;
	if (!entry || e->ino != s->ino)
		return true;
	text_str(s->out, name);
	s->found = true;
	return false;
}

/* The slow way: read the directory until the number turns up. */
static int search_name(struct tree *t, const struct caller *c, u64 parent, u64 ino,
		       struct text *out)
{
	struct name_search s = { .ino = ino, .out = out };
	int error;

	s.emit = (struct dir_emit){ .arg = &s, .emit = compare_entry };
	error = tree_readdir(t, c, parent, 0, &s.emit);
	return error ? error : s.found ? 0 : -ENOENT;
}

static int directory_path(struct tree *t, const struct node *n, struct text *out)
{
	const struct kind *k = &t->kinds[n->kind];
	struct node parent;
	int error;

	if (!k->parent)
		return 0;
	error = node_find(t, n->rq.caller, parent_ino(t, n), &parent);
	if (!error)
		error = directory_path(t, &parent, out);
	if (error)
		return error;

	if (parent.kind != 1)
		text_char(out, '/');
	if (n->rq.dir->object_name && is_dynamic(t, n))
		n->rq.dir->object_name(&n->rq, out);
	else if (n->rq.dir->rows_only)
		return search_name(t, n->rq.caller, parent_ino(t, n),
				   ino_make(n->kind, n->row, n->rq.object), out);
	else if (k->row)
		text_str(out, k->row->name);
	else
		return search_name(t, n->rq.caller, parent_ino(t, n),
				   ino_make(n->kind, 0, n->rq.object), out);
	return 0;
}

int tree_path(struct tree *t, u64 ino, struct text *out)
{
	static const struct caller root;
	struct node n;
	int error = node_find(t, &root, ino, &n);

	if (!error)
		error = directory_path(t, &n, out);
	if (!error && n.row && !n.rq.dir->rows_only) {
		if (n.kind != 1)
			text_char(out, '/');
		text_str(out, n.rq.attr->name);
	}
	return error ? error : text_error(out) ? -ENOMEM : 0;
}

int tree_walk(struct tree *t, const struct caller *c, const char *path, u64 *ino)
{
	char name[256];
	size_t length;
	int error;

	*ino = TREE_ROOT_INO;
	for (;;) {
		while (*path == '/')
			path++;
		if (!*path)
			return 0;
		length = strcspn(path, "/");
		if (length >= sizeof(name))
			return -ENAMETOOLONG;
		memcpy(name, path, length);
		name[length] = '\0';
		path += length;
		if (!strcmp(name, "."))
			continue;
		error = tree_lookup(t, c, *ino, name, ino);
		if (error)
			return error;
	}
}

/* --- Whole files --- */

int tree_read_file(struct tree *t, const char *path, struct text *out)
{
	static const struct caller root;
	struct open_file *f;
	ssize_t n = 0;
	u64 ino, offset = 0;
	char *to;
	int error = tree_walk(t, &root, path, &ino);

	if (!error)
		error = tree_open(t, &root, ino, O_RDONLY | O_NONBLOCK, &f);
	if (error)
		return error;

	do {
		to = text_reserve(out, 65536);
		if (!to) {
			n = -ENOMEM;
			break;
		}
		n = tree_read(t, &root, f, to, 65536, offset);
		if (n > 0) {
			out->length += (size_t)n;
			offset += (u64)n;
		}
	} while (n > 0);
	/* a stream that has given all it has ends here */
	if (n == -EAGAIN && offset)
		n = 0;
	tree_release(t, &root, f);
	return (int)n;
}

ssize_t tree_write_file(struct tree *t, const char *path, const char *data, size_t size)
{
	static const struct caller root;
	struct open_file *f;
	ssize_t n;
	u64 ino;
	int error = tree_walk(t, &root, path, &ino);

	if (!error)
		error = tree_open(t, &root, ino, O_WRONLY | O_TRUNC, &f);
	if (error)
		return error;
	n = tree_write(t, &root, f, data, size, 0);
	tree_release(t, &root, f);
	return n;
}
