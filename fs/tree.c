/*
 * The tree's shape: tables are walked once from the root, each place gets a number (its kind), and
 * all static names go into one hash table. Inode numbers are made and taken apart here.
 */
#include "fs/tree_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- Families --- */

/* Parts of a real kernel's tree whose file systems answer differently. */
static const struct {
	const char *parent, *name;
	u8 family; /* enum tree_family */
} family_roots[] = {
	{ "", "proc", FAMILY_PROC },	     { "proc", "sys", FAMILY_SYSCTL },
	{ "", "sys", FAMILY_SYSFS },	     { "fs", "cgroup", FAMILY_CGROUP },
	{ "kernel", "debug", FAMILY_DEBUG },
};

static u8 kind_family(const struct tree *t, const struct kind *k)
{
	const struct kind *parent = &t->kinds[k->parent];
	size_t i;

	if (k->dir->family)
		return k->dir->family;
	if (!k->parent)
		return FAMILY_OWN;
	if (!k->row)
		return parent->family == FAMILY_PROC ? FAMILY_PID : parent->family;

	for (i = 0; i < ARRAY_SIZE(family_roots); i++)
		if (!strcmp(k->row->name, family_roots[i].name) &&
		    !strcmp(parent->row ? parent->row->name : "", family_roots[i].parent))
			return family_roots[i].family;
	return parent->family;
}

/* --- Numbering --- */

static u32 add_kind(struct tree *t, u32 parent, const struct directory *dir,
		    const struct subdirectory *row)
{
	struct kind *k;

	if (t->nr_kinds > MAX_KINDS || dir->nr_attrs > MAX_ROWS)
		return 0;
	k = &t->kinds[t->nr_kinds];
	memset(k, 0, sizeof(*k));
	k->dir = dir;
	k->row = row;
	k->parent = parent;
	k->family = kind_family(t, k);
	k->is_static = !dir->exists &&
		       (!parent || (row && !row->visible && t->kinds[parent].is_static));
	return t->nr_kinds++;
}

/* A type that holds itself (control groups) or an ancestor is that ancestor's kind again. */
static u32 find_ancestor(const struct tree *t, u32 kind, const struct directory *dir)
{
	for (; kind; kind = t->kinds[kind].parent)
		if (t->kinds[kind].dir == dir)
			return kind;
	return 0;
}

static bool add_dynamic(struct tree *t, u32 kind)
{
	const struct directory *const *type = t->kinds[kind].dir->dynamic;
	u32 child, *grown, count = 0;

	t->kinds[kind].first_dynamic = t->nr_dynamic;
	for (; type && *type; type++) {
		child = find_ancestor(t, kind, *type);
		if (!child)
			child = add_kind(t, kind, *type, NULL);
		grown = realloc(t->dynamic, (t->nr_dynamic + 1) * sizeof(*grown));
		if (grown)
			t->dynamic = grown;
		if (!child || !grown)
			return false;
		t->dynamic[t->nr_dynamic++] = child;
		count++;
	}
	t->kinds[kind].nr_dynamic = count;
	return true;
}

/* Breadth first: a kind's children are added when its turn comes. */
static bool number_kinds(struct tree *t, const struct directory *root)
{
	const struct directory *dir;
	u32 kind, i;

	t->nr_kinds = 1;
	if (!add_kind(t, 0, root, NULL))
		return false;
	for (kind = 1; kind < t->nr_kinds; kind++) {
		dir = t->kinds[kind].dir;
		for (i = 0; i < dir->nr_subdirs; i++)
			if (!add_kind(t, kind, dir->subdirs[i].dir, &dir->subdirs[i]))
				return false;
		if (!add_dynamic(t, kind))
			return false;
	}
	return true;
}

/* --- Names --- */

u32 name_hash(u32 kind, const char *name)
{
	u32 hash = kind * 0x9e3779b1u ^ 0x811c9dc5u;

	for (; *name; name++)
		hash = (hash ^ (u8)*name) * 0x01000193u;
	return hash ^ hash >> 15;
}

static void add_name(struct tree *t, u32 kind, u32 row, u32 child, const char *name)
{
	u32 at = name_hash(kind, name) & t->name_mask;

	while (t->names[at].kind)
		at = (at + 1) & t->name_mask;
	t->names[at] = (struct name_slot){ .kind = kind, .row = row, .child = child, .name = name };
}

static bool index_names(struct tree *t)
{
	const struct directory *dir;
	u32 kind, i, count = 0, size = 64;

	for (kind = 1; kind < t->nr_kinds; kind++)
		count += t->kinds[kind].dir->nr_attrs + t->kinds[kind].dir->nr_subdirs;
	while (size < count * 2)
		size *= 2;
	t->names = calloc(size, sizeof(*t->names));
	if (!t->names)
		return false;
	t->name_mask = size - 1;

	for (kind = 1; kind < t->nr_kinds; kind++) {
		dir = t->kinds[kind].dir;
		for (i = 0; i < dir->nr_attrs && !dir->rows_only; i++)
			add_name(t, kind, i + 1, 0, dir->attrs[i].name);
		if (t->kinds[kind].row)
			add_name(t, t->kinds[kind].parent, 0, kind, t->kinds[kind].row->name);
	}
	return true;
}

/* --- Life --- */

struct tree *tree_create_root(struct machine *m, const struct directory *root)
{
	struct tree *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->m = m;
	t->kinds = calloc(MAX_KINDS + 1, sizeof(*t->kinds));
	if (!t->kinds || !number_kinds(t, root) || !index_names(t)) {
		tree_destroy(t);
		return NULL;
	}
	return t;
}

void tree_destroy(struct tree *t)
{
	static const struct caller root;
	struct open_file *f;

	if (!t)
		return;
	/* a mount may end before its files are closed */
	while (t->open_files)
		tree_release(t, &root, t->open_files);
	while ((f = t->free_files)) {
		t->free_files = f->next;
		text_free(&f->text);
		free(f);
	}
	free(t->overrides);
	free(t->names);
	free(t->dynamic);
	free(t->kinds);
	free(t->twin);
	free(t);
}

void tree_set_twin(struct tree *t, char *text)
{
	free(t->twin);
	t->twin = text;
}

const char *tree_twin(const struct tree *t)
{
	return t->twin;
}

struct machine *tree_machine(const struct tree *t)
{
	return t->m;
}

void tree_set_machine(struct tree *t, struct machine *m)
{
	struct machine *old = t->m;

	t->m = m;
	t->generation++;
	if (t->session)
		t->session->machine_changed(t->session, old, m);
}

void tree_set_session(struct tree *t, struct tree_session *session)
{
	t->session = session;
}

void tree_adopt_machine(struct tree *t, struct machine *m)
{
	if (t->session)
		t->session->adopt(t->session, m);
}

void tree_clock_set(struct tree *t)
{
	if (t->session)
		t->session->clock_set(t->session);
}

void tree_set_hooks(struct tree *t, const struct tree_hooks *hooks)
{
	t->hooks = *hooks;
}

void tree_note_change(struct tree *t)
{
	t->changed = true;
}

/* --- Inodes --- */

static bool node_is_there(const struct tree *t, const struct node *n)
{
	const struct kind *k = &t->kinds[n->kind];

	if (k->dir->exists && !k->dir->exists(&n->rq))
		return false;
	if (n->rq.attr)
		return !n->rq.attr->visible || n->rq.attr->visible(&n->rq);
	return !k->row || !k->row->visible || k->row->visible(&n->rq);
}

int node_find(struct tree *t, const struct caller *c, u64 ino, struct node *n)
{
	const struct directory *dir;

	n->kind = ino == TREE_ROOT_INO ? 1 : (u32)(ino >> KIND_SHIFT);
	n->row = ino == TREE_ROOT_INO ? 0 : (u32)(ino >> ROW_SHIFT) & MAX_KINDS;
	if (!n->kind || n->kind >= t->nr_kinds)
		return -ENOENT;
	dir = t->kinds[n->kind].dir;
	if (n->row > dir->nr_attrs || (!n->row && dir->rows_only))
		return -ENOENT;

	n->rq = (struct request){
		.tree = t,
		.m = t->m,
		.caller = c,
		.dir = dir,
		.attr = n->row ? &dir->attrs[n->row - 1] : NULL,
		.object = ino == TREE_ROOT_INO ? 0 : ino & OBJECT_MASK,
	};
	return node_is_there(t, n) ? 0 : -ENOENT;
}

int node_directory(struct tree *t, const struct caller *c, u64 ino, struct node *n)
{
	int error = node_find(t, c, ino, n);

	return error ? error : n->row ? -ENOTDIR : 0;
}

u64 entry_ino(const struct tree *t, u32 parent, const struct entry *entry)
{
	const struct directory *dir = entry->dir ? entry->dir : entry->owner;
	const struct kind *k = &t->kinds[parent];
	u32 i, kind = 0, row = 0;

	if (dir == k->dir && !entry->dir)
		kind = parent;
	for (i = 0; !kind && i < k->nr_dynamic; i++)
		if (t->kinds[t->dynamic[k->first_dynamic + i]].dir == dir)
			kind = t->dynamic[k->first_dynamic + i];
	if (!kind || entry->object > OBJECT_MASK)
		return 0;
	if (!entry->dir)
		row = (u32)(entry->attr - dir->attrs) + 1;
	return ino_make(kind, row, entry->object);
}

static u32 kind_of(u64 ino)
{
	return ino == TREE_ROOT_INO ? 1 : (u32)(ino >> KIND_SHIFT);
}

/* The type whose names last that the inode is of, or a static directory below: both have its
 * object. */
static const struct directory *lasting_directory(const struct tree *t, u64 ino)
{
	u32 kind = kind_of(ino);
	const struct kind *k;

	if (!kind || kind >= t->nr_kinds)
		return NULL;
	k = &t->kinds[kind];
	if (!k->dir->leads_here && k->row && !((u32)(ino >> ROW_SHIFT) & MAX_KINDS))
		k = &t->kinds[k->parent];
	return k->dir && k->dir->leads_here ? k->dir : NULL;
}

bool tree_name_lasts(const struct tree *t, u64 ino)
{
	return lasting_directory(t, ino);
}

bool tree_no_name_lasts(const struct tree *t, u64 parent)
{
	u32 kind = kind_of(parent);

	return kind < t->nr_kinds && t->kinds[kind].dir && t->kinds[kind].dir->leads_here &&
	       !t->kinds[kind].dir->lookup;
}

bool tree_leads_here(struct tree *t, const struct caller *c, u64 ino)
{
	const struct request rq = { .tree = t,
				    .m = t->m,
				    .caller = c,
				    .dir = lasting_directory(t, ino),
				    .object = ino & OBJECT_MASK };

	return !rq.dir || rq.dir->leads_here(&rq);
}

u64 tree_names_gone(const struct tree *t)
{
	const struct task_state *s = &t->m->tasks;

	/* the sum of what can only grow: machines that were replaced (by ones that had fewer),
	 * tasks */
	return (t->generation << 48) + s->total_forks - s->nr_threads;
}

bool tree_is_static(struct tree *t, u64 ino)
{
	u32 kind = kind_of(ino);

	return kind < t->nr_kinds && t->kinds[kind].is_static;
}
