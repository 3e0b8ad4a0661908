/*
 * tree_internal.h - what the files of the tree's core share; nobody else includes it.
 *
 * An inode number is kind | attribute row + 1 | object (10, 10 and 44 bits). The root is 1, which
 * no coded number can be because kinds start at 1. Row 0 is the directory itself.
 */
#ifndef FS_TREE_INTERNAL_H
#define FS_TREE_INTERNAL_H

#include "fs/tree.h"

#define KIND_SHIFT 54u
#define ROW_SHIFT  OBJECT_BITS
#define MAX_KINDS  1023u
#define MAX_ROWS   1022u

/* readdir positions: . and .., static children, then what ->iterate counts */
#define POSITION_STATIC	 2u
#define POSITION_DYNAMIC 4096u

/* One place in the tree. */
struct kind {
	const struct directory *dir;
	const struct subdirectory *row; /* in the parent's table; NULL for a dynamic one */
	u32 parent;			/* kind */
	u32 first_dynamic, nr_dynamic;	/* in tree->dynamic */
	u8 family;
	bool is_static; /* always there: neither it nor what holds it is dynamic */
};

/* Static names by (kind, name): index of an attribute row, or of a subdirectory's kind. */
struct name_slot {
	u32 kind;  /* 0: empty */
	u32 row;   /* attribute row + 1, or 0 */
	u32 child; /* kind of the subdirectory */
	const char *name;
};

/* chmod and chown of what has no other home; rare, so a short list. */
struct override {
	u64 ino;
	mode_t mode;
	u32 uid, gid; /* UINT32_MAX: not set; mode likewise */
};

struct tree {
	struct machine *m;
	struct kind *kinds; /* [1 .. nr_kinds-1] */
	u32 nr_kinds;
	u32 *dynamic; /* kinds of dynamic types, grouped by parent */
	u32 nr_dynamic;
	struct name_slot *names;
	u32 name_mask;
	struct open_file *open_files;
	struct open_file *free_files;
	u32 nr_free_files;
	struct override *overrides;
	u32 nr_overrides;
	struct tree_hooks hooks;
	struct journal *journal;
	u64 change_id;
	u64 generation;	 /* counts the machines that stood behind it */
	u64 next_number; /* of tracked files, the last one given */
	bool changed;	 /* tree_note_change() during the call that runs */
	struct tree_session *session;
	char *twin; /* sim/twin; NULL: it is nobody's */
};

/* A decoded inode. */
struct node {
	struct request rq;
	u32 kind;
	u32 row; /* attribute row + 1; 0: directory */
};

static inline u64 ino_make(u32 kind, u32 row, u64 object)
{
	if (kind == 1 && !row)
		return TREE_ROOT_INO;
	return (u64)kind << KIND_SHIFT | (u64)row << ROW_SHIFT | (object & OBJECT_MASK);
}

/** node_find() - decode @ino and see that it (still) is there. 0 or -ENOENT. */
int node_find(struct tree *t, const struct caller *c, u64 ino, struct node *n);
/** node_directory() - likewise, and that it is a directory: -ENOTDIR. */
int node_directory(struct tree *t, const struct caller *c, u64 ino, struct node *n);
/** entry_ino() - inode number of what lookup or iterate of @parent's kind yielded; 0: bad table. */
u64 entry_ino(const struct tree *t, u32 parent, const struct entry *entry);
u32 name_hash(u32 kind, const char *name);

static inline u8 node_family(const struct tree *t, const struct node *n)
{
	return t->kinds[n->kind].family;
}

/** node_permission() - may the caller do @mask (R_OK, W_OK, X_OK)? 0 or -EACCES. */
int node_permission(const struct tree *t, const struct node *n, int mask);

/** change_begin() - before a change runs: note time, step and path, announce a long one. @name: the
 * child of directory @n that changes, or NULL when it is @n itself. 0 or -ENOMEM. */
int change_begin(struct tree *t, const struct node *n, struct tree_change *change,
		 const char *name);
/** change_end() - tell the journal what became of it. Always after a change_begin() that
 * succeeded. */
void change_end(struct tree *t, struct tree_change *change);
/** open_number() - the number of a tracked file that has @ino open, 0: none. For what is done to a
 * file that no path leads to any more. */
u64 open_number(const struct tree *t, u64 ino);

#endif
