/*
 * namei.c - names: directories of the simulated disk, and what looking at them costs (namei.h).
 */
#include <errno.h>
#include <mman/namei.h>
#include <mman/writeback.h>
#include <stdio.h>
#include <string.h>

#include "mm/dcache.h"
#include "mm/filemap.h"
#include "mm/vma.h"

/* ---- blocks of the disk that are no file's: Buffers ---- */

#define INODES_PER_BLOCK 16u /* of 256 bytes */
#define INODE_TABLE	 0ull
#define DIRECTORY_BLOCKS ((u64)1 << 30)
#define BLOCKS_PER_DIR \
	256u /* room in the numbering, about 40,000 entries; a larger one starts over */
#define ROOT_INO 2u

static handle_t blockdev(struct machine *m)
{
	u64 next_ino = m->mms.next_ino;

	if (m->mms.blockdev)
		return m->mms.blockdev;
	m->mms.blockdev = inode_new(m, INODE_DEVICE, m->config.disk.size);
	if (m->mms.blockdev) {
		/* a device node is on another file system: numbers of files are as they were */
		m->mms.next_ino = next_ino;
		inode_at(m, m->mms.blockdev)->ino = 0;
		inode_at(m, m->mms.blockdev)->deleted = 1;
	}
	return m->mms.blockdev;
}

/*
 * The kernel looks at block @index: it is in Buffers from now on. @fresh: nobody wrote it yet, so
 * there is nothing to read. Without memory for it the kernel would wait and try again; here it goes
 * without.
 */
static pfn_t touch_block(struct machine *m, u64 index, bool fresh)
{
	handle_t dev = blockdev(m);
	pfn_t pfn;

	if (!dev)
		return PFN_NONE;
	pfn = filemap_get_page(m, dev, index, false);
	if (pfn == PFN_NONE) {
		pfn = filemap_add_page(m, dev, index, GFP_USER | __GFP_MOVABLE);
		if (pfn == PFN_NONE)
			return PFN_NONE;
		if (!fresh && blk_read(m, blk_file_sector(dev, index), 1)) {
			delete_from_page_cache(m, pfn);
			return PFN_NONE;
		}
	}
	page_set(pfn_to_page(m, pfn), PG_private);
	mark_page_accessed(m, pfn);
	return pfn;
}

/* ... and changes it: the flusher writes it. Nobody is held back for that. */
static void dirty_page(struct machine *m, pfn_t pfn)
{
	bool noted = m->wb.fault_dirtied;

	if (pfn != PFN_NONE)
		page_set_dirty(m, pfn);
	m->wb.fault_dirtied = noted;
}

static void dirty_block(struct machine *m, u64 index, bool fresh)
{
	dirty_page(m, touch_block(m, index, fresh));
}

/* What is free now need not be written. */
static void forget_block(struct machine *m, u64 index)
{
	pfn_t pfn = m->mms.blockdev ? filemap_get_page(m, m->mms.blockdev, index, false) : PFN_NONE;

	if (pfn != PFN_NONE)
		cancel_page_dirty(m, pfn);
}

u64 inode_table_block(const struct machine *m, handle_t h)
{
	return INODE_TABLE + (h ? inode_at(m, h)->ino : ROOT_INO) / INODES_PER_BLOCK;
}

/* The block that entry number @entry of @dir is in: names of some 16 letters fill one by 160. */
static u64 directory_block(const struct machine *m, handle_t dir, u64 entry)
{
	u64 ino = dir ? inode_at(m, dir)->ino : ROOT_INO;

	return DIRECTORY_BLOCKS + ino * BLOCKS_PER_DIR + entry / 160 % BLOCKS_PER_DIR;
}

/* Entry number @entry of @dir comes, goes or changes, and with it the times of @dir. */
static void change_entry(struct machine *m, handle_t dir, u64 entry, bool fresh_entry)
{
	dirty_block(m, directory_block(m, dir, entry), fresh_entry);
	dirty_block(m, inode_table_block(m, dir), false);
}

void vfs_inode_changed(struct machine *m, handle_t h)
{
	dirty_block(m, inode_table_block(m, h), false);
}

bool write_inode_block(struct machine *m, handle_t h)
{
	pfn_t pfn = PFN_NONE;

	if (m->mms.blockdev && inode_at(m, h)->flags & INODE_LINKED)
		pfn = filemap_get_page(m, m->mms.blockdev, inode_table_block(m, h), false);
	dirty_page(m, pfn);
	return pfn != PFN_NONE;
}

void read_dentry(struct machine *m, handle_t h, bool inode_too)
{
	touch_block(m, directory_block(m, inode_at(m, h)->parent, 0), false);
	if (inode_too)
		touch_block(m, inode_table_block(m, h), false);
}

/* ---- lists of entries ---- */

void namei_init(struct machine *m)
{
	m->mms.root.kind = INODE_DIRECTORY;
	m->mms.root.mode = 0755;
	m->mms.root.ino = ROOT_INO;
	m->mms.root.mtime = m->mms.root.ctime = (s64)(m->config.boot_time * NSEC_PER_SEC);
	m->mms.next_position = 1;
}

void dir_add(struct machine *m, handle_t dir, handle_t h)
{
	struct inode *d = dir_at(m, dir), *i = inode_at(m, h);

	i->flags |= INODE_LINKED;
	i->parent = dir;
	i->position = m->mms.next_position++;
	i->sibling_next = 0;
	i->sibling_prev = d->last_child;
	*(d->last_child ? &inode_at(m, d->last_child)->sibling_next : &d->first_child) = h;
	d->last_child = h;
	if (i->cached & DCACHE_DENTRY) {
		d->nr_child_dentries++;
		if (dir)
			d_update(m, dir);
	}
	d_update(m, h);
	d->nr_children++;
	d->nr_subdirs += i->kind == INODE_DIRECTORY;
	m->mms.nr_disk_inodes++;
}

void dir_remove(struct machine *m, handle_t h)
{
	struct inode *i = inode_at(m, h), *d = dir_at(m, i->parent);

	d_drop(m, h);
	*(i->sibling_prev ? &inode_at(m, i->sibling_prev)->sibling_next : &d->first_child) =
		i->sibling_next;
	*(i->sibling_next ? &inode_at(m, i->sibling_next)->sibling_prev : &d->last_child) =
		i->sibling_prev;
	i->flags &= (u16)~INODE_LINKED;
	d->nr_children--;
	d->nr_subdirs -= i->kind == INODE_DIRECTORY;
	m->mms.nr_disk_inodes--;
}

static void dir_changed(struct machine *m, handle_t dir)
{
	dir_at(m, dir)->mtime = dir_at(m, dir)->ctime = now_ns(m);
}

/* "/a/b" from the directory's path and the name. */
static int make_path(struct machine *m, handle_t dir, const char *name,
		     char path[DISK_PATH_MAX + 1])
{
	const char *head = dir ? inode_path(m, dir) : "";
	size_t length = strlen(head), more = strlen(name);

	if (!more || strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, ".."))
		return -EINVAL;
	if (more > DISK_NAME_MAX || length + 1 + more > DISK_PATH_MAX)
		return -ENAMETOOLONG;
	snprintf(path, DISK_PATH_MAX + 1, "%s/%s", head, name);
	return 0;
}

int vfs_lookup(struct machine *m, handle_t dir, const char *name, handle_t *out)
{
	char path[DISK_PATH_MAX + 1];
	int error = make_path(m, dir, name, path);

	if (error)
		return error == -EINVAL ? -ENOENT : error;
	*out = inode_lookup_linked(m, path);
	return *out ? 0 : -ENOENT;
}

/* ---- making and removing ---- */

static int make_inode(struct machine *m, const char *path, enum inode_kind kind, u32 mode,
		      handle_t *out)
{
	handle_t h = inode_new(m, kind, 0);
	int error = 0;

	if (!h)
		return -ENOMEM;
	inode_at(m, h)->mode = mode & 07777;
	if (inode_set_name(m, inode_at(m, h), path))
		error = -ENOMEM;
	if (!error && m->backing && m->backing->create)
		error = m->backing->create(m, h);
	if (error)
		inode_put(m, h);
	else
		*out = h;
	return error;
}

int vfs_create(struct machine *m, handle_t dir, const char *name, enum inode_kind kind, u32 mode,
	       handle_t *out)
{
	char path[DISK_PATH_MAX + 1];
	int error = make_path(m, dir, name, path);
	u32 entry = dir_at(m, dir)->nr_children;
	handle_t h;

	if (error)
		return error;
	if (inode_lookup_linked(m, path))
		return -EEXIST;
	error = d_get(m, dir);
	if (error)
		return error;
	error = make_inode(m, path, kind, mode, &h);
	if (error) {
		d_put(m, dir);
		return error;
	}
	inode_hash(m, h);
	dir_add(m, dir, h);
	d_put(m, dir);
	dir_changed(m, dir);
	change_entry(m, dir, entry, entry % 160 == 0);
	/* the first of sixteen finds the block unwritten */
	dirty_block(m, inode_table_block(m, h), inode_at(m, h)->ino % INODES_PER_BLOCK == 0);
	if (kind == INODE_DIRECTORY)
		dirty_block(m, directory_block(m, h, 0), true);
	*out = h;
	return 0;
}

int vfs_import(struct machine *m, const char *path, enum inode_kind kind, u64 size, u64 blocks,
	       handle_t *out)
{
	int error = inode_import(m, path, kind, out);

	if (error)
		return error;
	if (kind == INODE_REGULAR)
		error = inode_reserve(m, *out, 0,
				      min_t(u64, blocks, PAGE_ALIGN(size) >> PAGE_SHIFT));
	if (error)
		inode_unlink(m, *out);
	else
		inode_at(m, *out)->size = size;
	return error;
}

static void remove_entry(struct machine *m, handle_t dir, handle_t h)
{
	change_entry(m, dir, dir_at(m, dir)->nr_children - 1, false);
	vfs_inode_changed(m, h);
	if (inode_is_dir(m, h))
		forget_block(m, directory_block(m, h, 0));
	inode_at(m, h)->ctime = now_ns(m);
	inode_unlink(m, h);
	dir_changed(m, dir);
}

static int remove_looked_up(struct machine *m, handle_t dir, handle_t h)
{
	int error = inode_at(m, h)->flags & INODE_SWAPFILE ? -EPERM : d_get(m, h);

	if (error)
		return error;
	if (m->backing && m->backing->remove)
		error = m->backing->remove(m, h);
	if (!error)
		remove_entry(m, dir, h);
	d_put(m, h);
	return error;
}

int vfs_unlink(struct machine *m, handle_t dir, const char *name)
{
	handle_t h;
	handle_t mark;
	int error = vfs_lookup(m, dir, name, &h);

	if (!error && inode_is_dir(m, h))
		error = -EISDIR;
	if (error)
		return error;
	mark = evict_begin(m);
	error = remove_looked_up(m, dir, h);
	evict_end(m, mark);
	return error;
}

int vfs_rmdir(struct machine *m, handle_t dir, const char *name)
{
	handle_t h;
	int error = vfs_lookup(m, dir, name, &h);

	if (!error && !inode_is_dir(m, h))
		error = -ENOTDIR;
	if (!error && inode_at(m, h)->nr_children)
		error = -ENOTEMPTY;
	return error ? error : remove_looked_up(m, dir, h);
}

/* ---- renaming ---- */

/* The next of @top and all below it, parents first; 0 at the end. */
static handle_t next_below(const struct machine *m, handle_t top, handle_t h)
{
	if (inode_at(m, h)->first_child)
		return inode_at(m, h)->first_child;
	for (; h != top; h = inode_at(m, h)->parent)
		if (inode_at(m, h)->sibling_next)
			return inode_at(m, h)->sibling_next;
	return 0;
}

/* Would a path below @top get too long if @top's became one of @length? */
static bool too_long_below(const struct machine *m, handle_t top, size_t length)
{
	size_t old = strlen(inode_path(m, top));
	handle_t h;

	for (h = top; h; h = next_below(m, top, h))
		if (strlen(inode_path(m, h)) - old + length > DISK_PATH_MAX)
			return true;
	return false;
}

static int set_path(struct machine *m, handle_t h, const char *path)
{
	struct inode *i = inode_at(m, h), fresh = { .name = 0 };

	if (inode_set_name(m, &fresh, path))
		return -ENOMEM;
	inode_unhash(m, h);
	inode_drop_name(m, i);
	i->name = fresh.name;
	i->name_slots = fresh.name_slots;
	inode_hash(m, h);
	return 0;
}

/* @top and all below: the old path of @top becomes @path. */
static int set_path_below(struct machine *m, handle_t top, const char *path)
{
	size_t old = strlen(inode_path(m, top)), length = strlen(path);
	char whole[DISK_PATH_MAX + 1];
	handle_t h;
	int error = 0;

	strcpy(whole, path);
	for (h = top; h && !error; h = next_below(m, top, h)) {
		strcpy(whole + length, inode_path(m, h) + old);
		error = set_path(m, h, whole);
	}
	return error;
}

static bool is_below(struct machine *m, handle_t dir, handle_t ancestor)
{
	for (; dir; dir = inode_at(m, dir)->parent)
		if (dir == ancestor)
			return true;
	return false;
}

/* May @h take the place of @target (0: nothing is there) in @new_dir? */
static int may_rename(struct machine *m, handle_t h, handle_t new_dir, handle_t target,
		      bool noreplace)
{
	bool is_dir = inode_is_dir(m, h);

	if (target && noreplace)
		return -EEXIST;
	if ((inode_at(m, h)->flags | (target ? inode_at(m, target)->flags : 0)) & INODE_SWAPFILE)
		return -EPERM;
	if (is_dir && is_below(m, new_dir, h))
		return -EINVAL;
	if (!target)
		return 0;
	if (is_dir && !inode_is_dir(m, target))
		return -ENOTDIR;
	if (!is_dir && inode_is_dir(m, target))
		return -EISDIR;
	return inode_at(m, target)->nr_children ? -ENOTEMPTY : 0;
}

/* What @h was in @dir it is in @new_dir, by the name of @path, where @target (0: nothing) was. */
static int move_entry(struct machine *m, handle_t dir, handle_t h, handle_t new_dir,
		      const char *path, handle_t target)
{
	int error;

	if (target)
		remove_entry(m, new_dir, target);
	change_entry(m, dir, dir_at(m, dir)->nr_children - 1, false);
	dir_remove(m, h);
	error = set_path_below(m, h, path);
	dir_add(m, new_dir, h);
	change_entry(m, new_dir, dir_at(m, new_dir)->nr_children - 1, false);
	inode_at(m, h)->ctime = now_ns(m);
	dir_changed(m, dir);
	dir_changed(m, new_dir);
	return error;
}

int vfs_rename(struct machine *m, handle_t dir, const char *name, handle_t new_dir,
	       const char *new_name, bool noreplace)
{
	char path[DISK_PATH_MAX + 1];
	handle_t h, target = 0;
	int error = vfs_lookup(m, dir, name, &h);

	if (!error)
		error = make_path(m, new_dir, new_name, path);
	if (error)
		return error;
	target = inode_lookup_linked(m, path);
	if (target == h)
		return noreplace ? -EEXIST : 0;
	error = may_rename(m, h, new_dir, target, noreplace);
	if (!error && too_long_below(m, h, strlen(path)))
		error = -ENAMETOOLONG;
	if (error)
		return error;
	error = d_get(m, new_dir);
	if (error)
		return error;
	error = d_get(m, h);
	if (error) {
		d_put(m, new_dir);
		return error;
	}
	if (m->backing && m->backing->rename)
		error = m->backing->rename(m, h, path, target);
	if (!error)
		error = move_entry(m, dir, h, new_dir, path, target);
	d_put(m, h);
	d_put(m, new_dir);
	return error;
}

/* ---- files ---- */

static void truncate_in_memory(struct machine *m, handle_t h, u64 size)
{
	u64 old = inode_at(m, h)->size, last = size >> PAGE_SHIFT;
	pfn_t pfn;

	inode_truncate(m, h, size);
	/* the rest of the last page becomes zeros: it is read, and dirty */
	if (size < old && size & ~PAGE_MASK && inode_has_block(m, h, last)) {
		pfn = filemap_get_page(m, h, last, true);
		if (pfn != PFN_NONE)
			page_set_dirty(m, pfn);
	}
	inode_at(m, h)->mtime = inode_at(m, h)->ctime = now_ns(m);
	vfs_inode_changed(m, h);
}

int vfs_truncate(struct machine *m, handle_t h, u64 size)
{
	/* others come in between, and may remove it */
	const bool held = inode_at(m, h)->nrpages > BATCH_PAGES;
	int error;

	if (inode_is_dir(m, h))
		return -EISDIR;
	if (size > DISK_FILE_SIZE_MAX)
		return -EFBIG;
	if (inode_at(m, h)->flags & INODE_SWAPFILE && size <= inode_at(m, h)->size)
		return -ETXTBSY;
	error = d_get(m, h);
	if (error)
		return error;
	if (m->backing && m->backing->truncate)
		error = m->backing->truncate(m, h, size);
	if (held)
		inode_get(m, h);
	if (!error)
		truncate_in_memory(m, h, size);
	d_put(m, h);
	if (held)
		inode_put(m, h);
	return error;
}

int vfs_open(struct machine *m, handle_t h, handle_t *file)
{
	*file = file_open(m, h);
	return *file ? 0 : -ENOMEM;
}

void vfs_close(struct machine *m, handle_t file)
{
	file_put(m, file);
}
