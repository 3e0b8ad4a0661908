/*
 * disk_import.c - a disk with files on it: of --disk DIR at the start, of the machine before a
 * reboot.
 *
 * What DIR holds comes to the machine as lines of the journal, one for each file and directory,
 * parents first: `import@SIZE PATH "BLOCKS mode=... mtime=..."` (a directory's path ends in a
 * slash; the first is DIR's own). Page cache and places on the disk depend on sizes only, so a
 * replay comes to the same machine, whatever DIR holds by then; the bytes of these files, which it
 * does not have, read as zeros there.
 */
#include "fs/sim/disk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int disk_import_line(struct machine *m, const char *path, u64 size, const char *attr)
{
	char name[DISK_PATH_MAX + 1];
	size_t length = strlen(path);
	struct tree_setattr a;
	bool is_dir = length && path[length - 1] == '/';
	char *end;
	u64 blocks = strtoull(attr, &end, 10);
	handle_t h;
	int error;

	/* of the top itself it says only that there was a DIR */
	if (!strcmp(path, "/"))
		return 0;
	length -= is_dir;
	if (length < 2 || length > DISK_PATH_MAX || *end != ' ' || tree_parse_setattr(end + 1, &a))
		return -EINVAL;
	memcpy(name, path, length);
	name[length] = '\0';
	error = vfs_import(m, name, is_dir ? INODE_DIRECTORY : INODE_REGULAR, size, blocks, &h);
	if (error)
		return error;
	inode_at(m, h)->mode = a.mode;
	inode_at(m, h)->mtime = inode_at(m, h)->ctime = a.mtime;
	return 0;
}

int disk_import_found(struct tree *t, const char *path, const struct disk_found *f)
{
	static const struct caller root;
	struct tree_change change = { .op = TREE_IMPORT, .offset = f->size, .caller = &root };
	struct text name, attr;
	int error;

	text_init(&name);
	text_init(&attr);
	text_printf(&name, "sim/disk%s/%s%s", path, f->name,
		    S_ISDIR(f->mode) && *f->name ? "/" : "");
	text_char(&name, '\0');
	text_printf(&attr, "%llu mode=%04o mtime=%lld", (unsigned long long)f->blocks,
		    (u32)f->mode & 07777, (long long)f->mtime);
	text_char(&attr, '\0');
	error = text_error(&name) || text_error(&attr) ? -ENOMEM : 0;
	change.path = name.data;
	change.data = attr.data;
	change.size = attr.length - 1;
	if (!error)
		error = disk_import_line(tree_machine(t), name.data + strlen("sim/disk"), f->size,
					 attr.data);
	if (!error)
		tree_record(t, &change);
	text_free(&name);
	text_free(&attr);
	return error;
}

/* All of directory @path, which is extended in place. */
static int import_directory(struct tree *t, char path[DISK_PATH_MAX + 1])
{
	size_t length = strlen(path);
	struct disk_found *found;
	u32 nr, i;
	int error = disk_host_scan(tree_machine(t), path, &found, &nr);

	for (i = 0; i < nr && !error; i++) {
		size_t more = strlen(found[i].name) + 1;

		error = length + more > DISK_PATH_MAX ? -ENAMETOOLONG :
							disk_import_found(t, path, &found[i]);
		if (error && length + more <= DISK_PATH_MAX) {
			path[length] = '/';
			memcpy(path + length + 1, found[i].name, more);
		} else if (!error && S_ISDIR(found[i].mode)) {
			path[length] = '/';
			memcpy(path + length + 1, found[i].name, more);
			error = import_directory(t, path);
			if (!error)
				path[length] = '\0';
		}
	}
	free(found);
	return error;
}

int disk_import(struct tree *t, const char *dir, char why[DISK_PATH_MAX + 1])
{
	const struct disk_found top = { .mode = S_IFDIR | 0755 };
	int error = disk_host_attach(tree_machine(t), dir);

	why[0] = '\0';
	if (!error)
		error = disk_import_found(t, "", &top);
	return error ? error : import_directory(t, why);
}

/* ---- a reboot ---- */

handle_t disk_next_inode(struct machine *m, handle_t h)
{
	if (dir_at(m, h)->first_child)
		return dir_at(m, h)->first_child;
	for (; h; h = inode_at(m, h)->parent)
		if (inode_at(m, h)->sibling_next)
			return inode_at(m, h)->sibling_next;
	return 0;
}

static int move_inode(struct machine *from, handle_t old, struct machine *to, handle_t *h)
{
	const struct inode *o = inode_at(from, old);
	struct inode *i;
	int error;

	/* what a twin finds when it starts is there already */
	*h = inode_lookup(to, inode_path(from, old));
	if (*h)
		return 0;
	error = vfs_import(to, inode_path(from, old), (enum inode_kind)o->kind, o->size, 0, h);
	if (!error && o->kind == INODE_REGULAR)
		error = inode_copy_blocks(to, *h, from, old);
	if (error)
		return error;
	i = inode_at(to, *h);
	i->ino = o->ino;
	i->mode = o->mode;
	i->uid = o->uid;
	i->gid = o->gid;
	i->mtime = o->mtime;
	i->ctime = o->ctime;
	return 0;
}

int disk_move(struct machine *from, struct machine *to)
{
	u32 nr = from->mms.inodes.nr_slots;
	handle_t *map = calloc(nr, sizeof(*map)), h;
	int error = map ? 0 : -ENOMEM;

	for (h = disk_next_inode(from, 0); h && !error; h = disk_next_inode(from, h))
		error = move_inode(from, h, to, &map[h]);
	if (!error) {
		to->mms.next_ino = from->mms.next_ino;
		to->mms.root.mtime = from->mms.root.mtime;
		to->backing = from->backing;
		to->backing_data = from->backing_data;
		from->backing = NULL;
		from->backing_data = NULL;
	}
	if (!error && disk_is_host(to))
		disk_host_renumber(to);
	else if (!error && to->backing)
		disk_store_renumber(to, map, nr);
	free(map);
	return error;
}
