/*
 * disk_resume.c - --disk DIR of a machine that goes on where its journal ended.
 *
 * The replay has rebuilt names, sizes and places of all files, and has the bytes of those that were
 * written since the machine was made. DIR has the bytes of all of them, as the last request that
 * was answered left it, and takes the place of what the replay kept. Where the two differ, DIR is
 * right: the daemon was killed between two steps of a request, or somebody changed DIR meanwhile.
 * Each difference is a change of the machine as any other, and its journal has it:
 *
 *	not in DIR any more, or another kind of thing    unlink, rmdir
 *	another size                                     truncate
 *	only in DIR                                      import
 */
#include "fs/sim/disk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct resume {
	struct tree *t;
	struct machine *m;
	bool *found; /* by handle: DIR has it */
	u32 nr;
	char path[DISK_PATH_MAX + 1]; /* where in DIR it is; when it fails, what it was about */
};

static const struct caller root;

/* @f of the directory that r->path names is appended to it. */
static int enter(struct resume *r, const struct disk_found *f)
{
	size_t length = strlen(r->path);

	if (length + 1 + strlen(f->name) > DISK_PATH_MAX)
		return -ENAMETOOLONG;
	snprintf(r->path + length, sizeof(r->path) - length, "/%s", f->name);
	return 0;
}

/* What the machine has there; 0: nothing of that kind. */
static handle_t known(const struct resume *r, const struct disk_found *f)
{
	handle_t h = inode_lookup(r->m, r->path);

	return h && S_ISDIR(f->mode) == inode_is_dir(r->m, h) ? h : 0;
}

typedef int (*visit_fn)(struct resume *r, const struct disk_found *f, size_t parent);

/* All that is in DIR below r->path, parents first. @parent: the length of the directory's own
 * path. */
static int walk(struct resume *r, visit_fn visit)
{
	size_t length = strlen(r->path);
	struct disk_found *found;
	u32 nr, i;
	int error = disk_host_scan(r->m, r->path, &found, &nr);

	for (i = 0; i < nr && !error; i++) {
		error = enter(r, &found[i]);
		if (!error)
			error = visit(r, &found[i], length);
		if (!error && S_ISDIR(found[i].mode))
			error = walk(r, visit);
		if (!error)
			r->path[length] = '\0';
	}
	free(found);
	return error;
}

static int note(struct resume *r, const struct disk_found *f, size_t parent)
{
	handle_t h = known(r, f);

	(void)parent;
	if (h)
		r->found[h] = true;
	return 0;
}

static int take(struct resume *r, const struct disk_found *f, size_t parent)
{
	handle_t h = known(r, f);
	char name[DISK_PATH_MAX + 16];
	int error;
	u64 ino;

	if (!h) {
		r->path[parent] = '\0';
		error = disk_import_found(r->t, r->path, f);
		r->path[parent] = '/';
		return error;
	}
	if (S_ISDIR(f->mode) || inode_at(r->m, h)->size == f->size)
		return 0;
	snprintf(name, sizeof(name), "sim/disk%s", r->path);
	error = tree_walk(r->t, &root, name, &ino);
	return error ? error : tree_truncate(r->t, &root, ino, f->size);
}

static int drop(struct resume *r, handle_t h)
{
	bool directory = inode_is_dir(r->m, h);
	char name[DISK_PATH_MAX + 16];
	char *last;
	u64 parent;
	int error;

	snprintf(r->path, sizeof(r->path), "%s", inode_path(r->m, h));
	snprintf(name, sizeof(name), "sim/disk%s", r->path);
	last = strrchr(name, '/');
	*last = '\0';
	error = tree_walk(r->t, &root, name, &parent);
	if (error)
		return error;
	return directory ? tree_rmdir(r->t, &root, parent, last + 1) :
			   tree_unlink(r->t, &root, parent, last + 1);
}

/* Children are behind their directories in the order of disk_next_inode(): from its end they go
 * first. */
static int drop_lost(struct resume *r)
{
	handle_t *lost = calloc(r->nr, sizeof(*lost)), h;
	u32 nr = 0;
	int error = 0;

	if (!lost)
		return -ENOMEM;
	for (h = disk_next_inode(r->m, 0); h; h = disk_next_inode(r->m, h))
		if (!r->found[h])
			lost[nr++] = h;
	while (nr && !error)
		error = drop(r, lost[--nr]);
	free(lost);
	if (!error)
		r->path[0] = '\0';
	return error;
}

int disk_resume(struct tree *t, const char *dir, char why[DISK_PATH_MAX + 1])
{
	struct resume r = { .t = t, .m = tree_machine(t) };
	int error;

	if (r.m->backing && r.m->backing->end)
		r.m->backing->end(r.m);
	error = disk_host_attach(r.m, dir);
	if (!error) {
		r.nr = r.m->mms.inodes.nr_slots;
		r.found = calloc(r.nr + 1, sizeof(*r.found));
		/* what is done to the machine now has happened in DIR */
		disk_host_silence(r.m, true);
		error = r.found ? walk(&r, note) : -ENOMEM;
		if (!error)
			error = drop_lost(&r);
		if (!error)
			error = walk(&r, take);
		disk_host_silence(r.m, false);
		free(r.found);
	}
	memcpy(why, r.path, sizeof(r.path));
	return error;
}
